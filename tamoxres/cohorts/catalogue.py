"""The catalogue: which cohorts there are, and the one door through which they are loaded."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cohort import Cohort
from ..errors import DataError, NotOnDisk, QuestionError, UnknownChoice
from ..files.toml import read_toml
from ..files.writing import below
from ..vocabulary import nearest

if TYPE_CHECKING:
    import pandas as pd

    from .assemble import Parts

__all__ = ["ENTRIES", "HOOKS", "Entry", "catalogue", "is_file", "load", "title_of", "versions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the catalogue: what a cohort holds, the mapping that reads it, and the hook that opens its files.

    The mapping is `<mapping>.toml` beside this module; the hook is one of `HOOKS`, called with that mapping, the data
    folder and the options.
    """

    about: str
    mapping: str
    hook: str
    options: Mapping[str, Any] = field(default_factory=dict)


HOOKS = {  # hook: module and function; a user's file names none
    "gbsg": ("embedded", "gbsg"),
    "rotterdam": ("embedded", "rotterdam"),
    "metabric": ("metabric", "metabric"),
    "metabric_rueda": ("metabric", "metabric_rueda"),
    "tcga_brca": ("tcga_brca", "tcga_brca"),
    "tamoxifen_series": ("tamoxifen_geo", "tamoxifen_series"),
    "loi2008": ("tamoxifen_geo", "loi2008"),
    "scan_b": ("series", "scan_b"),
    "metagx": ("series", "metagx"),
    "msk_2018": ("msk_2018", "msk_2018"),
}


_SUFFIXES = (
    ".csv", ".tsv", ".txt", ".tab", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".pq", ".dta", ".sas7bdat", ".xpt",
)  # fmt: skip


def _entries() -> dict[str, Entry]:
    tables = read_toml(Path(__file__).with_suffix(".toml"))
    return {name: Entry(**{"mapping": name, "hook": name, **table}) for name, table in tables.items()}


ENTRIES = _entries()


def title_of(name: str) -> str:
    """Return what a reader calls a cohort, before it is loaded.

    Examples
    --------
    >>> title_of("scan_b"), title_of("upp"), title_of("gse58644")
    ('SCAN-B', 'UPP', 'GSE58644')
    """
    entry = ENTRIES.get(name)
    if entry is None or entry.options:
        return str(entry.options.get("series", name)) if entry else name
    return str(read_toml(below(Path(__file__).parent, f"{entry.mapping}.toml")).get("title", name))


def _entry(name: str) -> Entry | None:
    """Return the entry of a cohort of the catalogue, or of any other series of MetaGxBreast (`metagx:NAME`)."""
    series = name.removeprefix("metagx:")
    if series == name:
        return ENTRIES.get(name)
    return Entry(about="", mapping="metagx", hook="metagx", options={"series": series})


def _elsewhere(name: str) -> Callable[..., Cohort]:
    """Return the function by which another package loads its cohort."""
    points = {point.name: point for point in importlib.metadata.entry_points(group="tamoxres.cohorts")}
    if name not in points:
        known = tuple(sorted({*ENTRIES, *points}))
        raise UnknownChoice("cohort", name, known, nearest=nearest(name, known))
    loader: Callable[..., Cohort] = points[name].load()
    return loader


def _opened(entry: Entry, hook: Callable[..., Parts], data_dir: str | Path | None, options: dict[str, Any]) -> Cohort:
    """Read the entry's mapping, let its hook open the files, and put the cohort together."""
    from .assemble import assemble
    from .mapping import read_declared

    return assemble(hook(read_declared(entry.mapping), data_dir, **{**entry.options, **options}))


def _hook(entry: Entry) -> Callable[..., Parts]:
    module, function = HOOKS[entry.hook]
    hook: Callable[..., Parts] = getattr(importlib.import_module(f".{module}", __package__), function)
    return hook


def _refuse_unknown(options: dict[str, Any], name: str, loader: Callable[..., Any], fixed: Iterable[str]) -> None:
    """Refuse an option that the function that loads a cohort does not have."""
    parameters = signature(loader).parameters
    own = [key for key in parameters if key not in ("rules", "data_dir", *fixed)]
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for key in options:
        if key not in own:
            has = f"It has {', '.join(own)}." if own else "It has none."
            raise QuestionError(f"Cohort {name} has no such option: {key!r}. {has}")


