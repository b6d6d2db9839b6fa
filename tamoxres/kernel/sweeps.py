"""Batches of compiled fits: every gene of a block, or every resample, one after the other in one compiled call.

Conventions: a gene is centred and scaled over the patients who have it; patients without it weigh 0, and their events
leave the tie counts. A fit needs the memory of one fit, which stays in the processor's cache, and does not depend on
those before it: it gives the same bits in whatever block it stands.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .climbing import Summit, climb, covariance
from .compiled import Work, dot, evaluate, evaluate_own, make_tally, make_work, risks
from .compiling import compiled
from .fits import CONSTANT, CONVERGED, INFINITE, Genes, Limits, Problem, Results
from .newton import FLAT
from .risksets import FloatArray, IntArray

__all__ = ["fit_genes", "fit_resamples"]


@compiled
def _take_in(values: FloatArray, place: IntArray, counts: FloatArray, x: FloatArray) -> tuple[float, float, int]:
    """Bring a gene to its positions, 0 where missing; return its sum, how many have it, and 1 if some are infinite."""
    total, known, infinite = 0.0, 0.0, 0.0
    for i in range(x.shape[0]):
        value = float(values[place[i]])
        here = 1.0 if value * 0.0 == 0.0 else 0.0  # infinity times 0 is NaN
        infinite += (1.0 if value == value else 0.0) - here  # noqa: PLR0124 (NaN is not itself)
        x[i] = value if here > 0.0 else 0.0
        counts[i] = here
        known += here
        total += x[i]
    return total, known, int(infinite > 0.0)


@compiled
def _standardise(x: FloatArray, counts: FloatArray, centre: float, known: float) -> float:
    """Centre and scale a gene; return the scale, 0 if it is constant."""
    square = 0.0
    for i in range(x.shape[0]):
        x[i] = (x[i] - centre) * counts[i]
        square += x[i] * x[i]
    scale = math.sqrt(square / max(known, 1.0))
    if not scale > FLAT * abs(centre):
        return 0.0
    for i in range(x.shape[0]):
        x[i] /= scale
    return scale


@compiled
def _layout_columns(genes: Genes) -> FloatArray:
    """Return ones, the shared columns, and room for the gene's, one a row."""
    n, q = genes.shared.shape
    z = np.ones((1 + q + genes.gene.shape[1], n))
    for c in range(q):
        for i in range(n):
            z[c + 1, i] = genes.shared[i, c]
    return z


@compiled
def _event_sums(z: FloatArray, genes: Genes, weight: FloatArray, first: int, sums: FloatArray) -> None:
    """Sum the offset and the columns from `first` on over events."""
    at_event = np.empty(weight.shape[0])
    for i in range(weight.shape[0]):
        at_event[i] = weight[i] * genes.layout.event[i]
    sums[0] = dot(at_event, genes.offset)
    for c in range(first, z.shape[0]):
        sums[c] = dot(at_event, z[c])


@compiled
def _keep(summit: Summit, beta: FloatArray, row: int, out: Results) -> None:
    """Write a fit to its row."""
    out.status[row], out.iterations[row] = summit.status, summit.iterations
    out.loglik[row] = summit.loglik
    for c in range(beta.shape[0]):
        out.beta[row, c] = beta[c]
    if summit.status == CONVERGED:
        covariance(summit.root, out.covariance[row])


class Null(NamedTuple):
    """The model without genes, evaluated once, and the scratch of the genes' fits.

    Attributes
    ----------
    q : int
        Its columns.
    loglik : float
    risk : array, shape (n,)
        Weight times relative hazard.
    left : Work
        As it was left.
    work : Work
        For the genes' fits.
    """

    q: int
    loglik: float
    risk: FloatArray
    left: Work
    work: Work


@compiled
def _evaluate_null(problem: Problem, start: FloatArray, q: int) -> Null:
    """Evaluate the model of the first q columns."""
    p, n = start.shape[0], problem.offset.shape[0]
    risk, left = np.empty(n), make_work(p, n, problem.tally)
    loglik = evaluate(problem, start[:q], left)
    risks(problem, start[:q], risk)
    return Null(q, loglik, risk, left, make_work(p, n, problem.tally))


