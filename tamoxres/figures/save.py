"""Figures as bytes: PNG, SVG, PDF, TIFF and EPS, the same bytes each time for the same versions and platform.

SVG keeps text as text, with ids from a fixed salt and no date; PDF embeds its fonts (type 42), EPS the outlines of the
letters that it shows (type 3), and neither bears a date; TIFF is RGB, packed without loss (LZW). What an Axes says of
itself in words (its label) stands in the file's metadata, for those who cannot see it. EPS knows no transparency: what
is half transparent is drawn in the colour that it has on white paper.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import Collection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..errors import TamoxresError
from ..files import write_whole
from .lock import DRAWING
from .pdf_fonts import reduced_fonts
from .scripts import needs_outlines, refuse_unwritable

__all__ = ["FORMATS", "Format", "every_format", "figure_bytes", "save_figure"]

Format = Literal["png", "svg", "pdf", "tiff", "eps"]
FORMATS: tuple[Format, ...] = get_args(Format)
_IN_REPORTS: tuple[Format, ...] = ("png", "svg", "pdf")
_SUFFIXES: dict[str, Format] = {**{fmt: fmt for fmt in FORMATS}, "tif": "tiff"}
_DPI, _DPI_MOST = 300, 2400
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tamoxres",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "ps.fonttype": 3,
}
_OUTLINES: dict[Any, Any] = {"pdf.fonttype": 3}  # fonts with cubic outlines cannot be TrueType
_UNDATED: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
_DESCRIPTION = {"png": "Description", "svg": "Description", "pdf": "Subject"}  # where each format keeps it
_TIFF_DESCRIPTION = 270
_PACKED = 3  # of zlib's nine levels: a tenth larger than its usual 6, in half the time
_DATE = re.compile(rb"^%%CreationDate:.*\n", re.MULTILINE)


def figure_bytes(drawn: Axes | Figure, fmt: str = "png", *, dpi: int = _DPI) -> bytes:
    """Render a figure.

    Parameters
    ----------
    drawn : Axes or Figure
        As the functions of this folder return it.
    fmt : "png" | "svg" | "pdf" | "tiff" | "eps"
    dpi : int
        Dots an inch of a PNG or TIFF, 36 to 2400.

    Returns
    -------
    bytes
        The same for the same figure.

    Raises
    ------
    TamoxresError
        On another format or resolution, or if a text is in a script that no font of this machine has (SVG excepted:
        there the reader's machine brings the font).
    """
    if fmt not in FORMATS:
        raise TamoxresError(f"Cannot draw a figure as {fmt!r}. Use {', '.join(FORMATS)}.")
    if not 36 <= dpi <= _DPI_MOST:
        raise TamoxresError(f"dpi is {dpi}. Use 36 to {_DPI_MOST} dots an inch; journals ask for 300 to 600.")
    figure = _figure(drawn)
    said = " ".join(str(ax.get_label()) for ax in figure.axes).strip()
    if fmt != "svg":
        refuse_unwritable(figure)
    with DRAWING, ExitStack() as settings:
        settings.enter_context(matplotlib.rc_context({**_SETTINGS, **(_OUTLINES if needs_outlines(figure) else {})}))
        if fmt == "svg":
            settings.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the reader's machine has it
        if fmt == "pdf":
            settings.enter_context(reduced_fonts(figure))
        return _TURNED[fmt](figure, said, dpi) if fmt in _TURNED else _rendered(figure, fmt, said, dpi)


def _figure(drawn: Axes | Figure) -> Any:
    return drawn if isinstance(drawn, Figure) else drawn.figure


def _rendered(figure: Figure, fmt: str, said: str, dpi: int) -> bytes:
    metadata = {**_UNDATED.get(fmt, {}), **({_DESCRIPTION[fmt]: said} if said and fmt in _DESCRIPTION else {})}
    out = io.BytesIO()
    packed: dict[str, Any] = {"pil_kwargs": {"compress_level": _PACKED}} if fmt == "png" else {}
    figure.savefig(out, format=fmt, dpi=dpi, metadata=metadata, **packed)
    return out.getvalue()


def _tiff(figure: Figure, said: str, dpi: int) -> bytes:
    from PIL import Image
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    out, tags = io.BytesIO(), ImageFileDirectory_v2()
    if said:
        tags[_TIFF_DESCRIPTION] = said.encode("ascii", "replace").decode("ascii")  # TIFF's texts are ASCII
    with Image.open(io.BytesIO(_rendered(figure, "png", "", dpi))) as picture:
        picture.convert("RGB").save(out, "TIFF", compression="tiff_lzw", dpi=(dpi, dpi), tiffinfo=tags)
    return out.getvalue()


def _eps(figure: Figure, said: str, dpi: int) -> bytes:
    with _opaque(figure):
        plain = _rendered(figure, "eps", said, dpi)
    return _DATE.sub(b"", plain, count=1)


_TURNED: dict[str, Callable[[Figure, str, int], bytes]] = {"tiff": _tiff, "eps": _eps}


@contextmanager
def _opaque(figure: Figure) -> Iterator[None]:
    """Give what is half transparent the colour that it has on white, inside a `with` block."""
    clear: list[Any] = [artist for artist in figure.findobj(Artist) if _alpha(artist) < 1]
    before = [(artist, artist.get_alpha(), _paint(artist)) for artist in clear]
    try:
        for artist, alpha, color in before:
            artist.set_alpha(None)
            _dye(artist, tuple(1 - alpha * (1 - part) for part in to_rgb(color)))
        yield
    finally:
        for artist, alpha, color in before:
            _dye(artist, color)
            artist.set_alpha(alpha)


def _alpha(artist: Artist) -> float:
    alpha = artist.get_alpha()
    return 1.0 if alpha is None or not hasattr(artist, "set_color") else float(alpha)


def _paint(artist: Any) -> Any:
    if isinstance(artist, Patch):
        return artist.get_facecolor()
    return artist.get_facecolor()[0] if isinstance(artist, Collection) else artist.get_color()


def _dye(artist: Any, color: Any) -> None:
    """Colour an artist; of a patch the face alone, so that its edge stays."""
    (artist.set_facecolor if isinstance(artist, Patch) else artist.set_color)(color)


def every_format(drawn: Axes | Figure, *, dpi: int = _DPI) -> dict[str, bytes]:
    """Render a figure in each of the formats that a report holds: PNG, SVG and PDF."""
    return {fmt: figure_bytes(drawn, fmt, dpi=dpi) for fmt in _IN_REPORTS}


def _pages(drawn: Sequence[Axes | Figure]) -> bytes:
    """Write several figures as the pages of one PDF."""
    out = io.BytesIO()
    for one in drawn:
        refuse_unwritable(_figure(one))
    outlines = any(needs_outlines(_figure(one)) for one in drawn)
    settings = {**_SETTINGS, **(_OUTLINES if outlines else {})}
    with matplotlib.rc_context(settings), PdfPages(out, metadata={"CreationDate": None}) as pages:
        for one in drawn:
            pages.savefig(_figure(one))
    return out.getvalue()


def save_figure(
    drawn: Axes | Figure | Sequence[Axes | Figure],
    path: str | Path,
    *,
    dpi: int = _DPI,
    format: Format | None = None,  # noqa: A002 (as in matplotlib's savefig)
) -> Path:
    """Write a figure to a file, whole or not at all.

    Parameters
    ----------
    drawn : Axes or Figure, or several
        Several (as `forest_pages` gives them) become the pages of one PDF.
    path : path
        Its ending says the format: .png, .svg, .pdf, .tiff (or .tif), .eps.
    dpi : int
        Dots an inch of a PNG or TIFF, 36 to 2400.
    format : "png" | "svg" | "pdf" | "tiff" | "eps", optional
        Whatever the ending says.

    Returns
    -------
    Path

    Raises
    ------
    TamoxresError
        If the file's ending is none of these and no format is named, the format or the resolution is unknown, several
        pages are not to be a PDF, a text is in a script that this machine has no font for, or the folder is missing.

    Examples
    --------
    >>> import tempfile
    >>> from tamoxres.effects import EffectEstimate
    >>> from tamoxres.figures.forest import forest
    >>> naples = EffectEstimate.from_ci(1.33, 0.70, 2.51, study="Naples 2003")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(forest([naples]), f"{folder}/naples.tiff", dpi=600).name
    'naples.tiff'
    """
    target = Path(path)
    fmt = format or _SUFFIXES.get(target.suffix.lower().removeprefix("."))
    if fmt is None:
        endings = ", ".join(f".{fmt}" for fmt in FORMATS)
        raise TamoxresError(
            f"{target.name}: a figure is written as {endings}; end the name with one of them, or name a format=."
        )
    if isinstance(drawn, Axes | Figure):
        return write_whole(target, figure_bytes(drawn, fmt, dpi=dpi))
    if fmt != "pdf" and len(drawn) != 1:
        raise TamoxresError(
            f"{target.name}: {len(drawn)} pages are written as one .pdf; save each one for other formats."
        )
    return write_whole(target, figure_bytes(drawn[0], fmt, dpi=dpi) if len(drawn) == 1 else _pages(drawn))
