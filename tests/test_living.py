"""A living review: what new rows move, and cumulative evidence against sequential boundaries."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from meta_data import pooled, trials
from scipy.stats import norm

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.effects import EffectEstimate, effects_to_csv
from tamoxres.errors import PoolingError
from tamoxres.meta.moved import moved
from tamoxres.meta.sequential import obrien_fleming, sequential

R = json.loads((Path(__file__).parent / "reference" / "sequential" / "sequential.json").read_text())
RPACT = 2e-7  # rpact's grid of integration
MIWA = 1e-6  # mvtnorm's, with 4,097 steps


@pytest.mark.parametrize("case", R["cases"], ids=lambda case: f"{len(case['fractions'])} looks, alpha {case['alpha']}")
def test_boundaries_equal_rpact(case):
    """Every boundary of O'Brien-Fleming type spending."""
    assert obrien_fleming(case["fractions"], case["alpha"]) == pytest.approx(case["boundaries"], rel=RPACT)


@pytest.mark.parametrize("case", R["close"], ids=lambda case: str(case["fractions"]))
def test_boundaries_of_close_looks_equal_mvtnorm(case):
    """Where two looks lie close together rpact's grid is too coarse; multivariate normal integrals are not."""
    assert obrien_fleming(case["fractions"], case["alpha"]) == pytest.approx(case["boundaries"], rel=MIWA)


@pytest.mark.parametrize("t", [0.2, 0.35, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1])
def test_the_first_boundary_by_hand(t, alpha):
    """The first look spends 2 - 2 Phi(z / sqrt(t)) of a side, with z that of a quarter of alpha."""
    spent = 2 * norm.sf(norm.isf(alpha / 4) / math.sqrt(t))
    assert obrien_fleming([t, 1.0], alpha)[0] == pytest.approx(norm.isf(spent), rel=1e-9)
    assert obrien_fleming([t, 1.0], alpha)[1] > norm.isf(alpha / 2)


def test_boundaries_hold_their_alpha():
    """Simulated paths without an effect cross one side in 2.5 %; one look is the plain test; little alpha, no bound."""
    fractions = np.array([0.2, 0.5, 0.55, 1.0])
    steps = np.random.default_rng(5).normal(size=(200_000, 4)) * np.sqrt(np.diff([0.0, *fractions]))
    z = np.cumsum(steps, axis=1) / np.sqrt(fractions)
    crossed = (z >= np.array(obrien_fleming(fractions.tolist()))).any(axis=1).mean()
    assert crossed == pytest.approx(0.025, abs=4 * math.sqrt(0.025 * 0.975 / 200_000))
    assert obrien_fleming([1.0]) == pytest.approx([norm.isf(0.025)], rel=1e-9)
    assert obrien_fleming([0.01, 1.0])[0] == math.inf
    assert obrien_fleming([0.01, 1.0])[1] == pytest.approx(norm.isf(0.025), rel=1e-6)


@pytest.mark.parametrize("fractions", [[], [0.5, 0.5], [0.0, 1.0], [0.5, 1.1], [0.6, 0.3]])
def test_fractions_that_do_not_rise_are_refused(fractions):
    """Looks have an order, and end at the information required."""
    with pytest.raises(PoolingError, match="rise from above 0 to 1"):
        obrien_fleming(fractions)


def years(k=13, first=1948):
    """A year a study, the last first."""
    return [first + k - i for i in range(k)]


def test_looks_by_hand():
    """Bcg by year: the running sums, the information required, the boundary at each look."""
    pool = pooled("bcg", year=years())
    found = sequential(pool, relevant=0.6)
    y = np.array([row.log_estimate for row in reversed(pool.effects)])
    w = np.array([1 / (row.se**2 + pool.tau2) for row in reversed(pool.effects)])
    required = (norm.isf(0.025) + norm.isf(0.10)) ** 2 / math.log(0.6) ** 2
    assert found.required == pytest.approx(required, rel=1e-12)
    assert [look.year for look in found.looks] == sorted(years())
    assert [look.point for look in found.looks] == pytest.approx((np.cumsum(w * y) / np.cumsum(w)).tolist(), rel=1e-12)
    assert [look.fraction for look in found.looks] == pytest.approx((np.cumsum(w) / required).tolist(), rel=1e-12)
    assert found.looks[-1].point == pytest.approx(pool.point, rel=1e-9)
    inside = [look for look in found.looks if look.fraction < 1]
    expected = obrien_fleming([look.fraction for look in inside])
    assert [look.boundary for look in inside] == pytest.approx(list(expected), rel=1e-9)
    table = found.table()
    assert table.title.endswith("(secondary)")
    assert "is the answer" in table.footnotes[1]
    assert len(table.rows) == 13
    assert str(found).endswith("[secondary]")


