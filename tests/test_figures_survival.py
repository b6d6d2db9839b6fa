"""Survival and incidence figures: where curves end, the table under the axis, labels, and that nothing touches."""

import numpy as np
import pytest
from figure_boxes import check_paper, check_within, named, words, written
from matplotlib.figure import Figure

from tamoxres.curves import Curve, Curves
from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError, TamoxresError
from tamoxres.figures.style import WIDTHS_MM
from tamoxres.figures.survival import survival_plot
from tamoxres.figures.survival_panels import survival_panels
from tamoxres.figures.survival_parts import LEAST_AT_RISK, effect_text

EXACT = 1e-12  # what is drawn is the data, divided by the months of the unit


def curve(group, n, scale=150.0, cause="", share=1.0, seed=1):
    """A curve of exponential times with uniform censoring, with plain limits; an incidence if a cause is named."""
    dice = np.random.default_rng(seed)
    failed, censored = dice.exponential(scale, n), dice.uniform(20, 220, n)
    time = np.sort(np.minimum(failed, censored))
    event = (failed <= censored)[np.argsort(np.minimum(failed, censored))].astype(float)
    at_risk = np.arange(n, 0, -1.0)
    survival = np.cumprod(1 - event / at_risk)
    value = (1 - survival) * share if cause else survival
    se = np.sqrt(np.clip(value * (1 - value), 0, None) / at_risk)
    return Curve(
        group=group, kind="incidence" if cause else "survival", cause=cause, time=time, estimate=value, se=se,
        ci_low=np.clip(value - 1.96 * se, 0, 1), ci_high=np.clip(value + 1.96 * se, 0, 1), n_risk=at_risk,
        n_event=event, n_censor=1 - event,
    )  # fmt: skip


def curves(*parts, grouping="HER2 (snp6_gain)", endpoint="BCSS", note=""):
    return Curves(curves=parts, grouping=grouping, endpoint=endpoint, population="ER positive", method="", note=note)


def two(**options):
    return curves(curve("unaltered", 800), curve("altered", 240, 90, seed=2), **options)


def causes():
    """Two groups with two causes each."""
    return curves(
        curve("unaltered", 800, 300, "BCSS", 0.5), curve("unaltered", 800, 600, "competing death", 0.5),
        curve("altered", 240, 150, "BCSS", 0.5, 2), curve("altered", 240, 600, "competing death", 0.5, 2),
    )  # fmt: skip


def effect(**columns):
    return EffectEstimate.from_ci(1.52, 1.18, 1.94, study="metabric", **columns)


def cells(ax):
    """Counts of the table by the words at the beginning of their row, from the left."""
    rows = {}
    for text, (x0, y0, _, y1) in written(ax):
        rows.setdefault(round((y0 + y1) / 2), []).append((x0, text))
    lines = [[text for _, text in sorted(row)] for row in rows.values()]
    return {line[0]: line[1:] for line in lines if len(line) > 2}


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("kmunicate", [False, True])
def test_nothing_is_clipped_or_touches(width, kmunicate):
    """Two groups, four curves, one curve and seven groups stand clear, with either table."""
    seven = [curve(f"subtype {i}", 150, 40 + 40 * i, seed=i) for i in range(7)]
    for what, drawn in (
        ("two", two()), ("causes", causes()), ("one", curves(curve("", 60), grouping="")),
        ("seven", curves(*seven, grouping="pam50", endpoint="OS")),
    ):  # fmt: skip
        ax = survival_plot(drawn, effect=effect(), width=width, kmunicate=kmunicate)
        check_paper(ax, f"{what}, {width}, kmunicate {kmunicate}")
        assert ax.figure.get_size_inches()[0] * 25.4 == pytest.approx(WIDTHS_MM[width])


def test_curves_are_the_data_up_to_ten_at_risk():
    """Each curve is drawn in years to the last time with ten at risk, beginning at 1, as right-continuous steps."""
    data = two()
    ax = survival_plot(data)
    for i, expected in enumerate(data):
        line = named(ax, f"curve-{i}")[f"curve-{i}"]
        end = expected.time[expected.n_risk >= LEAST_AT_RISK][-1]
        x, y = line.get_xdata(), line.get_ydata()
        assert line.get_drawstyle() == "steps-post"
        assert (x[0], y[0]) == (0, 1)
        assert x[-1] == pytest.approx(end / 12, rel=EXACT)
        np.testing.assert_allclose(y, expected.step("estimate", x * 12 + 1e-9), rtol=EXACT)
    assert ax.get_xlim()[1] == pytest.approx(max(c.time[c.n_risk >= 10][-1] for c in data) / 12)


