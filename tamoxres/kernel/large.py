"""The compiled likelihood of one large fit: registries of a million patients, in the memory of one copy of the columns.

Conventions: as in `cox`; the columns are laid out once by position, centred and scaled, and each evaluation is a few
sweeps through them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .compiled import evaluate, make_tally, make_work
from .compiling import compiled
from .fits import Problem
from .layout import make_layout
from .risksets import FloatArray, IntArray, RiskSets

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
    rows, n = layout.rows, layout.rows.size
    tally = make_tally(layout, np.ones(n), sets.weights[rows], sets.ties == "breslow")
    z = np.empty((x.shape[1] + 1, n))
    standardise(x, rows, z, *standard)
    placed = offset[rows]
    at_event = tally.weight * layout.event
    sums = np.concatenate([[at_event @ placed], z[1:] @ at_event])

    def of(kept: BoolArray) -> Callable[[FloatArray], LargeState]:
        columns = z if kept.all() else np.ascontiguousarray(z[np.concatenate([[True], kept])])
        problem = Problem(columns, placed, sums[np.concatenate([[True], kept])], tally, layout)
        work = make_work(columns.shape[0] - 1, n, tally)

        def at(beta: FloatArray) -> LargeState:
            loglik = evaluate(problem, beta, work)
            lower = np.tril(work.information[1:, 1:])
            return LargeState(loglik, work.score[1:].copy(), lower + np.tril(lower, -1).T)

        return at

    return of


@compiled
def standardise(x: FloatArray, rows: IntArray, z: FloatArray, centre: FloatArray, scale: FloatArray) -> None:
    """Lay out covariates, shape (rows of the data, p), as `z`: centred, divided by `scale`, ones in row 0."""
    for i in range(rows.shape[0]):
        z[0, i] = 1.0
        for c in range(x.shape[1]):
            z[c + 1, i] = (x[rows[i], c] - centre[c]) / scale[c]
