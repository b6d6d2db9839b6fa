"""Gail and Simon's test by hand; the example of their paper stands in published/."""

from __future__ import annotations

import pytest
from scipy.special import chdtrc

from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError
from tamoxres.inference.gail_simon import gail_simon


def effects(points, errors, **row):
    """Differences with their standard errors, one a subset."""
    return [
        EffectEstimate(study="a", restrictions=(f"subset {i}",), measure="RD", difference=d, se=s, **row)
        for i, (d, s) in enumerate(zip(points, errors, strict=True))
    ]


def test_two_subsets_by_hand():
    """Z of 2 and -1: the smaller square is 1, P is half that of a chi-square of 1."""
    found = gail_simon(effects([0.2, -0.1], [0.1, 0.1]))
    assert (found.q_positive, found.q_negative) == pytest.approx((4, 1))
    assert found.p_value == pytest.approx(chdtrc(1, 1) / 2)


def test_one_direction():
    """Effects that all point one way give no evidence of a crossing."""
    assert gail_simon(effects([0.2, 0.1], [0.1, 0.1])).p_value == 1


def test_refuses():
    """One subset, a subset without an estimate, and mixed measures are refused."""
    with pytest.raises(AnalysisError, match="at least two subsets"):
        gail_simon(effects([0.1], [0.1]))
    empty = EffectEstimate(study="a", restrictions=("subset 9",), measure="RD", status="not_estimable")
    with pytest.raises(AnalysisError, match="subset 9 was not estimated"):
        gail_simon([*effects([0.1], [0.1]), empty])
    with pytest.raises(AnalysisError, match="differ in measure"):
        gail_simon([*effects([0.1], [0.1]), EffectEstimate(study="a", log_estimate=0.1, se=0.1)])
