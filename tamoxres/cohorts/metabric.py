"""METABRIC's files (`metabric.toml` reads the clinical ones), and Rueda's supplement to it (`metabric_rueda.toml`).

Conventions and traps: the unit of RFS_MONTHS is told from the recurrence-free patients, in whom both times end on the
same day. Mutations cover 173 genes, without MTOR, AKT3, SRC, GLI1-3, SMO and PTCH1, and 2,433 of the 2,509 samples. The
Kaggle file holds z-scores of 489 genes in 1,904 patients (not GLI1-3, SMO, PTCH1, ESR1); its `overall_survival` 1 means
alive and is not read. Files that contradict each other on a patient are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as changed
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from msgspec.structs import replace

from ..cohort import Profile
from ..errors import DataError, NotOnDisk, QuestionError
from ..files import data_root, read_bytes, read_pinned
from ..files.numbers import to_numbers
from ..vocabulary import ProfileKind
from . import rules as grammar
from .assemble import Parts, source_of
from .cbioportal import Study
from .mapping import read_declared
from .profiles import MatrixProfile, Samples
from .readers.wide import content_of, header_of, read_chosen
from .recode import RawTable, agree, read_table

__all__ = ["PATIENT_FILE", "RUEDA_FILE", "clinical_file", "metabric", "metabric_rueda"]

PATIENT_FILE = "data_clinical_patient.txt"
SAMPLE_FILES = ("data_clinical_sample.txt", "metabric_data_clinical_sample.txt")
PORTAL_FILE = "Brca_metabric_clinical_data.tsv"
KAGGLE_FILE = "breast_cancer_dataset.zip"
RUEDA_FILE = "41586_2019_1007_MOESM7_ESM.txt"
OS_DAYS, RFS_DAYS = 30.0, (30.4, 30.0)
PORTAL = {  # the columns of the table that the portal downloads, as the study's patient file names them
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
_PORTAL_SAMPLE = {
    "Sample ID": "SAMPLE_ID", "ER Status": "ER_STATUS", "HER2 Status": "HER2_STATUS", "PR Status": "PR_STATUS",
    "Neoplasm Histologic Grade": "GRADE", "Tumor Size": "TUMOR_SIZE", "Tumor Stage": "TUMOR_STAGE",
}  # fmt: skip
_SAMPLE = tuple(_PORTAL_SAMPLE.values())
_COMPARED = (
    "OS_STATUS",
    "OS_MONTHS",
    "NPI",
    "RFS_STATUS",
    "HORMONE_THERAPY",
    "ER_IHC",
    "HER2_SNP6",
    "AGE_AT_DIAGNOSIS",
)
_PRINTED = 0.011  # both files print months, points and years with two decimals or more
_KAGGLE_TABLE = "METABRIC_RNA_Mutation.csv"
_RELEASED = "2020-12-02"
_UNKNOWN = "{} is a snapshot this version does not know ({})."
_BRINGS = "its mutations, copy number and mRNA z-scores"
_ASSAYS: Mapping[ProfileKind, str] = {
    "mutation": "targeted sequencing (173 genes)",
    "cna": "SNP6 copy number (DNAcopy)",
    "mrna": "mRNA array (Illumina HT-12 v3), z-score",
}


def metabric(rules: grammar.Mapping, data_dir: str | Path | None = None) -> Parts:
    """Open METABRIC, with every profile whose files are on disk; the embedded patient file where no other is."""
    study = Study(folder="metabric", panel="METABRIC_173", data_dir=data_dir)
    path = study.find(PATIENT_FILE) or data_root() / "metabric" / PATIENT_FILE
    content = read_pinned(path, rules.sha256) if path.is_relative_to(data_root()) else read_bytes(path)
    table = read_table(content, path, columns=[rules.patient]).indexed(rules.patient)
    parts = _patients(rules, table, path)
    attributes, files = _attributes(study, table)
    profiles, paths = _profiles(study, table.frame.index, attributes)
    beside = {} if attributes is None else {"SAMPLE": attributes.of(table, all_of_them=False)}
    sources = (*parts.sources, *(source_of(rules, file) for file in (*files, *paths)))
    return changed(parts, beside=beside, profiles=profiles, sources=sources)


def clinical_file(path: Path) -> Parts:
    """Open METABRIC from one clinical file, apart from all others: the study's patient file, or the portal's table."""
    rules = read_declared("metabric")
    table = read_table(read_bytes(path), path)
    if "Patient ID" in table.frame:
        table = read_table(read_bytes(path), path, missing=["NA"], columns=PORTAL).keeping(PORTAL)
    elif "PATIENT_ID" not in table.frame:
        raise QuestionError(
            f"{path.name} is no clinical file of METABRIC (no column PATIENT_ID or 'Patient ID'). "
            "A registry's file needs --mapping."
        )
    return _patients(rules, table.indexed(rules.patient), path)


def _patients(rules: grammar.Mapping, table: RawTable, path: Path) -> Parts:
    """Say which release a patient file is, and in which unit it gives RFS."""
    table.require(("HER2_SNP6", "INTCLUST", "THREEGENE"))
    source = source_of(rules, path)
    if source.sha256 == rules.sha256:
        source = changed(source, retrieved=_RELEASED)
    else:
        rules = replace(rules, notes=(*rules.notes, _UNKNOWN.format(path.name, source.sha256[:12])))
    unit = _rfs_unit(table)
    ends = tuple(replace(end, unit=unit) if end.time == "RFS_MONTHS" else end for end in rules.endpoints)
    return Parts(
        rules=replace(rules, endpoints=ends), table=table, sources=(source,), fetch="metabric", brings=_BRINGS
    )  # fmt: skip


def _rfs_unit(table: RawTable) -> float:
    """Tell days per RFS month: without recurrence both times end on the same day, so their ratio gives the unit."""
    table.require(("OS_MONTHS", "OS_STATUS", "RFS_MONTHS", "RFS_STATUS"))
    survival, relapse = (to_numbers(table.frame[name])[0] for name in ("OS_MONTHS", "RFS_MONTHS"))
    free = (table.frame["RFS_STATUS"] == "0:Not Recurred").to_numpy() & (relapse > 1)
    ratio = pd.Series(OS_DAYS * survival[free] / relapse[free]).median()
    for days in RFS_DAYS:
        if abs(ratio - days) < 0.05:
            return days
    raise DataError(
        f"{table.name}, columns OS_MONTHS and RFS_MONTHS: in recurrence-free patients the unit of RFS comes to "
        f"{ratio:.2f} days, neither 30 nor 30.4. The times were altered; restore the publisher's file."
    )


def _attributes(study: Study, patients: RawTable) -> tuple[RawTable | None, list[Path]]:
    """Read the sample attributes from the sample file, or from the portal's table where that is all there is."""
    path, portal = study.find(*SAMPLE_FILES), study.find(PORTAL_FILE)
    attributes: RawTable | None = None
    if portal is not None:
        table = study.table(portal, "Patient ID", _PORTAL_SAMPLE, missing=["NA"])
        agree(patients, table, {name: theirs for theirs, name in PORTAL.items() if name in _COMPARED}, _PRINTED)
        attributes = table.keeping(_PORTAL_SAMPLE)
    if path is not None:
        table = study.table(path, "PATIENT_ID", _SAMPLE, missing=["NA"])
        if attributes is not None:
            agree(table, attributes, {name: name for name in _SAMPLE})
        attributes = table.keeping({name: name for name in _SAMPLE})
    if attributes is not None and (strange := attributes.frame.index.difference(patients.frame.index)).size:
        raise DataError(
            f"{attributes.name}: patient {strange[0]} is not in {patients.name}. Take both files from one release."
        )
    return attributes, [file for file in (path or portal,) if file is not None]


