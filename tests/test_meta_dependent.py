"""Dependent effects and within-study interactions, against metafor and clubSandwich, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from meta_data import CLOSED, META, close, data, trials

from tamoxres.effects import EffectEstimate
from tamoxres.effects.derive import from_strata
from tamoxres.errors import EffectError, PoolingError
from tamoxres.meta.deft import deft, within_study_interactions
from tamoxres.meta.dependent import ClusterFit, fit_clusters, pool_dependent, robust_error
from tamoxres.meta.pool import pool

FLAT = 2e-6  # metafor stops where the likelihood is flat to 1e-10, and its variances at the bound are 1e-11, not 0
CASES = [(name, i) for name in ("konst", "berkey", "begg") for i in range(len(META[name]["clusters"]))]


def row(study, y=0.1, se=0.2, **other):
    """A hazard ratio of a study."""
    return EffectEstimate(study=study, log_estimate=y, se=se, **other)


def given(y, v, codes, case):
    """A fit at given variances, where every number is a closed form."""
    same = codes[:, None] == codes
    covariance = np.where(same, case["rho"] * np.sqrt(np.outer(v, v)) + case["between"], 0.0)
    covariance[np.diag_indices(len(y))] = v + case["between"] + case["within"]
    precision = np.linalg.inv(covariance)
    variance = 1 / precision.sum()
    return ClusterFit(
        float(variance * (precision.sum(0) @ y)), float(variance), case["between"], case["within"], covariance, 0.0
    )


@pytest.mark.parametrize(("name", "i"), CASES)
def test_three_levels_and_robust_errors_equal_r(name, i):
    """Pooled effect, variances, likelihood (metafor), CR1 (metafor), CR2 and its degrees of freedom (clubSandwich)."""
    y, v = data(name)
    case = META[name]["clusters"][i]
    codes = np.array(case["cluster"]) - 1
    fit = given(y, v, codes, case) if case["given"] else fit_clusters(y, v, codes, case["rho"])
    tolerance = CLOSED if case["given"] else FLAT
    close([fit.point, math.sqrt(fit.variance)], [case["estimate"], case["se"]], tolerance, "pooled effect")
    close([fit.between, fit.within], [case["between"], case["within"]], tolerance, "variances")
    if not case["given"]:
        close(fit.loglik, case["loglik"], CLOSED, "log likelihood")
    close(robust_error(y, codes, fit, "cr1"), (case["cr1_se"], max(codes)), tolerance, "CR1")
    close(robust_error(y, codes, fit, "cr2"), (case["cr2_se"], case["cr2_df"]), tolerance, "CR2")


@pytest.mark.parametrize("rho", [0.0, 0.4])
def test_the_likelihood_has_no_higher_neighbour(rho):
    """REML stands at a maximum: no variance nearby has a higher likelihood."""
    y, v = data("konst")
    codes = np.array(META["konst"]["clusters"][0]["cluster"]) - 1
    fit = fit_clusters(y, v, codes, rho)
    se = np.sqrt(v)

    def likelihood(between, within):
        same = codes[:, None] == codes
        covariance = np.where(same, rho * np.outer(se, se) + between, 0.0)
        covariance[np.diag_indices(len(y))] = v + between + within
        precision = np.linalg.inv(covariance)
        total = precision.sum()
        residual = y - (precision.sum(0) @ y) / total
        return -0.5 * (np.linalg.slogdet(covariance)[1] + np.log(total) + residual @ precision @ residual)

    here = likelihood(fit.between, fit.within)
    for step in (1e-4, -1e-4):
        assert likelihood(fit.between + step, fit.within) < here
        assert likelihood(fit.between, fit.within + step) < here


def test_one_effect_a_study_is_an_ordinary_meta_analysis():
    """With one effect in each cluster the model is REML's; its pooled effect and variance are those of pool."""
    found, plain = pool_dependent(trials(), ci="model"), pool(trials(), ci="z")
    close([found.summary.point, found.summary.se], [plain.point, plain.se], 1e-7, "pooled effect")
    close(found.between, plain.tau2, 1e-7, "tau2")
    assert (found.within, found.df) == (0, None)
    assert len(found.clusters) == 13


