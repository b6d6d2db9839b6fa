"""Small made-up data for the tests of properties, and the changes of it to which an estimator must answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of

from tamoxres.analysis import AnalysisSet

ITERATED = 1e-6  # two fits of one likelihood
CLOSED = 1e-9
ROOT = math.sqrt(0.5)  # the standard error of everybody twice


def people(n: int = 120, seed: int = 1, *, competing: bool = False) -> pd.DataFrame:
    """Return patients with a marker, both arms, three covariates, ties in time, and deaths of other causes."""
    rng = np.random.default_rng(seed)
    altered, treated = rng.random(n) < 0.45, rng.random(n) < 0.5
    age, nodes = rng.normal(60, 10, n).round(), rng.poisson(2, n).astype(float)
    slope = 0.5 * altered - 0.5 * treated + 0.3 * altered * treated + 0.02 * (age - 60) + 0.1 * nodes
    months = np.ceil(rng.exponential(60 / np.exp(slope))) + 1
    end = np.ceil(rng.uniform(30, 150, n))
    event = (months <= end).astype(int)
    event = np.where((rng.random(n) < 0.25) & (event == 1), 2, event) if competing else event
    return pd.DataFrame(
        {
            "months": np.minimum(months, end), "event": event, "altered": altered, "treated": treated, "age": age,
            "nodes": nodes, "site": np.where(rng.random(n) < 0.5, "north", "south"), "entry": 0.0,
        }
    )  # fmt: skip


def asked(frame: pd.DataFrame, *, marker: bool = True, competing: bool = False) -> AnalysisSet:
    """Select all patients of a frame, both arms, with the marker or without."""
    own = ("months", "event", "altered", "treated", "entry")
    columns = {name: frame[name].to_numpy() for name in frame if name not in own}
    columns["endocrine"] = np.where(frame["treated"], "yes", "no")
    entry = frame["entry"].tolist() if frame["entry"].any() else None
    return analysis_of(
        frame["months"].to_numpy(float), frame["event"].to_numpy(), entry=entry, competing=competing,
        marker=frame["altered"].tolist() if marker else None, **columns,
    )  # fmt: skip


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the patients in another order, so under other names, and the sites under names of another order."""
    other = frame["site"].map({"north": "upper", "south": "lower"})
    return frame.assign(site=other).sample(frac=1, random_state=4).reset_index(drop=True)


def slower(frame: pd.DataFrame, times: float = 2.0) -> pd.DataFrame:
    """Return the patients with every time so many times as long."""
    return frame.assign(months=frame["months"] * times, entry=frame["entry"] * times)


def other_units(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the patients with the age told in another unit and from another zero (within what an age may be)."""
    return frame.assign(age=1.2 * frame["age"] - 10)


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each patient and a copy."""
    return pd.concat([frame, frame], ignore_index=True)


def arms_swapped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the patients with treated and untreated under each other's name."""
    return frame.assign(treated=~frame["treated"])


def levels_swapped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the patients with altered and unaltered under each other's name."""
    return frame.assign(altered=~frame["altered"])


def in_pieces(frame: pd.DataFrame, at: float = 24.5) -> pd.DataFrame:
    """Return each follow-up that goes beyond a month as two rows, the second of which enters at that month."""
    longer = frame["months"] > at
    first = frame.assign(event=frame["event"].where(~longer, 0), months=frame["months"].clip(upper=at))
    return pd.concat([first, frame[longer].assign(entry=at)], ignore_index=True)


PATIENTS, COMPETING = people(120), people(150, 2, competing=True)


def near(value: Any, close: float = ITERATED, *, nan_ok: bool = False) -> Any:
    """Compare with a value that another fit of the same likelihood must give; NaN is near nothing, if not let."""
    return pytest.approx(value, abs=close, nan_ok=nan_ok)


def points(result: Any) -> list[float]:
    """Return what each row of a result estimates."""
    return [row.point for row in result.effects]


def errors(result: Any) -> list[float]:
    """Return the standard error of each row of a result."""
    return [row.se for row in result.effects]
