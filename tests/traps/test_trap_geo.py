"""Tamoxifen series, Loi, MetaGx and SCAN-B: inverted codes, rows without names, replicates, and who is who."""

from __future__ import annotations

import gzip
import lzma
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.rdata import read_rda
from tamoxres.cohorts.tamoxifen_geo import BINARY, CLINICAL, ROWS
from tamoxres.errors import DataError, QuestionError
from tamoxres.markers.calling import call, rules_for, with_continuous

# Times are one multiplication away from the file's text.
EXACT = 1e-12


@pytest.fixture(scope="module")
def cohorts(shared: Path) -> Path:
    """The shared folder of cohorts."""
    return shared / "cohorts"


@pytest.fixture
def geo(cohorts: Path, data_dir: Path) -> Path:
    """A copy of the tables of the tamoxifen series."""
    folder = data_dir / "tamoxifen_geo"
    folder.mkdir()
    for name in (CLINICAL, ROWS, BINARY):
        shutil.copyfile(cohorts / "tamoxifen_geo" / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("name", "patients", "relapses"), [("gse17705", 298, 71), ("gse12093", 136, 20), ("gse6577", 88, 30)]
)
def test_relapse_free_is_one(cohorts: Path, name: str, patients: int, relapses: int) -> None:
    """RFS and DFS are coded 1 = relapse-free: relapses are the zeros, and come earlier than the end of follow-up."""
    cohort = load(name, data_dir=cohorts)
    assert cohort.n == patients
    assert (cohort.patients["RFI_event"] == 1).sum() == relapses
    code = "DFS" if name == "gse12093" else "RFS"
    assert (cohort.raw[code] == "0").sum() == relapses
    relapsed = cohort.patients["RFI_event"] == 1
    assert cohort.patients.loc[relapsed, "RFI_months"].median() < cohort.patients.loc[~relapsed, "RFI_months"].median()
    assert cohort.treatment_specificity == "tamoxifen_confirmed"
    assert set(cohort.patients["endocrine_agent"]) == {"tamoxifen"}


def test_os_is_one_for_dead(cohorts: Path) -> None:
    """In the same table OS is coded 1 = dead, as the column `dead` says; who died free of relapse competes."""
    cohort = load("gse6577", data_dir=cohorts)
    patients = cohort.patients
    assert ((patients["OS_event"] == 1) == (cohort.raw["dead"] == "1")).all()
    assert (patients["OS_event"] == 1).sum() == 36
    competing = patients["RFI_event"] == 2
    assert competing.sum() == 9
    assert (patients.loc[competing, "OS_event"] == 1).all()


def test_pten_protein(cohorts: Path) -> None:
    """GSE6577: PTEN protein kept in 51, lost in 24, unknown in 13; ERBB2 amplified in 17 of 85."""
    cohort = load("gse6577", data_dir=cohorts)
    assert call(cohort, "PTEN").marker("PTEN").counts() == {
        "altered": 24,
        "unaltered": 51,
        "not_assayed": 0,
        "unknown": 13,
    }
    her2 = call(cohort, "HER2").marker("HER2")
    assert (her2.counts()["altered"], her2.counts()["unaltered"], her2.assay) == (17, 68, "ERBB2 copy number")
    chosen = tr.select(call(cohort, "PTEN"), marker="PTEN", endpoint="RFI", er="any", treatment="tamoxifen")
    relapses = chosen.frame.groupby("marker", observed=True)["event"].apply(lambda event: int((event == 1).sum()))
    assert relapses.to_dict() == {"unaltered": 18, "altered": 6}


@pytest.mark.parametrize(("name", "patients"), [("gse9893", 155), ("gse1379", 60)])
def test_outcome_without_times(cohorts: Path, name: str, patients: int) -> None:
    """A series without times has no endpoint, and says so."""
    cohort = load(name, data_dir=cohorts)
    assert (cohort.n, cohort.endpoints) == (patients, ())
    with pytest.raises(QuestionError, match=f"{name} has no endpoint RFI. It has none with times"):
        cohort.require("RFI")


def test_rows_without_names(cohorts: Path) -> None:
    """The expression table's rows are told by its outcome column; its levels are already cut, and stay so."""
    cohort = load("gse17705", data_dir=cohorts)
    mrna = cohort.profile("mrna")
    assert mrna is not None
    assert len(mrna.assayed("GLI1")) == 298
    assert not {"AKT2", "MTOR", "PTCH1"} & mrna.features()
    made = call(cohort, "HH").marker("HH")
    assert made.counts() == {"altered": 43, "unaltered": 255, "not_assayed": 0, "unknown": 0}
    assert "published as above or below the pooled median" in made.definition
    assert made.cut == "median"
    assert "erbb2_mrna" not in [rule.name for rule in rules_for(cohort, "HER2")], "two levels cannot be cut at 2 SD"
    assert set(with_continuous(cohort, "HH", rule="mrna_high").patients["hh_mrna_high"]) == {0.0, 1.0}
    assert set(cohort.patients["site"]) == {"MDACC_Tissue_BC_Tamoxifen", "JBI_Tissue_BC_Tamoxifen"}, "to stratify by"


