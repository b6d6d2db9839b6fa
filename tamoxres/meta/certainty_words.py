"""What a certainty says: one sentence a reason, its pool in a line, and its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..tables.cells import interval_cell, p_cell
from ..tables.table import Cell, Column, Row, Table
from ..wording import number, p_value, ratio_with_interval
from .body import Body, Entry, SetAside, altered_share
from .posterior import FEW_STUDIES
from .scenario import Scenario

__all__ = ["SET_ASIDE", "pooling_words", "reasons_of", "scenario_text", "sureness_table"]

SET_ASIDE: Mapping[SetAside, str] = {
    "not_an_interaction": "no interaction",
    "not_a_ratio": "not a ratio",
    "not_randomised": "treatment not randomised",
    "recalled": "recalled, not read",
    "pooled": "pooled already",
    "turned_scale": "direction of the ratio is turned",
    "not_estimable": "not estimable",
    "same_trial": "another row of the same trial stands",
}
_STEPS = {
    "inconsistent": "Trials differ more than chance allows (I² of 50% or more, P of Q below 0.10): one step down.",
    "biased": "Half the weight or more comes from trials open to bias (their flags say which): one step down.",
    "indirect": (
        "Half the weight or more is indirect (another comparison, endpoint or marker than asked): one step down."
    ),
    "one_trial": "One trial alone: moderate at most for a modification, and no certainty of none.",
    "null_lowers": "Certainty for a modification is lower with the nulls than without them; the lower one stands.",
    "many_nulls": "More than 14 nulls: very low at most for a modification.",
    "no_randomised_interaction": "No within-trial interaction of randomised treatment.",
}
_SHOWN = 3
_CUTS = (
    "Chance of the other side: the one-sided P of the pool, or the posterior probability of a ratio on the other side "
    "of 1. For a modification, low needs 0.025, moderate 0.005, high 0.0025 at most, before steps down; the direction "
    "needs 0.10, 0.05, 0.025."
)


def reasons_of(body: Body, flags: Sequence[str], next_level: str, events: int | None) -> tuple[str, ...]:
    """Return the reasons of a certainty, one sentence each."""
    out = [_STEPS[code] for code in flags if code in _STEPS]
    if body.entries:
        out.insert(0, _counts(body))
    out += _without_numbers(body)
    if next_level and body.pooled:
        if events is None:
            out.append(f"Events that {next_level} certainty of none would need cannot be told: {_why_not(body)}.")
        else:
            out.append(f"{next_level.capitalize()} certainty of none needs about {events:,} events at this point.")
    if body.set_aside:
        counted = Counter(SET_ASIDE[code] for _, code in body.set_aside)
        out.append("Rows set aside: " + ", ".join(f"{why} ({n})" for why, n in counted.items()) + ".")
    return tuple(out)


def _why_not(body: Body) -> str:
    """Say why events cannot be told: they rest on the share of altered patients, and on a point within the band."""
    if altered_share(entry.row for entry in body.entries) is None:
        return "no row tells the share of altered patients"
    return "the point itself lies beyond the limits that it allows"


def _counts(body: Body) -> str:
    nulls = [entry for entry in body.entries if entry.null]
    named = f" ({_names(nulls)})" if nulls else ""
    kinds = {
        "null": any(not entry.significant and (entry.value is None or entry.value == 0) for entry in nulls),
        "on the other side of 1": any((entry.value or 0) < 0 for entry in nulls),
        "not told to support the claim": any(entry.significant for entry in nulls),
    }  # fmt: skip
    kind = " or ".join(words for words, holds in kinds.items() if holds) or "null"
    if len(body.entries) == 1:
        return f"1 randomised trial, {'' if nulls else 'not '}{kind}{named}."
    return f"{len(body.entries)} randomised trials, {len(nulls) or 'none'} of them {kind}{named}."


def _without_numbers(body: Body) -> list[str]:
    out = []
    if bounded := [entry for entry in body.pooled if not entry.numbered]:
        errors = ", ".join(f"{entry.row.label} SE {number(entry.se)}" for entry in bounded[:_SHOWN])
        out.append(f"Null without a number, bounded by its counts and pooled at -1.96, 0 and 1.96 SE: {errors}.")
    if body.unbounded:
        out.append(
            f"Without a number, and without counts that would bound it: {_names(body.unbounded)}; counted, so "
            "certainty for a modification is low at most."
        )
    if body.unaccounted:
        out.append("A result that stands in no pool takes one step from the certainty of none.")
    if significant := [entry for entry in body.entries if entry.significant]:
        out.append(f"Reported significant without a number: {_names(significant)}.")
    return out


def _names(entries: Iterable[Entry]) -> str:
    names = [entry.row.label for entry in entries]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def pooling_words(scenario: Scenario) -> str:
    """Write how a body was pooled: trials, method, and where nulls without a number stand."""
    method = "ad hoc Hartung-Knapp" if scenario.k >= FEW_STUDIES else "Bayesian, half-normal(0.5) on tau"
    where = "" if scenario.null_at is None else f"; nulls without a number at {scenario.null_at:g} SE"
    return f"{scenario.k} trial{'' if scenario.k == 1 else 's'}, {method}{where}"


def scenario_text(scenario: Scenario) -> str:
    """Write the pool of a body in one line."""
    limits = ratio_with_interval(scenario.estimate, scenario.ci_low, scenario.ci_high)
    against = p_value(scenario.judged.against)
    return (
        f"Ratio of ratios {limits}; chance of no effect in the claimed direction {against} ({pooling_words(scenario)})"
    )


def sureness_table(ratings: Mapping[str, str], scenarios: Sequence[Scenario], reasons: Sequence[str]) -> Table:
    """Print ratings, the pools behind them, and the reasons as notes."""
    rows = [Row((Cell(what), Cell(level), Cell(), Cell()), "level") for what, level in ratings.items()]
    for scenario in scenarios:
        limits = interval_cell((scenario.estimate, scenario.ci_low, scenario.ci_high), is_ratio=True)
        rows.append(Row((Cell(pooling_words(scenario)), Cell(), limits, p_cell(scenario.judged.against)), "level"))
    return Table(
        title="Certainty of an effect modification",
        columns=(
            Column("What"),
            Column("Certainty"),
            Column("Ratio of ratios (95% CI)", "ratio"),
            Column("Chance of the other side", "p"),
        ),
        rows=tuple(rows),
        footnotes=(*reasons, *([_CUTS] if scenarios else [])),
    )
