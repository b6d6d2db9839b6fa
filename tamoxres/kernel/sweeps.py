"""Many fits of one follow-up in compiled loops: a gene after a gene, or a resample after a resample.

Conventions: as in `compiled`. Shared columns stand first, then the gene, then the gene times its modifier, so that the
model without the last column is the first rows of the same array. A gene is centred and scaled over the patients who
have it; patients without it get weight 0, and their events leave the tie counts.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled, covariance, newton
from .fits import CONSTANT, CONVERGED, INFINITE
from .layout import Tally
from .newton import FLAT

__all__ = ["fit_genes", "fit_resamples"]


@compiled
def _gather(values, place, x):  # type: ignore[no-untyped-def]
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
def _centre_and_scale(x, weight):  # type: ignore[no-untyped-def]
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
def _leave_out(x, full, tally, layout, breslow):  # type: ignore[no-untyped-def]
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
def _event_sums(z, offset, weight, layout, out):  # type: ignore[no-untyped-def]
    out[:] = 0.0
    for c in range(z.shape[0]):
        column = offset if c == 0 else z[c]
        total = 0.0
        for i in range(weight.shape[0]):
            total += weight[i] * layout.event[i] * column[i]
        out[c] = total


@compiled
def _count(tally, layout):  # type: ignore[no-untyped-def]
    n, events = 0, 0
    for i in range(tally.weight.shape[0]):
        if tally.weight[i] > 0.0:
            n += 1
            events += layout.event[i] > 0.0
    return n, events


@compiled
def fit_genes(values, place, genes, spare, works, nested, limits, out):  # type: ignore[no-untyped-def]
    """Fit every gene.

    `values` (g, patients); `place` (n,) the patient of each position; `spare` a Tally to overwrite; `works` scratch for
    all columns and for all but the last; `nested` whether to fit without the last column; `limits` (tolerance,
    max_iterations, breslow); `out` Results.
    """
    z, layout = genes.z, genes.layout
    tolerance, max_iterations, breslow = limits
    p = z.shape[0] - 1
    first = p - genes.modifier.shape[0]
    x = z[first]
    sums = np.zeros(p + 1)
    beta = np.zeros(p)
    for g in range(values.shape[0]):
        missing, infinite = _gather(values[g], place, x)
        tally = genes.tally
        if missing > 0:
            _leave_out(x, genes.tally, spare, layout, breslow)
            tally = spare
        out.n[g], out.events[g] = _count(tally, layout)
        if infinite > 0:
            out.status[g] = INFINITE
            continue
        out.centre[g], out.scale[g] = _centre_and_scale(x, tally.weight)
        if out.scale[g] == 0.0 or out.events[g] == 0:
            out.status[g] = CONSTANT
            continue
        for c in range(genes.modifier.shape[0]):
            for i in range(x.shape[0]):
                z[first + 1 + c, i] = x[i] * genes.modifier[c, i]
        _event_sums(z, genes.offset, tally.weight, layout, sums)
        beta[:] = genes.start
        if nested:
            fewer = newton(
                z[:p], genes.offset, beta[: p - 1], sums[:p], tally, layout, works[1], tolerance, max_iterations
            )
            if fewer[2] == CONVERGED:
                out.loglik_nested[g] = fewer[0]
            else:
                beta[:] = genes.start
        loglik, iterations, status = newton(
            z, genes.offset, beta, sums, tally, layout, works[0], tolerance, max_iterations
        )
        out.loglik[g], out.iterations[g], out.status[g] = loglik, iterations, status
        if status == CONVERGED:
            out.beta[g] = beta
            covariance(works[0].root, out.covariance[g])


@compiled
def fit_resamples(z, offset, counts, start, tally, layout, work, limits, out):  # type: ignore[no-untyped-def]
    """Refit the model, with each patient as often as drawn.

    `counts` (resamples, n) in positions; `tally` holds the case weights, and `out` the Results.
    """
    tolerance, max_iterations, breslow = limits
    p = z.shape[0] - 1
    sums, beta = np.zeros(p + 1), np.zeros(p)
    weight = np.empty_like(tally.weight)
    deaths, step_weight = np.empty_like(tally.deaths), np.empty_like(tally.step_weight)
    for b in range(counts.shape[0]):
        deaths[:] = 0
        step_weight[:] = 0.0
        for i in range(weight.shape[0]):
            weight[i] = tally.weight[i] * counts[b, i]
            if layout.event[i] > 0.0:
                deaths[layout.row_group[i]] += counts[b, i]
                step_weight[layout.row_group[i]] += weight[i]
            out.n[b] += counts[b, i]
        for g in range(deaths.shape[0]):
            out.events[b] += deaths[g]
            if breslow:
                deaths[g] = min(deaths[g], 1)
            step_weight[g] /= max(deaths[g], 1)
        drawn = Tally(weight, deaths, step_weight)
        _event_sums(z, offset, weight, layout, sums)
        beta[:] = start
        loglik, iterations, status = newton(z, offset, beta, sums, drawn, layout, work, tolerance, max_iterations)
        out.loglik[b], out.iterations[b], out.status[b] = loglik, iterations, status
        if status == CONVERGED:
            out.beta[b] = beta
            covariance(work.root, out.covariance[b])
