"""What an effect row must hold: plain values, counts and numbers in range, and limits that follow from its error.

Conventions: an unknown number is None; lists are tuples of names without a semicolon, which joins them in a file; the
limits of a Wald, Hartung-Knapp or Rubin interval are always those of the estimate, its error and degrees of freedom;
printed, profile and bootstrap limits are kept as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from ..endpoints import GENERAL, STEEP
from ..errors import EffectError
from ..vocabulary import (
    CI_KINDS,
    ESTIMANDS,
    EXPOSURES,
    MARKER_LEVELS,
    MEASURES,
    ORIGINS,
    P_KINDS,
    P_RELATIONS,
    ROUTES,
    SCALES,
    SE_KINDS,
    STATUSES,
    TREATED_ALIKE,
    nearest,
)
from . import routes

if TYPE_CHECKING:
    from .estimate import EffectEstimate

__all__ = ["CHOICES", "COUNTS", "LISTS", "NUMBERS", "check", "derived", "plain", "turned", "turned_groups"]

COUNTS = ("year", "n", "events", "n_1", "events_1", "n_0", "events_0", "left_out")
NUMBERS = (
    "log_estimate", "difference", "se", "ci_low", "ci_high", "p_value", "term_p", "person_years", "df", "from_months",
    "to_months", "landmark",
)  # fmt: skip
LISTS = ("restrictions", "adjusted_for", "strata", "overlaps", "flags")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "origin": ("", *ORIGINS), "scale": SCALES, "marker_level": MARKER_LEVELS, "exposure": ("", *EXPOSURES),
    "treated_alike": TREATED_ALIKE, "estimand": ("", *ESTIMANDS), "measure": MEASURES, "status": STATUSES,
    "design": ("", "randomised", "partly_randomised", "observational", "mixed"), "se_kind": SE_KINDS,
    "ci_kind": CI_KINDS, "p_kind": P_KINDS, "p_relation": P_RELATIONS, "route": ROUTES,
    "direction": ("", "worse", "better", "no_effect"), "endpoint": ("", *STEEP, *GENERAL),
}  # fmt: skip
_KEPT = ("printed", "profile", "bootstrap")  # limits that need not follow from the standard error
_TURNED = {"worse": "better", "better": "worse"}
_RANGES = {"p_value": 1.0, "term_p": 1.0, "df": math.inf, "person_years": math.inf}


def plain(row: EffectEstimate) -> dict[str, Any]:
    """Return counts as int, numbers as float, lists as tuples, so that equal rows are equal wherever they come from."""
    texts = _texts(type(row))  # type: ignore[arg-type]  # a class is hashable
    out: dict[str, Any] = {name: "" for name in texts if getattr(row, name) is None}
    out |= {name: _count(getattr(row, name), f"{row.study}: {name}") for name in COUNTS}
    out |= {name: _number(name, getattr(row, name), row.status) for name in NUMBERS}
    out |= {name: _names(getattr(row, name), f"{row.study}: {name}") for name in LISTS}
    if (row.group_1, row.group_0) == ("altered", "unaltered") and not row.variable:
        out |= {"group_1": "", "group_0": ""}  # what a marker's row compares unless it says otherwise
    return out | {"label": row.label or row.study}


@cache
def _texts(row: type[EffectEstimate]) -> tuple[str, ...]:
    """Name the fields that are text, empty where nothing is known."""
    return tuple(one.name for one in fields(row) if one.default == "")


def check(row: EffectEstimate) -> None:
    """Refuse an unknown choice, counts and numbers out of range, and an estimate without a sound error.

    Raises
    ------
    EffectError
        Naming the study and the field.
    """
    for name, allowed in CHOICES.items():
        if (value := getattr(row, name)) not in allowed:
            known = ", ".join(choice for choice in allowed if choice)
            guess = f" Is it {close!r}?" if (close := nearest(value, allowed)) else ""
            raise EffectError(f"{row.label or row.study}: unknown {name} {value!r}.{guess} Use one of {known}.")
    _check_counts(row)
    _check_numbers(row)
    if row.status == "estimated":
        _check_estimate(row)


def _check_counts(row: EffectEstimate) -> None:
    for n_name, events_name in (("n", "events"), ("n_1", "events_1"), ("n_0", "events_0")):
        n, events = getattr(row, n_name), getattr(row, events_name)
        if any(value is not None and value < 0 for value in (n, events)):
            raise EffectError(f"{row.label or row.study}: {n_name} and {events_name} cannot be negative.")
        if n is not None and events is not None and events > n:
            raise EffectError(f"{row.label or row.study}: {events_name} {events} exceeds {n_name} {n}.")


def _check_numbers(row: EffectEstimate) -> None:
    if not 0 < row.level < 1:
        raise EffectError(f"{row.label or row.study}: level is {row.level:g}; it lies between 0 and 1, as 0.95.")
    for name, high in _RANGES.items():
        value = getattr(row, name)
        if value is not None and not 0 <= value <= high:
            span = "lies between 0 and 1" if high == 1 else "cannot be negative"
            raise EffectError(f"{row.label or row.study}: {name} is {value:g}; it {span}.")
    if row.df == 0:
        raise EffectError(
            f"{row.label or row.study}: df is 0; degrees of freedom are above 0, or empty for a normal interval."
        )
    if (row.difference if row.is_ratio else row.log_estimate) is not None:
        raise EffectError(
            f"{row.label or row.study}: give log_estimate for a ratio and difference for a difference, not both."
        )


def _check_estimate(row: EffectEstimate) -> None:
    if row.point is None or not math.isfinite(row.point):
        raise EffectError(f"{row.label or row.study}: an estimated effect needs a finite estimate; found {row.point}.")
    if row.se is None or not math.isfinite(row.se) or row.se <= 0:
        raise EffectError(
            f"{row.label or row.study}: se is {row.se}; an estimated effect needs a standard error above 0."
        )
    if row.ci_kind in _KEPT and None not in (row.ci_low, row.ci_high) and not row.ci_low <= row.ci_high:  # type: ignore[operator]
        raise EffectError(f"{row.label or row.study}: the limits {row.ci_low:g} and {row.ci_high:g} are not in order.")


def derived(row: EffectEstimate) -> dict[str, Any]:
    """Return the limits and the P that follow from the estimate, where the row does not keep its own."""
    assert row.point is not None  # noqa: S101
    assert row.se is not None  # noqa: S101
    out: dict[str, Any] = {}
    if row.ci_kind not in _KEPT or row.ci_low is None or row.ci_high is None:
        low, high = routes.limits(row.point, row.se, row.level, row.df, ratio=row.is_ratio)
        out |= {"ci_low": low, "ci_high": high}
        out |= {"ci_kind": "wald"} if row.ci_kind in ("", *_KEPT) else {}
    if row.p_value is None:
        out |= {"p_value": routes.two_sided_p(row.point, row.se, row.df), "p_kind": "wald"}
    return out


def turned_groups(row: EffectEstimate) -> dict[str, Any]:
    """Return the fields that change when a row's contrast is turned round."""
    if row.estimand == "treatment_effect" and not row.group_1:
        return {"treatment_1": row.treatment_0, "treatment_0": row.treatment_1}
    if row.group_1 or row.group_0:
        return {"group_1": row.group_0, "group_0": row.group_1}
    return {"group_1": "unaltered", "group_0": "altered"} if row.contrast == "altered v unaltered" else {}


