"""Fetching cohorts: which files, from where, into the user's cache, pinned by sha256 and date.

`fetch` asks cBioPortal's REST API for the cascade's genes alone (a few MB) and writes them in the study format, so
that one reader serves both this and the whole archive (`full=True`). Files of fixed content are pinned by sha256; of a
study archive the hash seen last is known, and another one is a new snapshot, of which the user is told. Everything is
gathered in `.incoming` and moved into place at the end; `snapshot.json` beside the data says which bytes came when from
where. METABRIC's patient file is embedded and pinned: it is not fetched again, except with the whole archive.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ..errors import DataError, QuestionError
from ..files import cache_root, parse_json, sha256, write_whole
from ..files.toml import Decoder, read_toml
from ..files.writing import below, writable
from .fetch_api import ApiStudy, fetch_api
from .fetch_http import Client, Progress, unpack
from .snapshot import SNAPSHOT

__all__ = ["RECIPES", "Fetched", "Pinned", "Recipe", "fetch"]

_API = "https://www.cbioportal.org/api"
_ARCHIVES = "https://datahub.assets.cbioportal.org"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A file of fixed content: where it lies, its name here, and its sha256 (empty where none is known yet)."""

    site: str
    path: str
    name: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a cohort is fetched (`fetch.toml` has all).

    Attributes
    ----------
    folder : str
        Its folder in the cache.
    studies : tuple of ApiStudy
        The parts of cBioPortal that are asked for.
    files : tuple of Pinned
    more : tuple of Pinned
        Files that `full` adds.
    terms : str
        What the user must know of the licence.
    """

    folder: str
    studies: tuple[ApiStudy, ...] = ()
    files: tuple[Pinned, ...] = ()
    more: tuple[Pinned, ...] = ()
    terms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a fetch brought: the files, and what the user must be told."""

    cohort: str
    folder: Path
    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.cohort}: {len(self.paths)} files in {self.folder}", *self.notes])


def _recipes() -> dict[str, Recipe]:
    """Read the recipes beside this module; one that names `cohorts` is a recipe of each."""
    file = Path(__file__).with_suffix(".toml")
    decoder = Decoder(file=file.name)
    recipes: dict[str, Recipe] = {}
    for name, table in read_toml(file).items():
        cohorts, whole = table.pop("cohorts", [name]), table.pop("whole", [])
        recipe = decoder.table(table, Recipe, name)
        for cohort in cohorts:
            recipes[cohort] = replace(recipe, more=_of_series(recipe.more, cohort) if cohort in whole else ())
    return recipes


def _of_series(files: Iterable[Pinned], cohort: str) -> tuple[Pinned, ...]:
    """Write the number of a series into addresses and names."""
    number = cohort.upper()
    return tuple(
        replace(file, path=file.path.format(series=number), name=file.name.format(series=number)) for file in files
    )


RECIPES: Mapping[str, Recipe] = _recipes()


