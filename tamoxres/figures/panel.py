"""A plot with ruled axes, a key above it and notes under it: what the diagnostic figures share.

Conventions: margins are measured from the texts that stand in them; the returned Axes is the plot itself, and the names
of its axes, its key and its notes are texts placed in figure fractions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from ..errors import TamoxresError
from ..wording import number, percent, plain
from .look import limits
from .measure import LINE, text_width, wrap
from .paper import Box, settle, write
from .style import ACCENT, Width, box_in_points, font_size, new_axes, to_fraction, width_of

__all__ = ["Room", "Ruler", "Sign", "lay_panel", "limited", "ratio_ruler", "room_for", "round_ruler"]

_TICK, _PLOT_LEAST = 4.5, 8.0  # length of a tick with its pad, points; least height of a plot, sizes of the text
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_DECADES = (0.01, 0.1, 1.0, 10.0, 100.0)
_RATIO_TICKS = (  # from the finest to the coarsest, with the range that each serves
    ((0.45, 2.2), (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)),
    ((0.45, 2.2), (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)),
    ((0.12, 9.0), (0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0)),
    ((0.12, 9.0), (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)),
    ((0.0, math.inf), (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)),
    ((0.0, math.inf), _DECADES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where a figure is drawn: the Axes it was given, if any, its box on paper, and the size of its letters; points."""

    ax: Axes | None
    box: Box
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """One axis: its name, its ends, its ticks and their labels, which are percentages of `shares`."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    log: bool = False
    shares: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One entry of the key: a marker, or a line where `marker` is empty."""

    label: str
    color: str = ACCENT
    face: str = ""
    marker: str = ""
    dashes: Any = "-"


def room_for(ax: Axes | None, width: Width) -> Room:
    """Find where to draw: into the box of an Axes, or on a new figure as wide as one or two columns."""
    box = (0.0, 0.0, width_of(width), 0.0) if ax is None else box_in_points(ax)
    return Room(ax=ax, box=box, size=font_size(box[2]))


def round_ruler(label: str, low: float, high: float, *, most: int = 6) -> Ruler:
    """Rule a linear axis from `low` to `high` with round ticks, `most` at most."""
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * part for part in _ROUND if math.floor(high / (power * part) + 1e-9) - math.ceil(
        low / (power * part) - 1e-9) < most)  # fmt: skip
    ticks = tuple(step * i for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1))
    decimals = next((d for d in range(8) if math.isclose(round(step, d), step, rel_tol=1e-9)), 8)
    return Ruler(label=label, low=low, high=high, ticks=ticks, labels=tuple(number(t, decimals) for t in ticks))


def ratio_ruler(label: str, low: float, high: float, *, apart: float) -> Ruler:
    """Rule a log axis of ratios from `low` to `high`, its ticks no nearer than `apart` of its length."""
    reach = math.log(high / low)
    for (least, most), known in _RATIO_TICKS:
        ticks = tuple(tick for tick in known if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9))
        gaps = [math.log(b / a) / reach for a, b in pairwise(ticks)]
        if least <= low and high <= most and len(ticks) > 1 and min(gaps) >= apart:
            break
    return Ruler(label=label, low=low, high=high, ticks=ticks, labels=tuple(plain(tick) for tick in ticks), log=True)


def limited(ruler: Ruler, axis: str) -> Ruler:
    """Rule an axis anew where other ends are asked of it.

    Raises
    ------
    TamoxresError
        If the ends of a log axis are not above 0.
    """
    ends = limits(axis)
    if ends is None:
        return ruler
    if ruler.log and ends[0] <= 0:
        raise TamoxresError(f"{axis}lim is {ends}; the axis is logarithmic, so both ends must be above 0.")
    ruled = ratio_ruler(ruler.label, *ends, apart=0.07) if ruler.log else round_ruler(ruler.label, *ends)
    names = tuple(percent(tick, 0) for tick in ruled.ticks) if ruler.shares else ruled.labels
    return replace(ruled, labels=names, shares=ruler.shares)


