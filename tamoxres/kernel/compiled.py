"""The partial likelihood in compiled loops (numba): a few sweeps through memory.

Conventions: as in `likelihood`, which to read first: this is the same, term by term, with patients and groups in the
order of `layout`. Covariates stand one a row, `z` of shape (p + 1, n), and row 0 is all ones, whose sums over risk sets
are the risk itself. The exponential is a polynomial (Cody-Waite reduction, Taylor to r^13: within 1 ulp), because it
vectorises; linear predictors are held within +-200, as R does.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np

from .fits import Problem
from .layout import SEGMENT, Layout, Tally
from .risksets import FloatArray, IntArray

__all__ = ["Work", "compiled", "dot", "evaluate", "inlined", "make_work", "standardise"]

_LOG2E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10
_C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11, _C12, _C13 = (1 / math.factorial(i) for i in range(2, 14))
_FAR = 200.0
_LARGE, _SMALL = 1e100, 1e-100
_TOGETHER = 6  # columns summed at a time
_FASTMATH = {"contract", "nsz", "reassoc", "arcp"}  # sums may be reordered; NaN and infinity keep their meaning

Function = TypeVar("Function", bound=Callable[..., Any])


def _source_version() -> str:
    """Hash the source of this folder: numba looks only at a function's own file when it reads its cache."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


_VERSION = _source_version()


def compiled(function: Function) -> Function:
    """Compile a function when it is first called, keep it on disk, and let other threads run meanwhile."""
    return _compile(function)


def inlined(function: Function) -> Function:
    """Compile a function into each of its callers: for steps too small, or with too many arguments, to be called."""
    return _compile(function, forceinline=True)


def _compile(function: Function, *, forceinline: bool = False) -> Function:
    function.__qualname__ = f"{function.__qualname__}_{_VERSION}"  # the name of its file in the cache
    compiler: Any = numba.njit(cache=True, nogil=True, fastmath=_FASTMATH, error_model="numpy", forceinline=forceinline)
    return cast(Function, compiler(function))


class Work(NamedTuple):
    """Scratch arrays of one thread, for p columns, n patients and k groups."""

    eta: FloatArray  # (SEGMENT,)
    bits: IntArray  # (SEGMENT,) the same memory as `power`
    power: FloatArray
    running: FloatArray  # (_TOGETHER, SEGMENT + 8): rows a power of two apart would share cache lines
    risk: FloatArray  # (n,)
    total: FloatArray  # (p + 1, k) sums over risk sets
    tied: FloatArray  # (k, p + 1) sums over tied events, of the groups that have ties, one after another
    at_tied: FloatArray  # (k, p + 1) `total` of those groups
    tied_group: IntArray  # (k,)
    hazard: FloatArray  # (k,)
    tied_hazard: FloatArray  # (k,)
    outer: FloatArray  # (3, k) transposed `outer` of `likelihood.State`
    cumulative: FloatArray  # (k + 1,): 0 stands last, for those who were there from the start
    column: FloatArray  # (max(k, SEGMENT),)
    share: FloatArray  # (SEGMENT,)
    score: FloatArray  # (p + 1,)
    information: FloatArray  # (p + 1, p + 1), lower triangle
    root: FloatArray  # (p, p)
    step: FloatArray  # (p,)
    trial: FloatArray  # (p,)


def make_work(p: int, n: int, k: int) -> Work:
    """Allocate the scratch of one thread."""
    bits = np.zeros(SEGMENT, np.int64)
    return Work(
        eta=np.empty(SEGMENT), bits=bits, power=bits.view(float), running=np.empty((_TOGETHER, SEGMENT + 8)),
        risk=np.empty(n), total=np.empty((p + 1, k)),
        tied=np.empty((k, p + 1)), at_tied=np.empty((k, p + 1)), tied_group=np.empty(k, np.int64),
        hazard=np.empty(k), tied_hazard=np.empty(k), outer=np.empty((3, k)), cumulative=np.zeros(k + 1),
        column=np.empty(max(k, SEGMENT)), share=np.empty(SEGMENT), score=np.empty(p + 1),
        information=np.empty((p + 1, p + 1)), root=np.empty((p, p)), step=np.empty(p), trial=np.empty(p),
    )  # fmt: skip


@compiled
def _exponential(eta: FloatArray, bits: IntArray, power: FloatArray, out: FloatArray) -> None:
    """Write exp(eta) into `out`; `power` is the memory of `bits` read as floating point: 2^k."""
    for i in range(eta.shape[0]):
        value = min(max(eta[i], -_FAR), _FAR)
        k = math.floor(value * _LOG2E + 0.5)
        r = (value - k * _LN2_HIGH) - k * _LN2_LOW
        high = _C8 + r * (_C9 + r * (_C10 + r * (_C11 + r * (_C12 + r * _C13))))
        low = _C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * (_C6 + r * (_C7 + r * high)))))
        out[i] = 1.0 + r * (1.0 + r * low)
        bits[i] = (np.int64(k) + 1023) << 52
    for i in range(eta.shape[0]):
        out[i] *= power[i]


