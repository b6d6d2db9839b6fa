"""The grammar of a plan, made from the classes that read it."""

from __future__ import annotations

from ..files.grammar import GrammarTable, keys_of
from .look import Look
from .plan import BenchmarkPlan, CohortFile, MarkerPlan, Plan, PoolPlan, Silent

__all__ = ["PLAN_TITLE", "plan_grammar"]

PLAN_TITLE = (
    "A plan is a TOML file that says what a report asks. [[markers]] must stand at least once; all else may be left "
    "out. `tamoxres init-plan COHORT -o plan.toml` writes a first one."
)
_TABLES = (
    ("[[markers]]", MarkerPlan, "Markers asked of one cohort; once for each cohort."),
    ("[[cohorts]]", CohortFile, "A file of your own, so that the other tables can ask it by name."),
    ("[[benchmarks]]", BenchmarkPlan, "A treatment effect whose answer is known."),
    ("[[pools]]", PoolPlan, "Which effects of a marker are pooled, and which endpoints are taken as one."),
    ("[[silent]]", Silent, "Cohorts that are not asked, and why."),
    ("[look]", Look, "Sections, language of numbers, journal, logo and footer."),
)


def plan_grammar() -> tuple[GrammarTable, ...]:
    """Return the tables of a plan with their keys."""
    inner = ("markers", "benchmarks", "pools", "silent", "cohorts", "look")
    top = GrammarTable(header="", about="Before any table:", keys=keys_of(Plan, without=inner))
    return (top, *(GrammarTable(header=head, about=about, keys=keys_of(cls)) for head, cls, about in _TABLES))
