"""An answer of a cohort whose small counts must not be published: told without them, or refused.

Conventions: a question is refused where a group of it holds 1 to min_cell - 1 patients, events, or patients without an
event, for an estimate's standard error tells nearly as much as the count. Otherwise its rows stand; their counts are
rounded (`coarse_count`), so that two rows, or two answers, do not tell by their difference how many patients are in one
alone. Of what adds up one part is not told: of two groups the second, of an interaction's groups the untreated and the
unaltered. Flows and curves are coarsened (`Flow.coarsened`, `Curve.coarsened`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..cohort import Cohort
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import TOO_FEW, Verdict
from ..models.interaction import InteractionResult
from ..tables.effects import EffectRows
from ..vocabulary import CONTRADICTED, UNDATED
from ..wording import coarse_count

if TYPE_CHECKING:
    from .answer import Answer

__all__ = ["quiet", "told_row", "told_rows", "withhold"]

_MARK = "*"
_ROUNDED = "counts_rounded"
_COUNTS = ("n", "events", "n_1", "events_1")
_NOT_TOLD: dict[str, Any] = {"n_0": None, "events_0": None, "person_years": None, "left_out": None}
_NO_COUNTS: dict[str, Any] = dict.fromkeys((*_COUNTS, *_NOT_TOLD))


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
    too_few = found.verdict is not None and found.verdict.finding == TOO_FEW  # its sentence names the events
    if too_few or any(0 < count < least for count in _counts(found)):
        raise AnalysisError("A group is smaller than min_cell.")  # `quiet` says it
    return replace(
        found, rows=tuple(told_row(row, least) for row in found.rows), flow=found.flow.coarsened(least), bounds=(),
        interaction=None if found.interaction is None else _interaction(found.interaction, least),
        verdict=None if found.verdict is None else _verdict(found.verdict, least),
    )  # fmt: skip


def _counts(found: Answer) -> Iterator[int]:
    """Yield what the answer counts: in each row in all and by group, and in the four groups of an interaction."""
    pairs = [pair for row in found.rows for pair in _pairs(row)]
    if found.interaction is not None:
        groups = found.interaction.evidence.groups
        pairs += zip(groups.patients, groups.events, strict=True)
    pairs += [(found.flow.steps[-1].patients, found.flow.steps[-1].events)]
    for patients, events in pairs:
        yield from _each(patients, events)


def _pairs(row: EffectEstimate) -> list[tuple[int | None, int | None]]:
    return [(row.n, row.events), (row.n_1, row.events_1), (row.n_0, row.events_0)]


def _each(patients: int | None, events: int | None) -> Iterator[int]:
    """Yield patients, events, and patients without an event, as far as they are known."""
    if patients is not None:
        yield patients
    if events is not None:
        yield events
    if patients is not None and events is not None:
        yield patients - events


def told_row(row: EffectEstimate, min_cell: int, *, counts: bool = True) -> EffectEstimate:
    """Return a row with rounded counts, and none of those that would add up; as it is without a `min_cell`.

    Parameters
    ----------
    row : EffectEstimate
    min_cell : int
    counts : bool
        Whether the row tells any count.
    """
    if min_cell <= 1:
        return row
    counted = {UNDATED, CONTRADICTED}  # what carries a number
    flags = tuple(f"{code}:{_MARK}" if (code := flag.partition(":")[0]) in counted else flag for flag in row.flags)
    if not counts or row.marker_level == "unaltered" or row.treatment_1 == "none":
        return replace(row, **_NO_COUNTS, flags=flags)
    told: dict[str, Any] = {name: coarse_count(getattr(row, name), min_cell) for name in _COUNTS}
    return replace(row, **_NOT_TOLD, **told, flags=tuple(dict.fromkeys((*flags, f"{_ROUNDED}:{2 * min_cell}"))))


def told_rows(rows: Iterable[EffectEstimate], min_cell: int, *, counts: bool = True) -> EffectRows:
    """Return the rows that may be published (`told_row`); those with a group that is too small are left out."""
    kept = [
        row for row in rows if min_cell <= 1 or not any(0 < n < min_cell for pair in _pairs(row) for n in _each(*pair))
    ]
    return EffectRows([told_row(row, min_cell, counts=counts) for row in kept])


def _interaction(found: InteractionResult, least: int) -> InteractionResult:
    evidence = found.evidence
    rows = ("ratio", "marker_treated", "marker_untreated", "treatment_altered", "treatment_unaltered")
    told: dict[str, Any] = {name: told_row(getattr(found, name), least) for name in rows}
    stands: dict[str, Any] = {name: told_row(getattr(evidence, name), least) for name in _RESTS_ON}
    return replace(
        found, **told, evidence=replace(evidence, **stands), verdict=_verdict(found.verdict, least),
        crude=None if found.crude is None else _interaction(found.crude, least),
        penalised=None if found.penalised is None else told_row(found.penalised, least),
    )  # fmt: skip


_RESTS_ON = ("ratio", "prognostic", "altered", "unaltered")


def _verdict(verdict: Verdict, least: int) -> Verdict:
    rows = {name: row for name in _RESTS_ON if (row := getattr(verdict, name)) is not None}
    told: dict[str, Any] = {name: told_row(row, least) for name, row in rows.items()}
    return replace(verdict, **told)
