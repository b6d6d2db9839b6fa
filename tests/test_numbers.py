"""Text becomes a number in one place: form, size and exponent are looked at first, and values are Python's own."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamoxres.files.numbers import to_number, to_numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE))
def test_numbers_come_back_exactly(values: list[float]) -> None:
    """What repr writes is read as the same double, singly and together, with a point and with a comma."""
    texts = [repr(value) for value in values]
    read, wrong = to_numbers(texts)
    assert read.tolist() == values
    assert not wrong.any()
    assert [to_number(text) for text in texts] == values
    commas, wrong = to_numbers([text.replace(".", ",") for text in texts], decimal=",")
    assert commas.tolist() == values
    assert not wrong.any()


@given(st.lists(st.text(alphabet="0123456789.,eE+-_ nainfx", max_size=8), max_size=6))
def test_together_as_one_by_one(texts: list[str]) -> None:
    """A cell's number does not depend on its neighbours, and float() never accepts less than what is read."""
    for decimal in (".", ","):
        values, wrong = to_numbers(texts, decimal)
        for text, value, bad in zip(texts, values, wrong, strict=True):
            alone = to_number(text, decimal)
            assert bad == (bool(text.strip()) and alone is None)
            assert (math.isnan(value) and alone is None) or value == alone
            if alone is not None:
                assert float(text.replace(decimal, ".")) == alone


@pytest.mark.parametrize(
    "text",
    [
        "31e4009688093", "1e4294967296", "-1e99999999999999999999", "1e309", "1e-400", "1e-4294967296", "9" * 401,
        "inf", "-Infinity", "nan", "NA", "1_000", "0x1F", "1,5", "1 000", "12a", "--1", "+", ".", "e5", "1e", "1.2.3",
        "１２", "½", "1\u00a0000", "true",
    ],
)  # fmt: skip
def test_no_numbers(text: str) -> None:
    """What other parsers crash on, wrap round or guess at is no number, alone or among numbers."""
    assert to_number(text) is None
    values, wrong = to_numbers(["1", text, "2"])
    assert wrong.tolist() == [False, True, False]
    assert values[[0, 2]].tolist() == [1.0, 2.0]
    assert math.isnan(values[1])


def test_edges() -> None:
    """Zero with any exponent is zero; the largest and smallest doubles are read; what is unknown is neither."""
    assert to_number("0e999999999") == 0.0
    assert to_number("-0.0") == 0.0
    assert to_number("1.7976931348623157e308") == 1.7976931348623157e308
    assert to_number("5e-324") == 5e-324
    assert to_number("." + "0" * 300 + "1") == float(Decimal("1e-301"))
    values, wrong = to_numbers([None, "", "  ", np.nan, pd.NA, pd.NaT, 3, 2.5, np.float32(0.5), True, np.inf, 10**400])
    assert wrong.tolist() == [False] * 9 + [True] * 3
    assert values[6:9].tolist() == [3, 2.5, 0.5]
    assert np.isnan(values[[0, 1, 2, 3, 4, 5, 9, 10, 11]]).all()


def test_a_series_keeps_its_order() -> None:
    """A Series is read in its order whatever its index."""
    values, wrong = to_numbers(pd.Series(["3", "x", None], index=[2, 0, 1]))
    assert values[0] == 3
    assert wrong.tolist() == [False, True, False]


def test_text_of_a_class_of_its_own() -> None:
    """NumPy's own texts are text: a number, none, or unknown."""
    values, wrong = to_numbers([np.str_("1.5"), np.str_("x"), np.str_(" "), 2])
    assert wrong.tolist() == [False, True, False, False]
    np.testing.assert_array_equal(values, [1.5, np.nan, np.nan, 2])
