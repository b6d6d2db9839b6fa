"""Data versions: when a file was fetched, and what moved between two releases of a cohort."""

from __future__ import annotations

import json
from pathlib import Path

from ..files import sha256

__all__ = ["SNAPSHOT", "retrieved"]

SNAPSHOT = "snapshot.json"


def retrieved(path: Path) -> str:
    """Return the date on which a file was fetched, by the `snapshot.json` beside it; empty where it is not known.

    A file that was changed since has no date.
    """
    for folder in path.parents[:3]:
        lock = folder / SNAPSHOT
        if lock.is_file():
            try:
                entry = json.loads(lock.read_text(encoding="utf-8"))["files"][path.relative_to(folder).as_posix()]
            except (json.JSONDecodeError, KeyError, TypeError):
                return ""
            return str(entry.get("retrieved", "")) if entry.get("sha256") == sha256(path) else ""
    return ""
