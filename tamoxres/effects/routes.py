"""The routes from what a paper prints to an estimate and its standard error.

Scale: ratios are handled as natural logarithms. Intervals are Wald intervals (normal, or t when `df` is given). A route
carries the error that rounding of the printed numbers can have made, so that two routes of one row can be compared.
A printed number may be given as text: its digits are then those that were printed; a float keeps no trailing zeros, so
that its digits are guessed from the numbers that stand beside it. The routes by log-rank test, events and curves stand
in `effects.routes_events`.

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
from ..files.numbers import to_number

__all__ = [
    "Printed", "Route", "critical_value", "disagree", "from_ci", "from_oe_v", "from_p", "from_se", "half_units",
    "limits", "log_ratio", "log_slacks", "number_of", "places", "printed_point", "ratio_of", "side_errors",
    "two_sided_p", "z_of_p",
]  # fmt: skip

Printed = float | str  # a number, or the text that was printed
_FLOAT_ERROR = 1e-9


@dataclass(frozen=True, slots=True)
class Route:
    """An estimate and its standard error on the analysis scale, and the route that led to them.

    Attributes
    ----------
    estimate, se : float
        Natural log of a ratio; the value itself of a difference.
    name : str
        One of `vocabulary.ROUTES`; `point` for an estimate alone.
    flags : tuple of str
        `asymmetric_interval` where a printed interval is not symmetric beyond rounding.
    estimate_slack, se_slack : float
        How far rounding of the printed numbers can have moved the two.
    se_limits : (float, float) or None
        Where rounding moves the standard error further up than down: the least and the largest it can be.
    """

    estimate: float
    se: float
    name: str
    flags: tuple[str, ...] = ()
    estimate_slack: float = 0.0
    se_slack: float = 0.0
    se_limits: tuple[float, float] | None = None

    @property
    def se_range(self) -> tuple[float, float]:
        """The least and the largest standard error that the printed digits allow."""
        return self.se_limits or (max(self.se - self.se_slack, 0.0), self.se + self.se_slack)


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


def number_of(printed: Printed) -> float:
    """Return the number that was printed.

    Raises
    ------
    EffectError
        If the text is none.
    """
    if not isinstance(printed, str):
        return float(printed)
    number = to_number(printed)
    if number is None:
        raise EffectError(f"{printed!r} is not a number.")
    return number


def log_ratio(value: Printed, what: str) -> float:
    """Return the natural log of a ratio, refusing one that is not above 0; `what` names it in the error."""
    number = number_of(value)
    if not (math.isfinite(number) and number > 0):
        raise EffectError(f"{what} is {number:g}; a ratio must be above 0.")
    return math.log(number)


def from_se(estimate: Printed, se: Printed) -> Route:
    """Take an estimate and its standard error as they stand, on the analysis scale."""
    estimate_slack, se_slack = half_units(estimate, se, least=2)
    return Route(number_of(estimate), number_of(se), "se", estimate_slack=estimate_slack, se_slack=se_slack)


def printed_point(estimate: Printed, se: float) -> Route:
    """Take a printed ratio whose standard error is known from elsewhere."""
    return Route(log_ratio(estimate, "estimate"), se, "point", estimate_slack=log_slacks(estimate)[0])


def from_ci(
    estimate: Printed, low: Printed, high: Printed, *, level: float = 0.95, df: float | None = None, ratio: bool = True
) -> Route:
    """Take the standard error from a printed interval: its width over twice the critical value.

    Parameters
    ----------
    estimate, low, high : float or str
        As printed (a ratio, not its logarithm).
    level : float
        Confidence level of the interval: 0.90, 0.95, 0.99 ...
    df : float, optional
        Degrees of freedom of a t interval.
    ratio : bool
        False for a difference.

    Returns
    -------
    Route
        Flagged `asymmetric_interval` when the interval is not symmetric beyond rounding; the standard error is then the
        larger of the two that its sides imply (`side_errors`).

    Raises
    ------
    EffectError
        If a limit is missing or not positive, or the interval does not hold its estimate.

    Examples
    --------
    >>> route = from_ci("0.54", "0.36", "0.81")
    >>> round(route.se, 6), [round(se, 3) for se in route.se_range]
    (0.206874, [0.202, 0.212])
    """
    values = number_of(estimate), number_of(low), number_of(high)
    if not values[1] <= values[0] <= values[2] or values[1] >= values[2]:
        raise EffectError(
            f"The interval from ci_low {values[1]:g} to ci_high {values[2]:g} does not hold its estimate {values[0]:g}."
        )
    z = critical_value(level, df)
    names = ("estimate", "ci_low", "ci_high")
    point, bottom, top = map(log_ratio, values, names) if ratio else values
    slack = log_slacks(estimate, low, high) if ratio else half_units(estimate, low, high)
    skewed = abs(2 * point - bottom - top) > 2 * slack[0] + slack[1] + slack[2] + _FLOAT_ERROR
    if not skewed:
        se, se_slack = (top - bottom) / (2 * z), (slack[1] + slack[2]) / (2 * z)
        return Route(point, se, "ci", estimate_slack=slack[0], se_slack=se_slack)
    sides = sorted(((point - bottom + slack[0] + slack[1]) / z, (top - point + slack[0] + slack[2]) / z))
    least = min(point - bottom - slack[0] - slack[1], top - point - slack[0] - slack[2]) / z
    se = max(point - bottom, top - point) / z
    flags = ("asymmetric_interval",)
    return Route(point, se, "ci", flags, estimate_slack=slack[0], se_limits=(max(least, 0.0), sides[1]))


def side_errors(
    estimate: Printed, low: Printed, high: Printed, *, level: float = 0.95, df: float | None = None, ratio: bool = True
) -> tuple[float, float]:
    """Return the standard errors that the lower and the upper side of a printed interval imply.

    Examples
    --------
    >>> [round(se, 3) for se in side_errors(0.37, 0.26, 0.89)]
    [0.18, 0.448]
    """
    z = critical_value(level, df)
    values = [number_of(value) for value in (estimate, low, high)]
    point, bottom, top = (math.log(x) if ratio else x for x in values)
    return (point - bottom) / z, (top - point) / z


def disagree(first: Route, second: Route) -> bool:
    """Whether two routes of one row differ by more than rounding of what was printed can explain.

    The standard errors that an asymmetric interval allows are those of its sides and all between.
    """
    gap = abs(first.estimate - second.estimate) - first.estimate_slack - second.estimate_slack
    (least, most), (other_least, other_most) = first.se_range, second.se_range
    apart = max(least - other_most, other_least - most)
    return gap > _FLOAT_ERROR * max(1, abs(first.estimate)) or apart > _FLOAT_ERROR * max(1, first.se)


def half_units(*printed: Printed, least: int = 1) -> list[float]:
    """Half a unit in the last place of numbers printed together."""
    return [0.5 * 10.0**-place for place in places(*printed, least=least)]


def places(*printed: Printed, least: int = 1) -> list[int]:
    """Return the decimals of numbers printed together.

    A text shows its own. A float keeps no trailing zeros, and a spreadsheet takes them off: below 10 a number has
    `least` decimals at least, and below 1 as many as the one that has most.

    Examples
    --------
    >>> places("0.70", "0.5", "1.2"), places(0.7, 0.5, 1.2)
    ([2, 2, 1], [1, 1, 1])
    """
    values = [abs(number_of(value)) for value in printed]
    shown = [_decimals(value) for value in printed]
    most = max(least, *shown)
    return [most if x < 1 else max(own, least) if x < 10 else own for x, own in zip(values, shown, strict=True)]


def _decimals(printed: Printed) -> int:
    number = Decimal(printed.strip()) if isinstance(printed, str) else Decimal(repr(float(printed))).normalize()
    return max(0, -int(number.as_tuple().exponent))


def log_slacks(*printed: Printed) -> list[float]:
    """How far rounding can have moved the logarithms of printed ratios (downwards, the wider side)."""
    halves, values = half_units(*printed), [number_of(value) for value in printed]
    return [math.inf if half >= x else -math.log1p(-half / x) for x, half in zip(values, halves, strict=True)]


def z_of_p(p: float) -> float:
    """Return the normal quantile of a two-sided P: 0 at 1, infinite at 0."""
    return float(-ndtri(min(max(p, 0.0), 1.0) / 2))


def from_p(estimate: Printed, p: Printed, *, ratio: bool = True) -> Route:
    """Take the standard error from an exact two-sided P: |log estimate| over its normal quantile.

    Raises
    ------
    EffectError
        If P is not strictly between 0 and 1, or the estimate is null (it then says nothing about its error).

    Examples
    --------
    >>> route = from_p("0.54", "0.003")
    >>> round(route.se, 3), [round(se, 3) for se in route.se_range]
    (0.208, [0.201, 0.214])
    """
    exact = number_of(p)
    if not 0 < exact < 1:
        raise EffectError(f"p_value is {exact:g}; an exact P lies between 0 and 1.")
    point = log_ratio(estimate, "estimate") if ratio else number_of(estimate)
    if point == 0:
        raise EffectError("An estimate of no effect with a P value gives no standard error; give the interval instead.")
    slack = (log_slacks(estimate) if ratio else half_units(estimate))[0]
    half = half_units(p, least=2)[0]
    return Route(
        point, abs(point) / z_of_p(exact), "p", estimate_slack=slack,
        se_limits=(
            max(abs(point) - slack, 0.0) / z_of_p(max(exact - half, 1e-300)), _over(abs(point) + slack, exact + half)
        ),
    )  # fmt: skip


def _over(size: float, p: float) -> float:
    """Return a size over the quantile of P; infinite where P may be 1."""
    return size / z if (z := z_of_p(p)) > 0 else math.inf


def from_oe_v(o_minus_e: Printed, variance: Printed) -> Route:
    """Take the log hazard ratio from log-rank observed minus expected and its variance: (O-E)/V, SE 1/sqrt(V)."""
    excess, v = number_of(o_minus_e), number_of(variance)
    if not (math.isfinite(v) and v > 0):
        raise EffectError(f"variance is {v:g}; the log-rank variance must be above 0.")
    log_hr, se = excess / v, 1 / math.sqrt(v)
    oe_slack, v_slack = [half / v for half in half_units(o_minus_e, variance)]
    return Route(log_hr, se, "oe_v", estimate_slack=oe_slack + abs(log_hr) * v_slack, se_slack=se * v_slack / 2)
