"""The report as a Word document: the same sections, tables and figures, in one column."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ..tables.as_word import add_contents, add_table, document_bytes, new_document
from ..wording import spoken, unbroken
from .page import Answers, Block, Browser, Bullets, Figure, Page, Paragraph, Part, TableBlock, plain

__all__ = ["page_docx"]

_WIDTH_CM, _HEIGHT_CM = 17.0, 23.0
_ROWS = (
    "Every effect of the report, of cohorts, published and pooled, is a row of effects.csv and effects.json beside it."
)


def page_docx(page: Page, figures: Mapping[str, bytes]) -> bytes:
    """Write the page as a document.

    Parameters
    ----------
    page : Page
    figures : mapping of name to PNG
    """
    document = new_document(page.title)
    _letterhead(document, page)
    document.add_heading(page.title, level=0)
    document.add_paragraph(page.about)
    add_contents(document, [section.title for section in page.sections])
    for section in page.sections:
        document.add_heading(section.title, level=1)
        for block in section.blocks:
            _add(document, block, figures)
    return document_bytes(document)


def _letterhead(document: Any, page: Page) -> None:
    """Put the logo above the title (a drawing by lines has no place in a document), and the last line on every page."""
    from docx.shared import Cm

    if (logo := page.look.picture()) is not None and "svg" not in logo[0]:
        document.add_picture(io.BytesIO(logo[1]), height=Cm(1.5))
    if page.look.footer:
        document.sections[0].footer.paragraphs[0].text = page.look.footer


def _add(document: Any, block: Block, figures: Mapping[str, bytes]) -> None:
    if isinstance(block, Part):
        document.add_heading(block.title, level=2)
        for inside in block.blocks:
            _add(document, inside, figures)
    elif isinstance(block, Paragraph):
        document.add_paragraph(unbroken(plain(block.text)))
    elif isinstance(block, Bullets):
        for item in block.items:
            document.add_paragraph(unbroken(plain(item)), style="List Bullet")
    elif isinstance(block, TableBlock | Answers):
        add_table(document, block.table)
    elif isinstance(block, Browser):
        document.add_paragraph(_ROWS)
    elif isinstance(block, Figure):
        _add_figure(document, block, figures[block.name])


def _add_figure(document: Any, figure: Figure, png: bytes) -> None:
    from docx.shared import Cm

    picture = document.add_picture(io.BytesIO(png), width=Cm(_WIDTH_CM))
    if picture.height > Cm(_HEIGHT_CM):  # a long plot keeps its proportions on one page
        picture.width, picture.height = round(picture.width * Cm(_HEIGHT_CM) / picture.height), Cm(_HEIGHT_CM)
    picture._inline.docPr.set("descr", spoken(figure.alt))
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    document.add_paragraph(unbroken(plain(figure.caption)), style="Caption")
