"""NHS Predict v2.1: its numbers against a program written anew in R, its validation against glm, coxph, concordance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of, answers, metabric

import tamoxres as tr
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.figures.calibration_plot import calibration_plot
from tamoxres.kernel.predict_v21 import cancer_hazard, death_risk, other_hazard, prognostic_index
from tamoxres.markers.predict import with_predict
from tamoxres.models.predict_validation import concordance_index, validate_predict

CLOSED = 1e-9
ITERATED = 1e-7
R = answers("predict")
CASES = np.array([[1, 60, 20, 0, 2], [1, 35, 45, 6, 3], [0, 50, 30, 2, 3], [0, 80, 12, 0, 1], [1, 72, 8, 1, np.nan]])


def deaths(**columns):
    """GBSG's recurrences to 60 months as if they were deaths from breast cancer, with Predict's index."""
    g = tr.load("gbsg").patients
    columns = {name: g[name].tolist() for name in ("age", "er", "nodes", "grade", "size_mm")} | columns
    made = analysis_of(
        g["RFS_months"].tolist(), g["RFS_event"].astype(int).tolist(), competing=True,
        endocrine=g["endocrine"].tolist(), **columns,
    )  # fmt: skip
    return tr.select(with_predict(made.cohort), endpoint="BCSS", er="any", treatment="any")


def test_the_index_is_predict_s():
    """Five patients, with and without receptors, one of unknown grade."""
    er, age, size, nodes, grade = CASES.T
    found = prognostic_index(er == 1, age, size, nodes, grade)
    assert found == pytest.approx(R["pi"], rel=CLOSED)
    assert np.isnan(prognostic_index(er == 1, age * np.nan, size, nodes, grade)).all()


def test_risks_are_predict_s():
    """Risk of breast-cancer death and of any death by 5, 10 and 15 years, shared out year by year."""
    er, age, size, nodes, grade = CASES.T
    index = prognostic_index(er == 1, age, size, nodes, grade)
    for k, years in enumerate((5, 10, 15)):
        cancer, whole = death_risk(er == 1, index, age, years)
        assert cancer == pytest.approx([one["br"][k] for one in R["risks"]], rel=CLOSED)
        assert whole == pytest.approx([one["all"][k] for one in R["risks"]], rel=CLOSED)
        both = cancer_hazard(er == 1, index, np.full(5, float(years))) + other_hazard(age, np.full(5, float(years)))
        assert whole == pytest.approx(1 - np.exp(-both), rel=CLOSED)
    assert (cancer < whole).all()
    half = cancer_hazard(er == 1, index, np.full(5, 0.5))
    assert half == pytest.approx(cancer_hazard(er == 1, index, np.ones(5)) / 2, rel=CLOSED)  # even within a year


def test_validation_is_glm_coxph_and_concordance():
    """Observed and expected, recalibration, slope and C with their errors."""
    found = validate_predict(deaths(), horizon=60)
    first = found.groups.iloc[0]
    assert (first["observed"], first["expected"]) == (R["observed"], pytest.approx(R["expected"], rel=CLOSED))
    assert [found.intercept, found.slope] == pytest.approx(R["poisson"], rel=1e-8)
    assert [found.intercept_se, found.slope_se] == pytest.approx(np.sqrt(np.diag(R["poisson_var"])), rel=ITERATED)
    assert [first["slope"], first["slope_se"]] == pytest.approx(R["slope"], rel=ITERATED)
    assert [first["c"], first["c_se"]] == pytest.approx(R["c"], rel=1e-8)
    assert first["ci_low"] < first["ratio"] < first["ci_high"]
    assert first["recalibrated"] == pytest.approx(first["observed"], rel=1e-9)  # as a regression has it


def test_groups_add_up():
    """Fifths and arms each hold all patients and all deaths; the highest fifth dies most."""
    found = validate_predict(deaths(), horizon=60).groups
    for of in ("fifth of the index", "treatment"):
        own = found[found["of"] == of]
        assert own["n"].sum() == found.iloc[0]["n"]
        assert own["observed"].sum() == found.iloc[0]["observed"]
        assert own["expected"].sum() == pytest.approx(found.iloc[0]["expected"])
    fifths = found[found["of"] == "fifth of the index"]
    assert fifths["predicted"].is_monotonic_increasing
    assert fifths["seen"].iloc[-1] > fifths["seen"].iloc[0]


def test_c_by_hand():
    """Ties of the score count half, a death comes before a censoring at its time, two deaths at a time are no pair."""
    time, event = np.array([1.0, 2, 2, 3, 3]), np.array([1, 1, 0, 1, 1])
    score = np.array([5.0, 4, 4, 4, 6])
    # pairs: the first with four others (three good, one bad); the second with the censored at 2 (tied) and two at 3
    assert concordance_index(time, event, score)[0] == pytest.approx((3 + 0.5 + 0.5 + 0) / 7)
    assert np.isnan(concordance_index(time, event * 0, score)[0])


def test_as_an_adjuster():
    """The index enters a model like any covariate; who lacks an input leaves."""
    chosen = deaths(size_mm=[np.nan, *tr.load("gbsg").patients["size_mm"].tolist()[1:]])
    assert chosen.frame["predict_index"].isna().sum() == 1
    fit = tr.cox(chosen, adjust="predict_index")
    assert fit.effect.adjusted_for == ("predict_index",)
    assert fit.effect.n == chosen.n - 1


def test_classes_of_size_are_named_by_the_user():
    """Rotterdam records size in classes: each must be named, and is then what it is said to be."""
    with pytest.raises(QuestionError, match="records size in classes"):
        with_predict(tr.load("rotterdam"))
    named = with_predict(tr.load("rotterdam"), sizes={"<=20 mm": 15, "20-50 mm": 30, ">50 mm": 60})
    one = named.patients.iloc[0]
    size = {"<=20 mm": 15.0, "20-50 mm": 30.0, ">50 mm": 60.0}[one["size_class"]]
    numbers = [np.array([float(value)]) for value in (one["age"], size, one["nodes"], one["grade"])]
    assert one["predict_index"] == prognostic_index(np.array([one["er"] == "positive"]), *numbers)[0]
    found = validate_predict(tr.select(named, endpoint="OS", er="any", treatment="any"))
    assert found.independent
    assert len(found.groups) == 1 + 5 + 2
    assert 0.5 < found.groups.iloc[0]["c"] < 0.8


def test_metabric_is_no_independent_validation(shared):
    """With its grade and sizes METABRIC is held against Predict, by HER2, and the note says what it is not."""
    cohort = with_predict(tr.call(tr.load("metabric", data_dir=shared / "cohorts"), "HER2"))
    found = validate_predict(tr.select(cohort, marker="HER2", endpoint="BCSS", treatment="any"))
    assert set(found.groups[found.groups["of"] == "HER2"]["group"]) == {"altered", "unaltered"}
    assert not found.independent
    assert any("Not an independent validation" in note for note in found.table().footnotes)
    assert "Risks of a population" in found.table().footnotes[0]


def test_the_plot_shows_each_fifth():
    """Five points with their errors, and the diagonal."""
    found = validate_predict(deaths(), horizon=60)
    ax = calibration_plot(found.groups)
    fifths = found.groups[found.groups["of"] == "fifth of the index"]
    points = next(line for line in ax.lines if line.get_gid() == "fifths").get_xydata()
    assert points[:, 0] == pytest.approx(fifths["predicted"])
    assert points[:, 1] == pytest.approx(fifths["seen"])
    with pytest.raises(tr.TamoxresError, match="predicted"):
        calibration_plot(pd.DataFrame({"of": ["x"]}))


@pytest.mark.parametrize(
    ("choices", "words"), [({"horizon": 30}, "whole years"), ({"horizon": 192}, "12 to 180"), ({"horizon": 0}, "12 to")]
)
def test_refused_horizons(choices, words):
    """Predict knows whole years, fifteen of them."""
    with pytest.raises(QuestionError, match=words):
        validate_predict(deaths(), **choices)


def test_refusals():
    """No index, no death, no size, few deaths."""
    with pytest.raises(QuestionError, match="no column predict_index"):
        validate_predict(metabric())
    with pytest.raises(QuestionError, match="tamoxres fetch metabric"):
        with_predict(tr.load("metabric"))
    rfs = tr.select(with_predict(tr.load("gbsg")), endpoint="RFS", er="any", treatment="any")
    with pytest.raises(QuestionError, match="BCSS or OS, not RFS"):
        validate_predict(rfs)
    bare = analysis_of([5.0, 6], [1, 0], age=[50.0, 60.0])
    with pytest.raises(QuestionError, match="does not record er, nodes"):
        with_predict(bare.cohort)
    quiet = deaths()
    with pytest.raises(AnalysisError, match="10 are needed"):
        validate_predict(replace(quiet, frame=quiet.frame.assign(event=0)), horizon=24)


def test_on_the_command_line(run, tmp_path):
    """Predict against GBSG's deaths, with its picture; classes of size by name."""
    picture = tmp_path / "predict.svg"
    code, out, _ = run("predict", "gbsg", "--endpoint", "OS", "--er", "any", "--horizon", "60", "--plot", str(picture))
    assert code == 0
    assert "156" in out
    assert picture.stat().st_size > 0
    code, out, _ = run(
        "predict", "rotterdam", "--endpoint", "OS", "--er", "any", "--sizes", "<=20 mm=15,20-50 mm=30,>50 mm=60",
        "--format", "json",
    )  # fmt: skip
    assert (code, '"observed"' in out) == (0, True)
    assert run("predict", "rotterdam", "--endpoint", "OS", "--er", "any", "--sizes", "big")[0] == 2
