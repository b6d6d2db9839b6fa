"""How much the effects of studies differ: Q, I2 by two definitions, H2, the Q-profile interval of tau2, prediction.

Conventions: I2 is a percentage, as in the papers and in R. `i2_q` is (Q - df) / Q (Higgins-Thompson 2002); `i2_tau2` is
tau2 / (tau2 + s2) with the typical sampling variance s2, and depends on the estimator of tau2; H2 is (tau2 + s2) / s2,
and Q / df for a common effect, as in R's metafor. A prediction interval always names its rule:

====== ================ ==============
rule   standard error   quantile
====== ================ ==============
hts    Wald             t, k - 2 (not estimable for k = 2)
z      Wald             normal
k1     Wald             t, k - 1
hksj   Hartung-Knapp    t, k - 1
====== ================ ==============

References
----------
Higgins JPT, Thompson SG 2002, doi:10.1002/sim.1186. Viechtbauer W 2007, doi:10.1002/sim.2514 (Q-profile).
Higgins JPT, Thompson SG, Spiegelhalter DJ 2009, doi:10.1111/j.1467-985X.2008.00552.x (prediction).
Partlett C, Riley RD 2017, doi:10.1002/sim.7140 (prediction, Hartung-Knapp).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc, chdtri

from ..effects.routes import critical_value
from .tau2 import Array, q_root, weighted_fit

__all__ = ["Heterogeneity", "PredictionRule", "chi2_p", "heterogeneity", "prediction", "tau2_interval"]

PredictionRule = Literal["hts", "z", "k1", "hksj"]


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Cochran's Q with its P, and what it says in proportion.

    Attributes
    ----------
    q, df, p : float
    i2_q, i2_tau2 : float
        Percent.
    h2 : float
    """

    q: float
    df: int
    p: float
    i2_q: float
    i2_tau2: float
    h2: float


def chi2_p(statistic: float, df: float) -> float:
    """Return the upper tail of the chi-squared distribution (1 when there are no degrees of freedom)."""
    return float(chdtrc(df, statistic)) if df > 0 else 1.0


def heterogeneity(y: Array, v: Array, tau2: float, *, random: bool = True, x: Array | None = None) -> Heterogeneity:
    """Measure how much estimates (k,) with variances `v` differ beyond chance, about their mean or their regression.

    Parameters
    ----------
    y, v : array (k,)
    tau2 : float
        Between-study variance, for `i2_tau2` and H2.
    random : bool
        False for a common effect: H2 is then Q / df, and `i2_tau2` is 0.
    x : array (k, p), optional
        Moderators; Q is then the residual one.
    """
    design = np.ones((len(y), 1)) if x is None else x
    fit = weighted_fit(y, 1 / v, design)
    q, df = float(fit.q), len(y) - design.shape[1]
    wx = design / v[:, None]
    s2 = df / float((1 / v).sum() - np.trace(fit.cov @ (wx.T @ wx)))
    return Heterogeneity(
        q=q,
        df=df,
        p=chi2_p(q, df),
        i2_q=100 * max(0.0, (q - df) / q) if q > 0 else 0.0,
        i2_tau2=100 * tau2 / (tau2 + s2),
        h2=(tau2 + s2) / s2 if random else q / df,
    )


def tau2_interval(y: Array, v: Array, level: float = 0.95, x: Array | None = None) -> tuple[float, float]:
    """Return the Q-profile interval of tau2: where the generalised Q meets the chi-squared quantiles."""
    df = len(y) - (1 if x is None else x.shape[1])
    low, high = (float(q_root(y, v, float(chdtri(df, tail)), x)) for tail in ((1 - level) / 2, (1 + level) / 2))
    return low, high


def prediction(
    point: float, errors: tuple[float, float], tau2: float, k: int, rule: PredictionRule, level: float = 0.95
) -> tuple[float, float] | None:
    """Return the interval that holds the effect of a new study, or None where the rule gives none.

    Parameters
    ----------
    point : float
        Pooled estimate on the analysis scale.
    errors : (float, float)
        Its Wald and its Hartung-Knapp standard error.
    tau2 : float
    k : int
        Number of studies.
    rule : "hts" | "z" | "k1" | "hksj"
    level : float
    """
    df = {"hts": k - 2, "z": None, "k1": k - 1, "hksj": k - 1}[rule]
    if df is not None and df < 1:
        return None
    se = errors[1] if rule == "hksj" else errors[0]
    half = critical_value(level, df) * float(np.sqrt(tau2 + se**2))
    return point - half, point + half
