"""Survival and mean survival of a parametric model, averaged over the patients; standard errors by the delta method.

Conventions: `theta` is laid out as in `parametric_fit`; time in months. The mean is that of the whole distribution, to
infinity: what of it lies beyond the last follow-up rests on the distribution alone. A mean that is not finite is NaN:
a log-logistic with shape <= 1, a generalized gamma with sigma >= 1 / |Q| and Q below 0, a spline whose hazard vanishes.

References
----------
Cox C, Chu H, Schneider MF, Munoz A 2007, Stat Med 26:4352. Rotnitzky A, Robins JM 2005 (standardisation by regression).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gamma, gammaln

from ..vocabulary import FloatArray

if TYPE_CHECKING:
    from .parametric_fit import Family

__all__ = ["LevelEstimate", "delta", "level_means", "level_survival", "mean_survival", "restricted_mean", "survival"]

_STEP = 1e-3  # in standard errors, for differences of fourth order
_BEYOND = 0.01  # share of a mean beyond the last follow-up from which it counts as extrapolated
_GRID, _EARLY, _LATE = 400, 12.0, 50.0  # points; how far below the first knot in log time; cumulative hazard at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelEstimate:
    """Survival at a time, or mean survival, of one level of the marker (or of the treatment).

    Attributes
    ----------
    level : str
    months : float or None
        Time of the survival; None for a mean.
    estimate, se, ci_low, ci_high : float
        A share, or months. NaN where it is not finite.
    beyond : float or None
        Share of a mean that lies beyond the last follow-up; None for a survival.
    flags : tuple of str
        `extrapolated_mean` where more than 1% lies beyond; `not_estimable`.
    """

    level: str
    months: float | None
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    beyond: float | None = None
    flags: tuple[str, ...] = ()


def level_survival(
    family: Family,
    theta: FloatArray,
    covariance: FloatArray,
    worlds: Mapping[str, FloatArray],
    months: FloatArray,
    z: float,
) -> tuple[LevelEstimate, ...]:
    """Return survival at each time in each world (a level, and the design with everyone at it)."""
    rows = []
    for name, x in worlds.items():
        shares, errors = delta(partial(_survival_at, family, x, months), theta, covariance)
        for time, share, se in zip(months.tolist(), shares.tolist(), errors.tolist(), strict=True):
            spread = np.exp(z * se / (share * -np.log(share))) if 0 < share < 1 else np.nan
            low, high = float(share**spread), float(share ** (1 / spread))
            rows.append(LevelEstimate(level=name, months=time, estimate=share, se=se, ci_low=low, ci_high=high))
    return tuple(rows)


def level_means(
    family: Family,
    theta: FloatArray,
    covariance: FloatArray,
    worlds: Mapping[str, FloatArray],
    last: float,
    z: float,
) -> tuple[LevelEstimate, ...]:
    """Return mean survival in each world, and how much of it lies beyond `last` months."""
    rows = []
    for name, x in worlds.items():
        means, errors = delta(partial(_mean_of, family, x), theta, covariance)
        mean, se = float(means[0]), float(errors[0])
        beyond = 1 - restricted_mean(family, theta, x, last) / mean
        flag = "not_estimable" if not np.isfinite(mean) else "extrapolated_mean" if beyond > _BEYOND else ""
        width = float(np.exp(z * se / mean))
        rows.append(
            LevelEstimate(
                level=name, months=None, estimate=mean, se=se, ci_low=mean / width, ci_high=mean * width,
                beyond=beyond, flags=(flag,) if flag else (),
            )
        )  # fmt: skip
    return tuple(rows)


def _survival_at(family: Family, x: FloatArray, months: FloatArray, theta: FloatArray) -> FloatArray:
    return survival(family, theta, x, months)


def _mean_of(family: Family, x: FloatArray, theta: FloatArray) -> FloatArray:
    return np.array([mean_survival(family, theta, x)])


def survival(family: Family, theta: FloatArray, x: FloatArray, times: FloatArray) -> FloatArray:
    """Return the survival at each time (above 0), averaged over the rows of x, shape (times,)."""
    at = (family.cumulative_hazard(theta, np.full(len(x), time), x) for time in times)
    return np.array([float(np.exp(-hazard).mean()) for hazard in at])


def restricted_mean(family: Family, theta: FloatArray, x: FloatArray, horizon: float) -> float:
    """Return the mean survival within `horizon` months, averaged over the rows of x."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    root = (nodes + 1) / 2  # time = horizon root^2: more points where survival falls first
    return float(horizon * (weights * root) @ survival(family, theta, x, horizon * root**2))


def mean_survival(family: Family, theta: FloatArray, x: FloatArray) -> float:
    """Return the mean survival in months, averaged over the rows of x; NaN where it is not finite."""
    cut = len(theta) - len(family.shapes)
    location = theta[0] + x @ theta[1:cut]
    if family.distribution == "spline":
        return _spline_mean(family, theta, location)
    return float(np.exp(location).mean() * _FACTORS[family.distribution](*theta[cut:]))


def _loglogistic(log_shape: float) -> float:
    angle = np.pi / np.exp(log_shape)
    return float(angle / np.sin(angle)) if log_shape > 0 else np.nan


def _gengamma(log_sigma: float, q: float) -> float:
    sigma = np.exp(log_sigma)
    if abs(q) < 1e-4:
        return float(np.exp(sigma**2 / 2))
    shape = q**-2 + sigma / q
    return float(np.exp(2 * sigma / q * np.log(abs(q)) + gammaln(shape) - gammaln(q**-2))) if shape > 0 else np.nan


_FACTORS: dict[str, Callable[..., float]] = {  # mean over the exponential of the location
    "weibull": lambda log_shape: float(gamma(1 + np.exp(-log_shape))),
    "lognormal": lambda log_sigma: float(np.exp(np.exp(2 * log_sigma) / 2)),
    "loglogistic": _loglogistic,
    "gengamma": _gengamma,
}


def _spline_mean(family: Family, theta: FloatArray, location: FloatArray) -> float:
    """Integrate survival over log time by the trapezoidal rule, from where nobody has died to where nobody is left."""
    fitter, named = family.fitter, family.named(theta)
    last = float(fitter.knots[-1])
    slope = float(fitter._slope(named, np.array([last]))[0])
    if slope <= 0:
        return float("nan")
    least = float(location.min() + fitter._log_time(named, np.array([last]))[0])
    end = last + max(np.log(_LATE) - least, 1.0) / slope
    grid = np.linspace(float(fitter.knots[0]) - _EARLY, end, _GRID)
    hazard = np.exp(np.minimum(location[:, None] + fitter._log_time(named, grid), 700.0))
    alive = np.exp(-hazard).mean(axis=0) * np.exp(grid)
    return float(np.exp(grid[0]) + (alive[1:] + alive[:-1]).sum() * (grid[1] - grid[0]) / 2)


def delta(
    function: Callable[[FloatArray], FloatArray], theta: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what a function of the parameters is worth, shape (m,), and its standard errors by the delta method."""
    columns = []
    for i, step in enumerate(_STEP * np.sqrt(np.diag(covariance))):
        move = np.zeros(len(theta))
        move[i] = step
        near, far = (function(theta + k * move) - function(theta - k * move) for k in (1, 2))
        columns.append((8 * near - far) / (12 * step))
    gradient = np.array(columns)
    variance = np.einsum("im,ij,jm->m", gradient, covariance, gradient)
    return function(theta), np.sqrt(np.maximum(variance, 0.0))
