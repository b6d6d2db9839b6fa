"""The body of evidence on one effect modification: which rows enter, which are nulls, and what bounds them.

Conventions: only within-trial interactions of randomised treatment enter, one row a trial: the first given with a
number, or else the first given. Values are log ratios in the claimed direction: above 0 favours the claim. A null is an
interaction whose log ratio is <= 0 in that direction, or one reported null without a number; the latter is bounded by
the standard error that its counts imply: sqrt(sum of 1 / events of the four cells), or 1 / sqrt(D p (1 - p) a (1 - a))
with D events, p the share of altered patients and a that of the treated, 1/2 where it is not told.

Facts of a row are read by the functions in the first part alone, by the names of effect rows of version 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from .tau2 import Array

__all__ = ["Body", "Claimed", "Entry", "SetAside", "altered_share", "body_of", "bound", "row_flags", "row_scale"]

Claimed = Literal["above", "below"]
SetAside = Literal[
    "not_an_interaction", "not_a_ratio", "not_randomised", "recalled", "pooled", "turned_scale", "not_estimable",
    "same_trial",
]  # fmt: skip
_TREATED_SHARE = 0.5
_ALPHA = 0.05
_NOT_RANDOMISED = ("non_randomised_treatment", "single_arm", "not_randomised")
_POOLED = ("pooled_estimate", "single_study_inside_meta_analysis")
_TURNED = ("or_of_response_above_1_favours_ai", "or_of_being_event_free_below_1_is_worse")
_BIASED = (
    "fitted_cut", "data_driven_clusters", "not_significant_after_multiplicity", "no_interaction_test_seen",
    "source_counts_and_p_disagree", "ci_and_p_disagree", "immortal_time",
)  # fmt: skip
_INDIRECT = ("composite_marker", "gene_signature", "scale_converted", "not_tamoxifen", "pure_prognosis")
_INDIRECT_ENDPOINTS = ("KI67_change", "ORR", "treatment_failure")
_DIRECT_CONTRASTS = ("", "tamoxifen_v_none", "endocrine_v_none")


# facts of a row


def row_flags(row: EffectEstimate) -> tuple[str, ...]:
    """Return the flag codes of a row."""
    return row.flags


def row_scale(row: EffectEstimate) -> str:
    """Return the scale of the marker: binary, per_unit, per_sd ..., or empty."""
    return row.scale


def _trial(row: EffectEstimate) -> str:
    return (row.trial or row.study).casefold()


def _origin(row: EffectEstimate) -> str:
    return row.origin


def _contrast(row: EffectEstimate) -> str:
    """What is compared, as one text that tells two comparisons apart."""
    return row.treatment_contrast


def _without_number(row: EffectEstimate) -> Literal["", "null", "significant"]:
    """Tell whether a row is reported without a number, and as what; a test alone is one or the other by its P."""
    status = str(row.status)
    if status == "null_without_number" or "reported_null_without_number" in row_flags(row):
        return "null"
    if status == "significant_without_number" or "reported_significant_without_number" in row_flags(row):
        return "significant"
    if status != "test_only":
        return ""
    if row.p_relation in ("ns", ">") or row.p_value is None:
        return "null"
    return "null" if row.p_value >= _ALPHA else "significant"


def _opposes(row: EffectEstimate, claimed: Claimed) -> bool:
    """Whether a row without a number is not told to point to the claimed side (`worse`: a ratio above 1)."""
    return row.direction != ("worse" if claimed == "above" else "better")


# the body


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One trial in the body.

    Attributes
    ----------
    row : EffectEstimate
    value : float or None
        Log ratio in the claimed direction; None without a number.
    se : float or None
        Its standard error, or the bound of a null without a number; None where nothing bounds it.
    null : bool
        A null, or a result that is not told to support the claim.
    significant : bool
        Reported significant without a number.
    biased, indirect : bool
        By the row's flags, endpoint and contrast.
    """

    row: EffectEstimate
    value: float | None
    se: float | None
    null: bool
    significant: bool
    biased: bool
    indirect: bool

    @property
    def numbered(self) -> bool:
        """Whether the row has a number."""
        return self.value is not None

    @property
    def bounded(self) -> bool:
        """Whether it can be pooled: it has a number, or is a null without one that its counts bound."""
        return self.se is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The trials that enter, and the rows that do not.

    Attributes
    ----------
    entries : tuple of Entry
    set_aside : tuple of (EffectEstimate, str)
        Rows that do not enter, each with the code of why.
    """

    entries: tuple[Entry, ...]
    set_aside: tuple[tuple[EffectEstimate, SetAside], ...]

    @property
    def pooled(self) -> tuple[Entry, ...]:
        """Trials that can be pooled: with a number, or bounded."""
        return tuple(entry for entry in self.entries if entry.bounded)

    @property
    def unbounded(self) -> tuple[Entry, ...]:
        """Results without a number that nothing bounds and that do not support the claim."""
        return tuple(entry for entry in self.entries if not entry.bounded and entry.null)

    @property
    def unaccounted(self) -> tuple[Entry, ...]:
        """Every result that stands in no pool."""
        return tuple(entry for entry in self.entries if not entry.bounded)

    def arrays(self, null_at: float) -> tuple[Array, Array]:
        """Return values and variances of the trials that can be pooled, bounded nulls at `null_at` standard errors."""
        se = np.array([entry.se for entry in self.pooled], dtype=float)
        at = [null_at * float(entry.se or 0) if entry.value is None else entry.value for entry in self.pooled]
        return np.array(at, dtype=float), se**2


def bound(row: EffectEstimate) -> float | None:
    """Return the standard error of a log ratio of hazard ratios that a row's counts imply; None without counts.

    Examples
    --------
    >>> row = EffectEstimate(study="A", status="test_only", n=400, events=100, n_1=100)
    >>> round(bound(row), 3)
    0.462
    """
    if row.se is not None:
        return row.se
    half = _TREATED_SHARE * (1 - _TREATED_SHARE)
    if row.events_1 and row.events_0:  # each marker level's events in two arms of equal size: four cells
        return math.sqrt((1 / row.events_1 + 1 / row.events_0) / half)
    share = row.n_1 / row.n if row.n and row.n_1 else None
    if row.events and share and share < 1:
        return 1 / math.sqrt(row.events * share * (1 - share) * half)
    return None


def altered_share(rows: Iterable[EffectEstimate]) -> float | None:
    """Return the share of altered patients over the rows that tell it; None where none does."""
    told = [(row.n_1, row.n) for row in rows if row.n_1 and row.n and row.n_1 < row.n]
    return sum(altered for altered, _ in told) / sum(n for _, n in told) if told else None


def body_of(rows: Sequence[EffectEstimate], claimed: Claimed) -> Body:
    """Sort rows into the trials that enter and the rows that do not.

    Raises
    ------
    PoolingError
        If rows of more than one marker, or of more than one pair of treatments, would enter.
    """
    entries: dict[int, Entry] = {}
    aside: dict[int, tuple[EffectEstimate, SetAside]] = {}
    seen: set[str] = set()
    for i in sorted(range(len(rows)), key=lambda i: bool(_without_number(rows[i]))):
        row, why = rows[i], _why_not(rows[i])
        names = {_trial(row), row.study.casefold()}
        if why is None and (names | {name.casefold() for name in row.overlaps}) & seen:
            why = "same_trial"
        if why is not None:
            aside[i] = (row, why)
            continue
        seen |= names
        entries[i] = _entry(row, claimed)
    _refuse_two_questions([entries[i].row for i in sorted(entries)])
    return Body(
        entries=tuple(entries[i] for i in sorted(entries)), set_aside=tuple(aside[i] for i in sorted(aside))
    )  # fmt: skip


def _why_not(row: EffectEstimate) -> SetAside | None:
    flags = set(row_flags(row))
    reasons: tuple[tuple[SetAside, bool], ...] = (
        ("not_an_interaction", row.estimand != "interaction"), ("not_a_ratio", not row.is_ratio),
        ("not_randomised", row.design != "randomised" or bool(flags & set(_NOT_RANDOMISED))),
        ("recalled", "recalled" in flags),
        ("pooled", _origin(row) == "pooled" or bool(flags & set(_POOLED))),
        ("turned_scale", bool(flags & set(_TURNED))),
        ("not_estimable", row.status == "not_estimable" and not _without_number(row)),
    )  # fmt: skip
    return next((code for code, holds in reasons if holds), None)


def _entry(row: EffectEstimate, claimed: Claimed) -> Entry:
    without = _without_number(row)
    sign = 1.0 if claimed == "above" else -1.0
    value = None if without or row.log_estimate is None else sign * row.log_estimate
    flags = set(row_flags(row))
    return Entry(
        row=row, value=value, se=None if without == "significant" else bound(row),
        null=_opposes(row, claimed) if without == "significant" else value is None or value <= 0,
        significant=without == "significant", biased=bool(flags & set(_BIASED)),
        indirect=bool(flags & set(_INDIRECT)) or row.endpoint in _INDIRECT_ENDPOINTS
        or _contrast(row) not in _DIRECT_CONTRASTS,
    )  # fmt: skip


def _refuse_two_questions(rows: Sequence[EffectEstimate]) -> None:
    for what, values in (("marker", [row.marker for row in rows]), ("treatments", [_contrast(row) for row in rows])):
        if len(set(values)) > 1:
            told = ", ".join(f"{value or 'not given'} ({row.label})" for value, row in zip(values, rows, strict=True))
            raise PoolingError(f"Certainty is of one question; rows differ in {what}: {told}. Rate them apart.")
