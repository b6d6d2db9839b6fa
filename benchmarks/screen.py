"""How fast the gene screen and the kernel are, side by side with their peers on the same data.

Usage: python benchmarks/screen.py [--quick] [-o FILE.md]

Times a scan of 20,000 genes (n = 1,980), single fits of three sizes, 1,000 bootstraps, growth over three decades of
genes and of patients, two Dask workers against one on a minute of work; and checks every gene against R (eps 1e-12).
Slow peers run on 200 genes and are extrapolated, and the table says so, as it says which peer is not installed.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from processor import cpu_model
from screen_data import COLUMNS, MAPPING, clinical, expression
from screen_peers import PEERS, Peer, largest_difference, seconds_of

import tamoxres as tr
from tamoxres.analysis import AnalysisSet
from tamoxres.kernel.cox import fit_cox
from tamoxres.kernel.resample import bootstrap
from tamoxres.scan.matrix import ArrayMatrix, Expression, open_expression
from tamoxres.scan.screen import ScreenOptions, screen

HERE = Path(__file__).parent
N = 1_980
MORE, SCANS = 10, 3  # how many times the scan's genes are stored, and how often all of them are scanned on Dask


@dataclass(frozen=True)
class Timing:
    """One line of the table: seconds for the whole task, None for a peer that is absent."""

    task: str
    who: str
    seconds: float | None
    note: str = ""


def best_of(run: Callable[[], object], repeats: int = 3) -> float:
    """Return the median time of a call, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


def r_seconds(task: str, folder: Path, k: int, *more: str) -> float | None:
    """Return R's seconds a fit, or None without R."""
    if shutil.which("Rscript") is None:
        return None
    command = ["Rscript", str(HERE / "screen_baseline.R"), task, str(folder), str(k), *more]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def r_row(task: str, who: str, each: float | None, times: int = 1, note: str = "") -> Timing:
    """Return the line of one of R's routes, from its seconds a fit."""
    return Timing(task, who, None, "not installed") if each is None else Timing(task, who, each * times, note)


def peer_row(task: str, peer: Peer, frames: list[pd.DataFrame], times: int, what: str = "") -> Timing:
    """Return a peer's line, extrapolated from some fits to all of them."""
    seconds, note = seconds_of(peer, frames)
    if seconds is None:
        return Timing(task, peer.name, None, note)
    return Timing(task, peer.name, seconds * times / len(frames), f"from {len(frames)} {what}".rstrip())


