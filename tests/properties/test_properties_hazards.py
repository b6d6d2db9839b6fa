"""Every estimator of a hazard ratio: order, names, units, copies, arms and levels exchanged, follow-up in pieces."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
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
from tamoxres.calibrate.cured import Cured
from tamoxres.calibrate.edges import case_cohort_sample
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.treatment import treatment_effect


def test_cox():
    """A covariate's slope is per its unit; exchanged levels turn the marker's ratio and no other."""

    def ask(frame):
        return tr.cox(asked(frame), adjust=["age", "nodes"], strata="site")

    one = ask(PATIENTS)
    marker, age, nodes = one.effects
    mixed, slow, pieces, doubled = (ask(change(PATIENTS)) for change in (shuffled, slower, in_pieces, twice))
    assert points(mixed) == near(points(one))
    assert errors(mixed) == near(errors(one))
    assert mixed.loglik == near(one.loglik)
    assert points(slow) == near(points(one))
    assert slow.loglik == near(one.loglik)
    assert points(pieces) == near(points(one))
    assert errors(pieces) == near(errors(one))
    assert pieces.loglik == near(one.loglik)
    assert pieces.effect.person_years == pytest.approx(marker.person_years)
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)
    units = ask(other_units(PATIENTS))
    assert units.effects[1].log_estimate == near(age.log_estimate / 1.2)
    assert units.effects[1].se == near(age.se / 1.2)
    assert units.effects[1].p_value == near(age.p_value)
    assert units.effect.log_estimate == near(marker.log_estimate)
    assert units.loglik == near(one.loglik)
    turned = ask(levels_swapped(PATIENTS))
    assert turned.effect.log_estimate == near(-marker.log_estimate)
    assert turned.effects[2].log_estimate == near(nodes.log_estimate)
    assert (turned.effect.n_1, turned.effect.events_1) == (marker.n_0, marker.events_0)
    assert turned.loglik == near(one.loglik)
    assert points(ask(arms_swapped(PATIENTS))) == near(points(one))
    assert marker.estimate == pytest.approx(math.exp(one.coefficients[0]))
    assert marker.se == pytest.approx(math.sqrt(one.covariance[0, 0]))
    assert marker.n_1 + marker.n_0 == marker.n == 120
    assert marker.events_1 + marker.events_0 == marker.events == int(PATIENTS["event"].sum())
    assert marker.person_years == pytest.approx(PATIENTS["months"].sum() / 12)
    assert (marker.adjusted_for, age.adjusted_for, marker.strata) == (("age", "nodes"), ("nodes",), ("site",))
    assert (age.variable, age.scale, age.n_1) == ("age", "per_unit", None)
    assert one.flags == ("arms_mixed",)
    assert (one.ties, one.engine, one.weights, one.kind, one.focus) == ("efron", "kernel", "none", "cox", "marker")


def test_cox_breslow_and_clusters():
    """Under Breslow everybody twice is exact; clusters of copies give back the error of the patients."""

    def ask(frame, **how):
        return tr.cox(asked(frame), adjust="age", ties="breslow", **how)

    one, doubled = ask(PATIENTS), ask(twice(PATIENTS))
    assert points(doubled) == near(points(one))
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=1e-6)
    assert doubled.effect.n == 2 * one.effect.n
    robust = ask(PATIENTS.assign(who=np.arange(120).astype(str)), cluster="who")
    pairs = ask(twice(PATIENTS.assign(who=np.arange(120).astype(str))), cluster="who")
    assert points(robust) == near(points(one))
    assert errors(pairs) == pytest.approx(errors(robust), rel=1e-6)
    assert robust.effect.se_kind == pairs.effect.se_kind == "robust"
    assert robust.effect.cluster == "who"
    assert one.effect.se_kind == "model"
    weighted = ask(PATIENTS.assign(sampling_weight=3.0))
    assert points(weighted) == near(points(one))
    assert errors(weighted) == pytest.approx(errors(robust), rel=1e-6)
    assert (weighted.effect.weights, weighted.effect.ties) == ("sampling", "breslow")


def test_treatment_effect():
    """Arms exchanged turn treatment's hazard ratio; the marker's name does not touch it."""

    def ask(frame):
        return treatment_effect(asked(frame), adjust="age")

    one, arms = ask(PATIENTS), ask(arms_swapped(PATIENTS))
    assert arms.effect.log_estimate == near(-one.effect.log_estimate)
    assert arms.effect.se == near(one.effect.se)
    assert arms.effect.ci() == near((1 / one.effect.ci_high, 1 / one.effect.ci_low))
    assert (arms.effect.n_1, arms.effect.events_1) == (one.effect.n_0, one.effect.events_0)
    assert points(ask(levels_swapped(PATIENTS))) == near(points(one))
    assert points(ask(shuffled(PATIENTS))) == near(points(one))
    assert points(ask(slower(PATIENTS))) == near(points(one))
    assert points(ask(in_pieces(PATIENTS))) == near(points(one))
    assert one.effect.estimand == "treatment_effect"
    assert (one.effect.treatment_1, one.effect.treatment_0) == ("tamoxifen", "none")
    assert one.effect.contrast == "tamoxifen v none"
    assert one.effect.reversed().contrast == "none v tamoxifen"
    assert one.effect.flagged("not_randomised")
    with pytest.raises(AnalysisError, match="arm"):
        treatment_effect(asked(PATIENTS.assign(treated=True)))


def test_firth():
    """The penalised ratio turns with its profile limits; in pieces the patients are penalised as before."""

    def ask(frame):
        return tr.firth(asked(frame), adjust="age")

    one, turned, units = ask(PATIENTS), ask(levels_swapped(PATIENTS)), ask(other_units(PATIENTS))
    assert points(ask(shuffled(PATIENTS))) == near(points(one))
    assert points(ask(slower(PATIENTS))) == near(points(one))
    assert points(ask(in_pieces(PATIENTS))) == near(points(one))
    assert turned.effect.log_estimate == near(-one.effect.log_estimate)
    assert turned.effect.ci() == near((1 / one.effect.ci_high, 1 / one.effect.ci_low), 1e-5)
    assert turned.effect.p_value == near(one.effect.p_value, 1e-5)
    assert units.effect.log_estimate == near(one.effect.log_estimate)
    assert units.effects[1].log_estimate == near(one.effects[1].log_estimate / 1.2)
    plain = tr.cox(asked(PATIENTS), adjust="age")
    assert abs(one.effect.log_estimate) < abs(plain.effect.log_estimate)
    assert one.effect.log_estimate == near(plain.effect.log_estimate, 0.03)
    far = abs(
        ask(twice(PATIENTS)).effect.log_estimate - tr.cox(asked(twice(PATIENTS)), adjust="age").effect.log_estimate
    )
    assert far < abs(one.effect.log_estimate - plain.effect.log_estimate)
    assert (one.effect.model, one.effect.ci_kind, one.effect.p_kind) == ("firth", "profile", "profile")
    assert one.effect.ci_low < one.effect.estimate < one.effect.ci_high
    none = tr.firth(asked(PATIENTS.assign(event=np.where(PATIENTS["altered"], 0, PATIENTS["event"]))))
    assert math.isfinite(none.effect.log_estimate)
    assert none.effect.estimate < 1
    assert none.effect.events_1 == 0


def test_fine_gray():
    """The subdistribution hazard ratio turns with the levels; pieces of follow-up are refused."""

    def ask(frame):
        return tr.fine_gray(asked(frame, competing=True), adjust="age")

    one, turned, units, doubled = (
        ask(change(COMPETING)) for change in (lambda x: x, levels_swapped, other_units, twice)
    )
    other = ask(shuffled(COMPETING))
    assert points(other) == near(points(one))
    assert errors(other) == near(errors(one))
    assert points(ask(slower(COMPETING))) == near(points(one))
    assert turned.effect.log_estimate == near(-one.effect.log_estimate)
    assert turned.effects[1].log_estimate == near(one.effects[1].log_estimate)
    assert turned.effect.se == near(one.effect.se)
    assert units.effects[1].log_estimate == near(one.effects[1].log_estimate / 1.2)
    assert points(doubled) == near(points(one))
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=1e-6)
    assert (one.effect.measure, one.effect.model, one.effect.ties) == ("sHR", "fine_gray", "breslow")
    assert one.effect.se_kind == "robust"
    assert one.effect.events == int((COMPETING["event"] == 1).sum())
    as_events = COMPETING.assign(event=np.where(COMPETING["event"] == 2, 0, COMPETING["event"]))
    cause = tr.cox(asked(as_events, competing=True), adjust="age", ties="breslow")
    assert cause.effect.log_estimate != near(one.effect.log_estimate, 1e-3)
    with pytest.raises(AnalysisError, match=r"does not take delayed entry\. Use cox for the cause-specific hazard\."):
        ask(in_pieces(COMPETING))
    with pytest.raises(AnalysisError, match="OS"):
        tr.fine_gray(asked(PATIENTS))


@pytest.mark.parametrize("distribution", ["weibull", "loglogistic"])
def test_parametric(distribution):
    """Slower time moves the intercept alone, by its log; everybody twice is twice the log likelihood."""

    def ask(frame):
        return tr.parametric(asked(frame), distribution=distribution, adjust="age")

    one, slow, units, turned, doubled = (
        ask(change(PATIENTS)) for change in (lambda x: x, slower, other_units, levels_swapped, twice)
    )
    assert points(ask(shuffled(PATIENTS))) == near(points(one), 1e-5)
    assert points(slow) == near(points(one), 1e-5)
    assert slow.coefficients[0] == near(one.coefficients[0] + math.log(2), 1e-5)
    assert slow.coefficients[1:] == near(one.coefficients[1:], 1e-5)
    assert slow.loglik == near(one.loglik - one.effect.events * math.log(2), 1e-5)
    assert units.effect.log_estimate == near(one.effect.log_estimate, 1e-5)
    assert units.loglik == near(one.loglik, 1e-5)
    assert turned.effect.log_estimate == near(-one.effect.log_estimate, 1e-5)
    assert turned.loglik == near(one.loglik, 1e-5)
    assert points(doubled) == near(points(one), 1e-5)
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=1e-4)
    assert doubled.loglik == near(2 * one.loglik, 1e-4)
    measures = {row.measure for row in one.effects}
    assert "TR" in measures
    assert ("HR" in measures) == (distribution == "weibull")
    assert (one.distribution, one.knots, one.sparse, one.focus) == (distribution, (), (), "marker")
    assert one.effect.model == distribution
    ratio = next(row for row in one.effects if row.measure == "TR")
    assert ratio.log_estimate == pytest.approx(one.coefficients[1])
    assert (ratio.estimate > 1) == (tr.cox(asked(PATIENTS), adjust="age").effect.estimate < 1)


def test_time_split():
    """Each period's ratio turns; a cut where follow-up is cut already changes nothing."""

    def ask(frame, cut=24.0):
        return tr.time_split(asked(frame), adjust="age", cuts=cut)

    one = ask(PATIENTS)
    assert points(ask(shuffled(PATIENTS))) == near(points(one), 1e-5)
    assert points(ask(slower(PATIENTS), 48.0)) == near(points(one), 1e-5)
    assert points(ask(in_pieces(PATIENTS))) == near(points(one), 1e-5)
    assert points(ask(other_units(PATIENTS))) == near(points(one), 1e-5)
    turned = ask(levels_swapped(PATIENTS))
    assert points(turned) == near([-each for each in points(one)], 1e-5)
    assert turned.statistic == near(one.statistic, 1e-5)
    doubled = ask(twice(PATIENTS))
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)
    assert [row.n for row in one.effects] == [120, int((PATIENTS["months"] > 24).sum())]
    assert sum(row.events for row in one.effects) == int(PATIENTS["event"].sum())
    assert one.effects[0].person_years + one.effects[1].person_years == pytest.approx(PATIENTS["months"].sum() / 12)
    assert [(row.from_months, row.to_months) for row in one.effects] == [(0.0, 24.0), (24.0, None)]
    assert (one.df, one.effects[0].model) == (1, "cox_by_period")
    early = asked(PATIENTS).until(24)
    assert one.effects[0].events == early.events
    assert tr.cox(early).effect.log_estimate == near(
        tr.time_split(asked(PATIENTS), cuts=24).effects[0].log_estimate, 1e-5
    )
    with pytest.raises(AnalysisError, match="months above 0 that increase"):
        ask(PATIENTS, [24.0, 12.0])
    with pytest.raises(AnalysisError, match="no period"):
        ask(PATIENTS.assign(event=np.where(PATIENTS["altered"], 0, PATIENTS["event"])))


