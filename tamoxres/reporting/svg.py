"""Figures inside the page: matplotlib's SVG made fit for HTML, and small plots of single intervals.

The page's content security policy allows no `style` attribute, so styles become presentation attributes; identities
are prefixed with the figure's name, so that many figures stand on one page; coordinates are rounded to hundredths.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from ..effects import EffectEstimate

__all__ = ["AXIS", "axis_svg", "inline_svg", "interval_svg", "ratio_axis", "ratio_svg"]

_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_GEOMETRY = ("d", "x", "y", "width", "height", "transform", "points", "viewBox")
_HELD = "data:"  # a picture within the picture, as many points are drawn
AXIS = (0.125, 8.0)  # of the small plots, a ratio on a log scale
_ANSWER = (0.2, 5.0)  # the axis of the first screen
_WIDTH, _ANSWER_WIDTH, _MARGIN, _LINE = 130.0, 170.0, 4.0, 14.0
_TICKS, _ANSWER_TICKS = (0.25, 1.0, 4.0), (0.25, 0.5, 1.0, 2.0, 4.0)


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
            if _local(name) == "href" and not value.startswith(_HELD):
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
            new["href"] = value if value.startswith(_HELD) else f"#{key}-{value.removeprefix('#')}"
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


def interval_svg(effect: EffectEstimate, *, accent: bool = True) -> str:
    """Draw an interval on the explorer's log axis; what lies beyond the axis ends in an arrow.

    Parameters
    ----------
    effect : EffectEstimate
        An estimated ratio; anything else is left empty.
    accent : bool
        In the accent colour, with a square: own effects. Published ones have a circle.
    """
    return _interval(effect, _Axis(AXIS, _WIDTH, _TICKS), own=accent)


def ratio_svg(effect: EffectEstimate, *, own: bool) -> str:
    """Draw a ratio of hazard ratios on the first screen's axis: a square of a cohort, a circle of a published trial."""
    return _interval(effect, _Axis(_ANSWER, _ANSWER_WIDTH, _ANSWER_TICKS), own=own)


def axis_svg() -> str:
    """Draw the ticks of the explorer's axis, for the head of its column."""
    return _ticks(_Axis(AXIS, _WIDTH, _TICKS))


def ratio_axis() -> str:
    """Draw the ticks of the first screen's axis."""
    return _ticks(_Axis(_ANSWER, _ANSWER_WIDTH, _ANSWER_TICKS))


@dataclass(frozen=True, slots=True)
class _Axis:
    """A fixed log axis: its ends, its width in pixels, its ticks."""

    ends: tuple[float, float]
    width: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        low, high = (math.log(end) for end in self.ends)
        share = (math.log(min(max(value, self.ends[0]), self.ends[1])) - low) / (high - low)
        return _MARGIN + share * (self.width - 2 * _MARGIN)


def _interval(effect: EffectEstimate, axis: _Axis, *, own: bool) -> str:
    point, (low, high) = effect.estimate, effect.ci()
    if point is None or effect.status != "estimated" or not effect.is_ratio:
        return ""
    start, end, one, at = (axis.place(value) for value in (low, high, 1.0, point))
    y = _LINE / 2
    parts = [
        f'<line class="null" x1="{one:.1f}" x2="{one:.1f}" y1="0" y2="{_LINE:g}"/>',
        f'<line class="ci" x1="{start:.1f}" x2="{end:.1f}" y1="{y:g}" y2="{y:g}"/>',
    ]
    if low < axis.ends[0]:
        parts.append(f'<path class="point" d="M{start:.1f} {y:g}l5-3v6z"/>')
    if high > axis.ends[1]:
        parts.append(f'<path class="point" d="M{end:.1f} {y:g}l-5-3v6z"/>')
    if axis.ends[0] <= point <= axis.ends[1]:
        square = f'<rect class="point" x="{at - 3:.1f}" y="{y - 3:g}" width="6" height="6"/>'
        parts.append(square if own else f'<circle class="point" cx="{at:.1f}" cy="{y:g}" r="3.2"/>')
    size = f'width="{axis.width:g}" height="{_LINE:g}" viewBox="0 0 {axis.width:g} {_LINE:g}"'
    return f'<svg class="{"mini own" if own else "mini"}" {size} aria-hidden="true">{"".join(parts)}</svg>'


def _ticks(axis: _Axis) -> str:
    ticks = "".join(f'<text x="{axis.place(t):.1f}" y="11" text-anchor="middle">{t:g}</text>' for t in axis.ticks)
    size = f'width="{axis.width:g}" height="14" viewBox="0 0 {axis.width:g} 14"'
    return f'<svg class="mini" {size} aria-hidden="true">{ticks}</svg>'
