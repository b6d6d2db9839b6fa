"""Patients: who was in, who left and why, and who they are."""

from __future__ import annotations

from collections.abc import Iterator

from ...tables.baseline import baseline_table
from ...tables.flow import flow_table
from ...tables.hazards import term_label
from ...wording import number
from ..gather import Case, Findings
from ..page import Block, Paragraph, Section, TableBlock
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
        flow = case.detail.adjusted.analysis.flow
        yield TableBlock(
            f"flow-{name}-treated", flow_table(flow, title=f"Patient flow: {title}, the treated ({case.endpoint})")
        )
    if case.interaction is not None:
        flow = case.interaction.model.analysis.flow
        yield TableBlock(
            f"flow-{name}-both", flow_table(flow, title=f"Patient flow: {title}, both arms ({case.endpoint})")
        )
    if case.detail is not None:
        follow = case.detail.follow_up
        if follow is not None:
            yield Paragraph.of(
                f"Median follow-up of the treated: {number(follow.median / 12, 1)} years "
                f"({number(follow.conf_low / 12, 1)} to {number(follow.conf_high / 12, 1)})."
            )
        frame = case.detail.crude.analysis.frame
        label = term_label("marker", case.detail.crude.effect)
        yield TableBlock(
            f"baseline-{name}-marker",
            baseline_table(frame, "marker", title=f"Patients on endocrine therapy, by {label}: {case.cohort.title}"),
        )
    if case.interaction is not None:
        frame = (case.interaction.crude or case.interaction).model.analysis.frame
        yield TableBlock(
            f"baseline-{name}-treatment",
            baseline_table(
                frame, "treatment", title=f"Patients with and without endocrine therapy: {case.cohort.title}"
            ).with_footnotes("Treated and untreated patients differ: their crude comparison is confounded."),
        )
