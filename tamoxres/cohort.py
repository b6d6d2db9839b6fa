"""A cohort: harmonised patients with their raw values, endpoints, marker calls, and what must be said about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .codebook import validate
from .endpoints import Endpoint
from .errors import DataError, QuestionError
from .files.frames import holds_frames
from .vocabulary import Log

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ABOVE_MEDIAN", "ALTERED", "NOT_ASSAYED", "UNALTERED", "Cohort", "Level", "MarkerCall", "Profile", "ProfileKind",
    "Source",
]  # fmt: skip

UNALTERED, ALTERED, NOT_ASSAYED = "unaltered", "altered", "not_assayed"
ABOVE_MEDIAN = "1 above the pooled median"  # the unit of a profile that was published as 0 and 1
Specificity = Literal["tamoxifen_confirmed", "mixed_by_name", "endocrine_unspecified"]
ProfileKind = Literal["mutation", "cna", "mrna", "rppa"]
Design = Literal["randomised", "partly_randomised", "observational", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Data about data: where a file comes from, under which terms, and which bytes it is.

    Attributes
    ----------
    name, citation, doi, url, licence, sha256 : str
    retrieved : str
        ISO date.

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.load("gbsg").sources[0].licence
    'MIT (lifelines)'
    """

    name: str
    citation: str
    licence: str
    doi: str = ""
    url: str = ""
    sha256: str = ""
    retrieved: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.citation}" + (f" doi:{self.doi}" if self.doi else "")


class Profile(Protocol):
    """A handle on one molecular profile: what was measured, in whom; the values are read only when asked for."""

    @property
    def kind(self) -> ProfileKind:
        """Which molecule: mutation, copy number, mRNA or protein."""

    @property
    def assay(self) -> str:
        """How it was measured."""

    @property
    def unit(self) -> str:
        """What its numbers are."""

    def features(self) -> frozenset[str]:
        """Return the genes (or antibodies) that it can be asked for."""

    def assayed(self, feature: str) -> frozenset[str]:
        """Return the patients in whom a feature was assayed; nobody where it is off the panel."""

    def values(self, features: Sequence[str]) -> pd.DataFrame:
        """Return patients x features: numbers, or for mutations `class:change` joined by `;`, empty where none."""


@holds_frames("values")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """What was measured of a marker, as a number and uncut.

    Attributes
    ----------
    values : Series of float, indexed by patient
        As measured; NA where it was not.
    name : str
        What was measured, such as `ERBB2 mRNA`.
    unit : str
        Such as `fmol/mg` or `log2`.
    log : "none" | "log2" | "log10" | "ln" | ""
        Which logarithm of an amount the values are; `none` for the amount itself, empty where that is not known.
    """

    values: pd.Series[Any]
    name: str
    unit: str = ""
    log: Log = ""


@holds_frames("values")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkerCall:
    """A marker's status in each patient, by one named rule on one assay.

    Attributes
    ----------
    marker, rule, assay, reference : str
    values : Series of str, indexed by patient
        `altered`, `unaltered`, `not_assayed`, or NA where the assay gave no answer.
    definition : str
        What counts as altered, in words.
    cut : "published" | "median" | "fitted"
    measured : callable, optional
        Gives the level behind the status (`Level`), where a number was measured.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> her2.marker("HER2").rule, her2.marker("HER2").counts()["altered"]
    ('snp6_gain', 438)
    """

    marker: str
    rule: str
    assay: str
    reference: str
    values: pd.Series[Any]
    definition: str
    cut: Literal["published", "median", "fitted"] = "published"
    measured: Callable[[], Level] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "marker", self.marker.upper())
        known = self.values.dropna().unique()
        strange = sorted(set(known) - {ALTERED, UNALTERED, NOT_ASSAYED})
        if strange:
            raise DataError(f"{self.marker} by {self.rule}: unknown status {strange[0]!r}.")

    def counts(self) -> dict[str, int]:
        """Count altered, unaltered, not assayed and unknown patients."""
        values = self.values
        out = {status: int((values == status).sum()) for status in (ALTERED, UNALTERED, NOT_ASSAYED)}
        return {**out, "unknown": int(values.isna().sum())}

    def __str__(self) -> str:
        counts = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in self.counts().items())
        return f"{self.marker} by {self.rule} ({self.assay}): {counts}"


