"""Rubin's rules against mice and the known figures."""

from __future__ import annotations

import math

import pytest
from public_data import answers

from tamoxres.errors import AnalysisError
from tamoxres.inference.rubin import rubin

CLOSED = 1e-9  # arithmetic
R = answers("estimators")["rubin"]
Q, U = [0.40, 0.46, 0.35, 0.43, 0.38], [0.0160, 0.0155, 0.0170, 0.0158, 0.0163]
CASES = {
    "infinite": (Q, U, math.inf),
    "finite": (Q, U, 200),
    "small": (Q[:2], U[:2], 30),
    "same": ([0.4] * 3, [0.02] * 3, 100),
}


@pytest.mark.parametrize("name", list(CASES))
def test_equals_mice(name):
    """Estimate, variances, Barnard-Rubin degrees of freedom and fraction of missing information are mice's."""
    q, u, df_complete = CASES[name]
    found, expected = rubin(q, u, df_complete=df_complete), R[name]
    assert found.estimate == pytest.approx(expected["estimate"], rel=CLOSED), f"{name} estimate"
    assert found.se**2 == pytest.approx(expected["total"], rel=CLOSED), f"{name} total variance"
    assert found.df == pytest.approx(expected["df"], rel=CLOSED), f"{name} df"
    assert found.fmi == pytest.approx(expected["fmi"], rel=CLOSED), f"{name} fmi"
    assert (found.within, found.between) == pytest.approx((expected["within"], expected["between"]), abs=1e-15), name


def test_known_figures():
    """.4040, T .018316, df(inf) 278.264, fmi .126153."""
    found = rubin(Q, U)
    assert (found.estimate, found.se**2) == pytest.approx((0.4040, 0.018316), abs=5e-7)
    assert found.df == pytest.approx(278.264, abs=5e-4)
    assert found.fmi == pytest.approx(0.126153, abs=5e-7)


@pytest.mark.parametrize(
    ("q", "u", "words"),
    [
        ([0.4], [0.02], "at least two"),
        ([0.4, 0.5], [0.02, 0.0], "no finite"),
        ([0.4, math.nan], [0.02, 0.02], "no finite"),
    ],
)
def test_refuses(q, u, words):
    """One imputation, or one that failed, cannot be pooled."""
    with pytest.raises(AnalysisError, match=words):
        rubin(q, u)
