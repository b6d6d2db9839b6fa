"""flow: who left the analysis, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamoxres.errors import AnalysisError
from tamoxres.flow import Flow, Step

EVERYONE = Step(name="METABRIC", why="", patients=2509, events=646)
POSITIVE = Step(name="ER positive (IHC)", why="ER negative 609, unknown 83", patients=1817, events=446)


def test_rows_and_words() -> None:
    """A flow tells at each step who is left, how many went, and why."""
    flow = Flow((EVERYONE,)).then(POSITIVE)
    assert [row["left"] for row in flow.rows()] == [0, 692]
    assert str(flow).splitlines() == [
        " 2,509 patients,   646 events  METABRIC",
        " 1,817 patients,   446 events  ER positive (IHC)  (-692: ER negative 609, unknown 83)",
    ]
    assert len(flow) == 2
    assert list(flow) == [EVERYONE, POSITIVE]


def test_html_is_escaped() -> None:
    """A step's words are text, never markup."""
    html = Flow((Step(name="<script>", why="a & b", patients=1, events=0),))._repr_html_()
    assert "&lt;script&gt;" in html
    assert "a &amp; b" in html


@pytest.mark.parametrize(("patients", "events"), [(5, 6), (-1, -1), (3, -1)])
def test_impossible_steps(patients: int, events: int) -> None:
    """No step has more events than patients, or fewer than none."""
    with pytest.raises(AnalysisError, match=f"Flow step 's' has {events} events in {patients} patients"):
        Step(name="s", why="", patients=patients, events=events)


def test_flows_never_grow() -> None:
    """A step that adds patients is refused."""
    with pytest.raises(AnalysisError, match="Flow grows from 'ER positive .IHC.' to 'METABRIC'"):
        Flow((POSITIVE, EVERYONE))


@given(st.lists(st.integers(0, 10_000), max_size=8))
def test_those_who_left_sum_up(sizes: list[int]) -> None:
    """All who left and all who stayed are all who came."""
    sizes.sort(reverse=True)
    rows = Flow(tuple(Step(name=str(n), why="", patients=n, events=0) for n in sizes)).rows()
    assert len(rows) == len(sizes)
    assert sum(row["left"] for row in rows) + (sizes[-1] if sizes else 0) == (sizes[0] if sizes else 0)
