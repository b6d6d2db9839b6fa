"""A Bayesian random-effects line beside Hartung-Knapp: exact by quadrature, its prior named.

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

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from ..errors import PoolingError
from ..wording import number, percent
from .pool import arrays
from .pooled import PooledEffect
from .summary import Summary
from .tau2 import Array

__all__ = ["BayesianPool", "Posterior", "bayesian", "posterior", "tau_quantile"]

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


def posterior(y: Array, v: Array, tau_scale: float) -> Posterior:
    """Integrate the posterior of tau under a half-normal prior and a flat prior of mu."""
    tau, measure = _nodes(_edges(v, tau_scale))
    log_density, mean, variance = _density(tau, y, v, tau_scale)
    mass = measure * np.exp(log_density - log_density.max())
    return Posterior(tau, mass / mass.sum(), mean, variance)


def tau_quantile(y: Array, v: Array, tau_scale: float, share: float) -> float:
    """Return a quantile of the posterior of tau: the panel that holds it, and a root within."""
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


def _nodes(edges: Array) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights of every panel, end to end."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges)[:, None] / 2
    return (half * node + (edges[:-1] + edges[1:])[:, None] / 2).ravel(), (half * weight).ravel()


def _density(tau: Array, y: Array, v: Array, tau_scale: float) -> tuple[Array, Array, Array]:
    """Log posterior density of tau (m,) but for a constant, with the mean and variance of mu at each."""
    w = 1 / (v + tau[:, None] ** 2)
    variance = 1 / w.sum(-1)
    mean = variance * (w @ y)
    log_density = 0.5 * (np.log(w).sum(-1) + np.log(variance) - (w * (y - mean[:, None]) ** 2).sum(-1))
    return log_density - 0.5 * (tau / tau_scale) ** 2, mean, variance


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesianPool:
    """Posterior of a random-effects meta-analysis.

    Attributes
    ----------
    mu, new_study : Summary
        The mean effect, and the effect of a new study.
    tau, tau_low, tau_high : float
        Between-study standard deviation.
    shrunken : tuple of Summary
        Effects of the studies, each drawn to the mean.
    p_above : float
        Posterior probability that the mean effect is above no effect (a ratio above 1).
    p_within : float or None
        Posterior probability that the mean effect lies within the margin.
    margin : (float, float) or None
    prior : str
        In words.
    level : float
    """

    mu: Summary
    new_study: Summary
    tau: float
    tau_low: float
    tau_high: float
    shrunken: tuple[Summary, ...]
    p_above: float
    p_within: float | None
    margin: tuple[float, float] | None
    prior: str
    level: float

    def __str__(self) -> str:
        null = 1 if self.mu.is_ratio else 0
        lines = [f"{self.mu}; probability above {null}: {percent(self.p_above)}"]
        if self.margin is not None:
            lines.append(f"Probability within {self.margin[0]:g} to {self.margin[1]:g}: {percent(self.p_within)}")
        lines.append(f"tau {number(self.tau)} ({number(self.tau_low)} to {number(self.tau_high)}); prior: {self.prior}")
        return "\n".join([*lines, str(self.new_study)])


def bayesian(
    pooled: PooledEffect, *, tau_scale: float | None = None, margin: tuple[float, float] | None = None
) -> BayesianPool:
    """Give the Bayesian line beside a pooled effect.

    Parameters
    ----------
    pooled : PooledEffect
    tau_scale : float, optional
        Scale of tau's half-normal prior; 0.5 for ratios (log scale), to be given for differences.
    margin : (float, float), optional
        Such as (0.80, 1.25), as a reader sees the effect.

    Raises
    ------
    PoolingError
        If the scale is not positive or missing for a difference, or the margin is no interval.
    """
    scale = RATIO_SCALE if tau_scale is None and pooled.is_ratio else tau_scale
    if scale is None:
        raise PoolingError(f"A {pooled.measure} has no usual prior of tau; give tau_scale on its own scale.")
    if not scale > 0:
        raise PoolingError(f"tau_scale is {scale:g}; it must be above 0.")
    y, v = arrays(pooled.effects)
    found = posterior(y, v, scale)
    limits = _margin(margin, pooled)
    taus = [tau_quantile(y, v, scale, p) for p in (0.5, (1 - pooled.level) / 2, (1 + pooled.level) / 2)]
    inside = None if limits is None else found.cdf(limits[1]) - found.cdf(limits[0])
    return BayesianPool(
        mu=_summary("Mean effect", found.cdf, pooled, _span(found)),
        new_study=_summary("Effect of a new study", lambda x: found.cdf(x, found.tau**2), pooled, _span(found)),
        tau=taus[0], tau_low=taus[1], tau_high=taus[2], shrunken=_shrunken(found, y, v, pooled),
        p_above=1 - found.cdf(0.0), p_within=inside, margin=margin,
        prior=f"flat on the mean, half-normal({scale:g}) on tau", level=pooled.level,
    )  # fmt: skip


def _margin(margin: tuple[float, float] | None, pooled: PooledEffect) -> tuple[float, float] | None:
    if margin is None:
        return None
    low, high = margin
    if not low < high or (pooled.is_ratio and low <= 0):
        raise PoolingError(
            f"The margin {low:g} to {high:g} is no interval; give the lower limit first, as (0.80, 1.25)."
        )
    return (math.log(low), math.log(high)) if pooled.is_ratio else (low, high)


def _span(found: Posterior) -> tuple[float, float]:
    """An interval that holds all of a posterior that matters."""
    reach = 40 * float(np.sqrt(found.variance.max() + found.tau.max() ** 2))
    return float(found.mean.min()) - reach, float(found.mean.max()) + reach


def _summary(label: str, cdf: Callable[[float], float], pooled: PooledEffect, span: tuple[float, float]) -> Summary:
    tails = (0.5, (1 - pooled.level) / 2, (1 + pooled.level) / 2)
    middle, low, high = (float(brentq(lambda x, p=p: cdf(x) - p, *span, xtol=_TIGHT)) for p in tails)
    return Summary(label=label, point=middle, se=math.nan, low=low, high=high, k=pooled.k, is_ratio=pooled.is_ratio)


def _shrunken(found: Posterior, y: Array, v: Array, pooled: PooledEffect) -> tuple[Summary, ...]:
    """Posterior of each study's own effect: given tau it is normal between its estimate and the mean."""
    out = []
    for effect, estimate, variance in zip(pooled.effects, y, v, strict=True):
        share = variance / (variance + found.tau**2)  # how far it is drawn to the mean
        mean = (1 - share) * estimate + share * found.mean
        spread = (1 - share) * variance + share**2 * found.variance
        own = Posterior(found.tau, found.weight, mean, spread)
        out.append(_summary(effect.label, own.cdf, pooled, _span(own)))
    return tuple(out)
