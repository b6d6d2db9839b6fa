"""The report as a whole: the answer first, every number with its row, the same bytes twice, written whole or not."""

import base64
import csv
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from docx import Document

from tamoxres.effects import read_effects
from tamoxres.errors import TamoxresError
from tamoxres.reporting import build
from tamoxres.reporting.build import report as write_report
from tamoxres.reporting.gather import gather
from tamoxres.reporting.plan import MarkerPlan, Plan, default_plan
from tamoxres.reporting.pools import pool_all

SMALL = Plan(
    title="Is <b>HER2</b> prognostic?",
    markers=(MarkerPlan(cohort="metabric", markers=("HER2",), rules=("three_gene",), endpoints=("OS",)),),
)


class Page(HTMLParser):
    """Tags with their attributes, and the text of the table cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self._cell = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep a tag; begin a row or a cell."""
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag):
        """End a cell."""
        if tag in ("td", "th"):
            self._cell = None

    def handle_data(self, data):
        """Add to the cell."""
        if self._cell:
            self.rows[-1][-1] += " ".join(data.split()) + (" " if data.strip() else "")

    def all(self, name):
        """Return the values of an attribute."""
        return [attrs[name] for _, attrs in self.tags if attrs.get(name)]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    told = []
    output = tmp_path_factory.mktemp("default") / "report"
    made = write_report(output=output, progress=lambda done, total, what: told.append((done, total, what)))
    return made, told


@pytest.fixture(scope="module")
def text(report):
    return report[0].html.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_first_screen_has_a_row_for_each_marker(page):
    """Seven markers with claim, verdict or what is missing, literature and certainty; METABRIC's HER2 in numbers."""
    rows = {row[0].strip(): row for row in page.rows[:8]}
    assert list(rows) == ["Marker", "HER2", "AKT", "mTOR", "SRC", "Hedgehog", "PTEN", "PIK3CA"]
    her2 = " ".join(rows["HER2"])
    for told in ("prognostic; interaction inconclusive", "0.91 (0.54-1.60)", "1.32 (1.02-1.69)", "1,492 patients"):
        assert told in her2, told
    assert "De Placido 2003 (OS) 1.85 (0.95-3.60)" in " ".join(her2.split())
    assert rows["PIK3CA"][1].strip().startswith("Changes of PIK3CA: significant difference")
    for marker in ("AKT", "mTOR", "SRC", "Hedgehog", "PTEN", "PIK3CA"):
        assert "tamoxres fetch metabric" in " ".join(rows[marker]), marker


def test_the_verdict_lines(report):
    """The command line is told the verdict with its minimum detectable ratio, and who could not be asked."""
    first, second = report[0].verdict_lines
    assert first.startswith("HER2, METABRIC, BCSS: prognostic; interaction inconclusive.")
    assert "2.04 or more, or of 0.41 or less" in first
    assert second == "AKT, mTOR, SRC, Hedgehog, PTEN and PIK3CA: no assay in the files of METABRIC here."


@pytest.mark.parametrize(
    "told",
    [
        "0.69 (0.54-0.89)", "1.30 (1.12-1.51)", "0.84 (0.72-0.98)",  # GBSG, Rotterdam crude and node-positive
        "1.52 (1.18-1.94)", "36.4%", "23.8%",  # HER2 gain on BCSS, crude; risks at 10 years
        "does not name the drug", "before adjuvant trastuzumab", "confounding by indication",
    ],
)  # fmt: skip
def test_what_must_be_said(text, told):
    """The numbers that a right loader and a right model give, and the notes they never go without."""
    assert told in text


def test_every_number_leads_to_its_row(report, page):
    """Each data-effect on the page is a row of effects.csv and effects.json, which hold the same rows."""
    folder = report[0].folder
    ids = {row["row_id"] for row in json.loads((folder / "effects.json").read_text())}
    with (folder / "effects.csv").open(newline="") as handle:
        assert {row["row_id"] for row in csv.DictReader(handle)} == ids
    used = set(page.all("data-effect"))
    assert len(used) > 150
    assert used <= ids
    assert {effect.row_id for effect in read_effects(folder / "effects.csv")} == ids


def test_nothing_is_loaded_or_run_from_elsewhere(text, page):
    """The policy allows style and script by their hashes alone; no address, style attribute or handler is there."""
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    for tag in ("style", "script"):
        inside = text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not page.all("style")
    assert not page.all("src")
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(target.startswith("#") for target in page.all("href"))


def test_the_page_can_be_read_by_all(page):
    """Identities are unique and links lead to them; tables have captions and scopes, figures words."""
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in page.all("href")} <= set(ids)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table")
    assert all(attrs.get("scope") for tag, attrs in page.tags if tag == "th")
    assert all(attrs.get("aria-label") or attrs.get("aria-hidden") for tag, attrs in page.tags if tag == "svg")
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("h1") == 1
    assert "select" not in tags, "controls appear with the script alone"


def test_tables_and_figures_stand_beside_the_page(report, page):
    """Every table is there as xlsx, csv and tex, every figure as svg, png and pdf."""
    folder = report[0].folder
    tables = {i.removeprefix("table-") for i in page.all("id") if i.startswith("table-")} | {"answer"}
    figures = {i.removeprefix("figure-") for i in page.all("id") if i.startswith("figure-")}
    assert {p.name for p in (folder / "tables").iterdir()} == {
        f"{t}.{s}" for t in tables for s in ("xlsx", "csv", "tex")
    }
    assert {p.name for p in (folder / "figures").iterdir()} == {
        f"{f}.{s}" for f in figures for s in ("svg", "png", "pdf")
    }
    assert {"curves-metabric-her2-bcss", "curves-metabric-her2-os", "evidence-map", "benchmark"} <= figures


