"""What must hold for any data: invariances of effects, curves, pools and flows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_by_hand import cohort

import tamoxres as tr

ITERATED = 1e-7  # two fits of the same model
MANY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def patients(draw, arms=False):
    """40 patients with tied times and events in every group, times in quarter months."""
    seed = draw(st.integers(0, 2**31))
    random = np.random.default_rng(seed)
    altered = np.arange(40) % 2
    treated = (np.arange(40) // 2) % 2 if arms else np.ones(40, int)
    months = random.integers(1, 60, 40) / 4
    event = (random.random(40) < 0.7).astype(int)
    event[:8] = 1
    return months, event, altered, treated


def hazard_ratio(months, event, altered):
    return tr.cox(tr.select(cohort(months, event, altered), marker="X", endpoint="OS")).effect


@MANY
@given(patients())
def test_swapping_the_groups_inverts_the_hazard_ratio(data):
    """Altered v unaltered is the inverse of unaltered v altered, and so is `reversed`."""
    months, event, altered, _ = data
    one, other = hazard_ratio(months, event, altered), hazard_ratio(months, event, 1 - altered)
    assert one.log_estimate == pytest.approx(-other.log_estimate, abs=ITERATED)
    assert one.se == pytest.approx(other.se, rel=ITERATED)
    assert one.reversed().estimate == pytest.approx(1 / one.estimate)
    assert one.reversed().reversed() == one


@MANY
@given(patients(), st.sampled_from([1 / 12, 30.4375, 1000.0]))
def test_the_unit_of_time_changes_no_hazard_ratio(data, unit):
    """Months, years or days: only the order of times matters."""
    months, event, altered, _ = data
    one, other = hazard_ratio(months, event, altered), hazard_ratio(months * unit, event, altered)
    assert one.log_estimate == pytest.approx(other.log_estimate, abs=ITERATED)


@MANY
@given(patients(arms=True))
def test_swapping_the_marker_inverts_the_ratio_of_hazard_ratios(data):
    """The interaction inverts when the marker's levels are swapped, and its P stays."""
    months, event, altered, treated = data
    found = [
        tr.interaction(tr.select(cohort(months, event, a, treated), marker="X", endpoint="OS", treatment="any")).ratio
        for a in (altered, 1 - altered)
    ]
    assert found[0].log_estimate == pytest.approx(-found[1].log_estimate, abs=1e-6)
    assert found[0].p_value == pytest.approx(found[1].p_value, rel=1e-5)


@MANY
@given(patients())
def test_survival_falls_within_bounds(data):
    """Survival falls from 1, stays within 0 and 1 and within its limits; at risk falls."""
    months, event, altered, _ = data
    for curve in tr.kaplan_meier(tr.select(cohort(months, event, altered), marker="X", endpoint="OS")):
        assert np.all(np.diff(np.concatenate([[1.0], curve.estimate])) <= 1e-15)
        assert curve.estimate.min() >= 0
        inside = np.isfinite(curve.ci_low)
        assert np.all(curve.ci_low[inside] <= curve.estimate[inside] + 1e-12)
        assert np.all(curve.ci_high[inside] >= curve.estimate[inside] - 1e-12)
        assert np.all(np.diff(curve.n_risk) <= 0)


@MANY
@given(patients())
def test_cumulative_incidences_and_survival_sum_to_one(data):
    """Without competing deaths the cumulative incidence is 1 - S."""
    months, event, altered, _ = data
    analysis = tr.select(cohort(months, event, altered), marker="X", endpoint="OS")
    times = [1.0, 5.0, 10.0]
    survival = tr.kaplan_meier(analysis).at(times)["survival"].to_numpy()
    incidence = tr.cumulative_incidence(analysis).at(times)
    events = incidence[incidence["cause"] == "OS"]["estimate"].to_numpy()
    np.testing.assert_allclose(survival + events, 1.0, rtol=1e-12)


@MANY
@given(patients(), st.integers(0, 59))
def test_the_flow_sums_up(data, drop):
    """What leaves at a step is the difference between its neighbours, and the last step is the analysis."""
    months, event, altered, treated = data
    treated = treated.copy()
    treated[drop % 40] = 0
    analysis = tr.select(cohort(months, event, altered, treated), marker="X", endpoint="OS")
    rows = analysis.flow.rows()
    assert rows[0]["patients"] - sum(row["left"] for row in rows) == analysis.n == rows[-1]["patients"]
    assert rows[-1]["events"] == analysis.events


effects = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.05, 2)), min_size=3, max_size=12).map(
    lambda rows: [tr.EffectEstimate(study=f"s{i}", log_estimate=y, se=e) for i, (y, e) in enumerate(rows)]
)


@MANY
@given(effects, st.randoms())
def test_study_order_changes_no_pool(rows, random):
    """Shuffled studies give the same pooled estimate."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = (tr.pool(each, ci="z", keep_uninformative=True) for each in (rows, shuffled))
    assert one.log_estimate == pytest.approx(other.log_estimate, abs=1e-8)
    assert one.tau2 == pytest.approx(other.tau2, abs=1e-8)


@MANY
@given(st.floats(-2, 2), st.integers(3, 8), st.floats(0.1, 1))
def test_equal_effects_have_no_heterogeneity(value, k, se):
    """Equal effects: tau2 and Q are 0, and the pool is the effect."""
    pooled = tr.pool([tr.EffectEstimate(study=f"s{i}", log_estimate=value, se=se) for i in range(k)], ci="z")
    assert pooled.tau2 == 0
    assert pooled.log_estimate == pytest.approx(value, abs=1e-12)


@MANY
@given(effects)
def test_turning_the_contrast_inverts_the_pool(rows):
    """A pool of reversed effects is the reversed pool."""
    one, other = (tr.pool(each, ci="z", keep_uninformative=True) for each in (rows, [row.reversed() for row in rows]))
    assert one.log_estimate == pytest.approx(-other.log_estimate, abs=1e-9)
