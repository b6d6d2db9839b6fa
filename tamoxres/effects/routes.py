"""The routes from what a paper prints to an estimate and its standard error.

Scale: ratios are handled as natural logarithms. Intervals are Wald intervals (normal, or t when `df` is given). A route
carries the error that rounding of the printed numbers can have made, so that two routes of one row can be compared.

References
----------
Parmar MKB et al. 1998, Stat Med 17:2815. Tierney JF et al. 2007, doi:10.1186/1745-6215-8-16.
Yusuf S et al. 1985, Prog Cardiovasc Dis 27:335 (O-E and V).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ..errors import EffectError

__all__ = [
    "Route", "critical_value", "disagree", "from_ci", "from_logrank", "from_oe_v", "from_p", "from_se", "limits",
    "log_ratio", "printed_point", "ratio_of", "side_errors", "two_sided_p",
]  # fmt: skip

_FLOAT_ERROR = 1e-9


@dataclass(frozen=True, slots=True)
class Route:
    """An estimate and its standard error on the analysis scale, and the route that led to them.

    Attributes
    ----------
    estimate, se : float
        Natural log of a ratio; the value itself of a difference.
    name : Route
        `se`, `ci`, `oe_v`, `p`, `logrank_p`; `point` for an estimate alone.
    flags : tuple of str
        `asymmetric_interval` where a printed interval is not symmetric beyond rounding.
    estimate_slack, se_slack : float
        How far rounding of the printed numbers can have moved the two.
    """

    estimate: float
    se: float
    name: str
    flags: tuple[str, ...] = ()
    estimate_slack: float = 0.0
    se_slack: float = 0.0


def critical_value(level: float = 0.95, df: float | None = None) -> float:
    """Return the two-sided critical value of the normal (or t with `df` degrees of freedom) for a confidence level."""
    upper = (1 + level) / 2
    return float(ndtri(upper) if df is None else stdtrit(df, upper))


def two_sided_p(estimate: float, se: float, df: float | None = None) -> float:
    """Return the two-sided Wald P of an estimate on the analysis scale."""
    statistic = -abs(estimate / se)
    return float(2 * (ndtr(statistic) if df is None else stdtr(df, statistic)))


def limits(
    estimate: float, se: float, level: float = 0.95, df: float | None = None, *, ratio: bool = True
) -> tuple[float, float]:
    """Return the confidence limits as a reader sees them, from an estimate and its error on the analysis scale."""
    half = critical_value(level, df) * se
    low, high = estimate - half, estimate + half
    return (ratio_of(low), ratio_of(high)) if ratio else (low, high)


def ratio_of(log_value: float) -> float:
    """Return the ratio of a natural logarithm; infinite where it exceeds a double."""
    return math.exp(log_value) if log_value < 709 else math.inf


def log_ratio(value: float, what: str) -> float:
    """Return the natural log of a ratio, refusing one that is not above 0; `what` names it in the error."""
    if not (math.isfinite(value) and value > 0):
        raise EffectError(f"{what} is {value:g}; a ratio must be above 0.")
    return math.log(value)


def from_se(estimate: float, se: float) -> Route:
    """Take an estimate and its standard error as they stand, on the analysis scale."""
    estimate_slack, se_slack = _rounding(estimate, se, least=2)
    return Route(estimate, se, "se", estimate_slack=estimate_slack, se_slack=se_slack)


def printed_point(estimate: float, se: float) -> Route:
    """Take a printed ratio whose standard error is known from elsewhere."""
    return Route(log_ratio(estimate, "estimate"), se, "point", estimate_slack=_log_rounding(estimate)[0])


def from_ci(
    estimate: float, low: float, high: float, *, level: float = 0.95, df: float | None = None, ratio: bool = True
) -> Route:
    """Take the standard error from a printed interval: its width over twice the critical value.

    Parameters
    ----------
    estimate, low, high : float
        As printed (a ratio, not its logarithm).
    level : float
        Confidence level of the interval.
    df : float, optional
        Degrees of freedom of a t interval.
    ratio : bool
        False for a difference.

    Returns
    -------
    Route
        Flagged `asymmetric_interval` when the interval is not symmetric beyond rounding (`side_errors` gives the two
        standard errors that it implies).

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
        raise EffectError(
            f"The interval from ci_low {low:g} to ci_high {high:g} does not hold its estimate {estimate:g}."
        )
    z = critical_value(level, df)
    if ratio:
        point, bottom, top = log_ratio(estimate, "estimate"), log_ratio(low, "ci_low"), log_ratio(high, "ci_high")
        slack = _log_rounding(estimate, low, high)
    else:
        point, bottom, top = estimate, low, high
        slack = _rounding(estimate, low, high)
    skewed = abs(2 * point - bottom - top) > 2 * slack[0] + slack[1] + slack[2] + _FLOAT_ERROR
    flags = ("asymmetric_interval",) if skewed else ()
    se, se_slack = (top - bottom) / (2 * z), (slack[1] + slack[2]) / (2 * z)
    return Route(point, se, "ci", flags, estimate_slack=slack[0], se_slack=se_slack)


