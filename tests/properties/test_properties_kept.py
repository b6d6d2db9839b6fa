"""Every public estimator has its properties tested: a new one is missed here until it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tamoxres as tr

ROOMS = (
    "models.",
    "meta.",
    "inference.",
    "effects.derive",
    "effects.scales",
    "analysis.landmark",
    "analysis.age_scale",
)
HERE = Path(__file__).parent
TEXT = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [*sorted(HERE.glob("*.py")), HERE.parent / "test_estimators.py"]
    if path != Path(__file__)
)
NO_ESTIMATE = {  # judged by readers, written for them, or text for another program
    "certainty", "iceman_table", "risk_of_bias", "meta_table", "to_metafor", "accuracy_against",
}  # fmt: skip


def estimators():
    """Public functions of the rooms that estimate or judge."""
    homes = tr._HOMES.items()
    return sorted(name for home, names in homes if home.startswith(ROOMS) for name in names if name.islower())


@pytest.mark.parametrize("name", estimators())
def test_has_properties(name):
    """It is asked in the tests of properties, or it is named here as no estimate."""
    asked = re.search(rf"\b{name}\b", TEXT) is not None
    assert asked != (name in NO_ESTIMATE), name


def test_nothing_is_excused_for_nothing():
    """What is excused is public, and there are far more estimators than excuses."""
    assert set(estimators()) >= NO_ESTIMATE
    assert len(estimators()) > 8 * len(NO_ESTIMATE)
