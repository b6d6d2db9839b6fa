"""How a file is written, given or detected."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import DataError

__all__ = ["FileOptions"]

_WORDS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "blank"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """How a file is written; what is left out is detected.

    Attributes
    ----------
    separator : str
        Between the cells of delimited text: one character.
    encoding : str
        Of text, in Python's spelling, such as `latin-1`.
    decimal : "" | "." | ","
        The decimal mark of delimited text.
    sheet : str or int
        Of a workbook, its name or its place from 0; of an R file, the name of the data frame.
    header_row : int or None
        Line (or row of the sheet) that holds the column names, from 1.
    footer_rows : int
        Rows at the end that are no patients, such as totals.
    date_format : str
        Of dates written as text (`%d.%m.%Y`; several are parted by `|`); a typed date is written so too.
    """

    separator: str = ""
    encoding: str = ""
    decimal: str = ""
    sheet: str | int = 0
    header_row: int | None = None
    footer_rows: int = 0
    date_format: str = ""

    def __post_init__(self) -> None:
        """Refuse what no file can be written with."""
        if len(self.separator) > 1 or self.separator in ('"', "\n", "\r"):
            raise DataError(f"separator is {self.separator!r}; it is one character, such as ';' or a tab.")
        if self.decimal not in ("", ".", ","):
            raise DataError(f"decimal is {self.decimal!r}; use '.' or ','.")
        if self.decimal == self.separator == ",":
            raise DataError("separator and decimal are both a comma. Name the one that parts the cells.")
        if self.header_row is not None and (isinstance(self.header_row, bool) or self.header_row < 1):
            raise DataError(f"header_row is {self.header_row!r}; it is a line of the file, from 1.")
        if isinstance(self.footer_rows, bool) or self.footer_rows < 0:
            raise DataError(f"footer_rows is {self.footer_rows!r}; it is a count of rows.")

    def __str__(self) -> str:
        """Say in one line how the file is written."""
        parts = [
            f"separator {_WORDS.get(self.separator, repr(self.separator))}" if self.separator else "",
            f"encoding {self.encoding}" if self.encoding else "",
            {".": "decimal point", ",": "decimal comma", "": ""}[self.decimal],
            f"sheet {self.sheet}" if isinstance(self.sheet, str) else "",
            f"header in row {self.header_row}" if self.header_row not in (None, 1) else "",
            f"{self.footer_rows} footer row(s) left out" if self.footer_rows else "",
        ]
        return ", ".join(part for part in parts if part)
