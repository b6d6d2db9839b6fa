"""Sensitivity in one call: the primary question, and the same with one choice changed at a time.

Conventions: every variation differs from the primary in one choice (endpoint, marker rule, adjustment, missing data,
weights, period, population, ties). None of them is a test of its own: what is read is how far the estimate moves. A
variation that cannot be estimated keeps its place, with the reason. The effect of treatment by a marker is two rows a
variation, altered first, each named by its stratum; two strata that differ are no interaction: that has a row of its
own (`estimand="interaction"`), whose variations know their strata too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from ..cohort import ALTERED, UNALTERED, Cohort
from ..effects import EffectEstimate
from ..endpoints import Endpoint
from ..endpoints import endpoint as steep
from ..errors import TamoxresError
from ..markers.calling import rule_names
from ..question import Question
from ..wording import count, p_value, ratio_with_interval
from .answer import Answer, answer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sensitivity", "Step", "Variation", "primary_question", "sensitivity", "variations"]

_PERIOD = 60.0  # months: the first five years, and what comes after


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One way of asking the question.

    Attributes
    ----------
    choice : str
        Which choice was changed, `primary` for none.
    label : str
        To what.
    question : Question
    rows : tuple of EffectEstimate
        One; two, altered and unaltered, for a treatment effect by a marker; none where it could not be estimated.
    problem : str
        Why not.
    strata : tuple of EffectEstimate
        Of an interaction: treatment when altered, and when unaltered, of the same model.
    """

    choice: str
    label: str
    question: Question
    rows: tuple[EffectEstimate, ...] = ()
    problem: str = ""
    strata: tuple[EffectEstimate, ...] = ()

    @property
    def row(self) -> EffectEstimate | None:
        """The first row; None where it could not be estimated."""
        return self.rows[0] if self.rows else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """The primary effect and its variations.

    Attributes
    ----------
    variations : tuple of Variation
        The primary first.
    """

    variations: tuple[Variation, ...]

    @property
    def effects(self) -> list[EffectEstimate]:
        """The effect rows, the primary first; what could not be estimated is left out."""
        return [row for v in self.variations for row in v.rows]

    @property
    def by_stratum(self) -> bool:
        """Whether each variation is a treatment effect in two strata of a marker."""
        question = self.variations[0].question
        return question.estimand == "treatment_effect" and question.marker is not None

    def in_strata(self) -> Sensitivity | None:
        """Return the treatment effects in both strata of the marker behind each interaction; None where there are none.

        They come from the interaction's own patients, covariates and choices.
        """
        if not any(v.strata for v in self.variations):
            return None
        return Sensitivity(
            variations=tuple(
                replace(v, rows=v.strata, strata=(), question=replace(v.question, estimand="treatment_effect"))
                for v in self.variations
            )
        )

    @property
    def table(self) -> pd.DataFrame:
        """One line a variation, or one a stratum: choice, label, n, events, estimate, P, and why there is none.

        Where each is a treatment effect in two strata of a marker, the column `treatment when` names the stratum.
        """
        import pandas as pd

        lines = [line for v in self.variations for line in _lines(v)]
        columns = ["choice", "variation", "treatment when", "n", "events", "estimate (95% CI)", "P", "problem"]
        found = pd.DataFrame(lines, columns=columns)
        return found if self.by_stratum else found.drop(columns="treatment when")

    def forest(self, **options: Any) -> Any:
        """Draw the estimates under each other (a specification curve), one stratum of the marker after the other."""
        from ..figures.forest import forest

        study = next((row.study for row in self.effects), "")
        marks = [mark for level in _levels(self) for mark in _marks(self.variations, level, study)]
        layout = {"layout": "plain", **options} if self.by_stratum else options
        return forest(marks, **layout)

    def __str__(self) -> str:
        return str(self.table.to_string(index=False))

    def _repr_html_(self) -> str:
        asked = escape(str(self.variations[0].question))
        return f"<p><b>{asked}</b></p>{self.table.to_html(index=False)}"


