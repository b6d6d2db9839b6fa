"""Estimators of tau2, heterogeneity and prediction, against metafor (tests/reference/meta) and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_data import CLOSED, ITERATED, META, SETS, close, data

from tamoxres.errors import PoolingError
from tamoxres.meta.estimate import all_equal, pool_arrays
from tamoxres.meta.heterogeneity import Errors, heterogeneity, prediction, tau2_interval
from tamoxres.meta.tau2 import TAU2, _loglik, _reml_step, _scoring, q_root, reml, tau2_se, weighted_fit

EXACT = 1e-12  # worked by hand
CI = {"z": "z", "knha": "hksj", "adhoc": "adhoc"}
CASES = [(name, fit) for name in SETS for fit in META[name]["fits"]]


@pytest.mark.parametrize(("name", "fit"), CASES)
def test_every_estimator_and_interval_equals_metafor(name, fit):
    """Eight estimators of tau2 by three intervals on six data sets give metafor's estimate, SE, limits, P and tau2."""
    y, v = data(name)
    expected = META[name]["fits"][fit]
    method, ci = fit.split("_")
    method = {"FE": "common"}.get(method, method.lower())
    pooled = pool_arrays(y, v, tau2=method, ci=CI[ci])
    differs = heterogeneity(y, v, float(pooled.tau2), random=method != "common")
    low, high = pooled.limits()
    found = {
        "estimate": pooled.point, "se": pooled.se, "ci_low": low, "ci_high": high, "p": pooled.p, "tau2": pooled.tau2,
        "q": differs.q, "q_p": differs.p, "h2": differs.h2,
        "i2": differs.i2_q if method == "common" else differs.i2_tau2,
    }  # fmt: skip
    tolerance = CLOSED if method in ("common", "dl", "he", "sj") else ITERATED
    for number, value in found.items():
        close(value, expected[number], tolerance, f"{name} {fit} {number}")
    if method != "common":
        close(tau2_se(method, y, v, float(pooled.tau2)), expected["se_tau2"], tolerance, f"{name} {fit} se_tau2")


@pytest.mark.parametrize("name", SETS)
def test_q_profile_interval_equals_metafor(name):
    """The Q-profile interval of tau2 is metafor's confint()."""
    y, v = data(name)
    expected = META[name]["tau2_interval"]
    close(tau2_interval(y, v), (expected["low"], expected["high"]), ITERATED, name)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("rule", ["hts", "z", "k1", "hksj"])
def test_prediction_intervals_equal_metafor(name, rule):
    """Each named rule gives its interval."""
    y, v = data(name)
    fit = pool_arrays(y, v)
    errors = Errors(float(fit.se_wald), float(fit.se_hk), float(fit.se), float(fit.df))
    found = prediction(float(fit.point), errors, float(fit.tau2), len(y), rule)
    close(found, META[name]["prediction"][rule], ITERATED, f"{name} {rule}")


def test_bcg_prediction_intervals_as_printed():
    """On the BCG trials the five rules give the intervals that the methods page prints."""
    y, v = data("bcg")
    fit = pool_arrays(y, v)
    errors = Errors(float(fit.se_wald), float(fit.se_hk), float(fit.se), float(fit.df))
    printed = {
        "same": (0.1359, 1.7629), "hts": (0.1342, 1.7848), "z": (0.1546, 1.5490), "k1": (0.1360, 1.7617),
        "hksj": (0.1359, 1.7629),
    }  # fmt: skip
    for rule, limits in printed.items():
        found = prediction(float(fit.point), errors, float(fit.tau2), len(y), rule)
        close(np.round(np.exp(found), 4), limits, EXACT, rule)


