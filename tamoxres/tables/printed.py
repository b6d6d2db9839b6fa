"""A file of printed effects, checked as its extractor would: what was printed, what follows, what is to be asked.

Conventions: printed and derived stand apart. A row's standard error comes by one route, and its range is what the
printed digits allow; the P beside it follows from it, and is compared with the printed one by `effects.agreement`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..effects import Doubt, EffectEstimate, doubts, unread_columns
from ..effects.many import check_many
from ..effects.printed import Cells, routes_of
from ..effects.rows import read_printed
from ..wording import number, p_value
from .cells import effect_cell, p_cell
from .shown import ShowsTable
from .table import Cell, Column, Row, Table

__all__ = ["PrintedReport", "check_effects"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrintedReport(ShowsTable):
    """What a file of effect rows holds, and what it leaves to ask.

    Attributes
    ----------
    file : str
    rows : tuple of EffectEstimate
        All, or of a file of many rows (`effects.many.BLOCK`) those that leave something to ask.
    cells : tuple of Cells
        What each row was made of.
    unread : tuple of str
        Columns that nothing reads.
    statuses : mapping of str to int
        Rows of the file by status.
    """

    file: str
    rows: tuple[EffectEstimate, ...]
    cells: tuple[Cells, ...]
    unread: tuple[str, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[Doubt, ...]:
        """What the rows leave to ask."""
        return tuple(doubt for row in self.rows for doubt in doubts(row))

    @property
    def sound(self) -> bool:
        """Whether nothing is to be asked."""
        return not self.questions and not self.unread

    def table(self) -> Table:
        """Return the rows: as printed, the route, the standard error with its range, the P that follows, questions."""
        heads = ("Study", "As printed", "Printed P", "Route", "SE", "SE by the digits", "P by the SE", "Questions")
        kinds = ("text", "ratio", "p", "text", "number", "text", "p", "count")
        return Table(
            title=f"Printed effects: {self.file}",
            columns=tuple(Column(head, kind) for head, kind in zip(heads, kinds, strict=True)),  # type: ignore[arg-type]
            rows=tuple(_row(row, cells) for row, cells in zip(self.rows, self.cells, strict=True)),
            footnotes=tuple(map(str, self.questions)),
        )

    def __str__(self) -> str:
        kinds = {status.replace("_", " "): n for status, n in self.statuses.items() if n}
        told = ", ".join(f"{n} {status}" for status, n in kinds.items())
        lines = [f"question: {doubt}" for doubt in self.questions]
        if self.unread:
            lines.append(f"question: nothing reads the columns {', '.join(self.unread)}. Are they misspelt?")
        held = f"{self.file}: {sum(kinds.values())} effect rows"
        end = f"{held} hold ({told})." if self.sound else f"{held} read ({told}); questions: {len(lines)}."
        return "\n".join([*lines, end])


def check_effects(path: str | Path) -> PrintedReport:
    r"""Check a file of printed effects as its extractor would.

    Parameters
    ----------
    path : path
        CSV or JSON, as `read_effects` reads it.

    Returns
    -------
    PrintedReport
        `questions`, `unread`, `table()`.

    Raises
    ------
    EffectError
        If the file cannot be read, naming line and column.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "rows.csv"
    ...     _ = file.write_text("study,estimate,ci_low,ci_high,p_value\nA,0.60,0.40,0.90,0.20\n")
    ...     report = check_effects(file)
    >>> print(report.questions[0])
    A: the interval gives P 0.010 to 0.018, the source prints P = 0.2. Which is right?
    """
    source = Path(path)
    csv = source.is_file() and source.suffix.lower() == ".csv"
    if csv and (many := check_many(source)) is not None:
        built, statuses = many.rows, many.statuses
        unread = many.header.unread
    else:
        built, unread = read_printed(source), unread_columns(source)
        statuses = Counter(row.status for row, _ in built)
    return PrintedReport(
        file=source.name, rows=tuple(row for row, _ in built), cells=tuple(cells for _, cells in built),
        unread=unread, statuses=statuses,
    )  # fmt: skip


def _row(row: EffectEstimate, cells: Cells) -> Row:
    estimated = row.status == "estimated"
    shown = effect_cell(row) if estimated else Cell(row.status.replace("_", " "))
    least, most = _range(cells) if estimated else (None, None)
    digits = "" if least is None or most is None or _same(least, most) else f"{number(least, 3)} to {number(most, 3)}"
    printed = Cell(p_value(row.p_value, relation=row.p_relation)) if _printed_p(row) else Cell()
    asked = len(doubts(row))
    return Row(
        (Cell(row.label), shown, printed, Cell(row.route), Cell(number(row.se, 3) if estimated else ""), Cell(digits),
         p_cell(row.wald_p), Cell(str(asked) if asked else ""))
    )  # fmt: skip


def _printed_p(row: EffectEstimate) -> bool:
    return (row.p_value is not None or row.p_relation == "ns") and row.p_kind != "wald"


def _range(cells: Cells) -> tuple[float | None, float | None]:
    found = routes_of(cells)
    return found[0].se_range if found else (None, None)


def _same(least: float, most: float) -> bool:
    return number(least, 3) == number(most, 3)
