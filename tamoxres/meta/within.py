"""Interactions of marker and treatment within trials, side by side: each comparison of treatments pooled and rated.

Conventions. Comparisons are never pooled with each other; within one the rows that `certainty` lets in are pooled, one
a trial, with nulls without a number bounded by their counts where they have some. A composite marker (a subtype, a
signature) is another question: its rows are shown and never pooled. The ratio is altered over unaltered; where the
comparator is tamoxifen itself, resistance to tamoxifen lies on the other side of 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..effects import EffectEstimate
from ..tables.cells import count_cell, effect_cell, interval_cell, p_cell
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..wording import ratio
from ..wording.rows import contrast_words
from ..wording.rules import endpoint_words, rule_words
from .body import Claimed, bound
from .certainty import Certainty, certainty
from .certainty_words import SET_ASIDE, pooling_words
from .iceman import iceman_table
from .scenario import Scenario

__all__ = ["ASKED", "Comparison", "Interactions", "interactions_table", "within_trials"]

ASKED = "tamoxifen_v_none"
_COMPOSITE = "composite_marker"
_NOMINAL = "reported_nominal_without_number"  # lost after correction for several tests
_OTHER_SIDE: dict[Claimed, Claimed] = {"above": "below", "below": "above"}
_Z = 1.959963984540054
_ROUTES = {
    "strata": "two strata", "strata_p": "two strata and the interaction P", "ci": "printed", "p": "printed, with P",
    "model": "patients", "km": "curves", "reconstructed": "curves",
}  # fmt: skip
_WITHOUT = {
    "null_without_number": "null, no number", "significant_without_number": "significant, no number",
    "test_only": "P alone", "not_estimable": "not estimable",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One pair of treatments.

    Attributes
    ----------
    contrast : str
        Code, such as `tamoxifen_v_none`.
    treatment_1, treatment_0 : str
    rows : tuple of EffectEstimate
        Every row, those that do not enter too.
    certainty : Certainty
        Of the rows that are no composite.
    """

    contrast: str
    treatment_1: str
    treatment_0: str
    rows: tuple[EffectEstimate, ...]
    certainty: Certainty

    @property
    def head(self) -> str:
        """The comparison with the side of 1 that its certainty is rated for."""
        return f"{self.words} (rated for a ratio {self.certainty.claimed} 1)"

    @property
    def words(self) -> str:
        """The comparison as a reader sees it."""
        return contrast_words(self.treatment_1, self.treatment_0) if self.treatment_1 else "treatments not told"

    def role(self, row: EffectEstimate) -> str:
        """Say what a row is in the rating, and why it is nothing."""
        told = row.status in ("significant_without_number", "test_only")
        if row in self.certainty.nulls:
            not_told = "counts as a null: side not told" if told else "counts as a null"
            return f"enters, not {self.certainty.claimed} 1" if row.status == "estimated" else not_told
        if row in self.certainty.effects:
            return "counts, no number to pool" if told else "enters"
        if row.flagged(_COMPOSITE):
            return "composite marker"
        return next((SET_ASIDE[code] for other, code in self.certainty.set_aside if other == row), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions(ShowsEffects):
    """Every within-trial interaction of one marker, by comparison of treatments.

    Attributes
    ----------
    marker : str
    comparisons : tuple of Comparison
        Tamoxifen against none first.
    """

    marker: str
    comparisons: tuple[Comparison, ...]

    @property
    def effects(self) -> EffectRows:
        """All rows, those of the leading comparison first."""
        return EffectRows(row for comparison in self.comparisons for row in comparison.rows)

    def certainty(self, contrast: str = ASKED) -> Certainty:
        """Return the rating of a comparison; that of no rows where there is none."""
        return next((one.certainty for one in self.comparisons if one.contrast == contrast), certainty([]))

    def iceman(self, contrast: str = ASKED) -> Table:
        """Return ICEMAN's items for a comparison, filled where rows can tell."""
        return iceman_table(self.certainty(contrast))

    def table(self) -> Table:
        """Print every row under its comparison, then its pool; the ratings stand in the notes."""
        found = interactions_table([self]).titled(f"{self.marker}: interactions of marker and treatment within trials")
        return found.with_footnotes(*self.ratings())

    def ratings(self, *, but: str = "") -> tuple[str, ...]:
        """Say how each comparison is rated and why, all but one."""
        return tuple(_rating(one) for one in self.comparisons if not but or one.contrast != but)

    def __str__(self) -> str:
        return self.table().to_markdown()


_COLUMNS = (
    Column("Study"), Column("Trial"), Column("Endpoint"), Column("Altered"), Column("N", "count"),
    Column("Ratio, altered over unaltered (95% CI)", "ratio"), Column("P", "p"), Column("From"),
    Column("In the rating"),
)  # fmt: skip
_NOTES = (
    "Above 1: the first-named treatment does relatively worse where the marker is altered; so a claim that tamoxifen "
    "does less there lies above 1 where tamoxifen is named first, and below 1 where it is the comparator. Comparisons "
    "of treatments are never pooled with each other. P of a ratio from two strata is worked here from its interval.",
)
_NONE = ("No interaction of this marker and a treatment within a trial is known, neither with a number nor without.",)


def interactions_table(found: Sequence[Interactions]) -> Table:
    """Print the interactions of several markers: every row under its comparison, then its pool."""
    rows: list[Row] = []
    for marker in found:
        name = f"{marker.marker}, " if len(found) > 1 else ""
        for one in marker.comparisons:
            head = f"{name}{one.head if name else _capital(one.head)}"
            rows.append(Row((Cell(head), *[Cell()] * (len(_COLUMNS) - 1)), "heading"))
            rows += [_row(row, one.role(row)) for row in one.rows]
            rows += [_pooled(scenario) for scenario in one.certainty.scenarios]
    return Table(
        title="Interactions of marker and treatment within published trials", columns=_COLUMNS, rows=tuple(rows),
        footnotes=_NOTES if rows else _NONE,
    )  # fmt: skip


def within_trials(
    rows: Iterable[EffectEstimate], *, marker: str = "", claimed: Claimed = "above", asked: str = ASKED
) -> Interactions:
    """Set interactions side by side by comparison of treatments, and pool and rate each.

    Parameters
    ----------
    rows : iterable of EffectEstimate
        Interactions of one marker, altered over unaltered, nulls without a number too.
    marker : str
        As a reader writes it; the rows' own if empty.
    claimed : "above" | "below"
        Side of 1 on which the ratio is claimed to lie for tamoxifen against none; turned where the comparator is
        tamoxifen.
    asked : str
        The comparison that stands first.

    Returns
    -------
    Interactions

    Examples
    --------
    >>> about = {"marker": "HER2", "estimand": "interaction", "design": "randomised", "treatment_1": "tamoxifen"}
    >>> row = EffectEstimate.from_ci(1.82, 0.84, 3.96, study="GUN", treatment_0="none", **about)
    >>> null = EffectEstimate(study="DBCG", status="null_without_number", treatment_0="none", **about)
    >>> found = within_trials([row, null])
    >>> found.certainty().for_modification, found.certainty().of_none
    ('very low', 'none')
    """
    every = list(rows)
    contrasts = sorted(dict.fromkeys(row.treatment_contrast for row in every), key=lambda name: name != asked)
    comparisons = [
        _comparison(name, [row for row in every if row.treatment_contrast == name], claimed) for name in contrasts
    ]
    named = marker or next((row.marker for row in every), "")
    return Interactions(marker=named, comparisons=tuple(comparisons))


def _comparison(contrast: str, rows: list[EffectEstimate], claimed: Claimed) -> Comparison:
    first = rows[0]
    side = _OTHER_SIDE[claimed] if first.treatment_0 == "tamoxifen" else claimed
    rated = certainty([row for row in rows if not row.flagged(_COMPOSITE)], claimed=side)
    return Comparison(
        contrast=contrast, treatment_1=first.treatment_1, treatment_0=first.treatment_0, rows=tuple(rows),
        certainty=rated,
    )  # fmt: skip


def _row(row: EffectEstimate, role: str) -> Row:
    texts = map(Cell, (row.label, row.trial, endpoint_words(row.endpoint), rule_words(row.rule)))
    cells = (*texts, count_cell(row.n), _value(row), p_cell(row.p_value, row.row_id), Cell(_from(row)), Cell(role))
    return Row(cells, "level")


def _from(row: EffectEstimate) -> str:
    if row.status == "test_only" and row.p_value is None:
        return "words alone"
    if row.flagged(_NOMINAL):
        return "nominally significant, no number"
    if row.status != "estimated":
        return _WITHOUT[row.status]
    return _ROUTES.get(row.route, "as given")


def _value(row: EffectEstimate) -> Cell:
    """Write the ratio; of a null without a number what its counts bound it by."""
    if row.status == "estimated":
        return effect_cell(row)
    se = bound(row) if row.status == "null_without_number" else None
    if se is None:
        return Cell("", (), row.row_id)
    low, high = (ratio(math.exp(sign * _Z * se)) for sign in (-1, 1))
    return Cell(f"between {low} and {high} by its counts", (), row.row_id)


def _pooled(scenario: Scenario) -> Row:
    cell = interval_cell((scenario.estimate, scenario.ci_low, scenario.ci_high), is_ratio=True)
    empty = Cell()
    name = "Pooled" if scenario.k > 1 else "This trial, were there others"
    return Row((Cell(name), empty, empty, empty, empty, cell, empty, Cell(pooling_words(scenario)), empty))


def _rating(one: Comparison) -> str:
    rated = one.certainty
    told = (
        f"{_capital(one.words)}: certainty that the ratio lies {rated.claimed} 1 {rated.direction}, of a modification "
        f"{rated.for_modification}, of no modification {rated.of_none}."
    )
    return " ".join((told, *rated.reasons)) if rated.k else f"{_capital(one.words)}: no row of a randomised trial."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
