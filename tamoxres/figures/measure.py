"""How wide a text is on paper, and where to break it: measured from the font's own metrics, never guessed.

Widths are points, from the glyphs of the bundled DejaVu Sans (and of this machine's fonts where it lacks a script)
without hinting, so that they hold at any resolution and in PNG, SVG and PDF alike.
"""

from __future__ import annotations

from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from .look import Renamed, renamed
from .scripts import drawable, families, unwritable

__all__ = ["LINE", "text_width", "wrap"]

LINE = 1.25  # distance between the baselines of wrapped lines, in sizes of the text


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in points, that of its widest line if it has several."""
    return _width(renamed(text), size, bold)


def _width(text: str, size: float, bold: bool) -> float:
    return max((_line_width(line, size, bold) for line in drawable(text).split("\n")), default=0.0)


@lru_cache(maxsize=8192)
def _line_width(line: str, size: float, bold: bool) -> float:
    if not line.strip():
        return 0.0
    lacking = unwritable(line)
    held = "".join(letter for letter in line if letter not in lacking) if lacking else line
    font = FontProperties(family=families(held), size=size, weight="bold" if bold else "normal")
    width = float(text_to_path.get_text_width_height_descent(held, font, False)[0]) if held.strip() else 0.0
    return width + size * sum(letter in lacking for letter in line)  # a letter of an unknown font is a square


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Break a text at its spaces so that no line is wider than `width` points; a wider word is broken itself."""
    said, lines = renamed(text), []
    for paragraph in said.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            candidate = f"{line} {word}" if line else word
            if _width(candidate, size, bold) <= width:
                line = candidate
                continue
            if line:
                lines.append(line)
            *full, line = _pieces(word, width, size, bold)
            lines.extend(full)
        lines.append(line)
    whole = "\n".join(lines)
    return Renamed(whole) if isinstance(said, Renamed) else whole


def _pieces(word: str, width: float, size: float, bold: bool) -> list[str]:
    """Cut a word into pieces that fit, after a mark such as `-` where there is one; a piece has a letter at least."""
    pieces = []
    while _width(word, size, bold) > width and len(word) > 1:
        fits = max((i for i in range(1, len(word)) if _width(word[:i], size, bold) <= width), default=1)
        marks = [i + 1 for i, letter in enumerate(word[:fits]) if letter in "-/_;,+&"]
        cut = marks[-1] if marks else fits
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]