def test_rows_in_another_order(geo: Path) -> None:
    """If the outcomes of the two tables differ, patients cannot be told, and nothing is guessed."""
    table = pd.read_csv(geo / ROWS, dtype=str)
    first = table.index[table["study"] == "study_12093_GPL96_all-bmc15"][0]
    table.loc[first, "posOutcome"] = "0" if table.loc[first, "posOutcome"] == "1" else "1"
    table.to_csv(geo / ROWS, index=False)
    with pytest.raises(DataError, match="does not follow the rows of bmc15mldata1.csv: their outcomes differ"):
        call(load("gse17705", data_dir=geo.parent), "PTEN")


def gz(path: Path, lines: list[str]) -> None:
    """Write lines as GEO does."""
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


def test_whole_expression(geo: Path) -> None:
    """A fetched series matrix is read by gene: the probe set with the highest mean, logged, shared ones set aside."""
    people = [f"GSM{number}" for number in range(441624, 441629)]
    probes = [("1_at", "MTOR"), ("2_at", "MTOR"), ("3_at", "ERBB2"), ("4_at", "MTOR///SRC"), ("5_at", "")]
    rows = [f"{probe}\ttitle\t{symbol}" for probe, symbol in probes]
    head = ["^Annotation", "#ID = probe", "!platform_table_begin", "ID\tGene title\tGene symbol"]
    gz(geo / "GPL96.annot.gz", [*head, *rows, "!platform_table_end"])
    levels = {"1_at": "2 4 8 16 null", "2_at": "4 16 64 256 1024", "3_at": "8 8 8 8 1024", "4_at": "9999 1 1 1 1"}
    rows = ["\t".join([f'"{probe}"', *told.split()]) for probe, told in levels.items()]
    head = ['!Series_title\t"x"', "!series_matrix_table_begin", "\t".join(['"ID_REF"', *(f'"{p}"' for p in people)])]
    matrix = [*head, *rows, "!series_matrix_table_end"]
    gz(geo / "GSE17705_series_matrix.txt.gz", matrix)
    cohort = load("gse17705", data_dir=geo.parent)
    mrna = cohort.profile("mrna")
    assert mrna is not None
    assert mrna.features() == {"MTOR", "ERBB2"}
    np.testing.assert_allclose(mrna.values(["MTOR"])["MTOR"], [2, 4, 6, 8, 10], rtol=EXACT)
    made = call(cohort, "MTOR").marker("MTOR")
    assert made.values[people].tolist() == ["unaltered"] * 3 + ["altered"] * 2
    assert made.counts()["not_assayed"] == 298 - 5
    assert cohort.default_rules == {"HER2": "erbb2_mrna", "MTOR": "mrna_high"}
    for spoiled, message in (
        ([line for line in matrix if "table_begin" not in line], "holds no table"),
        (matrix[:-1], "ends within its table"),
    ):
        gz(geo / "GSE17705_series_matrix.txt.gz", spoiled)
        with pytest.raises(DataError, match=message):
            call(load("gse17705", data_dir=geo.parent), "MTOR")
    (geo / "GSE17705_series_matrix.txt.gz").write_bytes(gzip.compress(b"x" * 9999)[:40])
    with pytest.raises(DataError, match="GSE17705_series_matrix.txt.gz is damaged"):
        call(load("gse17705", data_dir=geo.parent), "MTOR")
    gz(geo / "GPL96.annot.gz", ["!platform_table_begin", "ID\tSymbol", "!platform_table_end"])
    with pytest.raises(DataError, match="no columns ID and Gene symbol"):
        load("gse17705", data_dir=geo.parent)


def test_series_without_expression(geo: Path) -> None:
    """Without the expression table the series has its endpoint and says what brings the markers."""
    (geo / BINARY).unlink()
    cohort = load("gse17705", data_dir=geo.parent)
    assert cohort.default_rules == {}
    assert "tamoxres fetch gse17705 brings its expression" in cohort.unfetched["PTEN"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("series_id,gpl", "series,gpl", "no column 'series_id'"),
        ("GSE17705,GPL96", "GSE1770,GPL96", "has no series GSE17705|holds no series"),
        (",441625,", ",441624,", "column patient_ID: an identifier that stood before"),
    ],
)
def test_spoiled_table(geo: Path, old: str, new: str, message: str) -> None:
    """A renamed column or a repeated patient of the clinical table is one sentence."""
    text = (geo / CLINICAL).read_text()
    count = -1 if old.startswith("GSE") else 1
    (geo / CLINICAL).write_text(text.replace(old, new, count))
    with pytest.raises(DataError, match=message):
        load("gse17705", data_dir=geo.parent)


