"""Effect rows of version 1, whose facts stood in words, read once into the fields of version 2.

Version 1 wrote flags as `flags: a, b` into a note, the marker level into the population, the route into the method, a
likelihood-ratio P beside the Wald P, and the treatments compared as a code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["OWN_COLUMNS", "TREATMENTS", "to_version_2"]

OWN_COLUMNS = ("contrast", "population", "treatment", "treatment_contrast", "lrt_p", "method", "note")
TREATMENTS = {  # version 1's code of a treatment contrast -> what is compared
    "tamoxifen_v_none": ("tamoxifen", "none"), "endocrine_v_none": ("endocrine", "none"),
    "ai_v_tamoxifen": ("aromatase_inhibitor", "tamoxifen"),
    "longer_v_shorter": ("longer_tamoxifen", "shorter_tamoxifen"),
    "inhibitor_added": ("inhibitor_added", "not_added"),
}  # fmt: skip
_MIXED = ("any", "mixed")
_LEVEL = re.compile(r"\b(?:un)?altered\b")
_FLAGS = re.compile(r"(?:^|; )(study )?flags: ([^;]+)")
_MARKER_CONTRASTS = {"altered v unaltered": {}, "unaltered v altered": {"group_1": "unaltered", "group_0": "altered"}}


def to_version_2(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's values under the names of version 2; those that version 1 shares with it stay."""
    out = {name: value for name, value in row.items() if name not in OWN_COLUMNS}
    out |= _contrast(row) | _population(row) | _treatments(row)
    if row.get("lrt_p") is not None and row.get("estimand", "interaction") == "interaction":
        out |= {"p_value": row["lrt_p"], "p_kind": "lrt"}
    out |= _method(str(row.get("method") or ""))
    flags, remark = _note(str(row.get("note") or ""))
    out["flags"] = tuple(dict.fromkeys((*out.get("flags", ()), *flags)))
    if remark:
        out["remark"] = "; ".join(text for text in (out.get("remark", ""), remark) if text)
    return {name: value for name, value in out.items() if value not in (None, "", ())}


def _contrast(row: Mapping[str, Any]) -> dict[str, Any]:
    contrast = str(row.get("contrast") or "")
    about_treatment = row.get("estimand") == "treatment_effect"
    if contrast in _MARKER_CONTRASTS:
        return dict(_MARKER_CONTRASTS[contrast])
    if contrast == "per unit":
        return {"scale": "per_unit", "variable": row.get("term")}
    first, joiner, second = contrast.partition(" v ")
    if not joiner or about_treatment:
        return {}
    variable = "" if row.get("estimand") else str(row.get("term") or "").partition("[")[0]
    return {"group_1": first, "group_0": second, "variable": variable}


def _population(row: Mapping[str, Any]) -> dict[str, Any]:
    words = str(row.get("population") or "")
    out: dict[str, Any] = {}
    level = _LEVEL.search(words)
    if level and row.get("estimand") == "treatment_effect":
        out["marker_level"] = level.group(0)
        words = re.sub(r"[^;,]*\b(?:un)?altered\b[;,]? ?", "", words).strip(" ;,")
    parts = [part.strip() for part in re.split(r"[;,] ", words) if part.strip() and part.strip() != "all patients"]
    for sign in ("positive", "negative"):
        if f"ER {sign}" in parts:
            out["er"] = sign
            parts.remove(f"ER {sign}")
    told = tuple(part.replace(";", ",") for part in parts)
    return out | {"restrictions": (*(row.get("restrictions") or ()), *told)}


def _treatments(row: Mapping[str, Any]) -> dict[str, Any]:
    code, treatment = str(row.get("treatment_contrast") or ""), str(row.get("treatment") or "")
    if code in TREATMENTS:
        return dict(zip(("treatment_1", "treatment_0"), TREATMENTS[code], strict=True))
    if treatment in _MIXED:
        return {"treated_alike": "no"}
    return {"treatment_1": treatment, "treated_alike": "yes"} if treatment and code in ("none", "") else {}


def _method(words: str) -> dict[str, Any]:
    if words.startswith("from "):
        return {"route": {"logrank": "logrank_p"}.get(words[5:], words[5:])}
    ties = next((ties for ties in ("efron", "breslow") if f"{ties.capitalize()} ties" in words), "")
    if words.startswith("Cox regression"):
        return {"model": "cox", "ties": ties, "route": "model"}
    return {"model": words} if words and words != "printed test" else {}


def _note(words: str) -> tuple[list[str], str]:
    flags = [
        f"of_study:{flag.strip()}" if of_study else flag.strip()
        for of_study, listed in _FLAGS.findall(words)
        for flag in listed.split(",")
    ]
    return [flag for flag in flags if flag], _FLAGS.sub("", words).strip("; ")
