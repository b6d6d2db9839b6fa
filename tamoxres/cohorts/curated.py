"""curatedBreastData's clinical table, and the binarised expression of its tamoxifen series.

Conventions and traps: RFS and DFS are coded 1 = relapse-FREE and 0 = relapse, whereas OS is coded 1 = DEAD; months are
as published. The expression table holds 1 where a gene lies above the median of the 642 pooled patients, has no
identifiers, and its rows are those of `bmc15mldata1.csv` in one order of the studies, which its outcome column proves.
"""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import ABOVE_MEDIAN, Profile
from ..errors import DataError
from .folder import Folder
from .profiles import MatrixProfile
from .recode import RawTable, events, months, read_table
from .series_matrix import series_profile

__all__ = ["BINARY", "CLINICAL", "ROWS", "WHOLE", "clinical_series", "free_of_relapse", "series_expression"]

CLINICAL, ROWS, BINARY = "bcClinicalTable.csv", "bmc15mldata1.csv", "tamoxBinary.csv.xz"
WHOLE = ("GSE17705", "GSE12093")  # whose platform GEO annotates
_STUDIES = ("9893_GPL5049_all", "1379_GPL1223_all", "17705_GPL96_JBI_Tissue_BC_Tamoxifen",
            "17705_GPL96_MDACC_Tissue_BC_Tamoxifen", "12093_GPL96_all")  # fmt: skip
_FREE = {"1": "no", "0": "yes"}


def clinical_series(path: Path, number: str) -> RawTable:
    """Read one series of the clinical table, indexed by GSM number; columns that are all unknown are dropped."""
    needed = ["series_id", "patient_ID", "original_study_patient_ID", "tamoxifen", "RFS", "DFS", "OS"]
    table = read_table(path.read_bytes(), path, separator=",", columns=needed, missing=["NA"])
    rows = table.frame.index[table.frame["series_id"] == number]
    if not len(rows):
        raise DataError(f"{path.name} holds no series {number}. Restore the publisher's file.")
    chosen = table.picked(rows, "patient_ID")
    frame = chosen.frame.set_axis("GSM" + chosen.frame.index.rename("patient").astype(str)).rename_axis("patient")
    return RawTable(table.name, frame.loc[:, frame.notna().any()], chosen.lines)


def free_of_relapse(table: RawTable, code: str, time: str) -> dict[str, pd.Series[Any]]:
    """Read a relapse coded 1 = free as RFI; whoever died free of relapse, then, is a competing death."""
    relapsed, months_free = table.levels(code, _FREE), months(table.times(time), 365.25 / 12)
    other = None
    if "OS_months_or_MIN_months_of_OS" in table.frame:
        lived = months(table.times("OS_months_or_MIN_months_of_OS"), 365.25 / 12)
        dead = table.levels("OS", {"0": "no", "1": "yes"}) == "yes"
        other = dead & (relapsed == "no") & (lived - months_free < 0.5)
    known = relapsed.notna() & months_free.notna()
    return {"RFI_months": months_free, "RFI_event": events(relapsed == "yes", competing=other, known=known)}


def _binary_profile(expression: Path, rows: Path, patients: pd.Index[Any]) -> MatrixProfile:
    """Describe the binarised expression for the patients of one series."""
    return MatrixProfile(
        kind="mrna", assay="mRNA array, above or below the median of 642 pooled patients", unit=ABOVE_MEDIAN,
        names=partial(_names, expression), read=partial(_values, expression, rows, frozenset(patients)),
    )  # fmt: skip


def series_expression(folder: Folder, series: str, patients: pd.Index[Any]) -> tuple[tuple[Profile, ...], list[Path]]:
    """Return the whole expression where it was fetched, else the binarised one, with its files."""
    matrix, annotation = folder.find(f"{series}_series_matrix.txt.gz"), folder.find("GPL96.annot.gz")
    if series in WHOLE and matrix and annotation:
        return (series_profile(matrix, annotation, patients),), [matrix, annotation]
    binary, rows = folder.find(BINARY), folder.find(ROWS)
    if binary and rows and series != "GSE6577":
        return (_binary_profile(binary, rows, patients),), [binary, rows]
    return (), []


def _names(path: Path) -> frozenset[str]:
    with lzma.open(path, "rt", encoding="utf-8") as handle:
        return frozenset(handle.readline().rstrip("\r\n").split(",")) - {"posOutcome"}


def _values(path: Path, rows: Path, patients: frozenset[str], genes: Sequence[str]) -> pd.DataFrame:
    frame = pd.read_csv(path, usecols=["posOutcome", *genes])
    keys = pd.read_csv(rows, usecols=["study", "patient_ID", "posOutcome"], dtype={"patient_ID": str})
    order = pd.concat([keys[keys["study"] == f"study_{study}-bmc15"] for study in _STUDIES])
    if len(order) != len(frame) or (order["posOutcome"].to_numpy() != frame["posOutcome"].to_numpy()).any():
        raise DataError(
            f"{path.name} does not follow the rows of {rows.name}: their outcomes differ, so that patients cannot be "
            "told. Take both files from one release."
        )
    named = frame.set_axis(pd.Index("GSM" + order["patient_ID"], name="patient"))[list(genes)]
    return named[named.index.isin(patients)].astype(float)
