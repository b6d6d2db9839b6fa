"""A marker measured badly, a confounder unseen: R's corrected score, episensr's published examples, by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers, metabric

import tamoxres as tr
from tamoxres import synthetic
from tamoxres.analysis import select
from tamoxres.calibrate.doubts import MEASURED, Mismeasured, Unseen
from tamoxres.calibrate.scenarios import ADJUST
from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.figures.bias_contour import bias_contour
from tamoxres.inference.bias import Confounder, Spread, bias_analysis, bias_factor, joint_bound
from tamoxres.kernel.corrected import FollowUp, Versions, corrected_score, fit_corrected, version_weights
from tamoxres.models.misclassified import Accuracy, accuracy_against, misclassified

ITERATED = 1e-7  # both roots are iterated to a score of 1e-11
BY_DIFFERENCES = 1e-6  # R's Jacobian and slopes are central differences
PRINTED = 5e-5  # four decimals
R = answers("misclassified")
DATA = pd.read_csv(REFERENCE / "absolute" / "absolute.csv")
SURE = Accuracy(sensitivity=0.92, specificity=0.95)
TYNDALL = EffectEstimate.from_ci(0.3479, 0.2757, 0.4390, study="Tyndall", estimand="treatment_effect", measure="RR")


def made(**choices):
    """The reference's patients, of two sites, in both arms."""
    d = DATA
    return analysis_of(
        d.time, (d.event == 1).astype(int).to_numpy(), marker=(d.marker == 1).tolist(), age=d.age,
        site=np.where(d.node >= 2, "b", "a"), endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy(), **choices,
    )  # fmt: skip


def contrasts(coef, var):
    """The five ratios and errors of treated, marker, product."""
    sums = np.array([[0, 0, 1], [0, 1, 1], [0, 1, 0], [1, 0, 1], [1, 0, 0]])
    return sums @ coef[:3], np.sqrt(np.einsum("ij,jk,ik->i", sums, var[:3, :3], sums))


@pytest.mark.parametrize(("name", "strata"), [("corrected", ()), ("stratified", ("site",))])
def test_the_corrected_score_is_r_s(name, strata):
    """Ratios and sandwich errors are those of a plain R program; the slopes carry the error of the validation."""
    found = misclassified(made(), SURE, adjust="age", strata=strata)
    coef, var = np.array(R[name]["coef"]), np.array(R[name]["var"])
    points, errors = contrasts(coef, var)
    assert [row.log_estimate for row in found.effects] == pytest.approx(points.tolist(), rel=ITERATED)
    assert [row.se for row in found.effects] == pytest.approx(errors.tolist(), rel=BY_DIFFERENCES)
    unsure = misclassified(
        made(), Accuracy(sensitivity=0.92, specificity=0.95, n_altered=50, n_unaltered=80), adjust="age", strata=strata
    )
    more = sum(
        share * (1 - share) / n * np.outer(R[name][slope], R[name][slope])
        for share, n, slope in ((0.92, 50, "slope_se"), (0.95, 80, "slope_sp"))
    )
    _, wider = contrasts(coef, var + more)
    assert [row.se for row in unsure.effects] == pytest.approx(wider.tolist(), rel=BY_DIFFERENCES)
    assert all(a.se > b.se for a, b in zip(unsure.effects, found.effects, strict=True))


def test_without_errors_it_is_coxph():
    """What stands as observed is coxph's, Breslow's ties and robust errors, stratified."""
    points, errors = contrasts(np.array(R["plain"]["coef"]), np.array(R["plain"]["var"]))
    seen = misclassified(made(), SURE, adjust="age", strata="site").observed
    assert [row.log_estimate for row in seen] == pytest.approx(points.tolist(), rel=ITERATED)
    assert [row.se for row in seen] == pytest.approx(errors.tolist(), rel=ITERATED)
    assert {row.ties for row in seen} == {"breslow"}
    assert [row.marker_level for row in seen] == ["", "", "", "altered", "unaltered"]


