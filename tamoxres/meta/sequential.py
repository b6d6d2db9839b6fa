"""Cumulative evidence with sequential boundaries: when was there enough? Secondary to the pooled interval.

Conventions. Studies come in by year. Information is the sum of 1 / (variance + tau2), with tau2 of all studies, so that
it only grows; the information required is (z(1 - alpha / 2) + z(power))^2 / log(ratio)^2 for a ratio that would matter,
named by the user. Alpha is spent as O'Brien and Fleming's boundaries would (Lan & DeMets): each side by information
fraction t at 2 - 2 Phi(z(1 - alpha / 4) / sqrt(t)). A boundary at t is solved by integrating the density of the score
over the paths that have not crossed before. Looks beyond the required information are not tested again. The boundaries
take the ratio, the power and tau2 as known and the looks as planned, which in a review they are not: they say how far
repeated looking alone could have come, and never replace the interval.

References
----------
Lan KKG, DeMets DL 1983, doi:10.1093/biomet/70.3.659. O'Brien PC, Fleming TR 1979, doi:10.2307/2530245. Jennison C,
Turnbull BW 2000, Group Sequential Methods, ch. 19 (integration). Wetterslev J et al. 2008,
doi:10.1016/j.jclinepi.2007.03.013 (required information in meta-analysis).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ..errors import PoolingError
from ..tables.cells import count_cell, interval_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..wording import number, percent, ratio
from .pool import arrays
from .pooled import PooledEffect
from .summary import need
from .tau2 import Array

__all__ = ["Look", "Sequential", "obrien_fleming", "sequential"]

_FAR, _NODES = 8.5, 400  # standard deviations that are integrated over; points
_NOTHING = 1e-14  # alpha that is not worth a boundary


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The evidence after one study more.

    Attributes
    ----------
    label : str
        Of the study that came in.
    year : int
    k : int
    point, se : float
        Random effects with tau2 of all studies, on the analysis scale.
    fraction : float
        Information over the information required.
    boundary : float
        Of z, to either side; infinite where too little alpha is spent, NaN beyond the required information.
    """

    label: str
    year: int
    k: int
    point: float
    se: float
    fraction: float
    boundary: float

    @property
    def z(self) -> float:
        """The estimate over its error."""
        return self.point / self.se

    @property
    def crossed(self) -> bool:
        """Whether z lies on or beyond the boundary."""
        return abs(self.z) >= self.boundary


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequential(ShowsTable):
    """Looks in order of years, with boundaries; secondary to the pooled interval.

    Attributes
    ----------
    looks : tuple of Look
    relevant : float
        The ratio (or difference) that would matter.
    required : float
        Information required.
    alpha, power, tau2 : float
    is_ratio : bool
    """

    looks: tuple[Look, ...]
    relevant: float
    required: float
    alpha: float
    power: float
    tau2: float
    is_ratio: bool

    @property
    def first_crossed(self) -> Look | None:
        """The first look at which the boundary was reached; None if it never was."""
        return next((look for look in self.looks if look.crossed), None)

    def table(self) -> Table:
        """Return one row a look: estimate, z, share of the information required, boundary, whether it was reached."""
        heads = ("Study", "Year", "Studies", "Effect (95% CI)", "z", "Information", "Boundary (z)", "Reached")
        kinds = ("text", "text", "count", "ratio", "number", "text", "number", "text")
        size = f"a ratio of {ratio(self.relevant)}" if self.is_ratio else f"a difference of {number(self.relevant)}"
        return Table(
            title="Cumulative evidence with sequential boundaries (secondary)",
            columns=tuple(Column(head, kind) for head, kind in zip(heads, kinds, strict=True)),  # type: ignore[arg-type]
            rows=tuple(_row(look, is_ratio=self.is_ratio) for look in self.looks),
            footnotes=(
                f"Information required for {size} at alpha {self.alpha:g}, power {percent(self.power, 0)}, variance "
                f"between studies {number(self.tau2, 3)}.",
                "Secondary: the boundaries take that size, power and variance as known and the looks as planned. "
                "The pooled interval (ad hoc Hartung-Knapp) is the answer.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        last, found = self.looks[-1], self.first_crossed
        told = f"reached with {found.label} ({found.year})" if found else "not reached"
        return f"Sequential boundary {told}; {percent(last.fraction, 0)} of the information required [secondary]"


def _row(look: Look, *, is_ratio: bool) -> Row:
    half = float(ndtri(0.975)) * look.se
    limits = [look.point, look.point - half, look.point + half]
    shown = tuple(math.exp(min(value, 709.0)) for value in limits) if is_ratio else tuple(limits)
    beyond = math.isnan(look.boundary)
    bound = "beyond the required" if beyond else "none yet" if math.isinf(look.boundary) else number(look.boundary)
    return Row((
        Cell(look.label), Cell(str(look.year)), count_cell(look.k),
        interval_cell((shown[0], shown[1], shown[2]), is_ratio=is_ratio), Cell(number(look.z)),
        Cell(percent(look.fraction, 0)), Cell(bound), Cell("" if beyond else "yes" if look.crossed else "no"),
    ))  # fmt: skip


def obrien_fleming(fractions: Sequence[float], alpha: float = 0.05) -> tuple[float, ...]:
    """Return the boundaries of z, to either side, of O'Brien-Fleming type alpha spending.

    Parameters
    ----------
    fractions : sequence of float
        Information fractions of the looks, rising, in (0, 1].
    alpha : float
        Two-sided.

    Returns
    -------
    tuple of float
        Infinite where the alpha to be spent is below 1e-14.

    Raises
    ------
    PoolingError
        If the fractions do not rise within 0 to 1.

    References
    ----------
    Lan KKG, DeMets DL 1983, doi:10.1093/biomet/70.3.659.

    Examples
    --------
    >>> [round(bound, 3) for bound in obrien_fleming([0.2, 0.4, 0.6, 0.8, 1.0])]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    times = [0.0, *fractions]
    if not fractions or any(b <= a for a, b in pairwise(times)) or times[-1] > 1:
        raise PoolingError(f"Information fractions rise from above 0 to 1 at most; found {list(fractions)}.")
    spent = [2 * float(ndtr(-ndtri(1 - alpha / 4) / math.sqrt(time))) for time in fractions]
    nodes, density, before, out = np.zeros(1), np.ones(1), 0.0, []
    for i, (time, total) in enumerate(zip(fractions, spent, strict=True)):
        step = math.sqrt(time - times[i])
        wanted = total - before
        bound = math.inf
        if wanted > _NOTHING:
            bound = float(
                brentq(_excess, -9.0, 12.0, args=(nodes, density, step, time, wanted), xtol=1e-12, rtol=1e-14)
            )
            before = total
        out.append(bound)
        nodes, density = _passed_on(nodes, density, step, time, min(bound, _FAR))
    return tuple(out)


def _excess(z: float, nodes: Array, density: Array, step: float, time: float, wanted: float) -> float:
    """Return by how much the probability to cross at a boundary exceeds what is to be spent."""
    return float(density @ ndtr((nodes - z * math.sqrt(time)) / step)) - wanted


def _passed_on(nodes: Array, density: Array, step: float, time: float, bound: float) -> tuple[Array, Array]:
    """Return points below the boundary, and the density of paths that come there, times the weights of the points."""
    low, high = -_FAR * math.sqrt(time), bound * math.sqrt(time)
    many = min(4000, max(_NODES, int(12 * (high - low) / step)))
    roots, weights = _even(many)
    points = low + (high - low) * (roots + 1) / 2
    spread = np.exp(-0.5 * ((points[:, None] - nodes[None, :]) / step) ** 2) / (step * math.sqrt(2 * math.pi))
    return points, (spread @ density) * weights * (high - low) / 2


def _even(many: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre points of many short pieces of -1 to 1."""
    roots, weights = np.polynomial.legendre.leggauss(20)
    pieces = -(-many // 20)
    edges = np.linspace(-1, 1, pieces + 1)
    points = (edges[:-1, None] + (roots + 1) / pieces).ravel()
    return points, np.tile(weights / pieces, pieces)


def sequential(pooled: PooledEffect, *, relevant: float, alpha: float = 0.05, power: float = 0.90) -> Sequential:
    """Follow the evidence year by year against sequential boundaries; secondary to the pooled interval.

    Parameters
    ----------
    pooled : PooledEffect
        Whose rows all tell their year.
    relevant : float
        The ratio (above or below 1), or difference, that would matter.
    alpha : float
        Two-sided.
    power : float

    Returns
    -------
    Sequential
        `looks`, `first_crossed`, `table()`.

    Raises
    ------
    PoolingError
        If a row tells no year, or the relevant size is none.

    References
    ----------
    Lan KKG, DeMets DL 1983, doi:10.1093/biomet/70.3.659. Wetterslev J et al. 2008, doi:10.1016/j.jclinepi.2007.03.013.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=f"S{i}", year=2000 + i, log_estimate=-0.3 - 0.02 * i, se=0.2) for i in range(6)]
    >>> print(sequential(tr.pool(rows), relevant=0.8))
    Sequential boundary reached with S3 (2003); 71% of the information required [secondary]
    """
    need(pooled, 2, "A sequence of looks")
    size = math.log(relevant) if pooled.is_ratio and relevant > 0 else relevant
    if not (0 < alpha < 1 and 0.5 <= power < 1) or size == 0 or (pooled.is_ratio and relevant <= 0):
        raise PoolingError(
            "relevant is a ratio other than 1 (or a difference other than 0); alpha, power within 0 to 1."
        )
    if untold := [row.label for row in pooled.effects if row.year is None]:
        raise PoolingError(f"{untold[0]}: the row gives no year, so the looks have no order. Fill its year.")
    years = np.array([row.year for row in pooled.effects])
    order = np.argsort(years, kind="stable")
    y, v = arrays(pooled.effects)
    weights = 1 / (v[order] + pooled.tau2)
    information = np.cumsum(weights)
    required = float((ndtri(1 - alpha / 2) + ndtri(power)) ** 2 / size**2)
    points, fractions = np.cumsum(weights * y[order]) / information, information / required
    inside = [float(f) for f in fractions if f < 1]
    bounds = (
        list(obrien_fleming([*inside, 1.0], alpha))
        if len(inside) < len(fractions)
        else list(obrien_fleming(inside, alpha))
    )
    bounds += [math.nan] * (len(fractions) - len(bounds))
    looks = tuple(
        Look(
            label=pooled.effects[i].label, year=int(years[i]), k=j + 1, point=float(points[j]),
            se=float(1 / math.sqrt(information[j])), fraction=float(fractions[j]), boundary=bounds[j],
        )
        for j, i in enumerate(order)
    )  # fmt: skip
    return Sequential(looks=looks, relevant=relevant, required=required, alpha=alpha, power=power, tau2=pooled.tau2,
                      is_ratio=pooled.is_ratio)  # fmt: skip