def test_few_patients_are_drawn_whole_without_band():
    """A group that never had ten patients is drawn to its end, without a band."""
    data = curves(curve("altered", 6), curve("unaltered", 300, seed=3))
    ax = survival_plot(data)
    assert named(ax, "curve-0")["curve-0"].get_xdata()[-1] == pytest.approx(data.curves[0].time[-1] / 12)
    vertices = [path.vertices for path in named(ax, "band-0")["band-0"].get_paths()]
    assert not vertices or np.isnan(np.concatenate(vertices)).all()


@pytest.mark.parametrize(("unit", "months", "name"), [(None, 12, "Years"), ("months", 1, "Months")])
def test_numbers_at_risk(unit, months, name):
    """The table gives those at risk just before each tick, under that tick."""
    data = two()
    ax = survival_plot(data, unit=unit)
    table = cells(ax)
    ticks = ax.get_xticks()
    assert name in words(ax)
    assert "Number at risk" in words(ax)
    for group, expected in zip(("HER2 unaltered", "HER2 altered"), data, strict=True):
        assert table[group][: len(ticks)] == [f"{n:,}" for n in expected.at_risk(ticks * months)]


def test_kmunicate_rows_add_up():
    """At risk, censored and events before each tick sum to everyone in the group."""
    ax = survival_plot(curves(curve("altered", 240, 90)), kmunicate=True)
    table = cells(ax)
    counts = np.array([[int(cell) for cell in table[name]] for name in ("At risk", "Censored", "Events")])
    assert counts.shape[1] == len(ax.get_xticks())
    assert (counts.sum(axis=0) == 240).all()


def test_events_at_a_tick_are_still_at_risk_there():
    """Patients who fail or leave exactly at a tick are at risk at it, and counted as events or censored after it."""
    ones = np.ones(3)
    data = Curve(
        group="altered", kind="survival", time=[1, 2, 3], estimate=[0.9, 0.8, 0.7], se=ones, ci_low=0.5 * ones,
        ci_high=ones, n_risk=[20, 16, 12], n_event=[3, 3, 3], n_censor=[1, 1, 9],
    )  # fmt: skip
    table = cells(survival_plot(curves(data), kmunicate=True, width="double"))
    assert table["At risk"] == ["20", "20", "16", "12"]
    assert table["Censored"] == ["0", "0", "1", "2"]
    assert table["Events"] == ["0", "0", "3", "6"]


@pytest.mark.parametrize("scale", [4.0, 150.0, 1e5])
def test_labels_of_curves_that_end_together_stand_apart(scale):
    """Four curves that end at 0, at one height, or at 1 have four labels that neither touch nor leave the plot."""
    same = [curve(group, 80, scale) for group in ("first", "second", "third", "fourth")]
    ax = survival_plot(curves(*same, grouping="group"), at_risk=False)
    check_paper(ax, "curves that end together")
    high, place = 72 * ax.figure.get_size_inches()[1], ax.get_position()
    labels = [box for text, box in written(ax) if text.startswith("group")]
    assert len(labels) == 4
    for _, low, _, top in labels:
        assert high * place.y0 - 5 < low < top < high * place.y1 + 5


def test_kmunicate_of_causes():
    """With competing deaths each cause has its row."""
    assert {"BCSS events", "Competing deaths"} <= set(words(survival_plot(causes(), kmunicate=True, width="double")))


def test_no_table():
    """Without the table there is none."""
    assert "Number at risk" not in words(survival_plot(two(), at_risk=False))


def test_labels_stand_beside_the_curves():
    """Two groups are named beside their curves in their colours; seven have a key above it; all after a sample."""
    ax = survival_plot(two())
    assert len(named_all(ax, "sample")) == 2
    label = next(text for text in ax.texts if text.get_text() == "HER2 altered")
    assert label.get_color() == named(ax, "curve-1")["curve-1"].get_color()
    data = curves(*[curve(f"subtype {i}", 150, seed=i) for i in range(7)], grouping="pam50")
    ax = survival_plot(data)
    top = 72 * ax.figure.get_size_inches()[1] * ax.get_position().y1
    key = [box[1] for text, box in written(ax) if text.startswith("PAM50 subtype")]
    assert sum(low > top for low in key) == 7


