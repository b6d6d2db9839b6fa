"""Differences in risk against survfit and cuminc."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, days, frame, gbsg, metabric

from tamoxres.errors import AnalysisError
from tamoxres.models.risk_difference import risk_difference

CLOSED = 1e-9  # differences of closed forms
R = answers("estimators")["risk_difference"]


def test_kaplan_meier_difference():
    """GBSG by treatment at 2 and 5 years: the difference in risk and its standard error are R's."""
    found = risk_difference(gbsg(), times=[days(730.5), days(1826.25)], by="treatment")
    assert [e.difference for e in found.effects] == pytest.approx(R["gbsg"]["difference"], rel=CLOSED)
    assert [e.se for e in found.effects] == pytest.approx(R["gbsg"]["se"], rel=CLOSED)
    assert (found.effect.measure, found.effect.estimand, found.effect.n_1) == ("RD", "treatment_effect", 246)
    assert found.effect.term == "risk difference at 24 months"


def test_incidence_difference():
    """mgus2 by sex at 60 and 240 months: progression, with death competing."""
    m = frame("mgus2")
    time, status = np.where(m.pstat == 0, m.futime, m.ptime), np.where(m.pstat == 1, 1, 2 * m.death)
    made = analysis_of(time.astype(float), status, marker=(m.sex == "M").tolist(), competing=True)
    found = risk_difference(made, times=[60, 240])
    assert [e.difference for e in found.effects] == pytest.approx(R["mgus2"]["difference"], rel=CLOSED)
    assert [e.se for e in found.effects] == pytest.approx(R["mgus2"]["se"], rel=1e-8)


def test_metabric_rests_on_the_incidence():
    """HER2 gain at 10 years: 36.4% less 23.8%."""
    found = risk_difference(metabric(), times=[120])
    assert found.risks["risk"].round(3).tolist() == [0.238, 0.364]
    assert found.effect.difference == pytest.approx(0.126, abs=1e-3)
    low, high = found.effect.ci()
    assert low < found.effect.difference < high


def test_no_events_yet_is_not_estimable():
    """Before the first event the difference is marked with its reason."""
    row = risk_difference(gbsg(), times=[0.01], by="treatment").effect
    assert (row.status, row.flags, row.to_months) == ("not_estimable", ("no_events_by_horizon",), 0.01)


def test_refuses_a_time_beyond_follow_up():
    """Nobody is extrapolated."""
    with pytest.raises(AnalysisError, match="lies beyond the follow-up of untreated"):
        risk_difference(gbsg(), times=[60, 200], by="treatment")
