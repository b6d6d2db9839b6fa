"""The compiled likelihood of one large fit: registries of a million patients, in the memory of one copy of the columns.

Conventions: as in `cox`; the columns are laid out once by position, centred and scaled, and each evaluation is a few
sweeps through them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .compiled import evaluate, make_work, standardise
from .fits import Problem
from .layout import make_layout, make_tally
from .risksets import FloatArray, RiskSets

__all__ = ["LargeState", "large_likelihood"]

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


class LargeState(NamedTuple):
    """Log likelihood, score (p,) and information (p, p)."""

    loglik: float
    score: FloatArray
    information: FloatArray


def large_likelihood(
    sets: RiskSets, x: FloatArray, standard: tuple[FloatArray, FloatArray], offset: FloatArray
) -> Callable[[BoolArray], Callable[[FloatArray], LargeState]]:
    """Return a function that takes which columns to keep and gives the likelihood of their coefficients.

    Parameters
    ----------
    sets : RiskSets
    x : array, shape (n, p)
    standard : pair of arrays, shape (p,)
        Centre and scale of the columns.
    offset : array, shape (n,)
    """
    layout = make_layout(sets)
    tally = make_tally(layout, sets)
    z = np.empty((x.shape[1] + 1, layout.rows.size))
    standardise(x, layout.rows, z, *standard)
    placed = offset[layout.rows]
    at_event = tally.weight * layout.event
    sums = np.concatenate([[at_event @ placed], z[1:] @ at_event])
    weighted = bool((tally.step_weight[tally.deaths > 0] != 1).any())

    def of(kept: BoolArray) -> Callable[[FloatArray], LargeState]:
        columns = z if kept.all() else np.ascontiguousarray(z[np.concatenate([[True], kept])])
        here = sums[np.concatenate([[True], kept])]
        work = make_work(columns.shape[0] - 1, columns.shape[1], layout.group_start.size)

        problem = Problem(columns, placed, here, tally, layout)

        def at(beta: FloatArray) -> LargeState:
            loglik = evaluate(problem, beta, work, weighted)
            lower = np.tril(work.information[1:, 1:])
            return LargeState(loglik, work.score[1:].copy(), lower + np.tril(lower, -1).T)

        return at

    return of
