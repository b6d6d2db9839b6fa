"""Commands about one marker's evidence: its interactions within trials, and a page for a panel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import QuestionError
from . import show
from .evidence import Merge, OwnTables, read_rows
from .options import Format, Output

if TYPE_CHECKING:
    from ..effects import EffectEstimate
    from ..tables.table import Table

__all__ = ["interactions", "marker_page"]

Asked = Annotated[str, typer.Option("--marker", help="By any of its names, such as HER2 or ERBB2.")]
About = Annotated[str, typer.Argument(help="A marker, by any of its names.")]
OwnRows = Annotated[list[Path] | None, typer.Option("--own", help="Effect rows of your own cohorts; once for each.")]


def interactions(
    marker: Asked,
    own: OwnRows = None,
    data: OwnTables = None,
    merge: Merge = False,
    iceman: Annotated[bool, typer.Option("--iceman", help="Show ICEMAN's items too.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """List every interaction of a marker and treatment within trials, nulls too, pooled within each comparison."""
    from ..answers.interactions import interactions as gather
    from ..effects import effects_to_csv, effects_to_json

    found = gather(marker=marker, own=_rows(own), data=data, merge=merge)
    if format_ == "csv":
        show.emit(effects_to_csv(found.effects), output)
    elif format_ == "json":
        show.emit(effects_to_json(found.effects), output)
    elif output is not None:
        raise QuestionError("A table is for the terminal. Write a file with --format csv or --format json.")
    else:
        _show((found.table(), *([found.iceman()] if iceman else [])))


def marker_page(
    marker: About,
    own: OwnRows = None,
    data: OwnTables = None,
    merge: Merge = False,
    output: Output = None,
) -> None:
    """Write one page on a marker: claim, interactions within trials, certainty, prognosis and own cohorts apart."""
    from ..answers.marker_page import marker_page as make

    page = make(marker, own=_rows(own), data=data, merge=merge)
    if output is None:
        _show(page.tables)
    else:
        show.say(f"Wrote {page.save(output)}")


def _show(tables: Iterable[Table]) -> None:
    """Show tables one below the other, their footnotes under each."""
    for table in tables:
        show.table(table.to_frame(), table.title)
        for note in table.footnotes:
            show.say(note)


def _rows(files: Sequence[Path] | None) -> list[EffectEstimate]:
    return read_rows(files or ())
