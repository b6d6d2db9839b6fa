"""pool: the result and its JSON, what is refused, what is left out, what is noted."""

from __future__ import annotations

import dataclasses
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_data import CLOSED, ITERATED, META, trials

from tamoxres.effects import EffectEstimate
from tamoxres.errors import EffectError, PoolingError
from tamoxres.meta import cautions
from tamoxres.meta.comparable import Alike
from tamoxres.meta.dependent import pool_dependent
from tamoxres.meta.moved import moved
from tamoxres.meta.pool import PooledEffect, pool

JSON_KEYS = [
    "estimate", "ci_low", "ci_high", "log_estimate", "se", "df", "p_value", "k", "tau2", "tau2_method", "tau2_ci_low",
    "tau2_ci_high", "q", "q_p", "i2_q", "i2_tau2", "h2", "ci_method", "prediction_low", "prediction_high",
    "prediction_rule", "weights", "effects",
]  # fmt: skip


def row(study, log_estimate=0.1, se=0.2, **other):
    """A hazard ratio of a study."""
    return EffectEstimate(study=study, log_estimate=log_estimate, se=se, **other)


def test_defaults_on_the_bcg_trials():
    """REML, ad hoc Hartung-Knapp, prediction by the same error; risk ratios, with the common effect beside."""
    pooled, expected = pool(trials()), META["bcg"]["fits"]["REML_adhoc"]
    assert (pooled.tau2_method, pooled.ci_method, pooled.prediction_rule, pooled.k) == ("reml", "adhoc", "same", 13)
    assert pooled.estimate == pytest.approx(math.exp(expected["estimate"]), rel=ITERATED)
    assert pooled.ci() == pytest.approx((math.exp(expected["ci_low"]), math.exp(expected["ci_high"])), rel=ITERATED)
    assert (pooled.prediction_low, pooled.prediction_high) == pytest.approx((0.1359, 1.7629), abs=5e-5)
    assert sum(pooled.weights) == pytest.approx(1)
    assert pooled.df == 12
    beside = pooled.common
    assert (beside.tau2, beside.ci_method, beside.df, beside.prediction_low) == (0, "z", None, None)
    assert beside.log_estimate == pytest.approx(META["bcg"]["fits"]["FE_z"]["estimate"], rel=CLOSED)


def test_differences_pool_on_their_own_scale():
    """Risk differences have no logarithm: the estimate is the pooled difference."""
    pooled = pool(trials("hine"), tau2="dl", ci="z")
    assert pooled.log_estimate is None
    assert pooled.estimate == pytest.approx(META["hine"]["fits"]["DL_z"]["estimate"], rel=CLOSED)
    assert "RD 0.03 (0.00-0.06)" in str(pooled)


def test_json_has_exactly_the_agreed_keys():
    """The pooled JSON holds the agreed keys in order, full rows, and null where there is no number."""
    two = pool([row("A"), row("B", 0.5)])
    out = json.loads(two.to_json())
    assert list(out) == JSON_KEYS
    assert out["prediction_low"] is None
    assert "Prediction interval (same): NE" in str(two)
    assert out["effects"][1]["study"] == "B"
    assert out["weights"] == list(two.weights)
    assert json.loads(pool([row("A"), row("B")], tau2="common", ci="z").to_json())["df"] is None


def test_common_effect_reports_tau2_of_zero():
    """A common-effect pool has tau2 0 without an interval, and no prediction."""
    pooled = pool(trials(), tau2="common", ci="z")
    assert (pooled.tau2, pooled.tau2_ci_low, pooled.prediction, pooled.common) == (0, None, None, None)
    assert pooled.h2 == pytest.approx(META["bcg"]["fits"]["FE_z"]["h2"], rel=CLOSED)
    assert not any("common effect" in note for note in pooled.notes)
    assert pool(trials(), tau2="common") == pooled
    assert any("not meant for a common effect" in note for note in pool(trials(), tau2="common", ci="hksj").notes)


