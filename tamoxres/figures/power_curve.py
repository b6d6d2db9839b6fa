"""The power of a study over its size, and the size at which it is what is asked for.

Conventions: patients on x, power from 0 to 100% on y; a line at the power asked for. Where power was simulated the
curve shows the roughness of the simulation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from matplotlib.axes import Axes

from ..errors import TamoxresError
from ..wording import count, percent
from .figure import figure
from .look import Looks
from .panel import Ruler, lay_panel, room_for, round_ruler
from .style import ACCENT, DARK, Width, use_style

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["power_curve"]

_HEIGHT: dict[Width, float] = {"single": 0.62, "middle": 0.52, "double": 0.42, "phone": 0.8}  # of the figure's width
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@figure(without=("order", "digits"))
def power_curve(
    curve: pd.DataFrame, *, power: float = 0.80, ax: Axes | None = None, width: Width = "single", **look: Unpack[Looks]
) -> Axes:
    """Draw power over the number of patients.

    Parameters
    ----------
    curve : DataFrame
        patients, events, power, in ascending order of patients: as `design(...).curve()` gives it.
    power : float
        What is asked for: a line.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes

    Raises
    ------
    TamoxresError
        If a column is missing, fewer than two sizes are given, or `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> power_curve(tr.design(1.6).curve([500, 1000, 2000])).has_data()
    True
    """
    lacking = [name for name in ("patients", "events", "power") if name not in curve.columns]
    if lacking or len(curve) < 2:
        raise TamoxresError(
            "A power curve needs patients, events and power of two sizes at least: design(...).curve()."
        )
    room = room_for(ax, width)
    with use_style(room.size):
        x = round_ruler("Patients", float(curve["patients"].min()), float(curve["patients"].max()), most=5)
        y = Ruler(
            label="Power", low=0.0, high=1.0, ticks=_TICKS, labels=tuple(percent(t, 0) for t in _TICKS), shares=True
        )
        reached = curve.loc[curve["power"] >= power, ["patients", "events"]]
        where = (
            "not reached here"
            if reached.empty
            else (
                f"reached by {count(int(reached['patients'].iloc[0]))} patients "
                f"({count(round(float(reached['events'].iloc[0])))} events) of the sizes drawn"
            )
        )
        notes = [f"Dashed: {percent(power, 0)}, {where}."]
        drawn = lay_panel(room, x, y, height=_HEIGHT[width] * room.box[2], notes=notes)
        drawn.axhline(power, color=DARK, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1, gid="asked")
        drawn.plot(curve["patients"], curve["power"], color=ACCENT, linewidth=1.2, zorder=3, gid="curve")
    drawn.set_label(f"Power against patients. {notes[0]}")
    return drawn
