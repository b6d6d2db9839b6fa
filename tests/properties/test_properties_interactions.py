"""Every estimator of an interaction: order, names, units, copies, arms and levels exchanged, follow-up in pieces."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from people import (
    CLOSED,
    COMPETING,
    PATIENTS,
    ROOT,
    arms_swapped,
    asked,
    errors,
    in_pieces,
    levels_swapped,
    near,
    other_units,
    people,
    points,
    shuffled,
    slower,
    twice,
)

import tamoxres as tr
from tamoxres.errors import AnalysisError, QuestionError


def counts(row):
    return row.n, row.events, row.n_1, row.events_1, row.n_0, row.events_0


def test_interaction():
    """The ratio turns with either exchange, the rows that do not speak of it stay; a piece is not a patient more."""
    found = {
        name: tr.interaction(asked(change(PATIENTS)), adjust="age", strata="site")
        for name, change in {
            "as it is": lambda frame: frame, "shuffled": shuffled, "slower": slower, "units": other_units,
            "arms": arms_swapped, "levels": levels_swapped, "pieces": in_pieces, "twice": twice,
        }.items()
    }  # fmt: skip
    one = found["as it is"]
    assert points(found["shuffled"]) == near(points(one))
    assert errors(found["shuffled"]) == near(errors(one))
    assert [counts(row) for row in found["shuffled"].effects] == [counts(row) for row in one.effects]
    assert points(found["slower"]) == near(points(one))
    assert found["slower"].ratio.person_years == pytest.approx(2 * one.ratio.person_years)
    assert points(found["units"]) == near(points(one))
    assert found["units"].ratio.p_value == near(one.ratio.p_value)
    assert points(found["pieces"]) == near(points(one))
    assert found["pieces"].ratio.person_years == pytest.approx(one.ratio.person_years)
    assert found["pieces"].ratio.events == one.ratio.events
    assert found["arms"].ratio.log_estimate == near(-one.ratio.log_estimate)
    assert found["arms"].ratio.p_value == near(one.ratio.p_value)
    assert found["arms"].marker_treated.log_estimate == near(one.marker_untreated.log_estimate)
    assert found["arms"].treatment_altered.log_estimate == near(-one.treatment_altered.log_estimate)
    assert found["arms"].treatment_altered.n_1 == one.treatment_altered.n_0
    assert found["levels"].ratio.log_estimate == near(-one.ratio.log_estimate)
    assert found["levels"].ratio.ci() == near((1 / one.ratio.ci_high, 1 / one.ratio.ci_low), 1e-4)
    assert found["levels"].treatment_altered.log_estimate == near(one.treatment_unaltered.log_estimate)
    assert found["levels"].marker_treated.log_estimate == near(-one.marker_treated.log_estimate)
    assert found["levels"].crude.ratio.log_estimate == near(-one.crude.ratio.log_estimate)
    assert errors(found["twice"]) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)
    assert found["twice"].ratio.n == 2 * one.ratio.n


def test_interaction_adds_up():
    """The ratio is the quotient of treatment's two hazard ratios, and of the marker's; counts add up to the whole."""
    one = tr.interaction(asked(PATIENTS), adjust="age", strata="site")
    assert one.effect is one.ratio
    assert one.ratio.estimate == pytest.approx(one.treatment_altered.estimate / one.treatment_unaltered.estimate)
    assert one.ratio.estimate == pytest.approx(one.marker_treated.estimate / one.marker_untreated.estimate)
    assert (one.ratio.estimand, one.ratio.measure, one.ratio.term) == ("interaction", "HR", "treatment:marker")
    assert (one.ratio.p_kind, one.ratio.ci_kind, one.ratio.se_kind) == ("lrt", "profile", "model")
    assert (one.ratio.adjusted_for, one.ratio.strata, one.crude.ratio.adjusted_for) == (("age",), ("site",), ())
    assert [row.estimand for row in one.effects[1:]] == ["prognostic"] * 2 + ["treatment_effect"] * 2
    assert one.treatment_altered.n + one.treatment_unaltered.n == one.ratio.n == 120
    assert one.treatment_altered.events + one.treatment_unaltered.events == one.ratio.events
    assert one.marker_treated.n == one.treatment_altered.n_1 + one.treatment_unaltered.n_1
    assert one.marker_untreated.events == one.treatment_altered.events_0 + one.treatment_unaltered.events_0
    assert one.cells["patients"].sum() == 120
    assert one.cells["events"].sum() == one.ratio.events
    assert [row.left_out for row in one.effects] == [0] * 5
    assert one.ratio.flagged("not_randomised")
    assert not one.marker_treated.flagged("not_randomised")
    assert one.penalised is None
    assert one.verdict.finding == "no evidence either way"
    assert str(one) == str(one.verdict)
    assert one.verdict.ratio == one.ratio
    title = one.table().title
    assert title == "M (made) and tamoxifen on OS: Made, with or without tamoxifen"
    assert "Ratio of hazard ratios" in one._repr_html_()


def test_competing_interaction():
    """Subdistribution and cause-specific ratios turn together; no piece of follow-up may enter late."""

    def ask(frame):
        return tr.competing_interaction(asked(frame, competing=True), adjust="age")

    one = ask(COMPETING)
    other = ask(shuffled(COMPETING))
    assert points(other) == near(points(one))
    assert errors(other) == near(errors(one))
    assert points(ask(slower(COMPETING))) == near(points(one))
    assert points(ask(other_units(COMPETING))) == near(points(one))
    arms, levels, doubled = (ask(change(COMPETING)) for change in (arms_swapped, levels_swapped, twice))
    assert points(arms)[:3] == near([-each for each in points(one)[:3]])
    assert [row.log_estimate for row in arms.by_marker] == near([-row.log_estimate for row in one.by_marker])
    assert arms.subdistribution.se == near(one.subdistribution.se)
    assert points(levels)[:3] == near([-each for each in points(one)[:3]])
    assert [row.log_estimate for row in levels.by_marker] == near([row.log_estimate for row in one.by_marker[::-1]])
    assert [counts(row) for row in levels.by_marker] == [counts(row) for row in one.by_marker[::-1]]
    assert doubled.subdistribution.log_estimate == near(one.subdistribution.log_estimate)  # Breslow's ties
    assert doubled.subdistribution.se == pytest.approx(ROOT * one.subdistribution.se, rel=1e-6)
    assert doubled.endpoint.se == pytest.approx(ROOT * one.endpoint.se, rel=0.02)
    both = one.by_marker[1].log_estimate - one.by_marker[0].log_estimate
    assert one.subdistribution.log_estimate == near(both)
    assert one.effect is one.effects[0] == one.subdistribution
    assert (one.subdistribution.measure, one.endpoint.measure, one.competing.measure) == ("sHR", "HR", "HR")
    assert (one.subdistribution.ties, one.endpoint.ties) == ("breslow", "efron")
    assert (one.subdistribution.endpoint, one.competing.endpoint) == ("BCSS", "")
    assert one.competing.events == int((COMPETING["event"] == 2).sum())
    assert one.competing.remark == "Of the deaths that compete with BCSS."
    assert [row.left_out for row in one.effects] == [0] * 5
    assert all(row.flagged("not_both_proportional") for row in one.effects)
    assert "hazard of competing deaths" in one.table().to_csv()
    with pytest.raises(AnalysisError, match=r"does not take delayed entry\. Use cox for the cause-specific hazard\."):
        ask(in_pieces(COMPETING))
    with pytest.raises(AnalysisError, match="OS"):
        tr.competing_interaction(asked(PATIENTS))


def test_changing_interaction_in_steps():
    """Each period's ratio turns, stays and shrinks as that of all of follow-up does; pieces of follow-up join."""

    def ask(frame, cut=24.0):
        return tr.changing_interaction(asked(frame), shape="step", cuts=cut, adjust="age")

    one = ask(PATIENTS)
    assert points(ask(shuffled(PATIENTS))) == near(points(one))
    assert ask(shuffled(PATIENTS)).statistic == near(one.statistic)
    later = ask(slower(PATIENTS), 48.0)
    assert points(later) == near(points(one))
    assert later.cuts == (48.0,)
    assert later.span == tuple(2 * each for each in one.span)
    assert later.p_value == near(one.p_value)
    assert points(ask(other_units(PATIENTS))) == near(points(one))
    assert points(ask(in_pieces(PATIENTS))) == near(points(one))
    assert ask(in_pieces(PATIENTS)).p_value == near(one.p_value)
    arms, levels, doubled = (ask(change(PATIENTS)) for change in (arms_swapped, levels_swapped, twice))
    assert points(arms) == near([-each for each in points(one)])
    assert errors(arms) == near(errors(one))
    assert points(levels) == near([-each for each in points(one)])
    assert levels.statistic == near(one.statistic)
    assert doubled.statistic == pytest.approx(2 * one.statistic, rel=0.1)
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=0.03)
    assert one.effect is one.effects[0] == one.constant
    assert one.constant.log_estimate == near(tr.interaction(asked(PATIENTS), adjust="age").ratio.log_estimate)
    assert [(row.from_months, row.to_months) for row in one.periods] == [(0.0, 24.0), (24.0, None)]
    assert sum(row.events for row in one.periods) == one.constant.events
    assert [row.n for row in one.periods] == [120, int((PATIENTS["months"] > 24).sum())]
    assert (one.df, one.shape, one.means, one.horizon) == (1, "step", None, None)
    assert one.coefficients.shape == (6,)
    np.testing.assert_allclose(one.covariance, one.covariance.T, atol=1e-12)
    assert one.periods[1].flagged("survivors_of_period")
    assert not one.periods[0].flagged("survivors_of_period")
    assert "Change with steps" in one.table().to_csv()


