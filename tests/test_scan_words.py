"""How a screen is written for a reader: rows, sentences, and what they say when there is nothing to say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.scan.screen import screen
from tamoxres.scan.words import detectable, inflation, readable, readable_again, reading, reading_again, share_found

# Formulas on both sides.
RELATIVE = 1e-6


@pytest.fixture(scope="module")
def found():
    """A screen of GBSG with two made-up genes, one of them the cascade's; what follows replaces its table."""
    analysis = tr.select(tr.load("gbsg"), endpoint=tr.RFS, er="any", treatment="any")
    draw = np.random.default_rng(2)
    genes = pd.DataFrame(draw.normal(size=(analysis.n, 2)), index=analysis.frame.index, columns=["ERBB2", "OTHER"])
    return screen(analysis, genes)


def rows(**columns):
    """Two genes: a log ratio of 0.5 (SE 0.1) per unit with an SD of 2, and one that could not be fitted."""
    table = pd.DataFrame(
        {
            "gene": ["ERBB2", "OTHER"], "n": [1234, 0], "events": [300, 0],
            "log_hr": [0.5, np.nan], "se": [0.1, np.nan],
            "z": [5.0, np.nan], "p": [5.7e-7, np.nan], "q": [0.0012, np.nan], "sd": [2.0, 1.0],
            "log_hr_treated": [0.25, np.nan], "se_treated": [0.05, np.nan], "log_hr_untreated": [-0.25, np.nan],
            "se_untreated": [0.1, np.nan], "flag": ["", "constant"],
        }
    )  # fmt: skip
    return table.assign(**columns)


def test_rows_are_written():
    """Per SD exp(1) with limits exp(1 -+ 1.96 x 0.2); P is never 0; a gene that was not fitted says why."""
    shown = readable(rows(), "gene:treatment")
    low, high = math.exp(1 - 1.959964 * 0.2), math.exp(1 + 1.959964 * 0.2)
    assert shown.iloc[0].to_dict() == {
        "gene": "ERBB2", "N": "1,234", "events": "300",
        "ratio of HRs per SD (95% CI)": f"{math.e:.2f} ({low:.2f}-{high:.2f})", "P": "<0.000001", "q": "0.001",
        "HR, treated": "1.65 (1.36-2.01)", "HR, untreated": "0.61 (0.41-0.90)", "not fitted": "",
    }  # fmt: skip
    assert shown.loc[1, ["P", "not fitted"]].tolist() == ["NE", "constant"]
    assert "HR, treated" not in readable(rows(), "gene")
    more = readable(rows(p_family=[0.04, np.nan], shrunken=[0.5, np.nan]), "gene")
    assert more["P, all genes"].tolist() == ["0.040", "NE"]
    assert more["shrunken"].tolist() == ["1.65", "NE"]
    assert "HR per SD (95% CI)" in readable(rows(), "gene")


def test_a_found_gene_of_the_cascade_is_named(found):
    """A gene with q below 0.05 is a candidate, and counted among the cascade's."""
    said = reading(rows(), found.model)
    assert said[0].endswith("2 genes in 686 patients (299 events); 1 fitted, 1 with q < 0.05.")
    assert said[1] == (
        "Candidates, until a second cohort says the same: ERBB2. "
        "The first is ERBB2 (ratio of HRs 2.72 per SD, 1.84-4.02; P < 0.000001, q = 0.001)."
    )
    assert said[2] == "Genes of the cascade: 1, of which 1 with q < 0.05 (ERBB2)."


def test_nothing_found_is_no_evidence_of_nothing(found):
    """Without a q below 0.05 the smallest P is named, with what could have been seen; more than ten are counted."""
    said = " ".join(reading(rows(p=[0.03, np.nan], q=[0.06, np.nan]), found.model))
    assert "No gene is found; the smallest P is that of ERBB2 (" in said
    assert "Genes of the cascade: 1, none with q < 0.05; the nearest is ERBB2 (" in said
    assert "what is smaller may be there and not be seen" in said
    many = pd.concat([rows().iloc[:1]] * 14, ignore_index=True).assign(gene=[f"G{i}" for i in range(14)])
    said = " ".join(reading(many, found.model))
    assert "G8, G9 and 4 more. The first is G0" in said
    assert "No gene of the HER2-PI3K-AKT-mTOR-SRC-Hedgehog cascade was fitted." in said


