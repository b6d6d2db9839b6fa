"""Expression matrices as text, as portals and colleagues give them: CSV or TSV, a row a gene or a row a patient.

Conventions: the heading of the first column tells which (`gene`, `Hugo_Symbol` ...: genes in rows; `patient`, `sample`
...: patients in rows). Entrez numbers and descriptions beside gene names are passed over; an empty cell and NA are
missing; a gene without a name is called by its line. A gene on two rows, or a patient in two columns, is refused: which
of them speaks for the tumour is the user's to say.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..cohorts.formats import DELIMITED
from ..cohorts.readers.matrices import MISSING, cells_to_numbers, open_lines
from ..errors import DataError, cut, shown
from ..vocabulary import FloatArray

__all__ = ["is_delimited", "read_delimited"]

_GENES = ("gene", "genes", "hugo_symbol", "symbol", "gene_symbol", "gene_name")
_PATIENTS = ("patient", "patients", "patient_id", "sample", "sample_id")
_BESIDE = ("entrez_gene_id", "gene_id", "description")


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def is_delimited(path: Path) -> bool:
    """Whether a file's name says that it is CSV or TSV, compressed or not."""
    return _ending(path) in DELIMITED


def read_delimited(path: Path) -> tuple[FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Read a text matrix.

    Parameters
    ----------
    path : Path
        Ending in .csv, .tsv, .txt or .tab, and .gz after it if compressed.

    Returns
    -------
    array, shape (genes, patients)
    tuple of str
        Genes.
    tuple of str
        Patients.

    Raises
    ------
    DataError
        If the first column tells neither genes nor patients, a gene or patient stands twice, a row is ragged, or a
        cell is no number: file, line and column.
    """
    lines = open_lines(path, DELIMITED[_ending(path)])
    heading = lines.header[0].lower()
    by_gene = heading in _GENES
    if not by_gene and heading not in _PATIENTS:
        raise DataError(
            f"{path.name}, line {lines.first - 1}: the first column is headed {shown(lines.header[0])}, which tells "
            "neither genes nor patients. Head it 'gene' (a row a gene) or 'patient' (a row a patient)."
        )
    kept = [j for j, name in enumerate(lines.header) if j and not (by_gene and name.lower() in _BESIDE)]
    names: list[str] = []
    lines_of: dict[str, int] = {}
    values: list[FloatArray] = []
    for number, row in lines.rows():
        name = row[0].strip()
        name = name if name not in MISSING else f"line {number}"
        if by_gene and name in lines_of:
            raise DataError(
                f"{path.name}, line {number}: gene {shown(name)} stands in line {lines_of[name]} too. Keep one of them."
            )
        lines_of[name] = number
        names.append(name)
        values.append(_numbers([row[j] for j in kept], [lines.header[j] for j in kept], f"{path.name}, line {number}"))
    numbers, columns = np.array(values), tuple(lines.header[j] for j in kept)
    return (numbers, tuple(names), columns) if by_gene else (np.ascontiguousarray(numbers.T), columns, tuple(names))


def _numbers(cells: list[str], columns: list[str], where: str) -> FloatArray:
    """Return the numbers of a row; the first cell that is none is refused."""
    values, wrong = cells_to_numbers(cells)
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"{where}, column {cut(columns[first])}: {shown(cells[first])} is not a number ({int(wrong.sum()):,} such "
            "cells in this line). Correct it, or leave it empty if it is unknown."
        )
    return values
