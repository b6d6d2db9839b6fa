"""A table as CSV: header and rows first, so that any reader of CSV takes them; title and footnotes after an empty line.

A cell that a spreadsheet would run as a formula gets an apostrophe before it; negative numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ..wording import guard_formula

if TYPE_CHECKING:
    from .content import Content

__all__ = ["to_csv"]

_INDENT = "  "


def to_csv(table: Content) -> str:
    """Write the table as CSV (UTF-8, header)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(column.header) for column in table.columns])
    for row in table.rows:
        texts = [_safe(cell.text) for cell in row.cells]
        if row.kind == "level":
            texts[0] = _INDENT + texts[0]
        writer.writerow(texts)
    writer.writerow([])
    for text in (table.title, *table.footnotes):
        writer.writerow([_safe(text)])
    return out.getvalue()


def _safe(text: str) -> str:
    try:
        float(text)
    except ValueError:
        return guard_formula(text)
    return text
