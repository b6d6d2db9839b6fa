"""Are the hazards proportional? The exact score test of Grambsch and Therneau, as `cox.zph` of survival >= 3.

The test asks whether a coefficient is beta + theta g(t), for a transform g of time: a score test of theta = 0 in the
model that has both, with U2 = sum_k g_k s_k (s: Schoenfeld totals) and the full information of (beta, theta). It is
exact under strata, weights, left truncation and ties, unlike the older one that took the information to be constant.

References
----------
Grambsch PM, Therneau TM 1994, Biometrika 81:515. R package survival, `cox.zph`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from ..errors import AnalysisError
from .residuals import ScoreParts
from .risksets import FloatArray, IntArray

__all__ = ["TRANSFORMS", "ScoreTest", "Transform", "score_test", "transform_times"]

Transform = Literal["km", "rank", "log", "identity"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreTest:
    """Score tests of proportional hazards, one a term and a global one.

    Attributes
    ----------
    chisq, df, p : array, shape (number of terms + 1,)
        The last entry is the global test.
    """

    chisq: FloatArray
    df: IntArray
    p: FloatArray


def _kaplan_meier(time: FloatArray, event: IntArray, entry: FloatArray | None, at: FloatArray) -> FloatArray:
    """Return 1 - S(t-) of all patients together, unweighted: left-continuous, with left truncation."""
    times, deaths = np.unique(time[np.asarray(event).astype(bool)], return_counts=True)
    at_risk = time.size - np.searchsorted(np.sort(time), times, side="left")
    if entry is not None:
        at_risk = at_risk - (entry.size - np.searchsorted(np.sort(entry), times, side="left"))
    survival = np.concatenate([[1.0], np.cumprod(1 - deaths / at_risk)])
    return np.asarray(1 - survival[np.searchsorted(times, at, side="left")])


def _rank(time: FloatArray, event: IntArray, entry: FloatArray | None, at: FloatArray) -> FloatArray:
    """Return the rank of each time among all follow-up times, ties sharing their mean rank."""
    ordered = np.sort(time)
    return np.asarray((np.searchsorted(ordered, at, "left") + np.searchsorted(ordered, at, "right") + 1) / 2)


def _log(time: FloatArray, event: IntArray, entry: FloatArray | None, at: FloatArray) -> FloatArray:
    if np.any(at <= 0):
        raise AnalysisError("An event at time 0 has no logarithm; use transform='km', 'rank' or 'identity'.")
    return np.asarray(np.log(at))


def _identity(time: FloatArray, event: IntArray, entry: FloatArray | None, at: FloatArray) -> FloatArray:
    return at


TRANSFORMS: dict[Transform, Callable[[FloatArray, IntArray, FloatArray | None, FloatArray], FloatArray]] = {
    "km": _kaplan_meier, "rank": _rank, "log": _log, "identity": _identity,
}  # fmt: skip


def transform_times(
    transform: Transform, at: FloatArray, *, time: FloatArray, event: IntArray, entry: FloatArray | None = None
) -> FloatArray:
    """Transform event times for the test of proportional hazards.

    Parameters
    ----------
    transform : "km" | "rank" | "log" | "identity"
        `km` is 1 - S(t-), strata and weights ignored; `rank` ranks among all follow-up times.
    at : array, shape (k,)
        Event times.
    time, event, entry : array, shape (n,)
        Follow-up of all patients.

    Returns
    -------
    array, shape (k,)
    """
    if transform not in TRANSFORMS:
        raise AnalysisError(f"Unknown transform {transform!r}. Use one of {', '.join(TRANSFORMS)}.")
    late = None if entry is None else np.asarray(entry, float)
    return TRANSFORMS[transform](np.asarray(time, float), event, late, np.asarray(at, float))


def score_test(parts: ScoreParts, g: FloatArray, terms: Sequence[IntArray | Sequence[int]]) -> ScoreTest:
    """Test each term, and all together, for a coefficient that changes with g(t).

    Parameters
    ----------
    parts : ScoreParts
        From `score_residual_parts`.
    g : array, shape (k,)
        Transformed time of each event group.
    terms : sequence of arrays of int
        The columns of each term: the dummies of a factor belong together.

    Returns
    -------
    ScoreTest
    """
    p = parts.schoenfeld.shape[1]
    g = np.asarray(g, float)
    g = g - parts.counts @ g / parts.counts.sum()  # changes no test, and keeps the blocks apart
    blocks = [parts.information(multiplier) for multiplier in (np.ones_like(g), g, g**2)]
    information = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    score = np.concatenate([np.zeros(p), g @ parts.schoenfeld])
    columns = [np.asarray(term, int) for term in terms] + [np.arange(p)]
    chisq = np.array([_quadratic(score, information, np.concatenate([np.arange(p), c + p])) for c in columns])
    df = np.array([c.size for c in columns])
    return ScoreTest(chisq=chisq, df=df, p=np.asarray(chdtrc(df, chisq)))


def _quadratic(score: FloatArray, information: FloatArray, kept: IntArray) -> float:
    """Return u' I^-1 u on the kept rows, in units that give the information a unit diagonal."""
    unit = np.sqrt(np.diag(information)[kept])
    scaled = score[kept] / unit
    correlation = information[np.ix_(kept, kept)] / np.outer(unit, unit)
    return float(scaled @ np.linalg.solve(correlation, scaled))
