"""Risk sets laid out for one sweep through memory: the order in which the compiled kernel reads patients.

Conventions: patients who are ever at risk stand in *positions*, latest follow-up first within a stratum, censorings
before events within a group; event groups are numbered the same way, so that running sums over positions are sums over
risk sets. Positions are cut into segments that end with their stratum or after `SEGMENT` patients, so that what a
segment needs stays in the processor's cache.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .risksets import FloatArray, IntArray, RiskSets

__all__ = ["SEGMENT", "Layout", "SlotArray", "Tally", "make_layout"]

SEGMENT = 2048
SlotArray = np.ndarray[Any, np.dtype[np.int32]]


class Layout(NamedTuple):
    """Where patients and event groups stand. A named tuple of arrays, because compiled code takes those.

    Attributes
    ----------
    rows : array of int, shape (n,)
        Row of the patient at each position.
    row_group : array of int32, shape (n,)
        The last group in which the patient is at risk.
    event : array of float, shape (n,)
        1 for an event, in `row_group`.
    group_start, group_stop : array of int, shape (k,)
        Positions of the patients whose last group it is.
    event_start : array of int, shape (k,)
        The first event among them: events stand last.
    same_stratum : array of bool, shape (k,)
        Whether the next group (earlier in time) is of the same stratum.
    segments : array of int, shape (s, 3)
        Start and stop position, and 1 if a stratum starts here.
    before : array of int32, shape (n,)
        The first group (latest in time) for which a patient has not yet entered; k if there is none.
    late : array of int, shape (l,)
        Positions of the patients who have such a group, in the order of these groups.
    late_start : array of int, shape (k + 1,)
        Where in `late` the patients of each such group start.
    """

    rows: IntArray
    row_group: SlotArray
    event: FloatArray
    group_start: IntArray
    group_stop: IntArray
    event_start: IntArray
    same_stratum: IntArray
    segments: IntArray
    before: SlotArray
    late: IntArray
    late_start: IntArray


class Tally(NamedTuple):
    """The events of one fit: they differ between resamples of the same follow-up.

    Attributes
    ----------
    weight : array, shape (n,)
        Case weight (times how often the patient was drawn) at each position; 0 leaves a patient out.
    deaths : array of int, shape (k,)
        Tie steps of each group: its events under Efron, 1 under Breslow (0 without events).
    weights : array, shape (m,)
        Weight of each step: the first steps of all groups, 0 where there is none, then the later ones.
    shares : array, shape (m - k,)
        j / d of the later steps.
    groups, ties : array of int32, shape (m - k,)
        The group of each later step, and its number among the t groups that have such steps.
    before : array of int32, shape (m - k,)
        The slot whose sums do not have the group's events yet.
    slot : array of int32, shape (n,)
        Where sums up to a patient are kept: in the patient's group, or m + its number among the groups with later
        steps for one who has no event. Slot m + t is for nobody.
    """

    weight: FloatArray
    deaths: IntArray
    weights: FloatArray
    shares: FloatArray
    groups: SlotArray
    ties: SlotArray
    before: SlotArray
    slot: SlotArray


def make_layout(sets: RiskSets) -> Layout:
    """Lay out risk sets for the compiled kernel."""
    k = sets.n_groups
    # Latest group first, censorings before events: one sort of small whole numbers.
    key = (k - sets.until) * 2 + sets.event
    order = np.argsort(key.astype(np.uint16) if 2 * k < 65_535 else key, kind="stable")  # radix sort where it can be
    rows = order[: int((sets.until > 0).sum())]  # those never at risk have until = 0 and stand last
    row_group = (k - sets.until[rows]).astype(np.int32)
    group_stop = np.searchsorted(row_group, np.arange(k), side="right")
    group_start = np.concatenate([[0], group_stop[:-1]])
    stratum = sets.group_stratum[::-1]
    same = np.concatenate([stratum[1:] == stratum[:-1], [False]])
    before = np.where(np.isin(rows, sets.late), k - sets.begin[rows], k).astype(np.int32)
    late = np.argsort(before, kind="stable")[: sets.late.size]
    return Layout(
        rows=rows,
        row_group=row_group,
        event=sets.event[rows].astype(float),
        group_start=group_start,
        group_stop=group_stop,
        event_start=group_stop - np.bincount(row_group[sets.event[rows]], minlength=k),
        same_stratum=same,
        segments=_segments(group_stop, same),
        before=before,
        late=late,
        late_start=np.searchsorted(before[late], np.arange(k + 1)),
    )


def _segments(group_stop: IntArray, same: IntArray) -> IntArray:
    """Cut positions at strata and after every `SEGMENT` patients."""
    stops = group_stop[~same]  # the last group of each stratum ends it
    cuts = []
    start = 0
    for stop in stops:
        edges = [*range(start, int(stop), SEGMENT), int(stop)]
        cuts += [(a, b, int(a == start)) for a, b in pairwise(edges)]
        start = int(stop)
    return np.array(cuts, np.int64).reshape(-1, 3)
