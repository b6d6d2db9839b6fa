"""Summary of findings: absolute risks from a chosen baseline, and by marker only where trials have earned it.

Conventions. A risk without treatment b becomes 1 - (1 - b)^HR with it (b RR for a risk ratio); limits follow from those
of the ratio, the baseline is taken as known. By marker only where the certainty for a modification is moderate or high:
log HR in the altered is L + (1 - p) d, in the unaltered L - p d, with L the log HR of all, d the pooled log ratio of
the trials (nulls without a number put where it lies nearest 0) and p the share of altered patients; L and d are taken
as independent. Elsewhere one line stands for all.

References
----------
Guyatt GH et al. 2011, doi:10.1016/j.jclinepi.2010.04.026 (GRADE, summary of findings).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..evidence.tables import Extraction
from ..meta.certainty import Certainty
from ..registry import find
from ..tables.cells import effect_cell
from ..tables.table import Cell, Column, Number, Row, Table
from ..vocabulary import MarkerLevel
from ..wording import number, number_with_interval
from .interactions import interactions

__all__ = ["summary_of_findings"]

_EARNED = ("moderate", "high")
_MEASURES = ("HR", "RR")
_REFUSAL = "Nothing here is a reason to withhold, change or stop endocrine therapy."
_Z = 1.959963984540054


def summary_of_findings(
    marker: str,
    *,
    effect: EffectEstimate,
    baseline: float | Mapping[str, float],
    altered: float | None = None,
    own: Iterable[EffectEstimate] = (),
    data: str | Path | Extraction | None = None,
    merge: bool = False,
) -> Table:
    """Print risks with and without tamoxifen for a chosen baseline, by marker only where trials have earned it.

    Parameters
    ----------
    marker : str
        By any of its names.
    effect : EffectEstimate
        Of tamoxifen against none in all patients the table is about, from randomised trials: HR or RR.
    baseline : float or mapping
        Risk without tamoxifen by the time the table is about, between 0 and 1; `{"altered": ..., "unaltered": ...,
        "all": ...}` where it differs by marker.
    altered : float, optional
        Share of altered patients, between 0 and 1; needed where the table goes by marker.
    own, data, merge
        As in `interactions`.

    Returns
    -------
    Table
        One line for all patients, and one a marker level where the certainty for a modification is moderate or high.

    Raises
    ------
    AnalysisError
        If the effect was not randomised or is no ratio with an error, a risk or share is not between 0 and 1, or the
        share is missing where the table goes by marker.

    Examples
    --------
    >>> trials = EffectEstimate.from_ci(0.53, 0.47, 0.60, study="trials", design="randomised",
    ...                                 estimand="treatment_effect", treatment_1="tamoxifen", treatment_0="none")
    >>> table = summary_of_findings("HER2", effect=trials, baseline=0.25)
    >>> [cell.text for cell in table.rows[0].cells[:4]]
    ['All', '25.0', '14.1 (12.6-15.9)', '-10.9 (-12.4 to -9.1)']
    """
    _check(effect)
    rated = interactions(marker=marker, own=own, data=data, merge=merge).certainty()
    lines = [("All", effect, _risk(baseline, "all"))]
    by_marker = rated.for_modification in _EARNED
    if by_marker:
        levels = _levels(effect, rated, altered)
        lines += [(name.capitalize(), row, _risk(baseline, name)) for name, row in levels.items()]
    same = by_marker and not isinstance(baseline, Mapping)
    notes = (
        _REFUSAL,
        f"Certainty for a modification by {find(marker).label}: {rated.for_modification}; of none: {rated.of_none}. "
        + ("Risks by marker rest on the pooled ratio of the trials." if by_marker else
           "Risks by marker are shown where it is moderate or high alone."),
        *(("The same risk without tamoxifen is taken for both levels of the marker.",) if same else ()),
        "The risk without tamoxifen is chosen, not estimated; the intervals are those of the ratio alone.",
    )  # fmt: skip
    columns = (
        Column("Patients"), Column("Without tamoxifen, per 100", "number"),
        Column("With tamoxifen, per 100 (95% CI)", "number"), Column("Difference per 100 (95% CI)", "number"),
        Column(f"{effect.measure} (95% CI)", "ratio"),
    )  # fmt: skip
    title = f"{find(marker).label}: tamoxifen against none, absolute risks"
    return Table(title=title, columns=columns, rows=tuple(_line(*line) for line in lines), footnotes=notes)


def _check(effect: EffectEstimate) -> None:
    if effect.design != "randomised" or effect.measure not in _MEASURES or effect.status != "estimated":
        raise AnalysisError(
            f"{effect.label} is {effect.design or 'of no design told'}, {effect.measure}, {effect.status}. Absolute "
            "risks need a randomised, estimated HR or RR of treatment; give design='randomised' if it is one."
        )


def _risk(baseline: float | Mapping[str, float], level: str) -> float:
    if isinstance(baseline, Mapping) and level not in baseline:
        raise AnalysisError(f"The baseline has no risk for {level!r}. Give all, altered and unaltered.")
    value = baseline[level] if isinstance(baseline, Mapping) else baseline
    if not 0 < value < 1:
        raise AnalysisError(f"The baseline risk is {value:g}; it lies between 0 and 1, such as 0.25.")
    return value


def _levels(effect: EffectEstimate, rated: Certainty, share: float | None) -> dict[MarkerLevel, EffectEstimate]:
    """Take the effect of all apart by the pooled log ratio, the scenario nearest 1."""
    if share is None or not 0 < share < 1:
        raise AnalysisError(
            f"altered is {share}; a table by marker needs the share of altered patients, between 0 and 1."
        )
    scenario = min(rated.scenarios, key=lambda one: abs(math.log(one.estimate)))
    ratio, se = math.log(scenario.estimate), math.log(scenario.ci_high / scenario.ci_low) / (2 * _Z)
    parts: dict[MarkerLevel, float] = {"altered": 1 - share, "unaltered": -share}
    return {name: _shifted(effect, part * ratio, abs(part) * se, name) for name, part in parts.items()}


def _shifted(effect: EffectEstimate, shift: float, se: float, level: MarkerLevel) -> EffectEstimate:
    return replace(
        effect, marker_level=level, log_estimate=(effect.log_estimate or 0.0) + shift,
        se=math.hypot(effect.se or 0.0, se), ci_low=None, ci_high=None, ci_kind="", p_value=None, p_kind="", df=None,
    )  # fmt: skip


def _line(name: str, effect: EffectEstimate, baseline: float) -> Row:
    values = [_with(effect.measure, ratio, baseline) for ratio in (effect.estimate or 1.0, *effect.ci())]
    treated = Cell(_per_100(*values), tuple(Number(100 * value, "0.0") for value in values))
    gains = [value - baseline for value in values]
    difference = Cell(_per_100(*gains), tuple(Number(100 * value, "0.0") for value in gains))
    without = Cell(number(100 * baseline, 1), (Number(100 * baseline, "0.0"),))
    return Row((Cell(name), without, treated, difference, effect_cell(effect)))


def _with(measure: str, ratio: float, baseline: float) -> float:
    return 1 - (1 - baseline) ** ratio if measure == "HR" else min(1.0, baseline * ratio)


def _per_100(value: float, low: float, high: float) -> str:
    return number_with_interval(100 * value, 100 * low, 100 * high, decimals=1)
