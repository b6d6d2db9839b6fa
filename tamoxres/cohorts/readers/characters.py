"""From bytes to lines: which encoding a text is written in, and where its lines end.

Conventions: a byte-order mark tells; without one, UTF-16 shows by its zero bytes, then UTF-8 is tried, and what is no
UTF-8 is read as cp1252, which holds Latin-1's letters. A zero byte within text, and a carriage return within a line,
are refused: neither is seen on a screen, and both cut a row in two.
"""

from __future__ import annotations

import codecs

from ...errors import DataError, cut

__all__ = ["decode", "split_lines"]

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_SAMPLE = 4096


def decode(content: bytes, name: str, encoding: str = "") -> tuple[str, str]:
    """Turn bytes into text.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.
    encoding : str
        Detected if empty.

    Returns
    -------
    str
        The text, without a byte-order mark.
    str
        The encoding.

    Raises
    ------
    DataError
        If the encoding is unknown, or the bytes are not written in it.

    Examples
    --------
    >>> decode("früher".encode("latin-1"), "a.csv"), decode("früher".encode("utf-16"), "a.csv")
    (('früher', 'cp1252'), ('früher', 'utf-16-le'))
    """
    used = encoding or _detected(content)
    try:
        text = content.decode(used)
    except UnicodeDecodeError as error:
        if encoding:
            line = content.count(b"\n", 0, error.start) + 1
            raise DataError(
                f"{name}, line {line}: not {encoding.removesuffix('-sig')} text (byte {error.start}). "
                "Correct encoding, or leave it out to have it detected."
            ) from None
        used = "latin-1"
        text = content.decode(used)
    except (LookupError, ValueError, AttributeError):
        raise DataError(
            f"{name}: {cut(encoding)!r} is no encoding of text. Use one such as utf-8, latin-1, cp1252 or utf-16."
        ) from None
    if not isinstance(text, str):
        raise DataError(f"{name}: {encoding!r} is no encoding of text. Use one such as utf-8, latin-1 or utf-16.")
    return text.removeprefix("\ufeff"), used.removesuffix("-sig")


def _detected(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    start = content[:_SAMPLE]
    half = len(start) // 2
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if half and start[first::2].count(0) > 0.7 * half and start[1 - first :: 2].count(0) < 0.1 * half:
            return encoding
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def split_lines(text: str, name: str) -> list[str]:
    r"""Split text into lines, whether they end in a line feed, in both signs, or in a carriage return alone.

    Raises
    ------
    DataError
        Naming the line that holds a zero byte or a carriage return.

    Examples
    --------
    >>> split_lines("a,b\r\n1,2\r\n", "a.csv"), split_lines("a,b\r1,2", "a.csv")
    (['a,b', '1,2'], ['a,b', '1,2'])
    """
    plain = text.replace("\r\n", "\n") if "\r" in text else text
    if "\r" in plain and "\n" not in plain.rstrip("\n"):
        plain = plain.replace("\r", "\n")
    for mark, what in (("\0", "a zero byte (NUL)"), ("\r", "a carriage return within a line")):
        if (at := plain.find(mark)) >= 0:
            line = plain.count("\n", 0, at) + 1
            raise DataError(f"{name}, line {line}: {what}. It cuts the row in two: remove it, or restore the file.")
    return plain.rstrip("\x1a").removesuffix("\n").split("\n")
