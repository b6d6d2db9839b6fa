"""The first screen: what was asked, and the answer for each marker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...effects import EffectEstimate
from ...registry import Marker
from ...tables.table import Cell, Column, Row, Table
from ...wording import count, p_value
from ..family import corrected
from ..gather import Case, Findings
from ..page import AnswerRow, Answers, Block, Code, Inline, Link, Paragraph, Section, Shown, Text, estimate, p_of, plain
from ..pools import PoolAnswer
from ..weigh import NO_EVIDENCE, Weighed
from .words import assay_of, by_information, joined, marker_name, section_key

__all__ = ["answer_lines", "opening"]

_MOST_TOLD = 2  # verdicts that are told in full above the table
_MOST_OTHERS, _MOST_POOLED = 2, 2  # cohorts and pooled effects named beside the first cohort
_LEAST_POOLED = 3  # studies below which a pooled effect stands under Meta-analysis alone
_FEW = "few_events"  # of a ratio that a line has no room to explain
_POOLED_BY = {"clinical": "clinical status", "mrna": "mRNA"}
_RESISTANCE = (
    "A marker that goes with relapse among treated patients may do so in untreated patients as well: it is then "
    "prognostic. That it predicts failure of the treatment is another claim, about the interaction of marker and "
    "treatment: the ratio of two hazard ratios, and it takes untreated patients to see it."
)


def opening(findings: Findings, weighed: Sequence[Weighed], pools: Sequence[PoolAnswer]) -> Section:
    """Write the answer: one row a marker."""
    rows = tuple(_row(one, findings, pools) for one in weighed)
    notes = list(dict.fromkeys(note for case in findings.leading() if case.whole for note in case.cohort.notes))
    blocks: tuple[Block, ...] = (
        Paragraph(_summary(findings), "lead"),
        Answers(rows, _as_table(rows)),
        Paragraph.of(
            "Ratio of HRs: above 1, endocrine therapy helps less when the marker is altered. HR: altered against "
            "unaltered among the treated, of the same adjusted model. Bars: 95% intervals. How sure: of the claim that "
            "the marker predicts failure of tamoxifen, from published interactions alone, and that it does not, by the "
            "rules in ",
            Link("Methods", "methods"),
            ".",
            kind="note",
        ),
        Paragraph.of(" ".join(notes), kind="note"),
        Paragraph.of(_RESISTANCE),
    )
    return Section("answer", "The answer", blocks)


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


def _summary(findings: Findings) -> Text:
    """Say in a few sentences how many markers could be put to patients, and what came of it."""
    asked, leading = findings.plan.order(), findings.leading()
    held = list(dict.fromkeys(case.marker for case in leading))
    names = joined([marker_name(marker) for marker in held]) or "none"
    only = "only " if len(held) == 1 else ""
    if len(held) == len(asked) > 1:
        names = "all"
    cohorts = len({case.cohort.name for case in leading})
    where = f", in {cohorts} cohorts" if cohorts > 1 else ""
    parts: list[Inline] = [f"Of {len(asked)} markers, {only}{names} could be put to the patients on disk{where}. "]
    told = judged = [case for case in leading if case.verdict is not None and case.asked.role != "sensitivity"]
    if len(judged) > _MOST_TOLD:
        parts.append(_tally(judged))
        told = [case for case in judged if case.verdict and case.verdict.seen]
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
    """Count the verdicts by their label, those of the plan's primary analyses apart from exploratory ones."""
    parts = []
    for role in ("primary", "exploratory"):
        labels = [case.verdict.label for case in cases if case.verdict is not None and case.role == role]
        told = ", ".join(f"{labels.count(label)} “{label}”" for label in dict.fromkeys(labels))
        if labels:
            parts.append(f"of {len(labels)} {role} {'analysis' if len(labels) == 1 else 'analyses'}: {told}")
    return f"Verdicts {'; '.join(parts)}. "


def _row(one: Weighed, findings: Findings, pools: Sequence[PoolAnswer]) -> AnswerRow:
    cases = by_information(findings.leading(one.marker))
    answers = [answer for answer in pools if answer.marker == one.marker]
    claim = one.claim
    return AnswerRow(
        marker=marker_name(one.marker),
        claim=f"{_capital(claim.altered)}: {claim.effect}" if claim else "The review makes no claim of it",
        verdict=_verdict(cases),
        cohort=_cohort_text(findings.markers[one.marker], cases),
        others=(*_others(cases), *_pooled(answers)),
        literature=tuple(_literature_lines(one, answers)),
        intervals=_intervals(cases),
        certainty=one.certainty,
        reason=f"{one.reason}. Of no modification: {one.of_none}.",
        target=section_key(one.marker) if cases else "literature",
    )


def _intervals(cases: Sequence[Case]) -> tuple[tuple[str, EffectEstimate], ...]:
    """Draw the first cohort: both of its contrasts, or the one that a single arm has."""
    first = cases[0] if cases else None
    if first is None or not first.prognostic:
        return ()
    if first.interaction is None:
        return (("HR" if first.asked.treatment == "any" else "HR, treated", first.prognostic[-1]),)
    return ("ratio of HRs", first.interaction.judged), ("HR, treated", first.interaction.marker_treated)


