"""The figures' typeface inside the page: DejaVu Sans, cut down to the letters used, so that text stays in place.

The font comes with matplotlib, whose folder is found without importing it. DejaVu fonts are free to embed
(https://dejavu-fonts.github.io/License.html).
"""

from __future__ import annotations

import base64
import importlib.util
import io
import logging
from pathlib import Path

__all__ = ["font_face"]

_FILES = {400: "DejaVuSans.ttf", 700: "DejaVuSans-Bold.ttf"}


def font_face(characters: str) -> str:
    """Write `@font-face` rules that carry the typeface for these characters.

    Returns
    -------
    str
        CSS; the same for the same characters and versions.
    """
    rules = []
    for weight, name in _FILES.items():
        data = base64.b64encode(_subset(_folder() / name, characters)).decode("ascii")
        rules.append(
            f'@font-face {{ font-family: "DejaVu Sans"; font-weight: {weight}; '
            f'src: url(data:font/woff;base64,{data}) format("woff"); }}'
        )
    return "\n".join(rules) + "\n"


def _folder() -> Path:
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("matplotlib is not installed")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def _subset(path: Path, characters: str) -> bytes:
    from fontTools import subset

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(flavor="woff", layout_features=["kern", "liga"], notdef_outline=True, hinting=False)
    out = io.BytesIO()
    with subset.load_font(str(path), options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text="".join(sorted(set(characters))))
        cutter.subset(font)
        subset.save_font(font, out, options)
    return out.getvalue()
