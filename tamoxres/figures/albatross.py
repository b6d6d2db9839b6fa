"""Albatross plot: P values of studies that cannot be pooled, against their size, with contours of equal hazard ratio.

Conventions: the two-sided P runs from 1 in the middle to small ones at both sides, better to the left and worse to the
right, on a log scale; the number of patients runs up, on a log scale. Along a contour a study of that size would have
that P if the hazard ratio were the one written at its end, by z^2 = events x share altered x (1 - share) x log(HR)^2.
Contours are a guide: they rest on one share of events and one of altered patients for all studies.

References
----------
Harrison S et al. 2017, doi:10.1002/jrsm.1239. Schoenfeld DA 1983, Biometrics 39:499 (events and power).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from ..effects import EffectEstimate
from ..errors import EffectError, TamoxresError
from ..meta.votes import albatross, albatross_contour
from ..wording import count, percent, plain, ratio
from .figure import figure
from .look import Looks, limits, renamed
from .measure import LINE, text_width, wrap
from .paper import Box, settle, write
from .style import (
    DARK,
    INK,
    LIGHT,
    MID,
    SMALLEST,
    Width,
    box_in_points,
    font_size,
    new_axes,
    to_fraction,
    use_style,
    width_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["albatross_plot"]

Floats = np.ndarray[Any, np.dtype[np.float64]]
RATIOS = (1.25, 1.5, 2.0, 3.0)
_TICKS = (0.1, 0.05, 0.01, 0.001, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-15, 1e-20, 1e-30, 1e-50, 1e-100, 1e-200)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEAST_REACH = 3.3  # -log10(P) that is always on the paper
_NUMBERED = 20  # studies up to which each bears its number
_PLOT_HEIGHT: dict[Width, float] = {"single": 0.72, "middle": 0.63, "double": 0.50}  # of the width
_PLOT_LEAST, _TICK = 8.0, 4.5  # in sizes of the text; points
_LOW_EDGE, _HIGH_EDGE = 1.6, 1.5  # room below the smallest and above the largest study, as factors


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What is drawn: the studies, the limits of -log10(P) and of n, the contours, margins in points."""

    table: pd.DataFrame
    share: float | None
    allocation: float
    reach: float
    low: float
    high: float
    ratios: Sequence[float]
    size: float
    left: float
    right: float
    notes: list[str]


