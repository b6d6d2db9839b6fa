"""A Bayesian random-effects line beside Hartung-Knapp: exact by quadrature, its prior named.

The posterior itself, its conventions and its papers stand in `meta.posterior`. Here it is given in full, with a prior
and a margin of the reader's choice; the line of `PooledEffect.bayes` is its mean under the default prior.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import PoolingError
from ..wording import number, percent
from .pool import arrays
from .pooled import PooledEffect
from .posterior import RATIO_SCALE, Posterior, posterior, quantile_of, tau_quantile
from .summary import Summary
from .tau2 import Array

__all__ = ["BayesianPool", "bayesian"]


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

    Returns
    -------
    BayesianPool
        Posterior of the mean effect, tau and a new study's effect; `print` shows them.

    Raises
    ------
    PoolingError
        If the scale is not positive or missing for a difference, or the margin is no interval.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> found = bayesian(tr.pool(rows))
    >>> print(found)
    Mean effect: 1.31 (0.87-1.96) (k = 3); probability above 1: 93.0%
    tau 0.16 (0.01 to 0.73); prior: flat on the mean, half-normal(0.5) on tau
    Effect of a new study: 1.31 (0.62-2.74) (k = 3)
    """
    scale = RATIO_SCALE if tau_scale is None and pooled.is_ratio else tau_scale
    if scale is None:
        raise PoolingError(f"A {pooled.measure} has no usual prior of tau; give tau_scale on its own scale.")
    if not scale > 0:
        raise PoolingError(f"tau_scale is {scale:g}; it must be above 0.")
    y, v = arrays(pooled.effects)
    whole = posterior(y, v, scale)
    limits = _margin(margin, pooled)
    taus = [tau_quantile(y, v, scale, p) for p in (0.5, (1 - pooled.level) / 2, (1 + pooled.level) / 2)]
    inside = None if limits is None else whole.cdf(limits[1]) - whole.cdf(limits[0])
    return BayesianPool(
        mu=_summary("Mean effect", whole.cdf, pooled, whole.span),
        new_study=_summary("Effect of a new study", lambda x: whole.cdf(x, whole.tau**2), pooled, whole.span),
        tau=taus[0], tau_low=taus[1], tau_high=taus[2], shrunken=_shrunken(whole, y, v, pooled),
        p_above=1 - whole.cdf(0.0), p_within=inside, margin=margin,
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


def _summary(label: str, cdf: Callable[[float], float], pooled: PooledEffect, span: tuple[float, float]) -> Summary:
    tails = (0.5, (1 - pooled.level) / 2, (1 + pooled.level) / 2)
    middle, low, high = (quantile_of(cdf, p, span) for p in tails)
    return Summary(label=label, point=middle, se=math.nan, low=low, high=high, k=pooled.k, is_ratio=pooled.is_ratio)


def _shrunken(whole: Posterior, y: Array, v: Array, pooled: PooledEffect) -> tuple[Summary, ...]:
    """Posterior of each study's own effect: given tau it is normal between its estimate and the mean."""
    out = []
    for effect, estimate, variance in zip(pooled.effects, y, v, strict=True):
        share = variance / (variance + whole.tau**2)  # how far it is drawn to the mean
        mean = (1 - share) * estimate + share * whole.mean
        spread = (1 - share) * variance + share**2 * whole.variance
        own = Posterior(whole.tau, whole.weight, mean, spread)
        out.append(_summary(effect.label, own.cdf, pooled, own.span))
    return tuple(out)
