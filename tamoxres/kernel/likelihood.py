"""The log partial likelihood at given coefficients, with its score and information, in NumPy.

Conventions: as in `risksets`. The information is X' diag(e) X - sum_k M_k, with e the expected events of each patient
and M_k the weighted outer products of the risk set means, so no second moments are summed over risk sets. Relative
hazards are divided by the largest, which the partial likelihood does not see.

References
----------
Efron B 1977, J Am Stat Assoc 72:557. Therneau TM, Grambsch PM 2000, Modeling Survival Data, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .risksets import FloatArray, RiskSets

__all__ = ["State", "evaluate", "mean_outer", "weighted_gram"]

_ROWS = 1 << 16  # rows of a block when the information is summed: bounds the memory of large fits
_SMALLEST = 1e-150  # a risk set's sum below which its square is lost: coefficients are far out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """The partial likelihood at given coefficients, with what residuals are made of.

    Attributes
    ----------
    loglik : float
    score : array, shape (p,)
    information : array, shape (p, p)
    risk : array, shape (n,)
        Weight times relative hazard, up to a common factor.
    expected : array, shape (n,)
        Expected events of each patient (weighted): `risk` times the hazard over the risk period.
    risk_total, tied_total : array, shape (k, p)
        Sums of risk times covariates over the risk set, and over the tied events, of each group.
    hazard, tied_hazard : array, shape (k,)
        Sums over a group's steps of w/D and share w/D, D being the step's denominator.
    outer : array, shape (k, 3)
        Sums over a group's steps of w/D^2, share w/D^2 and share^2 w/D^2.
    log_factor : float
        Log of the common factor: true risk is `risk` times its exponential.
    """

    loglik: float
    score: FloatArray
    information: FloatArray
    risk: FloatArray
    expected: FloatArray
    risk_total: FloatArray
    tied_total: FloatArray
    hazard: FloatArray
    tied_hazard: FloatArray
    outer: FloatArray
    log_factor: float


def evaluate(x: FloatArray, beta: FloatArray, sets: RiskSets, offset: FloatArray) -> State:
    """Evaluate the log partial likelihood, its score and its information at `beta`.

    Parameters
    ----------
    x : array, shape (n, p)
        Centre and scale it for accuracy.
    beta : array, shape (p,)
    sets : RiskSets
    offset : array, shape (n,)

    Returns
    -------
    State
    """
    eta = offset + x @ beta
    active = sets.until > sets.begin
    log_factor = float(eta[active].max())
    with np.errstate(under="ignore"):
        risk = np.where(active, sets.weights * np.exp(np.minimum(eta - log_factor, 0.0)), 0.0)
    group, share, weight = sets.step_group, sets.step_share, sets.step_weight
    # Risk stands beside risk times covariates: sums over groups are taken of all at once.
    weighted = np.empty((risk.size, x.shape[1] + 1), order="F")
    weighted[:, 0] = risk
    np.multiply(risk[:, None], x, out=weighted[:, 1:])
    total, tied = sets.risk_sums(weighted), sets.event_sums(weighted)
    denominator = total[group, 0] - share * tied[group, 0]
    if not (denominator > _SMALLEST).all():
        return _nowhere(x.shape[1], sets, risk, log_factor)
    steps = np.empty((5, denominator.size))
    once, twice = steps[0], steps[2]
    np.divide(weight, denominator, out=once)
    np.divide(once, denominator, out=twice)
    steps[1], steps[3] = share * once, share * twice
    steps[4] = share * steps[3]
    sums = sets.step_sums(steps)
    hazard, tied_hazard, outer = sums[0], sums[1], sums[2:].T
    risk_total, tied_total = total[:, 1:], tied[:, 1:]
    exposure = sets.over_risk_period(hazard)
    rows = sets.event_rows
    exposure[rows] -= tied_hazard[sets.event_group]
    expected = risk * exposure
    event_weight = sets.weights[rows]
    return State(
        loglik=float(event_weight @ (eta[rows] - log_factor) - weight @ np.log(denominator)),
        score=event_weight @ x[rows] - hazard @ risk_total + tied_hazard @ tied_total,
        information=weighted_gram(x, expected) - mean_outer(risk_total, tied_total, outer),
        risk=risk, expected=expected, risk_total=risk_total, tied_total=tied_total,
        hazard=hazard, tied_hazard=tied_hazard, outer=outer, log_factor=log_factor,
    )  # fmt: skip


def mean_outer(risk_total: FloatArray, tied_total: FloatArray, outer: FloatArray) -> FloatArray:
    """Sum w E E' over all tie steps, E = (risk total - share x tied total) / D being a step's mean: shape (p, p)."""
    mixed = (risk_total * outer[:, 1:2]).T @ tied_total
    return np.asarray(
        (risk_total * outer[:, :1]).T @ risk_total - mixed - mixed.T + (tied_total * outer[:, 2:]).T @ tied_total
    )


def weighted_gram(x: FloatArray, weight: FloatArray) -> FloatArray:
    """Return X' diag(weight) X, in blocks of rows."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, x.shape[0], _ROWS):
        block = x[start : start + _ROWS]
        total += (block * weight[start : start + _ROWS, None]).T @ block
    return total


def _nowhere(p: int, sets: RiskSets, risk: FloatArray, log_factor: float) -> State:
    """Return the state of coefficients so far out that a risk set sums to 0: likelihood 0."""
    k = sets.n_groups
    return State(
        loglik=-np.inf, score=np.full(p, np.nan), information=np.full((p, p), np.nan), risk=risk,
        expected=np.full(risk.size, np.nan), risk_total=np.zeros((k, p)), tied_total=np.zeros((k, p)),
        hazard=np.zeros(k), tied_hazard=np.zeros(k), outer=np.zeros((k, 3)), log_factor=log_factor,
    )  # fmt: skip
