"""Exposure over time: treatment that starts after time zero counts from its start, never before it (immortal time).

Conventions: months; where the start of treatment is recorded, a patient is untreated on (0, start] and treated after,
whatever stopped later; who starts at the end of follow-up or after it was untreated throughout, and so was who began
only after a recorded recurrence (that is no adjuvant treatment). Treated with an unknown start is unknown. Where all
patients of a question are treated they enter when treatment starts. The frame keeps one row a patient, whose
`treatment` is what the patient came to; `start_stop` gives the rows of a hazard model. This removes immortal time, not
confounding.

References
----------
Suissa S 2008, doi:10.1093/aje/kwm324. Therneau TM, Crowson C, Atkinson E, Using time dependent covariates (R survival).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..endpoints import TIMED
from ..errors import AnalysisError, QuestionError
from ..treatment import TREATED, UNTREATED
from ..vocabulary import BoolArray, Exposure
from ..wording import count
from .uncut import refuse_uncut

if TYPE_CHECKING:
    import pandas as pd

    from .sets import AnalysisSet

__all__ = [
    "AGE_SCALE", "SUBCOHORT", "WEIGHT", "Honours", "arms_at_end", "begins_later", "expose", "is_case_cohort",
    "is_weighted", "refuse_absolute", "refuse_unhonoured", "start_stop",
]  # fmt: skip

# what an estimator can take: treatment that starts later, sampling weights, products with the marker, a case-cohort,
# and a marker that is a number
Honours = Literal["start", "weights", "products", "subcohort", "level"]
AGE_SCALE = "age_as_time"  # a code of sets whose times count from birth
START, WEIGHT, SUBCOHORT = "endocrine_start_months", "sampling_weight", "subcohort"


def expose(chosen: AnalysisSet, exposure: Exposure | None) -> AnalysisSet:
    """Return a selected set with its treatment as it counts in time.

    Parameters
    ----------
    chosen : AnalysisSet
    exposure : "time_dependent" | "landmark" | "ever_treated", optional
        As time-dependent where the start is recorded, if None.

    Raises
    ------
    QuestionError
        If treatment is to count from its start and the cohort does not record it.
    """
    if not _start_recorded(chosen):
        if exposure == "time_dependent":
            raise QuestionError(
                f"{chosen.cohort.name} does not record when treatment started ({START}). Leave exposure out."
            )
        return replace(chosen, exposure=exposure if exposure == "ever_treated" else "baseline")
    if exposure == "ever_treated":
        return replace(chosen, exposure=exposure, codes=(*chosen.codes, "immortal_time"))
    treated = (chosen.frame["treatment"] == TREATED).to_numpy() | (_arms(chosen) == "treated")
    unknown = treated & chosen.frame[START].isna().to_numpy()
    if unknown.any():
        why = f"treated, start unknown {count(int(unknown.sum()))}"
        chosen = chosen.without(~unknown, name="Start of treatment known", why=why)
    frame, codes = chosen.frame, list(chosen.codes)
    if "endocrine_stop_months" in frame and frame["endocrine_stop_months"].notna().any():
        codes.append("treatment_stop_ignored")
    if _arms(chosen) == "both":
        relapsed = _after_recurrence(chosen)
        codes += ["treated_at_relapse"] if relapsed.any() else []
        frame = frame.assign(**{START: frame[START].mask(relapsed, np.inf)})
        frame = frame.assign(treatment=arms_at_end(frame))
    elif exposure != "landmark":
        frame = frame.assign(entry=np.maximum(frame["entry"], frame[START]))
        codes.append("enters_at_treatment")
    return replace(chosen, frame=frame, exposure="time_dependent", codes=tuple(codes))


def _arms(chosen: AnalysisSet) -> Literal["both", "treated", "untreated"]:
    """Whether treated and untreated are compared, or all patients of the question are treated, or none."""
    treatment = chosen.treatment
    if treatment.against == "none":
        return "both"
    return "untreated" if treatment.name in ("", "none") else "treated"


def _start_recorded(chosen: AnalysisSet) -> bool:
    frame = chosen.frame
    if START not in frame or _arms(chosen) == "untreated":
        return False
    treated = frame["treatment"] == TREATED if _arms(chosen) == "both" else np.ones(len(frame), bool)
    return bool(frame.loc[treated, START].notna().any())


def _after_recurrence(chosen: AnalysisSet) -> BoolArray:
    """Tell who began treatment only after a recurrence that any of the cohort's endpoints records."""
    patients, frame = chosen.cohort.patients, chosen.frame
    out = np.zeros(len(frame), dtype=bool)
    treated = (frame["treatment"] == TREATED).to_numpy()
    for endpoint in TIMED.values():
        if endpoint.months in patients and endpoint.event in patients:
            own = patients.loc[frame.index, [endpoint.months, endpoint.event]]
            out |= ((own[endpoint.event] == 1) & (own[endpoint.months] < frame[START])).fillna(False).to_numpy(bool)
    return np.asarray(out & treated)


