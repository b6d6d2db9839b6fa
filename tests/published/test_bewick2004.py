"""Bewick V, Cheek L, Ball J 2004, Crit Care 8:389 (doi:10.1186/cc2955), Table 2: Kaplan-Meier of treatment 2."""

from __future__ import annotations

import numpy as np
import pytest

from tamoxres.models.survival import product_limit

TIME = np.array([1.0, 1, 4, 5, 6, 9, 9, 22])
DEATH = np.array([1, 1, 1, 1, 0, 1, 0, 1])


def test_table_2():
    """Cumulative proportions 0.750, 0.625, 0.500, 0.333 and 0.000, with 8, 6, 5, 3 and 1 at risk."""
    fitted = product_limit(TIME, DEATH)
    drop = fitted.n_event > 0
    assert fitted.n_risk[drop].tolist() == [8, 6, 5, 3, 1]
    assert fitted.survival[drop] == pytest.approx([0.750, 0.625, 0.500, 0.333, 0.000], abs=6e-4)
