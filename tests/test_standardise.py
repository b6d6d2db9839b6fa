"""Standardised risks against predictions of R's coxph, and their bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, days, frame, gbsg, metabric

from tamoxres.errors import AnalysisError
from tamoxres.models.cox import cox, fit_terms
from tamoxres.models.risk_difference import risk_difference
from tamoxres.models.standardise import FollowUpArrays, set_levels, standardise, standardised_risks

ITERATED = 1e-7  # risks from coefficients that both iterate to the end
R = answers("estimators")["standardise"]
TIMES = [days(730.5), days(1826.25)]


def risks(found, expected, what):
    """Compare risks, one row a group, with R's, one column a group."""
    values = found.risks["risk"].to_numpy().reshape(2, -1)
    assert values == pytest.approx(np.array(expected).T, rel=ITERATED), what


def test_gbsg():
    """Everyone untreated, everyone treated: mean predicted risks are R's, plain and stratified by grade."""
    risks(standardise(cox(gbsg(), adjust=["age", "grade", "nodes"]), times=TIMES, m=2), R["gbsg"], "gbsg")
    risks(
        standardise(cox(gbsg(), adjust=["age", "nodes"], strata=["grade"]), times=TIMES, m=2),
        R["stratified"],
        "stratified",
    )


def test_products_follow_their_parts():
    """With treatment x menopause in the model the product moves with the treatment that is set."""
    model = fit_terms(gbsg(), ["treatment", "menopause", "treatment:menopause", "age"])
    risks(standardise(model, times=TIMES, m=2), R["interaction"], "interaction")
    four = standardise(model, times=TIMES[:1], by=["treatment", "menopause"], m=2)
    assert four.risks[["treatment", "menopause"]].to_numpy().tolist() == [
        ["untreated", "pre"], ["untreated", "post"], ["treated", "pre"], ["treated", "post"],
    ]  # fmt: skip
    assert [e.contrast for e in four.effects][-1] == "treated post v untreated pre"


def test_competing_deaths():
    """mgus2 by sex: two cause-specific models make the incidence, as in R's arithmetic."""
    m = frame("mgus2")
    time, status = np.where(m.pstat == 0, m.futime, m.ptime).astype(float), np.where(m.pstat == 1, 1, 2 * m.death)
    made = analysis_of(
        time, status, marker=(m.sex == "M").tolist(), competing=True, age=m.age.clip(15, 110).to_numpy(float)
    )
    found = standardise(cox(made, adjust=["age"]), times=[60, 120, 240], m=3)
    risks(found, R["mgus2"], "mgus2")
    assert found.effects[0].measure == "RD"
    assert found.effects[0].estimand == "prognostic"


def test_without_covariates_it_is_near_the_incidence():
    """In METABRIC the crude standardised difference at 10 years lies near Aalen-Johansen's."""
    model = standardise(cox(metabric()), times=[120], m=2).effect.difference
    assert model == pytest.approx(risk_difference(metabric(), times=[120]).effect.difference, abs=0.03)


def test_bootstrap():
    """Limits hold the risk, one seed gives one answer, and the error is near that of the incidence."""
    fit = cox(gbsg())
    first, second = (standardise(fit, times=TIMES, m=40, seed=4, jobs=jobs) for jobs in (1, 2))
    assert first.risks.equals(second.risks)
    table = first.risks
    assert ((table["ci_low"] <= table["risk"]) & (table["risk"] <= table["ci_high"])).all()
    greenwood = risk_difference(gbsg(), times=TIMES[1:], by="treatment").effect.se
    assert first.effects[1].se == pytest.approx(greenwood, rel=0.4), "40 resamples; a Cox model is the more precise"
    assert "not for individual decisions" in str(first)
    seen = []
    standardise(fit, times=TIMES, m=3, progress=seen.append)
    assert seen == [1, 2, 3]


def test_one_patient_by_hand():
    """Without covariates' effect, one event of three at t 1: H is 1/3, so the risk is 1 - exp(-1/3)."""
    data = FollowUpArrays(time=np.array([1.0, 2, 2, 2]), event=np.array([1, 0, 0, 0]))
    x = np.array([[0.5], [0.0], [0.5], [1.0]])
    found = standardised_risks(data, x, [np.full((4, 1), 0.5)], [1.0], competing=False)
    assert found[0, 0] == pytest.approx(1 - np.exp(-1 / 4), rel=1e-6), "four at risk, all alike at 0.5, the mean of x"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: standardise(cox(gbsg()), times=[200], m=2), "beyond the last follow-up"),
        (lambda: set_levels(cox(gbsg()).design, {"treatment": "sometimes"}), "no level 'sometimes'"),
        (lambda: standardise(cox(gbsg()), times=[60], m=1), "at least 2 resamples"),
    ],
)
def test_refuses(make, words):
    """What cannot be predicted is refused in one sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()
