"""GOSH: the pooled effect and I2 of every subset of the studies, those with one study set apart by colour.

Two clouds that the colours part mean that one study makes the answer, or the heterogeneity. Strips above and beside the
plot show how many subsets lie where.

References
----------
Olkin I, Dahabreh IJ, Trikalinos TA 2012, doi:10.1002/jrsm.1053.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from ..errors import TamoxresError
from ..meta.gosh import Gosh, gosh
from ..meta.pooled import PooledEffect
from .figure import figure
from .forest_axis import Scale, choose_scale
from .forest_words import measure_head
from .look import Looks, limits, renamed
from .measure import LINE, text_width, wrap
from .paper import settle, write
from .style import ACCENT, DARK, INK, MID, Width, font_size, journal, new_axes, to_fraction, use_style, width_of

__all__ = ["gosh_plot"]

_BINS, _STRIP = 60, 2.6  # of the strips; their height in sizes of the text
_TICK, _MOST_SHOWN, _VECTORS = 4.5, 20_000, 2_000  # more points than the last are one picture
_HEIGHT: dict[Width, float] = {"single": 0.75, "middle": 0.65, "double": 0.5}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is drawn and where: points from the lower left corner."""

    found: Gosh
    apart: npt.NDArray[np.bool_]
    named: str
    scale: Scale
    size: float
    inside: tuple[float, float, float, float]
    notes: list[str]


