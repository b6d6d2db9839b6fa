"""Scenarios of time: an interaction that stays while the marker's hazard ratio changes; a hazard that age makes."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from .. import synthetic
from ..analysis.age_scale import age_scale
from ..models.changing_interaction import ChangingInteraction, changing_interaction
from ..models.cox import cox
from ..models.landmark_series import landmark_series
from ..synthetic import Truth
from .performance import Result, read_row
from .scenarios import ADJUST, Data, Estimator, Scenario

__all__ = ["TIME"]

_RATIO = 1.5
_AGEING, _HR_AGED = 0.06, 0.7  # log hazard a year of age; treatment's hazard ratio
_LATE = Truth(ratio=_RATIO, late=0.6, marker_share=0.35, scale=200.0)


class Late(Data):
    """Patients whose marker does less after 60 months, in both arms alike."""

    def __init__(self, n: int, seed: int) -> None:
        super().__init__(synthetic.simulate(n, truth=_LATE, seed=seed))

    @cached_property
    def step(self) -> ChangingInteraction:
        """The interaction before and after 60 months."""
        return changing_interaction(self.both, adjust=ADJUST, shape="step", cuts=60.0)


def _period(data: Late, which: int) -> Result:
    return read_row(data.step.periods[which])


def _landmark(data: Data) -> Result:
    return read_row(landmark_series(data.both, adjust=ADJUST, at=24.0).effect)


class Aged(Data):
    """Patients whose hazard depends on their age alone, and on treatment, which is given to the young more often."""

    def __init__(self, n: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        age = draw.uniform(40.0, 80.0, n)
        treated = draw.random(n) < 1 / (1 + np.exp((age - 60) / 15))
        at_start = 0.004 * np.exp(_AGEING * (age - 60)) * np.where(treated, _HR_AGED, 1.0)  # a month
        died = np.log1p(draw.exponential(size=n) * _AGEING / 12 / at_start) / (_AGEING / 12)
        end = draw.uniform(40.0, 160.0, n)
        made = synthetic.simulate(n, seed=seed)
        patients = made.patients.assign(
            age=age, BCSS_months=np.minimum(died, end), BCSS_event=(died <= end).astype(int),
            endocrine=np.where(treated, "yes", "no"), endocrine_agent=np.where(treated, "tamoxifen", "none"),
        )  # fmt: skip
        super().__init__(replace(made, patients=patients))


TIME: tuple[Scenario, ...] = (
    Scenario(
        name="marker changes, interaction does not, n = 600", make=partial(Late, 600),
        estimators=(
            Estimator(
                name="change of the interaction with log time, likelihood ratio", null=True,
                ask=lambda d: Result(p=changing_interaction(d.both, adjust=ADJUST).p_value),
            ),
            Estimator(
                name="change of the interaction at 60 months, likelihood ratio", null=True,
                ask=lambda d: Result(p=d.step.p_value),
            ),
            Estimator(
                name="ratio to 60 months", ask=partial(_period, which=0), truth=lambda: math.log(_RATIO)
            ),
            Estimator(
                name="ratio after 60 months", ask=partial(_period, which=1), truth=lambda: math.log(_RATIO)
            ),
            Estimator(name="ratio from a landmark at 24 months", ask=_landmark, truth=lambda: math.log(_RATIO)),
        ),
    ),
    Scenario(
        name="hazard by age, the young treated, n = 500", make=partial(Aged, 500),
        estimators=(
            Estimator(
                name="treatment, age as the time scale", truth=lambda: math.log(_HR_AGED),
                ask=lambda d: read_row(cox(age_scale(d.unmarked)).effect),
            ),
            Estimator(
                name="treatment, time since diagnosis, crude", truth=lambda: math.log(_HR_AGED), aim="shown",
                note="confounded by age, as it must be", ask=lambda d: read_row(cox(d.unmarked).effect),
            ),
        ),
    ),
)  # fmt: skip
