"""Two releases of one cohort: loaded from wherever each lies, and their raw columns laid side by side.

Conventions: a release is a folder of the publishers' files, a registry's file with its mapping, or METABRIC's clinical
file: the study's patient file, or the table that the portal downloads, whose columns have other names. Raw numbers
within `TOLERANCE` are the same number, printed with two decimals. A column that differs by one factor in everybody has
changed its unit: METABRIC's RFS_MONTHS are days/30.4 in releases before 2024 and days/30 since, and no patient moved.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..errors import DataError, QuestionError
from ..files import sha256
from .catalogue import ENTRIES, load
from .metabric import PATIENT_FILE
from .recode import read_table
from .snapshot import retrieved

__all__ = ["TOLERANCE", "load_release", "raw_changes"]

TOLERANCE = 0.011
_ONE_FACTOR = 0.002  # how far ratios of numbers printed with two decimals may spread
_TEN = 10.0  # below it, rounding hides a factor
_PORTAL = {
    "Patient ID": "PATIENT_ID", "Lymph nodes examined positive": "LYMPH_NODES_EXAMINED_POSITIVE",
    "Nottingham prognostic index": "NPI", "Cellularity": "CELLULARITY", "Chemotherapy": "CHEMOTHERAPY",
    "Cohort": "COHORT", "ER status measured by IHC": "ER_IHC", "HER2 status measured by SNP6": "HER2_SNP6",
    "Hormone Therapy": "HORMONE_THERAPY", "Inferred Menopausal State": "INFERRED_MENOPAUSAL_STATE", "Sex": "SEX",
    "Integrative Cluster": "INTCLUST", "Age at Diagnosis": "AGE_AT_DIAGNOSIS", "Overall Survival (Months)": "OS_MONTHS",
    "Overall Survival Status": "OS_STATUS", "Pam50 + Claudin-low subtype": "CLAUDIN_SUBTYPE",
    "3-Gene classifier subtype": "THREEGENE", "Patient's Vital Status": "VITAL_STATUS",
    "Primary Tumor Laterality": "LATERALITY", "Radio Therapy": "RADIO_THERAPY",
    "Tumor Other Histologic Subtype": "HISTOLOGICAL_SUBTYPE", "Type of Breast Surgery": "BREAST_SURGERY",
    "Relapse Free Status": "RFS_STATUS", "Relapse Free Status (Months)": "RFS_MONTHS",
}  # fmt: skip


def load_release(place: str | Path, *, cohort: str | None = None, mapping: str | Path | None = None) -> Cohort:
    """Load one release of a cohort from a folder, a registry's file with its mapping, or METABRIC's clinical file.

    Parameters
    ----------
    place : path
    cohort : str, optional
        Catalogue name of what a folder holds; the folder's own name if not given.
    mapping : path, optional
        How a registry's file is read.

    Raises
    ------
    QuestionError
        If it cannot be told which cohort lies there.
    DataError
        If it is not there, or holds what the loader does not know.
    """
    path = Path(place)
    if mapping is not None:
        return load(path, mapping=mapping)
    if path.is_dir():
        name = cohort or path.name
        if name not in ENTRIES:
            raise QuestionError(f"Which cohort lies in {path}? Name it with --cohort: {', '.join(ENTRIES)}.")
        return load(name, data_dir=path)
    if not path.is_file():
        raise DataError(f"{path} does not exist. Give a folder of the publishers' files, or a file.")
    if cohort not in (None, "metabric"):
        raise QuestionError(f"A release of {cohort} is a folder of its files. Give the folder that holds {path.name}.")
    return _clinical_file(path)


def _clinical_file(path: Path) -> Cohort:
    """Load METABRIC from one file, apart from all others; the portal's column names become the study's."""
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "metabric" / PATIENT_FILE
        alone.parent.mkdir()
        alone.write_bytes(_patient_file(path))
        try:
            cohort = load("metabric", data_dir=folder)
        except DataError as error:
            raise DataError(str(error).replace(str(alone), str(path))) from None
        unknown = sha256(alone)[:12]
    first, *others = cohort.sources
    first = replace(first, name=path.name, sha256=sha256(path), retrieved=first.retrieved or retrieved(path))
    notes = tuple(note.replace(PATIENT_FILE, path.name).replace(unknown, first.sha256[:12]) for note in cohort.notes)
    return replace(cohort, sources=(first, *others), notes=notes)


def _patient_file(path: Path) -> bytes:
    content = path.read_bytes()
    table = read_table(content, path, missing=["NA"])
    if "PATIENT_ID" in table.frame:
        return content
    if "Patient ID" not in table.frame:
        raise QuestionError(
            f"{path.name} is no clinical file of METABRIC (no column PATIENT_ID or 'Patient ID'). "
            "A registry's file needs --mapping."
        )
    table.require(_PORTAL)
    return table.frame[list(_PORTAL)].rename(columns=_PORTAL).to_csv(sep="\t", index=False).encode()


def raw_changes(old: Cohort, new: Cohort, *, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Say which of the publishers' columns changed, in the patients whom both releases hold.

    Parameters
    ----------
    old, new : Cohort
    tolerance : float
        Numbers as close as this are the same, in the column's own unit.

    Returns
    -------
    DataFrame
        column, changed, became_known, became_unknown (patients), and `factor`: new / old where it is one number for
        all that changed, else NaN.
    """
    shared = old.raw.index.intersection(new.raw.index, sort=False)
    rows = list(_columns(old.raw.loc[shared], new.raw.loc[shared], tolerance))
    return pd.DataFrame(rows, columns=["column", "changed", "became_known", "became_unknown", "factor"])


def _columns(old: pd.DataFrame, new: pd.DataFrame, tolerance: float) -> Iterator[tuple[str, int, int, int, float]]:
    for name in old.columns.intersection(new.columns, sort=False):
        one, other = old[name], new[name]
        both = (one.notna() & other.notna()).to_numpy()
        a, b = (pd.to_numeric(values, errors="coerce").to_numpy(dtype=float) for values in (one, other))
        numbers = bool(np.isfinite(a[both]).all() and np.isfinite(b[both]).all())
        differs = both & (np.abs(a - b) > tolerance if numbers else (one != other).to_numpy())
        known, unknown = int((one.isna() & other.notna()).sum()), int((one.notna() & other.isna()).sum())
        if differs.any() or known or unknown:
            yield str(name), int(differs.sum()), known, unknown, _factor(a[differs], b[differs])


def _factor(old: np.ndarray[Any, Any], new: np.ndarray[Any, Any]) -> float:
    """Return the one ratio of all numbers, NaN where there is none."""
    large = np.abs(old) >= _TEN
    ratio = new[large] / old[large]
    return float(np.median(ratio)) if len(ratio) > 1 and np.ptp(ratio) <= _ONE_FACTOR else float("nan")
