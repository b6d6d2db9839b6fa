"""What would an effect be, had an unmeasured confounder of a certain strength been adjusted for? Bias analysis.

Conventions: the confounder is binary, its risk ratio of the outcome `ratio`, its prevalence among the treated and the
untreated given; the bias factor is (1 + treated (ratio - 1)) / (1 + untreated (ratio - 1)), and the adjusted effect
the observed one divided by it (Bross; Schlesselman). An interaction is divided by the bias factor of the altered over
that of the unaltered. Each number may be a distribution: then it is drawn, the adjusted log ratio is the observed one
less the mean log bias factor, its variance the sum of the two; limits by simulation, with and without random error,
stand beside. The formula is that of risk ratios: for hazard ratios of a common outcome it is an approximation, the
better the rarer the outcome.

References
----------
Bross IDJ 1966, J Chronic Dis 19:637. Schlesselman JJ 1978, Am J Epidemiol 108:3. Fox MP, MacLehose RF, Lash TL 2021,
Applying Quantitative Bias Analysis to Epidemiologic Data, 2nd edition, chapters 5 and 8. Ding P, VanderWeele TJ 2016,
doi:10.1097/EDE.0000000000000457 (`joint_bound`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from ..effects import EffectEstimate
from ..errors import AnalysisError, QuestionError
from ..tables.cells import effect_cell, interval_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, choose
from ..wording import percent, ratio_with_interval

__all__ = ["BiasAnalysis", "Confounder", "Spread", "bias_analysis", "bias_factor", "joint_bound"]

Kind = Literal["uniform", "triangular", "trapezoidal", "beta", "lognormal"]
_LENGTHS: dict[str, int] = {"uniform": 2, "triangular": 3, "trapezoidal": 4, "beta": 2, "lognormal": 2}
_HALF = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What is believed of a number that is not known.

    Attributes
    ----------
    kind : "uniform" | "triangular" | "trapezoidal" | "beta" | "lognormal"
    values : tuple of float
        Least and largest; least, likeliest, largest; least, the likeliest two, largest; the two shapes; the two limits
        that hold 95 % of a log-normal.

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.Spread(kind="triangular", values=(0.2, 0.3, 0.5)).centre
    0.3
    """

    kind: Kind
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        choose("kind", self.kind, _LENGTHS)
        v = self.values
        rising = all(b >= a for a, b in pairwise(v)) and v[-1:] > v[:1]
        proper = len(v) == _LENGTHS[self.kind] and all(map(math.isfinite, v))
        fine = min(v, default=0) > 0 if self.kind == "beta" else rising and (self.kind != "lognormal" or v[0] > 0)
        if not (proper and fine):
            raise QuestionError(
                f"A {self.kind} distribution takes {_LENGTHS[self.kind]} numbers that "
                f"{'are above 0' if self.kind == 'beta' else 'rise'}; found {', '.join(f'{x:g}' for x in v)}."
            )

    @property
    def centre(self) -> float:
        """The likeliest value, or the mean where none is likeliest."""
        v = self.values
        if self.kind == "triangular":
            return v[1]
        if self.kind == "beta":
            return v[0] / (v[0] + v[1])
        return math.sqrt(v[0] * v[1]) if self.kind == "lognormal" else sum(v) / len(v)

    def draw(self, stream: np.random.Generator, m: int) -> FloatArray:
        """Draw m values."""
        v = self.values
        if self.kind == "uniform":
            return np.asarray(stream.uniform(v[0], v[1], m))
        if self.kind == "triangular":
            return np.asarray(stream.triangular(v[0], v[1], v[2], m))
        if self.kind == "beta":
            return np.asarray(stream.beta(v[0], v[1], m))
        if self.kind == "lognormal":
            low, high = math.log(v[0]), math.log(v[1])
            return np.asarray(np.exp(stream.normal((low + high) / 2, (high - low) / (2 * _HALF), m)))
        return _trapezoidal(stream.uniform(size=m), v)


