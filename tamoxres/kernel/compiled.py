"""The partial likelihood of one fit in compiled loops: a few sweeps through memory.

Conventions: as in `likelihood`, which to read first, with patients and groups in the order of `layout`. Covariates
stand one a row, `z` of shape (p + 1, n), and row 0 is all ones, whose sums over risk sets are the risk itself; only the
first rows are used where there are fewer coefficients. With D the denominator of a tie step, w its weight and T its
sums, D among them, score and information are differences of two weighted Gram matrices: z z' times expected events, and
T T' times w / D^2, whose column of D is the sum of w T / D. Linear predictors are held within +-200, as R does.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .compiling import compiled, exponential
from .fits import Problem
from .layout import SEGMENT, Layout, SlotArray, Tally
from .risksets import FloatArray, IntArray

__all__ = ["Work", "dot", "evaluate", "evaluate_own", "make_tally", "make_work", "risks"]

_FOLD = 512  # tie steps after which the logarithm of a product is taken
_MANTISSA, _EXPONENT, _ONE = np.uint64((1 << 52) - 1), np.uint64(52), np.uint64(1023 << 52)


class Work(NamedTuple):
    """Scratch arrays of one thread, for p columns, n patients, k groups, m tie steps, t groups with ties.

    Attributes
    ----------
    risk : array, shape (n,)
        Weight times relative hazard; then the expected events.
    total : array, shape (p + 1, m + t + 1)
        Sums of each tie step, the first steps of all groups being the risk sets; then of the other slots.
    once, twice : array, shape (m,)
        w / D and w / D^2.
    cumulative : array, shape (k + 1,)
        Hazards; 0 stands last, for those who were there from the start.
    exposure : array, shape (m + t + 1,)
        The cumulative hazard of each slot: of an event that is tied, less for its later steps.
    score : array, shape (p + 1,)
    information : array, shape (p + 1, p + 1)
        Lower triangle; row and column 0 are not meant.
    """

    risk: FloatArray
    total: FloatArray
    once: FloatArray
    twice: FloatArray
    cumulative: FloatArray
    exposure: FloatArray
    score: FloatArray
    information: FloatArray


@compiled
def make_work(p: int, n: int, tally: Tally) -> Work:
    """Allocate the scratch of one thread."""
    k, m = tally.deaths.shape[0], tally.weights.shape[0]
    slots = m + (tally.ties[-1] + 2 if m > k else 1)
    return Work(
        np.empty(n), np.empty((p + 1, slots)), np.empty(m), np.empty(m), np.zeros(k + 1), np.empty(slots),
        np.empty(p + 1), np.empty((p + 1, p + 1)),
    )  # fmt: skip


@compiled
def make_tally(layout: Layout, counts: FloatArray, case_weight: FloatArray, breslow: bool) -> Tally:
    """Count the events of each group, each patient as often as `counts`, shape (n,), says."""
    start, first, stop = layout.group_start, layout.event_start, layout.group_stop
    k = start.shape[0]
    deaths, mean = np.zeros(k, np.int64), np.zeros(k)
    for g in range(k):
        number = 0.0
        for i in range(first[g], stop[g]):
            number += counts[i]
            mean[g] += counts[i] * case_weight[i]
        deaths[g] = min(int(number), 1) if breslow else int(number)
        mean[g] /= max(deaths[g], 1)
    later, tied = 0, 0
    for g in range(k):
        later += max(deaths[g] - 1, 0)
        tied += 1 if deaths[g] > 1 else 0
    m = k + later
    weights, shares = np.empty(m), np.empty(m - k)
    groups, ties, before = np.empty(m - k, np.int32), np.empty(m - k, np.int32), np.empty(m - k, np.int32)
    slot, weight = np.empty(counts.shape[0], np.int32), np.empty(counts.shape[0])
    for i in range(slot.shape[0]):
        slot[i], weight[i] = layout.row_group[i], counts[i] * case_weight[i]
    t, s, nobody = 0, 0, m + tied
    for g in range(k):
        earlier = g - 1 if g > 0 and layout.same_stratum[g - 1] else nobody
        weights[g] = mean[g]
        for j in range(1, deaths[g]):
            weights[k + s], shares[s], groups[s], ties[s] = mean[g], j / deaths[g], g, t
            before[s] = m + t if first[g] > start[g] else earlier
            s += 1
        if deaths[g] > 1:
            for i in range(start[g], first[g]):
                slot[i] = m + t
            t += 1
    return Tally(weight, deaths, weights, shares, groups, ties, before, slot)


@compiled
def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the sum of products."""
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@compiled
def risks(problem: Problem, beta: FloatArray, risk: FloatArray) -> None:
    """Write weight times relative hazard, segment by segment."""
    z, offset, weight, p = problem.z, problem.offset, problem.tally.weight, beta.shape[0]
    for start in range(0, risk.shape[0], SEGMENT):
        stop = min(start + SEGMENT, risk.shape[0])
        here, factor = risk[start:stop], weight[start:stop]
        for i in range(here.shape[0]):
            here[i] = offset[start + i]
        for c in range(0, p, 2):
            one, other, slope = z[c + 1, start:stop], z[min(c + 2, p), start:stop], beta[c]
            more = beta[c + 1] if c + 1 < p else 0.0
            for i in range(here.shape[0]):
                here[i] += slope * one[i] + more * other[i]
        for i in range(here.shape[0]):
            here[i] = exponential(here[i]) * factor[i]


