"""Every judgement of rows: the contrast turned, the unit changed, tests in another order, more of the same."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.errors import AnalysisError, EffectError, QuestionError

CLOSED = 1e-9
ARMS = {"treatment_1": "tamoxifen", "treatment_0": "none"}


def row(y=0.3, se=0.15, **fields):
    """A ratio of hazard ratios."""
    return tr.EffectEstimate(**{"study": "s", "estimand": "interaction", "log_estimate": y, "se": se, **ARMS} | fields)


def difference(d=-0.1, se=0.04, **fields):
    """A difference of risks at five years."""
    known = {"study": "s", "estimand": "treatment_effect", "measure": "RD", "difference": d, "se": se, "to_months": 60}
    return tr.EffectEstimate(**known | ARMS | fields)


def near(value, close=CLOSED):
    return pytest.approx(value, abs=close)


def test_a_row_turned():
    """A row turned twice is the row; its limits change places, its P and its counts' sum stay."""
    one = row(n=200, events=80, n_1=120, events_1=50, n_0=80, events_0=30, estimand="treatment_effect")
    back = one.reversed()
    assert back.reversed() == one
    assert back.log_estimate == -one.log_estimate
    assert back.ci() == near((1 / one.ci()[1], 1 / one.ci()[0]))
    assert back.ci(0.99) == near((1 / one.ci(0.99)[1], 1 / one.ci(0.99)[0]))
    assert (back.n_1, back.n_0, back.events_1, back.events_0) == (80, 120, 30, 50)
    assert (back.n, back.events) == (200, 80)
    assert (back.p_value, back.se) == (one.p_value, one.se)
    assert (back.treatment_1, back.treatment_0) == ("none", "tamoxifen")
    assert back.contrast == "none v tamoxifen"
    assert back.row_id != one.row_id
    assert replace(one, remark="x").row_id != one.row_id
    turned = difference().reversed()
    assert turned.difference == 0.1
    assert turned.ci() == near(tuple(-each for each in difference().ci()[::-1]))
    assert (turned.null, one.null) == (0.0, 1.0)
    sd = tr.per_sd(row(scale="per_unit", variable="age", scale_unit="year"), sd=9.0)
    assert (sd.log_estimate, sd.se) == near((2.7, 1.35))
    assert sd.scale == "per_sd"
    ten = tr.per_units(row(scale="per_unit", variable="age", scale_unit="year"), 10, "10 years")
    again = tr.per_units(ten, 0.1, "year")
    assert ten.log_estimate == near(3.0)
    assert ten.se == near(1.5)
    assert ten.p_value == near(row().p_value)
    assert again.log_estimate == near(0.3)
    assert again.scale_unit == "year"
    assert ten.scale_unit == "10 years"


def test_rows_from_numbers():
    """Interval, P and log-rank sums of one estimate give one row; swapped groups give its inverse."""
    one = row()
    low, high = one.ci()
    by_limits = tr.EffectEstimate.from_ci(one.estimate, low, high, study="s")
    by_p = tr.EffectEstimate.from_p(one.estimate, one.p_value, study="s")
    by_sums = tr.EffectEstimate.from_oe_v(0.3 / 0.15**2, 1 / 0.15**2, study="s")
    for made in (by_limits, by_p, by_sums):
        assert made.log_estimate == near(0.3, 1e-6)
        assert made.se == near(0.15, 1e-6)
        assert made.status == "estimated"
    assert (by_limits.route, by_p.route, by_sums.route) == ("ci", "p", "oe_v")
    assert by_limits.flags == ()
    turned = tr.EffectEstimate.from_ci(1 / one.estimate, 1 / high, 1 / low, study="s")
    assert turned.log_estimate == near(-by_limits.log_estimate, 1e-6)
    assert turned.se == near(by_limits.se, 1e-6)
    assert tr.EffectEstimate.from_oe_v(-3.0, 40.0, study="s").log_estimate == near(-3 / 40)
    wide = tr.EffectEstimate.from_ci(one.estimate, *one.ci(0.99), level=0.99, study="s")
    assert wide.se == near(0.15, 1e-6)
    assert wide.level == 0.99
    for printed, sentence in (((1.2, 1.3, 1.5), "1.2"), ((1.2, 0.9, -1.5), "-1.5"), ((0.0, 0.5, 1.5), "0")):
        with pytest.raises(EffectError, match=sentence):
            tr.EffectEstimate.from_ci(*printed, study="s")
    with pytest.raises(EffectError, match="s: "):
        tr.EffectEstimate.from_p(1.3, 1.7, study="s")
    with pytest.raises(EffectError, match=r"O-E and V give a log hazard ratio, not RR\. Use measure HR\."):
        tr.EffectEstimate.from_oe_v(1.0, 4.0, study="s", measure="RR")