@pytest.mark.parametrize(
    ("table", "given", "wanted"),
    [
        ((215, 1449, 668, 4296), (0.78, 0.99), 0.9614),  # Fink and Lash 2003, as in Fox, MacLehose and Lash
        ((215, 1449, 668, 4296), (1.0, 1.0), 0.9654),
    ],
)
def test_all_at_one_time_it_is_the_matrix_method(table, given, wanted):
    """With all events at one time the corrected hazard ratio is episensr's corrected risk ratio."""
    exposed = np.repeat([1, 0, 1, 0], table)
    event = np.repeat([1, 1, 0, 0], table)
    n = exposed.size
    follow_up = FollowUp(np.ones(n), event, np.full(n, -np.inf), np.zeros(n, int))
    two = Versions(np.stack([np.zeros((n, 1)), np.ones((n, 1))]), version_weights(exposed == 1, *given))
    fit = fit_corrected(follow_up, two)
    assert math.exp(fit.coefficients[0]) == pytest.approx(wanted, abs=PRINTED)
    assert corrected_score(follow_up, two, fit.coefficients) == pytest.approx(0.0, abs=1e-8)
    se, sp = given
    true = [(sum(cells[:1]) - (1 - sp) * sum(cells)) / (se + sp - 1) for cells in (table[:2], table[2:])]
    cases, others = sum(table[:2]), sum(table[2:])
    by_hand = true[0] / (true[0] + true[1]) / ((cases - true[0]) / (cases + others - true[0] - true[1]))
    assert math.exp(fit.coefficients[0]) == pytest.approx(by_hand, rel=1e-9)


def test_delayed_entry_leaves_out_who_is_not_yet_there():
    """Rows cut in two at any time, the second entering there, give the coefficients of the whole."""
    d = DATA.iloc[:120]
    x = d[["age"]].to_numpy(float)
    altered = (d.marker == 1).to_numpy()
    time, event, n = d.time.to_numpy(float), (d.event == 1).to_numpy().astype(int), len(d)
    cut = time / 2
    worlds = np.stack([np.hstack([x, np.zeros((n, 1))]), np.hstack([x, np.ones((n, 1))])])
    weight = version_weights(altered, 0.95, 0.97)
    whole = fit_corrected(FollowUp(time, event, np.full(n, -np.inf), np.zeros(n, int)), Versions(worlds, weight))
    halves = FollowUp(
        np.concatenate([cut, time]), np.concatenate([0 * event, event]), np.concatenate([np.full(n, -np.inf), cut]),
        np.zeros(2 * n, int),
    )  # fmt: skip
    split = fit_corrected(halves, Versions(np.tile(worlds, (1, 2, 1)), np.tile(weight, 2)))
    assert split.coefficients == pytest.approx(whole.coefficients, rel=1e-8)
    summed = split.influence[:n] + split.influence[n:]
    assert summed.T @ summed == pytest.approx(whole.covariance, rel=1e-7)


def test_the_truth_is_recovered():
    """In the same simulated patients the corrected ratios lie nearer those of the true marker than those as called."""
    data = Mismeasured(10_000, 3)
    called, corrected = data.corrected.observed, data.corrected.effects
    truly = select(synthetic.simulate(10_000, truth=MEASURED, seed=3), marker="MARKER", endpoint="BCSS", er="any",
                   treatment="any")  # fmt: skip
    best = misclassified(truly, Accuracy(sensitivity=1, specificity=1), adjust=ADJUST).effects
    away = [
        sum((row.log_estimate - true.log_estimate) ** 2 for row, true in zip(rows, best, strict=True))
        for rows in (called, corrected)
    ]
    assert away[1] < away[0]
    assert corrected[0].ci()[0] < 1.6 < corrected[0].ci()[1]
    assert corrected[0].se > called[0].se
    assert data.corrected.share_true == pytest.approx(0.35, abs=0.015)
    assert data.corrected.share_observed == pytest.approx(0.35 * 0.9 + 0.65 * 0.06, abs=0.015)


