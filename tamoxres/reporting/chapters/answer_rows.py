"""A marker's row on the first screen: the claim, the cohorts, the published trials on one axis, and how sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...inference.verdict import TOO_FEW_EVENTS
from ...registry import Marker
from ...tables.table import Cell, Column, Row, Table
from ...wording import count
from ..gather import Case, Findings
from ..page import AnswerRow, Code, Inline, Kind, Link, Mark, Text, estimate, p_of, plain
from ..pools import PoolAnswer
from ..weigh import NO_EVIDENCE, Weighed
from .cohorts import two_sides
from .words import SIDES, assay_of, by_information, capital, if_altered, marker_name, section_key, sentence, side_of

__all__ = ["answer_row", "as_table", "kind_of"]

_MOST_OWN, _MOST_TRIALS = 2, 2  # intervals of cohorts and of trials that a row has room for
_MOST_OTHERS, _MOST_POOLED = 3, 2
_LEAST_POOLED = 3  # studies below which a pooled effect stands under Meta-analysis alone
_FEW = "few_events"  # of a ratio that a line has no room to explain
_POOLED_BY = {"clinical": "clinical status", "mrna": "mRNA"}


def kind_of(case: Case) -> Kind:
    """Sort a verdict into the few kinds that are told apart at a glance; what cannot tell is `cannot`."""
    verdict = case.verdict
    if verdict is None or verdict.ratio is None or (verdict.smallest or 0) < TOO_FEW_EVENTS:
        return "cannot"
    if verdict.seen:
        shown = verdict.ratio.design == "randomised" and (verdict.over_time is None or verdict.over_time.proportional)
        return "supported" if shown else "seen"
    return "margin" if verdict.within_margin else "open"


def answer_row(one: Weighed, findings: Findings, pools: Sequence[PoolAnswer]) -> AnswerRow:
    """Write the row of one marker."""
    cases = by_information(findings.leading(one.marker))
    answers = [answer for answer in pools if answer.marker == one.marker]
    claim = one.claim
    sure_for, sure_none = _sureness(one)
    return AnswerRow(
        marker=marker_name(one.marker),
        claim=f"{capital(claim.altered)}: {claim.effect}" if claim else "The review makes no claim of it",
        kind=kind_of(cases[0]) if cases else "untested",
        verdict=cases[0].label if cases else "no patients on disk",
        cohort=_cohort(findings.markers[one.marker], cases),
        marks=(*_own_marks(cases), *_trial_marks(one)),
        published=tuple(_published(one)),
        sure_for=sure_for,
        sure_none=sure_none,
        more=tuple(_more(one, cases, answers)),
        target=section_key(one.marker) if cases else "literature",
    )


def as_table(rows: Sequence[AnswerRow]) -> Table:
    """Write the same rows as a table, for the document and the files."""
    heads = ("Marker", "The review claims", "Cohort data", "Ratio of HRs (95% CI)", "Published evidence", "Certainty")
    body = []
    for row in rows:
        ratios = "; ".join(f"{mark.name} {estimate(mark.effect).text}" for mark in row.marks)
        patients = f"{capital(row.verdict)}. {plain(row.cohort)}".strip()
        sure = f"For: {row.sure_for}; of none: {row.sure_none}"
        published = " ".join(map(plain, row.published))
        body.append(Row(tuple(map(Cell, (row.marker, row.claim, patients, ratios, published, sure)))))
    below, above = SIDES["interaction"]
    return Table(
        title="The answer, marker by marker",
        columns=tuple(map(Column, heads)),
        rows=tuple(body),
        footnotes=(f"Ratio of HRs below 1: {below}; above 1: {above}.",),
    )


def _sureness(one: Weighed) -> tuple[str, str]:
    """Return how sure the published trials make us of a modification, and of none."""
    return one.certainty, one.of_none


def _own_marks(cases: Sequence[Case]) -> Iterator[Mark]:
    """Draw the cohorts that have both arms, those that say most first."""
    with_both = [case for case in cases if case.interaction is not None and case.asked.role != "sensitivity"]
    with_both = with_both[:1] + [c for c in with_both[1:] if c.interaction and not c.interaction.ratio.flagged(_FEW)]
    for case in with_both[:_MOST_OWN]:
        if case.interaction is not None:
            yield Mark(case.cohort.title, case.interaction.judged, own=True)


def _trial_marks(one: Weighed) -> Iterator[Mark]:
    """Draw the published trials that randomised tamoxifen and have a ratio, each trial once."""
    trials = {row.trial or row.study: row for row in reversed(one.interactions) if row.is_ratio}
    for row in list(reversed(trials.values()))[:_MOST_TRIALS]:
        yield Mark(row.label, row, own=False)


def _cohort(marker: Marker, cases: Sequence[Case]) -> Text:
    """Say who was asked; of nobody, what brings them."""
    if not cases:
        brings = tuple(Code(f"tamoxres fetch {name}") for name in marker.fetch[:1])
        return (*brings, " brings them.") if brings else ("No cohort of the plan holds an assay of it.",)
    first = cases[0]
    head = f"{first.cohort.title} ({first.endpoint}), {assay_of(first)}"
    if not first.prognostic:
        return (f"{head}: {first.problem}",)
    row = first.interaction.ratio if first.interaction else first.prognostic[-1]
    more = f"; {len(cases) - 1} more {'cohort' if len(cases) == 2 else 'cohorts'}" if len(cases) > 1 else ""
    return (f"{head}: {count(row.n)} patients, {count(row.events)} events{more}.",)


def _published(one: Weighed) -> Iterator[Text]:
    """Name what trials printed beyond the ratios drawn, and count the clinical studies by what they report."""
    if not one.is_published:
        yield (f"{capital(NO_EVIDENCE)}.",)
        return
    trials = {row.trial or row.study for row in (*one.interactions, *one.tests, *one.without_number)}
    alone = [row for row in one.tests if all(row.study != other.study for other in one.interactions)]
    if not trials:
        yield ("No interaction of a randomised trial was read.",)
    else:
        n = len(trials)
        parts: list[Inline] = [f"{n} randomised {'trial reports' if n == 1 else 'trials report'} on the interaction"]
        for row in alone:
            parts += [f"; {row.label} ({row.endpoint}) prints ", p_of(row), " alone"]
        told = f"; {one.words_counted}" if one.words_counted else ""
        yield (*parts, f"{told}.")
    yield (f"By direction: {one.vote_line}" if one.counted else one.vote_line,)


def _more(one: Weighed, cases: Sequence[Case], pools: Sequence[PoolAnswer]) -> Iterator[Text]:
    """Write what a reader opens: the claim in full, the verdict's sentence, outcome, other cohorts, pools, why."""
    if one.claim is not None:
        yield (f"Claim: “{one.claim.statement}”",)
    if cases:
        yield from _first(cases[0])
        yield from _others(cases)
        if sides := two_sides(cases):
            yield sides
    yield from _trials(one)
    if one.words_alone:
        yield (one.words_alone,)
    yield from _pooled(pools)
    yield (one.vote_words,)
    yield (f"Certainty for: {one.certainty}, of none: {one.of_none}: {one.reason}.",)


