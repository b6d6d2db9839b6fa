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
from ..files import cache_root, sha256, write_whole
from .fetch_api import ApiStudy, fetch_api
from .fetch_http import Client, Progress, unpack
from .snapshot import SNAPSHOT

__all__ = ["RECIPES", "Fetched", "Pinned", "Recipe", "fetch"]

_API = "https://www.cbioportal.org/api"
_ARCHIVES = "https://datahub.assets.cbioportal.org"
_GDC = "https://api.gdc.cancer.gov"
_GITHUB = "https://raw.githubusercontent.com"
_GEO = "https://ftp.ncbi.nlm.nih.gov"
_SINGNET = "singnet/cancer/682b91a5687adc8f4c803c26697859616abeb27b/data"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A file of fixed content: where it lies, its name here, and its sha256 (empty where none is known yet)."""

    site: str
    path: str
    name: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a cohort is fetched.

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


def _series(number: str) -> Pinned:
    path = f"geo/series/{number[:-3]}nnn/{number}/matrix/{number}_series_matrix.txt.gz"
    return Pinned(_GEO, path, f"{number}_series_matrix.txt.gz")


_CURATED = tuple(
    Pinned(_GITHUB, f"{_SINGNET}/curatedBreastData/{name}", name, digest)
    for name, digest in (
        ("bcClinicalTable.csv", "2f673b6d2c13e18f2667cecda2e786d422f56ca3d189421772f87d7e8caaa850"),
        ("bmc15mldata1.csv", "704293a5a80a6ae285560de861350f4ec0897865a3d9567796c782d2388dd7ae"),
    )
)
_BINARY = Pinned(
    _GITHUB, "singnet/cancer/682b91a5687adc8f4c803c26697859616abeb27b/ml/asmoses/tamoxBinary.csv.xz",
    "tamoxBinary.csv.xz", "716e6ec3a5eeaf0a8d4d406aefb93d2ec7c38e3fd7ae3e69cedd045a34c33938",
)  # fmt: skip
_CURATED_TERMS = (
    "Clinical table of Bioconductor's curatedBreastData (GPL; Planey and Butte 2013) as kept by singnet/cancer; the "
    "series are public."
)
_GPL96 = Pinned(_GEO, "geo/platforms/GPLnnn/GPL96/annot/GPL96.annot.gz", "GPL96.annot.gz")
_GEO_SERIES = {  # what --full adds: the whole expression where the platform is annotated
    "GSE17705": (_series("GSE17705"), _GPL96),
    "GSE12093": (_series("GSE12093"), _GPL96),
    "GSE6577": (),
    "GSE9893": (),
    "GSE1379": (),
}
RECIPES: Mapping[str, Recipe] = {
    "metabric": Recipe(
        folder="metabric",
        studies=(
            ApiStudy(
                study_id="brca_metabric", clinical=("SAMPLE",), mrna="mrna_median_all_sample_Zscores",
                mrna_file="data_mrna_illumina_microarray_zscores_ref_all_samples.txt",
                archive_sha256="6d4683477d6b37a2d7edbedc0df610f67bc456f99e5e1bef6219f37b633a55f7",
            ),
        ),
        terms="ODbL 1.0: attribute Curtis 2012, Pereira 2016, Rueda 2019 and cBioPortal; share alike.",
    ),
    "msk_2018": Recipe(
        folder="msk_2018",
        studies=(ApiStudy(study_id="breast_msk_2018"),),
        terms="ODbL 1.0: attribute Razavi 2018 and cBioPortal; share alike.",
    ),
    "tcga_brca": Recipe(
        folder="tcga_brca",
        studies=(
            ApiStudy(study_id="brca_tcga", folder="brca_tcga", mutations=False, cna=""),
            ApiStudy(
                study_id="brca_tcga_pan_can_atlas_2018", folder="brca_tcga_pan_can_atlas_2018", clinical=("SAMPLE",),
                cna="gistic",
            ),
        ),
        files=(
            Pinned(
                _GDC, "data/1b5f413e-a8d1-4d10-92eb-7c4ae739ed81", "TCGA-CDR-SupplementalTableS1_v2.xlsx",
                "ea594c0fbb6731477c7ac511fab449ca9c38b0d42d269591ed9f5c4090e75a5a",
            ),
            Pinned(
                _GDC, "data/fcbb373e-28d4-4818-92f3-601ede3da5e1", "TCGA-RPPA-pancan-clean.txt",
                "06246573836865589134bd9424189f81b0d9fb436fcbf5e72024225442c400de",
            ),
        ),
        terms="TCGA open access; cite TCGA-CDR (Liu 2018). The drug table of GDC, "
        "nationwidechildrens.org_clinical_drug_brca.txt, is not fetched: put it beside the others.",
    ),
    "scan_b": Recipe(
        folder="scan_b",
        files=(
            Pinned(
                _GITHUB, "12379Monty/GSE96058/618c09c3641108c2e409f0142594171cb84856fe/data/GSE96058_sampDesc.rda",
                "GSE96058_sampDesc.rda", "5852ba0ba508e4924e3a303fe426a072fdb7397edd206c4f0303bfb0d72ecfd5",
            ),
        ),
        terms="GEO GSE96058, public; cite Brueffer 2018.",
    ),
    "metagxbreast": Recipe(
        folder="metagxbreast",
        files=(
            Pinned(
                _GITHUB, f"{_SINGNET}/metaGxBreast/metaGXcovarTable.csv.xz", "metaGXcovarTable.csv.xz",
                "28d2aa69f6550b8f92208d0e8f191a2c0420bb4ac14ec294211699b6a89bfc7c",
            ),
        ),
        terms="MetaGxBreast (Artistic-2.0; Gendoo 2019) as kept by singnet/cancer.",
    ),
    "loi2008": Recipe(
        folder="tamoxifen_geo",
        files=(
            Pinned(
                _GITHUB, "bioc/DEGraph/6c12c512ea9716faa2f8f926da80798d89f1ded6/data/Loi2008_DEGraphVignette.RData",
                "Loi2008_DEGraphVignette.RData", "6509276df9901dd688364cf632e84f5e045b3cd434e4def54e4a88b84507444e",
            ),
        ),
        terms="DEGraph (GPL-3); cite Loi 2008.",
    ),
    **{
        number.lower(): Recipe(
            folder="tamoxifen_geo", files=(*_CURATED, _BINARY), more=more, terms=_CURATED_TERMS
        )
        for number, more in _GEO_SERIES.items()
    },
}  # fmt: skip


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
    DataError
        If a server does not answer, or gives other bytes than those pinned; what stood before stays whole.
    """
    recipe = RECIPES.get(cohort.lower())
    if recipe is None:
        raise QuestionError(f"Nothing to fetch for {cohort!r}. Use one of {', '.join(RECIPES)}.")
    asked = client or Client()
    if progress is not None:
        asked = replace(asked, progress=progress)
    folder = (into or cache_root()) / recipe.folder
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        job = _Job(recipe=recipe, client=asked, folder=folder, mirror=from_url, full=full)
        return job.run(cohort.lower())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time write into a folder."""
    from filelock import FileLock, Timeout

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
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            files[name] = {"sha256": sha256(incoming / name), "url": url, "retrieved": today, "part_of": part}
            os.replace(incoming / name, target)
        if came:
            write_whole(self.folder / SNAPSHOT, json.dumps({"files": files}, indent=2, sort_keys=True) + "\n")
        shutil.rmtree(incoming, ignore_errors=True)
        return tuple(self.folder / name for name in sorted(files) if (self.folder / name).is_file())


def _snapshot(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / SNAPSHOT
    if not path.is_file():
        return {}
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise DataError(f"{path} is damaged. Remove the folder {folder} and fetch again.") from None
    return {str(name): dict(entry) for name, entry in files.items()}


def _complete(folder: Path, held: Mapping[str, Mapping[str, str]], part: str) -> bool:
    """Whether a part was fetched before and its files are still those bytes."""
    mine = {name: entry for name, entry in held.items() if entry.get("part_of") == part}
    return bool(mine) and _unchanged(folder, mine.items())


def _unchanged(folder: Path, entries: Iterable[tuple[str, Mapping[str, str]]]) -> bool:
    return all((folder / name).is_file() and sha256(folder / name) == entry["sha256"] for name, entry in entries)


def _is_study_file(name: str) -> bool:
    plain = name.rpartition("/")[2]
    return (plain.startswith(("data_", "meta_", "cases_")) and plain.endswith(".txt")) or plain == "LICENSE"
