"""Files of the tamoxifen series: curatedBreastData's clinical table and binarised expression, and Loi 2008's set.

Conventions and traps: months are as published. The expression table holds 1 where a gene lies above the median of the
642 pooled patients, has no identifiers, and its rows are those of `bmc15mldata1.csv` in one order of the studies, which
its outcome column proves. Loi's patients are joined to GSE17705 by the number in both names.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cohort import ABOVE_MEDIAN, Profile
from ..errors import DataError
from ..files import read_bytes
from . import rules as grammar
from .assemble import Parts, source_of
from .folder import Folder
from .profiles import MatrixProfile
from .rdata import read_rda
from .readers.wide import content_of, header_of, read_chosen
from .recode import RawTable, read_table
from .series_matrix import series_profile

__all__ = ["BINARY", "CLINICAL", "ROWS", "loi2008", "tamoxifen_series"]

CLINICAL, ROWS, BINARY = "bcClinicalTable.csv", "bmc15mldata1.csv", "tamoxBinary.csv.xz"
WHOLE = ("GSE17705", "GSE12093")  # whose platform GEO annotates
_STUDIES = ("9893_GPL5049_all", "1379_GPL1223_all", "17705_GPL96_JBI_Tissue_BC_Tamoxifen",
            "17705_GPL96_MDACC_Tissue_BC_Tamoxifen", "12093_GPL96_all")  # fmt: skip
_LOI = ("exprLoi2008", "classLoi2008", "annLoi2008")


def tamoxifen_series(rules: grammar.Mapping, data_dir: str | Path | None = None) -> Parts:
    """Open one series of curatedBreastData's table, with its whole expression where that was fetched."""
    folder, series = Folder(folder="tamoxifen_geo", data_dir=data_dir), rules.name.upper()
    path = folder.require(CLINICAL, fetch=rules.name)
    table = _series(path, series)
    profiles, files = _expression(folder, series, table.frame.index)
    return Parts(
        rules=rules, table=table, profiles=profiles, brings="its expression",
        sources=tuple(source_of(rules, file) for file in (path, *files)),
    )  # fmt: skip


def _series(path: Path, number: str) -> RawTable:
    """Read one series of the clinical table, indexed by GSM number; columns that are all unknown are dropped."""
    needed = ["series_id", "patient_ID", "original_study_patient_ID", "tamoxifen", "RFS", "DFS", "OS"]
    table = read_table(read_bytes(path), path, separator=",", columns=needed, missing=["NA"])
    rows = table.frame.index[table.frame["series_id"] == number]
    if not len(rows):
        raise DataError(f"{path.name} holds no series {number}. Restore the publisher's file.")
    chosen = table.picked(rows, "patient_ID")
    frame = chosen.frame.set_axis("GSM" + chosen.frame.index.rename("patient").astype(str)).rename_axis("patient")
    return RawTable(table.name, frame.loc[:, frame.notna().any()], chosen.lines)


def _expression(folder: Folder, series: str, patients: pd.Index[Any]) -> tuple[tuple[Profile, ...], list[Path]]:
    """Return the whole expression where it was fetched, else the binarised one, with its files."""
    matrix, annotation = folder.find(f"{series}_series_matrix.txt.gz"), folder.find("GPL96.annot.gz")
    if series in WHOLE and matrix and annotation:
        return (series_profile(matrix, annotation, patients),), [matrix, annotation]
    binary, rows = folder.find(BINARY), folder.find(ROWS)
    if not (binary and rows) or series == "GSE6577":
        return (), []
    profile = MatrixProfile(
        kind="mrna", assay="mRNA array, above or below the median of 642 pooled patients", unit=ABOVE_MEDIAN,
        names=partial(_names, binary), read=partial(_values, binary, rows, frozenset(patients)),
    )  # fmt: skip
    return (profile,), [binary, rows]


def _names(path: Path) -> frozenset[str]:
    return frozenset(header_of(content_of(path), path.name)) - {"posOutcome"}


def _values(path: Path, rows: Path, patients: frozenset[str], genes: Sequence[str]) -> pd.DataFrame:
    frame = read_chosen(content_of(path), path.name, ["posOutcome", *genes])
    names = ("study", "patient_ID")
    keys = read_chosen(content_of(rows), rows.name, [*names, "posOutcome"], text=names)
    order = pd.concat([keys[keys["study"] == f"study_{study}-bmc15"] for study in _STUDIES])
    if len(order) != len(frame) or (order["posOutcome"].to_numpy() != frame["posOutcome"].to_numpy()).any():
        raise DataError(
            f"{path.name} does not follow the rows of {rows.name}: their outcomes differ, so that patients cannot be "
            "told. Take both files from one release."
        )
    named = frame.set_axis(pd.Index("GSM" + order["patient_ID"], name="patient"))[list(genes)]
    return named[named.index.isin(patients)].astype(float)


def loi2008(rules: grammar.Mapping, data_dir: str | Path | None = None) -> Parts:
    """Open Loi 2008 from DEGraph's file; curatedBreastData's table beside it gives the times of the shared patients."""
    folder = Folder(folder="tamoxifen_geo", data_dir=data_dir)
    path = folder.require("Loi2008_DEGraphVignette.RData", fetch="loi2008")
    objects = read_rda(path)
    if missing := set(_LOI) - set(objects):
        raise DataError(f"{path.name} does not hold {sorted(missing)[0]}. Restore the publisher's file.")
    response = objects["classLoi2008"].rename_axis("patient")
    raw = pd.DataFrame({"class": response.to_numpy()}, index=response.index)
    table = RawTable(path.name, raw.assign(patient=raw.index), np.arange(1, len(raw) + 1), "row")
    beside = {}
    clinical = folder.find(CLINICAL)
    if clinical is not None:
        beside["GSE17705"] = _shared_patients(_series(clinical, "GSE17705")).rows_of(raw.index)
    return Parts(
        rules=rules, table=table, beside=beside, profiles=(_loi_profile(objects, raw.index),), raw=raw,
        sources=tuple(source_of(rules, file) for file in (path, clinical) if file is not None),
        columns={"site": pd.Series(raw.index.str.partition("_").get_level_values(0), index=raw.index)},
    )  # fmt: skip


def _shared_patients(series: RawTable) -> RawTable:
    """Return the patients of GSE17705 who are Loi's, under Loi's names."""
    names = series.frame["original_study_patient_ID"]
    numbers = names.str.extract(r"^JBI_Tissue_BC_Tamoxifen_(\d+)$", expand=False)
    shared = numbers.notna().to_numpy()
    frame = series.frame[shared].set_axis("OXFT_" + numbers[shared])
    return RawTable(series.name, frame, series.lines[shared])


def _loi_profile(objects: dict[str, Any], patients: pd.Index[Any]) -> MatrixProfile:
    symbols = objects["annLoi2008"]["NCBI.gene.symbol"]
    values = objects["exprLoi2008"].set_axis(symbols).T.set_axis(patients)

    def read(genes: Sequence[str]) -> pd.DataFrame:
        chosen: pd.DataFrame = values[list(genes)].astype(float)
        return chosen

    return MatrixProfile(
        kind="mrna", assay="mRNA array (Affymetrix), log2", unit="log2", names=partial(frozenset, symbols), read=read,
        patients=frozenset(patients),
    )  # fmt: skip
