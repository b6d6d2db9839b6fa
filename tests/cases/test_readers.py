"""Files of public bug reports (`../shared/cases`): each is read as its README says is right, or refused by name."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.cohorts.check import check
from tamoxres.cohorts.rdata import read_rda
from tamoxres.cohorts.readers.options import FileOptions
from tamoxres.cohorts.readers.tables import read_table
from tamoxres.cohorts.sketch import init_mapping
from tamoxres.errors import DataError
from tamoxres.scan.matrix import open_expression

# R 4.2.2, survival 3.5-3: coxph(Surv(os_months, dead) ~ her2 + age) on registry.csv; HR 1.81 (1.31-2.51)
REGISTRY = (0.59380591, 0.16585883)  # log hazard ratio of her2, and its standard error
# Dates are whole days where months have two decimals, which moves both by less than 0.002.
TOLERANCE, BY_DATES = 1e-6, 0.003


@pytest.fixture
def cases(shared: Path) -> Path:
    """The folder of cases."""
    return shared / "cases"


def mapping(cases: Path, name: str, **keys: object) -> dict:
    """A case's mapping, with further keys."""
    return tomllib.loads((cases / name).read_text(encoding="utf-8")) | keys


@pytest.mark.parametrize(
    ("file", "rules", "keys"),
    [
        ("registry.csv", "registry.toml", {}),
        ("comma.csv", "registry_semicolon.toml", {}),
        ("comma.csv", "registry.toml", {}),
        ("comma.csv", "registry.toml", {"separator": ";", "decimal": ",", "encoding": "utf-8"}),
        ("dates_mixed.xlsx", "registry_dates.toml", {"date_format": "%d.%m.%Y"}),
        ("dates5.xpt", "registry_dates.toml", {}),
        ("l15.xpt", "registry_xpt.toml", {}),
        ("l15.xpt", "registry_xpt_latin1.toml", {}),
        ("plain.xpt", "registry.toml", {}),
        ("title.xlsx", "registry.toml", {"header_row": 3, "footer_rows": 1}),
        ("title.xlsx", "registry.toml", {"footer_rows": 1}),
    ],
)
def test_one_registry_in_many_forms(cases: Path, file: str, rules: str, keys: dict) -> None:
    """Decimal commas, typed and text dates, SAS of both versions and Latin-1, titles and totals: R's one answer."""
    cohort = tr.load(cases / file, mapping=mapping(cases, rules, **keys))
    assert cohort.n == 240
    analysis = tr.select(tr.call(cohort, "HER2"), marker="HER2", endpoint=tr.OS, er="any", treatment="any")
    effect = tr.cox(analysis, adjust=["age"]).effect
    assert int(cohort.patients["OS_event"].sum()) == 154
    np.testing.assert_allclose(
        [effect.log_estimate, effect.se], REGISTRY, atol=BY_DATES if "dates" in file else TOLERANCE
    )


def test_what_was_detected_is_said(cases: Path) -> None:
    """Separator, encoding, decimal mark and header row stand in what the reader returns."""
    assert str(read_table(cases / "comma.csv").options) == "separator semicolon, encoding utf-8, decimal comma"
    assert "header in row 5" in str(read_table(cases / "cbioportal_patients.txt").options)
    titled = read_table(cases / "title.xlsx")
    assert titled.options.header_row == 3
    assert titled.totals == 1
    assert any("footer_rows = 1" in remark for remark in titled.remarks)
    assert any("cp1252" in remark for remark in read_table(cases / "l15.xpt").remarks)
    mixed = read_table(cases / "dates_mixed.xlsx", FileOptions(date_format="%d.%m.%Y"))
    assert mixed.table.frame["last"].str.fullmatch(r"\d\d\.\d\d\.\d{4}").all()
    assert any("120 typed dates, and 120 written as text" in remark for remark in mixed.remarks)


def test_accents_survive(cases: Path) -> None:
    """Latin-1 in a transport file keeps its letters; an encoding that is wrong is one sentence."""
    for options in (FileOptions(), FileOptions(encoding="latin-1")):
        hospitals = set(read_table(cases / "l15.xpt", options).table.frame["hosp"])
        assert {"Malmö", "Universitätsklinik"} <= hospitals
    with pytest.raises(DataError, match="l15.xpt cannot be read as a SAS transport file .* say encoding"):
        read_table(cases / "l15.xpt", FileOptions(encoding="utf-8"))


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("stray_quote.csv", r"stray_quote.csv, line 62: a stray quote .the next one is in line 132"),
        ("expr_carriage_return.tsv", "expr_carriage_return.tsv, line 3: a carriage return within a line"),
    ],
)
def test_rows_are_never_swallowed(cases: Path, file: str, message: str) -> None:
    """A stray quote or carriage return is refused by its line."""
    with pytest.raises(DataError, match=message):
        read_table(cases / file)


@pytest.mark.parametrize("number", ["31e4009688093", "1e4294967296"])
def test_an_exponent_is_no_number(cases: Path, tmp_path: Path, number: str) -> None:
    """What crashes one parser and wraps round to 1.0 in it is text, by line and column."""
    path = tmp_path / "huge.csv"
    path.write_text((cases / "huge_exponent.csv").read_text().replace("31e4009688093", number))
    with pytest.raises(DataError, match=f"huge.csv, line 3, column t: '{number}' is not a number"):
        tr.load(path, mapping=mapping(cases, "registry_simple.toml"))


