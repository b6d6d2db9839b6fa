"""The pool's defaults against metafor: ad hoc interval, prediction `same`, rows without information, Bayesian line."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_data import CLOSED, ITERATED, close, pooled

from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError
from tamoxres.meta.bayes import bayesian
from tamoxres.meta.bias import kendall, rank_test
from tamoxres.meta.deft import deft
from tamoxres.meta.heterogeneity import tau2_interval
from tamoxres.meta.pool import pool
from tamoxres.meta.regression import meta_regression
from tamoxres.meta.tables import meta_table

R = json.loads((Path(__file__).parent / "reference" / "meta" / "defaults.json").read_text())
HUGE = "study,log_estimate,se\nA,18.5,2850\nB,0.2,0.2\nC,0.3,0.25\n"  # a public report's rows
HOW = {"adhoc": "adhoc", "hksj": "hksj", "z": "z"}


def row(study, log_estimate=0.1, se=0.2, **other):
    """A hazard ratio of a study."""
    return EffectEstimate(study=study, log_estimate=log_estimate, se=se, **other)


def rows(y, v):
    """Hazard ratios with variances."""
    return [row(f"S{i}", float(one), math.sqrt(error)) for i, (one, error) in enumerate(zip(y, v, strict=True))]


def huge():
    """One row of SE 2,850 beside two of 0.2 and 0.25."""
    return [row(r["study"], float(r["log_estimate"]), float(r["se"])) for r in csv.DictReader(HUGE.splitlines())]


@pytest.mark.parametrize("name", ["bcg", "agreeing"])
@pytest.mark.parametrize("k", range(2, 11))
@pytest.mark.parametrize("ci", HOW)
def test_few_studies_equal_metafor(name, k, ci):
    """K = 2 to 10: estimate, SE, P, 95 and 90 % limits and the prediction interval `same` are metafor's."""
    given_rows, expected = rows(R["few"][name]["yi"][:k], R["few"][name]["vi"][:k]), R["few"][name]["fits"][f"k{k}"][ci]
    for level in (95, 90):
        answer = pool(given_rows, ci=ci, level=level / 100, keep_uninformative=True)
        limits = [*(math.log(limit) for limit in answer.ci()), *(answer.prediction or ())]
        close(limits, expected[f"level_{level}"], ITERATED, f"{name} {k} {ci} {level}")
    found = [answer.point, answer.se, answer.p_value, answer.tau2]
    close(found, [expected[key] for key in ("estimate", "se", "p", "tau2")], ITERATED, f"{name} {k} {ci}")


def test_two_null_trials_are_no_finding():
    """Two null trials that agree: plain Hartung-Knapp calls them significant, the default does not, and says why."""
    two = [row("A", 0.10, 0.20), row("B", 0.11, 0.22)]
    assert pool(two, ci="hksj").p_value < 0.05
    answer = pool(two)
    assert answer.ci_method == "adhoc"
    assert answer.p_value > 0.5
    assert {"two_studies", "few_studies"} <= set(answer.flags)
    assert "holds nearly every value by construction" in str(answer)
    assert "two_studies" not in pool([*two, row("C")]).flags
    assert "two_studies" not in pool(two, ci="z").flags


def test_the_bayesian_line_stands_beside_two_to_four_studies():
    """It is the mean of the whole posterior under the default prior, computed when asked for, and gone at five."""
    four = [row(f"S{i}", 0.1 * i) for i in range(4)]
    answer = pool(four)
    line, whole = answer.bayes, bayesian(answer)
    close([line.point, line.low, line.high], [whole.mu.point, whole.mu.low, whole.mu.high], CLOSED, "line")
    close(line.p_above, whole.p_above, CLOSED, "probability")
    assert (line.tau_scale, line.level) == (0.5, 0.95)
    assert "Bayesian: HR 1.16" in str(answer)
    assert "(half-normal(0.5) on tau)" in str(answer)
    labels = [row.cells[0].text for row in meta_table(answer).rows]
    assert labels[-1] == "Bayesian, half-normal(0.5) on tau"
    assert labels[-2] == "Prediction interval (same)"
    assert pool([*four, row("S4")]).bayes is None
    assert "Bayesian" not in str(pool([*four, row("S4")]))
    assert pool(four, tau2="common").bayes is None
    differences = [EffectEstimate(study=s, measure="RD", difference=0.1, se=0.05) for s in "AB"]
    assert pool(differences).bayes is None