class Bench:
    """Data on disk and what is timed on them."""

    def __init__(self, folder: Path, genes: int, sizes: tuple[int, ...]) -> None:
        self.folder, self.genes, self.sizes = folder, genes, sizes
        self.data = clinical(N)
        self.data.insert(0, "patient", [f"P{i:05d}" for i in range(N)])
        self.data.to_csv(folder / "clinical.csv", index=False)
        self.stored = genes * MORE  # on disk, for what takes longer than the scan
        self.values = expression(folder / "expression.f32", self.stored, N)
        self.analysis = self.select(folder / "clinical.csv")

    @staticmethod
    def select(path: Path) -> AnalysisSet:
        """Load a registry and select both arms."""
        cohort = tr.load(path, mapping=MAPPING)
        return tr.select(cohort, endpoint=tr.OS, er="any", treatment="any")

    def matrix(self, genes: int) -> Expression:
        """Return the first genes."""
        whole = np.memmap(self.folder / "expression.f32", np.float32, "r", shape=(genes, N))  # of the file's first rows
        return open_expression(whole, genes=[f"G{g}" for g in range(genes)], patients=self.data["patient"].tolist())

    def scan(self, genes: int, **options: object) -> pd.DataFrame:
        """Screen the first genes."""
        chosen = ScreenOptions(**options)  # type: ignore[arg-type]
        return screen(self.analysis, self.matrix(genes), adjust=["age", "grade"], options=chosen).table

    def scans(self, few: int) -> list[Timing]:
        """Time the scan: ours, and peers on `few` genes."""
        task, genes = f"scan of {self.genes:,} genes, n = {N:,}", self.genes
        rows = [
            Timing(task, "tamoxres, numba, 2 workers", best_of(lambda: self.scan(genes, lrt=False, jobs=2))),
            Timing(task, "tamoxres, numba, 1 worker", best_of(lambda: self.scan(genes, lrt=False, jobs=1), 1)),
            Timing(task, "tamoxres, numba, 2 workers, with LRT", best_of(lambda: self.scan(genes, jobs=2), 1)),
        ]
        part = min(5 * few, genes)
        numpy = best_of(lambda: self.scan(part, lrt=False, jobs=1, engine="numpy"), 1) * genes / part
        rows.append(Timing(task, "tamoxres, NumPy, 1 worker", numpy, f"from {part:,} genes"))
        frames = [self.frame(gene) for gene in range(few)]
        rows += [peer_row(task, peer, frames, genes, "genes") for peer in PEERS]
        rows.append(r_row(task, "R coxph.fit", r_seconds("scan", self.folder, part), genes, f"from {part:,} genes"))
        each = r_seconds("scan_formula", self.folder, few)
        return [*rows, r_row(task, "R coxph", each, genes, f"from {few:,} genes")]

    def frame(self, gene: int) -> pd.DataFrame:
        """Return what a peer fits for a gene."""
        d = self.data[["time", "event", "tam", "age", "grade"]].copy()
        d["gene"] = self.values[gene].astype(float)
        return d.assign(product=d["gene"] * d["tam"])

    def agreement(self, few: int) -> str | None:
        """Compare every gene with R's coxph.fit at eps 1e-12, and the peers' few."""
        out = self.folder / "r.f64"
        if r_seconds("exact", self.folder, self.genes, str(out)) is None:
            return None
        r = np.fromfile(out).reshape(self.genes, 10)
        ours = self.scan(self.genes, lrt=False)
        coefficient = np.abs(ours["log_hr"] - r[:, 4]).max()
        se = np.abs(ours["se"] / r[:, 9] - 1).max()
        untreated = np.abs(ours["log_hr_untreated"] - r[:, 3]).max()
        frames = [self.frame(gene) for gene in range(max(1, few))]
        found = {peer.name: largest_difference(peer, frames, r[: len(frames), :5]) for peer in PEERS}
        others = "; ".join(f"{name} {gap:.1e}" for name, gap in found.items() if gap is not None)
        return (
            f"Against R coxph.fit (eps 1e-12), all {self.genes:,} genes: largest difference {coefficient:.1e} in the "
            f"interaction, {untreated:.1e} in the gene, {se:.1e} (relative) in the standard error."
            + (f" The peers at their own defaults, any coefficient, {len(frames)} genes: {others}." if others else "")
        )

    def singles(self) -> list[Timing]:
        """Time one fit of ten columns, of registries of three sizes."""
        return [row for n in self.sizes for row in self.single(n)]

    def single(self, n: int) -> list[Timing]:
        """Time one fit of n patients."""
        large = clinical(n, seed=20240612 + n)
        large.to_csv(self.folder / "large.csv", index=False)
        x = large[COLUMNS].to_numpy(float).copy()
        when, event = large["time"].to_numpy().copy(), large["event"].to_numpy().copy()
        task, times = f"one fit, n = {n:,}, 10 columns", 3 if n > 100_000 else 11
        rows = [Timing(task, "tamoxres", best_of(lambda: fit_cox(when, event, x), times))]
        rows.append(r_row(task, "R coxph.fit", r_seconds("single", self.folder, times)))
        rows.append(r_row(task, "R coxph", r_seconds("single_formula", self.folder, 1 if n > 100_000 else 3)))
        for peer in PEERS:
            some = min(peer.patients, n)
            seconds, note = seconds_of(peer, [large[["time", "event", *COLUMNS]].head(some)])
            less = seconds is not None and some < n
            scaled = None if seconds is None else seconds * n / some
            rows.append(Timing(task, peer.name, scaled, f"from {some:,} patients" if less else note))
        return rows

    def memory(self) -> str:
        """Say how much memory one fit of the largest registry takes beside its data."""
        n = max(self.sizes)
        large = clinical(n, seed=20240612 + n)
        x, when, event = large[COLUMNS].to_numpy(float).copy(), large["time"].to_numpy(), large["event"].to_numpy()
        tracemalloc.start()
        fit_cox(when, event, x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return (
            f"One fit, n = {n:,}, 10 columns: {peak / 1e6:.0f} MB of memory beside the data ({x.nbytes / 1e6:.0f} MB)."
        )

    def bootstraps(self, replicates: int, few: int) -> list[Timing]:
        """Time bootstraps of a fit of ten columns."""
        d = self.data
        fit = fit_cox(d["time"].to_numpy(), d["event"].to_numpy(), d[COLUMNS].to_numpy(float))
        task = f"{replicates:,} bootstraps, n = {N:,}, 10 columns"
        rows = [Timing(task, "tamoxres, 1 thread", best_of(lambda: bootstrap(fit, replicates, seed=1)))]
        for who, name, some in (("R coxph.fit", "bootstrap", 200), ("R coxph", "bootstrap_formula", 50)):
            rows.append(r_row(task, who, r_seconds(name, self.folder, some), replicates, f"from {some}"))
        draw, whole = np.random.default_rng(1), d[["time", "event", *COLUMNS]]
        frames = [whole.iloc[draw.integers(N, size=N)] for _ in range(few)]
        return rows + [peer_row(task, peer, frames, replicates) for peer in PEERS]

    def growth(self) -> list[Timing]:
        """Time scans over three decades of genes, and of patients."""
        rows = []
        for genes in (self.stored // 1000, self.stored // 100, self.stored // 10, self.stored):
            seconds = best_of(lambda g=genes: self.scan(g, lrt=False, jobs=1), 1)
            rows.append(
                Timing("growth with genes", f"{genes:,} genes", seconds, f"{1e6 * seconds / genes:.0f} us a gene")
            )
        draw = np.random.default_rng(3)
        most = max(self.sizes)
        for n in (most // 1000, most // 100, most // 10, most):
            data = clinical(n, seed=n)
            data.insert(0, "patient", [f"P{i:07d}" for i in range(n)])
            data.to_csv(self.folder / "grown.csv", index=False)
            analysis = self.select(self.folder / "grown.csv")
            values = draw.normal(size=(32, n)).astype(np.float32)
            names = tuple(f"G{g}" for g in range(32))
            matrix = ArrayMatrix(values=values, genes=names, patients=tuple(data["patient"]))
            run = partial(screen, analysis, matrix, adjust=["age", "grade"], options=ScreenOptions(lrt=False, jobs=1))
            seconds = best_of(run, 1)
            rows.append(
                Timing(
                    "growth with patients", f"n = {n:,}, 32 genes", seconds, f"{1e9 * seconds / 32 / n:.0f} ns a value"
                )
            )
        return rows

    def cluster(self) -> list[Timing]:
        """Time one and two Dask workers of one thread each on about a minute of work."""
        import joblib
        from distributed import Client, LocalCluster

        task = f"{SCANS} scans of {self.stored:,} genes on Dask, with LRT"
        rows = []
        for workers in (2, 1):
            with (
                LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as up,
                Client(up),
            ):
                with joblib.parallel_config(backend="dask"):
                    self.scan(2048)
                    start = time.perf_counter()
                    for _ in range(SCANS):
                        self.scan(self.stored)
                who = f"tamoxres, {workers} worker{'s' if workers > 1 else ''} of one thread"
                rows.append(Timing(task, who, time.perf_counter() - start))
        return rows


def written(rows: list[Timing], notes: list[str]) -> str:
    """Write timings as Markdown; ratios are to the first line of a task."""
    lines = [
        "# The gene screen and the kernel, side by side",
        "",
        f"{cpu_model()}, {platform.system()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}. Medians; written by `python benchmarks/screen.py`.",
        "",
        "| task | who | seconds | ratio | note |",
        "|---|---|---:|---:|---|",
    ]
    first: dict[str, float] = {}
    for row in rows:
        cells = "- | -"
        if row.seconds is not None:
            cells = f"{row.seconds:,.3f} | {row.seconds / first.setdefault(row.task, row.seconds):,.1f}"
        lines.append(f"| {row.task} | {row.who} | {cells} | {row.note} |")
    return "\n".join([*lines, "", *notes, ""])


def main() -> None:
    """Run everything, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("-o", type=Path, default=HERE / "SCREEN.md")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    genes, few, replicates = (400, 5, 64) if options.quick else (20_000, 200, 1_000)
    sizes = (2_000, 6_000, 20_000) if options.quick else (10_000, 100_000, 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), genes, sizes)
        rows = [*bench.scans(few), *bench.singles(), *bench.bootstraps(replicates, few // 2)]
        rows += [*bench.growth(), *bench.cluster()]
        notes = [note for note in (bench.memory(), bench.agreement(few // 10)) if note]
    text = written(rows, ["\n\n".join(notes)])
    options.o.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