@figure(without=("order", "ylim", "digits"), palette=(ACCENT, MID), on_paper=True)
def gosh_plot(
    subsets: Gosh | PooledEffect,
    *,
    study: str = "",
    width: Width = "single",
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the pooled effect against I2 of every subset of the studies.

    Parameters
    ----------
    subsets : Gosh, or PooledEffect
        As `meta.gosh.gosh` gives them; of a pooled effect they are found first.
    study : str
        Whose subsets are set apart by colour; by default the study that moves the middle of the effects most.
    width : "single" | "middle" | "double"
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        The effect on x, I2 in percent on y.

    Raises
    ------
    TamoxresError
        If the study is not among those pooled.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=f"S{i}", log_estimate=0.1 * i, se=0.2) for i in range(5)]
    >>> gosh_plot(tr.pool(rows)).get_label().partition(".")[0]
    'Pooled effects of subsets'
    """
    found = gosh(subsets) if isinstance(subsets, PooledEffect) else subsets
    wide = width_of(width)
    size = font_size(wide)
    with use_style(size):
        plan, height = _plan(found, study, wide, size, width)
        ax = new_axes(wide, height)
        _lay_axes(ax, plan)
        _draw_cloud(ax, plan)
        _draw_strips(ax, plan)
        _draw_words(ax, plan)
    ax.set_label(f"Pooled effects of subsets. {' '.join(plan.notes)}")
    return ax


def _plan(found: Gosh, study: str, wide: float, size: float, width: Width) -> tuple[_Plan, float]:
    labels = [effect.label for effect in found.pooled.effects]
    if study and study not in labels:
        raise TamoxresError(f"{study} is not among the studies pooled: {', '.join(labels)}.")
    index = labels.index(study) if study else _most_moving(found)
    left = text_width("100", size) + LINE * size + _TICK + 1.2 * size
    right = _STRIP * size + 0.5 * size
    estimates = found.estimates()
    low, high = float(estimates.min()), float(estimates.max())
    span = [(found.pooled.estimate, low, high)]
    scale = _cropped(
        choose_scale(span, found.pooled.is_ratio, wide - left - right, size, journal("tamoxres")), low, high
    )
    told = [f"Blue: subsets with {labels[index]}. Dashed: all studies.", found.words]
    notes = [wrap(note, wide - size, size) for note in told]
    foot = _TICK + (2 * LINE + 1.2 + LINE * sum(note.count("\n") + 1 for note in notes)) * size
    tall = _HEIGHT[width] * wide
    inside = (left, foot, wide - left - right, tall)
    plan = _Plan(found, found.members[:, index], labels[index], scale, size, inside, notes)
    return plan, foot + tall + (_STRIP + 0.8) * size


def _cropped(scale: Scale, low: float, high: float) -> Scale:
    """Return the scale from the last tick below all subsets and no effect to the first above them."""
    null = 1.0 if scale.is_ratio else 0.0
    if limits("x") is not None:
        return scale
    start = max((tick for tick in scale.ticks if tick <= min(low, null)), default=scale.low)
    stop = min((tick for tick in scale.ticks if tick >= max(high, null)), default=scale.high)
    kept = [i for i, tick in enumerate(scale.ticks) if start <= tick <= stop]
    ticks, labels = tuple(scale.ticks[i] for i in kept), tuple(scale.labels[i] for i in kept)
    return replace(scale, low=start, high=stop, ticks=ticks, labels=labels)


def _most_moving(found: Gosh) -> int:
    """Return the study whose presence moves the median of the pooled effects most."""
    moved = [abs(float(np.median(found.point[inside]) - np.median(found.point[~inside]))) for inside in found.members.T]
    return int(np.argmax(moved))


def _lay_axes(ax: Axes, plan: _Plan) -> None:
    settle(ax, plan.inside, (plan.scale.low, plan.scale.high), (-2.0, 102.0))
    ax.set_xscale("log" if plan.scale.is_ratio else "linear")
    ax.xaxis.set_major_locator(FixedLocator(plan.scale.ticks))
    ax.xaxis.set_major_formatter(FixedFormatter(plan.scale.labels))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(FixedLocator([0, 25, 50, 75, 100]))
    ax.yaxis.set_major_formatter(FixedFormatter(["0", "25", "50", "75", "100"]))
    ax.tick_params(labelsize=plan.size)


def _draw_cloud(ax: Axes, plan: _Plan) -> None:
    x, y = plan.found.estimates(), plan.found.i2
    order = np.random.default_rng(0).permutation(len(x))[:_MOST_SHOWN]  # so that neither colour hides the other
    colors = [ACCENT if with_it else MID for with_it in plan.apart[order]]
    many = len(order) > _VECTORS
    size, alpha = (2.5, 0.35) if many else (7.0, 0.7)
    look: dict[str, Any] = {"s": size, "alpha": alpha, "linewidths": 0, "zorder": 2, "gid": "subsets", "clip_on": True}
    ax.scatter(x[order], y[order], c=colors, rasterized=many, **look)
    null = 1.0 if plan.scale.is_ratio else 0.0
    ax.plot([null, null], [-2, 102], color=DARK, linewidth=0.7, zorder=1, gid="null")
    ax.plot(
        [plan.found.pooled.estimate] * 2, [-2, 102], color=INK, linewidth=0.8, dashes=(3, 2), zorder=3, gid="pooled"
    )


def _draw_strips(ax: Axes, plan: _Plan) -> None:
    """Draw how many subsets lie where, above the plot and beside it, with and without the study."""
    left, foot, wide, tall = plan.inside
    point = plan.found.point
    ends = (plan.scale.low, plan.scale.high)
    low, high = np.log(ends) if plan.scale.is_ratio else ends
    reach = _STRIP * plan.size
    for values, (start, stop), along, up in (
        (point, (low, high), wide, True), (plan.found.i2, (-2.0, 102.0), tall, False)
    ):  # fmt: skip
        edges = np.linspace(start, stop, _BINS + 1)
        counts = [np.histogram(values[where], edges)[0] for where in (~plan.apart, plan.apart)]
        most = max(1, int(np.max(counts)))
        for found, color in zip(counts, (MID, ACCENT), strict=True):
            at = np.repeat(np.linspace(0, along, _BINS + 1), 2)[1:-1]
            height = np.repeat(found * reach / most, 2)
            places = [
                to_fraction(ax, *((left + a, foot + tall + 2 + h) if up else (left + wide + 2 + h, foot + a)))
                for a, h in zip(at, height, strict=True)
            ]
            ax.plot(
                *zip(*places, strict=True), color=color, linewidth=0.8, transform=ax.figure.transFigure, clip_on=False
            )


def _draw_words(ax: Axes, plan: _Plan) -> None:
    left, foot, wide, tall = plan.inside
    size, y = plan.size, foot - _TICK - 2.1 * plan.size
    pooled = plan.found.pooled
    head, _, _ = measure_head(pooled.measure, pooled.estimand, "tamoxres", pooled.level).partition(" (")
    write(ax, (left + wide / 2, y), head.replace("\n", " "), size, align="center")
    x, middle = to_fraction(ax, 0.3 * size, foot + tall / 2)
    ax.text(
        x, middle, renamed("I², %"), size=size, rotation=90, ha="left", va="center", transform=ax.figure.transFigure
    )
    y -= 1.6 * size
    for note in plan.notes:
        write(ax, (0.5 * size, y), note, size)
        y -= (note.count("\n") + 1) * LINE * size
