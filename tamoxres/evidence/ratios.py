"""Every within-trial interaction of marker and treatment that the literature tells, as rows: one table, nulls too.

Conventions. A ratio is altered over unaltered: above 1 the first-named treatment does relatively worse when the marker
is altered. Of one question of one study the first of these that can be had stands: the ratio as printed (turned round
where it is printed the other way); the difference of two strata with intervals (`route` strata); that of two strata's
points with the error that the printed interaction P implies, SE = |d| / z (`strata_p`), refused at P above 0.80, where
P is a bound, or where rounding of the points can have made the difference; two strata whose errors come from a P each.
A printed test and a result without a number stand as rows of their own, with their status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..effects import EffectEstimate
from ..effects.derive import from_strata
from ..effects.routes_events import from_strata_p
from ..errors import EffectError
from ..tables.effects import EffectRows
from .published import literature, strata_pairs
from .tables import Extraction

__all__ = ["trial_ratios"]

_SAME = ("study", "marker", "endpoint", "measure", "treatment_1", "treatment_0")
_COMPUTED = "derived_ratio_of_strata"
_TWICE = "overlaps_row_of_same_study"
_COMPOSITE = "composite_marker"
_OF_THE_TABLE = (_COMPUTED, _TWICE, "ci_derived_from_strata_ci", "ci_derived_from_interaction_p", "p_only")


def trial_ratios(
    *, marker: str | None = None, data: str | Path | Extraction | None = None, merge: bool = False
) -> EffectRows:
    """Return every interaction of marker and treatment within a trial: printed, from strata, nulls without a number.

    Parameters
    ----------
    marker, data, merge
        As in `literature`. Recalled, superseded and doubled rows are left out; a ratio that the table gives beside its
        two strata is worked anew from them.

    Returns
    -------
    EffectRows
        Estimand interaction; studies in the table's order, numbers before tests and words.

    Examples
    --------
    >>> [(row.label, row.route, row.status) for row in trial_ratios(marker="MTOR")][:2]
    [('Bostner 2013', 'strata', 'estimated'), ('Beelen 2014a', 'strata_p', 'estimated')]
    """
    asked: dict[str, Any] = {"marker": marker, "data": data, "merge": merge}
    printed = literature(estimand="interaction", **asked)
    twice = literature(estimand="interaction", include=_TWICE, **asked)
    computed = [row for row in twice if row.flagged(_COMPUTED)]
    tests = [*computed, *printed]
    pairs = strata_pairs(literature(estimand="treatment_effect", **asked), points=True)
    worked = [ratio for pair in pairs if (ratio := _of_pair(*pair, tests)) is not None]
    kept = [_turned(row) for row in printed if not _stands(row, worked)]
    order = list(dict.fromkeys(row.study for row in literature(include="all", **asked)))
    rows = sorted([*worked, *kept], key=lambda row: (order.index(row.study), row.status != "estimated"))
    return EffectRows(rows)


def _of_points(altered: EffectEstimate, unaltered: EffectEstimate, p: float) -> EffectEstimate | None:
    """Make an interaction of the points of two strata and the exact P of their interaction; None where refused."""
    if altered.estimate is None or unaltered.estimate is None:
        return None
    try:
        route = from_strata_p(_digits(altered.estimate), _digits(unaltered.estimate), p)
    except EffectError:  # P above 0.80, or rounding of the points can have made their difference
        return None
    return replace(
        altered, estimand="interaction", marker_level="", status="estimated", direction="",
        log_estimate=route.estimate, se=route.se, se_kind="", df=None, ci_low=None, ci_high=None, ci_kind="",
        p_value=p, p_kind="printed", p_relation="", route="strata_p", n=None, events=None, n_1=altered.n,
        n_0=unaltered.n, events_1=altered.events, events_0=unaltered.events, remark="",
        flags=_joined(altered.flags, unaltered.flags, ("derived_from_two_strata",)),
    )  # fmt: skip


def _digits(estimate: float) -> str:
    """Write an estimate as it was printed: a logarithm and its exponential leave a rest in the last places."""
    return repr(round(estimate, 12))


def _of_pair(
    altered: EffectEstimate, unaltered: EffectEstimate, tests: Sequence[EffectEstimate]
) -> EffectEstimate | None:
    """Take a pair's own intervals, else its points and an exact P, else the errors that two P values imply."""
    about = [test for test in tests if _same(test, altered)]
    both = altered.status == unaltered.status == "estimated"
    ratio = from_strata(altered, unaltered) if both else None
    if ratio is None or "p" in (altered.route, unaltered.route):
        exact = [test.p_value for test in about if _is_exact(test)]
        points = _of_points(altered, unaltered, exact[0]) if exact and exact[0] is not None else None
        ratio = points or ratio
    if ratio is None:
        return None
    told = [test for test in about if test.flagged(_COMPUTED)]
    lent = [flag for test in told for flag in test.flags if flag not in _OF_THE_TABLE]
    n = next((test.n for test in told if test.n), None)
    return replace(ratio, n=ratio.n or n, flags=_joined(ratio.flags, lent))


def _is_exact(test: EffectEstimate) -> bool:
    return test.p_value is not None and test.p_kind == "printed" and test.p_relation in ("", "=")


def _same(test: EffectEstimate, other: EffectEstimate) -> bool:
    """Whether two rows are of one question: the marker's state too, and whether it is a composite."""
    alike = all(getattr(test, name) == getattr(other, name) for name in (*_SAME, "rule"))
    return alike and test.flagged(_COMPOSITE) == other.flagged(_COMPOSITE)


def _stands(row: EffectEstimate, worked: Iterable[EffectEstimate]) -> bool:
    """Whether a row with a number or its P stands already among those worked from strata."""
    same = [other for other in worked if _same(row, other)]
    return bool(same) and (row.flagged(_COMPUTED) or any(row.p_value == other.p_value for other in same))


def _turned(row: EffectEstimate) -> EffectEstimate:
    return row.reversed() if row.group_1 == "unaltered" else row


def _joined(*flags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flag for part in flags for flag in part))
