"""Scenarios of what is wrong with the data: a marker measured badly, a confounder that nobody measured."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from .. import synthetic
from ..analysis import AnalysisSet, select
from ..cohort import ALTERED, UNALTERED
from ..endpoints import BCSS
from ..inference.bias import BiasAnalysis, Confounder, Spread, bias_analysis
from ..models.misclassified import Accuracy, Misclassified, misclassified
from ..models.treatment import treatment_effect
from ..synthetic import Truth
from .performance import Result, read_row
from .scenarios import ADJUST, Data, Estimator, Scenario

__all__ = ["DOUBTS", "MEASURED"]

_SENSITIVITY, _SPECIFICITY, _VALIDATED = 0.90, 0.94, 200
_RATIO, _MARKER = 1.6, 1.5
MEASURED = Truth(ratio=_RATIO, hr_marker=_MARKER, marker_share=0.35, scale=250.0)
_CONFOUNDER = Confounder(ratio=2.0, treated=0.4, untreated=0.2)
_UNSURE = Confounder(
    ratio=Spread(kind="lognormal", values=(1.5, 2.0 * 2.0 / 1.5)), treated=Spread(kind="beta", values=(40, 60)),
    untreated=Spread(kind="beta", values=(20, 80)),
)  # fmt: skip


class Mismeasured(Data):
    """Patients whose marker was called with errors, and a validation study of the call in other patients."""

    def __init__(self, n: int, seed: int) -> None:
        made = synthetic.simulate(n, truth=MEASURED, seed=seed)
        draw = np.random.default_rng([seed, 1])
        called = made.markers[0]
        altered = (called.values == ALTERED).to_numpy()
        seen = draw.random(n) < np.where(altered, _SENSITIVITY, 1 - _SPECIFICITY)
        values = pd.Series(np.where(seen, ALTERED, UNALTERED), index=called.values.index)
        super().__init__(replace(made, markers=(replace(called, values=values),)))
        shares = draw.binomial(_VALIDATED, [_SENSITIVITY, _SPECIFICITY]) / _VALIDATED
        self.validated = Accuracy(
            sensitivity=float(shares[0]), specificity=float(shares[1]), n_altered=_VALIDATED, n_unaltered=_VALIDATED
        )

    @cached_property
    def corrected(self) -> Misclassified:
        """At the true sensitivity and specificity."""
        accuracy = Accuracy(sensitivity=_SENSITIVITY, specificity=_SPECIFICITY)
        return misclassified(self.both, accuracy, adjust=ADJUST)


class Unseen:
    """Patients treated by a binary confounder that nobody measured; treatment halves the hazard, events are rare."""

    def __init__(self, n: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        treated = draw.random(n) < 0.5
        unseen = draw.random(n) < np.where(treated, 0.4, 0.2)
        died = draw.exponential(size=n) * 1500 / (np.where(treated, 0.5, 1.0) * np.where(unseen, 2.0, 1.0))
        end = draw.uniform(60.0, 180.0, n)
        base = synthetic.simulate(n, seed=seed)
        patients = base.patients.assign(
            BCSS_months=np.minimum(died, end), BCSS_event=(died <= end).astype(int),
            endocrine=np.where(treated, "yes", "no"), endocrine_agent=np.where(treated, "tamoxifen", "none"),
        )  # fmt: skip
        self.cohort = replace(base, patients=patients)

    @cached_property
    def analysis(self) -> AnalysisSet:
        """Both arms, breast-cancer death."""
        return select(self.cohort, endpoint=BCSS, er="any", treatment="any")

    def adjusted(self, confounder: Confounder) -> BiasAnalysis:
        """Treatment's hazard ratio, for an assumed confounder."""
        return bias_analysis(treatment_effect(self.analysis).effect, confounder, draws=4000)


def _read(data: Mismeasured, which: int) -> Result:
    return read_row(data.corrected.effects[which])


def _simulated(data: Unseen) -> Result:
    found = data.adjusted(_UNSURE)
    low, high = found.total or (float("nan"), float("nan"))
    return replace(read_row(found.adjusted), low=math.log(low), high=math.log(high))


DOUBTS: tuple[Scenario, ...] = (
    Scenario(
        name="marker called with errors, ratio 1.6, n = 2,000", make=partial(Mismeasured, 2000),
        estimators=(
            Estimator(
                name="ratio as called", ask=lambda d: read_row(d.corrected.observed[0]),
                truth=lambda: math.log(_RATIO), aim="shown", note="nearer 1, as it must be",
            ),
            Estimator(
                name="ratio, corrected", ask=partial(_read, which=0), truth=lambda: math.log(_RATIO)
            ),
            Estimator(
                name="marker in the untreated, corrected", ask=partial(_read, which=2),
                truth=lambda: math.log(_MARKER),
            ),
            Estimator(
                name=f"ratio, corrected by a validation of {_VALIDATED} and {_VALIDATED}",
                ask=lambda d: read_row(misclassified(d.both, d.validated, adjust=ADJUST).effect),
                truth=lambda: math.log(_RATIO),
            ),
        ),
    ),
    Scenario(
        name="a confounder that nobody measured, n = 2,000", make=partial(Unseen, 2000),
        estimators=(
            Estimator(
                name="treatment as observed", ask=lambda d: read_row(treatment_effect(d.analysis).effect),
                truth=lambda: math.log(0.5), aim="shown", note="confounded, as it must be",
            ),
            Estimator(
                name="treatment, bias analysis with the confounder known",
                ask=lambda d: read_row(d.adjusted(_CONFOUNDER).adjusted), truth=lambda: math.log(0.5),
            ),
            Estimator(
                name="treatment, probabilistic bias analysis", ask=_simulated, truth=lambda: math.log(0.5),
                aim="safe", note="the confounder is where its distribution is centred",
            ),
        ),
    ),
)  # fmt: skip
