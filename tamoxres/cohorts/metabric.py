"""METABRIC: the patient file of cBioPortal's brca_metabric (2,509 patients; treatment known in 1,980).

Conventions and traps: OS_MONTHS is days/30; RFS_MONTHS is days/30.4 in releases before 2024 and days/30 since (told
from the recurrence-free patients, in whom both end on the same day). "RFS" counts local relapse, distant relapse or
death from disease, other deaths censored: STEEP's RFI. ER_IHC is spelt `Positve`. COHORT (1-9) is the contributing
site. HORMONE_THERAPY does not name the drug. HER2_SNP6 is a copy-number call, not clinical HER2 status.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ..cohort import Cohort
from ..endpoints import BCSS, OS, RFI
from ..errors import DataError
from ..files import data_root, read_pinned
from .cbioportal import Study
from .metabric_files import found_beside
from .recode import YES_NO, RawTable, events, months
from .rueda import RUEDA_FILE, with_drugs

__all__ = ["PATIENT_FILE", "PATIENT_SHA256", "load"]

PATIENT_FILE = "data_clinical_patient.txt"
PATIENT_SHA256 = "f01fde122007c133af67fc92e2b50d569c63295fe9b8e7d65ea8e89afe5dc47f"
OS_DAYS = 30.0
_RFS_DAYS = (30.4, 30.0)
_COLUMNS = (
    "PATIENT_ID", "LYMPH_NODES_EXAMINED_POSITIVE", "NPI", "CHEMOTHERAPY", "COHORT", "ER_IHC", "HER2_SNP6",
    "HORMONE_THERAPY", "INFERRED_MENOPAUSAL_STATE", "INTCLUST", "AGE_AT_DIAGNOSIS", "OS_MONTHS", "OS_STATUS",
    "CLAUDIN_SUBTYPE", "THREEGENE", "VITAL_STATUS", "RADIO_THERAPY", "RFS_STATUS", "RFS_MONTHS",
)  # fmt: skip
_PAM50 = {**{level: level for level in ("LumA", "LumB", "Her2", "Basal", "Normal", "claudin-low")}, "NC": None}
_VITAL = {"Living": "living", "Died of Disease": "cancer", "Died of Other Causes": "other"}
_NOTES = (
    "HORMONE_THERAPY does not name the drug: patients are endocrine-treated "
    "(tamoxifen, an aromatase inhibitor or both).",
    "Diagnosed 1977-2005, before adjuvant trastuzumab: HER2 results do not carry over to patients given "
    "HER2-targeted therapy.",
    "Treatment was not randomised.",
)
_CITATION = (
    "Curtis C et al. 2012 Nature 486:346; Pereira B et al. 2016 Nat Commun 7:11479; Rueda OM et al. 2019 Nature 567:399"
)
_RELEASED = "2020-12-02"
_UNKNOWN = "{} is a snapshot this version does not know ({})."
_ASSAYS = {
    "er": "IHC",
    "pam50": "mRNA array (PAM50 + claudin-low)",
    "pr": "PR_STATUS of the sample file (assay not stated)",
    "her2": "HER2_STATUS of the sample file (assay not stated)",
}
_DEPARTURES = {
    "RFI": "the file's RFS; 38 recurrences without a date are unknown, not events; competing deaths are known where "
    "vital status is (1,980 patients)",
    "BCSS": "cause of death as recorded (Died of Disease against Died of Other Causes)",
}


def load(
    *,
    data_dir: str | Path | None = None,
    drugs: bool = False,
    breast_deaths: Literal["competing", "event"] = "competing",
) -> Cohort:
    """Load METABRIC, harmonised, with every profile whose files are on disk.

    Parameters
    ----------
    data_dir : path, optional
        Folder searched for the publishers' files before the cache and the embedded patient file.
    drugs : bool
        Join the user's own copy of Rueda's supplement: the cohort `metabric_rueda` (see `rueda`).
    breast_deaths : "competing" | "event"
        With `drugs`: what becomes of deaths from breast cancer without a recorded distant relapse.

    Returns
    -------
    Cohort
        Endpoints OS, BCSS and RFI; treatment `endocrine_unspecified`.

    Raises
    ------
    DataError
        If the embedded file was altered, or a given file holds what the loader does not know.
    """
    study = Study(
        folder="metabric", study_id="brca_metabric", citation=_CITATION, doi="10.1038/nature10983",
        panel="METABRIC_173", data_dir=data_dir,
    )  # fmt: skip
    path = study.find(PATIENT_FILE) or data_root() / "metabric" / PATIENT_FILE
    if path.is_relative_to(data_root()):
        read_pinned(path, PATIENT_SHA256)
    table = study.table(path, "PATIENT_ID", _COLUMNS)
    source, beside = study.source(path), found_beside(study, table)
    known = source.sha256 == PATIENT_SHA256
    patients = _harmonise(table).join(beside.patients)
    cohort = Cohort(
        name="metabric",
        title="METABRIC",
        patients=patients,
        raw=table.frame.join(beside.raw),
        sources=(replace(source, retrieved=_RELEASED if known else source.retrieved), *beside.sources),
        endpoints=(BCSS, OS, RFI),
        treatment_specificity="endocrine_unspecified",
        departures=_DEPARTURES,
        assays={column: assay for column, assay in _ASSAYS.items() if column in patients},
        default_rules=beside.rules,
        unfetched=beside.unfetched,
        profiles=beside.profiles,
        overlaps=("metabric_rueda",),
        notes=_NOTES if known else (*_NOTES, _UNKNOWN.format(path.name, source.sha256[:12])),
    )
    return with_drugs(cohort, study.find(RUEDA_FILE), breast_deaths) if drugs else cohort


def _harmonise(table: RawTable) -> pd.DataFrame:
    endocrine = table.levels("HORMONE_THERAPY", YES_NO)
    patients = pd.DataFrame(
        {
            "age": table.numbers("AGE_AT_DIAGNOSIS"),
            "menopause": table.levels("INFERRED_MENOPAUSAL_STATE", {"Pre": "pre", "Post": "post"}),
            "er": table.levels("ER_IHC", {"Positve": "positive", "Positive": "positive", "Negative": "negative"}),
            "nodes": table.numbers("LYMPH_NODES_EXAMINED_POSITIVE"),
            "npi": table.numbers("NPI"),
            "pam50": table.levels("CLAUDIN_SUBTYPE", _PAM50),
            "endocrine": endocrine,
            "endocrine_agent": endocrine.map({"yes": "unspecified", "no": "none"}),
            "chemotherapy": table.levels("CHEMOTHERAPY", YES_NO),
            "radiotherapy": table.levels("RADIO_THERAPY", YES_NO),
            "site": table.frame["COHORT"],
        },
        index=table.frame.index,
    )
    return patients.assign(**_endpoints(table))


def _endpoints(table: RawTable) -> dict[str, pd.Series[Any]]:
    vital = table.levels("VITAL_STATUS", _VITAL)
    dead = table.levels("OS_STATUS", {"1:DECEASED": "yes", "0:LIVING": "no", "DECEASED": "yes", "LIVING": "no"})
    recurred = table.levels("RFS_STATUS", {"1:Recurred": "yes", "0:Not Recurred": "no"})
    os_raw, rfs_raw = table.times("OS_MONTHS"), table.times("RFS_MONTHS")
    rfs_days = _rfs_unit(os_raw, rfs_raw, recurred == "no", table.name)
    os_time, rfi_time = months(os_raw, OS_DAYS), months(rfs_raw, rfs_days)
    return {
        "OS_months": os_time,
        "OS_event": events(dead == "yes", known=dead.notna()),
        "BCSS_months": os_time,
        "BCSS_event": events(vital == "cancer", competing=vital == "other", known=vital.notna()),
        "RFI_months": rfi_time,
        "RFI_event": events(recurred == "yes", competing=vital == "other", known=recurred.notna() & rfi_time.notna()),
    }


def _rfs_unit(os_raw: pd.Series[Any], rfs_raw: pd.Series[Any], free: pd.Series[Any], name: str) -> float:
    """Tell days per RFS month: without recurrence both times end on the same day, so their ratio gives the unit."""
    ratio = (OS_DAYS * os_raw / rfs_raw)[free & (rfs_raw > 1)].median()
    for days in _RFS_DAYS:
        if abs(ratio - days) < 0.05:
            return days
    raise DataError(
        f"{name}, columns OS_MONTHS and RFS_MONTHS: in recurrence-free patients the unit of RFS comes to {ratio:.2f} "
        "days, neither 30 nor 30.4. The times were altered; restore the publisher's file."
    )
