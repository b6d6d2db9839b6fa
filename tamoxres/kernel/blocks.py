"""The NumPy reference of the batch kernel: sixteen genes side by side, each step of `sweeps.fit_genes` as array sums.

Conventions: as in `sweeps`. A *block* of b genes is fitted at once; arrays end with the axis of genes, (n, b) over
positions and (k, b) over event groups, or with 1 where all genes share them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .fits import CONSTANT, CONVERGED, INFINITE, RUNAWAY, SINGULAR, STALLED, Genes, Results
from .layout import Layout
from .newton import COLLINEAR, FLAT, HALVINGS, ROUNDING, RUNAWAY_STEP
from .risksets import FloatArray, IntArray

__all__ = ["fit_genes"]

_TOGETHER = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Block:
    """Genes to be fitted together.

    Attributes
    ----------
    columns : list of arrays, shape (n, b) or (n, 1)
    offset : array, shape (n, 1)
    weight : array, shape (n, b)
    share, step_weight : array, shape (m, b)
        Share and weight of each tie step; a step that a gene does not have weighs 0.
    step_group : array of int, shape (m,)
    event_sums : array, shape (p + 1, b)
    layout : Layout
    """

    columns: list[FloatArray]
    offset: FloatArray
    weight: FloatArray
    share: FloatArray
    step_weight: FloatArray
    step_group: IntArray
    event_sums: FloatArray
    layout: Layout

    def of(self, lanes: IntArray) -> _Block:
        """Return the block of some of the genes."""
        columns = [c if c.shape[1] == 1 else c[:, lanes] for c in self.columns]
        return _Block(
            columns=columns, offset=self.offset, weight=self.weight[:, lanes], share=self.share[:, lanes],
            step_weight=self.step_weight[:, lanes], step_group=self.step_group, event_sums=self.event_sums[:, lanes],
            layout=self.layout,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Log likelihood (b,), score (b, p) and information (b, p, p) of a block."""

    loglik: FloatArray
    score: FloatArray
    information: FloatArray


def _risk_sums(values: FloatArray, layout: Layout) -> FloatArray:
    """Sum over risk sets, shape (k, b)."""
    change = np.add.reduceat(values, layout.group_start, axis=0)
    if layout.late.size:
        np.subtract.at(change, layout.late_group, values[layout.late])
    return _within_strata(change, layout)


def _within_strata(values: FloatArray, layout: Layout) -> FloatArray:
    """Cumulate over groups, from the latest on, starting anew in each stratum."""
    total = np.cumsum(values, axis=0)
    ends = np.flatnonzero(~layout.same_stratum)[:-1]
    before = np.zeros_like(total)
    before[ends + 1] = np.diff(total[ends], axis=0, prepend=0.0)
    return np.asarray(total - np.cumsum(before, axis=0))


def _event_totals(values: FloatArray, layout: Layout) -> FloatArray:
    """Sum over the events of each group, shape (k, b)."""
    return np.add.reduceat(values * layout.event[:, None], layout.group_start, axis=0)


def _step_sums(values: FloatArray, block: _Block) -> FloatArray:
    """Sum over the steps of each group; groups of a follow-up have a step each at least."""
    starts = np.searchsorted(block.step_group, np.arange(block.layout.group_start.size))
    return np.add.reduceat(values, starts, axis=0)


