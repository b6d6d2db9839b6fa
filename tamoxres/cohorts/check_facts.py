"""What a check looks at beside the codebook: kinds of columns, contradictions between endpoints, rows that stand twice.

Conventions: each finding is a record with fields, and one sentence when it is printed. Nothing here refuses data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ..endpoints import OS, STEEP, Endpoint
from ..errors import cut, shown
from ..files.numbers import to_numbers
from ..files.suspicious import means_unknown
from ..wording import count
from .readers.dates import date_forms
from .rules import Unknowns

if TYPE_CHECKING:
    from .recode import RawTable

__all__ = ["ColumnFacts", "Contradiction", "Duplicates", "Undated", "column_facts", "contradicted", "contradictions",
           "duplicates"]  # fmt: skip

_MOSTLY = 0.8
_SCORE = re.compile(r"[0-3]\+")  # of immunohistochemistry: a word, beside which 0 stands bare
_NONE = Unknowns()
_TOLERANCE = 0.1  # months: times by two endpoints that are nearer than this are one
_ENOUGH = 20  # different values that a measurement has at least
_DEATHS = "death"
_BY_CHANCE = 5.0  # times as many rows alike as chance makes them


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """What a raw column holds.

    Attributes
    ----------
    column : str
    kind : "number" | "date" | "text" | "empty"
    known, unknown, different : int
        Cells with a value, without one, and how many different values.
    numbers : int
        Cells that hold a number.
    low, high : float or None
        Their range.
    stray : str
        The first value that is no number, in a column where most are; empty if none.
    place : str
        Where it stands.
    """

    column: str
    kind: Literal["number", "date", "text", "empty"]
    known: int
    unknown: int
    different: int
    numbers: int = 0
    low: float | None = None
    high: float | None = None
    stray: str = ""
    place: str = ""

    @property
    def became_text(self) -> bool:
        """Whether a column of numbers is text because of a few cells."""
        return self.kind == "text" and self.stray != ""

    def __str__(self) -> str:
        if self.became_text:
            others = f"the first other is {shown(self.stray)} in {self.place}"
            return f"{cut(self.column)} is text, {count(self.numbers)} of {count(self.known)} are numbers; {others}."
        numbers = f", {self.low:g} to {self.high:g}" if self.low is not None and self.kind == "number" else ""
        return (
            f"{cut(self.column)}: {self.kind}{numbers}, {count(self.different)} different, {count(self.unknown)} empty."
        )


def column_facts(table: RawTable, missing: Unknowns = _NONE) -> tuple[ColumnFacts, ...]:
    """Look at every column of a raw table.

    Parameters
    ----------
    table : RawTable
    missing : Unknowns
        What means unknown.

    Returns
    -------
    tuple of ColumnFacts
        In the order of the columns. Words for unknown do not make a column of numbers text.
    """
    return tuple(_facts(table, j, missing) for j in range(table.frame.shape[1]))


def _facts(table: RawTable, place: int, missing: Unknowns) -> ColumnFacts:
    raw = table.frame.iloc[:, place]
    counts = missing.mask(raw).dropna().value_counts()
    known, name = int(counts.sum()), str(raw.name)
    if not known:
        return ColumnFacts(column=name, kind="empty", known=0, unknown=len(raw), different=0)
    values, wrong = to_numbers(counts.index)
    words = np.array([bool(w) and means_unknown(str(v)) for v, w in zip(counts.index, wrong, strict=True)])
    numbers = int(counts[~wrong].sum())
    facts = ColumnFacts(
        column=name, kind="text", known=known, unknown=len(raw) - known, different=len(counts), numbers=numbers
    )
    if not numbers:
        return replace(facts, kind="date") if date_forms(map(str, counts.index[~words])) else facts
    facts = replace(facts, low=float(np.nanmin(values)), high=float(np.nanmax(values)))
    if not (wrong & ~words).any():
        return replace(facts, kind="number")
    scores = all(_SCORE.fullmatch(str(value)) for value in counts.index[wrong & ~words])
    if numbers < _MOSTLY * known or scores:
        return facts
    row = int(np.flatnonzero(raw.isin(set(counts.index[wrong & ~words])))[0])
    return replace(facts, stray=str(raw.iloc[row]), place=f"{table.place} {table.lines[row]:,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undated:
    """Patients who are unknown by an endpoint, because their event has no date or their time is negative.

    Attributes
    ----------
    endpoint : str
    patients : int
    example : str
        The first of them.
    """

    endpoint: str
    patients: int
    example: str

    def __str__(self) -> str:
        return (
            f"{count(self.patients)} patient(s) with an undated event or a negative time are unknown by "
            f"{self.endpoint}, the first {shown(self.example)}. Can the dates be had?"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two endpoints that tell different things of the same patients.

    Attributes
    ----------
    first, second : str
        Codes of the endpoints.
    first_says, second_says : str
    patients : int
    example : str
        The first of them.
    """

    first: str
    second: str
    first_says: str
    second_says: str
    patients: int
    example: str

    def __str__(self) -> str:
        return (
            f"{count(self.patients)} patient(s) {self.first_says} by {self.first} and {self.second_says} by "
            f"{self.second}, the first {shown(self.example)}. Which is right?"
        )


