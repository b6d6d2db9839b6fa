"""The visual abstract: a line for each marker, dots as sure as they say, nothing clipped or touching."""

import pytest
from figure_boxes import check_paper, named, words

from tamoxres.effects import EffectEstimate
from tamoxres.errors import TamoxresError
from tamoxres.figures.visual_abstract import AbstractRow, visual_abstract

SIDES = ("more benefit if altered", "less benefit if altered")
LEVELS = ("none", "very low", "low", "moderate", "high")


def lines(n):
    """Return n lines, every third without a ratio, and ratios beyond both ends of the axis."""
    rows = [EffectEstimate(study=f"S{i}", log_estimate=2.0 - 0.14 * i, se=0.4, measure="HR") for i in range(n)]
    verdicts = ("no evidence either way", "interaction seen, treatment not randomised; robust to the checks made")
    return [
        AbstractRow(
            marker=f"PIK3CA{i}", verdict=verdicts[i % 2], effect=None if i % 3 == 2 else rows[i],
            sure_for=LEVELS[i % 5], sure_none=LEVELS[(i + 1) % 5],
        )
        for i in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("n", [1, 5, 30])
def test_nothing_is_clipped_or_touches(n):
    """With 1, 5 and 30 markers, long verdicts, and an answer of several lines."""
    answer = "No marker is shown to predict failure of tamoxifen; for HER2 the question stays open. " * 3
    ax = visual_abstract(
        "Do the markers of a pathway with a rather long name predict failure of tamoxifen in early breast cancer?",
        answer, lines(n), facts="7 markers; 9,000 patients.", foot="No reason to stop.", favours=SIDES,
    )  # fmt: skip
    check_paper(ax, f"{n} markers")
    assert len(named(ax, "ratio-")) == n - n // 3


def test_dots_say_how_sure():
    """Of four dots none is filled for none, all for high."""
    ax = visual_abstract("Does it?", "It stays open.", lines(5)[3:5])
    filled = [line.get_markerfacecolor() != "white" for line in ax.get_lines() if line.get_marker() == "o"]
    assert [sum(filled[i : i + 4]) for i in range(0, 16, 4)] == [3, 4, 4, 0]
    assert "PIK3CA3" in words(ax)


def test_without_a_marker_there_is_none():
    """A sheet without lines is refused."""
    with pytest.raises(TamoxresError, match="one marker at least"):
        visual_abstract("Does it?", "Open.", [])
