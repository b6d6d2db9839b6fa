"""codebook: what a harmonised column may hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tamoxres.codebook import CODEBOOK, column, data_dictionary, validate
from tamoxres.endpoints import STEEP
from tamoxres.errors import DataError


def patients(**columns: object) -> pd.DataFrame:
    length = max((len(values) for values in columns.values()), default=2)
    return pd.DataFrame(columns, index=pd.Index([f"P{i + 1}" for i in range(length)], name="patient"))


def test_names_are_unique_and_cover_the_endpoints() -> None:
    """Every column stands once, and every STEEP endpoint has its two."""
    names = [c.name for c in CODEBOOK]
    assert len(names) == len(set(names))
    assert {name for e in STEEP.values() for name in (e.months, e.event)} <= set(names)
    assert column("age").unit == "years"
    assert column("favourite_colour") is None


def test_dictionary_prints_every_column() -> None:
    """The data dictionary is the codebook, each column with what it allows and means."""
    table = data_dictionary()
    assert list(table["column"]) == [c.name for c in CODEBOOK]
    assert (table["meaning"].str.len() > 0).all()
    allowed = table.set_index("column")["allowed"]
    assert allowed["er"] == "negative, positive"
    assert allowed["age"] == "15 to 110"
    assert allowed["OS_months"] == "at least 0"
    assert allowed["BCSS_event"] == "0 censored, 1 event, 2 competing death"


@pytest.mark.parametrize(
    "good",
    [
        {"age": [50.0, None], "er": ["positive", None], "endocrine": ["yes", "no"]},
        {"OS_months": [0.0, 12.5], "OS_event": [1, 0]},
        {"BCSS_months": [3.0, 4.0, None], "BCSS_event": pd.array([2, 0, None], dtype="Int64")},
        {"er": pd.Categorical(["positive", "negative"]), "nodes": pd.array([3, None], dtype="Int64")},
        {"her2_fish_ratio": ["any", object()]},
        {"grade": pd.array([1, 3], dtype="int8"), "site": ["1", "x"]},
    ],
)
def test_good_values(good: dict[str, object]) -> None:
    """Values inside the codebook pass, unknown ones too, zero follow-up too, and columns it does not name."""
    frame = patients()
    for name, values in good.items():
        frame = frame.reindex([f"P{i + 1}" for i in range(len(values))])
        frame[name] = values
    pd.testing.assert_frame_equal(validate(frame, "test"), frame)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"age": [50, 500]}, r"test, column age: 1 value\(s\) outside the codebook \(15 to 110\) at patient P2: 500\."),
        ({"er": ["positive", "Positve"]}, "column er: .*negative, positive.* at patient P2: 'Positve'"),
        ({"endocrine": ["yes", "unknown"]}, "endocrine: .*Correct the value, or leave it empty if it is unknown"),
        ({"nodes": pd.array([1, -3], dtype="Int64")}, "column nodes: .* at patient P2: -3"),
        ({"grade": [1, np.inf]}, "column grade: .* at patient P2: inf"),
        ({"OS_months": [-0.1, 5], "OS_event": [1, 0]}, "column OS_months: .*at least 0.* at patient P1: -0.1"),
        ({"OS_months": [3.0, "5"], "OS_event": [1, 0]}, "column OS_months: .* at patient P2: '5'"),
        ({"OS_months": [3.0, "lost"], "OS_event": [1, 0]}, "column OS_months: .* at patient P2: 'lost'"),
        ({"OS_months": [3, 5], "OS_event": [1, 9]}, "column OS_event: .*0 censored, 1 event.* at patient P2: 9"),
        ({"OS_months": [3, 5], "OS_event": [1, 2]}, "column OS_event: no death competes with OS"),
        ({"OS_months": [3.0, None], "OS_event": [0, 1]}, "column OS_event: 1 event.s. without a time, .* patient 'P2'"),
        ({"RFS_months": [3.0, None], "RFS_event": pd.array([None, 1], dtype="Int64")}, "RFS_event: 1 event.s. without"),
        ({"OS_event": [0, 1]}, "needs both OS_months and OS_event"),
        ({"site": ["", "x"]}, "column site: 1 value.s. outside the codebook .any. at patient P1: ''"),
        ({"nodes": [[3], 4]}, "column nodes: 1 value.* at patient P1: .3."),
        ({"age": [5] * 8}, r"8 value\(s\) .* P5: 5 and 3 more\."),
        ({"age": [5, 6], "er": ["x", "y"]}, r"\(1 more columns have faults\.\)"),
    ],
)  # fmt: skip
def test_bad_values(bad: dict[str, object], says: str) -> None:
    """A value outside the codebook is named by source, column, patient and value, with what is allowed."""
    with pytest.raises(DataError, match=says):
        validate(patients(**bad), "test")


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (["P1", "P1"], "identifier.s. stand more than once, the first is 'P1'. Keep one row a patient"),
        (["P1", None], "a patient has no identifier"),
        (["P1", "  "], "a patient has no identifier"),
        ([], "holds no patients"),
    ],
)
def test_identifiers(index: list[str | None], says: str) -> None:
    """Every patient has one identifier of her own."""
    with pytest.raises(DataError, match=says):
        validate(pd.DataFrame({"age": [50.0] * len(index)}, index=index), "test")