def _evaluate(block: _Block, beta: FloatArray) -> _State:
    """Evaluate a block at `beta`, shape (p, b); see `likelihood.evaluate`, of which this is the same for many."""
    layout, p = block.layout, beta.shape[0]
    eta = block.offset + sum(c * b for c, b in zip(block.columns, beta, strict=True))
    risk = np.exp(np.clip(eta, -200, 200)) * block.weight
    group = block.step_group
    denominator = _risk_sums(risk, layout)[group] - block.share * _event_totals(risk, layout)[group]
    here = block.step_weight > 0
    denominator = np.where(here, denominator, 1.0)
    good = (denominator > 0).all(axis=0)
    denominator = np.where(denominator > 0, denominator, np.nan)
    once = block.step_weight / denominator
    twice = once / denominator
    hazard, tied_hazard = _step_sums(once, block), _step_sums(block.share * once, block)
    outer = [_step_sums(v, block) for v in (twice, block.share * twice, block.share**2 * twice)]
    loglik = block.event_sums[0] + (beta * block.event_sums[1:]).sum(axis=0)
    loglik = loglik - (block.step_weight * np.log(denominator)).sum(axis=0)
    cumulative = _within_strata_from_first(hazard, layout)
    exposure = cumulative[layout.row_group] - layout.event[:, None] * tied_hazard[layout.row_group]
    exposure[layout.late] -= cumulative[layout.late_group]
    expected = risk * exposure
    totals = [_risk_sums(risk * c, layout) for c in block.columns]
    tied = [_event_totals(risk * c, layout) for c in block.columns]
    score = np.empty((beta.shape[1], p))
    information = np.empty((beta.shape[1], p, p))
    for c in range(p):
        score[:, c] = block.event_sums[c + 1] - (hazard * totals[c] - tied_hazard * tied[c]).sum(axis=0)
        weighted = expected * block.columns[c]
        left = outer[0] * totals[c] - outer[1] * tied[c]
        right = outer[1] * totals[c] - outer[2] * tied[c]
        for e in range(c + 1):
            second = (weighted * block.columns[e]).sum(axis=0)
            information[:, c, e] = second - (left * totals[e] - right * tied[e]).sum(axis=0)
            information[:, e, c] = information[:, c, e]
    return _State(np.where(good & ~np.isnan(loglik), loglik, -np.inf), score, information)


def _within_strata_from_first(values: FloatArray, layout: Layout) -> FloatArray:
    """Cumulate over groups in the order of time, starting anew in each stratum."""
    total = np.cumsum(values[::-1], axis=0)[::-1]
    later = np.vstack([total[1:], np.zeros((1, total.shape[1]))])
    ends = np.flatnonzero(~layout.same_stratum)
    of = np.searchsorted(ends, np.arange(total.shape[0]))
    return np.asarray(total - later[ends][of])


def _newton(
    block: _Block, beta: FloatArray, tolerance: float, max_iterations: int
) -> tuple[FloatArray, FloatArray, IntArray, IntArray, FloatArray]:
    """Climb; return coefficients (p, b), log likelihood, iterations and status (b,), and covariance (b, p, p)."""
    p, b = beta.shape
    loglik, covariance = np.full(b, np.nan), np.full((b, p, p), np.nan)
    iterations, status = np.full(b, max_iterations), np.full(b, STALLED)
    events = (block.step_weight).sum(axis=0)
    lanes = np.arange(b)
    state = _evaluate(block, beta)
    for iteration in range(1, max_iterations + 1):
        fine = np.isfinite(state.loglik) & _independent(state.information, events[lanes])
        status[lanes[~fine]], iterations[lanes[~fine]] = SINGULAR, iteration
        loglik[lanes[~fine]] = state.loglik[~fine]
        lanes, state = lanes[fine], _State(state.loglik[fine], state.score[fine], state.information[fine])
        step = np.linalg.solve(state.information, state.score[..., None])[..., 0]
        decrement = (step * state.score).sum(axis=1)
        done = decrement <= tolerance
        last = lanes[done]
        beta[:, last] += step[done].T
        loglik[last], iterations[last] = state.loglik[done] + decrement[done] / 2, iteration
        status[last] = np.where(np.abs(step[done]).max(axis=1) > RUNAWAY_STEP, RUNAWAY, CONVERGED)
        covariance[last] = np.linalg.inv(state.information[done])
        lanes, step, before = lanes[~done], step[~done], state.loglik[~done]
        if not lanes.size:
            break
        state = _climb(block, beta, lanes, step, before)
    else:
        loglik[lanes] = state.loglik
    return beta, loglik, iterations, status, covariance


def _climb(block: _Block, beta: FloatArray, lanes: IntArray, step: FloatArray, before: FloatArray) -> _State:
    """Take the steps of some genes, halving those that do not climb; `beta` is changed."""
    here = block.of(lanes)
    start = beta[:, lanes]
    factor = np.ones(lanes.size)
    state = _evaluate(here, start + step.T * factor)
    for _ in range(HALVINGS):
        down = ~(state.loglik >= before - ROUNDING * np.abs(before))
        if not down.any():
            break
        factor[down] /= 2
        state = _evaluate(here, start + step.T * factor)
    beta[:, lanes] = start + step.T * factor
    return state


