"""Events per 1,000 person-years, with exact Poisson limits.

Conventions: person-years run from entry to the end of follow-up, and are untreated until treatment starts where that is
recorded; limits are Garwood's, exact for a Poisson count, as R's `poisson.test`. A rate is an average over follow-up:
it says nothing about how the hazard changes.

References
----------
Garwood F 1936, Biometrika 28:437.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import gammaincinv

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.exposure import start_stop
from ..errors import AnalysisError
from ..tables.cells import count_cell, interval_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import one_or_more
from ..wording import count, number_with_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rate", "Rates", "event_rates", "poisson_limits"]

PER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Events per 1,000 person-years of one group, with exact limits.

    Attributes
    ----------
    levels : tuple of str
        One a grouping column.
    n, events : int
    person_years : float
    rate, ci_low, ci_high : float
        Per 1,000 person-years.
    """

    levels: tuple[str, ...]
    n: int
    events: int
    person_years: float
    rate: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates(ShowsTable):
    """Event rates by group; a rate is no effect row."""

    by: tuple[str, ...]
    rates: tuple[Rate, ...]
    endpoint: str
    population: str
    level: float = 0.95

    def table(self) -> Table:
        """Return the rates as a table, one row a group."""
        rows = []
        for one in self.rates:
            counts = (count_cell(one.n), count_cell(one.events), count_cell(round(one.person_years)))
            rate = interval_cell((one.rate, one.ci_low, one.ci_high), is_ratio=False, decimals=1)
            rows.append(Row((Cell(" ".join(one.levels) or "all"), *counts, rate)))
        return Table(
            title=f"{self.endpoint} per {count(PER)} person-years: {self.population}",
            columns=(
                Column("Group"), Column("N", "count"), Column("Events", "count"), Column("Person-years", "count"),
                Column(f"Rate ({100 * self.level:g}% CI)", "number"),
            ),
            rows=tuple(rows), footnotes=("Exact Poisson limits. A rate is an average over follow-up.",),
        )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group: the grouping columns, n, events, person_years, rate, ci_low, ci_high."""
        import pandas as pd

        rows = [
            (*rate.levels, rate.n, rate.events, rate.person_years, rate.rate, rate.ci_low, rate.ci_high)
            for rate in self.rates
        ]
        return pd.DataFrame(rows, columns=[*self.by, "n", "events", "person_years", "rate", "ci_low", "ci_high"])

    def __str__(self) -> str:
        return "\n".join(
            f"{' '.join(r.levels) or 'all'}: {count(r.events)} {self.endpoint} in {count(round(r.person_years))} "
            f"person-years, {number_with_interval(r.rate, r.ci_low, r.ci_high, decimals=1)} per {count(PER)}"
            for r in self.rates
        )


def poisson_limits(events: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact limits of a Poisson mean.

    Examples
    --------
    >>> [round(limit, 4) for limit in poisson_limits(10)]
    [4.7954, 18.3904]
    """
    tail = (1 - level) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    return low, float(gammaincinv(events + 1, 1 - tail))


def event_rates(analysis: AnalysisSet, *, by: str | Sequence[str] | None = None, level: float = 0.95) -> Rates:
    """Estimate events per 1,000 person-years in each group.

    Parameters
    ----------
    analysis : AnalysisSet
    by : str or sequence of str, optional
        Grouping columns; those of marker and treatment that vary, if None.
    level : float

    Returns
    -------
    Rates

    Raises
    ------
    AnalysisError
        If a group has no person-years.

    Examples
    --------
    >>> import tamoxres as tr
    >>> print(event_rates(tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")))
    untreated: 205 RFS in 1,277 person-years, 160.6 (139.4-184.1) per 1,000
    treated: 94 RFS in 835 person-years, 112.5 (90.9-137.7) per 1,000
    """
    columns = one_or_more(by) if by is not None else _varying(analysis)
    known = complete_cases(analysis, columns, honours=["start"], estimator="An event rate")
    frame = start_stop(known) if "treatment" in columns else known.frame
    if len(frame) == 0:
        raise AnalysisError(f"{analysis}: no patients, so no rate can be estimated.")
    frame = frame.assign(years=(frame["months"] - frame["entry"]) / 12, failed=frame["event"] == 1)
    parts = [((), frame)] if not columns else list(frame.groupby(list(columns), observed=True))
    rates = tuple(_rate(tuple(map(_name, levels)), part, level) for levels, part in parts)
    return Rates(by=columns, rates=rates, endpoint=analysis.endpoint.code, population=analysis.population, level=level)


def _varying(analysis: AnalysisSet) -> tuple[str, ...]:
    frame = analysis.frame
    return tuple(name for name in ("marker", "treatment") if frame[name].nunique() > 1)


def _name(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)


def _rate(levels: tuple[str, ...], frame: pd.DataFrame, level: float) -> Rate:
    years, events = float(frame["years"].sum()), int(frame["failed"].sum())
    if years <= 0:
        raise AnalysisError(f"Group {' '.join(levels) or 'all'} has no person-years; leave it out.")
    low, high = poisson_limits(events, level)
    scale = PER / years
    return Rate(
        levels=levels, n=len(frame), events=events, person_years=years, rate=events * scale, ci_low=low * scale,
        ci_high=high * scale,
    )  # fmt: skip
