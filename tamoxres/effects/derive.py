"""What can be read off effect rows, or made from two of them: flags, marker level, an interaction from two strata.

Flags stand in a row's note as `flags: a, b`; the marker level of a treatment effect stands in its population
(`HER2 altered`, `ER positive, HER2 unaltered`).
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from ..errors import EffectError
from .estimate import EffectEstimate

__all__ = ["flags", "from_strata", "marker_level"]


def flags(effect: EffectEstimate) -> tuple[str, ...]:
    """Return the flags that stand in an effect's note."""
    found = re.search(r"(?:^|; )flags: ([^;]+)", effect.note)
    return tuple(flag.strip() for flag in found.group(1).split(",")) if found else ()


def marker_level(effect: EffectEstimate) -> str:
    """Return the marker level in which a treatment effect was estimated: altered, unaltered, or empty."""
    found = re.search(r"\b(un)?altered\b", effect.population)
    return found.group(0) if effect.estimand == "treatment_effect" and found else ""


def from_strata(altered: EffectEstimate, unaltered: EffectEstimate) -> EffectEstimate:
    """Make a study's marker x treatment interaction from its treatment effects in the two marker levels.

    The log of the ratio is the difference of the two logs; its standard error is the root of the summed squares, which
    holds because the two levels share no patients.

    Raises
    ------
    EffectError
        If the rows are not the two levels of one question of one study, both estimated.
    """
    asked = ("study", "marker", "endpoint", "measure", "contrast", "treatment_contrast")
    if differ := [name for name in asked if getattr(altered, name) != getattr(unaltered, name)]:
        raise EffectError(f"{altered.study}: the two strata differ in {differ[0]}; they must be of one question.")
    if (marker_level(altered), marker_level(unaltered)) != ("altered", "unaltered"):
        raise EffectError(f"{altered.study}: an interaction needs the marker-altered and the marker-unaltered stratum.")
    if altered.log_estimate is None or unaltered.log_estimate is None or altered.se is None or unaltered.se is None:
        raise EffectError(f"{altered.study}: both strata must be ratios with a standard error.")
    n, events = _sum(altered.n, unaltered.n), _sum(altered.events, unaltered.events)
    both = f"{altered.estimate:.4g} in altered over {unaltered.estimate:.4g} in unaltered, {altered.contrast}"
    named = ", ".join(dict.fromkeys([*flags(altered), *flags(unaltered)]))
    return replace(
        altered,
        contrast="altered v unaltered", estimand="interaction", method="from strata", p_value=None, n=n, events=events,
        n_1=altered.n, events_1=altered.events, n_0=unaltered.n, events_0=unaltered.events, person_years=None,
        population=re.sub(r"[^;,]*\baltered\b[;,]? ?", "", altered.population).strip(" ;,"),
        log_estimate=altered.log_estimate - unaltered.log_estimate, se=math.hypot(altered.se, unaltered.se),
        note="; ".join(part for part in (f"from strata: {both}", f"flags: {named}" if named else "") if part),
    )  # fmt: skip


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
