"""Times that differ by rounding only are one time, wherever they come from or are asked for (aeqSurv of R)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from public_data import analysis_of

import tamoxres as tr
from tamoxres.analysis.times import join_times, joined
from tamoxres.curves import snap
from tamoxres.errors import AnalysisError
from tamoxres.models.time_split import time_split

HERE = Path(__file__).parent
R = json.loads((HERE.parent / "reference" / "time" / "time.json").read_text(encoding="utf-8"))
ITERATED, CLOSED = 1e-7, 1e-9
DAY = 1 / 30.4375  # months: a day by the reciprocal is one bit off for a quarter of all days


def near(case):
    """One of R's data sets with times that differ by rounding only."""
    d = case["data"]
    return analysis_of(
        d["months"], d["event"], marker=[x == 1 for x in d["x"]], entry=d["entry"], age=np.array(d["age"], float)
    )


@pytest.fixture(scope="module")
def ties():
    return tr.select(
        tr.load(HERE / "km_ties.csv", mapping=HERE / "km_ties.toml"), endpoint="OS", er="any", marker="HER2"
    )


def test_a_day_is_read_where_it_stands(ties):
    """A day's events are there however the day was turned into months; before the first event there is no interval."""
    for times in (
        [10 / 30.4375, 180 / 30.4375, 365 / 30.4375, 730 / 30.4375],
        [10 * DAY, 180 * DAY, 365 * DAY, 730 * DAY],
    ):
        table = tr.kaplan_meier(ties).at(times)
        np.testing.assert_allclose(table["survival"], [1, 2 / 3, 2 / 3, 0, 1, 1, 2 / 3, 2 / 3], rtol=CLOSED)
        assert table["n_risk"].tolist() == [15, 15, 5, 5, 15, 15, 15, 5]
        np.testing.assert_allclose(table["ci_low"][[1, 6]], 0.375303, atol=1e-6)
        np.testing.assert_allclose(table["ci_high"][[1, 6]], 0.845562, atol=1e-6)
        assert table["ci_low"][[0, 4, 5]].isna().all()
        assert table["ci_high"][[0, 4, 5]].isna().all()


def test_every_query_time_meets_the_days_events(ties):
    """Landmark, horizon, risk difference, mean, cuts and standardised risks take a day one bit off as that day."""
    exact, off = 365 / 30.4375, float(np.nextafter(365 / 30.4375, 0))
    assert exact != off
    for ask in (
        lambda t: tr.landmark(ties, at=t).n,
        lambda t: ties.until(t).events,
        lambda t: tr.risk_difference(ties, times=[t]).effect.difference,
        lambda t: [row.events for row in time_split(ties, cuts=[t]).effects],
        lambda t: tr.standardise(tr.cox(ties), times=[t], m=20).effect.difference,
    ):
        assert ask(off) == ask(exact)
    assert tr.rmst(ties, horizon=off).difference.difference == pytest.approx(
        tr.rmst(ties, horizon=exact).difference.difference, rel=CLOSED
    )
    assert ties.until(off).events == 10


def test_near_ties_are_joined():
    """Cox and log-rank on times that differ by rounding are R's (0.0474 without joining)."""
    cohort = tr.load(HERE / "near_ties.csv", mapping=HERE / "near_ties.toml")
    chosen = tr.select(cohort, endpoint="OS", marker="HER2", er="any", treatment="any")
    effect = tr.cox(chosen).effect
    assert (effect.log_estimate, effect.se) == (pytest.approx(0.0596208, abs=5e-8), pytest.approx(0.1861683, abs=5e-8))
    assert tr.logrank(chosen).statistic == pytest.approx(0.1151, abs=5e-5)


@pytest.mark.parametrize("case", R["near"])
def test_cox_and_curves_are_those_of_r(case):
    """With and without delayed entry: coefficients, errors, log-rank, S(t), limits, numbers at risk at given days."""
    chosen = near(case)
    fit = tr.cox(chosen, adjust=["age"])
    np.testing.assert_allclose(fit.coefficients, case["coef"], rtol=ITERATED)
    np.testing.assert_allclose([row.se for row in fit.effects], case["se"], rtol=ITERATED)
    if case.get("logrank"):
        assert tr.logrank(chosen).statistic == pytest.approx(case["logrank"], rel=CLOSED)
    at = case["at"]
    table = tr.kaplan_meier(chosen, by=None).at([day / 30.4375 for day in at["days"]])
    for ours, theirs in {"survival": "survival", "ci_low": "low", "ci_high": "high", "n_risk": "n_risk"}.items():
        np.testing.assert_allclose(table[ours], at[theirs], rtol=CLOSED, err_msg=ours)


def test_rounding_of_times_changes_nothing():
    """Times shaken by a part in 10^10 give the same fit as those that were not."""
    case = R["near"][0]["data"]
    days = np.round(np.array(case["months"]) * 30.4375)
    plain = analysis_of(days / 30.4375, case["event"], marker=[x == 1 for x in case["x"]])
    shaken = analysis_of(days * DAY * (1 + 1e-10), case["event"], marker=[x == 1 for x in case["x"]])
    assert tr.cox(shaken).effect.log_estimate == pytest.approx(tr.cox(plain).effect.log_estimate, rel=CLOSED)


def test_chains_are_joined_at_their_smallest_time():
    """Neighbours within the tolerance form one time, however long the chain; what lies beyond stays apart."""
    chain = 10 + np.arange(5) * 1e-8
    distinct, becomes = joined(np.concatenate([chain, [10.001]]))
    assert becomes.tolist() == [10.0] * 5 + [10.001]
    assert snap([10.001 + 1e-8, 10.0005], distinct).tolist() == [10.001, 10.0005]


def test_an_interval_of_rounding_only():
    """It is dropped, with a line in the flow; where it holds an event it is refused."""
    months, entry = [5.0, 6.0, 7.0, 8.0], [0.0, 6.0 - 1e-12, 0.0, 0.0]
    chosen = analysis_of(months, [1, 0, 1, 1], entry=entry)
    assert chosen.n == 3
    assert "ended before entry 1" in chosen.flow.steps[-1].why
    with pytest.raises(AnalysisError, match="at the moment of entry"):
        analysis_of(months, [1, 1, 1, 1], entry=entry)


def test_joining_is_done_once(ties):
    """Joined times are joined times."""
    assert join_times(ties.frame)["months"].equals(ties.frame["months"])
    assert replace(ties, frame=join_times(ties.frame)).n == ties.n
