"""A table as Word: a journal's table with rules above, under the header and below, the header repeated on each page.

Columns are as wide as their texts ask, numbers with their limits stay on one line, and a table that is too wide for the
page stands on a turned one. Titles have the style Caption; documents have page numbers.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ..files import normal_zip
from ..wording import unbroken
from .widths import Paper, Plan, head_text, plan_columns

if TYPE_CHECKING:
    from .content import Content

__all__ = ["add_contents", "add_table", "document_bytes", "new_document", "to_docx"]

_MADE = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
_THICK, _THIN = "12", "4"  # eighths of a point
_Looks = dict[tuple[bool, ...], tuple[Any, Any]]  # bold, right, indented, kept with the next: properties
_SMALL, _NOTE, _INDENT_PT = 8.5, 7.5, 10
_WIDE, _HIGH, _MARGIN = 21.0, 29.7, 2.0  # A4, cm
_CM = 72 / 2.54  # points
_CELL = 10.8  # white beside a cell's text, points (Word's 0.19 cm on each side)
_PAPER = Paper(
    portrait=(_WIDE - 2 * _MARGIN) * _CM,
    landscape=(_HIGH - 2 * _MARGIN) * _CM,
    sizes=(8.5, 7.5, 6.5),
    between=_CELL + 2,
)


def to_docx(table: Content) -> bytes:
    """Write the table as a document of its own."""
    document = new_document(table.title)
    plan = plan_columns(table, _PAPER)
    if plan.landscape:
        _turn(document.sections[0])
    _add(document, table, plan)
    return document_bytes(document)


def new_document(title: str) -> Any:
    """Start a document in the house's typeface, without a date."""
    from docx import Document
    from docx.shared import Cm, Pt

    document = Document()
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(10)
    for section in document.sections:
        section.page_width, section.page_height = Cm(_WIDE), Cm(_HIGH)
        section.left_margin = section.right_margin = Cm(_MARGIN)
        section.top_margin = section.bottom_margin = Cm(_MARGIN)
    _set_styles(document)
    _page_number(document.sections[0].footer.add_paragraph())
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
    """Add the table with its title above and its footnotes below, on pages of its own where it must be turned."""
    plan = plan_columns(table, _PAPER)
    if plan.landscape:
        _turn(document.add_section())
        _take_headings(document)
    _add(document, table, plan)
    if plan.landscape:
        _end_page(document)


def _add(document: Any, table: Content, plan: Plan) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt

    title = document.add_paragraph(style="Caption")
    title.paragraph_format.keep_with_next = True
    title.add_run(unbroken(table.title))
    grid = document.add_table(rows=1 + len(table.rows), cols=len(table.columns))
    lines = grid.rows
    looks: _Looks = {}
    for column, cell in zip(table.columns, lines[0].cells, strict=True):
        _write(cell, head_text(column.header), looks, bold=True, right=column.align == "right")
    _set_widths(grid, [column.kind != "text" for column in table.columns], plan.widths)
    for row, line in zip(table.rows, list(lines)[1:], strict=True):
        if row.stands_alone:
            _write(line.cells[0].merge(line.cells[-1]), row.cells[0].text, looks, bold=True, kept=True)
            continue
        for i, (cell, target) in enumerate(zip(row.cells, line.cells, strict=True)):
            right = table.columns[i].align == "right"
            names_row = i == 0
            _write(
                target,
                cell.text,
                looks,
                bold=names_row and row.kind == "heading",
                kept=row.kind == "heading",
                right=right,
                indent=names_row and row.kind == "level",
            )
    _rules(lines)
    if plan.size != _SMALL:
        for size in grid._tbl.iter(qn("w:sz")):
            size.set(qn("w:val"), str(round(2 * plan.size)))
    for note in table.footnotes:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.add_run(unbroken(note)).font.size = Pt(_NOTE)
    document.add_paragraph()


def _set_widths(grid: Any, whole: Sequence[bool], widths: Sequence[float]) -> None:
    """Fix the widths of the columns, points; a cell of a column that stays `whole` does not wrap."""
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    grid.autofit = False
    twips = [round(20 * width) for width in widths]
    for column, width in zip(grid._tbl.tblGrid.iter(qn("w:gridCol")), twips, strict=True):
        column.set(qn("w:w"), str(width))
    for i, line in enumerate(grid._tbl.tr_lst):
        for keeps, cell, width in zip(whole, line.tc_lst, twips, strict=True):
            properties = cell.get_or_add_tcPr()
            properties.get_or_add_tcW().set(qn("w:w"), str(width))
            if keeps and i:
                properties.append(OxmlElement("w:noWrap"))


