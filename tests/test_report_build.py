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


LINKS = r"#|(tables|figures)/[\w-]+\.\w+$|effects\.(csv|json)$|https://(doi\.org|pubmed\.ncbi\.nlm\.nih\.gov)/"


def as_typed(text):
    """Return a text with its ranges by a hyphen and its spaces plain, as it was before it was set."""
    return text.replace("\u2060\u2013\u2060", "-").replace("\u00a0", " ")


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
def report(default_report):
    return default_report


@pytest.fixture(scope="module")
def text(report):
    return as_typed(report[0].html.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_first_screen_has_a_row_for_each_marker(page):
    """Seven markers with claim, verdict or what is missing, literature and certainty; METABRIC's HER2 in numbers."""
    head, *lines = page.rows[:15]
    assert [cell.split(",")[0].strip() for cell in head][:2] == ["Marker", "Cohort data"]
    rows = {row[0].split()[0]: row + more for row, more in zip(lines[::2], lines[1::2], strict=True)}
    assert list(rows) == ["HER2", "AKT", "mTOR", "SRC", "Hedgehog", "PTEN", "PIK3CA"]
    her2 = " ".join(" ".join(rows["HER2"]).split())
    for told in ("prognostic; interaction inconclusive", "0.91 (0.54-1.60)", "1.32 (1.02-1.69)", "1,492 patients"):
        assert told in her2, told
    assert "De Placido 2003 (OS) 1.82 (0.84-3.96)" in her2, "its P of all receptor states stands elsewhere"
    assert "Knoop 2001 (positive) null, Rydén 2008 (positive) null." in her2
    assert "36 clinical studies or trials: 5 trials that randomised tamoxifen (1 “resistant”, 2 “no effect”" in her2
    assert "of none ○○○○ none" in her2
    assert "Changes of PIK3CA: significant difference" in rows["PIK3CA"][0]
    for marker in ("AKT", "mTOR", "SRC", "Hedgehog", "PTEN", "PIK3CA"):
        assert "tamoxres fetch metabric" in " ".join(rows[marker]), marker


def test_one_sentence_and_the_line_on_treatment_come_first(text):
    """What came of all markers stands before the table, and that nothing here is a reason to stop treatment."""
    sentence = (
        "No marker is shown to predict failure of tamoxifen; for HER2 the question stays open; AKT, mTOR, SRC, "
        "Hedgehog, PTEN and PIK3CA could not be tested in the patients on disk."
    )
    safe = "Nothing here is a reason to withhold, change or stop endocrine therapy."
    assert text.index(sentence) < text.index(safe) < text.index("<table>")


def test_results_come_first(text):
    """Markers, pooled evidence, patients, methods, limits, checklists, data; parts under their own headings."""
    keys = re.findall(r'<section class="chapter" id="([^"]+)"', text)
    assert keys == [
        "answer", "marker-her2", "literature", "meta", "bias", "effects", "benchmark", "patients", "methods", "limits",
        "checklists", "sources",
    ]  # fmt: skip
    parts = re.findall(r'<(?:details|section) class="part" id="([^"]+)"', text)
    assert {"marker-her2-curves", "marker-her2-interaction", "marker-her2-rules", "methods-rules"} <= set(parts)


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
    """The policy allows style and script by their hashes alone; addresses are links, to papers and files beside it."""
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    for tag in ("style", "script"):
        inside = text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not page.all("style")
    assert not page.all("src")
    assert all(attrs.get("type") == "application/json" for tag, attrs in page.tags if tag == "script" and attrs)
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(re.match(LINKS, target) for target in page.all("href"))


def test_the_page_can_be_read_by_all(page):
    """Identities are unique and links lead to them; tables have captions and scopes, figures words."""
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in page.all("href") if target.startswith("#")} <= set(ids)
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
    assert all((folder / link).is_file() for link in page.all("href") if link[0] != "#" and "://" not in link)
    tables = {i.removeprefix("table-") for i in page.all("id") if i.startswith("table-")}
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
    assert heads == re.findall(r'<h2 id="[^"]+">([^<]+) <', text)
    parts = [p.text for p in document.paragraphs if p.style.name == "Heading 2"]
    assert parts == re.findall(r"<h3[^>]*>([^<]+?) ?<", text)
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
    monkeypatch.setattr(build, "side_by_side", lambda jobs, **_: [job() for job in jobs])  # in this very process
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


def test_one_process_gives_the_bytes_of_two(tmp_path, monkeypatch):
    """Answers, figures, tables and documents are the same, whoever makes them."""
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    two = write_report(output=tmp_path / "two", plan=SMALL).folder
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    one = write_report(output=tmp_path / "one", plan=SMALL).folder
    names = sorted(path.relative_to(two) for path in two.rglob("*.*") if path.name != "manifest.json")
    assert len(names) > 30
    assert names == sorted(path.relative_to(one) for path in one.rglob("*.*") if path.name != "manifest.json")
    assert [str(name) for name in names if (one / name).read_bytes() != (two / name).read_bytes()] == []


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