def load(
    name: str | Path | pd.DataFrame,
    *,
    mapping: str | Path | Mapping[str, Any] | None = None,
    data_dir: str | Path | None = None,
    snapshot: str | None = None,
    **options: Any,
) -> Cohort:
    """Load a cohort by its catalogue name, or a user's own file by its mapping, harmonised and checked.

    Parameters
    ----------
    name : str, path or DataFrame
        Such as `metabric` (see `catalogue`), or a file, or a frame with one row a patient.
    mapping : path, TOML or mapping, optional
        How the columns are read; needed for a file or frame.
    data_dir : path, optional
        Folder with the publishers' files, searched before the cache and the embedded data.
    snapshot : str, optional
        Refuse data of any other version: a date, or the beginning of a sha256 (see `versions`).
    **options
        Options of that cohort, such as `off_study_deaths="event"` for `rotterdam`.

    Raises
    ------
    QuestionError
        If the cohort or option is unknown.
    DataError
        If its file is missing or altered, or holds what the loader or mapping does not know.

    Examples
    --------
    >>> load("gbsg").n
    686
    """
    if not isinstance(name, str | Path):
        return _load_held(name, mapping)
    if mapping is not None or is_file(name):
        return _load_file(name, mapping, options)
    known = str(name).lower()
    entry = _entry(known)
    if entry is None:
        loader = _elsewhere(known)
        _refuse_unknown(options, known, loader, ())
        cohort = loader(data_dir=data_dir, **options)
    else:
        hook = _hook(entry)
        _refuse_unknown(options, known, hook, entry.options)
        cohort = _opened(entry, hook, data_dir, options)
    if snapshot is not None:
        _require_snapshot(cohort, snapshot)
    return cohort


def _require_snapshot(cohort: Cohort, snapshot: str) -> None:
    if any(source.retrieved == snapshot or source.sha256.startswith(snapshot) for source in cohort.sources):
        return
    have = ", ".join(f"{source.retrieved or 'undated'} ({source.sha256[:12]})" for source in cohort.sources)
    raise DataError(
        f"{cohort.name} on disk is not snapshot {snapshot} but {have}. Give --data-dir the folder of that snapshot."
    )


def versions(*, data_dir: str | Path | None = None) -> pd.DataFrame:
    """Name the data version of every cohort on disk: each file with its date and sha256.

    Parameters
    ----------
    data_dir : path, optional

    Returns
    -------
    DataFrame
        cohort, file, retrieved, sha256.

    Examples
    --------
    >>> versions().columns[:3].tolist()
    ['cohort', 'file', 'retrieved']
    """
    import pandas as pd

    rows = []
    for name in ENTRIES:
        try:
            cohort = load(name, data_dir=data_dir)
        except DataError:
            continue
        rows += [(name, source.name, source.retrieved, source.sha256) for source in cohort.sources]
    return pd.DataFrame(rows, columns=["cohort", "file", "retrieved", "sha256"])


def is_file(name: str | Path) -> bool:
    """Whether a name is a path to a file, and none of the catalogue: by its class, its ending or a folder in it."""
    return isinstance(name, Path) or Path(name).suffix.lower() in _SUFFIXES or os.sep in str(name)


def _load_file(path: str | Path, mapping: str | Path | Mapping[str, Any] | None, options: dict[str, Any]) -> Cohort:
    from .custom import load_custom

    if str(path).lower() in ENTRIES:
        raise QuestionError(f"{path} is a cohort of the catalogue; a mapping belongs to a file of your own.")
    if mapping is None:
        raise QuestionError(
            f"{path} needs a mapping (--mapping). Begin one with: tamoxres init-mapping {path} -o mapping.toml."
        )
    if options:
        raise QuestionError(f"A file has no option {next(iter(options))!r}; its mapping says how it is read.")
    return load_custom(path, mapping)


def _load_held(frame: pd.DataFrame, mapping: Any) -> Cohort:
    from .frame import load_frame

    if mapping is None:
        raise QuestionError(
            "A data frame needs a mapping: tr.load(frame, mapping=...), or its columns: tr.from_frame(frame, ...)."
        )
    return load_frame(frame, mapping)


def catalogue(*, data_dir: str | Path | None = None) -> pd.DataFrame:
    """List the cohorts: patients, endpoints with events, markers, drug, design, licence, and whether on disk.

    Returns
    -------
    DataFrame
        One row a cohort; numbers are given for those on disk.

    Examples
    --------
    >>> catalogue()["cohort"].head(3).tolist()
    ['metabric', 'rotterdam', 'gbsg']
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for name, entry in ENTRIES.items():
        try:
            rows.append(
                {"cohort": name, **_describe(load(name, data_dir=data_dir)), "on_disk": True, "about": entry.about}
            )
        except DataError as error:
            there = not isinstance(error, NotOnDisk)
            rows.append({"cohort": name, "on_disk": there, "about": f"{entry.about} ({error})"})
    return pd.DataFrame(rows)


def _describe(cohort: Cohort) -> dict[str, Any]:
    patients = cohort.patients
    return {
        "patients": cohort.n,
        "endpoints": ", ".join(f"{e.code} {int((patients[e.event] == 1).sum()):,}" for e in cohort.endpoints),
        "markers": ", ".join(cohort.default_rules) or "none",
        "fetch_adds": ", ".join(cohort.unfetched),
        "treatment": cohort.treatment_specificity,
        "design": cohort.design,
        "licence": "; ".join(source.licence for source in cohort.sources),
    }
