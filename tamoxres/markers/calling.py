"""Calling a marker in a cohort by a named rule; the tables of rules, and of their agreement."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ..cohort import ALTERED, UNALTERED, Cohort, MarkerCall
from ..errors import QuestionError
from ..registry import branches, her2, pi3k
from ..registry.cascade import cascade_rules
from ..registry.rule import LevelRule, Rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CASCADE", "RULES", "call", "concordance", "markers_table", "rules_for", "with_continuous"]

CASCADE = ("HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA")
_MEMBERS: dict[str, tuple[Rule, ...]] = {
    "HER2": her2.RULES,
    "AKT": pi3k.AKT_RULES,
    "MTOR": pi3k.MTOR_RULES,
    "SRC": branches.SRC_RULES,
    "HH": branches.HH_RULES,
    "PTEN": pi3k.PTEN_RULES,
    "PIK3CA": pi3k.PIK3CA_RULES,
}
RULES = {**_MEMBERS, "CASCADE": cascade_rules(tuple(rule for rules in _MEMBERS.values() for rule in rules))}


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
        If the cohort holds no assay of the marker, or not the one the rule reads, or has no default rule of it.
    """
    marker = marker.upper()
    wanted = rule or cohort.default_rules.get(marker)
    for held in cohort.markers:
        if held.marker == marker and wanted in (None, held.rule):
            return cohort.with_marker(held)
    usable = rules_for(cohort, marker)
    chosen = next((r for r in usable if r.name == wanted), None)
    if chosen is None:
        raise QuestionError(_refusal(cohort, marker, rule, usable))
    return cohort.with_marker(chosen.call(cohort))


def _refusal(cohort: Cohort, marker: str, rule: str | None, usable: tuple[Rule, ...]) -> str:
    fetch = f" {cohort.unfetched[marker].rstrip('.')}." if marker in cohort.unfetched else ""
    have = ", ".join(r.name for r in usable)
    if rule is None and usable:
        return f"{cohort.name} has no default rule of {marker} on disk. Name one of its rules: {have}.{fetch}"
    wanted = f"{marker} by rule {rule}" if rule else marker
    mend = f"Use one of its rules: {have}." if have else f"It holds no assay of {marker}."
    return f"{cohort.name} cannot answer for {wanted}. {mend}{fetch}"


def _calls(cohort: Cohort, marker: str) -> list[MarkerCall]:
    """Call a marker by each rule that applies; a call the cohort already holds (a mapping's own) comes first."""
    held = [made for made in cohort.markers if made.marker == marker.upper()]
    names = {made.rule for made in held}
    return held + [rule.call(cohort) for rule in rules_for(cohort, marker) if rule.name not in names]


def markers_table(cohort: Cohort) -> pd.DataFrame:
    """List the rules that a cohort's files answer, with their counts.

    Parameters
    ----------
    cohort : Cohort

    Returns
    -------
    DataFrame
        cohort, marker, rule, default, assay, altered, unaltered, not_assayed, unknown, cut, definition, reference.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for marker in dict.fromkeys([*RULES, *(held.marker for held in cohort.markers)]):
        for made in _calls(cohort, marker):
            default = cohort.default_rules.get(marker) == made.rule
            rows.append(
                {"cohort": cohort.name, "marker": marker, "rule": made.rule, "default": default, "assay": made.assay}
                | made.counts()
                | {"cut": made.cut, "definition": made.definition, "reference": made.reference}
            )
    columns = ["cohort", "marker", "rule", "default", "assay", "altered", "unaltered", "not_assayed", "unknown", "cut"]
    return pd.DataFrame(rows, columns=[*columns, "definition", "reference"])


def concordance(cohort: Cohort, marker: str) -> pd.DataFrame:
    """Compare the rules of one marker, two by two, in the patients whom both call altered or unaltered.

    Parameters
    ----------
    cohort : Cohort
    marker : str

    Returns
    -------
    DataFrame
        rule_1, rule_2, n, both_altered, only_1, only_2, both_unaltered, agreement and Cohen's kappa (NaN where a rule
        calls everybody alike).

    References
    ----------
    Cohen J 1960, doi:10.1177/001316446002000104.
    """
    import pandas as pd

    rows = []
    for one, other in combinations(_calls(cohort, marker), 2):
        first, second = one.values, other.values
        both = first.isin([ALTERED, UNALTERED]) & second.isin([ALTERED, UNALTERED])
        a, b = (first == ALTERED)[both], (second == ALTERED)[both]
        cells = {
            "both_altered": int((a & b).sum()),
            "only_1": int((a & ~b).sum()),
            "only_2": int((~a & b).sum()),
            "both_unaltered": int((~a & ~b).sum()),
        }
        agreement, kappa = _kappa(*cells.values())
        named = {"marker": marker.upper(), "rule_1": one.rule, "rule_2": other.rule, "n": int(both.sum())}
        rows.append({**named, **cells, "agreement": agreement, "kappa": kappa})
    return pd.DataFrame(rows)


def _kappa(both: int, only_1: int, only_2: int, neither: int) -> tuple[float, float]:
    """Return the agreement of two calls, and how far it goes beyond chance: (observed - expected) / (1 - expected)."""
    n = both + only_1 + only_2 + neither
    if n == 0:
        return float("nan"), float("nan")
    observed = (both + neither) / n
    expected = ((both + only_1) * (both + only_2) + (neither + only_1) * (neither + only_2)) / n**2
    return observed, (observed - expected) / (1 - expected) if expected < 1 else float("nan")


def with_continuous(cohort: Cohort, marker: str, *, rule: str) -> Cohort:
    """Add the level that a rule cuts as a column, in standard deviations, so that models can take it uncut.

    Parameters
    ----------
    cohort : Cohort
    marker : str
    rule : str
        A rule on mRNA or protein, such as `mrna_low`.

    Returns
    -------
    Cohort
        With a column named by marker and rule, such as `pten_mrna_low`; higher values are higher levels.

    Raises
    ------
    QuestionError
        If the rule does not cut a level, or the cohort does not hold it.
    """
    for candidate in rules_for(cohort, marker):
        if candidate.name == rule and isinstance(candidate, LevelRule):
            column = f"{marker.lower()}_{rule}"
            return replace(cohort, patients=cohort.patients.assign(**{column: candidate.measure(cohort)}))
    levels = [r.name for r in rules_for(cohort, marker) if isinstance(r, LevelRule)]
    raise QuestionError(
        f"{cohort.name} holds no level of {marker.upper()} by rule {rule}. It holds {', '.join(levels) or 'none'}."
    )
