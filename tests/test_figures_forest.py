"""Forest plots: what is written, what is drawn, and that nothing is clipped or touches, at 1, 13 and 100 rows."""

import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest
from figure_boxes import NAMES, bcg, check_paper, check_within, named, words, written
from matplotlib.figure import Figure

from tamoxres.effects import EffectEstimate
from tamoxres.errors import EffectError, TamoxresError
from tamoxres.figures.forest import forest, forest_pages
from tamoxres.figures.forest_words import FORESTS, favours_labels
from tamoxres.figures.save import save_figure
from tamoxres.figures.style import WIDTHS_MM
from tamoxres.meta.pool import pool
from tamoxres.meta.subgroups import subgroups

STYLES = tuple(FORESTS)
AREA = 1e-9  # areas and positions are computed, not drawn: only rounding separates them
LEVEL = 0.05  # points by which the baselines of one row may differ


def row(estimate=1.52, low=1.18, high=1.95, **columns):
    """A published prognostic row."""
    asked = {"study": "Naples 2003", "estimand": "prognostic"}
    return EffectEstimate.from_ci(estimate, low, high, **{**asked, **columns})


def own(hr, se, marker, level, arms=(0, 0, 0, 0), **columns):
    """A treatment effect within a marker level, estimated from patients."""
    e1, n1, e0, n0 = arms
    asked = {
        "study": "metabric", "estimand": "treatment_effect", "treatment_1": "endocrine", "treatment_0": "none",
        "data_sha256": "ab12", "origin": "own_patients", "er": "positive", "flags": ("contrast_of_one_model",),
    }  # fmt: skip
    counts = {"events_1": e1, "n_1": n1, "events_0": e0, "n_0": n0, "n": n1 + n0, "events": e1 + e0}
    found = {"marker": marker, "marker_level": level, "log_estimate": hr and math.log(hr), "se": se}
    return EffectEstimate(**{**asked, **counts, **found, **columns})


def subgroup_rows():
    """An overall effect, one marker with its interaction row, one whose altered level cannot be estimated."""
    ratio = own(1.1, 0.275, "HER2", "", p_value=0.674, p_kind="lrt", estimand="interaction")
    lost = {"status": "not_estimable"}
    return [
        own(0.90, 0.11, "", "", (347, 1101, 105, 391)),
        ratio,
        own(0.98, 0.25, "HER2", "altered", (97, 241, 31, 71)),
        own(0.88, 0.12, "HER2", "unaltered", (250, 860, 74, 320)),
        own(None, None, "AKT1", "altered", (0, 20, 0, 6), **lost),
        own(0.90, 0.12, "AKT1", "unaltered", (347, 1081, 105, 385)),
        own(None, None, "AKT1", "", status="test_only", p_value=0.0312, p_kind="lrt", estimand="interaction"),
    ]


def hundred():
    """A hundred rows of very different precision, some with long names, both kinds of data; no row asks a question."""
    dice = random.Random(1)
    return [
        row(
            study=f"Study {i}{' of the cooperative group for adjuvant therapy' if i % 17 == 0 else ''} {1980 + i % 40}",
            estimate=math.exp(point := dice.gauss(0.2, 0.5)), low=math.exp(point - (half := dice.uniform(0.25, 1.6))),
            high=math.exp(point + half), n=3 * (events := round(16 / half**2) + dice.randint(1, 5)),
            events=events,
        )
        for i in range(100)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def bcg_pool():
    return pool(bcg())


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_clipped_or_touches(bcg_pool, style, width):
    """One row, 13 trials and subgroups stand clear of each other and of the edges, in each style at both widths."""
    for what, rows in (("one row", bcg()[3:4]), ("13 trials", bcg_pool), ("subgroups", subgroup_rows())):
        ax = forest(rows, style=style, width=width)
        assert ax.figure.get_size_inches()[0] * 25.4 == pytest.approx(WIDTHS_MM[width])
        check_paper(ax, f"{what}, {style}, {width}")


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_a_hundred_rows(width):
    """A hundred rows all stand there, long names wrapped."""
    ax = forest(hundred(), width=width)
    check_paper(ax, f"100 rows, {width}")
    assert len(named(ax, "ci-")) == 100


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("tamoxres", "Heterogeneity: τ² = 0.309; Q = 152.23, df = 12, P < 0.001; I² = 92%"),
        ("revman5", "Heterogeneity: Tau² = 0.31; Chi² = 152.23, df = 12 (P < 0.00001); I² = 92%"),
        ("bmj", "Test for heterogeneity: τ²=0.31; χ²=152.23, df=12, P<0.001; I²=92%"),
        ("jama", "Heterogeneity: χ²₁₂ = 152.23 (P < .001), I² = 92%"),
        ("lancet", "Heterogeneity: τ²=0·31; χ²=152·23, df=12 (p<0·0001); I²=92%"),
        ("ebctcg", "Heterogeneity between 13 trials: χ²₁₂ = 152.2; P < 0.001"),
    ],
)
def test_heterogeneity_lines(style, line):
    """The heterogeneity of the BCG trials (DerSimonian-Laird) reads as each journal prints it."""
    assert line in words(forest(pool(bcg(), tau2="dl", ci="z"), style=style))


