"""Certainty of an effect modification: what enters, its properties, by hand, and its false alarms by simulation."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError
from tamoxres.meta.body import altered_share, body_of, bound
from tamoxres.meta.certainty import LEVELS, certainty
from tamoxres.meta.iceman import iceman_table
from tamoxres.meta.rating import Pooled95, band, chance, events_needed, subsets

DRUGS = {"treatment_1": "tamoxifen", "treatment_0": "none"}
ABOUT = {"marker": "HER2", "estimand": "interaction", "design": "randomised", **DRUGS}
COUNTS = {"n": 500, "n_1": 100, "events": 200}
BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "certainty_alarms.py"


def trial(study, log_ratio=0.0, se=0.2, **other):
    """A randomised interaction with a number."""
    return EffectEstimate(**{"study": study, "log_estimate": log_ratio, "se": se, **ABOUT, **other})


def reported(study, p=0.6, **other):
    """A randomised interaction reported by its P alone."""
    return EffectEstimate(**{"study": study, "status": "test_only", "p_value": p, **ABOUT, **other})


def five(ratio=1.6, p=0.06):
    """Five trials of one ratio and one P each."""
    return [EffectEstimate.from_p(ratio, p, study=f"Trial {i}", **ABOUT) for i in range(5)]


def rank(level):
    """A level as a number."""
    return LEVELS.index(level)


def alarms_module():
    """The simulation that is documented in benchmarks/CERTAINTY.md."""
    spec = importlib.util.spec_from_file_location("certainty_alarms", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_five_trials_that_agree_are_not_very_low():
    """Five trials at 1.6 with P 0.06 each: ad hoc SE = one SE / sqrt(5), t on 4 df; two-sided P 0.014 is low."""
    found = certainty(five())
    se = math.log(1.6) / norm.isf(0.03) / math.sqrt(5)
    assert found.scenarios[0].judged.against == pytest.approx(t.sf(math.log(1.6) / se, 4), rel=1e-6)
    assert (found.direction, found.for_modification, found.of_none) == ("high", "low", "none")
    assert certainty(five(p=0.01)).for_modification == "high"
    assert certainty(five(p=0.03)).for_modification == "moderate"


def test_two_trials_on_the_other_side_say_nothing_for_the_claim():
    """Two trials of the sensitive direction: no certainty of failure, nor of its direction; both are nulls."""
    two = [trial("A", -0.7, 0.25), trial("B", -0.6, 0.25)]
    found = certainty(two)
    assert (found.direction, found.for_modification) == ("none", "none")
    assert found.nulls == found.effects
    assert certainty(two, claimed="below").direction == "moderate"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (trial("X", 1.0, design="observational"), "not_randomised"),
        (trial("X", 1.0, design=""), "not_randomised"),
        (trial("X", 1.0, design="partly_randomised"), "not_randomised"),
        (trial("X", 1.0, flags=("recalled",)), "recalled"),
        (trial("X", 1.0, flags=("single_arm",)), "not_randomised"),
        (trial("X", 1.0, flags=("non_randomised_treatment",)), "not_randomised"),
        (trial("X", 1.0, flags=("pooled_estimate",)), "pooled"),
        (trial("X", 1.0, estimand="prognostic"), "not_an_interaction"),
        (trial("X", 1.0, measure="OR", flags=("or_of_response_above_1_favours_ai",)), "turned_scale"),
        (replace(trial("X"), log_estimate=None, measure="RD", difference=0.1), "not_a_ratio"),
        (EffectEstimate(study="X", status="not_estimable", **ABOUT), "not_estimable"),
        (trial("trial 0", 1.0), "same_trial"),
        (trial("X", 1.0, overlaps=("Trial 3",)), "same_trial"),
    ],
)
def test_what_is_no_randomised_interaction_never_enters(row, why):
    """Such a row is set aside with its code and changes no rating."""
    found, without = certainty([*five(), row]), certainty(five())
    assert found.set_aside == ((row, why),)
    assert "Rows set aside: " in str(found)
    assert str(found).rstrip().endswith("(1).")
    assert found.effects == without.effects
    assert (found.direction, found.for_modification, found.of_none, found.scenarios) == (
        without.direction, without.for_modification, without.of_none, without.scenarios,
    )  # fmt: skip


def test_of_one_trial_the_first_number_stands():
    """A test alone gives way to the same trial's number, wherever it stands; of two numbers the first is taken."""
    alone, first, second = reported("A", p=0.04), trial("A", 0.6, 0.4), trial("a", 0.2, 0.4)
    found = certainty([alone, first, trial("B", 0.3), second])
    assert [row.log_estimate for row in found.effects] == [0.6, 0.3]
    assert found.set_aside == ((alone, "same_trial"), (second, "same_trial"))
    assert certainty([second, first]).effects == (second,)


