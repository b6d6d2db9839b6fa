"""TCGA's files (`tcga_brca.toml` reads the clinical ones): drugs by name, curated endpoints, protein, mRNA, mutations.

Conventions and traps: the drug table has three header lines and free text for names; a patient without a row is not
proven untreated. The curated endpoints (TCGA-CDR) are days. RPPA holds metastases and normal tissue beside 874 primary
tumours. The Agilent table names 1,105 samples, of which 529 have values. `BRCA.mutations.rda` has 2 AKT1 mutations
where 20 to 25 are expected: AKT1 is not read from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Profile, Source
from ..errors import DataError
from ..files import read_bytes
from . import rules as grammar
from .assemble import Parts, source_of
from .cbioportal import Study
from .formats import FileOptions, read_file
from .profiles import CASCADE_GENES, MatrixProfile, MutationProfile, Samples, read_gene_names, read_gene_rows
from .rdata import read_rda
from .readers.wide import content_of, header_of, read_chosen
from .recode import RawTable, read_table

__all__ = ["read_drugs", "read_endpoints", "rppa_profile", "tcga_brca"]

_CDR = "TCGA-CDR-SupplementalTableS1_v2.xlsx"
_DRUGS = "nationwidechildrens.org_clinical_drug_brca.txt"
_ATLAS = "brca_tcga_pan_can_atlas_2018"
UNKNOWN = ("[Not Available]", "[Not Applicable]", "[Not Evaluated]", "[Unknown]", "[Discrepancy]")
_TAMOXIFEN = r"tamox|nolvadex"
_AROMATASE = r"arimidex|anastr|letroz|femara|exemest|aromas"
_OVARIAN = r"zoladex|goser|lupron|leup|tripto"
_OTHER = r"fulv|faslodex|fareston|megace|hormone, nos"
_RPPA_TABLE = "TCGA-BRCA-L4.csv"


def tcga_brca(rules: grammar.Mapping, data_dir: str | Path | None = None) -> Parts:
    """Open TCGA BRCA; clinical table, endpoints and drugs must be on disk."""
    study = Study(folder="tcga_brca", data_dir=data_dir)
    clinical = study.require("brca_tcga/data_clinical_patient.txt")
    cdr, drugs = study.require(_CDR), study.require(_DRUGS)
    table = study.table(clinical, rules.patient, missing=UNKNOWN)
    treated = read_drugs(drugs).reindex(table.frame.index)
    profiles, paths = _profiles(study, table.frame.index)
    return Parts(
        rules=rules, table=table, profiles=profiles,
        sources=tuple(_source(rules, path) for path in (clinical, cdr, drugs, *paths)),
        beside={"CDR": read_endpoints(cdr).of(table), "drugs": RawTable(drugs.name, treated, table.lines, "row")},
        columns={"endocrine_agent": _agent(treated)},
    )  # fmt: skip


def _agent(treated: pd.DataFrame) -> pd.Series[Any]:
    """Name the drug: tamoxifen, an aromatase inhibitor, both in sequence, or one that is neither."""
    tamoxifen, inhibitor = treated["tamoxifen"].eq(True), treated["aromatase_inhibitor"].eq(True)
    agent = pd.Series(None, index=treated.index, dtype=object).mask(treated["endocrine"].eq(True), "unspecified")
    agent = agent.mask(inhibitor, "aromatase_inhibitor").mask(tamoxifen, "tamoxifen")
    return agent.mask(tamoxifen & inhibitor, "sequence")


def read_drugs(path: Path) -> pd.DataFrame:
    """Read who had which endocrine drug, and when, from the drug table (biotab).

    Returns
    -------
    DataFrame, indexed by patient
        tamoxifen, aromatase_inhibitor, ovarian_suppression, endocrine, chemotherapy (bool: a row names it), start, stop
        (days from diagnosis of endocrine therapy, NaN where unknown or ongoing).
    """
    lines = read_bytes(path).split(b"\n")
    table = read_table(b"\n".join([lines[0], *lines[3:]]), path.name, missing=UNKNOWN)
    table.require([
        "bcr_patient_barcode", "pharmaceutical_therapy_drug_name", "pharmaceutical_therapy_type",
        "pharmaceutical_tx_started_days_to", "pharmaceutical_tx_ended_days_to", "pharmaceutical_tx_ongoing_indicator",
    ])  # fmt: skip
    frame = table.frame
    name = frame["pharmaceutical_therapy_drug_name"].fillna("").str.lower()
    kind = frame["pharmaceutical_therapy_type"].fillna("")
    rows = pd.DataFrame(
        {
            "tamoxifen": name.str.contains(_TAMOXIFEN),
            "aromatase_inhibitor": name.str.contains(_AROMATASE),
            "ovarian_suppression": name.str.contains(_OVARIAN),
            "chemotherapy": kind.str.contains("Chemotherapy") & ~name.str.fullmatch(f".*({_AROMATASE}|{_OVARIAN}).*"),
        }
    )
    other = name.str.contains(_OTHER) | (kind.str.contains("Hormone") & (name == ""))
    rows["endocrine"] = rows[["tamoxifen", "aromatase_inhibitor", "ovarian_suppression"]].any(axis=1) | other
    start = table.numbers("pharmaceutical_tx_started_days_to")
    rows["start"] = start.where(rows["endocrine"] & (start >= 0))  # before the diagnosis: for another tumour
    stop = table.numbers("pharmaceutical_tx_ended_days_to")
    going = frame["pharmaceutical_tx_ongoing_indicator"] == "YES"
    rows["stop"] = stop.where(rows["endocrine"] & ~going & (stop >= 0))
    rows["open"] = rows["endocrine"] & rows["stop"].isna()
    found = rows.groupby(frame["bcr_patient_barcode"]).agg(
        {**dict.fromkeys(list(rows)[:5], "any"), "start": "min", "stop": "max", "open": "any"}
    )
    return found.assign(stop=found["stop"].where(~found.pop("open"))).rename_axis("patient")


def read_endpoints(path: Path) -> RawTable:
    """Read the curated endpoints (TCGA-CDR) of breast cancer, indexed by patient."""
    table = read_file(path, FileOptions(sheet="TCGA-CDR"))
    columns = [f"{code}{part}" for code in ("OS", "DSS", "DFI", "PFI") for part in ("", ".time")]
    table.require(["type", "bcr_patient_barcode", *columns])
    breast = table.frame.index[table.frame["type"] == "BRCA"]
    chosen = table.picked(breast, "bcr_patient_barcode")
    return RawTable(chosen.name, chosen.frame[columns].mask(chosen.frame[columns].isin(["#N/A"])), chosen.lines)


def rppa_profile(path: Path) -> MatrixProfile:
    """Describe the protein arrays: TCPA's level 4 archive, or the pan-cancer table of GDC."""
    return MatrixProfile(
        kind="rppa", assay="RPPA (TCPA)", unit="log2, normalised", names=partial(_rppa_names, path),
        read=partial(_rppa_values, path),
    )  # fmt: skip


