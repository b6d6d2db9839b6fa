"""Tests of small-study effects: whether small studies tell another story than large ones.

Conventions. Debray's tests regress the log hazard ratio on 1 / events: `fiv` weights by the inverse variance, `fav` by
1 / (1 / events_1 + 1 / events_0), which does not share its error with the estimate; both need events. Egger's test
regresses on the standard error with inverse-variance weights. All three are weighted least squares with a
multiplicative dispersion, tested by t on k - 2. Begg's test is Kendall's tau between standardised deviations and
variances. None is done below ten studies. An asymmetric funnel has many causes; publication bias is one.

References
----------
Debray TPA, Moons KGM, Riley RD 2018, doi:10.1002/jrsm.1266. Egger M et al. 1997, doi:10.1136/bmj.315.7109.629.
Begg CB, Mazumdar M 1994, doi:10.2307/2533446. Sterne JAC et al. 2011, doi:10.1136/bmj.d4002 (ten studies).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..wording import number, p_value
from .pool import arrays
from .pooled import PooledEffect
from .tau2 import Array, weighted_fit

__all__ = ["Asymmetry", "AsymmetryTest", "kendall", "rank_test", "refuse_one_size", "regression_test", "small_study"]

AsymmetryTest = Literal["fiv", "fav", "egger", "begg"]
MINIMUM = 10
_EXACT_UP_TO = 100  # without ties; the normal P is within 0.001 of the exact one beyond
_NAMES = {
    "fiv": "Debray's test on 1 / events (inverse-variance weights)",
    "fav": "Debray's test on 1 / events (weights by events)",
    "egger": "Egger's test", "begg": "Begg's rank test",
}  # fmt: skip
_HAZARD_RATIOS = ("HR", "sHR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asymmetry:
    """A test of funnel asymmetry.

    Attributes
    ----------
    method : "fiv" | "fav" | "egger" | "begg"
    statistic : float
        t of the slope, or Kendall's tau.
    df : float or None
        None for the rank test.
    p_value : float
        Two-sided.
    slope, intercept, intercept_low, intercept_high : float or None
        Of the line in the funnel, on the analysis scale; the intercept is the effect a study without error (or with
        endless events) would show. None for the rank test.
    k : int
        Studies used.
    without_events : tuple of str
        Studies that could not be used because their row gives no events.
    """

    method: AsymmetryTest
    statistic: float
    p_value: float
    k: int
    df: float | None = None
    slope: float | None = None
    intercept: float | None = None
    intercept_low: float | None = None
    intercept_high: float | None = None
    without_events: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = (
            f"t {number(self.statistic)} on {self.df:g} df" if self.df is not None else f"tau {number(self.statistic)}"
        )
        lines = [f"{_NAMES[self.method]}: {what}, {p_value(self.p_value, label=True)} ({self.k} studies)"]
        if self.without_events:
            lines.append(f"Not used, no events in the row: {', '.join(self.without_events)}")
        return "\n".join(lines)


def small_study(pooled: PooledEffect, method: AsymmetryTest | None = None) -> Asymmetry:
    """Test whether small studies show other effects than large ones.

    Parameters
    ----------
    pooled : PooledEffect
    method : "fiv" | "fav" | "egger" | "begg", optional
        By default Debray's `fiv` for hazard ratios, and Egger's test for other measures.

    Returns
    -------
    Asymmetry
        The test, its statistic and P.

    Raises
    ------
    PoolingError
        With fewer than ten studies that can be used; the message names those without events.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=f"S{i}", log_estimate=0.1 * (i % 4), se=0.1 + 0.02 * i, events=100 - 7 * i, n=200)
    ...     for i in range(10)
    ... ]
    >>> print(small_study(tr.pool(rows)))
    Debray's test on 1 / events (inverse-variance weights): t 0.58 on 8 df, P = 0.577 (10 studies)
    """
    chosen = method or ("fiv" if pooled.measure in _HAZARD_RATIOS else "egger")
    if chosen not in _NAMES:
        raise PoolingError(f"Unknown method {chosen!r}. Use one of {', '.join(_NAMES)}.")
    usable, lacking = _with_events(pooled, chosen)
    if len(usable) < MINIMUM:
        why = (
            f"; no events are given for {', '.join(lacking[:3])}{', ...' if len(lacking) > 3 else ''}"
            if lacking
            else ""
        )
        raise PoolingError(f"{_NAMES[chosen]} needs at least {MINIMUM} studies; {len(usable)} can be used{why}.")
    y, v = arrays(usable)
    if chosen == "begg":
        tau, p = rank_test(y, v)
        return Asymmetry(method=chosen, statistic=tau, p_value=p, k=len(y))
    predictor, weights = _predictor(usable, v, chosen)
    return regression_test(y, predictor, weights, method=chosen, level=pooled.level, without_events=tuple(lacking))


def _with_events(pooled: PooledEffect, method: str) -> tuple[list[EffectEstimate], list[str]]:
    needed = {"fiv": ("events",), "fav": ("events_1", "events_0")}.get(method, ())
    told = [all(getattr(effect, name) is not None for name in needed) for effect in pooled.effects]
    usable = [effect for effect, is_told in zip(pooled.effects, told, strict=True) if is_told]
    return usable, [effect.label for effect, is_told in zip(pooled.effects, told, strict=True) if not is_told]


def _predictor(effects: list[EffectEstimate], v: Array, method: str) -> tuple[Array, Array]:
    """Return the predictor and the weights of a regression test; no events count as one (half a one in each group)."""
    if method == "egger":
        return np.sqrt(v), 1 / v
    if method == "fiv":
        return 1 / np.maximum([float(effect.events or 0) for effect in effects], 1), 1 / v
    ones = np.array([float(effect.events_1 or 0) for effect in effects])
    zeros = np.array([float(effect.events_0 or 0) for effect in effects])
    empty = 0.5 * ((ones == 0) | (zeros == 0))
    ones, zeros = ones + empty, zeros + empty
    return 1 / (ones + zeros), 1 / (1 / ones + 1 / zeros)


def regression_test(
    y: Array,
    predictor: Array,
    weights: Array,
    *,
    method: AsymmetryTest = "egger",
    level: float = 0.95,
    without_events: tuple[str, ...] = (),
) -> Asymmetry:
    """Regress estimates (k,) on a predictor of precision with weights, dispersion left free, and test the slope."""
    x = np.column_stack([np.ones(len(y)), predictor])
    refuse_one_size(predictor)
    fit, df = weighted_fit(y, weights, x), len(y) - 2
    if float(fit.q) <= 0:
        raise PoolingError("The effects lie exactly on a line; a test of small-study effects needs scatter.")
    se = np.sqrt(np.diag(fit.cov) * fit.q / df)
    t = float(fit.coefficients[1] / se[1])
    half = float(stdtrit(df, (1 + level) / 2)) * float(se[0])
    intercept = float(fit.coefficients[0])
    return Asymmetry(
        method=method, statistic=t, df=df, p_value=float(2 * stdtr(df, -abs(t))), slope=float(fit.coefficients[1]),
        intercept=intercept, intercept_low=intercept - half, intercept_high=intercept + half, k=len(y),
        without_events=without_events,
    )  # fmt: skip


def refuse_one_size(sizes: Array) -> None:
    """Refuse studies that are all of one size, which tell nothing of small ones."""
    if float(np.ptp(sizes)) <= 0:
        raise PoolingError("All studies are of one size; a test of small-study effects needs different sizes.")


def rank_test(y: Array, v: Array) -> tuple[float, float]:
    """Return Begg's Kendall tau between standardised deviations from the common effect and variances, and its P."""
    refuse_one_size(v)
    w = 1 / v
    deviation = (y - (w * y).sum() / w.sum()) / np.sqrt(v - 1 / w.sum())
    return kendall(deviation, v)


