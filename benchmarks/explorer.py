"""The explorer beside `tr.ask`: seconds to the first view after start-up, and to a view after a change of choice.

Usage: python benchmarks/explorer.py [--quick]

The browser is left out: what the server computes is timed, on METABRIC, each choice in turn, in the same process as
`tr.ask` of the same question. The numbers (answer, the same without covariates, risks, flow, diagnostics) are sent at
once; what could have been seen is simulated, what was published gathered, and the curves drawn, beside the page: they
follow. What must hold: the first view with all of it within 3 s, the numbers within 3 times `tr.ask`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import tamoxres as tr
from tamoxres.explorer import explore
from tamoxres.explorer.choices import Choices
from tamoxres.explorer.parts import answer_part, diagnostics_part, drawing, published_part, table_part, verdict_part
from tamoxres.explorer.view import View, look
from tamoxres.inference.detectable import _both

FIRST = {"endpoint": "BCSS", "marker": "HER2", "estimand": "interaction", "rule": "snp6_gain"}
CHANGES = (
    {"adjust": ("age",)}, {"adjust": ("age", "npi", "chemotherapy")},
    {"adjust": ("age", "npi", "chemotherapy"), "strata": ("site",)}, {"endpoint": "OS"}, {"where": ("nodes >= 1",)},
    {"estimand": "prognostic"}, {"estimand": "prognostic", "adjust": ("age", "npi")},
)  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def numbers(cohort: tr.Cohort, choices: Choices) -> View:
    """Compute what the page shows of a question at once."""
    view = look(cohort, choices)
    for table in (view.risks, view.flow):
        table_part(table)
    answer_part(view)
    diagnostics_part(view)
    return view


def whole(cohort: tr.Cohort, choices: Choices) -> None:
    """Compute that, the verdict in words, what was published and the curves."""
    view = numbers(cohort, choices)
    _both.cache_clear()  # choices are new to a person
    verdict_part(view)
    published_part(view)
    drawing(view.figure)


def row(cohort: tr.Cohort, change: dict[str, object], times: int) -> tuple[str, float, float, float]:
    """Return what changes, and the median seconds of `tr.ask`, of the numbers and of the whole view."""
    choices = Choices(cohort="metabric", asked=FIRST | change)
    tasks = (
        lambda: tr.ask(cohort, choices.question()),
        lambda: numbers(cohort, choices),
        lambda: whole(cohort, choices),
    )
    asked, shown, drawn = (statistics.median(seconds(task) for _ in range(times)) for task in tasks)
    return ", ".join(f"{name} {value}" for name, value in change.items()), asked, shown, drawn


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="each once, to see that it runs")
    times = 1 if parser.parse_args().quick else 5
    cohort = tr.load("metabric")
    served: list[object] = []
    start_up = seconds(lambda: served.append(explore()))
    first = seconds(lambda: whole(cohort, Choices(cohort="metabric", asked=FIRST)))
    rows = [row(cohort, change, times) for change in CHANGES]
    sys.stdout.write(f"Start-up {start_up:.2f} s; first view with verdict and curves, after it, {first:.2f} s.\n\n")
    sys.stdout.write(
        "| change of choice | `tr.ask`, s | numbers, s | whole, s | numbers / ask |\n|---|---|---|---|---|\n"
    )
    for what, asked, shown, drawn in rows:
        sys.stdout.write(f"| {what} | {asked:.3f} | {shown:.3f} | {drawn:.3f} | {shown / asked:.2f} |\n")
    ratios = [shown / asked for _, asked, shown, _ in rows]
    sys.stdout.write(f"\nNumbers / ask: median {statistics.median(ratios):.2f}, most {max(ratios):.2f}.\n")


if __name__ == "__main__":
    main()
