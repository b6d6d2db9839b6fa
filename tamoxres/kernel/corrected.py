"""Cox's model with a binary covariate measured with known error: the corrected score on plain arrays.

Conventions: each patient stands in two versions, as if truly unaltered and as if truly altered, with weights that are
the inverse of the table of errors (they sum to 1, and one may be negative); averaged over the errors of measurement
every sum over patients is then that of the true covariate, so that the score of the partial likelihood is unbiased.
Ties are Breslow's. The covariance is the sandwich, patients being independent.

References
----------
Nakamura T 1992, Biometrics 48:829. Zucker DM, Spiegelman D 2008, Stat Med 27:1911 (misclassified covariates).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import AnalysisError
from ..vocabulary import BoolArray, FloatArray, IntArray

__all__ = ["CorrectedFit", "FollowUp", "Versions", "corrected_score", "fit_corrected", "version_weights"]

_STEPS, _HALVINGS, _SMALL = 60, 30, 1e-11  # Newton steps, halvings of one, and the decrement at which it ends
_RIDGES = (0.0, 0.1, 1.0, 10.0)
_NO_ROOT = "The corrected hazard ratio has no finite value that fits these data."
_MEND = "The errors assumed leave too few true patients; assume fewer errors, or adjust for fewer."


class Versions(NamedTuple):
    """The two versions of each patient.

    Attributes
    ----------
    x : array of float, shape (2, n, p)
        Covariates as if truly unaltered, and as if truly altered.
    weight : array of float, shape (2, n)
    """

    x: FloatArray
    weight: FloatArray


class FollowUp(NamedTuple):
    """Follow-up of n patients: end, event, start (minus infinity for those seen from time zero) and stratum."""

    time: FloatArray
    event: IntArray
    entry: FloatArray
    stratum: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectedFit:
    """The root of the corrected score.

    Attributes
    ----------
    coefficients : array of float, shape (p,)
    covariance : array of float, shape (p, p)
        Sandwich.
    bread : array of float, shape (p, p)
        Inverse of the corrected information.
    influence : array of float, shape (n, p)
        What each patient adds to the coefficients.
    """

    coefficients: FloatArray
    covariance: FloatArray
    bread: FloatArray
    influence: FloatArray


def version_weights(altered: BoolArray, sensitivity: float, specificity: float) -> FloatArray:
    """Return the weights of each patient's two versions, by what was measured, shape (2, n).

    Examples
    --------
    >>> import numpy as np
    >>> version_weights(np.array([False, True]), 0.9, 0.8).round(4).tolist()
    [[1.2857, -0.1429], [-0.2857, 1.1429]]
    """
    youden = sensitivity + specificity - 1
    as_altered = np.where(altered, specificity, specificity - 1) / youden
    return np.stack([1 - as_altered, as_altered])


class _Sums(NamedTuple):
    """Sums over the two versions of a patient: of the risk (n,), risk times x (n, p), and of x itself (n, p)."""

    risk: FloatArray
    first: FloatArray
    own: FloatArray


class _Steps(NamedTuple):
    """At the event times of a stratum: times, events, and sums over those at risk of risk, risk x, risk x x'."""

    time: FloatArray
    events: FloatArray
    s0: FloatArray
    mean: FloatArray
    second: FloatArray


def _sums(versions: Versions, beta: FloatArray) -> tuple[_Sums, FloatArray]:
    risk = versions.weight * np.exp(versions.x @ beta)
    first = np.einsum("vn,vnp->np", risk, versions.x)
    second = np.einsum("vn,vnp,vnq->npq", risk, versions.x, versions.x, optimize=True)
    return _Sums(risk.sum(axis=0), first, np.einsum("vn,vnp->np", versions.weight, versions.x)), second


