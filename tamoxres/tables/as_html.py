"""A table as HTML: a caption, header cells with their scope, and `data-effect` on each cell made from an effect row."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..wording import unbroken

if TYPE_CHECKING:
    from .content import Content

__all__ = ["STYLE_FILE", "styled", "to_html", "to_page"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
STYLE_FILE = _TEMPLATES / "table.css"


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_set,
    )


def _set(text: Any) -> Any:
    """Set a text of the table; what is markup already stays."""
    return unbroken(text) if type(text) is str else text


def to_html(table: Content, *, inline: bool = False) -> str:
    """Write the table as an HTML fragment without a style of its own; `inline` puts sides and indents on each cell."""
    return str(_environment().get_template("table.html.j2").render(table=table, inline=inline))


def styled(table: Content) -> str:
    """Write the fragment with its style before it, as a notebook shows it.

    Notebooks set cells right by rules of their own, and some viewers drop the style: sides and indents stand inline.
    """
    return f"<style>\n{_style()}</style>\n{to_html(table, inline=True)}"


def to_page(table: Content) -> str:
    """Write the table as an HTML document."""
    return str(_environment().get_template("page.html.j2").render(table=table, style=_style(), inline=False))


def _style() -> str:
    return STYLE_FILE.read_text(encoding="utf-8")
