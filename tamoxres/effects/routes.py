"""The routes from what a paper prints to an estimate and its standard error.

Scale: ratios are handled as natural logarithms. Intervals are Wald intervals (normal, or t when `df` is given).

References
----------
Parmar MKB et al. 1998, Stat Med 17:2815. Tierney JF et al. 2007, doi:10.1186/1745-6215-8-16.
Yusuf S et al. 1985, Prog Cardiovasc Dis 27:335 (O-E and V).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ..errors import EffectError

__all__ = ["Route", "critical_value", "from_ci", "from_logrank", "from_oe_v", "from_p", "log_ratio", "two_sided_p"]


@dataclass(frozen=True, slots=True)
class Route:
    """An estimate and its standard error on the analysis scale, and the route that led to them.

    Attributes
    ----------
    estimate, se : float
        Natural log of a ratio; the value itself of a difference.
    name : str
        `ci`, `p`, `oe_v` or `logrank`.
    note : str
        What a reader must know, such as an interval that is not symmetric.
    """

    estimate: float
    se: float
    name: str
    note: str = ""


def critical_value(level: float = 0.95, df: float | None = None) -> float:
    """Return the two-sided critical value of the normal (or t with `df` degrees of freedom) for a confidence level."""
    upper = (1 + level) / 2
    return float(ndtri(upper) if df is None else stdtrit(df, upper))


def two_sided_p(estimate: float, se: float, df: float | None = None) -> float:
    """Return the two-sided Wald P of an estimate on the analysis scale."""
    statistic = -abs(estimate / se)
    return float(2 * (ndtr(statistic) if df is None else stdtr(df, statistic)))


def log_ratio(value: float, what: str) -> float:
    """Return the natural log of a ratio, refusing one that is not above 0; `what` names it in the error."""
    if not (math.isfinite(value) and value > 0):
        raise EffectError(f"{what} is {value:g}; a ratio must be above 0.")
    return math.log(value)


def from_ci(estimate: float, low: float, high: float, *, level: float = 0.95, ratio: bool = True) -> Route:
    """Take the standard error from a printed interval: its width over twice the critical value.

    Parameters
    ----------
    estimate, low, high : float
        As printed (a ratio, not its logarithm).
    level : float
        Confidence level of the interval.
    ratio : bool
        False for a difference.

    Returns
    -------
    Route
        Its note tells when the interval is not symmetric beyond rounding, with the two standard errors it implies.

    Raises
    ------
    EffectError
        If a limit is missing or not positive, or the interval does not hold its estimate.

    Examples
    --------
    >>> round(from_ci(0.54, 0.36, 0.81).se, 6)
    0.206874
    """
    if not low <= estimate <= high or low >= high:
        raise EffectError(f"The interval {low:g} to {high:g} does not hold its estimate {estimate:g}.")
    z = critical_value(level)
    if not ratio:
        return Route(estimate, (high - low) / (2 * z), "ci")
    point, bottom, top = log_ratio(estimate, "estimate"), log_ratio(low, "ci_low"), log_ratio(high, "ci_high")
    note = ""
    if not _symmetric(estimate, low, high):
        note = (
            f"interval not symmetric on the log scale: SE {(point - bottom) / z:.4g} by its lower limit, "
            f"{(top - point) / z:.4g} by its upper"
        )
    return Route(point, (top - bottom) / (2 * z), "ci", note)


def _symmetric(estimate: float, low: float, high: float) -> bool:
    """Whether rounding of the three printed numbers can explain the asymmetry on the log scale."""
    slack = [_rounding(x) / x for x in (estimate, low, high)]
    gap = abs(2 * math.log(estimate) - math.log(low) - math.log(high))
    return gap <= 2 * slack[0] + slack[1] + slack[2] + 1e-12


def _rounding(value: float) -> float:
    """Half a unit in the last place of a number as it was printed; two decimals are taken for granted."""
    decimals = len(repr(float(value)).partition(".")[2])
    return 0.5 * 10.0 ** -max(2, decimals)


def from_p(estimate: float, p: float, *, ratio: bool = True) -> Route:
    """Take the standard error from an exact two-sided P: |log estimate| over its normal quantile.

    Raises
    ------
    EffectError
        If P is not strictly between 0 and 1, or the estimate is null (it then says nothing about its error).
    """
    if not 0 < p < 1:
        raise EffectError(f"p_value is {p:g}; an exact P lies between 0 and 1.")
    point = log_ratio(estimate, "estimate") if ratio else estimate
    if point == 0:
        raise EffectError("An estimate of no effect with a P value gives no standard error; give the interval instead.")
    return Route(point, abs(point) / float(-ndtri(p / 2)), "p")


def from_oe_v(o_minus_e: float, variance: float) -> Route:
    """Take the log hazard ratio from log-rank observed minus expected and its variance: (O-E)/V, SE 1/sqrt(V)."""
    if not (math.isfinite(variance) and variance > 0):
        raise EffectError(f"variance is {variance:g}; the log-rank variance must be above 0.")
    return Route(o_minus_e / variance, 1 / math.sqrt(variance), "oe_v")


def from_logrank(p: float, events: int, *, worse: bool, allocation: float = 0.5) -> Route:
    """Take the log hazard ratio from a log-rank P, the number of events and the direction (Parmar 1998).

    Parameters
    ----------
    p : float
        Two-sided log-rank P.
    events : int
        Events in both groups.
    worse : bool
        Whether the first group did worse (a hazard ratio above 1).
    allocation : float
        Share of patients in the first group; V is events * allocation * (1 - allocation).
    """
    if not 0 < p < 1 or events < 1 or not 0 < allocation < 1:
        raise EffectError(f"A log-rank route needs 0 < P < 1, events and a share of patients; found {p=}, {events=}, {allocation=}.")
    variance = events * allocation * (1 - allocation)
    z = float(-ndtri(p / 2)) * (1 if worse else -1)
    return Route(z / math.sqrt(variance), 1 / math.sqrt(variance), "logrank")
