"""A file of the user's own in the page: its mapping sketched, answered, saved, and the file read by it.

Conventions: what is uploaded stays in the sitting's folder, which goes when the sitting ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from shiny import reactive, render, ui

from ..cohorts.catalogue import load
from ..cohorts.sketch import init_mapping
from ..errors import TamoxresError
from ..files.writing import below
from ..wording import coarse_count, count

if TYPE_CHECKING:
    from .app import Sitting

__all__ = ["OwnFile"]


class OwnFile:
    """The part of the page that takes a file."""

    def __init__(self, sitting: Sitting) -> None:
        self.sitting, self.input = sitting, sitting.input
        says: reactive.Value[str] = reactive.value("")

        @reactive.effect
        @reactive.event(self.input.file)
        def _() -> None:
            try:
                ui.update_text_area("mapping", value=init_mapping(self.uploaded()))
                says.set("Answer the lines marked QUESTION, then read the file.")
            except TamoxresError as error:
                says.set(str(error))

        @reactive.effect
        @reactive.event(self.input.read)
        def _() -> None:
            try:
                says.set(self.read())
            except TamoxresError as error:
                says.set(str(error))

        @render.ui
        def file_says() -> ui.Tag:
            return ui.p(says(), role="status")

        @render.download_button(filename="mapping.toml")
        def save_mapping() -> Iterator[str]:
            yield self.input.mapping()

    def read(self) -> str:
        """Read the file by the mapping as answered, offer the cohort, and say so."""
        mapping = Path(self.sitting.folder.name) / "mapping.toml"
        mapping.write_text(self.input.mapping(), encoding="utf-8")
        cohort = load(self.uploaded(), mapping=mapping)
        self.sitting.add(cohort, mapping="mapping.toml")
        return f"Read: {count(coarse_count(cohort.n, cohort.min_cell))} patients."

    def uploaded(self) -> Path:
        """Return the uploaded file under its own ending, in the sitting's folder."""
        files = self.input.file()
        if not files:
            raise TamoxresError("Choose a file first.")
        ending = Path(files[0]["name"]).suffix.lower()
        path = below(Path(self.sitting.folder.name), "upload" + (ending if ending[1:].isalnum() else ""))
        path.write_bytes(Path(files[0]["datapath"]).read_bytes())
        return path
