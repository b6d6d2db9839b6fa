"""MetaGxBreast (Gendoo 2019): clinical covariates of 39 series, HER2 and treatment where a series has them; no genes.

Conventions and traps: times are days. `recurrence_status` is read as RFI and `dmfs` as DRFI; deaths without either are
not recorded as such. Treatment names the class (hormonotherapy), the drug only in GSE58644. Healthy tissue and
replicates are dropped. The METABRIC and TCGA series are METABRIC and TCGA again, and METABRIC's `untreated` there holds
normal tissue and patients with radiotherapy alone: both are refused.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import pandas as pd

from ..cohort import Cohort, Source
from ..endpoints import DRFI, OS, RFI
from ..errors import QuestionError
from ..files import sha256
from .folder import Folder
from .recode import RawTable, events, months, read_table

__all__ = ["load"]

_FILE = "metaGXcovarTable.csv.xz"
_AGAIN = {"METABRIC": "metabric", "TCGA": "tcga_brca"}
_SHARED = {
    "vdx": ("supertam_hgu133a", "rotterdam"), "supertam_hgu133a": ("vdx",), "cal": ("ddb",), "ddb": ("cal",),
    "transbig": ("unt", "upp"), "unt": ("transbig", "upp"),  # VDXOXFU_n is OXFU_n; VDXKIU_n is KIU_n is UPP_n
    "upp": ("unt", "transbig", "loi2008"),  # KIT_n of Loi is UPP_n
    "maqc2": ("mda4",), "mda4": ("maqc2",),
}  # fmt: skip
_SIGNS = {"positive": "positive", "negative": "negative"}
_ENDOCRINE = {"untreated": "no", "chemotherapy": "no", "hormonotherapy": "yes", "chemo.plus.hormono": "yes"}
_CHEMOTHERAPY = {"untreated": "no", "chemotherapy": "yes", "hormonotherapy": "no", "chemo.plus.hormono": "yes"}
_ENDS = (
    (RFI, "days_to_tumor_recurrence", "recurrence_status", {"recurrence": "yes", "norecurrence": "no"}),
    (DRFI, "dmfs_days", "dmfs_status", {"recurrence": "yes", "norecurrence": "no"}),
    (OS, "days_to_death", "vital_status", {"deceased": "yes", "living": "no"}),
)
_DEPARTURES = {
    "RFI": "recurrence as the series records it; deaths without one are censored",
    "DRFI": "distant recurrence alone; deaths without one are censored",
}


def load(*, series: str, data_dir: str | Path | None = None) -> Cohort:
    """Load the covariates of one MetaGxBreast series (`tamoxres fetch metagxbreast`), harmonised.

    Parameters
    ----------
    series : str
        As MetaGxBreast names it, such as `UPP`.
    data_dir : path, optional
        Folder searched before the cache.

    Returns
    -------
    Cohort
        With those of RFI, DRFI and OS that the series has.

    Raises
    ------
    QuestionError
        If the table does not hold the series, or the series is METABRIC or TCGA again.
    """
    if series.upper() in _AGAIN:
        own = _AGAIN[series.upper()]
        raise QuestionError(f"MetaGxBreast's {series.upper()} is {own} again, less well coded. Load {own!r}.")
    path = Folder(folder="metagxbreast", data_dir=data_dir).require(_FILE)
    table = _rows(path, series)
    ends = _endpoints(table)
    name = series.lower()
    return Cohort(
        name=name,
        title=f"{series} (MetaGxBreast)",
        patients=_harmonise(table).assign(**ends),
        raw=table.frame,
        sources=(
            Source(
                name=path.name, citation="Gendoo DMA et al. 2019 Sci Rep 9:8770",
                doi="10.1038/s41598-019-45165-4", licence="Artistic-2.0 (MetaGxBreast)",
                sha256=sha256(path),
            ),
        ),
        endpoints=tuple(e for e, *_ in _ENDS if e.event in ends),
        treatment_specificity="tamoxifen_confirmed" if name == "gse58644" else "endocrine_unspecified",
        departures={code: text for code, text in _DEPARTURES.items() if f"{code}_event" in ends},
        assays={"her2": "as the series reports it (assay not stated)"},
        default_rules={"HER2": "her2_status"} if table.frame["her2"].notna().any() else {},
        overlaps=_SHARED.get(name, ()),
        notes=("Covariates alone: no gene of the cascade but clinical HER2, where the series has it.",),
    )  # fmt: skip


def _rows(path: Path, series: str) -> RawTable:
    columns = [
        "study",
        "sample_name",
        "sample_type",
        "replicate",
        "treatment",
        *(c for _, t, s, _ in _ENDS for c in (t, s)),
    ]
    table = read_table(lzma.decompress(path.read_bytes()), path, separator=",", columns=columns, missing=["NA"])
    frame = table.frame
    mine = frame["study"].str.upper() == series.upper()
    if not mine.any():
        held = ", ".join(sorted(set(frame["study"]) - set(_AGAIN)))
        raise QuestionError(f"MetaGxBreast holds no series {series!r}. It holds {held}.")
    keep = mine & (frame["sample_type"] == "tumor") & (frame["replicate"] != "TRUE")
    return table.picked(frame.index[keep], "sample_name")


def _harmonise(table: RawTable) -> pd.DataFrame:
    endocrine = table.levels("treatment", _ENDOCRINE)
    chemotherapy = table.levels("treatment", _CHEMOTHERAPY)
    tamoxifen = table.levels("tamoxifen", {"0": "no", "1": "yes"})
    endocrine = endocrine.where(endocrine.notna(), tamoxifen)
    agent = endocrine.map({"yes": "unspecified", "no": "none"}).mask(tamoxifen == "yes", "tamoxifen")
    grade = table.numbers("grade")
    return pd.DataFrame(
        {
            "age": table.numbers("age_at_initial_pathologic_diagnosis"),
            "er": table.levels("er", _SIGNS),
            "pr": table.levels("pgr", _SIGNS),
            "her2": table.levels("her2", _SIGNS),
            "grade": grade.where(grade <= 3),
            "size_mm": 10 * table.numbers("tumor_size"),
            "node_positive": table.levels("N", {"0": "no", "1": "yes"}),
            "site": table.frame["batch"],
            "endocrine": endocrine,
            "endocrine_agent": agent,
            "chemotherapy": chemotherapy,
        },
        index=table.frame.index,
    )


def _endpoints(table: RawTable) -> dict[str, pd.Series[Any]]:
    made: dict[str, pd.Series[Any]] = {}
    for end, days, status, levels in _ENDS:
        happened, time = table.levels(status, levels), months(table.times(days))
        known = happened.notna() & time.notna()
        if known.any():
            made |= {end.months: time, end.event: events(happened == "yes", known=known)}
    return made
