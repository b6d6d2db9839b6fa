"""Simulated cohorts: they hold what their truth says, are marked as simulated, and refuse what makes no sense."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.errors import QuestionError
from tamoxres.synthetic import Truth, _cumulative, _inverse, cancer_hazard, draw_people, other_hazard

# An estimate from 20,000 patients lies within this many of its standard errors of the truth.
ERRORS = 3.5
EXACT = 1e-12

ADJUST = ("age", "grade", "nodes")


def both(cohort, endpoint=tr.BCSS):
    """Both arms of a simulated cohort."""
    return tr.select(cohort, marker="MARKER", endpoint=endpoint, er="any", treatment="any")


@pytest.mark.parametrize("baseline", ["weibull", "gompertz"])
def test_the_hazard_ratios_are_those_of_the_truth(baseline):
    """Marker, treatment, their ratio and the covariates, however the treated were chosen."""
    truth = Truth(ratio=1.6, confounding=0.8, hr_age=1.3, baseline=baseline, shape=1.3, scale=300.0)
    found = tr.interaction(both(tr.simulate(20_000, truth=truth, seed=3)), adjust=ADJUST, engine="kernel")
    wanted = {
        "treatment": 0.6, "marker": 1.5, "treatment:marker": 1.6, "age": 1.3**0.1, "grade": 1.4, "nodes": 1.06,
    }  # fmt: skip
    for row, value in zip(found.model.effects, wanted.values(), strict=True):
        assert abs(row.log_estimate - math.log(value)) < ERRORS * row.se, row.term
    crude = found.crude.treatment_unaltered
    assert crude.log_estimate - math.log(0.6) > ERRORS * crude.se, "those at risk are treated"


def test_the_cumulative_incidences_are_those_of_the_truth():
    """Aalen-Johansen of 20,000 patients is the integral of the cause-specific hazards over their covariates."""
    truth = Truth(hr_marker=2.0, late=0.5, scale=300.0)
    a = both(tr.simulate(20_000, truth=truth, seed=5))
    people = draw_people(np.random.default_rng(1), 20_000, truth)
    months = np.arange(0.0, 180.5, 0.5)
    cancer = np.stack([cancer_hazard(people, truth, t) for t in months])
    alive = np.exp(-cancer - np.stack([other_hazard(people, truth, t) for t in months]))
    risk = np.cumsum((np.diff(cancer, axis=0) * (alive[1:] + alive[:-1]) / 2), axis=0).mean(axis=1)
    table = tr.cumulative_incidence(a, by=None).at([60.0, 120.0, 180.0])
    for row in table[table["cause"] == table["cause"].iloc[0]].itertuples():
        assert abs(row.estimate - risk[int(2 * row.time) - 1]) < ERRORS * 1.5 * row.se, row.time


def test_a_marker_whose_effect_changes():
    """The hazard ratio is 2 in the first 60 months and 1 after."""
    a = both(tr.simulate(20_000, truth=Truth(hr_marker=2.0, late=0.5, scale=300.0), seed=8))
    early, late = tr.time_split(a, cuts=[60], adjust=["treatment", *ADJUST]).effects
    assert abs(early.log_estimate - math.log(2.0)) < ERRORS * early.se
    assert abs(late.log_estimate) < ERRORS * late.se


def test_genes_modify_the_treatment():
    """A gene's ratio of hazard ratios per standard deviation is that of the truth; genes have unit variance."""
    made = tr.simulate(20_000, truth=Truth(gene_ratio={"GENE0002": 1.5}, scale=300.0), genes=40, seed=2)
    found = tr.screen(tr.select(made, endpoint=tr.BCSS, er="any", treatment="any"), adjust=ADJUST)
    assert found.top(1)["gene"].tolist() == ["GENE0002"]
    row = found.top(1).iloc[0]
    assert abs(row["log_hr"] - math.log(1.5)) < ERRORS * row["se"]
    values = made.profile("mrna").values(["GENE0001", "GENE0021", "GENE0003"])
    np.testing.assert_allclose(values.std(), 1.0, atol=0.03)
    correlation = values.corr().to_numpy()
    assert correlation[0, 1] == pytest.approx(0.16, abs=0.03), "one module"
    assert correlation[0, 2] == pytest.approx(0.0, abs=0.03)


def test_what_is_unknown():
    """Grade is unknown with the odds of the truth, more often in those who died of breast cancer."""
    patients = tr.simulate(20_000, truth=Truth(missing=0.2, missing_odds=3.0), seed=4).patients
    died = patients["BCSS_event"] == 1
    unknown = patients["grade"].isna()
    assert unknown[~died].mean() == pytest.approx(0.2, abs=0.01)
    assert unknown[died].mean() == pytest.approx(3 * 0.25 / (1 + 3 * 0.25), abs=0.02)


def test_it_says_that_it_is_simulated():
    """Every row, sentence and source of a simulated cohort says so; the same seed makes the same patients."""
    made = tr.simulate(300, truth=Truth(scale=100.0), seed=1)
    assert tr.cox(both(made)).effect.simulated
    assert made.notes == ("Simulated: these are no patients.",)
    assert "Simulated" in str(made)
    assert made.patients.equals(tr.simulate(300, truth=Truth(scale=100.0), seed=1).patients)
    assert not made.patients.equals(tr.simulate(300, truth=Truth(scale=100.0), seed=2).patients)
    assert made.design == "randomised"
    assert tr.simulate(300, truth=Truth(confounding=1.0), seed=1).design == "observational"


@pytest.mark.parametrize("truth", [Truth(), Truth(baseline="gompertz"), Truth(baseline="gompertz", shape=1.0),
                                   Truth(baseline="gompertz", shape=0.8)])  # fmt: skip
def test_the_inverse_of_the_hazard(truth):
    """Months, their cumulative hazard, and the months that have it; a level that is never reached is infinitely far."""
    months = np.array([0.5, 12.0, 60.0, 300.0])
    np.testing.assert_allclose(_inverse(_cumulative(months, truth), truth), months, rtol=1e-9)
    if truth.shape < 1:
        assert np.isinf(_inverse(np.array([100.0]), truth)[0])


def test_without_other_deaths():
    """A rate of 0 makes every death one of breast cancer."""
    patients = tr.simulate(500, truth=Truth(other_deaths=0.0, scale=100.0), seed=1).patients
    assert set(patients["BCSS_event"]) == {0, 1}
    assert (patients["BCSS_event"] == patients["OS_event"]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tr.simulate(5, seed=1), "n is 5"),
        (lambda: tr.simulate(50, truth=Truth(gene_ratio={"TP53": 2.0}), seed=1), "gene TP53, but the genes are none"),
        (lambda: tr.simulate(50, truth=Truth(gene_ratio={"G": 2.0}), genes=3, seed=1), "GENE0001 to GENE0003"),
        (lambda: Truth(ratio=0.0), "ratio is 0.0; it must be above 0"),
        (lambda: Truth(marker_share=1.2), "marker_share is 1.2; it is a share"),
        (lambda: Truth(baseline="linear"), "Unknown baseline 'linear'"),
    ],
)  # fmt: skip
def test_refuses(make, message):
    """What makes no sense is one sentence."""
    with pytest.raises(QuestionError, match=message):
        make()
