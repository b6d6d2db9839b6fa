"""Published tables of numbers with hundreds or thousands of columns: the columns that are asked for, and no others.

Conventions: what is packed (gzip, bzip2, xz, a member of a zip) is unpacked within `LIMITS`; cells are text until
`files.numbers` reads them; an empty cell, `NA`, `NaN` and `null` are unknown, and any other text is refused with its
line and column.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import DataError, shown
from ...files import LIMITS, read_bytes, unpack
from ...files.numbers import to_numbers
from ...files.sentence import one_sentence

__all__ = ["content_of", "header_of", "read_chosen"]

_UNKNOWN = ("", "NA", "NaN", "nan", "null")
_AGAIN = "Download it anew."


def content_of(path: Path, member: str = "") -> bytes:
    """Return a file's bytes, unpacked; of a zip those of one member.

    Parameters
    ----------
    path : Path
    member : str
        Of the zip; empty for any other file.

    Raises
    ------
    DataError
        If it is damaged, does not hold the member, or unpacks to more than the limit.
    """
    packed = read_bytes(path)
    if not member:
        return unpack(packed, path.name)
    says = f"is no archive that holds {member}"
    with one_sentence(path.name, says, _AGAIN), zipfile.ZipFile(io.BytesIO(packed)) as archive:
        LIMITS.unpacking(len(packed)).check("unpacked", archive.getinfo(member).file_size, path.name)
        return archive.read(member)


def header_of(content: bytes, name: str, separator: str = ",") -> list[str]:
    """Return the names of a table's columns."""
    with one_sentence(name, "is no table of text", _AGAIN):
        return next(
            csv.reader(io.StringIO(content[: content.find(b"\n") + 1].decode("utf-8-sig")), delimiter=separator)
        )


def read_chosen(
    content: bytes, name: str, columns: Sequence[str], *, text: Sequence[str] = (), separator: str = ","
) -> pd.DataFrame:
    r"""Read some columns of a table: numbers, and those named in `text` as they stand.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.
    columns : sequence of str
        In the order wished.
    text : sequence of str
        Columns that are no numbers.
    separator : str

    Returns
    -------
    DataFrame
        One row a line; unknown numbers are NaN.

    Raises
    ------
    DataError
        If a column is missing, a line has other cells than the header, or a number is none.

    Examples
    --------
    >>> read_chosen(b"id,ESR1,GATA3\na,1.5,NA\nb,2,31\n", "x.csv", ["id", "ESR1"], text=["id"])["ESR1"].tolist()
    [1.5, 2.0]
    """
    header = header_of(content, name, separator)
    if missing := [column for column in columns if column not in header]:
        raise DataError(f"{name} has no column {shown(missing[0])}. {_AGAIN}")
    places = [header.index(column) for column in columns]
    held: list[list[str]] = [[] for _ in places]
    with one_sentence(name, "is no table of text", _AGAIN):
        for line, cells in enumerate(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=separator), 1):
            if cells and len(cells) != len(header):
                raise DataError(f"{name}, line {line}: {len(cells)} cells under {len(header)} columns. {_AGAIN}")
            if cells and line > 1:
                for column, place in zip(held, places, strict=True):
                    column.append(cells[place])
    pairs = zip(columns, held, strict=True)
    return pd.DataFrame({c: cells if c in text else _numbers(cells, f"{name}, column {c}") for c, cells in pairs})


def _numbers(cells: list[str], where: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values, wrong = to_numbers(["" if cell in _UNKNOWN else cell for cell in cells])
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(f"{where}, row {first + 1}: {shown(cells[first])} is not a number. {_AGAIN}")
    return values
