"""Tamoxifen-only series of GEO, by curatedBreastData: GSE17705, GSE12093, GSE6577, GSE9893, GSE1379.

Conventions: every patient had tamoxifen and no chemotherapy, so these series show prognosis under tamoxifen and can
never tell whether a marker predicts its failure. The recorded relapse is read as RFI. GSE9893 and GSE1379 have an
outcome but no times, and no endpoint. GSE17705 comes from two centres (`site`): stratify by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Cohort, Source
from ..endpoints import OS, RFI
from ..files import sha256
from .curated import CLINICAL, WHOLE, clinical_series, free_of_relapse, series_expression
from .folder import Folder
from .profiles import DefaultRule, answerable
from .recode import RawTable, events, months

__all__ = ["SERIES", "load"]


@dataclass(frozen=True, slots=True)
class _Series:
    citation: str
    pmid: str
    relapse: str
    rules: dict[str, DefaultRule]
    overlaps: tuple[str, ...] = ()


_MRNA = {
    "AKT": DefaultRule("mrna_high", "mrna", "AKT1"),
    "SRC": DefaultRule("mrna_high", "mrna", "SRC"),
    "HH": DefaultRule("mrna_high", "mrna", "GLI1"),
    "PTEN": DefaultRule("mrna_low", "mrna", "PTEN"),
}
_CONTINUOUS = {
    "HER2": DefaultRule("erbb2_mrna", "mrna", "ERBB2"),
    "MTOR": DefaultRule("mrna_high", "mrna", "MTOR"),
}
_HER2 = {"HER2": DefaultRule("her2_status")}
SERIES = {
    "GSE17705": _Series("Symmans WF et al. 2010 J Clin Oncol 28:4111", "20697068", "RFS", _MRNA, ("loi2008",)),
    "GSE12093": _Series("Zhang Y et al. 2009 Breast Cancer Res Treat 116:303", "18821012", "DFS", _MRNA),
    "GSE6577": _Series(
        "Gruvberger-Saal SK et al. 2007 Clin Cancer Res 13:1987", "17404078", "RFS",
        {**_HER2, "PTEN": DefaultRule("protein_lost")},
    ),
    "GSE9893": _Series("Chanrion M et al. 2008 Clin Cancer Res 14:1744", "18347175", "", _MRNA),
    "GSE1379": _Series("Ma XJ et al. 2004 Cancer Cell 5:607", "15193263", "", {**_HER2, **_MRNA}),
}  # fmt: skip
_DEPARTURE = (
    "relapse as the series records it ({}); the cause of death is not recorded, and the time of a patient without "
    "relapse may be a minimum"
)
_SIGNS = {"0": "negative", "1": "positive"}
_NOTES = (
    "All patients had tamoxifen: a single arm cannot tell whether a marker predicts its failure.",
    "Expression, unless the whole series is fetched, is published as above or below the median of 642 patients.",
)


def load(*, series: str, data_dir: str | Path | None = None) -> Cohort:
    """Load one tamoxifen series from curatedBreastData's table (`tamoxres fetch gse17705`), harmonised.

    Parameters
    ----------
    series : str
        Such as `GSE17705`.
    data_dir : path, optional
        Folder searched before the cache.

    Returns
    -------
    Cohort
        Endpoint RFI (and OS in GSE6577) where there are times; treatment `tamoxifen_confirmed`.
    """
    made = SERIES[series]
    folder = Folder(folder="tamoxifen_geo", data_dir=data_dir)
    path = folder.require(CLINICAL, fetch=series.lower())
    table = clinical_series(path, series)
    profiles, files = series_expression(folder, series, table.frame.index)
    rules, unfetched = answerable(made.rules, profiles, f"tamoxres fetch {series.lower()} brings its expression")
    if series in WHOLE:
        whole = [profile for profile in profiles if profile.unit == "log2"]
        more, absent = answerable(_CONTINUOUS, whole, f"tamoxres fetch {series.lower()} --full brings its expression")
        rules, unfetched = rules | more, unfetched | absent
    ends = _endpoints(table, made)
    return Cohort(
        name=series.lower(),
        title=f"{series} (tamoxifen)",
        patients=_harmonise(table).assign(**ends),
        raw=table.frame,
        sources=tuple(_source(file, made) for file in (path, *files)),
        endpoints=tuple(e for e in (RFI, OS) if e.event in ends),
        treatment_specificity="tamoxifen_confirmed",
        departures={"RFI": _DEPARTURE.format(made.relapse)} if ends else {},
        assays={"her2": "ERBB2 copy number" if series == "GSE6577" else "as curated (assay not stated)"},
        default_rules=rules,
        unfetched=unfetched,
        profiles=profiles,
        overlaps=made.overlaps,
        notes=_NOTES,
    )


def _source(path: Path, made: _Series) -> Source:
    return Source(
        name=f"curatedBreastData (Planey and Butte 2013), {path.name}", citation=f"{made.citation}, PMID {made.pmid}",
        url="https://www.ncbi.nlm.nih.gov/geo/", licence="GEO, public; curatedBreastData GPL", sha256=sha256(path),
    )  # fmt: skip


def _harmonise(table: RawTable) -> pd.DataFrame:
    everyone = table.frame.index
    given = table.levels("tamoxifen", {"1": "yes"})
    numbers = {"age": "age", "grade": "hist_grade", "nodes": "preTrt_numPosLymphNodes"}
    signs = {"er": "ER_preTrt", "pr": "PR_preTrt"}
    made: dict[str, Any] = {name: table.numbers(raw) for name, raw in numbers.items() if raw in table.frame}
    made |= {name: table.levels(raw, _SIGNS) for name, raw in signs.items() if raw in table.frame}
    for raw in ("HER2_preTrt", "ERBB2_CPN_amplified"):
        if raw in table.frame:
            made["her2"] = table.levels(raw, _SIGNS)
    if "tumor_size_cm_preTrt_preSurgery" in table.frame:
        made["size_mm"] = 10 * table.numbers("tumor_size_cm_preTrt_preSurgery")
    if "site_ID" in table.frame:
        made["site"] = table.frame["site_ID"]
    made |= {
        "endocrine": given,
        "endocrine_agent": given.map({"yes": "tamoxifen"}),
        "chemotherapy": table.levels("chemotherapyClass", {"0": "no", "1": "yes"}),
    }
    return pd.DataFrame(made, index=everyone)


def _endpoints(table: RawTable, made: _Series) -> dict[str, pd.Series[Any]]:
    if not made.relapse:
        return {}
    ends = free_of_relapse(table, made.relapse, f"{made.relapse}_months_or_MIN_months_of_{made.relapse}")
    if "OS_months_or_MIN_months_of_OS" in table.frame:
        dead = table.levels("OS", {"0": "no", "1": "yes"})
        time = months(table.times("OS_months_or_MIN_months_of_OS"), 365.25 / 12)
        ends |= {"OS_months": time, "OS_event": events(dead == "yes", known=dead.notna() & time.notna())}
    return ends
