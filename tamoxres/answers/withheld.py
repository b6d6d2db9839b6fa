"""An answer of a cohort whose small counts must not be published: told without them, or refused.

Conventions: a question is refused where a group of it holds 1 to min_cell - 1 patients, events, or patients without an
event, for an estimate's standard error tells nearly as much as the count. Otherwise its rows stand, without how many
were left out; its flow is coarsened (`Flow.coarsened`). What two questions tell by their difference is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ..cohort import Cohort
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..vocabulary import CONTRADICTED, UNDATED

if TYPE_CHECKING:
    from .answer import Answer

__all__ = ["quiet", "withhold"]

_MARK = "*"


@contextmanager
def quiet(cohort: Cohort) -> Iterator[None]:
    """Keep the counts out of a refusal where the cohort declares `min_cell`: they name whoever is left.

    Raises
    ------
    AnalysisError
        In the place of any other, without its numbers.
    """
    try:
        yield
    except AnalysisError:
        if cohort.min_cell <= 1:
            raise
        raise AnalysisError(
            f"{cohort.name}: this question cannot be answered where min_cell = {cohort.min_cell}: its groups are too "
            "small to publish, or its model cannot be estimated. The reason is withheld, as it may tell a small count.",
            mend="Ask of more patients, of longer follow-up, or adjust for fewer.",
        ) from None


def withhold(found: Answer) -> Answer:
    """Return an answer as it may be published; as it is where its cohort declares no `min_cell`.

    Parameters
    ----------
    found : Answer

    Raises
    ------
    AnalysisError
        If a group of patients, events, or patients without an event is smaller than `min_cell`, naming none.
    """
    least = found.cohort.min_cell
    if least <= 1:
        return found
    if any(0 < count < least for count in _counts(found)):
        raise AnalysisError("A group is smaller than min_cell.")  # `quiet` says it
    flow = found.flow.coarsened(least)
    return replace(found, rows=tuple(map(_told, found.rows)), flow=flow, bounds=())


def _counts(found: Answer) -> Iterator[int]:
    """Yield what the answer counts: in each row in all and by group, and in the four groups of an interaction."""
    pairs = [
        pair for row in found.rows
        for pair in ((row.n, row.events), (row.n_1, row.events_1), (row.n_0, row.events_0))
    ]  # fmt: skip
    if found.interaction is not None:
        groups = found.interaction.evidence.groups
        pairs += zip(groups.patients, groups.events, strict=True)
    pairs += [(found.flow.steps[-1].patients, found.flow.steps[-1].events)]
    for patients, events in pairs:
        if patients is not None:
            yield patients
        if events is not None:
            yield events
        if patients is not None and events is not None:
            yield patients - events


def _told(row: EffectEstimate) -> EffectEstimate:
    counts = {UNDATED, CONTRADICTED}  # what carries a number
    flags = tuple(f"{code}:{_MARK}" if (code := flag.partition(":")[0]) in counts else flag for flag in row.flags)
    return replace(row, left_out=None, flags=flags)
