"""Workbooks opened with care: XLSX, XLSM, XLS and ODS.

Conventions: how far a sheet reaches is looked up before it is opened, because a single cell at the far corner would ask
for all memory. A formula's cell holds the value that was saved with it: nothing is calculated and nothing runs.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from . import LIMITS

__all__ = ["Extent", "open_workbook"]

_PLACES = re.compile(rb"""[\s]r=["'](?:([A-Z]{1,3})([0-9]{1,9})|([0-9]{1,9}))["']""")
_REPEATED = re.compile(  # a row or a cell of ODS that holds something and stands for many
    rb"""<table:table-(?:row[^>]*?rows-repeated=["']([0-9]+)["'][^>]*>(?!(?:<table:table-cell[^>]*/>)*</table:table-row>)"""
    rb"""|cell[^>]*?columns-repeated=["']([0-9]+)["'][^>]*[^/>]>)"""
)
_1904 = re.compile(rb"""date1904=["'](?:1|true)["']""")
_CHUNK, _OVERLAP = 2**22, 200


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the sheets of a workbook reach, and whether it counts days from 1904."""

    rows: int = 0
    columns: int = 0
    from_1904: bool = False


def open_workbook(content: bytes, name: str) -> tuple[Any, Extent]:
    """Open a workbook that is no larger than what is read of one file.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.

    Returns
    -------
    (CalamineWorkbook, Extent)

    Raises
    ------
    DataError
        If it is larger than the limits; a damaged file raises what its library raises (`one_sentence`).
    """
    from python_calamine import CalamineWorkbook

    extent = _extent(content, name)
    LIMITS.check("cells", extent.rows * extent.columns, name)
    return CalamineWorkbook.from_filelike(io.BytesIO(content)), extent


def _extent(content: bytes, name: str) -> Extent:
    """Look up how far the sheets of a zipped workbook reach; others cannot reach far."""
    if not content.startswith(b"PK"):
        return Extent()
    rows, letters, unpacked, from_1904 = 0, set[bytes](), 0, False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            with archive.open(member) as stream:
                before = b""
                while chunk := stream.read(_CHUNK):
                    unpacked += len(chunk)
                    LIMITS.check("unpacked", unpacked, name)
                    part = before + chunk
                    if "worksheets/" in member.filename:
                        places = _PLACES.findall(part)
                        letters.update(place[0] for place in places)
                        rows = max(rows, max((int(place[1] or place[2]) for place in places), default=0))
                    elif member.filename == "content.xml":
                        repeats = sum(int(row or cell) for row, cell in _REPEATED.findall(part))
                        LIMITS.check("cells", repeats * _OVERLAP, name)
                    elif member.filename.endswith("workbook.xml"):
                        from_1904 = from_1904 or bool(_1904.search(part))
                    before = part[-_OVERLAP:]
    columns = max((_number(text) for text in letters if text), default=0)
    return Extent(rows, columns, from_1904)


def _number(letters: bytes) -> int:
    """Return the number of a column: A is 1, XFD is 16,384."""
    value = 0
    for letter in letters:
        value = 26 * value + letter - 64
    return value
