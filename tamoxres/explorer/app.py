"""The explorer's server: choices in, a view out; every session has its own state, and forgets it.

Conventions: an answer is computed once for each set of choices; what cannot be asked becomes its one sentence in the
page; work that takes long runs beside the page and can be stopped.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiny import App, Inputs, Outputs, Session, reactive, render, req, ui

from ..cohorts.catalogue import ENTRIES, load
from ..cohorts.sketch import init_mapping
from ..effects import effects_to_csv
from ..errors import NotOnDisk, TamoxresError
from ..files.writing import below
from ..wording import coarse_count, count
from .choices import Choices
from .offer import Offer, offer_of
from .page import page
from .view import View, look, sitting

if TYPE_CHECKING:
    from ..cohort import Cohort

__all__ = ["make_app"]

_FIRST = "metabric"
_MEDIA = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf", "tiff": "image/tiff"}


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
        _Sitting(input, session, dict(held), dict(mappings))

    return App(page(list(held), first, offer_of(held[first])), serve)


def _at_hand(data_dir: str | Path | None) -> Iterator[tuple[str, Cohort]]:
    for name in ENTRIES:
        try:
            yield name, load(name, data_dir=data_dir)
        except NotOnDisk:
            continue


class _Sitting:
    """One person's sitting: what was chosen, what was tried and what was kept."""

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
        self.kept: reactive.Value[tuple[str, ...]] = reactive.value(())
        self.folder = tempfile.TemporaryDirectory(prefix="tamoxres-")
        session.on_ended(self.folder.cleanup)
        self._choosing()
        self._answering()
        self._checking()
        self._taking()
        self._own_file()

    def cohort(self) -> Cohort:
        """The cohort that is chosen."""
        return self.cohorts[self.input.cohort()]

    def offer(self) -> Offer:
        """What the chosen cohort offers."""
        return offer_of(self.cohort())

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
        def choices() -> Choices:
            return self._chosen()

        @reactive.calc
        def view() -> View | str:
            try:
                chosen = choices()
                found = look(self.cohort(), chosen)
            except TamoxresError as error:
                return str(error)
            with reactive.isolate():
                self.tried.set(self.tried() | {chosen.command()})
            return found

        self.choices, self.view = choices, view

        @render.ui
        def tried() -> ui.Tag:
            return ui.p(sitting(len(self.tried())), class_="caution")

        self._shown("answer", lambda found: [*_said(found), ui.HTML(found.table.to_html()), *_crude(found)])
        self._shown("curves", lambda found: ui.tags.figure(ui.HTML(_svg(found)), class_="scroll", tabindex="0"))
        self._shown("risks", lambda found: ui.HTML(found.risks.to_html()))
        self._shown("flow", lambda found: ui.HTML(found.flow.to_html()))
        self._shown("published", _published)
        self._shown("code", lambda found: [
            ui.tags.pre(found.choices.python(), id="python", tabindex="0"),
            ui.tags.pre(found.choices.command(), id="command", tabindex="0"),
            ui.tags.pre(found.choices.plan(), id="entry", tabindex="0"),
        ])  # fmt: skip

    def _chosen(self) -> Choices:
        """Read the controls."""
        read, offer = self.input, self.offer()
        marker = read.marker()
        rules = offer.every_rule.get(marker, {})
        req(read.endpoint() in offer.endpoints, marker in offer.markers, not rules or read.rule() in rules)
        req(read.er() in offer.receptors)
        values: dict[str, Any] = {"endpoint": read.endpoint(), "estimand": read.estimand(), "er": read.er()}
        values |= {name: read[name]() for name in ("marker", "rule", "treatment", "against") if read[name]()}
        if not values.get("marker"):
            values.pop("rule", None)
        values |= {name: tuple(read[name]()) for name in ("adjust", "strata") if read[name]()}
        req(
            set(values.get("adjust", ())) <= offer.covariates.keys(),
            set(values.get("strata", ())) <= offer.strata.keys(),
        )
        values |= {"where": (read.where().strip(),)} if read.where().strip() else {}
        values |= {"landmark": float(read.landmark())} if read.landmark() else {}
        plain = {"estimand": "prognostic", "er": "positive"}
        asked = {name: value for name, value in values.items() if plain.get(name) != value}
        cohort = read.cohort()
        return Choices(cohort=cohort, mapping=self.mappings.get(cohort, ""), asked=asked)

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

        @reactive.extended_task
        async def panel(found: View) -> str:
            return await asyncio.to_thread(_panel, found)

        @reactive.effect
        @reactive.event(self.input.check)
        def _() -> None:
            found = self.view()
            if isinstance(found, View):
                panel(found)

        @reactive.effect
        @reactive.event(self.input.stop)
        def _() -> None:
            panel.cancel()

        @render.ui
        def robust() -> Any:
            status = panel.status()
            if status == "running":
                return ui.p("Fitting the checks ...", class_="caution", role="status")
            if status == "cancelled":
                return ui.p("Stopped.", class_="caution", role="status")
            return ui.HTML(panel.result()) if status == "success" else None

    def _taking(self) -> None:
        """Give figures, tables, rows and the plan as files."""
        for kind in _MEDIA:
            self._download(f"figure_{kind}", kind, partial(_figure, kind=kind))
        for kind in ("docx", "xlsx", "csv", "tex"):
            self._download(f"table_{kind}", kind, partial(_table, kind=kind))
        self._download("rows", "csv", lambda found: effects_to_csv(found.rows).encode())

        @reactive.effect
        @reactive.event(self.input.keep)
        def _() -> None:
            found = self.view()
            if isinstance(found, View) and found.choices.plan() not in self.kept():
                self.kept.set((*self.kept(), found.choices.plan()))

        @render.ui
        def kept() -> ui.Tag:
            return ui.p(
                f"{len(self.kept())} views kept. tamoxres report --plan plan.toml makes the report.", class_="caution"
            )

        @render.download_button(filename="plan.toml")
        def plan() -> Iterator[str]:
            yield 'title = "Explored questions"\n\n' + "\n".join(self.kept())

    def _download(self, name: str, kind: str, make: Callable[[View], bytes]) -> None:
        def content() -> Iterator[bytes]:
            found = self.view()
            if isinstance(found, View):
                yield make(found)

        content.__name__ = name
        render.download_button(filename=f"tamoxres.{kind}")(content)

    def _own_file(self) -> None:
        """Take a file of the user's own: sketch its mapping, then read it by the mapping as answered."""
        says: reactive.Value[str] = reactive.value("")

        @reactive.effect
        @reactive.event(self.input.file)
        def _() -> None:
            try:
                ui.update_text_area("mapping", value=init_mapping(self._uploaded()))
                says.set("Answer the lines marked QUESTION, then read the file.")
            except TamoxresError as error:
                says.set(str(error))

        @reactive.effect
        @reactive.event(self.input.read)
        def _() -> None:
            try:
                mapping = Path(self.folder.name) / "mapping.toml"
                mapping.write_text(self.input.mapping(), encoding="utf-8")
                cohort = load(self._uploaded(), mapping=mapping)
            except TamoxresError as error:
                says.set(str(error))
                return
            self.cohorts[cohort.name], self.mappings[cohort.name] = cohort, "mapping.toml"
            ui.update_select("cohort", choices={name: name for name in self.cohorts}, selected=cohort.name)
            says.set(f"Read: {_patients(cohort)} patients.")

        @render.ui
        def file_says() -> ui.Tag:
            return ui.p(says(), role="status")

        @render.download_button(filename="mapping.toml")
        def save_mapping() -> Iterator[str]:
            yield self.input.mapping()

    def _uploaded(self) -> Path:
        """Return the uploaded file under its own ending, in this sitting's folder."""
        files = self.input.file()
        if not files:
            raise TamoxresError("Choose a file first.")
        ending = Path(files[0]["name"]).suffix.lower()
        path = below(Path(self.folder.name), "upload" + (ending if ending[1:].isalnum() else ""))
        path.write_bytes(Path(files[0]["datapath"]).read_bytes())
        return path


