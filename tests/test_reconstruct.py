"""reconstruct: patients behind published curves, proven on curves whose patients are known; what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from curve_proof import compared, digitised, printed, public, resampled
from hypothesis import given, settings
from hypothesis import strategies as st

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.cohorts.reconstruct import CurveSource, reconstruct
from tamoxres.errors import DataError, PoolingError, QuestionError
from tamoxres.kernel.curve_to_patients import falling, product_limit

PROOF = json.loads(
    (Path(__file__).parent / "reference" / "reconstruct" / "reconstruct.json").read_text(encoding="utf-8")
)
SMALL = {"time": [0, 4, 9], "at_risk": [10, 8, 5]}


# ---- by hand -------------------------------------------------------------------------------------------------------


def test_a_small_curve_by_hand():
    """Ten patients: one event at 1 (0.9), two at 3 (0.9 x 7/9), one censored at 4, one event at 6 (x 5/6)."""
    curve = [1, 0.9, 0.7, 0.7 * 5 / 6, 0.7 * 5 / 6]
    made = reconstruct([0, 1, 3, 6, 8], curve, at_risk={"time": [0, 3.5, 5, 7], "at_risk": [10, 7, 6, 5]})
    events = made.patients[made.patients["event"] == 1]["time"].tolist()
    assert events == [1, 3, 3, 6]
    assert made.patients[made.patients["event"] == 0]["time"].tolist()[0] == 4.25
    assert made.fits[0].at_risk_gap == 0
    assert made.rmse == pytest.approx(0, abs=1e-12)
    assert made.flags == ("reconstructed",)


def test_a_curve_that_falls_to_zero():
    """The last patient's event ends the curve; nobody is left to censor."""
    made = reconstruct([1, 2, 3], [2 / 3, 1 / 3, 0], at_risk=3)
    assert made.patients.to_dict("list") == {"time": [1, 2, 3], "event": [1, 1, 1]}
    assert made.flags == ("reconstructed", "no_censoring_information")


def test_without_numbers_at_risk():
    """The events alone give as many patients as fall without censoring, flagged; nothing at all is refused."""
    made = reconstruct([1, 2, 3], [0.9, 0.8, 0.6], events=40)
    assert (len(made.patients), int(made.patients["event"].sum())) == (100, 40)
    assert made.flags == ("reconstructed", "no_censoring_information")
    assert made.rmse == pytest.approx(0, abs=1e-12)
    with pytest.raises(DataError, match="give the numbers at risk, or the number at the start"):
        reconstruct([1, 2, 3], [0.9, 0.8, 0.6])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_never_rising(values):
    """The monotone fit never rises, keeps the mean, and leaves alone what falls already."""
    given_values = np.array(values)
    fitted = falling(given_values)
    assert (np.diff(fitted) <= 1e-12).all()
    assert fitted.mean() == pytest.approx(given_values.mean())
    ordered = np.sort(given_values)[::-1]
    assert falling(ordered).tolist() == ordered.tolist()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(60, 200))
def test_patients_of_any_curve(seed, n):
    """Whatever the curve: as many patients as printed, no time outside, and a clean curve is given back."""
    dice = np.random.default_rng(seed)
    time, event = np.round(dice.exponential(20, n), 1) + 0.1, (dice.random(n) < 0.6).astype(int)
    at = np.unique(time)
    curve = product_limit(time, event, at)
    table = np.linspace(0, 0.8 * time.max(), 5)
    risk = [int((time >= t).sum()) for t in table]
    made = reconstruct(at, curve, at_risk={"time": table, "at_risk": risk}, events=int(event.sum()))
    assert len(made.patients) == n
    assert made.patients["time"].between(0, time.max()).all()
    assert made.patients["event"].isin([0, 1]).all()
    assert made.rmse < 0.04
    assert abs(int(made.patients["event"].sum()) - int(event.sum())) <= max(4, 0.12 * n)


# ---- proof ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "seed"), [("gbsg", 1), ("gbsg", 2), ("lung", 3), ("lung", 4), ("metabric", 5)])
def test_answers_come_back(name, seed):
    """A noisy, incomplete reading gives the hazard ratio within a third of its error, the error itself, the risks."""
    found = compared(name, seed)
    assert abs(found["d_log_hr"]) < found["se"] / 3
    assert found["se_ratio"] == pytest.approx(1, abs=0.05)
    assert max(abs(found["d_risk_0"]), abs(found["d_risk_1"])) < 0.06
    assert found["rmse"] < 0.03
    kept = next((row for row in PROOF["rows"] if (row["data"], row["seed"]) == (name, seed)), None)
    assert kept is not None
    assert kept["d_log_hr"] == pytest.approx(found["d_log_hr"], abs=1e-4), "the proof on file is of this code"


