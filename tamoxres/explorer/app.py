"""The explorer's server: choices in, a view out; every session has its own state, and forgets it.

Conventions: an answer is computed once for each set of choices; what cannot be asked becomes its one sentence in the
page; work that takes long runs beside the page, tells how far it is, and can be stopped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiny import App, Inputs, Outputs, Session, reactive, render, req, ui

from ..cohorts.catalogue import ENTRIES, load
from ..errors import NotOnDisk, TamoxresError
from ..wording import coarse_count, count
from .background import Background
from .choices import Choices
from .measuring import Measuring
from .offer import Offer, offer_of
from .own_file import OwnFile
from .page import page
from .parts import (
    answer_part,
    code_part,
    diagnostics_part,
    drawing,
    panel,
    published_part,
    table_part,
    verdict_part,
)
from .taking import Taking
from .view import View, look, sitting

if TYPE_CHECKING:
    from ..cohort import Cohort

__all__ = ["Sitting", "make_app"]

_FIRST = "metabric"
_PLAIN = {"estimand": "prognostic", "er": "positive", "missing": "complete"}


def make_app(
    cohort: Cohort | None = None, *, mapping: str | Path | None = None, data_dir: str | Path | None = None
) -> App:
    """Return the Shiny application over the cohorts at hand.

    Parameters
    ----------
    cohort : Cohort, optional
        Offered first.
    mapping : path, optional
        Of that cohort's file.
    data_dir : path, optional
    """
    held = {cohort.name: cohort} if cohort is not None else {}
    held |= {name: one for name, one in _at_hand(data_dir) if name not in held}
    mappings = {cohort.name: str(mapping)} if cohort is not None and mapping is not None else {}
    first = cohort.name if cohort is not None else _FIRST if _FIRST in held else next(iter(held))

    def serve(input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002 Shiny's names
        Sitting(input, session, dict(held), dict(mappings))

    return App(page(list(held), first, offer_of(held[first])), serve)


def _at_hand(data_dir: str | Path | None) -> Iterator[tuple[str, Cohort]]:
    for name in ENTRIES:
        try:
            yield name, load(name, data_dir=data_dir)
        except NotOnDisk:
            continue


class Sitting:
    """One person's sitting: what was chosen and what was tried."""

    def __init__(
        self,
        read: Inputs,
        session: Session,
        cohorts: dict[str, Cohort],
        mappings: dict[str, str],
    ) -> None:
        self.input, self.session = read, session
        self.cohorts, self.mappings = cohorts, mappings
        self.tried: reactive.Value[frozenset[str]] = reactive.value(frozenset())
        self.words: Background[ui.Tag] = Background()
        self.curves: Background[ui.Tag] = Background()
        self.gathered: Background[ui.TagList] = Background()
        self.imputing: Background[View] = Background()
        self.checking: Background[ui.TagList] = Background()
        self.folder = tempfile.TemporaryDirectory(prefix="tamoxres-")
        session.on_ended(self._end)
        self._choosing()
        self._answering()
        self._beside("verdict", self.words, verdict_part, "The verdict is being worked out ...")
        self._beside("curves", self.curves, lambda found: drawing(found.figure), "Drawing ...")
        self._beside(
            "published",
            self.gathered,
            lambda found: ui.TagList(*published_part(found)),
            "Gathering ...",
        )
        self._imputing()
        self._checking()
        self.taking = Taking(self)
        self.measuring = Measuring(self)
        self.own = OwnFile(self)

    def _end(self) -> None:
        """Stop what still runs, and take the folder away."""
        for work in (
            self.words, self.curves, self.gathered, self.imputing, self.checking, self.measuring.search,
            self.taking.reporting,
        ):  # fmt: skip
            work.stop()
        self.folder.cleanup()

    def cohort(self) -> Cohort:
        """The cohort that is chosen."""
        return self.cohorts[self.input.cohort()]

    def offer(self) -> Offer:
        """What the chosen cohort offers."""
        return offer_of(self.cohort())

    def add(self, cohort: Cohort, *, mapping: str) -> None:
        """Offer a cohort of the user's own, and choose it."""
        self.cohorts[cohort.name], self.mappings[cohort.name] = cohort, mapping
        ui.update_select("cohort", choices={name: name for name in self.cohorts}, selected=cohort.name)

    def count(self, analysis: str) -> None:
        """Count an analysis as tried; the same one counts once."""
        with reactive.isolate():
            self.tried.set(self.tried() | {analysis})

    def download(self, name: str, kind: str, view: Callable[[], Any], make: Callable[[Any], bytes]) -> None:
        """Give what is made of a view as a file; where there is no view there is no file."""

        def content() -> Iterator[bytes]:
            found = view()
            req(not isinstance(found, str))
            yield make(found)

        content.__name__ = name
        render.download_button(filename=f"tamoxres.{kind}")(content)

    def _choosing(self) -> None:
        """Offer what the chosen cohort has."""

        @reactive.effect
        @reactive.event(self.input.cohort, ignore_init=True)
        def _() -> None:
            offer = self.offer()
            ui.update_select("estimand", selected=offer.estimand)
            ui.update_select("marker", choices=offer.markers)
            ui.update_select("rule", choices=offer.rules)
            ui.update_select("endpoint", choices=offer.endpoints)
            ui.update_select("er", choices=offer.receptors)
            ui.update_checkbox_group("adjust", choices=offer.covariates, selected=[])
            ui.update_checkbox_group("strata", choices=offer.strata, selected=[])
            ui.update_select("measured", choices=offer.measured, selected="")

        @reactive.effect
        @reactive.event(self.input.marker, ignore_init=True)
        def _() -> None:
            ui.update_select("rule", choices=self.offer().every_rule.get(self.input.marker(), {}))

        @render.ui
        def about_cohort() -> ui.Tag:
            cohort = self.cohort()
            return ui.p(f"{cohort.title}: {_patients(cohort)} patients.", class_="caution")

    def _answering(self) -> None:
        """Show the answer and what stands behind it."""

        @reactive.calc
        def chosen() -> Choices:
            return self._chosen()

        @reactive.calc
        def view() -> View | str:
            try:
                found = self._imputed(chosen()) or look(self.cohort(), chosen().complete())
            except TamoxresError as error:
                return str(error)
            if isinstance(found, View):
                self.count(found.choices.command())
            return found

        self.chosen, self.view = chosen, view

        @render.ui
        def tried() -> ui.Tag:
            return ui.p(sitting(len(self.tried())), class_="caution")

        self._shown("answer", answer_part)
        self._shown("risks", lambda found: table_part(found.risks))
        self._shown("flow", lambda found: table_part(found.flow))
        self._shown("diagnostics", diagnostics_part)
        self._shown("code", lambda found: code_part(
            found.choices.python(), found.choices.command(), found.choices.plan()
        ))  # fmt: skip

    def _beside(self, name: str, work: Background[Any], make: Callable[[View], Any], meanwhile: str) -> None:
        """Make a part of the view beside the page, so that the numbers need not wait for it."""

        @reactive.effect
        def _() -> None:
            found = self.view()
            with reactive.isolate():
                if isinstance(found, View):
                    work.start(found.choices.command(), partial(make, found))

        def shown() -> Any:
            found = self.view()
            key, made = work.result() or ("", "")
            if not isinstance(found, View):
                return None
            if key != found.choices.command():
                return ui.p(meanwhile, class_="caution")
            return ui.p(made, class_="caution") if isinstance(made, str) else made

        shown.__name__ = name
        render.ui(shown)

    def _chosen(self) -> Choices:
        """Read the controls."""
        read, offer = self.input, self.offer()
        marker = read.marker()
        rules = offer.every_rule.get(marker, {})
        req(read.endpoint() in offer.endpoints, marker in offer.markers, not rules or read.rule() in rules)
        req(read.er() in offer.receptors)
        values: dict[str, Any] = {name: read[name]() for name in ("endpoint", "estimand", "er", "missing")}
        values |= {name: read[name]() for name in ("marker", "rule", "treatment", "against") if read[name]()}
        if not values.get("marker"):
            values.pop("rule", None)
        values |= {name: tuple(read[name]()) for name in ("adjust", "strata") if read[name]()}
        req(
            set(values.get("adjust", ())) <= offer.covariates.keys(),
            set(values.get("strata", ())) <= offer.strata.keys(),
        )
        values |= {"where": (read.where().strip(),)} if read.where().strip() else {}
        values |= {name: float(read[name]()) for name in ("landmark", "horizon") if read[name]()}
        asked = {name: value for name, value in values.items() if _PLAIN.get(name) != value}
        cohort = read.cohort()
        return Choices(cohort=cohort, mapping=self.mappings.get(cohort, ""), asked=asked)

    def _imputed(self, chosen: Choices) -> View | str | None:
        """Return what the imputation of these very choices gave; None where none is asked, or it is not there yet."""
        if not chosen.imputed:
            return None
        key, found = self.imputing.result() or ("", "")
        return found if key == chosen.command() and found != "Stopped." else None

    def _imputing(self) -> None:
        """Impute beside the page while it shows the complete cases."""

        @reactive.effect
        def _() -> None:
            chosen = self.chosen()
            with reactive.isolate():
                cohort = self.cohort()
                self.imputing.stop()
                if chosen.imputed:
                    self.imputing.start(chosen.command(), partial(look, cohort, chosen))

        @reactive.effect
        @reactive.event(self.input.stop_imputing)
        def _() -> None:
            self.imputing.stop()

        @render.ui
        def imputing() -> Any:
            status = self.imputing.status
            if not self.chosen().imputed or status in ("initial", "success"):
                return None
            if status == "cancelled":
                return ui.p("Imputation stopped: these are the complete cases.", class_="verdict", role="status")
            return ui.TagList(
                ui.p("Imputing; meanwhile these are the complete cases.", class_="verdict", role="status"),
                ui.input_action_button("stop_imputing", "Stop imputing"),
            )

        @render.ui
        def imputing_progress() -> ui.Tag | None:
            return self.imputing.progress()

    def _shown(self, name: str, part: Callable[[View], Any]) -> None:
        """Render one part of the view, or in the first part why there is none."""

        def shown() -> Any:
            found = self.view()
            if isinstance(found, str):
                return ui.p(found, class_="wrong", role="alert") if name == "answer" else None
            try:
                return ui.TagList(part(found))
            except TamoxresError as error:
                return ui.p(str(error), class_="caution")

        shown.__name__ = name
        render.ui(shown)

    def _checking(self) -> None:
        """Run the robustness panel beside the page."""

        @reactive.effect
        @reactive.event(self.input.check)
        def _() -> None:
            found = self.view()
            if isinstance(found, View):
                self.checking.start(found.choices.command(), partial(panel, found))

        @reactive.effect
        @reactive.event(self.input.stop)
        def _() -> None:
            self.checking.stop()

        @render.ui
        def check_progress() -> ui.Tag | None:
            return self.checking.progress()

        @render.ui
        def robust() -> Any:
            if self.checking.status == "cancelled":
                return ui.p("Stopped.", class_="caution", role="status")
            key, found = self.checking.result() or ("", "")
            view = self.view()
            if not found or not isinstance(view, View) or key != view.choices.command():
                return None
            return found


def _patients(cohort: Cohort) -> str:
    return count(coarse_count(cohort.n, cohort.min_cell))
