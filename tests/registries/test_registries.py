"""Sixteen messy exports, each from its file to R's numbers: sketch, answers, check, effect, report.

make_registries.py writes the exports and the same patients cleaned by hand; make_reference.R fits R's models to these.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import tamoxres as tr
from tamoxres.cohorts.sketch import init_mapping
from tamoxres.errors import DataError
from tamoxres.reporting.build import report

HERE = Path(__file__).resolve().parent
R = json.loads((HERE / "reference.json").read_text())["registries"]
SAME = 1e-7  # both iterate
CODED = (("event_values = []", "event_values = [1]"), ("censored_values = []", "censored_values = [0]"))


@dataclass(frozen=True)
class Registry:
    """One export: its file, the name of its cleaned patients, what the sketch has right, and the answers.

    `answers` are changes of text, as a user makes them in an editor; the HER2 block is uncommented in each.
    """

    file: str
    clean: str
    sketched: tuple[str, ...]
    answers: tuple[tuple[str, str], ...] = ()
    questions: tuple[str, ...] = ()


REGISTRIES = (
    Registry(
        "dansk.csv", "dansk",
        ('decimal = ","', 'patient = "Løbenummer"', 'event_values = ["Død"]', 'missing = ["Ukendt"]'),
    ),
    Registry(
        "deutsch.csv", "deutsch",
        ('date_format = "%d.%m.%Y"', 'date = "Sterbedatum"', 'last_seen = "Letzter Kontakt"', "k.A."),
    ),
    Registry("title.xlsx", "title", ("header_row = 4", "footer_rows = 1", 'event_values = ["dead"]')),
    Registry("labels.dta", "labels", ("# labels of status: 0 = alive", "event_values = [1]", "[endpoints.OS]")),
    Registry("labels.sav", "spss", ("9 = unbekannt", "negative = [0], positive = [1], missing = [9] }")),
    Registry("transport.xpt", "transport", ('last_seen = "LASTDATE"', 'event = "DEAD"', 'diagnosis = "DXDATE"'), CODED),
    Registry("export.sas7bdat", "sas", ('last_seen = "LASTDATE"', 'er = { from = "ERSTAT"'), CODED),
    Registry(
        "seer.csv", "seer", ('unit = "months"', 'event_values = ["Dead"]', 'missing = ["Unknown"]'),
        (
            ("# er = {", "er = {"),
            ('positive = ["Positive"] }', 'positive = ["Positive"], missing = ["Borderline/Unknown"] }'),
            ("# endocrine = {", "endocrine = {"), ('yes = ["Yes"] }', 'yes = ["Yes"], no = ["No/Unknown"] }'),
        ),
    ),
    Registry(
        "cbioportal.txt", "cbioportal",
        ('time = "OS_MONTHS"', 'event_values = ["1:DECEASED"]', 'time = "DFS_MONTHS"', 'event = "DFS_STATUS"'),
    ),
    Registry(
        "three_dates.csv", "three_dates", ('date_format = "%d.%m.%Y | %d/%m/%Y | %Y-%m-%d"', 'date = "death_date"')
    ),
    Registry(
        "sentinels.csv", "sentinels", ("missing = [999]", "missing = [-1]", 'positive = ">= 10"'),
        (*CODED, ('# assay = "IHC"', '# missing = [9]\n# assay = "IHC"')),
    ),
    Registry("undated.csv", "undated", ('unit = "days"',), CODED, ("6 patient(s) with an undated event",)),
    Registry(
        "became_text.tsv", "became_text",
        ("age is a number, but age holds >90, ca. 45 beside numbers", 'missing = ["unk"]'),
        (*CODED, ('# age = "age"', 'age = { from = "age", missing = [">90", "ca. 45"] }')),
    ),
    Registry("unicode.txt", "unicode", ("encoding utf-16", 'event_values = ["décédée"]', 'unit = "days"')),
    Registry(
        "typed.parquet", "typed", ('negative = ["false"], positive = ["true"]', 'unit = "months"'),
        (("event_values = []", 'event_values = ["true"]'), ("censored_values = []", 'censored_values = ["false"]')),
    ),
)  # fmt: skip


def answered(text: str, answers: tuple[tuple[str, str], ...]) -> str:
    """Answer a sketch's questions: change the text as named, then take the comment signs off the HER2 block."""
    for old, new in answers:
        assert old in text, f"the sketch has no {old!r}"
        text = text.replace(old, new, 1)
    block = re.search(r"(?m)^# \[markers\.HER2\]\n(# .*\n)+", text)
    assert block, "the sketch proposes no HER2"
    return text.replace(block[0], re.sub(r"(?m)^# ", "", block[0]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the exports to where mappings can be written beside them."""
    target = tmp_path_factory.mktemp("registries")
    for file in HERE.iterdir():
        if file.is_file() and file.suffix not in (".py", ".R", ".json"):
            shutil.copy(file, target / file.name)
    return target


def mapped(folder: Path, one: Registry) -> tuple[Path, Path]:
    """Return an export and its answered mapping."""
    file, mapping = folder / one.file, folder / f"{one.clean}.toml"
    if not mapping.exists():
        mapping.write_text(answered(init_mapping(file), one.answers), encoding="utf-8")
    return file, mapping


@pytest.mark.parametrize("one", REGISTRIES, ids=lambda one: one.file)
def test_the_sketch_has_right_what_can_be_told(one: Registry) -> None:
    """Columns, units, dates and codes that words tell stand in the first mapping, HER2's scores as questions."""
    text = init_mapping(HERE / one.file)
    for told in one.sketched:
        assert told in text
    assert "# [markers.HER2]" in text


@pytest.mark.parametrize("one", REGISTRIES, ids=lambda one: one.file)
def test_from_the_export_to_r_s_numbers(run: Callable[..., tuple[int, str, str]], folder: Path, one: Registry) -> None:
    """Check passes, and HER2's hazard ratios (crude, adjusted) and its interaction are R's on the cleaned patients."""
    file, mapping = mapped(folder, one)
    code, out, err = run("check", file, "--mapping", mapping)
    assert (code, err) == (0, "")
    for asked in one.questions:
        assert asked in " ".join(out.split())
    cohort = tr.call(tr.load(file, mapping=mapping), "HER2")
    treated = tr.select(cohort, endpoint="OS", marker="HER2", treatment="endocrine")
    both = tr.select(cohort, endpoint="OS", marker="HER2", treatment="any")
    rows = {
        "crude": tr.cox(treated).effect, "adjusted": tr.cox(treated, adjust="age").effect,
        "interaction": tr.interaction(both, adjust="age").ratio,
    }  # fmt: skip
    for name, row in rows.items():
        wanted = R[one.clean][name]
        assert (row.n, row.events) == (wanted["n"], wanted["events"]), name
        assert row.log_estimate == pytest.approx(wanted["log_hr"], rel=SAME, abs=SAME), name
        assert row.se == pytest.approx(wanted["se"], rel=1e-6), name


@pytest.mark.parametrize("name", ["unicode", "sas"])
def test_the_command_line_gives_the_same(run: Callable[..., tuple[int, str, str]], folder: Path, name: str) -> None:
    """`tamoxres effect` on an export gives R's number."""
    [one] = [one for one in REGISTRIES if one.clean == name]
    file, mapping = mapped(folder, one)
    question = ["--marker", "HER2", "--endpoint", "OS", "--adjust", "age", "--format", "json"]
    code, out, _ = run("effect", file, "--mapping", mapping, *question)
    [row] = json.loads(out)
    assert code == 0
    assert row["log_estimate"] == pytest.approx(R[name]["adjusted"]["log_hr"], rel=SAME)


def test_codes_that_look_like_numbers_are_named(folder: Path) -> None:
    """Where the mapping does not list them, the check asks after 999, 9 and -1, each with its count and range."""
    text = answered(init_mapping(folder / "sentinels.csv"), CODED).replace(", missing = [999]", "")
    text = text.replace('age = { from = "age" }', 'age = "age"').replace(", missing = [-1]", "")
    mapping = folder / "unlisted.toml"
    mapping.write_text(text)
    found = tr.check(folder / "sentinels.csv", mapping)
    assert {(code.column, code.code) for code in found.codes} == {
        ("age", "999"), ("er_fmol", "999"), ("her2_ihc", "9"), ("tamoxifen", "-1"),
    }  # fmt: skip
    assert any("age holds '999' in 14 of 220 cells, where the others run from 37.5" in text for text in found.questions)
    assert any(violation.value == "9" and violation.column == "her2_ihc" for violation in found.violations)


def test_a_patient_twice_is_named_and_one_row_kept(
    run: Callable[..., tuple[int, str, str]], folder: Path
) -> None:  # fmt: skip
    """The export with doubles: the sketch asks, the check names the line; with one row each it gives R's number."""
    text = init_mapping(HERE / "duplicates.csv")
    assert "QUESTION: 2 row(s) repeat a patient" in text
    mapping = folder / "duplicates.toml"
    mapping.write_text(answered(text, CODED))
    code, _, err = run("check", folder / "duplicates.csv", "--mapping", mapping)
    assert code == 2
    assert "duplicates.csv, line 222, column patient: an identifier that stood before ('1006')" in " ".join(err.split())
    lines = (folder / "duplicates.csv").read_text().splitlines()
    mended = folder / "mended.csv"
    mended.write_text("\n".join([*lines[:221], lines[-1]]) + "\n")
    code, out, _ = run("check", mended, "--mapping", mapping)
    assert code == 0
    assert "1 identifier(s) differ from another's only in spelling: '1031' and '01031'" in " ".join(out.split())
    mended.write_text("\n".join(lines[:221]) + "\n")
    cohort = tr.load(mended, mapping=mapping)
    [row] = tr.ask(cohort, tr.Question(endpoint="OS", marker="HER2", treatment="endocrine"))
    assert row.log_estimate == pytest.approx(R["duplicates"]["crude"]["log_hr"], rel=SAME)


def test_a_number_column_that_became_text_stops_where_it_is_used(folder: Path) -> None:
    """Where the strays are not named, age is refused with the line; it is never an 80-level factor in silence."""
    one = next(one for one in REGISTRIES if one.clean == "became_text")
    text = answered(init_mapping(folder / one.file), CODED).replace('# age = "age"', 'age = "age"')
    mapping = folder / "strays.toml"
    mapping.write_text(text)
    with pytest.raises(DataError, match=r"became_text.tsv, line 5, column age: '>90' is not a number"):
        tr.load(folder / one.file, mapping=mapping)


@pytest.mark.parametrize("name", ["dansk", "three_dates"])
def test_the_way_ends_in_a_report(folder: Path, name: str, tmp_path: Path) -> None:
    """A plan is sketched for the export, and its report says the interaction that R gives."""
    one = next(one for one in REGISTRIES if one.clean == name)
    file, mapping = mapped(folder, one)
    plan = folder / f"{name}.plan.toml"
    look = '\n[look]\nsections = ["answer", "markers"]\n'
    plan.write_text(tr.init_plan(file, mapping=mapping, beside=folder) + look, encoding="utf-8")
    made = report(output=tmp_path / "report", plan=plan)
    rows = tr.read_effects(made.folder / "effects.csv")
    wanted = R[name]["interaction"]
    adjusted = [
        row for row in rows if row.estimand == "interaction" and row.marker == "HER2" and "age" in row.adjusted_for
    ]
    assert any(row.n == wanted["n"] for row in adjusted)
    if name == "three_dates":
        assert any(row.log_estimate == pytest.approx(wanted["log_hr"], rel=SAME) for row in adjusted)
    assert "HER2" in made.verdict_lines[0]