def lay_panel(
    room: Room,
    x: Ruler,
    y: Ruler,
    *,
    height: float,
    signs: Sequence[Sign] = (),
    notes: Sequence[str] = (),
    least: float = _PLOT_LEAST,
) -> Axes:
    """Make or empty the Axes, put it where its margins leave room, and write what stands around it.

    Parameters
    ----------
    room : Room
    x, y : Ruler
    height : float
        Of the plot, points, where no Axes is given.
    signs : sequence of Sign
        The key, in one line above the plot, or as many as it needs.
    notes : sequence of str
        Sentences under the plot.
    least : float
        Height of the plot below which an Axes is refused, in sizes of the text.

    Returns
    -------
    Axes
        With fixed limits and nothing drawn into it.

    Raises
    ------
    TamoxresError
        If the given Axes is too low.
    """
    size, wide = room.size, room.box[2]
    x, y = limited(x, "x"), limited(y, "y")
    left, right = _left_margin(y, size), text_width(x.labels[-1], size) / 2 + 0.3 * size
    keys = _key_lines(signs, wide - left - 0.5 * size, size)
    told = [wrap(note, wide - 0.6 * size, size) for note in notes]
    head = (0.6 + 1.5 * len(keys)) * size
    foot = _TICK + (2 * LINE + 0.8) * size + (LINE * sum(note.count("\n") + 1 for note in told)) * size
    ax, box = room.ax, room.box
    if ax is None:
        box = (0.0, 0.0, wide, head + height + foot)
        ax = new_axes(wide, box[3])
    tall = box[3] - head - foot
    if tall < least * size:
        raise TamoxresError(f"This Axes is {box[3] / 72:.1f} inches high, too low for the plot; make it higher.")
    inside = (box[0] + left, box[1] + foot, wide - left - right, tall)
    _rule_axes(ax, inside, x, y, size)
    _write_names(ax, (box, inside), x, y, size)
    _draw_key(ax, keys, (inside[0], box[1] + box[3] - 0.75 * size), size)
    below = inside[1] - _TICK - (2 * LINE + 1.2) * size
    for note in told:
        write(ax, (box[0] + 0.3 * size, below), note, size)
        below -= (note.count("\n") + 1) * LINE * size
    return ax


def _left_margin(y: Ruler, size: float) -> float:
    name = LINE * size + 0.6 * size if y.label else 0.0
    return name + max((text_width(label, size) for label in y.labels), default=0.0) + _TICK + 0.6 * size


def _rule_axes(ax: Axes, inside: Box, x: Ruler, y: Ruler, size: float) -> None:
    settle(ax, inside, (x.low, x.high), (y.low, y.high))
    for axis, ruler in ((ax.xaxis, x), (ax.yaxis, y)):
        if ruler.log:
            (ax.set_xscale if axis is ax.xaxis else ax.set_yscale)("log")
        axis.set_major_locator(FixedLocator(list(ruler.ticks)))
        axis.set_major_formatter(FixedFormatter(list(ruler.labels)))
        axis.set_minor_locator(NullLocator())
    ax.set_xlim(x.low, x.high)
    ax.set_ylim(y.low, y.high)
    ax.tick_params(labelsize=size)


def _write_names(ax: Axes, boxes: tuple[Box, Box], x: Ruler, y: Ruler, size: float) -> None:
    box, inside = boxes
    write(ax, (inside[0] + inside[2] / 2, inside[1] - _TICK - 2.1 * size), x.label, size, align="center")
    if y.label:
        middle = inside[1] + inside[3] / 2
        at = to_fraction(ax, box[0] + 0.3 * size, middle)
        text = wrap(y.label, inside[3], size)
        ax.text(*at, text, size=size, rotation=90, ha="left", va="center", transform=ax.figure.transFigure)


def _key_lines(signs: Sequence[Sign], wide: float, size: float) -> list[list[tuple[Sign, float]]]:
    """Set the entries of the key side by side, each with where it begins, in as many lines as they need."""
    lines: list[list[tuple[Sign, float]]] = []
    at = 0.0
    for sign in signs:
        need = _lead(sign, size) + text_width(sign.label, size)
        if not lines or at + need > wide:
            lines.append([])
            at = 0.0
        lines[-1].append((sign, at))
        at += need + 1.6 * size
    return lines


def _lead(sign: Sign, size: float) -> float:
    return (1.2 if sign.marker else 3.0) * size


def _draw_key(ax: Axes, lines: Sequence[Sequence[tuple[Sign, float]]], at: tuple[float, float], size: float) -> None:
    for i, line in enumerate(lines):
        y = at[1] - 1.5 * i * size
        for sign, start in line:
            x = at[0] + start
            ends = [x + 0.35 * size] if sign.marker else [x, x + 2.5 * size]
            spots = [to_fraction(ax, end, y) for end in ends]
            look: dict[str, Any] = {
                "marker": sign.marker or "", "markersize": 0.75 * size, "markerfacecolor": sign.face or sign.color,
                "markeredgecolor": sign.color, "color": sign.color, "linestyle": "" if sign.marker else sign.dashes,
                "linewidth": 1.1, "transform": ax.figure.transFigure, "clip_on": False,
            }  # fmt: skip
            ax.add_artist(Line2D([s[0] for s in spots], [s[1] for s in spots], **look))
            write(ax, (x + _lead(sign, size), y), sign.label, size)
