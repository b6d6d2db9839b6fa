"""Table 1: who the patients are, by group: counts, medians, missing values, and how far the groups differ.

Conventions: numbers as median [quartiles] (R's type 7), levels and flags as n (%) of the patients in whom they are
known, missing values on a row of their own. SMD is the absolute standardised mean difference of two groups, by their
average variance; for levels by Yang and Dalton.

References
----------
Austin PC 2009, doi:10.1002/sim.3697. Yang D, Dalton JE 2012, SAS Global Forum, paper 335 (levels).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ..codebook import CODEBOOK, column
from ..errors import AnalysisError
from ..vocabulary import BoolArray, FloatArray, IntArray
from ..wording import Style, coarse_count, count, digits_or, interval, number
from ..wording.levels import level_texts
from .cells import count_cell, number_cell, share_cell
from .disclosure import LinkedCounts, protect
from .hazards import term_label
from .style import Numbers, printed
from .suppression import WITHHELD, suppression_note
from .table import Cell, Column, Number, Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["baseline_table", "smd_levels", "smd_number"]

_BRACKETS = Style(name="quartiles", opening="[", closing="]")
_FEW_VALUES = 5  # a number with no more distinct whole values, such as grade, is shown by level
_MANY_LEVELS = 15
_LEFT_OUT = ("patient", "study", "sampling_weight")
_SAME_AS = {"treatment": ("endocrine", "endocrine_agent")}  # columns that say the grouping again


def smd_number(first: FloatArray, second: FloatArray) -> float:
    """Return the absolute standardised mean difference of two samples: |difference of means| / root mean variance.

    Examples
    --------
    >>> round(smd_number(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])), 6)
    1.0
    """
    enough = min(first.size, second.size) > 1
    spread = math.sqrt((np.var(first, ddof=1) + np.var(second, ddof=1)) / 2) if enough else math.nan
    gap = abs(float(np.mean(first) - np.mean(second))) if min(first.size, second.size) else np.nan
    return 0.0 if gap == 0 else float(gap / spread) if spread > 0 else float("nan")


def smd_levels(first: FloatArray, second: FloatArray) -> float:
    """Return the standardised difference of two distributions over the same levels (shares, shape (k,)).

    Infinite where a level parts the groups wholly.
    """
    gap = (first - second)[1:]
    covariance = (_multinomial(first[1:]) + _multinomial(second[1:])) / 2
    weighted = np.linalg.pinv(covariance) @ gap
    if not np.allclose(covariance @ weighted, gap):
        return math.inf
    return math.sqrt(max(float(gap @ weighted), 0.0))


def _multinomial(shares: FloatArray) -> FloatArray:
    return np.asarray(np.diag(shares) - np.outer(shares, shares), dtype=float)


@printed
def baseline_table(
    frame: pd.DataFrame,
    by: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    min_cell: int = 0,
    rounded: bool = False,
    title: str = "Patients",
    **numbers: Unpack[Numbers],
) -> Table:
    """Describe patients, in all and by group.

    Parameters
    ----------
    frame : DataFrame
        A row a patient, such as `analysis.frame`.
    by : str, optional
        Column of the groups, such as `marker` or `treatment`; patients in whom it is unknown are left out and counted.
    columns : sequence of str, optional
        What to describe; the codebook's columns in which patients differ, if not given.
    labels : mapping of str to str, optional
        Words for columns and levels.
    min_cell : int
        Counts from 1 to `min_cell - 1` are withheld, and those that would reveal them; 0 shows all.
    rounded : bool
        Whether the counts that are shown are rounded (`coarse_count`), and shares are those of rounded counts, so that
        other tables and rows of the same patients do not tell by difference what this one withholds.
    title : str

    Returns
    -------
    Table

    Raises
    ------
    AnalysisError
        If a column is not there, nobody is left, or a whole group is smaller than `min_cell`.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> table = baseline_table(gbsg.frame, columns=["age", "nodes"])
    >>> len(table.rows)
    3
    """
    names = list(columns) if columns is not None else _described(frame, by)
    for name in [*names, *([by] if by else [])]:
        if name not in frame:
            raise AnalysisError(
                f"There is no column {name!r} to describe; the frame has {', '.join(map(str, frame.columns))}."
            )
    groups = _groups(frame, by)
    _refuse_small(groups, min_cell)
    told = _Told(groups, labels or {}, min_cell, min_cell if rounded else 0)
    sizes = (count_cell(coarse_count(len(group), told.grid)) for group in groups.frames)
    rows = [Row((Cell("Patients"), *sizes, *told.no_difference))]
    for name in names:
        rows += told.block(name)
    heads = [Column(head, "number") for head in groups.heads(labels or {})]
    smd = [Column("SMD", "number")] if groups.compared else []
    return Table(
        title=title, columns=(Column("Characteristic"), *heads, *smd), rows=tuple(rows),
        footnotes=_footnotes(told, by, rows),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Groups:
    """The patients by group, all of them first; where there are no groups, all of them alone."""

    names: tuple[str, ...]
    frames: tuple[pd.DataFrame, ...]
    unknown: int

    @property
    def compared(self) -> bool:
        return len(self.names) == 3

    def heads(self, labels: Mapping[str, str]) -> list[str]:
        return [labels.get(name, name) for name in self.names]


def _groups(frame: pd.DataFrame, by: str | None) -> _Groups:
    if by is None:
        return _Groups(("All",), (frame,), 0)
    known = frame[frame[by].notna()]
    levels = _levels(known[by])
    if not levels:
        raise AnalysisError(f"Column {by} is unknown in all {len(frame):,} patients, so there are no groups.")
    parts = tuple(known[known[by].map(_text) == level] for level in levels)
    return _Groups(("All", *levels), (known, *parts), len(frame) - len(known))


def _levels(values: pd.Series[Any]) -> list[str]:
    """Return the levels that occur: in the order of the categories or the codebook, else sorted."""
    present = {_text(value) for value in values.dropna().unique()}
    declared = column(str(values.name))
    order = (
        [str(c) for c in values.cat.categories] if hasattr(values, "cat") else list(declared.levels if declared else ())
    )
    return [level for level in order if level in present] + sorted(present - set(order), key=_natural)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _natural(level: str) -> tuple[float, str]:
    return (float(level), "") if level.replace(".", "", 1).isdigit() else (float("inf"), level)


def _described(frame: pd.DataFrame, by: str | None) -> list[str]:
    known = [c for c in CODEBOOK if c.name in frame and c.kind not in ("time", "event") and frame[c.name].notna().any()]
    names = [
        c.name
        for c in known
        if c.name not in (*_LEFT_OUT, by, *_SAME_AS.get(by or "", ())) and frame[c.name].nunique(dropna=False) > 1
    ]
    return [name for name in names if column(name).kind != "text" or frame[name].nunique() <= _MANY_LEVELS]  # type: ignore[union-attr]


def _refuse_small(groups: _Groups, min_cell: int) -> None:
    for name, frame in zip(groups.names, groups.frames, strict=True):
        if 0 < len(frame) < min_cell:
            raise AnalysisError(
                f"Group {name!r} has {len(frame)} patients, fewer than min_cell={min_cell}. "
                "Leave the group out, or merge it."
            )


@dataclass(frozen=True, slots=True)
class _Told:
    """How the rows of one table are told: its groups, the caller's words, the smallest count that may be shown."""

    groups: _Groups
    labels: Mapping[str, str]
    min_cell: int
    grid: int

    @property
    def no_difference(self) -> list[Cell]:
        return [Cell()] if self.groups.compared else []

    def block(self, name: str) -> list[Row]:
        """Write the rows of one column of the frame."""
        values = [frame[name] for frame in self.groups.frames]
        return self._number(name, values) if _is_number(values[0]) else self._by_level(name, values)

    def _by_level(self, name: str, values: Sequence[pd.Series[Any]]) -> list[Row]:
        levels = _levels(values[0])
        texts = [series.map(_text, na_action="ignore") for series in values]
        counts = np.array([[int((text == level).sum()) for text in texts] for level in levels]).reshape(-1, len(values))
        missing = _missing(values)
        hidden = self._hidden(np.vstack([counts, missing]))
        known = np.where(hidden[-1], 0, counts.sum(axis=0))  # a share would tell how many are unknown
        counts, known, missing = (self._round(each) for each in (np.where(hidden[:-1], 0, counts), known, missing))
        cells = [self._shares(counts[i], known, hidden[i]) for i in range(len(levels))]
        gap = self._gap(_level_gap(counts), withheld=bool(hidden.any()))
        label = Cell(self._label(name))
        last = self._unknown(missing, hidden[-1])
        if levels == ["no", "yes"]:
            return [Row((label, *cells[1], *gap), "heading"), *last]
        names = [Cell(self.labels.get(level) or text) for level, text in level_texts(levels, name).items()]
        body = [Row((n, *shares, *self.no_difference), "level") for n, shares in zip(names, cells, strict=True)]
        return [Row((label, *[Cell()] * len(values), *gap), "heading"), *body, *last]

    def _number(self, name: str, values: Sequence[pd.Series[Any]]) -> list[Row]:
        known = [series.dropna().to_numpy(float) for series in values]
        decimals, enough = _decimals(known[0]), max(1, self.min_cell)
        cells = [_quartiles(sample, decimals) if sample.size >= enough else Cell(WITHHELD) for sample in known]
        missing = _missing(values)
        counts = np.array([[sample.size for sample in known], missing])
        hidden = self._hidden(counts)[-1]
        few = any(sample.size < enough for sample in known)
        gap = self._gap(smd_number(known[1], known[2]) if self.groups.compared else None, withheld=few)
        return [Row((Cell(self._label(name)), *cells, *gap), "heading"), *self._unknown(self._round(missing), hidden)]

    def _round(self, counts: IntArray) -> IntArray:
        """Round counts; small ones become 0, and are withheld."""
        return np.array([coarse_count(n, self.grid) or 0 for n in counts.ravel().tolist()]).reshape(counts.shape)

    def _label(self, name: str) -> str:
        declared = column(name)
        unit = f", {declared.unit}" if declared and declared.unit else ""
        return self.labels.get(name) or term_label(name) + unit

    def _gap(self, value: float | None, *, withheld: bool) -> list[Cell]:
        cell = Cell(WITHHELD) if withheld and self.min_cell else number_cell(value)
        return [cell] if self.groups.compared else []

    def _hidden(self, counts: IntArray) -> BoolArray:
        """Choose what to withhold of a variable's levels and its unknown, which stand last."""
        if self.min_cell <= 1:
            return np.zeros(counts.shape, dtype=bool)
        wholes = np.array([len(frame) for frame in self.groups.frames])
        linked = LinkedCounts.crossed(counts, wholes, total_first=len(wholes) > 1)
        return protect(linked, self.min_cell)[: counts.size].reshape(counts.shape)

    def _shares(self, parts: IntArray, wholes: IntArray, hidden: BoolArray) -> list[Cell]:
        return [
            Cell(WITHHELD) if hide else share_cell(part, whole)
            for part, whole, hide in zip(parts.tolist(), wholes.tolist(), hidden, strict=True)
        ]

    def _unknown(self, counts: IntArray, hidden: BoolArray) -> list[Row]:
        if not (counts.any() or hidden.any()):
            return []
        pairs = zip(counts.tolist(), hidden, strict=True)
        cells = [Cell(WITHHELD) if hide else count_cell(n) for n, hide in pairs]
        return [Row((Cell("Unknown"), *cells, *self.no_difference), "level")]


