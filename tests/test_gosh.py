"""Every subset of the studies pooled: against metafor's gosh, by hand, and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from figure_boxes import check_marks, check_paper, check_sizes, named, words
from meta_data import CLOSED, ITERATED, close, pooled, trials

import tamoxres as tr
from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError, TamoxresError
from tamoxres.figures.gosh import gosh_plot
from tamoxres.meta.gosh import gosh
from tamoxres.meta.pool import pool

R = json.loads((Path(__file__).parent / "reference" / "bias" / "bias.json").read_text())


@pytest.mark.parametrize("method", ["reml", "common"])
def test_every_subset_equals_metafor(method):
    """Pooled effect, Q, I2 and tau2 of all 63 subsets of six trials."""
    found, case = gosh(pooled("hine", tau2=method)), R["hine"]["gosh"][method]
    assert found.complete
    close(found.point, case["estimate"], ITERATED, "effects")
    close(found.q, case["q"], CLOSED, "Q")
    close(found.i2, case["i2"], ITERATED, "I2")
    close(found.tau2, case["tau2"], ITERATED, "tau2")


def test_thirteen_trials_equal_metafor():
    """Mean, quantiles and mean I2 of 8,191 subsets, of the common effect."""
    found, case = gosh(pooled(tau2="common")), R["bcg"]["gosh"]["common"]
    assert len(found.point) == case["k"]
    close(found.point.mean(), case["mean"], CLOSED, "mean")
    close(np.percentile(found.point, [0, 2.5, 50, 97.5, 100]), case["quantiles"], CLOSED, "quantiles")
    close(found.i2.mean(), case["i2"], CLOSED, "I2")


def test_thirteen_trials_by_reml():
    """Extremes, middle and tails equal metafor; three subsets have two maxima, and R stops at the lower."""
    found, case = gosh(pooled()), R["bcg"]["gosh"]["reml"]
    close(np.percentile(found.point, [0, 2.5, 50, 97.5, 100]), case["quantiles"], CLOSED, "quantiles")
    close(found.point.mean(), case["mean"], 3 / 8191, "mean, but for three subsets")


def test_subsets_of_one_and_of_all_by_hand():
    """A study alone is its own effect without heterogeneity; all of them are the pool."""
    rows, whole = trials()[:5], pool(trials()[:5])
    found = gosh(whole)
    alone = {int(np.flatnonzero(members)[0]): i for i, members in enumerate(found.members) if members.sum() == 1}
    assert [found.point[alone[j]] for j in range(5)] == pytest.approx([row.point for row in rows])
    assert {float(found.i2[i]) for i in alone.values()} == {0.0}
    last = int(np.flatnonzero(found.members.all(1))[0])
    close(
        [found.point[last], found.tau2[last], found.i2[last]], [whole.point, whole.tau2, whole.i2_tau2], ITERATED, "all"
    )


def test_too_many_subsets_are_sampled():
    """No subset twice, none empty, each study in half of them; the seed is the sample's."""
    whole = pooled("linde")
    one, again, other = gosh(whole, most=500), gosh(whole, most=500), gosh(whole, most=500, seed=1)
    assert not one.complete
    assert len(np.unique(one.members, axis=0)) == len(one.point) <= 500
    assert one.members.any(1).all()
    assert np.abs(one.members.mean(0) - 0.5).max() < 0.1
    assert np.array_equal(one.point, again.point)
    assert not np.array_equal(one.members, other.members)
    assert "random sample" in str(one)


def outlier():
    """Six studies that agree, and one that does not."""
    values = [0.1, 0.15, 0.2, 0.12, 0.18, 0.16, 1.6]
    return pool([EffectEstimate(study=f"S{i}", log_estimate=y, se=0.1) for i, y in enumerate(values)], ci="z")


def test_an_outlier_parts_the_subsets():
    """With the study that disagrees the effect and I2 are high, without it low; the table tells it."""
    found = gosh(outlier())
    inside = found.members[:, 6]
    several = found.members.sum(1) > 1
    assert found.i2[inside & several].min() > found.i2[~inside].max()
    frame = found.to_frame()
    assert frame.shape == (7, 5)
    assert frame.iloc[6, 4] == "0"
    assert "127 subsets" in found.table().to_markdown()
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize("width", ["single", "middle", "double"])
def test_the_picture(width):
    """Nothing is clipped or touches; every subset has its mark, and the study that moves most is named."""
    ax = gosh_plot(gosh(outlier()), width=width)
    for check in (check_paper, check_sizes, check_marks):
        check(ax, f"GOSH, {width}")
    assert len(named(ax, "subsets")["subsets"].get_offsets()) == 127
    assert "subsets with S6" in " ".join(words(ax))


def test_the_picture_of_a_pool():
    """A pooled effect is enough, differences too; a study may be chosen."""
    ax = tr.gosh_plot(pooled("hine"), study="Trial 2")
    assert ax.get_xscale() == "linear"
    assert "Trial 2" in " ".join(words(ax))
    with pytest.raises(TamoxresError, match="not among the studies"):
        gosh_plot(pooled("hine"), study="Trial 9")


@pytest.mark.parametrize(
    ("call", "says"),
    [(lambda: gosh(pool(trials()[:2])), "at least 3"), (lambda: gosh(pooled(), most=10), "at least 100")],
)
def test_refusals(call, says):
    """Too few studies, or too few subsets, are refused."""
    with pytest.raises(PoolingError, match=says):
        call()
