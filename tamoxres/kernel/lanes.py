"""Sixteen fits side by side in compiled loops: sixteen genes, or sixteen resamples of one follow-up.

Conventions: as in `likelihood`, with patients and groups in the order of `layout`; every fit of a block is a *lane*
(`simd`). Columns are shared factors, or factors times the lane's own x; `factors` has shape (n, p), and the last
`own` of them are those times x. A patient may weigh differently in each lane, and 0 where a gene is missing or a
resample did not draw it; then each lane has its own count of tied events. Sums of one sweep from the last patient to
the first give the risk sets, and one sweep back gives the expected events, whose products with the covariates make the
information.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .compiled import compiled, inlined
from .fits import CONVERGED, RUNAWAY, SINGULAR, STALLED, Limits, Results
from .layout import Layout
from .newton import COLLINEAR, HALVINGS, ROUNDING, RUNAWAY_STEP
from .risksets import FloatArray, IntArray
from .simd import LANES, above, exp, load, log, lower, splat, store

__all__ = ["Block", "Scratch", "make_block", "make_scratch", "newton"]

_RUNNING = -1


class Block(NamedTuple):
    """What is fitted: a model of p columns on n patients and k groups, in each lane.

    Attributes
    ----------
    factors : array, shape (n, p)
    own : int
        How many of the last factors are multiplied by `x`.
    x, weight : array, shape (n, LANES)
    offset : array, shape (n,)
    deaths, step_weight : array, shape (k, LANES)
        Tie steps of a group, and the weight of each, in each lane.
    most : array of int, shape (k,)
        The most tie steps of any lane.
    sums : array, shape (p + 1, LANES)
        Weighted sums over events, of the offset and of each column.
    layout : Layout
    """

    factors: FloatArray
    own: int
    x: FloatArray
    weight: FloatArray
    offset: FloatArray
    deaths: FloatArray
    step_weight: FloatArray
    most: IntArray
    sums: FloatArray
    layout: Layout


class Scratch(NamedTuple):
    """Memory that one thread writes to, a lane a column."""

    risk: FloatArray  # (n, LANES)
    total: FloatArray  # (p, LANES) running sums over the risk set
    tied: FloatArray  # (p, LANES) sums over tied events
    mean: FloatArray  # (p, LANES)
    hazard: FloatArray  # (k + 1, LANES) then cumulative; 0 stands last
    tied_hazard: FloatArray  # (k, LANES)
    score: FloatArray  # (p, LANES)
    information: FloatArray  # (p (p + 1) / 2, LANES) lower triangle, row by row
    loglik: FloatArray  # (1, LANES)
    beta: FloatArray  # (p, LANES)
    trial: FloatArray  # (p, LANES)
    step: FloatArray  # (p, LANES)
    root: FloatArray  # (p, p)


def make_block(factors: FloatArray, own: int, offset: FloatArray, layout: Layout) -> Block:
    """Lay out a model; what differs between lanes is filled in later."""
    n, k, p = layout.rows.size, layout.group_start.size, factors.shape[1]
    lanes = [np.zeros((rows, LANES)) for rows in (n, n, k, k, p + 1)]
    return Block(
        factors=factors, own=own, x=lanes[0], weight=lanes[1], offset=offset, deaths=lanes[2], step_weight=lanes[3],
        most=np.zeros(k, np.int64), sums=lanes[4], layout=layout,
    )  # fmt: skip


def make_scratch(block: Block) -> Scratch:
    """Allocate the memory of one thread."""
    n, k, p = block.weight.shape[0], block.deaths.shape[0], block.factors.shape[1]
    sizes = (n, p, p, p, k + 1, k, p, p * (p + 1) // 2, 1, p, p, p)
    arrays: Any = [np.zeros((rows, LANES)) for rows in sizes]
    return Scratch(*arrays, np.zeros((p, p)))


@inlined
def _clear(array: FloatArray) -> None:
    """Set every lane of every row to 0."""
    for i in range(array.shape[0]):
        store(array, i, splat(0.0))


@inlined
def _add(sign: float, risk: Any, x: FloatArray, factors: FloatArray, i: int, shared: int, into: FloatArray) -> None:
    """Add a patient's risk times the columns, with a sign."""
    risk = sign * risk
    for c in range(shared):
        store(into, c, load(into, c) + factors[i, c] * risk)
    if shared < factors.shape[1]:
        risk_x = risk * load(x, i)
        for c in range(shared, factors.shape[1]):
            store(into, c, load(into, c) + factors[i, c] * risk_x)


