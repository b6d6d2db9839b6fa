"""Event rates against R's poisson.test and by hand."""

from __future__ import annotations

import pytest
from public_data import analysis_of, answers, gbsg, metabric

from tamoxres.errors import AnalysisError
from tamoxres.models.rates import event_rates, poisson_limits

CLOSED = 1e-9  # quantiles of the gamma distribution
R = answers("estimators")["rates"]


def test_limits_equal_poisson_test():
    """Exact limits of 0, 1, 10 and 299 events are R's."""
    for events, low, high in zip(R["events"], R["low"], R["high"], strict=True):
        assert poisson_limits(events) == pytest.approx((low, high), rel=CLOSED), f"{events} events"
    assert poisson_limits(10, level=0.9) == pytest.approx(R["ninety"], rel=CLOSED)


def test_gbsg_by_treatment():
    """Rates by treatment are R's, in person-years of 365.25 days."""
    table = event_rates(gbsg()).to_frame()
    assert table["treatment"].tolist() == ["untreated", "treated"]
    for column in ("events", "person_years", "rate", "ci_low", "ci_high"):
        assert table[column].tolist() == pytest.approx(R["gbsg"][column], rel=CLOSED), column


def test_marker_and_treatment():
    """With both arms and a marker there are four groups, and they sum to the cohort."""
    both = metabric(treatment="any")
    table = event_rates(both).to_frame()
    assert table[["marker", "treatment"]].to_numpy().tolist() == [
        ["unaltered", "untreated"], ["unaltered", "treated"], ["altered", "untreated"], ["altered", "treated"],
    ]  # fmt: skip
    assert (table["n"].sum(), table["events"].sum()) == (both.n, both.events)
    assert table["person_years"].sum() == pytest.approx(both.describe()["person_years"], rel=CLOSED)


def test_delayed_entry_and_one_group():
    """Person-years begin at entry: 24 - 12 and 12 - 0 months are two years."""
    rates = event_rates(analysis_of([24.0, 12.0], [1, 0], entry=[12, 0])).rates
    assert (rates[0].person_years, rates[0].rate) == (2, 500)
    assert event_rates(gbsg(), by="grade").to_frame()["grade"].tolist() == ["1", "2", "3"]


def test_refuses():
    """A group without follow-up has no rate."""
    with pytest.raises(AnalysisError, match="Group all has no person-years"):
        event_rates(analysis_of([0.0, 0.0], [1, 0]))
