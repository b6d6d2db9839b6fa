"""Scales, subgroup totals and dose-response: exact where units change, by the definitions where a model is needed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamoxres.effects import EffectEstimate
from tamoxres.effects.derive import subgroup_total
from tamoxres.effects.scales import distance_in_sd, per_sd, per_units
from tamoxres.errors import EffectError, PoolingError
from tamoxres.meta.comparable import Alike
from tamoxres.meta.dose import covariance, dose_response
from tamoxres.meta.pool import pool

R = json.loads((Path(__file__).parent / "reference" / "dose" / "dose.json").read_text(encoding="utf-8"))
ITERATED = 1e-7  # fitted counts are found by iteration, there and here

CLOSED = 1e-9


def row(study="A", log=0.3, se=0.1, **columns):
    """A hazard ratio."""
    return EffectEstimate(study=study, log_estimate=log, se=se, **columns)


# ---- scales --------------------------------------------------------------------------------------------------------


def test_distances_of_the_definitions():
    """Half against half is 1.596 SD, third against third 2.182 SD, a quarter against the rest by the normal's means."""
    assert distance_in_sd(0.5, 0.5) == pytest.approx(2 * math.sqrt(2 / math.pi), rel=CLOSED)
    assert round(distance_in_sd(0.5, 0.5), 3) == 1.596
    assert round(distance_in_sd(1 / 3, 1 / 3), 3) == 2.182
    normal = NormalDist()
    cut = normal.inv_cdf(0.75)
    means = normal.pdf(cut) / 0.25, -normal.pdf(cut) / 0.75
    assert distance_in_sd(0.25, 0.75) == pytest.approx(means[0] - means[1], rel=CLOSED)


def test_distance_by_simulation():
    """The means of the outer fifths of a normal sample lie as far apart as computed."""
    values = np.sort(np.random.default_rng(1).normal(size=400_000))
    fifth = len(values) // 5
    assert values[-fifth:].mean() - values[:fifth].mean() == pytest.approx(distance_in_sd(0.2, 0.2), abs=0.01)


@given(log=st.floats(-1, 1), se=st.floats(0.01, 0.5), units=st.floats(0.1, 50))
def test_a_change_of_unit_is_exact(log, se, units):
    """Estimate, error and limits are multiplied on the log scale; P stays; back again it is the same row."""
    one = row(log=log, se=se, scale="per_unit", scale_unit="fmol/mg")
    ten = per_units(one, units)
    assert (ten.log_estimate, ten.se) == pytest.approx((log * units, se * units), rel=CLOSED)
    assert ten.p_value == pytest.approx(one.p_value, rel=1e-6, abs=1e-12)
    back = per_units(ten, 1 / units, "fmol/mg")
    assert back.log_estimate == pytest.approx(log, rel=CLOSED, abs=1e-15)
    assert back.scale_unit == one.scale_unit


def test_printed_limits_are_carried():
    """An interval as printed keeps its own shape; a difference is multiplied as it is."""
    age = EffectEstimate.from_ci(1.02, 1.01, 1.03, study="A", scale="per_unit", scale_unit="year")
    ten = per_units(age, 10)
    assert ten.ci() == pytest.approx((1.01**10, 1.03**10), rel=CLOSED)
    assert ten.scale_unit == "10 year"
    months = EffectEstimate.from_ci(-2, -3, -1, study="A", measure="RMSTD", scale="per_unit")
    assert per_units(months, 2).ci() == (-6, -2)


def test_per_sd():
    """Per unit with its SD exactly and without a flag; halves and thirds by their distance, flagged."""
    assert per_sd(row(scale="per_unit"), sd=2).log_estimate == pytest.approx(0.6)
    assert per_sd(row(scale="per_unit"), sd=2).flags == ()
    halves = per_sd(row(scale="binary", cut="median"))
    assert (halves.log_estimate, halves.se) == pytest.approx((0.3 / distance_in_sd(0.5, 0.5), 0.1 / 1.5957691216))
    assert (halves.scale, halves.cut, halves.flags) == ("per_sd", "", ("scale_converted",))
    assert "taken as normal" in halves.note
    thirds = per_sd(row(scale="binary"), top=1 / 3, bottom=1 / 3)
    assert thirds.log_estimate == pytest.approx(0.3 / distance_in_sd(1 / 3, 1 / 3))
    same = row(scale="per_sd")
    assert per_sd(same) is same


def test_converted_rows_are_for_sensitivity():
    """They are not pooled with others unless asked for by name, and the pool says so."""
    rows = [per_sd(row("A", scale="binary")), row("B", scale="per_sd")]
    with pytest.raises(PoolingError, match="A: flagged scale_converted"):
        pool(rows)
    pooled = pool(rows, alike=Alike(include=("scale_converted",)))
    assert "Included by name, flagged scale_converted: A." in pooled.notes


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: per_units(row(), 10), "not of a number"),
        (lambda: per_units(row(scale="per_unit"), 0), "a number above 0"),
        (lambda: per_sd(row(scale="per_unit")), "needs the marker's standard deviation"),
        (lambda: per_sd(row(scale="trend")), "a trend over scores has no standard deviation"),
        (lambda: per_sd(row(scale="per_doubling")), "cannot be brought to standard deviations"),
        (lambda: per_sd(row(scale="binary"), top=0.7, bottom=0.7), "both together at most 1"),
        (lambda: per_sd(EffectEstimate(study="A", status="test_only", scale="binary")), "only an estimated effect"),
    ],
)
def test_scales_that_cannot_be(call, says):
    """What has no unit, no SD, or no estimate is refused in one sentence."""
    with pytest.raises(EffectError, match=says):
        call()