@pytest.mark.parametrize("shape", ["log", "linear"])
def test_changing_interaction_in_a_line(shape):
    """The curve of the ratio turns with the levels; in log months another unit of time is another intercept."""

    def ask(frame):
        return tr.changing_interaction(asked(frame), shape=shape)

    one, turned, slow = ask(PATIENTS), ask(levels_swapped(PATIENTS)), ask(slower(PATIENTS))
    assert one.effect.log_estimate == near(-turned.effect.log_estimate)
    assert one.statistic == near(turned.statistic)
    assert slow.statistic == near(one.statistic)
    assert slow.constant.log_estimate == near(one.constant.log_estimate)
    assert ask(shuffled(PATIENTS)).coefficients == near(one.coefficients)
    assert ask(arms_swapped(PATIENTS)).p_value == near(one.p_value)
    assert (one.periods, one.cuts, one.df) == ((), (), 1)
    assert len(one.effects) == 1
    assert one.shape == shape


def test_landmark_series():
    """Each landmark's ratio behaves as an interaction of those who came to it."""

    def ask(frame, at=(0, 12)):
        return tr.landmark_series(asked(frame), adjust="age", at=at)

    one = ask(PATIENTS)
    assert points(ask(shuffled(PATIENTS))) == near(points(one))
    assert points(ask(slower(PATIENTS), (0, 24))) == near(points(one))
    assert points(ask(other_units(PATIENTS))) == near(points(one))
    assert points(ask(arms_swapped(PATIENTS))) == near([-each for each in points(one)])
    assert points(ask(levels_swapped(PATIENTS))) == near([-each for each in points(one)])
    assert errors(ask(twice(PATIENTS))) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)
    came = PATIENTS["months"] > 12
    assert [row.n for row in one.effects] == [120, int(came.sum())]
    assert [row.events for row in one.effects] == [int(PATIENTS["event"].sum()), int(PATIENTS.loc[came, "event"].sum())]
    assert [row.landmark for row in one.effects] == [None, 12.0]
    assert [row.exposure for row in one.effects] == ["baseline", "landmark"]
    assert [row.flagged("survivors_of_landmark") for row in one.effects] == [False, True]
    alone = tr.interaction(tr.landmark(asked(PATIENTS), at=12), adjust="age").ratio
    assert one.effects[1].log_estimate == near(alone.log_estimate)
    assert one.effects[1].p_value == near(alone.p_value)
    assert one.effects[1].person_years < one.effects[0].person_years
    assert "one finding seen from several times" in one.table().to_csv()


