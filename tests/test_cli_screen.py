"""`tamoxres screen`: tables, sentences, files and pictures, on METABRIC and on a registry of one's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tamoxres as tr

MAPPING = """
name = "ours"
treatment_specificity = "tamoxifen_confirmed"
[columns]
patient = "pid"
endocrine = { from = "tam", yes = [1], no = [0] }
[endpoints.RFS]
time = "months"
unit = "months"
event = "event"
event_values = [1]
competing_values = []
censored_values = [0]
"""


@pytest.fixture
def registry(tmp_path):
    """GBSG as somebody's own file, with two hundred made-up genes; one would be a formula in a spreadsheet."""
    frame = tr.select(tr.load("gbsg"), endpoint=tr.RFS, er="any", treatment="any").frame
    tam = (frame["treatment"] == "treated").astype(int)
    own = pd.DataFrame({"pid": frame.index, "tam": tam, "months": frame["months"], "event": frame["event"]})
    own.to_csv(tmp_path / "ours.csv", index=False)
    (tmp_path / "ours.toml").write_text(MAPPING)
    names = ["=cmd()", "ERBB2", "AKT1", *(f"GENE{i}" for i in range(197))]
    values = np.random.default_rng(4).normal(size=(len(own), 200))
    pd.DataFrame(values, index=frame.index, columns=names).rename_axis("patient").to_parquet(tmp_path / "genes.parquet")
    return ("screen", tmp_path / "ours.csv", "--mapping", tmp_path / "ours.toml", "--endpoint", "RFS", "--er", "any")


def test_ones_own_registry(run, registry, tmp_path):
    """A registry and a Parquet matrix give table, sentences, both pictures and every gene as CSV and as Parquet."""
    own = (*registry, "--expression", tmp_path / "genes.parquet")
    pictures = ("--volcano", tmp_path / "v.png", "--manhattan", tmp_path / "m.png")
    code, out, err = run(*own, *pictures, "--permutations", "20", "-o", tmp_path / "all.csv")
    assert code == 0
    assert "P, all genes" in out
    assert "shrunken" in out
    assert "ours, RFS ~ gene + treatment + gene:treatment: 200 genes in 686 patients (299 events)" in out
    assert "genes, " in err
    assert " a second" in err
    table = pd.read_csv(tmp_path / "all.csv", float_precision="round_trip")
    assert table["gene"].tolist()[:2] == ["'=cmd()", "ERBB2"]
    assert table["p_family"].between(1 / 21, 1).all()
    for name in ("v", "m"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.size[0] > 500
    code, *_ = run(*own, "-o", tmp_path / "all.parquet")
    assert code == 0
    written = pd.read_parquet(tmp_path / "all.parquet")
    np.testing.assert_array_equal(written["log_hr"], table["log_hr"])


def test_a_matrix_without_the_cascade(run, registry, tmp_path):
    """Where the matrix holds none of the cascade's genes, that is said, and the rest goes on."""
    genes = pd.read_parquet(tmp_path / "genes.parquet").drop(columns=["ERBB2", "AKT1"])
    genes.to_parquet(tmp_path / "others.parquet")
    code, out, _ = run(*registry, "--expression", tmp_path / "others.parquet")
    assert code == 0
    assert "No set has two of its genes among the 198 genes of the screen." in out
    assert "No gene of the HER2-PI3K-AKT-mTOR-SRC-Hedgehog cascade was fitted." in out


def test_positions_of_ones_own(run, registry, tmp_path):
    """A file of positions takes the place of the embedded one; a bad one is told by row, and what was made stays."""
    own = (*registry, "--expression", tmp_path / "genes.parquet", "--manhattan", tmp_path / "m.svg")
    (tmp_path / "places.csv").write_text("gene,chromosome,position\nGENE1,1,100\nGENE2,chrX,5\n")
    code, *_ = run(*own, "--positions", tmp_path / "places.csv")
    assert code == 0
    assert "2 genes" in (tmp_path / "m.svg").read_text()
    (tmp_path / "places.csv").write_text("gene,chromosome,position\nGENE1,1,100\nGENE2,99,5\n")
    code, _, err = run(*own, "--positions", tmp_path / "places.csv")
    assert code == 2
    assert "places.csv" in err
    assert "99" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "{}/all.xlsx"), "neither a .parquet nor a .csv file"),
        (("-o", "{}/nowhere/all.csv"), "does not exist"),
        (("--volcano", "{}/nowhere/v.png"), "does not exist"),
        (("--genes", "ERBB2,NOSUCH"), "NOSUCH"),
        (("--adjust", "bmi"), "no column 'bmi'"),
        (("--replicate", "gbsg"), "holds no mRNA profile here"),
        (("--treatment", "none", "--strata", "site"), "no column 'site'"),
    ],
)
def test_what_is_refused(run, registry, tmp_path, options, words):
    """What cannot be done is one sentence, told before a file is written."""
    asked = (option.format(tmp_path) for option in options)
    code, _, err = run(*registry, "--expression", tmp_path / "genes.parquet", *asked)
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()[-1]) < 300
    assert not [path for path in tmp_path.iterdir() if path.stem in ("all", "v")]


def test_without_expression(run):
    """Without expression on disk the screen says how to come by it."""
    code, _, err = run("screen", "metabric", "--endpoint", "BCSS")
    assert code == 2
    assert "no mRNA profile here. Fetch one" in err


def test_chosen_genes_of_metabric(run, shared):
    """A screen of named genes, adjusted for levels too."""
    common = ("screen", "metabric", "--endpoint", "BCSS", "--data-dir", shared / "cohorts")
    code, out, _ = run(*common, "--adjust", "age,npi", "--genes", "MTOR,PTEN")
    assert code == 0
    assert "2 genes in 1,444 patients" in out
    assert "Diagnosed 1977-2005, before adjuvant trastuzumab" in out
    code, out, _ = run(*common, "--adjust", "factor(grade)", "--genes", "MTOR")
    assert code == 0
    assert "gene:treatment + factor(grade)" in out


def test_looked_up_in_a_second_cohort(run, shared):
    """The first genes among the treated, looked up in GSE17705: what it holds, and what it was not adjusted for."""
    asked = ("--endpoint", "RFI", "--treatment", "endocrine", "--adjust", "age", "--replicate", "gse17705")
    code, out, _ = run("screen", "metabric", *asked, "--data-dir", shared / "cohorts")
    assert code == 0
    assert "The same genes in gse17705" in out
    assert "Of these 20 genes, held by gse17705:" in out
    assert "Not adjusted for there, as gse17705 does not hold it: age." in out
