"""Love plot, hazard curve, plots of proportionality, volcano and Manhattan: places, words, nothing clipped."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from figure_boxes import check_paper, check_within, named, words
from matplotlib.figure import Figure
from public_data import gbsg

import tamoxres as tr
from tamoxres.curves import Curve, Curves
from tamoxres.errors import AnalysisError, TamoxresError
from tamoxres.figures.balance import love_plot
from tamoxres.figures.covariates import covariate_label
from tamoxres.figures.hazard_curve import hazard_curve
from tamoxres.figures.panel import ratio_ruler, round_ruler
from tamoxres.figures.proportional import log_log_plot, natural_smooth, schoenfeld_plot
from tamoxres.figures.save import FORMATS, figure_bytes
from tamoxres.figures.style import WIDTHS_MM
from tamoxres.figures.volcano import PATHWAY, manhattan, volcano
from tamoxres.models.cox import fit_terms
from tamoxres.models.proportional import scaled_schoenfeld
from tamoxres.models.splines import spline

EXACT = 1e-9  # places are computed, not drawn


def balance():
    """Four covariates, one of them without variation."""
    return pd.DataFrame(
        {
            "covariate": ["age", "menopause[post]", "nodes", "site[only]"],
            "smd_before": [0.2, -0.62, 0.05, math.nan],
            "smd_after": [-0.02, 0.01, 0.12, math.nan],
        }
    )


def curve():
    """A log hazard ratio that rises with the number, 1 at 50."""
    value = np.linspace(30, 70, 41)
    se = 0.01 * np.abs(value - 50)
    log_hr = 0.03 * (value - 50)
    limits = {"ci_low": np.exp(log_hr - 1.96 * se), "ci_high": np.exp(log_hr + 1.96 * se)}
    return pd.DataFrame({"value": value, "hr": np.exp(log_hr), **limits, "se": se})


def ages(n=301):
    return pd.Series(np.linspace(20, 80, n), name="age")


def residuals(n=80):
    """Residuals of a term about -0.4, which fall with time."""
    months = np.linspace(1, 90, n)
    y = -0.4 + np.where(np.arange(n) % 3 == 0, 2.6, -1.4) - 0.01 * months
    return pd.DataFrame(
        {"term": "treatment", "months": months, "transformed": months / 100, "residual": y, "coefficient": -0.4,
         "variance": 4.0}
    )  # fmt: skip


def screen(n=400, *, quiet=False):
    """A screen with the cascade's genes among others; one gene could not be fitted."""
    rng = np.random.default_rng(7)
    names = [*PATHWAY, *(f"GENE{i}" for i in range(n - len(PATHWAY)))]
    z = rng.normal(0, 1, n)
    z[:3] = (0, 0, 0) if quiet else (6.0, -5.0, 4.5)
    p = np.array([math.erfc(abs(value) / math.sqrt(2)) for value in z])
    p = np.minimum(1, p * 3) if quiet else p
    rank = np.argsort(np.argsort(p)) + 1
    q = np.minimum(1, p * n / rank)
    table = pd.DataFrame({"gene": names, "log_hr": 0.1 * z, "z": z, "p": p, "q": q, "sd": 0.8})
    table["chromosome"] = [f"chr{1 + i % 22}" if i % 30 else "X" for i in range(n)]
    table["position"] = rng.uniform(1e6, 1e8, n).round()
    table.loc[n - 1, ["log_hr", "z", "p", "q"]] = np.nan
    return table


def kaplan_meier():
    return tr.kaplan_meier(gbsg())


DRAWN = {
    "love plot": lambda **k: love_plot(balance(), **k),
    "hazard curve": lambda **k: hazard_curve(curve(), ages(), **k),
    "residuals": lambda **k: schoenfeld_plot(residuals(), p=0.03, **k),
    "log-log": lambda **k: log_log_plot(kaplan_meier(), **k),
    "volcano": lambda **k: volcano(screen(), **k),
    "Manhattan": lambda **k: manhattan(screen(), **k),
}


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("what", DRAWN)
def test_nothing_is_clipped_or_touches(what, width):
    """Each figure stands clear at both widths, and says in words what it shows."""
    ax = DRAWN[what](width=width)
    check_paper(ax, f"{what}, {width}")
    assert ax.figure.get_size_inches()[0] * 25.4 == pytest.approx(WIDTHS_MM[width])
    assert ax.get_label().endswith(".")
    assert len(ax.get_label()) > 40


