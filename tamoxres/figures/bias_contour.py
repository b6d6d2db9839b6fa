"""What it would take to explain an effect away: the pairs of risk ratios of a confounder that could.

Conventions: on x the confounder's risk ratio with treatment, on y its risk ratio with the outcome, both on log axes;
confounding of a pair below a line cannot move the estimate (or the limit of its interval nearer 1) to 1, however it is
distributed (Ding and VanderWeele's bound). The E-value is where a line meets the diagonal. A ratio of hazard ratios is
taken as confounded in one marker level alone.
"""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from matplotlib.axes import Axes

from ..effects import EffectEstimate
from ..inference.evalue import approximate_risk_ratio, e_value
from ..vocabulary import FloatArray
from ..wording import ratio
from .figure import figure
from .look import Looks
from .panel import Room, Ruler, Sign, lay_panel, ratio_ruler, room_for
from .style import ACCENT, DARK, Width, use_style

__all__ = ["bias_contour"]

_HEIGHT: dict[Width, float] = {"single": 0.82, "double": 0.5}  # of the figure's width
_POINTS = 400
_REACH = 3.0  # the axes end at so many times the E-value, 10 at most


@figure(without=("order",))
def bias_contour(
    effect: EffectEstimate,
    *,
    common: bool = True,
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the strengths of unmeasured confounding that could explain an effect away.

    Parameters
    ----------
    effect : EffectEstimate
        An estimated ratio of the estimand `treatment_effect` or `interaction`.
    common : bool
        As in `e_value`.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "double"

    Returns
    -------
    Axes

    Raises
    ------
    AnalysisError
        If the effect has no E-value.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(0.6, 0.45, 0.8, study="a", estimand="treatment_effect")
    >>> bias_contour(row).has_data()
    True
    """
    found = e_value(effect, common=common)
    low, high = effect.ci()
    estimate = float(effect.estimate or 1.0)
    crossed = low <= 1 <= high
    nearer = 1.0 if crossed else (low if estimate > 1 else high)
    lines: list[tuple[str, float, float, Any]] = [
        (name, _above(value, effect, common), shown, dashes)
        for name, value, shown, dashes in (
            ("to move the estimate to 1", estimate, found.point, "-"),
            ("to move the interval to 1", nearer, found.limit, (0, (4, 2))),
        )
        if value != 1.0
    ]  # fmt: skip
    room = room_for(ax, width)
    most = float(np.clip(_REACH * found.point, 2.0, 10.0))
    with use_style(room.size):
        notes = _notes(effect, lines, crossed)
        drawn = _panel(room, most, lines, notes, _HEIGHT[width])
        for i, (_, target, shown, dashes) in enumerate(lines):
            x, y = _line(target, most)
            color = (ACCENT, DARK)[i]
            drawn.plot(x, y, color=color, linestyle=dashes, linewidth=1.2, zorder=3, gid=f"bound-{i}")
            if i == 0 and x.size:
                drawn.fill_between(x, y, most, color=ACCENT, alpha=0.12, linewidth=0, zorder=1)
            if shown <= most:
                drawn.plot([shown], [shown], "o", color=color, markersize=0.5 * room.size, zorder=4)
    drawn.set_label(f"Confounding that could explain {effect.label} away. {' '.join(notes)}")
    return drawn


def _above(value: float, effect: EffectEstimate, common: bool) -> float:
    """Return the risk ratio, at least 1, that confounding would have to make up."""
    plain = effect.estimand == "interaction"
    at = value if plain else approximate_risk_ratio(value, effect.measure, common=common)
    return max(at, 1 / at)


def _line(target: float, most: float) -> tuple[FloatArray, FloatArray]:
    """Return the pairs whose bound is the target, within the axes."""
    if target * (most - 1) / (most - target) > most or target >= most:
        return np.empty(0), np.empty(0)
    x = np.geomspace(target * (most - 1) / (most - target), most, _POINTS)
    return x, np.asarray(target * (x - 1) / (x - target))


def _panel(room: Room, most: float, lines: list[tuple[str, float, float, Any]], notes: list[str],
           height: float) -> Axes:  # fmt: skip
    x: Ruler = ratio_ruler("Risk ratio of the confounder with treatment", 1.0, most, apart=0.09)
    y: Ruler = ratio_ruler("Risk ratio with the outcome", 1.0, most, apart=0.09)
    signs = [Sign(label=name, color=(ACCENT, DARK)[i], dashes=dashes) for i, (name, _, _, dashes) in enumerate(lines)]
    return lay_panel(room, x, y, height=height * room.box[2], signs=signs, notes=notes)


def _notes(effect: EffectEstimate, lines: list[tuple[str, float, float, Any]], crossed: bool) -> list[str]:
    points = "; ".join(f"{ratio(shown)} {name}" for name, _, shown, _ in lines)
    notes = [f"Dots: E-values, {points}."] if lines else []
    notes += ["The interval holds 1 already."] if crossed else []
    notes += ["Confounding in one marker level alone."] if effect.estimand == "interaction" else []
    return notes
