"""Curves and the log-rank test of sampled patients: weighted estimates with robust standard errors.

Conventions: a weight says how many patients one stands for; multiplying all weights by a number changes nothing. The
standard error of a risk is the infinitesimal jackknife, the root of the sum over patients of (weight x influence)^2, as
in R's `survfit(..., robust = TRUE)`; survival is one less the risk of a single cause. Numbers at risk and events that a
reader sees count patients. The log-rank test is the robust score test of a Cox model by Breslow (`coxph`'s `rscore`).

References
----------
Therneau TM, Grambsch PM 2000, Modeling Survival Data, chapter 7. Binder DA 1992, Biometrika 79:139.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..vocabulary import FloatArray, IntArray

__all__ = ["RobustScore", "WeightedIncidence", "robust_score", "weighted_incidence"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedIncidence:
    """The weighted risk of each cause just after each distinct follow-up time, with its robust standard error.

    Attributes
    ----------
    time : array of float, shape (k,)
    incidence, se : array of float, shape (causes, k)
    """

    time: FloatArray
    incidence: FloatArray
    se: FloatArray


def weighted_incidence(
    time: FloatArray, event: IntArray, weight: FloatArray, entry: FloatArray | None = None, *, causes: int = 1
) -> WeightedIncidence:
    """Estimate the cumulative incidence of each cause from sampled patients.

    Parameters
    ----------
    time : array of float, shape (n,)
    event : array of int, shape (n,)
        0 censored, 1 ... `causes` the cause; anything above is censored.
    weight : array of float, shape (n,)
        Above 0.
    entry : array of float, shape (n,), optional
        Delayed entry, before `time`.
    causes : int

    Returns
    -------
    WeightedIncidence

    Examples
    --------
    >>> import numpy as np
    >>> months, weight = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 2.0, 2.0])
    >>> found = weighted_incidence(months, np.array([1, 0, 1, 0]), weight)
    >>> (1 - found.incidence[0]).round(4).tolist()
    [0.8333, 0.8333, 0.4167, 0.4167]
    """
    steps = _Steps.of(time, event, weight, entry, causes)
    se = np.stack([_jackknife(steps, cause) for cause in range(causes)])
    return WeightedIncidence(time=steps.time, incidence=np.cumsum(steps.jump, axis=1), se=se)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Steps:
    """The product limit of all causes, and where each patient's observation begins and ends in it.

    Attributes
    ----------
    time, at_risk : array, shape (k,)
        Distinct times, and the weight then at risk.
    jump : array, shape (causes, k)
        What the incidence of each cause gains.
    before : array, shape (k,)
        Survival just before each time.
    hazard : array, shape (causes, k)
    leaving : array, shape (k,)
        1 / (weight at risk less weight of all events); 0 where nobody is left.
    ends, begins : array of int, shape (n,)
        Position of the last time under observation; number of times at or before entry.
    cause : array of int, shape (n,)
    weight : array, shape (n,)
    """

    time: FloatArray
    at_risk: FloatArray
    jump: FloatArray
    before: FloatArray
    hazard: FloatArray
    leaving: FloatArray
    ends: IntArray
    begins: IntArray
    cause: IntArray
    weight: FloatArray

    @classmethod
    def of(cls, time: FloatArray, event: IntArray, weight: FloatArray, entry: FloatArray | None, causes: int) -> _Steps:
        times, ends = np.unique(time, return_inverse=True)
        k = times.size
        cause = np.where((event >= 1) & (event <= causes), event, 0)
        begins = np.zeros(time.size, int) if entry is None else np.searchsorted(times, entry, side="right")
        at_risk = _left_over(weight, ends, k) - _left_over(weight, begins - 1, k)
        d = np.stack([np.bincount(ends, weight * (cause == c), k) for c in range(1, causes + 1)])
        hazard = d / at_risk
        after = np.cumprod(1 - d.sum(axis=0) / at_risk)
        before = np.concatenate([[1.0], after[:-1]])
        rest = at_risk - d.sum(axis=0)
        nobody = rest <= 1e-12 * at_risk
        return cls(
            time=times, at_risk=at_risk, jump=before * hazard, before=before, hazard=hazard,
            leaving=np.where(nobody, 0.0, 1 / np.where(nobody, 1.0, rest)), ends=ends, begins=begins, cause=cause,
            weight=weight,
        )  # fmt: skip


def _left_over(weight: FloatArray, last: IntArray, k: int) -> FloatArray:
    """Sum, at each of k positions, the weights of those whose last position is at or after it."""
    inside = last >= 0
    sums = np.bincount(last[inside], weight[inside], k)[:k]
    return np.asarray(np.cumsum(sums[::-1])[::-1])


def _jackknife(steps: _Steps, cause: int) -> FloatArray:
    """Return the standard error of one cause's incidence F just after each time.

    While patient i is watched from e on, its influence at t is K(t) - G(t) + b + c F(t); once its watch has ended at T
    it is p - a (F(t) - F(T)), a being its influence on the log survival (H, G and K are sums over times).
    """
    total = steps.hazard.sum(axis=0)
    h = _sums(total * steps.leaving)
    g = _sums(steps.before * steps.hazard[cause] / steps.at_risk)
    f = _sums(steps.jump[cause])
    k = _sums(h[:-1] * steps.jump[cause])
    e, t = steps.begins, steps.ends + 1
    c = -h[e]
    b = g[e] - k[e] + h[e] * f[e]
    died = steps.cause > 0
    a = died * steps.leaving[steps.ends] - (h[t] - h[e])
    own = (steps.cause == cause + 1) * (steps.before / steps.at_risk)[steps.ends]
    p = k[t] - g[t] + b + c * f[t] + own
    w2, n = steps.weight**2, steps.time.size
    parts = (p + a * f[t]) ** 2, (p + a * f[t]) * a, a**2
    ended = [np.cumsum(np.bincount(steps.ends, w2 * part, n)).astype(float) for part in parts]
    watched = [
        _left_over(w2 * part, steps.ends - 1, n) - _left_over(w2 * part, e - 1, n)
        for part in (np.ones_like(b), b, c, b**2, b * c, c**2)
    ]
    late, risk = (k - g)[1:], f[1:]
    variance = ended[0] - 2 * risk * ended[1] + risk**2 * ended[2]
    variance += late**2 * watched[0] + 2 * late * (watched[1] + risk * watched[2])
    variance += watched[3] + 2 * risk * watched[4] + risk**2 * watched[5]
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _sums(values: FloatArray) -> FloatArray:
    """Return running sums with a 0 before them."""
    return np.concatenate([[0.0], np.cumsum(values)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobustScore:
    """Weighted observed and expected events of each group, and the robust covariance of their difference.

    Attributes
    ----------
    observed, expected : array of float, shape (g,)
    variance : array of float, shape (g, g)
    """

    observed: FloatArray
    expected: FloatArray
    variance: FloatArray


def robust_score(
    time: FloatArray,
    event: IntArray,
    group: IntArray,
    weight: FloatArray,
    entry: FloatArray | None = None,
    *,
    groups: int,
) -> RobustScore:
    """Compare hazards between groups of sampled patients, within one stratum.

    Parameters
    ----------
    time, event, group, weight : array, shape (n,)
        `event` is 1 for an event; `group` numbers the groups from 0.
    entry : array of float, shape (n,), optional
    groups : int
        How many groups there are, in this stratum or not.

    Returns
    -------
    RobustScore
    """
    steps = _Steps.of(time, (np.asarray(event) == 1).astype(int), weight, entry, 1)
    n, inside = steps.time.size, np.eye(groups)[group]
    at_risk = np.stack([
        _left_over(weight * one, steps.ends, n) - _left_over(weight * one, steps.begins - 1, n) for one in inside.T
    ])  # fmt: skip
    mean = at_risk / steps.at_risk
    hazard = _sums(steps.hazard[0])
    drift = np.stack([_sums(steps.hazard[0] * one) for one in mean], axis=1)
    spent = (hazard[steps.ends + 1] - hazard[steps.begins])[:, None] * inside
    spent -= drift[steps.ends + 1] - drift[steps.begins]
    died = (steps.cause == 1)[:, None]
    residual = weight[:, None] * (died * (inside - mean.T[steps.ends]) - spent)
    observed = (weight[:, None] * died * inside).sum(axis=0)
    expected = (steps.hazard[0] * at_risk).sum(axis=1)
    return RobustScore(observed=observed, expected=expected, variance=residual.T @ residual)
