"""The command that puts a question to a cohort."""

from __future__ import annotations

from typing import Annotated

import typer

from ..endpoints import endpoint as steep
from ..question import Question
from ..vocabulary import Missing, Receptor, Ties
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
    Output,
    Strata,
    WeightsOption,
    split,
)
from .told import tell

__all__ = ["effect"]


def effect(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code: OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI.")],
    marker: Marker = None,
    estimand: Annotated[Estimand, typer.Option(help="What is asked.")] = "prognostic",
    rule: Annotated[str | None, typer.Option(help="Rule that calls the marker; else the cohort's default.")] = None,
    er: Annotated[Receptor, typer.Option(help="Oestrogen receptor.")] = "positive",
    treatment: Annotated[
        str | None, typer.Option(help="endocrine, tamoxifen, AI, none, any (both), or a name.")
    ] = None,
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
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Estimate an effect in a cohort: prognostic, of treatment, or the marker x treatment interaction."""
    from ..answers.answer import answer
    from ..cohorts.catalogue import load

    question = Question(
        endpoint=steep(endpoint), marker=marker, rule=rule, estimand=estimand, er=er,
        treatment=treatment, against=against, where=tuple(where or ()), adjust=split(adjust), strata=split(strata),
        horizon=horizon, landmark=landmark, missing=missing, weights=weights, ties=ties,
        exposure=exposure, cluster=cluster,
    )  # fmt: skip
    found = answer(load(cohort, mapping=mapping, data_dir=data_dir), question)
    if format_ == "table" and output is None:
        tell(found)
    else:
        show.effects(found.rows, format_, output, title=str(question))
