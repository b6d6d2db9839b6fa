"""The three layouts of a forest plot: rows one below the other, subgroups, a meta-analysis.

Conventions: in a subgroup plot a row's variable is its `marker` and its level is what its `population` says beyond the
others'; a row without a marker is the overall one and comes first; a row of the interaction gives its variable's P and
is not drawn. In a meta-analysis the random-effects diamond comes first, the prediction interval under it, then the
common effect; the EBCTCG's total is the common effect alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..effects import EffectEstimate
from ..meta.pooled import PooledEffect
from ..meta.subgroups import Subgroups
from ..meta.summary import Summary
from ..wording import NOT_ESTIMABLE, Style, number, p_value, percent
from . import forest_words as words
from .forest_layout import (
    Column,
    Line,
    Mark,
    Sheet,
    at_level,
    columns_for,
    effect_line,
    fraction,
    individual,
    interval_text,
    labels,
    own_parts,
    row_notes,
    sheet_of,
)  # fmt: skip
from .style import journal

__all__ = ["meta_sheet", "plain_sheet", "subgroup_sheet"]

_COUNTS = ("events", "n", "events_1", "n_1", "events_0", "n_0")


def plain_sheet(effects: Sequence[EffectEstimate], style: str) -> Sheet:
    """Lay out effects one below the other, in the order given."""
    lines = [effect_line(effect, label, style) for effect, label in zip(effects, labels(effects), strict=True)]
    columns = columns_for(effects, style, ("log", "se", "counts", "oe", "variance", "estimate"))
    return sheet_of(effects, lines, columns, style, notes=row_notes(effects))


def subgroup_sheet(effects: Sequence[EffectEstimate], style: str) -> Sheet:
    """Lay out the overall effect, then each variable with its P for interaction and its levels."""
    drawn = [effect for effect in effects if effect.estimand != "interaction"] or list(effects)
    named = list(zip(drawn, own_parts(drawn), strict=True))
    overall = [(effect, part) for effect, part in named if not effect.marker]
    lines = [effect_line(effect, part or "Overall", style, total=True) for effect, part in overall]
    for variable in dict.fromkeys(effect.marker for effect in drawn if effect.marker):
        p = _interaction_p([effect for effect in effects if effect.marker == variable])
        lines.append(Line(label=variable, cells={} if p is None else {"p": p_value(p, journal(style))}, bold=True))
        levels = [(effect, part) for effect, part in named if effect.marker == variable]
        lines += [effect_line(effect, part or effect.contrast, style, indent=True) for effect, part in levels]
    head = ""
    if overall and style == "ebctcg":
        first = overall[0][0]
        head = words.measure_head(first.measure, first.estimand, style, 0.99, total=first.level)
    keys = ("log", "se", "counts", "oe", "variance", "estimate", "p")
    columns = columns_for(drawn, style, keys, arms=True, head=head)
    dashed = next((effect.estimate for effect, _ in overall if effect.status == "estimated"), None)
    return sheet_of(drawn, lines, columns, style, notes=(_refit_note(drawn), *row_notes(drawn)), overall=dashed)


def _interaction_p(rows: Sequence[EffectEstimate]) -> float | None:
    """Take a variable's P for interaction: that of its interaction row; None without one."""
    tests = [row for row in rows if row.estimand == "interaction"]
    return next((test.p_value for test in tests if test.p_value is not None), None)


def _refit_note(effects: Sequence[EffectEstimate]) -> str:
    """Say whether the levels come from one model or from a model each (own rows only; a paper seldom tells)."""
    own = {effect.flagged("contrast_of_one_model") for effect in effects if effect.marker and individual(effect)}
    if own == {True}:
        return "Levels are contrasts of one model."
    if own == {False}:
        return "Levels are refits in each subset."
    return "Some levels are contrasts of one model, others refits in their subset." if own else ""


def meta_sheet(pooled: PooledEffect, style: str, groups: Subgroups | None = None) -> Sheet:
    """Lay out the studies with their weights, the pooled effects, the prediction interval and the heterogeneity."""
    studies = _study_lines(pooled, style, indent=groups is not None)
    if groups is not None:
        studies = _grouped(pooled, groups, studies, style)
    unweighted = (*pooled.no_information, *pooled.left_out)
    apart = zip(unweighted, labels(unweighted), strict=True)
    lines = [*studies, *(effect_line(effect, label, style) for effect, label in apart), *_totals(pooled, style)]
    shown = _shown(pooled, style)
    notes = (
        words.heterogeneity_text(pooled, style), words.overall_text(shown, style),
        words.difference_text(groups, style) if groups is not None else "", words.model_text(pooled, style),
        *row_notes([*pooled.effects, *pooled.no_information, *pooled.left_out]),
    )  # fmt: skip
    return sheet_of(pooled.effects, lines, _meta_columns(pooled, style), style, notes=notes, overall=shown.estimate)


