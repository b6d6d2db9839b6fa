"""Gail M, Simon R 1985, Biometrics 41:361: chemotherapy with and without tamoxifen (NSABP), four subsets."""

from __future__ import annotations

import pytest

from tamoxres.effects import EffectEstimate
from tamoxres.inference.gail_simon import gail_simon

DIFFERENCES, ERRORS = (0.163, -0.114, -0.047, -0.151), (0.0788, 0.0689, 0.0614, 0.0547)


def test_their_example():
    """The smaller sum of squares is 4.28, and P = 0.088."""
    rows = [
        EffectEstimate(study="NSABP", restrictions=(f"subset {i}",), measure="RD", difference=d, se=s)
        for i, (d, s) in enumerate(zip(DIFFERENCES, ERRORS, strict=True), start=1)
    ]
    found = gail_simon(rows)
    assert found.statistic == found.q_positive == pytest.approx(4.28, abs=5e-3)
    assert found.p_value == pytest.approx(0.088, abs=5e-4)
