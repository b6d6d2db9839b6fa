"""Commands that write: the report, and the check of a text's claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import QuestionError, TamoxresError
from . import show
from .options import DataDir

__all__ = ["claims", "report"]


def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the report.")],
    plan: Annotated[Path | None, typer.Option(help="A plan (TOML); the review's question if not given.")] = None,
    data_dir: DataDir = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Write the report: one HTML file, tables, figures, effect rows, and a manifest."""
    from ..reporting.build import build_report

    with show.progress(quiet) as progress:
        made = build_report(plan=plan, output=output, data_dir=data_dir, progress=progress)
    for line in made.verdict_lines:
        show.say(line)
    show.say(f"Report: {made.html}")


def claims(file: Annotated[Path, typer.Argument(help="A Markdown or text file.")]) -> None:
    """Flag sentences that claim more than such data can show; exit 2 when there are any."""
    from ..reporting.claims import check_claims

    if not file.is_file():
        raise QuestionError(f"{file} does not exist. Name a Markdown or text file.")
    found = check_claims(file.read_text(encoding="utf-8"))
    for flag in found:
        show.say(f"{file}: {flag}")
    if found:
        raise TamoxresError(f"{len(found)} sentence(s) claim more than such data can show.")
    show.say(f"{file}: nothing to flag.")
