"""E-values against the known arithmetic; the example of the paper stands in published/."""

from __future__ import annotations

import pytest
from public_data import gbsg, metabric

from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError
from tamoxres.inference.evalue import approximate_risk_ratio, e_value
from tamoxres.models.cox import cox

KNOWN = 6e-6  # five known decimals
ROW = {"study": "a", "estimand": "treatment_effect"}


def test_known_figures():
    """1.51638 gives 2.00096, its limit 1.18431 gives 1.49829; the inverse gives the same."""
    effect = EffectEstimate.from_ci(1.51638, 1.18431, 1.51638**2 / 1.18431, **ROW)
    found = e_value(effect)
    assert (found.point, found.limit) == pytest.approx((2.00096, 1.49829), abs=KNOWN)
    turned = e_value(effect.reversed())
    assert (turned.point, turned.limit) == pytest.approx((found.point, found.limit), rel=1e-9)


def test_scales():
    """A rare hazard or odds ratio is taken as a risk ratio; a common odds ratio as its root."""
    assert approximate_risk_ratio(2.0, "HR", common=False) == 2
    assert approximate_risk_ratio(4.0, "OR") == 2
    assert approximate_risk_ratio(4.0, "RR") == 4
    assert approximate_risk_ratio(1.0, "HR") == 1


def test_an_interval_that_holds_one():
    """A null effect needs no confounding: its limit has E-value 1."""
    assert e_value(EffectEstimate.from_ci(0.9, 0.6, 1.35, **ROW)).limit == 1


def test_a_ratio_of_hazard_ratios_has_two():
    """2.06 (1.30-3.27): 3.54 and 2.23, its lower limit 1.92 and 1.54; inverted it is the same, common or not."""
    limits = 1.3 + 0.39**0.5, 1.3**0.5 + (1.3 - 1.3**0.5) ** 0.5
    effect = EffectEstimate.from_ci(2.06, 1.30, 2.06**2 / 1.30, study="a", estimand="interaction")
    for row in (effect, effect.reversed()):
        found = e_value(row)
        assert (found.point, found.point_opposite) == pytest.approx((3.54, 2.23), abs=5e-3)
        assert (found.limit, found.limit_opposite) == pytest.approx(limits, rel=1e-9)
        assert e_value(row, common=False) == found
    assert "3.54 each in one marker level, or of 2.23 each in opposite directions in both" in str(found)
    null = e_value(EffectEstimate.from_ci(0.9, 0.6, 1.35, study="a", estimand="interaction"))
    assert (null.limit, null.limit_opposite) == (1, 1)
    assert null.point > null.point_opposite > 1
    assert e_value(cox(gbsg()).effect).point_opposite is None


def test_gbsg():
    """Tamoxifen in GBSG has an E-value above 1 for both."""
    found = e_value(cox(gbsg()).effect)
    assert found.point > found.limit > 1
    assert "explain the estimate away" in str(found)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (cox(metabric()).effect, "estimand is prognostic"),
        (EffectEstimate(measure="RD", difference=0.1, se=0.1, **ROW), "this row is RD"),
        (EffectEstimate(status="not_estimable", **ROW), "not_estimable"),
    ],
)
def test_refuses(row, words):
    """Only an estimated treatment effect on a ratio scale has an E-value."""
    with pytest.raises(AnalysisError, match=words):
        e_value(row)
