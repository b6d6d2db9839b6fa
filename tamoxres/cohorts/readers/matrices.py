"""Wide text matrices, a row at a time: as strict as a registry's file, without holding every cell as text.

Conventions: leading lines that begin with `#` are remarks; a cell never holds a line break; an empty cell, NA and their
like are missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError
from ...files import LIMITS, read_bytes, unpack
from ...files.numbers import to_numbers
from ...vocabulary import BoolArray, FloatArray
from .characters import decode, split_lines
from .delimited import distinct_names, separator_of
from .rows import split_rows

__all__ = ["MISSING", "Lines", "cells_to_numbers", "open_lines"]

MISSING = frozenset(("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"))
_HEAD = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """A matrix as lines of text.

    Attributes
    ----------
    name : str
        Of the file.
    header : tuple of str
        Column names, each once.
    separator : str
    first : int
        Number of the first line under the header.
    """

    name: str
    header: tuple[str, ...]
    separator: str
    first: int
    body: tuple[str, ...]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number and the cells of each line, as many as the header has.

        Raises
        ------
        DataError
            Naming the line that is ragged or holds a stray quote.
        """
        for number, line in enumerate(self.body, self.first):
            if line.strip():
                [row], _ = split_rows([line], number, self.separator, self.name)
                if len(row) != len(self.header):
                    raise DataError(
                        f"{self.name} cannot be read as a table: line {number} has {len(row):,} cells under "
                        f"{len(self.header):,} columns. Restore it from its source."
                    )
                yield number, row


def cells_to_numbers(cells: Sequence[str | None]) -> tuple[FloatArray, BoolArray]:
    """Turn a matrix's cells into numbers; those that mean missing are NaN, not wrong.

    Examples
    --------
    >>> cells_to_numbers(["1.5", "NA", "high"])
    (array([1.5, nan, nan]), array([False, False,  True]))
    """
    values, wrong = to_numbers(cells)
    for i in wrong.nonzero()[0].tolist():
        cell = cells[i]
        wrong[i] = cell is None or cell.strip() not in MISSING
    return values, wrong


def open_lines(path: Path, usual: str) -> Lines:
    """Open a text matrix, packed or not.

    Parameters
    ----------
    path : Path
    usual : str
        The separator that the file's name promises.

    Raises
    ------
    DataError
        If it cannot be unpacked, is too large, or holds no rows, or a column stands twice.
    """
    text, _ = decode(unpack(read_bytes(path), path.name), path.name)
    lines = split_lines(text, path.name)
    del text
    start = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    if len(lines) < start + 2:
        raise DataError(f"{path.name} cannot be read as a table: no rows under a header. Restore it from its source.")
    separator = separator_of(lines[start : start + _HEAD], usual)
    [names], _ = split_rows([lines[start]], start + 1, separator, path.name)
    LIMITS.check("columns", len(names), path.name)
    LIMITS.check("cells", len(names) * (len(lines) - start), path.name)
    header = distinct_names([name.strip() for name in names], path.name, f"line {start + 1}")
    return Lines(name=path.name, header=header, separator=separator, first=start + 2, body=tuple(lines[start + 1 :]))