def test_no_gene_fitted(found):
    """When no gene could be fitted there is no effect to name, and nothing that could have been seen."""
    none = rows(p=[np.nan] * 2, q=[np.nan] * 2, z=[np.nan] * 2, log_hr=[np.nan] * 2, se=[np.nan] * 2)
    said = " ".join(reading(none, found.model))
    assert "0 fitted, 0 with q < 0.05." in said
    assert "a ratio of hazard ratios of NE (or NE) per SD; it would find NE of those with 1.25" in said
    assert math.isnan(detectable(none))


@pytest.mark.parametrize(
    ("design", "told"), [("observational", True), ("partly_randomised", True), ("randomised", False)]
)
def test_who_was_treated(found, design, told):
    """Unless treatment was randomised, an interaction may come from who was treated."""
    analysis = found.model.analysis
    model = replace(found.model, analysis=replace(analysis, cohort=replace(analysis.cohort, design=design)))
    assert any("who was treated" in sentence for sentence in reading(rows(), model)) == told


def test_sets_are_named(found):
    """Sets below 0.05 are all named, else the nearest."""
    sets = pd.DataFrame({"set": ["AKT", "SRC"], "t": [-3.0, 1.0], "p": [0.003, 0.3], "q": [0.006, 0.3]})
    assert "Gene sets: 2, of which with q < 0.05 AKT below the other genes (P = 0.003, q = 0.006)." in reading(
        rows(), found.model, sets
    )
    none = sets.assign(q=0.2)
    assert any("Gene sets: 2, none with q < 0.05; the nearest is AKT" in s for s in reading(rows(), found.model, none))


def test_inflation_and_detectable_by_hand(found):
    """Lambda is the median z squared over 0.4549; two tests at 80% power need (2.2414 + 0.8416) standard errors."""
    two = pd.concat([rows().iloc[:1]] * 2, ignore_index=True)
    assert inflation(two) == pytest.approx(25 / 0.454936423, rel=RELATIVE)
    assert math.log(detectable(two)) == pytest.approx((2.241403 + 0.841621) * 0.2, rel=RELATIVE)
    assert share_found(two, detectable(two)) == pytest.approx(0.8, rel=RELATIVE)
    # two tests: log(1.5) / 0.2 - 2.241403 = -0.214079 standard errors, and its lower tail of -4.27
    assert share_found(two, 1.5) == pytest.approx(0.415242 + 0.0000098, abs=2e-5)
    assert share_found(two, 1 / 1.5) == pytest.approx(share_found(two, 1.5), rel=RELATIVE)
    assert share_found(two, 1.0) == pytest.approx(0.025, rel=RELATIVE)
    assert any("54.95" in s and "lambda" in s for s in reading(two, found.model))
    assert not any("lambda" in s for s in reading(rows(z=[0.6, np.nan]), found.model))


def test_replication_is_written():
    """The second cohort's effect, whether it agrees, and what it does not hold."""
    again = pd.DataFrame(
        {
            "gene": ["A", "B", "C"], "effect": [0.5, -0.5, 0.4], "p": [1e-5, 1e-4, 1e-3],
            "effect_again": [0.4, 0.1, np.nan], "se_again": [0.1, 0.1, np.nan], "same_sign": [True, False, False],
            "p_again": [3e-5, 0.84, np.nan], "q_again": [6e-5, 0.84, np.nan],
        }
    )  # fmt: skip
    shown = readable_again(again, "gene")
    assert shown["same direction"].tolist() == ["yes", "no", ""]
    assert shown["HR per SD there (95% CI)"].tolist() == ["1.49 (1.23-1.81)", "1.11 (0.91-1.34)", "not held"]
    assert reading_again(again, "second").startswith(
        "Of these 3 genes, held by second: 2; in the same direction: 1; with q < 0.05: 1 (A). One that"
    )


def test_a_screen_shows_itself(found):
    """In a notebook the sentences stand over the table; names from the data are text."""
    strange = replace(found, held=rows(gene=["<script>x</script>", "OTHER"]))
    html = strange._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.index("Candidates") < html.index("<table")
    assert strange.readable(1)["gene"].tolist() == ["<script>x</script>"]
    assert str(strange).startswith("gbsg, RFS ~ gene + treatment + gene:treatment")
