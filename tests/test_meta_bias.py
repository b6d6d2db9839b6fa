"""Small-study effects, trim and fill, and the selection model, against metafor, lm and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from meta_data import CLOSED, ITERATED, META, SETS, close, data, pooled, trials

from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError
from tamoxres.meta.bias import kendall, rank_test, regression_test, small_study
from tamoxres.meta.pool import pool
from tamoxres.meta.selection import selection_model, trim_and_fill

FLAT = 1e-6  # metafor's optimiser stops where the likelihood is flat, about the root of its tolerance
NUMERIC = 1e-4  # its errors come from a numerical Hessian
BCG = META["bcg"]
EVENTS = {"events_1": BCG["events_1"], "events_0": BCG["events_0"]}
ALL_EVENTS = [a + b for a, b in zip(BCG["events_1"], BCG["events_0"], strict=True)]


def hazard_ratios(**columns):
    """The BCG trials as if they were hazard ratios."""
    return pooled(measure=["HR"] * 13, **columns)


def same_size():
    """Three studies of one standard error."""
    return [EffectEstimate(study=f"S{i}", log_estimate=float(i), se=0.2) for i in range(3)]


@pytest.mark.parametrize("name", SETS)
def test_egger_and_begg_equal_metafor(name):
    """Egger's t, P and limit estimate, and Begg's tau and P (exact, or with ties)."""
    y, v = data(name)
    expected = META[name]["asymmetry"]
    egger = regression_test(y, np.sqrt(v), 1 / v)
    found = [egger.statistic, egger.p_value, egger.df, egger.intercept, egger.intercept_low, egger.intercept_high]
    close(found, [expected[key] for key in ("t", "p", "df", "est", "est_low", "est_high")], CLOSED, f"Egger {name}")
    close(rank_test(y, v), (expected["tau"], expected["tau_p"]), CLOSED, f"Begg {name}")


@pytest.mark.parametrize("method", ["fiv", "fav"])
def test_debray_equals_weighted_least_squares(method):
    """Slope, t, P and intercept are lm's on 1 / events with the two weights."""
    found, expected = small_study(hazard_ratios(events=ALL_EVENTS, **EVENTS), method), BCG["debray"][method]
    close(found.statistic, expected["t"], CLOSED, "t")
    close(found.p_value, expected["p"], CLOSED, "P")
    close([found.slope, found.intercept], [expected["slope"], expected["intercept"]], CLOSED, "line")
    close([found.intercept_low, found.intercept_high], [expected["low"], expected["high"]], CLOSED, "limits")


def test_hazard_ratios_take_debray_by_default_and_others_egger():
    """The default follows the measure."""
    assert small_study(hazard_ratios(events=ALL_EVENTS)).method == "fiv"
    assert small_study(pooled()).method == "egger"
    assert "Egger's test: t -1.40 on 11 df, P = 0.189 (13 studies)" in str(small_study(pooled()))


def test_rows_without_events_are_named():
    """A published row without events is not used and is named; below ten the test is refused with the names."""
    some = [None, *ALL_EVENTS[1:]]
    found = small_study(hazard_ratios(events=some))
    assert (found.k, found.without_events) == (12, ("Trial 0",))
    assert "no events in the row: Trial 0" in str(found)
    with pytest.raises(PoolingError, match="9 can be used; no events are given for Trial 0, Trial 1, Trial 2, ..."):
        small_study(hazard_ratios(events=[None] * 4 + ALL_EVENTS[4:]))


@pytest.mark.parametrize("method", ["egger", "begg", "fiv", "fav"])
def test_fewer_than_ten_studies_are_refused(method):
    """None of the tests is done below ten studies."""
    with pytest.raises(PoolingError, match="needs at least 10 studies; 6 can be used"):
        small_study(pooled("hine", events=[9] * 6, **{key: [4] * 6 for key in EVENTS}), method)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: small_study(pooled(), "peters"), "Unknown method 'peters'"),
        (lambda: regression_test(np.arange(12.0), np.ones(12), np.ones(12)), "of one size"),
        (lambda: rank_test(np.arange(12.0), np.ones(12)), "of one size"),
        (lambda: trim_and_fill(pool(same_size())), "of one size, which tells no side"),
        (lambda: regression_test(np.zeros(12), np.arange(12.0), np.ones(12)), "exactly on a line"),
        (lambda: trim_and_fill(pool(trials()[:2])), "needs at least 3 effects"),
        (lambda: trim_and_fill(pooled(), side="up"), "Unknown side"),
        (lambda: selection_model(pool(trials()[:9])), "needs at least 10 effects; found 9"),
        (lambda: selection_model(pooled("begg")), "one-sided P below 0.025"),
        (lambda: selection_model(pooled(), alternative="greater"), "one-sided P above 0.025"),
        (lambda: selection_model(pooled(), step=2), "step is 2"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(call, says):
    """Unknown methods, studies of one size and steps that part nothing are refused."""
    with pytest.raises(PoolingError, match=says):
        call()


def test_studies_without_events_count_as_half_an_event():
    """No events count as one in all (`fiv`), and as half a one in each group (`fav`)."""
    none = small_study(hazard_ratios(events=[0, *ALL_EVENTS[1:]]))
    one = small_study(hazard_ratios(events=[1, *ALL_EVENTS[1:]]))
    assert none.statistic == pytest.approx(one.statistic)
    empty = {key: [0, *values[1:]] for key, values in EVENTS.items()}
    assert math.isfinite(small_study(hazard_ratios(**empty), "fav").statistic)


def test_kendall_by_hand():
    """1 2 3 against 1 3 2: two pairs agree, one does not; tau 1/3, and all of 3! orders but two are as far out."""
    assert kendall(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])) == pytest.approx((1 / 3, 1.0))
    assert kendall(np.arange(4.0), np.arange(4.0)) == pytest.approx((1.0, 2 / 24))


