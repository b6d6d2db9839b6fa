"""How numbers, intervals and P values are written: the only place that formats a number for a reader.

Conventions: ratios have two decimals, three significant digits below 0.10, none from 100 on, and are not written out
beyond `<0.00001` and `>100,000`; `NE` is a number that was not estimated, and nothing else; P values have three
decimals and are never written as 0; scientific notation is never used. `Style` changes the marks (brackets, dashes,
decimal points, thousands) to those of a journal or language, never what the digits mean. Cochrane quotes ratios to two
decimals, with more for very small ones by judgement: RevMan's style has them below 0.005, where two would read 0.00.
What the BMJ, JAMA, the Lancet and the EBCTCG do with ratios below 0.10 was looked for and not found: the house's three
digits stand there. Where no style is named,
numbers are written in that of `written_as`, which a report sets once for all its words; without one in the house's.

References
----------
Cochrane Style Manual, Statistical and mathematical presentation,
https://community.cochrane.org/style-manual/numbers-statistics-and-units/statistical-and-mathematical-presentation
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = [
    "HOUSE",
    "NOT_ESTIMABLE",
    "STYLES",
    "Style",
    "coarse_count",
    "count",
    "digits_or",
    "guard_formula",
    "interval",
    "number",
    "number_with_interval",
    "p_value",
    "percent",
    "plain",
    "ratio",
    "ratio_limits",
    "ratio_with_interval",
    "ratios",
    "style_now",
    "unguard_formula",
    "written_as",
]  # fmt: skip

NOT_ESTIMABLE = "NE"
_LARGEST = 100_000  # the largest ratio that is written out, and the smallest's inverse
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The marks of one journal: how an interval is joined and bracketed, and how a P value is written.

    Attributes
    ----------
    name : str
    opening, joiner, closing : str
        `(`, `-`, `)` give `0.49 (0.34-0.70)`.
    point : str
        The decimal point: `.`, or the Lancet's mid-dot.
    p_symbol : str
        `P` or `p`.
    p_leading_zero : bool
        JAMA writes `.03`.
    p_floor : float
        Smaller P values are written `<floor`.
    thousands : str
        What sets off the thousands of a count: `,`, or a thin space.
    dash : str
        What a range is set with on paper (`typeset`), where `joiner` types a hyphen.
    fine : float
        Ratios below it have three significant digits, those above two decimals.
    digits : int, optional
        Decimals of estimates, their limits and percentages, if not those of the house; P values keep theirs.
    """

    name: str
    opening: str = "("
    joiner: str = "-"
    closing: str = ")"
    point: str = "."
    p_symbol: str = "P"
    p_leading_zero: bool = True
    p_floor: float = 0.001
    thousands: str = ","
    dash: str = "–"
    fine: float = 0.0995
    digits: int | None = None


HOUSE = Style(name="tamoxres")
STYLES = {
    style.name: style
    for style in (
        HOUSE,
        Style(name="revman5", opening="[", joiner=", ", closing="]", p_floor=0.00001, fine=0.005),
        Style(name="bmj", joiner=" to "),
        Style(name="jama", p_leading_zero=False, dash="-"),
        Style(name="lancet", joiner="–", point="·", p_symbol="p", p_floor=0.0001),
        Style(name="ebctcg", joiner="–"),
    )
}
_NOW: ContextVar[Style] = ContextVar("style", default=HOUSE)


def style_now() -> Style:
    """Return the style in which numbers are written where none is named."""
    return _NOW.get()


@contextmanager
def written_as(style: Style) -> Iterator[None]:
    """Write every number in a style inside a `with` block.

    Examples
    --------
    >>> with written_as(Style(name="comma", point=",", thousands="\N{THIN SPACE}")):
    ...     ratio_with_interval(1.516, 1.184, 1.942), p_value(0.0314)
    ('1,52 (1,18-1,94)', '0,031')
    """
    token = _NOW.set(style)
    try:
        yield
    finally:
        _NOW.reset(token)


