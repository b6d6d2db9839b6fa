"""Six patients, answers worked out on paper: survival, hazard ratio and its interaction in r = exp(beta).

Patients (months, event, marker):  1 event unaltered | 2 event altered | 3 censored unaltered |
                                   4 event altered   | 5 event unaltered | 6 censored altered
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.kernel.cox import CoxOptions, fit_cox

CLOSED = 1e-12  # answers in closed form
ITERATED = 1e-7  # the root of a score equation

MONTHS = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
EVENT = np.array([1, 1, 0, 1, 1, 0])
ALTERED = np.array([0, 1, 0, 1, 0, 1])


def cohort(months, event, altered, treated=None):
    """Return a cohort of a few patients with the marker X called."""
    index = pd.Index([f"p{i}" for i in range(len(months))], name="patient")
    endocrine = ["yes"] * len(months) if treated is None else ["yes" if t else "no" for t in treated]
    patients = pd.DataFrame(
        {"er": "positive", "endocrine": endocrine, "OS_months": months, "OS_event": np.asarray(event, float)},
        index=index,
    )
    made = tr.Cohort(
        name="hand", title="By hand", patients=patients, raw=patients, sources=(), endpoints=(tr.OS,),
        treatment_specificity="tamoxifen_confirmed", design="randomised",
    )  # fmt: skip
    values = pd.Series(np.where(altered, "altered", "unaltered"), index=index, dtype=object)
    return made.with_marker(
        tr.MarkerCall(marker="X", rule="hand", assay="none", reference="", definition="", values=values)
    )


def cox_by_hand():
    """The score equation of the six patients in r, the hazard ratio of altered v unaltered.

    Risk sets: t=1 all six (3 unaltered, 3 altered), an unaltered dies;  t=2 five (2, 3), an altered dies;
               t=4 three (1, 2), an altered dies;  t=5 two (1, 1), an unaltered dies.
    L(r) = 1/(3+3r) * r/(2+3r) * r/(1+2r) * 1/(1+r)
    d log L / d log r = 2 - 3r/(3+3r) - 3r/(2+3r) - 2r/(1+2r) - r/(1+r) = 0
    """
    low, high = 1e-6, 1e6
    for _ in range(200):
        r = math.sqrt(low * high)
        score = 2 - r / (1 + r) - 3 * r / (2 + 3 * r) - 2 * r / (1 + 2 * r) - r / (1 + r)
        low, high = (r, high) if score > 0 else (low, r)
    information = 2 * r / (1 + r) ** 2 + 6 * r / (2 + 3 * r) ** 2 + 2 * r / (1 + 2 * r) ** 2
    return r, information


def test_hazard_ratio():
    """The hazard ratio solves the score equation, and its SE is the root of the inverse information."""
    r, information = cox_by_hand()
    effect = tr.cox(tr.select(cohort(MONTHS, EVENT, ALTERED), marker="X", endpoint="OS")).effect
    assert effect.estimate == pytest.approx(r, rel=ITERATED)
    assert effect.se == pytest.approx(1 / math.sqrt(information), rel=ITERATED)
    assert (effect.n, effect.events, effect.n_1, effect.events_1) == (6, 4, 3, 2)


def test_person_years():
    """21 months are 1.75 person-years."""
    effect = tr.cox(tr.select(cohort(MONTHS, EVENT, ALTERED), marker="X", endpoint="OS")).effect
    assert effect.person_years == pytest.approx(1.75, rel=CLOSED)


def test_tied_events_by_efron_and_breslow():
    """Two ties at t=1 (one of each group, in four patients, two a group) and one event at t=2.

    Efron: the tied set is (2+2r)(2+2r - (1+r)/2) = (2+2r) * 3(1+r)/2; Breslow: (2+2r)^2; numerator r.
    At t=2 one of each group is left and the altered one dies: r/(1+r). L = r * r / ((1+r)^2 (1+r)) in both up to a
    constant, so d log L/d log r = 2 - 3r/(1+r) = 0 and r = 2; information 3r/(1+r)^2 = 2/3.
    """
    time, event, x = np.array([1.0, 1, 2, 3]), np.array([1, 1, 1, 0]), np.array([[0.0], [1], [1], [0]])
    for ties in ("efron", "breslow"):
        fit = fit_cox(time, event, x, options=CoxOptions(ties=ties))
        assert math.exp(fit.coefficients[0]) == pytest.approx(2, rel=ITERATED)
        assert fit.covariance[0, 0] == pytest.approx(1.5, rel=ITERATED)


def test_survival_curve_and_numbers_at_risk():
    """S: 5/6, 5/6 * 4/5 = 2/3, (censored at 3), 2/3 * 2/3 = 4/9, 4/9 * 1/2 = 2/9; at risk just before t.

    Greenwood at t=2: S^2 (1/(6*5) + 1/(5*4)) = 4/9 * (1/30 + 1/20) = 4/9 * 1/12 = 1/27.
    """
    curve = next(iter(tr.kaplan_meier(tr.select(cohort(MONTHS, EVENT, ALTERED), marker="X", endpoint="OS"), by=None)))
    np.testing.assert_allclose(
        curve.step("estimate", [0.5, 1, 2, 3, 4, 5, 9]), [1, 5 / 6, 2 / 3, 2 / 3, 4 / 9, 2 / 9, 2 / 9], rtol=CLOSED
    )
    np.testing.assert_array_equal(curve.at_risk([0, 1, 1.5, 3, 4, 6, 7]), [6, 6, 5, 4, 3, 1, 0])
    assert curve.step("se", [2])[0] == pytest.approx(math.sqrt(1 / 27), rel=CLOSED)


def test_log_log_interval():
    """At t=2: log(-log(2/3)) +- 1.96 * sqrt(1/12) / log(2/3)."""
    curve = next(iter(tr.kaplan_meier(tr.select(cohort(MONTHS, EVENT, ALTERED), marker="X", endpoint="OS"), by=None)))
    spread = 1.959963984540054 * math.sqrt(1 / 12) / math.log(2 / 3)
    centre = math.log(-math.log(2 / 3))
    limits = sorted(math.exp(-math.exp(centre + s * spread)) for s in (-1, 1))
    assert curve.step("ci_low", [2])[0] == pytest.approx(limits[0], rel=CLOSED)
    assert curve.step("ci_high", [2])[0] == pytest.approx(limits[1], rel=CLOSED)


def test_cumulative_incidence_with_a_competing_death():
    """Events at 1 and 4, a competing death at 2, the rest censored.

    I(1) = 1/6; S(2) = 4/6; I(4) = 1/6 + 4/6 * 1/3 = 7/18.
    """
    made = cohort(MONTHS, [0, 0, 0, 0, 0, 0], ALTERED)
    patients = made.patients.assign(BCSS_months=MONTHS, BCSS_event=[1.0, 2, 0, 1, 0, 0])
    made = tr.Cohort(
        name="hand", title="By hand", patients=patients, raw=patients, sources=(), endpoints=(tr.BCSS,),
        treatment_specificity="tamoxifen_confirmed",
    )  # fmt: skip
    curves = tr.cumulative_incidence(tr.select(made, endpoint="BCSS"), by=None)
    event = next(c for c in curves if c.cause == "BCSS")
    np.testing.assert_allclose(
        event.step("estimate", [1, 2, 3.5, 4, 6]), [1 / 6, 1 / 6, 1 / 6, 7 / 18, 7 / 18], rtol=CLOSED
    )


def test_standard_errors_from_print():
    """0.54 (0.36-0.81): SE .206874; 0.45 (0.24-0.81): .310311; O-E -5, V 20: HR exp(-1/4), SE 1/sqrt(20)."""
    assert tr.EffectEstimate.from_ci(0.54, 0.36, 0.81, study="s").se == pytest.approx(0.206874, abs=5e-7)
    assert tr.EffectEstimate.from_ci(0.45, 0.24, 0.81, study="s").se == pytest.approx(0.310311, abs=5e-7)
    peto = tr.EffectEstimate.from_oe_v(-5, 20, study="s")
    assert (peto.log_estimate, peto.se) == (-0.25, 1 / math.sqrt(20))


def test_common_effect_of_two_studies():
    """Log effects 0 and 1, variances 1 and 1/4: weights 1 and 4, mean 4/5, SE 1/sqrt(5), Q = .64 + 4 * .04 = .8."""
    effects = [tr.EffectEstimate(study=s, log_estimate=y, se=e) for s, y, e in (("a", 0.0, 1.0), ("b", 1.0, 0.5))]
    pooled = tr.pool(effects, tau2="common", ci="z")
    assert pooled.log_estimate == pytest.approx(0.8, rel=CLOSED)
    assert pooled.se == pytest.approx(1 / math.sqrt(5), rel=CLOSED)
    assert pooled.q == pytest.approx(0.8, rel=CLOSED)
