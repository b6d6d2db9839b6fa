"""Effect rows as an Excel workbook: one sheet, a column a field, numbers as numbers, texts as texts and never formulas.

Conventions: the sheet `effects` is read, or the first where none is called so; its first filled row is the header. A
cell with a formula is read as the value that was saved with it. A number cell has no printed digits (0.70 is 0.7):
digits that matter are typed as text. Excel holds 15 to 16 digits of a number; CSV and JSON hold all.
"""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import EffectError
from ..files import normal_zip, read_bytes
from ..files.sentence import one_sentence
from ..files.sheets import open_workbook

__all__ = ["ENDINGS", "sheet_rows", "write_sheet"]

ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods")
_SHEET = "effects"
_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}  # fmt: skip


def sheet_rows(source: Path) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the filled rows of the sheet of effects, each with its place; the header comes first.

    Raises
    ------
    TamoxresError
        If the file does not exist, is damaged or too large.
    """
    if not source.is_file():
        raise EffectError(f"{source} does not exist. Give a CSV, JSON or XLSX file of effect rows.")
    with one_sentence(source.name, f"cannot be read as {source.suffix.lower()}"):
        book, _ = open_workbook(read_bytes(source), source.name)
        sheet = book.get_sheet_by_name(_SHEET if _SHEET in book.sheet_names else book.sheet_names[0])
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    filled = [(i, row) for i, row in enumerate(rows) if any(cell != "" for cell in row)]
    used = [j for j in range(max((len(row) for row in rows), default=0)) if any(row[j] != "" for _, row in filled)]
    for i, row in filled:
        yield f"{source}, row {i + 1}", [_cell(row[j]) for j in used]


def _cell(value: Any) -> Any:
    """Return a cell as the readers of rows take it: nothing, a text, or a number."""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if isinstance(value, int | float) else str(value) or None


def write_sheet(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write rows under columns as a workbook of one sheet.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of mapping
        From column to text, number, bool or None.

    Returns
    -------
    bytes
        Of an .xlsx file; equal rows give equal bytes.
    """
    from xlsxwriter import Workbook

    out = io.BytesIO()
    book = Workbook(out, _OPTIONS)
    book.set_properties({"author": "tamoxres", "created": datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)})
    sheet = book.add_worksheet(_SHEET)
    bold = book.add_format({"bold": True})
    for j, name in enumerate(columns):
        sheet.write_string(0, j, name, bold)
        sheet.set_column(j, j, max(9, len(name) + 2))
    for i, row in enumerate(rows, start=1):
        for j, name in enumerate(columns):
            _write(sheet, i, j, row[name])
    sheet.freeze_panes(1, 1)
    book.close()
    return normal_zip(out.getvalue())


def _write(sheet: Any, i: int, j: int, value: Any) -> None:
    if isinstance(value, bool):
        value = "true" if value else ""
    if isinstance(value, int | float) and math.isfinite(value):
        sheet.write_number(i, j, value)
    elif value:
        sheet.write_string(i, j, str(value))
