"""Small counts withheld, for registries that must: counts of 1 to min_cell - 1, and others that would reveal them.

Which are withheld is chosen, and proved enough, by `disclosure`; here stands how a table shows it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import AnalysisError
from ..vocabulary import BoolArray, IntArray
from .disclosure import LinkedCounts, protect
from .table import Cell, Number, Row, Table

__all__ = ["WITHHELD", "suppress", "suppression_note"]

WITHHELD = "*"


def suppression_note(min_cell: int) -> str:
    """Explain the mark of withheld counts, which is one, so that it tells nothing of which are small."""
    return f"{WITHHELD}: withheld: 1 to {min_cell - 1}, or a count that would reveal one."


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
            values = np.array([_count(rows[i].cells[j]) for i in known], dtype=int)
            for i, hide in zip(known, _hidden(values, min_cell), strict=True):
                if hide:
                    rows[i] = _with_cell(rows[i], j, Cell(WITHHELD))
    hidden = any(old is not new for old, new in zip(table.rows, rows, strict=True))
    notes = (suppression_note(min_cell),) if hidden else ()
    return replace(table, rows=tuple(rows), footnotes=(*table.footnotes, *notes))


def _hidden(levels: IntArray, min_cell: int) -> BoolArray:
    """Choose what to withhold of levels whose sum is shown."""
    values = np.append(levels, levels.sum())
    total = np.arange(values.size) == levels.size
    linked = LinkedCounts(
        values=values, relations=np.where(total, -1.0, 1.0)[None, :], fixed=total, unprinted=np.zeros_like(total)
    )
    return protect(linked, min_cell)[:-1]


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