def kendall(a: Array, b: Array) -> tuple[float, float]:
    """Return Kendall's tau-b and its two-sided P: exact up to 100 without ties, else normal, ties in its variance."""
    n = len(a)
    signs = np.sign(a[:, None] - a) * np.sign(b[:, None] - b)
    s = float(np.triu(signs, 1).sum())
    ties = [np.unique(values, return_counts=True)[1].astype(float) for values in (a, b)]
    pairs = n * (n - 1) / 2
    free = [pairs - (t * (t - 1)).sum() / 2 for t in ties]
    tau = s / float(np.sqrt(free[0] * free[1]))
    if n <= _EXACT_UP_TO and all(len(t) == n for t in ties):
        return tau, _exact_kendall(n, round((pairs + s) / 2))
    return tau, float(2 * ndtr(-abs(s) / np.sqrt(_kendall_variance(n, ties))))


def _kendall_variance(n: int, ties: list[Array]) -> float:
    """Variance of Kendall's score under independence, with ties (Kendall 1970)."""

    def total(of: Callable[[Array], Array]) -> tuple[float, float]:
        return float(of(ties[0]).sum()), float(of(ties[1]).sum())

    a1, b1 = total(lambda t: t * (t - 1))
    a2, b2 = total(lambda t: t * (t - 1) * (t - 2))
    a3, b3 = total(lambda t: t * (t - 1) * (2 * t + 5))
    main = (n * (n - 1) * (2 * n + 5) - a3 - b3) / 18
    return main + a2 * b2 / (9 * n * (n - 1) * (n - 2)) + a1 * b1 / (2 * n * (n - 1))


def _exact_kendall(n: int, concordant: int) -> float:
    """Two-sided P of the number of concordant pairs: permutations of n by their number of inversions."""
    counts = np.array([1.0])
    for size in range(2, n + 1):
        counts = np.convolve(counts, np.full(size, 1.0 / size))
    tail = counts[: concordant + 1].sum() if concordant <= (len(counts) - 1) / 2 else counts[concordant:].sum()
    return min(1.0, 2 * float(tail))
