"""The one door to a registry's file: whatever its form, it comes back as text with what was detected and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from ...errors import DataError
from ...files import read_bytes
from ..rdata import frame_of_r
from ..recode import RawTable
from .columnar import read_parquet
from .delimited import TextTable, parse
from .options import FileOptions
from .packages import KINDS, Labels, parse_frame, parse_package
from .workbook import parse_workbook

__all__ = ["DELIMITED", "FORMATS", "R_FILES", "Reading", "read_frame", "read_table"]

DELIMITED = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
_SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
_PARQUET = (".parquet", ".pq")
R_FILES = (".rds", ".rdata", ".rda")
FORMATS = (*DELIMITED, *_SHEETS, *_PARQUET, *KINDS, *R_FILES)
_PACKED = (".gz", ".bz2", ".xz")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """A file as it was read.

    Attributes
    ----------
    table : RawTable
        Its cells as text.
    options : FileOptions
        How it is written, detected where it was not given.
    remarks : tuple of str
        What a reader should know of how it was read, one sentence each.
    labels : mapping of column to (mapping of code to label)
    titles : mapping of column to title
    totals : int
        Rows at the end that look like totals, not like patients.
    """

    table: RawTable
    options: FileOptions
    remarks: tuple[str, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    totals: int = 0


def read_table(path: str | Path, options: FileOptions | None = None) -> Reading:
    """Read a table of any known format as text.

    Parameters
    ----------
    path : path
        The suffix tells the format; delimited text may be packed (`.csv.gz`).
    options : FileOptions, optional
        How the file is written, where that is known.

    Returns
    -------
    Reading

    Raises
    ------
    DataError
        If the file is missing, of an unknown format, not readable, too large, or holds no rows: one sentence.
    """
    given = options or FileOptions()
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{file} does not exist. Name an existing file.")
    suffix = _suffix(file)
    if suffix in DELIMITED or (given.separator and suffix not in FORMATS):
        return _reading(parse(read_bytes(file), file.name, given, usual=DELIMITED.get(suffix, "")), file.name, "line")
    if suffix not in FORMATS:
        raise DataError(f"{file.name}: unknown format {suffix or '(no suffix)'!r}. Use one of {', '.join(FORMATS)}.")
    if suffix in _SHEETS:
        return _reading(parse_workbook(read_bytes(file), file.name, given), file.name, "row")
    if suffix in KINDS:
        table, labels = parse_package(file, given)
        return _reading(table, file.name, "row", labels)
    if suffix in R_FILES:
        frame, named = frame_of_r(file, given.sheet)
        return _reading(parse_frame(frame, file.name, given), file.name, "row", Labels(named, {}))
    return _reading(parse_frame(read_parquet(file), file.name, given), file.name, "row")


def read_frame(frame: pd.DataFrame, name: str, options: FileOptions) -> Reading:
    """Read a frame as a Parquet file of its columns is read."""
    return _reading(parse_frame(frame, name, options), name, "row")


def _suffix(file: Path) -> str:
    """Return the suffix that tells the format, past that of packing."""
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if len(suffixes) > 1 and suffixes[-1] in _PACKED and suffixes[-2] in DELIMITED:
        return suffixes[-2]
    return suffixes[-1] if suffixes else ""


def _reading(table: TextTable, name: str, place: str, labels: Labels | None = None) -> Reading:
    frame = pd.DataFrame(table.cells, columns=pd.Index(table.header, dtype=object))
    told = labels or Labels()
    return Reading(
        table=RawTable(name, frame, table.lines, place), options=replace(table.options), remarks=table.remarks,
        labels=told.values, titles=told.titles, totals=table.totals,
    )  # fmt: skip
