"""Survival and incidence curves in panels with shared axes: a panel a cause, or a panel a treatment or marker level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

from matplotlib.axes import Axes

from ..curves import Curves
from ..effects import EffectEstimate
from ..errors import AnalysisError
from . import survival_parts as parts
from .figure import figure
from .look import Looks, look_now, looking
from .style import HouseAxes, Width, new_axes, paper_height, use_style, width_of
from .survival_draw import Panel, check_curves, draw_panel
from .survival_parts import TimeUnit

__all__ = ["cause_panels", "survival_panels"]

_SIDE_BY_SIDE = 340.0  # least width of a figure whose panels stand beside each other, points
_GAP = 10.0  # between panels, points
_SHARE = 0.62  # height of a plot, of the panel's width
Effects = EffectEstimate | Sequence[EffectEstimate] | None


@figure(palette=parts.HUES)
def survival_panels(
    panels: Mapping[str, Curves],
    *,
    effects: Effects = None,
    at_risk: bool = True,
    kmunicate: bool = False,
    unit: TimeUnit | None = None,
    width: Width = "double",
    **look: Unpack[Looks],
) -> list[Axes]:
    """Draw curves in panels that share their axes, such as one for the treated and one for the untreated.

    Parameters
    ----------
    panels : mapping of title to Curves
        Two at least, all survival or all incidence.
    effects : EffectEstimate, or one for each panel, optional
        Written into each panel: its own hazard ratio, or the interaction in all of them.
    at_risk, kmunicate, unit
        As in `survival_plot`.
    width : "single" | "middle" | "double"
        Panels stand beside each other on two columns (170 mm), above each other on fewer.

    Returns
    -------
    list of Axes
        One a panel, on one figure.

    Raises
    ------
    AnalysisError
        If there are no panels, survival stands beside incidence, or there are more or fewer effects than panels.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.load("gbsg")
    >>> curves = {
    ...     group: tr.kaplan_meier(tr.select(gbsg, endpoint="RFS", er="any", treatment=treatment), by="menopause")
    ...     for group, treatment in (("Endocrine therapy", "endocrine"), ("No endocrine therapy", "none"))
    ... }
    >>> len(survival_panels(curves))
    2
    """
    table = "kmunicate" if kmunicate else "at risk" if at_risk else ""
    room = Panel(width=width_of(width), share=_SHARE, unit=unit, table=table)
    return _side_by_side(panels, _each(effects, len(panels)), room)


def cause_panels(
    curves: Curves, *, effect: EffectEstimate | None, table: str, unit: TimeUnit | None, width: Width
) -> list[Axes]:
    """Draw a panel for each cause; the effect, which is that of the endpoint, stands in the endpoint's panel."""
    causes = list(dict.fromkeys(curve.cause for curve in curves))
    panels, effects = {}, []
    for cause in causes:
        own = tuple(curve for curve in curves if curve.cause == cause)
        panels[parts.sentence(f"{parts.cause_name(cause)}s")] = replace(curves, curves=own)
        effects.append(effect if cause in (curves.endpoint, causes[0]) and cause != "" else None)
    return _side_by_side(panels, effects, Panel(width=width_of(width), share=_SHARE, unit=unit, table=table))


def _each(effects: Effects, panels: int) -> list[EffectEstimate | None]:
    """Return one effect for each panel."""
    if effects is None or isinstance(effects, EffectEstimate):
        return [effects] * panels
    if len(effects) != panels:
        raise AnalysisError(f"{len(effects)} effects for {panels} panels: give one for each, or one for all.")
    return list(effects)


def _heights(told: Sequence[tuple[Panel, Curves, EffectEstimate | None]]) -> list[float]:
    """Measure each panel on paper of its own, without the title that stands above all."""
    with looking(replace(look_now(), title="")):
        return [paper_height(draw_panel(curves, effect, panel, None)) for panel, curves, effect in told]


def _side_by_side(panels: Mapping[str, Curves], effects: Sequence[EffectEstimate | None], room: Panel) -> list[Axes]:
    """Measure each panel on paper of its own, then draw all on one figure with axes and height that serve all."""
    panels = {title: parts.curves_in_order(curves) for title, curves in panels.items()}
    every = list(panels.values())
    for curves in every or [Curves(curves=(), grouping="", endpoint="", population="", method="")]:
        check_curves(curves)
    if len({curves.curves[0].kind for curves in every}) > 1:
        raise AnalysisError("Panels share their axes: draw survival and incidence in two figures.")
    beside = len(every) if room.width >= _SIDE_BY_SIDE else 1
    wide = (room.width - (beside - 1) * _GAP) / beside
    highest = max(parts.highest_drawn(c, parts.drawn_curves(c, 1.0)) for c in every)
    shared = replace(room, width=wide, highest=highest, horizon=max(parts.last_drawn(c) for c in every) or 1.0)
    told = [(replace(shared, title=title), curves, effect) for (title, curves), effect in zip(
        panels.items(), effects, strict=True)]  # fmt: skip
    heights = _heights(told)
    if max(heights) - min(heights) > 1:  # an effect stands above its plot: room for it above all of them
        told = [(replace(panel, lifted=True), curves, effect) for panel, curves, effect in told]
        heights = _heights(told)
    tall = max(heights)
    lines = -(-len(told) // beside)
    whole = lines * tall + (lines - 1) * _GAP
    paper = new_axes(room.width, whole)
    figure, high = paper.figure, paper_height(paper)
    paper.remove()
    drawn = []
    for i, (panel, curves, effect) in enumerate(told):
        left, top = (i % beside) * (wide + _GAP), whole - (i // beside) * (tall + _GAP)
        place = (left / room.width, (top - tall) / high, wide / room.width, tall / high)
        with use_style():
            ax = figure.add_axes(place, axes_class=HouseAxes)
        drawn.append(draw_panel(curves, effect, panel, ax))
    return drawn
