"""Scenarios of absolute effects: risks and means by treatment and marker, whose truth is integrated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .. import synthetic
from ..models.absolute import absolute_effects
from ..models.augmented import Nuisance, augmented_ipw
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
)  # fmt: skip
