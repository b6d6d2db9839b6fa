"""Figures as bytes: PNG, SVG and PDF, the same bytes each time for the same versions and platform.

SVG keeps text as text, with ids from a fixed salt and no date; PDF embeds its fonts (type 42) and bears no date. What
an Axes says of itself in words (its label) stands in the file's metadata, for those who cannot see it.
"""

from __future__ import annotations

import io
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, get_args

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import TamoxresError
from ..files import write_whole
from .pdf_fonts import reduced_fonts

__all__ = ["FORMATS", "every_format", "figure_bytes", "save_figure"]

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tamoxres",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
}
_UNDATED: dict[str, dict[str, Any]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
_DESCRIPTION = {"png": "Description", "svg": "Description", "pdf": "Subject"}  # where each format keeps it


def figure_bytes(drawn: Axes | Figure, fmt: str = "png", *, dpi: int = 300) -> bytes:
    """Render a figure.

    Parameters
    ----------
    drawn : Axes or Figure
        As the functions of this folder return it.
    fmt : "png" | "svg" | "pdf"
    dpi : int
        Dots an inch of a PNG.

    Returns
    -------
    bytes
        The same for the same figure.

    Raises
    ------
    TamoxresError
        On another format.
    """
    if fmt not in FORMATS:
        raise TamoxresError(f"Cannot draw a figure as {fmt!r}. Use {', '.join(FORMATS)}.")
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    said = " ".join(str(ax.get_label()) for ax in figure.axes)
    metadata = {**_UNDATED[fmt], **({_DESCRIPTION[fmt]: said} if said.strip() else {})}
    out = io.BytesIO()
    with matplotlib.rc_context(_SETTINGS), reduced_fonts(figure) if fmt == "pdf" else nullcontext():
        figure.savefig(out, format=fmt, dpi=dpi, metadata=metadata)  # type: ignore[union-attr]
    return out.getvalue()


def every_format(drawn: Axes | Figure, *, dpi: int = 300) -> dict[str, bytes]:
    """Render a figure in each of the formats."""
    return {fmt: figure_bytes(drawn, fmt, dpi=dpi) for fmt in FORMATS}


def save_figure(drawn: Axes | Figure, path: str | Path) -> Path:
    """Write a figure to a PNG, SVG or PDF file, whole or not at all.

    Raises
    ------
    TamoxresError
        If the file's ending is none of these, or its folder does not exist.
    """
    target = Path(path)
    suffix = target.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise TamoxresError(f"{target.name}: a figure is written as .png, .svg or .pdf; end the name with one of them.")
    return write_whole(target, figure_bytes(drawn, suffix))
