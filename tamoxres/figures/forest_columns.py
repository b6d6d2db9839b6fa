"""Where the columns of a forest plot stand: widths measured from the rendered text, the axis takes what is left.

Positions are points from the left edge of the plot. Cells of a column are aligned on its anchor (the decimal point, or
the slash of events/N). Where the axis would become too narrow, the longest labels are wrapped; where most would have to
be, the columns that can be missed are left out in the order of the style, the counts of both groups together, and a
note says which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .forest_layout import Column, Line, Sheet
from .measure import text_width, wrap

__all__ = ["INDENT", "Placed", "Placement", "place", "range_offset"]

_GAP, _MARGIN, _MARGIN_END, INDENT = 1.4, 0.5, 1.1, 1.2  # in sizes of the text
_AXIS_SHARE, _AXIS_MOST, _LABEL_LEAST = 0.22, 0.50, 0.20  # of the width of the plot
_UNWRAPPED = 0.8  # share of the labels that are given one line before a column is kept
_HEAD_MOST = 8.0  # widest head of a column of counts, in sizes of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    width: float
    anchor: float = 0.0
    first: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A column: its left edge, its width and, from that edge, where its anchor and its first cell stand, points."""

    column: Column
    left: float
    width: float
    anchor: float
    first: float

    @property
    def right(self) -> float:
        """Right edge, points."""
        return self.left + self.width

    def start(self, text: str, size: float, bold: bool) -> float:
        """Return where a cell's text begins so that its anchor falls on the column's."""
        before, mark, _ = text.partition(self.column.anchor)
        if not mark:
            return self.left + min(self.first, self.width - text_width(text, size, bold=bold))
        return self.left + self.anchor - text_width(before, size, bold=bold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """All columns placed (label and axis too), the lines with labels wrapped, and the heads of what had no room."""

    columns: tuple[Placed, ...]
    lines: tuple[Line, ...]
    left_out: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Placed:
        return next(placed for placed in self.columns if placed.column.key == key)


def place(sheet: Sheet, width: float, size: float) -> Placement:
    """Measure the columns of a sheet and set them side by side on `width` points, text of `size` points."""
    names = Column(key="label", head=sheet.label_head)
    columns = [names, *(_narrow_head(column, size) for column in sheet.columns if _filled(column, sheet.lines))]
    labels = sorted(_label_width(line, size) for line in sheet.lines)
    natural = max(labels[-1], text_width(sheet.label_head, size, bold=True))
    least = min(labels[int(_UNWRAPPED * (len(labels) - 1))], natural)
    axis_least = _least_axis(sheet, width, size)
    left_out: list[str] = []
    while True:
        margins = (_MARGIN + _MARGIN_END) * size
        measured = {c.key: _measure(c, sheet.lines, size) for c in columns if c.key not in ("label", "axis")}
        taken = sum(m.width for m in measured.values()) + (len(columns) - 1) * _GAP * size + margins
        label = min(natural, width - taken - axis_least)
        missable = [column for column in columns if column.optional]
        if label >= least or not missable:
            break
        missed = min((_kind(column) for column in missable), key=sheet.missed.index)
        left_out += [column.head.replace("\n", " ") for column in columns if _kind(column) == missed]
        columns = [column for column in columns if _kind(column) != missed]
    label = max(label, min(natural, _LABEL_LEAST * width))
    axis = min(width - taken - label, _AXIS_MOST * width)
    columns[0] = replace(names, head=wrap(names.head, label, size, bold=True))
    measured |= {"label": _Measured(width=label), "axis": _Measured(width=axis)}
    spare = width - taken - label - axis
    placed = _side_by_side(columns, measured, spare, size)
    return Placement(columns=placed, lines=_wrapped(sheet.lines, label, size), left_out=tuple(left_out))


def _kind(column: Column) -> str:
    return "counts" if column.key in ("counts_1", "counts_0") else column.key


def _least_axis(sheet: Sheet, width: float, size: float) -> float:
    """Return the least width of the axis: its share, and room for the words of the favours labels on each side."""
    word = max(text_width(word, size) for label in sheet.favours for word in label.split(" "))
    head = max(text_width(column.head, size, bold=True) for column in sheet.columns if column.key == "axis")
    return min(max(_AXIS_SHARE * width, 2 * (word + size), head), _AXIS_MOST * width)


def _narrow_head(column: Column, size: float) -> Column:
    most = _HEAD_MOST * size if column.anchor == "/" else math.inf
    return replace(column, head=wrap(column.head, most, size, bold=True))


def _filled(column: Column, lines: Sequence[Line]) -> bool:
    return column.key == "axis" or any(line.cells.get(column.key) for line in lines)


def _measure(column: Column, lines: Sequence[Line], size: float) -> _Measured:
    """Measure a column's cells on both sides of their anchor, and its head."""
    before = after = 0.0
    whole = text_width(column.head, size, bold=True)
    ranges = [0.0]
    for line in lines:
        text = line.cells.get(column.key, "")
        left, mark, right = text.partition(column.anchor)
        if mark:
            before = max(before, text_width(left, size, bold=line.bold))
            after = max(after, text_width(mark + right, size, bold=line.bold))
        else:
            whole = max(whole, text_width(text, size, bold=line.bold))
        if column.key == "estimate" and "range" in line.cells:
            ranges.append(range_offset(column, size) + text_width(line.cells["range"], size, bold=line.bold))
    after = max(after, *ranges) if len(ranges) > 1 else after
    width = max(whole, before + after)
    first = (width - before - after) / 2
    return _Measured(width=width, anchor=first + before, first=first)


def range_offset(column: Column, size: float) -> float:
    """Return how far behind the anchor an interval begins: the width of two decimals and a space."""
    return text_width(f"{column.anchor}00 (", size) - text_width("(", size)


def _label_width(line: Line, size: float) -> float:
    return text_width(line.label, size, bold=line.bold) + (INDENT * size if line.indent else 0.0)


def _wrapped(lines: Sequence[Line], width: float, size: float) -> tuple[Line, ...]:
    out = []
    for line in lines:
        room = width - (INDENT * size if line.indent else 0.0) + 1e-6
        out.append(replace(line, label=wrap(line.label, room, size, bold=line.bold)))
    return tuple(out)


def _side_by_side(
    columns: Sequence[Column], measured: dict[str, _Measured], spare: float, size: float
) -> tuple[Placed, ...]:
    """Set the columns from the left, what the axis does not need shared among the gaps."""
    gap = _GAP * size + spare / max(len(columns) - 1, 1)
    at, placed = _MARGIN * size, []
    for column in columns:
        own = measured[column.key]
        placed.append(Placed(column=column, left=at, width=own.width, anchor=own.anchor, first=own.first))
        at += own.width + gap
    return tuple(placed)
