"""What a printed table holds: columns, rows, cells with the numbers behind their words, footnotes.

Conventions: a cell's `text` is what a reader sees, already written by `wording`; its `parts` are the numbers behind the
text, which Excel shows with number formats that give the same digits. Texts are single lines: line breaks, tabs and
control characters become spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..errors import TamoxresError

__all__ = ["Cell", "Column", "Content", "Number", "Row"]

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
class Content:
    """Title, columns, rows and footnotes of a table: what every renderer writes.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of Row
    footnotes : tuple of str
        Sentences under the table, each said once.

    Raises
    ------
    TamoxresError
        If a row has more or fewer cells than there are columns.
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
