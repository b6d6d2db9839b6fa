"""Delimited text: CSV, TSV and their relatives, read strictly, with separator, encoding and decimal mark detected.

Conventions: leading lines that begin with `#` are remarks. The separator is the mark that parts most lines into as many
cells as the header; a title above the header is passed over and said. A decimal comma is told by columns in which every
number is written with one; where the marks are mixed, or a comma may part thousands (`1,234`), nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import DataError, cut, shown
from ...files import LIMITS, unpack
from .characters import decode, split_lines
from .options import FileOptions
from .rows import refuse_ragged, split_rows

__all__ = ["TextTable", "distinct_names", "parse", "separator_of"]

_CANDIDATES = "\t;,|"
_SAMPLE, _FEW = 200, 1000
_IN_QUOTES = re.compile(r'"[^"]*"')
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_COMMAS = re.compile(r"[0-9],[0-9]")
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class TextTable:
    """A table as text.

    Attributes
    ----------
    header : tuple of str
        Column names, each once.
    cells : array of object, shape (rows, columns)
        Text without blanks around it; None where empty.
    lines : array of int, shape (rows,)
        Line of the file on which each row begins.
    options : FileOptions
        How the file is written, as it was read.
    remarks : tuple of str
        What a reader should know of how it was read.
    totals : int
        Rows at the end that look like totals or remarks, not like patients; they are among the cells.
    """

    header: tuple[str, ...]
    cells: np.ndarray[Any, np.dtype[Any]]
    lines: np.ndarray[Any, np.dtype[np.int_]]
    options: FileOptions
    remarks: tuple[str, ...] = ()
    totals: int = 0


def parse(content: bytes, name: str, options: FileOptions | None = None, *, usual: str = "") -> TextTable:
    r"""Read delimited text.

    Parameters
    ----------
    content : bytes
        May be packed by gzip, bzip2 or xz.
    name : str
        Of the file, for messages.
    options : FileOptions, optional
        What is known of how it is written.
    usual : str
        The separator that the file's name promises; taken where several do alike.

    Raises
    ------
    DataError
        Naming file and line: another encoding, zero bytes, stray quotes, ragged rows, repeated columns, no rows.

    Examples
    --------
    >>> table = parse("pid;age\nA;78,4\n".encode(), "registry.csv")
    >>> table.cells.tolist(), str(table.options)
    ([['A', '78.4']], 'separator semicolon, encoding utf-8, decimal comma')
    """
    given = options or FileOptions()
    text, encoding = decode(unpack(content, name), name, given.encoding)
    lines = _without_footer(split_lines(text, name), given.footer_rows)
    start = _start(lines, given.header_row, name)
    separator = given.separator or separator_of(lines[start:], usual)
    remarks: list[str] = []
    if given.header_row is None and (title := _title_lines(lines[start:], separator)):
        start += title
        remarks.append(f"The header was taken from line {start + 1}; what stands above it was passed over.")
    if start >= len(lines) or not "".join(lines[start + 1 :]).strip():
        raise DataError(f"{name} holds no rows under a header. It is empty or truncated; restore it from its source.")
    LIMITS.check("fields", lines[start].count(separator) + 1, name)
    LIMITS.check("cells", (lines[start].count(separator) + 1) * (len(lines) - start), name)
    rows, numbers = split_rows(lines[start:], start + 1, separator, name)
    refuse_ragged(rows, numbers, name)
    header, cells, kept = _table(rows, name, numbers[0])
    if kept < len(rows[0]):
        remarks.append(f"{len(rows[0]) - kept} empty column(s) without a name were left out.")
    commas = _to_points(cells, header, numbers[1:], name, given.decimal, remarks)
    used = replace(
        given, separator=separator if len(rows[0]) > 1 else given.separator, encoding=encoding,
        decimal="," if commas else given.decimal or ".", header_row=start + 1,
    )  # fmt: skip
    return TextTable(header, cells, np.array(numbers[1:], dtype=int), used, tuple(remarks))


def _without_footer(lines: list[str], footer_rows: int) -> list[str]:
    """Leave out the last lines that hold something."""
    end = len(lines)
    for _ in range(footer_rows):
        while end and not lines[end - 1].strip():
            end -= 1
        end = max(end - 1, 0)
    return lines[:end]


def _start(lines: list[str], header_row: int | None, name: str) -> int:
    """Return the place of the header: as given, else the first line that is no remark."""
    if header_row is not None:
        if header_row > len(lines):
            raise DataError(f"{name} has {len(lines):,} lines; header_row is {header_row:,}. Correct it.")
        lines[header_row - 1] = lines[header_row - 1].removeprefix("#")
        return header_row - 1
    start = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if start == 1 < len(lines):
        mark = separator_of(lines[1:], "")
        if lines[0].count(mark) == lines[1].count(mark) > 0:
            raise DataError(
                f"{name}, line 1 begins with # and has as many cells as line 2. Is it the header? Say header_row = 1, "
                "or header_row = 2 if it is a remark."
            )
    return start


def separator_of(lines: Sequence[str], usual: str = "") -> str:
    """Return the mark that parts lines into cells.

    Parameters
    ----------
    lines : sequence of str
        From the header on.
    usual : str
        Taken where another mark does no better.

    Examples
    --------
    >>> separator_of(["pid;age", "A;78,4", "B;37,0"], ",")
    ';'
    """
    sample = [_IN_QUOTES.sub("", line) for line in lines[:_SAMPLE] if line.strip()]
    best, most = usual or "\t", 0.0
    for mark in [*usual, *(mark for mark in _CANDIDATES if mark != usual)]:
        counts = Counter(line.count(mark) for line in sample)
        counts.pop(0, None)
        if counts:
            count, alike = counts.most_common(1)[0]
            share = alike / len(sample)
            in_header = any(line.count(mark) == count for line in sample[:1])
            score = share + in_header + min(count, 99) / 1000
            if score > most + (0.0 if mark == usual else 1e-9):
                best, most = mark, score
    return best


def _title_lines(lines: Sequence[str], separator: str) -> int:
    """Count the lines of a title above the header: those that fill at most one cell, where a later line fills more."""
    filled = (sum(bool(cell.strip()) for cell in line.split(separator)) for line in lines[:_SAMPLE])
    return next((i for i, cells in enumerate(filled) if cells > 1), 0)


def _table(rows: list[list[str]], name: str, line: int) -> tuple[tuple[str, ...], np.ndarray[Any, Any], int]:
    """Return header, cells and the count of columns kept: one without name and content is none."""
    cells = np.empty((len(rows) - 1, len(rows[0])), dtype=object, order="F")
    for j, column in enumerate(zip(*rows[1:], strict=True)):
        cells[:, j] = _plain(column)
    names = [cell.strip() for cell in rows[0]]
    kept = [j for j, cell in enumerate(names) if cell or any(value is not None for value in cells[:, j])]
    if len(kept) < len(names):
        cells = cells[:, kept]
    return distinct_names([names[j] for j in kept], name, f"line {line}"), cells, len(kept)


def _plain(column: Sequence[str]) -> list[str | None]:
    """Return cells without blanks around them, None where empty; alike ones are one text in memory."""
    stripped = list(map(str.strip, column))
    if len(set(stripped[:_FEW])) < _FEW / 2:
        held: dict[str, str] = {}
        stripped = list(map(held.setdefault, stripped, stripped))
    return [cell or None for cell in stripped]


def distinct_names(names: Sequence[str], name: str, place: str) -> tuple[str, ...]:
    """Return column names; those left blank are named by their place, and one that stands twice is refused.

    Raises
    ------
    DataError
        Naming file, place and column.
    """
    if len(names) > 1:
        names = [cell or f"column {j + 1}" for j, cell in enumerate(names)]
    if repeated := [cell for cell, times in Counter(names).items() if times > 1]:
        raise DataError(f"{name}, {place}: column {shown(repeated[0])} stands twice. Keep one of them, or rename it.")
    return tuple(names)


def _to_points(
    cells: np.ndarray[Any, Any], header: Sequence[str], lines: Sequence[int], name: str, decimal: str,
    remarks: list[str],
) -> bool:  # fmt: skip
    """Write decimal commas as points, in place; tell whether there were any."""
    commas = False
    for j, column in enumerate(header if decimal != "." else ()):
        known = {cell for cell in cells[:, j] if cell is not None}
        with_comma = {cell for cell in known if "," in cell and _COMMA.fullmatch(cell)}
        if not with_comma:
            continue
        with_point = {cell for cell in known if _POINT.fullmatch(cell)}
        if with_point and (decimal == "," or len(with_comma | with_point) > _MOSTLY * len(known)):
            odd = min(with_point, with_comma, key=len)
            line = next(n for cell, n in zip(cells[:, j], lines, strict=True) if cell in odd)
            raise DataError(
                f"{name}, line {line}, column {cut(column)}: numbers with a decimal comma "
                f"({shown(min(with_comma))}) and with a point ({shown(min(with_point))}) in a column. Write all alike."
            )
        if decimal == "" and not _decimal_commas(known, with_comma):
            if all(_THOUSANDS.fullmatch(cell) for cell in with_comma):
                remarks.append(
                    f"Column {cut(column)} holds {shown(min(with_comma))}: a decimal comma, or a mark of thousands? "
                    "It was left as text; say decimal = ',' or write it without."
                )
            continue
        commas = True
        points = {cell: cell.replace(",", ".") for cell in with_comma}
        cells[:, j] = [points.get(cell, cell) for cell in cells[:, j]]
    return commas


def _decimal_commas(known: set[str], with_comma: set[str]) -> bool:
    """Whether the commas of a column are decimal: none that may part thousands or list codes."""
    if any(cell not in with_comma and _COMMAS.search(cell) for cell in known):
        return False
    return not all(_THOUSANDS.fullmatch(cell) for cell in with_comma)
