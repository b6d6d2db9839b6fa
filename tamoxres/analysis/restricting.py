"""Restrictions of the population that a question adds, such as `nodes >= 1`; who is unknown leaves, and is counted."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import QuestionError
from ..question import Restriction
from ..wording import count
from ..wording.rows import condition_words

if TYPE_CHECKING:
    from .sets import AnalysisSet

__all__ = ["by_restriction"]

_COMPARE = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


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
        raise QuestionError(f"Column {restriction.column} holds levels; compare it with == or !=.")
    keep = (_COMPARE[restriction.comparison](values, wanted) & values.notna()).to_numpy(dtype=bool)
    unknown = int(values.isna().sum())
    words = condition_words(str(restriction))
    why = f"others {count(int((~keep).sum()) - unknown)}"
    why += f", unknown {count(unknown)}" if unknown else ""
    out = chosen.without(keep, name=f"{words[:1].upper()}{words[1:]}", why=why)
    return replace(out, restrictions=(*chosen.restrictions, str(restriction)))
