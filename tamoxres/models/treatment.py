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

__all__ = ["never_treated", "treatment_effect"]


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
    flags = [*fitted.row_flags, *design_flags(analysis.design)]
    if fitted.effect.log_estimate and fitted.effect.log_estimate > 0 and not adjust and not strata:
        flags.append("crude_by_indication")
    flags += never_treated(fitted.analysis)
    return replace(fitted, row_flags=tuple(flags))


def never_treated(analysis: AnalysisSet) -> list[str]:
    """Flag a cohort in which no node-negative patient was treated: there the data hold no treatment effect."""
    frame = analysis.frame
    if "nodes" not in frame:
        return []
    negative = frame["nodes"] == 0
    if negative.any() and not (negative & (frame["treatment"] == TREATED)).any():
        return ["no_node_negative_treated"]
    return []
