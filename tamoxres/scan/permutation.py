"""Family-wise error of a screen by permutation, and replication of its top genes in a second cohort.

Conventions: expression is permuted between patients, all genes together, while outcome, treatment and adjusters stay;
so genes keep their correlations, and have nothing to do with outcome or treatment. A gene's P is the share of
permutations (the observed one counted) whose largest |z| over all genes reaches its own: Westfall and Young's
single-step max-T.

References
----------
Westfall PH, Young SS 1993, Resampling-Based Multiple Testing. Phipson B, Smyth GK 2010, Stat Appl Genet Mol 9:39.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from ..errors import AnalysisError, QuestionError
from ..kernel.batch import GenePlan, fit_placed
from ..vocabulary import FloatArray, IntArray
from .matrix import Expression, Reader, reader_of
from .positions import official_symbols
from .result import Screen
from .spread import Lost, spread
from .store import benjamini_hochberg

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["family_wise", "largest_z", "replicate"]

_NEAR = 1e-9  # Newton decrement: a permuted z is then known to a millionth, and a fifth of the time is saved
_TOGETHER = 50  # permutations of a block that one worker fits


def largest_z(plan: GenePlan, values: FloatArray, orders: IntArray) -> FloatArray:
    """Return the largest |z| of any gene under each permutation.

    Parameters
    ----------
    plan : GenePlan
    values : array, shape (g, n)
    orders : array of int, shape (b, n)
        Patient i is given the expression of patient `orders[., i]`.

    Returns
    -------
    array, shape (b,)
    """
    out = np.zeros(orders.shape[0])
    for i, order in enumerate(orders):
        fits = fit_placed(plan, values, order[plan.layout.rows], tolerance=_NEAR)
        z = np.abs(fits.coefficients[:, -1] / fits.se[:, -1])
        out[i] = np.nanmax(z, initial=0.0)
    return out


def _largest_of_block(plan: GenePlan, read: Reader, columns: IntArray, orders: IntArray) -> FloatArray:
    return largest_z(plan, read().take(columns, axis=1), orders)


def family_wise(
    found: Screen,
    expression: Expression,
    *,
    permutations: int = 1000,
    seed: int,
    block: int = 512,
    jobs: int = -1,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Add P values that hold for all genes at once to the table of a screen.

    Parameters
    ----------
    found : Screen
    expression : Expression
        The matrix of the screen, from `open_expression`.
    permutations, seed : int
    block : int
        Genes read at a time.
    jobs : int
        Workers; -1 for one a processor.
    progress : function, optional
        Called with the fits done and all fits.

    Returns
    -------
    DataFrame
        The screen's table with a column `p_family`.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=20, seed=1)
    >>> both = tr.select(made, endpoint="BCSS", er="any", treatment="any")
    >>> found = tr.screen(both, options=tr.ScreenOptions(jobs=1))
    >>> family_wise(found, tr.open_expression(made.profiles[0]), permutations=20, seed=1, jobs=1).columns[-1]
    'p_family'
    """
    if permutations < 1:
        raise QuestionError(f"permutations is {permutations}; take at least 1, better 1,000.")
    plan, columns, genes = found.model.plan, found.model.columns, len(expression.genes)
    draw = np.random.default_rng(seed)
    orders = np.stack([draw.permutation(columns.size) for _ in range(permutations)])
    pieces = [(g, p) for g in range(0, genes, block) for p in range(0, permutations, _TOGETHER)]
    tasks = (
        (plan, reader_of(expression, g, min(g + block, genes)), columns, orders[p : p + _TOGETHER]) for g, p in pieces
    )
    largest, done = np.zeros(permutations), 0
    for i, here in spread(_largest_of_block, tasks, jobs):
        (g, p) = pieces[i]
        if isinstance(here, Lost):
            raise AnalysisError(f"Genes {g + 1:,} to {min(g + block, genes):,} could not be permuted ({here.why}).")
        largest[p : p + _TOGETHER] = np.maximum(largest[p : p + _TOGETHER], here)
        done += min(block, genes - g) * here.size
        if progress is not None:
            progress(done, genes * permutations)
    table = found.table
    z = table["z"].abs().to_numpy(float)
    reached = permutations - np.searchsorted(np.sort(largest), z, side="left")
    return table.assign(p_family=np.where(np.isnan(z), np.nan, (1 + reached) / (1 + permutations)))


def replicate(found: Screen, again: Screen, *, top: int = 20, genes: Sequence[str] | None = None) -> pd.DataFrame:
    """Look a screen's top genes up in a screen of a second cohort.

    Parameters
    ----------
    found, again : Screen
        Of the same term.
    top : int
        How many genes, by P value.
    genes : sequence of str, optional
        These genes instead.

    Returns
    -------
    DataFrame
        A row a gene, whose official symbols are compared: gene, effect, p (per SD, in the first), effect_again,
        se_again, same_sign, p_again (one-sided, in the direction first found), q_again (Benjamini-Hochberg over the
        genes looked up); NaN where the second does not hold a gene.

    Raises
    ------
    AnalysisError
        If the screens are of different terms, or of cohorts that share patients.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=20, seed=1)
    >>> both = tr.select(made, endpoint="BCSS", er="any", treatment="any")
    >>> options = tr.ScreenOptions(jobs=1)
    >>> found = tr.screen(both, options=options)
    >>> other = tr.simulate(300, genes=20, seed=2)
    >>> again = tr.screen(tr.select(other, endpoint="BCSS", er="any", treatment="any"), options=options)
    >>> len(replicate(found, again, top=3))
    3
    """
    _refuse_shared(found, again)
    if found.model.term != again.model.term:
        raise AnalysisError(f"The screens test {found.model.term} and {again.model.term}; compare screens of one term.")
    first, second = (_by_symbol(screen.table) for screen in (found, again))
    best = first.sort_values("p", kind="stable").index[:top]
    wanted = list(dict.fromkeys(official_symbols(genes) if genes else best))
    one, two = (table[~table.index.duplicated()].reindex(wanted) for table in (first, second))
    effect, effect_again = one["log_hr"] * one["sd"], two["log_hr"] * two["sd"]
    p_again = ndtr(-np.sign(effect) * two["z"])
    out = one[["gene"]].assign(
        effect=effect, p=one["p"], effect_again=effect_again, se_again=two["se"] * two["sd"],
        same_sign=np.sign(effect) == np.sign(effect_again), p_again=p_again,
    )  # fmt: skip
    return out.assign(q_again=benjamini_hochberg(out["p_again"].to_numpy(float))).reset_index(drop=True)


def _by_symbol(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index(official_symbols(table["gene"]).to_numpy(object))


def _refuse_shared(found: Screen, again: Screen) -> None:
    """Refuse to replicate in the patients of the first screen: in its cohort, or one that is declared to share them."""
    one, two = found.model.analysis, again.model.analysis
    if one.cohort.name == two.cohort.name:
        shared = int(one.frame.index.isin(two.frame.index).sum())
    else:
        shared = int(two.cohort.name in one.cohort.overlaps or one.cohort.name in two.cohort.overlaps)
    if shared:
        raise AnalysisError(
            f"{one.cohort.name} and {two.cohort.name} share patients: that is no replication. Use another cohort."
        )
