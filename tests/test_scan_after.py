"""What comes after a screen: shrunken effects, gene sets, family-wise error, replication."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.analysis import AnalysisSet
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.kernel.batch import fit_genes
from tamoxres.registry.known import branches
from tamoxres.scan.gene_sets import gene_set_table, set_correlation, set_test
from tamoxres.scan.matrix import FrameMatrix
from tamoxres.scan.permutation import family_wise, replicate
from tamoxres.scan.result import Screen
from tamoxres.scan.screen import screen
from tamoxres.scan.shrink import shrink, shrink_screen

# Closed form on both sides.
RELATIVE = 1e-9
# The posterior by a sum over 400,001 points, whose grid leaves out the narrowest components.
QUADRATURE = 1e-4

REFERENCE = json.loads((Path(__file__).parent / "reference" / "scan" / "scan.json").read_text())


@pytest.fixture(scope="module")
def gbsg() -> AnalysisSet:
    """GBSG, both arms."""
    return tr.select(tr.load("gbsg"), endpoint=tr.RFS, er="any", treatment="any")


@pytest.fixture(scope="module")
def expression(gbsg: AnalysisSet) -> pd.DataFrame:
    """Sixty genes; the first six are the HER2 and AKT branches, correlated, and the last is the patient's grade."""
    draw = np.random.default_rng(8)
    names = [*branches()["HER2"], "AKT1", "AKT2", *(f"GENE{g}" for g in range(53)), "GRADE"]
    frame = pd.DataFrame(draw.normal(size=(gbsg.n, 60)), index=gbsg.frame.index, columns=names)
    frame[names[:6]] += draw.normal(size=(gbsg.n, 1))
    frame["GRADE"] = gbsg.frame["grade"].to_numpy(float) + 0.1 * frame["GRADE"]
    return frame


@pytest.fixture(scope="module")
def found(gbsg: AnalysisSet, expression: pd.DataFrame) -> Screen:
    """Screen the genes' prognostic effects."""
    return screen(gbsg, expression, term="gene", adjust=["age"])


