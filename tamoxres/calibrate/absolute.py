"""Scenarios of absolute effects: risks and means by treatment and marker, whose truth is integrated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from .. import synthetic
from ..analysis import AnalysisSet, select
from ..endpoints import OS
from ..models.absolute import absolute_effects
from ..models.augmented import Nuisance, augmented_ipw
from ..models.competing_interaction import competing_interaction
from ..models.stepp import stepp
from ..models.target_trial import target_trial
from ..models.treatment_curve import treatment_curve
from ..synthetic import Truth
from .performance import Result, read_row
from .scenarios import ADJUST, Data, Estimator, Scenario
from .truths import treatment_difference

__all__ = ["ABSOLUTE"]

_HORIZON = 120.0
_CHOSEN = Truth(ratio=1.8, confounding=0.5, hr_grade=1.8, scale=250.0)
_GRADELESS = Nuisance(outcome=("age", "nodes"))  # the outcome models leave a confounder out


def _made(n: int, truth: Truth, seed: int) -> Data:
    return Data(synthetic.simulate(n, truth=truth, seed=seed))


def _asked(data: Data, method: Callable[..., Any], which: int, **choices: Any) -> Result:
    return read_row(method(data.both, adjust=ADJUST, times=_HORIZON, **choices).effects[which])


def _late_starters(n: int, seed: int) -> AnalysisSet:
    """Make patients two thirds of whom would start treatment, which does nothing, within 24 months, if they live."""
    cohort = synthetic.simulate(n, truth=Truth(hr_treatment=1.0, scale=120.0), seed=seed)
    draw = np.random.default_rng([seed, 1])
    start = np.where(draw.random(n) < 2 / 3, draw.uniform(0.0, 24.0, n), np.inf)
    begun = start < cohort.patients["OS_months"].to_numpy(float)
    chosen = {
        "endocrine": np.where(begun, "yes", "no"), "endocrine_agent": np.where(begun, "tamoxifen", "none"),
        "endocrine_start_months": np.where(begun, start, np.nan),
    }  # fmt: skip
    changed = replace(cohort, patients=cohort.patients.assign(**chosen))
    return select(changed, endpoint=OS, er="any", treatment="any")


def _trial(analysis: AnalysisSet, which: int) -> Result:
    return read_row(target_trial(analysis, grace=12.0, times=60.0, m=25).effects[which])


def _interaction(quantity: str) -> float:
    altered, unaltered = (treatment_difference(_CHOSEN, _HORIZON, marker)[quantity] for marker in (1.0, 0.0))
    return altered - unaltered


def _one(name: str, which: int, truth: Callable[[], float], method: Callable[..., Any], **choices: Any) -> Estimator:
    return Estimator(name=name, ask=partial(_asked, method=method, which=which, **choices), truth=truth)


ABSOLUTE: tuple[Scenario, ...] = (
    Scenario(
        name="absolute effects, treated by prognosis, n = 1,500", make=partial(_made, 1500, _CHOSEN),
        estimators=(
            _one("interaction of risks, standardised", 0, partial(_interaction, "risk"), absolute_effects),
            _one("interaction of time lost, standardised", 3, partial(_interaction, "lost"), absolute_effects),
            _one("interaction of risks, augmented weighting", 0, partial(_interaction, "risk"), augmented_ipw),
            _one("interaction of time lost, augmented weighting", 3, partial(_interaction, "lost"), augmented_ipw),
            _one(
                "risk difference when unaltered, augmented, outcome without grade", 1,
                lambda: treatment_difference(_CHOSEN, _HORIZON, 0.0)["risk"], augmented_ipw, nuisance=_GRADELESS,
            ),
        ),
    ),
    Scenario(
        name="treatment works alike at every age, n = 600", make=partial(_made, 600, Truth(scale=250.0)),
        estimators=(
            Estimator(
                name="spline x treatment, likelihood ratio", null=True,
                ask=lambda data: Result(p=treatment_curve(data.unmarked, "age", adjust=["grade", "nodes"]).p_value),
            ),
            Estimator(
                name="fractional polynomial x treatment", null=True, aim="shown", note="powers chosen, not counted",
                ask=lambda data: Result(p=treatment_curve(data.unmarked, "age", shape="fp2").p_value),
            ),
            Estimator(
                name="STEPP, 199 permutations", null=True,
                ask=lambda data: Result(p=stepp(data.unmarked, "age", permutations=199).p_value),
            ),
        ),
    ),
    Scenario(
        name="neither marker nor treatment does anything, n = 1,000",
        make=partial(_made, 1000, Truth(hr_marker=1.0, hr_treatment=1.0, scale=250.0)),
        estimators=(
            Estimator(
                name="ratio of subdistribution hazard ratios (Fine-Gray)", truth=lambda: 0.0, null=True,
                ask=lambda data: read_row(competing_interaction(data.both).effect),
            ),
        ),
    ),
    Scenario(
        name="immortal time, treatment does nothing, n = 400", make=partial(_late_starters, 400),
        estimators=tuple(
            Estimator(
                name=f"emulated trial, {name}", ask=partial(_trial, which=which), truth=lambda: 0.0, null=True,
                aim="shown", note="25 resamples only",
            )
            for which, name in enumerate(("hazard ratio", "risk difference", "difference of means"))
        ),
    ),
)  # fmt: skip
