"""SCAN-B (GSE96058, Brueffer 2018): 3,273 patients of southern Sweden, 2,537 with endocrine therapy; overall survival.

Conventions and traps: 136 of the 3,409 samples are technical replicates and are dropped; NA is the text `NA`. HER2, ER,
PR and Ki67 are clinical (`_Status`); the expression-based calls (`_SGC`, `_MGC`) stay in `raw`. The drug is not named,
and HER2-positive patients had trastuzumab in this era.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..cohort import Cohort, Source
from ..endpoints import OS
from ..errors import DataError
from ..files import sha256
from .folder import Folder
from .rdata import read_rda
from .recode import RawTable, events, months

__all__ = ["load"]

_FILE = "GSE96058_sampDesc.rda"
_SIGNS = {"0": "negative", "1": "positive"}
_FLAGS = {"0": "no", "1": "yes"}
_PAM50 = {level: level for level in ("LumA", "LumB", "Her2", "Basal", "Normal")}
_NOTES = (
    "The endocrine drug is not named (tamoxifen or an aromatase inhibitor).",
    "Diagnosed 2010-2015: HER2-positive patients were given trastuzumab, which the file does not record.",
    "Follow-up is short, and overall survival is the only endpoint.",
)


def load(*, data_dir: str | Path | None = None) -> Cohort:
    """Load SCAN-B from GEO's sample descriptions (`tamoxres fetch scan_b`), harmonised.

    Parameters
    ----------
    data_dir : path, optional
        Folder searched before the cache.

    Returns
    -------
    Cohort
        Endpoint OS; HER2 by IHC or ISH.
    """
    citation, doi = "Brueffer C et al. 2018 JCO Precis Oncol 2:1", "10.1200/PO.17.00135"
    path = Folder(folder="scan_b", data_dir=data_dir).require(_FILE)
    described = read_rda(path).get("GSE96058_sampDesc")
    if not isinstance(described, pd.DataFrame):
        raise DataError(f"{path.name} does not hold GSE96058_sampDesc. Restore the publisher's file.")
    text = described.astype(str).mask(described.isna() | described.isin(["NA"]))
    table = RawTable(path.name, text[described["isRepl"] == 0], np.arange(len(text))[described["isRepl"] == 0], "row")
    table.require(["geoAcc", "endocrine_treated", "her2_Status", "ovrallSurvDays", "ovrallSurvEvent"])
    table = table.indexed("geoAcc")
    return Cohort(
        name="scan_b",
        title="SCAN-B",
        patients=_harmonise(table),
        raw=table.frame,
        sources=(Source(name=path.name, citation=citation, doi=doi, licence="GEO, public", sha256=sha256(path)),),
        endpoints=(OS,),
        treatment_specificity="endocrine_unspecified",
        assays={"er": "IHC", "pr": "IHC", "her2": "IHC or ISH"},
        default_rules={"HER2": "ihc_ish"},
        notes=_NOTES,
    )


def _harmonise(table: RawTable) -> pd.DataFrame:
    endocrine = table.levels("endocrine_treated", _FLAGS)
    dead = table.levels("ovrallSurvEvent", _FLAGS)
    time = months(table.times("ovrallSurvDays"))
    return pd.DataFrame(
        {
            "age": table.numbers("ageAtDx"),
            "er": table.levels("er_Status", _SIGNS),
            "pr": table.levels("pgr_Status", _SIGNS),
            "her2": table.levels("her2_Status", _SIGNS),
            "grade": table.levels("nhg", {"G1": "1", "G2": "2", "G3": "3"}).astype(float),
            "size_mm": table.numbers("tumor_size"),
            "node_group": table.frame["lymphNode_group"],
            "pam50": table.levels("pam50_subtype", _PAM50),
            "endocrine": endocrine,
            "endocrine_agent": endocrine.map({"yes": "unspecified", "no": "none"}),
            "chemotherapy": table.levels("chemo_treated", _FLAGS),
            "OS_months": time,
            "OS_event": events(dead == "yes", known=dead.notna() & time.notna()),
        },
        index=table.frame.index,
    )
