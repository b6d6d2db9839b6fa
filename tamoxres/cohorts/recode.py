"""Recodings that every loader shares: a raw table as text, and its strict reading as levels, numbers and events.

Conventions: raw cells are text, an empty cell is NA; a value that a recoding does not name is an error that tells file,
line and column, never a silent NA.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import LISTED, BadCell, BadCells, DataError, cut, shown
from ..files.numbers import to_numbers
from .readers.characters import split_lines
from .readers.rows import refuse_ragged, split_rows

__all__ = ["LISTED", "RawTable", "agree", "events", "read_table"]

_MEND = "Correct the value, or leave the cell empty if it is unknown."


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table as text: its name for messages, its cells, and the line (or row) that each row stands on."""

    name: str
    frame: pd.DataFrame
    lines: np.ndarray
    place: str = "line"

    def require(self, columns: Iterable[str]) -> None:
        """Refuse a table that lacks a column, and suggest the nearest name it has."""
        for name in columns:
            if name not in self.frame:
                raise DataError(self.absent(name))

    def absent(self, column: str) -> str:
        """Say that a column is not there, and which it might be."""
        near = difflib.get_close_matches(column, list(self.frame.columns), n=1, cutoff=0.5)
        hint = f" Is it {near[0]!r}? Rename it." if near else " Restore the column."
        return f"{self.name}: no column {column!r}.{hint}"

    def indexed(self, patient: str) -> RawTable:
        """Return the table indexed by patient; a missing or repeated identifier is an error."""
        self.require([patient])
        ids = self.frame[patient]
        for fault, what in ((ids.isna(), "no identifier"), (ids.duplicated(), "an identifier that stood before")):
            if fault.any():
                row = int(np.flatnonzero(fault)[0])
                value = "" if pd.isna(ids.iloc[row]) else f" ({shown(ids.iloc[row])})"
                raise self.bad_cell(row, patient, f"{what}{value}.", "Keep one row per patient.")
        return replace(self, frame=self.frame.set_index(pd.Index(ids, name="patient")))

    def keeping(self, columns: Mapping[str, str]) -> RawTable:
        """Return some columns, under other names."""
        return replace(self, frame=self.frame.rename(columns=dict(columns))[list(columns.values())])

    def picked(self, rows: pd.Index[Any], patient: str) -> RawTable:
        """Return some rows, indexed by patient; the former index becomes a column."""
        lines = self.lines[self.frame.index.get_indexer(rows)]
        return replace(self, frame=self.frame.loc[rows], lines=lines).indexed(patient)

    def of(self, patients: RawTable, *, all_of_them: bool = True) -> RawTable:
        """Return the rows of these patients in their order; a patient without a row is an error, or all unknown."""
        everyone = patients.frame.index
        if all_of_them and (absent := everyone.difference(self.frame.index)).size:
            raise DataError(
                f"{self.name} has no row for patient {absent[0]} of {patients.name} ({absent.size} patients). "
                "Take both files from one release."
            )
        return self.rows_of(everyone)

    def rows_of(self, patients: pd.Index[Any]) -> RawTable:
        """Return one row for each of these patients, in their order; empty where there is none."""
        lines = self.lines[self.frame.index.get_indexer(patients)]
        return replace(self, frame=self.frame.reindex(patients), lines=lines)

    def where(self, row: int, column: str) -> str:
        """Name a cell in a message: file, line, column."""
        return f"{self.name}, {self.place} {self.lines[row]}, column {cut(column)}"

    def bad_cell(self, row: int, column: str, what: str, mend: str) -> BadCell:
        """Return the error of one cell: file, line, column, and what is wrong with it."""
        return BadCell(
            what, file=self.name, row=int(self.lines[row]), column=column, value=self.frame[column].iloc[row],
            mend=mend, place=self.place,
        )  # fmt: skip

    def numbers(self, column: str) -> pd.Series[Any]:
        """Read a column as numbers; text and what is not finite are errors."""
        raw = self.frame[column]
        values, wrong = to_numbers(raw)
        self.refuse(raw, wrong, "not a number")
        return pd.Series(values, index=raw.index, name=raw.name)

    def refuse(self, raw: pd.Series[Any], fault: Any, what: str, mend: str = "") -> None:
        """Raise an error that names the first cell at fault and how many rows share the fault; none is no error."""
        rows = np.flatnonzero(np.asarray(fault, dtype=bool))
        if rows.size:
            more = f" ({rows.size - 1} more rows)" if rows.size > 1 else ""
            cells = tuple(
                self.bad_cell(int(row), str(raw.name), f"{shown(raw.iloc[row])} is {what}.", mend or _MEND)
                for row in rows[:LISTED]
            )
            raise BadCells(f"{shown(raw.iloc[rows[0]])} is {what}{more}.", cells=cells, count=rows.size)


