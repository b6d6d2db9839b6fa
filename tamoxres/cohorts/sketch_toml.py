"""Writing TOML by hand: quoted texts, lists of codes and comments that are valid whatever a file's cells hold."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ..errors import cut

__all__ = ["comment", "list_of", "quote"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WHOLE = re.compile(r"-?[1-9]\d{0,8}|0")


def quote(text: str) -> str:
    r"""Write a text as TOML's basic string.

    Examples
    --------
    >>> print(quote('a "b" \n'))
    "a \"b\" \n"
    """
    plain = re.sub(r"[\ud800-\udfff]", "?", text)
    return re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(plain, ensure_ascii=False))


def list_of(values: Sequence[str], *, as_text: bool = False) -> str:
    """Write codes as a list; whole numbers stand without quotes unless `as_text`.

    Examples
    --------
    >>> list_of(["1", "007", "yes"])
    '[1, "007", "yes"]'
    """
    written = (value if _WHOLE.fullmatch(value) and not as_text else quote(value) for value in values)
    return f"[{', '.join(written)}]"


def comment(text: str) -> str:
    r"""Write one line of comment: without line breaks, and cut where it is long.

    Examples
    --------
    >>> comment("two\nlines")
    '# two lines'
    """
    return cut("# " + _CONTROL.sub(" ", text), 400)
