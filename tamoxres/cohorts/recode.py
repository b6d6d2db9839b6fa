"""Recodings that every loader shares: a raw table as text, and its strict reading as levels, numbers and events.

Conventions: raw cells are text, an empty cell is NA; a value that a recoding does not name is an error that tells file,
line and column, never a silent NA.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..codebook import DAYS_PER_MONTH
from ..errors import DataError

__all__ = ["YES_NO", "RawTable", "events", "months", "read_table", "receptor_status"]

YES_NO = {"YES": "yes", "NO": "no"}


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A publisher's table as text: its name for messages, its cells, and the line its first row stands on."""

    name: str
    frame: pd.DataFrame
    first_line: int

    def require(self, columns: Iterable[str]) -> None:
        """Refuse a table that lacks a column, and suggest the nearest name it has."""
        for wanted in columns:
            if wanted not in self.frame:
                near = difflib.get_close_matches(wanted, list(self.frame.columns), n=1, cutoff=0.5)
                hint = f" Is it {near[0]!r}? Rename it." if near else ""
                raise DataError(f"{self.name}: no column {wanted!r}.{hint} Restore the publisher's file.")

    def indexed(self, patient: str) -> RawTable:
        """Return the table indexed by patient; a missing or repeated identifier is an error."""
        self.require([patient])
        ids = self.frame[patient]
        for fault, what in ((ids.isna(), "no identifier"), (ids.duplicated(), "an identifier that stood before")):
            if fault.any():
                row = int(np.flatnonzero(fault)[0])
                raise DataError(
                    f"{self.name}, line {self.first_line + row}, column {patient}: {what} ({ids.iloc[row]!r}). Keep one row a patient."
                )
        return RawTable(self.name, self.frame.set_index(pd.Index(ids, name="patient")), self.first_line)

    def levels(self, column: str, mapping: Mapping[str, str | None]) -> pd.Series[Any]:
        """Recode a column by a mapping from every known raw value; None in the mapping means unknown."""
        raw = self.frame[column]
        self._refuse(raw, ~raw.isna() & ~raw.isin(list(mapping)), f"unknown level; known are {', '.join(mapping)}")
        return raw.map(dict(mapping)).astype(object).where(lambda values: values.notna(), None)

    def numbers(self, column: str) -> pd.Series[Any]:
        """Read a column as numbers; text and what is not finite are errors."""
        raw = self.frame[column]
        values = pd.to_numeric(raw, errors="coerce").astype(float)
        self._refuse(raw, raw.notna() & ~np.isfinite(values.to_numpy()), "not a number")
        return values

    def times(self, column: str) -> pd.Series[Any]:
        """Read a column as times: numbers that are not negative. Zero follow-up stays."""
        values = self.numbers(column)
        self._refuse(self.frame[column], values < 0, "a negative time")
        return values

    def _refuse(self, raw: pd.Series[Any], fault: Any, what: str) -> None:
        rows = np.flatnonzero(np.asarray(fault, dtype=bool))
        if rows.size:
            more = f" ({rows.size - 1} more rows)" if rows.size > 1 else ""
            raise DataError(
                f"{self.name}, line {self.first_line + int(rows[0])}, column {raw.name}: {raw.iloc[rows[0]]!r} is {what}{more}. "
                "Correct the value, or leave the cell empty if it is unknown."
            )


def read_table(content: bytes, name: str | Path, *, separator: str = "\t", columns: Iterable[str] = ()) -> RawTable:
    """Read a delimited table as text, past leading lines that begin with `#`.

    Parameters
    ----------
    content : bytes
        UTF-8.
    name : str or path
        Stands in messages.
    separator : str
        Tab, or a comma (quotes are then honoured).
    columns : iterable of str
        Columns that must be there.

    Raises
    ------
    DataError
        On another encoding, an empty file, a missing column, or a line with too few or too many cells.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    lines = text.splitlines()
    skipped = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if len(lines) < skipped + 2:
        raise DataError(f"{name} holds no rows under a header. It is empty or truncated; restore it from its source.")
    if separator == "\t":
        _refuse_ragged(lines, skipped, name)
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=separator, skiprows=skipped, dtype=str, keep_default_na=False, na_values=[""],
            quoting=3 if separator == "\t" else 0, index_col=False, on_bad_lines="error",
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataError(f"{name}: {str(error).strip()}. Restore the publisher's file.") from None
    table = RawTable(str(name), frame, skipped + 2)
    table.require(columns)
    return table


def _refuse_ragged(lines: list[str], skipped: int, name: str | Path) -> None:
    width = lines[skipped].count("\t")
    if width == 0:
        raise DataError(f"{name}, line {skipped + 1}: no tab in the header. Is another delimiter used? Save it as tab-separated.")
    for number, line in enumerate(lines[skipped:], skipped + 1):
        if line.count("\t") != width:
            raise DataError(
                f"{name}, line {number}: {line.count(chr(9)) + 1} cells under {width + 1} columns. "
                "The file is truncated or altered; restore it from its source."
            )


def months(times: pd.Series[Any], days: float = 1.0) -> pd.Series[Any]:
    """Convert times in units of `days` days to months of 365.25/12 days."""
    return times * (days / DAYS_PER_MONTH)


def events(event: pd.Series[Any], *, competing: pd.Series[Any] | None = None, known: pd.Series[Any]) -> pd.Series[Any]:
    """Code events as 0 (censored), 1 (event), 2 (competing death), NA where `known` is false."""
    codes = event.fillna(False).astype(bool).astype(float)
    if competing is not None:
        codes = codes.mask((codes == 0) & competing.fillna(False).astype(bool), 2.0)
    return codes.where(known.astype(bool))


def receptor_status(fmol: pd.Series[Any], cut: float = 10.0) -> pd.Series[Any]:
    """Call a ligand-binding receptor value (fmol/mg) positive from `cut` on; unknown stays unknown."""
    status = pd.Series(np.where(fmol >= cut, "positive", "negative"), index=fmol.index, dtype=object)
    return status.where(fmol.notna(), None)