def test_equivalence():
    """Two one-sided tests: the contrast turned and the margin with it change the two places only."""
    inside, wide = row(0.02, 0.05), row(0.02, 0.3)
    one, back = tr.equivalence(inside), tr.equivalence(inside.reversed())
    assert one.equivalent
    assert not tr.equivalence(wide).equivalent
    assert (back.p_low, back.p_high) == near((one.p_high, one.p_low))
    assert (back.ci_low, back.ci_high) == near((1 / one.ci_high, 1 / one.ci_low))
    assert back.p_value == near(one.p_value)
    assert one.p_value == max(one.p_low, one.p_high)
    assert one.equivalent == (one.p_value < one.alpha)
    assert one.equivalent == (one.margin[0] < one.ci_low and one.ci_high < one.margin[1])
    assert (one.margin, one.alpha, one.estimand, one.is_ratio) == ((0.8, 1.25), 0.05, "interaction", True)
    assert (one.ci_low, one.ci_high) == near(inside.ci(0.90), 1e-6)
    assert one.effect_id == inside.row_id
    narrow = tr.equivalence(inside, margin=(0.95, 1.05))
    assert narrow.p_value > one.p_value
    stretched = tr.equivalence(row(0.04, 0.1), margin=(0.8**2, 1.25**2))
    assert stretched.p_value == near(one.p_value)
    assert str(one).startswith("90% interval of the interaction (0.94-1.11) lies within the margin 0.80 to 1.25")
    assert "does not lie within" in str(tr.equivalence(wide))
    share = tr.equivalence(difference(0.0, 0.01), margin=(-0.05, 0.05))
    assert share.equivalent
    assert not share.is_ratio
    for margin in ((1.25, 0.8), (1.1, 1.25), (0.0, 1.2)):
        with pytest.raises((EffectError, AnalysisError, QuestionError), match="margin"):
            tr.equivalence(inside, margin=margin)


def test_e_value():
    """An unmeasured confounder explains a ratio as easily as its inverse."""
    treated = row(0.5, 0.1, estimand="treatment_effect")
    one, back = tr.e_value(treated), tr.e_value(treated.reversed())
    assert back.point == near(one.point)
    assert back.limit == near(one.limit)
    assert one.point > one.limit > 1
    rare = tr.e_value(treated, common=False)
    ratio = treated.estimate
    assert rare.point == near(ratio + math.sqrt(ratio * (ratio - 1)))
    assert rare.limit == near(treated.ci()[0] + math.sqrt(treated.ci()[0] * (treated.ci()[0] - 1)))
    assert rare.point > one.point
    assert tr.e_value(row(0.05, 0.1, estimand="treatment_effect")).limit == 1.0
    assert tr.e_value(row(0.0, 0.1, estimand="treatment_effect")).point == 1.0
    assert tr.e_value(row(0.8, 0.1, estimand="treatment_effect")).point > one.point
    ratio_of = tr.e_value(row(0.5, 0.1))
    assert 1 < ratio_of.point_opposite < ratio_of.point
    assert 1 < ratio_of.limit_opposite < ratio_of.limit
    assert tr.e_value(row(0.5, 0.1).reversed()).point_opposite == near(ratio_of.point_opposite)
    assert "could explain the interaction away" in str(ratio_of)


