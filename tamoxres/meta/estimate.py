"""The pooled estimate and its interval, as functions of plain arrays; one analysis, or many subsets at once.

Conventions: weights are 1 / (v + tau2). The Wald standard error is 1 / sqrt(sum of weights). `hksj` multiplies it by
sqrt(q), q = sum of w (y - mu)^2 / (k - 1), and uses t with k - 1 degrees of freedom; `adhoc`, the default, takes
max(1, q) instead of q (metafor's `test="adhoc"`), so that agreement by chance of few studies never narrows it.

References
----------
Hartung J, Knapp G 2001, doi:10.1002/sim.1009. Sidik K, Jonkman JN 2002, doi:10.1002/sim.1262.
IntHout J, Ioannidis JPA, Borm GF 2014, doi:10.1186/1471-2288-14-25 (max(1, q) and when it matters).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ..vocabulary import CiMethod
from .tau2 import TAU2, Array, Tau2Method, weighted_fit

__all__ = ["Pooled", "all_equal", "pool_arrays", "quantile", "two_sided"]

_EQUAL = 1e-12  # estimates closer than this, relative to the largest, are equal but for rounding


@dataclass(frozen=True, slots=True)
class Pooled:
    """Pooled estimates of one analysis (0-d arrays) or of many (arrays of shape (b,)).

    Attributes
    ----------
    point, tau2 : array
    se_wald, se_hk : array
        Wald and (uncorrected) Hartung-Knapp standard errors.
    se : array
        The one of the interval asked for.
    df : array
        Its degrees of freedom; infinite for a normal interval.
    weights : array (..., k)
        1 / (v + tau2); 0 for a study left out.
    q : array
        Cochran's Q of the studies kept.
    """

    point: Array
    tau2: Array
    se_wald: Array
    se_hk: Array
    se: Array
    df: Array
    weights: Array
    q: Array

    def limits(self, level: float = 0.95) -> tuple[Array, Array]:
        """Return the confidence limits."""
        half = quantile((1 + level) / 2, self.df) * self.se
        return self.point - half, self.point + half

    @property
    def p(self) -> Array:
        """Two-sided P of the pooled estimate against no effect."""
        return two_sided(self.point, self.se, self.df)


def quantile(share: float, df: Array) -> Array:
    """Return quantiles of t, and of the normal where `df` is infinite."""
    return np.asarray(np.where(np.isinf(df), ndtri(share), stdtrit(np.where(np.isinf(df), 1, df), share)))


def two_sided(point: Array, se: Array, df: Array) -> Array:
    """Return two-sided P values by t, and by the normal where `df` is infinite."""
    statistic = -np.abs(point / se)
    return np.asarray(2 * np.where(np.isinf(df), ndtr(statistic), stdtr(np.where(np.isinf(df), 1, df), statistic)))


def all_equal(y: Array, keep: Array | None = None) -> Array:
    """Tell whether the estimates (k,), or those of every subset `keep` (..., k), differ by rounding alone."""
    kept = np.ones(y.shape) if keep is None else keep
    spread = np.where(kept > 0, y, -np.inf).max(-1) - np.where(kept > 0, y, np.inf).min(-1)
    return np.asarray(spread <= _EQUAL * max(1.0, float(np.abs(y).max())))


def pool_arrays(
    y: Array, v: Array, *, tau2: Tau2Method = "reml", ci: CiMethod = "adhoc", keep: Array | None = None
) -> Pooled:
    """Pool estimates (k,) with variances `v`; with `keep` (b, k) of 0 and 1, pool b subsets of them at once.

    A subset of one study has that study's estimate, its own standard error, and a normal interval. Equal estimates make
    q exactly 0: their Hartung-Knapp error is then the Wald error (`all_equal` tells the caller to say so).
    """
    kept = np.ones(len(y)) if keep is None else np.asarray(keep, dtype=float)
    k = kept.sum(-1)
    alone = k < 2
    x = np.ones((len(y), 1))
    if alone.any():
        between = np.zeros(kept.shape[:-1])
        if not alone.all():
            between[~alone] = TAU2[tau2](y, v, x, kept[~alone])
    else:
        between = TAU2[tau2](y, v, x, kept)
    fit = weighted_fit(y, kept / (v + between[..., None]), x)
    wald = np.sqrt(fit.cov[..., 0, 0])
    q = np.where(alone | all_equal(y, kept), 1.0, fit.q / np.maximum(k - 1, 1))
    hk = np.sqrt(q) * wald
    se = {"z": wald, "hksj": hk, "adhoc": np.sqrt(np.maximum(1, q)) * wald}[ci]
    df = np.where(alone | (ci == "z"), np.inf, k - 1)
    cochran = weighted_fit(y, kept / v, x).q
    return Pooled(fit.coefficients[..., 0], between, wald, hk, se, df, fit.w, cochran)
