"""A table as LaTeX: every mark with a meaning to TeX is escaped, so that words stay words.

A long table runs over pages (longtable) under its head; columns are as wide as their texts ask (p columns), numbers
with their limits are never broken; a table that is too wide for the page is turned (pdflscape). Widths hold for the
text of LaTeX's own article class on A4 or letter paper, and for any wider one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..wording import unbroken
from .widths import Paper, head_text, plan_columns

if TYPE_CHECKING:
    from .content import Content

__all__ = ["escape_latex", "to_latex"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_WRITTEN = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "*": "{*}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "–": r"\textendash{}", "—": r"\textemdash{}", "≥": r"$\geq$", "≤": r"$\leq$",
    "±": r"$\pm$", "×": r"$\times$", "·": r"\textperiodcentered{}", "²": r"\textsuperscript{2}", "τ": r"$\tau$",
    "−": "$-$", "≈": r"$\approx$", "→": r"$\rightarrow$", "χ": r"$\chi$", "’": "'", "‘": "`", "“": "``", "”": "''",
    "…": r"\ldots{}", "\u00a0": "~", "\u2011": r"\mbox{-}", "\u2060": "",
    "₀": r"\textsubscript{0}", "₁": r"\textsubscript{1}",
    "≠": r"$\neq$", "∞": r"$\infty$", "α": r"$\alpha$", "β": r"$\beta$", "½": r"$\frac{1}{2}$",
}  # fmt: skip
_LONG = re.compile(r"\S{28}")
_MARK = re.compile("|".join(re.escape(mark) for mark in _WRITTEN))


_SIZES = {
    8.0: r"\footnotesize",
    7.0: r"\scriptsize",
    6.0: r"\tiny",
}  # by how wide they are: 5 point letters are broad ones
_PAPER = Paper(portrait=345.0, landscape=540.0, sizes=(8.0, 7.0, 6.0), between=6.0, face=1.07, bold=1.17)


class _Written(str):
    """A text that is LaTeX already."""

    __slots__ = ()


def to_latex(table: Content) -> str:
    """Write the table as a `longtable`, turned where it is too wide for an upright page."""
    plan = plan_columns(table, _PAPER)
    specs = [_spec(width, column.align) for width, column in zip(plan.widths, table.columns, strict=True)]
    heads = " & ".join(rf"\textbf{{{escape_latex(unbroken(head_text(column.header)))}}}" for column in table.columns)
    told: dict[str, Any] = {
        "specs": specs, "heads": _Written(heads), "alone": _spec(sum(plan.widths) - _PAPER.between, "left"),
        "whole": [column.kind != "text" for column in table.columns], "landscape": plan.landscape,
        "size": _Written(_SIZES[plan.size]),
    }  # fmt: skip
    return str(_environment().get_template("table.tex.j2").render(table=table, **told))


def _spec(width: float, align: str) -> str:
    """Return the specification of a column: its width without the white, its side."""
    side = r"\raggedright" if align == "left" else r"\raggedleft"
    return _Written(rf">{{{side}\arraybackslash}}p{{{max(width - _PAPER.between, 6):.1f}pt}}")


def escape_latex(text: str) -> str:
    """Escape what TeX would take for a mark; two hyphens stay two hyphens, and the name of a file may be broken."""
    written = _MARK.sub(lambda found: _WRITTEN[found.group()], text).replace("--", "-{}-").replace("--", "-{}-")
    return _Written(written.replace(r"\_", r"\_\allowbreak{}") if _LONG.search(text) else written)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(  # noqa: S701 (not HTML; `finalize` escapes every text for LaTeX)
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        variable_start_string="<<", variable_end_string=">>", block_start_string="<%", block_end_string="%>",
        comment_start_string="<#", comment_end_string="#>",
        finalize=lambda text: text if isinstance(text, _Written) else escape_latex(unbroken(str(text))),
    )  # fmt: skip
