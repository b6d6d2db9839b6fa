"""The explorer: what is chosen, what is shown, how it is served, and the real page in a browser."""

from __future__ import annotations

import io
import json
import shlex
import threading
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from functools import partial, wraps
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from PIL import Image

import tamoxres as tr
from tamoxres.explorer.choices import Choices
from tamoxres.explorer.offer import offer_of
from tamoxres.explorer.taking import report_of
from tamoxres.explorer.view import look, sitting
from tamoxres.question import Question
from tamoxres.wording import ratio_with_interval

HERE = Path(__file__).parent
ASKED = {
    "interaction": {
        "endpoint": "BCSS", "marker": "HER2", "estimand": "interaction", "adjust": ("age", "npi"), "strata": ("site",)
    },
    "prognostic": {"endpoint": "OS", "marker": "HER2", "rule": "snp6_gain", "where": ("nodes >= 1",)},
    "treatment": {"endpoint": "RFS", "estimand": "treatment_effect", "er": "any", "adjust": ("nodes",)},
}  # fmt: skip


def choices(name: str) -> Choices:
    """One of the questions above."""
    return Choices(cohort="gbsg" if name == "treatment" else "metabric", asked=ASKED[name])


@pytest.mark.parametrize("name", ASKED)
def test_a_view_shows_the_rows_of_ask(name: str) -> None:
    """Every number is that of `tr.ask`; crude rows stand beside adjusted ones; nobody is lost on the way."""
    cohort = tr.load(choices(name).cohort)
    found, wanted = look(cohort, choices(name)), tr.ask(cohort, choices(name).question())
    for one, other in zip(found.rows, wanted, strict=False):
        assert one == other
    assert bool(found.crude) == ("adjust" in ASKED[name])
    assert all(not row.adjusted_for for row in found.crude)
    assert found.risks.rows
    assert len(found.proportional.terms) == len(found.answer.models[0].coefficients) + 1
    assert found.events_each.endswith("events for each coefficient.")
    assert (found.beside is not None) == (name == "interaction")
    assert name == "treatment" or "ooled" in found.together
    assert found.flow.rows[0].cells[1].text == f"{cohort.n:,}"
    assert found.said


@pytest.mark.parametrize("name", ASKED)
def test_code_command_and_plan_ask_the_same(name: str, run: Any, tmp_path: Path) -> None:
    """The copied Python and the copied command give the row that is shown, and the plan's entry is read by a report."""
    asked = choices(name)
    [wanted, *_] = look(tr.load(asked.cohort), asked).answer.rows
    code, out, _ = run(*shlex.split(asked.command())[1:], "--format", "json")
    assert code == 0
    assert json.loads(out)[0]["row_id"] == wanted.row_id
    scope: dict[str, Any] = {}
    exec(asked.python().replace("print(", "found = ("), scope)
    assert scope["found"][0].row_id == wanted.row_id
    entry = tomllib.loads(asked.plan())
    [(room, [values])] = entry.items()
    assert room == ("benchmarks" if name == "treatment" else "markers")
    assert values["cohort"] == asked.cohort
    path = tmp_path / "plan.toml"
    kept = dict.fromkeys([choices("interaction").plan(), asked.plan()])  # a plan needs a marker
    path.write_text("\n".join(['title = "Explored"\n', *kept]), encoding="utf-8")
    from tamoxres.reporting.plan import read_plan

    assert read_plan(path).title == "Explored"


def test_choices_of_a_question_hold_what_differs() -> None:
    """Defaults are not written out."""
    made = Choices.of("metabric", Question(endpoint="BCSS", marker="HER2", adjust=("age",)))
    assert made.asked == {"endpoint": "BCSS", "marker": "HER2", "adjust": ("age",)}
    assert made.question() == Question(endpoint="BCSS", marker="HER2", adjust=("age",))


def test_what_a_cohort_offers() -> None:
    """Markers with their rules, the default first; endpoints; covariates without outcome and treatment columns."""
    offer = offer_of(tr.load("metabric"))
    assert next(iter(offer.rules)) == "snp6_gain"
    assert {"BCSS", "OS", "RFI"} == set(offer.endpoints)
    assert {"age", "npi", "chemotherapy"} <= offer.covariates.keys()
    assert not {"BCSS_event", "endocrine", "er", "OS_months"} & offer.covariates.keys()
    assert "site" in offer.strata
    assert "age" not in offer.strata
    assert offer_of(tr.load("gbsg")).estimand == "treatment_effect"


