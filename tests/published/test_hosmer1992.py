"""Hosmer DW, Lemeshow S 1992, Epidemiology 3:452: smoking, alcohol and oral cancer, the interval of RERI."""

from __future__ import annotations

import numpy as np
import pytest

from tamoxres.models.additive import reri

# cases and controls: neither, smoking alone, alcohol alone, both (Rothman and Keller 1972)
COUNTS = np.array([[3, 20], [8, 18], [6, 12], [225, 166]])
CONTRASTS = np.array([[-1, 1, 0, 0], [-1, 0, 1, 0], [1, -1, -1, 1]])


def test_their_interval():
    """Odds ratios 2.96, 3.33 and 9.04; RERI 3.74 (-1.84 to 9.32)."""
    logs = np.log(COUNTS[:, 0] / COUNTS[:, 1])
    covariance = CONTRASTS @ np.diag((1 / COUNTS).sum(axis=1)) @ CONTRASTS.T
    coefficients = CONTRASTS @ logs
    assert np.exp([coefficients[0], coefficients[1], coefficients.sum()]) == pytest.approx([2.96, 3.33, 9.04], abs=5e-3)
    found = reri(coefficients, covariance, reference=(0, 0))
    limits = found.estimate + 1.96 * found.se * np.array([-1, 1])
    assert [found.estimate, *limits] == pytest.approx([3.74, -1.84, 9.32], abs=5e-3)
    assert reri(coefficients, covariance).reference == (0, 0), "neither exposure is the lowest risk"
