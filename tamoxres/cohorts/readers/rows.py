"""From lines to rows of cells, strictly by RFC 4180: a stray quote never swallows rows, and no row is ragged.

Conventions: with a comma or semicolon, a quote stands around a whole cell or nowhere, and a quote within it is written
twice. A quoted cell may hold line breaks, but none of its lines may look like a row: then a quote was forgotten. With
tabs, as databases write them, a quote within a cell is text, and a cell begins and ends with quotes on one line.

References
----------
Shafranovich Y, RFC 4180: Common format and MIME type for CSV files, 2005.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from ...errors import DataError, shown

__all__ = ["refuse_ragged", "split_rows"]

_TAB = "\t"


def split_rows(lines: Sequence[str], first: int, separator: str, name: str) -> tuple[list[list[str]], list[int]]:
    """Split lines into rows of cells.

    Parameters
    ----------
    lines : sequence of str
        The header's first, without line ends.
    first : int
        Number of the header's line in the file.
    separator : str
    name : str
        Of the file, for messages.

    Returns
    -------
    list of list of str
        The rows, the header first; empty lines are left out where there is more than one column.
    list of int
        The line on which each row begins.

    Raises
    ------
    DataError
        On a quote that stands within a cell, is not closed, or closes after lines that look like rows: the line where
        it opens.

    Examples
    --------
    >>> split_rows(['a,b', '1,"x ""y"" z"', '', '2,'], 1, ",", "a.csv")
    ([['a', 'b'], ['1', 'x "y" z'], ['2', '']], [1, 2, 4])
    """
    numbers: Sequence[int] = range(first, first + len(lines))
    if separator == _TAB:
        rows = [_by_tabs(line, number, name) for line, number in zip(lines, numbers, strict=True)]
    elif any('"' in line for line in lines):
        rows, numbers = _quoted(lines, first, separator, name)
    else:
        rows = [line.split(separator) for line in lines]
    if rows and len(rows[0]) > 1 and [""] in rows:
        kept = [i for i, row in enumerate(rows) if row != [""]]
        rows, numbers = [rows[i] for i in kept], [numbers[i] for i in kept]
    return rows, list(numbers)


def _by_tabs(line: str, number: int, name: str) -> list[str]:
    cells = line.split(_TAB)
    if '"' not in line:
        return cells
    for i, cell in enumerate(cells):
        if cell.startswith('"'):
            if len(cell) < 2 or not cell.endswith('"'):
                raise DataError(
                    f"{name}, line {number}: a quote opens the cell {shown(cell)} and is not closed in it. "
                    "Remove the quote, or write the file without line breaks and tabs within cells."
                )
            cells[i] = cell[1:-1].replace('""', '"')
    return cells


def _quoted(
    lines: Sequence[str], first: int, separator: str, name: str
) -> tuple[list[list[str]], list[int]]:  # fmt: skip
    """Return rows in which cells may be quoted, and the number of the line that each begins on."""
    mark = re.escape(separator)
    cell = rf'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
    row_form = re.compile(rf"{cell}(?:{mark}{cell})*")
    at, rows, numbers = 0, list[list[str]](), list[int]()
    while at < len(lines):
        text, number = lines[at], first + at
        at += 1
        if '"' not in text:
            cells = text.split(separator)
        else:
            quotes, begun = text.count('"'), at
            while quotes % 2 and at < len(lines):
                quotes += lines[at].count('"')
                at += 1
            text = "\n".join(lines[begun - 1 : at])
            if quotes % 2:
                raise DataError(f"{name}, line {number}: a quote opens here and is never closed. Remove or close it.")
            if not row_form.fullmatch(text):
                raise DataError(_stray(name, number, first + at - 1))
            cells = _cells(text, separator, name, number)
            if at > begun and any(_like_row(cell, separator, len((rows or [cells])[0])) for cell in cells):
                raise DataError(_swallows(name, number, first + at - 1))
        rows.append(cells)
        numbers.append(number)
    return rows, numbers


def _cells(text: str, separator: str, name: str, number: int) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error as error:
        raise DataError(f"{name}, line {number}: {error}. Correct the quotes, or shorten the cell.") from None


def _like_row(cell: str, separator: str, width: int) -> bool:
    """Whether a line of a cell that holds line breaks has as many separators as a row."""
    return "\n" in cell and any(line.count(separator) >= max(width - 1, 1) for line in cell.split("\n"))


def _stray(name: str, number: int, last: int) -> str:
    where = f" (the next one is in line {last})" if last > number else ""
    return (
        f"{name}, line {number}: a stray quote{where}. Quotes stand around a whole cell, and are written twice within "
        "one: remove it, or quote the cell."
    )


def _swallows(name: str, number: int, last: int) -> str:
    return (
        f"{name}, line {number}: a quoted cell begins here and ends in line {last}, over lines that look like rows. "
        "Remove the stray quote, or the line breaks within the cell."
    )


def refuse_ragged(rows: Sequence[Sequence[str]], numbers: Sequence[int], name: str) -> None:
    """Refuse the first row that has not as many cells as the header.

    Raises
    ------
    DataError
        File, line and both counts.
    """
    width = len(rows[0])
    if set(map(len, rows)) == {width}:
        return
    at = next(i for i, row in enumerate(rows) if len(row) != width)
    end = len(rows) - at <= 3 and len(rows) > 3
    hint = " If it is a total or a remark, leave it out by footer_rows." if end else ""
    raise DataError(
        f"{name}, line {numbers[at]}: {len(rows[at]):,} cells under {width:,} columns. The file is truncated or "
        f"altered; restore it from its source.{hint}"
    )
