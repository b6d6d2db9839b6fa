"""Rueda's supplement against R, and against METABRIC's own relapse: tests/reference/rueda."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from public_data import answers

import tamoxres as tr
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.cohort import Cohort
from tamoxres.cohorts.metabric import RUEDA_FILE

# Cox models iterate; both sides are run to convergence.
PARITY = 1e-7
# cBioPortal prints months with two decimals: 0.005 months of 30.4 days on either side, and whole days.
PRINTED_DAYS = 0.2
TAM = ("tamoxifen", "sequence")
WITHOUT = ("ovarian_suppression == no",)


@pytest.fixture(scope="module")
def r() -> dict:
    """R's answers."""
    return answers("rueda")


@pytest.fixture(scope="module")
def rueda(shared: Path) -> dict[str, Cohort]:
    """METABRIC joined with the supplement, HER2 called; breast-cancer deaths as competing deaths and as events."""
    folder = shared / "cohorts"
    return {
        deaths: tr.call(tr.load("metabric_rueda", data_dir=folder, breast_deaths=deaths), "HER2")
        for deaths in ("competing", "event")
    }


@pytest.fixture(scope="module")
def raw(shared: Path) -> pd.DataFrame:
    """The supplement as text, joined with METABRIC's patient file."""
    supplement = pd.read_csv(shared / "cohorts" / "metabric" / RUEDA_FILE, sep="\t", index_col="METABRIC.ID")
    return supplement.join(tr.load("metabric").raw, rsuffix="_METABRIC", how="inner")


def test_counts(r: dict, rueda: dict[str, Cohort], raw: pd.DataFrame) -> None:
    """1,981 of 3,240 patients join METABRIC; 1,015 ER-positive ones had TAM or TAM/AI."""
    patients = rueda["competing"].patients
    mine = patients[(patients["er"] == "positive") & patients["endocrine_agent"].isin(TAM)]
    assert r["counts"] == {"supplement": 3240, "joined": len(raw), "er_positive_tam": 1015}
    assert len(patients) == len(raw) == 1981
    assert (mine["ovarian_suppression"] == "no").sum() == r["counts"]["er_positive_tam"]


@pytest.mark.parametrize("set_of_patients", ["tam", "tam_or_zoladex"])
@pytest.mark.parametrize(
    ("code", "endpoint", "deaths"),
    [("DRFI", "DRFI", "competing"), ("DRFI_breast_deaths", "DRFI", "event"), ("BCSS", "BCSS", "competing"),
     ("OS", "OS", "competing")],
)  # fmt: skip
def test_parity(r: dict, rueda: dict[str, Cohort], set_of_patients: str, code: str, endpoint: str, deaths: str) -> None:
    """HER2 gain in ER-positive patients who had tamoxifen by name: R's hazard ratios, patients and events."""
    where = WITHOUT if set_of_patients == "tam" else ()
    chosen = tr.select(rueda[deaths], marker="HER2", endpoint=endpoint, treatment="tamoxifen", where=where)
    effect, expected = tr.cox(chosen).effect, r[set_of_patients][code]
    what = f"{set_of_patients}, {code}"
    assert (effect.n, effect.events) == (expected["n"], expected["events"]), what
    assert effect.log_estimate == pytest.approx(expected["log_estimate"], rel=PARITY), what
    assert effect.se == pytest.approx(expected["se"], rel=PARITY), what


def test_printed(rueda: dict[str, Cohort]) -> None:
    """Distant relapse with HER2 gain: 1.555 (1.200-2.015), 1,012 patients, 308 events."""
    chosen = tr.select(
        rueda["competing"], marker="HER2", endpoint="DRFI", treatment="tamoxifen", where=WITHOUT
    )  # fmt: skip
    effect = tr.cox(chosen).effect
    assert f"{effect.estimate:.3f} ({effect.ci()[0]:.3f}-{effect.ci()[1]:.3f})" == "1.555 (1.200-2.015)"
    assert (effect.n, effect.events) == (1012, 308)


def test_metabric_rfs_is_rfi(r: dict, raw: pd.DataFrame) -> None:
    """METABRIC's RFS is the first of local relapse, distant relapse and death from breast cancer: RFI, in 30.4 days."""
    first = np.fmin(raw["TLR"].where(raw["LR"] == 1, raw["T"]), raw["TDR"].where(raw["DR"] == 1, raw["T"]))
    happened = (raw["LR"] == 1) | (raw["DR"] == 1) | (raw["DeathBreast"] == 1)
    known = raw["RFS_STATUS"].notna()
    assert (happened == (raw["RFS_STATUS"] == "1:Recurred"))[known].all()
    assert (known.sum(), happened.sum()) == (1980, 803)
    assert (first - raw["RFS_MONTHS"].astype(float) * 30.4).abs().max() <= PRINTED_DAYS
    months = tr.load("metabric").patients.loc[raw.index, "RFI_months"] * DAYS_PER_MONTH
    assert (months - first).abs().max() <= PRINTED_DAYS
