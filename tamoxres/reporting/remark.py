"""The REMARK checklist: for each of its 20 items where the report speaks of it, or `author` where only a person can.

References
----------
McShane LM et al. 2005, J Natl Cancer Inst 97:1180. Sauerbrei W et al. 2018, doi:10.1093/jnci/djy088.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from ..tables.table import Column, Row, Table

__all__ = ["ITEMS", "WHERE", "remark_table"]

AUTHOR = "author"
ITEMS = (
    "Marker examined, objectives, pre-specified hypotheses",
    "Patients: characteristics, source, inclusion and exclusion criteria",
    "Treatments received and how they were chosen",
    "Biological material, its preservation and storage",
    "Assay: method, protocol, quality control, scoring, blinding",
    "Case selection; period of inclusion, end and median of follow-up",
    "Clinical endpoints, precisely defined",
    "All candidate variables considered",
    "Rationale of the sample size; power",
    "Statistical methods, variable selection, assumptions, missing data",
    "Handling of marker values; cut points",
    "Flow of patients, with numbers and events at each stage",
    "Distributions of demographic and prognostic variables and the marker, with missing values",
    "Relation of the marker to standard prognostic variables",
    "Univariable analyses of marker and outcome, with curves",
    "Multivariable analyses: effects with intervals, all variables of the final model",
    "Effects of the marker with the standard variables, whatever their P",
    "Further investigations: assumptions, sensitivity analyses, validation",
    "Interpretation in the light of hypotheses, other studies and limitations",
    "Implications for research and clinical value",
)
WHERE: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        1: ("answer", "the plan; the primary analyses are named in Methods"),
        2: ("patients", "flow and baseline tables; the cohort's own paper for the rest"),
        3: ("patients", "how treatment came about is told for each cohort"),
        5: ("methods", "assay and rule of each marker; protocol and blinding in the cited paper"),
        6: ("patients", "median follow-up; the period in the cohort's notes"),
        7: ("methods", "STEEP 2.0 components, competing deaths, departures"),
        8: ("methods", "the plan's adjusters"),
        9: ("answer", "no size was planned: the minimum detectable ratio stands beside every interaction"),
        10: ("methods", "estimators with their papers; complete cases; score test of proportional hazards"),
        11: ("methods", "altered and unaltered by each rule; cut published, median or fitted"),
        12: ("patients", "and in the section of each marker: patients and events at every step, and why they left"),
        13: ("patients", "baseline tables, missing values counted"),
        14: ("marker", "baseline table by marker, with standardised differences"),
        15: ("marker", "crude hazard ratios of every variable; curves with numbers at risk"),
        16: ("marker", "hazard-ratio table, every variable of the model"),
        17: ("marker", "adjusted hazard ratio of the marker, printed whatever its P"),
        18: ("marker", "proportional hazards, hazard ratios by period, every rule and endpoint"),
        19: ("literature", "other studies; limits; the interpretation is the author's"),
    }
)


def remark_table(sections: Collection[str]) -> Table:
    """Fill the checklist.

    Parameters
    ----------
    sections : collection of str
        Keys of the report's sections; an item whose section is not there is the author's.
    """
    rows = []
    for i, item in enumerate(ITEMS, start=1):
        key, told = WHERE.get(i, ("", ""))
        there = any(section == key or section.startswith(f"{key}-") for section in sections)
        rows.append(Row.of(str(i), item, f"{_TITLES[key]}: {told}" if key and there else AUTHOR))
    return Table(
        title="REMARK checklist",
        columns=(Column("Item", "count"), Column("What to report"), Column("Where")),
        rows=tuple(rows),
        footnotes=("Items of McShane 2005 and Sauerbrei 2018 in brief. author: only a person can say.",),
    )


_TITLES = {
    "answer": "The answer", "patients": "Patients", "methods": "Methods", "marker": "Section of the marker",
    "literature": "The literature; Limits",
}  # fmt: skip
