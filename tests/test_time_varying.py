"""The time-varying hazard ratio against R's coxph, by survSplit and by tt()."""

from __future__ import annotations

import json

import numpy as np
import pytest
from public_data import REFERENCE, analysis_of, days, frame, gbsg
from scipy.special import chdtrc

from tamoxres.errors import AnalysisError
from tamoxres.models import time_varying as module
from tamoxres.models.cox import cox
from tamoxres.models.time_varying import time_varying

ITERATED = 1e-6  # Newton's method on columns nearly collinear, in R and here
STEPPED = 0.02  # log hazard ratio of a curve fitted in 100 steps instead of at each event time
R = json.loads((REFERENCE / "estimators" / "time_varying.json").read_text())


def veteran(entry=None):
    """The veterans' trial, with the test treatment as the marker."""
    v = frame("veteran")
    return analysis_of(
        days(1) * v.time.to_numpy(float),
        v.status.to_numpy(),
        marker=(v.trt == 2).tolist(),
        entry=entry,
        karno=v.karno.to_numpy(float),
    )


def delayed():
    """The same with every third patient observed from a quarter of the time."""
    time = days(1) * frame("veteran").time.to_numpy(float)
    return veteran(np.where(np.arange(1, time.size + 1) % 3 == 0, time / 4, 0.0))


CASES = {
    "gbsg": (gbsg, {}),
    "gbsg_adjusted": (gbsg, {"knots": 4, "adjust": ["age", "nodes"], "strata": ["menopause"]}),
    "gbsg_named": (gbsg, {"knots": [days(300), days(700), days(1500)]}),
    "veteran": (veteran, {"knots": 5, "adjust": ["karno"]}),
    "delayed": (delayed, {}),
}


@pytest.mark.parametrize("name", list(CASES))
def test_equals_r(name):
    """Knots, curve with its error, the test of a constant hazard ratio, and that hazard ratio are R's."""
    (make, options), expected = CASES[name], R[name]
    found = time_varying(make(), times=[days(at) for at in expected["at"]], **options)
    curve = found.curve()
    assert found.knots == pytest.approx([days(knot) for knot in expected["knots"]]), f"{name} knots"
    assert curve["log_hazard_ratio"].tolist() == pytest.approx(expected["log_hr"], rel=ITERATED), f"{name} curve"
    assert curve["se"].tolist() == pytest.approx(expected["se"], rel=ITERATED), f"{name} SE"
    assert found.statistic == pytest.approx(expected["lrt"], rel=ITERATED), f"{name} likelihood ratio"
    assert found.constant_p == pytest.approx(chdtrc(len(found.knots) - 1, expected["lrt"]), rel=1e-5), f"{name} P"
    assert [found.constant.log_estimate, found.constant.se] == pytest.approx(expected["constant"], rel=ITERATED), (
        f"{name} constant"
    )


def test_curve_and_row():
    """The grid has 100 months between the event times, limits hold the curve, and the row is that of cox."""
    found = time_varying(gbsg(), adjust=["age"])
    curve = found.curve()
    assert list(curve)[:4] == ["months", "hazard_ratio", "ci_low", "ci_high"]
    assert len(curve) == 100
    assert curve["months"].between(*found.span).all()
    assert ((curve["ci_low"] < curve["hazard_ratio"]) & (curve["hazard_ratio"] < curve["ci_high"])).all()
    narrow = found.curve([24], level=0.8).iloc[0]
    assert np.log(narrow["ci_high"] / narrow["hazard_ratio"]) == pytest.approx(1.2815516 * narrow["se"], rel=1e-6)
    row = cox(gbsg(), adjust=["age"]).effect
    assert found.constant.log_estimate == pytest.approx(row.log_estimate, rel=ITERATED)
    assert (found.constant.n, found.constant.events, found.constant.contrast) == (row.n, row.events, row.contrast)
    assert "test of a constant hazard ratio P" in str(found)


def test_event_at_month_zero_and_competing_deaths():
    """An event at month 0 is fitted, and a competing death is censored."""
    draw = np.random.default_rng(1)
    months, event, marker = draw.exponential(30, 80).round(1), draw.integers(0, 3, 80), draw.random(80) < 0.5
    months[:2], event[:2] = 0.0, 1
    made = analysis_of(months, event, marker=marker.tolist(), competing=True)
    found = time_varying(made)
    assert found.constant.events == int((event == 1).sum())
    assert found.constant.log_estimate == pytest.approx(cox(made).effect.log_estimate, rel=ITERATED)
    assert found.span[0] > 0


def test_large_cohorts_are_fitted_in_steps(monkeypatch):
    """With fewer steps than event times the curve stays close, and a note tells of the steps."""
    exact = time_varying(gbsg()).curve([12, 24, 48])
    monkeypatch.setattr(module, "_MOST_ROWS", 100 * 686)
    stepped = time_varying(gbsg())
    assert "in 100 steps" in stepped.constant.note
    found = stepped.curve([12, 24, 48])["log_hazard_ratio"]
    assert found.tolist() == pytest.approx(exact["log_hazard_ratio"].tolist(), abs=STEPPED)


def two(events):
    """Eight patients, four in each group."""
    return analysis_of(np.arange(1.0, 9.0), events, marker=[True, False] * 4)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: time_varying(gbsg(), knots=7), "7 knots are not foreseen"),
        (lambda: time_varying(gbsg(), knots=[12, 6, 24]), "must be three or more months above 0 that increase"),
        (lambda: time_varying(gbsg(), knots=[0, 6, 24]), "must be three or more months above 0"),
        (lambda: time_varying(gbsg(), knots=[6, 24]), "must be three or more months above 0"),
        (lambda: time_varying(gbsg(), times=[0]), "asked for at 0 months; events were seen from"),
        (lambda: time_varying(gbsg(), times=[500]), "asked for at 500 months"),
        (lambda: time_varying(gbsg(), times=[]), "no list of months"),
        (lambda: time_varying(gbsg()).curve([float("nan")]), "asked for at nan months"),
        (lambda: time_varying(two([0, 1] * 4)), "no events among altered"),
        (lambda: time_varying(two([0] * 8)), "no events among unaltered"),
        (lambda: time_varying(two([1, 1, 0, 0, 0, 0, 0, 0])), "cannot be estimated|must be three or more"),
        (lambda: time_varying(analysis_of([1.0, 2.0], [1, 1], marker=[True, True])), "has 1 level"),
    ],
)
def test_refuses(make, words):
    """Odd knots, times without events, groups without events and one group are refused in a sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()
