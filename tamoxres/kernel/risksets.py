"""Who is at risk at which event time, worked out once for all the fits of one follow-up.

Conventions: a patient is at risk over (entry, time]: one who enters at an event time is not at risk for it, one who
is censored at it still is. Without `entry` all are at risk from the start. Times are the same only if equal to the last
bit. The event *groups* are the distinct (stratum, event time) pairs in ascending order, so that the risk period of a
patient is a range of group numbers, and a sum over a risk set is a difference of cumulative sums over groups.

Efron's rule turns the d tied events of a group into d steps: in step j = 0 ... d-1 the tied patients count for the
share 1 - j/d, and each step has the mean weight of the tied events. Breslow's is one step with all of their weight.

References
----------
Efron B 1977, J Am Stat Assoc 72:557. Therneau TM, Grambsch PM 2000, Modeling Survival Data, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from ..errors import AnalysisError

__all__ = ["FloatArray", "IntArray", "RiskSets", "Ties", "make_risk_sets"]

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]
Ties = Literal["efron", "breslow"]
_AT_ONCE = 1 << 18  # values that are summed in one call: bounds the memory of large fits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskSets:
    """The follow-up of n patients as k event groups and m tie steps.

    Attributes
    ----------
    ties : "efron" | "breslow"
    weights : array of float, shape (n,)
        Case weights.
    event : array of bool, shape (n,)
    event_rows : array of int, shape (number of events,)
        Rows with an event.
    event_group : array of int, shape (number of events,)
        Their groups.
    begin, until : array of int, shape (n,)
        A patient is at risk in the groups begin ... until - 1; a patient with an event has it in group until - 1.
    late : array of int
        Rows that enter after the first group of their stratum.
    group_time : array of float, shape (k,)
    group_stratum : array of int, shape (k,)
    group_end : array of int, shape (k,)
        One past the last group of the same stratum.
    step_group : array of int, shape (m,)
    step_first : array of int, shape (k,)
        The first step of each group.
    step_share : array of float, shape (m,)
        j / d of Efron's step, 0 for Breslow.
    step_weight : array of float, shape (m,)
    """

    ties: Ties
    weights: FloatArray
    event: np.ndarray[Any, np.dtype[np.bool_]]
    event_rows: IntArray
    event_group: IntArray
    begin: IntArray
    until: IntArray
    late: IntArray
    group_time: FloatArray
    group_stratum: IntArray
    group_end: IntArray
    step_group: IntArray
    step_first: IntArray
    step_share: FloatArray
    step_weight: FloatArray

    @property
    def n_groups(self) -> int:
        """Number of distinct (stratum, event time) pairs."""
        return int(self.group_time.size)

    def event_sums(self, values: FloatArray) -> FloatArray:
        """Sum `values`, shape (n,) or (n, p), over the events of each group: shape (k,) or (k, p)."""
        return _sums(self.event_group, values[self.event_rows], self.n_groups)

    def risk_sums(self, values: FloatArray) -> FloatArray:
        """Sum `values`, shape (n,) or (n, p), over those at risk in each group: shape (k,) or (k, p)."""
        k = self.n_groups
        change = _sums(self.until, values, k + 1)
        if self.late.size:
            change -= _sums(self.begin[self.late], values[self.late], k + 1)
        tail = np.zeros((k + 2, *values.shape[1:]))
        np.cumsum(change[::-1], axis=0, out=tail[k::-1])
        if self.group_end[0] == k:  # one stratum
            return tail[1 : k + 1]
        return np.asarray(tail[1 : k + 1] - tail[self.group_end + 1])

    def step_sums(self, values: FloatArray) -> FloatArray:
        """Sum `values`, shape (m,) or (q, m), over the tie steps of each group: shape (k,) or (q, k)."""
        if self.step_group.size == self.n_groups:
            return values
        return np.add.reduceat(values, self.step_first, axis=-1)

    def over_risk_period(self, per_group: FloatArray) -> FloatArray:
        """Sum `per_group`, shape (k,) or (k, p), over the groups in which each patient is at risk: (n,) or (n, p)."""
        total = np.concatenate([np.zeros((1, *per_group.shape[1:])), np.cumsum(per_group, axis=0)])
        out = total[self.until]
        out -= total[self.begin]
        return out


def _sums(group: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sum `values`, shape (n,) or (n, p), by the group of their row, of which there are `size`.

    Small ones are summed in one call, as if the columns stood one below the other; each sum is in the order of rows.
    """
    if values.ndim == 1:
        return np.asarray(np.bincount(group, values, size), float)
    p = values.shape[1]
    out = np.empty((size, p))
    if values.size > _AT_ONCE:
        for j in range(p):
            out[:, j] = np.bincount(group, values[:, j], size)
        return out
    place = (size * np.arange(p)[:, None] + group).ravel()
    out[:] = np.bincount(place, values.ravel(order="F"), size * p).reshape(p, size).T
    return out


