"""Everyday use beside R, as ratios: a model, an interaction, a command, the report, and a screen's permutations.

Usage: python benchmarks/everyday.py [--quick]   (prints a table in Markdown)

Ours and R's are measured in turn, so that a busy machine disturbs both alike, and of each the least is kept. Calls and
commands are compared by the processor's seconds (those of Rscript and of its children with them), reports by the
clock's, as they use all processors; the reports' aims are 0.4 of what they took when the aims were set, in seconds of
that machine. The report on all cohorts needs their files (TAMOXRES_SHARED, or ../shared) and is left out without them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from screen_data import MAPPING, clinical

import tamoxres as tr

HERE = Path(__file__).parent
ROOT = HERE.parent
METABRIC = ROOT / "data_raw" / "metabric" / "data_clinical_patient.txt"
EFFECT = ["effect", "metabric", "--marker", "HER2", "--endpoint", "BCSS"]
ADJUST = ["age", "npi", "chemotherapy"]
FITS = 50  # of R's coxph.fit in one call


@dataclass(frozen=True)
class Line:
    """One line of the table: seconds of ours and R's, and the aim: R's times a factor, or seconds."""

    task: str
    ours: float
    r: float | None = None
    most: float | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        ratio, aim = "-", "-"
        if self.r is not None and self.most is not None:
            ratio = f"{self.ours / self.r:.2f}"
            aim = f"<= {self.most:.2f}: {'reached' if self.ours <= self.most * self.r else 'missed'}"
        elif self.seconds is not None:
            aim = f"<= {self.seconds:g} s: {'reached' if self.ours <= self.seconds else 'missed'}"
        cells = [f"{1000 * value:,.1f}" if value is not None else "-" for value in (self.ours, self.r)]
        return f"| {self.task} | {cells[0]} | {cells[1]} | {ratio} | {aim} |"


def processor_seconds(run: Callable[[], object], times: int) -> float:
    """Return the processor's seconds of a call, the mean of some."""
    start = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - start) / times


def r_seconds(*words: str) -> tuple[float, float]:
    """Return R's seconds of a call, and a number of its answer."""
    done = subprocess.run(
        ["Rscript", str(HERE / "everyday_baseline.R"), *words], capture_output=True, text=True, check=True
    )
    seconds, value = done.stdout.split()
    return float(seconds), float(value)


