"""How sure randomised evidence makes us that a marker modifies the effect of treatment, and that it does not.

Three ratings, each none, very low, low, moderate or high, from within-trial interactions of randomised treatment alone:

- `direction`: that the ratio lies on the claimed side of 1;
- `for_modification`: that treatment works differently as claimed, the lowest rating over the body with any subset of
  the nulls left out, so that a null never raises it;
- `of_none`: that there is no modification that matters, by bands of the 95% interval.

`meta.body` says which rows enter and what a null is, `meta.rating` how chance, consistency and the bands are judged.
Nulls without a number enter at -1.96, 0 and +1.96 standard errors, and the lowest of the three ratings stands; where no
counts bound them, `for_modification` and `direction` are low at most, and `of_none` is one step lower. Certainty for a
modification and of none go one step down each for inconsistency, and where biased or indirect trials hold half the
weight. One trial alone gives moderate at most; beyond 14 nulls nothing above very low is given.

References
----------
Schandelmaier S et al. 2020, doi:10.1503/cmaj.200077 (ICEMAN). Röver C et al. 2021, doi:10.1002/jrsm.1475.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from typing import Literal, get_args

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..tables.table import Table
from .body import Body, Claimed, Entry, SetAside, altered_share, body_of
from .certainty_words import reasons_of, scenario_text, sureness_table
from .rating import (
    DIRECTION_CUTS,
    FOR_CUTS,
    LOW,
    MODERATE,
    NONE,
    VERY_LOW,
    Chance,
    band,
    chance,
    events_needed,
    level_of,
    pooled95,
    subsets,
)  # fmt: skip
from .scenario import Scenario

__all__ = ["Certainty", "Level", "certainty"]

Level = Literal["none", "very low", "low", "moderate", "high"]
LEVELS: tuple[Level, ...] = get_args(Level)
_NULLS_AT = (-1.96, 0.0, 1.96)
_MOST_NULLS = 14  # 2^14 bodies are tried
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """How sure we are of an effect modification, and of none.

    Attributes
    ----------
    claimed : "above" | "below"
        Side of 1 on which the ratio is claimed to lie.
    direction, for_modification, of_none : "none" | "very low" | "low" | "moderate" | "high"
    reasons : tuple of str
        One sentence each.
    flags : tuple of str
        Codes of what was counted: `no_randomised_interaction`, `inconsistent`, `biased`, `indirect`, `unbounded_nulls`,
        `bounded_nulls`, `significant_without_number`, `one_trial`, `null_lowers`, `many_nulls`.
    effects : tuple of EffectEstimate
        Rows that enter, one a trial.
    nulls : tuple of EffectEstimate
        The nulls among them.
    set_aside : tuple of (EffectEstimate, str)
        Rows that do not enter, each with the code of why.
    scenarios : tuple of Scenario
        The pool of the body; three where nulls without a number are bounded by their counts.
    next_level : str
        The next level of `of_none` by its bands; empty at the narrowest.
    events_for_next : int or None
        Events that would reach it if the point stayed, for arms of equal size.

    Examples
    --------
    >>> import tamoxres as tr
    >>> found = tr.interactions(marker="HER2").comparisons[0].certainty
    >>> found.for_modification, found.of_none
    ('very low', 'none')
    """

    claimed: Claimed
    direction: Level
    for_modification: Level
    of_none: Level
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    effects: tuple[EffectEstimate, ...]
    nulls: tuple[EffectEstimate, ...]
    set_aside: tuple[tuple[EffectEstimate, SetAside], ...]
    scenarios: tuple[Scenario, ...]
    next_level: Level | Literal[""] = ""
    events_for_next: int | None = None

    @property
    def k(self) -> int:
        """Number of trials that enter."""
        return len(self.effects)

    def table(self) -> Table:
        """Print the three ratings with the pool behind them, and the reasons as notes."""
        return sureness_table(self.ratings, self.scenarios, self.reasons)

    @property
    def ratings(self) -> dict[str, str]:
        """The three ratings by what they are of."""
        side = f"a ratio {self.claimed} 1"
        return {
            f"Direction ({side})": self.direction, f"For a modification ({side})": self.for_modification,
            "Of no modification": self.of_none,
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [f"{what}: {level}" for what, level in self.ratings.items()]
        lines += [scenario_text(scenario) for scenario in self.scenarios]
        return "\n".join([*lines, *self.reasons])

    def _repr_html_(self) -> str:
        return f"<p>{'<br>'.join(escape(line) for line in str(self).splitlines())}</p>"


def certainty(rows: Iterable[EffectEstimate], *, claimed: Claimed = "above") -> Certainty:
    """Rate how sure randomised evidence makes us of an effect modification, and of none.

    Parameters
    ----------
    rows : iterable of EffectEstimate
        Interactions of one marker and one pair of treatments; what is not a within-trial interaction of randomised
        treatment is set aside by name. Of several rows of one trial the first given with a number stands for it, or
        else the first given.
    claimed : "above" | "below"
        Side of 1 on which the ratio of hazard ratios (altered over unaltered) is claimed to lie; above: treatment does
        less for altered patients.

    Returns
    -------
    Certainty

    Raises
    ------
    PoolingError
        If rows of two markers or two pairs of treatments would enter.

    Examples
    --------
    >>> about = {"marker": "HER2", "estimand": "interaction", "design": "randomised"}
    >>> trials = [EffectEstimate.from_p(1.6, 0.06, study=f"Trial {i}", **about) for i in range(5)]
    >>> found = certainty(trials)
    >>> found.direction, found.for_modification, found.of_none
    ('high', 'low', 'none')
    """
    if claimed not in get_args(Claimed):
        raise PoolingError(f"Unknown claimed {claimed!r}. Use above or below, the side of 1 that is claimed.")
    body = body_of(list(rows), claimed)
    direction, supported, flags = _for(body)
    scenarios = _scenarios(body, claimed)
    of_none, step_flags = _of_none(body, scenarios)
    reached, events = _next(body, scenarios)
    found = Certainty(
        claimed=claimed, direction=LEVELS[direction], for_modification=LEVELS[supported], of_none=LEVELS[of_none],
        reasons=(), flags=tuple(dict.fromkeys([*_counted(body), *flags, *step_flags])),
        effects=tuple(entry.row for entry in body.entries),
        nulls=tuple(entry.row for entry in body.entries if entry.null), set_aside=body.set_aside,
        scenarios=scenarios, next_level=reached, events_for_next=events,
    )  # fmt: skip
    return replace(found, reasons=reasons_of(body, found.flags, reached, events))


def _counted(body: Body) -> list[str]:
    """Give the codes of what the body holds."""
    holds = {
        "no_randomised_interaction": not body.entries,
        "one_trial": len(body.entries) == 1,
        "bounded_nulls": any(not entry.numbered for entry in body.pooled),
        "unbounded_nulls": bool(body.unbounded),
        "significant_without_number": any(entry.significant for entry in body.entries),
    }
    return [code for code, is_so in holds.items() if is_so]


def _for(body: Body) -> tuple[int, int, list[str]]:
    """Rate direction and certainty for: the lowest over every subset of the nulls, and every value of bounded ones."""
    nulls = [entry for entry in body.pooled if entry.null]
    others = [entry for entry in body.pooled if not entry.null]
    if not others:
        return NONE, NONE, []
    cap = LOW if body.unbounded else len(LEVELS) - 1
    if len(nulls) > _MOST_NULLS:
        whole = _lowest(body)
        return min(VERY_LOW, whole[0]), min(VERY_LOW, whole[1]), ["many_nulls"]
    without = _lowest(replace(body, entries=tuple(others)))
    direction, supported = without
    for chosen in subsets(len(nulls)):
        if direction == supported == NONE or not chosen:
            break
        part = replace(body, entries=(*others, *(nulls[i] for i in chosen)))
        ratings = _lowest(part)
        direction, supported = min(direction, ratings[0]), min(supported, ratings[1])
    return min(cap, direction), min(cap, supported), ["null_lowers"] if (direction, supported) != without else []


def _lowest(body: Body) -> tuple[int, int]:
    """Rate direction and certainty for of one body, at the least favourable value of its bounded nulls."""
    out = (len(LEVELS) - 1, len(LEVELS) - 1)
    for null_at in _values(body):
        judged = chance(*body.arrays(null_at))
        supported = level_of(judged.against, FOR_CUTS)
        if supported > NONE:
            supported = max(VERY_LOW, supported - len(_steps(body, judged)))
        if judged.k == 1:
            supported = min(MODERATE, supported)
        out = min(out[0], level_of(judged.against, DIRECTION_CUTS)), min(out[1], supported)
    return out


def _values(body: Body) -> tuple[float, ...]:
    """Where bounded nulls without a number are put, in standard errors."""
    return _NULLS_AT if any(not entry.numbered for entry in body.pooled) else (0.0,)


def _steps(body: Body, judged: Chance) -> list[str]:
    """Give the codes of what takes a step each from a body."""
    holds = {
        "inconsistent": judged.inconsistent,
        "biased": _weight(body.pooled, "biased") >= _HALF,
        "indirect": _weight(body.pooled, "indirect") >= _HALF,
    }
    return [code for code, is_so in holds.items() if is_so]


def _weight(entries: Iterable[Entry], name: str) -> float:
    """Share of the common-effect weight that entries of a kind hold."""
    weights = [(float(entry.se or math.inf) ** -2, bool(getattr(entry, name))) for entry in entries]
    return sum(weight for weight, is_so in weights if is_so) / sum(weight for weight, _ in weights)


def _scenarios(body: Body, claimed: Claimed) -> tuple[Scenario, ...]:
    """Pool the whole body, with bounded nulls at each of their values."""
    if not body.pooled:
        return ()
    values, sign, out = _values(body), 1.0 if claimed == "above" else -1.0, []
    for null_at in values:
        y, v = body.arrays(null_at)
        pooled, judged = pooled95(y, v), chance(y, v)
        limits = sorted(math.exp(sign * limit) for limit in (pooled.low, pooled.high))
        out.append(
            Scenario(
                null_at=null_at if len(values) > 1 else None, k=judged.k, pooled=pooled, judged=judged,
                estimate=math.exp(sign * pooled.point), ci_low=limits[0], ci_high=limits[1],
            )
        )  # fmt: skip
    return tuple(out)


def _of_none(body: Body, scenarios: tuple[Scenario, ...]) -> tuple[int, list[str]]:
    """Rate certainty of none: the band of the least favourable pool, less one step each."""
    if not scenarios:
        return NONE, []
    level = min(band(scenario.pooled) for scenario in scenarios)
    steps = list(dict.fromkeys(code for scenario in scenarios for code in _steps(body, scenario.judged)))
    down = len(steps) + bool(body.unaccounted)
    return max(NONE, level - down), steps


def _next(body: Body, scenarios: tuple[Scenario, ...]) -> tuple[Level | Literal[""], int | None]:
    """Return the next band of the least favourable pool, and the events that would reach it."""
    if not scenarios:
        return "", None
    worst = min(scenarios, key=lambda scenario: (band(scenario.pooled), -np.ptp(scenario.pooled.limits)))
    level = band(worst.pooled)
    if level == len(LEVELS) - 1:
        return "", None
    share = altered_share(entry.row for entry in body.entries)
    return LEVELS[max(level + 1, LOW)], events_needed(worst.pooled, share)
