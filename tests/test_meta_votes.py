"""P values combined, votes counted and albatross data, against metap and by hand."""

from __future__ import annotations

import math

import pytest
from meta_data import CLOSED, META, close

from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError
from tamoxres.evidence import literature
from tamoxres.meta.votes import albatross, albatross_contour, combine_p, direction, vote_table

COMBINED = META["combined"]


def letter(study, p, side="worse", **other):
    """A published test alone."""
    return EffectEstimate(study=study, p_value=p, direction=side, status="test_only", **other)


def published():
    """Five tests whose one-sided P values are those of the reference."""
    tails = zip(COMBINED["tails"], COMBINED["n"], strict=True)
    return [letter(f"S{i}", 2 * min(t, 1 - t), "worse" if t < 0.5 else "better", n=n) for i, (t, n) in enumerate(tails)]


def test_combined_p_values_equal_metap():
    """Stouffer's Z, equal and weighted by the root of n, and Fisher's chi-squared."""
    for method, weights, key in (
        ("stouffer", "equal", "stouffer"),
        ("stouffer", "sqrt_n", "weighted"),
        ("fisher", "equal", "fisher"),
    ):
        found = combine_p(published(), method=method, weights=weights)
        close([found.statistic, found.p_value], COMBINED[key], CLOSED, key)


def test_the_other_side_is_the_complement():
    """Stouffer for better is 1 minus Stouffer for worse."""
    close(combine_p(published(), side="better").p_value, 1 - combine_p(published()).p_value, CLOSED, "sides")


def test_directions_of_rows():
    """The told direction stands first; then the estimate, turned where more is better."""
    ratio = EffectEstimate(study="A", log_estimate=0.5, se=0.2)
    assert direction(ratio) == "worse"
    assert direction(ratio.reversed()) == "better"
    assert direction(EffectEstimate(study="A", measure="RMSTD", difference=3.0, se=1.0)) == "better"
    assert (
        direction(
            EffectEstimate(
                study="A", measure="OR", log_estimate=1.0, se=1.0, flags=("or_of_response_above_1_favours_ai",)
            )
        )
        == "better"
    )
    assert direction(EffectEstimate(study="A", measure="other_difference", difference=3.0, se=1.0)) == ""
    assert direction(letter("A", 0.3, side="")) == ""


def test_rows_without_a_direction_are_left_out_by_name():
    """A P alone says nothing of its side; an upper bound is used as it stands, and said."""
    rows = [
        *published(),
        letter("Silent", 0.7, side=""),
        letter(
            "Bound",
            0.05,
            flags=(
                "p_only",
                "p_is_upper_bound",
            ),
        ),
    ]
    found = combine_p(rows)
    assert (found.k, found.left_out) == (6, ("Silent",))
    assert "taken as it stands: Bound." in found.notes[0]
    assert "Left out, no P or no direction: Silent" in str(found)


def test_votes_by_hand():
    """Four of five worse: exact interval 28.4% to 99.5%, sign test P = 12/32; significance is shown apart."""
    rows = [
        letter("A", 0.01),
        letter("B", 0.2),
        letter("C", 0.04),
        letter("D", 0.6),
        letter("E", 0.03, "better"),
        letter("F", 0.5, ""),
    ]
    found = vote_table(rows)
    assert (found.worse, found.better, found.not_told) == (("A", "B", "C", "D"), ("E",), ("F",))
    assert (found.significant_worse, found.significant_better) == (("A", "C"), ("E",))
    close(found.p_value, 12 / 32, CLOSED, "sign test")
    close([found.low, found.high], [0.283582, 0.994949], 1e-6, "Clopper-Pearson")
    assert list(found.table["studies"]) == [4, 1, 1]
    assert list(found.table["direction"]) == ["worse", "better", "not told"]
    assert "4 of 5 studies point to worse (80%, 28% to 99%)" in str(found)


def test_votes_all_on_one_side():
    """All worse: the interval ends at 1."""
    found = vote_table([letter("A", 0.01), letter("B", 0.2)])
    assert (found.share_worse, found.high, found.p_value) == (1.0, 1.0, 0.5)
    close(found.low, math.sqrt(0.025), CLOSED, "lower limit of 2 of 2")


def test_albatross_data_and_contours():
    """A row lies on the contour of its own effect: z = log ratio * root of (events / 4)."""
    rows = [letter("A", 0.05, n=100), letter("B", 0.05, "better", n=100), letter("No n", 0.05)]
    frame = albatross(rows)
    assert list(frame["study"]) == ["A", "B"]
    close(frame["z"], [1.959963984540054, -1.959963984540054], CLOSED, "signed Z")
    assert frame.attrs["left_out"] == ["No n"]
    n = albatross_contour(2.0, 0.05, events_share=0.5)
    close(math.log(2) * math.sqrt(n * 0.5 / 4), 1.959963984540054, CLOSED, "contour")


def test_src_of_the_literature_is_voted_not_pooled():
    """SRC has tests alone, of two studies of one series: they vote once, whichever is taken."""
    rows = {row.study: row for row in literature(marker="SRC")}
    assert set(rows) == {"campbell_ej_2008", "elsberger_2012"}
    with pytest.raises(PoolingError, match="Campbell 2008 and elsberger_2012 share patients; keep one of them"):
        vote_table(rows.values())
    for row in rows.values():
        found = vote_table([row])
        assert len(found.worse) + len(found.better) + len(found.not_told) == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: combine_p([letter("A", 0.1)]), "needs two rows with a P and a direction; found 1"),
        (lambda: combine_p([letter("A", 0.1), letter("A", 0.2)]), "Study A stands twice"),
        (lambda: combine_p([letter("A", 0.1), letter("B", 0.2, overlaps=("A",))]), "B and A share patients"),
        (lambda: combine_p([letter("A", 0.1), letter("B", 0.2)], weights="sqrt_n"), "A gives no n"),
        (lambda: vote_table([]), "at least one row"),
        (lambda: albatross_contour(1.0, 0.05), "a ratio above 0 other than 1"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(call, says):
    """Too few rows, a study twice and shared patients are refused by name."""
    with pytest.raises(PoolingError, match=says):
        call()
