"""A table as Markdown: pipes and every other mark with a meaning are escaped, so that words stay words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .content import Content, Row

__all__ = ["escape_markdown", "to_markdown"]

_MARKS = re.compile(r"([\\|`*_\[\]~#])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def to_markdown(table: Content) -> str:
    """Write the table as a pipe table under its title, the footnotes below it."""
    lines = [f"**{escape_markdown(table.title)}**", ""] if table.title else []
    lines.append(_joined([escape_markdown(column.header) for column in table.columns]))
    lines.append("|" + "|".join(":---" if column.align == "left" else "---:" for column in table.columns) + "|")
    lines += [_row(row) for row in table.rows]
    for note in table.footnotes:
        lines += ["", escape_markdown(note)]
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """Escape what Markdown or HTML would take for a mark."""
    return _MARKS.sub(r"\\\1", re.sub("[&<>]", lambda found: _HTML[found.group()], text))


def _row(row: Row) -> str:
    texts = [escape_markdown(cell.text) for cell in row.cells]
    if row.kind == "heading":
        texts[0] = f"**{texts[0]}**"
    if row.kind == "level":
        texts[0] = "&nbsp;&nbsp;" + texts[0]
    return _joined(texts)


def _joined(texts: list[str]) -> str:
    return "| " + " | ".join(texts) + " |"
