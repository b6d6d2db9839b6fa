"""Screens, levels, panels, predictions and weights for who was assayed: order, units, arms and levels exchanged."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from people import (
    CLOSED,
    COMPETING,
    PATIENTS,
    arms_swapped,
    asked,
    in_pieces,
    levels_swapped,
    other_units,
    shuffled,
    slower,
    twice,
)
from people import near as strictly_near
from test_assayed import BOTH, known_where
from test_predict import deaths
from test_robustness import made, selected

import tamoxres as tr
from tamoxres.errors import AnalysisError, QuestionError

near = partial(strictly_near, nan_ok=True)  # curves and screens have places without a value
GENES = np.random.default_rng(5).normal(8, 1.5, (120, 12))


def screened(frame=PATIENTS, genes=GENES, order=None, **how):
    """Screen twelve made-up genes of the patients, two of them correlated."""
    analysis = asked(frame, marker=False)
    names = [f"G{i:02d}" for i in range(genes.shape[1])]
    table = pd.DataFrame(genes, index=analysis.frame.index, columns=names)
    table = table if order is None else table[[names[i] for i in order]].iloc[::-1]
    return tr.screen(analysis, table, adjust=["age"], options=tr.ScreenOptions(jobs=1), **how)


@cache
def whole():
    return screened()


def test_screen():
    """Rows of the table follow their gene; a gene in another unit or from another zero is the same gene per SD."""
    one = whole().table.set_index("gene")
    mixed = screened(order=[3, 1, 0, 11, 7, 5, 2, 4, 10, 8, 6, 9]).table.set_index("gene").loc[one.index]
    moved, stretched, turned = (screened(genes=genes).table for genes in (GENES + 100, 3 * GENES, -GENES))
    arms, slow, units = (screened(change(PATIENTS)).table for change in (arms_swapped, slower, other_units))
    for name in ("log_hr", "se", "p", "q", "lrt_p", "log_hr_treated", "sd"):
        assert mixed[name].to_numpy() == near(one[name].to_numpy()), name
        assert slow[name].to_numpy() == near(one[name].to_numpy()), name
        assert units[name].to_numpy() == near(one[name].to_numpy()), name
        assert moved[name].to_numpy() == near(one[name].to_numpy(), 1e-5), name
    assert (stretched["log_hr"] * 3).to_numpy() == near(one["log_hr"].to_numpy())
    assert (stretched["sd"] / 3).to_numpy() == near(one["sd"].to_numpy())
    assert stretched["p"].to_numpy() == near(one["p"].to_numpy())
    assert turned["log_hr"].to_numpy() == near(-one["log_hr"].to_numpy())
    assert turned["log_hr_untreated"].to_numpy() == near(-one["log_hr_untreated"].to_numpy())
    assert turned["lrt"].to_numpy() == near(one["lrt"].to_numpy(), 1e-5)
    assert arms["log_hr"].to_numpy() == near(-one["log_hr"].to_numpy())
    assert arms["log_hr_treated"].to_numpy() == near(one["log_hr_untreated"].to_numpy())
    assert arms["se_untreated"].to_numpy() == near(one["se_treated"].to_numpy())
    assert (one["log_hr_treated"] - one["log_hr_untreated"]).to_numpy() == near(one["log_hr"].to_numpy())
    assert one["z"].to_numpy() == near((one["log_hr"] / one["se"]).to_numpy(), CLOSED)
    assert (one["q"] >= one["p"]).all()
    assert one["n"].tolist() == [120] * 12
    assert one["events"].tolist() == [94] * 12
    assert one["flag"].tolist() == [""] * 12
    single = tr.cox(asked(PATIENTS.assign(score=GENES[:, 4]), marker=False), adjust=["age", "score"]).effects
    alone = screened(term="gene").table
    assert next(row for row in single if row.variable == "score").log_estimate != near(alone["log_hr"][4], 1e-4)
    without_arms = tr.spline(asked(PATIENTS.assign(score=GENES[:, 4]), marker=False), "score", adjust="age").linear
    assert alone["log_hr"][4] * GENES[:, 4].std(ddof=1) == near(without_arms.log_estimate)
    assert "log_hr_treated" not in alone
    assert str(whole()).startswith("made, OS ~ gene + treatment + gene:treatment + age: 12 genes in 120 patients")
    pieces = in_pieces(PATIENTS)
    again = np.vstack([GENES, GENES[(PATIENTS["months"] > 24.5).to_numpy()]])
    assert screened(pieces, again).table["log_hr"].to_numpy() == near(one["log_hr"].to_numpy(), 1e-5)


def test_after_a_screen():
    """Shrinkage and permutation follow the genes; what is shared between screens is no replication."""
    found = whole()
    shrunken = tr.shrink_screen(found)
    assert shrunken["gene"].tolist() == found.table["gene"].tolist()
    assert (shrunken["shrunken"].abs() <= shrunken["log_hr"].abs() + 1e-12).all()
    assert (np.sign(shrunken["shrunken"]) == np.sign(shrunken["log_hr"])).all()
    assert shrunken["lfsr"].between(0, 1).all()
    back = tr.shrink_screen(screened(genes=-GENES))
    assert back["shrunken"].to_numpy() == near(-shrunken["shrunken"].to_numpy(), 1e-5)
    assert back["lfsr"].to_numpy() == near(shrunken["lfsr"].to_numpy(), 1e-5)
    expression = tr.open_expression(
        pd.DataFrame(GENES, index=found.model.analysis.frame.index, columns=shrunken["gene"])
    )
    family = tr.family_wise(found, expression, permutations=19, seed=1, jobs=1)
    same = tr.family_wise(found, expression, permutations=19, seed=1, jobs=1)
    other = tr.family_wise(found, expression, permutations=19, seed=2, jobs=1)
    assert same["p_family"].tolist() == family["p_family"].tolist()
    assert other["log_hr"].tolist() == family["log_hr"].tolist()
    assert family["p_family"].min() >= 1 / 20
    assert family["p_family"].max() <= 1.0
    assert family.sort_values("z", key=abs)["p_family"].is_monotonic_decreasing
    with pytest.raises(
        AnalysisError, match=r"made and made share patients: that is no replication\. Use another cohort"
    ):
        tr.replicate(found, found)
    with pytest.raises(QuestionError, match=r"Unknown term 'genes'\. Use one of"):
        screened(term="genes")


def test_level_interaction():
    """The ratio per standard deviation knows neither the unit of the level nor the order of patients; arms turn it."""
    analysis = selected(made())
    one = tr.level_interaction(analysis, adjust="age")
    mixed = tr.level_interaction(replace(analysis, frame=analysis.frame.sample(frac=1, random_state=1)), adjust="age")
    assert mixed.ratio.log_estimate == near(one.ratio.log_estimate)
    slow = analysis.frame.assign(months=2 * analysis.frame["months"])
    assert tr.level_interaction(replace(analysis, frame=slow), adjust="age").ratio.se == near(one.ratio.se)
    other = analysis.frame["treatment"].map({"treated": "untreated", "untreated": "treated"})
    arms = analysis.frame.assign(treatment=pd.Categorical(other, ["untreated", "treated"]))
    turned = tr.level_interaction(replace(analysis, frame=arms), adjust="age")
    assert turned.ratio.log_estimate == near(-one.ratio.log_estimate)
    assert turned.ratio.p_value == near(one.ratio.p_value)
    assert turned.ratio.ci() == near((1 / one.ratio.ci_high, 1 / one.ratio.ci_low), 1e-4)
    assert one.effects == [one.ratio]
    assert (one.ratio.scale, one.ratio.estimand, one.ratio.p_kind) == ("per_sd", "interaction", "lrt")
    assert (one.ratio.n, one.ratio.adjusted_for) == (700, ("age",))
    within = tr.cut_within(analysis)
    assert within.n == analysis.n
    assert within.cut == "median"
    for site, part in within.frame.groupby("site"):
        halves = (part["marker"] == "altered").sum(), (part["marker"] == "unaltered").sum()
        assert abs(halves[0] - halves[1]) <= 0.12 * len(part), site
    raised = tr.cut_within(replace(analysis, frame=analysis.frame.sample(frac=1, random_state=1)))
    assert raised.frame["marker"].loc[within.frame.index].tolist() == within.frame["marker"].tolist()
    with pytest.raises((AnalysisError, QuestionError), match="level|number|measured"):
        tr.level_interaction(asked(PATIENTS))
    with pytest.raises((AnalysisError, QuestionError), match="ward"):
        tr.cut_within(analysis, "ward")


def test_calibrated_interaction():
    """Against the cohort's own genes: another order is the same, the calibrated row widens the raw one's error."""
    analysis = selected(made())
    one = tr.calibrated_interaction(analysis, adjust="age")
    mixed = tr.calibrated_interaction(
        replace(analysis, frame=analysis.frame.sample(frac=1, random_state=1)), adjust="age"
    )
    assert (mixed.null.mean, mixed.null.sd) == near((one.null.mean, one.null.sd))
    assert mixed.calibrated.p_value == near(one.calibrated.p_value)
    assert one.effect == one.effects[0]
    assert one.calibrated.se >= one.raw.se
    assert one.calibrated.se == near(one.raw.se * one.null.sd, 1e-6)
    z = (one.raw.log_estimate / one.raw.se - one.null.mean) / one.null.sd
    assert one.calibrated.p_value == near(math.erfc(abs(z) / math.sqrt(2)), 1e-9)
    null = tr.empirical_null(one.genes["z"][one.genes["matched"]])
    assert (null.mean, null.sd, null.spread) == (one.null.mean, one.null.sd, one.null.spread)
    assert one.null.genes == one.genes["matched"].sum()
    assert (one.reason, one.count) == ("", None)
    assert "MTOR" not in set(one.genes["gene"])
    few = tr.calibrated_interaction(analysis, adjust="age", genes=one.genes["gene"].tolist()[:20])
    assert few.null is None
    assert few.calibrated is None
    assert few.reason != ""


def test_robustness():
    """Every member of the panel turns with the levels and knows no order; the answer leads."""
    one, mixed, levels, arms = (
        tr.robustness(asked(change(PATIENTS)), adjust="age")
        for change in (lambda frame: frame, shuffled, levels_swapped, arms_swapped)
    )
    wanted = [row.log_estimate for row in one.effects]
    assert [row.log_estimate for row in mixed.effects] == near(wanted)
    assert [row.log_estimate for row in levels.effects] == near([-each for each in wanted])
    assert [row.se for row in levels.effects] == near([row.se for row in one.effects])
    assert [row.log_estimate for row in arms.effects] == near([-each for each in wanted])
    assert one.effect.log_estimate == near(tr.interaction(asked(PATIENTS), adjust="age").ratio.log_estimate)
    assert str(one) == str(one.interaction.verdict)
    checks = [next(flag for flag in row.flags if flag.startswith("check_")) for row in one.effects[1:]]
    assert checks == ["check_treatment_by_site", "check_treatment_by_covariates", "check_overlap_weights"]
    assert [row.n for row in one.effects] == [120] * 4
    assert one.table().rows[0].cells[0].text == "The interaction itself"
    assert "the marker's rule cuts no measured level" in one.table().to_csv()
    assert levels.interaction.verdict.finding == one.interaction.verdict.finding


def test_ten_ways():
    """Each way of one question turns with the arms; the leading one is the adjusted model's."""

    def ask(frame):
        return tr.ten_ways(asked(frame, competing=True), adjust="age", horizon=24)

    one, arms, mixed = ask(COMPETING), ask(arms_swapped(COMPETING)), ask(shuffled(COMPETING))
    assert len(one.ways) == len(one.effects) == 10
    assert arms.ways == mixed.ways == one.ways
    for way, own, turned, other in zip(one.ways, one.effects, arms.effects, mixed.effects, strict=True):
        assert (turned.status, other.status) == (own.status, own.status), way
        if own.status == "estimated" and "confounder" not in way:
            assert turned.point == near(-own.point, 1e-4), way
            assert turned.se == near(own.se, 1e-4), way
            assert other.point == near(own.point, 1e-4), way
    ratio = tr.interaction(asked(COMPETING, competing=True), adjust="age").ratio
    assert one.effect.log_estimate == near(ratio.log_estimate)
    assert one.verdict.finding == mixed.verdict.finding == "prognostic; interaction inconclusive"
    assert {row.estimand for row in one.effects} == {"interaction"}
    assert one.table().rows[0].cells[0].text == "adjusted Cox model (the answer)"
    assert len(one.table().rows) == 10


