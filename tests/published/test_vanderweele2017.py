"""VanderWeele TJ, Ding P 2017, Ann Intern Med 167:268: infant feeding and respiratory death, 3.9 (1.8-8.7)."""

from __future__ import annotations

import pytest

from tamoxres.effects import EffectEstimate
from tamoxres.inference.evalue import e_value


def test_their_example():
    """E-values 7.26 for the estimate and 3.0 for the lower limit of 1.8."""
    row = EffectEstimate.from_ci(3.9, 1.8, 3.9**2 / 1.8, study="a", measure="RR", estimand="treatment_effect")
    found = e_value(row)
    assert found.point == pytest.approx(7.26, abs=5e-3)
    assert found.limit == pytest.approx(3.0, abs=5e-3)