def test_a_sitting_counts() -> None:
    """One analysis needs no warning; ten false alarms' chance is that of ten independent tests."""
    assert sitting(1).startswith("Exploratory")
    assert "40.1%" in sitting(10)
    assert "0.0050" in sitting(10)


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """A running explorer over the embedded cohorts; its address."""
    pytest.importorskip("shiny")
    running = tr.explore(tr.load("metabric"))
    yield running.address
    running.stop()


def written(row: tr.EffectEstimate) -> str:
    """Write a ratio with its interval as the page does."""
    return ratio_with_interval(row.estimate, *row.ci())


def status(address: str, **headers: str) -> int:
    """Ask, and return the status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_refused_without_the_token_and_from_elsewhere(served: str) -> None:
    """Neither a guess, nor another page, nor another host name gets in."""
    bare = served[: served.rindex("/", 0, -1) + 1]
    assert bare.startswith("http://127.0.0.1:")
    assert status(served) == 200
    assert status(bare) == 403
    assert status(f"{bare}guess/") == 403
    assert status(served.rstrip("/") + "x/") == 403
    assert status(served, Origin="http://evil.example") == 403
    assert status(served, Host="evil.example") == 403


def test_it_shows_itself_in_a_notebook(page: Any, tmp_path: Path) -> None:
    """In a real kernel the call returns at once with a frame, and the frame works in a page of another origin."""
    cells = ["import tamoxres as tr\nserved = tr.explore(tr.load('gbsg'))\nserved", "served.stop()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=100, kernel_name="python3")
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        data = notebook.cells[0].outputs[0]["data"]
        assert data["text/plain"].startswith("The explorer is at http://127.0.0.1:")
        (tmp_path / "index.html").write_text(f"<!doctype html><title>notebook</title>{data['text/html']}")
        handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            frame = page.frame_locator("iframe")
            frame.get_by_text("tamoxres effect gbsg").wait_for()
            server.shutdown()
        client.execute_cell(notebook.cells[1], 1)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of a real browser, which is closed after the test."""
    opened = browser.new_page(viewport={"width": 1440, "height": 1000})
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


def shown(page: Any, text: str, where: str = "#answer") -> str:
    """Wait until a part of the page holds a text, and return the part as `plain` does."""
    page.wait_for_function(
        """([where, text]) => (document.querySelector(where)?.innerText || '').replaceAll('\u2060', '')
             .replaceAll('\u2013', '-').replaceAll('\u00a0', ' ').includes(text)""",
        arg=[where, text],
    )
    return plain(page.inner_text(where))


def plain(text: str) -> str:
    """Write ranges with the hyphen of files, and blanks that may break."""
    return text.replace("\u2060", "").replace("–", "-").replace("\xa0", " ")


def test_the_page_answers_as_ask_does(served: str, page: Any) -> None:
    """Choosing METABRIC, HER2 and BCSS by keyboard shows the numbers of `tr.ask`; nothing is asked of the network."""
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(served)
    question = Question(endpoint="BCSS", marker="HER2", estimand="interaction", rule="snp6_gain")
    wanted = tr.ask(tr.load("metabric"), question)
    text = shown(page, "Interaction")
    assert written(wanted[0]) in text
    assert str(wanted.verdict) in shown(page, wanted.verdict.label, "#verdict")
    page.get_by_label("age", exact=True).focus()
    page.keyboard.press("Space")
    adjusted = tr.ask(tr.load("metabric"), Question(**{**ASKED["interaction"], "adjust": ("age",), "strata": ()}))
    assert written(adjusted[0]) in shown(page, "The same, not adjusted")
    assert "--adjust age" in shown(page, "--adjust age", "#command")
    assert "2 analyses" in shown(page, "2 analyses", "#tried")
    page.wait_for_selector("#curves svg")
    with page.expect_download() as download:
        page.click("#rows")
    saved = Path(download.value.path())
    assert tr.read_effects(saved.rename(saved.with_suffix(".csv")))[0].row_id == adjusted[0].row_id
    assert all(url.startswith((served, "data:", "blob:")) for url in requests)
    assert errors == []


def test_a_file_of_ones_own_stays_in_its_sitting(served: str, page: Any, tmp_path: Path) -> None:
    """Read by its mapping, a file gives its numbers; a bad one is one sentence; another sitting does not see it."""
    folder = HERE / "cases"
    page.goto(served)
    shown(page, "Interaction")
    page.get_by_text("A file of your own").click()
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\x00\x01")
    page.set_input_files("#file", bad)
    time.sleep(0.5)
    page.click("#read")
    assert shown(page, ".", "#file_says").strip()
    page.set_input_files("#file", folder / "harm_in_both.csv")
    page.wait_for_function("document.querySelector('#mapping').value.includes('[columns]')")
    page.fill("#mapping", (folder / "registry_simple.toml").read_text(encoding="utf-8"))
    page.click("#read")
    shown(page, "Read:", "#file_says")
    cohort = tr.load(folder / "harm_in_both.csv", mapping=folder / "registry_simple.toml")
    [wanted, *_] = tr.ask(cohort, Question(endpoint="OS", marker="HER2", estimand="interaction", er="any"))
    assert written(wanted) in shown(page, written(wanted))
    other = page.context.browser.new_page()
    other.goto(served)
    shown(other, "Interaction")
    assert cohort.name not in other.inner_text("#cohort")


