"""Reading R's own files (.rda, .RData, .rds): data frames, matrices, vectors and factors, without R.

Conventions: nothing in a file is ever evaluated; what a table never holds (functions, environments, promises) is passed
over. NA becomes None in text and NaN in numbers; a factor is its levels, a Date its day. The reader is our own because
pyreadr is under the AGPL and rdata fails on two of the five publishers' files that the cohorts come in.

References
----------
R Core Team, R Internals, section 1.8 (serialization formats).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, cut, shown
from ..files import read_bytes, unpack
from ..files.sentence import one_sentence
from .readers.rserial import LOGICAL, RValue, Walker
from .readers.typed import as_text

__all__ = ["frame_of_r", "read_rda"]

_HEADS = (b"RDX2\n", b"RDX3\n", b"RDB2\n", b"RDB3\n", b"RDA2\n", b"RDA3\n")
_FORMS = {b"X\n": True, b"B\n": False}  # XDR is big-endian, native binary little-endian
_EPOCH = date(1970, 1, 1)
_MEND = "Restore the publisher's file, or save it anew with saveRDS()."


def read_rda(path: str | Path) -> dict[str, Any]:
    """Read the objects of an R data file.

    Parameters
    ----------
    path : path
        Of `save` (.rda, .RData) or `saveRDS` (.rds: its one object is named by the file).

    Returns
    -------
    dict
        Name to DataFrame (data frames and matrices with their row and column names), Series (named vectors) or list.

    Raises
    ------
    DataError
        If the file is not R's, is damaged, or unpacks to more than the limit.
    """
    return {name: _as_table(value) for name, value in _objects(Path(path)).items()}


def _objects(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(f"{path} does not exist. Name an existing file.")
    content = unpack(read_bytes(path), path.name, says="is damaged")
    saved = content[:5] in _HEADS
    at = 5 if saved else 0
    if content[at : at + 2] == b"A\n":
        raise DataError(f"{path.name} is written as text (ascii = TRUE). Save it anew without ascii.")
    if content[at : at + 2] not in _FORMS:
        raise DataError(f"{path.name} is not a file of R's save() or saveRDS(). {_MEND}")
    with one_sentence(path.name, "is damaged", _MEND):
        walker = Walker(content, at + 2, path.name, big_endian=_FORMS[content[at : at + 2]])
        version = walker.integer()
        walker.take(8)
        if version == 3:
            walker.encoding = walker.take(walker.integer()).decode("ascii", "replace")
        value = walker.item()
        if not saved:
            return {path.stem: value}
        return {str(tag): part for tag, part in value} if isinstance(value, list) else {}


def frame_of_r(path: Path, name: str | int = 0) -> tuple[pd.DataFrame, Mapping[str, Mapping[str, str]]]:
    """Read one data frame of an R file, with the labels of its columns.

    Parameters
    ----------
    path : Path
    name : str or int
        Of the data frame; any number where there is only one.

    Returns
    -------
    DataFrame
        Row names that are text stand in a column `rownames`.
    mapping of column to (mapping of code to label)

    Raises
    ------
    DataError
        If there is no such data frame, or there are several and none is named.
    """
    objects = _objects(path)
    frames = [key for key, value in objects.items() if isinstance(value, RValue) and _is_frame(value)]
    chosen = name if isinstance(name, str) else frames[0] if len(frames) == 1 else ""
    if chosen not in frames:
        have = f"It holds {cut(', '.join(frames), 200)}" if frames else "It holds none"
        raise DataError(f"{path.name}: no data frame {shown(chosen)}. {have}; name one as sheet in the mapping.")
    value = objects[chosen]
    with one_sentence(path.name, "holds no data frame that can be read", _MEND):
        frame = _frame(value)
        if not isinstance(frame.index, pd.RangeIndex):
            frame = frame.rename_axis("rownames").reset_index()
        names = [str(part) for part in value.attributes["names"].values]
        labels = {key: _labels(column) for key, column in zip(names, value.values, strict=True)}
    return frame, {key: told for key, told in labels.items() if told}


def _labels(column: Any) -> dict[str, str]:
    """Return the labels that haven gives to codes."""
    told = column.attributes.get("labels") if isinstance(column, RValue) else None
    if not isinstance(told, RValue) or "names" not in told.attributes:
        return {}
    pairs = zip(told.values, told.attributes["names"].values, strict=True)
    return {as_text(code) or "": str(label) for code, label in pairs}


def _class(value: RValue) -> list[str]:
    told = value.attributes.get("class")
    return [str(name) for name in told.values] if isinstance(told, RValue) else []


def _is_frame(value: RValue) -> bool:
    return "data.frame" in _class(value) and "names" in value.attributes


def _as_table(value: Any) -> Any:
    """Turn an R object into a frame or series where it has names."""
    if not isinstance(value, RValue):
        return value
    if "dim" in value.attributes and len(value.attributes["dim"]) == 2:
        return _matrix(value)
    if _is_frame(value):
        return _frame(value)
    if "names" in value.attributes:
        return pd.Series(_column(value), index=_names(value.attributes["names"]))
    return _column(value)


def _matrix(value: RValue) -> pd.DataFrame:
    names = value.attributes.get("dimnames")
    rows, columns = names.values if isinstance(names, RValue) else (None, None)
    shape = tuple(int(size) for size in value.attributes["dim"].values)
    values = np.array(value.values, dtype=object if isinstance(value.values, list) else None)
    return pd.DataFrame(values.reshape(shape, order="F"), index=_names(rows), columns=_names(columns))


def _frame(value: RValue) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, column in zip(value.attributes["names"].values, value.values, strict=True):
        if isinstance(column, RValue) and ("dim" in column.attributes or _is_frame(column)):
            inner = _matrix(column) if "dim" in column.attributes else _frame(column)
            columns |= {f"{name}.{part}": inner[part].tolist() for part in inner}
        else:
            columns[str(name)] = _column(column)
    names = value.attributes.get("row.names")
    frame = pd.DataFrame(columns)
    if isinstance(names, RValue) and isinstance(names.values, list) and len(names) == len(frame) > 0:
        return frame.set_axis(pd.Index(names.values))
    return frame


def _names(names: Any) -> pd.Index[Any] | None:
    return pd.Index(list(names.values)) if isinstance(names, RValue) else None


def _column(value: Any) -> list[Any]:
    """Return a column's values: a factor's as its levels, dates as days, true and false as such."""
    if not isinstance(value, RValue):
        return [] if value is None else [value]
    kinds = _class(value)
    if isinstance(value.attributes.get("levels"), RValue):
        levels = [None, *value.attributes["levels"].values]
        return [levels[0 if np.isnan(code) else int(code)] for code in value.values]
    if "Date" in kinds:
        return [None if np.isnan(day) else _EPOCH + timedelta(days=int(np.floor(day))) for day in value.values]
    if "POSIXct" in kinds:
        return [None if np.isnan(s) else _EPOCH + timedelta(days=int(s // 86_400)) for s in value.values]
    if value.kind == LOGICAL:
        return [None if np.isnan(flag) else bool(flag) for flag in value.values]
    if isinstance(value.values, list):
        return [_as_table(part) if isinstance(part, RValue) else part for part in value.values]
    return list(value.values.tolist())
