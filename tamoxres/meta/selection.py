"""Trim and fill, and a step-function selection model: what if studies are missing? Sensitivity analyses both.

Conventions. Trim and fill (estimator L0) uses the pool's own methods; the side on which studies are missing is told by
the slope of a meta-regression on the standard error. The selection model lets studies whose one-sided P exceeds a step
(or lies between two) be published with another probability than those below the first, and fits mu, tau2 and that ratio
(or those ratios) by maximum likelihood. Both assume that selection is the only cause of asymmetry.

References
----------
Duval S, Tweedie R 2000, doi:10.1111/j.0006-341X.2000.00455.x. Vevea JL, Hedges LV 1995, doi:10.1007/BF02294384.
Hedges LV, Vevea JL 2005, in Rothstein et al., Publication Bias in Meta-Analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_Data = tuple[Array, Array, npt.NDArray[np.intp], Array]  # y, v, steps passed by each study, steps
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
    steps : tuple of float (J,)
        One-sided P values that part the studies.
    alternative : "greater" | "less"
        Direction that is thought to be published more readily.
    ratios, ratio_ses : tuple of float (J,)
        Probability of publication above each step (and below the next) relative to below the first.
    lrt, p_value : float
        Likelihood-ratio test of no selection (chi-squared, J df).
    counts : tuple of int (J + 1,)
        Studies between the steps.
    notes : tuple of str
    """

    adjusted: Summary
    steps: tuple[float, ...]
    alternative: Literal["greater", "less"]
    ratios: tuple[float, ...]
    ratio_ses: tuple[float, ...]
    lrt: float
    p_value: float
    counts: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """Probability of publication above the first step relative to below it."""
        return self.ratios[0]

    @property
    def ratio_se(self) -> float:
        """Standard error of the first ratio."""
        return self.ratio_ses[0]

    def __str__(self) -> str:
        named = "publication ratio" if len(self.ratios) == 1 else "publication ratios"
        return (
            f"{self.adjusted} [sensitivity analysis: {named} {', '.join(number(ratio) for ratio in self.ratios)}, "
            f"no selection {p_value(self.p_value, label=True)}]"
        )


