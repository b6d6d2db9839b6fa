"""Clone, censor, weight: the curves of two strategies of starting treatment, on plain arrays.

Conventions: months; every patient is cloned into both arms at time zero. The clone that is to start within the grace
period g is censored at g unless treatment had begun by then; the clone that is not to start is censored when it
begins (ever, or within g). Up to g the first arm has weight 1, after it 1/P(begun by g | followed beyond g, covariates)
(logistic); the second has 1/P(not begun before t | covariates), exp(-H) of a Cox model of beginning. A patient whose
treatment begins at the very end of follow-up had not begun. The hazard ratio is that of the weighted Cox model of the
arm, ties as Breslow's.

References
----------
Hernán MA et al. 2016, doi:10.1016/j.jclinepi.2016.04.014. Cain LE et al. 2010, doi:10.2202/1557-4679.1212. Maringe C et
al. 2020, doi:10.1093/ije/dyaa057.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import AnalysisError
from ..vocabulary import BoolArray, FloatArray, IntArray
from .hazards import Gain, fit_hazard
from .weights import propensity_scores

__all__ = ["Contrast", "Emulated", "Follow", "emulate"]

Contrast = Literal["per_protocol", "as_started"]
_LARGEST = 1e3
_BLOCK = 2_000_000  # cells of a patients x times matrix held at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Follow:
    """The follow-up of n patients.

    Attributes
    ----------
    time : array of float, shape (n,), months
    event : array of int, shape (n,)
        0 censored, 1 event, 2 competing death.
    start : array of float, shape (n,), months
        When treatment began; infinity if never.
    x : array of float, shape (n, p)
        Covariates at time zero.
    """

    time: FloatArray
    event: IntArray
    start: FloatArray
    x: FloatArray

    def take(self, rows: IntArray) -> Follow:
        """Return these patients."""
        return Follow(time=self.time[rows], event=self.event[rows], start=self.start[rows], x=self.x[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Emulated:
    """The two arms on their common event times, the arm that does not start first.

    Attributes
    ----------
    times : array of float, shape (k,)
    risk_sets : array of float, shape (2, k)
        Weighted clones at risk.
    events : array of float, shape (2, 2, k)
        Weighted events by arm and cause.
    seen : array of int, shape (2,)
        Events of the first cause that the clones of each arm had.
    largest : float
        The largest weight.
    """

    times: FloatArray
    risk_sets: FloatArray
    events: FloatArray
    seen: IntArray
    largest: float

    @property
    def log_ratio(self) -> float:
        """Log hazard ratio of starting against not, from the weighted partial likelihood; NaN without events."""
        first = self.events[:, 0]
        if not (first.sum(axis=1) > 0).all():
            return float("nan")
        total, beta = first.sum(axis=0), 0.0
        for _ in range(100):
            weighted = self.risk_sets[1] * np.exp(beta)
            share = weighted / (weighted + self.risk_sets[0])
            step = float((first[1] - total * share).sum() / (total * share * (1 - share)).sum())
            beta += float(np.clip(step, -1, 1))
            if abs(step) < 1e-12:
                break
        return beta

    def expected(self, gains: Sequence[Gain]) -> FloatArray:
        """Return risks, or months lost, of each arm, shape (2, len(gains)): Aalen-Johansen of the weighted clones."""
        hazard = np.divide(
            self.events, self.risk_sets[:, None], out=np.zeros_like(self.events), where=self.risk_sets[:, None] > 0
        )
        after = np.cumprod(1 - hazard.sum(axis=1), axis=1)
        before = np.concatenate([np.ones((2, 1)), after[:, :-1]], axis=1)
        worth = np.stack([gain.of(self.times) for gain in gains], axis=1)
        return np.asarray((before * hazard[:, 0]) @ worth)


def emulate(data: Follow, grace: float, contrast: Contrast) -> Emulated:
    """Clone the patients, censor the clones where they leave their strategy, and weight for it.

    Parameters
    ----------
    data : Follow
    grace : float, months
    contrast : "per_protocol" | "as_started"
        Never start, or do not start within the grace period, as the other strategy.

    Raises
    ------
    AnalysisError
        If nobody starts within the grace period or nobody fails to, or a weight outweighs whole cohorts.
    """
    begun = data.start < data.time  # at the end of follow-up is not begun
    within = begun & (data.start <= grace)
    beyond = data.time > grace
    if not (within & beyond).any() or (within | ~beyond).all():
        raise AnalysisError(
            f"Of {int(beyond.sum()):,} patients followed beyond {grace:g} months {int((within & beyond).sum()):,} had "
            "started by then: the strategies cannot be compared.",
            mend="Choose another grace period.",
        )
    times = np.unique(data.time[data.event > 0])
    leaves = begun if contrast == "per_protocol" else within
    zero = _Arm(
        until=np.where(leaves, data.start, data.time), log_weight=_not_begun(data, leaves, times), after=0.0,
        factor=np.ones(data.time.size),
    )  # fmt: skip
    chance = np.ones(data.time.size)
    chance[beyond] = propensity_scores(data.x[beyond], within[beyond].astype(float))
    one = _Arm(
        until=np.where(within | ~beyond, data.time, grace), log_weight=None, after=grace, factor=1 / chance
    )  # fmt: skip
    arms = [_weighted(data, arm, times) for arm in (zero, one)]
    largest = max(arm[2] for arm in arms)
    if largest > _LARGEST:
        raise AnalysisError(
            f"A clone would weigh {largest:,.0f}: there was next to no chance of the strategy it stands for.",
            mend="Lengthen the grace period, or restrict the population (where=...).",
        )
    own = [int(((data.event == 1) & (arm.until >= data.time)).sum()) for arm in (zero, one)]
    return Emulated(
        times=times, risk_sets=np.stack([arm[0] for arm in arms]), events=np.stack([arm[1] for arm in arms]),
        seen=np.array(own), largest=largest,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """When each clone leaves its strategy, and its weight: of a relative hazard, or a factor after a time."""

    until: FloatArray
    log_weight: tuple[FloatArray, FloatArray] | None
    after: float
    factor: FloatArray

    def weights(self, times: FloatArray, columns: slice) -> FloatArray:
        """Return the weights at some of the times, shape (n, len(times[columns]))."""
        if self.log_weight is not None:
            relative, cumulative = self.log_weight
            return np.exp(relative[:, None] * cumulative[columns])
        return np.where(times[columns] > self.after, self.factor[:, None], 1.0)


def _not_begun(data: Follow, leaves: BoolArray, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the relative hazard of beginning of each patient, and the cumulative baseline just before each time."""
    end = np.where(leaves, data.start, data.time)
    model = fit_hazard(end, leaves.astype(int), data.x, about="starting treatment", ties="breslow")
    return model.relative(data.x), model.cumulative(times, before=True)


def _weighted(data: Follow, arm: _Arm, times: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return weighted clones at risk (k,), weighted events by cause (2, k), and the largest weight."""
    at_risk, events, largest = np.zeros(times.size), np.zeros((2, times.size)), 0.0
    stays = arm.until >= data.time
    step = max(_BLOCK // max(data.time.size, 1), 1)
    for begin in range(0, times.size, step):
        columns = slice(begin, min(begin + step, times.size))
        inside = (data.time[:, None] >= times[columns]) & (arm.until[:, None] >= times[columns])
        w = arm.weights(times, columns) * inside
        at_risk[columns] = w.sum(axis=0)
        largest = max(largest, float(w.max(initial=0.0)))
        now = (data.time[:, None] == times[columns]) & stays[:, None]
        for cause in (1, 2):
            events[cause - 1, columns] = (w * (now & (data.event == cause)[:, None])).sum(axis=0)
    return at_risk, events, largest