# ---- subgroup totals -----------------------------------------------------------------------------------------------


def test_the_total_of_subgroups():
    """The total is the common-effect pool of the subgroups; counts are added, what is shared stays."""
    shared = {"marker": "HER2", "endpoint": "OS", "er": "positive", "estimand": "prognostic"}
    rows = [
        row(log=0.5, se=0.2, n=100, events=40, restrictions=("trial", "node-negative"), nodes="negative", **shared),
        row(log=0.1, se=0.3, n=80, events=None, restrictions=("trial", "node-positive"), nodes="positive", **shared),
    ]
    total = subgroup_total(rows)
    apart = [row(name, one.log_estimate, one.se) for name, one in zip("AB", rows, strict=True)]
    pooled = pool(apart, tau2="common")
    assert (total.log_estimate, total.se) == pytest.approx((pooled.point, pooled.se), rel=CLOSED)
    assert (total.n, total.events, total.er, total.nodes, total.restrictions) == (180, None, "positive", "", ("trial",))
    assert (total.route, total.model) == ("strata", "common")
    assert total.flagged("total_of_subgroups")
    for wrong, says in (
        (rows[:1], "needs two estimated subgroups"),
        ([rows[0], row("B", **shared)], "differ in study"),
        ([rows[0], row(**{**shared, "endpoint": "BCSS"})], "differ in endpoint"),
    ):
        with pytest.raises(EffectError, match=says):
            subgroup_total(wrong)


# ---- dose-response -------------------------------------------------------------------------------------------------

CASES, TOTALS = np.array([165.0, 74.0, 90.0, 122.0]), np.array([337.0, 167.0, 186.0, 212.0])


@pytest.mark.parametrize("counts", ["case_control", "person_time", "cumulative"])
def test_covariance_of_crude_ratios_is_exact(counts):
    """Where the ratios are those of the counts, two of them share exactly the variance of the reference."""
    controls = TOTALS - CASES
    if counts == "case_control":
        y, spread = np.log(CASES / controls), 1 / CASES + 1 / controls
    else:
        y, spread = np.log(CASES / TOTALS), 1 / CASES - (1 / TOTALS if counts == "cumulative" else 0)
    se = np.sqrt(spread[1:] + spread[0])
    found = covariance(y[1:] - y[0], se, CASES, TOTALS, counts)
    assert found == pytest.approx(np.diag(spread[1:]) + spread[0], rel=1e-8)


def test_the_trend_of_alcohol_and_breast_cancer():
    """Rohan and McMichael's case-control study, the example of Greenland and Longnecker: 0.045 a gram and day.

    The same data are dosresmeta's cc_ex; fitted counts, covariance and trend are worked apart in base R.
    """
    ratios = [(0.80, 0.51, 1.27), (1.16, 0.73, 1.85), (1.57, 0.99, 2.51)]
    rows = [EffectEstimate.from_ci(*ratio, study="Rohan 1988", measure="OR") for ratio in ratios]
    trend = dose_response(rows, [0, 2, 6, 11], cases=CASES, totals=TOTALS, counts="case_control", unit="g/day")
    effect = trend.effect
    assert (effect.log_estimate, effect.se) == pytest.approx((R["slope"], R["se"]), rel=ITERATED)
    assert trend.covariance == pytest.approx(np.array(R["covariance"]), rel=ITERATED)
    assert (trend.q, trend.q_p) == pytest.approx((R["q"], R["q_p"]), rel=ITERATED)
    assert (effect.scale, effect.scale_unit, effect.measure) == ("per_unit", "g/day", "OR")
    x, y = np.array([2, 6, 11]), np.array([row.log_estimate for row in rows])
    inverse = np.linalg.inv(trend.covariance)
    assert trend.q == pytest.approx(y @ inverse @ y - effect.log_estimate**2 * (x @ inverse @ x), rel=1e-9)
    assert (trend.q_df, round(trend.q_p, 2)) == (2, 0.38)
    shifted = dose_response(rows, [3, 5, 9, 14], cases=CASES, totals=TOTALS, counts="case_control")
    assert shifted.effect.log_estimate == pytest.approx(effect.log_estimate, rel=CLOSED), "the reference's dose is 0"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"doses": [0, 2]}, "found 2, 2, 3 and 3"),
        ({"cases": [0, 5, 9]}, "cases lie between 0 and the totals"),
        ({"doses": [0, 2, 2]}, "doses differ"),
        ({"rows": [row("A", 0.1), row("B", 0.2)]}, "share no reference: they are of A, B"),
        ({"rows": [row("A", 0.1, scale="trend"), row("A", 0.2)]}, "a trend over scores"),
        ({"rows": [row("A", 0.1)]}, "needs two ratios at least"),
    ],
)
def test_trends_that_cannot_be(change, says):
    """Without counts, doses and one reference there is no trend."""
    given_ = {"rows": [row("A", 0.1), row("A", 0.2)], "doses": [0, 2, 4], "cases": [5, 6, 9], "totals": [50, 50, 50]}
    asked = {**given_, **change}
    with pytest.raises(PoolingError, match=says):
        dose_response(asked.pop("rows"), asked.pop("doses"), **asked)
