"""The numerical kernel on arrays: what every fit, residual, interval, resample and curve must satisfy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tamoxres.errors import AnalysisError
from tamoxres.kernel import residuals
from tamoxres.kernel.batch import fit_genes, plan_genes
from tamoxres.kernel.corrected import FollowUp, Versions, corrected_score, fit_corrected, version_weights
from tamoxres.kernel.cox import CoxOptions, fit_cox
from tamoxres.kernel.curve_to_patients import falling, patients_of, product_limit
from tamoxres.kernel.newton import independent, inverse
from tamoxres.kernel.predict_v21 import cancer_hazard, death_risk, other_hazard, prognostic_index
from tamoxres.kernel.profile import profile_interval, profile_loglik
from tamoxres.kernel.proportional import score_test, transform_times
from tamoxres.kernel.resample import bootstrap, refit
from tamoxres.kernel.risksets import make_risk_sets

ITERATED = 1e-7
CLOSED = 1e-9
N = 60
DRAW = np.random.default_rng(8)
X = np.column_stack([DRAW.random(N) < 0.5, DRAW.normal(60, 9, N)]).astype(float)
TIME = np.ceil(DRAW.exponential(40 / np.exp(0.6 * X[:, 0] + 0.01 * (X[:, 1] - 60)))) + 1
EVENT = (DRAW.random(N) < 0.75).astype(int)
EVENT[:6] = 1
STRATA = (DRAW.random(N) < 0.5).astype(int)
ENTRY = np.where(TIME > 12, 6.0, 0.0)
WEIGHTS = DRAW.uniform(0.5, 2.0, N)
KINDS = {"plain": {}, "strata": {"strata": STRATA}, "entry": {"entry": ENTRY}, "weights": {"weights": WEIGHTS}}
MIXED = DRAW.permutation(N)


def near(value, close=ITERATED):
    return pytest.approx(value, abs=close)


def fitted(kind="plain", ties="efron", rows=slice(None), time=TIME, x=X):
    parts = {name: value[rows] for name, value in KINDS[kind].items()}
    return fit_cox(time[rows], EVENT[rows], x[rows], options=CoxOptions(ties=ties), **parts)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("kind", KINDS)
def test_fit(kind, ties):
    """Order, monotone time, names of strata and centred columns change nothing; scaled columns scale."""
    one, mixed = fitted(kind, ties), fitted(kind, ties, rows=MIXED)
    assert mixed.coefficients == near(one.coefficients)
    assert mixed.covariance == near(one.covariance)
    assert mixed.loglik == near(one.loglik)
    assert mixed.loglik_null == near(one.loglik_null)
    moved = fitted(kind, ties, x=X + np.array([3.0, -60.0]))
    assert moved.coefficients == near(one.coefficients)
    assert moved.loglik == near(one.loglik)
    scaled = fitted(kind, ties, x=X * [1.0, 12.0])
    assert scaled.coefficients == near(one.coefficients / [1, 12])
    assert scaled.se == near(one.se / [1, 12])
    turned = fitted(kind, ties, x=np.column_stack([1 - X[:, 0], X[:, 1]]))
    assert turned.coefficients == near(one.coefficients * [-1, 1])
    assert turned.covariance[0, 1] == near(-one.covariance[0, 1])
    joined = fitted(kind, ties, x=np.column_stack([X[:, 0], X[:, 1] + 5 * X[:, 0]]))
    assert joined.coefficients[0] == near(one.coefficients[0] - 5 * one.coefficients[1])
    assert joined.loglik == near(one.loglik)
    assert one.loglik >= one.loglik_null
    assert one.information @ one.covariance == near(np.eye(2), 1e-9)
    assert one.se == near(np.sqrt(np.diag(one.covariance)), CLOSED)
    assert one.linear_predictor - X @ one.coefficients == near(
        np.full(N, (one.linear_predictor - X @ one.coefficients)[0])
    )
    assert (one.n, one.n_events, one.flags, one.converged) == (N, EVENT.sum(), (), True)
    assert one.estimable.all()
    assert not one.separated.any()
    if kind != "entry":
        assert fitted(kind, ties, time=TIME**2).coefficients == near(one.coefficients)
        assert fitted(kind, ties, time=np.log(TIME)).loglik == near(one.loglik)
    offset = CoxOptions(ties=ties, offset=0.5 * X[:, 0])
    held = fit_cox(TIME, EVENT, X, options=offset, **KINDS[kind])
    assert held.coefficients == near(one.coefficients - [0.5, 0])
    assert held.loglik == near(one.loglik)
    started = fit_cox(TIME, EVENT, X, options=CoxOptions(ties=ties, start=one.coefficients), **KINDS[kind])
    assert started.coefficients == near(one.coefficients)
    assert started.iterations <= one.iterations


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("kind", KINDS)
def test_residuals(kind, ties):
    """Residuals sum to what they must, follow their patients, and give back information and sandwich."""
    one, mixed = fitted(kind, ties), fitted(kind, ties, rows=MIXED)
    weights = one.risk_sets.weights
    martingale, score = residuals.martingale_residuals(one), residuals.score_residuals(one)
    assert (weights * martingale).sum() == near(0.0)
    assert weights @ score == near([0.0, 0.0], 1e-6)
    assert (martingale <= 1 + 1e-9).all()
    assert residuals.martingale_residuals(mixed) == near(martingale[MIXED])
    assert residuals.score_residuals(mixed) == near(score[MIXED], 1e-6)
    times, schoenfeld = residuals.schoenfeld_residuals(one)
    assert schoenfeld.shape == (EVENT.sum(), 2)
    assert sorted(times) == sorted(TIME[EVENT == 1])
    if kind != "weights":
        assert schoenfeld.sum(axis=0) == near([0.0, 0.0], 1e-6)
    change = residuals.dfbeta_residuals(one)
    assert change == near((score * weights[:, None]) @ one.covariance, CLOSED)
    assert residuals.robust_covariance(one) == near(change.T @ change, CLOSED)
    by_patient = residuals.robust_covariance(one, np.arange(N))
    assert by_patient == near(residuals.robust_covariance(one), CLOSED)
    pairs = residuals.robust_covariance(one, np.arange(N) // 2)
    together = change[::2] + change[1::2]
    assert pairs == near(together.T @ together, CLOSED)
    parts = residuals.score_residual_parts(one)
    assert parts.information(np.ones(len(parts.time))) == near(one.information, 1e-5)
    assert parts.counts.sum() == EVENT.sum()
    assert parts.schoenfeld.sum(axis=0) == near([0.0, 0.0], 1e-6)
    hazard = residuals.baseline_hazard(one)
    assert (hazard.increment >= 0).all()
    at_mean = residuals.baseline_hazard(one, at=X.mean(axis=0))
    ratio = math.exp(float(X.mean(axis=0) @ one.coefficients))
    assert at_mean.increment == near(ratio * hazard.increment, 1e-8)
    for stratum in np.unique(hazard.stratum):
        own = hazard.stratum == stratum
        assert hazard.cumulative[own] == near(np.cumsum(hazard.increment[own]), CLOSED)
        assert (np.diff(hazard.time[own]) > 0).all()
    if kind == "plain" and ties == "breslow":
        expected = np.concatenate([[0.0], at_mean.cumulative])[np.searchsorted(at_mean.time, TIME, side="right")]
        risk = np.exp((X - X.mean(axis=0)) @ one.coefficients)
        assert martingale == near(EVENT - expected * risk, 1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_profile(ties):
    """The likelihood falls by the same amount at either limit; a turned column turns the interval."""
    one = fitted("plain", ties)
    turned = fitted("plain", ties, x=np.column_stack([1 - X[:, 0], X[:, 1]]))
    interval, back = profile_interval(one, 0), profile_interval(turned, 0)
    assert (back.low, back.high) == near((-interval.high, -interval.low), 1e-5)
    fall = 3.841458821 / 2
    assert profile_loglik(one, 0, interval.low) == near(one.loglik - fall, 1e-5)
    assert profile_loglik(one, 0, interval.high) == near(one.loglik - fall, 1e-5)
    assert profile_loglik(one, 0, float(one.coefficients[0])) == near(one.loglik)
    narrow = profile_interval(one, 0, 0.5)
    assert interval.low < narrow.low < one.coefficients[0] < narrow.high < interval.high
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * one.se[0], rel=0.1)
    assert profile_loglik(one, 0, 0.0) == near(fit_cox(TIME, EVENT, X[:, 1:], options=CoxOptions(ties=ties)).loglik)
    apart = fit_cox(np.arange(1.0, 7), np.array([1, 1, 1, 1, 0, 0]), np.array([[1.0], [1], [1], [1], [0], [0]]))
    open_ended = profile_interval(apart, 0)
    assert open_ended.high == math.inf
    assert math.isfinite(open_ended.low)


def test_resamples():
    """Everybody once is the fit, everybody twice has root-2 errors, and a seed is a seed."""
    one = fitted()
    same = refit(one, np.ones((1, N), int))
    assert same.coefficients[0] == near(one.coefficients, 1e-6)
    assert same.failed == 0
    doubled = refit(fitted(ties="breslow"), np.full((1, N), 2))
    assert doubled.coefficients[0] == near(fitted(ties="breslow").coefficients, 1e-6)
    counts = np.ones((1, N), int)
    counts[0, 7] = 0
    without = refit(one, counts).coefficients[0]
    assert without == near(fit_cox(np.delete(TIME, 7), np.delete(EVENT, 7), np.delete(X, 7, axis=0)).coefficients, 1e-5)
    assert one.coefficients - without == near(residuals.dfbeta_residuals(one)[7], 0.05)
    drawn, again, other = (bootstrap(one, 20, seed=seed) for seed in (1, 1, 2))
    assert drawn.coefficients.tolist() == again.coefficients.tolist()
    assert drawn.coefficients.tolist() != other.coefficients.tolist()
    assert drawn.coefficients.shape == (20, 2)
    pairs = bootstrap(one, 5, seed=1, cluster=np.arange(N) // 2)
    assert pairs.coefficients.shape == (5, 2)
    assert np.isfinite(pairs.coefficients).all()


def test_genes_at_once():
    """A block of genes is so many single fits, in any order, by either engine; missing values leave their gene only."""
    genes = DRAW.normal(size=(5, N))
    sets = make_risk_sets(TIME, EVENT)
    plan = plan_genes(sets, X, modifier=0)
    one, other = fit_genes(plan, genes), fit_genes(plan, genes, engine="numpy")
    assert other.coefficients == near(one.coefficients)
    assert other.covariance == near(one.covariance)
    assert fit_genes(plan, genes[::-1]).coefficients == near(one.coefficients[::-1])
    for g in range(5):
        x = np.column_stack([X, genes[g], genes[g] * X[:, 0]])
        alone = fit_cox(TIME, EVENT, x)
        assert one.coefficients[g] == near(alone.coefficients, 1e-6)
        assert one.loglik[g] == near(alone.loglik, 1e-6)
        assert one.covariance[g][-1, -1] == near(alone.covariance[-1, -1], 1e-6)
    moved = fit_genes(plan, 2 * genes + 3)
    assert moved.coefficients[:, -1] == near(one.coefficients[:, -1] / 2)
    assert moved.loglik == near(one.loglik)
    holes = genes.copy()
    holes[2, 5] = np.nan
    some = fit_genes(plan, holes)
    assert some.coefficients[[0, 1, 3, 4]] == near(one.coefficients[[0, 1, 3, 4]])
    assert some.n[2] == N - 1
    plain = fit_genes(plan_genes(sets, X), genes, nested=False)
    assert plain.coefficients.shape == (5, 3)
    with pytest.raises(AnalysisError, match=r"Unknown engine 'cuda'\. Use one of numba, numpy"):
        fit_genes(plan, genes, engine="cuda")


def test_test_of_proportional_hazards():
    """A term's statistic knows neither its unit nor its neighbours' order; time enters by its transform alone."""
    one = fitted()
    parts = residuals.score_residual_parts(one)
    g = transform_times("km", parts.time, time=TIME, event=EVENT)
    test = score_test(parts, g, [[0], [1]])
    assert score_test(parts, 5 * g + 3, [[0], [1]]).chisq == near(test.chisq, 1e-8)
    assert score_test(parts, -g, [[0], [1]]).chisq == near(test.chisq, 1e-8)
    assert score_test(parts, g, [[1], [0]]).chisq[:2] == near(test.chisq[[1, 0]], 1e-8)
    scaled = residuals.score_residual_parts(fitted(x=X * [1, 12] + [0, 5]))
    assert score_test(scaled, g, [[0], [1]]).chisq == near(test.chisq, 1e-6)
    assert test.df.tolist() == [1, 1, 2]
    assert test.p[:2] == near([math.erfc(math.sqrt(each / 2)) for each in test.chisq[:2]], 1e-9)
    assert test.p[2] == near(math.exp(-test.chisq[2] / 2), 1e-9)
    both = score_test(parts, g, [[0, 1]])
    assert both.chisq[0] == near(both.chisq[-1], 1e-8)
    assert test.chisq[-1] == near(both.chisq[-1], 1e-8)
    for name in ("km", "rank"):
        later = transform_times(name, parts.time**2, time=TIME**2, event=EVENT)
        assert later == near(transform_times(name, parts.time, time=TIME, event=EVENT), CLOSED), name
    assert transform_times("identity", parts.time, time=TIME, event=EVENT).tolist() == parts.time.tolist()
    assert transform_times("log", parts.time, time=TIME, event=EVENT) == near(np.log(parts.time), CLOSED)
    assert (np.diff(g) >= 0).all()
    assert 0 <= g.min() <= g.max() < 1


def test_corrected_likelihood():
    """With no error the correction is a Breslow fit; exchanged levels exchange sensitivity and specificity."""
    altered = X[:, 0] == 1
    follow_up = FollowUp(TIME, EVENT, np.full(N, -np.inf), np.zeros(N, int))

    def versions(sensitivity, specificity, status):
        two = np.stack([np.column_stack([np.full(N, level), X[:, 1] - 60]) for level in (0.0, 1.0)])
        return Versions(two, version_weights(status, sensitivity, specificity))

    exact = fit_corrected(follow_up, versions(1.0, 1.0, altered))
    plain = fitted(ties="breslow")
    assert exact.coefficients == near(plain.coefficients, 1e-6)
    assert np.sqrt(np.diag(exact.covariance)) == near(np.sqrt(np.diag(residuals.robust_covariance(plain))), 1e-5)
    one = fit_corrected(follow_up, versions(0.95, 0.9, altered))
    back = fit_corrected(follow_up, versions(0.9, 0.95, ~altered))
    assert back.coefficients == near(one.coefficients * [-1, 1], 1e-6)
    assert np.diag(back.covariance) == near(np.diag(one.covariance), 1e-6)
    assert corrected_score(follow_up, versions(0.95, 0.9, altered), one.coefficients) == near([0, 0], 1e-5)
    assert abs(one.coefficients[0]) > abs(exact.coefficients[0])
    weight = version_weights(altered, 0.95, 0.9)
    assert weight.sum(axis=0) == near(np.ones(N), CLOSED)
    assert version_weights(~altered, 0.9, 0.95)[::-1] == near(weight, CLOSED)
    assert version_weights(altered, 1.0, 1.0)[1].tolist() == altered.astype(float).tolist()
    # whoever is called altered so often as the truth has it: the mean weight is 1 for the altered, 0 for the others
    called = weight[1][altered][0], weight[1][~altered][0]
    assert 0.95 * called[0] + 0.05 * called[1] == near(1.0, CLOSED)
    assert 0.1 * called[0] + 0.9 * called[1] == near(0.0, CLOSED)


def test_curves_back_to_patients():
    """Patients made of a curve have that curve, in whatever unit of time; the nearest falling values are idempotent."""
    values = np.array([1.0, 0.8, 0.9, 0.5, 0.55, 0.2])
    fallen = falling(values)
    assert (np.diff(fallen) <= 0).all()
    assert falling(fallen) == near(fallen, CLOSED)
    assert fallen.sum() == near(values.sum(), CLOSED)
    assert falling(2 * values - 1) == near(2 * fallen - 1, CLOSED)
    assert falling(np.array([0.9, 0.7, 0.1])).tolist() == [0.9, 0.7, 0.1]
    curve = product_limit(TIME, EVENT, np.unique(TIME))
    assert product_limit(TIME[MIXED], EVENT[MIXED], np.unique(TIME)) == near(curve, CLOSED)
    assert product_limit(3 * TIME, EVENT, 3 * np.unique(TIME)) == near(curve, CLOSED)
    assert product_limit(np.repeat(TIME, 2), np.repeat(EVENT, 2), np.unique(TIME)) == near(curve, CLOSED)
    assert product_limit(TIME, EVENT, np.array([0.0])).tolist() == [1.0]
    at = np.arange(0.0, 61, 3)
    steps = product_limit(TIME, EVENT, at)
    marks = np.array([0.0, 20, 40])
    left = np.array([(mark <= TIME).sum() for mark in marks])
    made = patients_of(at, steps, marks, left)
    slow = patients_of(2 * at, steps, 2 * marks, left)
    assert len(made.time) == N
    assert made.event.sum() == slow.event.sum()
    assert slow.time == near(2 * made.time, 1e-6)
    assert np.abs(product_limit(made.time, made.event, at) - steps).max() < 0.03
    assert [(made.time >= mark).sum() for mark in marks] == pytest.approx(left.tolist(), abs=1)


def test_linear_algebra():
    """Columns that add nothing are found in order; an inverse is one, and of lost rank the best there is."""
    a = DRAW.normal(size=(30, 3))
    gram = a.T @ a
    assert inverse(gram) @ gram == near(np.eye(3), 1e-9)
    assert inverse(4 * gram) == near(inverse(gram) / 4, 1e-12)
    twice = np.column_stack([a, a[:, 0] + a[:, 1]])
    lost = twice.T @ twice
    assert independent(lost, 30.0).tolist() == [True, True, True, False]
    order = [3, 0, 1, 2]
    assert independent(lost[np.ix_(order, order)], 30.0).tolist() == [True, True, False, True]
    assert independent(gram, 30.0).all()
    assert not independent(np.zeros((2, 2)), 30.0).any()


def test_predict():
    """Risk rises with age, size, nodes and grade, and by the year; deaths of both causes are more than of one."""
    er = np.array([True, True, False])
    base = prognostic_index(er, np.full(3, 60.0), np.full(3, 20.0), np.full(3, 2.0), np.full(3, 2.0))
    larger = prognostic_index(er, np.full(3, 60.0), np.full(3, 30.0), np.full(3, 2.0), np.full(3, 2.0))
    spread = prognostic_index(er, np.full(3, 60.0), np.full(3, 20.0), np.full(3, 6.0), np.full(3, 2.0))
    worse = prognostic_index(er, np.full(3, 60.0), np.full(3, 20.0), np.full(3, 2.0), np.full(3, 3.0))
    assert (larger > base).all()
    assert (spread > base).all()
    assert (worse >= base).all()
    assert base[0] == base[1] != base[2]
    early, late = (cancer_hazard(er, base, np.full(3, years)) for years in (5.0, 10.0))
    assert (late > early).all()
    assert cancer_hazard(er, base + 1, np.full(3, 5.0)) == near(math.e * early, 1e-9)
    assert (other_hazard(np.full(3, 80.0), np.full(3, 5.0)) > other_hazard(np.full(3, 50.0), np.full(3, 5.0))).all()
    cancer, any_cause = death_risk(er, base, np.full(3, 60.0), 10)
    assert (cancer > 0).all()
    assert (any_cause > cancer).all()
    assert (any_cause < 1).all()
    assert (death_risk(er, base, np.full(3, 60.0), 15)[0] > cancer).all()