def sensitivity(
    cohort: Cohort,
    *,
    endpoint: Endpoint | str,
    marker: str | None = None,
    estimand: Literal["prognostic", "treatment_effect", "interaction"] = "prognostic",
    adjust: Sequence[str] = (),
    strata: Sequence[str] = (),
    progress: Callable[[int, int, str], None] | None = None,
) -> Sensitivity:
    """Ask the primary question and every variation of it that the cohort can answer.

    Parameters
    ----------
    cohort : Cohort
    endpoint : Endpoint or str
    marker : str, optional
        Needed unless the estimand is `treatment_effect`.
    estimand : "prognostic" | "treatment_effect" | "interaction"
    adjust, strata : sequence of str
        Of the primary model.
    progress : callable, optional
        Called with steps done, steps in all, and the step's label.

    Returns
    -------
    Sensitivity
        Two rows a variation, altered and unaltered, for the treatment effect by a marker; else one.

    Raises
    ------
    TamoxresError
        If the primary question cannot be answered.

    Examples
    --------
    >>> import tamoxres as tr
    >>> found = sensitivity(tr.load("gbsg"), endpoint="RFS", estimand="treatment_effect")
    >>> len(found.effects)
    9
    """
    primary = primary_question(
        cohort, endpoint=endpoint, marker=marker, estimand=estimand, adjust=adjust, strata=strata
    )
    steps = variations(cohort, primary)
    found = []
    for i, step in enumerate(steps):
        if progress is not None:
            progress(i, len(steps), step.label)
        found.append(step())
    return Sensitivity(variations=tuple(found))


