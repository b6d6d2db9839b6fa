"""The sentence of a verdict, written from its facts and from nothing else.

Conventions: a direction is told by the hazard ratios of treatment in both levels of the marker; "helps" and "harms"
stand only where Gail and Simon's test allows both; treatments are named as `treatment_words` names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..effects import EffectEstimate
from ..wording import p_value, ratio, ratio_limits, ratio_with_interval
from ..wording.codes import treatment_words
from ..wording.rows import per_words

if TYPE_CHECKING:
    from .verdict import OverTime, Verdict

__all__ = ["detectable_words", "sentence_of", "treatment_name"]

_FEW_EVENTS = 10
_GROUPS = (("unaltered", 0), ("unaltered", 1), ("altered", 0), ("altered", 1))


def sentence_of(verdict: Verdict) -> str:
    """Write what a verdict allows to be said, as one or more sentences.

    Returns
    -------
    str
    """
    if verdict.ratio is None or verdict.prognostic is None:
        return (
            f"No patients of {verdict.cohort} are known to be untreated: a marker can be prognostic there, but nothing "
            "can be said about whether the treatment works less well when it is altered."
        )
    write = {
        "too few events to say": _too_few, "interaction seen, not proportional": _not_proportional,
        "interaction supported (randomised)": _seen, "interaction seen, treatment not randomised": _seen,
        "prognostic; interaction inconclusive": _inconclusive, "no evidence either way": _no_evidence,
        "prognostic; interaction within margin": _within, "interaction within margin": _within,
    }[verdict.finding]  # fmt: skip
    first = write(verdict, verdict.ratio, verdict.prognostic)
    return " ".join([first, *_additions(verdict, verdict.ratio)])


def treatment_name(row: EffectEstimate) -> str:
    """Name the treatment whose effect a row speaks of: `tamoxifen`, or `aromatase inhibitor rather than tamoxifen`.

    Examples
    --------
    >>> row = EffectEstimate(study="a", treatment_1="aromatase_inhibitor", treatment_0="tamoxifen", status="test_only")
    >>> treatment_name(row)
    'aromatase inhibitor rather than tamoxifen'
    """
    if not row.treatment_1:
        return "the treatment"
    name = treatment_words(row.treatment_1)
    return name if row.treatment_0 in ("", "none") else f"{name} rather than {treatment_words(row.treatment_0)}"


def detectable_words(verdict: Verdict) -> str:
    """Write the ratios that the cohort could have seen, each side by itself."""
    below, above = verdict.minimum_detectable
    sides = [f"{ratio(above)} or more"] if above is not None else []
    sides += [f"{ratio(below)} or less"] if below is not None else []
    none = " and ".join(side for side, found in (("below", below), ("above", above)) if found is None)
    unseen = f"no ratio {none} 1 could be seen" if none else ""
    if not sides:
        return f"with 80% power {unseen}"
    per = "" if verdict.ratio is None else _per(verdict.ratio)
    seen = f"with 80% power this cohort could have seen a ratio{per} of {', or of '.join(sides)}"
    return f"{seen}; {unseen}" if unseen else seen


def _per(row: EffectEstimate, *, named: bool = False) -> str:
    """Say what a ratio of a number is per: ` per SD`; nothing where altered is compared with unaltered."""
    return f" {per_words(row.scale, '', row.variable if named else '')}" if row.is_number else ""


def _marker(row: EffectEstimate) -> str:
    """Name what goes with the outcome: `HER2 altered`, or what was measured."""
    return row.variable if row.is_number else f"{row.marker} altered"


def _when(row: EffectEstimate, level: str, *, again: bool = False) -> str:
    """Name a level of the marker within a sentence: `when HER2 is altered`, `at its upper quartile`."""
    if row.is_number:
        return f"at its {level.replace('_', ' ')}"
    return f"when {'it' if again else row.marker} is {level}"


def _hazard(row: EffectEstimate | None) -> str:
    return "NE" if row is None else ratio_with_interval(row.estimate, *row.ci())


def _ratios(row: EffectEstimate) -> str:
    return f"ratio of HRs {_hazard(row)}{_per(row)}, {p_value(row.p_value, label=True)}"


def _among(row: EffectEstimate) -> str:
    """Name the patients of the prognostic effect."""
    usual = row.treatment_0 in ("", "none") and row.treatment_1 in ("", "endocrine", "tamoxifen")
    return "treated patients" if usual else f"patients on {treatment_words(row.treatment_1)}"


def _too_few(verdict: Verdict, row: EffectEstimate, prognostic: EffectEstimate) -> str:
    events = () if verdict.groups is None else verdict.groups.events
    level, treated = _GROUPS[events.index(min(events))]
    name = row.variable or row.marker
    if row.is_number:
        level = {"altered": "above its median", "unaltered": "up to its median"}[level]
    arm = ("untreated", "treated")[treated]
    if row.treatment_0 not in ("", "none"):
        arm = treatment_words(row.treatment_1 if treated else row.treatment_0)
    by = " by Firth's penalised likelihood" if row.model == "firth" else ""
    return (
        f"{name} {level}, {arm}: {_events(min(events))}; so few that nothing can be said of an interaction "
        f"(ratio of HRs{by} {_hazard(row)}{_per(row)})."
    )


def _events(count: int) -> str:
    return "no events" if count == 0 else f"{count} event{'' if count == 1 else 's'}"


def _inconclusive(verdict: Verdict, row: EffectEstimate, prognostic: EffectEstimate) -> str:
    return (
        f"Among {_among(row)} {_marker(row)} goes with HR {_hazard(prognostic)}{_per(row)} for {row.endpoint}; whether "
        f"it predicts failure of the treatment stays open ({_ratios(row)}; {detectable_words(verdict)})."
    )


def _no_evidence(verdict: Verdict, row: EffectEstimate, prognostic: EffectEstimate) -> str:
    return (
        f"Neither a prognostic effect among {_among(row)} (HR {_hazard(prognostic)}{_per(row, named=True)}) nor an "
        f"interaction ({_ratios(row)}) is shown; that is not evidence of no effect: {detectable_words(verdict)}."
    )


def _within(verdict: Verdict, row: EffectEstimate, prognostic: EffectEstimate) -> str:
    who, low_high = _among(row), _margin(verdict, row)
    first = f"Among {who} {_marker(row)} goes with HR {_hazard(prognostic)}{_per(row)} for {row.endpoint}; "
    marked = verdict.finding == "prognostic; interaction within margin"
    inside = f"{'the' if marked else 'The'} interaction lies within the margin {low_high}"
    changes = f"change{_per(row)}" if row.is_number else "differ between the marker's levels"
    return (
        f"{first if marked else ''}{inside}, so the effect of {treatment_name(row)} on {row.endpoint} does not "
        f"{changes} by more than the margin allows."
    )


def _margin(verdict: Verdict, row: EffectEstimate) -> str:
    low, high = row.ci(0.90)
    margin = "" if verdict.margin is None else f"{ratio(verdict.margin[0])} to {ratio(verdict.margin[1])} "
    limits = ratio_limits(row.estimate, low, high)
    return f"{margin}(ratio of HRs {ratio(row.estimate)}{_per(row)}, 90% CI {limits})"


def _seen(verdict: Verdict, row: EffectEstimate, prognostic: EffectEstimate) -> str:
    return f"{_direction(verdict, row)} ({_ratios(row)}); {_design(verdict, row)}."


def _design(verdict: Verdict, row: EffectEstimate) -> str:
    if row.design == "randomised":
        return "treatment was randomised"
    wholly = "only in part" if row.design == "partly_randomised" else "not"
    checks = "; the robustness panel was not run" if verdict.robustness is None else ""
    return f"treatment was {wholly} randomised, so that confounding may explain it{checks}"


def _levels(verdict: Verdict) -> tuple[tuple[str, EffectEstimate], ...]:
    """Return treatment at both levels of the marker, with its name, the smaller hazard ratio first."""
    pairs = [(r.marker_level or n, r) for n, r in (("unaltered", verdict.unaltered), ("altered", verdict.altered)) if r]
    return tuple(sorted(pairs, key=lambda pair: pair[1].point or 0.0))


def _direction(verdict: Verdict, row: EffectEstimate) -> str:
    """Say from both hazard ratios which way the treatment goes in each level of the marker."""
    (first, smaller), (second, larger) = _levels(verdict)
    name = treatment_name(row)
    both = _both(row, (first, smaller), (second, larger))
    if verdict.qualitative_p is not None:
        return f"{_capital(name)} and {row.endpoint}: {both}, {_qualitative(verdict, row, (first, second))}"
    if (smaller.point or 0.0) > 0:
        return f"{_capital(name)} goes with more events in both groups ({row.endpoint}: {both}), more so in the second"
    less = "smaller" if second in ("altered", "upper_quartile") else "larger"
    where = f"the higher {row.variable} is" if row.is_number else f"when {row.marker} is altered"
    return f"The effect of {name} on {row.endpoint} is {less} {where}: {both}"


def _both(row: EffectEstimate, one: tuple[str, EffectEstimate], other: tuple[str, EffectEstimate]) -> str:
    """Write treatment's hazard ratio at both levels."""
    first, second = _when(row, one[0]), _when(row, other[0], again=True)
    return f"HR {_hazard(one[1])} {first}, {_hazard(other[1])} {second}"


