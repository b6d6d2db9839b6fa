"""A marker across the cohorts: one line and one mark each, and how the first answer moves with single choices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from ...answers.sensitivity import Sensitivity, Variation
from ...effects import EffectEstimate
from ...figures.forest import forest
from ...figures.specification import specification_curve
from ...tables.cells import count_cell, p_cell
from ...tables.effects import estimate_cell
from ...tables.table import Cell, Column, Row, Table
from ...wording import count, ratio
from ..gather import Case
from ..page import Block, Bullets, Figure, Inline, Paragraph, TableBlock, Text, estimate, p_of
from .words import HEADS, HIGHER, SIDES, assay_of, by_information, if_altered, joined, marker_name, setting_of, side_of

__all__ = ["compared", "sensitivity_blocks", "specified", "two_sides"]

_LEAST_SPECIFIED = 4  # ratios from which a curve of them says more than the table
_WHAT = {"interaction": "ratio of HRs", "prognostic": "HR if altered, among the treated",
         "treatment_effect": "HR of treatment in each stratum of the marker"}  # fmt: skip


def compared(leading: Sequence[Case]) -> Iterator[Block]:
    """Write what each cohort says, the one that says most first, and draw the prognostic effects in one forest."""
    cases = by_information(leading)
    yield Bullets(tuple(_said(case) for case in cases))
    if sides := two_sides(cases):
        yield Paragraph(sides)
    notes = [f"{c.cohort.title}: {' '.join(c.cohort.notes)}" for c in cases if c.cohort.notes and not c.whole]
    if notes:
        yield Paragraph.of(" ".join(notes), kind="note")
    rows = [_mark(case) for case in cases]
    if not any(row.status == "estimated" for row in rows):
        return
    marker = marker_name(leading[0].marker)
    background = [case.cohort.title for case in cases if case.asked.treatment == "any"]
    among = f" ({joined(background)}: among all, no therapy being recorded)" if background else ""
    number = rows[0].is_number
    caption = (
        f"{marker}, {'as a number' if number else 'altered against unaltered'}, in each cohort: HR among the "
        f"treated{among}, of each cohort's own model. Endpoints and assays differ: what may be pooled stands under "
        "Meta-analysis."
    )
    told = joined(
        [f"{row.label} {estimate(row).text if row.status == 'estimated' else 'not estimable'}" for row in rows]
    )
    sides = (HIGHER if number else SIDES)["prognostic"]
    yield Figure(
        f"cohorts-{leading[0].marker.lower()}",
        partial(forest, rows, layout="plain", favours=sides),
        (caption,),
        f"Forest: {told}.",
        narrow=partial(forest, rows, layout="plain", favours=sides, width="phone"),
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
    side = side_of(row)
    parts: Text = (f"{head} HR {if_altered(row)}, {who}: ", estimate(row), f" ({side})" if side else "")
    if case.interaction is not None:
        ratio = case.interaction.ratio
        size = f"; {count(ratio.n)} patients, {count(ratio.events)} events."
        parts = (*parts, "; ratio of HRs ", estimate(ratio), ", ", p_of(ratio))
    return (*parts, size, *((f" {case.problem}",) if case.problem else ()))


def two_sides(cases: Sequence[Case]) -> Text:
    """Name the cohorts whose intervals lie wholly on different sides of 1, whatever explains it."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        if case.prognostic and case.asked.role != "sensitivity" and (side := side_of(case.prognostic[-1])):
            found.setdefault(side, []).append(case)
    if len(found) < 2:
        return ()
    parts: list[Inline] = ["The cohorts do not point the same way:"]
    for side, ones in found.items():
        parts.append(f"{' ' if len(parts) == 1 else '; '}{side} in ")
        for i, case in enumerate(ones):
            parts += [", " if i else "", f"{case.cohort.title} ({assay_of(case)}) ", estimate(case.prognostic[-1])]
    return (*parts, ". They differ in assay, endpoint and treatment, and none of them settles it.")


def _mark(case: Case) -> EffectEstimate:
    """Return the row that is drawn for a cohort, under its title, endpoint and assay."""
    name = f"{case.cohort.title}, {case.endpoint}"
    if not case.prognostic:
        return EffectEstimate(study=name, status="not_estimable", remark=case.problem)
    return replace(case.prognostic[-1], label=name, marker="")


def sensitivity_blocks(case: Case) -> Iterator[Block]:
    """Write the variations of a primary analysis, where there are any: of an interaction, its two strata too."""
    found = case.variations
    if found is None:
        return
    name = f"sensitivity-{case.cohort.name}-{case.marker.lower()}"
    yield Paragraph.of(
        "How far the answer moves when one choice is changed at a time: "
        f"{_WHAT[found.variations[0].question.estimand]}. None of the variations is a test of its own."
    )
    yield from _varied(found, case, name)
    strata = found.in_strata()
    if strata is None:
        return
    yield Paragraph.of(
        "The two strata behind each ratio, treatment against none when the marker is altered and when it is not, in "
        "the same patients by the same choices. Which of the two intervals holds 1 does not tell whether the strata "
        "differ: the ratio above does."
    )
    yield from _varied(strata, case, f"{name}-strata")


