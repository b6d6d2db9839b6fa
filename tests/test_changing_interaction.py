"""An interaction that changes over follow-up: coxph on survSplit rows, landmarks, means where hazards cross."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers, metabric

from tamoxres.errors import AnalysisError, UnknownChoice
from tamoxres.models.additive import additive_interaction
from tamoxres.models.changing_interaction import changing_interaction
from tamoxres.models.interaction import one_interaction
from tamoxres.models.landmark_series import landmark_series

ITERATED = 1e-7  # coxph's own convergence, on thousands of rows
R = answers("changing")
DATA = pd.read_csv(REFERENCE / "absolute" / "absolute.csv")


def made(rows=slice(None)):
    """The reference's patients, of two sites, in both arms."""
    d = DATA.iloc[rows]
    return analysis_of(
        d.time, (d.event == 1).astype(int).to_numpy(), marker=(d.marker == 1).tolist(), age=d.age,
        site=np.where(d.node >= 2, "b", "a"), endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy(),
    )  # fmt: skip


@pytest.mark.parametrize("shape", ["log", "linear", "step"])
def test_products_with_time_are_coxph_s(shape):
    """Coefficients, covariance and likelihood ratio are those of coxph on rows split at the event times."""
    found = changing_interaction(made(), adjust="age", strata="site", shape=shape, cuts=60)
    assert found.coefficients == pytest.approx(R[shape]["coef"], rel=ITERATED, abs=1e-9)
    assert found.covariance == pytest.approx(np.array(R[shape]["var"]), rel=1e-6, abs=1e-10)
    assert found.statistic == pytest.approx(R[shape]["lr"], rel=1e-6)
    assert found.df == 1
    assert found.constant.estimate == one_interaction(made(), adjust="age", strata="site").ratio.estimate
    assert bool(found.periods) == (shape == "step")


def test_the_curve_is_the_sum_of_its_terms():
    """Ratio and treatment's hazard ratios at a month follow from the coefficients and their covariance."""
    found = changing_interaction(made(), adjust="age", strata="site")
    b, v, g = np.array(R["log"]["coef"]), np.array(R["log"]["var"]), np.log(60.0)
    at = found.curve(60).iloc[0]
    assert at["log_ratio"] == pytest.approx(b[2] + b[5] * g, rel=1e-6)
    assert at["se"] == pytest.approx(np.sqrt(v[2, 2] + 2 * g * v[2, 5] + g**2 * v[5, 5]), rel=1e-5)
    assert np.log(at["hr_unaltered"]) == pytest.approx(b[0] + b[3] * g, rel=1e-6)
    assert np.log(at["hr_altered"]) == pytest.approx(b[0] + b[2] + (b[3] + b[5]) * g, rel=1e-6)
    assert at["ci_low"] < at["ratio"] < at["ci_high"]
    narrow = found.curve(60, level=0.5).iloc[0]
    assert narrow["ci_low"] > at["ci_low"]
    assert len(found.curve()) == 100
    with pytest.raises(AnalysisError, match="events were seen from"):
        found.curve(5000)


def test_periods_are_the_steps():
    """With a step at 60 months the ratio before and after it are sums of coefficients; counts are those of the part."""
    found = changing_interaction(made(), adjust="age", strata="site", shape="step", cuts=60)
    b, v = np.array(R["step"]["coef"]), np.array(R["step"]["var"])
    early, late = found.periods
    assert early.log_estimate == pytest.approx(b[2], rel=ITERATED)
    assert late.log_estimate == pytest.approx(b[2] + b[5], rel=1e-6)
    assert early.se == pytest.approx(np.sqrt(v[2, 2]), rel=ITERATED)
    assert late.se == pytest.approx(np.sqrt(v[2, 2] + 2 * v[2, 5] + v[5, 5]), rel=1e-6)
    assert (early.from_months, early.to_months, late.from_months, late.to_months) == (0.0, 60.0, 60.0, None)
    assert early.events + late.events == (DATA.event == 1).sum()
    assert late.n == (DATA.time > 60).sum()
    assert "survivors_of_period" in late.flags
    assert "survivors_of_period" not in early.flags
    rows = [row.cells[0].text for row in found.table().rows]
    assert rows == ["months 0-60", "after month 60", "all of follow-up"]


