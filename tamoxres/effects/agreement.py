"""Do the printed numbers of one effect agree with each other? Estimate, limits, P and counts, each within its rounding.

An interval and a P each give a range of |z| = |estimate| / SE. They disagree where the ranges that rounding allows lie
more than 0.3 apart, or on two sides of the 5 % point. Standard errors are compared with the least that the events
allow: for two groups 2 / sqrt(events), which is reached where each has half of them.

References
----------
Nuijten MB et al. 2016, doi:10.3758/s13428-015-0664-2 (statcheck: a reported P against its own test statistic).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import stdtrit

from ..wording.doubts import doubt_words, doubts_words
from . import routes

if TYPE_CHECKING:
    from .estimate import EffectEstimate

__all__ = [
    "Doubt",
    "Reported",
    "ci_and_p_disagree",
    "digits_flag",
    "doubts",
    "doubts_of",
    "printed_flags",
    "printed_texts",
]

_APART = 0.3  # of |z|
_HUGE_SE = 5.0
_PRINTED_P = ("", "printed")  # kinds of P that must follow from the interval
_LEVELS = (0.90, 0.99)  # what an interval may be where it was not told
_SHORT = 0.9  # of the least standard error that the events allow
_DECIMALS = "printed_decimals:"
_TOLD_EACH = 3  # rows that raise one question and are told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An estimate with its interval and its P, as printed: numbers, or the texts.

    Attributes
    ----------
    estimate, low, high : float or str
    p : float, str or None
    relation : "" | "=" | "<" | ">" | "ns"
    level, df : float
    ratio : bool
    """

    estimate: routes.Printed
    low: routes.Printed
    high: routes.Printed
    p: routes.Printed | None = None
    relation: str = ""
    level: float = 0.95
    df: float | None = None
    ratio: bool = True

    def z_of_interval(self, level: float | None = None) -> tuple[float, float]:
        """Return the least and the largest |z| that the interval allows, taken as one of another level if given."""
        route = routes.from_ci(
            self.estimate, self.low, self.high, level=level or self.level, df=self.df, ratio=self.ratio
        )
        least, most = route.se_range
        size = abs(route.estimate)
        low = max(size - route.estimate_slack, 0.0) / most if most else math.inf
        return low, (size + route.estimate_slack) / least if least else math.inf

    def z_of_p(self) -> tuple[float, float]:
        """Return the least and the largest |z| that the P allows."""
        if self.relation == "ns" and self.p is None:
            return 0.0, self._quantile(0.05)
        assert self.p is not None  # noqa: S101
        p = routes.number_of(self.p)
        if self.relation in ("<", ">"):
            bound = self._quantile(p)
            return (bound, math.inf) if self.relation == "<" else (0.0, bound)
        half = routes.half_units(self.p, least=2)[0]
        return self._quantile(min(p + half, 1.0)), self._quantile(max(p - half, 0.0))

    def _quantile(self, p: float) -> float:
        if self.df is None:
            return routes.z_of_p(p)
        return float(-stdtrit(self.df, min(max(p, 1e-300), 1.0) / 2))


def ci_and_p_disagree(row: Reported, level: float | None = None) -> bool:
    """Whether an interval (of its own level, or another) and a P differ beyond rounding.

    Examples
    --------
    >>> ci_and_p_disagree(Reported(estimate=0.5, low=0.36, high=0.70, p=0.001, relation="<"))
    False
    >>> ci_and_p_disagree(Reported(estimate=0.6, low=0.4, high=0.9, p=0.20))
    True
    """
    if row.p is None and row.relation != "ns":
        return False
    (low, high), (p_low, p_high) = row.z_of_interval(level), row.z_of_p()
    edge = routes.critical_value(0.95, row.df)
    two_sides = (high < edge < p_low) or (p_high < edge < low)
    return two_sides or max(low - p_high, p_low - high) > _APART


def printed_flags(row: Reported) -> tuple[str, ...]:
    """Return the flags of printed numbers: interval and P that disagree, and digits that a number does not keep."""
    flags = ("ci_and_p_disagree",) if ci_and_p_disagree(row) else ()
    return flags + digits_flag((row.estimate, row.low, row.high), row.p)


def digits_flag(texts: tuple[routes.Printed, ...], p: routes.Printed | None) -> tuple[str, ...]:
    """Return the flag that keeps the printed digits of an interval and its P, where the numbers do not keep them."""
    values = [routes.number_of(text) for text in texts]
    p_places = [] if p is None else [routes.places(p, least=2), routes.places(routes.number_of(p), least=2)]
    shown, kept = routes.places(*texts), routes.places(*values)
    if shown == kept and (not p_places or p_places[0] == p_places[1]):
        return ()
    digits = [*shown, *(p_places[0] if p_places else [])]
    return (_DECIMALS + ",".join(map(str, digits)),)


