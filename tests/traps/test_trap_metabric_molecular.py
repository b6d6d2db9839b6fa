"""METABRIC complete: who was sequenced, for which genes; four HER2s; files that contradict each other."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.cohorts.catalogue import load
from tamoxres.errors import DataError, QuestionError
from tamoxres.markers.calling import call, concordance, markers_table, rules_for, with_continuous
from tamoxres.registry import built_in

# The budget of the issue, on two cores.
SECONDS_TO_LOAD = 5.0
# Both sides divide the same counts.
EXACT = 1e-12
OFF_THE_PANEL = ("MTOR", "AKT3", "SRC", "GLI1", "GLI2", "GLI3", "SMO", "PTCH1", "RPS6KB1", "SHH", "ESR1")


@pytest.fixture(scope="module")
def complete(shared: Path) -> Cohort:
    """METABRIC with every file of the shared folder."""
    return load("metabric", data_dir=shared / "cohorts")


@pytest.fixture(scope="module")
def own_copy(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of METABRIC's shared files: no test ever writes near the shared ones."""
    return Path(shutil.copytree(shared / "cohorts" / "metabric", tmp_path_factory.mktemp("copy") / "metabric"))


@pytest.fixture
def folder(own_copy: Path, tmp_path: Path) -> Path:
    """METABRIC's files, linked to the copy; a test replaces a link, it never writes through one."""
    source, target = own_copy, tmp_path / "data" / "metabric"
    (target / "case_lists").mkdir(parents=True)
    for file in source.rglob("*.*"):
        if file.is_file():
            (target / file.relative_to(source)).symlink_to(file)
    return target


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in the place of a link, or where none was."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def test_loads_quickly(shared: Path) -> None:
    """All files of METABRIC are found and the clinical ones read within the budget."""
    start = perf_counter()
    load("metabric", data_dir=shared / "cohorts")
    assert perf_counter() - start < SECONDS_TO_LOAD


def test_clinical_data_do_not_depend_on_the_folder(complete: Cohort) -> None:
    """More files add columns and profiles; what the embedded file says stays as it is."""
    embedded = tr.load("metabric")
    pd.testing.assert_frame_equal(complete.patients[list(embedded.patients)], embedded.patients)
    assert embedded.profiles == ()
    assert embedded.default_rules == {"HER2": "snp6_gain"}
    assert complete.default_rules["HER2"] == "snp6_gain", "the default never changes with what a folder holds"
    assert set(embedded.unfetched) == set(built_in()) - {"HER2"}
    assert "tamoxres fetch metabric" in embedded.unfetched["PTEN"]


def test_denominator_is_the_case_list(complete: Cohort, shared: Path) -> None:
    """2,433 were sequenced, though the MAF's first line lists 2,509; the 76 others are not assayed, not wild type."""
    with (shared / "cohorts" / "metabric" / "data_mutations_extended.txt").open() as maf:
        first = maf.readline()
    assert len(first.partition(":")[2].split()) == 2509
    call_ = call(complete, "PTEN").marker("PTEN")
    assert call_.counts() == {"altered": 95, "unaltered": 2338, "not_assayed": 76, "unknown": 0}
    for marker, altered in (("AKT", 100), ("PIK3CA", 975)):
        assert call(complete, marker).marker(marker).counts()["altered"] == altered
    assert complete.patients.loc[call_.values == "not_assayed", "OS_event"].notna().all(), "they have follow-up"


def test_treated_with_bcss(complete: Cohort) -> None:
    """ER positive, endocrine-treated, BCSS: 1,065 patients by mutation; 39 leave as not assayed."""
    chosen = tr.select(call(complete, "PTEN"), marker="PTEN", endpoint="BCSS")
    assert (chosen.n, chosen.events) == (1065, 336)
    assert "PTEN not assayed 39" in str(chosen.flow)


@pytest.mark.parametrize("gene", OFF_THE_PANEL)
def test_off_the_panel(complete: Cohort, gene: str) -> None:
    """A gene off the 173-gene panel was assayed in nobody."""
    profile = complete.profile("mutation")
    assert profile is not None
    assert gene not in profile.features()
    assert profile.assayed(gene) == frozenset()