def _end_page(document: Any) -> None:
    """Turn back after a wide table; the paragraph that ends its page is no line that could begin one more."""
    from docx.shared import Pt

    spare = document.paragraphs[-1]._p
    spare.getparent().remove(spare)
    _turn(document.add_section(), upright=True)
    end = document.paragraphs[-1].paragraph_format
    end.space_before = end.space_after = Pt(0)
    end.line_spacing = Pt(1)


def _take_headings(document: Any) -> None:
    """Move headings that end the page before onto the page that has just begun: they belong to what follows."""
    *before, end = document.paragraphs
    for heading in reversed(before):
        if not heading.style.name.startswith("Heading"):
            return
        end._p.addnext(heading._p)


def _turn(section: Any, *, upright: bool = False) -> None:
    """Set a section's paper across or upright."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm

    section.orientation = WD_ORIENT.PORTRAIT if upright else WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = (Cm(_WIDE), Cm(_HIGH)) if upright else (Cm(_HIGH), Cm(_WIDE))


def _set_styles(document: Any) -> None:
    """Give headings and captions the house's face: dark, upright, a step of size each."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for name, size in (("Title", 20), ("Heading 1", 15), ("Heading 2", 12.5), ("Heading 3", 11), ("Caption", 9.5)):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.bold = "Arial", Pt(size), True
        style.font.color.rgb = RGBColor(0x1A, 0x1A, 0x1A)
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            style.element.rPr.rFonts.attrib.pop(qn(f"w:{theme}"), None)
    for name, above in (("Heading 1", 18), ("Heading 2", 14), ("Heading 3", 10), ("Caption", 6)):
        spacing = document.styles[name].paragraph_format
        spacing.space_before, spacing.space_after, spacing.keep_with_next = Pt(above), Pt(4), name != "Caption"


def add_contents(document: Any, titles: Sequence[str]) -> None:
    """Add a table of contents: the titles now, with page numbers once Word updates the field, as it asks on opening.

    Parameters
    ----------
    document : Document
    titles : sequence of str
        Headings of level 1.
    """
    first = document.add_paragraph()
    _field(first, 'TOC \\o "1-2" \\h \\z \\u', end=False)
    for i, title in enumerate(titles):
        paragraph = first if i == 0 else document.add_paragraph()
        paragraph.add_run(title)
    _mark(paragraph if titles else first, "end")


def _page_number(paragraph: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for i, field in enumerate(("PAGE", "NUMPAGES")):
        if i:
            paragraph.add_run(" / ")
        _field(paragraph, field)


def _field(paragraph: Any, instruction: str, *, end: bool = True) -> None:
    """Begin a field that Word computes; `end` closes it with a digit in its place."""
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    _mark(paragraph, "begin", dirty=not end)
    told = OxmlElement("w:instrText")
    told.set(qn("xml:space"), "preserve")
    told.text = instruction
    paragraph.add_run()._r.append(told)
    _mark(paragraph, "separate")
    if end:
        paragraph.add_run("1")
        _mark(paragraph, "end")


def _mark(paragraph: Any, kind: str, *, dirty: bool = False) -> None:
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    if dirty:
        mark.set(qn("w:dirty"), "true")
    paragraph.add_run()._r.append(mark)


def _write(
    cell: Any,
    text: str,
    looks: _Looks,
    *,
    bold: bool = False,
    right: bool = False,
    indent: bool = False,
    kept: bool = False,
) -> None:
    """Write a cell; each look is set once a table, and copied from there."""
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(unbroken(text))
    if (bold, right, indent, kept) in looks:
        of_paragraph, of_run = looks[bold, right, indent, kept]
        paragraph._p.insert(0, deepcopy(of_paragraph))
        run._r.insert(0, deepcopy(of_run))
    else:
        _set_look(paragraph, run, bold=bold, right=right, indent=indent)
        paragraph.paragraph_format.keep_with_next = kept or None
        looks[bold, right, indent, kept] = paragraph._p.pPr, run._r.rPr


def _set_look(paragraph: Any, run: Any, *, bold: bool, right: bool, indent: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1.5)
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
