"""A marker across the cohorts: one line and one mark each, and how the first answer moves with single choices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...answers.sensitivity import Sensitivity, Variation
from ...effects import EffectEstimate
from ...figures.forest import forest
from ...tables.cells import count_cell, effect_cell, p_cell
from ...tables.table import Cell, Column, Row, Table
from ...wording import count
from ..gather import Case
from ..page import Block, Bullets, Figure, Paragraph, TableBlock, Text, estimate, p_of
from .words import assay_of, by_information, joined, marker_name, setting_of

__all__ = ["compared", "sensitivity_blocks"]

_WHAT = {"interaction": "ratio of hazard ratios, adjusted", "prognostic": "hazard ratio among the treated, adjusted"}
_FAVOURS = ("below 1", "above 1")
_SIDES = ("better when altered", "worse when altered")


def compared(leading: Sequence[Case]) -> Iterator[Block]:
    """Write what each cohort says, the one that says most first, and draw the prognostic effects in one forest."""
    cases = by_information(leading)
    yield Bullets(tuple(_said(case) for case in cases))
    rows = [_mark(case) for case in cases]
    if not any(row.status == "estimated" for row in rows):
        return
    marker = marker_name(leading[0].marker)
    background = [case.cohort.title for case in cases if case.asked.treatment == "any"]
    among = f" ({joined(background)}: among all, no therapy being recorded)" if background else ""
    caption = (
        f"{marker}, altered against unaltered, in each cohort: adjusted hazard ratio among the treated{among}. "
        "Endpoints and assays differ: what may be pooled stands under Meta-analysis."
    )
    told = joined(
        [f"{row.label} {estimate(row).text if row.status == 'estimated' else 'not estimable'}" for row in rows]
    )
    yield Figure(
        f"cohorts-{leading[0].marker.lower()}",
        forest(rows, layout="plain", favours=_SIDES),
        (caption,),
        f"Forest: {told}.",
    )


def _said(case: Case) -> Text:
    """Say a cohort's answer in a line."""
    role = " (the same patients once more)" if case.asked.role == "sensitivity" else ""
    head = f"{case.cohort.title}, {case.endpoint}, {assay_of(case)}{role}: {case.label}."
    if not case.prognostic:
        return (f"{head} {case.problem}",)
    row = case.prognostic[-1]
    who = "all patients" if case.asked.treatment == "any" else "treated"
    size = (
        f"; {count(row.n)} {'patients' if who == 'all patients' else 'treated patients'}, {count(row.events)} events."
    )
    parts: Text = (f"{head} HR, {who}: ", estimate(row))
    if case.interaction is not None:
        ratio = case.interaction.ratio
        size = f"; {count(ratio.n)} patients, {count(ratio.events)} events."
        parts = (*parts, "; ratio of HRs ", estimate(ratio), ", ", p_of(ratio))
    return (*parts, size, *((f" {case.problem}",) if case.problem else ()))


def _mark(case: Case) -> EffectEstimate:
    """Return the row that is drawn for a cohort, under its title, endpoint and assay."""
    name = f"{case.cohort.title}, {case.endpoint}"
    if not case.prognostic:
        return EffectEstimate(study=name, status="not_estimable", remark=case.problem)
    return replace(case.prognostic[-1], label=name, marker="")


def sensitivity_blocks(case: Case) -> Iterator[Block]:
    """Write the variations of a primary analysis, where there are any."""
    found = case.variations
    if found is None:
        return
    name, what = f"{case.cohort.name}-{case.marker.lower()}", _WHAT[found.variations[0].question.estimand]
    setting = setting_of(case)
    yield Paragraph.of(
        f"How far the answer moves when one choice is changed at a time: {what}. None of the variations is a test of "
        "its own."
    )
    yield TableBlock(f"sensitivity-{name}", _table(found, f"{setting}: one choice changed at a time"))
    told = joined([f"{v.label} {estimate(v.row).text}" for v in found.variations if v.row is not None])
    caption = f"{setting}: {what}, as planned and with one choice changed at a time."
    yield Figure(f"sensitivity-{name}", found.forest(favours=_FAVOURS), (caption,), f"Specification curve: {told}.")


def _table(found: Sensitivity, title: str) -> Table:
    rows = [_row(variation) for variation in found.variations]
    problems = (f"{v.label}: {v.problem}" for v in found.variations if v.problem)
    ratio = "Ratio of HRs" if found.variations[0].question.estimand == "interaction" else "HR, treated"
    return Table(
        title=title,
        columns=(Column("Choice"), Column("Changed to"), Column("N", "count"), Column("Events", "count"),
                 Column(f"{ratio} (95% CI)", "ratio"), Column("P", "p")),
        rows=tuple(rows),
        footnotes=("Where no covariate is missing, multiple imputation is the complete-case analysis.", *problems),
    )  # fmt: skip


def _row(variation: Variation) -> Row:
    row = variation.row
    head = Cell(variation.choice), Cell(variation.label)
    if row is None:
        return Row((*head, Cell(), Cell(), Cell("NE"), Cell()))
    p = p_cell(row.p_value, row.row_id)
    return Row((*head, count_cell(row.n), count_cell(row.events), effect_cell(row), p))
