"""Is a risk as foretold? What was seen against what was predicted, by fifth of the prediction.

Conventions: both axes are shares from 0, alike; the diagonal is perfect agreement; bars are 95 % limits of what was
seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from matplotlib.axes import Axes

from ..errors import TamoxresError
from ..wording import percent
from .figure import figure
from .look import Looks
from .panel import Ruler, lay_panel, room_for
from .style import ACCENT, DARK, Width, use_style

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["calibration_plot"]

_HEIGHT: dict[Width, float] = {"single": 0.8, "double": 0.5}  # of the figure's width
_Z = 1.959963984540054


@figure(without=("order", "digits"))
def calibration_plot(
    groups: pd.DataFrame, *, ax: Axes | None = None, width: Width = "single", **look: Unpack[Looks]
) -> Axes:
    """Draw observed against predicted risk, by fifth.

    Parameters
    ----------
    groups : DataFrame
        of, predicted, seen, seen_se: as `validate_predict(...).groups` gives it.
    ax : Axes, optional
    width : "single" | "double"

    Returns
    -------
    Axes

    Raises
    ------
    TamoxresError
        If a column is missing, or there are no fifths.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.with_predict(tr.load("gbsg")), endpoint="OS", er="any", treatment="any")
    >>> calibration_plot(tr.validate_predict(gbsg, horizon=60).groups).has_data()
    True
    """
    lacking = [name for name in ("of", "predicted", "seen", "seen_se") if name not in groups.columns]
    own = groups.head(0) if lacking else groups[groups["of"] == "fifth of the index"]
    if lacking or own.empty:
        raise TamoxresError("A calibration plot needs of, predicted, seen and seen_se by fifth of the index.")
    room = room_for(ax, width)
    seen, se = own["seen"].to_numpy(float), own["seen_se"].to_numpy(float)
    predicted = own["predicted"].to_numpy(float)
    low, high = (seen - _Z * se).clip(0, 1), (seen + _Z * se).clip(0, 1)
    most = min(1.0, 0.1 * -(-max(high.max(), predicted.max()) // 0.1))
    step = 0.1 if most <= 0.5 else 0.2
    ticks = tuple(step * i for i in range(int(most / step + 1e-9) + 1))
    labels = tuple(percent(tick, 0) for tick in ticks)
    note = "By fifth of the index; dashed: as foretold. Risks of groups, not for individual decisions."
    with use_style(room.size):
        x, y = (
            Ruler(label=name, low=0.0, high=most, ticks=ticks, labels=labels, shares=True)
            for name in ("Predicted", "Observed")
        )
        drawn = lay_panel(room, x, y, height=_HEIGHT[width] * room.box[2], notes=[note])
        drawn.plot([0, most], [0, most], color=DARK, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1, gid="diagonal")
        drawn.vlines(predicted, low, high, color=ACCENT, linewidth=1.0, zorder=2)
        drawn.plot(predicted, seen, "o", color=ACCENT, markersize=0.55 * room.size, zorder=3, gid="fifths")
    drawn.set_label(f"Observed against predicted risk. {note}")
    return drawn
