"""Rotterdam: 2,982 primary breast cancers treated 1978-1993, as in R's survival package.

Conventions and traps: 43 patients died after follow-up for recurrence had ended. Counting those deaths as events of
recurrence-free survival (`off_study_deaths="event"`, 1,713 events) treats the gap as event-free; by default they are
censored when recurrence follow-up ended (1,670 events). ER and PgR are positive from 10 fmol/mg on. No node-negative
patient had hormonal treatment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ..cohort import Cohort, Source
from ..endpoints import OS, RFS
from ..files import data_root, read_pinned
from .recode import RawTable, events, months, read_table, receptor_status

__all__ = ["ROTTERDAM_SHA256", "load"]

ROTTERDAM_SHA256 = "59598780fb4c4fd26a4a32289d514fbc499f7366b753ceb2b89bbe3a3db46cde"
_COLUMNS = (
    "pid", "year", "age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon", "chemo", "rtime",
    "recur", "dtime", "death",
)  # fmt: skip
_SIZES = {"<=20": "<=20 mm", "20-50": "20-50 mm", ">50": ">50 mm"}
_ZERO_ONE = {"0": "no", "1": "yes"}
_NOTES = (
    "Hormonal treatment was not randomised: all 339 treated patients were node-positive, so a treatment effect can "
    "only be estimated in node-positive patients (--where 'nodes >= 1'); over all patients it compares node-positive "
    "with node-negative.",
    "The file says hormonal treatment; in these years that was mainly tamoxifen, but the drug is not named by patient.",
)


def load(*, data_dir: str | Path | None = None, off_study_deaths: Literal["censored", "event"] = "censored") -> Cohort:
    """Load Rotterdam, harmonised.

    Parameters
    ----------
    data_dir : path, optional
        Not used: the embedded file is the only known one.
    off_study_deaths : "censored" | "event"
        What becomes of 43 deaths after recurrence follow-up ended (see the module).

    Returns
    -------
    Cohort
        Endpoints RFS and OS; columns `er_fmol`, `pr_fmol`, `size_class` beside the codebook's.
    """
    path = data_root() / "rotterdam" / "rotterdam.csv"
    content = read_pinned(path, ROTTERDAM_SHA256)
    table = read_table(content, path, separator=",", columns=_COLUMNS).indexed("pid")
    counted = (
        "counted as events at death" if off_study_deaths == "event" else "censored when recurrence follow-up ended"
    )
    return Cohort(
        name="rotterdam",
        title="Rotterdam tumour bank",
        patients=_harmonise(table, naive=off_study_deaths == "event"),
        raw=table.frame,
        sources=(
            Source(
                name="rotterdam of R's survival package",
                citation=(
                    "Royston P, Altman DG 2013 BMC Med Res Methodol 13:33; Foekens JA et al. 2000 Cancer Res 60:636"
                ),
                doi="10.1186/1471-2288-13-33",
                url="https://cran.r-project.org/package=survival",
                licence="LGPL (>= 2)",
                sha256=ROTTERDAM_SHA256,
            ),
        ),
        endpoints=(RFS, OS),
        treatment_specificity="endocrine_unspecified",
        departures={"RFS": f"43 deaths after recurrence follow-up had ended are {counted}"},
        assays={"er": "ligand binding, positive from 10 fmol/mg", "pr": "ligand binding, positive from 10 fmol/mg"},
        notes=_NOTES,
    )


def _harmonise(table: RawTable, *, naive: bool) -> pd.DataFrame:
    er, pr = table.numbers("er"), table.numbers("pgr")
    treated = table.levels("hormon", _ZERO_ONE)
    return pd.DataFrame(
        {
            "age": table.numbers("age"),
            "menopause": table.levels("meno", {"0": "pre", "1": "post"}),
            "er": receptor_status(er),
            "pr": receptor_status(pr),
            "er_fmol": er,
            "pr_fmol": pr,
            "grade": table.numbers("grade"),
            "size_class": pd.Categorical(table.levels("size", _SIZES), list(_SIZES.values())),
            "nodes": table.numbers("nodes"),
            "endocrine": treated,
            "endocrine_agent": treated.map({"yes": "unspecified", "no": "none"}),
            "chemotherapy": table.levels("chemo", _ZERO_ONE),
            "diagnosis_year": table.numbers("year"),
            **_endpoints(table, naive=naive),
        },
        index=table.frame.index,
    )


def _endpoints(table: RawTable, *, naive: bool) -> dict[str, pd.Series[Any]]:
    recurred, died = table.levels("recur", _ZERO_ONE) == "yes", table.levels("death", _ZERO_ONE) == "yes"
    rtime, dtime = table.times("rtime"), table.times("dtime")
    known = rtime.notna() & dtime.notna()
    if naive:
        time, event = rtime.where(recurred, dtime), recurred | died
    else:
        time, event = rtime, recurred | (died & (rtime >= dtime))
    return {
        "RFS_months": months(time),
        "RFS_event": events(event, known=known),
        "OS_months": months(dtime),
        "OS_event": events(died, known=known),
    }