def _verdict(cases: Sequence[Case]) -> str:
    return cases[0].label if cases else "no patients on disk"


def _cohort_text(marker: Marker, cases: Sequence[Case]) -> Text:
    """Say who the bars are about; of nobody, what brings them."""
    if not cases:
        brings = tuple(Code(f"tamoxres fetch {name}") for name in marker.fetch[:1])
        return (*brings, " brings them.") if brings else ("No cohort of the plan holds an assay of it.",)
    first = cases[0]
    head = f"{first.cohort.title}, {assay_of(first)}, {first.endpoint}: "
    if not first.prognostic:
        return (f"{head}{first.problem} ",)
    row = first.interaction.ratio if first.interaction else first.prognostic[-1]
    return (f"{head}{count(row.n)} patients, {count(row.events)} events. ",)


def _others(cases: Sequence[Case]) -> Iterator[Text]:
    """Name the next cohorts in a line, and how many more the marker's section has."""
    if len(cases) < 2:
        return
    shown = [case for case in cases[1:] if case.prognostic and case.asked.role != "sensitivity"][:_MOST_OTHERS]
    parts: list[Inline] = []
    for case in shown:
        background = ", no therapy recorded" if case.asked.treatment == "any" else ""
        name = case.cohort.title
        parts.append(f"{'; ' if parts else ''}{name} ({case.endpoint}{background}) ")
        if case.interaction is not None and not case.interaction.ratio.flagged(_FEW):
            parts += ["ratio ", estimate(case.interaction.ratio), ", "]
        parts += ["HR ", estimate(case.prognostic[-1])]
    if more := len(cases) - 1 - len(shown):
        parts += ["; " if parts else "", Link(f"{more}\N{NO-BREAK SPACE}more", section_key(cases[0].marker))]
    yield ("Also: ", *parts, ".")


def _pooled(answers: Sequence[PoolAnswer]) -> Iterator[Text]:
    """Tell the pooled effects of the cohorts alone, of the estimand that speaks of treatment first."""
    own = [a for a in answers if a.main is not None and a.main.k >= _LEAST_POOLED and a.asked.rows == "own"]
    for answer in sorted(own, key=lambda one: one.asked.estimand != "interaction")[:_MOST_POOLED]:
        if answer.main is None:
            continue
        what = "ratio of HRs" if answer.asked.estimand == "interaction" else "HR, treated, crude"
        named = f"{_POOLED_BY.get(answer.asked.name, answer.asked.name)}, {answer.asked.taken_as}"
        yield f"Pooled, {named}, {answer.main.k} cohorts: {what} ", estimate(answer.main.to_effect()), "."


def _literature_lines(one: Weighed, pools: Sequence[PoolAnswer]) -> Iterator[Text]:
    if one.interactions or one.tests:
        yield ("Ratio in trials that randomised tamoxifen: ", *_trials(one), ".")
    if one.words_alone:
        yield (one.words_alone,)
    for answer in pools:
        printed = all(row.origin == "published" for row in answer.effects)  # own rows stand under Meta-analysis
        if printed and answer.main is not None and answer.asked.estimand == "prognostic" and not answer.asked.name:
            yield ("Pooled HR, treated: ", estimate(answer.main.to_effect()), f", {answer.main.k} studies.")
    yield (one.vote_words if one.is_published else f"{_capital(NO_EVIDENCE)}.",)


def _trials(one: Weighed) -> list[Inline]:
    """Name each trial once: its ratio, and the P it printed where it printed one."""
    out: list[Inline] = []
    printed = {(row.study, row.endpoint): row for row in one.tests}
    for row in one.interactions:
        out += [", " if out else "", f"{row.label} ({row.endpoint}) ", estimate(row)]
        if (test := printed.pop((row.study, row.endpoint), None)) is not None:
            out += [", printed ", p_of(test)]
    for row in printed.values():
        out += [", " if out else "", f"{row.label} ({row.endpoint}) ", p_of(row)]
    return out


def _as_table(rows: Sequence[AnswerRow]) -> Table:
    heads = ("Marker", "The review claims", "What these patients say", "What the literature says", "How sure")
    body = []
    for row in rows:
        numbers = "; ".join(f"{name} {estimate(effect).text}" for name, effect in row.intervals)
        patients = ". ".join(
            part for part in (_capital(row.verdict), numbers, plain(row.cohort), *map(plain, row.others)) if part
        )
        sure = f"{_capital(row.certainty)}: {row.reason}"
        literature = " ".join(map(plain, row.literature))
        body.append(Row(tuple(map(Cell, (row.marker, row.claim, patients, literature, sure)))))
    return Table(title="The answer, marker by marker", columns=tuple(map(Column, heads)), rows=tuple(body))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
