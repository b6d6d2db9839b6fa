"""Cox models of the embedded cohorts, against R's coxph and cox.zph (tests/reference/cox)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.cox import fit_nested, fit_terms
from tamoxres.models.treatment import treatment_effect

REFERENCE = json.loads((Path(__file__).parent / "reference" / "cox" / "reference.json").read_text())
ITERATED = 1e-7  # both sides iterate to a maximum, in different arithmetic
RULES, ENDPOINTS = ("snp6_gain", "three_gene", "intclust5"), ("BCSS", "OS", "RFI")
CASES = [(rule, endpoint) for rule in RULES for endpoint in ENDPOINTS]
R_NAMES = {
    "marker": "x",
    "treatment": "et",
    "treatment:marker": "x:et",
    "age": "age",
    "npi": "npi",
    "chemotherapy": "chemo",
}


def close(found, expected, what):
    np.testing.assert_allclose(found, expected, rtol=ITERATED, atol=ITERATED, err_msg=what)


@pytest.fixture(scope="module")
def metabric():
    cohort = tr.load("metabric")
    for rule in RULES:
        cohort = tr.call(cohort, "HER2", rule=rule)
    return cohort


def treated(cohort, rule, endpoint):
    return tr.select(cohort, marker="HER2", rule=rule, endpoint=endpoint)


def zph_equals(model, expected, transform="km"):
    table = tr.proportional_test(model, transform=transform).terms
    close(table["chisq"], expected["chisq"], f"cox.zph {transform} chisq")
    close(table["df"], expected["df"], f"cox.zph {transform} df")
    close(table["p_value"], expected["p"], f"cox.zph {transform} p")


@pytest.mark.parametrize(("rule", "endpoint"), CASES)
def test_prognostic_effect_equals_r(metabric, rule, endpoint):
    """HER2 among ER-positive, endocrine-treated METABRIC, crude and with age and NPI, equals coxph."""
    expected = REFERENCE["metabric"][rule][endpoint]
    for adjust, name in (((), "prognostic"), (("age", "npi"), "age_npi")):
        model = tr.cox(treated(metabric, rule, endpoint), adjust=adjust)
        want = expected[name]
        close(model.coefficients, np.atleast_1d(want["coef"]), f"{name} coef")
        close(np.sqrt(np.diag(model.covariance)), np.atleast_1d(want["se"]), f"{name} se")
        close(model.loglik, want["loglik"], f"{name} loglik")
        assert (model.effect.n, model.effect.events) == (want["n"], want["events"])


@pytest.mark.parametrize(("rule", "endpoint"), CASES)
@pytest.mark.parametrize("transform", ["km", "rank", "identity"])
def test_proportional_hazards_equals_cox_zph(metabric, rule, endpoint, transform):
    """The score test of proportional hazards equals cox.zph for each term and globally."""
    model = tr.cox(treated(metabric, rule, endpoint), adjust=["age", "npi"])
    zph_equals(model, REFERENCE["metabric"][rule][endpoint][f"zph_{transform}"], transform)


def test_the_headline_numbers(metabric):
    """The figures of the README: BCSS 1.516 (1.184-1.942) on 1,101 patients and 347 events, OS 1.237 (1.022-1.498)."""
    bcss = tr.cox(treated(metabric, "snp6_gain", "BCSS")).effect
    assert (bcss.n, bcss.events, bcss.n_1, bcss.events_1) == (1101, 347, 213, 83)
    assert [round(x, 3) for x in (bcss.estimate, *bcss.ci())] == [1.516, 1.184, 1.942]
    overall = tr.cox(treated(metabric, "snp6_gain", "OS")).effect
    assert overall.events == 652
    assert [round(x, 3) for x in (overall.estimate, *overall.ci())] == [1.237, 1.022, 1.498]


def test_untreated_patients_equal_r(metabric):
    """HER2 gain without endocrine therapy equals coxph."""
    analysis = tr.select(metabric, marker="HER2", rule="snp6_gain", endpoint="BCSS", treatment="none")
    want = REFERENCE["metabric_untreated"]
    effect = tr.cox(analysis).effect
    close([effect.log_estimate, effect.se], [want["coef"], want["se"]], "untreated")
    assert (effect.n, effect.events) == (want["n"], want["events"])


def test_gbsg_with_a_factor_equals_r():
    """GBSG with grade as levels equals coxph, and cox.zph gives grade 2 df and GLOBAL 24.4211 on 9."""
    analysis = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    model = tr.cox(analysis, adjust=["age", "menopause", "size_mm", "factor(grade)", "nodes", "pr_fmol", "er_fmol"])
    close(model.coefficients, REFERENCE["gbsg"]["full"]["coef"], "gbsg coef")
    close(np.sqrt(np.diag(model.covariance)), REFERENCE["gbsg"]["full"]["se"], "gbsg se")
    zph_equals(model, REFERENCE["gbsg"]["zph"])
    assert round(tr.proportional_test(model).terms["chisq"].iloc[-1], 4) == 24.4211
    grade = model.design.term("factor(grade)")
    assert (grade.reference, grade.levels) == ("1", ("2", "3"))


@pytest.mark.parametrize(
    ("case", "options", "where", "hr"),
    [
        ("naive", {"off_study_deaths": "event"}, (), 1.3126),
        ("censored", {}, (), 1.29944),
        ("node_positive", {}, ("nodes >= 1",), 0.84196),
    ],
)
def test_rotterdam_treatment_effect(case, options, where, hr):
    """Rotterdam's hormone effect by rule for off-study deaths, and in node-positive patients, equals coxph."""
    cohort = tr.load("rotterdam", **options)
    [row] = tr.ask(cohort, tr.Question(endpoint="RFS", estimand="treatment_effect", er="any", where=where))
    want = REFERENCE["rotterdam"][case]
    close([row.log_estimate, row.se], [want["coef"], want["se"]], case)
    assert (row.n, row.events) == (want["n"], want["events"])
    assert row.estimate == pytest.approx(hr, abs=5e-6)
    assert "confounding by indication" in row.note
    assert ("node-negative" in row.note) == (not where)


