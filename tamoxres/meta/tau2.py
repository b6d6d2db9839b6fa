"""Estimators of the between-study variance tau2, as functions of plain arrays.

Scale: estimates `y` are logs of ratios (or differences), `v` their sampling variances. Every estimator has the same
shape: `reml(y, v)` for one meta-analysis; `x` (k, p) for moderators (a column of ones when not given); `keep` (..., k)
of 0 and 1 for many meta-analyses of subsets at once, each row one analysis (or `y` and `v` of shape (..., k) for many
data sets of one size). All are cut off at 0.

References
----------
DerSimonian R, Laird N 1986, doi:10.1016/0197-2456(86)90046-2 (DL). Viechtbauer W 2005, doi:10.3102/10769986030003261
(ML, REML, HE). Paule RC, Mandel J 1982, doi:10.6028/jres.087.022 (PM). Sidik K, Jonkman JN 2005,
doi:10.1111/j.1467-9876.2005.00489.x (SJ). Morris CN 1983, doi:10.1080/01621459.1983.10477920 (EB).
Biggerstaff BJ, Tweedie RL 1997, Stat Med 16:753 (standard errors of the moment estimators).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import PoolingError
from ..vocabulary import Tau2 as Tau2Method

__all__ = [
    "TAU2", "Array", "Fit", "Tau2Method", "common", "dl", "eb", "he", "ml", "pm", "q_root", "reml", "sj", "tau2_se",
    "weighted_fit",
]  # fmt: skip

Array = npt.NDArray[np.float64]
_TIGHT = 1e-14  # relative change at which an iteration has ended; float64 carries about 2e-16
_MAX_STEPS = 2000
_GRID = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 5.0)  # in sizes of the variances or the spread
_CLEARLY = 1e-9  # a likelihood that is higher by less is the same maximum


@dataclass(frozen=True, slots=True)
class Fit:
    """A weighted least-squares fit of k estimates on p moderators.

    Attributes
    ----------
    w, residuals : array (..., k)
    coefficients : array (..., p)
    cov : array (..., p, p)
        Inverse of X'WX.
    """

    w: Array
    coefficients: Array
    residuals: Array
    cov: Array

    @property
    def q(self) -> Array:
        """Weighted residual sum of squares."""
        return np.asarray((self.w * self.residuals**2).sum(-1))


def _outer(x: Array) -> Array:
    """Row-wise products of the moderators, (k, p * p)."""
    return (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)


def _sandwich(w: Array, x: Array) -> Array:
    """X' diag(w) X for every row of weights, (..., p, p)."""
    p = x.shape[1]
    return (w @ _outer(x)).reshape(*w.shape[:-1], p, p)


def weighted_fit(y: Array, w: Array, x: Array) -> Fit:
    """Fit estimates (..., k) on moderators (k, p) with weights (..., k)."""
    gram = _sandwich(w, x)
    cov = np.asarray(1 / gram if x.shape[1] == 1 else np.linalg.inv(gram), dtype=float)
    coefficients = np.einsum("...pq,...q->...p", cov, (w * y) @ x)
    return Fit(w, coefficients, y - coefficients @ x.T, cov)


def _design(y: Array, x: Array | None, keep: Array | None) -> tuple[Array, Array, Array]:
    """Moderators, the 0/1 matrix of kept studies, and the residual degrees of freedom."""
    design = np.ones((y.shape[-1], 1)) if x is None else np.asarray(x, dtype=float)
    kept = np.ones(y.shape) if keep is None else np.asarray(keep, dtype=float)
    return design, kept, kept.sum(-1) - design.shape[1]


def _trace(a: Array, b: Array) -> Array:
    """Trace of the product of two (..., p, p) matrices."""
    return np.asarray((a * np.swapaxes(b, -1, -2)).sum((-2, -1)))


def _projection_traces(fit: Fit, x: Array) -> tuple[Array, Array]:
    """Traces of P and PP, where P = W - W X (X'WX)^-1 X'W."""
    w2 = fit.w * fit.w
    middle = fit.cov @ _sandwich(w2, x)
    trace_p = fit.w.sum(-1) - np.trace(middle, axis1=-2, axis2=-1)
    trace_pp = w2.sum(-1) - 2 * _trace(fit.cov, _sandwich(w2 * fit.w, x)) + _trace(middle, middle)
    return np.asarray(trace_p), np.asarray(trace_pp)