def test_time_varying():
    """The curve of the hazard ratio turns with the levels, and stretches with time."""

    def ask(frame, at=(12, 24)):
        return tr.time_varying(asked(frame), adjust="age", times=at)

    one, slow, turned = ask(PATIENTS), ask(slower(PATIENTS), (24, 48)), ask(levels_swapped(PATIENTS))
    curve = one.curve([12, 24])
    assert ask(shuffled(PATIENTS)).coefficients == near(one.coefficients, 1e-5)
    assert slow.statistic == near(one.statistic, 1e-5)
    assert slow.knots == pytest.approx(tuple(2 * each for each in one.knots))
    assert slow.span == tuple(2 * each for each in one.span)
    assert slow.curve([24, 48]).iloc[:, 1:].to_numpy() == near(curve.iloc[:, 1:].to_numpy(), 1e-4)
    assert turned.coefficients == near(-one.coefficients, 1e-5)
    assert turned.covariance == near(one.covariance, 1e-4)
    assert turned.constant_p == near(one.constant_p, 1e-5)
    assert ask(in_pieces(PATIENTS)).coefficients == near(one.coefficients, 1e-5)
    assert ask(other_units(PATIENTS)).statistic == near(one.statistic, 1e-5)
    assert one.constant.log_estimate == near(tr.cox(asked(PATIENTS), adjust="age").effect.log_estimate)
    assert one.effects == [one.constant]
    assert (one.times, one.df, len(one.knots)) == ((12.0, 24.0), 2, 3)
    assert one.span == (float(PATIENTS.loc[PATIENTS["event"] == 1, "months"].min()), 142.0)
    assert curve["months"].tolist() == [12, 24]
    assert (curve["ci_low"] < curve["hazard_ratio"]).all()
    assert (curve["hazard_ratio"] < curve["ci_high"]).all()
    assert np.exp(curve["log_hazard_ratio"]).to_numpy() == pytest.approx(curve["hazard_ratio"].to_numpy())
    with pytest.raises(AnalysisError, match="month"):
        one.curve(400)


