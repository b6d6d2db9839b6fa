"""Risks and restricted means by treatment and marker as a result: its rows, its table, its words.

Conventions: a difference is treated less untreated, the interaction the difference when altered less that when
unaltered; the covariance of all estimates is the sum of squares of what each patient (or resample) adds; intervals and
P are Wald's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import ndtri

from ..analysis import TREATED, UNTREATED, AnalysisSet
from ..analysis.design import Design, make_design, parts_of
from ..effects import EffectEstimate
from ..files.frames import holds_frames
from ..inference.verdict import design_flags
from ..tables.cells import effect_cell, interval_cell, p_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, Measure
from ..wording import number_with_interval
from .contrasted import PRODUCT
from .grouping import group_patients
from .hazards import Gain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ARMS", "AbsoluteEffects", "Method", "Setting", "by_level", "summarise"]

Method = Literal["standardisation", "augmented_ipw"]
ARMS = (UNTREATED, TREATED)
_TITLES: dict[str, str] = {
    "standardisation": "Standardised risks and means",
    "augmented_ipw": "Risks and means by augmented inverse probability weighting",
}


@holds_frames("means")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AbsoluteEffects(ShowsEffects):
    """Risks and restricted means by treatment (and marker), their differences and the interaction of these.

    Attributes
    ----------
    means : DataFrame
        marker (empty where none was asked for), treatment, quantity (`risk`, `time_lost`, `mean_survival`), time
        (months), estimate, se, ci_low, ci_high. Risks are shares, means are months.
    effects : EffectRows
        For each quantity and time: the interaction (with a marker), then treatment's difference in each level.
    method : "standardisation" | "augmented_ipw"
    resamples, failed : int
        Of the bootstrap; 0 where the standard errors are those of the influence function.
    balance : DataFrame or None
        Of the propensity, by marker level (augmented_ipw).
    """

    means: pd.DataFrame
    effects: EffectRows
    method: Method
    resamples: int = 0
    failed: int = 0
    balance: pd.DataFrame | None = None

    def table(self) -> Table:
        """Return one line for each quantity, time and marker level, the interaction below."""
        lines = [self._line(row) for row in sorted(self.effects, key=lambda row: row.estimand == "interaction")]
        order = {(row.measure, row.to_months): i for i, row in enumerate(self.effects)}
        lines.sort(key=lambda line: min(i for key, i in order.items() if key == line[0]))
        return Table(
            title=f"{_TITLES[self.method]}: {rows_title(self.effects)}",
            columns=(
                Column("Months"), Column("Quantity"), Column("Marker"), Column("Untreated (95% CI)", "number"),
                Column("Treated (95% CI)", "number"), Column("Difference (95% CI)", "number"), Column("P", "p"),
            ),
            rows=tuple(row for _, row in lines),
            footnotes=tuple(dict.fromkeys(sentence for row in self.effects for sentence in row.sentences)),
        )  # fmt: skip

    def _line(self, row: EffectEstimate) -> tuple[tuple[str, float | None], Row]:
        per, decimals = (100.0, 1) if row.measure == "RD" else (1.0, 2)
        unit = f"risk, % ({row.measure})" if row.measure == "RD" else f"mean, months ({row.measure})"
        own = self.means[(self.means["time"] == row.to_months) & ((self.means["quantity"] == "risk") == (per > 1))]
        own = own[own["marker"] == row.marker_level] if row.estimand != "interaction" else own.head(0)
        cells = [
            interval_cell((per * one, per * low, per * high), is_ratio=False, decimals=decimals)
            for one, low, high in zip(own["estimate"], own["ci_low"], own["ci_high"], strict=True)
        ] or [Cell(), Cell()]
        level = "altered less unaltered" if row.estimand == "interaction" else row.marker_level or "all"
        shown = Cell(f"{row.to_months:g}"), Cell(unit), Cell(level), *cells, effect_cell(row, per), p_cell(row.p_value)
        return (row.measure, row.to_months), Row(shown)

    def __str__(self) -> str:
        lines = []
        for row in self.effects:
            per, unit = (100.0, " per 100") if row.measure == "RD" else (1.0, " months")
            point, low, high = (per * value for value in (row.difference or 0.0, *row.ci()))
            who = f", {row.marker} {row.marker_level}" if row.marker_level else ""
            lines.append(f"{row.term}{who}: {number_with_interval(point, low, high, decimals=1)}{unit}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """The patients and quantities of one question about absolute effects.

    Attributes
    ----------
    analysis : AnalysisSet
        Complete cases of all models.
    levels : tuple of str
        Marker levels, unaltered first; `""` alone where no marker was asked for.
    codes : array of int, shape (n,)
        Each patient's level.
    treated : array of float, shape (n,)
        1 or 0.
    time, event : array, shape (n,)
    gains : tuple of Gain
        Risk and restricted mean at each time.
    adjust : tuple of str
    """

    analysis: AnalysisSet
    levels: tuple[str, ...]
    codes: IntArray
    treated: FloatArray
    time: FloatArray
    event: IntArray
    gains: tuple[Gain, ...]
    adjust: tuple[str, ...]

    @property
    def competing(self) -> bool:
        """Whether other deaths compete with the endpoint."""
        return bool(self.analysis.endpoint.competing)

    def design(self, adjust: Sequence[str], *, treatment: bool = True) -> Design:
        """Return the design of treatment, marker, their product and covariates; without treatment, marker x covariates.

        Raises
        ------
        AnalysisError
            If a column is constant or collinear.
        """
        marker = ["marker"] if len(self.levels) == 2 else []
        if treatment:
            terms = ["treatment", *marker, *([PRODUCT] if marker else []), *adjust]
        else:
            products = [f"marker:{name}" for name in adjust if marker and len(parts_of(name)) == 1]
            terms = list(dict.fromkeys([*marker, *adjust, *products]))
        return make_design(self.analysis.frame, terms)

    def take(self, values: FloatArray) -> FloatArray:
        """Average values of patients, shape (n, ...), within the marker levels: shape (levels, ...)."""
        return by_level(values, self.codes, len(self.levels))


def by_level(values: FloatArray, codes: IntArray, levels: int) -> FloatArray:
    """Average within the marker levels; NaN, which a bootstrap leaves out, where a level has nobody."""
    empty = np.full(values.shape[1:], np.nan)
    return np.stack([values[codes == c].mean(axis=0) if (codes == c).any() else empty for c in range(levels)])


def summarise(
    setting: Setting,
    theta: FloatArray,
    spread: FloatArray,
    method: Method,
    *,
    se_kind: Literal["robust", "bootstrap"] = "robust",
) -> AbsoluteEffects:
    """Make the rows and means of estimates whose joint covariance is the sum of squares of `spread`.

    Parameters
    ----------
    setting : Setting
    theta : array of float, shape (levels, gains, 2)
        Risk or months lost, untreated and treated.
    spread : array of float, shape (k, levels, gains, 2)
        What each patient (or resample) adds.
    method : "standardisation" | "augmented_ipw"
    se_kind : "robust" | "bootstrap"
    """
    kept = theta.copy(), spread.copy()
    if not setting.competing:
        for g, gain in enumerate(setting.gains):
            if gain.kind == "lost":
                kept[0][:, g], kept[1][:, :, g] = gain.months - theta[:, g], -spread[:, :, g]
    rows = []
    for g in range(len(setting.gains)):
        difference, away = kept[0][:, g, 1] - kept[0][:, g, 0], kept[1][:, :, g, 1] - kept[1][:, :, g, 0]
        about: dict[str, Any] = {"model": method, "se_kind": se_kind}
        if len(setting.levels) == 2:
            pair = float(difference[1] - difference[0]), _root(away[:, 1] - away[:, 0])
            rows.append(_row(setting, g, None, pair, about))
        rows += [
            _row(setting, g, level, (float(difference[level]), _root(away[:, level])), about)
            for level in range(len(setting.levels))
        ]
    return AbsoluteEffects(means=_means(setting, *kept), effects=EffectRows(rows), method=method)


def _root(away: FloatArray) -> float:
    return float(np.sqrt(away @ away))


def _means(setting: Setting, theta: FloatArray, spread: FloatArray) -> pd.DataFrame:
    import pandas as pd

    z = float(ndtri(0.975))
    mean = "time_lost" if setting.competing else "mean_survival"
    rows = []
    for g, gain in enumerate(setting.gains):
        for code, level in enumerate(setting.levels):
            for arm, name in enumerate(ARMS):
                value, se = float(theta[code, g, arm]), _root(spread[:, code, g, arm])
                what = "risk" if gain.kind == "risk" else mean
                rows.append((level, name, what, gain.months, value, se, value - z * se, value + z * se))
    names = ["marker", "treatment", "quantity", "time", "estimate", "se", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=names)


def _row(
    setting: Setting, g: int, level: int | None, found: tuple[float, float], about: dict[str, Any]
) -> EffectEstimate:
    """Make the row of a level's difference, or (level None) of the interaction."""
    gain, analysis = setting.gains[g], setting.analysis
    risk = gain.kind == "risk"
    measure: Measure = "RD" if risk else "RMTLD" if setting.competing else "RMSTD"
    what = f"risk difference at {gain.months:g} months" if risk else f"difference of means to {gain.months:g} months"
    row: dict[str, Any]
    if level is None:
        row = analysis.describe("interaction") | {"estimand": "interaction", "scale": "binary"}
        what = f"interaction, {what}"
    else:
        part = analysis.part("marker", setting.levels[level]) if setting.levels[level] else analysis
        row = group_patients(part, "treatment").describe() | {"marker_level": setting.levels[level]}
    row["flags"] = (*row["flags"], *design_flags(analysis.design), "not_for_decisions")
    point, se = found
    estimated: dict[str, Any] = {"difference": point, "se": se}
    if not se > 0:
        estimated, row["flags"] = {"status": "not_estimable"}, (*row["flags"], "no_events_by_horizon")
    return EffectEstimate(
        **(row | about | estimated | {"to_months": gain.months}), measure=measure, term=what,
        adjusted_for=setting.adjust,
    )  # fmt: skip
