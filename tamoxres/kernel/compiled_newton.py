"""Newton's method in compiled loops: `newton.climb` for fits that are too many to return to Python between steps.

Conventions: as in `compiled`; matrices of the columns have p rows, and those of `Work` one more, the first unused.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import Work, compiled, dot, evaluate
from .fits import CONVERGED, RUNAWAY, SINGULAR, STALLED, Limits, Problem
from .newton import COLLINEAR, HALVINGS, ROUNDING, RUNAWAY_STEP
from .risksets import FloatArray

__all__ = ["covariance", "newton"]


@compiled
def _cholesky(information: FloatArray, root: FloatArray, events: float) -> bool:
    """Factor the information (its rows from 1 on); False where a column adds nothing to those before it."""
    p = root.shape[0]
    for c in range(p):
        own = information[c + 1, c + 1]
        for e in range(c + 1):
            total = information[c + 1, e + 1]
            for f in range(e):
                total -= root[c, f] * root[e, f]
            if c == e:
                if not (total > COLLINEAR * own and own > COLLINEAR * events):
                    return False
                root[c, c] = math.sqrt(total)
            else:
                root[c, e] = total / root[e, e]
    return True


@compiled
def _newton_step(score: FloatArray, root: FloatArray, step: FloatArray) -> float:
    """Solve for the Newton step; return the decrement."""
    p = step.shape[0]
    for c in range(p):
        total = score[c + 1]
        for f in range(c):
            total -= root[c, f] * step[f]
        step[c] = total / root[c, c]
    decrement = dot(step, step)
    for c in range(p - 1, -1, -1):
        total = step[c]
        for f in range(c + 1, p):
            total -= root[f, c] * step[f]
        step[c] = total / root[c, c]
    return decrement


@compiled
def newton(problem: Problem, beta: FloatArray, work: Work, limits: Limits) -> tuple[float, int, int]:
    """Climb from `beta`, which is changed; return log likelihood, iterations and status.

    The last step, from a decrement below the tolerance, is taken without evaluating again: `work.root` holds the factor
    of the information before it.
    """
    tally = problem.tally
    weighted = False
    events = 0.0
    for g in range(tally.deaths.shape[0]):
        weighted |= tally.deaths[g] > 0 and tally.step_weight[g] != 1.0
        events += tally.deaths[g] * tally.step_weight[g]
    loglik = evaluate(problem, beta, work, weighted)
    for iteration in range(1, limits.max_iterations + 1):
        if not (loglik > -np.inf and _cholesky(work.information, work.root, events)):
            return loglik, iteration, SINGULAR
        decrement = _newton_step(work.score, work.root, work.step)
        if decrement <= limits.tolerance:
            longest = 0.0
            for c in range(beta.shape[0]):
                beta[c] += work.step[c]
                longest = max(longest, abs(work.step[c]))
            return loglik + decrement / 2, iteration, RUNAWAY if longest > RUNAWAY_STEP else CONVERGED
        climbed = -np.inf
        factor = 1.0
        for _ in range(HALVINGS + 1):
            for c in range(beta.shape[0]):
                work.trial[c] = beta[c] + work.step[c] * factor
            climbed = evaluate(problem, work.trial, work, weighted)
            if climbed >= loglik - ROUNDING * abs(loglik):
                break
            factor /= 2
        loglik = climbed
        beta[:] = work.trial
    return loglik, limits.max_iterations, STALLED


@compiled
def covariance(root: FloatArray, out: FloatArray) -> None:
    """Write the inverse of root root' into `out`, shape (p, p)."""
    p = root.shape[0]
    out[:] = 0.0
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
