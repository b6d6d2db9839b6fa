"""What the models of a screen share: follow-up, treatment and adjusters of the patients whose expression is known.

Conventions: treatment is 0 (untreated) or 1 (treated); adjusters enter as in `analysis.design`. Competing deaths are
censored: the hazard is cause-specific. Patients who lack an adjuster, or expression, leave with one more step in the
flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases, make_design
from ..analysis.follow_up import risk_sets
from ..errors import AnalysisError, QuestionError
from ..kernel.batch import GenePlan, plan_genes
from ..kernel.risksets import Ties
from ..vocabulary import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FloatArray", "IntArray", "ScreenModel", "Term", "make_model"]

Term = Literal["gene:treatment", "gene"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScreenModel:
    """The model that every gene enters.

    Attributes
    ----------
    plan : GenePlan
    columns : array of int, shape (patients,)
        Where in the expression matrix the patients of the plan stand.
    term : "gene:treatment" | "gene"
        The coefficient the screen is about.
    analysis : AnalysisSet
        The patients who are left, and why the others are not.
    adjusted_for, strata : tuple of str
    shared : array, shape (patients, q)
        Treatment and adjusters.
    """

    plan: GenePlan
    columns: IntArray
    term: Term
    analysis: AnalysisSet
    adjusted_for: tuple[str, ...]
    strata: tuple[str, ...]
    shared: FloatArray

    @property
    def formula(self) -> str:
        """The model as one would write it."""
        gene = ("gene", "treatment", "gene:treatment") if self.term == "gene:treatment" else ("gene",)
        strata = [f"strata({', '.join(self.strata)})"] if self.strata else []
        return f"{self.analysis.endpoint.code} ~ " + " + ".join([*gene, *self.adjusted_for, *strata])


def make_model(
    analysis: AnalysisSet, patients: Sequence[str], term: Term, adjust: Sequence[str], strata: Sequence[str], ties: Ties
) -> ScreenModel:
    """Select the patients of a screen and fit the model without genes.

    Parameters
    ----------
    analysis : AnalysisSet
    patients : sequence of str
        Whose expression is known, in the order of the matrix.
    term : "gene:treatment" | "gene"
    adjust, strata : sequence of str
    ties : "efron" | "breslow"

    Raises
    ------
    QuestionError
        If a column is not there, or an interaction is asked of one arm.
    AnalysisError
        If no patient of the set has expression, or the model without genes cannot be estimated.
    """
    known = _with_expression(analysis, patients)
    terms = ["treatment", *adjust] if term == "gene:treatment" else list(adjust)
    if term == "gene:treatment" and known.frame["treatment"].nunique() < 2:
        raise QuestionError(
            f"{analysis.cohort.name}: all {known.n:,} patients with expression are {_only(known.frame)}; an "
            "interaction needs both arms. Select with treatment='any', or screen term='gene'."
        )
    known = complete_cases(known, [*terms, *strata], estimator="The gene screen")
    frame = known.frame
    shared = make_design(frame, terms).x if terms else np.empty((known.n, 0))
    place = {name: i for i, name in enumerate(patients)}
    return ScreenModel(
        plan=plan_genes(risk_sets(frame, strata, ties), shared, modifier=0 if term == "gene:treatment" else None),
        columns=np.array([place[str(name)] for name in frame.index]), term=term, analysis=known,
        adjusted_for=tuple(adjust), strata=tuple(strata), shared=shared,
    )  # fmt: skip


def _with_expression(analysis: AnalysisSet, patients: Sequence[str]) -> AnalysisSet:
    held = set(patients)
    keep = np.array([str(name) in held for name in analysis.frame.index])
    if not keep.any():
        ours, theirs = str(analysis.frame.index[0]), next(iter(patients), "none")
        raise AnalysisError(
            f"None of {analysis.n:,} patients of {analysis.cohort.name} (such as {ours}) is among the {len(held):,} of "
            f"the expression matrix (such as {theirs}). Name both alike."
        )
    if keep.all():
        return analysis
    return analysis.without(keep, name="Expression known", why=f"no expression {int((~keep).sum()):,}")


def _only(frame: pd.DataFrame) -> str:
    present = frame["treatment"].dropna().unique()
    return str(present[0]) if len(present) else "of unknown treatment"
