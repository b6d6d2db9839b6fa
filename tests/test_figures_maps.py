"""Evidence map, flow of patients and funnel: counts, areas, texts, and that nothing is clipped or touches."""

import math

import pandas as pd
import pytest
from figure_boxes import bcg, check_paper, check_within, named, words, written
from matplotlib.figure import Figure

from tamoxres.effects import EffectEstimate
from tamoxres.effects.routes import critical_value
from tamoxres.errors import EffectError, TamoxresError
from tamoxres.evidence import studies
from tamoxres.figures.evidence_map import evidence_map
from tamoxres.figures.flow_diagram import flow_diagram
from tamoxres.figures.funnel import funnel
from tamoxres.figures.style import WIDTHS_MM
from tamoxres.flow import Flow, Step
from tamoxres.meta.bias import small_study
from tamoxres.meta.pool import pool

AREA = 1e-9  # areas and positions are computed, not drawn
DRAWN = (
    lambda ax: evidence_map(studies(), ax=ax),
    lambda ax: flow_diagram(flow(4), ax=ax),
    lambda ax: funnel(pool(bcg()), ax=ax),
)
UNITS = {"^": 0.5, "v": 0.5, "o": math.pi / 4, "s": 1.0}  # area of each marker at size 1


def found_studies(*rows):
    return pd.DataFrame(rows, columns=["marker", "tier", "direction", "study"])


def small():
    """Nine studies of HER2 that say resistant in patients, one that says sensitive, one of PTEN in cells."""
    rows = [("HER2", "clinical", "resistant", f"S{i}") for i in range(9)]
    return found_studies(*rows, ("HER2", "clinical", "sensitive", "S9"), ("PTEN", "cell_line", "mixed", "S10"))


def flow(n=5):
    steps = [Step(name="Everyone in the cohort", why="", patients=2509, events=700)]
    for i in range(1, n):
        why = "ER negative 445, ER unknown 30, and a reason that is long enough to need several lines of its box"
        name = f"Step {i}: patients whose marker was assayed by a method with a long name"
        steps.append(Step(name=name, why=why, patients=2509 - 40 * i, events=700 - i))
    return Flow(tuple(steps))


def hazard_ratios():
    """Fourteen studies, small ones with larger ratios, a third of them with patients at hand."""
    events = [8, 12, 15, 20, 25, 30, 40, 55, 70, 100, 150, 220, 349, 600]
    return [
        EffectEstimate(
            study=f"S{i}", log_estimate=0.2 + 3 / e + 0.1 * (-1) ** i, se=2 / math.sqrt(e), events=e, n=3 * e,
            data_sha256="ab" if i % 3 == 0 else "", group_1="altered", group_0="unaltered", estimand="prognostic",
        )
        for i, e in enumerate(events)
    ]  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_evidence_map_of_the_literature(width):
    """The curated studies fit; every marker, tier and direction is named."""
    ax = evidence_map(studies(), width=width)
    check_paper(ax, f"evidence map, {width}")
    expected = {
        "HER2",
        "PIK3CA",
        "Clinical",
        "Animal",
        "model",
        "resistant",
        "worse prognosis",
        "no effect",
        "sensitive",
    }
    assert expected <= set(words(ax))
    table = studies()
    her2 = table[(table.marker == "HER2") & (table.tier == "clinical") & (table.direction == "resistant")]
    assert str(her2.study_id.nunique()) in words(ax)
    clinical = f"{table[table.tier == 'clinical'].study_id.nunique()}"
    assert (clinical if width == "single" else f"{clinical} studies") in words(ax), "narrow heads leave the word away"


def test_areas_and_counts_of_the_evidence_map():
    """Nine studies have nine times the area of one, whatever the shapes; counts are printed; a study counts once."""
    twice = pd.concat([small(), small()])
    ax = evidence_map(twice)
    marks = [a for a in ax.collections if a.get_gid()]
    areas = {a.get_gid(): [] for a in marks}
    for artist in marks:
        shape = {"mark-resistant": "^", "mark-sensitive": "v", "mark-unclear": "o"}[artist.get_gid()]
        areas[artist.get_gid()].append(float(artist.get_sizes()[0]) * UNITS[shape])
    nine, one, mixed = (areas[f"mark-{name}"][0] for name in ("resistant", "sensitive", "unclear"))
    assert nine == pytest.approx(9 * one, rel=AREA)
    assert mixed == pytest.approx(one, rel=AREA)
    assert words(ax).count("9") == 1
    assert {"10 studies", "1 study", "mixed or unclear"} <= set(words(ax))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (small().drop(columns="tier"), "needs a column 'tier'; found marker, direction, study"),
        (small().iloc[:0], "one study at least"),
        (small().replace("sensitive", "good"), "Unknown direction 'good'"),
        (small().replace("cell_line", "in vitro"), "Unknown tier 'in vitro'"),
    ],
)
def test_evidence_map_refuses(table, message):
    """A table that cannot be counted is refused."""
    with pytest.raises(TamoxresError, match=message):
        evidence_map(table)


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_flow_diagram(width):
    """Twelve long steps stand clear of each other, with patients, events, and who left and why."""
    ax = flow_diagram(flow(12), width=width)
    check_paper(ax, f"flow, {width}")
    found = words(ax)
    assert "2,509 patients, 700 events" in found
    assert found.count("40 left") == 11
    assert "Everyone in the cohort" in found


