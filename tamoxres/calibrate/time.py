"""Scenarios of time: an interaction that stays the same while the marker's own hazard ratio changes."""

from __future__ import annotations

import math
from functools import partial

from .. import synthetic
from ..models.changing_interaction import changing_interaction, landmark_series
from ..synthetic import Truth
from .performance import Result, read_row
from .scenarios import ADJUST, Data, Estimator, Scenario

__all__ = ["TIME"]

_RATIO = 1.5
_LATE = Truth(ratio=_RATIO, late=0.6, marker_share=0.35, scale=200.0)


def _made(n: int, seed: int) -> Data:
    return Data(synthetic.simulate(n, truth=_LATE, seed=seed))


def _period(data: Data, which: int) -> Result:
    return read_row(changing_interaction(data.both, adjust=ADJUST, shape="step", cuts=60.0).periods[which])


def _landmark(data: Data) -> Result:
    return read_row(landmark_series(data.both, adjust=ADJUST, at=24.0).effect)


TIME: tuple[Scenario, ...] = (
    Scenario(
        name="marker changes, interaction does not, n = 800", make=partial(_made, 800),
        estimators=(
            Estimator(
                name="change of the interaction with log time, likelihood ratio", null=True,
                ask=lambda d: Result(p=changing_interaction(d.both, adjust=ADJUST).p_value),
            ),
            Estimator(
                name="change of the interaction at 60 months, likelihood ratio", null=True,
                ask=lambda d: Result(p=changing_interaction(d.both, adjust=ADJUST, shape="step").p_value),
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
)  # fmt: skip
