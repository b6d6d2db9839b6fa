"""Long work told step by step: who waits sees how much is done, and can stop it.

Conventions: a watcher belongs to the context (thread or task) that set it; without one, steps cost nothing. Work is
stopped by raising `Stopped` in the watcher, between two steps; it is no `TamoxresError`, so that no model takes it for
a fit that failed. With several workers of joblib a step is told when it is given out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["Stopped", "Watcher", "steps", "tell", "watched_by"]

T = TypeVar("T")
Watcher = Callable[[str, int, int], None]
_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


class Stopped(Exception):  # noqa: N818 nothing went wrong
    """Raised by a watcher to end the work."""


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Tell a watcher of every step of the work inside: what is done, how many steps are behind it, how many in all.

    Examples
    --------
    >>> with watched_by(lambda what, done, total: print(what, done, total)):
    ...     made = list(steps("abc", "letters"))
    letters 0 3
    letters 1 3
    letters 2 3
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def steps(items: Sequence[T], what: str) -> Iterator[T]:
    """Yield the items of long work one by one, and tell the watcher before each.

    Parameters
    ----------
    items : sequence
    what : str
        Their name in the plural, for a reader.
    """
    for done, item in enumerate(items):
        tell(what, done, len(items))
        yield item


def tell(what: str, done: int, total: int) -> None:
    """Tell the watcher, if there is one, how far the work is.

    Parameters
    ----------
    what : str
    done, total : int
        Steps behind it, and in all.
    """
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(what, done, total)
