"""Parquet: what it holds is looked up before it is read, and read column by column.

Conventions: a named index that pandas stored is a column like others; whole numbers with gaps stay whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError, cut
from ...files import LIMITS
from ...files.sentence import one_sentence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["open_parquet", "read_parquet"]


def open_parquet(path: Path) -> Any:
    """Open a Parquet file (a `pyarrow.parquet.ParquetFile`) whose size is within the limits of cells.

    Raises
    ------
    DataError
        If it is damaged, or too large.
    """
    import pyarrow.parquet as pq

    with one_sentence(path.name, "cannot be read as .parquet"):
        file = pq.ParquetFile(path)
        LIMITS.check("columns", len(file.schema_arrow.names), path.name)
        return file


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file, or some of its columns.

    Raises
    ------
    DataError
        If it is damaged, too large, or lacks a column.
    """
    file = open_parquet(path)
    names = list(file.schema_arrow.names)
    if absent := [name for name in columns or () if name not in names]:
        raise DataError(f"{path.name}: no column {cut(absent[0])!r}. It has {cut(', '.join(names), 200)}.")
    LIMITS.check("cells", file.metadata.num_rows * len(columns or names), path.name)
    with one_sentence(path.name, "cannot be read as .parquet"):
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        LIMITS.check("unpacked", size, path.name)
        table = file.read(columns=None if columns is None else list(columns))
        frame: pd.DataFrame = table.to_pandas(
            ignore_metadata=True, integer_object_nulls=True, timestamp_as_object=True, date_as_object=True
        )
    return frame.rename(columns={"__index_level_0__": "index"})
