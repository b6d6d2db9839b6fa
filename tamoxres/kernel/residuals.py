"""What is left of a fitted Cox model: martingale, score and Schoenfeld residuals, robust variance, baseline hazard.

Conventions: each function takes a `CoxFit` of p columns, all of which must be estimable, on n rows and k event groups.
All follow the ties rule of the fit exactly; under Efron a tied event at step j is at risk for the share 1 - j/d, and
the mean it is compared with is that of the d steps (R's `residuals.coxph` and `cox.zph`). Martingale, score and
Schoenfeld residuals are for one patient of weight 1; dfbeta residuals are times its weight (both R's defaults).

References
----------
Therneau TM, Grambsch PM 2000, Modeling Survival Data, chapters 4, 6 and 7.
Lin DY, Wei LJ 1989, J Am Stat Assoc 84:1074.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import AnalysisError
from .cox import CoxFit
from .likelihood import State, evaluate, mean_outer, weighted_gram
from .risksets import FloatArray, IntArray

__all__ = [
    "BaselineHazard", "ScoreParts", "baseline_hazard", "dfbeta_residuals", "martingale_residuals", "robust_covariance",
    "schoenfeld_residuals", "score_residual_parts", "score_residuals",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreParts:
    """The score and the information of a fit, taken apart by event group.

    Attributes
    ----------
    time : array, shape (k,)
    stratum : array of int, shape (k,)
    events : array, shape (k,)
        Weighted events.
    schoenfeld : array, shape (k, p)
        Sum over the group's events of weight times (x - risk set mean): the group's share of the score.
    counts : array of int, shape (k,)
        Events, unweighted.
    """

    time: FloatArray
    stratum: IntArray
    events: FloatArray
    schoenfeld: FloatArray
    counts: IntArray
    _fit: CoxFit
    _state: State
    _centred: FloatArray

    def information(self, multiplier: FloatArray) -> FloatArray:
        """Sum the groups' information blocks, each times its multiplier, shape (k,): shape (p, p)."""
        state, sets = self._state, self._fit.risk_sets
        exposure = sets.over_risk_period(multiplier * state.hazard)
        rows = sets.event_rows
        exposure[rows] -= (multiplier * state.tied_hazard)[sets.until[rows] - 1]
        outer = state.outer * multiplier[:, None]
        second = weighted_gram(self._centred, state.risk * exposure)
        return np.asarray(second - mean_outer(state.risk_total, state.tied_total, outer))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaselineHazard:
    """A step function of cumulative baseline hazard in each stratum, with a step at each event time.

    Attributes
    ----------
    time, increment, cumulative : array, shape (k,)
    stratum : array of int, shape (k,)
        0, 1, ... in ascending order of the strata's codes.
    """

    time: FloatArray
    stratum: IntArray
    increment: FloatArray
    cumulative: FloatArray


def _at_estimate(fit: CoxFit) -> tuple[State, FloatArray]:
    """Return the state at the estimate, in columns centred at their means, and those columns."""
    if not fit.estimable.all():
        column = int(np.flatnonzero(~fit.estimable)[0])
        raise AnalysisError(f"Column {column} of x cannot be estimated (constant or collinear); leave it out first.")
    centre = fit.x.mean(axis=0)
    centred = fit.x - centre
    offset = fit.offset + float(centre @ fit.coefficients)
    return evaluate(centred, fit.coefficients, fit.risk_sets, offset), centred


def _step_sums(state: State) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return, a group each, the sums over steps of w/D E, share w/D E and w/D (share of the tied), shape (k, p)."""
    once, shared, squared = state.outer[:, :1], state.outer[:, 1:2], state.outer[:, 2:]
    hazard_mean = once * state.risk_total - shared * state.tied_total
    tied_mean = shared * state.risk_total - squared * state.tied_total
    mean_sum = state.hazard[:, None] * state.risk_total - state.tied_hazard[:, None] * state.tied_total
    return hazard_mean, tied_mean, mean_sum


def _group_means(fit: CoxFit, state: State) -> FloatArray:
    """Return the mean covariate that a group's events are compared with, shape (k, p)."""
    weight = fit.risk_sets.event_sums(fit.risk_sets.weights)
    return np.asarray(_step_sums(state)[2] / weight[:, None])


