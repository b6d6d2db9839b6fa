"""The rules of a mapping: what the keys of its tables are.

Conventions: each class is one table of the TOML file: its fields are the keys, of the types that may stand, and what a
key means stands under Attributes; `mapping` reads them, `mapping_grammar` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import fields
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct, field

from ..endpoints import Endpoint
from ..vocabulary import CohortDesign, Cut, Log, ProfileKind, Specificity
from .criteria import CRITERION, Among, Criterion, Unknowns, canonical
from .readers.options import FileOptions

__all__ = [
    "CUSTOM", "UNITS", "Among", "ColumnRule", "Criterion", "DeathRule", "DefaultRule", "EndpointRule", "Expression",
    "Header", "Mapping", "MarkerRule", "Unknowns", "canonical", "resolved",
]  # fmt: skip

UNITS = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}
Unit = Literal["days", "weeks", "months", "years"]
Criteria = Annotated[Criterion, Meta(description=CRITERION)]
Missing = Annotated[Unknowns, Meta(description=CRITERION)]
Scale = Annotated[float, Meta(description="a number that values are multiplied by")]


class ColumnRule(Struct, frozen=True, kw_only=True):
    """One harmonised (or extra) column: the raw column it comes from, and how its values are read.

    Attributes
    ----------
    name : str
    source : str
        The raw column.
    value : str
        Stands for everybody in the place of a raw column.
    table : str
        Of a cohort of several files, which of them.
    levels : mapping of level to Criterion
        The keys that are none of the others.
    equivocal : Criterion
        What the assay leaves open, such as HER2 2+: unknown unless `resolved_by` settles it.
    scale : float
        Such as 10, where a size is in cm.
    unit : "days" | "weeks" | "months" | "years" | "date" | float
        Of a time; `date` counts from the diagnosis.
    date_format : str
        Of this column's dates, where it is not the file's.
    missing : Unknowns
        What means unknown here, beside what does in the whole file.
    measured : Unknowns
        Numbers such as 99 that look as if they meant unknown and are measurements: comparisons take them.
    assay : str
        How it was measured.
    ordered : bool
        An extra column is a factor whose levels stand in this order.
    optional : bool
        Left out where the file lacks the raw column.
    resolved_by : ColumnRule
        Read where this rule leaves a patient unknown; a table with the same keys.
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
    measured: Missing = Unknowns()
    assay: str = ""
    ordered: bool = False
    optional: bool = False
    resolved_by: ColumnRule | None = None


