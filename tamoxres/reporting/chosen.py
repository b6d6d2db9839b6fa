"""A page with some of its sections alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..vocabulary import choose
from .page import Block, Bullets, Figure, Inline, Link, Page, Paragraph, Part, Section, Text

__all__ = ["only"]

_MARKERS = "markers"


def only(page: Page, names: Sequence[str]) -> Page:
    """Keep some sections of a page; links to the others become words.

    Raises
    ------
    QuestionError
        If a section is named that the page does not have.
    """
    if not names:
        return page
    kinds = {section.key: _kind(section) for section in page.sections}
    allowed = tuple(dict.fromkeys([*kinds.values(), *kinds]))
    for name in names:
        choose("section", name, allowed)
    kept = {key for key, kind in kinds.items() if key in names or kind in names}
    gone = frozenset(kinds) - kept
    return replace(page, sections=tuple(_unlinked(one, gone) for one in page.sections if one.key in kept))


def _kind(section: Section) -> str:
    return _MARKERS if section.key.startswith("marker-") else section.key


def _unlinked(section: Section, gone: frozenset[str]) -> Section:
    def text(parts: Text) -> Text:
        return tuple(word(part) for part in parts)

    def word(part: Inline) -> Inline:
        return part.text if isinstance(part, Link) and part.target in gone else part

    def without(block: Block) -> Block:
        if isinstance(block, Paragraph):
            return replace(block, text=text(block.text))
        if isinstance(block, Bullets):
            return Bullets(tuple(map(text, block.items)))
        if isinstance(block, Figure):
            return replace(block, caption=text(block.caption))
        if isinstance(block, Part):
            return replace(block, blocks=tuple(map(without, block.blocks)))
        return block

    return replace(section, blocks=tuple(map(without, section.blocks)))
