"""Putting a forest plot on paper: texts, rules, boxes, diamonds, arrowheads, at positions worked out before.

Positions are points from the lower left corner of the plot's box. Marks carry a `gid`: `box-3`, `ci-3`, `arrow-low-3`,
`arrow-high-3`, `beyond-3` (the number of an estimate off the axis), `diamond-14`, `interval-15`, the number being that
of the line from the top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.path import Path
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from .forest_axis import ARROW, BOX, Scale
from .forest_columns import INDENT, Placement, range_offset
from .forest_layout import Line, Mark, Sheet
from .forest_words import ForestStyle
from .measure import LINE, wrap
from .paper import Align, Box, rule, settle, write
from .style import DARK, INK, MID

__all__ = ["Page", "draw", "foot_height", "head_height", "label_heights"]

_DIAMOND = 1.0  # height of a diamond
_PAD = 0.45  # white above and below the heads
_AXIS_HEAD = 1.9  # height of an axis above the lines
_AXIS_FOOT = 2.4  # from the axis to the favours labels: ticks and their labels
_RULE, _THIN = 0.7, 0.5
_RIGHT = Path([(-1.0, 0.5), (0.0, 0.0), (-1.0, -0.5), (-1.0, 0.5)], closed=True)
_LEFT = Path([(1.0, 0.5), (0.0, 0.0), (1.0, -0.5), (1.0, 0.5)], closed=True)


@dataclass(slots=True, kw_only=True)
class Page:
    """The plot's box in points within its figure, the columns, the scale, the heights of the lines from the top.

    `heaviest` is the weight of the largest box; a `long` plot has its axis above the lines too.
    """

    box: Box
    placed: Placement
    scale: Scale
    size: float
    look: ForestStyle
    heights: list[float] = field(default_factory=list)
    heaviest: float = 1.0
    long: bool = False


def label_heights(lines: Sequence[Line], size: float) -> list[float]:
    """Return how much higher each line is than one with an unwrapped label, points."""
    return [line.label.count("\n") * LINE * size for line in lines]


def head_height(page: Page, sheet: Sheet) -> float:
    """Return the height of the heads with the white around them, and of an axis under them, points."""
    most = max(placed.column.head.count("\n") + 1 for placed in page.placed.columns)
    if page.look.axis_name:
        most = max(most, *(text.count("\n") + 1 for text in _wrapped_favours(page, sheet)))
    return (most * LINE + 2 * _PAD + (_AXIS_HEAD if page.long else 0.0)) * page.size


def foot_height(page: Page, sheet: Sheet) -> float:
    """Return the height of all that stands below the lines: axis, favours labels, notes, points."""
    favours = 1 if page.look.axis_name else max(text.count("\n") + 1 for text in _wrapped_favours(page, sheet))
    notes = sum(text.count("\n") + 1 for text in _wrapped_notes(page, sheet))
    return (_AXIS_FOOT + favours * LINE + (notes * LINE + 0.4 if notes else 0.0) + 0.3) * page.size


def draw(ax: Axes, page: Page, sheet: Sheet) -> None:
    """Draw the sheet on the Axes, which is moved to the place of the axis column."""
    foot, rows = foot_height(page, sheet), sum(page.heights)
    _lay_axis(ax, page, foot, rows)
    _heads(ax, page, sheet, foot + rows)
    _reference_lines(ax, page, sheet, rows)
    top = rows
    for i, (line, height) in enumerate(zip(page.placed.lines, page.heights, strict=True)):
        middle = top - height / 2
        if line.rule:
            _rule(ax, page, foot + top, _THIN)
        _cells(ax, page, line, foot + middle)
        if line.mark:
            _mark(ax, page, i, line.mark, middle)
        top -= height
    _rule(ax, page, foot, _RULE)
    _below(ax, page, sheet, foot)


def _lay_axis(ax: Axes, page: Page, foot: float, rows: float) -> None:
    left, bottom, _, _ = page.box
    column, scale = page.placed["axis"], page.scale
    settle(ax, (left + column.left, bottom + foot, column.width, rows), (scale.low, scale.high), (0.0, rows))
    ax.set_xscale("log" if scale.is_ratio else "linear")
    ax.xaxis.set_major_locator(FixedLocator(scale.ticks))
    ax.xaxis.set_major_formatter(FixedFormatter(scale.labels))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="x", labelsize=page.size, top=page.long, labeltop=page.long)
    ax.spines["top"].set_visible(page.long)
    ax.yaxis.set_major_locator(NullLocator())
    ax.spines["left"].set_visible(False)


def _text(ax: Axes, page: Page, x: float, y: float, text: str, *, align: Align = "left", bold: bool = False) -> None:
    write(ax, (page.box[0] + x, page.box[1] + y), text, page.size, align=align, bold=bold)


def _rule(ax: Axes, page: Page, y: float, weight: float) -> None:
    left, bottom, wide, _ = page.box
    rule(ax, (left, bottom + y), (left + wide, bottom + y), weight)


def _heads(ax: Axes, page: Page, sheet: Sheet, bottom: float) -> None:
    top = bottom + head_height(page, sheet) - _RULE
    bottom += _AXIS_HEAD * page.size if page.long else 0.0
    _rule(ax, page, bottom, _THIN)
    _rule(ax, page, top, _RULE)
    for placed in page.placed.columns:
        is_label, head = placed.column.key == "label", placed.column.head
        first = bottom + (_PAD + LINE / 2 + head.count("\n") * LINE) * page.size
        x = placed.left if is_label else placed.left + placed.width / 2
        _text(ax, page, x, first, head, align="left" if is_label else "center", bold=True)
    if page.look.axis_name:
        lines = max(text.count("\n") for text in _wrapped_favours(page, sheet))
        _favours(ax, page, sheet, bottom + (_PAD + LINE / 2 + lines * LINE) * page.size)


def _cells(ax: Axes, page: Page, line: Line, middle: float) -> None:
    label = page.placed["label"]
    first = middle + line.label.count("\n") * LINE * page.size / 2
    indent = INDENT * page.size if line.indent else 0.0
    _text(ax, page, label.left + indent, first, line.label, bold=line.bold)
    for placed in page.placed.columns:
        if text := line.cells.get(placed.column.key, ""):
            _text(ax, page, placed.start(text, page.size, line.bold), middle, text, bold=line.bold)
        if placed.column.key == "estimate" and (text := line.cells.get("range", "")):
            behind = placed.left + placed.anchor + range_offset(placed.column, page.size)
            _text(ax, page, behind, middle, text, bold=line.bold)


def _reference_lines(ax: Axes, page: Page, sheet: Sheet, rows: float) -> None:
    null = 1.0 if page.scale.is_ratio else 0.0
    ax.plot([null, null], [0.0, rows], color=DARK, linewidth=_RULE, zorder=1, gid="null")
    if sheet.overall is not None and page.scale.low < sheet.overall < page.scale.high:
        ax.plot([sheet.overall] * 2, [0.0, rows], color=MID, linewidth=_RULE, dashes=(3, 2), zorder=1, gid="overall")


def _mark(ax: Axes, page: Page, i: int, mark: Mark, y: float) -> None:
    low, high = max(mark.low, page.scale.low), min(mark.high, page.scale.high)
    if mark.kind == "diamond":
        _diamond(ax, page, i, mark, y)
    else:
        color = INK if mark.kind == "box" else page.look.edge
        if low < high:
            ax.plot([low, high], [y, y], color=color, linewidth=0.8, zorder=4, gid=f"{_GID[mark.kind]}-{i}")
    if mark.kind == "interval":
        ends = [limit for limit in (mark.low, mark.high) if page.scale.low <= limit <= page.scale.high]
        heights = [y] * len(ends)
        ax.plot(ends, heights, marker="|", markersize=0.8 * page.size, linestyle="", color=page.look.edge)
    if mark.kind == "box" and page.scale.low <= mark.point <= page.scale.high:
        _box(ax, page, i, mark, y)
        tick = 0.25 * page.size  # a box of a small study is a dot: the tick shows where its estimate lies
        ax.plot([mark.point] * 2, [y - tick, y + tick], color=INK, linewidth=0.6, zorder=4, clip_on=False)
    if mark.kind == "box":
        _beyond(ax, page, i, mark, y)
    _arrowheads(ax, page, i, mark, y)


def _beyond(ax: Axes, page: Page, i: int, mark: Mark, y: float) -> None:
    """Draw an estimate that lies off the axis at its edge: an arrowhead there, and its number above the line."""
    scale = page.scale
    if scale.low <= mark.point <= scale.high:
        return
    left = mark.point < scale.low
    edge, path, align = (scale.low, _LEFT, "left") if left else (scale.high, _RIGHT, "right")
    if (left and mark.low >= scale.low) or (not left and mark.high <= scale.high):
        ax.plot([edge], [y], marker=path, markersize=2 * ARROW, color=INK, markeredgewidth=0, linestyle="", zorder=6,
                clip_on=False, gid=f"arrow-point-{i}")  # fmt: skip
    shift = (1.3 if left else -1.3) * ARROW, 0.12 * page.size
    ax.annotate(
        mark.number, (edge, y), xytext=shift, textcoords="offset points",
        ha=align, va="bottom", size=0.8 * page.size, color=INK, annotation_clip=False, gid=f"beyond-{i}", zorder=6,
    )  # fmt: skip


_GID = {"box": "ci", "interval": "interval"}


def _box(ax: Axes, page: Page, i: int, mark: Mark, y: float) -> None:
    """Draw a square, or a circle of the same area for a published row."""
    side = min(BOX * page.size, 0.8 * min(page.heights))
    area = side**2 * mark.weight / page.heaviest
    spread = area * 4 / math.pi if mark.published else area
    shape = "o" if mark.published else "s"
    look: dict[str, Any] = {"color": page.look.box, "linewidths": 0, "zorder": 3, "clip_on": False}
    ax.scatter([mark.point], [y], s=spread, marker=shape, gid=f"box-{i}", **look)


def _diamond(ax: Axes, page: Page, i: int, mark: Mark, y: float) -> None:
    low, point, high = (min(max(value, page.scale.low), page.scale.high) for value in (mark.low, mark.point, mark.high))
    half = _DIAMOND * page.size / 2
    corners = [(low, y), (point, y + half), (high, y), (point, y - half)]
    look: dict[str, Any] = {"facecolor": page.look.diamond, "edgecolor": page.look.edge, "linewidth": 0.7}
    ax.add_patch(Polygon(corners, zorder=5, clip_on=False, gid=f"diamond-{i}", **look))


def _arrowheads(ax: Axes, page: Page, i: int, mark: Mark, y: float) -> None:
    color = INK if mark.kind == "box" else page.look.edge
    low, high = page.scale.low, page.scale.high
    sides = ((mark.low < low, low, _LEFT, "low"), (mark.high > high, high, _RIGHT, "high"))
    for beyond, at, path, name in sides:
        if beyond:
            ax.plot(
                [_clear(page, mark, at)], [y], marker=path, markersize=2 * ARROW, color=color, markeredgewidth=0,
                linestyle="", zorder=6, clip_on=False, gid=f"arrow-{name}-{i}",
            )  # fmt: skip


def _clear(page: Page, mark: Mark, end: float) -> float:
    """Return where an arrowhead's tip stands: at its end of the axis, or outside where the box reaches so far."""
    scale, width = page.scale, page.placed["axis"].width
    if mark.kind != "box" or not scale.low <= mark.point <= scale.high:
        return end
    half = BOX * page.size * math.sqrt(mark.weight / page.heaviest) / 2
    beyond = ARROW + half - abs(scale.position(end) - scale.position(mark.point)) * width
    if beyond <= 0:
        return end
    return scale.at(1 + beyond / width if end == scale.high else -beyond / width)