def test_the_text_holds_the_numbers_and_the_definitions():
    """The text names the measure, the interval method, both I2 and the prediction rule."""
    text = str(pool(trials()))
    for part in (
        "RR 0.49 (0.33-0.73)",
        "REML",
        "ad hoc Hartung-Knapp",
        "92% by tau2",
        "by Q",
        "(same): (0.14-1.76)",
        "Common effect: 0.65",
    ):
        assert part in text
    assert "<script>" not in pool([row("<script>"), row("B")])._repr_html_()


def test_pooled_row_is_flagged_against_pooling_again():
    """A pooled result as a row keeps its numbers and is refused by another pool unless included by name."""
    pooled = pool([row("A"), row("B", 0.4)])
    again = pooled.to_effect()
    assert (again.estimate, again.se, again.df) == pytest.approx((pooled.estimate, pooled.se, 1))
    assert again.ci() == pytest.approx(pooled.ci())
    with pytest.raises(PoolingError, match="pooled_estimate"):
        pool([again, row("C")])


def test_rows_that_were_not_estimated_are_listed_as_left_out():
    """A test alone and a row that is not estimable are left out by name, never dropped silently."""
    test = EffectEstimate(study="Only P", p_value=0.03, status="test_only")
    lost = EffectEstimate(study="No events", status="not_estimable")
    pooled = pool([row("A"), test, row("B"), lost])
    assert pooled.left_out == (test, lost)
    assert "Left out: Only P (a test without a standard error)" in str(pooled)
    assert "Left out: No events (not estimable)" in str(pooled)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ({"endpoint": "BCSS"}, {"endpoint": "RFI"}, r"Effects differ in endpoint: BCSS \(A\), RFI \(B\). Pass"),
        ({"measure": "HR"}, {"measure": "RR"}, r"differ in measure: HR \(A\), RR \(B\)"),
        ({"marker": "HER2"}, {"marker": "AKT"}, "differ in marker"),
        ({"marker": "HER2"}, {}, r"HER2 \(A\), not given \(B\)"),
        ({"estimand": "prognostic"}, {"estimand": "interaction"}, "differ in estimand"),
        (
            {"treatment_1": "tamoxifen", "treatment_0": "none"},
            {"treatment_1": "aromatase_inhibitor", "treatment_0": "tamoxifen"},
            "treatment contrast",
        ),
        (
            {"estimand": "prognostic"},
            {"estimand": "prognostic", "group_1": "unaltered", "group_0": "altered"},
            "reversed",
        ),
        ({"adjusted_for": ("age",)}, {}, r"adjustment: adjusted \(A\), crude \(B\)"),
    ],
)  # fmt: skip
def test_effects_that_differ_are_refused_by_name(one, other, says):
    """A difference in the question is one sentence that names the values and the studies."""
    with pytest.raises(PoolingError, match=says):
        pool([row("A", **one), row("B", **other)])


def test_prognostic_among_the_treated_is_not_pooled_with_that_in_all():
    """Treated with all patients is refused; two treatments are pooled with a note."""
    prognostic = {"estimand": "prognostic", "marker": "HER2"}
    tam, all_, ai = (
        row(t or "any", treatment_1=t, treated_alike="yes" if t else "no", **prognostic)
        for t in ("tamoxifen", "", "letrozole")
    )
    with pytest.raises(PoolingError, match=r"patients: treated patients \(tamoxifen\), all patients \(any\)"):
        pool([tam, all_])
    assert pool([tam, all_], alike=Alike(treatment={"any": "tamoxifen"})).k == 2
    assert "Mixed treatments: tamoxifen (tamoxifen), letrozole (letrozole)." in pool([tam, ai]).notes


def test_treatment_effects_of_the_two_marker_levels_are_not_pooled():
    """Tamoxifen in the marker-altered and in the marker-unaltered are different questions."""
    rows = [
        row(level, er="positive", marker_level=level, estimand="treatment_effect") for level in ("altered", "unaltered")
    ]
    with pytest.raises(PoolingError, match="marker level"):
        pool(rows)


