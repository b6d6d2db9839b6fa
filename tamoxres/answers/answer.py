"""Asking: a Question put to a Cohort gives effect rows. Load, call, select, fit, in this order and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, cast

from ..analysis import AnalysisSet, marker_level, select
from ..analysis.design import column_of
from ..analysis.landmark import landmark
from ..cohort import ALTERED, UNALTERED, Cohort
from ..effects import EffectEstimate
from ..errors import QuestionError
from ..flow import Flow
from ..inference.verdict import Verdict
from ..markers.calling import call
from ..models.cox import CoxModel, cox
from ..models.engine import Engine
from ..models.imputation import impute
from ..models.interaction import InteractionResult, interaction
from ..models.treatment import treatment_effect
from ..models.weights import weights
from ..question import Question

__all__ = ["Answer", "answer", "ask"]

_SHOWN = ["label", "contrast", "n", "events", "estimate", "ci_low", "ci_high", "p_value"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a cohort says to a question: the rows, and all that stands behind them.

    Attributes
    ----------
    question : Question
    cohort : Cohort
        With the marker called.
    analysis : AnalysisSet
        The patients selected, before covariates were asked for.
    rows : tuple of EffectEstimate
        One for `prognostic` and `interaction`, one a marker level for `treatment_effect` (one in all without a marker).
    flow : Flow
        Who left on the way to the (first) row, and why.
    models : tuple of CoxModel
        The complete-case models; empty for a weighted analysis.
    interaction : InteractionResult or None
        Of the complete cases.
    """

    question: Question
    cohort: Cohort
    analysis: AnalysisSet
    rows: tuple[EffectEstimate, ...]
    flow: Flow
    models: tuple[CoxModel, ...] = ()
    interaction: InteractionResult | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, where the question was about the interaction."""
        return self.interaction.verdict if self.interaction else None

    def __str__(self) -> str:
        return "\n".join(str(row) for row in self.rows)

    def _repr_html_(self) -> str:
        from ..effects import effects_to_frame

        verdict = f"<p><b>{escape(self.verdict.label)}</b>. {escape(self.verdict.sentence)}</p>" if self.verdict else ""
        shown = effects_to_frame(self.rows)[_SHOWN].round(4).to_html(index=False)
        return f"<p><b>{escape(str(self.question))}</b></p>{verdict}{shown}"


def ask(cohort: Cohort, question: Question) -> list[EffectEstimate]:
    """Put a question to a cohort and return the effect rows.

    Parameters
    ----------
    cohort : Cohort
    question : Question

    Returns
    -------
    list of EffectEstimate
        `prognostic`: one row. `treatment_effect`: one a marker level, one in all without a marker. `interaction`: the
        ratio of hazard ratios, with its likelihood-ratio P.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.load("gbsg")
    >>> [row] = ask(gbsg, tr.Question(endpoint="RFS", estimand="treatment_effect", er="any"))
    >>> round(row.estimate, 5)
    0.69488
    """
    return list(answer(cohort, question).rows)


def answer(cohort: Cohort, question: Question) -> Answer:
    """Put a question to a cohort and return the rows with all that stands behind them.

    Raises
    ------
    QuestionError
        If the cohort cannot answer the question.
    AnalysisError
        If the patients are there but the model cannot be estimated.
    """
    called = call(cohort, question.marker, rule=question.rule) if question.marker else cohort
    analysis = select(
        called, endpoint=question.endpoint, marker=question.marker, rule=question.rule, er=question.er,
        treatment=_compared(question), where=question.where,
        exposure=question.exposure or (None if question.landmark is None else "landmark"),
    )  # fmt: skip
    if question.landmark is not None:
        analysis = landmark(analysis, at=question.landmark)
    if question.horizon is not None:
        analysis = analysis.until(question.horizon)
    behind: dict[str, Any] = {"question": question, "cohort": called, "analysis": analysis}
    if question.weights in ("iptw", "overlap"):
        return Answer(**behind, **_weighted(analysis, question))
    fitted = _fitted(analysis, question)
    if question.missing == "mice":
        fitted |= _imputed(analysis, question)
    return Answer(**behind, **fitted)


def _compared(question: Question) -> str | tuple[str, str]:
    treatment = question.treatment or "any"
    return (treatment, question.against) if question.against else treatment


def _fitted(analysis: AnalysisSet, question: Question, engine: Engine = "kernel") -> dict[str, Any]:
    """Fit the complete cases: rows, flow, models and, where one was asked for, the interaction."""
    choices: dict[str, Any] = {
        "adjust": question.adjust, "strata": question.strata, "ties": question.ties, "engine": engine,
        "weights": question.weights, "cluster": question.cluster,
    }  # fmt: skip
    if question.estimand == "prognostic" or question.marker is None:
        fit = cox if question.estimand == "prognostic" else treatment_effect
        model = fit(analysis, **choices)
        return {"rows": (model.effect,), "flow": model.analysis.flow, "models": (model,)}
    found = interaction(analysis, **choices)
    by_level = (found.treatment_altered, found.treatment_unaltered)
    rows = (found.ratio,) if question.estimand == "interaction" else by_level
    return {"rows": rows, "flow": found.model.analysis.flow, "models": (found.model,), "interaction": found}


def _imputed(analysis: AnalysisSet, question: Question) -> dict[str, Any]:
    """Impute the missing covariates, and pool each row of the completed sets by Rubin's rules."""
    completed = impute(analysis, columns=_columns(question))

    def row(i: int) -> Callable[[AnalysisSet], EffectEstimate]:
        return lambda one: cast("EffectEstimate", _fitted(one, question, "kernel")["rows"][i])

    levels = 2 if question.estimand == "treatment_effect" and question.marker else 1
    return {"rows": tuple(completed.pool(row(i)) for i in range(levels)), "flow": completed.completed[0].flow}


def _weighted(analysis: AnalysisSet, question: Question) -> dict[str, Any]:
    """Weight the arms by the propensity of treatment, within each level of the marker where there is one."""
    if question.estimand != "treatment_effect":
        raise QuestionError(
            f"Propensity weights balance the arms of a treatment; the estimand {question.estimand} is not about one. "
            "Use estimand='treatment_effect', or adjust for the confounders."
        )
    if question.missing == "mice" or question.strata or question.cluster:
        raise QuestionError(
            "Propensity weights are made from complete cases without strata and clusters. Leave those out."
        )
    method: Literal["iptw", "overlap"] = "overlap" if question.weights == "overlap" else "iptw"
    parts = [analysis] if question.marker is None else [marker_level(analysis, level) for level in (ALTERED, UNALTERED)]
    made = [weights(part, adjust=question.adjust or None, method=method) for part in parts]
    return {"rows": tuple(one.effect for one in made), "flow": made[0].analysis.flow}


def _columns(question: Question) -> list[str]:
    """Covariates of the model, `factor()` taken off."""
    return [column_of(name) for name in (*question.adjust, *question.strata)]
