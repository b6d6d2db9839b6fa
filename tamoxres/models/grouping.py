"""The groups of an analysis set: who is in which, in the order in which tables and figures show them.

Conventions: groups are named by their levels, the reference first (unaltered, untreated, the codebook's first level;
numbers in ascending order); patients whose group is unknown leave, with a step in the flow.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.exposure import WEIGHT, Honours, is_weighted, refuse_absolute
from ..analysis.follow_up import delayed_entry
from ..analysis.times import snap_to
from ..codebook import column
from ..errors import AnalysisError, QuestionError
from ..vocabulary import FloatArray, IntArray, one_or_more

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SAMPLED", "Groups", "check_horizon", "group_patients", "two_groups"]

SAMPLED: tuple[Honours, ...] = ("weights",)
"""What an estimator honours that takes sampling weights."""
_MOST_LEVELS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """The patients of an analysis set by group, as plain arrays.

    Attributes
    ----------
    analysis : AnalysisSet
        Those whose group is known.
    by : str or None
        Column of the groups; several are joined by ` x `.
    label : str
        What the groups are, such as `HER2 (snp6_gain)`; empty for one group.
    levels : tuple of str
        Names of the groups; `""` for one group.
    codes : array of int, shape (n,)
        Position in `levels`.
    months : array of float, shape (n,)
    event : array of int, shape (n,)
        0 censored, 1 event, 2 competing death.
    entry : array of float, shape (n,), or None
        Months at which observation begins; None when nobody enters late.
    weight : array of float, shape (n,), or None
        Sampling weights, where the cohort declares them and the estimator honours them.
    """

    analysis: AnalysisSet
    by: str | None
    label: str
    levels: tuple[str, ...]
    codes: IntArray
    months: FloatArray
    event: IntArray
    entry: FloatArray | None
    weight: FloatArray | None = None

    def rows(self, code: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell for each patient whether it is in this group."""
        return np.asarray(self.codes == code)

    def remarks(self) -> str:
        """What a curve's method says of how patients came under observation and what they stand for."""
        late = ", delayed entry" if self.entry is not None else ""
        return late + (", sampling weights, robust error" if self.weight is not None else "")

    def describe(self, code: int = 1, *, adjusted_for: Collection[str] = ()) -> dict[str, Any]:
        """Return what the effect rows of group `code` against the first group have in common, with their counts.

        A marker's row that takes treated and untreated together is not prognostic, unless it is adjusted for treatment.
        """
        estimand = {"marker": "prognostic", "treatment": "treatment_effect"}.get(self.by or "", "")
        row = self.analysis.describe(estimand)
        for suffix, group in (("1", code), ("0", 0)):
            inside = self.rows(group)
            row |= {f"n_{suffix}": int(inside.sum()), f"events_{suffix}": int((self.event[inside] == 1).sum())}
        if not estimand:
            row |= {"variable": self.by or "", "group_1": self.levels[code], "group_0": self.levels[0]}
        if estimand == "prognostic" and self.analysis.mixes_arms(adjusted_for):
            estimand, row["flags"] = "", (*row["flags"], "arms_mixed")
        return row | {"estimand": estimand, "scale": "binary"}


def group_patients(
    analysis: AnalysisSet,
    by: str | Sequence[str] | None = "marker",
    *,
    estimator: str = "This estimator",
    honours: Collection[Honours] = (),
    absolute: bool = False,
) -> Groups:
    """Sort patients into groups.

    Parameters
    ----------
    analysis : AnalysisSet
    by : str, sequence of str or None
        `marker`, `treatment` or a covariate; None for everyone together. Where no marker was asked for, `marker` means
        the treatment, as in `cox`. Of several, each combination of their levels that occurs is a group, the first
        column's levels in the outer order.
    estimator : str
        The caller's name, for the refusal of what it does not take.
    honours : collection of "start" | "weights"
        As in `complete_cases`.
    absolute : bool
        Whether what is estimated counts from time zero, so that patients must not enter when their treatment starts.

    Returns
    -------
    Groups

    Raises
    ------
    QuestionError
        If the cohort has no such column, or it is a number with too many values to be groups.
    AnalysisError
        If nobody is left.
    """
    names = [] if by is None else list(one_or_more(by))
    if "marker" in names and not analysis.marker:
        names = list(dict.fromkeys("treatment" if name == "marker" else name for name in names))
    weighted = "weights" in honours and is_weighted(analysis)
    needed = [*names, *([WEIGHT] if weighted else [])]
    known = complete_cases(analysis, needed, honours=honours, estimator=estimator)
    if absolute:
        refuse_absolute(analysis, estimator)
    frame = known.frame
    if len(frame) == 0:
        raise AnalysisError(f"{analysis}: no patients, so there is nothing to estimate.", mend="Widen the population.")
    levels, codes = _crossed(known, names)
    labels = [f"{known.marker} ({known.rule})" if name == "marker" else name for name in names]
    return Groups(
        analysis=known, by=" x ".join(names) or None, label=" x ".join(labels), levels=levels, codes=codes,
        months=frame["months"].to_numpy(float),
        event=frame["event"].to_numpy(int), entry=delayed_entry(frame),
        weight=frame[WEIGHT].to_numpy(float) if weighted else None,
    )  # fmt: skip


