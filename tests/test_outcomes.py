"""Several outcomes pooled together, against metafor's rma.mv on the data of Berkey 1998 and Riley 2003, and by hand."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from meta_data import CLOSED, ITERATED, close

import tamoxres as tr
from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError, TamoxresError
from tamoxres.meta.outcomes import pool_outcomes
from tamoxres.meta.pool import pool

R = json.loads((Path(__file__).parent / "reference" / "multivariate" / "multivariate.json").read_text())
FITS = [(name, i) for name in ("berkey", "riley", "partly") for i in range(len(R[name]["fits"]))]
ENDPOINTS = {"PD": "RFS", "AL": "OS", "DFS": "DFS", "OS": "OS"}  # Berkey's are of teeth: any two names do


def rows(name, *, ratio=False):
    """Effect rows of a data set."""
    point, measure = ("log_estimate", "HR") if ratio else ("difference", "other_difference")
    data = zip(*(R[name][column] for column in ("study", "endpoint", "yi", "vi")), strict=True)
    return [
        EffectEstimate(study=study, endpoint=ENDPOINTS[endpoint], measure=measure, **{point: y}, se=math.sqrt(v))
        for study, endpoint, y, v in data
    ]


def fitted(name, i, **other):
    """Our fit beside R's."""
    case = R[name]["fits"][i]
    how = {"structure": case["struct"], "method": case["method"], "ci": "z"} | other
    return pool_outcomes(rows(name), correlation=case.get("rho_within", R[name].get("correlation")), **how), case


@pytest.mark.parametrize(("name", "i"), FITS)
def test_numbers_equal_r(name, i):
    """Estimates, errors, limits, P, variances, correlation, likelihood and Q; a correlation at its bound of 1 too."""
    found, case = fitted(name, i)
    for ours, theirs in (("point", "beta"), ("se", "se"), ("p_value", "p")):
        close([getattr(row, ours) for row in found.effects], case[theirs], ITERATED, ours)
    close([row.ci_low for row in found.effects], case["ci_low"], ITERATED, "lower limits")
    close([row.ci_high for row in found.effects], case["ci_high"], ITERATED, "upper limits")
    close(np.diag(found.between), np.broadcast_to(case["tau2"], 2), ITERATED, "variances between studies")
    close(found.between_correlation[0, 1], case["rho"], ITERATED, "correlation between studies")
    close(found.covariance[0, 1], case["covariance"], ITERATED, "covariance of the estimates")
    close([found.loglik, found.q], [case["loglik"], case["q"]], CLOSED, "likelihood and Q")
    close(found.q_p, case["q_p"], CLOSED, "P of Q")
    assert found.effects[0].flagged("correlation_at_bound") is (case["rho"] > 0.9999)


@pytest.mark.parametrize(("name", "i"), [("berkey", 0), ("berkey", 1), ("riley", 2)])
def test_scaled_intervals(name, i):
    """The ad hoc interval scales by the residuals that R leaves, never below 1, and takes t."""
    found, case = fitted(name, i, ci="adhoc")
    scale = math.sqrt(max(1.0, case["generalised_q"] / case["df"]))
    close([row.se for row in found.effects], scale * np.array(case["se"]), ITERATED, "errors")
    assert {row.df for row in found.effects} == {case["df"]}
    plain = fitted(name, i)[0]
    assert all(a.ci_low < b.ci_low for a, b in zip(found.effects, plain.effects, strict=True))


def test_printed_values_of_berkey():
    """The numbers that metafor's page on Berkey 1998 prints (REML, unstructured)."""
    found, _ = fitted("berkey", 0)
    assert [round(row.point, 4) for row in found.effects] == [0.3534, -0.3392]
    assert [round(row.se, 4) for row in found.effects] == [0.0588, 0.0879]
    assert np.round(np.diag(found.between), 4).tolist() == [0.0117, 0.0327]
    assert round(float(found.between_correlation[0, 1]), 4) == 0.6088


def test_endpoints_of_other_studies_are_pools_of_their_own():
    """Where no study has two endpoints nothing is lent: one variance for both, each endpoint its own mean."""
    apart = [row for row in rows("berkey") if (row.endpoint == "OS") == (int(row.study) > 3)]
    with pytest.raises(PoolingError, match="never of the same study"):
        pool_outcomes(apart)
    with pytest.raises(PoolingError, match="No study has two endpoints"):
        pool_outcomes(apart, structure="cs")