@inlined
def _eta(beta: FloatArray, x: FloatArray, factors: FloatArray, i: int, shared: int) -> Any:
    """Return a patient's linear predictor, without the offset."""
    eta = splat(0.0)
    for c in range(shared):
        eta = eta + factors[i, c] * load(beta, c)
    if shared < factors.shape[1]:
        slope = splat(0.0)
        for c in range(shared, factors.shape[1]):
            slope = slope + factors[i, c] * load(beta, c)
        eta = eta + slope * load(x, i)
    return eta


@compiled
def _risk_sets(block: Block, scratch: Scratch, beta: FloatArray) -> None:
    """Sweep from the last patient to the first: hazards, log likelihood, and what means take off the information."""
    # Arrays are taken out of their tuples once: each time costs a reference count.
    layout, factors, x, weights, offset, most = (
        block.layout, block.factors, block.x, block.weight, block.offset, block.most,
    )  # fmt: skip
    start, stop, event_stop, same = layout.group_start, layout.group_stop, layout.event_stop, layout.same_stratum
    late, late_start = layout.late, layout.late_start
    deaths_of, weight_of, risks, total, tied = (
        block.deaths, block.step_weight, scratch.risk, scratch.total, scratch.tied,
    )  # fmt: skip
    mean, score, information = scratch.mean, scratch.score, scratch.information
    shared = factors.shape[1] - block.own
    risk_total, logs, lowest = splat(0.0), splat(0.0), splat(1.0)
    _clear(score)
    _clear(information)
    _clear(total)
    for g in range(most.shape[0]):
        if g > 0 and not same[g - 1]:
            _clear(total)
            risk_total = splat(0.0)
        for j in range(late_start[g], late_start[g + 1]):
            risk = load(risks, late[j])
            risk_total = risk_total - risk
            _add(-1.0, risk, x, factors, late[j], shared, total)
        if most[g] > 1:
            _clear(tied)
        tied_total = splat(0.0)
        for i in range(start[g], stop[g]):
            risk = exp(_eta(beta, x, factors, i, shared) + offset[i]) * load(weights, i)
            store(risks, i, risk)
            risk_total = risk_total + risk
            _add(1.0, risk, x, factors, i, shared, total)
            if most[g] > 1 and i < event_stop[g]:
                tied_total = tied_total + risk
                _add(1.0, risk, x, factors, i, shared, tied)
        hazard, tied_hazard = splat(0.0), splat(0.0)
        deaths = load(deaths_of, g)
        for j in range(most[g]):
            step = splat(float(j))
            share = step / deaths if j > 0 else step
            d = above(deaths, step, risk_total - share * tied_total, splat(1.0))
            weight = above(deaths, step, load(weight_of, g), splat(0.0))
            share = above(deaths, step, share, splat(0.0))
            lowest = lower(lowest, d)
            logs = logs + weight * log(d)
            inverse = 1.0 / d
            hazard = hazard + weight * inverse
            tied_hazard = tied_hazard + share * weight * inverse
            for c in range(mean.shape[0]):
                store(mean, c, (load(total, c) - share * load(tied, c)) * inverse)
            _minus_outer(mean, weight, score, information)
        store(scratch.hazard, g, hazard)
        store(scratch.tied_hazard, g, tied_hazard)
    store(scratch.loglik, 0, above(lowest, splat(0.0), 0.0 - logs, splat(-np.inf)))


