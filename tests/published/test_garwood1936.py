"""Garwood F 1936, Biometrika 28:437: table of 95 % fiducial limits of a Poisson mean."""

from __future__ import annotations

import pytest

from tamoxres.models.rates import poisson_limits

PRINTED = 6e-3  # two printed decimals
TABLE = {0: (0, 3.69), 1: (0.03, 5.57), 5: (1.62, 11.67), 10: (4.80, 18.39), 20: (12.22, 30.89), 50: (37.11, 65.92)}


@pytest.mark.parametrize("events", list(TABLE))
def test_table(events):
    """The limits are those of the table."""
    assert poisson_limits(events) == pytest.approx(TABLE[events], abs=PRINTED)
