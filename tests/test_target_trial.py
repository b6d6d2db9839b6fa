"""Emulated target trials: six patients by hand, immortal time, the marginal truth, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, answers
from scipy.optimize import brentq

from tamoxres.analysis import select
from tamoxres.cohort import Cohort, Source
from tamoxres.endpoints import OS
from tamoxres.errors import AnalysisError
from tamoxres.models.clones import Follow, emulate
from tamoxres.models.hazards import Gain
from tamoxres.models.target_trial import target_trial
from tamoxres.models.treatment import treatment_effect

EXACT = 1e-9
R = answers("target_trial")
INF = np.inf


def asked(time, event, start, exposure=None, **columns):
    """An analysis set of plain arrays, treatment by its start (infinity: never)."""
    patients = pd.DataFrame({"OS_months": time, "OS_event": event, **columns})
    patients["endocrine"] = np.where(np.isfinite(start), "yes", "no")
    patients["endocrine_agent"] = np.where(np.isfinite(start), "tamoxifen", "none")
    patients["endocrine_start_months"] = np.where(np.isfinite(start), start, np.nan)
    patients.index = pd.Index([f"P{i}" for i in range(len(patients))], name="patient")
    cohort = Cohort(
        name="made", title="Made", patients=patients, raw=patients.astype(str), endpoints=(OS,),
        sources=(Source(name="made", citation="tests", licence="none"),), treatment_specificity="tamoxifen_confirmed",
    )  # fmt: skip
    return select(cohort, endpoint=OS, er="any", treatment="any", exposure=exposure)


SIX = Follow(
    time=np.array([10.0, 12, 2, 8, 11, 12]), event=np.array([1, 0, 1, 1, 1, 0]),
    start=np.array([1.0, 2, INF, INF, 6, INF]), x=np.zeros((6, 0)),
)  # fmt: skip


def test_six_patients_by_hand():
    """Started by month 3: two of the five followed beyond it, so each weighs 2.5; never started: exp of the hazard."""
    made = emulate(SIX, grace=3, contrast="per_protocol")
    assert made.times.tolist() == [2, 8, 10, 11]
    assert made.risk_sets[1] == pytest.approx([6, 5, 5, 2.5], rel=EXACT)
    begun = np.exp(1 / 6), np.exp(1 / 6 + 1 / 5 + 1 / 3)  # hazards of starting: one of 6, one of 5, one of 3
    assert made.risk_sets[0] == pytest.approx([5 * begun[0], 2 * begun[1], begun[1], begun[1]], rel=EXACT)
    assert made.events[1, 0] == pytest.approx([1, 0, 2.5, 0], rel=EXACT)
    assert made.events[0, 0] == pytest.approx([begun[0], begun[1], 0, 0], rel=EXACT)
    risks = made.expected([Gain("risk", 9), Gain("risk", 10), Gain("lost", 12)])
    assert risks[1] == pytest.approx([1 / 6, 1 - 5 / 6 / 2, 10 / 6 + 5 / 12 * 2], rel=EXACT)
    assert risks[0] == pytest.approx([0.6, 0.6, 10 / 5 + 4 / 5 / 2 * 4], rel=EXACT)
    assert made.seen.tolist() == [2, 2]

    def score(beta):
        share = made.risk_sets[1] * np.exp(beta)
        share = share / (share + made.risk_sets[0])
        return float((made.events[1, 0] - made.events[:, 0].sum(axis=0) * share).sum())

    assert made.log_ratio == pytest.approx(brentq(score, -5, 5, xtol=1e-13), rel=1e-7)


def test_as_started_keeps_late_starters():
    """Whoever starts after the grace period stays: the fifth patient's event at 11 counts in the arm not to start."""
    made = emulate(SIX, grace=3, contrast="as_started")
    assert made.seen.tolist() == [3, 2]
    assert made.events[0, 0, -1] == pytest.approx(np.exp(1 / 6 + 1 / 5), rel=EXACT)


def immortal(seed, n=1500):
    """Treatment does nothing; two thirds would start evenly within 30 months, if they live."""
    draw = np.random.default_rng(seed)
    time = np.minimum(draw.exponential(50, n), 90.0).round(1) + 0.1
    start = np.where(draw.random(n) < 0.67, draw.uniform(0.05, 30, n), INF)
    return time, (time < 90).astype(int), np.where(start < time, start, INF)


