"""What a marker's rule is called: `SNP6 copy number gain` for `snp6_gain`, and what is pooled is called by its measure.

Conventions: codes in, words out; a rule that is not of this package is written with its underscores as spaces.
"""

from __future__ import annotations

import re

__all__ = ["RULES", "endpoint_words", "measure_words", "rule_words", "without_codes"]

_CODE = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")

RULES = {
    "snp6_gain": "SNP6 copy number gain", "three_gene": "three-gene classifier", "intclust5": "integrative cluster 5",
    "ihc_ish": "IHC and ISH", "her2_status": "recorded HER2 status", "erbb2_mrna": "ERBB2 mRNA",
    "rppa_total": "RPPA total protein", "rppa_py1248": "RPPA pY1248", "e17k": "E17K mutation",
    "cna_gain": "copy number gain", "cna_loss": "copy number loss", "cna_deep_loss": "deep copy number loss",
    "cna": "copy number change", "mrna_high": "mRNA high", "mrna_low": "mRNA low", "rppa_ps473": "RPPA pS473",
    "rppa_pt308": "RPPA pT308", "rppa_ps2448": "RPPA pS2448", "rppa_ps6k": "RPPA pS6K", "rppa_ps6": "RPPA pS6",
    "rppa_py416": "RPPA pY416", "rppa_low": "RPPA low", "protein_lost": "protein lost", "exon9": "exon 9 mutation",
    "exon20": "exon 20 mutation", "hotspot": "hotspot mutation",
}  # fmt: skip


def rule_words(rule: str) -> str:
    """Write a rule as a reader does.

    Examples
    --------
    >>> rule_words("snp6_gain"), rule_words("protein_high")
    ('SNP6 copy number gain', 'protein high')
    >>> rule_words("lost (<=10%)")
    'lost (≤10%)'
    """
    return RULES.get(rule, rule.replace("_", " ").replace("<=", "≤").replace(">=", "≥"))


def endpoint_words(code: str) -> str:
    """Write an endpoint's code as a reader writes it.

    Examples
    --------
    >>> endpoint_words("treatment_failure"), endpoint_words("KI67_change"), endpoint_words("RFI")
    ('treatment failure', 'Ki-67 change', 'RFI')
    """
    return code.replace("KI67", "Ki-67").replace("_", " ")


def without_codes(text: str) -> str:
    """Write a sentence that names codes, as a refusal does, without their underscores.

    Examples
    --------
    >>> without_codes("Effects differ: endocrine_v_none (METABRIC), snp6_gain (X)")
    'Effects differ: endocrine v none (METABRIC), SNP6 copy number gain (X)'
    """
    return _CODE.sub(lambda found: rule_words(found.group()), text)


def measure_words(measure: str, estimand: str, *, inside: bool = False) -> str:
    """Write what an estimate is: an interaction on a ratio scale is a ratio of ratios; `inside` a sentence.

    Examples
    --------
    >>> measure_words("HR", "interaction"), measure_words("HR", "prognostic"), measure_words("RD", "interaction")
    ('Ratio of HRs', 'HR', 'RD')
    """
    ratios = ("HR", "sHR", "RR", "OR", "TR")
    if estimand != "interaction" or measure not in ratios:
        return measure
    return f"{'r' if inside else 'R'}atio of {measure}s"
