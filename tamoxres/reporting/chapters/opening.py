"""The first screen: what was asked, what came of it in a sentence, and one row for each marker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...cohort import Cohort
from ...figures.visual_abstract import AbstractRow, visual_abstract
from ...wording import coarse_count, count, p_value
from ..family import corrected
from ..gather import Case, Findings
from ..page import AnswerRow, Answers, Block, Figure, Inline, Link, Paragraph, Part, Section, Shown, Text, plain
from ..pools import PoolAnswer
from ..weigh import Weighed
from .answer_rows import answer_row, as_table, kind_of
from .words import SIDES, by_information, joined, marker_name

__all__ = ["answer_lines", "opening"]

_SAFE = "Nothing here is a reason to withhold, change or stop endocrine therapy."
_SURE = ("moderate", "high")  # certainty from which a modification counts as shown
_RESISTANCE = (
    "A marker that goes with relapse among treated patients may do so in untreated patients as well: it is then "
    "prognostic. That it predicts failure of the treatment is another claim, about the interaction of marker and "
    "treatment: the ratio of two hazard ratios, and it takes untreated patients to see it."
)


def opening(findings: Findings, weighed: Sequence[Weighed], pools: Sequence[PoolAnswer]) -> Section:
    """Write the answer: one sentence for the whole, the line on treatment, one row a marker, and how to read it."""
    rows = tuple(answer_row(one, findings, pools) for one in weighed)
    review = next((one.claim.citation for one in weighed if one.claim is not None), "")
    notes = list(dict.fromkeys(note for case in findings.leading() if case.whole for note in case.cohort.notes))
    read = Part(
        "answer-read",
        "How to read the table",
        (
            Paragraph.of(
                "Ratio of HRs: the hazard ratio of treatment when the marker is altered, over that when it is not. "
                "Above 1 there is less benefit if altered, below 1 more. Bars: 95% intervals; squares are cohorts of "
                "this report, circles published trials. Certainty: that the marker modifies the benefit as claimed, "
                "and that it does not, by the rules in ",
                Link("Methods", "methods"),
                ".",
                kind="note",
            ),
            *((Paragraph.of(f"The claims are those of “{review}”", kind="note"),) if review else ()),
            Paragraph.of(_RESISTANCE, kind="note"),
            *((Paragraph.of(_tally(findings), kind="note"),) if _tally(findings) else ()),
            *((Paragraph.of(" ".join(notes), kind="note"),) if notes else ()),
        ),
    )
    whole = _whole(findings, weighed)
    blocks: tuple[Block, ...] = (
        Paragraph(whole, "lead"),
        Paragraph.of(_SAFE, kind="safe"),
        Answers(rows, as_table(rows), review),
        read,
        Part("answer-abstract", "Visual abstract", (_abstract(findings, rows, plain(whole)),), folded=True),
    )
    return Section("answer", "The answer", blocks)


def _abstract(findings: Findings, rows: Sequence[AnswerRow], answer: str) -> Figure:
    """Draw the first screen on one sheet."""
    cohorts: dict[str, Cohort] = {}
    sharing = 0
    for cohort in {case.cohort.name: case.cohort for case in findings.leading()}.values():
        if set(cohort.overlaps) & set(cohorts) or any(cohort.name in other.overlaps for other in cohorts.values()):
            sharing += 1
        else:
            cohorts[cohort.name] = cohort
    patients = count(sum(coarse_count(one.n, one.min_cell) or 0 for one in cohorts.values()))
    more = f", and {sharing} more that share patients with them" if sharing else ""
    facts = (
        f"{len(rows)} markers; {patients} patients of {len(cohorts)} {'cohort' if len(cohorts) == 1 else 'cohorts'}"
        f"{more}; the published trials that randomised tamoxifen."
    )
    lines = [
        AbstractRow(
            marker=row.marker, verdict=row.verdict, sure_for=row.sure_for, sure_none=row.sure_none,
            effect=next((mark.effect for mark in row.marks if mark.own), None),
        )
        for row in rows
    ]  # fmt: skip
    drawn = partial(
        visual_abstract, findings.plan.title, answer, lines, facts=facts, foot=_SAFE, favours=SIDES["interaction"]
    )
    told = "; ".join(f"{line.marker}: {line.verdict}" for line in lines)
    return Figure("visual-abstract", drawn, ("The answer on one sheet.",), f"Visual abstract. {answer} {told}.")


def answer_lines(findings: Findings) -> list[str]:
    """Say the first verdict on each marker, and the others in a line, as the command line prints them."""
    lines = []
    for marker in findings.plan.order():
        cases = by_information(findings.leading(marker))
        for case in cases[:1]:
            told = case.verdict or f"{case.label}. {case.problem}".strip()
            lines.append(f"{marker_name(marker)}, {case.cohort.title}, {case.endpoint}: {told}")
        if others := [f"{case.cohort.title} {case.endpoint}, {case.label}" for case in cases[1:]]:
            lines.append(f"{marker_name(marker)} elsewhere: {'; '.join(others)}.")
    unheld: dict[str, list[str]] = {}
    for marker, cohort in findings.unheld:
        unheld.setdefault(cohort, []).append(marker_name(marker))
    lines += [f"{joined(markers)}: no assay in the files of {cohort} here." for cohort, markers in unheld.items()]
    return lines


def _whole(findings: Findings, weighed: Sequence[Weighed]) -> Text:
    """Say in one sentence what came of all markers, however many analyses stand behind it."""
    cases = {one.marker: _own(findings, one.marker) for one in weighed}
    shown = [m for m, own in cases.items() if any(kind_of(case) == "supported" for case in own)]
    shown += [one.marker for one in weighed if one.certainty in _SURE and one.marker not in shown]
    seen = [m for m, own in cases.items() if m not in shown and any(kind_of(case) == "seen" for case in own)]
    left = {m: {kind_of(case) for case in own} for m, own in cases.items() if m not in (*shown, *seen)}
    margin = [m for m, kinds in left.items() if kinds and kinds <= {"margin"}]
    asked = [m for m, kinds in left.items() if kinds & {"open", "margin"} and m not in margin]
    none = [m for m in left if not cases[m]]
    never = [m for m in left if m not in (*asked, *margin, *none)]
    head = f"An interaction with treatment is shown for {_names(shown)}" if shown else _NONE
    clauses: list[Inline] = []
    for marker in seen:
        clauses += ["; ", *_seen(marker, cases[marker])]
    if asked:
        clauses.append(f"; for {_names(asked)} the question stays open")
    if margin:
        clauses.append(f"; for {_names(margin)} the interaction lies within the margin that was set")
    if never:
        clauses.append(f"; for {_names(never)} too few events, or no untreated patients, leave it untested")
    if none:
        clauses.append(f"; {_names(none)} could not be tested in the patients on disk")
    return (head, *clauses, ".")


_NONE = "No marker is shown to predict failure of tamoxifen"


def _own(findings: Findings, marker: str) -> list[Case]:
    """Return the first analysis of a marker in each cohort, those that look at the same patients again left out."""
    return [case for case in findings.leading(marker) if case.asked.role != "sensitivity"]


def _names(markers: Sequence[str]) -> str:
    return joined([marker_name(marker) for marker in markers])


def _seen(marker: str, cases: Sequence[Case]) -> Text:
    """Say where an interaction was seen that shows nothing yet."""
    case = next(case for case in by_information(cases) if kind_of(case) == "seen")
    basis = case.verdict.basis if case.verdict is not None else ""
    where = Shown(f"an interaction was seen for {marker_name(marker)} in {case.cohort.title}", basis)
    return where, f" (“{case.label}”)"


def _tally(findings: Findings) -> str:
    """Count the verdicts of the leading analyses by their label, with what the families' correction says."""
    cases = [c for c in findings.leading() if c.verdict is not None and c.asked.role != "sensitivity"]
    parts = []
    for role in ("primary", "exploratory"):
        labels = [case.verdict.finding for case in cases if case.verdict is not None and case.role == role]
        told = ", ".join(f"{labels.count(label)} “{label}”" for label in dict.fromkeys(labels))
        if labels:
            parts.append(f"of {len(labels)} {role} {'analysis' if len(labels) == 1 else 'analyses'}: {told}")
    found = corrected(findings)
    holm = [
        f"{marker_name(c.marker)} in {c.cohort.title}, corrected by Holm for {one.k} tests, "
        f"{p_value(one.holm, label=True)}"
        for c in cases
        if c.verdict is not None and c.verdict.seen and (one := found.get(c.verdict.basis)) is not None
    ]
    after = f" {joined(holm)}; the plan was written with these data at hand." if holm else ""
    return f"Verdicts, {'; '.join(parts)}.{after}" if parts else ""
