"""Expression matrices that need not fit in memory: genes are read in blocks, by whoever fits them.

Conventions: a matrix tells its genes and its patients, and `read(start, stop)` gives those genes as an array of shape
(genes, patients); NaN is missing. Parquet files have one row a patient and one column a gene, with the patients in the
index or in a column named `patient`. Arrays (NumPy memory maps, zarr, HDF5) have one row a gene. What travels to a
worker process is the `reader` of its block: where the file lies, or of values in memory the block's own, never the
whole matrix nor its names.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..cohorts.readers.columnar import open_parquet
from ..errors import DataError, cut
from ..files.sentence import one_sentence
from ..vocabulary import FloatArray
from .delimited import is_delimited, read_delimited

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ArrayMatrix",
    "Expression",
    "FrameMatrix",
    "MappedMatrix",
    "ParquetMatrix",
    "PickedMatrix",
    "open_expression",
    "reader_of",
]

Reader = Callable[[], FloatArray]
_PATIENT = "patient"
_LAST = threading.local()  # the Parquet file that a thread read last


class Expression(Protocol):
    """What the screen asks of a matrix."""

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes, in the order of the rows that `read` gives."""

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients, in the order of the columns."""

    def read(self, start: int, stop: int) -> FloatArray:
        """Return the genes start ... stop - 1, shape (genes, patients), floating point."""


def reader_of(matrix: Expression, start: int, stop: int) -> Reader:
    """Return a function that reads the genes start ... stop - 1 and is cheap to send to another process."""
    own = getattr(matrix, "reader", None)
    return partial(matrix.read, start, stop) if own is None else own(start, stop)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrayMatrix:
    """An array, or anything that gives rows when sliced (zarr, HDF5), with the names of its rows and columns."""

    values: Any
    genes: tuple[str, ...]
    patients: tuple[str, ...]

    def __post_init__(self) -> None:
        if tuple(self.values.shape) != (len(self.genes), len(self.patients)):
            raise DataError(
                f"The expression matrix has shape {tuple(self.values.shape)}, but there are {len(self.genes):,} gene "
                f"and {len(self.patients):,} patient names. Give one row a gene and one column a patient."
            )

    def read(self, start: int, stop: int) -> FloatArray:
        """Return some genes, shape (genes, patients)."""
        return self.reader(start, stop)()

    def reader(self, start: int, stop: int) -> Reader:
        """Return a function that reads some genes."""
        if isinstance(self.values, np.ndarray):
            return partial(_as_numbers, self.values[start:stop])
        return partial(_sliced, self.values, start, stop)


def _sliced(values: Any, start: int, stop: int) -> FloatArray:
    return _as_numbers(values[start:stop])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MappedMatrix:
    """A file of numbers, read as a memory map wherever the handle goes, with the names of its rows and columns."""

    path: Path
    dtype: str
    offset: int
    genes: tuple[str, ...]
    patients: tuple[str, ...]

    @classmethod
    def of(cls, values: Any, genes: tuple[str, ...], patients: tuple[str, ...]) -> MappedMatrix:
        """Make a handle of a whole memory map (not of a part of one), rows of which lie together."""
        ArrayMatrix(values=values, genes=genes, patients=patients)
        return cls(
            path=Path(values.filename), dtype=values.dtype.str, offset=values.offset, genes=genes, patients=patients
        )

    def read(self, start: int, stop: int) -> FloatArray:
        """Return some genes, shape (genes, patients)."""
        return self.reader(start, stop)()

    def reader(self, start: int, stop: int) -> Reader:
        """Return a function that reads some genes."""
        width = len(self.patients)
        offset = self.offset + start * width * np.dtype(self.dtype).itemsize
        return partial(_mapped, self.path, self.dtype, offset, (stop - start, width))


def _mapped(path: Path, dtype: str, offset: int, shape: tuple[int, int]) -> FloatArray:
    return _as_numbers(np.memmap(path, dtype, "r", offset=offset, shape=shape))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameMatrix:
    """A frame in memory: patients in rows, genes in columns."""

    frame: pd.DataFrame

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes: the columns."""
        return tuple(map(str, self.frame.columns))

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients: the index."""
        return tuple(map(str, self.frame.index))

    def read(self, start: int, stop: int) -> FloatArray:
        """Return some genes, shape (genes, patients)."""
        return self.reader(start, stop)()

    def reader(self, start: int, stop: int) -> Reader:
        """Return a function that reads some genes."""
        return partial(_of_frame, self.frame.iloc[:, start:stop])


def _of_frame(part: pd.DataFrame) -> FloatArray:
    text = [str(name) for name, kind in part.dtypes.items() if kind.kind not in "fiub"]
    if text:
        raise DataError(f"Gene {text[0]} holds text, not numbers; leave it out or convert it.")
    return _as_numbers(part.to_numpy(dtype=float).T)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParquetMatrix:
    """A Parquet file: patients in rows, genes in columns; a block reads its own columns and nothing else."""

    path: Path
    genes: tuple[str, ...]
    patients: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> ParquetMatrix:
        """Read the names from a file.

        Raises
        ------
        DataError
            If no column tells the patients, or a gene's column holds no numbers.
        """
        import pyarrow as pa

        file = open_parquet(path)
        schema = file.schema_arrow
        named = ((schema.pandas_metadata or {}).get("index_columns") or [None])[0]
        index = named if isinstance(named, str) and named in schema.names else _PATIENT
        if index not in schema.names:
            raise DataError(f"{path} does not tell its patients. Write them as the index, or in a column {_PATIENT!r}.")
        genes = tuple(name for name in schema.names if name != index)
        for name in genes:
            kind = schema.field(name).type
            if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
                raise DataError(f"{path}: gene {cut(name)} holds {kind}, not numbers; leave it out or convert it.")
        with one_sentence(path.name, "cannot be read as .parquet"):
            patients = file.read(columns=[index]).column(0).to_pylist()
        return cls(path=path, genes=genes, patients=tuple(map(str, patients)))

    def read(self, start: int, stop: int) -> FloatArray:
        """Return some genes, shape (genes, patients)."""
        return self.reader(start, stop)()

    def reader(self, start: int, stop: int) -> Reader:
        """Return a function that reads some genes."""
        return partial(_of_parquet, self.path, self.genes[start:stop])


def _of_parquet(path: Path, genes: tuple[str, ...]) -> FloatArray:
    import pyarrow.parquet as pq

    # A reader for each thread: one reader must not be used by two, and the names of 20,000 columns take longer to read
    # than a block.
    stat = path.stat()
    key = (path, stat.st_size, stat.st_mtime_ns)
    if getattr(_LAST, "key", None) != key:
        _LAST.file, _LAST.key = pq.ParquetFile(path), key
    table = _LAST.file.read(columns=list(genes), use_threads=False)
    columns = [column.to_numpy(zero_copy_only=False) for column in table.columns]
    return _as_numbers(np.stack(columns)) if columns else np.empty((0, _LAST.file.metadata.num_rows))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PickedMatrix:
    """Some genes of a matrix, in the order asked for."""

    inner: Expression
    genes: tuple[str, ...]
    rows: tuple[int, ...]

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients, in the order of the columns."""
        return self.inner.patients

    def read(self, start: int, stop: int) -> FloatArray:
        """Return some genes, shape (genes, patients)."""
        return self.reader(start, stop)()

    def reader(self, start: int, stop: int) -> Reader:
        """Return a function that reads some genes."""
        return partial(_stacked, tuple(reader_of(self.inner, row, row + 1) for row in self.rows[start:stop]))