def _profiles(
    study: Study, patients: pd.Index[Any], attributes: RawTable | None
) -> tuple[tuple[Profile, ...], list[Path]]:
    samples = patients if attributes is None else attributes.frame["SAMPLE_ID"]
    patient_of = dict(zip(samples, patients if attributes is None else attributes.frame.index, strict=True))
    profiles, paths = study.profiles(Samples(known=frozenset(patient_of), patient_of=patient_of), _ASSAYS)
    kaggle = study.find(KAGGLE_FILE)
    if kaggle is not None and not any(profile.kind == "mrna" for profile in profiles):
        return (*profiles, _kaggle(kaggle, frozenset(patients))), [*paths, kaggle]
    return profiles, paths


def _kaggle(path: Path, patients: frozenset[str]) -> MatrixProfile:
    return MatrixProfile(
        kind="mrna", assay=_ASSAYS["mrna"], unit="z-score", names=partial(_kaggle_genes, path),
        read=partial(_kaggle_values, path, patients), chosen="cancer panel",
    )  # fmt: skip


def _kaggle_genes(path: Path) -> frozenset[str]:
    """Genes follow the clinical columns, and precede the `<gene>_mut` ones."""
    header = header_of(content_of(path, _KAGGLE_TABLE), path.name)
    return frozenset(name.upper() for name in header[header.index("death_from_cancer") + 1 :] if "_mut" not in name)


