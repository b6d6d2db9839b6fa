"""Many fits of one follow-up in compiled loops: a gene after a gene, or a resample after a resample.

Conventions: as in `compiled_newton`. Shared columns stand first, then the gene, then the gene times its modifier, so
that the model without the last column is the first rows of the same array. A gene is centred and scaled over the
patients who have it; patients without it get weight 0, and their events leave the tie counts.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import Work, compiled
from .compiled_newton import covariance, newton
from .fits import CONSTANT, CONVERGED, INFINITE, Genes, Limits, Problem, Results
from .layout import Layout, Tally
from .newton import FLAT
from .risksets import FloatArray, IntArray

__all__ = ["fit_genes", "fit_resamples"]


@compiled
def _gather(values: FloatArray, place: IntArray, x: FloatArray) -> tuple[int, int]:
    """Bring a gene's values into position; return how many are missing and how many infinite."""
    missing, infinite = 0, 0
    for i in range(place.shape[0]):
        value = np.float64(values[place[i]])
        if math.isnan(value):
            missing += 1
        elif math.isinf(value):
            infinite += 1
        x[i] = value
    return missing, infinite


@compiled
def _centre_and_scale(x: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Centre and scale in place, over those with a weight; the others become 0."""
    total, count = 0.0, 0.0
    for i in range(x.shape[0]):
        if weight[i] > 0.0:
            total += x[i]
            count += 1.0
    centre = total / max(count, 1.0)
    square = 0.0
    for i in range(x.shape[0]):
        x[i] = x[i] - centre if weight[i] > 0.0 else 0.0
        square += x[i] * x[i]
    scale = math.sqrt(square / max(count, 1.0))
    if not scale > FLAT * abs(centre):
        return centre, 0.0
    for i in range(x.shape[0]):
        x[i] /= scale
    return centre, scale


@compiled
def _leave_out(x: FloatArray, full: Tally, tally: Tally, layout: Layout, breslow: bool) -> None:
    """Fill `tally` with `full` less the patients whose x is missing."""
    for g in range(full.deaths.shape[0]):
        tally.deaths[g] = 0
        tally.step_weight[g] = 0.0
    for i in range(x.shape[0]):
        here = not math.isnan(x[i])
        tally.weight[i] = full.weight[i] if here else 0.0
        if here and layout.event[i] > 0.0 and full.weight[i] > 0.0:
            tally.deaths[layout.row_group[i]] += 1
            tally.step_weight[layout.row_group[i]] += full.weight[i]
    for g in range(full.deaths.shape[0]):
        if breslow:
            tally.deaths[g] = min(tally.deaths[g], 1)
        tally.step_weight[g] /= max(tally.deaths[g], 1)


@compiled
def _event_sums(z: FloatArray, offset: FloatArray, weight: FloatArray, layout: Layout, out: FloatArray) -> None:
    out[:] = 0.0
    for c in range(z.shape[0]):
        column = offset if c == 0 else z[c]
        total = 0.0
        for i in range(weight.shape[0]):
            total += weight[i] * layout.event[i] * column[i]
        out[c] = total


@compiled
def _count(tally: Tally, layout: Layout) -> tuple[int, int]:
    n, events = 0, 0
    for i in range(tally.weight.shape[0]):
        if tally.weight[i] > 0.0:
            n += 1
            events += layout.event[i] > 0.0
    return n, events


@compiled
def _fill(genes: Genes, x: FloatArray) -> None:
    """Write the products of a gene and its modifier."""
    first = genes.z.shape[0] - genes.modifier.shape[0]
    for c in range(genes.modifier.shape[0]):
        for i in range(x.shape[0]):
            genes.z[first + c, i] = x[i] * genes.modifier[c, i]


@compiled
def fit_genes(
    values: FloatArray,
    place: IntArray,
    genes: Genes,
    works: tuple[Work, Work],
    nested: bool,
    limits: Limits,
    out: Results,
) -> None:
    """Fit every gene.

    `values` (g, patients); `place` (n,) the patient of each position; `works` scratch for all columns and for all but
    the last; `nested` whether to fit without the last column too; `out` is written.
    """
    z, layout = genes.z, genes.layout
    p = z.shape[0] - 1
    x = z[p - genes.modifier.shape[0]]
    sums, beta = np.zeros(p + 1), np.zeros(p)
    for g in range(values.shape[0]):
        missing, infinite = _gather(values[g], place, x)
        tally = genes.tally
        if missing > 0:
            _leave_out(x, genes.tally, genes.spare, layout, limits.breslow)
            tally = genes.spare
        out.n[g], out.events[g] = _count(tally, layout)
        if infinite > 0:
            out.status[g] = INFINITE
            continue
        out.centre[g], out.scale[g] = _centre_and_scale(x, tally.weight)
        if out.scale[g] == 0.0 or out.events[g] == 0:
            out.status[g] = CONSTANT
            continue
        _fill(genes, x)
        _event_sums(z, genes.offset, tally.weight, layout, sums)
        beta[:] = genes.start
        if nested:
            fewer = newton(Problem(z[:p], genes.offset, sums[:p], tally, layout), beta[: p - 1], works[1], limits)
            if fewer[2] == CONVERGED:
                out.loglik_nested[g] = fewer[0]
            else:
                beta[:] = genes.start
        problem = Problem(z, genes.offset, sums, tally, layout)
        out.loglik[g], out.iterations[g], out.status[g] = newton(problem, beta, works[0], limits)
        if out.status[g] == CONVERGED:
            out.beta[g] = beta
            covariance(works[0].root, out.covariance[g])


@compiled
def fit_resamples(
    problem: Problem, counts: IntArray, start: FloatArray, work: Work, limits: Limits, out: Results
) -> None:
    """Refit the model with each patient as often as drawn: `counts` (resamples, n) by position; `out` is written."""
    layout, full = problem.layout, problem.tally
    sums, beta = np.zeros(start.shape[0] + 1), np.zeros(start.shape[0])
    weight = np.empty_like(full.weight)
    deaths, step_weight = np.empty_like(full.deaths), np.empty_like(full.step_weight)
    for b in range(counts.shape[0]):
        deaths[:] = 0
        step_weight[:] = 0.0
        for i in range(weight.shape[0]):
            weight[i] = full.weight[i] * counts[b, i]
            out.n[b] += counts[b, i]
            if layout.event[i] > 0.0:
                deaths[layout.row_group[i]] += counts[b, i]
                step_weight[layout.row_group[i]] += weight[i]
        for g in range(deaths.shape[0]):
            out.events[b] += deaths[g]
            if limits.breslow:
                deaths[g] = min(deaths[g], 1)
            step_weight[g] /= max(deaths[g], 1)
        drawn = Tally(weight, deaths, step_weight)
        _event_sums(problem.z, problem.offset, weight, layout, sums)
        beta[:] = start
        refit = Problem(problem.z, problem.offset, sums, drawn, layout)
        out.loglik[b], out.iterations[b], out.status[b] = newton(refit, beta, work, limits)
        if out.status[b] == CONVERGED:
            out.beta[b] = beta
            covariance(work.root, out.covariance[b])
