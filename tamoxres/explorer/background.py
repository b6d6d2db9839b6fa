"""Long work beside the page: one piece at a time, told as it goes, stopped when asked.

Conventions: the work runs in a thread and is stopped between two of its steps (`models.watching`); what it refuses is
its result, as one sentence. A new piece of work ends the one before.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shiny import reactive, ui

from ..errors import TamoxresError
from ..models.watching import Stopped, watched_by

__all__ = ["Background"]

T = TypeVar("T")
_EVERY = 0.3  # seconds between two looks at the progress


@dataclass(slots=True)
class _Run:
    """Where one piece of work stands; `stop` is set to end it."""

    stop: threading.Event = field(default_factory=threading.Event)
    what: str = ""
    done: int = 0
    total: int = 0

    def watch(self, what: str, done: int, total: int) -> None:
        """Note a step, or end the work."""
        if self.stop.is_set():
            raise Stopped
        self.what, self.done, self.total = what, done, total


class Background(Generic[T]):
    """A place for work beside the page; made and read within a session."""

    def __init__(self) -> None:
        self._now = _Run()

        @reactive.extended_task
        async def task(key: str, work: Callable[[], T], run: _Run) -> tuple[str, T | str]:
            return key, await asyncio.to_thread(_work, work, run)

        self._task = task

    def start(self, key: str, work: Callable[[], T]) -> None:
        """Begin, and end what runs; the result comes with the key."""
        self.stop()
        self._now = _Run()
        self._task(key, work, self._now)

    def stop(self) -> None:
        """End what runs, between two of its steps."""
        self._now.stop.set()
        self._task.cancel()

    @property
    def status(self) -> str:
        """Initial, running, success, error or cancelled."""
        return str(self._task.status())

    def result(self) -> tuple[str, T | str] | None:
        """The key and the result, or why there is none; None while there is neither."""
        return self._task.result() if self.status in ("success", "error") else None

    def progress(self) -> ui.Tag | None:
        """The progress as a bar and in words, looked at again and again while the work runs."""
        if self.status != "running":
            return None
        reactive.invalidate_later(_EVERY)
        now = self._now
        if not now.total:
            return ui.p("Begun.", class_="caution")
        words = f"{now.done} of {now.total} {now.what}"
        bar = ui.tags.progress(value=str(now.done), max=str(now.total), aria_label=words)
        return ui.p(bar, f" {words}", class_="caution")


def _work(work: Callable[[], T], run: _Run) -> T | str:
    try:
        with watched_by(run.watch):
            return work()
    except Stopped:
        return "Stopped."
    except TamoxresError as error:
        return str(error)
