"""Fine-Gray regression: the hazard of the subdistribution, where deaths compete.

Conventions: the estimator of `cmprsk::crr`. One who had the competing event at x stays in the risk set of later times
t with the weight G(t-)/G(x-), G being the Kaplan-Meier curve of censoring; ties by Breslow's rule; the covariance is
Fine and Gray's sandwich, which counts the estimation of G (at tied times as `crr` does: one censored at u bears on
events at t >= u of those who had the competing event before u). A subdistribution hazard ratio (sHR) speaks of risk,
not of biology: the cause-specific hazard ratio of `cox` belongs beside it.

References
----------
Fine JP, Gray RJ 1999, JASA 94:496. Zhou B et al. 2011, doi:10.1111/j.1541-0420.2010.01493.x (strata).
Latouche A et al. 2013, doi:10.1016/j.jclinepi.2012.09.017 (report both).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import LEVEL, Design, complete_cases, make_design
from ..analysis.exposure import refuse_absolute
from ..analysis.follow_up import delayed_entry, stratum_codes
from ..analysis.reconstructed import refuse_reconstructed
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.effects import EffectRows
from ..tables.hazards import hazard_table
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from .cox import CoxModel
from .survival import at_risk, product_limit

__all__ = ["FineGray", "Subdistribution", "fine_gray", "fit_subdistribution", "subdistribution_model"]

_TOLERANCE = 1e-12  # Newton decrement
_RUNAWAY = 1e-3  # a step this long (in standard deviations of a column) at convergence means no finite maximum
_ITERATIONS, _HALVINGS = 50, 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subdistribution:
    """Coefficients, covariance and log pseudo-likelihood of a subdistribution hazards model.

    Attributes
    ----------
    coefficients : array of float, shape (p,)
    covariance : array of float, shape (p, p)
    loglik, loglik_null : float
    separated : array of bool, shape (p,)
        Columns whose coefficient runs to infinity.
    """

    coefficients: FloatArray
    covariance: FloatArray
    loglik: float
    loglik_null: float
    separated: np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FineGray(ShowsEffects):
    """A fitted Fine-Gray model; its rows are those of the design's terms, measure sHR."""

    model: CoxModel

    @property
    def effect(self) -> EffectEstimate:
        """The row of the marker (or of the treatment, where no marker was asked for)."""
        return _as_subdistribution(self.model.effect)

    @property
    def effects(self) -> EffectRows:
        """One row for each coefficient."""
        return EffectRows(map(_as_subdistribution, self.model.effects))

    def table(self) -> Table:
        """Return the subdistribution hazard ratios as a table."""
        return hazard_table(self.effects, flow=self.model.analysis.flow)

    def __str__(self) -> str:
        return str(self.effect)


def _as_subdistribution(row: EffectEstimate) -> EffectEstimate:
    return replace(row, measure="sHR", model="fine_gray", ties="breslow", se_kind="robust")


def fine_gray(analysis: AnalysisSet, *, adjust: str | Sequence[str] = (), strata: str | Sequence[str] = ()) -> FineGray:
    """Fit the subdistribution hazard ratio of the marker (or treatment) on the endpoint.

    Parameters
    ----------
    analysis : AnalysisSet
        Of an endpoint with which other deaths compete.
    adjust, strata : str or sequence of str
        Each stratum has a baseline and a censoring curve of its own.

    Returns
    -------
    FineGray

    Raises
    ------
    AnalysisError
        If no death competes, entry is delayed, there are no events, or the model has no finite maximum.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    >>> print(fine_gray(her2).effect)
    METABRIC HER2 BCSS prognostic: sHR 1.46 (1.14-1.88), P = 0.003
    """
    refuse_reconstructed(analysis, "The Fine-Gray model")
    focus = "marker" if analysis.marker else "treatment"
    terms, by = [focus, *one_or_more(adjust)], one_or_more(strata)
    complete = complete_cases(analysis, [*terms, *by], honours=LEVEL, estimator="The Fine-Gray model")
    return FineGray(model=subdistribution_model(complete, terms, by))


