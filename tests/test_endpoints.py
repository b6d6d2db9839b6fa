"""endpoints: STEEP 2.0 by component events."""

from __future__ import annotations

import pytest

from tamoxres.endpoints import BCSS, OS, RFI, STEEP, endpoint
from tamoxres.errors import QuestionError

OTHER_DEATH = "death from another or unknown cause"
CANCER_DEATH = "death from breast cancer"


@pytest.mark.parametrize("code", STEEP)
def test_death_from_cancer_is_always_an_event(code: str) -> None:
    """Every STEEP endpoint counts breast-cancer death; another death is an event or competes, never both or neither."""
    e = STEEP[code]
    assert CANCER_DEATH in e.events
    assert (OTHER_DEATH in e.events) != (OTHER_DEATH in e.competing)
    assert (e.code, e.months, e.event, str(e)) == (code, f"{code}_months", f"{code}_event", code)


@pytest.mark.parametrize(
    ("interval", "survival"), [("BCSS", "OS"), ("RFI", "RFS"), ("DRFI", "DRFS")], ids=lambda code: code
)
def test_intervals_and_survivals(interval: str, survival: str) -> None:
    """A survival endpoint is its interval with the other deaths as events."""
    assert {*STEEP[interval].events, OTHER_DEATH} == set(STEEP[survival].events)
    assert STEEP[survival].competing == ()


def test_what_each_endpoint_adds() -> None:
    """IDFS is IBCFS with second cancers that are not of the breast; BCFI alone counts carcinoma in situ (STEEP 2.0)."""
    assert set(STEEP["IDFS"].events) - set(STEEP["IBCFS"].events) == {"second primary invasive cancer, not breast"}
    assert [code for code, e in STEEP.items() if any("in situ" in event for event in e.events)] == ["BCFI"]


def test_lookup() -> None:
    """A code is found whatever its case, and an endpoint is its own code."""
    assert endpoint("bcss") is BCSS
    assert endpoint(RFI) is RFI
    assert endpoint("OS") is OS


@pytest.mark.parametrize("code", ["XFS", "", "BCS", 5, None, "ORR", "KI67_change"])
def test_unknown_endpoints(code: object) -> None:
    """What is no time to an event is refused with the endpoints that are; general ones are known by name."""
    assert endpoint("dfs").name == "disease-free survival"
    with pytest.raises(QuestionError, match=r"Unknown endpoint .*Use one of OS, BCSS, RFI"):
        endpoint(code)