@figure(without=("order", "xlim"), palette=((DARK, "study"),))
def albatross_plot(
    effects: Iterable[EffectEstimate],
    *,
    ratios: Sequence[float] = RATIOS,
    events_share: float | None = None,
    allocation: float = 0.5,
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the P values of studies against their number of patients, with contours of equal hazard ratio.

    Parameters
    ----------
    effects : iterable of EffectEstimate
        One row a study; rows may be tests alone. Rows without n, P or direction are counted in a note.
    ratios : sequence of float
        Hazard ratios above 1 of the contours; their inverses are drawn on the other side.
    events_share : float, optional
        Share of patients with an event; by default that of the rows that tell it. Without either no contours are drawn.
    allocation : float
        Share of altered patients that the contours assume.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Signed -log10(P) on x (worse is positive), number of patients on y (log).

    Raises
    ------
    EffectError
        If no row has n, P and direction, or a ratio or a share is out of bounds.
    TamoxresError
        If `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=f"S{i}", p_value=0.01 * i, n=100 * i, direction="worse", status="test_only")
    ...     for i in (1, 2, 3)
    ... ]
    >>> albatross_plot(rows).has_data()
    True
    """
    table = albatross(effects)
    _refuse(table, ratios, events_share, allocation)
    box = (0.0, 0.0, width_of(width), 0.0) if ax is None else box_in_points(ax)
    size = font_size(box[2])
    with use_style(size):
        share = events_share if events_share is not None else table.attrs["events_share"]
        plan = _plan(table, share, allocation, ratios, box[2], size)
        foot = _TICK + (2 * LINE + 0.9 + sum(note.count("\n") + 1 for note in plan.notes) * LINE) * size
        head = 2.0 * size  # for contours that end at the top
        if ax is None:
            box = (0.0, 0.0, box[2], foot + head + _PLOT_HEIGHT[width] * box[2])
            ax = new_axes(box[2], box[3])
        tall = box[3] - foot - head
        if tall < _PLOT_LEAST * size:
            raise TamoxresError(
                f"This Axes is {box[3] / 72:.1f} inches high, too low for an albatross plot; make it higher."
            )
        inside = (box[0] + plan.left, box[1] + foot, box[2] - plan.left - plan.right, tall)
        _lay_axes(ax, plan, inside)
        _draw_contours(ax, plan, inside)
        _draw_studies(ax, plan)
        _draw_words(ax, plan, box, inside)
    ax.set_label(f"Albatross plot of {len(plan.table)} studies. {' '.join(plan.notes)}")
    return ax


def _refuse(table: pd.DataFrame, ratios: Sequence[float], share: float | None, allocation: float) -> None:
    if table.empty:
        raise EffectError(
            "No row tells n, P and direction, so there is no albatross plot; count votes with vote_table."
        )
    if wrong := [value for value in ratios if not value > 1]:
        raise EffectError(f"Contour ratio {wrong[0]:g}: give ratios above 1, as 1.5; their inverses are drawn too.")
    for name, value in (("events_share", share), ("allocation", allocation)):
        if value is not None and not (0 < value < 1 or (name == "events_share" and value == 1)):
            raise EffectError(f"{name} is {value:g}; it is a share between 0 and 1.")


def _plan(
    table: pd.DataFrame, share: float | None, allocation: float, ratios: Sequence[float], width: float, size: float
) -> _Plan:
    depth = -np.log10(np.maximum(table["p_value"].to_numpy(float), 1e-300))
    low, high = float(table["n"].min()) / _LOW_EDGE, float(table["n"].max()) * _HIGH_EDGE
    if high / low < 10:
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(10), middle * math.sqrt(10)
    low, high = limits("y") or (low, high)
    if low <= 0 or not table["n"].between(low, high).all():
        raise TamoxresError(f"ylim is {low:g} to {high:g}, and some of the studies have fewer or more patients.")
    ends = [ratio(value) for side in ratios for value in (side, 1 / side)]
    left = max(text_width(count(tick), size) for tick in _sizes(low, high)) + LINE * size + _TICK + 1.2 * size
    right = max([text_width(f"HR {end}", size) for end in ends], default=0.0) + size if share else size
    plan = _Plan(
        table=table, share=share, allocation=allocation, reach=max(_LEAST_REACH, 1.08 * float(depth.max())), low=low,
        high=high, ratios=sorted(ratios), size=size, left=left, right=right, notes=[],
    )  # fmt: skip
    plan.notes = [wrap(note, width - size, size) for note in _notes(plan)]
    return plan


def _sizes(low: float, high: float) -> list[int]:
    """Return round numbers of patients within the limits: 1, 2 and 5 of each power of ten, or 1 alone where many."""
    steps = (1, 2, 5) if high / low < 500 else (1,)
    return [step * 10**power for power in range(8) for step in steps if low <= step * 10**power <= high]


def _notes(plan: _Plan) -> Iterator[str]:
    yield "Dashed: P = 0.05."
    if plan.share:
        yield (
            f"Contours: hazard ratios, if {percent(plan.share, 0)} of the patients had an event and "
            f"{percent(plan.allocation, 0)} were altered."
        )
    else:
        yield "No contours: no row tells its events (events_share)."
    if plan.table["bound"].any():
        yield "Open: P printed as an upper bound."
    if left_out := plan.table.attrs["left_out"]:
        yield f"Not shown, n, P or direction not told: {len(left_out)}."
    if len(plan.table) <= _NUMBERED:
        yield "; ".join(f"{i} {study}" for i, study in enumerate(plan.table["study"], start=1)) + "."


def _lay_axes(ax: Axes, plan: _Plan, inside: Box) -> None:
    settle(ax, inside, (-plan.reach, plan.reach), (plan.low, plan.high))
    ax.set_yscale("log")
    ticks = _p_ticks(plan, inside[2])
    ax.xaxis.set_major_locator(FixedLocator([-math.copysign(math.log10(abs(p)), p) for p in ticks]))
    ax.xaxis.set_major_formatter(FixedFormatter([_written(abs(p)) for p in ticks]))
    sizes = _sizes(plan.low, plan.high)
    ax.yaxis.set_major_locator(FixedLocator(sizes))
    ax.yaxis.set_major_formatter(FixedFormatter([count(n) for n in sizes]))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    ax.tick_params(labelsize=plan.size)


def _p_ticks(plan: _Plan, width: float) -> list[float]:
    """Return the P values with a tick, better ones negative, as many as do not touch."""
    kept, edge = [1.0], text_width("1", plan.size) / 2
    for p in _TICKS:
        at = -math.log10(p) / plan.reach * width / 2
        half = text_width(_written(p), plan.size) / 2
        if at <= width / 2 and at - half > edge + 0.8 * plan.size:
            kept += [p, -p]
            edge = at + half
    return sorted(kept)


def _written(p: float) -> str:
    """Write a P of a tick: in full to 0.001, as a power of ten below."""
    return plain(p) if p >= 0.001 else f"10⁻{str(-round(math.log10(p))).translate(_RAISED)}"


def _draw_contours(ax: Axes, plan: _Plan, inside: Box) -> None:
    ax.plot([0, 0], [plan.low, plan.high], color=DARK, linewidth=0.7, zorder=1, gid="null")
    edge = -math.log10(0.05)
    for x in (-edge, edge):
        ax.plot([x, x], [plan.low, plan.high], color=MID, linewidth=0.5, dashes=(2, 2), zorder=1, gid="alpha")
    if not plan.share:
        return
    taken: list[tuple[bool, float]] = []
    for value in reversed(plan.ratios):  # the outermost first; one whose name would touch another's is left out
        depth, needed = _contour(plan, value)
        if needed[-1] <= plan.low:
            continue  # under the smallest study everywhere
        ends = _end(plan, inside, float(depth[-1]), float(needed[-1]))
        apart = [abs(ends[1] - at) for top, at in taken if top == ends[0]] + ([2 * ends[1]] if ends[0] else [])
        if min(apart, default=math.inf) < _room(plan, ends[0]):
            continue
        taken.append(ends)
        for sign, told in ((1, value), (-1, 1 / value)):
            ax.plot(sign * depth, needed, color=LIGHT, linewidth=0.8, zorder=0.5, gid=f"contour-{told:g}")
            _name_contour(ax, plan, inside, ends, sign, f"HR {ratio(told)}")


def _contour(plan: _Plan, value: float) -> tuple[Floats, Floats]:
    """Return -log10(P) and the patients that a hazard ratio needs for it, as far as the plot goes."""
    depth = np.geomspace(1e-3, plan.reach, 400)
    share, allocation = plan.share or 1.0, plan.allocation
    needed = [albatross_contour(value, 10**-x, events_share=share, allocation=allocation) for x in depth.tolist()]
    shown = np.array(needed) <= plan.high
    return depth[shown], np.array(needed)[shown]


def _end(plan: _Plan, inside: Box, depth: float, n: float) -> tuple[bool, float]:
    """Tell whether a contour leaves at the top, and where: points from the middle, or up from the bottom."""
    if depth < 0.995 * plan.reach:
        return True, depth / plan.reach * inside[2] / 2
    return False, inside[3] * math.log(n / plan.low) / math.log(plan.high / plan.low)


def _room(plan: _Plan, top: bool) -> float:
    return text_width("HR 0.00", plan.size) + plan.size if top else 1.5 * plan.size


def _name_contour(ax: Axes, plan: _Plan, inside: Box, end: tuple[bool, float], sign: int, text: str) -> None:
    """Write a contour's ratio where it leaves the plot: above, right of it, or over its left end."""
    top, at = end
    if top:
        x = inside[0] + inside[2] / 2 + sign * at
        write(ax, (x, inside[1] + inside[3] + 0.8 * plan.size), text, plan.size, align="center", color=DARK)
    elif sign > 0:
        write(ax, (inside[0] + inside[2] + 0.4 * plan.size, inside[1] + at), text, plan.size, color=DARK)
    else:
        above = min(at + 0.7 * plan.size, inside[3] - 0.6 * plan.size)
        write(ax, (inside[0] + 0.4 * plan.size, inside[1] + above), text, plan.size, color=DARK)


def _draw_studies(ax: Axes, plan: _Plan) -> None:
    numbered = len(plan.table) <= _NUMBERED
    rows = plan.table.sort_values("n", ascending=False)
    for i, row in zip(rows.index, rows.to_dict("records"), strict=True):
        x = -math.log10(max(row["p_value"], 1e-300)) * (1 if row["direction"] == "worse" else -1)
        face, ink = ("white", INK) if row["bound"] else (DARK, "white")
        ax.plot(
            [x], [row["n"]], marker="o", markersize=(1.5 if numbered else 0.75) * plan.size, color=face,
            markeredgecolor=DARK if row["bound"] else "white", markeredgewidth=0.6, linestyle="", zorder=3,
            clip_on=False, gid=f"study-{i}",
        )  # fmt: skip
        if numbered:
            ax.text(
                x,
                row["n"],
                str(int(i) + 1),
                size=max(0.85 * plan.size, min(SMALLEST, plan.size)),
                color=ink,
                ha="center",
                va="center_baseline",
                zorder=4,
            )


def _draw_words(ax: Axes, plan: _Plan, box: Box, inside: Box) -> None:
    """Write the names of the axes and the notes."""
    size = plan.size
    y = inside[1] - _TICK - 2.1 * size
    middle = inside[0] + inside[2] / 2
    write(ax, (middle, y), "P (two-sided)", size, align="center")
    write(ax, (inside[0], y), "← better", size)
    write(ax, (inside[0] + inside[2], y), "worse →", size, align="right")
    x, centre = to_fraction(ax, box[0] + 0.3 * size, inside[1] + inside[3] / 2)
    ax.text(
        x, centre, renamed("Patients"), size=size, rotation=90, ha="left", va="center", transform=ax.figure.transFigure
    )
    y -= 1.6 * size
    for note in plan.notes:
        write(ax, (box[0] + 0.5 * size, y), note, size)
        y -= (note.count("\n") + 1) * LINE * size
