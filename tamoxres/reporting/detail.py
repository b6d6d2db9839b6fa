"""A primary analysis looked at closer: what is shown of a marker among the treated beside its interaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ..answers.answer import Answer, answer
from ..answers.withheld import told_row, told_rows
from ..cohort import Cohort
from ..curves import Curves
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..flow import Flow
from ..models.cox import fit_terms
from ..models.incidence import cumulative_incidence
from ..models.proportional import ProportionalTest, proportional_test
from ..models.rates import Rates, event_rates
from ..models.risk_difference import RiskDifferences, risk_difference
from ..models.splines import SplineFit, spline
from ..models.survival import FollowUp, follow_up, kaplan_meier
from ..models.time_split import TimeSplit, time_split
from .plan import MarkerPlan

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RISK_TIMES", "Detail", "Fitted", "look_closer", "tried"]

T = TypeVar("T")
RISK_TIMES = (60.0, 120.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """What is shown of one model: its rows, the marker's first; who left on the way; the patients, for Table 1."""

    effects: tuple[EffectEstimate, ...]
    flow: Flow
    frame: pd.DataFrame
    by_number: bool = False  # whether the marker enters as a number

    @property
    def effect(self) -> EffectEstimate:
        """The marker's row."""
        return self.effects[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detail:
    """All that is shown of a primary analysis among the endocrine-treated, beside the interaction.

    Where the cohort declares `min_cell` the rows are those that may be published, the curves are coarsened, and there
    are no rates and risks.

    Attributes
    ----------
    crude, adjusted : Fitted
    univariable : tuple of EffectEstimate
        Every variable of the adjusted model, alone.
    proportional : ProportionalTest
    curves : tuple of Curves
        Of the primary endpoint, then of overall survival where the cohort has it.
    crude_hazards : tuple of EffectEstimate
        The crude hazard ratio of each of them.
    follow_up : FollowUp or None
    rates : Rates or None
        Events per 1,000 person-years by marker; None where it enters as a number.
    risks : RiskDifferences or None
        At 5 and 10 years, where follow-up reaches them.
    periods : TimeSplit or None
        Hazard ratios in years 0-5 and after, adjusted as the model.
    bent : SplineFit or None
        The hazard ratio along the number, of a marker that enters as one: it has no curves, rates and risks by level.
    """

    crude: Fitted
    adjusted: Fitted
    univariable: tuple[EffectEstimate, ...]
    proportional: ProportionalTest
    curves: tuple[Curves, ...]
    crude_hazards: tuple[EffectEstimate, ...]
    follow_up: FollowUp | None
    rates: Rates | None
    risks: RiskDifferences | None
    periods: TimeSplit | None
    bent: SplineFit | None = None

    @property
    def effects(self) -> Iterator[EffectEstimate]:
        """Every effect row of it."""
        yield from (*self.crude.effects, *self.adjusted.effects, *self.univariable, *self.crude_hazards)
        for result in (self.risks, self.periods, self.bent):
            if result is not None:
                yield from result.effects


def look_closer(asked: MarkerPlan, cohort: Cohort, key: tuple[str, str, str]) -> Detail | None:
    """Look closer at the treated, by marker, rule and endpoint; None where they are too few for it."""
    return tried(lambda: _looked_at(asked, cohort, key))


def _looked_at(asked: MarkerPlan, cohort: Cohort, key: tuple[str, str, str]) -> Detail:
    crude, adjusted = (answer(cohort, asked.prognostic(*key, crude=crude)) for crude in (True, False))
    model, treated, least = adjusted.models[0], crude.models[0].analysis, cohort.min_cell
    others = [row for name in model.adjusted_for for row in fit_terms(treated, [name]).effects]
    univariable = tuple(told_rows((*crude.models[0].effects, *others), least))
    if treated.uncut is not None:
        return Detail(
            crude=_fitted(crude), adjusted=_fitted(adjusted), univariable=univariable,
            proportional=proportional_test(model), curves=(), crude_hazards=(),
            follow_up=tried(lambda: follow_up(treated)), rates=None, risks=None, periods=None,
            bent=tried(lambda: spline(treated, adjust=model.adjusted_for, strata=model.strata)) if least <= 1 else None,
        )  # fmt: skip
    curves = [cumulative_incidence(treated) if treated.endpoint.competing else kaplan_meier(treated)]
    hazards = [crude.models[0].effect]
    if key[2] != "OS" and "OS" in {endpoint.code for endpoint in cohort.endpoints}:
        survival = answer(cohort, asked.prognostic(*key[:2], "OS", crude=True)).models[0]
        curves.append(kaplan_meier(survival.analysis))
        hazards.append(survival.effect)
    periods = tried(lambda: time_split(treated, adjust=model.adjusted_for, strata=model.strata))
    return Detail(
        crude=_fitted(crude),
        adjusted=_fitted(adjusted),
        univariable=univariable,
        proportional=proportional_test(model),
        curves=tuple(one.coarsened(least) for one in curves),
        crude_hazards=tuple(told_row(row, least) for row in hazards),
        follow_up=tried(lambda: follow_up(treated)),
        rates=event_rates(treated) if least <= 1 else None,
        risks=tried(lambda: risk_difference(treated, times=RISK_TIMES)) if least <= 1 else None,
        periods=None if periods is None else _periods(periods, least),
    )


def _fitted(found: Answer) -> Fitted:
    """Return what is shown of the model behind an answer: the first row is the answer's own."""
    model, least = found.models[0], found.cohort.min_cell
    rows = tuple(told_rows(model.effects[1:], least))
    return Fitted(effects=(told_row(model.effect, least), *rows), flow=found.flow, frame=model.analysis.frame,
                  by_number=model.analysis.uncut is not None)  # fmt: skip


def _periods(found: TimeSplit, min_cell: int) -> TimeSplit | None:
    """Keep the periods where each may be told; their counts add up to the whole's, and are not."""
    rows = told_rows(found.effects, min_cell, counts=False)
    return replace(found, effects=rows) if len(rows) == len(found.effects) else None


def tried(make: Callable[[], T]) -> T | None:
    """Make what the patients allow: nothing where they do not."""
    try:
        return make()
    except AnalysisError:
        return None
