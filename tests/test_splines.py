"""Splines against R's coxph on Harrell's basis."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import answers, gbsg
from scipy.special import chdtrc

from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.splines import restricted_cubic_basis, spline

ITERATED = 1e-6  # a basis nearly collinear: the curve is good to seven digits
R = answers("estimators")["splines"]
CASES = {
    "nodes4": ("nodes", {}, (1, 5, 20)),
    "pgr3": ("pr_fmol", {"knots": 3}, (10, 100, 300)),
    "age5": ("age", {"knots": 5, "adjust": ["nodes", "grade"]}, (30, 45, 70)),
    "nodes_named": ("nodes", {"knots": [1, 3, 8], "reference": 1}, (1, 2, 12)),
}


@pytest.mark.parametrize("name", list(CASES))
def test_equals_r(name):
    """Knots, curve with its error, tests, and the hazard ratio per SD are R's."""
    column, options, at = CASES[name]
    found, expected = spline(gbsg(), column, **options), R[name]
    assert found.knots == pytest.approx(expected["knots"]), f"{name} knots"
    curve = found.curve(at)
    assert curve["log_hr"].tolist() == pytest.approx(expected["log_hr"], rel=ITERATED, abs=1e-9), f"{name} curve"
    assert curve["se"].tolist() == pytest.approx(expected["se"], rel=ITERATED, abs=1e-9), f"{name} SE"
    assert found.nonlinear_statistic == pytest.approx(expected["lrt"], rel=ITERATED), f"{name} non-linearity"
    assert found.nonlinear_p == pytest.approx(chdtrc(len(found.knots) - 2, expected["lrt"]), rel=1e-5), f"{name} P"
    assert found.p_value == pytest.approx(chdtrc(len(found.knots) - 1, expected["wald"]), rel=1e-5), (
        f"{name} whole curve"
    )
    assert (found.linear.log_estimate, found.linear.se) == pytest.approx(expected["per_sd"], rel=ITERATED), (
        f"{name} per SD"
    )
    assert found.linear.contrast.startswith("per SD of")


def test_basis_is_linear_beyond_the_knots():
    """Beyond the last knot second differences are 0, before the first only the line is left."""
    basis = restricted_cubic_basis(np.arange(20, 30.0), [1, 5, 9, 12])
    assert np.abs(np.diff(basis, 2, axis=0)).max() < 1e-9
    assert (restricted_cubic_basis([-3.0, 0.5], [1, 5, 9])[:, 1:] == 0).all()


def test_curve_has_hr_one_at_the_reference():
    """At the reference the hazard ratio is 1 with no width, and the grid has 100 values."""
    found = spline(gbsg(), "nodes")
    row = found.curve([found.reference]).iloc[0]
    assert (row["hr"], row["ci_low"], row["ci_high"]) == (1, 1, 1)
    assert len(found.curve()) == 100


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: spline(gbsg(), "menopause"), QuestionError, "holds levels"),
        (lambda: spline(gbsg(), "grade"), AnalysisError, "must be three or more and increase"),
        (lambda: spline(gbsg(), "age", knots=7), AnalysisError, "7 knots are not foreseen"),
    ],
)
def test_refuses(make, error, words):
    """Levels, too few values and odd numbers of knots are refused."""
    with pytest.raises(error, match=words):
        make()
