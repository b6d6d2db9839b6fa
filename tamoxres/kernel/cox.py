"""Cox's proportional hazards model on plain arrays: strata, case weights, left truncation, Efron or Breslow ties.

Conventions: as in `risksets`. Covariates are centred and scaled inside; all that comes out is on the scale that went
in. `loglik` is the log partial likelihood as R's coxph writes it (Efron's with weights too). The covariance is the
inverse of the observed information. A column that is constant in the risk sets, or a combination of earlier ones, gets
NaN (R's NA) and the flag `singular`. The likelihood is NumPy's up to `LARGE` patients, and compiled beyond.

References
----------
Cox DR 1972, J R Stat Soc B 34:187. Efron B 1977, J Am Stat Assoc 72:557. Therneau TM, Grambsch PM 2000, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import AnalysisError
from .likelihood import evaluate
from .newton import FLAT, RUNAWAY_STEP, LikelihoodState, climb, independent, inverse
from .risksets import FloatArray, IntArray, RiskSets, Ties, make_risk_sets

__all__ = ["LARGE", "NOT_CONVERGED", "SEPARATED", "SINGULAR", "CoxFit", "CoxOptions", "fit_cox", "fit_on"]

SINGULAR, SEPARATED, NOT_CONVERGED = "singular", "separated", "not converged"
LARGE = 50_000  # patients from which loading the compiled kernel pays
_ROWS = 4096  # rows of a block that stays in the processor's cache


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
    return fit_on(sets, design, chosen)


def fit_on(sets: RiskSets, x: FloatArray, options: CoxOptions) -> CoxFit:
    """Fit a Cox model to risk sets made before, whose ties rule holds; see `fit_cox`."""
    n, p = x.shape
    offset = np.zeros(n) if options.offset is None else np.asarray(options.offset, float)
    centre, scale = _centre_and_scale(x)
    likelihood = _likelihood(sets, x, (centre, scale), offset)
    null = likelihood(np.ones(p, bool))(np.zeros(p))
    kept = independent(null.information, float(sets.step_weight.sum()))
    start = np.zeros(p) if options.start is None else np.nan_to_num(np.asarray(options.start, float)) * scale
    known = null if kept.all() and not start.any() else None
    top = climb(likelihood(kept), start[kept], options.tolerance, options.max_iterations, known)
    coefficients, covariance, information = np.full(p, np.nan), np.full((p, p), np.nan), np.zeros((p, p))
    separated, block, unit = np.zeros(p, bool), np.ix_(kept, kept), np.outer(scale[kept], scale[kept])
    separated[kept] = np.abs(top.step) > RUNAWAY_STEP
    coefficients[kept] = top.beta / scale[kept]
    covariance[block] = inverse(top.state.information) / unit
    information[block] = top.state.information * unit
    troubles = {SINGULAR: not kept.all(), SEPARATED: bool(separated.any()), NOT_CONVERGED: not top.converged}
    return CoxFit(
        coefficients=coefficients, covariance=covariance, information=information,
        loglik_null=null.loglik, loglik=top.state.loglik, iterations=top.iterations, converged=top.converged,
        n=n, n_events=int(sets.event.sum()), flags=tuple(name for name, found in troubles.items() if found),
        estimable=kept, separated=separated, x=x, risk_sets=sets, offset=offset,
    )  # fmt: skip


BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def _likelihood(
    sets: RiskSets, x: FloatArray, standard: tuple[FloatArray, FloatArray], offset: FloatArray
) -> Callable[[BoolArray], Callable[[FloatArray], LikelihoodState]]:
    """Return a function that takes which columns to keep and gives the likelihood of their coefficients."""
    if x.shape[0] >= LARGE:
        from .large import large_likelihood

        return large_likelihood(sets, x, standard, offset)
    z = (x - standard[0]) / standard[1]

    def of(kept: BoolArray) -> Callable[[FloatArray], LikelihoodState]:
        columns = z if kept.all() else z[:, kept]
        return lambda beta: evaluate(columns, beta, sets, offset)

    return of


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
    squares = np.zeros_like(centre)
    for start in range(0, x.shape[0], _ROWS):
        away = x[start : start + _ROWS] - centre
        squares += np.einsum("ij,ij->j", away, away)
    scale = np.sqrt(squares / x.shape[0])
    return centre, np.where(scale > FLAT * np.abs(centre), scale, 1.0)
