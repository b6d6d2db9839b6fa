"""Results of a screen on their way to disk: a part a block, so that a killed screen goes on where it stopped.

Conventions: the parts of `out.parquet` lie in `out.parquet.parts/`, with a fingerprint of the screen they belong to;
each is written whole or not at all. When all are there they are joined, with q values, into the one file, and removed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AnalysisError
from ..files import write_whole
from ..vocabulary import FloatArray

__all__ = ["Store", "benjamini_hochberg"]


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Adjust P values for the false discovery rate (Benjamini-Hochberg 1995); NaN stays NaN and is not counted.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, np.nan, 0.04, 0.03])).tolist()
    [0.03, nan, 0.04, 0.04]
    """
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    raw = p[order] * order.size / np.arange(1, order.size + 1)
    out[order] = np.minimum.accumulate(raw[::-1])[::-1].clip(max=1.0)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The parts of one screen.

    Attributes
    ----------
    path : Path
        The file to be.
    fingerprint : str
        Of model, patients, genes and options: parts of another screen are refused.
    """

    path: Path
    fingerprint: str

    @property
    def folder(self) -> Path:
        """Where the parts lie."""
        return self.path.with_name(self.path.name + ".parts")

    def open(self) -> set[int]:
        """Make the folder, or find what a screen that was stopped left there: the starts of its blocks.

        Raises
        ------
        AnalysisError
            If the parts belong to another screen.
        """
        if not self.path.parent.is_dir():
            raise AnalysisError(f"Folder {self.path.parent} does not exist; make it first, or write elsewhere.")
        self.folder.mkdir(exist_ok=True)
        told = self.folder / "screen.json"
        if not told.is_file():
            write_whole(told, json.dumps({"fingerprint": self.fingerprint}))
        elif json.loads(told.read_text())["fingerprint"] != self.fingerprint:
            raise AnalysisError(
                f"{self.folder} holds parts of another screen (other patients, genes, model or options). "
                "Remove that folder, or write to another file."
            )
        return {int(part.stem) for part in self.folder.glob("[0-9]*.parquet")}

    def save(self, start: int, columns: Mapping[str, Any]) -> None:
        """Write a part, whole or not at all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(dict(columns)), sink)
        write_whole(self.folder / f"{start:09d}.parquet", sink.getvalue().to_pybytes())

    def join(self, starts: Sequence[int], told: Mapping[str, str]) -> None:
        """Join the parts, a part in memory at a time, into the one file, and remove them.

        Parameters
        ----------
        starts : sequence of int
            The blocks, in order.
        told : mapping of str to str
            What the file tells of the screen, in its metadata.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        parts = [self.folder / f"{start:09d}.parquet" for start in starts]
        p = [pq.read_table(part, columns=["p"]).column(0).to_numpy() for part in parts]
        q = benjamini_hochberg(np.concatenate(p))
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        writer, done = None, 0
        for part in parts:
            table = pq.read_table(part)
            column = pa.array(q[done : done + table.num_rows])
            table = table.add_column(table.column_names.index("p") + 1, "q", column).replace_schema_metadata(dict(told))
            writer = writer or pq.ParquetWriter(fresh, table.schema)
            writer.write_table(table)
            done += table.num_rows
        if writer is not None:
            writer.close()
            os.replace(fresh, self.path)
        shutil.rmtree(self.folder)
