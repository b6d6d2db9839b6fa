"""Altman DG et al. 1994, J Natl Cancer Inst 86:829: quick corrections of the P value of an optimal cut point.

Their formulae approximate Lausen and Schumacher's P for 0.0001 < P < 0.1: -1.63 P (1 + 2.35 ln P) when 10 % of patients
are left on each side and -3.13 P (1 + 1.65 ln P) when 5 % are, within about 5 %.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from tamoxres.models.cutpoints import lausen_schumacher

APPROXIMATE = 0.05  # theirs is a formula for the pocket


@pytest.mark.parametrize("p", [0.0005, 0.001, 0.005, 0.01, 0.02, 0.05])
@pytest.mark.parametrize(("share", "a", "b"), [(0.10, -1.63, 2.35), (0.05, -3.13, 1.65)])
def test_their_formulae(p, share, a, b):
    """A naive P of 0.05 becomes about 0.49 (10 %) or 0.60 (5 %); smaller ones follow their formulae."""
    found = lausen_schumacher(-float(ndtri(p / 2)), least=share, most=1 - share)
    assert found == pytest.approx(a * p * (1 + b * np.log(p)), rel=APPROXIMATE)