def test_hedgehog_mutation_is_not_assayed(complete: Cohort) -> None:
    """No Hedgehog gene is on the panel: nobody is unaltered, and the definition says why."""
    call_ = call(complete, "HH", rule="mutation").marker("HH")
    assert call_.counts()["not_assayed"] == 2509
    assert "not on the platform: GLI1, GLI2, GLI3, SMO, PTCH1, SUFU" in call_.definition
    with pytest.raises(QuestionError, match="Nobody is left"):
        tr.select(call(complete, "HH", rule="mutation"), marker="HH", endpoint="BCSS")


def test_panel_is_known_without_its_file(folder: Path) -> None:
    """Without the panel's file the panel is still METABRIC's 173 genes, never the whole exome."""
    (folder / "data_gene_panel.txt").unlink()
    profile = load("metabric", data_dir=folder.parent).profile("mutation")
    assert profile is not None
    assert profile.assayed("MTOR") == frozenset()
    assert len(profile.assayed("PTEN")) == 2433


def test_rules_of_mutation(complete: Cohort) -> None:
    """Silent mutations are none; hotspots, exons and E17K are subsets by their protein change."""
    tables = {
        rule: call(complete, "PIK3CA", rule=rule).marker("PIK3CA").values
        for rule in ("mutation", "hotspot", "exon9", "exon20")
    }
    altered = {rule: set(values.index[values == "altered"]) for rule, values in tables.items()}
    assert altered["hotspot"] | altered["exon9"] | altered["exon20"] < altered["mutation"]
    maf = complete.profile("mutation").values(["PIK3CA", "AKT1"])
    changes = maf["PIK3CA"].dropna()
    for rule, pattern in (
        ("hotspot", r":p\.(?:E542|E545|H1047)[A-Z](?:;|$)"),
        ("exon9", ":p.E545K"),
        ("exon20", ":p.H1047R"),
    ):
        assert set(changes.index[changes.str.contains(pattern)]) <= altered[rule], rule
    assert len(altered["exon9"]) == 315
    assert len(altered["exon20"]) == 521
    e17k = call(complete, "AKT", rule="e17k").marker("AKT").values
    assert set(e17k.index[e17k == "altered"]) == set(maf.index[maf["AKT1"].str.contains(r":p\.E17K(?:;|$)").eq(True)])
    silent = changes[changes.str.fullmatch("Silent:[^;]*")]
    assert (tables["mutation"][silent.index] == "unaltered").all()


def test_mrna(complete: Cohort) -> None:
    """1,904 patients have z-scores, the others are not assayed; median cuts are labelled, levels stand uncut too."""
    call_ = call(complete, "PTEN", rule="mrna_low").marker("PTEN")
    assert call_.counts() == {"altered": 952, "unaltered": 952, "not_assayed": 605, "unknown": 0}
    assert call_.cut == "median"
    assert call(complete, "MTOR").marker("MTOR").rule == "mrna_high"
    assert "HH" not in complete.default_rules, "the Kaggle file lacks GLI1"
    levels = with_continuous(complete, "PTEN", rule="mrna_low").patients["pten_mrna_low"]
    assert levels.std() == pytest.approx(1, rel=EXACT)
    low = call_.values == "altered"
    assert levels[low].max() < levels[call_.values == "unaltered"].min(), (
        "the column keeps its direction: higher is more"
    )
    with pytest.raises(QuestionError, match="metabric holds no level of PTEN by rule mutation. It holds mrna_low."):
        with_continuous(complete, "PTEN", rule="mutation")


def test_kaggle_survival_is_not_read(complete: Cohort) -> None:
    """The Kaggle file's overall_survival (1 = alive) reaches neither raw nor harmonised columns."""
    assert "overall_survival" not in {*complete.raw, *complete.patients}


