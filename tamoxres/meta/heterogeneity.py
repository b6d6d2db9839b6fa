"""How much the effects of studies differ: Q, I2 by two definitions, H2, the Q-profile interval of tau2, prediction.

Conventions: I2 is a percentage, as in the papers and in R. `i2_q` is (Q - df) / Q (Higgins-Thompson 2002); `i2_tau2` is
tau2 / (tau2 + s2) with the typical sampling variance s2, and depends on the estimator of tau2; H2 is (tau2 + s2) / s2,
and Q / df for a common effect, as in R's metafor. A prediction interval always names its rule:

====== ========================= ==============================
rule   standard error            quantile
====== ========================= ==============================
same   the printed interval's    the printed interval's
hts    Wald                      t, k - 2
z      Wald                      normal
k1     Wald                      t, k - 1
hksj   Hartung-Knapp             t, k - 1
====== ========================= ==============================

`same`, the default, is metafor's `predict`; it is never narrower than the confidence interval, which the other rules
can be (`narrower`). None is given for fewer than three studies.

References
----------
Higgins JPT, Thompson SG 2002, doi:10.1002/sim.1186. Viechtbauer W 2007, doi:10.1002/sim.2514 (Q-profile).
Higgins JPT, Thompson SG, Spiegelhalter DJ 2009, doi:10.1111/j.1467-985X.2008.00552.x (prediction).
Partlett C, Riley RD 2017, doi:10.1002/sim.7140 (prediction, Hartung-Knapp).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chdtri

from ..effects.routes import critical_value
from ..vocabulary import PredictionRule
from .tau2 import Array, q_root, weighted_fit

__all__ = ["Errors", "Heterogeneity", "chi2_p", "heterogeneity", "narrower", "prediction", "tau2_interval"]

_FEWEST = 3  # studies that a prediction interval needs
_ROUNDING = 1e-12


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


@dataclass(frozen=True, slots=True)
class Errors:
    """Standard errors of a pooled estimate, on the analysis scale.

    Attributes
    ----------
    wald, hksj : float
        Wald and uncorrected Hartung-Knapp.
    printed : float
        That of the interval that is printed.
    df : float or None
        Its degrees of freedom; None for a normal interval.
    """

    wald: float
    hksj: float
    printed: float
    df: float | None


def tau2_interval(y: Array, v: Array, level: float = 0.95, x: Array | None = None) -> tuple[float, float] | None:
    """Return the Q-profile interval of tau2: where the generalised Q meets the chi-squared quantiles.

    None where it is empty: the estimates differ so much less than their errors that no tau2, not even 0, fits them.
    """
    design = np.ones((len(y), 1)) if x is None else x
    tails = [float(chdtri(len(y) - design.shape[1], tail)) for tail in ((1 - level) / 2, (1 + level) / 2)]
    if float(weighted_fit(y, 1 / v, design).q) < tails[1]:
        return None
    return float(q_root(y, v, tails[0], x)), float(q_root(y, v, tails[1], x))


def prediction(
    point: float, errors: Errors, tau2: float, k: int, rule: PredictionRule = "same", level: float = 0.95
) -> tuple[float, float] | None:
    """Return the interval that holds the effect of a new study; None for fewer than three studies.

    Parameters
    ----------
    point : float
        Pooled estimate on the analysis scale.
    errors : Errors
    tau2 : float
    k : int
        Number of studies.
    rule : "same" | "hts" | "z" | "k1" | "hksj"
    level : float
    """
    if k < _FEWEST:
        return None
    se, df = {
        "same": (errors.printed, errors.df), "hts": (errors.wald, k - 2), "z": (errors.wald, None),
        "k1": (errors.wald, k - 1), "hksj": (errors.hksj, k - 1),
    }[rule]  # fmt: skip
    half = critical_value(level, df) * math.hypot(math.sqrt(tau2), se)
    return point - half, point + half


def narrower(interval: tuple[float, float] | None, errors: Errors, level: float) -> bool:
    """Tell whether a prediction interval is narrower than the confidence interval printed beside it."""
    if interval is None:
        return False
    return interval[1] - interval[0] < 2 * critical_value(level, errors.df) * errors.printed * (1 - _ROUNDING)
