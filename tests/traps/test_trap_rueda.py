"""Rueda's supplement: the drug by name, distant relapse alone, and a file that must agree with METABRIC's."""

from __future__ import annotations

from pathlib import Path

import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.metabric import RUEDA_FILE
from tamoxres.errors import DataError

# R 4.2.2, survival 3.5-3, coxph, Efron: HER2 gain, distant relapse, ER positive with TAM or TAM/AI; printed digits.
HAZARD_RATIO, LOW, HIGH, PRINTED = 1.555, 1.200, 2.015, 5e-4


@pytest.fixture(scope="module")
def rueda(shared: Path) -> Cohort:
    """METABRIC joined with the supplement."""
    return load("metabric_rueda", data_dir=shared / "cohorts")


def test_distant_relapse(rueda: Cohort) -> None:
    """ER positive with TAM or TAM/AI: 1,015 patients; HER2 gain and distant relapse as R gives them."""
    where = ["ovarian_suppression == no"]
    chosen = tr.select(tr.call(rueda, "HER2"), marker="HER2", endpoint="DRFI", treatment="tamoxifen", where=where)
    assert chosen.flow.steps[3].patients == 1015
    assert (chosen.n, chosen.events) == (1012, 308)
    effect = tr.cox(chosen).effect
    assert effect.estimate == pytest.approx(HAZARD_RATIO, abs=PRINTED)
    assert effect.ci() == pytest.approx((LOW, HIGH), abs=PRINTED)


def test_drugs(rueda: Cohort) -> None:
    """1,981 patients join; NO/NA is untreated only where cBioPortal says so."""
    patients = rueda.patients
    assert rueda.n == 1981
    agents = patients["endocrine_agent"].value_counts(dropna=False).to_dict()
    assert agents == {
        "tamoxifen": 1030,
        "none": 764,
        "sequence": 90,
        "aromatase_inhibitor": 58,
        "unspecified": 38,
        None: 1,
    }
    assert rueda.treatment_specificity == "mixed_by_name"
    assert (patients["endocrine"] == "yes").sum() == 1216


def test_breast_deaths_without_distant_relapse(rueda: Cohort, shared: Path) -> None:
    """113 deaths from breast cancer without a recorded distant relapse compete by default; an option counts them."""
    counted = load("metabric_rueda", data_dir=shared / "cohorts", breast_deaths="event").patients["DRFI_event"]
    event = rueda.patients["DRFI_event"]
    assert ((counted == 1) & (event == 2)).sum() == 113
    assert "taken as competing deaths" in rueda.departures["DRFI"]
    with pytest.raises(tr.TamoxresError, match="metabric_rueda has no endpoint RFI"):
        rueda.require("RFI")


def test_overlap_is_declared(rueda: Cohort, shared: Path) -> None:
    """It is METABRIC again: both say so, and pooling them is refused with their names."""
    metabric = load("metabric", data_dir=shared / "cohorts")
    rows = [tr.ask(cohort, tr.Question(marker="HER2", endpoint="BCSS"))[0] for cohort in (metabric, rueda)]
    with pytest.raises(tr.TamoxresError, match="METABRIC, drugs by name .* and METABRIC share patients"):
        tr.pool(rows)


def test_absent(data_dir: Path) -> None:
    """Without the user's own copy the cohort says what it is and where to put it."""
    with pytest.raises(DataError, match=f"{RUEDA_FILE} is not on disk. It is the supplement of Rueda 2019"):
        load("metabric_rueda", data_dir=data_dir)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t43.19\t", "\t44.19\t", "disagree on patient MB-0002: AGE_AT_DIAGNOSIS 43.19, Age.At.Diagnosis 44.19"),
        ("\t2539\t2539\t0\t2539\t0", "\t2540\t2539\t0\t2539\t0", "disagree on patient MB-0002: OS_DAYS 2539.0, T 2540"),
        ("\tNO/NA\tTAM\tCW", "\tNO/NA\tNO/NA\tCW", "disagree on patient MB-0002: HORMONE_THERAPY YES, HT NO"),
        ("\tTAM\tCW", "\tTAMOX\tCW", "column HT: 'TAMOX' is an unknown level"),
        ("\tTDR\t", "\tTDRX\t", "no column 'TDR'. Is it 'TDRX'"),
    ],
)
def test_spoiled(shared: Path, data_dir: Path, old: str, new: str, message: str) -> None:
    """A supplement that contradicts METABRIC, or holds what is not known, is refused."""
    text = (shared / "cohorts" / "metabric" / RUEDA_FILE).read_text()
    assert old in text
    (data_dir / "metabric").mkdir()
    (data_dir / "metabric" / RUEDA_FILE).write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        load("metabric_rueda", data_dir=data_dir)
