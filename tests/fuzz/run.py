"""Fuzz with as many inputs and whatever seed one likes: `make fuzz INPUTS=20000 SEED=7`; exit 1 if anything broke.

Each target stops at its first fault, which is printed in its smallest form.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.targets import TARGETS, Hang, holds

MEMORY = 3.0  # GB of all targets together, libraries included


def fuzz(name: str, inputs: int, start: int) -> tuple[int, int, str]:
    """Fuzz one target; return how many inputs worked and were refused, and what broke."""
    target, counts, broke = TARGETS[name], {True: 0, False: 0}, ""

    @seed(start)
    @settings(max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(target.inputs)
    def run(one: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            counts[holds(target.run, one, Path(folder))] += 1

    try:
        run()
    except (Exception, Hang):  # noqa: BLE001 whatever it is, it is what is looked for
        broke = traceback.format_exc()
    return counts[True], counts[False], broke


def main() -> int:
    """Fuzz all targets, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("targets", nargs="*", default=list(TARGETS))
    asked = parser.parse_args()
    whole, faults = sum(TARGETS[name].share for name in asked.targets), 0
    for name in asked.targets:
        begun = time.monotonic()
        worked, refused, broke = fuzz(name, max(asked.inputs * TARGETS[name].share // whole, 1), asked.seed)
        faults += bool(broke)
        end = f"\n{broke}" if broke else "sound"
        print(f"{name:14}{worked:8,} worked {refused:8,} refused {time.monotonic() - begun:8.1f} s  {end}", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{faults} of {len(asked.targets)} targets broke; {memory:.2f} GB (bound {MEMORY} GB); seed {asked.seed}")
    return int(faults > 0 or memory > MEMORY)


if __name__ == "__main__":
    raise SystemExit(main())
