"""What the examined review claims of each marker, and the trials' ratios of hazard ratios beside each other.

The ratios answer different questions (tamoxifen v none, 5 v 2 years, an aromatase inhibitor v tamoxifen) on different
endpoints: they are shown side by side and pooled only where a caller maps them by name, which then stands in the notes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..effects import EffectEstimate
from ..effects.derive import from_strata
from ..effects.routes import side_errors
from ..registry import Claim, declared
from ..registry.known import evidence_names
from .check import open_extraction
from .published import literature, strata_pairs
from .rows import effects_of
from .tables import Extraction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Claim", "claims", "side_by_side"]

_COLUMNS = (
    "marker", "study", "contrast", "endpoint", "measure", "altered", "unaltered", "ratio", "ci_low", "ci_high", "se",
    "se_least", "se_most", "p_value", "printed_p", "route", "remark", "design", "flags",
)  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """Return what the review claims of each marker of the pathway, in its own terms and its own order.

    Examples
    --------
    >>> print(claims()[5])
    PTEN: Suppression of PTEN has a notable effect on tamoxifen resistance.
    """
    return tuple(marker.claim for marker in declared().values() if marker.claim is not None)


def side_by_side(
    *,
    marker: str | None = None,
    include: str | Sequence[str] = (),
    data: str | Path | Extraction | None = None,
    merge: bool = False,
) -> pd.DataFrame:
    """Show each trial's interaction of marker and treatment, from its printed strata or as printed, unpooled.

    Parameters
    ----------
    marker, include, data, merge
        As in `literature`.

    Returns
    -------
    DataFrame
        One row a study and endpoint: marker, study, contrast (of treatments), endpoint, measure, altered and unaltered
        (the two printed effects), ratio with its limits and se, `se_least` and `se_most` where a printed interval is
        not symmetric and implies two errors by its sides (else both equal se), p_value of the ratio, printed_p (the
        interaction test that the study prints), route (`two strata`, `printed`, `P alone`, `no number`), remark (the
        two errors by side, as printed), design, flags.

    Examples
    --------
    >>> side_by_side(marker="HER2").columns[:3].tolist()
    ['marker', 'study', 'contrast']
    """
    import pandas as pd

    asked: dict[str, Any] = {"marker": marker, "include": include, "data": data, "merge": merge}
    printed = literature(estimand="interaction", **asked)
    tables = open_extraction(data, merge=merge)
    named = {e.row_id: row["treatment"] for row, e in zip(tables.effects, effects_of(tables), strict=True)}
    rows, used = [], []
    for altered, unaltered in strata_pairs(literature(estimand="treatment_effect", **asked)):
        tests = [row for row in printed if _same_question(row, altered)]
        used += tests
        rows.append(_of_strata(altered, unaltered, tests) | {"contrast": named[altered.row_id]})
    rows += [_as_printed(row) | {"contrast": named[row.row_id]} for row in printed if row not in used]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    return frame.sort_values("marker", kind="stable", key=_order, ignore_index=True)


def _order(markers: Any) -> Any:
    return markers.map({name: i for i, name in enumerate(evidence_names())})


def _same_question(test: EffectEstimate, stratum: EffectEstimate) -> bool:
    asked = ("study", "marker", "endpoint", "treatment_1", "treatment_0")
    composite = [row.flagged("composite_marker") for row in (test, stratum)]
    return all(getattr(test, name) == getattr(stratum, name) for name in asked) and composite[0] == composite[1]


def _shared(row: EffectEstimate) -> dict[str, Any]:
    return {
        "marker": row.marker, "study": row.label, "endpoint": row.endpoint, "measure": row.measure,
        "design": row.design, "flags": ", ".join(row.flags),
    }  # fmt: skip


def _of_strata(altered: EffectEstimate, unaltered: EffectEstimate, tests: Sequence[EffectEstimate]) -> dict[str, Any]:
    ratio = from_strata(altered, unaltered)
    sides = [_side_errors(row) for row in (altered, unaltered)]
    (low, high), p = ratio.ci(), next((test.p_value for test in tests), None)
    return _shared(ratio) | {
        "altered": altered.estimate, "unaltered": unaltered.estimate, "ratio": ratio.estimate, "ci_low": low,
        "ci_high": high, "se": ratio.se, "se_least": math.hypot(*map(min, sides)),
        "se_most": math.hypot(*map(max, sides)), "p_value": ratio.p_value, "printed_p": p, "route": "two strata",
        "remark": "; ".join(f"{level} {remark}" for level, row in (("altered:", altered), ("unaltered:", unaltered))
                            if (remark := _remark(row))),
    }  # fmt: skip


def _side_errors(row: EffectEstimate) -> tuple[float, float]:
    """Return the errors that the two sides of a printed interval imply; equal where it is symmetric."""
    if row.flagged("asymmetric_interval") and row.estimate is not None:
        low, high = row.ci()
        return side_errors(row.estimate, low, high, level=row.level, df=row.df, ratio=row.is_ratio)
    se = row.se or math.nan
    return se, se


def _remark(row: EffectEstimate) -> str:
    if not row.flagged("asymmetric_interval"):
        return ""
    low, high = _side_errors(row)
    return f"interval not symmetric, SE {low:.4g} by its lower limit, {high:.4g} by its upper"


def _as_printed(row: EffectEstimate) -> dict[str, Any]:
    if row.status != "estimated":
        route = "no number" if row.p_value is None else "P alone"
        return _shared(row) | {"printed_p": row.p_value, "route": route, "remark": ""}
    turned = row.reversed() if row.group_1 == "unaltered" else row
    (low, high), least_most = turned.ci(), _side_errors(turned)
    return _shared(turned) | {
        "ratio": turned.estimate, "ci_low": low, "ci_high": high, "se": turned.se, "se_least": min(least_most),
        "se_most": max(least_most), "p_value": turned.p_value, "printed_p": row.p_value, "route": "printed",
        "remark": _remark(turned),
    }  # fmt: skip
