"""Table: what a printed table says, once; a small renderer for each format says the same words.

Conventions: a cell's `text` is what a reader sees, already written by `wording`; its `parts` are the numbers behind the
text, which Excel shows with number formats that give the same digits. Texts are single lines: line breaks, tabs and
control characters become spaces. Every format is the same bytes each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import TamoxresError
from ..files import write_whole

__all__ = ["Cell", "Column", "Number", "Row", "Table"]

Kind = Literal["text", "count", "number", "ratio", "p"]
RowKind = Literal["heading", "level", "plain"]
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


def _line(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()


@dataclass(frozen=True, slots=True)
class Number:
    """A number behind a cell, in full, and the spreadsheet format that shows it as the cell's text does.

    Attributes
    ----------
    value : float
    number_format : str
        Such as `0.00` or `#,##0`.
    """

    value: float
    number_format: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its words, the numbers behind them, and the effect row it was made from.

    Attributes
    ----------
    text : str
    parts : tuple of Number or str
        What a spreadsheet holds, one a column (`1.52 (1.18-1.94)` is three numbers); empty for a text.
    effect_id : str
        `row_id` of the effect row.
    """

    text: str = ""
    parts: tuple[Number | str, ...] = ()
    effect_id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _line(self.text))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header and what it holds.

    Attributes
    ----------
    header : str
    kind : "text" | "count" | "number" | "ratio" | "p"
        Texts stand left, all else right.
    """

    header: str
    kind: Kind = "text"

    def __post_init__(self) -> None:
        object.__setattr__(self, "header", _line(self.header))

    @property
    def align(self) -> Literal["left", "right"]:
        """Side on which the column's cells stand."""
        return "left" if self.kind == "text" else "right"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a variable's heading (bold), a level under it (indented), or a plain row.

    Attributes
    ----------
    cells : tuple of Cell
        One a column; the first names the row.
    kind : "heading" | "level" | "plain"
    """

    cells: tuple[Cell, ...]
    kind: RowKind = "plain"

    @property
    def stands_alone(self) -> bool:
        """Whether it is a heading with nothing beside it, which may take the whole width."""
        return self.kind == "heading" and not any(cell.text for cell in self.cells[1:])

    @classmethod
    def of(cls, *texts: str, kind: RowKind = "plain") -> Row:
        """Make a row of texts alone."""
        return cls(tuple(map(Cell, texts)), kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as data: title, columns, rows, footnotes.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of Row
    footnotes : tuple of str
        Sentences under the table, each told once.

    Raises
    ------
    TamoxresError
        If a row has more or fewer cells than there are columns.

    Examples
    --------
    >>> columns = (Column("Group"), Column("N", "count"))
    >>> table = Table(title="Patients", columns=columns, rows=(Row.of("altered", "12"),))
    >>> print(table.to_markdown())
    **Patients**
    <BLANKLINE>
    | Group | N |
    |:---|---:|
    | altered | 12 |
    <BLANKLINE>
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", _line(self.title))
        notes = dict.fromkeys(note for text in self.footnotes if (note := _line(text)))
        object.__setattr__(self, "footnotes", tuple(notes))
        for i, row in enumerate(self.rows):
            if len(row.cells) != len(self.columns):
                raise TamoxresError(
                    f"Table {self.title!r}, row {i + 1}: {len(row.cells)} cells under {len(self.columns)} columns."
                )

    def with_footnotes(self, *notes: str) -> Table:
        """Return the table with more footnotes."""
        return replace(self, footnotes=(*self.footnotes, *notes))

    def titled(self, title: str) -> Table:
        """Return the table under another title."""
        return replace(self, title=title)

    def to_html(self) -> str:
        """Write the table as an HTML fragment; every text is escaped, cells made from an effect row carry its id."""
        from .as_html import to_html

        return to_html(self)

    def to_markdown(self) -> str:
        """Write the table as Markdown."""
        from .as_markdown import to_markdown

        return to_markdown(self)

    def to_csv(self) -> str:
        """Write the table as CSV: header and rows, then, after an empty line, title and footnotes."""
        from .as_csv import to_csv

        return to_csv(self)

    def to_latex(self) -> str:
        """Write the table as LaTeX (package booktabs)."""
        from .as_latex import to_latex

        return to_latex(self)

    def to_docx(self) -> bytes:
        """Write the table as a Word document."""
        from .as_word import to_docx

        return to_docx(self)

    def to_xlsx(self) -> bytes:
        """Write the table as an Excel workbook, in which numbers stay numbers."""
        from .as_excel import to_xlsx

        return to_xlsx(self)

    def save(self, path: str | Path) -> Path:
        """Write the table to a file by its ending, whole or not at all.

        Raises
        ------
        TamoxresError
            If the ending is none of .html, .md, .csv, .tex, .docx, .xlsx, or the folder does not exist.
        """
        target = Path(path)
        writers: dict[str, Callable[[], str | bytes]] = {
            ".html": self._page, ".md": self.to_markdown, ".csv": self.to_csv, ".tex": self.to_latex,
            ".docx": self.to_docx, ".xlsx": self.to_xlsx,
        }  # fmt: skip
        if target.suffix.lower() not in writers:
            raise TamoxresError(
                f"{target.name}: a table is written as {', '.join(writers)}; end the file's name with one of them."
            )
        return write_whole(target, writers[target.suffix.lower()]())

    def _page(self) -> str:
        from .as_html import to_page

        return to_page(self)

    def _repr_html_(self) -> str:
        from .as_html import styled

        return styled(self)

    def __str__(self) -> str:
        return self.to_markdown()
