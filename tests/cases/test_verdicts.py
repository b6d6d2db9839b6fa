"""Verdicts on small registries: R's numbers, and the words that must and must not stand (reference/verdicts)."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.analysis.follow_up import risk_sets
from tamoxres.answers.answer import answer
from tamoxres.errors import AnalysisError
from tamoxres.inference.detectable import simulated_power
from tamoxres.inference.verdict import LABELS, Evidence, FourGroups, OverTime, reach_verdict, single_arm_verdict
from tamoxres.kernel.cox import fit_cox
from tamoxres.models.firth import fit_penalised, penalised_p
from tamoxres.models.interaction import InteractionResult
from tamoxres.models.over_time import over_time
from tamoxres.reporting.claims import check_claims

HERE = Path(__file__).parent
TOPIC = HERE.parent / "reference" / "verdicts"
R = json.loads((TOPIC / "verdicts.json").read_text())
ITERATED = 1e-7  # both sides iterate to a maximum
ROOT = 2e-6  # R's profile limits come from coxph's log likelihood, good to 1e-9 of itself
CASES = ("harm_in_both", "qualitative", "null_within_margin", "few_events", "crossing")


def selected(name: str) -> tr.AnalysisSet:
    """The patients of a registry, both arms."""
    folder = TOPIC if name == "crossing" else HERE
    cohort = tr.load(folder / f"{name}.csv", mapping=HERE / "registry_simple.toml")
    return tr.select(tr.call(cohort, "HER2"), marker="HER2", endpoint="OS", er="any", treatment="any")


@cache
def result(name: str) -> InteractionResult:
    """The interaction of a registry, with a margin."""
    return tr.interaction(selected(name), margin=(0.80, 1.25))


def told(name: str) -> str:
    """The sentence of a registry's verdict."""
    return result(name).verdict.sentence


@pytest.mark.parametrize("name", CASES)
def test_the_rows_are_those_of_r(name: str) -> None:
    """Ratio, both levels' hazard ratios, both P, the profile interval and the expected events equal R's."""
    got, want = result(name), R[name]
    for row, expected in (
        (got.ratio, "ratio"),
        (got.treatment_altered, "altered"),
        (got.treatment_unaltered, "unaltered"),
    ):
        assert (row.log_estimate, row.se) == pytest.approx(want[expected], rel=ITERATED), expected
    assert (got.ratio.n, got.ratio.events) == (want["n"], want["events"])
    assert got.ratio.p_value == pytest.approx(want["lrt_p"], rel=1e-5)
    assert got.ratio.wald_p == pytest.approx(want["wald_p"], rel=1e-5)
    assert (got.ratio.ci_kind, got.ratio.p_kind) == ("profile", "lrt")
    assert np.log(got.ratio.ci()) == pytest.approx(want["profile"], abs=ROOT)
    assert got.evidence.groups.expected == pytest.approx(want["expected"], rel=1e-6)


@pytest.mark.parametrize("name", [name for name in CASES if name != "few_events"])
def test_the_course_over_time_is_that_of_r(name: str) -> None:
    """Joint and product score tests, and ratio and hazard ratios in both halves, equal cox.zph and survSplit."""
    got, want = over_time(result(name).model), R[name]
    assert (got.joint_p, got.product_p) == pytest.approx((want["joint_p"], want["product_p"]), rel=1e-5)
    for i, part in enumerate(("ratio", "altered", "unaltered")):
        half = want["halves"][part]
        assert got.early[i].log_estimate == pytest.approx(half["early"], abs=1e-6), part
        assert got.late[i].log_estimate == pytest.approx(half["late"], abs=1e-6), part
        assert got.change_p[i] == pytest.approx(half["p"], rel=1e-5), part
    assert got.early[0].events + got.late[0].events == want["events"]
    assert got.early[0].events >= got.late[0].events