@pytest.mark.parametrize("what", DRAWN)
def test_given_axes(what):
    """Each figure keeps within the box of the Axes it is given, and says when it is too low."""
    ax = Figure(figsize=(9, 9)).add_axes((0.3, 0.2, 0.6, 0.7))
    assert DRAWN[what](ax=ax) is ax
    check_within(ax, (0.3 * 648, 0.2 * 648, 0.9 * 648, 0.9 * 648))
    with pytest.raises(TamoxresError, match="make it higher"):
        DRAWN[what](ax=Figure(figsize=(6, 0.6)).add_subplot())


@pytest.fixture(scope="module")
def twice():
    """Figures that are drawn twice."""
    draws = (DRAWN["love plot"], DRAWN["hazard curve"], lambda: manhattan(screen(2100)))
    return [(draw(), draw()) for draw in draws]


@pytest.mark.parametrize("fmt", FORMATS)
def test_bytes_are_the_same_each_time(twice, fmt):
    """Two drawings give the same bytes, seaborn's marks and rasterised clouds among them."""
    for first, second in twice:
        assert figure_bytes(first, fmt) == figure_bytes(second, fmt)


def test_love_plot_places():
    """Rows are sorted by imbalance before weighting; marks stand at absolute differences; what is left out is told."""
    ax = love_plot(balance())
    labels = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert labels == ["Menopausal state at diagnosis: post", "Age at diagnosis", "Axillary nodes with tumour"]
    before, after = (named(ax, gid)[gid].get_offsets() for gid in ("before", "after"))
    np.testing.assert_allclose(before, [[0.62, 0], [0.2, 1], [0.05, 2]], rtol=EXACT)
    np.testing.assert_allclose(after, [[0.01, 0], [0.02, 1], [0.12, 2]], rtol=EXACT)
    assert named(ax, "small")["small"].get_xdata()[0] == 0.1
    assert "Dashed: 0.1. Above it after weighting: 1 of 3." in words(ax)
    assert "Without variation, not shown: site: only." in " ".join(words(ax)).replace("Contributing centre or cohort",
                                                                                     "site")  # fmt: skip


def test_love_plot_of_weights():
    """The balance table of propensity weights is drawn as it comes."""
    table = tr.weights(gbsg()).balance
    after = named(love_plot(table), "after")["after"].get_offsets()
    assert sorted(after[:, 0]) == pytest.approx(sorted(table["smd_after"].abs()), rel=EXACT)


def test_hazard_curve_places():
    """The curve and its band are those of the frame, the reference stands at 1, patients beyond the axis are told."""
    ax = hazard_curve(curve(), ages())
    assert ax.get_yscale() == "log"
    np.testing.assert_allclose(named(ax, "curve")["curve"].get_xydata(), curve()[["value", "hr"]], rtol=EXACT)
    x, y = named(ax, "reference")["reference"].get_data()
    assert (x[0], y[0]) == (50, 1)
    bars = [bar.get_height() for bar in ax.figure.axes[1].patches]
    beyond = int(((ages() < 30) | (ages() > 70)).sum())
    assert sum(bars) == 301 - beyond
    text = " ".join(words(ax)).replace("\n", " ")
    assert "Circle: reference, 50; band: 95% confidence interval." in text
    assert f"Histogram: 301 patients, {beyond} of them beyond the axis." in text
    assert "Age at diagnosis (years)" in text


def test_histogram_stands_under_the_curve():
    """No bar reaches the lowest point of the curve and its band."""
    ax = hazard_curve(curve(), ages())
    strip = ax.figure.axes[1]
    tallest = max(bar.get_height() for bar in strip.patches) / strip.get_ylim()[1]
    low, high = (math.log(end) for end in ax.get_ylim())
    assert tallest < (math.log(curve()["ci_low"].min()) - low) / (high - low)


def test_hazard_curve_of_a_spline():
    """A fitted spline is drawn with its own reference; whole numbers have a bar each; a wrong reference is refused."""
    fit = spline(gbsg(), "nodes", reference=5)
    values = fit.model.analysis.frame["nodes"]
    ax = hazard_curve(fit.curve(), values, reference=fit.reference)
    heights = [int(bar.get_height()) for bar in ax.figure.axes[1].patches]
    assert heights[:3] == [int((values == k).sum()) for k in (1, 2, 3)]
    with pytest.raises(TamoxresError, match="not 1 at 12 but near 5"):
        hazard_curve(fit.curve(), values, reference=12)


