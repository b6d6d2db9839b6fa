"""What fills the lanes of `lanes`: genes, or resamples, sixteen at a time.

Conventions: a gene is centred and scaled over the patients who have it; patients without it weigh 0, and their events
leave the tie counts. Lanes beyond the last gene are left out of the results.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled
from .fits import CONSTANT, CONVERGED, INFINITE, Limits, Results
from .lanes import Block, Scratch, newton
from .layout import Tally
from .newton import FLAT
from .risksets import FloatArray, IntArray
from .simd import LANES

__all__ = ["fit_genes", "fit_resamples"]


@compiled
def _count_events(block: Block, counts: FloatArray, breslow: bool) -> None:
    """Fill the tie steps of every lane; `counts`, shape (n, LANES), says how often each patient stands in it."""
    layout = block.layout
    block.deaths[:] = 0.0
    block.step_weight[:] = 0.0
    for g in range(block.most.shape[0]):
        most = 0.0
        for i in range(layout.group_start[g], layout.event_stop[g]):
            for lane in range(LANES):
                block.deaths[g, lane] += counts[i, lane]
                block.step_weight[g, lane] += block.weight[i, lane]
        for lane in range(LANES):
            if breslow:
                block.deaths[g, lane] = min(block.deaths[g, lane], 1.0)
            block.step_weight[g, lane] /= max(block.deaths[g, lane], 1.0)
            most = max(most, block.deaths[g, lane])
        block.most[g] = int(most)


@compiled
def _event_sums(block: Block) -> None:
    """Sum offset and columns over the events of every lane."""
    p = block.factors.shape[1]
    block.sums[:] = 0.0
    for i in range(block.offset.shape[0]):
        if block.layout.event[i] > 0.0:
            for lane in range(LANES):
                block.sums[0, lane] += block.weight[i, lane] * block.offset[i]
            for c in range(p):
                own = c >= p - block.own
                for lane in range(LANES):
                    value = block.factors[i, c] * (block.x[i, lane] if own else 1.0)
                    block.sums[c + 1, lane] += block.weight[i, lane] * value


@compiled
def _take_in(values: FloatArray, place: IntArray, lane: int, block: Block, tally: Tally, counts: FloatArray) -> int:
    """Bring a gene's values into a lane; return how many are infinite."""
    infinite = 0
    for i in range(place.shape[0]):
        value = float(values[place[i]])
        here = not math.isnan(value)
        infinite += math.isinf(value)
        block.x[i, lane] = value if here else 0.0
        counts[i, lane] = 1.0 if here else 0.0
        block.weight[i, lane] = tally.weight[i] * counts[i, lane]
    return infinite


@compiled
def _centre_and_scale(x: FloatArray, counts: FloatArray, lane: int) -> tuple[float, float]:
    """Centre and scale a lane over those who stand in it; return centre and scale, which is 0 if it is constant."""
    total, count = 0.0, 0.0
    for i in range(x.shape[0]):
        total += x[i, lane] * counts[i, lane]
        count += counts[i, lane]
    centre = total / max(count, 1.0)
    square = 0.0
    for i in range(x.shape[0]):
        x[i, lane] = (x[i, lane] - centre) * counts[i, lane]
        square += x[i, lane] * x[i, lane]
    scale = math.sqrt(square / max(count, 1.0))
    if not scale > FLAT * abs(centre):
        scale = 0.0
    for i in range(x.shape[0]):
        x[i, lane] = x[i, lane] / scale if scale > 0.0 else 0.0
    return centre, scale


@compiled
def _load_genes(
    values: FloatArray, place: IntArray, block: Block, tally: Tally, counts: FloatArray, out: Results
) -> IntArray:
    """Fill the lanes with genes; return which can be fitted."""
    fitted = np.zeros(LANES, np.int64)
    block.x[:] = 0.0
    block.weight[:] = 0.0
    counts[:] = 0.0
    for lane in range(values.shape[0]):
        if _take_in(values[lane], place, lane, block, tally, counts) > 0:
            out.status[lane] = INFINITE
            block.x[:, lane] = 0.0
            continue
        out.centre[lane], out.scale[lane] = _centre_and_scale(block.x, counts, lane)
        out.status[lane] = CONSTANT if out.scale[lane] == 0.0 else CONVERGED
        fitted[lane] = out.status[lane] == CONVERGED
    return fitted


@compiled
def fit_genes(
    values: FloatArray, place: IntArray, models: tuple[Block, Block], scratch: tuple[Scratch, Scratch], tally: Tally,
    start: FloatArray, limits: Limits, out: tuple[Results, Results],
) -> None:  # fmt: skip
    """Fit every gene by the second model, after the first, which has a column less, if that has a gene's column.

    `values` (genes, patients); `place` (n,) the patient of each position; `start` (p,) coefficients to start from; both
    of `out` are written.
    """
    first, second = models
    counts = np.zeros_like(first.weight)
    for g in range(0, values.shape[0], LANES):
        stop = min(g + LANES, values.shape[0])
        nested, full = out[0].part(g, stop), out[1].part(g, stop)