def _kaggle_values(path: Path, patients: frozenset[str], genes: Sequence[str]) -> pd.DataFrame:
    columns = ["patient_id", *(gene.lower() for gene in genes)]
    frame = read_chosen(content_of(path, _KAGGLE_TABLE), path.name, columns)
    frame.index = pd.Index([f"MB-{number:04.0f}" for number in frame.pop("patient_id")], name="patient")
    if strange := sorted(set(frame.index) - patients):
        raise DataError(f"{path.name}: patient {strange[0]} is not in METABRIC's patient file. Download it anew.")
    return frame.rename(columns=str.upper).astype(float)


def metabric_rueda(
    rules: grammar.Mapping, data_dir: str | Path | None = None, *,
    breast_deaths: Literal["competing", "event"] = "competing",
) -> Parts:  # fmt: skip
    """Open METABRIC's patients whom the supplement names too; `breast_deaths`: those without a distant relapse."""
    parts = metabric(rules, data_dir)
    path = Study(folder="metabric", data_dir=data_dir).find(RUEDA_FILE)
    if path is None:
        raise NotOnDisk(
            f"{RUEDA_FILE} is not on disk. It is the supplement of Rueda 2019 (doi:10.1038/s41586-019-1007-8) without "
            "an open licence:", cohort="metabric_rueda",
            mend="put your own copy into the folder metabric of --data-dir.",
        )  # fmt: skip
    table = read_table(read_bytes(path), path.name, missing=("NA",), columns=("Age.At.Diagnosis", "HT", "T"))
    table = table.indexed("METABRIC.ID")
    _refuse_disagreement(parts.table, table)
    shared = parts.table.frame.index.intersection(table.frame.index, sort=False)
    source = source_of(
        rules, path, name=path.name, citation="Rueda OM et al. 2019 Nature 567:399, supplementary data",
        doi="10.1038/s41586-019-1007-8", url="", licence="none stated: the user's own copy",
    )  # fmt: skip
    main = parts.table.rows_of(shared)
    beside = {name: other.rows_of(shared) for name, other in (*parts.beside.items(), ("RUEDA", table))}
    return changed(
        parts, rules=_with_breast_deaths(parts.rules, breast_deaths), table=main, beside=beside,
        sources=(*parts.sources, source),
    )  # fmt: skip


def _with_breast_deaths(rules: grammar.Mapping, count_as: Literal["competing", "event"]) -> grammar.Mapping:
    counted = "counted as events" if count_as == "event" else "taken as competing deaths (STEEP counts them as events)"
    *others, distant = rules.endpoints
    breast, any_death = distant.deaths
    departure = f"distant relapse; deaths from breast cancer without a recorded one are {counted}"
    distant = replace(distant, deaths=(replace(breast, count_as=count_as), any_death), departure=departure)
    return replace(rules, endpoints=(*others, distant))


def _refuse_disagreement(mine: RawTable, supplement: RawTable) -> None:
    """Compare age, survival in days, and whether there was hormone therapy."""
    days = (to_numbers(mine.frame["OS_MONTHS"])[0] * OS_DAYS).round(3)
    ours = changed(mine, name="METABRIC", frame=mine.frame.assign(OS_DAYS=days))
    agree(ours, supplement, {"AGE_AT_DIAGNOSIS": "Age.At.Diagnosis", "OS_DAYS": "T"}, 0.011)
    named = supplement.frame["HT"].where(supplement.frame["HT"] == "NO/NA", "YES").replace({"NO/NA": "NO"})
    agree(ours, changed(supplement, frame=supplement.frame.assign(HT=named)), {"HORMONE_THERAPY": "HT"})
