"""Drawing one plot of survival or incidence curves: axes, bands, curves, labels, the table under it, the effect.

The Axes is the plot itself, time on x and the share of patients (0 to 1) on y; labels and the table are texts of that
Axes, placed in figure fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator

from ..curves import Curves
from ..effects import EffectEstimate
from ..errors import AnalysisError, TamoxresError
from ..wording import count, number
from . import survival_parts as parts
from .look import limits
from .measure import LINE, text_width, wrap
from .panel import round_ruler
from .paper import Box, settle, write
from .style import INK, box_in_points, font_size, new_axes, to_fraction, use_style
from .survival_parts import Drawn, TableRow, TimeUnit

__all__ = ["Panel", "by_cause", "check_curves", "draw_panel"]

_PLOT_LEAST = 8.0  # least height of the plot, in sizes of the text
_LABEL_SHARE = 0.26  # of the figure's width that labels beside the curves may take
_INDENT, _TICK = 1.2, 4.5  # indent in sizes of the text; length of a tick with its pad, points
_TABLE_LINE = 1.45
_MOST_BESIDE = 6  # labels beside the curves
_LEAST_SHARE = 0.55  # of a given Axes that its plot surely is high
_SAMPLE = 2.6  # length of a sample of a line, in sizes of the text
_MOST_SHADED, _MARKS = 3, 6  # bands of full shade; markers on a curve


def check_curves(curves: Curves) -> None:
    """Refuse curves that share no axis.

    Raises
    ------
    AnalysisError
        If there are none, or survival stands beside incidence.
    """
    if not len(curves) or len({curve.kind for curve in curves}) > 1:
        raise AnalysisError("A survival figure needs curves of one kind, survival or incidence; found none or both.")


def by_cause(curves: Curves) -> bool:
    """Whether curves are too many for one plot: several causes in more than two groups."""
    return len({c.cause for c in curves}) > 1 and len({c.group for c in curves}) > parts.PAIR


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """How one plot is drawn: its width on paper, its height as a share of it, unit, table, title, and shared axes.

    `horizon` (in months) and `highest` (a share) are those of panels that stand beside each other; 0 for its own.
    The effect of a `lifted` panel stands above the plot, or its room is left there.
    """

    width: float
    share: float
    unit: TimeUnit | None = None
    table: str = "at risk"
    title: str = ""
    horizon: float = 0.0
    highest: float = 0.0
    lifted: bool = False


def draw_panel(curves: Curves, effect: EffectEstimate | None, panel: Panel, ax: Axes | None) -> Axes:
    """Draw one plot with its labels and its table into an Axes, or on a figure as high as it needs."""
    box = (0.0, 0.0, panel.width, 0.0) if ax is None else box_in_points(ax)
    size = font_size(box[2])
    with use_style(size):
        plan = _plan(curves, box, size, panel)
        plan.effect = parts.effect_text(effect) if effect is not None else ""
        foot, head = _foot_height(plan), _head_height(plan)
        tall = box[3] - foot - head if ax is not None else panel.share * box[2]
        plan.corner = None if panel.lifted else _free_corner(plan, tall)
        if panel.lifted or (plan.effect and plan.corner is None):
            above = _text_height(plan.effect or "\n", size)
            head, tall = head + above, tall - (above if ax is not None else 0.0)
        if ax is None:
            plan.box = (0.0, 0.0, box[2], foot + head + tall)
            ax = new_axes(box[2], plan.box[3])
        if tall < _PLOT_LEAST * size:
            raise TamoxresError(f"This Axes is {box[3] / 72:.1f} inches high, too low for the plot and its table.")
        _lay_axes(ax, plan, foot, head)
        _draw_curves(ax, plan)
        _draw_labels(ax, plan)
        _draw_table(ax, plan, foot)
        _write_effect(ax, plan)
    what = f"{parts.value_label(curves)} against time in {plan.unit}"
    said = [panel.title, what, *(curve.label for curve in plan.drawn), plan.effect]
    ax.set_label(". ".join(part.replace("\n", ", ") for part in said if part) + ".")
    return ax


@dataclass(slots=True, kw_only=True)
class _Plan:
    """All that is known before drawing; lengths in points, the box from the figure's lower left corner."""

    box: Box
    size: float
    drawn: list[Drawn]
    names: list[str]
    beside: bool
    unit: str
    horizon: float
    ticks: list[float]
    values: list[float]
    value_label: str
    rows: list[TableRow]
    left: float
    right: float
    title: str = ""
    effect: str = ""
    corner: tuple[float, float] | None = None


