"""Priors and interactions: against integration over a grid, Held's reverse-Bayes, and averaged over the prior."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from public_data import metabric
from scipy.special import ndtr, ndtri

import tamoxres as tr
from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError
from tamoxres.inference.bayes import PRIORS, Posterior, Prior, by_likelihood, by_normal
from tamoxres.kernel.profile import profile_loglik
from tamoxres.models.interaction import one_interaction

CLOSED = 1e-9  # of a closed form against a fine grid, absolute for probabilities
SCEPTICAL, ENTHUSIASTIC, SHRINKAGE, FLAT = PRIORS
Z = float(ndtri(0.975))
EVIDENCE = [(0.72, 0.23), (-0.05, 0.28), (-1.4, 0.5), (2.5, 0.2), (0.0, 1.5)]


def on_grid(log_ratio: np.ndarray, loglik: np.ndarray, prior: Prior) -> Callable[[float], float]:
    """The distribution function of a posterior by the trapezium rule."""
    density = np.exp(loglik - loglik.max() + prior.log_density(log_ratio))
    areas = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(log_ratio))])
    return lambda x: float(np.interp(x, log_ratio, areas / areas[-1]))


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.name)
@pytest.mark.parametrize(("estimate", "se"), EVIDENCE)
def test_the_closed_forms_against_a_grid(prior: Prior, estimate: float, se: float) -> None:
    """Probabilities, limits, mean and SD under a normal likelihood equal a grid of four million points."""
    grid = np.linspace(estimate - 12 * se - 1, estimate + 12 * se + 1, 4_000_001)
    cdf = on_grid(grid, -((grid - estimate) ** 2) / (2 * se**2), prior)
    found = by_normal(estimate, se, prior)
    shares = 1 - cdf(0.0), 1 - cdf(math.log(1.25)), cdf(math.log(1.25)) - cdf(math.log(0.8)), cdf(math.log(0.8))
    assert (found.above_1, found.above, found.within, found.below) == pytest.approx(shares, abs=CLOSED)
    for limit, p in ((found.median, 0.5), (found.ci_low, 0.025), (found.ci_high, 0.975)):
        assert cdf(math.log(limit)) == pytest.approx(p, abs=CLOSED)
    density = np.exp(-((grid - estimate) ** 2) / (2 * se**2) + prior.log_density(grid))
    mean = np.average(grid, weights=density)
    assert found.mean == pytest.approx(mean, abs=1e-7)
    assert found.sd == pytest.approx(math.sqrt(np.average((grid - mean) ** 2, weights=density)), rel=1e-6)


def test_the_priors_are_those_of_the_methods() -> None:
    """95 % of the sceptic between 1/2 and 2, the enthusiast about 1.5 with the same spread; Laplace has its SD."""
    assert SCEPTICAL.sd == pytest.approx(math.log(2) / 1.96)
    assert (ENTHUSIASTIC.mean, ENTHUSIASTIC.sd) == (math.log(1.5), SCEPTICAL.sd)
    vague = by_normal(0.3, 50.0, SHRINKAGE)
    assert (vague.mean, vague.sd) == pytest.approx((0.0, SCEPTICAL.sd), abs=1e-3)
    flat = by_normal(0.72, 0.23, FLAT)
    assert (flat.above_1, flat.ci_low) == pytest.approx((ndtr(0.72 / 0.23), math.exp(0.72 - Z * 0.23)))


def test_shrinkage_leaves_large_ratios() -> None:
    """Laplace draws a small ratio in as the sceptic does or more, and a large one far less."""
    small = [by_normal(0.1, 0.2, prior).mean / 0.1 for prior in (SHRINKAGE, SCEPTICAL)]
    large = [by_normal(2.5, 0.2, prior).mean / 2.5 for prior in (SHRINKAGE, SCEPTICAL)]
    assert small[0] < small[1]
    assert large[0] > 0.93 > large[1]


def test_the_profile_likelihood_against_a_grid() -> None:
    """METABRIC's HER2: the spline over 81 profile fits equals 481 fits, each integrated as it is."""
    both = metabric(treatment="any")
    found = tr.bayes_interaction(both, adjust="age", strata="site")
    model = one_interaction(both, adjust="age", strata="site").model
    fit, column = model.on_kernel(), model.design.term("treatment:marker").columns[0]
    estimate, se = float(fit.coefficients[column]), float(fit.se[column])
    grid = np.linspace(estimate - 6 * se, estimate + 6 * se, 481)
    logs = np.array([profile_loglik(fit, column, float(value)) for value in grid])
    for prior in PRIORS:
        cdf, own = on_grid(grid, logs, prior), found.of(prior.name, "profile")
        assert own.above_1 == pytest.approx(1 - cdf(0.0), abs=2e-4), "the trapezium rule's own error at 481 points"
        assert own.below == pytest.approx(cdf(math.log(0.8)), abs=2e-4)
    normal, profile = found.of("sceptical"), found.of("sceptical", "profile")
    assert normal.median == pytest.approx(profile.median, rel=0.03), "the likelihood is nearly normal"
    assert [p.likelihood for p in found.posteriors] == ["normal"] * 4 + ["profile"] * 4


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.name)
def test_quadrature_of_a_normal_likelihood_is_the_closed_form(prior: Prior) -> None:
    """By its grid or in closed form: one posterior."""
    grid = np.linspace(0.72 - 10 * 0.23, 0.72 + 10 * 0.23, 4001)
    by_grid, closed = by_likelihood(grid, -((grid - 0.72) ** 2) / (2 * 0.23**2), prior), by_normal(0.72, 0.23, prior)
    for name in ("mean", "sd", "median", "ci_low", "ci_high", "above_1", "above", "within", "below"):
        assert getattr(by_grid, name) == pytest.approx(getattr(closed, name), abs=1e-6), name


