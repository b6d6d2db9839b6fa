"""From the columns of one printed effect to its row: every route that they offer, the best taken, all compared.

| route | columns |
|---|---|
| se | log_estimate, se (a difference: estimate, se) |
| ci | estimate, ci_low, ci_high, at `level` (0.90, 0.95, 0.99) |
| oe_v | o_minus_e, variance |
| strata | estimate, ci_low, ci_high, each with _altered and _unaltered |
| p | estimate, p_value (exact), or estimate, logrank_p |
| strata_p | estimate_altered, estimate_unaltered, p_value of their interaction |
| logrank_p | logrank_p, direction, and events_1, events_0; or events and allocation (or n_1, n_0) |
| events | estimate, and events as above |
| km | km_survival_1, km_at_risk_1, km_survival_0, km_at_risk_0 (values at the same times, joined by `;`) |

Conventions: they are taken in this order. The first three and strata are compared where several stand, and must agree
within rounding (a P may be of another test). The last three are approximations, taken where nothing better stands.
A P that is only a bound gives no standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from ..errors import EffectError, cut
from . import routes, routes_events
from .agreement import Reported, printed_flags
from .estimate import EffectEstimate

__all__ = ["CURVES", "INPUTS", "Cells", "build", "routes_of"]

CURVES = ("km_survival_1", "km_at_risk_1", "km_survival_0", "km_at_risk_0")
_ALTERED = ("estimate_altered", "ci_low_altered", "ci_high_altered")
_UNALTERED = ("estimate_unaltered", "ci_low_unaltered", "ci_high_unaltered")
INPUTS = ("o_minus_e", "variance", "logrank_p", "allocation", *_ALTERED, *_UNALTERED, *CURVES)
"""Columns that are read and not written: what a route is made of."""

_LIMITS = {"ci_low", "ci_high"}
_NAMES = {
    "se": "log_estimate + se", "ci": "estimate + ci_low + ci_high", "oe_v": "o_minus_e + variance",
    "point": "estimate", "strata": "the two strata",
}  # fmt: skip
_KEPT_LIMITS = ("profile", "bootstrap")  # which need not agree with the standard error
_OF_TWO_GROUPS = ("HR", "sHR")
_LARGEST_LOG, _LARGEST = 1000.0, 1e30  # beyond these the products that pooling takes are no numbers


@dataclass(frozen=True, slots=True)
class Cells:
    """One row's cells: values by column, and the texts of those that were typed.

    Attributes
    ----------
    known : mapping
    texts : mapping of str to str
    ratio : bool
        Whether the measure is a ratio.
    """

    known: Mapping[str, Any]
    texts: Mapping[str, str]
    ratio: bool

    def has(self, *names: str) -> bool:
        """Whether all these columns are filled."""
        return all(name in self.known for name in names)

    def printed(self, name: str) -> routes.Printed:
        """Return a number as it was printed: its text where there is one."""
        number: routes.Printed = self.texts.get(name, self.known[name])
        return number

    @property
    def exact_p(self) -> bool:
        """Whether the P is an exact one."""
        return "p_value" in self.known and self.known.get("p_relation", "=") in ("=", "")

    @property
    def arms(self) -> routes_events.Arms:
        """The events and their allocation."""
        one, zero = self.known.get("n_1"), self.known.get("n_0")
        share = one / (one + zero) if one and zero else None
        known = {name: self.known.get(name) for name in ("events", "events_1", "events_0")}
        return routes_events.Arms(**known, allocation=self.known.get("allocation", share))

    @property
    def counted(self) -> bool:
        """Whether the events suffice for a variance."""
        arms = self.arms
        each = arms.events_1 is not None and arms.events_0 is not None
        return self.ratio and (each or (arms.events is not None and arms.allocation is not None))


def build(cells: Cells, *, old: bool = False) -> EffectEstimate:
    """Make the row of one set of cells.

    Parameters
    ----------
    cells : Cells
    old : bool
        Whether they are of version 1, which did not tell the kind of a P.

    Raises
    ------
    EffectError
        If no route leads to a standard error, or two routes disagree beyond rounding.
    """
    known, names = cells.known, _names()
    _refuse_level(known)
    row = {name: value for name, value in known.items() if name in names}
    if row.get("status", "estimated") != "estimated":
        return EffectEstimate(**_unestimated(row, cells))
    found = routes_of(cells)
    if not found:
        raise EffectError(_no_route(cells))
    _refuse_disagreement(found, str(known["study"]))
    best = found[0]
    _refuse_sizes(best, str(known["study"]), ratio=cells.ratio)
    if best.name != "se":
        row.setdefault("route", best.name)
        row["flags"] = tuple(dict.fromkeys((*row.get("flags", ()), *best.flags, *_more_flags(cells, best))))
        row |= {name: value for name, value in _of_route(cells, best).items() if not row.get(name)}
    told = known.keys() >= _LIMITS and (best.name == "ci" or not _follows(cells, best))
    if row.get("ci_kind", "") == "" and told:
        row["ci_kind"] = "printed"
    if old and "p_value" in row and "p_kind" not in row:
        row["p_kind"] = "wald" if _is_wald(row["p_value"], best, known.get("df")) else "printed"
    row["log_estimate" if cells.ratio else "difference"] = best.estimate
    row["se"] = best.se
    return EffectEstimate(**row)


@cache
def _names() -> frozenset[str]:
    return frozenset(one.name for one in fields(EffectEstimate))


def _refuse_level(known: Mapping[str, Any]) -> None:
    """Refuse a level or degrees of freedom that make no interval."""
    level, df = known.get("level", 0.95), known.get("df")
    if not 0 < level < 1:
        raise EffectError(f"{cut(known['study'])}: level is {level:g}; it lies between 0 and 1, as 0.95.")
    if df is not None and not df > 0:
        raise EffectError(
            f"{cut(known['study'])}: df is {df:g}; degrees of freedom are above 0, or empty for a normal interval."
        )


def _refuse_sizes(best: routes.Route, study: str, *, ratio: bool) -> None:
    """Refuse what no arithmetic can work with."""
    inside = best.se <= 0 or 1 / _LARGEST <= best.se <= _LARGEST
    if abs(best.estimate) > (_LARGEST_LOG if ratio else _LARGEST) or not inside:
        raise EffectError(
            f"{cut(study)}: an estimate of {best.estimate:g} with a standard error of {best.se:g} on the analysis "
            "scale is no effect. Correct it."
        )


def _more_flags(cells: Cells, best: routes.Route) -> tuple[str, ...]:
    """Return what the printed numbers of an interval and its P say of each other."""
    if best.name != "ci" or cells.known.get("p_kind", "printed") != "printed":
        return ()
    p = cells.printed("p_value") if "p_value" in cells.known else None
    return printed_flags(
        Reported(
            estimate=cells.printed("estimate"), low=cells.printed("ci_low"), high=cells.printed("ci_high"), p=p,
            relation=cells.known.get("p_relation", ""), level=cells.known.get("level", 0.95), df=cells.known.get("df"),
            ratio=cells.ratio,
        )
    )  # fmt: skip


def _of_route(cells: Cells, best: routes.Route) -> dict[str, Any]:
    """Return what a route tells of the row beside its numbers."""
    if best.name in ("strata", "strata_p"):
        return {"estimand": "interaction"}
    if "logrank_p" in cells.known and best.name in ("logrank_p", "p") and "p_value" not in cells.known:
        return {"p_value": cells.known["logrank_p"], "p_kind": "logrank"}
    return {}


def _no_route(cells: Cells) -> str:
    bound = cells.known.get("p_relation", "=") not in ("=", "")
    told = " Its P is a bound, which gives none; say status test_only if that is all there is." if bound else ""
    return (
        f"{cells.known['study']}: no route to a standard error.{told} "
        "Give estimate + ci_low + ci_high, log_estimate + se, o_minus_e + variance, estimate + p_value, estimate or "
        "logrank_p + direction with events_1 + events_0 (or events + allocation), or the points of two curves."
    )


def _is_wald(p: float, route: routes.Route, df: float | None) -> bool:
    return math.isclose(p, routes.two_sided_p(route.estimate, route.se, df), rel_tol=1e-9, abs_tol=1e-300)


def _unestimated(row: dict[str, Any], cells: Cells) -> dict[str, Any]:
    if "estimate" in cells.known and cells.ratio and "log_estimate" not in row:
        row["log_estimate"] = routes.log_ratio(cells.known["estimate"], "estimate")
    if "estimate" in cells.known and not cells.ratio:
        row["difference"] = cells.known["estimate"]
    return row


def routes_of(cells: Cells) -> list[routes.Route]:
    """Return every route that the cells offer, the most direct first; an approximation only where nothing else is.

    Parameters
    ----------
    cells : Cells
    """
    return list(_exact(cells)) or [route for take in _LAST if (route := take(cells)) is not None][:1]


def _exact(cells: Cells) -> Iterator[routes.Route]:
    """Give the routes that must agree with each other."""
    known, ratio = cells.known, cells.ratio
    level, df, point = known.get("level", 0.95), known.get("df"), "log_estimate" if ratio else "estimate"
    direct = routes.from_se(cells.printed(point), cells.printed("se")) if cells.has(point, "se") else None
    derived = direct is not None and _follows(cells, direct)
    if direct is not None:
        yield direct
    if cells.has("estimate", *_LIMITS) and not derived and known.get("ci_kind") not in _KEPT_LIMITS:
        numbers = (cells.printed(name) for name in ("estimate", "ci_low", "ci_high"))
        yield routes.from_ci(*numbers, level=level, df=df, ratio=ratio)
    elif direct is not None and "estimate" in known and ratio and not derived:
        yield routes.printed_point(cells.printed("estimate"), known["se"])
    if cells.has("o_minus_e", "variance") and ratio:
        yield routes.from_oe_v(cells.printed("o_minus_e"), cells.printed("variance"))
    if cells.has(*_ALTERED, *_UNALTERED) and ratio:
        yield _strata(cells, level)


def _strata(cells: Cells, level: float) -> routes.Route:
    """Take the interaction from the intervals of the two strata, which share no patients."""
    one, zero = (routes.from_ci(*map(cells.printed, names), level=level) for names in (_ALTERED, _UNALTERED))
    (low_1, high_1), (low_0, high_0) = one.se_range, zero.se_range
    return routes.Route(
        one.estimate - zero.estimate, math.hypot(one.se, zero.se), "strata", (*one.flags, *zero.flags),
        estimate_slack=one.estimate_slack + zero.estimate_slack,
        se_limits=(math.hypot(low_1, low_0), math.hypot(high_1, high_0)),
    )  # fmt: skip


def _p(cells: Cells) -> routes.Route | None:
    if cells.has("estimate") and cells.exact_p:
        return routes.from_p(cells.printed("estimate"), cells.printed("p_value"), ratio=cells.ratio)
    if cells.has("estimate", "logrank_p") and cells.ratio:
        return routes.from_p(cells.printed("estimate"), cells.printed("logrank_p"))
    return None


def _strata_p(cells: Cells) -> routes.Route | None:
    if not (cells.has("estimate_altered", "estimate_unaltered") and cells.exact_p and cells.ratio):
        return None
    names = ("estimate_altered", "estimate_unaltered", "p_value")
    return routes_events.from_strata_p(*map(cells.printed, names))


def _logrank(cells: Cells) -> routes.Route | None:
    if not cells.has("logrank_p") or cells.has("estimate") or cells.known.get("measure", "HR") != "HR":
        return None
    direction = cells.known.get("direction", "")
    if direction not in ("worse", "better"):
        raise EffectError(
            f"{cells.known['study']}: a log-rank P does not tell a direction. Say whether the first group did worse or "
            "better in the column direction."
        )
    return routes_events.from_logrank(cells.printed("logrank_p"), cells.arms, worse=direction == "worse")


def _events(cells: Cells) -> routes.Route | None:
    about_two = cells.known.get("measure", "HR") in _OF_TWO_GROUPS and cells.known.get("estimand") != "interaction"
    if not (cells.has("estimate") and cells.counted and about_two):
        return None
    return routes_events.from_events(cells.printed("estimate"), cells.arms)


def _km(cells: Cells) -> routes.Route | None:
    return routes_events.from_curves(*(cells.known[name] for name in CURVES)) if cells.has(*CURVES) else None


_LAST: tuple[Callable[[Cells], routes.Route | None], ...] = (_p, _strata_p, _logrank, _events, _km)


def _follows(cells: Cells, direct: routes.Route) -> bool:
    """Whether the printed numbers are those that we derive (at the ends of the float range no way leads back)."""
    known = cells.known
    low, high = routes.limits(direct.estimate, direct.se, known.get("level", 0.95), known.get("df"), ratio=cells.ratio)
    derived = {
        "estimate": routes.ratio_of(direct.estimate) if cells.ratio else direct.estimate,
        "ci_low": low, "ci_high": high,
    }  # fmt: skip
    return all(math.isclose(known[name], value, rel_tol=1e-12) for name, value in derived.items() if name in known)


def _refuse_disagreement(found: list[routes.Route], study: str) -> None:
    best = found[0]
    for other in found[1:]:
        if routes.disagree(best, other):
            raise EffectError(
                f"{study}: {_NAMES[best.name]} and {_NAMES[other.name]} disagree beyond rounding (estimate "
                f"{best.estimate:.4g} and {other.estimate:.4g}, SE {best.se:.4g} and {other.se:.4g} on the analysis "
                "scale). Keep the one that was printed."
            )
