"""The Copas selection model against optim on its likelihood, by hand where nothing is selected, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from meta_data import pooled, trials

from tamoxres.errors import PoolingError
from tamoxres.meta.copas import copas
from tamoxres.meta.pool import pool

R = json.loads((Path(__file__).parent / "reference" / "copas" / "copas.json").read_text())
LIKELIHOOD = 1e-7  # at its top the likelihood is flat: it agrees further than the parameters do
PARAMETER = 2e-5  # about the root of optim's tolerance
NUMERIC = 2e-4  # numDeriv's Hessian, of a maximum that optim has found to 1e-5


CASES = [(name, case) for name in ("bcg", "begg", "linde", "konst") for case in R[name]]


@pytest.mark.parametrize(("name", "case"), CASES,
                         ids=lambda x: x if isinstance(x, str) else f"{x['low']}-{x['high']}")  # fmt: skip
def test_every_point_equals_r(name, case):
    """mu, rho, tau, the likelihood, the studies missing and the test of what is left, at each point of the grid."""
    (point,) = copas(pooled(name), largest_se=case["low"], smallest_se=case["high"]).points
    assert point.loglik == pytest.approx(case["loglik"], rel=LIKELIHOOD)
    assert point.loglik > case["loglik"] - 1e-9, "a higher point was found by R"
    assert point.adjusted.point == pytest.approx(case["mu"], rel=PARAMETER, abs=PARAMETER)
    assert point.rho == pytest.approx(case["rho"], abs=10 * PARAMETER)
    assert point.tau == pytest.approx(case["tau"], rel=10 * PARAMETER, abs=PARAMETER)
    assert point.unpublished == pytest.approx(case["unpublished"], rel=1e-12)
    assert point.residual_p == pytest.approx(case["p"], rel=1e-4, abs=1e-9)
    if case.get("se") not in (None, "NA") and abs(case["rho"]) < 0.95:
        assert point.adjusted.se == pytest.approx(case["se"], rel=NUMERIC)
    if not case["inside"]:
        assert math.isnan(point.adjusted.se)


def test_without_selection_it_is_maximum_likelihood():
    """Where nearly every study is published the model is the random-effects one by maximum likelihood."""
    (point,) = copas(pooled("konst"), largest_se=0.999998, smallest_se=0.999999).points
    plain = pooled("konst", tau2="ml")
    assert point.adjusted.point == pytest.approx(plain.point, abs=2e-3)
    assert point.unpublished < 0.01


def test_mirrored_effects_give_mirrored_answers():
    """Turning every effect round turns mean and correlation round, and nothing else."""
    rows = trials("linde")
    one = copas(pool(rows, ci="z"), largest_se=0.3).points[0]
    other = copas(pool([row.reversed() for row in rows], ci="z"), largest_se=0.3).points[0]
    assert other.adjusted.point == pytest.approx(-one.adjusted.point, rel=1e-6)
    assert other.rho == pytest.approx(-one.rho, rel=1e-6)
    assert other.loglik == pytest.approx(one.loglik, rel=1e-9)


def test_stronger_selection_pulls_the_effect_towards_none():
    """Where small studies show more, the fewer of them were published the smaller is the adjusted effect."""
    found = copas(pooled("linde"), largest_se=(0.2, 0.5, 0.9))
    points = [point.adjusted.point for point in found.points]
    assert [point.largest_se for point in found.points] == [0.9, 0.5, 0.2]
    assert points == sorted(points, reverse=True)
    assert 0 < points[-1] < found.pooled.point
    table = found.table()
    assert len(table.rows) == 4
    assert table.rows[1].cells[2].text.endswith("(NE)"), "rho on its bound has no error"
    assert "cannot be learnt" in table.footnotes[0]
    assert "no selection of the grid" in str(found)
    assert found.enough is None


def test_the_weakest_selection_that_leaves_nothing():
    """`enough` is the first point of the grid with P above 0.10."""
    found = copas(pooled("konst"), largest_se=(0.9, 0.1))
    assert found.enough is found.points[0]
    assert "if 90.0% of studies of the largest error were published" in str(found)


@pytest.mark.parametrize(
    ("rows", "how", "says"),
    [
        (trials("hine"), {}, "needs at least 10"), (trials("bcg"), {"largest_se": 0.99}, "lie between 0 and 1"),
        (trials("bcg"), {"largest_se": 0.0}, "lie between 0 and 1"),
        (trials("bcg"), {"smallest_se": 1.0}, "between 0 and 1"),
    ],
)  # fmt: skip
def test_what_is_refused(rows, how, says):
    """Fewer than ten studies, and probabilities that are none."""
    with pytest.raises(PoolingError, match=says):
        copas(pool(rows), **how)


def test_studies_of_one_size_tell_nothing():
    """Equal errors leave no slope."""
    same = [type(row)(study=row.study, log_estimate=row.log_estimate, measure="RR", se=0.3) for row in trials("bcg")]
    with pytest.raises(PoolingError, match="one size"):
        copas(pool(same))


def test_the_grid_has_its_default():
    """Nine points from 90 % to 10 %, the smallest study's chance 99 %."""
    rows = trials("bcg")
    found = copas(pool(rows, ci="z"))
    assert [point.largest_se for point in found.points] == [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert {point.smallest_se for point in found.points} == {0.99}
    assert np.all(np.diff([point.unpublished for point in found.points]) > 0)