def test_studies_that_share_patients_are_one_cluster():
    """The same study twice and a declared overlap join; a chain of overlaps is one cluster."""
    rows = [
        row("A", 0.1),
        row("A", 0.3),
        row("B", 0.2, overlaps=("a",)),
        row("C", 0.5),
        row("D", 0.0, overlaps=("C",)),
        row("E"),
    ]
    found = pool_dependent(rows)
    assert found.clusters == (("A", "B"), ("C", "D"), ("E",))
    assert found.summary.k == 6
    assert "in 3 clusters (cr2" in str(found)
    assert any("degrees of freedom" in note for note in found.notes)
    assert pool_dependent(rows, ci="cr1").df == 2
    assert pool_dependent(rows, clusters=list("aabbbc")).clusters == (("A",), ("B", "C", "D"), ("E",))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pool_dependent([row("A"), row("A")]), r"one cluster \(A\)"),
        (lambda: pool_dependent([row("A"), row("B")], rho=1.0), "rho is 1"),
        (lambda: pool_dependent([row("A"), row("B")], ci="cr3"), "Unknown ci 'cr3'"),
        (lambda: pool_dependent([row("A"), row("B")], clusters=["a"]), "1 names for 2"),
        (lambda: pool_dependent([row("A", endpoint="OS"), row("A", endpoint="BCSS")]), "differ in endpoint"),
        (lambda: deft([row("A", estimand="prognostic"), row("B")]), "A: a prognostic row is no interaction"),
        (
            lambda: deft([row("A", estimand="interaction"), row("A", estimand="interaction")]),
            "two rows of its interaction",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(call, says):
    """One cluster, impossible correlations and other questions are refused by name."""
    with pytest.raises(PoolingError, match=says):
        call()


def stratum(study, level, y, se, **other):
    """A treatment effect within a marker level."""
    base = {"marker": "HER2", "estimand": "treatment_effect", "treatment_1": "tamoxifen", "treatment_0": "none"}
    return row(study, y, se, er="positive", marker_level=level, **base, **other)


def test_an_interaction_from_strata_by_hand():
    """Log 1.2 in altered less log 0.6 in unaltered; SE 0.5 from 0.3 and 0.4; the counts of the strata stay."""
    one = stratum("A", "altered", math.log(1.2), 0.3, n=50, events=20)
    found = from_strata(one, stratum("A", "unaltered", math.log(0.6), 0.4, n=150, events=45))
    close([found.estimate, found.se], [2.0, 0.5], CLOSED, "ratio of ratios")
    assert (found.er, found.marker_level, found.n, found.events, found.n_1, found.n_0) == (
        "positive",
        "",
        200,
        65,
        50,
        150,
    )
    with pytest.raises(EffectError, match="A: an interaction needs the marker-altered"):
        from_strata(one, one)
    with pytest.raises(EffectError, match="A: the two strata differ in study"):
        from_strata(one, stratum("B", "unaltered", 0.1, 0.4))


def test_deft_pools_what_is_seen_within_studies():
    """Studies with both strata or their own interaction are pooled; one stratum alone is left out and named."""
    shift = 0.7  # between studies; it cancels within each
    rows = [
        stratum("A", "altered", 0.5, 0.3), stratum("A", "unaltered", 0.1, 0.3),
        stratum("B", "altered", 0.5 + shift, 0.4), stratum("B", "unaltered", 0.1 + shift, 0.2),
        row("C", 0.4, 0.5, marker="HER2", estimand="interaction", treatment_1="tamoxifen", treatment_0="none"),
        stratum("D", "unaltered", -2.0, 0.1),
    ]  # fmt: skip
    found = deft(rows, ci="z")
    close(found.point, 0.4, CLOSED, "every study shows 0.4 within")
    assert found.k == 3
    assert [effect.study for effect in found.left_out] == ["D"]
    assert "One marker stratum only, nothing within the study: D." in found.notes


def test_a_study_s_own_interaction_stands_before_one_from_strata():
    """When a study gives both, its printed interaction is used."""
    own = row("A", 0.9, 0.5, marker="HER2", estimand="interaction", treatment_1="tamoxifen", treatment_0="none")
    lost = EffectEstimate(study="P", estimand="interaction", p_value=0.04, status="test_only")
    rows, left = within_study_interactions(
        [stratum("A", "altered", 0.5, 0.3), stratum("A", "unaltered", 0.1, 0.3), own, lost]
    )
    assert rows == [own]
    assert left == [lost]
