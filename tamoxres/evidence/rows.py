"""From a row of effects.csv to an effect row, as printed.

Conventions. What is compared follows from the comparison; the state that counts as altered is the `rule`; the study's
population, the row's subset and treatments that the comparison does not name stand in `restrictions`. The standard
error is taken from the interval, else from an exact P; a P printed as an upper bound gives none, and a row without
either is `test_only`. What is reported without any number has a status of its own (`WITHOUT_NUMBER`). A ratio that was
computed from a study's strata has the route `strata` (or `strata_p`) and no printed limits. The flags of a row are
those of the table, those of its study with `of_study:` before them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..effects import EffectEstimate
from ..vocabulary import RATIO_MEASURES, Route, Status
from .tables import Extraction, Row, citation, row_flags, sharing, study_labels

__all__ = ["COMPARISONS", "WITHOUT_NUMBER", "effect_of", "effects_of", "interaction_contrast"]

_PAIRS = {
    "none": ("", ""), "tamoxifen_v_none": ("tamoxifen", "none"), "endocrine_v_none": ("endocrine", "none"),
    "ai_v_tamoxifen": ("aromatase_inhibitor", "tamoxifen"),
    "longer_v_shorter": ("longer_tamoxifen", "shorter_tamoxifen"), "inhibitor_added": ("inhibitor_added", "not_added"),
}  # fmt: skip
COMPARISONS = {  # comparison -> treatment contrast; that of an interaction is read off its treatment
    "marker_positive_vs_negative": "none",
    "tamoxifen_vs_control_in_marker_positive": "tamoxifen_v_none",
    "tamoxifen_vs_control_in_marker_negative": "tamoxifen_v_none",
    "longer_vs_shorter_tamoxifen_in_marker_positive": "longer_v_shorter",
    "longer_vs_shorter_tamoxifen_in_marker_negative": "longer_v_shorter",
    "ai_vs_tamoxifen_in_marker_positive": "ai_v_tamoxifen",
    "ai_vs_tamoxifen_in_marker_negative": "ai_v_tamoxifen",
    "interaction_marker_by_treatment": "",
    "pathway_inhibitor_added_vs_not": "inhibitor_added",
}
WITHOUT_NUMBER: dict[str, Status] = {  # flag of a row that prints no number -> its status
    "reported_null_without_number": "null_without_number",
    "reported_significant_without_number": "significant_without_number",
    "reported_nominal_without_number": "significant_without_number",
    "reported_without_number": "test_only",
}
_COMPUTED: dict[str, Route] = {"ci_derived_from_strata_ci": "strata", "ci_derived_from_interaction_p": "strata_p"}
_UNALTERED = ("wild-type",)
_RANDOMISED = (
    "nested_biomarker_of_trial", "randomised_trial", "secondary_report_of_trial", "meta_analysis_of_randomised_trials",
)  # fmt: skip


@lru_cache(maxsize=4)
def effects_of(extraction: Extraction) -> tuple[EffectEstimate, ...]:
    """Turn every row of an extraction into an effect, in the table's order."""
    return tuple(effect_of(row, extraction) for row in extraction.effects)


def effect_of(row: Row, extraction: Extraction) -> EffectEstimate:
    """Turn one row into an effect."""
    study, flagged = extraction.study(row["study_id"]), row_flags(row)
    shared: dict[str, Any] = {
        "study": row["study_id"], "label": study_labels(extraction)[row["study_id"]], "trial": study["trial"],
        "year": _count(study["year"]),
        "origin": "published", "marker": row["marker"], "rule": row["marker_state"], "scale": "binary",
        "assay": row["assay"], "endpoint": row["endpoint"], "setting": study["setting"],
        "measure": {"difference": "other_difference"}.get(row["measure"], row["measure"]),
        "n": _count(row["n"]), "events": _count(row["events"]), "overlaps": sharing(extraction)[row["study_id"]],
        "adjusted_for": {"yes": ("unspecified",), "no": (), "": ("unknown",)}[row["adjusted"]],
        "source": " | ".join(part for part in (citation(study), row["evidence_locator"]) if part),
        "data_sha256": extraction.sha256, "flags": _flags(study, flagged), "remark": _remark(row, flagged),
        **_question(row, study, flagged),
    }  # fmt: skip
    return _estimated(row, flagged, shared)


def _count(cell: str) -> int | None:
    return int(cell) if cell else None


