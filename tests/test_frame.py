"""A DataFrame is a door: the same cohort, checks and numbers as through a file, and frames back from results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.errors import DataError, QuestionError

TOML = """
missing = ["99"]
[columns]
patient = "pid"
age = "age"
endocrine = { from = "tam", yes = ["1"], no = ["0"] }
[markers.ERBB2]
from = "her2"
altered = ["1"]
unaltered = ["0"]
[endpoints.OS]
time = "days"
unit = "days"
event = "dead"
event_values = ["1"]
censored_values = ["0"]
"""
N = 150


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return a registry as a frame of numbers."""
    rng = np.random.default_rng(4)
    her2, tam = rng.integers(0, 2, N), rng.integers(0, 2, N)
    return pd.DataFrame({
        "pid": [f"p{i}" for i in range(N)], "age": rng.normal(60, 9, N).round(1), "her2": her2, "tam": tam,
        "days": np.ceil(rng.exponential(1500 * np.exp(-0.5 * her2 + 0.4 * tam))), "dead": rng.integers(0, 2, N),
    })  # fmt: skip


def asked(cohort: tr.Cohort) -> tr.EffectEstimate:
    """Ask for HER2 by any of its names, adjusted for age."""
    question = tr.Question(endpoint="OS", marker="ERBB2", er="any", treatment="any", adjust=("age",))
    [row] = tr.ask(cohort, question)
    return row


def test_a_frame_and_its_file_are_one(frame: pd.DataFrame, tmp_path: Path) -> None:
    """By TOML text, a path, a dict, and by column names alone: the patients and the estimate of the CSV."""
    file, mapping = tmp_path / "r.csv", tmp_path / "m.toml"
    frame.to_csv(file, index=False)
    mapping.write_text(TOML)
    through = tr.load(file, mapping=mapping)
    wanted = asked(through)
    by_name = tr.from_frame(
        frame, patient="pid", time="days", unit="days", event="dead", endpoint="os", treatment="tam",
        markers={"ERBB2": "her2"}, name="r",
    )  # fmt: skip
    for cohort in (tr.load(frame, mapping=TOML), tr.load(frame, mapping=mapping), by_name):
        found = asked(cohort)
        assert (found.log_estimate, found.se, found.n) == (wanted.log_estimate, wanted.se, wanted.n)
        pd.testing.assert_series_equal(cohort.patients["OS_months"], through.patients["OS_months"])
    assert by_name.name == "r"
    assert len(by_name.data_sha256) == 64


def test_the_hash_tells_frames_apart(frame: pd.DataFrame) -> None:
    """The same cells give the same hash; another cell, or another name, gives another."""
    other = frame.assign(age=frame["age"] + (frame.index == 3))
    one, same, changed = (tr.load(one, mapping=TOML).data_sha256 for one in (frame, frame.copy(), other))
    assert one == same != changed


@pytest.mark.parametrize(
    ("yes", "no"), [(1, 0), (1.0, 0.0), (True, False), ("Yes", "no"), ("TRUE", "FALSE"), ("ja", "Nej"), ("1", "0")]
)
def test_a_column_name_alone_will_do(frame: pd.DataFrame, yes: Any, no: Any) -> None:
    """0/1, yes/no, TRUE/FALSE: 1 and yes are altered, treated, an event."""
    coded = frame.copy()
    for name in ("her2", "tam", "dead"):
        coded[name] = pd.Series([yes if value else no for value in frame[name]], dtype=object)
    cohort = tr.from_frame(
        coded, patient="pid", time="days", unit="days", event="dead", endpoint="OS", treatment="tam", markers="her2"
    )
    assert (cohort.marker("HER2").values == "altered").tolist() == (frame["her2"] == 1).tolist()
    assert (cohort.patients["endocrine"] == "yes").tolist() == (frame["tam"] == 1).tolist()
    assert (cohort.patients["OS_event"] == 1).tolist() == (frame["dead"] == 1).tolist()
    assert cohort.patients["age"].tolist() == frame["age"].tolist(), "a column left passes under its own name"


