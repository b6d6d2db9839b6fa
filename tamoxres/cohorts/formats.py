"""The formats in which a registry keeps its table, and the short door to their readers (see `readers`)."""

from __future__ import annotations

from pathlib import Path

from .readers.options import FileOptions
from .readers.tables import DELIMITED, FORMATS, Reading, read_table
from .recode import RawTable

__all__ = ["DELIMITED", "FORMATS", "FileOptions", "Reading", "read_file", "read_table"]


def read_file(path: str | Path, options: FileOptions | None = None) -> RawTable:
    """Read a table of any known format as text.

    Parameters
    ----------
    path : path
        The suffix tells the format.
    options : FileOptions, optional
        How it is written; detected where it is not given.

    Raises
    ------
    DataError
        If the file is missing, of an unknown format, not readable, or holds no rows.
    """
    return read_table(path, options).table
