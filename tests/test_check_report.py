"""A check as the registry analyst's report: what is wrong cell by cell, the unknown by arm, follow-up, small cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cohorts.check_counts import by_arm, by_diagnosis, by_year, cells
from tamoxres.cohorts.check_page import WRONG
from tamoxres.endpoints import BCSS, OS

MAPPING = """
[columns]
patient = "pid"
age = "age"
er = { from = "er", positive = ["pos"], negative = ["neg"] }
endocrine = { from = "tam", yes = ["yes"], no = ["no"] }
diagnosis_year = "year"
[markers.HER2]
from = "her2"
altered = ["3+"]
unaltered = ["0"]
[endpoints.OS]
time = "months"
unit = "months"
event = "status"
event_values = ["dead"]
censored_values = ["alive"]
"""


@pytest.fixture
def registry(tmp_path: Path) -> tuple[Path, Path]:
    """Write forty patients; ER is unknown in the untreated alone, one HER2 cell has two events."""
    rows = ["pid,age,er,tam,year,her2,months,status"]
    for i in range(40):
        tam = "yes" if i % 2 else "no"
        er = "" if tam == "no" and i < 12 else "pos"
        her2 = "3+" if i % 4 < 2 and i < 12 else "0"
        rows.append(
            f"p{i:02d},{50 + i},{er},{tam},{2000 + i % 3},{her2},{6 * (i + 1)},{'dead' if i % 3 == 0 else 'alive'}"
        )
    file, mapping = tmp_path / "r.csv", tmp_path / "m.toml"
    file.write_text("\n".join(rows) + "\n")
    mapping.write_text(MAPPING)
    return file, mapping


def frame(**columns: Any) -> pd.DataFrame:
    """Make harmonised patients."""
    return pd.DataFrame(columns)


def test_follow_up_by_year() -> None:
    """At 12 months a patient has lived through the first year; who is at risk, and how the others left, adds up."""
    patients = frame(BCSS_months=[0.0, 12, 12.1, 30, 30, np.nan], BCSS_event=[0.0, 1, 2, 1, 0, 1])
    years = by_year(patients, [OS, BCSS])
    assert [(y.year, y.at_risk, y.events, y.competing, y.censored) for y in years] == [
        (1, 5, 1, 0, 1), (2, 3, 0, 1, 0), (3, 2, 1, 0, 1),
    ]  # fmt: skip
    assert {y.endpoint for y in years} == {"BCSS"}
    long = by_year(frame(OS_months=[500.0], OS_event=[0.0]), [OS])
    assert (long[-1].year, long[-1].censored, len(long)) == (30, 1, 30)


def test_by_year_of_diagnosis() -> None:
    """Patients, events and the median follow-up of those without one, by calendar year."""
    patients = frame(diagnosis_year=[2001.0, 2001, 2002], OS_months=[10.0, 20, 30], OS_event=[1.0, 0, 1])
    found = [(one.year, one.patients, one.events, one.median_months) for one in by_diagnosis(patients, [OS])]
    assert found == [(2001, 2, 1, 20.0), (2002, 1, 1, None)]
    assert by_diagnosis(patients[["OS_months", "OS_event"]], [OS]) == ()


def test_the_unknown_by_arm() -> None:
    """Shares in treated and untreated; apart above 5 points; nothing where there is one arm."""
    patients = frame(endocrine=["yes"] * 20 + ["no"] * 20, er=[None] + ["positive"] * 35 + [None] * 4, age=[50.0] * 40)
    [er] = by_arm(patients, ())
    assert (er.column, er.treated_unknown, er.untreated_unknown, er.shares, er.apart) == ("er", 1, 4, (0.05, 0.2), True)
    assert by_arm(patients[:20], ()) == ()
    assert by_arm(patients[["er"]], ()) == ()


def test_cells_of_marker_and_treatment(registry: tuple[Path, Path]) -> None:
    """Patients and events of each cell are those of the frame; fewer than ten events are marked."""
    cohort = tr.load(registry[0], mapping=registry[1])
    patients, call = cohort.patients, cohort.marker("HER2")
    found = cells(patients, cohort.endpoints, cohort.markers)
    assert [(one.level, one.arm) for one in found] == [
        (level, arm) for level in ("altered", "unaltered") for arm in ("yes", "no")
    ]
    for one in found:
        here = (call.values == one.level) & (patients["endocrine"] == one.arm)
        assert (one.patients, one.events) == (int(here.sum()), int((patients["OS_event"][here] == 1).sum()))
        assert one.small == (one.events < 10)
    untreated = cells(patients.drop(columns="endocrine"), cohort.endpoints, cohort.markers)
    assert [one.arm for one in untreated] == ["", ""]


def test_the_report_as_text_html_and_json(registry: tuple[Path, Path], tmp_path: Path, run: Any) -> None:
    """One finding set in three forms: the terminal's tables, a page that needs nothing else, and every field."""
    asked = ("check", registry[0], "--mapping", registry[1])
    code, out, err = run(*asked)
    assert (code, err) == (0, "")
    for words in ("Unknown, by column", "Columns of the file", "Marker and treatment", "Follow-up by year, OS",
                  "By year of diagnosis, OS", "5 points apart between the arms: er", "r.csv passes"):  # fmt: skip
        assert words in out
    page, data = tmp_path / "check.html", tmp_path / "check.json"
    assert run(*asked, "-o", page)[0] == run(*asked, "-o", data)[0] == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "Check of r.csv" in text
    assert "<script" not in text
    assert "http" not in text.replace('http-equiv="', "")
    told = json.loads(data.read_text())
    assert told["ok"] is True
    assert told["by_arm"][0]["column"] == "er"
    assert {one["kind"] for one in told["columns"]} == {"number", "text"}
    code, out, _ = run(*asked, "--format", "json")
    assert json.loads(out) == told