def number(value: float | None, decimals: int | None = None, style: Style | None = None) -> str:
    """Write a number with a fixed count of decimals (the style's, or 2), and what is not finite as `NE`."""
    if value is None or not math.isfinite(value):
        return NOT_ESTIMABLE
    decimals = digits_or(2, style) if decimals is None else decimals
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace(".", (style or style_now()).point)


def digits_or(decimals: int, style: Style | None = None) -> int:
    """Return the decimals that the style asks for, or these."""
    asked = (style or style_now()).digits
    return decimals if asked is None else asked


def plain(value: float, style: Style | None = None) -> str:
    """Write a round number, such as a tick's, with as many decimals as it has: `0.5`, `2`, `10`.

    Examples
    --------
    >>> plain(0.5), plain(2.0), plain(0.25, Style(name="comma", point=","))
    ('0.5', '2', '0,25')
    """
    return f"{value:g}".replace(".", (style or style_now()).point)


def ratio(value: float | None, style: Style | None = None) -> str:
    """Write a hazard ratio or its limit: two decimals, three significant digits below 0.10, none from 100 on.

    RevMan has two decimals down to 0.005. Above 100,000, and where an estimated limit exceeds what a double holds, it
    is `>100,000`; `NE` where there is none.

    Examples
    --------
    >>> ratio(1.51638), ratio(250.4), ratio(6000), ratio(1e9), ratio(None)
    ('1.52', '250', '6,000', '>100,000', 'NE')
    >>> ratio(0.0864), ratio(0.0864, STYLES["revman5"]), ratio(0.00312, STYLES["revman5"])
    ('0.0864', '0.09', '0.00312')
    """
    if value is None or math.isnan(value) or value < 0:
        return NOT_ESTIMABLE
    if value > _LARGEST:
        return f">{count(_LARGEST)}"
    if 0 < value < 0.9995 / _LARGEST:
        return "<" + number(1 / _LARGEST, 5, style)
    if value >= 99.995:
        return count(round(value))
    digits = digits_or(2, style)
    if 0 < value < (style or style_now()).fine:
        return number(value, min(digits - math.floor(math.log10(value)), 12), style)
    return number(value, digits, style)


def interval(low: str, high: str, style: Style | None = None) -> str:
    """Join two written limits in the style's brackets, by ` to ` where one is negative or a bound (`>100,000`)."""
    style = style or style_now()
    dash = style.joiner in ("-", "–")
    joiner = " to " if dash and (">" in low + high or ("-" in low + high and style.joiner == "-")) else style.joiner
    return f"{style.opening}{low}{joiner}{high}{style.closing}"


def ratio_with_interval(value: float | None, low: float | None, high: float | None, style: Style | None = None) -> str:
    """Write a ratio with its interval, `1.52 (1.18-1.94)`; `NE` stands for an estimate or a limit that is none."""
    return _with_interval(*ratios(value, low, high, style), style)


def ratios(
    value: float | None, low: float | None, high: float | None, style: Style | None = None
) -> tuple[str, str, str]:
    """Write a ratio and its limits as `ratio` does; with more decimals where the limits would read alike.

    Examples
    --------
    >>> ratios(1.0004, 1.0001, 1.0007)
    ('1.0004', '1.0001', '1.0007')
    """
    texts = ratio(value, style), ratio(low, style), ratio(high, style)
    if value is None or low is None or high is None or texts[1] != texts[2] or NOT_ESTIMABLE in texts:
        return texts
    if high > _LARGEST:
        return texts
    for decimals in range(max(3, digits_or(2, style) + 1), 10):
        more = number(value, decimals, style), number(low, decimals, style), number(high, decimals, style)
        if len(set(more)) == len(more):
            return more
    return texts


def ratio_limits(value: float | None, low: float | None, high: float | None, style: Style | None = None) -> str:
    """Write the limits of a ratio as its interval has them, with the decimals that tell them apart.

    Examples
    --------
    >>> ratio_limits(1.0004, 0.9998, 1.0009), ratio_limits(1.2, 0.9, 1.6)
    ('(0.9998-1.0009)', '(0.90-1.60)')
    """
    _, first, last = ratios(value, low, high, style)
    return interval(first, last, style)


