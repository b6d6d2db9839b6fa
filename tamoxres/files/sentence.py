"""The wrapper of every reader: whatever a library raises becomes one sentence that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DataError, TamoxresError, cut

__all__ = ["one_sentence"]


@contextmanager
def one_sentence(
    name: str, says: str, mend: str = "It is damaged, or of another format: save it anew."
) -> Iterator[None]:
    """Turn whatever a library raises while it reads a file into one sentence that names the file.

    Parameters
    ----------
    name : str
        Of the file.
    says : str
        What is wrong with it, such as `cannot be read as .dta`.
    mend : str
        What to do.

    Raises
    ------
    DataError
        In the place of any exception but our own and those that stop the program.

    Examples
    --------
    >>> with one_sentence("a.dta", "cannot be read as .dta"):
    ...     raise AssertionError
    Traceback (most recent call last):
    tamoxres.errors.DataError: a.dta cannot be read as .dta (AssertionError). It is damaged, or of another format: ...
    """
    try:
        yield
    except (TamoxresError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 a panic of a compiled library is no Exception
        lines = str(error).strip().splitlines()
        what = cut(lines[0].strip().rstrip("."), 200) if lines else type(error).__name__
        raise DataError(f"{name} {says} ({what}).", mend=mend) from None
