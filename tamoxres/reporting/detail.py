"""A primary analysis looked at closer: what is shown of a marker among the treated beside its interaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..answers.answer import answer
from ..cohort import Cohort
from ..curves import Curves
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..models.cox import CoxModel, fit_terms
from ..models.incidence import cumulative_incidence
from ..models.proportional import ProportionalTest, proportional_test
from ..models.rates import Rates, event_rates
from ..models.risk_difference import RiskDifferences, risk_difference
from ..models.splines import SplineFit, spline
from ..models.survival import FollowUp, follow_up, kaplan_meier
from ..models.time_split import TimeSplit, time_split
from .plan import MarkerPlan

__all__ = ["RISK_TIMES", "Detail", "look_closer", "tried"]

T = TypeVar("T")
RISK_TIMES = (60.0, 120.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detail:
    """All that is shown of a primary analysis among the endocrine-treated, beside the interaction.

    Attributes
    ----------
    crude, adjusted : CoxModel
    univariable : tuple of EffectEstimate
        Every variable of the adjusted model, alone.
    proportional : ProportionalTest
    curves : tuple of Curves
        Of the primary endpoint, then of overall survival where the cohort has it.
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

    crude: CoxModel
    adjusted: CoxModel
    univariable: tuple[EffectEstimate, ...]
    proportional: ProportionalTest
    curves: tuple[Curves, ...]
    follow_up: FollowUp | None
    rates: Rates | None
    risks: RiskDifferences | None
    periods: TimeSplit | None
    bent: SplineFit | None = None

    @property
    def effects(self) -> Iterator[EffectEstimate]:
        """Every effect row of it."""
        yield from (*self.crude.effects, *self.adjusted.effects, *self.univariable)
        for result in (self.risks, self.periods, self.bent):
            if result is not None:
                yield from result.effects


def look_closer(asked: MarkerPlan, cohort: Cohort, key: tuple[str, str, str]) -> Detail | None:
    """Look closer at the treated, by marker, rule and endpoint; None where they are too few for it."""
    return tried(lambda: _looked_at(asked, cohort, key))


def _looked_at(asked: MarkerPlan, cohort: Cohort, key: tuple[str, str, str]) -> Detail:
    crude, adjusted = (answer(cohort, asked.prognostic(*key, crude=crude)) for crude in (True, False))
    model, treated = adjusted.models[0], crude.models[0].analysis
    others = [row for name in model.adjusted_for for row in fit_terms(treated, [name]).effects]
    univariable = (*crude.models[0].effects, *others)
    if treated.uncut is not None:
        return Detail(
            crude=crude.models[0], adjusted=model, univariable=univariable, proportional=proportional_test(model),
            curves=(), follow_up=tried(lambda: follow_up(treated)), rates=None, risks=None, periods=None,
            bent=tried(lambda: spline(treated, adjust=model.adjusted_for, strata=model.strata)),
        )  # fmt: skip
    curves = [cumulative_incidence(treated) if treated.endpoint.competing else kaplan_meier(treated)]
    if key[2] != "OS" and "OS" in {endpoint.code for endpoint in cohort.endpoints}:
        curves.append(kaplan_meier(answer(cohort, asked.prognostic(*key[:2], "OS", crude=True)).analysis))
    return Detail(
        crude=crude.models[0],
        adjusted=model,
        univariable=univariable,
        proportional=proportional_test(model),
        curves=tuple(curves),
        follow_up=tried(lambda: follow_up(treated)),
        rates=event_rates(treated),
        risks=tried(lambda: risk_difference(treated, times=RISK_TIMES)),
        periods=tried(lambda: time_split(treated, adjust=model.adjusted_for, strata=model.strata)),
    )


def tried(make: Callable[[], T]) -> T | None:
    """Make what the patients allow: nothing where they do not."""
    try:
        return make()
    except AnalysisError:
        return None