def _question(row: Row, study: Row, flagged: Iterable[str]) -> dict[str, Any]:
    """Map the comparison to what it estimates, of what against what, in whom, and how treatment came about."""
    comparison = row["comparison"]
    where = [study["population"], *(flag.replace(":", " ") for flag in flagged if flag.startswith("subset:"))]
    if comparison == "marker_positive_vs_negative":
        return {"estimand": "prognostic", "design": "observational", **_treated(row), "restrictions": _named(where)}
    code = _treatments(row, flagged)
    out: dict[str, Any] = {"treatment_1": _PAIRS[code][0], "treatment_0": _PAIRS[code][1], "estimand": "interaction"}
    if row["treatment"] not in (f"{out['treatment_1']} vs {out['treatment_0']}", ""):
        where.append(row["treatment"])
    if comparison != "interaction_marker_by_treatment":
        level = _level(row)
        out |= {"estimand": "treatment_effect", "marker_level": "" if level == "unselected" else level}
    elif "ratio_of_hazard_ratios_negative_over_positive" in flagged:
        out |= {"group_1": "unaltered", "group_0": "altered"}
    return out | {"design": _design(study, flagged), "restrictions": _named(where)}


def _named(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(phrase.replace(";", ",") for phrase in phrases if phrase)


def _treated(row: Row) -> dict[str, str]:
    """Return the treatment of a prognostic row's patients; `any` and `mixed` are not alike."""
    if row["treatment"] in ("any", "mixed", ""):
        return {"treated_alike": "no" if row["treatment"] else ""}
    return {"treatment_1": row["treatment"], "treated_alike": "yes"}


def _treatments(row: Row, flagged: Iterable[str]) -> str:
    if "with_oophorectomy" in flagged:
        return "endocrine_v_none"
    return COMPARISONS[row["comparison"]] or interaction_contrast(row["treatment"])


def interaction_contrast(treatment: str) -> str:
    """Read the treatment contrast of an interaction off its treatments; empty where they are not understood."""
    first, _, second = treatment.partition(" vs ")
    if second in ("none", "observation"):
        return "tamoxifen_v_none" if first == "tamoxifen" else "endocrine_v_none"
    if second.startswith("tamoxifen"):
        return "ai_v_tamoxifen"
    return "longer_v_shorter" if first.startswith("tamoxifen") and second.endswith("years") else ""


def _level(row: Row) -> str:
    if row["marker_state"] == "unselected":
        return "unselected"
    negative = row["comparison"].endswith("_negative") or row["marker_state"] in _UNALTERED
    return "unaltered" if negative else "altered"


def _design(study: Row, flagged: Iterable[str]) -> str:
    if "non_randomised_treatment" in flagged:
        return "observational"
    return "randomised" if study["design"] in _RANDOMISED else "observational"


def _flags(study: Row, flagged: Sequence[str]) -> tuple[str, ...]:
    """Return the row's flags, then its study's."""
    return (*flagged, *(f"of_study:{flag}" for flag in study["flags"].split(";") if flag))


def _remark(row: Row, flagged: Sequence[str]) -> str:
    parts = [f"As printed: {row['printed_as']}."] if row["printed_as"] else []
    if "p_is_upper_bound" in flagged or "p_is_of_the_source_test" in flagged:
        parts.append(f"Printed P {'< ' if 'p_is_upper_bound' in flagged else ''}{row['p_value']}.")
    return " ".join(parts)


def _estimated(row: Row, flagged: Sequence[str], shared: dict[str, Any]) -> EffectEstimate:
    """Take the printed interval, else the exact P; without either the row is a test alone."""
    estimate = float(row["estimate"]) if row["estimate"] else None
    told_p = row["p_value"] or row["interaction_p"]
    p = float(told_p) if told_p else None
    exact = p is not None and "p_is_upper_bound" not in flagged
    if estimate is not None and row["ci_low"]:
        printed = p if exact and "p_is_of_the_source_test" not in flagged else None
        kind = "printed" if printed is not None else ""
        low, high = float(row["ci_low"]), float(row["ci_high"])
        effect = EffectEstimate.from_ci(estimate, low, high, p_value=printed, p_kind=kind, **shared)
        computed = next((route for flag, route in _COMPUTED.items() if flag in flagged), None)
        return effect if computed is None else replace(effect, route=computed, ci_low=None, ci_high=None, ci_kind="")
    if estimate is not None and exact and p is not None:
        return EffectEstimate.from_p(estimate, p, **shared)
    told = next((flag.removeprefix("direction:") for flag in flagged if flag.startswith("direction:")), "")
    direction = {"better_on_ai": "better", "not_stated": ""}.get(told, told)
    point = math.log(estimate) if estimate is not None and shared["measure"] in RATIO_MEASURES else None
    if point:
        direction = "worse" if point > 0 else "better"
    status: Status = next((status for flag, status in WITHOUT_NUMBER.items() if flag in flagged), "test_only")
    return EffectEstimate(
        **shared, log_estimate=point, p_value=p, p_kind="" if p is None else "printed", status=status,
        p_relation="<" if "p_is_upper_bound" in flagged else "", direction=direction,
    )  # fmt: skip
