"""How sure: what the literature says of a marker, rated by `tamoxres.certainty` on its within-trial interactions.

Certainty is about the claim that tamoxifen does less where the marker is altered, and about the absence of such a
modification; both rest on trials that randomised tamoxifen against none, nulls without a number among them. A composite
marker is another question and rates nothing. Votes of clinical studies stand beside it, by what they can show, one
trial once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from ..effects import EffectEstimate
from ..evidence import Claim, literature, studies
from ..evidence.ratios import trial_ratios
from ..evidence.votes import SHOWS, Shows, Vote, trial_votes
from ..meta.certainty import Certainty, Level
from ..meta.within import ASKED, Interactions, within_trials
from ..registry import Marker, find
from ..wording import ratio_with_interval

__all__ = ["CERTAINTY", "NO_EVIDENCE", "Weighed", "published", "weigh"]

CERTAINTY: tuple[Level, ...] = get_args(Level)
NO_EVIDENCE = "no published evidence in the table"
_COMPOSITE, _ANY_RECEPTOR = "composite_marker", "any_receptor_status"
_GROUPS: dict[Shows, tuple[str, str]] = {
    "interaction": ("trial that randomised tamoxifen", "trials that randomised tamoxifen"),
    "untreated_controls": ("with untreated patients, not randomised", "with untreated patients, not randomised"),
    "single_arm": ("in which all had tamoxifen", "in which all had tamoxifen"),
    "other": ("of another drug or question", "of another drug or question"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the literature table holds on one marker.

    Attributes
    ----------
    marker : str
    claim : Claim or None
        Of the review; None where it says nothing of the marker.
    trials : Interactions
        Within trials, by comparison of treatments; each comparison has its certainty.
    votes : mapping of tier to direction to studies
        As studies report, every one counted.
    counted : tuple of Vote
        Of clinical studies, one trial once, by what they can show.
    """

    marker: str
    claim: Claim | None
    trials: Interactions
    votes: dict[str, dict[str, int]]
    counted: tuple[Vote, ...]

    @property
    def rated(self) -> Certainty:
        """The certainty of tamoxifen against none."""
        return self.trials.certainty(ASKED)

    @property
    def certainty(self) -> Level:
        """How sure that tamoxifen does less where the marker is altered."""
        return self.rated.for_modification

    @property
    def of_none(self) -> Level:
        """How sure that the marker does not modify the effect of tamoxifen."""
        return self.rated.of_none

    @property
    def interactions(self) -> tuple[EffectEstimate, ...]:
        """Ratios of trials that randomised tamoxifen against none: printed, or made from two printed strata."""
        return tuple(row for row in self._asked() if row.status == "estimated")

    @property
    def tests(self) -> tuple[EffectEstimate, ...]:
        """The same as printed P values alone; none of all receptor states beside a ratio in receptor-positive ones."""
        ratios = {row.study for row in self.interactions}
        rows = (row for row in self._asked() if row.status == "test_only" and row.p_value is not None)
        return tuple(row for row in rows if not (row.study in ratios and row.flagged(_ANY_RECEPTOR)))

    @property
    def without_number(self) -> tuple[EffectEstimate, ...]:
        """The same reported in words: nulls, and results called significant."""
        return tuple(row for row in self._asked() if row.status != "estimated" and row.p_value is None)

    @property
    def other_contrasts(self) -> tuple[EffectEstimate, ...]:
        """Ratios of other comparisons (5 v 2 years, an aromatase inhibitor v tamoxifen ...)."""
        others = (row for one in self.trials.comparisons if one.contrast != ASKED for row in one.rows)
        return tuple(row for row in others if row.status == "estimated" and not row.flagged(_COMPOSITE))

    @property
    def effects(self) -> tuple[EffectEstimate, ...]:
        """Every row spoken of."""
        return tuple(self.trials.effects)

    @property
    def is_published(self) -> bool:
        """Whether the table holds any study of the marker."""
        return bool(self.votes or self.trials.comparisons)

    @property
    def reason(self) -> str:
        """Say in a phrase what the certainty rests on."""
        if not self.is_published:
            return NO_EVIDENCE
        rated = self.rated
        if not rated.k:
            return "no interaction of a trial that randomised tamoxifen has been read"
        parts = [f"{rated.k} {'trial' if rated.k == 1 else 'trials'} that randomised tamoxifen"]
        if rated.nulls:
            parts.append(f"null or not told to point this way: {', '.join(row.label for row in rated.nulls)}")
        for scenario in rated.scenarios:
            ratio = ratio_with_interval(scenario.estimate, scenario.ci_low, scenario.ci_high)
            parts.append(f"ratio of HRs, allowing for trials to differ, {ratio}")
        return "; ".join(parts)

    @property
    def words_alone(self) -> str:
        """Name the results without a number, each study and assay once; empty where there are none."""
        told = {f"{row.label} ({row.rule.replace('_', ' ')}) {_called(row)}": row.row_id for row in self.without_number}
        return f"Without a number: {', '.join(told)}." if told else ""

    @property
    def words_counted(self) -> str:
        """Count the results without a number by what they are called; empty where there are none."""
        called = {(row.study, row.rule, _called(row)) for row in self.without_number}
        kinds = Counter(sorted(kind for _, _, kind in called))
        return f"results without a number: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}" if kinds else ""

    @property
    def vote_words(self) -> str:
        """Count the votes of clinical studies by what they can show; the parts add up to the whole."""
        if not self.counted:
            return "No clinical study."
        parts = []
        for shows in SHOWS:
            own = [vote for vote in self.counted if vote.shows == shows]
            if own:
                parts.append(f"{len(own)} {_GROUPS[shows][len(own) > 1]}{_told(own) if shows != 'other' else ''}")
        n = len(self.counted)
        return f"{n} clinical {'study or trial' if n == 1 else 'studies or trials'}: {', '.join(parts)}."

    @property
    def vote_line(self) -> str:
        """Count the votes of trials that randomised tamoxifen, and all others in one number."""
        own = [vote for vote in self.counted if vote.shows == "interaction"]
        others = len(self.counted) - len(own)
        parts = [f"{len(own)} {_GROUPS['interaction'][len(own) > 1]}{_told(own)}"] if own else []
        parts += [f"{others} other {'study' if others == 1 else 'studies'}"] if others else []
        return f"{' and '.join(parts)}." if parts else "No clinical study."

    def _asked(self) -> list[EffectEstimate]:
        rows = (row for one in self.trials.comparisons if one.contrast == ASKED for row in one.rows)
        return [row for row in rows if row.design == "randomised" and not row.flagged(_COMPOSITE)]


