"""A table as Word: a journal's table with rules above, under the header and below, the header repeated on each page."""

from __future__ import annotations

import datetime
import io
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ..files import normal_zip

if TYPE_CHECKING:
    from .content import Content

__all__ = ["add_table", "document_bytes", "new_document", "to_docx"]

_MADE = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
_THICK, _THIN = "12", "4"  # eighths of a point
_Looks = dict[tuple[bool, bool, bool], tuple[Any, Any]]  # bold, right, indented: properties of paragraph and run
_SMALL, _NOTE, _INDENT_PT = 8.5, 7.5, 10


def to_docx(table: Content) -> bytes:
    """Write the table as a document of its own."""
    document = new_document(table.title)
    add_table(document, table)
    return document_bytes(document)


def new_document(title: str) -> Any:
    """Start a document in the house's typeface, without a date."""
    from docx import Document
    from docx.shared import Cm, Pt

    document = Document()
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    for section in document.sections:
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.0)
        section.top_margin = section.bottom_margin = Cm(2.0)
    about = document.core_properties
    about.author = about.last_modified_by = "tamoxres"
    about.title, about.comments, about.revision = title[:255], "", 1
    about.created = about.modified = _MADE.replace(tzinfo=None)
    return document


def document_bytes(document: Any) -> bytes:
    """Write a document, the same bytes each time."""
    out = io.BytesIO()
    document.save(out)
    return normal_zip(out.getvalue())


def add_table(document: Any, table: Content) -> None:
    """Add the table with its title above and its footnotes below."""
    from docx.shared import Pt

    title = document.add_paragraph()
    title.paragraph_format.keep_with_next = True
    title.paragraph_format.space_after = Pt(3)
    title.add_run(table.title).bold = True
    grid = document.add_table(rows=1 + len(table.rows), cols=len(table.columns))
    grid.autofit = True
    lines = grid.rows
    looks: _Looks = {}
    for column, cell in zip(table.columns, lines[0].cells, strict=True):
        _write(cell, column.header, looks, bold=True, right=column.align == "right")
    for row, line in zip(table.rows, list(lines)[1:], strict=True):
        if row.stands_alone:
            _write(line.cells[0].merge(line.cells[-1]), row.cells[0].text, looks, bold=True)
            continue
        for i, (cell, target) in enumerate(zip(row.cells, line.cells, strict=True)):
            right = table.columns[i].align == "right"
            names_row = i == 0
            _write(
                target,
                cell.text,
                looks,
                bold=names_row and row.kind == "heading",
                right=right,
                indent=names_row and row.kind == "level",
            )
    _rules(lines)
    for note in table.footnotes:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.add_run(note).font.size = Pt(_NOTE)
    document.add_paragraph()


def _write(
    cell: Any, text: str, looks: _Looks, *, bold: bool = False, right: bool = False, indent: bool = False
) -> None:
    """Write a cell; each look is set once a table, and copied from there."""
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(text)
    if (bold, right, indent) in looks:
        of_paragraph, of_run = looks[bold, right, indent]
        paragraph._p.insert(0, deepcopy(of_paragraph))
        run._r.insert(0, deepcopy(of_run))
    else:
        _set_look(paragraph, run, bold=bold, right=right, indent=indent)
        looks[bold, right, indent] = paragraph._p.pPr, run._r.rPr


def _set_look(paragraph: Any, run: Any, *, bold: bool, right: bool, indent: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph.paragraph_format.space_after = Pt(1)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if indent:
        paragraph.paragraph_format.left_indent = Pt(_INDENT_PT)
    run.bold, run.font.size = bold, Pt(_SMALL)


def _rules(lines: Any) -> None:
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    for cell in lines[0].cells:
        _border(cell, top=_THICK, bottom=_THIN)
    if len(lines) > 1:
        for cell in lines[-1].cells:
            _border(cell, bottom=_THICK)
    for i, line in enumerate(lines):
        properties = line._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if i == 0:
            header = OxmlElement("w:tblHeader")
            header.set(qn("w:val"), "true")
            properties.append(header)


def _border(cell: Any, **sides: str) -> None:
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    borders = OxmlElement("w:tcBorders")
    for side, size in sides.items():
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", size), ("space", "0"), ("color", "1A1A1A")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)
