"""True risks and restricted means of simulated patients, by numerical integration over the patients' covariates.

Conventions: everything else of a patient is left as drawn, and the marker is set to altered and to unaltered in turn;
the difference is that of a trial in which the marker were assigned. Treatment is as drawn.
"""

from __future__ import annotations

import numpy as np

from ..synthetic import Truth, cancer_hazard, draw_people, other_hazard
from ..vocabulary import FloatArray

__all__ = ["mean_difference", "risk_difference", "treatment_difference"]

_PATIENTS, _SEED = 20_000, 20_240_612  # over whose covariates is averaged
_STEP = 0.5  # months between two points of the integral


def risk_difference(truth: Truth, months: float) -> float:
    """Return the difference in the risk of breast-cancer death, altered less unaltered, other deaths competing."""
    altered, unaltered = (_risks(truth, marker, months) for marker in (1.0, 0.0))
    return float(altered[0] - unaltered[0])


def mean_difference(truth: Truth, months: float) -> float:
    """Return the difference in restricted mean survival (deaths of any cause), altered less unaltered, in months."""
    altered, unaltered = (_risks(truth, marker, months) for marker in (1.0, 0.0))
    return float(altered[1] - unaltered[1])


def treatment_difference(truth: Truth, months: float, marker: float) -> dict[str, float]:
    """Return treated less untreated in one marker level: `risk` of breast-cancer death, and `lost` months to it."""
    arms = [_incidence({"marker": marker, "treated": treated}, truth, months)[1] for treated in (1.0, 0.0)]
    risk = arms[0][-1] - arms[1][-1]
    lost = sum((arms[0][1:] + arms[0][:-1]) - (arms[1][1:] + arms[1][:-1])) / 2 * _STEP
    return {"risk": float(risk), "lost": float(lost)}


def _incidence(fixed: dict[str, float], truth: Truth, months: float) -> tuple[FloatArray, FloatArray]:
    """Return a grid of months and the mean cumulative incidence of breast-cancer death at it, some variables set."""
    people = draw_people(np.random.default_rng(_SEED), _PATIENTS // 2, truth)
    people |= {name: np.full(_PATIENTS // 2, value) for name, value in fixed.items()}
    grid = np.arange(0.0, months + _STEP / 2, _STEP)
    cancer = np.stack([cancer_hazard(people, truth, float(t)) for t in grid])
    alive = np.exp(-cancer - np.stack([other_hazard(people, truth, float(t)) for t in grid]))
    growth = (np.diff(cancer, axis=0) * (alive[1:] + alive[:-1]) / 2).mean(axis=1)
    return grid, np.concatenate([[0.0], np.cumsum(growth)])


def _risks(truth: Truth, marker: float, months: float) -> tuple[float, float]:
    """Return the risk of breast-cancer death, and the restricted mean survival, with the marker set."""
    people = draw_people(np.random.default_rng(_SEED), _PATIENTS, truth) | {"marker": np.full(_PATIENTS, marker)}
    grid = np.arange(0.0, months + _STEP / 2, _STEP)
    cancer = np.stack([cancer_hazard(people, truth, float(t)) for t in grid])
    alive = np.exp(-cancer - np.stack([other_hazard(people, truth, float(t)) for t in grid]))
    middle = (alive[1:] + alive[:-1]) / 2
    return float((np.diff(cancer, axis=0) * middle).sum(axis=0).mean()), float((middle * _STEP).sum(axis=0).mean())
