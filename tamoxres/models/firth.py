"""Firth's penalised Cox regression, for sparse cells and separation, where the usual maximum runs to infinity.

Conventions: the log partial likelihood plus half the log determinant of its information (Jeffreys' prior) is
maximised, with the same ties rule and strata as the plain model. Standard errors come from the information at the
maximum; the P value is that of the penalised likelihood ratio, and the limits to print are those of the profile
penalised likelihood.

References
----------
Firth D 1993, Biometrika 80:27. Heinze G, Schemper M 2001, Biometrics 57:114.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases, make_design
from ..analysis.follow_up import risk_sets
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..kernel.likelihood import State, evaluate
from ..kernel.risksets import RiskSets
from ..vocabulary import FloatArray
from .cox import CoxModel
from .engine import Ties

__all__ = ["Firth", "Penalised", "firth", "fit_penalised", "profile_limits"]

_STEPS, _HALVINGS, _LONGEST = 500, 30, 2.0
_SMALL = 1e-9  # largest score, in units of its standard deviation, at convergence


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
    """

    coefficients: FloatArray
    covariance: FloatArray
    loglik: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Firth:
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
        return replace(
            row, p_value=self.p_value, p_kind="profile", term_p=self.p_value, model="firth", ci_low=self.ci_low,
            ci_high=self.ci_high, ci_kind="profile",
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.effect)


def firth(
    analysis: AnalysisSet, *, adjust: Sequence[str] = (), strata: Sequence[str] = (), ties: Ties = "efron"
) -> Firth:
    """Fit the marker's (or treatment's) hazard ratio by Firth's penalised likelihood.

    Parameters
    ----------
    analysis : AnalysisSet
    adjust, strata : sequence of str
    ties : "efron" | "breslow"

    Returns
    -------
    Firth
        Finite also where a level has no events.

    Raises
    ------
    AnalysisError
        If there are no events at all, or a column is constant or collinear.
    """
    focus = "marker" if analysis.marker else "treatment"
    complete = complete_cases(analysis, [focus, *adjust, *strata], estimator="Firth's penalised likelihood")
    frame = complete.frame
    design = make_design(frame, [focus, *adjust])
    sets = risk_sets(frame, strata, ties)
    fitted = fit_penalised(design.x, sets)
    column = design.term(focus).columns[0]
    without = fit_penalised(design.x, sets, fixed={column: 0.0})
    low, high = profile_limits(design.x, sets, column, fitted)
    model = CoxModel(
        analysis=complete, design=design, coefficients=fitted.coefficients, covariance=fitted.covariance,
        loglik=fitted.loglik, ties=ties, strata=tuple(strata), focus=focus,
    )  # fmt: skip
    p = float(chdtrc(1, max(2 * (fitted.loglik - without.loglik), 0.0)))
    return Firth(model=model, ci_low=float(np.exp(low)), ci_high=float(np.exp(high)), p_value=p)


def fit_penalised(x: FloatArray, sets: RiskSets, *, fixed: dict[int, float] | None = None) -> Penalised:
    """Maximise the penalised likelihood, some coefficients held.

    Parameters
    ----------
    x : array of float, shape (n, p)
    sets : RiskSets
    fixed : mapping of column to value, optional
        The penalty is that of the whole model, as in R's `coxphf`.

    Raises
    ------
    AnalysisError
        If the climb does not come to rest.
    """
    centre, scale = x.mean(axis=0), x.std(axis=0)
    z = (x - centre) / scale
    beta = np.zeros(x.shape[1])
    held = fixed or {}
    for column, value in held.items():
        beta[column] = value * scale[column]
    free = np.array([j for j in range(x.shape[1]) if j not in held], dtype=int)
    loglik, score, information = _penalised(z, beta, sets)
    for _ in range(_STEPS):
        own = information[np.ix_(free, free)]
        if free.size == 0 or np.max(np.abs(score[free]) / np.sqrt(np.diag(own))) < _SMALL:
            break
        step = np.zeros_like(beta)
        step[free] = np.linalg.solve(own, score[free])
        step *= min(1.0, _LONGEST / np.max(np.abs(step)))
        for _ in range(_HALVINGS):
            taken = _penalised(z, beta + step, sets)
            if taken[0] > loglik - 1e-12 * abs(loglik):
                break
            step = step / 2
        beta = beta + step
        loglik, score, information = taken
    else:
        raise AnalysisError("Firth's likelihood did not come to a maximum.", mend="Adjust for fewer.")
    covariance = np.linalg.inv(information) / np.outer(scale, scale)
    # the penalty speaks of the scale of x, not of z
    return Penalised(coefficients=beta / scale, covariance=covariance, loglik=loglik + float(np.log(scale).sum()))


def _penalised(z: FloatArray, beta: FloatArray, sets: RiskSets) -> tuple[float, FloatArray, FloatArray]:
    """Return the penalised log likelihood, its score, and the information."""
    state = evaluate(z, beta, sets, np.zeros(len(z)))
    sign, logdet = np.linalg.slogdet(state.information)
    if not (sign > 0 and np.isfinite(state.loglik)):
        return -np.inf, np.full_like(beta, np.nan), state.information
    inverse = np.linalg.inv(state.information)
    bend = np.einsum("jk,jkr->r", inverse, _third_cumulants(z, state, sets))
    return state.loglik + logdet / 2, state.score + bend / 2, state.information


def _third_cumulants(z: FloatArray, state: State, sets: RiskSets) -> FloatArray:
    """Return the derivative of the information: third cumulants over the tie steps, shape (p, p, p)."""
    p = z.shape[1]
    group, share = sets.step_group, sets.step_share

    def mean(values: FloatArray) -> FloatArray:
        total = sets.risk_sums(state.risk * values)[group] - share * sets.event_sums(state.risk * values)[group]
        return np.asarray(total / denominator)

    denominator = sets.risk_sums(state.risk)[group] - share * sets.event_sums(state.risk)[group]
    one = np.stack([mean(z[:, j]) for j in range(p)])
    two = np.stack([[mean(z[:, j] * z[:, k]) for k in range(p)] for j in range(p)])
    out = np.empty((p, p, p))
    for j in range(p):
        for k in range(j, p):
            for r in range(k, p):
                third = mean(z[:, j] * z[:, k] * z[:, r])
                third = (
                    third - two[j, k] * one[r] - two[j, r] * one[k] - two[k, r] * one[j] + 2 * one[j] * one[k] * one[r]
                )
                value = float(sets.step_weight @ third)
                for at in ((j, k, r), (j, r, k), (k, j, r), (k, r, j), (r, j, k), (r, k, j)):
                    out[at] = value
    return out


def profile_limits(
    x: FloatArray, sets: RiskSets, column: int, fitted: Penalised, *, level: float = 0.95
) -> tuple[float, float]:
    """Return the coefficients at which the profile penalised likelihood has fallen by half the chi-square quantile."""
    target = fitted.loglik - float(chdtri(1, 1 - level)) / 2
    estimate, se = float(fitted.coefficients[column]), float(np.sqrt(fitted.covariance[column, column]))

    def above(value: float) -> float:
        return fit_penalised(x, sets, fixed={column: value}).loglik - target

    ends = []
    for direction in (-1, 1):
        reach = 2 * se
        while above(estimate + direction * reach) > 0 and reach < 100 * se:
            reach *= 1.5
        if reach >= 100 * se:
            ends.append(direction * np.inf)
            continue
        ends.append(float(brentq(above, *sorted((estimate, estimate + direction * reach)), xtol=1e-10, rtol=1e-12)))
    return ends[0], ends[1]