def _patients(cohort: Cohort) -> str:
    return count(coarse_count(cohort.n, cohort.min_cell))


def _said(found: View) -> list[ui.Tag]:
    first, *rest = found.said or ("",)
    verdict = found.answer.verdict is not None
    return [ui.p(first, class_="verdict" if verdict else "caution"), *(ui.p(text, class_="caution") for text in rest)]


def _crude(found: View) -> list[Any]:
    rows = found.crude
    return [ui.h2("The same, not adjusted"), ui.HTML(rows.table().to_html())] if rows else []


def _svg(found: View) -> str:
    text = _figure(found, "svg").decode()
    return text[text.index("<svg") :]


def _figure(found: View, kind: str) -> bytes:
    from ..figures.save import figure_bytes

    return figure_bytes(found.figure(), kind)


def _table(found: View, kind: str) -> bytes:
    made = {"docx": "to_docx", "xlsx": "to_xlsx", "csv": "to_csv", "tex": "to_latex"}[kind]
    content = getattr(found.table, made)()
    return content if isinstance(content, bytes) else str(content).encode()


def _published(found: View) -> Any:
    rows = found.published
    if not rows:
        return ui.p("No published evidence in the table on this question.", class_="caution")
    table = replace(rows.table(), footnotes=())
    return ui.div(ui.HTML(table.to_html()), class_="scroll", tabindex="0")


def _panel(found: View) -> str:
    from ..answers.answer import checked

    made = checked(found.answer).robustness
    if made is None and found.answer.cohort.min_cell > 1:
        return "<p>The panel counts sites and covariates: not told where min_cell is declared.</p>"
    if made is None:
        return "<p>The panel is for interactions whose treatment was not randomised.</p>"
    return str(made.table().to_html()) + f"<p>{escape(str(made))}</p>"
