"""Patients: who was in, who left and why, and who they are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...analysis import AnalysisSet
from ...cohort import Cohort
from ...cohorts.catalogue import ENTRIES, title_of
from ...figures.flow_diagram import flow_diagram
from ...models.interaction import InteractionResult
from ...tables.baseline import baseline_table
from ...tables.flow import flow_table
from ...tables.hazards import term_label
from ...wording import count, number
from ..detail import Detail
from ..gather import Case, Findings
from ..on_disk import Absent
from ..page import Block, Bullets, Code, Figure, Paragraph, Part, Section, TableBlock, Text
from .words import joined, marker_name, named, patient_count, setting_of

__all__ = ["marker_patients", "patients"]

_DRUG = {
    "tamoxifen_confirmed": "endocrine therapy was tamoxifen",
    "mixed_by_name": "endocrine therapy is named and mixed",
    "endocrine_unspecified": "endocrine therapy is recorded without the name of the drug",
}
_DESIGN = {
    "randomised": "treatment was randomised",
    "partly_randomised": "treatment was randomised in part, and who was is not in the file",
    "observational": "treatment was chosen, not randomised",
    "mixed": "treatment was randomised in some and chosen in others",
}


def patients(findings: Findings) -> Section:
    """Write who the patients are, cohort by cohort: flow and both arms of the first marker asked for."""
    items = [_item(cohort) for cohort in findings.cohorts]
    blocks: list[Block] = [Bullets(tuple((item,) for item in items))]
    silent = findings.plan.silent
    others = [_absent(told) for told in findings.absent]
    others += [(f"{joined([title_of(name) for name in one.cohorts])}: not asked. {one.why}",) for one in silent]
    if others:
        blocks.append(Paragraph.of("Cohorts of the plan that are not here, and those that cannot speak:"))
        blocks.append(Bullets(tuple(others)))
    first = {case.cohort.name: case for case in reversed(findings.leading())}
    for name, case in reversed(first.items()):
        if of := tuple(_cohort(case)):
            blocks.append(Part(f"patients-{'-'.join(name.split())}", case.cohort.title, of, folded=True))
    return Section("patients", "Patients", tuple(blocks), "How it was done")


def _absent(one: Absent) -> Text:
    """Say in a line what a cohort would add, and what brings it."""
    about = f"{title_of(one.cohort)}: {ENTRIES[one.cohort].about}" if one.cohort in ENTRIES else one.cohort
    if not one.fetch:
        return (f"{about}. {one.why}",)
    return f"{about}. Not on disk; ", Code(f"tamoxres fetch {one.fetch}"), " brings it."


def _item(cohort: Cohort) -> str:
    """Say how many patients a cohort has, how they were treated, and what of it may not be told."""
    told = f"{cohort.title}: {patient_count(cohort)} patients; {_treated(cohort)}."
    least = cohort.min_cell
    if least <= 1:
        return told
    return (
        f"{told} It declares min_cell = {least}: counts below {least} are not told, nor what reveals them. All others "
        f"are rounded to the nearest {2 * least}, of two groups one is counted, curves step where {least} events have "
        "come, and rates, risks, the variations, the robustness panel and tables by marker are left out."
    )


def _treated(cohort: Cohort) -> str:
    if "endocrine" not in cohort.patients:
        return "no therapy is recorded"
    return f"{_DRUG[cohort.treatment_specificity]}; {_DESIGN[cohort.design]}"


def _cohort(case: Case) -> Iterator[Block]:
    name, title = case.cohort.name, f"{case.cohort.title}, {case.endpoint}"
    if case.detail is not None:
        flow = case.detail.adjusted.flow
        steps = "; ".join(f"{step.name}: {count(step.patients)} patients, {count(step.events)} events" for step in flow)
        drawn = partial(flow_diagram, flow, width="double")
        yield Figure(f"flow-{name}", drawn, (f"Patient flow: {title}, the treated.",), f"Flow diagram. {steps}.")
        if (follow := case.detail.follow_up) is not None:
            low, high = number(follow.ci_low / 12, 1), number(follow.ci_high / 12, 1)
            years = number(follow.median / 12, 1)
            yield Paragraph.of(f"{title}: median follow-up of the treated {years} years ({low} to {high}).")
    if case.interaction is not None:
        yield from _arms(case, case.interaction, title)
    elif case.analysis is not None and case.detail is None:
        yield from _one_arm(case, case.analysis, title)


def _arms(case: Case, found: InteractionResult, title: str) -> Iterator[Block]:
    """Write flow and baseline table of both arms."""
    name, least = case.cohort.name, case.cohort.min_cell
    flow = case.flow or found.model.analysis.flow
    yield TableBlock(f"flow-{name}-arms", flow_table(flow, title=f"Patient flow: {title}, both arms"))
    frame = (found.crude or found).model.analysis.frame
    by = f"Patients with and without endocrine therapy: {case.cohort.title}"
    note = "Where treated and untreated patients differ, their crude comparison is confounded."
    table = baseline_table(frame, "treatment", title=by, min_cell=least, rounded=least > 1).with_footnotes(note)
    yield TableBlock(f"baseline-{name}-arms", table)


def _one_arm(case: Case, analysis: AnalysisSet, title: str) -> Iterator[Block]:
    """Write flow and baseline table of a cohort without a comparison."""
    name, least = case.cohort.name, case.cohort.min_cell
    who = "all patients" if case.asked.treatment == "any" else "the treated"
    yield TableBlock(f"flow-{name}", flow_table(analysis.flow, title=f"Patient flow: {title}, {who}"))
    by = f"{case.cohort.title}, {who}, by {marker_name(case.marker)}"
    if analysis.uncut is None:
        yield TableBlock(
            f"baseline-{name}", baseline_table(analysis.frame, "marker", title=by, min_cell=least, rounded=least > 1)
        )


def marker_patients(case: Case, detail: Detail) -> Iterator[Block]:
    """Write who was treated, by marker: flow and baseline table.

    Without the table where the cohort declares `min_cell`: beside the one of both arms it would tell counts by their
    difference.
    """
    name, where = f"{case.cohort.name}-{case.marker.lower()}", setting_of(case)
    flow = detail.adjusted.flow
    yield TableBlock(f"flow-{name}", flow_table(flow, title=f"Patient flow: {where}, the treated"))
    if case.cohort.min_cell > 1:
        return
    label = term_label("marker", named(detail.crude.effect))
    by = f"Patients on endocrine therapy, by {label}: {case.cohort.title}"
    if not detail.crude.by_number:
        yield TableBlock(f"baseline-{name}", baseline_table(detail.crude.frame, "marker", title=by))
