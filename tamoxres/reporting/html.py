"""The page: one file that needs no network, with its style, script and figures inside.

The content security policy allows nothing but the style and the script whose hashes it names, and fonts from the
page itself. All texts are escaped; only what the package has made itself (figures) goes in as it is. Files beside the
page are linked by their place in the report's folder; DOIs and PubMed numbers lead to their addresses.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..wording import dashed, spoken, unbroken
from .curve_data import curve_json
from .explorer import lines, methods_of
from .font import font_face
from .links import linked
from .page import Code, Figure, Link, Page, Shown, Text, estimate
from .svg import axis_svg, inline_svg, ratio_axis, ratio_svg

__all__ = ["page_html"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_STYLES = ("report.css", "tables.css", "narrow.css", "print.css")
_SCRIPTS = ("report.js", "explorer.js", "curves.js")
_SIGNS = "▲△◐≈⊘–"  # of the verdicts on the first screen
_DOTS = {"none": 0, "very low": 1, "low": 2, "moderate": 3, "high": 4}


def page_html(page: Page, figures: Mapping[str, bytes], narrow: Mapping[str, bytes] | None = None) -> str:
    """Render the page.

    Parameters
    ----------
    page : Page
    figures : mapping of name to SVG
    narrow : mapping of name to SVG, optional
        Those that are laid out once more, for a phone.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda text: unbroken(text) if type(text) is str else text,
    )
    script = "\n".join(map(_template, _SCRIPTS))
    body = environment.get_template("body.html.j2").render(
        page=page,
        kind=lambda block: type(block).__name__,
        shown=estimate,
        inline=_inline,
        linked=linked,
        figure=partial(_picture, figures, narrow or {}),
        curves=_curves,
        mark=ratio_svg,
        axis=ratio_axis(),
        lines=lines,
        ticks=axis_svg(),
        methods=methods_of,
        dots=_dots,
        sortable=_sortable,
    )
    style = "\n".join((font_face(_letters(page, figures)), *(map(_template, _STYLES))))
    shell = environment.get_template("report.html.j2")
    drawn = (*figures.values(), *(narrow or {}).values())
    pictures = "img-src data:; " if page.look.logo or any(b"<image" in svg for svg in drawn) else ""
    policy = (
        f"default-src 'none'; {pictures}style-src '{_hash(style)}'; script-src '{_hash(script)}'; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return str(shell.render(title=page.title, policy=policy, style=style, script=script, body=body))


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _letters(page: Page, figures: Mapping[str, bytes]) -> str:
    """Return the characters that figures may need: all of printable ASCII, and whatever else they hold."""
    held = "".join(svg.decode("utf-8") for svg in figures.values())
    return "".join(map(chr, range(32, 127))) + _SIGNS + "".join({letter for letter in held if ord(letter) > 126})


def _inline(text: Text) -> str:
    from markupsafe import escape

    out = []
    for part in text:
        if isinstance(part, str):
            out.append(linked(part))
        elif isinstance(part, Shown):
            about = f' data-effect="{escape(part.effect_id)}"' if part.effect_id else ""
            out.append(f'<span class="num"{about}>{escape(unbroken(part.text))}</span>')
        elif isinstance(part, Link):
            out.append(f'<a href="#{escape(part.target)}">{escape(unbroken(part.text))}</a>')
        elif isinstance(part, Code):
            out.append(f"<code>{escape(part.text)}</code>")
    return "".join(out)


def _dots(certainty: str) -> str:
    filled = _DOTS.get(certainty, 0)
    return "●" * filled + "○" * (4 - filled)


def _sortable(table: Any) -> bool:
    """Whether a table has rows to sort: more than two, and none that heads others."""
    return len(table.rows) > 2 and all(row.kind == "plain" for row in table.rows)


def _picture(figures: Mapping[str, bytes], narrow: Mapping[str, bytes], made: Figure) -> str:
    """Return a figure's drawing; where it has a narrow one, both: the width of the screen chooses."""
    alt = spoken(made.alt)
    wide = inline_svg(figures[made.name], made.name, alt)
    if made.name not in narrow:
        return wide
    slim = inline_svg(narrow[made.name], f"{made.name}-narrow", alt)
    return f'<div class="wide">{wide}</div><div class="slim">{slim}</div>'


def _curves(figure: Figure) -> str:
    return "" if figure.curves is None else curve_json(figure.curves, dashed(figure.effect))