def test_proportional():
    """The test of proportional hazards knows neither the unit of a covariate nor which level is which."""

    def ask(frame, **how):
        return tr.proportional_test(tr.cox(asked(frame), adjust="age"), **how)

    one = ask(PATIENTS)
    chi = one.terms["chisq"].to_numpy()
    assert one.terms["term"].tolist() == ["marker", "age", "GLOBAL"]
    assert one.terms["df"].tolist() == [1, 1, 2]
    for change in (shuffled, slower, other_units, levels_swapped, arms_swapped, in_pieces):
        assert ask(change(PATIENTS)).terms["chisq"].to_numpy() == near(chi, 1e-5), change.__name__
    assert ask(twice(PATIENTS)).terms["chisq"].to_numpy() == pytest.approx(2 * chi, rel=0.25)
    for transform in ("rank", "identity", "log"):
        other = ask(PATIENTS, transform=transform)
        assert other.transform == transform
        assert ask(slower(PATIENTS), transform=transform).terms["chisq"].to_numpy() == near(
            other.terms["chisq"].to_numpy(), 1e-5
        ), transform
    assert one.p_value() == one.terms["p_value"].iloc[-1]
    assert one.p_value("age") == one.terms["p_value"].iloc[1]
    residuals = tr.scaled_schoenfeld(tr.cox(asked(PATIENTS), adjust="age"))
    back = tr.scaled_schoenfeld(tr.cox(asked(levels_swapped(PATIENTS)), adjust="age"))
    events = int(PATIENTS["event"].sum())
    assert len(residuals) % events == 0
    assert set(residuals.columns) == set(back.columns)
    assert len(back) == len(residuals)


