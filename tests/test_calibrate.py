"""The calibration: its measures by hand, its truths, and that it finds fault with a method that is wrong."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.calibrate import run as runs
from tamoxres.calibrate.performance import Result, performance
from tamoxres.calibrate.scenarios import Estimator, Scenario
from tamoxres.calibrate.truths import mean_difference, risk_difference
from tamoxres.errors import QuestionError
from tamoxres.synthetic import Truth

EXACT = 1e-12
MAY_REFUSE = ("few events", "immortal time", "markers that go with site")


def measured(results, truth=0.0, **choices):
    """The performance of an estimator, calibrated and under the null unless said otherwise."""
    defaults = {"scenario": "s", "estimator": "e", "null": True, "aim": "calibrated"}
    return performance(results, truth, **(defaults | choices))


def test_measures_by_hand():
    """Estimates 1, 2, 3 of a truth of 1: two intervals of three hold it, one P of three is small, one failed."""
    results = [
        Result(estimate=1.0, se=1.0, low=0.0, high=2.0, p=0.01),
        Result(estimate=2.0, se=2.0, low=0.5, high=3.5, p=0.2),
        Result(estimate=3.0, se=2.0, low=1.5, high=4.5, p=0.05),
        None,
    ]
    found = measured(results, truth=1.0)
    assert (found.replicates, found.failed) == (4, 1)
    assert (found.bias, found.empirical_se) == pytest.approx((1.0, 1.0), rel=EXACT)
    assert found.bias_error == pytest.approx(1 / math.sqrt(3), rel=EXACT)
    assert found.empirical_se_error == pytest.approx(1 / math.sqrt(4), rel=EXACT)
    assert found.model_se == pytest.approx(math.sqrt(3.0), rel=EXACT)
    assert (found.coverage, found.rejects) == pytest.approx((2 / 3, 1 / 3), rel=EXACT)
    assert found.coverage_error == pytest.approx(math.sqrt(4 / 7 * 3 / 7 / 7), rel=EXACT)


def normal(shift=0.0, width=1.0, m=4000):
    """Estimates of 0 with a standard error of 1, shifted, and with intervals of another width."""
    draw = np.random.default_rng(1).normal(shift, 1.0, m)
    return [Result(estimate=x, se=width, low=x - 1.96 * width, high=x + 1.96 * width,
                   p=math.erfc(abs(x) / width / math.sqrt(2))) for x in draw]  # fmt: skip


@pytest.mark.parametrize(
    ("results", "choices", "verdict"),
    [
        (normal(), {}, "yes"),
        (normal(shift=0.5), {}, "no"),
        (normal(width=0.8), {}, "no"),
        (normal(width=1.3), {}, "no"),
        (normal(width=1.3), {"aim": "safe"}, "yes"),
        (normal(width=0.8), {"aim": "safe"}, "no"),
        (normal(shift=0.5), {"aim": "shown"}, ""),
        (normal(shift=0.5), {"truth": 0.5, "null": False}, "yes"),
        ([Result(p=0.04)] * 60 + [Result(p=0.5)] * 40, {"truth": float("nan")}, "no"),
    ],
)
def test_the_verdict(results, choices, verdict):
    """Bias, intervals too narrow or too wide, and false alarms are found out; what errs on the safe side is let."""
    choices = dict(choices)
    assert measured(results, choices.pop("truth", 0.0), **choices).verdict == verdict


def test_the_truths(monkeypatch):
    """Without a marker effect both differences are 0; with constant hazards they have a closed form."""
    monkeypatch.setattr("tamoxres.calibrate.truths._PATIENTS", 1_000)  # who are all alike where it is closed
    assert risk_difference(Truth(hr_marker=1.0), 120.0) == 0.0
    assert mean_difference(Truth(hr_marker=1.0), 120.0) == 0.0
    assert 0 < risk_difference(Truth(hr_marker=1.8), 120.0) < 0.3
    assert mean_difference(Truth(hr_marker=1.8), 120.0) < 0
    alone = Truth(hr_marker=2.0, hr_treatment=1.0, hr_age=1.0, hr_grade=1.0, hr_nodes=1.0, other_deaths=0.0, shape=1.0)
    # constant hazards 1/500 and 2/500 a month: risks 1 - exp(-t h), means (1 - exp(-t h)) / h
    risks = [1 - math.exp(-120 * h) for h in (2 / 500, 1 / 500)]
    assert risk_difference(alone, 120.0) == pytest.approx(risks[0] - risks[1], rel=1e-5)
    assert mean_difference(alone, 120.0) == pytest.approx(risks[0] * 250 - risks[1] * 500, rel=1e-5)


def test_a_run(monkeypatch):
    """Every scenario answers; the same seed gives the same table on one worker and two; failures are counted."""
    two, one = (tr.calibration(2, seed=2, scenarios=["few events", "4 studies"], jobs=jobs) for jobs in (2, 1))
    assert [row.scenario for row in one.rows] == ["few events, n = 150"] * 2 + ["4 studies, tau2 0.05"] * 6
    pd.testing.assert_frame_equal(two.table, one.table, rtol=EXACT)
    text = one.to_markdown()
    assert text.startswith("# Is it calibrated?")
    assert all(row.scenario in text and row.estimator in text for row in one.rows)
    assert "<table" in one._repr_html_()


@pytest.mark.parametrize("name", runs.ALL)
def test_every_scenario_answers(name):
    """One data set of each scenario gives every estimator's estimate, test or refusal."""
    estimators = runs.ALL[name].estimators
    [answers] = runs._answers(name, [2])
    assert len(answers) == len(estimators)
    for estimator, found in zip(estimators, answers, strict=True):
        if found is None:
            assert name.startswith(MAY_REFUSE), estimator.name
            continue
        assert any(math.isfinite(number) for number in (found.estimate, found.low, found.p)), estimator.name
        assert math.isnan(found.p) or 0 <= found.p <= 1
        assert math.isnan(found.se) or found.se > 0
        assert math.isnan(found.low) or found.low < found.high