def test_beyond_the_information_required_nothing_is_tested():
    """The look that reaches it takes the rest of alpha; later ones have no boundary and are not crossed."""
    rows = [EffectEstimate(study=f"S{i}", year=2000 + i, log_estimate=-0.5, se=0.05) for i in range(5)]
    found = sequential(tr.pool(rows), relevant=0.9)
    fractions = [look.fraction for look in found.looks]
    over = next(i for i, fraction in enumerate(fractions) if fraction >= 1)
    assert math.isfinite(found.looks[over].boundary)
    assert all(math.isnan(look.boundary) and not look.crossed for look in found.looks[over + 1 :])
    assert found.first_crossed is found.looks[0]


@pytest.mark.parametrize(
    ("how", "says"),
    [({"relevant": 1.0}, "a ratio other than 1"), ({"relevant": -2.0}, "a ratio other than 1"),
     ({"relevant": 0.8, "power": 0.1}, "power"), ({"relevant": 0.8, "alpha": 0.0}, "alpha")],
)  # fmt: skip
def test_sizes_that_are_none(how, says):
    """No effect is no size that matters."""
    with pytest.raises(PoolingError, match=says):
        sequential(pooled("bcg", year=years()), **how)
    with pytest.raises(PoolingError, match="gives no year"):
        sequential(pooled("bcg"), relevant=0.8)


ABOUT = {"estimand": "interaction", "design": "randomised", "marker": "HER2", "treatment_1": "tamoxifen",
         "treatment_0": "none", "endpoint": "OS", "measure": "HR"}  # fmt: skip


def interaction(study, log_estimate, se=0.25, **columns):
    """One trial's ratio."""
    return EffectEstimate(study=study, log_estimate=log_estimate, se=se, **{**ABOUT, **columns})


def test_what_moved_and_by_what():
    """Estimate, I2 and certainty before and after, and the studies added, removed and altered."""
    before = [interaction("A", 0.2), interaction("B", 0.5), interaction("C", 0.4)]
    after = [interaction("A", 0.2), interaction("B", 0.9), interaction("D", -0.6), interaction("E", 0.1)]
    (row,) = moved(before, after).to_dict("records")
    old, new = tr.pool(before), tr.pool(after)
    assert (row["k_before"], row["k_after"]) == (3, 4)
    assert row["change"] == pytest.approx(math.exp(new.point - old.point), rel=1e-12)
    assert row["i2_before"] == pytest.approx(old.i2_tau2)
    assert row["i2_after"] == pytest.approx(new.i2_tau2)
    assert row["i2_after"] > row["i2_before"]
    assert row["certainty_before"] == f"{tr.certainty(before).for_modification}, {tr.certainty(before).of_none}"
    assert row["certainty_after"] == f"{tr.certainty(after).for_modification}, {tr.certainty(after).of_none}"
    assert (row["added"], row["removed"], row["altered"]) == ("D;E", "C", "B")


def test_what_stays_is_not_listed():
    """The same rows in another order move nothing; a question that gets its second study has its first answer."""
    rows = trials("bcg")
    assert moved(rows, rows).empty
    (row,) = moved(rows[:1], rows[:2]).to_dict("records")
    assert (row["before"], row["k_before"], row["k_after"]) == ("", 0, 2)
    assert row["change"] is None or math.isnan(row["change"])
    assert row["added"] == "Trial 0;Trial 1"
    assert row["certainty_after"] == ""


def test_the_commands(tmp_path, capsys):
    """`moved` with a file of new rows, `cumulative` with its boundaries; nothing moved is said."""
    rows = [interaction("A", 0.2, year=2001), interaction("B", 0.5, year=2003), interaction("C", 0.4, year=2000)]
    (tmp_path / "a.csv").write_text(effects_to_csv(rows[:2]))
    (tmp_path / "b.csv").write_text(effects_to_csv(rows[2:]))
    said = []
    for arguments in (["moved", "@a.csv", "@b.csv", "--add"], ["moved", "@a.csv", "@a.csv"],
                      ["cumulative", "@a.csv", "@b.csv", "--relevant", "1.5"],
                      ["moved", "@a.csv", "@b.csv", "--add", "--format", "json"]):  # fmt: skip
        with pytest.raises(SystemExit) as stopped:
            main([part.replace("@", f"{tmp_path}/") for part in arguments])
        assert stopped.value.code == 0
        said.append(" ".join(capsys.readouterr().out.split()))
    assert "(k = 2) -> HR" in said[0]
    assert "added: C" in said[0]
    assert "certainty (for, of none)" in said[0] or "I2" in said[0]
    assert said[1] == "No pooled answer moves."
    assert "secondary" in said[2]
    assert "As pooled:" in said[2]
    assert json.loads(said[3])[0]["added"] == "C"