studies = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.05, 1)), min_size=3, max_size=9)


@settings(max_examples=80, deadline=None)
@given(studies, st.sampled_from(["adhoc", "hksj", "z"]), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_rule_same_is_never_narrower_than_the_interval(values, ci, level):
    """Mu +- t sqrt(tau2 + SE^2) holds mu +- t SE, whatever the data, the interval and the level."""
    y, se = np.array(values).T
    answer = pool(rows(y, se**2), ci=ci, level=level, keep_uninformative=True)
    low, high = (math.log(limit) for limit in answer.ci())
    assert answer.prediction[0] <= low + 1e-12
    assert answer.prediction[1] >= high - 1e-12
    assert "prediction_narrower" not in answer.flags


def test_other_rules_that_are_narrower_say_so():
    """Agreeing studies: the normal prediction interval lies inside the ad hoc interval, and the pool names it."""
    agreeing = rows(R["few"]["agreeing"]["yi"][:4], R["few"]["agreeing"]["vi"][:4])
    for rule, ci, is_narrower in (
        ("z", "adhoc", True),
        ("hksj", "adhoc", True),
        ("hts", "adhoc", False),
        ("z", "z", False),
    ):
        answer = pool(agreeing, prediction=rule, ci=ci)
        assert ("prediction_narrower" in answer.flags) is is_narrower, rule
        assert any("narrower than the interval of the mean" in note for note in answer.notes) is is_narrower
    assert pool(agreeing[:2], prediction="k1").prediction is None


def test_a_row_of_se_2850_carries_no_information():
    """It is shown apart, buys no degree of freedom, and is questioned; the other two pool as if it were not there."""
    answer, two = pool(huge()), pool(huge()[1:])
    assert [r.study for r in answer.no_information] == ["A"]
    assert (answer.k, answer.df, answer.effects) == (2, 1, two.effects)
    assert {"no_information", "huge_se"} <= set(answer.flags)
    assert "No information: A" in str(answer)
    assert "A (SE 2,850)" in str(answer)
    for ci, expected in R["huge"]["without"].items():
        answer = pool(huge(), ci=ci)
        close(
            [answer.point, answer.se, answer.p_value], [expected[key] for key in ("estimate", "se", "p")], ITERATED, ci
        )
    assert str(pool(huge(), ci="hksj")).startswith("HR 1.27 (0.68-2.36), P = 0.128 (2 studies")
    kept = pool(huge(), keep_uninformative=True, ci="hksj")
    assert (kept.k, kept.no_information) == (3, ())
    close(kept.p_value, R["huge"]["with"]["hksj"]["p"], ITERATED, "kept")
    assert "huge_se" in kept.flags
    assert "without A P = 0.128" in str(kept)


def test_one_row_with_all_the_information_is_no_pool():
    """Where one row alone carries information the pool is refused, by name and with the way round."""
    alone = [row("A", 0.2, 0.1), row("B", 0.3, 3.0)]
    with pytest.raises(PoolingError, match=r"Only A carries information; beside it B .* keep_uninformative=True"):
        pool(alone)
    assert pool(alone, keep_uninformative=True).k == 2


def test_the_line_is_one_percent_of_the_mean_weight():
    """K w / sum(w) just above 0.01 stays, just below is set aside: 3 studies, two of weight 1."""
    edge = 0.02 / (3 - 0.01)  # weight w with 3 w / (2 + w) = 0.01
    for weight, aside in ((edge * 1.001, 0), (edge * 0.999, 1)):
        answer = pool([row("A", 0.1, 1.0), row("B", 0.2, 1.0), row("C", 0.3, weight**-0.5)])
        assert len(answer.no_information) == aside


def test_a_light_row_that_moves_p_across_alpha_is_named():
    """A trial of a few percent of the mean weight buys a degree of freedom and P below 0.05: the pool says so."""
    three = [row("A", 0.60, 0.20), row("B", 0.62, 0.20), row("C", 0.61, 1.1)]
    answer = pool(three)
    without = pool(three[:2])
    assert answer.p_value < 0.05 < without.p_value
    assert "light_row_decides" in answer.flags
    assert any("without C P = 0." in note and "moves P across 0.05" in note for note in answer.notes)
    assert "light_row_decides" not in pool([*three[:2], row("C", 0.61, 0.5)]).flags
    assert "light_row_decides" not in pool([row("A", 0.0), row("B", 0.02), row("C", 0.1, 1.1)]).flags


def test_empty_q_profile_sets_are_said_so():
    """Estimates that agree too well leave no tau2 at all, as in metafor: no limits, and the text says empty."""
    assert R["empty"]["null"] is True
    assert tau2_interval(np.array(R["empty"]["yi"]), np.array(R["empty"]["vi"])) is None
    answer = pool(rows(R["empty"]["yi"], R["empty"]["vi"]))
    assert (answer.tau2, answer.tau2_ci_low, answer.tau2_ci_high) == (0, None, None)
    assert "tau2_interval_empty" in answer.flags
    assert "tau2 0.000 (interval empty)" in str(answer)
    assert json.loads(answer.to_json())["tau2_ci_high"] is None
    assert "tau2_interval_empty" not in pooled().flags


@pytest.mark.parametrize("k", R["ranks"])
def test_rank_test_is_exact_up_to_100_studies(k):
    """Begg's tau and its exact P as metafor's ranktest gives them, without ties, up to k = 100."""
    expected = R["ranks"][k]
    found = rank_test(np.array(expected["yi"]), np.array(expected["vi"]))
    close(found, (expected["tau"], expected["p"]), CLOSED, k)


def test_kendall_is_normal_beyond_100_and_hardly_differs():
    """At 101 the normal P stands; exact P at 100 is near it, so that nothing jumps."""
    draw = np.random.default_rng(4)
    a, b = draw.normal(size=101), draw.normal(size=101)
    assert kendall(a, b)[1] == pytest.approx(kendall(a[:100], b[:100])[1], abs=0.1)
    assert kendall(np.arange(101.0), np.arange(101.0))[1] == pytest.approx(0, abs=1e-20)


@pytest.mark.parametrize(("name", "expected"), R["regression"].items())
def test_meta_regression_without_tau2_reports_metafors_i2_and_r2(name, expected):
    """I2 by Q and the adjusted R2 of the weighted regression, beside coefficients and tests."""
    from meta_data import META

    columns = {"ablat": {"ablat": META["bcg"]["ablat"]}}
    columns["ablat_year"] = {**columns["ablat"], "year2": [year - 1948 for year in META["bcg"]["year"]]}
    found = meta_regression(pooled(tau2="common"), columns[name], ci="z")
    names = {
        "beta": "coefficients", "se": "se", "q": "q", "q_p": "q_p", "i2": "i2", "h2": "h2", "r2": "r2", "qm": "test",
        "qm_p": "test_p",
    }  # fmt: skip
    for theirs, ours in names.items():
        close(getattr(found, ours), expected[theirs], CLOSED, f"{name} {theirs}")


def test_meta_regression_without_tau2_on_agreeing_studies():
    """Hine: residual Q far below its degrees of freedom gives I2 0, and R2 33 %."""
    expected = R["hine_regression"]
    found = meta_regression(pooled("hine", tau2="common"), {"total": expected["total"]}, ci="z")
    close([found.i2, found.r2, found.h2], [expected["i2"], expected["r2"], expected["h2"]], CLOSED, "hine")


def test_deft_prints_a_study_of_one_stratum():
    """A study with one marker stratum is left out by name and reason, in text and table."""

    def stratum(study, level, y):
        return row(study, y, 0.3, estimand="treatment_effect", marker="HER2", marker_level=level)

    both = [stratum(s, level, y) for s in "AB" for level, y in (("altered", 0.1), ("unaltered", -0.2))]
    answer = deft([*both, stratum("C", "altered", 0.4)])
    assert "Left out: C (one marker stratum only)" in str(answer)
    assert "Left out: C (one marker stratum only)." in meta_table(answer).footnotes


def test_rows_without_information_stand_in_the_table():
    """The table names them among its notes, with the pool's own sentence."""
    assert any("No information: A" in note for note in meta_table(pool(huge())).footnotes)
