"""Mapping: how the columns of a file become a cohort, read from TOML and checked before any patient is.

Conventions: `rules` has the keys of each table. `missing`, `diagnosis`, `date_format` and `undated_events` of the file
hold for every table that says nothing else. A key that the format does not know is an error, with the nearest one it
does know; so is a value of another type. The cohorts of the catalogue are written in the same words (`<name>.toml` in
this folder); what they alone may use, `table` (a cohort of several files) and `extends` (another of these mappings), is
refused in a user's mapping.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

from msgspec.structs import fields, replace

from ..codebook import column
from ..endpoints import STEEP, TIMED, Endpoint, endpoint
from ..errors import DataError, NotOnDisk, QuestionError, TamoxresError
from ..files.numbers import to_number
from ..files.toml import Decoder, parse_toml, read_toml
from ..files.writing import below
from ..vocabulary import nearest
from .rules import CUSTOM, ColumnRule, Criterion, EndpointRule, Header, Mapping, MarkerRule, Unknowns

__all__ = ["read_declared", "read_mapping"]

_COLUMN_KEYS = tuple(one.encode_name for one in fields(ColumnRule) if one.name not in ("name", "levels", "resolved_by"))
_CODES = 'a list of codes, one code, or a comparison such as ">= 10"'


def read_mapping(mapping: str | Path | MappingType[str, Any]) -> Mapping:
    """Read a mapping from a TOML file (or its text, or a mapping already parsed) and check its form.

    Raises
    ------
    NotOnDisk
        If the file is missing.
    DataError
        If it is not TOML, or a key or value is not of the format.
    """
    if isinstance(mapping, MappingType):
        return _Reader("mapping").mapping(mapping)
    if isinstance(mapping, str) and "\n" in mapping:
        return _Reader("mapping").mapping(parse_toml(mapping, "mapping"))
    path = Path(mapping)
    if not path.is_file():
        mend = f"Make one: tamoxres init-mapping FILE -o {path.name}."
        raise NotOnDisk(f"Mapping {path} does not exist.", mend=mend)
    return _Reader(path.name).mapping(read_toml(path))


def read_declared(name: str) -> Mapping:
    """Read the mapping of a cohort of the catalogue; what `extends` another overrides it key by key."""
    folder = Path(__file__).parent
    parsed = read_toml(below(folder, f"{name}.toml"))
    if base := parsed.pop("extends", ""):
        under = read_toml(below(folder, f"{base}.toml"))
        columns = {"columns": {**under["columns"], **parsed.get("columns", {})}}
        parsed = {**under, **parsed, **columns}
    return _Reader(f"{name}.toml", declared=True).mapping(parsed)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the tables of one mapping; its name stands in messages."""

    name: str
    declared: bool = False

    @property
    def decoder(self) -> Decoder:
        return Decoder(file=self.name, custom=CUSTOM)

    def fail(self, where: str, what: str) -> TamoxresError:
        return self.decoder.fail(where, what)

    def mapping(self, parsed: MappingType[str, Any]) -> Mapping:
        top = dict(parsed)
        tables = {key: self.decoder.keys(top.pop(key, {}), key) for key in ("columns", "markers", "endpoints")}
        self.decoder.known(top, (*(one.encode_name for one in fields(Header)), *tables), "")
        top["default_rules"] = {
            marker: {"rule": rule} if isinstance(rule, str) else rule
            for marker, rule in self.decoder.keys(top.get("default_rules", {}), "default_rules").items()
        }
        head = self.head(top)
        named = dict(tables["columns"])
        if "diagnosis" in named:
            head = replace(head, diagnosis=str(named.pop("diagnosis")))
        columns = {name: self.column(name, value, head, f"columns.{name}") for name, value in named.items()}
        if "patient" not in columns:
            raise self.fail("columns", 'patient is missing. Name the column of patient identifiers: patient = "pid".')
        if not (tables["endpoints"] or self.declared):
            raise self.fail("endpoints", "there is none. Add one, such as [endpoints.OS], with time, unit and event.")
        return Mapping(
            **{one.name: getattr(head, one.name) for one in fields(Header)} | {"title": head.title or head.name},
            file=self.name, declared=self.declared, patient=columns.pop("patient").source,
            columns=tuple(columns.values()),
            markers=tuple(
                self.marker(name, value, head.missing, f"markers.{name}") for name, value in tables["markers"].items()
            ),
            endpoints=tuple(self.endpoint(code, value, head) for code, value in tables["endpoints"].items()),
        )  # fmt: skip

    def head(self, top: MappingType[str, Any]) -> Header:
        """Read what holds for the whole file; how it is written must be possible."""
        head = self.decoder.table(top, Header)
        try:
            head.options  # noqa: B018  # made to be checked
        except DataError as error:
            raise self.fail("", str(error)) from None
        return head

    def column(self, name: str, value: Any, head: Header, where: str) -> ColumnRule:
        table = self.decoder.keys({"from": value} if isinstance(value, str) else value, where)
        other = table.get("resolved_by")
        resolved = None if other is None else self.column(name, other, head, f"{where}.resolved_by")
        keys = {key: item for key, item in table.items() if key in _COLUMN_KEYS}
        levels = {key: item for key, item in table.items() if key not in (*keys, "resolved_by")}
        fixed = {"name": name, "levels": self.levels(where, name, levels), "resolved_by": resolved}
        rule = self.decoder.table(keys, ColumnRule, where, fixed=fixed)
        if not (rule.source or rule.value):
            raise self.fail(where, f'from is missing. Name the column: {name} = "..." or {{ from = "...", ... }}.')
        self.of_the_catalogue(where, rule.table)
        missing = Unknowns((*head.missing, *rule.missing))
        return replace(rule, missing=missing, date_format=rule.date_format or head.date_format)

    def levels(self, where: str, name: str, given: dict[str, Any]) -> dict[str, Criterion]:
        """Read the levels of a column; those of the codebook are known by name."""
        known = column(name)
        for level in given:
            numeric = known is not None and known.kind == "number" and to_number(level) is not None
            if known is not None and level not in known.levels and not numeric:
                near = nearest(level, (*known.levels, *_COLUMN_KEYS, "resolved_by"))
                hint = f"Is it {near!r}? " if near else ""
                may = f"Use {', '.join(known.levels)}." if known.levels else f"{name} has no levels but numbers."
                raise self.fail(where, f"unknown level {level!r}. {hint}{may}")
        levels = {}
        for level, value in given.items():
            try:
                levels[level] = Criterion.read(value)
            except ValueError:
                raise self.fail(where, f"{level} is {value!r}; it is {_CODES}.") from None
        self.distinct(where, levels)
        return levels

    def marker(self, name: str, value: Any, missing: Unknowns, where: str) -> MarkerRule:
        table = dict(self.decoder.keys(value, where))
        other = table.pop("resolved_by", None)
        rule = self.decoder.table(table, MarkerRule, where, fixed={"marker": name.upper(), "resolved_by": None})
        self.distinct(where, {"altered": rule.altered, "unaltered": rule.unaltered, "equivocal": rule.equivocal})
        if not rule.altered and not rule.has_level:
            raise self.fail(
                where, 'altered is missing. List its codes, or name the unit of a number: unit = "fmol/mg".'
            )
        if rule.altered and not rule.altered.comparison and "unaltered" not in table:
            raise self.fail(where, "unaltered is missing. List its codes too: a code that no list names is an error.")
        missing = Unknowns((*missing, *rule.missing))
        resolved = None if other is None else self.marker(name, other, missing, f"{where}.resolved_by")
        return replace(rule, missing=missing, resolved_by=resolved)

    def endpoint(self, code: str, value: Any, head: Header) -> EndpointRule:
        where = f"endpoints.{code}"
        known = self.known_endpoint(where, code)
        table = self.decoder.keys(value, where)
        rule = self.decoder.table(table, EndpointRule, where, fixed={"endpoint": known})
        if rule.time:
            self.needs(where, table, ("unit", "event", "event_values"))
        else:
            self.needs(where, table, ("last_seen",), "time and its unit, or last_seen (and date) with diagnosis")
        if rule.event:
            self.needs(where, table, ("event_values",))
        rule = replace(
            rule, missing=Unknowns((*head.missing, *rule.missing)), diagnosis=rule.diagnosis or head.diagnosis,
            date_format=rule.date_format or head.date_format, endpoint=self.components(where, rule),
            undated_events=rule.undated_events or head.undated_events or ("error" if self.declared else "unknown"),
        )  # fmt: skip
        for number, death in enumerate(rule.deaths):
            if not rule.time or (death.off_study == "event" and not death.time):
                raise self.fail(f"{where}.deaths[{number}]", "deaths of another column need time, here and there.")
        if not (rule.time or rule.diagnosis):
            raise self.fail(where, 'dates need the date of diagnosis. Add diagnosis = "..." at the top or here.')
        names = ("event_values", "competing_values", "censored_values")
        self.distinct(where, {name: getattr(rule, name) for name in names})
        self.of_the_catalogue(where, rule.table)
        return rule

    def known_endpoint(self, where: str, code: str) -> Endpoint:
        try:
            return endpoint(code)
        except QuestionError:
            steep, general = ", ".join(STEEP), ", ".join(code for code in TIMED if code not in STEEP)
            raise self.fail(
                where, f"not a STEEP endpoint. Name it by what ends it: {steep} (say in departure what differs), or "
                f"name one that studies define each in their own way, with its components: {general}."
            ) from None  # fmt: skip

    def components(self, where: str, rule: EndpointRule) -> Endpoint:
        """Return the endpoint with the components that a mapping declares; STEEP's are fixed."""
        end = rule.endpoint
        if end.code in STEEP:
            if rule.components or rule.competing:
                raise self.fail(where, f"components and competing of {end.code} are fixed by STEEP. Use departure.")
            return end
        if not rule.components:
            mend = 'List what ends it: components = ["distant recurrence", ...], and what competes: competing = [...].'
            raise self.fail(where, f"components is missing: studies define {end.code} each in their own way. {mend}")
        death = any(one.count_as == "competing" for one in rule.deaths)
        if (rule.competing_values or rule.competing_date or death) and not rule.competing:
            raise self.fail(where, 'competing is missing. Say which deaths compete: competing = ["..."].')
        return replaced(end, events=rule.components, competing=rule.competing, reference=self.name)

    def of_the_catalogue(self, where: str, table: str) -> None:
        if table and not self.declared:
            raise self.fail(where, "table is for the cohorts of the catalogue. Join the tables into one file first.")

    def needs(self, where: str, table: MappingType[str, Any], keys: Iterable[str], what: str = "") -> None:
        for key in keys:
            if key not in table:
                raise self.fail(where, f"{key} is missing. Give {what or key}.")

    def distinct(self, where: str, criteria: MappingType[str, Criterion]) -> None:
        seen: dict[str, str] = {}
        for key, criterion in criteria.items():
            for code in criterion.codes:
                if code in seen:
                    raise self.fail(where, f"code {code!r} stands in {seen[code]} and in {key}. Keep one.")
                seen[code] = key
