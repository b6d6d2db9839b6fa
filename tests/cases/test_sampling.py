"""Sampling weights that a cohort declares are honoured, clusters by name; what cannot take them refuses by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of

import tamoxres as tr
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.fine_gray import fine_gray
from tamoxres.models.firth import firth
from tamoxres.models.parametric import parametric
from tamoxres.models.splines import spline
from tamoxres.models.time_split import time_split
from tamoxres.models.treatment import treatment_effect

HERE = Path(__file__).parent
R = json.loads((HERE.parent / "reference" / "sampling" / "sampling.json").read_text(encoding="utf-8"))
ITERATED, CLOSED = 1e-7, 1e-9


def chosen(case, **changed):
    """R's data as an analysis set, both arms, with the sampling weights declared."""
    d = pd.DataFrame(case["data"])
    columns = {
        "sampling_weight": d["w"].to_numpy(float), "endocrine": np.where(d["x"] == 1, "yes", "no"),
        "age": d["age"].to_numpy(float), "hospital": d["hospital"].to_numpy(), "site": d["site"].to_numpy(),
    } | changed  # fmt: skip
    return analysis_of(
        d["months"].to_numpy(float), d["event"].to_numpy(), marker=(d["m"] == 1).tolist(),
        entry=d["entry"].to_numpy(float), **columns,
    )  # fmt: skip


def same(model, expected, order=None):
    """Compare coefficients and errors with R's."""
    order = list(range(len(model.coefficients))) if order is None else order
    np.testing.assert_allclose(model.coefficients[order], expected["coef"], rtol=ITERATED)
    np.testing.assert_allclose(np.sqrt(np.diag(model.covariance))[order], expected["se"], rtol=ITERATED)


@pytest.fixture(scope="module")
def registry():
    return tr.load(HERE / "sampling_weight.csv", mapping=HERE / "sampling_weight.toml")


def test_the_case(registry):
    """Declared in the mapping, honoured without asking: 2.57, not the 1.57 of the sample as it stands."""
    [row] = tr.ask(registry, tr.Question(endpoint="OS", marker="HER2", er="any"))
    assert (row.log_estimate, row.se) == (pytest.approx(0.9422830, abs=5e-8), pytest.approx(0.1408736, abs=5e-8))
    assert (row.weights, row.se_kind, row.p_kind, row.cluster) == ("sampling", "robust", "wald", "")
    assert (row.n, row.events) == (700, 454)
    [plain] = tr.ask(registry, tr.Question(endpoint="OS", marker="HER2", er="any", weights="none"))
    assert plain.estimate == pytest.approx(1.57, abs=0.005)
    assert plain.flagged("sampling_weights_left_out")
    assert (plain.weights, plain.se_kind) == ("", "model")


@pytest.mark.parametrize("case", R["fits"])
def test_cox_is_that_of_r(case):
    """Weights, strata, clusters, delayed entry, both ties rules: coefficients and the sandwich."""
    s, ties = chosen(case), case["ties"]
    same(tr.cox(s, adjust=["age"], ties=ties), case["weighted"])
    same(tr.cox(s, adjust=["age"], strata=["site"], ties=ties), case["stratified"])
    both = tr.cox(s, adjust=["age"], ties=ties, cluster="hospital")
    same(both, case["both"])
    assert (both.effect.cluster, both.effect.weights, both.effect.se_kind) == ("hospital", "sampling", "robust")
    clustered = tr.cox(s, adjust=["age"], ties=ties, weights="none", cluster="hospital")
    same(clustered, case["clustered"])
    assert (clustered.effect.weights, clustered.effect.se_kind) == ("", "robust")


@pytest.mark.parametrize("case", R["fits"])
def test_interaction_is_that_of_r(case):
    """The ratio's P is Wald's with the robust error: there is no likelihood ratio of a weighted likelihood."""
    found = tr.interaction(chosen(case), adjust=["age"], ties=case["ties"])
    order = [found.model.design.term(name).columns[0] for name in ("treatment", "marker", "age", "treatment:marker")]
    same(found.model, case["interaction"], order)
    assert (found.ratio.p_kind, found.ratio.se_kind, found.ratio.weights) == ("wald", "robust", "sampling")
    assert found.ratio.p_value == pytest.approx(found.ratio.wald_p, rel=CLOSED)
    assert found.ratio.ci_kind != "profile"
    assert found.penalised is None
    assert found.ratio.ci_high == pytest.approx(np.exp(found.ratio.log_estimate + 1.959964 * found.ratio.se), rel=1e-6)
    assert tr.interaction(chosen(case), weights="none").ratio.p_kind == "lrt"
    assert tr.interaction(chosen(case), weights="none", cluster="hospital").ratio.p_kind == "wald"


def test_weights_and_treatment_that_starts_later():
    """The rows of a patient belong together: robust by patient."""
    case = R["moving"]
    start = np.array(case["data"]["start"], float)
    same(treatment_effect(chosen(case, endocrine_start_months=start)), case["weighted"])


