"""Small counts withheld, for registries that must: counts of 1 to min_cell - 1, and others that would reveal them.

A withheld count can be worked out when it is the only one withheld in a sum that is shown; then the smallest other
count of that sum is withheld too, until no sum reveals one (complementary suppression).

References
----------
Hundepool A et al. 2012, Statistical Disclosure Control, doi:10.1002/9781118348239.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import AnalysisError
from ..vocabulary import BoolArray, IntArray
from .table import Cell, Number, Row, Table

__all__ = ["WITHHELD", "small_text", "suppress", "suppressed", "suppression_note"]

WITHHELD = "*"


def suppressed(counts: IntArray, min_cell: int, *, rows_sum: bool = True, columns_sum: bool = True) -> BoolArray:
    """Mark the counts to withhold.

    Parameters
    ----------
    counts : array of int, shape (r, c)
    min_cell : int
        Counts from 1 to `min_cell - 1` are small.
    rows_sum : bool
        Whether the cells of a row are tied by a sum that is shown (the last cell is the sum of the others, or the sum
        stands elsewhere).
    columns_sum : bool
        The same for the cells of a column.

    Returns
    -------
    array of bool, shape (r, c)
    """
    cells = np.asarray(counts, dtype=int)
    marked = (cells > 0) & (cells < min_cell)
    across: list[Any] = [np.s_[i, :] for i in range(cells.shape[0])] if rows_sum else []
    down: list[Any] = [np.s_[:, j] for j in range(cells.shape[1])] if columns_sum else []
    lines = across + down
    while lonely := [line for line in lines if marked[line].sum() == 1 and marked[line].size > 1]:
        line = lonely[0]
        free = np.flatnonzero(~marked[line])
        order = sorted(free, key=lambda i: (cells[line][i] == 0, cells[line][i]))
        marked[line][order[0]] = True
    return marked


def small_text(value: int, min_cell: int) -> str:
    """Write a withheld count: `<5` if it is small itself, `*` if it would reveal another."""
    return f"<{min_cell}" if 0 < value < min_cell else WITHHELD


def suppression_note(min_cell: int) -> str:
    """Explain the marks of withheld counts."""
    return f"<{min_cell}: 1 to {min_cell - 1}. {WITHHELD}: withheld, as it would reveal a smaller count."


def suppress(table: Table, *, min_cell: int = 5) -> Table:
    """Withhold small counts of levels in a table whose variables have one row a level, such as a hazard-ratio table.

    Parameters
    ----------
    table : Table
        In each count column the levels of a variable are taken to sum to a total that is shown.
    min_cell : int

    Raises
    ------
    AnalysisError
        If a row that is not a level holds a small count: it cannot be hidden among others.
    """
    rows = list(table.rows)
    starts = [i for i, row in enumerate(rows) if row.kind != "level"]
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        for j, column in enumerate(table.columns):
            if column.kind != "count":
                continue
            _refuse_small(rows[start], j, min_cell)
            known = [i for i in range(start + 1, end) if _count(rows[i].cells[j]) is not None]
            values = np.array([[_count(rows[i].cells[j])] for i in known], dtype=int).reshape(-1, 1)
            for i, hide in zip(known, suppressed(values, min_cell, rows_sum=False)[:, 0], strict=True):
                if hide:
                    value = int(values[known.index(i), 0])
                    rows[i] = _with_cell(rows[i], j, Cell(small_text(value, min_cell)))
    hidden = any(old is not new for old, new in zip(table.rows, rows, strict=True))
    notes = (suppression_note(min_cell),) if hidden else ()
    return replace(table, rows=tuple(rows), footnotes=(*table.footnotes, *notes))


def _count(cell: Cell) -> int | None:
    part = cell.parts[0] if cell.parts else None
    return int(part.value) if isinstance(part, Number) else None


def _refuse_small(row: Row, j: int, min_cell: int) -> None:
    value = _count(row.cells[j])
    if value is not None and 0 < value < min_cell:
        raise AnalysisError(
            f"Row {row.cells[0].text!r} counts {value}, fewer than min_cell={min_cell}, and is no level that could be "
            "withheld. Leave it out, or merge it."
        )


def _with_cell(row: Row, j: int, cell: Cell) -> Row:
    return replace(row, cells=(*row.cells[:j], cell, *row.cells[j + 1 :]))
