"""Frames that are handed out: the reader's to read, and never the way into what holds them.

Conventions: a frame or series is copied once, when its holder is made, and its memory is then closed to writing. Each
reading gives a new shallow view of it in microseconds, whatever its size: putting a column in, dropping one or naming
the index changes the reader's view alone, and writing into a cell raises ValueError (`read-only`); whoever wants to
change values takes `.copy()` first. Extension arrays, whose memory cannot be closed, are copied at each reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["holds_frames", "is_held"]

T = TypeVar("T")


def holds_frames(*names: str) -> Callable[[type[T]], type[T]]:
    """Make a slotted dataclass hold the frames (or series, or None) of these fields closed to writing.

    Parameters
    ----------
    *names : str
        Fields of the class; each becomes a property.

    Returns
    -------
    callable
        The decorator, which returns the same class.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import pandas as pd
    >>> @holds_frames("table")
    ... @dataclass(frozen=True, slots=True)
    ... class Result:
    ...     table: pd.DataFrame
    >>> result = Result(pd.DataFrame({"p": [0.04, 0.2]}))
    >>> result.table["p"] = 0.0
    >>> result.table["p"].tolist()
    [0.04, 0.2]
    """

    def decorate(cls: type[T]) -> type[T]:
        for name in names:
            setattr(cls, name, _property(cls.__dict__[name]))
        return cls

    return decorate


def _property(slot: Any) -> property:
    def read(self: object) -> Any:
        held = slot.__get__(self, type(self))
        return None if held is None else _view(held)

    def write(self: object, given: Any) -> None:
        slot.__set__(self, given if given is None or is_held(given) else _closed(given))

    return property(read, write)


def is_held(frame: pd.DataFrame | pd.Series[Any]) -> bool:
    """Tell whether a frame or series is a view of what some holder keeps: nobody can write into any of its memory."""
    cells, labels = _memory(frame)
    return all(map(_is_closed, (*cells, *labels)))


def _memory(frame: Any) -> tuple[list[Any], list[Any]]:
    """List the arrays that hold the cells, one a block of columns, and those that hold the labels."""
    return list(frame._mgr.arrays), [labels._values for labels in frame._mgr.axes]


def _is_closed(array: Any) -> bool:
    """Tell whether an array, and every array that it is a view of, is read-only."""
    while _is_plain(array):
        if array.flags.writeable:
            return False
        if array.base is None:
            return True
        array = array.base
    return False


def _closed(frame: Any) -> Any:
    """Copy a frame or series, and labels that are not closed yet, and close the copy's memory to writing."""
    out = frame.copy()
    out._mgr.axes = [axis.view() if _is_closed(axis._values) else axis.copy(deep=True) for axis in out._mgr.axes]
    cells, labels = _memory(out)
    for array in (*cells, *labels):
        if _is_plain(array):
            array.flags.writeable = False
    return out


def _view(held: Any) -> Any:
    """Return a view with labels of its own; extension arrays, whose memory stays open, are copied."""
    manager = held._mgr.apply(lambda cells: cells if _is_plain(cells) else cells.copy())
    manager.axes = [labels.view() for labels in manager.axes]
    return held._constructor_from_mgr(manager, axes=manager.axes).__finalize__(held)


def _is_plain(cells: Any) -> bool:
    import numpy as np

    return isinstance(cells, np.ndarray)