def test_altrep(cases: Path) -> None:
    """Sequences, deferred texts and wrapped vectors of R 3.5 and later hold their values."""
    whole = read_rda(cases / "int.RData")["a"]
    assert whole["pid"].tolist() == [1, 2, 3, 4, 5]
    assert whole["v"].tolist() == [1, 2, 3, 4, 5]
    assert read_rda(cases / "def.RData")["b"]["ch"].tolist() == ["1", "2", "3", "4", "5"]
    assert read_rda(cases / "wrap.RData")["d"]["v"].tolist() == [1.2, 2.2, 3.5]
    assert read_table(cases / "int.RData").table.frame["pid"].tolist() == ["1", "2", "3", "4", "5"]


def test_expression(cases: Path) -> None:
    """A gene on two rows and a broken line are refused, each by its line."""
    with pytest.raises(DataError, match="line 10: gene 'ERBB2' stands in line 2 too"):
        open_expression(cases / "expr_duplicate_gene.tsv")
    with pytest.raises(DataError, match="line 3: a carriage return within a line"):
        open_expression(cases / "expr_carriage_return.tsv")


def sketched(path: Path) -> dict:
    """The mapping that is sketched for a file."""
    return tomllib.loads(init_mapping(path))


def pairs(found: dict) -> list[tuple[str, str]]:
    """Time and event of each endpoint."""
    return [(end["time"], end["event"]) for end in found["endpoints"].values()]


def test_times_and_events_of_one_stem(cases: Path) -> None:
    """CBioPortal puts the status before the months: names tell which belong together, each endpoint once."""
    stems = ("OS", "DSS", "DFS", "PFS")
    assert pairs(sketched(cases / "pan_can_order.txt")) == [(f"{name}_MONTHS", f"{name}_STATUS") for name in stems]
    found = sketched(cases / "pan_can_order.txt")["endpoints"]
    assert list(found)[:3] == ["OS", "BCSS", "RFS"]
    assert {end["unit"] for end in found.values()} == {"months"}
    assert found["BCSS"]["censored_values"] == [], "alive or dead is not alive"


def test_words_for_unknown(cases: Path) -> None:
    """MISSING among months and [Not Available] are proposed as missing, and the endpoints are recognised."""
    found = sketched(cases / "word_in_time.txt")
    assert found["missing"] == ["MISSING"]
    assert pairs(found) == [("OS_MONTHS", "OS_STATUS"), ("DFS_MONTHS", "DFS_STATUS")]
    found = sketched(cases / "cbioportal_patients.txt")
    assert found["missing"] == ["[Not Available]"]
    assert list(found["endpoints"]) == ["OS", "RFS"]
    assert found["endpoints"]["OS"]["event_values"] == ["1:DECEASED"]


def test_a_status_code_is_asked_for(cases: Path) -> None:
    """What 1 means in a column called censored, or dead, is never filled in."""
    for file in ("censored.csv", "registry.csv"):
        [end] = sketched(cases / file)["endpoints"].values()
        assert (end["event_values"], end["censored_values"]) == ([], [])
        assert "QUESTION: what do these codes" in init_mapping(cases / file)
    titled = sketched(cases / "title.xlsx")
    assert (titled["header_row"], titled["footer_rows"]) == (3, 1)
    assert sketched(cases / "sentinel_999.csv")["columns"]["er"]["missing"] == [999]
    assert sketched(cases / "dates_mixed.xlsx")["date_format"] == "%d.%m.%Y | %Y-%m-%d"


def test_check_names_sentinels(cases: Path) -> None:
    """999 among measurements is named for each column that a comparison reads, until the mapping lists it."""
    rules = mapping(cases, "sentinel_999.toml")
    codes = check(cases / "sentinel_999.csv", rules).codes
    assert [(code.column, code.code, code.count) for code in codes] == [("er_fmol", "999", 45), ("hscore", "999", 37)]
    assert (codes[0].low, codes[0].high) == (0, 160)
    assert check(cases / "sentinel_999.csv", rules | {"missing": [999]}).codes == ()


def test_check_names_a_number_that_became_text(cases: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """One `>90` among 240 numbers is named with its line, and the command says it."""
    report = check(cases / "tens_stray.csv", mapping(cases, "registry.toml"))
    [facts] = [column for column in report.columns if column.column == "ki67"]
    assert (facts.kind, facts.numbers, facts.known, facts.stray, facts.place) == ("text", 239, 240, ">90", "line 13")
    code, out, err = run("check", cases / "tens_stray.csv", "--mapping", cases / "registry.toml")
    assert code == 0
    assert "ki67 is text, 239 of 240 are numbers" in " ".join((out + err).split())


def test_check_names_contradictions(cases: Path) -> None:
    """Dead of the disease by one endpoint and alive by another: 20 patients, the first by name."""
    report = check(cases / "inconsistent_status.csv", cases / "inconsistent_status.toml")
    [found] = [one for one in report.contradictions if (one.first, one.second) == ("BCSS", "OS")]
    assert (found.patients, found.example) == (20, "P000")
    assert "20 patient(s) died of breast cancer by BCSS and are alive by OS, the first 'P000'." in str(report)
    assert check(cases / "registry.csv", cases / "registry.toml").contradictions == ()
    assert json.loads(json.dumps(report.to_dict()))["contradictions"][0]["patients"] == 20
