"""The effect of the treatment itself, with the flags that a treatment effect from these data never goes without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..analysis import TREATED, AnalysisSet
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..vocabulary import Engine, Ties, Weights, one_or_more
from .cox import CoxModel, fit_terms
from .engine import ModelChoices

__all__ = ["never_treated", "treatment_effect", "treatment_flags"]

_ENDOCRINE = ("endocrine", "tamoxifen", "aromatase_inhibitor")


def treatment_effect(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    ties: Ties = "efron",
    engine: Engine = "kernel",
    weights: Weights | None = None,
    cluster: str = "",
) -> CoxModel:
    """Fit treated against untreated, in patients selected with `treatment="any"`; weights and clusters as in `cox`.

    Raises
    ------
    AnalysisError
        If one arm is missing.
    """
    if not analysis.has_both_arms:
        raise AnalysisError(
            f"{analysis.cohort.name} has one arm only here, so no treatment effect can be estimated.",
            mend="Use treatment='any'.",
        )
    how: ModelChoices = {"strata": strata, "ties": ties, "engine": engine, "weights": weights, "cluster": cluster}
    fitted = fit_terms(analysis, ["treatment", *one_or_more(adjust)], **how)
    own = treatment_flags(fitted, fitted.effect.log_estimate or 0.0)
    return replace(fitted, row_flags=(*fitted.row_flags, *own, *never_treated(fitted.analysis)))


def treatment_flags(model: CoxModel, log_ratio: float) -> tuple[str, ...]:
    """Flag what a log hazard ratio of treatment never goes without: its design, and a crude harm of endocrine therapy.

    The latter speaks of endocrine therapy against none, chosen and not randomised, outside of ER-negative disease.
    """
    analysis, crude = model.analysis, not (model.adjusted_for or model.strata)
    compared = analysis.treatment.against == "none" and analysis.treatment.name in _ENDOCRINE
    chosen = analysis.design != "randomised" and analysis.er != "negative"
    harm = ("crude_by_indication",) if crude and compared and chosen and log_ratio > 0 else ()
    return (*design_flags(analysis.design), *harm)


def never_treated(analysis: AnalysisSet) -> list[str]:
    """Flag a cohort in which no node-negative patient was treated: there the data hold no treatment effect."""
    frame = analysis.frame
    if "nodes" not in frame:
        return []
    negative = frame["nodes"] == 0
    if negative.any() and not (negative & (frame["treatment"] == TREATED)).any():
        return ["no_node_negative_treated"]
    return []
