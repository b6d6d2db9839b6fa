"""Scenarios of Predict: patients who die as it foretells, so that O/E and slope are 1 and C is that of many such."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property, partial

import numpy as np

from .. import synthetic
from ..analysis import select
from ..endpoints import BCSS
from ..kernel.predict_v21 import YEARS, cancer_hazard
from ..markers.predict import with_predict
from ..models.predict_validation import PredictValidation, concordance_index, validate_predict
from .performance import Result
from .scenarios import Estimator, Scenario

__all__ = ["FORETOLD"]

_HORIZON = 120.0


class Foretold:
    """Patients with Predict's index who die of breast cancer by its hazards, and of nothing else."""

    def __init__(self, n: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        made = synthetic.simulate(n, seed=seed)
        index = with_predict(replace(made, patients=made.patients.assign(size_mm=draw.uniform(5.0, 50.0, n))))
        self.index = index.patients["predict_index"].to_numpy(float)
        levels = np.stack([cancer_hazard(np.ones(n, bool), self.index, np.full(n, year)) for year in YEARS])
        reach = draw.exponential(size=n)
        died = np.array([np.interp(reach[i], levels[:, i], 12 * YEARS, right=np.inf) for i in range(n)])
        end = draw.uniform(60.0, 180.0, n)
        self.months, self.event = np.minimum(died, end), (died <= end).astype(int)
        patients = index.patients.assign(BCSS_months=self.months, BCSS_event=self.event)
        self.cohort = replace(index, patients=patients)

    @cached_property
    def found(self) -> PredictValidation:
        """Predict held against these deaths."""
        return validate_predict(select(self.cohort, endpoint=BCSS, er="any", treatment="any"), horizon=_HORIZON)


@cache
def _true_c() -> float:
    """Return C in many such patients, censored alike: the mean of 20 sets of 4,000."""
    values = []
    for seed in range(20):
        many = Foretold(4000, 20_240_612 + seed)
        months = np.minimum(many.months, _HORIZON)
        values.append(concordance_index(months, many.event * (many.months <= _HORIZON), many.index)[0])
    return float(np.mean(values))


def _first(data: Foretold, name: str) -> Result:
    """Read a measure of all patients with its Wald limits."""
    row = data.found.groups.iloc[0]
    value, se = float(row[name]), float(row[f"{name}_se"])
    return Result(estimate=value, se=se, low=value - 1.959964 * se, high=value + 1.959964 * se)


def _ratio(data: Foretold) -> Result:
    row = data.found.groups.iloc[0]
    return Result(estimate=float(row["ratio"]), low=float(row["ci_low"]), high=float(row["ci_high"]))


def _recalibrated(data: Foretold) -> Result:
    value, se = data.found.slope, data.found.slope_se
    return Result(estimate=value, se=se, low=value - 1.959964 * se, high=value + 1.959964 * se)


FORETOLD: tuple[Scenario, ...] = (
    Scenario(
        name="deaths as Predict foretells, n = 500", make=partial(Foretold, 500),
        estimators=(
            Estimator(name="observed over expected", ask=_ratio, truth=lambda: 1.0),
            Estimator(name="slope, Cox", ask=partial(_first, name="slope"), truth=lambda: 1.0),
            Estimator(name="slope, recalibration", ask=_recalibrated, truth=lambda: 1.0),
            Estimator(name="C", ask=partial(_first, name="c"), truth=_true_c),
        ),
    ),
)  # fmt: skip
