"""Restrictions of the population that a question adds, such as `nodes >= 1`; who is unknown leaves, and is counted."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import QuestionError
from ..files.suspicious import sentinels, stray_text
from ..question import Restriction
from ..vocabulary import CONTRADICTED
from ..wording import count
from ..wording.rows import condition_words

if TYPE_CHECKING:
    import pandas as pd

    from .sets import AnalysisSet

__all__ = ["by_restriction", "refuse_sentinels", "tally", "with_contradictions"]

_COMPARE = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


def tally(values: pd.Series[Any], label: str) -> str:
    """Say who left: each value with its count, unknown last."""
    counts = values.value_counts()
    parts = [f"{label} {value} {count(n)}" for value, n in counts.items() if n]
    if unknown := int(values.isna().sum()):
        parts.append(f"{label} unknown {count(unknown)}")
    return ", ".join(parts)


def refuse_sentinels(chosen: AnalysisSet, column: str, *, named: float | None = None) -> None:
    """Refuse to compare a number with a cut where some values look as if they meant unknown.

    Parameters
    ----------
    chosen : AnalysisSet
    column : str
    named : float, optional
        The cut: who names the very value knows of it. What another restriction names is taken, too.

    Raises
    ------
    QuestionError
        Naming the value and how often it occurs.
    """
    for code in sentinels(chosen.cohort.patients.get(column, ())):
        value = float(code.code)
        if value != named and f"{column} <= {value:g}" not in chosen.restrictions:
            raise QuestionError(
                f"{chosen.cohort.name}: {code.facts}; a comparison would count it.",
                mend=f"List it in missing of the mapping if it means unknown; if it was measured, add the restriction "
                f"{column} <= {value:g} first.",
            )


def with_contradictions(chosen: AnalysisSet) -> AnalysisSet:
    """Return the set with the count of its patients whom another endpoint contradicts, which every row then tells."""
    them = chosen.cohort.contradicted.get(chosen.endpoint.code)
    many = 0 if them is None else int(chosen.frame.index.isin(them).sum())
    return replace(chosen, codes=(*chosen.codes, f"{CONTRADICTED}:{many}")) if many else chosen


def by_restriction(chosen: AnalysisSet, restriction: Restriction) -> AnalysisSet:
    """Return the patients who meet a restriction, with a step in the flow.

    Raises
    ------
    QuestionError
        If the cohort has no such column, or it cannot be compared so.
    """
    frame = chosen.frame
    if restriction.column not in frame:
        raise QuestionError(
            f"{chosen.cohort.name} has no column {restriction.column!r}. It has {', '.join(frame.columns[5:])}."
        )
    values = frame[restriction.column]
    wanted: Any = restriction.value
    if values.dtype.kind in "fi":
        try:
            wanted = float(wanted)
        except ValueError:
            raise QuestionError(f"Column {restriction.column} holds numbers; {wanted!r} is none.") from None
    elif restriction.comparison not in ("==", "!="):
        stray = stray_text(values)
        what = f"{stray}. Correct it, or list it in missing." if stray else "compare it with == or !=."
        raise QuestionError(f"Column {restriction.column} holds levels; {what}")
    if restriction.comparison not in ("==", "!="):
        refuse_sentinels(chosen, restriction.column, named=wanted)
    keep = (_COMPARE[restriction.comparison](values, wanted) & values.notna()).to_numpy(dtype=bool)
    unknown = int(values.isna().sum())
    words = condition_words(str(restriction))
    why = f"others {count(int((~keep).sum()) - unknown)}"
    why += f", unknown {count(unknown)}" if unknown else ""
    out = chosen.without(keep, name=f"{words[:1].upper()}{words[1:]}", why=why)
    return replace(out, restrictions=(*chosen.restrictions, str(restriction)))
