"""A measured value instead of a called marker: uncut, cut at a value that was given, or cut where the outcome says.

Conventions: the patients are those of the chosen question, whether its marker is known or not, and complete in the
value. Uncut, the value enters treatment's hazard ratio, or the hazard, as a curve. A cut searched on the outcome shows
prognosis alone and is never shown without its correction: the P of a maximally selected statistic, the hazard ratio
less the optimism of the bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..answers.answer import selected
from ..cohorts.withheld import refuse_small_cells
from ..errors import QuestionError
from ..markers.calling import call, with_continuous
from ..models.cox import cox
from ..models.cutpoints import FittedCut, dichotomise, fitted_cut
from ..models.interaction import InteractionResult, interaction
from ..models.marker_level import cut_within
from ..models.splines import SplineFit, spline
from ..models.treatment_curve import TreatmentCurve, treatment_curve
from ..tables.effects import EffectRows
from .choices import Choices, call_of, command_of
from .view import curves_of, draw

if TYPE_CHECKING:
    from ..analysis import AnalysisSet
    from ..cohort import Cohort
    from ..tables.table import Table

__all__ = ["HOWS", "How", "Measured", "MeasuredView", "measure"]

How = Literal["uncut", "median", "value", "within", "searched"]
HOWS: dict[str, str] = dict(
    zip(
        get_args(How),
        (
            "uncut, as a curve", "cut at the median", "cut at a published value",
            "cut by its rule within each site or batch", "cut searched on the outcome, and corrected for the search",
        ),
        strict=True,
    )
)  # fmt: skip
_BY_COMMAND = {"endpoint", "estimand", "er", "where", "adjust", "marker", "rule"}  # what `tamoxres curve` takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is asked of a measured value.

    Attributes
    ----------
    choices : Choices
        The question whose patients, endpoint, adjusters and strata are taken.
    column : str
    how : "uncut" | "median" | "value" | "within" | "searched"
    at : float or None
        The published value.
    level : (str, str) or None
        Marker and rule whose level the column is; None for a column of the cohort.
    """

    choices: Choices
    column: str
    how: How = "uncut"
    at: float | None = None
    level: tuple[str, str] | None = None

    @property
    def long(self) -> bool:
        """Whether it takes a bootstrap."""
        return self.how == "searched"

    @property
    def batch(self) -> str:
        """Column within which a level is cut: the first stratum, or the site."""
        return next(iter(self.choices.asked.get("strata", ())), "site")

    @property
    def estimate(self) -> Callable[..., Any]:
        """The function that gives the rows."""
        prognostic = self.choices.question().estimand == "prognostic"
        if self.how == "uncut":
            return spline if prognostic else treatment_curve
        if self.long:
            return fitted_cut
        return cox if prognostic else interaction

    def python(self) -> str:
        """Write it as lines of Python that print the result."""
        question = self.choices.question()
        lines = ["import tamoxres as tr", "", self.choices.loading()]
        if self.level is not None:
            name = "call" if self.how == "within" else "with_continuous"
            lines.append(f"cohort = tr.{name}(cohort, {self.level[0]!r}, rule={self.level[1]!r})")
        chosen = {name: value for name, value in self.choices.asked.items() if name in ("where", "against")}
        treatment: Any = question.treatment
        against = chosen.pop("against", None)
        chosen |= {"endpoint": question.endpoint.code, "er": question.er}
        chosen |= {"treatment": (treatment, against) if against else treatment}
        chosen |= {"marker": self.level[0], "rule": self.level[1]} if self.level and self.how == "within" else {}
        chosen |= {"exposure": "landmark"} if question.landmark is not None else {}
        lines.append(f"patients = {call_of('select', 'cohort', **chosen)}")
        if question.landmark is not None:
            lines.append(f"patients = tr.landmark(patients, at={question.landmark:g})")
        if question.horizon is not None:
            lines.append(f"patients = patients.until({question.horizon:g})")
        if self.how in ("median", "value"):
            cut = "" if self.how == "median" else f", at={self.at!r}"
            lines.append(f"patients = tr.dichotomise(patients, {self.column!r}{cut})")
        elif self.how == "within":
            lines.append(f"patients = tr.cut_within(patients, {self.batch!r})")
        column = [repr(self.column)] if self.how in ("uncut", "searched") else []
        made = call_of(self.estimate.__name__, ", ".join(["patients", *column]), **self.terms)
        return "\n".join([*lines, f"print({made})"]) + "\n"

    def command(self) -> str:
        """Write it as a command; empty where none asks the same."""
        asked = self.choices.asked
        if self.estimate is not treatment_curve or self.level is not None or asked.keys() - _BY_COMMAND:
            return ""
        options = {name: value for name, value in asked.items() if name in ("endpoint", "er", "where", "adjust")}
        return command_of(["curve", self.choices.cohort, self.column], self.choices.mapping, options)

    @property
    def terms(self) -> dict[str, Any]:
        """Adjusters and strata of the model."""
        return {name: self.choices.asked[name] for name in ("adjust", "strata") if name in self.choices.asked}

    def patients(self, cohort: Cohort) -> AnalysisSet:
        """Choose the patients, cut where a cut was given."""
        question, marker = self.choices.question(), None
        if self.level is not None and self.how == "within":
            marker, rule = self.level
            cohort, question = call(cohort, marker, rule=rule), replace(question, marker=marker, rule=rule)
        elif self.level is not None:
            cohort = with_continuous(cohort, self.level[0], rule=self.level[1])
        found = selected(cohort, question, marker=marker)
        if self.how in ("median", "value"):
            return dichotomise(found, self.column, at="median" if self.how == "median" else self._given())
        return cut_within(found, self.batch) if self.how == "within" else found

    def _given(self) -> float:
        if self.at is None:
            raise QuestionError(f"Give the value at which {self.column} is cut.")
        return self.at

    def check(self) -> None:
        """Refuse what this way of cutting cannot answer.

        Raises
        ------
        QuestionError
        """
        question = self.choices.question()
        if self.long and (question.estimand != "prognostic" or question.strata):
            raise QuestionError(
                "A cut searched on the outcome shows prognosis in patients treated alike, without strata. "
                "Choose that question, or take the value uncut."
            )
        if self.how == "within" and self.level is None:
            raise QuestionError(f"No rule calls {self.column}; only a marker's level is cut within sites or batches.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredView:
    """The result for a measured value.

    Attributes
    ----------
    asked : Measured
    result : SplineFit, TreatmentCurve, FittedCut, InteractionResult or CoxModel
    """

    asked: Measured
    result: Any

    @property
    def rows(self) -> EffectRows:
        """All effect rows, the leading one first."""
        return EffectRows(self.result.effects)

    @property
    def table(self) -> Table:
        """The result as a table."""
        made: Table = self.result.table()
        return made

    @property
    def said(self) -> str:
        """The verdict or the test in words; of a searched cut its corrected P, and that it was searched."""
        if isinstance(self.result, InteractionResult):
            return str(self.result.verdict)
        label = "Fitted to these patients: " if isinstance(self.result, FittedCut) else ""
        return f"{label}{self.result}"

    @property
    def drawn(self) -> bool:
        """Whether there is a figure: none of a searched cut, which it would flatter."""
        return not isinstance(self.result, FittedCut)

    def figure(self) -> Any:
        """Draw the curve along the value, or survival at a given cut.

        Raises
        ------
        QuestionError
            For a searched cut.
        """
        from ..figures.hazard_curve import hazard_curve, treatment_curve_plot

        found = self.result
        if not self.drawn:
            raise QuestionError("No curves are drawn at a searched cut: they would flatter it.")
        if isinstance(found, SplineFit | TreatmentCurve):
            plot = hazard_curve if isinstance(found, SplineFit) else treatment_curve_plot
            return plot(found.curve(), found.model.analysis.frame[self.asked.column], width="double")
        analysis = found.model.analysis if isinstance(found, InteractionResult) else found.analysis
        return draw(curves_of(analysis, self.asked.choices.question().estimand), analysis, found.effects[0])


def measure(cohort: Cohort, asked: Measured) -> MeasuredView:
    """Put the question of a measured value to a cohort.

    Raises
    ------
    TamoxresError
        What cannot be asked, in one sentence.
    """
    asked.check()
    patients = asked.patients(refuse_small_cells(cohort, "a measured value in the explorer"))
    column = (asked.column,) if asked.how in ("uncut", "searched") else ()
    return MeasuredView(asked=asked, result=asked.estimate(patients, *column, **asked.terms))
