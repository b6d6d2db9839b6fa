"""mapping and harmonise: what the grammar can say beside one column to one column, and what it refuses."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.cohorts import catalogue
from tamoxres.cohorts.catalogue import ENTRIES, HOOKS, load
from tamoxres.cohorts.mapping import read_declared, read_mapping
from tamoxres.errors import BadCell, DataError, NotOnDisk, QuestionError, UnknownChoice
from tamoxres.files import sha256

FOLDER = Path(catalogue.__file__).parent
REGISTRY = """\
pid,arm,grade,stage,size,er_ihc,er_lab,rel,t_rel,dead,t_dead,m
p1,1,G1,IIA,<=20,positive,,1,100,1,400,M0
p2,1,G2,IV,>50,,12,0,300,1,300,M0
p3,1,G3,X,20-50,negative,50,0,200,1,900,M0
p4,1,,I,,,,0,500,0,500,M1
p5,1,G1,,<=20,,3,1,,0,800,M0
"""
TOML = """
name = "small"
citation = "Nobody 2026"
doi = "10.1/x"
licence = "none"
source = "table of {file}"
notes = ["one note"]
overlaps = ["other"]
undated_events = "unknown"
[columns]
patient = "pid"
endocrine = { value = "yes" }
endocrine_agent = { value = "tamoxifen" }
grade = { from = "grade", 1 = ["G1"], 2 = ["G2"], 3 = ["G3"] }
stage = { from = "stage", missing = ["X"], 1 = ["I"], 2 = ["IIA"], 4 = ["IV"] }
size_class = { from = "size", ordered = true, small = ["<=20"], middle = ["20-50"], large = [">50"] }
er = { from = "er_ihc", assay = "IHC", resolved_by = { from = "er_lab", positive = ">= 10" } }
pr = { from = "pr", optional = true, assay = "IHC" }
[endpoints.RFS]
time = "t_rel"
unit = "days"
event = "rel"
event_values = [1]
censored_values = [0]
departure = "relapse as recorded"
[[endpoints.RFS.deaths]]
from = "dead"
values = [1]
other_values = [0]
time = "t_dead"
count_as = "event"
[endpoints.RFI]
time = "t_rel"
unit = "days"
event = "rel"
event_values = [1]
censored_values = [0]
among = { m = ["M0"] }
deaths = [{ from = "dead", values = [1], other_values = [0], time = "t_dead", within = 30 }]
[endpoints.OS]
time = "t_dead"
unit = 30
event = "dead"
event_values = [1]
censored_values = [0]
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """The registry as a file."""
    path = tmp_path / "small.csv"
    path.write_text(REGISTRY, encoding="utf-8")
    return path


@pytest.fixture
def read(registry: Path) -> Callable[..., Cohort]:
    """Load the registry by the mapping, some text of it replaced."""

    def loaded(*pairs: tuple[str, str]) -> Cohort:
        text = TOML
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        return load(registry, mapping=tomllib.loads(text))

    return loaded


