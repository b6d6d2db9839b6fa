"""Are hazards proportional? Scaled Schoenfeld residuals against time, and log(-log) survival against log time.

Conventions: residuals stand around the log hazard ratio at their time; the smooth is the natural spline of 4 degrees
of freedom of R's `plot.cox.zph`, with a pointwise 95% band from the variance under proportional hazards. Time runs on
the scale of the residuals' transform, and is labelled in years or months. Curves are cut where fewer than 10 are at
risk.

References
----------
Grambsch PM, Therneau TM 1994, Biometrika 81:515. Hess KR 1995, doi:10.1002/sim.4780141510 (which plots to draw).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.axes import Axes

from ..curves import Curves
from ..errors import AnalysisError, TamoxresError
from ..vocabulary import FloatArray
from ..wording import p_value, plain, ratio
from .covariates import covariate_label
from .figure import figure
from .look import Looks
from .measure import text_width
from .panel import Room, Ruler, Sign, lay_panel, room_for, round_ruler
from .style import ACCENT, DARK, MID, Width, use_style
from .survival_parts import HUES, TimeUnit, curves_in_order, drawn_curves, time_unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["log_log_plot", "natural_smooth", "schoenfeld_plot"]

_COLUMNS = ("term", "months", "transformed", "residual", "coefficient", "variance")
_HEIGHT: dict[Width, float] = {"single": 0.62, "middle": 0.54, "double": 0.42}  # of the figure's width
_GRID, _Z = 40, 1.959963984540054
_FEWEST = 10  # events below which no smooth is drawn
_YEARS_FROM = 36.0  # months from which the axis counts years
_LONG = {"years": 10, "months": 24}  # follow-up from which ticks are rarer
_STEPS = {"years": (0.5, *range(1, 11)), "months": (1, 2, 3, 6, 9, 12, 15, 18, 21, 24)}
_RARE = {"years": (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50), "months": (1, 3, 6, 12, 18, 24, 30, 36)}


@figure(without=("order", "xlim"))
def schoenfeld_plot(
    residuals: pd.DataFrame,
    term: str | None = None,
    *,
    p: float | None = None,
    label: str = "",
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the scaled Schoenfeld residuals of one term against time, with their smooth.

    Parameters
    ----------
    residuals : DataFrame
        term, months, transformed, residual, coefficient, variance, as `scaled_schoenfeld` gives it.
    term : str, optional
        The first if None.
    p : float, optional
        P of the test of proportional hazards of this term, to be told under the plot.
    label : str
        Name of the term; by default as the codebook calls it.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Transformed time on x, labelled in years or months; the log hazard ratio on y.

    Raises
    ------
    TamoxresError
        If a column is missing, the term has no residuals, or `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> schoenfeld_plot(tr.scaled_schoenfeld(tr.cox(gbsg))).has_data()
    True
    """
    rows = _of_term(residuals, term)
    name = label or covariate_label(str(rows["term"].iloc[0]))
    x, y = rows["transformed"].to_numpy(float), rows["residual"].to_numpy(float)
    smooth = _smooth(x, y, float(rows["variance"].iloc[0]))
    coefficient = float(rows["coefficient"].iloc[0])
    single = coefficient != 1.0
    room = room_for(ax, width)
    with use_style(room.size):
        reach = [y, np.zeros(1), np.full(1, coefficient), *(part for part in smooth[1:])]
        low, high = min(float(part.min()) for part in reach), max(float(part.max()) for part in reach)
        pad = 0.04 * (high - low)
        what = f"Log hazard ratio: {name}" if single else f"Coefficient of the fitted effect: {name}"
        notes = _notes(coefficient if single else None, bool(smooth[0].size), p)
        ruler = _time_ruler(rows, room)
        drawn = lay_panel(
            room, ruler, round_ruler(what, low - pad, high + pad), height=_HEIGHT[width] * room.box[2], notes=notes
        )
        _draw_residuals(drawn, (x, y), smooth, coefficient, room.size)
    drawn.set_label(f"Scaled Schoenfeld residuals, {what}, against time. {' '.join(notes)}")
    return drawn


