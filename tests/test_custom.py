"""A user's own registry by a mapping: each format, dates, codes, each fault named, a sketch to begin with, a check."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.check import check
from tamoxres.cohorts.custom import load_custom
from tamoxres.cohorts.sketch import init_mapping
from tamoxres.errors import DataError, QuestionError

# R 4.2.2, survival 3.5-3, coxph on gbsg, Efron: the hazard ratio of hormonal therapy on RFS.
GBSG_HR, PRINTED = 0.69488, 5e-6
# Dates and days differ by one division.
EXACT = 1e-12

REGISTRY = """\
pid,age,er_fmol,hormon,size_cm,her2_ihc,fish,dx,relapse,seen,days,status,smoker
p1,61,12,1,2.1,3+,,2001-01-01,2003-01-01,2006-01-01,730,1,never
p2,55,9.9,0,1.0,0,,2001-02-01,,2007-02-01,2191,0,ever
p3,48,unk,1,3.5,2+,amp,2002-03-01,,2004-03-01,731,2,never
p4,70,10,1,,2+,,2002-03-01,2002-09-01,2005-03-01,184,1,ever
p5,66,300,0,0.8,1+,,2003-05-01,,2003-05-01,0,0,99
"""
MAPPING = {
    "name": "my-registry",
    "treatment_specificity": "tamoxifen_confirmed",
    "missing": ["unk", 99],
    "columns": {
        "patient": "pid",
        "age": "age",
        "er": {"from": "er_fmol", "positive": ">= 10"},
        "endocrine": {"from": "hormon", "yes": [1], "no": [0]},
        "size_mm": {"from": "size_cm", "scale": 10},
        "smoker": "smoker",
        "er_fmol": "er_fmol",
    },
    "markers": {"HER2": {"from": "her2_ihc", "altered": ["3+"], "unaltered": ["0", "1+"], "assay": "IHC"}},
    "endpoints": {
        "RFI": {
            "time": "days",
            "unit": "days",
            "event": "status",
            "event_values": [1],
            "competing_values": [2],
            "censored_values": [0],
        }
    },
}


def changed(*path: str, to: object) -> dict:
    """Return the mapping with one entry set (or dropped where `to` is None)."""
    copy = json.loads(json.dumps(MAPPING))
    table = copy
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table.pop(path[-1], None)
    if to is not None:
        table[path[-1]] = to
    return copy


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """The registry as a CSV file."""
    path = tmp_path / "registry.csv"
    path.write_text(REGISTRY, encoding="utf-8")
    return path


@pytest.fixture
def gbsg_file(tmp_path: Path) -> Path:
    """GBSG as a registry might hold it: hormone 1 = no, 2 = yes; days."""
    path = tmp_path / "gbsg.csv"
    raw = tr.load("gbsg").raw
    raw.drop(columns=["id", "diagdateb", "recdate", "deathdate"]).to_csv(path)
    return path


def test_harmonised(registry: Path) -> None:
    """Levels by comparison and by code, a scale, missing codes, extra columns: each as the mapping says."""
    cohort = load(registry, mapping=MAPPING)
    patients = cohort.patients
    assert list(patients.index) == ["p1", "p2", "p3", "p4", "p5"]
    assert patients["er"].tolist() == ["positive", "negative", None, "positive", "positive"], (
        "10 is positive, 9.9 is not"
    )
    assert patients["endocrine"].tolist() == ["yes", "no", "yes", "yes", "no"]
    assert patients["endocrine_agent"].tolist() == ["tamoxifen", "none", "tamoxifen", "tamoxifen", "none"]
    assert patients["size_mm"].tolist()[:3] == [21.0, 10.0, 35.0]
    assert np.isnan(patients["size_mm"].iloc[3]), "an empty cell is unknown"
    assert patients["smoker"].isna().tolist() == [False] * 4 + [True], "missing codes stand at any level"
    assert patients["er_fmol"].dtype == float, "an extra column of numbers is numeric"
    assert (cohort.name, cohort.treatment_specificity) == ("my-registry", "tamoxifen_confirmed")
    assert cohort.raw["her2_ihc"].tolist() == ["3+", "0", "2+", "2+", "1+"]
    np.testing.assert_allclose(patients["RFI_months"], np.array([730, 2191, 731, 184, 0]) / DAYS_PER_MONTH, rtol=EXACT)
    assert patients["RFI_event"].tolist() == [1, 0, 2, 1, 0]


def test_her2_equivocal(registry: Path) -> None:
    """HER2 2+ is unknown, not negative; in-situ hybridisation settles it where it was done."""
    call = tr.call(load(registry, mapping=MAPPING), "HER2").marker("HER2")
    assert call.values.tolist() == ["altered", "unaltered", None, None, "unaltered"]
    assert call.assay == "IHC"
    fish = {"from": "fish", "altered": ["amp"], "unaltered": ["not amp"]}
    settled = load(registry, mapping=changed("markers", "HER2", "resolved_by", to=fish)).marker("HER2")
    assert settled.values.tolist() == ["altered", "unaltered", "altered", None, "unaltered"]
    assert "equivocal settled by fish" in settled.definition


def test_dates(registry: Path) -> None:
    """Dates give the same months as days do: from diagnosis to relapse, else to when last seen."""
    dates = {"date": "relapse", "last_seen": "seen", "diagnosis": "dx"}
    dated = load(registry, mapping=changed("endpoints", "RFI", to=dates)).patients
    days = [730, 2191, 731, 184, 0]
    np.testing.assert_allclose(dated["RFI_months"] * DAYS_PER_MONTH, days, rtol=EXACT)
    assert dated["RFI_event"].tolist() == [1, 0, 0, 1, 0]
    coded = dates | {"event": "status", "event_values": [1], "competing_values": [2], "censored_values": [0]}
    patients = load(registry, mapping=changed("endpoints", "RFI", to=coded)).patients
    assert patients["RFI_event"].tolist() == [1, 0, 2, 1, 0]
    np.testing.assert_allclose(patients["RFI_months"] * DAYS_PER_MONTH, days, rtol=EXACT)


def test_delayed_entry_and_weights(registry: Path) -> None:
    """Entry may be a date or a time in any unit; a sampling weight is a number like others."""
    entry = {"from": "seen", "unit": "date"}
    mapping = changed("columns", "entry_months", to=entry) | {"diagnosis": "dx"}
    months = load(registry, mapping=mapping).patients["entry_months"]
    np.testing.assert_allclose(months * DAYS_PER_MONTH, [1826, 2191, 731, 1096, 0], rtol=EXACT)
    days = changed("columns", "entry_months", to={"from": "days", "unit": "days"})
    np.testing.assert_allclose(
        load(registry, mapping=days).patients["entry_months"], np.array([730, 2191, 731, 184, 0]) / DAYS_PER_MONTH
    )
    weighted = load(registry, mapping=changed("columns", "sampling_weight", to="size_cm")).patients
    assert weighted["sampling_weight"].iloc[0] == 2.1


def test_two_level_columns_take_any_code(registry: Path) -> None:
    """Codes are compared as numbers where both are numbers: 1, 1.0 and "1" are one."""
    for codes in ([1], ["1"], [1.0], "1"):
        mapping = changed("columns", "endocrine", to={"from": "hormon", "yes": codes, "no": [0]})
        assert load(registry, mapping=mapping).patients["endocrine"].tolist() == ["yes", "no", "yes", "yes", "no"]


def writers() -> dict[str, Callable[[pd.DataFrame, Path], object]]:
    """Each format and how pandas writes it."""
    return {
        ".tsv": lambda f, p: f.to_csv(p, sep="\t", index=False),
        ".xlsx": lambda f, p: f.to_excel(p, index=False),
        ".parquet": lambda f, p: f.to_parquet(p),
        ".dta": lambda f, p: f.to_stata(p, write_index=False),
    }


@pytest.mark.parametrize("layout", ["patients.csv", "patients.parquet", "genes.tsv"])
def test_own_expression(registry: Path, layout: str) -> None:
    """An expression matrix of one's own, in either layout, answers for the rules on mRNA."""
    matrix = pd.DataFrame({"pid": ["p1", "p2", "p3", "p4", "px"], "SRC": [1.0, 2, 3, 4, 9], "PTEN": [4.0, 3, 2, 1, 9]})
    path = registry.parent / layout
    told = {"file": layout, "assay": "RNA-seq"}
    if layout == "genes.tsv":
        matrix.set_index("pid").T.rename_axis("Hugo_Symbol").to_csv(path, sep="\t")
    else:
        matrix.to_parquet(path) if layout.endswith("parquet") else matrix.to_csv(path, index=False)
        told["patient"] = "pid"
    cohort = tr.call(load(registry, mapping=MAPPING | {"expression": told}), "SRC", rule="mrna_high")
    call = cohort.marker("SRC")
    assert call.values.tolist() == ["unaltered", "unaltered", "altered", "altered", "not_assayed"]
    assert call.assay == "RNA-seq"
    assert tr.call(cohort, "PTEN", rule="mrna_low").marker("PTEN").counts()["altered"] == 2