def test_loi_is_jbi(cohorts: Path, data_dir: Path) -> None:
    """96 OXFT patients are JBI patients of GSE17705, with one outcome; times come from there, and for nobody else."""
    loi, jbi = load("loi2008", data_dir=cohorts), load("gse17705", data_dir=cohorts)
    known = loi.patients["RFI_event"].notna()
    assert (loi.n, known.sum()) == (255, 96)
    assert (loi.patients.loc[known, "RFI_event"] == 1).sum() == 17
    resistant = loi.patients["resistant"] == "yes"
    assert (resistant[known] == (loi.patients.loc[known, "RFI_event"] == 1)).all(), "0 outcome mismatches"
    assert (resistant.sum(), (~resistant).sum()) == (68, 187)
    assert loi.overlaps == ("gse17705",)
    assert jbi.overlaps == ("loi2008",)
    (data_dir / "tamoxifen_geo").mkdir()
    name = "Loi2008_DEGraphVignette.RData"
    shutil.copyfile(cohorts / "tamoxifen_geo" / name, data_dir / "tamoxifen_geo" / name)
    assert load("loi2008", data_dir=data_dir).endpoints == (), "without GSE17705's table no times are invented"


def test_loi_expression(cohorts: Path) -> None:
    """FRAP1 is read as MTOR; ERBB2, PTEN, SRC and Hedgehog are not on the list and are not called."""
    loi = load("loi2008", data_dir=cohorts)
    counts = call(loi, "MTOR").marker("MTOR").counts()
    assert counts == {"altered": 127, "unaltered": 128, "not_assayed": 0, "unknown": 0}
    expression = read_rda(cohorts / "tamoxifen_geo" / "Loi2008_DEGraphVignette.RData")["exprLoi2008"]
    level = with_continuous(loi, "MTOR", rule="mrna_high").patients["mtor_mrna_high"]
    row = expression.loc["2475"]
    np.testing.assert_allclose(level, (row - row.mean()) / row.std(), rtol=1e-9)
    for marker in ("HER2", "PTEN", "SRC", "HH"):
        assert rules_for(loi, marker) == (), marker


def test_pooling_the_same_patients_is_refused(cohorts: Path) -> None:
    """GSE17705 and Loi share patients: their effects are not pooled, by name."""
    question = tr.Question(marker="AKT", endpoint="RFI", er="any", treatment="tamoxifen")
    rows = [tr.ask(load(name, data_dir=cohorts), question)[0] for name in ("gse17705", "loi2008")]
    with pytest.raises(tr.TamoxresError, match="Loi 2008 .* and GSE17705 .* share patients, who would count twice"):
        tr.pool(rows, alike=tr.Alike(assay={"*": "any"}))


def test_scan_b(cohorts: Path) -> None:
    """3,409 samples hold 136 replicates; `NA` is text; 2,537 of 3,273 had endocrine therapy."""
    cohort = load("scan_b", data_dir=cohorts)
    patients = cohort.patients
    assert cohort.n == 3273
    assert patients["endocrine"].value_counts(dropna=False).to_dict() == {"yes": 2537, "no": 715, None: 21}
    assert (patients["OS_event"] == 1).sum() == 336
    treated = patients[patients["endocrine"] == "yes"]
    assert (treated["OS_event"] == 1).sum() == 225
    positive = treated[treated["er"] == "positive"]
    assert (len(positive), int((positive["OS_event"] == 1).sum())) == (2512, 220)
    assert positive["her2"].value_counts().to_dict() == {"negative": 2150, "positive": 280}
    assert call(cohort, "HER2").marker("HER2").rule == "ihc_ish"
    days = pd.to_numeric(cohort.raw["ovrallSurvDays"])
    np.testing.assert_allclose(patients["OS_months"] * DAYS_PER_MONTH, days, rtol=EXACT)


