"""frames: what is handed out is the reader's own view; whatever the reader does to it, the holder keeps what it had."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from tamoxres.files.frames import holds_frames, is_held


@holds_frames("table", "status")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holder:
    """Holds a frame, and perhaps a series."""

    table: pd.DataFrame
    status: pd.Series | None = None
    note: str = ""


def given() -> pd.DataFrame:
    """A frame with every kind of column: numbers, whole numbers, texts, categories, nullable numbers, dates."""
    return pd.DataFrame(
        {
            "age": [50.0, 61.5, np.nan, 70.0],
            "event": [0, 1, 2, 0],
            "er": ["positive", None, "negative", "positive"],
            "marker": pd.Categorical(["a", "b", None, "a"]),
            "nodes": pd.array([1, None, 3, 0], dtype="Int64"),
            "seen": pd.to_datetime(["2001-01-01", "2002-02-02", "2003-03-03", None]).tz_localize("UTC"),
            "site": pd.array(["x", "y", None, "x"], dtype="string"),
        },
        index=pd.Index(["P1", "P2", "P3", "P4"], name="patient"),
    )


def _set_item(frame: pd.DataFrame, column: str, value: object) -> None:
    frame[column] = value


def _into_array(values: np.ndarray) -> None:
    values[0] = values[1]


WRITES: dict[str, Callable[[pd.DataFrame], object]] = {
    "new column": lambda f: _set_item(f, "x", 1),
    "column replaced": lambda f: _set_item(f, "age", 0.0),
    "column dropped": lambda f: f.drop(columns="age", inplace=True),
    "loc": lambda f: f.loc.__setitem__(("P1", "age"), 99.0),
    "loc of a category": lambda f: f.loc.__setitem__(("P1", "marker"), "b"),
    "loc of a nullable": lambda f: f.loc.__setitem__(("P1", "nodes"), 9),
    "loc of a date": lambda f: f.loc.__setitem__(("P1", "seen"), pd.Timestamp("1999-01-01", tz="UTC")),
    "loc of a string": lambda f: f.loc.__setitem__(("P1", "site"), "z"),
    "loc of rows": lambda f: f.loc.__setitem__((f["age"] > 55, "er"), "negative"),
    "iloc": lambda f: f.iloc.__setitem__((0, 1), 7),
    "at": lambda f: f.at.__setitem__(("P1", "er"), "negative"),
    "a column's cell": lambda f: f["event"].iloc.__setitem__(0, 5),
    "a category's cell": lambda f: f["marker"].iloc.__setitem__(0, "b"),
    "in-place sum": lambda f: f["age"].__iadd__(1.0),
    "fillna": lambda f: f["age"].fillna(0.0, inplace=True),
    "replace": lambda f: f["er"].replace("positive", "negative", inplace=True),
    "sort": lambda f: f.sort_values("age", inplace=True),
    "update": lambda f: f.update(pd.DataFrame({"age": [1.0]}, index=["P1"])),
    "array": lambda f: _into_array(f["age"].to_numpy()),
    "array of texts": lambda f: _into_array(f["er"].to_numpy()),
    "extension array": lambda f: _into_array(f["nodes"].array),
    "category array sorted": lambda f: f["marker"].array.sort_values(ascending=False, inplace=True),
    "index named": lambda f: setattr(f.index, "name", "who"),
    "index replaced": lambda f: setattr(f, "index", range(4)),
    "index array": lambda f: _into_array(f.index.values),
    "column names' array": lambda f: _into_array(f.columns.values),
    "column renamed": lambda f: f.rename(columns={"age": "years"}, inplace=True),
}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::pandas.errors.SettingWithCopyWarning")
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_no_write_reaches_the_holder(write: Callable[[pd.DataFrame], object]) -> None:
    """Every way to change a frame stays with the reader, or is refused as read-only."""
    holder = Holder(table=given())
    before = holder.table
    mine = holder.table
    with suppress(ValueError):  # read-only
        write(mine)
    pd.testing.assert_frame_equal(holder.table, given())
    assert before.index.name == "patient"


def test_a_copy_is_the_readers_to_change() -> None:
    """`.copy()` gives a frame that can be written into, and so do selections of rows or columns."""
    holder = Holder(table=given())
    for mine in (holder.table.copy(), holder.table.assign(), holder.table[[True] * 4]):
        mine.loc["P1", "age"] = 1.0
        assert mine.loc["P1", "age"] == 1.0
    pd.testing.assert_frame_equal(holder.table, given())


def test_what_was_given_leads_nowhere() -> None:
    """Later changes of the frame that was given, its index too, do not reach the holder; and it stays writable."""
    frame = given()
    holder = Holder(table=frame, status=frame["er"])
    frame.loc["P1", "age"] = 1.0
    frame.index.values[0] = "other"
    frame["er"].array[0] = "changed"
    pd.testing.assert_frame_equal(holder.table, given())
    pd.testing.assert_series_equal(holder.status, given()["er"])


def test_reading_does_not_copy() -> None:
    """Two readings, and a holder made from another, share one memory: nothing is copied, whatever the size."""
    numbers = pd.DataFrame({"a": np.arange(5.0), "b": ["x"] * 5})
    holder = Holder(table=numbers, status=numbers["b"])
    other = replace(holder, note="second")
    for column in numbers:
        first = holder.table[column].to_numpy()
        assert np.shares_memory(first, holder.table[column].to_numpy())
        assert np.shares_memory(first, other.table[column].to_numpy())
        assert not np.shares_memory(first, numbers[column].to_numpy())
    assert holder.table.index.is_(other.table.index)
    assert is_held(holder.table)
    assert is_held(holder.status)
    assert not is_held(numbers)


def test_read_only_memory_of_somebody_else_is_copied() -> None:
    """An array that is read-only here and writable elsewhere is no closed memory."""
    owner = np.zeros((3, 1))
    shown = owner.view()
    shown.flags.writeable = False
    frame = pd.DataFrame(shown, columns=["a"], copy=False)
    assert not is_held(frame)
    holder = Holder(table=frame)
    owner[0] = 5.0
    assert holder.table["a"].tolist() == [0.0, 0.0, 0.0]


def test_series_nothing_and_pickles() -> None:
    """A series keeps its name and is as closed as a frame; None stays None; a holder survives pickling, closed."""
    holder = Holder(table=given(), status=given()["marker"])
    mine = holder.status
    mine.iloc[0] = "b"  # an extension array: the reader's own copy
    assert holder.status.tolist()[0] == "a"
    assert holder.status.name == "marker"
    assert Holder(table=given()).status is None
    again = pickle.loads(pickle.dumps(holder))
    pd.testing.assert_frame_equal(again.table, given())
    table = again.table
    with pytest.raises(ValueError, match="read-only"):
        table.loc["P1", "age"] = 0.0
