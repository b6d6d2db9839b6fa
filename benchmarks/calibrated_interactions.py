"""Calibrated interactions over data sets: how often a marker that does nothing is called where sites differ.

Usage: python benchmarks/calibrated_interactions.py [data sets]   (1,000 by default; writes CALIBRATED_INTERACTIONS.md)
A marker that is exchangeable with the genes must be rejected in 5 % of the data sets (within two Monte Carlo errors);
the rate for one with twice their site loading, not matched, is the method's limit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tamoxres.calibrate import Calibration, calibration

WHAT = "markers that go with site"


def table(found: Calibration) -> Iterator[str]:
    """Write the rates as a table."""
    yield "# Calibrated interactions where sites differ\n"
    yield f"`python benchmarks/calibrated_interactions.py`: {found.replicates:,} data sets of 900 patients, five sites,"
    yield "320 genes; sites differ in who is treated and in what treatment does, markers and genes do nothing.\n"
    yield "| marker and P | data sets with a P | P < 0.05 | Monte Carlo error | 95% interval holds 1 | note |"
    yield "|---|---|---|---|---|---|"
    for row in found.rows:
        with_p = row.replicates - row.failed
        yield (
            f"| {row.estimator} | {with_p:,} | {100 * row.rejects:.1f}% | {100 * row.rejects_error:.1f} | "
            f"{100 * row.coverage:.1f}% | {row.note} |"
        )
    own = next(row for row in found.rows if row.aim == "calibrated")
    within = abs(own.rejects - 0.05) <= 2 * own.rejects_error
    yield (
        f"\nA marker like the genes, calibrated: {100 * own.rejects:.1f}%, "
        f"{'within' if within else 'NOT within'} two Monte Carlo errors of 5%."
    )


def main() -> None:
    """Simulate and write."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    text = "\n".join(table(calibration(many, scenarios=[WHAT], jobs=1))) + "\n"
    (Path(__file__).parent / "CALIBRATED_INTERACTIONS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