def test_spline():
    """The curve is that of the value in whatever unit; its straight line is per standard deviation."""

    def ask(frame):
        return tr.spline(asked(frame), "age", adjust="nodes", knots=3)

    one, units = ask(PATIENTS), ask(other_units(PATIENTS))
    assert units.knots == pytest.approx([1.2 * each - 10 for each in one.knots])
    assert units.reference == pytest.approx(1.2 * one.reference - 10)
    assert units.p_value == near(one.p_value, 1e-5)
    assert units.nonlinear_p == near(one.nonlinear_p, 1e-5)
    assert units.linear.log_estimate == near(one.linear.log_estimate)  # per standard deviation
    assert units.linear.se == near(one.linear.se)
    for change in (shuffled, slower, levels_swapped, arms_swapped):
        other = ask(change(PATIENTS))
        assert other.nonlinear_statistic == near(one.nonlinear_statistic, 1e-5), change.__name__
        assert points(other) == near(points(one)), change.__name__
        assert other.knots == pytest.approx(one.knots), change.__name__
    values = [50.0, 60.0, 70.0]
    assert units.curve([1.2 * each - 10 for each in values])["hr"].to_numpy() == pytest.approx(
        one.curve(values)["hr"].to_numpy(), rel=1e-5
    )
    assert one.curve([one.reference])["hr"].iloc[0] == pytest.approx(1.0)
    assert (one.column, one.nonlinear_df, one.linear.variable, one.linear.scale) == ("age", 1, "age", "per_sd")
    assert float(one.linear.scale_unit) == pytest.approx(float(PATIENTS["age"].std()), abs=0.01)
    straight = tr.cox(asked(PATIENTS, marker=False), adjust=["age", "nodes"]).effects
    assert one.linear.adjusted_for == ("nodes",)
    assert len(straight) == 3
    with pytest.raises(QuestionError, match="site"):
        tr.spline(asked(PATIENTS), "site")