def _missing(values: Sequence[pd.Series[Any]]) -> IntArray:
    return np.array([int(series.isna().sum()) for series in values])


def _is_number(values: pd.Series[Any]) -> bool:
    if values.dtype.kind not in "fiu":
        return False
    known = values.dropna()
    return known.nunique() > _FEW_VALUES or bool((known % 1 != 0).any())


def _decimals(values: FloatArray) -> int:
    if values.size == 0 or np.all(values == np.round(values)):
        return 0
    return digits_or(2 if np.abs(values).max() < 10 else 1)


def _quartiles(values: FloatArray, decimals: int) -> Cell:
    low, middle, high = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    text = f"{number(middle, decimals)} {interval(number(low, decimals), number(high, decimals), _BRACKETS)}"
    shape = "0." + "0" * decimals if decimals else "0"
    return Cell(text, tuple(Number(value, shape) for value in (middle, low, high)))


def _level_gap(counts: IntArray) -> float | None:
    known = counts.sum(axis=0)
    if len(known) != 3 or min(known[1:]) == 0:
        return None
    return smd_levels(counts[:, 1] / known[1], counts[:, 2] / known[2])


def _footnotes(told: _Told, by: str | None, rows: Sequence[Row]) -> tuple[str, ...]:
    groups, min_cell = told.groups, told.min_cell
    notes = ["Numbers: median [quartiles]. Levels: n (% of the patients in whom it is known)."]
    if groups.compared:
        notes.append(
            "SMD: absolute standardised mean difference of the two groups (Austin 2009; levels: Yang 2012); above 0.1 "
            "is usually called an imbalance."
        )
    if groups.unknown:
        many = WITHHELD if groups.unknown < min_cell else count(coarse_count(groups.unknown, told.grid))
        notes.append(f"Left out: {many} patients in whom {str(by).replace('_', ' ')} is unknown.")
    if min_cell and (0 < groups.unknown < min_cell or any(c.text == WITHHELD for row in rows for c in row.cells)):
        notes.append(suppression_note(min_cell))
    if told.grid > 1:
        notes.append(f"Counts are rounded to the nearest {2 * told.grid}; shares are those of the rounded counts.")
    return tuple(notes)