def test_flow_boxes_hold_their_texts():
    """Every text stands inside a box, and a step that nobody left at has no box beside it."""
    steps = (*flow(3), Step(name="The same patients", why="", patients=2429, events=698))
    ax = flow_diagram(Flow(steps))
    boxes = [patch.get_bbox().extents for patch in ax.patches if patch.get_width() > 1]
    assert len(boxes) == 4 + 2
    for text, (x0, y0, x1, y1) in written(ax):
        inside = [b for b in boxes if b[0] <= x0 and x1 <= b[2] and b[1] <= y0 and y1 <= b[3]]
        assert len(inside) == 1, text


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_funnels(width):
    """Funnels by standard error and by events stand clear, at both widths."""
    pooled = pool(hazard_ratios())
    for test in (None, small_study(pooled), small_study(pooled, "egger"), small_study(pooled, "begg")):
        check_paper(funnel(pooled, test=test, width=width), f"funnel, {width}, {test}")
    check_paper(funnel(pool(bcg()), width=width), f"BCG funnel, {width}")


def test_contours_are_those_of_the_p_values():
    """A study on the edge of a contour has exactly its P."""
    ax = funnel(pool(bcg()))
    deepest = ax.get_ylim()[0]
    for p in (0.1, 0.05, 0.01):
        edges = [c.get_xy() for c in ax.patches if c.get_gid() == f"contour-{p:g}"]
        assert len(edges) == 2
        for corners in edges:
            null, edge = corners[0], corners[1]
            assert tuple(null) == (1, 0)
            assert edge[1] == deepest
            assert abs(math.log(edge[0])) / deepest == pytest.approx(critical_value(1 - p), rel=AREA)


def test_funnel_places_studies_by_estimate_and_error():
    """Each study stands at its estimate and standard error, the most precise on top; shapes tell published rows."""
    rows = hazard_ratios()
    ax = funnel(pool(rows))
    assert ax.get_ylim()[0] > ax.get_ylim()[1] == 0
    for i, effect in enumerate(rows):
        point = named(ax, f"study-{i}")[f"study-{i}"]
        assert (point.get_xdata()[0], point.get_ydata()[0]) == pytest.approx((effect.estimate, effect.se), rel=AREA)
        assert point.get_marker() == ("s" if effect.data_sha256 else "o")
    assert "■ individual patient data, ● published result." in words(ax)


def test_line_of_debray():
    """Debray's line stands over the number of events: log estimate = intercept + slope / events; no contours there."""
    rows = [
        *hazard_ratios(),
        EffectEstimate(
            study="no events", log_estimate=0.3, se=0.4, group_1="altered", group_0="unaltered", estimand="prognostic"
        ),
    ]
    pooled = pool(rows)
    test = small_study(pooled)
    ax = funnel(pooled, test=test)
    x, depth = named(ax, "test")["test"].get_data()
    assert [math.log(value) for value in x] == pytest.approx([test.intercept + test.slope * d for d in depth], rel=AREA)
    assert not [patch for patch in ax.patches if (patch.get_gid() or "").startswith("contour")]
    assert {"Events", "10", "50"} <= set(words(ax))
    assert "Not shown, number of events not known: 1." in " ".join(words(ax))
    assert any(text.startswith("Dashed: pooled effect. Debray's test (line): P = ") for text in words(ax))


def test_line_of_egger():
    """Egger's line stands over the standard error, among the contours."""
    pooled = pool(bcg())
    test = small_study(pooled, "egger")
    x, depth = named(funnel(pooled, test=test), "test")["test"].get_data()
    assert math.log(x[-1]) == pytest.approx(test.intercept + test.slope * depth[-1], rel=AREA)


def test_funnel_without_events_is_refused():
    """A plot by events needs events."""
    test = small_study(pool(hazard_ratios()))
    rows = [EffectEstimate(study=name, log_estimate=0.1, se=0.2) for name in ("a", "b")]
    with pytest.raises(EffectError, match="No study tells its number of events"):
        funnel(pool(rows), test=test)


def test_given_axes_that_are_too_low():
    """Each figure says so when the Axes it is given is too low."""
    for draw in DRAWN:
        with pytest.raises(TamoxresError, match="ake it higher"):
            draw(Figure(figsize=(6, 0.6)).add_subplot())


def test_given_axes():
    """Each figure keeps within the box of the Axes it is given."""
    for draw in DRAWN:
        figure = Figure(figsize=(9, 9))
        ax = figure.add_axes((0.3, 0.2, 0.6, 0.7))
        assert draw(ax) is ax
        check_within(ax, (0.3 * 648, 0.2 * 648, 0.9 * 648, 0.9 * 648))
        check_paper(ax, "given Axes")