def test_residuals_places():
    """Points are the residuals, the dashed line the coefficient, the smooth the natural spline; P is told."""
    table = residuals()
    ax = schoenfeld_plot(table, p=0.03)
    offsets = named(ax, "residuals")["residuals"].get_offsets()
    np.testing.assert_allclose(offsets, table[["transformed", "residual"]], rtol=EXACT)
    assert named(ax, "coefficient")["coefficient"].get_ydata()[0] == -0.4
    at, drawn = named(ax, "smooth")["smooth"].get_data()
    fit, _ = natural_smooth(table["transformed"].to_numpy(), table["residual"].to_numpy(), at)
    np.testing.assert_allclose(drawn, fit, rtol=EXACT)
    text = " ".join(words(ax)).replace("\n", " ")
    assert "hazard ratio 0.67 throughout" in text
    assert "Proportional hazards: P = 0.030." in text
    assert "Log hazard ratio: Endocrine therapy" in text


def test_ticks_of_transformed_time():
    """A tick stands where the transform puts its time, in years when follow-up is long."""
    table = scaled_schoenfeld(fit_terms(gbsg(), ["treatment", "factor(grade)"]))
    ax = schoenfeld_plot(table, "treatment")
    rows = table[table["term"] == "treatment"].sort_values("months")
    for place, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True):
        expected = np.interp(12 * float(label.get_text()), rows["months"], rows["transformed"])
        assert place == pytest.approx(expected, rel=EXACT)
    assert "Years" in words(ax)
    assert "Coefficient of the fitted effect: Histological grade" in " ".join(
        words(schoenfeld_plot(table, "factor(grade)"))
    ).replace("\n", " ")


def test_few_events_have_no_smooth():
    """Below ten events, or at few times, no smooth is drawn, and the plot says so."""
    crowded = residuals(12).assign(transformed=[0.1, 0.2] * 6)
    for table in (residuals(6), crowded):
        ax = schoenfeld_plot(table)
        assert not named(ax, "smooth")
        assert "Too few events for a smooth." in " ".join(words(ax)).replace("\n", " ")


def test_log_log_places():
    """Each curve stands at log(-log S) from its first event until fewer than ten are at risk."""
    curves = kaplan_meier()
    ax = log_log_plot(curves, unit="months")
    assert ax.get_xscale() == "log"
    for i, one in enumerate(curves):
        time, bent = named(ax, f"curve-{i}")[f"curve-{i}"].get_data()
        np.testing.assert_allclose(np.exp(-np.exp(bent)), one.step("estimate", time + EXACT), rtol=EXACT)
        assert time[0] == one.time[one.estimate < 1][0]
        assert time[-1] == one.time[one.n_risk >= 10][-1]
    assert {"untreated", "treated", "Months (log scale)"} <= set(words(ax))


def test_volcano_places():
    """Effects are per standard deviation, evidence is -log10 P, the line stands at the last P with q below 0.05."""
    table = screen()
    ax = volcano(table)
    marks = named(ax, "named")["named"].get_offsets()
    asked = table[table["gene"].isin(PATHWAY)]
    np.testing.assert_allclose(marks[:, 0], np.exp(0.8 * asked["log_hr"]), rtol=EXACT)
    np.testing.assert_allclose(marks[:, 1], -np.log10(asked["p"]), rtol=EXACT)
    last = table.loc[table["q"] < 0.05, "p"].max()
    assert named(ax, "q")["q"].get_ydata()[0] == pytest.approx(-math.log10(last), rel=EXACT)
    text = words(ax)
    assert {"ERBB2", "ERBB3", "EGFR", "Hazard ratio, per SD", "q < 0.05", "Gene of the cascade"} <= set(text)
    assert f"399 genes, {int((table['q'] < 0.05).sum())} with q < 0.05. Not fitted: 1." in text


def test_every_asked_gene_is_named_or_told():
    """A gene asked for is named, or told to have found no room; another list of names may be given."""
    for draw in (volcano, manhattan):
        said = " ".join(words(draw(screen(1500)))).replace("\n", " ")
        assert all(gene in said for gene in PATHWAY)
    text = words(volcano(screen(), label=["gene5"]))
    assert "GENE5" in text
    assert "Gene asked for" in text


def test_a_screen_that_finds_nothing():
    """Without a gene below the level, the line stands where q would lie below it for certain, and says so."""
    ax = volcano(screen(quiet=True))
    assert named(ax, "q")["q"].get_ydata()[0] == pytest.approx(-math.log10(0.05 / 399), rel=EXACT)
    assert "q < 0.05 (no gene)" in words(ax)
    assert not named(ax, "found")


def test_evidence_that_no_float_holds():
    """A P of 0 gets its evidence from z: 2 x Phi(-40) is 10 to the power of -349.14."""
    table = screen()
    table.loc[0, ["z", "p", "q"]] = (40.0, 0.0, 0.0)
    ax = volcano(table)
    assert named(ax, "named")["named"].get_offsets()[0, 1] == pytest.approx(349.14, abs=0.01)