@pytest.mark.parametrize(
    ("style", "estimate"),
    [
        ("tamoxres", "0.49 (0.34–0.70)"), ("revman5", "0.49 [0.34, 0.70]"), ("bmj", "0.49 (0.34 to 0.70)"),
        ("jama", "0.49 (0.34-0.70)"), ("lancet", "0·49 (0·34–0·70)"), ("ebctcg", "0.65 (0.60–0.70)"),
    ],
)  # fmt: skip
def test_estimates_by_style(style, estimate):
    """The pooled risk ratio is written with the journal's marks; the EBCTCG's total is the common effect."""
    assert estimate in words(forest(pool(bcg(), tau2="dl", ci="z"), style=style))


def test_heads_by_style(bcg_pool):
    """JAMA heads its studies Source and favors; RevMan names the model in the head of its estimates."""
    jama, revman = words(forest(bcg_pool, style="jama")), words(forest(bcg_pool, style="revman5"))
    assert {"Source", "Favors BCG vaccine", "Favors no BCG"} <= set(jama)
    assert {
        "Study or Subgroup",
        "Risk ratio",
        "IV, Random, 95% CI",
        "Test for overall effect: t = 3.95 (P = 0.002)",
    } <= set(revman)


def test_journals_have_their_own_heads(bcg_pool):
    """RevMan shows log ratios with their SE, red squares and a head over its plot; JAMA names its axis below it."""
    revman = forest(bcg_pool, style="revman5")
    found = words(revman)
    first = bcg()[0]
    assert {"log[Risk ratio]", "SE", f"{first.log_estimate:.4f}", f"{first.se:.4f}"} <= set(found)
    assert found.count("IV, Random, 95% CI") == 2, "over the numbers and over the plot"
    assert {tuple(box.get_facecolor()[0][:3]) for box in named(revman, "box-").values()} == {(1.0, 0.0, 0.0)}
    jama = dict(written(forest(bcg_pool, style="jama")))
    assert {"No. of events/", "total No.", "Weight, %", "5.1", "100.0"} <= set(jama)
    assert jama["Favors BCG vaccine"][1] > jama["Aronson 1948"][1] > jama["Risk ratio (95% CI)"][1]
    bmj, lancet = words(forest(bcg_pool, style="bmj")), words(forest(bcg_pool, style="lancet"))
    assert {"No of events/", "(%)"} <= set(bmj)
    assert bmj.count("(95% CI)") == 2
    assert {"Events/", "patients", "5·1%"} <= set(lancet)
    assert {"p value for", "interaction", "0·674"} <= set(words(forest(subgroup_rows(), style="lancet")))


def test_what_has_no_room_is_named(bcg_pool):
    """A column that is left out on one column of a journal is named in a note, counts last."""
    found = words(forest(bcg_pool, width="single"))
    assert "For want of width, not shown: Weight, Events/N." in found
    assert not any("not shown" in text for text in words(forest(bcg_pool)))


@pytest.mark.parametrize("style", STYLES)
def test_long_plots_have_pages(style):
    """A hundred rows make two pages with the same scale, each with heads and axis; one long plot has two axes."""
    pages = forest_pages(hundred(), style=style)
    assert [len(named(ax, "ci-")) for ax in pages] == [50, 50]
    assert len({ax.get_xlim() for ax in pages}) == 1
    for i, ax in enumerate(pages, start=1):
        check_paper(ax, f"page {i}, {style}")
        assert f"Page {i} of 2." in words(ax)
        assert ax.figure.get_size_inches()[1] < 9, "it fits on paper"
    long = forest(hundred(), style=style)
    assert (long.xaxis.get_tick_params()["labeltop"], pages[0].xaxis.get_tick_params().get("labeltop")) == (True, False)
    assert forest_pages([row()])[0].get_xlim() == forest([row()]).get_xlim()


