"""Where a cohort declares min_cell: what it is, and the refusal of outputs that cannot withhold small counts."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..cohort import Cohort
from ..errors import DataError, QuestionError

__all__ = ["declared_min_cell", "refuse_negative", "refuse_small_cells", "with_min_cell"]


def with_min_cell(cohort: Cohort, min_cell: int | None) -> Cohort:
    """Return the cohort with a `min_cell` in the place of its own; as it is where None is given.

    Raises
    ------
    QuestionError
        If it is negative.
    """
    if min_cell is None:
        return cohort
    refuse_negative(min_cell)
    return replace(cohort, min_cell=min_cell)


def refuse_small_cells(cohort: Cohort, what: str) -> Cohort:
    """Return the cohort, or refuse an output that would show small counts of it.

    Parameters
    ----------
    cohort : Cohort
    what : str
        The output, such as `The report`.

    Raises
    ------
    QuestionError
        If the cohort declares `min_cell`.
    """
    if cohort.min_cell > 1:
        raise QuestionError(
            f"{cohort.name} declares min_cell = {cohort.min_cell}, and {what} does not withhold small counts.",
            mend="Use tamoxres effect, check, report or explore, which do.",
        )
    return cohort


def declared_min_cell(what: Any, mapping: str | Path | MappingType[str, Any] | None) -> int:
    """Return the `min_cell` of a cohort or of a mapping; 0 where there is none, or the mapping cannot be read."""
    from .mapping import read_mapping

    if isinstance(what, Cohort):
        return what.min_cell
    try:
        return 0 if mapping is None else read_mapping(mapping).min_cell
    except DataError:
        return 0


def refuse_negative(min_cell: int) -> None:
    """Refuse a `min_cell` below 0."""
    if min_cell < 0:
        raise QuestionError(f"min_cell is {min_cell}; it is a whole number of 0 or more, 0 to show all.")
