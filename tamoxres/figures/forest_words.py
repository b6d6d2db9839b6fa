"""The words of a forest plot in each journal's way: heads, labels of totals, heterogeneity lines, favours labels.

Styles follow what the journals (and RevMan 5) print. `Style` of `wording` writes the numbers; here stand the words
around them.

References
----------
EBCTCG 1990, Treatment of Early Breast Cancer, vol 1 (O-E, variance, 99% and 95% intervals).
Higgins JPT, Thompson SG, Spiegelhalter DJ 2009, doi:10.1111/j.1467-985X.2008.00552.x (prediction interval).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..effects import EffectEstimate
from ..meta.pooled import CI_NAMES, TAU2_NAMES, PooledEffect
from ..meta.subgroups import Subgroups
from ..vocabulary import RATIO_MEASURES
from ..wording import Style, number, p_value
from ..wording.codes import treatment_words
from .style import ACCENT, DARK, INK, journal

__all__ = [
    "FORESTS", "ForestStyle", "arm_heads", "difference_text", "favours_labels", "forest_style", "heterogeneity_text",
    "log_head", "measure_head", "model_text", "overall_text", "pooled_label", "rows_head", "with_p",
]  # fmt: skip

_MEASURES = {
    "HR": ("HR", "Hazard ratio"), "sHR": ("sHR", "Subdistribution hazard ratio"), "RR": ("RR", "Risk ratio"),
    "OR": ("OR", "Odds ratio"), "RD": ("Risk difference", "Risk difference"),
    "RMSTD": ("RMST difference,\nmonths", "RMST difference,\nmonths"),
    "RMTLD": ("RMTL difference,\nmonths", "RMTL difference,\nmonths"),
    "other_difference": ("Difference", "Mean difference"),
}  # fmt: skip
_HIGHER_IS_BETTER = ("RMSTD",)
_ACCENT_TINT, _GREY_TINT, _RED = "#7FA8CC", "#A6A6A6", "#FF0000"  # light enough that an interval shows on its box
_RULES = {
    "same": "SE and df of the interval",
    "hts": "Wald SE, t with k - 2 df (Higgins-Thompson-Spiegelhalter)", "z": "Wald SE, normal",
    "k1": "Wald SE, t with k - 1 df", "hksj": "Hartung-Knapp SE, t with k - 1 df",
}  # fmt: skip
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestStyle:
    """What a journal asks of a forest plot beside its numbers.

    Attributes
    ----------
    label_head, subgroup_head : str
        Head of the first column in a meta-analysis and in a subgroup plot.
    columns : tuple of str
        Keys of the columns after the label, in order; `axis` is the plot itself.
    random, common : str
        Labels of the totals; empty for the house's own words.
    diamond, edge : str
        Face and edge colour of the diamonds.
    box : str
        Colour of the boxes.
    favours : str
        What is said of a side, `{}` being the group.
    counts, weight, p : str
        Heads of the columns of events, weights and P for interaction; a weight has its percent sign where its head has
        none.
    long_names : bool
        Measures by their whole names.
    plot_head : bool
        The measure stands above the plot too.
    axis_name : bool
        The measure stands under the axis, and the favours labels above the plot.
    missed : tuple of str
        Keys of the columns that may be left out where there is no room, the first one first.
    """

    label_head: str = "Study"
    subgroup_head: str = "Subgroup"
    columns: tuple[str, ...] = ("counts", "weight", "estimate", "axis", "p")
    random: str = ""
    common: str = ""
    diamond: str = ACCENT
    edge: str = ACCENT
    box: str = _ACCENT_TINT
    favours: str = "Favours {}"
    counts: str = "Events/N"
    weight: str = "Weight"
    p: str = "P for\ninteraction"
    long_names: bool = False
    plot_head: bool = False
    axis_name: bool = False
    missed: tuple[str, ...] = ("weight", "variance", "oe", "counts")


FOREST_HUES: tuple[str | tuple[str, str], ...] = (  # of diamonds, then of boxes, in every journal's style
    ACCENT, (INK, "diamond"), (DARK, "diamond"), "#ADD8E6", _ACCENT_TINT, _RED, (_GREY_TINT, "box"),
)  # fmt: skip
FORESTS = {
    "tamoxres": ForestStyle(),
    "revman5": ForestStyle(
        label_head="Study or Subgroup", subgroup_head="Study or Subgroup", random="Total (95% CI)",
        columns=("log", "se", "counts", "weight", "estimate", "axis", "p"), common="Common effect",
        missed=("counts", "weight", "se", "log"), diamond=INK, edge=INK,
        box=_RED, long_names=True, plot_head=True,
    ),
    "bmj": ForestStyle(
        columns=("counts", "axis", "weight", "estimate", "p"), random="Total (95% CI)", common="Common effect",
        diamond=DARK, edge=DARK, box=_GREY_TINT, counts="No of events/\ntotal", weight="Weight\n(%)",
        p="P value for\ninteraction", long_names=True, plot_head=True,
    ),
    "jama": ForestStyle(
        label_head="Source", columns=("counts", "estimate", "axis", "weight", "p"), random="Total, random effects",
        common="Total, common effect", diamond="#ADD8E6", edge=DARK, box=_GREY_TINT, favours="Favors {}",
        counts="No. of events/\ntotal No.", weight="Weight, %", p="P value for\ninteraction", long_names=True,
        axis_name=True,
    ),
    "lancet": ForestStyle(
        columns=("counts", "axis", "estimate", "weight", "p"), diamond=INK, edge=INK, box=_GREY_TINT,
        counts="Events/\npatients", p="p value for\ninteraction",
    ),
    "ebctcg": ForestStyle(
        columns=("counts", "oe", "variance", "axis", "estimate", "p"), diamond="white", edge=INK, box=_GREY_TINT,
        favours="{} better", counts="Events/\npatients",
    ),
}  # fmt: skip


def forest_style(name: str) -> ForestStyle:
    """Find a forest style by its journal's name, refusing one that `wording` does not know."""
    return FORESTS[journal(name).name]