def test_adjusted_and_stratified_profile_is_that_of_r() -> None:
    """GBSG, hormone x (ER >= 10), adjusted for age and stratified by grade: interval and expected events equal R's."""
    gbsg = tr.load("gbsg")
    values = gbsg.patients["er"].map({"positive": "altered", "negative": "unaltered"})
    call = tr.MarkerCall(marker="ER", rule="fmol10", assay="ligand binding", reference="", definition="", values=values)
    analysis = tr.select(gbsg.with_marker(call), marker="ER", endpoint="RFS", er="any", treatment="any")
    got, want = tr.interaction(analysis, adjust=["age"], strata=["grade"]), R["gbsg"]
    assert (got.ratio.log_estimate, got.ratio.se) == pytest.approx(want["ratio"], rel=ITERATED)
    assert np.log(got.ratio.ci()) == pytest.approx(want["profile"], abs=ROOT)
    assert got.evidence.groups.expected == pytest.approx(want["expected"], rel=1e-6)


def test_harm_in_both_levels_is_said() -> None:
    """Hazard ratios of 1.37 and 2.82: treatment goes with more events in both, and nothing is "smaller"."""
    sentence = told("harm_in_both")
    for words in ("more events in both", "1.37 (1.19-1.59)", "2.82 (2.32-3.43)", "2.06 (1.61-2.62)"):
        assert words in sentence
    for words in ("smaller", "larger", "helps", "harms", "both sides of 1"):
        assert words not in sentence


def test_opposite_directions_are_said() -> None:
    """Hazard ratios of 0.47 and 1.83 with Gail-Simon's P below alpha: helps one, harms the other."""
    verdict, sentence = result("qualitative").verdict, told("qualitative")
    assert verdict.qualitative_p == pytest.approx(R["qualitative"]["qualitative_p"], rel=1e-5)
    for words in ("0.47", "1.83", "on both sides of 1", "helps when HER2 is unaltered", "harms when it is altered"):
        assert words in sentence
    assert "smaller" not in sentence
    assert verdict.label == "interaction seen, treatment not randomised; robustness panel not run"


def test_a_null_within_the_margin_is_said() -> None:
    """12,000 patients, ratio 1.00: within the margin though not prognostic; without a margin nothing is claimed."""
    got = result("null_within_margin")
    assert got.verdict.label == "interaction within margin"
    assert "margin 0.80 to 1.25 (ratio of HRs 1.00, 90% CI (0.93-1.09))" in got.verdict.sentence
    assert got.judge().label == "no evidence either way"
    assert got.judge(margin=(0.95, 1.05)).label == "no evidence either way"


def test_too_few_events_say_nothing() -> None:
    """Two events in a group: Firth's row by its profile, equal to R's likelihood, and no P in words."""
    got, want = result("few_events"), R["few_events"]["firth"]
    assert got.verdict.label == "too few events to say"
    assert got.penalised.log_estimate == pytest.approx(want["coef"][2], abs=1e-5)
    assert np.log(got.penalised.ci()) == pytest.approx((want["low"], want["high"]), abs=1e-5)
    assert got.penalised.p_value == pytest.approx(want["p"], rel=1e-4)
    sets = risk_sets(got.model.analysis.frame, (), "efron")
    fitted = fit_penalised(got.model.design.x, sets)
    joint = penalised_p(got.model.design.x, sets, [1, 2], fitted)
    assert joint == pytest.approx(want["p_marker_and_product"], rel=1e-4)
    assert (got.penalised.model, got.penalised.ci_kind, got.penalised.p_kind) == ("firth", "profile", "profile")
    assert got.verdict.basis == got.penalised.row_id
    assert got.penalised in got.effects
    assert "HER2 unaltered, treated: 2 events" in got.verdict.sentence
    assert "P =" not in got.verdict.sentence
    assert "P <" not in got.verdict.sentence


def test_a_group_without_events_is_estimated_by_firth() -> None:
    """No events in a group: every row is Firth's, finite, and the verdict names the group."""
    analysis = selected("few_events")
    frame = analysis.frame
    group = (frame["marker"] == "unaltered") & (frame["treatment"] == "treated")
    got = tr.interaction(replace(analysis, frame=frame.assign(event=frame["event"].where(~group, 0))))
    assert got.verdict.label == "too few events to say"
    assert got.ratio.model == got.marker_treated.model == "firth"
    assert got.ratio is got.penalised
    assert all(map(math.isfinite, got.ratio.ci()))
    assert "HER2 unaltered, treated: no events" in got.verdict.sentence
    assert got.verdict.minimum_detectable == (None, None)


