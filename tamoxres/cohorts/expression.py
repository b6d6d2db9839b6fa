"""A user's own expression matrix: patients in rows (CSV, TSV, Parquet), or genes in rows as publishers keep it.

Conventions: only the genes asked for become numbers, and from Parquet only their columns are read, so that the matrix
may be larger than memory. Patients whom the cohort does not know are left out; a cohort's patients without a row were
not assayed. Rows are as strict as a registry's: a ragged one, a stray quote or a carriage return within is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, cut, shown
from .profiles import MatrixProfile, Samples, read_gene_names, read_gene_rows
from .readers.columnar import open_parquet, read_parquet
from .readers.matrices import Lines, cells_to_numbers, open_lines

__all__ = ["own_expression"]

_PARQUET = (".parquet", ".pq")


def own_expression(path: Path, patient: str, assay: str, unit: str, patients: pd.Index[Any]) -> MatrixProfile:
    """Describe a user's expression matrix.

    Parameters
    ----------
    path : Path
    patient : str
        Column of patient identifiers; empty where genes are in rows and patients in columns.
    assay, unit : str
        How it was measured, and in what; `z-score` or `log2`.
    patients : Index
        Of the cohort.

    Raises
    ------
    DataError
        If the file is missing, or lacks the patients' column.
    """
    if not path.is_file():
        raise DataError(f"Expression file {path} does not exist. Name it in [expression], beside the patients' file.")
    known = [str(name) for name in patients]
    if patient:
        names = partial(_names, path, patient)
        if patient not in _header(path):
            raise DataError(f"{path.name}: no column {patient!r} of patients. Correct patient in [expression].")
        return MatrixProfile(
            kind="mrna", assay=assay, unit=unit, names=names, read=partial(_values, path, patient, frozenset(known))
        )
    with path.open(encoding="utf-8-sig") as handle:
        header = handle.readline().rstrip("\r\n").split("\t")
    samples = Samples(known=frozenset(header), patient_of={name: name for name in known})
    if not set(header) & set(known):
        raise DataError(f"{path.name}: no column is a patient of the cohort. Is it tab-separated, with genes in rows?")
    return MatrixProfile(
        kind="mrna", assay=assay, unit=unit, names=partial(read_gene_names, path),
        read=partial(read_gene_rows, path, samples),
    )  # fmt: skip


def _header(path: Path) -> list[str]:
    if path.suffix.lower() in _PARQUET:
        return list(open_parquet(path).schema_arrow.names)
    return list(_lines(path).header)


def _lines(path: Path) -> Lines:
    return open_lines(path, "," if path.suffix.lower() == ".csv" else "\t")


def _names(path: Path, patient: str) -> frozenset[str]:
    return frozenset(_header(path)) - {patient}


def _values(path: Path, patient: str, known: frozenset[str], genes: Sequence[str]) -> pd.DataFrame:
    columns = [patient, *genes]
    if path.suffix.lower() in _PARQUET:
        frame = read_parquet(path, columns)
    else:
        lines = _lines(path)
        places = [lines.header.index(name) for name in columns]
        frame = pd.DataFrame(
            [[row[place] for place in places] for _, row in lines.rows()], columns=columns, dtype=object
        )
    ids = frame.pop(patient).astype(str).str.strip()
    if ids.duplicated().any():
        twice = cut(ids[ids.duplicated()].iloc[0])
        raise DataError(f"{path.name}: patient {twice} stands twice. Keep one row a patient.")
    values = np.empty((len(frame), len(genes)))
    for j, gene in enumerate(genes):
        cells = frame.iloc[:, j].tolist()
        values[:, j], wrong = cells_to_numbers(cells)
        if wrong.any():
            cell = f"{shown(cells[int(wrong.argmax())])} is not a number"
            raise DataError(f"{path.name}, column {gene}: {cell}. Expression is numbers; leave unknown cells empty.")
    numbers = pd.DataFrame(values, index=pd.Index(ids, name="patient"), columns=list(genes))
    return numbers[numbers.index.isin(known)]
