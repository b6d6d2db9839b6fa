"""Firth's penalised Cox regression, for sparse cells and separation, where the usual maximum runs to infinity.

Conventions: the log partial likelihood plus half the log determinant of its information (Jeffreys' prior) is
maximised, with the same ties rule and strata as the plain model. Standard errors come from the information at the
maximum; the P value is that of the penalised likelihood ratio, and the limits are those of the profile penalised
likelihood. For both, coefficients are held (a factor's all together) and no column is dropped: the penalty stays that
of the whole model.

References
----------
Firth D 1993, Biometrika 80:27. Heinze G, Schemper M 2001, Biometrics 57:114.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import chdtrc, chdtri

from ..analysis import AnalysisSet
from ..analysis.design import LEVEL, complete_cases, make_design
from ..analysis.follow_up import risk_sets
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..kernel.likelihood import State, evaluate
from ..kernel.risksets import RiskSets
from ..tables.effects import EffectRows
from ..tables.hazards import hazard_table
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import FloatArray, one_or_more
from .cox import CoxModel
from .engine import Ties

__all__ = ["Firth", "Penalised", "firth", "fit_penalised", "penalised_p", "penalised_product", "profile_limits"]

_MEND = "Adjust for fewer."
_STEPS, _HALVINGS, _LONGEST = 500, 30, 2.0
_SMALL = 1e-9  # largest score, in units of its standard deviation, at convergence
_State = tuple[float, FloatArray, FloatArray]  # penalised log likelihood, its score, the information
_NEWTON, _NEAR, _FARTHEST = 12, 1e-6, 100.0  # steps to a limit, its last step and its reach in standard errors


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Penalised:
    """A maximum of the penalised likelihood.

    Attributes
    ----------
    coefficients : array of float, shape (p,)
    covariance : array of float, shape (p, p)
        Inverse of the information there.
    loglik : float
        Penalised.
    score : array of float, shape (p,)
        Its slope: 0 but for coefficients that were held; none of a fit known by its maximum alone.
    """

    coefficients: FloatArray
    covariance: FloatArray
    loglik: float
    score: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Firth(ShowsEffects):
    """A fitted Firth model: its rows, and the profile limits of the focus.

    Attributes
    ----------
    model : CoxModel
        With the penalised coefficients and their covariance.
    ci_low, ci_high : float
        Profile penalised likelihood limits of the focus' hazard ratio (95 %).
    p_value : float
        Of its penalised likelihood ratio.
    """

    model: CoxModel
    ci_low: float
    ci_high: float
    p_value: float

    @property
    def effect(self) -> EffectEstimate:
        """The row of the focus, with the penalised likelihood ratio's P and the profile limits."""
        row = self.model.effect
        return replace(row, **_profiled(self.ci_low, self.ci_high, self.p_value), term_p=self.p_value)

    @property
    def effects(self) -> EffectRows:
        """A row for each coefficient, by profile all of them, with the penalised likelihood ratio's P of its term."""
        model = self.model
        x, sets = model.design.x, risk_sets(model.analysis.frame, model.strata, model.ties)
        fitted = Penalised(coefficients=model.coefficients, covariance=model.covariance, loglik=model.loglik)
        out = EffectRows()
        for term in model.design.terms:
            whole = penalised_p(x, sets, term.columns, fitted)
            for column, row in zip(term.columns, model.rows(term), strict=True):
                low, high = np.exp(profile_limits(x, sets, column, fitted))
                p = whole if len(term.columns) == 1 else penalised_p(x, sets, [column], fitted)
                out.append(replace(row, **_profiled(float(low), float(high), p), term_p=whole))
        return out

    def table(self) -> Table:
        """Return the hazard ratios as a table."""
        return hazard_table(self.effects, flow=self.model.analysis.flow)

    def __str__(self) -> str:
        return str(self.effect)


