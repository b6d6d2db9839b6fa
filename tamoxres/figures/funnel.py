"""Funnel plots: precision against effect, with contours of significance, or events against effect with Debray's line.

The contours are centred on no effect, so that a reader sees whether the studies that seem to be missing would have been
the insignificant ones (Peters 2008). The line of a regression test stands in the plot of its own predictor: Egger's on
the standard error, Debray's on 1 / events.

References
----------
Peters JL et al. 2008, doi:10.1016/j.jclinepi.2007.11.010. Debray TPA et al. 2018, doi:10.1002/jrsm.1266.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from ..effects import EffectEstimate
from ..effects.routes import critical_value
from ..errors import EffectError, TamoxresError
from ..meta.bias import Asymmetry
from ..meta.pooled import PooledEffect
from ..wording import count, number, p_value
from .figure import figure
from .forest_axis import Scale, choose_scale
from .forest_layout import individual
from .forest_words import measure_head
from .look import Looks, renamed
from .measure import LINE, text_width, wrap
from .paper import Box, settle, write
from .style import (
    ACCENT,
    DARK,
    INK,
    MID,
    Width,
    box_in_points,
    font_size,
    journal,
    new_axes,
    to_fraction,
    use_style,
    width_of,
)

__all__ = ["funnel"]

_SHADES = (  # below which P, in words, and the shade; white where P is above them all
    (0.10, "P 0.05 to 0.10", "#D8D8D8"),
    (0.05, "P 0.01 to 0.05", "#E6E6E6"),
    (0.01, "P < 0.01", "#F3F3F3"),
)
_BY_EVENTS = ("fiv", "fav")
_PLOT_HEIGHT: dict[Width, float] = {"single": 0.72, "middle": 0.63, "double": 0.50}  # of the width
_PLOT_LEAST, _TICK, _MOST_TICKS = 8.0, 4.5, 6  # in sizes of the text; points; ticks of standard errors
_NAMES = {"fiv": "Debray's test", "fav": "Debray's test", "egger": "Egger's test", "begg": "Begg's test"}


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What is drawn: studies with their depth (standard error, or 1 / events), the scale, the margins; points."""

    effects: list[EffectEstimate]
    depth: list[float]
    by_events: bool
    deepest: float
    ticks: list[float]
    labels: list[str]
    size: float
    left: float
    scale: Scale
    notes: list[str]