def test_assay_weights():
    """Weights for who was assayed know neither order nor the covariate's unit, and bring the assayed back to all."""
    base = tr.simulate(400, truth=tr.Truth(hr_grade=2.5, scale=200.0), seed=11)
    known = np.random.default_rng(4).random(400) < base.patients["grade"].map({1: 0.4, 2: 0.6, 3: 0.9})
    cohort = known_where(base, known)

    def ask(cohort, covariates="factor(grade)"):
        return tr.assay_weights(cohort, marker="MARKER", covariates=covariates, **BOTH)

    one = ask(cohort)
    back = ask(replace(cohort, patients=cohort.patients.iloc[::-1], raw=cohort.raw.iloc[::-1]))
    assert np.sort(back.weights) == near(np.sort(one.weights))
    assert back.ess == near(one.ess)
    ages = ask(cohort, ["age", "nodes"])
    moved = cohort.patients.assign(age=0.8 * cohort.patients["age"] + 5)
    assert ask(replace(cohort, patients=moved), ["age", "nodes"]).weights == near(ages.weights, 1e-5)
    assert one.weights.mean() == near(1.0)
    assert (one.weights > 0).all()
    assert one.known.sum() == known.sum() == one.analysis.n
    assert one.known.size == 400
    assert one.ess <= one.analysis.n
    assert one.balance["smd_after"].abs().max() < 1e-6
    assert one.balance["smd_before"].abs().max() > 0.1
    assert one.analysis.frame["sampling_weight"].to_numpy() == near(one.weights)
    weighted = tr.cox(one.analysis)
    assert weighted.effect.weights == "sampling"
    assert weighted.effect.se_kind == "robust"
    assert weighted.effect.n == int(known.sum())
    assert weighted.effect.log_estimate != near(tr.cox(one.analysis.unweighted()).effect.log_estimate, 1e-4)
    assert f"known in {known.sum()} of 400 patients" in str(one)
    with pytest.raises((AnalysisError, QuestionError), match="height"):
        ask(cohort, "height")
    with pytest.raises((AnalysisError, QuestionError), match="assayed|known"):
        ask(base)


