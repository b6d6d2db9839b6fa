"""The effect of the treatment itself, with the notes that a treatment effect from these data never goes without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..analysis import TREATED, AnalysisSet
from ..errors import AnalysisError
from ..inference.verdict import indication_note
from ..vocabulary import Engine, Ties
from .cox import CoxModel, fit_terms

__all__ = ["CRUDE_WARNING", "never_treated", "treatment_effect"]

CRUDE_WARNING = (
    "A crude hazard ratio above 1 for endocrine therapy is what confounding by indication looks like: "
    "EBCTCG's trials give 0.53 for recurrence in years 0-4 of ER-positive disease."
)


def treatment_effect(
    analysis: AnalysisSet,
    *,
    adjust: Sequence[str] = (),
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    engine: Engine = "kernel",
) -> CoxModel:
    """Fit treated against untreated, in patients selected with `treatment="any"`.

    Raises
    ------
    AnalysisError
        If one arm is missing.
    """
    if not analysis.has_both_arms:
        raise AnalysisError(
            f"{analysis.cohort.name} has one arm only here, so no treatment effect can be estimated. "
            "Use treatment='any'."
        )
    fitted = fit_terms(analysis, ["treatment", *adjust], strata=strata, ties=ties, engine=engine)
    notes = list(fitted.notes)
    notes += indication_note(analysis.cohort.design)
    if fitted.effect.log_estimate and fitted.effect.log_estimate > 0 and not adjust and not strata:
        notes.append(CRUDE_WARNING)
    notes += never_treated(fitted.analysis)
    return replace(fitted, notes=tuple(notes))


def never_treated(analysis: AnalysisSet) -> list[str]:
    """Name the node-negative patients when none of them was treated: there the data hold no treatment effect."""
    frame = analysis.frame
    if "nodes" not in frame:
        return []
    negative = frame["nodes"] == 0
    if negative.any() and not (negative & (frame["treatment"] == TREATED)).any():
        return [
            f"None of {int(negative.sum()):,} node-negative patients was treated: "
            "the contrast mixes treatment with node status. "
            "Restrict to node-positive patients: nodes >= 1."
        ]
    return []
