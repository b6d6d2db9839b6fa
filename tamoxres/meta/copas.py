"""The Copas selection model over a grid of how likely small and large studies were published: a sensitivity analysis.

Conventions. A study of standard error s is published if g0 + g1 / s + d > 0, where d is a standard normal error that
correlates with the study's own (rho): where rho is not 0, published estimates are displaced. (g0, g1) cannot be learnt
from the studies; each point of the grid gives the probabilities of publication of the study with the largest and with
the smallest standard error, from which they follow. At each point mu, rho and tau are fitted by maximum likelihood
(|rho| at most 0.9999); s^2 is taken as the variance given publication (Copas & Shi 2000). The test of what asymmetry is
left adds a slope in the standard error to the mean (likelihood ratio, 1 df). Intervals are normal.

References
----------
Copas J, Shi JQ 2000, doi:10.1093/biostatistics/1.3.247. Copas JB, Shi JQ 2001, doi:10.1177/096228020101000402.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, log_ndtr, ndtr, ndtri

from ..errors import PoolingError
from ..tables.cells import count_cell, interval_cell, p_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import one_or_more
from ..wording import number, percent
from .bias import MINIMUM, refuse_one_size
from .missing import as_pooled
from .pool import arrays
from .pooled import PooledEffect
from .summary import Summary, need
from .tau2 import Array

__all__ = ["Copas", "CopasPoint", "copas"]

_LARGEST_SE = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
_MOST_RHO = 0.9999
_STARTS = tuple(product((-0.9, -0.4, 0.05, 0.4, 0.9), (0.1, 1.0)))  # rho; tau in standard deviations of the estimates
_H = 1e-30  # step of complex differentiation, which loses no digits
_Data = tuple[Array, Array, Array]  # y, s, u = g0 + g1 / s


@dataclass(frozen=True, slots=True, kw_only=True)
class CopasPoint:
    """The model at one point of the grid.

    Attributes
    ----------
    largest_se, smallest_se : float
        Assumed probability that the study with that standard error was published.
    adjusted : Summary
        Mean of all studies, published or not; its error is NaN where rho or tau lies on its bound.
    rho, tau : float
        Correlation of publication with a study's error; standard deviation between studies.
    loglik : float
        Log likelihood of the published studies.
    lrt, residual_p : float
        Likelihood-ratio test of asymmetry that is left (1 df).
    unpublished : float
        Studies not published, by the probabilities of those that were.
    """

    largest_se: float
    smallest_se: float
    adjusted: Summary
    rho: float
    tau: float
    loglik: float
    lrt: float
    residual_p: float
    unpublished: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Copas(ShowsTable):
    """A sensitivity analysis: the pooled effect under selection of growing strength.

    Attributes
    ----------
    pooled : Summary
        As it was pooled.
    points : tuple of CopasPoint
        From the weakest selection to the strongest.
    """

    pooled: Summary
    points: tuple[CopasPoint, ...]

    @property
    def enough(self) -> CopasPoint | None:
        """The weakest selection of the grid that leaves no asymmetry (P of what is left above 0.10); None if none."""
        return next((point for point in self.points if point.residual_p > 0.10), None)

    def table(self) -> Table:
        """Return one row a point: probabilities assumed, adjusted effect, rho, studies missing, asymmetry left."""
        heads = ("Published, largest SE", "Published, smallest SE", "Adjusted (95% CI)", "P", "rho", "tau",
                 "Studies missing", "P of asymmetry left")  # fmt: skip
        kinds = ("text", "text", "ratio", "p", "number", "number", "count", "p")
        first = Row((Cell("all"), Cell("all"), *_effect(self.pooled), Cell(), Cell(), Cell(), Cell()))
        return Table(
            title="Copas selection model",
            columns=tuple(Column(head, kind) for head, kind in zip(heads, kinds, strict=True)),  # type: ignore[arg-type]
            rows=(first, *map(_row, self.points)),
            footnotes=(
                "A sensitivity analysis: the probabilities of publication are assumed, and cannot be learnt from the "
                "studies. First row: as pooled.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        found = self.enough
        if found is None:
            return "Copas selection model: no selection of the grid explains the asymmetry [sensitivity analysis]"
        where = f"if {percent(found.largest_se)} of studies of the largest error were published"
        return f"{found.adjusted}, {where} [sensitivity analysis: the weakest selection that leaves no asymmetry]"


def _effect(row: Summary) -> tuple[Cell, Cell]:
    if not math.isfinite(row.se):
        return Cell(number(row.estimate) + " (NE)"), Cell("NE")
    return interval_cell((row.estimate, row.ci_low, row.ci_high), is_ratio=row.is_ratio), p_cell(row.p_value)


def _row(point: CopasPoint) -> Row:
    return Row((
        Cell(percent(point.largest_se)), Cell(percent(point.smallest_se)), *_effect(point.adjusted),
        Cell(number(point.rho)), Cell(number(point.tau)), count_cell(round(point.unpublished)),
        p_cell(point.residual_p),
    ))  # fmt: skip


def copas(
    pooled: PooledEffect, *, largest_se: float | tuple[float, ...] = _LARGEST_SE,
    smallest_se: float | tuple[float, ...] = 0.99,
) -> Copas:  # fmt: skip
    """Fit the Copas selection model over a grid of probabilities of publication, as a sensitivity analysis.

    Parameters
    ----------
    pooled : PooledEffect
        Of ten studies at least, not all of one size.
    largest_se, smallest_se : float or tuple of float
        Probabilities that the study with the largest, and with the smallest, standard error was published; pairs in
        which the larger error has the higher probability are left out.

    Returns
    -------
    Copas
        `points`, `enough`, `table()`.

    Raises
    ------
    PoolingError
        With fewer than ten studies, studies of one size, or probabilities outside 0 to 1.

    References
    ----------
    Copas J, Shi JQ 2000, doi:10.1093/biostatistics/1.3.247. Copas JB, Shi JQ 2001, doi:10.1177/096228020101000402.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=f"S{i}", log_estimate=0.05 * i, se=0.1 + 0.03 * i) for i in range(12)]
    >>> found = copas(tr.pool(rows), largest_se=(0.9, 0.3))
    >>> [round(point.adjusted.estimate, 2) for point in found.points]
    [1.12, 1.08]
    """
    need(pooled, MINIMUM, "The Copas model")
    y, v = arrays(pooled.effects)
    refuse_one_size(v)
    chances = [(low, high) for low, high in product(one_or_more(largest_se), one_or_more(smallest_se)) if low < high]
    if not chances or not all(0 < low < high < 1 for low, high in chances):
        raise PoolingError(
            "Probabilities of publication lie between 0 and 1, lower for the largest standard error than for the "
            "smallest, as largest_se=0.3, smallest_se=0.99."
        )
    points = tuple(_point(y, np.sqrt(v), pair, pooled) for pair in sorted(chances, reverse=True))
    return Copas(pooled=as_pooled(pooled), points=points)


def _point(y: Array, s: Array, chances: tuple[float, float], pooled: PooledEffect) -> CopasPoint:
    low, high = chances
    slope = float(ndtri(high) - ndtri(low)) / (1 / float(s.min()) - 1 / float(s.max()))
    u = float(ndtri(low)) + slope * (1 / s - 1 / float(s.max()))
    theta, loglik, se = _fit((y, s, u))
    wider = _fit((y, s, u), slope=True)[1]
    lrt = max(0.0, 2 * (wider - loglik))
    half = float(ndtri((1 + pooled.level) / 2)) * se
    chance = ndtr(u)
    adjusted = Summary(
        label="Adjusted for selection", point=float(theta[0]), se=se, low=theta[0] - half, high=theta[0] + half,
        k=pooled.k, p_value=float(2 * ndtr(-abs(theta[0] / se))), tau2=float(theta[2] ** 2), is_ratio=pooled.is_ratio,
    )  # fmt: skip
    return CopasPoint(
        largest_se=low, smallest_se=high, adjusted=adjusted, rho=float(theta[1]), tau=float(theta[2]), loglik=loglik,
        lrt=lrt, residual_p=float(chdtrc(1, lrt)), unpublished=float(((1 - chance) / chance).sum()),
    )  # fmt: skip


def _loglik(theta: npt.NDArray[Any], data: _Data) -> npt.NDArray[Any]:
    """Log likelihood of the published studies at rows of (mu, rho, tau[, slope]); takes complex numbers."""
    y, s, u = data
    mu, rho, tau = (theta[..., i, None] for i in range(3))
    hazard = np.exp(-0.5 * u**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(u))
    variance = s**2 / (1 - rho**2 * hazard * (u + hazard))
    total = variance + tau**2
    error = y - mu - (theta[..., 3, None] * s if theta.shape[-1] > 3 else 0.0)
    shared = rho * np.sqrt(variance / total)
    chance = (u + shared * error / np.sqrt(total)) / np.sqrt(1 - shared**2)
    parts = -0.5 * np.log(2 * np.pi * total) - error**2 / (2 * total) - log_ndtr(u) + log_ndtr(chance)
    return np.asarray(parts.sum(-1))


def _gradient(theta: Array, data: _Data) -> Array:
    return np.asarray(_loglik(theta + 1j * _H * np.eye(len(theta)), data).imag / _H)


def _fit(data: _Data, *, slope: bool = False) -> tuple[Array, float, float]:
    """Maximise over mu, |rho| <= 0.9999 and tau >= 0 from several starts; return them, the likelihood, mu's error."""
    y, _, _ = data
    spread = float(np.std(y, ddof=1)) or 1.0
    slopes = [[0.0], [float(np.polyfit(data[1], y, 1)[0])]] if slope else [[]]
    starts = [np.array([y.mean(), rho, tau * spread, *more]) for rho, tau in _STARTS for more in slopes]
    theta = max((_climb(start, data) for start in starts), key=lambda one: float(_loglik(one, data)))
    return theta, float(_loglik(theta, data)), _error(theta, data)


