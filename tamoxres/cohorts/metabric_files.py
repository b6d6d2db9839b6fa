"""What METABRIC holds beside its patient file: sample attributes, mutations, copy number and mRNA z-scores.

Conventions and traps: HER2_STATUS, ER_STATUS and PR_STATUS of the sample file do not state their assay. Mutations cover
173 genes, without MTOR, AKT3, SRC, GLI1-3, SMO and PTCH1, and 2,433 of the 2,509 samples. The Kaggle file holds
z-scores of 489 genes in 1,904 patients (not GLI1-3, SMO, PTCH1, ESR1); its `overall_survival` 1 means alive and is not
read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Profile, ProfileKind, Source
from ..errors import DataError
from .cbioportal import Study
from .profiles import DefaultRule, MatrixProfile, Samples, answerable
from .recode import NEGATIVE_POSITIVE, RawTable, agree

__all__ = ["Beside", "found_beside"]

SAMPLE_FILES = ("data_clinical_sample.txt", "metabric_data_clinical_sample.txt")
PORTAL_FILE = "Brca_metabric_clinical_data.tsv"
KAGGLE_FILE = "breast_cancer_dataset.zip"
_KAGGLE_TABLE = "METABRIC_RNA_Mutation.csv"
_SAMPLE_COLUMNS = ("SAMPLE_ID", "ER_STATUS", "HER2_STATUS", "PR_STATUS", "GRADE", "TUMOR_SIZE", "TUMOR_STAGE")
_PORTAL_NAMES = {
    "Sample ID": "SAMPLE_ID", "ER Status": "ER_STATUS", "HER2 Status": "HER2_STATUS", "PR Status": "PR_STATUS",
    "Neoplasm Histologic Grade": "GRADE", "Tumor Size": "TUMOR_SIZE", "Tumor Stage": "TUMOR_STAGE",
}  # fmt: skip
_SHARED = {
    "OS_STATUS": "Overall Survival Status", "OS_MONTHS": "Overall Survival (Months)",
    "NPI": "Nottingham prognostic index", "RFS_STATUS": "Relapse Free Status",
    "HORMONE_THERAPY": "Hormone Therapy", "ER_IHC": "ER status measured by IHC",
    "HER2_SNP6": "HER2 status measured by SNP6", "AGE_AT_DIAGNOSIS": "Age at Diagnosis",
}  # fmt: skip
_PRINTED = 0.011  # both files print months, points and years with two decimals or more
_FETCH = "tamoxres fetch metabric brings its mutations, copy number and mRNA z-scores"
_DEFAULT_RULES = {
    "HER2": DefaultRule("snp6_gain"),
    "AKT": DefaultRule("mutation", "mutation", "AKT1"),
    "MTOR": DefaultRule("mrna_high", "mrna", "MTOR"),
    "SRC": DefaultRule("mrna_high", "mrna", "SRC"),
    "HH": DefaultRule("mrna_high", "mrna", "GLI1"),
    "PTEN": DefaultRule("mutation", "mutation", "PTEN"),
    "PIK3CA": DefaultRule("mutation", "mutation", "PIK3CA"),
    "CASCADE": DefaultRule("activated", "mutation", "PTEN"),
}
_ASSAYS: Mapping[ProfileKind, str] = {
    "mutation": "targeted sequencing (173 genes)",
    "cna": "SNP6 copy number (DNAcopy)",
    "mrna": "mRNA array (Illumina HT-12 v3), z-score",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """What was found beside the patient file: columns to join, profiles, and the rules they answer."""

    patients: pd.DataFrame
    raw: pd.DataFrame
    profiles: tuple[Profile, ...]
    sources: tuple[Source, ...]
    rules: dict[str, str]
    unfetched: dict[str, str]


def found_beside(study: Study, patients: RawTable) -> Beside:
    """Read what lies beside METABRIC's patient file, and refuse files that contradict each other.

    Parameters
    ----------
    study : Study
    patients : RawTable
        The patient file, indexed by patient.
    """
    everyone = patients.frame.index
    attributes, sample_file = _attributes(study, patients)
    profiles, paths = _profiles(study, everyone, attributes)
    rules, unfetched = answerable(_DEFAULT_RULES, profiles, _FETCH)
    nothing = pd.DataFrame(index=everyone)
    return Beside(
        patients=nothing if attributes is None else _harmonise(attributes).reindex(everyone),
        raw=nothing if attributes is None else attributes.frame.reindex(everyone),
        profiles=profiles,
        sources=tuple(study.source(path) for path in (*sample_file, *paths)),
        rules=rules,
        unfetched=unfetched,
    )


def _attributes(study: Study, patients: RawTable) -> tuple[RawTable | None, list[Path]]:
    """Read the sample attributes from the sample file, or from the portal's table where that is all there is."""
    path, portal = study.find(*SAMPLE_FILES), study.find(PORTAL_FILE)
    found: RawTable | None = None
    if portal is not None:
        table = study.table(portal, "Patient ID", _PORTAL_NAMES, missing=["NA"])
        agree(patients, table, _SHARED, _PRINTED)
        found = table.keeping(_PORTAL_NAMES)
    if path is not None:
        table = study.table(path, "PATIENT_ID", _SAMPLE_COLUMNS, missing=["NA"])
        if found is not None:
            agree(table, found, {name: name for name in _SAMPLE_COLUMNS})
        found = table.keeping({name: name for name in _SAMPLE_COLUMNS})
    if found is not None and (strange := found.frame.index.difference(patients.frame.index)).size:
        raise DataError(
            f"{found.name}: patient {strange[0]} is not in {patients.name}. Take both files from one release."
        )
    return found, [path for path in (path or portal,) if path is not None]