def side_errors(
    estimate: float, low: float, high: float, *, level: float = 0.95, df: float | None = None, ratio: bool = True
) -> tuple[float, float]:
    """Return the standard errors that the lower and the upper side of a printed interval imply.

    Examples
    --------
    >>> [round(se, 3) for se in side_errors(0.37, 0.26, 0.89)]
    [0.18, 0.448]
    """
    z = critical_value(level, df)
    point, bottom, top = (math.log(x) if ratio else x for x in (estimate, low, high))
    return (point - bottom) / z, (top - point) / z


def disagree(first: Route, second: Route) -> bool:
    """Whether two routes of one row differ by more than rounding of what was printed can explain."""
    estimate_gap, se_gap = abs(first.estimate - second.estimate), abs(first.se - second.se)
    return estimate_gap > first.estimate_slack + second.estimate_slack + _FLOAT_ERROR * max(
        1, abs(first.estimate)
    ) or se_gap > first.se_slack + second.se_slack + _FLOAT_ERROR * max(1, first.se)


def _rounding(*printed: float, least: int = 1) -> list[float]:
    """Half a unit in the last place of numbers printed together.

    A float keeps no trailing zeros: below 10 a number is taken to have `least` decimals, and below 1 as many as the one
    that has most.
    """
    shown = [max(0, -int(Decimal(repr(float(x))).normalize().as_tuple().exponent)) for x in printed]
    most = max(least, *shown)
    places = [
        most if abs(x) < 1 else max(own, least) if abs(x) < 10 else own for x, own in zip(printed, shown, strict=True)
    ]
    return [0.5 * 10.0**-place for place in places]


def _log_rounding(*printed: float) -> list[float]:
    """How far rounding can have moved the logarithms of printed ratios (downwards, the wider side)."""
    halves = _rounding(*printed)
    return [math.inf if half >= x else -math.log1p(-half / x) for x, half in zip(printed, halves, strict=True)]


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
    log_hr, se = o_minus_e / variance, 1 / math.sqrt(variance)
    oe_slack, v_slack = [half / variance for half in _rounding(o_minus_e, variance)]
    return Route(log_hr, se, "oe_v", estimate_slack=oe_slack + abs(log_hr) * v_slack, se_slack=se * v_slack / 2)


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
        raise EffectError(
            f"A log-rank route needs 0 < P < 1, events and a share of patients; found {p=}, {events=}, {allocation=}."
        )
    variance = events * allocation * (1 - allocation)
    z = float(-ndtri(p / 2)) * (1 if worse else -1)
    return Route(z / math.sqrt(variance), 1 / math.sqrt(variance), "logrank_p")
