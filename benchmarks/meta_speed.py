"""How long a meta-analysis takes: ten studies pooled, and five hundred with every diagnostic.

Usage: python benchmarks/meta_speed.py   (prints milliseconds, the median of repeats after a warm-up)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from tamoxres.effects import EffectEstimate
from tamoxres.meta.bayes import bayesian
from tamoxres.meta.bias import small_study
from tamoxres.meta.pool import pool
from tamoxres.meta.pooled import PooledEffect
from tamoxres.meta.regression import meta_regression
from tamoxres.meta.selection import selection_model, trim_and_fill
from tamoxres.meta.sensitivity import baujat, cumulative, influence, leave_one_out
from tamoxres.meta.subgroups import subgroups


def studies(k: int) -> list[EffectEstimate]:
    """Hazard ratios of k simulated studies with a variance of 0.04 between them."""
    random = np.random.default_rng(2)
    se = random.uniform(0.08, 0.4, k)
    points = random.normal(0.3, 0.2, k) + random.normal(0, se)
    return [
        EffectEstimate(
            study=f"Study {i} {1990 + i % 30}",
            log_estimate=float(y),
            se=float(s),
            events=int(4 / s**2),
            assay="ab"[i % 2],
        )
        for i, (y, s) in enumerate(zip(points, se, strict=True))
    ]


def milliseconds(run: Callable[[], object], repeats: int) -> float:
    """Median time of a call, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


def diagnostics(pooled: PooledEffect) -> None:
    """Run every diagnostic of a pool once."""
    for run in (leave_one_out, cumulative, influence, baujat, small_study, trim_and_fill):
        run(pooled)
    small_study(pooled, "begg")
    subgroups(pooled, "assay")
    meta_regression(pooled, {"size": [effect.se or 0.0 for effect in pooled.effects]})


def main() -> None:
    """Print the table."""
    ten, many = studies(10), studies(500)
    pooled = pool(many)
    rows = [
        ("10 studies, REML + Hartung-Knapp", lambda: pool(ten), 200),
        ("500 studies, REML + Hartung-Knapp", lambda: pool(many), 20),
        ("500 studies, pool and every diagnostic", lambda: diagnostics(pool(many)), 3),
        ("10 studies, Bayesian line", lambda: bayesian(pool(ten), margin=(0.80, 1.25)), 5),
        ("500 studies, selection model", lambda: selection_model(pooled), 3),
    ]
    for label, run, repeats in rows:
        print(f"{label:<42} {milliseconds(run, repeats):9.1f} ms")


if __name__ == "__main__":
    main()
