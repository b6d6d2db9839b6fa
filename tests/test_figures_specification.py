"""The specification curve: order, marks, what is filled, and that nothing is clipped or touches."""

import pytest
from figure_boxes import check_paper, named, words

from tamoxres.effects import EffectEstimate
from tamoxres.errors import TamoxresError
from tamoxres.figures.specification import specification_curve
from tamoxres.figures.style import ACCENT

PLACED = 1e-9  # points on paper, computed
SIDES = ("more benefit if altered", "less benefit if altered")


def specified(n):
    """Return n ratios, from far below 1 to far above, with four choices each."""
    rows = [
        EffectEstimate(study=f"S{i}", log_estimate=2.5 * (2 * i / max(n - 1, 1) - 1), se=0.3, measure="HR")
        for i in range(n)
    ]
    choices = [
        {
            "Rule and assay": ("IHC", "mRNA array with a name so long that it needs two lines of its own")[i % 2],
            "Endpoint": ("BCSS", "RFI", "OS")[i % 3],
            "Adjustment": ("crude", "adjusted")[i % 4 > 1],
        }
        for i in range(n)
    ]
    return rows[::-1], choices[::-1]


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("n", [1, 5, 30, 100])
def test_nothing_is_clipped_or_touches(n, width):
    """At 1, 5, 30 and 100 specifications, on one column and on two."""
    rows, choices = specified(n)
    ax = specification_curve(rows, choices, favours=SIDES, width=width)
    check_paper(ax, f"{n} specifications, {width}")
    assert len(named(ax, "spec-")) == n


def test_order_and_marks():
    """The smallest ratio stands first; a mark is filled where its interval leaves out 1, and open where it holds 1."""
    rows, choices = specified(5)
    marks = named(specification_curve(rows, choices), "spec-")
    heights = [float(marks[f"spec-{i}"].get_ydata()[0]) for i in range(5)]
    assert heights == sorted(heights)
    assert heights[2] - heights[1] == pytest.approx(heights[3] - heights[2], abs=PLACED), "the axis is logarithmic"
    faces = [marks[f"spec-{i}"].get_markerfacecolor() for i in range(5)]
    assert faces == [ACCENT, ACCENT, "white", ACCENT, ACCENT]


def test_a_choice_that_all_made_alike_is_left_out():
    """Only what differs needs a place under the curve; both sides are named."""
    rows, choices = specified(4)
    ax = specification_curve(rows, [{**one, "Cohort": "METABRIC"} for one in choices], favours=SIDES)
    told = " ".join(words(ax))
    assert "METABRIC" not in told
    assert "Endpoint" in told
    assert all(side.split()[0] in told for side in SIDES)


@pytest.mark.parametrize(
    ("rows", "choices", "told"),
    [
        ([], [], "needs choices for each effect; found 0 effects and 0"),
        (specified(2)[0], [{}], "found 2 effects and 1"),
        ([EffectEstimate(study="a", status="test_only", p_value=0.1)], [{"Endpoint": "OS"}], "estimated ratios"),
    ],
)
def test_what_cannot_be_drawn(rows, choices, told):
    """Nothing to draw, choices that do not fit, and what is no estimated ratio are refused."""
    with pytest.raises(TamoxresError, match=told):
        specification_curve(rows, choices)
