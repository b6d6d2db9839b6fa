"""The commands about absolute effects, time zero, continuous markers, competing deaths and the design of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..endpoints import endpoint as steep
from . import show
from .asking import (
    Cohort,
    Endpoint,
    Er,
    Resamples,
    Rule,
    Where,
    called_in,
    cohort_of,
    months_of,
    patients_of,
    tell_result,
)
from .options import Adjust, DataDir, Format, MappingFile, Marker, Output, Strata, split

__all__ = ["absolute", "assayed", "case_cohort", "competing", "curve", "design", "emulate", "pseudo"]


def absolute(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: Marker = None,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    times: Annotated[str, typer.Option(help="Months, comma-separated.")] = "60,120",
    method: Annotated[
        Literal["standardisation", "augmented_ipw"], typer.Option(help="Outcome models alone, or weights too.")
    ] = "standardisation",
    resamples: Resamples = 0,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Estimate what treatment does to risk and mean survival, by marker: differences and differences of them."""
    from ..models.absolute import absolute_effects
    from ..models.augmented import augmented_ipw

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    if method == "standardisation":
        found = absolute_effects(analysis, adjust=split(adjust), times=months_of(times), m=resamples)
    else:
        found = augmented_ipw(analysis, adjust=split(adjust), times=months_of(times), m=resamples)
    tell_result(found, format_, output, str(analysis))


