"""Published effects and studies: the hand-curated tables of `data_raw/literature` as effect rows.

Conventions. Every row of effects.csv becomes one `EffectEstimate`, in the table's order and as printed. `estimand` and
`treatment_contrast` follow from the comparison; the marker level of a treatment effect stands first in `population`
(`HER2 altered`); the state that counts as altered is the `rule`. The standard error is taken from the interval, else
from an exact P; a P printed as an upper bound gives none, and a row without either is `test_only`. All flags of the row
stand in `note` as `flags: a, b`, those of its study as `study flags: a, b`. A study is named `First author year`,
studies of one author and year get a letter, and studies that share patients name each other in `overlaps`.

The tables were made from abstracts and are no systematic review; read the README beside them before pooling.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from .effects import ESTIMANDS, RATIO_MEASURES, EffectEstimate
from .effects.derive import flags, from_strata, marker_level
from .errors import QuestionError
from .files import data_root, read_pinned

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLAIMS", "MARKERS", "OPTIONAL", "Claim", "claims", "derived_interactions", "literature", "studies"]

MARKERS = ("HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA")
OPTIONAL = ("recalled", "pooled_estimate", "overlaps_row_of_same_study")
_SHA256 = {
    "effects.csv": "261dcc73b40142c3b7ca94c2e8234f20d7ca62fc735763100a023a3e6544b8ac",
    "studies.csv": "d87e0a09f9973734e6974a9d9c180d0fc74017f4a9c2ac44df0d13b97b68ff59",
}
_TIERS = ("cell_line", "animal_model", "clinical", "meta_analysis")
_SETTINGS = ("adjuvant", "advanced", "neoadjuvant", "in_vitro", "xenograft")
_CONTRASTS = {
    "tamoxifen_v_none": "tamoxifen v none", "endocrine_v_none": "endocrine v none", "ai_v_tamoxifen": "AI v tamoxifen",
    "longer_v_shorter": "longer v shorter tamoxifen", "inhibitor_added": "inhibitor added v not",
}  # fmt: skip
_UNALTERED = ("wild-type",)
_RANDOMISED = (
    "nested_biomarker_of_trial",
    "randomised_trial",
    "secondary_report_of_trial",
    "meta_analysis_of_randomised_trials",
)
_REMARKS = {
    "or_of_response_above_1_favours_ai": "an odds ratio of response: above 1 is better, kept as printed",
    "or_of_being_event_free_below_1_is_worse": "an odds ratio of being event-free: below 1 is worse, kept as printed",
    "ratio_of_hazard_ratios_negative_over_positive": "ratio of marker-negative over marker-positive, as printed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the review that tamoxres examines says of one marker, in one sentence.

    Attributes
    ----------
    marker : str
    altered : str
        The state that counts as altered.
    direction : "resistant" | "no_difference"
    statement : str
    """

    marker: str
    altered: str
    direction: Literal["resistant", "no_difference"]
    statement: str

    def __str__(self) -> str:
        return f"{self.marker}: {self.statement}"


def _claim(marker: str, altered: str, direction: Literal["resistant", "no_difference"], end: str) -> Claim:
    return Claim(
        marker=marker, altered=altered, direction=direction, statement=f"{altered[:1].upper()}{altered[1:]} {end}."
    )


_RESISTS = "goes with resistance to tamoxifen"
CLAIMS = (
    _claim("HER2", "over-expression or amplification of HER2", "resistant", _RESISTS),
    _claim("AKT", "activation (phosphorylation) of AKT", "resistant", _RESISTS),
    _claim("MTOR", "activation of mTOR and its targets", "resistant", _RESISTS),
    _claim("SRC", "over-expression or activation of SRC", "resistant", _RESISTS),
    _claim("HH", "activation of Hedgehog signalling", "resistant", _RESISTS),
    _claim("PTEN", "loss of PTEN", "resistant", _RESISTS),
    _claim("PIK3CA", "mutation of PIK3CA", "no_difference", "makes no significant difference to outcome on tamoxifen"),
)


def claims() -> tuple[Claim, ...]:
    """Return what the review claims of each marker of the pathway."""
    return CLAIMS


