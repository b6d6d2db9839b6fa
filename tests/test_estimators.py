"""What must hold of every estimator: order, names, copies, units of time and the marker's levels.

One table of estimators, each with what it gives as numbers and how these answer to a change of the data.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.kernel.cox import fit_cox
from tamoxres.models.treatment import treatment_effect

ITERATED = 2e-6  # two fits of one likelihood
CLOSED = 1e-9


def patients(seed=1, n=160, competing=False):
    """Make patients with a marker, both arms, a covariate, ties, and deaths of other causes where they compete."""
    rng = np.random.default_rng(seed)
    altered, treated, age = rng.random(n) < 0.4, rng.random(n) < 0.5, rng.normal(60, 10, n).round()
    months = np.ceil(rng.exponential(60 / np.exp(0.5 * altered - 0.4 * treated + 0.02 * (age - 60)))) + 1
    end = np.ceil(rng.uniform(20, 150, n))
    event = (months <= end).astype(float)
    other = np.where((rng.random(n) < 0.25) & (event == 1), 1.0, 0.0) if competing else np.zeros(n)
    return pd.DataFrame(
        {
            "patient": [f"P{i:03d}" for i in range(n)], "er": "positive", "tam": np.where(treated, "y", "n"),
            "x": np.where(altered, "alt", "un"), "age": age, "months": np.minimum(months, end),
            "state": np.where(other == 1, 2, event),
        }
    )  # fmt: skip


def analysis(frame, *, both=True, unit="months"):
    """Select the patients of a frame, of both arms or the treated."""
    made = tr.from_frame(
        frame, patient="patient", time="months", unit=unit, endpoint="BCSS",
        event={"from": "state", "event": [1], "competing": [2], "censored": [0]},
        treatment={"from": "tam", "yes": ["y"], "no": ["n"]},
        columns={"er": {"from": "er", "positive": ["positive"], "negative": ["n"]}, "age": "age"},
        markers={"X": {"from": "x", "altered": ["alt"], "unaltered": ["un"]}},
    )  # fmt: skip
    return tr.select(tr.call(made, "X"), marker="X", endpoint="BCSS", treatment="any" if both else "endocrine")


@dataclass(frozen=True)
class Estimator:
    """What an estimator gives of an analysis set, and how its numbers behave.

    Attributes
    ----------
    numbers : callable
        Point estimates on the scale where swapping the marker changes their sign.
    errors : callable or None
        Standard errors, which shrink by root 2 where every patient stands twice.
    both : bool
        Whether it takes both arms.
    per_time : float
        Power of the unit of time in its numbers.
    swaps : bool
        Whether swapping the marker's levels turns the sign.
    close : float
    """

    numbers: Callable
    errors: Callable | None
    both: bool = False
    per_time: float = 0.0
    swaps: bool = True
    close: float = ITERATED


def of_rows(rows):
    return np.array([row.point for row in rows], float)


def errors_of(rows):
    return np.array([row.se for row in rows], float)


def by_rows(make, **how):
    """Make an estimator of what gives effect rows."""
    return Estimator(lambda a: of_rows(make(a)), lambda a: errors_of(make(a)), **how)


HORIZON = 36.0
ESTIMATORS = {
    "cox": by_rows(lambda a: [tr.cox(a).effect]),
    "cox, adjusted": by_rows(lambda a: [tr.cox(a, adjust="age").effect]),
    "cox, Breslow": by_rows(lambda a: [tr.cox(a, ties="breslow").effect]),
    "cox, stratified": by_rows(lambda a: [tr.cox(a, strata="treatment").effect], both=True),
    "treatment effect": by_rows(lambda a: [treatment_effect(a).effect], both=True, swaps=False),
    "interaction": by_rows(lambda a: [tr.interaction(a).ratio], both=True),
    "Fine-Gray": by_rows(lambda a: [tr.fine_gray(a).effect]),
    "Weibull": by_rows(lambda a: [tr.parametric(a, distribution="weibull").effect]),
    "years 0-2, and after": by_rows(lambda a: tr.time_split(a, cuts=24.0).effects, close=1e-5),
    "spline": Estimator(lambda a: np.array([tr.spline(a, "age").p_value]), None, swaps=False, close=1e-5),
    "proportional hazards": Estimator(
        lambda a: np.array([tr.proportional_test(tr.cox(a, adjust="age")).p_value()]), None, swaps=False, close=1e-5
    ),
    "standardised": Estimator(
        lambda a: of_rows(tr.absolute_effects(a, adjust="age", times=HORIZON).effects[:1]), None, both=True,
        close=1e-5,
    ),
    "RERI": Estimator(
        lambda a: np.array([tr.additive_interaction(a, horizon=HORIZON).effect.point]), None, both=True,
        close=1e-5,
    ),
    "restricted mean": by_rows(lambda a: [tr.rmst(a, horizon=HORIZON).effect], per_time=1.0, close=CLOSED),
    "restricted time lost": by_rows(lambda a: [tr.rmtl(a, horizon=HORIZON).effect], per_time=1.0, close=CLOSED),
    "risk difference": by_rows(lambda a: [tr.risk_difference(a, times=HORIZON).effect], close=CLOSED),
    "Firth": Estimator(lambda a: of_rows([tr.firth(a).effect]), None, both=True),
    "log-rank": Estimator(
        lambda a: np.array([tr.logrank(a).statistic]), None, swaps=False, close=CLOSED,
    ),
    "Gray": Estimator(lambda a: np.array([tr.gray_test(a).statistic]), None, swaps=False, close=CLOSED),
    "Kaplan-Meier": Estimator(
        lambda a: np.concatenate([c.step("estimate", [12.0, 36.0, 60.0]) for c in tr.kaplan_meier(a, by="treatment")]),
        lambda a: np.concatenate([c.step("se", [12.0, 36.0, 60.0]) for c in tr.kaplan_meier(a, by="treatment")]),
        both=True, swaps=False, close=CLOSED,
    ),
    "Aalen-Johansen": Estimator(
        lambda a: np.array([c.step("estimate", [36.0])[0] for c in tr.cumulative_incidence(a, by="treatment")]),
        None, both=True, swaps=False, close=CLOSED,
    ),
    "event rates": Estimator(
        lambda a: np.array([r.rate for r in tr.event_rates(a, by="treatment").rates]), None, both=True, per_time=-1.0,
        swaps=False, close=CLOSED,
    ),
    "median follow-up": Estimator(
        lambda a: np.array([tr.follow_up(a).median]), None, per_time=1.0, swaps=False, close=CLOSED
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def frame():
    """Patients of whom some die of other causes."""
    return patients(5, competing=True)


@pytest.fixture(params=ESTIMATORS)
def one(request):
    """One estimator."""
    return ESTIMATORS[request.param]


def same(found, wanted, close):
    np.testing.assert_allclose(found, wanted, rtol=close, atol=close)


def test_the_order_and_the_names_of_patients_change_nothing(frame, one):
    """Shuffled, renamed patients give the same numbers and errors, and numbers at all."""
    before = analysis(frame, both=one.both)
    shuffled = frame.sample(frac=1, random_state=3).assign(patient=[f"Q{i}" for i in range(len(frame))])
    after = analysis(shuffled, both=one.both)
    wanted = one.numbers(before)
    assert wanted.size > 0
    assert np.isfinite(wanted).all()
    assert (wanted != 0).any()
    same(one.numbers(after), wanted, one.close)
    if one.errors is not None:
        assert (one.errors(before) > 0).all()
        same(one.errors(after), one.errors(before), one.close)


def test_another_unit_of_time_is_another_unit_alone(frame, one):
    """Months told as days give the same ratios and shares; times and rates are told per month again."""
    days = frame.assign(months=frame["months"] * 365.25 / 12)
    before, after = analysis(frame, both=one.both), analysis(days, both=one.both, unit="days")
    same(one.numbers(after), one.numbers(before), max(one.close, 1e-7))
    if one.errors is not None:
        same(one.errors(after), one.errors(before), max(one.close, 1e-7))


WITHOUT_HORIZON = [name for name, one in ESTIMATORS.items() if one.per_time or one.close == ITERATED]
SCALED = {
    "restricted mean": lambda a, unit: of_rows([tr.rmst(a, horizon=HORIZON * unit).effect]) / unit,
    "restricted time lost": lambda a, unit: of_rows([tr.rmtl(a, horizon=HORIZON * unit).effect]) / unit,
    "risk difference": lambda a, unit: of_rows([tr.risk_difference(a, times=HORIZON * unit).effect]),
    "Kaplan-Meier": lambda a, unit: np.array([c.step("estimate", [HORIZON * unit])[0] for c in tr.kaplan_meier(a)]),
    "median": lambda a, unit: np.array([c.quantile(0.3)[0] for c in tr.kaplan_meier(a)]) / unit,
}


@pytest.mark.parametrize("name", [name for name in WITHOUT_HORIZON if not name.startswith("restricted")])
def test_slower_time_scales_what_is_told_in_time(frame, name):
    """Everybody twice as slow: ratios stay, times double, rates halve."""
    one, slow = ESTIMATORS[name], frame.assign(months=frame["months"] * 2)
    before, after = (one.numbers(analysis(each, both=one.both)) for each in (frame, slow))
    same(after, before * 2.0**one.per_time, one.close)
    assert not np.array_equal(after, 0 * before)


@pytest.mark.parametrize("name", SCALED)
def test_slower_time_looked_at_later(frame, name):
    """Everybody twice as slow and the horizon twice as late: shares stay, and means double."""
    take, slow = SCALED[name], frame.assign(months=frame["months"] * 2)
    before, after = take(analysis(frame, both=False), 1.0), take(analysis(slow, both=False), 2.0)
    assert np.isfinite(before).all()
    same(after, before, 1e-9)
    assert not np.allclose(take(analysis(slow, both=False), 1.0), before, rtol=1e-3)


def test_swapping_the_levels_of_the_marker_turns_the_sign(frame, one):
    """Altered for unaltered: contrasts of the marker turn round with the same error, all else stays."""
    swapped = frame.assign(x=frame["x"].map({"alt": "un", "un": "alt"}))
    before, after = analysis(frame, both=one.both), analysis(swapped, both=one.both)
    same(one.numbers(after), (-1 if one.swaps else 1) * one.numbers(before), one.close)
    if one.errors is not None:
        same(one.errors(after), one.errors(before), one.close)


@pytest.mark.parametrize("name", ["cox, Breslow", "Weibull", "Kaplan-Meier", "event rates", "restricted mean"])
def test_everybody_twice_is_the_same_with_less_error(frame, name):
    """Two copies of each patient: the same estimate, the error smaller by root 2 (within what ties and n - 1 allow)."""
    one = ESTIMATORS[name]
    twice = pd.concat([frame, frame.assign(patient=frame["patient"] + "b")])
    before, after = analysis(frame, both=one.both), analysis(twice, both=one.both)
    assert after.n == 2 * before.n
    same(one.numbers(after), one.numbers(before), one.close)
    if one.errors is not None:
        ratio = one.errors(after) / one.errors(before)
        np.testing.assert_allclose(ratio, math.sqrt(0.5), rtol=0.01)


def test_a_patient_split_in_two_spells_counts_once():
    """One who is followed in two pieces, the second entered late, adds what one who is followed in one piece adds."""
    rng = np.random.default_rng(2)
    time, event = rng.permutation(np.arange(1.0, 41)), (rng.random(40) < 0.6).astype(int)
    x = rng.normal(size=(40, 2))
    whole = fit_cox(time, event, x)
    cut = np.minimum(time / 2, 9.5)
    pieces = fit_cox(
        np.concatenate([cut, time]), np.concatenate([np.zeros(40, int), event]), np.vstack([x, x]),
        entry=np.concatenate([np.zeros(40), cut]),
    )  # fmt: skip
    assert np.allclose(pieces.coefficients, whole.coefficients, atol=1e-8)
    assert np.allclose(pieces.covariance, whole.covariance, rtol=1e-6)
    assert pieces.loglik == pytest.approx(whole.loglik, abs=1e-8)
