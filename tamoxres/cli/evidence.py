"""Commands about effect rows: pool them, draw them, list the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import QuestionError
from . import show
from .options import Estimand, Format, Marker, Output, PlainFormat, split

if TYPE_CHECKING:
    from ..effects import EffectEstimate
    from ..meta.pooled import PooledEffect

__all__ = ["forest", "literature", "pool"]

Tau2 = Literal["common", "dl", "reml", "ml", "pm", "he", "sj", "eb"]
Interval = Literal["hksj", "z", "hk_adhoc"]
Prediction = Literal["hts", "z", "k1", "hksj"]
JournalStyle = Literal["tamoxres", "revman5", "bmj", "jama", "lancet", "ebctcg"]


def pool(
    files: Annotated[list[Path], typer.Argument(help="Effect rows, CSV or JSON.")],
    marker: Marker = None,
    endpoint: Annotated[str | None, typer.Option(help="Only rows of this endpoint.")] = None,
    estimand: Annotated[Estimand | None, typer.Option(help="Only rows of this estimand.")] = None,
    tau2: Annotated[Tau2, typer.Option(help="Estimator of the between-study variance.")] = "reml",
    ci: Annotated[Interval, typer.Option(help="Interval of the pooled effect.")] = "hksj",
    prediction: Annotated[Prediction, typer.Option(help="Rule of the prediction interval.")] = "hts",
    margin: Annotated[
        str | None, typer.Option(help="Equivalence margin, such as 0.80,1.25: adds the 90% interval.")
    ] = None,
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Pool effect rows: random effects (REML, Hartung-Knapp) with a prediction interval, common effect beside it."""
    from ..meta.pool import pool as pool_effects

    chosen: dict[str, Any] = {"tau2": tau2, "ci": ci, "prediction": prediction}
    rows = _filtered(_read(files), marker, endpoint, estimand)
    pooled = pool_effects(rows, **chosen)
    if format_ == "json":
        show.emit(pooled.to_json(), output)
        return
    lines = [*_pooled_lines(pooled)]
    if margin:
        lines.append(_equivalence(rows, chosen, margin))
    show.emit("\n".join(lines) + "\n", output)


def _pooled_lines(pooled: PooledEffect) -> list[str]:
    lines = [str(row) for row in pooled.effects]
    lines += [f"left out ({row.status.replace('_', ' ')}): {row.study}" for row in pooled.left_out]
    lines += [
        str(pooled),
        *(f"common effect: {pooled.common}" for _ in [0] if pooled.common),
        *(f"- {note}" for note in pooled.notes),
    ]
    return lines


def _equivalence(rows: Sequence[EffectEstimate], chosen: dict[str, Any], margin: str) -> str:
    from ..meta.pool import pool as pool_effects
    from ..wording import interval, ratio

    try:
        low, high = (float(part) for part in margin.split(","))
    except ValueError:
        raise QuestionError(f"Cannot read the margin {margin!r}. Write two numbers, such as 0.80,1.25.") from None
    if not 0 < low < 1 < high:
        raise QuestionError(f"The margin {margin} does not hold 1. Write two ratios around 1, such as 0.80,1.25.")
    narrow = pool_effects(rows, **chosen, level=0.90)
    inside = low < narrow.ci_low and narrow.ci_high < high
    told = "lies within" if inside else "does not lie within"
    found = interval(ratio(narrow.ci_low), ratio(narrow.ci_high))
    return f"90% CI {found} {told} the margin {interval(ratio(low), ratio(high))}."


def forest(
    files: Annotated[list[Path], typer.Argument(help="Effect rows, CSV or JSON.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png, .svg or .pdf file.")],
    marker: Marker = None,
    endpoint: Annotated[str | None, typer.Option(help="Only rows of this endpoint.")] = None,
    estimand: Annotated[Estimand | None, typer.Option(help="Only rows of this estimand.")] = None,
    pooled: Annotated[bool, typer.Option(help="Pool the rows and draw the diamonds.")] = True,
    style: Annotated[JournalStyle, typer.Option(help="Journal style.")] = "tamoxres",
) -> None:
    """Draw a forest plot of effect rows, pooled where there are two or more."""
    from ..figures.forest import forest as draw
    from ..figures.save import save_figure
    from ..meta.pool import pool as pool_effects

    rows = _filtered(_read(files), marker, endpoint, estimand)
    several = sum(row.status == "estimated" for row in rows) > 1
    drawn = draw(pool_effects(rows) if pooled and several else rows, style=style)
    show.say(f"Wrote {save_figure(drawn, output)}")


def literature(
    marker: Marker = None,
    estimand: Annotated[Estimand | None, typer.Option(help="Only rows of this estimand.")] = None,
    include: Annotated[
        str,
        typer.Option(help="Rows left out by default: recalled, pooled_estimate, overlaps_row_of_same_study, or all."),
    ] = "",
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """List the published effects that come with tamoxres."""
    from ..evidence import literature as published

    wanted: Any = "all" if include == "all" else split(include)
    rows = published(marker=marker, estimand=estimand, include=wanted)
    show.effects(rows, format_, output, title="Published effects")


def _read(files: Iterable[Path]) -> list[EffectEstimate]:
    from ..effects import read_effects

    return [row for file in files for row in read_effects(file)]


def _filtered(
    rows: list[EffectEstimate], marker: str | None, endpoint: str | None, estimand: Any
) -> list[EffectEstimate]:
    wanted = {"marker": marker and marker.upper(), "endpoint": endpoint, "estimand": estimand}
    kept = [row for row in rows if all(value is None or getattr(row, name) == value for name, value in wanted.items())]
    if not kept:
        asked = ", ".join(f"{name} {value}" for name, value in wanted.items() if value)
        raise QuestionError(f"None of {len(rows)} effect rows has {asked}.")
    return kept
