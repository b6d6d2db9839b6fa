"""Propensity weights against R's glm and weighted coxph; positivity; the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, gbsg, metabric

from tamoxres.analysis import select
from tamoxres.cohorts.catalogue import load
from tamoxres.errors import AnalysisError
from tamoxres.models.resampling import bootstrap
from tamoxres.models.weights import INDICATION, propensity_scores, weights

ITERATED = 1e-7  # logistic and Cox regressions, both iterated to the end in R and here
KNOWN = 5e-8  # seven known decimals
COVARIATES = ["age", "menopause", "size_mm", "grade", "nodes", "pr_fmol", "er_fmol"]
R = answers("estimators")["weights"]


@pytest.mark.parametrize("method", ["iptw", "att", "overlap"])
def test_gbsg(method):
    """Weighted log hazard ratio, robust standard error, effective sample size and balance are R's."""
    found = weights(gbsg(), adjust=COVARIATES, method=method)
    row = found.effect
    assert (row.log_estimate, row.se) == pytest.approx(R["effect"][method], rel=ITERATED), f"{method} effect"
    assert found.ess["ess"].tolist() == pytest.approx(R["ess"][method], rel=ITERATED), f"{method} ESS"
    balance = found.balance
    expected, before = np.array(R["balance"][method]), np.array(R["unweighted"])
    assert balance["smd_after"].to_numpy() == pytest.approx(expected[0], rel=1e-6, abs=1e-9), f"{method} SMD"
    assert balance["smd_before"].to_numpy() == pytest.approx(before[0], rel=ITERATED), "SMD before"
    numbers = balance["variance_ratio_after"].notna().to_numpy()
    assert balance["variance_ratio_after"].to_numpy()[numbers] == pytest.approx(expected[1][numbers], rel=1e-6), (
        f"{method} variance"
    )
    assert balance["covariate"].tolist()[1] == "menopause[post]"
    assert not numbers[1], "a level has no variance ratio"


def test_known_figures():
    """Stabilised IPTW: -0.3748903 (robust 0.1373916); with grade as levels -0.3750305."""
    found = weights(gbsg(), adjust=COVARIATES)
    assert (found.effect.log_estimate, found.effect.se) == pytest.approx((-0.3748903, 0.1373916), abs=KNOWN)
    levels = weights(gbsg(), adjust=["age", "menopause", "size_mm", "factor(grade)", "nodes", "pr_fmol", "er_fmol"])
    assert levels.effect.log_estimate == pytest.approx(-0.3750305, abs=KNOWN)
    assert levels.effect.se == pytest.approx(R["factor_grade"][1], rel=ITERATED)
    assert np.sort(found.propensity)[[0, 99, 342, 599, 685]] == pytest.approx(R["propensity"], rel=ITERATED)
    assert found.weights.mean() == pytest.approx(1, abs=0.02), "stabilised weights average about 1"


def test_weighted_and_adjusted():
    """Weighted and adjusted is R's too; the row says how it was made and what it cannot mend."""
    found = weights(gbsg(), adjust=COVARIATES)
    row = found.cox(adjust=COVARIATES)
    assert (row.log_estimate, row.se) == pytest.approx(R["doubly"], rel=ITERATED)
    assert (row.weights, row.se_kind, row.remark) == ("iptw", "robust", "Adjusted too.")
    assert "confounding by indication" in row.note
    assert (row.estimand, row.contrast, row.n_1, row.adjusted_for) == (
        "treatment_effect",
        "tamoxifen v none",
        246,
        tuple(COVARIATES),
    )


def test_bootstrap_error_is_near_and_repeats():
    """The bootstrap estimates the propensity anew, does not depend on the workers, and comes near the robust error."""
    found = weights(gbsg(), adjust=COVARIATES)
    first, second = (found.cox(resamples=60, seed=7, jobs=jobs) for jobs in (1, 2))
    assert first.se == second.se
    assert first.se == pytest.approx(found.effect.se, rel=0.25), "60 resamples: Monte Carlo error of about 9%"
    assert (first.se_kind, first.remark) == ("bootstrap", "60 resamples.")


def test_overlap_balances_means_exactly():
    """Overlap weights leave no difference in the means of the propensity model's covariates."""
    balance = weights(gbsg(), adjust=COVARIATES, method="overlap").balance
    assert balance["smd_after"].abs().max() < 1e-6