@pytest.mark.parametrize(
    ("grouping", "group", "label"),
    [
        ("HER2 (snp6_gain)", "altered", "HER2 altered"), ("treatment", "treated", "treated"), ("grade", "3", "grade 3"),
        ("tamoxifen", "no tamoxifen", "no tamoxifen"), ("menopause", "pre", "premenopausal"),
        ("chemotherapy", "yes", "chemotherapy"), ("pam50", "LumA", "Luminal A"), ("MTOR (mrna_high)", "altered",
        "mTOR altered"), ("endocrine_agent", "aromatase_inhibitor", "aromatase inhibitor"),
        ("size_group", "up_to_20", "size group up to 20"),
    ],
)  # fmt: skip
def test_names_of_groups(grouping, group, label):
    """A group is named with what it is a level of, unless it says so itself."""
    assert label in words(survival_plot(curves(curve(group, 50), grouping=grouping), width="double"))


def test_survival_axis():
    """Survival runs from 0 to 100 percent under the endpoint's name."""
    ax = survival_plot(two())
    assert ax.get_ylim() == (0, 1)
    assert "Breast-cancer-specific survival (%)" in words(ax)
    assert {"0", "20", "100"} <= set(words(ax))


def test_incidence_axis_adapts():
    """An incidence begins at 0 and its axis ends just above the highest band."""
    data = curves(curve("altered", 600, 400, "BCSS", 0.2))
    ax = survival_plot(data)
    assert named(ax, "curve-0")["curve-0"].get_ydata()[0] == 0
    kept = data.curves[0].n_risk >= LEAST_AT_RISK
    top = ax.get_ylim()[1]
    assert data.curves[0].ci_high[kept].max() <= top < 2 * data.curves[0].ci_high[kept].max() + 0.05
    assert "Cumulative incidence of BCSS events (%)" in words(ax)


def test_effect_stands_where_no_curve_is():
    """The effect is written inside the plot in a corner that no curve reaches, or above the plot."""
    ax = survival_plot(two(), effect=effect(adjusted_for=("age",)))
    box = dict(written(ax))["Adjusted HR 1.52 (95% CI 1.18–1.94)"]
    wide, high = (72 * inches for inches in ax.figure.get_size_inches())
    place = ax.get_position()
    for curve_drawn in named(ax, "curve-").values():
        x = wide * (place.x0 + place.width * curve_drawn.get_xdata() / ax.get_xlim()[1])
        y = high * (place.y0 + place.height * curve_drawn.get_ydata())
        assert not ((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])).any()
    assert "P < 0.001" in words(ax)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (effect(), "HR 1.52 (95% CI 1.18-1.94)\nP < 0.001"),
        (effect(adjusted_for=("age",)), "Adjusted HR 1.52 (95% CI 1.18-1.94)\nP < 0.001"),
        (effect(estimand="interaction"), "Ratio of HRs 1.52 (95% CI 1.18-1.94)\nP for interaction < 0.001"),
        (
            effect(estimand="interaction", adjusted_for=("age",)),
            "Adjusted ratio of HRs 1.52 (95% CI 1.18-1.94)\nP for interaction < 0.001",
        ),
        (EffectEstimate(study="a", status="test_only", p_value=0.2), "P = 0.200"),
        (EffectEstimate(study="a", status="not_estimable", measure="sHR"), "sHR NE"),
        (
            EffectEstimate(study="a", measure="RD", difference=-0.05, se=0.03),
            "RD -0.05 (95% CI -0.11 to 0.01)\nP = 0.096",
        ),
    ],
)
def test_words_of_an_effect(row, text):
    """An effect is written with its level and P; what was not estimated says so."""
    assert effect_text(row) == text


def named_all(ax, gid):
    """The artists of a gid."""
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


def several(n, causes=("",)):
    """Curves of n groups."""
    return curves(
        *[curve(f"group {i}", 150, 60 + 50 * i, cause, 0.5 if cause else 1.0, i) for i in range(n) for cause in causes],
        grouping="group", endpoint="BCSS",
    )  # fmt: skip