def _told(votes: Sequence[Vote]) -> str:
    """Write directions with their votes: ` (1 “resistant”, 2 “no effect”)`."""
    own = [vote.direction for vote in votes]
    counts = {direction.replace("_", " "): own.count(direction) for direction in own}
    told = ", ".join(f"{n} “{name}”" for name, n in counts.items())
    memory = sum(vote.recalled for vote in votes)
    return f" ({told}{f'; {memory} from memory alone' if memory else ''})"


def _called(row: EffectEstimate) -> str:
    """Say what a result without a number is called."""
    if row.status == "significant_without_number":
        return "nominally significant" if row.flagged("reported_nominal_without_number") else "significant"
    return "null" if row.status == "null_without_number" else f"in words alone, {row.direction or 'no side told'}"


def published(marker: Marker, *, estimand: str | None = None) -> list[EffectEstimate]:
    """Return the published rows of a marker, trials' two strata made interactions; none of one in no table."""
    if not marker.evidence_name:
        return []
    return list(_published(marker.name, estimand))


@lru_cache(maxsize=256)
def _published(marker: str, estimand: str | None) -> tuple[EffectEstimate, ...]:
    """Read the embedded tables, which stay as they are, once for all the sections that speak of a marker."""
    ratios = trial_ratios(marker=marker) if estimand in (None, "interaction") else []
    rows = [] if estimand == "interaction" else literature(marker=marker, estimand=estimand)
    return (*rows, *(row for row in ratios if row not in rows))


def weigh(marker: str | Marker) -> Weighed:
    """Weigh the literature on one marker; where there is none, that is said.

    Parameters
    ----------
    marker : str or Marker

    Returns
    -------
    Weighed

    Examples
    --------
    >>> one = weigh("HER2")
    >>> one.certainty, one.of_none
    ('very low', 'none')
    """
    about = find(marker) if isinstance(marker, str) else marker
    rows = published(about, estimand="interaction")
    return Weighed(
        marker=about.name, claim=about.claim, trials=within_trials(rows, marker=about.label), votes=_votes(about),
        counted=trial_votes(about.name) if about.evidence_name else (),
    )  # fmt: skip


def _votes(marker: Marker) -> dict[str, dict[str, int]]:
    table = studies()
    out: dict[str, dict[str, int]] = {}
    for row in table[table["marker"] == marker.evidence_name].itertuples():
        counts = out.setdefault(str(row.tier), {})
        counts[str(row.direction)] = counts.get(str(row.direction), 0) + 1
    return out