def test_kendall_with_ties_in_both_equals_r():
    """Tau-b, and the normal P with ties in its variance, as cor.test gives them."""
    ties = META["ties"]
    close(kendall(np.array(ties["a"], float), np.array(ties["b"], float)), ties["kendall"], CLOSED, "ties")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("tau2", ["reml", "dl"])
def test_trim_and_fill_equals_metafor(name, tau2):
    """Studies added, their side, and the filled estimate, SE, limits and tau2."""
    found, expected = trim_and_fill(pooled(name, tau2=tau2)), META[name]["fill"][tau2]
    assert (found.k0, found.side) == (expected["k0"], expected["side"])
    row = found.filled
    close([row.point, row.se, row.low, row.high, row.tau2], list(expected.values())[2:], ITERATED, f"{name} {tau2}")
    assert len(found.points) == len(found.errors) == found.k0
    assert "sensitivity analysis" in str(found)


def test_trim_and_fill_mirrors_the_extreme_studies_by_hand():
    """Deviations from 0.0125 rank 2, 3, 5, 6 on the right: L0 = (4 * 16 - 42) / 11 = 2 studies to mirror."""
    values = [(-0.1, 0.05), (0.0, 0.05), (0.05, 0.05), (0.1, 0.05), (2.0, 9.0), (3.0, 9.0)]
    rows = [EffectEstimate(study=f"S{i}", log_estimate=y, se=se) for i, (y, se) in enumerate(values)]
    found = trim_and_fill(pool(rows, tau2="common", ci="z", keep_uninformative=True), side="left")
    assert found.k0 == 2
    centre = np.mean([-0.1, 0.0, 0.05, 0.1])
    close(sorted(found.points), [2 * centre - 3, 2 * centre - 2], CLOSED, "mirror images")
    assert any("Only 6 studies" in note for note in found.notes)


@pytest.mark.parametrize("name", ["bcg", "linde", "konst"])
def test_selection_model_equals_metafor(name):
    """Adjusted mean, tau2, publication ratio, their errors, and the likelihood-ratio test."""
    expected = META[name]["selection"]
    found = selection_model(pooled(name), alternative=expected["alternative"])
    numbers = [found.adjusted.point, found.adjusted.tau2, found.ratio, found.lrt, found.p_value]
    close(found.adjusted.p_value, expected["p"], NUMERIC, f"{name} P")
    close(numbers, [expected[key] for key in ("estimate", "tau2", "ratio", "lrt", "lrt_p")], FLAT, name)
    close([found.adjusted.se, found.ratio_se], [expected["se"], expected["ratio_se"]], NUMERIC, f"{name} errors")
    assert sum(found.counts) == len(META[name]["yi"])


def test_selection_model_follows_the_sign():
    """Turning every contrast round turns the adjusted mean round, and leaves the ratio."""
    rows = trials()
    one, other = selection_model(pool(rows)), selection_model(pool([row.reversed() for row in rows]))
    close(other.adjusted.point, -one.adjusted.point, ITERATED, "mean")
    close(other.ratio, one.ratio, ITERATED, "ratio")
    assert (one.alternative, other.alternative) == ("less", "greater")
    assert "publication ratio 0.64" in str(one)


def test_selection_model_without_variance_between_studies():
    """Where tau2 is 0 at the maximum it stays there, and the errors are those of the other two."""
    rows = [
        EffectEstimate(study=f"S{i}", log_estimate=y, se=0.3)
        for i, y in enumerate([0.7, 0.65, 0.62, 0.5, 0.45, 0.3, 0.6, 0.4, 0.55, 0.68])
    ]
    found = selection_model(pool(rows))
    assert found.adjusted.tau2 == 0
    assert found.adjusted.se > 0
    assert found.adjusted.point < pool(rows).point
