"""What fills the lanes of `lanes`: genes, or resamples, sixteen at a time.

Conventions: a gene is centred and scaled over the patients who have it; patients without it weigh 0, and their events
leave the tie counts. Lanes beyond the last gene stay empty, and are not fitted.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled
from .fits import CONSTANT, CONVERGED, INFINITE, Genes, Limits, Results, make_results
from .lanes import Block, Scratch, make_block, make_scratch
from .lanes_newton import newton
from .newton import FLAT
from .risksets import FloatArray, IntArray
from .simd import LANES, above, load, splat, store

__all__ = ["fit_genes", "fit_resamples"]


@compiled
def _take_in(values: FloatArray, place: IntArray, row: int, x: FloatArray) -> None:
    """Bring the genes from `row` on into the lanes; a lane without a gene is NaN."""
    here = min(LANES, values.shape[0] - row)
    for i in range(place.shape[0]):
        for lane in range(here):
            x[i, lane] = values[row + lane, place[i]]
        for lane in range(here, LANES):
            x[i, lane] = np.nan


@compiled
def _weigh(x: FloatArray, case_weight: FloatArray, counts: FloatArray, weight: FloatArray, found: FloatArray) -> None:
    """Count and weigh whom each lane has, set missing values to 0; count finite and infinite values in `found`."""
    finite, infinite = splat(0.0), splat(0.0)
    one, nothing = splat(1.0), splat(0.0)
    for i in range(x.shape[0]):
        value = load(x, i)
        number = above(value, splat(-2.0), one, above(splat(2.0), value, one, nothing))  # NaN is neither
        here = above(value * 0.0, splat(-1.0), one, nothing)  # infinity times 0 is NaN
        finite = finite + here
        infinite = infinite + (number - here)
        store(counts, i, here)
        store(weight, i, here * case_weight[i])
        store(x, i, above(here, nothing, value, nothing))
    store(found, 0, finite)
    store(found, 1, infinite)


@compiled
def _centre_and_scale(x: FloatArray, counts: FloatArray, found: FloatArray) -> None:
    """Centre and scale the lanes; leave centre and scale (0 if constant) in rows 2 and 3 of `found`."""
    total, square = splat(0.0), splat(0.0)
    count = above(load(found, 0), splat(1.0), load(found, 0), splat(1.0))
    for i in range(x.shape[0]):
        total = total + load(x, i)
    centre = total / count
    for i in range(x.shape[0]):
        centred = (load(x, i) - centre) * load(counts, i)
        square = square + centred * centred
        store(x, i, centred)
    store(found, 2, centre)
    store(found, 3, square / count)
    for lane in range(LANES):
        scale = math.sqrt(found[3, lane])
        found[3, lane] = scale if scale > FLAT * abs(found[2, lane]) else 0.0
        found[4, lane] = 1.0 / scale if found[3, lane] > 0.0 else 0.0
    factor = load(found, 4)
    for i in range(x.shape[0]):
        store(x, i, load(x, i) * factor)


@compiled
def _tally(block: Block, counts: FloatArray, breslow: bool) -> None:
    """Fill tie steps and event sums of every lane; `counts` (n, LANES) says how often each patient stands in it."""
    layout, factors, weight, x, sums = block.layout, block.factors, block.weight, block.x, block.sums
    start, event_stop, offset = layout.group_start, layout.event_stop, block.offset
    shared = factors.shape[1] - block.own
    for c in range(sums.shape[0]):
        store(sums, c, splat(0.0))
    for g in range(start.shape[0]):
        deaths, total = splat(0.0), splat(0.0)
        for i in range(start[g], event_stop[g]):
            deaths = deaths + load(counts, i)
            here = load(weight, i)
            total = total + here
            store(sums, 0, load(sums, 0) + offset[i] * here)
            for c in range(factors.shape[1]):
                value = factors[i, c] * (here if c < shared else here * load(x, i))
                store(sums, c + 1, load(sums, c + 1) + value)
        one = splat(1.0)
        if breslow:
            deaths = above(deaths, one, one, deaths)
        store(block.deaths, g, deaths)
        store(block.step_weight, g, total / above(deaths, one, deaths, one))
        most = 0.0
        for lane in range(LANES):
            most = max(most, block.deaths[g, lane])
        block.most[g] = int(most)


@compiled
def _count(event: FloatArray, counts: FloatArray, found: FloatArray) -> None:
    """Count patients and events of each lane in rows 0 and 1 of `found`."""
    patients, events = splat(0.0), splat(0.0)
    for i in range(counts.shape[0]):
        patients = patients + load(counts, i)
        events = events + event[i] * load(counts, i)
    store(found, 0, patients)
    store(found, 1, events)


def _put_in(
    values: FloatArray, place: IntArray, row: int, block: Block, genes: Genes, counts: FloatArray, out: Results
) -> None:
    """Bring the genes from `row` on into the lanes, and into `counts` how often each lane has each patient."""
    found = np.zeros((5, LANES))
    _take_in(values, place, row, block.x)
    _weigh(block.x, genes.tally.weight, counts, block.weight, found)
    infinite = found[1] > 0
    _centre_and_scale(block.x, counts, found)
    here = out.part(row, row + LANES)
    k = here.n.size
    here.centre[:], here.scale[:] = found[2, :k], found[3, :k]
    _count(genes.layout.event, counts, found)
    here.n[:], here.events[:] = found[0, :k], found[1, :k]
    here.status[:] = np.where(infinite, INFINITE, np.where(found[3] == 0, CONSTANT, CONVERGED))[:k]


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
    factors = np.ascontiguousarray(np.hstack([genes.shared, genes.gene]))
    own, p = genes.gene.shape[1], factors.shape[1]
    full = make_block(factors, own, genes.offset, genes.layout)
    fewer = full._replace(factors=np.ascontiguousarray(factors[:, : p - 1]), own=own - 1, sums=full.sums[:p])
    scratch, fewer_scratch = make_scratch(full), make_scratch(fewer)
    fewer_out, counts = make_results(LANES, p - 1), np.empty_like(full.weight)
    for row in range(0, values.shape[0], LANES):
        _put_in(values, place, row, full, genes, counts, out)
        _tally(full, counts, limits.breslow)
        fitted = np.zeros(LANES, np.int64)
        here = out.part(row, row + LANES)
        fitted[: here.n.size] = here.status == CONVERGED
        scratch.beta[:] = genes.start[:, None]
        if nested:
            fewer_scratch.beta[:] = genes.start[: p - 1, None]
            newton(fewer, fewer_scratch, fitted, limits, 0, fewer_out)
            good = (fitted == 1) & (fewer_out.status == CONVERGED)
            scratch.beta[: p - 1, good] = fewer_scratch.beta[:, good]
            here.loglik_nested[:] = np.where(good, fewer_out.loglik, np.nan)[: here.n.size]
        newton(full, scratch, fitted, limits, row, out)


def fit_resamples(
    drawn: IntArray, block: Block, case_weight: FloatArray, start: FloatArray, limits: Limits, out: Results
) -> None:
    """Refit a model with each patient as often as drawn.

    Parameters
    ----------
    drawn : array of int, shape (resamples, n)
        How often the patient at each position was drawn.
    block : Block
        The model; its lanes are overwritten.
    case_weight : array, shape (n,)
    start : array, shape (p,)
    limits : Limits
    out : Results
        Written.
    """
    scratch: Scratch = make_scratch(block)
    found, counts = np.zeros((2, LANES)), np.zeros_like(block.weight)
    for row in range(0, drawn.shape[0], LANES):
        here = out.part(row, row + LANES)
        k = here.n.size
        counts[:, :k], counts[:, k:] = drawn[row : row + k].T, 0.0
        np.multiply(counts, case_weight[:, None], out=block.weight)
        _tally(block, counts, limits.breslow)
        _count(block.layout.event, counts, found)
        here.n[:], here.events[:] = found[0, :k], found[1, :k]
        scratch.beta[:] = start[:, None]
        newton(block, scratch, (np.arange(LANES) < k).astype(np.int64), limits, row, out)
