"""Workbooks: XLSX, XLSM, XLS and ODS, with titles above the table, totals below, and dates typed or written as text.

Conventions: rows are counted as the sheet shows them. The header is the first row that fills most of the table's width;
what stands above it is passed over and said. In a column of typed dates, a bare number between 10,000 and 80,000 is a
day counted by the workbook (1927 to 2119).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any

import numpy as np

from ...errors import DataError, cut, shown
from ...files.sentence import one_sentence
from ...files.sheets import open_workbook
from .dates import FIRST_DAYS
from .delimited import TextTable, distinct_names
from .options import FileOptions
from .typed import texts

__all__ = ["parse_workbook"]

_SEARCHED, _MOST = 50, 0.6
_SERIALS = (10_000, 80_000)


def parse_workbook(content: bytes, name: str, options: FileOptions | None = None) -> TextTable:
    """Read a sheet as text.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.
    options : FileOptions, optional
        Sheet, header and footer rows, and the form of dates.

    Raises
    ------
    DataError
        If it is damaged or too large, the sheet is absent, or it holds no rows.
    """
    given = options or FileOptions()
    with one_sentence(name, f"cannot be read as {PurePath(name).suffix.lower() or 'a workbook'}"):
        book, extent = open_workbook(content, name)
        sheet = book.get_sheet_by_name(_sheet_name(book.sheet_names, given.sheet, name))
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    filled = [sum(cell != "" for cell in row) for row in rows]
    for _ in range(given.footer_rows):
        last = max((i for i, count in enumerate(filled) if count), default=0)
        rows, filled = rows[:last], filled[:last]
    header = _header(filled, given.header_row, name)
    kept = [i for i in range(header + 1, len(rows)) if filled[i]]
    if not kept:
        raise DataError(f"{name} holds no rows under a header. Name a file or sheet that does.")
    totals = _totals([filled[i] for i in kept])
    remarks = _remarks(rows, filled, header, kept[len(kept) - totals :] if totals else [], given)
    columns = [j for j in range(len(rows[header])) if rows[header][j] != "" or any(rows[i][j] != "" for i in kept)]
    names = distinct_names([texts([rows[header][j]])[0] or "" for j in columns], name, f"row {header + 1}")
    cells = np.empty((len(kept), len(columns)), dtype=object, order="F")
    first_day = FIRST_DAYS["excel1904" if extent.from_1904 else "excel"]
    for k, j in enumerate(columns):
        column = [rows[i][j] for i in kept]
        cells[:, k] = _column(column, names[k], first_day, given.date_format, remarks)
    used = replace(given, header_row=header + 1)
    return TextTable(names, cells, np.array(kept, dtype=int) + 1, used, tuple(remarks), totals)


def _sheet_name(names: Sequence[str], sheet: str | int, name: str) -> str:
    if isinstance(sheet, str) and sheet in names:
        return sheet
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        return names[sheet]
    raise DataError(f"{name} has no sheet {shown(sheet)}. It has {cut(', '.join(names), 200)}.")


def _header(filled: Sequence[int], header_row: int | None, name: str) -> int:
    """Return the place of the header: as given, else the first row that fills most of the width."""
    if header_row is not None:
        if header_row > len(filled):
            raise DataError(f"{name} has {len(filled):,} rows; header_row is {header_row:,}. Correct it.")
        return header_row - 1
    width = max(filled[:_SEARCHED], default=0)
    return next((i for i, count in enumerate(filled) if count and count >= _MOST * width), len(filled))


def _totals(filled: Sequence[int]) -> int:
    """Count the rows at the end that are nearly empty where the others are full: totals and remarks."""
    usual = float(np.median(filled))
    if usual <= 2 or len(filled) <= 3:
        return 0
    first = next((i for i in range(len(filled) - 3, len(filled)) if filled[i] <= max(1, 0.3 * usual)), len(filled))
    return len(filled) - first


def _remarks(
    rows: Sequence[Sequence[Any]], filled: Sequence[int], header: int, totals: Sequence[int], given: FileOptions
) -> list[str]:
    """Say what was passed over above the table, and what below it looks like no patient."""
    remarks = []
    if given.header_row is None and any(filled[:header]):
        remarks.append(f"The header was taken from row {header + 1}; what stands above it was passed over.")
    if totals:
        cell = next(cell for cell in rows[totals[0]] if cell != "")
        remarks.append(
            f"Row {totals[0] + 1} is nearly empty; it begins with {shown(cell)}. If it is a total or a remark, say "
            f"footer_rows = {len(totals)}."
        )
    return remarks


def _column(
    column: list[Any], name: str, first_day: date, date_format: str, remarks: list[str]
) -> list[str | None]:  # fmt: skip
    """Return a column as text; numbers among typed dates are the workbook's days."""
    dates = sum(isinstance(cell, date | datetime) for cell in column)
    if dates:
        low, high = _SERIALS
        days = [i for i, cell in enumerate(column) if isinstance(cell, float | int) and low <= cell <= high]
        for i in days:
            column[i] = first_day + timedelta(days=int(column[i]))
        if days:
            remarks.append(
                f"Column {cut(name)}: {len(days)} bare number(s) among dates were read as the workbook's days."
            )
        if text := [cell for cell in column if isinstance(cell, str) and cell.strip()]:
            remarks.append(
                f"Column {cut(name)}: {dates + len(days)} typed dates, and {len(text)} written as text, such as "
                f"{shown(text[0])}."
            )
    return texts(["" if cell is None else cell for cell in column], date_format)
