"""Numbers on the command line are read as those of files: one form, no digits of other kinds, one sentence if not."""

import pytest

from tamoxres.cli.asking import months_of
from tamoxres.cli.doubts import _number
from tamoxres.cli.estimate import _limits
from tamoxres.cli.evidence import _equivalence
from tamoxres.cli.options import numbers_in
from tamoxres.cli.predict import _sizes
from tamoxres.effects import EffectEstimate
from tamoxres.errors import QuestionError

NONE = ["1e4294967296", "31e4009688093", "nan", "-inf", "1_000", "0x10", "٥", "1e-9999", "5;5", "five", "1 000"]
ROWS = [EffectEstimate(study=name, log_estimate=0.0, se=0.05) for name in "ABC"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("60", (60.0,)),
        ("60,120", (60.0, 120.0)),
        (" 1e2 , +.5,", (100.0, 0.5)),
        ("5,5", (5.0, 5.0)),
        (" ", ()),
        ("", ()),
    ],
)
def test_numbers_stand_between_commas(text, read):
    """Blanks do not count, a comma always parts two numbers, and nothing is no number."""
    assert numbers_in(text) == read
    assert months_of(text) == read


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_number_is_one_sentence_everywhere(text):
    """Every option that holds numbers refuses what a file's cell would, alone and beside a number."""
    assert numbers_in(text) is None
    assert numbers_in(f"1,{text}") is None
    for read, told in (
        (months_of, "Months are numbers"), (_number, "neither one number nor three"), (_limits, "two numbers, as"),
        (lambda one: _sizes(f"<=20 mm={one}"), "a class and its millimetres"),
        (lambda one: _equivalence(ROWS, {}, f"{one},1.25"), "Cannot read the margin"),
    ):  # fmt: skip
        with pytest.raises(QuestionError, match=told) as error:
            read(text)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", " ", "5,5", "1,2,3,4"])
def test_a_bias_is_one_number_or_three(text):
    """Neither none, two nor four numbers are a bias."""
    with pytest.raises(QuestionError, match="neither one number nor three"):
        _number(text)


def test_the_numbers_are_those_typed():
    """What is read is what was typed, to the last digit."""
    assert _number(" 1.1 ") == 1.1
    assert _number("0.1, 0.2,0.30").values == (0.1, 0.2, 0.3)
    assert _limits("0.80,1.25") == (0.8, 1.25)
    assert _sizes("<=20 mm=15, >50=6e1") == {"<=20 mm": 15.0, ">50": 60.0}
    assert _sizes("a=b=2") == {"a=b": 2.0}


@pytest.mark.parametrize("text", ["15", "T1=", "T1= ", "=x", "T1=5,5"])
def test_a_size_needs_its_class_and_one_number(text):
    """What is no pair is named."""
    with pytest.raises(QuestionError, match="--sizes holds '"):
        _sizes(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [("0.8", "Cannot read"), (" ", "Cannot read"), ("0.8,1,1.25", "Cannot read"), ("5,5", "does not hold 1"),
     ("0,1.25", "does not hold 1"), ("0.8,1", "does not hold 1")],
)  # fmt: skip
def test_a_margin_is_two_ratios_around_one(text, told):
    """A margin of one or three numbers, or on one side of 1, is refused; one that holds is put to use."""
    with pytest.raises(QuestionError, match=told):
        _equivalence(ROWS, {}, text)
    assert "lies within the margin" in _equivalence(ROWS, {}, "0.80,1.25")


def test_a_long_text_is_cut():
    """A message never echoes what has thousands of characters."""
    for read in (months_of, _number, _limits, lambda one: _sizes("a=" + one)):
        with pytest.raises(QuestionError) as error:
            read("9x" * 5000)
        assert len(str(error.value)) < 250