def primary_question(
    cohort: Cohort,
    *,
    endpoint: Endpoint | str,
    marker: str | None,
    estimand: Literal["prognostic", "treatment_effect", "interaction"],
    adjust: Sequence[str] = (),
    strata: Sequence[str] = (),
) -> Question:
    """Return the question that is varied: of the ER positive, where the cohort knows them."""
    er: Any = "positive" if "er" in cohort.patients else "any"
    return Question(
        endpoint=steep(endpoint), marker=marker, estimand=estimand, er=er, adjust=tuple(adjust), strata=tuple(strata)
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A variation that is answered when it is called: the choice that is varied, its value, and the question."""

    cohort: Cohort
    choice: str
    label: str
    question: Question

    def __call__(self) -> Variation:
        """Answer it."""
        return _answered(self.cohort, self.choice, self.label, self.question)


def variations(cohort: Cohort, primary: Question) -> list[Step]:
    """List the primary question and every variation of it that the cohort can answer, as steps on their own."""
    every = [("primary", _primary(cohort, primary), primary), *_variations(cohort, primary)]
    return [Step(cohort, *one) for one in every]


def _primary(cohort: Cohort, question: Question) -> str:
    rules = rule_names(cohort, question.marker) if question.marker else ()
    parts = [question.endpoint.code, rules[0] if rules else "", _adjustment(question)]
    return ", ".join(part for part in parts if part)


def _adjustment(question: Question) -> str:
    adjusted = f"adjusted for {', '.join(question.adjust)}" if question.adjust else "crude"
    return adjusted + (f", stratified by {', '.join(question.strata)}" if question.strata else "")


def _variations(cohort: Cohort, primary: Question) -> Iterator[tuple[str, str, Question]]:
    for other in cohort.endpoints:
        if other != primary.endpoint:
            yield "endpoint", other.code, replace(primary, endpoint=other)
    for rule in rule_names(cohort, primary.marker)[1:] if primary.marker else ():
        yield "marker rule", rule, replace(primary, rule=rule)
    yield from _models(primary)
    yield "period", "years 0-5", replace(primary, horizon=_PERIOD)
    yield "period", "after year 5", replace(primary, landmark=_PERIOD)
    if "menopause" in cohort.patients:
        others = tuple(name for name in primary.adjust if name != "menopause")
        only = (*primary.where, "menopause == pre")
        yield "population", "premenopausal", replace(primary, where=only, adjust=others)
    if primary.er == "positive":
        yield "population", "any ER", replace(primary, er="any")


def _models(primary: Question) -> Iterator[tuple[str, str, Question]]:
    """Yield the variations of the model: adjustment, missing data, weights, ties."""
    if primary.adjust or primary.strata:
        yield "adjustment", "crude", replace(primary, adjust=(), strata=())
    if primary.strata:
        yield "adjustment", "without strata", replace(primary, strata=())
    if primary.adjust:
        yield "missing data", "multiple imputation", replace(primary, missing="mice")
    if primary.estimand == "treatment_effect":
        yield "weights", "iptw", replace(primary, weights="iptw", strata=())
        yield "weights", "overlap", replace(primary, weights="overlap", strata=())
    yield "ties", "Breslow", replace(primary, ties="breslow")


def _answered(cohort: Cohort, choice: str, label: str, question: Question) -> Variation:
    """Answer one variation; what cannot be estimated keeps its place, but the primary must be answered."""
    try:
        found = _found(cohort, question)
    except TamoxresError as error:
        if choice == "primary":
            raise
        return Variation(choice=choice, label=label, question=question, problem=error.what)
    verdict = found.verdict
    strata = () if verdict is None else tuple(row for row in (verdict.altered, verdict.unaltered) if row is not None)
    return Variation(choice=choice, label=label, question=question, rows=found.rows, strata=strata)


def _found(cohort: Cohort, question: Question) -> Answer:
    """Answer; where no covariate is missing there is nothing to impute, and complete cases are all."""
    if question.missing == "mice":
        complete = answer(cohort, replace(question, missing="complete"))
        if sum(row.n or 0 for row in complete.rows) == complete.analysis.n:
            return complete
    return answer(cohort, question)


def _lines(variation: Variation) -> list[tuple[str, ...]]:
    """Write the lines of a variation: one a row, or one that says why there is none."""
    head = (variation.choice, variation.label)
    if not variation.rows:
        return [(*head, "", "", "", "NE", "", variation.problem)]
    return [
        (
            *head, row.within, count(row.n), count(row.events), _estimate(row), p_value(row.p_value), "",
        )
        for row in variation.rows
    ]  # fmt: skip


def _estimate(row: EffectEstimate) -> str:
    return ratio_with_interval(row.estimate, *row.ci()) if row.status == "estimated" else "NE"


def _levels(found: Sensitivity) -> tuple[str, ...]:
    """Return the strata to draw, one after the other; one without a name where there are none."""
    return (ALTERED, UNALTERED) if found.by_stratum else ("",)


def _marks(variations: Sequence[Variation], level: str, study: str) -> Iterator[EffectEstimate]:
    """Return what is drawn of one stratum: a row a variation, under its name."""
    for variation in variations:
        row = next((one for one in variation.rows if one.marker_level == level), None) if level else variation.row
        yield _labelled(variation, row, level, study)


def _labelled(variation: Variation, row: EffectEstimate | None, level: str, study: str) -> EffectEstimate:
    """Return the row under its variation's name, so that a forest plot shows what was changed and nothing else."""
    name = variation.label if variation.choice == "primary" else f"{variation.choice}: {variation.label}"
    name = f"{variation.question.marker} {level}; {name}" if level else name
    if row is None:
        estimand = variation.question.estimand
        return EffectEstimate(
            study=study or name, label=name, status="not_estimable", estimand=estimand, remark=variation.problem
        )
    return EffectEstimate(
        study=row.study, label=name, estimand=row.estimand, measure=row.measure, log_estimate=row.log_estimate,
        se=row.se, df=row.df, n=row.n, events=row.events, data_sha256=row.data_sha256, simulated=row.simulated,
        treatment_1=row.treatment_1, treatment_0=row.treatment_0, p_value=row.p_value, p_kind=row.p_kind,
        ci_low=row.ci_low, ci_high=row.ci_high, ci_kind=row.ci_kind, level=row.level, scale=row.scale,
        status=row.status,
    )  # fmt: skip
