"""Profile likelihood of one coefficient: intervals that hold where Wald's do not, with few events or near separation.

Conventions: the interval holds the values whose profile log likelihood (the others maximised) lies within half a
chi-squared quantile of the maximum. A side on which the likelihood never falls that far is infinite. Each limit is
sought by Newton's method on the likelihood and the scores of the others together; where that does not arrive (near
separation), by bracketing.

References
----------
Venzon DJ, Moolgavkar SH 1988, Appl Stat 37:87. Heinze G, Schemper M 2001, Biometrics 57:114.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from ..errors import AnalysisError
from .cox import CoxFit, CoxOptions, fit_on
from .likelihood import evaluate
from .risksets import FloatArray

__all__ = ["ProfileInterval", "profile_interval", "profile_loglik"]

_FARTHEST = 200.0  # standard deviations of the column at which a side counts as infinite
_STEPS, _NEAR = 25, 1e-6  # Newton steps towards a limit, and the step that is the last: the next is its square


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileInterval:
    """A coefficient with its profile likelihood interval, on the log hazard ratio scale."""

    estimate: float
    low: float
    high: float
    level: float


def profile_loglik(fit: CoxFit, column: int, value: float) -> float:
    """Return the log likelihood with one coefficient held at a value and the others at their best."""
    rest = np.delete(np.arange(fit.x.shape[1]), column)
    offset = fit.offset + value * (fit.x[:, column] - fit.x[:, column].mean())
    start = np.nan_to_num(fit.coefficients[rest])
    held = fit_on(fit.risk_sets, np.ascontiguousarray(fit.x[:, rest]), CoxOptions(offset=offset, start=start))
    return held.loglik


def profile_interval(fit: CoxFit, column: int, level: float = 0.95) -> ProfileInterval:
    """Find the profile likelihood interval of one coefficient.

    Parameters
    ----------
    fit : CoxFit
        May be separated in this column: the side towards infinity is then infinite.
    column : int
    level : float

    Raises
    ------
    AnalysisError
        If the coefficient cannot be estimated at all.
    """
    if not fit.estimable[column]:
        raise AnalysisError(f"Column {column} of x cannot be estimated (constant or collinear); it has no interval.")
    target = fit.loglik - float(chdtri(1, 1 - level)) / 2
    estimate, unit = float(fit.coefficients[column]), 1 / float(fit.x[:, column].std())

    def above(value: float) -> float:
        return profile_loglik(fit, column, value) - target

    first = 2 * float(fit.se[column]) if not fit.separated[column] else unit
    low, high = (
        _newton(fit, column, target, side) or _side(above, estimate, side * first, _FARTHEST * unit) for side in (-1, 1)
    )
    return ProfileInterval(estimate=estimate, low=low, high=high, level=level)


def _newton(fit: CoxFit, column: int, target: float, side: int) -> float | None:
    """Find the limit on one side from Wald's limit on (Venzon and Moolgavkar); None where the steps do not arrive."""
    if fit.flags:
        return None
    centre, scale = fit.x.mean(axis=0), fit.x.std(axis=0)
    z, rest = (fit.x - centre) / scale, np.arange(fit.x.shape[1]) != column
    top: FloatArray = fit.coefficients * scale
    covariance = fit.covariance * np.outer(scale, scale)
    reach = np.sqrt(2 * (fit.loglik - target) / covariance[column, column])
    beta = top + side * reach * covariance[:, column]
    for _ in range(_STEPS):
        state = evaluate(z, beta, fit.risk_sets, fit.offset)
        if not np.isfinite(state.loglik):
            return None
        miss = np.where(rest, state.score, state.loglik - target)
        slope = np.where(rest[:, None], -state.information, state.score)
        try:
            step = np.linalg.solve(slope, -miss)
        except np.linalg.LinAlgError:
            return None
        beta = beta + step
        if np.max(np.abs(step)) < _NEAR:
            break
    else:
        return None
    return float(beta[column] / scale[column]) if side * (beta[column] - top[column]) > 0 else None


def _side(above: Callable[[float], float], estimate: float, step: float, farthest: float) -> float:
    """Return where `above` falls to 0 on the side to which `step` points, or infinity."""
    from scipy.optimize import brentq

    inner = estimate
    while abs(inner - estimate) < farthest:
        outer = inner + step
        if above(outer) < 0:
            return float(brentq(above, inner, outer, xtol=1e-12, rtol=1e-12))
        inner, step = outer, 2 * step
    return float(np.sign(step) * np.inf)
