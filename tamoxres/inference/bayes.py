"""What a prior makes of an interaction: posteriors of the log ratio, and the prior that belief would need.

Conventions: priors and posteriors are of the log ratio of hazard ratios. `sceptical`: normal about no interaction, 95 %
of it between ratios 1/2 and 2; `enthusiastic`: the same spread about a ratio of 1.5; `shrinkage`: Laplace about no
interaction with the sceptical prior's standard deviation, which draws small ratios in and leaves large ones; `flat`:
the likelihood alone. The likelihood is normal (estimate and standard error), or any log likelihood of the log ratio,
integrated over a grid. Intervals are equal-tailed. A prior-based interval holds the truth as often as it says averaged
over the prior, not at each truth.

The prior needed (reverse-Bayes): of an interaction whose interval excludes 1, the sceptical prior that would just bring
1 back; who believes that no ratio beyond its limits is plausible is not convinced. Of one whose interval holds 1, the
prior in favour, itself just excluding 1, that would make the posterior exclude 1.

References
----------
Spiegelhalter DJ, Freedman LS, Parmar MKB 1994, J R Stat Soc A 157:357 (sceptical, enthusiastic). Park T, Casella G
2008, doi:10.1198/016214508000000337 (Laplace). Matthews RAJ 2018, doi:10.1098/rsos.171047; Held L 2019,
doi:10.1098/rsos.181534 (reverse-Bayes, intrinsic credibility).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..vocabulary import FloatArray
from ..wording import ratio

__all__ = [
    "PRIORS", "NeededPrior", "Posterior", "Prior", "by_likelihood", "by_normal", "estimated_ratio", "prior_needed",
]  # fmt: skip

_Z = float(ndtri(0.975))
_SD = math.log(2) / 1.96  # as M18 of the methods has it: 95 % of the sceptical prior between 1/2 and 2
_POINTS, _SPAN = 4001, 10.0  # of a grid, and its half width in standard errors
_NO_INFORMATION = 100.0
Shape = Literal["normal", "laplace", "flat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A prior of the log ratio.

    Attributes
    ----------
    name : str
    shape : "normal" | "laplace" | "flat"
    mean, sd : float
        Of the log ratio; not used where it is flat.

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.Prior(name="sceptical").mean
    0.0
    """

    name: str
    shape: Shape = "normal"
    mean: float = 0.0
    sd: float = _SD

    def __post_init__(self) -> None:
        if self.shape not in ("normal", "laplace", "flat"):
            raise AnalysisError(f"The prior {self.name} has shape {self.shape!r}; use normal, laplace or flat.")
        if not (self.sd > 0 and math.isfinite(self.sd) and math.isfinite(self.mean)):
            raise AnalysisError(f"The prior {self.name} has mean {self.mean:g} and SD {self.sd:g}; the SD is above 0.")

    def log_density(self, log_ratio: FloatArray) -> FloatArray:
        """Return the log density, up to a constant."""
        away = (np.asarray(log_ratio, float) - self.mean) / self.sd
        if self.shape == "flat":
            return np.zeros_like(away)
        return np.asarray(-(away**2) / 2 if self.shape == "normal" else -math.sqrt(2) * np.abs(away))


