"""Standardised and augmented risks and means, by treatment and marker, against riskRegression::ate and arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers

from tamoxres.analysis import AnalysisSet
from tamoxres.calibrate import calibration
from tamoxres.cli import main
from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError
from tamoxres.inference.nnt import number_needed_to_treat
from tamoxres.models.absolute import absolute_effects
from tamoxres.models.augmented import Nuisance, augmented_ipw

ITERATED = 1e-7  # risks from coefficients that both iterate to the end
R = answers("absolute")
DATA = pd.read_csv(REFERENCE / "absolute" / "absolute.csv")
OUTCOME = ("m", "treatment:m", "age", "node")
PROPENSITY = ("m", "age", "node", "m:age", "m:node")
ALL = {"adjust": (), "nuisance": Nuisance(outcome=OUTCOME, propensity=PROPENSITY, censoring=OUTCOME)}


def made(*, marker: bool = False, competing: bool = True) -> AnalysisSet:
    """The reference's patients; the marker as such, or as a covariate `m`."""
    d = DATA
    event = d.event if competing else (d.event > 0).astype(int)
    return analysis_of(
        d.time, event.to_numpy(), marker=(d.marker == 1).tolist() if marker else None, competing=competing, age=d.age,
        node=d.node.astype(float), m=d.marker.astype(float), endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy(),
    )  # fmt: skip


def risks(found, name="estimate"):
    """Risks by time and arm."""
    own = found.means[found.means["quantity"] == "risk"]
    return own[name].to_numpy().reshape(-1, 2)


@pytest.mark.parametrize("competing", [True, False])
def test_standardised_risks_and_their_influence(competing):
    """Risks, their standard errors and that of the difference are ate's GFORMULA, with and without competing deaths."""
    expected = R["competing" if competing else "one_cause"]["GFORMULA"]
    found = absolute_effects(made(competing=competing), adjust=OUTCOME, times=R["times"])
    assert risks(found) == pytest.approx(np.array(expected["estimate"]), rel=ITERATED)
    assert risks(found, "se") == pytest.approx(np.array(expected["se"]), rel=ITERATED)
    se = [row.se for row in found.effects if row.measure == "RD"]
    assert se == pytest.approx(expected["rd_se"], rel=ITERATED)


@pytest.mark.parametrize("competing", [True, False])
def test_augmented_risks(competing):
    """Risks, standard errors and the difference are ate's AIPTW (known nuisance), with and without competing deaths."""
    expected = R["competing" if competing else "one_cause"]["AIPTW"]
    found = augmented_ipw(made(competing=competing), times=R["times"], **ALL)
    assert risks(found) == pytest.approx(np.array(expected["estimate"]), rel=ITERATED)
    assert risks(found, "se") == pytest.approx(np.array(expected["se"]), rel=ITERATED)
    assert [row.se for row in found.effects if row.measure == "RD"] == pytest.approx(expected["rd_se"], rel=ITERATED)


def test_augmented_risks_by_marker():
    """The levels' risk differences are the means of ate's pseudo-outcomes; the interaction is their difference."""
    expected = R["competing"]["AIPTW"]["level"]
    found = augmented_ipw(made(marker=True), adjust=["age", "node"], times=R["times"])
    for i, (time, rows) in enumerate(zip(R["times"], (found.effects[:3], found.effects[6:9]), strict=True)):
        both, unaltered, altered = rows
        assert {row.to_months for row in rows} == {time}
        for row, level in ((unaltered, expected[0]), (altered, expected[1])):
            assert row.difference == pytest.approx(level["rd"][i], rel=ITERATED)
            assert row.se == pytest.approx(level["se"][i], rel=ITERATED)
        assert both.difference == pytest.approx(altered.difference - unaltered.difference, rel=1e-12)
        assert both.se == pytest.approx(np.hypot(altered.se, unaltered.se), rel=1e-12)  # no patient is in both levels
        assert (both.estimand, both.measure, altered.marker_level) == ("interaction", "RD", "altered")
    assert set(found.balance["marker"]) == {"unaltered", "altered"}
    assert found.balance["smd_after"].abs().max() < 0.1


