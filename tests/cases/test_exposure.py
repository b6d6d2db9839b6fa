"""Treatment that starts after time zero counts from its start; what counts from time zero needs a landmark."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of
from scipy.special import chdtrc, chdtri

import tamoxres as tr
from tamoxres.analysis.exposure import start_stop
from tamoxres.analysis.follow_up import delayed_entry
from tamoxres.cohort import MarkerCall
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.kernel.cox import CoxOptions, fit_cox
from tamoxres.models.firth import penalised_product
from tamoxres.models.time_split import time_split
from tamoxres.models.treatment import treatment_effect

HERE = Path(__file__).parent
R = json.loads((HERE.parent / "reference" / "time" / "time.json").read_text(encoding="utf-8"))["moving"]
ITERATED, CLOSED = 1e-7, 1e-9


def cohort_of(case, **changed):
    """R's data as a cohort: treated where a start is recorded."""
    d = pd.DataFrame(case["data"])
    start = d["start"].to_numpy(float)
    columns = {
        "endocrine": np.where(np.isfinite(start), "yes", "no"), "endocrine_start_months": start,
        "age": d["age"].to_numpy(float), "site": d["site"].to_numpy(),
    } | changed  # fmt: skip
    made = analysis_of(d["months"].to_numpy(float), d["event"].to_numpy(), **columns).cohort
    values = pd.Series(np.where(d["m"] == 1, "altered", "unaltered"), index=made.patients.index)
    return made.with_marker(
        MarkerCall(marker="M", rule="made", assay="none", reference="none", definition="made", values=values)
    )


def chosen(case, treatment="any", marker=None, **choices):
    """The analysis set of R's data."""
    return tr.select(cohort_of(case), endpoint="OS", er="any", treatment=treatment, marker=marker, **choices)


def same(model, expected):
    """Compare all coefficients and errors with R's."""
    np.testing.assert_allclose(model.coefficients, expected["coef"], rtol=ITERATED)
    np.testing.assert_allclose(np.sqrt(np.diag(model.covariance)), expected["se"], rtol=ITERATED)


@pytest.fixture(scope="module")
def registry():
    return tr.load(HERE / "treatment_start.csv", mapping=HERE / "treatment_start.toml")


def test_the_case(registry):
    """From its start the treatment does nothing (0.049); from time zero it seems to save three in four (-1.254)."""
    question = {"endpoint": "OS", "estimand": "treatment_effect", "er": "any"}
    [row] = tr.ask(registry, tr.Question(**question))
    assert (row.log_estimate, row.se) == (pytest.approx(0.0490706, abs=5e-8), pytest.approx(0.0926253, abs=5e-8))
    assert (row.exposure, row.n, row.events) == ("time_dependent", 1000, 662)
    assert row.flagged("time_dependent_treatment")
    assert row.flagged("not_randomised")
    [ever] = tr.ask(registry, tr.Question(**question, exposure="ever_treated"))
    assert (ever.log_estimate, ever.se) == (pytest.approx(-1.2543018, abs=5e-8), pytest.approx(0.0820862, abs=5e-8))
    assert ever.exposure == "ever_treated"
    assert ever.flagged("immortal_time")
    assert not row.flagged("immortal_time")


@pytest.mark.parametrize("case", R)
def test_models_are_those_of_r_on_start_stop_rows(case):
    """Treatment alone, adjusted, stratified, with the marker, and the product with it; starts tie with events."""
    same(treatment_effect(chosen(case)), case["treatment"])
    same(treatment_effect(chosen(case), adjust=["age"], strata=["site"]), case["adjusted"])
    same(tr.cox(chosen(case, marker="M"), adjust=["treatment"]), case["marker"])
    found = tr.interaction(chosen(case, marker="M"), adjust=["age"])
    order = [found.model.design.term(name).columns[0] for name in ("treatment", "marker", "age", "treatment:marker")]
    np.testing.assert_allclose(found.model.coefficients[order], case["interaction"]["coef"], rtol=ITERATED)
    np.testing.assert_allclose(
        np.sqrt(np.diag(found.model.covariance))[order], case["interaction"]["se"], rtol=ITERATED
    )
    assert found.ratio.p_value == pytest.approx(float(chdtrc(1, case["interaction"]["lrt"])), rel=1e-6)


