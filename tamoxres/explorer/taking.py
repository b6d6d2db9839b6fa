"""What is taken away: figures, tables and rows of a view; the plan of the views kept, and the report made from it.

Conventions: the report is made beside the page, in the sitting's folder, and given as one zip.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shiny import reactive, render, req, ui

from ..effects import effects_to_csv
from ..files.writing import zipped
from ..models.watching import tell
from .background import Background
from .parts import FIGURES, TABLES, figure_file, table_file
from .view import View

if TYPE_CHECKING:
    from ..cohort import Cohort
    from .app import Sitting

__all__ = ["Taking", "report_of"]


class Taking:
    """The part of the page that gives files."""

    def __init__(self, sitting: Sitting) -> None:
        self.sitting, self.input = sitting, sitting.input
        self.kept: reactive.Value[tuple[str, ...]] = reactive.value(())
        self.reporting: Background[bytes] = Background()
        for kind in FIGURES:
            sitting.download(f"figure_{kind}", kind, sitting.view, partial(_figure, kind=kind))
        for kind in TABLES:
            sitting.download(f"table_{kind}", kind, sitting.view, partial(_table, kind=kind))
        sitting.download("rows", "csv", sitting.view, lambda found: effects_to_csv(found.rows).encode())
        self._keeping()
        self._reporting()

    def plan(self) -> str:
        """Write the plan of the views kept."""
        return 'title = "Explored questions"\n\n' + "\n".join(self.kept())

    def _keeping(self) -> None:
        """Collect views into a plan."""

        @reactive.effect
        @reactive.event(self.input.keep)
        def _() -> None:
            found = self.sitting.view()
            if isinstance(found, View) and found.choices.plan() not in self.kept():
                self.kept.set((*self.kept(), found.choices.plan()))

        @render.ui
        def kept() -> ui.Tag:
            return ui.p(
                f"{len(self.kept())} views kept. tamoxres report --plan plan.toml makes the report.", class_="caution"
            )

        @render.download_button(filename="plan.toml")
        def plan() -> Iterator[str]:
            yield self.plan()

    def _reporting(self) -> None:
        """Make the report of the plan beside the page."""

        @reactive.effect
        @reactive.event(self.input.make_report)
        def _() -> None:
            folder, cohorts = Path(self.sitting.folder.name), dict(self.sitting.cohorts)
            self.reporting.start(self.plan(), partial(report_of, self.plan(), cohorts, folder))

        @reactive.effect
        @reactive.event(self.input.stop_report)
        def _() -> None:
            self.reporting.stop()

        @render.ui
        def report_progress() -> ui.Tag | None:
            return self.reporting.progress()

        @render.ui
        def report_made() -> ui.Tag | None:
            key, made = self.reporting.result() or ("", "")
            if self.reporting.status == "cancelled":
                return ui.p("Stopped.", class_="caution", role="status")
            if not made:
                return None
            if isinstance(made, str):
                return ui.p(made, class_="wrong", role="alert")
            old = "" if key == self.plan() else " The views kept have changed since."
            return ui.p(f"The report is made; open report.html in the zip.{old}", class_="caution", role="status")

        @render.download_button(filename="report.zip")
        def report_zip() -> Iterator[bytes]:
            _, made = self.reporting.result() or ("", "")
            if isinstance(made, str):
                req(False)
            else:
                yield made


def report_of(plan: str, cohorts: dict[str, Cohort], folder: Path) -> bytes:
    """Make the report of a plan on the cohorts that it names, and return its folder as a zip.

    Raises
    ------
    TamoxresError
        What the plan asks for and cannot be done.
    """
    from ..reporting.build import report

    path = folder / "plan.toml"
    path.write_text(plan, encoding="utf-8")
    named = {
        entry["cohort"] for entries in tomllib.loads(plan).values() if isinstance(entries, list) for entry in entries
    }
    made = report(
        output=folder / "report", plan=path, cohorts=[cohorts[name] for name in cohorts if name in named],
        progress=lambda done, total, what: tell(what, done, total),
    )  # fmt: skip
    return zipped(made.folder)


def _figure(found: View, kind: str) -> bytes:
    return figure_file(found.figure, kind)


def _table(found: View, kind: str) -> bytes:
    return table_file(found.table, kind)
