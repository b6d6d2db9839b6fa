"""Trim and fill, and a step-function selection model: what if studies are missing? Sensitivity analyses both.

Conventions. Trim and fill (estimator L0) uses the pool's own methods; the side on which studies are missing is told by
the slope of a meta-regression on the standard error. The selection model (three parameters) lets studies whose
one-sided P exceeds a step be published with another probability than those below it, and fits mu, tau2 and that ratio
by maximum likelihood. Both assume that selection is the only cause of asymmetry.

References
----------
Duval S, Tweedie R 2000, doi:10.1111/j.0006-341X.2000.00455.x. Vevea JL, Hedges LV 1995, doi:10.1007/BF02294384.
Hedges LV, Vevea JL 2005, in Rothstein et al., Publication Bias in Meta-Analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import chdtrc, ndtr, ndtri

from ..errors import PoolingError
from ..wording import number, p_value
from .estimate import Pooled, pool_arrays
from .pool import arrays
from .pooled import PooledEffect
from .regression import fit_moderators
from .summary import Summary, need, summaries
from .tau2 import Array

__all__ = ["SelectionModel", "TrimAndFill", "selection_model", "trim_and_fill"]

Side = Literal["left", "right"]
_Data = tuple[Array, Array, Array, float]  # y, v, beyond the step (0 or 1), step
_FEW = 10
_ROUNDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimAndFill:
    """A sensitivity analysis: the pooled effect after adding mirror images of the most extreme studies.

    Attributes
    ----------
    k0 : int
        Studies added.
    side : "left" | "right"
        Where studies would be missing.
    filled : Summary
        The pooled effect with them.
    points, errors : tuple of float
        Of the studies added, on the analysis scale.
    notes : tuple of str
    """

    k0: int
    side: Side
    filled: Summary
    points: tuple[float, ...]
    errors: tuple[float, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.filled} [sensitivity analysis: {self.k0} studies added on the {self.side}]"


def trim_and_fill(pooled: PooledEffect, side: Side | None = None) -> TrimAndFill:
    """Fill the funnel by mirroring its most extreme studies (Duval and Tweedie's L0), as a sensitivity analysis.

    Parameters
    ----------
    pooled : PooledEffect
    side : "left" | "right", optional
        Where studies are thought to be missing; told by the data if None.

    Returns
    -------
    TrimAndFill
        The pool with the studies filled in.

    Raises
    ------
    PoolingError
        With fewer than three effects.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=f"S{i}", log_estimate=0.1 * i, se=0.1 + 0.02 * i, events=40 + i, n=200)
    ...     for i in range(10)
    ... ]
    >>> print(trim_and_fill(tr.pool(rows)))
    With studies filled in: 1.25 (0.97-1.60), P = 0.077 (k = 14) [sensitivity analysis: 4 studies added on the left]
    """
    need(pooled, 3, "Trim and fill")
    if side not in (None, "left", "right"):
        raise PoolingError(f"Unknown side {side!r}. Use left or right.")
    y, v = arrays(pooled.effects)
    chosen: Side = side or _missing_side(y, v, pooled)
    turned = -y if chosen == "right" else y
    order = np.argsort(turned, kind="stable")
    k0, centre = _trim(turned[order], v[order], pooled)
    extreme = order[pooled.k - k0 :]
    mirrored = (2 * centre - turned[extreme]) * (-1 if chosen == "right" else 1)
    both = np.concatenate([y, mirrored]), np.concatenate([v, v[extreme]])
    fit = _refit(*both, pooled)
    (filled,) = summaries(
        _one_row(fit), ["With studies filled in"], [len(both[0])], is_ratio=pooled.is_ratio, level=pooled.level
    )
    return TrimAndFill(
        k0=k0, side=chosen, filled=filled, points=tuple(mirrored.tolist()), errors=tuple(np.sqrt(v[extreme]).tolist()),
        notes=("A sensitivity analysis: it assumes that asymmetry is due to missing studies alone.", *_few(pooled.k)),
    )  # fmt: skip


def _few(k: int) -> tuple[str, ...]:
    return () if k >= _FEW else (f"Only {k} studies: too few to see asymmetry.",)


def _missing_side(y: Array, v: Array, pooled: PooledEffect) -> Side:
    if float(np.ptp(v)) <= 0:
        raise PoolingError("All studies are of one size, which tells no side; pass side='left' or 'right'.")
    x = np.column_stack([np.ones(len(y)), np.sqrt(v)])
    slope = fit_moderators(y, v, x, tau2=pooled.tau2_method).coefficients[1]
    return "right" if slope < 0 else "left"


def _refit(y: Array, v: Array, pooled: PooledEffect) -> Pooled:
    return pool_arrays(y, v, tau2=pooled.tau2_method, ci=pooled.ci_method)


def _one_row(fit: Pooled) -> Pooled:
    return Pooled(*(np.asarray(getattr(fit, name))[None] for name in Pooled.__slots__))


def _trim(y: Array, v: Array, pooled: PooledEffect) -> tuple[int, float]:
    """Find how many of the sorted studies have no mirror image, and the centre without them."""
    k, k0 = len(y), 0
    for _ in range(_ROUNDS):
        kept = k - k0
        centre = float(_refit(y[:kept], v[:kept], pooled).point) if kept > 1 else float(y[0])
        deviation = y - centre
        rank = np.empty(k)
        rank[np.argsort(np.abs(deviation), kind="stable")] = np.arange(1, k + 1)
        found = max(0, round((4 * rank[deviation > 0].sum() - k * (k + 1)) / (2 * k - 1)))
        if found == k0:
            return k0, centre
        k0 = min(found, k - 1)
    raise PoolingError("Trim and fill did not settle on a number of missing studies.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionModel:
    """A sensitivity analysis: the pooled effect if non-significant studies were published with another probability.

    Attributes
    ----------
    adjusted : Summary
        Mean of all studies, published or not (normal interval).
    step : float
        One-sided P that parts the studies.
    alternative : "greater" | "less"
        Direction that is thought to be published more readily.
    ratio, ratio_se : float
        Probability of publication above the step relative to below it.
    lrt, p_value : float
        Likelihood-ratio test of no selection (chi-squared, 1 df).
    below, above : int
        Studies on each side of the step.
    notes : tuple of str
    """

    adjusted: Summary
    step: float
    alternative: Literal["greater", "less"]
    ratio: float
    ratio_se: float
    lrt: float
    p_value: float
    below: int
    above: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.adjusted} [sensitivity analysis: publication ratio {number(self.ratio)}, "
            f"no selection {p_value(self.p_value, label=True)}]"
        )


def selection_model(
    pooled: PooledEffect, *, step: float = 0.025, alternative: Literal["greater", "less"] | None = None
) -> SelectionModel:
    """Fit a step-function selection model, as a sensitivity analysis.

    Parameters
    ----------
    pooled : PooledEffect
    step : float
        One-sided P below which studies are thought to be published more readily.
    alternative : "greater" | "less", optional
        The direction; by default that of the pooled effect.

    Returns
    -------
    SelectionModel
        The pool adjusted for selection, and how strong the selection is.

    Raises
    ------
    PoolingError
        If all studies lie on one side of the step, or there are fewer than ten.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=f"S{i}", log_estimate=0.1 * i, se=0.1 + 0.02 * i, events=40 + i, n=200)
    ...     for i in range(10)
    ... ]
    >>> print(str(selection_model(tr.pool(rows)))[:40])
    Adjusted for selection: 1.32 (0.99-1.75)
    """
    need(pooled, _FEW, "A selection model")
    if not 0 < step < 1:
        raise PoolingError(f"step is {step:g}; it is a one-sided P between 0 and 1, as 0.025.")
    y, v = arrays(pooled.effects)
    side = alternative or ("greater" if pooled.point >= 0 else "less")
    sign = 1.0 if side == "greater" else -1.0
    beyond = ndtr(-sign * y / np.sqrt(v)) > step
    if beyond.all() or not beyond.any():
        where = "above" if beyond.all() else "below"
        raise PoolingError(f"All studies have a one-sided P {where} {step:g}; a selection model needs both kinds.")
    mu, tau2, ratio, cov, loglik = _maximum(sign * y, v, beyond, step)
    lrt = max(0.0, 2 * (loglik - _without_selection(sign * y, v)))
    point, se = sign * mu, float(np.sqrt(cov[0, 0]))
    half = float(ndtri((1 + pooled.level) / 2)) * se
    adjusted = Summary(
        label="Adjusted for selection", point=point, se=se, low=point - half, high=point + half, k=pooled.k,
        p_value=float(2 * ndtr(-abs(point / se))), tau2=tau2, is_ratio=pooled.is_ratio,
    )  # fmt: skip
    return SelectionModel(
        adjusted=adjusted, step=step, alternative=side, ratio=ratio, ratio_se=float(np.sqrt(cov[-1, -1])), lrt=lrt,
        p_value=float(chdtrc(1, lrt)), below=int((~beyond).sum()), above=int(beyond.sum()),
        notes=("A sensitivity analysis: it assumes that selection by P alone explains asymmetry.",),
    )  # fmt: skip


def _loglik(theta: npt.NDArray[Any], data: _Data) -> complex:
    """Log likelihood of the published studies at (mu, tau2, ratio); takes complex numbers: its gradient is exact."""
    mu, tau2, ratio = theta
    y, v, beyond, step = data
    spread = np.sqrt(v + tau2)
    cut = np.sqrt(v) * ndtri(1 - step)
    published = ndtr((mu - cut) / spread)
    normal = -0.5 * ((y - mu) / spread) ** 2 - np.log(spread) - 0.5 * np.log(2 * np.pi)
    return complex((normal + np.log(ratio) * beyond - np.log(published + ratio * (1 - published))).sum())


def _gradient(theta: Array, data: _Data) -> Array:
    h = 1e-30
    steps = theta + 1j * h * np.eye(3)
    return np.array([_loglik(row, data).imag / h for row in steps])


def _maximum(y: Array, v: Array, beyond: Array, step: float) -> tuple[float, float, float, Array, float]:
    """Maximise over mu, tau2 >= 0 and the ratio > 0; return them, their covariance and the log likelihood."""
    data = (y, v, beyond.astype(float), step)
    start = pool_arrays(y, v, tau2="ml", ci="z")
    scale = float(v.mean())

    def natural(t: Array) -> Array:
        return np.array([t[0], scale * t[1] ** 2, np.exp(t[2])])

    def loss(t: Array) -> tuple[float, Array]:
        theta = natural(t)
        slope = _gradient(theta, data) * np.array([1.0, 2 * scale * t[1], theta[2]])
        return -_loglik(theta, data).real, -slope

    first = np.array([float(start.point), np.sqrt(max(float(start.tau2), 0.01 * scale) / scale), 0.0])
    found = minimize(loss, first, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 1000})
    theta = _polish(natural(found.x), data)
    free = [0, 1, 2] if theta[1] > 1e-8 * scale else [0, 2]
    information = -_hessian(theta, data)[np.ix_(free, free)]
    slope = float(np.abs(_gradient(theta, data)[free]).max())
    if not np.all(np.isfinite(information)) or np.linalg.eigvalsh(information).min() <= 0 or slope > 1e-5 * len(y):
        raise PoolingError("The selection model has no maximum: one side of the step holds too few studies.")
    cov = np.zeros((3, 3))
    cov[np.ix_(free, free)] = np.linalg.inv(information)
    return float(theta[0]), float(theta[1]), float(theta[2]), cov, _loglik(theta, data).real


def _hessian(theta: Array, data: _Data) -> Array:
    steps = 1e-6 * np.maximum(np.abs(theta), 1e-3)
    rows = [
        (_gradient(theta + d, data) - _gradient(theta - d, data)) / (2 * s)
        for d, s in zip(np.diag(steps), steps, strict=True)
    ]
    matrix = np.array(rows)
    return np.asarray((matrix + matrix.T) / 2)


def _polish(theta: Array, data: _Data) -> Array:
    """Take Newton steps on the natural scale, where the maximum lies inside."""
    for _ in range(20):
        if theta[1] <= 1e-8 * float(data[1].mean()):
            return np.array([theta[0], 0.0, theta[2]])
        move = np.linalg.solve(_hessian(theta, data), _gradient(theta, data))
        ahead = theta - move
        if ahead[1] <= 0 or ahead[2] <= 0 or _loglik(ahead, data).real < _loglik(theta, data).real - 1e-9:
            return theta
        theta = ahead
        if float(np.abs(move).max()) < 1e-13:
            return theta
    return theta


def _without_selection(y: Array, v: Array) -> float:
    fit = pool_arrays(y, v, tau2="ml", ci="z")
    spread = v + float(fit.tau2)
    return float((-0.5 * (y - float(fit.point)) ** 2 / spread - 0.5 * np.log(2 * np.pi * spread)).sum())
