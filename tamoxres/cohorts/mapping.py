"""Mapping: how the columns of a user's file become a cohort, read from TOML and checked before any patient is.

Conventions: a criterion is a list of codes (`[1, "yes"]`), one code, or a comparison (`">= 10"`); codes are compared as
numbers where both are numbers, else as text without surrounding blanks. `missing` stands at any level: the file, a
table or a column. A key that the format does not know is an error, with the nearest one it does know.
"""

from __future__ import annotations

import difflib
import operator
import re
import tomllib
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..cohort import Design, Specificity
from ..endpoints import STEEP, Endpoint, endpoint
from ..errors import DataError, QuestionError
from ..numbers import to_number, to_numbers
from .readers.options import FileOptions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnRule", "Criterion", "EndpointRule", "Mapping", "MarkerRule", "read_mapping"]

UNITS = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}
_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_TOP = (
    "name", "title", "treatment_specificity", "design", "citation", "licence", "notes", "overlaps", "missing",
    "diagnosis", "date_format", "separator", "encoding", "decimal", "sheet", "header_row", "footer_rows", "columns",
    "markers", "endpoints", "expression",
)  # fmt: skip
_MARKER = ("from", "altered", "unaltered", "equivocal", "resolved_by", "missing", "assay", "rule", "reference", "cut")
_ENDPOINT = (
    "time", "unit", "event", "event_values", "competing_values", "censored_values", "date", "last_seen",
    "competing_date", "diagnosis", "date_format", "missing", "departure",
)  # fmt: skip
_PLAIN_COLUMN = ("from", "scale", "unit", "missing", "equivocal", "date_format")


