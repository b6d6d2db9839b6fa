"""What is simulated, and what is asked of it: scenarios of patients, each with its truth and its estimators.

Conventions: `null` marks estimators whose P values below 0.05 are false alarms; `shown` those that are there to be seen
and not to be judged: a crude effect under confounding, the power of a test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from .. import synthetic
from ..analysis import AnalysisSet, select
from ..effects import EffectEstimate
from ..endpoints import BCSS, OS
from ..inference.equivalence import equivalence
from ..models.cox import cox, fit_terms
from ..models.cutpoints import fitted_cut
from ..models.fine_gray import fine_gray
from ..models.firth import firth
from ..models.imputation import impute
from ..models.incidence import gray_test
from ..models.interaction import interaction
from ..models.logrank import logrank
from ..models.proportional import proportional_test
from ..models.risk_difference import risk_difference
from ..models.rmst import rmst
from ..models.splines import spline
from ..models.time_split import time_split
from ..models.treatment import treatment_effect
from ..models.weights import weights
from ..synthetic import Truth
from .performance import Aim, Result
from .performance import read_row as _row
from .truths import mean_difference
from .truths import risk_difference as true_risk_difference

if TYPE_CHECKING:
    from ..cohort import Cohort

__all__ = ["SCENARIOS", "Data", "Estimator", "Scenario"]

ADJUST: tuple[str, ...] = ("age", "grade", "nodes")
MARGIN = (0.8, 1.25)
_HORIZON = 120.0


class Data:
    """One simulated cohort, and the patients that questions are about."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort

    @cached_property
    def both(self) -> AnalysisSet:
        """Both arms, breast-cancer death."""
        return select(self.cohort, marker="MARKER", endpoint=BCSS, er="any", treatment="any")

    @cached_property
    def treated(self) -> AnalysisSet:
        """The treated, breast-cancer death."""
        return select(self.cohort, marker="MARKER", endpoint=BCSS, er="any", treatment="endocrine")

    @cached_property
    def unmarked(self) -> AnalysisSet:
        """Both arms without a marker."""
        return select(self.cohort, endpoint=BCSS, er="any", treatment="any")

    @cached_property
    def deaths(self) -> AnalysisSet:
        """Both arms, deaths of any cause."""
        return select(self.cohort, marker="MARKER", endpoint=OS, er="any", treatment="any")

    @cached_property
    def interaction(self) -> Any:
        """The adjusted interaction, which several estimators read."""
        return interaction(self.both, adjust=ADJUST, engine="kernel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """What is asked of each data set of a scenario."""

    name: str
    ask: Callable[[Any], Result]
    truth: Callable[[], float] = lambda: float("nan")
    null: bool = False
    aim: Aim = "calibrated"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is simulated, and who is asked."""

    name: str
    make: Callable[[int], Any]
    estimators: tuple[Estimator, ...] = field(default=())


def _patients(n: int, truth: Truth, seed: int) -> Data:
    return Data(synthetic.simulate(n, truth=truth, seed=seed))


def _cohort(name: str, n: int, truth: Truth, *estimators: Estimator) -> Scenario:
    return Scenario(name=f"{name}, n = {n:,}", make=partial(_patients, n, truth), estimators=estimators)


def _log(value: float) -> Callable[[], float]:
    return partial(math.log, value)


def _adjusted(data: Data) -> Result:
    return _row(cox(data.treated, adjust=ADJUST, engine="kernel").effect)


def _period(data: Data, which: int) -> Result:
    return _row(time_split(data.both, cuts=[60], adjust=["treatment", *ADJUST]).effects[which])


def _proportional(data: Data) -> Result:
    model = fit_terms(data.both, ["marker", "treatment", *ADJUST], engine="kernel")
    table = proportional_test(model).terms
    return Result(p=float(table["p_value"][table["term"] == "marker"].iloc[0]))


def _imputed(data: Data) -> Result:
    made = impute(data.both, columns=list(ADJUST), m=5, seed=1, iterations=3)
    return _row(made.pool(_of_grade))


def _of_grade(analysis: AnalysisSet) -> EffectEstimate:
    model = fit_terms(analysis, ["grade", "marker", "treatment", "age", "nodes"], engine="kernel")
    return model.effect


def _margin(data: Data) -> Result:
    """Two one-sided tests, whose P value is that of a difference no smaller than the margin."""
    return Result(p=equivalence(data.interaction.ratio, margin=MARGIN).p_value)


def _interactions(ratio: float, *, null: bool) -> tuple[Estimator, ...]:
    def reader(name: str) -> Callable[[Data], Result]:
        return lambda data: _row(getattr(data.interaction, name))

    return (
        Estimator(name="ratio of hazard ratios", ask=reader("ratio"), truth=_log(ratio), null=null),
        Estimator(
            name="likelihood ratio test of it", ask=lambda data: Result(p=data.interaction.ratio.p_value), null=null,
            aim="calibrated" if null else "shown", note="" if null else "power",
        ),
        Estimator(name="marker in the treated", ask=reader("marker_treated"), truth=_log(1.5 * ratio)),
        Estimator(name="marker in the untreated", ask=reader("marker_untreated"), truth=_log(1.5)),
        Estimator(name="treatment when altered", ask=reader("treatment_altered"), truth=_log(0.6 * ratio)),
        Estimator(name="treatment when unaltered", ask=reader("treatment_unaltered"), truth=_log(0.6)),
    )  # fmt: skip


def _treatments(*, expected: str) -> Sequence[Estimator]:
    nothing = _log(1.0)
    made: dict[str, tuple[Callable[[Data], Result], Aim, str]] = {
        "crude": (lambda d: _row(treatment_effect(d.unmarked, engine="kernel").effect), "shown", expected),
        "adjusted": (
            lambda d: _row(treatment_effect(d.unmarked, adjust=ADJUST, engine="kernel").effect), "calibrated", "",
        ),
        "inverse probability weights": (
            lambda d: _row(weights(d.unmarked, adjust=list(ADJUST), method="iptw").effect), "safe", "robust SE",
        ),
        "overlap weights": (
            lambda d: _row(weights(d.unmarked, adjust=list(ADJUST), method="overlap").effect), "safe", "robust SE",
        ),
    }  # fmt: skip
    return [
        Estimator(name=f"treatment, {name}", ask=ask, truth=nothing, null=True, aim=aim, note=note)
        for name, (ask, aim, note) in made.items()
    ]


_SUPPORTED = Truth(ratio=1.6)
_NO_INTERACTION = Truth()
_NO_MARKER = Truth(hr_marker=1.0, hr_age=1.0)
_STRONG = Truth(hr_marker=1.8)
_LATE = Truth(hr_marker=2.0, late=0.5)
_UNKNOWN = Truth(hr_grade=2.0, missing=0.25, missing_odds=3.0)
_FEW = Truth(marker_share=0.1, hr_marker=2.0, scale=900.0)
_AT_MARGIN = Truth(ratio=MARGIN[1], marker_share=0.4, scale=200.0)
SCENARIOS: tuple[Scenario, ...] = (
    _cohort(
        "marker x treatment, ratio 1.6", 1500, _SUPPORTED, *_interactions(1.6, null=False),
        Estimator(name="marker, treated alone", ask=_adjusted, truth=_log(1.5 * 1.6)),
    ),
    _cohort("no interaction", 1500, _NO_INTERACTION, *_interactions(1.0, null=True)),
    _cohort(
        "treated by prognosis, treatment does nothing", 1500,
        Truth(hr_marker=1.0, hr_treatment=1.0, confounding=1.0, hr_grade=2.0),
        *_treatments(expected="confounded by indication, as it must be"),
    ),
    _cohort(
        "marker does nothing", 1000, _NO_MARKER,
        Estimator(name="log-rank test", ask=lambda d: Result(p=logrank(d.both).p_value), null=True),
        Estimator(name="Gray's test", ask=lambda d: Result(p=gray_test(d.both).p_value), null=True),
        Estimator(
            name="subdistribution hazard ratio (Fine-Gray)", ask=lambda d: _row(fine_gray(d.both).effect),
            truth=_log(1.0), null=True,
        ),
        Estimator(
            name="risk difference at 10 years",
            ask=lambda d: _row(risk_difference(d.both, times=[_HORIZON]).effect), truth=lambda: 0.0, null=True,
        ),
        Estimator(
            name="restricted mean survival, 10 years",
            ask=lambda d: _row(rmst(d.deaths, horizon=_HORIZON).difference), truth=lambda: 0.0, null=True,
        ),
        Estimator(name="proportional hazards, score test", ask=_proportional, null=True),
        Estimator(
            name="curve against line (spline)", null=True,
            ask=lambda d: Result(p=spline(d.unmarked, "age", adjust=["nodes", "grade", "treatment"]).nonlinear_p),
        ),
        Estimator(
            name="fitted cut, corrected", ask=lambda d: Result(p=fitted_cut(d.unmarked, "age", m=2).p_value), null=True,
            aim="safe",
        ),
        Estimator(
            name="fitted cut, as if given", ask=lambda d: Result(p=fitted_cut(d.unmarked, "age", m=2).p_naive),
            null=True, aim="shown", note="why the correction is needed",
        ),
    ),
    _cohort(
        "marker 1.8", 1000, _STRONG,
        Estimator(
            name="risk difference at 10 years",
            ask=lambda d: _row(risk_difference(d.both, times=[_HORIZON]).effect),
            truth=partial(true_risk_difference, _STRONG, _HORIZON),
        ),
        Estimator(
            name="restricted mean survival, 10 years",
            ask=lambda d: _row(rmst(d.deaths, horizon=_HORIZON).difference),
            truth=partial(mean_difference, _STRONG, _HORIZON),
        ),
        Estimator(
            name="marker, crude", ask=lambda d: _row(cox(d.both, engine="kernel").effect), truth=_log(1.8), aim="shown",
            note="not collapsible: nearer 1 than the adjusted one",
        ),
    ),
    _cohort(
        "marker 2.0, halved after 60 months", 2000, _LATE,
        Estimator(name="hazard ratio to 60 months", ask=partial(_period, which=0), truth=_log(2.0)),
        Estimator(name="hazard ratio after 60 months", ask=partial(_period, which=1), truth=_log(1.0)),
        Estimator(name="proportional hazards, score test", ask=_proportional, aim="shown", note="power"),
    ),
    _cohort(
        "grade unknown, more often in those who die", 1000, _UNKNOWN,
        Estimator(name="grade, complete cases", ask=lambda d: _row(_of_grade(d.both)), truth=_log(2.0), aim="shown"),
        Estimator(name="grade, multiple imputation", ask=_imputed, truth=_log(2.0)),
    ),
    _cohort(
        "few events", 150, _FEW,
        Estimator(
            name="marker, Cox", ask=lambda d: _row(cox(d.both, engine="kernel").effect), truth=_log(2.0), aim="shown",
            note="where it can be estimated",
        ),
        Estimator(name="marker, Firth", ask=lambda d: _row(firth(d.both).effect), truth=_log(2.0), aim="shown"),
    ),
    _cohort(
        "interaction at the margin, 1.25", 2000, _AT_MARGIN,
        Estimator(name="equivalence, two one-sided tests", ask=_margin, null=True, aim="safe"),
    ),
)  # fmt: skip