def firth(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    ties: Ties = "efron",
) -> Firth:
    """Fit the marker's (or treatment's) hazard ratio by Firth's penalised likelihood.

    Parameters
    ----------
    analysis : AnalysisSet
    adjust, strata : str or sequence of str
    ties : "efron" | "breslow"

    Returns
    -------
    Firth
        Finite also where a level has no events.

    Raises
    ------
    AnalysisError
        If there are no events at all, or a column is constant or collinear.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(firth(gbsg).effect)
    GBSG trial 2 RFS treatment_effect: HR 0.70 (0.54-0.89), P = 0.003
    """
    focus = "marker" if analysis.marker else "treatment"
    terms, strata = [focus, *one_or_more(adjust)], one_or_more(strata)
    complete = complete_cases(analysis, [*terms, *strata], honours=LEVEL, estimator="Firth's penalised likelihood")
    frame = complete.frame
    design = make_design(frame, terms)
    sets = risk_sets(frame, strata, ties)
    fitted = fit_penalised(design.x, sets)
    column = design.term(focus).columns[0]
    low, high = profile_limits(design.x, sets, column, fitted)
    model = CoxModel(
        analysis=complete, design=design, coefficients=fitted.coefficients, covariance=fitted.covariance,
        loglik=fitted.loglik, ties=ties, strata=strata, focus=focus, kind="firth",
    )  # fmt: skip
    p = penalised_p(design.x, sets, [column], fitted)
    return Firth(model=model, ci_low=float(np.exp(low)), ci_high=float(np.exp(high)), p_value=p)


def _profiled(low: float, high: float, p: float) -> dict[str, Any]:
    """Return the fields of a row whose interval and P come from the profile penalised likelihood."""
    return {"p_value": p, "p_kind": "profile", "ci_low": low, "ci_high": high, "ci_kind": "profile"}


def penalised_p(x: FloatArray, sets: RiskSets, columns: Sequence[int], fitted: Penalised) -> float:
    """Return the P of the penalised likelihood ratio that all these coefficients are 0."""
    held = fit_penalised(x, sets, fixed=dict.fromkeys(columns, 0.0))
    return float(chdtrc(len(columns), max(2 * (fitted.loglik - held.loglik), 0.0)))


def penalised_product(model: CoxModel, product: str) -> tuple[CoxModel, dict[str, Any]]:
    """Fit a model with a product again by Firth's penalised likelihood.

    Parameters
    ----------
    model : CoxModel
        Its design, patients, ties and strata are used; its coefficients are not.
    product : str
        A term of one column.

    Returns
    -------
    model : CoxModel
        With the penalised coefficients and their covariance.
    fields : dict
        Of the product's row: the profile penalised interval and the penalised likelihood ratio's P.
    """
    x, sets = model.design.x, risk_sets(model.frame, model.strata, model.ties)
    fitted = fit_penalised(x, sets)
    column = model.design.term(product).columns[0]
    low, high = np.exp(profile_limits(x, sets, column, fitted))
    row = _profiled(float(low), float(high), penalised_p(x, sets, [column], fitted))
    return replace(
        model, coefficients=fitted.coefficients, covariance=fitted.covariance, loglik=fitted.loglik, engine="kernel",
        kind="firth", fit=None,
    ), row  # fmt: skip


