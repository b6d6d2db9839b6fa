"""Expression matrices as text, as portals and colleagues give them: CSV or TSV, a row a gene or a row a patient.

Conventions: the heading of the first column tells which (`gene`, `Hugo_Symbol` ...: genes in rows; `patient`, `sample`
...: patients in rows). Entrez numbers and descriptions beside gene names are passed over; an empty cell and NA are
missing; a gene without a name is called by its line.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..cohorts.formats import DELIMITED
from ..errors import DataError
from ..vocabulary import FloatArray

if TYPE_CHECKING:
    import pandas as pd

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
        If the first column tells neither genes nor patients, or a cell is no number: file, line and column.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, sep=DELIMITED[_ending(path)], low_memory=False, float_precision="round_trip")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError, EOFError) as error:
        raise DataError(f"{path.name} cannot be read as a table ({str(error).strip()}). Save it anew.") from None
    heading = str(table.columns[0])
    by_gene = heading.strip().lower() in _GENES
    if not by_gene and heading.strip().lower() not in _PATIENTS:
        raise DataError(
            f"{path.name}, line 1: the first column is headed {heading!r}, which tells neither genes nor patients. "
            f"Head it 'gene' (a row a gene) or 'patient' (a row a patient)."
        )
    values = table.drop(columns=[name for name in table if by_gene and str(name).lower() in _BESIDE]).iloc[:, 1:]
    _refuse_text(values, path.name)
    rows = tuple(f"line {i + 2}" if name != name else str(name) for i, name in enumerate(table.iloc[:, 0]))  # noqa: PLR0124
    columns = tuple(map(str, values.columns))
    numbers = values.to_numpy(dtype=float)
    return (numbers, rows, columns) if by_gene else (np.ascontiguousarray(numbers.T), columns, rows)


def _refuse_text(values: pd.DataFrame, name: str) -> None:
    """Refuse the first cell that is no number."""
    import pandas as pd

    for column, kind in values.dtypes.items():
        if kind.kind not in "fiub":
            cells = values[column]
            wrong = np.flatnonzero(pd.to_numeric(cells, errors="coerce").isna() & cells.notna())
            if wrong.size:
                raise DataError(
                    f"{name}, line {wrong[0] + 2}, column {column}: {cells.iloc[wrong[0]]!r} is not a number "
                    f"({wrong.size:,} such cells in this column). Correct it, or leave it empty if it is unknown."
                )