def make_risk_sets(
    time: FloatArray,
    event: IntArray,
    *,
    entry: FloatArray | None = None,
    strata: IntArray | None = None,
    weights: FloatArray | None = None,
    ties: Ties = "efron",
) -> RiskSets:
    """Work out event groups, risk periods and tie steps.

    Parameters
    ----------
    time : array of float, shape (n,)
        End of follow-up.
    event : array of int, shape (n,)
        1 for an event, 0 for censored.
    entry : array of float, shape (n,), optional
        Start of observation, before `time`; None when all are observed from the start.
    strata : array of int, shape (n,), optional
        Risk sets are formed within a stratum.
    weights : array of float, shape (n,), optional
        Case weights above 0.
    ties : "efron" | "breslow"

    Raises
    ------
    AnalysisError
        If a time is missing, an entry is not before its time, a weight is not above 0, or nobody has an event.
    """
    time = np.asarray(time, float)
    happened = np.asarray(event).astype(bool)
    n = time.size
    stratum = np.zeros(n, np.int64) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    weight = np.ones(n) if weights is None else np.asarray(weights, float)
    _check(time, np.asarray(event), entry, weight, ties)

    rows = np.flatnonzero(happened)
    times, rank = np.unique(time, return_inverse=True)
    key = stratum * (times.size + 1) + rank  # ascending in stratum, then time
    groups, group_of_event = np.unique(key[rows], return_inverse=True)
    group_stratum = groups // (times.size + 1)
    first = np.searchsorted(group_stratum, np.arange(int(stratum.max()) + 1))[stratum]
    until = _groups_up_to(groups, key)
    begin = first
    if entry is not None:
        entered = np.searchsorted(times, np.asarray(entry, float), side="right") - 1  # last distinct time <= entry
        begin = np.maximum(_groups_up_to(groups, stratum * (times.size + 1) + entered), first)
    # Those who leave before the first event or enter after the last are never at risk: an empty period in group 0.
    idle = until <= begin
    begin, until = np.where(idle, 0, begin), np.where(idle, 0, until)
    group, share, step_weight = _tie_steps(group_of_event, weight[rows], groups.size, ties)
    return RiskSets(
        ties=ties, weights=weight, event=happened, event_rows=rows, event_group=group_of_event,
        begin=begin, until=until, late=np.flatnonzero(begin > np.where(idle, 0, first)),
        group_time=times[groups % (times.size + 1)], group_stratum=group_stratum,
        group_end=np.searchsorted(group_stratum, group_stratum, side="right").astype(np.int64),
        step_group=group, step_first=np.searchsorted(group, np.arange(groups.size)),
        step_share=share, step_weight=step_weight,
    )  # fmt: skip


def _groups_up_to(groups: IntArray, keys: IntArray) -> IntArray:
    """Count the groups up to each key; from a table of all keys if that is no longer than the keys are many."""
    size = int(keys.max()) + 1
    if size > keys.size or keys.min() < 0:
        return np.searchsorted(groups, keys, side="right")
    return np.searchsorted(groups, np.arange(size), side="right")[keys]


def _tie_steps(group: IntArray, weight: FloatArray, k: int, ties: Ties) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return group, share j/d and weight of each tie step."""
    total = np.asarray(np.bincount(group, weight, k), float)
    if ties == "breslow":
        return np.arange(k), np.zeros(k), total
    d = np.bincount(group, minlength=k)
    step_group = np.repeat(np.arange(k), d)
    within = np.arange(step_group.size) - np.repeat(np.cumsum(d) - d, d)
    return step_group, within / d[step_group], (total / d)[step_group]


def _check(time: FloatArray, event: IntArray, entry: FloatArray | None, weight: FloatArray, ties: str) -> None:
    if ties not in get_args(Ties):
        raise AnalysisError(f"Unknown ties {ties!r}. Use one of {', '.join(get_args(Ties))}.")
    if not np.isfinite(time).all():
        raise AnalysisError(
            f"{int((~np.isfinite(time)).sum())} follow-up times are missing or infinite; leave them out."
        )
    if not ((event == 0) | (event == 1)).all():
        raise AnalysisError("An event indicator holds values other than 0 and 1; recode it.")
    if not np.any(event):
        raise AnalysisError(f"None of {time.size:,} patients has an event; a Cox model needs events.")
    if entry is not None and not np.all(np.asarray(entry, float) < time):
        late = int((~(np.asarray(entry, float) < time)).sum())
        raise AnalysisError(f"{late:,} patients enter at or after the end of their follow-up; leave them out.")
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise AnalysisError("A case weight is missing, infinite or not above 0; leave such patients out.")
