"""The first screen: what was asked, and the answer for each marker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...tables.table import Cell, Column, Row, Table
from ...wording import count, p_value
from ..family import corrected
from ..gather import Case, Findings
from ..page import AnswerRow, Answers, Block, Code, Inline, Link, Paragraph, Section, Shown, Text, estimate, p_of, plain
from ..pools import PoolAnswer
from ..weigh import Weighed
from .words import FETCH, assay_of, joined, marker_name, section_key

__all__ = ["answer_lines", "opening"]

_MOST_TOLD = 2  # verdicts that are told in full above the table
_DIRECTION = {"resistant": "Resistance", "no_difference": "No difference"}
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
    asked, leading = findings.plan.order(), findings.leading()
    held = list(dict.fromkeys(case.marker for case in leading))
    names = joined([marker_name(marker) for marker in held]) or "none"
    only = "only " if len(held) == 1 else ""
    parts: list[Inline] = [f"Of {len(asked)} markers, {only}{names} could be put to the patients on disk. "]
    told = judged = [case for case in leading if case.verdict is not None]
    if len(judged) > _MOST_TOLD:
        parts.append(_tally(judged))
        told = [case for case in judged if case.verdict and case.verdict.label.startswith("interaction")]
    found = corrected(findings)
    for case in told:
        if case.verdict is None:
            continue
        parts += [f"{case.cohort.title}, {assay_of(case)}: ", Shown(case.verdict.sentence, case.verdict.basis), " "]
        if (one := found.get(case.verdict.basis)) is not None:
            holm = f"Corrected by Holm for {one.k} tests: {p_value(one.holm, label=True)}. "
            parts.append(Shown(holm, case.verdict.basis))
    return tuple(parts)


def _tally(cases: Sequence[Case]) -> str:
    """Count the verdicts by their label."""
    labels = [case.verdict.label for case in cases if case.verdict is not None]
    told = [f"{labels.count(label)} “{label}”" for label in dict.fromkeys(labels)]
    return f"Verdicts of {len(labels)} primary analyses: {', '.join(told)}. "


def _row(one: Weighed, findings: Findings, pools: Sequence[PoolAnswer]) -> AnswerRow:
    cases = findings.leading(one.marker)
    first = next((case.interaction for case in cases if case.interaction is not None), None)
    claim = one.claim
    return AnswerRow(
        marker=marker_name(one.marker),
        claim=f"{_DIRECTION[claim.direction]}: {claim.altered}" if claim else "",
        verdict=_verdict(cases),
        cohort=_cohort_text(one.marker, cases),
        literature=tuple(_literature_lines(one, [p for p in pools if p.marker == one.marker])),
        intervals=(("ratio of HRs", first.ratio), ("HR, treated", first.marker_treated)) if first else (),
        certainty=one.certainty,
        reason=one.reason,
        target=section_key(one.marker) if cases else "literature",
    )


def _verdict(cases: Sequence[Case]) -> str:
    labels = dict.fromkeys(case.verdict.label if case.verdict else "not estimable" for case in cases)
    return "; ".join(labels) if labels else "no patients on disk"


def _cohort_text(marker: str, cases: Sequence[Case]) -> Text:
    parts: list[Inline] = []
    for i, case in enumerate(cases):
        parts.append(f"{case.cohort.title}, {assay_of(case)}, {case.endpoint}: ")
        if case.interaction is None:
            parts.append(f"{case.problem} ")
            continue
        ratio = case.interaction.ratio
        if i:
            parts += ["ratio of HRs ", estimate(ratio), ", HR ", estimate(case.interaction.marker_treated), "; "]
        parts.append(f"{count(ratio.n)} patients, {count(ratio.events)} events. ")
    if not cases:
        parts += [Code(f"tamoxres fetch {FETCH.get(marker, 'metabric')}"), " brings them."]
    return tuple(parts)


def _literature_lines(one: Weighed, pools: Sequence[PoolAnswer]) -> Iterator[Text]:
    if one.interactions or one.tests:
        yield ("Ratio in randomised trials: ", *_trials(one), ".")
    for answer in pools:
        if answer.main is not None and answer.asked.estimand == "prognostic":
            yield ("Pooled HR, treated: ", estimate(answer.main.to_effect()), f", {answer.main.k} studies.")
    votes = one.votes.get("clinical", {})
    if not votes:
        yield ("No clinical study.",)
        return
    told = [f"“{d.replace('_', ' ')}” {votes[d]}" for d in _DIRECTIONS if d in votes]
    total = sum(votes.values())
    studies = "study" if total == 1 else "studies"
    yield (
        f"{total} clinical {studies}: {', '.join(told)}."
        if told
        else f"{total} clinical {studies}, none on treatment.",
    )


def _trials(one: Weighed) -> list[Inline]:
    """Name each trial once: its ratio, and the P it printed where it printed one."""
    out: list[Inline] = []
    printed = {(row.study, row.endpoint): row for row in one.tests}
    for row in one.interactions:
        out += [", " if out else "", f"{row.study} ({row.endpoint}) ", estimate(row)]
        if (test := printed.pop((row.study, row.endpoint), None)) is not None:
            out += [", printed ", p_of(test)]
    for row in printed.values():
        out += [", " if out else "", f"{row.study} ({row.endpoint}) ", p_of(row)]
    return out


def _as_table(rows: Sequence[AnswerRow]) -> Table:
    heads = ("Marker", "The review claims", "What these patients say", "What the literature says", "How sure")
    body = []
    for row in rows:
        numbers = "; ".join(f"{name} {estimate(effect).text}" for name, effect in row.intervals)
        patients = ". ".join(part for part in (_capital(row.verdict), numbers, plain(row.cohort)) if part)
        sure = f"{_capital(row.certainty)}: {row.reason}"
        literature = " ".join(map(plain, row.literature))
        body.append(Row(tuple(map(Cell, (row.marker, row.claim, patients, literature, sure)))))
    return Table(title="The answer, marker by marker", columns=tuple(map(Column, heads)), rows=tuple(body))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