@holds_frames("patients", "raw")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cohort:
    """Patients in the harmonised schema, and everything a reader must know about them.

    Attributes
    ----------
    name, title : str
    patients : DataFrame, indexed by patient
        Columns of the codebook; checked when the cohort is made. Read-only; take `.copy()` to change values.
    raw : DataFrame, indexed by patient
        The publisher's values, untouched, so that a reader can check a recoding. Read-only.
    sources : tuple of Source
    endpoints : tuple of Endpoint
        Those the cohort truly has.
    departures : mapping of endpoint code to text
        Where an endpoint departs from its STEEP definition.
    treatment_specificity : "tamoxifen_confirmed" | "mixed_by_name" | "endocrine_unspecified"
    design : "randomised" | "partly_randomised" | "observational" | "mixed"
        How treatment came about.
    assays : mapping of column to text
        How a column was measured, such as `er` by IHC.
    default_rules : mapping of marker to rule name
        Fixed per cohort, never by what a data folder happens to hold.
    markers : tuple of MarkerCall
    profiles : tuple of Profile
        Molecular profiles, read when a marker is called.
    unfetched : mapping of marker to text
        Markers whose files are not on disk, and what would bring them.
    overlaps : tuple of str
        Cohorts that share patients with this one.
    notes : tuple of str
        What stands under every result of this cohort.
    simulated : bool
    reconstructed : tuple of str
        Flags of a cohort made from a published curve (`cohorts.reconstruct`); empty for patients.
    undated_events : mapping of endpoint code to Series
        Event codes of the patients who are unknown by an endpoint because their event has no date or their time is
        negative.
    contradicted : mapping of endpoint code to Index
        Patients of whom it and another endpoint tell what cannot both be: dead by one, alive by the other.
    cohort_size : int
        Of a case-cohort sample, the patients from whom its subcohort was drawn; 0 where it is none.
    min_cell : int
        Counts of 1 to `min_cell - 1` patients must not be published; 0 where all may.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.load("gbsg")
    >>> gbsg.n, [endpoint.code for endpoint in gbsg.endpoints]
    (686, ['RFS', 'OS'])
    """

    name: str
    title: str
    patients: pd.DataFrame
    raw: pd.DataFrame
    sources: tuple[Source, ...]
    endpoints: tuple[Endpoint, ...]
    treatment_specificity: Specificity
    design: Design = "observational"
    departures: Mapping[str, str] = field(default_factory=dict)
    assays: Mapping[str, str] = field(default_factory=dict)
    default_rules: Mapping[str, str] = field(default_factory=dict)
    markers: tuple[MarkerCall, ...] = ()
    profiles: tuple[Profile, ...] = ()
    unfetched: Mapping[str, str] = field(default_factory=dict)
    overlaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    simulated: bool = False
    reconstructed: tuple[str, ...] = ()
    undated_events: Mapping[str, pd.Series[Any]] = field(default_factory=dict)
    contradicted: Mapping[str, pd.Index[Any]] = field(default_factory=dict)
    cohort_size: int = 0
    min_cell: int = 0

    def __post_init__(self) -> None:
        patients = validate(self.patients, self.name)
        missing = [e.code for e in self.endpoints if e.event not in patients]
        if missing:
            raise DataError(f"{self.name} declares endpoint {missing[0]} but has no column {missing[0]}_event.")
        for e in self.endpoints:
            if not e.competing and (patients[e.event] == 2).any():
                raise DataError(f"{self.name}, column {e.event}: no death competes with {e.code}; declare it.")
        raw = self.raw
        if not patients.index.equals(raw.index):
            raise DataError(f"{self.name}: raw and harmonised patients differ; both are indexed by patient.")
        raw.index = patients.index  # one index, known to be one
        object.__setattr__(self, "raw", raw)

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.patients)

    @property
    def undated(self) -> dict[str, pd.Index[Any]]:
        """By endpoint code, the patients who are unknown because their event has no date or their time is negative."""
        return {code: events.index for code, events in self.undated_events.items()}

    @property
    def data_sha256(self) -> str:
        """Hashes of the source files, joined by `;`: which data these are."""
        return ";".join(source.sha256 for source in self.sources if source.sha256)

    def profile(self, kind: ProfileKind) -> Profile | None:
        """Return the profile of a kind, or None where the files on disk hold none."""
        return next((profile for profile in self.profiles if profile.kind == kind), None)

    def require(self, wanted: str | Endpoint) -> Endpoint:
        """Return an endpoint the cohort has, or refuse with those it has."""
        code = wanted.code if isinstance(wanted, Endpoint) else wanted.upper()
        for e in self.endpoints:
            if e.code == code:
                return e
        have = ", ".join(e.code for e in self.endpoints) or "none with times"
        raise QuestionError(f"{self.name} has no endpoint {code}. It has {have}.")

    def marker(self, name: str, rule: str | None = None) -> MarkerCall:
        """Return a marker's call, the one last made where several rules stand side by side and none is named."""
        for call in reversed(self.markers):
            if call.marker == name.upper() and rule in (None, call.rule):
                return call
        have = ", ".join(f"{call.marker} ({call.rule})" for call in self.markers) or "none"
        asked = f"{name}" + (f" by rule {rule}" if rule else "")
        raise QuestionError(
            f"{self.name} holds no call of {asked}; called so far: {have}. Call it first: tr.call(cohort, {name!r})."
        )

    def with_marker(self, call: MarkerCall) -> Cohort:
        """Return a new cohort that holds this call too; one by the same rule is replaced."""
        if not call.values.index.equals(self.patients.index):
            raise DataError(f"{call.marker} by {call.rule}: the call does not cover the patients of {self.name}.")
        others = tuple(c for c in self.markers if (c.marker, c.rule) != (call.marker, call.rule))
        out = copy(self)  # the patients are those that were checked when the cohort was made
        object.__setattr__(out, "markers", (*others, call))
        return out

    def __str__(self) -> str:
        endpoints = ", ".join(e.code for e in self.endpoints)
        return f"{self.title}: {self.n:,} patients; endpoints {endpoints}; treatment {self.treatment_specificity}"

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        calls = "".join(f"<li>{escape(str(call))}</li>" for call in self.markers)
        return f"<p><b>{escape(str(self))}</b></p><ul>{calls}{notes}</ul>{self.patients.head().to_html()}"