def test_mapping_by_name_lets_them_pool_and_says_so():
    """A mapped endpoint and measure pool, under the target's name, with a note that names the study."""
    rows = [row("A", endpoint="RFS", measure="HR"), row("B", endpoint="DFS", measure="RR")]
    pooled = pool(rows, endpoint_map={"DFS": "RFS"}, alike=Alike(measure={"RR": "HR"}))
    assert (pooled.endpoint, pooled.measure) == ("RFS", "HR")
    assert "Endpoint DFS taken as RFS: B." in pooled.notes
    assert "Measure RR taken as HR: B." in pooled.notes


def test_patients_are_not_counted_twice():
    """The same study twice, or a declared overlap in either direction, is refused."""
    with pytest.raises(PoolingError, match="Study a stands twice"):
        pool([row("A"), row("a", 0.3), row("B")])
    with pytest.raises(PoolingError, match="B and A share patients"):
        pool([row("A"), row("B", overlaps=("A",))])


@pytest.mark.parametrize(
    "flag", ["recalled", "pooled_estimate", "overlaps_row_of_same_study", "or_of_response_above_1_favours_ai"]
)
def test_flagged_rows_are_refused_unless_included_by_name(flag):
    """A flag is refused, and accepted by name."""
    rows = [row("A", flags=("later_than_2015", flag, "of_study:x")), row("B")]
    with pytest.raises(PoolingError, match=f"A: flagged {flag}"):
        pool(rows)
    assert any(flag in note for note in pool(rows, alike=Alike(include=(flag,))).notes)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pool([row("A"), row("B")], ci="hk_adhoc"), "Unknown ci 'hk_adhoc'. Use one of adhoc, hksj, z"),
        (lambda: pool([]), "at least two estimated effects"),
        (lambda: pool([row("A")]), "found only A"),
        (lambda: pool([row("A"), row("B")], tau2="fe"), "Unknown tau2 'fe'. Use one of common, dl"),
        (lambda: pool([row("A"), row("B")], ci="t"), "Unknown ci 't'"),
        (lambda: pool([row("A"), row("B")], prediction="x"), "Unknown prediction"),
        (lambda: pool([row("A"), row("B")], level=95), "level is 95"),
        (lambda: pool(["A", "B"]), "found str"),
        (lambda: Alike(include=("all",)), "Unknown flag 'all'"),
    ],
)
def test_bad_calls_are_one_sentence(call, says):
    """Too few effects and unknown choices say what was found and what to do."""
    with pytest.raises(PoolingError, match=says):
        call()


def test_a_standard_error_of_zero_never_reaches_the_pool():
    """The row itself refuses an error of 0 and names the study."""
    with pytest.raises(EffectError, match="Naples: se is 0"):
        row("Naples", se=0.0)


def test_equal_estimates_take_the_corrected_interval_and_say_so():
    """With equal estimates the Hartung-Knapp error would be 0: max(1, q) is used, named, and noted with the studies."""
    pooled = pool([row("A"), row("B"), row("C")], ci="hksj")
    assert (pooled.tau2, pooled.ci_method) == (0, "adhoc")
    assert pooled.se == pytest.approx(0.2 / math.sqrt(3), rel=CLOSED)
    assert any(note.startswith("All estimates are equal (A, B, C)") for note in pooled.notes)


