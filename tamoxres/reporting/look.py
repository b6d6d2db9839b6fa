"""How a report looks and speaks: sections, the language of its numbers, a journal's marks, a logo, a last line."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import QuestionError
from ..vocabulary import JournalStyle
from ..wording import STYLES, Style

__all__ = ["Look"]

_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
_THOUSANDS = {"comma": ",", "point": ".", "thin": "\N{NARROW NO-BREAK SPACE}", "none": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a report looks and speaks.

    Attributes
    ----------
    sections : tuple of str
        Chapters that are written, by the names in their addresses, such as `answer`, `patients`, `meta`; `markers` for
        the chapters of all markers. Empty: all.
    decimal : "." | ","
        The decimal mark of the words; files of rows keep the point.
    thousands : "comma" | "point" | "thin" | "none"
        What sets off the thousands of a count. Left out: a comma beside a decimal point, a thin space beside a comma.
    journal : str
        Whose marks numbers, intervals and P values have; forest plots are drawn in its style.
    logo : str
        A PNG, JPEG or SVG picture beside the plan, shown above the title.
    footer : str
        A line at the end of the page and of the document.

    Raises
    ------
    QuestionError
        If decimal mark and thousands are alike, or the logo is no picture.
    """

    sections: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    thousands: Literal["comma", "point", "thin", "none"] | None = None
    journal: JournalStyle = "tamoxres"
    logo: str = ""
    footer: str = ""

    def __post_init__(self) -> None:
        style = self.style
        if style.point == style.thousands:
            raise QuestionError(
                f"[look]: decimal and thousands are both {style.point!r}.", mend='Write thousands = "thin".'
            )
        if self.logo and Path(self.logo).suffix.lower() not in _PICTURES:
            raise QuestionError(f"[look]: logo is {self.logo}; give one of {', '.join(_PICTURES)}.")

    @property
    def style(self) -> Style:
        """How numbers are written."""
        marks = STYLES[self.journal]
        point = self.decimal or marks.point
        set_off = _THOUSANDS[self.thousands] if self.thousands else _THOUSANDS["thin"] if point == "," else ","
        return replace(marks, point=point, thousands=set_off)

    def picture(self) -> tuple[str, bytes] | None:
        """Return the logo's media type and bytes, None without one."""
        if not self.logo:
            return None
        path = Path(self.logo)
        if not path.is_file():
            raise QuestionError(f"[look]: logo {path} does not exist.", mend="Put it beside the plan.")
        return _PICTURES[path.suffix.lower()], path.read_bytes()

    def data_uri(self) -> str:
        """Return the logo as an address that holds it, empty without one."""
        if (found := self.picture()) is None:
            return ""
        return f"data:{found[0]};base64,{base64.b64encode(found[1]).decode('ascii')}"
