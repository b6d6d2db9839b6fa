"""A first plan for a cohort is a plan that can be run; a report of one's own cohort needs no plan, and says so."""

from __future__ import annotations

import re
import tomllib
import zipfile
from dataclasses import replace

import pytest

import tamoxres as tr
from tamoxres.errors import DataError, QuestionError
from tamoxres.reporting.build import report
from tamoxres.reporting.chosen import only
from tamoxres.reporting.gather import gather
from tamoxres.reporting.look import Look
from tamoxres.reporting.page import Link, Page, Paragraph, Section
from tamoxres.reporting.plan import MarkerPlan, Plan, read_plan
from tamoxres.reporting.sketch_plan import init_plan, plan_of
from tamoxres.wording import count, number, p_value, ratio_with_interval, written_as

MAPPING = """
name = "ours"
[columns]
patient = "pid"
age = "age"
endocrine = { from = "tam", yes = ["yes"], no = ["no"] }
[markers.GATA3]
from = "gata3"
altered = ["high"]
unaltered = ["low"]
assay = "IHC"
[endpoints.OS]
time = "days"
unit = "days"
event = "dead"
event_values = [1]
censored_values = [0]
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Write a registry with a marker that nobody declares, and its mapping."""
    folder = tmp_path_factory.mktemp("registry")
    made = tr.simulate(400, seed=3)
    patients, marker = made.patients, made.marker(made.markers[0].marker).values
    rows = ["pid;age;tam;gata3;days;dead"]
    for pid in patients.index:
        one = patients.loc[pid]
        level = "high" if marker[pid] == "altered" else "low"
        dead = int(one["OS_event"] == 1)
        rows.append(f"{pid};{one['age']:.1f};{one['endocrine']};{level};{one['OS_months'] * 30.4375 + 1:.0f};{dead}")
    (folder / "ours.csv").write_text("\n".join(rows) + "\n")
    (folder / "m.toml").write_text(MAPPING)
    return folder


def test_a_first_plan_is_read_and_names_the_files(registry, run):
    """The command writes paths from the plan's own folder; the plan asks what the columns allow."""
    plan = registry / "plans" / "plan.toml"
    plan.parent.mkdir()
    code, _, err = run(
        "init-plan", str(registry / "ours.csv"), "--mapping", str(registry / "m.toml"), "-o", str(plan)
    )  # fmt: skip
    assert (code, "Wrote" in err) == (0, True)
    assert tomllib.loads(plan.read_text())["cohorts"][0]["file"] == "../ours.csv"
    asked = read_plan(plan)
    [markers] = asked.markers
    assert (markers.cohort, markers.markers, markers.endpoints, markers.er) == ("ours", ("GATA3",), ("OS",), "any")
    assert (markers.adjust_prognostic, markers.adjust_interaction, markers.role) == (("age",), ("age",), "exploratory")
    [case] = gather(asked).cases
    assert case.interaction is not None
    assert case.role == "exploratory"


def test_a_plan_for_the_catalogue():
    """METABRIC: its first endpoint, ER positive, sites as strata, each marker's rules named."""
    text = init_plan("metabric")
    asked = plan_of([tr.load("metabric")]).markers[0]
    assert (asked.endpoints[0], asked.er, asked.strata) == ("BCSS", "positive", ("site",))
    assert "HER2" in asked.markers
    assert "# HER2 can be called by: snp6_gain" in text
    assert tomllib.loads(text)["benchmarks"][0]["endpoint"] == "BCSS"


@pytest.mark.parametrize(
    ("cohort", "markers", "told"),
    [("gbsg", (), "holds no marker"), ("metabric", ("PTEN",), "none of PTEN that tells")],
)
def test_a_cohort_without_a_marker_is_refused(cohort, markers, told):
    """There is nothing to ask of it: one sentence, and what to do."""
    with pytest.raises(QuestionError, match=told):
        plan_of([tr.load(cohort)], markers=markers)


