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
            bring = f"tamoxres fetch {fetch} brings its files" if fetch else self.fetch
            cohort = fetch or self.folder
            raise NotOnDisk(
                f"{name} of {cohort} is not on disk.", cohort=cohort, fetch=cohort,
                mend=f"{bring}, or give --data-dir its folder.",
            )  # fmt: skip
        return path

    @property
    def fetch(self) -> str:
        """Say what brings the files."""
        return f"tamoxres fetch {self.folder} brings its files"
