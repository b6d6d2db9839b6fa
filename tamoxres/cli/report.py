"""Commands that write: the report, sensitivity analyses, the calibration, and the check of a text's claims."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..errors import QuestionError, TamoxresError
from ..files.writing import writable
from . import show
from .options import Adjust, DataDir, Estimand, MappingFile, Marker, MinCell, Output, Strata, split

__all__ = ["calibrate", "claims", "grammar", "init_plan", "report", "sensitivity"]


def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the report.")],
    cohorts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COHORT]...", help="Instead of a plan: catalogue names, or a file with --mapping."),
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="A plan (TOML); the review's question if not given.")] = None,
    marker: Annotated[str, typer.Option(help="Markers of the cohorts, comma-separated; all if not given.")] = "",
    mapping: MappingFile = None,
    min_cell: MinCell = None,
    data_dir: DataDir = None,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing before the review's own report.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Write the report: one HTML file, tables, figures, effect rows, and a manifest."""
    if plan is None and not cohorts and data_dir is None and not offline:
        _fetch_first()
    from ..reporting.build import report as write_report

    with show.progress(quiet) as progress:
        asked: dict[str, Any] = {"plan": plan, "cohorts": cohorts or (), "mapping": mapping}
        if min_cell is not None:
            asked = _with_min_cell(min_cell, data_dir=data_dir, **asked)
        made = write_report(output=output, markers=split(marker), data_dir=data_dir, progress=progress, **asked)
    for line in made.verdict_lines:
        show.say(line)
    show.say(f"Report: {made.html}")


def _with_min_cell(
    min_cell: int, *, plan: Path | None, cohorts: list[str], mapping: Path | None, data_dir: Path | None
) -> dict[str, Any]:
    """Put `min_cell` in the place of the plan's, or of the cohorts' own where there is no plan."""
    from ..cohorts.catalogue import is_file, load
    from ..cohorts.withheld import with_min_cell
    from ..reporting.plan import default_plan, read_plan

    own = [load(one, mapping=mapping if is_file(one) else None, data_dir=data_dir) for one in cohorts]
    asked = read_plan(plan) if plan is not None else None if own else default_plan()
    return {
        "plan": None if asked is None else replace(asked, min_cell=min_cell),
        "cohorts": [with_min_cell(one, min_cell) for one in own],
    }


def _fetch_first() -> None:
    """Try for a few seconds to bring what METABRIC lacks for all markers, and say in one line what came of it."""
    from ..cohorts.fetch_brief import fetch_within

    if told := str(fetch_within("metabric", meanwhile=_open_libraries)):
        show.say(told)


def _open_libraries() -> None:
    """Load what a report is made with: seconds that a fetch leaves free."""
    from ..reporting.build import open_libraries

    open_libraries()


def init_plan(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    output: Output = None,
) -> None:
    """Write a first plan for a cohort, with comments: what its columns allow to ask."""
    from ..reporting.sketch_plan import init_plan as sketch

    beside = Path() if output is None else output.parent
    show.emit(sketch(cohort, mapping=mapping, data_dir=data_dir, beside=beside), output)


def grammar(
    of: Annotated[Literal["plan", "mapping"], typer.Argument(help="Which file.")],
    format_: Annotated[Literal["text", "markdown"], typer.Option("--format", help="How to print.")] = "text",
    output: Output = None,
) -> None:
    """List every table and key of a plan or a mapping: what may stand, what it means, what holds if it is left out."""
    from ..files.grammar import write_markdown, write_text

    if of == "plan":
        from ..reporting.plan_grammar import PLAN_TITLE, plan_grammar

        title, tables = PLAN_TITLE, plan_grammar()
    else:
        from ..cohorts.mapping_grammar import MAPPING_TITLE, mapping_grammar

        title, tables = MAPPING_TITLE, mapping_grammar()
    show.emit((write_text if format_ == "text" else write_markdown)(title, tables), output)


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
    from ..cohorts.withheld import refuse_small_cells

    loaded = refuse_small_cells(load(cohort, mapping=mapping, data_dir=data_dir), "the sensitivity analysis")
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
