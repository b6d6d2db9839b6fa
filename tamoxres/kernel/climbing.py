"""Newton's method for one fit in compiled code: `newton.climb`, with the same tolerances, on plain loops."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .compiled import Work, evaluate
from .compiling import compiled
from .fits import CONVERGED, RUNAWAY, SINGULAR, STALLED, Limits, Problem
from .newton import COLLINEAR, HALVINGS, ROUNDING, RUNAWAY_STEP
from .risksets import FloatArray

__all__ = ["Summit", "climb", "covariance"]


class Summit(NamedTuple):
    """Where a climb ended: status, log likelihood, iterations, and the root of the information, lower triangle."""

    status: int
    loglik: float
    iterations: int
    root: FloatArray


@compiled
def _cholesky(information: FloatArray, events: float, root: FloatArray) -> bool:
    """Factor the information; False where a column adds nothing to those before it."""
    for c in range(root.shape[0]):
        own = information[c + 1, c + 1]
        total = own
        for e in range(c + 1):
            total = information[c + 1, e + 1]
            for f in range(e):
                total -= root[c, f] * root[e, f]
            if e < c:
                root[c, e] = total / root[e, e]
        if not (total > COLLINEAR * own and own > COLLINEAR * events):
            return False
        root[c, c] = math.sqrt(total)
    return True


@compiled
def _newton_step(score: FloatArray, root: FloatArray, step: FloatArray) -> float:
    """Solve for the Newton step; return the decrement."""
    p = root.shape[0]
    decrement = 0.0
    for c in range(p):
        total = score[c + 1]
        for f in range(c):
            total -= root[c, f] * step[f]
        step[c] = total / root[c, c]
        decrement += step[c] ** 2
    for c in range(p - 1, -1, -1):
        total = step[c]
        for f in range(c + 1, p):
            total -= root[f, c] * step[f]
        step[c] = total / root[c, c]
    return decrement


@compiled
def covariance(root: FloatArray, out: FloatArray) -> None:
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
def climb(problem: Problem, beta: FloatArray, loglik: float, work: Work, limits: Limits) -> Summit:
    """Climb from `beta`, shape (p,), which is changed; `work` has been evaluated there unless `loglik` is NaN.

    A step that does not climb is halved. The last step, from a decrement below the tolerance, is taken without
    evaluating again; the root is that before it.
    """
    p = beta.shape[0]
    root, step, start = np.zeros((p, p)), np.zeros(p), np.zeros(p)
    weight, before, halvings, iteration = 0.0, -np.inf, 0, 0
    for s in range(problem.tally.weights.shape[0]):
        weight += problem.tally.weights[s]
    while True:  # the one place that evaluates: it is compiled into its caller
        if iteration > 0 or np.isnan(loglik):
            loglik = evaluate(problem, beta, work)
        if iteration > 0 and halvings < HALVINGS and not loglik >= before - ROUNDING * abs(before):
            halvings += 1
            for c in range(p):
                beta[c] = start[c] + 0.5**halvings * step[c]
            continue
        if iteration == limits.max_iterations:
            return Summit(STALLED, loglik, iteration, root)
        iteration += 1
        if not (loglik > -np.inf and _cholesky(work.information, weight, root)):
            return Summit(SINGULAR, loglik, iteration, root)
        decrement = _newton_step(work.score, root, step)
        before, halvings, longest = loglik, 0, 0.0
        for c in range(p):
            start[c] = beta[c]
            beta[c] += step[c]
            longest = max(longest, abs(step[c]))
        if decrement <= limits.tolerance:
            status = RUNAWAY if longest > RUNAWAY_STEP else CONVERGED
            return Summit(status, loglik + decrement / 2, iteration, root)
