"""From raw columns to harmonised ones, by the rules of a mapping: for a user's registry and for the catalogue alike.

Conventions: a value or code that the mapping names nowhere is an error, never a silent NA; a code named neither as
event, competing nor censored is an error, never silently censored. HER2 by IHC 2+ is equivocal: NA unless an in-situ
hybridisation settles it (`resolved_by`). Columns that the codebook does not know pass through: as numbers where every
known value is a number, else as text. A cohort of several files has `beside` the patients' table others, by name, with
the same patients in the same order; a rule whose table is not on disk makes no column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from ..codebook import column, in_months
from ..cohort import ALTERED, UNALTERED, Level, MarkerCall
from ..errors import DataError
from ..files.numbers import to_number, to_numbers
from . import rules as grammar
from .criteria import unlisted_sentinels
from .readers.dates import to_dates
from .recode import RawTable, events
from .rules import UNITS, ColumnRule, Criterion, DeathRule, EndpointRule, MarkerRule, Unknowns, resolved

__all__ = ["Columns", "absent_columns", "call_marker", "endpoint_columns", "harmonise"]

_LONGEST = 1200.0  # months: nobody is followed for a hundred years
_OLDEST = 1440.0  # where patients enter late, time may be their age
_DATED = r"\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}"
_NAME_IT = "Name it in the mapping, or list it in missing if it means unknown."
_DATE_IT = 'Give its time, or set undated_events = "unknown" to leave these patients out of this endpoint only.'
_SENTINEL = "a number that may mean unknown: it lies apart from the others, and a comparison would count it"
_TIMES = ("entry_months", "endocrine_start_months", "endocrine_stop_months")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Harmonised columns, and by endpoint the event codes of whose event has no date or whose time is negative."""

    values: Mapping[str, pd.Series[Any]]
    undated: Mapping[str, pd.Series[Any]] = field(default_factory=dict)


Part = Callable[[], Columns]


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """The tables of a cohort: the patients' own, and those beside it."""

    main: RawTable
    beside: Mapping[str, RawTable]
    declared: bool = False

    def of(self, name: str) -> RawTable | None:
        return self.beside.get(name) if name else self.main

    def holds(self, rule: ColumnRule | EndpointRule, *sources: str) -> bool:
        """Whether what a rule reads is there, or must be."""
        table = self.of(rule.table)
        return table is not None and not (rule.optional and any(source not in table.frame for source in sources))


def absent_columns(
    table: RawTable, rules: grammar.Mapping, beside: Mapping[str, RawTable] | None = None
) -> Iterator[str]:
    """Say of each column that the mapping names and the file lacks where it is named, and which it might be."""
    tables = _Tables(table, beside or {})
    for where, name, source in _named_columns(rules, tables):
        other = tables.of(name)
        if other is not None and source not in other.frame:
            yield f"{rules.file}, {where}: {other.absent(source)}"


def _named_columns(rules: grammar.Mapping, tables: _Tables) -> Iterator[tuple[str, str, str]]:
    """Yield where in the mapping, in which table, which raw column is named."""
    yield "columns.patient", "", rules.patient
    for column_rule in rules.columns:
        if tables.holds(column_rule, column_rule.source):
            for one in resolved(column_rule):
                if one.source:
                    yield f"columns.{column_rule.name}", one.table, one.source
    for marker in rules.markers:
        yield f"markers.{marker.marker}", "", marker.source
        if marker.resolved_by:
            yield f"markers.{marker.marker}.resolved_by", "", marker.resolved_by.source
    for rule in rules.endpoints:
        names = [name for name in _endpoint_sources(rule) if name]
        if tables.holds(rule, *names):
            yield from ((f"endpoints.{rule.endpoint.code}", rule.table, name) for name in names)


def _endpoint_sources(rule: EndpointRule) -> list[str]:
    deaths = [name for death in rule.deaths for name in (death.source, death.time)]
    dates = [rule.date, rule.last_seen, rule.competing_date, "" if rule.time else rule.diagnosis]
    return [rule.time, rule.event, *dates, *deaths, *rule.among]


