"""What the explorer shows of one question: the answer, its curves and risks, who left, what was published.

Conventions: a view is computed from choices and a cohort alone, and holds tables, rows and curves; its numbers are
those of `tr.ask`, without small counts and with coarsened curves where the cohort declares `min_cell`.
Curves are survival, or the cumulative incidence where deaths compete, of those the answer is about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING, Any

from ..answers.answer import Answer, answer, checked
from ..answers.interactions import interactions
from ..errors import TamoxresError
from ..evidence import literature
from ..meta.pool import pool
from ..models.incidence import cumulative_incidence
from ..models.proportional import ProportionalTest, proportional_test
from ..models.survival import kaplan_meier
from ..tables.cells import count_cell
from ..tables.effects import EffectRows
from ..tables.flow import flow_table
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import Estimand
from ..wording import number, percent
from .choices import Choices

if TYPE_CHECKING:
    from ..analysis import AnalysisSet
    from ..cohort import Cohort
    from ..effects import EffectEstimate
    from ..tables.curves import ShownCurves

__all__ = ["View", "curves_of", "draw", "look", "sitting"]

_RISKS_AT = (60.0, 120.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One question and its answer.

    Attributes
    ----------
    choices : Choices
    answer : Answer
    crude : EffectRows
        The rows without covariates, where the question has some.
    """

    choices: Choices
    answer: Answer
    crude: EffectRows

    @property
    def rows(self) -> EffectRows:
        """The rows that are shown: of an interaction all contrasts of its model."""
        return _rows(self.answer)

    @property
    def table(self) -> Table:
        """The rows as a table."""
        return self.rows.table(title=str(self.answer.question))

    @property
    def flow(self) -> Table:
        """Who left on the way, and why."""
        return flow_table(self.answer.flow)

    @cached_property
    def curves(self) -> ShownCurves:
        """Curves of the groups that are compared."""
        found = curves_of(self.answer.analysis, self.answer.question.estimand)
        return found.coarsened(self.answer.cohort.min_cell)

    def figure(self) -> Any:
        """Draw the curves, the first row in their corner."""
        return draw(self.curves, self.answer.analysis, self.answer.rows[0])

    @property
    def risks(self) -> Table:
        """The risk at five and ten years in each group, where follow-up goes so far."""
        survival = self.curves.curves[0].kind == "survival"
        rows = []
        for curve in self.curves.curves:
            if curve.cause not in ("", self.answer.analysis.endpoint.code):
                continue
            cells = [_risk(curve, months, survival=survival) for months in _RISKS_AT]
            rows.append(Row((Cell(curve.group or "all"), count_cell(int(curve.at_risk([0.0])[0])), *cells)))
        heads = (Column(f"Risk at {months / 12:g} years (95% CI)") for months in _RISKS_AT)
        return Table(
            title=f"Risk of {self.answer.question.endpoint.code}",
            columns=(Column("Group"), Column("N", "count"), *heads), rows=tuple(rows),
            footnotes=("NE: follow-up does not go so far, or no event had been seen.",),
        )  # fmt: skip

    @property
    def published(self) -> EffectRows:
        """What was published on the same marker and estimand."""
        asked = self.answer.question
        return literature(marker=asked.marker, estimand=asked.estimand) if asked.marker else EffectRows()

    @property
    def beside(self) -> Table | None:
        """The published ratios within trials, pooled, with the view's own apart; of an interaction alone."""
        asked = self.answer.question
        if asked.estimand != "interaction" or not self.published:
            return None
        return interactions(marker=str(asked.marker), own=self.rows).table()

    @property
    def together(self) -> str:
        """The pooled answer of the published rows on the same endpoint, or why there is none."""
        try:
            return str(pool([row for row in self.published if row.endpoint == self.answer.question.endpoint.code]))
        except TamoxresError as error:
            return f"Not pooled: {error}"

    @property
    def proportional(self) -> ProportionalTest:
        """The test of proportional hazards of the model that is shown."""
        return proportional_test(self.answer.models[0])

    @property
    def events_each(self) -> str:
        """How many events stand for each coefficient of the model."""
        model = self.answer.models[0]
        return f"{model.analysis.events / len(model.coefficients):.1f} events for each coefficient."

    @property
    def said(self) -> tuple[str, ...]:
        """The cautions of the rows and notes of the cohort; each once."""
        cautions = [sentence for row in self.answer.rows for sentence in row.sentences]
        return tuple(dict.fromkeys([*cautions, *self.answer.cohort.notes]))

    @property
    def verdict(self) -> str:
        """The verdict of `tr.ask` in words: of an interaction that is seen with its panel; it may take a second."""
        return str(checked(self.answer).verdict or "")


def curves_of(analysis: AnalysisSet, estimand: Estimand) -> ShownCurves:
    """Estimate the curves of the groups that a question compares."""
    estimate = cumulative_incidence if analysis.endpoint.competing else kaplan_meier
    if estimand == "interaction":
        return estimate(analysis, by=["marker", "treatment"])
    return estimate(analysis, by="treatment" if estimand == "treatment_effect" else "marker")


def draw(shown: ShownCurves, analysis: AnalysisSet, effect: EffectEstimate) -> Any:
    """Draw curves, of competing causes the endpoint's own, with a row in their corner."""
    from ..figures.survival import survival_plot

    if any(curve.cause for curve in shown.curves):
        own = tuple(curve for curve in shown.curves if curve.cause == analysis.endpoint.code)
        shown = replace(shown, curves=own)
    return survival_plot(shown, effect=effect, width="double")


def _rows(found: Answer) -> EffectRows:
    model = found.interaction
    return EffectRows(found.rows) if model is None else EffectRows([*found.rows, *model.effects[1:]])


def _risk(curve: Any, months: float, *, survival: bool) -> Cell:
    if not curve.time.size or months > curve.time[-1]:
        return Cell("NE")
    value, low, high = (float(curve.step(name, [months])[0]) for name in ("estimate", "ci_low", "ci_high"))
    if survival:
        value, low, high = 1 - value, 1 - high, 1 - low
    return Cell("NE" if isnan(low) else f"{percent(value)} ({number(100 * low, 1)}-{number(100 * high, 1)})")


def look(cohort: Cohort, choices: Choices) -> View:
    """Put the chosen question to a cohort.

    Raises
    ------
    TamoxresError
        What the question cannot be asked of, in one sentence.
    """
    found = answer(cohort, choices.question())
    bare = choices.question(adjust=(), missing="complete")
    crude = _rows(answer(cohort, bare)) if found.question.adjust else EffectRows()
    return View(choices=choices, answer=found, crude=crude)


def sitting(tried: int, *, alpha: float = 0.05) -> str:
    """Say what the number of analyses tried does to a P value."""
    if tried < 2:
        return "Exploratory: one analysis tried in this sitting."
    false = 1 - (1 - alpha) ** tried
    return (
        f"Exploratory: {tried} analyses tried in this sitting. If none of them held anything, the chance of at least "
        f"one P below {alpha:g} would be about {percent(false)}, were they independent; judge each against "
        f"{number(alpha / tried, 4)}."
    )
