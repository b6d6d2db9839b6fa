"""What a compiled fit takes, and what the fits of a batch give: named tuples of arrays, which compiled code can read.

Conventions: columns stand in the order shared, gene, gene times modifier; positions as in `layout`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .layout import Layout, Tally
from .risksets import FloatArray, IntArray

__all__ = [
    "CONSTANT", "CONVERGED", "INFINITE", "RUNAWAY", "SINGULAR", "STALLED", "STATUS_WORDS", "Genes",
    "Limits", "Problem", "Results", "make_results",
]  # fmt: skip

CONVERGED, SINGULAR, STALLED, RUNAWAY, CONSTANT, INFINITE = range(6)
STATUS_WORDS = ("", "singular", "not converged", "separated", "constant", "infinite")


class Problem(NamedTuple):
    """One fit by position, as the compiled likelihood takes it.

    Attributes
    ----------
    z : array, shape (p + 1, n)
        Ones, and the columns, centred and scaled.
    offset : array, shape (n,)
    sums : array, shape (p + 1,)
        Weighted sums over events of the offset and of each column.
    tally : Tally
    layout : Layout
    """

    z: FloatArray
    offset: FloatArray
    sums: FloatArray
    tally: Tally
    layout: Layout


class Limits(NamedTuple):
    """When to stop: tolerance of the Newton decrement, iterations; and whether ties are Breslow's."""

    tolerance: float
    max_iterations: int
    breslow: bool


class Genes(NamedTuple):
    """What all genes of a screen share.

    Attributes
    ----------
    shared : array, shape (n, q)
        Shared columns by position, centred and scaled.
    gene : array, shape (n, v)
        What the gene is multiplied by: 1, and the modifier if there is one.
    offset : array, shape (n,)
    start : array, shape (p,)
        Coefficients to start from.
    weight : array, shape (n,)
        Case weights.
    layout : Layout
    """

    shared: FloatArray
    gene: FloatArray
    offset: FloatArray
    start: FloatArray
    weight: FloatArray
    layout: Layout


class Results(NamedTuple):
    """What a batch of g fits gives; NaN where a fit gave nothing.

    Attributes
    ----------
    beta : array, shape (g, p)
        In standardised columns.
    covariance : array, shape (g, p, p)
    centre, scale : array, shape (g,)
        Of the gene.
    loglik, loglik_nested : array, shape (g,)
        With all columns, and without the last one.
    n, events : array of int, shape (g,)
    iterations, status : array of int, shape (g,)
    """

    beta: FloatArray
    covariance: FloatArray
    centre: FloatArray
    scale: FloatArray
    loglik: FloatArray
    loglik_nested: FloatArray
    n: IntArray
    events: IntArray
    iterations: IntArray
    status: IntArray

    def part(self, start: int, stop: int) -> Results:
        """Return a view on some of the fits."""
        views: Any = [array[start:stop] for array in self]
        return Results(*views)


def make_results(g: int, p: int) -> Results:
    """Allocate the results of g fits of p columns."""
    counts: Any = [np.zeros(g, np.int64) for _ in range(4)]
    numbers: Any = [np.full(g, np.nan) for _ in range(4)]
    return Results(np.full((g, p), np.nan), np.full((g, p, p), np.nan), *numbers, *counts)
