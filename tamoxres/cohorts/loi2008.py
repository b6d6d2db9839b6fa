"""Loi 2008: 255 tamoxifen-treated patients (OXFT, GUYT, KIT) with continuous expression of 227 genes.

Conventions and traps: the file tells who was resistant, not when. The 99 OXFT patients are the JBI patients of
GSE17705, joined by their number (96 of 99): their relapse times are taken from there where that table is on disk; the
other patients have no times, and no endpoint is invented for them. FRAP1 is MTOR's former name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Cohort, Source
from ..endpoints import RFI
from ..errors import DataError
from ..files import sha256
from .curated import CLINICAL, clinical_series, free_of_relapse
from .folder import Folder
from .profiles import DefaultRule, MatrixProfile, answerable
from .rdata import read_rda

__all__ = ["load"]

_FILE = "Loi2008_DEGraphVignette.RData"
_CITATION, _DOI = "Loi S et al. 2008 BMC Genomics 9:239", "10.1186/1471-2164-9-239"
_DEFAULT_RULES = {
    "AKT": DefaultRule("mrna_high", "mrna", "AKT1"),
    "MTOR": DefaultRule("mrna_high", "mrna", "FRAP1"),
}
_NOTES = (
    "All patients had tamoxifen: a single arm cannot tell whether a marker predicts its failure.",
    "Relapse times are known in the 96 OXFT patients who are the JBI patients of GSE17705; never pool both.",
)


def load(*, data_dir: str | Path | None = None) -> Cohort:
    """Load Loi 2008 from DEGraph's file (`tamoxres fetch loi2008`), harmonised.

    Parameters
    ----------
    data_dir : path, optional
        Folder searched before the cache; curatedBreastData's table beside it gives the times.

    Returns
    -------
    Cohort
        Endpoint RFI in 96 patients where the times are on disk, else none; column `resistant` (yes, no).
    """
    folder = Folder(folder="tamoxifen_geo", data_dir=data_dir)
    path = folder.require(_FILE, fetch="loi2008")
    objects = read_rda(path)
    if missing := {"exprLoi2008", "classLoi2008", "annLoi2008"} - set(objects):
        raise DataError(f"{path.name} does not hold {sorted(missing)[0]}. Restore the publisher's file.")
    resistant = objects["classLoi2008"].map({0.0: "yes", 1.0: "no"}).astype(object).rename_axis("patient")
    patients = pd.DataFrame(
        {
            "resistant": resistant,
            "endocrine": "yes",
            "endocrine_agent": "tamoxifen",
            "site": resistant.index.str.partition("_").get_level_values(0),
        }
    )
    clinical = folder.find(CLINICAL)
    if clinical is not None:
        patients = patients.join(_times(clinical, patients.index))
    profile = _profile(objects, patients.index)
    rules, _ = answerable(_DEFAULT_RULES, [profile], "")
    files = [file for file in (path, clinical) if file]
    return Cohort(
        name="loi2008",
        title="Loi 2008 (tamoxifen)",
        patients=patients,
        raw=pd.DataFrame({"class": objects["classLoi2008"].to_numpy()}, index=patients.index),
        sources=tuple(
            Source(name=file.name, citation=_CITATION, doi=_DOI, licence="GPL-3 (DEGraph)", sha256=sha256(file))
            for file in files
        ),
        endpoints=(RFI,) if clinical else (),
        treatment_specificity="tamoxifen_confirmed",
        departures={"RFI": "relapse as GSE17705 records it, in the patients shared with it"} if clinical else {},
        default_rules=rules,
        profiles=(profile,),
        overlaps=("gse17705",),
        notes=_NOTES,
    )


def _times(path: Path, patients: pd.Index) -> pd.DataFrame:
    """Take the relapse of the shared patients from GSE17705, by the number in both names."""
    table = clinical_series(path, "GSE17705")
    numbers = table.frame["original_study_patient_ID"].str.extract(r"^JBI_Tissue_BC_Tamoxifen_(\d+)$", expand=False)
    ends = pd.DataFrame(free_of_relapse(table, "RFS", "RFS_months_or_MIN_months_of_RFS"))[numbers.notna()]
    return ends.set_axis("OXFT_" + numbers.dropna()).reindex(patients)


def _profile(objects: dict[str, Any], patients: pd.Index[Any]) -> MatrixProfile:
    symbols = objects["annLoi2008"]["NCBI.gene.symbol"]
    values = objects["exprLoi2008"].set_axis(symbols).T.set_axis(patients)
    return MatrixProfile(
        kind="mrna", assay="mRNA array (Affymetrix), log2", unit="log2", names=partial(frozenset, symbols),
        read=partial(_columns, values), patients=frozenset(patients),
    )  # fmt: skip


def _columns(values: pd.DataFrame, genes: Sequence[str]) -> pd.DataFrame:
    return values[list(genes)].astype(float)
