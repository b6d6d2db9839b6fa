"""What the commands that take a cohort and a question share: their arguments, the patients, how a result is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import QuestionError
from ..vocabulary import Receptor
from . import show
from .options import Format, split

if TYPE_CHECKING:
    from ..analysis import AnalysisSet

__all__ = ["Cohort", "Endpoint", "Er", "Resamples", "Rule", "Where", "months_of", "patients_of", "tell_result"]

Cohort = Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")]
Endpoint = Annotated[str, typer.Option(help="A STEEP code: OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI.")]
Er = Annotated[Receptor, typer.Option(help="Oestrogen receptor.")]
Rule = Annotated[str | None, typer.Option(help="Rule that calls the marker; else the cohort's default.")]
Where = Annotated[list[str] | None, typer.Option(help="Restriction, as 'nodes >= 1'; repeatable.")]
Resamples = Annotated[int, typer.Option("-m", "--resamples", help="Bootstrap resamples; 0 for none.")]


def patients_of(
    cohort: str,
    marker: str | None,
    rule: str | None,
    mapping: Path | None,
    data_dir: Path | None,
    also: str | None = None,
    **choices: Any,
) -> AnalysisSet:
    """Load a cohort, call the marker (by another rule `also`, where one is named), and select both arms."""
    from ..analysis import select
    from ..cohorts.catalogue import load
    from ..cohorts.withheld import refuse_small_cells
    from ..markers.calling import call

    loaded = refuse_small_cells(load(cohort, mapping=mapping, data_dir=data_dir), "this command")
    if marker is None:
        return select(loaded, treatment="any", **choices)
    loaded = loaded if also is None else call(loaded, marker, rule=also)
    called = call(loaded, marker, rule=rule)
    return select(called, marker=called.markers[-1].marker, treatment="any", **choices)


def months_of(text: str) -> tuple[float, ...]:
    """Read months, comma-separated."""
    try:
        return tuple(float(part) for part in split(text))
    except ValueError:
        raise QuestionError(f"Months are numbers with commas between, as 60,120; found {text!r}.") from None


def tell_result(found: Any, format_: Format, output: Path | None, title: str) -> None:
    """Show a result's table and its notes, or write its rows."""
    if format_ != "table" or output is not None:
        show.effects(found.effects, format_, output, title=title)
        return
    made = found.table()
    show.table(made.to_frame(), made.title)
    for note in made.footnotes:
        show.say(f"- {note}")
