"""A marker that enters as a number: its hazard ratio along the number, and what its tables' heads say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...analysis.uncut import VALUE
from ...figures.hazard_curve import hazard_curve
from ...models.splines import SplineFit
from ...wording import p_value
from ...wording.rows import per_words
from ..gather import Case
from ..page import Figure, estimate
from .words import endpoint_name, setting_of

__all__ = ["along_the_number", "head_of", "patients_of"]


def along_the_number(case: Case, bent: SplineFit, name: str) -> Figure:
    """Draw the hazard ratio along a marker's number, and test whether a straight line will do."""
    analysis = bent.model.analysis
    what = bent.linear.variable
    unit = analysis.uncut.unit if analysis.uncut is not None else ""
    drawn = partial(
        hazard_curve, bent.curve(), analysis.frame[VALUE], reference=bent.reference,
        label=f"{what} ({unit})" if unit else what, width="middle",
    )  # fmt: skip
    straight = p_value(bent.nonlinear_p, label=True)
    caption = (
        f"Hazard ratio of {endpoint_name(case.endpoint)} along {what}, adjusted, among the treated: "
        f"{setting_of(case)}. {bent.linear.contrast}: ",
        estimate(bent.linear),
        f"; against a straight line {straight}.",
    )
    return Figure(f"along-{name}", drawn, caption, f"Curve of the hazard ratio along {what}; {straight}.")


def head_of(cases: Sequence[Case]) -> str:
    """Head a column of a marker's hazard ratios: if altered, or per what."""
    scales = {case.asked.scale for case in cases}
    if scales == {"binary"}:
        return "HR if altered"
    return f"HR {per_words(scales.pop(), '')}" if len(scales) == 1 else "HR"


def patients_of(cases: Sequence[Case]) -> str:
    """Head a column of patients: a number has none that are altered."""
    return "Altered/treated" if any(case.asked.scale == "binary" for case in cases) else "Treated"
