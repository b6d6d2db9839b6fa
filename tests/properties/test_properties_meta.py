"""Every way of putting effect rows together: order, names, another unit, a shift, the contrast turned, copies.

A pool is equivariant: adding a number to every log ratio adds it to the pool; multiplying every estimate and standard
error multiplies the pool, and the variance between studies by the square. What tests or weighs does not move at all.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.errors import EffectError, PoolingError
from tamoxres.meta.gosh import gosh

ITERATED = 1e-6
CLOSED = 1e-9
VALUES = [
    (0.1, 0.2), (0.5, 0.3), (-0.2, 0.25), (0.8, 0.4), (0.3, 0.15), (0.6, 0.35), (0.05, 0.3), (0.4, 0.22), (1.4, 0.45),
    (0.2, 0.18), (0.7, 0.38), (0.15, 0.16),
]  # fmt: skip
ORDER = [7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 6, 4]
ARMS = {"estimand": "treatment_effect", "treatment_1": "tamoxifen", "treatment_0": "none", "endpoint": "OS"}


def rows(*, add=0.0, times=1.0, names="s", order=None, copies=1, **fields):
    """Effect rows of twelve studies, moved, stretched, renamed, in another order, or each more than once."""
    made = [
        tr.EffectEstimate(
            study=f"{names}{i:02d}{'abc'[copy]}", log_estimate=times * (y + add), se=times * se, n=300 + 10 * i,
            events=100 + 5 * i, n_1=150, n_0=150 + 10 * i, events_1=60 + 3 * i, events_0=40 + 2 * i, year=2000 + i,
            **fields,
        )
        for copy in range(copies)
        for i, (y, se) in enumerate(VALUES)
    ]  # fmt: skip
    return [made[i] for i in order] if order else made


def pools(**how):
    """The pool as it is, and of the rows in another order, moved, stretched, turned and renamed."""
    return {
        "as it is": tr.pool(rows(), **how), "order": tr.pool(rows(order=ORDER), **how),
        "moved": tr.pool(rows(add=0.3), **how), "stretched": tr.pool(rows(times=2.0), **how),
        "turned": tr.pool([row.reversed() for row in rows()], **how), "renamed": tr.pool(rows(names="z"), **how),
    }  # fmt: skip


def near(value, close=ITERATED):
    return pytest.approx(value, abs=close, nan_ok=True)


@pytest.mark.parametrize("method", ["reml", "dl", "pm", "ml", "eb"])
@pytest.mark.parametrize("ci", ["z", "hksj", "adhoc"])
def test_pool(method, ci):
    """Estimate, interval, heterogeneity, prediction and weights, by each estimator of tau2 and each interval."""
    found = pools(tau2=method, ci=ci)
    one, stretched, turned = found["as it is"], found["stretched"], found["turned"]
    for name in ("order", "renamed"):
        assert found[name].point == near(one.point), name
        assert found[name].se == near(one.se), name
        assert found[name].tau2 == near(one.tau2), name
        assert found[name].q == near(one.q, CLOSED), name
    assert found["order"].weights == near([one.weights[i] for i in ORDER])
    assert found["moved"].point == near(one.point + 0.3)
    assert found["moved"].se == near(one.se)
    assert found["moved"].tau2 == near(one.tau2)
    assert found["moved"].i2_q == near(one.i2_q)
    assert found["moved"].prediction == near([each + 0.3 for each in one.prediction])
    assert stretched.point == near(2 * one.point)
    assert stretched.se == near(2 * one.se)
    assert stretched.tau2 == near(4 * one.tau2, 1e-5)
    assert stretched.p_value == near(one.p_value)
    assert stretched.weights == near(one.weights)
    assert stretched.h2 == near(one.h2, 1e-5)
    assert turned.point == near(-one.point)
    assert (turned.ci_low, turned.ci_high) == near((1 / one.ci_high, 1 / one.ci_low))
    assert turned.prediction == near([-each for each in one.prediction[::-1]])
    assert turned.p_value == near(one.p_value)
    assert turned.common.point == near(-one.common.point, CLOSED)
    assert sum(one.weights) == near(1.0, CLOSED)
    assert one.point == near(sum(w * row.log_estimate for w, row in zip(one.weights, one.effects, strict=True)))
    assert (one.k, one.q_df, one.tau2_method, one.ci_method) == (12, 11, method, ci)
    assert one.df == (None if ci == "z" else 11)
    assert one.q == near(sum((y - one.common.point) ** 2 / se**2 for y, se in VALUES), CLOSED)


def test_pool_of_copies():
    """Every study twice: the common effect stays and its error shrinks by root 2; one study split in two is one."""
    one, twice = tr.pool(rows(), ci="z"), tr.pool(rows(copies=2), ci="z")
    assert twice.k == 2 * one.k
    assert twice.common.point == near(one.common.point, CLOSED)
    assert twice.common.se == near(one.common.se * math.sqrt(0.5), CLOSED)
    assert twice.q == near(2 * one.q, CLOSED)
    assert twice.weights[:12] == near([each / 2 for each in one.weights], 5e-3)
    first = rows()[0]
    halves = [replace(first, study=name, se=first.se * math.sqrt(2), ci_low=None, ci_high=None, p_value=None, p_kind="")
              for name in ("half", "other")]  # fmt: skip
    split = tr.pool([*halves, *rows()[1:]], ci="z")
    assert split.common.point == near(one.common.point, CLOSED)
    assert split.common.se == near(one.common.se, CLOSED)
    assert split.q == near(one.q, CLOSED)
    assert (split.q_df, one.q_df) == (12, 11)
    effect = one.to_effect()
    assert (effect.log_estimate, effect.se) == (one.point, one.se)
    assert effect.model == "reml"
    assert effect.origin == "pooled"
    assert one.as_dict()["k"] == 12
    assert one.is_ratio
    assert one.estimate == near(math.exp(one.point), CLOSED)


def test_leaving_out_and_adding():
    """Without a study and up to a study: the pool of just those rows, in whatever direction."""
    pooled = tr.pool(rows())
    out, added = tr.leave_one_out(pooled), tr.cumulative(pooled)
    assert [each.label for each in out.rows] == [row.study for row in rows()]
    assert [each.k for each in out.rows] == [11] * 12
    assert [each.k for each in added.rows] == list(range(1, 13))
    for i in (0, 5, 11):
        alone = tr.pool(rows()[:i] + rows()[i + 1 :])
        assert out.rows[i].point == near(alone.point)
        assert out.rows[i].tau2 == near(alone.tau2)
        assert out.rows[i].p_value == near(alone.p_value)
    assert added.rows[-1].point == near(pooled.point)
    assert added.rows[-1].se == near(pooled.se)
    assert added.rows[0].point == near(VALUES[0][0], CLOSED)
    turned = tr.leave_one_out(tr.pool([row.reversed() for row in rows()]))
    assert [each.point for each in turned.rows] == near([-each.point for each in out.rows])
    assert [each.ci_low for each in turned.rows] == near([1 / each.ci_high for each in out.rows])
    mixed = tr.leave_one_out(tr.pool(rows(order=ORDER)))
    assert [each.point for each in mixed.rows] == near([out.rows[i].point for i in ORDER])
    latest = tr.cumulative(pooled, by=lambda row: -row.year)
    assert latest.rows[0].label == "s11a"
    assert latest.rows[-1].point == near(pooled.point)
    assert (out.kind, added.kind) == ("leave-one-out", "cumulative")
    assert str(out).splitlines()[0].startswith("without s00a: ")
    assert str(added).splitlines()[1].startswith("+ s01a: ")


def test_influence_and_baujat():
    """Diagnostics follow their study into another place, and do not know the unit or the direction."""
    found = {name: tr.influence(pooled) for name, pooled in pools().items()}
    one = found["as it is"]
    assert found["order"].rstudent == near([one.rstudent[i] for i in ORDER])
    assert found["order"].study == tuple(one.study[i] for i in ORDER)
    assert found["moved"].cook == near(one.cook)
    assert found["moved"].rstudent == near(one.rstudent)
    assert found["stretched"].dffits == near(one.dffits)
    assert found["stretched"].cov_ratio == near(one.cov_ratio)
    assert found["stretched"].tau2_deleted == near([4 * each for each in one.tau2_deleted], 1e-5)
    assert found["turned"].rstudent == near([-each for each in one.rstudent])
    assert found["turned"].dfbetas == near([-each for each in one.dfbetas])
    assert found["turned"].influential == one.influential
    assert one.hat == near(tr.pool(rows()).weights)
    assert one.q_deleted[8] == near(tr.pool(rows()[:8] + rows()[9:]).q, CLOSED)
    around = {name: tr.baujat(pooled) for name, pooled in pools().items()}
    own = around["as it is"]
    pooled = tr.pool(rows())
    residual = [(y - pooled.point) ** 2 / (se**2 + pooled.tau2) for y, se in VALUES]
    assert own.heterogeneity == near(residual, CLOSED)
    assert around["order"].influence == near([own.influence[i] for i in ORDER], CLOSED)
    assert around["moved"].heterogeneity == near(own.heterogeneity, CLOSED)
    assert around["stretched"].influence == near(own.influence, CLOSED)
    assert around["turned"].heterogeneity == near(own.heterogeneity, CLOSED)
    assert max(zip(own.heterogeneity, own.study, strict=True))[1] == "s08a"
    assert own.table["study"].tolist() == [row.study for row in rows()]
    assert str(own).startswith("The largest part of the heterogeneity is s08a's (")
    assert str(own) == str(around["turned"]) == str(around["stretched"])


def test_subgroups():
    """Groups are pools of their own; names and order of groups change no test between them."""
    label = ["a", "b"] * 6
    one = tr.subgroups(tr.pool(rows()), label)
    assert [group.label for group in one.groups] == ["a", "b"]
    assert one.members == ((0, 2, 4, 6, 8, 10), (1, 3, 5, 7, 9, 11))
    for group, members in zip(one.groups, one.members, strict=True):
        alone = tr.pool([rows()[i] for i in members])
        assert group.point == near(alone.point)
        assert group.se == near(alone.se)
        assert group.tau2 == near(alone.tau2)
    renamed = tr.subgroups(tr.pool(rows()), ["z" if each == "a" else "y" for each in label])
    assert renamed.q == near(one.q)
    assert renamed.p_value == near(one.p_value)
    mixed = tr.subgroups(tr.pool(rows(order=ORDER)), [label[i] for i in ORDER])
    assert mixed.q == near(one.q)
    assert sorted(group.point for group in mixed.groups) == near(sorted(group.point for group in one.groups))
    turned = tr.subgroups(tr.pool([row.reversed() for row in rows()]), label)
    assert turned.q == near(one.q)
    assert [group.point for group in turned.groups] == near([-group.point for group in one.groups])
    assert tr.subgroups(tr.pool(rows(times=2.0)), label).q == near(one.q)
    assert tr.subgroups(tr.pool(rows(add=1.0)), label).q == near(one.q)
    common = tr.subgroups(tr.pool(rows()), label, tau2="common")
    assert common.tau2 == "common"
    assert common.groups[0].tau2 == near(common.groups[1].tau2, CLOSED)
    normal = tr.subgroups(tr.pool(rows(), ci="z"), label)
    first, second = normal.groups
    assert normal.q == near((first.point - second.point) ** 2 / (first.se**2 + second.se**2))
    assert normal.q == near(one.q)  # the test between groups is Wald's, whatever the interval of each
    assert one.df == 1
    by_year = tr.subgroups(tr.pool(rows()), lambda row: "early" if row.year < 2006 else "late")
    assert [group.k for group in by_year.groups] == [6, 6]


def test_meta_regression():
    """A moderator in another unit and from another zero: its slope is per that unit, its P and the fit stay."""
    years = [row.year for row in rows()]
    one = tr.meta_regression(tr.pool(rows()), {"year": years})
    decades = tr.meta_regression(tr.pool(rows()), {"year": [(year - 2000) / 10 for year in years]})
    assert decades.coefficients[1] == near(10 * one.coefficients[1])
    assert decades.se[1] == near(10 * one.se[1])
    assert decades.p_value[1] == near(one.p_value[1])
    assert decades.tau2 == near(one.tau2)
    assert decades.test == near(one.test)
    assert decades.r2 == near(one.r2)
    assert decades.predict(year=0.5).point == near(one.predict(year=2005).point)
    mixed = tr.meta_regression(tr.pool(rows(order=ORDER)), {"year": [years[i] for i in ORDER]})
    assert mixed.coefficients == near(one.coefficients, 1e-4)
    turned = tr.meta_regression(tr.pool([row.reversed() for row in rows()]), {"year": years})
    assert turned.coefficients == near([-each for each in one.coefficients], 1e-4)
    assert turned.test_p == near(one.test_p)
    moved = tr.meta_regression(tr.pool(rows(add=0.5)), {"year": years})
    assert moved.coefficients[1] == near(one.coefficients[1])
    assert moved.coefficients[0] == near(one.coefficients[0] + 0.5, 1e-4)
    stretched = tr.meta_regression(tr.pool(rows(times=2.0)), {"year": years})
    assert stretched.coefficients[1] == near(2 * one.coefficients[1])
    assert stretched.q == near(one.q)
    assert (one.names, one.k, one.test_df) == (("intercept", "year"), 12, (1, 10))
    assert one.test == near((one.coefficients[1] / one.se[1]) ** 2)
    assert one.cov[1][1] == near(one.se[1] ** 2, CLOSED)
    both = tr.meta_regression(tr.pool(rows()), {"year": years, "size": [row.n % 7 for row in rows()]})
    assert len(both.coefficients) == 3
    assert any("fewer than ten for each" in note for note in both.notes)
    with pytest.raises((PoolingError, EffectError), match="year"):
        tr.meta_regression(tr.pool(rows()), {"year": years[:3]})


@pytest.mark.parametrize("method", ["egger", "begg", "fav"])
def test_small_study(method):
    """Tests of asymmetry do not know direction, unit or place."""
    found = {name: tr.small_study(pooled, method) for name, pooled in pools().items()}
    one = found["as it is"]
    assert found["order"].statistic == near(one.statistic)
    assert found["renamed"].statistic == near(one.statistic)
    assert found["moved"].p_value == near(one.p_value)
    assert abs(found["turned"].statistic) == near(abs(one.statistic))
    assert found["turned"].p_value == near(one.p_value)
    assert (one.method, one.k, one.without_events) == (method, 12, ())
    assert 0 < one.p_value <= 1
    if method != "fav":
        assert found["stretched"].p_value == near(one.p_value)
    if method == "egger":
        assert found["turned"].slope == near(-one.slope)
        assert found["moved"].intercept == near(one.intercept + 0.3)
        assert found["stretched"].slope == near(one.slope)
        assert one.intercept_low < one.intercept < one.intercept_high
    assert str(one).endswith("(12 studies)")


def test_missing_studies():
    """Trim and fill, PET-PEESE, a selection model, worst cases, Copas: what is added mirrors with the contrast."""
    found = pools()
    one, back = found["as it is"], found["turned"]
    filled, mirrored = tr.trim_and_fill(one), tr.trim_and_fill(back)
    assert (filled.k0, mirrored.k0) == (mirrored.k0, filled.k0)
    assert {filled.side, mirrored.side} == {"left", "right"}
    assert sorted(mirrored.points) == near(sorted(-each for each in filled.points))
    assert mirrored.filled.point == near(-filled.filled.point)
    assert filled.filled.k == 12 + filled.k0
    assert tr.trim_and_fill(found["order"]).filled.point == near(filled.filled.point)
    assert tr.trim_and_fill(found["moved"]).filled.point == near(filled.filled.point + 0.3)
    assert tr.trim_and_fill(found["stretched"]).filled.point == near(2 * filled.filled.point)
    pet, turned = tr.pet_peese(one), tr.pet_peese(back)
    assert turned.pet.point == near(-pet.pet.point)
    assert turned.peese.point == near(-pet.peese.point)
    assert turned.pet_slope == near(-pet.pet_slope)
    assert tr.pet_peese(found["order"]).pet.point == near(pet.pet.point)
    assert tr.pet_peese(found["moved"]).peese.point == near(pet.peese.point + 0.3)
    assert tr.pet_peese(found["stretched"]).pet_slope == near(pet.pet_slope)
    assert pet.adjusted == (pet.pet if pet.chosen == "pet" else pet.peese)
    assert pet.pooled.point == near(one.point)
    egger = tr.small_study(one, "egger")
    assert (pet.pet.point, pet.pet_slope) == near((egger.intercept, egger.slope))
    chosen, other = tr.selection_model(one), tr.selection_model(back)
    assert other.adjusted.point == near(-chosen.adjusted.point, 1e-4)
    assert other.ratio == near(chosen.ratio, 1e-3)
    assert {chosen.alternative, other.alternative} == {"greater", "less"}
    assert tr.selection_model(found["order"]).adjusted.point == near(chosen.adjusted.point, 1e-4)
    assert tr.selection_model(found["stretched"]).adjusted.point == near(2 * chosen.adjusted.point, 1e-3)
    assert chosen.counts == other.counts
    assert sum(chosen.counts) == 12
    worst, least = tr.worst_case(one, missing=[1, 5]), tr.worst_case(back, missing=[1, 5])
    assert worst.affirmative == least.affirmative
    assert least.without.point == near(-worst.without.point)
    assert [bound.bias for bound in worst.bounds] == near([bound.bias for bound in least.bounds])
    assert worst.bounds[1].bias > worst.bounds[0].bias
    assert worst.bounds[1].summary.low < worst.bounds[0].summary.low
    assert worst.without.k == 12 - worst.affirmative
    copas = tr.copas(one, largest_se=(0.9, 0.4), smallest_se=0.99)
    mirror = tr.copas(back, largest_se=(0.9, 0.4), smallest_se=0.99)
    assert len(copas.points) == len(mirror.points)
    for own, turned_point in zip(copas.points, mirror.points, strict=True):
        assert turned_point.adjusted.point == near(-own.adjusted.point, 1e-3)
        assert turned_point.tau == near(own.tau, 1e-3)
    with pytest.raises(PoolingError, match=r"PET-PEESE needs at least 10 effects; found 8"):
        tr.pet_peese(tr.pool(rows()[:8]))


def test_bayesian_and_subsets():
    """The posterior of the mean turns and moves with the studies; the cloud of subsets knows no order."""
    found = pools()
    one = tr.bayesian(found["as it is"])
    turned, moved, mixed = (tr.bayesian(found[name]) for name in ("turned", "moved", "order"))
    assert turned.mu.point == near(-one.mu.point, 1e-4)
    assert (turned.mu.low, turned.mu.high) == near((-one.mu.high, -one.mu.low), 1e-4)
    assert turned.p_above == near(1 - one.p_above, 1e-4)
    assert turned.tau == near(one.tau, 1e-4)
    assert moved.mu.point == near(one.mu.point + 0.3, 1e-4)
    assert moved.tau == near(one.tau, 1e-4)
    assert mixed.mu.point == near(one.mu.point, 1e-5)
    assert (mixed.tau_low, mixed.tau_high) == near((one.tau_low, one.tau_high), 1e-5)
    assert one.tau_low < one.tau < one.tau_high
    assert one.new_study.low < one.mu.low < one.mu.point < one.mu.high < one.new_study.high
    assert len(one.shrunken) == 12
    assert one.p_within is None
    within = tr.bayesian(found["as it is"], margin=(0.8, 1.25))
    assert 0 < within.p_within < 1
    assert within.margin == (0.8, 1.25)
    small = tr.pool(rows()[:6])
    cloud, back = gosh(small), gosh(tr.pool([row.reversed() for row in rows()[:6]]))
    assert back.point == near(-cloud.point)
    assert back.q == near(cloud.q)
    assert back.i2 == near(cloud.i2, 1e-4)
    assert cloud.members.shape == (63, 6)  # all subsets
    assert cloud.complete
    whole = cloud.members.all(axis=1)
    assert cloud.point[whole] == near([small.point])
    assert cloud.members.sum(axis=1).min() == 1


def test_dependent_effects():
    """Clusters of effects: another order and other names of studies change nothing, the contrast turns."""
    made = [row for i, row in enumerate(rows(copies=2)) if i % 12 < 8]
    clusters = [row.study[:3] for row in made]
    one = tr.pool_dependent(made, clusters=clusters)
    back = tr.pool_dependent(made[::-1], clusters=clusters[::-1])
    assert back.summary.point == near(one.summary.point)
    assert back.summary.se == near(one.summary.se)
    assert back.df == near(one.df, 1e-4)
    other = tr.pool_dependent(made, clusters=[f"trial {name}" for name in clusters])
    assert other.summary.point == near(one.summary.point)
    turned = tr.pool_dependent([row.reversed() for row in made], clusters=clusters)
    assert turned.summary.point == near(-one.summary.point)
    assert (turned.summary.low, turned.summary.high) == near((-one.summary.high, -one.summary.low))
    assert turned.between == near(one.between)
    assert len(one.clusters) == 8
    assert all(len(cluster) == 1 or len(cluster) == 2 for cluster in one.clusters)
    assert (one.rho, one.ci, one.summary.k) == (0.5, "cr2", 16)
    strong = tr.pool_dependent(made, clusters=clusters, rho=0.9)
    assert strong.rho == 0.9
    assert strong.summary.point != near(one.summary.point, 1e-3)
    assert one.summary.low < one.summary.point < one.summary.high
    assert one.within >= 0


def test_outcomes_together():
    """Several outcomes of a study: order changes nothing, the contrast turns, another unit stretches."""

    def made(times=1.0, turn=False):
        out = [
            tr.EffectEstimate(study=f"s{i}", endpoint=endpoint, log_estimate=times * (y + more), se=times * se)
            for i, (y, se) in enumerate(VALUES[:6])
            for endpoint, more in (("OS", 0.0), ("RFS", 0.1 + 0.05 * i))
        ]
        return [row.reversed() for row in out] if turn else out

    one = tr.pool_outcomes(made(), ci="z")
    back, turned, stretched = (
        tr.pool_outcomes(each, ci="z") for each in (made()[::-1], made(turn=True), made(times=2.0))
    )
    estimates = {row.endpoint: row.log_estimate for row in one.effects}
    assert {row.endpoint: row.log_estimate for row in back.effects} == {k: near(v, 1e-4) for k, v in estimates.items()}
    assert back.q == near(one.q, CLOSED)
    assert back.loglik == near(one.loglik, 1e-5)
    assert [row.log_estimate for row in turned.effects] == near([-row.log_estimate for row in one.effects], 1e-4)
    assert turned.q == near(one.q, CLOSED)
    assert turned.between == near(one.between, 1e-4)
    assert [row.log_estimate for row in stretched.effects] == near([2 * each for each in estimates.values()], 1e-4)
    assert stretched.between == near(4 * one.between, 1e-3)
    assert stretched.q == near(one.q, CLOSED)
    assert list(estimates) == ["OS", "RFS"]
    assert (one.q_df, one.correlation, one.structure, one.method, one.ci) == (10, 0.5, "un", "reml", "z")
    assert one.covariance[0, 0] == near(one.effects[0].se ** 2, CLOSED)
    np.testing.assert_allclose(one.between, one.between.T, atol=1e-12)
    assert len(one.rows) == 12


def network_rows(turn=(), names="n"):
    made = [
        tr.EffectEstimate(
            study=f"{names}{i}", log_estimate=y, se=se, treatment_1=a, treatment_0=b, estimand="treatment_effect",
            endpoint="OS",
        )
        for i, (y, se, a, b) in enumerate([
            (-0.3, 0.1, "tamoxifen", "none"), (-0.2, 0.15, "tamoxifen", "none"),
            (-0.1, 0.12, "aromatase_inhibitor", "tamoxifen"), (-0.5, 0.2, "aromatase_inhibitor", "none"),
        ])
    ]  # fmt: skip
    return [row.reversed() if i in turn else row for i, row in enumerate(made)]


def test_network():
    """Comparisons told the other way, in another order, from another reference: one network."""
    one = tr.network(network_rows(), ci="z")
    wanted = {(row.treatment_1, row.treatment_0): row for row in one.effects}
    for other in (
        tr.network(network_rows(turn=(1, 2)), ci="z"), tr.network(network_rows()[::-1], ci="z"),
        tr.network(network_rows(names="trial "), ci="z"),
    ):  # fmt: skip
        for row in other.effects:
            assert row.log_estimate == near(wanted[row.treatment_1, row.treatment_0].log_estimate)
            assert row.se == near(wanted[row.treatment_1, row.treatment_0].se)
        assert other.inconsistency.q == near(one.inconsistency.q, CLOSED)
        assert other.inconsistency.p_between == near(one.inconsistency.p_between, CLOSED)
    from_tamoxifen = tr.network(network_rows(), reference="tamoxifen", ci="z")
    assert from_tamoxifen.contrast("tamoxifen", "none").log_estimate == near(one.effect.log_estimate)
    assert from_tamoxifen.contrast("tamoxifen", "none").se == near(one.effect.se)
    assert one.contrast("none", "tamoxifen").log_estimate == near(-one.effect.log_estimate, CLOSED)
    chain = one.contrast("aromatase_inhibitor", "tamoxifen").log_estimate + one.effect.log_estimate
    assert one.contrast("aromatase_inhibitor", "none").log_estimate == near(chain, CLOSED)
    inside = one.inconsistency
    assert inside.q == near(inside.q_within + inside.q_between, 1e-6)
    assert inside.df == inside.df_within + inside.df_between == 2
    assert one.treatments == ("none", "tamoxifen", "aromatase_inhibitor")
    assert sum(k for _, k in one.designs) == 4
    assert all(row.flagged("pooled_estimate", "network_estimate") for row in one.effects)
    league = one.league().to_frame()
    assert league.iloc[0, 1] == league.iloc[1, 2] == ""
    pair = tr.network(network_rows()[:2], ci="z")
    assert pair.effect.log_estimate == near(tr.pool(network_rows()[:2], ci="z").point)
    with pytest.raises(PoolingError, match="exemestane|reference|not"):
        tr.network(network_rows(), reference="fulvestrant")


def test_node_split():
    """Direct against indirect: told the other way it turns, and a closed triangle has one difference."""
    one = tr.node_split(network_rows())
    back = tr.node_split(network_rows(turn=(0, 1, 2, 3))[::-1])
    table = {(each.treatment_1, each.treatment_0): each for each in one.splits}
    for each in back.splits:
        own = table[each.treatment_1, each.treatment_0]
        assert each.direct == near(own.direct)
        assert each.indirect == near(own.indirect)
        assert each.p_value == near(own.p_value)
    assert len(one.splits) == 3
    assert np.ptp([abs(each.difference) for each in one.splits]) == near(0.0)
    assert np.ptp([each.p_value for each in one.splits]) == near(0.0)
    for each in one.splits:
        assert each.difference == near(each.direct - each.indirect, CLOSED)
        assert each.difference_se == near(math.hypot(each.direct_se, each.indirect_se), CLOSED)
    assert table["aromatase_inhibitor", "none"].direct == -0.5
    assert table["aromatase_inhibitor", "none"].trials == 1
    assert one.splits[0].p_value == near(tr.network(network_rows()).inconsistency.p_between)
    assert one.unsplit == ()
    assert len(one.to_frame()) == 3


def by_level(add=0.0, turn=False, order=1):
    made = [
        tr.EffectEstimate(study=f"s{i}", marker="HER2", marker_level=level, log_estimate=y + more + add, se=se, **ARMS)
        for i, (y, se) in enumerate(VALUES[:6])
        for level, more in (("altered", 0.2 + 0.05 * i), ("unaltered", 0.0))
    ]
    return [row.reversed() if turn else row for row in made][::order]


def test_deft():
    """Differences within trials: what all effects of a trial share drops out; arms exchanged turn the ratio."""
    one = tr.deft(by_level(), ci="z")
    assert tr.deft(by_level(add=5.0), ci="z").point == near(one.point)
    assert tr.deft(by_level(add=5.0), ci="z").tau2 == near(one.tau2)
    assert tr.deft(by_level(turn=True), ci="z").point == near(-one.point)
    assert tr.deft(by_level(turn=True), ci="z").se == near(one.se)
    assert tr.deft(by_level(order=-1), ci="z").point == near(one.point)
    assert one.k == 6
    assert one.estimand == "interaction"
    within = [tr.from_strata(*by_level()[2 * i : 2 * i + 2]) for i in range(6)]
    assert [row.log_estimate for row in one.effects] == near([row.log_estimate for row in within], CLOSED)
    assert [row.se for row in one.effects] == near([row.se for row in within], CLOSED)
    assert tr.pool(within, ci="z").point == near(one.point)
    swapped = tr.from_strata(*[
        replace(row, marker_level=level)
        for row, level in zip(by_level()[:2], ("unaltered", "altered"), strict=True)
    ][::-1])  # fmt: skip
    assert swapped.log_estimate == near(-within[0].log_estimate, CLOSED)
    assert swapped.se == near(within[0].se, CLOSED)
    assert within[0].se == near(VALUES[0][1] * math.sqrt(2), CLOSED)
    assert within[0].flagged("derived_from_two_strata")
    total = tr.subgroup_total(by_level()[:2])
    assert total.log_estimate == near(np.mean([row.log_estimate for row in by_level()[:2]]), CLOSED)
    assert total.se == near(VALUES[0][1] * math.sqrt(0.5), CLOSED)
    with pytest.raises(EffectError, match=r"^s0: the two strata differ in study; they must be of one question\.$"):
        tr.from_strata(by_level()[0], by_level()[2])


def test_dose_response():
    """A dose in another unit: the slope is per that unit, the fit stays; the reference's dose is a zero."""

    def ask(doses, turn=False):
        made = [
            tr.EffectEstimate(study="s0", log_estimate=y, se=se, endpoint="OS") for y, se in ((0.2, 0.2), (0.5, 0.25))
        ]
        effects = [row.reversed() for row in made] if turn else made
        return tr.dose_response(effects, doses, cases=[20, 30, 40], totals=[100, 100, 100])

    one, stretched, moved, turned = ask([0, 1, 2]), ask([0, 10, 20]), ask([5, 6, 7]), ask([0, 1, 2], turn=True)
    assert stretched.effect.log_estimate == near(one.effect.log_estimate / 10)
    assert stretched.effect.se == near(one.effect.se / 10)
    assert stretched.q == near(one.q)
    assert moved.effect.log_estimate == near(one.effect.log_estimate)
    assert moved.effect.se == near(one.effect.se)
    assert turned.effect.log_estimate == near(-one.effect.log_estimate, 0.02)  # cases fitted to the turned ratios
    assert one.covariance.shape == (2, 2)
    assert np.diag(one.covariance) == near([0.2**2, 0.25**2], CLOSED)
    assert one.covariance[0, 1] > 0
    assert (one.q_df, one.effect.study) == (1, "s0")
    with pytest.raises(PoolingError, match=r"A trend needs two ratios at least"):
        ask([0, 1])