def test_what_is_wrong_is_told_cell_by_cell(registry: tuple[Path, Path], tmp_path: Path, run: Any) -> None:
    """File, line, column, value and what to do of the first twenty; the page is written, the exit is 2."""
    file, mapping = registry
    lines = file.read_text().replace(",dead", ",<b>gone</b>").replace("p03,53", "p03,>53")
    file.write_text(lines)
    page = tmp_path / "check.html"
    code, _, err = run("check", file, "--mapping", mapping, "-o", page)
    assert code == 2
    assert "r.csv, line 5, column age: '>53' is not a number." in err
    found = tr.check(file, mapping)
    [wrong] = [table for table in found.tables() if table.title == WRONG]
    first = [cell.text for cell in wrong.rows[0].cells]
    assert first[:4] == ["r.csv", "5", "age", ">53"]
    assert first[4] == "'>53' is not a number."
    assert first[5].startswith("Name it in the mapping")
    assert {row.cells[3].text for row in wrong.rows[1:]} == {"<b>gone</b>"}
    assert len(wrong.rows) == 15
    text = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;gone&lt;/b&gt;" in text
    assert "<b>gone" not in text
    assert "age is text, 39 of 40 are numbers; the first other is" in str(found)
    [columns] = [table for table in found.tables() if table.title == "Columns of the file"]
    assert columns.footnotes == ("Numbers that became text because of a few cells: age.",)


def test_more_than_twenty_are_counted(tmp_path: Path) -> None:
    """Twenty cells are listed, the others are a number."""
    rows = ["pid,months,status", *(f"p{i},{i + 1},odd" for i in range(33))]
    file = tmp_path / "r.csv"
    file.write_text("\n".join(rows) + "\n")
    mapping = {
        "columns": {"patient": "pid"},
        "endpoints": {"OS": {"time": "months", "unit": "months", "event": "status", "event_values": ["dead"]}},
    }
    found = tr.check(file, mapping)
    [wrong] = [table for table in found.tables() if table.title == WRONG]
    assert len(wrong.rows) == 20
    assert wrong.footnotes == ("And 13 more.",)
    assert found.wrong()[-1] == "And 13 more."


def test_a_cohort_of_the_catalogue_has_the_same_report() -> None:
    """Follow-up by year and the unknown by arm of METABRIC."""
    found = tr.check("metabric")
    assert found.follow_up[0].at_risk == int(tr.load("metabric").patients["BCSS_event"].notna().sum())
    assert {one.column for one in found.by_arm} >= {"er", "pam50"}
    assert "Follow-up by year, BCSS" in [table.title for table in found.tables()]