def test_a_head_goes_with_its_lines():
    """No page ends with the head of a subgroup."""
    rows = [own(0.9, 0.1, f"M{i:02d}", level) for i in range(20) for level in ("altered", "unaltered")]
    pages = forest_pages([own(0.9, 0.05, "", ""), *rows], per_page=14)
    for ax in pages:
        lines = [text for text, box in sorted(written(ax), key=lambda item: item[1][1]) if text.startswith("M")]
        assert lines[0].endswith("altered"), "the lowest line is a level"
    with pytest.raises(TamoxresError, match="per_page is 3"):
        forest_pages([row()], per_page=3)


def test_pages_are_one_pdf(tmp_path):
    """Pages are written as one PDF, the same bytes each time; other formats take one page."""
    first, again = (save_figure(forest_pages(hundred()), tmp_path / f"{i}.pdf").read_bytes() for i in range(2))
    assert first == again
    assert len(re.findall(rb"/Type /Page\b", first)) == 2
    assert b"CreationDate" not in first
    with pytest.raises(TamoxresError, match=r"2 pages are written as one \.pdf"):
        save_figure(forest_pages(hundred()), tmp_path / "a.png")


def test_rows_of_one_study_are_headed_by_what_they_are():
    """Contrasts of one study stand under Contrast, an analyst's choices under Choice, studies under Study."""
    ratio = replace(row(estimand="interaction"), label="Ratio of hazard ratios")
    assert "Contrast" in words(forest([replace(row(), label="HER2, treated"), ratio]))
    assert "Choice" in words(forest([replace(row(), label=name) for name in ("as planned", "endpoint: OS")]))
    assert "Study" in words(forest([row(), row(study="Berlin")]))
    assert "Study" in words(forest([row()]))


def test_the_axis_holds_what_it_can():
    """An axis is long enough for every limit within ten-fold, and no arrowhead stands in a box."""
    ax = forest([row(1.4, 1.2, 1.6), row(2.0, 1.0, 4.5, study="B")])
    assert ax.get_xlim() == (0.2, 5)
    assert not named(ax, "arrow-")
    near = [row(1.1, 0.9, 1.3, study=f"S{i}") for i in range(30)]
    assert forest([*near, row(1.0, 0.05, 9.0, study="wide")]).get_xlim() == (0.5, 2), "one wide row does not rule"
    for estimate in (3.9, 4.8, 9.0, 9.9):
        high = estimate * 1.3
        ax = forest([row(estimate, estimate / 1.3, high, study="far"), *near], width="single")
        edge = 72 * ax.figure.get_size_inches()[0] * ax.get_position().width
        where = [
            edge * math.log(x / ax.get_xlim()[0]) / math.log(ax.get_xlim()[1] / ax.get_xlim()[0])
            for x in (estimate, *(arrow.get_xdata()[0] for arrow in named(ax, "arrow-high-0").values()))
        ]
        half = math.sqrt(float(named(ax, "box-0")["box-0"].get_sizes()[0])) / 2
        assert all(x - 5.0 >= where[0] + half - 1e-6 for x in where[1:]), f"{estimate}: arrowhead in its box"


def test_meta_lines(bcg_pool):
    """Random effects, prediction interval with its numbers and rule, common effect, weights that end at 100."""
    ax = forest(bcg_pool)
    found = words(ax)
    assert {*NAMES, "Random effects", "95% prediction interval", "Common effect", "100.0%", "2,575/357,347"} <= set(
        found
    )
    assert "(0.14–1.76)" in found
    assert "0.65 (0.60–0.70)" in found
    assert any("prediction interval: SE and df of the interval." in text for text in found)
    low, high = named(ax, "interval-")["interval-14"].get_xdata()
    assert (low, high) == pytest.approx((bcg_pool.prediction_low, bcg_pool.prediction_high), rel=AREA)
    corners = [named(ax, "diamond-")[f"diamond-{i}"].get_xy()[:, 0] for i in (13, 15)]
    assert corners[0].min() == pytest.approx(bcg_pool.ci_low)
    assert corners[0].max() == pytest.approx(bcg_pool.ci_high)
    assert corners[1].min() == pytest.approx(bcg_pool.common.ci_low)