def test_without_randomised_interactions_there_is_no_certainty():
    """None of all three, and the reason."""
    for rows in ([], [trial("A", 1.0, design="observational")]):
        found = certainty(rows)
        assert (found.direction, found.for_modification, found.of_none) == ("none", "none", "none")
        assert found.flags == ("no_randomised_interaction",)
        assert found.scenarios == ()
        assert "No within-trial interaction of randomised treatment." in found.reasons


def test_two_questions_are_refused():
    """Rows of two markers, or of two pairs of treatments, are not one body."""
    with pytest.raises(PoolingError, match=r"differ in marker: HER2 \(A\), AKT \(B\)"):
        certainty([trial("A"), trial("B", marker="AKT")])
    with pytest.raises(PoolingError, match=r"differ in treatments: tamoxifen_v_none \(A\), ai_v_tamoxifen \(B\)"):
        certainty([trial("A"), trial("B", treatment_1="ai", treatment_0="tamoxifen")])
    with pytest.raises(PoolingError, match="Unknown claimed 'up'"):
        certainty([trial("A")], claimed="up")


# properties

sizes = st.floats(0.08, 0.6)
numbers = st.tuples(st.floats(-0.4, 1.2), sizes)
any_null = st.one_of(
    st.builds(lambda y, se: trial("Null", y, se), st.floats(-1.5, 0.0), sizes),
    st.just(reported("Null")), st.just(reported("Null", p=None)),
    st.builds(lambda n: reported("Null", n=4 * n, n_1=n, events=2 * n), st.integers(5, 400)),
)  # fmt: skip


def body(values):
    """Trials with numbers."""
    return [trial(f"S{i}", y, se) for i, (y, se) in enumerate(values)]


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=5), any_null, st.integers(0, 5))
def test_a_null_never_raises_certainty_for(values, null, place):
    """Neither the certainty for a modification nor that of its direction, whatever the null and wherever it stands."""
    rows = body(values)
    before, after = certainty(rows), certainty([*rows[:place], null, *rows[place:]])
    assert after.k == before.k + 1
    assert rank(after.for_modification) <= rank(before.for_modification)
    assert rank(after.direction) <= rank(before.direction)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=6), st.booleans(), st.booleans())
def test_flipping_signs_and_claim_changes_nothing_else(values, bounded, significant):
    """Ratios turn round; ratings, flags, reasons and nulls stay."""
    rows = body(values)
    rows += [reported("Bounded", **COUNTS)] if bounded else []
    rows += [reported("Significant", p=0.01, direction="worse")] if significant else []
    turned = [row if row.log_estimate is None else replace(row, log_estimate=-row.log_estimate) for row in rows]
    turned = [replace(row, direction="better") if row.direction == "worse" else row for row in turned]
    one, other = certainty(rows), certainty(turned, claimed="below")
    for name in ("direction", "for_modification", "of_none", "flags", "reasons", "next_level", "events_for_next", "k"):
        assert getattr(one, name) == getattr(other, name), name
    assert [row.study for row in one.nulls] == [row.study for row in other.nulls]
    for mine, theirs in zip(one.scenarios, other.scenarios, strict=True):
        assert mine.estimate == pytest.approx(1 / theirs.estimate)
        assert (mine.ci_low, mine.ci_high) == pytest.approx((1 / theirs.ci_high, 1 / theirs.ci_low))


