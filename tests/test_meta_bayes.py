"""The Bayesian line against R's integrate(), and where it must agree with the likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest
from meta_data import CLOSED, META, close, data, pooled, trials

from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError
from tamoxres.meta.bayes import bayesian
from tamoxres.meta.pool import pool
from tamoxres.meta.posterior import posterior

ROOT = 1e-7  # both integrate to about 1e-11 and then search a root
CASES = {"bcg": slice(None), "hine": slice(None), "begg": slice(3)}


@pytest.mark.parametrize("name", CASES)
def test_posterior_equals_numerical_integration(name):
    """Mean effect, new study, first study's own effect, tau, and both probabilities, as medians with 95% intervals."""
    expected = META[name]["bayes"]
    result = pool(trials(name)[CASES[name]])
    limit = expected["limit"]
    margin = (math.exp(-limit), math.exp(limit)) if result.is_ratio else (-limit, limit)
    found = bayesian(result, tau_scale=expected["scale"], margin=margin)
    for row, key in ((found.mu, "mu"), (found.new_study, "new"), (found.shrunken[0], "first")):
        close([row.point, row.low, row.high], expected[key], ROOT, f"{name} {key}")
    close([found.tau, found.tau_low, found.tau_high], expected["tau"], ROOT, f"{name} tau")
    close([found.p_above, found.p_within], [expected["above"], expected["within"]], ROOT, f"{name} probabilities")


def test_the_posterior_is_a_distribution():
    """The masses sum to 1; the distribution function of mu rises from 0 to 1."""
    found = posterior(*data("bcg"), 0.5)
    close(found.weight.sum(), 1.0, CLOSED, "mass")
    values = [found.cdf(x) for x in np.linspace(-4, 4, 30)]
    assert np.all(np.diff(values) >= 0)
    assert values[0] < 1e-6 < 1 - 1e-6 < values[-1]


def test_a_prior_that_allows_no_variance_gives_the_common_effect():
    """With a tiny scale tau is 0, and mu has the common effect with its normal interval."""
    result = pooled()
    found = bayesian(result, tau_scale=1e-6)
    close(found.mu.point, result.common.point, ROOT, "median")
    close((found.mu.high - found.mu.low) / (2 * 1.959963984540054), result.common.se, ROOT, "spread")


def test_studies_are_drawn_to_the_mean():
    """Every study's own effect lies between its estimate and the mean, within the quadrature's rounding."""
    result = pooled()
    found = bayesian(result)
    for effect, own in zip(result.effects, found.shrunken, strict=True):
        low, high = sorted([effect.log_estimate, found.mu.point])
        assert low - 0.02 < own.point < high + 0.02


def test_swapping_the_contrast_turns_the_posterior_round():
    """Reversed rows give the inverse ratio and the complementary probability."""
    rows = trials()[:4]
    one, other = bayesian(pool(rows)), bayesian(pool([row.reversed() for row in rows]))
    close([other.mu.point, other.p_above], [-one.mu.point, 1 - one.p_above], ROOT, "turned")


def test_the_prior_and_the_margin_are_named():
    """The text names the prior, the margin and the probability above 1."""
    text = str(bayesian(pooled(), margin=(0.80, 1.25)))
    assert "half-normal(0.5) on tau" in text
    assert "Probability within 0.8 to 1.25: 0.6%" in text
    assert "probability above 1: 0.0%" in text


def test_two_wildly_different_studies_still_have_a_posterior():
    """Precise studies far apart push tau to where the prior still lets it go."""
    rows = [EffectEstimate(study=f"S{i}", log_estimate=y, se=0.01) for i, y in enumerate([-1.5, 1.5])]
    found = bayesian(pool(rows))
    assert found.mu.low < 0 < found.mu.high
    assert 0.5 < found.tau < 3


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bayesian(pooled("hine")), "A RD has no usual prior of tau"),
        (lambda: bayesian(pooled(), tau_scale=0), "tau_scale is 0"),
        (lambda: bayesian(pooled(), margin=(1.25, 0.8)), "margin 1.25 to 0.8 is no interval"),
        (lambda: bayesian(pooled(), margin=(-1, 1)), "is no interval"),
    ],
)
def test_bad_priors_and_margins_are_refused(call, says):
    """A scale that is not positive, or a margin that is no interval, is one sentence."""
    with pytest.raises(PoolingError, match=says):
        call()
