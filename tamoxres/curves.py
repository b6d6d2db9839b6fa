"""A survival or incidence curve and its numbers at risk, as data: what figures draw and tables print.

Conventions: times are months of 365.25/12 days; the curve is a right-continuous step function that starts at time 0
with estimate 1 (survival) or 0 (incidence), where no interval can be estimated; `n_risk` at a time t counts those under
observation just before t, so that patients censored or failing at t are still at risk (R's `n.risk`). A time asked for
that differs from one of the curve's by rounding only is that time (R's `aeqSurv`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from .errors import AnalysisError
from .vocabulary import FloatArray, one_or_more
from .wording import coarse_count, number_with_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOLERANCE", "Curve", "Curves", "snap"]

TOLERANCE = 2.0**-26  # square root of the machine's precision, 1.490116e-8, as R's

_TOLD = 2  # decimals of a coarsened curve: from its height no count of patients or events can be worked out
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

    @property
    def is_coarse(self) -> bool:
        """Whether small counts were taken out (`coarsened`)."""
        return bool(np.isnan(self.n_event).any())

    def step(self, name: str, times: Sequence[float] | FloatArray) -> FloatArray:
        """Read `estimate`, `se`, `ci_low` or `ci_high` as a step function; beyond its end, the last value."""
        before = {"estimate": self.start, "se": 0.0}.get(name, np.nan)
        values = np.concatenate([[before], getattr(self, name)])
        return np.asarray(values[np.searchsorted(self.time, snap(times, self.time), side="right")], dtype=float)

    def at_risk(self, times: Sequence[float] | FloatArray) -> np.ndarray[Any, np.dtype[np.int_]]:
        """Count those under observation just before each time (R's n.risk with `extend = TRUE`)."""
        padded = np.concatenate([self.n_risk, [0.0]])
        return np.asarray(padded[np.searchsorted(self.time, snap(times, self.time), side="left")]).astype(int)

    def until(self, end: float) -> Curve:
        """Return the curve up to a time."""
        kept = self.time <= end
        return replace(self, **{name: getattr(self, name)[kept] for name in _ARRAYS})

    def coarsened(self, min_cell: int) -> Curve:
        """Return a curve that steps only where `min_cell` events have come since its last step, in whole percent.

        It ends where fewer than `min_cell` are at risk. Its times are those steps and every month; numbers at risk are
        rounded (`coarse_count`); who had the event, or was censored, at a time is not told (NaN).

        Raises
        ------
        AnalysisError
            If fewer than `min_cell` are at risk before (patients who enter late).

        Examples
        --------
        >>> import numpy as np
        >>> whole = Curve(
        ...     group="", kind="survival", time=np.arange(1.0, 9), estimate=1 - np.arange(1, 9) / 20, se=np.zeros(8),
        ...     ci_low=np.zeros(8), ci_high=np.ones(8), n_risk=20 - np.arange(8.0), n_event=np.ones(8),
        ...     n_censor=np.zeros(8),
        ... )
        >>> whole.coarsened(3).estimate.tolist()
        [1.0, 1.0, 0.85, 0.85, 0.85, 0.7, 0.7, 0.7]
        """
        if min_cell <= 1:
            return self
        many = int((self.n_risk >= min_cell).sum())
        if (self.n_risk[:many] < min_cell).any():
            raise AnalysisError(f"Curve {self.group!r}: fewer than min_cell = {min_cell} are at risk early on.")
        steps = _steps(self.n_event[:many], min_cell)
        time = np.union1d(self.time[steps], np.arange(1.0, float(self.time[many - 1]) + TOLERANCE if many else 1.0))
        held = replace(self, **{name: getattr(self, name)[steps] for name in _ARRAYS})
        values: dict[str, Any] = {
            name: np.round(held.step(name, time), _TOLD) for name in ("estimate", "se", "ci_low", "ci_high")
        }
        at_risk = [coarse_count(int(n), min_cell) or 0 for n in self.at_risk(time)]
        unknown = np.full(time.size, np.nan)
        return replace(
            self, time=time, **values, n_risk=np.array(at_risk, float), n_event=unknown, n_censor=unknown
        )  # fmt: skip

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


def _steps(events: FloatArray, least: int) -> list[int]:
    """Return where at least `least` events have come since the last such place."""
    out, since = [], 0.0
    for i, number in enumerate(events):
        since += float(number)
        if since >= least:
            out.append(i)
            since = 0.0
    return out


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

    def coarsened(self, min_cell: int) -> Self:
        """Return the curves coarsened (`Curve.coarsened`), all to the end of the one that ends first.

        The curves of several causes of one group are told apart by their own steps.
        """
        if min_cell <= 1:
            return self
        coarse = [curve.coarsened(min_cell) for curve in self.curves]
        end = min((float(one.time[-1]) if one.time.size else 0.0 for one in coarse), default=0.0)
        told = f"Numbers at risk are rounded to the nearest {2 * min_cell}; a step holds at least {min_cell} events."
        note = " ".join(filter(None, (self.note, told)))
        return replace(self, curves=tuple(curve.until(end) for curve in coarse), note=note)

    def medians(self) -> pd.DataFrame:
        """Tabulate the median of each curve with its limits, in months: group, cause, median, ci_low, ci_high."""
        import pandas as pd

        rows = [(c.group, c.cause, *c.quantile(0.5)) for c in self.curves]
        return pd.DataFrame(rows, columns=["group", "cause", "median", "ci_low", "ci_high"])

    def __str__(self) -> str:
        groups = ", ".join(c.group + (f" ({c.cause})" if c.cause else "") for c in self.curves)
        return f"{self.method} of {self.endpoint} by {self.grouping}: {groups}"