def test_three_studies_by_hand():
    """Estimates 0, 1, 2 with variance 1/2 each: every moment and likelihood estimator has a closed answer."""
    y, v = np.array([0.0, 1.0, 2.0]), np.full(3, 0.5)
    # equal variances: Q = 2 * 2 = 4, df 2; DL = (4 - 2) / (6 - 12/6) = 1/2; HE = var(y) - 1/2 = 1/2, as REML and PM;
    # ML divides the sum of squares 2 by 3: 2/3 - 1/2 = 1/6; SJ starts at 2/3: (2/3) * (2 / (1/2 + 2/3)) / 2 = 4/7
    expected = {"common": 0, "dl": 0.5, "he": 0.5, "reml": 0.5, "pm": 0.5, "eb": 0.5, "ml": 1 / 6, "sj": 4 / 7}
    assert expected.keys() == TAU2.keys()
    for method, tau2 in expected.items():
        close(TAU2[method](y, v), tau2, CLOSED, method)
    fit = pool_arrays(y, v, tau2="dl", ci="z")
    close([fit.point, fit.se_wald, fit.se_hk], [1, 3**-0.5, 3**-0.5], EXACT, "weights 1 each; q = 2 / 2 = 1")
    differs = heterogeneity(y, v, 0.5)
    close([differs.q, differs.i2_q, differs.i2_tau2, differs.h2], [4, 50, 50, 2], EXACT, "Q 4 on 2; s2 = 1/2")


def test_no_prediction_interval_for_two_studies():
    """Two studies say too little of a third, by whatever rule."""
    errors = Errors(0.1, 0.1, 0.1, 1.0)
    for rule in ("same", "hts", "z", "k1", "hksj"):
        assert prediction(0.0, errors, 0.2, 2, rule) is None
        assert prediction(0.0, errors, 0.2, 3, rule) is not None


def test_subsets_in_one_call_equal_subsets_one_by_one():
    """Many subsets at once give what each gives alone, for every estimator."""
    y, v = data("bcg")
    keep = 1 - np.eye(len(y))
    for method in TAU2:
        together = pool_arrays(y, v, tau2=method, keep=keep)
        for i in (0, 6, 12):
            alone = pool_arrays(np.delete(y, i), np.delete(v, i), tau2=method)
            close([together.point[i], together.se[i], together.tau2[i], together.q[i]],
                  [alone.point, alone.se, alone.tau2, alone.q], CLOSED, f"{method} without {i}")  # fmt: skip


def test_a_subset_of_one_study_is_that_study():
    """One study alone keeps its estimate and its own standard error, with a normal interval."""
    y, v = np.array([0.3, 0.9]), np.array([0.04, 0.09])
    fit = pool_arrays(y, v, keep=np.array([[1.0, 0.0], [1.0, 1.0]]))
    close([fit.point[0], fit.se[0], fit.tau2[0]], [0.3, 0.2, 0], EXACT, "first study alone")
    assert np.isinf(fit.df[0])
    assert fit.df[1] == 1


def test_q_root_meets_its_target_and_is_zero_below_it():
    """The generalised Q at the root equals the target; a target above Q at 0 gives 0."""
    y, v = data("bcg")
    root = q_root(y, v, 5.0)
    close(weighted_fit(y, 1 / (v + root), np.ones((len(y), 1))).q, 5.0, CLOSED, "Q at its root")
    assert q_root(y, v, 1e6) == 0


def test_fisher_scoring_that_swings_is_damped_to_the_maximum():
    """On these studies plain Fisher scoring swings between two values for ever; the score at the answer is 0."""
    se = [0.375, 0.3574, 0.2324, 0.1826, 0.4226, 0.1736, 0.064, 0.1613, 0.0595]
    y = np.array([-0.2129, -0.1917, 0.0781, -0.0079, 0.2009, -0.0456, -0.0482, 0.0839, 0.1346])
    tau2 = float(TAU2["reml"](y, np.square(se)))
    fit = weighted_fit(y, 1 / (np.square(se) + tau2), np.ones((9, 1)))
    w = fit.w
    score = ((w * fit.residuals) ** 2).sum() - w.sum() + (w**2).sum() / w.sum()
    assert tau2 > 0
    close(score / w.sum(), 0, CLOSED, "REML score")


def test_differences_at_the_edge_of_floating_point_do_not_overflow():
    """Estimates 1e-155 apart have a Q that is 0 but for denormal numbers; tau2 is 0, its set empty."""
    y, v = np.array([0.0, 1e-155, 3e-155]), np.array([1.0, 0.5, 0.2])
    for method in TAU2:
        assert TAU2[method](y, v) == 0 or method == "sj"
    assert tau2_interval(y, v) is None


