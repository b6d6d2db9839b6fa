"""From a row of effects.csv to an effect row, as printed.

Conventions. `estimand` and `treatment_contrast` follow from the comparison; the marker level of a treatment effect
stands first in `population` (`HER2 altered`); the state that counts as altered is the `rule`. The standard error is
taken from the interval, else from an exact P; a P printed as an upper bound gives none, and a row without either is
`test_only`. All flags of the row stand in `note` as `flags: a, b`, those of its study as `study flags: a, b`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from ..effects import RATIO_MEASURES, EffectEstimate
from .tables import Extraction, Row, citation, row_flags, sharing, study_labels

__all__ = ["COMPARISONS", "effect_of", "effects_of", "interaction_contrast"]

_CONTRASTS = {
    "tamoxifen_v_none": "tamoxifen v none", "endocrine_v_none": "endocrine v none", "ai_v_tamoxifen": "AI v tamoxifen",
    "longer_v_shorter": "longer v shorter tamoxifen", "inhibitor_added": "inhibitor added v not",
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
_UNALTERED = ("wild-type",)
_RANDOMISED = (
    "nested_biomarker_of_trial", "randomised_trial", "secondary_report_of_trial", "meta_analysis_of_randomised_trials",
)  # fmt: skip
_REMARKS = {
    "or_of_response_above_1_favours_ai": "an odds ratio of response: above 1 is better, kept as printed",
    "or_of_being_event_free_below_1_is_worse": "an odds ratio of being event-free: below 1 is worse, kept as printed",
    "ratio_of_hazard_ratios_negative_over_positive": "ratio of marker-negative over marker-positive, as printed",
}


@lru_cache(maxsize=4)
def effects_of(extraction: Extraction) -> tuple[EffectEstimate, ...]:
    """Turn every row of an extraction into an effect, in the table's order."""
    return tuple(effect_of(row, extraction) for row in extraction.effects)


def effect_of(row: Row, extraction: Extraction) -> EffectEstimate:
    """Turn one row into an effect."""
    study, flagged = extraction.study(row["study_id"]), row_flags(row)
    shared: dict[str, Any] = {
        "study": study_labels(extraction)[row["study_id"]], "marker": row["marker"], "rule": row["marker_state"],
        "assay": row["assay"], "endpoint": row["endpoint"], "treatment": row["treatment"],
        "measure": {"difference": "other_difference"}.get(row["measure"], row["measure"]),
        "n": _count(row["n"]), "events": _count(row["events"]), "overlaps": sharing(extraction)[row["study_id"]],
        "adjusted_for": {"yes": ("unspecified",), "no": (), "": ("unknown",)}[row["adjusted"]],
        "source": " | ".join(part for part in (citation(study), row["evidence_locator"]) if part),
        "data_sha256": extraction.sha256, "note": _note(row, study, flagged), **_question(row, study, flagged),
    }  # fmt: skip
    return _estimated(row, flagged, shared)


def _count(cell: str) -> int | None:
    return int(cell) if cell else None


def _question(row: Row, study: Row, flagged: Iterable[str]) -> dict[str, Any]:
    """Map the comparison to what it estimates, of what against what, in whom, and how treatment came about."""
    comparison = row["comparison"]
    where = [study["population"], *(flag.replace(":", " ") for flag in flagged if flag.startswith("subset:"))]
    if comparison == "marker_positive_vs_negative":
        contrast, code, estimand, design = "altered v unaltered", "none", "prognostic", "observational"
    else:
        code, design = _treatments(row, flagged), _design(study, flagged)
        estimand = "interaction" if comparison == "interaction_marker_by_treatment" else "treatment_effect"
        contrast = _CONTRASTS[code]
    if estimand == "treatment_effect":
        where.insert(0, f"{row['marker']} {_level(row)}")
    if estimand == "interaction":
        turned = "ratio_of_hazard_ratios_negative_over_positive" in flagged
        contrast = "unaltered v altered" if turned else "altered v unaltered"
    asked = {"estimand": estimand, "contrast": contrast, "treatment_contrast": code, "design": design}
    return {**asked, "population": "; ".join(where)}


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


def _note(row: Row, study: Row, flagged: Sequence[str]) -> str:
    bound = "p_is_upper_bound" in flagged or "p_is_of_the_source_test" in flagged
    parts = [
        f"flags: {', '.join(flagged)}" if flagged else "",
        f"study flags: {study['flags'].replace(';', ', ')}" if study["flags"] else "",
        *(text for flag, text in _REMARKS.items() if flag in flagged),
        f"printed P {'< ' if 'p_is_upper_bound' in flagged else ''}{row['p_value']}" if bound else "",
    ]
    return "; ".join(part for part in parts if part)


def _estimated(row: Row, flagged: Sequence[str], shared: dict[str, Any]) -> EffectEstimate:
    """Take the printed interval, else the exact P; without either the row is a test alone."""
    estimate = float(row["estimate"]) if row["estimate"] else None
    p = float(row["p_value"]) if row["p_value"] else None
    exact = p is not None and "p_is_upper_bound" not in flagged
    if estimate is not None and row["ci_low"]:
        printed = p if exact and "p_is_of_the_source_test" not in flagged else None
        return EffectEstimate.from_ci(estimate, float(row["ci_low"]), float(row["ci_high"]), p_value=printed, **shared)
    if estimate is not None and exact and p is not None:
        return EffectEstimate.from_p(estimate, p, p_value=p, **shared)
    told = next((flag.removeprefix("direction:") for flag in flagged if flag.startswith("direction:")), "")
    direction = {"better_on_ai": "better", "not_stated": ""}.get(told, told)
    point = math.log(estimate) if estimate is not None and shared["measure"] in RATIO_MEASURES else None
    if point:
        direction = "worse" if point > 0 else "better"
    return EffectEstimate(
        **shared, log_estimate=point, p_value=p, status="test_only", direction=direction, method="printed test"
    )