def test_an_interaction_that_turns_has_no_direction() -> None:
    """Hazard ratio 0.43, then 2.75 when altered: both periods are given, and no direction."""
    verdict = result("crossing").verdict
    assert verdict.label == "interaction seen, not proportional"
    assert verdict.seen
    for words in ("0.43", "2.75", "changes over follow-up", "no direction is given", "Up to month"):
        assert words in verdict.sentence
    for words in ("smaller", "larger", "helps", "harms"):
        assert words not in verdict.sentence


def turned(analysis: tr.AnalysisSet, column: str) -> tr.AnalysisSet:
    """The same patients with arms or marker levels exchanged."""
    values = analysis.frame[column]
    one, other = values.array.categories
    swapped = pd.Categorical(values.map({one: other, other: one}), [one, other])
    return replace(analysis, frame=analysis.frame.assign(**{column: swapped}))


@pytest.mark.parametrize("name", ["harm_in_both", "qualitative", "few_events", "crossing"])
def test_turning_arms_or_marker_turns_the_words(name: str) -> None:
    """Exchanged arms or levels invert the ratio and its limits; label, P and Gail-Simon's P stay."""
    analysis, plain = selected(name), result(name)
    for column in ("treatment", "marker"):
        other = tr.interaction(turned(analysis, column))
        steady = [reach_verdict(replace(one.evidence, over_time=None)).label for one in (other, plain)]
        assert steady[0] == steady[1], column  # the score test of the product depends on the reference group, as R's
        assert other.judged.log_estimate == pytest.approx(-plain.judged.log_estimate, abs=1e-6)
        assert np.log(other.judged.ci()) == pytest.approx(-np.log(plain.judged.ci())[::-1], abs=1e-5)
        assert other.ratio.p_value == pytest.approx(plain.ratio.p_value, rel=1e-6)
        if plain.verdict.qualitative_p is not None:
            assert other.verdict.qualitative_p == pytest.approx(plain.verdict.qualitative_p, rel=1e-6)


def test_turned_words() -> None:
    """Arms exchanged, harm in both is help in both; levels exchanged, the other level is harmed."""
    found = tr.interaction(turned(selected("harm_in_both"), "treatment"))
    arms = reach_verdict(replace(found.evidence, over_time=None)).sentence
    assert "is larger when HER2 is altered" in arms
    assert "more events" not in arms
    levels = tr.interaction(turned(selected("qualitative"), "marker")).verdict.sentence
    assert "helps when HER2 is altered and harms when it is unaltered" in levels


GROUPS = FourGroups(patients=(400,) * 4, events=(100,) * 4, expected=(100.0,) * 4)
STEADY = OverTime(joint_p=0.5, product_p=0.5)


def evidence(
    altered: float, unaltered: float, *, se: float = 0.1, marker: float = 0.5, design: str = "observational",
    groups: FourGroups = GROUPS, over: OverTime = STEADY, **fields: object,
) -> Evidence:  # fmt: skip
    """Evidence of log hazard ratios of treatment, and of the marker among the treated."""
    about = {"study": "s", "marker": "HER2", "endpoint": "RFS", "design": design, "treatment_1": "tamoxifen"}
    about |= {"treatment_0": "none"}
    row = {"p_kind": "lrt"} | fields
    common = {name: value for name, value in row.items() if name.startswith("treatment_")}
    p = {name: value for name, value in row.items() if name not in common}
    about |= common

    def effect(estimand: str, value: float, size: float, **more: object) -> tr.EffectEstimate:
        return tr.EffectEstimate(**(about | more), estimand=estimand, log_estimate=value, se=size)

    return Evidence(
        ratio=effect("interaction", altered - unaltered, se * math.sqrt(2), **p),
        prognostic=effect("prognostic", marker, 0.1),
        altered=effect("treatment_effect", altered, se, marker_level="altered"),
        unaltered=effect("treatment_effect", unaltered, se, marker_level="unaltered"),
        groups=groups, over_time=lambda: over,
    )  # fmt: skip


def few(events: int) -> FourGroups:
    """Four groups of which the last has few events."""
    return replace(GROUPS, events=(100, 100, 100, events), expected=(100.0, 100.0, 95.0, events + 5.0))


