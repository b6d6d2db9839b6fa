"""Files of statistical packages: Stata, SPSS and SAS, with value labels, dates and encodings, read by pyreadstat.

Conventions: the file is read in a process of its own, because a damaged one can end pyreadstat's compiled reader with a
segmentation fault. A labelled code stays the code, its labels stand beside it; what the file itself declares missing is
unknown. SAS transport files tell no encoding: one that is not UTF-8 is read as cp1252, and that is said.
"""

from __future__ import annotations

import codecs
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, cut
from ...files import LIMITS
from ...files.sentence import one_sentence
from .delimited import TextTable, distinct_names
from .options import FileOptions
from .typed import as_text, texts

__all__ = ["KINDS", "Labels", "parse_frame", "parse_package"]

KINDS = {  # suffix -> pyreadstat's function, and what the file is called
    ".dta": ("read_dta", "a Stata file"), ".sav": ("read_sav", "an SPSS file"), ".zsav": ("read_sav", "an SPSS file"),
    ".por": ("read_por", "a portable SPSS file"), ".sas7bdat": ("read_sas7bdat", "a SAS file"),
    ".xpt": ("read_xport", "a SAS transport file (version 5 or 8)"),
}  # fmt: skip
_FALLBACK = "cp1252"
_UNDECODED = ("codec can't decode", "convert", "character set")
_ICONV = {"utf-8-sig": "UTF-8", "mac-roman": "MACINTOSH"}


_PATIENCE = 60.0  # seconds, and one more for each megabyte
_CHILD = """
import pickle, sys, warnings
warnings.simplefilter("ignore")
name, path, told, (most_columns, most_cells), answer = pickle.load(sys.stdin.buffer)
try:
    import pyreadstat
    read = getattr(pyreadstat, name)
    meta = read(path, metadataonly=True, **told)[1]
    columns = max(len(meta.column_names), 1)
    content = None
    if columns > most_columns:
        content = "fields", columns
    elif columns * (meta.number_rows or 0) > most_cells:
        content = "cells", columns * meta.number_rows
    else:
        frame, meta = read(path, row_limit=most_cells // columns + 1, **told)
        content = "content", (frame, meta.readstat_variable_types, meta.variable_value_labels,
                              meta.column_names_to_labels)
        if columns * len(frame) > most_cells:
            content = "cells", columns * len(frame)
    packed = pickle.dumps(content, protocol=5)
except BaseException as error:
    packed = pickle.dumps(("error", str(error) or type(error).__name__))
with open(answer, "wb") as stream:
    stream.write(packed)
"""


@dataclass(frozen=True, slots=True)
class _Content:
    """What pyreadstat gives of a file."""

    frame: pd.DataFrame
    types: Mapping[str, str] | None
    labels: Mapping[str, Mapping[Any, Any]] | None
    titles: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Labels:
    """What a package's file says of its columns.

    Attributes
    ----------
    values : mapping of column to (mapping of code to label)
    titles : mapping of column to title
    """

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


def parse_package(path: Path, options: FileOptions | None = None) -> tuple[TextTable, Labels]:
    """Read a file of Stata, SPSS or SAS as text.

    Parameters
    ----------
    path : Path
        Its suffix is one of `KINDS`.
    options : FileOptions, optional
        Encoding, and the form that dates are written in.

    Raises
    ------
    DataError
        If it is damaged, too large, of an encoding it does not name, or holds no rows.
    """
    given = options or FileOptions()
    says = f"cannot be read as {KINDS[path.suffix.lower()][1]}"
    LIMITS.check("read", path.stat().st_size, path.name)
    remarks: list[str] = []
    mend = "It is damaged, or of another format or encoding: say encoding in the mapping, or save it anew as CSV."
    with one_sentence(path.name, says, mend):
        try:
            content = _read(path, given.encoding)
        except Exception as error:
            if given.encoding or not any(word in str(error) for word in _UNDECODED):
                raise
            content = _read(path, _FALLBACK)
            given = replace(given, encoding=_FALLBACK)
            remarks.append(f"The file tells no encoding and is not UTF-8; it was read as {_FALLBACK}.")
    singles = [name for name, stored in (content.types or {}).items() if stored == "float"]
    frame = content.frame
    frame = frame.astype({name: np.float32 for name in singles if frame[name].dtype == np.float64})
    labels = {
        str(name): {as_text(code) or "": str(label).strip() for code, label in named.items()}
        for name, named in (content.labels or {}).items()
    }
    titles = {str(name): str(title).strip() for name, title in (content.titles or {}).items() if title}
    table = parse_frame(frame, path.name, given)
    return replace(table, remarks=tuple(remarks)), Labels(labels, titles)


def _read(path: Path, encoding: str) -> _Content:
    """Read a file in a process of its own: a damaged one can end the compiled reader, and must not end us."""
    told = {"encoding": _iconv(encoding, path.name)} if encoding else {}
    with tempfile.TemporaryDirectory(prefix="tamoxres-") as folder:
        answer = Path(folder) / "answer"
        task = (KINDS[path.suffix.lower()][0], str(path.resolve()), told, (LIMITS.fields, LIMITS.cells), str(answer))
        patience = _PATIENCE + path.stat().st_size / 2**20
        command = [sys.executable, "-c", _CHILD]
        done = subprocess.run(  # noqa: S603 our own interpreter and text
            command, input=pickle.dumps(task), capture_output=True, timeout=patience, check=False
        )
        if not answer.is_file():
            raise ValueError(f"the reader ended with status {done.returncode}")
        content: tuple[str, Any] = pickle.loads(answer.read_bytes())  # noqa: S301 written by our own process
    kind, value = content
    if kind == "error":
        raise ValueError(value)
    if kind != "content":
        LIMITS.check(kind, value, path.name)
    return _Content(*value)


def _iconv(encoding: str, name: str) -> str:
    """Return the name by which iconv knows an encoding that Python knows."""
    try:
        known = codecs.lookup(encoding).name
    except LookupError:
        raise DataError(
            f"{name}: {cut(encoding)!r} is no encoding. Use one such as utf-8, latin-1 or cp1252."
        ) from None
    if known.startswith("iso8859"):
        return known.upper().replace("ISO", "ISO-")
    return _ICONV.get(known, known.upper().replace("CP125", "WINDOWS-125"))


def parse_frame(frame: pd.DataFrame, name: str, options: FileOptions) -> TextTable:
    """Turn typed columns into text.

    Raises
    ------
    DataError
        If there are no rows, a column stands twice, or a cell holds a list.
    """
    frame = frame.iloc[: max(len(frame) - options.footer_rows, 0)]
    if frame.empty:
        raise DataError(f"{name} holds no rows under a header. Name a file or sheet that does.")
    LIMITS.check("fields", frame.shape[1], name)
    LIMITS.check("cells", frame.shape[0] * frame.shape[1], name)
    header = distinct_names([str(column).strip() for column in frame.columns], name, "header")
    cells = np.empty(frame.shape, dtype=object, order="F")
    for j in range(frame.shape[1]):
        try:
            cells[:, j] = texts(frame.iloc[:, j], options.date_format)
        except DataError as error:
            raise DataError(f"{name}, column {cut(header[j])}: {error}. Write one value a cell.") from None
    return TextTable(header, cells, np.arange(1, len(frame) + 1), options)