def test_effects_beyond_the_axis():
    """A gene with an absurd effect stands at the edge, and is counted."""
    table = screen()
    table.loc[5, "log_hr"] = 30.0
    ax = volcano(table)
    assert named(ax, "named")["named"].get_offsets()[5, 0] == pytest.approx(ax.get_xlim()[1], rel=EXACT)
    assert "At the edge, effect beyond the axis: 1." in words(ax)


def test_interaction_is_named():
    """A screen of interactions shows ratios of hazard ratios, and says so."""
    ax = volcano(screen().assign(log_hr_treated=0.0))
    assert "Ratio of hazard ratios, treated v untreated, per SD" in words(ax)


def test_manhattan_places():
    """Chromosomes stand side by side in their order, genes by position within them."""
    table = screen()
    ax = manhattan(table)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels[0] == "1"
    assert labels == sorted(labels, key=lambda name: 23 if name == "X" else int(name))
    x = named(ax, "named")["named"].get_offsets()[:, 0]
    asked = table[table["gene"].isin(PATHWAY)]
    order = asked["chromosome"].str.removeprefix("chr").replace("X", "23").astype(int)
    ranks = pd.DataFrame({"order": order, "position": asked["position"]}).sort_values(["order", "position"]).index
    assert list(np.argsort(x)) == list(ranks)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: love_plot(balance().drop(columns="smd_after")), "needs a column 'smd_after'"),
        (lambda: love_plot(balance().iloc[3:]), "one covariate at least"),
        (lambda: hazard_curve(curve().drop(columns="hr"), ages()), "needs a column 'hr'"),
        (lambda: hazard_curve(curve().iloc[::-1], ages()), "ascending values"),
        (lambda: hazard_curve(curve(), [math.nan]), "one known value at least"),
        (lambda: hazard_curve(curve(), ages(), reference=60), "not 1 at 60 but near 50"),
        (lambda: schoenfeld_plot(residuals().drop(columns="variance")), "needs a column 'variance'"),
        (lambda: schoenfeld_plot(residuals(), "age"), "no residuals of 'age'. Use one of treatment"),
        (lambda: volcano(screen().drop(columns="q")), "needs a column 'q'"),
        (lambda: volcano(screen().drop(columns="log_hr")), "needs a column 'log_hr'"),
        (lambda: volcano(screen().iloc[-1:]), "one gene at least with p, q"),
        (lambda: manhattan(screen().drop(columns="position")), "needs a column 'position'"),
        (lambda: manhattan(screen().replace("chr3", "3p")), "Unknown chromosome '3P'"),
    ],
)
def test_refusals(draw, message):
    """What cannot be drawn is refused in one sentence."""
    with pytest.raises(TamoxresError, match=message):
        draw()


def test_log_log_refuses():
    """Incidence, and curves without an event while ten are at risk, have no log(-log)."""
    once = np.array([12.0])
    flat = {"se": once * 0, "ci_low": once * 0, "ci_high": once * 0, "n_risk": once, "n_event": once * 0,
            "n_censor": once}  # fmt: skip
    told = {"grouping": "", "endpoint": "OS", "population": "", "method": ""}
    for kind, estimate, message in (("incidence", 0.0, "curves of survival"), ("survival", 1.0, "No curve has an")):
        one = Curve(group="", kind=kind, time=once, estimate=once * 0 + estimate, **flat)
        with pytest.raises(AnalysisError, match=message):
            log_log_plot(Curves(curves=(one,), **told))


@pytest.mark.parametrize(
    ("ruler", "labels"),
    [
        (round_ruler("", 0.0, 0.65), ("0.0", "0.2", "0.4", "0.6")),
        (round_ruler("", -3.2, 4.4), ("-2", "0", "2", "4")),
        (round_ruler("", 0.0, 15.0), ("0", "5", "10", "15")),
        (ratio_ruler("", 0.4, 5.0, apart=0.1), ("0.5", "0.7", "1", "1.5", "2", "3", "5")),
        (ratio_ruler("", 0.02, 50.0, apart=0.08), ("0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "20",
                                                   "50")),
        (ratio_ruler("", 0.02, 50.0, apart=0.15), ("0.1", "1", "10")),
    ],
)  # fmt: skip
def test_rulers(ruler, labels):
    """Axes have round ticks, no nearer than their labels allow."""
    assert ruler.labels == labels


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("factor(grade)[3]", "Histological grade: 3"),
        ("chemotherapy[yes]", "Adjuvant or neoadjuvant chemotherapy"),
        ("treatment", "Endocrine therapy"),
        ("my_score", "my score"),
    ],
)
def test_covariate_labels(name, label):
    """A covariate is named as the codebook calls it, with its level; yes is not said."""
    assert covariate_label(name) == label