def test_a_wrong_method_is_found_out(monkeypatch):
    """Leaving the confounders out is judged `no` where it is asked to be right, and the sentence names it."""
    treated_by_risk = Truth(hr_marker=1.0, hr_treatment=1.0, confounding=1.5, hr_grade=2.0, scale=200.0)

    def crude(cohort):
        a = tr.select(cohort, endpoint=tr.BCSS, er="any", treatment="any")
        row = tr.cox(a, engine="kernel").effect
        low, high = (math.log(limit) for limit in row.ci())
        return Result(estimate=row.log_estimate, se=row.se, low=low, high=high, p=row.p_value)

    wrong = Scenario(
        name="wrong",
        make=lambda seed: tr.simulate(400, truth=treated_by_risk, seed=seed),
        estimators=(Estimator(name="crude", ask=crude, truth=lambda: 0.0, null=True),),
    )
    monkeypatch.setitem(runs.ALL, "wrong", wrong)
    found = tr.calibration(40, scenarios=["wrong"], jobs=1)
    assert found.rows[0].verdict == "no"
    assert "1 estimators and tests judged, not as they should be: crude (wrong)." in str(found)


def test_the_command(run, tmp_path):
    """`tamoxres calibrate` shows the table or writes it; what it cannot do is one sentence."""
    few = ("calibrate", "--replicates", "3", "--scenario", "10 studies", "--jobs", "1")
    code, out, _ = run(*few)
    assert code == 0
    assert "REML, ad hoc Hartung-Knapp" in out
    assert "Monte Carlo errors in brackets" in out
    for name in ("c.md", "c.csv"):
        code, *_ = run(*few, "-o", tmp_path / name)
        assert code == 0
    assert "| scenario |" in (tmp_path / "c.md").read_text()
    assert "as_it_should_be" in (tmp_path / "c.csv").read_text().splitlines()[0]
    for wrong, words in (
        (("-o", tmp_path / "c.pdf"), "neither a .md nor a .csv"),
        (("--replicates", "1"), "at least 2"),
    ):
        code, _, err = run(*few, *wrong)
        assert code == 2
        assert words in err


def test_unknown_scenarios_are_named():
    """A scenario that is not there is refused with those that are."""
    with pytest.raises(QuestionError, match="no scenario 'nothing'. There are: marker x treatment"):
        tr.calibration(2, scenarios=["nothing"])
