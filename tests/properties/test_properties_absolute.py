"""Every estimator of a curve, a risk, a mean or a rate: order, names, units, copies, arms and levels exchanged."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

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
    other_units,
    points,
    shuffled,
    slower,
    twice,
)
from people import near as strictly_near
from test_target_trial import asked as asked_of_starts
from test_target_trial import immortal

import tamoxres as tr
from tamoxres.calibrate.states import Relapses
from tamoxres.errors import AnalysisError, QuestionError

near = partial(strictly_near, nan_ok=True)  # curves and screens have places without a value
TIMES = [12.0, 24.0, 60.0]


def test_kaplan_meier():
    """The curve is of the patients: order, copies and pieces leave it where it is, exchanged levels exchange curves."""

    def ask(frame, **how):
        return tr.kaplan_meier(asked(frame), **how)

    one = ask(PATIENTS)
    table, slow, back = one.at(TIMES), ask(slower(PATIENTS)), ask(levels_swapped(PATIENTS))
    assert ask(shuffled(PATIENTS)).at(TIMES)["survival"].to_numpy() == near(table["survival"].to_numpy(), CLOSED)
    assert slow.at([2 * each for each in TIMES])["survival"].to_numpy() == near(table["survival"].to_numpy(), CLOSED)
    assert slow.at([2 * each for each in TIMES])["n_risk"].tolist() == table["n_risk"].tolist()
    assert [curve.quantile()[0] for curve in slow] == [2 * curve.quantile()[0] for curve in one]
    assert [curve.group for curve in back] == ["unaltered", "altered"]
    assert back.curves[0].estimate == near(one.curves[1].estimate, CLOSED)
    assert back.curves[1].ci_low == near(one.curves[0].ci_low, CLOSED)
    pieces, doubled = ask(in_pieces(PATIENTS)), ask(twice(PATIENTS))
    assert pieces.at(TIMES)["survival"].to_numpy() == near(table["survival"].to_numpy(), CLOSED)
    assert pieces.at(TIMES)["n_risk"].tolist() == table["n_risk"].tolist()
    assert doubled.at(TIMES)["survival"].to_numpy() == near(table["survival"].to_numpy(), CLOSED)
    assert doubled.at(TIMES)["se"].to_numpy() == near(ROOT * table["se"].to_numpy(), CLOSED)
    assert doubled.curves[0].n_event.sum() == 2 * one.curves[0].n_event.sum()
    halves = ask(PATIENTS.assign(sampling_weight=2.0))
    assert halves.at(TIMES)["survival"].to_numpy() == near(table["survival"].to_numpy(), CLOSED)
    assert table["group"].tolist() == ["unaltered"] * 3 + ["altered"] * 3
    assert table["survival"].between(table["ci_low"], table["ci_high"]).all()
    assert (one.endpoint, one.grouping, one.note) == ("OS", "M (made)", "")
    assert one.method == "Kaplan-Meier, log-log limits"
    for curve, altered in zip(one, (False, True), strict=True):
        own = PATIENTS[PATIENTS["altered"] == altered]
        assert curve.n_risk[0] == len(own)
        assert curve.n_event.sum() == own["event"].sum()
        assert curve.n_event.sum() + curve.n_censor.sum() == len(own)
        assert curve.at_risk([24.0])[0] == (own["months"] >= 24).sum()
        assert curve.step("estimate", [0.0])[0] == 1.0
        assert curve.until(24.0).time[-1] <= 24.0
    together = ask(PATIENTS, by=None)
    assert [curve.group for curve in together] == [""]
    assert ask(PATIENTS, by="treatment").curves[1].group == "treated"
    crossed = ask(PATIENTS, by=["marker", "treatment"])
    assert len(crossed) == 4
    assert sum(curve.n_event.sum() for curve in crossed) == PATIENTS["event"].sum()
    with pytest.raises(QuestionError, match="height"):
        ask(PATIENTS, by="height")


@pytest.mark.parametrize("transform", ["log-log", "log", "plain"])
def test_limits_of_a_curve(transform):
    """Whatever the transform, limits hold the estimate, widen with the level, and copies bring them closer."""
    analysis = asked(PATIENTS)
    one = tr.kaplan_meier(analysis, transform=transform).at(TIMES)
    wide = tr.kaplan_meier(analysis, transform=transform, level=0.99).at(TIMES)
    close = tr.kaplan_meier(asked(twice(PATIENTS)), transform=transform).at(TIMES)
    assert wide["survival"].tolist() == one["survival"].tolist()
    assert (wide["ci_low"] < one["ci_low"]).all()
    assert (wide["ci_high"] >= one["ci_high"]).all()
    assert (close["ci_low"] > one["ci_low"]).all()
    assert (close["ci_high"] <= one["ci_high"]).all()
    assert wide["se"].tolist() == one["se"].tolist()


def test_cumulative_incidence():
    """Risks of the causes and survival add to 1 in every group; causes exchanged exchange their curves."""

    def ask(frame, **how):
        return tr.cumulative_incidence(asked(frame, competing=True), **how)

    one = ask(COMPETING)
    table = one.at(TIMES)
    value = table["estimate"].to_numpy()
    assert table["cause"].unique().tolist() == ["BCSS", "competing death"]
    assert ask(shuffled(COMPETING)).at(TIMES)["estimate"].to_numpy() == near(value, CLOSED)
    assert ask(slower(COMPETING)).at([2 * each for each in TIMES])["estimate"].to_numpy() == near(value, CLOSED)
    assert ask(in_pieces(COMPETING)).at(TIMES)["estimate"].to_numpy() == near(value, CLOSED)
    doubled = ask(twice(COMPETING)).at(TIMES)
    assert doubled["estimate"].to_numpy() == near(value, CLOSED)
    assert doubled["se"].to_numpy() == pytest.approx(ROOT * table["se"].to_numpy(), rel=0.02)
    back = ask(levels_swapped(COMPETING)).at(TIMES)
    assert back["estimate"].to_numpy()[:6] == near(value[6:], CLOSED)
    causes = COMPETING.assign(event=COMPETING["event"].map({0: 0, 1: 2, 2: 1}))
    other = ask(causes).at(TIMES)
    assert other[other["cause"] == "BCSS"]["estimate"].to_numpy() == near(value[table["cause"] != "BCSS"], CLOSED)
    whole = tr.kaplan_meier(asked(COMPETING.assign(event=(COMPETING["event"] > 0).astype(int)), competing=True))
    free = whole.at(TIMES)["survival"].to_numpy()
    sums = table.groupby(["group", "time"], sort=False)["estimate"].sum().to_numpy()
    assert sums + free == near(np.ones(6), CLOSED)
    assert table["estimate"].between(table["ci_low"], table["ci_high"]).all()
    assert [curve.kind for curve in one] == ["incidence"] * 4
    assert one.curves[0].n_event.sum() == ((COMPETING["event"] == 1) & ~COMPETING["altered"]).sum()
    assert one.curves[1].n_event.sum() == ((COMPETING["event"] == 2) & ~COMPETING["altered"]).sum()
    assert one.method == "Aalen-Johansen, log-log limits"


def test_tests_of_curves():
    """Log-rank and Gray: a test knows neither names nor units nor the order of groups; observed adds up to expected."""

    def rank(frame, **how):
        return tr.logrank(asked(frame), by="treatment", strata="site", **how)

    def gray(frame, **how):
        return tr.gray_test(asked(frame, competing=True), strata="site", **how)

    one, gone = rank(PATIENTS), gray(COMPETING)
    for change in (shuffled, slower, arms_swapped, levels_swapped, other_units, in_pieces):
        assert rank(change(PATIENTS)).statistic == near(one.statistic, CLOSED), change.__name__
    for change in (shuffled, slower, arms_swapped, levels_swapped, other_units):
        assert gray(change(COMPETING)).statistic == near(gone.statistic, CLOSED), change.__name__
    arms = rank(arms_swapped(PATIENTS))
    assert arms.sums.expected == near(one.sums.expected[::-1], CLOSED)
    assert arms.n == one.n[::-1]
    assert one.sums.observed.sum() == near(one.sums.expected.sum(), CLOSED)
    assert one.sums.observed.sum() == PATIENTS["event"].sum()
    assert one.sums.variance.sum() == near(0.0, CLOSED)
    assert rank(twice(PATIENTS)).statistic == pytest.approx(2 * one.statistic, rel=0.05)  # n - 1 in the variance
    assert (one.df, one.groups, one.strata) == (1, ("untreated", "treated"), ("site",))
    assert sum(one.n) == 120
    assert one.p_value == pytest.approx(math.erfc(math.sqrt(one.statistic / 2)))
    assert gone.p_value == pytest.approx(math.erfc(math.sqrt(gone.statistic / 2)))
    assert (gone.cause, gone.df, gone.groups) == ("BCSS", 1, ("unaltered", "altered"))
    deaths = gray(COMPETING, cause="competing")
    causes = COMPETING.assign(event=COMPETING["event"].map({0: 0, 1: 2, 2: 1}))
    assert gray(causes).statistic == near(deaths.statistic, CLOSED)
    assert deaths.cause == "competing death"
    for weight in ("gehan", "tarone-ware", "peto-peto", (0.0, 1.0)):
        own = rank(PATIENTS, weight=weight)
        assert rank(shuffled(PATIENTS), weight=weight).statistic == near(own.statistic, CLOSED), weight
        assert rank(slower(PATIENTS), weight=weight).statistic == near(own.statistic, CLOSED), weight
        assert own.method != one.method, weight
    assert rank(PATIENTS, weight=(0.0, 0.0)).statistic == near(one.statistic, CLOSED)
    four = tr.logrank(asked(PATIENTS), by=["marker", "treatment"])
    assert (four.df, len(four.groups)) == (3, 4)
    assert tr.logrank(asked(PATIENTS), by="nodes").df == PATIENTS["nodes"].nunique() - 1
    with pytest.raises(AnalysisError, match="delayed|entry"):
        gray(in_pieces(COMPETING))
    with pytest.raises(AnalysisError, match=r"all are treated; a log-rank test compares at least two groups\.$"):
        tr.logrank(asked(PATIENTS.assign(treated=True)), by="treatment")


def test_restricted_means():
    """Time lived and time lost add to the horizon; a slower life is twice as long to twice the horizon."""

    def ask(frame, at=24.0, how=tr.rmst):
        return how(asked(frame), horizon=at, by="treatment")

    one, lost = ask(PATIENTS), ask(PATIENTS, how=tr.rmtl)
    assert points(ask(shuffled(PATIENTS))) == near(points(one), CLOSED)
    assert points(ask(slower(PATIENTS), 48.0)) == near([2 * each for each in points(one)], CLOSED)
    assert errors(ask(slower(PATIENTS), 48.0)) == near([2 * each for each in errors(one)], CLOSED)
    other = ask(arms_swapped(PATIENTS))
    assert points(other) == near([-each for each in points(one)], CLOSED)
    assert errors(other) == near(errors(one), CLOSED)
    assert points(ask(levels_swapped(PATIENTS))) == near(points(one), CLOSED)
    assert points(ask(in_pieces(PATIENTS))) == near(points(one), CLOSED)
    doubled = ask(twice(PATIENTS))
    assert points(doubled) == near(points(one), CLOSED)
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)
    assert one.effect.difference == near(one.means[1].estimate - one.means[0].estimate, CLOSED)
    assert one.effect.se == near(math.hypot(one.means[0].se, one.means[1].se), CLOSED)
    assert [mean.estimate for mean in lost.means] == near([24 - mean.estimate for mean in one.means], CLOSED)
    assert lost.effect.difference == near(-one.effect.difference, CLOSED)
    assert lost.effect.se == near(one.effect.se, 0.02)
    assert (one.kind, lost.kind) == ("rmst", "rmtl")
    assert (one.effect.measure, lost.effect.measure) == ("RMSTD", "RMTLD")
    assert (one.levels, one.horizon, one.effect.to_months) == (("untreated", "treated"), 24.0, 24.0)
    assert one.effect.p_value == pytest.approx(one.effect.wald_p)
    curve = tr.kaplan_meier(asked(PATIENTS), by="treatment").curves[1]
    edges = np.concatenate([[0.0], curve.time[curve.time < 24], [24.0]])
    area = (curve.step("estimate", edges[:-1]) * np.diff(edges)).sum()
    assert one.means[1].estimate == near(area, CLOSED)
    seen = PATIENTS.assign(event=1)  # without censoring a restricted mean is a mean, with the error of one
    lived = np.minimum(seen.loc[seen["treated"], "months"], 24)
    assert ask(seen).means[1].estimate == near(lived.mean(), CLOSED)
    assert ask(seen).means[1].se == near(lived.std(ddof=0) / math.sqrt(len(lived)), CLOSED)
    short = ask(PATIENTS, 12.0)
    assert short.means[0].estimate < one.means[0].estimate
    with pytest.raises(AnalysisError, match="horizon"):
        ask(PATIENTS, 0)
    with pytest.raises(AnalysisError, match="follow-up"):
        ask(PATIENTS, 1000)


def test_risk_differences():
    """Differences of risks turn with the groups, and are those of the curves."""

    def ask(frame, at=(12, 24)):
        return tr.risk_difference(asked(frame), times=at, by="treatment")

    one = ask(PATIENTS)
    assert points(ask(shuffled(PATIENTS))) == near(points(one), CLOSED)
    assert points(ask(slower(PATIENTS), (24, 48))) == near(points(one), CLOSED)
    other = ask(arms_swapped(PATIENTS))
    assert points(other) == near([-each for each in points(one)], CLOSED)
    assert errors(other) == near(errors(one), CLOSED)
    assert points(ask(in_pieces(PATIENTS))) == near(points(one), CLOSED)
    assert errors(ask(twice(PATIENTS))) == near([ROOT * each for each in errors(one)], CLOSED)
    survival = tr.kaplan_meier(asked(PATIENTS), by="treatment").at([12, 24])["survival"].to_numpy()
    assert one.risks["risk"].to_numpy() == near(1 - survival, CLOSED)
    assert one.effects[0].difference == near(survival[0] - survival[2], CLOSED)
    assert one.risks["time"].tolist() == [12.0, 24.0, 12.0, 24.0]
    assert one.risks["n_risk"].tolist()[::2] == [
        int(((PATIENTS["months"] > 12) & (PATIENTS["treated"] == arm)).sum()) for arm in (False, True)
    ]
    assert [row.measure for row in one.effects] == ["RD", "RD"]
    assert [row.to_months for row in one.effects] == [12.0, 24.0]
    assert [row.term for row in one.effects] == [f"risk difference at {at} months" for at in (12, 24)]
    assert one.effect.estimand == "treatment_effect"
    competing = tr.risk_difference(asked(COMPETING, competing=True), times=24, by="treatment")
    incidence = tr.cumulative_incidence(asked(COMPETING, competing=True), by="treatment").at([24])
    own = incidence[incidence["cause"] == "BCSS"]["estimate"].to_numpy()
    assert competing.effect.difference == near(own[1] - own[0], CLOSED)


def test_event_rates():
    """Twice as slow is half the rate; copies and pieces leave it; limits close in."""

    def ask(frame):
        return tr.event_rates(asked(frame), by="treatment").to_frame()

    one, slow, arms, pieces, doubled = (
        ask(change(PATIENTS)) for change in (lambda x: x, slower, arms_swapped, in_pieces, twice)
    )
    assert ask(shuffled(PATIENTS))["rate"].to_numpy() == near(one["rate"].to_numpy(), CLOSED)
    assert slow["rate"].to_numpy() == near(one["rate"].to_numpy() / 2, CLOSED)
    assert slow["ci_high"].to_numpy() == near(one["ci_high"].to_numpy() / 2, CLOSED)
    assert arms["rate"].to_numpy() == near(one["rate"].to_numpy()[::-1], CLOSED)
    assert arms["events"].tolist() == one["events"].tolist()[::-1]
    assert pieces["rate"].to_numpy() == near(one["rate"].to_numpy(), CLOSED)
    assert pieces["person_years"].to_numpy() == near(one["person_years"].to_numpy(), CLOSED)
    assert doubled["rate"].to_numpy() == near(one["rate"].to_numpy(), CLOSED)
    assert (doubled["ci_low"] > one["ci_low"]).all()
    assert (doubled["ci_high"] < one["ci_high"]).all()
    assert one["treatment"].tolist() == ["untreated", "treated"]
    assert one["person_years"].sum() == near(PATIENTS["months"].sum() / 12, CLOSED)
    assert one["rate"].to_numpy() == near(1000 * one["events"] / one["person_years"], CLOSED)
    assert one["n"].sum() == 120
    crossed = tr.event_rates(asked(PATIENTS))
    assert crossed.by == ("marker", "treatment")
    assert crossed.rates[0].levels == ("unaltered", "untreated")
    assert sum(rate.events for rate in crossed.rates) == one["events"].sum()
    whole = tr.event_rates(asked(PATIENTS[PATIENTS["treated"]], marker=False)).rates[0]
    assert whole.levels == ()
    assert whole.events == one["events"].iloc[1]
    assert whole.rate == near(1000 * whole.events / whole.person_years, CLOSED)


def test_follow_up():
    """The median of follow-up is that of the reverse curve, in the unit of time."""
    one, slow = tr.follow_up(asked(PATIENTS)), tr.follow_up(asked(slower(PATIENTS)))
    assert (slow.median, slow.ci_low, slow.ci_high) == (2 * one.median, 2 * one.ci_low, 2 * one.ci_high)
    assert tr.follow_up(asked(shuffled(PATIENTS))).median == one.median
    assert tr.follow_up(asked(twice(PATIENTS))).median == one.median
    assert tr.follow_up(asked(twice(PATIENTS))).ci_low >= one.ci_low
    reverse = tr.kaplan_meier(asked(PATIENTS.assign(event=1 - PATIENTS["event"])), by=None).curves[0]
    assert one.median == reverse.quantile()[0]
    assert one.ci_low <= one.median <= one.ci_high
    assert (one.n, one.level) == (120, 0.95)
    assert str(one).startswith(f"median follow-up {one.median} months (")
    assert tr.follow_up(asked(PATIENTS), level=0.99).ci_low <= one.ci_low


@pytest.mark.parametrize("name", ["absolute_effects", "augmented_ipw"])
def test_absolute_effects(name):
    """Risks and means by arm and level change places with them, and their differences turn."""

    def ask(frame, at=24.0):
        return getattr(tr, name)(asked(frame), adjust="age", times=at)

    one = ask(PATIENTS)
    mixed, slow, arms, levels = (
        ask(change(PATIENTS), at)
        for change, at in ((shuffled, 24), (slower, 48), (arms_swapped, 24), (levels_swapped, 24))
    )
    assert points(mixed) == near(points(one), 1e-5)
    assert errors(mixed) == near(errors(one), 1e-5)
    assert points(slow)[:3] == near(points(one)[:3], 1e-5)
    assert points(slow)[3:] == near([2 * each for each in points(one)[3:]], 1e-4)
    assert points(ask(other_units(PATIENTS))) == near(points(one), 1e-4)
    assert points(arms) == near([-each for each in points(one)], 1e-5)
    assert errors(arms) == near(errors(one), 1e-5)
    assert points(levels) == near([-points(one)[0], *points(one)[2:0:-1], -points(one)[3], *points(one)[:3:-1]], 1e-5)
    assert errors(ask(twice(PATIENTS))) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)
    assert points(one)[0] == near(points(one)[2] - points(one)[1], CLOSED)
    assert points(one)[3] == near(points(one)[5] - points(one)[4], CLOSED)
    risks = one.means[one.means["quantity"] == "risk"].set_index(["marker", "treatment"])["estimate"]
    assert risks["altered", "treated"] - risks["altered", "untreated"] == near(points(one)[2], CLOSED)
    assert risks["unaltered", "treated"] - risks["unaltered", "untreated"] == near(points(one)[1], CLOSED)
    turned = arms.means[arms.means["quantity"] == "risk"].set_index(["marker", "treatment"])["estimate"]
    assert turned["altered", "treated"] == near(risks["altered", "untreated"], 1e-5)
    lived = one.means.set_index(["quantity", "marker", "treatment"])["estimate"]
    assert 0 < lived["mean_survival", "altered", "treated"] <= 24
    assert [row.measure for row in one.effects] == ["RD"] * 3 + ["RMSTD"] * 3
    assert [row.marker_level for row in one.effects] == ["", "unaltered", "altered"] * 2
    assert [row.left_out for row in one.effects] == [0] * 6
    assert [row.n for row in one.effects[:3]] == [120, 68, 52]
    assert [row.n_1 + row.n_0 for row in one.effects[1:3]] == [68, 52]
    assert all(row.se_kind == "robust" for row in one.effects)
    assert all(row.flagged("not_for_decisions") for row in one.effects)
    assert (one.resamples, one.failed) == (0, 0)
    assert (one.balance is None) == (name == "absolute_effects")
    holes = asked(PATIENTS.assign(age=np.where(np.arange(120) < 9, np.nan, PATIENTS["age"])))
    assert [row.left_out for row in getattr(tr, name)(holes, adjust="age", times=24).effects] == [9] * 6
    with pytest.raises(AnalysisError, match="does not take delayed entry"):
        ask(in_pieces(PATIENTS))
    with pytest.raises(AnalysisError, match="one arm here"):
        ask(PATIENTS.assign(treated=True))
    with pytest.raises(AnalysisError, match=r"M altered has one arm only, so it holds no contrast"):
        ask(PATIENTS.assign(treated=PATIENTS["treated"] | PATIENTS["altered"]))


def test_standardised_risks():
    """Two fitted worlds change places with the levels; the bootstrap has its own seed."""

    def ask(frame, at=24.0, **how):
        return tr.standardise(tr.cox(asked(frame), adjust="age"), times=at, m=2, **how)

    one, levels = ask(PATIENTS), ask(levels_swapped(PATIENTS))
    risk = one.risks["risk"].to_numpy()
    assert ask(shuffled(PATIENTS)).risks["risk"].to_numpy() == near(risk)
    assert ask(slower(PATIENTS), 48.0).risks["risk"].to_numpy() == near(risk)
    assert ask(other_units(PATIENTS)).risks["risk"].to_numpy() == near(risk)
    assert levels.risks["risk"].to_numpy() == near(risk[::-1])
    assert levels.effect.difference == near(-one.effect.difference)
    assert ask(in_pieces(PATIENTS)).risks["risk"].to_numpy() == near(risk, 0.05)  # a mean over rows, not patients
    assert one.effect.difference == near(risk[1] - risk[0], CLOSED)
    assert one.effect.se == ask(PATIENTS).effect.se
    assert one.effect.se != ask(PATIENTS, seed=2).effect.se
    assert one.effect.difference == ask(PATIENTS, seed=2).effect.difference
    assert (one.m, one.failed, one.seed) == (2, 0, 1)
    assert one.risks["marker"].tolist() == ["unaltered", "altered"]
    assert one.risks["risk"].between(0, 1).all()
    assert (one.effect.se_kind, one.effect.measure, one.effect.to_months) == ("bootstrap", "RD", 24.0)
    assert (one.effect.difference > 0) == (tr.cox(asked(PATIENTS), adjust="age").effect.estimate > 1)
    with pytest.raises(AnalysisError, match=r"^age enters as a number; risks are standardised by terms with levels"):
        ask(PATIENTS, by="age")


def test_pseudo_regression():
    """Differences of pseudo-values turn with arms and levels; copies leave them, and the errors shrink."""

    def ask(frame, at=24.0, **how):
        return tr.pseudo_regression(asked(frame), adjust="age", times=at, **how)

    one, levels = ask(PATIENTS), ask(levels_swapped(PATIENTS))
    other = ask(shuffled(PATIENTS))
    assert points(other) == near(points(one))
    assert errors(other) == near(errors(one))
    assert points(ask(slower(PATIENTS), 48.0)) == near(points(one))
    assert points(ask(other_units(PATIENTS))) == near(points(one))
    assert points(ask(arms_swapped(PATIENTS))) == near([-each for each in points(one)])
    assert points(levels) == near([-points(one)[0], points(one)[2], points(one)[1]])
    assert errors(levels) == near([errors(one)[0], errors(one)[2], errors(one)[1]])
    doubled = ask(twice(PATIENTS))
    assert points(doubled) == near(points(one), 1e-4)
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=0.01)
    assert points(one)[0] == near(points(one)[2] - points(one)[1], CLOSED)
    assert [row.left_out for row in one.effects] == [0] * 3
    assert [row.n for row in one.effects] == [120, 68, 52]
    assert one.values.shape == (1, 120)
    risk = 1 - tr.kaplan_meier(asked(PATIENTS), by=None).at([24])["survival"].iloc[0]
    assert one.values.mean() == near(risk, 1e-2)
    assert (one.quantity, one.link) == ("risk", "identity")
    months = ask(PATIENTS, quantity="mean")
    assert points(ask(slower(PATIENTS), 48.0, quantity="mean")) == near([2 * each for each in points(months)], 1e-5)
    assert {row.measure for row in months.effects} == {"RMSTD"}
    ratio = ask(PATIENTS, link="cloglog")
    assert ratio.effect.measure == "HR"
    assert ask(levels_swapped(PATIENTS), link="cloglog").effect.log_estimate == near(-ratio.effect.log_estimate, 1e-5)
    with pytest.raises(AnalysisError, match=r"do not take delayed entry\. Use cox for the hazards\."):
        ask(in_pieces(PATIENTS))


def test_weights():
    """Propensities turn over with the arms, and know neither order nor unit; balance is what they are for."""

    def ask(frame, **how):
        return tr.weights(asked(frame, marker=False), adjust=["age", "nodes"], **how)

    one, arms, units, slow = (ask(change(PATIENTS)) for change in (lambda x: x, arms_swapped, other_units, slower))
    assert points(ask(shuffled(PATIENTS))) == near(points(one))
    assert np.sort(ask(shuffled(PATIENTS)).weights) == near(np.sort(one.weights))
    assert arms.propensity == near(1 - one.propensity)
    assert arms.weights == near(one.weights)
    assert arms.effect.log_estimate == near(-one.effect.log_estimate)
    assert units.propensity == near(one.propensity)
    assert points(slow) == near(points(one))
    assert ask(twice(PATIENTS)).propensity[:120] == near(one.propensity)
    assert one.treated.tolist() == PATIENTS["treated"].astype(float).tolist()
    assert one.propensity.sum() == near(PATIENTS["treated"].sum(), 1e-5)  # the score of the intercept
    overlap, att = ask(PATIENTS, method="overlap"), ask(PATIENTS, method="att")
    exact = overlap.balance
    assert exact["smd_after"].abs().max() < 1e-6
    assert one.balance["smd_after"].abs().max() < one.balance["smd_before"].abs().max()
    assert (att.weights[att.treated == 1] == att.weights[att.treated == 1][0]).all()
    assert {row.weights for each in (one, overlap, att) for row in each.effects} == {"iptw", "overlap", "att"}
    other_arm = np.where(overlap.treated == 1, 1 - overlap.propensity, overlap.propensity)
    assert np.ptp(overlap.weights / other_arm) == near(0.0)
    own_arm = np.where(one.treated == 1, one.propensity, 1 - one.propensity)
    assert np.ptp((one.weights * own_arm)[one.treated == 1]) == near(0.0)  # stabilised: the same share in an arm
    assert np.ptp((one.weights * own_arm)[one.treated == 0]) == near(0.0)
    assert one.analysis.n == 120
    assert (one.method, one.trim, one.adjust) == ("iptw", None, ("age", "nodes"))
    trimmed = ask(PATIENTS, trim=0.3)
    inside = (one.propensity >= 0.3) & (one.propensity <= 0.7)
    assert trimmed.analysis.n == inside.sum()
    assert "Propensity 0.3 to 0.7" in trimmed.analysis.flow.steps[-1].name
    assert trimmed.effect.left_out == 120 - trimmed.analysis.n
    with pytest.raises(AnalysisError, match="arm"):
        ask(PATIENTS.assign(treated=True))


def test_imputation():
    """What is known stays, what is imputed is some patient's, and the pooled row is Rubin's of the copies."""
    holes = PATIENTS.assign(age=np.where(np.arange(120) % 9 == 0, np.nan, PATIENTS["age"]))
    one = tr.impute(asked(holes), m=3, iterations=1)
    known = holes["age"].notna().to_numpy()
    for copy in one.completed:
        assert copy.frame["age"].notna().all()
        assert copy.frame["age"].to_numpy()[known].tolist() == holes.loc[known, "age"].tolist()
        assert set(copy.frame["age"]) <= set(holes["age"].dropna())
        assert copy.frame["months"].tolist() == holes["months"].tolist()
    assert (one.m, one.missing, one.seed, one.iterations) == (3, (("age", 14),), 1, 1)
    again, other = tr.impute(asked(holes), m=3, iterations=1), tr.impute(asked(holes), m=3, iterations=1, seed=2)
    assert again.completed[0].frame["age"].tolist() == one.completed[0].frame["age"].tolist()
    assert other.completed[0].frame["age"].tolist() != one.completed[0].frame["age"].tolist()

    def fit(analysis):
        return tr.cox(analysis, adjust="age").effect

    pooled, rows = one.pool(fit), [fit(copy) for copy in one.completed]
    by_hand = tr.rubin([row.log_estimate for row in rows], [row.se**2 for row in rows])
    assert pooled.log_estimate == near(np.mean([row.log_estimate for row in rows]), CLOSED)
    assert pooled.se == near(by_hand.se, CLOSED)
    assert pooled.se > min(row.se for row in rows)
    assert (pooled.n, pooled.events, pooled.left_out) == (120, int(holes["event"].sum()), 0)
    assert pooled.missing == "mice"
    complete, imputed = one.beside(fit)
    assert complete.n == int(known.sum())
    assert complete.left_out == 14
    assert imputed == pooled
    whole = tr.impute(asked(PATIENTS), m=2, iterations=1)
    assert whole.missing == ()
    assert whole.pool(fit).log_estimate == near(fit(asked(PATIENTS)).log_estimate, CLOSED)
    assert whole.pool(fit).se == near(fit(asked(PATIENTS)).se, CLOSED)


def test_illness_death():
    """Transitions turn with the arms; states add to 1 and their months to the horizon; time stretches."""
    base = Relapses(150, 1).analysis

    def ask(months=1.0, arms=False, order=1):
        patients = base.cohort.patients.iloc[::order]
        columns = ["RFS_months", "OS_months"]
        patients = patients.assign(**{name: patients[name] * months for name in columns})
        if arms:
            patients = patients.assign(
                endocrine=patients["endocrine"].map({"yes": "no", "no": "yes"}),
                endocrine_agent=patients["endocrine_agent"].map({"tamoxifen": "none", "none": "tamoxifen"}),
            )
        cohort = replace(base.cohort, patients=patients, raw=patients, markers=())
        return tr.illness_death(tr.select(cohort, endpoint="RFS", er="any", treatment="any"), times=60 * months)

    one, slow, arms, back = ask(), ask(months=2.0), ask(arms=True), ask(order=-1)
    assert points(back) == near(points(one))
    assert back.states["probability"].to_numpy() == near(one.states["probability"].to_numpy(), CLOSED)
    assert points(slow) == near(points(one))
    assert slow.states["probability"].to_numpy() == near(one.states["probability"].to_numpy(), CLOSED)
    assert slow.states["months"].to_numpy() == near(2 * one.states["months"].to_numpy(), 1e-6)
    assert points(arms) == near([-each for each in points(one)])
    assert arms.states["probability"].to_numpy()[:3] == near(one.states["probability"].to_numpy()[3:], CLOSED)
    assert arms.states["se"].to_numpy()[:3] == near(one.states["se"].to_numpy()[3:], CLOSED)
    assert one.states.groupby("group")["probability"].sum().to_numpy() == near([1.0, 1.0], CLOSED)
    assert one.states.groupby("group")["months"].sum().to_numpy() == near([60.0, 60.0], CLOSED)
    assert one.states["probability"].between(one.states["ci_low"], one.states["ci_high"]).all()
    assert [row.term for row in one.effects] == ["relapse", "death without relapse", "death after relapse"]
    assert one.counts == {row.term: row.n for row in one.effects}
    assert one.effects[0].events + one.effects[1].events == base.events
    assert one.effects[2].n == one.effects[0].events
    assert one.effects[2].flagged("survivors_to_relapse")
    assert (one.effects[0].endpoint, one.effects[1].endpoint) == ("RFS", "")


def test_target_trial():
    """The emulation knows neither order nor the unit of time; its strategies' risks are differences told twice."""
    time, event, start = immortal(2, 150)

    def ask(months=1.0, order=1):
        made = asked_of_starts((time * months)[::order], event[::order], (start * months)[::order])
        return tr.target_trial(made, grace=12 * months, times=36 * months, m=2)

    one, slow, back = ask(), ask(months=2.0), ask(order=-1)
    assert points(slow)[:2] == near(points(one)[:2], 1e-6)
    assert points(slow)[2] == near(2 * points(one)[2], 1e-5)
    assert points(slow)[3] == near(points(one)[3], 1e-6)
    assert points(back) == near(points(one), 1e-6)
    assert back.risks[0] == near(one.risks[0], CLOSED)
    assert back.largest_weight == near(one.largest_weight, CLOSED)
    assert one.effects[1].difference == near(one.risks[0][2] - one.risks[0][1], CLOSED)
    assert one.risks[0][0] == 36.0
    assert (one.grace, one.contrast, one.m, one.failed, one.adjust) == (12, "per_protocol", 2, 0, ())
    assert [row.measure for row in one.effects] == ["HR", "RD", "RMSTD", "HR"]
    assert one.check == one.effects[3]
    assert (one.effect.n_1, one.effect.n_0) == (150, 150)  # every patient is cloned
    assert one.effect.se_kind == "bootstrap"
    assert one.check.se_kind == "model"
    assert ask().effect.se == one.effect.se
    assert one.effect.flagged("emulated_trial", "not_randomised")
    assert "Time zero" in one.protocol.to_csv()
    with pytest.raises(AnalysisError, match="grace|start"):
        tr.target_trial(asked_of_starts(time, event, start), grace=0, times=36, m=2)
