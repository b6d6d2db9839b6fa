"""The report as data: sections of paragraphs, tables and figures, written once for the page and for the document.

Every number in a sentence that comes from an effect row is a `Shown` with the row's id, so that a reader can follow it
to effects.csv; nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..curves import Curves
from ..effects import EffectEstimate
from ..files.writing import plain_name
from ..tables.table import Table
from ..wording import number_with_interval, p_value, ratio_with_interval
from .look import Look
from .pools import PoolAnswer

__all__ = [
    "AnswerRow", "Answers", "Block", "Browser", "Bullets", "Code", "Figure", "Inline", "Link", "Mark", "Page",
    "Paragraph", "Part", "Section", "Shown", "TableBlock", "Text", "estimate", "p_of", "plain",
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


Kind = Literal["supported", "seen", "open", "margin", "cannot", "untested"]
Inline = str | Shown | Link | Code
Text = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    text: Text
    kind: Literal["body", "lead", "note", "safe"] = "body"

    @classmethod
    def of(cls, *parts: Inline, kind: Literal["body", "lead", "note", "safe"] = "body") -> Paragraph:
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
    """A figure: `draw` gives its Axes or Figure, `alt` is what it shows, for a reader who does not see it.

    `curves` are what it draws, where a reader with a script may read them off step by step; `narrow` is the same once
    more, laid out for a phone, and `effect` what is written into curves that are read off.
    """

    name: str
    draw: Callable[[], Any]
    caption: Text
    alt: str
    curves: Curves | None = None
    narrow: Callable[[], Any] | None = None
    effect: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", plain_name(self.name))

    @classmethod
    def of(cls, name: str, drawn: Any, caption: Text, *, narrow: Callable[[], Any] | None = None) -> Figure:
        """Take a figure that is drawn already and tells what it shows by its label."""
        return cls(name, lambda: drawn, caption, str(drawn.get_label()), narrow=narrow)


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A ratio of hazard ratios on the first screen's axis, with the cohort or study that it comes from."""

    name: str
    effect: EffectEstimate
    own: bool


@dataclass(frozen=True, slots=True, eq=False)
class AnswerRow:
    """One marker's line on the first screen.

    Attributes
    ----------
    marker : str
    claim : str
        What the review claims.
    kind : "supported" | "seen" | "open" | "margin" | "cannot" | "untested"
        The verdict's kind, by which it is told from others at a glance.
    verdict : str
        Label of the verdict, or what is missing.
    cohort : Text
        Who was asked.
    marks : tuple of Mark
        Drawn on the one axis: cohorts, then published trials.
    published : tuple of Text
        A line each.
    sure_for, sure_none : str
        Certainty for an effect modification, and of none.
    more : tuple of Text
        What is folded: a line each.
    target : str
        Section that tells more.
    """

    marker: str
    claim: str
    kind: Kind
    verdict: str
    cohort: Text
    marks: tuple[Mark, ...]
    published: tuple[Text, ...]
    sure_for: str
    sure_none: str
    more: tuple[Text, ...]
    target: str


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answer on the first screen; `table` says the same for the document, `review` is whose claims they are."""

    rows: tuple[AnswerRow, ...]
    table: Table
    review: str


@dataclass(frozen=True, slots=True, eq=False)
class Browser:
    """Every effect of the report, and every pooled one, to be filtered and sorted.

    `own` are row ids of cohorts, `paper` those that a printed page shows; the others stand in effects.csv.
    """

    effects: tuple[EffectEstimate, ...]
    own: frozenset[str]
    pools: tuple[PoolAnswer, ...]
    titles: Mapping[str, str]
    paper: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a section, under a heading of its own; `folded` until the reader opens it."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


Block = Paragraph | Bullets | TableBlock | Figure | Answers | Browser | Part


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A section with its place on the page; `group` is the heading over it in the contents."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    group: str = ""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its parts, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Part))


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The whole report.

    Attributes
    ----------
    title : str
    about : str
        One line above the title: what this is, by which version, on which data.
    sections : tuple of Section
    look : Look
        Logo and last line.
    """

    title: str
    about: str
    sections: tuple[Section, ...]
    look: Look = Look()  # noqa: RUF009 frozen

    def blocks(self) -> Iterator[Block]:
        """Every block in order, those of parts in the place of the parts."""
        for section in self.sections:
            for block in section.blocks:
                yield from block.blocks if isinstance(block, Part) else (block,)

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
                    text for row in block.rows for text in (plain(row.cohort), *map(plain, (*row.published, *row.more)))
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