def _plan(curves: Curves, box: Box, size: float, panel: Panel) -> _Plan:
    table, (name, months) = panel.table, parts.time_unit(curves, panel.unit, panel.horizon)
    drawn = parts.cut_at(parts.drawn_curves(curves, months), limits("x"))
    horizon = (limits("x") or (0.0, panel.horizon / months or max(float(c.time[-1]) for c in drawn) or 1.0))[1]
    room = _LABEL_SHARE * box[2]
    widest = max(text_width(count(int(curve.n_risk.max(initial=0))), size) for curve in curves)
    ends = limits("y")
    values = parts.value_ticks(curves, drawn, panel.highest) if ends is None else _ruled(*ends)
    tall = _LEAST_SHARE * box[3] if box[3] else panel.share * box[2]
    label = wrap(parts.value_label(curves, plain=bool(panel.title)), tall, size)
    beside = _fits_beside(drawn, room, size)
    names = [wrap(curve.label, room, size) for curve in drawn] if beside else [curve.label for curve in drawn]
    rows = _wrapped_rows(parts.table_rows(curves, drawn, [0.0], table), room, size)
    left = max(_row_label_width(rows, size) + widest / 2 + 0.8 * size, _value_width(values, label, size))
    named = max(text_width(n, size) for n in names) + (_SAMPLE + 2.0) * size if beside else 0.0
    right = max(widest / 2 + 0.4 * size, named)
    ticks = parts.ticks_for(horizon, name, box[2] - left - right, max(widest + 1.2 * size, 3.5 * size))
    return _Plan(
        box=box, size=size, drawn=drawn, names=names, beside=beside, unit=name, horizon=horizon, ticks=ticks,
        values=values, title=wrap(panel.title, box[2] - size, size, bold=True),
        value_label=label, left=left, right=right,
        rows=_wrapped_rows(parts.table_rows(curves, drawn, [tick * months for tick in ticks], table), room, size),
    )  # fmt: skip


def _ruled(low: float, high: float) -> list[float]:
    """Return the ticks of a value axis with other ends, which are the first and the last."""
    inner = [tick for tick in round_ruler("", low, high).ticks if low + 1e-9 < tick < high - 1e-9]
    return [low, *inner, high]


def _fits_beside(drawn: Sequence[Drawn], room: float, size: float) -> bool:
    """Whether labels can stand beside the curves: no word too wide, and not more of them than an eye can follow."""
    words = [word for curve in drawn for word in curve.label.split(" ")]
    return len(drawn) <= _MOST_BESIDE and all(text_width(word, size) <= room for word in words)


def _wrapped_rows(rows: Sequence[TableRow], room: float, size: float) -> list[TableRow]:
    return [replace(row, label=wrap(row.label, room, size, bold=row.head)) for row in rows]


def _row_label_width(rows: Sequence[TableRow], size: float) -> float:
    bodies = [row for row in rows if not row.head]
    return max((text_width(row.label, size) + _indent(row, size) for row in bodies), default=0.0) + 0.5 * size


def _indent(row: TableRow, size: float) -> float:
    return _INDENT * size if row.indent else 0.0


def _value_width(values: Sequence[float], label: str, size: float) -> float:
    """Return the width that the value axis takes: its label (on its side), its tick labels, its ticks."""
    lines = LINE * size * (label.count("\n") + 1)
    return max(text_width(_percent(value), size) for value in values) + lines + _TICK + 1.2 * size


def _percent(value: float) -> str:
    return number(100 * value, 0)


def _foot_height(plan: _Plan) -> float:
    """Return the height below the plot: ticks, their labels, the axis label, the table."""
    lines = sum(_row_height(row, plan.size) for row in plan.rows)
    return _TICK + (2 * LINE + 0.8) * plan.size + lines + (0.4 * plan.size if plan.rows else 0.0)


def _row_height(row: TableRow, size: float) -> float:
    return (_TABLE_LINE + row.label.count("\n") * LINE) * size