def contradictions(
    patients: pd.DataFrame, endpoints: Iterable[Endpoint] = tuple(STEEP.values())
) -> tuple[Contradiction, ...]:
    """Compare the endpoints of harmonised patients two by two.

    Parameters
    ----------
    patients : DataFrame
        Indexed by patient, with `<ENDPOINT>_months` and `<ENDPOINT>_event`.
    endpoints : iterable of Endpoint
        Those of the cohort.

    Returns
    -------
    tuple of Contradiction
        Dead by one endpoint and alive by another; an event by an endpoint that another, which counts it too, lacks.
    """
    return tuple(contradiction for contradiction, _ in _pairs(patients, endpoints))


def contradicted(patients: pd.DataFrame, endpoints: Iterable[Endpoint]) -> dict[str, pd.Index[Any]]:
    """Return by endpoint the patients of whom it and another endpoint tell what cannot both be."""
    found: dict[str, pd.Index[Any]] = {}
    for contradiction, who in _pairs(patients, endpoints):
        for code in (contradiction.first, contradiction.second):
            found[code] = found[code].union(who) if code in found else who
    return found


def _pairs(patients: pd.DataFrame, endpoints: Iterable[Endpoint]) -> Iterator[tuple[Contradiction, pd.Index[Any]]]:
    held = [end for end in endpoints if end.event in patients and end.months in patients]
    for end in held:
        if end.code != OS.code and OS in held:
            yield from _with_deaths(patients, end)
    for one, other in combinations(held, 2):
        for narrow, wide in ((one, other), (other, one)):
            if set(narrow.events) < set(wide.events) and OS.code not in (narrow.code, wide.code):
                yield from _nested(patients, narrow, wide)


def _with_deaths(patients: pd.DataFrame, end: Endpoint) -> Iterator[tuple[Contradiction, pd.Index[Any]]]:
    """Compare an endpoint with OS: who died by one and is alive by the other at the same time or later."""
    event, alive = patients[end.event], patients[OS.event] == 0
    only_deaths = all(_DEATHS in kind for kind in end.events)
    died = (event == 2) | (only_deaths & (event == 1))
    says = "died of breast cancer" if only_deaths and end.competing and not (event[died & alive] == 2).any() else "died"
    yield from _contradiction(patients, died & alive, (end.code, OS.code), (says, "are alive"))
    counts_all = set(OS.events) <= set(end.events) | set(end.competing)
    late = patients[end.months] >= patients[OS.months] - _TOLERANCE
    if counts_all:
        missed = (patients[OS.event] == 1) & (event == 0) & late
        yield from _contradiction(patients, missed, (OS.code, end.code), ("died", "are alive then or later"))