@pytest.mark.parametrize("case", R)
def test_the_verdict_stands_on_the_start_stop_rows(case):
    """Expected events, profile interval, Firth's ratio and the tests over time are of the rows that were fitted."""
    both = chosen(case, marker="M")
    fit = tr.interaction(both, adjust=["age"])
    assert sum(fit.evidence.groups.expected) == pytest.approx(both.events, rel=CLOSED)
    assert fit.ratio.ci_kind == "profile"
    frame, x = fit.model.frame, fit.model.design.x
    column = fit.model.design.term("treatment:marker").columns[0]
    kept = np.delete(np.arange(x.shape[1]), column)
    follow_up = frame["months"].to_numpy(float), (frame["event"] == 1).to_numpy(int)
    for limit in (fit.ratio.ci_low, fit.ratio.ci_high):
        held = fit_cox(
            *follow_up, x[:, kept], entry=delayed_entry(frame), options=CoxOptions(offset=np.log(limit) * x[:, column])
        )
        assert 2 * (fit.model.loglik - held.loglik) == pytest.approx(chdtri(1, 0.05), rel=1e-6)
    over_time = fit.evidence.over_time()
    assert over_time.product_p == pytest.approx(fit.model.proportional.p_value("treatment:marker"), rel=ITERATED)
    assert all(row.n <= both.n for row in (*over_time.early, *over_time.late))
    penalised, row = penalised_product(fit.model, "treatment:marker")
    np.testing.assert_allclose(penalised.coefficients, fit.model.coefficients, atol=0.05)
    assert row["ci_low"] == pytest.approx(fit.ratio.ci_low, rel=0.05)


@pytest.mark.parametrize("case", R)
def test_counts_are_of_patients_and_years_of_exposure(case):
    """N counts patients, however many rows they have; untreated time before the start is untreated."""
    both = chosen(case)
    rows = start_stop(both)
    assert both.n == len(case["data"]["id"]) < len(rows)
    assert rows["event"].sum() == both.events
    treated = rows[rows["treatment"] == "treated"]
    assert (treated["months"] - treated["entry"]).sum() / 12 == pytest.approx(case["years_treated"], rel=CLOSED)
    rates = tr.event_rates(both).to_frame().set_index("treatment")
    assert rates.loc["treated", "person_years"] == pytest.approx(case["years_treated"], rel=CLOSED)
    assert rates["events"].sum() == both.events


@pytest.mark.parametrize("case", R)
def test_treated_only_questions_enter_at_the_start(case):
    """The marker among the treated: delayed entry at the start of treatment."""
    own = chosen(case, "endocrine", "M")
    same(tr.cox(own), case["treated_only"])
    assert own.flags == ("enters_at_treatment",)
    assert tr.logrank(own).df == 1
    for estimate in (tr.kaplan_meier, lambda s: tr.rmst(s, horizon=24), lambda s: tr.standardise(tr.cox(s))):
        with pytest.raises(AnalysisError, match="landmark"):
            estimate(own)


