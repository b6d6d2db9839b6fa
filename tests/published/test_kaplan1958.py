"""Kaplan EL, Meier P 1958, J Am Stat Assoc 53:457: the worked example of eight items, section 1."""

from __future__ import annotations

import numpy as np
import pytest

from tamoxres.models.survival import product_limit

# deaths at 0.8, 3.1, 5.4 and 9.2 months; losses at 1.0, 2.7, 7.0 and 12.1
TIME = np.array([0.8, 1.0, 2.7, 3.1, 5.4, 7.0, 9.2, 12.1])
DEATH = np.array([1, 0, 0, 1, 1, 0, 1, 0])


def test_their_estimates():
    """The product-limit estimates after the deaths are 7/8, 0.70, 0.525 and 0.2625."""
    fitted = product_limit(TIME, DEATH)
    assert fitted.survival[fitted.n_event > 0] == pytest.approx([0.875, 0.70, 0.525, 0.2625], rel=1e-12)
    assert fitted.n_risk[fitted.n_event > 0].tolist() == [8, 5, 4, 2]
