"""Endpoints of a user's mapping: events without a date, components of general endpoints, faults listed at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.check import check
from tamoxres.errors import BadCells, DataError
from tamoxres.files.toml import read_toml

REGISTRY = """\
pid,t,status,dead,t_dead,dx,relapse,died,seen
p1,10,1,1,20,2001-01-01,2001-11-01,2002-09-01,2002-09-01
p2,,1,0,30,2001-01-01,,,2003-07-01
p3,-3,0,0,30,2001-01-01,2000-06-01,,2003-07-01
p4,,0,0,30,2001-01-01,,,2003-07-01
p5,12,0,1,,2001-01-01,,,2003-07-01
p6,30,0,0,30,2001-01-01,,,2000-01-01
"""
TIMES = {"time": "t", "unit": "months", "event": "status", "event_values": [1], "censored_values": [0]}
DEATHS = {"from": "dead", "values": [1], "other_values": [0], "time": "t_dead"}
OS = {"time": "t_dead", "unit": "months", "event": "dead", "event_values": [1], "censored_values": [0]}


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry in which every way to lose an event's date stands."""
    path = tmp_path / "registry.csv"
    path.write_text(REGISTRY, encoding="utf-8")
    return path


def rules(*, top: dict[str, Any] | None = None, **endpoints: dict[str, Any]) -> dict[str, Any]:
    """A mapping with these endpoints."""
    return {"name": "r", "columns": {"patient": "pid"}, "endpoints": endpoints} | (top or {})


def test_an_event_without_a_time_is_unknown_for_that_endpoint_only(registry: Path) -> None:
    """No time, a negative time, a death nobody dated: unknown by that endpoint, known by the other, and counted."""
    cohort = load(registry, mapping=rules(OS=OS, RFI=TIMES | {"deaths": [DEATHS]}))
    assert {code: list(patients) for code, patients in cohort.undated.items()} == {
        "OS": ["p5"],
        "RFI": ["p2", "p3", "p5"],
    }
    assert cohort.patients["RFI_event"].isna().tolist() == [False, True, True, True, True, False]
    assert cohort.patients["OS_event"].isna().tolist() == [False, False, False, False, True, False]
    assert np.isnan(cohort.patients.loc["p3", "RFI_months"]), "a negative time is none"
    flow = tr.select(cohort, endpoint="RFI", er="any", treatment="any").flow
    assert [step.why for step in flow if "RFI" in step.name] == ["RFI event undated or time negative 3, RFI unknown 1"]


def test_dates_of_events_that_are_not_known(registry: Path) -> None:
    """By dates: an event before the diagnosis, and who was last seen before it, are unknown and counted."""
    ends = {"diagnosis": "dx", "date": "relapse", "last_seen": "seen"}
    cohort = load(registry, mapping=rules(RFI=ends))
    assert list(cohort.undated["RFI"]) == ["p3", "p6"]
    assert cohort.patients["RFI_event"].tolist()[:2] == [1, 0]
    with pytest.raises(DataError, match="registry.csv, line 4, column seen: '2003-07-01' is before the diagnosis"):
        load(registry, mapping=rules(RFI=ends, top={"undated_events": "error"}))


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (TIMES, "registry.csv, line 4, column t: '-3' is a negative time"),
        (OS, "registry.csv, line 6, column dead: '1' is an event without a time. Give its time, or set undated_events"),
    ],
)
def test_undated_events_may_be_an_error(registry: Path, endpoint: dict[str, Any], message: str) -> None:
    """At the top or in one endpoint, the mapping makes them an error that names the cell."""
    for mapping in (
        rules(RFS=endpoint, top={"undated_events": "error"}),
        rules(RFS=endpoint | {"undated_events": "error"}),
    ):
        with pytest.raises(DataError, match=message):
            load(registry, mapping=mapping)
    assert load(registry, mapping=rules(RFS=endpoint)).n == 6


def test_check_counts_the_undated(registry: Path) -> None:
    """Each endpoint's are one finding with fields; nothing is a violation."""
    report = check(registry, rules(OS=OS, RFS=TIMES))
    assert report.ok
    assert [(one.endpoint, one.patients, one.example) for one in report.undated] == [("OS", 1, "p5"), ("RFS", 2, "p2")]
    assert "2 patient(s) with an undated event or a negative time are unknown by RFS, the first 'p2'" in str(report)


