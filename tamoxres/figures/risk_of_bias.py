"""Risk of bias drawn: a traffic light for each study and domain, and the shares of each domain.

Conventions: a level has a colour and a sign, and the colours darken as the risk grows, so that both read in grey. What
is not assessed is an empty circle with a broken line, and a hatched share: it is never left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle

from ..errors import TamoxresError
from ..meta.risk_of_bias import NOT_ASSESSED, RiskOfBias
from .figure import figure
from .look import Looks, in_order
from .measure import LINE, text_width, wrap
from .paper import rule, settle, write
from .style import DARK, INK, MID, Width, bare, font_size, new_axes, use_style, width_of

__all__ = ["MOST_LIGHTS", "bias_summary", "traffic_light"]

MOST_LIGHTS = 70  # studies on a page
_MARGIN, _PITCH, _RADIUS = 4.0, 2.1, 0.78  # points; sizes of the text
_LABELS = 0.36  # of the width that names of studies or domains may take


@dataclass(frozen=True, slots=True)
class _Look:
    """Colour of the circle, the sign in it, the colour of the sign."""

    face: str
    sign: str
    ink: str = INK


_LOOKS = {
    "low": _Look("#CFE8D5", "+"), "moderate": _Look("#F0C75E", "–"), "some concerns": _Look("#F0C75E", "–"),
    "high": _Look("#B5382F", "×", "white"), "serious": _Look("#B5382F", "×", "white"),
    "critical": _Look("#4A1020", "!", "white"), "no information": _Look("#DADADA", "?"),
    NOT_ASSESSED: _Look("white", ""),
}  # fmt: skip
_HUES = tuple(dict.fromkeys(look.face for level, look in _LOOKS.items() if level != NOT_ASSESSED))  # in their order


@figure(without=("xlim", "ylim", "digits"), palette=_HUES, on_paper=True)
def traffic_light(
    judged: RiskOfBias, *, width: Width = "single", ax: Axes | None = None, **look: Unpack[Looks]
) -> Axes:
    """Draw the judgement of each study in each domain, and of the whole.

    Parameters
    ----------
    judged : RiskOfBias
    width : "single" | "middle" | "double"
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        Its label tells the whole of each study.

    Raises
    ------
    TamoxresError
        With more studies than a page holds.

    Examples
    --------
    >>> from tamoxres.meta.risk_of_bias import risk_of_bias
    >>> traffic_light(risk_of_bias(tool="QUIPS", studies=["Love 2003"])).get_label()
    'Risk of bias (QUIPS). Love 2003: not assessed.'
    """
    if len(judged.rows) > MOST_LIGHTS:
        raise TamoxresError(f"{len(judged.rows)} studies do not fit a page. Name {MOST_LIGHTS} at most.")
    wide = width_of(width)
    size = font_size(wide)
    with use_style(size):
        rows = in_order(judged.rows, lambda row: row.label)
        names = [wrap(row.label, _LABELS * wide, size) for row in rows]
        heads = [f"D{i}" for i in range(1, len(judged.tool.domains) + 1)] + ["Overall"]
        left = _MARGIN + max(text_width(name, size) for name in names) + size
        spare = text_width(heads[-1], size, bold=True) / 2  # the last head may be wider than its column
        step = min((wide - _MARGIN - left - spare) / (len(heads) - 0.5), 4.2 * size)
        heights = [max(_PITCH, LINE * (name.count("\n") + 1) + 0.5) * size for name in names]
        notes = _domains(judged, wide, size)
        ax, high = _paper(wide, _head(size) + sum(heights) + _foot(judged, notes, wide, size))
        _heads(ax, heads, (left, step), high, size)
        y = high - _head(size)
        for row, name, tall in zip(rows, names, heights, strict=True):
            middle = y - tall / 2
            write(ax, (_MARGIN, middle + LINE * size * name.count("\n") / 2), name, size)
            levels = [*(row.levels.get(key, "") for key in judged.tool.domains), row.overall]
            for i, level in enumerate(levels):
                _light(ax, (left + (i + 0.5) * step, middle), level or NOT_ASSESSED, size)
            y -= tall
        _below(ax, judged, notes, y, size)
    told = "; ".join(f"{row.label}: {row.overall or NOT_ASSESSED}" for row in judged.rows)
    ax.set_label(f"Risk of bias ({judged.tool.name}). {told}.")
    return ax


@figure(without=("xlim", "ylim", "digits"), palette=_HUES, on_paper=True)
def bias_summary(judged: RiskOfBias, *, width: Width = "single", ax: Axes | None = None, **look: Unpack[Looks]) -> Axes:
    """Draw how many studies have each level, domain by domain, those not assessed too.

    Parameters
    ----------
    judged : RiskOfBias
    width : "single" | "middle" | "double"
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        Its label tells the counts.

    Examples
    --------
    >>> from tamoxres.meta.risk_of_bias import risk_of_bias
    >>> bias_summary(risk_of_bias(tool="ROBINS-I", studies=["a", "b"])).get_label()[:51]
    'Risk of bias (ROBINS-I), 2 studies. Confounding: 2 '
    """
    wide = width_of(width)
    size = font_size(wide)
    counts = judged.shares()
    counts = counts.iloc[in_order(range(len(counts)), lambda i: str(counts["domain"].iloc[i]))]
    with use_style(size):
        names = [wrap(name, _LABELS * wide, size) for name in counts["domain"]]
        left = _MARGIN + max(text_width(name, size) for name in names) + size
        heights = [max(_PITCH, LINE * (name.count("\n") + 1) + 0.5) * size for name in names]
        ax, high = _paper(wide, 2 * _MARGIN + sum(heights) + 2.4 * size + _foot(judged, [], wide, size))
        y = high - _MARGIN
        told = []
        for name, tall, row in zip(names, heights, counts.drop(columns="domain").to_dict("records"), strict=True):
            write(ax, (_MARGIN, y - tall / 2 + LINE * size * name.count("\n") / 2), name, size)
            _bar(ax, (left, y - tall / 2, wide - _MARGIN - left), {str(k): int(v) for k, v in row.items()}, size)
            parts = ", ".join(f"{n} {level}" for level, n in row.items() if n)
            told.append(f"{' '.join(name.split())}: {parts}")
            y -= tall
        for share in (0, 50, 100):
            x = left + share / 100 * (wide - _MARGIN - left)
            rule(ax, (x, y + 0.1 * size), (x, y - 0.3 * size), 0.6)
            write(ax, (x, y - 0.9 * size), f"{share}%", size, align="center" if share < 100 else "right")
        _below(ax, judged, [], y - 2.0 * size, size)
    ax.set_label(f"Risk of bias ({judged.tool.name}), {len(judged.rows)} {_many(judged)}. {'; '.join(told)}.")
    return ax


def _many(judged: RiskOfBias) -> str:
    one = len(judged.rows) == 1
    return {"study": "study" if one else "studies", "synthesis": "synthesis" if one else "syntheses"}[judged.tool.of]


def _paper(wide: float, high: float) -> tuple[Axes, float]:
    """Return a bare Axes whose units are points from the lower left corner, and its height."""
    ax = new_axes(wide, high)
    settle(ax, (0.0, 0.0, wide, high), (0.0, wide), (0.0, high))
    bare(ax)
    return ax, high


def _head(size: float) -> float:
    return _MARGIN + 1.8 * size


def _heads(ax: Axes, heads: list[str], columns: tuple[float, float], high: float, size: float) -> None:
    left, step = columns
    for i, head in enumerate(heads):
        write(ax, (left + (i + 0.5) * step, high - _MARGIN - 0.6 * size), head, size, align="center", bold=True)
    y, end = high - _head(size) + 0.3 * size, left + (len(heads) - 0.5) * step
    rule(ax, (_MARGIN, y), (end + text_width(heads[-1], size, bold=True) / 2, y), 0.6)


def _light(ax: Axes, at: tuple[float, float], level: str, size: float) -> None:
    look = _LOOKS[level]
    broken = level == NOT_ASSESSED
    edge = MID if broken else DARK
    ax.add_patch(Circle(at, _RADIUS * size, facecolor=look.face, edgecolor=edge, linewidth=0.6,
                        linestyle=(0, (2, 2)) if broken else "-"))  # fmt: skip
    if look.sign:
        write(ax, at, look.sign, 1.15 * size, align="center", bold=True, color=look.ink)


def _bar(ax: Axes, place: tuple[float, float, float], counts: dict[str, int], size: float) -> None:
    """Draw the shares of a domain, each with its sign and count where they fit."""
    x, y, long = place
    whole = sum(counts.values())
    for level, n in counts.items():
        look, part = _LOOKS[level], long * n / whole
        if n:
            _box(ax, (x, y, part), level, size)
            text = f"{look.sign} {n}".strip()
            if level != NOT_ASSESSED and text_width(text, size, bold=True) < part - 2:
                write(ax, (x + part / 2, y), text, size, align="center", bold=True, color=look.ink)
        x += part


def _box(ax: Axes, place: tuple[float, float, float], level: str, size: float) -> None:
    """Draw a share: from a point in the middle of its left side, so long."""
    x, y, long = place
    broken = level == NOT_ASSESSED
    ax.add_patch(Rectangle((x, y - 0.7 * size), long, 1.4 * size, facecolor=_LOOKS[level].face, linewidth=0.6,
                           edgecolor=MID if broken else DARK, hatch="/////" if broken else None))  # fmt: skip


def _domains(judged: RiskOfBias, wide: float, size: float) -> list[str]:
    """Name the columns, as lines that fit."""
    named = [f"D{i} {name}" for i, name in enumerate(judged.tool.domains.values(), start=1)]
    return wrap("; ".join(named) + ".", wide - 2 * _MARGIN, size).split("\n")


def _key(judged: RiskOfBias, wide: float, size: float) -> list[list[str]]:
    """Part the levels of the key into lines that fit."""
    lines: list[list[str]] = [[]]
    used = 0.0
    for level in (*judged.tool.allowed, NOT_ASSESSED):
        long = text_width(level, size) + 4 * size
        if used and used + long > wide - 2 * _MARGIN:
            lines.append([])
            used = 0.0
        lines[-1].append(level)
        used += long
    return lines


def _rule_lines(judged: RiskOfBias, wide: float, size: float) -> list[str]:
    return wrap(judged.tool.rule, wide - 2 * _MARGIN, size).split("\n")


def _foot(judged: RiskOfBias, notes: list[str], wide: float, size: float) -> float:
    lines = len(notes) + len(_rule_lines(judged, wide, size))
    return (1.2 + _PITCH * len(_key(judged, wide, size)) + LINE * lines) * size + _MARGIN


def _below(ax: Axes, judged: RiskOfBias, notes: list[str], y: float, size: float) -> None:
    """Write the key, the names of the domains and the rule of the whole."""
    wide = float(ax.get_xlim()[1])
    y -= 0.6 * size
    for line in _key(judged, wide, size):
        x, middle = _MARGIN + size, y - _PITCH * size / 2
        for level in line:
            if notes or level != NOT_ASSESSED:
                _light(ax, (x, middle), level, size)
            else:  # of the shares
                _box(ax, (x - 0.8 * size, middle, 1.6 * size), level, size)
            write(ax, (x + 1.3 * size, middle), level, size)
            x += text_width(level, size) + 4 * size
        y -= _PITCH * size
    for text in (*notes, *_rule_lines(judged, wide, size)):
        y -= LINE * size
        write(ax, (_MARGIN, y + 0.4 * size), text, size)