def test_immortal_time():
    """Ever treated looks protective; the emulated trial, and its check, find nothing."""
    time, event, start = immortal(1, 2000)
    naive = treatment_effect(asked(time, event, start, exposure="ever_treated")).effect
    assert naive.estimate < 0.75
    found = target_trial(asked(time, event, start), grace=12, times=60, m=20)
    ratio, risk, mean, check = found.effects
    assert abs(ratio.log_estimate) < 3 * ratio.se
    assert ratio.se < 0.2
    assert abs(risk.difference) < 3 * risk.se
    assert abs(mean.difference) < 3 * mean.se
    assert abs(check.log_estimate) < 3 * check.se
    assert (ratio.measure, risk.measure, mean.measure) == ("HR", "RD", "RMSTD")
    assert (check.exposure, found.check) == ("time_dependent", check)


def drawn(seed, n, strategy="natural"):
    """Starting and dying both depend on z; treatment cuts the hazard to 0.6. A strategy may set the start."""
    draw = np.random.default_rng(seed)
    z = draw.normal(size=n)
    start = draw.exponential(25 * np.exp(-0.7 * z))
    if strategy == "start":
        start = np.minimum(start, 6.0)
    if strategy == "never":
        start = np.full(n, INF)
    level, hazard = draw.exponential(size=n), 0.012 * np.exp(0.7 * z)
    untreated = level / hazard
    begun = np.minimum(start, untreated)
    time = begun + (untreated - begun) / 0.6
    return np.minimum(time, 80.0), (time < 80).astype(int), np.where(start < np.minimum(time, 80.0), start, INF), z


def test_marginal_truth():
    """Confounded starts: risks at 60 months are those had everyone kept to the strategy, and the crude ones are not."""
    truth = [float((drawn(7, 400_000, which)[0] <= 60).mean()) for which in ("never", "start")]
    time, event, start, z = drawn(3, 12_000)
    time = np.maximum((time * 2).round() / 2, 0.5)
    start = np.where(start < time, start, INF)
    adjusted = emulate(Follow(time=time, event=event, start=start, x=z[:, None]), 6.0, "per_protocol")
    crude = emulate(Follow(time=time, event=event, start=start, x=np.zeros((len(z), 0))), 6.0, "per_protocol")
    gain = [Gain("risk", 60.0)]
    assert adjusted.expected(gain)[:, 0] == pytest.approx(truth, abs=0.025)  # 3 Monte Carlo errors
    assert np.abs(crude.expected(gain)[:, 0] - truth).max() > 0.05


def test_the_protocol_is_stated_and_seeds_repeat():
    """The protocol names every component; the same seed gives the same rows; covariates stand in them."""
    time, event, start = immortal(2, 400)
    age = np.random.default_rng(0).normal(60, 8, 400)
    first, again = (
        target_trial(asked(time, event, start, age=age), adjust="age", grace=12, times=[36, 60], m=8) for _ in range(2)
    )
    assert [row.row_id for row in first.effects] == [row.row_id for row in again.effects]
    parts = [row.cells[0].text for row in first.protocol.rows]
    assert parts == ["Eligibility", "Strategies", "Assignment", "Time zero", "Follow-up", "Outcome", "Causal contrast",
                     "Analysis"]  # fmt: skip
    assert "age" in first.protocol.to_markdown()
    assert first.effect.adjusted_for == ("age",)
    assert "immortal_time" not in first.flags


def test_refusals():
    """What the data cannot tell is refused in one sentence."""
    time, event, start = immortal(2, 300)
    with pytest.raises(AnalysisError, match="recorded start"):
        target_trial(asked(time, event, start, exposure="ever_treated"), grace=12)
    with pytest.raises(AnalysisError, match="grace period is 70"):
        target_trial(asked(time, event, start), grace=70, times=60)
    with pytest.raises(AnalysisError, match="cannot be compared"):
        target_trial(asked(time, event, np.where(start > 6, start, INF)), grace=3, times=60, m=2)


@pytest.mark.parametrize("contrast", ["per_protocol", "as_started"])
def test_equals_weighted_coxph(contrast):
    """Weights, hazard ratio and risks with competing deaths are those of coxph and glm on a row a clone and time."""
    expected = R[contrast]
    d = pd.read_csv(REFERENCE / "target_trial" / "target_trial.csv")
    data = Follow(time=d.time.to_numpy(float), event=d.event.to_numpy(int), start=d.start.to_numpy(float),
                  x=d[["z"]].to_numpy(float))  # fmt: skip
    made = emulate(data, R["grace"], contrast)
    assert made.log_ratio == pytest.approx(expected["log_hr"], rel=1e-7)
    assert made.expected([Gain("risk", 36.0)])[:, 0] == pytest.approx(expected["risk36"], rel=1e-7)
    assert made.largest == pytest.approx(expected["largest"], rel=1e-7)