def test_equal_estimates_by_hand():
    """Complete studies of one precision: whatever the correlation, each pooled effect is the plain mean."""
    values = {"A": (0.1, 0.5), "B": (0.4, 0.2), "C": (0.9, 0.7), "D": (0.2, 0.8)}
    made = [
        EffectEstimate(study=study, endpoint=endpoint, log_estimate=y, se=0.3)
        for study, pair in values.items()
        for endpoint, y in zip(("RFS", "OS"), pair, strict=True)
    ]
    for one in pool_outcomes(made, correlation=0.0, ci="z").over((0.0, 0.4, 0.8)):
        close([row.point for row in one.effects], np.mean(list(values.values()), axis=0), ITERATED, "means")
    alone = [pool([row for row in made if row.endpoint == name], ci="z", tau2="ml") for name in ("RFS", "OS")]
    both = pool_outcomes(made, correlation=0.0, method="ml", ci="z")
    assert [row.point for row in both.effects] == pytest.approx([one.point for one in alone], abs=1e-9)


def test_rows_may_come_in_any_order():
    """The order of rows gives the order of endpoints, and no other number."""
    one = pool_outcomes(rows("partly"), correlation=0.8)
    other = pool_outcomes(rows("partly")[::-1], correlation=0.8)
    assert [row.endpoint for row in other.effects] == ["OS", "DFS"]
    close([row.point for row in other.effects][::-1], [row.point for row in one.effects], 1e-8, "estimates")


def test_sensitivity_over_the_correlation():
    """`over` gives the fit of each correlation; the table names them, endpoint by endpoint."""
    found = pool_outcomes(rows("riley"), correlation=0.8, ci="z")
    zero, _, half, _, high = found.over()
    close([row.se for row in zero.effects], R["riley"]["fits"][0]["se"], ITERATED, "correlation 0")
    close([row.se for row in half.effects], R["riley"]["fits"][1]["se"], ITERATED, "correlation 0.5")
    assert high.correlation == 0.9
    text = found.sensitivity().to_markdown()
    assert all(f"Correlation {value:g}" in text for value in (0, 0.25, 0.5, 0.75, 0.9))


def test_it_shows_itself():
    """One protocol: rows, table, frame, words, HTML; frozen; a pooled row is not pooled again unasked."""
    found = tr.pool_outcomes(rows("riley", ratio=True), correlation=0.8)
    assert found.effect is found.effects[0]
    assert found.to_frame()["endpoint"].tolist() == ["DFS", "OS"]
    assert {"pooled_estimate", "correlation_assumed"} <= set(found.flags)
    assert "taken as 0.8" in str(found)
    assert "<table" in found._repr_html_()
    assert found.effect.estimate == pytest.approx(math.exp(found.effect.point))
    with pytest.raises(PoolingError, match="pooled_estimate"):
        pool(found.effects, endpoint_map={"OS": "DFS"})
    with pytest.raises(FrozenInstanceError):
        found.q = 1.0


BAD = [
    (lambda: pool_outcomes(rows("riley"), correlation=1.0), "below 1"),
    (lambda: pool_outcomes(rows("riley"), correlation={"1": 0.5}), "No correlation is given for 2, 3"),
    (lambda: pool_outcomes(rows("riley"), level=95), "between 0 and 1"),
    (lambda: pool_outcomes([r for r in rows("riley") if r.endpoint == "OS"]), "one endpoint"),
    (lambda: pool_outcomes(rows("riley")[:3]), "one study alone"),
    (lambda: pool_outcomes([*rows("riley"), rows("riley")[0]]), "(?i)twice|once|same study|share"),
    (lambda: pool_outcomes(rows("riley")[:1]), "at least two"),
    (lambda: pool_outcomes([*rows("riley"), *rows("riley", ratio=True)]), "measure"),
    (lambda: pool_outcomes(rows("riley"), structure="diag"), "structure"),
    (lambda: pool_outcomes(rows("riley"), method="dl"), "method"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "says"), BAD)
def test_refusals(call, says):
    """What cannot be pooled is refused in one sentence."""
    with pytest.raises(TamoxresError, match=says):
        call()
