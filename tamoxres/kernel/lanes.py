"""Sixteen fits side by side in compiled loops: sixteen genes, or sixteen resamples of one follow-up.

Conventions: as in `likelihood`, with patients and groups in the order of `layout`; every fit of a block is a *lane*
(`simd`). Columns are shared factors, or factors times the lane's own x; `factors` has shape (n, p), and the last
`own` of them are those times x. A patient may weigh differently in each lane, and 0 where a gene is missing or a
resample did not draw it; then each lane has its own count of tied events. Sums of one sweep from the last patient to
the first give the risk sets, and one sweep back gives the expected events, whose products with the covariates make the
information.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .compiled import compiled, inlined
from .layout import Layout
from .risksets import FloatArray, IntArray
from .simd import LANES, above, exp, load, log, lower, splat, store

__all__ = ["Block", "Scratch", "evaluate", "make_block", "make_scratch", "rows_of"]


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
    """Memory that one thread writes to, a lane a column.

    Attributes
    ----------
    risk : array, shape (n, LANES)
    hazard : array, shape (k, LANES)
        Of each group; after the sweep back, cumulative.
    tied_hazard : array, shape (k, LANES)
    sums : array, shape (2 + 4 p + p (p + 1) / 2, LANES)
        Rows: log likelihood, lowest denominator; then p each of the risk set's sums, the tied events' sums, a step's
        mean, and the score; then the lower triangle of the information, row by row (see `rows_of`).
    beta, trial, step : array, shape (p, LANES)
    root : array, shape (p, p)
    """

    risk: FloatArray
    hazard: FloatArray
    tied_hazard: FloatArray
    sums: FloatArray
    beta: FloatArray
    trial: FloatArray
    step: FloatArray
    root: FloatArray


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
    sizes = (n, k, k, 2 + 4 * p + p * (p + 1) // 2, p, p, p)
    arrays: Any = [*(np.zeros((rows, LANES)) for rows in sizes), np.zeros((p, p))]
    return Scratch(*arrays)


@inlined
def rows_of(p: int) -> tuple[int, int, int, int, int]:
    """Return the first row in `sums` of the risk set, the tied events, the mean, the score and the information."""
    return 2, 2 + p, 2 + 2 * p, 2 + 3 * p, 2 + 4 * p


@inlined
def _clear(array: FloatArray, first: int, stop: int) -> None:
    """Set every lane of some rows to 0."""
    for i in range(first, stop):
        store(array, i, splat(0.0))


@inlined
def _add(sums: FloatArray, first: int, factors: FloatArray, i: int, shared: int, risk: Any, risk_x: Any) -> None:
    """Add a patient's risk times the columns to the p rows from `first` on."""
    for c in range(shared):
        store(sums, first + c, load(sums, first + c) + factors[i, c] * risk)
    for c in range(shared, factors.shape[1]):
        store(sums, first + c, load(sums, first + c) + factors[i, c] * risk_x)


@inlined
def _eta(beta: FloatArray, x: Any, factors: FloatArray, i: int, shared: int) -> Any:
    """Return a patient's linear predictor, without the offset."""
    eta, slope = splat(0.0), splat(0.0)
    for c in range(shared):
        eta = eta + factors[i, c] * load(beta, c)
    for c in range(shared, factors.shape[1]):
        slope = slope + factors[i, c] * load(beta, c)
    return eta + slope * x


@inlined
def _tie_steps(sums: FloatArray, p: int, at_risk: Any, tied: Any, deaths: Any, weight: Any, most: int) -> Any:
    """Take the tie steps of a group off log likelihood, score and information; return hazard and tied hazard."""
    total, tied_total, mean, score, information = rows_of(p)
    hazard, tied_hazard, one, nothing = splat(0.0), splat(0.0), splat(1.0), splat(0.0)
    for j in range(most):
        step = splat(float(j))
        share = step / deaths if j > 0 else step
        d = above(deaths, step, at_risk - share * tied, one)
        w = above(deaths, step, weight, nothing)  # a lane with fewer deaths has no such step
        share = above(deaths, step, share, nothing)
        store(sums, 0, load(sums, 0) - w * log(d))
        store(sums, 1, lower(load(sums, 1), d))
        inverse = 1.0 / d
        hazard = hazard + w * inverse
        tied_hazard = tied_hazard + share * w * inverse
        a = information
        for c in range(p):
            this = load(sums, total + c)
            if j > 0:
                this = this - share * load(sums, tied_total + c)
            this = this * inverse
            store(sums, mean + c, this)
            weighted = w * this
            store(sums, score + c, load(sums, score + c) - weighted)
            for e in range(c + 1):
                store(sums, a, load(sums, a) - weighted * load(sums, mean + e))
                a += 1
    return hazard, tied_hazard


