"""Checking data before any analysis: what is wrong and where, what is unknown how often, what looks implausible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..codebook import column
from ..cohort import Cohort, MarkerCall
from ..endpoints import OS, STEEP
from ..errors import DataError, shown
from .catalogue import load
from .check_facts import ColumnFacts, Contradiction, Duplicates, column_facts, contradictions, duplicates
from .custom import absent_columns, call_marker, harmonise
from .formats import Reading, read_table
from .mapping import read_mapping
from .rules import Criterion, Mapping, Unknowns, canonical, resolved
from .suspicious import SuspiciousCode, suspicious_codes

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType

    import pandas as pd

__all__ = ["CheckReport", "Unknown", "check"]

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
class CheckReport:
    """What a check found, as fields; `str` writes it as text.

    Attributes
    ----------
    name : str
        The file or cohort.
    patients : int
        Rows read; 0 if the file could not be read.
    violations : tuple of str
        What is wrong and where, one sentence each; the data cannot be analysed while there is one.
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
    duplicates : tuple of Duplicates
    """

    name: str
    patients: int
    violations: tuple[str, ...]
    questions: tuple[str, ...]
    unknowns: tuple[Unknown, ...]
    read_as: str = ""
    remarks: tuple[str, ...] = ()
    columns: tuple[ColumnFacts, ...] = ()
    codes: tuple[SuspiciousCode, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; questions may stand."""
        return not self.violations

    def rows(self) -> list[dict[str, Any]]:
        """Return the unknowns as rows: column, unknown, patients, share."""
        return [
            {"column": u.column, "unknown": u.unknown, "patients": u.patients, "share": u.share} for u in self.unknowns
        ]

    def __str__(self) -> str:
        verdict = "no violation" if self.ok else f"{len(self.violations)} violation(s)"
        lines = [f"{self.name}: {self.patients:,} patients, {verdict}."]
        lines += [f"wrong: {text}" for text in self.violations] + [f"question: {text}" for text in self.questions]
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
        return _report(what.name, what.patients, what.markers, ())
    if mapping is not None:
        return _check_file(Path(what), mapping)
    try:
        cohort = load(what, data_dir=data_dir)
    except DataError as error:
        return _report(str(what), None, (), (str(error),))
    return check(cohort)


def _check_file(path: Path, mapping: str | Path | MappingType[str, Any]) -> CheckReport:
    import pandas as pd

    try:
        rules = read_mapping(mapping)
        reading = read_table(path, rules.options)
        if absent := tuple(absent_columns(reading.table, rules)):
            return _report(
                path.name, reading.table.frame.iloc[:, :0], (), absent, _raw_findings(reading, rules, absent)
            )
        table = reading.table.indexed(rules.patient)
    except DataError as error:
        return _report(path.name, None, (), (str(error),))
    violations: list[str] = []
    made: dict[str, pd.Series[Any]] = {}
    calls: list[MarkerCall] = []
    for part in harmonise(table, rules):
        try:
            made |= part()
        except DataError as error:
            violations.append(str(error))
    for rule in rules.markers:
        try:
            calls.append(call_marker(table, rule))
        except DataError as error:
            violations.append(str(error))
    patients = pd.DataFrame(made, index=table.frame.index)
    return _report(path.name, patients, tuple(calls), tuple(violations), _raw_findings(reading, rules))


def _raw_findings(reading: Reading, rules: Mapping, absent: tuple[str, ...] = ()) -> dict[str, Any]:
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


def _report(
    name: str, patients: pd.DataFrame | None, calls: tuple[MarkerCall, ...], violations: tuple[str, ...],
    raw: MappingType[str, Any] | None = None,
) -> CheckReport:  # fmt: skip
    if patients is None:
        return CheckReport(name=name, patients=0, violations=violations, questions=(), unknowns=())
    facts = dict(raw or {}) | {"contradictions": contradictions(patients)}
    found = (*violations, *_violations(name, patients))
    unknowns = [Unknown(str(c), int(patients[c].isna().sum()), len(patients)) for c in patients]
    unknowns += [Unknown(f"{call.marker} ({call.rule})", call.counts()["unknown"], len(patients)) for call in calls]
    strays = [
        f"{column} List it in missing, or correct it." for column in facts.get("columns", ()) if column.became_text
    ]
    asked = [str(one) for key in ("codes", "contradictions", "duplicates") for one in facts.get(key, ())]
    return CheckReport(
        name=name, patients=len(patients), violations=found, unknowns=tuple(unknowns), **facts,
        questions=(*_questions(patients, calls), *strays, *asked),
    )  # fmt: skip


def _violations(name: str, patients: pd.DataFrame) -> Iterator[str]:
    """Say of each column what breaks the codebook, and of each endpoint which events have no time."""
    for key in map(str, patients):
        declared = column(key)
        bad = patients.index[:0] if declared is None else patients.index[~declared.allows(patients[key]).to_numpy(bool)]
        if declared is not None and len(bad):
            yield (
                f"{name}, column {key}: {len(bad)} value(s) outside the codebook ({declared.allowed}), the first at "
                f"patient {shown(bad[0])}: {shown(patients.loc[bad[:1], key].tolist()[0])}."
            )
    for e in STEEP.values():
        if e.event in patients:
            if not e.competing and (patients[e.event] == 2).any():
                yield f"{name}, {e.code}: no death competes with {e.code}; list its deaths in event_values."
            undated = patients.index[patients[e.event].isin([1, 2]) & patients[e.months].isna()]
            if len(undated):
                yield f"{name}, {e.code}: {len(undated)} event(s) without a time, the first at patient {undated[0]!r}."


def _questions(patients: pd.DataFrame, calls: tuple[MarkerCall, ...]) -> Iterator[str]:
    for e in STEEP.values():
        if e.event in patients and patients[e.months].notna().any():
            yield from _about_follow_up(patients, e.code)
    for name, (low, high, question) in _MEDIANS.items():
        if name in patients and patients[name].notna().any():
            middle = float(patients[name].median())
            if not low <= middle <= high:
                yield f"The median of {name} is {middle:g}. {question}"
    for call in calls:
        counts = call.counts()
        if not (counts["altered"] and counts["unaltered"]):
            told = f"{counts['altered']} altered and {counts['unaltered']} unaltered patients"
            yield f"{call.marker} has {told}. Is it read right?"
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