def arms_at_end(frame: pd.DataFrame) -> Any:
    """Return each patient's arm at the end of follow-up (a categorical): treated if treatment had started before it."""
    import pandas as pd

    begun = (frame["treatment"] == TREATED) & (frame[START] < frame["months"])
    return pd.Categorical(np.where(begun, TREATED, UNTREATED), [UNTREATED, TREATED])


def begins_later(analysis: AnalysisSet) -> bool:
    """Whether treated and untreated are compared and treatment counts from its start."""
    return analysis.exposure == "time_dependent" and _arms(analysis) == "both"


def start_stop(analysis: AnalysisSet) -> pd.DataFrame:
    """Return the rows of a hazard model: a patient whose treatment starts during follow-up has two, cut at the start.

    Returns
    -------
    DataFrame
        As the set's frame, indexed by patient; entry and months are the ends of each row.
    """
    import pandas as pd

    frame = analysis.frame
    if not begins_later(analysis):
        return frame
    cut = ((frame["treatment"] == TREATED) & (frame[START] > frame["entry"].clip(lower=0))).to_numpy()
    before = frame[cut].assign(months=frame.loc[cut, START], event=0)
    before = before.assign(treatment=pd.Categorical([UNTREATED] * len(before), [UNTREATED, TREATED]))
    after = frame.assign(entry=frame["entry"].where(~cut, frame[START]))
    return pd.concat([before, after])


def is_weighted(analysis: AnalysisSet) -> bool:
    """Whether the cohort declares sampling weights."""
    return WEIGHT in analysis.frame and bool(analysis.frame[WEIGHT].notna().any())


def is_case_cohort(analysis: AnalysisSet) -> bool:
    """Whether the patients are a random subcohort and cases from outside it."""
    return SUBCOHORT in analysis.frame and bool((analysis.frame[SUBCOHORT] == "no").any())


def refuse_unhonoured(
    analysis: AnalysisSet, columns: Collection[str], honours: Collection[Honours], estimator: str
) -> None:
    """Refuse an estimator that would pass over the start of treatment, sampling, or a marker that is a number.

    Raises
    ------
    AnalysisError
        Naming the estimator and what can be done.
    """
    if "subcohort" not in honours and is_case_cohort(analysis):
        raise AnalysisError(
            f"{estimator} does not know the case-cohort sample of {analysis.cohort.name}: it would take all cases and "
            "a part of the others for the cohort.",
            mend=f"tr.case_cohort knows it; where='{SUBCOHORT} == yes' keeps the random subcohort, for any estimator.",
        )
    if "level" not in honours and "marker" in columns:
        refuse_uncut(analysis, estimator)
    if "weights" not in honours and is_weighted(analysis):
        raise AnalysisError(
            f"{estimator} takes no sampling weights, and {analysis.cohort.name} declares them ({WEIGHT}).",
            mend="cox, interaction and curves honour them; analysis.unweighted() leaves them out and says so.",
        )
    if "start" not in honours and "treatment" in columns and begins_later(analysis):
        raise _needs_landmark(analysis, estimator)


def refuse_absolute(analysis: AnalysisSet, estimator: str) -> None:
    """Refuse a quantity that counts from time zero where patients enter at their age or when treatment starts."""
    if AGE_SCALE in analysis.codes:
        raise AnalysisError(
            f"{estimator} counts from diagnosis; here age is the time scale.", mend="Use cox for the hazards."
        )
    if analysis.exposure == "time_dependent" and not begins_later(analysis):
        raise _needs_landmark(analysis, estimator)


def _needs_landmark(analysis: AnalysisSet, estimator: str) -> AnalysisError:
    return AnalysisError(
        f"{estimator} takes treatment as known at time zero, and in {analysis.cohort.name} it starts later ({START}).",
        mend="Begin at a landmark: tr.landmark(analysis, at=12), or --landmark 12.",
    )
