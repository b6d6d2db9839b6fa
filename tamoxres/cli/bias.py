"""The command about risk of bias: judgements as a table and as figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from . import show
from .options import Marker

__all__ = ["risk_of_bias"]

Judgements = Annotated[Path | None, typer.Argument(help="Judgements, .toml or .csv; without them none is assessed.")]
ToolName = Annotated[str, typer.Option("--tool", help="QUIPS, ROBINS-I or ROB-ME; a file may tell it.")]
Figure = Annotated[Path | None, typer.Option(help="A .png, .svg, .pdf, .tiff or .eps file to draw.")]
FigureKind = Annotated[Literal["lights", "summary"], typer.Option(help="Lights for each study, or shares.")]


def risk_of_bias(
    judgements: Judgements = None, tool: ToolName = "", marker: Marker = None, figure: Figure = None,
    kind: FigureKind = "lights",
) -> None:  # fmt: skip
    """Show a person's judgements of risk of bias; the published studies of --marker that nobody judged stand in too."""
    from ..meta.risk_of_bias import risk_of_bias as gather

    found = gather(judgements, tool=tool, studies=_studies(marker) if marker else {})
    show.words(found.table())
    if figure is not None:
        from ..figures.risk_of_bias import bias_summary, traffic_light
        from ..figures.save import save_figure

        draw = traffic_light if kind == "lights" else bias_summary
        show.say(f"Wrote {save_figure(draw(found), figure)}")


def _studies(marker: str) -> dict[str, str]:
    """Return the clinical studies of a marker, by id."""
    from ..evidence import studies
    from ..registry import find

    rows = studies()
    about = rows[(rows["marker"] == find(marker).evidence_name) & (rows["tier"] == "clinical")]
    return dict(zip(about["study_id"], about["study"], strict=True))
