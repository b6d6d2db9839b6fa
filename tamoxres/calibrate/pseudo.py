"""Scenarios of pseudo-values: risks and means by regression, treatment randomised, the truth integrated."""

from __future__ import annotations

from functools import cached_property, partial

from .. import synthetic
from ..models.pseudo_values import PseudoRegression, pseudo_regression
from ..synthetic import Truth
from .performance import Result, read_row
from .scenarios import ADJUST, Data, Estimator, Scenario
from .truths import treatment_difference

__all__ = ["PSEUDO"]

_HORIZON = 84.0
_TRUTH = Truth(ratio=1.8, marker_share=0.35, hr_grade=1.8, scale=200.0, censored=(40.0, 180.0))


class Randomised(Data):
    """Simulated patients, and their risks by regression."""

    def __init__(self, n: int, truth: Truth, seed: int) -> None:
        super().__init__(synthetic.simulate(n, truth=truth, seed=seed))

    @cached_property
    def risks(self) -> PseudoRegression:
        """Risks at seven years, adjusted."""
        return pseudo_regression(self.both, adjust=ADJUST, times=_HORIZON)


def _true(quantity: str, level: float | None) -> float:
    """Return the truth of a level's difference, or (None) of the interaction."""
    if level is not None:
        return treatment_difference(_TRUTH, _HORIZON, level)[quantity]
    return _true(quantity, 1.0) - _true(quantity, 0.0)


def _risk(data: Randomised, which: int) -> Result:
    return read_row(data.risks.effects[which])


def _lost(data: Data) -> Result:
    return read_row(pseudo_regression(data.both, adjust=ADJUST, times=_HORIZON, quantity="mean").effect)


def _ratio(data: Data) -> Result:
    return read_row(pseudo_regression(data.both, times=_HORIZON, link="cloglog").effect)


PSEUDO: tuple[Scenario, ...] = (
    Scenario(
        name="pseudo-values, ratio 1.8, n = 600", make=partial(Randomised, 600, _TRUTH),
        estimators=(
            Estimator(name="interaction of risks", ask=partial(_risk, which=0), truth=partial(_true, "risk", None)),
            Estimator(
                name="risk difference when unaltered", ask=partial(_risk, which=1), truth=partial(_true, "risk", 0.0)
            ),
            Estimator(name="interaction of time lost", ask=_lost, truth=partial(_true, "lost", None)),
        ),
    ),
    Scenario(
        name="pseudo-values, neither does anything, n = 600",
        make=partial(Randomised, 600, Truth(hr_marker=1.0, hr_treatment=1.0, marker_share=0.35, scale=200.0)),
        estimators=(
            Estimator(
                name="ratio, complementary log-log", ask=_ratio, truth=lambda: 0.0, null=True,
            ),
        ),
    ),
)  # fmt: skip