@pytest.fixture(scope="module")
def written(registry, tmp_path_factory):
    """Write the report of the registry by a plan with a look of its own."""
    (registry / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    text = init_plan(registry / "ours.csv", mapping=registry / "m.toml", beside=registry)
    look = '[look]\ndecimal = ","\njournal = "lancet"\nlogo = "logo.svg"\nfooter = "Ours <2026>"\n'
    look += 'sections = ["answer", "patients", "markers"]\n'
    (registry / "look.toml").write_text(f"{text}\n{look}")
    return report(output=tmp_path_factory.mktemp("look") / "report", plan=registry / "look.toml")


def test_numbers_speak_the_plan_s_language(written):
    """Decimal comma in page, tables and lines of the terminal; effect rows keep the point."""
    page = written.html.read_text(encoding="utf-8")
    words = re.sub(r"<(style|script|svg|footer).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert re.search(r"\d,\d\d\s\(\d,\d\d\u2060?–\u2060?\d,\d\d\)", words)
    assert not re.search(r"\b\d\.\d\d\s\(", words)
    assert re.search(r"\d,\d\d", " ".join(written.verdict_lines))
    effects = (written.folder / "effects.csv").read_text(encoding="utf-8")
    assert re.search(r",0\.\d{6}", effects)
    hazards = (written.folder / "tables" / "hazards-ours-gata3.csv").read_text(encoding="utf-8")
    assert re.search(r"\d,\d\d \(", hazards)


def test_logo_footer_and_sections(written):
    """The logo is inside, and the policy allows it; the footer is escaped; only the sections asked for are there."""
    page = written.html.read_text(encoding="utf-8")
    assert '<img class="logo" src="data:image/svg+xml;base64,' in page
    assert "img-src data:" in page
    assert "<footer><p>Ours &lt;2026&gt;</p></footer>" in page
    assert re.findall(r'<section class="chapter" id="([^"]+)"', page) == ["answer", "marker-gata3", "patients"]
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(re.findall(r'id="([^"]+)"', page)), "a link leads nowhere"
    with zipfile.ZipFile(written.folder / "report.docx") as word:
        assert "Ours &lt;2026&gt;" in "".join(
            word.read(name).decode() for name in word.namelist() if name.startswith("word/footer")
        )


def test_the_house_s_numbers_come_back(written):
    """The style of one report does not outlive it."""
    assert number(0.5) == "0.50"
    assert count(1234) == "1,234"


def test_a_report_of_cohorts_needs_no_plan(registry, tmp_path):
    """Cohorts that are held are asked all that they allow, as exploratory."""
    cohort = tr.load(registry / "ours.csv", mapping=registry / "m.toml")
    found = gather(plan_of([cohort], markers=("gata3",)), held={"ours": cohort})
    assert [case.role for case in found.cases] == ["exploratory"]
    with pytest.raises(QuestionError, match="A mapping belongs to a file"):
        report(output=tmp_path / "r", mapping=registry / "m.toml")
    with pytest.raises(QuestionError, match="A plan names its markers itself"):
        report(output=tmp_path / "r", plan=plan_of([cohort]), markers="GATA3")


def test_nothing_to_do_is_an_error(run, registry, tmp_path):
    """A plan whose markers no cohort holds exits 2, says why, and writes nothing."""
    plan = tmp_path / "plan.toml"
    text = init_plan(registry / "ours.csv", mapping=registry / "m.toml", beside=tmp_path)
    plan.write_text(text.partition("[[benchmarks]]")[0].replace('"GATA3"', '"PTEN"'))
    code, _, err = run("report", "--plan", str(plan), "-o", str(tmp_path / "r"), "--quiet")
    assert code == 2
    assert "The plan finds nothing to do. ours holds no assay of PTEN" in " ".join(err.split())
    assert not (tmp_path / "r").exists()
    with pytest.raises(DataError, match="finds nothing to do"):
        gather(Plan(title="x", markers=(MarkerPlan(cohort="gbsg", markers=("HER2",), endpoints=("RFS",)),)))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"decimal": ",", "thousands": "comma"}, "decimal and thousands are both ','"),
        ({"logo": "logo.pdf"}, "logo is logo.pdf; give one of"),
    ],
)
def test_a_look_that_cannot_be(given, told):
    """Marks that are alike, and a logo that is no picture, are refused."""
    with pytest.raises(QuestionError, match=told):
        Look(**given)


@pytest.mark.parametrize(
    ("look", "wanted"),
    [
        (Look(), ("1.52 (1.18-1.94)", "0.031", "12,345")),
        (Look(decimal=","), ("1,52 (1,18-1,94)", "0,031", "12\N{NARROW NO-BREAK SPACE}345")),
        (Look(journal="lancet"), ("1·52 (1·18–1·94)", "0·031", "12,345")),
        (Look(journal="bmj", decimal=",", thousands="point"), ("1,52 (1,18 to 1,94)", "0,031", "12.345")),
        (Look(journal="jama", thousands="none"), ("1.52 (1.18-1.94)", ".031", "12345")),
    ],
)
def test_marks_of_journals_and_languages(look, wanted):
    """Intervals, P values and counts by language and journal."""
    with written_as(look.style):
        assert (ratio_with_interval(1.516, 1.184, 1.942), p_value(0.0314), count(12345)) == wanted


def test_links_to_sections_left_out_become_words():
    """A page with some sections alone has no link that leads nowhere; an unknown section is refused."""
    page = Page(
        title="t", about="a",
        sections=(
            Section("answer", "A", (Paragraph.of("see ", Link("Methods", "methods"), Link("HER2", "marker-her2")),)),
            Section("methods", "M", ()), Section("marker-her2", "HER2", ()),
        ),
    )  # fmt: skip
    kept = only(page, ("answer", "markers"))
    [text] = [block.text for block in kept.blocks()]
    assert text == ("see ", "Methods", Link("HER2", "marker-her2"))
    assert only(page, ()) is page
    with pytest.raises(QuestionError, match="Unknown section 'methodz'. Is it 'methods'"):
        only(page, ("methodz",))


def test_a_logo_that_is_not_there(tmp_path):
    """A logo that the plan names and the disk lacks is named."""
    look = replace(Look(), logo=str(tmp_path / "none.png"))
    with pytest.raises(QuestionError, match="does not exist"):
        look.picture()