def _varied(found: Sensitivity, case: Case, key: str) -> Iterator[Block]:
    """Write a table of variations and draw them; what prints as the primary does is named under the table."""
    what, setting = _WHAT[found.variations[0].question.estimand], setting_of(case)
    kept, same = _told_apart(found.variations)
    shown = Sensitivity(variations=tuple(replace(v, label=_changed(v, case)) for v in kept))
    table = _table(shown, f"{setting}: {what}, one choice changed at a time")
    if same:
        table = table.with_footnotes(f"To the digits shown the same as the primary: {joined(same)}.")
    yield TableBlock(key, table)
    told = joined([f"{v.label} {_read(v)}" for v in shown.variations if v.rows])
    caption = f"{setting}: {what}, as planned and with one choice changed at a time."
    drawn = partial(shown.forest, favours=SIDES[found.variations[0].question.estimand])
    yield Figure(key, drawn, (caption,), f"Specification curve: {told}.")


def _read(variation: Variation) -> str:
    """Write a variation's estimates, each with its stratum where there are two."""
    return " and ".join(f"{row.within} {estimate(row).text}" if row.marker_level else estimate(row).text
                        for row in variation.rows)  # fmt: skip


def _told_apart(variations: Sequence[Variation]) -> tuple[tuple[Variation, ...], list[str]]:
    """Keep the variations that a reader can tell from the primary; name the others."""
    first = _printed(variations[0])
    same = [v for v in variations[1:] if v.rows and _printed(v) == first]
    return tuple(v for v in variations if all(v is not other for other in same)), [
        f"{v.choice}, {v.label}" for v in same
    ]


def _printed(variation: Variation) -> tuple[object, ...]:
    return tuple((estimate(row).text, p_of(row).text, row.n, row.events) for row in variation.rows)


def _changed(variation: Variation, case: Case) -> str:
    """Write what a choice was changed to; a rule by its assay, the primary by its setting."""
    if variation.choice == "primary":
        return f"{case.endpoint}, {assay_of(case)}"
    row = variation.row
    by_rule = row is not None and row.rule == variation.label
    return f"{row.assay}{'' if row.cut == 'published' else f', {row.cut} cut'}" if by_rule and row else variation.label


def _table(found: Sensitivity, title: str) -> Table:
    problems = (f"{v.label}: {v.problem}" for v in found.variations if v.problem)
    head = HEADS[found.variations[0].question.estimand]
    stratum = [Column("Treatment when")] if found.by_stratum else []
    return Table(
        title=title,
        columns=(Column("Choice"), Column("Changed to"), *stratum, Column("N", "count"), Column("Events", "count"),
                 Column(f"{head} (95% CI)", "ratio"), Column("P", "p")),
        rows=tuple(row for variation in found.variations for row in _rows(variation, found.by_stratum)),
        footnotes=tuple(problems),
    )  # fmt: skip


def _rows(variation: Variation, by_stratum: bool) -> Iterator[Row]:
    """Write a line a row, each with its stratum where there are two; one that says NE where there is none."""
    head = Cell(variation.choice), Cell(variation.label)
    if not variation.rows:
        yield Row((*head, *([Cell()] if by_stratum else []), Cell(), Cell(), Cell("NE"), Cell()))
    for row in variation.rows:
        stratum = [Cell(row.within)] if by_stratum else []
        p = p_cell(row.p_value, row.row_id)
        yield Row((*head, *stratum, count_cell(row.n), count_cell(row.events), estimate_cell(row), p))


def specified(cases: Sequence[Case]) -> Iterator[Figure]:
    """Draw every ratio of a marker in order, over the cohort, rule, endpoint and adjustment that each chose."""
    rows: list[EffectEstimate] = []
    choices: list[dict[str, str]] = []
    for case in cases:
        found = case.interaction
        if found is None or case.asked.role == "sensitivity":
            continue
        for how, one in (("crude", found.crude), ("adjusted" if found.crude else "crude", found)):
            if one is not None and one.judged.status == "estimated":
                rows.append(one.judged)
                made = {"Cohort": case.cohort.title, "Rule and assay": assay_of(case), "Endpoint": case.endpoint}
                choices.append({**made, "Adjustment": how})
    if len(rows) < _LEAST_SPECIFIED:
        return
    points = sorted(row.estimate or 0.0 for row in rows)
    above = sum(row.ci()[0] > 1 for row in rows)
    below = sum(row.ci()[1] < 1 for row in rows)
    marker = marker_name(cases[0].marker)
    told = (
        f"{len(rows)} ratios of HRs of {marker}, each by its own rule, endpoint and adjustment, from "
        f"{ratio(points[0])} to {ratio(points[-1])}; intervals wholly above 1: {above}, wholly below 1: {below}"
    )
    drawn = partial(specification_curve, rows, choices, favours=SIDES["interaction"])
    caption = f"Specification curve. {told}. They share patients, and none is a test of its own."
    yield Figure(f"specification-{cases[0].marker.lower()}", drawn, (caption,), f"Specification curve: {told}.")