def _harmonise(table: RawTable) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "pr": table.levels("PR_STATUS", NEGATIVE_POSITIVE),
            "her2": table.levels("HER2_STATUS", NEGATIVE_POSITIVE),
            "grade": table.numbers("GRADE"),
            "size_mm": table.numbers("TUMOR_SIZE"),
            "stage": table.numbers("TUMOR_STAGE"),
        }
    )


def _profiles(
    study: Study, patients: pd.Index[Any], attributes: RawTable | None
) -> tuple[tuple[Profile, ...], list[Path]]:
    samples = patients if attributes is None else attributes.frame["SAMPLE_ID"]
    speaks = dict(zip(samples, patients if attributes is None else attributes.frame.index, strict=True))
    found, paths = study.profiles(Samples(known=frozenset(speaks), patient_of=speaks), _ASSAYS)
    kaggle = study.find(KAGGLE_FILE)
    if kaggle is not None and not any(profile.kind == "mrna" for profile in found):
        return (*found, _kaggle(kaggle, frozenset(patients))), [*paths, kaggle]
    return found, paths


def _kaggle(path: Path, patients: frozenset[str]) -> MatrixProfile:
    return MatrixProfile(
        kind="mrna", assay=_ASSAYS["mrna"], unit="z-score", names=partial(_kaggle_genes, path),
        read=partial(_kaggle_values, path, patients),
    )  # fmt: skip


def _open_kaggle(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_KAGGLE_TABLE) as table:
            if columns is None:
                return pd.read_csv(table, nrows=0)
            return pd.read_csv(table, usecols=list(columns), low_memory=False)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{path.name} is not the Kaggle archive of METABRIC ({error}). Download it anew.") from None


def _kaggle_genes(path: Path) -> frozenset[str]:
    """Genes follow the clinical columns, and precede the `<gene>_mut` ones."""
    header = list(_open_kaggle(path, None).columns)
    return frozenset(name.upper() for name in header[header.index("death_from_cancer") + 1 :] if "_mut" not in name)


def _kaggle_values(path: Path, patients: frozenset[str], genes: Sequence[str]) -> pd.DataFrame:
    frame = _open_kaggle(path, ["patient_id", *(gene.lower() for gene in genes)])
    frame.index = pd.Index([f"MB-{number:04d}" for number in frame.pop("patient_id")], name="patient")
    if strange := sorted(set(frame.index) - patients):
        raise DataError(f"{path.name}: patient {strange[0]} is not in METABRIC's patient file. Download it anew.")
    return frame.rename(columns=str.upper).astype(float)