def _qualitative(verdict: Verdict, row: EffectEstimate, levels: tuple[str, str]) -> str:
    test = f"Gail-Simon {p_value(verdict.qualitative_p, label=True)}"
    if verdict.qualitative_p is None or verdict.qualitative_p > verdict.alpha:
        return f"on both sides of 1, but whether the second group is harmed is not shown ({test})"
    taken = "" if row.design == "randomised" else "taken at face value "
    return (
        f"on both sides of 1: {taken}{treatment_name(row)} helps {_when(row, levels[0])} and harms "
        f"{_when(row, levels[1], again=True)} ({test})"
    )


def _not_proportional(verdict: Verdict, row: EffectEstimate, prognostic: EffectEstimate) -> str:
    over = verdict.over_time
    changes = "" if over is None else f" ({_tests(over)})"
    return (
        f"{_capital(treatment_name(row))} and {row.endpoint} by {row.variable or row.marker}: an interaction "
        f"is seen ({_ratios(row)}), but it changes over follow-up{changes}, so no direction is given. {_periods(over)} "
        f"{_capital(_design(verdict, row))}."
    )


def _tests(over: OverTime) -> str:
    joint, product = p_value(over.joint_p, label=True), p_value(over.product_p, label=True)
    return f"score test of treatment and product {joint}, of the product {product}"