def harmonise(table: RawTable, rules: grammar.Mapping, beside: Mapping[str, RawTable] | None = None) -> Iterator[Part]:
    """Yield the parts of the cohort as functions that make its columns, so that a check can run each on its own."""
    tables = _Tables(table, beside or {}, rules.declared)
    diagnosis = next((rule.diagnosis for rule in rules.endpoints if rule.diagnosis), "")
    agent_named = any(rule.name == "endocrine_agent" for rule in rules.columns)
    for rule in rules.columns:
        if tables.holds(rule, rule.source):
            yield partial(_named_column, tables, rule, diagnosis)
            if rule.name == "endocrine" and not agent_named:
                yield partial(_agent, tables, rule, rules.treatment_specificity)
    longest = _OLDEST if any(rule.name == "entry_months" for rule in rules.columns) else _LONGEST
    for end in rules.endpoints:
        if tables.holds(end, *filter(None, _endpoint_sources(end))):
            yield partial(_endpoint, tables, end, longest)


def endpoint_columns(table: RawTable, rules: grammar.Mapping, code: str) -> dict[str, pd.Series[Any]]:
    """Return time and event of one endpoint of a mapping."""
    [rule] = [rule for rule in rules.endpoints if rule.endpoint.code == code]
    return dict(_endpoint(_Tables(table, {}, rules.declared), rule).values)


def _named_column(tables: _Tables, rule: ColumnRule, diagnosis: str) -> Columns:
    values = _column(tables, rule, diagnosis)
    if rule.ordered:
        values = pd.Series(pd.Categorical(values, list(rule.levels)), index=values.index)
    return Columns({rule.name: values})


def _column(tables: _Tables, rule: ColumnRule, diagnosis: str) -> pd.Series[Any]:
    """Read one column; where it is unknown, what resolves it."""
    values = _recoded(tables, rule, diagnosis)
    if rule.resolved_by is not None and tables.holds(rule.resolved_by, rule.resolved_by.source):
        values = values.where(values.notna(), _column(tables, rule.resolved_by, diagnosis))
    return values


def _recoded(tables: _Tables, rule: ColumnRule, diagnosis: str) -> pd.Series[Any]:
    table, declared = tables.of(rule.table), column(rule.name)
    assert table is not None  # noqa: S101  # `holds` was asked before
    if rule.value:
        return pd.Series(rule.value, index=table.frame.index, dtype=object)
    raw = rule.missing.mask(table.frame[rule.source])
    if rule.levels:
        equivocal = _equivocal(rule.name.upper(), rule.equivocal, "")
        allowed = declared.levels or None if declared is not None else None
        if not tables.declared:
            _refuse_sentinels(table, raw, (*rule.levels.values(), equivocal), rule.measured)
        values = _levels(table, raw, rule.levels, equivocal, allowed, declared=tables.declared)
        return values.astype(float) if declared is not None and not declared.levels else values
    if declared is not None and declared.levels:
        own = {level: Criterion((level,)) for level in declared.levels}
        return _levels(table, raw.map(str.strip, na_action="ignore"), own, Criterion(), declared.levels)
    if rule.unit == "date":
        return _months_between(table, diagnosis, rule)
    if declared is not None and declared.kind == "text":
        return raw
    numbers, strange = to_numbers(raw)
    if declared is None and strange.any():
        return raw
    table.refuse(raw, strange, "not a number", "" if tables.declared else _NAME_IT)
    values = pd.Series(numbers * rule.scale, index=raw.index, name=raw.name)
    return in_months(values, _days(rule.unit)) if rule.unit else values


def _days(unit: str | float) -> float:
    """Return the days of one unit."""
    return UNITS[unit] if isinstance(unit, str) else unit