def test_agreement_with_another_rule():
    """Two rules give a table, which is accuracy only if the second were the truth; the words say so."""
    cohort = tr.call(tr.call(tr.load("metabric"), "HER2", rule="three_gene"), "HER2", rule="snp6_gain")
    both = tr.select(cohort, marker="HER2", rule="snp6_gain", endpoint="BCSS", treatment="any")
    found = accuracy_against(both, "three_gene")
    called, truth = both.frame["marker"], cohort.marker("HER2", "three_gene").values.reindex(both.frame.index)
    assert found.n_altered == (truth == "altered").sum()
    assert found.sensitivity == ((truth == "altered") & (called == "altered")).sum() / found.n_altered
    assert found.specificity == ((truth == "unaltered") & (called == "unaltered")).sum() / found.n_unaltered
    assert "if three_gene were the truth" in str(found)
    assert found.variances[0] == found.sensitivity * (1 - found.sensitivity) / found.n_altered
    with pytest.raises(AnalysisError, match="assume fewer errors"):  # too few untreated would be truly altered
        misclassified(both, found, adjust=["age", "npi"])


def test_one_arm_gives_the_marker_s_ratio():
    """Among patients treated alike the marker's hazard ratio alone is corrected; its row and note say at what."""
    found = misclassified(metabric(), Accuracy(sensitivity=0.95, specificity=0.96))
    assert len(found.effects) == len(found.observed) == 1
    assert found.effect.estimand == "prognostic"
    assert found.effect.estimate > found.observed[0].estimate > 1
    assert "misclassification_corrected" in found.effect.flags
    assert found.observed[0].flags == tuple(f for f in found.effect.flags if f != "misclassification_corrected")
    notes = found.table().footnotes
    assert notes[0].startswith("At sensitivity 95.0%, specificity 96.0%: ")
    assert any("same in all patients" in note for note in notes)
    assert "Corrected, sensitivity 95.0%" in str(found)


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        ({"sensitivity": 0.4, "specificity": 0.6}, "sum to 1 or less"),
        ({"sensitivity": 0.0, "specificity": 0.9}, "a share above 0"),
        ({"sensitivity": 0.9, "specificity": 1.2}, "a share above 0"),
    ],
)
def test_refused_accuracy(accuracy, words):
    """What tells nothing of the marker, or is no share, is refused."""
    with pytest.raises(QuestionError, match=words):
        Accuracy(**accuracy)


def test_refused_corrections():
    """Fewer altered than the specificity gives, and no marker at all, are refused in one sentence."""
    with pytest.raises(AnalysisError, match="the truly altered would be"):
        misclassified(made(), Accuracy(sensitivity=0.9, specificity=0.5))
    with pytest.raises(AnalysisError, match="needs a marker"):
        misclassified(analysis_of([5.0, 6, 7], [1, 1, 0], endocrine=["yes", "no", "no"]), SURE)
    with pytest.raises(QuestionError, match="needs a marker"):
        accuracy_against(analysis_of([5.0, 6, 7], [1, 1, 0], endocrine=["yes", "no", "no"]), "other")


@pytest.mark.parametrize(
    ("parts", "crude", "adjusted"),
    [((0.63, 0.8, 0.05), 0.3479, 0.4851), ((5.5, 0.5, 0.1), 1.5, 0.6692)],  # Tyndall 1996; episensr's array
)
def test_the_bias_factor_is_episensr_s(parts, crude, adjusted):
    """A crude ratio over its bias factor is what episensr prints."""
    assert crude / float(bias_factor(*parts)) == pytest.approx(adjusted, abs=PRINTED + 5e-5)