@compiled
def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the sum of products."""
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@compiled
def _times(a: FloatArray, b: FloatArray, out: FloatArray) -> None:
    for i in range(a.shape[0]):
        out[i] = a[i] * b[i]


@compiled
def _running_sums(
    risk: FloatArray, z: FloatArray, columns: IntArray, start: int, carried: FloatArray, out: FloatArray
) -> None:
    """Write running sums of risk times six columns, from position `start` on; together they hide the time of adding."""
    z0, z1, z2 = z[columns[0]], z[columns[1]], z[columns[2]]
    z3, z4, z5 = z[columns[3]], z[columns[4]], z[columns[5]]
    a, b, c, d, e, f = carried[0], carried[1], carried[2], carried[3], carried[4], carried[5]
    for i in range(risk.shape[0]):
        r = risk[i]
        j = start + i
        a += r * z0[j]
        b += r * z1[j]
        c += r * z2[j]
        d += r * z3[j]
        e += r * z4[j]
        f += r * z5[j]
        out[0, i] = a
        out[1, i] = b
        out[2, i] = c
        out[3, i] = d
        out[4, i] = e
        out[5, i] = f
    carried[0], carried[1], carried[2], carried[3], carried[4], carried[5] = a, b, c, d, e, f


@compiled
def _risks(problem: Problem, beta: FloatArray, work: Work, start: int, stop: int) -> None:
    """Fill `risk` over a segment."""
    m = stop - start
    eta = work.eta[:m]
    eta[:] = problem.offset[start:stop]
    for c in range(beta.shape[0]):
        column, b = problem.z[c + 1, start:stop], beta[c]
        for i in range(m):
            eta[i] += b * column[i]
    risk = work.risk[start:stop]
    _exponential(eta, work.bits, work.power, risk)
    weight = problem.tally.weight[start:stop]
    for i in range(m):
        risk[i] *= weight[i]


@compiled
def _risk_totals(problem: Problem, beta: FloatArray, work: Work) -> None:
    """Fill `risk` and `total`, segment by segment."""
    layout, p = problem.layout, beta.shape[0]
    carried = np.zeros((p // _TOGETHER + 1, _TOGETHER))
    columns = np.zeros(_TOGETHER, np.int64)
    for s in range(layout.segments.shape[0]):
        start, stop = layout.segments[s, 0], layout.segments[s, 1]
        _risks(problem, beta, work, start, stop)
        if layout.segments[s, 2] == 1:
            carried[:] = 0.0
        for block in range(carried.shape[0]):
            c = _TOGETHER * block
            for e in range(_TOGETHER):
                columns[e] = min(c + e, p)
            _running_sums(work.risk[start:stop], problem.z, columns, start, carried[block], work.running)
            for e in range(c, min(c + _TOGETHER, p + 1)):
                total, running = work.total[e], work.running[e - c]
                for g in range(layout.segments[s, 3], layout.segments[s, 4]):
                    total[g] = running[layout.group_stop[g] - 1 - start]
    if layout.late.shape[0] > 0:
        _take_late(problem.z, layout, work)


@compiled
def _take_late(z: FloatArray, layout: Layout, work: Work) -> None:
    """Take those who have not yet entered out of the risk sets."""
    for c in range(z.shape[0]):
        running = 0.0
        for g in range(layout.group_stop.shape[0]):
            for j in range(layout.late_start[g], layout.late_start[g + 1]):
                i = layout.late[j]
                running += work.risk[i] * z[c, i]
            work.total[c, g] -= running
            if not layout.same_stratum[g]:
                running = 0.0


@compiled
def _tied_totals(problem: Problem, work: Work) -> int:
    """Fill `tied` and `at_tied`; return how many groups have ties."""
    z, tally, layout = problem.z, problem.tally, problem.layout
    k = layout.group_stop.shape[0]
    count = 0
    for g in range(k):
        if tally.deaths[g] > 1:
            work.tied_group[count] = g
            count += 1
    for t in range(count):
        g = work.tied_group[t]
        events = slice(layout.group_start[g], layout.event_stop[g])
        for c in range(z.shape[0]):
            work.tied[t, c] = dot(work.risk[events], z[c, events])
            work.at_tied[t, c] = work.total[c, g]
    return count


@compiled
def _hazards(tally: Tally, layout: Layout, work: Work, weighted: bool) -> float:
    """Fill hazards and `outer`, which for a group without ties has its first sum only; return sum w log D."""
    logs, product, t = 0.0, 1.0, 0
    for g in range(layout.group_stop.shape[0]):
        deaths = tally.deaths[g]
        w = tally.step_weight[g]
        at_risk = work.total[0, g]
        tied, steps = 0.0, 0.0
        if deaths > 1:
            tied = work.tied[t, 0]
            steps = 1.0 / deaths
            t += 1
        h, ht, o0, o1, o2 = 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(deaths):
            share = j * steps
            d = at_risk - share * tied
            if not d > 0.0:
                return np.inf
            product *= d
            if weighted or not (_SMALL < product < _LARGE):
                logs += w * math.log(product)
                product = 1.0
            inverse = 1.0 / d
            once = w * inverse
            twice = once * inverse
            h += once
            ht += share * once
            o0 += twice
            o1 += share * twice
            o2 += share * share * twice
        work.hazard[g] = h
        work.tied_hazard[g] = ht
        work.outer[0, g] = o0
        work.outer[1, g] = o1
        work.outer[2, g] = o2
    return logs + math.log(product)


@compiled
def _cumulate(layout: Layout, work: Work) -> None:
    """Cumulate hazards in the order of time, anew in each stratum."""
    running = 0.0
    for g in range(layout.group_stop.shape[0] - 1, -1, -1):
        if not layout.same_stratum[g]:
            running = 0.0
        running += work.hazard[g]
        work.cumulative[g] = running


@compiled
def _minus_means(work: Work, count: int) -> None:
    """Start score and information with what is taken off: the means of the risk sets, and their outer products."""
    q, k = work.total.shape
    column = work.column[:k]
    for c in range(1, q):
        work.score[c] = -dot(work.hazard, work.total[c])
        _times(work.outer[0], work.total[c], column)
        for e in range(1, c + 1):
            work.information[c, e] = -dot(column, work.total[e])
    for t in range(count):
        g = work.tied_group[t]
        h, o1, o2 = work.tied_hazard[g], work.outer[1, g], work.outer[2, g]
        for c in range(1, q):
            s, d = work.at_tied[t, c], work.tied[t, c]
            work.score[c] += h * d
            mixed, own = o1 * d, o1 * s - o2 * d
            for e in range(1, c + 1):
                work.information[c, e] += mixed * work.at_tied[t, e] + own * work.tied[t, e]


@compiled
def _plus_second_moments(z: FloatArray, layout: Layout, work: Work) -> None:
    """Add the covariates' products, weighted by the expected events of each patient."""
    q = z.shape[0]
    for s in range(layout.segments.shape[0]):
        start, stop = layout.segments[s, 0], layout.segments[s, 1]
        m = stop - start
        expected, column = work.share[:m], work.column[:m]
        for i in range(m):
            g = layout.row_group[start + i]
            exposure = work.cumulative[g] - layout.event[start + i] * work.tied_hazard[g]
            expected[i] = work.risk[start + i] * exposure
        if layout.late.shape[0] > 0:
            for i in range(m):
                expected[i] -= work.risk[start + i] * work.cumulative[layout.before[start + i]]
        for c in range(1, q):
            _times(expected, z[c, start:stop], column)
            for e in range(1, c + 1):
                work.information[c, e] += dot(column, z[e, start:stop])


@compiled
def evaluate(problem: Problem, beta: FloatArray, work: Work, weighted: bool) -> float:
    """Return the log partial likelihood at `beta`, leaving score and information in `work`."""
    _risk_totals(problem, beta, work)
    count = _tied_totals(problem, work)
    logs = _hazards(problem.tally, problem.layout, work, weighted)
    loglik: float = problem.sums[0] - logs
    for c in range(beta.shape[0]):
        loglik += beta[c] * problem.sums[c + 1]
    if not loglik > -np.inf:
        return -np.inf
    _cumulate(problem.layout, work)
    _minus_means(work, count)
    _plus_second_moments(problem.z, problem.layout, work)
    for c in range(beta.shape[0]):
        work.score[c + 1] += problem.sums[c + 1]
    return loglik


@compiled
def standardise(x: FloatArray, rows: IntArray, z: FloatArray, centre: FloatArray, scale: FloatArray) -> None:
    """Lay out covariates, shape (rows of the data, p), as `z`: centred, divided by `scale`, ones in row 0."""
    for i in range(rows.shape[0]):
        z[0, i] = 1.0
        for c in range(x.shape[1]):
            z[c + 1, i] = (x[rows[i], c] - centre[c]) / scale[c]
