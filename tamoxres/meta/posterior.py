"""The posterior of a random-effects mean, exact by quadrature, as functions of plain arrays.

Conventions: mu has a flat prior, tau a half-normal one with the scale given (0.5 for log ratios: tau above 1 is then
unlikely). Given tau everything is normal, so that posteriors are mixtures over tau, integrated by Gauss-Legendre panels
that are dense where tau is small. Estimates are posterior medians with equal-tailed intervals.

References
----------
Röver C 2020, doi:10.18637/jss.v093.i06. Röver C et al. 2021, doi:10.1002/jrsm.1475 (weakly informative priors).
Friede T et al. 2017, doi:10.1002/jrsm.1217 (two and few studies).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from scipy.special import ndtr

from .tau2 import Array

__all__ = [
    "FEW_STUDIES",
    "RATIO_SCALE",
    "BayesLine",
    "Posterior",
    "bayes_line",
    "posterior",
    "quantile_of",
    "tau_quantile",
]

FEW_STUDIES = 5  # below this many studies tau2 is hardly known, and the Bayesian line stands beside the interval
RATIO_SCALE = 0.5
_PANELS, _NODES, _REACH = 60, 20, 9.0  # nodes a panel; half-normal scales beyond which nothing is left
_TIGHT = 1e-13


@dataclass(frozen=True, slots=True)
class Posterior:
    """The posterior of tau on its quadrature nodes, and the normal posterior of mu at each.

    Attributes
    ----------
    tau, weight : array (m,)
        Nodes, and posterior mass on each (they sum to 1).
    mean, variance : array (m,)
        Of mu given tau.
    """

    tau: Array
    weight: Array
    mean: Array
    variance: Array

    def cdf(self, x: float, extra: Array | float = 0.0) -> float:
        """Posterior probability that mu (with an extra variance, a new study's effect) is at most x."""
        return float(self.weight @ ndtr((x - self.mean) / np.sqrt(self.variance + extra)))

    @property
    def span(self) -> tuple[float, float]:
        """An interval that holds all that matters of mu, of a new study's effect, and of every study's own."""
        reach = 40 * float(np.sqrt(self.variance.max() + self.tau.max() ** 2))
        return float(self.mean.min()) - reach, float(self.mean.max()) + reach


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesLine:
    """The posterior of the mean effect in one line, on the analysis scale.

    Attributes
    ----------
    point, low, high : float
        Median and equal-tailed limits.
    p_above : float
        Posterior probability that the mean effect is above no effect (a ratio above 1).
    tau_scale : float
        Of the half-normal prior of tau.
    level : float
    """

    point: float
    low: float
    high: float
    p_above: float
    tau_scale: float
    level: float


def posterior(y: Array, v: Array, tau_scale: float) -> Posterior:
    """Integrate the posterior of tau under a half-normal prior and a flat prior of mu."""
    tau, measure = _nodes(_edges(v, tau_scale))
    log_density, mean, variance = _density(tau, y, v, tau_scale)
    mass = measure * np.exp(log_density - log_density.max())
    return Posterior(tau, mass / mass.sum(), mean, variance)


def quantile_of(cdf: Callable[[float], float], share: float, span: tuple[float, float]) -> float:
    """Return the value at which a distribution function reaches a share."""
    from scipy.optimize import brentq

    return float(brentq(lambda x: cdf(x) - share, *span, xtol=_TIGHT))


@lru_cache(maxsize=256)
def bayes_line(y: tuple[float, ...], se: tuple[float, ...], level: float = 0.95) -> BayesLine:
    """Return the line that stands beside a pooled log ratio of few studies: half-normal prior of tau, scale 0.5.

    Parameters
    ----------
    y, se : tuple of float
        Log ratios and their standard errors.
    level : float
    """
    whole = posterior(np.array(y), np.square(se), RATIO_SCALE)
    point, low, high = (quantile_of(whole.cdf, q, whole.span) for q in (0.5, (1 - level) / 2, (1 + level) / 2))
    above = 1 - whole.cdf(0.0)
    return BayesLine(point=point, low=low, high=high, p_above=above, tau_scale=RATIO_SCALE, level=level)


def tau_quantile(y: Array, v: Array, tau_scale: float, share: float) -> float:
    """Return a quantile of the posterior of tau: the panel that holds it, and a root within."""
    from scipy.optimize import brentq

    edges = _edges(v, tau_scale)
    whole = posterior(y, v, tau_scale).weight.reshape(_PANELS, _NODES).sum(1)
    before = np.concatenate([[0.0], np.cumsum(whole)])
    i = int(np.clip(np.searchsorted(before, share) - 1, 0, _PANELS - 1))

    def part(end: float) -> float:
        tau, measure = _nodes(np.array([edges[i], end]))
        return float((measure * np.exp(_density(tau, y, v, tau_scale)[0] - peak)).sum())

    peak = float(_density(edges[i : i + 1], y, v, tau_scale)[0][0])
    aim = (share - before[i]) / whole[i] * part(float(edges[i + 1]))
    return float(brentq(lambda end: part(end) - aim, edges[i], edges[i + 1], xtol=_TIGHT))


def _edges(v: Array, tau_scale: float) -> Array:
    """Panels of tau, as wide as tau itself where tau is large, and dense near 0."""
    smallest = float(np.sqrt(v.min())) / 4
    top = math.asinh(_REACH * tau_scale / smallest)
    return np.asarray(smallest * np.sinh(np.linspace(0, top, _PANELS + 1)))


@cache
def _legendre() -> tuple[Array, Array]:
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    return np.asarray(node), np.asarray(weight)


def _nodes(edges: Array) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights of every panel, end to end."""
    node, weight = _legendre()
    half = np.diff(edges)[:, None] / 2
    return (half * node + (edges[:-1] + edges[1:])[:, None] / 2).ravel(), (half * weight).ravel()


def _density(tau: Array, y: Array, v: Array, tau_scale: float) -> tuple[Array, Array, Array]:
    """Log posterior density of tau (m,) but for a constant, with the mean and variance of mu at each."""
    w = 1 / (v + tau[:, None] ** 2)
    variance = 1 / w.sum(-1)
    mean = variance * (w @ y)
    log_density = 0.5 * (np.log(w).sum(-1) + np.log(variance) - (w * (y - mean[:, None]) ** 2).sum(-1))
    return log_density - 0.5 * (tau / tau_scale) ** 2, mean, variance
