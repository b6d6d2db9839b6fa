"""Parts of the page and files to take away, made from a view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shiny import ui

from .view import View

if TYPE_CHECKING:
    from ..tables.table import Table

__all__ = [
    "FIGURES", "TABLES", "answer_part", "code_part", "diagnostics_part", "drawing",
    "figure_file", "panel", "published_part", "table_file", "table_part", "verdict_part",
]  # fmt: skip

FIGURES = ("svg", "png", "pdf", "tiff")
TABLES = ("docx", "xlsx", "csv", "tex")
_WRITERS = {"docx": "to_docx", "xlsx": "to_xlsx", "csv": "to_csv", "tex": "to_latex"}


def answer_part(found: View) -> list[Any]:
    """Show the cautions, the rows, and the rows without covariates."""
    said = [ui.p(text, class_="caution") for text in found.said]
    crude = [ui.h2("The same, not adjusted"), table_part(found.crude.table())] if found.crude else []
    return [*said, table_part(found.table), *crude]


def verdict_part(found: View) -> ui.Tag:
    """Show the verdict in words, where there is one."""
    return ui.p(found.verdict, class_="verdict")


def table_part(table: Table) -> ui.Tag:
    """Show a table; it scrolls where it is wider than the page."""
    return ui.div(ui.HTML(table.to_html()), class_="scroll", tabindex="0", role="region", aria_label=table.title)


def code_part(python: str, command: str, entry: str = "", *, of: str = "") -> list[ui.Tag]:
    """Show the Python, the command and the plan's entry; `of` begins their ids."""
    parts = {"python": python, "command": command, "entry": entry}
    return [ui.tags.pre(text, id=f"{of}{name}", tabindex="0") for name, text in parts.items() if text]


def published_part(found: View) -> list[ui.Tag]:
    """Show what was published on the same question, and what it says together."""
    rows = found.published
    if not rows:
        return [ui.p("No published evidence in the table on this question.", class_="caution")]
    if found.beside is not None:
        return [table_part(found.beside)]
    return [ui.p(found.together, class_="caution"), table_part(replace(rows.table(), footnotes=()))]


def diagnostics_part(found: View) -> list[ui.Tag]:
    """Show the test of proportional hazards and how many events each coefficient rests on."""
    if not found.answer.models:
        return [ui.p("A weighted analysis has no diagnostics here.", class_="caution")]
    return [ui.p(found.events_each, class_="caution"), table_part(found.proportional.table())]


def panel(found: View) -> ui.TagList:
    """Fit the robustness panel of an interaction, and show it."""
    from ..answers.answer import checked

    made = checked(found.answer, nulls=True).robustness
    if made is None and found.answer.cohort.min_cell > 1:
        return ui.TagList(ui.p("The panel counts sites and covariates: not told where min_cell is declared."))
    if made is None:
        return ui.TagList(ui.p("The panel is for the interaction of a marker and treatment; choose that question."))
    return ui.TagList(table_part(made.table()), ui.p(str(made)))


def drawing(make: Callable[[], Any]) -> ui.Tag:
    """Draw a figure and show it; it scrolls where it is wider than the page."""
    text = figure_file(make, "svg").decode()
    return ui.tags.figure(ui.HTML(text[text.index("<svg") :]), class_="scroll", tabindex="0")


def figure_file(make: Callable[[], Any], kind: str) -> bytes:
    """Draw a figure and return it as a file's bytes."""
    from ..figures.save import figure_bytes

    return figure_bytes(make(), kind)


def table_file(table: Table, kind: str) -> bytes:
    """Return a table as a file's bytes."""
    content = getattr(table, _WRITERS[kind])()
    return content if isinstance(content, bytes) else str(content).encode()