@pytest.mark.parametrize("n", [3, 4, 6, 7])
def test_more_than_two_groups_differ_in_colour_line_and_marker(n):
    """From the third group on each curve has a colour, a line and a marker of its own, and its label shows them."""
    ax = survival_plot(several(n), width="double")
    lines = [named(ax, f"curve-{i}")[f"curve-{i}"] for i in range(n)]
    marks = [named(ax, f"marks-{i}")[f"marks-{i}"] for i in range(n)]
    assert len({line.get_color() for line in lines}) == n
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == n
    assert len({str(mark.get_marker()) for mark in marks}) == n
    samples = named_all(ax, "sample")
    assert [sample.get_color() for sample in samples] == [line.get_color() for line in lines]
    for line, mark in zip(lines, marks, strict=True):
        x, y = line.get_xdata(), line.get_ydata()
        np.testing.assert_allclose(mark.get_ydata(), y[np.searchsorted(x, mark.get_xdata(), side="right") - 1])
    assert not named(survival_plot(two()), "marks-"), "two groups need no markers"


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_causes_of_three_groups_stand_in_panels(width):
    """Competing causes have a panel each from three groups on, with one scale; the effect stands in the endpoint's."""
    first = survival_plot(several(3, ("BCSS", "competing death")), effect=effect(), width=width)
    panels = first.figure.axes
    assert len(panels) == 2
    assert {"BCSS events", "HR 1.52 (95% CI 1.18–1.94)"} <= set(words(panels[0]))
    assert "Competing deaths" in words(panels[1])
    assert not any("HR" in text for text in words(panels[1]))
    assert (panels[0].get_xlim(), panels[0].get_ylim()) == (panels[1].get_xlim(), panels[1].get_ylim())
    boxes = [ax.get_position() for ax in panels]
    assert (boxes[0].y0 == pytest.approx(boxes[1].y0)) == (width == "double")
    assert boxes[0].height == pytest.approx(boxes[1].height)
    for ax in panels:
        check_paper(ax, f"panels, {width}")
    assert len(survival_plot(causes()).figure.axes) == 1, "two groups share a plot"


def test_panels_of_treatments():
    """Marker by treatment: two panels with the same axes, the interaction or each one's own HR in both."""
    shown = {"Tamoxifen": two(), "No tamoxifen": curves(curve("unaltered", 300, seed=4), curve("altered", 90, seed=5))}
    both = survival_panels(shown, effects=effect(estimand="interaction"))
    assert all("Ratio of HRs 1.52 (95% CI 1.18–1.94)" in words(ax) for ax in both)
    own = survival_panels(shown, effects=[effect(), EffectEstimate.from_ci(1.1, 0.8, 1.5, study="a")], kmunicate=True)
    assert "HR 1.10 (95% CI 0.80–1.50)" in words(own[1])
    assert own[0].get_label().startswith("Tamoxifen. ")
    for ax in (*both, *own):
        check_paper(ax, "treatments")
    with pytest.raises(AnalysisError, match="1 effects for 2 panels"):
        survival_panels(shown, effects=[effect()])
    with pytest.raises(AnalysisError, match="survival and incidence in two figures"):
        survival_panels({"a": two(), "b": causes()})
    with pytest.raises(AnalysisError, match="needs curves of one kind"):
        survival_panels({})


def test_note_is_not_drawn():
    """The note of the curves belongs to the caption."""
    assert "Other deaths compete." not in " ".join(words(survival_plot(two(note="Other deaths compete."))))


def test_drawn_into_a_given_axes():
    """A plot keeps within the Axes it is given, and says when that is too low."""
    figure = Figure(figsize=(8, 6))
    ax = figure.add_axes((0.3, 0.2, 0.6, 0.7))
    assert survival_plot(two(), effect=effect(), ax=ax) is ax
    check_within(ax, (0.3 * 576, 0.2 * 432, 0.9 * 576, 0.9 * 432))
    check_paper(ax, "given Axes")
    with pytest.raises(TamoxresError, match=r"inches high, too low for the plot and its table"):
        survival_plot(two(), ax=Figure(figsize=(4, 1)).add_subplot())


def test_refusals():
    """No curves, or survival beside incidence, are refused."""
    for data in (curves(), curves(curve("altered", 20), curve("altered", 20, cause="BCSS"))):
        with pytest.raises(AnalysisError, match="needs curves of one kind"):
            survival_plot(data)
