"""Several faults of one file are told at once: the first 20 with their places, and how many more there are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.errors import BadCell, DataError, Faults, refuse_faults

MAPPING = {
    "columns": {"patient": "pid", "age": "age", "er": {"from": "er", "positive": ["1"], "negative": ["0"]}},
    "markers": {"HER2": {"from": "ihc", "altered": ["3+"], "unaltered": ["0"]}},
    "endpoints": {"OS": {"time": "t", "unit": "months", "event": "e", "event_values": [1], "censored_values": [0]}},
}


def frame(wrong: int = 0) -> pd.DataFrame:
    """Return 40 patients; the first `wrong` of them have an age that is none."""
    n = 40
    ages = ["old"] * wrong + ["50"] * (n - wrong)
    return pd.DataFrame(
        {"pid": range(n), "age": ages, "er": ["1", "0"] * 20, "ihc": ["0", "3+"] * 20, "t": ["9"] * n,
         "e": ["1", "0"] * 20}
    )  # fmt: skip


def told(data: pd.DataFrame, mapping: object = MAPPING) -> str:
    """Return the refusal of a frame."""
    with pytest.raises(DataError) as error:
        tr.load(data, mapping=mapping)
    return str(error.value)


def test_one_fault_is_one_sentence() -> None:
    """A single cell is refused as before: a cell with its place."""
    with pytest.raises(BadCell) as error:
        tr.load(frame(1), mapping=MAPPING)
    assert not isinstance(error.value, Faults)
    assert "\n" not in str(error.value)
    assert (error.value.column, error.value.value) == ("age", "old")


def test_faults_of_several_columns_stand_together() -> None:
    """Age, receptor, marker and event are all told at once, each with row, column, value and what to do."""
    data = frame(2)
    data.loc[5, "er"], data.loc[7, "ihc"], data.loc[9, "e"] = "maybe", "4+", "7"
    lines = told(data).splitlines()
    assert lines[0] == "5 faults:"
    assert len(lines) == 6
    for line, (row, column, value) in zip(
        lines[1:], [(1, "age", "old"), (2, "age", "old"), (6, "er", "maybe"), (10, "e", "7"), (8, "ihc", "4+")],
        strict=True,
    ):  # fmt: skip
        assert line.startswith(f"- data frame, row {row}, column {column}: '{value}' is ")
        assert line.rstrip(".").count(". ") >= 1, line  # what to do


def test_the_first_twenty_and_a_count() -> None:
    """Of 33 faults 20 are listed, and the rest counted."""
    data = frame(32)
    data.loc[39, "ihc"] = "4+"
    alone = told(frame(32)).splitlines()
    assert "(31 more rows)" in alone[0]
    assert (len(alone), alone[-1]) == (21, "- and 12 more.")
    lines = told(data).splitlines()
    assert lines[0] == "33 faults:"
    assert len(lines) == 22
    assert lines[-1] == "- and 13 more."
    with pytest.raises(Faults) as error:
        tr.load(data, mapping=MAPPING)
    assert (error.value.count, len(error.value.faults)) == (33, 2)


def test_absent_columns_are_all_named() -> None:
    """Columns that the file lacks are told together, each with where the mapping names it."""
    lines = told(frame().drop(columns=["age", "ihc"])).splitlines()
    assert lines[0] == "2 faults:"
    assert "columns.age" in lines[1]
    assert "markers.HER2" in lines[2]


def test_load_and_check_agree(tmp_path: Path) -> None:
    """What `load` refuses a file for is what `check` lists."""
    data = frame(3)
    data.loc[5, "er"] = "maybe"
    data.to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(Faults) as error:
        tr.load(tmp_path / "own.csv", mapping=MAPPING)
    found = tr.check(tmp_path / "own.csv", mapping=MAPPING)
    assert [f"- {one}" for one in found.violations] == str(error.value).splitlines()[1:]
    assert [one.row for one in found.violations] == [2, 3, 4, 7]


def test_nothing_wrong_is_nothing_said() -> None:
    """No fault raises nothing; one that is no cell is raised as it is."""
    refuse_faults([])
    assert tr.load(frame(), mapping=MAPPING).n == 40
    with pytest.raises(DataError, match="^one$"):
        refuse_faults([DataError("one")])
    with pytest.raises(Faults, match="2 faults:\n- one\n- two"):
        refuse_faults([DataError("one"), DataError("two")])


def test_the_command_line_lists_them(tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal each fault begins a line, and the command exits with 2."""
    monkeypatch.setenv("COLUMNS", "80")
    frame(3).to_csv(tmp_path / "own.csv", index=False)
    (tmp_path / "own.toml").write_text(
        '[columns]\npatient = "pid"\nage = "age"\n[endpoints.OS]\ntime = "t"\nunit = "months"\nevent = "e"\n'
        "event_values = [1]\ncensored_values = [0]\n", encoding="utf-8",
    )  # fmt: skip
    asked = ["--endpoint", "OS", "--estimand", "treatment_effect"]
    code, _, err = run("effect", str(tmp_path / "own.csv"), "--mapping", str(tmp_path / "own.toml"), *asked)
    assert code == 2
    assert err.startswith("tamoxres: own.csv, line 2, column age: 'old' is not a number (2 more rows).")
    assert sum(line.startswith("- own.csv, line ") for line in err.splitlines()) == 2
    assert max(map(len, err.splitlines())) <= 80
