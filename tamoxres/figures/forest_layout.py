"""What a forest plot is made of: a `Sheet` of columns and lines with their texts and marks; nothing is drawn here.

Conventions: marks are on the reader's scale (ratios, not logs); the weight of a mark is the precision 1 / SE squared,
which the *area* of its box is proportional to; a row that was not estimated keeps its line, with text and no mark. A
row counts as published if no patients of ours stand behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..effects import EffectEstimate, doubts_of
from ..errors import EffectError
from ..vocabulary import RATIO_MEASURES
from ..wording import NOT_ESTIMABLE, Style, count, digits_or, number, number_with_interval, ratio, ratio_with_interval
from . import forest_words as words
from .style import journal

__all__ = [
    "Column", "Line", "Mark", "Sheet", "at_level", "columns_for", "effect_line", "fraction", "individual",
    "interval_text", "labels", "own_parts", "row_notes", "sheet_of",
]  # fmt: skip

_TRIAL_LEVEL = 0.99  # the EBCTCG gives trials 99% intervals, totals 95%
_DISTINGUISH = ("marker", "endpoint", "estimand", "population", "treatment_1", "contrast", "rule", "measure")
_PRINTED = ("ci", "p", "oe_v", "logrank_p", "events", "km", "strata", "strata_p")  # routes from what a paper prints
_DECIMALS = {"RD": 3}
_NO_NUMBER = {
    "test_only": "no number", "null_without_number": "null, no number",
    "significant_without_number": "significant, no number",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is drawn on one line: an estimate with its interval, on the reader's scale.

    Attributes
    ----------
    kind : "box" | "diamond" | "interval"
    point, low, high : float
    weight : float
        Proportional to the area of a box; 0 for the others.
    published : bool
        No individual data stand behind it: drawn round where square marks of own data stand beside it.
    number : str
        The estimate as written, which stands at the edge of the axis where the estimate lies beyond.
    """

    kind: Literal["box", "diamond", "interval"]
    point: float
    low: float
    high: float
    weight: float = 0.0
    published: bool = False
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its label, its cells by column key (`range` is an interval under the others'), and its mark if any."""

    label: str
    cells: dict[str, str] = field(default_factory=dict)
    mark: Mark | None = None
    bold: bool = False
    indent: bool = False
    rule: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of text: its key in the cells, its head, and the character its cells are aligned on."""

    key: str
    head: str
    anchor: str = "."
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that is drawn: columns in order (`axis` is the plot), lines from the top, and what stands below.

    `measure` names the axis; `missed` are the keys of the columns that may be left out, the first one first.
    """

    label_head: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    is_ratio: bool
    overall: float | None
    favours: tuple[str, str]
    measure: str = ""
    missed: tuple[str, ...] = ()


def sheet_of(
    effects: Sequence[EffectEstimate], lines: Sequence[Line], columns: Sequence[Column], style: str, *,
    notes: Sequence[str], overall: float | None = None,
) -> Sheet:  # fmt: skip
    """Put a sheet together from its lines and columns.

    Raises
    ------
    EffectError
        If ratios stand beside differences.
    """
    if len({effect.is_ratio for effect in effects}) > 1:
        found = ", ".join(sorted({effect.measure for effect in effects}))
        raise EffectError(f"Ratios and differences cannot share an axis: found {found}. Draw them in two plots.")
    forest = words.forest_style(style)
    subgroup = any(column.key == "p" for column in columns)
    diamonds = {line.mark.kind for line in lines if line.mark} == {"box", "diamond"}
    closing = "■ 99% or ◇ 95% confidence intervals." if style == "ebctcg" and diamonds else ""
    measure = next(column.head for column in columns if column.key == "estimate").replace("\n", " ")
    return Sheet(
        label_head=forest.subgroup_head if subgroup else words.rows_head(effects) or forest.label_head,
        columns=tuple(columns),
        measure=measure,
        missed=forest.missed,
        lines=_told_apart(lines),
        notes=tuple(note for note in (*notes, closing) if note),
        is_ratio=effects[0].is_ratio,
        overall=overall,
        favours=words.favours_labels(effects, forest.favours),
    )


def _told_apart(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Keep round marks for published rows only where square ones stand beside them; one kind alone is square."""
    if len({line.mark.published for line in lines if line.mark and line.mark.kind == "box"}) == 2:
        return tuple(lines)
    return tuple(replace(line, mark=replace(line.mark, published=False)) if line.mark else line for line in lines)


def columns_for(
    effects: Sequence[EffectEstimate], style: str, keys: Sequence[str], *, arms: bool = False, head: str = ""
) -> list[Column]:
    """Return the journal's columns among `keys` that these rows can fill, in the journal's order.

    Parameters
    ----------
    effects : sequence of EffectEstimate
    style : str
    keys : sequence of str
        log, se, counts, weight, estimate, p, oe, variance; the axis is always there.
    arms : bool
        Counts of each group instead of all together.
    head : str
        Of the estimate column; by default the measure and the level of the interval.
    """
    marks, forest = journal(style), words.forest_style(style)
    level = _TRIAL_LEVEL if style == "ebctcg" else effects[0].level
    asked = _the_only(effect.measure for effect in effects), _the_only(effect.estimand for effect in effects)
    measure = head or words.measure_head(*asked, style, level)
    ready = {
        "log": [Column(key="log", head=words.log_head(*asked), anchor=marks.point, optional=True)],
        "se": [Column(key="se", head="SE", anchor=marks.point, optional=True)],
        "weight": [Column(key="weight", head=forest.weight, anchor=marks.point, optional=True)],
        "estimate": [Column(key="estimate", head=measure, anchor=marks.point)],
        "p": [Column(key="p", head=forest.p, anchor=marks.point)],
        "oe": [Column(key="oe", head="O–E", anchor=marks.point, optional=True)],
        "variance": [Column(key="variance", head="Variance", anchor=marks.point, optional=True)],
        "counts": _count_columns(effects, arms, forest.counts),
        "axis": [Column(key="axis", head=measure if forest.plot_head else "")],
    }
    scores = () if effects[0].is_ratio else ("oe", "variance", "log", "se")
    wanted = [key for key in forest.columns if key == "axis" or (key in keys and key not in scores)]
    return [column for key in wanted for column in ready[key]]


def _count_columns(effects: Sequence[EffectEstimate], arms: bool, head: str) -> list[Column]:
    if arms and any(effect.n_1 is not None or effect.events_1 is not None for effect in effects):
        pairs = {effect.compared for effect in effects}
        first, second = words.arm_heads(pairs.pop() if len(pairs) == 1 else ("", ""))
        return [
            Column(key="counts_1", head=f"{first}\n{head[:1].lower()}{head[1:]}", anchor="/", optional=True),
            Column(key="counts_0", head=f"{second}\n{head[:1].lower()}{head[1:]}", anchor="/", optional=True),
        ]
    if any(effect.n is not None or effect.events is not None for effect in effects):
        return [Column(key="counts", head=head, anchor="/", optional=True)]
    return []


def _the_only(values: Iterable[str]) -> str:
    """Return the one value that all share, or an empty text."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else ""


def effect_line(effect: EffectEstimate, label: str, style: str, *, total: bool = False, indent: bool = False) -> Line:
    """Make the line of one effect: counts, estimate with interval, and its mark unless it was not estimated.

    Parameters
    ----------
    effect : EffectEstimate
    label : str
    style : str
    total : bool
        Bold, with a diamond, and with its own level in every style.
    indent : bool
    """
    marks = journal(style)
    low, high = effect.ci(_TRIAL_LEVEL if style == "ebctcg" and not total else None)
    text = _estimate_text(effect, low, high, marks)
    cells = {
        "counts": fraction(effect.events, effect.n), "counts_1": fraction(effect.events_1, effect.n_1),
        "counts_0": fraction(effect.events_0, effect.n_0), "estimate": text,
    }  # fmt: skip
    mark = None
    if effect.status == "estimated" and text != NOT_ESTIMABLE and effect.point is not None and effect.se is not None:
        precision = effect.se**-2
        cells |= {"oe": number(effect.point * precision, 1, marks), "variance": number(precision, 1, marks)}
        cells |= {"log": number(effect.point, 4, marks), "se": number(effect.se, 4, marks)}
        kind: Literal["box", "diamond"] = "diamond" if total else "box"
        weight, published = (0.0, False) if total else (precision, not individual(effect))
        point = effect.estimate if effect.estimate is not None else 0.0
        said = (
            ratio(point, marks)
            if effect.is_ratio
            else number(point, digits_or(_DECIMALS.get(effect.measure, 2), marks), marks)
        )
        mark = Mark(kind=kind, point=point, low=low, high=high, weight=weight, published=published, number=said)
    name = f"{label} (simulated)" if effect.simulated else label
    return Line(label=name, cells=cells, mark=mark, bold=total, indent=indent)


def individual(effect: EffectEstimate) -> bool:
    """Whether an effect was estimated from patients here, rather than taken from printed numbers."""
    if effect.origin:
        return effect.origin == "own_patients"
    printed = effect.route in _PRINTED or effect.status == "test_only"
    return (bool(effect.data_sha256) or effect.simulated) and not printed


def _estimate_text(effect: EffectEstimate, low: float, high: float, marks: Style) -> str:
    if effect.status == "test_only" and (effect.p_value is not None or effect.p_relation == "ns"):
        return f"{words.with_p(effect.p_value, marks, effect.p_relation)} (test only)"
    if effect.status != "estimated":
        return _NO_NUMBER.get(effect.status, NOT_ESTIMABLE)
    return interval_text(effect.measure, (effect.estimate, low, high), marks)


def interval_text(measure: str, values: tuple[float | None, float, float], marks: Style) -> str:
    """Write an estimate with its limits as its measure asks: a ratio, a share with three decimals, a difference."""
    if measure in RATIO_MEASURES:
        return ratio_with_interval(*values, marks)
    return number_with_interval(*values, _DECIMALS.get(measure, 2), marks)


def fraction(events: int | None, n: int | None) -> str:
    """Write `44/123`, with a dash for what is not known; empty where neither is."""
    if events is None and n is None:
        return ""
    return f"{count(events) or '–'}/{count(n) or '–'}"


def at_level(effects: Sequence[EffectEstimate], level: float | None = None) -> list[EffectEstimate]:
    """Give all rows intervals of one level: the one named, else the one they share, else 95%."""
    shared = {effect.level for effect in effects}
    level = level or (shared.pop() if len(shared) == 1 else 0.95)
    return [effect if effect.level == level else replace(effect, level=level) for effect in effects]


def labels(effects: Sequence[EffectEstimate]) -> list[str]:
    """Return each row's study and, where a study has several rows, as much as it takes to tell them apart."""
    told: dict[int, list[str]] = {}
    studies: dict[str, list[int]] = {}
    for i, effect in enumerate(effects):
        studies.setdefault(effect.label, []).append(i)
    for study, same in studies.items():
        parts = own_parts([effects[i] for i in same])
        told |= {i: [study] for i in same}
        for name in _DISTINGUISH:
            found = parts if name == "population" else [str(getattr(effects[i], name)) for i in same]
            longer = {i: [*told[i], part.replace("_", " ")] for i, part in zip(same, found, strict=True)}
            if len(set(map(tuple, longer.values()))) > len({tuple(told[i]) for i in same}):
                told |= longer
    return [", ".join(part for part in told[i] if part) for i in range(len(effects))]


def own_parts(effects: Sequence[EffectEstimate]) -> list[str]:
    """Return what each row's population says that not all of them share."""
    parts = [effect.population_parts for effect in effects]
    shared = set(parts[0]).intersection(*parts) if len(parts) > 1 else set()
    return [", ".join(part for part in own if part not in shared) for own in parts]


def row_notes(effects: Sequence[EffectEstimate]) -> tuple[str, ...]:
    """Explain the marks and `NE` where they occur, and tell what rows leave to ask."""
    kinds = {individual(effect) for effect in effects if effect.status == "estimated"}
    return (
        "■ individual patient data, ● published result." if len(kinds) == 2 else "",
        "NE: not estimable." if any(effect.status == "not_estimable" for effect in effects) else "",
        *doubts_of(effects),
    )
