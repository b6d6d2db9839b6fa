"""TCGA BRCA: drugs by name, treatment that is never known to be absent, endpoints, and files with header lines."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.tcga_brca import read_drugs, rppa_profile
from tamoxres.errors import DataError, QuestionError
from tamoxres.markers.calling import call, markers_table

FILES = (
    "brca_tcga/data_clinical_patient.txt", "brca_tcga/data_clinical_sample.txt", "TCGA-CDR-SupplementalTableS1_v2.xlsx",
    "nationwidechildrens.org_clinical_drug_brca.txt",
)  # fmt: skip


@pytest.fixture(scope="module")
def tcga(shared: Path) -> Cohort:
    """TCGA BRCA from the shared folder."""
    return load("tcga_brca", data_dir=shared / "cohorts")


@pytest.fixture
def folder(shared: Path, data_dir: Path) -> Path:
    """A copy of the files that must be there."""
    for name in FILES:
        target = data_dir / "tcga_brca" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shared / "cohorts" / "tcga_brca" / name, target)
        target.chmod(0o644)
    return data_dir / "tcga_brca"


def test_tamoxifen_by_name(tcga: Cohort) -> None:
    """257 patients had tamoxifen by name, 210 of them with proteins measured; their events are the published ones."""
    patients = tcga.patients
    named = patients.index[patients["tamoxifen"] == "yes"]
    assert len(named) == 257
    proteins = tcga.profile("rppa")
    assert proteins is not None
    assert len(set(named) & proteins.assayed("AKT_pS473")) == 210
    events = {e.code: int((patients.loc[named, e.event] == 1).sum()) for e in tcga.endpoints}
    assert events == {"OS": 21, "BCSS": 15, "RFI": 23, "BCFI": 30}
    agents = patients.loc[named, "endocrine_agent"].value_counts().to_dict()
    assert agents == {"tamoxifen": 191, "sequence": 66}
    chosen = tr.select(tcga, endpoint="OS", er="any", treatment="tamoxifen")
    assert chosen.flow.steps[1].patients == 257, "tamoxifen alone or in sequence"


def test_events(tcga: Cohort) -> None:
    """The curated endpoints have the published counts in all 1,097 patients."""
    patients = tcga.patients
    assert tcga.n == 1097
    counts = {
        e.code: (int((patients[e.event] == 1).sum()), int(patients[e.event].notna().sum())) for e in tcga.endpoints
    }
    assert counts == {"OS": (151, 1096), "BCSS": (83, 1077), "RFI": (84, 952), "BCFI": (145, 1096)}
    assert (patients["OS_event"] == 2).sum() == 0


def test_nobody_is_known_to_be_untreated(tcga: Cohort) -> None:
    """A patient without a drug row is unknown, never untreated; an untreated arm is refused."""
    assert set(tcga.patients["endocrine"].dropna()) == {"yes"}
    assert set(tcga.patients["chemotherapy"].dropna()) == {"yes"}
    assert tcga.patients["endocrine"].isna().sum() == 571
    with pytest.raises(QuestionError, match="Nobody is left"):
        tr.select(tcga, endpoint="OS", er="any", treatment="none")
    assert any("immortal time" in note for note in tcga.notes)


def test_therapy_times(tcga: Cohort) -> None:
    """Therapy begins after the diagnosis; one that is still going on has no end."""
    patients = tcga.patients
    assert (patients["endocrine_start_months"].dropna() >= 0).all()
    both = patients[["endocrine_start_months", "endocrine_stop_months"]].dropna()
    assert (both["endocrine_stop_months"] >= both["endocrine_start_months"]).all()
    assert len(both) < 80, "most are ongoing or undated"


def test_header_lines_of_the_drug_table(shared: Path) -> None:
    """Three header lines: the second and third are no patients."""
    drugs = read_drugs(shared / "cohorts" / "tcga_brca" / FILES[3])
    assert drugs.index.str.startswith("TCGA-").all()
    assert len(drugs) == 780
    assert drugs["tamoxifen"].sum() == 257


def test_akt1_is_not_read_from_the_firehose_exomes(tcga: Cohort) -> None:
    """BRCA.mutations.rda has 2 AKT1 mutations where 20 to 25 are expected: nobody is called by it."""
    counts = call(tcga, "AKT", rule="mutation").marker("AKT").counts()
    assert counts == {"altered": 0, "unaltered": 0, "not_assayed": 1097, "unknown": 0}
    assert tcga.default_rules["AKT"] == "rppa_ps473"
    assert call(tcga, "PTEN", rule="mutation").marker("PTEN").counts()["altered"] == 35
    assert call(tcga, "PIK3CA").marker("PIK3CA").counts() == {
        "altered": 316,
        "unaltered": 661,
        "not_assayed": 120,
        "unknown": 0,
    }
    assert "CASCADE" not in tcga.default_rules, "AKT by a median split calls half of all tumours activated"


def test_agilent_header_lists_who_was_not_measured(tcga: Cohort) -> None:
    """The z-score table names 1,105 samples; 529 have values, and the others are not assayed."""
    mrna = tcga.profile("mrna")
    assert mrna is not None
    assert len(mrna.assayed("PTEN")) == 526, "529 samples, 3 of them not of these patients' primary tumours"
    counts = call(tcga, "SRC", rule="mrna_high").marker("SRC").counts()
    assert counts == {"altered": 263, "unaltered": 263, "not_assayed": 571, "unknown": 0}


def test_proteins(tcga: Cohort) -> None:
    """Only primary tumours speak; each phospho rule reads its own antibody, cut at the median and labelled so."""
    table = markers_table(tcga).set_index(["marker", "rule"])
    for key in (
        ("AKT", "rppa_pt308"),
        ("MTOR", "rppa_ps6k"),
        ("MTOR", "rppa_ps6"),
        ("SRC", "rppa_py416"),
        ("PTEN", "rppa_low"),
    ):
        row = table.loc[key]
        assert (row["altered"], row["unaltered"], row["not_assayed"], row["cut"]) == (436, 437, 224, "median"), key
    assert table.loc[("HER2", "rppa_total"), "cut"] == "published"


def test_rppa_of_gdc(shared: Path, tmp_path: Path) -> None:
    """The pan-cancer table of GDC is read like TCPA's archive: primary tumours of any patient it names."""
    archive = rppa_profile(shared / "cohorts" / "tcga_brca" / "TCGA-BRCA-L4.zip")
    values = archive.values(["PTEN", "AKT_pS473"])
    table = values.set_axis(values.index + "-01A-21-A24A-20").rename_axis("SampleID").reset_index()
    table.insert(1, "TumorType", "BRCA")
    table.loc[len(table)] = ["TCGA-XX-YYYY-11A-21-A24A-20", "BRCA", 9.0, 9.0]
    table.to_csv(tmp_path / "TCGA-RPPA-pancan-clean.txt", sep="\t", index=False)
    gdc = rppa_profile(tmp_path / "TCGA-RPPA-pancan-clean.txt")
    assert gdc.features() == {"PTEN", "AKT_pS473"}
    np.testing.assert_allclose(gdc.values(["PTEN"])["PTEN"], values["PTEN"], rtol=1e-12)
    assert "TCGA-XX-YYYY" not in gdc.assayed("PTEN"), "normal tissue (11) does not speak"


