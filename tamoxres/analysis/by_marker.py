"""Patients by the status of their marker: those in whom it is known, and those of one level alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..cohort import ALTERED, NOT_ASSAYED, UNALTERED
from ..errors import QuestionError
from ..registry import label_of
from ..wording import count
from ..wording.rules import rule_words
from .restricting import tally
from .uncut import refuse_uncut

if TYPE_CHECKING:
    from .sets import AnalysisSet

__all__ = ["by_status", "marker_level"]


def by_status(chosen: AnalysisSet) -> AnalysisSet:
    """Return the patients in whom the marker is altered or unaltered; the others are counted as they are.

    Raises
    ------
    QuestionError
        If the marker was measured as a number that nothing cuts.
    """
    import pandas as pd

    frame = chosen.frame
    keep = frame["marker"].isin([UNALTERED, ALTERED]).to_numpy()
    gone = frame.loc[~keep, "marker"].replace({NOT_ASSAYED: "not assayed"})
    called = chosen.cohort.marker(chosen.marker, chosen.rule)
    if called.measured is not None and not called.values.isin([UNALTERED, ALTERED]).any():
        raise QuestionError(
            f"{chosen.marker} was measured as a number in {chosen.cohort.name}, and nothing says what is altered. "
            "Ask scale='per_sd' (--scale 'per SD'), or say in the mapping what is altered."
        )
    name = label_of(chosen.marker)
    out = chosen.without(keep, name=f"{name} known ({rule_words(chosen.rule)})", why=tally(gone, name))
    levels = pd.Categorical(out.frame["marker"], [UNALTERED, ALTERED])
    return replace(out, frame=out.frame.assign(marker=levels))


def marker_level(analysis: AnalysisSet, level: str) -> AnalysisSet:
    """Return the patients of one marker level, `altered` or `unaltered`."""
    refuse_uncut(analysis, "A stratum of the marker")
    keep = (analysis.frame["marker"] == level).to_numpy()
    out = analysis.without(
        keep, name=f"{analysis.marker} {level}", why=f"the other level {count(analysis.n - int(keep.sum()))}"
    )
    return replace(out, marker_level=level, selected=out.n)
