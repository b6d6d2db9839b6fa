"""Checking data before any analysis: what is wrong and where, what is unknown how often, what looks implausible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..codebook import column
from ..cohort import Cohort, MarkerCall
from ..endpoints import OS, Endpoint
from ..errors import BadCell, BadCells, DataError, shown
from .catalogue import load
from .check_facts import ColumnFacts, Contradiction, Duplicates, Undated, column_facts, contradictions, duplicates
from .custom import absent_columns, call_marker, harmonise
from .formats import Reading, read_table
from .mapping import read_mapping
from .recode import LISTED, RawTable
from .rules import Criterion, Mapping, Unknowns, canonical, resolved
from .suspicious import SuspiciousCode, suspicious_codes

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType

    import pandas as pd

__all__ = ["CheckReport", "Unknown", "Violation", "check"]

_SHORTEST, _LONGEST = 12.0, 720.0  # months: a longest follow-up outside of these is questioned
_MEDIANS = {  # a median outside of these is questioned
    "age": (35, 80, "Is age in years, at diagnosis?"),
    "size_mm": (5, 80, "Is size in mm? Use scale = 10 for cm."),
    "nodes": (0, 20, "Is nodes the number of nodes with tumour?"),
    "npi": (2, 7, "Is npi the Nottingham prognostic index?"),
}


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
    file, column, value : str
        Where it is one cell.
    row : int or None
        Line of the file, or row under the header of a workbook.
    """

    what: str
    mend: str = ""
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

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def check(
    what: str | Path | Cohort,
    mapping: str | Path | MappingType[str, Any] | None = None,
    *,
    data_dir: str | Path | None = None,
) -> CheckReport:
    """Check a cohort or a user's file.

    Parameters
    ----------
    what : str, path or Cohort
        A catalogue name, a file, or a cohort already loaded.
    mapping : path or mapping, optional
        Needed for a file.
    data_dir : path, optional
        Folder with the publishers' files of a catalogue cohort.

    Returns
    -------
    CheckReport
        A file's faults are all listed, not only the first.

    Examples
    --------
    >>> check("gbsg").ok
    True
    """
    if isinstance(what, Cohort):
        return _report(what.name, _Harmonised(what.patients, what.endpoints, what.markers, what.undated))
    if mapping is not None:
        return _check_file(Path(what), mapping)
    try:
        cohort = load(what, data_dir=data_dir)
    except DataError as error:
        return _unread(str(what), error)
    return check(cohort)


@dataclass(frozen=True, slots=True, eq=False)
class _Harmonised:
    """What a cohort's columns, endpoints and markers are, as far as they could be read, and what could not."""

    patients: pd.DataFrame
    endpoints: tuple[Endpoint, ...] = ()
    calls: tuple[MarkerCall, ...] = ()
    undated: MappingType[str, pd.Index[Any]] = field(default_factory=dict)
    errors: tuple[DataError, ...] = ()


def _check_file(path: Path, mapping: str | Path | MappingType[str, Any]) -> CheckReport:
    try:
        rules = read_mapping(mapping)
        reading = read_table(path, rules.options)
        if absent := tuple(map(DataError, absent_columns(reading.table, rules))):
            nothing = _Harmonised(reading.table.frame.iloc[:, :0], errors=absent)
            return _report(path.name, nothing, _raw_findings(reading, rules, absent=True))
        table = reading.table.indexed(rules.patient)
    except DataError as error:
        return _unread(path.name, error)
    return _report(path.name, _harmonised(table, rules), _raw_findings(reading, rules))


def _harmonised(table: RawTable, rules: Mapping) -> _Harmonised:
    """Make every column and call every marker, each on its own, and keep the errors."""
    import pandas as pd

    errors: list[DataError] = []
    values: dict[str, pd.Series[Any]] = {}
    undated: dict[str, pd.Index[Any]] = {}
    calls: list[MarkerCall] = []
    for part in harmonise(table, rules):
        try:
            columns = part()
        except DataError as error:
            errors.append(error)
        else:
            values |= columns.values
            undated |= columns.undated
    for rule in rules.markers:
        try:
            calls.append(call_marker(table, rule))
        except DataError as error:
            errors.append(error)
    patients = pd.DataFrame(values, index=table.frame.index)
    return _Harmonised(patients, tuple(rule.endpoint for rule in rules.endpoints), tuple(calls), undated, tuple(errors))


def _violation(error: DataError) -> Violation:
    if not isinstance(error, BadCell):
        return Violation(what=error.what, mend=error.mend)
    return Violation(
        what=error.what, mend=error.mend, file=error.file, row=error.row, column=error.column,
        value="" if error.value is None else str(error.value),
    )  # fmt: skip


def _unread(name: str, error: DataError) -> CheckReport:
    return CheckReport(name=name, patients=0, violations=(_violation(error),), questions=(), unknowns=())


def _raw_findings(reading: Reading, rules: Mapping, *, absent: bool = False) -> dict[str, Any]:
    """Look at the raw cells of the columns that a mapping uses: kinds, suspicious codes, rows that stand twice."""
    frame = reading.table.frame
    codes: dict[tuple[str, str], SuspiciousCode] = {}
    for source, missing, named in _uses(rules):
        for code in suspicious_codes(frame[source]) if source in frame else ():
            if canonical(code.code) not in named and not missing.meets(code.code):
                codes[code.column, code.code] = code
    return {
        "read_as": str(reading.options), "remarks": reading.remarks, "codes": tuple(codes.values()),
        "columns": column_facts(reading.table, rules.missing),
        "duplicates": () if absent else duplicates(frame, rules.patient),
    }  # fmt: skip


