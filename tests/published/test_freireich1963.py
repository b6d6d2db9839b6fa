"""Freireich EJ et al. 1963, Blood 21:699: 6-mercaptopurine in acute leukaemia, the remissions every textbook analyses.

The data are those of the paper; the results those of Kleinbaum DG, Klein M 2012, Survival Analysis, chapters 2 and 3
(Kaplan-Meier table, log-rank 16.793, Cox 1.509 with Breslow's ties) and of Gehan EA 1965, Biometrika 52:203 (his test).
"""

from __future__ import annotations

import numpy as np
import pytest

from tamoxres.kernel.cox import CoxOptions, fit_cox
from tamoxres.models.logrank import logrank_sums
from tamoxres.models.survival import product_limit

PRINTED = 6e-4  # three printed decimals
SIX_MP = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TIME = np.array(SIX_MP + PLACEBO, float)
RELAPSE = np.array([1] * 9 + [0] * 12 + [1] * 21)
GROUP = np.array([0] * 21 + [1] * 21)


def test_kaplan_meier():
    """Remission under 6-MP: .857, .807, .753, .690, .627, .538, .448 with Greenwood's errors."""
    fitted = product_limit(TIME[:21], RELAPSE[:21])
    drop = fitted.n_event > 0
    assert fitted.time[drop].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert fitted.survival[drop] == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=PRINTED)
    assert fitted.se[drop] == pytest.approx([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=6e-5)


def test_logrank_and_gehan():
    """Observed 9 and 21 against 19.25 and 10.75 expected; log-rank 16.793, Gehan (with this variance) 13.458."""
    sums = logrank_sums(TIME, RELAPSE, GROUP)
    assert sums.expected == pytest.approx([19.25, 10.75], abs=6e-3)
    assert (sums.observed - sums.expected)[0] ** 2 / sums.variance[0, 0] == pytest.approx(16.793, abs=PRINTED)
    gehan = logrank_sums(TIME, RELAPSE, GROUP, weight="gehan")
    assert (gehan.observed - gehan.expected)[0] == -271, "Gehan's W"
    assert 271**2 / gehan.variance[0, 0] == pytest.approx(13.458, abs=PRINTED)


def test_cox():
    """Placebo against 6-MP: log hazard ratio 1.509 (0.410) by Breslow's rule, 1.572 (0.412) by Efron's."""
    for ties, point, error in (("breslow", 1.509, 0.410), ("efron", 1.572, 0.412)):
        fitted = fit_cox(TIME, RELAPSE, GROUP[:, None].astype(float), options=CoxOptions(ties=ties))
        assert fitted.coefficients[0] == pytest.approx(point, abs=PRINTED), ties
        assert fitted.se[0] == pytest.approx(error, abs=PRINTED), ties
