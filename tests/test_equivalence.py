"""Two one-sided tests against R's arithmetic."""

from __future__ import annotations

import pytest
from public_data import answers

from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError
from tamoxres.inference.equivalence import equivalence

CLOSED = 1e-9  # tails of normal and t
R = answers("estimators")["equivalence"]


def row(**parts):
    """An interaction row."""
    return EffectEstimate(**({"study": "a", "estimand": "interaction", "log_estimate": 0.05, "se": 0.08} | parts))


@pytest.mark.parametrize(("name", "df"), [("normal", None), ("t", 12.0)])
def test_equals_r(name, df):
    """Both one-sided P values and the 90% interval are R's."""
    found = equivalence(row(df=df))
    assert (found.p_low, found.p_high, found.ci_low, found.ci_high) == pytest.approx(R[name], rel=CLOSED)
    assert found.p_value == max(found.p_low, found.p_high)
    assert found.estimand == "interaction"


def test_interval_and_tests_agree():
    """The tests reject exactly when the 90% interval lies within the margin."""
    for point in (-0.3, -0.1, 0.0, 0.09, 0.1, 0.2):
        found = equivalence(row(log_estimate=point))
        assert found.equivalent == (found.ci_low > 0.8 and found.ci_high < 1.25), point


def test_wide_interval_is_not_equivalent():
    """A null effect with a wide interval is not equivalent, and its sentence does not say no difference."""
    found = equivalence(row(log_estimate=0.0, se=0.3))
    assert not found.equivalent
    assert "does not lie within" in str(found)
    assert "no difference" not in str(found)


def test_difference_scale():
    """A difference has its margin around 0."""
    risk = EffectEstimate(study="a", measure="RD", difference=0.01, se=0.01)
    assert equivalence(risk, margin=(-0.05, 0.05)).equivalent
    with pytest.raises(AnalysisError, match="does not lie around 0"):
        equivalence(risk)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: equivalence(row(), margin=(1.1, 1.25)), "does not lie around 1"),
        (lambda: equivalence(row(), alpha=0.6), "alpha is 0.6"),
        (lambda: equivalence(EffectEstimate(study="a", status="not_estimable")), "needs an estimated effect"),
    ],
)
def test_refuses(make, words):
    """A margin on one side, an odd alpha, and an effect without an estimate are refused."""
    with pytest.raises(AnalysisError, match=words):
        make()
