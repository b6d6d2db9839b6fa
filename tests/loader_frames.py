"""What the loaders give, as hashes: one line a column, so that real files need not be kept to compare cell by cell.

Run as a script it writes `reference/loaders/frames.json` anew (`python tests/loader_frames.py ../shared`). A cell is
rendered so that equal text means an equal cell: a number by its exact hexadecimal form, text as it is, the unknown as
nothing. A change of the file is a change of the data that the project stands on: say in the commit what and why.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from tamoxres.cohort import Cohort
from tamoxres.cohorts.catalogue import ENTRIES, load
from tamoxres.cohorts.profiles import CASCADE_GENES

FRAMES = Path(__file__).parent / "reference" / "loaders" / "frames.json"
EMBEDDED = ("metabric", "rotterdam", "gbsg")
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "rotterdam": {"off_study_deaths=event": {"off_study_deaths": "event"}},
    "metabric_rueda": {"breast_deaths=event": {"breast_deaths": "event"}},
}
MORE_SERIES = ("MAQC2", "LUND2", "EMC2", "GSE25066")
REGISTRIES = {
    "registry.toml": "registry.csv", "registry_simple.toml": "harm_in_both.csv", "km_mapping.toml": "km_ties.csv",
    "near_ties.toml": "near_ties.csv", "levels.toml": "levels.csv",
    "inconsistent_status.toml": "inconsistent_status.csv",
}  # fmt: skip


def cell(value: Any) -> str:
    """Render one cell."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, float):
        return value.hex()
    return f"{type(value).__name__}:{value}" if not isinstance(value, str) else f"'{value}"


def digest(cells: Iterable[Any]) -> str:
    """Hash rendered cells."""
    return hashlib.sha256("\n".join(map(cell, cells)).encode()).hexdigest()[:16]


def columns(frame: pd.DataFrame) -> dict[str, str]:
    """Return each column, in order, with its type, the number of known cells, and the hash of all."""
    return {
        str(name): f"{frame[name].dtype} {int(frame[name].notna().sum())} {digest(frame[name].tolist())}"
        for name in frame
    }


def describe(cohort: Cohort) -> dict[str, Any]:
    """Return all that a cohort holds: frames as hashes, its words as they are."""
    return {
        "name": cohort.name, "title": cohort.title, "patients": cohort.n,
        "index": f"{cohort.patients.index.name} {cohort.patients.index.dtype} {digest(cohort.patients.index)}",
        "columns": columns(cohort.patients), "raw": columns(cohort.raw),
        "sources": [asdict(source) for source in cohort.sources], "endpoints": [e.code for e in cohort.endpoints],
        "treatment_specificity": cohort.treatment_specificity, "design": cohort.design,
        "departures": dict(cohort.departures), "assays": dict(cohort.assays),
        "default_rules": dict(cohort.default_rules), "unfetched": dict(cohort.unfetched),
        "overlaps": list(cohort.overlaps), "notes": list(cohort.notes), "simulated": cohort.simulated,
        "markers": [
            {"marker": m.marker, "rule": m.rule, "assay": m.assay, "reference": m.reference,
             "definition": m.definition, "cut": m.cut, "values": digest(m.values)} for m in cohort.markers
        ],
        "profiles": [profile(p) for p in cohort.profiles],
    }  # fmt: skip


def profile(held: Any) -> dict[str, Any]:
    """Return what a molecular profile holds of the cascade."""
    names = sorted(held.features())
    genes = sorted(set(names) & {*CASCADE_GENES, "AKT_pS473", "PTEN", "FRAP1"})
    values = held.values(genes)
    return {
        "kind": held.kind, "assay": held.assay, "unit": held.unit, "features": f"{len(names)} {digest(names)}",
        "index": f"{len(values)} {digest(values.index)}", "values": columns(values),
        "assayed": {gene: f"{len(held.assayed(gene))} {digest(sorted(held.assayed(gene)))}" for gene in genes},
    }  # fmt: skip


def loads(shared: Path | None) -> Iterator[tuple[str, Any]]:
    """Yield each load by its key, as a function: from the embedded data, and from the folder of real files."""
    for name in EMBEDDED:
        yield f"embedded {name}", lambda name=name: load(name)
    yield "embedded rotterdam off_study_deaths=event", lambda: load("rotterdam", off_study_deaths="event")
    if shared is None:
        return
    folder = shared / "cohorts"
    for name in (*ENTRIES, *(f"metagx:{series}" for series in MORE_SERIES)):
        yield name, lambda name=name: load(name, data_dir=folder)
        for key, options in OPTIONS.get(name, {}).items():
            yield f"{name} {key}", lambda name=name, options=options: load(name, data_dir=folder, **options)
    for name, file in REGISTRIES.items():
        path = shared / "cases" / file
        yield f"case {name}", lambda path=path, name=name: load(path, mapping=shared / "cases" / name)


if __name__ == "__main__":
    kept = {}
    for key, open_cohort in loads(Path(sys.argv[1])):
        try:
            kept[key] = describe(open_cohort())
        except Exception as error:  # noqa: BLE001
            print("left out:", key, repr(error)[:200])
    FRAMES.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
