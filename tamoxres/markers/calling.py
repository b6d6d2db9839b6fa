"""Calling a marker in a cohort by a named rule; the tables of rules, and of their agreement."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ..cohort import ALTERED, UNALTERED, Cohort, MarkerCall
from ..errors import QuestionError
from ..registry import LevelRule, Marker, Rule, canonical, find, known

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["call", "concordance", "level_rule", "markers_table", "rule_names", "rules_for", "with_continuous"]


def _default(cohort: Cohort, marker: Marker) -> str | None:
    """Return a marker's rule in a cohort: the cohort's default, else the call it holds, else the marker's default."""
    own = {canonical(name): rule for name, rule in cohort.default_rules.items()}
    if marker.name in own:
        return own[marker.name]
    return None if _held(cohort, marker.name) else marker.default_rule or None


def rules_for(cohort: Cohort, marker: str) -> tuple[Rule, ...]:
    """Return the rules of a marker that the cohort's files can answer, its default first."""
    declared = find(marker, cohort)
    default = _default(cohort, declared)
    usable = [rule for rule in declared.rules if rule.applies(cohort)]
    return tuple(sorted(usable, key=lambda rule: rule.name != default))


def rule_names(cohort: Cohort, marker: str) -> tuple[str, ...]:
    """Name every rule by which a cohort can call a marker, its default first, then the calls that it already holds.

    Raises
    ------
    UnknownChoice
        If nobody declares the marker and the cohort holds no call of it.
    """
    declared = find(marker, cohort)
    names = [held.rule for held in _held(cohort, declared.name)]
    names += [rule.name for rule in rules_for(cohort, marker)]
    default = _default(cohort, declared)
    return tuple(sorted(dict.fromkeys(names), key=lambda name: name != default))


def _held(cohort: Cohort, marker: str) -> list[MarkerCall]:
    """Return the calls of a marker that a cohort holds, under its own name where they were made under another."""
    own = [made for made in cohort.markers if canonical(made.marker) == marker]
    return [made if made.marker == marker else replace(made, marker=marker) for made in own]


def call(cohort: Cohort, marker: str, *, rule: str | None = None) -> Cohort:
    """Call a marker in every patient of a cohort.

    Parameters
    ----------
    cohort : Cohort
    marker : str
        By any of its names, such as `HER2` or `ERBB2`, or one that the cohort holds a call of.
    rule : str, optional
        A rule's name; if None the cohort's default, else the marker's.

    Returns
    -------
    Cohort
        A new cohort that holds the call; nothing mutates.

    Raises
    ------
    QuestionError
        If the cohort holds no assay of the marker, or not the one the rule reads, or has no default rule of it.
    UnknownChoice
        If nobody declares the marker and the cohort holds no call of it, naming the nearest name.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = call(tr.load("metabric"), "HER2")
    >>> her2.marker("HER2").counts()["altered"]
    438
    """
    declared = find(marker, cohort)
    name = rule or _default(cohort, declared)
    for held in _held(cohort, declared.name):
        if name in (None, held.rule):
            return cohort.with_marker(held)
    usable = rules_for(cohort, declared.name)
    chosen = next((one for one in usable if one.name == name), None)
    if chosen is None:
        raise QuestionError(_refusal(cohort, declared.name, rule, usable))
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
    held = _held(cohort, find(marker, cohort).name)
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

    Examples
    --------
    >>> import tamoxres as tr
    >>> markers_table(tr.load("metabric")).columns[:3].tolist()
    ['cohort', 'marker', 'rule']
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for marker, declared in known(cohort).items():
        for made in _calls(cohort, marker):
            default = _default(cohort, declared) == made.rule
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

    Examples
    --------
    >>> import tamoxres as tr
    >>> table = concordance(tr.load("metabric"), "HER2")
    >>> table.columns[:2].tolist()
    ['marker', 'rule_1']
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
        named = {"marker": find(marker, cohort).name, "rule_1": one.rule, "rule_2": other.rule, "n": int(both.sum())}
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


def level_rule(cohort: Cohort, marker: str, rule: str) -> LevelRule | None:
    """Return the rule of a marker that cuts a measured level (mRNA, protein) of the cohort; None where it cuts none."""
    for candidate in rules_for(cohort, marker):
        if candidate.name == rule and isinstance(candidate, LevelRule):
            return candidate
    return None


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

    Examples
    --------
    >>> import tamoxres as tr
    >>> try:
    ...     with_continuous(tr.load("metabric"), "HER2", rule="snp6_gain")
    ... except tr.TamoxresError as error:
    ...     print(error)
    metabric holds no level of HER2 by rule snp6_gain. It holds none.
    """
    if (found := level_rule(cohort, marker, rule)) is not None:
        column = f"{found.marker.lower()}_{rule}"
        return replace(cohort, patients=cohort.patients.assign(**{column: found.measure(cohort)}))
    levels = [r.name for r in rules_for(cohort, marker) if isinstance(r, LevelRule)]
    raise QuestionError(
        f"{cohort.name} holds no level of {find(marker, cohort).name} by rule {rule}. "
        f"It holds {', '.join(levels) or 'none'}."
    )
