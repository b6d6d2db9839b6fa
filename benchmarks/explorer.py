"""The explorer beside `tr.ask`: seconds to the first view after start-up, and to a view after a change of choice.

Usage: python benchmarks/explorer.py [--quick]

The page is not drawn here: what the server computes for it is (answer, rows without covariates, curves, figure, risks,
flow, published rows), on METABRIC, each choice in turn, in the same process as `tr.ask` of the same question. What it
must hold: a first view within 3 s, and a change of choice within 3 times `tr.ask`.
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
from tamoxres.explorer.parts import answer_part, drawing, published_part
from tamoxres.explorer.view import look

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


def show(cohort: tr.Cohort, choices: Choices) -> None:
    """Compute everything that the page shows of a question."""
    view = look(cohort, choices)
    for table in (view.risks, view.flow):
        table.to_html()
    answer_part(view)
    published_part(view)
    drawing(view.figure())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="each once, to see that it runs")
    times = 1 if parser.parse_args().quick else 5
    cohort = tr.load("metabric")
    served: list[object] = []
    start_up = seconds(lambda: served.append(explore()))
    first = seconds(lambda: show(cohort, Choices(cohort="metabric", asked=FIRST)))
    rows = []
    for change in CHANGES:
        choices = Choices(cohort="metabric", asked=FIRST | change)
        asked = statistics.median(seconds(lambda: tr.ask(cohort, choices.question())) for _ in range(times))
        shown = statistics.median(seconds(lambda: show(cohort, choices)) for _ in range(times))
        rows.append((", ".join(f"{name} {value}" for name, value in change.items()), asked, shown, shown / asked))
    sys.stdout.write(f"Start-up {start_up:.2f} s; first view after it {first:.2f} s.\n\n")
    sys.stdout.write("| change of choice | `tr.ask`, s | the page's view, s | ratio |\n|---|---|---|---|\n")
    for what, asked, shown, ratio in rows:
        sys.stdout.write(f"| {what} | {asked:.3f} | {shown:.3f} | {ratio:.2f} |\n")
    sys.stdout.write(f"\nMedian ratio {statistics.median(row[3] for row in rows):.2f}.\n")


if __name__ == "__main__":
    main()
