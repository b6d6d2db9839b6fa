"""The report in Word, Excel and LaTeX read back from LibreOffice and pdflatex, where these programs are present."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from docx import Document

import tamoxres as tr
from tamoxres.reporting.page import Page, Section, TableBlock
from tamoxres.reporting.word import page_docx

OVERFULL = 5.0  # points that a box may stand out of its column
PACKAGES = "array,booktabs,longtable,pdflscape,textcomp"
_OF_MORE = {"metabric": ("MTOR", "RFI"), "tcga_brca": ("PIK3CA", "OS")}


def run(*command, folder):
    """Run a program quietly in a folder, and return what it says."""
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
    return done.stdout.decode("utf-8", "replace")


def pages_of(pdf):
    """Texts of a PDF, page by page, as a reader sees them: no joiners, and ligatures as their letters."""
    text = run("pdftotext", "-layout", pdf, "-", folder=Path(pdf).parent)
    plain = text.replace("\u2060", "").replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff")
    return [re.sub(r"[\u00a0\u202f]", " ", page) for page in plain.split("\f")[:-1]]


def words_of(text):
    """Words of a text, by its blanks."""
    return set(text.split())


@pytest.fixture(scope="module")
def more(shared):
    """Tables of cohorts that only some have: baseline, hazards, contrasts; one marker each."""
    blocks = []
    for name, (marker, endpoint) in _OF_MORE.items():
        called = tr.call(tr.load(name, data_dir=shared / "cohorts"), marker)
        treated = tr.select(called, marker=marker, endpoint=endpoint)
        both = tr.select(called, marker=marker, endpoint=endpoint, treatment="any")
        hazards = tr.hazard_table(tr.cox(treated).effects, tr.cox(treated, adjust=["age"]).effects)
        contrasts = tr.interaction(both, adjust=["age"]).table()
        made = {"baseline": tr.baseline_table(treated.frame, "marker"), "hazards": hazards, "contrasts": contrasts}
        blocks += [TableBlock(f"{what}-{name}", table) for what, table in made.items()]
    return blocks


@pytest.fixture(scope="module")
def converted(default_report, more, tmp_path_factory):
    """Convert the default report, the tables of further cohorts and every workbook by one call of LibreOffice."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if not office or not shutil.which("pdftotext"):
        pytest.skip("LibreOffice and pdftotext are not here (Debian: libreoffice-writer-nogui, poppler-utils)")
    folder = tmp_path_factory.mktemp("office")
    sections = tuple(Section(block.name, block.table.title, (block,)) for block in more)
    (folder / "more.docx").write_bytes(page_docx(Page(title="More", about="tamoxres", sections=sections), {}))
    sources = [default_report[0].folder / "report.docx", folder / "more.docx"]
    sources += sorted((default_report[0].folder / "tables").glob("*.xlsx"))
    profile = f"-env:UserInstallation=file://{folder}/profile"
    told = run(office, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, *sources, folder=folder)
    if not (folder / "report.pdf").exists():
        pytest.skip(f"LibreOffice has no filter for .docx here: {told[-200:]}")
    return {source: pages_of(folder / f"{source.stem}.pdf") for source in sources}


def blanks(pages):
    """Numbers of the pages that hold nothing but their number."""
    return [i for i, text in enumerate(pages, start=1) if len(text.split()) < 6]


@pytest.mark.parametrize("name", ["report.docx", "more.docx"])
def test_word_files(converted, name):
    """Chapters stand on the pages, heads and intervals are whole, pages are numbered and none is empty."""
    source, pages = next((source, pages) for source, pages in converted.items() if source.name == name)
    document, whole = Document(str(source)), "\n".join(pages)
    seen, flat = words_of(whole), re.sub(r"\s+", " ", whole)
    chapters = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert len(chapters) >= (10 if name == "report.docx" else 6)
    lost = [title for title in chapters if not words_of(title) <= seen]
    assert not lost
    assert blanks(pages) == []
    for number, text in enumerate(pages, start=1):
        assert re.search(rf"{number} ?/ ?{len(pages)}\b", text), f"page {number} has no number"
    broken, intervals = [], 0
    for grid in document.tables:
        heads = [cell.text for cell in grid.rows[0].cells]
        broken += [word for head in heads for word in head.split() if word not in seen]
        written = [cell.text.replace("\u2060", "").replace("\u00a0", " ") for row in grid.rows for cell in row.cells]
        held = [text for text in written if re.fullmatch(r"[\d.,]+ \([\d.,]+–[\d.,]+\)", text)]
        broken += [text for text in held if text not in flat]
        intervals += len(held)
    assert broken == [], "columns that break their words or intervals"
    assert intervals >= (60 if name == "report.docx" else 20)


def test_excel_files(converted, default_report):
    """Every workbook prints one table wide: all heads stand on a page, no number is too wide for its cell."""
    books = {source.stem: pages for source, pages in converted.items() if source.suffix == ".xlsx"}
    assert len(books) == len(list((default_report[0].folder / "tables").glob("*.xlsx"))) >= 25
    for name, pages in books.items():
        heads = (default_report[0].folder / "tables" / f"{name}.csv").read_text(encoding="utf-8-sig").splitlines()[0]
        seen = words_of(re.sub(r"[:,]", " ", " ".join(pages)))
        lost = [word for word in re.split(r'[\s,":]+', heads) if word and word not in seen]
        assert lost == [], f"{name}: heads that are cut or broken"
        assert not any("###" in text for text in pages), f"{name}: a number wider than its cell"
        assert blanks(pages) == []
        assert re.search(rf"{len(pages)} ?/ ?{len(pages)}\b", pages[-1])


def test_latex_files(default_report, more, tmp_path):
    """All tables in one document: no error, no box 5 points too wide, every title and head there."""
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not here (Debian: texlive-latex-recommended)")
    tables = {file.stem: file.read_text("utf-8") for file in (default_report[0].folder / "tables").glob("*.tex")}
    tables |= {block.name: block.table.to_latex() for block in more}
    body = "\n".join(rf"\typeout{{=={name}}}{text}\clearpage" for name, text in sorted(tables.items()))
    (tmp_path / "a.tex").write_text(
        rf"\documentclass{{article}}\usepackage[utf8]{{inputenc}}\usepackage{{{PACKAGES}}}"
        rf"\begin{{document}}{body}\end{{document}}",
        encoding="utf-8",
    )
    for _ in range(2):
        log = run("pdflatex", "-interaction=nonstopmode", "a.tex", folder=tmp_path)
    if "not found" in log and ".sty" in log:
        pytest.skip("a LaTeX package is not here (Debian: texlive-latex-recommended)")
    assert "\n!" not in log, log[log.find("\n!") : log.find("\n!") + 300]
    parts = re.split(r"^==", log, flags=re.M)[1:]
    assert len(parts) == len(tables) >= 30
    wide = {part.split()[0]: max(map(float, found)) for part in parts
            if (found := re.findall(r"Overfull \\hbox \(([\d.]+)pt", part))}  # fmt: skip
    assert {name: points for name, points in wide.items() if points > OVERFULL} == {}
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not here (Debian: poppler-utils)")
    pages = pages_of(tmp_path / "a.pdf")
    assert blanks(pages) == []
    seen = words_of("\n".join(pages))
    for block in more:
        assert {word for word in block.table.title.split() if "_" not in word} <= seen  # drawn as a rule
        assert {word for column in block.table.columns for word in column.header.split()} <= seen
    assert "\n".join(pages).count("Table ") >= len(tables)