def test_stratified_many_terms_equal_r():
    """Rotterdam, node-positive, seven covariates, stratified by year: coefficients and cox.zph equal R."""
    analysis = tr.select(tr.load("rotterdam"), endpoint="RFS", er="any", treatment="any", where=["nodes >= 1"])
    model = tr.cox(
        analysis, adjust=["age", "menopause", "size_class", "grade", "nodes", "chemotherapy"], strata=["diagnosis_year"]
    )
    close(model.coefficients, REFERENCE["rotterdam"]["adjusted"]["coef"], "coef")
    close(np.sqrt(np.diag(model.covariance)), REFERENCE["rotterdam"]["adjusted"]["se"], "se")
    zph_equals(model, REFERENCE["rotterdam"]["adjusted_zph"])


def test_lifelines_and_the_kernel_agree(metabric):
    """The two engines give the same fit, of whatever kind; an engine that is neither is refused."""
    treated_only = treated(metabric, "snp6_gain", "BCSS")
    both = tr.select(metabric, marker="HER2", rule="snp6_gain", endpoint="BCSS", er="positive", treatment="any")
    choices = {"adjust": ["age", "npi", "chemotherapy"], "strata": ["site"]}
    one, other = (tr.cox(treated_only, **choices, engine=engine) for engine in ("lifelines", "kernel"))
    close(one.coefficients, other.coefficients, "coefficients")
    close(one.covariance, other.covariance, "covariance")
    close(one.loglik, other.loglik, "loglik")
    for fit, rows in (
        (tr.interaction, lambda result: result.effects),
        (treatment_effect, lambda model: model.effects),
    ):
        for a, b in zip(*(rows(fit(both, **choices, engine=e)) for e in ("lifelines", "kernel")), strict=True):
            close(b.log_estimate, a.log_estimate, a.term)
            close(b.se, a.se, a.term)
            close(b.ci(), a.ci(), a.term)
            numbers = ("log_estimate", "se", "ci_low", "ci_high", "p_value", "term_p", "engine")
            same = {name: getattr(a, name) for name in numbers}
            assert replace(b, **same) == a
    with pytest.raises(QuestionError, match="Unknown engine 'r'. Use one of kernel, lifelines"):
        tr.cox(treated_only, engine="r")


