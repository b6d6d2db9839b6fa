"""A file of effect rows as a table: CSV, JSON or a workbook, each row by column with the place where it stands."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import EffectError
from ..files import parse_json, read_bytes
from ..wording import unguard_formula
from . import rows_excel
from .rows_header import Header, read_header

__all__ = ["RowTable", "read_table"]


@dataclass(frozen=True, slots=True)
class RowTable:
    """A table of a file: its header, and each row by column with the place where it stands."""

    header: Header
    rows: list[tuple[str, dict[str, Any]]]


def read_table(source: Path, known: Collection[str]) -> RowTable:
    """Read a file whose ending tells what it is.

    Raises
    ------
    TamoxresError
        If it does not exist, cannot be read, or its header raises a question.
    """
    kind = source.suffix.lower()
    if kind == ".json":
        return _json_rows(_text(source), source, known)
    lines = rows_excel.sheet_rows(source) if kind in rows_excel.ENDINGS else _csv_rows(_text(source), source)
    return _of_cells(list(lines), source, known)


def _of_cells(lines: Sequence[tuple[str, Sequence[Any]]], source: Path, known: Collection[str]) -> RowTable:
    """Make a table of lines of cells, the header first."""
    header = read_header(lines[0][1] if lines else [], str(source), known)
    for where, cells in lines[1:]:
        if len(cells) != len(header.names):
            raise EffectError(
                f"{where}: {len(cells)} cells under {len(header.names)} columns. Quote cells that hold a comma."
            )
    return RowTable(header, [(where, dict(zip(header.names, cells, strict=True))) for where, cells in lines[1:]])


def _text(source: Path) -> str:
    if not source.is_file():
        raise EffectError(f"{source} does not exist. Give a CSV, JSON or XLSX file of effect rows.")
    try:
        return read_bytes(source).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EffectError(f"{source} is not UTF-8 text. Save it as CSV (UTF-8) or JSON.") from None


def _json_rows(text: str, source: Path, known: Collection[str]) -> RowTable:
    rows = parse_json(text, str(source), error=EffectError)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EffectError(f"{source}: expected a JSON list of objects, one an effect.")
    for i, row in enumerate(rows):
        read_header(list(row), f"{source}, object {i + 1}", known)
    keys = list(dict.fromkeys(name for row in rows for name in row))
    header = read_header(keys, str(source), known) if keys else Header(names=())
    named = dict(zip(keys, header.names, strict=True))
    objects = [{named[name]: cell for name, cell in row.items()} for row in rows]
    return RowTable(header, [(f"{source}, object {i + 1}", row) for i, row in enumerate(objects)])


def _csv_rows(text: str, source: Path) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the lines that hold anything, each with its place, the header as it stands."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for i, cells in enumerate(reader):
            if not i or any(cells):
                yield f"{source}, line {reader.line_num}", cells if not i else list(map(unguard_formula, cells))
    except csv.Error as error:
        raise EffectError(f"{source}, line {reader.line_num}: not CSV ({error}).") from None
