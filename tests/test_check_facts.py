"""What a check finds beside the codebook: each finding made on purpose is named, with its numbers, and no other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tamoxres.cohorts.check import check
from tamoxres.cohorts.check_facts import column_facts, contradictions, duplicates
from tamoxres.cohorts.recode import RawTable
from tamoxres.cohorts.rules import Unknowns


def endpoints(**columns: list[float]) -> pd.DataFrame:
    """Harmonised patients by endpoint: months and events."""
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.Index([f"p{i}" for i in range(n)], name="patient")).astype(float)


@pytest.mark.parametrize(
    ("os", "other", "code", "found"),
    [
        ((10, 0), (10, 1), "BCSS", [("BCSS", "OS", "died of breast cancer", "are alive")]),
        ((10, 0), (10, 2), "BCSS", [("BCSS", "OS", "died", "are alive")]),
        ((10, 1), (10, 0), "BCSS", [("OS", "BCSS", "died", "are alive then or later")]),
        ((10, 1), (5, 0), "BCSS", []),
        ((10, 1), (10, 1), "BCSS", []),
        ((10, 1), (10, 2), "BCSS", []),
        ((10, 0), (5, 1), "RFS", []),
        ((10, 1), (10, 0), "RFS", [("OS", "RFS", "died", "are alive then or later")]),
        ((10, 0), (10, 2), "RFI", [("RFI", "OS", "died", "are alive")]),
        ((10, np.nan), (10, 1), "BCSS", []),
    ],
)
def test_two_endpoints_on_one_death(os: tuple, other: tuple, code: str, found: list) -> None:
    """Dead by one and alive by another is named; a relapse in a living patient, or an earlier last visit, is not."""
    frame = endpoints(OS_months=[os[0], 9], OS_event=[os[1], 0], **{
        f"{code}_months": [other[0], 9], f"{code}_event": [other[1], 0],
    })  # fmt: skip
    told = contradictions(frame)
    assert [(one.first, one.second, one.first_says, one.second_says) for one in told] == found
    assert all((one.patients, one.example) == (1, "p0") for one in told)


def test_an_event_that_the_wider_endpoint_lacks() -> None:
    """A distant recurrence is a recurrence: DRFS has it, RFS none then or later."""
    frame = endpoints(DRFS_months=[5, 5, 5], DRFS_event=[1, 1, 1], RFS_months=[5, 5, 3], RFS_event=[1, 0, 1])
    [one] = contradictions(frame)
    assert (one.first, one.second, one.patients, one.example) == ("DRFS", "RFS", 1, "p1")


def test_kinds_and_ranges() -> None:
    """Numbers, dates, words and empty columns, and the stray that makes numbers text, by line."""
    frame = pd.DataFrame({
        "n": ["1", "2.5", "unknown", "-3", "7"], "d": ["2001-03-04", None, "1999-12-31", "2000-01-01", "2000-01-02"],
        "w": ["a", "b", "a", "1", None], "e": [None] * 5, "s": ["1", "2", "3", "4", ">90"],
        "all": ["na", "?", "-", ".", ""],
    }, dtype=object)  # fmt: skip
    frame = frame.replace("", None)
    facts = {one.column: one for one in column_facts(RawTable("a.csv", frame, np.arange(2, 7)))}
    assert {name: one.kind for name, one in facts.items() if name != "all"} == {
        "n": "number", "d": "date", "w": "text", "e": "empty", "s": "text",
    }  # fmt: skip
    assert (facts["n"].low, facts["n"].high, facts["n"].numbers, facts["n"].known) == (-3, 7, 4, 5)
    assert (facts["s"].stray, facts["s"].place, facts["s"].low, facts["s"].high) == (">90", "line 6", 1, 4)
    assert facts["s"].became_text
    assert not facts["w"].became_text
    assert (facts["d"].unknown, facts["d"].different) == (1, 4)
    [one] = column_facts(RawTable("a.csv", frame[["s"]], np.arange(2, 7)), missing=Unknowns.read([">90"]))
    assert (one.kind, one.unknown) == ("number", 1)


def test_patients_who_may_stand_twice() -> None:
    """Rows alike in every measurement, and identifiers that differ in spelling; few codes alike are chance."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({
        "pid": [f"P{i:03d}" for i in range(100)], "age": rng.uniform(30, 80, 100).round(1).astype(str),
        "days": rng.integers(1, 4000, 100).astype(str), "dead": rng.integers(0, 2, 100).astype(str),
    })  # fmt: skip
    assert duplicates(frame, "pid") == ()
    again = pd.concat([frame, frame.iloc[[7]].assign(pid="X1"), frame.iloc[[8]].assign(pid="p-8", age="1")])
    spelling, rows = duplicates(again.reset_index(drop=True), "pid")
    assert (spelling.kind, spelling.patients, spelling.example) == ("identifier", 1, ("P008", "p-8"))
    assert (rows.kind, rows.patients, rows.example) == ("row", 1, ("P007", "X1"))
    codes = frame.assign(age="50", days=rng.integers(0, 9, 100).astype(str))
    assert duplicates(codes, "pid") == ()


def test_embedded_cohorts_have_no_contradictions() -> None:
    """What the publishers' files tell of one patient agrees."""
    for name in ("gbsg", "rotterdam", "metabric"):
        assert check(name).contradictions == ()