def subdistribution_model(complete: AnalysisSet, terms: Sequence[str], strata: tuple[str, ...] = ()) -> CoxModel:
    """Fit the subdistribution hazards of complete cases; the first term is what the question is about.

    Raises
    ------
    AnalysisError
        If no death competes, entry is delayed, there are no events, or the model has no finite maximum.
    """
    frame = complete.frame
    event = frame["event"].to_numpy(int)
    if not complete.endpoint.competing:
        raise AnalysisError(
            f"No death competes with {complete.endpoint.code}.", mend="Use cox, which is then the same model."
        )
    refuse_absolute(complete, "The Fine-Gray model")
    if delayed_entry(frame) is not None:
        raise AnalysisError(
            "The Fine-Gray model does not take delayed entry.", mend="Use cox for the cause-specific hazard."
        )
    if not (event == 1).any():
        raise AnalysisError(f"{complete}: no events, so no subdistribution hazard ratio can be estimated.")
    design = make_design(frame, terms)
    fitted = fit_subdistribution(frame["months"].to_numpy(float), event, design.x, strata=stratum_codes(frame, strata))
    _refuse_runaway(design, fitted)
    return CoxModel(
        analysis=complete, design=design, coefficients=fitted.coefficients, covariance=fitted.covariance,
        loglik=fitted.loglik, ties="breslow", strata=strata, focus=terms[0],
    )  # fmt: skip


def _refuse_runaway(design: Design, fitted: Subdistribution) -> None:
    if fitted.separated.any():
        name = design.names[int(np.flatnonzero(fitted.separated)[0])]
        raise AnalysisError(f"Column {name} separates those with an event from the others.", mend="Leave it out.")


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """Patients in order of time, with what the risk sets of the k event times are made of."""

    time: FloatArray
    event: IntArray
    x: FloatArray
    times: FloatArray  # distinct times of the cause, shape (k,)
    deaths: FloatArray  # (k,)
    before: FloatArray  # G(t-) at those times, (k,)
    kept: FloatArray  # 1 / G(x-) of those with a competing event, 0 for the others, (n,)
    present: IntArray  # first patient still observed at each event time, (k,)


def fit_subdistribution(
    time: FloatArray, event: IntArray, x: FloatArray, *, strata: IntArray | None = None
) -> Subdistribution:
    """Fit a Fine-Gray model by Newton's method.

    Parameters
    ----------
    time : array of float, shape (n,)
    event : array of int, shape (n,)
        0 censored, 1 the cause, 2 competing.
    x : array of float, shape (n, p)
        Without collinear columns.
    strata : array of int, shape (n,), optional
        Each with a baseline and a censoring curve of its own (Zhou 2011).

    Raises
    ------
    AnalysisError
        If Newton's method does not converge.
    """
    centre, scale = x.mean(axis=0), x.std(axis=0)
    codes = np.zeros(len(x), int) if strata is None else np.asarray(strata)
    own = [codes == code for code in np.unique(codes) if (event[codes == code] == 1).any()]
    parts = [_prepare(time[rows], event[rows], ((x - centre) / scale)[rows]) for rows in own]
    beta = np.zeros(x.shape[1])
    loglik, score, information = _summed(parts, beta)
    null = loglik
    for _ in range(_ITERATIONS):
        step = np.linalg.solve(information, score)
        done = float(step @ score) < _TOLERANCE
        for _ in range(_HALVINGS):
            taken = _summed(parts, beta + step)
            if taken[0] >= loglik - 1e-9 * abs(loglik):
                break
            step = step / 2
        beta = beta + step
        loglik, score, information = taken
        if done:
            break
    else:
        raise AnalysisError(
            "The Fine-Gray model did not converge: a coefficient runs to infinity.", mend="Adjust for fewer."
        )
    influence = np.concatenate([_influence(data, beta, censoring) for data, censoring in parts])
    inverse = np.linalg.inv(information)
    covariance = inverse @ (influence.T @ influence) @ inverse
    return Subdistribution(
        coefficients=beta / scale, covariance=covariance / np.outer(scale, scale), loglik=loglik, loglik_null=null,
        separated=np.abs(step) > _RUNAWAY,
    )  # fmt: skip


