"""The NumPy reference of the batch kernel: many genes side by side, each step of `sweeps.fit_genes` as array sums.

Conventions: as in `sweeps`. A *block* of b genes is fitted at once; arrays end with the axis of genes, (n, b) over
positions and (k, b) over event groups. Sums over patients are products with matrices that all blocks share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .fits import CONSTANT, CONVERGED, INFINITE, RUNAWAY, SINGULAR, STALLED, Genes, Limits, Results
from .layout import Layout
from .newton import COLLINEAR, FLAT, HALVINGS, ROUNDING, RUNAWAY_STEP
from .risksets import FloatArray, IntArray

__all__ = ["fit_genes"]

_TOGETHER = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    """What all blocks of a model share; a column is a *factor* alone (shared) or a factor times the gene.

    Attributes
    ----------
    shared : array, shape (n, q)
    gene : array, shape (n, v)
        1, and the modifier.
    at_risk, at_tied_event : pair of sparse matrices, shape (factors k, n) and (factors t, n)
        Sum 1 and the shared factors, and the gene's factors, over those whose last group it is (less those who enter
        later), and over the events of the t groups that have ties.
    tied : array of int, shape (t,)
    products : tuple of arrays
        Products of factors, shape (n, pairs): shared with shared, gene's with shared, gene's with gene's.
    steps : sparse matrix, shape (k, m)
        Sums over the tie steps of a group.
    step_group : array of int, shape (m,)
    layout : Layout
    """

    shared: FloatArray
    gene: FloatArray
    at_risk: tuple[Any, Any]
    at_tied_event: tuple[Any, Any]
    tied: IntArray
    products: tuple[FloatArray, FloatArray, FloatArray]
    steps: Any
    step_group: IntArray
    layout: Layout


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Block:
    """Genes to be fitted together.

    Attributes
    ----------
    x : array, shape (n, b)
    offset : array, shape (n, 1)
    weight : array, shape (n, b)
    share, step_weight : array, shape (m, b)
        Share and weight of each tie step; a step that a gene does not have weighs 0.
    event_sums : array, shape (p + 1, b)
    """

    x: FloatArray
    offset: FloatArray
    weight: FloatArray
    share: FloatArray
    step_weight: FloatArray
    event_sums: FloatArray

    def of(self, lanes: IntArray) -> _Block:
        """Return the block of some of the genes."""
        if lanes.size == self.x.shape[1]:
            return self
        return _Block(
            x=self.x[:, lanes], offset=self.offset, weight=self.weight[:, lanes], share=self.share[:, lanes],
            step_weight=self.step_weight[:, lanes], event_sums=self.event_sums[:, lanes],
        )  # fmt: skip


class _State(NamedTuple):
    """Log likelihood (b,), score (b, p) and information (b, p, p) of a block."""

    loglik: FloatArray
    score: FloatArray
    information: FloatArray


def _sum_matrix(group: Any, place: IntArray, factors: FloatArray, shape: tuple[int, int]) -> Any:
    """Return the sparse matrix that sums each factor, shape (entries, f), times what it multiplies, over groups."""
    from scipy.sparse import csr_array

    k, n = shape
    blocks = np.arange(factors.shape[1])
    rows = (group[:, None] + k * blocks).ravel()
    columns = np.repeat(place, blocks.size)
    return csr_array((factors.ravel(), (rows, columns)), shape=(k * blocks.size, n))


def _make_model(genes: Genes, v: int) -> _Model:
    """Lay out the model with the shared columns and the first `v` of the gene's."""
    layout, (k, n) = genes.layout, (genes.layout.group_start.size, genes.layout.rows.size)
    shared, gene = genes.shared, genes.gene[:, :v]
    with_one = np.column_stack([np.ones(n), shared])
    place = np.concatenate([np.arange(n), layout.late])
    group = np.concatenate([layout.row_group, layout.before[layout.late]])
    sign = np.concatenate([np.ones(n), -np.ones(layout.late.size)])[:, None]
    most = np.bincount(layout.row_group, layout.event, k).astype(np.int64)  # tie steps, or more under Breslow
    tied = np.flatnonzero(most > 1)
    event = np.flatnonzero((layout.event > 0) & (most[layout.row_group] > 1))
    tied_group = np.searchsorted(tied, layout.row_group[event])
    step_group = np.repeat(np.arange(k), most)
    m = step_group.size
    pairs = ((shared, shared), (gene, shared), (gene, gene))
    return _Model(
        shared=shared, gene=gene, tied=tied, step_group=step_group, layout=layout,
        at_risk=tuple(_sum_matrix(group, place, sign * f[place], (k, n)) for f in (with_one, gene)),
        at_tied_event=tuple(_sum_matrix(tied_group, event, f[event], (tied.size, n)) for f in (with_one, gene)),
        products=tuple((a[:, :, None] * b[:, None, :]).reshape(n, -1) for a, b in pairs),  # type: ignore[arg-type]
        steps=_sum_matrix(step_group, np.arange(m), np.ones((m, 1)), (k, m)),
    )  # fmt: skip


