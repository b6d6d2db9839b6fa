"""Many Cox fits of one follow-up, behind one interface: a NumPy reference (`blocks`) and a compiled kernel (`sweeps`).

Conventions: the model of a gene is shared columns, the gene, and (if there is a modifier) the gene times it, in this
order; ties, strata, weights and left truncation are those of the risk sets. A patient whose value is missing is left
out of that gene's fit. Fits start from the model without the gene and stop when the Newton decrement (twice the log
likelihood still to gain) is below `tolerance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from ..errors import AnalysisError
from .cox import CoxOptions, fit_on
from .fits import CONVERGED, STATUS_WORDS, Genes, Limits, Results, make_results
from .layout import Layout, make_layout
from .newton import FLAT
from .risksets import FloatArray, IntArray, RiskSets

__all__ = ["TOLERANCE", "Engine", "GeneFits", "GenePlan", "fit_genes", "fit_placed", "plan_genes"]

Engine = Literal["numba", "numpy"]
TOLERANCE, _ITERATIONS = 1e-14, 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GenePlan:
    """What is worked out once for all genes of a screen; it travels to workers.

    Attributes
    ----------
    layout : Layout
    weight : array, shape (n,)
        Case weights by position.
    idle : array of int
        Patients who are at risk at no event time: they count, and change nothing.
    breslow : bool
    shared : array, shape (n, q)
        Shared columns by position, centred and scaled.
    centre, scale : array, shape (q,)
    modifier : int or None
        Which shared column multiplies the gene.
    modifier_values : array, shape (n,)
        That column as given.
    offset : array, shape (n,)
    start : array, shape (q,)
        Coefficients of the model without genes, in standardised columns.
    loglik : float
        Its log likelihood.
    """

    layout: Layout
    weight: FloatArray
    idle: IntArray
    breslow: bool
    shared: FloatArray
    centre: FloatArray
    scale: FloatArray
    modifier: int | None
    modifier_values: FloatArray
    offset: FloatArray
    start: FloatArray
    loglik: float

    @property
    def columns(self) -> int:
        """Columns of a gene's model."""
        return int(self.shared.shape[1]) + (1 if self.modifier is None else 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneFits:
    """Fits of g genes, in the units of the data; NaN where a fit gave nothing.

    Attributes
    ----------
    coefficients, se : array, shape (g, p)
        Shared columns, gene, gene times modifier.
    covariance : array, shape (g, p, p)
    loglik : array, shape (g,)
    lrt : array, shape (g,)
        Likelihood ratio statistic of the last column, on 1 degree of freedom.
    sd : array, shape (g,)
        Standard deviation of the gene in the patients who are at risk at some event.
    n, events, iterations : array of int, shape (g,)
    flags : tuple of str
        Empty where the fit converged; else `singular`, `not converged`, `separated`, `constant` or `infinite`.
    """

    coefficients: FloatArray
    se: FloatArray
    covariance: FloatArray
    loglik: FloatArray
    lrt: FloatArray
    sd: FloatArray
    n: IntArray
    events: IntArray
    iterations: IntArray
    flags: tuple[str, ...]


def plan_genes(
    sets: RiskSets, shared: FloatArray, *, modifier: int | None = None, offset: FloatArray | None = None
) -> GenePlan:
    """Fit the model without genes, and lay everything out for fitting them.

    Parameters
    ----------
    sets : RiskSets
        From `make_risk_sets`, of all n patients.
    shared : array, shape (n, q)
        Columns that stand in every gene's model; q may be 0.
    modifier : int, optional
        The shared column (treatment) by which the gene is multiplied; its effect without the gene must be in the model.
    offset : array, shape (n,), optional

    Raises
    ------
    AnalysisError
        If the model without genes cannot be estimated.
    """
    shared = np.asarray(shared, float).reshape(sets.event.size, -1)
    layout = make_layout(sets)
    offset = np.zeros(sets.event.size) if offset is None else np.asarray(offset, float)
    q = shared.shape[1]
    if modifier is not None and not 0 <= modifier < q:
        raise AnalysisError(f"The modifier is column {modifier} of {q} shared columns; put its main effect among them.")
    centre, scale = shared.mean(axis=0), shared.std(axis=0)
    flat = np.flatnonzero(~(scale > FLAT * np.abs(centre)))
    if flat.size:
        raise AnalysisError(f"Shared column {flat[0]} is constant; leave it out.")
    z = (shared - centre) / scale
    null = fit_on(sets, z, CoxOptions(offset=offset))
    if null.flags:
        columns = np.flatnonzero(~null.estimable | null.separated)
        raise AnalysisError(f"The model without genes is {', '.join(null.flags)} (shared columns {columns.tolist()}).")
    return GenePlan(
        layout=layout, weight=sets.weights[layout.rows], idle=np.flatnonzero(sets.until <= sets.begin),
        breslow=sets.ties == "breslow",
        shared=z[layout.rows], centre=centre, scale=scale, modifier=modifier,
        modifier_values=np.ones(layout.rows.size) if modifier is None else shared[layout.rows, modifier],
        offset=offset[layout.rows], start=null.coefficients, loglik=null.loglik,
    )  # fmt: skip


def fit_genes(plan: GenePlan, values: FloatArray, *, engine: Engine = "numba", nested: bool = True) -> GeneFits:
    """Fit the model of each gene.

    Parameters
    ----------
    plan : GenePlan
    values : array, shape (g, n)
        One gene a row, patients in the order of the risk sets; NaN where missing.
    engine : "numba" | "numpy"
    nested : bool
        Whether to fit also without the last column, for the likelihood ratio test.

    Returns
    -------
    GeneFits
    """
    return fit_placed(plan, values, plan.layout.rows, engine=engine, nested=nested)


def fit_placed(
    plan: GenePlan,
    values: FloatArray,
    place: IntArray,
    *,
    engine: Engine = "numba",
    nested: bool = False,
    tolerance: float = TOLERANCE,
) -> GeneFits:
    """Fit the model of each gene, taking the value at position i from patient `place[i]`: how genes are permuted."""
    if engine not in get_args(Engine):
        raise AnalysisError(f"Unknown engine {engine!r}. Use one of {', '.join(get_args(Engine))}.")
    gene = np.ones((place.size, 1 if plan.modifier is None else 2))
    gene[:, 1:] = plan.modifier_values[:, None]
    start = np.concatenate([plan.start, np.zeros(gene.shape[1])])
    genes = Genes(plan.shared, gene, plan.offset, start, plan.weight, plan.layout)
    out = make_results(values.shape[0], plan.columns)
    also = nested and plan.modifier is not None  # without a modifier, the model without genes is the nested one
    _ENGINES[engine](values, place, genes, also, Limits(tolerance, _ITERATIONS, plan.breslow), out)
    out.n[:] += np.isfinite(values[:, plan.idle]).sum(axis=1)
    return _in_units(plan, out)


def _compiled(values: FloatArray, place: IntArray, genes: Genes, nested: bool, limits: Limits, out: Results) -> None:
    from .sweeps import fit_genes as fit

    fit(np.ascontiguousarray(values, float), place, genes, nested, limits, out)


def _numpy(values: FloatArray, place: IntArray, genes: Genes, nested: bool, limits: Limits, out: Results) -> None:
    from .blocks import fit_genes as fit

    fit(values, place, genes, nested, limits, out)


_ENGINES: dict[Engine, Any] = {"numba": _compiled, "numpy": _numpy}


def _in_units(plan: GenePlan, out: Results) -> GeneFits:
    """Bring standardised results back to the units of the data.

    With x the gene, m the modifier and X = (x - c) / s, b_X X + b_Xm X m = b_X/s x + b_Xm/s x m - (b_Xm c/s) m + const.
    """
    g, p = out.beta.shape
    q = plan.shared.shape[1]
    back = np.zeros((g, p, p))
    shared = np.arange(q)
    back[:, shared, shared] = 1 / plan.scale
    with np.errstate(divide="ignore", invalid="ignore"):
        for c in range(q, p):
            back[:, c, c] = 1 / out.scale
        if plan.modifier is not None:
            back[:, plan.modifier, p - 1] = -out.centre / out.scale
    fitted = out.status == CONVERGED
    coefficients, covariance = np.full((g, p), np.nan), np.full((g, p, p), np.nan)
    coefficients[fitted] = np.einsum("gcd,gd->gc", back[fitted], out.beta[fitted])
    covariance[fitted] = back[fitted] @ out.covariance[fitted] @ np.swapaxes(back[fitted], 1, 2)
    complete = out.n == plan.layout.rows.size + plan.idle.size
    nested = out.loglik_nested if plan.modifier is not None else np.where(complete, plan.loglik, np.nan)
    return GeneFits(
        coefficients=coefficients, se=np.sqrt(np.einsum("gcc->gc", covariance)), covariance=covariance,
        loglik=np.where(fitted, out.loglik, np.nan), lrt=np.where(fitted, 2 * (out.loglik - nested), np.nan),
        sd=out.scale, n=out.n, events=out.events, iterations=out.iterations,
        flags=tuple(STATUS_WORDS[s] for s in out.status),
    )  # fmt: skip
