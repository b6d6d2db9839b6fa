"""Survival and cumulative-incidence figures: curves in, one Axes out, with the numbers at risk under the axis.

The returned Axes is the plot itself, time on x and the share of patients (0 to 1) on y; labels and the table are texts
of that Axes, placed in figure fractions. The note of the curves is not drawn: it belongs to the caption.
"""

from __future__ import annotations

from typing import Unpack

from matplotlib.axes import Axes

from ..curves import Curves
from ..effects import EffectEstimate
from .figure import figure
from .look import Looks
from .style import Width, width_of
from .survival_draw import Panel, by_cause, check_curves, draw_panel
from .survival_panels import cause_panels
from .survival_parts import HUES, TimeUnit, curves_in_order

__all__ = ["survival_plot"]

_PLOT_HEIGHT: dict[Width, float] = {
    "single": 0.62,
    "middle": 0.56,
    "double": 0.45,
    "phone": 0.8,
}  # of the figure's width


@figure(palette=HUES)
def survival_plot(
    curves: Curves,
    *,
    effect: EffectEstimate | None = None,
    ax: Axes | None = None,
    at_risk: bool = True,
    kmunicate: bool = False,
    unit: TimeUnit | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw survival or cumulative-incidence curves with confidence bands and the numbers at risk.

    Parameters
    ----------
    curves : Curves
        As `kaplan_meier` and `cumulative_incidence` give them.
    effect : EffectEstimate, optional
        Written with its interval and P into a corner that the curves leave free.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    at_risk : bool
        Numbers at risk under the axis, just before each tick.
    kmunicate : bool
        At risk, censored and events, below each other for each group.
    unit : "years" | "months", optional
        Of the time axis; by default years once follow-up passes three of them.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        `ax.figure` shows the figure in a notebook; `figures.save.save_figure` writes it. Several causes in three groups
        or more stand in a panel each (`survival_panels`): then this is the first, and `ax.figure.axes` has them all.

    Raises
    ------
    AnalysisError
        If there are no curves, or survival stands beside incidence.
    TamoxresError
        If `ax` is too small for the table.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> survival_plot(tr.kaplan_meier(gbsg, by="treatment")).has_data()
    True
    """
    check_curves(curves)
    curves = curves_in_order(curves)
    table = "kmunicate" if kmunicate else "at risk" if at_risk else ""
    if ax is None and by_cause(curves):
        return cause_panels(curves, effect=effect, table=table, unit=unit, width=width)[0]
    room = Panel(width=width_of(width), share=_PLOT_HEIGHT[width], unit=unit, table=table)
    return draw_panel(curves, effect, room, ax)
