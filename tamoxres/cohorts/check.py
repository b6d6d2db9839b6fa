"""Checking data before any analysis: what is wrong and where, what is unknown how often, what looks implausible."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cohort import Cohort
from ..errors import BadCell, BadCells, DataError, Faults, QuestionError
from ..files.suspicious import SuspiciousCode, suspicious_codes
from .catalogue import load
from .check_codebook import Harmonised, breaches, doubts
from .check_counts import (
    CellCount,
    DiagnosisYear,
    FollowUpYear,
    UnknownByArm,
    by_arm,
    by_diagnosis,
    by_year,
    cells,
)
from .check_facts import ColumnFacts, Contradiction, Duplicates, Undated, column_facts, contradictions, duplicates
from .check_page import check_page, check_tables
from .custom import absent_columns
from .formats import Reading, read_table
from .frame import NAME, reading_of
from .made import make_all
from .mapping import read_mapping
from .recode import LISTED, RawTable
from .rules import Criterion, Mapping, Unknowns, canonical, resolved
from .withheld import declared_min_cell, refuse_negative

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType

    import pandas as pd

    from ..tables.table import Table

__all__ = ["CheckReport", "Unknown", "Violation", "check"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """How often a column is unknown."""

    column: str
    unknown: int
    patients: int

    @property
    def share(self) -> float:
        """Unknown patients as a share of all."""
        return self.unknown / self.patients


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something wrong that must be mended before data can be analysed.

    Attributes
    ----------
    what : str
        Where it is and what is wrong, in one sentence.
    mend : str
        What to do; empty where `what` says it.
    why : str
        What is wrong, without its place.
    file, column, value : str
        Where it is one cell.
    row : int or None
        Line of the file, or row under the header of a workbook.
    """

    what: str
    mend: str = ""
    why: str = ""
    file: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.mend}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check found, as fields; `str` writes it as text.

    Attributes
    ----------
    name : str
        The file or cohort.
    patients : int
        Rows read; 0 if the file could not be read.
    violations : tuple of Violation
        What is wrong and where; the data cannot be analysed while there is one. Of the cells of a column that are
        wrong for one reason, the first 20.
    unlisted : int
        Further cells with such faults.
    questions : tuple of str
        What is possible but unlikely, such as days where months are expected; the sentences of the findings below
        are among them.
    unknowns : tuple of Unknown
        How often each column is unknown, in the order of the cohort's columns.
    read_as : str
        How the file is written; empty for a cohort.
    remarks : tuple of str
        What a reader should know of how the file was read.
    columns : tuple of ColumnFacts
        Kind and range of each raw column of a file.
    codes : tuple of SuspiciousCode
        Values of the columns in use that look as if they meant unknown, and that the mapping does not name.
    contradictions : tuple of Contradiction
    undated : tuple of Undated
        Patients who are unknown by an endpoint for want of a date.
    duplicates : tuple of Duplicates
    follow_up : tuple of FollowUpYear
        Patients at risk, events and censored by year of follow-up, for each endpoint.
    diagnosed : tuple of DiagnosisYear
        By calendar year of diagnosis, where it is recorded.
    by_arm : tuple of UnknownByArm
        The unknown of each column in treated and in untreated patients.
    cells : tuple of CellCount
        Patients and events by marker and treatment.
    """

    name: str
    patients: int
    violations: tuple[Violation, ...]
    questions: tuple[str, ...]
    unknowns: tuple[Unknown, ...]
    unlisted: int = 0
    read_as: str = ""
    remarks: tuple[str, ...] = ()
    columns: tuple[ColumnFacts, ...] = ()
    codes: tuple[SuspiciousCode, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()
    undated: tuple[Undated, ...] = ()
    follow_up: tuple[FollowUpYear, ...] = ()
    diagnosed: tuple[DiagnosisYear, ...] = ()
    by_arm: tuple[UnknownByArm, ...] = ()
    cells: tuple[CellCount, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; questions may stand."""
        return not self.violations

    def rows(self) -> list[dict[str, Any]]:
        """Return the unknowns as rows: column, unknown, patients, share."""
        return [
            {"column": u.column, "unknown": u.unknown, "patients": u.patients, "share": u.share} for u in self.unknowns
        ]

    def wrong(self) -> list[str]:
        """Return what is wrong as sentences: the first 20, and how many more there are."""
        rest = max(len(self.violations) - LISTED, 0) + self.unlisted
        return [*map(str, self.violations[:LISTED]), *([f"And {rest:,} more."] if rest else [])]

    def __str__(self) -> str:
        verdict = "no violation" if self.ok else f"{len(self.violations) + self.unlisted:,} violation(s)"
        lines = [f"{self.name}: {self.patients:,} patients, {verdict}."]
        lines += [f"wrong: {text}" for text in self.wrong()] + [f"question: {text}" for text in self.questions]
        lines += [f"read as: {self.read_as}."] if self.read_as else []
        lines += [f"note: {text}" for text in self.remarks]
        lines += [f"unknown: {u.column} {u.unknown:,} ({u.share:.0%})" for u in self.unknowns if u.unknown]
        lines += [f"column: {facts}" for facts in self.columns if not facts.became_text]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain lists and dicts, as JSON takes them."""
        return asdict(self)

    def to_json(self) -> str:
        """Write every field as JSON."""
        return json.dumps({**self.to_dict(), "ok": self.ok}, indent=2, ensure_ascii=False) + "\n"

    def tables(self) -> tuple[Table, ...]:
        """Return what was found as tables."""
        return check_tables(self)

    def to_html(self) -> str:
        """Write what was found as one HTML page."""
        return check_page(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def check(
    what: str | Path | Cohort | pd.DataFrame,
    mapping: str | Path | MappingType[str, Any] | None = None,
    *,
    data_dir: str | Path | None = None,
    min_cell: int | None = None,
) -> CheckReport:
    """Check a cohort or a user's file.

    Parameters
    ----------
    what : str, path, Cohort or DataFrame
        A catalogue name, a file, a cohort already loaded, or a frame with one row a patient.
    mapping : path, TOML or mapping, optional
        Needed for a file or frame.
    data_dir : path, optional
        Folder with the publishers' files of a catalogue cohort.
    min_cell : int, optional
        Counts below it are withheld, and all that names a patient; the mapping's or the cohort's if not given.

    Returns
    -------
    CheckReport
        A file's faults are all listed, not only the first.

    Examples
    --------
    >>> check("gbsg").ok
    True
    """
    declared = declared_min_cell(what, mapping)
    return _published(_checked(what, mapping, data_dir), declared if min_cell is None else min_cell)


def _published(found: CheckReport, min_cell: int) -> CheckReport:
    """Return a check with nothing in it that counts fewer than `min_cell` patients, or names one.

    How many are unknown stands where both they and the known are none or at least `min_cell`. Tables by arm, marker,
    year and code, examples, ranges and the cells that are wrong are left out.

    Parameters
    ----------
    found : CheckReport
    min_cell : int

    Raises
    ------
    QuestionError
        If `min_cell` is negative.
    """
    refuse_negative(min_cell)
    if min_cell <= 1:
        return found
    if 0 < found.patients < min_cell:
        raise QuestionError(f"{found.name} holds fewer than min_cell = {min_cell} patients; nothing of it is told.")
    kept = tuple(
        one for one in found.unknowns
        if all(n == 0 or n >= min_cell for n in (one.unknown, one.patients - one.unknown))
    )  # fmt: skip
    wrong = Violation(
        what="Something is wrong with the file, or with its mapping; what it is names single patients.",
        mend="Check it with --min-cell 0 where the data may be seen.",
    )
    remark = f"min_cell = {min_cell}: smaller counts are withheld, and all that is counted by group, year or code."
    return CheckReport(
        name=found.name, patients=found.patients, violations=() if found.ok else (wrong,), questions=(), unknowns=kept,
        read_as=found.read_as, remarks=(remark,),
    )  # fmt: skip


def _checked(
    what: str | Path | Cohort | pd.DataFrame,
    mapping: str | Path | MappingType[str, Any] | None,
    data_dir: str | Path | None = None,
) -> CheckReport:
    if isinstance(what, Cohort):
        return _report(what.name, Harmonised(what.patients, what.endpoints, what.markers, what.undated))
    if not isinstance(what, str | Path):
        return _check_table(NAME, mapping or {}, lambda rules: reading_of(what, rules))
    if mapping is not None:
        path = Path(what)
        return _check_table(path.name, mapping, lambda rules: read_table(path, rules.options))
    try:
        cohort = load(what, data_dir=data_dir)
    except DataError as error:
        return _unread(str(what), error)
    return _published(_checked(cohort, None), cohort.min_cell)


def _check_table(
    name: str, mapping: str | Path | MappingType[str, Any], read: Callable[[Mapping], Reading]
) -> CheckReport:
    try:
        rules = read_mapping(mapping)
        reading = read(rules)
        if absent := tuple(map(DataError, absent_columns(reading.table, rules))):
            nothing = Harmonised(reading.table.frame.iloc[:, :0], errors=absent)
            return _report(name, nothing, _raw_findings(reading, rules, absent=True))
        table = reading.table.indexed(rules.patient)
    except DataError as error:
        return _unread(name, error)
    return _report(name, _harmonised(table, rules), _raw_findings(reading, rules))


def _harmonised(table: RawTable, rules: Mapping) -> Harmonised:
    """Make what can be made, and keep the errors."""
    import pandas as pd

    made = make_all(table, rules)
    patients = pd.DataFrame(made.values, index=table.frame.index)
    return Harmonised(
        patients, tuple(rule.endpoint for rule in rules.endpoints), made.calls,
        {code: told.index for code, told in made.undated.items()}, made.errors,
    )  # fmt: skip


def _violation(error: DataError) -> Violation:
    if not isinstance(error, BadCell):
        return Violation(what=error.what, mend=error.mend, why=error.what)
    return Violation(
        what=error.what, mend=error.mend, why=error.why, file=error.file, row=error.row, column=error.column,
        value="" if error.value is None else str(error.value),
    )  # fmt: skip


def _unread(name: str, error: DataError) -> CheckReport:
    cells, unlisted = _one_by_one(error.faults if isinstance(error, Faults) else (error,))
    return CheckReport(
        name=name, patients=0, violations=tuple(map(_violation, cells)), unlisted=unlisted, questions=(), unknowns=()
    )


def _one_by_one(errors: Sequence[DataError]) -> tuple[list[DataError], int]:
    """Return the faults, one a cell, and how many cells are not listed."""
    faults = [cell for error in errors for cell in (error.cells if isinstance(error, BadCells) else (error,))]
    return faults, sum(error.count - len(error.cells) for error in errors if isinstance(error, BadCells))


def _raw_findings(reading: Reading, rules: Mapping, *, absent: bool = False) -> dict[str, Any]:
    """Look at the raw cells of the columns that a mapping uses: kinds, suspicious codes, rows that stand twice."""
    frame = reading.table.frame
    codes: dict[tuple[str, str], SuspiciousCode] = {}
    for source, unknown, named in _uses(rules):
        for code in suspicious_codes(frame[source]) if source in frame else ():
            if canonical(code.code) not in named and not unknown.meets(code.code):
                codes[code.column, code.code] = code
    return {
        "read_as": str(reading.options), "remarks": reading.remarks, "codes": tuple(codes.values()),
        "columns": column_facts(reading.table, rules.missing),
        "duplicates": () if absent else duplicates(frame, rules.patient),
    }  # fmt: skip


def _uses(rules: Mapping) -> Iterator[tuple[str, Unknowns, frozenset[str]]]:
    """Yield each raw column that a mapping uses, what it names as unknown or measured, and its codes."""

    def named(*criteria: Criterion) -> frozenset[str]:
        return frozenset(code for criterion in criteria for code in criterion.codes)

    for rule in chain.from_iterable(map(resolved, rules.columns)):
        yield rule.source, Unknowns((*rule.missing, *rule.measured)), named(rule.equivocal, *rule.levels.values())
    for marker in chain.from_iterable(map(resolved, rules.markers)):
        yield (
            marker.source,
            Unknowns((*marker.missing, *marker.measured)),
            named(marker.altered, marker.unaltered, marker.equivocal),
        )
    for end in rules.endpoints:
        yield end.event, end.missing, named(end.event_values, end.competing_values, end.censored_values)
        for death in end.deaths:
            yield death.source, end.missing, named(death.values, death.other_values)
        times = (end.time, end.date, end.last_seen, end.competing_date, *(death.time for death in end.deaths))
        yield from ((name, end.missing, frozenset()) for name in times)


def _report(name: str, read: Harmonised, raw: MappingType[str, Any] | None = None) -> CheckReport:
    patients, calls = read.patients, read.calls
    facts = dict(raw or {}) | {
        "contradictions": contradictions(patients, read.endpoints),
        "undated": tuple(Undated(endpoint=c, patients=len(i), example=str(i[0])) for c, i in read.undated.items()),
        "follow_up": by_year(patients, read.endpoints), "diagnosed": by_diagnosis(patients, read.endpoints),
        "by_arm": by_arm(patients, calls), "cells": cells(patients, read.endpoints, calls),
    }  # fmt: skip
    faults, unlisted = _one_by_one(read.errors)
    unknowns = [Unknown(str(c), int(patients[c].isna().sum()), len(patients)) for c in patients]
    unknowns += [Unknown(f"{call.marker} ({call.rule})", call.counts()["unknown"], len(patients)) for call in calls]
    strays = [
        f"{column} List it in missing, or correct it." for column in facts.get("columns", ()) if column.became_text
    ]
    asked = [str(one) for key in ("undated", "codes", "contradictions", "duplicates") for one in facts.get(key, ())]
    return CheckReport(
        name=name, patients=len(patients), unknowns=tuple(unknowns), unlisted=unlisted, **facts,
        violations=(*map(_violation, faults), *(Violation(what=text, why=text) for text in breaches(name, read))),
        questions=(*doubts(read), *strays, *asked),
    )  # fmt: skip
