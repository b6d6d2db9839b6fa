"""A survival or incidence curve and its numbers at risk, as data: what figures draw and tables print.

Conventions: times are months of 365.25/12 days; the curve is a right-continuous step function that starts at time 0
with estimate 1 (survival) or 0 (incidence), where no interval can be estimated; `n_risk` at a time t counts those under
observation just before t, so that patients censored or failing at t are still at risk (R's `n.risk`). A time asked for
that differs from one of the curve's by rounding only is that time (R's `aeqSurv`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .errors import AnalysisError
from .vocabulary import FloatArray, one_or_more
from .wording import number_with_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOLERANCE", "Curve", "Curves", "snap"]

TOLERANCE = 2.0**-26  # square root of the machine's precision, 1.490116e-8, as R's

_ARRAYS = ("time", "estimate", "se", "ci_low", "ci_high", "n_risk", "n_event", "n_censor")


def snap(times: Sequence[float] | FloatArray, onto: FloatArray) -> FloatArray:
    """Return times, each as the one of `onto` that it differs from by rounding only, where there is one.

    Parameters
    ----------
    times : array of float
    onto : array of float, shape (k,)
        Distinct and increasing.

    Examples
    --------
    >>> import numpy as np
    >>> snap([1 + 1e-9, 1.5], np.array([1.0, 2.0])).tolist()
    [1.0, 1.5]
    """
    asked = np.asarray(times, float)
    if onto.size == 0:
        return asked
    after = np.searchsorted(onto, asked).clip(max=onto.size - 1)
    before = (after - 1).clip(min=0)
    near = np.where(np.abs(onto[before] - asked) <= np.abs(onto[after] - asked), onto[before], onto[after])
    within = TOLERANCE * max(1.0, float(np.abs(onto).mean()))
    return np.asarray(np.where(np.abs(near - asked) <= within, near, asked))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One step function with its standard error, limits and numbers at risk.

    Attributes
    ----------
    group : str
        Level of the grouping, `""` if there is none.
    kind : "survival" | "incidence"
    cause : str
        Which event an incidence counts.
    time : array of float, shape (k,), months
        Distinct follow-up times, increasing.
    estimate, se, ci_low, ci_high : array of float, shape (k,)
        Value just after each time; `se` is on the scale of the estimate.
    n_risk, n_event, n_censor : array of float, shape (k,)
        At risk just before each time; events (of this cause) and censored at it.
    level : float
        Confidence level of the limits.
    """

    group: str
    kind: Literal["survival", "incidence"]
    cause: str = ""
    time: FloatArray
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    n_risk: FloatArray
    n_event: FloatArray
    n_censor: FloatArray
    level: float = 0.95

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            values = np.array(getattr(self, name), dtype=float)
            if values.shape != np.shape(self.time):
                raise AnalysisError(
                    f"Curve {self.group!r}: {name} has shape {values.shape}, time {np.shape(self.time)}."
                )
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        if np.any(np.diff(self.time) <= 0):
            raise AnalysisError(f"Curve {self.group!r}: times must increase.")

    @property
    def start(self) -> float:
        """Value at time 0: 1 for survival, 0 for incidence."""
        return 1.0 if self.kind == "survival" else 0.0

    def step(self, name: str, times: Sequence[float] | FloatArray) -> FloatArray:
        """Read `estimate`, `se`, `ci_low` or `ci_high` as a step function; beyond its end, the last value."""
        before = {"estimate": self.start, "se": 0.0}.get(name, np.nan)
        values = np.concatenate([[before], getattr(self, name)])
        return np.asarray(values[np.searchsorted(self.time, snap(times, self.time), side="right")], dtype=float)

    def at_risk(self, times: Sequence[float] | FloatArray) -> np.ndarray[Any, np.dtype[np.int_]]:
        """Count those under observation just before each time (R's n.risk with `extend = TRUE`)."""
        padded = np.concatenate([self.n_risk, [0.0]])
        return np.asarray(padded[np.searchsorted(self.time, snap(times, self.time), side="left")]).astype(int)

    def __str__(self) -> str:
        last = float(self.time[-1]) if self.time.size else 0.0
        value, low, high = (100 * float(self.step(name, [last])[0]) for name in ("estimate", "ci_low", "ci_high"))
        named = " ".join(part for part in (self.group, self.cause) if part) or "all"
        return f"{named}: {self.kind} {number_with_interval(value, low, high, decimals=1)}% at {last:.1f} months"

    def quantile(self, share: float = 0.5) -> tuple[float, float, float]:
        """Return the time by which `share` have had the event, with its limits; infinite where it is not reached.

        A survival curve that lies exactly at 1 - share over an interval gives the interval's midpoint, as R does.
        """
        level = 1 - share if self.kind == "survival" else share
        return (
            self._crossing(self.estimate, level),
            self._crossing(self.ci_low if self.kind == "survival" else self.ci_high, level),
            self._crossing(self.ci_high if self.kind == "survival" else self.ci_low, level),
        )

    def _crossing(self, values: FloatArray, level: float) -> float:
        signed = (values - level) if self.kind == "survival" else (level - values)
        below = np.flatnonzero(signed < 1e-9)  # R's tolerance for a curve that lies on the level
        if below.size == 0:
            return float("inf")
        first = int(below[0])
        beyond = np.flatnonzero(signed < -1e-9)
        if abs(signed[first]) < 1e-9:
            end = int(beyond[0]) if beyond.size else -1  # a curve that stays on the level does so until follow-up ends
            return float((self.time[first] + self.time[end]) / 2)
        return float(self.time[first])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """The curves of one analysis set, one a group (and cause), with what a figure needs to label them.

    Attributes
    ----------
    curves : tuple of Curve
    grouping : str
        What the groups are, such as `HER2 (snp6_gain)`.
    endpoint, population, method : str
    note : str
        What must be said under any figure of these curves.
    """

    curves: tuple[Curve, ...]
    grouping: str
    endpoint: str
    population: str
    method: str
    note: str = ""

    def __iter__(self) -> Iterator[Curve]:
        return iter(self.curves)

    def __len__(self) -> int:
        return len(self.curves)

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Tabulate the curves at chosen times.

        Parameters
        ----------
        times : float or sequence of float, months

        Returns
        -------
        DataFrame
            group, (cause,) time, survival or estimate, se, ci_low, ci_high, n_risk; a row for each group and time.
        """
        import pandas as pd

        value = "survival" if self.curves[0].kind == "survival" else "estimate"
        months = one_or_more(times)
        rows = [
            {
                "group": curve.group,
                **({} if value == "survival" else {"cause": curve.cause}),
                "time": np.asarray(months, float),
                value: curve.step("estimate", months),
                **{name: curve.step(name, months) for name in ("se", "ci_low", "ci_high")},
                "n_risk": curve.at_risk(months),
            }
            for curve in self.curves
        ]
        return pd.concat([pd.DataFrame(row) for row in rows], ignore_index=True)

    def medians(self) -> pd.DataFrame:
        """Tabulate the median of each curve with its limits, in months: group, cause, median, ci_low, ci_high."""
        import pandas as pd

        rows = [(c.group, c.cause, *c.quantile(0.5)) for c in self.curves]
        return pd.DataFrame(rows, columns=["group", "cause", "median", "ci_low", "ci_high"])

    def __str__(self) -> str:
        groups = ", ".join(c.group + (f" ({c.cause})" if c.cause else "") for c in self.curves)
        return f"{self.method} of {self.endpoint} by {self.grouping}: {groups}"
