"""The part of the page for a measured value: uncut or cut, and the search for a cut beside the page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from shiny import reactive, render, req, ui

from ..effects import effects_to_csv
from ..errors import TamoxresError
from ..files.numbers import to_number
from .background import Background
from .measured import Measured, MeasuredView, measure
from .parts import code_part, drawing, figure_file, table_file, table_part

if TYPE_CHECKING:
    from .app import Sitting

__all__ = ["Measuring"]


class Measuring:
    """Choices of a measured value in, its view out."""

    def __init__(self, sitting: Sitting) -> None:
        self.sitting, self.input = sitting, sitting.input
        self.search: Background[MeasuredView] = Background()

        @reactive.calc
        def asked() -> Measured:
            return self._asked()

        @reactive.calc
        def view() -> MeasuredView | str:
            return self._view()

        self.asked, self.view = asked, view
        self._searching()
        self._showing()
        self._taking()

    def _asked(self) -> Measured:
        """Read the controls."""
        offer, column = self.sitting.offer(), self.input.measured()
        req(column, column in offer.measured)
        return Measured(
            choices=self.sitting.chosen(), column=column, how=self.input.enters(), level=offer.levels.get(column),
            at=to_number(self.input.at()),
        )  # fmt: skip

    def _view(self) -> MeasuredView | str:
        """Answer at once, or give what the search found on these very choices."""
        asked = self.asked()
        try:
            asked.check()
            if not asked.long:
                found: MeasuredView | str = measure(self.sitting.cohort(), asked)
            else:
                key, found = self.search.result() or ("", "")
                if key != asked.python():
                    return "The search has not been made yet on these choices."
        except TamoxresError as error:
            return str(error)
        if isinstance(found, MeasuredView):
            self.sitting.count(asked.python())
        return found

    def _searching(self) -> None:
        """Search a cut beside the page when asked, and stop when asked."""

        @reactive.effect
        @reactive.event(self.input.search)
        def _() -> None:
            asked = self.asked()
            if asked.long:
                self.search.start(asked.python(), partial(measure, self.sitting.cohort(), asked))

        @reactive.effect
        @reactive.event(self.input.stop_search)
        def _() -> None:
            self.search.stop()

        @render.ui
        def search_progress() -> ui.Tag | None:
            return self.search.progress()

    def _showing(self) -> None:
        @render.ui
        def measured_shown() -> Any:
            found = self.view()
            if isinstance(found, str):
                return ui.p(found, class_="caution", role="status")
            flat = ui.p("No curves are drawn at a searched cut: they would flatter it.", class_="caution")
            return ui.TagList(
                ui.p(found.said, class_="verdict"), table_part(found.table),
                drawing(found.figure) if found.drawn else flat,
                *code_part(found.asked.python(), found.asked.command(), of="measured_"),
            )  # fmt: skip

    def _taking(self) -> None:
        """Give the figure, the table and the rows as files."""
        found = self.sitting.download
        found("measured_svg", "svg", self.view, lambda one: figure_file(one.figure, "svg"))
        found("measured_docx", "docx", self.view, lambda one: table_file(one.table, "docx"))
        found("measured_rows", "csv", self.view, lambda one: effects_to_csv(one.rows).encode())
