"""Every subset of the studies pooled (GOSH): which studies make the answer, and the heterogeneity, what they are.

Conventions: a subset holds one study or more; there are 2^k - 1. Up to `most` of them all are pooled, beyond that as
many drawn at random, each study in half of them. I2 is that of the pool: by tau2, or by Q for a common effect; 0 for a
single study. The picture explores; no subset is an answer.

References
----------
Olkin I, Dahabreh IJ, Trikalinos TA 2012, doi:10.1002/jrsm.1053.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import PoolingError
from ..tables.cells import interval_cell, number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from .estimate import pool_arrays
from .pool import arrays
from .pooled import PooledEffect
from .summary import need
from .tau2 import Array

__all__ = ["Gosh", "gosh"]

_BATCH = 4096  # subsets pooled at once: what they need fits the cache of a small machine
_MIDDLE = (2.5, 50.0, 97.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gosh(ShowsTable):
    """Pooled subsets of the studies.

    Attributes
    ----------
    pooled : PooledEffect
        All studies.
    members : array of bool (b, k)
        Which studies each subset holds.
    point, tau2, q, i2 : array (b,)
        Pooled effect on the analysis scale, between-study variance, Cochran's Q, and I2 in percent.
    complete : bool
        Whether these are all subsets.
    """

    pooled: PooledEffect
    members: npt.NDArray[np.bool_]
    point: Array
    tau2: Array
    q: Array
    i2: Array
    complete: bool

    def estimates(self) -> Array:
        """Return the pooled effects as a reader sees them: ratios or differences (b,)."""
        return np.exp(self.point) if self.pooled.is_ratio else self.point

    def table(self) -> Table:
        """Return, for each study, the middle of the pooled effects and of I2 of subsets with it and without it."""
        rows = []
        for j, effect in enumerate(self.pooled.effects):
            inside = self.members[:, j]
            cells = [self._cells(where) for where in (inside, ~inside)]
            rows.append(Row((Cell(effect.label), cells[0][0], cells[1][0], cells[0][1], cells[1][1])))
        return Table(
            title="Pooled effects of subsets of the studies", rows=tuple(rows), footnotes=(self.words,),
            columns=(
                Column("Study"), Column("With it: median (95% of subsets)", "ratio"), Column("Without it", "ratio"),
                Column("I2 with it, %", "number"), Column("Without it, %", "number"),
            ),
        )  # fmt: skip

    def _cells(self, where: npt.NDArray[np.bool_]) -> tuple[Cell, Cell]:
        low, middle, high = np.percentile(self.estimates()[where], _MIDDLE).tolist()
        shown = interval_cell((middle, low, high), is_ratio=self.pooled.is_ratio)
        return shown, number_cell(float(np.median(self.i2[where])), 0)

    @property
    def words(self) -> str:
        """How many subsets, and that they explore."""
        what = "All" if self.complete else "A random sample of"
        return f"{what} {len(self.point):,} subsets of {self.pooled.k} studies; they explore, and none is an answer."

    def __str__(self) -> str:
        return self.table().to_markdown()


def gosh(pooled: PooledEffect, *, most: int = 20_000, seed: int = 0) -> Gosh:
    """Pool every subset of the studies by the pool's own methods, or a random sample where there are too many.

    Parameters
    ----------
    pooled : PooledEffect
    most : int
        Subsets at most.
    seed : int
        Of the sample.

    Raises
    ------
    PoolingError
        With fewer than three studies, or fewer than 100 subsets asked for.

    Examples
    --------
    >>> from tamoxres.effects import EffectEstimate
    >>> from tamoxres.meta.pool import pool
    >>> rows = [EffectEstimate(study=name, log_estimate=y, se=0.2) for name, y in zip("ABCD", (0.1, 0.2, 0.3, 1.6))]
    >>> found = gosh(pool(rows))
    >>> len(found.point), found.complete, float(found.estimates().max().round(2))
    (15, True, 4.95)
    """
    need(pooled, 3, "GOSH")
    if most < 100:
        raise PoolingError(f"most is {most}; at least 100 subsets are needed to see anything.")
    k = pooled.k
    complete = k < 63 and 2**k - 1 <= most
    members = _every(k) if complete else _sample(k, most, seed)
    y, v = arrays(pooled.effects)
    parts = [_numbers(y, v, members[i : i + _BATCH], pooled) for i in range(0, len(members), _BATCH)]
    point, tau2, q, i2 = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Gosh(pooled=pooled, members=members, point=point, tau2=tau2, q=q, i2=i2, complete=complete)


def _every(k: int) -> npt.NDArray[np.bool_]:
    """Return all subsets but the empty one, in the order of binary numbers, the first study the lowest digit."""
    codes = np.arange(1, 2**k)
    return np.asarray((codes[:, None] >> np.arange(k)) & 1, dtype=bool)


def _sample(k: int, most: int, seed: int) -> npt.NDArray[np.bool_]:
    """Return random subsets, none empty and none twice."""
    drawn = np.random.default_rng(seed).random((most, k)) < 0.5
    return np.unique(drawn[drawn.any(1)], axis=0)


def _numbers(y: Array, v: Array, members: Any, pooled: PooledEffect) -> tuple[Array, Array, Array, Array]:
    """Pool subsets; return their effects, tau2, Q and I2."""
    keep = members.astype(float)
    fit = pool_arrays(y, v, tau2=pooled.tau2_method, ci="z", keep=keep)
    df = keep.sum(1) - 1
    q = np.where(df > 0, fit.q, 0.0)
    if pooled.tau2_method == "common":
        share = np.divide(q - df, q, out=np.zeros_like(q), where=q > df)
    else:
        w = keep / v
        spread = w.sum(1) ** 2 - (w * w).sum(1)
        typical = np.divide(df * w.sum(1), spread, out=np.ones_like(df), where=df > 0)
        share = fit.tau2 / (fit.tau2 + typical)
    return fit.point, fit.tau2, q, 100 * share
