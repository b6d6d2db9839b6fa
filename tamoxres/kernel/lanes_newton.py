"""Newton's method in every lane of a block: `newton.climb` for sixteen fits that need not end together.

Conventions: as in `lanes`. A lane that has ended keeps its coefficients while the others go on.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled, dot
from .fits import CONVERGED, RUNAWAY, SINGULAR, STALLED, Limits, Results
from .lanes import Block, Scratch, evaluate, rows_of
from .newton import COLLINEAR, HALVINGS, ROUNDING, RUNAWAY_STEP
from .risksets import FloatArray, IntArray
from .simd import LANES, load, store

__all__ = ["newton"]

_RUNNING = -1


@compiled
def _cholesky(scratch: Scratch, lane: int, events: float) -> bool:
    """Factor a lane's information; False where a column adds nothing to those before it."""
    root, sums = scratch.root, scratch.sums
    a = rows_of(root.shape[0])[4]
    for c in range(root.shape[0]):
        own = sums[a + c, lane]
        total = own
        for e in range(c + 1):
            total = sums[a, lane]
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
    score = rows_of(p)[3]
    decrement = 0.0
    for c in range(p):
        total = scratch.sums[score + c, lane]
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
        evaluate(block, scratch, scratch.trial)
        again = False
        for lane in range(LANES):
            enough = before[lane] - ROUNDING * abs(before[lane])
            if status[lane] == _RUNNING and not scratch.sums[0, lane] >= enough:
                factor[lane] /= 2
                again = True
        if not again:
            break
    for c in range(scratch.beta.shape[0]):
        store(scratch.beta, c, load(scratch.trial, c))


@compiled
def _next_step(scratch: Scratch, lane: int, events: float, tolerance: float) -> tuple[int, float]:
    """Find a lane's next step; return its status, and what the log likelihood gains by a last step."""
    if not (scratch.sums[0, lane] > -np.inf and _cholesky(scratch, lane, events)):
        return SINGULAR, 0.0
    decrement = _newton_step(scratch, lane)
    if decrement > tolerance:
        return _RUNNING, 0.0
    return _take_last_step(scratch, lane), decrement / 2


@compiled
def newton(block: Block, scratch: Scratch, fitted: IntArray, limits: Limits, row: int, out: Results) -> None:
    """Climb from `scratch.beta` in the lanes where `fitted` is 1; write results to `out`, a lane a row from `row` on.

    The last step, from a decrement below the tolerance, is taken without evaluating again; the covariance is that
    before it.
    """
    status, before = np.zeros(LANES, np.int64), np.zeros(LANES)
    for lane in range(LANES):
        status[lane] = _RUNNING if fitted[lane] == 1 else CONVERGED
    evaluate(block, scratch, scratch.beta)
    for iteration in range(1, limits.max_iterations + 1):
        running = 0
        for lane in range(LANES):
            if status[lane] == _RUNNING:
                before[lane] = scratch.sums[0, lane]
                events = dot(block.deaths[:, lane], block.step_weight[:, lane])
                status[lane], gain = _next_step(scratch, lane, events, limits.tolerance)
                out.loglik[row + lane], out.iterations[row + lane] = before[lane] + gain, iteration
                running += status[lane] == _RUNNING
                if status[lane] == CONVERGED:
                    _covariance(scratch.root, out.covariance[row + lane])
        if running == 0:
            break
        _try_steps(block, scratch, before, status)
    for lane in range(LANES):
        if fitted[lane] == 1:
            out.status[row + lane] = STALLED if status[lane] == _RUNNING else status[lane]
            for c in range(scratch.beta.shape[0]):
                out.beta[row + lane, c] = scratch.beta[c, lane]
