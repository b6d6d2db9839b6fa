"""The hazard ratio over a continuous marker or covariate: curve and band, and below them how the patients are spread.

Conventions: a log axis; the hazard ratio is 1 at the reference, which is marked. The histogram stands in its own strip
at the foot of the plot, on the same axis of values; its heights have no scale, the number of patients is told. A band
is drawn as far as the axis reaches, 0.02 to 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtr

from ..errors import TamoxresError
from ..vocabulary import FloatArray
from ..wording import count
from .covariates import covariate_label
from .figure import figure
from .look import Looks
from .panel import lay_panel, ratio_ruler, room_for, round_ruler
from .style import ACCENT, DARK, INK, LIGHT, Width, use_style

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["hazard_curve", "treatment_curve_plot"]

_COLUMNS = ("value", "hr", "ci_low", "ci_high")
_HEIGHT: dict[Width, float] = {"single": 0.62, "middle": 0.54, "double": 0.42}  # of the figure's width
_LEAST, _MOST, _WHOLE = 0.02, 50.0, 8.0  # ends of the axis; fold up to which a band is shown whole
_STRIP = 0.20  # of the plot's height that the histogram takes
_MOST_WHOLE = 50  # range of whole numbers up to which each has its own bar
_APART = 0.07  # least distance of the ticks of the ratio, of the axis


@figure(without=("order", "digits"))
def hazard_curve(
    curve: pd.DataFrame,
    values: Sequence[float] | FloatArray | pd.Series,
    *,
    reference: float | None = None,
    label: str = "",
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the hazard ratio over a number, with its confidence band and a histogram of the number.

    Parameters
    ----------
    curve : DataFrame
        value, hr, ci_low, ci_high, in ascending order of value, and se of the log hazard ratio if the confidence
        level is to be told: as `spline(...).curve()` gives it.
    values : sequence of float
        The number in each patient of the model; unknown ones are left out.
    reference : float, optional
        Value at which the hazard ratio is 1; the median of the values, as `spline` takes it, if None.
    label : str
        Name of the number and its unit; by default that of `values` (a Series), as the codebook calls it.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        The number on x, the hazard ratio on y (log).

    Raises
    ------
    TamoxresError
        If a column is missing, the curve has fewer than three values or they do not ascend, no value is known, the
        curve is not 1 at the reference, or `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> bent = tr.spline(gbsg, "nodes")
    >>> hazard_curve(bent.curve(), gbsg.frame["nodes"]).has_data()
    True
    """
    table, known = _checked(curve), _known(values)
    at = float(np.median(known)) if reference is None else float(reference)
    _check_reference(table, at)
    name = label or covariate_label(str(getattr(values, "name", None) or "value"), unit=True)
    room = room_for(ax, width)
    with use_style(room.size):
        ends = float(table["value"].min()), float(table["value"].max())
        inside = known[(known >= ends[0]) & (known <= ends[1])]
        aside = 0.5 if _whole(inside) else 0.0  # room for the whole bar of the first and the last value
        x = round_ruler(name, ends[0] - aside, ends[1] + aside)
        low, high = _ends(table)
        ruler = ratio_ruler("Hazard ratio", low, high, apart=_APART)
        y = replace(ruler, low=high * (low / high) ** (1 / (1 - _STRIP)))
        notes = [_note(table, known, at)]
        drawn = lay_panel(room, x, y, height=_HEIGHT[width] * room.box[2], notes=notes)
        _draw(drawn, table, at, room.size)
        _draw_strip(drawn, inside, *drawn.get_xlim())
    drawn.set_label(f"Hazard ratio against {name}. {' '.join(notes)}")
    return drawn


