"""Curves of a marker: among the treated, endpoint by endpoint, and in both arms side by side, each with its ratio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ...analysis import AnalysisSet
from ...curves import Curves
from ...effects import EffectEstimate
from ...figures.style import Width
from ...figures.survival import survival_plot
from ...figures.survival_panels import survival_panels
from ...models.risk_difference import risk_curves
from ...tables.hazards import term_label
from ...treatment import TREATED, UNTREATED
from ...wording import percent
from ..detail import Detail, tried
from ..gather import Case
from ..page import Figure, Inline, estimate, p_of
from .numbers import along_the_number
from .words import endpoint_name, joined, marker_name, named, setting_of

__all__ = ["crossed_curves", "marker_curves"]

_TEN_YEARS = 120.0  # months


def marker_curves(case: Case, detail: Detail, name: str) -> Iterator[Figure]:
    """Draw the treated by marker: the endpoint first, then overall survival, each with its crude hazard ratio."""
    if detail.bent is not None:
        yield along_the_number(case, detail.bent, name)
    for curves, crude in zip(detail.curves, detail.crude_hazards, strict=True):
        drawn = partial(survival_plot, curves, effect=crude, width="double")
        caption: list[Inline] = [
            f"{_kind(curves)}, {endpoint_name(curves.endpoint)}, by {term_label('marker', named(crude))}: "
            f"{case.cohort.title}, {curves.population}. Crude hazard ratio ",
            estimate(crude),
            ". Bands: 95% intervals; numbers at risk under the axis.",
        ]
        key = f"curves-{name}-{curves.endpoint.lower()}"
        shown = f"HR {estimate(crude).text}"
        alt = f"{_told(curves, case)} Crude {shown}."
        yield Figure(key, drawn, tuple(caption), alt, curves, effect=shown)


def crossed_curves(case: Case, name: str) -> Iterator[Figure]:
    """Draw both arms side by side, each by marker, with the marker's hazard ratio in that arm."""
    found = case.interaction
    if found is None or found.model.analysis.uncut is not None:
        return
    analysis = found.model.analysis
    arms = {"Untreated": (UNTREATED, found.marker_untreated), "Treated": (TREATED, found.marker_treated)}
    panels = {}
    for title, (arm, _) in arms.items():
        inside = (analysis.frame["treatment"] == arm).to_numpy()
        alone = analysis.without(inside, name=title, why="")
        if (curves := tried(partial(_coarse, alone, case.cohort.min_cell))) is None:
            return
        own = tuple(curve for curve in curves if curve.cause in ("", curves.endpoint))
        panels[title] = replace(curves, curves=own)
    effects = [effect for _, effect in arms.values()]
    marker = marker_name(case.marker)
    caption: tuple[Inline, ...] = (
        f"{setting_of(case)}: {_kind(panels['Treated']).lower()} by {marker}, without and with endocrine therapy, "
        "crude curves. HR: altered against unaltered in each arm, of the interaction model. Ratio of HRs ",
        estimate(found.judged), ", ", p_of(found.judged), ".",
    )  # fmt: skip
    told = " ".join(f"{title}: {_told(curves, case)}" for title, curves in panels.items())
    yield Figure(
        f"arms-{name}", partial(_two_panels, panels, effects, "double"), caption,
        f"{told} Ratio of HRs {estimate(found.judged).text}.", narrow=partial(_two_panels, panels, effects, "phone"),
    )  # fmt: skip


def _coarse(analysis: AnalysisSet, min_cell: int) -> Curves:
    return risk_curves(analysis).coarsened(min_cell)


def _two_panels(panels: Mapping[str, Curves], effects: Sequence[EffectEstimate], width: Width) -> Any:
    return survival_panels(panels, effects=effects, width=width)[0]


def _kind(curves: Curves) -> str:
    return "Cumulative incidence" if curves.curves[0].kind == "incidence" else "Survival"


def _told(curves: Curves, case: Case) -> str:
    """Say where the curves stand at ten years, or at the end of the shortest."""
    first = [curve for curve in curves if curve.cause in ("", curves.endpoint)]
    months = min([_TEN_YEARS, *(float(curve.time[-1]) for curve in first if curve.time.size)])
    at = [(curve.group, float(curve.step("estimate", [months])[0])) for curve in first]
    told = joined([f"{percent(value)} when {group}" for group, value in at])
    years = f"{months / 12:.0f} years" if months >= 24 else f"{months:.0f} months"
    return f"{_kind(curves)} of {curves.endpoint} by {marker_name(case.marker)}; at {years} {told}."