def test_gail_simon():
    """Directions against each other: turned together they are the same, in any order, and copies count more."""
    rows = [row(y, se, study=f"s{i}") for i, (y, se) in enumerate([(0.5, 0.2), (-0.4, 0.25), (0.1, 0.3)])]
    one = tr.gail_simon(rows)
    back, mixed = tr.gail_simon([each.reversed() for each in rows]), tr.gail_simon(rows[::-1])
    assert (back.q_positive, back.q_negative) == near((one.q_negative, one.q_positive))
    assert back.p_value == near(one.p_value)
    assert mixed.statistic == near(one.statistic)
    assert one.statistic == min(one.q_positive, one.q_negative)
    assert one.q_positive == near((0.5 / 0.2) ** 2 + (0.1 / 0.3) ** 2)
    assert one.q_negative == near((0.4 / 0.25) ** 2)
    assert one.k == 3
    stretched = tr.gail_simon([row(2 * each.log_estimate, 2 * each.se, study=each.study) for each in rows])
    assert stretched.statistic == near(one.statistic)
    assert tr.gail_simon(rows * 2).statistic == near(2 * one.statistic)
    alike = tr.gail_simon([row(0.5, 0.2, study="a"), row(0.1, 0.3, study="b")])
    assert alike.statistic == 0.0
    assert alike.p_value == 1.0
    assert str(one).startswith("Gail-Simon test of a qualitative interaction in 3 subsets: P = ")
    with pytest.raises((EffectError, AnalysisError), match="two|2"):
        tr.gail_simon(rows[:1])


def test_families():
    """Corrected P values follow their tests into any order, never fall below the raw ones, and Holm is the stricter."""
    raw = [0.004, 0.03, 0.02, 0.5, 0.04]
    order = [3, 0, 4, 2, 1]
    one, mixed = tr.adjust_p(raw), tr.adjust_p([raw[i] for i in order])
    assert mixed.holm == near([one.holm[i] for i in order])
    assert mixed.bh == near([one.bh[i] for i in order])
    assert one.raw == tuple(raw)
    assert all(p <= q <= r for p, q, r in zip(one.raw, one.bh, one.holm, strict=True))
    assert one.holm == near([0.02, 0.09, 0.08, 0.5, 0.09])
    assert one.bh == near([0.02, 0.05, 0.05, 0.5, 0.05])
    alone = tr.adjust_p([0.03])
    assert alone.raw == alone.holm == alone.bh == (0.03,)
    more = tr.adjust_p([*raw, 1.0])
    assert all(a >= b for a, b in zip(more.holm, one.holm, strict=False))
    assert max(tr.adjust_p([0.9, 0.8]).holm) <= 1.0
    rows = [row(y, 0.1, study=f"s{y}") for y in (0.1, 0.2, 0.3)]
    table = tr.family_table(rows, "asked")
    assert table["row_id"].tolist() == [each.row_id for each in rows]
    assert table["p_holm"].to_numpy() == near(tr.adjust_p([each.p_value for each in rows]).holm)
    assert table["tests"].tolist() == [3, 3, 3]
    assert set(table["family"]) == {"asked"}
    assert tr.family_table(rows[::-1], "asked")["p_bh"].tolist()[::-1] == table["p_bh"].tolist()
    for wrong in ([1.2], [-0.1], [float("nan")]):
        with pytest.raises((AnalysisError, EffectError, QuestionError), match="P|0 (to|and) 1"):
            tr.adjust_p(wrong)


