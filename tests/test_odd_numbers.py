"""Numbers that are none, where a caller may put them: months, counts, errors, places on a chromosome."""

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.errors import AnalysisError, DataError, EffectError, QuestionError
from tamoxres.scan.positions import with_positions


@pytest.mark.parametrize("value", [True, 0, -3.0, float("nan")])
def test_months_are_a_number_above_zero(value):
    """True is no month, whichever way it is asked: of a set, of a landmark, of a question."""
    gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    for ask in (lambda: gbsg.until(value), lambda: tr.landmark(gbsg, at=value)):
        with pytest.raises(AnalysisError, match="number of months above 0"):
            ask()
    with pytest.raises(QuestionError, match="number of months above 0"):
        tr.Question(endpoint="RFS", horizon=value)


@pytest.mark.parametrize("name", ["n", "events", "se", "df", "log_estimate", "p_value", "person_years", "year"])
def test_true_is_no_number_of_a_row(name):
    """A row refuses true and false where a number or a count belongs."""
    told = {"study": "A", "log_estimate": 0.1, "se": 0.2} | {name: True}
    with pytest.raises(EffectError, match=f"{name} is True"):
        tr.EffectEstimate(**told)


@pytest.mark.parametrize("position", ["1e31", "1e400", "-5", "1.5", "9" * 40, "31e4009688093", "true"])
def test_a_place_on_a_chromosome_is_a_place(position):
    """Where a gene stands is a whole number that a chromosome has room for."""
    table = pd.DataFrame({"gene": ["MINE"]})
    places = pd.DataFrame({"gene": ["MINE"], "chromosome": ["1"], "position": [position]})
    with pytest.raises(DataError, match="position") as refused:
        with_positions(table, positions=places)
    assert len(str(refused.value)) < 400
