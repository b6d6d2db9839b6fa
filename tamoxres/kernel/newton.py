"""Newton's method for a log partial likelihood, with step-halving, and the tolerances that all engines share.

Conventions: columns are centred and have unit variance, so that steps and information can be judged in absolute terms.
The *decrement* s' I^-1 s is twice the log likelihood still to gain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .risksets import FloatArray

__all__ = [
    "COLLINEAR", "FLAT", "HALVINGS", "ROUNDING", "RUNAWAY_STEP", "Climb", "LikelihoodState", "climb", "independent",
    "inverse",
]  # fmt: skip

COLLINEAR = 1e-10  # pivot, relative to a column's own information, below which it is a combination of others
FLAT = 1e-12  # standard deviation, relative to the mean, of a constant column
HALVINGS = 30
ROUNDING = 1e-12  # a log likelihood may fall by this share of itself without counting as a fall
RUNAWAY_STEP = 1e-3  # a step this long (in standard deviations of a column) at convergence means no finite maximum


class LikelihoodState(Protocol):
    """What Newton's method asks of a likelihood at given coefficients."""

    @property
    def loglik(self) -> float:
        """Log likelihood."""

    @property
    def score(self) -> FloatArray:
        """First derivative, shape (p,)."""

    @property
    def information(self) -> FloatArray:
        """Minus the second derivative, shape (p, p)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Climb:
    """Where Newton's method ended: coefficients, the state there, and the last step."""

    beta: FloatArray
    state: LikelihoodState
    step: FloatArray
    iterations: int
    converged: bool


def climb(
    evaluate: Callable[[FloatArray], LikelihoodState],
    beta: FloatArray,
    tolerance: float,
    max_iterations: int,
    state: LikelihoodState | None = None,
) -> Climb:
    """Climb to the maximum, halving a step that does not climb; one last step follows a decrement within tolerance.

    `state` is that at `beta`, where it is known already.
    """
    state = state or evaluate(beta)
    step = np.zeros_like(beta)
    done = max_iterations == 0
    iteration = 0
    while not done and iteration < max_iterations:
        iteration += 1
        step = inverse(state.information) @ state.score
        done = float(step @ state.score) <= tolerance
        tried = evaluate(beta + step)
        halvings = 0
        while not tried.loglik >= state.loglik - ROUNDING * abs(state.loglik) and halvings < HALVINGS:
            halvings += 1
            step = step / 2
            tried = evaluate(beta + step)
        beta, state = beta + step, tried
    return Climb(beta=beta, state=state, step=step, iterations=iteration, converged=done)


def independent(information: FloatArray, events: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Find, in order, the columns that add information to those before them (Cholesky with a tolerance)."""
    left = information.copy()
    own = np.diag(information).copy()
    keep = np.zeros(own.size, bool)
    for j in range(own.size):
        # A column of unit variance has information of the order of the events: far less is rounding, not signal.
        keep[j] = own[j] > COLLINEAR * events and left[j, j] > COLLINEAR * own[j]
        if keep[j]:
            left -= np.outer(left[:, j], left[j]) / left[j, j]
    return keep


def inverse(information: FloatArray) -> FloatArray:
    """Invert an information matrix; one that has lost its rank on the way is inverted on the rank it has."""
    try:
        root = np.linalg.inv(np.linalg.cholesky(information))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(np.nan_to_num(information), hermitian=True))
    return np.asarray(root.T @ root)