@compiled
def _running_sums(
    risk: FloatArray,
    z: FloatArray,
    columns: tuple[int, int, int],
    slot: SlotArray,
    segment: IntArray,
    carried: FloatArray,
    total: FloatArray,
) -> None:
    """Write sums of risk times three columns up to the last patient of each slot; three hide the time adding takes."""
    a, b, c = columns
    z_a, z_b, z_c, total_a, total_b, total_c = z[a], z[b], z[c], total[a], total[b], total[c]
    sum_a, sum_b, sum_c = carried[0], carried[1], carried[2]
    for i in range(np.uint64(segment[0]), np.uint64(segment[1])):
        r, s = risk[i], np.uint32(slot[i])
        sum_a += r * z_a[i]
        sum_b += r * z_b[i]
        sum_c += r * z_c[i]
        total_a[s], total_b[s], total_c[s] = sum_a, sum_b, sum_c
    carried[0], carried[1], carried[2] = sum_a, sum_b, sum_c


@compiled
def _sums(problem: Problem, risk: FloatArray, first: int, stop: int, total: FloatArray) -> None:
    """Fill some rows of `total` up to the last patient of each slot, segment by segment."""
    segments, z, slot = problem.layout.segments, problem.z, problem.tally.slot
    carried = np.zeros(((stop - first + 2) // 3, 3))
    for s in range(segments.shape[0]):
        if segments[s, 2] == 1:
            for block in range(carried.shape[0]):
                for e in range(3):
                    carried[block, e] = 0.0
        for block in range(carried.shape[0]):
            c = first + 3 * block
            columns = (c, min(c + 1, stop - 1), min(c + 2, stop - 1))
            _running_sums(risk, z, columns, slot, segments[s], carried[block], total)


@compiled
def _later_steps(tally: Tally, first: int, stop: int, total: FloatArray) -> None:
    """Fill the sums of the later tie steps, in which the group's events count for less."""
    k, m, groups, before = tally.deaths.shape[0], tally.weights.shape[0], tally.groups, tally.before
    for c in range(first, stop):
        here = total[c]
        here[-1] = 0.0
        for s in range(m - k):
            at_risk = here[np.uint32(groups[s])]
            here[k + s] = at_risk - tally.shares[s] * (at_risk - here[np.uint32(before[s])])


@compiled
def _take_late(problem: Problem, risk: FloatArray, first: int, stop: int, total: FloatArray) -> None:
    """Take those who have not yet entered out of the risk sets."""
    z, layout, tally = problem.z, problem.layout, problem.tally
    k = tally.deaths.shape[0]
    absent = np.empty(k)
    for c in range(first, stop):
        running = 0.0
        for g in range(k):
            for j in range(layout.late_start[g], layout.late_start[g + 1]):
                i = layout.late[j]
                running += risk[i] * z[c, i]
            absent[g] = running
            if not layout.same_stratum[g]:
                running = 0.0
        for g in range(k):
            total[c, g] -= absent[g]
        for s in range(tally.groups.shape[0]):
            total[c, k + s] -= absent[tally.groups[s]]


@compiled
def _invert(denominator: FloatArray, weights: FloatArray, once: FloatArray, twice: FloatArray) -> bool:
    """Fill w / D and w / D^2; say whether every D of a step that there is is above 0."""
    bad = 0.0
    for s in range(weights.shape[0]):
        d = denominator[s] if weights[s] > 0.0 else 1.0
        inverse = 1.0 / d
        once[s] = weights[s] * inverse
        twice[s] = weights[s] * inverse * inverse
        bad += 0.0 if d > 0.0 else 1.0
    return bad == 0.0


@compiled
def _sum_of_logs(denominator: FloatArray, weights: FloatArray) -> float:
    """Return sum w log D; one logarithm of a product, of mantissas and exponents apart, where all w are 1 or 0."""
    total = 0.0
    for start in range(0, weights.shape[0], _FOLD):
        w, product, exponents, odd = weights[start : start + _FOLD], 1.0, np.uint64(0), 0.0
        d = denominator[start : start + w.shape[0]]
        for s in range(w.shape[0]):
            bits = np.float64(d[s] if w[s] > 0.0 else 1.0).view(np.uint64)
            product *= np.uint64((bits & _MANTISSA) | _ONE).view(np.float64)
            exponents += bits >> _EXPONENT
            odd += 0.0 if w[s] == 0.0 or w[s] == 1.0 else 1.0
        if odd == 0.0:
            total += math.log(product) + (np.int64(exponents) - 1023 * w.shape[0]) * math.log(2.0)
        else:
            for s in range(w.shape[0]):
                total += w[s] * math.log(d[s]) if w[s] > 0.0 else 0.0
    return total


@compiled
def _exposures(tally: Tally, same: IntArray, work: Work) -> None:
    """Cumulate hazards in the order of time, anew in each stratum; fill `exposure`."""
    cumulative, exposure, once, groups, ties = work.cumulative, work.exposure, work.once, tally.groups, tally.ties
    k, m = tally.deaths.shape[0], tally.weights.shape[0]
    for g in range(k):
        cumulative[g] = once[g]
    for s in range(m - k):
        cumulative[groups[s]] += once[k + s]
    running = 0.0
    for g in range(k - 1, -1, -1):
        running = (running if same[g] else 0.0) + cumulative[g]
        cumulative[g] = running
        exposure[g] = running
    for s in range(m - k):
        exposure[groups[s]] -= tally.shares[s] * once[k + s]
        exposure[m + ties[s]] = cumulative[groups[s]]


@compiled
def _expect(layout: Layout, slot: SlotArray, work: Work) -> None:
    """Turn `risk` into expected events."""
    risk, exposure, cumulative, before = work.risk, work.exposure, work.cumulative, layout.before
    if layout.late.shape[0] == 0:
        for i in range(risk.shape[0]):
            risk[i] *= exposure[np.uint32(slot[i])]
    else:
        for i in range(risk.shape[0]):
            risk[i] *= exposure[slot[i]] - cumulative[before[i]]


@compiled
def _six_products(rows: FloatArray, weight: FloatArray, columns: IntArray, start: int, out: FloatArray) -> None:
    """Write sums of weight times the products of two rows with three, over a segment."""
    stop = min(start + SEGMENT, weight.shape[0])
    w, u0, u1 = weight[start:stop], rows[columns[0], start:stop], rows[columns[1], start:stop]
    v0, v1, v2 = rows[columns[2], start:stop], rows[columns[3], start:stop], rows[columns[4], start:stop]
    a0, a1, a2, b0, b1, b2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(w.shape[0]):
        a, b = w[i] * u0[i], w[i] * u1[i]
        a0 += a * v0[i]
        a1 += a * v1[i]
        a2 += a * v2[i]
        b0 += b * v0[i]
        b1 += b * v1[i]
        b2 += b * v2[i]
    out[0, 0], out[0, 1], out[0, 2], out[1, 0], out[1, 1], out[1, 2] = a0, a1, a2, b0, b1, b2


@compiled
def _add_gram(rows: FloatArray, weight: FloatArray, first: int, stop: int, sign: float, out: FloatArray) -> None:
    """Add the weighted products of some rows with those up to them to the lower triangle of `out`, times `sign`."""
    columns, products, q = np.zeros(5, np.int64), np.zeros((2, 3)), stop
    for start in range(0, weight.shape[0], SEGMENT):
        for c in range(first, q, 2):
            for e in range(0, min(c + 2, q), 3):
                columns[0], columns[1] = c, min(c + 1, q - 1)
                columns[2], columns[3], columns[4] = e, min(e + 1, q - 1), min(e + 2, q - 1)
                _six_products(rows, weight, columns, start, products)
                for i in range(c, min(c + 2, q)):
                    for j in range(e, min(e + 3, i + 1)):
                        out[i, j] += sign * products[i - c, j - e]


@compiled
def _clear(out: FloatArray, first: int, stop: int) -> None:
    for c in range(first, stop):
        for e in range(c + 1):
            out[c, e] = 0.0


@compiled
def _risk_sets(problem: Problem, risk: FloatArray, first: int, stop: int, total: FloatArray) -> None:
    """Fill some rows of `total`."""
    _sums(problem, risk, first, stop, total)
    _later_steps(problem.tally, first, stop, total)
    if problem.layout.late.shape[0] > 0:
        _take_late(problem, risk, first, stop, total)


@compiled
def evaluate(problem: Problem, beta: FloatArray, work: Work) -> float:
    """Return the log partial likelihood at `beta`, shape (p,), leaving score and information in `work`."""
    tally, q, m, total = problem.tally, beta.shape[0] + 1, problem.tally.weights.shape[0], work.total
    first: Any = np.int64(0)  # a bare 0 is a type of its own, for which callees would be compiled once more
    risks(problem, beta, work.risk)
    _risk_sets(problem, work.risk, first, q, total)
    if not _invert(total[0], tally.weights, work.once, work.twice):
        return -np.inf
    loglik: float = problem.sums[0] - _sum_of_logs(total[0], tally.weights)
    _clear(work.information, first, q)
    _add_gram(total, work.twice[:m], first, q, -1.0, work.information)
    for c in range(1, q):
        loglik += beta[c - 1] * problem.sums[c]
        work.score[c] = problem.sums[c] + work.information[c, 0]
    _exposures(tally, problem.layout.same_stratum, work)
    _expect(problem.layout, tally.slot, work)
    _add_gram(problem.z, work.risk, first, q, 1.0, work.information)
    return loglik


@compiled
def evaluate_own(problem: Problem, risk: FloatArray, first: int, q: int, null: Work, work: Work) -> None:
    """Leave in `work` score and information of a model whose last columns, those of a gene, have no effect yet.

    All that the other columns need was worked out once for all genes.

    Parameters
    ----------
    problem : Problem
    risk : array, shape (n,)
        Weight times relative hazard.
    first, q : int
        First row of the gene's columns, and one past the last.
    null : Work
        As `evaluate` left it, without the gene; the gene's rows are overwritten.
    work : Work
        Written.
    """
    information, m = work.information, problem.tally.weights.shape[0]
    _risk_sets(problem, risk, first, q, null.total)
    _clear(information, first, q)
    for c in range(first):
        work.score[c] = null.score[c]
        for e in range(c + 1):
            information[c, e] = null.information[c, e]
    _add_gram(null.total, null.twice[:m], first, q, -1.0, information)
    for c in range(first, q):
        work.score[c] = problem.sums[c] + information[c, 0]
    _add_gram(problem.z, null.risk, first, q, 1.0, information)
