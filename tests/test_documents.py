"""Tables as documents: what LibreOffice and LaTeX make of them, where these programs are present."""

import io
import re
import shutil
import subprocess
import zipfile

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.shared import Pt

from tamoxres.effects import EffectEstimate
from tamoxres.reporting.page import Page, Paragraph, Section, TableBlock
from tamoxres.reporting.word import page_docx
from tamoxres.tables.cells import count_cell, effect_cell, p_cell
from tamoxres.tables.table import Cell, Column, Row, Table
from tamoxres.tables.widths import Paper, plan_columns, text_points
from tamoxres.wording import unbroken

OVERFULL = 5.0  # points that a box may stand out of its column
INTERVAL, PRINTED = "0.49 (0.34-0.70)", "0.49 (0.34–0.70)"
WORDS = "a sentence of several words that has to wrap in its column"
PAPER = Paper(portrait=480.0, landscape=720.0, sizes=(8.5, 7.5), between=12.0)


def hazards(models=1, variables=3):
    """A table of hazard ratios: one model fits an upright page, three ask for a turned one."""
    row = EffectEstimate.from_ci(0.49, 0.34, 0.70, study="Naples")
    heads = [Column("Characteristic of the patients"), Column("N", "count"), Column("Events", "count")]
    for i in range(models):
        heads += [Column(f"Adjusted HR, model {i + 1} (95% CI)", "ratio"), Column("P", "p")]
    empty = (Cell(),) * (len(heads) - 1)
    rows = []
    for i in range(variables):
        rows.append(Row((Cell(f"Nottingham prognostic index {i}, by quarters"), *empty), "heading"))
        cells = (effect_cell(row), p_cell(0.0312)) * models
        rows += [Row((Cell(f"level {k} of it"), count_cell(1234), count_cell(345), *cells), "level") for k in range(3)]
    notes = (f"Adjusted for age. {WORDS.capitalize()} ({INTERVAL}), and again {WORDS}.", "100% of_them & more.")
    return Table(title="Hazard ratios, adjusted & crude", columns=tuple(heads), rows=tuple(rows), footnotes=notes)


def wordy(columns=5, rows=4):
    """A table of sentences."""
    heads = tuple(Column(f"Head number {i}") for i in range(columns))
    return Table(title="Sentences", columns=heads, rows=tuple(Row.of(*[WORDS] * columns) for _ in range(rows)))


TABLES = {"narrow": hazards(), "wide": hazards(4), "wider": hazards(6), "long": hazards(1, 40), "wordy": wordy(9)}


def run(*command, folder):
    """Run a program quietly in a folder, and return what it says."""
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=180, check=False)
    return done.stdout.decode("utf-8", "replace")


def pdf_of(content, suffix, folder):
    """Convert a document by LibreOffice, and return its texts, page by page, with the widths of the pages."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if not office or not shutil.which("pdftotext"):
        pytest.skip("LibreOffice and pdftotext are not here (Debian: libreoffice-writer-nogui, poppler-utils)")
    (folder / f"a.{suffix}").write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    told = run(office, profile, "--headless", "--convert-to", "pdf", f"a.{suffix}", folder=folder)
    if not (folder / "a.pdf").exists():
        pytest.skip(f"LibreOffice has no filter for .{suffix} here: {told[-200:]}")
    pages = run("pdftotext", "-layout", "a.pdf", "-", folder=folder).split("\f")[:-1]
    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", run("pdfinfo", "-l", "999", "a.pdf", folder=folder))
    return [(text, float(wide) > float(high)) for text, (wide, high) in zip(pages, sizes, strict=True)]


@pytest.mark.parametrize("name", TABLES)
def test_widths(name):
    """Numbers have the room of their widest cell, words are whole, and the columns fill the paper at most."""
    table = TABLES[name]
    plan = plan_columns(table, PAPER)
    assert sum(plan.widths) <= (PAPER.landscape if plan.landscape else PAPER.portrait) + 1e-6
    for i, (column, width) in enumerate(zip(table.columns, plan.widths, strict=True)):
        if column.kind != "text" and name != "wider":
            assert (
                width >= max(text_points(unbroken(row.cells[i].text), plan.size) for row in table.rows) + PAPER.between
            )
    assert plan.landscape == (name in ("wide", "wider", "wordy"))
    assert plan.size == (PAPER.sizes[-1] if name == "wider" else PAPER.sizes[0])


def test_known_widths():
    """Helvetica's own metrics: a digit is 556 thousandths, full-width letters are squares."""
    assert text_points("0123456789", 10) == pytest.approx(55.6)
    assert text_points("WiW", 10) == pytest.approx(9.44 + 2.22 + 9.44)
    assert text_points("東京", 10) == 20