def test_a_nested_pair_is_two_fits(metabric):
    """fit_nested gives the model and the smaller one as two calls of fit_terms do, on both engines."""
    both = tr.select(metabric, marker="HER2", rule="snp6_gain", endpoint="BCSS", treatment="any")
    terms = ["treatment", "marker", "treatment:marker", "age"]
    for engine in ("kernel", "lifelines"):
        model, smaller = fit_nested(both, terms, "treatment:marker", strata=["site"], engine=engine)
        alone = fit_terms(both, terms, strata=["site"], engine=engine)
        rest = fit_terms(both, ["treatment", "marker", "age"], strata=["site"], engine=engine)
        close(model.coefficients, alone.coefficients, "coefficients")
        close(model.covariance, alone.covariance, "covariance")
        assert model.loglik == pytest.approx(alone.loglik, rel=1e-13)
        assert smaller.loglik == pytest.approx(rest.loglik, rel=1e-13)
        close(smaller.coefficients, rest.coefficients, "coefficients")
        assert model.design.without("treatment:marker").names == rest.design.names
        assert model.design.without("treatment:marker").terms == rest.design.terms
    with pytest.raises(QuestionError, match="Is it 'kernel'"):
        fit_nested(both, terms, "treatment:marker", engine="kernal")


@pytest.mark.parametrize(("level", "patients"), [("untreated", 440), ("treated", 246)])
def test_a_level_without_events_is_refused_by_name(level, patients):
    """The reference level too: without events in it the hazard ratio is infinite."""
    analysis = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    frame = analysis.frame
    empty = replace(analysis, frame=frame.assign(event=frame["event"].where(frame["treatment"] != level, 0)))
    with pytest.raises(AnalysisError, match=f"treatment = {level}: {patients} patients and no events"):
        tr.cox(empty, adjust=["age"])


def test_to_lifelines_is_the_same_model(metabric):
    """The fitter of lifelines holds our coefficients and errors, with strata and with delayed entry."""
    analysis = treated(metabric, "snp6_gain", "BCSS")
    late = replace(analysis, frame=analysis.frame[analysis.frame["months"] > 12].assign(entry=12.0))
    for some, strata in ((analysis, ["site"]), (late, [])):
        model = tr.cox(some, adjust=["age", "npi"], strata=strata)
        fitter = model.to_lifelines()
        assert list(fitter.params_.index) == list(model.design.names)
        close(fitter.params_, model.coefficients, "coefficients")
        close(fitter.standard_errors_, np.sqrt(np.diag(model.covariance)), "errors")
        close(fitter.log_likelihood_, model.loglik, "loglik")
    assert list(fitter.predict_survival_function(fitter._central_values, times=[60]).shape) == [1, 1]
    with pytest.raises(AnalysisError, match="Efron's ties alone, not breslow"):
        tr.cox(analysis, ties="breslow").to_lifelines()


def test_breslow_ties_differ_and_are_named(metabric):
    """Breslow ties run, lie near Efron's, and stand in the row's method."""
    analysis = treated(metabric, "snp6_gain", "BCSS")
    efron, breslow = (tr.cox(analysis, ties=ties).effect for ties in ("efron", "breslow"))
    assert efron.log_estimate != breslow.log_estimate
    assert efron.log_estimate == pytest.approx(breslow.log_estimate, abs=1e-3)
    assert "Breslow" in breslow.method


