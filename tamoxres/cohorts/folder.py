"""A cohort's folder: where its files are looked for, and what to do when one is not there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import NotOnDisk
from ..files import find_raw

__all__ = ["Folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A cohort's files, wherever they lie.

    Attributes
    ----------
    folder : str
        Its folder in a data folder and in the cache, such as `metabric`.
    data_dir : path or None
        Searched first.
    """

    folder: str
    data_dir: str | Path | None = None

    def find(self, *names: str) -> Path | None:
        """Find the first of these files that is there."""
        return next((path for name in names if (path := find_raw(self.folder, name, self.data_dir))), None)

    def require(self, name: str, *, fetch: str = "") -> Path:
        """Find a file, and say how to get it where it is not there (by the folder's name, or by `fetch`)."""
        path = self.find(name)
        if path is None:
            cohort = fetch or self.cohort
            mend = f"tamoxres fetch {cohort} brings its files, or give --data-dir its folder."
            raise NotOnDisk(f"{name} of {cohort} is not on disk.", cohort=cohort, fetch=cohort, mend=mend)
        return path

    @property
    def cohort(self) -> str:
        """The cohort that is fetched into this folder, or into one above it."""
        return self.folder.partition("/")[0]
