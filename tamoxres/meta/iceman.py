"""ICEMAN's items for a meta-analysis of trials, filled where rows can tell, the others left to the author.

References
----------
Schandelmaier S et al. 2020, doi:10.1503/cmaj.200077 (instrument and manual).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..effects import EffectEstimate
from ..tables.table import Cell, Column, Row, Table
from .body import row_scale
from .certainty import Certainty

__all__ = ["iceman_table"]

AUTHOR = "to be judged by the author"
_CHANCE = ((0.005, "definitely yes"), (0.01, "probably yes"), (0.05, "probably no"))  # two-sided P
_CONTINUOUS = ("per_unit", "per_sd", "per_doubling", "trend")


def iceman_table(rating: Certainty) -> Table:
    """Fill ICEMAN's items for a meta-analysis from the rows of a certainty.

    Parameters
    ----------
    rating : Certainty

    Returns
    -------
    Table
        One row an item: item, answer, what it rests on.

    Examples
    --------
    >>> from tamoxres.meta.certainty import certainty
    >>> about = {"estimand": "interaction", "design": "randomised", "marker": "HER2"}
    >>> trials = [EffectEstimate.from_p(1.6, 0.06, study=f"Trial {i}", **about) for i in range(5)]
    >>> iceman_table(certainty(trials)).rows[4].cells[1].text
    'probably no'
    """
    items = (
        ("1 Based on comparison within trials?", *_within(rating)),
        ("2 Similar from trial to trial?", *_similar(rating)),
        ("3 Number of trials large (between-trial comparison)?", "not applicable", "comparison within trials"),
        ("4 Direction correctly hypothesised beforehand?", AUTHOR, ""),
        ("5 Chance an unlikely explanation?", *_chance(rating)),
        ("6 Few effect modifiers tested, or their number considered?", AUTHOR, ""),
        ("7 Random-effects model?", "definitely yes", "ad hoc Hartung-Knapp, or Bayesian below five trials"),
        ("8 Arbitrary cut points avoided (continuous marker)?", *_cuts(rating.effects)),
    )
    return Table(
        title="ICEMAN, items for a meta-analysis",
        columns=(Column("Item"), Column("Answer"), Column("Rests on")),
        rows=tuple(Row(tuple(Cell(text) for text in item), "level") for item in items),
        footnotes=("Schandelmaier 2020; the overall rating of credibility is the author's.",),
    )


def _within(rating: Certainty) -> tuple[str, str]:
    if not rating.effects:
        return AUTHOR, "no within-trial interaction of randomised treatment"
    return (
        "definitely yes",
        "1 trial, its own interaction" if rating.k == 1 else f"{rating.k} trials, each its own interaction",
    )


def _similar(rating: Certainty) -> tuple[str, str]:
    if not rating.scenarios or rating.scenarios[0].k < 2:
        return AUTHOR, "fewer than two trials with a number"
    sides = {(row.point or 0) > 0 for row in rating.effects if row.point is not None}
    if "inconsistent" in rating.flags:
        return "definitely no" if len(sides) > 1 else "probably no", "I² of 50% or more, P of Q below 0.10"
    if len(sides) > 1:
        return "probably yes", "on both sides of 1, spread as chance allows"
    return "definitely yes", "all on one side of 1, spread as chance allows"


def _chance(rating: Certainty) -> tuple[str, str]:
    if not rating.scenarios:
        return AUTHOR, "no number to pool"
    against = max(scenario.judged.against for scenario in rating.scenarios)
    answer = next((answer for cut, answer in _CHANCE if 2 * against <= cut), "definitely no")
    return answer, f"two-sided chance {min(1.0, 2 * against):.3f}, asked for a ratio {rating.claimed} 1"


def _cuts(rows: Sequence[EffectEstimate]) -> tuple[str, str]:
    scales = {row_scale(row) for row in rows}
    if scales and scales <= set(_CONTINUOUS):
        return "definitely yes", "the marker is continuous in every row"
    return AUTHOR, ""