@pytest.mark.parametrize(
    ("told", "content", "message"),
    [
        ({"patient": "pid"}, "", "expression: file is missing"),
        ({"file": "e.csv", "genes": "x"}, "", "expression: unknown key 'genes'"),
        ({"file": "nowhere.csv"}, "", "nowhere.csv does not exist"),
        ({"file": "e.csv", "patient": "id"}, "pid,SRC\np1,1\n", "e.csv: no column 'id' of patients"),
        ({"file": "e.csv", "patient": "pid"}, "pid,SRC\np1,1\np1,2\n", "patient p1 stands twice"),
        ({"file": "e.csv", "patient": "pid"}, "pid,SRC\np1,high\n", "Expression is numbers"),
        ({"file": "e.csv"}, "Hugo_Symbol\tx1\nSRC\t1\n", "no column is a patient of the cohort"),
    ],
)
def test_wrong_expression(registry: Path, told: dict, content: str, message: str) -> None:
    """What is wrong with a matrix is one sentence."""
    (registry.parent / "e.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        tr.call(load(registry, mapping=MAPPING | {"expression": told}), "SRC", rule="mrna_high")


@pytest.mark.parametrize("suffix", writers())
def test_formats(gbsg_file: Path, tmp_path: Path, suffix: str) -> None:
    """Numbers typed by the format, or text, come to the same patients: TSV, XLSX, Parquet and Stata as CSV."""
    frame = pd.read_csv(gbsg_file)
    writers()[suffix](frame, tmp_path / f"gbsg{suffix}")
    expected = load_custom(gbsg_file, GBSG_MAPPING)
    found = load(tmp_path / f"gbsg{suffix}", mapping=GBSG_MAPPING)
    pd.testing.assert_frame_equal(found.patients, expected.patients)


def test_sas(tmp_path: Path) -> None:
    """A SAS transport file written by hand (IBM floats) is read like the others."""
    path = tmp_path / "two.xpt"
    path.write_bytes(_transport({"PID": [1.0, 2.0], "DAYS": [100.0, 200.0], "DEAD": [1.0, 0.0]}))
    end = {"time": "DAYS", "unit": "days", "event": "DEAD", "event_values": [1], "censored_values": [0]}
    cohort = load(path, mapping={"columns": {"patient": "PID"}, "endpoints": {"OS": end}})
    assert cohort.patients["OS_event"].tolist() == [1, 0]
    np.testing.assert_allclose(cohort.patients["OS_months"] * DAYS_PER_MONTH, [100, 200], rtol=EXACT)


def _transport(columns: dict[str, list[float]]) -> bytes:
    """Write the SAS transport format (TS-140): 80-byte records, IBM doubles."""

    def record(text: str) -> bytes:
        return text.encode().ljust(80)

    def ibm(value: float) -> bytes:
        exponent = 64
        while value >= 1:
            value, exponent = value / 16, exponent + 1
        return bytes([exponent if value else 0]) + int(value * 2**56).to_bytes(7, "big")

    head = "HEADER RECORD*******{:8}HEADER RECORD!!!!!!!" + "0" * 30
    names = b"".join(
        (b"\0\1\0\0\0\x08" + (i + 1).to_bytes(2, "big") + name.encode().ljust(8) + b" " * 40 + b" " * 8 + b"\0" * 8
         + b" " * 8 + b"\0\0\0\0" + (8 * i).to_bytes(4, "big")).ljust(140, b"\0")
        for i, name in enumerate(columns)
    )  # fmt: skip
    rows = b"".join(ibm(value) for row in zip(*columns.values(), strict=True) for value in row)
    return b"".join([
        record(head.format("LIBRARY ")), record("SAS     SAS     SASLIB  9.4     LIN"), record("01JAN20:00:00:00"),
        record("HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!000000000000000001600000000140"),
        record(head.format("DSCRPTR ")), record("SAS     TWO     SASDATA 9.4     LIN"), record("01JAN20:00:00:00"),
        record(f"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!000000{len(columns):04d}00000000000000000000"),
        names.ljust(-(-len(names) // 80) * 80), record(head.format("OBS     ")), rows.ljust(-(-len(rows) // 80) * 80),
    ])  # fmt: skip


GBSG_MAPPING = {
    "name": "gbsg-again",
    "treatment_specificity": "tamoxifen_confirmed",
    "design": "partly_randomised",
    "columns": {
        "patient": "patient",
        "age": "age",
        "er": {"from": "estrg_recp", "positive": ">= 10"},
        "endocrine": {"from": "hormone", "no": [1], "yes": [2]},
        "nodes": "nodes",
    },
    "endpoints": {
        "RFS": {"time": "rectime", "unit": "days", "event": "censrec", "event_values": [1], "censored_values": [0]},
    },
}


def test_worked_example(gbsg_file: Path, tmp_path: Path) -> None:
    """The README's example: sketch a mapping, answer its questions, check, load, and get GBSG's published answer."""
    sketch = init_mapping(gbsg_file)
    assert "QUESTION: what do the values of hormone mean? 1, 2. Levels: no, yes" in sketch
    answered = sketch.replace(
        '# endocrine = { from = "hormone", yes = [1] }', 'endocrine = { from = "hormone", no = [1], yes = [2] }'
    )
    answered = answered.replace(
        '# menopause = { from = "menopause", post = [1] }', 'menopause = { from = "menopause", pre = [1], post = [2] }'
    )
    assert answered.count("event_values = []\ncompeting_values = []\ncensored_values = []") == 2, "codes are asked for"
    answered = answered.replace("event_values = []\ncompeting", "event_values = [1]\ncompeting")
    answered = answered.replace("censored_values = []", "censored_values = [0]")
    mapping = tmp_path / "gbsg.toml"
    mapping.write_text(answered, encoding="utf-8")
    assert check(gbsg_file, mapping).ok
    cohort = load(gbsg_file, mapping=mapping)
    pd.testing.assert_frame_equal(
        cohort.patients[["menopause", "er", "RFS_months", "RFS_event", "OS_months", "OS_event"]],
        tr.load("gbsg").patients[["menopause", "er", "RFS_months", "RFS_event", "OS_months", "OS_event"]],
    )
    [row] = tr.ask(cohort, tr.Question(endpoint="RFS", estimand="treatment_effect", er="any"))
    assert row.estimate == pytest.approx(GBSG_HR, abs=PRINTED)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("gbsg/gbsg.csv", {"endocrine": {"from": "hormon", "no": [0], "yes": [1]}}),
        ("rotterdam/rotterdam.csv", {"chemotherapy": {"from": "chemo", "no": [0], "yes": [1]}}),
        ("metabric/metabric_clinical_and_expression_data.csv", {"npi": "Nottingham_prognostic_index"}),
    ],
)
def test_sketches_of_real_files(shared: Path, file: str, expected: dict) -> None:
    """A sketch is TOML, understands what is plain, and loads once the codes of its endpoints are told."""
    path = shared / "cohorts" / file
    parsed = tomllib.loads(init_mapping(path))
    assert expected.items() <= parsed["columns"].items()
    for end in parsed["endpoints"].values():
        if not end["event_values"]:
            end |= {"event_values": [1], "censored_values": [0]}
    assert load(path, mapping=parsed).n == len(pd.read_csv(path))


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (
            ("endpoints", "RFI", "competing_values"),
            [],
            r"registry.csv, line 4, column status: '2' is a code that \[endpoints.RFI\] names neither",
        ),
        (("endpoints", "RFI", "evnt"), "x", r"mapping, endpoints.RFI: unknown key 'evnt'. Is it 'event'"),
        (("endpoints", "RFI", "unit"), "fortnights", "unit is 'fortnights'; use one of days, weeks, months, years"),
        (("endpoints", "RFI", "event_values"), None, "event_values is missing"),
        (("endpoints", "RFI", "censored_values"), [0, 1], "code '1' stands in event_values and in censored_values"),
        (("endpoints", "ORR"), {"time": "days"}, "endpoints.ORR: not a STEEP endpoint"),
        (("endpoints", "RFI", "time"), "dayz", "mapping, endpoints.RFI: registry.csv: no column 'dayz'. Is it 'days'"),
        (("endpoints", "RFI", "time"), "dx", "line 2, column dx: '2001-01-01' is a date where days are expected"),
        (("endpoints", "RFI", "time"), "smoker", "line 2, column smoker: 'never' is not a number"),
        (("endpoints", "RFI", "unit"), "months", "line 3, column days: '2191' is months of follow-up, more than"),
        (("endpoints", "RFI"), {"last_seen": "seen"}, "dates need the date of diagnosis"),
        (
            ("endpoints", "RFI"),
            {"last_seen": "dx", "diagnosis": "seen", "undated_events": "error"},
            "line 2, column dx: '2001-01-01' is before",
        ),
        (
            ("endpoints", "RFI"),
            {"last_seen": "seen", "diagnosis": "dx", "date_format": "%d.%m.%Y"},
            "not a date .* .now %d.%m.%Y.",
        ),
        (("endpoints",), None, "endpoints: there is none"),
        (("columns", "patient"), None, "columns: patient is missing"),
        (("columns", "patient"), "smoker", "line 4, column smoker: an identifier that stood before"),
        (("columns", "er"), "er_fmol", "line 2, column er_fmol: '12' is in no level of the mapping"),
        (
            ("columns", "endocrine"),
            {"from": "hormon", "yes": [1]},
            "line 3, column hormon: '0' is in no level of .* .yes: 1.",
        ),
        (
            ("columns", "endocrine"),
            {"from": "hormon", "tamoxifen": [1], "no": [0]},
            "unknown level 'tamoxifen'. Use no",
        ),
        (("columns", "er"), {"from": "er_fmol", "positive": ">= 10", "negative": "< 20"}, "er_fmol: '12' is in two"),
        (("columns", "age"), {"from": "smoker"}, "line 2, column smoker: 'never' is not a number"),
        (("columns", "age"), {"from": "age", "scale": "10"}, "columns.age: scale is '10'; it is a number"),
        (("markers", "HER2", "unaltered"), ["0"], "line 6, column her2_ihc: '1.' is in no level of the mapping"),
        (("markers", "HER2", "unaltered"), None, "markers.HER2: unaltered is missing"),
        (("treatment_specificity",), "tamoxifen", "treatment_specificity is 'tamoxifen'; use one of tamoxifen_co"),
        (("colums",), {}, "top level: unknown key 'colums'. Is it 'columns'"),
    ],
)
def test_wrong_mappings(registry: Path, path: tuple[str, ...], to: object, message: str) -> None:
    """What is wrong with a mapping, or with the file under it, is one sentence that says where and what to do."""
    with pytest.raises(DataError, match=message) as raised:
        load(registry, mapping=changed(*path, to=to))
    _, *others = str(raised.value).splitlines()
    assert all(line.startswith(f"- {registry.name}, line ") for line in others), "a sentence a cell"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (REGISTRY + "p6,50,1", "line 7: 3 cells under 13 columns. The file is truncated or altered"),
        (REGISTRY.replace("p2", "p1"), r"line 3, column pid: an identifier that stood before \('p1'\)"),
        (REGISTRY.replace("p2,", ","), "line 3, column pid: no identifier"),
        (REGISTRY.replace("2191", "-5"), "line 3, column days: '-5' is a negative time"),
        (REGISTRY.replace(",730,1", ",,1"), "line 2, column status: '1' is an event without a time"),
        (REGISTRY.replace("age", "pid", 1), "line 1: column 'pid' stands twice|no column 'age'"),
        ("", "holds no rows under a header"),
    ],
)
def test_wrong_files(tmp_path: Path, content: str, message: str) -> None:
    """Another delimiter, a truncated line, repeated patients, impossible times: one sentence with file and line."""
    path = tmp_path / "registry.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message) as raised:
        load(path, mapping=MAPPING | {"undated_events": "error"})
    assert "\n" not in str(raised.value), "one sentence"