def _crossed(known: AnalysisSet, names: Sequence[str]) -> tuple[tuple[str, ...], IntArray]:
    """Return the groups that occur, and each patient's; of several columns a level says whose it is."""
    if len(names) < 2:
        return _coded(known.frame[names[0]]) if names else (("",), np.zeros(len(known.frame), dtype=int))
    joined = np.zeros(len(known.frame), dtype=int)
    words = [""]
    for name in names:
        levels, codes = _coded(known.frame[name])
        head = {"marker": f"{known.marker} ", "treatment": ""}.get(name, f"{name} ")
        words = [f"{word}, {head}{level}".removeprefix(", ") for word in words for level in levels]
        joined = joined * len(levels) + codes
    held, codes = np.unique(joined, return_inverse=True)
    if held.size > _MOST_LEVELS:
        raise QuestionError(f"{' x '.join(names)} make {held.size} groups, too many to tell apart. Use fewer columns.")
    return tuple(words[code] for code in held), codes.astype(int)


def two_groups(analysis: AnalysisSet, by: str = "marker", *, estimator: str = "This estimator") -> Groups:
    """Sort patients into exactly two groups, each with patients; what cannot be contrasted is refused.

    Raises
    ------
    AnalysisError
        If there is one group, or more than two.
    """
    groups = group_patients(analysis, by, estimator=estimator)
    if len(groups.levels) != 2:
        raise AnalysisError(
            f"{groups.label} has {len(groups.levels)} level(s) here ({', '.join(groups.levels)}); a contrast "
            "compares two.",
            mend="Widen the population, or choose a grouping with two levels.",
        )
    return groups


def check_horizon(groups: Groups, horizon: float) -> float:
    """Refuse a horizon at which a group is no longer observed; a curve that ends in an event of everyone left goes on.

    Returns
    -------
    float
        The horizon, as the follow-up time that it differs from by rounding only, where there is one.

    Raises
    ------
    AnalysisError
        Naming the group and its last follow-up.
    """
    if not horizon > 0:
        raise AnalysisError(f"The horizon is {horizon:g}; it is a number of months above 0.")
    horizon = float(snap_to(groups.analysis.frame, [horizon])[0])
    for code, level in enumerate(groups.levels):
        rows = groups.rows(code)
        last = float(groups.months[rows].max())
        ended = not (groups.event[rows & (groups.months == last)] == 0).any()
        if horizon > last and not ended:
            raise AnalysisError(
                f"The horizon of {horizon:g} months lies beyond the follow-up of {level or 'the patients'} "
                f"(last {last:.1f}).",
                mend=f"Use at most {np.floor(10 * last) / 10:g}.",
            )
    return horizon


def _coded(values: pd.Series[Any]) -> tuple[tuple[str, ...], IntArray]:
    """Return the levels that occur, the reference first, and each patient's position in them."""
    import pandas as pd

    if values.dtype.kind in "fiu":
        numbers, codes = np.unique(values.to_numpy(float), return_inverse=True)
        if numbers.size > _MOST_LEVELS:
            raise QuestionError(
                f"{values.name} is a number with {numbers.size} values, which make no groups. Cut it first."
            )
        return tuple(f"{number:g}" for number in numbers), codes.astype(int)
    if not isinstance(values.dtype, pd.CategoricalDtype):
        declared = column(str(values.name))
        order = list(declared.levels) if declared else []
        labels = values.astype(str)
        values = labels.astype(pd.CategoricalDtype(order + sorted(set(labels) - set(order))))
    values = values.cat.remove_unused_categories()
    return tuple(map(str, values.cat.categories)), np.asarray(values.cat.codes, dtype=int)