def test_predict():
    """The index is a patient's own: order and companions change nothing; tumours in centimetres are other tumours."""
    analysis = deaths()
    one = tr.validate_predict(analysis, horizon=60)
    index = analysis.cohort.patients["predict_index"]
    patients = analysis.cohort.patients.drop(columns="predict_index")
    alone = tr.with_predict(replace(analysis.cohort, patients=patients.iloc[:9], raw=analysis.cohort.raw.iloc[:9]))
    assert alone.patients["predict_index"].to_numpy() == near(index.iloc[:9].to_numpy(), CLOSED)
    larger = patients.assign(size_mm=patients["size_mm"] + 10)
    assert (tr.with_predict(replace(analysis.cohort, patients=larger)).patients["predict_index"] > index)[
        (patients["size_mm"] > 0) & index.notna()
    ].all()
    mixed = tr.validate_predict(replace(analysis, frame=analysis.frame.sample(frac=1, random_state=3)), horizon=60)
    assert mixed.slope == near(one.slope)
    assert mixed.intercept == near(one.intercept)
    assert mixed.groups["c"].to_numpy() == near(one.groups["c"].to_numpy(), CLOSED)
    assert mixed.groups["observed"].tolist() == one.groups["observed"].tolist()
    total = one.groups.iloc[0]
    fifths = one.groups[one.groups["of"] == "fifth of the index"]
    assert fifths["n"].sum() == total["n"] == analysis.n
    assert fifths["observed"].sum() == total["observed"]
    assert fifths["expected"].sum() == near(total["expected"], 1e-6)
    assert one.groups["ratio"].to_numpy() == near((one.groups["observed"] / one.groups["expected"]).to_numpy(), 1e-9)
    assert one.groups["ratio"].between(one.groups["ci_low"], one.groups["ci_high"]).all()
    assert fifths["predicted"].is_monotonic_increasing
    assert 0.5 < total["c"] < 1
    early = tr.validate_predict(analysis, horizon=36)
    assert early.groups["observed"][0] < total["observed"]
    assert early.horizon == 36
    assert (one.horizon, one.endpoint) == (60, "BCSS")
    assert str(one).startswith("Predict v2.1, BCSS: ")