def _head_height(plan: _Plan) -> float:
    """Return the height above the plot: the labels of the curves where they do not fit beside them."""
    above = 0 if plan.beside else len(plan.names)
    return (0.8 + above * LINE + _title(plan)) * plan.size


def _title(plan: _Plan) -> float:
    """Return the height of the title, in sizes of the text."""
    return (plan.title.count("\n") + 1) * LINE + 0.3 if plan.title else 0.0


def _lay_axes(ax: Axes, plan: _Plan, foot: float, head: float) -> None:
    left, bottom, wide, high = plan.box
    inside = (left + plan.left, bottom + foot, wide - plan.left - plan.right, high - foot - head)
    settle(ax, inside, (0.0, plan.horizon), (plan.values[0], plan.values[-1]))
    ax.xaxis.set_major_locator(FixedLocator(plan.ticks))
    ax.xaxis.set_major_formatter(FixedFormatter([number(tick, 0) for tick in plan.ticks]))
    ax.yaxis.set_major_locator(FixedLocator(plan.values))
    ax.yaxis.set_major_formatter(FixedFormatter([_percent(value) for value in plan.values]))
    ax.tick_params(labelsize=plan.size)
    write(ax, (left + 0.3 * plan.size, bottom + high - 0.7 * plan.size), plan.title, plan.size, bold=True)
    middle = inside[0] + inside[2] / 2
    write(ax, (middle, bottom + foot - _TICK - 2.1 * plan.size), plan.unit.capitalize(), plan.size, align="center")
    label = plan.value_label
    beside = plan.left - _value_width(plan.values, label, plan.size) + 0.3 * plan.size
    x, y = to_fraction(ax, left + beside, bottom + foot + (high - foot - head) / 2)
    ax.text(x, y, label, size=plan.size, rotation=90, ha="left", va="center", transform=ax.figure.transFigure)


def _draw_curves(ax: Axes, plan: _Plan) -> None:
    free = limits("y") is None
    shade = 0.15 if len(plan.drawn) <= _MOST_SHADED else 0.07
    for i, curve in enumerate(plan.drawn):
        ax.fill_between(
            curve.time, curve.low, curve.high, step="post", color=curve.color, alpha=shade, linewidth=0, gid=f"band-{i}"
        )
        if curve.marker:
            apart = plan.horizon / _MARKS
            times = np.arange(apart * (0.5 + 0.5 * i / len(plan.drawn)), curve.time[-1], apart)
            heights = curve.value[np.searchsorted(curve.time, times, side="right") - 1]
            ax.plot(times, heights, clip_on=not free, gid=f"marks-{i}", **_sign(curve, plan.size))
        ax.plot(
            curve.time, curve.value, drawstyle="steps-post", color=curve.color, linestyle=curve.dashes, linewidth=1.1,
            gid=f"curve-{i}", clip_on=not free,
        )  # fmt: skip


def _sign(curve: Drawn, size: float) -> dict[str, Any]:
    """Return how a curve's markers look: small, filled, with a white edge that keeps the line visible."""
    return {
        "color": curve.color, "linestyle": "", "marker": curve.marker, "markersize": 0.6 * size,
        "markeredgewidth": 0.4, "markeredgecolor": "white",
    }  # fmt: skip


def _sample(ax: Axes, curve: Drawn, at: tuple[float, float], size: float) -> None:
    """Draw a sample of a curve's line, with its marker, before its name."""
    ends = to_fraction(ax, *at), to_fraction(ax, at[0] + _SAMPLE * size, at[1])
    middle, where = to_fraction(ax, at[0] + _SAMPLE * size / 2, at[1]), ax.figure.transFigure
    look: dict[str, Any] = {"color": curve.color, "linestyle": curve.dashes, "linewidth": 1.1, "gid": "sample"}
    ax.add_artist(Line2D([x for x, _ in ends], [y for _, y in ends], transform=where, clip_on=False, **look))
    if curve.marker:
        ax.add_artist(Line2D([middle[0]], [middle[1]], transform=where, clip_on=False, **_sign(curve, size)))