def test_four_her2s(complete: Cohort) -> None:
    """SNP6 438, sample file 247, 3-gene 198, IntClust 5 190: told apart by assay, and compared."""
    table = markers_table(complete).query("marker == 'HER2'").set_index("rule")
    assert table["altered"].to_dict() == {
        "snp6_gain": 438, "three_gene": 198, "intclust5": 190, "her2_status": 247, "erbb2_mrna": 147,
    }  # fmt: skip
    assert table["assay"].nunique() == 5
    assert "ihc_ish" not in table.index, "the sample file does not say that its HER2 is IHC"
    pairs = concordance(complete, "HER2").set_index(["rule_1", "rule_2"])
    row = pairs.loc[("snp6_gain", "her2_status")]
    assert row[["n", "both_altered", "only_1", "only_2", "both_unaltered"]].tolist() == [1975, 244, 194, 3, 1534]
    expected = (438 * 247 + 1537 * 1728) / 1975**2
    assert row["kappa"] == pytest.approx((1778 / 1975 - expected) / (1 - expected), rel=EXACT)


def test_cascade(complete: Cohort) -> None:
    """Activated is any of four; not activated only where all four are known."""
    parts = {m: call(complete, m).marker(m).values for m in ("HER2", "PIK3CA", "AKT", "PTEN")}
    found = pd.DataFrame(parts)
    call_ = call(complete, "CASCADE").marker("CASCADE")
    assert "HER2 snp6_gain, PIK3CA mutation, AKT mutation, PTEN mutation" in call_.definition
    assert (call_.values == "altered").equals((found == "altered").any(axis=1))
    assert (call_.values == "unaltered").equals((found == "unaltered").all(axis=1))
    rest = ~call_.values.isin(["altered", "unaltered"])
    assert (call_.values[rest] == "not_assayed").equals((found[rest] == "not_assayed").any(axis=1))


def test_no_default_without_its_files(folder: Path) -> None:
    """With z-scores alone, PTEN has no default: a rule must be named, and the fetch that brings the default is."""
    for name in ("data_mutations_extended.txt", "metabric_data_clinical_sample.txt"):
        (folder / name).unlink()
    cohort = load("metabric", data_dir=folder.parent)
    assert [rule.name for rule in rules_for(cohort, "PTEN")] == ["mrna_low"]
    with pytest.raises(
        QuestionError, match=r"no default rule of PTEN on disk. Name one of its rules: mrna_low. tamoxres fetch"
    ):
        call(cohort, "PTEN")


def edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    """Replace one text in a file."""

    def apply(folder: Path) -> None:
        text = (folder / name).read_bytes().decode()
        assert old in text
        replace_file(folder / name, text.replace(old, new, 1).encode())

    return apply


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda f: (f / "case_lists" / "cases_sequenced.txt").unlink(),
            "no list of who was sequenced .*cannot be told from one not",
        ),
        (edit("case_lists/cases_sequenced.txt", "case_list_ids:", "ids:"), "cases_sequenced.txt names no samples"),
        (
            edit("data_mutations_extended.txt", "\tMTS-T0058\t", "\tMTS-X0058\t"),
            "line 3: sample 'MTS-X0058' is not in the clinical file",
        ),
        (edit("data_mutations_extended.txt", "Tumor_Sample_Barcode", "Sample"), "no column 'Tumor_Sample_Barcode'"),
        (edit("data_mutations_extended.txt", "\tMETABRIC\t", "\t"), "line 3: 44 cells under 45 columns"),
        (edit("data_gene_panel.txt", "gene_list:", "genes:"), "data_gene_panel.txt holds no gene_list"),
        (
            edit("metabric_data_clinical_sample.txt", "Positive\tNegative\t3", "Positive\tPositive\t3"),
            "disagree on patient MB-0000: HER2_STATUS Positive, HER2_STATUS Negative",
        ),
        (
            edit("Brca_metabric_clinical_data.tsv", "\t140.5\t0:LIVING", "\t141.5\t0:LIVING"),
            "disagree on patient MB-0000: OS_MONTHS 140.5, Overall Survival .Months. 141.5",
        ),
        (
            edit("metabric_data_clinical_sample.txt", "\nMB-0002\tMB-0002", "\nMB-9999\tMB-9999"),
            "patient MB-9999 is not in .*data_clinical_patient.txt",
        ),
        (edit("metabric_data_clinical_sample.txt", "\tGRADE\t", "\tGRAD\t"), "no column 'GRADE'. Is it 'GRAD'"),
        (
            lambda f: replace_file(f / "breast_cancer_dataset.zip", b"PK"),
            "breast_cancer_dataset.zip is no archive that holds METABRIC_RNA_Mutation.csv",
        ),
    ],
)
def test_spoiled(folder: Path, spoil: Callable[[Path], object], message: str) -> None:
    """Each fault of the molecular files is one sentence with the mend."""
    spoil(folder)
    with pytest.raises(DataError, match=message) as raised:
        call(load("metabric", data_dir=folder.parent), "AKT")
    assert "\n" not in str(raised.value), "one sentence"


