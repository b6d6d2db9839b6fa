"""Figures inside the page: matplotlib's SVG made fit for HTML, and small plots of single intervals.

The page's content security policy allows no `style` attribute, so styles become presentation attributes; identities
are prefixed with the figure's name, so that many figures stand on one page; coordinates are rounded to hundredths.
"""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

from ..effects import EffectEstimate

__all__ = ["AXIS", "NARROW", "axis_svg", "inline_svg", "interval_svg"]

_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_GEOMETRY = ("d", "x", "y", "width", "height", "transform", "points", "viewBox")
AXIS, NARROW = (0.125, 8.0), (0.25, 4.0)  # of the small plots, a ratio on a log scale
_WIDTH, _MARGIN, _LINE = 130.0, 4.0, 14.0
_TICKS = (0.25, 1.0, 4.0)


def inline_svg(svg: bytes, key: str, alt: str) -> str:
    """Turn a figure's SVG into an element of the page.

    Parameters
    ----------
    svg : bytes
        As matplotlib writes it.
    key : str
        The figure's name, put before every identity.
    alt : str
        What the figure shows, for a reader who does not see it.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314 (our own figure)
    used = _references(root)
    for parent in root.iter():
        for child in list(parent):
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = _attributes(element.attrib, key, used)
    width, height = (root.attrib.pop(side).removesuffix("pt") for side in ("width", "height"))
    root.attrib |= {"viewBox": f"0 0 {_rounded(width)} {_rounded(height)}", "role": "img", "aria-label": alt}
    root.attrib.pop("version", None)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _references(root: ElementTree.Element) -> set[str]:
    """Find the identities that something refers to."""
    found: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if _local(name) == "href":
                found.add(value.removeprefix("#"))
            found.update(_REFERENCE.findall(value))
    return found


def _attributes(old: dict[str, str], key: str, used: set[str]) -> dict[str, str]:
    new: dict[str, str] = {}
    for name, value in old.items():
        plain = _local(name)
        if plain == "style":
            new |= dict(_declaration(part) for part in value.split(";") if part.strip())
        elif plain == "id":
            if value in used:
                new["id"] = f"{key}-{value}"
        elif plain == "href":
            new["href"] = f"#{key}-{value.removeprefix('#')}"
        else:
            new[plain] = _rounded(value) if plain in _GEOMETRY else value
    return {name: _REFERENCE.sub(rf"url(#{key}-\1)", value) for name, value in new.items() if name != "type"}


def _declaration(part: str) -> tuple[str, str]:
    name, _, value = part.partition(":")
    value = value.strip()
    return name.strip(), value.partition(",")[0].strip("'") if name.strip() == "font-family" else value


def _rounded(text: str) -> str:
    rounded = _NUMBER.sub(lambda found: f"{float(found.group()):.2f}".rstrip("0").rstrip("."), text)
    return re.sub(r"\s+", " ", rounded).strip()


def interval_svg(effect: EffectEstimate, *, accent: bool = True, axis: tuple[float, float] = AXIS) -> str:
    """Draw an interval on a fixed log axis; what lies beyond the axis ends in an arrow.

    Parameters
    ----------
    effect : EffectEstimate
        An estimated ratio; anything else is left empty.
    accent : bool
        In the accent colour: own effects.
    axis : (float, float)
    """
    point, (low, high) = effect.estimate, effect.ci()
    if point is None or effect.status != "estimated" or not effect.is_ratio:
        return ""
    start, end, one = _place(low, axis), _place(high, axis), _place(1.0, axis)
    y = _LINE / 2
    parts = [
        f'<line class="null" x1="{one:.1f}" x2="{one:.1f}" y1="0" y2="{_LINE:g}"/>',
        f'<line class="ci" x1="{start:.1f}" x2="{end:.1f}" y1="{y:g}" y2="{y:g}"/>',
    ]
    if low < axis[0]:
        parts.append(f'<path class="point" d="M{start:.1f} {y:g}l5-3v6z"/>')
    if high > axis[1]:
        parts.append(f'<path class="point" d="M{end:.1f} {y:g}l-5-3v6z"/>')
    if axis[0] <= point <= axis[1]:
        parts.append(f'<rect class="point" x="{_place(point, axis) - 3:.1f}" y="{y - 3:g}" width="6" height="6"/>')
    size = f'width="{_WIDTH:g}" height="{_LINE:g}" viewBox="0 0 {_WIDTH:g} {_LINE:g}"'
    return f'<svg class="{"mini own" if accent else "mini"}" {size} aria-hidden="true">{"".join(parts)}</svg>'


def axis_svg(axis: tuple[float, float] = AXIS) -> str:
    """Draw the ticks of the fixed axis, for the head of a column of small plots."""
    ticks = "".join(f'<text x="{_place(t, axis):.1f}" y="11" text-anchor="middle">{t:g}</text>' for t in _TICKS)
    size = f'width="{_WIDTH:g}" height="14" viewBox="0 0 {_WIDTH:g} 14"'
    return f'<svg class="mini" {size} aria-hidden="true">{ticks}</svg>'


def _place(value: float, axis: tuple[float, float]) -> float:
    low, high = (math.log(end) for end in axis)
    share = (math.log(min(max(value, axis[0]), axis[1])) - low) / (high - low)
    return _MARGIN + share * (_WIDTH - 2 * _MARGIN)
