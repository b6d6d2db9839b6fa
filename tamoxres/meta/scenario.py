"""The pool behind a certainty: one line, or three where nulls without a number are bounded by their counts."""

from __future__ import annotations

from dataclasses import dataclass

from .rating import Chance, Pooled95

__all__ = ["Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A body pooled, with bounded nulls at one value.

    Attributes
    ----------
    null_at : float or None
        Where nulls without a number stand, in standard errors toward the claimed side; None where there are none.
    k : int
        Trials that carry information.
    estimate, ci_low, ci_high : float
        The ratio with its 95% limits, as a reader sees it.
    pooled : Pooled95
        The same on the log scale, in the claimed direction.
    judged : Chance
    """

    null_at: float | None
    k: int
    estimate: float
    ci_low: float
    ci_high: float
    pooled: Pooled95
    judged: Chance
