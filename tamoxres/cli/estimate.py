"""The command that puts a question to a cohort."""

from __future__ import annotations

from typing import Annotated

import typer

from ..endpoints import endpoint as steep
from ..errors import QuestionError, shown
from ..question import Question, as_scale
from ..vocabulary import Missing, Receptor, Ties, TimeScale
from . import show
from .options import (
    Adjust,
    Cluster,
    DataDir,
    Estimand,
    ExposureOption,
    Format,
    MappingFile,
    Marker,
    MinCell,
    OneMarker,
    Output,
    PlainFormat,
    ScaleOption,
    Strata,
    WeightsOption,
    numbers_in,
    split,
)
from .told import tell

__all__ = ["bayes", "effect", "robustness"]

_Treatment = Annotated[str | None, typer.Option(help="endocrine, tamoxifen, AI, none, any (both), or a name.")]


def effect(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code: OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI.")],
    marker: Marker = None,
    estimand: Annotated[Estimand, typer.Option(help="What is asked.")] = "prognostic",
    rule: Annotated[str | None, typer.Option(help="Rule that calls the marker; else the cohort's default.")] = None,
    er: Annotated[Receptor, typer.Option(help="Oestrogen receptor.")] = "positive",
    treatment: _Treatment = None,
    against: Annotated[str | None, typer.Option(help="What it is compared with: none, tamoxifen, or a name.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="Restriction, as 'nodes >= 1'; repeatable.")] = None,
    adjust: Adjust = "",
    strata: Strata = "",
    horizon: Annotated[float | None, typer.Option(help="Months.")] = None,
    landmark: Annotated[float | None, typer.Option(help="Months.")] = None,
    missing: Annotated[Missing, typer.Option(help="Missing covariates.")] = "complete",
    weights: WeightsOption = None,
    cluster: Cluster = "",
    exposure: ExposureOption = None,
    ties: Annotated[Ties, typer.Option(help="Tied events.")] = "efron",
    time_scale: Annotated[TimeScale, typer.Option(help="Time since diagnosis, or age.")] = "follow_up",
    scale: ScaleOption = "binary",
    min_cell: MinCell = None,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Estimate an effect in a cohort: prognostic, of treatment, or the marker x treatment interaction."""
    from ..answers.answer import answer, checked
    from ..cohorts.catalogue import load
    from ..cohorts.withheld import with_min_cell

    question = Question(
        endpoint=steep(endpoint), marker=marker, rule=rule, estimand=estimand, er=er, treatment=treatment,
        against=against, where=tuple(where or ()), adjust=split(adjust), strata=split(strata), horizon=horizon,
        landmark=landmark, missing=missing, weights=weights, ties=ties, exposure=exposure, cluster=cluster,
        time_scale=time_scale, scale=as_scale(scale))  # fmt: skip
    found = checked(answer(with_min_cell(load(cohort, mapping=mapping, data_dir=data_dir), min_cell), question))
    if format_ == "table" and output is None:
        return tell(found)
    return show.effects(found.rows, format_, output, title=str(question))


def robustness(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code: OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI.")],
    marker: OneMarker,
    rule: Annotated[str | None, typer.Option(help="Rule that calls the marker; else the cohort's default.")] = None,
    er: Annotated[Receptor, typer.Option(help="Oestrogen receptor.")] = "positive",
    treatment: Annotated[str | None, typer.Option(help="tamoxifen, AI, or a name, with --against.")] = None,
    against: Annotated[str | None, typer.Option(help="What it is compared with: none, tamoxifen, or a name.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="Restriction, as 'nodes >= 1'; repeatable.")] = None,
    adjust: Adjust = "",
    strata: Strata = "",
    batch: Annotated[str | None, typer.Option(help="Column of site or batch; else site, or the first stratum.")] = None,
    landmark: Annotated[float | None, typer.Option(help="Months.")] = None,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Check how far a marker x treatment interaction holds: sites, covariates, cuts, weights, negative control."""
    from ..answers.answer import answer
    from ..answers.robustness import checks_of
    from ..cohorts.catalogue import load
    from ..cohorts.withheld import refuse_small_cells

    question = Question(
        endpoint=steep(endpoint), marker=marker, rule=rule, estimand="interaction", er=er, treatment=treatment,
        against=against, where=tuple(where or ()), adjust=split(adjust), strata=split(strata), landmark=landmark,
    )  # fmt: skip
    loaded = refuse_small_cells(load(cohort, mapping=mapping, data_dir=data_dir), "the robustness panel")
    asked = answer(loaded, question)
    if asked.interaction is None:
        raise QuestionError(f"{asked.cohort.name} gives no interaction to check.")
    found = checks_of(asked.interaction, asked.analysis, adjust=question.adjust, strata=question.strata, batch=batch)
    if format_ != "table" or output is not None:
        show.effects(found.effects, format_, output, title=str(question))
        return
    show.listed(found.panel.table())
    show.say(f"Verdict: {found.verdict}")


def bayes(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code: OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI.")],
    marker: OneMarker,
    rule: Annotated[str | None, typer.Option(help="Rule that calls the marker; else the cohort's default.")] = None,
    er: Annotated[Receptor, typer.Option(help="Oestrogen receptor.")] = "positive",
    adjust: Adjust = "",
    strata: Strata = "",
    margin: Annotated[str, typer.Option(help="Ratios within it count as none.")] = "0.80,1.25",
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Read a marker x treatment interaction under sceptical, enthusiastic and shrinkage priors."""
    from ..answers.answer import answer
    from ..cohorts.catalogue import load
    from ..cohorts.withheld import refuse_small_cells
    from ..models.bayes_interaction import bayes_interaction

    question = Question(
        endpoint=steep(endpoint), marker=marker, rule=rule, estimand="interaction", er=er, adjust=split(adjust),
        strata=split(strata),
    )  # fmt: skip
    loaded = refuse_small_cells(load(cohort, mapping=mapping, data_dir=data_dir), "this command")
    asked = answer(loaded, question)
    found = bayes_interaction(asked.analysis, adjust=question.adjust, margin=_limits(margin), strata=question.strata)
    if format_ == "json" or output is not None:
        show.emit(found.to_frame().to_json(orient="records", indent=1) + "\n", output)
        return
    show.listed(found.table())


def _limits(text: str) -> tuple[float, float]:
    """Read a margin: two numbers with a comma between."""
    if len(limits := numbers_in(text) or ()) != 2:
        raise QuestionError(f"--margin is {shown(text)}; give two numbers, as 0.80,1.25.")
    return limits[0], limits[1]
