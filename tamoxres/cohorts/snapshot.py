"""Data versions: when a file was fetched, and what moved between two releases of a cohort."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cohort import Cohort
from ..endpoints import Endpoint
from ..errors import DataError
from ..files import parse_json, sha256

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SNAPSHOT", "Difference", "EndpointMoved", "diff", "retrieved"]

SNAPSHOT = "snapshot.json"
_SAME = 0.011  # months, years and points are printed with two decimals: closer values are the same one


def retrieved(path: Path) -> str:
    """Return the date on which a file was fetched, by the `snapshot.json` beside it; empty where it is not known.

    A file that was changed since has no date.
    """
    for folder in path.parents[:3]:
        lock = folder / SNAPSHOT
        if lock.is_file():
            try:
                entry = parse_json(lock.read_bytes(), lock.name)["files"][path.relative_to(folder).as_posix()]
            except (DataError, KeyError, TypeError):
                return ""
            return str(entry.get("retrieved", "")) if entry.get("sha256") == sha256(path) else ""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointMoved:
    """What moved in one endpoint: events in both releases, who gained or lost one, whose time differs."""

    endpoint: str
    events_old: int
    events_new: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    times: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What moved between two releases of a cohort.

    Attributes
    ----------
    old, new : str
        Name and version of each.
    added, removed : tuple of str
        Patients.
    endpoints : tuple of EndpointMoved
        Those that both have, in the patients that both have.
    columns : mapping of column to patients
        Whose value of another harmonised column differs.
    """

    old: str
    new: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    endpoints: tuple[EndpointMoved, ...]
    columns: dict[str, tuple[str, ...]]

    @property
    def nothing(self) -> bool:
        """Whether both releases hold the same patients, events, times and values."""
        moved = any(end.gained or end.lost or end.times for end in self.endpoints)
        return not (self.added or self.removed or self.columns or moved)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each thing that moved: what, patients, first."""
        told = [("patients added", self.added), ("patients removed", self.removed)]
        for end in self.endpoints:
            told += [(f"{end.endpoint}: event gained", end.gained), (f"{end.endpoint}: event lost", end.lost)]
            told += [(f"{end.endpoint}: time changed", end.times)]
        told += [(f"{column} changed", patients) for column, patients in self.columns.items()]
        return [{"what": what, "patients": len(who), "first": who[0]} for what, who in told if who]

    def __str__(self) -> str:
        lines = [f"{self.old} -> {self.new}" + (": nothing moved" if self.nothing else "")]
        lines += [f"{row['what']}: {row['patients']:,} (first {row['first']})" for row in self.rows()]
        lines += [f"{e.endpoint}: {e.events_old:,} -> {e.events_new:,} events" for e in self.endpoints]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def diff(old: Cohort, new: Cohort) -> Difference:
    """Say which patients, events, times and values moved between two releases of a cohort.

    Parameters
    ----------
    old, new : Cohort
        Such as one cohort loaded from two data folders.

    Returns
    -------
    Difference
        Hazard ratios that moved follow from asking both cohorts one question.
    """
    before, after = old.patients, new.patients
    shared = before.index.intersection(after.index, sort=False)
    before, after = before.loc[shared], after.loc[shared]
    codes = {e.code for e in new.endpoints}
    return Difference(
        old=_version(old),
        new=_version(new),
        added=_who(new.patients.index.difference(shared)),
        removed=_who(old.patients.index.difference(shared)),
        endpoints=tuple(_moved(before, after, e) for e in old.endpoints if e.code in codes),
        columns=dict(_changed(before, after)),
    )


def _version(cohort: Cohort) -> str:
    first = cohort.sources[0] if cohort.sources else None
    return f"{cohort.name} ({(first.retrieved or first.sha256[:12] or 'undated') if first else 'undated'})"


def _who(patients: pd.Index[Any]) -> tuple[str, ...]:
    return tuple(map(str, patients))


def _moved(before: pd.DataFrame, after: pd.DataFrame, end: Endpoint) -> EndpointMoved:
    was, now = before[end.event] == 1, after[end.event] == 1
    return EndpointMoved(
        endpoint=end.code, events_old=int(was.sum()), events_new=int(now.sum()), gained=_who(was.index[~was & now]),
        lost=_who(was.index[was & ~now]), times=_who(was.index[_differ(before[end.months], after[end.months])]),
    )  # fmt: skip


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[tuple[str, tuple[str, ...]]]:
    for column in before:
        if column in after and not str(column).endswith(("_months", "_event")):
            differs = _differ(before[column], after[column])
            if differs.any():
                yield str(column), _who(before.index[differs])


def _differ(one: pd.Series[Any], other: pd.Series[Any]) -> Any:
    """Tell where two columns differ; unknown equals unknown."""
    both = one.notna() & other.notna()
    if one.dtype.kind == other.dtype.kind == "f":
        apart = both & ((one - other).abs() > _SAME)
    else:
        apart = both & (one.astype(object) != other.astype(object))
    return (apart | (one.notna() != other.notna())).to_numpy()