def test_rubin():
    """Completed copies in any order, on any scale and from any zero pool to the same."""
    estimates, variances = [0.4, 0.5, 0.35, 0.6], [0.04, 0.05, 0.04, 0.06]
    one = tr.rubin(estimates, variances)
    back = tr.rubin(estimates[::-1], variances[::-1])
    assert (back.estimate, back.se, back.df, back.fmi) == near((one.estimate, one.se, one.df, one.fmi), 1e-9)
    stretched = tr.rubin([3 * each for each in estimates], [9 * each for each in variances])
    assert stretched.estimate == near(3 * one.estimate)
    assert stretched.se == near(3 * one.se)
    assert (stretched.df, stretched.fmi) == near((one.df, one.fmi), 1e-6)
    moved = tr.rubin([each - 7 for each in estimates], variances)
    assert moved.estimate == near(one.estimate - 7)
    assert moved.se == near(one.se)
    assert one.estimate == near(np.mean(estimates))
    assert one.within == near(np.mean(variances))
    assert one.between == near(np.var(estimates, ddof=1))
    assert one.se == near(math.sqrt(one.within + 1.25 * one.between))
    assert one.m == 4
    same = tr.rubin([0.4] * 5, [0.04] * 5)
    assert same.se == near(0.2)
    assert same.fmi == near(0.0, 1e-7)
    small = tr.rubin(estimates, variances, df_complete=20)
    assert small.df < min(one.df, 20)
    assert small.estimate == one.estimate
    with pytest.raises((AnalysisError, EffectError), match="2|two"):
        tr.rubin([0.4], [0.04])


def test_number_needed():
    """A benefit turned is a harm of the same size; an interval that holds 0 goes through infinity."""
    one, back = tr.number_needed_to_treat(difference()), tr.number_needed_to_treat(difference().reversed())
    assert one.estimate == back.estimate == near(10.0)
    assert (one.benefit, back.benefit) == (True, False)
    assert sorted((back.ci_low, back.ci_high)) == near(sorted((one.ci_low, one.ci_high)))
    assert (one.low_benefit, one.high_benefit) == (True, True)
    assert not one.through_infinity
    assert sorted((one.ci_low, one.ci_high)) == near(sorted(1 / abs(each) for each in difference().ci()))
    wide = tr.number_needed_to_treat(difference(-0.1, 0.1))
    assert wide.through_infinity
    assert wide.low_benefit != wide.high_benefit
    assert wide.row == difference(-0.1, 0.1)
    assert str(one) == "NNTB 10 (NNTB 5.6 to NNTB 46)"
    assert str(back).startswith("NNTH 10 (")
    assert len(one.to_frame()) == 1
    with pytest.raises((EffectError, AnalysisError, QuestionError), match="difference|RD"):
        tr.number_needed_to_treat(row(estimand="treatment_effect"))


def test_bias_analysis():
    """A confounder alike in both arms moves nothing; exchanged arms move the ratio as far the other way."""
    treated = row(-0.4, 0.1, estimand="treatment_effect")
    none = tr.bias_analysis(treated, tr.Confounder(ratio=3, treated=0.3, untreated=0.3))
    assert none.factor == near(1.0)
    assert none.adjusted.log_estimate == near(-0.4)
    assert none.adjusted.se == near(0.1)
    one = tr.bias_analysis(treated, tr.Confounder(ratio=2, treated=0.4, untreated=0.2))
    assert one.factor == near(1.4 / 1.2)
    assert one.adjusted.estimate == near(treated.estimate / one.factor)
    back = tr.bias_analysis(treated.reversed(), tr.Confounder(ratio=2, treated=0.2, untreated=0.4))
    assert back.factor == near(1 / one.factor)
    assert back.adjusted.log_estimate == near(-one.adjusted.log_estimate)
    assert one.observed == treated
    assert one.draws == 0
    assert (one.systematic, one.total, one.crosses) == (None, None, None)
    assert tr.bias_analysis(treated, tr.Confounder(ratio=1, treated=0.9, untreated=0.1)).factor == near(1.0)
    spread = tr.Spread(kind="uniform", values=(1.5, 2.5))
    drawn = tr.bias_analysis(treated, tr.Confounder(ratio=spread, treated=0.4, untreated=0.2), draws=2000)
    again = tr.bias_analysis(treated, tr.Confounder(ratio=spread, treated=0.4, untreated=0.2), draws=2000)
    assert drawn.adjusted == again.adjusted
    assert drawn.draws == 2000
    assert drawn.systematic[0] < drawn.systematic[1]
    assert drawn.total[0] < drawn.systematic[0]
    assert drawn.systematic[1] < drawn.total[1]
    inter = tr.bias_analysis(row(), tr.Confounder(ratio=2, treated=0.4, untreated=0.2))
    same = tr.Confounder(ratio=2, treated=0.4, untreated=0.2)
    assert tr.bias_analysis(row(), same, altered=same).factor == near(1.0)
    assert inter.factor == near(1.2 / 1.4)
    with pytest.raises((QuestionError, AnalysisError), match="treated|share|0"):
        tr.Confounder(ratio=2, treated=1.4, untreated=0.2)