def test_cbioportal_patients(shared: Path) -> None:
    """Events without a time in one endpoint leave the other whole: R's n, events and log limits."""
    folder = shared / "cases"
    mapping = read_toml(folder / "cbioportal_patients.toml")
    cohort = load(folder / "cbioportal_patients.txt", mapping=mapping)
    analysis = tr.select(cohort, endpoint="OS", er="any", treatment="any")
    assert (analysis.n, analysis.events) == (808, 87)
    assert len(cohort.undated["RFS"]) == 57
    assert "OS" not in cohort.undated
    # R 4.2.2, survival 3.5-3: survfit(Surv(t, e) ~ 1, conf.type = "log") at 12, 60, 120 months
    curve = tr.kaplan_meier(analysis, by=None, transform="log").at([12, 60, 120])
    assert curve["survival"].round(3).tolist() == [0.986, 0.807, 0.459]
    assert curve["ci_low"].round(3).tolist() == [0.976, 0.756, 0.363]
    assert curve["ci_high"].round(3).tolist() == [0.996, 0.862, 0.582]
    report = check(folder / "cbioportal_patients.txt", mapping)
    assert report.ok
    assert [(one.endpoint, one.patients) for one in report.undated] == [("RFS", 57)]
    with pytest.raises(DataError, match=r"column DFS_STATUS: '1:Recurred/Progressed' is an event without a time"):
        load(folder / "cbioportal_patients.txt", mapping=mapping | {"undated_events": "error"})


def test_faults_are_listed_at_once(tmp_path: Path) -> None:
    """The first 20 cells, each with file, row, column, value and what to do; then how many more there are."""
    path = tmp_path / "registry.csv"
    rows = [f"p{i},{'x' if i < 25 else i},{9 if i < 3 else 0},{i}" for i in range(60)]
    path.write_text("\n".join(["pid,t,status,age", *rows]), encoding="utf-8")
    report = check(path, rules(OS=TIMES, RFS=TIMES | {"time": "age"}))
    assert [one.row for one in report.violations] == [2, 3, 4, 2, 3, 4], "codes before times; each endpoint on its own"
    first = report.violations[0]
    assert (first.file, first.column, first.value) == ("registry.csv", "status", "9")
    assert first.mend.startswith("Name it in event_values")
    report = check(path, rules(OS=TIMES | {"censored_values": [0, 9]}))
    assert len(report.violations) == 20
    assert report.unlisted == 5
    assert str(report).startswith("registry.csv: 60 patients, 25 violation(s).\nwrong: registry.csv, line 2, column t")
    assert "\nwrong: And 5 more.\n" in str(report)
    with pytest.raises(BadCells, match=r"'x' is not a number \(24 more rows\)") as raised:
        load(path, mapping=rules(OS=TIMES | {"censored_values": [0, 9]}))
    assert (raised.value.count, len(raised.value.cells), raised.value.row) == (25, 20, 2)


GENERAL = """
[columns]
patient = "pid"
[endpoints.DFS]
time = "t"
unit = "months"
event = "status"
event_values = [1]
competing_values = [0]
components = ["distant recurrence", "death from breast cancer"]
competing = ["death from another or unknown cause"]
"""


def test_a_general_endpoint_has_its_own_components(registry: Path) -> None:
    """DFS is what the registry says it is: its events, and the deaths that compete."""
    cohort = load(registry, mapping=tomllib.loads(GENERAL))
    [end] = cohort.endpoints
    assert (end.code, end.name) == ("DFS", "disease-free survival")
    assert end.events == ("distant recurrence", "death from breast cancer")
    assert end.competing == ("death from another or unknown cause",)
    assert cohort.patients["DFS_event"].tolist()[4:] == [2, 2]
    analysis = tr.select(cohort, endpoint="DFS", er="any", treatment="any")
    assert analysis.endpoint == end
    assert check(registry, tomllib.loads(GENERAL)).ok


def test_arms_by_name(tmp_path: Path) -> None:
    """A column of treatments by name is the arm that a question compares."""
    path = tmp_path / "trial.csv"
    path.write_text(
        "pid,rx,t,status\n" + "".join(f"p{i},{'AB'[i % 2]},{i + 1},{i % 3 % 2}\n" for i in range(12)), "utf-8"
    )
    mapping = rules(OS=TIMES)
    mapping["columns"]["arm"] = "rx"
    analysis = tr.select(load(path, mapping=mapping), endpoint="OS", er="any", treatment=("A", "B"))
    assert analysis.frame["treatment"].value_counts().tolist() == [6, 6]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('components = ["distant recurrence", "death from breast cancer"]', "", "DFS: components is missing: studies"),
        ('competing = ["death from another or unknown cause"]', "", "DFS: competing is missing. Say which deaths"),
        ("endpoints.DFS", "endpoints.RFI", "components and competing of RFI are fixed by STEEP"),
        ("endpoints.DFS", "endpoints.ORR", "name one that studies define .* DFS, EFS, PFS, TTP, TTF"),
    ],
)
def test_components_that_cannot_be(registry: Path, old: str, new: str, message: str) -> None:
    """A general endpoint declares what ends it and what competes; a STEEP one may not."""
    with pytest.raises(DataError, match=message):
        load(registry, mapping=tomllib.loads(GENERAL.replace(old, new)))
