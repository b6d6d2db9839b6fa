"""What a check counts of harmonised patients: follow-up by year, the unknown by arm, patients and events by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cohort import ALTERED, UNALTERED, MarkerCall
from ..endpoints import Endpoint

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CellCount", "DiagnosisYear", "FollowUpYear", "UnknownByArm", "by_arm", "by_diagnosis", "by_year", "cells"]

_MOST_YEARS = 30
_FEW = 10  # events of a cell below which a verdict says that they are few
_ARMS = ("yes", "no")
_APART = 0.05  # difference of the unknown between the arms that is worth a look


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpYear:
    """One year of follow-up by one endpoint.

    Attributes
    ----------
    endpoint : str
    year : int
        1 is the first; those from the last one on are taken together.
    at_risk : int
        Patients at its beginning.
    events, competing, censored : int
        How their follow-up ended within it.
    """

    endpoint: str
    year: int
    at_risk: int
    events: int
    competing: int
    censored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisYear:
    """Patients of one calendar year of diagnosis.

    Attributes
    ----------
    endpoint : str
    year, patients, known, events : int
        `known`: whose endpoint is known.
    median_months : float or None
        Median follow-up of those without an event.
    """

    endpoint: str
    year: int
    patients: int
    known: int
    events: int
    median_months: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownByArm:
    """How often a column is unknown in treated and in untreated patients.

    Attributes
    ----------
    column : str
    treated, treated_unknown, untreated, untreated_unknown : int
    """

    column: str
    treated: int
    treated_unknown: int
    untreated: int
    untreated_unknown: int

    @property
    def shares(self) -> tuple[float, float]:
        """The unknown as shares of the treated and of the untreated."""
        return self.treated_unknown / self.treated, self.untreated_unknown / self.untreated

    @property
    def apart(self) -> bool:
        """Whether the two shares differ by more than 5 points: missing not at random."""
        one, other = self.shares
        return abs(one - other) > _APART


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCount:
    """Patients and events of one cell of marker and treatment.

    Attributes
    ----------
    endpoint, marker, rule, level, arm : str
        `arm`: yes or no, empty where no treatment is recorded.
    patients, events : int
    """

    endpoint: str
    marker: str
    rule: str
    level: str
    arm: str
    patients: int
    events: int

    @property
    def small(self) -> bool:
        """Whether the cell has fewer than 10 events."""
        return self.events < _FEW


def by_year(patients: pd.DataFrame, endpoints: Iterable[Endpoint]) -> tuple[FollowUpYear, ...]:
    """Count each year of follow-up by each endpoint.

    Parameters
    ----------
    patients : DataFrame
        With `<ENDPOINT>_months` and `<ENDPOINT>_event`.
    endpoints : iterable of Endpoint
    """
    return tuple(year for end in endpoints if end.event in patients for year in _years(patients, end))


def _years(patients: pd.DataFrame, end: Endpoint) -> Iterator[FollowUpYear]:
    months, event = (patients[name].to_numpy(dtype=float) for name in (end.months, end.event))
    known = ~(np.isnan(months) | np.isnan(event))
    # the year in which follow-up ended: (0, 12] is the first, as a patient at risk at 12 months lived through it
    ended = np.clip(np.ceil(months[known] / 12), 1, _MOST_YEARS).astype(int)
    counts = {
        code: np.bincount(ended[event[known] == code], minlength=_MOST_YEARS + 1) for code in (0, 1, 2)
    }  # fmt: skip
    at_risk = int(known.sum())
    for year in range(1, int(ended.max(initial=0)) + 1):
        censored, events, competing = (int(counts[code][year]) for code in (0, 1, 2))
        yield FollowUpYear(
            endpoint=end.code, year=year, at_risk=at_risk, events=events, competing=competing, censored=censored
        )
        at_risk -= censored + events + competing


def by_diagnosis(patients: pd.DataFrame, endpoints: Iterable[Endpoint]) -> tuple[DiagnosisYear, ...]:
    """Count patients by calendar year of diagnosis, and their follow-up by the first endpoint; else nothing."""
    end = next((end for end in endpoints if end.event in patients), None)
    if end is None or "diagnosis_year" not in patients:
        return ()
    found = []
    for year, group in patients.groupby("diagnosis_year"):
        event, months = group[end.event], group[end.months]
        median = months[event == 0].median()
        found.append(
            DiagnosisYear(
                endpoint=end.code, year=int(float(str(year))), patients=len(group), known=int(event.notna().sum()),
                events=int((event == 1).sum()), median_months=None if np.isnan(median) else float(median),
            )
        )  # fmt: skip
    return tuple(found)


def by_arm(patients: pd.DataFrame, calls: Iterable[MarkerCall]) -> tuple[UnknownByArm, ...]:
    """Count the unknown of each column and marker by arm; nothing where one arm alone is recorded."""
    if "endocrine" not in patients:
        return ()
    arms = [(patients["endocrine"] == arm).to_numpy(bool) for arm in _ARMS]
    many = [int(arm.sum()) for arm in arms]
    if not all(many):
        return ()
    columns = {
        str(name): patients[name].isna() for name in patients if str(name) not in ("endocrine", "endocrine_agent")
    }
    columns |= {f"{call.marker} ({call.rule})": call.values.isna() for call in calls}
    counted = {name: [int(unknown.to_numpy(bool)[arm].sum()) for arm in arms] for name, unknown in columns.items()}
    return tuple(
        UnknownByArm(
            column=name, treated=many[0], treated_unknown=one, untreated=many[1], untreated_unknown=other
        )
        for name, (one, other) in counted.items()
        if one or other
    )  # fmt: skip


def cells(patients: pd.DataFrame, endpoints: Iterable[Endpoint], calls: Iterable[MarkerCall]) -> tuple[CellCount, ...]:
    """Count patients and events in each cell of marker and treatment, whose endpoint is known."""
    arms: dict[str, Any] = {"": np.ones(len(patients), dtype=bool)}
    if "endocrine" in patients and patients["endocrine"].notna().any():
        arms = {arm: (patients["endocrine"] == arm).to_numpy(bool) for arm in _ARMS}
    found = []
    ends = [end for end in endpoints if end.event in patients]
    for call in calls:
        for level in (ALTERED, UNALTERED):
            has = (call.values == level).to_numpy(bool)
            for arm, treated in arms.items():
                for end in ends:
                    event = patients[end.event].to_numpy(dtype=float)[has & treated]
                    found.append(
                        CellCount(
                            endpoint=end.code, marker=call.marker, rule=call.rule, level=level, arm=arm,
                            patients=int((~np.isnan(event)).sum()), events=int((event == 1).sum()),
                        )
                    )  # fmt: skip
    return tuple(found)