def score_residual_parts(fit: CoxFit) -> ScoreParts:
    """Take the score and the information of a fit apart by event time, as the test of proportional hazards needs."""
    state, centred = _at_estimate(fit)
    sets = fit.risk_sets
    weighted = centred * sets.weights[:, None]
    counts = np.bincount(sets.until[sets.event_rows] - 1, minlength=sets.n_groups)
    return ScoreParts(
        time=sets.group_time, stratum=sets.group_stratum, events=sets.event_sums(sets.weights),
        schoenfeld=sets.event_sums(weighted) - _step_sums(state)[2],
        counts=counts, _fit=fit, _state=state, _centred=centred,
    )  # fmt: skip


def schoenfeld_residuals(fit: CoxFit) -> tuple[FloatArray, FloatArray]:
    """Return times and residuals (covariate minus risk set mean) of the d events, ascending in strata: (d,), (d, p)."""
    state, centred = _at_estimate(fit)
    rows = fit.risk_sets.event_rows
    group = fit.risk_sets.until[rows] - 1
    order = np.argsort(group, kind="stable")
    residuals = centred[rows] - _group_means(fit, state)[group]
    return fit.risk_sets.group_time[group][order], residuals[order]


def martingale_residuals(fit: CoxFit) -> FloatArray:
    """Return observed minus expected events of each patient, shape (n,)."""
    state, _ = _at_estimate(fit)
    return np.asarray(fit.risk_sets.event - state.expected / fit.risk_sets.weights)


def score_residuals(fit: CoxFit) -> FloatArray:
    """Return each patient's share of the score, shape (n, p); weighted, they sum to 0 at the estimate."""
    state, centred = _at_estimate(fit)
    sets = fit.risk_sets
    hazard_mean, tied_mean, _ = _step_sums(state)
    passed = sets.over_risk_period(hazard_mean)
    rows = sets.event_rows
    group = sets.until[rows] - 1
    passed[rows] -= tied_mean[group]
    residuals = passed * (state.risk / sets.weights)[:, None] - centred * (state.expected / sets.weights)[:, None]
    residuals[rows] += centred[rows] - _group_means(fit, state)[group]
    return np.asarray(residuals)


def dfbeta_residuals(fit: CoxFit) -> FloatArray:
    """Return the approximate change of the coefficients when a patient, with all of its weight, is left out: (n, p)."""
    return np.asarray((score_residuals(fit) * fit.risk_sets.weights[:, None]) @ fit.covariance)


def robust_covariance(fit: CoxFit, cluster: IntArray | None = None) -> FloatArray:
    """Return the sandwich (infinitesimal jackknife) covariance of the coefficients, as R's `coxph(robust = TRUE)`.

    Parameters
    ----------
    fit : CoxFit
    cluster : array of int, shape (n,), optional
        Rows that belong together, such as the start-stop rows of a patient; each row by itself if None.

    Returns
    -------
    array, shape (p, p)
    """
    influence = dfbeta_residuals(fit)
    if cluster is not None:
        codes = np.unique(np.asarray(cluster), return_inverse=True)[1]
        influence = np.stack([np.bincount(codes, influence[:, j]) for j in range(influence.shape[1])], axis=1)
    return np.asarray(influence.T @ influence)


def baseline_hazard(fit: CoxFit, at: FloatArray | None = None) -> BaselineHazard:
    """Return the cumulative hazard at given covariates, by the estimator that belongs to the ties rule.

    Parameters
    ----------
    fit : CoxFit
    at : array, shape (p,), optional
        Covariates (offset 0); 0 in each if None, as R's `basehaz(centered = FALSE)`.

    Returns
    -------
    BaselineHazard
        Breslow's estimator, or Efron's analogue of it.
    """
    state, _ = _at_estimate(fit)
    wanted = 0.0 if at is None else float(np.asarray(at, float) @ fit.coefficients)
    increment = state.hazard * np.exp(wanted - state.log_factor)
    cumulative = np.cumsum(increment)
    stratum = fit.risk_sets.group_stratum
    first = np.searchsorted(stratum, stratum)
    cumulative = cumulative - np.where(first > 0, cumulative[first - 1], 0.0)
    return BaselineHazard(time=fit.risk_sets.group_time, stratum=stratum, increment=increment, cumulative=cumulative)