def test_other_separators_and_encodings(tmp_path: Path) -> None:
    """Separator and encoding of a European export are detected; a mapping that names another encoding is told."""
    path = tmp_path / "registry.csv"
    path.write_bytes(REGISTRY.replace(",", ";").replace("never", "früher").encode("latin-1"))
    mapping = MAPPING | {"separator": ";"}
    with pytest.raises(DataError, match="not utf-8 text"):
        load(path, mapping=mapping | {"encoding": "utf-8"})
    assert load(path, mapping=MAPPING).patients["smoker"].iloc[0] == "früher"
    assert load(path, mapping=mapping | {"encoding": "latin-1"}).patients["smoker"].iloc[0] == "früher"


@pytest.mark.parametrize(
    ("name", "mapping", "error", "message"),
    [
        ("nowhere.csv", MAPPING, DataError, "nowhere.csv does not exist"),
        ("registry.csv", None, QuestionError, r"needs a mapping \(--mapping\). Begin one with: tamoxres init-mapping"),
        ("gbsg", MAPPING, QuestionError, "gbsg is a cohort of the catalogue"),
        ("registry.doc", MAPPING, DataError, "unknown format '.doc'"),
        ("registry.csv", "nowhere.toml", DataError, "nowhere.toml does not exist. Make one: tamoxres init-mapping"),
    ],
)
def test_what_cannot_be_opened(
    registry: Path, monkeypatch: pytest.MonkeyPatch, name: str, mapping: object, error: type[Exception], message: str
) -> None:
    """A missing file or mapping, or a mapping where none belongs, is said at once."""
    monkeypatch.chdir(registry.parent)
    (registry.parent / "registry.doc").write_text("x")
    with pytest.raises(error, match=message):
        load(name, mapping=mapping)


