"""What the commands that take a cohort and a question share: their arguments, the patients, how a result is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..endpoints import endpoint as steep
from ..errors import QuestionError, shown
from ..vocabulary import Receptor
from . import show
from .options import Format, numbers_in

if TYPE_CHECKING:
    from ..analysis import AnalysisSet
    from ..cohort import Cohort as Loaded

__all__ = [
    "Cohort", "Endpoint", "Er", "Resamples", "Rule", "Where", "called_in", "cohort_of", "months_of", "patients_of",
    "tell_result",
]  # fmt: skip

Cohort = Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")]
Endpoint = Annotated[str, typer.Option(help="A STEEP code: OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI.")]
Er = Annotated[Receptor, typer.Option(help="Oestrogen receptor.")]
Rule = Annotated[str | None, typer.Option(help="Rule that calls the marker; else the cohort's default.")]
Where = Annotated[list[str] | None, typer.Option(help="Restriction, as 'nodes >= 1'; repeatable.")]
Resamples = Annotated[int, typer.Option("-m", "--resamples", help="Bootstrap resamples; 0 for none.")]


def cohort_of(cohort: str, mapping: Path | None, data_dir: Path | None) -> Loaded:
    """Load a cohort; one that declares `min_cell` is refused."""
    from ..cohorts.catalogue import load
    from ..cohorts.withheld import refuse_small_cells

    return refuse_small_cells(load(cohort, mapping=mapping, data_dir=data_dir), "this command")


def called_in(cohort: Loaded, marker: str, rule: str | None) -> tuple[Loaded, str]:
    """Call a marker, and return its name in the cohort too."""
    from ..markers.calling import call

    called = call(cohort, marker, rule=rule)
    return called, called.markers[-1].marker


def patients_of(
    cohort: str,
    marker: str | None,
    rule: str | None,
    mapping: Path | None,
    data_dir: Path | None,
    also: str | None = None,
    *,
    endpoint: str,
    er: Receptor,
    where: list[str] | None,
) -> AnalysisSet:
    """Load a cohort, call the marker (by another rule `also` too, where one is named), and select both arms."""
    from ..analysis import select

    asked = steep(endpoint)
    name, loaded = None, cohort_of(cohort, mapping, data_dir)
    if marker is not None:
        loaded = loaded if also is None else called_in(loaded, marker, also)[0]
        loaded, name = called_in(loaded, marker, rule)
    return select(loaded, endpoint=asked, marker=name, er=er, treatment="any", where=where or ())


def months_of(text: str) -> tuple[float, ...]:
    """Read months, comma-separated."""
    if (months := numbers_in(text)) is None:
        raise QuestionError(f"Months are numbers with commas between, as 60,120; found {shown(text)}.")
    return months


def tell_result(found: Any, format_: Format, output: Path | None, title: str) -> None:
    """Show a result's table and its notes, or write its rows."""
    if format_ != "table" or output is not None:
        show.effects(found.effects, format_, output, title=title)
        return
    show.listed(found.table())
