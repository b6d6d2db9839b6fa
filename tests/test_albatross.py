"""Albatross plots: where studies and contours stand, what is said of the others, and that nothing is clipped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from figure_boxes import check_paper, named, words
from matplotlib.figure import Figure

from tamoxres.effects import EffectEstimate
from tamoxres.errors import EffectError, TamoxresError
from tamoxres.figures.albatross import albatross_plot
from tamoxres.figures.save import figure_bytes
from tamoxres.figures.style import WIDTHS_MM
from tamoxres.meta.votes import albatross_contour

COMPUTED = 1e-9  # positions are computed, not drawn


def row(study, p, n=100, side="worse", **other):
    """A published test alone."""
    return EffectEstimate(study=study, p_value=p, n=n, direction=side, status="test_only", **other)


def rows():
    """Four studies: worse, better, a bound, one without n; events told by one."""
    return [
        row("Worse 2001", 0.01, 400, events=100), row("Better 2002", 0.2, 150, "better"),
        row("Bound 2003", 0.001, 90, flags=("p_is_upper_bound",)), row("Silent 2004", 0.5, None),
    ]  # fmt: skip


def test_studies_stand_by_p_and_size():
    """On x -log10(P), positive for worse; y is the number of patients; a bound is open."""
    ax = albatross_plot(rows())
    found = [named(ax, "study-")[f"study-{i}"] for i in range(3)]
    places = [(float(mark.get_xdata()[0]), float(mark.get_ydata()[0])) for mark in found]
    assert places == [
        (pytest.approx(2, abs=COMPUTED), 400), (pytest.approx(math.log10(0.2), abs=COMPUTED), 150),
        (pytest.approx(3, abs=COMPUTED), 90),
    ]  # fmt: skip
    assert [mark.get_color() == "white" for mark in found] == [False, False, True]
    assert ax.get_yscale() == "log"


def test_contours_pass_where_the_formula_says():
    """At every point of a contour n is that of `albatross_contour`; the inverse is its mirror image."""
    ax = albatross_plot(rows(), ratios=[2], events_share=0.25, allocation=0.3)
    right, left = (named(ax, "contour")[f"contour-{ratio}"] for ratio in ("2", "0.5"))
    for x, n in zip(right.get_xdata()[::50], right.get_ydata()[::50], strict=True):
        assert n == pytest.approx(albatross_contour(2, 10**-x, events_share=0.25, allocation=0.3), rel=COMPUTED)
    np.testing.assert_array_equal(left.get_xdata(), -np.asarray(right.get_xdata()))
    assert {"HR 2.00", "HR 0.50"} <= set(words(ax))


def test_share_of_events_is_that_of_the_rows():
    """100 events in 400 patients are told: the contours rest on 25%; without any there are no contours."""
    text = " ".join(words(albatross_plot(rows(), width="double")))
    assert "if 25% of the patients had an event and 50% were altered" in text
    assert "Not shown, n, P or direction not told: 1." in text
    assert "Open: P printed as an upper bound." in text
    assert "1 Worse 2001; 2 Better 2002; 3 Bound 2003." in text
    bare = albatross_plot(rows()[1:])
    assert "No contours: no row tells its events (events_share)." in words(bare)
    assert not named(bare, "contour-1.5")


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_nothing_is_clipped_or_touches(width):
    """All texts stand on the paper and apart, for few and for many studies, large P and tiny ones."""
    check_paper(albatross_plot(rows(), width=width), f"four, {width}")
    spread = [row(f"S{i}", 10.0 ** -(i + 1), 50 * 2**i, "worse" if i % 3 else "better", events=20) for i in range(9)]
    check_paper(albatross_plot(spread, width=width), f"nine, {width}")
    many = [row(f"S{i}", 0.9 / (i + 1), 60 + 40 * i, "worse" if i % 3 else "better", events=30) for i in range(30)]
    ax = albatross_plot(many, width=width)
    assert "1" not in [text.get_text() for text in ax.texts], "thirty studies bear no numbers"
    check_paper(ax, f"thirty, {width}")
    check_paper(albatross_plot([row("Alone 2000", 0.04, 80, events=20)], width=width), f"one, {width}")


def test_the_same_bytes_each_time_and_on_a_given_axes():
    """The picture is the same twice, and stands in the box of an Axes that is given; too low a one is refused."""
    assert figure_bytes(albatross_plot(rows()), "svg") == figure_bytes(albatross_plot(rows()), "svg")
    figure = Figure(figsize=(5, 4))
    assert albatross_plot(rows(), ax=figure.add_subplot()).figure is figure
    with pytest.raises(TamoxresError, match="too low for an albatross plot"):
        albatross_plot(rows(), ax=Figure(figsize=(5, 0.9)).add_subplot())


def test_refusals():
    """Without a row that can be placed there is no plot; ratios and shares are checked."""
    with pytest.raises(EffectError, match="No row tells n, P and direction.*vote_table"):
        albatross_plot([row("A", 0.1, None)])
    with pytest.raises(EffectError, match=r"Contour ratio 0.5: give ratios above 1"):
        albatross_plot(rows(), ratios=[0.5])
    with pytest.raises(EffectError, match="allocation is 1; it is a share between 0 and 1"):
        albatross_plot(rows(), allocation=1)