def _open_rppa(path: Path) -> tuple[bytes, str]:
    """Return the table's bytes and its separator."""
    packed = path.suffix == ".zip"
    return content_of(path, _RPPA_TABLE if packed else ""), "," if packed else "\t"


def _rppa_names(path: Path) -> frozenset[str]:
    ids = {"Sample_ID", "SampleID", "Cancer_Type", "TumorType", "Sample_Type", "SetID"}
    content, separator = _open_rppa(path)
    return frozenset(header_of(content, path.name, separator)) - ids


def _rppa_values(path: Path, antibodies: Sequence[str]) -> pd.DataFrame:
    """Return primary tumours (sample type 01) x antibodies; a patient's first sample speaks."""
    content, separator = _open_rppa(path)
    sample = "Sample_ID" if "Sample_ID" in header_of(content, path.name, separator) else "SampleID"
    frame = read_chosen(content, path.name, [sample, *antibodies], text=[sample], separator=separator)
    barcode = frame[sample]
    primary = barcode.str[13:15] == "01"
    frame = frame.loc[primary, list(antibodies)].set_axis(pd.Index(barcode[primary].str[:12], name="patient"))
    return frame[~frame.index.duplicated()].astype(float)


def mrna_profile(path: Path, samples: Samples) -> MatrixProfile:
    """Describe the Agilent z-scores; whoever has no value was not on an array."""
    return MatrixProfile(
        kind="mrna", assay="mRNA array (Agilent), z-score against diploid samples", unit="z-score",
        names=partial(read_gene_names, path), read=partial(read_gene_rows, path, samples),
    )  # fmt: skip


def mutation_profile(path: Path, samples: Samples) -> MutationProfile:
    """Describe the Firehose exomes of RTCGA.mutations; AKT1 is not usable there."""
    return MutationProfile(
        assay="exome sequencing (Firehose 2015)", read=partial(_mutations, path), samples=samples, sequenced=None,
        panels={"": frozenset(CASCADE_GENES)}, unreliable=frozenset({"AKT1"}),
    )  # fmt: skip


def _mutations(path: Path) -> pd.DataFrame:
    frame: Any = read_rda(path).get("BRCA.mutations")
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{path.name} does not hold BRCA.mutations. Restore the publisher's file.")
    change = frame["Variant_Classification"].astype(str) + ":" + frame["amino_acid_change_WU"].fillna("").astype(str)
    return pd.DataFrame({"sample": frame["bcr_patient_barcode"], "gene": frame["Hugo_Symbol"], "change": change})


def _source(rules: grammar.Mapping, path: Path) -> Source:
    """Describe one file: cBioPortal's, or TCGA's own."""
    study = path.parent.name
    if study in ("brca_tcga", _ATLAS):
        name, url = f"cBioPortal study {study}, {path.name}", f"https://www.cbioportal.org/study/summary?id={study}"
        return source_of(rules, path, name=name, url=url)
    return source_of(rules, path, name=path.name, url="https://gdc.cancer.gov", licence="TCGA open access")


def _profiles(study: Study, patients: pd.Index[Any]) -> tuple[tuple[Profile, ...], list[Path]]:
    """Return the profiles that are on disk, and the files they come from."""
    tissue = study.table(study.require("brca_tcga/data_clinical_sample.txt"), "SAMPLE_ID", ["PATIENT_ID"])
    speaks = {f"{patient}-01": str(patient) for patient in patients}
    samples = Samples(known=frozenset(tissue.frame.index) | frozenset(speaks), patient_of=speaks)
    found: list[Profile] = []
    paths: list[Path] = []
    single: tuple[tuple[Callable[[Path], Profile], tuple[str, ...]], ...] = (
        (rppa_profile, ("TCGA-BRCA-L4.zip", "TCGA-RPPA-pancan-clean.txt")),
        (partial(mrna_profile, samples=samples), ("brca_tcga_brca_tcga_mrna_median_Zscores.txt",)),
    )
    atlas = replace(study, folder=f"{study.folder}/{_ATLAS}")
    if atlas.find("data_mutations.txt"):
        more, files = atlas.profiles(samples, {"mutation": "exome sequencing (PanCanAtlas)", "cna": "SNP6 (GISTIC)"})
        found, paths = [*more], files
    else:
        single = (*single, (partial(mutation_profile, samples=samples), ("BRCA.mutations.rda",)))
    for describe, names in single:
        if path := study.find(*names):
            found.append(describe(path))
            paths.append(path)
    return tuple(found), paths
