"""Patients from a published Kaplan-Meier curve: what a digitising tool read becomes a cohort of one outcome.

Conventions: one curve a stratum, survival as a share of 1, times in the unit named; points may be unsorted, noisy and
not monotone. The patients are not those of the study: they give its curve and its numbers at risk back. The cohort's
rows are published ones that share patients with the study, so that they are never pooled with its printed rows; it has
no covariates, and a competing event is a censoring. Without numbers at risk after the start nothing is known of
censoring, and standard errors are too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cohort import Cohort, Source
from ..errors import DataError
from ..kernel.curve_to_patients import CurvePatients, falling, patients_of, product_limit
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray
from ..wording import count, number
from ..wording.codes import flag_sentences
from .assemble import Parts, assemble
from .mapping import read_mapping
from .recode import RawTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CurveSource", "FitOfCurve", "Reconstruction", "reconstruct"]

_OUTSIDE, _RISE, _RMSE, _GAP = 0.02, 0.05, 0.05, 0.10
_AT_RISK = 0.05  # share of the patients by which a number at risk may be missed, beside two
_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSource:
    """Where a curve was printed, and what its groups are.

    Attributes
    ----------
    study : str
        Its id as in the tables of published effects: rows of both share patients.
    endpoint : str
        A STEEP code, or a general one; a curve whose competing deaths were censored is of that endpoint's cause.
    unit : "days" | "weeks" | "months" | "years"
    marker, altered : str
        Where the groups are a marker's: its name, and the group that is altered.
    treated, treatment : str
        Where the groups are treatments: the group that was treated, and with what.
    design : "randomised" | "observational"
    citation : str

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.CurveSource(study="Smith 2003", endpoint="RFS").unit
    'months'
    """

    study: str = "curve"
    endpoint: str = "OS"
    unit: str = "months"
    marker: str = ""
    altered: str = ""
    treated: str = ""
    treatment: str = "tamoxifen"
    design: str = "observational"
    citation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOfCurve:
    """How well one group's patients give its curve back.

    Attributes
    ----------
    group : str
    n, events : int
    rmse, largest_gap : float
        Of the reconstructed curve from the points read, in survival.
    at_risk_gap : int
        Largest difference of a reconstructed number at risk from the printed one.
    """

    group: str
    n: int
    events: int
    rmse: float
    largest_gap: float
    at_risk_gap: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconstruction(ShowsTable):
    """Patients made from curves, with how well they fit.

    Attributes
    ----------
    patients : DataFrame
        group (where there are several), time in the unit of the curve, event.
    fits : tuple of FitOfCurve
        One a group.
    flags : tuple of str
        `reconstructed`, and `no_censoring_information` where numbers at risk stand at the start alone.
    cohort : Cohort
    """

    patients: pd.DataFrame
    fits: tuple[FitOfCurve, ...]
    flags: tuple[str, ...]
    cohort: Cohort

    @property
    def rmse(self) -> float:
        """Root mean squared distance of the reconstructed curve from the points read: the worst group's."""
        return max(fit.rmse for fit in self.fits)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said of every result of these patients."""
        return tuple(flag_sentences(self.flags))

    def table(self) -> Table:
        """Return how well each group's patients give its curve back."""
        heads = ("Group", "N", "Events", "RMSE", "Largest gap", "Numbers at risk, largest gap")
        cells = [
            (fit.group, count(fit.n), count(fit.events), number(fit.rmse, 4), number(fit.largest_gap, 4),
             count(fit.at_risk_gap))
            for fit in self.fits
        ]  # fmt: skip
        return Table(
            title=f"Patients from a published curve: {self.cohort.title}",
            columns=tuple(Column(head, "text" if i == 0 else "number") for i, head in enumerate(heads)),
            rows=tuple(Row(tuple(map(Cell, row))) for row in cells),
            footnotes=self.notes,
        )

    def __str__(self) -> str:
        return "\n".join(
            f"{fit.group}: {fit.n:,} patients, {fit.events:,} events; RMSE {number(fit.rmse, 4)}, largest gap "
            f"{number(fit.largest_gap, 4)}"
            for fit in self.fits
        )