def test_treatment_curve():
    """The curve of treatment's hazard ratio turns with the arms, and is that of the value in whatever unit."""

    def ask(frame, **how):
        return tr.treatment_curve(asked(frame), "age", adjust="nodes", **how)

    one, units, arms = ask(PATIENTS), ask(other_units(PATIENTS)), ask(arms_swapped(PATIENTS))
    assert points(ask(shuffled(PATIENTS))) == near(points(one), 1e-5)
    assert ask(slower(PATIENTS)).statistic == near(one.statistic, 1e-5)
    assert ask(levels_swapped(PATIENTS)).statistic == near(one.statistic, 1e-5)
    assert units.statistic == near(one.statistic, 1e-4)
    assert units.linear.log_estimate == near(one.linear.log_estimate, 1e-5)
    assert units.parameters == pytest.approx([1.2 * each - 10 for each in one.parameters])
    assert arms.linear.log_estimate == near(-one.linear.log_estimate, 1e-5)
    assert arms.p_value == near(one.p_value, 1e-5)
    values = [50.0, 60.0]
    assert arms.curve(values)["hr"].to_numpy() == pytest.approx(1 / one.curve(values)["hr"].to_numpy(), rel=1e-4)
    assert one.values == pytest.approx(PATIENTS["age"])
    assert (one.shape, one.df, one.column, len(one.parameters)) == ("spline", 3, "age", 4)
    assert (one.linear.estimand, one.linear.scale, one.linear.p_kind) == ("interaction", "per_sd", "lrt")
    line = ask(PATIENTS, shape="linear")
    assert (line.df, line.parameters) == (1, ())
    assert line.p_value == near(one.linear.p_value)
    assert line.linear.log_estimate == near(one.linear.log_estimate)
    assert line.statistic <= one.statistic + 1e-6
    with pytest.raises(AnalysisError, match="one arm here"):
        ask(PATIENTS.assign(treated=True))
    with pytest.raises(QuestionError, match="site holds levels; a curve needs a number"):
        tr.treatment_curve(asked(PATIENTS), "site")


