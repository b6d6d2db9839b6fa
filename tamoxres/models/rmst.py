"""Restricted mean survival time, and restricted mean time lost where deaths compete.

Conventions: months from time 0 to the horizon. RMST is the area under Kaplan-Meier, its variance that of the
estimator, sum over events of (area still to come)^2 d / (n (n - d)), as in R's `survfit(rmean)` and survRM2. RMTL is
the area under the cumulative incidence (Aalen-Johansen), its variance the infinitesimal jackknife, as in R's
multi-state `survfit`. A difference is the later group minus the first.

References
----------
Royston P, Parmar MKB 2013, doi:10.1186/1471-2288-13-152. Uno H et al. 2014, doi:10.1200/JCO.2014.55.2208.
Andersen PK 2013, Stat Med 32:5278 (time lost). Conner SC, Trinquart L 2021, doi:10.1002/sim.8896.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.reconstructed import refuse_reconstructed
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.cells import number_cell
from ..tables.effects import EffectRows, difference_cells, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray
from ..wording import number
from .grouping import Groups, check_horizon, group_patients
from .incidence import aalen_johansen
from .survival import product_limit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Mean", "RestrictedMeans", "mean_survival", "mean_time_lost", "rmst", "rmtl"]

HYPOTHETICAL = (
    "Hypothetical where deaths compete (Kaplan-Meier removes them); rmtl gives the time lost to the endpoint."
)


_TITLES = {"rmst": "Restricted mean survival time", "rmtl": "Restricted mean time lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A restricted mean of one group and its standard error, months."""

    estimate: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RestrictedMeans(ShowsEffects):
    """Restricted means by group, and the differences of the later groups from the first.

    Attributes
    ----------
    kind : "rmst" | "rmtl"
    horizon : float, months
    levels : tuple of str
    means : tuple of Mean
    differences : tuple of EffectEstimate
        One for each group after the first, measure RMSTD or RMTLD.
    note : str
    """

    kind: Literal["rmst", "rmtl"]
    horizon: float
    levels: tuple[str, ...]
    means: tuple[Mean, ...]
    differences: tuple[EffectEstimate, ...]
    note: str = ""

    @property
    def groups(self) -> pd.DataFrame:
        """Group, rmst (or rmtl) and its standard error, one row a group."""
        import pandas as pd

        rows = [(level, mean.estimate, mean.se) for level, mean in zip(self.levels, self.means, strict=True)]
        return pd.DataFrame(rows, columns=["group", self.kind, "se"])

    @property
    def difference(self) -> EffectEstimate:
        """The difference of the second group from the first."""
        if not self.differences:
            raise AnalysisError(f"There is one group only, so no difference in {self.kind.upper()}.")
        return self.differences[0]

    @property
    def effect(self) -> EffectEstimate:
        """The difference of the second group from the first, as `difference`."""
        return self.difference

    @property
    def effects(self) -> EffectRows:
        """The differences; none where there is one group."""
        return EffectRows(self.differences)

    def table(self) -> Table:
        """Return the means as a table, each group's difference from the first beside it."""
        rows = []
        for i, (level, mean) in enumerate(zip(self.levels, self.means, strict=True)):
            own = self.differences[i - 1] if i else None
            rows.append(
                Row((Cell(level or "all"), number_cell(mean.estimate, 1), number_cell(mean.se), *difference_cells(own)))
            )
        return Table(
            title=f"{_TITLES[self.kind]} to {self.horizon:g} months"
            + (f": {rows_title(self.differences)}" if self.differences else ""),
            columns=(
                Column("Group"), Column(f"{self.kind.upper()}, months", "number"), Column("SE", "number"),
                Column(f"{self.kind.upper()}D (95% CI)", "number"), Column("P", "p"),
            ),
            rows=tuple(rows),
            footnotes=(self.note, *(sentence for row in self.differences for sentence in row.sentences)),
        )  # fmt: skip

    def __str__(self) -> str:
        means = ", ".join(
            f"{level} {number(m.estimate, 1)} ({number(m.se)})"
            for level, m in zip(self.levels, self.means, strict=True)
        )
        return f"{self.kind.upper()} to {self.horizon:g} months: {means}"


def mean_survival(time: FloatArray, event: IntArray, horizon: float, entry: FloatArray | None = None) -> Mean:
    """Return the restricted mean survival time.

    Parameters
    ----------
    time, event : array, shape (n,)
        `event` is 1 for an event; anything else is censored.
    horizon : float
    entry : array, shape (n,), optional

    Examples
    --------
    >>> import numpy as np
    >>> mean_survival(np.array([1.0, 2.0, 4.0]), np.array([1, 0, 0]), 3.0).estimate
    2.3333333333333335
    """
    fitted = product_limit(time, event, entry)
    inside = (fitted.time <= horizon) & (fitted.n_event > 0)
    edges = np.concatenate([[0.0], fitted.time[inside], [horizon]])
    area = np.diff(edges) * np.concatenate([[1.0], fitted.survival[inside]])
    later = np.cumsum(area[::-1])[::-1][1:]  # area from each event time to the horizon
    n, d = fitted.n_risk[inside], fitted.n_event[inside]
    left = n - d
    jumps = np.divide(d, n * left, out=np.zeros_like(d), where=left > 0)  # a curve at 0 has no area to come
    return Mean(estimate=float(area.sum()), se=float(np.sqrt(later**2 @ jumps)))


