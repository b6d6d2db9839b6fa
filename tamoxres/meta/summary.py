"""Summary: one pooled number with its interval, as sensitivity analyses and models give it by the dozen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import PoolingError
from ..wording import interval, number, p_value, ratio_with_interval
from .estimate import Pooled

if TYPE_CHECKING:
    import pandas as pd

    from .pooled import PooledEffect

__all__ = ["Summary", "need", "summaries", "summary_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One pooled (or shrunken, or predicted) effect on the analysis scale, with its limits.

    Attributes
    ----------
    label : str
        Whose it is: a study left out, a subgroup, a model.
    point, se, low, high : float
        On the analysis scale (log of a ratio, or the difference).
    p_value : float
        Two-sided, against no effect; NaN where there is none.
    k : int
        Effects behind it.
    tau2 : float
        Between-study variance of its model.
    is_ratio : bool
    notes : tuple of str
    """

    label: str
    point: float
    se: float
    low: float
    high: float
    k: int
    is_ratio: bool
    p_value: float = math.nan
    tau2: float = math.nan
    notes: tuple[str, ...] = field(default=())

    def _shown(self, value: float) -> float:
        return math.exp(min(value, 709.0)) if self.is_ratio else value

    @property
    def estimate(self) -> float:
        """The ratio or the difference."""
        return self._shown(self.point)

    @property
    def ci_low(self) -> float:
        """Lower limit as a reader sees it."""
        return self._shown(self.low)

    @property
    def ci_high(self) -> float:
        """Upper limit as a reader sees it."""
        return self._shown(self.high)

    def __str__(self) -> str:
        if self.is_ratio:
            text = ratio_with_interval(self.estimate, self.ci_low, self.ci_high)
        else:
            text = f"{number(self.point)} {interval(number(self.low), number(self.high))}"
        p = "" if math.isnan(self.p_value) else f", {p_value(self.p_value, label=True)}"
        return f"{self.label}: {text}{p} (k = {self.k})"


def summaries(
    fit: Pooled, labels: Sequence[str], ks: Sequence[int], *, is_ratio: bool, level: float
) -> tuple[Summary, ...]:
    """Take a batch of poolings apart into one summary each."""
    low, high = fit.limits(level)
    columns = (fit.point, fit.se, low, high, fit.p, fit.tau2)
    rows = zip(labels, ks, *(column.tolist() for column in columns), strict=True)
    return tuple(
        Summary(label=label, k=k, point=point, se=se, low=lo, high=hi, p_value=p, tau2=tau2, is_ratio=is_ratio)
        for label, k, point, se, lo, hi, p, tau2 in rows
    )


def summary_table(rows: Sequence[Summary], first: str) -> pd.DataFrame:
    """Return summaries as a frame, the column of labels named `first`; estimates and limits as a reader sees them."""
    import pandas as pd

    names = ("k", "estimate", "ci_low", "ci_high", "p_value", "tau2")
    return pd.DataFrame([{first: row.label} | {name: getattr(row, name) for name in names} for row in rows])


def need(pooled: PooledEffect, k: int, what: str) -> None:
    """Refuse a method that needs more effects than were pooled."""
    if pooled.k < k:
        studies = ", ".join(effect.label for effect in pooled.effects[:3])
        raise PoolingError(
            f"{what} needs at least {k} effects; found {pooled.k} ({studies}{', ...' if pooled.k > 3 else ''})."
        )
