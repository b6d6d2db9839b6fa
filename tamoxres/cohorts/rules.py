"""The rules of a mapping: what the keys of its tables are, and what a raw value must be to meet a criterion.

Conventions: a criterion is a list of codes (`[1, "yes"]`), one code, or a comparison (`">= 10"`); codes are compared as
numbers where both are numbers, else as text without surrounding blanks. Each class is one table of the TOML file: its
fields are the keys, of the types that may stand; `mapping` reads them.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct, field

from ..endpoints import Endpoint
from ..numbers import to_number
from ..vocabulary import CohortDesign, Cut, ProfileKind, Specificity
from .readers.options import FileOptions

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CUSTOM", "UNITS", "Among", "ColumnRule", "Criterion", "DeathRule", "DefaultRule", "EndpointRule", "Expression",
    "Header", "Mapping", "MarkerRule", "Unknowns", "canonical", "resolved",
]  # fmt: skip

UNITS = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}
_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_CRITERION = 'a list of codes, one code, or a comparison such as ">= 10"'
Unit = Literal["days", "weeks", "months", "years"]


def canonical(value: Any) -> str:
    """Write a code so that 1, 1.0 and "1" are one, and text has no surrounding blanks."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip()
    number = to_number(text)
    return text if number is None else format(number + 0.0, ".15g")


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a raw value must be: one of some codes, or on one side of a number; nothing meets an empty one."""

    codes: tuple[str, ...] = ()
    comparison: str = ""
    number: float = 0.0

    @classmethod
    def read(cls, value: Any) -> Criterion:
        """Read a criterion from TOML: a list of codes, one code, or a comparison."""
        compared = _COMPARISON.fullmatch(value.strip()) if isinstance(value, str) else None
        if compared:
            return cls((), compared[1], float(compared[2]))
        codes = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(code, str | int | float) for code in codes):
            raise ValueError(_CRITERION)
        return cls(tuple(canonical(code) for code in codes))

    def __bool__(self) -> bool:
        return bool(self.codes or self.comparison)

    def meets(self, value: Any) -> bool:
        """Tell whether one known raw value meets the criterion."""
        if self.comparison:
            number = to_number(str(value))
            return number is not None and _COMPARE[self.comparison](number, self.number)
        return canonical(value) in self.codes

    def matches(self, raw: pd.Series[Any]) -> pd.Series[Any]:
        """Tell for each raw value (NA where empty) whether it meets the criterion; each value is judged once."""
        return raw.isin([value for value in raw.dropna().unique() if self.meets(value)])

    def __str__(self) -> str:
        return f"{self.comparison} {self.number:g}" if self.comparison else ", ".join(self.codes)


class Unknowns(tuple[Criterion, ...]):
    """What means unknown: a criterion for each level (file, table, column) that names some."""

    __slots__ = ()

    @classmethod
    def read(cls, value: Any) -> Unknowns:
        """Read codes of the unknown from TOML."""
        return cls((Criterion.read(value),))

    def meets(self, value: Any) -> bool:
        """Whether a raw value means unknown."""
        return any(criterion.meets(value) for criterion in self)

    def mask(self, raw: pd.Series[Any]) -> pd.Series[Any]:
        """Return the raw values, NA where they mean unknown."""
        for criterion in self:
            raw = raw.mask(criterion.matches(raw))
        return raw


class Among(dict[str, Criterion]):
    """Who an endpoint is known in: a criterion for each raw column."""

    @classmethod
    def read(cls, value: Any) -> Among:
        """Read raw columns with their criteria from TOML."""
        if not isinstance(value, MappingType):
            raise ValueError(value)
        return cls({name: Criterion.read(criterion) for name, criterion in value.items()})


Criteria = Annotated[Criterion, Meta(description=_CRITERION)]
Missing = Annotated[Unknowns, Meta(description=_CRITERION)]
Scale = Annotated[float, Meta(description="a number that values are multiplied by")]


class ColumnRule(Struct, frozen=True, kw_only=True):
    """One harmonised (or extra) column: the raw column it comes from, and how its values are read.

    `levels` are the keys that are none of the others. `value` stands for everybody in the place of a raw column.
    `resolved_by` is read where this rule leaves a patient unknown. `ordered`: an extra column is a factor whose levels
    stand in this order. `optional`: left out where the file lacks the raw column.
    """

    name: str
    source: str = field(name="from", default="")
    value: str = ""
    table: str = ""
    levels: MappingType[str, Criterion] = field(default_factory=dict)
    equivocal: Criteria = Criterion()
    scale: Scale = 1.0
    unit: Unit | Literal["", "date"] | Annotated[float, Meta(gt=0)] = ""
    date_format: str = ""
    missing: Missing = Unknowns()
    assay: str = ""
    ordered: bool = False
    optional: bool = False
    resolved_by: ColumnRule | None = None


class MarkerRule(Struct, frozen=True, kw_only=True):
    """One marker: which raw values are altered, which unaltered, and what settles equivocal ones."""

    marker: str
    source: str = field(name="from")
    altered: Criteria
    unaltered: Criteria = Criterion()
    equivocal: Criteria = Criterion()
    resolved_by: MarkerRule | None = None
    assay: str = "not stated"
    rule: str = "mapping"
    reference: str = ""
    cut: Cut = "published"
    missing: Missing = Unknowns()


Resolved = TypeVar("Resolved", ColumnRule, MarkerRule)


def resolved(rule: Resolved) -> Iterator[Resolved]:
    """Yield a rule, and those that settle what it leaves unknown."""
    yield rule
    if rule.resolved_by is not None:
        yield from resolved(rule.resolved_by)


class DeathRule(Struct, frozen=True, kw_only=True):
    """Deaths that stand in a column of their own beside an endpoint's events.

    They compete with the event, or count as it. With `time` (in the endpoint's unit) only a death no later than
    `within` months after the endpoint's follow-up ended is taken; a later one is off study: its patient is censored
    when that follow-up ended, or, with `off_study = "event"`, everybody without an event is followed until `time`.
    """

    source: str = field(name="from")
    values: Criteria
    other_values: Criteria
    count_as: Literal["competing", "event"] = "competing"
    time: str = ""
    within: float = 0.0
    off_study: Literal["censored", "event"] = "censored"


class EndpointRule(Struct, frozen=True, kw_only=True):
    """One endpoint: a time with its unit, or dates; and which codes are events, competing deaths, or censored.

    `unit` may be the days of one unit (30.4). `among`: the endpoint is known only in patients who meet all of these
    criteria (raw column to criterion). `optional`: left out where the file lacks its columns or nobody is known.
    `undated_events`: whether an event without a time, or a negative time, makes the patient unknown by this endpoint
    only (a user's mapping, unless it says otherwise), or is an error (the catalogue's). `components` and `competing`
    say what ends a general endpoint (DFS, PFS ...) and which deaths compete with it; those of STEEP are fixed.
    """

    endpoint: Endpoint
    time: str = ""
    unit: Unit | Annotated[float, Meta(gt=0)] = "months"
    event: str = ""
    event_values: Criteria = Criterion()
    competing_values: Criteria = Criterion()
    censored_values: Criteria = Criterion()
    deaths: tuple[DeathRule, ...] = ()
    among: Annotated[Among, Meta(description="a table of raw columns, each with its criterion")] = field(
        default_factory=Among
    )
    date: str = ""
    last_seen: str = ""
    competing_date: str = ""
    diagnosis: str = ""
    date_format: str = ""
    missing: Missing = Unknowns()
    undated_events: Literal["", "error", "unknown"] = ""
    departure: str = ""
    components: tuple[str, ...] = ()
    competing: tuple[str, ...] = ()
    table: str = ""
    optional: bool = False


class DefaultRule(Struct, frozen=True, kw_only=True):
    """A cohort's rule for a marker, and the profile and gene (or antibody) it needs; none if clinical.

    `full`: it needs the profile as it was measured (in log2), which `tamoxres fetch --full` brings.
    """

    rule: str
    profile: ProfileKind | None = None
    gene: str = ""
    full: bool = False


class Expression(Struct, frozen=True, kw_only=True):
    """A matrix of expression beside the patients' file."""

    file: Annotated[str, Meta(description="the name of the matrix, beside the patients' file")]
    patient: str = ""
    assay: str = "mRNA (assay not stated)"
    unit: str = "log2"


class Header(Struct, frozen=True, kw_only=True):
    """What a mapping says of the whole file; `sha256` pins its bytes."""

    name: str = "custom"
    title: str = ""
    treatment_specificity: Specificity = "endocrine_unspecified"
    design: CohortDesign = "observational"
    source: str = "{file}"
    citation: str = "own data"
    doi: str = ""
    url: str = ""
    licence: str = "not stated"
    sha256: str = ""
    notes: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()
    missing: Missing = Unknowns()
    diagnosis: str = ""
    date_format: str = ""
    undated_events: Literal["", "error", "unknown"] = ""
    separator: str = ""
    encoding: str = ""
    decimal: str = ""
    sheet: str | int = 0
    header_row: int | None = None
    footer_rows: int = 0
    expression: Expression | None = None
    default_rules: MappingType[str, DefaultRule] = field(default_factory=dict)

    @property
    def options(self) -> FileOptions:
        """How the file is written; what the mapping leaves out is detected."""
        return FileOptions(**{one.name: getattr(self, one.name) for one in fields(FileOptions)})


class Mapping(Header, frozen=True, kw_only=True):
    """A whole mapping; `file` is its own name, `declared` says that it is one of the catalogue's."""

    file: str
    declared: bool
    patient: str
    columns: tuple[ColumnRule, ...]
    markers: tuple[MarkerRule, ...]
    endpoints: tuple[EndpointRule, ...]


CUSTOM = {Criterion: Criterion.read, Unknowns: Unknowns.read, Among: Among.read}
