"""Asking: a Question put to a Cohort gives effect rows. Load, call, select, fit, in this order and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Literal, cast

from ..analysis import AnalysisSet, marker_level, select
from ..analysis.age_scale import age_scale
from ..analysis.design import column_of
from ..analysis.landmark import landmark
from ..cohort import ALTERED, UNALTERED, Cohort
from ..effects import EffectEstimate
from ..errors import QuestionError
from ..flow import Flow
from ..inference.verdict import NOT_PROPORTIONAL, SEEN, Evidence, Verdict, reach_verdict
from ..markers.calling import call
from ..models.cox import CoxModel, cox
from ..models.imputation import Imputations, impute
from ..models.interaction import InteractionResult, interaction, one_interaction
from ..models.treatment import treatment_effect
from ..models.watching import steps
from ..models.weights import weights
from ..question import Question
from ..registry import find
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import UNDATED
from .bounds import SHARE, bounded
from .robustness import Robustness, checks_of
from .withheld import quiet, withhold

__all__ = ["Answer", "AnswerRows", "answer", "ask", "checked", "selected"]


class AnswerRows(EffectRows):
    """The rows of an answer, with its verdict.

    Attributes
    ----------
    verdict : Verdict or None
        Where the question was about the interaction: its label tells what the robustness panel says.
    """

    def __init__(self, rows: Iterable[EffectEstimate] = (), *, verdict: Verdict | None = None) -> None:
        super().__init__(rows)
        self.verdict = verdict

    def table(self, *, title: str = "") -> Table:
        """Return the rows as a table, with the verdict below where there is one."""
        return super().table(title=title).with_footnotes(str(self.verdict) if self.verdict else "")

    def __str__(self) -> str:
        rows = super().__str__()
        return f"{rows}\n{self.verdict}" if self.verdict else rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer(ShowsEffects):
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
    verdict : Verdict or None
        Where the question was about the interaction; it rests on the row shown, an imputed one too.
    robustness : Robustness or None
        The panel of the complete cases; None where it was not run (`checked`).
    bounds : tuple of EffectEstimate
        Where more than 5% of the patients have an undated event: each row with these on the earliest, then on the
        latest date.

    Examples
    --------
    >>> import tamoxres as tr
    >>> answer = tr.ask(tr.load("gbsg"), tr.Question(endpoint="RFS", estimand="treatment_effect", er="any"))
    >>> len(answer)
    1
    """

    question: Question
    cohort: Cohort
    analysis: AnalysisSet
    rows: tuple[EffectEstimate, ...]
    flow: Flow
    models: tuple[CoxModel, ...] = ()
    interaction: InteractionResult | None = None
    verdict: Verdict | None = None
    robustness: Robustness | None = None
    bounds: tuple[EffectEstimate, ...] = ()

    @property
    def effects(self) -> EffectRows:
        """The rows, as a list that shows itself."""
        return EffectRows(self.rows)

    def table(self) -> Table:
        """Return the rows as a table, with the verdict below where there is one."""
        return self.effects.table().with_footnotes(str(self.verdict) if self.verdict else "")

    def _repr_html_(self) -> str:
        verdict = self.verdict._repr_html_() if self.verdict else ""
        return f"<p><b>{escape(str(self.question))}</b></p>{verdict}{self.effects._repr_html_()}"


def ask(cohort: Cohort, question: Question) -> AnswerRows:
    """Put a question to a cohort and return the effect rows, with the verdict on an interaction.

    An interaction that is seen without randomisation is checked for its robustness, and the verdict's label tells how.

    Parameters
    ----------
    cohort : Cohort
    question : Question

    Returns
    -------
    AnswerRows
        A list of EffectEstimate that shows itself as a table, with `verdict`. `prognostic`: one row.
        `treatment_effect`: one a marker level, one in all without a marker. `interaction`: the ratio of hazard ratios,
        with its likelihood-ratio P.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.load("gbsg")
    >>> [row] = ask(gbsg, tr.Question(endpoint="RFS", estimand="treatment_effect", er="any"))
    >>> round(row.estimate, 5)
    0.69488
    """
    found = checked(answer(cohort, question))
    return AnswerRows(found.rows, verdict=found.verdict)


def checked(found: Answer, *, nulls: bool = False) -> Answer:
    """Return an answer with the robustness panel of its interaction, where one is seen without randomisation.

    Parameters
    ----------
    found : Answer
    nulls : bool
        Whether to run the panel on any interaction, seen or not.

    Notes
    -----
    Where the cohort declares `min_cell` the panel is not run: it counts sites and levels of covariates. Where the
    marker enters as a number, checks that compare altered with unaltered are not available.
    """
    interaction, verdict, question = found.interaction, found.verdict, found.question
    if found.cohort.min_cell > 1:
        return found
    if interaction is None or verdict is None or not (nulls or verdict.finding in (SEEN, NOT_PROPORTIONAL)):
        return found
    panel = checks_of(
        interaction, found.analysis, adjust=question.adjust, alpha=verdict.alpha, strata=question.strata,
        ties=question.ties, weights=question.weights, cluster=question.cluster,
    )  # fmt: skip
    return replace(found, robustness=panel, verdict=replace(verdict, robustness=panel.panel))


def answer(cohort: Cohort, question: Question) -> Answer:
    """Put a question to a cohort and return the rows with all that stands behind them.

    Where the cohort declares `min_cell`, rows and flow are those that may be published; `analysis`, `models` and
    `interaction` count every patient.

    Raises
    ------
    QuestionError
        If the cohort cannot answer the question.
    AnalysisError
        If the patients are there but the model cannot be estimated, or a group is smaller than `min_cell`.
    """
    with quiet(cohort):
        return withhold(_answered(cohort, question))


