"""The robustness panel in words: names of its checks, what each says, why one cannot be made, and their sum.

Conventions: names, outcomes and reasons are codes everywhere else; this module alone writes them for a reader.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CHECKS", "OUTCOMES", "PANEL_NOTE", "outcome_words", "reason_words", "suffix_words", "summary_words"]

CHECKS = {
    "treatment_by_site": "treatment x site",
    "treatment_by_covariates": "treatment x covariates",
    "cut_within_batch": "cut within batch",
    "continuous_marker": "continuous marker",
    "overlap_weights": "overlap weights",
    "tamoxifen_by_name": "tamoxifen by name",
    "negative_control": "negative-control outcome",
    "calibrated_p": "calibrated P",
}
OUTCOMES = {
    "agrees": "agrees", "differs": "differs", "uninformative": "uninformative", "not_available": "not available",
}  # fmt: skip
PANEL_NOTE = (
    "Of an interaction that is seen, a refit agrees where its sign holds and at least two thirds of the log ratio "
    "remain; the uncut marker where the sign holds and P < 0.10; the calibrated P where it is at most alpha; deaths of "
    "other causes where their ratio differs (P < 0.05); they speak against it where they show the same (P < 0.05). "
    "Where no interaction is seen, a check agrees if it sees none."
)
_REASONS = {
    "no_batch": "the file names no site or batch",
    "no_covariates": "the model holds no covariate",
    "no_level": "the marker's rule cuts no measured level",
    "drug_not_named": "the file does not name the drug",
    "already_by_name": "treatment is tamoxifen by name already",
    "needs_levels": "it compares two levels of a marker, and the marker enters as a number",
    "already_uncut": "the marker enters as a number already",
    "not_endocrine": "the question compares other drugs",
    "no_other_deaths": "no deaths of other causes are told apart",
    "panel": "{count} genes of a chosen panel ({about}) are no set of nulls",
    "few_genes": "{count} genes can be called and fitted alike; an empirical null takes 200",
    "no_comparable_genes": "no comparable genes: {count} go with site as the marker does, and it takes 100",
    "few_events": "fewer than 5 events in the smallest group of marker and treatment",
}


def outcome_words(outcome: str) -> str:
    """Write an outcome: `not available` for `not_available`.

    Examples
    --------
    >>> outcome_words("not_available")
    'not available'
    """
    return OUTCOMES[outcome]


def reason_words(reason: str, *, count: int | None = None, about: str = "") -> str:
    """Write why a check says nothing; a reason that is no code stands as it is.

    Examples
    --------
    >>> reason_words("few_genes", count=12)
    '12 genes can be called and fitted alike; an empirical null takes 200'
    """
    text = _REASONS.get(reason, reason)
    if reason in _REASONS:
        return text.format(count=f"{count or 0:,}", about=about)
    return text.rstrip(".")


def _named(checks: Sequence[str]) -> str:
    return ", ".join(CHECKS[name] for name in checks)


def suffix_words(
    *, robust: bool, differs: Sequence[str] = (), undecided: Sequence[str] = (), unchecked: Sequence[str] = ()
) -> str:
    """Write how a label goes on after the panel.

    Examples
    --------
    >>> suffix_words(robust=False, differs=["overlap_weights"], unchecked=["calibrated_p"])
    'not robust to overlap weights; not checked: calibrated P'
    """
    if robust:
        return "robust to the checks made"
    parts = [f"not robust to {_named(differs)}"] if differs else []
    parts += [f"undecided: {_named(undecided)}"] if undecided else []
    parts += [f"not checked: {_named(unchecked)}"] if unchecked else []
    return "; ".join(parts)


def summary_words(agrees: Sequence[str], differs: Sequence[str], silent: Sequence[str], missing: Sequence[str]) -> str:
    """Write what the checks say, by outcome.

    Examples
    --------
    >>> summary_words(["overlap_weights"], [], [], ["calibrated_p"])
    'Robustness panel: agree: overlap weights; not available: calibrated P.'
    """
    parts = (("agree", agrees), ("differ", differs), ("uninformative", silent), ("not available", missing))
    return f"Robustness panel: {'; '.join(f'{head}: {_named(names)}' for head, names in parts if names)}."
