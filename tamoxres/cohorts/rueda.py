"""Rueda's supplement to METABRIC (Nature 2019): the endocrine drug by name, and distant relapse; the user's own file.

Conventions and traps: times are days. HT names what was given: TAM, AI, TAM/AI (in sequence), TAM/ZOLADEX (with ovarian
suppression) ...; `NO/NA` is none or unknown, so that none is read from cBioPortal's HORMONE_THERAPY. DR is distant
relapse alone: 113 deaths from breast cancer without one compete, unless `breast_deaths="event"` counts them as STEEP
does. Both files must agree on age, survival and treatment of every patient they share.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ..cohort import Cohort, Source
from ..endpoints import BCSS, DRFI, OS
from ..errors import NotOnDisk
from ..files import sha256
from .recode import RawTable, agree, events, months, read_table

__all__ = ["RUEDA_FILE", "with_drugs"]

RUEDA_FILE = "41586_2019_1007_MOESM7_ESM.txt"
_COLUMNS = ("Age.At.Diagnosis", "HT", "T", "TDR", "DR", "Death", "DeathBreast")
_AGENTS = {
    "TAM": "tamoxifen", "TAM/ZOLADEX": "tamoxifen", "TAM/AI": "sequence", "AI": "aromatase_inhibitor",
    "ATAC": "unspecified", "GNRHA": "unspecified",
    "ENDOCRINE": "unspecified", "OTHER": "unspecified", "OO": "unspecified", "NO/NA": None,
    "OVAR ABL": "unspecified", "Y": "unspecified", "Anti-oestrogen": "unspecified", "MEGACE": "unspecified",
}  # fmt: skip
_SUPPRESSION = ("TAM/ZOLADEX", "GNRHA", "OO", "OVAR ABL")
_ZERO_ONE = {"0": "no", "1": "yes"}
_NOTE = (
    "HT names the endocrine drug; patients given TAM/AI had tamoxifen first or after, at dates the file does not tell."
)


def with_drugs(cohort: Cohort, path: Path | None, breast_deaths: Literal["competing", "event"]) -> Cohort:
    """Return METABRIC's patients whom the supplement names too, with their drug and distant relapse.

    Parameters
    ----------
    cohort : Cohort
        METABRIC.
    path : Path or None
        The supplement, where it was found.
    breast_deaths : "competing" | "event"
        What becomes of deaths from breast cancer without a recorded distant relapse.

    Raises
    ------
    DataError
        If the file is not there, or contradicts METABRIC's.
    """
    if path is None:
        raise NotOnDisk(
            f"{RUEDA_FILE} is not on disk. It is the supplement of Rueda 2019 (doi:10.1038/s41586-019-1007-8) without "
            "an open licence: put your own copy into the folder metabric of --data-dir."
        )
    table = read_table(path.read_bytes(), path.name, columns=_COLUMNS, missing=("NA",)).indexed("METABRIC.ID")
    _refuse_disagreement(cohort, table)
    shared = cohort.patients.index.intersection(table.frame.index, sort=False)
    chosen = table.picked(shared, "METABRIC.ID")
    untreated = cohort.patients.loc[shared, "endocrine"] == "no"
    own = pd.DataFrame({**_drugs(chosen, untreated), **_endpoints(chosen, breast_deaths)}, index=shared)
    left = cohort.patients.loc[shared].drop(columns=["RFI_months", "RFI_event", *(set(own) & set(cohort.patients))])
    counted = (
        "counted as events" if breast_deaths == "event" else "taken as competing deaths (STEEP counts them as events)"
    )
    return replace(
        cohort,
        name="metabric_rueda",
        title="METABRIC, drugs by name (Rueda 2019)",
        patients=left.join(own),
        raw=cohort.raw.loc[shared].join(chosen.frame, rsuffix="_RUEDA"),
        sources=(*cohort.sources, _source(path)),
        endpoints=(BCSS, OS, DRFI),
        treatment_specificity="mixed_by_name",
        departures={"DRFI": f"distant relapse; deaths from breast cancer without a recorded one are {counted}"},
        overlaps=("metabric", *cohort.overlaps),
        notes=(_NOTE, *cohort.notes[1:]),
    )


def _refuse_disagreement(cohort: Cohort, table: RawTable) -> None:
    """Compare age, survival in days, and whether there was hormone therapy."""
    raw, lines = cohort.raw, range(cohort.n)
    days = (pd.to_numeric(raw["OS_MONTHS"]) * 30).round(3)
    mine = RawTable("METABRIC", raw.assign(OS_DAYS=days), pd.Series(lines).to_numpy())
    agree(mine, table, {"AGE_AT_DIAGNOSIS": "Age.At.Diagnosis", "OS_DAYS": "T"}, 0.011)
    named = table.frame["HT"].where(table.frame["HT"] == "NO/NA", "YES").replace({"NO/NA": "NO"})
    theirs = RawTable(table.name, table.frame.assign(HT=named), table.lines)
    agree(mine, theirs, {"HORMONE_THERAPY": "HT"})


def _drugs(table: RawTable, untreated: pd.Series[Any]) -> dict[str, pd.Series[Any]]:
    agent, given = table.levels("HT", _AGENTS), table.frame["HT"]
    known = agent.notna() | untreated
    yes_no = {True: "yes", False: "no"}
    return {
        "endocrine": agent.notna().map(yes_no).astype(object).where(known, None),
        "endocrine_agent": agent.mask(untreated & agent.isna(), "none"),
        "ovarian_suppression": given.isin(_SUPPRESSION).map(yes_no).astype(object).where(known, None),
    }


def _endpoints(table: RawTable, breast_deaths: str) -> dict[str, pd.Series[Any]]:
    relapsed = table.levels("DR", _ZERO_ONE) == "yes"
    dead, of_cancer = (table.levels(name, _ZERO_ONE) for name in ("Death", "DeathBreast"))
    lived, free = months(table.times("T")), months(table.times("TDR"))
    other = (dead == "yes") & (of_cancer != "yes")
    event = relapsed | (of_cancer == "yes") if breast_deaths == "event" else relapsed
    known = dead.notna() & of_cancer.notna()
    return {
        "OS_months": lived,
        "OS_event": events(dead == "yes", known=dead.notna()),
        "BCSS_months": lived,
        "BCSS_event": events(of_cancer == "yes", competing=other, known=known),
        "DRFI_months": free,
        "DRFI_event": events(event, competing=dead == "yes", known=known),
    }


def _source(path: Path) -> Source:
    return Source(
        name=path.name, citation="Rueda OM et al. 2019 Nature 567:399, supplementary data",
        doi="10.1038/s41586-019-1007-8", licence="none stated: the user's own copy", sha256=sha256(path),
    )  # fmt: skip