def fit_penalised(
    x: FloatArray, sets: RiskSets, *, fixed: Mapping[int, float] | None = None, start: FloatArray | None = None
) -> Penalised:
    """Maximise the penalised likelihood, some coefficients held.

    Parameters
    ----------
    x : array of float, shape (n, p)
    sets : RiskSets
    fixed : mapping of column to value, optional
        The penalty is that of the whole model, as in R's `coxphf`.
    start : array of float, shape (p,), optional
        Coefficients to climb from; 0 if None.

    Raises
    ------
    AnalysisError
        If the climb does not come to rest.
    """
    centre, scale = x.mean(axis=0), x.std(axis=0)
    z = (x - centre) / scale
    beta = np.zeros(x.shape[1]) if start is None else start * scale
    held = fixed or {}
    for column, value in held.items():
        beta[column] = value * scale[column]
    free = np.array([j for j in range(x.shape[1]) if j not in held], dtype=int)
    pairs = _pairs(z)
    loglik, score, information = _penalised(z, pairs, beta, sets)
    if not np.isfinite(loglik):
        raise AnalysisError("Firth's likelihood has no maximum: a column is constant within strata.", mend=_MEND)
    inverse = np.linalg.inv(information[np.ix_(free, free)])  # corrected by what the steps show of the penalty (BFGS)
    for _ in range(_STEPS):
        own = np.diag(information)[free]
        if free.size == 0 or np.max(np.abs(score[free]) / np.sqrt(own)) < _SMALL:
            break
        step = np.zeros_like(beta)
        step[free] = inverse @ score[free]
        step, taken = _uphill(
            lambda there: _penalised(z, pairs, there, sets),
            beta,
            step * min(1.0, _LONGEST / np.max(np.abs(step))),
            loglik,
        )
        inverse = _corrected(inverse, step[free], (score - taken[1])[free])
        beta = beta + step
        loglik, score, information = taken
    else:
        raise AnalysisError("Firth's likelihood did not come to a maximum.", mend=_MEND)
    covariance = np.linalg.inv(information) / np.outer(scale, scale)
    # the penalty speaks of the scale of x, not of z
    return Penalised(
        coefficients=beta / scale,
        covariance=covariance,
        loglik=loglik + float(np.log(scale).sum()),
        score=score * scale,
    )


def _uphill(
    at: Callable[[FloatArray], _State], beta: FloatArray, step: FloatArray, loglik: float
) -> tuple[FloatArray, _State]:
    """Halve a step until the likelihood does not fall, and return it with what is found there."""
    for _ in range(_HALVINGS):
        taken = at(beta + step)
        if taken[0] > loglik - 1e-12 * abs(loglik):
            return step, taken
        step = step / 2
    raise AnalysisError("Firth's likelihood did not come to a maximum.", mend=_MEND)


def _corrected(inverse: FloatArray, step: FloatArray, fall: FloatArray) -> FloatArray:
    """Return the inverse curvature after a step over which the score fell by `fall` (BFGS); itself if it did not."""
    along = float(step @ fall)
    if not along > 1e-10 * float(np.linalg.norm(step) * np.linalg.norm(fall)):
        return inverse
    turn = np.eye(len(step)) - np.outer(step, fall) / along
    return turn @ inverse @ turn.T + np.outer(step, step) / along


def _pairs(z: FloatArray) -> FloatArray:
    """Return the products of every two columns, shape (n, p (p + 1) / 2), each column whole in memory."""
    rows, columns = np.triu_indices(z.shape[1])
    return np.asfortranarray(z[:, rows] * z[:, columns])


def _penalised(z: FloatArray, pairs: FloatArray, beta: FloatArray, sets: RiskSets) -> _State:
    """Return the penalised log likelihood, its score, and the information."""
    state = evaluate(z, beta, sets, np.zeros(len(z)))
    known = bool(np.isfinite(state.loglik) and np.isfinite(state.information).all())
    sign, logdet = np.linalg.slogdet(state.information) if known else (0.0, -np.inf)
    if not (sign > 0 and (np.diag(state.information) > 0).all()):
        return -np.inf, np.full_like(beta, np.nan), state.information
    inverse = np.asarray(np.linalg.inv(state.information), float)
    bend = _bend(z, pairs, state, sets, inverse)
    return state.loglik + logdet / 2, state.score + bend / 2, state.information


