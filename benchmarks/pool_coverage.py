"""Coverage and type I error of the default pool (REML, ad hoc Hartung-Knapp), and of two others beside it.

Usage: python benchmarks/pool_coverage.py [data sets a cell]   (2,000 by default; writes benchmarks/POOL_COVERAGE.md)
A cell: k studies, tau (standard deviation between studies on the log scale) and an imbalance of sizes. Standard errors
are those of hazard ratios of 30 to 300 events (equal: all of 100; mixed: uniform from 30 to 300; one large: one study
of ten times the others' 60). The true log ratio is 0, so that an interval without 1 is a type I error; coverage is its
complement. The default pool must cover in 93 % at least, in every cell.

A second table asks truths other than 1 (1.5 and 2, and 1 beside them). Moving a normal estimate moves its interval and
nothing else, so there the estimates come from counts: of a study's events those of the first arm are binomial with the
odds of its own true ratio, the estimate is the log of their ratio, and its variance 1 / d1 + 1 / d0 depends on it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from tamoxres.meta.estimate import pool_arrays, quantile
from tamoxres.meta.tau2 import reml

KS, TAUS = (2, 3, 4, 5, 7, 10, 15, 20), (0.0, 0.1, 0.2, 0.4)
SIZES = ("equal", "mixed", "one large")
TRUTHS, FEWER_KS, FEWER_TAUS = (1.0, 1.5, 2.0), (2, 3, 5, 10, 20), (0.0, 0.2, 0.4)
LEAST = 93.0


def events_of(sizes: str, sets: int, k: int, draw: np.random.Generator) -> np.ndarray:
    """Events of the studies, both arms together."""
    if sizes == "equal":
        events = np.full((sets, k), 100.0)
    elif sizes == "mixed":
        events = draw.uniform(30, 300, (sets, k))
    else:
        events = np.full((sets, k), 60.0)
        events[:, 0] = 600.0
    return events


def counted(truth: float, tau: float, events: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Log ratios and variances of studies from their counts; half an event is added where an arm has none."""
    odds = np.exp(draw.normal(np.log(truth), tau, events.shape))
    whole = np.rint(events)
    first = draw.binomial(whole.astype(int), odds / (1 + odds)).astype(float)
    add = 0.5 * ((first == 0) | (first == whole))
    first, second = first + add, whole - first + add
    return np.log(first / second), 1 / first + 1 / second


def cell(k: int, tau: float, sizes: str, sets: int, draw: np.random.Generator) -> dict[str, float]:
    """Percent of data sets whose interval holds the truth of 1, estimates being normal."""
    v = 4 / events_of(sizes, sets, k, draw)
    return covered(draw.normal(0.0, np.sqrt(v + tau**2)), v, 0.0)


def covered(y: np.ndarray, v: np.ndarray, truth: float) -> dict[str, float]:
    """Percent of data sets whose interval holds the true log ratio, and the median width of the default."""
    k = y.shape[1]
    tau2 = reml(y, v)
    w = 1 / (v + tau2[:, None])
    point = (w * y).sum(1) / w.sum(1)
    wald = 1 / np.sqrt(w.sum(1))
    q = (w * (y - point[:, None]) ** 2).sum(1) / (k - 1)
    q = np.where(q < 1e-14, 1.0, q)  # equal estimates have no spread to scale by: the package keeps Wald's error
    t = float(quantile(0.975, np.asarray(k - 1.0)))
    half = {
        "adhoc": t * wald * np.sqrt(np.maximum(1, q)),
        "hksj": t * wald * np.sqrt(q),
        "z": float(ndtri(0.975)) * wald,
    }
    _agrees(y[0], v[0], point[0], half, k)
    out = {name: 100 * float((np.abs(point - truth) <= value).mean()) for name, value in half.items()}
    return out | {"width": float(np.median(2 * half["adhoc"]))}


def _agrees(y: np.ndarray, v: np.ndarray, point: float, half: dict[str, np.ndarray], k: int) -> None:
    """The many at once are what the package gives for one."""
    for name, value in half.items():
        one = pool_arrays(y, v, ci=name)  # type: ignore[arg-type]
        low, high = one.limits()
        assert abs(float(one.point) - point) < 1e-9, k
        assert abs(float(high - low) / 2 - value[0]) < 1e-7 * (1 + value[0]), (name, k, low, high, value[0])


def main() -> None:
    """Run all cells and write the table."""
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    draw = np.random.default_rng(20261130)
    lines = [
        "# Coverage and type I error of the pool", "",
        f"`python benchmarks/pool_coverage.py {sets}`: {sets:,} data sets a cell, true ratio 1, 95 % intervals; type I "
        "error is 100 % less coverage.",
        "Sizes: equal (100 events a study), mixed (30 to 300), one large (600 events, the others 60). Standard "
        "deviation between studies: tau.", "",
        "| studies | tau | sizes | default (ad hoc) | Hartung-Knapp | normal | median width of the default (log) |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    found = []
    for k in KS:
        for tau in TAUS:
            for sizes in SIZES:
                one = cell(k, tau, sizes, sets, draw)
                found.append(one)
                numbers = " | ".join(f"{one[name]:.1f}%" for name in ("adhoc", "hksj", "z"))
                lines.append(f"| {k} | {tau:g} | {sizes} | {numbers} | {one['width']:.2f} |")
    error = 100 * float(np.sqrt(0.95 * 0.05 / sets))
    worst = {name: min(one[name] for one in found) for name in ("adhoc", "hksj", "z")}
    below = sum(one["adhoc"] < LEAST for one in found)
    lines += [
        "", f"Monte Carlo error of 95 %: {error:.2f} points. Least coverage over the {len(found)} cells: default "
        f"{worst['adhoc']:.1f}%, Hartung-Knapp {worst['hksj']:.1f}%, normal {worst['z']:.1f}%.",
        f"Cells in which the default covers in less than {LEAST:g} %: {below}. It is conservative where there are few "
        "studies and no variance between them: at k = 2 the interval holds nearly every value by construction.",
    ]  # fmt: skip
    lines += other_truths(sets, draw)
    (Path(__file__).parent / "POOL_COVERAGE.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[-2:]))


def other_truths(sets: int, draw: np.random.Generator) -> list[str]:
    """Write the second table: estimates from counts, at three truths."""
    lines = [
        "", "## Truths other than 1", "",
        f"{sets:,} data sets a cell, estimates from counts of events (binomial, variance 1 / d1 + 1 / d0), so that an "
        "estimate and its error go together; for a true ratio of 1 the type I error is 100 % less coverage.", "",
        "| true ratio | studies | tau | sizes | default (ad hoc) | Hartung-Knapp | normal |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    least: dict[float, list[float]] = {truth: [] for truth in TRUTHS}
    for truth in TRUTHS:
        for k in FEWER_KS:
            for tau in FEWER_TAUS:
                for sizes in SIZES:
                    y, v = counted(truth, tau, events_of(sizes, sets, k, draw), draw)
                    one = covered(y, v, float(np.log(truth)))
                    least[truth].append(one["adhoc"])
                    numbers = " | ".join(f"{one[name]:.1f}%" for name in ("adhoc", "hksj", "z"))
                    lines.append(f"| {truth:g} | {k} | {tau:g} | {sizes} | {numbers} |")
    told = ", ".join(f"{min(values):.1f}% at {truth:g}" for truth, values in least.items())
    below = sum(value < LEAST for values in least.values() for value in values)
    return [
        *lines, "", f"Least coverage of the default: {told}. Cells below {LEAST:g} %: {below} of "
        f"{sum(map(len, least.values()))}.",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
