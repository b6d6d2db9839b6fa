"""Treatment's effect along a continuous marker: spline, fractional polynomials and windows against R."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from figure_boxes import check_paper, named, words
from public_data import analysis_of, answers, gbsg

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.errors import AnalysisError, QuestionError, TamoxresError
from tamoxres.figures.hazard_curve import treatment_curve_plot
from tamoxres.models.stepp import stepp, window_log_ratios, windows
from tamoxres.models.treatment_curve import treatment_curve

ITERATED = 1e-6  # nearly collinear columns: coxph and the kernel both stop there
EXACT = 1e-9
R = answers("treatment_curve")


@pytest.mark.parametrize(
    ("shape", "column", "at", "named_by"),
    [
        ("spline", "age", "ages", "knots"), ("linear", "age", "ages", None), ("fp1", "er_fmol", "ers", "powers"),
        ("fp2", "er_fmol", "ers", "powers"),
    ],
)  # fmt: skip
def test_equals_products_of_coxph(shape, column, at, named_by):
    """Knots and powers, the likelihood ratio of the products, and the curve with its error are coxph's."""
    expected = R[shape]
    found = treatment_curve(gbsg(), column, adjust="nodes", shape=shape)
    assert (found.statistic, found.df) == (pytest.approx(expected["chisq"], rel=ITERATED), expected["df"])
    curve = found.curve(R[at])
    assert curve["log_hr"].to_numpy() == pytest.approx(expected["log_hr"], rel=ITERATED)
    assert curve["se"].to_numpy() == pytest.approx(expected["se"], rel=ITERATED)
    if named_by:
        assert list(found.parameters) == expected[named_by]
    row = found.effect
    line = R["linear"]["chisq"]
    if column == "age":
        assert tr.treatment_curve(gbsg(), "age", adjust="nodes").effect.p_value == pytest.approx(row.p_value)
        assert row.p_value == pytest.approx(0.71417, abs=1e-5)  # of R's line
        assert line == pytest.approx(0.1341, abs=1e-4)
    assert (row.estimand, row.scale, row.p_kind, row.ci_kind) == ("interaction", "per_sd", "lrt", "profile")


def test_the_line_bends_nowhere():
    """A straight line's curve is log-linear, and its slope per SD is the row's ratio."""
    found = treatment_curve(gbsg(), "age", shape="linear")
    sd = float(gbsg().frame["age"].std(ddof=1))
    low, high = found.curve([50.0, 50.0 + sd])["log_hr"]
    assert high - low == pytest.approx(found.effect.log_estimate, rel=EXACT)


@pytest.mark.parametrize(("name", "low", "high"), [("young", 21, 45), ("middle", 46, 60), ("all", 0, 200)])
def test_windows_are_survdiff(name, low, high):
    """A window's log hazard ratio and variance are survdiff's."""
    f = gbsg().frame.sort_values("months", kind="stable")
    inside = ((f["age"] >= low) & (f["age"] <= high)).to_numpy()[:, None]
    parts = f["months"].to_numpy(), (f["event"] == 1).to_numpy(), (f["treatment"] == "treated").to_numpy(), inside
    log_hr, v = window_log_ratios(*parts)
    assert log_hr[0] == pytest.approx(R["windows"][name]["log_hr"], rel=EXACT)
    assert v[0] == pytest.approx(R["windows"][name]["v"], rel=EXACT)


def test_windows_by_hand():
    """Windows hold their size, share their overlap, never part equal values, and end with the last patient."""
    assert windows(np.array([1.0, 1, 1, 2, 3, 3, 4, 5]), 3, 1) == [(1, 1), (2, 3), (3, 5)]
    values = np.random.default_rng(1).integers(0, 40, 300).astype(float)
    edges = windows(values, 60, 40)
    held = [int(((values >= a) & (values <= b)).sum()) for a, b in edges]
    shared = [int(((values >= c) & (values <= b)).sum()) for (_, b), (c, _) in pairwise(edges)]
    assert min(held) >= 60
    assert min(shared) >= 40
    assert edges[-1][1] == values.max()


