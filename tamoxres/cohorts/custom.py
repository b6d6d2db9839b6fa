"""A user's own registry, brought into the schema by a mapping file (see `mapping`).

Conventions: a value or code that the mapping names nowhere is an error, never a silent NA; a code named neither as
event, competing nor censored is an error, never silently censored. HER2 by IHC 2+ is equivocal: NA unless an in-situ
hybridisation settles it (`resolved_by`). Columns that the codebook does not know pass through: as numbers where every
known value is a number, else as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..codebook import DAYS_PER_MONTH, column
from ..cohort import ALTERED, UNALTERED, Cohort, MarkerCall, Profile, Source
from ..errors import DataError
from ..files import sha256
from ..numbers import to_numbers
from .expression import own_expression
from .formats import read_file
from .mapping import UNITS, ColumnRule, Criterion, EndpointRule, Mapping, MarkerRule, read_mapping
from .readers.dates import to_dates
from .recode import RawTable, events, months

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType

__all__ = ["absent_columns", "call_marker", "harmonise", "load_custom", "open_custom"]

_LONGEST = 1200.0  # months: nobody is followed for a hundred years
_NAME_IT = "Name it in the mapping, or list it in missing if it means unknown."
_TIMES = ("entry_months", "endocrine_start_months", "endocrine_stop_months")
Part = Callable[[], "dict[str, pd.Series[Any]]"]


def load_custom(path: str | Path, mapping: str | Path | MappingType[str, Any]) -> Cohort:
    """Load a user's own file as a cohort.

    Parameters
    ----------
    path : path
        CSV, TSV, XLSX, Parquet, Stata or SAS.
    mapping : path or mapping
        TOML; `init_mapping` writes a first one.

    Returns
    -------
    Cohort
        With the markers that the mapping calls.

    Raises
    ------
    DataError
        On the first thing that is wrong: file, line, column, what to do. `check` lists them all.
    """
    table, rules = open_custom(path, mapping)
    patients: dict[str, pd.Series[Any]] = {}
    for part in harmonise(table, rules):
        patients |= part()
    source = Source(
        name=Path(path).name,
        citation=rules.citation or "own data",
        licence=rules.licence or "not stated",
        sha256=sha256(path),
    )
    return Cohort(
        name=rules.name,
        title=rules.title,
        patients=pd.DataFrame(patients, index=table.frame.index),
        raw=table.frame,
        sources=(source,),
        endpoints=tuple(rule.endpoint for rule in rules.endpoints),
        treatment_specificity=rules.treatment_specificity,
        design=rules.design,
        departures={rule.endpoint.code: rule.departure for rule in rules.endpoints if rule.departure},
        default_rules={rule.marker: rule.rule for rule in rules.markers},
        markers=tuple(call_marker(table, rule) for rule in rules.markers),
        profiles=_profiles(Path(path).parent, rules, table.frame.index),
        overlaps=rules.overlaps,
        notes=rules.notes,
    )


def _profiles(folder: Path, rules: Mapping, patients: pd.Index[Any]) -> tuple[Profile, ...]:
    told = rules.expression
    if not told:
        return ()
    assay, unit = told.get("assay", "mRNA (assay not stated)"), told.get("unit", "log2")
    return (own_expression(folder / told["file"], told.get("patient", ""), assay, unit, patients),)


def open_custom(path: str | Path, mapping: str | Path | MappingType[str, Any]) -> tuple[RawTable, Mapping]:
    """Read file and mapping; every column that the mapping names must be there."""
    rules = read_mapping(mapping)
    table = read_file(path, rules.file)
    if absent := list(absent_columns(table, rules)):
        raise DataError(absent[0])
    return table.indexed(rules.patient), rules


def absent_columns(table: RawTable, rules: Mapping) -> Iterator[str]:
    """Say of each column that the mapping names and the file lacks where it is named, and which it might be."""
    for where, source in _named_columns(rules):
        try:
            table.require([source])
        except DataError as error:
            yield f"{rules.source}, {where}: {error}"


def _named_columns(rules: Mapping) -> Iterator[tuple[str, str]]:
    yield "columns.patient", rules.patient
    for column_rule in rules.columns:
        yield f"columns.{column_rule.name}", column_rule.source
    for marker in rules.markers:
        yield f"markers.{marker.marker}", marker.source
        if marker.resolved_by:
            yield f"markers.{marker.marker}.resolved_by", marker.resolved_by.source
    for rule in rules.endpoints:
        names = [rule.time, rule.event, rule.date, rule.last_seen, rule.competing_date]
        for name in [*names, "" if rule.time else rule.diagnosis]:
            if name:
                yield f"endpoints.{rule.endpoint.code}", name


def harmonise(table: RawTable, rules: Mapping) -> Iterator[Part]:
    """Yield the parts of the cohort as functions that make its columns, so that a check can run each on its own."""
    diagnosis = next((rule.diagnosis for rule in rules.endpoints if rule.diagnosis), "")
    for rule in rules.columns:
        yield partial(_column, table, rule, diagnosis)
    if {"endocrine"} == {rule.name for rule in rules.columns} & {"endocrine", "endocrine_agent"}:
        yield partial(_agent, table, rules)
    for end in rules.endpoints:
        yield partial(_endpoint, table, end)


def _known(table: RawTable, name: str, missing: tuple[str, ...]) -> pd.Series[Any]:
    raw = table.frame[name]
    return raw.mask(Criterion(missing).matches(raw)) if missing else raw


def _column(table: RawTable, rule: ColumnRule, diagnosis: str) -> dict[str, pd.Series[Any]]:
    raw, declared = _known(table, rule.source, rule.missing), column(rule.name)
    if rule.levels:
        equivocal = _equivocal(rule.name.upper(), rule.equivocal, "")
        return {rule.name: _levels(table, raw, rule.levels, equivocal, None if declared is None else declared.levels)}
    if declared is not None and declared.levels:
        own = {level: Criterion((level,)) for level in declared.levels}
        return {rule.name: _levels(table, raw.map(str.strip, na_action="ignore"), own, Criterion(), declared.levels)}
    if rule.unit == "date":
        return {rule.name: _months_between(table, diagnosis, rule)}
    if declared is not None and declared.kind == "text":
        return {rule.name: raw}
    numbers, wrong = to_numbers(raw)
    values = pd.Series(numbers, index=raw.index, name=raw.name)
    if declared is None and wrong.any():
        return {rule.name: raw}
    table.refuse(raw, wrong, "not a number", _NAME_IT)
    unit = UNITS[rule.unit] / DAYS_PER_MONTH if rule.unit else 1.0
    return {rule.name: values.astype(float) * (rule.scale * unit)}


def _levels(
    table: RawTable, raw: pd.Series[Any], levels: MappingType[str, Criterion], equivocal: Criterion,
    allowed: tuple[str, ...] | None,
) -> pd.Series[Any]:  # fmt: skip
    """Recode by criteria; a single comparison leaves every other number to the one remaining level."""
    if allowed and (strange := [level for level in levels if level not in allowed]):
        raise DataError(f"{table.name}, column {raw.name}: unknown level {strange[0]!r}. Use {', '.join(allowed)}.")
    met = {level: criterion.matches(raw) for level, criterion in levels.items()}
    rest = [level for level in allowed or () if level not in met]
    if len(met) == 1 and len(rest) == 1 and all(criterion.comparison for criterion in levels.values()):
        numbers = pd.Series(~np.isnan(to_numbers(raw)[0]), index=raw.index)
        met[rest[0]] = numbers & ~next(iter(met.values()))
    twice = sum(found.astype(int) for found in met.values()) > 1
    table.refuse(raw, twice, "in two levels of the mapping", "Make the criteria exclude each other.")
    named = equivocal.matches(raw)
    for found in met.values():
        named |= found
    told = "; ".join(f"{level}: {criterion}" for level, criterion in levels.items())
    table.refuse(raw, raw.notna() & ~named, f"in no level of the mapping ({told})", _NAME_IT)
    values = pd.Series(None, index=raw.index, dtype=object)
    for level, found in met.items():
        values = values.mask(found, level)
    return values.where(values.notna(), None)


def _equivocal(name: str, named: Criterion, assay: str) -> Criterion:
    if named.codes or named.comparison or not name.startswith("HER2"):
        return named
    return Criterion(("2+", "2")) if "IHC" in assay.upper() else Criterion(("2+",))


def call_marker(table: RawTable, rule: MarkerRule) -> MarkerCall:
    """Call a marker as the mapping says; what `resolved_by` settles stands where the first assay gave no answer."""
    values = _status(table, rule)
    if rule.resolved_by is not None:
        values = values.where(values.notna(), _status(table, rule.resolved_by))
    told = [f"altered: {rule.altered}", f"unaltered: {rule.unaltered or 'the other values'}"]
    settled = f"; equivocal settled by {rule.resolved_by.source}" if rule.resolved_by else ""
    return MarkerCall(
        marker=rule.marker,
        rule=rule.rule,
        assay=rule.assay,
        reference=rule.reference or "the user's mapping",
        values=values.where(values.notna(), None),
        definition=f"{rule.source} {', '.join(told)}{settled}",
        cut=rule.cut,  # type: ignore[arg-type]
    )


def _status(table: RawTable, rule: MarkerRule) -> pd.Series[Any]:
    raw = _known(table, rule.source, rule.missing)
    levels = {ALTERED: rule.altered, UNALTERED: rule.unaltered}
    if not (rule.unaltered.codes or rule.unaltered.comparison):
        del levels[UNALTERED]
    return _levels(table, raw, levels, _equivocal(rule.marker, rule.equivocal, rule.assay), (UNALTERED, ALTERED))


def _agent(table: RawTable, rules: Mapping) -> dict[str, pd.Series[Any]]:
    """Name the agent where the mapping says that endocrine therapy was tamoxifen throughout."""
    rule = next(rule for rule in rules.columns if rule.name == "endocrine")
    treated = _column(table, rule, "")["endocrine"]
    agent = "tamoxifen" if rules.treatment_specificity == "tamoxifen_confirmed" else "unspecified"
    return {"endocrine_agent": treated.map({"yes": agent, "no": "none"})}


def _endpoint(table: RawTable, rule: EndpointRule) -> dict[str, pd.Series[Any]]:
    happened, competes, known = _codes(table, rule)
    if rule.time:
        time = _time(table, rule)
    else:
        time, dated = _time_from_dates(table, rule, happened, competes)
        happened, known = (dated, time.notna()) if not rule.event else (happened, known)
    code = events(happened, competing=competes, known=known)
    return {rule.endpoint.months: time, rule.endpoint.event: code}


def _codes(table: RawTable, rule: EndpointRule) -> tuple[pd.Series[Any], pd.Series[Any], pd.Series[Any]]:
    """Read the event column: who had the event, who died of something else, of whom it is known."""
    nobody = pd.Series(False, index=table.frame.index)
    if not rule.event:
        return nobody, nobody, ~nobody
    raw = _known(table, rule.event, rule.missing)
    named = {
        "event": rule.event_values.matches(raw),
        "competing": rule.competing_values.matches(raw),
        "censored": rule.censored_values.matches(raw),
    }
    strange = raw.notna() & ~(named["event"] | named["competing"] | named["censored"])
    table.refuse(
        raw, strange, f"a code that [endpoints.{rule.endpoint.code}] names neither as event, competing nor censored",
        "Name it in event_values, competing_values or censored_values, or list it in missing if it means unknown.",
    )  # fmt: skip
    return named["event"], named["competing"], raw.notna()


def _time(table: RawTable, rule: EndpointRule) -> pd.Series[Any]:
    raw = _known(table, rule.time, rule.missing)
    numbers, wrong = to_numbers(raw)
    values = pd.Series(numbers, index=raw.index, name=raw.name)
    dates = raw.notna() & raw.str.fullmatch(r"\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}").eq(True)
    table.refuse(
        raw, dates, f"a date where {rule.unit} are expected", "Give dates as date and last_seen instead of time."
    )
    table.refuse(raw, wrong, "not a number", _NAME_IT)
    table.refuse(raw, values < 0, "a negative time")
    time = months(values, UNITS[rule.unit])
    mend = f"Times in {rule.unit} cannot be that long: is unit right?"
    table.refuse(raw, time > _LONGEST, f"{rule.unit} of follow-up, more than a century", mend)
    return time


def _time_from_dates(
    table: RawTable, rule: EndpointRule, happened: pd.Series[Any], competes: pd.Series[Any]
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
    table.refuse(table.frame[rule.last_seen], days < 0, "before the diagnosis", "Correct one of the two dates.")
    return months(days), dated


def _months_between(table: RawTable, diagnosis: str, rule: ColumnRule) -> pd.Series[Any]:
    if not diagnosis or rule.name not in _TIMES:
        raise DataError(
            f"{table.name}, column {rule.source}: unit = \"date\" is for {', '.join(_TIMES)}, counted from "
            "the diagnosis. Add diagnosis = \"...\" to the mapping."
        )  # fmt: skip
    days = (_dates(table, rule.source, rule) - _dates(table, diagnosis, rule)).dt.days
    table.refuse(table.frame[rule.source], days < 0, "before the diagnosis", "Correct one of the two dates.")
    return months(days)


def _dates(table: RawTable, name: str, rule: EndpointRule | ColumnRule) -> pd.Series[Any]:
    raw = _known(table, name, rule.missing)
    dates, wrong = to_dates(raw, rule.date_format)
    mend = f"Correct it, or set date_format (now {rule.date_format or '%Y-%m-%d'})."
    table.refuse(raw, wrong, "not a date", mend)
    return pd.Series(dates, index=raw.index, name=raw.name)
