"""EffectEstimate: the one row type that models give, literature gives, and tables, figures and pools take."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields, replace
from html import escape
from typing import Any, Literal, get_args

from ..endpoints import PUBLISHED, STEEP
from ..errors import EffectError
from ..wording import number_with_interval, p_value, ratio_with_interval
from . import routes

__all__ = [
    "CONTRASTS", "DESIGNS", "ESTIMANDS", "MEASURES", "RATIO_MEASURES", "STATUSES", "EffectEstimate",
]  # fmt: skip

Estimand = Literal["", "prognostic", "treatment_effect", "interaction"]
Measure = Literal["HR", "sHR", "RR", "OR", "TR", "RD", "RMSTD", "RMTLD", "other_difference"]
Status = Literal["estimated", "not_estimable", "test_only"]
Design = Literal["", "randomised", "partly_randomised", "observational", "mixed"]
TreatmentContrast = Literal[
    "", "tamoxifen_v_none", "endocrine_v_none", "ai_v_tamoxifen", "longer_v_shorter", "inhibitor_added", "none"
]
ESTIMANDS, MEASURES, STATUSES = get_args(Estimand), get_args(Measure), get_args(Status)
DESIGNS, CONTRASTS = get_args(Design), get_args(TreatmentContrast)
RATIO_MEASURES = ("HR", "sHR", "RR", "OR", "TR")
_COUNTS = ("n", "events", "n_1", "events_1", "n_0", "events_0")
_NUMBERS = ("log_estimate", "difference", "se", "p_value", "person_years", "term_p", "lrt_p", "df")
_LISTS = ("adjusted_for", "strata", "overlaps")
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
    measure : "HR" | "sHR" | "RR" | "OR" | "TR" | "RD" | "RMSTD" | "RMTLD" | "other_difference"
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
    adjusted_for, strata, overlaps : tuple of str
        Covariates and strata of the model; `adjusted_for` holds `unknown` where a paper does not tell, and
        `unspecified` where it was adjusted for covariates it does not name. Empty means crude.
        `overlaps` names the studies or cohorts that share patients.
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
        On a standard error that is not positive, events above n, a P outside 0 to 1, an unknown endpoint or choice.
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
        self._make_plain()
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                known = ", ".join(choice for choice in allowed if choice)
                raise EffectError(f"{self.study}: unknown {name} {getattr(self, name)!r}. Use one of {known}.")
        self._check_counts()
        self._check_numbers()
        if self.status == "estimated":
            self._check_estimate()

    def _make_plain(self) -> None:
        """Make counts int, numbers float and lists tuples, so that equal rows are equal wherever they come from."""
        for field in fields(self):
            if field.default == "" and getattr(self, field.name) is None:
                object.__setattr__(self, field.name, "")
        for name in _COUNTS:
            object.__setattr__(self, name, _count(getattr(self, name), f"{self.study}: {name}"))
        for name in _NUMBERS:
            value = getattr(self, name)
            absent = (
                value is None
                or math.isnan(value)
                or (math.isinf(value) and (self.status != "estimated" or name == "df"))
            )
            object.__setattr__(self, name, None if absent else float(value))
        for name in _LISTS:
            object.__setattr__(self, name, _names(getattr(self, name), f"{self.study}: {name}"))

    def _check_counts(self) -> None:
        for n_name, events_name in (("n", "events"), ("n_1", "events_1"), ("n_0", "events_0")):
            n, events = getattr(self, n_name), getattr(self, events_name)
            if any(value is not None and value < 0 for value in (n, events)):
                raise EffectError(f"{self.study}: {n_name} and {events_name} cannot be negative.")
            if n is not None and events is not None and events > n:
                raise EffectError(f"{self.study}: {events_name} {events} exceeds {n_name} {n}.")

    def _check_numbers(self) -> None:
        if not 0 < self.level < 1:
            raise EffectError(f"{self.study}: level is {self.level:g}; it lies between 0 and 1, as 0.95.")
        for name, high in (
            ("p_value", 1.0),
            ("term_p", 1.0),
            ("lrt_p", 1.0),
            ("df", math.inf),
            ("person_years", math.inf),
        ):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= high:
                span = "lies between 0 and 1" if high == 1 else "cannot be negative"
                raise EffectError(f"{self.study}: {name} is {value:g}; it {span}.")
        if (self.difference if self.is_ratio else self.log_estimate) is not None:
            raise EffectError(f"{self.study}: give log_estimate for a ratio and difference for a difference, not both.")

    def _check_estimate(self) -> None:
        point = self.point
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
        df = row.get("df")
        row["level"] = level
        return cls._from_route(row, lambda: routes.from_ci(estimate, low, high, level=level, df=df, ratio=ratio))

    @classmethod
    def from_p(cls, estimate: float, p: float, **row: Any) -> EffectEstimate:
        """Make an effect from a printed estimate and its exact two-sided P."""
        ratio = row.get("measure", "HR") in RATIO_MEASURES
        return cls._from_route(row, lambda: routes.from_p(estimate, p, ratio=ratio))

    @classmethod
    def from_oe_v(cls, o_minus_e: float, variance: float, **row: Any) -> EffectEstimate:
        """Make an effect from log-rank observed minus expected events and its variance (a log hazard ratio)."""
        return cls._from_route(row, lambda: routes.from_oe_v(o_minus_e, variance))

    @classmethod
    def _from_route(cls, row: dict[str, Any], take: Any) -> EffectEstimate:
        try:
            route: routes.Route = take()
        except EffectError as error:
            raise EffectError(f"{row.get('study', 'effect')}: {error}") from None
        notes = [text for text in (row.pop("note", ""), route.note) if text]
        row["log_estimate" if row.get("measure", "HR") in RATIO_MEASURES else "difference"] = route.estimate
        method = row.pop("method", "") or f"from {route.name}"
        return cls(**row, se=route.se, method=method, note="; ".join(notes))

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
        if not self.is_ratio:
            return self.difference
        return None if self.log_estimate is None else routes.ratio_of(self.log_estimate)

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
        return routes.limits(self.point, self.se, level or self.level, self.df, ratio=self.is_ratio)

    def reversed(self) -> EffectEstimate:
        """Return the same effect with its contrast turned round: the estimate inverts, the groups change places."""
        first, joiner, second = self.contrast.partition(" v ")
        turned = {"worse": "better", "better": "worse"}.get(self.direction, self.direction)
        return replace(
            self,
            contrast=f"{second}{joiner}{first}" if joiner else self.contrast,
            log_estimate=None if self.log_estimate is None else 0.0 - self.log_estimate,  # never -0.0
            difference=None if self.difference is None else 0.0 - self.difference,
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
        write = ratio_with_interval if self.is_ratio else number_with_interval
        return f"{where}: {self.measure} {write(self.estimate, *self.ci())}, {p_value(self.p_value, label=True)}"

    def _repr_html_(self) -> str:
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        cells = "".join(
            f"<tr><th>{name}</th><td>{escape('; '.join(x) if name in _LISTS else str(x))}</td></tr>"
            for name, x in told.items()
            if x is not None and x is not False and x not in ("", ())
        )
        return f"<p><b>{escape(str(self))}</b></p><table><tbody>{cells}</tbody></table>"


def _count(value: Any, what: str) -> int | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):  # NaN: an unknown count in a frame
        return None
    if not float(value).is_integer():
        raise EffectError(f"{what} is {value}; a count is a whole number.")
    return int(value)


def _names(values: Any, what: str) -> tuple[str, ...]:
    names = tuple(str(name).strip() for name in ((values,) if isinstance(values, str) else values))
    bad = next((name for name in names if not name or ";" in name), None)
    if bad is not None:
        raise EffectError(
            f"{what} holds {bad!r}; a name is not empty and has no semicolon, which joins names in a file."
        )
    return names
