"""EffectEstimate: the one row type that models give, literature gives, and tables, figures and pools take."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from ..endpoints import PUBLISHED, STEEP
from ..errors import EffectError
from ..wording import p_value, ratio_with_interval
from . import routes

__all__ = [
    "CONTRASTS", "DESIGNS", "ESTIMANDS", "MEASURES", "RATIO_MEASURES", "STATUSES", "EffectEstimate",
]  # fmt: skip

Estimand = Literal["", "prognostic", "treatment_effect", "interaction"]
Measure = Literal["HR", "sHR", "RR", "OR", "RD", "RMSTD", "RMTLD", "other_difference"]
Status = Literal["estimated", "not_estimable", "test_only"]
Design = Literal["", "randomised", "partly_randomised", "observational", "mixed"]
TreatmentContrast = Literal[
    "", "tamoxifen_v_none", "endocrine_v_none", "ai_v_tamoxifen", "longer_v_shorter", "inhibitor_added", "none"
]
ESTIMANDS, MEASURES, STATUSES = get_args(Estimand), get_args(Measure), get_args(Status)
DESIGNS, CONTRASTS = get_args(Design), get_args(TreatmentContrast)
RATIO_MEASURES = ("HR", "sHR", "RR", "OR")
_CHOICES = {
    "estimand": ESTIMANDS, "measure": MEASURES, "status": STATUSES, "design": DESIGNS, "treatment_contrast": CONTRASTS,
    "endpoint": ("", *STEEP, *PUBLISHED),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectEstimate:
    """One estimate or test: what was asked, of whom, with what answer and standard error, and where it comes from.

    Attributes
    ----------
    study, marker, rule, contrast, endpoint, population, treatment : str
        `contrast` reads `altered v unaltered` or `tamoxifen v none`; `endpoint` is a STEEP code or a published name.
    treatment_contrast : str
        Which treatments are compared (`none` when all patients had the same).
    estimand : "prognostic" | "treatment_effect" | "interaction"
        Marker among patients treated alike; treatment within a marker level; the ratio of hazard ratios.
    measure : "HR" | "sHR" | "RR" | "OR" | "RD" | "RMSTD" | "RMTLD" | "other_difference"
    log_estimate : float or None
        Natural log of a ratio; None for a difference.
    difference : float or None
        The estimate of a difference, on its own scale; None for a ratio.
    se : float or None
        Standard error of `log_estimate` or `difference`; required where `status` is `estimated`.
    p_value : float or None
        Two-sided; derived from the estimate where not given.
    n, events, n_1, events_1, n_0, events_0 : int or None
        In all, in the altered (or treated) group, in the other.
    person_years : float or None
    adjusted_for, strata : tuple of str
        Covariates and strata of the model; `adjusted_for` holds `unknown` where a paper does not tell, and
        `unspecified` where it was adjusted for covariates it does not name. Empty means crude.
    term, term_p, lrt_p
        The model's term, its global P, and a likelihood-ratio P where one was computed.
    df : float or None
        Degrees of freedom of the interval; None for a normal one.
    level : float
        Confidence level of the interval.
    status : "estimated" | "not_estimable" | "test_only"
        `test_only`: a published P alone.
    direction : str
        Side of a test without an estimate: `worse`, `better` or empty.
    row_id : str
        Hash of the content (property).

    Raises
    ------
    EffectError
        On a standard error that is not positive, events above n, an unknown endpoint or choice.
    """

    study: str
    marker: str = ""
    rule: str = ""
    contrast: str = ""
    endpoint: str = ""
    population: str = ""
    treatment: str = ""
    treatment_contrast: TreatmentContrast = ""
    estimand: Estimand = ""
    measure: Measure = "HR"
    log_estimate: float | None = None
    difference: float | None = None
    se: float | None = None
    p_value: float | None = None
    n: int | None = None
    events: int | None = None
    n_1: int | None = None
    events_1: int | None = None
    n_0: int | None = None
    events_0: int | None = None
    person_years: float | None = None
    adjusted_for: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    term: str = ""
    term_p: float | None = None
    lrt_p: float | None = None
    df: float | None = None
    level: float = 0.95
    assay: str = ""
    cut: str = ""
    status: Status = "estimated"
    direction: str = ""
    method: str = ""
    design: Design = ""
    overlaps: tuple[str, ...] = ()
    simulated: bool = False
    source: str = ""
    data_sha256: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.study:
            raise EffectError("An effect needs a study name.")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                known = ", ".join(choice for choice in allowed if choice)
                raise EffectError(f"{self.study}: unknown {name} {getattr(self, name)!r}. Use one of {known}.")
        self._check_counts()
        if not 0 < self.level < 1:
            raise EffectError(f"{self.study}: level is {self.level:g}; it lies between 0 and 1, as 0.95.")
        if self.p_value is not None and not 0 <= self.p_value <= 1:
            raise EffectError(f"{self.study}: p_value is {self.p_value:g}; it lies between 0 and 1.")
        if self.status == "estimated":
            self._check_estimate()

    def _check_counts(self) -> None:
        for n_name, events_name in (("n", "events"), ("n_1", "events_1"), ("n_0", "events_0")):
            n, events = getattr(self, n_name), getattr(self, events_name)
            if any(value is not None and value < 0 for value in (n, events)):
                raise EffectError(f"{self.study}: {n_name} and {events_name} cannot be negative.")
            if n is not None and events is not None and events > n:
                raise EffectError(f"{self.study}: {events_name} {events} exceeds {n_name} {n}.")

    def _check_estimate(self) -> None:
        point, other = (
            (self.log_estimate, self.difference) if self.is_ratio else (self.difference, self.log_estimate)
        )
        if other is not None:
            raise EffectError(f"{self.study}: give log_estimate for a ratio and difference for a difference, not both.")
        if point is None or not math.isfinite(point):
            raise EffectError(f"{self.study}: an estimated effect needs a finite estimate; found {point}.")
        if self.se is None or not math.isfinite(self.se) or self.se <= 0:
            raise EffectError(f"{self.study}: se is {self.se}; an estimated effect needs a standard error above 0.")
        if self.p_value is None:
            object.__setattr__(self, "p_value", routes.two_sided_p(point, self.se, self.df))

    @classmethod
    def from_ci(cls, estimate: float, low: float, high: float, *, level: float = 0.95, **row: Any) -> EffectEstimate:
        """Make an effect from a printed estimate and interval; an interval that is not symmetric is noted."""
        ratio = row.get("measure", "HR") in RATIO_MEASURES
        return cls._from_route(row, lambda: routes.from_ci(estimate, low, high, level=level, ratio=ratio))

    @classmethod
    def from_p(cls, estimate: float, p: float, **row: Any) -> EffectEstimate:
        """Make an effect from a printed estimate and its exact two-sided P."""
        ratio = row.get("measure", "HR") in RATIO_MEASURES
        return cls._from_route(row, lambda: routes.from_p(estimate, p, ratio=ratio))

    @classmethod
    def from_oe_v(cls, o_minus_e: float, variance: float, **row: Any) -> EffectEstimate:
        """Make an effect from log-rank observed minus expected events and its variance."""
        return cls._from_route(row, lambda: routes.from_oe_v(o_minus_e, variance))

    @classmethod
    def _from_route(cls, row: dict[str, Any], take: Any) -> EffectEstimate:
        try:
            route: routes.Route = take()
        except EffectError as error:
            raise EffectError(f"{row.get('study', 'effect')}: {error}") from None
        notes = [text for text in (row.pop("note", ""), route.note) if text]
        point = "log_estimate" if row.get("measure", "HR") in RATIO_MEASURES else "difference"
        method = row.pop("method", "") or f"from {route.name}"
        return cls(**row, **{point: route.estimate}, se=route.se, method=method, note="; ".join(notes))

    @property
    def is_ratio(self) -> bool:
        """Whether the measure is a ratio, analysed on the log scale."""
        return self.measure in RATIO_MEASURES

    @property
    def point(self) -> float | None:
        """The estimate on its analysis scale: the log of a ratio, or the difference."""
        return self.log_estimate if self.is_ratio else self.difference

    @property
    def estimate(self) -> float | None:
        """The estimate as a reader sees it: the ratio, or the difference."""
        return _exp(self.log_estimate) if self.is_ratio else self.difference

    @property
    def p(self) -> float | None:
        """Two-sided P value."""
        return self.p_value

    @property
    def null(self) -> float:
        """The value of no effect: 1 for a ratio, 0 for a difference."""
        return 1.0 if self.is_ratio else 0.0

    def ci(self, level: float | None = None) -> tuple[float, float]:
        """Return the confidence limits as a reader sees them; NaN where the effect was not estimated."""
        if self.point is None or self.se is None:
            return float("nan"), float("nan")
        half = routes.critical_value(level or self.level, self.df) * self.se
        low, high = self.point - half, self.point + half
        return (_exp(low), _exp(high)) if self.is_ratio else (low, high)  # type: ignore[return-value]

    def reversed(self) -> EffectEstimate:
        """Return the same effect with its contrast turned round: the estimate inverts, the groups change places."""
        first, joiner, second = self.contrast.partition(" v ")
        turned = {"worse": "better", "better": "worse"}.get(self.direction, self.direction)
        return replace(
            self,
            contrast=f"{second}{joiner}{first}" if joiner else self.contrast,
            log_estimate=None if self.log_estimate is None else -self.log_estimate,
            difference=None if self.difference is None else -self.difference,
            n_1=self.n_0, events_1=self.events_0, n_0=self.n_1, events_0=self.events_1, direction=turned,
        )  # fmt: skip

    @property
    def row_id(self) -> str:
        """Hash of the content: equal rows have equal ids, and any change gives another."""
        content = [getattr(self, field.name) for field in fields(self)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    def __str__(self) -> str:
        where = " ".join(part for part in (self.study, self.marker, self.endpoint, self.estimand) if part)
        if self.status != "estimated":
            return f"{where}: {self.status.replace('_', ' ')}, {p_value(self.p_value, label=True)}"
        low, high = self.ci()
        return f"{where}: {self.measure} {ratio_with_interval(self.estimate, low, high)}, {p_value(self.p_value, label=True)}"

    def _repr_html_(self) -> str:
        from .rows import effects_to_frame

        return str(effects_to_frame([self]).T.to_html(header=False))


def _exp(value: float | None) -> float | None:
    if value is None:
        return None
    return math.exp(value) if value < 709 else float("inf")