def test_votes_and_p_values():
    """Worse is better once the contrast is turned; order and names of studies do not vote."""
    one = tr.vote_table(rows())
    back, mixed = tr.vote_table([row.reversed() for row in rows()]), tr.vote_table(rows(order=ORDER))
    assert (back.worse, back.better) == (one.better, one.worse)
    assert (back.significant_better, back.significant_worse) == (one.significant_worse, one.significant_better)
    assert back.share_worse == near(1 - one.share_worse, CLOSED)
    assert (back.low, back.high) == near((1 - one.high, 1 - one.low), CLOSED)
    assert back.p_value == near(one.p_value, CLOSED)
    assert set(mixed.worse) == set(one.worse)
    assert mixed.p_value == one.p_value
    assert len(one.worse) + len(one.better) + len(one.not_told) == 12
    assert one.better == ("s02a",)
    assert set(one.significant_worse) <= set(one.worse)
    strict = tr.vote_table(rows(), alpha=0.001)
    assert set(strict.significant_worse) <= set(one.significant_worse)
    for method in ("stouffer", "fisher"):
        worse = tr.combine_p(rows(), method=method)
        better = tr.combine_p([row.reversed() for row in rows()], method=method, side="better")
        assert better.p_value == near(worse.p_value, CLOSED), method
        assert better.statistic == near(worse.statistic, CLOSED), method
        assert tr.combine_p(rows(order=ORDER), method=method).statistic == near(worse.statistic, CLOSED), method
        assert (worse.k, worse.method, worse.side, worse.left_out) == (12, method, "worse", ())
    other = tr.combine_p(rows(), side="better")
    assert other.p_value == near(1 - tr.combine_p(rows()).p_value, CLOSED)
    assert tr.combine_p(rows(times=2.0)).statistic == near(tr.combine_p(rows()).statistic, CLOSED)