def test_matrix_of_the_archive(folder: Path) -> None:
    """Matrices are read by gene; a gene twice, a cut row, text or an unknown sample are refused."""
    (folder / "breast_cancer_dataset.zip").unlink()
    path = folder / "data_mrna_illumina_microarray_zscores_ref_all_samples.txt"
    rows = [
        "Hugo_Symbol\tEntrez_Gene_Id\tMB-0000\tMB-0002\tMB-0005",
        "PTEN\t5728\t-1.5\tNA\t0.5",
        "GLI1\t2735\t1\t2\t3",
    ]
    path.write_text("\n".join(rows) + "\n")
    (folder / "case_lists" / "cases_mRNA.txt").unlink()
    copies = [
        "Hugo_Symbol\tMB-0000\tMB-0002\tMB-0005",
        "PTEN\t-2\t-1\t0",
        "AKT3\t2\t1\t0",
        "AKT1\t0\t0\t0",
        "AKT2\t0\t0\t0",
    ]
    replace_file(folder / "data_cna.txt", "\n".join(copies).encode())
    replace_file(folder / "case_lists" / "cases_cna.txt", b"case_list_ids: MB-0000\tMB-0002\tMB-0005\tMB-0006\n")
    cohort = load("metabric", data_dir=folder.parent)
    low = call(cohort, "PTEN", rule="mrna_low").marker("PTEN")
    assert low.values[["MB-0000", "MB-0002", "MB-0005"]].tolist() == ["altered", "not_assayed", "unaltered"]
    assert call(cohort, "HH").marker("HH").values["MB-0005"] == "altered"
    loss = call(cohort, "PTEN", rule="cna_loss").marker("PTEN").values
    assert loss[["MB-0000", "MB-0002", "MB-0005", "MB-0006", "MB-0008"]].tolist() == [
        "altered",
        "altered",
        "unaltered",
        None,
        "not_assayed",
    ]
    assert call(cohort, "PTEN", rule="cna_deep_loss").marker("PTEN").counts()["altered"] == 1
    assert call(cohort, "AKT", rule="cna_gain").marker("AKT").values[["MB-0000", "MB-0002"]].tolist() == [
        "altered",
        "unaltered",
    ]
    for row, message in (
        ("PTEN\t5728\t1\t1\t1", "line 4: gene PTEN stands a second time"),
        ("SRC\t6714\t1\t1", "line 4: 4 cells under 5 columns"),
        ("SRC\t6714\t1\tx\t1", "line 4: 'x' is not a number"),
    ):
        path.write_text("\n".join([*rows, row]) + "\n")
        with pytest.raises(DataError, match=message):
            markers_table(load("metabric", data_dir=folder.parent))
    path.write_text("\n".join(rows).replace("MB-0005", "MB-0005X") + "\n")
    with pytest.raises(DataError, match="sample 'MB-0005X' is not in the clinical file"):
        markers_table(load("metabric", data_dir=folder.parent))


def test_kaggle_of_another_study(folder: Path) -> None:
    """A Kaggle table with patients METABRIC does not know is refused."""
    (folder / "breast_cancer_dataset.zip").unlink()
    with zipfile.ZipFile(folder / "breast_cancer_dataset.zip", "w") as archive:
        archive.writestr(
            "METABRIC_RNA_Mutation.csv", "patient_id,death_from_cancer,pten,pten_mut\n99999,Living,0.1,0\n"
        )
    with pytest.raises(DataError, match="patient MB-99999 is not in METABRIC's patient file"):
        call(load("metabric", data_dir=folder.parent), "PTEN", rule="mrna_low")