def test_two_cuts_take_two_degrees():
    """Each step has its own change; three periods, two degrees of freedom."""
    found = changing_interaction(made(), shape="step", cuts=[36, 72])
    assert (found.df, len(found.periods), found.coefficients.size) == (2, 3, 9)
    assert found.effects[0] is found.constant
    at = found.curve([20, 50, 90])
    assert at["log_ratio"].tolist() == pytest.approx([row.log_estimate for row in found.periods], rel=1e-9)
    assert at["se"].tolist() == pytest.approx([row.se for row in found.periods], rel=1e-9)


def test_means_summarise_what_hazards_cross_to():
    """The difference of differences in restricted means is that of the groups' own curves."""
    found = changing_interaction(made(), shape="step", horizon=72)
    own = additive_interaction(made(), horizon=72).mean
    assert found.means == own
    assert found.effects[-1].measure == "RMSTD"
    assert any("altered less unaltered, crude" in note for note in found.table().footnotes)
    assert "change with steps: P" in str(found)


def test_landmarks_are_coxph_s():
    """At each landmark the ratio is that of those still there, counted from it."""
    found = landmark_series(made(), adjust="age", at=[0, 24, 60])
    for row, (n, estimate, se) in zip(found.effects, R["landmarks"], strict=True):
        assert row.n == n
        assert (row.log_estimate, row.se) == pytest.approx((estimate, se), rel=ITERATED)
    assert [row.landmark for row in found.effects] == [None, 24.0, 60.0]
    assert "survivors_of_landmark" in found.effects[1].flags
    assert [row.cells[0].text for row in found.table().rows] == ["0", "24", "60"]
    assert found.table().footnotes[0].startswith("The rows share patients")


def test_a_landmark_that_cannot_be_asked_says_so():
    """Beyond the last event there is no ratio; where that holds of all, the series is refused."""
    last = float(DATA.time[DATA.event == 1].max())
    found = landmark_series(made(), at=[0, last])
    assert [row.status for row in found.effects] == ["estimated", "not_estimable"]
    assert found.effects[1].remark
    with pytest.raises(AnalysisError, match="At no landmark"):
        landmark_series(made(), at=last)
    with pytest.raises(AnalysisError, match="0 or above"):
        landmark_series(made(), at=-1)


@pytest.mark.parametrize(
    ("choices", "words"),
    [({"shape": "step", "cuts": [60, 40]}, "months above 0 that increase"), ({"shape": "step", "cuts": 0}, "above 0")],
)
def test_refusals(choices, words):
    """Cuts that do not increase, one arm, an unknown shape."""
    with pytest.raises(AnalysisError, match=words):
        changing_interaction(made(), **choices)
    with pytest.raises(AnalysisError, match="both arms"):
        changing_interaction(metabric())
    with pytest.raises(UnknownChoice, match="shape"):
        changing_interaction(made(), shape="cubic")


def test_a_group_without_late_events_is_refused():
    """A change that runs to infinity is no estimate."""
    d = DATA.assign(event=DATA.event.where((DATA.time < 60) | (DATA.marker == 0) | (DATA.treated == 0), 0))
    late = analysis_of(
        d.time, (d.event == 1).astype(int).to_numpy(), marker=(d.marker == 1).tolist(),
        endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy(),
    )  # fmt: skip
    with pytest.raises(AnalysisError, match="too few events in a part of follow-up"):
        changing_interaction(late, shape="step", cuts=60)


def test_on_the_command_line(run):
    """The test of change, the periods, the landmarks and the means."""
    code, out, _ = run(
        "changing", "metabric", "--marker", "HER2", "--endpoint", "BCSS", "--shape", "step", "--cuts", "60",
        "--landmarks", "0,60", "--horizon", "120",
    )  # fmt: skip
    out = " ".join(out.split())
    assert code == 0
    assert "Change with steps, likelihood ratio" in out
    assert "after month 60" in out
    assert "The rows share patients" in out
    assert "altered less unaltered, crude" in out
