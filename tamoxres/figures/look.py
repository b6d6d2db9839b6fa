"""What every figure can be asked: title, words, colours, order, limits of its axes, digits, size of its letters.

Conventions: `figure` turns a function that draws into one that takes these as keywords (`Looks`). While it draws, they
stand in one place (`look_now`), from which the few functions that all figures share take them: paper, letters, texts,
rulers, scales. What a figure cannot show is refused by name, never left out in silence; so are labels and an order
that name what the figure does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

from ..errors import TamoxresError

__all__ = [
    "OPTIONS",
    "Look",
    "Looks",
    "LooksUntitled",
    "Paper",
    "Renamed",
    "in_order",
    "limits",
    "look_now",
    "looking",
    "renamed",
]

T = TypeVar("T")
Limits = tuple[float, float]
_LETTERS = (4.0, 24.0)  # size of the text, points
_SHOWN = 12  # texts of a figure that an error lists


class LooksUntitled(TypedDict, total=False):
    """The keywords of a figure whose own arguments have its title."""

    labels: Mapping[str, str]
    colors: Sequence[str]
    order: Sequence[str]
    xlim: Limits
    ylim: Limits
    digits: int
    decimal: str
    font_size: float


class Looks(LooksUntitled, total=False):
    """The keywords that every public figure takes, as far as it can show them."""

    title: str


@dataclass(slots=True)
class Paper:
    """An Axes that a figure was given to draw into, and its box on the figure, points."""

    ax: Any
    box: tuple[float, float, float, float]
    origin: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one figure is to look.

    Attributes
    ----------
    title : str
        Set bold above the figure, which grows by it.
    labels : mapping of str to str
        A text of the figure (a group, a row, an axis, a head), and what is written instead.
    colors : sequence of str
        Matplotlib's names or hexadecimal codes for the figure's own colours, in their order.
    order : sequence of str
        Rows or groups as the figure names them, the first one first; others keep their places after them.
    xlim, ylim : (float, float)
        Ends of the axes, in their units.
    digits : int
        Decimals of estimates and their limits.
    decimal : "." | ","
    font_size : float
        Of the text, points.
    paper : Paper, optional
        The Axes that was given, for figures that are drawn as on paper of their own.

    Raises
    ------
    TamoxresError
        If a value is out of bounds.
    """

    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    colors: Sequence[str] = ()
    order: Sequence[str] = ()
    xlim: Limits | None = None
    ylim: Limits | None = None
    digits: int | None = None
    decimal: str | None = None
    font_size: float | None = None
    paper: Paper | None = None
    shown: dict[str, None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.font_size is not None and not _LETTERS[0] <= self.font_size <= _LETTERS[1]:
            raise TamoxresError(f"font_size is {self.font_size}. Use 4 to 24 points.")
        for name in ("xlim", "ylim"):
            ends = getattr(self, name)
            if ends is not None and (len(ends) != 2 or not ends[0] < ends[1]):
                raise TamoxresError(f"{name} is {ends}. Give the lower end, then the higher one.")
        if isinstance(self.colors, str) or isinstance(self.order, str):
            raise TamoxresError('Give colors and order as lists, as colors=["black"].')

    def check_names(self) -> None:
        """Refuse labels and an order that name what the figure did not show."""
        if lost := [name for name in (*self.labels, *self.order) if name not in self.used]:
            told = [text for text in self.shown if text.strip() and len(text) < 60]
            some = "; ".join(told[:_SHOWN]) + ("; ..." if len(told) > _SHOWN else "")
            raise TamoxresError(f"The figure shows no {lost[0]!r}, which labels or order name. It shows: {some}.")


_PLAIN = Look()
_NOW: ContextVar[Look] = ContextVar("look", default=_PLAIN)
OPTIONS = ("title", "labels", "colors", "order", "xlim", "ylim", "digits", "decimal", "font_size")


def look_now() -> Look:
    """Return the look in which figures are drawn at present."""
    return _NOW.get()


@contextmanager
def looking(look: Look) -> Iterator[None]:
    """Draw in a look inside a `with` block."""
    token = _NOW.set(look)
    try:
        yield
    finally:
        _NOW.reset(token)


class Renamed(str):
    """A text that has been renamed already, and is not again where it is written."""

    __slots__ = ()


def renamed(text: str) -> str:
    """Return what is written instead of a text, or the text."""
    look = _NOW.get()
    if look is _PLAIN or isinstance(text, Renamed):
        return text
    look.shown.setdefault(text)
    if text not in look.labels:
        return text
    look.used.add(text)
    return Renamed(look.labels[text])


def in_order(items: Sequence[T], name: Callable[[T], str]) -> list[T]:
    """Put the items that the order names into it; they take the places they had together, the others keep theirs."""
    look, out = _NOW.get(), list(items)
    for item in items if look.order else ():
        look.shown.setdefault(name(item))
    places = [i for i, item in enumerate(items) if name(item) in look.order]
    look.used.update(name(items[i]) for i in places)
    asked = sorted((items[i] for i in places), key=lambda item: list(look.order).index(name(item)))
    for place, item in zip(places, asked, strict=True):
        out[place] = item
    return out


def limits(axis: str) -> Limits | None:
    """Return the ends that were asked of the `x` or the `y` axis."""
    return _NOW.get().xlim if axis == "x" else _NOW.get().ylim
