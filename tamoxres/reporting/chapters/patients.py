"""Patients: who was in, who left and why, and who they are."""

from __future__ import annotations

from collections.abc import Iterator

from ...figures.flow_diagram import flow_diagram
from ...tables.baseline import baseline_table
from ...tables.flow import flow_table
from ...tables.hazards import term_label
from ...wording import number
from ..gather import Case, Detail, Findings
from ..page import Block, Figure, Paragraph, Section, TableBlock
from .words import marker_name

__all__ = ["patients"]

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
    """Write who the patients are, cohort by cohort."""
    blocks: list[Block] = []
    for cohort in findings.cohorts:
        about = (
            f"{cohort.title}: {cohort.n:,} patients; {_DRUG[cohort.treatment_specificity]}; {_DESIGN[cohort.design]}."
        )
        blocks.append(Paragraph.of(about))
    for case in findings.leading():
        blocks += _of(case)
    return Section("patients", "Patients", tuple(blocks))


def _of(case: Case) -> Iterator[Block]:
    name, title = f"{case.cohort.name}-{case.marker.lower()}", f"{marker_name(case.marker)} in {case.cohort.title}"
    if case.detail is not None:
        yield from _treated(case, case.detail, name, title)
    if case.interaction is not None:
        flow = case.interaction.model.analysis.flow
        arms = f"Patient flow: {title}, both arms ({case.endpoint})"
        yield TableBlock(f"flow-{name}-both", flow_table(flow, title=arms))
        frame = (case.interaction.crude or case.interaction).model.analysis.frame
        by = f"Patients with and without endocrine therapy: {case.cohort.title}"
        note = "Where treated and untreated patients differ, their crude comparison is confounded."
        table = baseline_table(frame, "treatment", title=by).with_footnotes(note)
        yield TableBlock(f"baseline-{name}-treatment", table)


def _treated(case: Case, detail: Detail, name: str, title: str) -> Iterator[Block]:
    flow = detail.adjusted.analysis.flow
    about = f"Patient flow: {title}, the treated ({case.endpoint})"
    steps = "; ".join(f"{step.name}: {step.patients:,} patients, {step.events:,} events" for step in flow)
    yield Figure(f"flow-{name}", flow_diagram(flow, width="double"), (f"{about}.",), f"Flow diagram. {steps}.")
    yield TableBlock(f"flow-{name}-treated", flow_table(flow, title=about))
    if (follow := detail.follow_up) is not None:
        low, high = number(follow.conf_low / 12, 1), number(follow.conf_high / 12, 1)
        yield Paragraph.of(f"Median follow-up of the treated: {number(follow.median / 12, 1)} years ({low} to {high}).")
    label = term_label("marker", detail.crude.effect)
    by = f"Patients on endocrine therapy, by {label}: {case.cohort.title}"
    yield TableBlock(f"baseline-{name}-marker", baseline_table(detail.crude.analysis.frame, "marker", title=by))
