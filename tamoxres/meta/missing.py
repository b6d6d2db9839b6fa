"""What if results are missing? PET-PEESE, and bounds at their worst: sensitivity analyses all.

Conventions. PET and PEESE regress effects on the standard error or its square with weights 1 / variance, dispersion
left free; the intercept is the effect of a study without error, tested by t on k - 2. PET's is reported unless its
one-sided P in the pooled effect's direction is below 0.05; then PEESE's is, as PET's is then too small. A study is
affirmative if it is on the pooled effect's side with a two-sided P below 0.05; the worst case pools the others alone,
as if selection were without limit. Copas and Jackson's bound is the largest bias that m missing studies can make if the
chance of publication rises with precision and nothing else of them is known.

References
----------
Stanley TD, Doucouliagos H 2014, doi:10.1002/jrsm.1095. Mathur MB, VanderWeele TJ 2020, doi:10.1111/rssc.12440.
Copas J, Jackson D 2004, doi:10.1111/j.0006-341X.2004.00161.x.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from ..effects.routes import critical_value
from ..errors import PoolingError
from ..tables.cells import count_cell, interval_cell, p_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import one_or_more
from .bias import MINIMUM, refuse_one_size
from .estimate import pool_arrays
from .pool import arrays
from .pooled import PooledEffect
from .summary import Summary, need
from .tau2 import Array, weighted_fit

__all__ = ["Bound", "PetPeese", "Worst", "as_pooled", "pet_peese", "worst_case"]

_ONE_SIDED = 0.05
_AFFIRMATIVE = 1.959963984540054
_MISSING = (1, 2, 5, 10, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class PetPeese(ShowsTable):
    """A sensitivity analysis: the effect that a study without error would show.

    Attributes
    ----------
    pooled : Summary
        As it was pooled.
    pet, peese : Summary
        Intercepts of the lines in the standard error and in its square (t on k - 2 degrees of freedom).
    pet_slope, peese_slope : float
    chosen : "pet" | "peese"
    one_sided : float
        P of PET's intercept in the pooled effect's direction, by which one is chosen.
    """

    pooled: Summary
    pet: Summary
    peese: Summary
    pet_slope: float
    peese_slope: float
    chosen: Literal["pet", "peese"]
    one_sided: float

    @property
    def adjusted(self) -> Summary:
        """The one of the two that is reported."""
        return self.pet if self.chosen == "pet" else self.peese

    def table(self) -> Table:
        """Return the pooled effect and both lines' intercepts as a table."""
        note = f"{self.adjusted.label} is the one to report. A sensitivity analysis: asymmetry has other causes too."
        return _table("Effects of a study without error", (self.pooled, self.pet, self.peese), note)

    def __str__(self) -> str:
        return f"{self.adjusted} [sensitivity analysis]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The largest bias that missing studies can make.

    Attributes
    ----------
    missing : int
        Studies that are missing.
    bias : float
        On the analysis scale, to either side.
    summary : Summary
        The pooled effect with its interval widened by the bias on both sides.
    """

    missing: int
    bias: float
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst(ShowsTable):
    """A sensitivity analysis: what the pooled effect can become at the worst.

    Attributes
    ----------
    pooled : Summary
        As it was pooled.
    affirmative : int
        Studies on the pooled effect's side with a two-sided P below 0.05.
    without : Summary or None
        The pooled effect of the others alone; None where there are none.
    bounds : tuple of Bound
        By number of missing studies.
    """

    pooled: Summary
    affirmative: int
    without: Summary | None
    bounds: tuple[Bound, ...]

    def table(self) -> Table:
        """Return the pooled effect, that of the studies that are not affirmative, and the bounds as a table."""
        rows = [self.pooled, *([self.without] if self.without else []), *(bound.summary for bound in self.bounds)]
        note = "A sensitivity analysis: how bad it could be, not how it is."
        return _table("Worst cases of missing results", rows, note)

    def __str__(self) -> str:
        rows = [*([self.without] if self.without else []), *(bound.summary for bound in self.bounds)]
        return "\n".join(f"{row} [worst case]" for row in rows)


def pet_peese(pooled: PooledEffect) -> PetPeese:
    """Estimate the effect of a study without error (PET-PEESE), as a sensitivity analysis.

    Raises
    ------
    PoolingError
        With fewer than ten studies, or studies of one size.

    Examples
    --------
    >>> from tamoxres.effects import EffectEstimate
    >>> from tamoxres.meta.pool import pool
    >>> rows = [EffectEstimate(study=f"S{i}", log_estimate=0.1 + 0.05 * i + 0.1 * (i % 3), se=0.1 + 0.03 * i)
    ...         for i in range(12)]
    >>> found = pet_peese(pool(rows))
    >>> print(found)
    PET: 0.95 (0.85-1.07), P = 0.366 (k = 12) [sensitivity analysis]
    """
    need(pooled, MINIMUM, "PET-PEESE")
    y, v = arrays(pooled.effects)
    refuse_one_size(v)
    pet, pet_slope, t = _intercept(y, v, np.sqrt(v), pooled, "PET")
    peese, peese_slope, _ = _intercept(y, v, v, pooled, "PEESE")
    one_sided = float(stdtr(len(y) - 2, -t if pooled.point >= 0 else t))
    return PetPeese(
        pooled=as_pooled(pooled), pet=pet, peese=peese, pet_slope=pet_slope, peese_slope=peese_slope,
        chosen="peese" if one_sided < _ONE_SIDED else "pet", one_sided=one_sided,
    )  # fmt: skip


def _intercept(y: Array, v: Array, predictor: Array, pooled: PooledEffect, label: str) -> tuple[Summary, float, float]:
    """Return the intercept of a weighted line, its slope, and the intercept's t."""
    fit, df = weighted_fit(y, 1 / v, np.column_stack([np.ones(len(y)), predictor])), len(y) - 2
    if float(fit.q) <= 0:
        raise PoolingError("The effects lie exactly on a line; PET-PEESE needs scatter.")
    point, se = float(fit.coefficients[0]), math.sqrt(float(fit.cov[0, 0] * fit.q) / df)
    half = float(stdtrit(df, (1 + pooled.level) / 2)) * se
    summary = Summary(
        label=label, point=point, se=se, low=point - half, high=point + half, k=len(y),
        p_value=float(2 * stdtr(df, -abs(point / se))), is_ratio=pooled.is_ratio,
    )  # fmt: skip
    return summary, float(fit.coefficients[1]), point / se


