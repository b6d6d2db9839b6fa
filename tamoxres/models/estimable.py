"""What a Cox model cannot estimate, refused by column, and what it can estimate from few events only, flagged."""

from __future__ import annotations

import numpy as np

from ..analysis.design import Design, parts_of
from ..errors import AnalysisError
from ..kernel.cox import CoxFit
from ..vocabulary import BoolArray

__all__ = ["refuse_empty_levels", "refuse_unestimable", "sparseness"]

_FEW_EVENTS, _EVENTS_PER_PARAMETER = 5, 10


def refuse_empty_levels(design: Design, event: BoolArray) -> None:
    """Refuse a level in which nobody has an event: its hazard ratio runs to 0 or to infinity."""
    for term in design.terms:
        if not term.levels or len(parts_of(term.name)) > 1:
            continue
        inside = design.x[:, list(term.columns)]
        patients, events = inside.sum(axis=0), event @ inside
        patients = np.append(len(inside) - patients.sum(), patients)
        events = np.append(event.sum() - events.sum(), events)
        if not events.all():
            empty = int(np.argmin(events))
            raise AnalysisError(
                f"{term.name} = {(term.reference, *term.levels)[empty]}: {int(patients[empty]):,} patients and no "
                "events, so its hazard ratio cannot be estimated.",
                mend="Leave the level out, or merge it with another.",
            )


def refuse_unestimable(design: Design, fitted: CoxFit) -> None:
    """Refuse a fit in which a coefficient has no finite estimate, naming its column."""
    for fault, why in (
        (~fitted.estimable, "is constant within the strata"),
        (fitted.separated, "separates those with an event from the others"),
    ):
        if fault.any():
            name = design.names[int(np.flatnonzero(fault)[0])]
            raise AnalysisError(f"Column {name} {why}: its hazard ratio has no finite estimate.", mend="Leave it out.")
    if not fitted.converged:
        furthest = design.names[int(np.argmax(np.abs(fitted.coefficients) * design.x.std(axis=0)))]
        raise AnalysisError(
            f"The Cox model did not converge: the hazard ratio of column {furthest} runs off.", mend="Leave it out."
        )


def sparseness(design: Design, event: BoolArray) -> tuple[str, ...]:
    """Flag few events for the parameters, and few on one side of a column of 0 and 1."""
    x, total = design.x, int(event.sum())
    flags = ["few_events_per_parameter"] if total < _EVENTS_PER_PARAMETER * x.shape[1] else []
    inside = event.astype(int) @ (x == 1)
    sparse = ((x == 0) | (x == 1)).all(axis=0) & (np.minimum(inside, total - inside) < _FEW_EVENTS)
    return (*flags, "few_events") if sparse.any() else tuple(flags)
