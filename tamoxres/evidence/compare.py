"""What a user's own extraction changes: studies and effect rows added, removed and altered, cell by cell.

Rows have no number of their own: rows that are equal in every cell are the same; the others are matched, in order,
within study, marker, comparison, marker state, endpoint and subset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from .check import open_extraction
from .tables import Extraction, Row, embedded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["changes"]

_EFFECT_KEY = ("study_id", "marker", "comparison", "marker_state", "endpoint")
_COLUMNS = ("table", "change", "study_id", "row", "column", "before", "after")


def changes(data: str | Path | Extraction, *, merge: bool = False, since: Extraction | None = None) -> pd.DataFrame:
    """Compare an extraction with the embedded one.

    Parameters
    ----------
    data, merge
        As in `literature`.
    since : Extraction, optional
        Compared with; the embedded tables if not given.

    Returns
    -------
    DataFrame
        table (studies, effects), change (added, removed, altered), study_id, row (what the row is about), column,
        before, after (of an altered cell); empty where nothing changed.
    """
    import pandas as pd

    before, after = since or embedded(), open_extraction(data, merge=merge)
    found = [
        *_of_table("studies", ("study_id",), before.studies, after.studies),
        *_of_table("effects", _EFFECT_KEY, before.effects, after.effects),
    ]
    return pd.DataFrame(found, columns=list(_COLUMNS))


def _of_table(table: str, key: Sequence[str], before: Sequence[Row], after: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    held, given = _left_over(before, after), _left_over(after, before)
    groups: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = {}
    for side, rows in enumerate((held, given)):
        for row in rows:
            groups.setdefault(tuple(row[column] for column in key), ([], []))[side].append(row)
    for (study_id, *about), (old, new) in groups.items():
        where = (study_id, " ".join(about))
        for one, other in zip_longest(old, new):
            if one is None or other is None:
                yield table, "added" if one is None else "removed", *where, "", "", ""
                continue
            for column, cell in one.cells.items():
                if cell != other[column]:
                    yield table, "altered", *where, column, cell, other[column]


def _left_over(rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    """Return the rows without an equal among the others."""
    known = {_content(row) for row in others}
    return [row for row in rows if _content(row) not in known]


def _content(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(row.cells.items()))
