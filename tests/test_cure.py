"""A spline with a plateau: the same likelihood maximised in R, a closed form, what the data do not bear."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers, gbsg, metabric

from tamoxres.calibrate.cured import Cured
from tamoxres.errors import AnalysisError
from tamoxres.models.cure import cure, level_basis, sufficient_follow_up

ITERATED = 1e-7
R = answers("cure")
DATA = pd.read_csv(REFERENCE / "cure" / "cure.csv")


def made():
    """The reference's simulated patients, some of whom never have the event."""
    d = DATA
    return analysis_of(d.time, d.event.to_numpy(), age=d.age, endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy())


def test_the_maximum_is_r_s():
    """Knots, coefficients, covariance and likelihood."""
    found = cure(made(), adjust="age")
    assert found.knots == pytest.approx(R["knots"], rel=1e-9)
    assert found.coefficients == pytest.approx(R["coef"], rel=ITERATED)
    assert found.covariance == pytest.approx(np.array(R["var"]), rel=1e-6, abs=1e-10)
    assert found.loglik == pytest.approx(R["loglik"], rel=1e-10)
    assert found.effect.log_estimate == pytest.approx(R["coef"][3], rel=ITERATED)
    assert found.effect.se == pytest.approx(np.sqrt(R["var"][3][3]), rel=ITERATED)
    assert found.follow_up_p == pytest.approx(R["follow_up"], rel=1e-9)


def test_shares_cured_are_r_s():
    """Averaged over each arm's patients, with the delta method's errors; their difference has its own."""
    found = cure(made(), adjust="age")
    for group, expected in (("untreated", R["untreated"]), ("treated", R["treated"])):
        row = found.cured.set_index("group").loc[group]
        assert (row["share"], row["se"]) == pytest.approx(tuple(expected), rel=1e-6)
        assert row["ci_low"] < row["share"] < row["ci_high"]
    difference = found.effects[1]
    assert difference.measure == "RD"
    assert difference.difference == pytest.approx(R["treated"][0] - R["untreated"][0], rel=1e-5)
    assert 0 < difference.se < R["treated"][1] + R["untreated"][1]
    assert "plateau_assumed" in found.flags


def test_the_spline_is_level_and_its_slope_is_its_slope():
    """Beyond the last knot nothing changes, before the first a line; the slope is that of small differences."""
    knots = np.log([1.0, 15, 40, 120])
    x = np.linspace(-1.0, 5.5, 60)
    values, slopes = level_basis(x, knots)
    ahead, _ = level_basis(x + 1e-6, knots)
    behind, _ = level_basis(x - 1e-6, knots)
    assert slopes == pytest.approx((ahead - behind) / 2e-6, abs=1e-5)
    beyond = x > knots[-1]
    assert (values[beyond] == 0).all()
    assert (slopes[beyond] == 0).all()
    before = slopes[x < knots[0]]
    assert before == pytest.approx(np.tile(before[0], (len(before), 1)))


def test_the_data_must_bear_it():
    """Where events go on to the end of follow-up a cure fraction is refused, with the numbers."""
    for analysis in (gbsg(), metabric("RFI")):
        with pytest.raises(AnalysisError, match="bear no cure fraction"):
            cure(analysis)
    with pytest.raises(AnalysisError, match="20 are needed"):
        cure(analysis_of([5.0, 6, 7, 90], [1, 1, 1, 0], endocrine=["yes", "no", "no", "yes"]))
    with pytest.raises(AnalysisError, match="3 to 6"):
        cure(made(), knots=9)
    with pytest.raises(AnalysisError, match="nothing to compare"):
        cure(analysis_of(DATA.time, DATA.event.to_numpy()))
    late = analysis_of(
        DATA.time + 2, DATA.event.to_numpy(), entry=np.ones(len(DATA)),
        endocrine=DATA.treated.map({1: "yes", 0: "no"}).to_numpy(),
    )  # fmt: skip
    with pytest.raises(AnalysisError, match="delayed entry"):
        cure(late)


def test_follow_up_by_hand():
    """Two of five events lie in the last stretch: (1 - 2/10) to the tenth."""
    time = np.array([1.0, 2, 3, 5, 6, 8, 8, 8, 8, 8])
    assert sufficient_follow_up(time, (time < 7).astype(int)) == pytest.approx(0.8**10)


def test_the_truth_is_recovered():
    """In many simulated patients the shares cured, and treatment's hazard ratio, are those drawn."""
    found = Cured(20_000, 4).found
    for row, truth in zip(found.cured.itertuples(), (0.55, 0.55**0.6), strict=True):
        assert abs(row.share - truth) < 4 * row.se
    assert abs(found.effect.log_estimate - np.log(0.6)) < 4 * found.effect.se


def test_no_maximum_is_said():
    """A group without events has no hazard ratio to be found."""
    d = DATA.assign(event=DATA.event.where(DATA.treated == 0, 0))
    none = analysis_of(d.time, d.event.to_numpy(), endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy())
    with pytest.raises(AnalysisError, match="no maximum"):
        cure(none)


def test_the_table_and_the_command_line(run):
    """Shares and effects by line; METABRIC's late deaths are refused in one sentence."""
    table = cure(made()).table()
    assert [row.cells[0].text for row in table.rows][:2] == ["cured, untreated", "cured, treated"]
    assert table.footnotes[0].startswith("Level after 119 months")
    code, _, said = run("cure", "gbsg", "--endpoint", "RFS", "--er", "any")
    assert (code, "bear no cure fraction" in said) == (2, True)