def bytes_of(page: Any, name: str) -> bytes:
    """Click a download and return what it gives."""
    with page.expect_download() as download:
        page.click(f"#{name}")
    return Path(download.value.path()).read_bytes()


def test_every_download_opens_and_holds_the_page(served: str, page: Any, tmp_path: Path) -> None:
    """Figures are the drawn one in their format, tables and rows hold the page's ratio, the plan is read."""
    page.goto(served)
    asked = Choices(cohort="metabric", asked={"endpoint": "BCSS", "marker": "HER2", "estimand": "interaction",
                                              "rule": "snp6_gain"})  # fmt: skip
    found = look(tr.load("metabric"), asked)
    number = written(found.rows[0])
    assert number in shown(page, "Interaction")
    svg = bytes_of(page, "figure_svg").decode()
    assert number.split()[0] in "".join(ElementTree.fromstring(svg).itertext())
    for kind in ("png", "tiff"):
        with Image.open(io.BytesIO(bytes_of(page, f"figure_{kind}"))) as image:
            assert image.format == kind.upper()
            assert image.width > 1500
    assert bytes_of(page, "figure_pdf").startswith(b"%PDF-")
    document = docx.Document(io.BytesIO(bytes_of(page, "table_docx")))
    assert number in [plain(cell.text) for table in document.tables for row in table.rows for cell in row.cells]
    sheet = pd.read_excel(io.BytesIO(bytes_of(page, "table_xlsx")), header=None, engine="calamine")
    assert found.rows[0].estimate in [pytest.approx(one) for one in sheet.to_numpy().ravel() if isinstance(one, float)]
    assert number in bytes_of(page, "table_csv").decode("utf-8-sig")
    assert number.split()[0] in bytes_of(page, "table_tex").decode()
    rows = bytes_of(page, "rows").decode()
    assert all(row.row_id in rows for row in found.rows)
    page.click("#keep")
    shown(page, "1 views kept", "#kept")
    assert tomllib.loads(bytes_of(page, "plan").decode())["markers"][0]["markers"] == ["HER2"]
    page.click("#make_report")
    shown(page, "The report is made", "#report_made")
    with zipfile.ZipFile(io.BytesIO(bytes_of(page, "report_zip"))) as made:
        assert {"report.html", "report.docx", "effects.csv", "manifest.json"} <= set(made.namelist())
        reported = tr.read_effects(Path(made.extract("effects.csv", tmp_path)))
    [same] = [row for row in reported if row.row_id == found.rows[0].row_id]
    assert (same.estimate, same.se) == pytest.approx((found.rows[0].estimate, found.rows[0].se))
    assert same.p_value == pytest.approx(found.rows[0].p_value)


def test_a_report_of_nothing_says_so(simulated: tr.Cohort, tmp_path: Path) -> None:
    """Without a view kept there is no report; a cohort that the sitting does not hold is named."""
    title = 'title = "Explored"\n\n'
    for entries, wanted in (("", "marker"), (Choices(cohort="nowhere", asked=ASKED["prognostic"]).plan(), "nowhere")):
        with pytest.raises(tr.TamoxresError) as told:
            report_of(title + entries, {simulated.name: simulated}, tmp_path)
        assert wanted in str(told.value)
    assert not (tmp_path / "report").exists()


@pytest.fixture(scope="module")
def simulated() -> tr.Cohort:
    """Patients of whom some have no grade: these are no patients."""
    return tr.simulate(300, truth=tr.Truth(missing=0.2), seed=1)


