"""What can go wrong, as classes: each says what is wrong, what was found, and what to do.

Every error that a user can cause is a `TamoxresError`; the command line prints it without a traceback and exits with 2.
Code that must tell errors apart catches a class and reads its fields; no code reads a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "LISTED", "AnalysisError", "BadCell", "BadCells", "DataError", "EffectError", "Faults", "NobodyLeft",
    "NotConverged", "NotEstimable", "NotOnDisk", "PoolingError", "QuestionError", "TamoxresError", "UnknownChoice",
    "Unreachable", "cut", "refuse_faults", "shown",
]  # fmt: skip


LISTED = 20
"""Faults that are told one by one; of the others, how many they are."""


def cut(text: str, longest: int = 60) -> str:
    """Return a text that fits a message: its beginning, and dots where there was more.

    Examples
    --------
    >>> cut("a" * 5000, longest=10)
    'aaaaaaa...'
    """
    return text if len(text) <= longest else text[: longest - 3] + "..."


def shown(value: Any, longest: int = 60) -> str:
    r"""Return a value as a message shows it: as Python writes it, line breaks escaped, and no longer than `longest`.

    Examples
    --------
    >>> shown("two\nlines")
    "'two\\nlines'"
    """
    try:
        return cut(repr(value[: 2 * longest] if isinstance(value, str) else value), longest)
    except (RecursionError, ValueError):  # lists without end, numbers of thousands of digits
        return f"a {type(value).__name__}"


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # moves a terminal, or no file holds it
_ENDLESS = re.compile(r"\S{400,}")  # a cell or an option of thousands of characters


def _readable(text: str) -> str:
    """Return a message as it may be printed: control characters by their numbers, words without end cut."""
    return _UNSEEN.sub(lambda mark: repr(mark[0])[1:-1], _ENDLESS.sub(lambda word: cut(word[0], 200), text))


class TamoxresError(Exception):
    """Anything that tamoxres refuses.

    Parameters
    ----------
    what : str
        What is wrong and what was found, in one sentence.
    mend : str
        What to do, in one sentence; empty where `what` says it.

    Examples
    --------
    >>> print(TamoxresError("There is no such column.", mend="Name another."))
    There is no such column. Name another.
    """

    def __init__(self, what: str = "", *, mend: str = "") -> None:
        self.what, self.mend = what, mend
        super().__init__(_readable(f"{what} {mend}".strip()))


class DataError(TamoxresError):
    """A data file is missing, altered, or holds a value that the codebook forbids."""


class NotOnDisk(DataError):  # noqa: N818
    """A cohort's files are not on this machine; `mend` says how to bring them.

    Parameters
    ----------
    cohort : str
        Its name in the catalogue.
    fetch : str
        The name by which `tamoxres fetch` brings the files; empty where it cannot.
    """

    def __init__(self, what: str, *, cohort: str = "", fetch: str = "", mend: str = "") -> None:
        self.cohort, self.fetch = cohort, fetch
        super().__init__(what, mend=mend)


class Unreachable(DataError):  # noqa: N818
    """A server cannot be reached, or does not give the file that it should."""


class BadCell(DataError):  # noqa: N818
    """One cell of a file cannot be read.

    Parameters
    ----------
    what : str
        What is wrong with the cell; kept without its place as `why`.
    file, column, value : str
    row : int or None
        Line of the file, the header being line 1; with `place="row"`, its row under the header.
    """

    def __init__(
        self, what: str, *, file: str = "", row: int | None = None, column: str = "", value: Any = None, mend: str = "",
        place: str = "line",
    ) -> None:  # fmt: skip
        self.file, self.row, self.column, self.value, self.place = file, row, column, value, place
        self.why = what
        parts = [file, "" if row is None else f"{place} {row:,}", f"column {column}" if column else ""]
        where = ", ".join(part for part in parts if part)
        super().__init__(f"{where}: {what}" if where else what, mend=mend)


class BadCells(BadCell):
    """Cells of one column that cannot be read for one reason, told one by one; its own fields are those of the first.

    Parameters
    ----------
    what : str
        What is wrong with the first.
    cells : tuple of BadCell
        The first of them, each on its own.
    count : int
        How many there are.
    """

    def __init__(self, what: str, *, cells: tuple[BadCell, ...], count: int) -> None:
        self.cells, self.count = cells, count
        one = cells[0]
        super().__init__(
            what, file=one.file, row=one.row, column=one.column, value=one.value, mend=one.mend, place=one.place
        )
        others = [f"- {cell}" for cell in cells[1:LISTED]]
        more = count - 1 - len(others)
        self.args = ("\n".join([*self.args, *others, *([f"- and {more:,} more."] if more else [])]),)


class Faults(DataError):  # noqa: N818
    """Several things are wrong with one file: the first 20, each with its place and what to do, and how many more.

    Parameters
    ----------
    faults : sequence of DataError
        One a column or table; the cells of a `BadCells` are told one by one.
    """

    def __init__(self, faults: Sequence[DataError]) -> None:
        self.faults = tuple(faults)
        self.count = sum(one.count if isinstance(one, BadCells) else 1 for one in self.faults)
        lines = [line for one in self.faults for line in _lines_of(one)]
        more = self.count - min(len(lines), LISTED)
        rest = [f"- and {more:,} more."] if more else []
        super().__init__("\n".join([f"{self.count:,} faults:", *lines[:LISTED], *rest]))


def _lines_of(fault: DataError) -> list[str]:
    """Write a fault as lines of a list, one a cell."""
    cells = fault.cells if isinstance(fault, BadCells) else (fault,)
    return [f"- {cell}" for cell in cells]


def refuse_faults(faults: Iterable[DataError]) -> None:
    """Raise what is wrong: one fault as it is, several as `Faults`, what two parts find once; nothing where none is.

    Raises
    ------
    DataError
    """
    found = list({str(fault): fault for fault in faults}.values())
    if len(found) == 1:
        raise found[0]
    if found:
        raise Faults(found)


class QuestionError(TamoxresError):
    """A question names a marker, endpoint, population or option that the cohort cannot answer."""


class UnknownChoice(QuestionError):  # noqa: N818
    """A name is none of those that may stand there; `vocabulary.choose` makes it.

    Parameters
    ----------
    name : str
        What was to be chosen, such as `er`.
    value : Any
    allowed : tuple of str
    nearest : str
        The allowed name most like the value; empty where none is.
    """

    def __init__(self, name: str, value: Any, allowed: tuple[str, ...], *, nearest: str = "") -> None:
        self.name, self.value, self.allowed, self.nearest = name, value, allowed, nearest
        guess = f" Is it {nearest!r}?" if nearest else ""
        super().__init__(f"Unknown {name} {shown(value)}.{guess} Use one of {', '.join(allowed)}.")


class AnalysisError(TamoxresError):
    """The patients are there, but the model cannot be estimated from them."""


class NobodyLeft(QuestionError, AnalysisError):  # noqa: N818
    """No patient meets all that a question asks.

    Parameters
    ----------
    flow : Any
        The patient flow, step by step (`flow.Flow`).
    """

    def __init__(self, what: str, *, flow: Any = None) -> None:
        super().__init__(f"{what}:\n{flow}" if flow is not None else what)
        self.flow, self.what = flow, f"{what}."


class NotEstimable(AnalysisError):  # noqa: N818
    """An effect has no finite estimate: a level without events, a constant, collinear or separating column.

    Parameters
    ----------
    column, level : str
        Where; empty where it is the whole model.
    """

    def __init__(self, what: str, *, column: str = "", level: str = "", mend: str = "") -> None:
        self.column, self.level = column, level
        super().__init__(what, mend=mend)


class NotConverged(AnalysisError):  # noqa: N818
    """An iteration did not reach its maximum."""


class EffectError(TamoxresError):
    """An effect row contradicts itself or lacks what a standard error is made of."""


class PoolingError(TamoxresError):
    """Effects that must not be pooled together."""
