"""MSK 2018 (Razavi): 1,756 patients sequenced by MSK-IMPACT, most of them with metastatic disease; no therapy column.

Conventions and traps: patients entered when their tumour was sequenced; the file tells only when the sequenced sample
was collected, the earliest that can have been, and follow-up counts from there (left truncation). DFS is the time to
metastatic recurrence: it is read as DRFI, and only in the 1,398 patients without metastases at diagnosis (de novo
stage IV has 0 or a few months). One sample speaks for a patient: the primary tumour if sequenced, else the first
metastasis (`sample_type`). GLI1 is not on the first of the three panels, GLI2 and GLI3 on none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Cohort
from ..endpoints import DRFI, OS
from .cbioportal import Study
from .profiles import DefaultRule, Samples, answerable
from .recode import NEGATIVE_POSITIVE, RawTable, events, months

__all__ = ["load"]

_PATIENT = (
    "M_STAGE", "MENOPAUSAL_STATUS_AT_DIAGNOSIS", "SEX", "HER2_STATUS_PRIMARY", "DFS_MONTHS", "DFS_EVENT", "OS_MONTHS",
    "OS_STATUS",
)  # fmt: skip
_SAMPLE = (
    "PATIENT_ID", "SAMPLE_TYPE", "ER_STATUS_PRIMARY", "PR_STATUS_PRIMARY", "OVERALL_TUMOR_GRADE", "STAGE_AT_DIAGNOSIS",
    "INVASIVE_CARCINOMA_DX_AGE", "INVASIVE_CARCINOMA_DX_TIME", "NGS_SAMPLE_COLLECTION_TIME",
)  # fmt: skip
_RECEPTOR = {**NEGATIVE_POSITIVE, "Unk/ND": None}
_HER2 = {**_RECEPTOR, "Equivocal": None, "Negative (Outside Positive)": None}
_MENOPAUSE = {"Pre": "pre", "Post": "post", "Peri": None, "Male": None, "unk": None}
_DEFAULT_RULES = {
    "HER2": DefaultRule("ihc_ish"),
    "AKT": DefaultRule("mutation", "mutation", "AKT1"),
    "HH": DefaultRule("mutation", "mutation", "SMO"),
    "PTEN": DefaultRule("mutation", "mutation", "PTEN"),
    "PIK3CA": DefaultRule("mutation", "mutation", "PIK3CA"),
    "CASCADE": DefaultRule("activated", "mutation", "PTEN"),
}
_DEPARTURES = {
    "DRFI": "metastatic recurrence in patients without metastases at diagnosis; the cause of death is not recorded, "
    "and deaths without recurrence are censored",
}
_NOTES = (
    "No therapy is recorded: the cohort shows prognosis, not response to tamoxifen.",
    "Patients entered when sequenced, often years after diagnosis and with metastases; follow-up counts from the "
    "collection of the sequenced sample, the earliest entry the file can tell.",
    "Where no primary tumour was sequenced, a metastasis speaks for the patient (--where 'sample_type == Primary').",
)


def load(*, data_dir: str | Path | None = None) -> Cohort:
    """Load MSK 2018 from the study's files (`tamoxres fetch msk_2018`), harmonised.

    Parameters
    ----------
    data_dir : path, optional
        Folder searched before the cache.

    Returns
    -------
    Cohort
        Endpoints OS and DRFI, with delayed entry; columns `sample_type` and `sex` beside the codebook's.
    """
    study = Study(
        folder="msk_2018", study_id="breast_msk_2018", citation="Razavi P et al. 2018 Cancer Cell 34:427",
        doi="10.1016/j.ccell.2018.08.008", data_dir=data_dir,
    )  # fmt: skip
    patient_file, sample_file = study.require("data_clinical_patient.txt"), study.require("data_clinical_sample.txt")
    people = study.table(patient_file, "PATIENT_ID", _PATIENT)
    tissue = study.table(sample_file, "SAMPLE_ID", _SAMPLE)
    order = tissue.frame.assign(
        metastasis=tissue.frame["SAMPLE_TYPE"] != "Primary", collected=tissue.numbers("NGS_SAMPLE_COLLECTION_TIME")
    ).sort_values(["metastasis", "collected"], kind="stable")
    chosen = tissue.picked(order.drop_duplicates("PATIENT_ID").index, "PATIENT_ID").of(people)
    samples = Samples(
        known=frozenset(tissue.frame.index),
        patient_of=dict(zip(chosen.frame["SAMPLE_ID"], chosen.frame.index, strict=True)),
    )
    profiles, paths = study.profiles(samples, {"mutation": "targeted sequencing (MSK-IMPACT)", "cna": "MSK-IMPACT"})
    rules, unfetched = answerable(_DEFAULT_RULES, profiles, study.fetch)
    return Cohort(
        name="msk_2018",
        title="MSK 2018",
        patients=_harmonise(people, chosen),
        raw=people.frame.join(chosen.frame, rsuffix="_SAMPLE"),
        sources=tuple(study.source(path) for path in (patient_file, sample_file, *paths)),
        endpoints=(OS, DRFI),
        treatment_specificity="endocrine_unspecified",
        departures=_DEPARTURES,
        assays={"er": "IHC", "pr": "IHC", "her2": "IHC or ISH of the primary tumour"},
        default_rules=rules,
        unfetched=unfetched,
        profiles=profiles,
        notes=_NOTES,
    )


def _harmonise(people: RawTable, tissue: RawTable) -> pd.DataFrame:
    grade = tissue.frame["OVERALL_TUMOR_GRADE"].str.extract(r"^(I+) ", expand=False)
    stage = tissue.frame["STAGE_AT_DIAGNOSIS"].str.extract(r"^(IV|I+)", expand=False)
    roman = {"I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0}
    waited = tissue.numbers("NGS_SAMPLE_COLLECTION_TIME") - tissue.numbers("INVASIVE_CARCINOMA_DX_TIME")
    return pd.DataFrame(
        {
            "age": tissue.numbers("INVASIVE_CARCINOMA_DX_AGE"),
            "menopause": people.levels("MENOPAUSAL_STATUS_AT_DIAGNOSIS", _MENOPAUSE),
            "er": tissue.levels("ER_STATUS_PRIMARY", _RECEPTOR),
            "pr": tissue.levels("PR_STATUS_PRIMARY", _RECEPTOR),
            "her2": people.levels("HER2_STATUS_PRIMARY", _HER2),
            "grade": grade.map(roman),
            "stage": stage.map(roman),
            "sex": people.frame["SEX"],
            "sample_type": tissue.frame["SAMPLE_TYPE"],
            "entry_months": waited.clip(lower=0),
            **_endpoints(people),
        },
        index=people.frame.index,
    )


def _endpoints(people: RawTable) -> dict[str, pd.Series[Any]]:
    dead = people.levels("OS_STATUS", {"0:LIVING": "no", "1:DECEASED": "yes"})
    relapsed = people.levels("DFS_EVENT", {"0": "no", "1": "yes"})
    free_at_diagnosis = people.levels("M_STAGE", {"M0": "yes", "M1": "no"}) == "yes"
    month = 365.25 / 12
    return {
        "OS_months": months(people.times("OS_MONTHS"), month),
        "OS_event": events(dead == "yes", known=dead.notna()),
        "DRFI_months": months(people.times("DFS_MONTHS"), month),
        "DRFI_event": events(relapsed == "yes", known=relapsed.notna() & free_at_diagnosis),
    }