def test_equal_weights_move_nothing_but_the_error():
    """Weights of 3 give the unweighted estimate under Breslow, and the robust error of one row a patient."""
    case = R["fits"][0]
    n = len(case["data"]["w"])
    weighted = tr.cox(chosen(case, sampling_weight=np.full(n, 3.0)), ties="breslow")
    plain = tr.cox(chosen(case), ties="breslow", weights="none", cluster="patient")
    assert weighted.effect.log_estimate == pytest.approx(plain.effect.log_estimate, rel=1e-6)
    assert weighted.effect.se == pytest.approx(plain.effect.se, rel=1e-6)


def test_patients_without_a_weight_leave():
    """They are counted in the flow."""
    case = R["fits"][0]
    weight = np.array(case["data"]["w"], float)
    weight[:4] = np.nan
    fitted = tr.cox(chosen(case, sampling_weight=weight)).analysis
    assert fitted.n == len(weight) - 4
    assert "inverse of the sampling probability unknown 4" in fitted.flow.steps[-1].why


REFUSALS = {
    "Gray's test": tr.gray_test,
    "A weighted log-rank test": lambda s: tr.logrank(s, weight="gehan"),
    "The restricted mean": lambda s: tr.rmst(s, horizon=12),
    "The risk difference": lambda s: tr.risk_difference(s, times=[12]),
    "A standardised risk": lambda s: tr.standardise(tr.cox(s), times=[12], m=20),
    "An event rate": tr.event_rates,
    "The hazard ratio by period": lambda s: time_split(s, cuts=[24]),
    "Propensity weights": lambda s: tr.weights(s, adjust=["age"]),
    "Imputation": tr.impute,
    "The Fine-Gray model": fine_gray,
    "Firth's penalised likelihood": firth,
    "The spline": lambda s: spline(s, "age"),
    "A parametric model": lambda s: parametric(s, distribution="weibull"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_take_weights_refuses_by_name(name):
    """Never silently unweighted; `unweighted()` leaves the weights out by name."""
    s = chosen(R["fits"][0])
    with pytest.raises(AnalysisError, match=f"^{name}.*takes no sampling weights.*unweighted"):
        REFUSALS[name](s)


def test_curves_count_patients_and_say_that_they_are_weighted():
    """Numbers at risk and events are those of patients; a patient without a weight leaves."""
    case = R["fits"][0]
    s = chosen(case)
    curve, plain = tr.kaplan_meier(s), tr.kaplan_meier(s.unweighted())
    assert "sampling weights, robust error" in curve.method
    for one, other in zip(curve.curves, plain.curves, strict=True):
        np.testing.assert_array_equal(one.n_risk, other.n_risk)
        np.testing.assert_array_equal(one.n_event, other.n_event)
        assert np.abs(one.estimate - other.estimate).max() > 0.05
    weight = np.array(case["data"]["w"], float)
    weight[:4] = np.nan
    assert tr.cumulative_incidence(chosen(case, sampling_weight=weight), by=None).curves[0].n_risk[0] <= len(weight) - 4


def test_unweighted_by_name():
    """The set without its weights is taken by every estimator, and its rows say so."""
    s = chosen(R["fits"][0]).unweighted()
    row = tr.risk_difference(s, times=[24]).effect
    assert row.flagged("sampling_weights_left_out")
    assert s.unweighted() is s


def test_what_makes_no_sense_is_refused(registry):
    """Weights that are not there, propensity weights in a Cox model, lifelines, an unknown cluster, a list."""
    s = chosen(R["fits"][0])
    for ask, message in (
        (lambda: tr.cox(s.unweighted(), weights="sampling"), "declares no sampling weights"),
        (lambda: tr.cox(s, weights="iptw"), "tr.weights"),
        (lambda: tr.cox(s, engine="lifelines"), "neither weights nor clusters"),
        (lambda: tr.cox(s, cluster="surgeon"), "no column 'surgeon'"),
        (lambda: tr.Question(endpoint="OS", marker="M", weights="all"), "Unknown weights"),
        (lambda: tr.Question(endpoint="OS", marker="M", cluster=["site"]), "name of a column"),
    ):
        with pytest.raises(QuestionError, match=message):
            ask()


def test_the_command_line_takes_clusters_and_weights(tmp_path):
    """`--cluster` and `--weights` reach the model."""
    from typer.testing import CliRunner

    from tamoxres.cli import app

    out = tmp_path / "rows.json"
    base = ["effect", str(HERE / "sampling_weight.csv"), "--mapping", str(HERE / "sampling_weight.toml"), "--marker",
            "HER2", "--endpoint", "OS", "--er", "any", "--format", "json"]  # fmt: skip
    for extra, expected in (([], "sampling"), (["--weights", "none", "--cluster", "patient"], "")):
        result = CliRunner().invoke(app, [*base, *extra, "--output", str(out)])
        assert result.exit_code == 0, result.output
        [row] = json.loads(out.read_text(encoding="utf-8"))
        assert (row["weights"] or "", row["se_kind"]) == (expected, "robust")
