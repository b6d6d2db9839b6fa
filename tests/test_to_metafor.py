"""to_metafor: the script that R runs gives the numbers of the pool, by every method and prediction rule."""

from __future__ import annotations

import math
import shutil
import subprocess

import pytest
from meta_data import trials

from tamoxres.effects import EffectEstimate
from tamoxres.meta.pool import pool
from tamoxres.meta.to_metafor import to_metafor
from tamoxres.vocabulary import CI_METHODS, PREDICTION_RULES, TAU2_METHODS

ITERATED = 1e-6  # metafor stops its iterations of tau2 at 1e-14 of the likelihood, not of tau2
R = shutil.which("Rscript")
HAS_METAFOR = (
    bool(R) and subprocess.run([R, "-e", "library(metafor)"], capture_output=True, check=False).returncode == 0
)


def same(pooled) -> None:
    """Run the scripts of pools in one R, and compare every number that they print."""
    script = "\n".join(to_metafor(one) + 'cat("end\\n")' for one in pooled)
    done = subprocess.run([R, "-"], input=script, capture_output=True, text=True, check=True)
    parts = done.stdout.split("end\n")
    for one, text in zip(pooled, parts, strict=False):
        found = {name: float(value) for name, value in (line.split() for line in text.splitlines())}
        assert len(found) >= 11
        for name, value in found.items():
            ours = getattr(one, name)
            what = f"{one.tau2_method} {one.ci_method} {one.prediction_rule} {name}"
            assert ours == pytest.approx(value, rel=ITERATED, abs=1e-8), what


@pytest.mark.skipif(not HAS_METAFOR, reason="needs R with metafor")
def test_r_gives_the_same_numbers():
    """Every tau2, interval and prediction rule, ratios and differences, two to thirteen studies."""
    few = [EffectEstimate(study=f"S'{i}\"é", log_estimate=y, se=s) for i, (y, s) in enumerate([(0.1, 0.2), (0.7, 0.3)])]
    pools = [pool(trials(), tau2=tau2) for tau2 in TAU2_METHODS]
    pools += [pool(trials(), ci=ci) for ci in CI_METHODS]
    pools += [pool(trials(), prediction=rule, level=0.9) for rule in PREDICTION_RULES]
    same([*pools, pool(trials("hine")), pool(few)])


def test_the_script_holds_rows_in_full():
    """Estimates and errors are written in full, names are quoted, and nothing else than metafor is asked for."""
    rows = [
        EffectEstimate(study='A "x"', log_estimate=1 / 3, se=0.2),
        EffectEstimate(study="B", log_estimate=0.1, se=0.1),
    ]
    script = to_metafor(pool(rows, tau2="dl", ci="z"))
    assert f"yi <- c({1 / 3!r}, 0.1)" in script
    assert 'study <- c("A \\"x\\"", "B")' in script
    assert 'method = "DL", test = "z"' in script
    assert script.count("library(") == 1
    assert math.isclose(1 / 3, float(script.split("yi <- c(")[1].split(",")[0]))
