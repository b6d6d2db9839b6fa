"""A registry of a million patients: seconds and memory of `check`, of `effect`, and of a report on one marker.

Usage: python benchmarks/registry.py [--quick]

Each runs once, as a user runs it, in a process of its own: the file is read, checked and harmonised anew each time.
Processor seconds stand beside those of the clock, which on a busy machine say little. What it must hold: check within
60 s and 3 GB, effect within 60 s, the report within 5 minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

MAPPING = """
name = "million"
[columns]
patient = "pid"
age = "age"
er = { from = "er", positive = ["pos"], negative = ["neg"] }
grade = "grade"
nodes = "nodes"
endocrine = { from = "tam", yes = [1], no = [0] }
diagnosis_year = "year"
site = "site"
[markers.HER2]
from = "her2"
altered = ["3+"]
unaltered = ["0", "1+"]
equivocal = ["2+"]
assay = "IHC"
[endpoints.OS]
time = "os_days"
unit = "days"
event = "dead"
event_values = [1]
censored_values = [0]
"""
ASKED = ["--marker", "HER2", "--endpoint", "OS", "--adjust", "age,grade,nodes", "--strata", "site"]


def write(folder: Path, patients: int) -> tuple[str, str]:
    """Write a registry and its mapping."""
    rng = np.random.default_rng(1)
    her2 = rng.choice(["0", "1+", "2+", "3+"], patients, p=[0.4, 0.25, 0.2, 0.15])
    death = np.ceil(rng.exponential(3000, patients) * np.where(her2 == "3+", 0.7, 1))
    seen = np.ceil(rng.uniform(200, 5000, patients))
    pd.DataFrame({
        "pid": np.arange(patients), "age": np.round(rng.normal(62, 11, patients).clip(25, 95), 1),
        "er": rng.choice(["pos", "neg", ""], patients, p=[0.8, 0.17, 0.03]), "her2": her2,
        "grade": rng.integers(1, 4, patients), "nodes": rng.poisson(1.5, patients), "tam": rng.integers(0, 2, patients),
        "year": rng.integers(1995, 2015, patients), "site": rng.choice(list("ABCDEFGH"), patients),
        "os_days": np.minimum(death, seen).astype(int), "dead": (death <= seen).astype(int),
    }).to_csv(folder / "million.csv", index=False)  # fmt: skip
    (folder / "million.toml").write_text(MAPPING, encoding="utf-8")
    return str(folder / "million.csv"), str(folder / "million.toml")


def measure(arguments: list[str]) -> tuple[float, float, float]:
    """Run a command; return seconds of the clock, seconds of the processor, and gigabytes at most."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "tamoxres", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{arguments[0]} failed")
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, kilobytes / 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 patients, to see that it runs")
    patients = 20_000 if parser.parse_args().quick else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, mapping = write(folder, patients)
        of = [file, "--mapping", mapping]
        tasks = {
            "check": ["check", *of], "effect, adjusted, stratified": ["effect", *of, *ASKED],
            "report, one marker": ["report", *of, "--quiet", "-o", str(folder / "report")],
        }  # fmt: skip
        rows = [f"| {task} | {' | '.join(f'{x:.1f}' for x in measure(words))} |\n" for task, words in tasks.items()]
    sys.stdout.write(f"{patients:,} patients, CSV.\n\n| task | seconds | of the processor | GB |\n|---|---|---|---|\n")
    sys.stdout.write("".join(rows))


if __name__ == "__main__":
    main()
