"""TCGA BRCA: 1,097 patients, drugs by name, curated endpoints, and proteins with their phosphorylations (RPPA).

Conventions and traps: drugs were recorded during follow-up, so whoever lived longer could be recorded more often
(immortal time): `endocrine_start_months` says when therapy began. A patient without a drug row is of unknown treatment,
never untreated. DSS counts deaths with tumour; DFI and PFI are read as RFI and BCFI, with the departures stated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Cohort
from ..endpoints import BCFI, BCSS, OS, RFI
from .cbioportal import Study
from .profiles import DefaultRule, answerable
from .recode import NEGATIVE_POSITIVE, RawTable, events, months
from .tcga_files import UNKNOWN, read_drugs, read_endpoints, tcga_profiles, tcga_source

__all__ = ["load"]

_CDR = "TCGA-CDR-SupplementalTableS1_v2.xlsx"
_DRUGS = "nationwidechildrens.org_clinical_drug_brca.txt"
_COLUMNS = (
    "AGE", "SEX", "MENOPAUSE_STATUS", "ER_STATUS_BY_IHC", "PR_STATUS_BY_IHC", "IHC_HER2", "HER2_FISH_STATUS",
    "LYMPH_NODES_EXAMINED_HE_COUNT", "AJCC_PATHOLOGIC_TUMOR_STAGE", "INITIAL_PATHOLOGIC_DX_YEAR", "TISSUE_SOURCE_SITE",
)  # fmt: skip
_RECEPTOR = {**NEGATIVE_POSITIVE, "Indeterminate": None, "Equivocal": None}
_DEFAULT_RULES = {
    "HER2": DefaultRule("ihc_ish"),
    "AKT": DefaultRule("rppa_ps473", "rppa", "AKT_pS473"),
    "MTOR": DefaultRule("rppa_ps2448", "rppa", "MTOR_pS2448"),
    "SRC": DefaultRule("rppa_py416", "rppa", "SRC_pY416"),
    "HH": DefaultRule("mutation", "mutation", "SMO"),
    "PTEN": DefaultRule("rppa_low", "rppa", "PTEN"),
    "PIK3CA": DefaultRule("mutation", "mutation", "PIK3CA"),
}
_DEPARTURES = {
    "BCSS": "TCGA-CDR's DSS: death with tumour, the cause of death not being recorded",
    "RFI": "TCGA-CDR's DFI: any new tumour event after a tumour-free state; unknown in 144 patients",
    "BCFI": "TCGA-CDR's PFI: any new tumour event, progression included, or death with tumour",
}
_NOTES = (
    "Drugs were recorded during follow-up: treatment at baseline is biased by immortal time; use a landmark or "
    "time-dependent treatment.",
    "A patient without a drug row is of unknown treatment, not untreated: there is no untreated arm.",
    "Follow-up is short and few events were seen.",
)


def load(*, data_dir: str | Path | None = None) -> Cohort:
    """Load TCGA BRCA from its files, harmonised; clinical table, endpoints and drugs must be there.

    Parameters
    ----------
    data_dir : path, optional
        Folder searched before the cache.

    Returns
    -------
    Cohort
        Endpoints OS, BCSS, RFI and BCFI; columns `tamoxifen` (yes where named, alone or not) and `sex` beside the
        codebook's; 257 patients had tamoxifen.
    """
    study = Study(
        folder="tcga_brca", study_id="brca_tcga", citation="TCGA Network 2012 Nature 490:61; Liu J et al. 2018 Cell "
        "173:400", doi="10.1016/j.cell.2018.02.052", data_dir=data_dir,
    )  # fmt: skip
    clinical = study.require("brca_tcga/data_clinical_patient.txt")
    cdr, drugs = study.require(_CDR), study.require(_DRUGS)
    table = study.table(clinical, "PATIENT_ID", _COLUMNS, missing=UNKNOWN)
    ends, treated = read_endpoints(cdr).of(table), read_drugs(drugs).reindex(table.frame.index)
    profiles, paths = tcga_profiles(study, table.frame.index)
    rules, unfetched = answerable(_DEFAULT_RULES, profiles, study.fetch)
    return Cohort(
        name="tcga_brca",
        title="TCGA BRCA",
        patients=_harmonise(table, treated).assign(**_endpoints(ends)),
        raw=table.frame.join(ends.frame).join(treated, rsuffix="_drugs"),
        sources=tuple(tcga_source(study, path) for path in (clinical, cdr, drugs, *paths)),
        endpoints=(OS, BCSS, RFI, BCFI),
        treatment_specificity="mixed_by_name",
        departures=_DEPARTURES,
        assays={"er": "IHC", "pr": "IHC", "her2": "IHC, settled by FISH where equivocal or missing"},
        default_rules=rules,
        unfetched=unfetched,
        profiles=profiles,
        notes=_NOTES,
    )


def _harmonise(table: RawTable, treated: pd.DataFrame) -> pd.DataFrame:
    ihc, fish = table.levels("IHC_HER2", _RECEPTOR), table.levels("HER2_FISH_STATUS", _RECEPTOR)
    her2 = ihc.where(ihc.notna(), fish)
    stage = table.frame["AJCC_PATHOLOGIC_TUMOR_STAGE"].str.extract(r"Stage (IV|I+)", expand=False)
    menopause = table.frame["MENOPAUSE_STATUS"].str.extract(r"^(Pre|Post) ", expand=False).str.lower()
    yes = {name: treated[name].eq(True) for name in ("tamoxifen", "aromatase_inhibitor", "endocrine", "chemotherapy")}
    agent = pd.Series(None, index=table.frame.index, dtype=object).mask(yes["endocrine"], "unspecified")
    agent = agent.mask(yes["aromatase_inhibitor"], "aromatase_inhibitor").mask(yes["tamoxifen"], "tamoxifen")
    return pd.DataFrame(
        {
            "age": table.numbers("AGE"),
            "menopause": menopause.where(menopause.notna(), None),
            "er": table.levels("ER_STATUS_BY_IHC", _RECEPTOR),
            "pr": table.levels("PR_STATUS_BY_IHC", _RECEPTOR),
            "her2": her2,
            "nodes": table.numbers("LYMPH_NODES_EXAMINED_HE_COUNT"),
            "stage": stage.map({"I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0}),
            "diagnosis_year": table.numbers("INITIAL_PATHOLOGIC_DX_YEAR"),
            "site": table.frame["TISSUE_SOURCE_SITE"],
            "sex": table.frame["SEX"],
            "endocrine": _named(yes["endocrine"]),
            "endocrine_agent": agent.mask(yes["tamoxifen"] & yes["aromatase_inhibitor"], "sequence"),
            "tamoxifen": _named(yes["tamoxifen"]),
            "ovarian_suppression": _named(treated["ovarian_suppression"].eq(True)),
            "chemotherapy": _named(yes["chemotherapy"]),
            "endocrine_start_months": months(treated["start"]),
            "endocrine_stop_months": months(treated["stop"]),
        },
        index=table.frame.index,
    )


def _named(rows: pd.Series[Any]) -> pd.Series[Any]:
    """Say yes where a drug is named; not being named proves nothing."""
    return pd.Series(None, index=rows.index, dtype=object).mask(rows, "yes")


def _endpoints(ends: RawTable) -> dict[str, pd.Series[Any]]:
    died, os_time = ends.numbers("OS") == 1, ends.times("OS.time")
    made: dict[str, pd.Series[Any]] = {}
    for steep, code in (("OS", "OS"), ("BCSS", "DSS"), ("RFI", "DFI"), ("BCFI", "PFI")):
        happened, time = ends.numbers(code), ends.times(f"{code}.time")
        other = None if steep == "OS" else died & (happened == 0) & (time == os_time)
        made[f"{steep}_months"] = months(time)
        made[f"{steep}_event"] = events(happened == 1, competing=other, known=happened.notna() & time.notna())
    return made