def _draw_labels(ax: Axes, plan: _Plan) -> None:
    """Write each curve's name after a sample of its line: beside its end, moved apart where they touch, or above."""
    left, bottom, wide, high = plan.box
    indent = (_SAMPLE + 0.5) * plan.size
    if not plan.beside:
        for i, (curve, name) in enumerate(zip(plan.drawn, plan.names, strict=True)):
            x, y = left + plan.left, bottom + high - (0.7 + i * LINE + _title(plan)) * plan.size
            _sample(ax, curve, (x, y), plan.size)
            write(ax, (x + indent, y), name, plan.size)
        return
    _, low, _, tall = box_in_points(ax)
    ends = [low + tall * min(max(_height(plan, curve.value[-1]), 0.0), 1.0) for curve in plan.drawn]
    heights = [(name.count("\n") + 1) * LINE * plan.size for name in plan.names]
    for curve, name, middle, height in zip(
        plan.drawn, plan.names, _apart(ends, heights, low, low + tall), heights, strict=True
    ):
        first, x = middle + height / 2 - LINE * plan.size / 2, left + wide - plan.right + 0.7 * plan.size
        _sample(ax, curve, (x, first), plan.size)
        write(ax, (x + indent, first), name, plan.size, color=INK if curve.marker else curve.color)


def _apart(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Move the middles of labels apart, first upwards, then down from the top: none touch, and all stay inside."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    at = list(wanted)
    floor = low - heights[order[0]] / 2
    for i in order:
        at[i] = max(at[i], floor + heights[i] / 2)
        floor = at[i] + heights[i] / 2
    ceiling = high + heights[order[-1]] / 2
    for i in reversed(order):
        at[i] = min(at[i], ceiling - heights[i] / 2)
        ceiling = at[i] - heights[i] / 2
    return at


def _draw_table(ax: Axes, plan: _Plan, foot: float) -> None:
    left, bottom, wide, _ = plan.box
    across = wide - plan.left - plan.right
    y = bottom + foot - _TICK - (2 * LINE + 0.8) * plan.size
    for row in plan.rows:
        first = y - _TABLE_LINE * plan.size / 2
        x = left + 0.3 * plan.size + _indent(row, plan.size)
        write(ax, (x, first), row.label, plan.size, bold=row.head, color=row.color)
        for tick, cell in zip(plan.ticks, row.cells, strict=False):
            x = left + plan.left + across * tick / plan.horizon
            write(ax, (x, first), cell, plan.size, align="center", color=INK)
        y -= _row_height(row, plan.size)


def _text_height(text: str, size: float) -> float:
    return (text.count("\n") + 1) * LINE * size


def _free_corner(plan: _Plan, tall: float) -> tuple[float, float] | None:
    """Return where the effect begins in a corner that no curve or band reaches; the plot is `tall` points high."""
    wide, gap = plan.box[2] - plan.left - plan.right, 0.7 * plan.size
    room, height = text_width(plan.effect, plan.size), _text_height(plan.effect, plan.size)
    left, right, low, high = gap, wide - gap - room, gap, tall - gap - height
    for x, y in ((left, low), (right, high), (right, low), (left, high)):
        if x > 0 and y > 0 and not _covered(plan, (x / wide, y / tall, room / wide, height / tall)):
            return x, y
    return None


def _write_effect(ax: Axes, plan: _Plan) -> None:
    """Write the effect into its corner, or above the plot where no corner is free."""
    if not plan.effect:
        return
    x0, y0, _, tall = box_in_points(ax)
    x, y = plan.corner or (0.0, tall + 0.4 * plan.size)
    write(ax, (x0 + x, y0 + y + _text_height(plan.effect, plan.size) - LINE * plan.size / 2), plan.effect, plan.size)


def _height(plan: _Plan, value: Any) -> Any:
    """Return how high a value stands, as a share of the plot."""
    return (value - plan.values[0]) / (plan.values[-1] - plan.values[0])


def _covered(plan: _Plan, area: Box) -> bool:
    """Whether a curve or its band enters an area of the plot, given in shares of its width and height."""
    x, y, wide, tall = area
    for curve in plan.drawn:
        times = np.linspace(max(x - 0.02, 0), x + wide + 0.02, 60) * plan.horizon
        at = np.searchsorted(curve.time, times[times <= curve.time[-1]], side="right") - 1
        low = _height(plan, np.fmin(curve.value, curve.low)[at])
        high = _height(plan, np.fmax(curve.value, curve.high)[at])
        if np.any((low < y + tall + 0.03) & (high > y - 0.03)):
            return True
    return False
