"""Shrunken effects of a screen: most genes do nothing, and the largest estimates are the luckiest.

Conventions: effects are log hazard ratios (or ratios) per standard deviation of expression. Their prior is a mixture of
a point at 0 and normals around 0 whose weights are estimated from all genes by maximum likelihood (EM), with a penalty
towards 0; the posterior of each gene follows in closed form. `lfsr`, the local false sign rate, is the probability that
the sign is wrong or the effect 0.

References
----------
Stephens M 2017, Biostatistics 18:275 (adaptive shrinkage).
Varadhan R, Roland C 2008, Scand J Stat 35:335 (the extrapolation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from ..vocabulary import FloatArray
from .result import Screen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shrunken", "shrink", "shrink_screen"]

_NULL_PENALTY = 10.0  # as if nine further genes had been seen at 0
_RATIO = np.sqrt(2.0)  # between neighbouring standard deviations of the mixture
_TOLERANCE, _ITERATIONS = 1e-9, 5000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shrunken:
    """Posterior of each gene.

    Attributes
    ----------
    mean, sd, lfsr : array, shape (g,)
        NaN where a gene has no estimate.
    spread : array, shape (k,)
        Standard deviations of the mixture; the first is 0.
    share : array, shape (k,)
        Their weights; the first is the share of genes without effect.
    """

    mean: FloatArray
    sd: FloatArray
    lfsr: FloatArray
    spread: FloatArray
    share: FloatArray


def _grid(estimate: FloatArray, se: FloatArray) -> FloatArray:
    """Return 0 and standard deviations from a tenth of the smallest error to twice the largest effect."""
    least = se.min() / 10
    most = max(2 * np.sqrt(max(float((estimate**2 - se**2).max()), 0.0)), 8 * least)
    steps = int(np.ceil(np.log(most / least) / np.log(_RATIO)))
    return np.concatenate([[0.0], most * _RATIO ** -np.arange(steps, -1, -1.0)])


def _weights(likelihood: FloatArray) -> FloatArray:
    """Return the mixture's weights by extrapolated EM, from likelihoods of shape (genes, components)."""
    penalty = np.zeros(likelihood.shape[1])
    penalty[0] = _NULL_PENALTY - 1

    def step(share: FloatArray) -> FloatArray:
        counts = share * (likelihood.T @ (1 / (likelihood @ share))) + penalty
        return np.asarray(counts / counts.sum())

    def height(share: FloatArray) -> float:
        return float(np.log(likelihood @ share).sum() + penalty[0] * np.log(share[0]))

    share: FloatArray = np.full(penalty.size, 1 / penalty.size)
    for _ in range(_ITERATIONS):
        once = step(share)
        twice = step(once)
        move, bend = once - share, twice - 2 * once + share
        if np.abs(move).max() < _TOLERANCE:
            return twice
        length = max(1.0, float(np.linalg.norm(move)) / max(float(np.linalg.norm(bend)), 1e-300))
        far = np.maximum(share + 2 * length * move + length**2 * bend, 1e-300)
        far = step(far / far.sum())
        share = far if height(far) >= height(twice) else twice
    return share


def shrink(estimate: FloatArray, se: FloatArray) -> Shrunken:
    """Shrink estimates by what all of them together tell.

    Parameters
    ----------
    estimate, se : array, shape (g,)
        NaN where there is none.

    Returns
    -------
    Shrunken
    """
    known = np.flatnonzero(np.isfinite(estimate) & np.isfinite(se))
    b, s = estimate[known][:, None], se[known][:, None]
    spread = _grid(estimate[known], se[known])
    total = np.sqrt(spread**2 + s**2)
    log_likelihood = -0.5 * (b / total) ** 2 - np.log(total)
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    share = _weights(likelihood)
    posterior = likelihood * share
    posterior /= posterior.sum(axis=1, keepdims=True)
    pull = spread**2 / total**2
    mean, sd = pull * b, np.sqrt(pull) * s
    average = (posterior * mean).sum(axis=1)
    square = (posterior * (mean**2 + sd**2)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(sd > 0, ndtr(-mean / sd), 0.0)
    negative = (posterior * below).sum(axis=1)
    at_zero = posterior[:, 0]
    lfsr = np.minimum(negative + at_zero, 1 - negative)
    out = [np.full(estimate.shape, np.nan) for _ in range(3)]
    for array, values in zip(out, (average, np.sqrt(np.maximum(square - average**2, 0.0)), lfsr), strict=True):
        array[known] = values
    return Shrunken(mean=out[0], sd=out[1], lfsr=out[2], spread=spread, share=share)


def shrink_screen(found: Screen) -> pd.DataFrame:
    """Return the table of a screen with `shrunken`, `shrunken_sd` (per SD of expression) and `lfsr` beside it.

    Returns
    -------
    DataFrame
        The screen's table with the shrunken log ratio, its SD and the local false sign rate.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=20, seed=1)
    >>> both = tr.select(made, endpoint="BCSS", er="any", treatment="any")
    >>> found = tr.screen(both, options=tr.ScreenOptions(jobs=1))
    >>> "shrunken" in shrink_screen(found).columns
    True
    """
    table = found.table
    result = shrink((table["log_hr"] * table["sd"]).to_numpy(float), (table["se"] * table["sd"]).to_numpy(float))
    return table.assign(shrunken=result.mean, shrunken_sd=result.sd, lfsr=result.lfsr)