def test_ebctcg_columns(bcg_pool):
    """The EBCTCG's plot gives O-E and variance with their totals, and 99% intervals for the trials."""
    plain = [replace(e, n=None, events=None, n_1=None, n_0=None, events_1=None, events_0=None) for e in bcg()]
    found = words(forest(pool(plain), style="ebctcg"))
    assert "For want of width, not shown: Variance." in words(forest(bcg_pool, style="ebctcg"))
    oe, variance = (sum(e.log_estimate / e.se**2 for e in bcg()), sum(1 / e.se**2 for e in bcg()))
    assert {f"{oe:.1f}", f"{variance:.1f}", "O–E", "Variance", "RR (99% CI;", "total 95%)", "Total (95% CI)"} <= set(
        found
    )
    assert "■ 99% or ◇ 95% confidence intervals." in found
    assert {"BCG vaccine better", "No BCG vaccine better"} <= set(found)
    low, high = bcg()[3].ci(0.99)
    assert f"0.24 ({low:.2f}–{high:.2f})" in found
    assert "95% prediction interval" not in found


def _areas(ax):
    """Area of each box in square points, and its shape."""
    out = {}
    for name, box in named(ax, "box-").items():
        path = box.get_paths()[0]
        square = len(path.vertices) == 5
        out[name] = (float(box.get_sizes()[0]) * (1.0 if square else math.pi / 4), square)
    return out


def test_areas_are_proportional_to_precision(bcg_pool):
    """The area of every box is the same multiple of 1 / SE squared."""
    areas = [area for area, _ in _areas(forest(bcg_pool)).values()]
    ratios = np.array(areas) * np.array([effect.se**2 for effect in bcg()])
    np.testing.assert_allclose(ratios, ratios[0], rtol=AREA)


def test_individual_and_published_rows_differ_in_shape():
    """Square for patients analysed here, round for printed numbers, equal areas for equal precision; said below."""
    mine = replace(row(study="METABRIC"), origin="own_patients", data_sha256="ab12")
    ax = forest([mine, row(study="Naples 2003")])
    (area, square), (other, other_square) = _areas(ax).values()
    assert square
    assert not other_square
    assert area == pytest.approx(other, rel=AREA)
    assert "■ individual patient data, ● published result." in words(ax)
    assert all(square for _, square in _areas(forest([row(), row(study="B")])).values()), "one kind alone is square"


def test_arrowheads_beyond_the_axis():
    """A limit or an estimate beyond the axis ends in an arrowhead, its numbers whole; others have none."""
    ax = forest([row(12.5, 3.1, 50.4, study="Far"), row(0.5, 0.02, 12.5, study="Wide"), row(study="Near")])
    assert ax.get_xlim() == (0.1, 10)
    assert set(named(ax, "arrow-")) == {"arrow-high-0", "arrow-low-1", "arrow-high-1"}
    assert set(named(ax, "box-")) == {"box-1", "box-2"}, "an estimate off the axis has no box"
    assert "12.50 (3.10–50.40)" in words(ax)
    for name, x in (("arrow-high-0", 10), ("arrow-low-1", 0.1)):
        assert named(ax, name)[name].get_xdata()[0] == x


def test_estimates_beyond_the_axis():
    """An estimate off the axis is drawn at its edge with its number, however large; NE is what was not estimated."""
    rows = [row(0.002, 1e-5, 0.4, study="A"), row(45, 3, 900, study="B"), row(1.2, 0.9, 1.6, study="C"),
            row(250, 12, 6000, study="D")]  # fmt: skip
    ax = forest(rows)
    edge = {name: (text.get_text(), text.xy[0]) for name, text in named(ax, "beyond-").items()}
    assert edge == {"beyond-0": ("0.00200", 0.1), "beyond-1": ("45.00", 10), "beyond-3": ("250", 10)}
    assert {"250 (12.00–6,000)", "45.00 (3.00–900)"} <= set(words(ax))
    assert not any(text.startswith("NE") for text in words(ax))
    assert set(named(ax, "arrow-")) == {"arrow-low-0", "arrow-high-1", "arrow-high-3"}
    for look in STYLES:
        check_paper(forest(rows, style=look, width="single"), f"estimates beyond the axis, {look}")
    near = forest([row(12.5, 11.9, 13.1, study="Exact"), row(study="Near")])
    assert set(named(near, "arrow-")) == {"arrow-high-0"}