def marked(seed, slope, n=500):
    """Treatment's log hazard ratio is -0.5 + slope x the marker, which is prognostic itself."""
    draw = np.random.default_rng(seed)
    x, arm = draw.normal(size=n), draw.random(n) < 0.5
    months = draw.exponential(60 * np.exp(-0.3 * x + (0.5 - slope * x) * arm))
    return analysis_of(
        np.minimum(months, 90), (months < 90).astype(int), x=x, y=np.exp(x), endocrine=np.where(arm, "yes", "no")
    )  # fmt: skip


def test_permutation_test_holds_its_level_and_finds_a_slope():
    """Without a slope STEPP rejects about as often as it says, with one nearly always; the same seed, the same P."""
    null = [stepp(marked(s, 0.0, 300), "x", size=100, overlap=70, permutations=59).p_value for s in range(40)]
    assert np.mean(np.array(null) <= 0.2) == pytest.approx(0.2, abs=0.19)  # 3 Monte Carlo errors
    sloping = stepp(marked(1, 0.8), "x", permutations=199)
    assert sloping.p_value <= 0.02
    assert stepp(marked(1, 0.8), "x", permutations=199).statistic == sloping.statistic


def test_curves_recover_the_truth():
    """With a slope of 0.6 the curves of line and spline hold the truth at the quartiles."""
    at_values = np.array([-0.7, 0.0, 0.7])
    for shape, column in (("linear", "x"), ("spline", "x"), ("fp2", "y")):
        found = treatment_curve(marked(4, 0.6, 3000), column, shape=shape)
        assert found.p_value < 1e-4
        at = found.curve(np.exp(at_values) if column == "y" else at_values)
        assert (np.abs(at["log_hr"] - [-0.92, -0.5, -0.08]) < 3 * at["se"]).all(), shape


def test_refusals():
    """Levels, one arm, too large windows."""
    with pytest.raises(QuestionError, match="holds levels"):
        treatment_curve(gbsg(), "menopause")
    with pytest.raises(QuestionError, match="holds levels"):
        stepp(gbsg(), "menopause")
    with pytest.raises(AnalysisError, match="one window"):
        stepp(gbsg(), "age", size=600, overlap=300)
    with pytest.raises(AnalysisError, match="overlap by less"):
        stepp(gbsg(), "age", size=100, overlap=100)


def test_plot_with_the_markers_distribution():
    """The curve and band of the frame, a line at 1 and one at the overall ratio, the histogram at the foot."""
    found = treatment_curve(gbsg(), "age", adjust="nodes")
    for width in ("single", "double"):
        ax = treatment_curve_plot(found.curve(), gbsg().frame["age"], width=width)
        check_paper(ax, width)
    drawn = named(ax, "curve")["curve"].get_xydata()
    np.testing.assert_allclose(drawn, found.curve()[["value", "hr"]], rtol=EXACT)
    assert "Hazard ratio of treatment" in " ".join(words(ax))
    assert "686 patients" in " ".join(words(ax)).replace("\n", " ")
    with pytest.raises(TamoxresError, match="column 'hr'"):
        treatment_curve_plot(found.curve().drop(columns="hr"), [1.0])


def test_command_line(capsys, tmp_path):
    """The command prints curve and STEPP, and draws."""
    path = tmp_path / "age.png"
    words = f"curve gbsg age --endpoint RFS --er any --adjust nodes --permutations 20 --plot {path}"
    with pytest.raises(SystemExit) as done:
        main(words.split())
    assert not done.value.code
    shown = " ".join(capsys.readouterr().out.split())
    assert "interaction on 3 df" in shown
    assert "20 permutations" in shown
    assert path.stat().st_size > 1000