def _levels(
    table: RawTable, raw: pd.Series[Any], levels: Mapping[str, Criterion], equivocal: Criterion,
    allowed: tuple[str, ...] | None, *, declared: bool = False,
) -> pd.Series[Any]:  # fmt: skip
    """Recode by criteria; a single comparison leaves every other number to the one remaining level.

    Each value is judged once, not once per patient.
    """
    met = {v: [name for name, one in levels.items() if one.meets(v)] for v in raw.dropna().unique()}
    rest = [level for level in allowed or () if level not in levels]
    if len(levels) == 1 and len(rest) == 1 and all(criterion.comparison for criterion in levels.values()):
        met = {value: names or rest * (to_number(str(value)) is not None) for value, names in met.items()}
    if twice := [value for value, names in met.items() if len(names) > 1]:
        table.refuse(raw, raw.isin(twice), "in two levels of the mapping", "Make the criteria exclude each other.")
    if unnamed := [value for value, names in met.items() if not names and not equivocal.meets(value)]:
        if declared:
            known = ", ".join(str(criterion) for criterion in levels.values())
            table.refuse(raw, raw.isin(unnamed), f"an unknown level; known are {known}")
        known = "; ".join(f"{level}: {criterion}" for level, criterion in levels.items())
        table.refuse(raw, raw.isin(unnamed), f"in no level of the mapping ({known})", _NAME_IT)
    values = raw.map({value: names[0] for value, names in met.items() if names}).astype(object)
    return values.where(values.notna(), None)


def _refuse_sentinels(
    table: RawTable, raw: pd.Series[Any], criteria: Iterable[Criterion], measured: Unknowns | None = None
) -> None:
    """Refuse a number that looks as if it meant unknown where a comparison would take it for a measurement."""
    otherwise = "list the codes that count" if measured is None else "in measured if it was measured"
    unlisted = unlisted_sentinels(raw, criteria, measured or Unknowns())
    table.refuse(raw, unlisted, _SENTINEL, f"List it in missing if it means unknown, or {otherwise}.")


def _equivocal(name: str, named: Criterion, assay: str) -> Criterion:
    if named or not name.startswith("HER2"):
        return named
    return Criterion(("2+", "2")) if "IHC" in assay.upper() else Criterion(("2+",))


def call_marker(table: RawTable, rule: MarkerRule) -> MarkerCall:
    """Call a marker as the mapping says; what `resolved_by` settles stands where the first assay gave no answer."""
    values = _status(table, rule) if rule.altered else pd.Series(None, index=table.frame.index, dtype=object)
    measured = partial(_level, table, rule) if rule.has_level else None
    if measured is not None and not rule.altered:
        measured()  # a value that is no number is told now
    if rule.resolved_by is not None:
        values = values.where(values.notna(), _status(table, rule.resolved_by))
    settled = f"; equivocal settled by {rule.resolved_by.source}" if rule.resolved_by else ""
    unaltered = str(rule.unaltered) or "the other values"
    return MarkerCall(
        marker=rule.marker,
        rule=rule.rule,
        assay=rule.assay,
        reference=rule.reference or "the user's mapping",
        values=values.where(values.notna(), None),
        definition=f"{rule.source} altered: {rule.altered}, unaltered: {unaltered}{settled}"
        if rule.altered
        else f"{rule.source}, a number ({rule.unit or rule.log})",
        cut=rule.cut,
        measured=measured,
    )


def _level(table: RawTable, rule: MarkerRule) -> Level:
    """Read the number behind a marker; text in it is an error."""
    raw = rule.missing.mask(table.frame[rule.source])
    values, wrong = to_numbers(raw)
    table.refuse(raw, wrong, "not a number")
    return Level(values=pd.Series(values, index=raw.index), name=rule.marker, unit=rule.unit or rule.log, log=rule.log)


def _status(table: RawTable, rule: MarkerRule) -> pd.Series[Any]:
    raw = rule.missing.mask(table.frame[rule.source])
    levels = {ALTERED: rule.altered} | ({UNALTERED: rule.unaltered} if rule.unaltered else {})
    equivocal = _equivocal(rule.marker, rule.equivocal, rule.assay)
    _refuse_sentinels(table, raw, (*levels.values(), equivocal), rule.measured)
    return _levels(table, raw, levels, equivocal, (UNALTERED, ALTERED))


