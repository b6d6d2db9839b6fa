"""State occupation of the illness-death model on plain arrays: relapse-free, relapsed, dead, with errors.

Conventions: everybody starts relapse-free at time 0; the probabilities are Aalen and Johansen's product integral of
the transition hazards, their standard errors the infinitesimal jackknife, patients being independent (R's `survfit`
with `id`). Consistent for state occupation without the Markov assumption, where censoring is independent (Datta and
Satten). An event comes before a censoring at the same time.

References
----------
Aalen OO, Johansen S 1978, Scand J Stat 5:141. Datta S, Satten GA 2001, Stat Probab Lett 55:403.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..vocabulary import FloatArray, IntArray

__all__ = ["FREE", "RELAPSED", "STATES", "Histories", "Occupation", "occupation"]

STATES = ("relapse-free", "relapsed", "dead")
FREE, RELAPSED, DEAD = range(3)


class Histories(NamedTuple):
    """What became of n patients.

    Attributes
    ----------
    left : array of float, shape (n,)
        End of the time spent relapse-free.
    to : array of int, shape (n,)
        What ended it: 0 censored, 1 relapse, 2 death.
    end : array of float, shape (n,)
        End of follow-up; that of `left` where there was no relapse.
    died : array of bool, shape (n,)
        Of who relapsed: whether follow-up ended with death.
    """

    left: FloatArray
    to: IntArray
    end: FloatArray
    died: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    def part(self, rows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Histories:
        """Return some of the patients."""
        return Histories(self.left[rows], self.to[rows], self.end[rows], self.died[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occupation:
    """Probabilities of the three states over time.

    Attributes
    ----------
    time : array of float, shape (k,)
        Those asked for, in ascending order.
    probability, se : array of float, shape (k, 3)
    months, months_se : array of float, shape (k, 3)
        Mean time spent in each state up to each time.
    """

    time: FloatArray
    probability: FloatArray
    se: FloatArray
    months: FloatArray
    months_se: FloatArray


class _Now(NamedTuple):
    """The probabilities (3,), what each patient adds to them (n, 3), and both integrated up to now."""

    p: FloatArray
    influence: FloatArray
    area: FloatArray
    influence_area: FloatArray

    def until(self, gap: float) -> _Now:
        """Let time pass without an event."""
        return self._replace(area=self.area + gap * self.p, influence_area=self.influence_area + gap * self.influence)


def occupation(histories: Histories, times: FloatArray) -> Occupation:
    """Return state occupation at some times, in ascending order.

    Examples
    --------
    >>> import numpy as np
    >>> two = Histories(np.array([1.0, 3.0]), np.array([1, 0]), np.array([2.0, 3.0]), np.array([True, False]))
    >>> occupation(two, np.array([1.5, 2.5])).probability.tolist()
    [[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]
    """
    left, to, end, died = histories
    relapsed = to == RELAPSED
    events = np.unique(np.concatenate([left[to > 0], end[relapsed & died]]))
    n = left.size
    now = _Now(np.array([1.0, 0.0, 0.0]), np.zeros((n, 3)), np.zeros(3), np.zeros((n, 3)))
    at, out = 0.0, []
    for time in np.unique(np.concatenate([events, times])):
        now, at = now.until(float(time) - at), float(time)
        if time in events:
            now = _jump(now, histories, at)
        if time in times:
            roots = [np.sqrt((part**2).sum(axis=0)) for part in (now.influence, now.influence_area)]
            out.append((now.p, roots[0], now.area, roots[1]))
    p, se, months, months_se = (np.array(column) for column in zip(*out, strict=True))
    return Occupation(time=np.unique(times), probability=p, se=se, months=months, months_se=months_se)


def _jump(now: _Now, histories: Histories, at: float) -> _Now:
    """Take all transitions of one time together."""
    left, to, end, died = histories
    hazard = np.eye(3)
    moved = np.zeros_like(now.influence)
    relapsed = to == RELAPSED
    free, ill = left >= at, relapsed & (left < at) & (end >= at)
    moves = (
        (FREE, free, RELAPSED, (left == at) & relapsed), (FREE, free, DEAD, (left == at) & (to == DEAD)),
        (RELAPSED, ill, DEAD, ill & died & (end == at)),
    )  # fmt: skip
    for state, there, into, gone in moves:
        size = int(there.sum())
        if not size or not gone.any():
            continue
        share = int(gone.sum()) / size
        hazard[state, into] += share
        hazard[state, state] -= share
        own = now.p[state] * (gone.astype(float) - share * there) / size
        moved[:, into] += own
        moved[:, state] -= own
    return now._replace(p=now.p @ hazard, influence=now.influence @ hazard + moved)