def _answered(cohort: Cohort, question: Question) -> Answer:
    if question.marker:
        question = replace(question, marker=find(question.marker, cohort).name)
    called = call(cohort, question.marker, rule=question.rule) if question.marker else cohort
    analysis = selected(called, question, marker=question.marker)
    behind: dict[str, Any] = {"question": question, "cohort": called, "analysis": analysis}
    if question.weights in ("iptw", "overlap"):
        return _with_bounds(Answer(**behind, **_weighted(analysis, question)))
    fitted = _fitted(analysis, question)
    if question.missing == "mice":
        fitted |= _imputed(analysis, question)
    return _with_bounds(Answer(**behind, **fitted))


def selected(cohort: Cohort, question: Question, *, marker: str | None) -> AnalysisSet:
    """Choose the patients that a question is about; `marker` None takes those too in whom its marker is unknown.

    Raises
    ------
    QuestionError
        If the cohort does not hold what the question names.
    AnalysisError
        If nobody is left.
    """
    analysis = select(
        cohort, endpoint=question.endpoint, marker=marker, rule=question.rule if marker else None, er=question.er,
        treatment=_compared(question), where=question.where,
        exposure=question.exposure or (None if question.landmark is None else "landmark"),
        scale=question.scale if marker else "binary",
    )  # fmt: skip
    if question.landmark is not None:
        analysis = landmark(analysis, at=question.landmark)
    if question.horizon is not None:
        analysis = analysis.until(question.horizon)
    return age_scale(analysis) if question.time_scale == "age" else analysis


def _with_bounds(found: Answer) -> Answer:
    """Add the bounds of undated events where these are more than a few."""
    analysis, cohort = found.analysis, found.cohort
    lost = sum(int(flag.partition(":")[2]) for flag in analysis.codes if flag.partition(":")[0] == UNDATED)
    if lost <= SHARE * (analysis.n + lost):
        return found
    rows, bounds = bounded(found.rows, cohort, analysis.endpoint, lambda one: answer(one, found.question).rows)
    verdict = None if found.verdict is None else replace(found.verdict, ratio=rows[0])
    return replace(found, rows=rows, bounds=bounds, verdict=verdict)


def _compared(question: Question) -> str | tuple[str, str]:
    treatment = question.treatment or "any"
    return (treatment, question.against) if question.against else treatment


def _fitted(
    analysis: AnalysisSet, question: Question, interact: Callable[..., InteractionResult] = interaction
) -> dict[str, Any]:
    """Fit the complete cases: rows, flow, models and, where one was asked for, the interaction."""
    choices: dict[str, Any] = {
        "adjust": question.adjust, "strata": question.strata, "ties": question.ties, "weights": question.weights,
        "cluster": question.cluster,
    }  # fmt: skip
    if question.estimand == "prognostic" or question.marker is None:
        estimate = cox if question.estimand == "prognostic" else treatment_effect
        model = estimate(analysis, **choices)
        return {"rows": (model.effect,), "flow": model.analysis.flow, "models": (model,)}
    found = interact(analysis, **choices)
    out: dict[str, Any] = {"flow": found.model.analysis.flow, "models": (found.model,), "interaction": found}
    if question.estimand == "interaction":
        return out | {"rows": (found.judged,), "verdict": found.verdict}
    return out | {"rows": (found.treatment_altered, found.treatment_unaltered)}


def _imputed(analysis: AnalysisSet, question: Question) -> dict[str, Any]:
    """Impute the missing covariates, and pool each row of the completed sets by Rubin's rules, and the verdict's."""
    completed = impute(analysis, columns=_columns(question))
    fits = {
        id(one): _fitted(one, question, one_interaction)
        for one in steps(completed.completed, "models of completed patients")
    }
    levels = 2 if question.estimand == "treatment_effect" and question.marker else 1

    def row(i: int) -> Callable[[AnalysisSet], EffectEstimate]:
        return lambda one: cast("EffectEstimate", fits[id(one)]["rows"][i])

    out: dict[str, Any] = {
        "rows": tuple(completed.pool(row(i)) for i in range(levels)), "flow": completed.completed[0].flow,
    }  # fmt: skip
    if question.estimand == "interaction":
        results: dict[int, InteractionResult] = {key: fit["interaction"] for key, fit in fits.items()}
        out["verdict"] = reach_verdict(_pooled_evidence(completed, results, out["rows"][0]))
    return out


def _pooled_evidence(completed: Imputations, results: dict[int, InteractionResult], ratio: EffectEstimate) -> Evidence:
    """Pool the rows that a verdict rests on; the groups and the course over time are those of the first set."""
    evidence = results[id(completed.completed[0])].evidence

    def pooled(name: str) -> EffectEstimate:
        return completed.pool(lambda one: cast("EffectEstimate", getattr(results[id(one)], name)))

    return replace(
        evidence, ratio=ratio, prognostic=pooled("marker_treated"), altered=pooled("treatment_altered"),
        unaltered=pooled("treatment_unaltered"),
    )  # fmt: skip


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
    weighted = [weights(part, adjust=question.adjust or None, method=method) for part in parts]
    return {"rows": tuple(one.effect for one in weighted), "flow": weighted[0].analysis.flow}


def _columns(question: Question) -> list[str]:
    """Covariates of the model, `factor()` taken off."""
    return [column_of(name) for name in (*question.adjust, *question.strata)]
