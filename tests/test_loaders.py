"""Every loader gives the cohort that is written down, cell by cell (hashes in `reference/loaders/frames.json`)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from loader_frames import EMBEDDED, FRAMES, OPTIONS, cell, columns, describe, loads

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