def test_stepp():
    """Each window's log hazard ratio turns with the arms; windows are those of the value in whatever unit."""
    how = {"size": 60, "overlap": 30, "permutations": 20}

    def ask(frame):
        return tr.stepp(asked(frame, marker=False), "age", **how)

    one, units, arms, mixed = (ask(change(PATIENTS)) for change in (lambda x: x, other_units, arms_swapped, shuffled))
    assert mixed.log_hr == near(one.log_hr, CLOSED)
    assert mixed.se == near(one.se, CLOSED)
    assert mixed.edges == near(one.edges, CLOSED)
    assert mixed.patients == one.patients
    slow = ask(slower(PATIENTS))
    assert slow.log_hr == near(one.log_hr, CLOSED)
    assert (slow.statistic, slow.p_value) == near((one.statistic, one.p_value), CLOSED)
    assert units.log_hr == near(one.log_hr, CLOSED)
    assert units.edges == near(1.2 * one.edges - 10, 1e-6)
    assert units.middle == near(1.2 * one.middle - 10, 1e-6)
    assert (units.statistic, units.p_value) == near((one.statistic, one.p_value), CLOSED)
    assert arms.log_hr == near(-one.log_hr, CLOSED)
    assert arms.overall == near(-one.overall, CLOSED)
    assert arms.se == near(one.se, CLOSED)
    assert (ask(PATIENTS).statistic, ask(PATIENTS).p_value) == (one.statistic, one.p_value)  # the same seed
    assert min(one.patients) >= 60
    assert (one.edges[:, 0] <= one.middle).all()
    assert (one.middle <= one.edges[:, 1]).all()
    assert 1 / 21 <= one.p_value <= 1
    assert one.permutations == 20
    oldest = PATIENTS[PATIENTS["age"].between(*one.edges[-1])]
    alone = tr.logrank(asked(oldest, marker=False), by="treatment").sums
    excess = (alone.observed - alone.expected)[1] / alone.variance[1, 1]
    assert one.log_hr[-1] == near(excess, CLOSED)
    assert one.se[-1] == near(1 / math.sqrt(alone.variance[1, 1]), CLOSED)
    with pytest.raises(AnalysisError, match="no delayed entry"):
        ask(in_pieces(PATIENTS))
    with pytest.raises(AnalysisError, match=r"make one window of 200\. Use smaller windows\."):
        tr.stepp(asked(PATIENTS, marker=False), "age", size=200, overlap=30)


def test_cuts():
    """A cut at the median is the same patients in whatever unit; a searched one lies where it lay."""
    one, units = (tr.dichotomise(asked(change(PATIENTS)), "age") for change in (lambda x: x, other_units))
    assert (one.frame["marker"] == units.frame["marker"]).all()
    assert (one.marker, one.cut) == ("AGE", units.cut)
    assert int((one.frame["marker"] == "altered").sum()) == int((PATIENTS["age"] > PATIENTS["age"].median()).sum())
    assert tr.cox(one).effect.log_estimate == near(tr.cox(units).effect.log_estimate, CLOSED)
    at = tr.dichotomise(asked(PATIENTS), "age", at=60.0)
    assert int((at.frame["marker"] == "altered").sum()) == int((PATIENTS["age"] > 60).sum())
    low = tr.cox(tr.dichotomise(asked(PATIENTS.assign(age=120 - PATIENTS["age"])), "age", at=60.5))
    high = tr.cox(tr.dichotomise(asked(PATIENTS), "age", at=59.5))
    assert low.effect.log_estimate == near(-high.effect.log_estimate)
    found, moved, slow = (
        tr.fitted_cut(asked(change(PATIENTS)), "age", m=2) for change in (lambda x: x, other_units, slower)
    )
    assert moved.cut == pytest.approx(1.2 * found.cut - 10)
    assert moved.statistic == near(found.statistic, CLOSED)
    assert moved.corrected.log_estimate == near(found.corrected.log_estimate)
    assert slow.cut == found.cut
    assert (slow.p_value, slow.optimism) == near((found.p_value, found.optimism))
    assert found.apparent.log_estimate == near(found.corrected.log_estimate + found.optimism)
    assert found.p_value >= found.p_naive
    assert found.corrected.p_value == found.p_value
    assert found.corrected.flagged("fitted_cut")
    mixed = tr.fitted_cut(asked(shuffled(PATIENTS)), "age", m=2)
    assert (mixed.cut, mixed.statistic) == near((found.cut, found.statistic), CLOSED)
    assert mixed.apparent.log_estimate == near(found.apparent.log_estimate)
    with pytest.raises(AnalysisError, match=r"does not take delayed entry\. Use a published cut, or a spline\."):
        tr.fitted_cut(asked(in_pieces(PATIENTS)), "age", m=2)


