"""How many events and patients an interaction takes, and what a study of given size would see.

Conventions: four groups in the order of `minimum_detectable` (unaltered untreated, unaltered treated, altered
untreated, altered treated); hazards are constant over one length of follow-up; `risk` is that of an unaltered untreated
patient by its end, were no other death to come first. The log ratio's variance is the sum of the groups' inverse
events, expected with the interaction (Schmoor 2000); where a group is expected to have fewer than 20 events power is
simulated. A marker measured with error mixes the groups: what is then tested is the ratio of the mixtures, nearer 1,
among groups of other sizes. Competing deaths take events away.

References
----------
Schmoor C, Sauerbrei W, Schumacher M 2000, Stat Med 19:441. Peterson B, George SL 1993, Control Clin Trials 14:511.
Schoenfeld DA 1983, Biometrics 39:499 (events of a main effect).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.cells import number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray
from ..wording import count, percent, ratio
from .detectable import minimum_detectable, simulated_power

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Design", "Study", "design", "seen_together"]

_FEW = 20.0  # expected events of a group below which power is simulated
_GROUPS = ("unaltered untreated", "unaltered treated", "altered untreated", "altered treated")
_MOST = 10_000_000  # patients


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What a study would be like.

    Attributes
    ----------
    marker_share, treated_share : float
        Share of patients whose marker is truly altered, and share treated.
    risk : float
        Of an event by the end of follow-up, unaltered and untreated, were there no competing deaths.
    hr_marker, hr_treatment : float
        Marker altered v unaltered in the untreated; treated v untreated in the unaltered.
    competing : float
        Risk of a competing death by the end of follow-up, were there no other events.
    sensitivity, specificity : float
        Of the marker as measured.

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.Study(marker_share=0.15).treated_share
    0.5
    """

    marker_share: float = 0.2
    treated_share: float = 0.5
    risk: float = 0.3
    hr_marker: float = 1.0
    hr_treatment: float = 1.0
    competing: float = 0.0
    sensitivity: float = 1.0
    specificity: float = 1.0

    def __post_init__(self) -> None:
        for name in ("marker_share", "treated_share", "risk"):
            if not 0 < getattr(self, name) < 1:
                raise AnalysisError(f"{name} is {getattr(self, name)}; it is a share between 0 and 1.")
        if not (self.hr_marker > 0 and self.hr_treatment > 0 and 0 <= self.competing < 1):
            raise AnalysisError("Hazard ratios are above 0, the risk of a competing death from 0 to below 1.")
        if not (0 < self.sensitivity <= 1 and 0 < self.specificity <= 1) or self.sensitivity + self.specificity <= 1:
            raise AnalysisError(
                f"Sensitivity {self.sensitivity:g} and specificity {self.specificity:g} must sum to above 1."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design(ShowsTable):
    """A study's size and power for one interaction.

    Attributes
    ----------
    ratio : float
        True ratio of hazard ratios.
    measured_ratio : float
        What it becomes between the groups as measured; equal without misclassification.
    study : Study
    patients, events : int
    power, alpha : float
    simulated : bool
        Whether the power is simulated, a group having few events.
    groups : tuple of (share of patients, risk of the event)
        Of the four groups as measured.
    main_effect_events : int
        What a treatment effect of the same size would take, for comparison (Schoenfeld).
    """

    ratio: float
    measured_ratio: float
    study: Study
    patients: int
    events: int
    power: float
    alpha: float
    simulated: bool
    groups: tuple[tuple[float, float], ...]
    main_effect_events: int

    @property
    def detectable(self) -> tuple[float | None, float | None]:
        """The measured ratios nearest 1 that so many patients show with power 80%, below and above 1, if any."""
        shares, risks = np.array(self.groups).T
        patients = self.patients * shares
        expected = patients * _without(risks, self.measured_ratio)
        return minimum_detectable(patients.tolist(), expected.tolist(), alpha=self.alpha)

    def curve(self, patients: Sequence[int] | None = None) -> pd.DataFrame:
        """Tabulate power over size: patients, events, power.

        Parameters
        ----------
        patients : sequence of int, optional
            From a quarter to twice the size of the study, if None.
        """
        import pandas as pd

        sizes = np.linspace(0.25, 2.0, 15) * self.patients if patients is None else np.asarray(patients, float)
        shares, risks = np.array(self.groups).T
        rows = []
        for size in sizes:
            n = round(size)
            rows.append((n, float(n * shares @ risks), _power(n, (shares, risks), self.measured_ratio, self.alpha)[0]))
        return pd.DataFrame(rows, columns=["patients", "events", "power"])

    def table(self) -> Table:
        """Return the groups with their patients and events, the power below."""
        rows = [
            Row((Cell(name), number_cell(self.patients * share, 0), number_cell(self.patients * share * risk, 0)))
            for name, (share, risk) in zip(_GROUPS, self.groups, strict=True)
        ]
        below, above = ("none" if value is None else ratio(value) for value in self.detectable)
        return Table(
            title=f"Design for a ratio of hazard ratios of {ratio(self.ratio)}",
            columns=(Column("Group as measured"), Column("Patients", "number"), Column("Events", "number")),
            rows=tuple(rows),
            footnotes=(
                f"{self}.", f"So many patients show, with power 80%, a measured ratio of {below} below 1 and {above} "
                "above 1.",
                f"A treatment effect of the same size would take {count(self.main_effect_events)} events.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        mixed = "" if self.measured_ratio == self.ratio else f" (measured: {ratio(self.measured_ratio)})"
        how = ", simulated" if self.simulated else ""
        return (
            f"Ratio {ratio(self.ratio)}{mixed}: {count(self.patients)} patients, {count(self.events)} events, power "
            f"{percent(self.power)}{how}"
        )


def design(
    ratio: float,
    *,
    study: Study | None = None,
    patients: int | None = None,
    power: float = 0.80,
    alpha: float = 0.05,
) -> Design:
    """Find how many patients an interaction takes, or the power that so many give.

    Parameters
    ----------
    ratio : float
        True ratio of treatment's hazard ratios, altered over unaltered.
    study : Study, optional
        The study; its defaults if None.
    patients : int, optional
        Size of the study; the least that gives `power`, if None.
    power, alpha : float
        Asked for, of a two-sided test.

    Returns
    -------
    Design

    Raises
    ------
    AnalysisError
        If the ratio is 1 or not above 0, a share does not lie between 0 and 1, or no size would do.

    Examples
    --------
    >>> print(design(1.5, study=Study(marker_share=0.5, risk=0.5)))
    Ratio 1.50: 1,442 patients, 774 events, power 80.0%
    """
    chosen = study or Study()
    if not (ratio > 0 and ratio != 1 and math.isfinite(ratio)):
        raise AnalysisError(f"A ratio of hazard ratios to be seen is above 0 and not 1; found {ratio:g}.")
    if not (0 < power < 1 and 0 < alpha < 1):
        raise AnalysisError(f"Power and alpha lie between 0 and 1; found {power:g} and {alpha:g}.")
    shares, risks, measured = _groups(chosen, ratio)
    size = _size((shares, risks), measured, power, alpha) if patients is None else int(patients)
    reached, simulated = _power(size, (shares, risks), measured, alpha)
    distance = float(ndtri(1 - alpha / 2) + ndtri(power))
    split = chosen.treated_share * (1 - chosen.treated_share)
    return Design(
        ratio=ratio, measured_ratio=measured, study=chosen, patients=size,
        events=round(size * float(shares @ risks)), power=reached, alpha=alpha, simulated=simulated,
        groups=tuple((float(share), float(risk)) for share, risk in zip(shares, risks, strict=True)),
        main_effect_events=math.ceil(distance**2 / (split * math.log(ratio) ** 2)),
    )  # fmt: skip


def _groups(study: Study, ratio: float) -> tuple[FloatArray, FloatArray, float]:
    """Return shares (4,) and risks (4,) of the groups as measured, and the ratio of hazard ratios between them."""
    hazard, other = -math.log1p(-study.risk), -math.log1p(-study.competing)
    shares, events, exposure = np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2))
    measured = {1: (1 - study.sensitivity, study.sensitivity), 0: (study.specificity, 1 - study.specificity)}
    for true in (0, 1):
        for arm in (0, 1):
            rate = hazard * study.hr_marker**true * study.hr_treatment**arm * ratio ** (true * arm)
            gone = -math.expm1(-(rate + other))
            own = (study.marker_share if true else 1 - study.marker_share) * (
                study.treated_share if arm else 1 - study.treated_share
            )
            for seen in (0, 1):
                part = own * measured[true][seen]
                shares[seen, arm] += part
                events[seen, arm] += part * rate / (rate + other) * gone
                exposure[seen, arm] += part * gone / (rate + other)
    rates = events / exposure
    between = float(rates[1, 1] * rates[0, 0] / (rates[1, 0] * rates[0, 1]))
    exact = study.sensitivity == 1 and study.specificity == 1
    return shares.ravel(), (events / shares).ravel(), ratio if exact else between


def _without(risks: FloatArray, ratio: float) -> FloatArray:
    """Return the groups' risks were there no interaction: the last group's hazard divided by the ratio."""
    out = risks.copy()
    out[3] = -math.expm1(math.log1p(-float(risks[3])) / ratio)
    return out


def _power(size: int, groups: tuple[FloatArray, FloatArray], ratio: float, alpha: float) -> tuple[float, bool]:
    """Return the power, and whether it was simulated."""
    shares, risks = groups
    expected = size * shares * risks
    if expected.min() < _FEW:
        patients = np.maximum(np.rint(size * shares), 1).astype(int)
        return simulated_power(patients.tolist(), _without(risks, ratio).tolist(), math.log(ratio), alpha=alpha), True
    z = abs(math.log(ratio)) / math.sqrt(float((1 / expected).sum()))
    return float(ndtr(z - ndtri(1 - alpha / 2))), False


def _size(groups: tuple[FloatArray, FloatArray], ratio: float, power: float, alpha: float) -> int:
    """Return the least number of patients that gives the power."""
    shares, risks = groups
    distance = float(ndtri(1 - alpha / 2) + ndtri(power))
    needed = distance**2 * float((1 / (shares * risks)).sum()) / math.log(ratio) ** 2
    if needed > _MOST:
        raise AnalysisError(f"A ratio of {ratio:.3g} as measured would take more than {_MOST:,} patients.")
    size = math.ceil(needed)
    if (size * shares * risks).min() >= _FEW:
        return size
    low, high = max(size // 4, 4), size
    while _power(high, groups, ratio, alpha)[0] < power:
        low, high = high, 2 * high
        if high > _MOST:
            raise AnalysisError(f"A ratio of {ratio:.3g} as measured would take more than {_MOST:,} patients.")
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if _power(middle, groups, ratio, alpha)[0] >= power else (middle, high)
    return high


def seen_together(rows: Sequence[EffectEstimate], *, power: float = 0.80, alpha: float = 0.05) -> tuple[float, float]:
    """Return the ratios nearest 1, below and above it, that interactions of several studies could show together.

    Parameters
    ----------
    rows : sequence of EffectEstimate
        Interactions, one a study; their variances are combined as if the true ratio were the same in all.
    power, alpha : float

    Returns
    -------
    below, above : float

    Raises
    ------
    AnalysisError
        If a row is no estimated interaction on the ratio scale, or a study comes twice.

    Examples
    --------
    >>> rows = [EffectEstimate(study=s, estimand="interaction", log_estimate=0.0, se=0.4) for s in "ab"]
    >>> [round(ratio, 2) for ratio in seen_together(rows)]
    [0.45, 2.21]
    """
    errors = [row.se for row in rows if row.estimand == "interaction" and row.is_ratio and row.se]
    if len(errors) < len(rows) or not rows or len({row.study for row in rows}) < len(rows):
        raise AnalysisError("Needs estimated interactions on the ratio scale, one row a study.")
    se = 1 / math.sqrt(sum(1 / error**2 for error in errors))
    size = math.exp(float(ndtri(1 - alpha / 2) + ndtri(power)) * se)
    return 1 / size, size