def _independent(information: FloatArray, events: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Say of each gene whether every column adds information to those before it."""
    left = information.copy()
    own = np.einsum("bcc->bc", information)
    fine = np.ones(events.size, bool)
    for c in range(own.shape[1]):
        pivot = left[:, c, c]
        fine &= (pivot > COLLINEAR * own[:, c]) & (own[:, c] > COLLINEAR * events)
        safe = np.where(fine, pivot, 1.0)[:, None, None]
        left = left - left[:, :, c : c + 1] * left[:, c : c + 1, :] / safe
    return fine


def _centre_and_scale(x: FloatArray, here: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Centre and scale genes, shape (n, b), over the patients who have them; return them, centre and scale."""
    count = np.maximum(here.sum(axis=0), 1)
    x = np.where(here > 0, x, 0.0)
    centre = x.sum(axis=0) / count
    x = np.where(here > 0, x - centre, 0.0)
    scale = np.sqrt((x**2).sum(axis=0) / count)
    scale = np.where(scale > FLAT * np.abs(centre), scale, 0.0)
    return x / np.where(scale > 0, scale, 1.0), centre, scale


def _make_block(x: FloatArray, weight: FloatArray, genes: Genes, breslow: bool) -> _Block:
    """Lay out genes of shape (n, b), already centred and scaled, as a block."""
    layout = genes.layout
    first = genes.z.shape[0] - 1 - genes.modifier.shape[0]
    columns = [*genes.z[1:first, :, None], x, *(x * m[:, None] for m in genes.modifier)]
    drawn = (weight > 0) * 1.0
    deaths = _event_totals(drawn, layout)
    total = _event_totals(weight, layout)
    deaths = np.minimum(deaths, 1) if breslow else deaths
    most = genes.tally.deaths
    step_group = np.repeat(np.arange(most.size), most)
    j = np.arange(step_group.size) - np.repeat(np.cumsum(most) - most, most)
    deaths_here, mean = np.maximum(deaths, 1)[step_group], (total / np.maximum(deaths, 1))[step_group]
    at_event = weight * layout.event[:, None]
    sums = [(at_event * c).sum(axis=0) for c in (genes.offset[:, None], *columns)]
    return _Block(
        columns=columns, offset=genes.offset[:, None], weight=weight, share=j[:, None] / deaths_here,
        step_weight=np.where(j[:, None] < deaths[step_group], mean, 0.0), step_group=step_group,
        event_sums=np.stack(sums), layout=layout,
    )  # fmt: skip


def fit_genes(
    values: FloatArray, place: IntArray, genes: Genes, nested: bool, limits: tuple[float, int, bool], out: Results
) -> None:
    """Fit every gene; the arguments are those of `sweeps.fit_genes`."""
    for start in range(0, values.shape[0], _TOGETHER):
        stop = min(start + _TOGETHER, values.shape[0])
        part = Results(*(array[start:stop] for array in out))
        _fit_together(np.asarray(values[start:stop], float)[:, place].T, genes, nested, limits, part)


def _fit_together(x: FloatArray, genes: Genes, nested: bool, limits: tuple[float, int, bool], out: Results) -> None:
    tolerance, max_iterations, breslow = limits
    weight = np.where(np.isnan(x), 0.0, genes.tally.weight[:, None])
    out.n[:] = (weight > 0).sum(axis=0)
    out.events[:] = ((weight > 0) * genes.layout.event[:, None]).sum(axis=0)
    infinite = np.isinf(x).any(axis=0)
    out.status[infinite] = INFINITE
    x, centre, scale = _centre_and_scale(np.where(infinite, 0.0, x), weight)
    out.centre[~infinite], out.scale[~infinite] = centre[~infinite], scale[~infinite]
    constant = ~infinite & ((scale == 0) | (out.events == 0))
    out.status[constant] = CONSTANT
    rows = np.flatnonzero(~infinite & ~constant)
    if not rows.size:
        return
    block = _make_block(x[:, rows], weight[:, rows], genes, breslow)
    start = np.repeat(genes.start[:, None], rows.size, axis=1)
    if nested:
        fewer = replace(block, columns=block.columns[:-1], event_sums=block.event_sums[:-1])
        beta, loglik, _, status, _ = _newton(fewer, start[:-1].copy(), tolerance, max_iterations)
        fitted = status == CONVERGED
        out.loglik_nested[rows[fitted]] = loglik[fitted]
        start[:-1, fitted] = beta[:, fitted]
    beta, loglik, iterations, status, covariance = _newton(block, start, tolerance, max_iterations)
    out.loglik[rows], out.iterations[rows], out.status[rows] = loglik, iterations, status
    fitted = status == CONVERGED
    out.beta[rows[fitted]], out.covariance[rows[fitted]] = beta.T[fitted], covariance[fitted]