def test_columns(read: Callable[..., Cohort]) -> None:
    """One value for all, numbers written as codes, an ordered factor, a second assay, a column that is not there."""
    cohort = read()
    patients = cohort.patients
    assert patients["endocrine"].tolist() == ["yes"] * 5
    assert patients["endocrine_agent"].tolist() == ["tamoxifen"] * 5
    assert patients["grade"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert patients["grade"].dtype == float
    assert np.isnan(patients["grade"].iloc[3])
    assert patients["stage"].dropna().tolist() == [2.0, 4.0, 1.0]
    assert list(patients["size_class"].cat.categories) == ["small", "middle", "large"], "the first is the reference"
    assert patients["er"].tolist() == ["positive", "positive", "negative", None, "negative"], "IHC goes before"
    assert "pr" not in patients
    assert cohort.assays == {"er": "IHC"}


def test_words(read: Callable[..., Cohort], registry: Path) -> None:
    """Source, notes, overlaps and departures come from the mapping; the file is known by its hash."""
    cohort = read()
    [source] = cohort.sources
    assert (source.name, source.citation, source.doi) == ("table of small.csv", "Nobody 2026", "10.1/x")
    assert (source.licence, source.sha256) == ("none", sha256(registry))
    assert (cohort.notes, cohort.overlaps, cohort.title) == (("one note",), ("other",), "small")
    assert cohort.departures == {"RFS": "relapse as recorded"}
    assert cohort.design == "observational"


def test_deaths_that_count(read: Callable[..., Cohort]) -> None:
    """A death at the end of relapse follow-up is an event; a later one is off study, unless it is to count."""
    patients = read().patients
    assert patients["RFS_event"].tolist()[:4] == [1, 1, 0, 0]
    assert (patients["RFS_months"] * 30.4375).round(6).tolist()[:4] == [100, 300, 200, 500]
    naive = read(('count_as = "event"', 'count_as = "event"\noff_study = "event"')).patients
    assert naive["RFS_event"].tolist()[:4] == [1, 1, 1, 0]
    assert (naive["RFS_months"] * 30.4375).round(6).tolist()[:4] == [100, 300, 900, 500], "until death or last seen"


def test_deaths_that_compete(read: Callable[..., Cohort]) -> None:
    """Deaths in a column of their own compete, where they came within some months after follow-up ended."""
    patients = read().patients
    assert patients["RFI_event"].tolist()[:3] == [1, 2, 2]
    nearer = read(("within = 30", "within = 20")).patients
    assert nearer["RFI_event"].tolist()[:3] == [1, 2, 0]
    assert np.isnan(patients["RFI_event"].iloc[3]), "M1 is not among those in whom it is known"
    assert patients["RFI_months"].notna().sum() == 4


def test_undated_events(read: Callable[..., Cohort]) -> None:
    """An event without a time is unknown where the mapping says so, else an error."""
    assert np.isnan(read().patients["RFS_event"].iloc[4])
    with pytest.raises(DataError, match="small.csv, line 6, column rel: '1' is an event without a time"):
        read(('undated_events = "unknown"', 'undated_events = "error"'))


def test_units(read: Callable[..., Cohort]) -> None:
    """A unit may be the days of one: 400 months of 30 days are 12,000 days."""
    assert read().patients["OS_months"].iloc[0] == 400 * 30 / 30.4375
    days = read(("unit = 30\n", 'unit = "days"\n')).patients["OS_months"]
    assert days.tolist() == [day / 30.4375 for day in (400, 300, 900, 500, 800)]


def test_pinned_bytes(read: Callable[..., Cohort], registry: Path) -> None:
    """A mapping may pin the file that it was written for."""
    pin = ('name = "small"', f'name = "small"\nsha256 = "{sha256(registry)}"')
    assert read(pin).n == 5
    registry.write_text(REGISTRY + "p6,1,,,,,,0,1,0,1,M0\n", encoding="utf-8")
    with pytest.raises(DataError, match="small.csv is not the file we know: sha256"):
        read(pin)


def test_default_rules(read: Callable[..., Cohort], registry: Path) -> None:
    """A mapping names the rule of a marker that its expression answers; one that it does not answer is said to lack."""
    (registry.parent / "e.csv").write_text("pid,SRC\np1,1\np2,2\np3,3\np4,4\n")
    more = """[expression]
file = "e.csv"
patient = "pid"
[default_rules]
HER2 = "her2_status"
SRC = { rule = "mrna_high", profile = "mrna", gene = "SRC" }
PTEN = { rule = "mrna_low", profile = "mrna", gene = "PTEN" }
[endpoints.OS]
"""
    cohort = read(("[endpoints.OS]\n", more))
    assert cohort.default_rules == {"HER2": "her2_status", "SRC": "mrna_high"}
    assert cohort.unfetched == {"PTEN": "no file holds what its rule needs"}
    assert tr.call(cohort, "SRC").marker("SRC").rule == "mrna_high"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "small"', "name = 3", "mapping, top level: name is 3; it is a text."),
        ('name = "small"', 'name = "small"\ntitle = 3', "top level: title is 3; it is a text."),
        ('notes = ["one note"]', 'notes = "one note"', "notes is 'one note'; it is a list of texts."),
        ('"unknown"', '"unknwon"', "undated_events is 'unknwon'; use one of error, unknown. Is it 'unknown'?"),
        ("unit = 30\n", 'unit = "day"\n', "unit is 'day'; use one of days, weeks, months, years, or a number. Is it"),
        ("unit = 30\n", "unit = true\n", "endpoints.OS: unit is True; use one of days, weeks, months, years, or a num"),
        ("ordered = true", 'ordered = "yes"', "columns.size_class: ordered is 'yes'; it is true or false."),
        ("{ value = ", "{ valeu = ", "columns.endocrine: unknown level 'valeu'. Is it 'value'? Use no, yes."),
        ("1 = [\"G1\"]", "one = [\"G1\"]", "columns.grade: unknown level 'one'. grade has no levels but numbers."),
        ('{ from = "pr", ', "{ ", "columns.pr: from is missing. Name the column: pr = "),
        ('positive = ">= 10"', "positive = {}", "columns.er.resolved_by: positive is {}; it is a list of codes, o"),
        ("unit = 30\n", "unit = 0\n", "endpoints.OS: unit is 0; use one of days"),
        ('time = "t_dead"\ncount_as = "event"', 'off_study = "event"', "RFS.deaths[0]: deaths of another column need"),
        ("among = { m", "amnog = { m", "endpoints.RFI: unknown key 'amnog'. Is it 'among'?"),
        ('among = { m = ["M0"] }', 'among = "M0"', "among is 'M0'; it is a table of raw columns, each with its crit"),
        ("other_values = [0]\n", "", "endpoints.RFS.deaths[0]: other_values is missing. It is a list of codes, "),
        ('count_as = "event"', 'count_as = "events"', "count_as is 'events'; use one of competing, event. Is it 'ev"),
        ("event_values = [1]", "event_values = [[1]]", "event_values is [[1]]; it is a list of codes, one code, or a"),
        ('patient = "pid"', 'patient = "pid"\nage = { table = "x", from = "a" }', "table is for the cohorts of the"),
        ('doi = "10.1/x"', 'extends = "gbsg"', "top level: unknown key 'extends'."),
    ],
)  # fmt: skip
def test_refusals(read: Callable[..., Cohort], old: str, new: str, message: str) -> None:
    """A wrong type, a misspelt key or level, a key that is not a user's: one sentence with the place."""
    with pytest.raises(DataError) as raised:
        read((old, new))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_code_of_deaths_that_is_not_named(read: Callable[..., Cohort]) -> None:
    """A code in the column of deaths that is neither a death nor another's is an error, never silently alive."""
    with pytest.raises(BadCell, match=r"line 2, column dead: '1' is a code that \[\[endpoints.RFS.deaths\]\]"):
        read(("values = [1]\nother_values = [0]", "values = [2]\nother_values = [0]"))