@figure(without=("order", "digits"))
def treatment_curve_plot(
    curve: pd.DataFrame,
    values: Sequence[float] | FloatArray | pd.Series,
    *,
    label: str = "",
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the hazard ratio of treatment along a continuous marker, with its band and a histogram of the marker.

    Parameters
    ----------
    curve : DataFrame
        value, hr, ci_low, ci_high, in ascending order of value, and se: as `treatment_curve(...).curve()` gives it.
    values : sequence of float
        The marker in each patient of the model; unknown ones are left out.
    label : str
        Name of the marker and its unit; by default that of `values` (a Series), as the codebook calls it.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "double"
        One column (85 mm) or two (175 mm), where `ax` is not given.

    Returns
    -------
    Axes
        The marker on x, treatment's hazard ratio on y (log).

    Raises
    ------
    TamoxresError
        If a column is missing, the curve has fewer than three values or they do not ascend, no value is known, or `ax`
        is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> found = tr.treatment_curve(gbsg, "age")
    >>> treatment_curve_plot(found.curve(), gbsg.frame["age"]).has_data()
    True
    """
    table, known = _checked(curve), _known(values)
    name = label or covariate_label(str(getattr(values, "name", None) or "value"), unit=True)
    room = room_for(ax, width)
    with use_style(room.size):
        ends = float(table["value"].min()), float(table["value"].max())
        inside = known[(known >= ends[0]) & (known <= ends[1])]
        aside = 0.5 if _whole(inside) else 0.0
        x = round_ruler(name, ends[0] - aside, ends[1] + aside)
        low, high = _ends(table)
        ruler = ratio_ruler("Hazard ratio of treatment", low, high, apart=_APART)
        y = replace(ruler, low=high * (low / high) ** (1 / (1 - _STRIP)))
        notes = [_note(table, known, None)]
        drawn = lay_panel(room, x, y, height=_HEIGHT[width] * room.box[2], notes=notes)
        _draw(drawn, table, None, room.size)
        _draw_strip(drawn, inside, *drawn.get_xlim())
    drawn.set_label(f"Hazard ratio of treatment against {name}. {' '.join(notes)}")
    return drawn


def _checked(curve: pd.DataFrame) -> pd.DataFrame:
    if lacking := [name for name in _COLUMNS if name not in curve.columns]:
        found = ", ".join(map(str, curve.columns))
        raise TamoxresError(f"A hazard curve needs a column {lacking[0]!r}; found {found}. Give spline(...).curve().")
    if len(curve) < 3 or not (np.diff(curve["value"].to_numpy(float)) > 0).all():
        raise TamoxresError(f"A hazard curve needs three ascending values at least; found {len(curve)} rows.")
    return curve.astype(dict.fromkeys(_COLUMNS, float))


def _known(values: Sequence[float] | FloatArray | pd.Series) -> FloatArray:
    numbers = np.asarray(values, float)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        raise TamoxresError("The histogram under a hazard curve needs one known value at least; found none.")
    return np.asarray(known)


def _check_reference(table: pd.DataFrame, at: float) -> None:
    """Refuse a reference at which the curve is not 1: the band must be narrowest beside it."""
    grid = table["value"].to_numpy(float)
    if not grid[0] <= at <= grid[-1]:
        return
    narrowest = int(np.argmin((table["ci_high"] / table["ci_low"]).to_numpy(float)))
    right = int(np.searchsorted(grid, at))
    if narrowest not in (right - 1, right, right + 1):
        raise TamoxresError(
            f"The curve is not 1 at {at:g} but near {grid[narrowest]:g}, where its band is narrowest; give reference=."
        )


def _ends(table: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the ratio axis: the whole curve, and the band unless it is very wide."""
    low = min(float(table["hr"].min()), max(float(table["ci_low"].min()), 1 / _WHOLE), 0.8)
    high = max(float(table["hr"].max()), min(float(table["ci_high"].max()), _WHOLE), 1.25)
    low, high = max(low, _LEAST), min(high, _MOST)
    pad = (high / low) ** 0.05
    return low / pad, high * pad


def _note(table: pd.DataFrame, known: FloatArray, at: float | None) -> str:
    band = "band: confidence interval"
    if "se" in table.columns:
        se = table["se"].to_numpy(float)
        widest = int(np.argmax(se))
        z = float(np.log(table["ci_high"].iloc[widest] / table["hr"].iloc[widest])) / se[widest]
        band = f"band: {100 * (2 * float(ndtr(z)) - 1):.3g}% confidence interval"
    beyond = int(((known < table["value"].min()) | (known > table["value"].max())).sum())
    outside = f", {count(beyond)} of them beyond the axis" if beyond else ""
    marked = "Band" + band[4:] if at is None else f"Circle: reference, {at:.4g}; {band}"
    return f"{marked}. Histogram: {count(known.size)} patients{outside}."


def _draw(ax: Axes, table: pd.DataFrame, at: float | None, size: float) -> None:
    x = table["value"]
    ax.axhline(1.0, color=DARK, linewidth=0.7, zorder=1, gid="null")
    ax.fill_between(x, table["ci_low"], table["ci_high"], color=ACCENT, alpha=0.15, linewidth=0, gid="band")
    ax.plot(x, table["hr"], color=ACCENT, linewidth=1.2, zorder=3, gid="curve")
    if at is None:
        return
    ax.plot(
        [at], [1.0], marker="o", markersize=0.75 * size, markerfacecolor="white", markeredgecolor=INK,
        markeredgewidth=0.8, linestyle="", zorder=4, gid="reference",
    )  # fmt: skip


def _draw_strip(ax: Axes, inside: FloatArray, low: float, high: float) -> None:
    """Draw the histogram at the foot of the plot, on heights of its own."""
    import seaborn as sns

    strip = ax.twinx()
    bars: dict[str, Any] = (
        {"discrete": True} if _whole(inside) else {"binrange": (low, high), "bins": _bins(inside, low, high)}
    )
    sns.histplot(x=inside, ax=strip, color=LIGHT, alpha=1.0, edgecolor="white", linewidth=0.3, **bars)
    drawn: Any = strip.patches
    tallest = max((bar.get_height() for bar in drawn), default=1.0)
    strip.set_ylim(0.0, max(tallest, 1.0) / (_STRIP - 0.03))
    strip.set_xlim(low, high)
    strip.set_ylabel("")
    strip.set_axis_off()
    strip.set_zorder(ax.get_zorder() - 1)


def _whole(inside: FloatArray) -> bool:
    """Whether a bar for each value serves: few whole numbers."""
    return bool(inside.size and (inside == np.round(inside)).all() and np.ptp(inside) <= _MOST_WHOLE)


def _bins(inside: FloatArray, low: float, high: float) -> int:
    """Return the number of bars: as Freedman and Diaconis advise, 12 to 40."""
    spread = float(np.subtract(*np.quantile(inside, [0.75, 0.25]))) if inside.size else 0.0
    if spread == 0:
        return 20
    return int(np.clip((high - low) / (2 * spread * inside.size ** (-1 / 3)), 12, 40))