REFUSALS = {
    "Kaplan-Meier": lambda s: tr.kaplan_meier(s, by="treatment"),
    "The cumulative incidence": lambda s: tr.cumulative_incidence(s, by="treatment"),
    "The restricted mean": lambda s: tr.rmst(s, horizon=12, by="treatment"),
    "The risk difference": lambda s: tr.risk_difference(s, times=[12], by="treatment"),
    "The log-rank test": lambda s: tr.logrank(s, by="treatment"),
    "A standardised risk": lambda s: tr.standardise(treatment_effect(s), times=[12], m=20),
    "Propensity weights": lambda s: tr.weights(s, adjust=["age"]),
    "Imputation by arm": tr.impute,
    "The hazard ratio by period": time_split,
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_counts_from_time_zero_needs_a_landmark(name):
    """Refused in one sentence that says what to do; at a landmark it works."""
    both = chosen(R[0])
    with pytest.raises(AnalysisError, match=f"^{name}.*starts later.*landmark"):
        REFUSALS[name](both)
    assert REFUSALS[name](tr.landmark(both, at=6)) is not None


def test_the_marker_in_both_arms_is_known_at_time_zero():
    """Curves by the marker need no landmark where treatment is no part of the question."""
    assert len(tr.kaplan_meier(chosen(R[0], marker="M"))) == 2


def test_treated_with_start_unknown_is_unknown():
    """They leave, with a line in the flow; they are never untreated."""
    case = R[0]
    start = np.array(case["data"]["start"], float)
    known = np.flatnonzero(np.isfinite(start))
    endocrine = np.where(np.isfinite(start), "yes", "no")
    start[known[:5]] = np.nan
    some = tr.select(
        cohort_of(case, endocrine=endocrine, endocrine_start_months=start), endpoint="OS", er="any", treatment="any"
    )
    assert some.n == len(start) - 5
    [step] = [step for step in some.flow.steps if step.name == "Start of treatment known"]
    assert step.why == "treated, start unknown 5"


def test_a_start_at_the_event_or_after_is_untreated():
    """(0, start] is untreated: who starts on the day of the event had it untreated."""
    made = analysis_of(
        [10.0, 10.0, 20.0, 30.0], [1, 1, 1, 0], endocrine=["yes", "yes", "yes", "no"],
        endocrine_start_months=[10.0, 4.0, 25.0, np.nan],
    )  # fmt: skip
    assert made.frame["treatment"].tolist() == ["untreated", "treated", "untreated", "untreated"]
    rows = start_stop(made)
    assert rows.loc["P1", "treatment"].tolist() == ["untreated", "treated"]
    assert rows.loc["P1", "event"].tolist() == [0, 1]
    assert made.until(4).frame["treatment"].tolist() == ["untreated"] * 4


def test_a_start_after_recurrence_is_not_adjuvant():
    """On survival, treatment that began after a recorded recurrence leaves the patient untreated, and says so."""
    made = analysis_of(
        [30.0, 40.0, 50.0], [1, 1, 1], endocrine=["yes", "yes", "no"], endocrine_start_months=[20.0, 3.0, np.nan],
        RFS_months=[15.0, 40.0, 50.0], RFS_event=[1, 1, 1],
    )  # fmt: skip
    assert made.frame["treatment"].tolist() == ["untreated", "treated", "untreated"]
    assert "treated_at_relapse" in made.flags


def test_landmark_in_both_arms_and_in_the_treated():
    """Late starters are untreated in a comparison, and leave where all are treated."""
    case, at = R[1], 12
    d = pd.DataFrame(case["data"])
    stay = d[d["months"] > at]
    both = tr.landmark(chosen(case), at=at)
    assert (both.frame["treatment"] == "treated").sum() == (stay["start"] <= at).sum()
    assert both.n == len(stay)
    own = tr.landmark(chosen(case, "endocrine", "M"), at=at)
    assert own.n == (stay["start"] <= at).sum() < stay["start"].notna().sum()
    assert (own.frame["entry"] == 0).all()
    direct = tr.landmark(chosen(case, "endocrine", "M", exposure="landmark"), at=at)
    assert direct.n == own.n
    assert "treatment not started by then" in direct.flow.steps[-1].why
    assert (both.describe()["exposure"], own.describe()["exposure"]) == ("landmark", "landmark")
    assert tr.kaplan_meier(both, by="treatment").at([12])["n_risk"].sum() > 0


def test_after_a_landmark_nothing_is_randomised():
    """Who came to the landmark was chosen by surviving: partly randomised, and flagged; likewise later periods."""
    trial = replace(cohort_of(R[0], endocrine_start_months=np.zeros(150)), design="randomised")
    both = tr.select(trial, endpoint="OS", er="any", treatment="any")
    assert both.design == "randomised"
    late = tr.landmark(both, at=6)
    assert (late.design, "survivors_of_landmark" in late.flags) == ("partly_randomised", True)
    assert treatment_effect(late).effect.design == "partly_randomised"
    assert tr.landmark(both, at=0.5).design == "randomised", "nobody had left by then"
    arms = replace(trial, patients=trial.patients.drop(columns="endocrine_start_months"))
    first, second = time_split(tr.select(arms, endpoint="OS", er="any", treatment="any"), cuts=[24]).effects
    assert (first.design, second.design) == ("randomised", "partly_randomised")


def test_questions_about_exposure(registry):
    """A landmark and an exposure that contradict each other are refused, and so is a start that nobody recorded."""
    question = {"endpoint": "OS", "estimand": "treatment_effect", "er": "any"}
    with pytest.raises(QuestionError, match="needs the landmark"):
        tr.Question(**question, exposure="landmark")
    with pytest.raises(QuestionError, match="Leave one out"):
        tr.Question(**question, exposure="ever_treated", landmark=12)
    with pytest.raises(QuestionError, match="exposure"):
        tr.Question(**question, exposure="baseline")
    with pytest.raises(QuestionError, match="does not record when treatment started"):
        tr.ask(tr.load("gbsg"), tr.Question(**question | {"endpoint": "RFS"}, exposure="time_dependent"))
    [late] = tr.ask(registry, tr.Question(**question, landmark=12, exposure="landmark"))
    assert late.exposure == "landmark"
    assert late.flagged("survivors_of_landmark")


def test_starting_later_by_nothing_is_a_baseline_treatment():
    """With every start at time zero the fit is the plain one."""
    case = R[0]
    start = np.where(np.isfinite(np.array(case["data"]["start"], float)), 0.0, np.nan)
    moved = cohort_of(case, endocrine_start_months=start)
    plain = replace(moved, patients=moved.patients.drop(columns="endocrine_start_months"))
    one, other = (
        treatment_effect(tr.select(c, endpoint="OS", er="any", treatment="any")).effect for c in (moved, plain)
    )
    assert one.log_estimate == pytest.approx(other.log_estimate, rel=CLOSED)
    assert one.se == pytest.approx(other.se, rel=CLOSED)
