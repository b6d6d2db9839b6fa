"""Public data for the tests: R's small data sets as frames and as analysis sets, and R's answers."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from tamoxres.analysis import AnalysisSet, select
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.cohort import Cohort, MarkerCall, Source
from tamoxres.cohorts.catalogue import load
from tamoxres.endpoints import BCSS, OS
from tamoxres.markers.calling import call

REFERENCE = Path(__file__).parent / "reference"


def answers(topic: str) -> dict:
    """R's answers of one topic, `reference/<topic>/<topic>.json`."""
    return json.loads((REFERENCE / topic / f"{topic}.json").read_text())


def frame(name: str) -> pd.DataFrame:
    """One of R's data sets, as exported by the reference script."""
    return pd.read_csv(REFERENCE / "data" / f"{name}.csv")


def rotterdam() -> pd.DataFrame:
    """Rotterdam's raw file with R's derived columns: rfstime, rfs and status (1 recurrence, 2 death without)."""
    raw = load("rotterdam").raw
    r = raw.drop(columns="size").apply(pd.to_numeric).assign(size=raw["size"])
    recurred = r["recur"] == 1
    return r.assign(
        rfstime=r["rtime"].where(recurred, r["dtime"]),
        rfs=r[["recur", "death"]].max(axis=1),
        status=(2 * r["death"]).where(~recurred, 1),
    )


def analysis_of(
    months: object,
    event: object,
    *,
    marker: object = None,
    entry: object = None,
    competing: bool = False,
    **columns: object,
) -> AnalysisSet:
    """An analysis set of plain arrays: `marker` is True for altered, `columns` are covariates."""
    endpoint = BCSS if competing else OS
    patients = pd.DataFrame({endpoint.months: months, endpoint.event: event, **columns})
    patients.index = pd.Index([f"P{i}" for i in range(len(patients))], name="patient")
    if entry is not None:
        patients["entry_months"] = list(entry)
    cohort = Cohort(
        name="made", title="Made", patients=patients, raw=patients.astype(str), endpoints=(endpoint,),
        sources=(Source(name="made", citation="tests", licence="none"),), treatment_specificity="tamoxifen_confirmed",
    )  # fmt: skip
    if marker is not None:
        status = pd.Series(list(marker), index=patients.index).map(
            {True: "altered", False: "unaltered", None: "not_assayed"}
        )
        cohort = cohort.with_marker(
            MarkerCall(marker="M", rule="made", assay="none", reference="none", definition="made", values=status)
        )
    return select(cohort, endpoint=endpoint, marker=None if marker is None else "M", er="any", treatment="any")


def gbsg() -> AnalysisSet:
    """GBSG, recurrence-free survival, both arms."""
    return select(load("gbsg"), endpoint="RFS", er="any", treatment="any")


def metabric(endpoint: str = "BCSS", **choices: str) -> AnalysisSet:
    """METABRIC, HER2 gain, ER-positive and endocrine-treated unless told otherwise."""
    return select(call(load("metabric"), "HER2"), marker="HER2", endpoint=endpoint, **choices)


def days(value: float) -> float:
    """Days in months."""
    return value / DAYS_PER_MONTH
