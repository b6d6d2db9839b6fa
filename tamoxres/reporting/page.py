"""The report as data: sections of paragraphs, tables and figures, written once for the page and for the document.

Every number in a sentence that comes from an effect row is a `Shown` with the row's id, so that a reader can follow it
to effects.csv; nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..effects import EffectEstimate
from ..tables.table import Table
from ..wording import number_with_interval, p_value, ratio_with_interval
from ..writing import plain_name
from .pools import PoolAnswer

__all__ = [
    "AnswerRow", "Answers", "Block", "Browser", "Bullets", "Code", "Figure", "Inline", "Link", "Page", "Paragraph",
    "Section", "Shown", "TableBlock", "Text", "estimate", "p_of", "plain",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """Words made from an effect row."""

    text: str
    effect_id: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a section of the page, or to an address."""

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Code:
    """A command, as it is typed."""

    text: str


Inline = str | Shown | Link | Code
Text = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    text: Text
    kind: Literal["body", "lead", "note"] = "body"

    @classmethod
    def of(cls, *parts: Inline, kind: Literal["body", "lead", "note"] = "body") -> Paragraph:
        """Make a paragraph of its parts."""
        return cls(parts, kind)


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short texts."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table; `name` is its file name and its place on the page."""

    name: str
    table: Table

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", plain_name(self.name))


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A figure; `drawn` is its Axes or Figure, `alt` what it shows, for a reader who does not see it."""

    name: str
    drawn: Any
    caption: Text
    alt: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", plain_name(self.name))


@dataclass(frozen=True, slots=True, eq=False)
class AnswerRow:
    """One marker's line on the first screen.

    Attributes
    ----------
    marker : str
    claim : str
        What the review claims.
    verdict : str
        Label of the verdict, or what is missing.
    cohort : Text
    others : tuple of Text
        A line each: further cohorts, pooled effects.
    literature : tuple of Text
        A line each.
    intervals : tuple of (str, EffectEstimate)
        What is drawn beside the verdict, with a short name each.
    certainty, reason : str
    target : str
        Section that tells more.
    """

    marker: str
    claim: str
    verdict: str
    cohort: Text
    others: tuple[Text, ...]
    literature: tuple[Text, ...]
    intervals: tuple[tuple[str, EffectEstimate], ...]
    certainty: str
    reason: str
    target: str


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answer on the first screen; `table` says the same for the document."""

    rows: tuple[AnswerRow, ...]
    table: Table


@dataclass(frozen=True, slots=True, eq=False)
class Browser:
    """Every effect of the report, and every pooled one, to be filtered and sorted; `own` are row ids of cohorts."""

    effects: tuple[EffectEstimate, ...]
    own: frozenset[str]
    pools: tuple[PoolAnswer, ...]
    titles: Mapping[str, str]


Block = Paragraph | Bullets | TableBlock | Figure | Answers | Browser


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A section with its place on the page."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    level: Literal[2, 3] = 2


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The whole report.

    Attributes
    ----------
    title : str
    about : str
        One line above the title: what this is, by which version, on which data.
    sections : tuple of Section
    """

    title: str
    about: str
    sections: tuple[Section, ...]

    def blocks(self) -> Iterator[Block]:
        """Every block in order."""
        for section in self.sections:
            yield from section.blocks

    def sentences(self) -> str:
        """The report's own running text, a paragraph a line, for the check of its claims."""
        lines = []
        for block in self.blocks():
            if isinstance(block, Paragraph):
                lines.append(plain(block.text))
            elif isinstance(block, Bullets):
                lines += [plain(item) for item in block.items]
            elif isinstance(block, Figure):
                lines.append(plain(block.caption))
            elif isinstance(block, TableBlock):
                lines += [block.table.title, *block.table.footnotes]
            elif isinstance(block, Answers):
                lines += [
                    text
                    for row in block.rows
                    for text in (plain(row.cohort), *map(plain, (*row.others, *row.literature)), row.reason)
                ]
        return "\n\n".join(lines)


def plain(text: Sequence[Inline]) -> str:
    """Return the words of a text."""
    return "".join(part if isinstance(part, str) else part.text for part in text)


def estimate(effect: EffectEstimate) -> Shown:
    """Write an estimate with its interval."""
    write = ratio_with_interval if effect.is_ratio else number_with_interval
    return Shown(write(effect.estimate, *effect.ci()), effect.row_id)


def p_of(effect: EffectEstimate) -> Shown:
    """Write an effect's P."""
    return Shown(p_value(effect.p_value, label=True), effect.row_id)
