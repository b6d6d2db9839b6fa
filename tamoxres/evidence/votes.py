"""What clinical studies report of a marker, counted by what they can show, one trial once.

Conventions. Studies that share patients (one trial, or flags that say so) are one group with one vote a marker. What a
group can show is what its most telling study can: `interaction` (tamoxifen randomised against none),
`untreated_controls` (treated and untreated patients, not randomised), `single_arm` (all treated with tamoxifen),
`other` (another drug or contrast, treatment mixed or not told). The vote is that of its studies of that kind: where
some tell a direction those that are unclear do not count, and where they differ it is mixed. Every clinical study with
a finding is in one group, so the counts add up to the groups. Votes say nothing of size or quality.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ..registry import find
from ..registry.known import label_of
from ..tables.table import Cell, Column, Number, Table
from ..tables.table import Row as TableRow
from .check import DIRECTIONS, open_extraction
from .tables import Extraction, Row, sharing, split, study_labels

__all__ = ["SHOWS", "Shows", "Vote", "count_votes", "trial_votes", "votes_table"]

Shows = Literal["interaction", "untreated_controls", "single_arm", "other"]
SHOWS: tuple[Shows, ...] = get_args(Shows)
_KINDS: Mapping[str, Shows] = {
    "randomised_interaction": "interaction", "untreated_control_cohort": "untreated_controls",
    "treated_only": "single_arm", "response": "single_arm", "paired_samples": "single_arm",
}  # fmt: skip
_SPECIFIC, _UNCLEAR = "tamoxifen", "unclear"
_WORDS: Mapping[Shows, str] = {
    "interaction": "Tamoxifen randomised against none", "untreated_controls": "Treated and untreated, not randomised",
    "single_arm": "All treated with tamoxifen", "other": "Another drug or contrast, mixed or not told",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one group of studies that share patients says of one marker.

    Attributes
    ----------
    marker, trial : str
        `trial` is the trial's name, or the study's where it has none.
    shows : "interaction" | "untreated_controls" | "single_arm" | "other"
    direction : str
        About the altered state: resistant, no_effect, sensitive, mixed, unclear, prognostic_worse, prognostic_better.
    studies : tuple of str
        All of the group's studies with a finding, as a reader sees them.
    recalled : bool
        Whether the studies that decide the direction are known from memory alone.
    """

    marker: str
    trial: str
    shows: Shows
    direction: str
    studies: tuple[str, ...]
    recalled: bool = False


def trial_votes(marker: str, *, data: str | Path | Extraction | None = None, merge: bool = False) -> tuple[Vote, ...]:
    """Return one vote for each group of clinical studies of a marker that share patients.

    Parameters
    ----------
    marker, data, merge
        As in `literature`.

    Returns
    -------
    tuple of Vote
        The most telling first, in the table's order within.

    Examples
    --------
    >>> [(vote.trial, vote.direction) for vote in trial_votes("MTOR") if vote.shows == "interaction"]
    [('Stockholm low-risk (STO)', 'resistant'), ('IKA (Dutch tamoxifen v observation)', 'resistant')]
    """
    tables, about = open_extraction(data, merge=merge), find(marker)
    told = [(row, found) for row in tables.studies if (found := _finding(row, about.evidence_name or ""))]
    told = [(row, found) for row, found in told if row["tier"] == "clinical"]
    shared = sharing(tables)
    groups: dict[str, list[tuple[Row, str]]] = {}
    for row, found in told:
        key = min((row["study_id"], *shared[row["study_id"]]))
        groups.setdefault(key, []).append((row, found))
    labels = study_labels(tables)
    votes = [_vote(about.name, rows, labels) for rows in groups.values()]
    return tuple(sorted(votes, key=lambda vote: SHOWS.index(vote.shows)))


def count_votes(votes: Sequence[Vote]) -> dict[Shows, dict[str, int]]:
    """Count votes by what they can show and direction; every kind and every direction stands in it."""
    return {
        shows: {
            direction: sum(vote.shows == shows and vote.direction == direction for vote in votes)
            for direction in DIRECTIONS
        }
        for shows in SHOWS
    }


def _finding(row: Row, marker: str) -> str:
    """Return the direction that a study reports of a marker; empty where it has no vote of its own."""
    found = dict(finding.split(":", 1) for finding in split(row["finding_direction"]))
    return found.get(marker, "") if marker else ""


def _shows(row: Row) -> Shows:
    return _KINDS.get(row["evidence_kind"], "other") if row["drug"] == _SPECIFIC else "other"


def _vote(marker: str, rows: Sequence[tuple[Row, str]], labels: Mapping[str, str]) -> Vote:
    shows = min((_shows(row) for row, _ in rows), key=SHOWS.index)
    told = [(row, found) for row, found in rows if _shows(row) == shows]
    told = [(row, found) for row, found in told if found != _UNCLEAR] or told
    directions = {found for _, found in told}
    names = [row["trial"] for row, _ in rows if row["trial"]]
    return Vote(
        marker=marker, shows=shows, direction=directions.pop() if len(directions) == 1 else "mixed",
        trial=names[0] if names else labels[rows[0][0]["study_id"]],
        studies=tuple(labels[row["study_id"]] for row, _ in rows),
        recalled=all(row["verification"] == "recalled" for row, _ in told),
    )  # fmt: skip


def votes_table(votes: Sequence[Vote]) -> Table:
    """Print votes by marker and by what they can show; the directions of a row add up to its trials.

    Parameters
    ----------
    votes : sequence of Vote
        Of one marker or several.

    Returns
    -------
    Table
    """
    rows: list[TableRow] = []
    for marker in dict.fromkeys(vote.marker for vote in votes):
        own = [vote for vote in votes if vote.marker == marker]
        rows.append(_line(label_of(marker), own, "heading"))
        rows += [
            _line(_WORDS[shows], told, "level")
            for shows in SHOWS
            if (told := [vote for vote in own if vote.shows == shows])
        ]
    heads = (name.replace("_", " ").capitalize() for name in DIRECTIONS)
    memory = [f"{vote.trial} ({vote.marker})" for vote in votes if vote.recalled and vote.shows != "other"]
    return Table(
        title="What clinical studies report of the altered marker, by what they can show, one trial once",
        columns=(Column("Marker and studies"), *(Column(head, "count") for head in heads), Column("Trials", "count")),
        rows=tuple(rows),
        footnotes=(
            "Only trials that randomised tamoxifen against none can show that a marker goes with failure of tamoxifen; "
            "a study in which all were treated shows prognosis, whatever it calls it. Votes say nothing of size.",
            *([f"Known from memory alone: {', '.join(memory)}."] if memory else ()),
        ),
    )


def _line(name: str, votes: Sequence[Vote], kind: Literal["heading", "level"]) -> TableRow:
    counts = [sum(vote.direction == direction for vote in votes) for direction in DIRECTIONS]
    cells = [Cell(str(n), (Number(n, "0"),)) if n else Cell() for n in (*counts, len(votes))]
    return TableRow((Cell(name), *cells), kind)