def measure_head(measure: str, estimand: str, style: str, level: float, *, model: str = "", total: float = 0.0) -> str:
    """Return the head of the estimate column: the measure and the interval's level.

    RevMan names the `model` too, the EBCTCG the level of its totals where there are any.
    """
    short, long = _MEASURES.get(measure, ("Ratio", "Ratio"))
    if estimand == "interaction" and measure in RATIO_MEASURES:
        short, long = f"Ratio of {short}s", f"Ratio of {long[:1].lower()}{long[1:]}s"
    if style == "revman5" and model:
        return f"{long}\nIV, {model}, {100 * level:g}% CI"
    if style == "ebctcg":
        return f"{short} ({100 * level:g}% CI;\ntotal {100 * total:g}%)" if total else f"{short} ({100 * level:g}% CI)"
    name = long if FORESTS[style].long_names else short
    return f"{name}{chr(10) if FORESTS[style].plot_head else ' '}({100 * level:g}% CI)"


def log_head(measure: str, estimand: str) -> str:
    """Return RevMan's head for the logarithms: `log[Hazard ratio]`."""
    name = _MEASURES.get(measure, ("Ratio", "Ratio"))[1]
    return f"log[Ratio of {name[:1].lower()}{name[1:]}s]" if estimand == "interaction" else f"log[{name}]"


def rows_head(effects: Sequence[EffectEstimate]) -> str:
    """Return what the rows of one study are: contrasts of its groups, or choices of the analyst; empty otherwise."""
    if len({effect.study for effect in effects}) > 1 or len({effect.label for effect in effects}) < 2:
        return ""
    asked = {(effect.estimand, effect.marker_level, effect.compared) for effect in effects}
    return "Contrast" if len(asked) > 1 else "Choice"


def arm_heads(compared: tuple[str, str]) -> tuple[str, str]:
    """Return heads for the counts of the two groups compared, such as `tamoxifen` and `none`."""
    first, second = compared
    if not second:
        return "First group", "Second group"
    return first[:1].upper() + first[1:], f"No {first}" if second == "none" else second[:1].upper() + second[1:]


def favours_labels(effects: Sequence[EffectEstimate], words: str = "Favours {}") -> tuple[str, str]:
    """Return what an estimate on the left and on the right of no effect favours.

    Events are bad, so a ratio below 1 favours the group named first; more time without an event (RMSTD) and more
    responses (ORR) are good, and turn the sides round.
    """
    pairs = {effect.compared for effect in effects}
    first, second = pairs.pop() if len(pairs) == 1 else ("", "")
    sides = (first, f"no {first}" if second == "none" else second) if second else ("first group", "second group")
    if effects and all(effect.estimand == "interaction" for effect in effects):
        of = _benefit(effects)
        sides = (f"{of} in altered", f"{of} in unaltered")
    sides = (_side(words, sides[0]), _side(words, sides[1]))
    good = effects and all(e.measure in _HIGHER_IS_BETTER or e.endpoint == "ORR" for e in effects)
    return (sides[1], sides[0]) if good else sides


def _benefit(effects: Sequence[EffectEstimate]) -> str:
    """Name whose benefit an interaction compares, where the comparator is a treatment too: an AI over tamoxifen."""
    pairs = {(effect.treatment_1, effect.treatment_0) for effect in effects}
    first, second = pairs.pop() if len(pairs) == 1 else ("", "")
    return "benefit" if second in ("", "none") else f"benefit of {treatment_words(first)}"


def _side(words: str, group: str) -> str:
    text = words.format(group)
    return text[:1].upper() + text[1:]


def pooled_label(pooled: PooledEffect, style: str) -> str:
    """Return the label of a pooled row."""
    forest = FORESTS[style]
    if style == "ebctcg":
        return f"Total ({100 * pooled.level:g}% CI)"
    if pooled.tau2_method == "common":
        return forest.common or "Common effect"
    return forest.random or "Random effects"