def test_rows_without_estimate_keep_their_line():
    """NE and a test alone are written without a mark; a simulated row says so."""
    rows = [
        row(),
        EffectEstimate(study="Lost", status="not_estimable", group_1="altered", group_0="unaltered"),
        EffectEstimate(study="Berlin", status="test_only", p_value=0.03, group_1="altered", group_0="unaltered"),
        row(study="Made up", simulated=True),
    ]
    ax = forest(rows)
    found = words(ax)
    assert {"NE", "P = 0.030 (test only)", "Made up (simulated)", "NE: not estimable."} <= set(found)
    assert set(named(ax, "ci-")) == {"ci-0", "ci-3"}
    kinds = ("test_only", "null_without_number", "significant_without_number")
    found = words(forest([row(), *(EffectEstimate(study=kind, status=kind) for kind in kinds)]))
    assert {"no number", "null, no number", "significant, no number"} <= set(found)
    assert not any(text.startswith("NE") for text in found), "not reported is not the same as not estimable"
    bound = EffectEstimate(study="B", status="test_only", p_value=0.01, p_relation="<")
    assert "P < 0.01 (test only)" in words(forest([row(), bound]))
    check_paper(ax, "rows without estimate")
    pooled = forest(pool([*rows[:1], row(study="Other"), *rows[1:3]]))
    assert {"Lost", "Berlin", "NE"} <= set(words(pooled))


def test_subgroups():
    """Overall first, levels under their variable with its P, counts of each arm, how the levels were fitted."""
    ax = forest(subgroup_rows())
    found = words(ax)
    rows = dict(written(ax))
    order = ["Overall", "HER2", "HER2 altered", "HER2 unaltered", "AKT1", "AKT1 altered", "AKT1 unaltered"]
    heights = [rows[label][1] for label in order]
    assert heights == sorted(heights, reverse=True)
    assert found.count("0.674") == 1
    assert found.count("0.031") == 1
    assert rows["0.674"][1] == pytest.approx(rows["HER2"][1], abs=1)
    assert {
        "97/241",
        "31/71",
        "Levels are contrasts of one model.",
        "Favours endocrine",
        "Favours no endocrine",
    } <= set(found)
    assert "NE" in found
    assert set(named(ax, "box-")) == {"box-2", "box-3", "box-6"}
    assert named(ax, "overall")["overall"].get_xdata()[0] == pytest.approx(0.90)
    refits = [replace(e, flags=()) for e in subgroup_rows()]
    assert "Levels are refits in each subset." in words(forest(refits))


def test_subgroups_of_studies(bcg_pool):
    """Each subgroup of studies has its diamond, and their difference its test."""
    labels = ["early" if effect.study[-4:] < "1970" else "late" for effect in bcg()]
    groups = subgroups(bcg_pool, labels)
    ax = forest(bcg_pool, groups=groups, style="revman5")
    found = words(ax)
    assert found.count("Subtotal") == 2
    assert {"early", "late"} <= set(found)
    assert f"Test for subgroup differences: Chi² = {groups.q:.2f}, df = 1 (P = {groups.p_value:.3f})" in found
    check_paper(ax, "subgroups of studies")


def test_log_axis_is_symmetric_with_known_ticks(bcg_pool):
    """The axis is symmetric about 1, with ticks from the stated set."""
    for rows in (bcg_pool, [row()], [row(0.5, 0.26, 0.96)], [row(4.4, 3.1, 6.2)]):
        ax = forest(rows)
        low, high = ax.get_xlim()
        assert low * high == pytest.approx(1)
        assert set(ax.get_xticks()) <= {0.1, 0.2, 0.25, 0.5, 1, 2, 4, 5, 10}


def test_differences_stand_on_a_linear_axis():
    """A difference in RMST has a linear axis about 0, and more time favours the group named first."""
    columns = {"measure": "RMSTD", "treatment_1": "tamoxifen", "treatment_0": "none", "estimand": "treatment_effect"}
    ax = forest([row(4.9, 1.8, 8.0, **columns), row(-1.2, -6.3, 3.9, study="Rotterdam", **columns)])
    assert ax.get_xscale() == "linear"
    assert ax.get_xlim() == (-10, 10)
    assert "-1.20 (-6.30 to 3.90)" in words(ax)
    places = {text: box[0] for text, box in written(ax) if text.startswith("Favours")}
    assert places["Favours no tamoxifen"] < places["Favours tamoxifen"]
    check_paper(ax, "differences")