def reconstruct(
    times: Sequence[float] | FloatArray,
    survival: Sequence[float] | FloatArray,
    *,
    at_risk: pd.DataFrame | Mapping[str, Sequence[float]] | int | None = None,
    events: int | Mapping[str, int] | None = None,
    group: Sequence[str] | None = None,
    source: CurveSource | None = None,
) -> Reconstruction:
    """Reconstruct the patients behind published Kaplan-Meier curves (Guyot 2012).

    Parameters
    ----------
    times, survival : array (k,)
        Points read off the curves, in any order; survival from 0 to 1, not a cumulative incidence.
    at_risk : DataFrame, mapping or int, optional
        Columns time and at_risk (and group): the printed numbers at risk, the first at time 0; or the number at the
        start alone, from which nothing follows on censoring. Without it, as many patients as give the events without
        any censoring.
    events : int or mapping of group to int, optional
        Events in all, where printed.
    group : sequence of str (k,), optional
        The curve that each point is of.
    source : CurveSource, optional
        Where the curve was printed, its endpoint and unit, and what the groups are.

    Returns
    -------
    Reconstruction
        `patients`, `cohort`, `rmse`, `fits`, `flags`.

    Raises
    ------
    DataError
        If survival lies outside 0 to 1 by more than 0.02 or rises by more than 0.05, numbers at risk rise or do not
        start at time 0, or the patients found do not give the curve back (RMSE above 0.05, a gap above 0.10) or
        the numbers at risk.

    References
    ----------
    Guyot P et al. 2012, doi:10.1186/1471-2288-12-9. Liu N, Zhou Y, Lee JJ 2021, doi:10.1186/s12874-021-01308-8.

    Examples
    --------
    >>> found = reconstruct([0, 2, 5, 9], [1, 0.9, 0.6, 0.6], at_risk={"time": [0, 4, 9], "at_risk": [10, 8, 5]})
    >>> print(found)
    all: 10 patients, 4 events; RMSE 0.0265, largest gap 0.0375
    """
    about = source or CurveSource()
    points = _points(times, survival, group)
    totals = dict.fromkeys(points, events) if isinstance(events, int | None) else dict(events)
    printed = _printed(_uncensored(points, totals) if at_risk is None else at_risk, tuple(points))
    parts: list[tuple[str, CurvePatients, FitOfCurve]] = []
    for name, (time, curve) in points.items():
        found = _one(name, time, curve, printed[name], totals.get(name))
        parts.append((name, *found))
    censored_unknown = any(len(risk) < 2 for _, risk in printed.values())
    flags = ("reconstructed", *(("no_censoring_information",) if censored_unknown else ()))
    patients = _frame(parts)
    return Reconstruction(
        patients=patients, fits=tuple(fit for *_, fit in parts), flags=flags, cohort=_cohort(patients, about, flags)
    )


Points = dict[str, tuple[FloatArray, FloatArray]]


def _points(times: Any, survival: Any, group: Any) -> Points:
    """Return the points of each group, sorted."""
    time, curve = np.asarray(times, float), np.asarray(survival, float)
    names = np.full(len(time), _ALL) if group is None else np.asarray(group, str)
    if not len(time) == len(curve) == len(names) or time.ndim != 1 or len(time) < 2:
        raise DataError(f"A curve needs as many times as values, two at least; found {len(time)} and {len(curve)}.")
    if not (np.isfinite(time).all() and np.isfinite(curve).all() and (time >= 0).all()):
        raise DataError("Times and survival must be finite numbers, and times not negative.")
    out = {}
    for name in dict.fromkeys(names.tolist()):
        mine = names == name
        order = np.lexsort((-curve[mine], time[mine]))
        out[name] = time[mine][order], curve[mine][order]
    return out


