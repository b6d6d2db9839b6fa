"""Firth's penalised Cox regression against R's likelihood, maximised by differences."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, frame, gbsg

from tamoxres.errors import AnalysisError
from tamoxres.kernel.risksets import make_risk_sets
from tamoxres.models.cox import cox
from tamoxres.models.firth import _newton, _searched, firth, fit_penalised, profile_limits

DIFFERENCES = 1e-6  # the reference's gradient is made of differences, good to about 1e-8 of the likelihood
R = answers("estimators")["firth"]
OVARIAN, VETERAN = frame("ovarian"), frame("veteran")
SEPARATED = {
    "time": np.array([2, 3, 5, 7, 8, 11, 12, 14, 15, 18.0]),
    "event": np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0]),
    "x": np.array(
        [[1, 0.5], [1, 1.2], [1, -0.3], [1, 0.8], [1, -1], [1, 0.1], [0, 0.4], [0, -0.6], [0, 1.5], [0, -0.2]]
    ),
}


def cases():
    """Time, event, covariates and ties of the reference."""
    months = np.ceil(VETERAN.time.to_numpy() / 30)
    x = np.column_stack([VETERAN.trt - 1, VETERAN.karno]).astype(float)
    ovarian = np.column_stack([OVARIAN.rx - 1, OVARIAN.age]).astype(float)
    return {
        "ovarian": (OVARIAN.futime.to_numpy(float), OVARIAN.fustat.to_numpy(), ovarian, "efron"),
        "separated": (*SEPARATED.values(), "efron"),
        "breslow": (months, VETERAN.status.to_numpy(), x, "breslow"),
        "efron": (months, VETERAN.status.to_numpy(), x, "efron"),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["ovarian", "separated", "breslow", "efron"])
def test_equals_r(name):
    """Coefficients, standard errors and profile limits: small data, separation, heavy ties by both rules."""
    time, event, x, ties = cases()[name]
    sets = make_risk_sets(time, event, ties=ties)
    fitted, expected = fit_penalised(x, sets), R[name]
    assert fitted.coefficients == pytest.approx(expected["coef"], rel=DIFFERENCES), f"{name} coefficients"
    assert np.sqrt(np.diag(fitted.covariance)) == pytest.approx(expected["se"], rel=DIFFERENCES), f"{name} SE"
    found = profile_limits(x, sets, 0, fitted)
    assert found == pytest.approx((expected["low"], expected["high"]), rel=DIFFERENCES), f"{name} profile limits"


def test_separated_is_finite():
    """Where every event has the marker, Cox refuses, and Firth gives a finite hazard ratio with its penalised P."""
    made = analysis_of(
        SEPARATED["time"], SEPARATED["event"], marker=(SEPARATED["x"][:, 0] == 1).tolist(), z=SEPARATED["x"][:, 1]
    )
    with pytest.raises(AnalysisError, match="no events"):
        cox(made, adjust=["z"])
    found = firth(made, adjust=["z"])
    assert found.effect.log_estimate == pytest.approx(R["separated"]["coef"][0], rel=DIFFERENCES)
    assert found.p_value == found.effect.p_value == pytest.approx(R["separated"]["p"], rel=1e-5)
    assert (found.effect.ci_kind, found.effect.p_kind, found.effect.model) == ("profile", "profile", "firth")
    assert found.effect.ci() == (found.ci_low, found.ci_high)
    assert np.log(found.ci_low) == pytest.approx(R["separated"]["low"], rel=DIFFERENCES)


def test_every_row_is_by_profile():
    """Each coefficient has profile limits and the penalised P of one kind; at a limit that P is 0.05."""
    made = analysis_of(
        SEPARATED["time"], SEPARATED["event"], marker=(SEPARATED["x"][:, 0] == 1).tolist(), z=SEPARATED["x"][:, 1]
    )
    found = firth(made, adjust=["z"])
    first, second = found.effects
    assert first == found.effect
    assert (second.ci_kind, second.p_kind, second.model) == ("profile", "profile", "firth")
    assert (second.ci_low < 1 < second.ci_high) == (second.p_value > 0.05)
    sets = make_risk_sets(SEPARATED["time"], SEPARATED["event"])
    x = SEPARATED["x"]
    top = fit_penalised(x, sets).loglik
    for limit in second.ci():
        assert 2 * (top - fit_penalised(x, sets, fixed={1: np.log(limit)}).loglik) == pytest.approx(3.841459, abs=1e-5)


def test_large_data_hardly_move():
    """In GBSG the penalty changes the log hazard ratio by less than a hundredth."""
    assert firth(gbsg()).effect.log_estimate == pytest.approx(cox(gbsg()).effect.log_estimate, abs=0.01)


def test_scale_does_not_matter():
    """Age in decades gives ten times the coefficient and the same likelihood ratio."""
    time, event, x, ties = cases()["ovarian"]
    sets = make_risk_sets(time, event, ties=ties)
    plain, decades = fit_penalised(x, sets), fit_penalised(x / np.array([1, 10]), sets)
    assert decades.coefficients == pytest.approx(plain.coefficients * np.array([1, 10]), rel=1e-7)
    rise = [
        fit_penalised(v, sets).loglik - fit_penalised(v, sets, fixed={0: 0.0}).loglik
        for v in (x, x / np.array([1, 10]))
    ]
    assert rise[0] == pytest.approx(rise[1], rel=1e-7)


def test_no_events():
    """Without any event there is nothing to penalise."""
    with pytest.raises(AnalysisError, match="has an event"):
        firth(analysis_of([1.0, 2.0], [0, 0], marker=[True, False]))


@pytest.mark.parametrize("name", ["ovarian", "breslow", "efron"])
def test_newton_s_limits_are_those_of_the_search(name):
    """Where Newton arrives, the likelihood has fallen as far as where bisection ends."""
    time, event, x, ties = cases()[name]
    sets = make_risk_sets(time, event, ties=ties)
    fitted, fall = fit_penalised(x, sets), 3.841458820694124 / 2
    assert fitted.score == pytest.approx(np.zeros(2), abs=1e-6)
    for column in (0, 1):
        found = [_newton(x, sets, column, fitted, side * np.sqrt(2 * fall)) for side in (-1, 1)]
        assert found == pytest.approx([_searched(x, sets, column, fitted, side, fall) for side in (-1, 1)], abs=1e-8)
        held = fit_penalised(x, sets, fixed={column: found[0]})
        assert fitted.loglik - held.loglik == pytest.approx(fall, abs=1e-9)
        assert held.score[column] > 0
        assert held.score[1 - column] == pytest.approx(0, abs=1e-6)


def test_a_limit_where_steps_do_not_arrive_is_searched(monkeypatch):
    """Without Newton's steps the limits are the same."""
    time, event, x, ties = cases()["ovarian"]
    sets = make_risk_sets(time, event, ties=ties)
    fitted = fit_penalised(x, sets)
    limits = profile_limits(x, sets, 0, fitted)
    monkeypatch.setattr("tamoxres.models.firth._NEWTON", 1)
    assert _newton(x, sets, 0, fitted, 1.96) is None
    assert profile_limits(x, sets, 0, fitted) == pytest.approx(limits, abs=1e-8)
