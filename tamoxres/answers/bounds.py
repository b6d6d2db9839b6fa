"""Bounds for events without a date: the same question with all of them on the earliest, and on the latest, date.

Conventions: the earliest date is half a day after time zero, the latest the longest follow-up of the cohort by that
endpoint. Who is censored without a usable time is put there too. The truth lies between only where no single date moves
the estimate the other way; the bounds are a range of what the lost events could do, no interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..codebook import DAYS_PER_MONTH
from ..cohort import Cohort
from ..effects import EffectEstimate
from ..endpoints import Endpoint
from ..errors import AnalysisError
from ..wording.rows import bounds_words

__all__ = ["SHARE", "bounded", "dated"]

SHARE = 0.05  # of the patients: above it the bounds are given
_EARLIEST = 0.5 / DAYS_PER_MONTH


def dated(cohort: Cohort, end: Endpoint, months: float) -> Cohort:
    """Return the cohort with everybody whose event has no usable time by an endpoint put at one time."""
    lost = cohort.undated_events[end.code]
    patients = cohort.patients.copy()
    patients.loc[lost.index, end.months] = months
    patients.loc[lost.index, end.event] = lost
    others = {code: events for code, events in cohort.undated_events.items() if code != end.code}
    return replace(cohort, patients=patients, undated_events=others)


def bounded(
    rows: tuple[EffectEstimate, ...], cohort: Cohort, end: Endpoint,
    ask: Callable[[Cohort], tuple[EffectEstimate, ...]],
) -> tuple[tuple[EffectEstimate, ...], tuple[EffectEstimate, ...]]:  # fmt: skip
    """Ask again with the undated on the earliest and the latest date.

    Parameters
    ----------
    rows : tuple of EffectEstimate
        The answer.
    cohort : Cohort
    end : Endpoint
    ask : callable (cohort) -> rows
        The same question.

    Returns
    -------
    rows : tuple of EffectEstimate
        The answer, each row with a remark that gives the two.
    bounds : tuple of EffectEstimate
        For each row the earliest, then the latest; nothing where they cannot be estimated.
    """
    latest = float(cohort.patients[end.months].max())
    try:
        early, late = (ask(dated(cohort, end, months)) for months in (_EARLIEST, latest))
    except AnalysisError:
        return rows, ()
    pairs = list(zip(rows, early, late, strict=True))
    told = tuple(
        replace(row, remark=" ".join(part for part in (row.remark, bounds_words(_fields(one), _fields(other))) if part))
        for row, one, other in pairs
    )
    return told, tuple(bound for _, one, other in pairs for bound in (one, other))


def _fields(row: EffectEstimate) -> tuple[bool, float | None, float | None, float | None]:
    return (row.is_ratio, row.estimate, *row.ci())