def fetch(
    cohort: str,
    *,
    full: bool = False,
    from_url: str | None = None,
    progress: Progress | None = None,
    client: Client | None = None,
    into: Path | None = None,
) -> Fetched:
    """Fetch a cohort's files into the user's cache, or finish a fetch that was interrupted.

    Parameters
    ----------
    cohort : str
        Such as `metabric`.
    full : bool
        The whole study archive (or series matrix) instead of the cascade's genes.
    from_url : str, optional
        A mirror: its address stands in the place of each publisher's.
    progress : function, optional
        Called with the file's name, the bytes so far, and the bytes in all where known.
    client : Client, optional
        How often and how patiently to ask.
    into : Path, optional
        The folder that holds a folder per cohort; the user's cache if None.

    Returns
    -------
    Fetched
        Files that were there already, unchanged, are not asked for again.

    Raises
    ------
    QuestionError
        If there is no recipe for the cohort.
    Unreachable
        If a server does not answer, or gives other bytes than those pinned; what stood before stays whole.

    Examples
    --------
    `tr.fetch("metabric")` brings the genes of the cascade, a few MB. What is embedded needs no fetching:

    >>> import tamoxres as tr
    >>> try:
    ...     tr.fetch("gbsg")
    ... except tr.TamoxresError as error:
    ...     print(str(error).partition(".")[0])
    Nothing to fetch for 'gbsg'
    """
    recipe = RECIPES.get(cohort.lower())
    if recipe is None:
        raise QuestionError(f"Nothing to fetch for {cohort!r}. Use one of {', '.join(RECIPES)}.")
    asked = client or Client()
    if progress is not None:
        asked = replace(asked, progress=progress)
    folder = below(into or cache_root(), recipe.folder)
    with writable(folder), _alone(folder):
        job = _Job(recipe=recipe, client=asked, folder=folder, mirror=from_url, full=full)
        return job.run(cohort.lower())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time write into a folder."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=1)
    try:
        lock.acquire()
    except Timeout:
        raise DataError(f"Another tamoxres fetches into {folder}. Wait for it to end, then try again.") from None
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One fetch: what to bring, by whom, into which folder."""

    recipe: Recipe
    client: Client
    folder: Path
    mirror: str | None
    full: bool
    notes: list[str] = field(default_factory=list)

    def run(self, cohort: str) -> Fetched:
        held = _snapshot(self.folder)
        incoming = self.folder / ".incoming"
        incoming.mkdir(exist_ok=True)
        came: dict[str, tuple[str, str]] = {}
        for pinned in (*self.recipe.files, *(self.recipe.more if self.full else ())):
            if not self._holds(held, pinned):
                url = self._url(pinned.site, pinned.path)
                self.client.download(url, incoming / pinned.name, sha256=pinned.sha256)
                came[pinned.name] = url, ""
        for study in self.recipe.studies:
            part = f"{study.study_id} {'archive' if self.full else 'cascade'}"
            if not _complete(self.folder, held, part):
                brought = self._archive(incoming, study) if self.full else self._api(incoming, study)
                came |= {name: (url, part) for name, url in brought.items()}
        paths = self._move(incoming, came, held)
        return Fetched(cohort=cohort, folder=self.folder, paths=paths, notes=(*self.notes, self.recipe.terms))

    def _url(self, site: str, path: str) -> str:
        return f"{(self.mirror or site).rstrip('/')}/{path}"

    def _holds(self, held: dict[str, dict[str, str]], pinned: Pinned) -> bool:
        path = self.folder / pinned.name
        known = pinned.sha256 or held.get(pinned.name, {}).get("sha256")
        return path.is_file() and sha256(path) == known

    def _api(self, incoming: Path, study: ApiStudy) -> dict[str, str]:
        base = (self.mirror or _API).rstrip("/")
        return dict.fromkeys(fetch_api(self.client, base, study, incoming), f"{base}/studies/{study.study_id}")

    def _archive(self, incoming: Path, study: ApiStudy) -> dict[str, str]:
        name = f"{study.study_id}.tar.gz"
        url = self._url(_ARCHIVES, name)
        archive = self.client.download(url, incoming / name)
        found, known = sha256(archive), study.archive_sha256
        if known and found != known:
            told = f"sha256 {found[:12]}..., known is {known[:12]}... (2026-05)"
            self.notes.append(f"{name} is a new snapshot: {told}. tamoxres diff says what moved.")
        unpacked = incoming / study.folder
        shutil.rmtree(incoming / "unpacked", ignore_errors=True)
        paths = unpack(archive, incoming / "unpacked", _is_study_file)
        names = {}
        for path in paths:
            target = unpacked / path.relative_to(incoming / "unpacked")
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
            names[target.relative_to(incoming).as_posix()] = url
        shutil.rmtree(incoming / "unpacked", ignore_errors=True)
        archive.unlink()
        return names

    def _move(
        self, incoming: Path, came: dict[str, tuple[str, str]], held: dict[str, dict[str, str]]
    ) -> tuple[Path, ...]:
        """Move what came into place, and write down which bytes came when from where."""
        today = datetime.now(tz=UTC).date().isoformat()
        files = dict(held)
        for name, (url, part) in came.items():
            target = below(self.folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            files[name] = {"sha256": sha256(below(incoming, name)), "url": url, "retrieved": today, "part_of": part}
            os.replace(below(incoming, name), target)
        if came:
            write_whole(self.folder / SNAPSHOT, json.dumps({"files": files}, indent=2, sort_keys=True) + "\n")
        shutil.rmtree(incoming, ignore_errors=True)
        return tuple(path for name in sorted(files) if (path := below(self.folder, name)).is_file())


def _snapshot(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / SNAPSHOT
    if not path.is_file():
        return {}
    try:
        files = parse_json(path.read_bytes(), path.name)["files"]
        return {str(name): dict(entry) for name, entry in files.items()}
    except (DataError, KeyError, TypeError, ValueError, AttributeError):
        raise DataError(f"{path} is damaged. Remove the folder {folder} and fetch again.") from None


def _complete(folder: Path, held: Mapping[str, Mapping[str, str]], part: str) -> bool:
    """Whether a part was fetched before and its files are still those bytes."""
    mine = {name: entry for name, entry in held.items() if entry.get("part_of") == part}
    return bool(mine) and _unchanged(folder, mine.items())


def _unchanged(folder: Path, entries: Iterable[tuple[str, Mapping[str, str]]]) -> bool:
    paths = [(below(folder, name), entry) for name, entry in entries]
    return all(path.is_file() and sha256(path) == entry["sha256"] for path, entry in paths)


def _is_study_file(name: str) -> bool:
    plain = name.rpartition("/")[2]
    return (plain.startswith(("data_", "meta_", "cases_")) and plain.endswith(".txt")) or plain == "LICENSE"