MEASURED = [
    ("rule", {"rule": "ihc_ish"}, {"rule": "snp6_gain"}, r"rule: ihc_ish \(A\), snp6_gain \(B\)"),
    ("assay", {"assay": "IHC"}, {"assay": "SNP6"}, r"assay: IHC \(A\), SNP6 \(B\)"),
    ("cut", {"cut": "median"}, {"cut": "3+"}, r"cut: median \(A\), 3\+ \(B\)"),
    ("scale", {"scale": "per_unit", "scale_unit": "1"}, {"scale": "per_unit", "scale_unit": "10"},
     r"scale or its unit: per_unit \(1\) \(A\), per_unit \(10\) \(B\)"),
    ("setting", {"setting": "adjuvant"}, {"setting": "advanced"}, r"setting: adjuvant \(A\), advanced \(B\)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "one", "other", "says"), MEASURED)
def test_how_the_marker_was_measured_must_be_alike(name, one, other, says):
    """Unlike rules, assays, cuts, scales and settings are refused unless mapped by name, which the notes tell."""
    rows = [row("A", **one), row("B", **other)]
    with pytest.raises(PoolingError, match=rf"Effects differ in {says}\. Pass alike=Alike\({name}="):
        pool(rows)
    pooled = pool(rows, alike=Alike(**{name: {"*": "any"}}))
    assert pooled.k == 2
    assert any(note.startswith(f"Mixed {name}s:") for note in pooled.notes)
    if name != "scale":  # a number has no groups, and differs from a row that compares two
        assert pool([row("A", **one), row("C")]).k == 2, "what is not told differs from nothing"


def test_many_unlike_rules_are_mapped_at_once():
    """Where more than two must be mapped, the message offers all at once."""
    rows = [row(name, rule=f"rule_{name}") for name in "ABCD"]
    with pytest.raises(PoolingError, match=r"\{'\*': 'any'\}\) \(--alike 'rule:\*=any'\)"):
        pool(rows)
    assert pool(rows, alike=Alike(rule={"*": "any"})).k == 4


def test_patients_shared_through_a_third_study():
    """Two studies of one trial, or that both overlap a third study, share patients: refused, and one cluster."""
    through = [row("A", 0.3, overlaps=("X",)), row("B", overlaps=("x",)), row("C", 0.5), row("D")]
    with pytest.raises(PoolingError, match="B and A both share patients with x, who would count twice"):
        pool(through)
    trial = [row("A", trial="ATAC"), row("B", trial="atac"), row("C"), row("D")]
    with pytest.raises(PoolingError, match="B and A share patients of the trial atac"):
        pool(trial)
    assert pool_dependent(through).clusters == (("A", "B"), ("C",), ("D",))
    chain = [row("A", 0.3, overlaps=("X",)), row("B", overlaps=("X", "Y")), row("C", overlaps=("Y",)), row("D")]
    assert pool_dependent(chain).clusters == (("A", "B", "C"), ("D",))
    assert moved(through, [through[0], *through[2:]]).empty, "one of two that share patients is kept"


def test_what_rows_leave_to_ask_is_noted():
    """An interval that is not symmetric, one that denies its P, a group without events: each by name, in the pool."""
    rows = [
        EffectEstimate.from_ci(1.48, 1.02, 3.15, study="A"),
        EffectEstimate.from_ci("0.60", "0.40", "0.90", study="B", p_value=0.20, p_kind="printed"),
        row("C", events_1=0),
    ]
    notes = " ".join(pool(rows).notes)
    assert "A: the interval 1.02-3.15 is not symmetric about its estimate: SE 0.190 by the lower limit, 0.385" in notes
    assert "B: the interval gives P 0.010 to 0.018, the source prints P = 0.2. Which is right?" in notes
    assert "C: events_1 = 0, and yet a ratio of 1.11. Is the count right?" in notes
    many = [EffectEstimate.from_ci(1.48, 1.02, 3.15, study=name) for name in "ABCD"]
    assert "the larger standard error is used: A, B, C, D." in " ".join(pool(many).notes)


def test_mixed_assays_adjustment_and_simulated_rows_are_noted():
    """What does not forbid pooling, or was mapped by name, is said with the studies' names."""
    rows = [
        row("A", assay="IHC", adjusted_for=("unknown",)),
        row("B", assay="SNP6", simulated=True),
        row("C", assay="IHC"),
    ]
    notes = pool(rows, alike=Alike(assay={"SNP6": "IHC"})).notes
    assert {"Mixed assays: IHC (A, C), SNP6 (B).", "Assay SNP6 taken as IHC: B."} <= set(notes)
    assert "Mixed adjustment: not told (A), crude (B, C)." in notes
    assert "Simulated: B." in notes


def test_few_studies_and_a_narrow_interval_are_noted():
    """Fewer than five studies, and a Hartung-Knapp error below the Wald error, are said."""
    notes = pool([row("A", 0.10), row("B", 0.12)], ci="hksj").notes
    assert any("Only 2 studies" in note for note in notes)
    assert any("of the Wald error" in note for note in notes)
    assert not any("of the Wald error" in note for note in pool([row("A", 0.10), row("B", 0.12)]).notes)
    assert pool(trials()).notes == ()


def test_the_result_cannot_be_changed():
    """A pooled effect is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        pool([row("A"), row("B")]).tau2 = 1


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0.05, 1)), min_size=2, max_size=6),
    st.sampled_from(["reml", "dl", "pm"]),
)
def test_swapping_the_contrast_inverts_the_pooled_ratio(values, tau2):
    """Reversed rows pool to the inverse ratio with inverse limits, and the same heterogeneity."""
    rows = [row(f"S{i}", y, se, estimand="prognostic") for i, (y, se) in enumerate(values)]
    pooled, turned = (
        pool(given_rows, tau2=tau2, keep_uninformative=True) for given_rows in (rows, [r.reversed() for r in rows])
    )
    assert isinstance(turned, PooledEffect)
    np.testing.assert_allclose(turned.point, -pooled.point, rtol=ITERATED, atol=ITERATED, err_msg="estimate")
    assert turned.ci_low == pytest.approx(1 / pooled.ci_high, rel=ITERATED)
    assert turned.tau2 == pytest.approx(pooled.tau2, rel=ITERATED, abs=ITERATED)


def test_more_effects_than_any_question_has_studies():
    """A pool of thousands of rows is refused in one sentence, before its rows are looked at; a large one ends."""
    row = EffectEstimate(study="A", log_estimate=0.1, se=0.2)
    for many in ([row] * 5001, iter([row] * 5001)):
        with pytest.raises(PoolingError, match=r"^5,001 effects are more than one question has studies; 5,000 are"):
            pool(many)
    rng = np.random.default_rng(4)
    se = np.where(np.arange(600) < 60, 0.9, 0.1)
    rows = [EffectEstimate(study=f"S{i}", log_estimate=float(rng.normal(0, 0.2)), se=float(se[i])) for i in range(600)]
    found = pool(rows, tau2="dl")
    assert found.k == 600
    assert found.tau2 == pytest.approx(0.2**2 - 0.1**2, abs=0.005)  # the spread given, less that by chance


@pytest.mark.parametrize("k", [3, 40])
def test_leaving_out_in_parts_is_leaving_out_at_once(k, monkeypatch):
    """The P without each light row is the same, however many analyses are made together."""
    se = np.array([0.05, *[0.9] * (k - 1)])
    found = SimpleNamespace(y=np.linspace(-0.3, 0.5, k), v=se**2, tau2="reml", ci="adhoc")
    light = np.arange(1, k)
    at_once = cautions._p_without(found, light)
    monkeypatch.setattr(cautions, "_TOGETHER", 7 * k)
    parts = cautions._parts(light, k)
    assert [len(part) for part in parts] == [7] * ((k - 1) // 7) + ([(k - 1) % 7] if (k - 1) % 7 else [])
    assert np.concatenate([cautions._p_without(found, part) for part in parts]) == pytest.approx(at_once, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_rows_that_share_patients_are_the_first_that_do(seed):
    """Of many rows the pair that is named is the one that looking at every pair would find first."""
    rng = np.random.default_rng(seed)
    names = [f"T{i}" for i in rng.integers(0, 60, 40)]
    rows = [EffectEstimate(study=f"S{i}", trial=name, log_estimate=0.1, se=0.2) for i, name in enumerate(names)]
    i, j = next((i, j) for i in range(40) for j in range(i) if names[i] == names[j])
    with pytest.raises(PoolingError, match=f"^S{i} and S{j} share patients of the trial {names[i]}"):
        pool(rows)
