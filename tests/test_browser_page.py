"""The page in a real browser: nothing asked of the network, no fault of access, one screen, narrow, dark, on paper."""

import re
import shutil
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe

from tamoxres.effects import EffectEstimate
from tamoxres.reporting.html import page_html
from tamoxres.reporting.page import AnswerRow, Answers, Mark, Page, Paragraph, Section
from tamoxres.tables.table import Column, Table

PATIENCE = 20_000  # milliseconds that any step may take
WIDTHS = (1440, 768, 390)
ALIKE = {"exclude": [[".picture"], [".effects tbody tr:nth-child(n+12)"]]}  # drawings, and rows like those before them
A4 = 703  # CSS pixels between the margins of a printed page


@pytest.fixture(scope="module")
def address(default_report):
    return default_report[0].html.as_uri()


@pytest.fixture
def opened(browser, address):
    """Open the page at a width, in a scheme, with or without its script; close what was opened."""
    contexts = []

    def open_(width=1440, scheme="light", script=True, height=900, at=""):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.faults = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda told: page.faults.append(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(address + at, wait_until="load")
        return page

    yield open_
    for context in contexts:
        context.close()


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")


def test_nothing_is_asked_of_the_network(opened, address):
    """The page is one request, and its console stays empty, with every fold open."""
    page = opened()
    unfold(page)
    page.wait_for_timeout(200)
    assert page.asked == [address]
    assert page.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(opened, width, scheme):
    """Neither rules nor good practice are broken, with every fold open."""
    page = opened(width, scheme)
    unfold(page)
    found = Axe().run(page, context=ALIKE).response["violations"]
    told = [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"][:3]]
    assert told == []


def test_the_answer_fits_one_screen(opened):
    """Sentence, line on treatment and the row of every marker end within 900 pixels."""
    page = opened()
    boxes = [page.locator(what).bounding_box() for what in ("#answer > p.lead", "p.safe", ".answers table")]
    tops = [box["y"] for box in boxes]
    assert tops == sorted(tops)
    assert boxes[-1]["y"] + boxes[-1]["height"] <= 900


def test_the_answer_of_many_cohorts_fits_one_screen(browser, tmp_path):
    """So do seven rows as many analyses fill them: four ratios, long assays and verdicts, an answer of three lines."""
    ratios = [EffectEstimate(study=f"S{i}", log_estimate=0.7 - 0.3 * i, se=0.6, measure="HR") for i in range(4)]
    names = ("METABRIC", "GSE58644 (MetaGxBreast)", "De Placido 2003", "Bostner 2013")
    marks = tuple(Mark(name, row, own=i < 2) for i, (name, row) in enumerate(zip(names, ratios, strict=True)))
    row = AnswerRow(
        marker="Hedgehog", claim="Activation of Hedgehog (Hh): a notable effect on tamoxifen resistance", kind="seen",
        verdict="interaction seen, treatment not randomised; not robust to the checks made",
        cohort=("METABRIC (BCSS), mRNA array (Illumina HT-12 v3), z-score, median cut: 1,444 patients, 437 events.",),
        marks=marks, sure_for="very low", sure_none="very low", more=(("More.",),), target="answer",
        published=(("2 randomised trials; Beelen 2014a (RFI) prints P = 0.004 alone.",), ("9 studies: 9 other.",)),
    )  # fmt: skip
    answer = "No marker is shown to predict failure of tamoxifen; for HER2 and AKT the question stays open. " * 3
    table = Table(title="", columns=(Column("Marker"),), rows=())
    blocks = (
        Paragraph.of(answer, kind="lead"),
        Paragraph.of("Nothing.", kind="safe"),
        Answers((row,) * 7, table, "M."),
    )
    read = Section("answer-read", "Read", (), "")
    page = Page("A title of one line", "About.", (Section("answer", "The answer", blocks), read))
    (tmp_path / "page.html").write_text(page_html(page, {}), encoding="utf-8")
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(PATIENCE)
    opened.goto((tmp_path / "page.html").as_uri())
    box = opened.locator(".answers table").bounding_box()
    opened.close()
    assert box["y"] + box["height"] <= 900


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_stands_beyond_the_edge(opened, width):
    """The page never scrolls sideways; on a phone no cell does either."""
    page = opened(width)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if width == 390:
        beyond = page.evaluate(
            "[...document.querySelectorAll('td, th')].filter(one => one.offsetParent && !one.closest('thead')"
            " && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.textContent.slice(0, 60))"
        )
        assert beyond == []


def test_no_text_is_tiny_on_a_phone(opened):
    """Every text, those of curves included, is at least 11 pixels high."""
    page = opened(390)
    tiny = page.evaluate(
        """() => [...document.querySelectorAll('main *, nav *')].filter(one => one.checkVisibility() &&
        !one.closest('[aria-hidden=true], .picture, .unseen') && [...one.childNodes].some(node => node.nodeType === 3 &&
        node.textContent.trim()) && parseFloat(getComputedStyle(one).fontSize) < 11)
        .map(one => one.outerHTML.slice(0, 100))"""
    )
    assert tiny == []


def test_all_stands_without_a_script(opened):
    """Figures are there as they are drawn, no control that would do nothing, and every fold can be opened."""
    page = opened(script=False)
    assert page.locator(".controls, button, .curves, input").count() == 0
    assert page.locator("#figure-curves-metabric-her2-bcss .picture svg").is_visible()
    fold = page.locator("#marker-her2-hazards")
    fold.locator("summary").click()
    assert page.locator("#table-hazards-metabric-her2 table").is_visible()


def test_paper(opened, tmp_path):
    """Printed, the page is at most 25 sheets, every fold is open, and no table is cut at the edge."""
    page = opened()
    made = page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert 5 < len(re.findall(rb"/Type\s*/Page\b(?!s)", made)) <= 25
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, timeout=60, check=True)
        text = " ".join(done.stdout.decode().split())
        for told in ("Test of proportional hazards", "REMARK checklist", "Markers and their rules", "How it was done"):
            assert (told in text) == (told != "How it was done"), told
    page.set_viewport_size({"width": A4, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    beyond = page.evaluate(
        "[...document.querySelectorAll('main table')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)"
        ".map(one => one.caption.textContent)"
    )
    assert beyond == []
    assert page.locator("nav").is_hidden()
