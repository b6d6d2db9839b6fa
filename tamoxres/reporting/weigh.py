"""How sure: what the literature says of a marker, and a certainty by rules that are printed in the report.

Certainty is about the claim that a marker predicts failure of tamoxifen, which needs the interaction of marker and
treatment in patients who were randomised to tamoxifen or not:

========= ===================================================================================
moderate  two or more such trials, independent of each other, report an interaction, same side
low       one such trial reports an interaction
very low  patients were studied, but no such trial reports an interaction
none      no clinical study in the table, or no published evidence at all
========= ===================================================================================

A trial reports an interaction where its P is below alpha. `high` is not given: the table was made from abstracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..effects import EffectEstimate
from ..evidence import Claim, derived_interactions, literature, studies
from ..meta.votes import direction
from ..registry import Marker, find

__all__ = ["CERTAINTY", "NO_EVIDENCE", "Certainty", "Weighed", "published", "weigh"]

Certainty = Literal["none", "very low", "low", "moderate"]
CERTAINTY: tuple[Certainty, ...] = ("none", "very low", "low", "moderate")
NO_EVIDENCE = "no published evidence in the table"
_RANDOMISED = "tamoxifen_v_none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the literature table holds on one marker.

    Attributes
    ----------
    marker : str
    claim : Claim or None
        None where the review says nothing of it.
        Of the review.
    interactions : tuple of EffectEstimate
        Marker x tamoxifen in randomised patients (tamoxifen v none): printed, or made from two printed strata.
    tests : tuple of EffectEstimate
        The same as printed P values alone.
    other_contrasts : tuple of EffectEstimate
        Interactions with other treatment contrasts (5 v 2 years, an aromatase inhibitor v tamoxifen ...).
    votes : mapping of tier to direction to studies
    certainty : Certainty
    reason : str
    """

    marker: str
    claim: Claim | None
    interactions: tuple[EffectEstimate, ...]
    tests: tuple[EffectEstimate, ...]
    other_contrasts: tuple[EffectEstimate, ...]
    votes: dict[str, dict[str, int]]
    certainty: Certainty
    reason: str

    @property
    def effects(self) -> tuple[EffectEstimate, ...]:
        """Every row spoken of."""
        return (*self.interactions, *self.tests, *self.other_contrasts)

    @property
    def is_published(self) -> bool:
        """Whether the table holds any study of the marker."""
        return bool(self.votes or self.effects)


def published(marker: Marker, *, estimand: str | None = None) -> list[EffectEstimate]:
    """Return the published rows of a marker, trials' two strata made interactions; none of one in no table."""
    if not marker.evidence_name:
        return []
    rows = literature(marker=marker.name, estimand=estimand)
    return [*rows, *derived_interactions(marker=marker.name)] if estimand in (None, "interaction") else rows


def weigh(marker: str | Marker, *, alpha: float) -> Weighed:
    """Weigh the literature on one marker; where there is none, that is said."""
    about = find(marker) if isinstance(marker, str) else marker
    rows = [row for row in published(about, estimand="interaction") if not row.flagged("composite_marker")]
    asked = [row for row in rows if row.treatment_contrast == _RANDOMISED and row.design == "randomised"]
    votes = _votes(about)
    certainty, reason = _certainty(asked, votes, alpha)
    return Weighed(
        marker=about.name,
        claim=about.claim,
        interactions=tuple(row for row in asked if row.status == "estimated"),
        tests=tuple(row for row in asked if row.status == "test_only"),
        other_contrasts=tuple(row for row in rows if row not in asked and row.status == "estimated"),
        votes=votes,
        certainty=certainty,
        reason=reason,
    )


def _votes(marker: Marker) -> dict[str, dict[str, int]]:
    table = studies()
    out: dict[str, dict[str, int]] = {}
    for row in table[table["marker"] == marker.evidence_name].itertuples():
        counts = out.setdefault(str(row.tier), {})
        counts[str(row.direction)] = counts.get(str(row.direction), 0) + 1
    return out


def _certainty(
    asked: Sequence[EffectEstimate], votes: dict[str, dict[str, int]], alpha: float
) -> tuple[Certainty, str]:
    if not votes:
        return "none", NO_EVIDENCE
    if not votes.get("clinical"):
        return "none", "no clinical study in the table"
    labels = {row.study: row.label for row in asked}
    seen = _independent(row for row in asked if row.p_value is not None and row.p_value < alpha)
    sides = {side for row in asked if row.study in seen and (side := direction(row))}
    names = ", ".join(labels[study] for study in seen)
    if not asked:
        return "very low", "no randomised trial of tamoxifen reports it"
    if not seen:
        trials = ", ".join(labels[study] for study in _independent(asked))
        return "very low", f"the interaction is not shown where tamoxifen was randomised ({trials})"
    if len(seen) > 1 and len(sides) < 2:
        return "moderate", f"an interaction in {len(seen)} randomised trials ({names}), known from abstracts"
    return "low", f"an interaction in one randomised trial ({names}), not confirmed"


def _independent(rows: Iterable[EffectEstimate]) -> list[str]:
    """Name the studies of these rows, leaving out those that share patients with one already named."""
    out: list[str] = []
    for row in rows:
        if row.study not in out and not set(row.overlaps) & set(out):
            out.append(row.study)
    return out
