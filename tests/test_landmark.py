"""Landmark analysis and the end of follow-up: who stays, from when time counts, who is treated by then."""

from __future__ import annotations

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.analysis.landmark import landmark
from tamoxres.errors import AnalysisError
from tamoxres.models.treatment import treatment_effect

ITERATED = 1e-9  # two fits on the same risk sets


@pytest.fixture(scope="module")
def gbsg():
    return tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")


def test_times_count_from_the_landmark(gbsg):
    """Those followed longer stay, with the rest of their follow-up; the flow tells who left."""
    late = landmark(gbsg, at=12)
    kept = gbsg.frame[gbsg.frame["months"] > 12]
    np.testing.assert_allclose(late.frame["months"], kept["months"] - 12)
    assert late.events == int((kept["event"] == 1).sum())
    assert "follow-up ended by then" in late.flow.steps[-1].why
    assert late.population.endswith("at risk at 12 months")


def test_a_landmark_hazard_ratio_is_that_of_late_entry(gbsg):
    """The hazard ratio equals that of the original times with entry at the landmark: only order matters."""
    from dataclasses import replace

    late = treatment_effect(landmark(gbsg, at=12)).effect
    frame = gbsg.frame
    entered = replace(gbsg, frame=frame[frame["months"] > 12].assign(entry=12.0))
    assert late.log_estimate == pytest.approx(treatment_effect(entered).effect.log_estimate, abs=ITERATED)


def test_late_starters_are_untreated_at_the_landmark(gbsg):
    """Who starts treatment after the landmark is untreated there."""
    from dataclasses import replace

    frame = gbsg.frame
    start = np.where(frame["treatment"] == "treated", np.where(np.arange(len(frame)) % 2, 3.0, 20.0), np.nan)
    late = landmark(replace(gbsg, frame=frame.assign(endocrine_start_months=start)), at=12)
    counted = late.frame["treatment"].eq("treated")
    assert counted.sum() == (late.frame["endocrine_start_months"] <= 12).sum() > 0


@pytest.mark.parametrize(
    ("at", "message"), [(0, "above 0"), (-3, "above 0"), (500, "No event is left after 500 months")]
)
def test_landmarks_that_leave_nothing(gbsg, at, message):
    """A landmark that is none, or that nobody comes to, is refused."""
    with pytest.raises(AnalysisError, match=message):
        landmark(gbsg, at=at)


def test_a_horizon_censors_what_comes_later(gbsg):
    """Events after the horizon are censored there, and the row says so."""
    short = gbsg.until(24)
    assert short.frame["months"].max() == 24
    assert short.events == int(((gbsg.frame["event"] == 1) & (gbsg.frame["months"] <= 24)).sum())
    assert short.population.endswith("follow-up to 24 months")
    question = tr.Question(endpoint="RFS", estimand="treatment_effect", er="any", horizon=24)
    [row] = tr.ask(tr.load("gbsg"), question)
    assert row.events == short.events


def test_questions_with_a_landmark_and_weights(gbsg):
    """The question's options reach the model: landmark, imputation, weights."""
    cohort = tr.load("gbsg")
    ask = {"endpoint": "RFS", "estimand": "treatment_effect", "er": "any"}
    [late] = tr.ask(cohort, tr.Question(**ask, landmark=12))
    assert late.n == landmark(gbsg, at=12).n
    [weighted] = tr.ask(cohort, tr.Question(**ask, weights="iptw"))
    assert "iptw weights" in weighted.method
    assert weighted.estimate != tr.ask(cohort, tr.Question(**ask))[0].estimate
