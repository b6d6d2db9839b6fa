"""How well does NHS Predict v2.1 foretell deaths in a cohort, by marker and by treatment? Calibration, discrimination.

Conventions: Predict's index as `with_predict` makes it, without HER2 and without treatments: treated groups should die
less often than it says. Observed over expected deaths: expected are each patient's cumulative hazard up to the end of
follow-up, 15 years or the horizon, so that censoring needs no model (limits are exact Poisson's). The slope is the Cox
coefficient of the index, 1 if patients differ as foretold. Discrimination is Harrell's C of the index with the
infinitesimal jackknife's error. Recalibration is a Poisson regression of deaths on the index with the baseline as
offset: its intercept and slope, fitted to the same patients and so too good for others. For overall survival the
expected hazard is that of both causes, which is what C ranks by too. A cohort by which a version of Predict was built
or chosen is no independent validation of it.

References
----------
Crowson CS, Atkinson EJ, Therneau TM 2016, Stat Methods Med Res 25:1692. Harrell FE et al. 1996, Stat Med 15:361.
Candido dos Reis FJ et al. 2017, Breast Cancer Res 19:58.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.exposure import refuse_absolute
from ..analysis.follow_up import delayed_entry
from ..errors import AnalysisError, QuestionError
from ..files.frames import holds_frames
from ..kernel.cox import fit_cox
from ..kernel.predict_v21 import cancer_hazard, death_risk, other_hazard
from ..tables.cells import count_cell, interval_cell, number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import BoolArray, FloatArray, IntArray
from .grouping import check_horizon, group_patients
from .incidence import aalen_johansen
from .rates import poisson_limits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PredictValidation", "concordance_index", "validate_predict"]

_INDEX = "predict_index"
_FEWEST = 10  # deaths of a group below which slope and C are not estimated
_MENDS = "Add it by tr.with_predict(cohort) before you select."


@holds_frames("groups")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictValidation(ShowsTable):
    """Predict against what happened, in all patients and by group.

    Attributes
    ----------
    groups : DataFrame
        of (`all`, `fifth of the index`, the marker, `treatment`), group, n, observed, expected, ratio (O/E) with
        ci_low and ci_high, slope and slope_se, c and c_se (NaN below 10 deaths), recalibrated (expected deaths once
        intercept and slope are fitted), predicted and seen (mean risk foretold by the horizon, and the observed one
        with seen_se).
    intercept, intercept_se, slope, slope_se : float
        Of the recalibration.
    endpoint, label : str
    horizon : float, months
    independent : bool
        Whether the cohort may be called an independent validation.
    """

    groups: pd.DataFrame
    intercept: float
    intercept_se: float
    slope: float
    slope_se: float
    endpoint: str
    label: str
    horizon: float
    independent: bool

    def table(self) -> Table:
        """Return one line for each group."""
        lines: list[Any] = self.groups.to_dict("records")
        rows = [
            Row((
                Cell(one["group"] if one["of"] == "all" else f"{one['of']}: {one['group']}"), count_cell(int(one["n"])),
                count_cell(int(one["observed"])), number_cell(one["expected"], 1),
                interval_cell((one["ratio"], one["ci_low"], one["ci_high"])), _with_se(one["slope"], one["slope_se"]),
                _with_se(one["c"], one["c_se"]),
            ))
            for one in lines
        ]  # fmt: skip
        shares = _shares(self.intercept, self.intercept_se, self.slope, self.slope_se)
        return Table(
            title=f"Predict v2.1 against {self.endpoint} to {self.horizon:g} months: {self.label}",
            columns=(
                Column("Patients"), Column("N", "number"), Column("Deaths", "number"), Column("Expected", "number"),
                Column("O/E (95% CI)", "ratio"), Column("Slope (SE)", "number"), Column("C (SE)", "number"),
            ),
            rows=tuple(rows),
            footnotes=(
                "Expected without HER2 and without treatments, found on screening taken as unknown. Risks of a "
                "population, not for individual decisions.",
                *(() if self.independent else ("Not an independent validation: these patients were at hand when "
                                               "versions of Predict were made or judged.",)),
                f"Recalibration in these patients: {shares}; too good for others.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        first = self.groups.iloc[0]
        return (
            f"Predict v2.1, {self.endpoint}: {first['observed']:.0f} deaths, {first['expected']:.0f} expected, "
            f"O/E {first['ratio']:.2f} ({first['ci_low']:.2f}-{first['ci_high']:.2f}), C {first['c']:.3f}"
        )


def _with_se(value: float, se: float) -> Cell:
    return Cell("NE") if not np.isfinite(value) else Cell(f"{value:.3f} ({se:.3f})")


def _shares(*numbers: float) -> str:
    return "intercept {:.2f} (SE {:.2f}), slope {:.2f} (SE {:.2f})".format(*numbers)


class _Patients(NamedTuple):
    """What is known of each patient: index, expected hazard to the end and its baseline, months and whether it died."""

    prognosis: FloatArray
    score: FloatArray
    expected: FloatArray
    months: FloatArray
    died: IntArray
    event: IntArray
    predicted: FloatArray


def concordance_index(time: FloatArray, event: IntArray, score: FloatArray) -> tuple[float, float]:
    """Return Harrell's C of a score that is high where death is early, and its infinitesimal jackknife error.

    Examples
    --------
    >>> import numpy as np
    >>> concordance_index(np.array([1.0, 2, 3]), np.array([1, 1, 0]), np.array([3.0, 2, 1]))
    (1.0, 0.0)
    """
    n = time.size
    good, pairs = np.zeros(n), np.zeros(n)
    for i in np.flatnonzero(event == 1):
        later = (time > time[i]) | ((time == time[i]) & (event != 1))
        value = np.where(score < score[i], 1.0, np.where(score == score[i], 0.5, 0.0)) * later
        good[i] += value.sum()
        pairs[i] += later.sum()
        good += value
        pairs += later
    total = pairs.sum() / 2
    if not total:
        return float("nan"), float("nan")
    c = float(good.sum() / 2 / total)
    return c, float(np.sqrt((((good - c * pairs) / total) ** 2).sum()))


def validate_predict(analysis: AnalysisSet, *, horizon: float = 120.0) -> PredictValidation:
    """Hold NHS Predict v2.1 against the deaths of a cohort: O/E, slope and C by fifth, marker and treatment.

    Parameters
    ----------
    analysis : AnalysisSet
        Of BCSS or OS, selected of a cohort with Predict's index (`with_predict`).
    horizon : float, months
        Whole years, 15 at most; deaths after it do not count.

    Returns
    -------
    PredictValidation

    Raises
    ------
    QuestionError
        If the index is not there, the endpoint is not one that Predict foretells, or the horizon is no whole number of
        years.
    AnalysisError
        If entry is delayed, or there are fewer than 10 deaths.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.with_predict(tr.load("gbsg"))
    >>> print(validate_predict(tr.select(gbsg, endpoint="OS", er="any", treatment="any"), horizon=60))
    Predict v2.1, OS: 156 deaths, 151 expected, O/E 1.03 (0.88-1.21), C 0.720
    """
    code = analysis.endpoint.code
    if _INDEX not in analysis.frame:
        raise QuestionError(f"{analysis.cohort.name} has no column {_INDEX}. {_MENDS}")
    if code not in ("BCSS", "OS"):
        raise QuestionError(f"Predict foretells deaths: BCSS or OS, not {code}.")
    if horizon % 12 or not 12 <= horizon <= 180:
        raise QuestionError(f"The horizon is {horizon:g} months; take whole years, 12 to 180 months.")
    complete = complete_cases(analysis, [_INDEX, "age"], estimator="A validation of Predict")
    refuse_absolute(complete, "A validation of Predict")
    if delayed_entry(complete.frame) is not None:
        raise AnalysisError("A validation of Predict does not take delayed entry.", mend="Leave those patients out.")
    check_horizon(group_patients(complete, None), horizon)
    people, base = _patients(complete, horizon)
    if people.died.sum() < _FEWEST:
        raise AnalysisError(f"{complete}: {int(people.died.sum())} deaths by the horizon; 10 are needed.")
    coefficients, covariance = _poisson(people.prognosis, np.log(base), people.died)
    again = base * np.exp(coefficients[0] + coefficients[1] * people.prognosis)
    return PredictValidation(
        groups=_groups(complete, people, again, horizon), intercept=float(coefficients[0]),
        slope=float(coefficients[1]), intercept_se=float(np.sqrt(covariance[0, 0])),
        slope_se=float(np.sqrt(covariance[1, 1])), endpoint=code, label=complete.cohort.title, horizon=horizon,
        independent=complete.cohort.name not in ("metabric", "metabric_rueda"),
    )  # fmt: skip


def _patients(analysis: AnalysisSet, horizon: float) -> tuple[_Patients, FloatArray]:
    """Return the patients, and each one's expected hazard at index 0."""
    frame = analysis.until(horizon).frame
    positive, age = (frame["er"] == "positive").to_numpy(), frame["age"].to_numpy(float)
    index, months = frame[_INDEX].to_numpy(float), frame["months"].to_numpy(float)
    years = np.maximum(months, 1e-6) / 12
    own, other = cancer_hazard(positive, index, years), other_hazard(age, years)
    event, last = frame["event"].to_numpy(int), np.full(len(frame), horizon / 12)
    risks = death_risk(positive, index, age, int(horizon // 12))
    alone = analysis.endpoint.code == "BCSS"
    expected = own if alone else own + other
    score = index if alone else np.log(cancer_hazard(positive, index, last) + other_hazard(age, last))
    people = _Patients(
        prognosis=index, score=score, expected=expected, months=months, died=(event == 1).astype(int), event=event,
        predicted=risks[0] if alone else risks[1],
    )  # fmt: skip
    return people, expected / np.exp(index)


def _poisson(index: FloatArray, offset: FloatArray, died: IntArray) -> tuple[FloatArray, FloatArray]:
    """Fit a Poisson regression of deaths on the index: coefficients (2,) and covariance (2, 2)."""
    x = np.column_stack([np.ones(index.size), index])
    beta = np.array([np.log(died.sum() / np.exp(offset).sum()), 0.0])
    for _ in range(100):
        mean = np.exp(offset + x @ beta)
        information = x.T @ (x * mean[:, None])
        step = np.linalg.solve(information, x.T @ (died - mean))
        beta = beta + step
        if float(np.abs(step).max()) < 1e-12:
            break
    return beta, np.asarray(np.linalg.inv(information), dtype=float)


def _groups(analysis: AnalysisSet, people: _Patients, again: FloatArray, horizon: float) -> pd.DataFrame:
    import pandas as pd

    frame = analysis.frame
    rows = [_group("all", "all patients", np.ones(len(frame), bool), people, again, horizon)]
    edges = np.quantile(people.score, [0.2, 0.4, 0.6, 0.8])
    fifth = np.searchsorted(edges, people.score, side="right")
    rows += [_group("fifth of the index", str(k + 1), fifth == k, people, again, horizon) for k in range(5)]
    for name, of in (("marker", analysis.marker), ("treatment", "treatment")):
        for level in frame[name].cat.categories if frame[name].notna().any() else ():
            inside = (frame[name] == level).to_numpy()
            if inside.any() and of:
                rows.append(_group(of, str(level), inside, people, again, horizon))
    return pd.DataFrame(rows)


def _group(
    of: str, group: str, inside: BoolArray, people: _Patients, again: FloatArray, horizon: float
) -> dict[str, Any]:
    columns: Any = [column[inside] for column in people]
    own = _Patients(*columns)
    observed, expected = int(own.died.sum()), float(own.expected.sum())
    low, high = poisson_limits(observed)
    slope = slope_se = c = c_se = float("nan")
    if observed >= _FEWEST and own.score.min() < own.score.max():
        fit = fit_cox(own.months, own.died, own.prognosis[:, None])
        slope, slope_se = (float(fit.coefficients[0]), float(fit.se[0])) if not fit.flags else (slope, slope_se)
        c, c_se = concordance_index(own.months, own.died, own.score)
    curve = aalen_johansen(own.months, own.event)
    at = int(np.searchsorted(curve.time, horizon, side="right")) - 1
    return {
        "of": of, "group": group, "n": int(inside.sum()), "observed": observed, "expected": expected,
        "ratio": observed / expected, "ci_low": low / expected, "ci_high": high / expected, "slope": slope,
        "slope_se": slope_se, "c": c, "c_se": c_se, "recalibrated": float(again[inside].sum()),
        "predicted": float(own.predicted.mean()), "seen": float(curve.incidence[0][at]),
        "seen_se": float(np.nan_to_num(curve.se[0][at])),
    }  # fmt: skip