MARGIN = (0.8, 1.25)
EACH_LABEL = [
    (evidence(-0.1, -0.9, design="randomised"), None, "interaction supported (randomised)"),
    (evidence(-0.1, -0.9), None, "interaction seen, treatment not randomised"),
    (evidence(-0.1, -0.9, design="partly_randomised"), None, "interaction seen, treatment not randomised"),
    (evidence(-0.1, -0.9, over=OverTime(joint_p=0.04, product_p=0.5)), None, "interaction seen, not proportional"),
    (
        evidence(-0.1, -0.9, over=OverTime(joint_p=0.5, product_p=0.04), design="randomised"), None,
        "interaction seen, not proportional",
    ),
    (evidence(-0.4, -0.5), None, "prognostic; interaction inconclusive"),
    (evidence(-0.4, -0.4, se=0.05), MARGIN, "prognostic; interaction within margin"),
    (evidence(-0.4, -0.4, se=0.05, marker=0.0), MARGIN, "interaction within margin"),
    (evidence(-0.4, -0.4, se=0.05, marker=0.0), None, "no evidence either way"),
    (evidence(-0.4, -0.4, se=0.10, marker=0.0), MARGIN, "no evidence either way"),
    (evidence(-0.1, -0.9, groups=few(4)), None, "too few events to say"),
    (evidence(-0.4, -0.4, se=0.05, groups=few(4)), MARGIN, "too few events to say"),
    (evidence(-0.1, -0.9, groups=few(5)), None, "interaction seen, treatment not randomised"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "margin", "label"), EACH_LABEL)
def test_each_label(given: Evidence, margin: tuple[float, float] | None, label: str) -> None:
    """Each label is reached, its sentence claims no more than it may, and treatment not randomised predicts nothing."""
    verdict = reach_verdict(given, margin=margin)
    assert verdict.finding == label
    assert verdict.basis == given.ratio.row_id
    assert verdict.strata == (given.altered.row_id, given.unaltered.row_id)
    assert check_claims(str(verdict)) == []
    assert "no difference" not in verdict.sentence
    assert "predictive" not in str(verdict)


def test_no_label_is_left_out() -> None:
    """The list above, with the single arm, is the whole vocabulary."""
    single = single_arm_verdict("X")
    assert {label for _, _, label in EACH_LABEL} | {single.label} == set(LABELS)
    assert (single.basis, single.strata, single.smallest) == ("", (), None)
    assert check_claims(single.sentence) == []


def test_points_on_both_sides_without_gail_simon() -> None:
    """A level above 1 whose interval holds 1: both sides are named, the harm is not shown."""
    verdict = reach_verdict(evidence(0.1, -0.6))
    assert verdict.qualitative_p > 0.05
    assert "on both sides of 1, but whether the second group is harmed is not shown" in verdict.sentence
    assert "helps" not in verdict.sentence
    unseen = reach_verdict(evidence(0.05, -0.05))
    assert "on both sides of 1; whether the second group is harmed is not shown" in unseen.sentence


def test_randomised_treatment_is_not_taken_at_face_value_only() -> None:
    """Randomised: no doubt; else the doubt, and that the panel was not run."""
    sure = reach_verdict(evidence(0.6, -0.6, design="randomised")).sentence
    assert "treatment was randomised" in sure
    assert "taken at face value" not in sure
    unsure = reach_verdict(evidence(0.6, -0.6, design="partly_randomised"))
    assert "taken at face value tamoxifen helps" in unsure.sentence
    assert "only in part randomised" in unsure.sentence
    assert "the robustness panel was not run" in unsure.sentence
    assert unsure.robustness is None


def test_inhibitor_rather_than_tamoxifen() -> None:
    """Words follow the treatments compared."""
    given = evidence(-0.1, -0.9, treatment_1="aromatase_inhibitor", treatment_0="tamoxifen")
    assert "The effect of aromatase inhibitor rather than tamoxifen on RFS is smaller" in reach_verdict(given).sentence
    given = evidence(-0.4, -0.5, treatment_1="aromatase_inhibitor", treatment_0="tamoxifen")
    assert "Among patients on aromatase inhibitor" in reach_verdict(given).sentence