def read_table(
    content: bytes, name: str | Path, *, separator: str = "\t", columns: Iterable[str] = (),
    missing: Sequence[str] = (), encoding: str = "utf-8-sig", strip: bool = False,
) -> RawTable:  # fmt: skip
    """Read a delimited table as text, past leading lines that begin with `#`.

    Parameters
    ----------
    content : bytes
    name : str or path
        Stands in messages.
    separator : str
        A tab (quotes are then text), or another character (quotes are then honoured).
    columns : iterable of str
        Columns that must be there.
    missing : sequence of str
        Codes of the unknown, beside the empty cell.
    encoding : str
    strip : bool
        Whether blanks around cells and names are dropped.

    Raises
    ------
    DataError
        On another encoding, an empty file, a missing or repeated column, or a line with too few or too many cells.
    """
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        byte = getattr(error, "start", 0)
        raise DataError(f"{name}: not {encoding.removesuffix('-sig')} text (byte {byte}). Save it as UTF-8.") from None
    lines = split_lines(text, str(name))
    skipped = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if len(lines) < skipped + 2:
        raise DataError(f"{name} holds no rows under a header. It is empty or truncated; restore it from its source.")
    rows = _split(lines, skipped, separator, name)
    header = [cell.strip() for cell in rows[0]] if strip else rows[0]
    unknown = frozenset(["", *missing])
    cells = {place: _cells(column, unknown, strip) for place, column in enumerate(zip(*rows[1:], strict=True))}
    frame = pd.DataFrame(cells, dtype=object).set_axis(header, axis=1)
    table = RawTable(str(name), frame, np.arange(len(frame)) + skipped + 2)
    table.require(columns)
    if repeated := [cell for cell in dict.fromkeys(header) if header.count(cell) > 1]:
        raise DataError(f"{name}, line {skipped + 1}: column {repeated[0]!r} stands twice. Keep one of them.")
    return table


def _cells(column: Sequence[str], unknown: frozenset[str], strip: bool) -> list[Any]:
    """Read the cells of a column, NA where unknown; each text is looked at, and kept, once."""
    texts = {cell: cell.strip() if strip else cell for cell in set(column)}
    values: dict[str, Any] = {cell: np.nan if text in unknown else text for cell, text in texts.items()}
    return [values[cell] for cell in column]


def _split(lines: list[str], skipped: int, separator: str, name: str | Path) -> list[list[str]]:
    """Split lines into cells, all as many as the header's; a line break within quotes counts as part of its cell."""
    kept = lines[skipped:]
    numbers: Sequence[int] = range(skipped + 1, len(lines) + 1)
    if separator == "\t":
        rows = [line.split("\t") for line in kept]
    else:
        rows, numbers = split_rows(kept, skipped + 1, separator, str(name))
    width = len(rows[0])
    if width == 1 and (others := [mark for mark in "\t,;|" if mark != separator and mark in kept[0]]):
        word = {"\t": "tab"}.get(separator, repr(separator))
        raise DataError(
            f"{name}, line {skipped + 1}: no {word} in the header, but {others[0]!r}. Is another delimiter used? "
            f"Save it with {word} as delimiter, or name the separator in a mapping."
        )
    refuse_ragged(rows, numbers, str(name))
    return rows


def events(event: pd.Series[Any], *, competing: pd.Series[Any] | None = None, known: pd.Series[Any]) -> pd.Series[Any]:
    """Code events as 0 (censored), 1 (event), 2 (competing death), NA where `known` is false."""
    codes = event.fillna(False).astype(bool).astype(float)
    if competing is not None:
        codes = codes.mask((codes == 0) & competing.fillna(False).astype(bool), 2.0)
    return codes.where(known.astype(bool))


def agree(one: RawTable, other: RawTable, columns: Mapping[str, str], tolerance: float = 0.0) -> None:
    """Refuse two files that disagree on a patient they share.

    Parameters
    ----------
    one, other : RawTable
        Indexed by patient.
    columns : mapping of str to str
        A column of the first to the same of the second; those that either lacks are passed over.
    tolerance : float
        Between numbers.

    Raises
    ------
    DataError
        Naming both files, the first patient and both values. Where one value is unknown there is no disagreement.
    """
    shared = one.frame.index.intersection(other.frame.index)
    for mine, theirs in columns.items():
        if mine not in one.frame or theirs not in other.frame:
            continue
        left, right = one.frame.loc[shared, mine], other.frame.loc[shared, theirs]
        apart = pd.Series(np.abs(to_numbers(left)[0] - to_numbers(right)[0]), index=left.index)
        differ = left.notna() & right.notna() & ((left != right) if apart.isna().all() else apart > tolerance)
        if differ.any():
            who = differ.idxmax()
            raise DataError(
                f"{one.name} and {other.name} disagree on patient {who}: {mine} {left[who]}, {theirs} {right[who]}. "
                "Take both files from one release."
            )