def canonical(value: Any) -> str:
    """Write a code so that 1, 1.0 and "1" are one, and text has no surrounding blanks."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip()
    number = to_number(text)
    return text if number is None else format(number + 0.0, ".15g")


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a raw value must be: one of some codes, or on one side of a number."""

    codes: tuple[str, ...] = ()
    comparison: str = ""
    number: float = 0.0

    @classmethod
    def read(cls, value: Any) -> Criterion:
        """Read a criterion from TOML: a list of codes, one code, or a comparison."""
        found = _COMPARISON.fullmatch(value.strip()) if isinstance(value, str) else None
        if found:
            return cls((), found[1], float(found[2]))
        return cls(tuple(canonical(code) for code in (value if isinstance(value, list) else [value])))

    def matches(self, raw: pd.Series[Any]) -> pd.Series[Any]:
        """Tell for each raw value (text, NA where empty) whether it meets the criterion."""
        import pandas as pd

        if self.comparison:
            return pd.Series(_COMPARE[self.comparison](to_numbers(raw)[0], self.number), index=raw.index)
        return raw.isin([code for code in raw.dropna().unique() if canonical(code) in self.codes])

    def __str__(self) -> str:
        return f"{self.comparison} {self.number:g}" if self.comparison else ", ".join(self.codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """One harmonised (or extra) column: the raw column it comes from, and how its values are read."""

    name: str
    source: str
    levels: MappingType[str, Criterion] = field(default_factory=dict)
    equivocal: Criterion = Criterion()
    scale: float = 1.0
    unit: str = ""
    date_format: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerRule:
    """One marker: which raw values are altered, which unaltered, and what settles equivocal ones."""

    marker: str
    source: str
    altered: Criterion
    unaltered: Criterion
    equivocal: Criterion = Criterion()
    resolved_by: MarkerRule | None = None
    assay: str = ""
    rule: str = ""
    reference: str = ""
    cut: str = "published"
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRule:
    """One endpoint: a time with its unit, or dates; and which codes are events, competing deaths, or censored."""

    endpoint: Endpoint
    time: str = ""
    unit: str = ""
    event: str = ""
    event_values: Criterion = Criterion()
    competing_values: Criterion = Criterion()
    censored_values: Criterion = Criterion()
    date: str = ""
    last_seen: str = ""
    competing_date: str = ""
    diagnosis: str = ""
    date_format: str = ""
    missing: tuple[str, ...] = ()
    departure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A whole mapping file."""

    source: str
    name: str
    title: str
    columns: tuple[ColumnRule, ...]
    markers: tuple[MarkerRule, ...]
    endpoints: tuple[EndpointRule, ...]
    patient: str
    treatment_specificity: Specificity = "endocrine_unspecified"
    design: Design = "observational"
    citation: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    file: FileOptions = field(default_factory=FileOptions)
    expression: MappingType[str, str] = field(default_factory=dict)


def read_mapping(mapping: str | Path | MappingType[str, Any]) -> Mapping:
    """Read a mapping from a TOML file (or a mapping already parsed) and check its form.

    Raises
    ------
    DataError
        If the file is missing or not TOML, or a key or value is not of the format.
    """
    if isinstance(mapping, MappingType):
        return _Reader("mapping").mapping(mapping)
    path = Path(mapping)
    if not path.is_file():
        raise DataError(f"Mapping {path} does not exist. Make one: tamoxres init-mapping FILE -o {path.name}.")
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is not TOML: {error}. Correct the line.") from None
    return _Reader(path.name).mapping(parsed)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the tables of one mapping; its name stands in messages."""

    name: str

    def fail(self, where: str, what: str) -> DataError:
        return DataError(f"{self.name}, {where}: {what}")

    def table(self, where: str, value: Any, known: tuple[str, ...]) -> MappingType[str, Any]:
        if not isinstance(value, MappingType):
            raise self.fail(where, f"{value!r} is not a table. Write [{where}] with keys under it.")
        for key in value:
            if known and key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"Is it {near[0]!r}?" if near else f"Use {', '.join(known)}."
                raise self.fail(where, f"unknown key {key!r}. {hint}")
        return value

    def text(self, where: str, table: MappingType[str, Any], key: str, default: str = "") -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            raise self.fail(where, f"{key} is {value!r}; it is a text.")
        return value.strip() if key not in ("separator", "citation") else value

    def choice(self, where: str, table: MappingType[str, Any], key: str, choices: Any, default: str) -> Any:
        value = table.get(key, default)
        if value not in choices:
            raise self.fail(where, f"{key} is {value!r}; use one of {', '.join(choices)}.")
        return value

    def codes(self, table: MappingType[str, Any], key: str = "missing") -> tuple[str, ...]:
        return Criterion.read(table[key]).codes if key in table else ()

    def mapping(self, parsed: MappingType[str, Any]) -> Mapping:
        top = self.table("top level", parsed, _TOP)
        missing = self.codes(top)
        dates = {key: self.text("top level", top, key) for key in ("diagnosis", "date_format")}
        columns = dict(self.table("columns", top.get("columns", {}), ()))
        dates["diagnosis"] = str(columns.pop("diagnosis", dates["diagnosis"]))
        rules = {name: self.column(name, value, missing, dates["date_format"]) for name, value in columns.items()}
        if "patient" not in rules:
            raise self.fail("columns", 'patient is missing. Name the column of patient identifiers: patient = "pid".')
        markers = self.table("markers", top.get("markers", {}), ())
        endpoints = self.table("endpoints", top.get("endpoints", {}), ())
        if not endpoints:
            raise self.fail("endpoints", "there is none. Add one, such as [endpoints.OS], with time, unit and event.")
        name = self.text("top level", top, "name", "custom")
        return Mapping(
            source=self.name, name=name, title=self.text("top level", top, "title", name),
            columns=tuple(rule for key, rule in rules.items() if key != "patient"), patient=rules["patient"].source,
            markers=tuple(self.marker(key, value, missing) for key, value in markers.items()),
            endpoints=tuple(self.endpoint(key, value, missing, dates) for key, value in endpoints.items()),
            treatment_specificity=self.choice(
                "top level", top, "treatment_specificity", get_args(Specificity), "endocrine_unspecified"
            ),
            design=self.choice("top level", top, "design", get_args(Design), "observational"),
            citation=self.text("top level", top, "citation"), licence=self.text("top level", top, "licence"),
            notes=tuple(map(str, top.get("notes", ()))), overlaps=tuple(map(str, top.get("overlaps", ()))),
            missing=missing, file=self.file(top), expression=self.expression(top.get("expression", {})),
        )  # fmt: skip

    def file(self, top: MappingType[str, Any]) -> FileOptions:
        """Read how the file is written; what the mapping leaves out is detected."""
        for key, kind in (("sheet", str | int), ("header_row", int), ("footer_rows", int)):
            if key in top and (isinstance(top[key], bool) or not isinstance(top[key], kind)):
                raise self.fail(
                    "top level", f"{key} is {top[key]!r}; it is a whole number{' or a name' * (key == 'sheet')}."
                )
        texts = {key: self.text("top level", top, key) for key in ("separator", "encoding", "decimal", "date_format")}
        return FileOptions(
            **texts, sheet=top.get("sheet", 0), header_row=top.get("header_row"), footer_rows=top.get("footer_rows", 0)
        )

    def expression(self, value: Any) -> dict[str, str]:
        table = self.table("expression", value, ("file", "patient", "assay", "unit"))
        if table and "file" not in table:
            raise self.fail("expression", "file is missing. Name the matrix, beside the patients' file.")
        return {key: self.text("expression", table, key) for key in table}

    def column(self, name: str, value: Any, missing: tuple[str, ...], date_format: str) -> ColumnRule:
        where = f"columns.{name}"
        table = self.table(where, {"from": value} if isinstance(value, str) else value, ())
        source = self.text(where, table, "from")
        if not source:
            raise self.fail(where, f'from is missing. Name the column: {name} = "..." or {{ from = "...", ... }}.')
        scale, unit = table.get("scale", 1.0), self.text(where, table, "unit")
        if isinstance(scale, bool) or not isinstance(scale, int | float):
            raise self.fail(where, f"scale is {scale!r}; it is a number that values are multiplied by.")
        if unit not in ("", "date", *UNITS):
            raise self.fail(where, f"unit is {unit!r}; use {', '.join(UNITS)} or date.")
        levels = {key: Criterion.read(item) for key, item in table.items() if key not in _PLAIN_COLUMN}
        self.distinct(where, levels)
        return ColumnRule(
            name=name, source=source, levels=levels, scale=float(scale), unit=unit,
            date_format=self.text(where, table, "date_format", date_format),
            equivocal=Criterion.read(table["equivocal"]) if "equivocal" in table else Criterion(),
            missing=(*missing, *self.codes(table)),
        )  # fmt: skip

    def marker(self, name: str, value: Any, missing: tuple[str, ...]) -> MarkerRule:
        where = f"markers.{name}"
        table = self.table(where, value, _MARKER)
        for key in ("from", "altered"):
            if key not in table:
                raise self.fail(where, f"{key} is missing.")
        criteria = {
            key: Criterion.read(table[key]) if key in table else Criterion()
            for key in ("altered", "unaltered", "equivocal")
        }
        self.distinct(where, criteria)
        if not criteria["altered"].comparison and "unaltered" not in table:
            raise self.fail(where, "unaltered is missing. List its codes too: a code that no list names is an error.")
        missing = (*missing, *self.codes(table))
        resolved = self.marker(f"{name}.resolved_by", table["resolved_by"], missing) if "resolved_by" in table else None
        return MarkerRule(
            marker=name.upper(), source=self.text(where, table, "from"), **criteria, resolved_by=resolved,
            assay=self.text(where, table, "assay", "not stated"), reference=self.text(where, table, "reference"),
            rule=self.text(where, table, "rule", "mapping"), missing=missing,
            cut=self.choice(where, table, "cut", ("published", "median", "fitted"), "published"),
        )  # fmt: skip

    def endpoint(self, code: str, value: Any, missing: tuple[str, ...], dates: dict[str, str]) -> EndpointRule:
        where = f"endpoints.{code}"
        table = self.table(where, value, _ENDPOINT)
        try:
            known = endpoint(code)
        except QuestionError:
            steep = ", ".join(STEEP)
            raise self.fail(
                where, f"not a STEEP endpoint. Name it by what ends it: {steep} (say in departure what differs)."
            ) from None
        names = ("time", "event", "date", "last_seen", "competing_date", "departure")
        texts: dict[str, Any] = {key: self.text(where, table, key) for key in names}
        unit = self.choice(where, table, "unit", UNITS, "months")
        if texts["time"]:
            self.needs(where, table, ("unit", "event", "event_values"))
        else:
            self.needs(where, table, ("last_seen",), "time and its unit, or last_seen (and date) with diagnosis")
        diagnosis = self.text(where, table, "diagnosis", dates["diagnosis"])
        if not texts["time"] and not diagnosis:
            raise self.fail(where, 'dates need the date of diagnosis. Add diagnosis = "..." at the top or here.')
        if texts["event"]:
            self.needs(where, table, ("event_values",))
        criteria: dict[str, Any] = {
            key: Criterion.read(table.get(key, [])) for key in ("event_values", "competing_values", "censored_values")
        }
        self.distinct(where, criteria)
        return EndpointRule(
            endpoint=known, unit=unit, diagnosis=diagnosis, missing=(*missing, *self.codes(table)), **texts, **criteria,
            date_format=self.text(where, table, "date_format", dates["date_format"]),
        )  # fmt: skip

    def needs(self, where: str, table: MappingType[str, Any], keys: tuple[str, ...], what: str = "") -> None:
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
