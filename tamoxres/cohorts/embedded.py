"""Rotterdam and GBSG: one pinned file each, that the package brings (`rotterdam.toml` and `gbsg.toml` read them)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from ..errors import NotOnDisk
from ..files import data_root, read_pinned
from . import rules as grammar
from .assemble import Parts, source_of
from .recode import read_table

__all__ = ["gbsg", "rotterdam"]

_COUNTED = {"event": "counted as events at death", "censored": "censored when recurrence follow-up ended"}


def gbsg(rules: grammar.Mapping, data_dir: str | Path | None = None) -> Parts:
    """Open GBSG as it lies inside lifelines, found without importing it; a data folder is not asked."""
    return _pinned(rules, _lifelines() / "datasets" / "lymph_node.csv")


def _lifelines() -> Path:
    spec = importlib.util.find_spec("lifelines")
    if spec is None or spec.origin is None:
        what = "GBSG lies inside the package lifelines, which is not installed."
        raise NotOnDisk(what, cohort="gbsg", mend="Reinstall tamoxres.")
    return Path(spec.origin).parent


def rotterdam(
    rules: grammar.Mapping, data_dir: str | Path | None = None, *,
    off_study_deaths: Literal["censored", "event"] = "censored",
) -> Parts:  # fmt: skip
    """Open Rotterdam; `off_study_deaths` says what becomes of 43 deaths after recurrence follow-up had ended."""
    relapse, survival = rules.endpoints
    death = replace(relapse.deaths[0], off_study=off_study_deaths)
    departure = f"43 deaths after recurrence follow-up had ended are {_COUNTED[off_study_deaths]}"
    relapse = replace(relapse, deaths=(death,), departure=departure)
    chosen = replace(rules, endpoints=(relapse, survival))
    return _pinned(chosen, data_root() / "rotterdam" / "rotterdam.csv")


def _pinned(rules: grammar.Mapping, path: Path) -> Parts:
    table = read_table(read_pinned(path, rules.sha256), path, separator=",")
    return Parts(rules=rules, table=table.indexed(rules.patient), sources=(source_of(rules, path),))