def test_word_styles():
    """The title is a caption kept with its table, numbers do not wrap, the widths are fixed, pages have numbers."""
    document = Document(io.BytesIO(TABLES["wide"].to_docx()))
    caption = document.paragraphs[0]
    assert (caption.style.name, caption.paragraph_format.keep_with_next) == ("Caption", True)
    assert document.sections[0].orientation == WD_ORIENT.LANDSCAPE
    [grid] = document.tables
    assert not grid.autofit
    columns = [int(column.get(column.keys()[0])) for column in grid._tbl.tblGrid]
    assert columns[0] > columns[1], "the names are wider than the counts"
    assert "w:noWrap" in grid.rows[2].cells[3]._tc.xml
    assert "w:noWrap" not in grid.rows[2].cells[0]._tc.xml
    assert grid.rows[1].cells[0].paragraphs[0].paragraph_format.keep_with_next, "a head goes with its levels"
    footer = document.sections[0].footer._element.xml
    assert "PAGE" in footer
    assert "NUMPAGES" in footer
    runs = [run for row in grid.rows for cell in row.cells for run in cell.paragraphs[0].runs]
    assert min(run.font.size for run in runs) >= Pt(6.5)
    smaller = Document(io.BytesIO(TABLES["wider"].to_docx())).tables[0]
    assert smaller.rows[2].cells[0].paragraphs[0].runs[0].font.size == Pt(6.5)


def test_intervals_in_sentences_do_not_break():
    """Spaces and hyphens inside an estimate with its limits are the unbreaking ones; others stay."""
    assert unbroken("HR 0.49 (0.34-0.70), P < 0.001") == "HR 0.49\u00a0(0.34\u2060–\u20600.70), P\u00a0<\u00a00.001"
    assert unbroken("follow-up (see Table 2)") == "follow-up (see Table 2)"
    assert unbroken("-1.20 (-6.30 to 3.90)") == "-1.20\u00a0(-6.30 to 3.90)"


def report():
    """A small report with an upright and a turned table."""

    def block(name):
        return TableBlock(name, TABLES[name])

    sections = (
        Section("one", "The first chapter", (Paragraph.of("It says so."), block("narrow"), block("wide"))),
        Section("two", "The second chapter", (Paragraph.of("It says so again."), block("long"))),
    )  # fmt: skip
    return page_docx(Page(title="A report", about="tamoxres", sections=sections), {})


def test_word_report_contents():
    """A report begins with its contents, a field that holds the chapters, and turns back after a wide table."""
    document = Document(io.BytesIO(report()))
    xml = document.element.xml
    assert 'TOC \\o "1-2"' in xml
    assert 'w:fldCharType="begin" w:dirty="true"' in xml
    assert xml.count('w:fldCharType="begin"') == xml.count('w:fldCharType="end"') == 1
    assert [p.text for p in document.paragraphs].count("The first chapter") == 2
    orientations = [section.orientation for section in document.sections]
    assert orientations == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT]
    assert report() == report()


def test_word_read_back_from_libreoffice(tmp_path):
    """LibreOffice sets every interval on one line, turns the page of the wide table alone, and numbers the pages."""
    pages = pdf_of(report(), "docx", tmp_path)
    whole = "\n".join(text for text, _ in pages)
    assert whole.replace("\u2060", "").count(PRINTED) >= 9 * (1 + 4) + 9
    assert any(turned for _, turned in pages)
    assert not pages[0][1]
    assert not pages[-1][1]
    for number, (text, _) in enumerate(pages, start=1):
        assert re.search(rf"{number} ?/ ?{len(pages)}\b", text)
    long = [text for text, _ in pages if "level 2 of it" in text]
    assert len(long) > 3
    assert all(
        "Characteristic of the patients" in re.sub(r"\s+", " ", text) or "Characteristic" in text for text in long
    )