class MarkerRule(Struct, frozen=True, kw_only=True):
    """One marker: which raw values are altered, which unaltered, and what settles equivocal ones.

    Attributes
    ----------
    marker : str
    source : str
        The raw column.
    altered : Criterion
        Raw values that are altered; may be left out where `unit` says that a number was measured.
    unaltered : Criterion
        Raw values that are not; may be left out beside a comparison.
    equivocal : Criterion
        Raw values that the assay leaves open: unknown unless `resolved_by` settles them. HER2 by IHC: 2+.
    resolved_by : MarkerRule
        What settles what is unknown, such as in-situ hybridisation; a table with the same keys.
    assay : str
        How it was measured.
    rule : str
        Its name, where the marker can be called in several ways.
    reference : str
        Who made the rule.
    cut : "published" | "median" | "fitted"
        Where a cut comes from; `fitted` was searched on the outcome.
    missing : Unknowns
        What means unknown here.
    measured : Unknowns
        Numbers such as 99 that look as if they meant unknown and are measurements: comparisons take them.
    unit : str
        In what a number is measured, such as `fmol/mg`: it can then be asked per unit, per SD and per doubling.
    log : "none" | "log2" | "log10" | "ln"
        Which logarithm of an amount that number is; `none` for the amount itself. A doubling needs it.
    """

    marker: str
    source: str = field(name="from")
    altered: Criteria = Criterion()
    unaltered: Criteria = Criterion()
    equivocal: Criteria = Criterion()
    resolved_by: MarkerRule | None = None
    assay: str = "not stated"
    rule: str = "mapping"
    reference: str = ""
    cut: Cut = "published"
    missing: Missing = Unknowns()
    measured: Missing = Unknowns()
    unit: str = ""
    log: Log = ""

    @property
    def has_level(self) -> bool:
        """Whether a number was measured: its unit is told, or a comparison cuts it."""
        return bool(self.unit or self.log or self.altered.comparison)


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

    Attributes
    ----------
    source : str
        The raw column that says who died.
    values : Criterion
        Codes of death.
    other_values : Criterion
        All the other codes.
    count_as : "competing" | "event"
        What such a death is.
    time : str
        The column of the time of death.
    within : float
        Months after the end of the endpoint's follow-up within which a death counts.
    off_study : "censored" | "event"
        What becomes of those who died later.
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

    Attributes
    ----------
    endpoint : Endpoint
    time : str
        The column of times.
    unit : "days" | "weeks" | "months" | "years" | float
        Of the times; a number is the days of one unit, such as 30.4.
    event : str
        The column of codes. With dates it may be left out: whoever has a `date` had the event.
    event_values : Criterion
        Codes of an event.
    competing_values : Criterion
        Codes of a death that competes with it.
    censored_values : Criterion
        Codes of neither; a code in no list is an error.
    deaths : tuple of DeathRule
        Deaths that stand in a column of their own.
    among : mapping of raw column to Criterion
        The endpoint is known only in patients who meet all of these.
    date : str
        In the place of `time`, the column of the date of the event, counted from `diagnosis`.
    last_seen : str
        With `date`, the column of the date on which the patient was last seen; needed.
    competing_date : str
        With `date`, the column of the date of the competing death.
    diagnosis : str
        The column of the date of diagnosis; at the top it holds for every endpoint.
    date_format : str
        Such as `%d.%m.%Y`; several are parted by `|`.
    missing : Unknowns
        What means unknown here.
    undated_events : "unknown" | "error"
        Whether an event without a time, or a negative time, makes the patient unknown by this endpoint only (a user's
        mapping, unless it says otherwise), or is an error (the catalogue's).
    departure : str
        Where the file's definition departs from STEEP's.
    components : tuple of str
        What ends a general endpoint (DFS, PFS ...); that of STEEP's is fixed.
    competing : tuple of str
        Which deaths compete with a general endpoint.
    table : str
        Of a cohort of several files, which of them.
    optional : bool
        Left out where the file lacks its columns or nobody is known.
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
    """A matrix of expression beside the patients' file.

    Attributes
    ----------
    file : str
        A row a gene and a column a patient, or the other way round.
    patient : str
        The column of patients' identifiers, where patients are rows.
    assay : str
        How it was measured.
    unit : str
        In what it is measured.
    """

    file: Annotated[str, Meta(description="the name of the matrix, beside the patients' file")]
    patient: str = ""
    assay: str = "mRNA (assay not stated)"
    unit: str = "log2"


class Header(Struct, frozen=True, kw_only=True):
    """What a mapping says of the whole file.

    Attributes
    ----------
    name : str
        Of the cohort, in files and commands.
    title : str
        Of the cohort, for a reader.
    treatment_specificity : "tamoxifen_confirmed" | "mixed_by_name" | "endocrine_unspecified"
        Whether endocrine therapy was tamoxifen throughout, is named for each patient, or is not named.
    design : "randomised" | "partly_randomised" | "observational" | "mixed"
        How treatment came about.
    source, citation, doi, url, licence : str
        Where the data come from; they stand in the report.
    sha256 : str
        Pins the bytes of the file.
    notes : tuple of str
        Sentences that stand under every result.
    overlaps : tuple of str
        Cohorts that share patients with this one.
    missing : Unknowns
        What means unknown in any column.
    diagnosis : str
        The column of the date of diagnosis.
    date_format : str
        Such as `%d.%m.%Y`; several are parted by `|`.
    undated_events : "unknown" | "error"
        What an event without a time, or a negative time, is.
    separator : str
        Between the cells of delimited text; detected if left out.
    encoding : str
        Such as `latin-1`; detected if left out.
    decimal : "." | ","
        The decimal mark; detected if left out.
    sheet : str or int
        Of a workbook, its name or its place from 0; of an R file, the name of the data frame.
    header_row : int
        Line or row that holds the column names, from 1.
    footer_rows : int
        Rows at the end that are no patients.
    cohort_size : int
        Of a case-cohort sample (a column `subcohort`), the patients from whom the subcohort was drawn.
    min_cell : int
        Counts of 1 to `min_cell - 1` patients are withheld, and what reveals them; outputs that cannot withhold are
        refused. 0 shows all.
    expression : Expression
    default_rules : mapping of marker to rule
    """

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
    cohort_size: Annotated[int, Meta(ge=0, description="a whole number")] = 0
    min_cell: Annotated[int, Meta(ge=0, description="a whole number")] = 0
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