def test_cells_are_told_by_fields(read: Callable[..., Cohort], registry: Path) -> None:
    """Code that handles a bad cell reads file, line, column and value; it parses no sentence."""
    registry.write_text(REGISTRY.replace("p3,1,G3", "p3,1,G9"), encoding="utf-8")
    with pytest.raises(BadCell) as raised:
        read()
    fault = raised.value
    assert (fault.file, fault.row, fault.column, fault.value) == ("small.csv", 4, "grade", "G9")
    assert fault.mend.startswith("Name it in the mapping")


def test_what_is_not_on_disk(tmp_path: Path) -> None:
    """A cohort whose files are not here says by its class which one it is, and what brings them."""
    with pytest.raises(NotOnDisk, match="tamoxres fetch msk_2018 brings its files, or give --data-dir") as raised:
        load("msk_2018", data_dir=tmp_path)
    assert raised.value.cohort == "msk_2018"
    with pytest.raises(NotOnDisk) as raised:
        load("metabric_rueda", data_dir=tmp_path)
    assert (raised.value.cohort, "your own copy" in raised.value.mend) == ("metabric_rueda", True)
    with pytest.raises(NotOnDisk, match="Make one: tamoxres init-mapping"):
        read_mapping(tmp_path / "no.toml")


def test_the_catalogue_is_whole() -> None:
    """Every entry has its mapping and its hook, every hook and mapping is used, and no mapping is a user's."""
    used = {entry.mapping for entry in ENTRIES.values()}
    bases = {tomllib.loads((FOLDER / f"{name}.toml").read_text()).get("extends") for name in used} - {None}
    assert {path.stem for path in FOLDER.glob("*.toml")} == used | bases | {"catalogue", "fetch"}
    assert {entry.hook for entry in ENTRIES.values()} == set(HOOKS)
    for name in used:
        rules = read_declared(name)
        assert rules.declared
        assert rules.name == name
        assert rules.treatment_specificity
    assert all(ENTRIES[name].about for name in ENTRIES)


def test_unknown_names_and_options() -> None:
    """A misspelt cohort is guessed; an option that a cohort does not have is refused with those that it has."""
    with pytest.raises(UnknownChoice) as raised:
        load("roterdam")
    assert raised.value.nearest == "rotterdam"
    with pytest.raises(QuestionError, match="no such option: 'off_study'. It has off_study_deaths."):
        load("rotterdam", off_study="event")
    with pytest.raises(QuestionError, match="Cohort gbsg has no such option: 'series'. It has none."):
        load("gbsg", series="UPP")
    with pytest.raises(QuestionError, match="Cohort upp has no such option: 'series'"):
        load("upp", series="VDX")


def test_raw_stays_raw(read: Callable[..., Cohort]) -> None:
    """The raw values stand beside the harmonised ones, as text, whatever the mapping makes of them."""
    raw = read().raw
    assert raw["size"].tolist()[:3] == ["<=20", ">50", "20-50"]
    assert pd.isna(raw.loc["p4", "er_lab"])