def test_two_hundred_curves():
    """The proof on file: 200 curves, unbiased, within an eighth of the error, standard errors within 3 %, as told."""
    every = PROOF["all"]
    assert PROOF["curves"] + len(PROOF["refused"]) == 200
    assert len(PROOF["refused"]) == 0
    assert abs(every["log_hr_mean_in_se"]) < 0.05
    assert every["log_hr_rms_in_se"] < 1 / 8
    assert max(1 - every["se_ratio_least"], every["se_ratio_most"] - 1) < 0.03
    assert every["se_ratio_mean"] == pytest.approx(1, abs=0.02)
    assert every["risk_rms"] < 0.02
    assert every["median_ratio_mean"] == pytest.approx(1, abs=0.02)


# ---- the cohort ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lung():
    """Lung's two curves, read with noise, as groups of a marker."""
    dice = np.random.default_rng(7)
    trial = resampled(public("lung"), 300, dice)
    times, values, names = digitised(trial, dice)
    about = CurveSource(
        study="loprinzi_1994", unit="days", marker="SEX", altered="1", endpoint="OS", citation="Loprinzi"
    )
    return reconstruct(times, values, group=names, at_risk=printed(trial), source=about), trial


def test_the_cohort_answers_single_outcomes(lung):
    """Kaplan-Meier, log-rank, Cox: published rows by route `reconstructed`, flagged, sharing the study's patients."""
    made, trial = lung
    chosen = tr.select(made.cohort, marker="SEX", endpoint="OS", er="any", treatment="any")
    row = tr.cox(chosen).effect
    assert (row.origin, row.route, row.overlaps, row.n) == ("published", "reconstructed", ("loprinzi_1994",), 300)
    assert row.flagged("reconstructed")
    assert not row.flagged("no_censoring_information")
    assert "reconstructed from a published curve" in row.note
    assert tr.kaplan_meier(chosen).at([6])["n_risk"].sum() > 0
    assert float(made.cohort.patients["OS_months"].max()) < trial.time.max() / 30
    for ask in (tr.cumulative_incidence, tr.gray_test):
        with pytest.raises(QuestionError, match="holds one outcome: what competed was censored"):
            ask(chosen)


def test_never_pooled_with_the_printed_row(lung):
    """The study's own printed row holds the same patients; covariates are refused, as there are none."""
    made, _ = lung
    chosen = tr.select(made.cohort, marker="SEX", endpoint="OS", er="any", treatment="any")
    row = tr.cox(chosen).effect
    shared = {"marker": "SEX", "endpoint": "OS", "estimand": row.estimand, "treated_alike": row.treated_alike}
    other = tr.from_printed(study="loprinzi_1994", estimate=0.59, ci_low=0.42, ci_high=0.82, **shared)
    with pytest.raises(PoolingError, match="share patients"):
        tr.pool([row, other])
    with pytest.raises(QuestionError, match="age"):
        tr.cox(chosen, adjust="age")


