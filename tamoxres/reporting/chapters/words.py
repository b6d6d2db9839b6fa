"""Words that several chapters share: what markers, endpoints, columns and treatments are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...codebook import column
from ...endpoints import STEEP
from ...registry import label_of
from ..gather import Case

__all__ = [
    "assay_of",
    "by_information",
    "endpoint_name",
    "joined",
    "marker_name",
    "section_key",
    "setting_of",
    "terms",
]


def marker_name(marker: str) -> str:
    """Name a marker as a reader writes it."""
    return label_of(marker)


def section_key(marker: str) -> str:
    """Name a marker's place on the page."""
    return f"marker-{'-'.join(marker.lower().split())}"


def endpoint_name(code: str) -> str:
    """Name an endpoint in full, with its code."""
    known = STEEP.get(code)
    return f"{known.name} ({code})" if known else code


def terms(names: Iterable[str]) -> str:
    """Name covariates and strata in words."""
    return joined([_term(name) for name in names])


def _term(name: str) -> str:
    declared = column(name)
    return declared.meaning.partition(":")[0].partition(" (")[0] if declared else name.replace("_", " ")


def joined(words: Sequence[str], last: str = "and") -> str:
    """Join words as in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def assay_of(case: Case) -> str:
    """Name a call's assay, with its cut where that was not published beforehand."""
    return case.call.assay if case.call.cut == "published" else f"{case.call.assay}, {case.call.cut} cut"


def setting_of(case: Case) -> str:
    """Say which marker, by which assay, on which endpoint, in which cohort."""
    return f"{case.cohort.title}, {marker_name(case.marker)} by {assay_of(case)}, {case.endpoint}"


def by_information(cases: Iterable[Case]) -> list[Case]:
    """Put the cohorts that say most first: both arms, then one arm by its events, then what cannot be estimated."""

    def key(case: Case) -> tuple[bool, bool, bool, bool, int]:
        row = case.interaction.ratio if case.interaction else case.prognostic[-1] if case.prognostic else None
        again, background = case.asked.role == "sensitivity", case.asked.treatment == "any"
        return row is None, background, again, case.interaction is None, -((row.events if row else 0) or 0)

    return sorted(cases, key=key)