def common(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """Give no variance between studies (a common effect)."""
    return np.zeros(_design(y, x, keep)[1].shape[:-1])


def dl(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """DerSimonian-Laird: the moment of Cochran's Q with inverse-variance weights."""
    x, keep, df = _design(y, x, keep)
    fit = weighted_fit(y, keep / v, x)
    return np.maximum(0, (fit.q - df) / _projection_traces(fit, x)[0])


def he(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """Hedges: the moment of the unweighted sum of squares."""
    x, keep, df = _design(y, x, keep)
    fit = weighted_fit(y, keep, x)
    return np.maximum(0, (fit.q - _unweighted_trace(fit, v, x)) / df)


def _unweighted_trace(fit: Fit, v: Array, x: Array) -> Array:
    """Trace of P V for the unweighted projection P."""
    return np.asarray((fit.w * v).sum(-1) - _trace(fit.cov, _sandwich(fit.w * v, x)))


def sj(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """Sidik-Jonkman: one step from the raw variance of the estimates (always above 0 unless they are equal)."""
    x, keep, df = _design(y, x, keep)
    start = _raw_variance(y, keep)
    return start * weighted_fit(y, keep / (v + start[..., None]), x).q / df


def _raw_variance(y: Array, keep: Array) -> Array:
    k = keep.sum(-1)
    mean = (keep * y).sum(-1) / k
    return np.asarray((keep * (y - mean[..., None]) ** 2).sum(-1) / k)


def pm(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """Paule-Mandel: the tau2 at which the generalised Q equals its degrees of freedom."""
    x, keep, df = _design(y, x, keep)
    return q_root(y, v, df, x, keep)


def eb(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """Empirical Bayes: Morris' fixed point, which is the equation of Paule-Mandel."""
    return pm(y, v, x, keep)


def q_root(y: Array, v: Array, target: Array | float, x: Array | None = None, keep: Array | None = None) -> Array:
    """Find the tau2 at which the generalised Q falls to `target`, and 0 where it is below it from the start.

    Q falls and is convex in tau2, so that Newton's method from 0 climbs to the root and never passes it.
    """
    x, keep, _ = _design(y, x, keep)
    tau2 = np.zeros(keep.shape[:-1])
    for _ in range(_MAX_STEPS):
        fit = weighted_fit(y, keep / (v + tau2[..., None]), x)
        slope = (fit.w**2 * fit.residuals**2).sum(-1)
        excess = np.asarray(np.maximum(0, fit.q - target))
        step = np.divide(excess, slope, out=np.zeros_like(excess), where=excess > 0)
        tau2 = tau2 + step
        if np.all(step <= _TIGHT * tau2):
            return np.asarray(tau2)
    raise PoolingError("The generalised Q did not reach its target; the estimates or their errors are too extreme.")


def ml(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """Maximum likelihood: the highest of its maxima, by Fisher scoring from the Hedges estimate."""
    return _highest(y, v, x, keep, _ml_step)


def reml(y: Array, v: Array, x: Array | None = None, keep: Array | None = None) -> Array:
    """Restricted maximum likelihood: the highest of its maxima, by Fisher scoring from the Hedges estimate.

    A likelihood of a few studies, one of them much larger than the others, can have two maxima, one of them often at 0;
    scoring ends at the one that it comes to first. 0 and a grid of values are looked at too.
    """
    return _highest(y, v, x, keep, _reml_step)


def _ml_step(fit: Fit, x: Array) -> Array:
    w2 = fit.w * fit.w
    return np.asarray(((w2 * fit.residuals**2).sum(-1) - fit.w.sum(-1)) / w2.sum(-1))


def _reml_step(fit: Fit, x: Array) -> Array:
    trace_p, trace_pp = _projection_traces(fit, x)
    return np.asarray((((fit.w * fit.residuals) ** 2).sum(-1) - trace_p) / trace_pp)


def _loglik(y: Array, v: Array, x: Array, keep: Array, tau2: Array, *, restricted: bool) -> Array:
    """Log likelihood (restricted or not) of tau2, up to a constant."""
    total = v + tau2[..., None]
    fit = weighted_fit(y, keep / total, x)
    lost = (keep * np.log(total)).sum(-1) + fit.q
    if restricted:
        lost = lost - np.linalg.slogdet(fit.cov)[1]
    return np.asarray(-0.5 * lost)


def _highest(y: Array, v: Array, x: Array | None, keep: Array | None, step_at: Callable[[Fit, Array], Array]) -> Array:
    """Score from the Hedges estimate, and again from where a grid of values shows a higher likelihood."""
    design, kept, _ = _design(y, x, keep)
    found = _scoring(y, v, design, kept, step_at)
    shape = found.shape
    y, v, kept = (np.broadcast_to(a, kept.shape).reshape(-1, kept.shape[-1]) for a in (y, v, kept))
    best = np.atleast_1d(found).reshape(-1).copy()
    restricted = step_at is _reml_step
    height = _loglik(y, v, design, kept, best, restricted=restricted)
    size = np.maximum((kept * v).sum(-1) / kept.sum(-1), _raw_variance(y, kept))
    starts, highest = best.copy(), height.copy()
    for share in _GRID:
        value = share * size
        here = _loglik(y, v, design, kept, value, restricted=restricted)
        higher = here > highest + _CLEARLY * (1 + np.abs(highest))
        starts, highest = np.where(higher, value, starts), np.where(higher, here, highest)
    if (again := np.flatnonzero(starts != best)).size:
        tops = _scoring(y[again], v[again], design, kept[again], step_at, start=starts[again])
        better = _loglik(y[again], v[again], design, kept[again], tops, restricted=restricted) > height[again]
        best[again] = np.where(better, tops, best[again])
    return best.reshape(shape)


def _scoring(
    y: Array, v: Array, x: Array | None, keep: Array | None, step_at: Callable[[Fit, Array], Array],
    start: Array | None = None,
) -> Array:  # fmt: skip
    """Iterate tau2 += step; a step that turns round without shrinking is damped, so that it cannot swing for ever.

    Of many analyses at once, those that have ended are taken out.
    """
    x, keep, _ = _design(y, x, keep)
    shape = keep.shape[:-1]
    found = np.atleast_1d(he(y, v, x, keep) if start is None else start.copy())
    y, v, keep = (np.broadcast_to(a, keep.shape).reshape(-1, keep.shape[-1]) for a in (y, v, keep))
    todo, tau2, scale = np.arange(len(keep)), found.copy(), v.min()
    damping, before = np.ones_like(tau2), np.zeros_like(tau2)
    for _ in range(_MAX_STEPS):
        with np.errstate(divide="ignore", invalid="ignore"):
            step = step_at(weighted_fit(y, keep / (v + tau2[:, None]), x), x)
        if not np.all(np.isfinite(step)):
            break
        swings = (step * before < 0) & (np.abs(step) > 0.25 * np.abs(before))
        damping = np.where(swings, damping / 2, damping)
        moved = np.maximum(0, tau2 + damping * step)
        going = np.abs(moved - tau2) > _TIGHT * (moved + scale)
        found[todo] = moved
        if not going.any():
            return found.reshape(shape)
        tau2, before = moved, step
        if not going.all():
            todo, tau2, before, damping = todo[going], tau2[going], before[going], damping[going]
            y, v, keep = y[going], v[going], keep[going]
    raise PoolingError("The likelihood of tau2 did not converge. Use tau2='dl' or 'pm', and check the standard errors.")


TAU2: dict[str, Callable[..., Array]] = {
    "common": common, "dl": dl, "reml": reml, "ml": ml, "pm": pm, "he": he, "sj": sj, "eb": eb,
}  # fmt: skip


def tau2_se(method: Tau2Method, y: Array, v: Array, tau2: float, x: Array | None = None) -> float:
    """Return the large-sample standard error of tau2; with few studies the Q-profile interval is the better guide."""
    x, _, df = _design(y, x, None)
    w = 1 / (v + tau2)
    if method == "common":
        return 0.0
    if method == "ml":
        return float(np.sqrt(2 / (w**2).sum()))
    if method in ("pm", "eb"):
        return float(np.sqrt(2 * len(y) ** 2 / df) / w.sum())
    if method == "reml":
        return float(np.sqrt(2 / _projection_traces(weighted_fit(y, w, x), x)[1]))
    return _moment_se(method, y, v, tau2, x)


def _moment_se(method: str, y: Array, v: Array, tau2: float, x: Array) -> float:
    """Give the standard error of a moment estimator c (y'Py - a): y'Py is a quadratic form under V + tau2 I."""
    start = _raw_variance(y, np.ones(len(y)))
    base = {"dl": 1 / v, "he": np.ones(len(y)), "sj": 1 / (v + start)}[method]
    fit = weighted_fit(y, base, x)
    wx = base[:, None] * x
    p_matrix = np.diag(base) - wx @ fit.cov @ wx.T
    divisor = {"dl": np.trace(p_matrix), "he": len(y) - x.shape[1], "sj": (len(y) - x.shape[1]) / start}[method]
    pv = p_matrix * (v + tau2)
    return float(np.sqrt(2 * (pv * pv.T).sum()) / divisor)
