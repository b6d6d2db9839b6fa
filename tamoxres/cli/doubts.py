"""The commands that ask what an effect would be if the marker were measured badly, or a confounder unseen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import QuestionError, shown
from . import show
from .asking import Cohort, Endpoint, Er, Rule, Where, patients_of, tell_result
from .options import Adjust, DataDir, Format, MappingFile, OneMarker, Output, Strata, numbers_in, split

if TYPE_CHECKING:
    from ..inference.bias import Spread

__all__ = ["confounder", "mismeasured"]


def mismeasured(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: OneMarker,
    rule: Rule = None,
    sensitivity: Annotated[float | None, typer.Option(help="Share of the truly altered called so.")] = None,
    specificity: Annotated[float | None, typer.Option(help="Share of the truly unaltered called so.")] = None,
    truth: Annotated[str | None, typer.Option(help="Another rule, as if it were the truth, instead of both.")] = None,
    er: Er = "positive",
    where: Where = None,
    adjust: Adjust = "",
    strata: Strata = "",
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Correct a marker's hazard ratios, and its interaction, for errors in measuring it."""
    from ..models.misclassified import Accuracy, accuracy_against, misclassified

    if (truth is None) == (sensitivity is None or specificity is None):
        raise QuestionError("Give --sensitivity and --specificity, or --truth with another rule of the marker.")
    analysis = patients_of(cohort, marker, rule, mapping, data_dir, truth, endpoint=endpoint, er=er, where=where)
    if truth is None:
        accuracy = Accuracy(sensitivity=sensitivity or 0.0, specificity=specificity or 0.0)
    else:
        accuracy = accuracy_against(analysis, truth)
    found = misclassified(analysis, accuracy, adjust=split(adjust), strata=split(strata))
    tell_result(found, format_, output, str(analysis))


def confounder(
    file: Annotated[Path, typer.Argument(help="Effect rows; those of treatment and interactions are taken.")],
    ratio: Annotated[str, typer.Option(help="Its risk ratio of the outcome: one number, or low,likeliest,high.")],
    treated: Annotated[str, typer.Option(help="Its prevalence among the treated, likewise.")],
    untreated: Annotated[str, typer.Option(help="Its prevalence among the untreated, likewise.")],
    plot: Annotated[
        Path | None, typer.Option(help="Draw what it would take (.png, .svg, .pdf): the first row.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Adjust effects of treatment for an assumed confounder; interactions as if it were there in the altered alone."""
    from ..effects import read_effects
    from ..inference.bias import Confounder, bias_analysis
    from ..tables.effects import EffectRows

    assumed = Confounder(ratio=_number(ratio), treated=_number(treated), untreated=_number(untreated))
    rows = [row for row in read_effects(file) if row.estimand in ("treatment_effect", "interaction")]
    rows = [row for row in rows if row.is_ratio and row.status == "estimated"]
    if not rows:
        raise QuestionError(f"{file} has no estimated ratio of treatment or of an interaction.")
    found = [
        bias_analysis(row, altered=assumed) if row.estimand == "interaction" else bias_analysis(row, assumed)
        for row in rows
    ]
    if format_ != "table" or output is not None:
        show.effects(EffectRows(one.adjusted for one in found), format_, output, title=str(assumed))
    else:
        for one in found:
            tell_result(one, "table", None, "")
    if plot is not None:
        from ..figures.bias_contour import bias_contour
        from ..figures.save import save_figure

        show.say(f"Wrote {save_figure(bias_contour(rows[0]), plot)}")


def _number(text: str) -> float | Spread:
    """Read one number, or the least, likeliest and largest of a triangular distribution."""
    from ..inference.bias import Spread

    values = numbers_in(text) or ()
    if len(values) == 1:
        return values[0]
    if len(values) != 3:
        raise QuestionError(f"{shown(text)} is neither one number nor three with commas between: low,likeliest,high.")
    return Spread(kind="triangular", values=values)