def _uncensored(points: Points, totals: Mapping[str, int | None]) -> dict[str, list[Any]]:
    """Return numbers at the start that give the events of each curve if nobody was censored before its end."""
    rows: dict[str, list[Any]] = {"group": [], "time": [], "at_risk": []}
    for name, (_, curve) in points.items():
        total, fallen = totals.get(name), 1 - float(curve.min())
        if not total or fallen <= 0:
            raise DataError(f"Curve {name}: give the numbers at risk, or the number at the start (at_risk=200).")
        rows["group"].append(name)
        rows["time"].append(0.0)
        rows["at_risk"].append(round(total / min(fallen, 1.0)))
    return rows


def _printed(at_risk: Any, names: tuple[str, ...]) -> dict[str, tuple[FloatArray, IntArray]]:
    """Return times and numbers at risk of each group."""
    import pandas as pd

    if isinstance(at_risk, int | np.integer):
        at_risk = {"time": [0.0], "at_risk": [at_risk]}
    frame = pd.DataFrame(at_risk)
    if missing := [column for column in ("time", "at_risk") if column not in frame]:
        raise DataError(f"Numbers at risk: no column {missing[0]!r}; found {', '.join(map(str, frame.columns))}.")
    if len(names) > 1 and "group" not in frame:
        raise DataError(f"Numbers at risk: no column 'group', and there are {len(names)} curves: {', '.join(names)}.")
    out = {}
    for name in names:
        mine = frame if "group" not in frame else frame[frame["group"].astype(str) == name]
        if mine.empty:
            raise DataError(f"Numbers at risk: none for the curve {name!r}.")
        mine = mine.sort_values("time")
        time, risk = mine["time"].to_numpy(float), mine["at_risk"].to_numpy(float)
        _check_risk(name, time, risk)
        out[name] = time, risk.astype(int)
    return out


def _check_risk(name: str, time: FloatArray, risk: FloatArray) -> None:
    if time[0] != 0:
        raise DataError(f"Curve {name}: the first number at risk stands at {time[0]:g}; give that at time 0.")
    if not (risk == np.round(risk)).all() or (risk < 0).any() or risk[0] < 1:
        raise DataError(f"Curve {name}: numbers at risk are whole numbers, some at time 0; found {risk.tolist()}.")
    rising = np.flatnonzero(np.diff(risk) > 0)
    if rising.size:
        i = int(rising[0])
        raise DataError(
            f"Curve {name}: numbers at risk rise from {risk[i]:.0f} to {risk[i + 1]:.0f} at {time[i + 1]:g}; check the "
            "table, or whether patients entered late."
        )


def _check_curve(name: str, time: FloatArray, curve: FloatArray) -> None:
    worst = curve[np.argmax(np.abs(curve - 0.5))]
    if not -_OUTSIDE <= worst <= 1 + _OUTSIDE:
        hint = " Divide percentages by 100." if worst > 1.5 else " Read the axis again."
        raise DataError(f"Curve {name}: survival {worst:g} lies outside 0 to 1.{hint}")
    lowest = np.minimum.accumulate(curve)
    rise = curve - lowest
    if rise.max() > _RISE:
        i = int(np.argmax(rise))
        raise DataError(
            f"Curve {name}: survival rises by {rise[i]:.2f} up to time {time[i]:g}. A Kaplan-Meier curve never rises: "
            "is it a cumulative incidence, or are two curves mixed?"
        )