@settings(max_examples=30, deadline=None)
@given(st.lists(numbers, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_trials_changes_nothing(values, random):
    """Shuffled trials give the same ratings."""
    rows = body(values)
    before = certainty(rows)
    random.shuffle(rows)
    after = certainty(rows)
    assert (after.direction, after.for_modification, after.of_none) == (
        before.direction, before.for_modification, before.of_none,
    )  # fmt: skip


# nulls without a number


def test_bounds_by_hand():
    """Four cells of 50, 50, 100, 100 events: sqrt(0.06); 200 events, a fifth altered, equal arms: 1 / sqrt(8)."""
    assert bound(reported("A", events_1=100, events_0=200)) == pytest.approx(math.sqrt(0.06))
    assert bound(reported("A", **COUNTS)) == pytest.approx(1 / math.sqrt(8))
    assert bound(reported("A", n=500, events=200)) is None
    assert bound(reported("A", n=100, n_1=100, events=20)) is None
    assert bound(trial("A", se=0.3)) == 0.3
    assert altered_share([reported("A", **COUNTS), reported("B"), trial("C", n=100, n_1=80)]) == pytest.approx(0.3)
    assert altered_share([reported("A")]) is None


def test_a_bounded_null_enters_at_three_values_and_the_lowest_stands():
    """The body is pooled with the null at -1.96, 0 and 1.96 SE; adding it as a number at -1.96 SE is as low."""
    se = 1 / math.sqrt(8)
    found = certainty([*five(p=0.01), reported("Null", **COUNTS)])
    assert [scenario.null_at for scenario in found.scenarios] == [-1.96, 0.0, 1.96]
    for scenario in found.scenarios:
        as_number = certainty([*five(p=0.01), trial("Null", scenario.null_at * se, se)]).scenarios[0]
        assert scenario.estimate == pytest.approx(as_number.estimate)
        assert scenario.judged == as_number.judged
    assert found.for_modification == certainty([*five(p=0.01), trial("Null", -1.96 * se, se)]).for_modification
    assert {"bounded_nulls", "null_lowers"} <= set(found.flags)
    assert "bounded by its counts and pooled at -1.96, 0 and 1.96 SE: Null SE 0.35." in str(found)


def test_a_null_that_nothing_bounds_is_counted():
    """Without counts: low at most for a modification, one step from the certainty of none, named."""
    strong = five(ratio=3.0, p=1e-5)
    assert certainty(strong).for_modification == "high"
    found = certainty([*strong, reported("Knoop 2001", p=None)])
    assert (found.direction, found.for_modification) == ("low", "low")
    assert found.scenarios == certainty(strong).scenarios
    assert "Knoop 2001; counted, so certainty for a modification is low at most" in str(found)
    precise = [trial(f"S{i}", 0.0, 0.05) for i in range(5)]
    assert certainty([*precise, reported("Knoop 2001")]).of_none == "moderate"
    assert certainty([reported("Knoop 2001")]).for_modification == "none"


def test_flags_of_the_evidence_tables_tell_nulls_and_findings():
    """`reported_null_without_number` is a null whatever the status; statuses of version 2 are read by name."""
    row = replace(reported("A", p=None), flags=("reported_null_without_number",))
    assert certainty([row]).nulls == (row,)
    finding = replace(reported("B", p=None, direction="worse"), flags=("reported_significant_without_number",))
    assert certainty([finding]).flags == ("one_trial", "significant_without_number")

    row = replace(reported("A", p=None), status="null_without_number", flags=("composite_marker",))
    (entry,) = body_of([row, row], "above").entries
    assert (entry.null, entry.indirect, entry.bounded) == (True, True, False)


def test_a_finding_without_a_number_is_named_and_counts_against_none():
    """In the claimed direction it lowers the certainty of none only; elsewhere it is as good as a null."""
    precise = [trial(f"S{i}", 0.001, 0.05) for i in range(5)]
    strong = five(ratio=3.0, p=1e-5)
    for_claim, against = (reported("X", p=0.01, direction=side) for side in ("worse", "better"))
    assert certainty([*precise, for_claim]).of_none == "moderate"
    assert certainty([*strong, for_claim]).for_modification == "high"
    assert certainty([*strong, against]).for_modification == "low"
    assert "Reported significant without a number: X." in certainty([*strong, against]).reasons


def test_more_nulls_than_can_be_searched():
    """Every subset of the nulls is tried up to 14; beyond, very low at most."""
    assert [len(list(subsets(n))) for n in (0, 1, 3)] == [1, 2, 8]
    rows = [*five(3.0, 1e-5), *(trial(f"N{i}", 0.0, 0.6) for i in range(15))]
    found = certainty(rows)
    assert "many_nulls" in found.flags
    assert found.for_modification == "very low"


def test_leaving_a_null_out_can_lower_the_rating():
    """A null may make trials agree by their mean or push k to five: the lowest over all subsets stands."""
    four = [trial(f"S{i}", 0.45, 0.2) for i in range(4)]
    null = trial("Null", -0.0, 0.19)
    whole = chance(np.array([0.45] * 4 + [0.0]), np.array([0.04] * 4 + [0.0361])).against
    without = chance(np.array([0.45] * 4), np.full(4, 0.04)).against
    found = certainty([*four, null])
    worst = max(whole, without)
    assert rank(found.for_modification) == (3 if worst <= 0.005 else 2 if worst <= 0.025 else 1)
    assert whole != pytest.approx(without)


# certainty of none


@pytest.mark.parametrize(("reach", "level"), [(1.25, "high"), (1.5, "moderate"), (2.0, "low")])
def test_precise_nulls_give_certainty_of_none_by_its_bands(reach, level):
    """Six equal trials whose ad hoc interval, t(5) SE / sqrt(6), ends just within a band, and just beyond it."""
    edge = math.log(reach) * math.sqrt(6) / t.ppf(0.975, 5)
    inside, beyond = ([trial(f"S{i}", 0.0, edge * factor) for i in range(6)] for factor in (0.999, 1.001))
    assert certainty(inside).of_none == level
    assert rank(certainty(beyond).of_none) < rank(level)
    assert certainty(inside).for_modification == "none"


def test_bands_and_events_by_hand():
    """An interval of 0.95 to 1.40 is moderate; 1,000 events say how many more the next band takes."""
    found = Pooled95(math.log(1.1), math.log(0.95), math.log(1.40))
    assert band(found) == rank("moderate")
    assert band(Pooled95(0.0, -3.0, 3.0)) == 0
    se = (math.log(1.25) - math.log(1.1)) / norm.ppf(0.975)
    assert events_needed(found, 0.2) == math.ceil(4 / (se**2 * 0.2 * 0.8))
    assert events_needed(found, None) is None
    assert events_needed(Pooled95(math.log(1.3), math.log(1.2), math.log(1.45)), 0.2) is None
    assert events_needed(Pooled95(0.0, -0.1, 0.1), 0.2) is None


def test_the_events_for_the_next_level_reach_it():
    """A sixfold body whose information is that of the events named lies within the next band."""
    rows = [trial(f"S{i}", 0.02, 0.25, n=1000, n_1=250) for i in range(6)]
    found = certainty(rows)
    assert (found.of_none, found.next_level) == ("moderate", "high")
    se = 2 / math.sqrt(found.events_for_next * 0.25 * 0.75)
    assert 1.96 * se + 0.02 == pytest.approx(math.log(1.25), rel=1e-3)
    assert f"High certainty of none needs about {found.events_for_next:,} events" in str(found)
    assert certainty([trial(f"S{i}", 0.0, 0.05) for i in range(6)]).next_level == ""


def test_steps_down_for_inconsistency_bias_and_indirectness():
    """Each takes a step from the certainty of none and of a modification; half the weight decides."""
    precise = [trial(f"S{i}", 0.0, 0.05) for i in range(5)]
    biased = [replace(row, flags=("fitted_cut",)) for row in precise]
    indirect = [replace(row, flags=("composite_marker",)) for row in precise]
    both = [replace(row, flags=("composite_marker", "fitted_cut")) for row in precise]
    for rows, level, flags in (
        (precise, "high", set()), (biased, "moderate", {"biased"}), (indirect, "moderate", {"indirect"}),
        (both, "low", {"biased", "indirect"}), ([*biased[:3], *precise[3:]], "moderate", {"biased"}),
        ([*biased[:2], *precise[2:]], "high", set()),
        ([replace(row, endpoint="KI67_change") for row in precise], "moderate", {"indirect"}),
        ([replace(row, treatment_1="ai", treatment_0="tamoxifen") for row in precise], "moderate", {"indirect"}),
        ([trial(f"S{i}", 0.07 * (-1) ** i, 0.04) for i in range(6)], "moderate", {"inconsistent", "null_lowers"}),
    ):  # fmt: skip
        found = certainty(rows)
        assert (found.of_none, set(found.flags)) == (level, flags)
    strong = five(3.0, 1e-5)
    assert certainty([replace(row, flags=("fitted_cut",)) for row in strong]).for_modification == "moderate"


def test_one_trial_alone():
    """However precise, one trial gives moderate at most, and no certainty of none: others may differ."""
    sure = certainty([trial("A", 3.0, 0.05)])
    assert sure.for_modification == "moderate"
    assert certainty([trial("A", 0.0, 0.03)]).of_none == "none"
    assert "one_trial" in sure.flags


def test_rows_without_information_buy_nothing():
    """Positive trials of SE 5 beside two real ones would take the pool to five studies; they do not count."""
    two = [trial("A", 0.6, 0.25), trial("B", 0.6, 0.25)]
    found = certainty([*two, *(trial(f"S{i}", 0.5, 5.0) for i in range(3))])
    assert found.scenarios[0].k == 2
    assert found.scenarios[0].judged == certainty(two).scenarios[0].judged


# tables and alarms


def test_table_and_text():
    """Ratings, the pool and the reasons stand in the table and in the text, escaped on a page."""
    found = certainty([*five(), trial("<b>", 0.9, 0.3)])
    table = found.table()
    assert [row.cells[1].text for row in table.rows[:3]] == [found.direction, found.for_modification, found.of_none]
    assert table.footnotes[:-1] == found.reasons
    assert table.footnotes[-1].startswith("Chance of the other side")
    assert table.rows[3].cells[3].parts[0].value == found.scenarios[0].judged.against
    assert "6 randomised trials, none of them null." in str(found)
    assert "chance of no effect in the claimed direction 0.00" in str(found)
    assert "<b>" not in certainty([trial("<b>", -0.9, 0.3)])._repr_html_()


def test_iceman_items_are_filled_where_rows_can_tell():
    """Within trials, similarity, chance and model come from the rows; the others are the author's."""
    answers = [row.cells[1].text for row in iceman_table(certainty(five())).rows]
    author = "to be judged by the author"
    assert answers == [
        "definitely yes", "definitely yes", "not applicable", author, "probably no", author, "definitely yes", author,
    ]  # fmt: skip
    chances = [(1e-5, "definitely yes"), (0.03, "probably yes"), (0.3, "definitely no")]
    for p, answer in chances:
        assert iceman_table(certainty(five(p=p))).rows[4].cells[1].text == answer
    empty = [row.cells[1].text for row in iceman_table(certainty([])).rows]
    assert empty == [author, author, "not applicable", author, author, author, "definitely yes", author]
    mixed = certainty([trial(f"S{i}", 0.5 * (-1) ** i, 0.1) for i in range(4)])
    assert iceman_table(mixed).rows[1].cells[1].text == "definitely no"


@pytest.mark.parametrize("way", range(4))
def test_false_alarms_are_rare(way):
    """True ratio 1, with all numbers, non-significant ones suppressed (bounded or not), or trials not reported at all.

    The full run of 2,000 bodies is benchmarks/CERTAINTY.md; here 120, whose bound is 5 % + 2 Monte Carlo errors.
    """
    module = alarms_module()
    rate = module.alarms(120, module.WAYS[way], tau=0.1, seed=7)
    assert rate <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 120)


def test_the_rating_can_be_earned():
    """With a true ratio of 2 a third of the bodies or more are rated moderate or high: rare alarms are not silence."""
    module = alarms_module()
    assert module.alarms(60, module.ALL, ratio=2.0, seed=3) > 0.3
