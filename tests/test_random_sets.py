"""Forty random data sets (ties, strata, weights, late entry, clusters, competing deaths) against R's survival."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of, answers

import tamoxres as tr
from tamoxres.models.logrank import logrank
from tamoxres.models.proportional import proportional_test

ITERATED = 1e-7  # both sides iterate to a maximum
CLOSED = 1e-9  # products and sums
R = answers("random")
SETS = [pytest.param(case, id=str(i)) for i, case in enumerate(R["sets"], start=1)]


def chosen(case, *, competing=False):
    """One of R's data sets as an analysis set; all deaths are events, or those of cancer against the others."""
    d, has = pd.DataFrame(case["data"]), case["has"]
    columns = {"endocrine": np.where(d["x"] == 1, "yes", "no"), "age": d["age"].to_numpy(float)}
    columns |= {name: d[name].to_numpy() for name in ("hospital", "site")}
    if has["weights"]:
        columns["sampling_weight"] = d["w"].to_numpy(float)
    return analysis_of(
        d["months"].to_numpy(float), d["status"].to_numpy() if competing else (d["status"] > 0).astype(int),
        marker=(d["m"] == 1).tolist(), entry=d["entry"].to_numpy(float) if has["late"] else None,
        competing=competing, **columns,
    )  # fmt: skip


def options(case):
    """Return the choices of the model that R made."""
    has = case["has"]
    return {
        "adjust": ["age"], "strata": ["site"] if has["strata"] else (), "ties": case["ties"],
        "cluster": "hospital" if has["clusters"] else "",
    }  # fmt: skip


def same(model, expected, terms):
    """Compare coefficients, errors and the maximum with R's."""
    order = [model.design.term(name).columns[0] for name in terms]
    np.testing.assert_allclose(model.coefficients[order], expected["coef"], rtol=ITERATED, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(model.covariance))[order], expected["se"], rtol=ITERATED)
    assert model.fit.loglik == pytest.approx(expected["loglik"], rel=CLOSED)


def test_the_sets_are_mixed():
    """Each complication stands in several sets, alone and in company."""
    has = pd.DataFrame([case["has"] for case in R["sets"]])
    assert len(has) == 40
    assert (has[["late", "strata", "weights", "clusters"]].sum() >= 8).all()
    assert set(has["ties"]) == {0, 1, 2, 3}
    assert (has["late"] & has["weights"]).any()
    assert (has["strata"] & has["weights"]).any()
    assert (has["clusters"] & has["weights"]).any()


@pytest.mark.parametrize("case", SETS)
def test_cox_and_interaction(case):
    """Adjusted marker effects and interactions are R's coxph, robust where weights or clusters ask for it."""
    s = chosen(case)
    same(tr.cox(s, **options(case)), case["adjusted"], ("marker", "age"))
    found = tr.interaction(s, **options(case))
    same(found.model, case["interaction"], ("treatment", "marker", "age", "treatment:marker"))


@pytest.mark.parametrize("case", SETS)
def test_curves(case):
    """Kaplan-Meier with its error, and the incidence of cancer death, are R's survfit."""
    curve = tr.kaplan_meier(chosen(case), by=None).at(case["times"])
    np.testing.assert_allclose(curve["survival"], case["km"]["surv"], rtol=CLOSED, atol=1e-12)
    np.testing.assert_allclose(curve["se"], case["km"]["se"], rtol=1e-8, atol=1e-12)
    curve = tr.cumulative_incidence(chosen(case, competing=True), by=None).at(case["times"])
    cancer = curve[curve["cause"] == "BCSS"]
    np.testing.assert_allclose(cancer["estimate"], case["incidence"]["risk"], rtol=CLOSED, atol=1e-12)
    if case["has"]["weights"]:  # without weights ours is the variance of cmprsk, not the jackknife
        np.testing.assert_allclose(cancer["se"], case["incidence"]["se"], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("case", [p for p in SETS if "robust" in p.values[0]])
def test_robust_logrank(case):
    """With sampling weights the log-rank test is the robust score test of coxph by Breslow."""
    found = logrank(chosen(case), strata=options(case)["strata"])
    assert found.statistic == pytest.approx(case["robust"], rel=1e-8)
    assert "sampling weights" in found.method


@pytest.mark.parametrize("case", [p for p in SETS if "logrank" in p.values[0]])
def test_logrank(case):
    """The log-rank test, stratified or not, is R's survdiff."""
    found = logrank(chosen(case), strata=options(case)["strata"])
    assert found.statistic == pytest.approx(case["logrank"], rel=CLOSED)


@pytest.mark.parametrize("case", [p for p in SETS if "zph" in p.values[0]])
def test_proportional(case):
    """The score test of proportional hazards is R's cox.zph."""
    found = proportional_test(tr.cox(chosen(case), **options(case)), transform="rank").terms
    np.testing.assert_allclose(found["chisq"], case["zph"], rtol=1e-6)