@pytest.mark.parametrize(
    ("columns", "sides"),
    [
        ({}, ("Favours altered", "Favours unaltered")),
        ({"group_1": "tamoxifen", "group_0": "none"}, ("Favours tamoxifen", "Favours no tamoxifen")),
        ({"group_1": "AI", "group_0": "tamoxifen", "endpoint": "ORR"}, ("Favours tamoxifen", "Favours AI")),
        ({"estimand": ""}, ("Favours first group", "Favours second group")),
        ({"estimand": "interaction"}, ("Favours benefit in altered", "Favours benefit in unaltered")),
        (
            {"estimand": "interaction", "treatment_1": "aromatase_inhibitor", "treatment_0": "tamoxifen"},
            (
                "Favours benefit of aromatase inhibitor in altered",
                "Favours benefit of aromatase inhibitor in unaltered",
            ),
        ),
    ],
)
def test_favours(columns, sides):
    """A ratio below 1 favours the group named first, unless more is better."""
    assert favours_labels([row(**columns)]) == sides


def test_cells_are_aligned(bcg_pool):
    """Estimates stand under each other on their decimal point, and the cells of a row on one baseline."""
    ax = forest(bcg_pool)
    texts = {text.get_text(): text for text in ax.texts}
    at = [
        texts[f"{effect.estimate:.2f} ({'{:.2f}–{:.2f}'.format(*effect.ci())})"].get_position()[0]
        for effect in bcg()[3:6]
    ]
    assert max(at) - min(at) < LEVEL / 500
    heights = [
        texts[name].get_position()[1] for name in ("TPT Madras 1980", "1,004/176,782", "10.2%", "1.01 (0.89–1.14)")
    ]
    assert max(heights) - min(heights) < LEVEL / 500


def test_intervals_have_one_level():
    """Rows with intervals of several levels are drawn at 95%; rows that share one keep it, and the head says which."""
    found = words(forest([row(), replace(row(study="Berlin"), level=0.9)]))
    assert found.count("1.52 (1.18–1.95)") == 2
    assert "HR (90% CI)" in words(forest([replace(row(), level=0.9)]))


def test_rows_of_one_study_are_told_apart():
    """Where a study has several rows, its label says in what they differ."""
    rows = [row(er="positive", treatment_1="endocrine", treated_alike="yes", marker=m) for m in ("HER2", "PTEN")]
    rows.append(row(er="positive", treatment_1="none", treated_alike="yes", marker="PTEN"))
    found = words(forest(rows))
    assert {
        "Naples 2003, HER2, endocrine therapy",
        "Naples 2003, PTEN, endocrine therapy",
        "Naples 2003, PTEN, no endocrine therapy",
    } <= set(found)


def test_hostile_names_stay_words():
    """Mathematics and markup in a name are written as they stand."""
    name = r"$\alpha$ <b> 100% _x_ & {y}"
    assert name in words(forest([row(study=name)]))


def test_drawn_into_a_given_axes(bcg_pool):
    """A plot keeps within the box of the Axes it is given, beside another, and says when it does not fit."""
    figure = Figure(figsize=(12, 5))
    left, right = figure.subplots(1, 2)
    box = left.get_position()
    assert forest(bcg_pool, ax=left) is left
    check_within(left, (864 * box.x0, 360 * box.y0, 864 * box.x1, 360 * box.y1))
    check_paper(left, "given Axes")
    with pytest.raises(TamoxresError, match=r"100 lines do not fit .* inches too low"):
        forest(hundred(), ax=right)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([], {}, "needs one effect at least"),
        ([row(), row(measure="RD", study="B")], {}, "Ratios and differences cannot share an axis: found HR, RD"),
        ([row()], {"style": "nejm"}, "Unknown style 'nejm'. Use one of tamoxres"),
        ([row()], {"layout": "meta"}, "take a pooled effect"),
        ([row()], {"layout": "tree"}, "Unknown layout 'tree'"),
        ([row()], {"width": "wide"}, "Unknown width 'wide'"),
    ],
)
def test_refusals(rows, options, message):
    """What cannot be drawn is refused in one sentence."""
    error = EffectError if "layout" not in options and not {"style", "width"} & set(options) else TamoxresError
    with pytest.raises(error, match=message):
        forest(rows, **options)


def test_a_pooled_effect_has_one_layout(bcg_pool):
    """A pooled effect is not drawn as subgroups."""
    with pytest.raises(TamoxresError, match="takes a list of effects"):
        forest(bcg_pool, layout="subgroup")


def test_more_rows_than_can_be_drawn():
    """A plot of thousands of rows is refused in one sentence before it is laid out."""
    row = EffectEstimate(study="A", log_estimate=0.1, se=0.2)
    for draw in (forest, forest_pages):
        with pytest.raises(EffectError, match=r"^5,001 effects are too many to draw, 5,000 at most\."):
            draw([row] * 5001)