def literature(
    *,
    marker: str | None = None,
    estimand: str | None = None,
    tier: str | None = None,
    setting: str | None = None,
    include: str | Sequence[str] = (),
) -> list[EffectEstimate]:
    """Return published effects, one row each, by default without those that must not be pooled unawares.

    Parameters
    ----------
    marker : str, optional
        HER2, AKT, MTOR, SRC, HH, PTEN or PIK3CA.
    estimand : "prognostic" | "treatment_effect" | "interaction", optional
    tier : "clinical" | "meta_analysis", optional
        Of the study (cell-line and animal studies have no effect rows).
    setting : "adjuvant" | "advanced" | "neoadjuvant", optional
    include : str or sequence of str
        Rows otherwise left out: `recalled`, `pooled_estimate`, `overlaps_row_of_same_study`, or `all`.

    Returns
    -------
    list of EffectEstimate

    Raises
    ------
    QuestionError
        On an unknown marker, estimand, tier, setting or name in `include`.

    Examples
    --------
    >>> len(literature(include="all"))
    157
    """
    marker = None if marker is None else marker.upper()
    asked = {"marker": (marker, MARKERS), "estimand": (estimand, ESTIMANDS[1:])}
    asked |= {"tier": (tier, _TIERS), "setting": (setting, _SETTINGS)}
    for name, (value, allowed) in asked.items():
        if value is not None and value not in allowed:
            raise QuestionError(f"Unknown {name} {value!r}. Use one of {', '.join(allowed)}.")
    out = []
    for row, effect in zip(_table("effects.csv"), _effects(), strict=True):
        study = _studies()[row["study_id"]]
        found = {
            "marker": row["marker"],
            "estimand": effect.estimand,
            "tier": study["tier"],
            "setting": study["setting"],
        }
        if all(value in (None, found[name]) for name, (value, _) in asked.items()) and _wanted(row, include):
            out.append(effect)
    return out


def _wanted(row: dict[str, str], include: str | Sequence[str]) -> bool:
    names = [include] if isinstance(include, str) else list(include)
    if unknown := [name for name in names if name not in (*OPTIONAL, "all")]:
        raise QuestionError(f"Unknown row kind {unknown[0]!r} in include. Use {', '.join(OPTIONAL)} or all.")
    return "all" in names or not set(_flags(row)) & set(OPTIONAL) - set(names)