def test_copies_of_patients_are_more_patients():
    """Twice everybody: counts double wherever they are told, and a table of the analysis says so."""
    one, both = asked(PATIENTS), asked(twice(PATIENTS))
    assert (both.n, both.events) == (2 * one.n, 2 * one.events)
    assert both.describe()["person_years"] == near(2 * one.describe()["person_years"], 1e-6)
    assert both.has_both_arms
    assert both.population == one.population
    assert [step.patients for step in both.flow.steps] == [2 * step.patients for step in one.flow.steps]
    assert [step.events for step in both.flow.steps] == [2 * step.events for step in one.flow.steps]
    part = one.part("marker", "altered")
    assert part.n + one.part("marker", "unaltered").n == one.n
    assert part.events + one.part("marker", "unaltered").events == one.events
    assert part.describe()["left_out"] == one.describe()["left_out"] == 0
    assert part.flow.steps[-1].name == "M altered"
    assert one.part("treatment", "treated").flow.steps[-1].name == "treatment treated"
    assert one.part("treatment", "treated").n == int(PATIENTS["treated"].sum())
    early = one.until(24)
    assert early.n == one.n
    assert early.events == int(((PATIENTS["months"] <= 24) & (PATIENTS["event"] == 1)).sum())
    assert early.frame["months"].max() == 24
    assert early.to_months == 24.0
    assert str(one).endswith("120 patients, 94 events")
    assert "M by made, OS" in one._repr_html_()
    for wrong in (0, -1, True):
        with pytest.raises(AnalysisError, match=r"it is a number of months above 0"):
            one.until(wrong)