@compiled
def _fit_gene(
    problem: Problem, null: Null, start: FloatArray, nested: bool, limits: Limits, row: int, out: Results
) -> None:
    """Fit one gene, first without the last column if `nested`; start where the gene has no effect, or from that fit."""
    p, complete = start.shape[0], out.n[row] == problem.offset.shape[0]
    begin = start.copy()
    for columns in range(p - 1 if nested else p, p + 1):
        beta, loglik = begin[:columns].copy(), np.nan
        if complete and (columns < p or np.isnan(out.loglik_nested[row])):
            evaluate_own(problem, null.risk, null.q + 1, columns + 1, null.left, null.work)
            loglik = null.loglik
        summit = climb(problem, beta, loglik, null.work, limits)
        if columns < p and summit.status == CONVERGED:
            out.loglik_nested[row] = summit.loglik
            for c in range(columns):
                begin[c] = beta[c]
        if columns == p:
            _keep(summit, beta, row, out)


@compiled
def _place_gene(values: FloatArray, place: IntArray, counts: FloatArray, x: FloatArray, row: int, out: Results) -> bool:
    """Write a gene to `x`, and who has it to `counts`; say whether it can be fitted."""
    total, known, infinite = _take_in(values, place, counts, x)
    centre = total / max(known, 1.0)
    scale = _standardise(x, counts, centre, known)
    out.centre[row], out.scale[row], out.n[row] = centre, scale, int(known)
    out.status[row] = INFINITE if infinite else CONSTANT
    return not infinite and scale > 0.0


@compiled
def fit_genes(values: FloatArray, place: IntArray, genes: Genes, nested: bool, limits: Limits, out: Results) -> None:
    """Fit every gene.

    Parameters
    ----------
    values : array, shape (g, patients)
    place : array of int, shape (n,)
        The patient at each position.
    genes : Genes
    nested : bool
        Whether to fit without the last column first.
    limits : Limits
    out : Results
        Written.
    """
    z, (n, q), event = _layout_columns(genes), genes.shared.shape, genes.layout.event
    counts, sums, layout = np.ones(n), np.zeros(z.shape[0]), genes.layout
    one: Any = np.int64(1)  # see `compiled.evaluate`
    whole = make_tally(layout, counts, genes.weight, limits.breslow)
    _event_sums(z, genes, whole.weight, one, sums)
    null = _evaluate_null(Problem(z, genes.offset, sums, whole, layout), genes.start, q)
    for g in range(values.shape[0]):
        fine = _place_gene(values[g], place, counts, z[q + 1], g, out)
        out.events[g] = int(dot(counts, event))
        if not fine or out.events[g] == 0:
            continue
        for c in range(1, genes.gene.shape[1]):
            for i in range(n):
                z[q + 1 + c, i] = z[q + 1, i] * genes.gene[i, c]
        tally, first = whole, q + 1
        if out.n[g] < n:
            tally, first = make_tally(layout, counts, genes.weight, limits.breslow), 1
        here = sums.copy()
        _event_sums(z, genes, tally.weight, first, here)
        _fit_gene(Problem(z, genes.offset, here, tally, layout), null, genes.start, nested, limits, g, out)


@compiled
def fit_resamples(drawn: FloatArray, genes: Genes, limits: Limits, out: Results) -> None:
    """Refit a model with each patient as often as drawn.

    Parameters
    ----------
    drawn : array, shape (resamples, n)
        How often the patient at each position was drawn.
    genes : Genes
        The model, of shared columns alone.
    limits : Limits
    out : Results
        Written.
    """
    z, event = _layout_columns(genes), genes.layout.event
    sums = np.empty(z.shape[0])
    one: Any = np.int64(1)  # see `compiled.evaluate`
    for b in range(drawn.shape[0]):
        tally = make_tally(genes.layout, drawn[b], genes.weight, limits.breslow)
        _event_sums(z, genes, tally.weight, one, sums)
        out.n[b], out.events[b] = int(dot(drawn[b], np.ones(event.shape[0]))), int(dot(drawn[b], event))
        beta = genes.start.copy()
        problem = Problem(z, genes.offset, sums, tally, genes.layout)
        work = make_work(beta.shape[0], event.shape[0], tally)
        _keep(climb(problem, beta, np.nan, work, limits), beta, b, out)
