"""XML that others wrote, as a plain tree: no document types, no entities of one's own, no nesting without end.

Conventions: a document type is where entities are declared that swell a small file to gigabytes, or name other files;
so a file with one is refused whole. Nothing outside the file is ever opened.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ..errors import DataError, TamoxresError, cut
from . import LIMITS

__all__ = ["parse_xml"]


def parse_xml(content: bytes, name: str, *, error: type[TamoxresError] = DataError) -> Element:
    """Read XML into a tree of elements.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.
    error : class
        Of the errors that are raised.

    Returns
    -------
    Element
        The root.

    Raises
    ------
    TamoxresError
        If it is not XML, declares a document type or entities, or is nested deeper than any reader needs.

    Examples
    --------
    >>> parse_xml(b"<a b='1'><c>text</c></a>", "a.xml")[0].text
    'text'
    """
    builder, parser = TreeBuilder(), expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        LIMITS.check("depth", depth, name)
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise error(
            f"{name} declares a document type or entities, which is how XML is made to swell.",
            mend="Save it without its DOCTYPE.",
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as fault:
        raise error(f"{name} is not XML ({cut(str(fault), 200)}).", mend="It is damaged: save it anew.") from None
    return builder.close()
