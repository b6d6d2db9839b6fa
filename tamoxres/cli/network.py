"""The command about several treatments: a network of trials, and where its direct and indirect evidence part."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from . import show
from .evidence import Files, RowsOf, read_rows
from .evidence import filtered as rows_asked
from .options import Marker

__all__ = ["network"]

Reference = Annotated[str, typer.Option(help="Treatment to compare with.")]
Modifier = Annotated[bool, typer.Option("--modifier", help="Compare how a marker changes their effects.")]
SplitToo = Annotated[bool, typer.Option("--split", help="Set direct beside indirect evidence, pair by pair.")]
Tau2 = Annotated[Literal["reml", "ml", "common"], typer.Option(help="Variance between trials.")]


def network(
    files: Files, marker: Marker = None, endpoint: Annotated[str | None, typer.Option(help="Endpoint.")] = None,
    estimand: RowsOf = None, reference: Reference = "none", modifier: Modifier = False, split: SplitToo = False,
    method: Tau2 = "reml",
) -> None:  # fmt: skip
    """Compare several treatments over trials of different pairs of them; with --split, node by node."""
    from ..meta.network import network as compare
    from ..meta.node_split import node_split

    rows = rows_asked(read_rows(files), marker, endpoint, estimand, {})
    found = compare(rows, reference=reference, modifier=modifier, method=method)
    show.words(found.table())
    if split:
        show.words(node_split(rows, reference=reference, modifier=modifier, method=method).table())