def test_landmark():
    """Who came to a landmark, and what happened after it, is the same in another unit of time and order."""

    def ask(frame, at=12.0):
        return tr.landmark(asked(frame), at=at)

    one, slow = ask(PATIENTS), ask(slower(PATIENTS), 24.0)
    stays = PATIENTS["months"] > 12
    assert (one.n, one.events) == (int(stays.sum()), int(PATIENTS.loc[stays, "event"].sum()))
    assert one.frame["months"].to_numpy() == near(PATIENTS.loc[stays, "months"].to_numpy() - 12, CLOSED)
    assert slow.frame["months"].to_numpy() == near(2 * one.frame["months"].to_numpy(), CLOSED)
    assert (one.landmark, slow.landmark, one.exposure) == (12.0, 24.0, "landmark")
    assert one.flow.steps[-1].patients == one.n
    assert "follow-up ended by then" in one.flow.steps[-1].why
    assert ask(shuffled(PATIENTS)).events == one.events
    fits = [tr.cox(ask(change(PATIENTS))).effect for change in (lambda x: x, shuffled, in_pieces, levels_swapped)]
    assert fits[1].log_estimate == near(fits[0].log_estimate)
    assert fits[3].log_estimate == near(-fits[0].log_estimate)
    late = tr.cox(asked(PATIENTS[stays].assign(entry=12.0))).effect
    assert fits[0].log_estimate == near(late.log_estimate)
    assert fits[2].log_estimate == near(fits[0].log_estimate)
    assert fits[2].events == fits[0].events
    assert "survivors_of_landmark" in one.flags
    with pytest.raises(AnalysisError, match=r"^A landmark is a number of months above 0; found -3"):
        ask(PATIENTS, -3)
    with pytest.raises(
        AnalysisError, match=r"^No event is left after 500 months: 0 of 120 patients .* Choose an earlier"
    ):
        ask(PATIENTS, 500)


def test_age_scale():
    """On the age scale the risk sets are of one age: order and pieces change nothing, levels turn."""

    def ask(frame):
        return tr.cox(tr.age_scale(asked(frame)), adjust="nodes")

    one = ask(PATIENTS)
    moved = tr.age_scale(asked(PATIENTS)).frame
    assert moved["entry"].to_numpy() == near(12 * PATIENTS["age"].to_numpy(), 1e-6)
    assert (moved["months"] - moved["entry"]).to_numpy() == near(PATIENTS["months"].to_numpy(), 1e-6)
    assert points(ask(shuffled(PATIENTS))) == near(points(one))
    assert points(ask(levels_swapped(PATIENTS)))[0] == near(-points(one)[0])
    assert points(ask(in_pieces(PATIENTS))) == near(points(one))
    older = ask(PATIENTS.assign(age=PATIENTS["age"] + 3))
    assert points(older) == near(points(one))
    assert one.flags == ("age_as_time", "arms_mixed")
    assert one.effect.person_years == pytest.approx(PATIENTS["months"].sum() / 12)
    assert one.effect.events == int(PATIENTS["event"].sum())
    assert one.effect.log_estimate != near(tr.cox(asked(PATIENTS), adjust="nodes").effect.log_estimate, 1e-3)
    assert errors(ask(twice(PATIENTS))) == pytest.approx([ROOT * each for each in errors(one)], rel=0.02)