def test_sequential_looks():
    """Looks by year: turning the contrast turns their z; what is required asks for no order of rows."""
    pooled, back = tr.pool(rows()), tr.pool([row.reversed() for row in rows()])
    one, turned = tr.sequential(pooled, relevant=1.5), tr.sequential(back, relevant=1.5)
    mixed = tr.sequential(tr.pool(rows(order=ORDER)), relevant=1.5)
    assert [look.z for look in turned.looks] == near([-look.z for look in one.looks])
    assert [look.boundary for look in turned.looks] == near([look.boundary for look in one.looks])
    assert turned.required == near(one.required)
    assert [look.label for look in mixed.looks] == [look.label for look in one.looks]
    assert [look.point for look in mixed.looks] == near([look.point for look in one.looks])
    assert [look.k for look in one.looks] == list(range(1, 13))
    assert [look.year for look in one.looks] == list(range(2000, 2012))
    assert all(a.fraction < b.fraction for a, b in zip(one.looks, one.looks[1:], strict=False))
    needed = [look.boundary for look in one.looks if look.fraction < 1]
    assert needed == sorted(needed, reverse=True)
    assert [math.isnan(look.boundary) for look in one.looks[5:]] == [True] * 7  # all that was required is there
    assert tr.sequential(pooled, relevant=1 / 1.5).required == near(one.required)
    assert tr.sequential(pooled, relevant=1.2).required > one.required
    assert tr.sequential(pooled, relevant=1.5, power=0.8).required < one.required
    bounds = tr.obrien_fleming([0.25, 0.5, 0.75, 1.0])
    assert bounds[0] > bounds[1] > bounds[2] > bounds[3] > 1.96
    assert tr.obrien_fleming([1.0])[0] == near(1.959964, 1e-4)
    assert (one.alpha, one.power, one.relevant, one.is_ratio) == (0.05, 0.9, 1.5, True)


