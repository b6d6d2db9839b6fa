"""The command that opens the explorer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import show
from .options import DataDir, MappingFile, MinCell

__all__ = ["explore"]


def explore(
    file: Annotated[Path | None, typer.Argument(help="A table of your own, with --mapping.")] = None,
    mapping: MappingFile = None,
    min_cell: MinCell = None,
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(help="Port on this machine; any free one by default.")] = 0,
) -> None:
    """Open the explorer in a browser, on this machine alone: curves, effects and verdicts by clicking."""
    from ..cohorts.catalogue import load
    from ..cohorts.withheld import with_min_cell
    from ..explorer import explore as serve

    cohort = with_min_cell(load(file, mapping=mapping), min_cell) if file is not None else None
    served = serve(cohort, mapping=mapping, data_dir=data_dir, port=port)
    show.say(served.address)
    served.wait()
