"""wording: what a reader sees of a number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamoxres.wording import (
    STYLES,
    count,
    guard_formula,
    interval,
    number,
    number_with_interval,
    p_value,
    percent,
    ratio,
    ratio_with_interval,
    unguard_formula,
)

EVERY_STYLE = st.sampled_from(list(STYLES.values()))
FORMULAS = ["=cmd()", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "\n=x"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.51638, "1.52"), (1.0, "1.00"), (0.694882, "0.69"), (0.0995, "0.10"), (0.09949, "0.0995"), (0.0543, "0.0543"),
        (0.00123456, "0.00123"), (0.0, "0.00"), (99.994, "99.99"), (99.996, "100"), (250.4, "250"),
        (6000, "6,000"), (1e5, "100,000"), (1e-5, "0.0000100"), (9e-6, "<0.00001"), (1e12, ">100,000"),
        (math.inf, ">100,000"), (-0.1, "NE"),
        (math.nan, "NE"), (None, "NE"),
    ],
)  # fmt: skip
def test_ratios(value: float | None, written: str) -> None:
    """Two decimals, three significant digits below 0.10, none from 100 on; NE is for what was not estimated."""
    assert ratio(value) == written


@pytest.mark.parametrize(
    ("p", "written"),
    [(0.674, "0.674"), (0.05, "0.050"), (0.0009999, "<0.001"), (0.001, "0.001"), (0.0, "<0.001"), (1.0, ">0.999"),
     (0.9995, ">0.999"), (0.99949, "0.999"), (None, "NE"), (math.nan, "NE")],
)  # fmt: skip
def test_p_values(p: float | None, written: str) -> None:
    """Three decimals, never 0 and never 1."""
    assert p_value(p) == written


@pytest.mark.parametrize(
    ("style", "hr", "p", "tiny"),
    [
        ("tamoxres", "0.49 (0.34-0.70)", "P = 0.012", "P < 0.001"),
        ("revman5", "0.49 [0.34, 0.70]", "P = 0.012", "P < 0.00001"),
        ("bmj", "0.49 (0.34 to 0.70)", "P = 0.012", "P < 0.001"),
        ("jama", "0.49 (0.34-0.70)", "P = .012", "P < .001"),
        ("lancet", "0·49 (0·34–0·70)", "p = 0·012", "p < 0·0001"),
        ("ebctcg", "0.49 (0.34–0.70)", "P = 0.012", "P < 0.001"),
    ],
)
def test_journals(style: str, hr: str, p: str, tiny: str) -> None:
    """Each journal has its brackets, dashes, decimal point and floor of P."""
    chosen = STYLES[style]
    assert ratio_with_interval(0.49, 0.34, 0.70, chosen) == hr
    assert p_value(0.012, chosen, label=True) == p
    assert p_value(1e-9, chosen, label=True) == tiny


def test_intervals_with_gaps() -> None:
    """A limit that is none is NE, a large one is written; without any limit the estimate still stands."""
    assert ratio_with_interval(1.5163, 1.1843, 1.9415) == "1.52 (1.18-1.94)"
    assert ratio_with_interval(2, 0.5, 4e9) == "2.00 (0.50 to >100,000)"
    assert ratio_with_interval(250, 12, 6000) == "250 (12.00-6,000)"
    assert ratio_with_interval(1e9, 0, math.inf, STYLES["revman5"]) == ">100,000 [0.00, >100,000]"
    assert ratio_with_interval(2e6, 1e6, 4e6, STYLES["lancet"]) == ">100,000 (>100,000 to >100,000)"
    assert ratio_with_interval(2, 0.5, math.nan) == "2.00 (0.50-NE)"
    assert ratio_with_interval(1.3, None, math.nan) == "1.30 (NE)"
    assert ratio_with_interval(None, 0.5, 2) == "NE"


def test_differences() -> None:
    """A difference keeps its sign, and its dash never meets a minus."""
    assert number_with_interval(-0.05, -0.11, 0.02) == "-0.05 (-0.11 to 0.02)"
    assert number_with_interval(1.5, 0.5, 2.5, 1) == "1.5 (0.5-2.5)"
    assert interval("-1", "2", STYLES["revman5"]) == "[-1, 2]"
    assert number(-0.001) == "0.00"


def test_shares_and_counts() -> None:
    """Percentages have one decimal, counts their commas; what is unknown stays empty."""
    assert percent(0.238) == "23.8%"
    assert percent(None) == "NE"
    assert count(2509) == "2,509"
    assert count(None) == ""


@given(value=st.floats(), style=EVERY_STYLE)
def test_never_scientific(value: float, style: object) -> None:
    """No number that there is comes out in scientific notation, or as minus zero."""
    for written in (ratio(value, style), number(value, 2, style), p_value(value, style) if 0 <= value <= 1 else ""):
        assert "e" not in written.lower().removesuffix("ne")
        assert not written.startswith("-0.00")


@given(p=st.floats(0, 1), style=EVERY_STYLE)
def test_p_is_never_zero_or_one(p: float, style: object) -> None:
    """A P value is never written as an exact 0 or 1."""
    digits = p_value(p, style).replace("·", ".").lstrip("<>")
    assert 0 < float(digits) < 1


@given(st.text() | st.sampled_from(FORMULAS) | st.from_regex(r"'*[=+\-@]*", fullmatch=True))
def test_formula_guard_comes_off(text: str) -> None:
    """Any text guarded and unguarded is the same text, and no guarded text begins a formula."""
    guarded = guard_formula(text)
    assert unguard_formula(guarded) == text
    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("text", ["HER2", "", "a=b", "1-2", "'tis"])
def test_harmless_text_is_left_alone(text: str) -> None:
    """Only what a spreadsheet would run gets an apostrophe."""
    assert guard_formula(text) == text


def test_limits_that_would_read_alike_get_more_decimals():
    """A ratio per unit near 1 is written until its three numbers differ; others stay at two decimals."""
    assert ratio_with_interval(1.0004, 1.0001, 1.0007) == "1.0004 (1.0001-1.0007)"
    assert ratio_with_interval(1.52, 1.18, 1.94) == "1.52 (1.18-1.94)"
    assert ratio_with_interval(1.0, 1.0, 1.0) == "1.00 (1.00-1.00)"