def number_with_interval(
    value: float | None, low: float | None, high: float | None, decimals: int = 2, style: Style | None = None
) -> str:
    """Write a difference with its interval, `-0.05 (-0.11 to 0.02)`; `NE` as in a ratio; the style's digits win."""
    decimals = digits_or(decimals, style)
    return _with_interval(
        number(value, decimals, style), number(low, decimals, style), number(high, decimals, style), style
    )


def _with_interval(value: str, low: str, high: str, style: Style | None) -> str:
    style = style or style_now()
    if value == NOT_ESTIMABLE:
        return value
    if low == high == NOT_ESTIMABLE:
        return f"{value} {style.opening}{NOT_ESTIMABLE}{style.closing}"
    return f"{value} {interval(low, high, style)}"


def p_value(p: float | None, style: Style | None = None, *, label: bool = False, relation: str = "") -> str:
    """Write a P value with three decimals (`0.674`, `<0.001`, `>0.999`), with `P = ` before it if `label`.

    One that was printed as a bound (`relation` `<` or `>`) keeps its sign and its digits; `ns` stands for one that was
    told as not significant.

    Examples
    --------
    >>> p_value(0.01, relation="<"), p_value(None, relation="ns", label=True)
    ('<0.01', 'P ns')
    """
    style = style or style_now()
    if relation == "ns" and p is None:
        return f"{style.p_symbol} ns" if label else "ns"
    if p is None or not math.isfinite(p):
        return NOT_ESTIMABLE
    decimals = max(3, round(-math.log10(style.p_floor)))
    if relation in ("<", ">"):
        sign, text = relation, f"{max(p, 1e-9):.9f}".rstrip("0")
    elif p < style.p_floor:
        sign, text = "<", f"{style.p_floor:.{decimals}f}"
    elif p >= 0.9995:
        sign, text = ">", "0.999"
    else:
        sign, text = "=", f"{p:.{3 if p >= 0.001 else decimals}f}"
    if not style.p_leading_zero:
        text = text.removeprefix("0")
    text = text.replace(".", style.point)
    if label:
        return f"{style.p_symbol} {sign} {text}"
    return text if sign == "=" else sign + text


def percent(share: float | None, decimals: int | None = None, style: Style | None = None) -> str:
    """Write a share of one as a percentage, `23.8%`."""
    decimals = digits_or(1, style) if decimals is None else decimals
    text = number(None if share is None else 100 * share, decimals, style)
    return text if text == NOT_ESTIMABLE else f"{text}%"


def count(value: int | None) -> str:
    """Write a count with thousands set off (by commas in the house's style); an unknown count is an empty string."""
    return "" if value is None else f"{value:,}".replace(",", style_now().thousands)


def coarse_count(value: int | None, min_cell: int) -> int | None:
    """Round a count so that no two that are told of one registry differ by 1 to `min_cell - 1`.

    Counts go to the nearest multiple of twice `min_cell`: whoever subtracts one from the other then learns that the
    patients between are anything from none, or one, to more than `min_cell - 1`. Smaller counts are not told at all.

    Parameters
    ----------
    value : int or None
    min_cell : int
        1 or less leaves the count as it is.

    Returns
    -------
    int or None
        None where the count is not known, or from 1 to `min_cell - 1`.

    Examples
    --------
    >>> [coarse_count(n, 5) for n in (0, 4, 5, 14, 15, 628)]
    [0, None, 10, 10, 20, 630]

    References
    ----------
    Hundepool A et al. 2012, doi:10.1002/9781118348239, section 5.4 (rounding), 3.5 (differencing).
    """
    if value is None or value == 0 or min_cell <= 1:
        return value
    grid = 2 * min_cell
    return None if value < min_cell else (value + min_cell) // grid * grid


def guard_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula (`=cmd()`, `@SUM`, `+1`)."""
    return "'" + text if text.startswith(_FORMULA_STARTS) or unguard_formula(text) != text else text


def unguard_formula(text: str) -> str:
    """Undo `guard_formula`, so that a text written to CSV is read back unchanged."""
    return text[1:] if text.startswith("'") and text[1:].startswith(("'", *_FORMULA_STARTS)) else text
