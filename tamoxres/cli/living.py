"""Commands of a living review: what new rows move, and how evidence grew year by year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import QuestionError
from . import show
from .evidence import Files, RowsOf, read_rows
from .evidence import filtered as rows_asked
from .options import Format, Marker, Output

__all__ = ["cumulative", "moved"]

Before = Annotated[Path, typer.Argument(help="Effect rows as they were.")]
After = Annotated[Path, typer.Argument(help="Effect rows as they are now; with --add, those to be added.")]
Relevant = Annotated[float, typer.Option(help="The ratio that would matter, such as 0.8.")]


def moved(
    before: Before,
    after: After,
    add: Annotated[bool, typer.Option("--add", help="Add the second file's rows to the first's.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Show which pooled answers, their I2 and certainty, move between two sets of rows, and by which studies."""
    from ..meta.moved import moved as what_moved

    old, new = read_rows([before]), read_rows([after])
    found = what_moved(old, [*old, *new] if add else new)
    if format_ == "csv":
        show.emit(found.to_csv(index=False), output)
    elif format_ == "json":
        show.emit(found.to_json(orient="records", indent=2, force_ascii=False) + "\n", output)
    elif output is not None:
        raise QuestionError("A table is for the terminal. Write a file with --format csv or --format json.")
    elif found.empty:
        show.say("No pooled answer moves.")
    else:
        for row in found.astype(object).where(found.notna(), None).to_dict("records"):
            show.say("\n".join(_lines({str(name): value for name, value in row.items()})))


def _lines(row: dict[str, Any]) -> list[str]:
    """Write one answer that moved."""
    from ..wording import number, percent

    asked = ("marker", "estimand", "endpoint", "contrast", "treatment_contrast", "marker_level", "treatment")
    who = ", ".join(str(row[name]).replace("_", " ") for name in asked if row[name]) or "the question"
    lines = [f"{who}:"]
    was = f"{row['measure']} {row['before']} (k = {row['k_before']})" if row["before"] else "no answer"
    now = f"{row['measure']} {row['after']} (k = {row['k_after']})" if row["after"] else "no answer"
    change = "" if row["change"] is None else f"; change {number(row['change'], 3)}"
    lines.append(f"  {was} -> {now}{change}")
    if None not in (row["i2_before"], row["i2_after"]):
        lines.append(f"  I2 {percent(row['i2_before'], 0)} -> {percent(row['i2_after'], 0)}")
    if row["certainty_before"] != row["certainty_after"]:
        was, now = row["certainty_before"] or "not rated", row["certainty_after"] or "not rated"
        lines.append(f"  certainty (for, of none): {was} -> {now}")
    named = ("added", "removed", "altered")
    lines += [f"  {kind}: {row[kind].replace(';', ', ')}" for kind in named if row[kind]]
    return lines


def cumulative(
    files: Files,
    relevant: Relevant,
    marker: Marker = None,
    endpoint: Annotated[str | None, typer.Option(help="Only rows of this endpoint.")] = None,
    estimand: RowsOf = None,
    alpha: Annotated[float, typer.Option(help="Two-sided.")] = 0.05,
    power: Annotated[float, typer.Option(help="To see the ratio that would matter.")] = 0.90,
) -> None:
    """Pool year by year against sequential boundaries (secondary), then all rows as `pool` does."""
    from ..meta.pool import pool
    from ..meta.sequential import sequential

    pooled = pool(rows_asked(read_rows(files), marker, endpoint, estimand, {}))
    show.words(sequential(pooled, relevant=relevant, alpha=alpha, power=power).table())
    show.say(f"As pooled: {pooled}")
