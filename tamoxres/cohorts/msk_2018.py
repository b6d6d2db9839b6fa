"""MSK 2018's files (`msk_2018.toml` reads them): which sample speaks for a patient, and when patients entered.

Conventions: the primary tumour speaks if it was sequenced, else the first metastasis (`sample_type`). Follow-up counts
from the collection of that sample, the earliest entry that the file can tell.
"""

from __future__ import annotations

from pathlib import Path

from . import rules as grammar
from .assemble import Parts, source_of
from .cbioportal import Study
from .profiles import Samples
from .recode import RawTable

__all__ = ["msk_2018"]

_SAMPLE = (
    "PATIENT_ID", "SAMPLE_TYPE", "ER_STATUS_PRIMARY", "PR_STATUS_PRIMARY", "OVERALL_TUMOR_GRADE", "STAGE_AT_DIAGNOSIS",
    "INVASIVE_CARCINOMA_DX_AGE", "INVASIVE_CARCINOMA_DX_TIME", "NGS_SAMPLE_COLLECTION_TIME",
)  # fmt: skip


def msk_2018(rules: grammar.Mapping, data_dir: str | Path | None = None) -> Parts:
    """Open MSK 2018 from the study's files."""
    study = Study(folder="msk_2018", data_dir=data_dir)
    patient_file, sample_file = study.require("data_clinical_patient.txt"), study.require("data_clinical_sample.txt")
    people = study.table(patient_file, rules.patient)
    tissue = study.table(sample_file, "SAMPLE_ID", _SAMPLE)
    chosen = _first_samples(tissue).of(people)
    samples = Samples(
        known=frozenset(tissue.frame.index),
        patient_of=dict(zip(chosen.frame["SAMPLE_ID"], chosen.frame.index, strict=True)),
    )
    profiles, paths = study.profiles(samples, {"mutation": "targeted sequencing (MSK-IMPACT)", "cna": "MSK-IMPACT"})
    waited = chosen.numbers("NGS_SAMPLE_COLLECTION_TIME") - chosen.numbers("INVASIVE_CARCINOMA_DX_TIME")
    return Parts(
        rules=rules, table=people, beside={"SAMPLE": chosen}, profiles=profiles,
        sources=tuple(source_of(rules, path) for path in (patient_file, sample_file, *paths)),
        columns={"entry_months": waited.clip(lower=0)},
    )  # fmt: skip


def _first_samples(tissue: RawTable) -> RawTable:
    order = tissue.frame.assign(
        metastasis=tissue.frame["SAMPLE_TYPE"] != "Primary", collected=tissue.numbers("NGS_SAMPLE_COLLECTION_TIME")
    ).sort_values(["metastasis", "collected"], kind="stable")
    return tissue.picked(order.drop_duplicates("PATIENT_ID").index, "PATIENT_ID")
