"""The typeface inside PDF figures: cut down once a process to the scripts that figures use, not once a figure.

For every PDF matplotlib opens the whole font by `fontTools.subset.load_font` and cuts it to the glyphs drawn, which
takes the longer the more glyphs the font has. Text is laid out before that, so what is embedded needs outlines, hints
and widths, and no layout tables: here the bundled fonts are opened cut down to Latin, Greek and signs, a quarter of
their glyphs, and asked by the numbers that these have in the whole font. A figure with any other character is drawn
from the whole font.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

import matplotlib
from matplotlib.figure import Figure, SubFigure
from matplotlib.text import Text

__all__ = ["open_fonts", "reduced_fonts"]

_BUNDLED = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf")
_SCRIPTS = (  # Latin, Greek, and signs: dashes and spaces, letters as signs, arrows, operators, shapes
    (0x20, 0x180), (0x370, 0x3D0), (0x2000, 0x20A0), (0x2100, 0x2150), (0x2190, 0x21A0), (0x2200, 0x2270),
    (0x25A0, 0x2700),
)  # fmt: skip
_LAYOUT = ("GPOS", "GDEF", "kern", "FFTM")
_NAMES = (0, 6)  # copyright and PostScript name
_LOCK = RLock()


@contextmanager
def reduced_fonts(figure: Figure | SubFigure) -> Iterator[None]:
    """Let a figure's PDF be written from the reduced fonts, where they hold every character that it shows."""
    if not all(_covered(text.get_text()) for text in figure.findobj(Text)):
        yield
        return
    from fontTools import subset

    with _LOCK:
        load, cutter = subset.load_font, subset.Subsetter

        def load_reduced(file: Any, options: Any, *more: Any, **named: Any) -> Any:
            path = Path(str(file))
            if path.name not in _BUNDLED or not path.is_relative_to(matplotlib.get_data_path()):
                return load(file, options, *more, **named)
            options.glyph_names = False
            content, numbers = _reduced(path, load)
            font = load(io.BytesIO(content), options, *more, **named)
            font.numbers = numbers
            return font

        class Translating(cutter):  # type: ignore[misc, valid-type]
            """Is asked, and answers, in the numbers that glyphs have in the whole font."""

            glyph_ids_requested: set[int]
            glyph_index_map: dict[int, int]

            def subset(self, font: Any) -> None:
                numbers, asked = getattr(font, "numbers", None), self.glyph_ids_requested
                if numbers is not None:
                    self.glyph_ids_requested = {numbers[glyph] for glyph in asked}
                super().subset(font)
                if numbers is not None:
                    self.glyph_index_map = {glyph: self.glyph_index_map[numbers[glyph]] for glyph in asked}

        subset.load_font, subset.Subsetter = load_reduced, Translating
        try:
            yield
        finally:
            subset.load_font, subset.Subsetter = load, cutter


def open_fonts() -> None:
    """Cut the bundled fonts down before they are needed: processes that are forked afterwards have them."""
    from fontTools import subset

    for name in _BUNDLED:
        _reduced(Path(matplotlib.get_data_path(), "fonts", "ttf", name), subset.load_font)


def _covered(text: str) -> bool:
    return all(any(low <= ord(character) < high for low, high in _SCRIPTS) or character == "\n" for character in text)


@cache
def _reduced(path: Path, load: Any) -> tuple[bytes, dict[int, int]]:
    """Cut a font to the scripts, ligatures included; return it, and for each glyph its number by the one it had."""
    from fontTools import subset

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(notdef_outline=True, recommended_glyphs=True, layout_features=["*"])
    options.drop_tables = [*options.drop_tables, *_LAYOUT]
    out = io.BytesIO()
    with load(str(path), options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=[code for low, high in _SCRIPTS for code in range(low, high)])
        cutter.subset(font)
        del font["GSUB"]  # it has named the ligatures
        font["name"].names = [record for record in font["name"].names if record.nameID in _NAMES]
        font["post"].formatType = 3.0  # no glyph names
        font.save(out, reorderTables=False)
    return out.getvalue(), cutter.glyph_index_map
