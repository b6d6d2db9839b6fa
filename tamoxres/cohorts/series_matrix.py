"""GEO's series matrices: whole expression of a series, read by gene through the platform's annotation.

Conventions: values above 50 are intensities and are read as their log2; of several probe sets of a gene the one with
the highest mean speaks (Miller 2011); a probe set of several genes speaks for none.

References
----------
Miller JA et al. 2011, doi:10.1186/1471-2105-12-322.
"""

from __future__ import annotations

import gzip
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, shown
from ..files import LIMITS
from ..files.numbers import to_numbers
from ..vocabulary import FloatArray
from .profiles import MatrixProfile

__all__ = ["series_profile"]

_TABLE, _END = "!series_matrix_table_begin", "!series_matrix_table_end"
_PLATFORM, _PLATFORM_END = "!platform_table_begin", "!platform_table_end"
_INTENSITY = 50.0
_UNKNOWN = ("null", "NA", "NaN", "nan")


def series_profile(matrix: Path, annotation: Path, patients: pd.Index[Any]) -> MatrixProfile:
    """Describe a series matrix (`GSE..._series_matrix.txt.gz`) with its platform's annotation (`GPL....annot.gz`)."""
    return MatrixProfile(
        kind="mrna", assay=f"mRNA array ({annotation.name.partition('.')[0]}), log2", unit="log2",
        names=partial(_genes, annotation), read=partial(_values, matrix, annotation, frozenset(patients)),
    )  # fmt: skip


def _rows(path: Path, begin: str, end: str) -> Iterator[list[str]]:
    """Yield the table's rows, the header first, without the quotes that GEO puts around text."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as handle:
            for line in handle:
                if line.startswith(begin):
                    break
            else:
                raise DataError(f"{path.name} holds no table ({begin}). Fetch it anew.")
            size = 0
            for line in handle:
                size += len(line)
                LIMITS.check("unpacked", size, path.name)
                if line.startswith(end):
                    return
                yield line.rstrip("\r\n").replace('"', "").split("\t")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is damaged ({type(error).__name__}). Fetch it anew.") from None
    raise DataError(f"{path.name} ends within its table. Fetch it anew.")


def _probes(annotation: Path) -> dict[str, list[str]]:
    """Return the probe sets of each gene that is named alone."""
    rows = _rows(annotation, _PLATFORM, _PLATFORM_END)
    header = next(rows, [])
    if not {"ID", "Gene symbol"} <= set(header):
        raise DataError(f"{annotation.name}: no columns ID and Gene symbol. Is it a platform's annotation of GEO?")
    probe, symbol = header.index("ID"), header.index("Gene symbol")
    found: dict[str, list[str]] = defaultdict(list)
    for cells in rows:
        if len(cells) > symbol and cells[symbol] and "///" not in cells[symbol]:
            found[cells[symbol]].append(cells[probe])
    return dict(found)


def _genes(annotation: Path) -> frozenset[str]:
    return frozenset(_probes(annotation))


def _values(matrix: Path, annotation: Path, patients: frozenset[str], genes: Sequence[str]) -> pd.DataFrame:
    probes = _probes(annotation)
    gene_of = {probe: gene for gene in genes for probe in probes[gene]}
    rows = _rows(matrix, _TABLE, _END)
    header = next(rows, [])
    best: dict[str, np.ndarray] = {}
    for cells in rows:
        gene = gene_of.get(cells[0])
        if gene is not None:
            level = _levels(cells, len(header), matrix.name)
            if gene not in best or _mean(level) > _mean(best[gene]):
                best[gene] = level
    if missing := [gene for gene in genes if gene not in best]:
        best |= {gene: np.full(len(header) - 1, np.nan) for gene in missing}
    table = pd.DataFrame(best, index=pd.Index(header[1:], name="patient"))[list(genes)]
    if table.max().max() > _INTENSITY:
        table = table.where(table > 0).map(np.log2)
    return table[table.index.isin(patients)]


def _levels(cells: list[str], width: int, name: str) -> FloatArray:
    """Return the numbers of one probe set's row."""
    if len(cells) != width:
        raise DataError(
            f"{name}, probe set {shown(cells[0])}: {len(cells)} cells under {width} columns. Fetch it anew."
        )
    values, wrong = to_numbers(["" if cell in _UNKNOWN else cell for cell in cells[1:]])
    if wrong.any():
        cell = shown(cells[1 + int(wrong.argmax())])
        raise DataError(f"{name}, probe set {shown(cells[0])}: {cell} is not a number. Fetch it anew.")
    return values


def _mean(values: FloatArray) -> float:
    """Return the mean of the known values; minus infinity where there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else -np.inf
