"""The cohorts of a plan that are on disk: those of the catalogue, and files of the user's own with their mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..cohort import Cohort
from ..cohorts.catalogue import load
from ..cohorts.withheld import with_min_cell
from ..errors import NotOnDisk, QuestionError
from .plan import CohortFile, Plan

__all__ = ["Absent", "load_cohorts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A cohort of the plan that is not on disk, the name by which it is fetched (or empty), and the error in words."""

    cohort: str
    fetch: str
    why: str


def load_cohorts(
    names: Iterable[str], plan: Plan, data_dir: str | Path | None, held: Mapping[str, Cohort] | None = None
) -> tuple[dict[str, Cohort], list[Absent]]:
    """Load the cohorts that are on disk, or take those that are held; of the others keep what would bring them.

    A plan's `min_cell` stands in the place of the cohorts' own.
    """
    own = {one.name: one for one in plan.cohorts}
    cohorts: dict[str, Cohort] = dict(held or {})
    absent = []
    for name in names:
        if name in cohorts:
            continue
        try:
            cohorts[name] = _own(own[name]) if name in own else load(name, data_dir=data_dir)
        except NotOnDisk as error:
            absent.append(Absent(cohort=name, fetch=error.fetch, why=str(error)))
    return {name: with_min_cell(cohort, plan.min_cell) for name, cohort in cohorts.items()}, absent


def _own(one: CohortFile) -> Cohort:
    """Load a file of the user's own, under the name that plan and mapping share."""
    cohort = load(Path(one.file), mapping=one.mapping)
    if cohort.name != one.name:
        raise QuestionError(
            f"[[cohorts]] {one.name}: its mapping {one.mapping} names it {cohort.name}. Write one name in both."
        )
    return cohort