def test_weighted_interaction():
    """Treatment's weighted hazard ratios by level change places, and their ratio turns."""

    def ask(frame, **how):
        return tr.weighted_interaction(asked(frame), adjust=["age", "nodes"], **how)

    one = ask(PATIENTS)
    other = ask(shuffled(PATIENTS))
    assert points(other) == near(points(one))
    assert errors(other) == near(errors(one))
    assert points(ask(slower(PATIENTS))) == near(points(one))
    assert points(ask(other_units(PATIENTS))) == near(points(one))
    arms, levels = ask(arms_swapped(PATIENTS)), ask(levels_swapped(PATIENTS))
    assert points(arms) == near([-each for each in points(one)])
    assert (levels.ratio.log_estimate, levels.altered.log_estimate, levels.unaltered.log_estimate) == near(
        (-one.ratio.log_estimate, one.unaltered.log_estimate, one.altered.log_estimate)
    )
    assert one.ratio.log_estimate == near(one.altered.log_estimate - one.unaltered.log_estimate, CLOSED)
    assert one.ratio.se == near(math.hypot(one.altered.se, one.unaltered.se), CLOSED)
    assert one.ratio.n == one.altered.n + one.unaltered.n
    assert one.ratio.events == one.altered.events + one.unaltered.events
    assert [row.left_out for row in one.effects] == [0] * 3
    assert (one.ratio.weights, one.ratio.se_kind, one.ratio.p_kind) == ("overlap", "robust", "wald")
    assert one.ratio.ci_high == pytest.approx(math.exp(one.ratio.log_estimate + 1.959963985 * one.ratio.se))
    assert one.weights_altered.analysis.n == one.altered.n
    assert one.weights_unaltered.method == "overlap"
    iptw = ask(PATIENTS, method="iptw")
    assert iptw.ratio.weights == "iptw"
    assert iptw.ratio.log_estimate != near(one.ratio.log_estimate, 1e-3)
    assert errors(ask(twice(PATIENTS))) == pytest.approx([ROOT * each for each in errors(one)], rel=0.03)