def test_extreme_propensity():
    """A propensity near 1 does no harm to one who was treated; one untreated against it would outweigh the cohort."""
    found = weights(metabric(treatment="any"), adjust=["age", "nodes", "npi"], method="overlap")
    assert found.propensity.max() > 1 - 1e-6
    assert np.isfinite(found.effect.log_estimate)
    with pytest.raises(AnalysisError, match=r"Patient 'MB-\d+' was untreated against a propensity of 0.99.*Trim"):
        weights(metabric(treatment="any"), adjust=["age", "nodes", "npi"])
    trimmed = weights(metabric(treatment="any"), adjust=["age", "nodes", "npi"], trim=0.05)
    assert trimmed.weights.max() < 20, "the share treated over 0.05 at most"


def test_trimming_is_a_step_of_the_flow():
    """Patients outside the range leave, counted, and the method says so."""
    found = weights(gbsg(), adjust=COVARIATES, trim=0.2)
    assert found.analysis.n < 686
    assert ((found.propensity >= 0.2) & (found.propensity <= 0.8)).all()
    assert found.analysis.flow.steps[-1].name == "Propensity 0.2 to 0.8"
    assert found.effect.remark == "Propensity 0.2 to 0.8."


def test_default_covariates():
    """Without adjust, the confounders by indication that the cohort holds are used."""
    assert weights(gbsg()).adjust == tuple(
        c for c in INDICATION if c in ("age", "menopause", "nodes", "size_mm", "grade")
    )


def rotterdam_set():
    """Rotterdam, both arms."""
    return select(load("rotterdam"), endpoint="RFS", er="any", treatment="any")


def test_positivity_names_the_stratum():
    """Rotterdam: 0 of 1,436 node-negative patients had hormone; restricting mends it."""
    with pytest.raises(AnalysisError, match=r"0 of 1,436 patients with nodes 0 were treated.*where='nodes != 0'"):
        weights(rotterdam_set(), adjust=["age", "nodes"])
    kept = select(load("rotterdam"), endpoint="RFS", er="any", treatment="any", where=["nodes != 0"])
    assert weights(kept, adjust=["age", "nodes"]).analysis.n == 1546


def separated():
    """Four patients whose age decides treatment."""
    return analysis_of([1.0, 2, 3, 4], [1, 1, 1, 0], endocrine=["yes", "yes", "no", "no"], age=[40.0, 41, 60, 61])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: weights(metabric(), adjust=["age"]), "one arm here"),
        (lambda: weights(gbsg(), adjust=["age"], method="matching"), "Unknown weights 'matching'"),
        (lambda: weights(gbsg(), adjust=["endocrine_agent"]), "Positivity violated"),
        (lambda: weights(separated(), adjust=["age"]), "covariates separate treated from untreated"),
        (lambda: weights(analysis_of([1.0, 2], [1, 0], endocrine=["yes", "no"])), "holds no confounder"),
    ],
)  # fmt: skip
def test_refuses(make, words):
    """What cannot be weighted is refused in one sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()


def test_bootstrap_counts_failures():
    """Resamples that cannot be computed are left out and counted; too many are an error."""

    def sometimes(rows):
        if rows[0] < 1:
            raise AnalysisError("no")
        return np.array([rows.mean()])

    done = []
    found = bootstrap(sometimes, 100, m=50, seed=1, progress=done.append)
    assert found.failed + len(found.values) == 50
    assert done[-1] == 50
    with pytest.raises(AnalysisError, match="could not be computed"):
        bootstrap(lambda rows: np.array([np.nan]), 5, m=10, seed=1)


@pytest.mark.parametrize("seed", range(4))
def test_propensities_are_those_of_statsmodels(seed):
    """Scales of a thousand, a level, a level all of whom were treated: the same probabilities."""
    from statsmodels.discrete.discrete_model import Logit

    draw = np.random.default_rng(seed)
    x = draw.normal(size=(200, 4)) * [1, 1e3, 1e-3, 1]
    x[:, 3] = x[:, 3] > 0
    treated = (draw.random(200) < 1 / (1 + np.exp(-x[:, 0] - x[:, 3]))).astype(float)
    treated[x[:, 3] == 1] = 1 if seed == 3 else treated[x[:, 3] == 1]
    z = np.column_stack([np.ones(200), (x - x.mean(axis=0)) / x.std(axis=0)])
    fitted = Logit(treated, z).fit(disp=0, method="newton", maxiter=100, tol=1e-14, warn_convergence=False)
    scores = propensity_scores(x, treated)
    assert scores == pytest.approx(np.clip(fitted.predict(), 1e-12, 1 - 1e-12), abs=1e-10)
    assert scores.sum() == pytest.approx(treated.sum(), abs=1e-6)
    assert ((scores > 0) & (scores < 1)).all()
    with pytest.raises(AnalysisError, match="no finite estimate"):
        propensity_scores(x[:, 3:], x[:, 3])