def _of_term(residuals: pd.DataFrame, term: str | None) -> pd.DataFrame:
    if lacking := [name for name in _COLUMNS if name not in residuals.columns]:
        found = ", ".join(map(str, residuals.columns))
        raise TamoxresError(
            f"A plot of residuals needs a column {lacking[0]!r}; found {found}. Give scaled_schoenfeld(fit)."
        )
    terms = list(dict.fromkeys(residuals["term"]))
    if not terms or (term is not None and term not in terms):
        raise TamoxresError(f"There are no residuals of {term!r}. Use one of {', '.join(map(str, terms)) or 'none'}.")
    return residuals[residuals["term"] == (terms[0] if term is None else term)]


def natural_smooth(x: FloatArray, y: FloatArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit a natural cubic spline of 4 degrees of freedom by least squares, as R's `plot.cox.zph` does.

    Parameters
    ----------
    x, y : array, shape (n,)
    at : array, shape (m,)
        Where to read the fit, within the range of x; inner knots are at the tertiles of `at` and x together.

    Returns
    -------
    fit : array, shape (m,)
    scale : array, shape (m,)
        Times the variance of one y: the variance of the fit.

    Raises
    ------
    AnalysisError
        If x takes too few values.
    """
    low, span = float(x.min()), float(np.ptp(x)) or 1.0
    both = (np.concatenate([at, x]) - low) / span
    basis = _natural_basis(both, np.array([0.0, *np.quantile(both, [1 / 3, 2 / 3]), 1.0]))
    there, here = basis[: at.size], basis[at.size :]
    if np.linalg.matrix_rank(here) < here.shape[1]:
        raise AnalysisError(f"A smooth needs more distinct times; found {np.unique(x).size}.")
    q, r = np.linalg.qr(here)
    reached = np.linalg.solve(r.T, there.T).T
    return reached @ (q.T @ y), (reached**2).sum(axis=1)


def _natural_basis(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the natural cubic splines on knots in ascending order, shape (n, number of knots)."""
    cubes = np.maximum(x[:, None] - knots, 0.0) ** 3
    bends = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    return np.column_stack([np.ones_like(x), x, bends[:, :-1] - bends[:, -1:]])


def _smooth(x: FloatArray, y: FloatArray, variance: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return where the smooth stands, its values and its limits; empty where there are too few events."""
    none = np.empty(0)
    if x.size < _FEWEST:
        return none, np.zeros(1), np.zeros(1), np.zeros(1)
    at = np.linspace(x.min(), x.max(), _GRID)
    try:
        fit, scale = natural_smooth(x, y, at)
    except AnalysisError:
        return none, np.zeros(1), np.zeros(1), np.zeros(1)
    half = _Z * np.sqrt(variance * scale)
    return at, fit, fit - half, fit + half


def _notes(coefficient: float | None, smoothed: bool, p: float | None) -> list[str]:
    constant = f"hazard ratio {ratio(float(np.exp(coefficient)))} throughout" if coefficient is not None else (
        "the effect as fitted, throughout")  # fmt: skip
    curve = " Curve: smooth with 95% band." if smoothed else " Too few events for a smooth."
    tested = "" if p is None else f" Proportional hazards: {p_value(p, label=True)}."
    return [f"Dashed: {constant}; line: no effect.{curve}{tested}"]


def _time_ruler(rows: pd.DataFrame, room: Room) -> Ruler:
    """Rule the transformed axis, and label it at round times whose labels stand apart."""
    x, months = rows["transformed"].to_numpy(float), rows["months"].to_numpy(float)
    pad = 0.02 * (float(np.ptp(x)) or 1.0)
    low, high = float(x.min()) - pad, float(x.max()) + pad
    unit: TimeUnit = "years" if months.max() > _YEARS_FROM else "months"
    times, first = np.unique(months / (12 if unit == "years" else 1), return_index=True)
    ticks: list[float] = []
    labels: list[str] = []
    for time in (_RARE if times[-1] > _LONG[unit] else _STEPS)[unit]:
        place = float(np.interp(time, times, x[first]))
        apart = (text_width(f"{time:g}", room.size) + 1.2 * room.size) / (0.8 * room.box[2]) * (high - low)
        if times[0] <= time <= times[-1] and (not ticks or place - ticks[-1] >= apart):
            ticks.append(place)
            labels.append(plain(time))
    if not ticks:
        ticks, labels = [float(x[first[0]])], [f"{times[0]:.2g}"]
    return Ruler(label=unit.capitalize(), low=low, high=high, ticks=tuple(ticks), labels=tuple(labels))


def _draw_residuals(
    ax: Axes, points: tuple[FloatArray, FloatArray], smooth: Sequence[FloatArray], coefficient: float, size: float
) -> None:
    import seaborn as sns

    ax.axhline(0.0, color=DARK, linewidth=0.7, zorder=1, gid="null")
    ax.axhline(coefficient, color=ACCENT, linewidth=0.8, dashes=(3, 2), zorder=3, gid="coefficient")
    sns.scatterplot(
        x=points[0], y=points[1], s=(0.42 * size) ** 2, color=MID, alpha=0.6, linewidth=0, legend=False, ax=ax,
        zorder=2, gid="residuals",
    )  # fmt: skip
    at, fit, low, high = smooth
    if at.size:
        ax.fill_between(at, low, high, color=ACCENT, alpha=0.15, linewidth=0, zorder=2, gid="band")
        ax.plot(at, fit, color=ACCENT, linewidth=1.2, zorder=4, gid="smooth")


@figure(without=("digits",), palette=HUES)
def log_log_plot(
    curves: Curves,
    *,
    unit: TimeUnit | None = None,
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw log(-log) of survival against log time: parallel where hazards are proportional.

    Parameters
    ----------
    curves : Curves
        Of survival, as `kaplan_meier` gives them.
    unit : "years" | "months", optional
        Of the time axis; by default years once follow-up passes three of them.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Time on x (log), log(-log S) on y.

    Raises
    ------
    AnalysisError
        If the curves are not of survival, or none has an event while 10 are at risk.
    TamoxresError
        If `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> log_log_plot(tr.kaplan_meier(gbsg, by="treatment")).get_xscale()
    'log'
    """
    if not len(curves) or any(curve.kind != "survival" for curve in curves):
        raise AnalysisError("A log(-log) plot needs curves of survival, as kaplan_meier gives them.")
    curves = curves_in_order(curves)
    name, months = time_unit(curves, unit)
    found = [(curve, *_bent(curve.time, curve.value)) for curve in drawn_curves(curves, months)]
    shown = [(curve, time, bent) for curve, time, bent in found if time.size]
    if not shown:
        raise AnalysisError("No curve has an event while 10 are at risk, so there is no log(-log) to draw.")
    room = room_for(ax, width)
    with use_style(room.size):
        first, last = min(t[0] for _, t, _ in shown), max(t[-1] for _, t, _ in shown)
        low, high = min(b.min() for _, _, b in shown), max(b.max() for _, _, b in shown)
        pad = 0.04 * (float(high - low) or 1.0)
        signs = [Sign(label=one.label or "All", color=one.color, dashes=one.dashes) for one, _, _ in shown]
        drawn = lay_panel(
            room, _log_time_ruler(name, float(first), float(last), 3.6 * room.size / (0.8 * room.box[2])),
            round_ruler("log(-log survival)", float(low) - pad, float(high) + pad),
            height=_HEIGHT[width] * room.box[2], signs=signs, notes=["Parallel where hazards are proportional."],
        )  # fmt: skip
        for i, (curve, time, bent) in enumerate(shown):
            style: dict[str, Any] = {"color": curve.color, "linestyle": curve.dashes, "linewidth": 1.1}
            drawn.plot(time, bent, drawstyle="steps-post", gid=f"curve-{i}", **style)
    drawn.set_label(f"log(-log survival) against time in {name}: {', '.join(sign.label for sign in signs)}.")
    return drawn


def _bent(time: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the times at which 0 < S < 1, and log(-log S) from each on."""
    inside = (time > 0) & (value > 0) & (value < 1)
    return time[inside], np.log(-np.log(value[inside]))


def _log_time_ruler(unit: str, first: float, last: float, apart: float) -> Ruler:
    """Rule a log axis of time, its ticks no nearer than a share `apart` of its length."""
    known = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if unit == "years" else (0.5, 1, 2, 3, 6, 12, 24, 60, 120)
    pad = (last / first) ** 0.02 if last > first else 1.5
    low, high = first / pad, last * pad
    ticks: tuple[float, ...] = ()
    for tick in reversed([float(tick) for tick in known if low <= tick <= high] or [first]):
        if not ticks or math.log(ticks[0] / tick) >= apart * math.log(high / low):
            ticks = (tick, *ticks)
    labels = tuple(plain(tick) for tick in ticks)
    return Ruler(label=f"{unit.capitalize()} (log scale)", low=low, high=high, ticks=ticks, labels=labels, log=True)
