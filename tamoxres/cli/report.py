"""Commands that write: the report, sensitivity analyses, the calibration, and the check of a text's claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import QuestionError, TamoxresError
from ..writing import writable
from . import show
from .options import Adjust, DataDir, Estimand, MappingFile, Marker, Output, Strata, split

__all__ = ["calibrate", "claims", "report", "sensitivity"]


def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the report.")],
    plan: Annotated[Path | None, typer.Option(help="A plan (TOML); the review's question if not given.")] = None,
    data_dir: DataDir = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Write the report: one HTML file, tables, figures, effect rows, and a manifest."""
    from ..reporting.build import report as write_report

    with show.progress(quiet) as progress:
        made = write_report(plan=plan, output=output, data_dir=data_dir, progress=progress)
    for line in made.verdict_lines:
        show.say(line)
    show.say(f"Report: {made.html}")


def sensitivity(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code.")],
    marker: Marker = None,
    estimand: Annotated[Estimand, typer.Option(help="What is asked.")] = "prognostic",
    adjust: Adjust = "",
    strata: Strata = "",
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the rows and the figure.")] = None,
) -> None:
    """Ask a question and vary one choice at a time: endpoint, rule, adjustment, missing data, period, population."""
    from ..answers.sensitivity import sensitivity as vary
    from ..cohorts.catalogue import load

    loaded = load(cohort, mapping=mapping, data_dir=data_dir)
    asked: dict[str, Any] = {"endpoint": endpoint, "marker": marker, "estimand": estimand}
    with show.progress(quiet=False) as progress:
        found = vary(loaded, **asked, adjust=split(adjust), strata=split(strata), progress=progress)
    show.table(found.table, str(found.variations[0].question))
    if output is not None:
        from ..effects import effects_to_csv
        from ..figures.save import save_figure

        with writable(output):
            output.mkdir(parents=True, exist_ok=True)
        show.emit(effects_to_csv(found.effects), output / "effects.csv")
        show.say(f"Wrote {save_figure(found.forest(), output / 'sensitivity.svg')}")


def claims(file: Annotated[Path, typer.Argument(help="A Markdown or text file.")]) -> None:
    """Flag sentences that claim more than such data can show; exit 2 when there are any."""
    from ..files import read_text
    from ..reporting.claims import check_claims

    found = check_claims(read_text(file, error=QuestionError))
    for flag in found:
        show.say(f"{file}: {flag}")
    if found:
        raise TamoxresError(f"{len(found)} sentence(s) claim more than such data can show.")
    show.say(f"{file}: nothing to flag.")


def calibrate(
    quick: Annotated[bool, typer.Option("--quick", help="100 data sets a scenario instead of 1,000.")] = False,
    replicates: Annotated[int | None, typer.Option(help="Data sets of each scenario.")] = None,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 1,
    scenario: Annotated[list[str] | None, typer.Option(help="Only those whose name begins so; repeatable.")] = None,
    jobs: Annotated[int, typer.Option(help="Workers; -1 for one a processor.")] = -1,
    output: Output = None,
) -> None:
    """See whether the estimators keep what they promise, on simulated patients and studies whose truth is known."""
    from ..calibrate import calibration

    if output is not None and output.suffix not in (".md", ".csv"):
        raise QuestionError(f"{output} is neither a .md nor a .csv file; name one of these.")
    many = replicates if replicates is not None else 100 if quick else 1000
    with show.progress(quiet=False) as progress:
        found = calibration(
            many, seed=seed, scenarios=scenario, jobs=jobs,
            progress=lambda done, total: progress(done, total, "data sets"),
        )  # fmt: skip
    if output is None:
        show.table(found.readable(), "Is it calibrated?")
        show.say(str(found))
    else:
        show.emit(found.to_markdown() if output.suffix == ".md" else found.table.to_csv(index=False), output)
