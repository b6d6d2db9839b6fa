"""MSK 2018: delayed entry, metastatic recurrence, one sample a patient, panels that lack genes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.cohorts.catalogue import catalogue, load
from tamoxres.errors import DataError
from tamoxres.markers.calling import call


@pytest.fixture(scope="module")
def msk(shared: Path) -> Cohort:
    """MSK 2018 from the shared folder."""
    return load("msk_2018", data_dir=shared / "cohorts")


def test_counts(msk: Cohort) -> None:
    """1,756 patients, 382 deaths; DRFI only in the 1,398 without metastases at diagnosis; 144 zeros are not theirs."""
    patients = msk.patients
    assert msk.n == 1756
    assert (patients["OS_event"] == 1).sum() == 382
    assert patients["DRFI_event"].notna().sum() == 1398
    months = pd.to_numeric(msk.raw["DFS_MONTHS"])
    assert (months == 0).sum() == 144
    assert (patients.loc[months == 0, "DRFI_event"].notna()).sum() == 1, "the others had stage IV at diagnosis"
    assert "metastatic recurrence" in msk.departures["DRFI"]
    assert "endocrine" not in patients, "no therapy column is not 'untreated'"


def test_delayed_entry(msk: Cohort) -> None:
    """Patients enter when their sample was collected; whoever had the event before is never at risk."""
    patients = msk.patients
    assert (patients["entry_months"] >= 0).all()
    assert patients["entry_months"].median() == pytest.approx(2.37, abs=0.005)
    chosen = tr.select(call(msk, "PIK3CA"), marker="PIK3CA", endpoint="DRFI", treatment="any")
    late = chosen.frame["entry"] > 0
    assert (chosen.frame["entry"] < chosen.frame["months"])[late].all()
    assert (chosen.frame["months"] == 0).sum() == 1, "zero follow-up stays"
    step = chosen.flow.steps[-1]
    assert step.name == "At risk after delayed entry"
    assert step.why == "DRFI ended before entry 483"
    with pytest.raises(tr.TamoxresError, match="does not record endocrine therapy"):
        tr.select(call(msk, "PIK3CA"), marker="PIK3CA", endpoint="DRFI")


def test_one_sample_a_patient(msk: Cohort) -> None:
    """1,918 samples, 1,756 patients: the primary tumour speaks where it was sequenced (893)."""
    kinds = msk.patients["sample_type"].value_counts().to_dict()
    assert kinds == {"Primary": 893, "Metastasis": 863}
    assert msk.raw["SAMPLE_ID"].is_unique


def test_panels(msk: Cohort) -> None:
    """GLI1 came with the second panel: patients on the first are not assayed, unless another gene is hit."""
    profile = msk.profile("mutation")
    assert profile is not None
    assert not {"GLI2", "GLI3", "RPS6KB1"} & profile.features()
    first = {p for p, sample in msk.raw["SAMPLE_ID"].items() if sample.endswith("IM3")}
    assert profile.assayed("GLI1").isdisjoint(first)
    assert len(profile.assayed("PTEN")) == 1756
    values = call(msk, "HH").marker("HH").values
    assert set(values[list(first)]) == {"not_assayed", "altered"}
    assert values.value_counts().to_dict() == {"unaltered": 1295, "not_assayed": 409, "altered": 52}


def test_counts_by_sample(msk: Cohort, shared: Path) -> None:
    """The publisher's counts of mutated samples come out when all samples are counted."""
    maf = pd.read_csv(
        shared / "cohorts" / "msk_2018" / "data_mutations.txt",
        sep="\t",
        usecols=["Hugo_Symbol", "Tumor_Sample_Barcode"],
    )
    counted = maf.groupby("Hugo_Symbol")["Tumor_Sample_Barcode"].nunique()
    assert counted[["PIK3CA", "PTEN", "AKT1"]].tolist() == [725, 137, 107]
    chosen = set(msk.raw["SAMPLE_ID"])
    mine = maf[maf["Tumor_Sample_Barcode"].isin(chosen)].groupby("Hugo_Symbol")["Tumor_Sample_Barcode"].nunique()
    for marker, gene in (("PIK3CA", "PIK3CA"), ("PTEN", "PTEN"), ("AKT", "AKT1")):
        altered = call(msk, marker).marker(marker).counts()["altered"]
        assert altered <= mine[gene], marker
        assert altered == mine[gene] or marker == "PIK3CA", "silent mutations do not count"


def test_discrete_copy_number(msk: Cohort) -> None:
    """-2 is a deep loss; -1.5 is a loss, not a deep one."""
    cna = msk.profile("cna")
    assert cna is not None
    pten = cna.values(["PTEN"])["PTEN"]
    assert set(np.unique(pten)) <= {-2.0, -1.5, 0.0, 2.0}
    counts = {
        rule: call(msk, "PTEN", rule=rule).marker("PTEN").counts()["altered"] for rule in ("cna_loss", "cna_deep_loss")
    }
    assert counts == {"cna_loss": int((pten <= -1).sum()), "cna_deep_loss": int((pten == -2).sum())}
    assert counts["cna_loss"] > counts["cna_deep_loss"]


def test_absent(data_dir: Path) -> None:
    """Without its files the cohort says what brings them, and the catalogue lists it as not on disk."""
    with pytest.raises(
        DataError, match="msk_2018 is not on disk. tamoxres fetch msk_2018 brings its files, or give --data-dir"
    ):
        load("msk_2018", data_dir=data_dir)
    listed = catalogue(data_dir=data_dir).set_index("cohort")
    assert not listed.loc["msk_2018", "on_disk"]
    assert "tamoxres fetch msk_2018" in listed.loc["msk_2018", "about"]
    assert listed.loc["metabric", "on_disk"]
    assert "PTEN" in listed.loc["metabric", "fetch_adds"]


def test_patients_of_another_release(shared: Path, data_dir: Path) -> None:
    """A patient without a sample is refused with both files' names."""
    source, target = shared / "cohorts" / "msk_2018", data_dir / "msk_2018"
    target.mkdir()
    shutil.copyfile(source / "data_clinical_patient.txt", target / "data_clinical_patient.txt")
    lines = (source / "data_clinical_sample.txt").read_text().splitlines(keepends=True)
    (target / "data_clinical_sample.txt").write_text(
        "".join(line for line in lines if not line.startswith("P-0000012\t"))
    )
    with pytest.raises(DataError, match="has no row for patient P-0000012 of .* Take both files from one release"):
        load("msk_2018", data_dir=data_dir)
