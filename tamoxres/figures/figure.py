"""The one mechanism by which every public figure takes the keywords of `Looks`: see `look`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from textwrap import fill
from typing import Any, ParamSpec, TypeVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import is_color_like, same_color, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text

from ..errors import TamoxresError
from ..wording import written_as
from ..wording.written import number_style
from .look import OPTIONS, Look, Paper, looking
from .style import ACCENT, box_in_points, title_height, write_title

__all__ = ["figure"]

P = ParamSpec("P")
R = TypeVar("R")
Hue = str | tuple[str, str]  # a colour, or one of the artists alone whose gid begins so
_WORDS = {
    "title": "title", "labels": "labels (text shown: text instead)", "colors": "colors (in their order)",
    "order": "order (of rows or groups, as shown)", "xlim": "xlim", "ylim": "ylim", "digits": "digits (of estimates)",
    "decimal": 'decimal ("." or ",")', "font_size": "font_size (points)",
}  # fmt: skip
_COLOURED: tuple[tuple[type, tuple[str, ...]], ...] = (  # what of an artist has a colour
    (Line2D, ("color", "markerfacecolor", "markeredgecolor")), (Patch, ("facecolor", "edgecolor")),
    (Collection, ("facecolor", "edgecolor")), (Text, ("color",)),
)  # fmt: skip


def figure(
    *, without: Sequence[str] = (), palette: Sequence[Hue] = (ACCENT,), on_paper: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function that draws a figure take the keywords of `Looks`.

    Parameters
    ----------
    without : sequence of str
        Keywords that the figure has no use for: they are refused.
    palette : sequence of str or (str, str)
        The figure's own colours in their order, which `colors` replaces.
    on_paper : bool
        The function draws on paper of its own, so that an `ax` is made its paper.

    Returns
    -------
    function
        With the options it takes in `options`, and said in its docstring.
    """

    def turn(draw: Callable[P, R]) -> Callable[P, R]:
        own = inspect.signature(draw).parameters
        takes = tuple(name for name in OPTIONS if name not in without and name not in own)

        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
            asked: dict[str, Any] = {name: kwargs.pop(name) for name in OPTIONS if name in kwargs and name not in own}
            if unknown := [name for name in kwargs if name not in own]:
                raise TypeError(f"{draw.__name__}() takes no {unknown[0]!r}. Options of its look: {', '.join(takes)}.")
            _refuse(draw.__name__, asked, without)
            ax: Any = kwargs.get("ax")
            if not asked and not (on_paper and ax is not None):
                return draw(*args, **kwargs)
            look = Look(**asked)
            with written_as(number_style(digits=look.digits, decimal=look.decimal)), _paper(look, ax, on_paper) as told:
                if on_paper:
                    kwargs.pop("ax", None)
                with looking(told):
                    out = draw(*args, **kwargs)
            told.check_names()
            _recolour(_figures(out), look.colors, palette, draw.__name__)
            return out

        drawn.__doc__ = _with_options(draw.__doc__ or "", takes)
        drawn.options = takes  # type: ignore[attr-defined]
        return drawn

    return turn


def _refuse(name: str, asked: dict[str, Any], without: Sequence[str]) -> None:
    if lost := [option for option in asked if option in without]:
        raise TamoxresError(f"{name} has nothing that {lost[0]} could change; leave it out.")


def _with_options(doc: str, takes: Sequence[str]) -> str:
    """Say in a docstring which of the keywords the figure takes."""
    said = fill(", ".join(_WORDS[name] for name in takes) + ".", 110, subsequent_indent=" " * 8)
    text = f"\n    **look\n        Any of the keywords that all figures share: {said}\n\n    Returns\n"
    return doc.replace("\n\n    Returns\n", text, 1)


@contextmanager
def _paper(look: Look, ax: Axes | None, on_paper: bool) -> Iterator[Look]:
    """Make room for the title in a given Axes, and make it the paper of a figure that has none of its own."""
    if ax is None:
        yield look
        return
    left, bottom, wide, high = box_in_points(ax)
    band = title_height(look.title, wide, look.font_size) if look.title else 0.0
    if band:
        write_title(ax, look.title, (left, bottom + high), wide, look.font_size)
    box = (left, bottom, wide, high - band)
    root: Any = ax.figure
    whole = np.array(root.get_size_inches()) * 72
    ax.set_position((left / whole[0], bottom / whole[1], wide / whole[0], (high - band) / whole[1]))
    yield replace(look, paper=Paper(ax, box) if on_paper else None)


def _figures(out: Any) -> list[Any]:
    axes = out if isinstance(out, list | tuple) else [out]
    return list(dict.fromkeys(ax.figure for ax in axes))


def _recolour(figures: Sequence[Any], colors: Sequence[str], palette: Sequence[Hue], name: str) -> None:
    """Give the figure's own colours, those of the palette that occur, the colours that are asked for."""
    if not colors:
        return
    if wrong := [color for color in colors if not is_color_like(color)]:
        raise TamoxresError(f"{wrong[0]!r} is no colour. Use a name such as black, or a code such as #0F5C9B.")
    artists = [one for whole in figures for one in whole.findobj(Artist) if not isinstance(one, Spine)]
    pairs = [hue if isinstance(hue, tuple) else (hue, "") for hue in palette]
    there = [pair for pair in pairs if any(_bears(one, pair) for one in artists)]
    if len(colors) > len(there):
        raise TamoxresError(f"{name} has {len(there)} colour(s) of its own here; {len(colors)} are given.")
    before = [(one, pair, color) for pair, color in zip(there, colors, strict=False)
              for one in artists if _bears(one, pair)]  # fmt: skip
    changes = [(change, color) for one, (old, _), color in before for change in _changes(one, old)]
    for change, color in changes:
        change(color)


def _bears(artist: Artist, hue: tuple[str, str]) -> bool:
    return str(artist.get_gid() or "").startswith(hue[1]) and bool(_changes(artist, hue[0]))


def _changes(artist: Any, old: str) -> list[Callable[[Any], None]]:
    """Return what must be called with a new colour to change all of an artist that has the old one."""
    parts = next((parts for kind, parts in _COLOURED if isinstance(artist, kind)), ())
    return [_setter(artist, part, old) for part in parts if _has(getattr(artist, f"get_{part}")(), old)]


def _has(value: Any, old: str) -> bool:
    if isinstance(value, np.ndarray):
        return any(same_color(tuple(one[:3]), old) for one in np.atleast_2d(value) if len(one) and one[-1] > 0)
    if isinstance(value, str) and value in ("none", "auto"):
        return False
    rgba = to_rgba(value)
    return rgba[3] > 0 and same_color(rgba[:3], old)


def _setter(artist: Any, part: str, old: str) -> Callable[[Any], None]:
    """Return a change of one part that keeps how clear it is, and the other colours of a collection."""
    now = getattr(artist, f"get_{part}")()

    def change(color: Any) -> None:
        new: Any
        if isinstance(artist, Collection):
            new = [(*to_rgba(color)[:3], one[3]) if same_color(tuple(one[:3]), old) else tuple(one) for one in now]
        else:
            new = (*to_rgba(color)[:3], to_rgba(now)[3])
        getattr(artist, f"set_{part}")(new)

    return change
