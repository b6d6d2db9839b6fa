"""How an estimator did over many simulated data sets: measures with their Monte Carlo errors, and the table of them.

Conventions: estimates are on the analysis scale (log hazard ratios, months, shares). Bias and coverage are judged where
a truth is named, the share of P values below 0.05 where it is the type I error. An estimator is as it should be when
its standardised bias is below a tenth, its coverage and its type I error within 1.5 points of what they claim to be,
or, for what errs on the safe side by design, not on the unsafe side; each up to three Monte Carlo errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..effects import EffectEstimate
from ..vocabulary import BoolArray
from ..wording import number, percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Aim", "Calibration", "Performance", "Result", "performance", "read_row"]

Aim = Literal["calibrated", "safe", "shown"]
_LEVEL, _ALPHA = 0.95, 0.05
_BIAS, _POINTS, _ERRORS = 0.1, 0.015, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one estimator said of one data set; NaN where it gives no such thing."""

    estimate: float = float("nan")
    se: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")


def read_row(effect: EffectEstimate) -> Result:
    """Read an effect row; nothing where it is not estimable."""
    point, se = effect.point, effect.se
    if point is None or se is None:
        return Result()
    low, high = (math.log(limit) for limit in effect.ci()) if effect.is_ratio else effect.ci()
    p = effect.p_value
    return Result(estimate=point, se=se, low=low, high=high, p=float("nan") if p is None else p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How one estimator did.

    Attributes
    ----------
    scenario, estimator, note : str
    truth : float
        NaN for a test.
    null : bool
        Whether P values below 0.05 are false alarms here.
    aim : "calibrated" | "safe" | "shown"
        What is asked of it: to keep its level, to err on the safe side, or only to be shown.
    replicates, failed : int
    bias, bias_error, empirical_se, empirical_se_error : float
        Mean error and standard deviation of the estimates, with their Monte Carlo errors.
    model_se : float
        Root mean square of the standard errors it gave.
    coverage, coverage_error, rejects, rejects_error : float
        Shares of intervals that hold the truth, and of P values below 0.05.
    """

    scenario: str
    estimator: str
    truth: float
    null: bool
    aim: Aim
    replicates: int
    failed: int
    bias: float
    bias_error: float
    empirical_se: float
    empirical_se_error: float
    model_se: float
    coverage: float
    coverage_error: float
    rejects: float
    rejects_error: float
    note: str = ""

    @property
    def verdict(self) -> str:
        """`yes` or `no`, as it should be; empty where it is only shown."""
        if self.aim == "shown":
            return ""
        safe = self.aim == "safe"
        good = [_near(self.bias, 0.0, _BIAS * self.empirical_se, self.bias_error) or safe]
        good.append(_near(self.coverage, _LEVEL, _POINTS, self.coverage_error) or (safe and self.coverage > _LEVEL))
        if self.null:
            good.append(_near(self.rejects, _ALPHA, _POINTS, self.rejects_error) or (safe and self.rejects < _ALPHA))
        return "yes" if all(good) else "no"


def _near(value: float, wanted: float, margin: float, error: float) -> bool:
    """Whether a measure lies where it should, up to its Monte Carlo error; one that is not there is no fault."""
    return bool(np.isnan(value) or abs(value - wanted) <= margin + _ERRORS * error)


def performance(
    results: Sequence[Result | None],
    truth: float,
    *,
    scenario: str,
    estimator: str,
    null: bool,
    aim: Aim,
    note: str = "",
) -> Performance:
    """Measure how an estimator did.

    Parameters
    ----------
    results : sequence of Result or None
        One a data set; None where it failed.
    truth : float
        NaN for a test.
    scenario, estimator, note : str
    null : bool
    aim : "calibrated" | "safe" | "shown"
    """
    held = [result for result in results if result is not None]
    columns = ("estimate", "se", "low", "high", "p")
    rows = np.array([[getattr(result, name) for name in columns] for result in held]).reshape(-1, len(columns))
    estimate, se, low, high, p = rows.T
    known = ~np.isnan(estimate)
    m = int(known.sum())
    spread = float(estimate[known].std(ddof=1)) if m > 1 else float("nan")
    coverage, coverage_error = _share((low <= truth) & (truth <= high), ~np.isnan(low) & ~np.isnan(truth))
    rejects, rejects_error = _share(p < _ALPHA, ~np.isnan(p))
    return Performance(
        scenario=scenario, estimator=estimator, truth=truth, null=null, aim=aim, note=note, replicates=len(results),
        failed=len(results) - len(held), bias=float(estimate[known].mean() - truth) if m else float("nan"),
        bias_error=spread / np.sqrt(max(m, 1)), empirical_se=spread,
        empirical_se_error=spread / np.sqrt(2 * max(m - 1, 1)),
        model_se=float(np.sqrt(np.mean(se[known] ** 2))) if m else float("nan"),
        coverage=coverage, coverage_error=coverage_error, rejects=rejects, rejects_error=rejects_error,
    )  # fmt: skip


def _share(hits: BoolArray, known: BoolArray) -> tuple[float, float]:
    """Return a share and its Monte Carlo error, by Agresti and Coull, so that 0 of 20 is not certain."""
    m = int(known.sum())
    if not m:
        return float("nan"), float("nan")
    share = float(hits[known].mean())
    drawn_in = (hits[known].sum() + 2) / (m + 4)
    return share, float(np.sqrt(drawn_in * (1 - drawn_in) / (m + 4)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """What a calibration found.

    Attributes
    ----------
    rows : tuple of Performance
    replicates, seed : int
    """

    rows: tuple[Performance, ...]
    replicates: int
    seed: int

    @property
    def table(self) -> pd.DataFrame:
        """All measures, a row a scenario and estimator."""
        import pandas as pd

        names = list(Performance.__dataclass_fields__)
        frame = pd.DataFrame([{name: getattr(row, name) for name in names} for row in self.rows])
        return frame.assign(as_it_should_be=[row.verdict for row in self.rows])

    def readable(self) -> pd.DataFrame:
        """Return the measures written for a reader, with Monte Carlo errors in brackets."""
        import pandas as pd

        return pd.DataFrame([_written(row) for row in self.rows])

    def to_markdown(self) -> str:
        """Return the table as Markdown, with what is said of it."""
        shown = self.readable()
        head = [f"| {' | '.join(shown.columns)} |", f"|---|---|{'---:|' * (len(shown.columns) - 4)}---|---|"]
        body = [f"| {' | '.join(map(str, row))} |" for row in shown.itertuples(index=False)]
        how = f"Written by `tamoxres calibrate --replicates {self.replicates} --seed {self.seed}`."
        return "\n".join(["# Is it calibrated?", "", how, str(self), "", *head, *body, ""])

    def __str__(self) -> str:
        judged = [row for row in self.rows if row.verdict]
        off = [f"{row.estimator} ({row.scenario})" for row in judged if row.verdict == "no"]
        told = f"not as they should be: {'; '.join(off)}" if off else "all as they should be"
        if not judged:
            told = "nothing is asked of those shown"
        return (
            f"Simulated patients and studies, {self.replicates:,} data sets a scenario, seed {self.seed}; Monte Carlo "
            f"errors in brackets. {len(judged)} estimators and tests judged, {told}."
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.readable().to_html(index=False)}"


def _written(row: Performance) -> dict[str, str]:
    def with_error(value: float, error: float, decimals: int = 3) -> str:
        return "" if np.isnan(value) else f"{number(value, decimals)} ({number(error, decimals)})"

    def share(value: float, error: float) -> str:
        return "" if np.isnan(value) else f"{percent(value)} ({number(100 * error, 1)})"

    notes = [row.note, f"{row.failed} failed" if row.failed else ""]
    false = " (false)" if row.null and not np.isnan(row.rejects) else ""
    return {
        "scenario": row.scenario,
        "estimator": row.estimator,
        "truth": _or_nothing(row.truth, 3),
        "bias": with_error(row.bias, row.bias_error),
        "SE": with_error(row.empirical_se, row.empirical_se_error),
        "SE given / SE": _or_nothing(row.model_se / row.empirical_se if row.empirical_se else float("nan"), 2),
        "coverage of 95%": share(row.coverage, row.coverage_error),
        "P < 0.05": share(row.rejects, row.rejects_error) + false,
        "as it should be": row.verdict,
        "note": "; ".join(filter(None, notes)),
    }


def _or_nothing(value: float, decimals: int) -> str:
    return "" if np.isnan(value) else number(value, decimals)
