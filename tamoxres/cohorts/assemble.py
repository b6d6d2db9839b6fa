"""From a mapping and the tables it speaks of to a cohort: one way for a user's registry and for the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Cohort, Profile, Source
from ..errors import DataError, refuse_faults
from ..files import sha256
from . import rules as grammar
from .check_facts import contradicted
from .harmonise import absent_columns
from .made import make_all
from .profiles import answerable
from .recode import RawTable
from .snapshot import retrieved

__all__ = ["Parts", "assemble", "source_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """What a cohort's files hold before they are harmonised.

    Attributes
    ----------
    rules : Mapping
        How the tables are read.
    table : RawTable
        The patients' own, indexed by patient.
    sources : tuple of Source
    beside : mapping of name to RawTable
        Tables of the same patients, in the same order, that `table = "name"` in a rule means.
    profiles : tuple of Profile
    columns : mapping of column to values
        Harmonised columns that no rule can say.
    raw : DataFrame, optional
        The raw columns; if None those of `table`, with those of each table beside it (`_name` where two have one name).
    fetch, brings : str
        The cohort that `tamoxres fetch` knows these files by, if not by the cohort's name; what that would bring.
    """

    rules: grammar.Mapping
    table: RawTable
    sources: tuple[Source, ...]
    beside: Mapping[str, RawTable] = field(default_factory=dict)
    profiles: tuple[Profile, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    raw: pd.DataFrame | None = None
    fetch: str = ""
    brings: str = "its files"


def source_of(rules: grammar.Mapping, path: Path, **changes: str) -> Source:
    """Describe one file of a cohort as its mapping does, with changes where the file has a publisher of its own."""
    given = {
        "name": rules.source.replace("{file}", path.name), "citation": rules.citation, "doi": rules.doi,
        "url": rules.url, "licence": rules.licence,
    }  # fmt: skip
    return Source(**given | changes, sha256=sha256(path), retrieved=retrieved(path))


def assemble(parts: Parts) -> Cohort:
    """Harmonise the tables and call the markers.

    Raises
    ------
    DataError
        On what is wrong: file, line, column, value, what to do; the first 20 faults, and how many more there are.
    """
    rules, table = parts.rules, parts.table
    refuse_faults(map(DataError, absent_columns(table, rules, parts.beside)))
    made = make_all(table, rules, parts.beside)
    refuse_faults(made.errors)
    patients, undated = made.values | dict(parts.columns), made.undated
    held = [rule for rule in rules.endpoints if rule.endpoint.event in patients]
    fetch = f"tamoxres fetch {parts.fetch or rules.name}" if rules.declared else ""
    answered, unfetched = answerable(rules.default_rules, parts.profiles, fetch, parts.brings)
    harmonised = pd.DataFrame(patients, index=table.frame.index)
    return Cohort(
        name=rules.name,
        title=rules.title,
        patients=harmonised,
        raw=_raw(table, parts.beside) if parts.raw is None else parts.raw,
        sources=parts.sources,
        endpoints=tuple(rule.endpoint for rule in held),
        treatment_specificity=rules.treatment_specificity,
        design=rules.design,
        departures={rule.endpoint.code: rule.departure for rule in held if rule.departure},
        assays={rule.name: rule.assay for rule in rules.columns if rule.assay and rule.name in patients},
        default_rules={rule.marker: rule.rule for rule in rules.markers} | answered,
        markers=made.calls,
        unfetched=unfetched,
        profiles=parts.profiles,
        overlaps=rules.overlaps,
        notes=rules.notes,
        undated_events=undated,
        contradicted={} if rules.declared else contradicted(harmonised, [rule.endpoint for rule in held]),
        cohort_size=rules.cohort_size,
        min_cell=rules.min_cell,
    )


def _raw(table: RawTable, beside: Mapping[str, RawTable]) -> pd.DataFrame:
    frame = table.frame
    for name, other in beside.items():
        frame = frame.join(other.frame, rsuffix=f"_{name}")
    return frame
