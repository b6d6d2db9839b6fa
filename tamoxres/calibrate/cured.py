"""Scenarios of cure: patients some of whom never have the event, and whose hazard comes to nothing after five years."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from .. import synthetic
from ..analysis import AnalysisSet, select
from ..endpoints import OS
from ..models.cure import CureModel, cure
from .performance import Result, read_row
from .scenarios import Estimator, Scenario

__all__ = ["CURED", "Cured"]

_SHARE, _HR, _END, _SHAPE = 0.55, 0.6, 60.0, 1.3  # cured if untreated; treated v not; when the hazard ends


class Cured:
    """Randomised patients whose cumulative hazard is level after 60 months, followed for 90 to 180."""

    def __init__(self, n: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        treated = draw.random(n) < 0.5
        total = -math.log(_SHARE) * np.where(treated, _HR, 1.0)
        part = draw.exponential(size=n) / total
        inside = np.minimum(part, 1.0) * -math.expm1(-3.0)
        happened = np.where(part < 1, _END * (-np.log1p(-inside) / 3) ** (1 / _SHAPE), np.inf)
        end = draw.uniform(90.0, 180.0, n)
        base = synthetic.simulate(n, seed=seed)
        patients = base.patients.assign(
            OS_months=np.minimum(happened, end), OS_event=(happened <= end).astype(int),
            endocrine=np.where(treated, "yes", "no"), endocrine_agent=np.where(treated, "tamoxifen", "none"),
        )  # fmt: skip
        self.cohort = replace(base, patients=patients)

    @cached_property
    def analysis(self) -> AnalysisSet:
        """Both arms; the event stands in overall survival's columns."""
        return select(self.cohort, endpoint=OS, er="any", treatment="any")

    @cached_property
    def found(self) -> CureModel:
        """The cure model."""
        return cure(self.analysis)


def _share(data: Cured) -> Result:
    row = data.found.cured.iloc[0]
    return Result(estimate=row["share"], se=row["se"], low=row["ci_low"], high=row["ci_high"])


CURED: tuple[Scenario, ...] = (
    Scenario(
        name="some are cured, n = 500", make=partial(Cured, 500),
        estimators=(
            Estimator(name="share cured, untreated", ask=_share, truth=lambda: _SHARE),
            Estimator(
                name="treatment, spline with a plateau", ask=lambda d: read_row(d.found.effect),
                truth=lambda: math.log(_HR),
            ),
            Estimator(
                name="difference of the shares cured", ask=lambda d: read_row(d.found.effects[1]),
                truth=lambda: _SHARE**_HR - _SHARE,
            ),
        ),
    ),
)  # fmt: skip
