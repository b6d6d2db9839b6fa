"""The interaction where deaths compete: products by crr, strata by finegray, cause-specific products beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers, metabric

from tamoxres.cli import main
from tamoxres.errors import AnalysisError
from tamoxres.models.competing_interaction import competing_interaction
from tamoxres.models.fine_gray import fine_gray, fit_subdistribution

ITERATED = 1e-7  # crr stops at a gradient of 1e-13
R = answers("competing_interaction")
DATA = pd.read_csv(REFERENCE / "absolute" / "absolute.csv")


def made(**choices):
    """The reference's patients, of two sites."""
    d = DATA
    return analysis_of(
        d.time, d.event.to_numpy(), marker=(d.marker == 1).tolist(), competing=True, age=d.age,
        site=np.where(d.node >= 2, "b", "a"), endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy(), **choices,
    )  # fmt: skip


def test_products_are_crr():
    """Ratio, its error, and treatment's ratio in each level are crr's coefficients and their sums."""
    found = competing_interaction(made(), adjust="age")
    coef, var = np.array(R["crr"]["coef"]), np.array(R["crr"]["var"])
    ratio, _, _, unaltered, altered = found.effects
    assert (ratio.log_estimate, ratio.se) == pytest.approx((coef[2], np.sqrt(var[2, 2])), rel=ITERATED)
    assert (unaltered.log_estimate, unaltered.se) == pytest.approx((coef[0], np.sqrt(var[0, 0])), rel=ITERATED)
    both = np.sqrt(var[0, 0] + var[2, 2] + 2 * var[0, 2])
    assert (altered.log_estimate, altered.se) == pytest.approx((coef[0] + coef[2], both), rel=ITERATED)
    assert [row.measure for row in found.effects] == ["sHR", "HR", "HR", "sHR", "sHR"]
    assert (unaltered.marker_level, altered.marker_level) == ("unaltered", "altered")


def test_strata_are_finegray():
    """With strata the coefficients are those of finegray and a weighted, stratified coxph; causes stand beside."""
    found = competing_interaction(made(), adjust="age", strata="site")
    assert found.model.coefficients == pytest.approx(R["strata"]["coef"], rel=ITERATED)
    assert found.model.loglik == pytest.approx(R["strata"]["loglik"], rel=ITERATED)
    for row, expected in ((found.endpoint, R["cause"]), (found.competing, R["other"])):
        assert (row.log_estimate, row.se) == pytest.approx(expected, rel=ITERATED)
    assert found.effect.strata == ("site",)
    assert found.competing.endpoint == ""
    assert "compete with BCSS" in found.competing.remark


def test_a_stratum_twice_halves_the_variance():
    """Two equal strata give the coefficients of one, half its covariance, and twice its pseudo-likelihood."""
    d = DATA.iloc[:200]
    x = d[["treated", "age"]].to_numpy(float)
    one = fit_subdistribution(d.time.to_numpy(), d.event.to_numpy(), x)
    two = fit_subdistribution(
        np.tile(d.time.to_numpy(), 2), np.tile(d.event.to_numpy(), 2), np.tile(x, (2, 1)), strata=np.repeat([0, 1], 200)
    )
    assert two.coefficients == pytest.approx(one.coefficients, rel=ITERATED)
    assert two.covariance == pytest.approx(one.covariance / 2, rel=ITERATED)
    assert two.loglik == pytest.approx(2 * one.loglik, rel=1e-9)


def test_fine_gray_takes_strata():
    """In METABRIC the subdistribution ratio of HER2 is stratified by site, and its row says so."""
    row = fine_gray(metabric(), adjust="age", strata="site").effect
    assert row.strata == ("site",)
    assert row.estimate == pytest.approx(fine_gray(metabric(), adjust="age").effect.estimate, rel=0.2)


def test_every_ratio_says_that_both_cannot_be_proportional():
    """The sentence stands under the table, once."""
    found = competing_interaction(made())
    notes = found.table().footnotes
    assert sum("cannot both be proportional" in note for note in notes) == 1
    assert all("not_both_proportional" in row.flags for row in found.effects)


def test_refusals():
    """No marker, no competing deaths, products are given by name."""
    with pytest.raises(AnalysisError, match="needs a marker"):
        competing_interaction(analysis_of([5.0, 6, 7], [1, 2, 0], competing=True, endocrine=["yes", "no", "no"]))
    d = DATA
    alone = analysis_of(
        d.time, (d.event > 0).astype(int).to_numpy(), marker=(d.marker == 1).tolist(),
        endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy(),
    )  # fmt: skip
    with pytest.raises(AnalysisError, match="No death competes"):
        competing_interaction(alone)


def test_command_line(capsys):
    """The command prints the three ratios."""
    with pytest.raises(SystemExit) as done:
        main(["competing", "metabric", "--marker", "HER2", "--endpoint", "BCSS", "--adjust", "age", "--strata", "site"])
    assert not done.value.code
    assert "cannot both be proportional" in " ".join(capsys.readouterr().out.split())
