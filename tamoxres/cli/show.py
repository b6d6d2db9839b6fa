"""What a command shows: tables and lines on a terminal, whole files, progress."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import QuestionError
from .options import Format

if TYPE_CHECKING:
    import pandas as pd

    from ..effects import EffectEstimate

__all__ = ["Progress", "downloads", "effects", "emit", "progress", "say", "table"]

Progress = Callable[[int, int, str], None]
_LINES, _SECONDS = 100, 2.0  # without a terminal: steps that are all told, and seconds between lines of more


def effects(rows: Sequence[EffectEstimate], format_: Format, output: Path | None, *, title: str) -> None:
    """Show effect rows as a table, CSV or JSON, on the terminal or in a file."""
    from ..effects import effects_to_csv, effects_to_json

    if format_ == "csv":
        emit(effects_to_csv(rows), output)
    elif format_ == "json":
        emit(effects_to_json(rows), output)
    elif output is not None:
        raise QuestionError("A table is for the terminal. Write a file with --format csv or --format json.")
    else:
        table(_shown(rows), title)


def _shown(rows: Sequence[EffectEstimate]) -> pd.DataFrame:
    import pandas as pd

    from ..wording import count, p_value

    return pd.DataFrame(
        [
            {
                "study": row.label,
                "marker": row.marker,
                "endpoint": row.endpoint,
                "estimand": row.estimand,
                "contrast": row.contrast,
                "population": row.population,
                "n": count(row.n),
                "events": count(row.events),
                "estimate (95% CI)": _estimate(row),
                "P": p_value(row.p_value, relation=row.p_relation),
            }
            for row in rows
        ]
    )


def _estimate(row: EffectEstimate) -> str:
    from ..wording import interval, number, ratio_with_interval

    if row.status != "estimated":
        return row.status.replace("_", " ")
    if not row.is_ratio:
        return f"{row.measure} {number(row.estimate)} {interval(number(row.ci()[0]), number(row.ci()[1]))}"
    measure = f"ratio of {row.measure}s" if row.estimand == "interaction" else row.measure
    return f"{measure} {ratio_with_interval(row.estimate, *row.ci())}"


def table(frame: pd.DataFrame, title: str) -> None:
    """Show a frame as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=Text(title), title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in frame.columns:
        shown.add_column(str(name), justify="right" if frame[name].dtype.kind in "if" else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        shown.add_row(
            *(
                Text("" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value))
                for value in row
            )
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(shown)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Show long work: a bar on a terminal, lines elsewhere (every two seconds if many), nothing when quiet."""
    if quiet:
        yield lambda done, total, what: None
    elif not sys.stderr.isatty():
        last = [0.0]

        def line(done: int, total: int, what: str) -> None:
            now = time.monotonic()
            if done == total or total <= _LINES or now - last[0] >= _SECONDS:
                last[0] = now
                typer.echo(f"[{done:,}/{total:,}] {what}", err=True)

        yield line
    else:
        from rich.console import Console
        from rich.progress import Progress as Bar

        with Bar(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("starting", total=None)
            yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


@contextmanager
def downloads() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show downloads: a bar a file on a terminal, a line a file elsewhere."""
    if not sys.stderr.isatty():
        seen: set[str] = set()

        def tell(name: str, done: int, total: int | None) -> None:
            if name not in seen:
                seen.add(name)
                typer.echo(f"fetching {name}", err=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def draw(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield draw


def say(text: str) -> None:
    """Say a line."""
    typer.echo(text)


def emit(text: str, output: Path | None) -> None:
    """Put text on standard output, or whole into a file."""
    if output is None:
        typer.echo(text, nl=False)
        return
    from ..files import write_whole

    write_whole(output, text)
    typer.echo(f"Wrote {output}", err=True)
