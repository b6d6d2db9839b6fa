"""The review's three tiers and the trials: what the literature table holds of each marker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...effects import EffectEstimate
from ...evidence import studies
from ...evidence.counts import NO_FINDING, evidence_counts
from ...evidence.votes import votes_table
from ...figures.evidence_map import evidence_map
from ...meta.votes import direction, vote_table
from ...meta.within import interactions_table
from ...registry import find
from ...tables.cells import p_cell
from ...tables.table import Cell, Column, Number, Row, Table
from ...wording import count, percent
from ..page import Figure, Paragraph, Part, Section, TableBlock
from ..weigh import NO_EVIDENCE, Weighed, published
from .words import capital, joined, marker_name

__all__ = ["literature_section"]

TIERS = {
    "cell_line": "Cell lines",
    "animal_model": "Animal models",
    "clinical": "Patients",
    "meta_analysis": "Meta-analyses",
}
_SHOWN = ("resistant", "mixed", "unclear", "no_effect", "sensitive", "prognostic_worse", "prognostic_better")


def literature_section(weighed: Sequence[Weighed]) -> Section:
    """Write the evidence map and the trials."""
    without = joined([marker_name(one.marker) for one in weighed if not one.is_published])
    lacking = (Paragraph.of(f"{without}: {NO_EVIDENCE}."),) if without else ()
    weighed = [one for one in weighed if one.is_published]
    if not weighed:
        return Section("literature", "The literature", lacking, "Pooled evidence")
    blocks = (
        Paragraph.of(
            "Findings are counted by study, marker and tier, as each study reports them; counting says nothing of size "
            "or quality. A prognostic finding in patients of all treatments is not a finding about treatment."
        ),
        _picture(weighed),
        TableBlock("certainty-markers", _sureness(weighed)),
        *lacking,
        Part("literature-trials", "Published interactions", (TableBlock("trials", _trials(weighed)),), folded=True),
        Part("literature-map", "Studies by tier", (TableBlock("evidence-map", _map(weighed)),), folded=True),
        Part(
            "literature-votes",
            "Published outcome",
            (
                TableBlock("votes", _votes(weighed)),
                TableBlock("tamoxifen-votes", votes_table([vote for one in weighed for vote in one.counted])),
            ),
            folded=True,
        ),
    )
    return Section("literature", "The literature", blocks, "Pooled evidence")


def _picture(weighed: Sequence[Weighed]) -> Figure:
    """Draw the evidence map: markers by tier, marks by direction."""
    table = studies()
    names = {find(one.marker).evidence_name: marker_name(one.marker) for one in weighed}
    shown = table[table["marker"].isin(names)]
    sizes = {row["what"]: row["studies"] for row in evidence_counts().to_dict("records") if row["step"] == "identified"}
    silent = f"{count(sizes[NO_FINDING])} of {count(sizes['all'])} studies of the"
    clinical = [f"{marker_name(one.marker)} {sum(one.votes.get('clinical', {}).values())}" for one in weighed]
    told = shown.assign(marker=shown["marker"].map(names))
    return Figure(
        "evidence-map",
        partial(evidence_map, told),
        (
            "Studies by marker, tier and what they report of the altered marker, in their own words. "
            f"{silent} literature table report no finding of their own and stand in the flow of studies alone.",
        ),
        f"Evidence map. Clinical studies: {', '.join(clinical)}.",
        narrow=partial(evidence_map, told, width="phone"),
    )


def _map(weighed: Sequence[Weighed]) -> Table:
    rows: list[Row] = []
    for one in weighed:
        rows.append(Row((Cell(marker_name(one.marker)), *[Cell()] * len(_SHOWN)), "heading"))
        for tier, name in TIERS.items():
            votes = one.votes.get(tier)
            if votes:
                cells = [_count(votes.get(direction, 0)) for direction in _SHOWN]
                rows.append(Row((Cell(name), *cells), "level"))
    heads = [Column(name.replace("_", " ").capitalize(), "count") for name in _SHOWN]
    return Table(
        title="What studies report of the altered marker, by tier",
        columns=(Column("Marker and tier"), *heads),
        rows=tuple(rows),
        footnotes=(
            "“Resistant”, “no effect”, “sensitive”: about endocrine therapy. Prognostic: series that are not about "
            "endocrine therapy.",
        ),
    )


def _votes(weighed: Sequence[Weighed]) -> Table:
    """Count on which side published prognostic effects lie, one vote a study, whatever their P."""
    rows = []
    for one in weighed:
        effects = _one_vote_a_study(published(find(one.marker), estimand="prognostic"))
        if not effects:
            continue
        votes = vote_table(effects)
        share = f"{percent(votes.low, 0)}-{percent(votes.high, 0)}" if votes.worse or votes.better else ""
        counts = (votes.worse, votes.significant_worse, votes.better, votes.significant_better, votes.not_told)
        p = p_cell(votes.p_value) if share else Cell()
        rows.append(Row((Cell(marker_name(one.marker)), *(_number(len(names)) for names in counts), Cell(share), p)))
    heads = ("Worse", "of these P < 0.05", "Better", "of these P < 0.05", "Not told")
    return Table(
        title="On which side published effects of the altered marker lie",
        columns=(Column("Marker"), *(Column(head, "count") for head in heads), Column("Share worse (95% CI)", "number"),
                 Column("Sign test P", "p")),
        rows=tuple(rows),
        footnotes=(
            "Series of treated patients and of all patients together, one vote a study; studies that share patients "
            "vote once. Votes say nothing of size, and nothing of treatment.",
        ),
    )  # fmt: skip


def _one_vote_a_study(effects: Sequence[EffectEstimate]) -> list[EffectEstimate]:
    """Keep one row a study, the one that says most, of studies that share no patients."""
    order = sorted(effects, key=lambda effect: (effect.status != "estimated", direction(effect) == ""))
    kept: list[EffectEstimate] = []
    for effect in order:
        names = {other.study for other in kept}
        if effect.study not in names and not names & set(effect.overlaps):
            kept.append(effect)
    return kept


def _number(n: int) -> Cell:
    return Cell(str(n), (Number(n, "0"),))


def _count(n: int) -> Cell:
    return _number(n) if n else Cell()


def _trials(weighed: Sequence[Weighed]) -> Table:
    """Print every within-trial ratio, nulls without a number too, pooled within each comparison of treatments."""
    return interactions_table([one.trials for one in weighed])


def _sureness(weighed: Sequence[Weighed]) -> Table:
    """Print how sure the literature makes us, for a modification and of none, marker by marker."""
    rows = []
    for one in weighed:
        why = f"{capital(one.reason)}." if not one.rated.k else " ".join(one.rated.reasons)
        cells = (marker_name(one.marker), str(one.rated.k), one.rated.direction, one.certainty, one.of_none, why)
        rows.append(Row(tuple(map(Cell, cells))))
    heads = ("Marker", "Trials", "That the ratio lies above 1", "For a modification", "Of none", "Why")
    return Table(
        title="How sure trials that randomised tamoxifen against none make us",
        columns=tuple(Column(head, "count" if head == "Trials" else "text") for head in heads),
        rows=tuple(rows),
        footnotes=("For: that tamoxifen does less where the marker is altered. The rules stand in Methods.",),
    )