def _agent(tables: _Tables, endocrine: ColumnRule, specificity: str) -> Columns:
    """Name the agent where the mapping says that endocrine therapy was tamoxifen throughout."""
    agent = "tamoxifen" if specificity == "tamoxifen_confirmed" else "unspecified"
    return Columns({"endocrine_agent": _column(tables, endocrine, "").map({"yes": agent, "no": "none"})})


def _endpoint(tables: _Tables, rule: EndpointRule, longest: float = _LONGEST) -> Columns:
    table = tables.of(rule.table)
    assert table is not None  # noqa: S101  # `holds` was asked before
    happened, competes, known = _codes(table, rule, declared=tables.declared)
    strict = tables.declared or rule.undated_events == "error"
    if rule.time:
        time = _time(table, rule, rule.time, strict=strict, longest=longest)
        ends = _Ends(time, happened, competes, known & False)
        for death in rule.deaths:
            ends = _with_deaths(table, rule, death, ends, strict=strict, longest=longest)
    else:
        time, dated = _time_from_dates(table, rule, happened, competes, strict=strict)
        ends = _Ends(time, happened if rule.event else dated, competes, known & False)
        known = known if rule.event else time.notna()
    for source, criterion in rule.among.items():
        raw = rule.missing.mask(table.frame[source])
        _refuse_sentinels(table, raw, [criterion])
        known &= criterion.matches(raw)
    undated = known & (ends.undated | ends.time.lt(0) | ((ends.happened | ends.competes) & ends.time.isna()))
    time = ends.time.mask(ends.time < 0)
    told = events(ends.happened, competing=ends.competes, known=known)
    if rule.undated_events == "unknown":
        known &= time.notna() & ~undated
    elif rule.event:
        table.refuse(table.frame[rule.event], undated, "an event without a time", _DATE_IT)
    if rule.optional and not known.any():
        return Columns({})
    code = events(ends.happened, competing=ends.competes, known=known)
    lost = {rule.endpoint.code: told[undated]} if undated.any() else {}
    return Columns({rule.endpoint.months: time, rule.endpoint.event: code}, lost)


def _codes(
    table: RawTable, rule: EndpointRule, *, declared: bool
) -> tuple[pd.Series[Any], pd.Series[Any], pd.Series[Any]]:
    """Read the event column: who had the event, who died of something else, of whom it is known."""
    nobody = pd.Series(False, index=table.frame.index)
    if not rule.event:
        return nobody, nobody, ~nobody
    raw = rule.missing.mask(table.frame[rule.event])
    _refuse_sentinels(table, raw, (rule.event_values, rule.competing_values, rule.censored_values))
    happened, competes = rule.event_values.matches(raw), rule.competing_values.matches(raw)
    strange = raw.notna() & ~(happened | competes | rule.censored_values.matches(raw))
    if declared:
        known = [str(one) for one in (rule.event_values, rule.competing_values, rule.censored_values) if one]
        table.refuse(raw, strange, f"an unknown level; known are {', '.join(known)}")
    table.refuse(
        raw, strange, f"a code that [endpoints.{rule.endpoint.code}] names neither as event, competing nor censored",
        "Name it in event_values, competing_values or censored_values, or list it in missing if it means unknown.",
    )  # fmt: skip
    return happened, competes, raw.notna()


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """How an endpoint ends: months, who had the event, who died of something else, who died nobody knows when."""

    time: pd.Series[Any]
    happened: pd.Series[Any]
    competes: pd.Series[Any]
    undated: pd.Series[Any]