def test_her2_equivocal_is_settled_by_fish(tcga: Cohort) -> None:
    """IHC equivocal without FISH is unknown; with FISH it is what FISH says."""
    raw, her2 = tcga.raw, tcga.patients["her2"]
    equivocal = raw["IHC_HER2"] == "Equivocal"
    assert her2[equivocal & raw["HER2_FISH_STATUS"].isna()].isna().all()
    assert set(her2[equivocal & (raw["HER2_FISH_STATUS"] == "Positive")]) == {"positive"}
    assert (her2[raw["IHC_HER2"] == "Positive"] == "positive").all()


@pytest.mark.parametrize("name", FILES)
def test_what_must_be_there(folder: Path, name: str) -> None:
    """Without one of its four files the cohort says which, and what to do."""
    (folder / name).unlink()
    with pytest.raises(
        DataError, match=f"{name} of tcga_brca is not on disk. tamoxres fetch tcga_brca brings its files"
    ):
        load("tcga_brca", data_dir=folder.parent)


def test_without_molecular_files(folder: Path) -> None:
    """The clinical files alone answer for HER2; the other markers say what brings them."""
    cohort = load("tcga_brca", data_dir=folder.parent)
    assert cohort.default_rules == {"HER2": "ihc_ish"}
    assert set(cohort.unfetched) == {"AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA"}
    with pytest.raises(
        QuestionError, match="cannot answer for SRC. It holds no assay of SRC. tamoxres fetch tcga_brca"
    ):
        call(cohort, "SRC")


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        (
            FILES[3],
            lambda b: b.replace(b"pharmaceutical_therapy_drug_name", b"drug"),
            "no column 'pharmaceutical_therapy_drug_name'",
        ),
        (FILES[3], lambda b: b[: len(b) // 2], "cells under 28 columns. The file is truncated"),
        (FILES[2], lambda b: b[:1000], "cannot be read as .xlsx"),
        (FILES[0], lambda b: b.replace(b"\tPositive\t", b"\tPositief\t", 1), "'Positief' is an unknown level"),
        (FILES[0], lambda b: b.replace(b"TCGA-3C-AAAU", b"TCGA-3C-XXXX"), "has no row for patient TCGA-3C-XXXX"),
    ],
)
def test_spoiled(folder: Path, name: str, spoil: object, message: str) -> None:
    """A renamed column, a cut file, an unknown level, a patient of another release: one sentence each."""
    path = folder / name
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=message) as raised:
        load("tcga_brca", data_dir=folder.parent)
    assert "\n" not in str(raised.value), "one sentence"