def row(log_ratio: float, se: float, **fields: object) -> EffectEstimate:
    """An interaction's row."""
    return EffectEstimate(study="a", label="A", log_estimate=log_ratio, se=se, estimand="interaction", **fields)


@pytest.mark.parametrize(("estimate", "se"), [(0.72, 0.23), (-0.72, 0.23), (0.46, 0.23), (3.0, 0.2)])
def test_the_sceptic_is_just_not_convinced(estimate: float, se: float) -> None:
    """Held: with the prior needed the posterior's limit is 1 itself; its variance is SE^2 / (z^2 / 1.96^2 - 1)."""
    needed = tr.prior_needed(row(estimate, se))
    assert needed.kind == "sceptical"
    assert needed.sd**2 == pytest.approx(se**2 / ((estimate / se / Z) ** 2 - 1), rel=1e-12)
    just = by_normal(estimate, se, Prior(name="needed", sd=needed.sd))
    assert (just.ci_low if estimate > 0 else just.ci_high) == pytest.approx(1.0, rel=1e-9)
    assert needed.ci_low * needed.ci_high == pytest.approx(1.0)
    assert (needed.intrinsic_p < 0.05) == (abs(needed.ci_high) < math.exp(abs(estimate) + 10) and needed.sd < se)


@pytest.mark.parametrize(("estimate", "se"), [(0.3, 0.23), (-0.3, 0.23), (0.01, 0.5)])
def test_the_advocate_is_just_convinced(estimate: float, se: float) -> None:
    """Matthews: a prior that just excludes 1 makes the posterior just exclude it."""
    needed = tr.prior_needed(row(estimate, se))
    assert needed.kind == "advocate"
    assert (needed.ci_low if estimate > 0 else needed.ci_high) == pytest.approx(1.0)
    if needed.sd < 10:
        just = by_normal(estimate, se, Prior(name="needed", mean=needed.mean, sd=needed.sd))
        assert (just.ci_low if estimate > 0 else just.ci_high) == pytest.approx(1.0, rel=1e-9)
    assert "already puts 95% on ratios" in str(needed)


