"""Limits of what was done, and where the data come from."""

from __future__ import annotations

from ... import __version__
from ...cohort import Source
from ...tables.table import Cell, Column, Row, Table
from ..gather import Findings
from ..page import Bullets, Code, Paragraph, Part, Section, TableBlock, Text
from .words import joined, marker_name

__all__ = ["limits", "sources"]

_STANDING = (
    "The literature table was made from abstracts and public pages, not from full texts: it is no systematic review, "
    "and significant findings are more likely to print numbers.",
    "The default plan is no registered protocol: it was written with these public data at hand, and its choice of "
    "endpoints, landmark and pools for the cohorts beside METABRIC followed a first look at their estimates.",
    "Hazard ratios are averages over follow-up, and of those still at risk; they are not effects in single patients.",
    "Nothing here is for decisions about single patients.",
)


def limits(findings: Findings) -> Section:
    """Write what the analyses cannot say."""
    items: list[Text] = []
    for cohort in findings.cohorts:
        items += [(f"{cohort.title}: {' '.join(cohort.notes)}",)] if cohort.notes else []
    unheld = list(dict.fromkeys(marker for marker, _ in findings.unheld if not findings.of(marker)))
    for brings in dict.fromkeys(findings.markers[marker].fetch[:1] for marker in unheld):
        names = joined([marker_name(marker) for marker in unheld if findings.markers[marker].fetch[:1] == brings])
        told = f"{names}: no patients on disk were assayed"
        more = [(Code(f"tamoxres fetch {name}"), " brings mutations, copy number and mRNA.") for name in brings]
        items.append((f"{told}; ", *more[0]) if more else (f"{told}.",))
    items += [(text,) for text in _STANDING]
    return Section("limits", "Limits", (Bullets(tuple(items)),), "How it was done")


def sources(findings: Findings) -> Section:
    """Write the data sources with their licences, and the software."""
    used = list(dict.fromkeys(source for cohort in findings.cohorts for source in cohort.sources))
    rows = [_row(source) for source in used]
    rows.append(
        Row.of(
            "Literature table of tamoxres",
            "Studies and effects with their sources, row by row",
            "facts of published papers; see its README",
            "",
            "",
        )
    )
    table = Table(
        title="Data sources and licences",
        columns=tuple(map(Column, ("Source", "Citation", "Licence", "Retrieved", "sha256"))),
        rows=tuple(rows),
    )
    about = Paragraph.of(
        f"Made by tamoxres {__version__}. Every number in a table or sentence that was estimated carries the identity "
        "of its effect row; the rows stand in effects.csv and effects.json beside this page, with versions, hashes and "
        "the plan in manifest.json."
    )
    listed = Part("sources-files", "Data sources and licences", (TableBlock("sources", table),), folded=True)
    return Section("sources", "Data sources and software", (about, listed), "How it was done")


def _row(source: Source) -> Row:
    cite = f"{source.citation}" + (f" doi:{source.doi}" if source.doi else "")
    return Row(tuple(map(Cell, (source.name, cite, source.licence, source.retrieved, source.sha256[:16]))))