def test_groups_of_a_treatment(lung):
    """Curves of two treatments give a treatment effect."""
    _, trial = lung
    times, values, names = digitised(trial, np.random.default_rng(8))
    about = CurveSource(study="trial", unit="days", treated="1", design="randomised")
    made = reconstruct(times, values, group=names, at_risk=printed(trial), source=about)
    answer = tr.ask(made.cohort, tr.Question(endpoint="OS", estimand="treatment_effect", er="any"))
    assert answer[0].design == "randomised"
    with pytest.raises(DataError, match="No curve is called 'drug'"):
        reconstruct(times, values, group=names, at_risk=printed(trial), source=CurveSource(treated="drug"))


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "survival", "more", "says"),
    [
        ([0, 5], [100, 60], {}, "survival 100 lies outside 0 to 1. Divide percentages by 100"),
        ([0, 5], [1, -0.03], {}, "survival -0.03 lies outside 0 to 1"),
        ([0, 2, 5], [0.0, 0.1, 0.4], {}, "survival rises by 0.40 up to time 5. .* is it a cumulative incidence"),
        ([0, 2, 5], [1, 0.7, 0.76], {}, "rises by 0.06"),
        ([0, 5], [1, 0.6, 0.5], {}, "as many times as values"),
        ([0, np.nan], [1, 0.6], {}, "must be finite"),
        ([0, -1], [1, 0.6], {}, "times not negative"),
        ([0, 5], [1, 0.6], {"at_risk": {"time": [0, 4], "at_risk": [10, 11]}}, "rise from 10 to 11 at 4"),
        ([0, 5], [1, 0.6], {"at_risk": {"time": [2, 4], "at_risk": [10, 9]}}, "give that at time 0"),
        ([0, 5], [1, 0.6], {"at_risk": {"time": [0], "n": [10]}}, "no column 'at_risk'; found time, n"),
        ([0, 5], [1, 0.6], {"at_risk": {"time": [0, 4], "at_risk": [10, 8.5]}}, "whole numbers"),
        ([0, 5], [1, 0.6], {"events": 11}, "11 events in 10 patients"),
        ([0, 5], [1, 0.6], {"group": ["a", "b"]}, "no column 'group', and there are 2 curves"),
        ([0, 2, 5], [1, 0.75, 0.75], {"at_risk": 2}, "do not give it back"),
        ([0, 2, 5], [1, 0.5, 0.5], {"at_risk": {"time": [0, 4], "at_risk": [100, 95]}}, "numbers at risk contradict"),
    ],
)  # fmt: skip
def test_curves_that_are_refused(times, survival, more, says):
    """What is no Kaplan-Meier curve, and numbers at risk that cannot be, are refused in one sentence."""
    with pytest.raises(DataError, match=says):
        reconstruct(times, survival, **{"at_risk": SMALL, **more})


def test_small_faults_are_mended():
    """Noise just above 1, a rise below 0.05, points in no order and two at one time are read as they are meant."""
    made = reconstruct([9, 0, 2, 5, 5], [0.58, 1.01, 0.92, 0.6, 0.62], at_risk=SMALL)
    assert made.rmse < 0.05
    assert made.patients["time"].is_monotonic_increasing


# ---- command line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("time,survival\n0,1\n2,0.9\n5,0.6\n9,0.6\n", "time,at_risk\n0,10\n4,8\n9,5\n"),
        ("0;1\n2;0.9\n5;0.6\n9;0.6\n", "0,10\n4,8\n9,5\n"),
        ("x\ty\n5\t0.6\n0\t1\n9\t0.6\n2\t0.9\n", "t,n_risk\n0,10\n4,8\n9,5\n"),
    ],
)
def test_on_the_command_line(tmp_path, capsys, text, table):
    """A digitiser's file, with or without a header, gives patients and says how well they fit."""
    curve, risk, out = tmp_path / "curve.csv", tmp_path / "risk.csv", tmp_path / "patients.csv"
    curve.write_text(text, encoding="utf-8")
    risk.write_text(table, encoding="utf-8")
    with pytest.raises(SystemExit, match="0"):
        main(["reconstruct", str(curve), "--at-risk", str(risk), "-o", str(out)])
    said = capsys.readouterr().out
    assert "all: 10 patients, 4 events; RMSE 0.0265" in said
    assert "They give it back" in said or "they give it back" in said
    assert pd.read_csv(out)["event"].sum() == 4


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("time,survival\n0,1\n5,0.6\n", [], "Give the numbers at risk"),
        ("time,share\n0,1\n5,0.6\n", ["--patients", "10"], "no column 'survival'; found time, share"),
        ("time,survival\n0,1\n5,zero\n", ["--patients", "10"], "line 3, column survival: 'zero' is not a number"),
        ("time,survival\n0,1,2\n", ["--patients", "10"], "line 2: 3 cells under 2 columns"),
        ("time,survival\n0,1\n5,0.6\n", ["--at-risk", "none.csv"], "none.csv does not exist"),
    ],
)
def test_bad_files_on_the_command_line(tmp_path, capsys, text, options, says):
    """One sentence names file, line and column, with exit code 2."""
    curve = tmp_path / "curve.csv"
    curve.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["reconstruct", str(curve), "-o", str(tmp_path / "p.csv"), *options])
    assert says in capsys.readouterr().err
