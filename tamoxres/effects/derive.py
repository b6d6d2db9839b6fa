"""What follows from a study's subgroups: its interaction from two marker levels, its total from all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import EffectError
from .estimate import EffectEstimate

__all__ = ["from_strata", "stratum", "subgroup_total"]

_ASKED = ("study", "marker", "endpoint", "measure", "treatment_1", "treatment_0")


def stratum(effect: EffectEstimate) -> str:
    """Return the marker level in which a treatment effect was estimated: altered, unaltered, or empty."""
    return effect.marker_level if effect.estimand == "treatment_effect" else ""


def from_strata(altered: EffectEstimate, unaltered: EffectEstimate) -> EffectEstimate:
    """Make a study's marker x treatment interaction from its treatment effects in the two marker levels.

    The log of the ratio is the difference of the two logs; its standard error is the root of the summed squares, which
    holds because the two levels share no patients. Degrees of freedom are Satterthwaite's where both strata have some;
    `adjusted_for` and `strata` are those that both share.

    Returns
    -------
    EffectEstimate
        The ratio of the two effects, estimand `interaction`.

    Raises
    ------
    EffectError
        If the rows are not the two levels of one question of one study, both estimated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> altered, unaltered = (
    ...     tr.EffectEstimate(
    ...         study="A", log_estimate=y, se=0.2, marker="HER2", estimand="treatment_effect", marker_level=level
    ...     )
    ...     for y, level in ((-0.1, "altered"), (-0.5, "unaltered"))
    ... )
    >>> ratio = from_strata(altered, unaltered)
    >>> round(ratio.log_estimate, 3), round(ratio.se, 3)
    (0.4, 0.283)
    """
    if differ := [name for name in _ASKED if getattr(altered, name) != getattr(unaltered, name)]:
        raise EffectError(f"{altered.label}: the two strata differ in {differ[0]}; they must be of one question.")
    if (stratum(altered), stratum(unaltered)) != ("altered", "unaltered"):
        raise EffectError(f"{altered.label}: an interaction needs the marker-altered and the marker-unaltered stratum.")
    if altered.log_estimate is None or unaltered.log_estimate is None or altered.se is None or unaltered.se is None:
        raise EffectError(f"{altered.label}: both strata must be ratios with a standard error.")
    counts: dict[str, Any] = {
        "n": _sum(altered.n, unaltered.n), "events": _sum(altered.events, unaltered.events), "n_1": altered.n,
        "events_1": altered.events, "n_0": unaltered.n, "events_0": unaltered.events, "person_years": None,
    }  # fmt: skip
    return replace(
        altered, **counts, estimand="interaction", marker_level="", route="strata", p_value=None, p_kind="",
        p_relation="", term="", term_p=None, ci_low=None, ci_high=None, ci_kind="", df=_df(altered, unaltered),
        log_estimate=altered.log_estimate - unaltered.log_estimate, se=math.hypot(altered.se, unaltered.se),
        adjusted_for=_shared(altered.adjusted_for, unaltered.adjusted_for),
        strata=tuple(name for name in altered.strata if name in unaltered.strata),
        flags=tuple(dict.fromkeys((*altered.flags, *unaltered.flags, "derived_from_two_strata"))),
    )  # fmt: skip


def subgroup_total(effects: Sequence[EffectEstimate]) -> EffectEstimate:
    """Make a study's effect in all patients from those printed for its subgroups, which share no patients.

    The total is the common-effect mean of the subgroups, weighted by 1 / SE squared: it holds where the effect is the
    same in each, and averages it where it is not. Counts are added where every subgroup tells them; restrictions and
    receptor status stay where all share them.

    Raises
    ------
    EffectError
        If there are fewer than two rows, or they are not of one question of one study, all estimated.

    Examples
    --------
    >>> node = {"study": "A", "measure": "HR"}
    >>> rows = [EffectEstimate.from_ci(0.6, 0.4, 0.9, restrictions=("node-negative",), **node),
    ...         EffectEstimate.from_ci(0.8, 0.6, 1.07, restrictions=("node-positive",), **node)]
    >>> print(subgroup_total(rows))
    A: HR 0.73 (0.57-0.92), P = 0.008
    """
    rows = tuple(effects)
    if len(rows) < 2 or any(row.status != "estimated" for row in rows):
        raise EffectError("A total needs two estimated subgroups at least.")
    first = rows[0]
    for name in (*_ASKED, "estimand", "scale", "scale_unit", "is_ratio"):
        if len({getattr(row, name) for row in rows}) > 1:
            raise EffectError(f"{first.label}: the subgroups differ in {name}; they must be of one question.")
    weights = [(row.se or math.nan) ** -2 for row in rows]
    point = sum(w * (row.point or 0.0) for w, row in zip(weights, rows, strict=True)) / sum(weights)
    counts = {name: _total([getattr(row, name) for row in rows]) for name in _COUNTS}
    shared = {name: getattr(first, name) if len({getattr(row, name) for row in rows}) == 1 else "" for name in _SHARED}
    told = tuple(name for name in first.restrictions if all(name in row.restrictions for row in rows))
    adjusted = {row.adjusted_for for row in rows}
    changes: dict[str, Any] = {**counts, **shared, "log_estimate" if first.is_ratio else "difference": point}
    return replace(
        first, **changes, restrictions=told, se=sum(weights) ** -0.5, df=None, ci_low=None, ci_high=None,
        ci_kind="", p_value=None, p_kind="", p_relation="", term="", term_p=None, route="strata", model="common",
        adjusted_for=first.adjusted_for if len(adjusted) == 1 else ("unknown",),
        flags=tuple(dict.fromkeys((*(flag for row in rows for flag in row.flags), "total_of_subgroups"))),
    )  # fmt: skip


_COUNTS = ("n", "events", "n_1", "events_1", "n_0", "events_0", "person_years")
_SHARED = ("er", "her2", "menopause", "nodes", "setting", "marker_level")


def _total(values: Sequence[Any]) -> Any:
    return None if None in values else sum(values)


def _df(altered: EffectEstimate, unaltered: EffectEstimate) -> float | None:
    """Return Satterthwaite's degrees of freedom; a normal stratum has infinitely many."""
    variances = [(row.se or 0.0) ** 2 for row in (altered, unaltered)]
    shares = [v**2 / row.df for v, row in zip(variances, (altered, unaltered), strict=True) if row.df is not None]
    return sum(variances) ** 2 / sum(shares) if shares else None


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the adjusters of both strata; `unknown` where only one of them tells, or they differ in all."""
    if one == other:
        return one
    return tuple(name for name in one if name in other) or ("unknown",)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