def test_negative_control():
    """The interaction on deaths of other causes turns as that on the endpoint; their quotient turns too."""

    def ask(frame):
        return tr.negative_control(asked(frame, competing=True), adjust="age")

    one = ask(COMPETING)
    assert points(ask(shuffled(COMPETING))) == near(points(one))
    assert points(ask(slower(COMPETING))) == near(points(one))
    assert points(ask(other_units(COMPETING))) == near(points(one))
    assert points(ask(in_pieces(COMPETING))) == near(points(one))
    assert points(ask(arms_swapped(COMPETING))) == near([-each for each in points(one)])
    assert points(ask(levels_swapped(COMPETING))) == near([-each for each in points(one)])
    assert errors(ask(twice(COMPETING))) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)
    assert one.contrast.log_estimate == near(one.asked.ratio.log_estimate - one.ratio.log_estimate)
    assert one.contrast.se == near(math.hypot(one.asked.ratio.se, one.control.ratio.se))
    assert one.ratio.events == int((COMPETING["event"] == 2).sum())
    assert one.asked.ratio.events == int((COMPETING["event"] == 1).sum())
    assert (one.ratio.endpoint, one.contrast.endpoint) == ("other_cause_death", "BCSS")
    assert one.contrast.flagged("against_negative_control")
    assert not one.ratio.flagged("against_negative_control")
    with pytest.raises(AnalysisError, match="does not tell deaths of other causes apart"):
        tr.negative_control(asked(PATIENTS))