def _bend(z: FloatArray, pairs: FloatArray, state: State, sets: RiskSets, inverse: FloatArray) -> FloatArray:
    """Return the derivative of the log determinant of the information, shape (p,).

    It is the sum over tie steps of the risk set's mean of q(x - m) (x - m), with m the mean of x there and q(v) the
    quadratic form v' I^-1 v.
    """
    n, p = z.shape
    rows, columns = np.triu_indices(p)
    ends = np.cumsum([1, p, rows.size, 1])
    weighted = np.empty((n, ends[-1] + p), order="F")
    weighted[:, 0] = state.risk
    form = state.risk * ((z @ inverse) * z).sum(axis=1)
    np.multiply(state.risk[:, None], z, out=weighted[:, 1 : ends[1]])
    np.multiply(state.risk[:, None], pairs, out=weighted[:, ends[1] : ends[2]])
    weighted[:, ends[2]] = form
    np.multiply(form[:, None], z, out=weighted[:, ends[3] :])
    group, share = sets.step_group, sets.step_share[:, None]
    totals = sets.risk_sums(weighted)[group] - share * sets.event_sums(weighted)[group]
    means = totals[:, 1:] / totals[:, :1]
    one, seconds, square, cubic = np.split(means, ends[1:] - 1, axis=1)
    two = np.empty((len(means), p, p))
    two[:, rows, columns] = two[:, columns, rows] = seconds
    lever = one @ inverse
    own = (lever * one).sum(axis=1, keepdims=True)
    third = cubic - 2 * (lever[:, None, :] @ two)[:, 0] + (2 * own - square) * one
    return np.asarray(sets.step_weight @ third)


def profile_limits(
    x: FloatArray, sets: RiskSets, column: int, fitted: Penalised, *, level: float = 0.95
) -> tuple[float, float]:
    """Return the coefficients at which the profile penalised likelihood has fallen by half the chi-square quantile."""
    fall = float(chdtri(1, 1 - level)) / 2
    ends = []
    for side in (-1, 1):
        end = _newton(x, sets, column, fitted, side * float(np.sqrt(2 * fall)))
        ends.append(_searched(x, sets, column, fitted, side, fall) if end is None else end)
    return ends[0], ends[1]


def _newton(x: FloatArray, sets: RiskSets, column: int, fitted: Penalised, root: float) -> float | None:
    """Find where the signed root of twice the fall is `root`, from Wald's limit on; None where steps do not arrive."""
    estimate, se = float(fitted.coefficients[column]), float(np.sqrt(fitted.covariance[column, column]))
    others = fitted.covariance[column] / se**2  # how the others move with this one
    value, start = estimate + root * se, fitted.coefficients + root * se * others
    for _ in range(_NEWTON):
        try:
            held = fit_penalised(x, sets, fixed={column: value}, start=start)
        except AnalysisError:
            return None
        fallen = 2 * (fitted.loglik - held.loglik)
        if held.score is None or not fallen > 0 or not root * held.score[column] < 0:
            return None
        here = float(np.copysign(np.sqrt(fallen), root))
        step = (here - root) * here / float(held.score[column])
        value += step
        if abs(step) < _NEAR * se:
            return value
        if not abs(value - estimate) < _FARTHEST * se:
            return None
        start = held.coefficients + step * others
    return None


def _searched(x: FloatArray, sets: RiskSets, column: int, fitted: Penalised, side: int, fall: float) -> float:
    """Find the limit on one side by bisection and its kin, or infinity."""
    from scipy.optimize import brentq

    target = fitted.loglik - fall
    estimate, se = float(fitted.coefficients[column]), float(np.sqrt(fitted.covariance[column, column]))

    def above(value: float) -> float:
        return fit_penalised(x, sets, fixed={column: value}, start=fitted.coefficients).loglik - target

    reach = 2 * se
    while above(estimate + side * reach) > 0 and reach < _FARTHEST * se:
        reach *= 1.5
    if reach >= _FARTHEST * se:
        return side * np.inf
    return float(brentq(above, *sorted((estimate, estimate + side * reach)), xtol=1e-10, rtol=1e-12))
