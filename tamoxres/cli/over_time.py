"""The commands about an interaction over time and in ten ways, and about the way from relapse to death."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from . import show
from .asking import Cohort, Endpoint, Er, Rule, Where, months_of, patients_of, tell_result
from .options import Adjust, DataDir, Format, MappingFile, Marker, OneMarker, Output, Strata, split

__all__ = ["changing", "cure", "states", "ten_ways"]


def changing(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: OneMarker,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    strata: Strata = "",
    shape: Annotated[Literal["log", "linear", "step"], typer.Option(help="Of the change with time.")] = "log",
    cuts: Annotated[str, typer.Option(help="Of the steps, months, comma-separated.")] = "60",
    landmarks: Annotated[str, typer.Option(help="Months, comma-separated: a series of landmarks too.")] = "",
    horizon: Annotated[float | None, typer.Option(help="Months: restricted means are compared too.")] = None,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Test whether an interaction changes over follow-up, and show it over time and by landmarks."""
    from ..models.changing_interaction import changing_interaction
    from ..models.landmark_series import landmark_series

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    covariates, by = split(adjust), split(strata)
    found = changing_interaction(
        analysis, adjust=covariates, strata=by, shape=shape, cuts=months_of(cuts), horizon=horizon
    )
    tell_result(found, format_, output, str(analysis))
    if landmarks and format_ == "table" and output is None:
        show.say("")
        tell_result(
            landmark_series(analysis, adjust=covariates, strata=by, at=months_of(landmarks)), format_, output, ""
        )


def ten_ways(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: OneMarker,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    strata: Strata = "",
    horizon: Annotated[float, typer.Option(help="Months, of the absolute ways.")] = 120.0,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Ask an interaction in ten ways: the primary row is the answer, the other nine are sensitivity."""
    from ..answers.ten_ways import ten_ways as ask

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    found = ask(analysis, adjust=split(adjust), strata=split(strata), horizon=horizon)
    tell_result(found, format_, output, str(analysis))


def cure(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: Marker = None,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    knots: Annotated[int, typer.Option(help="3 to 6, the last begins the plateau.")] = 4,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Estimate the share that never has the event, where follow-up is long enough to bear it; refuse elsewhere."""
    from ..models.cure import cure as fit

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    tell_result(fit(analysis, adjust=split(adjust), knots=knots), format_, output, str(analysis))


def states(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: Marker = None,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    strata: Strata = "",
    times: Annotated[str, typer.Option(help="Months, comma-separated.")] = "60,120",
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Fit relapse, death without it and death after it, and show how many are in which state."""
    from ..models.illness_death import illness_death

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    found = illness_death(analysis, adjust=split(adjust), strata=split(strata), times=months_of(times))
    tell_result(found, format_, output, str(analysis))
