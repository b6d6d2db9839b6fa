"""What a reader sees of an effect row, written from its fields: contrast, population, model, note.

Conventions: nothing reads these words back. They take the fields they write, never a row, so that this room knows no
other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .codes import MODELS, flag_sentences, treatment_words
from .levels import marker_words
from .numbers import number_with_interval, ratio_with_interval

__all__ = [
    "Population", "arm_words", "bounds_words", "condition_words", "contrast_words", "model_words", "note_sentences",
    "per_words", "period_words", "population_parts", "population_words",
]  # fmt: skip

_CONDITION = re.compile(r"(\w+) (<=|>=|==|!=|<|>) (.+)")
_SIGNS = {"<=": "at most", ">=": "at least", "==": "", "!=": "not", "<": "below", ">": "above"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The fields of a row that say of whom it speaks; times are months."""

    marker: str = ""
    marker_level: str = ""
    er: str = ""
    her2: str = ""
    menopause: str = ""
    nodes: str = ""
    setting: str = ""
    restrictions: tuple[str, ...] = ()
    treated: str = ""
    against: str = ""
    alike: str = ""
    drug_named: bool = True
    from_months: float | None = None
    to_months: float | None = None
    landmark: float | None = None


def contrast_words(treatment_1: str, treatment_0: str) -> str:
    """Write what is compared: `tamoxifen v none`.

    Examples
    --------
    >>> contrast_words("aromatase_inhibitor", "tamoxifen"), contrast_words("endocrine", "none")
    ('aromatase inhibitor v tamoxifen', 'endocrine v none')
    """
    return " v ".join(map(arm_words, (treatment_1, treatment_0)))


def arm_words(code: str) -> str:
    """Write one side of a contrast of treatments: `endocrine`, `none`, `aromatase inhibitor`."""
    return code if code in ("endocrine", "none") else treatment_words(code)


def per_words(scale: str, unit: str, what: str = "") -> str:
    """Write what one unit of a number is: `per SD of ERBB2 mRNA (1.3 log2)`.

    Examples
    --------
    >>> per_words("per_doubling", "", "ERBB2 mRNA"), per_words("per_unit", "year"), per_words("per_sd", "1.3")
    ('per doubling of ERBB2 mRNA', 'per unit (year)', 'per SD (1.3)')
    """
    words = scale.replace("_", " ").replace("sd", "SD")
    return f"{words}{f' of {what}' if what else ''}{f' ({unit})' if unit else ''}"


def period_words(from_months: float | None, to_months: float | None) -> str:
    """Write a period of follow-up, in months since time zero.

    Examples
    --------
    >>> period_words(0, 60), period_words(60, None), period_words(None, 120)
    ('months 0-60', 'after month 60', 'follow-up to 120 months')
    """
    if from_months is None:
        return "" if to_months is None else f"follow-up to {to_months:g} months"
    return f"after month {from_months:g}" if to_months is None else f"months {from_months:g}-{to_months:g}"


def _treated_words(who: Population) -> str:
    drugs = [drug for drug in (who.treated, who.against) if drug not in ("", "none")]
    if who.against and len(drugs) == 2:
        return " or ".join(treatment_words(drug) for drug in drugs)
    if who.alike == "no":
        return f"with or without {treatment_words(drugs[0] if drugs else 'endocrine')}"
    if not who.treated:
        return ""
    return treatment_words(who.treated) + ("" if who.drug_named else " (drug not named)")


def condition_words(condition: str) -> str:
    """Write a condition on a column in words; any other restriction as it stands.

    Examples
    --------
    >>> condition_words("nodes >= 1"), condition_words("endocrine_agent != aromatase_inhibitor")
    ('nodes at least 1', 'endocrine agent not aromatase inhibitor')
    >>> condition_words("433 randomised")
    '433 randomised'
    """
    found = _CONDITION.fullmatch(condition)
    if found is None:
        return condition
    name, sign, value = found.groups()
    return " ".join(filter(None, (name.replace("_", " "), _SIGNS[sign], value.replace("_", " "))))


def population_words(who: Population) -> str:
    """Write of whom a row speaks: `ER positive, endocrine therapy (drug not named), HER2 altered`.

    Examples
    --------
    >>> population_words(Population(er="positive", treated="tamoxifen", alike="yes", restrictions=("nodes >= 1",)))
    'ER positive, tamoxifen, nodes at least 1'
    >>> population_words(Population(treated="aromatase_inhibitor", against="tamoxifen"))
    'aromatase inhibitor or tamoxifen'
    """
    return ", ".join(population_parts(who)) or "all patients"


def population_parts(who: Population) -> list[str]:
    """Write of whom a row speaks, one phrase for each restriction."""
    signs = (("ER", who.er), ("HER2", who.her2))
    parts = [f"{name} {sign}" for name, sign in signs if sign not in ("", "any")]
    parts += [f"{who.menopause}menopausal"] if who.menopause else []
    parts += [f"nodes {who.nodes}"] if who.nodes else []
    parts += [who.setting, _treated_words(who), *map(condition_words, who.restrictions)]
    parts += [marker_words(who.marker, who.marker_level)] if who.marker_level else []
    parts += [f"at risk at {who.landmark:g} months"] if who.landmark is not None else []
    parts.append(period_words(who.from_months, who.to_months))
    return [part for part in parts if part]


def model_words(model: str, *, ties: str = "", strata: Sequence[str] = (), weights: str = "", missing: str = "") -> str:
    """Write a model: `Cox regression, Efron ties, stratified`.

    Examples
    --------
    >>> model_words("cox", ties="efron", strata=("site",))
    'Cox regression, Efron ties, stratified'
    """
    parts = [MODELS.get(model, model.replace("_", " ")), f"{ties.capitalize()} ties" if ties else ""]
    parts += [f"{weights} weights" if weights not in ("", "none") else "", "stratified" if strata else ""]
    parts += ["multiple imputation" if missing == "mice" else ""]
    return ", ".join(part for part in parts if part)


def bounds_words(
    early: tuple[bool, float | None, float | None, float | None],
    late: tuple[bool, float | None, float | None, float | None],
) -> str:
    """Write what an estimate would be with the undated on the earliest, and on the latest, date.

    Parameters
    ----------
    early, late : (is_ratio, estimate, low, high)

    Examples
    --------
    >>> bounds_words((True, 1.1, 0.9, 1.3), (True, 1.25, 1.0, 1.5))
    'With the undated on the earliest date 1.10 (0.90-1.30), on the latest 1.25 (1.00-1.50).'
    """
    first, last = (
        (ratio_with_interval if is_ratio else number_with_interval)(value, low, high)
        for is_ratio, value, low, high in (early, late)
    )
    return f"With the undated on the earliest date {first}, on the latest {last}."


def note_sentences(flags: Sequence[str], remark: str = "") -> list[str]:
    """Write what a reader must know of a row: one sentence for each flag, then the remark.

    Examples
    --------
    >>> note_sentences(["imputed"], "m = 20")
    ['Missing covariates were imputed.', 'm = 20.']
    """
    end = "" if remark.endswith((".", "!", "?")) else "."
    return [*flag_sentences(flags), *([f"{remark}{end}"] if remark else [])]