def _stacked(readers: tuple[Reader, ...]) -> FloatArray:
    return np.concatenate([read() for read in readers])


def _as_numbers(values: Any) -> FloatArray:
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(float)


def open_expression(
    source: Any,
    *,
    genes: Sequence[str] | None = None,
    patients: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
) -> Expression:
    """Make a handle of an expression matrix.

    Parameters
    ----------
    source : Expression, Profile, DataFrame, array or path
        A handle already; a cohort's molecular profile; a frame (patients in rows); a `.parquet` file; a CSV or TSV
        file, read whole (see `delimited`); or a `.npy` file, memory map or other array with one row a gene.
    genes, patients : sequence of str, optional
        Names of an array's rows and columns.
    only : sequence of str, optional
        Genes to keep, in whatever case; every probe of theirs.

    Returns
    -------
    Expression
        Genes in rows, patients in columns; read when it is sliced.

    Raises
    ------
    DataError
        If the source is unknown, a patient stands in it twice, or a gene of `only` not at all.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.zeros((2, 3))  # a row a gene, a column a patient
    >>> open_expression(matrix, genes=["ESR1", "ERBB2"], patients=["a", "b", "c"]).genes
    ('ESR1', 'ERBB2')
    """
    matrix = _open(source, genes, patients)
    twice = [name for name, times in Counter(matrix.patients).items() if times > 1]
    if twice:
        raise DataError(
            f"Patient {cut(twice[0])} stands in the expression matrix more than once; keep one sample a patient."
        )
    return matrix if only is None else _pick(matrix, only)


