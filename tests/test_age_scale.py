"""Age as the time scale: coxph of age at entry and exit, the very old, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from public_data import analysis_of, answers, gbsg, metabric

import tamoxres as tr
from tamoxres.analysis.age_scale import age_scale
from tamoxres.analysis.landmark import landmark
from tamoxres.errors import AnalysisError

ITERATED = 1e-7
R = answers("age_scale")


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("crude", {}),
        ("adjusted", {"adjust": ["nodes", "grade"]}),
        ("stratified", {"adjust": "nodes", "strata": "menopause"}),
    ],
)
def test_it_is_coxph_with_entry_at_age(name, choices):
    """Treatment's hazard ratio, its error and the likelihood are R's, with age as time."""
    found = tr.cox(age_scale(gbsg()), **choices)
    assert found.coefficients == pytest.approx(np.atleast_1d(R[name]["coef"]), rel=ITERATED)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(np.atleast_1d(R[name]["se"]), rel=ITERATED)
    assert found.loglik == pytest.approx(R[name]["loglik"], rel=1e-9)
    assert "age_as_time" in found.effect.flags
    assert found.effect.person_years == pytest.approx(tr.cox(gbsg()).effect.person_years, rel=1e-9)


def test_entry_beyond_a_hundred_years_counts():
    """Sixty years more for everybody change no hazard ratio: only who is at risk together matters."""
    young = gbsg()
    old = replace(young, frame=young.frame.assign(age=young.frame["age"] + 60))
    assert age_scale(old).frame["entry"].max() > 1200
    assert tr.cox(age_scale(old), adjust="nodes").coefficients == pytest.approx(R["old"], rel=ITERATED)


def test_the_interaction_takes_it():
    """One model with treatment x marker on the age scale; unknown ages leave with a step in the flow."""
    both = metabric(treatment="any")
    some = replace(both, frame=both.frame.assign(age=both.frame["age"].where(np.arange(both.n) > 4)))
    moved = age_scale(some)
    assert moved.n == both.n - 5
    assert moved.flow.steps[-1].name == "Age known"
    row = tr.interaction(moved, strata="site").effect
    assert row.n == moved.n
    assert "age_as_time" in row.flags
    assert any("Age is the time scale" in sentence for sentence in row.sentences)


def test_what_counts_from_diagnosis_is_refused():
    """Risks and means are not defined on the age scale; nor a landmark, nor the scale twice, nor without age."""
    moved = age_scale(gbsg())
    for ask in (
        lambda: tr.rmst(moved, horizon=60, by="treatment"), lambda: tr.absolute_effects(moved, times=60),
        lambda: tr.pseudo_regression(moved, times=60), lambda: age_scale(moved),
        lambda: age_scale(landmark(gbsg(), at=12)), lambda: age_scale(analysis_of([1.0, 2], [1, 0])),
    ):  # fmt: skip
        with pytest.raises(AnalysisError, match=r"age|Age"):
            ask()
    unmoved = analysis_of([5.0, 6, 7, 0], [1, 1, 0, 0], age=[50.0, 60, 70, 80], endocrine=["yes", "no", "no", "yes"])
    assert age_scale(unmoved).n == 3


def test_a_file_on_the_age_scale(tmp_path):
    """A registry whose times are ages enters late: then 103 years are no fault; without entry they are."""
    file, rules = tmp_path / "old.csv", tmp_path / "old.toml"
    rows = [(i, 12 * age, 12 * age + 30, i % 2) for i, age in enumerate([50, 60, 70, 80, 101, 99])]
    file.write_text("pid,from,to,dead\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows))
    head = 'name = "old"\ntreatment_specificity = "endocrine_unspecified"\n[columns]\npatient = "pid"\n'
    end = '[endpoints.OS]\ntime = "to"\nunit = "months"\nevent = "dead"\nevent_values = [1]\ncensored_values = [0]\n'
    rules.write_text(head + 'entry_months = "from"\n' + end)
    patients = tr.load(file, mapping=rules).patients
    assert patients["entry_months"].max() == 1212.0
    assert patients["OS_months"].max() == 1242.0
    rules.write_text(head + end)
    with pytest.raises(tr.TamoxresError, match="more than a century"):
        tr.load(file, mapping=rules)


def test_a_question_may_ask_for_it(run):
    """In one call, on the command line, in a plan: age as the time scale; an unknown one is refused."""
    asked = {"endpoint": "RFS", "estimand": "treatment_effect", "er": "any", "time_scale": "age"}
    found = tr.ask(tr.load("gbsg"), tr.Question.from_mapping(asked))[0]
    assert found.log_estimate == pytest.approx(R["crude"]["coef"], rel=ITERATED)
    code, out, _ = run(
        "effect", "gbsg", "--estimand", "treatment_effect", "--endpoint", "RFS", "--er", "any", "--time-scale", "age"
    )
    assert (code, "0.66" in out) == (0, True)
    with pytest.raises(tr.TamoxresError, match="time_scale"):
        tr.Question(endpoint="RFS", estimand="treatment_effect", time_scale="calendar")