def test_few_events_and_tests_that_disagree_are_said() -> None:
    """5 to 9 events add a sentence, 10 do not; a Wald test on the other side of alpha is said with both P."""
    assert "has 5 events, so this rests on few" in reach_verdict(evidence(-0.1, -0.9, groups=few(5))).sentence
    assert "rests on few" not in reach_verdict(evidence(-0.1, -0.9, groups=few(10))).sentence
    verdict = reach_verdict(evidence(-0.4, -0.4 - 1.9 * 0.1 * math.sqrt(2), p_value=0.049))
    assert verdict.tests_disagree
    assert (
        "likelihood-ratio test (P = 0.049) and the Wald test (P = 0.057) lie on two sides of 0.05" in verdict.sentence
    )
    assert not reach_verdict(evidence(-0.1, -0.9)).tests_disagree


def test_a_change_of_sides_is_not_proportional() -> None:
    """Halves on opposite sides of 1 count where the change has P below 0.10."""
    up, down, level = (evidence(value, 0.0).ratio for value in (0.4, -0.4, -0.3))
    for late, p, expected in ((down, 0.09, False), (down, 0.11, True), (up, 0.01, True)):
        over = OverTime(
            joint_p=0.3, product_p=0.3, early=(up, up, level), late=(late, up, level), change_p=(p, 0.5, 0.5)
        )
        assert over.proportional is expected


def test_the_imputed_row_is_what_the_verdict_rests_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With multiple imputation the verdict's P, interval and basis are those of the pooled row that is shown."""
    monkeypatch.setattr("tamoxres.answers.answer.impute", partial(tr.impute, m=3, iterations=2))
    rows = pd.read_csv(HERE / "qualitative.csv").iloc[::3]
    number = np.arange(len(rows))
    rows.assign(age=np.where(number % 7 == 1, np.nan, 40 + number % 37)).to_csv(tmp_path / "q.csv", index=False)
    mapping = (HERE / "registry_simple.toml").read_text().replace('patient = "pid"', 'patient = "pid"\nage = "age"')
    (tmp_path / "q.toml").write_text(mapping)
    question = tr.Question(
        marker="HER2", endpoint="OS", estimand="interaction", er="any", adjust=("age",), missing="mice"
    )
    got = answer(tr.load(tmp_path / "q.csv", mapping=tmp_path / "q.toml"), question)
    [row] = got.rows
    assert row.missing == got.verdict.altered.missing == got.verdict.prognostic.missing == "mice"
    assert got.verdict.basis == row.row_id != got.interaction.verdict.basis
    assert (row.p_kind, row.ci_kind) == ("wald", "rubin")
    assert f"{row.estimate:.2f}" in got.verdict.sentence
    assert got.verdict.groups.patients != got.interaction.evidence.groups.patients
    assert not got.verdict.tests_disagree


def test_a_landmark_has_one_basis() -> None:
    """After a landmark, too, the verdict's basis is the row shown."""
    cohort = selected("harm_in_both").cohort
    got = answer(cohort, tr.Question(marker="HER2", endpoint="OS", estimand="interaction", er="any", landmark=6))
    assert got.verdict.basis == got.rows[0].row_id
    assert got.rows[0].landmark == 6
    effects = answer(cohort, tr.Question(marker="HER2", endpoint="OS", estimand="treatment_effect", er="any"))
    assert effects.verdict is None


def by_definition(n: tuple[float, ...], d: tuple[float, ...], c: float, r: float) -> float:
    """How far |log r| lies from what 80 % power needs, as methods define it."""
    d11 = n[3] * (1 - (1 - d[3] / n[3]) ** r)
    return abs(math.log(r)) - (1.959963985 + 0.841621234) * math.sqrt(c * (1 / d11 + 1 / d[2] + 1 / d[1] + 1 / d[0]))


def test_minimum_detectable_solves_its_definition() -> None:
    """Both sides solve the equation, with the observed error; they are not each other's inverse."""
    n, d, events, se = (500, 600, 200, 300), (120.0, 150.0, 80.0, 90.0), (110, 160, 90, 80), 0.25
    below, above = tr.minimum_detectable(n, d, events=events, se=se)
    c = se**2 / sum(1 / value for value in events)
    for r in (below, above):
        assert by_definition(n, d, c, r) == pytest.approx(0.0, abs=1e-8)
    assert below < 1 < above < 1 / below
    wider = tr.minimum_detectable(n, d, events=events, se=1.1 * se)
    assert wider[0] < below
    assert wider[1] > above