def _pick(matrix: Expression, only: Sequence[str]) -> PickedMatrix:
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(matrix.genes):
        rows.setdefault(name.upper(), []).append(i)
    absent = [gene for gene in only if gene.upper() not in rows]
    if absent:
        raise DataError(f"The expression matrix does not hold {', '.join(absent)}. It has {len(matrix.genes):,} genes.")
    kept = tuple(i for gene in dict.fromkeys(gene.upper() for gene in only) for i in rows[gene])
    return PickedMatrix(inner=matrix, genes=tuple(matrix.genes[i] for i in kept), rows=kept)


def _open(source: Any, genes: Sequence[str] | None, patients: Sequence[str] | None) -> Expression:
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise DataError(f"{path} does not exist; name an expression matrix (.parquet, .csv, .tsv or .npy).")
        if path.suffix in (".parquet", ".pq"):
            return ParquetMatrix.open(path)
        if path.suffix == ".npy" and genes is not None and patients is not None:
            with one_sentence(path.name, "cannot be read as .npy", "Save an array of numbers with numpy.save."):
                values = np.load(path, mmap_mode="r")
            return _of_array(values, tuple(genes), tuple(patients))
        if is_delimited(path):
            values, rows, columns = read_delimited(path)
            return ArrayMatrix(values=values, genes=rows, patients=columns)
        raise DataError(
            f"{path} is no expression matrix: Parquet, CSV or TSV (.gz too), or a .npy file with names for its genes "
            "and patients."
        )
    if hasattr(source, "features"):
        return FrameMatrix(frame=source.values(sorted(source.features())))
    if hasattr(source, "iloc"):
        return FrameMatrix(frame=source)
    if hasattr(source, "read"):
        return source  # type: ignore[no-any-return]
    if genes is not None and patients is not None:
        return _of_array(source, tuple(genes), tuple(patients))
    raise DataError(
        f"{type(source).__name__} is no expression matrix; give a frame, a .parquet or .npy file, or a profile."
    )


def _of_array(values: Any, genes: tuple[str, ...], patients: tuple[str, ...]) -> Expression:
    """Return a handle of an array; that of a whole memory map is on its file, and spares workers the values."""
    mapped = isinstance(values, np.memmap) and values.flags.c_contiguous
    if mapped and isinstance(getattr(values, "base", None), mmap):
        return MappedMatrix.of(values, genes, patients)
    return ArrayMatrix(values=values, genes=genes, patients=patients)
