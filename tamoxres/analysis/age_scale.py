"""Age as the time scale: patients enter at their age at diagnosis and leave at their age at the end of follow-up.

Conventions: months since birth, 12 months a year of age; who came under observation later than diagnosis enters then.
Each risk set holds patients of one age, so that age needs no coefficient. Ages at diagnosis are recorded in years, so
the scale is right to within them. Quantities that count from diagnosis (risks, restricted means, landmarks) are not
defined on it.

References
----------
Korn EL, Graubard BI, Midthune D 1997, Am J Epidemiol 145:72. Thiébaut ACM, Bénichou J 2004, Stat Med 23:3803.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import AnalysisError
from ..wording import count
from .exposure import AGE_SCALE, begins_later
from .sets import AnalysisSet
from .times import join_times

__all__ = ["age_scale"]


def age_scale(analysis: AnalysisSet) -> AnalysisSet:
    """Return the set with age as its time scale, for `cox` and `interaction`.

    Parameters
    ----------
    analysis : AnalysisSet
        Of a cohort that records age at diagnosis.

    Returns
    -------
    AnalysisSet
        Patients of unknown age leave; times are months since birth.

    Raises
    ------
    AnalysisError
        If age is not recorded, or a set is on this scale already, or counts from a landmark or from the start of a
        treatment.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> round(tr.cox(age_scale(gbsg)).effect.estimate, 2), round(tr.cox(gbsg).effect.estimate, 2)
    (0.66, 0.69)
    """
    frame = analysis.frame
    if "age" not in frame or frame["age"].isna().all():
        raise AnalysisError(f"{analysis.cohort.name} does not record age, so it cannot be the time scale.")
    if AGE_SCALE in analysis.codes:
        raise AnalysisError(f"{analysis}: age is the time scale already.")
    if analysis.landmark is not None or begins_later(analysis):
        raise AnalysisError(
            f"{analysis}: times count from a landmark, or treatment from its start; age cannot be the time scale too.",
            mend="Leave one of the two out.",
        )
    known = frame["age"].notna().to_numpy()
    if not known.all():
        analysis = analysis.without(known, name="Age known", why=f"age unknown {count(int((~known).sum()))}")
        frame = analysis.frame
    born = 12 * frame["age"].to_numpy(float)
    months = born + frame["months"].to_numpy(float)
    entry = born + np.maximum(frame["entry"].to_numpy(float), 0.0)
    here = months > entry  # nobody is at risk who left on the day of entry
    moved = replace(
        analysis, frame=frame.assign(months=months, entry=entry), codes=(*analysis.codes, AGE_SCALE),
        selected=analysis.n,
    )  # fmt: skip
    if not here.all():
        moved = moved.without(here, name="At risk at some age", why=f"no follow-up {count(int((~here).sum()))}")
    return replace(moved, frame=join_times(moved.frame))