@inlined
def _minus_outer(mean: FloatArray, weight: Any, score: FloatArray, information: FloatArray) -> None:
    """Take the mean of one tie step off the score, and its outer product off the information."""
    a = 0
    for c in range(mean.shape[0]):
        weighted = weight * load(mean, c)
        store(score, c, load(score, c) - weighted)
        for e in range(c + 1):
            store(information, a, load(information, a) - weighted * load(mean, e))
            a += 1


@compiled
def _second_moments(block: Block, scratch: Scratch) -> None:
    """Sweep from the first patient to the last: expected events, and the products of covariates."""
    layout, factors, x = block.layout, block.factors, block.x
    start, stop, event_stop, same, before = (
        layout.group_start, layout.group_stop, layout.event_stop, layout.same_stratum, layout.before,
    )  # fmt: skip
    risks, hazard, tied_hazard, information = scratch.risk, scratch.hazard, scratch.tied_hazard, scratch.information
    shared, k = factors.shape[1] - block.own, start.shape[0]
    cumulative = splat(0.0)
    for g in range(k - 1, -1, -1):
        if not same[g]:
            cumulative = splat(0.0)
        cumulative = cumulative + load(hazard, g)
        store(hazard, g, cumulative)
        for i in range(start[g], stop[g]):
            exposure = cumulative
            if i < event_stop[g]:
                exposure = exposure - load(tied_hazard, g)
            if before[i] < k:
                exposure = exposure - load(hazard, before[i])
            expected = load(risks, i) * exposure
            a = 0
            for c in range(shared):
                a = _plus(information, a, factors, i, 0, c, expected)
            if shared < factors.shape[1]:
                once = expected * load(x, i)
                twice = once * load(x, i)
                for c in range(shared, factors.shape[1]):
                    column = factors[i, c] * once
                    for e in range(shared):
                        store(information, a, load(information, a) + factors[i, e] * column)
                        a += 1
                    a = _plus(information, a, factors, i, shared, c, twice)


@inlined
def _plus(information: FloatArray, a: int, factors: FloatArray, i: int, first: int, c: int, weight: Any) -> int:
    """Add the products of column c with the columns from `first` to c; return the entry after them."""
    column = factors[i, c] * weight
    for e in range(first, c + 1):
        store(information, a, load(information, a) + factors[i, e] * column)
        a += 1
    return a


@compiled
def _evaluate(block: Block, scratch: Scratch, beta: FloatArray) -> None:
    """Leave log likelihood, score and information at `beta`, shape (p, LANES), in `scratch`."""
    _risk_sets(block, scratch, beta)
    _second_moments(block, scratch)
    loglik = load(scratch.loglik, 0) + load(block.sums, 0)
    for c in range(block.factors.shape[1]):
        loglik = loglik + load(beta, c) * load(block.sums, c + 1)
        store(scratch.score, c, load(scratch.score, c) + load(block.sums, c + 1))
    store(scratch.loglik, 0, loglik)


@compiled
def _cholesky(scratch: Scratch, lane: int, events: float) -> bool:
    """Factor a lane's information; False where a column adds nothing to those before it."""
    root = scratch.root
    a = 0
    for c in range(root.shape[0]):
        own = scratch.information[a + c, lane]
        for e in range(c + 1):
            total = scratch.information[a, lane]
            a += 1
            for f in range(e):
                total -= root[c, f] * root[e, f]
            if e < c:
                root[c, e] = total / root[e, e]
        if not (total > COLLINEAR * own and own > COLLINEAR * events):
            return False
        root[c, c] = math.sqrt(total)
    return True


@compiled
def _newton_step(scratch: Scratch, lane: int) -> float:
    """Solve for a lane's Newton step; return the decrement."""
    root, step = scratch.root, scratch.step
    p = root.shape[0]
    decrement = 0.0
    for c in range(p):
        total = scratch.score[c, lane]
        for f in range(c):
            total -= root[c, f] * step[f, lane]
        step[c, lane] = total / root[c, c]
        decrement += step[c, lane] ** 2
    for c in range(p - 1, -1, -1):
        total = step[c, lane]
        for f in range(c + 1, p):
            total -= root[f, c] * step[f, lane]
        step[c, lane] = total / root[c, c]
    return decrement


