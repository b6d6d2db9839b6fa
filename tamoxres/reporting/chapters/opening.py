"""The first screen: what was asked, and the answer for each marker."""

from __future__ import annotations

from collections.abc import Sequence

from ...effects import EffectEstimate
from ...tables.table import Cell, Column, Row, Table
from ...wording import count
from ..gather import Case, Findings
from ..page import AnswerRow, Answers, Block, Code, Inline, Link, Paragraph, Section, Shown, Text, estimate, p_of, plain
from ..pools import PoolAnswer
from ..weigh import Weighed
from .words import FETCH, joined, marker_name, section_key

__all__ = ["answer_lines", "opening"]

_DIRECTIONS = ("resistant", "no_effect", "sensitive")
_RESISTANCE = (
    "A marker that goes with relapse among treated patients may do so in untreated patients as well: it is then "
    "prognostic. That it predicts failure of the treatment is another claim, about the interaction of marker and "
    "treatment: the ratio of two hazard ratios, and it takes untreated patients to see it."
)


def opening(findings: Findings, weighed: Sequence[Weighed], pools: Sequence[PoolAnswer]) -> Section:
    """Write the answer: one row a marker."""
    rows = tuple(_row(one, findings, pools) for one in weighed)
    notes = list(dict.fromkeys(note for case in findings.leading() for note in case.cohort.notes))
    blocks: tuple[Block, ...] = (
        Paragraph(_summary(findings), "lead"),
        Answers(rows, _as_table(rows)),
        Paragraph.of(
            "Ratio of HRs: above 1, endocrine therapy helps less when the marker is altered. HR: altered against "
            "unaltered among the treated, of the same adjusted model. Bars: 95% intervals. How sure: of the claim that "
            "the marker predicts failure of tamoxifen, by the rules in ",
            Link("Methods", "methods"),
            ".",
            kind="note",
        ),
        Paragraph.of(" ".join(notes), kind="note"),
        Paragraph.of(_RESISTANCE),
    )
    return Section("answer", "The answer", blocks)


def answer_lines(findings: Findings) -> list[str]:
    """Say the verdicts in a line each, as the command line prints them."""
    lines = [
        f"{marker_name(case.marker)}, {case.cohort.title}, {case.endpoint}: {case.verdict or case.problem}"
        for case in findings.leading()
    ]
    unheld: dict[str, list[str]] = {}
    for marker, cohort in findings.unheld:
        unheld.setdefault(cohort, []).append(marker_name(marker))
    lines += [f"{joined(markers)}: no assay in the files of {cohort} here." for cohort, markers in unheld.items()]
    return lines


def _summary(findings: Findings) -> Text:
    """Say in a few sentences how many markers could be put to patients, and what came of it."""
    asked = findings.plan.order()
    leading = findings.leading()
    held = list(dict.fromkeys(case.marker for case in leading))
    shown = [case for case in leading if case.verdict and case.verdict.label.startswith("interaction")]
    parts: list[Inline] = [
        f"Of {len(asked)} markers, {len(held)} could be put to the patients on disk"
        + (f" ({joined([marker_name(m) for m in held])})" if held else "")
        + ". "
    ]
    if held and not shown:
        parts.append("In none of them is an interaction with endocrine therapy shown, and none is excluded. ")
    for case in leading:
        if case.verdict is None:
            continue
        parts += [f"{marker_name(case.marker)} in {case.cohort.title}: "]
        parts += [_verdict_text(case), " "]
    return tuple(parts)


def _verdict_text(case: Case) -> Inline:
    verdict = case.verdict
    if verdict is None:
        return case.problem
    return Shown(verdict.sentence, verdict.basis)


def _row(one: Weighed, findings: Findings, pools: Sequence[PoolAnswer]) -> AnswerRow:
    cases = findings.leading(one.marker)
    intervals = [
        pair
        for case in cases
        if case.interaction is not None
        for pair in (("ratio", case.interaction.ratio), ("HR", case.interaction.marker_treated))
    ]
    return AnswerRow(
        marker=marker_name(one.marker),
        altered=one.claim.altered if one.claim else "",
        claim=one.claim.statement if one.claim else "",
        verdict=_verdict(cases),
        cohort=_cohort_text(one.marker, cases, findings),
        literature=_literature_text(one, [p for p in pools if p.marker == one.marker]),
        intervals=tuple(intervals[:2]),
        certainty=one.certainty,
        reason=one.reason,
        target=section_key(one.marker) if cases else "literature",
    )


def _verdict(cases: Sequence[Case]) -> str:
    labels = dict.fromkeys(case.verdict.label if case.verdict else "not estimable" for case in cases)
    return "; ".join(labels) if labels else "no patients on disk"


def _cohort_text(marker: str, cases: Sequence[Case], findings: Findings) -> Text:
    parts: list[Inline] = []
    for case in cases:
        parts.append(f"{case.cohort.title}, {case.rule.assay}, {case.endpoint}: ")
        if case.interaction is not None:
            ratio = case.interaction.ratio
            parts += [
                "ratio of HRs ",
                estimate(ratio),
                ", HR among the treated ",
                estimate(case.interaction.marker_treated),
            ]
            parts.append(f"; {count(ratio.n)} patients, {count(ratio.events)} events. ")
        else:
            parts.append(f"{case.problem} ")
    if not cases:
        cohorts = [cohort for name, cohort in findings.unheld if name == marker]
        parts.append(f"No assay in the files of {joined(cohorts)} here. " if cohorts else "Asked of no cohort. ")
        parts += [Code(f"tamoxres fetch {FETCH.get(marker, 'metabric')}"), " brings it."]
    return tuple(parts)


def _literature_text(one: Weighed, pools: Sequence[PoolAnswer]) -> Text:
    parts: list[Inline] = []
    if one.interactions or one.tests:
        parts += ["Interaction, randomised: ", *_trials(one), ". "]
    for answer in pools:
        if answer.main is not None and answer.asked.estimand == "prognostic":
            pooled = answer.main
            parts += ["Pooled among the treated: HR ", estimate(pooled.to_effect()), f", {pooled.k} studies. "]
    votes = one.votes.get("clinical", {})
    if votes:
        told = [f"{votes[d]} {d.replace('_', ' ')}" for d in _DIRECTIONS if d in votes]
        total = sum(votes.values())
        parts.append(
            f"{total} clinical {'study' if total == 1 else 'studies'}: {', '.join(told) or 'none on treatment'}."
        )
    return tuple(parts) or ("Nothing in the table.",)


def _trials(one: Weighed) -> list[Inline]:
    out: list[Inline] = []
    rows: list[EffectEstimate] = [*one.interactions, *one.tests]
    for i, row in enumerate(rows):
        out.append(f"{', ' if i else ''}{row.study} ({row.endpoint}) ")
        out.append(estimate(row) if row.status == "estimated" else p_of(row))
    return out


def _as_table(rows: Sequence[AnswerRow]) -> Table:
    heads = ("Marker", "The review claims", "These cohorts", "The literature", "How sure")
    body = [
        Row(
            (
                Cell(row.marker),
                Cell(row.claim),
                Cell(f"{row.verdict[:1].upper()}{row.verdict[1:]}. {plain(row.cohort)}"),
                Cell(plain(row.literature)),
                Cell(f"{row.certainty[:1].upper()}{row.certainty[1:]}: {row.reason}"),
            )
        )
        for row in rows
    ]
    return Table(title="The answer, marker by marker", columns=tuple(map(Column, heads)), rows=tuple(body))