def test_misclassified():
    """Exchanging the levels exchanges sensitivity and specificity; a perfect marker is left as it was observed."""
    accuracy = tr.Accuracy(sensitivity=0.95, specificity=0.9)

    def ask(frame, how=accuracy):
        return tr.misclassified(asked(frame), how, adjust="age")

    one = ask(PATIENTS)
    other = ask(shuffled(PATIENTS))
    assert points(other) == near(points(one))
    assert errors(other) == near(errors(one))
    assert points(ask(slower(PATIENTS))) == near(points(one))
    assert points(ask(other_units(PATIENTS))) == near(points(one))
    by_term = {row.term: row for row in one.effects}
    turned = ask(levels_swapped(PATIENTS), tr.Accuracy(sensitivity=0.9, specificity=0.95))
    levels = {row.term: row for row in turned.effects}
    assert levels["ratio"].log_estimate == near(-by_term["ratio"].log_estimate)
    assert levels["ratio"].se == near(by_term["ratio"].se)
    assert levels["treatment_altered"].log_estimate == near(by_term["treatment_unaltered"].log_estimate)
    assert levels["marker_treated"].log_estimate == near(-by_term["marker_treated"].log_estimate)
    assert turned.share_true == pytest.approx(1 - one.share_true)
    assert turned.share_observed == pytest.approx(1 - one.share_observed)
    arms = {row.term: row for row in ask(arms_swapped(PATIENTS)).effects}
    assert arms["ratio"].log_estimate == near(-by_term["ratio"].log_estimate)
    assert arms["marker_treated"].log_estimate == near(by_term["marker_untreated"].log_estimate)
    doubled = ask(twice(PATIENTS))
    assert points(doubled) == near(points(one))  # Breslow's ties
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=1e-6)
    assert points(ask(in_pieces(PATIENTS))) == near(points(one))
    perfect = ask(PATIENTS, tr.Accuracy(sensitivity=1.0, specificity=1.0))
    assert points(perfect) == near([row.log_estimate for row in perfect.observed])
    assert points(perfect) == near([row.log_estimate for row in one.observed])
    assert perfect.share_true == pytest.approx(perfect.share_observed)
    assert one.share_observed == pytest.approx(float(PATIENTS["altered"].mean()))
    assert one.share_observed == pytest.approx(0.95 * one.share_true + 0.1 * (1 - one.share_true))
    assert abs(by_term["marker_treated"].log_estimate) > abs(one.observed[1].log_estimate)
    assert by_term["ratio"].se > one.observed[0].se
    assert [row.left_out for row in one.effects] == [0] * 5
    assert by_term["treatment_altered"].n + by_term["treatment_unaltered"].n == 120
    assert by_term["ratio"].remark == "At sensitivity 95.0%, specificity 90.0%."
    assert by_term["ratio"].flagged("misclassification_corrected")
    assert not one.observed[0].flagged("misclassification_corrected")


