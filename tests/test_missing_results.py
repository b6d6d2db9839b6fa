"""Missing results: several steps of selection, PET-PEESE and worst cases, against metafor, lm and by hand."""

from __future__ import annotations

import json
import math
from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pytest
from meta_data import CLOSED, ITERATED, close, pooled, trials

import tamoxres as tr
from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError
from tamoxres.meta.missing import pet_peese, worst_case
from tamoxres.meta.pool import pool
from tamoxres.meta.selection import selection_model

R = json.loads((Path(__file__).parent / "reference" / "bias" / "bias.json").read_text())
FLAT = 2e-6  # metafor's optimiser stops where the likelihood is flat, about the root of its tolerance
NUMERIC = 1e-4  # its errors come from a numerical Hessian


@pytest.mark.parametrize("case", R["steps"], ids=lambda case: f"{case['name']} {len(case['steps'])}")
def test_several_steps_equal_metafor(case):
    """Adjusted mean, tau2, every ratio, and the likelihood-ratio test with as many degrees of freedom as steps."""
    found = selection_model(pooled(case["name"]), step=case["steps"], alternative=case["alternative"])
    close([found.adjusted.point, found.adjusted.tau2], [case["estimate"], case["tau2"]], FLAT, "mean and tau2")
    close(found.ratios, case["ratios"], 5 * FLAT, "ratios")
    close([found.lrt, found.p_value], [case["lrt"], case["lrt_p"]], FLAT, "test")
    close([found.adjusted.se, *found.ratio_ses], [case["se"], *case["ratio_ses"]], NUMERIC, "errors")
    assert len(found.counts) == len(case["steps"]) + 1
    assert "publication ratios" in str(found)


def test_one_step_is_a_sequence_of_one():
    """A step alone and in a sequence are the same model; the order of steps is their own."""
    assert selection_model(pooled("konst"), step=[0.025]) == selection_model(pooled("konst"))
    assert selection_model(pooled("konst"), step=(0.5, 0.025)).steps == (0.025, 0.5)


@pytest.mark.parametrize("name", ["bcg", "begg", "linde", "konst"])
def test_pet_and_peese_equal_lm(name):
    """Both intercepts with errors, limits and P, and both slopes."""
    found = pet_peese(pooled(name))
    for row, slope, case in (
        (found.pet, found.pet_slope, R[name]["pet"]),
        (found.peese, found.peese_slope, R[name]["peese"]),
    ):
        numbers = [row.point, row.se, row.low, row.high, row.p_value, slope]
        close(numbers, [case[key] for key in ("estimate", "se", "low", "high", "p", "slope")], CLOSED, name)
    side = found.pet.point * found.pooled.point > 0
    assert found.one_sided == pytest.approx(found.pet.p_value / 2 if side else 1 - found.pet.p_value / 2)
    assert found.chosen == ("peese" if found.one_sided < 0.05 else "pet")


def test_both_lines_are_chosen():
    """Where the line of PET meets the axis away from no effect PEESE is reported, else PET."""
    se = np.linspace(0.05, 0.6, 12)
    noise = 0.3 * se * np.where(np.arange(12) % 2, 1, -1)

    def of(intercept, slope):
        values = zip(intercept + slope * se + noise, se, strict=True)
        return pet_peese(pool([EffectEstimate(study=f"S{i}", log_estimate=y, se=s) for i, (y, s) in enumerate(values)]))

    assert of(0.0, 1.5).chosen == "pet"
    assert of(1.0, 0.5).chosen == "peese"
    assert of(-1.0, -0.5).chosen == "peese"
    assert of(1.0, 0.5).adjusted.label == "PEESE"


@pytest.mark.parametrize("name", ["bcg", "linde", "konst", "hine"])
def test_worst_cases_equal_r(name):
    """The pool of studies that are not affirmative (metafor), and Copas and Jackson's bounds."""
    case = R[name]["worst"]
    found = worst_case(pooled(name), missing=case["missing"])
    assert found.affirmative == case["affirmative"]
    numbers = [found.without.point, found.without.se, found.without.tau2, found.without.p_value]
    close(numbers, [case[key] for key in ("estimate", "se", "tau2", "p")], ITERATED, name)
    close([bound.bias for bound in found.bounds], case["bounds"], ITERATED, f"{name} bounds")
    for bound in found.bounds:
        assert bound.summary.low == pytest.approx(found.pooled.low - bound.bias)
        assert bound.summary.high == pytest.approx(found.pooled.high + bound.bias)


def test_a_bound_by_hand():
    """As many missing as there are, all of one size: bias 2 phi(0) sigma = 0.798 sigma."""
    rows = [EffectEstimate(study=f"S{i}", log_estimate=0.5, se=0.2) for i in range(4)]
    assert worst_case(pool(rows, tau2="common"), missing=4).bounds[0].bias == pytest.approx(
        0.4 / math.sqrt(2 * math.pi)
    )


def test_all_studies_may_be_affirmative():
    """Then nothing is left to pool, and the row is left out."""
    rows = [EffectEstimate(study=f"S{i}", log_estimate=0.9 + 0.01 * i, se=0.2) for i in range(4)]
    found = worst_case(pool(rows))
    assert (found.affirmative, found.without) == (4, None)
    assert "Without" not in str(found)


def test_turning_round():
    """Turned effects give turned worst cases and lines."""
    one, other = pooled(), pool([row.reversed() for row in trials()], ci="z")
    close(worst_case(other).without.point, -worst_case(one).without.point, ITERATED, "without")
    close(pet_peese(other).pet.point, -pet_peese(one).pet.point, ITERATED, "PET")
    assert pet_peese(other).chosen == pet_peese(one).chosen


@pytest.mark.parametrize("make", [tr.pet_peese, tr.worst_case])
def test_they_show_themselves(make):
    """One protocol: table, frame, words, HTML, frozen, each saying that it is a sensitivity analysis."""
    found = make(pooled())
    assert is_dataclass(found)
    assert "sensitivity analysis" in found.table().to_markdown()
    assert found.to_frame().shape[1] == 4
    assert "<table" in found._repr_html_()
    assert str(found)


BAD = [
    (lambda: pet_peese(pool(trials()[:9])), "PET-PEESE needs at least 10 effects; found 9"),
    (lambda: pet_peese(pool([EffectEstimate(study=f"S{i}", log_estimate=i, se=1.0) for i in range(10)])), "one size"),
    (lambda: selection_model(pool(trials()[:9]), step=(0.025, 0.5)), "needs at least 10 effects"),
    (lambda: selection_model(pooled(), step=(0.025, 0.9999)), "No study has a one-sided P between 0.9999 and 1"),
    (lambda: selection_model(pooled(), step=()), "step is empty"),
    (lambda: worst_case(pooled(), missing=0), "1 or more"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "says"), BAD)
def test_refusals(call, says):
    """Too few studies, studies of one size and steps without studies are refused."""
    with pytest.raises(PoolingError, match=says):
        call()