def _inside(theta: Array) -> Array:
    """Put parameters that have gone over their bounds back on them."""
    out = theta.copy()
    out[1], out[2] = np.clip(theta[1], -_MOST_RHO, _MOST_RHO), max(theta[2], 0.0)
    return out


def _free(theta: Array, slope: Array | None = None) -> list[int]:
    """Return the parameters inside their bounds, and those on them that the slope draws in."""
    outward = {1: abs(theta[1]) >= _MOST_RHO * (1 - 1e-9), 2: theta[2] <= 1e-9}
    if slope is not None:
        outward = {1: outward[1] and slope[1] * theta[1] > 0, 2: outward[2] and slope[2] <= 0}
    return [i for i in range(len(theta)) if not outward.get(i, False)]


def _climb(theta: Array, data: _Data) -> Array:
    """Take damped Newton steps uphill, along curved-up directions too, and never over a bound."""
    value, damping = float(_loglik(theta, data)), 1e-3
    for _ in range(200):
        slope = _gradient(theta, data)
        free = _free(theta, slope)
        curves, along = np.linalg.eigh(-_hessian(theta, data)[np.ix_(free, free)])
        sizes = np.maximum(np.abs(curves), 1e-8)
        ahead = theta
        while damping < 1e12:
            move = np.zeros(len(theta))
            move[free] = along @ ((along.T @ slope[free]) / (sizes + damping * sizes.max()))
            ahead = _inside(theta + move)
            if float(_loglik(ahead, data)) >= value:
                break
            damping *= 10
        else:
            return theta
        gained, moved = float(_loglik(ahead, data)) - value, float(np.abs(ahead - theta).max())
        theta, value, damping = ahead, value + gained, max(damping / 30, 1e-14)
        if moved < 1e-11:
            return theta
    return theta


def _hessian(theta: Array, data: _Data) -> Array:
    steps = np.diag(1e-6 * np.maximum(np.abs(theta), 1e-2))
    rows = [(_gradient(theta + d, data) - _gradient(theta - d, data)) / (2 * d.max()) for d in steps]
    matrix = np.array(rows)
    return np.asarray((matrix + matrix.T) / 2)


def _error(theta: Array, data: _Data) -> float:
    """Return the standard error of mu by the observed information; NaN where a parameter lies on its bound."""
    information = -_hessian(theta, data)
    if len(_free(theta)) < len(theta) or np.linalg.eigvalsh(information).min() <= 0:
        return math.nan
    return float(np.sqrt(np.linalg.inv(information)[0, 0]))