def test_wild_errors_are_one_sentence():
    """Variances 24 orders of magnitude apart are beyond the likelihood, which says so and what to use instead."""
    y, v = np.array([0.0, 1.0, 5.0]), np.array([1e-12, 1.0, 1e12])
    with pytest.raises(PoolingError, match=r"did not converge\. Use tau2='dl' or 'pm'"):
        TAU2["reml"](y, v)
    assert TAU2["pm"](y, v) >= 0


effects = st.lists(
    st.tuples(st.floats(-3, 3).map(lambda x: round(x, 3)), st.floats(0.01, 2).map(lambda x: round(x, 3))),
    min_size=2, max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(effects, st.randoms(use_true_random=False), st.sampled_from(sorted(TAU2)))
def test_study_order_and_sign_change_nothing(rows, random, method):
    """Shuffling the studies changes no number; turning every contrast round turns the estimate round."""
    y, se = np.array(rows).T
    order = list(range(len(y)))
    random.shuffle(order)
    first = pool_arrays(y, se**2, tau2=method)
    shuffled = pool_arrays(y[order], se[order] ** 2, tau2=method)
    turned = pool_arrays(-y, se**2, tau2=method)
    for name, sign in (("point", -1), ("se", 1), ("tau2", 1), ("q", 1)):
        close(getattr(shuffled, name), getattr(first, name), ITERATED, f"{method} {name} shuffled")
        close(sign * getattr(turned, name), getattr(first, name), ITERATED, f"{method} {name} turned")


@settings(max_examples=40, deadline=None)
@given(st.floats(-2, 2), st.lists(st.floats(0.05, 1), min_size=2, max_size=8), st.sampled_from(sorted(TAU2)))
def test_equal_effects_have_no_variance_between_them(value, errors, method):
    """Equal estimates: tau2 is 0, the pooled estimate is the estimate, and its error is the Wald error."""
    y, v = np.full(len(errors), value), np.array(errors) ** 2
    fit = pool_arrays(y, v, tau2=method)
    assert all_equal(y)
    close([fit.tau2, fit.point, fit.se], [0, value, (1 / v).sum() ** -0.5], CLOSED, method)


@settings(max_examples=60, deadline=None)
@given(effects)
def test_reml_is_a_maximum_of_its_likelihood(rows):
    """No nearby tau2 has a higher restricted likelihood."""
    y, se = np.array(rows).T
    v = se**2
    tau2 = float(TAU2["reml"](y, v))

    def likelihood(t):
        w = 1 / (v + t)
        residuals = y - (w * y).sum() / w.sum()
        return -0.5 * (np.log(v + t).sum() + np.log(w.sum()) + (w * residuals**2).sum())

    for nearby in (tau2 * 0.999, tau2 * 1.001 + 1e-6):
        assert likelihood(tau2) >= likelihood(nearby) - EXACT


def test_the_highest_of_two_maxima_is_taken():
    """Of bcg's 8,178 subsets of two or more, three have a lower maximum that scoring alone would end at."""
    y, v = data("bcg")
    keep = ((np.arange(1, 2 ** len(y))[:, None] >> np.arange(len(y))) & 1).astype(float)
    keep, x = keep[keep.sum(1) > 1], np.ones((len(y), 1))
    found, first = reml(y, v, x, keep), _scoring(y, v, x, keep, _reml_step)
    other = np.flatnonzero(np.abs(found - first) > 1e-6)
    assert [np.flatnonzero(keep[i]).tolist() for i in other] == [
        [4, 6, 8, 10], [1, 4, 8, 10, 12], [0, 2, 4, 6, 8, 10, 11, 12],
    ]  # fmt: skip
    gained = _loglik(y, v, x, keep[other], found[other], restricted=True)
    gained -= _loglik(y, v, x, keep[other], first[other], restricted=True)
    assert gained == pytest.approx([0.02239, 0.00291, 0.02892], abs=1e-5)
    assert found[other].tolist() == [0.0, 0.0, 0.0]
    height = _loglik(y, v, x, keep, found, restricted=True)
    for value in (0.0, *np.geomspace(1e-4, 5, 60)):
        above = _loglik(y, v, x, keep, np.full(len(keep), value), restricted=True) - height
        assert above.max() < 1e-9, f"a higher likelihood stands at {value}"