def test_shrinkage_by_quadrature() -> None:
    """Mean, standard deviation and false sign rate are those of the mixture, summed point by point."""
    draw = np.random.default_rng(5)
    truth = np.where(draw.uniform(size=400) < 0.7, 0.0, draw.normal(0, 0.5, 400))
    se = draw.uniform(0.1, 0.2, 400)
    estimate = truth + draw.normal(size=400) * se
    result = shrink(estimate, se)
    points = np.linspace(-6, 6, 400_001)
    step = points[1] - points[0]
    for g in (0, 7, int(np.abs(estimate).argmax())):
        density = np.exp(-0.5 * ((estimate[g] - points) / se[g]) ** 2)
        prior = sum(
            share * np.exp(-0.5 * (points / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
            for share, spread in zip(result.share[1:], result.spread[1:], strict=True)
            if spread > 0.01 or share > 1e-12
        )
        weight = density * prior * step
        at_zero = result.share[0] * np.exp(-0.5 * (estimate[g] / se[g]) ** 2)
        total = weight.sum() + at_zero
        mean = (weight * points).sum() / total
        square = (weight * points**2).sum() / total
        below = weight[points < 0].sum() / total
        wrong = min(below, 1 - below - at_zero / total) + at_zero / total
        assert result.mean[g] == pytest.approx(mean, rel=QUADRATURE, abs=1e-6)
        assert result.sd[g] == pytest.approx(np.sqrt(square - mean**2), rel=QUADRATURE)
        assert result.lfsr[g] == pytest.approx(wrong, rel=1e-3, abs=1e-5)


def test_shrinkage_finds_the_share_of_null_genes() -> None:
    """Without effects all is drawn to 0; with effects in half of the genes about half is found, and errors shrink."""
    draw = np.random.default_rng(6)
    se = np.full(1500, 0.1)
    nothing = shrink(draw.normal(size=1500) * se, se)
    assert nothing.share[0] > 0.9
    assert np.abs(nothing.mean).max() < 0.05
    truth = np.where(np.arange(1500) < 750, 0.0, draw.normal(0, 0.3, 1500))
    estimate = truth + draw.normal(size=1500) * se
    half = shrink(estimate, se)
    assert 0.35 < half.share[0] < 0.6
    assert ((half.mean - truth) ** 2).mean() < 0.7 * ((estimate - truth) ** 2).mean()
    sure = half.lfsr < 0.05
    assert (np.sign(half.mean[sure]) != np.sign(truth[sure])).mean() < 0.05


def test_the_mixture_is_the_likeliest() -> None:
    """No small move of weight between components raises the penalised likelihood that EM has climbed."""
    draw = np.random.default_rng(9)
    se = np.full(300, 0.2)
    estimate = draw.normal(0, 0.3, 300) + draw.normal(size=300) * se
    result = shrink(estimate, se)
    total = np.sqrt(result.spread**2 + se[:, None] ** 2)
    likelihood = np.exp(-0.5 * (estimate[:, None] / total) ** 2) / total

    def climbed(share: np.ndarray) -> float:
        return float(np.log(likelihood @ share).sum() + 9 * np.log(share[0]))

    best = climbed(result.share)
    for k in range(1, result.share.size):
        moved = (1 - 1e-4) * result.share
        moved[k] += 1e-4
        assert climbed(moved) <= best + 1e-6


def test_a_screen_is_shrunk(found: Screen) -> None:
    """Shrunken effects stand in the table, nearer to 0 than the estimates."""
    table = shrink_screen(found)
    assert (table["shrunken"].abs() <= (table["log_hr"] * table["sd"]).abs() + 1e-12).all()
    assert table["lfsr"].between(0, 1).all()


@pytest.mark.parametrize("name", ["first", "spread", "two"])
@pytest.mark.parametrize(("label", "correlation"), [("none", 0.0), ("small", 0.01), ("large", 0.2)])
def test_the_set_test_is_limma_s(name: str, label: str, correlation: float) -> None:
    """P and direction of limma's cameraPR."""
    g = np.arange(1, 61)
    z = 1.5 * np.sin(1.3 * g) + 0.2 * np.cos(g)
    z[:6] += 1
    members = {"first": np.arange(6), "spread": np.arange(4, 60, 5), "two": np.array([6, 39])}[name]
    test = set_test(z, members, correlation)
    expected = REFERENCE["tests"][name][label]
    assert test.p == pytest.approx(expected["p"], rel=RELATIVE)
    assert (test.t > 0) == (expected["direction"] == "Up")


def test_correlation_is_limma_s() -> None:
    """The mean correlation given a design, as limma's interGeneCorrelation."""
    g, i = np.arange(1, 6)[:, None], np.arange(1, 31)
    design = np.column_stack([np.ones(30), i % 2, i / 30])
    assert set_correlation(np.sin(g * i) + 0.6 * np.cos(i / 3), design) == pytest.approx(
        REFERENCE["correlation"], rel=RELATIVE
    )


def test_the_cascade_in_a_screen(found: Screen, expression: pd.DataFrame) -> None:
    """Sets with two genes or more are tested, with what is held of them and how correlated it is."""
    table = gene_set_table(found, FrameMatrix(frame=expression)).set_index("set")
    assert table.index.tolist() == ["HER2", "AKT", "cascade"]
    assert table.loc["HER2", "genes"] == "4 of 4"
    assert table.loc["AKT", "genes"] == "2 of 4"
    assert 0.4 < table.loc["HER2", "correlation"] < 0.6
    own = gene_set_table(found, FrameMatrix(frame=expression), {"mine": ["gene1", "gene2", "absent"]})
    assert own["genes"].tolist() == ["2 of 3"]
    with pytest.raises(QuestionError, match="No set has two of its genes"):
        gene_set_table(found, FrameMatrix(frame=expression), {"none": ["A", "B"]})


def test_family_wise_error_by_explicit_permutation(found: Screen, expression: pd.DataFrame) -> None:
    """The P values are those of refitting genes whose patients were permuted by hand."""
    matrix = FrameMatrix(frame=expression)
    table = family_wise(found, matrix, permutations=19, seed=3, block=16, jobs=2)
    draw = np.random.default_rng(3)
    values = expression.loc[found.model.analysis.frame.index].to_numpy().T
    largest = []
    for _ in range(19):
        fits = fit_genes(found.model.plan, values[:, draw.permutation(values.shape[1])], nested=False)
        largest.append(np.abs(fits.coefficients[:, -1] / fits.se[:, -1]).max())
    expected = [(1 + (np.array(largest) >= abs(z)).sum()) / 20 for z in found.table["z"]]
    np.testing.assert_array_equal(table["p_family"], expected)
    assert table.set_index("gene").loc["GRADE", "p_family"] == 0.05
    with pytest.raises(QuestionError, match="take at least 1"):
        family_wise(found, matrix, permutations=0, seed=1)


def test_replication(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """Top genes of one half of the patients are looked up in the other half, one-sided in the direction found."""
    ids: Any = np.arange(gbsg.n) % 2 == 0
    one, two = (gbsg.without(keep, name="half", why="") for keep in (ids, ~ids))
    first, second = (
        screen(half, frame, term="gene") for half, frame in ((one, expression), (two, expression.drop(columns="GENE3")))
    )
    table = replicate(first, second, genes=["GRADE", "GENE3", "gene4"]).set_index("gene")
    rows = second.table.set_index("gene")
    upper = {name: _upper(rows.loc[name, "z"] * np.sign(table.loc[name, "effect"])) for name in ("GRADE", "GENE4")}
    assert table.loc["GRADE", "p_again"] == pytest.approx(upper["GRADE"], rel=1e-9)
    assert table.loc["GENE4", "p_again"] == pytest.approx(upper["GENE4"], rel=1e-9)
    assert table.loc["GENE3", ["effect_again", "p_again", "q_again"]].isna().all()
    assert table.loc["GRADE", "same_sign"]
    assert replicate(first, second, top=5)["gene"].tolist() == first.top(5)["gene"].tolist()
    with pytest.raises(AnalysisError, match="screens of one term"):
        replicate(first, screen(two, expression))
    with pytest.raises(AnalysisError, match="gbsg and gbsg share patients"):
        replicate(first, screen(gbsg, expression, term="gene"))
    namesake = replace(gbsg, cohort=replace(gbsg.cohort, name="other", overlaps=("gbsg",)))
    other = screen(namesake, expression, term="gene")
    for one_way, found_first, found_again in (("gbsg and other", first, other), ("other and gbsg", other, first)):
        with pytest.raises(AnalysisError, match=f"{one_way} share patients"):
            replicate(found_first, found_again)


def test_former_names_are_known(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """A gene is found under its former name too: FRAP1 is MTOR, TUBB2C is TUBB4B; the matrix's name is shown."""
    old = expression.rename(columns={"GENE1": "FRAP1", "GENE2": "Rheb", "GENE3": "TUBB2C"})
    new = expression.rename(columns={"GENE1": "MTOR", "GENE2": "RHEB", "GENE3": "TUBB4B"})
    ids: Any = np.arange(gbsg.n) % 2 == 0
    one, two = (gbsg.without(keep, name="half", why="") for keep in (ids, ~ids))
    first, second = screen(one, new, term="gene"), screen(two, old, term="gene")
    again = replicate(first, second, genes=["MTOR", "TUBB4B"])
    assert again["gene"].tolist() == ["MTOR", "TUBB4B"]
    assert again["p_again"].notna().all()
    sets = gene_set_table(second, FrameMatrix(frame=old)).set_index("set")
    assert sets.loc["mTOR", "genes"] == "2 of 11"
    assert "Genes of the cascade: 8" in str(second)


def _upper(z: float) -> float:
    from math import erfc, sqrt

    return erfc(z / sqrt(2)) / 2