def test_products_with_treatment_and_marker():
    """Products in adjust go into the outcome; the propensity takes none with treatment and no product twice."""
    analysis = made(marker=True)
    more = augmented_ipw(analysis, adjust=["age", "node", "treatment:age", "marker:age"], times=60)
    plain = augmented_ipw(analysis, adjust=["age", "node"], times=60)
    assert more.effect.difference == pytest.approx(plain.effect.difference, abs=0.02)
    assert more.effect.difference != plain.effect.difference
    assert absolute_effects(analysis, adjust=["age", "marker:age"], times=60).effect.adjusted_for == (
        "age",
        "marker:age",
    )


def test_nobody_has_an_event():
    """Without an event by the horizon there is no difference to estimate, and the row says so."""
    months, event = [10.0, 20.0, 80.0, 80.0, 15.0, 90.0, 90.0, 85.0], [0, 0, 1, 1, 0, 1, 0, 1]
    row = absolute_effects(analysis_of(months, event, endocrine=["no", "yes"] * 4), times=60).effect
    assert (row.status, "no_events_by_horizon" in row.flags) == ("not_estimable", True)


def test_by_hand():
    """Nobody censored, no covariates: augmented weighting gives the shares dead and the months lived of each arm."""
    months, event = [10.0, 20.0, 30.0, 50.0, 12.0, 50.0, 50.0, 50.0], [1, 1, 1, 0, 1, 0, 0, 0]
    arm = ["no"] * 4 + ["yes"] * 4
    found = augmented_ipw(analysis_of(months, event, endocrine=arm), times=45)
    risk, lost = found.means["estimate"][:2].tolist(), found.means["estimate"][2:].tolist()
    assert risk == pytest.approx([0.75, 0.25], abs=1e-9)
    assert lost == pytest.approx([(10 + 20 + 30 + 45) / 4, (12 + 3 * 45) / 4], abs=1e-9)
    assert [row.measure for row in found.effects] == ["RD", "RMSTD"]


def test_influence_is_the_jackknife():
    """Leaving out one patient at a time gives the standard errors of risks, time lost, differences and interactions."""
    few = DATA.iloc[:100]
    half = analysis_of(
        few.time, few.event.to_numpy(), marker=(few.marker == 1).tolist(), competing=True, age=few.age,
        endocrine=few.treated.map({1: "yes", 0: "no"}).to_numpy(),
    )  # fmt: skip
    whole = absolute_effects(half, adjust="age", times=60)
    left = []
    for i in range(half.n):
        part = half.without(np.arange(half.n) != i, name="all but one", why="one")
        left.append([row.difference for row in absolute_effects(part, adjust="age", times=60).effects])
    away = np.array(left) - np.mean(left, axis=0)
    jackknife = np.sqrt((half.n - 1) / half.n * (away**2).sum(axis=0))
    assert [row.se for row in whole.effects] == pytest.approx(jackknife.tolist(), rel=0.12)  # O(1/n)


def test_bootstrap_draws_everything_together():
    """Its standard errors lie near the influence function's, and the same seed gives the same rows."""
    analysis = made(marker=True)
    plain = absolute_effects(analysis, adjust="age", times=60)
    drawn = absolute_effects(analysis, adjust="age", times=60, m=100, seed=3)
    again = absolute_effects(analysis, adjust="age", times=60, m=100, seed=3)
    assert [r.row_id for r in drawn.effects] == [r.row_id for r in again.effects]
    for one, other in zip(plain.effects, drawn.effects, strict=True):
        assert one.difference == pytest.approx(other.difference, rel=1e-12)
        assert one.se == pytest.approx(other.se, rel=0.25)
        assert (one.se_kind, other.se_kind) == ("robust", "bootstrap")
    assert drawn.resamples == 100