def test_cure():
    """The plateau's model: arms exchanged turn both rows, copies shrink the errors, time stretches the knots."""
    whole = Cured(150, 1).analysis.frame

    def ask(months=1.0, arms=False, copies=1, order=1):
        frame = whole.iloc[::order]
        treated = (frame["treatment"] == "treated").to_numpy() != arms
        made = people(len(frame)).assign(
            months=frame["months"].to_numpy() * months, event=frame["event"].to_numpy(), treated=treated
        )
        for _ in range(copies - 1):
            made = twice(made)
        return tr.cure(asked(made, marker=False))

    one, slow, arms, doubled, back = ask(), ask(months=2.0), ask(arms=True), ask(copies=2), ask(order=-1)
    assert points(back) == near(points(one), 1e-5)
    assert back.loglik == near(one.loglik, 1e-5)
    assert points(slow) == near(points(one), 1e-5)
    assert slow.knots == pytest.approx([2 * each for each in one.knots])
    assert slow.cured["share"].to_numpy() == near(one.cured["share"].to_numpy(), 1e-5)
    assert slow.follow_up_p == near(one.follow_up_p, 1e-9)
    assert points(arms) == near([-each for each in points(one)], 1e-5)
    assert arms.cured["share"].to_numpy() == near(one.cured["share"].to_numpy()[::-1], 1e-5)
    assert points(doubled) == near(points(one), 1e-4)
    assert errors(doubled) == pytest.approx([ROOT * each for each in errors(one)], rel=1e-3)
    assert doubled.loglik == pytest.approx(2 * one.loglik, rel=1e-4)  # knots stand at quantiles of twice as many
    assert one.cured["group"].tolist() == ["untreated", "treated"]
    assert one.cured["n"].sum() == one.effect.n == 150
    assert one.cured["events"].sum() == one.effect.events
    assert one.effects[1].difference == near(float(np.diff(one.cured["share"])[0]), CLOSED)
    assert one.cured["share"].between(one.cured["ci_low"], one.cured["ci_high"]).all()
    assert [row.measure for row in one.effects] == ["HR", "RD"]
    assert one.flags == ("not_randomised", "plateau_assumed", "not_for_decisions")


def test_case_cohort():
    """A sample of cases and subcohort: order does not count, the marker's ratio turns, a covariate is per its unit."""
    drawn = case_cohort_sample(500, tr.Truth(scale=200.0), 3)
    one = tr.case_cohort(drawn, adjust="age")
    mixed = tr.case_cohort(replace(drawn, frame=drawn.frame.sample(frac=1, random_state=2)), adjust="age")
    assert points(mixed) == near(points(one))
    assert errors(mixed) == near(errors(one))
    slow = drawn.frame.assign(months=2 * drawn.frame["months"])
    assert points(tr.case_cohort(replace(drawn, frame=slow), adjust="age")) == near(points(one), 1e-5)
    units = tr.case_cohort(replace(drawn, frame=drawn.frame.assign(age=drawn.frame["age"] / 2)), adjust="age")
    assert units.effect.log_estimate == near(one.effect.log_estimate)
    assert units.effects[1].log_estimate == near(2 * one.effects[1].log_estimate)
    swapped = drawn.frame["marker"].map({"altered": "unaltered", "unaltered": "altered"})
    turned = drawn.frame.assign(marker=pd.Categorical(swapped, ["unaltered", "altered"]))
    back = tr.case_cohort(replace(drawn, frame=turned), adjust="age")
    assert back.effect.log_estimate == near(-one.effect.log_estimate)
    assert back.effect.se == near(one.effect.se)
    assert (back.effect.n_1, back.effect.events_1) == (one.effect.n_0, one.effect.events_0)
    assert one.cases == one.effect.events
    assert one.subcohort + one.outside == one.effect.n
    assert one.fraction == pytest.approx(one.subcohort / 500)
    for method in ("self_prentice", "lin_ying", "barlow"):
        other = tr.case_cohort(drawn, adjust="age", method=method)
        assert other.method == method
        assert other.effect.log_estimate == near(one.effect.log_estimate, 0.3)
        assert other.effect.model == f"case_cohort_{method}"
    assert "case_cohort" in one.flags


def test_no_hazard_ratio_without_its_patients():
    """No event, one level, an unknown column: each estimator refuses with one sentence."""
    still, alone = asked(PATIENTS.assign(event=0)), asked(PATIENTS.assign(altered=True))
    for ask in (tr.cox, tr.firth, tr.time_split, tr.time_varying, tr.parametric):
        with pytest.raises(AnalysisError, match="event"):
            ask(still)
        with pytest.raises(AnalysisError, match=r"one (group|level)|only|altered"):
            ask(alone)
        with pytest.raises(QuestionError, match=r"height.*(age|columns|known)"):
            ask(asked(PATIENTS), adjust="height")