PRIORS: tuple[Prior, ...] = (
    Prior(name="sceptical"),
    Prior(name="enthusiastic", mean=math.log(1.5)),
    Prior(name="shrinkage", shape="laplace"),
    Prior(name="flat", shape="flat"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What a prior and a likelihood say together of a ratio of hazard ratios.

    Attributes
    ----------
    prior : Prior
    likelihood : "normal" | "profile"
    mean, sd : float
        Of the log ratio.
    median, ci_low, ci_high : float
        Of the ratio; limits are equal-tailed.
    above_1, above, within, below : float
        Probabilities that the ratio lies above 1, above the margin, within it and below it.
    margin : (float, float)
    level : float
    """

    prior: Prior
    likelihood: Literal["normal", "profile"]
    mean: float
    sd: float
    median: float
    ci_low: float
    ci_high: float
    above_1: float
    above: float
    within: float
    below: float
    margin: tuple[float, float]
    level: float = 0.95


def estimated_ratio(row: EffectEstimate) -> tuple[float, float]:
    """Return the log ratio and standard error of an interaction's row.

    Raises
    ------
    AnalysisError
        If the row is no estimated ratio.
    """
    if not row.is_ratio or row.point is None or row.se is None or row.estimand != "interaction":
        raise AnalysisError(
            f"{row.label}: a posterior takes an estimated interaction (a ratio of hazard ratios); this row is "
            f"{row.estimand or 'of no named estimand'}, {row.status.replace('_', ' ')}."
        )
    return row.point, row.se


def by_normal(
    log_ratio: float, se: float, prior: Prior, *, margin: tuple[float, float] = (0.8, 1.25), level: float = 0.95
) -> Posterior:
    """Combine a prior with a normal likelihood, in closed form.

    Examples
    --------
    >>> found = by_normal(0.72, 0.23, PRIORS[0])
    >>> round(found.median, 2), round(found.above_1, 3)
    (1.66, 0.996)
    """
    check_margin(margin)
    parts = _parts(log_ratio, se, prior)
    first = sum(part.weight * part.mean for part in parts)
    second = sum(part.weight * (part.variance + part.mean**2) for part in parts)

    def cdf(x: float) -> float:
        return sum(part.weight * part.cdf(x) for part in parts)

    spread = math.sqrt(max(second - first**2, 0.0))
    points = [_invert(cdf, p, first, spread) for p in (0.5, (1 - level) / 2, (1 + level) / 2)]
    return _posterior(prior, "normal", (first, spread), points, cdf, margin, level)


def by_likelihood(
    grid: FloatArray, loglik: FloatArray, prior: Prior, *, margin: tuple[float, float] = (0.8, 1.25),
    level: float = 0.95,
) -> Posterior:  # fmt: skip
    """Combine a prior with a log likelihood given on a grid, by quadrature.

    Parameters
    ----------
    grid : array, shape (m,)
        Log ratios, evenly spaced, over all that the likelihood leaves plausible.
    loglik : array, shape (m,)
        Log likelihood there, up to a constant.
    prior : Prior
    margin : (low, high)
    level : float
    """
    check_margin(margin)
    log_density = loglik + prior.log_density(grid)
    density = np.exp(log_density - log_density.max())
    from scipy.interpolate import CubicSpline

    whole = CubicSpline(grid, density)
    mass = whole.antiderivative()
    total = float(mass(grid[-1]))
    mean = float(CubicSpline(grid, grid * density).integrate(grid[0], grid[-1])) / total
    variance = float(CubicSpline(grid, (grid - mean) ** 2 * density).integrate(grid[0], grid[-1])) / total

    def cdf(x: float) -> float:
        return float(mass(min(max(x, grid[0]), grid[-1]))) / total

    spread = math.sqrt(variance)
    points = [_invert(cdf, p, mean, spread) for p in (0.5, (1 - level) / 2, (1 + level) / 2)]
    return _posterior(prior, "profile", (mean, spread), points, cdf, margin, level)


def check_margin(margin: tuple[float, float]) -> None:
    """Refuse a margin that is no interval about 1.

    Raises
    ------
    AnalysisError
    """
    if not 0 < margin[0] < 1 < margin[1]:
        raise AnalysisError(f"The margin {margin[0]:g} to {margin[1]:g} does not hold 1; give one as (0.80, 1.25).")


@dataclass(frozen=True, slots=True)
class _Part:
    """A normal piece of a posterior, truncated to one side of `at` (0: whole), with its weight, mean and variance."""

    weight: float
    centre: float
    se: float
    side: int = 0
    at: float = 0.0

    @property
    def _edge(self) -> tuple[float, float]:
        """The inverse Mills ratio at the edge, and the edge's distance in the direction kept."""
        d = self.side * (self.centre - self.at) / self.se
        return math.exp(-(d**2) / 2 - 0.5 * math.log(2 * math.pi) - float(log_ndtr(d))), d

    @property
    def mean(self) -> float:
        return self.centre + (self.side * self.se * self._edge[0] if self.side else 0.0)

    @property
    def variance(self) -> float:
        if not self.side:
            return self.se**2
        mills, d = self._edge
        return self.se**2 * (1 - mills * (mills + d))

    def cdf(self, x: float) -> float:
        z = (x - self.centre) / self.se
        if not self.side:
            return float(ndtr(z))
        edge = (self.at - self.centre) / self.se
        if self.side > 0:  # mass above `at`
            return 0.0 if x <= self.at else 1 - math.exp(float(log_ndtr(-z) - log_ndtr(-edge)))
        return 1.0 if x >= self.at else math.exp(float(log_ndtr(z) - log_ndtr(edge)))


def _parts(log_ratio: float, se: float, prior: Prior) -> tuple[_Part, ...]:
    """Return a posterior as normal pieces: one, or the two sides of a Laplace prior's peak."""
    if not 0 < se < _NO_INFORMATION:
        raise AnalysisError(
            f"The standard error of the log ratio is {se:g}; it is above 0, and from {_NO_INFORMATION:g} on there is "
            "no information in it."
        )
    if prior.shape == "flat":
        return (_Part(1.0, log_ratio, se),)
    if prior.shape == "normal":
        precision = 1 / se**2 + 1 / prior.sd**2
        centre = (log_ratio / se**2 + prior.mean / prior.sd**2) / precision
        return (_Part(1.0, centre, precision**-0.5),)
    rate, y = math.sqrt(2) / prior.sd, log_ratio - prior.mean
    logs = [-side * rate * y + float(log_ndtr((side * y - rate * se**2) / se)) for side in (1, -1)]
    weights = np.exp(np.array(logs) - logsumexp(logs))
    return tuple(
        _Part(float(weight), log_ratio - side * rate * se**2, se, side, prior.mean)
        for side, weight in zip((1, -1), weights, strict=True)
    )


def _invert(cdf: Callable[[float], float], p: float, mean: float, spread: float) -> float:
    from scipy.optimize import brentq

    low, high = mean - _SPAN * spread, mean + _SPAN * spread
    return float(brentq(lambda x: cdf(x) - p, low, high, xtol=1e-13, rtol=1e-13))


def _posterior(
    prior: Prior, likelihood: Literal["normal", "profile"], moments: tuple[float, float], points: Sequence[float],
    cdf: Callable[[float], float], margin: tuple[float, float], level: float,
) -> Posterior:  # fmt: skip
    below, to_high = cdf(math.log(margin[0])), cdf(math.log(margin[1]))
    median, low, high = (math.exp(point) for point in points)
    return Posterior(
        prior=prior, likelihood=likelihood, mean=moments[0], sd=moments[1], median=median, ci_low=low, ci_high=high,
        above_1=1 - cdf(0.0), above=1 - to_high, within=to_high - below, below=below, margin=margin, level=level,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededPrior:
    """The prior at which an interaction is just believed, or just not.

    Attributes
    ----------
    kind : "sceptical" | "advocate"
        `sceptical` of an interaction whose interval excludes 1, `advocate` of one whose interval holds 1.
    mean, sd : float
        Of the log ratio.
    ci_low, ci_high : float
        Its limits as ratios: of a sceptic who would just not be convinced; of an advocate who just would.
    intrinsic_p : float
        P of intrinsic credibility (Held): below alpha where the interaction convinces a sceptic as sure as the data.
    level : float
    """

    kind: Literal["sceptical", "advocate"]
    mean: float
    sd: float
    ci_low: float
    ci_high: float
    intrinsic_p: float
    level: float = 0.95

    def __str__(self) -> str:
        low, high = ratio(self.ci_low), ratio(self.ci_high)
        share = f"{100 * self.level:g}%"
        if self.kind == "sceptical":
            return (
                f"a sceptic who puts {share} on ratios of {low} to {high} about 1 is just not convinced; one who "
                "allows for more is"
            )
        return f"only who already puts {share} on ratios of {low} to {high} is just convinced by it"


def prior_needed(row: EffectEstimate, *, level: float = 0.95) -> NeededPrior | None:
    """Find the prior that belief in an interaction turns on (reverse-Bayes, by the normal approximation).

    Parameters
    ----------
    row : EffectEstimate
        An estimated interaction.
    level : float

    Returns
    -------
    NeededPrior or None
        None where the ratio is exactly 1: no prior in favour of one side is named by it.

    Raises
    ------
    AnalysisError
        If the row is no estimated interaction.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(2.06, 1.31, 3.24, study="a", estimand="interaction")
    >>> print(prior_needed(row))
    a sceptic who puts 95% on ratios of 0.69 to 1.44 about 1 is just not convinced; one who allows for more is
    """
    log_ratio, se = estimated_ratio(row)
    z, limit = log_ratio / se, float(ndtri((1 + level) / 2))
    intrinsic = 2 * float(ndtr(-abs(z) / math.sqrt(2)))
    if z == 0:
        return None
    if abs(z) > limit:
        mean, sd = 0.0, se / math.sqrt((z / limit) ** 2 - 1)
    elif abs(z) == limit:
        return None
    else:
        sd = se * 2 * limit * abs(z) / (limit**2 - z**2)
        mean = math.copysign(limit * sd, z)
    low, high = math.exp(min(mean - limit * sd, 700)), math.exp(min(mean + limit * sd, 700))
    return NeededPrior(
        kind="sceptical" if abs(z) > limit else "advocate", mean=mean, sd=sd, ci_low=low, ci_high=high,
        intrinsic_p=intrinsic, level=level,
    )  # fmt: skip
