"""Patients behind one Kaplan-Meier curve: events and censorings that give the curve and its numbers at risk back.

Within an interval between two printed numbers at risk, a number of censorings is spread evenly over time; walking along
the curve, each point's fall is turned into the nearest whole number of events among those then at risk. The number of
censorings is the one after which the next printed number at risk is met. After the last printed number, censorings go
on at the rate that they had before, less where the curve could not be followed with so few at risk, or are such that
the reported total of events is met.

Conventions: survival starts at 1 at time 0, never rises (least-squares monotone fit of what was read), and censorings
are never negative: where even none leaves fewer patients than printed, the walk's own count stands.

References
----------
Guyot P et al. 2012, doi:10.1186/1471-2288-12-9. Liu N, Zhou Y, Lee JJ 2021, doi:10.1186/s12874-021-01308-8 (monotone
survival, non-negative censoring).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..vocabulary import FloatArray, IntArray

_NEAR = 5  # censorings more or fewer that are tried
_OF = 20  # at risk, one of whom may be missed for the sake of the curve
_LOST = 0.05  # a distance from the curve's points that is too far
_FOLLOWS = 0.02  # how far the end of a curve may lie from its points for the sake of censorings

__all__ = ["CurvePatients", "falling", "patients_of", "product_limit"]


@dataclass(frozen=True, slots=True)
class CurvePatients:
    """Patients of one curve.

    Attributes
    ----------
    time : array (n,)
        Increasing.
    event : array of int (n,)
        1 for an event, 0 for a censoring.
    at_risk : array of int (m,)
        Reconstructed numbers just before the printed times.
    """

    time: FloatArray
    event: IntArray
    at_risk: IntArray


@dataclass(slots=True)
class _Walk:
    """Where a walk along the curve stands: those at risk, the product-limit estimate, and what happened so far."""

    n: int
    estimate: float
    events: list[int]
    censored: list[int]


def falling(values: FloatArray) -> FloatArray:
    """Return the never-rising values (k,) nearest to those given in the least-squares sense (pool adjacent violators).

    Examples
    --------
    >>> falling(np.array([1.0, 0.8, 0.9, 0.5])).round(3).tolist()
    [1.0, 0.85, 0.85, 0.5]
    """
    means: list[float] = []
    sizes: list[int] = []
    for value in values:
        means.append(float(value))
        sizes.append(1)
        while len(means) > 1 and means[-2] < means[-1]:
            total = sizes[-2] + sizes[-1]
            means[-2:] = [(means[-2] * sizes[-2] + means[-1] * sizes[-1]) / total]
            sizes[-2:] = [total]
    return np.repeat(means, sizes)


def product_limit(time: FloatArray, event: IntArray, at: FloatArray) -> FloatArray:
    """Return the Kaplan-Meier estimate (k,) of patients (n,) at times (k,)."""
    order = np.argsort(time, kind="stable")
    time, event = time[order], event[order]
    distinct, first = np.unique(time, return_index=True)
    risk = len(time) - first
    deaths = np.add.reduceat(event, first) if len(time) else np.zeros(0)
    values = np.concatenate([[1.0], np.cumprod(1 - deaths / risk)])
    return np.asarray(values[np.searchsorted(distinct, at, side="right")])


def patients_of(
    time: FloatArray, survival: FloatArray, risk_time: FloatArray, risk: IntArray, events: int | None = None
) -> CurvePatients:
    """Find patients whose Kaplan-Meier curve and numbers at risk are those given.

    Parameters
    ----------
    time, survival : array (k,)
        Points of the curve, times increasing from 0, survival never rising from 1.
    risk_time, risk : array (m,)
        Times of the printed numbers at risk, increasing from 0, and the numbers just before them.
    events : int, optional
        Events in all.
    """
    walk = _Walk(int(risk[0]), 1.0, [0] * len(time), [0] * len(time))
    edges = np.searchsorted(time, np.append(risk_time, np.inf), side="left")
    lost: list[_Loss] = []
    found = [int(risk[0])]
    for i in range(len(risk) - 1):
        start, stop = int(edges[i]), int(edges[i + 1])
        span = float(risk_time[i]), float(risk_time[i + 1])
        walk, loss = _met(walk, _Interval(time, survival, (start, stop), partial(_too_many, int(risk[i + 1]))), span)
        lost.append(loss)
        found.append(walk.n)
    start, span = int(edges[len(risk) - 1]), (float(risk_time[-1]), float(time[-1]))
    walk, loss = _last(walk, time, survival, start, span, lost, events)
    lost.append(loss)
    return _laid_out(walk, time, lost, np.array(found))


def _too_many(printed: int, end: _Walk) -> int:
    return end.n - printed


def _step(walk: _Walk, time: FloatArray, survival: FloatArray, part: tuple[int, int], gone: FloatArray) -> _Walk:
    """Walk from point to point of an interval with given censoring times."""
    n, estimate = walk.n, walk.estimate
    events, censored = walk.events.copy(), walk.censored.copy()
    left = 0
    for k in range(*part):
        leaving = int(np.searchsorted(gone, time[k], side="left")) - left  # before this point
        leaving = min(leaving, n)
        n, left = n - leaving, left + leaving
        dying = 0 if n <= 0 or estimate <= 0 else int(np.floor(n * (1 - survival[k] / estimate) + 0.5))
        dying = min(max(dying, 0), n)
        if dying:
            estimate *= 1 - dying / n
        events[k], censored[k] = dying, leaving
        n -= dying
    return _Walk(n - min(n, len(gone) - left), estimate, events, censored)


def _spread(span: tuple[float, float], many: int) -> FloatArray:
    return np.asarray(span[0] + (span[1] - span[0]) * np.arange(1, many + 1) / (many + 1))


@dataclass(frozen=True, slots=True)
class _Interval:
    """One stretch of the curve: its points, and what must be 0 after it; a `free` one follows the curve before that."""

    time: FloatArray
    survival: FloatArray
    part: tuple[int, int]
    surplus: Callable[[_Walk], int]
    free: bool = False


_Loss = tuple[float, float, int]  # from, to, censorings spread evenly between


def _met(walk: _Walk, interval: _Interval, span: tuple[float, float]) -> tuple[_Walk, _Loss]:
    """Find the censorings of an interval after which nothing is left over or missing, or as near as whole numbers come.

    They are spread over all of the interval; over its first or its second half where the curve cannot be followed so.
    """
    badness, end, loss = _searched(walk, interval, span)
    middle = (span[0] + span[1]) / 2
    if badness[0 if interval.free else 1] * _FOLLOWS > _LOST:
        halves = [_searched(walk, interval, half) for half in ((span[0], middle), (middle, span[1]))]
        badness, end, loss = min([(badness, end, loss), *halves], key=lambda one: one[0])
    return end, loss


def _searched(walk: _Walk, interval: _Interval, span: tuple[float, float]) -> tuple[tuple[int, int, int], _Walk, _Loss]:
    """Search the number of censorings: what is left over falls as they rise; then the neighbours are tried.

    The curve decides between those that differ by one patient in twenty, and before all else where the interval is
    free.
    """
    low, high = 0, walk.n

    def walked(many: int) -> _Walk:
        return _step(walk, interval.time, interval.survival, interval.part, _spread(span, many))

    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if interval.surplus(walked(middle)) > 0 else (low, middle)
    tried = range(max(low - _NEAR, 0), min(low + _NEAR, walk.n) + 1)
    found = []
    for many in sorted({*tried, *([0] if interval.free else [])}):
        end = walked(many)
        left_over = abs(interval.surplus(end))
        off = round(_off(end, interval.time, interval.survival, walk, interval.part) / _FOLLOWS)
        bad = (off, left_over, 0) if interval.free else (max(left_over - end.n // _OF, 0), off, left_over)
        found.append((bad, end, (*span, many)))
    return min(found, key=lambda one: one[0])


def _last(
    walk: _Walk, time: FloatArray, survival: FloatArray, start: int, span: tuple[float, float],
    lost: list[_Loss], events: int | None,
) -> tuple[_Walk, _Loss]:  # fmt: skip
    """Walk to the curve's end, from the last printed number at risk on."""
    part = (start, len(time))
    if events is not None:
        return _met(walk, _Interval(time, survival, part, lambda end: sum(end.events) - events, free=True), span)
    passed = span[0] - (lost[0][0] if lost else span[0])
    rate = sum(many for *_, many in lost) / passed if passed > 0 else 0.0
    many = min(round(rate * (span[1] - span[0])), walk.n)
    allowed = max(_off(_step(walk, time, survival, part, _spread(span, 0)), time, survival, walk, part), _FOLLOWS)
    while many and _off(_step(walk, time, survival, part, _spread(span, many)), time, survival, walk, part) > allowed:
        many = (many - 1) * 3 // 4
    return _step(walk, time, survival, part, _spread(span, many)), (*span, many)


def _off(end: _Walk, time: FloatArray, survival: FloatArray, begun: _Walk, part: tuple[int, int]) -> float:
    """Return how far a walk's curve lies from the points of an interval, at most."""
    n, estimate, worst = begun.n, begun.estimate, 0.0
    for k in range(*part):
        n -= end.censored[k]
        estimate *= 1 - end.events[k] / n if n > 0 else 1.0
        n -= end.events[k]
        worst = max(worst, abs(estimate - float(survival[k])))
    return worst


def _laid_out(walk: _Walk, time: FloatArray, lost: list[_Loss], found: Any) -> CurvePatients:
    """Write the walk as patients; those left at its end are censored there."""
    at = np.repeat(time, walk.events)
    gone = np.concatenate([_spread((low, high), many) for low, high, many in lost])
    total = int(found[0])
    gone = np.sort(gone)[: total - len(at)]
    left = total - len(at) - len(gone)
    times = np.concatenate([at, gone, np.full(left, float(time[-1]))])
    flags = np.concatenate([np.ones(len(at), int), np.zeros(len(gone) + left, int)])
    order = np.lexsort((1 - flags, times))
    return CurvePatients(times[order], flags[order], np.asarray(found, int))
