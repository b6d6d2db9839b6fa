"""More scenarios: treatment that starts late, several cohorts at once, absolute effects, what a study could have seen.

Conventions: as in `scenarios`. Where treatment starts late it does nothing, so that whatever is found is immortal time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from .. import synthetic
from ..analysis import AnalysisSet, select
from ..analysis.landmark import landmark
from ..effects import EffectEstimate
from ..endpoints import BCSS, OS
from ..meta.deft import deft
from ..models.additive import additive_interaction
from ..models.case_cohort import case_cohort
from ..models.cox import cox
from ..models.interaction import interaction
from ..models.one_stage import one_stage
from ..models.standardise import standardise
from ..models.treatment import treatment_effect
from ..synthetic import Truth
from .performance import Result, read_row
from .scenarios import ADJUST, Data, Estimator, Scenario
from .truths import risk_difference

__all__ = ["EDGES", "case_cohort_sample"]

_LANDMARK = 12.0
_SUBCOHORT = 0.15
_RESAMPLES = 60


class Started:
    """Patients whose treatment starts some time after diagnosis, if they live to see it, and does nothing."""

    def __init__(self, n: int, truth: Truth, seed: int) -> None:
        made = synthetic.simulate(n, truth=truth, seed=seed)
        draw = np.random.default_rng([seed, 1])
        start = draw.exponential(10.0, n)
        begun = (draw.random(n) < 0.7) & (start < made.patients[OS.months].to_numpy(float))
        patients = made.patients.assign(
            endocrine=pd.Categorical(np.where(begun, "yes", "no"), categories=["no", "yes"]),
            endocrine_start_months=np.where(begun, start, np.nan),
        )
        self.cohort = replace(made, patients=patients)

    def chosen(self, **choices: Any) -> AnalysisSet:
        """Both arms, deaths of any cause."""
        return select(self.cohort, endpoint=OS, er="any", treatment="any", **choices)


class Cohorts:
    """Four cohorts with their own baselines, and one ratio of hazard ratios."""

    def __init__(self, truth: Truth, seed: int) -> None:
        scales = (250.0, 350.0, 500.0, 700.0)
        made = [synthetic.simulate(600, truth=replace(truth, scale=s), seed=4 * seed + i) for i, s in enumerate(scales)]
        self.sets = [
            select(replace(one, name=f"made_{i}"), marker="MARKER", endpoint=BCSS, er="any", treatment="any")
            for i, one in enumerate(made)
        ]

    @cached_property
    def ratios(self) -> list[EffectEstimate]:
        """Each cohort's ratio of hazard ratios."""
        return [interaction(one, adjust=ADJUST).ratio for one in self.sets]


def _deft(cohorts: Cohorts) -> Result:
    found = deft(cohorts.ratios)
    low, high = (math.log(limit) for limit in found.ci())
    return Result(estimate=found.point, se=found.se, low=low, high=high, p=found.p_value)


def _standardised(data: Data) -> Result:
    fit = cox(data.both, adjust=["treatment", *ADJUST])
    return read_row(standardise(fit, times=[120.0], m=_RESAMPLES, seed=1).effect)


def _excess(data: Data) -> Result:
    """The relative excess risk, in the cell of lowest hazard; which that is, the data say."""
    return read_row(additive_interaction(data.both, adjust=ADJUST).excess)


def _true_excess(truth: Truth) -> float:
    """Return the excess against the treated without the alteration, who fare best where treatment helps."""
    untreated, altered = 1 / truth.hr_treatment, truth.hr_marker * truth.ratio
    return truth.hr_marker / truth.hr_treatment - untreated - altered + 1


_PLAIN = Truth(censored=(60.0, 180.0), scale=300.0)
_NOTHING = Truth(hr_treatment=1.0, hr_marker=1.0, scale=300.0)
_SHARED = Truth(ratio=1.5, treated_share=0.5, marker_share=0.3)


@cache
def _detectable(side: int) -> float:
    """Return the ratio that data of the kind say they could have seen with 80 % power, over 40 such data sets."""
    logs = []
    for seed in range(40):
        verdict = Data(synthetic.simulate(1500, truth=_PLAIN, seed=10_000 + seed)).interaction.judge()
        logs.append(math.log(verdict.minimum_detectable[side]))
    return math.exp(sum(logs) / len(logs))


class Foreseen(Data):
    """Patients whose ratio of hazard ratios is the one that such data could just have seen."""

    def __init__(self, side: int, seed: int) -> None:
        super().__init__(synthetic.simulate(1500, truth=replace(_PLAIN, ratio=_detectable(side)), seed=seed))