def _first(case: Case) -> Iterator[Text]:
    """Tell the first cohort's verdict, and what the marker says of outcome among the treated."""
    head = f"{case.cohort.title}, {case.endpoint}: "
    if case.verdict is not None:
        yield (f"{head}{sentence(case.verdict)}",)
    if not case.prognostic:
        return
    row = case.prognostic[-1]
    side = side_of(row)
    among = "all patients" if case.asked.treatment == "any" else "the treated"
    what = row.contrast if row.is_number else "altered against unaltered"
    yield f"{head}HR among {among}, {what}, ", estimate(row), f" ({side})." if side else "."


def _others(cases: Sequence[Case]) -> Iterator[Text]:
    """Name the next cohorts in a line, and how many more the marker's section has."""
    if len(cases) < 2:
        return
    shown = [case for case in cases[1:] if case.prognostic and case.asked.role != "sensitivity"][:_MOST_OTHERS]
    parts: list[Inline] = []
    for case in shown:
        background = ", no therapy recorded" if case.asked.treatment == "any" else ""
        parts.append(f"{'; ' if parts else ''}{case.cohort.title} ({case.endpoint}{background}) ")
        if case.interaction is not None and not case.interaction.ratio.flagged(_FEW):
            parts += ["ratio of HRs ", estimate(case.interaction.ratio), ", "]
        side = side_of(case.prognostic[-1])
        whose = if_altered(case.prognostic[-1])
        parts += [f"HR {whose} ", estimate(case.prognostic[-1]), f" ({side})" if side else ""]
    if more := len(cases) - 1 - len(shown):
        parts += ["; " if parts else "", Link(f"{more}\N{NO-BREAK SPACE}more", section_key(cases[0].marker))]
    yield ("Also: ", *parts, ".")


def _trials(one: Weighed) -> Iterator[Text]:
    """Name each randomised trial once: its ratio, and the P it printed where it printed one."""
    out: list[Inline] = []
    printed = {(row.study, row.endpoint): row for row in one.tests}
    for row in one.interactions:
        out += [", " if out else "", f"{row.label} ({row.endpoint}) ", estimate(row)]
        if (test := printed.pop((row.study, row.endpoint), None)) is not None:
            out += [", printed ", p_of(test)]
    for row in printed.values():
        out += [", " if out else "", f"{row.label} ({row.endpoint}) ", p_of(row)]
    if out:
        yield ("Ratio of HRs in randomised trials: ", *out, ".")


def _pooled(answers: Sequence[PoolAnswer]) -> Iterator[Text]:
    """Tell the pooled effects, of the estimand that speaks of treatment first."""
    found = [a for a in answers if a.main is not None and a.main.k >= _LEAST_POOLED]
    for answer in sorted(found, key=lambda one: one.asked.estimand != "interaction")[:_MOST_POOLED]:
        if answer.main is None:
            continue
        what = "ratio of HRs" if answer.asked.estimand == "interaction" else "HR among the treated if altered"
        named = _POOLED_BY.get(answer.asked.name, answer.asked.name)
        how = f"{named}, " if named else ""
        yield (
            f"Pooled, {how}{answer.asked.taken_as}, {answer.main.k} studies: {what} ",
            estimate(answer.main.to_effect()),
            ".",
        )