def mean_time_lost(time: FloatArray, event: IntArray, horizon: float, entry: FloatArray | None = None) -> Mean:
    """Return the restricted mean time lost to cause 1, where cause 2 competes.

    Parameters
    ----------
    time, event : array, shape (n,)
        `event` is 0 censored, 1 the cause, 2 competing.
    horizon : float
    entry : array, shape (n,), optional
    """
    fitted = aalen_johansen(time, event, entry)
    inside = fitted.time <= horizon
    times, n, risk = fitted.time[inside], fitted.n_risk[inside], fitted.incidence[0][inside]
    hazard = fitted.n_event[:, inside] / n
    after = fitted.survival[inside]
    before = np.concatenate([[1.0], after[:-1]])
    area = np.diff(np.append(times, horizon)) * risk
    still = np.cumsum(area[::-1])[::-1] - risk * (horizon - times)  # later growth of the incidence, integrated
    loss = np.divide(before * still, after, out=np.zeros_like(after), where=after > 0)
    gain = np.stack([before * (horizon - times) - loss, -loss])  # what a unit of each cause's hazard adds to the mean
    passed = np.concatenate([[0.0], np.cumsum((gain * hazard / n).sum(axis=0))])
    influence = -passed[np.searchsorted(times, np.asarray(time, float), side="right")]
    if entry is not None:
        influence += passed[np.searchsorted(times, entry, side="right")]
    for cause in (1, 2):
        own = (np.asarray(event) == cause) & (time <= horizon)
        at = np.searchsorted(times, time[own])
        influence[own] += gain[cause - 1][at] / n[at]
    return Mean(estimate=float(area.sum()), se=float(np.sqrt(influence @ influence)))


def rmst(analysis: AnalysisSet, *, horizon: float, by: str | None = "marker") -> RestrictedMeans:
    """Estimate restricted mean survival time by group, and its difference.

    Parameters
    ----------
    analysis : AnalysisSet
    horizon : float, months
        Within the follow-up of every group.
    by : str or None
        `marker` (the treatment where no marker was asked for), `treatment`, a covariate, or None for everyone together.

    Returns
    -------
    RestrictedMeans
        `groups` (group, rmst, se) and `difference`. For an endpoint with competing deaths its note says that this is
        hypothetical.

    Raises
    ------
    AnalysisError
        If the horizon lies beyond a group's follow-up.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(rmst(gbsg, horizon=60, by="treatment"))
    RMST to 60 months: untreated 41.5 (1.01), treated 46.5 (1.25)
    """
    note = HYPOTHETICAL if analysis.endpoint.competing else ""
    return _restricted(analysis, "rmst", mean_survival, horizon=horizon, by=by, note=note)


def rmtl(analysis: AnalysisSet, *, horizon: float, by: str | None = "marker") -> RestrictedMeans:
    """Estimate the mean time lost to the endpoint before the horizon, by group, with deaths competing.

    Parameters and errors as in `rmst`; the columns of `groups` are group, rmtl, se.

    Returns
    -------
    RestrictedMeans
        The time lost in each group, its difference, in months.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    >>> print(rmtl(her2, horizon=120))
    RMTL to 120 months: unaltered 13.8 (0.99), altered 22.6 (2.41)
    """
    refuse_reconstructed(analysis, "A mean time lost with deaths competing")
    return _restricted(analysis, "rmtl", mean_time_lost, horizon=horizon, by=by, note="")


def _restricted(
    analysis: AnalysisSet,
    kind: Literal["rmst", "rmtl"],
    estimate: Callable[..., Mean],
    *,
    horizon: float,
    by: str | None,
    note: str,
) -> RestrictedMeans:
    groups = group_patients(analysis, by, estimator=f"The restricted mean ({kind.upper()})", absolute=True)
    end = check_horizon(groups, horizon)
    means = []
    for code in range(len(groups.levels)):
        rows = groups.rows(code)
        entry = None if groups.entry is None else groups.entry[rows]
        means.append(estimate(groups.months[rows], groups.event[rows], end, entry))
    differences = tuple(_difference(groups, kind, horizon, code, means) for code in range(1, len(groups.levels)))
    return RestrictedMeans(
        kind=kind, horizon=horizon, levels=groups.levels, means=tuple(means), differences=differences, note=note
    )


def _difference(
    groups: Groups, kind: Literal["rmst", "rmtl"], horizon: float, code: int, means: list[Mean]
) -> EffectEstimate:
    row: dict[str, Any] = groups.describe(code)
    flags = (*row["flags"], *(("hypothetical_rmst",) if kind == "rmst" and groups.analysis.endpoint.competing else ()))
    of, against = means[code], means[0]
    if not (of.se > 0 or against.se > 0):
        row |= {"status": "not_estimable", "flags": (*flags, "no_events_by_horizon")}
    else:
        row |= {"difference": of.estimate - against.estimate, "se": float(np.hypot(of.se, against.se)), "flags": flags}
    row.pop("to_months")
    return EffectEstimate(
        **row,
        measure="RMSTD" if kind == "rmst" else "RMTLD",
        term=f"{kind} to {horizon:g} months",
        model=kind,
        to_months=horizon,
    )