def turned(row: EffectEstimate) -> dict[str, Any]:
    """Return all fields that change when a row's contrast is turned round: the inverse estimate, groups changed."""
    low, high = row.ci_low, row.ci_high
    limits = (None, None) if low is None or high is None else (_inverse(row, high), _inverse(row, low))
    return {
        **turned_groups(row), "ci_low": limits[0], "ci_high": limits[1],
        "log_estimate": None if row.log_estimate is None else 0.0 - row.log_estimate,  # never -0.0
        "difference": None if row.difference is None else 0.0 - row.difference,
        "n_1": row.n_0, "events_1": row.events_0, "n_0": row.n_1, "events_0": row.events_1,
        "direction": _TURNED.get(row.direction, row.direction),
    }  # fmt: skip


def _inverse(row: EffectEstimate, value: float) -> float:
    return 1 / value if row.is_ratio and value else 0.0 - value


def _count(value: Any, what: str) -> int | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):  # NaN: an unknown count in a frame
        return None
    if isinstance(value, bool) or not float(value).is_integer():
        raise EffectError(f"{what} is {value}; a count is a whole number.")
    return int(value)


def _number(name: str, value: Any, status: str) -> float | None:
    if value is None or math.isnan(value):
        return None
    if isinstance(value, bool):
        raise EffectError(f"{name} is {value}; it is a number.")
    if math.isinf(value) and (status != "estimated" or name == "df"):
        return None
    return float(value)


def _names(values: Any, what: str) -> tuple[str, ...]:
    names = tuple(str(name).strip() for name in ((values,) if isinstance(values, str) else values))
    bad = next((name for name in names if not name or ";" in name), None)
    if bad is not None:
        raise EffectError(
            f"{what} holds {bad!r}; a name is not empty and has no semicolon, which joins names in a file."
        )
    return names