def test_below_one_there_may_be_none() -> None:
    """Ten events a group: no ratio below 1 could be seen, and the words say so."""
    below, above = tr.minimum_detectable((40,) * 4, (10.0,) * 4)
    assert below is None
    assert above > 3
    groups = FourGroups(patients=(40,) * 4, events=(10,) * 4, expected=(10.0,) * 4)
    verdict = reach_verdict(evidence(-0.4, -0.5, se=0.45, marker=0.0, groups=groups))
    assert "no ratio below 1 could be seen" in verdict.sentence
    assert f"a ratio of {verdict.minimum_detectable[1]:.2f} or more" in verdict.sentence
    assert "or less" not in verdict.sentence


def test_minimum_detectable_has_its_power() -> None:
    """Where few events make it simulate, other draws reach 80 % at both ratios; at ratio 1 the test holds its level."""
    n, d = (60, 80, 70, 60), (21.0, 26.0, 24.0, 21.0)
    share = np.divide(d, n)
    for r in tr.minimum_detectable(n, d):
        assert simulated_power(n, share, math.log(r), seed=11) == pytest.approx(0.80, abs=0.02)
    assert simulated_power(n, share, 0.0, seed=11) == pytest.approx(0.05, abs=0.015)


DATA_SETS = int(os.environ.get("TAMOXRES_DATA_SETS", "250"))
POWERED = [  # patients and events expected in the four groups; tolerance in points (20 events a group, 10 events)
    ((60, 60, 60, 60), (21.0, 21.0, 21.0, 21.0), 0.02),
    ((90, 45, 60, 60), (24.0, 20.0, 22.0, 30.0), 0.02),
    ((40, 40, 40, 40), (10.0, 10.0, 10.0, 10.0), 0.05),
]


def cox_power(n: tuple[int, ...], d: tuple[float, ...], log_ratio: float) -> float:
    """Share of simulated data sets in which the likelihood-ratio test of two Cox fits sees the interaction."""
    draw, hits = np.random.default_rng(5), 0
    group = np.repeat(np.arange(4), n)
    ends = -np.log1p(-np.divide(d, n))[group]
    x = np.column_stack([group % 2, group // 2, group == 3]).astype(float)
    for _ in range(DATA_SETS):
        time = draw.exponential(size=group.size) / np.where(group == 3, math.exp(log_ratio), 1.0)
        event = (time <= ends).astype(int)
        time = np.minimum(time, ends)
        if np.bincount(group, event, minlength=4).all():
            gain = fit_cox(time, event, x).loglik - fit_cox(time, event, x[:, :2]).loglik
            hits += 2 * gain > 3.841459
    return hits / DATA_SETS


@pytest.mark.parametrize(("n", "d", "tolerance"), POWERED)
def test_the_ratios_named_have_80_percent_power(n: tuple[int, ...], d: tuple[float, ...], tolerance: float) -> None:
    """Cox fits of simulated data see both ratios 80 times in 100 (long form: TAMOXRES_DATA_SETS=2000)."""
    error = 2 * math.sqrt(0.16 / DATA_SETS)
    for r in tr.minimum_detectable(n, d):
        if r is not None:
            assert cox_power(n, d, math.log(r)) == pytest.approx(0.80, abs=tolerance + error), r


@pytest.mark.parametrize(
    ("cells", "more"),
    [((0, 1, 1, 1), {}), ((1, 1, 1), {}), ((9, 9, 9, 9), {"se": -1.0}), ((9, 9, 9, 9), {"power": 1.0})],
)
def test_minimum_detectable_refuses(cells: tuple[float, ...], more: dict[str, float]) -> None:
    """A group without patients, three groups, an error below 0 and a power of 1 are refused."""
    with pytest.raises(AnalysisError, match="Needs"):
        tr.minimum_detectable(cells, cells, **more)


def test_a_marker_level_without_events_is_refused() -> None:
    """Where nobody with the marker altered has an event there is nothing to judge."""
    analysis = selected("few_events")
    event = analysis.frame["event"].where(analysis.frame["marker"] == "unaltered", 0)
    with pytest.raises(AnalysisError, match="marker = altered: 18 patients and no events"):
        tr.interaction(replace(analysis, frame=analysis.frame.assign(event=event)))
