"""What a reader of the report sees: words and no codes, ranges by an en dash that does not break; files stay plain."""

import re
import zipfile
from html import unescape
from xml.etree import ElementTree

import pytest

from tamoxres.codebook import CODEBOOK
from tamoxres.cohorts.catalogue import ENTRIES, title_of
from tamoxres.registry.known import declared
from tamoxres.wording import STYLES, dashed, spoken, unbroken, written_as
from tamoxres.wording.codes import SENTENCES, TREATMENTS
from tamoxres.wording.rules import RULES, rule_words

DASH = "\u2060\u2013\u2060"
HIDDEN = re.compile(r"<(script|style|code)\b.*?</\1>", re.DOTALL)
FILES = {"brca_metabric", "data_clinical_patient", "lymph_node", "41586_2019_1007_MOESM7_ESM"}  # of the sources
TYPED = re.compile(r"(?<![\w/.-])\d+(?:\.\d+)?%?-\d")


def codes():
    """Return what the code calls things and a reader does not: rules, columns, flags, cohorts, treatments."""
    names = {*RULES, *SENTENCES, *ENTRIES, *TREATMENTS, *(column.name for column in CODEBOOK)}
    names |= {rule.name for marker in declared().values() for rule in marker.rules}
    names |= {"treatment_effect", "not_estimable", "test_only", "null_without_number", "marker_level"}
    return {name for name in names if "_" in name}


@pytest.fixture(scope="module")
def page(default_report):
    """Return the page's words, without its scripts and without commands to be typed."""
    text = default_report[0].html.read_text(encoding="utf-8")
    return unescape(re.sub(r"<[^>]+>", "\n", HIDDEN.sub(" ", text)))


@pytest.fixture(scope="module")
def document(default_report):
    """Return the document's paragraphs."""
    with zipfile.ZipFile(default_report[0].folder / "report.docx") as book:
        body = ElementTree.fromstring(book.read("word/document.xml"))
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    return ["".join(t.text or "" for t in one.iter(f"{space}t")) for one in body.iter(f"{space}p")]


def test_no_code_stands_in_the_page_or_the_document(page, document):
    """No rule, column, flag, cohort or treatment is shown by its code; files of the sources keep their names."""
    for text in (page, "\n".join(line for line in document if "tamoxres fetch" not in line)):
        found = set(re.findall(r"\b\w+_\w+\b", text))
        assert not found & codes()
        assert found <= FILES
    assert len(codes()) > 80
    assert "HER2 known (SNP6 copy number gain)" in page
    assert "SCAN-B: 3,273 patients" in page


def test_ranges_do_not_break(page, document):
    """Every interval of page and document has an en dash between joiners, and its estimate before it."""
    for text in (page, "\n".join(document)):
        kept = re.sub(r"BIG 1-98|doi:\S+|\d{4}-\d\d-\d\d", "", text)
        assert not TYPED.findall(kept)
        assert len(re.findall(rf"\d{DASH}\d", text)) > 150
        assert f"0.91\u00a0(0.54{DASH}1.60)" in text
        assert f"years 0{DASH}5" in text


def test_files_stay_plain(default_report):
    """Tables as CSV, effects and the spoken words of figures hold hyphens or words, never joiners."""
    folder = default_report[0].folder
    for file in (*sorted(folder.glob("tables/*.csv")), folder / "effects.csv", folder / "effects.json"):
        text = file.read_text(encoding="utf-8")
        assert "\u2060" not in text, file.name
        assert file.name.startswith("effects") or not re.search(r"\d\u2013\d", text), file.name
    assert "0.91 (0.54-1.60)" in (folder / "tables" / "answer.csv").read_text(encoding="utf-8")
    tex = (folder / "tables" / "interaction-metabric-her2.tex").read_text(encoding="utf-8")
    assert r"0.91~(0.54\textendash{}1.60)" in tex
    assert re.search(r'aria-label="[^"]*0\.91 \(0\.54 to 1\.60\)', (folder / "report.html").read_text("utf-8"))


def test_adjusted_only_where_adjusted(page):
    """The heads say adjusted beside crude, each estimand keeps its own head."""
    assert "Ratio of HRs (95%\u00a0CI)" in page
    assert "Adjusted HR (95%\u00a0CI)" in page
    assert "Pooled HR" not in page
    assert "randomised trial(s)" not in page
    assert "Luminal A" in page
    assert "LumA" not in page


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("0.49 (0.34-0.70)", "0.49 (0.34–0.70)"), ("13.1% (10.9%-15.4%)", "13.1% (10.9%–15.4%)"),
        ("1977-2005, years 0-5", "1977–2005, years 0–5"), ("1 [0-3]", "1 [0–3]"),
        ("(12.00-6,000)", "(12.00–6,000)"), ("-0.05 (-0.11 to 0.02)", "-0.05 (-0.11 to 0.02)"),
        ("BIG 1-98", "BIG 1-98"), ("2020-12-02", "2020-12-02"), ("10.1038/s41-019-1007-8", "10.1038/s41-019-1007-8"),
        ("GSE-2-3, a1-2, 12-month", "GSE-2-3, a1-2, 12-month"), ("1-2.csv 3-4@x", "1-2.csv 3-4@x"), ("", ""),
    ],
)  # fmt: skip
def test_what_is_a_range(typed, printed):
    """Two numbers with a hyphen are a range; trials, dates, DOIs, names and files are none."""
    assert dashed(typed) == printed
    assert dashed(printed) == printed
    assert unbroken(typed).replace("\u2060", "").replace("\u00a0", " ") == printed
    assert spoken(typed) == printed.replace("–", " to ")


def test_a_journal_keeps_its_hyphen():
    """JAMA prints hyphens: they do not break either."""
    with written_as(STYLES["jama"]):
        assert dashed("0.49 (0.34-0.70)") == "0.49 (0.34-0.70)"
        assert unbroken("0.49 (0.34-0.70)") == "0.49\u00a0(0.34\u20110.70)"


def test_every_rule_and_cohort_has_its_words():
    """Each declared rule and each cohort of the catalogue is called by words without an underscore."""
    for marker in declared().values():
        for rule in marker.rules:
            assert "_" not in rule_words(rule.name)
            assert rule.name in RULES or "_" not in rule.name, rule.name
    assert all("_" not in title_of(name) for name in ENTRIES)
    assert title_of("nobody") == "nobody"
