"""One table that holds a whole series, or several: SCAN-B (`scan_b.toml`) and MetaGxBreast (`metagx.toml`).

Conventions and traps: replicates and healthy tissue are dropped. MetaGxBreast's METABRIC and TCGA are METABRIC and TCGA
again, and METABRIC's `untreated` there holds normal tissue and patients with radiotherapy alone: both are refused.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from msgspec.structs import replace

from ..errors import DataError, QuestionError
from . import rules as grammar
from .assemble import Parts, source_of
from .folder import Folder
from .rdata import read_rda
from .readers.wide import content_of
from .recode import RawTable, read_table

__all__ = ["metagx", "scan_b"]

_AGAIN = {"METABRIC": "metabric", "TCGA": "tcga_brca"}
_SHARED = {
    "vdx": ("supertam_hgu133a", "rotterdam"), "supertam_hgu133a": ("vdx",), "cal": ("ddb",), "ddb": ("cal",),
    "transbig": ("unt", "upp"), "unt": ("transbig", "upp"),  # VDXOXFU_n is OXFU_n; VDXKIU_n is KIU_n is UPP_n
    "upp": ("unt", "transbig", "loi2008"),  # KIT_n of Loi is UPP_n
    "maqc2": ("mda4",), "mda4": ("maqc2",),
}  # fmt: skip


def scan_b(rules: grammar.Mapping, data_dir: str | Path | None = None) -> Parts:
    """Open SCAN-B from GEO's sample descriptions."""
    path = Folder(folder="scan_b", data_dir=data_dir).require("GSE96058_sampDesc.rda")
    described = read_rda(path).get("GSE96058_sampDesc")
    if not isinstance(described, pd.DataFrame):
        raise DataError(f"{path.name} does not hold GSE96058_sampDesc. Restore the publisher's file.")
    first = described["isRepl"] == 0
    text = described.astype(str).mask(described.isna() | described.isin(["NA"]))[first]
    table = RawTable(path.name, text, np.flatnonzero(first), "row")
    return Parts(rules=rules, table=table.indexed(rules.patient), sources=(source_of(rules, path),))


def metagx(rules: grammar.Mapping, data_dir: str | Path | None = None, *, series: str) -> Parts:
    """Open the covariates of one MetaGxBreast series, as MetaGxBreast names it (`UPP`), in any case."""
    if series.upper() in _AGAIN:
        own = _AGAIN[series.upper()]
        raise QuestionError(f"MetaGxBreast's {series.upper()} is {own} again, less well coded. Load {own!r}.")
    path = Folder(folder="metagxbreast", data_dir=data_dir).require("metaGXcovarTable.csv.xz")
    table = _rows(path, series, rules.patient)
    name = series.lower()
    rules = replace(
        rules, name=name, title=f"{series} (MetaGxBreast)", overlaps=_SHARED.get(name, ()),
        treatment_specificity="tamoxifen_confirmed" if name == "gse58644" else "endocrine_unspecified",
        default_rules=rules.default_rules if table.frame["her2"].notna().any() else {},
    )  # fmt: skip
    return Parts(rules=rules, table=table, sources=(source_of(rules, path),))


def _rows(path: Path, series: str, patient: str) -> RawTable:
    needed = ("study", "sample_type", "replicate", "her2")
    table = read_table(content_of(path), path, separator=",", columns=needed, missing=["NA"])
    frame = table.frame
    mine = frame["study"].str.upper() == series.upper()
    if not mine.any():
        held = ", ".join(sorted(set(frame["study"]) - set(_AGAIN)))
        raise QuestionError(f"MetaGxBreast holds no series {series!r}. It holds {held}.")
    keep = mine & (frame["sample_type"] == "tumor") & (frame["replicate"] != "TRUE")
    return table.picked(frame.index[keep], patient)
