"""False alarms of the certainty rating: bodies of trials with a true ratio of 1, with and without suppressed numbers.

Usage: python benchmarks/certainty_alarms.py [bodies]   (2,000 by default; writes benchmarks/CERTAINTY.md)
A suppressed number is one whose own P is 0.05 or more: the trial is then reported null without a number, with its
counts (bounded) or without them (unbounded), or not reported at all. At most 5 % (plus two Monte Carlo errors) may be
rated moderate or high `for`. Rows with a true ratio of 2 show that the rating can be earned.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from tamoxres.effects import EffectEstimate
from tamoxres.meta.certainty import certainty

ABOUT = {"marker": "HER2", "estimand": "interaction", "design": "randomised", "simulated": True}
ALL, BOUNDED, UNBOUNDED, SILENT = WAYS = (
    "all numbers", "non-significant numbers suppressed, counts given", "non-significant numbers suppressed, no counts",
    "non-significant trials not reported",
)  # fmt: skip
ALARMS = ("moderate", "high")


def body(draw: np.random.Generator, way: str, tau: float, ratio: float = 1.0) -> list[EffectEstimate]:
    """One body: 1 to 9 trials of 40 to 600 events, 10 to 40 % of the patients altered."""
    rows = []
    for i in range(int(draw.integers(1, 10))):
        events, share = int(draw.integers(40, 600)), float(draw.uniform(0.1, 0.4))
        se = math.sqrt(4 / (events * share * (1 - share)))
        log_ratio = float(draw.normal(math.log(ratio), math.hypot(tau, se)))
        p = 2 * float(ndtr(-abs(log_ratio) / se))
        counts = {"n": 3 * events, "n_1": round(3 * events * share), "events": events}
        if way == ALL or p < 0.05:
            rows.append(EffectEstimate(study=f"Trial {i}", log_estimate=log_ratio, se=se, **counts, **ABOUT))
        elif way != SILENT:
            known = counts if way == BOUNDED else {}
            rows.append(EffectEstimate(study=f"Trial {i}", status="test_only", p_value=p, **known, **ABOUT))
    return rows


def alarms(bodies: int, way: str, *, tau: float = 0.0, ratio: float = 1.0, seed: int = 1) -> float:
    """Share of bodies whose certainty `for` is moderate or high."""
    draw = np.random.default_rng(seed)
    rated = (certainty(body(draw, way, tau, ratio)).for_modification for _ in range(bodies))
    return sum(level in ALARMS for level in rated) / bodies


def table(bodies: int) -> Iterator[str]:
    """Write the rates as a table."""
    yield "# False alarms of the certainty for a modification\n"
    yield f"`python benchmarks/certainty_alarms.py`: {bodies:,} bodies a row, 1 to 9 trials.\n"
    yield "| true ratio | tau between trials | numbers | moderate or high | Monte Carlo error |"
    yield "|---|---|---|---|---|"
    for ratio, tau in ((1.0, 0.0), (1.0, 0.2), (2.0, 0.2)):
        for way in WAYS:
            rate = alarms(bodies, way, tau=tau, ratio=ratio)
            error = math.sqrt(max(rate, 0.5 / bodies) * (1 - rate) / bodies)
            yield f"| {ratio:g} | {tau:g} | {way} | {100 * rate:.2f}% | {100 * error:.2f} |"


if __name__ == "__main__":
    lines = list(table(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
    (Path(__file__).parent / "CERTAINTY.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