def test_broken_toml(registry: Path, tmp_path: Path) -> None:
    """A mapping that is not TOML is refused with its line."""
    path = tmp_path / "broken.toml"
    path.write_text("name = my registry\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"broken.toml is not TOML: .*line 1"):
        load(registry, mapping=path)


def test_check_lists_everything(tmp_path: Path) -> None:
    """A check tells all faults at once, and how often each column is unknown."""
    path = tmp_path / "registry.csv"
    path.write_text(
        REGISTRY.replace(",730,1", ",730,9").replace("p2,55", "p2,550").replace("3+", "4+"), encoding="utf-8"
    )
    report = check(path, MAPPING)
    assert not report.ok
    assert len(report.violations) == 3
    assert "line 2, column status: '9' is a code that" in str(report.violations[0])
    assert "line 2, column her2_ihc: '4+' is in no level" in str(report.violations[1])
    assert "column age: 1 value(s) outside the codebook (15 to 110), the first at patient 'p2': 550" in str(
        report.violations[2]
    )
    assert {row["column"]: row["unknown"] for row in report.rows()}["er"] == 1
    assert str(report).startswith("registry.csv: 5 patients, 3 violation(s).\nwrong: ")


def test_check_of_missing_columns(registry: Path) -> None:
    """Every column that the mapping names and the file lacks is listed."""
    mapping = changed("columns", "age", to="agee")
    mapping["endpoints"]["RFI"]["event"] = "state"
    report = check(registry, mapping)
    assert [violation.what.partition(":")[0] for violation in report.violations] == [
        "mapping, columns.age",
        "mapping, endpoints.RFI",
    ]


@pytest.mark.parametrize(
    ("replace", "question"),
    [
        ({"730": "7", "2191": "21", "731": "8", "184": "2"}, "longest follow-up for RFI is 0.7 months .0.1 years"),
        ({"2.1": "0.21", "1.0": "0.1", "3.5": "0.3", "0.8": "0.1"}, "The median of size_mm is 1.55. Is size in mm"),
        ({"3+": "0"}, "HER2 has 0 altered and 3 unaltered patients"),
    ],
)
def test_check_questions_the_implausible(tmp_path: Path, replace: dict[str, str], question: str) -> None:
    """Days where months are meant, centimetres for millimetres, a marker with one level: asked, not refused."""
    text = REGISTRY
    for old, new in replace.items():
        text = text.replace(old, new)
    path = tmp_path / "registry.csv"
    path.write_text(text, encoding="utf-8")
    report = check(path, MAPPING)
    assert report.ok
    assert any(pd.Series([asked]).str.contains(question).all() for asked in report.questions), report.questions


def test_check_of_catalogue_cohorts(tmp_path: Path) -> None:
    """The embedded cohorts have no violation; a spoiled file has one, and nothing is raised."""
    for name in ("metabric", "rotterdam", "gbsg"):
        report = check(name)
        assert report.ok, report
        assert {row["column"]: row["unknown"] for row in check("metabric").rows()}["endocrine"] == 529
    (tmp_path / "metabric").mkdir()
    (tmp_path / "metabric" / "data_clinical_patient.txt").write_text("PATIENT_ID\tAGE\nx\t1\n")
    report = check("metabric", data_dir=tmp_path)
    assert (report.ok, report.patients) == (False, 0)


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package adds a cohort by the entry point tamoxres.cohorts."""
    point = type("Point", (), {"name": "elsewhere", "load": staticmethod(lambda: lambda data_dir=None: load("gbsg"))})
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point] if group == "tamoxres.cohorts" else [])
    assert load("elsewhere").n == 686
    with pytest.raises(QuestionError, match="Use one of .*elsewhere, gbsg, "):
        load("nowhere")