def test_additive_interaction():
    """Differences of risk and mean turn with the arms; the rows of the two levels change places."""

    def ask(frame, at=24.0):
        return tr.additive_interaction(asked(frame), adjust="age", horizon=at)

    one = ask(PATIENTS)
    assert points(ask(shuffled(PATIENTS))) == near(points(one))
    slow = ask(slower(PATIENTS), 48.0)
    assert slow.risk.difference == near(one.risk.difference, CLOSED)
    assert slow.mean.difference == near(2 * one.mean.difference, CLOSED)
    assert slow.excess.difference == near(one.excess.difference)
    assert points(ask(other_units(PATIENTS))) == near(points(one))
    arms, levels = ask(arms_swapped(PATIENTS)), ask(levels_swapped(PATIENTS))
    assert arms.risk.difference == near(-one.risk.difference, CLOSED)
    assert arms.mean.se == near(one.mean.se, CLOSED)
    assert arms.risk_by_marker[1].difference == near(-one.risk_by_marker[1].difference, CLOSED)
    assert levels.mean.difference == near(-one.mean.difference, CLOSED)
    assert levels.risk_by_marker[0].difference == near(one.risk_by_marker[1].difference, CLOSED)
    assert counts(levels.mean_by_marker[0]) == counts(one.mean_by_marker[1])
    doubled = ask(twice(PATIENTS))
    assert doubled.risk.difference == near(one.risk.difference, CLOSED)
    assert doubled.risk.se == pytest.approx(ROOT * one.risk.se, rel=0.02)
    assert one.risk.difference == near(one.risk_by_marker[1].difference - one.risk_by_marker[0].difference, CLOSED)
    assert one.mean.se == near(math.hypot(one.mean_by_marker[0].se, one.mean_by_marker[1].se), CLOSED)
    assert one.mean_by_marker[0].n + one.mean_by_marker[1].n == one.mean.n
    everyone = PATIENTS.assign(event=1)  # without censoring a risk is a share, with the error of one
    dead = (everyone["months"] <= 24).groupby([everyone["altered"], everyone["treated"]]).agg(["mean", "size"])
    spread = dead["mean"] * (1 - dead["mean"]) / dead["size"]
    shares = ask(everyone)
    assert shares.risk.difference == near(float(dead["mean"] @ [1, -1, -1, 1]), CLOSED)
    assert shares.risk.se == near(math.sqrt(spread.sum()), CLOSED)
    assert shares.risk_by_marker[0].se == near(math.sqrt(spread.iloc[:2].sum()), CLOSED)
    assert one.effects[:3] == [one.risk, one.mean, one.excess]
    assert one.horizon == 24.0
    assert (one.risk.measure, one.mean.measure, one.excess.measure) == ("RD", "RMSTD", "RERI")
    assert one.excess.flagged("approximate_reri")
    assert one.excess.adjusted_for == ("age",)
    assert one.risk.adjusted_for == ()
    assert one.excess.group_0 == "unaltered treated"
    assert levels.excess.group_0 == "altered treated"  # the least hazard, under its new name
    assert ask(shuffled(PATIENTS)).excess.group_0 == one.excess.group_0


def test_bayes_interaction():
    """A posterior under a prior around 1 turns with the levels; the flat one is the likelihood's own."""
    priors = (tr.Prior(name="sceptical", sd=0.35), tr.Prior(name="flat", shape="flat"))

    def ask(frame):
        return tr.bayes_interaction(asked(frame), adjust="age", priors=priors)

    one, mixed, turned = ask(PATIENTS), ask(shuffled(PATIENTS)), ask(levels_swapped(PATIENTS))
    assert len(one.posteriors) == 4
    for own, other, back in zip(one.posteriors, mixed.posteriors, turned.posteriors, strict=True):
        assert other.median == pytest.approx(own.median, rel=1e-4)
        assert back.median == pytest.approx(1 / own.median, rel=1e-3)
        assert (back.ci_low, back.ci_high) == pytest.approx((1 / own.ci_high, 1 / own.ci_low), rel=2e-3)
        assert back.above_1 == pytest.approx(1 - own.above_1, abs=1e-3)
        assert back.above == pytest.approx(own.below, abs=1e-3)
        assert own.above + own.within + own.below == pytest.approx(1.0, abs=1e-6)
        assert own.ci_low < own.median < own.ci_high
    sceptical, flat = one.posteriors[:2]
    assert flat.median == pytest.approx(one.ratio.estimate, rel=1e-3)
    assert abs(math.log(sceptical.median)) < abs(math.log(flat.median))
    assert sceptical.ci_high - sceptical.ci_low < flat.ci_high - flat.ci_low
    by_hand = one.ratio.log_estimate * 0.35**2 / (0.35**2 + one.ratio.se**2)
    assert math.log(sceptical.median) == pytest.approx(by_hand, abs=1e-4)
    again = tr.bayes_of_row(one.ratio, priors=priors)
    assert [each.median for each in again.posteriors] == pytest.approx([each.median for each in one.posteriors[:2]])
    assert again.ratio == one.ratio
    backward = tr.bayes_of_row(one.ratio.reversed(), priors=priors)
    assert backward.posteriors[0].median == pytest.approx(1 / sceptical.median, rel=1e-6)
    assert tr.prior_needed(one.ratio.reversed()).sd == pytest.approx(tr.prior_needed(one.ratio).sd)


