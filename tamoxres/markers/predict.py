"""NHS Predict's prognostic index as a column of a cohort, for adjustment and for validation.

Conventions: the index leaves out HER2, hormone therapy, chemotherapy and trastuzumab, so that it can stand beside a
marker and a treatment; see `kernel.predict_v21` for what is unknown. Patients whose age, receptor status, size or nodes
are unknown have none. It is a number of groups of patients, not for decisions about any one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..cohort import Cohort
from ..errors import QuestionError
from ..kernel.predict_v21 import prognostic_index
from ..vocabulary import FloatArray

__all__ = ["INDEX", "with_predict"]

INDEX = "predict_index"


def with_predict(cohort: Cohort, *, sizes: Mapping[str, float] | None = None) -> Cohort:
    """Add NHS Predict v2.1's prognostic index as a column, `predict_index`.

    Parameters
    ----------
    cohort : Cohort
        That records age, ER, positive nodes and size; grade where it has it.
    sizes : mapping of str to float, mm, optional
        What each level of `size_class` stands for, where sizes are recorded in classes: an assumption of yours.

    Returns
    -------
    Cohort

    Raises
    ------
    QuestionError
        If a column is not recorded, or a class of size is not named.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = with_predict(tr.load("gbsg"))
    >>> gbsg.patients["predict_index"].round(2).iloc[:3].tolist()
    [2.67, 0.44, 1.47]
    """
    frame = cohort.patients
    lacking = [name for name in ("age", "er", "nodes") if name not in frame or frame[name].isna().all()]
    if lacking:
        raise QuestionError(f"{cohort.name} does not record {', '.join(lacking)}, which Predict's index needs.")
    known = frame["er"].isin(["positive", "negative"]).to_numpy()
    grade = frame["grade"].to_numpy(float) if "grade" in frame else np.full(len(frame), np.nan)
    index = prognostic_index(
        (frame["er"] == "positive").to_numpy(), frame["age"].to_numpy(float), _sizes(cohort, sizes),
        frame["nodes"].to_numpy(float), grade,
    )  # fmt: skip
    return replace(cohort, patients=frame.assign(**{INDEX: np.where(known, index, np.nan)}))


def _sizes(cohort: Cohort, sizes: Mapping[str, float] | None) -> FloatArray:
    frame = cohort.patients
    if "size_mm" in frame and frame["size_mm"].notna().any():
        size = frame["size_mm"].to_numpy(float)
        return np.where(size > 0, size, np.nan)
    if "size_class" not in frame:
        fetch = "" if cohort.name != "metabric" else " tamoxres fetch metabric brings it."
        raise QuestionError(
            f"{cohort.name} does not record the size of the tumour, which Predict's index needs.{fetch}"
        )
    levels = [str(level) for level in frame["size_class"].dropna().unique()]
    lacking = [level for level in levels if level not in (sizes or {})]
    if lacking:
        raise QuestionError(
            f"{cohort.name} records size in classes. Name what each stands for in mm: sizes={{{lacking[0]!r}: ...}}."
        )
    return np.asarray(frame["size_class"].astype(object).map(dict(sizes or {})), dtype=float)