def test_rows_carry_term_tests_and_the_adjustment_set(metabric):
    """Each coefficient is a row; the dummies of a factor share their global P; only the marker has an estimand."""
    model = tr.cox(treated(metabric, "snp6_gain", "BCSS"), adjust=["age", "pam50"])
    rows = model.effects
    assert model.adjusted_for == ("age", "pam50")
    assert [row.estimand for row in rows] == ["prognostic"] + [""] * (len(rows) - 1)
    pam50 = [row for row in rows if row.term.startswith("pam50")]
    assert len({row.term_p for row in pam50}) == 1
    assert all(row.contrast.endswith("v LumA") for row in pam50)
    assert rows[0].adjusted_for == ("age", "pam50")


def test_missing_covariates_are_counted_in_the_flow(metabric):
    """Complete cases are told, with what was missing in how many."""
    model = tr.cox(treated(metabric, "three_gene", "BCSS"), adjust=["nodes"])
    last = list(model.analysis.flow)[-1]
    assert last.patients == model.effect.n
    assert "axillary nodes with tumour unknown" in last.why


def edited(analysis, **columns):
    return replace(analysis, frame=analysis.frame.assign(**columns))


@pytest.mark.parametrize(
    ("columns", "adjust", "message"),
    [
        ({"npi": 4.0}, ["npi"], "Column npi is constant"),
        ({"twice": lambda f: 2 * f["age"] + 1}, ["age", "twice"], "twice is collinear with marker"),
        ({"event": 0}, [], "no events"),
        ({"event": lambda f: (f["event"] == 1) & (f["marker"] == "unaltered")}, [], "marker = altered: .* no events"),
        ({"oracle": lambda f: ((f["event"] != 1) & (f["age"] > 60)) * 1}, ["oracle"], "Column oracle separates"),
        ({"oracle": lambda f: f["months"]}, ["oracle"], "did not converge: .* runs off"),
    ],
)
def test_what_cannot_be_estimated_is_named(metabric, columns, adjust, message):
    """Constant, collinear, empty and separating columns are refused by name."""
    analysis = edited(treated(metabric, "snp6_gain", "BCSS"), **columns)
    if "event" in columns:
        analysis = edited(analysis, event=analysis.frame["event"].astype(int))
    with pytest.raises(AnalysisError, match=message):
        tr.cox(analysis, adjust=adjust)


def test_unknown_covariates_are_refused(metabric):
    """A covariate the cohort lacks is refused with those it has."""
    with pytest.raises(QuestionError, match="no column 'grade'. It has .*npi"):
        tr.cox(treated(metabric, "snp6_gain", "BCSS"), adjust=["grade"])


def test_sparse_levels_carry_a_note(metabric):
    """Few events per parameter or in a level travel with the effect."""
    analysis = tr.select(metabric, marker="HER2", rule="intclust5", endpoint="BCSS", where=["age < 50"])
    effect = tr.cox(analysis, adjust=["npi", "nodes", "chemotherapy"]).effect
    assert "events per parameter" in effect.note
    assert "Fewer than 5 events" in effect.note


def test_treatment_effect_needs_both_arms(metabric):
    """One arm gives no treatment effect."""
    with pytest.raises(AnalysisError, match="one arm only"):
        treatment_effect(treated(metabric, "snp6_gain", "BCSS"))


def test_products_of_terms_are_columns(metabric):
    """`a:b` is the product of two terms, the covariate centred at its mean where the other is marker or treatment."""
    analysis = tr.select(metabric, marker="HER2", rule="snp6_gain", endpoint="BCSS", treatment="any")
    model = fit_terms(analysis, ["marker", "age", "marker:age"])
    x = model.design.x
    np.testing.assert_allclose(x[:, 2], x[:, 0] * (x[:, 1] - x[:, 1].mean()), rtol=1e-12, atol=1e-12)