def test_one_stage():
    """Cohorts together: the ratio turns with the levels in all of them, and names or order of cohorts do not count."""

    def two(change, names=("one", "two")):
        sets = [asked(change(people(100, seed))) for seed in (1, 3)]
        return [replace(each, cohort=replace(each.cohort, name=name)) for each, name in zip(sets, names, strict=True)]

    def ask(change, **how):
        return tr.one_stage(two(change, **how))

    one = ask(lambda frame: frame)
    assert points(ask(shuffled)) == near(points(one))
    assert points(ask(slower)) == near(points(one))
    back = tr.one_stage(two(lambda frame: frame)[::-1])
    assert back.effect.log_estimate == near(one.effect.log_estimate)
    assert [row.log_estimate for row in back.studies[::-1]] == near([row.log_estimate for row in one.studies])
    assert back.shares[::-1] == pytest.approx(one.shares)
    assert back.heterogeneity_chi2 == near(one.heterogeneity_chi2)
    assert points(ask(lambda frame: frame, names=("z", "a"))) == near(points(one))
    assert points(ask(levels_swapped)) == near([-each for each in points(one)])
    assert points(ask(arms_swapped)) == near([-each for each in points(one)])
    assert ask(levels_swapped).effect.se == near(one.effect.se)
    assert ask(levels_swapped).shares == pytest.approx([1 - share for share in one.shares])
    assert points(ask(in_pieces)) == near(points(one))
    assert ask(twice).effect.se == pytest.approx(ROOT * one.effect.se, rel=0.03)
    assert ask(twice).heterogeneity_chi2 == pytest.approx(2 * one.heterogeneity_chi2, rel=0.2)
    assert one.effect is one.within
    assert (one.effect.n, one.heterogeneity_df, one.across) == (200, 1, None)
    assert one.effect.n == sum(row.n for row in one.studies)
    assert one.effect.events == sum(int(people(100, seed)["event"].sum()) for seed in (1, 3))
    assert min(points(one)[:2]) < one.effect.log_estimate < max(points(one)[:2])
    assert one.effect.estimand == "interaction"
    assert one.shares == pytest.approx([float(people(100, seed)["altered"].mean()) for seed in (1, 3)])
    alone = tr.interaction(two(lambda frame: frame)[0]).ratio
    assert one.studies[0].log_estimate == near(alone.log_estimate)
    assert "between_needs_three_cohorts" in one.flags
    assert str(one).startswith("M OS interaction within 2 cohorts: ratio of HRs ")
    with pytest.raises(AnalysisError, match=r"made stands twice; its patients would count twice\. Keep one of them\."):
        tr.one_stage([asked(PATIENTS), asked(PATIENTS)])


def test_what_holds_no_interaction_is_refused():
    """One arm, no marker, no event: each is refused by name, and says what would do."""
    one_arm = asked(PATIENTS.assign(treated=True))
    no_marker, no_event = asked(PATIENTS, marker=False), asked(PATIENTS.assign(event=0))
    for estimator in (tr.interaction, tr.changing_interaction, tr.additive_interaction):
        with pytest.raises(AnalysisError, match="arm"):
            estimator(one_arm)
        with pytest.raises((AnalysisError, QuestionError), match="marker"):
            estimator(no_marker)
    for estimator in (tr.interaction, tr.changing_interaction):
        with pytest.raises(AnalysisError, match="no events"):
            estimator(no_event)
    with pytest.raises(
        AnalysisError, match=r"^At no landmark can the interaction be estimated: M unaltered, untreated"
    ):
        tr.landmark_series(one_arm, at=[0, 12])