def test_rules_where_a_name_is_not_enough(frame: pd.DataFrame) -> None:
    """Codes of an event with competing deaths, scores of a marker, arms by letter, a named index."""
    coded = frame.assign(
        dead=np.arange(N) % 3, her2=[str(i % 4) for i in range(N)], tam=np.where(frame["tam"] == 1, "T", "C")
    )
    cohort = tr.from_frame(
        coded.set_index("pid"), patient="pid", time="days", unit="days", endpoint="BCSS",
        event={"from": "dead", "event": [1], "competing": [2], "censored": [0]},
        treatment={"from": "tam", "yes": ["T"], "no": ["C"]},
        markers={"HER2": {"from": "her2", "altered": ["3"], "unaltered": ["0", "1"], "equivocal": ["2"]}},
        columns={"age": "age"}, treatment_specificity="tamoxifen_confirmed",
    )  # fmt: skip
    assert cohort.patients["BCSS_event"].value_counts().to_dict() == {0.0: 50, 1.0: 50, 2.0: 50}
    assert cohort.marker("HER2").counts()["unknown"] == 37
    assert set(cohort.patients) == {"age", "endocrine", "endocrine_agent", "BCSS_months", "BCSS_event"}
    assert list(cohort.patients.index[:2]) == ["p0", "p1"]


def test_rows_without_identifiers_are_numbered(frame: pd.DataFrame) -> None:
    """No column of identifiers is needed for a first look."""
    cohort = tr.from_frame(frame.drop(columns="pid"), time="days", unit="days", event="dead", endpoint="OS")
    assert list(cohort.patients.index[[0, -1]]) == ["row 1", f"row {N}"]


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        ({"dead": 2}, {}, "Column dead holds '2', which says neither yes nor no. Write event={"),
        (
            {"her2": "odd"},
            {"markers": "her2"},
            "Column her2 holds 'odd', which says neither yes nor no. Write",
        ),
        ({}, {"markers": "her3"}, "her3: the frame has no column 'her3'. It has pid, age"),
        ({}, {"treatment": "arm"}, "the frame has no column 'arm'"),
        ({}, {"titel": "x"}, "from_frame knows no 'titel'"),
        ({"age": "old"}, {}, "data frame, row 1, column age: 'old' is not a number"),
        ({"pid": "p1"}, {}, "an identifier that stood before"),
    ],
)
def test_what_cannot_be_read_is_named(
    frame: pd.DataFrame, change: dict[str, Any], options: dict[str, Any], told: str
) -> None:
    """One sentence, with the column and what to write."""
    with pytest.raises(DataError, match=told.replace("{", r"\{").replace("(", r"\(")):
        tr.from_frame(frame.assign(**change), patient="pid", time="days", event="dead", endpoint="OS", **options)


def test_a_frame_is_checked_like_a_file(frame: pd.DataFrame) -> None:
    """`check` lists a frame's faults by row; a frame without a mapping is refused."""
    wrong = frame.assign(days=frame["days"].astype(object).where(frame.index != 4, "soon"))
    found = tr.check(wrong, TOML)
    assert [(one.row, one.column, one.value) for one in found.violations] == [(5, "days", "soon")]
    assert tr.check(frame, TOML).ok
    with pytest.raises(QuestionError, match="A data frame needs a mapping"):
        tr.load(frame)


def test_a_report_takes_a_frame_s_cohort(frame: pd.DataFrame) -> None:
    """A cohort from a frame can be planned for."""
    from tamoxres.reporting.gather import gather
    from tamoxres.reporting.sketch_plan import plan_of

    cohort = tr.load(frame, mapping=TOML)
    [case] = gather(plan_of([cohort]), held={cohort.name: cohort}).cases
    assert (case.marker, case.endpoint) == ("HER2", "OS")


def test_effects_go_in_and_out_as_frames() -> None:
    """Pool and forest take a frame of effects; every row goes back to a frame."""
    rows = pd.DataFrame({
        "study": ["A", "B", "C"], "estimate": [0.5, 0.7, 1.1], "ci_low": [0.3, 0.5, 0.6],
        "ci_high": [0.8333333, 0.98, 2.0166667],
    })  # fmt: skip
    pooled = tr.pool(rows)
    assert pooled.k == 3
    again = tr.pool(tr.effects_to_frame(pooled.effects))
    assert again.estimate == pytest.approx(pooled.estimate, rel=1e-12)
    assert tr.forest(rows).get_xscale() == "log"