def _seen(data: Data) -> Result:
    """Whether the interaction was found, less the share foretold."""
    return Result(estimate=float(data.interaction.ratio.p_value < 0.05) - 0.80)


def _foreseen(side: int, name: str) -> Scenario:
    found = Estimator(
        name="how often it is found, less the 80% foretold", ask=_seen, truth=lambda: 0.0, aim="shown",
        note="minimum detectable ratio",
    )  # fmt: skip
    return Scenario(
        name=f"the least ratio {name} to be seen, n = 1,500", make=partial(Foreseen, side), estimators=(found,)
    )


def _absolute(seed: int) -> Data:
    return Data(synthetic.simulate(1000, truth=Truth(hr_marker=1.8), seed=seed))


def case_cohort_sample(n: int, truth: Truth, seed: int) -> AnalysisSet:
    """Keep all deaths of breast cancer and a random 15% of simulated patients: a case-cohort sample of both arms."""
    whole = synthetic.simulate(n, truth=truth, seed=seed)
    member = np.random.default_rng([seed, 1]).random(n) < _SUBCOHORT
    kept = member | (whole.patients[BCSS.event] == 1).to_numpy()
    told = pd.Categorical(np.where(member, "yes", "no"), categories=["no", "yes"])
    patients = whole.patients.assign(subcohort=told)[kept]
    calls = tuple(replace(call, values=call.values[kept]) for call in whole.markers)
    sample = replace(whole, patients=patients, raw=patients.copy(), markers=calls, profiles=(), cohort_size=n)
    return select(sample, marker="MARKER", endpoint=BCSS, er="any", treatment="any")


def _sampled(method: Any, name: str) -> Estimator:
    return Estimator(
        name=f"ratio of hazard ratios, {name}", truth=partial(math.log, _SHARED.ratio),
        ask=lambda d: read_row(case_cohort(d, adjust=ADJUST, product=True, method=method).effect),
    )  # fmt: skip


EDGES: tuple[Scenario, ...] = (
    Scenario(
        name="case-cohort sample of 4,000, 15% in the subcohort, ratio 1.5",
        make=partial(case_cohort_sample, 4000, _SHARED),
        estimators=(
            _sampled("prentice", "Prentice"), _sampled("self_prentice", "Self and Prentice"),
            _sampled("lin_ying", "Lin and Ying"), _sampled("barlow", "Barlow"),
        ),
    ),
    Scenario(
        name="treatment that starts late and does nothing, n = 1,000", make=partial(Started, 1000, _NOTHING),
        estimators=(
            Estimator(
                name="treatment from its start", truth=lambda: 0.0, null=True,
                ask=lambda d: read_row(treatment_effect(d.chosen(), adjust=ADJUST).effect),
            ),
            Estimator(
                name="treatment by a landmark of 12 months", truth=lambda: 0.0, null=True,
                ask=lambda d: read_row(treatment_effect(landmark(d.chosen(), at=_LANDMARK), adjust=ADJUST).effect),
            ),
            Estimator(
                name="ever treated, from diagnosis", truth=lambda: 0.0, null=True, aim="shown",
                note="immortal time, as it must be",
                ask=lambda d: read_row(treatment_effect(d.chosen(exposure="ever_treated"), adjust=ADJUST).effect),
            ),
        ),
    ),
    Scenario(
        name="four cohorts, ratio 1.5", make=partial(Cohorts, _SHARED),
        estimators=(
            Estimator(
                name="within-study interactions pooled (deft)", ask=_deft, truth=lambda: math.log(1.5), aim="safe"
            ),
            Estimator(
                name="one stage, within studies", truth=lambda: math.log(1.5),
                ask=lambda d: read_row(one_stage(d.sets, adjust=ADJUST).within),
            ),
        ),
    ),
    Scenario(
        name="absolute effects, marker 1.8, n = 1,000", make=_absolute,
        estimators=(
            Estimator(
                name="standardised risk difference at 10 years", ask=_standardised,
                truth=partial(risk_difference, Truth(hr_marker=1.8), 120.0), note=f"{_RESAMPLES} resamples",
            ),
            Estimator(
                name="relative excess risk (RERI)", ask=_excess, truth=partial(_true_excess, Truth(hr_marker=1.8)),
                aim="shown", note="approximate: delta method, the reference chosen by the data",
            ),
        ),
    ),
    _foreseen(0, "below 1"),
    _foreseen(1, "above 1"),
)  # fmt: skip