def test_intrinsic_credibility() -> None:
    """Held's threshold: P = 0.0056 is intrinsically credible at 5 %, and there the sceptic is as sure as the data."""
    z = math.sqrt(2) * Z
    needed = tr.prior_needed(row(z * 0.2, 0.2))
    assert needed.intrinsic_p == pytest.approx(0.05)
    assert 2 * ndtr(-z) == pytest.approx(0.0056, abs=5e-5)
    assert needed.sd == pytest.approx(0.2)
    assert tr.prior_needed(row(0.0, 0.2)) is None


@pytest.mark.parametrize("prior", PRIORS[:3], ids=lambda prior: prior.name)
def test_intervals_hold_averaged_over_the_prior(prior: Prior) -> None:
    """Truths drawn from the prior, estimates about them: 95 % of the intervals hold their truth."""
    draw = np.random.default_rng(7)
    m, se = 4000, 0.25
    if prior.shape == "laplace":
        truths = draw.laplace(prior.mean, prior.sd / math.sqrt(2), m)
    else:
        truths = draw.normal(prior.mean, prior.sd, m)
    made = [by_normal(float(estimate), se, prior) for estimate in draw.normal(truths, se)]
    held = np.mean([p.ci_low <= math.exp(truth) <= p.ci_high for p, truth in zip(made, truths, strict=True)])
    assert held == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / m))


def test_a_row_and_its_table() -> None:
    """Any interaction's row is read by the normal approximation; the table says what no prior can mend."""
    found = tr.bayes_of_row(row(0.72, 0.23, design="observational", marker="MTOR", endpoint="BCSS"))
    assert [p.prior.name for p in found.posteriors] == ["sceptical", "enthusiastic", "shrinkage", "flat"]
    text = found.table().to_csv()
    assert "no prior here allows for that" in text
    assert "Prior needed: a sceptic who puts 95% on ratios of" in text
    assert ">0.999" in tr.bayes_of_row(row(1.2, 0.2)).table().to_csv()
    assert isinstance(found.of("flat"), Posterior)
    randomised = tr.bayes_of_row(row(0.1, 0.2, design="randomised")).table().to_csv()
    assert "no prior here allows" not in randomised


def test_without_a_likelihood_the_normal_stands_alone() -> None:
    """Robust standard errors go with no likelihood."""
    found = tr.bayes_interaction(metabric(treatment="any"), adjust="age", cluster="site")
    assert {p.likelihood for p in found.posteriors} == {"normal"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: tr.bayes_of_row(EffectEstimate(study="a", log_estimate=0.1, se=0.2)),
            "takes an estimated interaction",
        ),
        (lambda: by_normal(0.1, 0.2, SCEPTICAL, margin=(1.1, 1.25)), "does not hold 1"),
        (lambda: by_normal(0.1, 0.0, SCEPTICAL), "log ratio is 0; it is above 0"),
        (lambda: by_normal(0.1, 1e4, SHRINKAGE), "no information in it"),
        (lambda: Prior(name="x", sd=0.0), "the SD is above 0"),
        (lambda: Prior(name="x", shape="cauchy"), "use normal, laplace or flat"),
    ],
)
def test_refuses(make: Callable[[], object], words: str) -> None:
    """What is no interaction, no margin or no prior is refused in one sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()


def test_on_the_command_line(run: Callable[..., tuple[int, str, str]]) -> None:
    """A table with its notes, or the numbers."""
    asked = ("bayes", "metabric", "--marker", "HER2", "--endpoint", "BCSS", "--adjust", "age", "--strata", "site")
    code, out, _ = run(*asked)
    assert (code, out.count("sceptical")) == (0, 2)
    assert "- Prior needed: only who already puts 95% on ratios of" in out
    code, out, _ = run(*asked, "--format", "json", "--margin", "0.7,1.4")
    assert (code, len(json.loads(out))) == (0, 8)
    assert "P(ratio > 1.4)" in out
    assert run(*asked, "--margin", "wide")[0] == 2
