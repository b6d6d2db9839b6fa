"""Cause-specific Cox models of the outcome, and what follows from them: risks, time lost, and their influence.

Conventions: an event at time t is worth u(t): 1 up to the horizon for a risk, the months from t to the horizon for the
time lost (restricted mean survival is the horizon less it). Survival is exp(-H); with one cause the incidence grows by
the fall of survival, with competing deaths by S(t-) dH of the first cause. Influence functions are those of Breslow's
baseline hazard (under Efron's ties they differ at tied times by O(1/n) of themselves) and sum to 0.

References
----------
Ozenne B, Sorensen AL, Scheike T et al. 2017, R Journal 9:440. Ozenne B et al. 2020, doi:10.1002/bimj.201800298.
Andersen PK 2013, Stat Med 32:5278 (time lost).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..errors import AnalysisError
from ..kernel.cox import CoxFit, CoxOptions, fit_cox
from ..kernel.residuals import baseline_hazard, dfbeta_residuals
from ..vocabulary import FloatArray, IntArray, Ties

__all__ = ["Gain", "Hazard", "OutcomeModel", "fit_hazard", "fit_outcome"]

_BLOCK = 2_000_000  # cells of a patients x times matrix held at once


@dataclass(frozen=True, slots=True)
class Gain:
    """What an event is worth by when it happens: 1 until the horizon (`risk`), or the months left to it (`lost`)."""

    kind: Literal["risk", "lost"]
    months: float

    def of(self, time: FloatArray) -> FloatArray:
        """Return the worth of an event at each time; 0 after the horizon."""
        if self.kind == "risk":
            return np.asarray((time <= self.months).astype(float))
        return np.asarray(np.maximum(self.months - time, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hazard:
    """A fitted hazard of one cause: log hazard ratios, and the baseline's steps at the mean covariates.

    Attributes
    ----------
    beta, centre : array of float, shape (p,)
    times, steps : array of float, shape (k,)
        Event times, and the increments of the baseline hazard.
    fit : CoxFit or None
        None where the cause never occurred.
    time : array of float, shape (n,)
        Follow-up of the patients it was fitted to.
    event : array of int, shape (n,)
        1 for the cause.
    x : array of float, shape (n, p)
    """

    beta: FloatArray
    centre: FloatArray
    times: FloatArray
    steps: FloatArray
    fit: CoxFit | None
    time: FloatArray
    event: IntArray
    x: FloatArray

    def relative(self, x: FloatArray) -> FloatArray:
        """Return the hazard of patients relative to the baseline's, shape (len(x),)."""
        return np.asarray(np.exp((x - self.centre) @ self.beta))

    def cumulative(self, at: FloatArray, *, before: bool = False) -> FloatArray:
        """Return the baseline's cumulative hazard at times, or just before them."""
        side: Literal["left", "right"] = "left" if before else "right"
        return np.concatenate([[0.0], np.cumsum(self.steps)])[np.searchsorted(self.times, at, side=side)]

    def influence(self, by_step: FloatArray, by_beta: FloatArray) -> FloatArray:
        """Return what each fitted patient adds to a quantity through this hazard, shape (n,).

        Parameters
        ----------
        by_step : array of float, shape (k,)
            Derivative of the quantity by each of the baseline's steps.
        by_beta : array of float, shape (p,)
            Derivative by the log hazard ratios, the steps held.
        """
        if self.fit is None:
            return np.zeros(self.time.size)
        risk, away = self.relative(self.x), self.x - self.centre
        order = np.argsort(self.time, kind="stable")
        first = np.searchsorted(self.time[order], self.times, side="left")
        total = _to_end(risk[order])[first]
        mean = _to_end(risk[order, None] * away[order])[first] / total[:, None]
        weighted = by_step * self.steps
        out = dfbeta_residuals(self.fit) @ (by_beta - weighted @ mean)
        passed = np.concatenate([[0.0], np.cumsum(weighted / total)])
        out -= risk * passed[np.searchsorted(self.times, self.time, side="right")]
        own = self.event == 1
        at = np.searchsorted(self.times, self.time[own])
        out[own] += by_step[at] / total[at]
        return np.asarray(out)


def _to_end(values: FloatArray) -> FloatArray:
    return np.asarray(np.cumsum(values[::-1], axis=0)[::-1])