@pytest.mark.parametrize("wrong", ["outcome", "treatment and censoring", "both"])
def test_doubly_robust(wrong):
    """Over 40 data sets confounded by a prognosis the bias vanishes unless both kinds of model leave it out."""
    points = []
    for seed in range(40):
        draw = np.random.default_rng(seed)
        n = 500
        z = draw.uniform(-1.7, 1.7, n)
        arm = draw.random(n) < 1 / (1 + np.exp(-0.6 * z))
        months = draw.exponential(60 * np.exp(-z))  # treatment does nothing
        end = draw.exponential(150 * np.exp(-0.3 * z))
        time, event = np.minimum(months, end), (months <= end).astype(int)
        chosen = {
            "outcome": Nuisance(outcome=()), "treatment and censoring": Nuisance(propensity=(), censoring=()),
            "both": Nuisance(outcome=(), propensity=(), censoring=()),
        }[wrong]  # fmt: skip
        data = analysis_of(time, event, z=z, endocrine=np.where(arm, "yes", "no"))
        points.append(augmented_ipw(data, adjust="z", times=40, nuisance=chosen).effect.difference)
    bias, error = np.mean(points), np.std(points, ddof=1) / np.sqrt(len(points))
    assert (abs(bias) > 0.08) if wrong == "both" else (abs(bias) < 3 * error), (bias, error)


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda: augmented_ipw(made().without(DATA.treated.to_numpy() == 1, name="a", why="b")), "one arm"),
        (lambda: absolute_effects(made(), times=900), "beyond the follow-up"),
        (lambda: absolute_effects(analysis_of([5.0, 6, 7], [1, 1, 0], entry=[0, 2, 0], endocrine=["yes", "no", "no"]),
                                  times=5), "delayed entry"),
    ],
)  # fmt: skip
def test_refusals(ask, what):
    """What it cannot estimate it refuses in one sentence."""
    with pytest.raises(AnalysisError, match=what):
        ask()


def rd(difference, se, **fields):
    """A row of a risk difference of treatment."""
    row = {"study": "a", "measure": "RD", "estimand": "treatment_effect", "difference": difference, "se": se}
    return EffectEstimate(**(row | fields))


def test_number_needed_through_infinity():
    """Altman's form: benefit, through infinity to harm, where the interval of the risk difference holds 0."""
    found = number_needed_to_treat(rd(-0.1, 0.02))
    assert found.estimate == pytest.approx(10, rel=1e-12)
    assert (found.ci_low, found.ci_high) == pytest.approx((1 / 0.13919927969, 1 / 0.06080072031), rel=1e-8)
    assert not found.through_infinity
    crossing = number_needed_to_treat(rd(-0.05, 0.04))
    assert crossing.through_infinity
    assert str(crossing) == "NNTB 20 (NNTB 7.8 to infinity to NNTH 35)"
    assert str(number_needed_to_treat(rd(0.05, 0.01))) == "NNTH 20 (NNTH 33 to NNTH 14)"
    assert "infinity" in str(number_needed_to_treat(rd(0.0, 0.01)))


@pytest.mark.parametrize(
    ("row", "choices", "what"),
    [
        (
            rd(-0.1, 0.1, marker="M", marker_level="altered", design="observational"),
            {"certainty": "high"},
            "randomised",
        ),
        (rd(-0.1, 0.1, marker="M", marker_level="altered", design="randomised"), {}, "certainty not told"),
        (rd(-0.1, 0.1, marker="M", marker_level="altered", design="randomised"), {"certainty": "low"}, "moderate"),
        (rd(-0.1, 0.1, estimand="interaction"), {}, "treated less untreated"),
        (rd(-0.1, 0.1, measure="RMSTD"), {}, "RMSTD"),
    ],
)
def test_number_needed_by_marker_is_guarded(row, choices, what):
    """By marker only where treatment was randomised and a modification is at least moderately certain."""
    with pytest.raises(AnalysisError, match=what):
        number_needed_to_treat(row, **choices)
    whole = rd(-0.1, 0.1, marker="M", marker_level="altered", design="randomised")
    assert number_needed_to_treat(whole, certainty="moderate").estimate == pytest.approx(10)


def test_command_line(capsys):
    """The command prints what the function gives, with the caution under it."""
    words = "absolute metabric --marker HER2 --endpoint BCSS --adjust age --times 60 --method augmented_ipw"
    with pytest.raises(SystemExit) as done:
        main(words.split())
    assert not done.value.code
    shown = capsys.readouterr().out
    assert "less unaltered" in shown
    assert "withhold, change or stop" in " ".join(shown.split())


def test_scenario():
    """On simulated patients whose treatment was chosen by prognosis the estimates lie about the truth."""
    found = calibration(2, scenarios=["absolute effects"], jobs=1)
    for row in found.rows:
        assert row.failed == 0, row.estimator
        assert abs(row.bias) < 6 * row.bias_error + 0.02, row.estimator
