"""Hazard ratios by period against R's survSplit and coxph."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, days, frame, gbsg, metabric

from tamoxres.errors import AnalysisError
from tamoxres.models.cox import cox
from tamoxres.models.time_split import split_rows, time_split

ITERATED = 1e-7  # Newton's method, in R and here
R = answers("estimators")["time_split"]
VETERAN = frame("veteran")


def check(found, expected, what):
    """Compare a split with R's."""
    assert [e.log_estimate for e in found.effects] == pytest.approx(expected["coef"], rel=ITERATED), f"{what} log HR"
    assert [e.se for e in found.effects] == pytest.approx(expected["se"], rel=ITERATED), f"{what} SE"
    assert [e.events for e in found.effects] == expected["events"], f"{what} events"
    assert sum(e.n for e in found.effects) == expected["rows"], f"{what} rows"
    assert found.statistic == pytest.approx(expected["lrt"], rel=1e-6), f"{what} likelihood ratio"


def test_gbsg():
    """Treatment in years 0-2, 2-4 and after; then adjusted and stratified."""
    check(time_split(gbsg(), cuts=[days(730.5), days(1461)]), R["gbsg"], "gbsg")
    adjusted = time_split(gbsg(), cuts=[days(730.5)], adjust=["age", "nodes"], strata=["menopause"])
    check(adjusted, R["gbsg_adjusted"], "gbsg adjusted")
    assert (adjusted.df, adjusted.effects[0].adjusted_for, adjusted.effects[0].strata) == (
        1,
        ("age", "nodes"),
        ("menopause",),
    )


def test_veteran():
    """Three periods with a covariate, ties and a cut at event times."""
    made = analysis_of(
        VETERAN.time.to_numpy(float),
        VETERAN.status.to_numpy(),
        marker=(VETERAN.trt == 2).tolist(),
        karno=VETERAN.karno.to_numpy(float),
    )
    check(time_split(made, cuts=[30, 90], adjust=["karno"]), R["veteran"], "veteran")


def test_a_cut_beyond_everyone_is_the_plain_model():
    """With all follow-up in the first period its hazard ratio is Cox's, and the empty period is not estimable."""
    found = time_split(gbsg(), cuts=[500])
    assert found.effects[0].log_estimate == pytest.approx(cox(gbsg()).effect.log_estimate, rel=ITERATED)
    assert found.effects[1].status == "not_estimable"
    assert "no events" in found.effects[1].note
    assert np.isnan(found.p_value)


def test_metabric_says_what_a_late_period_is():
    """The later row says that it conditions on survivors, names its period and counts its own patients."""
    early, late = time_split(metabric()).effects
    assert "not time on drug" in late.note
    assert not early.flagged("survivors_of_period")
    assert (early.population, late.population) == (
        f"{metabric().population}, months 0-60",
        f"{metabric().population}, after month 60",
    )
    assert early.events + late.events == metabric().events
    assert late.n < early.n == metabric().n
    assert early.person_years + late.person_years == pytest.approx(metabric().describe()["person_years"])


def test_split_by_hand():
    """Follow-up of 60 ends in the first period; 61 gives one month in the second; entry at 70 skips the first."""
    rows = split_rows(np.array([60.0, 61.0, 90.0]), np.array([1, 1, 0]), [60], np.array([0.0, 0.0, 70.0]))
    found = list(zip(rows.patient, rows.period, rows.start, rows.stop, rows.event, strict=True))
    assert found == [(0, 0, 0, 60, 1), (1, 0, 0, 60, 0), (1, 1, 60, 61, 1), (2, 1, 70, 90, 0)]


@pytest.mark.parametrize("cuts", [[], [0], [60, 60], [120, 60]])
def test_refuses_cuts(cuts):
    """Cuts are positive and increase."""
    with pytest.raises(AnalysisError, match="months above 0 that increase"):
        time_split(gbsg(), cuts=cuts)


def test_refuses_what_has_no_events():
    """If no period has events in both groups there is nothing to estimate."""
    with pytest.raises(AnalysisError, match="in no period do both groups have events"):
        time_split(analysis_of([1.0, 70.0, 80.0], [1, 1, 0], marker=[True, False, True]))
