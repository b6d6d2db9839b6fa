"""The page: one file that needs no network, with its style, script and figures inside.

The content security policy allows nothing but the style and the script whose hashes it names, and fonts from the
page itself. All texts are escaped; only what the package has made itself (tables, figures) goes in as it is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..effects import EffectEstimate
from ..tables.as_html import STYLE_FILE
from ..wording import count, number_with_interval, p_value, ratio_with_interval
from .chapters.words import marker_name
from .font import font_face
from .page import Browser, Code, Link, Page, Shown, Text, estimate
from .svg import NARROW, axis_svg, inline_svg, interval_svg

__all__ = ["page_html"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def page_html(page: Page, figures: Mapping[str, bytes]) -> str:
    """Render the page.

    Parameters
    ----------
    page : Page
    figures : mapping of name to SVG
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    body = environment.get_template("body.html.j2").render(
        page=page,
        kind=lambda block: type(block).__name__,
        shown=estimate,
        inline=_inline,
        figure=lambda made: inline_svg(figures[made.name], made.name, made.alt),
        plot=lambda effect: interval_svg(effect, axis=NARROW),
        axis=axis_svg(),
        lines=_lines,
        dots=_dots,
    )
    style = "\n".join(
        (
            font_face(_letters(page, figures)),
            STYLE_FILE.read_text(encoding="utf-8"),
            (_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        )
    )
    shell = environment.get_template("report.html.j2")
    pictures = "img-src data:; " if page.look.logo else ""
    policy = (
        f"default-src 'none'; {pictures}style-src '{_hash(style)}'; script-src '{_hash(script)}'; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return str(shell.render(title=page.title, policy=policy, style=style, script=script, body=body))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _letters(page: Page, figures: Mapping[str, bytes]) -> str:
    """Return the characters that figures may need: all of printable ASCII, and whatever else they hold."""
    held = "".join(svg.decode("utf-8") for svg in figures.values())
    return "".join(map(chr, range(32, 127))) + "".join({letter for letter in held if ord(letter) > 126})


def _inline(text: Text) -> str:
    from markupsafe import escape

    out = []
    for part in text:
        if isinstance(part, str):
            out.append(str(escape(part)))
        elif isinstance(part, Shown):
            about = f' data-effect="{escape(part.effect_id)}"' if part.effect_id else ""
            out.append(f'<span class="num"{about}>{escape(part.text)}</span>')
        elif isinstance(part, Link):
            out.append(f'<a href="#{escape(part.target)}">{escape(part.text)}</a>')
        elif isinstance(part, Code):
            out.append(f"<code>{escape(part.text)}</code>")
    return "".join(out)


def _dots(certainty: str) -> str:
    filled = {"none": 0, "very low": 1, "low": 2, "moderate": 3}.get(certainty, 0)
    return "●" * filled + "○" * (4 - filled)


def _lines(browser: Browser) -> list[dict[str, Any]]:
    """Lay out the rows of the browser: pooled effects by every method, then the effects."""
    rows = []
    for answer in browser.pools:
        for i, (method, pooled) in enumerate(answer.pooled.items()):
            told = {
                "study": "Pooled",
                "contrast": answer.asked.label,
                "population": f"{pooled.k} studies",
                "source": "pooled",
            }
            rows.append({**_line(pooled.to_effect(), own=False), **told, "method": method, "hidden": i > 0})
    for effect in browser.effects:
        line = _line(effect, own=effect.row_id in browser.own)
        rows.append({**line, "study": browser.titles.get(effect.study, effect.label)})
    return rows


def _line(effect: EffectEstimate, *, own: bool) -> dict[str, Any]:
    estimated = effect.status == "estimated"
    write = ratio_with_interval if effect.is_ratio else number_with_interval
    p = effect.p_value
    return {
        "id": effect.row_id,
        "study": effect.label,
        "marker": marker_name(effect.marker) or "none",
        "estimand": effect.estimand.replace("_", " "),
        "endpoint": effect.endpoint,
        "contrast": effect.contrast,
        "population": effect.population,
        "source": "own" if own else "published",
        "method": "",
        "hidden": False,
        "n": count(effect.n),
        "n_value": effect.n or "",
        "events": count(effect.events),
        "events_value": effect.events or "",
        "estimate": write(effect.estimate, *effect.ci()) if estimated else "",
        "estimate_value": effect.point if estimated and effect.point is not None else "",
        "p": "" if p is None else p_value(p),
        "p_value": "" if p is None else p,
        "plot": interval_svg(effect, accent=own),
    }