@compiled
def _risk_sets(block: Block, scratch: Scratch, beta: FloatArray) -> None:
    """Sweep from the last patient to the first: hazards, log likelihood, and what means take off the information."""
    # Arrays are taken out of their tuples once: each time costs a reference count.
    layout, factors, xs, weights, offset, most = (
        block.layout, block.factors, block.x, block.weight, block.offset, block.most,
    )  # fmt: skip
    start, stop, event_stop, same = layout.group_start, layout.group_stop, layout.event_stop, layout.same_stratum
    late, late_start, deaths, step_weight = layout.late, layout.late_start, block.deaths, block.step_weight
    risks, hazards, tied_hazards, sums = scratch.risk, scratch.hazard, scratch.tied_hazard, scratch.sums
    p = factors.shape[1]
    shared = p - block.own
    total, tied, mean = rows_of(p)[:3]
    _clear(sums, 0, sums.shape[0])
    store(sums, 1, splat(1.0))
    at_risk = splat(0.0)
    for g in range(most.shape[0]):
        if g > 0 and not same[g - 1]:
            _clear(sums, total, tied)
            at_risk = splat(0.0)
        for j in range(late_start[g], late_start[g + 1]):
            risk = 0.0 - load(risks, late[j])
            at_risk = at_risk + risk
            _add(sums, total, factors, late[j], shared, risk, risk * load(xs, late[j]))
        if most[g] > 1:
            _clear(sums, tied, mean)
        tied_risk = splat(0.0)
        for i in range(start[g], stop[g]):
            x = load(xs, i)
            risk = exp(_eta(beta, x, factors, i, shared) + offset[i]) * load(weights, i)
            store(risks, i, risk)
            at_risk = at_risk + risk
            _add(sums, total, factors, i, shared, risk, risk * x)
            if most[g] > 1 and i < event_stop[g]:
                tied_risk = tied_risk + risk
                _add(sums, tied, factors, i, shared, risk, risk * x)
        hazard, tied_hazard = _tie_steps(sums, p, at_risk, tied_risk, load(deaths, g), load(step_weight, g), most[g])
        store(hazards, g, hazard)
        store(tied_hazards, g, tied_hazard)


@inlined
def _products(sums: FloatArray, a: int, factors: FloatArray, i: int, columns: tuple[int, int], weight: Any) -> int:
    """Add the products of a column with those from the first one on; return the row after them."""
    first, c = columns
    column = factors[i, c] * weight
    for e in range(first, c + 1):
        store(sums, a, load(sums, a) + factors[i, e] * column)
        a += 1
    return a


@compiled
def _second_moments(block: Block, scratch: Scratch) -> None:
    """Sweep from the first patient to the last: expected events, and the products of covariates."""
    layout, factors, xs = block.layout, block.factors, block.x
    start, stop, event_stop, same, before = (
        layout.group_start, layout.group_stop, layout.event_stop, layout.same_stratum, layout.before,
    )  # fmt: skip
    risks, hazards, tied_hazards, sums = scratch.risk, scratch.hazard, scratch.tied_hazard, scratch.sums
    p, k = factors.shape[1], start.shape[0]
    shared = p - block.own
    cumulative = splat(0.0)
    for g in range(k - 1, -1, -1):
        if not same[g]:
            cumulative = splat(0.0)
        cumulative = cumulative + load(hazards, g)
        store(hazards, g, cumulative)
        for i in range(start[g], stop[g]):
            exposure = cumulative
            if i < event_stop[g]:
                exposure = exposure - load(tied_hazards, g)
            if before[i] < k:
                exposure = exposure - load(hazards, before[i])
            expected = load(risks, i) * exposure
            a = rows_of(p)[4]
            for c in range(shared):
                a = _products(sums, a, factors, i, (0, c), expected)
            once = expected * load(xs, i)
            for c in range(shared, p):
                column = factors[i, c] * once
                for e in range(shared):
                    store(sums, a, load(sums, a) + factors[i, e] * column)
                    a += 1
                a = _products(sums, a, factors, i, (shared, c), once * load(xs, i))


@compiled
def evaluate(block: Block, scratch: Scratch, beta: FloatArray) -> None:
    """Leave log likelihood, score and information at `beta`, shape (p, LANES), in `scratch`."""
    _risk_sets(block, scratch, beta)
    _second_moments(block, scratch)
    sums, p = scratch.sums, block.factors.shape[1]
    score = rows_of(p)[3]
    loglik = load(sums, 0) + load(block.sums, 0)
    for c in range(p):
        loglik = loglik + load(beta, c) * load(block.sums, c + 1)
        store(sums, score + c, load(sums, score + c) + load(block.sums, c + 1))
    store(sums, 0, above(load(sums, 1), splat(0.0), loglik, splat(-np.inf)))