def _periods(over: OverTime | None) -> str:
    """Write ratio and hazard ratios of both halves of follow-up."""
    if over is None or not over.early:
        return "Halves of follow-up cannot be told apart: a group has no events in one of them."
    cut = over.early[0].to_months or 0.0
    parts = []
    number = over.early[0].is_number
    high, low = ("at the upper quartile", "at the lower") if number else ("altered", "unaltered")
    for when, rows in ((f"Up to month {cut:.0f}", over.early), ("after it", over.late)):
        parts.append(f"{when}: ratio {_hazard(rows[0])}, HR {_hazard(rows[1])} {high}, {_hazard(rows[2])} {low}")
    p = p_value(over.change_p[0], label=True)
    return f"{'; '.join(parts)} (change of the ratio {p})."


def _additions(verdict: Verdict, row: EffectEstimate) -> list[str]:
    """Write what a reader must know beside the label."""
    out = []
    if not verdict.seen and verdict.finding != "too few events to say":
        out += _sides(verdict, row)
    if verdict.seen and verdict.within_margin:
        out.append(f"The interaction lies within the margin {_margin(verdict, row)}.")
    if verdict.tests_disagree:
        likelihood, wald = p_value(row.p_value, label=True), p_value(row.wald_p, label=True)
        out.append(
            f"The likelihood-ratio test ({likelihood}) and the Wald test ({wald}) lie on two sides of "
            f"{verdict.alpha:g}."
        )
    smallest = verdict.smallest
    if smallest is not None and smallest < _FEW_EVENTS and verdict.finding != "too few events to say":
        out.append(f"The smallest group of marker and treatment has {_events(smallest)}, so this rests on few.")
    if verdict.robustness is not None and (verdict.seen or verdict.robustness.differs):
        out.append(verdict.robustness.summary)
    return out


def _sides(verdict: Verdict, row: EffectEstimate) -> list[str]:
    """Say of an interaction that is not seen where both hazard ratios lie, if not both below 1."""
    (first, smaller), (second, larger) = _levels(verdict)
    both = _both(row, (first, smaller), (second, larger))
    name = _capital(treatment_name(row))
    if verdict.qualitative_p is not None:
        return [f"{name}: {both}, on both sides of 1; whether the second group is harmed is not shown."]
    if (smaller.point or 0.0) > 0:
        return [f"{name} goes with more events in both groups: {both}."]
    return []


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