def test_planning():
    """More patients see more, a ratio as far below 1 asks as much as one above, a poorer marker asks more."""
    one = tr.design(1.5, patients=800)
    assert tr.design(1.5, patients=1600).power > one.power
    assert tr.design(2.0, patients=800).power > one.power
    assert tr.design(1.5, patients=800, alpha=0.1).power > one.power
    assert (one.patients, one.ratio, one.measured_ratio, one.alpha) == (800, 1.5, 1.5, 0.05)
    assert sum(share for share, _ in one.groups) == near(1.0)
    assert one.events == pytest.approx(800 * sum(share * risk for share, risk in one.groups), abs=1)
    needed = tr.design(1.5, power=0.8)
    assert tr.design(1.5, patients=needed.patients).power >= 0.8
    assert tr.design(1.5, patients=needed.patients - 20).power < 0.8
    assert tr.design(1.5, power=0.9).patients > needed.patients
    blurred = tr.design(1.5, patients=800, study=tr.Study(sensitivity=0.8, specificity=0.9))
    assert blurred.measured_ratio < 1.5
    assert blurred.power < one.power
    assert tr.Study().marker_share == 0.2
    even = tr.events_for_ratio(1.5, altered=0.5)
    assert even == tr.events_for_ratio(1 / 1.5, altered=0.5)
    assert tr.events_for_ratio(1.5, altered=0.2) == tr.events_for_ratio(1.5, altered=0.8)
    assert tr.events_for_ratio(1.5, altered=0.2) > even
    assert tr.events_for_ratio(1.5, altered=0.5, treated=0.3) == tr.events_for_ratio(1.5, altered=0.5, treated=0.7)
    by_hand = (1.959964 + 0.841621) ** 2 / (math.log(1.5) ** 2 * 0.25 * 0.25)
    assert even == math.ceil(by_hand)
    assert tr.events_for_ratio(1.5, altered=0.5, power=0.9) > even
    low, high = tr.minimum_detectable([100] * 4, [40] * 4)
    assert low < 1 < high
    assert tr.minimum_detectable([200] * 4, [80] * 4)[1] < high
    assert tr.minimum_detectable([100] * 4, [40] * 4, power=0.9)[1] > high
    assert tr.minimum_detectable([100] * 4, [40] * 4) == (low, high)
    root = math.sqrt(4 / 40)  # the error of four groups without covariates
    assert tr.minimum_detectable([100] * 4, [40] * 4, se=root) == near((low, high))
    assert tr.minimum_detectable([100] * 4, [40] * 4, se=2 * root)[1] > high
    assert tr.minimum_detectable([100] * 4, [40] * 4, se=root / 2)[0] > low
    rows = [row(0.1, 0.2, study="a"), row(0.3, 0.2, study="b")]
    together = tr.seen_together(rows)
    assert together[0] == near(1 / together[1], 1e-9)
    assert together[1] == near(math.exp((1.959964 + 0.841621) * 0.2 * math.sqrt(0.5)), 1e-5)
    assert tr.seen_together(rows[::-1]) == near(together)
    assert tr.seen_together([each.reversed() for each in rows]) == near(together)
    for wrong in (1.0, 0.0, -2.0):
        with pytest.raises((QuestionError, AnalysisError), match="ratio"):
            tr.design(wrong, patients=800)