def _at_risk(values: FloatArray, rows: FollowUp, times: FloatArray) -> FloatArray:
    """Sum values of patients over those at risk at each time, shape (k, ...)."""
    total = np.zeros((times.size, *values.shape[1:]))
    for sign, at in ((1.0, rows.time), (-1.0, rows.entry)):
        order = np.argsort(at, kind="stable")
        later = np.concatenate([np.cumsum(values[order][::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
        total += sign * later[np.searchsorted(at[order], times)]
    return total


def _by_stratum(follow_up: FollowUp) -> Iterator[tuple[BoolArray, FollowUp]]:
    for stratum in np.unique(follow_up.stratum):
        inside = follow_up.stratum == stratum
        yield inside, FollowUp(*(column[inside] for column in follow_up))


def _steps(rows: FollowUp, sums: _Sums, second: FloatArray) -> _Steps:
    times, counts = np.unique(rows.time[rows.event == 1], return_counts=True)
    s0 = _at_risk(sums.risk, rows, times)
    if not (s0 > 0).all():
        raise AnalysisError("No hazard ratio can be corrected so: at an event the patients at risk sum to nobody.",
                            mend=_MEND)  # fmt: skip
    mean = _at_risk(sums.first, rows, times) / s0[:, None]
    return _Steps(times, counts.astype(float), s0, mean, _at_risk(second, rows, times) / s0[:, None, None])


class _State(NamedTuple):
    """The log likelihood, the score (p,), the information (p, p) and each patient's share of the score (n, p)."""

    loglik: float
    score: FloatArray
    information: FloatArray
    share: FloatArray


def _state(follow_up: FollowUp, versions: Versions, beta: FloatArray) -> _State:
    sums, second = _sums(versions, beta)
    loglik, p = 0.0, beta.size
    information, share = np.zeros((p, p)), np.zeros((follow_up.time.size, p))
    for inside, rows in _by_stratum(follow_up):
        own = _Sums(*(values[inside] for values in sums))
        failed = rows.event == 1
        if not failed.any():
            continue
        steps = _steps(rows, own, second[inside])
        loglik += float((own.own[failed] @ beta).sum() - steps.events @ np.log(steps.s0))
        spread = steps.second - np.einsum("kp,kq->kpq", steps.mean, steps.mean)
        information += np.einsum("k,kpq->pq", steps.events, spread)
        share[inside] = _shares(rows, own, steps)
    return _State(loglik, share.sum(axis=0), information, share)


def _shares(rows: FollowUp, sums: _Sums, steps: _Steps) -> FloatArray:
    """Return each patient's share of the score: at its event, less what was expected while it was at risk."""
    hazard = steps.events / steps.s0
    passed = np.concatenate([[0.0], np.cumsum(hazard)])
    passed_mean = np.concatenate([np.zeros((1, steps.mean.shape[1])), np.cumsum(hazard[:, None] * steps.mean, axis=0)])
    until = np.searchsorted(steps.time, rows.time, side="right")
    since = np.searchsorted(steps.time, rows.entry, side="right")
    share = sums.risk[:, None] * (passed_mean[until] - passed_mean[since])
    share -= sums.first * (passed[until] - passed[since])[:, None]
    failed = rows.event == 1
    share[failed] += sums.own[failed] - steps.mean[np.searchsorted(steps.time, rows.time[failed])]
    return np.asarray(share)


def corrected_score(follow_up: FollowUp, versions: Versions, beta: FloatArray) -> FloatArray:
    """Return the corrected score at some coefficients, shape (p,)."""
    return _state(follow_up, versions, beta).score


def fit_corrected(follow_up: FollowUp, versions: Versions) -> CorrectedFit:
    """Find the root of the corrected score by Newton's method with step-halving.

    Parameters
    ----------
    follow_up : FollowUp
    versions : Versions

    Returns
    -------
    CorrectedFit

    Raises
    ------
    AnalysisError
        If the root is not reached: the errors assumed are too many for the data.

    Examples
    --------
    >>> import numpy as np
    >>> time, event, x = np.array([1.0, 2, 3, 4]), np.array([1, 1, 0, 1]), np.array([1.0, 0, 1, 0])
    >>> follow_up = FollowUp(time, event, np.full(4, -np.inf), np.zeros(4, int))
    >>> two = Versions(np.stack([np.zeros((4, 1)), np.ones((4, 1))]), version_weights(x == 1, 1.0, 1.0))
    >>> round(float(fit_corrected(follow_up, two).coefficients[0]), 4)  # measured without error
    0.3466
    """
    beta = np.zeros(versions.x.shape[2])
    state = _state(follow_up, versions, beta)
    for _ in range(_STEPS):
        step, decrement = _newton(state)
        if abs(decrement) < _SMALL:
            beta = beta + step
            state = _state(follow_up, versions, beta)
            bread = np.asarray(np.linalg.inv(state.information), dtype=float)
            influence = state.share @ bread
            return CorrectedFit(coefficients=beta, covariance=influence.T @ influence, bread=bread, influence=influence)
        beta, state = _climb(follow_up, versions, (beta, state), step)
    raise AnalysisError(_NO_ROOT, mend=_MEND)


def _newton(state: _State) -> tuple[FloatArray, float]:
    """Return a step uphill and its decrement: Newton's, or a shorter one where the information is not positive."""
    for more in _RIDGES:
        bent = state.information + more * np.diag(np.abs(np.diag(state.information)))
        with suppress(np.linalg.LinAlgError):
            np.linalg.cholesky(bent)
            step = np.asarray(np.linalg.solve(bent, state.score), dtype=float)
            return step, float(step @ state.score) if not more else np.inf
    raise AnalysisError(_NO_ROOT, mend=_MEND)


def _climb(
    follow_up: FollowUp, versions: Versions, now: tuple[FloatArray, _State], step: FloatArray
) -> tuple[FloatArray, _State]:
    """Take a step, halved until the likelihood does not fall."""
    beta, state = now
    for halving in range(_HALVINGS):
        try:
            there = beta + step / 2**halving
            found = _state(follow_up, versions, there)
        except AnalysisError:
            continue
        if found.loglik >= state.loglik - 1e-9 * abs(state.loglik):
            return there, found
    raise AnalysisError(_NO_ROOT, mend=_MEND)
