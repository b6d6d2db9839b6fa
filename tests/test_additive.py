"""Additive interaction: RERI and its coding, differences of risks and means by cell."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, days, gbsg, metabric

from tamoxres.errors import AnalysisError
from tamoxres.models.additive import additive_interaction, reri
from tamoxres.models.incidence import aalen_johansen

ITERATED = 1e-7  # from Cox coefficients
CLOSED = 1e-9  # from curves
KNOWN = 5e-6  # five known decimals
R = answers("estimators")["additive"]


def grade_three(**extra):
    """GBSG with grade 3 as the marker, both arms."""
    frame = gbsg().frame
    return analysis_of(
        frame["months"].to_numpy(), frame["event"].to_numpy(), marker=(frame["grade"] == 3).tolist(),
        endocrine=frame["endocrine"].to_numpy(), age=frame["age"].to_numpy(), nodes=frame["nodes"].to_numpy(), **extra,
    )  # fmt: skip


def test_reri_and_its_reference():
    """Hormone x grade 3 is -0.260 from the lowest-risk cell, which makes no hormone the exposure."""
    found = additive_interaction(grade_three(), horizon=days(1461))
    assert (found.excess.difference, found.excess.se) == pytest.approx(R["turned"], rel=ITERATED)
    assert found.excess.difference == pytest.approx(-0.260, abs=5e-4)
    assert found.excess.term == "RERI, reference unaltered treated"
    assert "another reference cell gives another RERI" in found.excess.note
    adjusted = additive_interaction(grade_three(), horizon=days(1461), adjust=["age", "nodes"]).excess
    assert (adjusted.difference, adjusted.se) == pytest.approx(R["adjusted"], rel=ITERATED)
    assert adjusted.adjusted_for == ("age", "nodes")


def test_reri_as_coded():
    """With the untreated, unaltered as reference it is the other number."""
    from tamoxres.models.cox import fit_terms

    model = fit_terms(grade_three(), ["treatment", "marker", "treatment:marker"])
    found = reri(model.coefficients, model.covariance, reference=(0, 0))
    assert (found.estimate, found.se) == pytest.approx(R["coded"], rel=ITERATED)
    assert found.estimate == pytest.approx(0.17314, abs=KNOWN)


def test_additive_hazards_have_no_excess():
    """Hazard ratios 2 and 3 that add (4 together) give RERI 0; that multiply (6) give 2."""
    eye = np.eye(3) / 100
    assert reri(np.log([2, 3, 4 / 6]), eye).estimate == pytest.approx(0, abs=1e-12)
    assert reri(np.log([2, 3, 1.0]), eye).estimate == pytest.approx(2, rel=CLOSED)


def test_cells():
    """Risks and means at four years: the interaction is made of R's four cells and their variances."""
    found = additive_interaction(grade_three(), horizon=days(1461))
    cells = R["cells"]
    for row, parts, key, scale in (
        (found.risk, found.risk_by_marker, "risk", 1.0),
        (found.mean, found.mean_by_marker, "mean", days(1)),
    ):
        value, se = np.array(cells[key]) * scale, np.array(cells[f"{key}_se"]) * scale
        assert row.difference == pytest.approx(value[3] - value[2] - value[1] + value[0], rel=1e-8), key
        assert row.se == pytest.approx(np.sqrt((se**2).sum()), rel=CLOSED), f"{key} SE"
        assert parts[1].difference == pytest.approx(value[3] - value[2], rel=CLOSED), f"{key} altered"
        assert parts[0].se == pytest.approx(np.hypot(se[0], se[1]), rel=CLOSED), f"{key} unaltered SE"
    assert (found.risk.measure, found.mean.measure, found.risk.estimand) == ("RD", "RMSTD", "interaction")
    assert sum(part.n for part in found.risk_by_marker) == 686


def test_competing_deaths_use_the_incidence():
    """In METABRIC the risks are Aalen-Johansen's, and the means are time lost."""
    both = metabric(treatment="any")
    found = additive_interaction(both, horizon=120)
    frame = both.frame
    risk = []
    for marker in ("unaltered", "altered"):
        for treatment in ("untreated", "treated"):
            rows = ((frame["marker"] == marker) & (frame["treatment"] == treatment)).to_numpy()
            fitted = aalen_johansen(frame["months"].to_numpy()[rows], frame["event"].to_numpy()[rows])
            risk.append(fitted.incidence[0][np.searchsorted(fitted.time, 120, side="right") - 1])
    assert found.risk.difference == pytest.approx(risk[3] - risk[2] - risk[1] + risk[0], rel=CLOSED)
    assert found.mean.measure == "RMTLD"
    assert "confounding by indication" in found.risk.note
    assert len(found.effects) == 7


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: additive_interaction(metabric()), "both arms"),
        (lambda: additive_interaction(gbsg()), "needs a marker"),
        (lambda: additive_interaction(grade_three(), horizon=100), "lies beyond the follow-up"),
        (
            lambda: additive_interaction(
                analysis_of([1.0, 2, 3], [1, 1, 1], marker=[True, False, False], endocrine=["no", "no", "yes"])
            ),
            "nobody is altered treated",
        ),
    ],
)
def test_refuses(make, words):
    """What has no interaction is refused in one sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()
