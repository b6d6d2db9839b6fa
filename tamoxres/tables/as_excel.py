"""A table as an Excel workbook: numbers stay numbers with a number format, texts stay texts and never become formulas.

A column whose cells hold several numbers (an estimate and its limits) takes as many columns, each with a head of its
own. The sheet prints on pages one table wide, turned where that is wider than high, its head on each page, its
footnotes whole.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..files import normal_zip

if TYPE_CHECKING:
    from .content import Cell, Column, Content, Row

__all__ = ["to_xlsx"]

_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip
_FONT = {"font_name": "Calibri", "font_size": 11}
_LOOKS: dict[str, dict[str, Any]] = {"heading": {"bold": True}, "level": {"indent": 1}}
_HEAD, _FIRST = 1, 2
_WIDEST, _NARROWEST, _READ = 48, 16, 170  # characters: of a column of text, and of a printed page across
_TURNED = 95  # characters across from which the page is turned
_LINE, _NOTE_LINE = 15.0, 12.5  # heights of a line, points
_PARTS = {2: ("n", "%"), 3: ("estimate", "lower limit", "upper limit")}


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
    each = _widths(sheet, table, starts, widths)
    across = sum(one * many for one, many in zip(each, widths, strict=True))
    _head(sheet, table, list(zip(starts, widths, strict=True)), style)
    _across(sheet, 0, last, table.title, style(bold=True, text_wrap=True, valign="top"))
    sheet.set_row(0, _LINE * _lines(table.title, across))
    heads = [
        (head, wide) for c, w, wide in zip(table.columns, widths, each, strict=True) for head in _heads(c.header, w)
    ]
    sheet.set_row(_HEAD, _LINE * max(_lines(head, wide - 1) for head, wide in heads))
    for i, row in enumerate(table.rows):
        _row(sheet, _FIRST + i, row, list(zip(starts, table.columns, strict=True)), style)
        sheet.set_row(_FIRST + i, _LINE * _row_lines(row, each))
    bottom = _FIRST + len(table.rows)
    for column in range(last + 1):
        sheet.write_blank(bottom, column, None, style(top=2))
    for i, note in enumerate(table.footnotes):
        _across(sheet, bottom + i, last, note, style(text_wrap=True, valign="top", font_size=9, top=2 if i == 0 else 0))
        sheet.set_row(bottom + i, _NOTE_LINE * _lines(note, 1.2 * across))
    _printed(sheet, (bottom + len(table.footnotes), last), across)
    sheet.freeze_panes(_FIRST, 1)
    sheet.hide_gridlines(2)
    book.close()
    return normal_zip(out.getvalue())


def _spans(table: Content) -> tuple[int, ...]:
    """Count the spreadsheet columns of each column: the most parts that one of its cells has."""
    return tuple(max([1, *(len(row.cells[i].parts) for row in table.rows)]) for i in range(len(table.columns)))


def _head(sheet: Any, table: Content, places: list[tuple[int, int]], style: Callable[..., Any]) -> None:
    for column, (start, width) in zip(table.columns, places, strict=True):
        side = _side(column, first=start == 0)
        look = style(bold=True, valign="bottom", text_wrap=True, top=2, bottom=1, **side)
        for i, head in enumerate(_heads(column.header, width)):
            sheet.write_string(_HEAD, start + i, head, look)


def _heads(header: str, width: int) -> tuple[str, ...]:
    """Return a head for each of the spreadsheet columns that a column takes."""
    if width == 1:
        return (header,)
    parts = _PARTS.get(width, tuple(str(i + 1) for i in range(width)))
    return tuple(f"{header}: {part}" for part in parts)


def _printed(sheet: Any, corner: tuple[int, int], across: float) -> None:
    """Set up the printed page: one table wide, turned where it is wide, heads on each page, page numbers."""
    sheet.set_paper(9)
    if across > _TURNED:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD)
    sheet.print_area(0, 0, *corner)
    sheet.set_footer("&C&P / &N")


def _side(column: Column, *, first: bool) -> dict[str, Any]:
    """Align a column; texts after the first stand off from the numbers that end on their left."""
    return {"align": column.align} | ({"indent": 1} if column.align == "left" and not first else {})


def _row(sheet: Any, y: int, row: Row, places: list[tuple[int, Column]], style: Callable[..., Any]) -> None:
    for i, (cell, (start, column)) in enumerate(zip(row.cells, places, strict=True)):
        look = _LOOKS.get(row.kind, {}) if i == 0 else {}
        for x, part in enumerate(cell.parts or (cell.text,)):
            if not isinstance(part, str):
                sheet.write_number(y, start + x, part.value, style(num_format=part.number_format, valign="top", **look))
            elif part:
                side = {"align": "left"} if x else _side(column, first=i == 0)
                wraps = not (cell.parts or row.stands_alone)
                sheet.write_string(y, start + x, part, style(valign="top", text_wrap=wraps, **side | look))


def _across(sheet: Any, y: int, last: int, text: str, look: Any) -> None:
    if last > 0:
        sheet.merge_range(y, 0, y, last, "", look)
    sheet.write_string(y, 0, text, look)


def _row_lines(row: Row, each: list[float]) -> int:
    """Count the lines of the highest cell of a row."""
    if row.stands_alone:
        return 1
    return max(1 if cell.parts else _lines(cell.text, wide - 1) for cell, wide in zip(row.cells, each, strict=True))


def _lines(text: str, wide: float) -> int:
    """Count the lines that a text takes, broken at its words, in a cell of so many characters."""
    lines, at = 1, 0
    for word in text.split(" "):
        if at and at + 1 + len(word) > wide:
            lines, at = lines + 1, 0
        at += len(word) + (1 if at else 0)
        lines, at = lines + int(at // max(wide, 1)), int(at % max(wide, 1))
    return lines


def _widths(sheet: Any, table: Content, starts: list[int], widths: tuple[int, ...]) -> list[float]:
    """Set the width of each column, in characters, and return that of each of its parts.

    Texts share what the numbers leave of a page that is still read when it is printed one table wide.
    """
    least = [
        max(len(_longest_word(head)) for head in _heads(c.header, w))
        for c, w in zip(table.columns, widths, strict=True)
    ]
    held = [[row.cells[i] for row in table.rows if not row.stands_alone] for i in range(len(widths))]
    wanted = [
        max(low, -(-max([0, *map(_length, cells)]) // w)) for low, cells, w in zip(least, held, widths, strict=True)
    ]
    texts = [i for i, column in enumerate(table.columns) if column.kind == "text"]
    taken = sum((wanted[i] + 2) * widths[i] for i in range(len(widths)) if i not in texts)
    most = min(_WIDEST, max(_NARROWEST, (_READ - taken) // max(len(texts), 1)))
    each = [float(max(min(want, most), low) + 2) for want, low in zip(wanted, least, strict=True)]
    each = [max(wide, 9.0) for wide in each]
    for start, width, wide in zip(starts, widths, each, strict=True):
        sheet.set_column(start, start + width - 1, wide)
    return each


def _length(cell: Cell) -> int:
    return len(cell.text)


def _longest_word(text: str) -> str:
    return max(text.split(), key=len, default="")
