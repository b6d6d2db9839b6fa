"""Every loader gives the cohort that is written down, cell by cell (hashes in `reference/loaders/frames.json`)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from loader_frames import EMBEDDED, FRAMES, OPTIONS, cell, columns, describe, loads

import tamoxres as tr
from tamoxres.codebook import DAYS_PER_MONTH, in_months

KEPT = json.loads(FRAMES.read_text(encoding="utf-8"))
WITHOUT_SHARED = [key for key in KEPT if key.startswith("embedded ")]
REAL = [key for key in KEPT if key not in WITHOUT_SHARED]


def differences(found: dict, kept: dict) -> list[str]:
    """Name what differs, a frame by its columns, whatever their order."""
    lines = []
    for key, value in kept.items():
        if key in ("columns", "raw"):
            lines += [f"{key}: {name} is new" for name in found[key] if name not in value]
            lines += [f"{key}.{name}: {found[key].get(name)} for {v}" for name, v in value.items()
                      if found[key].get(name) != v]  # fmt: skip
        elif found[key] != value:
            lines.append(f"{key}: {found[key]!r} for {value!r}")
    return lines


@pytest.mark.parametrize("key", WITHOUT_SHARED)
def test_embedded(key: str) -> None:
    """The embedded cohorts, from the data that the package carries."""
    assert differences(describe(dict(loads(None))[key]()), KEPT[key]) == []


@pytest.mark.parametrize("key", REAL)
def test_real_files(shared: Path, key: str) -> None:
    """Each cohort of the catalogue, from the publishers' files; and small registries by their mappings."""
    assert differences(describe(dict(loads(shared))[key]()), KEPT[key]) == []


def test_nothing_is_left_out(shared: Path) -> None:
    """Every load that is to be compared is written down."""
    assert set(KEPT) >= {*(key for key, _ in loads(shared)), *(f"embedded {name}" for name in EMBEDDED)}
    assert {f"{name} {key}" for name, more in OPTIONS.items() for key in more} <= set(KEPT)


def test_one_cell_is_seen() -> None:
    """One number one bit away, text for a number, or another type gives another hash; the unknown is one thing."""
    frame = pd.DataFrame({"x": [1.0, 2.0, None], "y": ["1", None, "b"]})
    near = frame.assign(x=[1.0, 2.0000000000000004, None])
    assert columns(near)["x"] != columns(frame)["x"]
    assert columns(near)["y"] == columns(frame)["y"]
    assert columns(frame.assign(y=[1, None, "b"]))["y"] != columns(frame)["y"]
    assert cell(None) == cell(float("nan")) == ""
    assert cell("") != cell(None)


def test_days_are_divided() -> None:
    """Days become the number that dividing by 30.4375 gives, bit by bit, in every unit; years are 12 months each."""
    days = pd.Series(range(15_000), dtype=float)
    assert (in_months(days) == days / 30.4375).all()
    assert (days * (1 / 30.4375) != days / 30.4375).mean() > 0.2, "multiplying by the reciprocal would not do"
    assert (in_months(days / 30, 30.0) == days / 30 * 30 / DAYS_PER_MONTH).all()
    weeks = pd.Series([1.0, 26.0, 521.0])
    assert (in_months(weeks, 7.0) == in_months(weeks * 7)).all()
    assert in_months(pd.Series([0.1, 5.0, 7.3]), 365.25).tolist() == [0.1 * 12, 60.0, 7.3 * 12]
    assert in_months(pd.Series([0.1, 140.5]), DAYS_PER_MONTH).tolist() == [0.1, 140.5]


def test_survival_at_a_day_of_events() -> None:
    """A curve asked at the day of its drops, in months, has dropped (small input of a public bug report)."""
    here = Path(__file__).parent / "cases"
    cohort = tr.load(here / "km_ties.csv", mapping=here / "km_ties.toml")
    chosen = tr.select(cohort, endpoint=tr.OS, er="any", marker="HER2")
    table = tr.kaplan_meier(chosen).at([180 / 30.4375, 365 / 30.4375, 730 / 30.4375])
    by_group = dict(iter(table.groupby("group", sort=False)))
    assert by_group["unaltered"]["survival"].tolist() == pytest.approx([2 / 3, 2 / 3, 0])
    assert by_group["altered"]["survival"].tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    first = by_group["unaltered"].iloc[0].to_list()
    assert [round(value, 3) for value in first[4:6]] == [0.375, 0.846]
