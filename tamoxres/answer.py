"""Asking: a Question put to a Cohort gives effect rows. Load, call, select, fit, in this order and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from .analysis import AnalysisSet, select
from .cohort import Cohort
from .effects import EffectEstimate
from .errors import QuestionError
from .flow import Flow
from .markers.calling import call
from .models.cox import CoxModel, cox
from .models.interaction import InteractionResult, interaction
from .models.treatment import treatment_effect
from .models.verdict import Verdict
from .question import Question

__all__ = ["Answer", "answer", "ask"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a cohort says to a question: the rows, and all that stands behind them.

    Attributes
    ----------
    question : Question
    cohort : Cohort
        With the marker called.
    analysis : AnalysisSet
    rows : tuple of EffectEstimate
        One for `prognostic` and `interaction`, one a marker level for `treatment_effect` (one in all without a marker).
    models : tuple of CoxModel
    interaction : InteractionResult or None
    """

    question: Question
    cohort: Cohort
    analysis: AnalysisSet
    rows: tuple[EffectEstimate, ...]
    models: tuple[CoxModel, ...]
    interaction: InteractionResult | None = None

    @property
    def flow(self) -> Flow:
        """Who left on the way to the (first) model, and why."""
        return self.models[0].analysis.flow

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, where the question was about the interaction."""
        return self.interaction.verdict if self.interaction else None

    def __str__(self) -> str:
        return "\n".join(str(row) for row in self.rows)

    def _repr_html_(self) -> str:
        from .effects import effects_to_frame

        verdict = f"<p><b>{escape(self.verdict.label)}</b>. {escape(self.verdict.sentence)}</p>" if self.verdict else ""
        shown = effects_to_frame(self.rows)[
            ["study", "contrast", "population", "n", "events", "estimate", "ci_low", "ci_high", "p_value"]
        ]
        return f"<p><b>{escape(str(self.question))}</b></p>{verdict}{shown.round(4).to_html(index=False)}"


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
    _refuse_unbuilt(question)
    called = call(cohort, question.marker, rule=question.rule) if question.marker else cohort
    analysis = select(
        called, endpoint=question.endpoint, marker=question.marker, rule=question.rule, er=question.er,
        treatment=question.treatment or "any", where=question.where,
    )  # fmt: skip
    behind: dict[str, Any] = {"question": question, "cohort": called, "analysis": analysis}
    choices: dict[str, Any] = {"adjust": question.adjust, "strata": question.strata, "ties": question.ties}
    if question.estimand == "interaction":
        found = interaction(analysis, **choices)
        return Answer(**behind, rows=(found.ratio,), models=(found.model,), interaction=found)
    if question.estimand == "prognostic":
        model = cox(analysis, **choices)
        return Answer(**behind, rows=(model.effect,), models=(model,))
    if question.marker is None:
        model = treatment_effect(analysis, **choices)
        return Answer(**behind, rows=(model.effect,), models=(model,))
    found = interaction(analysis, **choices)
    return Answer(
        **behind, rows=(found.treatment_altered, found.treatment_unaltered), models=(found.model,), interaction=found
    )


def _refuse_unbuilt(question: Question) -> None:
    for name, plain in (("missing", "complete"), ("weights", "none"), ("horizon", None), ("landmark", None)):
        value = getattr(question, name)
        if value != plain:
            raise QuestionError(f"{name}={value!r} is not available yet. Leave it at {plain!r}.")
