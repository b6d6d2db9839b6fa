"""How wide a table's columns must be on paper: measured from its texts, so that no number is broken across lines.

Widths are those of Helvetica, in points: those of Arial and Liberation Sans too, in which Word's documents are set;
LaTeX's Computer Modern is a little wider. Columns of numbers are as wide as their widest cell; what is left goes to the
columns of text, whose words are never broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..wording import unbroken

if TYPE_CHECKING:
    from .content import Content

__all__ = ["Paper", "Plan", "head_text", "plan_columns", "text_points"]

_WIDTHS = {  # thousandths of the size of the text (Adobe's metrics of Helvetica)
    0: "\u2060", 222: "ijl'|", 278: "fIt!\u00a0/\\,.:; []·", 333: "()-`r\u2011", 500: "ckvxyszJ",
    556: "abdeghnopqu0123456789L_?#$£–", 584: "+<=>~±×−≤≥", 611: "FTZ", 667: "ABEKPSVXY&", 722: "CDHNRUw",
    778: "GOQ", 833: "mM—", 944: "W", 889: "%", 1015: "@",
}  # fmt: skip
_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_OTHER, _FULL = 600, 1000  # any other letter; one of a full-width script
_INDENT = 10.0  # of a level, points
_MOST_WORD = 0.4  # of the paper that one word may keep whole
_HEAD_LINES = 3.0  # into which a head is broken at most, or nearly so
_WANTED = 75.0  # width from which a column of text is comfortable, points


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a table is set on: the two widths of the text, sizes of the letters in order of preference, points.

    `between` is the white that each column takes beside its text; `face` and `bold` say how much wider its letters are
    than Helvetica's, and its bold ones than those.
    """

    portrait: float
    landscape: float
    sizes: tuple[float, ...]
    between: float
    face: float = 1.0
    bold: float = 1.11


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a table is set: the width of each column (white included) and the size of the letters, points."""

    widths: tuple[float, ...]
    size: float
    landscape: bool


def head_text(header: str) -> str:
    """Return a head with the level of its interval on one line: `95% CI` does not break."""
    return header.replace("% CI", "%\u00a0CI")


@lru_cache(maxsize=16384)
def text_points(text: str, size: float = 1.0) -> float:
    """Return how wide a text is, points.

    Examples
    --------
    >>> round(text_points("0.49 (0.34-0.70)", 10), 1)
    71.2
    """
    units = sum(_OF.get(letter, _FULL if ord(letter) > 0x2E7F else _OTHER) for letter in text)
    return units / 1000 * size


def plan_columns(table: Content, paper: Paper) -> Plan:
    """Choose orientation, letters and column widths: upright and large where all fits, else turned or smaller."""
    plan = None
    for size in paper.sizes:
        least, natural = _bounds(table, size, paper)
        wanted = sum(max(low, min(high, _WANTED)) for low, high in zip(least, natural, strict=True))
        for landscape in (False, True):
            room = paper.landscape if landscape else paper.portrait
            if sum(least) <= room and (wanted <= room or landscape):
                return Plan(widths=_shared(least, natural, room), size=size, landscape=landscape)
        plan = Plan(widths=_squeezed(least, paper.landscape), size=size, landscape=True)
    if plan is None:
        raise ValueError("paper has no sizes")
    return plan


def _bounds(table: Content, size: float, paper: Paper) -> tuple[list[float], list[float]]:
    """Return the least width of each column and the one at which nothing wraps, white included."""
    least, natural = [], []

    def measured(text: str, *, bold: bool) -> float:
        return text_points(text, size * paper.face * (paper.bold if bold else 1.0))

    for i, column in enumerate(table.columns):
        texts = [(unbroken(row.cells[i].text), row.kind) for row in table.rows if not row.stands_alone]
        indent = [_INDENT if i == 0 and kind == "level" else 0.0 for _, kind in texts]
        bold = [i == 0 and kind == "heading" for _, kind in texts]
        widths = [measured(text, bold=b) + d for (text, _), b, d in zip(texts, bold, indent, strict=True)]
        words = [
            max((measured(word, bold=b) for word in text.split(" ")), default=0.0) + d
            for (text, _), b, d in zip(texts, bold, indent, strict=True)
        ]
        heads = unbroken(head_text(column.header))
        head = max((measured(word, bold=True) for word in heads.split(" ")), default=0.0)
        head = max(head, measured(heads, bold=True) / _HEAD_LINES)
        whole = max([head, *widths])
        part = min(max([head, *words]), max(head, _MOST_WORD * paper.portrait))
        least.append((part if column.kind == "text" else whole) + paper.between)
        natural.append(max(whole, measured(column.header, bold=True) / 2) + paper.between)
    return least, natural


def _shared(least: Sequence[float], natural: Sequence[float], room: float) -> tuple[float, ...]:
    """Give each column what it would like, or what is left after the least, by how much each lacks."""
    if sum(natural) <= room:
        return tuple(natural)
    lacking = [high - low for low, high in zip(least, natural, strict=True)]
    share = (room - sum(least)) / sum(lacking)
    return tuple(low + share * lack for low, lack in zip(least, lacking, strict=True))


def _squeezed(least: Sequence[float], room: float) -> tuple[float, ...]:
    return tuple(width * min(1.0, room / sum(least)) for width in least)
