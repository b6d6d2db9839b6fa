"""Case-cohort samples: R's cch and a weighted coxph, the whole cohort as truth, and who refuses them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.firth import firth
from tamoxres.models.splines import spline
from tamoxres.models.stepp import stepp
from tamoxres.models.time_split import time_split
from tamoxres.models.treatment import treatment_effect

R = json.loads((Path(__file__).parent / "reference" / "case_cohort" / "case_cohort.json").read_text(encoding="utf-8"))
ITERATED = 1e-7  # relative, of coefficients; R's tight fits end at 1e-14 of the log likelihood
METHODS = {"prentice": "Prentice", "self_prentice": "SelfPrentice", "lin_ying": "LinYing", "barlow": "Barlow"}


def yes(values: pd.Series) -> list[str]:
    return np.where(values == 1, "yes", "no").tolist()


def made(frame: pd.DataFrame, size: int, **columns: str) -> tr.Cohort:
    """R's sample as a cohort by a mapping."""
    return tr.load(
        frame,
        mapping={
            "name": "sample", "cohort_size": size, "treatment_specificity": "tamoxifen_confirmed",
            "columns": {"patient": "id", "age": "age", "subcohort": {"from": "sub", "yes": [1], "no": [0]}} | columns,
            "markers": {"HER2": {"from": "marker", "altered": [1], "unaltered": [0], "assay": "made up"}},
            "endpoints": {"RFS": {"time": "exit", "unit": "days", "event": "event", "event_values": [1],
                                  "censored_values": [0]}},
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def wilms() -> tr.AnalysisSet:
    """The Wilms tumours of cch's own example: unfavourable histology as the marker; ages are not of adults."""
    frame = pd.DataFrame(R["wilms"]["data"]).rename(columns={"age": "months_old", "unfavourable": "marker"})
    frame["stage"] = frame["stage"].map("S{}".format)
    frame["age"] = 50
    cohort = made(frame, R["wilms"]["size"], stage_name="stage", months_old="months_old")
    return tr.select(cohort, endpoint="RFS", marker="HER2", er="any", treatment="any")


@pytest.fixture(scope="module")
def drawn() -> tr.AnalysisSet:
    """A drawn sample with delayed entry, tied days and both arms."""
    frame = pd.DataFrame(R["drawn"]["data"])
    frame["entry_days"] = frame["entry"]
    more: dict[str, Any] = {
        "endocrine": {"from": "treated", "yes": [1], "no": [0]}, "entry_months": {"from": "entry_days", "unit": "days"},
    }  # fmt: skip
    return tr.select(made(frame, R["drawn"]["size"], **more), endpoint="RFS", marker="HER2", er="any", treatment="any")


@pytest.mark.parametrize("method", METHODS)
def test_the_wilms_tumours_are_those_of_r(wilms: tr.AnalysisSet, method: str) -> None:
    """Five coefficients and their covariance, as cch and, for Barlow, coxph have them."""
    found = tr.case_cohort(wilms, adjust=["stage_name", "months_old"], method=method)
    expected = R["wilms"]["fits"][METHODS[method]]
    assert found.model.coefficients == pytest.approx(expected["coef"], rel=ITERATED)
    assert found.model.covariance == pytest.approx(np.array(expected["var"]), rel=1e-6, abs=1e-9)
    assert (found.cases, found.subcohort, found.outside) == (571, 668, 486)
    assert found.fraction == pytest.approx(668 / 4028)
    assert [row.se for row in found.effects] == pytest.approx(np.sqrt(np.diag(expected["var"])), rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_delayed_entry_and_a_product_are_those_of_r(drawn: tr.AnalysisSet, method: str) -> None:
    """Treatment, marker, product and age; the ratio leads, and contrasts are sums of coefficients."""
    found = tr.case_cohort(drawn, adjust="age", method=method, product=True)
    expected = R["drawn"]["fits"][METHODS[method]]
    assert found.model.design.names == (
        "treatment[treated]",
        "marker[altered]",
        "treatment:marker[treated:altered]",
        "age",
    )
    assert found.model.coefficients == pytest.approx(expected["coef"], rel=ITERATED)
    variance = np.array(expected["var"])
    assert found.model.covariance == pytest.approx(variance, rel=1e-6, abs=1e-9)
    ratio, treated, untreated, altered, unaltered = found.effects
    assert (ratio.estimand, treated.estimand, altered.marker_level) == ("interaction", "prognostic", "altered")
    assert ratio.log_estimate == pytest.approx(expected["coef"][2], rel=ITERATED)
    assert altered.log_estimate == pytest.approx(expected["coef"][0] + expected["coef"][2], rel=1e-6)
    assert altered.se == pytest.approx(np.sqrt(variance[0, 0] + variance[2, 2] + 2 * variance[0, 2]), rel=1e-6)
    assert unaltered.log_estimate == pytest.approx(expected["coef"][0], rel=ITERATED)
    assert untreated.log_estimate == pytest.approx(expected["coef"][1], rel=ITERATED)


def test_the_estimates_lie_about_the_whole_cohort(drawn: tr.AnalysisSet) -> None:
    """R's fit of all 2,996 patients lies within two standard errors of each method; the naive model is far off."""
    whole = dict(zip(R["drawn"]["whole"]["names"], R["drawn"]["whole"]["coef"], strict=True))
    for method in METHODS:
        model = tr.case_cohort(drawn, adjust="age", method=method, product=True).model
        errors = np.sqrt(np.diag(model.covariance))
        for name, value, error in zip(
            ("treated", "marker", "treated:marker", "age"), model.coefficients, errors, strict=True
        ):
            assert abs(value - whole[name]) < 2 * error


def test_a_whole_cohort_is_a_sample_of_everybody() -> None:
    """Where the subcohort is the cohort every method is Cox's own fit, Barlow's with the sandwich."""
    whole = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    member = ["yes"] * (whole.n - 1) + ["no"]
    last = whole.frame.index[whole.frame["event"] == 1][-1]
    order = [one for one in whole.frame.index if one != last] + [last]
    frame = whole.frame.loc[order].assign(subcohort=member)
    patients = whole.cohort.patients.loc[order].assign(subcohort=["yes"] * whole.n)
    cohort = replace(whole.cohort, patients=patients, raw=patients.copy(), cohort_size=whole.n)
    sample = replace(whole, cohort=cohort, frame=frame)
    fit = treatment_effect(whole, adjust="nodes")
    for method in ("self_prentice", "prentice"):
        found = tr.case_cohort(sample, adjust="nodes", method=method)
        assert found.model.coefficients == pytest.approx(fit.coefficients, abs=0.01)
        assert found.effect.se == pytest.approx(fit.effect.se, rel=0.02)


def test_rows_say_what_they_are(wilms: tr.AnalysisSet) -> None:
    """Method, kind of error, the sample's counts and no person-years; the sampling stands under the table."""
    found = tr.case_cohort(wilms, method="barlow")
    row = found.effect
    assert (row.model, row.se_kind, row.ci_kind) == ("case_cohort_barlow", "robust", "wald")
    assert tr.case_cohort(wilms).effect.se_kind == "model"
    assert (row.n, row.events, row.person_years) == (1154, 571, None)
    assert row.flagged("case_cohort")
    told = found.table().to_markdown()
    assert "571 cases, 486 of them from outside the subcohort of 668 patients" in told
    assert "Cox regression of a case-cohort (Barlow)" in told
    assert "counts are those of the sample" in told
    assert str(row).startswith("sample HER2 RFS")


ESTIMATORS = {
    "cox": tr.cox,
    "treatment_effect": treatment_effect,
    "interaction": tr.interaction,
    "firth": firth,
    "fine_gray": tr.fine_gray,
    "parametric": lambda s: tr.parametric(s, distribution="weibull"),
    "kaplan_meier": tr.kaplan_meier,
    "cumulative_incidence": tr.cumulative_incidence,
    "logrank": tr.logrank,
    "gray": tr.gray_test,
    "rmst": lambda s: tr.rmst(s, horizon=12),
    "risk_difference": lambda s: tr.risk_difference(s, times=[12]),
    "rates": tr.event_rates,
    "weights": lambda s: tr.weights(s, adjust=["age"]),
    "impute": tr.impute,
    "spline": lambda s: spline(s, "age"),
    "time_split": lambda s: time_split(s, cuts=[6]),
    "dichotomise": lambda s: tr.dichotomise(s, "age"),
    "stepp": lambda s: stepp(s, "age"),
    "treatment_curve": lambda s: tr.treatment_curve(s, "age"),
    "absolute": lambda s: tr.absolute_effects(s, times=12),
    "competing": tr.competing_interaction,
    "robustness": tr.robustness,
    "weighted_interaction": lambda s: tr.weighted_interaction(s, adjust=["age"]),
    "bayes": tr.bayes_interaction,
    "screen": lambda s: tr.screen(s, pd.DataFrame({"A": np.arange(s.n) % 7.0}, index=s.frame.index)),
    "landmark_cox": lambda s: tr.cox(tr.landmark(s, at=1.0)),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_does_not_know_the_design_refuses_it(drawn: tr.AnalysisSet, name: str) -> None:
    """No other estimator takes all cases and a part of the others for the cohort; each says what does."""
    with pytest.raises(AnalysisError, match=r"does not know the case-cohort sample of sample.*tr.case_cohort knows it"):
        ESTIMATORS[name](drawn)


def test_the_subcohort_alone_is_a_random_sample(drawn: tr.AnalysisSet) -> None:
    """Restricted to it, every estimator runs; the case-cohort estimate refuses, as there is nothing to know."""
    alone = tr.select(drawn.cohort, endpoint="RFS", marker="HER2", er="any", treatment="any", where="subcohort == yes")
    assert alone.n == sum(R["drawn"]["data"]["sub"])
    assert tr.cox(alone).effect.n == alone.n
    assert tr.kaplan_meier(alone).curves[0].n_risk.size > 0
    with pytest.raises(QuestionError, match="declares no case-cohort sample"):
        tr.case_cohort(alone)


def test_refusals(drawn: tr.AnalysisSet) -> None:
    """No size, one too small, strangers without the event, only cases, an unknown method, a single arm."""
    unsized = replace(drawn, cohort=replace(drawn.cohort, cohort_size=0))
    with pytest.raises(QuestionError, match="how many patients its subcohort was drawn from"):
        tr.case_cohort(unsized)
    assert tr.case_cohort(unsized, cohort_size=R["drawn"]["size"]).effect == tr.case_cohort(drawn).effect
    with pytest.raises(QuestionError, match="cohort_size is 600, and the sample alone holds 860"):
        tr.case_cohort(drawn, cohort_size=600)
    event = drawn.frame["event"].where(drawn.frame.index != drawn.frame.index[drawn.frame["subcohort"] == "no"][0], 0)
    with pytest.raises(QuestionError, match="1 patients from outside the subcohort have no event of RFS"):
        tr.case_cohort(replace(drawn, frame=drawn.frame.assign(event=event)))
    cases = drawn.without((drawn.frame["event"] == 1).to_numpy(), name="cases", why="")
    with pytest.raises(AnalysisError, match="only cases"):
        tr.case_cohort(cases)
    with pytest.raises(tr.TamoxresError, match="method is 'borgan'|borgan"):
        tr.case_cohort(drawn, method="borgan")
    treated = tr.select(drawn.cohort, endpoint="RFS", marker="HER2", er="any", treatment="endocrine")
    with pytest.raises(AnalysisError, match="untreated arm"):
        tr.case_cohort(treated, product=True)
    assert 0 < tr.case_cohort(treated).effect.se < 1


def test_a_part_of_the_cohort_keeps_the_sampling_fraction(drawn: tr.AnalysisSet) -> None:
    """In older patients the fraction is that of the whole: the number of older patients outside is not known."""
    older = tr.select(drawn.cohort, endpoint="RFS", marker="HER2", er="any", treatment="any", where="age >= 60")
    found = tr.case_cohort(older, method="lin_ying")
    assert found.fraction == tr.case_cohort(drawn).fraction
    assert found.subcohort < 500


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`tamoxres case-cohort` prints the table with the sampling, and writes the rows."""
    frame = pd.DataFrame(R["drawn"]["data"])
    frame.to_csv(tmp_path / "sample.csv", index=False)
    (tmp_path / "m.toml").write_text(
        f"""name = "sample"
cohort_size = {R["drawn"]["size"]}
treatment_specificity = "tamoxifen_confirmed"
[columns]
patient = "id"
age = "age"
subcohort = {{ from = "sub", yes = [1], no = [0] }}
endocrine = {{ from = "treated", yes = [1], no = [0] }}
entry_months = {{ from = "entry", unit = "days" }}
[markers.HER2]
from = "marker"
altered = [1]
unaltered = [0]
[endpoints.RFS]
time = "exit"
unit = "days"
event = "event"
event_values = [1]
censored_values = [0]
""",
        encoding="utf-8",
    )
    asked = ["case-cohort", str(tmp_path / "sample.csv"), "--mapping", str(tmp_path / "m.toml"), "--marker", "HER2"]
    asked += ["--endpoint", "RFS", "--er", "any", "--adjust", "age", "--interaction", "--method", "lin_ying"]
    with pytest.raises(SystemExit) as left:
        main(asked)
    assert left.value.code in (0, None)
    assert "outside the subcohort of 500 patients" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*asked, "--format", "json", "-o", str(tmp_path / "rows.json")])
    rows = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    rows = rows["effects"] if isinstance(rows, dict) else rows
    assert float(rows[0]["log_estimate"]) == pytest.approx(R["drawn"]["fits"]["LinYing"]["coef"][2], rel=ITERATED)
    assert rows[0]["model"] == "case_cohort_lin_ying"