def process_seconds(command: list[str], folder: Path, **more: str) -> tuple[float, float]:
    """Run a command; return seconds of the clock and of the processor."""
    start, before = time.perf_counter(), os.times()
    subprocess.run(command, cwd=folder, env={**os.environ, **more}, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used


def calls(folder: Path, rounds: int) -> list[Line]:
    """Time a Cox model and an interaction of METABRIC; the answers must be R's."""
    called = tr.call(tr.load("metabric"), "HER2")
    treated = tr.select(called, marker="HER2", endpoint="BCSS")
    both = tr.select(called, marker="HER2", endpoint="BCSS", treatment="any")
    tasks: tuple[tuple[str, str, tr.AnalysisSet, Callable[[], object]], ...] = (
        ("cox", "tr.cox, METABRIC, 2 covariates", treated, lambda: tr.cox(treated, adjust=["age", "npi"]).effect),
        (
            "interaction",
            "tr.interaction, 3 covariates, strata, crude beside it; R's four fits",
            both,
            lambda: tr.interaction(both, adjust=ADJUST, strata="site").judged,
        ),
    )
    lines = []
    for name, words, analysis, run in tasks:
        file = folder / f"{name}.csv"
        frame = analysis.frame
        treatment = (frame["treatment"] == "treated").astype(int) if "treatment" in frame else 1
        frame.assign(marker=(frame["marker"] == "altered").astype(int), treatment=treatment).to_csv(file, index=False)
        ours, theirs = [], []
        row = run()
        for _ in range(rounds):
            ours.append(processor_seconds(run, 20))
            seconds, value = r_seconds(name, str(file), "20")
            theirs.append(seconds)
        if abs(row.log_estimate - value) > 1e-6:  # type: ignore[attr-defined]
            sys.exit(f"{name}: {row.log_estimate} here, {value} in R")  # type: ignore[attr-defined]
        lines.append(Line(words, min(ours), min(theirs), 1.5))
    return lines


def command(folder: Path, rounds: int) -> Line:
    """Time the command `effect` as a process beside R's script."""
    ours, theirs = [], []
    script = ["Rscript", str(HERE / "everyday_baseline.R"), "effect", str(METABRIC)]
    for _ in range(rounds):
        ours.append(process_seconds([sys.executable, "-m", "tamoxres", *EFFECT], folder)[1])
        theirs.append(process_seconds(script, folder)[1])
    return Line(f"tamoxres {' '.join(EFFECT)}, as a process", min(ours), min(theirs), 1.3)


def report(task: str, folder: Path, seconds: float, rounds: int, **more: str) -> Line:
    """Time a report by the clock."""
    words = [sys.executable, "-m", "tamoxres", "report", "-o", str(folder / "report"), "--quiet"]
    took = [process_seconds(words, folder, **more)[0] for _ in range(rounds)]
    return Line(task, min(took), seconds=seconds)


def permutations(folder: Path, genes: int, times: int) -> Line:
    """Time the permutations of a screen beside as many fits of R's coxph.fit, at the rate of a few."""
    data = clinical(1_980)
    data.insert(0, "patient", [f"P{i:05d}" for i in range(len(data))])
    data.to_csv(folder / "clinical.csv", index=False)
    values = (8 + 1.2 * np.random.default_rng(7).normal(size=(genes, len(data)))).astype(np.float32)
    data.assign(gene=values[0].astype(float)).to_csv(folder / "fits.csv", index=False)
    analysis = tr.select(tr.load(folder / "clinical.csv", mapping=MAPPING), endpoint=tr.OS, er="any", treatment="any")
    matrix = tr.open_expression(values, genes=[f"G{g}" for g in range(genes)], patients=data["patient"].tolist())
    found = tr.screen(analysis, matrix, adjust=["age", "grade"], options=tr.ScreenOptions(lrt=False))
    tr.family_wise(found, matrix, permutations=1, seed=1)
    rate = []
    r = r_seconds("fits", str(folder / "fits.csv"), "4")[0] / FITS
    start = time.perf_counter()
    table: pd.DataFrame = tr.family_wise(found, matrix, permutations=times, seed=1)
    rate.append(time.perf_counter() - start)
    r = min(r, r_seconds("fits", str(folder / "fits.csv"), "4")[0] / FITS)
    if len(table) != genes:
        sys.exit("family_wise lost genes")
    return Line(
        f"tr.family_wise, {times:,} permutations of {genes:,} genes; as many of R's coxph.fit",
        min(rate), r * genes * times, 1 / 20,
    )  # fmt: skip


def main() -> None:
    """Time everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds and permutations, to see that it runs")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    if shutil.which("Rscript") is None:
        sys.exit("This benchmark needs Rscript with the package survival.")
    rounds, genes, times = (1, 200, 20) if quick else (5, 5_000, 1_000)
    shared = Path(os.environ.get("TAMOXRES_SHARED", ROOT.parent / "shared")) / "cohorts"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [*calls(folder, rounds), command(folder, rounds)]
        lines.append(report("make report: METABRIC and Rotterdam as embedded", folder, 5.6, min(rounds, 3)))
        if shared.is_dir() and not quick:
            lines.append(report("the same on all cohorts", folder, 33.0, 1, TAMOXRES_DATA=str(shared)))
        lines.append(permutations(folder, genes, times))
    sys.stdout.write("| task | ours, ms | R, ms | ratio | aim |\n|---|---:|---:|---:|---|\n")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.write(
        "\nThe processor's time of calls and commands, the clock's of reports and permutations (on all cores); the "
        "least of some rounds, ours and R's in turn.\n"
    )


if __name__ == "__main__":
    main()