def test_a_treatment_effect_adjusted():
    """Known numbers move the estimate and not its error; the row says that the confounder is assumed."""
    found = bias_analysis(TYNDALL, Confounder(ratio=0.63, treated=0.8, untreated=0.05))
    assert found.effect.estimate == pytest.approx(0.4851, abs=1e-4)
    assert found.factor == pytest.approx(0.7173, abs=PRINTED)
    assert found.effect.se == found.observed.se
    assert (found.total, found.systematic, found.crosses, found.draws) == (None, None, None, 0)
    assert "assumed_confounder" in found.flags
    assert found.effects[1] is TYNDALL
    assert "risk ratio 0.63 in 0.8 of the treated" in str(found)
    assert len(found.table().rows) == 2


def test_an_interaction_adjusted():
    """In the altered the factor divides, in the unaltered it multiplies; both alike cancel."""
    ratio = EffectEstimate.from_ci(2.0, 1.2, 3.33, study="a", estimand="interaction")
    one = Confounder(ratio=2.0, treated=0.5, untreated=0.2)
    factor = 1.5 / 1.2
    assert bias_analysis(ratio, altered=one).effect.estimate == pytest.approx(2.0 / factor, rel=1e-9)
    assert bias_analysis(ratio, one).effect.estimate == pytest.approx(2.0 * factor, rel=1e-9)
    assert bias_analysis(ratio, one, altered=one).effect.estimate == pytest.approx(2.0, rel=1e-9)
    assert bias_analysis(ratio, altered=one).assumed == (
        "unaltered: none", "altered: risk ratio 2 in 0.5 of the treated and 0.2 of the untreated",
    )  # fmt: skip


def test_a_probabilistic_analysis():
    """The mean log factor moves the estimate, its variance widens it; simulated limits agree with both."""
    unsure = Confounder(
        ratio=Spread(kind="lognormal", values=(1.2, 3.0)),
        treated=Spread(kind="trapezoidal", values=(0.3, 0.4, 0.5, 0.6)),
        untreated=Spread(kind="uniform", values=(0.1, 0.2)),
    )  # fmt: skip
    found = bias_analysis(TYNDALL, unsure, draws=40_000, seed=7)
    again = bias_analysis(TYNDALL, unsure, draws=40_000, seed=7)
    assert found.total == again.total
    assert found.effect.se > TYNDALL.se
    assert found.effect.estimate == pytest.approx(TYNDALL.estimate / found.factor, rel=0.02)
    assert found.total == pytest.approx(found.effect.ci(), rel=0.02)
    assert found.total[0] < found.systematic[0] < found.systematic[1] < found.total[1]
    assert found.crosses == 0.0
    assert [row.cells[0].text for row in found.table().rows][2:] == [
        "adjusted, assumptions alone", "adjusted, by simulation",
    ]  # fmt: skip
    weak = EffectEstimate.from_ci(0.95, 0.7, 1.29, study="a", estimand="treatment_effect")
    crossing = bias_analysis(weak, unsure, draws=20_000).crosses
    assert 0 < crossing < 0.5


