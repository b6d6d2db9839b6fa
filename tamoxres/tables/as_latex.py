"""A table as LaTeX (package booktabs): every mark with a meaning to TeX is escaped, so that words stay words."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    "−": "$-$",
}  # fmt: skip
_MARK = re.compile("|".join(re.escape(mark) for mark in _WRITTEN))


class _Written(str):
    """A text that is LaTeX already."""

    __slots__ = ()


def to_latex(table: Content) -> str:
    """Write the table as a `table` environment."""
    return str(_environment().get_template("table.tex.j2").render(table=table))


def escape_latex(text: str) -> str:
    """Escape what TeX would take for a mark; two hyphens stay two hyphens."""
    return _Written(_MARK.sub(lambda found: _WRITTEN[found.group()], text).replace("--", "-{}-").replace("--", "-{}-"))


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(  # noqa: S701 (not HTML; `finalize` escapes every text for LaTeX)
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        variable_start_string="<<", variable_end_string=">>", block_start_string="<%", block_end_string="%>",
        comment_start_string="<#", comment_end_string="#>",
        finalize=lambda text: text if isinstance(text, _Written) else escape_latex(str(text)),
    )  # fmt: skip