@figure(without=("order", "ylim", "digits"), palette=(ACCENT, (DARK, "study")))
def funnel(
    pooled: PooledEffect,
    *,
    test: Asymmetry | None = None,
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the funnel of a meta-analysis, with contours of significance and, if given, the line of a test.

    Parameters
    ----------
    pooled : PooledEffect
    test : Asymmetry, optional
        As `small_study` gives it. Debray's tests put the number of events on the vertical axis (no contours there,
        since they belong to standard errors); Egger's line is drawn among the contours; a rank test is quoted alone.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        The effect on x, the standard error (or 1 / events) on y, growing downwards.

    Raises
    ------
    EffectError
        If a plot by events has no study with events.
    TamoxresError
        If `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=f"S{i}", log_estimate=0.1 * i, se=0.1 + 0.02 * i, events=40 + i, n=200)
    ...     for i in range(10)
    ... ]
    >>> funnel(tr.pool(rows)).has_data()
    True
    """
    box = (0.0, 0.0, width_of(width), 0.0) if ax is None else box_in_points(ax)
    size = font_size(box[2])
    with use_style(size):
        plan = _plan(pooled, test, box[2], size)
        foot = _foot_height(plan)
        if ax is None:
            box = (0.0, 0.0, box[2], foot + _PLOT_HEIGHT[width] * box[2])
            ax = new_axes(box[2], box[3])
        tall = box[3] - foot - 0.5 * size
        if tall < _PLOT_LEAST * size:
            raise TamoxresError(
                f"This Axes is {box[3] / 72:.1f} inches high, too low for a funnel plot; make it higher."
            )
        inside = (box[0] + plan.left, box[1] + foot, box[2] - plan.left - size, tall)
        _lay_axes(ax, plan, inside)
        if not plan.by_events:
            _draw_contours(ax, plan)
        _draw_lines(ax, plan, pooled, test)
        _draw_studies(ax, plan)
        _draw_words(ax, plan, pooled, box, inside)
    ax.set_label(f"Funnel plot of {len(plan.effects)} studies. {' '.join(plan.notes)}")
    return ax


def _plan(pooled: PooledEffect, test: Asymmetry | None, width: float, size: float) -> _Plan:
    by_events = test is not None and test.method in _BY_EVENTS
    effects = [effect for effect in pooled.effects if not by_events or effect.events]
    if not effects:
        raise EffectError("No study tells its number of events, so there is no funnel by events; leave out test=.")
    depth = [1 / (effect.events or 1) if by_events else (effect.se or 0.0) for effect in effects]
    deepest = 1.08 * max(depth)
    ticks, names = _event_ticks(deepest) if by_events else _error_ticks(deepest)
    left = max(text_width(name, size) for name in names) + LINE * size + _TICK + 1.2 * size
    points = [effect.estimate for effect in effects if effect.estimate is not None]
    spans = [(pooled.estimate, pooled.ci_low, pooled.ci_high), *((point, point, point) for point in points)]
    scale = choose_scale(spans, pooled.is_ratio, width - left - size, size, journal("tamoxres"))
    plan = _Plan(
        effects=effects, depth=depth, by_events=by_events, deepest=deepest, ticks=ticks, labels=names, size=size,
        left=left, scale=scale, notes=[],
    )  # fmt: skip
    plan.notes = [wrap(note, width - size, size) for note in _notes(pooled, plan, test)]
    return plan


def _error_ticks(deepest: float) -> tuple[list[float], list[str]]:
    """Return round standard errors from 0 down, five at most."""
    power = 10.0 ** math.floor(math.log10(deepest))
    step = next(s for s in (0.1 * power, 0.2 * power, 0.5 * power, power, 2 * power) if deepest / s < _MOST_TICKS)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = [step * i for i in range(math.floor(deepest / step + 1e-9) + 1)]
    return ticks, [number(tick, decimals) for tick in ticks]


def _event_ticks(deepest: float) -> tuple[list[float], list[str]]:
    """Return round numbers of events, the fewest lowest, spaced so that their labels do not touch."""
    kept: list[int] = []
    for events in (10**power * step for power in range(6) for step in (1, 2, 5)):
        if 1 / events <= deepest and (not kept or 1 / kept[-1] - 1 / events >= 0.09 * deepest):
            kept.append(events)
    return [1 / events for events in kept], [count(events) for events in kept]


def _notes(pooled: PooledEffect, plan: _Plan, test: Asymmetry | None) -> list[str]:
    notes = ["Dashed: pooled effect."]
    if test is not None:
        line = " (line)" if test.slope is not None else ""
        notes.append(f"{_NAMES[test.method]}{line}: {p_value(test.p_value, label=True)}, {test.k} studies.")
    if lacking := len(pooled.effects) - len(plan.effects):
        notes.append(f"Not shown, number of events not known: {lacking}.")
    if len({individual(effect) for effect in plan.effects}) == 2:
        return [" ".join(notes), "■ individual patient data, ● published result."]
    return [" ".join(notes)]


def _foot_height(plan: _Plan) -> float:
    key = 0.0 if plan.by_events else 1.5
    lines = sum(note.count("\n") + 1 for note in plan.notes)
    return _TICK + (2 * LINE + 0.9 + key + lines * LINE) * plan.size


def _lay_axes(ax: Axes, plan: _Plan, inside: Box) -> None:
    settle(ax, inside, (plan.scale.low, plan.scale.high), (plan.deepest, 0.0))
    ax.set_xscale("log" if plan.scale.is_ratio else "linear")
    ax.xaxis.set_major_locator(FixedLocator(plan.scale.ticks))
    ax.xaxis.set_major_formatter(FixedFormatter(plan.scale.labels))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(FixedLocator(plan.ticks))
    ax.yaxis.set_major_formatter(FixedFormatter(plan.labels))
    ax.tick_params(labelsize=plan.size)


def _across(plan: _Plan, value: float) -> float:
    """Turn a value on the analysis scale into one on the axis."""
    return math.exp(min(value, 700.0)) if plan.scale.is_ratio else value


def _draw_contours(ax: Axes, plan: _Plan) -> None:
    """Shade where a study's own two-sided P would be below 0.10, 0.05 and 0.01, the lightest where it is smallest."""
    null = _across(plan, 0.0)
    for p, _, shade in _SHADES:
        reach = critical_value(1 - p) * plan.deepest
        for end, edge in ((plan.scale.low, _across(plan, -reach)), (plan.scale.high, _across(plan, reach))):
            far = max(edge, end) if end > null else min(edge, end)
            y = [0.0, plan.deepest, plan.deepest, 0.0]
            ax.fill([null, edge, far, far], y, color=shade, linewidth=0, zorder=-p, gid=f"contour-{p:g}")


def _draw_lines(ax: Axes, plan: _Plan, pooled: PooledEffect, test: Asymmetry | None) -> None:
    null = _across(plan, 0.0)
    ax.plot([null, null], [0.0, plan.deepest], color=DARK, linewidth=0.7, zorder=1, gid="null")
    ax.plot(
        [pooled.estimate] * 2, [0.0, plan.deepest], color=ACCENT, linewidth=0.8, dashes=(3, 2), zorder=2, gid="pooled"
    )
    if test is not None and test.slope is not None and test.intercept is not None:
        depths = np.linspace(0.0, plan.deepest, 50)
        x = [_across(plan, test.intercept + test.slope * float(depth)) for depth in depths]
        ax.plot(x, depths, color=INK, linewidth=0.9, zorder=2, gid="test")


def _draw_studies(ax: Axes, plan: _Plan) -> None:
    mixed = len({individual(effect) for effect in plan.effects}) == 2
    for i, (effect, depth) in enumerate(zip(plan.effects, plan.depth, strict=True)):
        value = effect.estimate if effect.estimate is not None else math.nan
        shape = "s" if mixed and individual(effect) else "o"
        if not plan.scale.low <= value <= plan.scale.high:
            shape = ">" if value > plan.scale.high else "<"
        x = min(max(value, plan.scale.low), plan.scale.high)
        ax.plot(
            [x], [depth], marker=shape, markersize=0.75 * plan.size, color=DARK, markeredgecolor="white",
            markeredgewidth=0.5, linestyle="", zorder=3, clip_on=False, gid=f"study-{i}",
        )  # fmt: skip


def _draw_words(
    ax: Axes, plan: _Plan, pooled: PooledEffect, box: Box,
    inside: Box,
) -> None:  # fmt: skip
    """Write the names of the axes, the key of the contours and the notes."""
    size = plan.size
    y = inside[1] - _TICK - 2.1 * size
    head, _, _ = measure_head(pooled.measure, pooled.estimand, "tamoxres", pooled.level).partition(" (")
    write(ax, (inside[0] + inside[2] / 2, y), head.replace("\n", " "), size, align="center")
    label = "Events" if plan.by_events else "Standard error"
    x, middle = to_fraction(ax, box[0] + 0.3 * size, inside[1] + inside[3] / 2)
    ax.text(x, middle, renamed(label), size=size, rotation=90, ha="left", va="center", transform=ax.figure.transFigure)
    y -= 1.6 * size
    if not plan.by_events:
        _draw_key(ax, (inside[0], y), size)
        y -= 1.5 * size
    for note in plan.notes:
        write(ax, (box[0] + 0.5 * size, y), note, size)
        y -= (note.count("\n") + 1) * LINE * size


def _draw_key(ax: Axes, at: tuple[float, float], size: float) -> None:
    x, y = at
    for _, text, shade in _SHADES:
        (x0, y0), (x1, y1) = to_fraction(ax, x, y - 0.4 * size), to_fraction(ax, x + size, y + 0.4 * size)
        look: dict[str, Any] = {"facecolor": shade, "edgecolor": MID, "linewidth": 0.4, "clip_on": False}
        ax.add_artist(Rectangle((x0, y0), x1 - x0, y1 - y0, transform=ax.figure.transFigure, **look))
        write(ax, (x + 1.4 * size, y), text, size)
        x += text_width(text, size) + 3 * size
