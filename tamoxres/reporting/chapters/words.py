"""Words that several chapters share: what markers, endpoints, columns and treatments are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ...codebook import column_words
from ...cohort import Cohort
from ...effects import EffectEstimate
from ...endpoints import STEEP
from ...inference.verdict import Verdict
from ...registry import label_of
from ...tables.table import Cell, Table
from ...wording import coarse_count, count
from ...wording.rows import per_words
from ...wording.rules import rule_words as rule_name
from ..gather import Case

__all__ = [
    "HEADS", "HIGHER", "NAMES", "SIDES", "assay_of", "by_information", "capital", "endpoint_name", "if_altered",
    "joined", "marker_name", "named", "patient_count", "rule_words", "section_key", "sentence", "setting_of", "side_of",
    "symbols", "terms", "with_ids_of",
]  # fmt: skip

SIDES = {
    "interaction": ("more benefit if altered", "less benefit if altered"),
    "prognostic": ("better outcome if altered", "worse outcome if altered"),
    "treatment_effect": ("favours treatment", "favours none"),
}
"""What an estimate below 1 and above 1 says, by estimand: the same words in prose, heads and axes."""
HIGHER = {
    "interaction": ("more benefit the higher it is", "less benefit the higher it is"),
    "prognostic": ("better outcome the higher it is", "worse outcome the higher it is"),
}
"""The same of a marker that enters as a number."""
HEADS = {"interaction": "Ratio of HRs", "prognostic": "HR if altered", "treatment_effect": "HR, treatment v none"}
NAMES = {
    "interaction": "marker by treatment", "prognostic": "marker, outcome", "treatment_effect": "treatment",
}  # fmt: skip


def marker_name(marker: str) -> str:
    """Name a marker as a reader writes it."""
    return label_of(marker)


def section_key(marker: str) -> str:
    """Name a marker's place on the page."""
    return f"marker-{'-'.join(marker.lower().split())}"


def patient_count(cohort: Cohort) -> str:
    """Write how many patients a cohort has, rounded where it declares `min_cell`."""
    return count(coarse_count(cohort.n, cohort.min_cell))


def endpoint_name(code: str) -> str:
    """Name an endpoint in full, with its code."""
    known = STEEP.get(code)
    return f"{known.name} ({code})" if known else code


def terms(names: Iterable[str]) -> str:
    """Name covariates and strata in words."""
    return joined([column_words(name) for name in names])


def side_of(effect: EffectEstimate) -> str:
    """Say on which side of 1 an interval lies, in the words of its estimand; nothing where it holds 1.

    Examples
    --------
    >>> row = EffectEstimate(study="a", log_estimate=0.5, se=0.1, estimand="prognostic", measure="HR")
    >>> side_of(row)
    'worse outcome if altered'
    """
    low, high = effect.ci()
    sides = HIGHER if effect.is_number else SIDES
    better, worse = sides.get(effect.estimand, ("", ""))
    return worse if low > 1 else better if high < 1 else ""


def if_altered(effect: EffectEstimate) -> str:
    """Say for what a marker's hazard ratio is: `if altered`, or `per SD` of a number."""
    return per_words(effect.scale, "") if effect.is_number else "if altered"


def symbols(text: str) -> str:
    """Write the measures of heterogeneity by their symbols.

    Examples
    --------
    >>> symbols("tau2 0.04, I2 65% by tau2")
    'τ² 0.04, I² 65% by τ²'
    """
    return text.replace("tau2", "τ²").replace("I2 ", "I² ")


def capital(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]


def joined(words: Sequence[str], last: str = "and") -> str:
    """Join words as in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def assay_of(case: Case) -> str:
    """Name a call's assay, with its cut where that was not published beforehand, or what a number is taken per."""
    if case.asked.scale != "binary":
        return f"{case.call.assay}, {per_words(case.asked.scale, '')}"
    return case.call.assay if case.call.cut == "published" else f"{case.call.assay}, {case.call.cut} cut"


def named(effect: EffectEstimate) -> EffectEstimate:
    """Return a row under its marker's name as a reader writes it, and its rule as the assay that it reads."""
    if not effect.marker:
        return effect
    return replace(effect, marker=marker_name(effect.marker), rule=effect.assay or rule_name(effect.rule))


def with_ids_of(table: Table, rows: Iterable[EffectEstimate]) -> Table:
    """Give the cells of a table made from renamed rows the identities of the rows themselves."""
    back = {named(row).row_id: row.row_id for row in rows}

    def cell(one: Cell) -> Cell:
        return replace(one, effect_id=back.get(one.effect_id, one.effect_id))

    return replace(table, rows=tuple(replace(row, cells=tuple(map(cell, row.cells))) for row in table.rows))


def sentence(verdict: Verdict) -> str:
    """Write a verdict's sentence with the marker's name as a reader writes it."""
    rows = {"ratio": verdict.ratio, "prognostic": verdict.prognostic, "altered": verdict.altered}
    rows["unaltered"] = verdict.unaltered
    changed: dict[str, Any] = {key: named(row) for key, row in rows.items() if row is not None}
    return replace(verdict, **changed).sentence


def rule_words(case: Case) -> str:
    """Say what counts as altered in a case: assay and rule, as a reader writes them."""
    if case.asked.scale != "binary":
        return (
            f"{assay_of(case)}: {case.prognostic[-1].variable if case.prognostic else marker_name(case.marker)}, uncut"
        )
    return f"{assay_of(case)}: {case.call.definition}"


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