@pytest.mark.parametrize(
    ("kind", "values", "mean", "variance"),
    [
        ("uniform", (0.2, 0.6), 0.4, 0.4**2 / 12),
        ("triangular", (0.0, 0.3, 0.6), 0.3, 0.6**2 / 24),
        ("trapezoidal", (0.0, 0.2, 0.4, 0.6), 0.3, None),
        ("beta", (4.0, 6.0), 0.4, 0.4 * 0.6 / 11),
    ],
)
def test_distributions_have_their_moments(kind, values, mean, variance):
    """Draws have the mean and the variance of the distribution named."""
    drawn = Spread(kind=kind, values=values).draw(np.random.default_rng(1), 200_000)
    assert drawn.mean() == pytest.approx(mean, abs=0.002)
    if variance is not None:
        assert drawn.var() == pytest.approx(variance, rel=0.02)
    assert Spread(kind=kind, values=values).centre == pytest.approx(mean, abs=1e-12)
    assert drawn.min() >= 0
    assert drawn.max() <= max(1.0, *values[-1:])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Spread(kind="uniform", values=(0.4, 0.2)), "takes 2 numbers that rise"),
        (lambda: Spread(kind="beta", values=(0.0, 2.0)), "are above 0"),
        (lambda: Spread(kind="gamma", values=(1.0, 2.0)), "gamma"),
        (lambda: Confounder(ratio=0.0, treated=0.5, untreated=0.5), "ratio is 0; it is above 0"),
        (lambda: Confounder(ratio=2, treated=1.5, untreated=0.5), "a share from 0 to 1"),
        (lambda: bias_analysis(TYNDALL), "No confounder is assumed"),
        (
            lambda: bias_analysis(TYNDALL, altered=Confounder(ratio=2, treated=0.5, untreated=0.4)),
            "in the altered alone",
        ),
        (
            lambda: bias_analysis(
                EffectEstimate(study="a", log_estimate=0.1, se=0.2), Confounder(ratio=2, treated=0.5, untreated=0.4)
            ),
            "takes an estimated ratio",
        ),
    ],
)
def test_refused_assumptions(make, words):
    """What is no distribution, no share or no effect of treatment is refused."""
    with pytest.raises((QuestionError, AnalysisError), match=words):
        make()


def test_the_unseen_is_accounted_for():
    """Simulated patients treated by what nobody measured: off before, right after."""
    data = Unseen(40_000, 2)
    found = data.adjusted(Confounder(ratio=2.0, treated=0.4, untreated=0.2))
    assert found.observed.ci()[0] > 0.5
    assert found.effect.ci()[0] < 0.5 < found.effect.ci()[1]


def test_the_contour_meets_the_diagonal_at_the_e_value():
    """Both lines hold pairs whose joint bound is the estimate, or its limit; the dots are the E-values."""
    row = EffectEstimate.from_ci(2.06, 1.3, 3.27, study="a", estimand="interaction")
    ax = bias_contour(row)
    lines = {line.get_gid(): line.get_xydata() for line in ax.lines if str(line.get_gid()).startswith("bound")}
    for name, target in (("bound-0", 2.06), ("bound-1", 1.3)):
        x, y = lines[name].T
        assert joint_bound(x, y) == pytest.approx(np.full(x.size, target), rel=1e-9)
    dots = sorted(float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o")
    value = tr.e_value(row)
    assert dots == pytest.approx(sorted([value.point, value.limit]), rel=1e-9)
    assert "one marker level alone" in ax.get_label()
    crossing = EffectEstimate.from_ci(1.1, 0.8, 1.5, study="a", estimand="treatment_effect")
    assert "holds 1 already" in bias_contour(crossing).get_label()


def test_on_the_command_line(run, tmp_path):
    """The marker's errors by number or by another rule; a confounder for rows of a file, with its picture."""
    asked = ("mismeasured", "metabric", "--marker", "HER2", "--endpoint", "BCSS", "--adjust", "age")
    code, out, _ = run(*asked, "--sensitivity", "0.95", "--specificity", "0.96")
    assert code == 0
    assert "Corrected for misclassification" in out
    assert "truly are" in out
    assert run(*asked)[0] == 2
    assert run(*asked, "--truth", "three_gene")[0] == 2  # nearly nobody untreated would be truly altered
    rows = tmp_path / "rows.csv"
    made = [*tr.interaction(metabric(treatment="any"), adjust="age").effects]
    rows.write_text(tr.effects_to_csv(made))
    picture = tmp_path / "bias.svg"
    code, out, _ = run(
        "confounder", str(rows), "--ratio", "1.5,2,3", "--treated", "0.4", "--untreated", "0.2", "--plot", str(picture)
    )
    assert code == 0
    assert out.count("Bias analysis of an unmeasured confounder") == 3  # the ratio, and treatment in both levels
    assert picture.stat().st_size > 0
    assert run("confounder", str(rows), "--ratio", "1,2", "--treated", "0.4", "--untreated", "0.2")[0] == 2