def _sums(model: _Model, matrices: tuple[Any, Any], risk: FloatArray, risk_x: FloatArray) -> FloatArray:
    """Sum 1 and every column over groups, shape (p + 1, groups, b)."""
    with_one, gene = model.shared.shape[1] + 1, model.gene.shape[1]
    parts = ((matrices[0] @ risk, with_one), (matrices[1] @ risk_x, gene))
    return np.concatenate([part.reshape(f, part.shape[0] // max(f, 1), risk.shape[1]) for part, f in parts])


def _within_strata(values: FloatArray, layout: Layout) -> FloatArray:
    """Cumulate over groups, the second last axis, from the latest on, starting anew in each stratum."""
    total = np.cumsum(values, axis=-2)
    ends = np.flatnonzero(~layout.same_stratum)
    if ends.size > 1:
        earlier = np.concatenate([np.zeros_like(total[..., :1, :]), total[..., ends[:-1], :]], axis=-2)
        total = total - earlier[..., np.searchsorted(ends, np.arange(values.shape[-2])), :]
    return np.asarray(total)


def _within_strata_in_time(values: FloatArray, layout: Layout) -> FloatArray:
    """Cumulate over groups in the order of time, starting anew in each stratum."""
    total = np.cumsum(values[::-1], axis=0)[::-1]
    ends = np.flatnonzero(~layout.same_stratum)
    later = np.vstack([total[1:], np.zeros((1, total.shape[1]))])[ends]
    return np.asarray(total - later[np.searchsorted(ends, np.arange(total.shape[0]))])


def _evaluate(model: _Model, block: _Block, beta: FloatArray) -> _State:
    """Evaluate a block at `beta`, shape (p, b); see `likelihood.evaluate`, of which this is the same for many."""
    layout, group = model.layout, model.step_group
    q = model.shared.shape[1]
    eta = model.shared @ beta[:q]
    eta += block.offset
    eta += block.x * (model.gene @ beta[q:])
    risk = np.exp(np.clip(eta, -200, 200, out=eta), out=eta)
    risk *= block.weight
    risk_x = risk * block.x
    total = _within_strata(_sums(model, model.at_risk, risk, risk_x), layout)
    tied = _sums(model, model.at_tied_event, risk, risk_x)
    tied_risk = np.zeros_like(total[0])
    tied_risk[model.tied] = tied[0]
    denominator = total[0][group] - block.share * tied_risk[group]
    denominator[block.step_weight == 0] = 1.0
    good = (denominator > 0).all(axis=0)
    denominator[denominator <= 0] = 1.0
    once = block.step_weight / denominator
    twice = once / denominator
    hazard, tied_hazard = model.steps @ once, model.steps @ (block.share * once)
    outer = [model.steps @ v for v in (twice, block.share * twice, block.share**2 * twice)]
    loglik = block.event_sums[0] + (beta * block.event_sums[1:]).sum(axis=0)
    loglik -= (block.step_weight * np.log(denominator)).sum(axis=0)
    cumulative = _within_strata_in_time(hazard, layout)
    exposure = cumulative[layout.row_group]
    exposure -= layout.event[:, None] * tied_hazard[layout.row_group]
    exposure[layout.late] -= cumulative[layout.before[layout.late]]
    score = block.event_sums[1:] - np.einsum("kb,ckb->cb", hazard, total[1:])
    score += np.einsum("tb,ctb->cb", tied_hazard[model.tied], tied[1:])
    information = _second_moments(model, risk * exposure, block.x) - _mean_outer(total[1:], tied[1:], model.tied, outer)
    return _State(np.where(good & ~np.isnan(loglik), loglik, -np.inf), score.T, information)


def _second_moments(model: _Model, expected: FloatArray, x: FloatArray) -> FloatArray:
    """Sum the products of columns, weighted by expected events, shape (b, p, p)."""
    q, v, b = model.shared.shape[1], model.gene.shape[1], x.shape[1]
    out = np.empty((b, q + v, q + v))
    expected_x = expected * x
    out[:, :q, :q] = (model.products[0].T @ expected).T.reshape(b, q, q)
    out[:, q:, :q] = (model.products[1].T @ expected_x).T.reshape(b, v, q)
    out[:, :q, q:] = np.swapaxes(out[:, q:, :q], 1, 2)
    out[:, q:, q:] = (model.products[2].T @ (expected_x * x)).T.reshape(b, v, v)
    return out


def _mean_outer(total: FloatArray, tied: FloatArray, at: IntArray, outer: list[FloatArray]) -> FloatArray:
    """Sum the weighted outer products of the risk set means, shape (b, p, p); see `likelihood.mean_outer`."""
    s = total.transpose(2, 0, 1)  # (b, p, k)
    there, t = s[:, :, at], tied.transpose(2, 0, 1)
    once, shared, squared = outer[0].T[:, None, :], outer[1][at].T[:, None, :], outer[2][at].T[:, None, :]
    mixed = (there * shared) @ np.swapaxes(t, 1, 2)
    return np.asarray(
        (s * once) @ np.swapaxes(s, 1, 2) - mixed - np.swapaxes(mixed, 1, 2) + (t * squared) @ np.swapaxes(t, 1, 2)
    )


def _newton(
    model: _Model, block: _Block, beta: FloatArray, limits: Limits
) -> tuple[FloatArray, FloatArray, IntArray, IntArray, FloatArray]:
    """Climb; return coefficients (p, b), log likelihood, iterations and status (b,), and covariance (b, p, p)."""
    p, b = beta.shape
    loglik, covariance = np.full(b, np.nan), np.full((b, p, p), np.nan)
    iterations, status = np.full(b, limits.max_iterations), np.full(b, STALLED)
    events = (block.step_weight).sum(axis=0)
    lanes = np.arange(b)
    state = _evaluate(model, block, beta)
    for iteration in range(1, limits.max_iterations + 1):
        fine = np.isfinite(state.loglik) & _independent(state.information, events[lanes])
        status[lanes[~fine]], iterations[lanes[~fine]] = SINGULAR, iteration
        loglik[lanes[~fine]] = state.loglik[~fine]
        lanes, state = lanes[fine], _State(state.loglik[fine], state.score[fine], state.information[fine])
        step = np.linalg.solve(state.information, state.score[..., None])[..., 0]
        decrement = (step * state.score).sum(axis=1)
        done = decrement <= limits.tolerance
        last = lanes[done]
        beta[:, last] += step[done].T
        loglik[last], iterations[last] = state.loglik[done] + decrement[done] / 2, iteration
        status[last] = np.where(np.abs(step[done]).max(axis=1) > RUNAWAY_STEP, RUNAWAY, CONVERGED)
        covariance[last] = np.linalg.inv(state.information[done])
        lanes, step, before = lanes[~done], step[~done], state.loglik[~done]
        if not lanes.size:
            break
        state = _climb(model, block.of(lanes), beta, lanes, step, before)
    else:
        loglik[lanes] = state.loglik
    return beta, loglik, iterations, status, covariance


def _climb(
    model: _Model, block: _Block, beta: FloatArray, lanes: IntArray, step: FloatArray, before: FloatArray
) -> _State:
    """Take the steps of some genes, which make the block, halving those that do not climb; `beta` is changed."""
    start = beta[:, lanes]
    factor = np.ones(lanes.size)
    state = _evaluate(model, block, start + step.T * factor)
    for _ in range(HALVINGS):
        down = ~(state.loglik >= before - ROUNDING * np.abs(before))
        if not down.any():
            break
        factor[down] /= 2
        state = _evaluate(model, block, start + step.T * factor)
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


def _make_block(model: _Model, x: FloatArray, weight: FloatArray, genes: Genes, breslow: bool) -> _Block:
    """Lay out genes of shape (n, b), already centred and scaled, as a block."""
    layout, group, k = genes.layout, model.step_group, genes.layout.group_start.size
    at = np.flatnonzero(layout.event)
    events = _sum_matrix(layout.row_group[at], at, np.ones((at.size, 1)), (k, layout.rows.size))
    deaths, total = events @ np.where(weight > 0, 1.0, 0.0), events @ weight
    deaths = np.minimum(deaths, 1) if breslow else deaths
    j = (np.arange(group.size) - np.searchsorted(group, group))[:, None]
    mean = total / np.maximum(deaths, 1)
    weighted = weight[at]
    sums = [weighted.T @ genes.offset[at], *(weighted.T @ c[at] for c in model.shared.T)]
    sums += [(weighted * x[at]).T @ c[at] for c in model.gene.T]
    return _Block(
        x=x, offset=genes.offset[:, None], weight=weight, share=j / np.maximum(deaths, 1)[group],
        step_weight=np.where(j < deaths[group], mean[group], 0.0), event_sums=np.stack(sums),
    )  # fmt: skip


def fit_genes(values: FloatArray, place: IntArray, genes: Genes, nested: bool, limits: Limits, out: Results) -> None:
    """Fit every gene; the arguments are those of `sweeps.fit_genes`."""
    v = genes.gene.shape[1]
    models = (_make_model(genes, v), _make_model(genes, v - 1))
    for start in range(0, values.shape[0], _TOGETHER):
        stop = min(start + _TOGETHER, values.shape[0])
        x = np.asarray(values[start:stop], float)[:, place].T
        _fit_together(x, genes, models if nested else models[:1], limits, out.part(start, stop))


def _fit_together(x: FloatArray, genes: Genes, models: tuple[_Model, ...], limits: Limits, out: Results) -> None:
    """Fit a block with the first model, after the second one if there is one."""
    weight = np.where(np.isnan(x), 0.0, genes.weight[:, None])
    out.n[:] = (weight > 0).sum(axis=0)
    out.events[:] = ((weight > 0) * genes.layout.event[:, None]).sum(axis=0)
    infinite = np.isinf(x).any(axis=0)
    x, centre, scale = _centre_and_scale(np.where(infinite, 0.0, x), weight)
    out.centre[~infinite], out.scale[~infinite] = centre[~infinite], scale[~infinite]
    constant = (scale == 0) | (out.events == 0)
    out.status[:] = np.where(infinite, INFINITE, np.where(constant, CONSTANT, CONVERGED))
    rows = np.flatnonzero(~infinite & ~constant)
    if not rows.size:
        return
    block = _make_block(models[0], x[:, rows], weight[:, rows], genes, limits.breslow)
    start = np.repeat(genes.start[:, None], rows.size, axis=1)
    for model in models[1:]:
        fewer = replace(block, event_sums=block.event_sums[:-1])
        beta, loglik, _, status, _ = _newton(model, fewer, start[:-1].copy(), limits)
        fitted = status == CONVERGED
        out.loglik_nested[rows[fitted]] = loglik[fitted]
        start[:-1, fitted] = beta[:, fitted]
    beta, loglik, iterations, status, covariance = _newton(models[0], block, start, limits)
    out.loglik[rows], out.iterations[rows], out.status[rows] = loglik, iterations, status
    fitted = status == CONVERGED
    out.beta[rows[fitted]], out.covariance[rows[fitted]] = beta.T[fitted], covariance[fitted]