def test_priors():
    """A posterior of a turned row is the turned posterior, under every prior around 1."""
    priors = (tr.Prior(name="normal", sd=0.4), tr.Prior(name="laplace", shape="laplace", sd=0.4))
    one, back = tr.bayes_of_row(row(), priors=priors), tr.bayes_of_row(row().reversed(), priors=priors)
    for own, other in zip(one.posteriors, back.posteriors, strict=True):
        assert other.median == near(1 / own.median, 1e-4)
        assert other.mean == near(-own.mean, 1e-4)
        assert other.sd == near(own.sd, 1e-4)
        assert other.above_1 == near(1 - own.above_1, 1e-4)
        assert other.within == near(own.within, 1e-4)
        assert (own.likelihood, own.margin, own.level) == ("normal", (0.8, 1.25), 0.95)
    normal = one.posteriors[0]
    weight = 0.4**2 / (0.4**2 + 0.15**2)
    assert normal.mean == near(0.3 * weight, 1e-6)
    assert normal.sd == near(0.15 * math.sqrt(weight), 1e-6)
    far = tr.bayes_of_row(row(), priors=(tr.Prior(name="advocate", mean=1.0, sd=0.2),)).posteriors[0]
    assert far.median > normal.median
    needed, turned = tr.prior_needed(row(0.5, 0.1)), tr.prior_needed(row(0.5, 0.1).reversed())
    assert (needed.kind, needed.mean) == ("sceptical", 0.0)
    assert (turned.ci_low, turned.ci_high) == near((1 / needed.ci_high, 1 / needed.ci_low), 1e-6)
    assert turned.intrinsic_p == near(needed.intrinsic_p)
    doubting = tr.bayes_of_row(row(0.5, 0.1), priors=(tr.Prior(name="needed", sd=needed.sd),)).posteriors[0]
    assert doubting.ci_low == near(1.0, 1e-6)  # just not believed
    weak = tr.prior_needed(row(0.1, 0.1))
    assert weak.kind == "advocate"
    believing = tr.bayes_of_row(row(0.1, 0.1), priors=(tr.Prior(name="needed", mean=weak.mean, sd=weak.sd),))
    assert believing.posteriors[0].ci_low == near(1.0, 1e-4)
    with pytest.raises(
        (QuestionError, AnalysisError), match=r"^The prior none has mean 0 and SD 0; the SD is above 0\.$"
    ):
        tr.Prior(name="none", sd=0)


def test_empirical_null():
    """The null of many genes moves and stretches with their z, and knows no order."""
    z = np.random.default_rng(3).normal(0.1, 1.2, 400)
    one = tr.empirical_null(z)
    mixed, moved, turned, stretched = (tr.empirical_null(each) for each in (z[::-1], z + 1, -z, 1.5 * z))
    assert (mixed.mean, mixed.sd) == near((one.mean, one.sd))
    assert moved.mean == near(one.mean + 1)
    assert moved.sd == near(one.sd)
    assert turned.mean == near(-one.mean)
    assert turned.sd == near(one.sd)
    assert stretched.mean == near(1.5 * one.mean)
    assert stretched.spread == near(1.5 * one.spread)
    assert one.sd >= 1.0
    assert one.genes == 400
    narrow = tr.empirical_null(z / 3)
    assert narrow.sd == 1.0  # never made narrower than theory
    assert narrow.spread < 1.0
    outlying = tr.empirical_null(np.concatenate([z, [40.0, 50.0]]))
    assert outlying.mean == near(one.mean, 0.05)
    for wrong, finite in (([], 0), ([1.0], 1), ([0.5, math.nan, 2.0], 2)):
        with pytest.raises(
            AnalysisError, match=rf"^A null takes the z of two genes or more; found {finite} of {len(wrong)} finite"
        ):
            tr.empirical_null(wrong)