def test_no_sentence_stands_twice_under_a_table(report):
    """The sentences of several rows under one table are each said once."""
    for path in (report[0].html.parent / "tables").glob("*.csv"):
        for note in path.read_text(encoding="utf-8").rpartition("\n\n")[2].splitlines():
            sentences = [part for part in note.strip('"').split(". ") if len(part) > 20]
            assert len(sentences) == len(set(sentences)), (path.name, note)
        notes = path.read_text(encoding="utf-8").rpartition("\n\n")[2]
        assert notes.count("Endocrine therapy is recorded without the name of the drug") <= 1, path.name


def test_the_document_has_the_same_sections(report, text):
    """The Word document has the page's sections in order, its tables, and figures with their words."""
    document = Document(report[0].folder / "report.docx")
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert heads == re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', text)
    assert len(document.tables) == len(re.findall('<div class="block"', text)) + 1
    pictures = document.element.body.iter(
        "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
    )
    assert all(picture.get("descr") for picture in pictures)


def test_the_manifest_tells_how_it_was_made(report):
    """Versions, data hashes, seed, plan, command and time, and the hash of every file."""
    folder = report[0].folder
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {"tamoxres", "packages", "data", "seed", "plan", "command", "written", "seconds", "files"} <= set(manifest)
    assert manifest["plan"]["title"] == default_plan().title
    assert all(len(digest) == 64 for source in manifest["data"].values() for digest in source.values())
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_progress_is_told(report):
    """Each analysis is announced before it is done, with how many there are."""
    _, told = report
    assert [done for done, _, _ in told] == list(range(len(told)))
    assert {total for _, total, _ in told} == {len(told)}
    assert told[0][2] == "METABRIC: HER2 by snp6_gain on BCSS"


def test_two_runs_give_the_same_bytes(tmp_path):
    """All but manifest.json is the same, wherever it is written; a title is text, never a tag."""
    folders = [write_report(output=tmp_path / name, plan=SMALL).folder for name in ("one", "another")]
    first, second = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders)
    assert first.keys() == second.keys()
    differ = [str(name) for name in first if first[name] != second[name]]
    assert differ == ["manifest.json"]
    assert "Is &lt;b&gt;HER2&lt;/b&gt; prognostic?" in (folders[0] / "report.html").read_text()


def test_a_failed_run_leaves_the_old_report_whole(tmp_path, monkeypatch):
    """What stood in the folder stays, and nothing half-written is left beside it."""
    output = tmp_path / "report"
    output.mkdir()
    (output / "manifest.json").write_text('{"tamoxres": "1", "files": {"report.html": ""}}')
    (output / "report.html").write_text("old")

    def fail(*_, **__):
        raise RuntimeError("killed")

    monkeypatch.setattr(build, "page_html", fail)
    with pytest.raises(RuntimeError, match="killed"):
        write_report(output=output, plan=SMALL)
    assert (output / "report.html").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


def test_the_report_is_held_to_its_own_rules(tmp_path):
    """A plan whose words claim too much is refused, naming the sentence."""
    loud = replace(SMALL, markers=(replace(SMALL.markers[0], why="HER2 predicts failure of tamoxifen."),))
    with pytest.raises(TamoxresError, match="The report would claim more.*HER2 predicts failure of tamoxifen"):
        write_report(output=tmp_path / "report", plan=loud)
    assert not list(tmp_path.iterdir())


def test_a_single_arm_cannot_tell(monkeypatch):
    """Where all were treated, the marker may be prognostic, and the verdict says that nothing more can be told."""
    import tamoxres.reporting.on_disk as module

    def treated_alone(name, **_):
        from tamoxres.cohorts.catalogue import load

        cohort = load(name)
        keep = cohort.patients["endocrine"] == "yes"
        return replace(cohort, patients=cohort.patients[keep], raw=cohort.raw[keep])

    monkeypatch.setattr(module, "load", treated_alone)
    [case] = gather(SMALL).cases
    assert case.verdict.label == "single arm: cannot tell"
    assert case.interaction is None
    assert [row.n for row in case.prognostic] == [997, 997]


def test_pools_follow_the_plan():
    """HER2 among the treated is pooled from own and published rows; what cannot be pooled keeps its reason."""
    asked = replace(
        default_plan(),
        benchmarks=(),
        markers=(replace(default_plan().markers[0], rules=("snp6_gain",), endpoints=("RFI",)),),
    )
    answers = {(a.marker, a.asked.taken_as, a.asked.estimand): a for a in pool_all(gather(asked))}
    her2 = answers["HER2", "RFI", "prognostic"]
    assert [row.study for row in her2.effects] == ["metabric", "rasmussen_2008", "pmid21327800_2011"]
    assert her2.main.k == 3
    assert her2.main.tau2_method == "reml"
    pik3ca = answers["PIK3CA", "RFI", "prognostic"]
    assert pik3ca.main is None
    assert pik3ca.problem == "Effects differ in adjustment: adjusted (Sabine 2014), crude (Luen 2018)."
    assert answers["SRC", "OS", "interaction"].effects == ()
