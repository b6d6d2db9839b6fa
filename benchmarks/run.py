"""Every benchmark in one run, written to RESULTS.md beside this file: `make bench`.

Usage: python benchmarks/run.py [--quick] [-o FILE.md] [NAME ...]

Each benchmark runs in a process of its own, one after the other, and prints its table. NAME runs only some
(estimators, meta_speed, screen, explorer, registry, everyday). The screen's seconds are drawn beside FILE.md:
results.svg beside RESULTS.md. The exit code is 1 if one did not run to its end.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from processor import cpu_model
from results_figure import draw, rows_of

HERE = Path(__file__).parent
PACKAGES = ("tamoxres", "numpy", "scipy", "numba", "pandas", "lifelines", "statsmodels", "scikit-survival", "survival")

SAID = {"survival": "survival (Rust)"}  # R has a package of this name too


@dataclass(frozen=True)
class Benchmark:
    """One script: its title, and whether it knows `--quick`, writes a file unless told where, and prints Markdown."""

    title: str
    quick: bool = True
    writes: bool = False
    markdown: bool = True


BENCHMARKS = {
    "estimators": Benchmark("Estimators"),
    "meta_speed": Benchmark("Meta-analysis", quick=False, markdown=False),
    "screen": Benchmark("Gene screen and kernel", writes=True),
    "explorer": Benchmark("Explorer"),
    "registry": Benchmark("A registry of a million patients"),
    "everyday": Benchmark("Everyday use"),
}


def machine() -> str:
    """Name the processor, its cores, the load and the versions; no names of hosts, users or folders."""
    load = f"; load average at the start {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = [
        f"Python {platform.python_version()}",
        *(f"{SAID.get(name, name)} {installed(name)}" for name in PACKAGES),
        r_version(),
    ]
    return f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()}{load}. {', '.join(versions)}."


def installed(package: str) -> str:
    """Return a package's version."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def r_version() -> str:
    """Return the versions of R and its package survival."""
    if shutil.which("Rscript") is None:
        return "R not installed"
    code = 'cat("R", format(getRversion()), "with survival", format(packageVersion("survival")))'
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "R without survival"


def run(name: str, quick: bool) -> str | None:
    """Run one benchmark and return what it prints, as Markdown; None if it fails."""
    chosen = BENCHMARKS[name]
    command = [sys.executable, str(HERE / f"{name}.py"), *(["--quick"] if quick and chosen.quick else [])]
    with tempfile.TemporaryDirectory() as folder:
        if chosen.writes:
            command += ["-o", str(Path(folder) / "out.md")]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return None
    if not chosen.markdown:
        return f"```\n{done.stdout.rstrip()}\n```"
    return "\n".join(line for line in done.stdout.strip().splitlines() if not line.startswith("# ")).strip()


def with_figure(text: str, path: Path) -> str:
    """Draw the screen's rows beside the file, as SVG, and refer to the picture; without such rows change nothing."""
    rows = rows_of(text)
    if not rows:
        return text
    picture = path.with_name(f"{path.stem.lower()}.svg")
    draw(rows, picture)
    title = f"## {BENCHMARKS['screen'].title}\n\n"
    return text.replace(title, f"{title}![Seconds by task and peer]({picture.name})\n\n")


def main() -> int:
    """Run the benchmarks, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("-o", type=Path, default=HERE / "RESULTS.md", metavar="FILE.md")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    quick = " Small sizes (`--quick`)." if options.quick else ""
    text = [
        "# Benchmarks\n\nWritten by `make bench`, in one run. Medians after a warm-up; what takes seconds runs once."
        f"{quick}\n\n{machine()}"
    ]
    failed = False
    for name in options.names or BENCHMARKS:
        start = time.perf_counter()
        found = run(name, options.quick)
        failed |= found is None
        text.append(f"## {BENCHMARKS[name].title}\n\n{found or f'`{name}.py` did not run to its end.'}")
        sys.stdout.write(f"{name}: {'failed' if found is None else 'done'}, {time.perf_counter() - start:.0f} s\n")
    whole = "\n\n".join(text) + "\n"
    options.o.write_text(with_figure(whole, options.o), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