def _meta_columns(pooled: PooledEffect, style: str) -> list[Column]:
    model = "Fixed" if pooled.tau2_method == "common" else "Random"
    level = 0.99 if style == "ebctcg" else pooled.level
    head = words.measure_head(pooled.measure, pooled.estimand, style, level, model=model, total=pooled.level)
    keys = ("log", "se", "counts", "oe", "variance", "weight", "estimate")
    return columns_for(pooled.effects, style, keys, arms=style == "ebctcg", head=head)


def _study_lines(pooled: PooledEffect, style: str, *, indent: bool) -> list[Line]:
    total, lines = sum(pooled.weights), []
    effects = at_level(pooled.effects, pooled.level)
    for effect, label, weight in zip(effects, labels(effects), pooled.weights, strict=True):
        line = effect_line(effect, label, style, indent=indent)
        line.cells["weight"] = _weight(weight / total, style)
        lines.append(line)
    return lines


def _weight(share: float, style: str) -> str:
    """Write a weight in percent, with the sign where the head of its column has none."""
    marks = journal(style)
    plain = words.forest_style(style).weight.count("%")
    return number(100 * share, 1, marks) if plain else percent(share, 1, marks)


def _grouped(pooled: PooledEffect, groups: Subgroups, studies: Sequence[Line], style: str) -> list[Line]:
    """Set the studies under the heads of their subgroups, each followed by its own diamond."""
    lines = []
    for group, members in zip(groups.groups, groups.members, strict=True):
        lines.append(Line(label=group.label, bold=True))
        lines += [studies[i] for i in members]
        lines.append(_diamond(group, pooled, "Subtotal", style, members=[pooled.effects[i] for i in members]))
    return lines


def _shown(pooled: PooledEffect, style: str) -> PooledEffect:
    """Return the pooled effect that stands for the whole: the EBCTCG's total is the common effect."""
    return pooled.common if style == "ebctcg" and pooled.common is not None else pooled


def _totals(pooled: PooledEffect, style: str) -> list[Line]:
    shown = _shown(pooled, style)
    lines = [_diamond(shown, pooled, words.pooled_label(shown, style), style, members=pooled.effects, rule=True)]
    if style == "ebctcg" or pooled.common is None:
        return lines
    lines.append(_prediction_line(pooled, style))
    return [*lines, _diamond(pooled.common, pooled, words.pooled_label(pooled.common, style), style)]


def _diamond(
    shown: PooledEffect | Summary, pooled: PooledEffect, label: str, style: str, *,
    members: Sequence[EffectEstimate] = (), rule: bool = False,
) -> Line:  # fmt: skip
    """Make the line of a pooled effect; `members` are the rows whose counts it sums."""
    marks = journal(style)
    cells = {"estimate": interval_text(pooled.measure, (shown.estimate, shown.ci_low, shown.ci_high), marks)}
    if members:
        cells |= _summed(members, marks)
    if rule:
        cells["weight"] = _weight(1.0, style)
    mark = Mark(kind="diamond", point=shown.estimate, low=shown.ci_low, high=shown.ci_high)
    return Line(label=label, cells=cells, mark=mark, bold=True, rule=rule)


def _summed(effects: Sequence[EffectEstimate], marks: Style) -> dict[str, str]:
    """Add up events, patients, O-E and variance, each only where every study tells it."""
    columns = {name: [getattr(effect, name) for effect in effects] for name in _COUNTS}
    known = {name: None if None in column else sum(column) for name, column in columns.items()}
    rows = [(effect.point, effect.se**-2) for effect in effects if effect.point is not None and effect.se is not None]
    return {
        "counts": fraction(known["events"], known["n"]),
        "counts_1": fraction(known["events_1"], known["n_1"]),
        "counts_0": fraction(known["events_0"], known["n_0"]),
        "oe": number(sum(point * v for point, v in rows), 1, marks),
        "variance": number(sum(v for _, v in rows), 1, marks),
    }


def _prediction_line(pooled: PooledEffect, style: str) -> Line:
    low, high, label = pooled.prediction_low, pooled.prediction_high, f"{100 * pooled.level:g}% prediction interval"
    if low is None or high is None:
        return Line(label=label, cells={"estimate": NOT_ESTIMABLE})
    _, _, limits = interval_text(pooled.measure, (pooled.estimate, low, high), journal(style)).partition(" ")
    mark = Mark(kind="interval", point=pooled.estimate, low=low, high=high)
    return Line(label=label, cells={"range": limits}, mark=mark)