def _trapezoidal(share: FloatArray, v: tuple[float, ...]) -> FloatArray:
    """Return the quantiles of a trapezoidal distribution: rising from v0 to v1, level to v2, falling to v3."""
    low, first, last, high = v
    level = 2 / (high + last - first - low)
    up, flat = level * (first - low) / 2, level * (last - first)
    rise = low + np.sqrt(np.maximum(2 * share * (first - low) / level, 0.0))
    fall = high - np.sqrt(np.maximum(2 * (1 - share) * (high - last) / level, 0.0))
    middle = first + (share - up) / level
    return np.asarray(np.where(share < up, rise, np.where(share < up + flat, middle, fall)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confounder:
    """A binary confounder that was not measured; each number may be a `Spread`.

    Attributes
    ----------
    ratio : float or Spread
        Risk ratio of the outcome with it against without, in either arm.
    treated, untreated : float or Spread
        Its prevalence among the treated and the untreated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> print(tr.Confounder(ratio=2.0, treated=0.4, untreated=0.2))
    risk ratio 2 in 0.4 of the treated and 0.2 of the untreated
    """

    ratio: float | Spread
    treated: float | Spread
    untreated: float | Spread

    def __post_init__(self) -> None:
        for name in ("ratio", "treated", "untreated"):
            value = getattr(self, name)
            ends = (value, value) if not isinstance(value, Spread) else _ends(value)
            if not (ends[0] > 0 if name == "ratio" else ends[0] >= 0 and ends[1] <= 1):
                allowed = "above 0" if name == "ratio" else "a share from 0 to 1"
                raise QuestionError(f"The confounder's {name} is {_written(value)}; it is {allowed}.")

    @property
    def fixed(self) -> bool:
        """Whether all three numbers are single values."""
        return not any(isinstance(v, Spread) for v in (self.ratio, self.treated, self.untreated))

    def __str__(self) -> str:
        ratio, treated, untreated = (_written(v) for v in (self.ratio, self.treated, self.untreated))
        return f"risk ratio {ratio} in {treated} of the treated and {untreated} of the untreated"


def _ends(value: Spread) -> tuple[float, float]:
    return (0.0, 1.0) if value.kind == "beta" else (value.values[0], value.values[-1])


def _written(value: float | Spread) -> str:
    if not isinstance(value, Spread):
        return f"{value:g}"
    return f"{value.kind} ({', '.join(f'{x:g}' for x in value.values)})"


def bias_factor(ratio: FloatArray | float, treated: FloatArray | float, untreated: FloatArray | float) -> FloatArray:
    """Return the ratio of the confounded to the unconfounded risk ratio, of a binary confounder.

    Examples
    --------
    >>> float(bias_factor(5.5, 0.5, 0.1).round(4))
    2.2414
    """
    return np.asarray((1 + np.asarray(treated) * (np.asarray(ratio) - 1)) / (1 + untreated * (np.asarray(ratio) - 1)))


def joint_bound(treatment: FloatArray | float, outcome: FloatArray | float) -> FloatArray:
    """Return the most bias that confounding of these two risk ratios, with treatment and with outcome, can make.

    Examples
    --------
    >>> float(joint_bound(2.0, 2.0).round(4))
    1.3333
    """
    first, second = np.asarray(treatment, float), np.asarray(outcome, float)
    return np.asarray(first * second / (first + second - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasAnalysis(ShowsEffects):
    """An effect as it would be with an assumed confounder adjusted for, beside the effect as observed.

    Attributes
    ----------
    adjusted, observed : EffectEstimate
    factor : float
        Bias factor at the central values.
    systematic, total : (float, float) or None
        95 % limits of the adjusted ratio by simulation: from what is assumed alone, and with random error.
    crosses : float or None
        Share of simulations, with random error, on the other side of 1 than the observed effect.
    assumed : tuple of str
        What was assumed, in words.
    draws, seed : int
    """

    adjusted: EffectEstimate
    observed: EffectEstimate
    factor: float
    systematic: tuple[float, float] | None
    total: tuple[float, float] | None
    crosses: float | None
    assumed: tuple[str, ...]
    draws: int
    seed: int

    @property
    def effects(self) -> EffectRows:
        """The adjusted effect, then the one observed."""
        return EffectRows([self.adjusted, self.observed])

    def table(self) -> Table:
        """Return the effect as observed and adjusted, with the limits by simulation."""
        measure = self.observed.measure
        rows = [
            Row((Cell("as observed"), effect_cell(self.observed))),
            Row((Cell("adjusted"), effect_cell(self.adjusted))),
        ]
        middle = self.adjusted.estimate or math.nan
        for name, limits in (("adjusted, assumptions alone", self.systematic), ("adjusted, by simulation", self.total)):
            if limits is not None:
                rows.append(Row((Cell(name), interval_cell((middle, *limits)))))
        across = () if self.crosses is None else (f"{percent(self.crosses)} of simulations lie across 1.",)
        return Table(
            title=f"Bias analysis of an unmeasured confounder: {rows_title([self.observed])}",
            columns=(Column(""), Column(f"{measure} (95% CI)", "ratio")), rows=tuple(rows),
            footnotes=(*(f"Assumed: {one}." for one in self.assumed), *across, *self.adjusted.sentences),
        )  # fmt: skip

    def __str__(self) -> str:
        written = [ratio_with_interval(row.estimate or math.nan, *row.ci()) for row in (self.observed, self.adjusted)]
        return f"observed {written[0]}, adjusted {written[1]}: {'; '.join(self.assumed)}"


def bias_analysis(
    effect: EffectEstimate,
    confounder: Confounder | None = None,
    *,
    altered: Confounder | None = None,
    draws: int = 50_000,
    seed: int = 1,
) -> BiasAnalysis:
    """Adjust an effect of treatment, or its interaction with a marker, for an assumed unmeasured confounder.

    Parameters
    ----------
    effect : EffectEstimate
        An estimated ratio of the estimand `treatment_effect` or `interaction`.
    confounder : Confounder, optional
        In all patients; for an interaction in the unaltered, None for no confounding there.
    altered : Confounder, optional
        For an interaction alone: in the altered, None for no confounding there.
    draws, seed : int
        Of the simulation, where any number is a distribution.

    Returns
    -------
    BiasAnalysis

    Raises
    ------
    AnalysisError
        If the effect is no such ratio, or nothing is assumed.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(0.35, 0.28, 0.44, study="a", estimand="treatment_effect", measure="RR")
    >>> import tamoxres as tr
    >>> round(bias_analysis(row, tr.Confounder(ratio=0.63, treated=0.8, untreated=0.05)).effect.estimate, 2)
    0.49
    """
    if effect.estimand not in ("treatment_effect", "interaction") or not effect.is_ratio or effect.point is None:
        raise AnalysisError(
            f"A bias analysis takes an estimated ratio of treatment or of an interaction; this row is "
            f"{effect.estimand or 'of no named estimand'}, {effect.measure}, {effect.status.replace('_', ' ')}."
        )
    if altered is not None and effect.estimand != "interaction":
        raise AnalysisError("Confounding in the altered alone bears on an interaction; this row is of treatment.")
    sides = [(one, sign) for one, sign in ((confounder, -1.0 if effect.estimand == "interaction" else 1.0),
                                           (altered, 1.0)) if one is not None]  # fmt: skip
    if not sides:
        raise AnalysisError("No confounder is assumed.", mend="Give one, with its risk ratio and prevalences.")
    stream = np.random.default_rng(seed)
    fixed = all(one.fixed for one, _ in sides)
    logs = sum((sign * np.log(bias_factor(*_values(one, stream, 0 if fixed else draws))) for one, sign in sides),
               np.zeros(1 if fixed else draws))  # fmt: skip
    central = sum(sign * float(np.log(bias_factor(*_centres(one)))) for one, sign in sides)
    adjusted = _adjusted(effect, logs)
    systematic = total = crosses = None
    if not fixed:
        alone = effect.point - logs
        both = alone + stream.normal(0.0, effect.se or 0.0, draws)
        systematic, total = _limits(alone), _limits(both)
        crosses = float((both < 0 if effect.point > 0 else both > 0).mean())
    return BiasAnalysis(
        adjusted=adjusted, observed=effect, factor=math.exp(central), systematic=systematic, total=total,
        crosses=crosses, assumed=_assumed(effect, confounder, altered), draws=0 if fixed else draws, seed=seed,
    )  # fmt: skip


def _centres(one: Confounder) -> tuple[float, float, float]:
    first, second, third = (v.centre if isinstance(v, Spread) else v for v in (one.ratio, one.treated, one.untreated))
    return first, second, third


def _values(one: Confounder, stream: np.random.Generator, m: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the confounder's numbers: m draws of each, or single values for m = 0."""
    numbers = one.ratio, one.treated, one.untreated
    drawn = [v.draw(stream, m) if isinstance(v, Spread) else np.full(max(m, 1), float(v)) for v in numbers]
    return drawn[0], drawn[1], drawn[2]


def _limits(logs: FloatArray) -> tuple[float, float]:
    low, high = np.exp(np.quantile(logs, [0.025, 0.975]))
    return float(low), float(high)


def _adjusted(effect: EffectEstimate, logs: FloatArray) -> EffectEstimate:
    """Return the row less the mean log bias factor, its variance the larger by that of the log factor."""
    variance = float(logs.var(ddof=1)) if logs.size > 1 else 0.0
    return replace(
        effect, log_estimate=(effect.point or 0.0) - float(logs.mean()),
        se=math.sqrt((effect.se or 0.0) ** 2 + variance), ci_low=None, ci_high=None, ci_kind="", p_value=None,
        p_kind="", p_relation="", term_p=None, model="bias_analysis",
        flags=(*effect.flags, "assumed_confounder"),
    )  # fmt: skip


def _assumed(effect: EffectEstimate, confounder: Confounder | None, altered: Confounder | None) -> tuple[str, ...]:
    if effect.estimand == "treatment_effect":
        return (str(confounder),)
    sides = (("unaltered", confounder), ("altered", altered))
    return tuple(f"{level}: {one or 'none'}" for level, one in sides)
