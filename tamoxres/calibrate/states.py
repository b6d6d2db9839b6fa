"""Scenarios of relapse and death: constant transition hazards, whose state occupation has a closed form."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from .. import synthetic
from ..analysis import AnalysisSet, select
from ..endpoints import BCSS, OS, RFS
from ..models.illness_death import IllnessDeath, illness_death
from .performance import Result, read_row
from .scenarios import Estimator, Scenario

__all__ = ["STATES", "Relapses"]

_RELAPSE, _DEATH, _AFTER = 0.008, 0.002, 0.03  # a month, untreated
_HR_RELAPSE, _HR_AFTER = 0.6, 1.2
_MONTHS = 60.0


class Relapses:
    """Randomised patients who relapse and die at constant rates; treatment acts on relapse and on death after it."""

    def __init__(self, n: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        treated = draw.random(n) < 0.5
        relapse = draw.exponential(size=n) / (_RELAPSE * np.where(treated, _HR_RELAPSE, 1.0))
        death = draw.exponential(size=n) / _DEATH
        after = relapse + draw.exponential(size=n) / (_AFTER * np.where(treated, _HR_AFTER, 1.0))
        end = draw.uniform(40.0, 160.0, n)
        died = np.where(relapse < death, after, death)
        base = synthetic.simulate(n, seed=seed)
        patients = base.patients.drop(columns=[BCSS.months, BCSS.event]).assign(
            RFS_months=np.minimum(np.minimum(relapse, death), end),
            RFS_event=(np.minimum(relapse, death) <= end).astype(int),
            OS_months=np.minimum(died, end), OS_event=(died <= end).astype(int),
            endocrine=np.where(treated, "yes", "no"), endocrine_agent=np.where(treated, "tamoxifen", "none"),
        )  # fmt: skip
        self.cohort = replace(base, patients=patients, endpoints=(RFS, OS))

    @cached_property
    def analysis(self) -> AnalysisSet:
        """Both arms, relapse-free survival."""
        return select(self.cohort, endpoint=RFS, er="any", treatment="any")

    @cached_property
    def found(self) -> IllnessDeath:
        """The illness-death model, states at 60 months."""
        return illness_death(self.analysis, times=_MONTHS)

    @staticmethod
    def truth(group: str, state: str) -> float:
        """Return the true probability of a state at 60 months."""
        treated = group == "treated"
        relapse = _RELAPSE * (_HR_RELAPSE if treated else 1.0)
        after = _AFTER * (_HR_AFTER if treated else 1.0)
        free = math.exp(-(relapse + _DEATH) * _MONTHS)
        ill = relapse / (after - relapse - _DEATH) * (free - math.exp(-after * _MONTHS))
        return {"relapse-free": free, "relapsed": ill, "dead": 1 - free - ill}[state]


def _state(data: Relapses, group: str, state: str) -> Result:
    states = data.found.states
    own = states[(states["group"] == group) & (states["state"] == state)].iloc[0]
    return Result(estimate=own["probability"], se=own["se"], low=own["ci_low"], high=own["ci_high"])


def _transition(k: int, data: Relapses) -> Result:
    return read_row(data.found.effects[k])


STATES: tuple[Scenario, ...] = (
    Scenario(
        name="relapse and death, n = 500", make=partial(Relapses, 500),
        estimators=(
            *(
                Estimator(
                    name=f"share {state} at 60 months, treated", ask=partial(_state, group="treated", state=state),
                    truth=partial(Relapses.truth, "treated", state),
                )
                for state in ("relapse-free", "relapsed", "dead")
            ),
            *(
                Estimator(
                    name=f"treatment, {name}", ask=partial(_transition, k), truth=partial(math.log, hr),
                    null=hr == 1.0,
                )
                for k, (name, hr) in enumerate(
                    (("relapse", _HR_RELAPSE), ("death without relapse", 1.0), ("death after relapse", _HR_AFTER))
                )
            ),
        ),
    ),
)  # fmt: skip