def model_text(pooled: PooledEffect, style: str) -> str:
    """Say how the random effects were pooled, and by which rule the prediction interval was made."""
    if style == "ebctcg" or pooled.tau2_method == "common":
        return ""
    model = f"{TAU2_NAMES[pooled.tau2_method]}, {CI_NAMES[pooled.ci_method]} interval"
    return f"Random effects: {model}; prediction interval: {_RULES[pooled.prediction_rule]}."


def with_p(p: float | None, style: Style, relation: str = "") -> str:
    """Write `P = 0.03`, closed up (`p=0·03`) where the journal does so; one printed as a bound keeps its sign."""
    text = p_value(p, style, label=True, relation=relation)
    return text.replace(" ", "") if style.name in ("bmj", "lancet") else text


def heterogeneity_text(pooled: PooledEffect, style: str) -> str:
    """Write the heterogeneity line as the journal prints it; empty for fewer than two studies."""
    return _HETEROGENEITY[style](pooled, journal(style)) if pooled.k > 1 else ""


def _house(pooled: PooledEffect, style: Style) -> str:
    tau2 = "" if pooled.tau2_method == "common" else f"τ² = {number(pooled.tau2, 3)}; "
    q = f"Q = {number(pooled.q)}, df = {pooled.q_df}, {with_p(pooled.q_p, style)}"
    return f"Heterogeneity: {tau2}{q}; I² = {number(pooled.i2_q, 0)}%"


def _revman(pooled: PooledEffect, style: Style) -> str:
    tau2 = "" if pooled.tau2_method == "common" else f"Tau² = {number(pooled.tau2)}; "
    chi2 = f"Chi² = {number(pooled.q)}, df = {pooled.q_df} ({with_p(pooled.q_p, style)})"
    return f"Heterogeneity: {tau2}{chi2}; I² = {number(pooled.i2_q, 0)}%"


def _bmj(pooled: PooledEffect, style: Style) -> str:
    tau2 = "" if pooled.tau2_method == "common" else f"τ²={number(pooled.tau2)}; "
    chi2 = f"χ²={number(pooled.q)}, df={pooled.q_df}, {with_p(pooled.q_p, style)}"
    return f"Test for heterogeneity: {tau2}{chi2}; I²={number(pooled.i2_q, 0)}%"


def _jama(pooled: PooledEffect, style: Style) -> str:
    return f"Heterogeneity: {_chi2(pooled, ' = ', style)} ({with_p(pooled.q_p, style)}), I² = {number(pooled.i2_q, 0)}%"


def _lancet(pooled: PooledEffect, style: Style) -> str:
    tau2 = "" if pooled.tau2_method == "common" else f"τ²={number(pooled.tau2, 2, style)}; "
    chi2 = f"χ²={number(pooled.q, 2, style)}, df={pooled.q_df} ({with_p(pooled.q_p, style)})"
    return f"Heterogeneity: {tau2}{chi2}; I²={number(pooled.i2_q, 0)}%"


def _ebctcg(pooled: PooledEffect, style: Style) -> str:
    chi2 = f"{_chi2(pooled, ' = ', style, 1)}; {with_p(pooled.q_p, style)}"
    return f"Heterogeneity between {pooled.k} trials: {chi2}"


def _chi2(pooled: PooledEffect, equals: str, style: Style, decimals: int = 2) -> str:
    subscript = f"{pooled.q_df:.0f}".translate(_SUBSCRIPTS)
    return f"χ²{subscript}{equals}{number(pooled.q, decimals, style)}"


_HETEROGENEITY: dict[str, Callable[[PooledEffect, Style], str]] = {
    "tamoxres": _house, "revman5": _revman, "bmj": _bmj, "jama": _jama, "lancet": _lancet, "ebctcg": _ebctcg,
}  # fmt: skip


def overall_text(pooled: PooledEffect, style: str) -> str:
    """Write the test of the overall effect where the journal prints one, else an empty text."""
    marks = journal(style)
    if style not in ("revman5", "bmj"):
        return ""
    statistic = abs(pooled.point / pooled.se)
    symbol = "Z" if pooled.ci_method == "z" else "t"
    if style == "revman5":
        return f"Test for overall effect: {symbol} = {number(statistic)} ({with_p(pooled.p_value, marks)})"
    return f"Test for overall effect: {symbol.lower()}={number(statistic)}, {with_p(pooled.p_value, marks)}"


def difference_text(groups: Subgroups, style: str) -> str:
    """Write the test of subgroup differences."""
    marks = journal(style)
    symbol = {"revman5": "Chi²", "tamoxres": "Q"}.get(style, "χ²")
    gap = "" if style in ("bmj", "lancet") else " "
    test = f"{symbol}{gap}={gap}{number(groups.q, 2, marks)}, df{gap}={gap}{groups.df}"
    return f"Test for subgroup differences: {test} ({with_p(groups.p_value, marks)})"
