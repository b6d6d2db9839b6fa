"""Releases of a cohort: named, told apart, and compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import tamoxres as tr
from tamoxres.cohorts.catalogue import load, versions
from tamoxres.cohorts.mapping import read_declared
from tamoxres.cohorts.metabric import PATIENT_FILE
from tamoxres.cohorts.snapshot import diff, retrieved
from tamoxres.errors import DataError
from tamoxres.files import data_root, sha256

PATIENT_SHA256 = read_declared("metabric").sha256


def test_nothing_moved() -> None:
    """A cohort does not differ from itself."""
    metabric = tr.load("metabric")
    same = diff(metabric, metabric)
    assert same.nothing
    assert same.rows() == []
    assert str(same).startswith("metabric (2020-12-02) -> metabric (2020-12-02): nothing moved")


def test_what_moved() -> None:
    """Patients, events, times and values that moved are named, each with its first patient."""
    old = tr.load("metabric")
    patients = old.patients.copy()
    first, second, third = patients.index[:3]
    patients.loc[first, ["OS_event", "BCSS_event"]] = 1
    patients.loc[second, "RFI_months"] += 1
    patients.loc[third, "er"] = None
    kept = patients.index != patients.index[3]
    new = replace(old, patients=patients[kept], raw=old.raw[kept], name="metabric")
    moved = diff(old, new)
    assert not moved.nothing
    assert (moved.added, moved.removed) == ((), (old.patients.index[3],))
    by_code = {end.endpoint: end for end in moved.endpoints}
    assert (by_code["OS"].gained, by_code["OS"].lost, by_code["OS"].times) == ((first,), (), ())
    assert by_code["RFI"].times == (second,)
    assert moved.columns == {"er": (third,)}
    assert [row["what"] for row in moved.rows()] == [
        "patients removed", "BCSS: event gained", "OS: event gained", "RFI: time changed", "er changed",
    ]  # fmt: skip
    back = diff(new, old)
    assert (back.added, back.removed) == (moved.removed, moved.added), "turned round, added is removed"


def test_releases_of_metabric(data_dir: Path, shared: Path) -> None:
    """The portal's release prints RFS in other months: times move by rounding alone, events do not move."""
    text = (data_root() / "metabric" / PATIENT_FILE).read_text().replace("0:LIVING", "1:DECEASED", 1)
    (data_dir / "metabric").mkdir()
    (data_dir / "metabric" / PATIENT_FILE).write_text(text)
    moved = diff(tr.load("metabric"), load("metabric", data_dir=data_dir))
    by_code = {end.endpoint: end for end in moved.endpoints}
    assert by_code["OS"].gained == ("MB-0000",)
    assert by_code["OS"].events_new == by_code["OS"].events_old + 1
    assert by_code["RFI"].times == ()


def test_versions_and_snapshots() -> None:
    """Every file on disk has its hash; another snapshot than the one asked for is refused."""
    table = versions().set_index("cohort")
    assert table.loc["metabric", "sha256"] == PATIENT_SHA256
    assert set(table.index) == {"metabric", "rotterdam", "gbsg"}
    assert load("metabric", snapshot=PATIENT_SHA256[:12]).n == 2509
    with pytest.raises(
        DataError, match=r"gbsg on disk is not snapshot 2030-01-01 but undated \(e04343c3f26f\). Give --data"
    ):
        load("gbsg", snapshot="2030-01-01")


def test_dates_of_files(tmp_path: Path) -> None:
    """A file has the date of its fetch as long as it is unchanged."""
    path = tmp_path / "case_lists" / "a.txt"
    path.parent.mkdir()
    path.write_text("a")
    assert retrieved(path) == ""
    files = {"case_lists/a.txt": {"sha256": sha256(path), "retrieved": "2026-11-22"}}
    (tmp_path / "snapshot.json").write_text(json.dumps({"files": files}))
    assert retrieved(path) == "2026-11-22"
    path.write_text("b")
    assert retrieved(path) == ""