def test_long_work_runs_beside_the_page(simulated: tr.Cohort, page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imputation and the search for a cut tell how far they are, leave the page usable, stop, and end."""
    running = tr.explore(simulated)
    try:
        page.goto(running.address)
        shown(page, "Interaction")
        page.select_option("#er", "any")
        page.get_by_label("grade", exact=True).first.check()
        shown(page, "The same, not adjusted")
        complete = shown(page, "--adjust grade", "#command")
        monkeypatch.setattr("tamoxres.answers.answer.impute", partial(tr.impute, m=1000))  # it is stopped, not awaited
        page.select_option("#missing", "mice")
        shown(page, "chains of imputation", "#imputing_progress")
        page.click("#keep")
        assert "complete cases" in page.inner_text("#imputing")
        shown(page, "1 views kept", "#kept")
        assert page.inner_text("#command") == complete
        page.click("#stop_imputing")
        shown(page, "stopped", "#imputing")
        quick = partial(tr.impute, m=2, iterations=1)
        monkeypatch.setattr("tamoxres.answers.answer.impute", quick)
        page.select_option("#missing", "complete")
        page.select_option("#missing", "mice")
        shown(page, "--missing mice", "#command")
        wanted = tr.ask(simulated, Question(endpoint="BCSS", marker="MARKER", rule="simulated", er="any",
                                            estimand="interaction", adjust=("grade",), missing="mice"))  # fmt: skip
        assert written(wanted[0]) in plain(page.inner_text("#answer"))
        _search_a_cut(simulated, page, monkeypatch)
    finally:
        running.stop()


def test_two_explorers_of_one_process_share_a_loop(simulated: tr.Cohort, browser: Any) -> None:
    """Long work of one page while another explorer answers: Shiny's one lock belongs to one event loop."""
    first, second = tr.explore(simulated), tr.explore(simulated)
    assert first.address != second.address
    one, two = browser.new_page(), browser.new_page()
    try:
        for page, running in ((one, first), (two, second)):
            page.goto(running.address)
            shown(page, "Interaction")
            page.select_option("#er", "any")
            page.select_option("#estimand", "prognostic")
            page.select_option("#measured", "age")
            shown(page, "non-linearity", "#measured_shown")
        for page in (one, two):  # a search ends while the other page draws
            page.select_option("#enters", "searched")
            shown(page, "not been made", "#measured_shown")
            page.click("#search")
            page.click("#stop_search")
            page.select_option("#enters", "uncut")
            assert "non-linearity" in shown(page, "non-linearity", "#measured_shown")
        first.stop()
        assert status(second.address) == 200
        two.select_option("#estimand", "interaction")
        assert "Interaction" in shown(two, "Interaction")
    finally:
        first.stop()
        second.stop()
        one.close()
        two.close()


def _search_a_cut(cohort: tr.Cohort, page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search a cut of age by the page, stop a search, and compare with the function."""
    page.select_option("#missing", "complete")
    page.select_option("#estimand", "prognostic")
    page.get_by_label("grade", exact=True).first.uncheck()
    page.select_option("#measured", "age")
    assert "non-linearity" in shown(page, "non-linearity", "#measured_shown")
    page.select_option("#enters", "searched")
    shown(page, "not been made", "#measured_shown")
    page.click("#search")
    page.click("#stop_search")
    assert "not been made" in page.inner_text("#measured_shown")
    quick = wraps(tr.fitted_cut)(partial(tr.fitted_cut, m=20))
    monkeypatch.setattr("tamoxres.explorer.measured.fitted_cut", quick)
    page.click("#search")
    text = shown(page, "Fitted to these patients", "#measured_shown")
    found = tr.fitted_cut(tr.select(cohort, endpoint="BCSS", er="any"), "age", m=20)
    assert str(found) in text
    assert found.corrected.row_id in bytes_of(page, "measured_rows").decode()
    assert "fitted_cut" in page.inner_text("#measured_python")


def controls(page: Any) -> dict[str, str]:
    """Number every control that a person can use, the folded part open, and name it."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.wait_for_function("!document.documentElement.classList.contains('shiny-busy')")
    found: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(
             'select, input, textarea, button, a[href], summary, [tabindex="0"]')]
             .filter(one => one.checkVisibility() && !one.disabled && !one.closest('[aria-hidden=true]'))
             .map((one, i) => [one.dataset.met = String(i), one.outerHTML.slice(0, 90)]))"""
    )
    return found


def test_the_keyboard_reaches_every_control_and_axe_finds_nothing(served: str, page: Any) -> None:
    """Tab alone goes through the page; at three widths it is accessible by axe-core's rules and no wider than it is."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.goto(served)
    shown(page, "tamoxres effect", "#command")
    page.select_option("#measured", "age")
    shown(page, "interaction on", "#measured_shown")
    there = controls(page)
    assert len(there) > 50
    page.evaluate("window.reached = []; document.addEventListener('focusin', e => reached.push(e.target.dataset.met))")
    for _ in range(len(there) + 10):
        page.keyboard.press("Tab")
    reached = set(page.evaluate("window.reached"))
    assert [name for met, name in there.items() if met not in reached] == []
    for width in (1440, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