def selection_model(
    pooled: PooledEffect,
    *,
    step: float | Sequence[float] = 0.025,
    alternative: Literal["greater", "less"] | None = None,
) -> SelectionModel:
    """Fit a step-function selection model, as a sensitivity analysis.

    Parameters
    ----------
    pooled : PooledEffect
    step : float, or sequence of float
        One-sided P below which studies are thought to be published more readily; several, such as (0.025, 0.5), part
        the studies into as many groups and one, each but the first with its ratio.
    alternative : "greater" | "less", optional
        The direction; by default that of the pooled effect.

    Returns
    -------
    SelectionModel
        The pool adjusted for selection, and how strong the selection is.

    Raises
    ------
    PoolingError
        If there are no studies between two steps or on one side of the only one, or there are fewer than ten.

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
    steps = _steps(step)
    y, v = arrays(pooled.effects)
    side = alternative or ("greater" if pooled.point >= 0 else "less")
    sign = 1.0 if side == "greater" else -1.0
    passed = (ndtr(-sign * y / np.sqrt(v))[:, None] > steps).sum(1)
    counts = np.bincount(passed, minlength=len(steps) + 1)
    _refuse_empty(counts, steps)
    theta, cov, loglik = _maximum((sign * y, v, passed, steps))
    mu, tau2 = float(theta[0]), float(theta[1])
    lrt = max(0.0, 2 * (loglik - _without_selection(sign * y, v)))
    point, se = sign * mu, float(np.sqrt(cov[0, 0]))
    half = float(ndtri((1 + pooled.level) / 2)) * se
    adjusted = Summary(
        label="Adjusted for selection", point=point, se=se, low=point - half, high=point + half, k=pooled.k,
        p_value=float(2 * ndtr(-abs(point / se))), tau2=tau2, is_ratio=pooled.is_ratio,
    )  # fmt: skip
    return SelectionModel(
        adjusted=adjusted, steps=tuple(steps.tolist()), alternative=side, ratios=tuple(theta[2:].tolist()),
        ratio_ses=tuple(np.sqrt(np.diag(cov)[2:]).tolist()), lrt=lrt, p_value=float(chdtrc(len(steps), lrt)),
        counts=tuple(counts.tolist()),
        notes=("A sensitivity analysis: it assumes that selection by P alone explains asymmetry.",),
    )  # fmt: skip


def _steps(step: float | Sequence[float]) -> Array:
    """Return the steps in order."""
    steps = np.unique(np.atleast_1d(np.asarray(step, dtype=float)))
    if not len(steps) or not np.all((steps > 0) & (steps < 1)):
        wrong = next((value for value in steps.tolist() if not 0 < value < 1), "empty")
        raise PoolingError(f"step is {wrong}; it is a one-sided P between 0 and 1, as 0.025.")
    return steps


def _refuse_empty(counts: npt.NDArray[np.intp], steps: Array) -> None:
    """Refuse steps between which no study lies."""
    if counts.all():
        return
    if len(steps) == 1:
        where = "above" if not counts[0] else "below"
        raise PoolingError(f"All studies have a one-sided P {where} {steps[0]:g}; a selection model needs both kinds.")
    edges, empty = [0.0, *steps.tolist(), 1.0], int(np.flatnonzero(counts == 0)[0])
    raise PoolingError(
        f"No study has a one-sided P between {edges[empty]:g} and {edges[empty + 1]:g}; choose steps with studies "
        "on each side."
    )


def _loglik(theta: npt.NDArray[Any], data: _Data) -> complex:
    """Log likelihood of the published studies at (mu, tau2, ratios); takes complex numbers: its gradient is exact."""
    mu, tau2 = theta[:2]
    ratios = np.concatenate([[1.0], theta[2:]])
    y, v, passed, steps = data
    spread = np.sqrt(v + tau2)
    below = ndtr((mu - np.sqrt(v) * ndtri(1 - steps)[:, None]) / spread)  # probability of a P below each step
    shares = np.diff(np.vstack([np.zeros_like(below[:1]), below, np.ones_like(below[:1])]), axis=0)
    normal = -0.5 * ((y - mu) / spread) ** 2 - np.log(spread) - 0.5 * np.log(2 * np.pi)
    return complex((normal + np.log(ratios)[passed] - np.log(ratios @ shares)).sum())


def _gradient(theta: Array, data: _Data) -> Array:
    h = 1e-30
    aside = theta + 1j * h * np.eye(len(theta))
    return np.array([_loglik(row, data).imag / h for row in aside])


def _maximum(data: _Data) -> tuple[Array, Array, float]:
    """Maximise over mu, tau2 >= 0 and ratios > 0; return them, their covariance and the log likelihood."""
    y, v, _, steps = data
    start = pool_arrays(y, v, tau2="ml", ci="z")
    scale = float(v.mean())

    def natural(t: Array) -> Array:
        return np.concatenate([[t[0], scale * t[1] ** 2], np.exp(t[2:])])

    def loss(t: Array) -> tuple[float, Array]:
        theta = natural(t)
        slope = _gradient(theta, data) * np.concatenate([[1.0, 2 * scale * t[1]], theta[2:]])
        return -_loglik(theta, data).real, -slope

    spread = np.sqrt(max(float(start.tau2), 0.01 * scale) / scale)
    first = np.array([float(start.point), spread, *np.zeros(len(steps))])
    found = minimize(loss, first, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 1000})
    theta = _polish(natural(found.x), data)
    free = _free(theta)
    information = -_hessian(theta, data)[np.ix_(free, free)]
    slope = float(np.abs(_gradient(theta, data)[free]).max())
    if not np.all(np.isfinite(information)) or np.linalg.eigvalsh(information).min() <= 0 or slope > 1e-5 * len(y):
        raise PoolingError("The selection model has no maximum: one side of the step holds too few studies.")
    cov = np.zeros((len(theta), len(theta)))
    cov[np.ix_(free, free)] = np.linalg.inv(information)
    return theta, cov, _loglik(theta, data).real


def _free(theta: Array) -> list[int]:
    """Return the parameters inside their bounds: all, or all but tau2 at 0."""
    return [i for i in range(len(theta)) if i != 1 or theta[1] > 0]


def _hessian(theta: Array, data: _Data) -> Array:
    steps = 1e-6 * np.maximum(np.abs(theta), 1e-3)
    rows = [
        (_gradient(theta + d, data) - _gradient(theta - d, data)) / (2 * s)
        for d, s in zip(np.diag(steps), steps, strict=True)
    ]
    matrix = np.array(rows)
    return np.asarray((matrix + matrix.T) / 2)


def _polish(theta: Array, data: _Data) -> Array:
    """Take Newton steps on the natural scale, tau2 held at 0 where it has come there."""
    if theta[1] <= 1e-8 * float(data[1].mean()):
        theta = np.where(np.arange(len(theta)) == 1, 0.0, theta)
    free = _free(theta)
    for _ in range(20):
        move = np.zeros(len(theta))
        move[free] = np.linalg.solve(_hessian(theta, data)[np.ix_(free, free)], _gradient(theta, data)[free])
        ahead = theta - move
        if ahead[1:].min() < 0 or _loglik(ahead, data).real < _loglik(theta, data).real - 1e-9:
            return theta
        theta = ahead
        if float(np.abs(move).max()) < 1e-13:
            return theta
    return theta


def _without_selection(y: Array, v: Array) -> float:
    fit = pool_arrays(y, v, tau2="ml", ci="z")
    spread = v + float(fit.tau2)
    return float((-0.5 * (y - float(fit.point)) ** 2 / spread - 0.5 * np.log(2 * np.pi * spread)).sum())
