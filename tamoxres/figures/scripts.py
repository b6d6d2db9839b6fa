"""Letters beyond the bundled font: which font of this machine has them, and what to say where none has.

DejaVu Sans holds Latin, Greek, Cyrillic, Arabic, Hebrew and most signs. Chinese, Japanese and Korean, emoji and other
scripts are drawn from a font of this machine, found when a text first needs it. Fonts of coloured bitmaps are no help:
figures are drawn from outlines.
"""

from __future__ import annotations

import logging
import unicodedata
from functools import lru_cache
from typing import Any

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from ..errors import TamoxresError
from ..wording import dashed

__all__ = ["drawable", "families", "needs_outlines", "refuse_unwritable", "unwritable"]

_HOUSE = "DejaVu Sans"
_SIGNS = "\ufe0e\ufe0f\u200d\u200c\u2060\ufeff"  # tell how neighbours are drawn, and are not drawn themselves
_FIRST = (
    "Noto Sans CJK JP",
    "Noto Sans CJK",
    "Noto Sans",
    "Source Han Sans",
    "WenQuanYi",
    "Noto Emoji",
    "Symbola",
)  # before any other
_EMOJI = 0x1F000
_SCRIPTS = {  # the first word of a character's Unicode name: what its script is called, and a Debian package with it
    "CJK": ("Chinese, Japanese or Korean", "fonts-noto-cjk"), "HIRAGANA": ("Japanese", "fonts-noto-cjk"),
    "KATAKANA": ("Japanese", "fonts-noto-cjk"), "HANGUL": ("Korean", "fonts-noto-cjk"),
    "EMOJI": ("emoji", "fonts-symbola"),
}  # fmt: skip
_OTHER = "fonts-noto-core"
Found = tuple[str, str]  # a font's name and its file


def drawable(text: str) -> str:
    """Return a text as it is drawn: ranges dashed, without marks that tell of neighbours (joiners, selectors)."""
    text = dashed(text)
    return text if text.isascii() else text.translate(dict.fromkeys(map(ord, _SIGNS)))


def families(text: str) -> list[str]:
    """Return the fonts that a text needs: the house's, then those of this machine that have what it lacks."""
    if text.isascii():
        return [_HOUSE]
    fonts = [_font_for(letter) for letter in dict.fromkeys(text) if not _in_house(letter)]
    return list(dict.fromkeys([_HOUSE, *(found[0] for found in fonts if found)]))


def unwritable(text: str) -> str:
    """Return the characters of a text that no font of this machine has, each once."""
    if text.isascii():
        return ""
    return "".join(x for x in dict.fromkeys(drawable(text)) if not _in_house(x) and _font_for(x) is None)


def refuse_unwritable(figure: Any) -> None:
    """Give each text of a figure its fonts, and refuse one that no font of this machine can draw.

    Raises
    ------
    TamoxresError
        Naming the script and a package that brings a font.
    """
    for artist in figure.findobj(Text):
        text = artist.get_text()
        if text.isascii():
            continue
        if lacking := unwritable(text):
            name, package = _script(lacking[0])
            raise TamoxresError(
                f"{text!r} holds {name} characters ({lacking}), and no font of this machine can draw them.",
                mend=f"Install one (Debian and Ubuntu: {package}), or write the label in Latin letters; "
                "SVG needs no font here.",
            )
        if len(fonts := families(text)) > 1:
            artist.set_fontfamily(fonts)


def needs_outlines(figure: Any) -> bool:
    """Whether a figure's texts need a font that is not TrueType, which a PDF holds as outlines alone."""
    letters = {letter for artist in figure.findobj(Text) for letter in artist.get_text()}
    fonts = {_font_for(letter) for letter in letters if ord(letter) > 127 and not _in_house(letter)}
    return any(found is not None and not found[1].lower().endswith(".ttf") for found in fonts)


def _script(letter: str) -> tuple[str, str]:
    word = unicodedata.name(letter, f"U+{ord(letter):04X}").partition(" ")[0]
    key = "EMOJI" if ord(letter) >= _EMOJI and unicodedata.category(letter) == "So" else word
    return _SCRIPTS.get(key, (word.capitalize(), _OTHER))


@lru_cache(maxsize=4096)
def _in_house(letter: str) -> bool:
    return letter.isspace() or letter in _SIGNS or _has(_file_of(_HOUSE), letter)


@lru_cache(maxsize=1)
def _file_of(name: str) -> str:
    return str(font_manager.findfont(name))


@lru_cache(maxsize=4096)
def _font_for(letter: str) -> Found | None:
    """Find the first font of this machine with a character: known ones first, then any, in a fixed order."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # a font without a bold face is no news
    if found := _listed(letter):
        return found
    known = {str(entry.fname) for entry in font_manager.fontManager.ttflist}
    for file in sorted(set(font_manager.findSystemFonts()) - known):  # installed since matplotlib listed the fonts
        if _has(file, letter):
            font_manager.fontManager.addfont(file)
    return _listed(letter)


def _listed(letter: str) -> Found | None:
    listed = {(str(e.name), str(e.fname)) for e in font_manager.fontManager.ttflist if e.style == "normal"}
    return next((found for found in sorted(listed, key=_before) if _has(found[1], letter)), None)


def _before(found: Found) -> tuple[int, str, str]:
    rank = next((i for i, name in enumerate(_FIRST) if found[0].startswith(name)), len(_FIRST))
    return 2 * rank + ("Bold" in found[1]), *found


@lru_cache(maxsize=8192)
def _has(file: str, letter: str) -> bool:
    font = _opened(file)
    return font is not None and font.get_char_index(ord(letter)) != 0


@lru_cache(maxsize=64)
def _opened(file: str) -> FT2Font | None:
    """Open a font; None where it has no outlines (coloured bitmaps) or cannot be read."""
    try:
        return None if "LastResort" in file else FT2Font(file)
    except (RuntimeError, OSError):
        return None