def _uses(rules: Mapping) -> Iterator[tuple[str, Unknowns, frozenset[str]]]:
    """Yield each raw column that a mapping uses, what means unknown there, and the codes that it names."""

    def named(*criteria: Criterion) -> frozenset[str]:
        return frozenset(code for criterion in criteria for code in criterion.codes)

    for rule in chain.from_iterable(map(resolved, rules.columns)):
        yield rule.source, rule.missing, named(rule.equivocal, *rule.levels.values())
    for marker in chain.from_iterable(map(resolved, rules.markers)):
        yield marker.source, marker.missing, named(marker.altered, marker.unaltered, marker.equivocal)
    for end in rules.endpoints:
        yield end.event, end.missing, named(end.event_values, end.competing_values, end.censored_values)
        for death in end.deaths:
            yield death.source, end.missing, named(death.values, death.other_values)
        times = (end.time, end.date, end.last_seen, end.competing_date, *(death.time for death in end.deaths))
        yield from ((name, end.missing, frozenset()) for name in times)


def _report(name: str, read: _Harmonised, raw: MappingType[str, Any] | None = None) -> CheckReport:
    patients, calls = read.patients, read.calls
    facts = dict(raw or {}) | {
        "contradictions": contradictions(patients, read.endpoints),
        "undated": tuple(Undated(endpoint=c, patients=len(i), example=str(i[0])) for c, i in read.undated.items()),
    }
    cells = [cell for error in read.errors for cell in (error.cells if isinstance(error, BadCells) else (error,))]
    unlisted = sum(error.count - len(error.cells) for error in read.errors if isinstance(error, BadCells))
    unknowns = [Unknown(str(c), int(patients[c].isna().sum()), len(patients)) for c in patients]
    unknowns += [Unknown(f"{call.marker} ({call.rule})", call.counts()["unknown"], len(patients)) for call in calls]
    strays = [
        f"{column} List it in missing, or correct it." for column in facts.get("columns", ()) if column.became_text
    ]
    asked = [str(one) for key in ("undated", "codes", "contradictions", "duplicates") for one in facts.get(key, ())]
    return CheckReport(
        name=name, patients=len(patients), unknowns=tuple(unknowns), unlisted=unlisted, **facts,
        violations=(*map(_violation, cells), *(Violation(what=text) for text in _violations(name, read))),
        questions=(*_questions(read), *strays, *asked),
    )  # fmt: skip


def _violations(name: str, read: _Harmonised) -> Iterator[str]:
    """Say of each column what breaks the codebook, and of each endpoint which events have no time."""
    patients = read.patients
    for key in map(str, patients):
        declared = column(key)
        bad = patients.index[:0] if declared is None else patients.index[~declared.allows(patients[key]).to_numpy(bool)]
        if declared is not None and len(bad):
            yield (
                f"{name}, column {key}: {len(bad)} value(s) outside the codebook ({declared.allowed}), the first at "
                f"patient {shown(bad[0])}: {shown(patients.loc[bad[:1], key].tolist()[0])}."
            )
    for e in read.endpoints:
        if e.event in patients and not e.competing and (patients[e.event] == 2).any():
            yield f"{name}, {e.code}: no death competes with {e.code}; list its deaths in event_values."


def _questions(read: _Harmonised) -> Iterator[str]:
    patients = read.patients
    for e in read.endpoints:
        if e.event in patients and patients[e.months].notna().any():
            yield from _about_follow_up(patients, e.code)
    for name, (low, high, question) in _MEDIANS.items():
        if name in patients and patients[name].notna().any():
            middle = float(patients[name].median())
            if not low <= middle <= high:
                yield f"The median of {name} is {middle:g}. {question}"
    for call in read.calls:
        counts = call.counts()
        if not (counts["altered"] and counts["unaltered"]):
            levels = f"{counts['altered']} altered and {counts['unaltered']} unaltered patients"
            yield f"{call.marker} has {levels}. Is it read right?"
    if "endocrine" in patients and set(patients["endocrine"].dropna()) == {"yes"}:
        yield "Everybody had endocrine therapy. A single arm cannot tell whether a marker predicts its failure."


def _about_follow_up(patients: pd.DataFrame, code: str) -> Iterator[str]:
    months, event = patients[f"{code}_months"], patients[f"{code}_event"]
    longest = float(months.max())
    if not _SHORTEST <= longest <= _LONGEST:
        yield f"The longest follow-up for {code} is {longest:.1f} months ({longest / 12:.1f} years). Is its unit right?"
    if (event == 1).sum() == 0 or (event == 1).all():
        yield f"{code} has {int((event == 1).sum())} events in {len(event)} patients. Are the event codes right?"
    if code != OS.code and OS.months in patients:
        after = int((months > patients[OS.months] + 0.1).sum())
        if after:
            yield f"{code} ends later than OS in {after} patient(s). Do both times have one origin and unit?"