def _below(ax: Axes, page: Page, sheet: Sheet, foot: float) -> None:
    """Write the favours labels under the two sides of the axis, and the notes under everything."""
    y = foot - (_AXIS_FOOT + LINE / 2) * page.size
    if page.look.axis_name:
        axis = page.placed["axis"]
        _text(ax, page, axis.left + axis.width / 2, y, sheet.measure, align="center")
        y -= (LINE + 0.4) * page.size
    else:
        y -= (_favours(ax, page, sheet, y) * LINE + 0.4) * page.size
    for note in _wrapped_notes(page, sheet):
        _text(ax, page, page.placed["label"].left, y, note)
        y -= (note.count("\n") + 1) * LINE * page.size


def _favours(ax: Axes, page: Page, sheet: Sheet, y: float) -> int:
    """Write the favours labels on the two sides of no effect, and return how many lines they take."""
    null, gap = _null(page), 0.6 * page.size
    favours = _wrapped_favours(page, sheet)
    _text(ax, page, null - gap, y, favours[0], align="right")
    _text(ax, page, null + gap, y, favours[1], align="left")
    return max(text.count("\n") for text in favours) + 1


def _null(page: Page) -> float:
    column = page.placed["axis"]
    return column.left + column.width * page.scale.position(1.0 if page.scale.is_ratio else 0.0)


def _wrapped_favours(page: Page, sheet: Sheet) -> tuple[str, str]:
    """Wrap each label to the room between the line of no effect and the edge of the plot (of the axis above it)."""
    null, edge, axis = _null(page), 1.1 * page.size, page.placed["axis"]
    left, right = sheet.favours
    room = (null - axis.left, axis.right - null) if page.look.axis_name else (null, page.box[2] - null)
    return wrap(left, room[0] - edge, page.size), wrap(right, room[1] - edge, page.size)


def _wrapped_notes(page: Page, sheet: Sheet) -> list[str]:
    return [wrap(note, page.box[2] - page.size, page.size) for note in sheet.notes]
