"""The routes from a log-rank test, counts of events, strata or survival curves to an estimate and its standard error.

Conventions: `_1` is the group whose hazard stands above the line, `_0` the other. The variance V of the log-rank
statistic is taken from the events: O1 O0 / (O1 + O0) where the events of both groups are known, else D a (1 - a) with D
events in all and the share `a` of patients in the first group, which is never assumed. These V are approximations that
hold near a hazard ratio of 1.

References
----------
Parmar MKB, Torri V, Stewart L 1998, Stat Med 17:2815. Tierney JF et al. 2007, doi:10.1186/1745-6215-8-16.
Williamson PR et al. 2002, doi:10.1002/sim.1303 (curves with numbers at risk).
Collett D 2015, Modelling Survival Data in Medical Research (V of a log-rank statistic).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..errors import EffectError
from .routes import Printed, Route, half_units, log_ratio, log_slacks, number_of, z_of_p

__all__ = ["Arms", "curve_table", "from_curves", "from_events", "from_logrank", "from_strata_p"]

_LARGEST_P = 0.80  # above it an interaction P says nothing about the error
_NO_EVENTS = 1e-6  # in place of no events in an interval (Parmar 1998)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """How many events there were, and in which group.

    Attributes
    ----------
    events : int or None
        In both groups.
    events_1, events_0 : int or None
        In each.
    allocation : float or None
        Share of patients in the first group.
    """

    events: int | None = None
    events_1: int | None = None
    events_0: int | None = None
    allocation: float | None = None

    @property
    def variance(self) -> float:
        """V of the log-rank statistic.

        Raises
        ------
        EffectError
            If no events are given, or a group had none.
        """
        if self.events_1 is not None and self.events_0 is not None:
            if min(self.events_1, self.events_0) < 1:
                raise EffectError(f"Events are {self.events_1} and {self.events_0}; both groups must have had some.")
            return self.events_1 * self.events_0 / (self.events_1 + self.events_0)
        share = self.allocation
        if self.events is None or self.events < 1 or share is None or not 0 < share < 1:
            raise EffectError(
                f"Found events {self.events} and allocation {share}; a variance needs the events of both groups "
                "(events_1, events_0), or all events and the share of patients in the first group (allocation, or n_1 "
                "and n_0)."
            )
        return self.events * share * (1 - share)


def from_events(estimate: Printed, arms: Arms) -> Route:
    """Take the standard error of a printed hazard ratio from the events: 1 / sqrt(V).

    Examples
    --------
    >>> round(from_events("0.85", Arms(events=485, allocation=0.5)).se, 4)
    0.0908
    """
    slack = log_slacks(estimate)[0]
    return Route(log_ratio(estimate, "estimate"), 1 / math.sqrt(arms.variance), "events", estimate_slack=slack)


def from_logrank(p: Printed, arms: Arms, *, worse: bool) -> Route:
    """Take the log hazard ratio from a log-rank P, the events and the direction: z / sqrt(V).

    Parameters
    ----------
    p : float or str
        Two-sided log-rank P.
    arms : Arms
    worse : bool
        Whether the first group did worse (a hazard ratio above 1); a P alone does not tell.

    Raises
    ------
    EffectError
        If P is not strictly between 0 and 1, or the events do not suffice.

    Examples
    --------
    >>> route = from_logrank("0.075", Arms(events_1=229, events_0=256), worse=False)
    >>> round(math.exp(route.estimate), 2)
    0.85
    """
    exact, half = number_of(p), half_units(p, least=2)[0]
    if not 0 < exact < 1:
        raise EffectError(f"logrank_p is {exact:g}; an exact P lies between 0 and 1.")
    se, sign = 1 / math.sqrt(arms.variance), 1 if worse else -1
    slack = se * (z_of_p(max(exact - half, 1e-300)) - z_of_p(exact))
    return Route(sign * z_of_p(exact) * se, se, "logrank_p", estimate_slack=slack)


def from_strata_p(altered: Printed, unaltered: Printed, p: Printed) -> Route:
    """Take a ratio of hazard ratios from two printed strata and the P of their interaction: SE = |d| / z.

    Raises
    ------
    EffectError
        If P is above 0.80, or the strata differ by no more than rounding: the error would be anything.

    Examples
    --------
    >>> route = from_strata_p("1.20", "0.60", "0.02")
    >>> round(math.exp(route.estimate), 2), round(route.se, 3)
    (2.0, 0.298)
    """
    exact, half = number_of(p), half_units(p, least=2)[0]
    if not 0 < exact < 1:
        raise EffectError(f"The interaction P is {exact:g}; an exact P lies between 0 and 1.")
    if exact > _LARGEST_P:
        raise EffectError(f"The interaction P is {exact:g}; above {_LARGEST_P:g} it says nothing about the error.")
    difference = log_ratio(altered, "the altered stratum") - log_ratio(unaltered, "the unaltered stratum")
    slack = sum(log_slacks(altered, unaltered))
    if abs(difference) <= slack:
        raise EffectError(
            f"The strata {number_of(altered):g} and {number_of(unaltered):g} differ by no more than rounding; their P "
            "gives no standard error."
        )
    size = abs(difference)
    least = (size - slack) / z_of_p(max(exact - half, 1e-300))
    return Route(
        difference, size / z_of_p(exact), "strata_p", estimate_slack=slack,
        se_limits=(least, (size + slack) / z_of_p(exact + half)),
    )  # fmt: skip


def curve_table(survival: Sequence[float], at_risk: Sequence[float]) -> list[tuple[float, float]]:
    """Return events and effective numbers at risk of each interval between points of one survival curve.

    Parameters
    ----------
    survival, at_risk : sequence of float (k + 1,)
        At the interval's ends; the first stands at the start.

    Returns
    -------
    list of (events, at risk), k of them
        With R and S at an interval's start and end: events (R0 + R1)(S0 - S1) / (S0 + S1), censored
        2 (R0 S1 - R1 S0) / (S0 + S1), and at risk R0 less half of those censored (Williamson 2002).
    """
    out = []
    for s0, s1, r0, r1 in zip(survival, survival[1:], at_risk, at_risk[1:], strict=False):
        events = (r0 + r1) * (s0 - s1) / (s0 + s1)
        censored = 2 * (r0 * s1 - r1 * s0) / (s0 + s1)
        out.append((events, r0 - max(censored, 0.0) / 2))
    return out


def from_curves(
    survival_1: Sequence[float], at_risk_1: Sequence[float], survival_0: Sequence[float], at_risk_0: Sequence[float]
) -> Route:
    """Take the log hazard ratio from two Kaplan-Meier curves read at the times of their numbers at risk.

    Parameters
    ----------
    survival_1, at_risk_1, survival_0, at_risk_0 : sequence of float (k + 1,)
        At the same times in both groups, the first at time 0 (survival 1). Use intervals with few events each (20 % of
        the patients at most).

    Returns
    -------
    Route
        Inverse-variance mean over the intervals of the log ratio of events to patients at risk, with variance
        1/d1 - 1/r1 + 1/d0 - 1/r0.

    Raises
    ------
    EffectError
        If the lists differ in length, survival rises or leaves 0 to 1, or the groups had no event at all.
    """
    columns = (survival_1, at_risk_1, survival_0, at_risk_0)
    if len({len(column) for column in columns}) != 1 or len(survival_1) < 2:
        raise EffectError(f"Curves need as many points each, two at least; found {[len(c) for c in columns]}.")
    _check_curve(survival_1, at_risk_1, "1")
    _check_curve(survival_0, at_risk_0, "0")
    ones, zeros = curve_table(survival_1, at_risk_1), curve_table(survival_0, at_risk_0)
    logs, weights = [], []
    for (events_1, r1), (events_0, r0) in zip(ones, zeros, strict=True):
        if events_1 + events_0 <= 0 or min(r1, r0) <= 0:
            continue
        d1, d0 = max(events_1, _NO_EVENTS), max(events_0, _NO_EVENTS)
        logs.append(math.log(d1 / r1) - math.log(d0 / r0))
        weights.append(1 / (1 / d1 - 1 / r1 + 1 / d0 - 1 / r0))
    if not logs or sum(weights) < 1e-3:
        raise EffectError("The curves hold no event in both groups; they give no hazard ratio.")
    total = sum(weights)
    log_hr = sum(weight * log for weight, log in zip(weights, logs, strict=True)) / total
    return Route(log_hr, 1 / math.sqrt(total), "km")


def _check_curve(survival: Sequence[float], at_risk: Sequence[float], group: str) -> None:
    falls = all(0 < b <= a <= 1 for a, b in pairwise(survival))
    fewer = all(0 <= b <= a for a, b in pairwise(at_risk))
    if not (falls and fewer):
        raise EffectError(
            f"Group {group}: survival and numbers at risk must fall from one time to the next, survival within 0 to 1; "
            f"found {list(survival)} and {list(at_risk)}."
        )