def test_what_moved():
    """Rows before and after: the same rows move nothing, and a row taken away is named."""
    interactions = [replace(row, marker="HER2", **ARMS | {"estimand": "interaction"}) for row in rows()]
    same = tr.moved(interactions, interactions[::-1])
    assert same["change"].tolist() == near([1.0])
    assert (same["added"].tolist(), same["removed"].tolist()) == ([""], [""])
    fewer = tr.moved(interactions, interactions[1:])
    assert fewer["removed"].tolist() == ["s00a"]
    assert (fewer["k_before"].tolist(), fewer["k_after"].tolist()) == ([12], [11])
    more = tr.moved(interactions[1:], interactions)
    assert more["added"].tolist() == ["s00a"]
    assert more["change"].iloc[0] == near(1 / fewer["change"].iloc[0])
    assert more["before"].tolist() == fewer["after"].tolist()


def test_what_cannot_be_pooled():
    """Nothing, one study twice, unlike questions, unknown methods: one sentence each."""
    with pytest.raises(PoolingError, match="effect"):
        tr.pool([])
    with pytest.raises(PoolingError, match="s00a"):
        tr.pool([*rows(), rows()[0]])
    with pytest.raises(PoolingError, match=r"^Effects differ in endpoint: OS .*RFS .*endpoint_map"):
        tr.pool([*rows(endpoint="OS")[:2], *rows(endpoint="RFS", names="t")[:2]])
    with pytest.raises(PoolingError, match=r"^Unknown tau2 'remll'\. Use one of common, dl, reml"):
        tr.pool(rows(), tau2="remll")
    with pytest.raises(PoolingError, match=r"The Copas model needs at least 10 effects; found 8"):
        tr.copas(tr.pool(rows()[:8]))
    with pytest.raises(PoolingError, match=r"A selection model needs at least 10 effects; found 8"):
        tr.selection_model(tr.pool(rows()[:8]))
