"""Reading a table in whatever format a registry keeps it: CSV, TSV, XLSX (XLS, ODS), Parquet, Stata, SAS.

Conventions: cells become text (integers without a point, dates as ISO, true and false in lower case), so that every
recoding afterwards is the same for each format; an empty cell is NA.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from .recode import RawTable, read_table

__all__ = ["DELIMITED", "FORMATS", "read_file"]

DELIMITED = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
_SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
_TINY = 1e-70
FORMATS = (*DELIMITED, *_SHEETS, ".parquet", ".pq", ".dta", ".sas7bdat", ".xpt")


def read_file(
    path: str | Path, *, separator: str | None = None, encoding: str = "utf-8-sig", sheet: str | int = 0
) -> RawTable:
    """Read a table of any known format as text.

    Parameters
    ----------
    path : path
        The suffix tells the format.
    separator : str, optional
        Of a delimited file: by its suffix if None (CSV a comma, TSV and TXT a tab).
    encoding : str
        Of a delimited file.
    sheet : str or int
        Of a workbook: its name, or its place from 0.

    Raises
    ------
    DataError
        If the file is missing, of an unknown format, not readable, or holds no rows.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if not file.is_file():
        raise DataError(f"{file} does not exist. Name an existing file.")
    if suffix in DELIMITED or separator is not None:
        return read_table(
            file.read_bytes(), file.name, separator=separator or DELIMITED[suffix], encoding=encoding, strip=True
        )
    if suffix not in FORMATS:
        raise DataError(f"{file.name}: unknown format {suffix or '(no suffix)'!r}. Use one of {', '.join(FORMATS)}.")
    try:
        frame = _read_typed(file, suffix, sheet)
    except (ValueError, OSError, KeyError, IndexError) as error:
        raise DataError(f"{file.name} cannot be read as {suffix}: {_first_line(error)}. Save it anew.") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("python_calamine", "pyarrow", "_python_calamine"):
            raise
        raise DataError(f"{file.name} cannot be read as {suffix}: {_first_line(error)}. Save it anew.") from None
    if frame.empty:
        raise DataError(f"{file.name} holds no rows under a header. Name a file or sheet that does.")
    frame.columns = [str(name).strip() for name in frame.columns]
    text = frame.reset_index(drop=True).map(_as_text).astype(object)
    in_sheet = suffix in _SHEETS
    lines = np.arange(len(text)) + (2 if in_sheet else 1)
    return RawTable(file.name, text.where(text.notna(), None), lines, "line" if in_sheet else "row")


def _read_typed(file: Path, suffix: str, sheet: str | int) -> pd.DataFrame:
    if suffix in _SHEETS:
        frame = pd.read_excel(file, sheet_name=sheet, engine="calamine", dtype=object)
        return frame.dropna(how="all")
    if suffix in (".parquet", ".pq"):
        return pd.read_parquet(file)
    if suffix == ".dta":
        return pd.read_stata(file, convert_categoricals=False)
    frame = pd.read_sas(file, encoding="utf-8", iterator=False)
    numbers = frame.select_dtypes("number")
    # pandas reads a zero of the transport format as the smallest IBM double, 5.4e-79
    return frame.assign(**{str(name): column.mask(column.abs() < _TINY, 0.0) for name, column in numbers.items()})


def _as_text(value: Any) -> str | None:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    return str(value).strip() or None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