def assayed(
    cohort: Cohort,
    marker: Annotated[str, typer.Option(help="Its name.")],
    endpoint: Endpoint,
    covariates: Annotated[str, typer.Option(help="What may have decided who was assayed, comma-separated.")],
    rule: Rule = None,
    er: Er = "positive",
    treatment: Annotated[str, typer.Option(help="As in effect; any for both arms.")] = "endocrine",
    where: Where = None,
    adjust: Adjust = "",
    strata: Strata = "",
    truncate: Annotated[float | None, typer.Option(help="Quantile at which weights are cut, such as 0.99.")] = None,
    product: Annotated[bool, typer.Option("--interaction", help="Marker by treatment, in both arms.")] = False,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Weight the patients whose marker is known to stand for all, and estimate from them."""
    from ..models.assayed import assay_weights
    from ..models.cox import cox
    from ..models.interaction import interaction

    called, name = called_in(cohort_of(cohort, mapping, data_dir), marker, rule)
    found = assay_weights(
        called, marker=name, covariates=split(covariates), truncate=truncate,
        endpoint=steep(endpoint), er=er, treatment="any" if product else treatment, where=tuple(where or ()),
    )  # fmt: skip
    fitted = (interaction if product else cox)(found.analysis, adjust=split(adjust), strata=split(strata))
    if format_ == "table" and output is None:
        balance = found.table()
        show.table(balance.to_frame(), balance.title)
        show.say(f"{found}.")
    tell_result(fitted, format_, output, str(found.analysis))


def case_cohort(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: Marker = None,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    method: Annotated[
        Literal["prentice", "self_prentice", "lin_ying", "barlow"], typer.Option(help="Estimator.")
    ] = "prentice",
    product: Annotated[bool, typer.Option("--interaction", help="Marker by treatment, in both arms.")] = False,
    cohort_size: Annotated[
        int | None, typer.Option(help="Patients of the whole cohort, if the mapping is silent.")
    ] = None,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Estimate hazard ratios from a case-cohort sample: all cases, and a random subcohort."""
    from ..models.case_cohort import case_cohort as estimate

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    found = estimate(analysis, adjust=split(adjust), method=method, product=product, cohort_size=cohort_size)
    tell_result(found, format_, output, str(analysis))


def emulate(
    cohort: Cohort,
    endpoint: Endpoint,
    grace: Annotated[float, typer.Option(help="Months within which treatment is to start.")],
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    times: Annotated[str, typer.Option(help="Months, comma-separated.")] = "60",
    contrast: Annotated[
        Literal["per_protocol", "as_started"], typer.Option(help="Against never starting, or not within the grace.")
    ] = "per_protocol",
    resamples: Resamples = 200,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Emulate a trial of starting treatment, by cloning, censoring and weighting; the protocol stands first."""
    from ..models.target_trial import target_trial

    analysis = patients_of(cohort, None, None, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    found = target_trial(
        analysis, adjust=split(adjust), grace=grace, times=months_of(times), contrast=contrast, m=resamples
    )
    if format_ == "table" and output is None:
        show.table(found.protocol.to_frame(), found.protocol.title)
    tell_result(found, format_, output, str(analysis))


def curve(
    cohort: Cohort,
    column: Annotated[str, typer.Argument(help="The continuous marker, a column of the cohort.")],
    endpoint: Endpoint,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    shape: Annotated[
        Literal["spline", "fp2", "fp1", "linear"], typer.Option(help="Spline, fractional polynomial, or line.")
    ] = "spline",
    permutations: Annotated[int, typer.Option(help="Of STEPP's test; 0 for no STEPP.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve here (.png, .svg, .pdf).")] = None,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Show treatment's hazard ratio along a continuous marker, uncut, and test whether it changes."""
    from ..models.stepp import stepp
    from ..models.treatment_curve import treatment_curve

    analysis = patients_of(cohort, None, None, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    found = treatment_curve(analysis, column, adjust=split(adjust), shape=shape)
    tell_result(found, format_, output, str(analysis))
    if permutations:
        windows = stepp(analysis, column, permutations=permutations)
        made = windows.table()
        show.table(made.to_frame(), made.title)
        show.say(f"- {windows}")
    if plot is not None:
        from ..figures.hazard_curve import treatment_curve_plot
        from ..figures.save import save_figure

        values = found.model.analysis.frame[column]
        show.say(f"Wrote {save_figure(treatment_curve_plot(found.curve(), values), plot)}")


def competing(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: Marker = None,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    strata: Strata = "",
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Estimate the interaction where deaths compete: on the risk (Fine-Gray), and on each cause's hazard."""
    from ..models.competing_interaction import competing_interaction

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    found = competing_interaction(analysis, adjust=split(adjust), strata=split(strata))
    tell_result(found, format_, output, str(analysis))


def design(
    ratio: Annotated[float, typer.Argument(help="True ratio of treatment's hazard ratios, altered over unaltered.")],
    marker_share: Annotated[float, typer.Option(help="Share of patients truly altered.")] = 0.2,
    treated_share: Annotated[float, typer.Option(help="Share of patients treated.")] = 0.5,
    risk: Annotated[float, typer.Option(help="Of an event by the end, unaltered and untreated.")] = 0.3,
    hr_marker: Annotated[float, typer.Option(help="Altered v unaltered, untreated.")] = 1.0,
    hr_treatment: Annotated[float, typer.Option(help="Treated v untreated, unaltered.")] = 1.0,
    competing: Annotated[float, typer.Option(help="Risk of a competing death by the end.")] = 0.0,
    sensitivity: Annotated[float, typer.Option(help="Of the marker as measured.")] = 1.0,
    specificity: Annotated[float, typer.Option(help="Of the marker as measured.")] = 1.0,
    patients: Annotated[int | None, typer.Option(help="Size of the study; else the least that will do.")] = None,
    power: Annotated[float, typer.Option(help="Asked for.")] = 0.80,
    plot: Annotated[Path | None, typer.Option(help="Draw power over size here (.png, .svg, .pdf).")] = None,
) -> None:
    """Find how many patients and events an interaction takes, or the power of a study."""
    from ..inference.planning import Study
    from ..inference.planning import design as plan

    study = Study(
        marker_share=marker_share, treated_share=treated_share, risk=risk, hr_marker=hr_marker,
        hr_treatment=hr_treatment, competing=competing, sensitivity=sensitivity, specificity=specificity,
    )  # fmt: skip
    found = plan(ratio, study=study, patients=patients, power=power)
    show.listed(found.table())
    if plot is not None:
        from ..figures.power_curve import power_curve
        from ..figures.save import save_figure

        show.say(f"Wrote {save_figure(power_curve(found.curve(), power=power), plot)}")


def pseudo(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: Marker = None,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    times: Annotated[str, typer.Option(help="Months, comma-separated.")] = "60",
    quantity: Annotated[
        Literal["risk", "mean"], typer.Option(help="Risk at, or restricted mean to, the time.")
    ] = "risk",
    link: Annotated[
        Literal["identity", "cloglog"], typer.Option(help="Differences, or ratios of (sub)distribution hazards.")
    ] = "identity",
    within: Annotated[bool, typer.Option("--within", help="Censoring may differ between the groups.")] = False,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Regress risk or restricted mean on treatment, marker and covariates, without a model of hazards."""
    from ..models.pseudo_values import pseudo_regression

    analysis = patients_of(cohort, marker, rule, mapping, data_dir, endpoint=endpoint, er=er, where=where)
    found = pseudo_regression(
        analysis, adjust=split(adjust), times=months_of(times), quantity=quantity, link=link, within=within
    )
    tell_result(found, format_, output, str(analysis))