def test_metagx_series(cohorts: Path) -> None:
    """GSE58644: 154 had tamoxifen, 37 with distant relapse, 19 HER2 positive; counts of the other series."""
    cohort = load("gse58644", data_dir=cohorts)
    tamoxifen = cohort.patients[cohort.patients["endocrine_agent"] == "tamoxifen"]
    counted = (len(tamoxifen), int((tamoxifen["DRFI_event"] == 1).sum()), int((tamoxifen["her2"] == "positive").sum()))
    assert counted == (154, 37, 19)
    for name, alone, relapses, dated in (("upp", 80, 25, 25), ("stno2", 73, 38, 23), ("nci", 78, 36, 36)):
        other = load(name, data_dir=cohorts)
        mine = other.patients[(other.patients["endocrine"] == "yes") & (other.patients["chemotherapy"] == "no")]
        status = other.raw.loc[mine.index, "recurrence_status"]
        assert (len(mine), (status == "recurrence").sum()) == (alone, relapses), name
        assert (mine["RFI_event"] == 1).sum() == dated, f"{name}: a relapse without a date is unknown"
    assert load("vdx", data_dir=cohorts).n == 344
    assert load("metagx:TRANSBIG", data_dir=cohorts).n == 198


def test_healthy_tissue_and_replicates_are_dropped(cohorts: Path, data_dir: Path) -> None:
    """Normal tissue coded `untreated`, and replicates, never become untreated patients."""
    assert load("metagx:DFHCC2", data_dir=cohorts).n == 83 - 8
    with lzma.open(cohorts / "metagxbreast" / "metaGXcovarTable.csv.xz", "rt") as handle:
        table = pd.read_csv(handle, dtype=str)
    assert ((table["study"] == "METABRIC") & (table["sample_type"] == "healthy")).sum() == 133
    own = table["study"] == "METABRIC"
    (data_dir / "metagxbreast").mkdir()
    table.assign(study=table["study"].mask(own, "OTHER")).to_csv(
        data_dir / "metagxbreast" / "metaGXcovarTable.csv.xz", index=False
    )
    assert load("metagx:OTHER", data_dir=data_dir).n == 2114 - 133


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("metagx:METABRIC", "MetaGxBreast's METABRIC is metabric again, less well coded. Load 'metabric'"),
        ("metagx:TCGA", "MetaGxBreast's TCGA is tcga_brca again"),
        ("metagx:NOWHERE", "MetaGxBreast holds no series 'nowhere'. It holds CAL, DFHCC"),
    ],
)
def test_series_that_are_not_given(cohorts: Path, name: str, message: str) -> None:
    """METABRIC's `untreated` in MetaGxBreast holds normal tissue and radiotherapy alone: it is refused."""
    with pytest.raises(QuestionError, match=message):
        load(name, data_dir=cohorts)


@pytest.mark.parametrize(
    ("name", "file"),
    [("scan_b", "GSE96058_sampDesc.rda"), ("loi2008", "Loi2008"), ("gse17705", CLINICAL), ("upp", "metaGXcovarTable")],
)
def test_absent(data_dir: Path, name: str, file: str) -> None:
    """A cohort that is not on disk names its file and what brings it."""
    fetched = "metagxbreast" if name == "upp" else name
    with pytest.raises(DataError, match=f"{file}.* is not on disk. tamoxres fetch {fetched} brings its files"):
        load(name, data_dir=data_dir)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not R at all", "is not a file of R's save"),
        (b"RDX3\nX\n\0\0\0\3", "is damaged"),
        (b"\x1f\x8b123", "is damaged"),
    ],
)
def test_not_r(tmp_path: Path, content: bytes, message: str) -> None:
    """What is not R's, or is cut, is named."""
    (tmp_path / "a.rda").write_bytes(content)
    with pytest.raises(DataError, match=f"a.rda {message}"):
        read_rda(tmp_path / "a.rda")


def test_r_files(cohorts: Path) -> None:
    """Data frames, matrices, named vectors, gzip, bzip2 and xz, versions 2 and 3: as R has them."""
    copy_number = read_rda(cohorts / "metabric" / "train.CN.rda")["train.CN"]
    assert copy_number.shape == (714, 997)
    probes = read_rda(cohorts / "metabric" / "Map.All.rda")["Map.All"].set_index("Probe_ID")["Gene_symbol"]
    probe = probes.index[probes == "ERBB2"][0]
    calls = tr.load("metabric").raw["HER2_SNP6"].reindex(copy_number.columns.str.replace(".", "-"))
    means = pd.Series(copy_number.loc[probe].to_numpy()).groupby(calls.to_numpy()).mean().to_dict()
    assert [round(means[level], 2) for level in ("GAIN", "NEUTRAL", "LOSS")] == [0.94, -0.03, -0.53]


def test_cut_r_file(cohorts: Path, tmp_path: Path) -> None:
    """An R file that ends in the middle is damaged, not short."""
    raw = lzma.decompress((cohorts / "scan_b" / "GSE96058_sampDesc.rda").read_bytes())
    (tmp_path / "cut.rda").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match="cut.rda is damaged"):
        read_rda(tmp_path / "cut.rda")
