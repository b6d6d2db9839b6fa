"""A table as an Excel workbook: numbers stay numbers with a number format, texts stay texts and never become formulas.

A column whose cells hold several numbers (an estimate and its limits) takes as many columns, under one header.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..files import normal_zip

if TYPE_CHECKING:
    from .content import Cell, Content, Row

__all__ = ["to_xlsx"]

_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip
_FONT = {"font_name": "Calibri", "font_size": 11}
_LOOKS: dict[str, dict[str, Any]] = {"heading": {"bold": True}, "level": {"indent": 1}}
_HEAD, _FIRST = 1, 2
_WIDEST = 48


def to_xlsx(table: Content) -> bytes:
    """Write the table as a workbook of one sheet."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    book = Workbook(out, _OPTIONS)
    made = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
    book.set_properties({"title": table.title, "author": "tamoxres", "created": made})
    style = lru_cache(maxsize=None)(lambda **look: book.add_format({**_FONT, **look}))
    sheet = book.add_worksheet("Table")
    widths = _spans(table)
    starts = [sum(widths[:i]) for i in range(len(widths))]
    last = sum(widths) - 1
    _head(sheet, table, list(zip(starts, widths, strict=True)), style)
    for i, row in enumerate(table.rows):
        _row(sheet, _FIRST + i, row, starts, style)
    bottom = _FIRST + len(table.rows)
    for column in range(last + 1):
        sheet.write_blank(bottom, column, None, style(top=2))
    for i, note in enumerate(table.footnotes):
        _across(sheet, bottom + i, last, note, style(text_wrap=True, valign="top", font_size=9, top=2 if i == 0 else 0))
        sheet.set_row(bottom + i, 12.5 * _lines(note, last))
    _widths(sheet, table, starts, widths)
    sheet.freeze_panes(_FIRST, 1)
    sheet.hide_gridlines(2)
    book.close()
    return normal_zip(out.getvalue())


def _spans(table: Content) -> tuple[int, ...]:
    """Count the spreadsheet columns of each column: the most parts that one of its cells has."""
    return tuple(max([1, *(len(row.cells[i].parts) for row in table.rows)]) for i in range(len(table.columns)))


def _head(sheet: Any, table: Content, places: list[tuple[int, int]], style: Callable[..., Any]) -> None:
    sheet.write_string(0, 0, table.title, style(bold=True))
    for column, (start, width) in zip(table.columns, places, strict=True):
        look = style(bold=True, align=column.align, valign="bottom", text_wrap=True, top=2, bottom=1)
        if width > 1:
            sheet.merge_range(_HEAD, start, _HEAD, start + width - 1, "", look)
        sheet.write_string(_HEAD, start, column.header, look)


def _row(sheet: Any, y: int, row: Row, starts: list[int], style: Callable[..., Any]) -> None:
    for i, (cell, start) in enumerate(zip(row.cells, starts, strict=True)):
        look = _LOOKS.get(row.kind, {}) if i == 0 else {}
        for x, part in enumerate(cell.parts or (cell.text,)):
            if not isinstance(part, str):
                sheet.write_number(y, start + x, part.value, style(num_format=part.number_format, **look))
            elif part:
                sheet.write_string(y, start + x, part, style(align="left" if i == 0 or x else "general", **look))


def _across(sheet: Any, y: int, last: int, text: str, look: Any) -> None:
    if last > 0:
        sheet.merge_range(y, 0, y, last, "", look)
    sheet.write_string(y, 0, text, look)


def _lines(text: str, last: int) -> int:
    return 1 + len(text) // max(60, 12 * (last + 1))


def _widths(sheet: Any, table: Content, starts: list[int], widths: tuple[int, ...]) -> None:
    for i, (start, width) in enumerate(zip(starts, widths, strict=True)):
        longest = max([len(_longest_word(table.columns[i].header)), *(_length(row.cells[i]) for row in table.rows)])
        each = min(longest, _WIDEST) / width if width > 1 else min(longest, _WIDEST)
        sheet.set_column(start, start + width - 1, max(each + 2, 9))


def _length(cell: Cell) -> int:
    return len(cell.text)


def _longest_word(text: str) -> str:
    return max(text.split(), key=len, default="")