def _nested(patients: pd.DataFrame, narrow: Endpoint, wide: Endpoint) -> Iterator[tuple[Contradiction, pd.Index[Any]]]:
    """Compare an endpoint with one that counts all its events: an event of the first is one of the second."""
    missed = (patients[narrow.event] == 1) & (patients[wide.event] == 0)
    missed &= patients[wide.months] >= patients[narrow.months] - _TOLERANCE
    yield from _contradiction(patients, missed, (narrow.code, wide.code), ("had an event", "none then or later"))


def _contradiction(
    patients: pd.DataFrame, who: Any, codes: tuple[str, str], says: tuple[str, str]
) -> Iterator[tuple[Contradiction, pd.Index[Any]]]:
    if who.any():
        them = patients.index[who.to_numpy(bool)]
        found = Contradiction(
            first=codes[0], second=codes[1], first_says=says[0], second_says=says[1], patients=int(who.sum()),
            example=str(them[0]),
        )  # fmt: skip
        yield found, them


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Patients that may be one.

    Attributes
    ----------
    kind : "row" | "identifier"
        Alike in all but the identifier, or identifiers that differ only in case, blanks, marks or leading zeros.
    patients : int
        Rows that repeat an earlier one.
    example : tuple of str
        Two identifiers.
    """

    kind: Literal["row", "identifier"]
    patients: int
    example: tuple[str, str]

    def __str__(self) -> str:
        one, other = map(shown, self.example)
        if self.kind == "row":
            what = f"{count(self.patients)} row(s) repeat another patient's in every column, such as {one} and {other}"
        else:
            what = f"{count(self.patients)} identifier(s) differ from another's only in spelling: {one} and {other}"
        return f"{what}. Is it one patient twice?"


def duplicates(frame: pd.DataFrame, patient: str) -> tuple[Duplicates, ...]:
    """Find patients that may stand twice.

    Parameters
    ----------
    frame : DataFrame
        Raw cells, with a column of identifiers.
    patient : str
        That column. Rows are compared only where they hold two measurements, and named only where more are alike than
        chance makes them.
    """
    ids = frame[patient].astype(str)
    found = []
    spelling = ids.str.casefold().str.replace(r"[\W_]+", "", regex=True).str.replace(r"(?<!\d)0+(?=\d)", "", regex=True)
    if (pair := _pair(spelling, ids)) is not None:
        found.append(Duplicates(kind="identifier", patients=int(spelling.duplicated().sum()), example=pair))
    rest = frame.drop(columns=patient)
    measured = frame[_several_measurements(rest)].index
    keys = pd.util.hash_pandas_object(rest.loc[measured].fillna("").astype(str), index=False)
    repeated = int(keys.duplicated().sum())
    if repeated > _BY_CHANCE * _expected(rest.loc[measured]) and (pair := _pair(keys, ids)) is not None:
        found.append(Duplicates(kind="row", patients=repeated, example=pair))
    return tuple(found)


def _expected(frame: pd.DataFrame) -> float:
    """Return how many pairs of rows are alike by chance, were the columns independent."""
    pairs = len(frame) * (len(frame) - 1) / 2
    counts = (frame[name].value_counts(dropna=False).to_numpy(dtype=float) for name in frame)
    alike = [float((times * (times - 1) / 2).sum()) / pairs for times in counts] if pairs else []
    return pairs * float(np.prod(alike))


def _several_measurements(frame: pd.DataFrame) -> Any:
    """Tell of each row whether it holds two different measurements: what many values of a column may be."""
    enough = min(_ENOUGH, 0.5 * len(frame))
    columns = [to_numbers(frame[name])[0] for name in frame if frame[name].nunique() >= enough]
    values = np.array([column for column in columns if not np.isnan(column).all()])
    if len(values) < 2:
        return np.zeros(len(frame), dtype=bool)
    low = np.where(np.isnan(values), np.inf, values).min(axis=0)
    return low < np.where(np.isnan(values), -np.inf, values).max(axis=0)


def _pair(keys: pd.Series[Any], ids: pd.Series[Any]) -> tuple[str, str] | None:
    repeated = keys[keys.duplicated()]
    if repeated.empty:
        return None
    rows = keys.index[keys == repeated.iloc[0]]
    return str(ids[rows[0]]), str(ids[rows[1]])
