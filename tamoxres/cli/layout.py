"""How words stand on a terminal: tables whose columns share its width, or are stacked; sentences that break at words.

Conventions: no word is ever broken; a no-break space holds two words together and is printed as a blank. A table that
does not fit even with its cells wrapped is printed as records, a line a cell. Where nobody reads on a terminal (no
terminal, no COLUMNS) sentences are one line each and tables as wide as they are.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["lay_out", "terminal_width", "together", "wrap"]

_GAP = 2
_WIDEST = 120  # a sentence longer than this is hard to read on the widest screen
_HELD = "\N{NO-BREAK SPACE}"
_BREAKS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def terminal_width(stream: Any = None) -> int | None:
    """Return the columns of the terminal, None where there is none and COLUMNS is not set."""
    if not os.environ.get("COLUMNS", "").isdigit() and not (stream or sys.stdout).isatty():
        return None
    return max(shutil.get_terminal_size().columns, 20)


def together(text: str) -> str:
    r"""Hold the words of a text together, so that they stand on one line.

    Examples
    --------
    >>> wrap("a ratio of " + together("0.91 (0.54-1.60)"), 20)
    'a ratio of\n0.91 (0.54-1.60)'
    """
    return text.replace(" ", _HELD)


def wrap(text: str, width: int | None, *, hanging: int = 0) -> str:
    """Break each line of a text at words; what is carried over is indented as its line, and by `hanging` more."""
    if width is None:
        return text.replace(_HELD, " ")
    out = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        further = " " * min(indent + hanging, width // 2)
        folded = textwrap.wrap(line, min(width, _WIDEST), subsequent_indent=further, drop_whitespace=True, **_BREAKS)
        out += folded or [""]
    return "\n".join(out).replace(_HELD, " ")


def lay_out(frame: pd.DataFrame, title: str, width: int | None, *, right: Collection[str] = ()) -> str:
    """Write a frame as a table no wider than the terminal.

    Parameters
    ----------
    frame : DataFrame
    title : str
    width : int or None
        None: as wide as the table is.
    right : collection of str
        Columns that stand right; numbers do anyway.
    """
    heads = [str(name) for name in frame.columns]
    to_the_right = [frame[name].dtype.kind in "if" or str(name) in right for name in frame.columns]
    rows = [[_text(value) for value in row] for row in frame.itertuples(index=False)]
    lines = [wrap(title, width)] if title else []
    wanted = [max([len(head), *(len(row[j]) for row in rows)]) for j, head in enumerate(heads)]
    if width is not None and sum(wanted) + _GAP * (len(heads) - 1) > width:
        if len(rows) > 1 and (same := [name for name in frame if frame[name].astype(str).nunique() == 1]):
            told = "; ".join(f"{name}: {_text(frame[name].iloc[0])}" for name in same if _text(frame[name].iloc[0]))
            rest = frame.drop(columns=same)
            return (
                "\n".join([*lines, wrap(told, width, hanging=2), lay_out(rest, "", width, right=right)])
                if len(rest.columns)
                else told
            )
        least = [max([_longest(head), *(_longest(row[j]) for row in rows)]) for j, head in enumerate(heads)]
        if sum(least) + _GAP * (len(heads) - 1) > width:
            return "\n".join([*lines, *_stacked(heads, rows, width)])
        wanted = _shared(least, wanted, width - _GAP * (len(heads) - 1))
    lines += [line for row in (heads, *rows) for line in _row(row, wanted, to_the_right)]
    return "\n".join(lines).replace(_HELD, " ")


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return " ".join(str(value).split(" ")).replace("\n", " ")


def _longest(text: str) -> int:
    return max(map(len, text.split(" ")), default=0)


def _shared(least: Sequence[int], wanted: Sequence[int], width: int) -> list[int]:
    """Give each column its longest word, and what is left to those that want more, evenly."""
    widths = list(least)
    left = width - sum(widths)
    while left > 0:
        short = [j for j, most in enumerate(wanted) if widths[j] < most]
        if not short:
            break
        for j in short[:left]:
            widths[j] += 1
        left -= min(len(short), left)
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    folded = [textwrap.wrap(cell, max(wide, 1), **_BREAKS) or [""] for cell, wide in zip(cells, widths, strict=True)]
    for i in range(max(map(len, folded), default=0)):
        parts = [
            part.rjust(wide) if to_the_right else part.ljust(wide)
            for part, wide, to_the_right in zip(_at(folded, i), widths, right, strict=True)
        ]
        yield (" " * _GAP).join(parts).rstrip()


def _at(folded: Iterable[list[str]], i: int) -> Iterator[str]:
    return (lines[i] if i < len(lines) else "" for lines in folded)


def _stacked(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Write each row as a record: its cells one below the other, empty ones left out."""
    for i, row in enumerate(rows):
        if i:
            yield ""
        for j, (head, cell) in enumerate(zip(heads, row, strict=True)):
            if cell:
                yield wrap(f"{'' if j == 0 else '  '}{head}: {cell}", width, hanging=2)