@compiled
def _covariance(root: FloatArray, out: FloatArray) -> None:
    """Write the inverse of root root' into `out`, shape (p, p)."""
    p = root.shape[0]
    for c in range(p):  # lower triangle of the inverse root
        out[c, c] = 1.0 / root[c, c]
        for e in range(c):
            total = 0.0
            for f in range(e, c):
                total -= root[c, f] * out[f, e]
            out[c, e] = total / root[c, c]
    for c in range(p):  # its transpose times itself; what is overwritten is not needed again
        for e in range(c + 1):
            total = 0.0
            for f in range(c, p):
                total += out[f, c] * out[f, e]
            out[e, c] = total
    for c in range(p):
        for e in range(c):
            out[c, e] = out[e, c]


@compiled
def _take_last_step(scratch: Scratch, lane: int) -> int:
    """Take a lane's last step; return its status."""
    longest = 0.0
    for c in range(scratch.beta.shape[0]):
        scratch.beta[c, lane] += scratch.step[c, lane]
        longest = max(longest, abs(scratch.step[c, lane]))
    return RUNAWAY if longest > RUNAWAY_STEP else CONVERGED


@compiled
def _try_steps(block: Block, scratch: Scratch, before: FloatArray, status: IntArray) -> None:
    """Take the steps of the running lanes, halving those that do not climb."""
    factor = np.zeros(LANES)
    for lane in range(LANES):
        factor[lane] = 1.0 if status[lane] == _RUNNING else 0.0
    for _ in range(HALVINGS + 1):
        for c in range(scratch.beta.shape[0]):
            for lane in range(LANES):
                move = scratch.step[c, lane] * factor[lane] if factor[lane] > 0.0 else 0.0
                scratch.trial[c, lane] = scratch.beta[c, lane] + move
        _evaluate(block, scratch, scratch.trial)
        again = False
        for lane in range(LANES):
            enough = before[lane] - ROUNDING * abs(before[lane])
            if status[lane] == _RUNNING and not scratch.loglik[0, lane] >= enough:
                factor[lane] /= 2
                again = True
        if not again:
            break
    for c in range(scratch.beta.shape[0]):
        store(scratch.beta, c, load(scratch.trial, c))


@compiled
def newton(block: Block, scratch: Scratch, fitted: IntArray, limits: Limits, row: int, out: Results) -> None:
    """Climb from `scratch.beta` in the lanes where `fitted` is 1, and write what comes out to `out`, from `row` on.

    The last step, from a decrement below the tolerance, is taken without evaluating again; the covariance is that
    before it.
    """
    status, events, before = np.zeros(LANES, np.int64), np.zeros(LANES), np.zeros(LANES)
    for lane in range(LANES):
        status[lane] = _RUNNING if fitted[lane] == 1 else CONVERGED
        for g in range(block.most.shape[0]):
            events[lane] += block.deaths[g, lane] * block.step_weight[g, lane]
    _evaluate(block, scratch, scratch.beta)
    for iteration in range(1, limits.max_iterations + 1):
        running = False
        for lane in range(LANES):
            if status[lane] != _RUNNING:
                continue
            before[lane] = scratch.loglik[0, lane]
            out.loglik[row + lane], out.iterations[row + lane] = before[lane], iteration
            if not (before[lane] > -np.inf and _cholesky(scratch, lane, events[lane])):
                status[lane] = SINGULAR
                continue
            decrement = _newton_step(scratch, lane)
            if decrement <= limits.tolerance:
                status[lane] = _take_last_step(scratch, lane)
                out.loglik[row + lane] += decrement / 2
                _covariance(scratch.root, out.covariance[row + lane])
            else:
                running = True
        if not running:
            break
        _try_steps(block, scratch, before, status)
    for lane in range(LANES):
        if fitted[lane] == 1:
            out.status[row + lane] = STALLED if status[lane] == _RUNNING else status[lane]
            for c in range(scratch.beta.shape[0]):
                out.beta[row + lane, c] = scratch.beta[c, lane]
