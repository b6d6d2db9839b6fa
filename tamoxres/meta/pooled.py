"""PooledEffect: what a meta-analysis found, with the rows it was made of.

Conventions: `point` and `se` are on the analysis scale (log of a ratio, or the difference); `estimate`, the confidence
limits and the prediction limits are as a reader sees them. I2 is a percentage; weights are shares of 1 in the order of
`effects`; `se` and `df` belong to the named interval method.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from html import escape
from typing import Any

from ..effects import EffectEstimate, effects_to_json
from ..effects.routes import critical_value
from ..vocabulary import CiMethod, PredictionRule
from ..wording import NOT_ESTIMABLE, interval, number, p_value, percent, ratio_limits, ratio_with_interval
from .posterior import FEW_STUDIES, BayesLine, bayes_line
from .tau2 import Tau2Method

__all__ = ["CI_NAMES", "LEFT_OUT", "TAU2_NAMES", "PooledEffect"]

TAU2_NAMES = {
    "common": "common effect", "dl": "DerSimonian-Laird", "reml": "REML", "ml": "maximum likelihood",
    "pm": "Paule-Mandel", "he": "Hedges", "sj": "Sidik-Jonkman", "eb": "empirical Bayes",
}  # fmt: skip
CI_NAMES = {"hksj": "Hartung-Knapp", "z": "normal", "adhoc": "ad hoc Hartung-Knapp"}
_CI_KINDS: dict[str, Any] = {"hksj": "hksj", "z": "wald", "adhoc": "adhoc"}
LEFT_OUT = {
    "test_only": "a test without a standard error", "not_estimable": "not estimable",
    "null_without_number": "reported null, without a number",
    "significant_without_number": "reported significant, without a number", "estimated": "one marker stratum only",
}  # fmt: skip
"""Why a row was left out, by its status; an estimated one is left out by `deft` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledEffect:
    """A pooled effect: the estimate with its interval, heterogeneity, a prediction interval, and the rows behind it.

    Attributes
    ----------
    effects : tuple of EffectEstimate
        The rows pooled, in the order given.
    left_out : tuple of EffectEstimate
        The rows given and not pooled; their `status` says why (`LEFT_OUT` in words).
    marker, contrast, endpoint, estimand, measure : str
        What was asked, after mapping.
    point, se : float
        On the analysis scale.
    df : float or None
        Degrees of freedom of the interval; None for a normal one.
    p_value : float
    level : float
    tau2, tau2_ci_low, tau2_ci_high : float or None
        Between-study variance with its Q-profile interval (None for a common effect, and where it is empty).
    q, q_df, q_p : float
        Cochran's Q.
    i2_q, i2_tau2 : float
        Percent: (Q - df) / Q, and tau2 / (tau2 + typical sampling variance).
    h2 : float
    prediction : (float, float) or None
        On the analysis scale; None where the rule gives none.
    prediction_rule : "same" | "hts" | "z" | "k1" | "hksj"
    weights : tuple of float
        Shares of 1.
    tau2_method, ci_method : str
    notes : tuple of str
        What a reader must know, such as mixed assays.
    no_information : tuple of EffectEstimate
        Estimated rows set aside: below 1 % of the mean weight, so that they add degrees of freedom and nothing else.
    flags : tuple of str
        Codes of what the numbers warn of (see `meta.cautions`): `few_studies`, `two_studies`, `no_information`,
        `huge_se`, `light_row_decides`, `prediction_narrower`, `tau2_interval_empty` ...
    common : PooledEffect or None
        The common-effect result beside it; None on a common-effect result itself.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> pooled = tr.pool(rows)
    >>> pooled.k, round(pooled.estimate, 2)
    (3, 1.31)
    """

    effects: tuple[EffectEstimate, ...]
    left_out: tuple[EffectEstimate, ...]
    marker: str
    contrast: str
    endpoint: str
    estimand: str
    measure: str
    point: float
    se: float
    df: float | None
    p_value: float
    level: float
    tau2: float
    tau2_ci_low: float | None
    tau2_ci_high: float | None
    q: float
    q_df: int
    q_p: float
    i2_q: float
    i2_tau2: float
    h2: float
    prediction: tuple[float, float] | None
    prediction_rule: PredictionRule
    weights: tuple[float, ...]
    tau2_method: Tau2Method
    ci_method: CiMethod
    notes: tuple[str, ...] = ()
    common: PooledEffect | None = None
    no_information: tuple[EffectEstimate, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """Number of effects pooled."""
        return len(self.effects)

    @property
    def is_ratio(self) -> bool:
        """Whether the measure is a ratio, pooled on the log scale."""
        return self.effects[0].is_ratio

    @property
    def log_estimate(self) -> float | None:
        """Log of the pooled ratio; None for a difference."""
        return self.point if self.is_ratio else None

    @property
    def estimate(self) -> float:
        """The pooled ratio or difference."""
        return self._shown(self.point)

    def ci(self, level: float | None = None) -> tuple[float, float]:
        """Return the confidence limits as a reader sees them."""
        half = critical_value(level or self.level, self.df) * self.se
        return self._shown(self.point - half), self._shown(self.point + half)

    @property
    def ci_low(self) -> float:
        """Lower confidence limit."""
        return self.ci()[0]

    @property
    def ci_high(self) -> float:
        """Upper confidence limit."""
        return self.ci()[1]

    @property
    def prediction_low(self) -> float | None:
        """Lower limit of the prediction interval; None where its rule gives none."""
        return None if self.prediction is None else self._shown(self.prediction[0])

    @property
    def prediction_high(self) -> float | None:
        """Upper limit of the prediction interval; None where its rule gives none."""
        return None if self.prediction is None else self._shown(self.prediction[1])

    @property
    def bayes(self) -> BayesLine | None:
        """The Bayesian line beside the interval of two to four ratios (half-normal 0.5 on tau), computed when read.

        None for five studies and more, for a common effect, and for differences, which have no usual prior of tau.
        """
        if self.k >= FEW_STUDIES or self.tau2_method == "common" or not self.is_ratio:
            return None
        points, errors = zip(*((row.point or 0.0, row.se or 0.0) for row in self.effects), strict=True)
        return bayes_line(points, errors, self.level)

    def _shown(self, value: float) -> float:
        if not self.is_ratio:
            return value
        return math.exp(value) if value < 709 else math.inf

    def to_effect(self) -> EffectEstimate:
        """Return the pooled result as one effect row, flagged so that it is not pooled again unless asked for."""
        first = self.effects[0]
        alike = ("scale", "scale_unit", "marker_level", "group_1", "group_0", "treatment_1", "treatment_0")
        shared = {name: getattr(first, name) for name in alike if len({getattr(e, name) for e in self.effects}) == 1}
        asked = {name: getattr(self, name) for name in ("marker", "endpoint", "estimand", "measure")}
        return EffectEstimate(
            **(shared | asked),
            study=f"Pooled ({self.k} studies)",
            origin="pooled",
            log_estimate=self.log_estimate,
            difference=None if self.is_ratio else self.point,
            se=self.se, df=self.df, level=self.level, p_value=self.p_value, p_kind="wald",
            ci_kind=_CI_KINDS[self.ci_method], overlaps=tuple(effect.study for effect in self.effects),
            model=self.tau2_method, flags=("pooled_estimate",),
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers and the rows by name, as they stand in the JSON."""
        names = (
            "estimate", "ci_low", "ci_high", "log_estimate", "se", "df", "p_value", "k", "tau2", "tau2_method",
            "tau2_ci_low", "tau2_ci_high", "q", "q_p", "i2_q", "i2_tau2", "h2", "ci_method", "prediction_low",
            "prediction_high", "prediction_rule",
        )  # fmt: skip
        row = {name: _finite(getattr(self, name)) for name in names}
        return {**row, "weights": list(self.weights), "effects": json.loads(effects_to_json(self.effects))}

    def to_json(self) -> str:
        """Write the pooled result as a JSON object, numbers in full; what is not estimable is null."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def __str__(self) -> str:
        asked = " ".join(part for part in (self.marker, self.endpoint, self.estimand) if part)
        lines = [
            f"{asked + ': ' if asked else ''}{self.measure} {self._interval(self.ci())}, "
            f"{p_value(self.p_value, label=True)} ({self._how})",
            f"Heterogeneity: {self.heterogeneity}",
        ]
        if self.tau2_method != "common":
            lines.append(f"Prediction interval ({self.prediction_rule}): {self._prediction}")
        if self.bayes is not None:
            lines.append(f"Bayesian: {self._bayesian(self.bayes)}")
        if self.common is not None:
            lines.append(f"Common effect: {self._common}")
        lines += [f"Note: {note}" for note in self.notes]
        lines += dict.fromkeys(f"Left out: {left.label} ({LEFT_OUT[left.status]})" for left in self.left_out)
        return "\n".join(lines)

    @property
    def heterogeneity(self) -> str:
        """The heterogeneity in words: tau2 with its interval, I2 with its definition, Q with its P."""
        limits = " (interval empty)" if "tau2_interval_empty" in self.flags else ""
        if self.tau2_ci_low is not None:
            limits = f" ({number(self.tau2_ci_low, 3)} to {number(self.tau2_ci_high, 3)})"
        return (
            f"tau2 {number(self.tau2, 3)}{limits}, I2 {percent(self.i2_tau2 / 100, 0)} by tau2 and "
            f"{percent(self.i2_q / 100, 0)} by Q, Q {number(self.q)} on {self.q_df} df, {p_value(self.q_p, label=True)}"
        )

    @property
    def _how(self) -> str:
        return f"{self.k} studies, {TAU2_NAMES[self.tau2_method]}, {CI_NAMES[self.ci_method]} interval"

    @property
    def _prediction(self) -> str:
        if self.prediction is None:
            return NOT_ESTIMABLE
        return self._text((self._shown(self.prediction[0]), self._shown(self.prediction[1])))

    def _bayesian(self, line: BayesLine) -> str:
        limits = self._interval((self._shown(line.low), self._shown(line.high)), self._shown(line.point))
        prior = f"half-normal({line.tau_scale:g}) on tau"
        return f"{self.measure} {limits}, probability above 1: {percent(line.p_above)} ({prior})"

    @property
    def _common(self) -> str:
        return "" if self.common is None else self._interval(self.common.ci(), self.common.estimate)

    def _interval(self, limits: tuple[float, float], estimate: float | None = None) -> str:
        point = self.estimate if estimate is None else estimate
        if self.is_ratio:
            return ratio_with_interval(point, *limits)
        return f"{number(point)} {self._text(limits)}"

    def _text(self, limits: tuple[float, float]) -> str:
        if self.is_ratio:
            return ratio_limits(self.estimate, *limits)
        return interval(number(limits[0]), number(limits[1]))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(effect.label)}</td>"
            f"<td>{escape(self._interval(effect.ci(), effect.estimate))}</td><td>{percent(weight)}</td></tr>"
            for effect, weight in zip(self.effects, self.weights, strict=True)
        )
        left = "<tr><th style='text-align:left'>"
        head = f"{left}Study</th><th>{self.measure} ({100 * self.level:g}% CI)</th><th>Weight</th></tr>"
        foot = f"{left}Pooled</th><th>{self._interval(self.ci())}</th><th></th></tr>"
        words = "".join(f"<br>{escape(line)}" for line in str(self).splitlines())
        return f"<table><thead>{head}</thead><tbody>{rows}{foot}</tbody></table><p>{words.removeprefix('<br>')}</p>"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
