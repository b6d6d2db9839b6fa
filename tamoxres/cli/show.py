"""What a command shows: tables and lines on a terminal, whole files, progress."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import QuestionError
from .layout import lay_out, terminal_width, together, wrap
from .options import Format

if TYPE_CHECKING:
    import pandas as pd

    from ..effects import EffectEstimate
    from ..tables.table import Table

__all__ = [
    "Progress",
    "complain",
    "downloads",
    "effects",
    "emit",
    "estimate_of",
    "listed",
    "progress",
    "say",
    "synonyms",
    "table",
    "text",
    "words",
]

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
                "estimate (95% CI)": together(estimate_of(row)),
                "P": p_value(row.p_value, relation=row.p_relation),
            }
            for row in rows
        ]
    )


def estimate_of(row: EffectEstimate) -> str:
    """Write what a row estimates, with its interval, or why it has none."""
    from ..wording import interval, number, ratio_with_interval

    if row.status != "estimated":
        return row.status.replace("_", " ")
    if not row.is_ratio:
        return f"{row.measure} {number(row.estimate)} {interval(number(row.ci()[0]), number(row.ci()[1]))}"
    measure = f"ratio of {row.measure}s" if row.estimand == "interaction" else row.measure
    return f"{measure} {ratio_with_interval(row.estimate, *row.ci())}"


def table(frame: pd.DataFrame, title: str) -> None:
    """Show a frame as a table, no wider than the terminal."""
    typer.echo(lay_out(frame, title, terminal_width()))


def words(made: Table) -> None:
    """Show a table of the package with its footnotes; all but texts stand right."""
    right = [column.header for column in made.columns if column.kind != "text"]
    typer.echo(lay_out(made.to_frame(), made.title, terminal_width(), right=right))
    for note in made.footnotes:
        say(note)


def listed(made: Table) -> None:
    """Show a table of the package with its footnotes as a list."""
    table(made.to_frame(), made.title)
    for note in made.footnotes:
        say(f"- {note}")


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


def say(text: str, *, hanging: int = 2) -> None:
    """Say a line or several, broken at words where the terminal ends."""
    typer.echo(wrap(text, terminal_width(), hanging=hanging))


def text(words_: str, output: Path | None) -> None:
    """Say a text, or put it whole into a file."""
    if output is None:
        say(words_)
    else:
        emit(words_ + "\n", output)


def complain(text: str) -> None:
    """Say what went wrong on standard error."""
    typer.echo(wrap(text, terminal_width(sys.stderr), hanging=2), err=True)


@contextmanager
def synonyms() -> Iterator[None]:
    """Say which columns of a file of effects are read under another name, on standard error."""
    from ..effects.rows_header import ColumnSynonym

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ColumnSynonym)
        yield
    for one in told:
        complain(str(one.message))


def emit(text: str, output: Path | None) -> None:
    """Put text on standard output, or whole into a file."""
    if output is None:
        typer.echo(text, nl=False)
        return
    from ..files import write_whole

    write_whole(output, text)
    typer.echo(f"Wrote {output}", err=True)
