"""Cox's proportional hazards model on plain arrays: strata, case weights, left truncation, Efron or Breslow ties.

Conventions: as in `risksets`. Covariates are centred and scaled inside; all that comes out is on the scale that went
in. `loglik` is the log partial likelihood as R's coxph writes it (Efron's with weights too). The covariance is the
inverse of the observed information. A column that is constant in the risk sets, or a combination of earlier ones, gets
NaN (R's NA) and the flag `singular`.

The information is X' diag(e) X - sum_k M_k, with e the expected events of each patient and M_k the weighted outer
products of the risk set means, so no second moments are summed over risk sets.

References
----------
Cox DR 1972, J R Stat Soc B 34:187. Efron B 1977, J Am Stat Assoc 72:557. Therneau TM, Grambsch PM 2000, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import AnalysisError
from .risksets import FloatArray, IntArray, RiskSets, Ties, make_risk_sets

__all__ = [
    "NOT_CONVERGED",
    "SEPARATED",
    "SINGULAR",
    "CoxFit",
    "CoxOptions",
    "State",
    "evaluate",
    "fit_cox",
    "mean_outer",
    "weighted_gram",
]

SINGULAR, SEPARATED, NOT_CONVERGED = "singular", "separated", "not converged"
_ROWS = 1 << 16  # rows of a block when the information is summed: bounds the memory of large fits
_COLLINEAR = 1e-10  # pivot, relative to a column's own information, below which it is a combination of others
_RUNAWAY = 1e-3  # a step this long (in standard deviations of a column) at convergence means no finite maximum
_HALVINGS = 30
_SMALLEST = 1e-150  # a risk set's sum below which its square is lost: coefficients are far out
_ROUNDING = 1e-12  # a log likelihood may fall by this share of itself without counting as a fall


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoxOptions:
    """How the partial likelihood is maximised.

    Attributes
    ----------
    ties : "efron" | "breslow"
    tolerance : float
        Newton decrement (twice the log likelihood still to gain) below which one last step is taken.
    max_iterations : int
        0 evaluates everything at `start`.
    start : array of float, shape (p,), optional
        Coefficients to start from; 0 if None. `loglik_null` is at 0 all the same.
    offset : array of float, shape (n,), optional
        Added to the linear predictor.
    """

    ties: Ties = "efron"
    tolerance: float = 1e-10
    max_iterations: int = 50
    start: FloatArray | None = None
    offset: FloatArray | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoxFit:
    """A fitted Cox model, with what its residuals and tests need.

    Attributes
    ----------
    coefficients : array, shape (p,)
        Log hazard ratios; NaN for a column that cannot be estimated.
    covariance, information : array, shape (p, p)
        Model-based; rows and columns of what cannot be estimated are NaN in `covariance`.
    loglik_null, loglik : float
        At coefficients 0, and at the maximum.
    iterations : int
    converged : bool
    n, n_events : int
        Patients, and events among them.
    flags : tuple of str
        `singular`, `separated` (a coefficient runs to infinity), `not converged`.
    estimable : array of bool, shape (p,)
    separated : array of bool, shape (p,)
    x : array, shape (n, p)
    risk_sets : RiskSets
    offset : array, shape (n,)
    """

    coefficients: FloatArray
    covariance: FloatArray
    information: FloatArray
    loglik_null: float
    loglik: float
    iterations: int
    converged: bool
    n: int
    n_events: int
    flags: tuple[str, ...]
    estimable: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    separated: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    x: FloatArray
    risk_sets: RiskSets
    offset: FloatArray

    @property
    def se(self) -> FloatArray:
        """Model-based standard errors, shape (p,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def linear_predictor(self) -> FloatArray:
        """Offset plus covariates times coefficients (not centred), shape (n,)."""
        return np.asarray(self.offset + self.x @ np.nan_to_num(self.coefficients))


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
    denominator = sets.risk_sums(risk)[group] - share * sets.event_sums(risk)[group]
    if not (denominator > _SMALLEST).all():
        return _nowhere(x.shape[1], sets, risk, log_factor)
    once, twice = weight / denominator, weight / denominator**2
    hazard, tied_hazard = sets.step_sums(once), sets.step_sums(share * once)
    outer = np.stack([sets.step_sums(v) for v in (twice, share * twice, share**2 * twice)], axis=1)
    weighted = np.stack([risk * x[:, j] for j in range(x.shape[1])], axis=1) if x.size else np.zeros_like(x)
    risk_total, tied_total = sets.risk_sums(weighted), sets.event_sums(weighted)
    exposure = sets.over_risk_period(hazard)
    rows = sets.event_rows
    exposure[rows] -= tied_hazard[sets.until[rows] - 1]
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


def fit_cox(
    time: FloatArray,
    event: IntArray,
    x: FloatArray,
    *,
    entry: FloatArray | None = None,
    strata: IntArray | None = None,
    weights: FloatArray | None = None,
    options: CoxOptions | None = None,
) -> CoxFit:
    """Fit a Cox model by Newton's method with step-halving.

    Parameters
    ----------
    time, event : array, shape (n,)
        End of follow-up, and 1 for an event or 0 for censored.
    x : array, shape (n, p)
        Covariates, without missing values; a column of ones is not wanted.
    entry : array, shape (n,), optional
        Start of observation (delayed entry, or start-stop rows).
    strata : array of int, shape (n,), optional
    weights : array, shape (n,), optional
        Case weights above 0; give robust standard errors with `robust_covariance`.
    options : CoxOptions, optional
        Efron ties, to convergence, if None.

    Returns
    -------
    CoxFit

    Raises
    ------
    AnalysisError
        If shapes differ, a covariate is missing or infinite, or the follow-up cannot be used (see `make_risk_sets`).

    Examples
    --------
    >>> import numpy as np
    >>> fit = fit_cox(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 1, 0, 1]), np.array([[1.0], [0.0], [1.0], [0.0]]))
    >>> fit.n_events, fit.converged
    (3, True)
    """
    chosen = options or CoxOptions()
    design = _check_design(time, event, x, (entry, strata, weights, chosen.offset))
    sets = make_risk_sets(time, event, entry=entry, strata=strata, weights=weights, ties=chosen.ties)
    n, p = design.shape
    offset = np.zeros(n) if chosen.offset is None else np.asarray(chosen.offset, float)
    centre, scale = _centre_and_scale(design)
    z = (design - centre) / scale
    null = evaluate(z, np.zeros(p), sets, offset)
    kept = _independent(null.information, float(sets.step_weight.sum()))
    start = np.zeros(p) if chosen.start is None else np.nan_to_num(np.asarray(chosen.start, float)) * scale
    climb = _newton(z if kept.all() else z[:, kept], start[kept], sets, offset, chosen)
    coefficients, covariance, information = np.full(p, np.nan), np.full((p, p), np.nan), np.zeros((p, p))
    separated, block, unit = np.zeros(p, bool), np.ix_(kept, kept), np.outer(scale[kept], scale[kept])
    separated[kept] = np.abs(climb.step) > _RUNAWAY
    coefficients[kept] = climb.beta / scale[kept]
    covariance[block] = inverse(climb.state.information) / unit
    information[block] = climb.state.information * unit
    troubles = {SINGULAR: not kept.all(), SEPARATED: bool(separated.any()), NOT_CONVERGED: not climb.converged}
    return CoxFit(
        coefficients=coefficients, covariance=covariance, information=information,
        loglik_null=null.loglik, loglik=climb.state.loglik, iterations=climb.iterations, converged=climb.converged,
        n=n, n_events=int(sets.event.sum()), flags=tuple(name for name, found in troubles.items() if found),
        estimable=kept, separated=separated, x=design, risk_sets=sets, offset=offset,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Climb:
    """Where Newton's method ended: coefficients, the state there, and the last step."""

    beta: FloatArray
    state: State
    step: FloatArray
    iterations: int
    converged: bool


def _newton(z: FloatArray, beta: FloatArray, sets: RiskSets, offset: FloatArray, options: CoxOptions) -> _Climb:
    """Climb to the maximum, halving a step that does not climb."""
    state = evaluate(z, beta, sets, offset)
    step = np.zeros_like(beta)
    done = options.max_iterations == 0
    iteration = 0
    while not done and iteration < options.max_iterations:
        iteration += 1
        step = inverse(state.information) @ state.score
        done = float(step @ state.score) <= options.tolerance
        tried = evaluate(z, beta + step, sets, offset)
        halvings = 0
        while not tried.loglik >= state.loglik - _ROUNDING * abs(state.loglik) and halvings < _HALVINGS:
            halvings += 1
            step = step / 2
            tried = evaluate(z, beta + step, sets, offset)
        beta, state = beta + step, tried
    return _Climb(beta=beta, state=state, step=step, iterations=iteration, converged=done)


def _check_design(
    time: FloatArray, event: IntArray, x: FloatArray, others: tuple[FloatArray | IntArray | None, ...]
) -> FloatArray:
    design = np.ascontiguousarray(x, float)
    n = np.asarray(time).size
    shapes = [np.shape(event), design.shape[:1], *(np.shape(other) for other in others if other is not None)]
    if design.ndim != 2 or any(shape != (n,) for shape in shapes):
        raise AnalysisError(
            f"Times are of {n:,} patients, but x has shape {design.shape} and other inputs {shapes}. "
            "Give one row a patient in each."
        )
    bad = np.flatnonzero(~np.isfinite(design).all(axis=0))
    if bad.size:
        raise AnalysisError(
            f"Column {bad[0]} of x holds missing or infinite values; leave those patients out or impute them."
        )
    return design


def _centre_and_scale(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    centre = x.mean(axis=0)
    scale = np.array([np.sqrt(np.mean((x[:, j] - centre[j]) ** 2)) for j in range(x.shape[1])])
    return centre, np.where(scale > 1e-12 * np.maximum(np.abs(centre), 1e-300), scale, 1.0)


def _independent(information: FloatArray, events: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Find, in order, the columns that add information to those before them (Cholesky with a tolerance)."""
    left = information.copy()
    own = np.diag(information).copy()
    keep = np.zeros(own.size, bool)
    for j in range(own.size):
        # A column of unit variance has information of the order of the events: far less is rounding, not signal.
        keep[j] = own[j] > _COLLINEAR * events and left[j, j] > _COLLINEAR * own[j]
        if keep[j]:
            left -= np.outer(left[:, j], left[j]) / left[j, j]
    return keep


def inverse(information: FloatArray) -> FloatArray:
    """Invert an information matrix; one that has lost its rank on the way is inverted on the rank it has."""
    try:
        root = np.linalg.inv(np.linalg.cholesky(information))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(np.nan_to_num(information), hermitian=True))
    return np.asarray(root.T @ root)
