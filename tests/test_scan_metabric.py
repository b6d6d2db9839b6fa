"""The screen of METABRIC, its real run: every gene against R, and what it says in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.scan.gene_sets import gene_set_table
from tamoxres.scan.matrix import Expression, open_expression
from tamoxres.scan.result import Screen

# Both sides iterate to the maximum; R's covariance is that of its last step but one.
ITERATED = 1e-7
# z of either sign from P values that agree to 1e-8.
SMALL = 1e-6

REFERENCE = json.loads((Path(__file__).parent / "reference" / "scan" / "metabric.json").read_text())


@pytest.fixture(scope="module")
def metabric(shared: Path) -> Cohort:
    """METABRIC with the z-scores of 489 genes."""
    return tr.load("metabric", data_dir=shared / "cohorts")


@pytest.fixture(scope="module")
def expression(metabric: Cohort) -> Expression:
    """Its genes."""
    return open_expression(metabric.profile("mrna"))


@pytest.fixture(scope="module")
def found(metabric: Cohort, expression: Expression) -> Screen:
    """Gene x endocrine therapy on breast-cancer death, as the reference has it."""
    both = tr.select(metabric, endpoint=tr.BCSS, er="positive", treatment="any")
    return tr.screen(both, expression, adjust=["age", "npi"], strata=["site"])


def test_every_gene_equals_r(found: Screen) -> None:
    """Interaction, both arms, likelihood ratio and q of all 489 genes are those of coxph."""
    genes = REFERENCE["genes"]
    table = found.table.set_index("gene").loc[genes["gene"]]
    assert len(table) == len(found.table) == 489
    assert set(table["n"]) == {REFERENCE["n"]}
    assert set(table["events"]) == {REFERENCE["events"]}
    for name in ("log_hr", "se", "log_hr_untreated", "se_treated", "lrt", "q"):
        np.testing.assert_allclose(table[name], genes[name], rtol=ITERATED, atol=ITERATED, err_msg=name)


def test_what_it_says(found: Screen, expression: Expression) -> None:
    """Two genes are candidates, none of the cascade's 25; what it cannot tell stands beside it."""
    genes = REFERENCE["genes"]
    hits = [gene for gene, q in zip(genes["gene"], genes["q"], strict=True) if q < 0.05]
    said = found.reading(gene_set_table(found, expression))
    assert sorted(hits) == ["MYC", "TWIST1"]
    assert "489 fitted, 2 with q < 0.05." in said[0]
    assert said[1].startswith("Candidates, until a second cohort says the same: MYC, TWIST1. The first is MYC (ratio")
    assert said[2].startswith(
        "Genes of the cascade: 25, none with q < 0.05; the nearest is PTK2 (ratio of HRs 0.69 per SD"
    )
    assert said[3].startswith("Gene sets: 6, none with q < 0.05; the nearest is PI3K above the other genes")
    assert said[4].startswith(
        "With 80% power this screen finds a ratio of hazard ratios of 1.71 (or 0.58) per SD; it would"
    )
    assert said[-1] == "Treatment was not randomised: an interaction may come from who was treated."
    assert not any("predict" in sentence or "no difference" in sentence for sentence in said)


def test_the_first_prognostic_gene_is_seen_again(metabric: Cohort, expression: Expression, shared: Path) -> None:
    """Among the treated AURKA goes with recurrence, and does so in GSE17705 (tamoxifen alone) too."""
    treated = tr.select(metabric, endpoint=tr.RFI, er="positive", treatment="endocrine")
    first = tr.screen(treated, expression, term="gene")
    assert first.reading()[-1].startswith("Genes are prognostic here: one arm cannot tell")
    gse17705 = tr.load("gse17705", data_dir=shared / "cohorts")
    tamoxifen = tr.select(gse17705, endpoint=tr.RFI, er="positive", treatment="tamoxifen")
    matrix = open_expression(gse17705.profile("mrna"), only=["AURKA", "E2F2"])
    again = tr.replicate(first, tr.screen(tamoxifen, matrix, term="gene"), genes=["AURKA", "E2F2"])
    assert again["same_sign"].all()
    assert (again["q_again"] < 0.05).tolist() == [True, False]
    rueda = tr.load("metabric_rueda", data_dir=shared / "cohorts")
    same = tr.select(rueda, endpoint=tr.OS, er="positive", treatment="any")
    with pytest.raises(tr.TamoxresError, match="share patients"):
        tr.replicate(first, tr.screen(same, open_expression(rueda.profile("mrna"), only=["AURKA"]), term="gene"))
