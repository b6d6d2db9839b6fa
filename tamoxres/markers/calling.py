"""Calling a marker in a cohort by a named rule."""

from __future__ import annotations

from ..cohort import Cohort
from ..errors import QuestionError
from . import her2
from .rule import Rule

__all__ = ["CASCADE", "RULES", "call", "rules_for"]

CASCADE = ("HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA")
RULES: dict[str, tuple[Rule, ...]] = {"HER2": her2.RULES}


def rules_for(cohort: Cohort, marker: str) -> tuple[Rule, ...]:
    """Return the rules of a marker that the cohort's files can answer, its default first."""
    usable = [rule for rule in RULES.get(marker.upper(), ()) if rule.applies(cohort)]
    default = cohort.default_rules.get(marker.upper())
    return tuple(sorted(usable, key=lambda rule: rule.name != default))


def call(cohort: Cohort, marker: str, *, rule: str | None = None) -> Cohort:
    """Call a marker in every patient of a cohort.

    Parameters
    ----------
    cohort : Cohort
    marker : str
        Such as `HER2`.
    rule : str, optional
        A rule's name; the cohort's default if None.

    Returns
    -------
    Cohort
        A new cohort that holds the call; nothing mutates.

    Raises
    ------
    QuestionError
        If the cohort holds no assay of the marker, or not the one the rule reads.
    """
    marker = marker.upper()
    for held in cohort.markers:
        if held.marker == marker and rule in (None, held.rule):
            return cohort.with_marker(held)
    usable = rules_for(cohort, marker)
    chosen = next((r for r in usable if rule in (None, r.name)), None)
    if chosen is None:
        have = ", ".join(r.name for r in usable)
        wanted = f"{marker} by rule {rule}" if rule else marker
        mend = f"Use one of its rules: {have}." if have else f"It holds no assay of {marker}."
        raise QuestionError(f"{cohort.name} cannot answer for {wanted}. {mend}")
    return cohort.with_marker(chosen.call(cohort))