@pytest.mark.parametrize("name", ["narrow", "wide"])
def test_excel_read_back_from_libreoffice(tmp_path, name):
    """A sheet is one page wide, every column has a head, the last word of each footnote is printed."""
    table = TABLES[name]
    pages = pdf_of(table.to_xlsx(), "xlsx", tmp_path)
    assert len(pages) == 1
    text, turned = pages[0]
    assert turned == (name == "wide")
    assert text.count("lower") == text.count("upper") == (4 if name == "wide" else 1)
    flat = re.sub(r"\s+", " ", text)
    assert all(note.split(" ")[-1] in flat for note in table.footnotes)
    assert re.search("1 ?/ ?1", flat)


def test_excel_heads_and_page():
    """Every spreadsheet column has its own head; the page is set up to be one table wide."""
    with zipfile.ZipFile(io.BytesIO(TABLES["wide"].to_xlsx())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode())
    columns = 3 + 4 * (3 + 1)
    heads = re.search(r'<row r="2".*?</row>', sheet)[0]
    assert len(re.findall(r'<c r="[A-Z]+2"[^>]*t="s"', heads)) == columns
    assert "Adjusted HR, model 1 (95% CI): lower limit" in strings
    assert 'orientation="landscape"' in sheet
    assert '<pageSetUpPr fitToPage="1"/>' in sheet
    assert 'fitToHeight="0"' in sheet


@pytest.mark.parametrize("name", TABLES)
def test_latex_compiles_without_an_overfull_box(tmp_path, name):
    """LaTeX sets the table with no box more than 5 points too wide, on as many pages as it needs."""
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not here (Debian: texlive-latex-recommended)")
    packages = "array,booktabs,longtable,pdflscape,textcomp"
    body = TABLES[name].to_latex()
    (tmp_path / "a.tex").write_text(
        rf"\documentclass{{article}}\usepackage[utf8]{{inputenc}}\usepackage{{{packages}}}"
        rf"\begin{{document}}{body}\end{{document}}",
        encoding="utf-8",
    )
    for _ in range(2):
        log = run("pdflatex", "-interaction=nonstopmode", "a.tex", folder=tmp_path)
    if "not found" in log and ".sty" in log:
        pytest.skip("a LaTeX package is not here (Debian: texlive-latex-recommended)")
    assert "\n!" not in log, log[log.find("\n!") : log.find("\n!") + 300]
    assert max([0.0, *map(float, re.findall(r"Overfull \\hbox \(([\d.]+)pt", log))]) <= OVERFULL
    assert (tmp_path / "a.pdf").exists()
    assert ("landscape" in body) == (name not in {"narrow", "long"})


def test_notebook_cells_carry_their_side():
    """In a notebook sides and indents stand on the cells; the page's fragment has none, for its policy forbids them."""
    table = TABLES["narrow"]
    shown = table._repr_html_()
    assert 'style="text-align: left; font-weight: 400; padding-left: 1.3em">level 0 of it</th>' in shown
    assert 'style="text-align: right; white-space: nowrap">1,234</td>' in shown
    assert 'style="text-align: right">P</th>' in shown
    assert "style=" not in table.to_html()


def test_a_heading_goes_with_its_turned_table():
    """Headings before a wide table stand on its page, and no empty page follows it."""
    parts = (Section("one", "The only chapter", (TableBlock("wide", TABLES["wide"]),)),)
    document = Document(io.BytesIO(page_docx(Page(title="A report", about="tamoxres", sections=parts), {})))
    body = list(document.element.body)
    marks = (("break", ".//w:sectPr"), ("heading", './/w:pStyle[@w:val="Heading1"]'))
    kinds = [next((name for name, path in marks if one.xpath(path)), "other") for one in body]
    first = kinds.index("break")
    assert kinds[first + 1] == "heading"
    assert "heading" not in kinds[:first]
    second = kinds.index("break", first + 1)
    assert "".join(body[second - 1].itertext()).strip(), "footnotes come before the break, no empty line"
    [section_end] = [p for p in document.paragraphs if p._p is body[second]]
    assert section_end.paragraph_format.line_spacing == Pt(1)
    assert [one.orientation for one in document.sections][1] == WD_ORIENT.LANDSCAPE


def test_long_names_of_files_break_in_latex():
    """A name of 28 letters and more may be broken at its underscores; a short one stays whole."""
    long = "brca_tcga_brca_tcga_mrna_median_Zscores.txt"
    text = Table(title="Files", columns=(Column("Name"),), rows=(Row.of(long), Row.of("lymph_node.csv"))).to_latex()
    assert r"brca\_\allowbreak{}tcga" in text
    assert r"lymph\_node.csv" in text
    assert text.count(r"\allowbreak") == long.count("_")