def _one(
    name: str, time: FloatArray, curve: FloatArray, printed: tuple[FloatArray, IntArray], events: int | None
) -> tuple[CurvePatients, FitOfCurve]:
    """Reconstruct one group's patients."""
    _check_curve(name, time, curve)
    risk_time, risk = printed
    if events is not None and not 0 <= events <= risk[0]:
        raise DataError(f"Curve {name}: {events} events in {risk[0]} patients.")
    fitted = falling(np.concatenate([[1.0], np.clip(curve, 0.0, 1.0)]))
    fitted[0] = 1.0
    grid = np.concatenate([[0.0], time])
    if risk_time[-1] > grid[-1]:  # the table goes on where the curve's last point is flat
        grid, fitted = np.append(grid, risk_time[-1]), np.append(fitted, fitted[-1])
    found = patients_of(grid, fitted, risk_time, risk, events)
    gaps = product_limit(found.time, found.event, time) - curve
    fit = FitOfCurve(
        group=name, n=len(found.time), events=int(found.event.sum()), rmse=float(np.sqrt(np.mean(gaps**2))),
        largest_gap=float(np.abs(gaps).max()), at_risk_gap=int(np.abs(found.at_risk - risk).max()),
    )  # fmt: skip
    _check_fit(fit)
    return found, fit


def _check_fit(fit: FitOfCurve) -> None:
    if fit.rmse > _RMSE or fit.largest_gap > _GAP:
        raise DataError(
            f"Curve {fit.group}: the patients found do not give it back (RMSE {number(fit.rmse, 3)}, largest gap "
            f"{number(fit.largest_gap, 3)}). Read more points, and check the numbers at risk and the events."
        )
    if fit.at_risk_gap > _AT_RISK * fit.n + 2:
        raise DataError(
            f"Curve {fit.group}: the numbers at risk contradict the curve (by {fit.at_risk_gap} patients of {fit.n}). "
            "Are they of another curve, or of other times?"
        )


def _frame(parts: list[tuple[str, CurvePatients, FitOfCurve]]) -> pd.DataFrame:
    import pandas as pd

    frames = [pd.DataFrame({"group": name, "time": made.time, "event": made.event}) for name, made, _ in parts]
    frame = pd.concat(frames, ignore_index=True)
    return frame.drop(columns="group") if len(parts) == 1 and parts[0][0] == _ALL else frame


def _cohort(patients: pd.DataFrame, about: CurveSource, flags: tuple[str, ...]) -> Cohort:
    """Make the cohort: the patients' follow-up and groups, and what must be said of every result."""
    import pandas as pd

    frame = patients.astype(str).assign(patient=[f"{i + 1}" for i in range(len(patients))])
    table = RawTable("reconstructed patients", frame, np.arange(len(frame)) + 2, "row").indexed("patient")
    parts = Parts(
        rules=read_mapping(_rules(patients, about)), table=table,
        sources=(_source(about),),
        raw=pd.DataFrame(frame.set_index("patient")),
    )  # fmt: skip
    return replace(assemble(parts), overlaps=(about.study,), reconstructed=flags, notes=tuple(flag_sentences(flags)))


def _source(about: CurveSource) -> Source:
    """Say where the curve was printed."""
    return Source(
        name=f"Kaplan-Meier curve of {about.study}",
        citation=about.citation or "published curve",
        licence="as published",
    )


def _rules(patients: pd.DataFrame, about: CurveSource) -> dict[str, Any]:
    """Say in a mapping's words what the columns are."""
    columns: dict[str, Any] = {"patient": "patient"}
    groups = patients["group"].unique().tolist() if "group" in patients else []
    rules: dict[str, Any] = {
        "name": f"{about.study} (curve)", "title": f"{about.study}, reconstructed from its curve",
        "treatment_specificity": "endocrine_unspecified", "design": about.design,
        "endpoints": {about.endpoint: {
            "time": "time", "unit": about.unit, "event": "event", "event_values": ["1"], "censored_values": ["0"],
        }},
    }  # fmt: skip
    for label, asked in (("altered", about.altered), ("treated", about.treated)):
        if asked and asked not in groups:
            raise DataError(f"No curve is called {asked!r} ({label}); found {', '.join(groups) or 'one curve'}.")
    others = [name for name in groups if name not in (about.altered, about.treated)]
    if about.marker and about.altered:
        rules["markers"] = {about.marker: {"from": "group", "altered": [about.altered], "unaltered": others}}
    if about.treated:
        columns["endocrine"] = {"from": "group", "yes": [about.treated], "no": others}
    return rules | {"columns": columns}
