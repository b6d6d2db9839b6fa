"""A check as tables, and as one HTML page: for the analyst of a registry who mends the file and for whom she asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..codebook import column
from ..tables.as_html import STYLE_FILE
from ..tables.cells import count_cell, number_cell, share_cell
from ..tables.table import Cell, Column, Row, Table

if TYPE_CHECKING:
    from .check import CheckReport
    from .check_facts import ColumnFacts

__all__ = ["WRONG", "check_page", "check_tables"]

WRONG = "What is wrong"
_LISTED = 20
_YEARS = {"at_risk": "At risk", "events": "Events", "competing": "Competing deaths", "censored": "Censored"}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; }}
h1 {{ font-size: 1.5rem; margin: 0 0 0.25rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 0.5rem; }}
li {{ overflow-wrap: anywhere; }}
.verdict.bad {{ color: #a3260f; }}
figure.tamoxres-table {{ overflow-x: auto; margin: 1.5rem 0; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def check_tables(found: CheckReport) -> tuple[Table, ...]:
    """Return what a check found as tables, those that are empty left out.

    Parameters
    ----------
    found : CheckReport

    Returns
    -------
    tuple of Table
        What is wrong; unknown by column and arm; columns of the file; marker by treatment; follow-up by year.
    """
    made = (_wrong(found), _unknown(found), _columns(found), _cells(found), *_years(found), _diagnosed(found))
    return tuple(table for table in made if table.rows)


def check_page(found: CheckReport) -> str:
    """Write a check as one HTML page that needs nothing else; every text is escaped."""
    bad = "" if found.ok else " bad"
    body = [f'<p class="verdict{bad}">{escape(_summary(found))}</p>']
    tables = check_tables(found)
    notes = [f"Read as: {found.read_as}.", *found.remarks] if found.read_as else list(found.remarks)
    body += _list("Questions", found.questions)
    body += [table.to_html() for table in tables]
    body += _list("How the file was read", notes)
    return _PAGE.format(
        title=escape(f"Check of {found.name}"), style=STYLE_FILE.read_text(encoding="utf-8"), body="\n".join(body)
    )


def _summary(found: CheckReport) -> str:
    faults = len(found.violations) + found.unlisted
    told = "Nothing breaks the codebook." if found.ok else f"{faults:,} violation(s): mend them before any analysis."
    return f"{found.patients:,} patients. {told} {len(found.questions):,} question(s)."


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        yield f"<section><h2>{escape(title)}</h2><ul>{items}</ul></section>"


def _table(title: str, heads: Sequence[tuple[str, Any]], rows: Iterable[tuple[Cell, ...]], *notes: str) -> Table:
    return Table(
        title=title, columns=tuple(Column(*head) for head in heads), rows=tuple(map(Row, rows)),
        footnotes=tuple(note for note in notes if note),
    )  # fmt: skip


def _wrong(found: CheckReport) -> Table:
    heads = (("File", "text"), ("Line or row", "text"), ("Column", "text"), ("Value", "text"), (WRONG, "text"),
             ("What to do", "text"))  # fmt: skip
    listed = found.violations[:_LISTED]
    rows = [
        (
            Cell(one.file or found.name), Cell("" if one.row is None else f"{one.row:,}"), Cell(one.column),
            Cell(one.value), Cell(one.why), Cell(one.mend),
        )
        for one in listed
    ]  # fmt: skip
    rest = len(found.violations) + found.unlisted - len(listed)
    return _table(WRONG, heads, rows, f"And {rest:,} more." if rest > 0 else "")


def _unknown(found: CheckReport) -> Table:
    """Every column with its unknown, in all patients and by arm."""
    arms = {one.column: one for one in found.by_arm}
    heads = [("Column", "text"), ("Meaning", "text"), ("Unknown", "count")]
    heads += [("Treated", "count"), ("Untreated", "count")] if arms else []
    rows = []
    for one in found.unknowns:
        declared, by_arm = column(one.column), arms.get(one.column)
        meaning = f"{declared.meaning}{', ' + declared.unit if declared.unit else ''}" if declared else ""
        cells = [Cell(one.column), Cell(meaning), share_cell(one.unknown, one.patients)]
        if by_arm is not None:
            cells += [share_cell(by_arm.treated_unknown, by_arm.treated)]
            cells += [share_cell(by_arm.untreated_unknown, by_arm.untreated)]
        elif arms:
            cells += [Cell(), Cell()]
        rows.append(tuple(cells))
    apart = [one.column for one in found.by_arm if one.apart]
    note = f"More than 5 points apart between the arms: {', '.join(apart)}." if apart else ""
    return _table("Unknown, by column", heads, rows, note)


def _columns(found: CheckReport) -> Table:
    heads = (("Column of the file", "text"), ("Kind", "text"), ("Lowest", "number"), ("Highest", "number"),
             ("Different", "count"), ("Empty", "count"), ("First value that is no number", "text"))  # fmt: skip
    rows = [
        (
            Cell(one.column), Cell(one.kind), *_range(one), count_cell(one.different),
            count_cell(one.unknown), Cell(f"{one.stray} ({one.place})" if one.became_text else ""),
        )
        for one in found.columns
    ]  # fmt: skip
    strays = [one.column for one in found.columns if one.became_text]
    note = f"Numbers that became text because of a few cells: {', '.join(strays)}." if strays else ""
    return _table("Columns of the file", heads, rows, note)


def _range(one: ColumnFacts) -> tuple[Cell, Cell]:
    """Write the range of a column of numbers; whole numbers as such."""
    if one.low is None or one.high is None or one.kind != "number":
        return Cell(), Cell()
    whole = one.low == int(one.low) and one.high == int(one.high)
    decimals = 0 if whole else 2
    return number_cell(one.low, decimals), number_cell(one.high, decimals)


def _cells(found: CheckReport) -> Table:
    heads = (("Marker", "text"), ("Endpoint", "text"), ("Level", "text"), ("Treated", "text"), ("Patients", "count"),
             ("Events", "count"), ("", "text"))  # fmt: skip
    rows = [
        (
            Cell(f"{one.marker} ({one.rule})"), Cell(one.endpoint), Cell(one.level), Cell(one.arm or "not recorded"),
            count_cell(one.patients), count_cell(one.events), Cell("few events" if one.small else ""),
        )
        for one in found.cells
    ]  # fmt: skip
    note = "Few events: fewer than 10; with fewer than 5 no verdict on the interaction is given."
    return _table("Marker and treatment", heads, rows, note if any(one.small for one in found.cells) else "")


def _years(found: CheckReport) -> Iterator[Table]:
    for code, group in groupby(found.follow_up, key=lambda one: one.endpoint):
        years = list(group)
        names = ["at_risk", "events", "competing", "censored"]
        if not any(one.competing for one in years):
            names.remove("competing")
        heads = [("Year", "text"), *((_YEARS[name], "count") for name in names)]
        rows = [(Cell(str(one.year)), *(count_cell(getattr(one, name)) for name in names)) for one in years]
        yield _table(f"Follow-up by year, {code}", heads, rows)


def _diagnosed(found: CheckReport) -> Table:
    heads = (("Diagnosed in", "text"), ("Patients", "count"), ("Endpoint known", "count"), ("Events", "count"),
             ("Median follow-up without an event, months", "number"))  # fmt: skip
    rows = [
        (
            Cell(str(one.year)), count_cell(one.patients), count_cell(one.known), count_cell(one.events),
            number_cell(one.median_months, 1),
        )
        for one in found.diagnosed
    ]  # fmt: skip
    code = found.diagnosed[0].endpoint if found.diagnosed else ""
    return _table(f"By year of diagnosis, {code}", heads, rows)