def worst_case(pooled: PooledEffect, *, missing: int | Iterable[int] = _MISSING) -> Worst:
    """Bound what missing results can do to a pooled effect, as a sensitivity analysis.

    Parameters
    ----------
    pooled : PooledEffect
    missing : int, or iterable of int
        Numbers of studies that may be missing.

    Raises
    ------
    PoolingError
        If a number of missing studies is below 1.

    Examples
    --------
    >>> from tamoxres.effects import EffectEstimate
    >>> from tamoxres.meta.pool import pool
    >>> rows = [EffectEstimate(study=name, log_estimate=y, se=0.2) for name, y in zip("ABCD", (0.1, 0.5, 0.3, 0.6))]
    >>> found = worst_case(pool(rows, ci="z"), missing=2)
    >>> found.affirmative, round(found.without.estimate, 2), round(found.bounds[0].bias, 3)
    (2, 1.22, 0.121)
    """
    numbers = tuple(int(m) for m in one_or_more(missing))
    if not numbers or min(numbers) < 1:
        raise PoolingError(f"missing is {missing}; it holds numbers of studies, 1 or more.")
    y, v = arrays(pooled.effects)
    whole = as_pooled(pooled)
    side = 1.0 if pooled.point >= 0 else -1.0
    others = side * y / np.sqrt(v) <= _AFFIRMATIVE
    return Worst(
        pooled=whole, affirmative=int((~others).sum()), without=_without(y[others], v[others], pooled),
        bounds=tuple(_bound(m, v, pooled, whole) for m in numbers),
    )  # fmt: skip


def _without(y: Array, v: Array, pooled: PooledEffect) -> Summary | None:
    """Pool the studies that are not affirmative by the pool's own methods."""
    if not len(y):
        return None
    fit = pool_arrays(y, v, tau2=pooled.tau2_method, ci=pooled.ci_method)
    low, high = fit.limits(pooled.level)
    return Summary(
        label="Without the affirmative studies", point=float(fit.point), se=float(fit.se), low=float(low),
        high=float(high), k=len(y), p_value=float(fit.p), tau2=float(fit.tau2), is_ratio=pooled.is_ratio,
    )  # fmt: skip


def _bound(missing: int, v: Array, pooled: PooledEffect, whole: Summary) -> Bound:
    """Copas and Jackson's largest bias for a number of missing studies."""
    sigma = np.sqrt(v + pooled.tau2)
    share = len(v) / (len(v) + missing)
    height = math.exp(-0.5 * float(ndtri(share)) ** 2) / math.sqrt(2 * math.pi)
    bias = height / share * float((1 / sigma).sum() / (1 / sigma**2).sum())
    summary = replace(
        whole, label=f"{missing} missing", low=whole.low - bias, high=whole.high + bias, p_value=math.nan
    )  # fmt: skip
    return Bound(missing=missing, bias=bias, summary=summary)


def as_pooled(pooled: PooledEffect) -> Summary:
    """Return a pooled effect as a line that others are compared with."""
    half = critical_value(pooled.level, pooled.df) * pooled.se
    return Summary(
        label="As pooled", point=pooled.point, se=pooled.se, low=pooled.point - half, high=pooled.point + half,
        k=pooled.k, p_value=pooled.p_value, tau2=pooled.tau2, is_ratio=pooled.is_ratio,
    )  # fmt: skip


def _table(title: str, rows: Iterable[Summary], note: str) -> Table:
    columns = (Column("Analysis"), Column("Studies", "count"), Column("Effect (CI)", "ratio"), Column("P", "p"))
    return Table(
        title=title, columns=columns, footnotes=(note,),
        rows=tuple(
            Row((
                Cell(row.label), count_cell(row.k),
                interval_cell((row.estimate, row.ci_low, row.ci_high), is_ratio=row.is_ratio), p_cell(row.p_value),
            ))
            for row in rows
        ),
    )  # fmt: skip