def studies() -> pd.DataFrame:
    """Return the studies of the evidence map, one row a study, marker and direction.

    Returns
    -------
    DataFrame
        study, study_id, marker, direction, tier, setting, year, design, population, summary, verification, flags,
        source. `direction` is about the altered state: resistant, no_effect, sensitive, mixed, unclear,
        prognostic_worse or prognostic_better.
    """
    import pandas as pd

    shared = ("tier", "setting", "design", "population", "summary", "verification", "flags")
    rows = [
        {"study": _labels()[row["study_id"]], "study_id": row["study_id"], "marker": marker, "direction": direction}
        | {"year": int(row["year"])} | {name: row[name] for name in shared} | {"source": _citation(row)}
        for row in _table("studies.csv")
        for marker, _, direction in (finding.partition(":") for finding in _split(row["finding_direction"]))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def derived_interactions(*, marker: str | None = None, include: str | Sequence[str] = ()) -> list[EffectEstimate]:
    """Make a trial's interaction from its two printed strata: the difference of their logs, root of summed squares.

    Two rows of one study are strata of each other when they share endpoint, measure, treatments and subset, and one is
    about marker-altered, the other about marker-unaltered patients. The result is altered over unaltered, and its
    `method` is `from strata`.
    """
    strata: dict[tuple[str, ...], dict[str, EffectEstimate]] = {}
    for effect in literature(marker=marker, estimand="treatment_effect", include=include):
        if effect.status == "estimated" and (level := marker_level(effect)):
            subset = next((flag for flag in flags(effect) if flag.startswith("subset:")), "")
            kind = "composite" if "composite_marker" in flags(effect) else ""
            key = (effect.study, effect.marker, effect.endpoint, effect.measure, effect.treatment, subset, kind)
            strata.setdefault(key, {})[level] = effect
    return [from_strata(pair["altered"], pair["unaltered"]) for pair in strata.values() if len(pair) == 2]


@cache
def _table(name: str) -> list[dict[str, str]]:
    text = read_pinned(data_root() / "literature" / name, _SHA256[name]).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@cache
def _studies() -> dict[str, dict[str, str]]:
    return {row["study_id"]: row for row in _table("studies.csv")}


def _split(cell: str) -> list[str]:
    return [part for part in cell.split(";") if part]


def _flags(row: dict[str, str]) -> list[str]:
    return [*_split(row["flags"]), *(["recalled"] if row["verification"] == "recalled" else [])]


@cache
def _labels() -> dict[str, str]:
    """Name every study `First author year`: with a letter where that is not unique, its id where no author is known."""
    plain = {}
    for row in _table("studies.csv"):
        stem = row["study_id"].removesuffix("_" + row["year"]).replace("_", " ")
        plain[row["study_id"]] = f"{row['first_author'] or stem} {row['year']}"
    names = list(plain.values())
    order = {name: [i for i, label in plain.items() if label == name] for name in set(names)}
    return {i: name + ("abcdef"[order[name].index(i)] if len(order[name]) > 1 else "") for i, name in plain.items()}


@cache
def _sharing() -> dict[str, tuple[str, ...]]:
    """Labels of the studies that share patients with each study, however many steps apart."""
    groups: dict[str, set[str]] = {i: {i} for i in _labels()}
    declared = [(row["study_id"], flag) for row in _table("studies.csv") for flag in _split(row["flags"])]
    declared += [(row["study_id"], flag) for row in _table("effects.csv") for flag in _split(row["flags"])]
    for one, flag in declared:
        kind, _, other = flag.partition(":")
        if kind in ("overlaps", "same_trial_as"):
            union = groups[one] | groups[other]
            groups |= dict.fromkeys(union, union)
    return {i: tuple(sorted(_labels()[j] for j in group - {i})) for i, group in groups.items()}


def _citation(row: dict[str, str]) -> str:
    parts = [f"{row['first_author'] or 'Author unknown'}. {row['title']}. {row['journal']} {row['year']}."]
    parts += [f"PMID {row['pmid']}."] if row["pmid"] else []
    parts += [f"doi:{row['doi']}."] if row["doi"] else []
    return " ".join(parts)


@cache
def _effects() -> tuple[EffectEstimate, ...]:
    return tuple(_effect(row) for row in _table("effects.csv"))


def _effect(row: dict[str, str]) -> EffectEstimate:
    study, flagged = _studies()[row["study_id"]], _flags(row)
    shared: dict[str, Any] = {
        "study": _labels()[row["study_id"]], "marker": row["marker"], "rule": row["marker_state"],
        "assay": row["assay"], "endpoint": row["endpoint"], "treatment": row["treatment"],
        "measure": {"difference": "other_difference"}.get(row["measure"], row["measure"]),
        "n": _count(row["n"]), "events": _count(row["events"]), "overlaps": _sharing()[row["study_id"]],
        "adjusted_for": {"yes": ("unspecified",), "no": (), "": ("unknown",)}[row["adjusted"]],
        "source": " | ".join(part for part in (_citation(study), row["evidence_locator"]) if part),
        "data_sha256": _SHA256["effects.csv"], "note": _note(row, study, flagged), **_question(row, study, flagged),
    }  # fmt: skip
    return _estimated(row, flagged, shared)


def _count(cell: str) -> int | None:
    return int(cell) if cell else None


def _question(row: dict[str, str], study: dict[str, str], flagged: Iterable[str]) -> dict[str, Any]:
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


def _treatments(row: dict[str, str], flagged: Iterable[str]) -> str:
    if "with_oophorectomy" in flagged:
        return "endocrine_v_none"
    if row["comparison"] == "pathway_inhibitor_added_vs_not":
        return "inhibitor_added"
    if row["treatment"] == "tamoxifen vs none":
        return "tamoxifen_v_none"
    return "longer_v_shorter" if row["treatment"] == "tamoxifen 5 vs 2 years" else "ai_v_tamoxifen"


def _level(row: dict[str, str]) -> str:
    if row["marker_state"] == "unselected":
        return "unselected"
    negative = row["comparison"].endswith("_negative") or row["marker_state"] in _UNALTERED
    return "unaltered" if negative else "altered"


def _design(study: dict[str, str], flagged: Iterable[str]) -> str:
    if "non_randomised_treatment" in flagged:
        return "observational"
    return "randomised" if study["design"] in _RANDOMISED else "observational"


def _note(row: dict[str, str], study: dict[str, str], flagged: Sequence[str]) -> str:
    bound = "p_is_upper_bound" in flagged or "p_is_of_the_source_test" in flagged
    parts = [
        f"flags: {', '.join(flagged)}" if flagged else "",
        f"study flags: {study['flags'].replace(';', ', ')}" if study["flags"] else "",
        *(text for flag, text in _REMARKS.items() if flag in flagged),
        f"printed P {'< ' if 'p_is_upper_bound' in flagged else ''}{row['p_value']}" if bound else "",
    ]
    return "; ".join(part for part in parts if part)


def _estimated(row: dict[str, str], flagged: Sequence[str], shared: dict[str, Any]) -> EffectEstimate:
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