def _prepare(time: FloatArray, event: IntArray, z: FloatArray) -> tuple[_Data, tuple[FloatArray, FloatArray]]:
    """Sort, and estimate censoring: its times and its hazard increments come second."""
    order = np.argsort(time, kind="stable")
    time, event, z = np.asarray(time, float)[order], np.asarray(event)[order], z[order]
    censoring = product_limit(time, event == 0)
    curve = np.concatenate([[1.0], censoring.survival])

    def just_before(at: FloatArray) -> FloatArray:
        return np.asarray(curve[np.searchsorted(censoring.time, at, side="left")])

    times, deaths = np.unique(time[event == 1], return_counts=True)
    kept = np.where(event == 2, 1 / just_before(time), 0.0)
    present = np.searchsorted(time, times, side="left")
    data = _Data(time, event, z, times, deaths.astype(float), just_before(times), kept, present)
    return data, (censoring.time, censoring.n_event / censoring.n_risk)


_Part = tuple[_Data, tuple[FloatArray, FloatArray]]


def _summed(parts: Sequence[_Part], beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return log pseudo-likelihood, score and information, summed over the strata."""
    each = [_evaluate(data, beta) for data, _ in parts]
    return (
        sum(one[0] for one in each),
        np.sum([one[1] for one in each], axis=0),
        np.sum([one[2] for one in each], axis=0),
    )


def _sums(data: _Data, values: FloatArray) -> FloatArray:
    """Sum values over the risk set of each event time: those still observed, and the competing with their weight."""
    kept = data.kept.reshape(-1, *[1] * (values.ndim - 1))
    whole = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
    gone = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values * kept, axis=0)])
    before = data.before.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(whole[data.present] + before * gone[data.present])


def _evaluate(data: _Data, beta: FloatArray) -> tuple[float, FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
    """Return log pseudo-likelihood, score, information, and the risk sets' totals and means."""
    eta = data.x @ beta
    risk = np.exp(eta - eta.max())
    total = _sums(data, risk)
    mean = _sums(data, risk[:, None] * data.x) / total[:, None]
    own = data.event == 1
    second = _sums(data, risk[:, None, None] * data.x[:, :, None] * data.x[:, None, :]) / total[:, None, None]
    loglik = float(eta[own].sum() - data.deaths @ (np.log(total) + eta.max()))
    score = data.x[own].sum(axis=0) - data.deaths @ mean
    information = np.einsum("k,kij->ij", data.deaths, second) - (data.deaths[:, None] * mean).T @ mean
    return loglik, score, information, (total, mean)


def _influence(data: _Data, beta: FloatArray, censoring: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Return each patient's share of the score, eta + psi of Fine and Gray (1999), shape (n, p)."""
    total, mean = _evaluate(data, beta)[3]
    eta = data.x @ beta
    risk = np.exp(eta - eta.max())
    hazard = data.deaths / total
    own, gone = data.event == 1, data.kept > 0
    upto = np.searchsorted(data.times, data.time, side="right")  # event times at or before each patient's own
    parts = np.zeros_like(data.x)
    parts[own] = data.x[own] - mean[upto[own] - 1]
    flat = _from_zero(hazard)[upto], _from_zero(hazard[:, None] * mean)[upto]
    parts -= risk[:, None] * (data.x * flat[0][:, None] - flat[1])
    # what those with a competing event still add later, with falling weight
    weighted = hazard * data.before
    later, later_mean = _to_end(weighted), _to_end(weighted[:, None] * mean)
    parts[gone] -= (risk * data.kept)[gone, None] * (data.x * later[upto][:, None] - later_mean[upto])[gone]
    return parts + _censoring_influence(data, risk, (later, later_mean), censoring)


def _censoring_influence(
    data: _Data, risk: FloatArray, later: tuple[FloatArray, FloatArray], censoring: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Return what each patient adds through the estimate of the censoring distribution (psi)."""
    times, hazard = censoring
    index = np.searchsorted(data.times, times, side="left")
    last = np.searchsorted(data.time, times, side="left")
    gone = _from_zero(risk * data.kept)[last], _from_zero((risk * data.kept)[:, None] * data.x)[last]
    q = gone[1] * later[0][index][:, None] - gone[0][:, None] * later[1][index]
    q = q / at_risk(times, data.time)[:, None]
    passed = _from_zero(q * hazard[:, None])
    at = np.searchsorted(times, data.time, side="left")
    out = -passed[at + 1]
    censored = data.event == 0
    out[censored] += q[at[censored]]
    return np.asarray(out)


def _from_zero(values: FloatArray) -> FloatArray:
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])


def _to_end(values: FloatArray) -> FloatArray:
    return np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