def printed_texts(flags: tuple[str, ...], values: tuple[float | None, ...]) -> list[routes.Printed | None]:
    """Return estimate, limits and P as they were printed, where a flag keeps their decimals; else as numbers."""
    digits = next((flag.removeprefix(_DECIMALS).split(",") for flag in flags if flag.startswith(_DECIMALS)), [])
    padded = [*digits, *[""] * (len(values) - len(digits))]
    return [
        f"{value:.{int(shown)}f}" if shown and value is not None else value
        for value, shown in zip(values, padded, strict=False)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A question that a row raises; as text it is one sentence.

    Attributes
    ----------
    code : str
        asymmetric_interval, ci_and_p_disagree, no_events_in_group, huge_se, se_below_events, counts_do_not_add,
        direction_disagrees.
    label : str
        The study's.
    values : tuple of float
    names : tuple of str
        What the numbers are of.
    """

    code: str
    label: str
    values: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return doubt_words(self.code, self.label, self.values, self.names)


def doubts(row: EffectEstimate) -> tuple[Doubt, ...]:
    """Return the questions that one row raises about its own numbers.

    Parameters
    ----------
    row : EffectEstimate

    Returns
    -------
    tuple of Doubt
        Empty where the printed numbers agree with each other and with the counts.

    Examples
    --------
    >>> from tamoxres.effects import EffectEstimate
    >>> [doubt.code for doubt in doubts(EffectEstimate.from_ci(1.48, 1.02, 3.15, study="A"))]
    ['asymmetric_interval']
    """
    if row.status != "estimated" or row.estimate is None or row.se is None:
        return ()
    return (*_of_interval(row), *_of_error(row), *_of_counts(row), *_of_direction(row))


def doubts_of(rows: Iterable[EffectEstimate], but: Collection[str] = ()) -> list[str]:
    """Return the questions of several rows as sentences: each its own, or one for all where many raise the same.

    Parameters
    ----------
    rows : iterable of EffectEstimate
    but : collection of str
        Codes that are told elsewhere.
    """
    found: dict[str, list[Doubt]] = {}
    for row in rows:
        for doubt in doubts(row):
            if doubt.code not in but:
                found.setdefault(doubt.code, []).append(doubt)
    return [
        sentence
        for code, raised in found.items()
        for sentence in (
            map(str, raised) if len(raised) <= _TOLD_EACH else [doubts_words(code, [doubt.label for doubt in raised])]
        )
    ]


def _reported(row: EffectEstimate) -> Reported | None:
    """Return a row's printed numbers; None where its interval is not a printed one."""
    if row.ci_kind != "printed" or row.estimate is None or row.ci_low is None or row.ci_high is None:
        return None
    if not row.ci_low <= row.estimate <= row.ci_high or row.ci_low == row.ci_high:
        return None
    estimate = float(f"{row.estimate:.12g}")  # a ratio that went through its logarithm
    printed_p = row.p_value if row.p_kind in _PRINTED_P else None
    values = (estimate, row.ci_low, row.ci_high, printed_p)
    estimate_, low, high, p = printed_texts(row.flags, values)
    assert estimate_ is not None  # noqa: S101
    assert low is not None  # noqa: S101
    assert high is not None  # noqa: S101
    return Reported(
        estimate=estimate_, low=low, high=high, p=p, relation=row.p_relation, level=row.level, df=row.df,
        ratio=row.is_ratio,
    )  # fmt: skip


def _of_interval(row: EffectEstimate) -> list[Doubt]:
    reported, found = _reported(row), []
    if reported is None:
        return []
    if row.flagged("asymmetric_interval"):
        sides = routes.side_errors(
            reported.estimate, reported.low, reported.high, level=row.level, df=row.df, ratio=row.is_ratio
        )
        limits = routes.number_of(reported.low), routes.number_of(reported.high)
        found.append(Doubt(code="asymmetric_interval", label=row.label, values=(*limits, *sides)))
    if ci_and_p_disagree(reported):
        p = [routes.two_sided_p(z, 1.0, row.df) for z in reversed(reported.z_of_interval())]
        other = next((f"{100 * level:g}%" for level in _LEVELS if not ci_and_p_disagree(reported, level)), "")
        printed = math.nan if row.p_value is None else row.p_value
        names = (row.p_relation, other)
        found.append(Doubt(code="ci_and_p_disagree", label=row.label, values=(*p, printed), names=names))
    return found


def _of_error(row: EffectEstimate) -> list[Doubt]:
    assert row.se is not None  # noqa: S101
    found = []
    if row.is_ratio and row.se > _HUGE_SE:
        found.append(Doubt(code="huge_se", label=row.label, values=(row.se,)))
    if row.measure in ("HR", "sHR") and row.events and row.scale in ("", "binary") and not row.variable:
        least = 2 / math.sqrt(row.events)
        if row.se < _SHORT * least:
            found.append(Doubt(code="se_below_events", label=row.label, values=(row.se, least, row.events)))
    return found


def _of_counts(row: EffectEstimate) -> list[Doubt]:
    found = [
        Doubt(code="no_events_in_group", label=row.label, values=(row.estimate or math.nan,), names=(name,))
        for name in ("events_1", "events_0")
        if getattr(row, name) == 0 and row.is_ratio
    ]
    for name in ("n", "events"):
        total, parts = getattr(row, name), (getattr(row, f"{name}_1"), getattr(row, f"{name}_0"))
        if None not in (total, *parts) and total != sum(parts):
            found.append(Doubt(code="counts_do_not_add", label=row.label, values=(total, *parts), names=(name,)))
    return found


def _of_direction(row: EffectEstimate) -> list[Doubt]:
    if not row.is_ratio or row.log_estimate in (None, 0.0) or row.direction not in ("worse", "better"):
        return []
    if (row.log_estimate > 0) == (row.direction == "worse") or row.endpoint == "ORR":
        return []
    values = (row.estimate or math.nan,)
    return [Doubt(code="direction_disagrees", label=row.label, values=values, names=(row.direction,))]
