"""Checklists: REMARK, ICEMAN where it applies, and what of PRISMA and MOOSE can be derived."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ...evidence import literature
from ...evidence.counts import evidence_counts
from ...figures.prisma import prisma
from ...tables.table import Cell, Column, Number, Row, Table
from ...wording import count
from ..gather import Findings
from ..page import Figure, Paragraph, Part, Section, TableBlock
from ..remark import remark_table

__all__ = ["checklists"]

_WITHOUT_NUMBER = ("null_without_number", "significant_without_number")
_ICEMAN = "ICEMAN (credibility of effect modification)"


def checklists(findings: Findings, sections: Collection[str]) -> Section:
    """Write the checklists that can be filled from what was done."""
    blocks = (
        Paragraph.of(_iceman(findings)),
        Part("checklists-remark", "REMARK", (TableBlock("remark", remark_table(sections)),), folded=True),
        Part("checklists-prisma", "PRISMA and MOOSE", (*_flow(), TableBlock("prisma", _prisma())), folded=True),
    )
    return Section("checklists", "Checklists", blocks, "How it was done")


def _iceman(findings: Findings) -> str:
    randomised = [
        c.title
        for c in findings.cohorts
        if c.design == "randomised" and c.name in {k.cohort.name for k in findings.leading()}
    ]
    if not randomised:
        return f"{_ICEMAN}: not applicable, as no cohort that was asked of a marker was randomised."
    return f"{_ICEMAN}: applies to {', '.join(randomised)}; its judgements are the author's."


def _flow() -> Iterator[Figure]:
    """Draw how the studies came into the literature table, with what is not recorded."""
    drawn = prisma(evidence_counts())
    caption = "Flow of studies into the literature table (PRISMA 2020); what was not recorded is said so."
    yield Figure.of("prisma", drawn, (caption,))


def _prisma() -> Table:
    every, kept = literature(include="all"), literature()
    counts = (
        ("Studies in the table", int(evidence_counts()["studies"].iloc[0])),
        ("Effect rows", len(every)),
        (
            "Left out: recalled, pooled already, superseded, or sharing patients with another row",
            len(every) - len(kept),
        ),
        ("With a standard error", sum(row.status == "estimated" for row in kept)),
        ("A printed test alone", sum(row.status == "test_only" for row in kept)),
        ("Reported without a number", sum(row.status in _WITHOUT_NUMBER for row in kept)),
    )
    rows = tuple(Row((Cell(label), Cell(count(n), (Number(n, "#,##0"),)))) for label, n in counts)
    return Table(
        title="PRISMA and MOOSE: what can be counted",
        columns=(Column("Of the literature table"), Column("Number", "count")),
        rows=rows,
        footnotes=("Search strategy, screening and risk of bias: author.",),
    )
