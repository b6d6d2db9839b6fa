"""Table: what a printed table says, once; a small renderer for each format says the same words.

Every format is the same bytes each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TamoxresError
from ..files import write_whole
from .content import Cell, Column, Content, Number, Row

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cell", "Column", "Number", "Row", "Table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Content):
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
        """Write the table as LaTeX; its first line names the packages it needs."""
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

    def to_frame(self) -> pd.DataFrame:
        """Return the table's words as a frame: one column a header (numbered where headers repeat), one row a row."""
        import pandas as pd

        heads = [column.header for column in self.columns]
        names = [f"{h} ({heads[:i].count(h) + 1})" if h in heads[:i] else h for i, h in enumerate(heads)]
        return pd.DataFrame([[cell.text for cell in row.cells] for row in self.rows], columns=names)

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