def fit_hazard(time: FloatArray, event: IntArray, x: FloatArray, *, about: str, ties: Ties = "efron") -> Hazard:
    """Fit a Cox model of one cause and its baseline hazard.

    Parameters
    ----------
    time, event : array, shape (n,)
        `event` is 1 for the cause, 0 for all else.
    x : array of float, shape (n, p)
    about : str
        What happens, for the refusal: `the endpoint`, `censoring`.
    ties : "efron" | "breslow"

    Raises
    ------
    AnalysisError
        If the model has no finite maximum.
    """
    centre, nothing = x.mean(axis=0), np.zeros(0)
    if not event.any():
        return Hazard(
            beta=np.zeros(x.shape[1]),
            centre=centre,
            times=nothing,
            steps=nothing,
            fit=None,
            time=time,
            event=event,
            x=x,
        )
    fitted = fit_cox(time, event, x, options=CoxOptions(ties=ties))
    if fitted.flags:
        raise AnalysisError(
            f"The model of {about} cannot be estimated ({'; '.join(fitted.flags)}).", mend="Adjust for fewer."
        )
    base = baseline_hazard(fitted, at=centre)
    return Hazard(
        beta=fitted.coefficients, centre=centre, times=base.time, steps=base.increment, fit=fitted, time=time,
        event=event, x=x,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomeModel:
    """The hazards of the endpoint and, where deaths compete, of those deaths, on their common times.

    Attributes
    ----------
    hazards : tuple of Hazard
        The endpoint first.
    times : array of float, shape (k,)
    steps : array of float, shape (len(hazards), k)
        0 where a cause has no event.
    """

    hazards: tuple[Hazard, ...]
    times: FloatArray
    steps: FloatArray

    def until(self, months: float) -> OutcomeModel:
        """Return the same model with its times cut off at a horizon: what happens later bears on nothing before."""
        kept = self.times <= months
        return replace(self, times=self.times[kept], steps=self.steps[:, kept])

    def blocks(self, n: int, width: int = 0) -> Iterator[slice]:
        """Yield the rows of blocks of patients whose matrices fit in memory."""
        size = max(_BLOCK // max(self.times.size, width, 1), 1)
        for start in range(0, n, size):
            yield slice(start, min(start + size, n))

    def paths(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return hazards relative to the baselines (causes, n), survival before (n, k), and growth of incidence (n, k).

        Parameters
        ----------
        x : array of float, shape (n, p)
        """
        risks = np.stack([hazard.relative(x) for hazard in self.hazards])
        before = np.exp(-risks.T @ (np.cumsum(self.steps, axis=1) - self.steps))
        if len(self.hazards) == 1:
            growth = before * -np.expm1(-risks[0][:, None] * self.steps[0])
        else:
            growth = before * risks[0][:, None] * self.steps[0]
        return risks, before, growth

    def expected(self, x: FloatArray, gains: Sequence[Gain]) -> FloatArray:
        """Return what each patient is expected to gain, shape (n, len(gains)): a risk, or months lost."""
        near = self.until(max(gain.months for gain in gains))
        worth = np.stack([gain.of(near.times) for gain in gains], axis=1)
        out = np.empty((len(x), len(gains)))
        for rows in near.blocks(len(x)):
            out[rows] = near.paths(x[rows])[2] @ worth
        return out

    def influence(self, x: FloatArray, share: FloatArray, gain: Gain) -> FloatArray:
        """Return what each fitted patient adds to a mean expected gain through the hazards, shape (n,).

        Parameters
        ----------
        x : array of float, shape (n, p)
            Covariates of the patients the mean is over, as they would be.
        share : array of float, shape (n,)
            Their weights in the mean.
        """
        near = self.until(gain.months)
        x, share = x[share != 0], share[share != 0]
        worth, k = gain.of(near.times), near.times.size
        by_step = [np.zeros(self.times.size) for _ in self.hazards]
        by_beta = [np.zeros(x.shape[1]) for _ in self.hazards]
        for rows in near.blocks(len(x)):
            for cause, slope in enumerate(near._slopes(x[rows], worth)):
                by_step[cause][:k] += share[rows] @ slope
                weight = share[rows] * (slope @ near.steps[cause])
                by_beta[cause] += weight @ (x[rows] - self.hazards[cause].centre)
        parts = zip(self.hazards, by_step, by_beta, strict=True)
        own = [hazard.influence(step[np.searchsorted(self.times, hazard.times)], beta) for hazard, step, beta in parts]
        return np.asarray(np.sum(own, axis=0))

    def _slopes(self, x: FloatArray, worth: FloatArray) -> list[FloatArray]:
        """Return the derivative of each patient's expected gain by each cause's steps, shape (n, k) each."""
        risks, before, growth = self.paths(x)
        gained = growth * worth
        later = gained.sum(axis=1, keepdims=True) - np.cumsum(gained, axis=1)
        alive = before - growth if len(self.hazards) == 1 else before
        return [risks[0][:, None] * (worth * alive - later), *(-risk[:, None] * later for risk in risks[1:])]


def fit_outcome(
    time: FloatArray, event: IntArray, x: FloatArray, *, competing: bool, ties: Ties = "efron"
) -> OutcomeModel:
    """Fit the hazards of the endpoint (event 1) and, where they compete and occur, of other deaths (event 2).

    Parameters
    ----------
    time : array of float, shape (n,), months
    event : array of int, shape (n,)
    x : array of float, shape (n, p)
    competing : bool
        Whether event 2 competes; else it is censored.
    ties : "efron" | "breslow"

    Raises
    ------
    AnalysisError
        If a model has no finite maximum.
    """
    causes = [1, 2] if competing and np.any(event == 2) else [1]
    about = {1: "the endpoint", 2: "competing deaths"}
    hazards = tuple(fit_hazard(time, (event == c).astype(int), x, about=about[c], ties=ties) for c in causes)
    times = np.unique(np.concatenate([hazard.times for hazard in hazards]))
    steps = np.zeros((len(hazards), times.size))
    for row, hazard in zip(steps, hazards, strict=True):
        row[np.searchsorted(times, hazard.times)] = hazard.steps
    return OutcomeModel(hazards=hazards, times=times, steps=steps)