def _with_deaths(
    table: RawTable, rule: EndpointRule, death: DeathRule, ends: _Ends, *, strict: bool, longest: float
) -> _Ends:
    """Return time, events and competing deaths once the deaths of another column are counted."""
    time, undated = ends.time, ends.undated
    raw = rule.missing.mask(table.frame[death.source])
    _refuse_sentinels(table, raw, (death.values, death.other_values))
    died = death.values.matches(raw)
    strange = raw.notna() & ~(died | death.other_values.matches(raw))
    where = f"endpoints.{rule.endpoint.code}.deaths"
    table.refuse(raw, strange, f"a code that [[{where}]] names neither in values nor in other_values", _NAME_IT)
    if death.time:
        lived = _time(table, rule, death.time, strict=strict, longest=longest)
        undated = undated | (died & ~ends.happened & (lived.isna() | (lived < 0)))
        if death.off_study == "event":
            time = time.where(ends.happened, lived)
        died &= lived - time <= death.within
    if death.count_as == "event":
        return _Ends(time, ends.happened | died, ends.competes, undated)
    return _Ends(time, ends.happened, ends.competes | died, undated)


def _time(table: RawTable, rule: EndpointRule, source: str, *, strict: bool, longest: float) -> pd.Series[Any]:
    """Read times as months; a negative one is an error if `strict`, and else left for the caller to count."""
    raw = rule.missing.mask(table.frame[source])
    numbers, wrong = to_numbers(raw)
    values = pd.Series(numbers, index=raw.index, name=raw.name)
    if wrong.any():
        dates = raw.str.fullmatch(_DATED).eq(True)
        mend = "Give dates as date and last_seen instead of time."
        table.refuse(raw, dates, f"a date where {rule.unit} are expected", mend)
        table.refuse(raw, wrong, "not a number", _NAME_IT)
    table.refuse(raw, (values < 0) & strict, "a negative time")
    time = in_months(values, _days(rule.unit))
    mend = f"Times in {rule.unit} cannot be that long: is unit right?"
    table.refuse(raw, time > longest, f"{rule.unit} of follow-up, more than a century", mend)
    return time


def _time_from_dates(
    table: RawTable, rule: EndpointRule, happened: pd.Series[Any], competes: pd.Series[Any], *, strict: bool
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Count months from diagnosis to the event (or competing death) where it has a date, else to when last seen."""
    start, end = _dates(table, rule.diagnosis, rule), _dates(table, rule.last_seen, rule)
    dated = pd.Series(False, index=end.index)
    if rule.competing_date:
        end = _dates(table, rule.competing_date, rule).where(competes, end)
    if rule.date:
        date = _dates(table, rule.date, rule)
        dated = date.notna()
        table.refuse(
            table.frame[rule.date], date > end, "after the patient was last seen", "Correct one of the two dates."
        )
        end = date.where(happened if rule.event else dated, end)
    days = (end - start).dt.days
    table.refuse(
        table.frame[rule.last_seen], (days < 0) & strict, "before the diagnosis", "Correct one of the two dates."
    )
    return in_months(days), dated


def _months_between(table: RawTable, diagnosis: str, rule: ColumnRule) -> pd.Series[Any]:
    if not diagnosis or rule.name not in _TIMES:
        raise DataError(
            f"{table.name}, column {rule.source}: unit = \"date\" is for {', '.join(_TIMES)}, counted from "
            "the diagnosis. Add diagnosis = \"...\" to the mapping."
        )  # fmt: skip
    days = (_dates(table, rule.source, rule) - _dates(table, diagnosis, rule)).dt.days
    table.refuse(table.frame[rule.source], days < 0, "before the diagnosis", "Correct one of the two dates.")
    return in_months(days)


def _dates(table: RawTable, name: str, rule: EndpointRule | ColumnRule) -> pd.Series[Any]:
    raw = rule.missing.mask(table.frame[name])
    dates, wrong = to_dates(raw, rule.date_format)
    mend = f"Correct it, or set date_format (now {rule.date_format or '%Y-%m-%d'})."
    table.refuse(raw, wrong, "not a date", mend)
    return pd.Series(dates, index=raw.index, name=raw.name)
