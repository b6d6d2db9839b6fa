"""EffectEstimate: the one row type that models give, literature gives, and tables, figures and pools take.

Every fact that a consumer needs is a field; what a reader sees (`contrast`, `population`, `method`, `note`) is written
from the fields when it is asked for, and nothing reads it back.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from html import escape
from typing import Any, Literal

from ..errors import EffectError
from ..vocabulary import (
    RATIO_MEASURES,
    UNCUT_SCALES,
    CiKind,
    Exposure,
    MarkerLevel,
    Measure,
    Origin,
    PKind,
    PRelation,
    Route,
    Scale,
    SeKind,
    Status,
    TreatedAlike,
)
from ..wording import number_with_interval, p_value, ratio_with_interval
from ..wording.codes import treatment_words
from ..wording.levels import marker_words
from ..wording.rows import Population, arm_words, model_words, note_sentences, per_words, period_words, population_parts
from ..wording.rules import measure_words
from . import checks, routes
from .agreement import Reported, printed_flags

__all__ = ["EffectEstimate"]

Estimand = Literal["", "prognostic", "treatment_effect", "interaction"]
Design = Literal["", "randomised", "partly_randomised", "observational", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectEstimate:
    """One estimate or test: what was asked, of whom, with what answer and standard error, and where it comes from.

    Attributes
    ----------
    study, label, trial : str
        Identifier; the name a reader sees (the identifier where none is given); the trial it reports on.
    year : int or None
        Of publication.
    origin : "own_patients" | "published" | "pooled"
    marker, rule, assay, cut : str
    scale : "binary" | "per_unit" | "per_sd" | "per_doubling" | "trend"
        What the marker or covariate enters as; `scale_unit` names the unit.
    marker_level : "altered" | "unaltered" | "upper_quartile" | "lower_quartile" | ""
        The stratum of the marker, or the value of its number, at which the effect stands.
    variable, group_1, group_0 : str
        The covariate and its two levels, or what was measured of a marker that enters as a number; a marker's row whose
        levels are turned round has `group_1` unaltered.
    endpoint : str
        A STEEP code, or a general one.
    from_months, to_months, landmark : float or None
        Period of follow-up and landmark, in months since time zero.
    exposure : "baseline" | "time_dependent" | "landmark" | "ever_treated" | ""
        How treatment enters in time.
    er, her2, menopause, nodes, setting : str
    restrictions : tuple of str
        Further restrictions of the population.
    treatment_1, treatment_0 : str
        What is compared; a prognostic row has the one treatment all had in `treatment_1`.
    treated_alike : "yes" | "no" | ""
        Whether the patients of a prognostic row had the same treatment (`no`: both arms).
    estimand : "prognostic" | "treatment_effect" | "interaction" | ""
        Marker among patients treated alike; treatment within a marker level; the ratio of hazard ratios.
    measure : "HR" | "sHR" | "RR" | "OR" | "TR" | "RD" | "RMSTD" | "RMTLD" | "RERI" | "other_difference"
    log_estimate : float or None
        Natural log of a ratio; None for a difference.
    difference : float or None
        The estimate of a difference, on its own scale; None for a ratio.
    se : float or None
        Standard error of `log_estimate` or `difference`; required where `status` is `estimated`.
    ci_low, ci_high : float or None
        Limits as a reader sees them: printed, by profile or bootstrap where `ci_kind` says so; else they follow from
        the estimate, `se`, `df` and `level`.
    p_value, p_relation, p_kind
        The one two-sided P that is reported, its relation (`=`, `<`, `>`, `ns`), and the test it is of.
    term, term_p
        The model's term, and its global P.
    n, events, n_1, events_1, n_0, events_0 : int or None
        In all, in the altered (or treated) group, in the other.
    person_years : float or None
    left_out : int or None
        Patients of the population who are not in the model (a covariate unknown).
    model, ties, engine, cluster, weights, missing, route : str
        Model (a pooled row's is its tau2 method or `common`), and how the standard error came.
    adjusted_for, strata, overlaps : tuple of str
        Covariates and strata; `adjusted_for` holds `unknown` where a paper does not tell, `unspecified` where it does
        not name them. Empty means crude. `overlaps` names the studies that share patients.
    df, level : float
        Degrees of freedom (None for a normal interval), and confidence level.
    status : "estimated" | "not_estimable" | "test_only" | "null_without_number" | "significant_without_number"
    direction : "worse" | "better" | ""
        Side of a test without an estimate.
    flags : tuple of str
        Codes, each with one sentence in `wording`.
    remark : str
        Free text for a reader.
    row_id : str
        Hash of the content (property).

    Raises
    ------
    EffectError
        On a standard error that is not positive, events above n, a P outside 0 to 1, an unknown endpoint or choice.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(0.54, 0.36, 0.81, study="A")
    >>> round(row.se, 3)
    0.207
    """

    study: str
    label: str = ""
    trial: str = ""
    year: int | None = None
    origin: Origin | Literal[""] = ""
    marker: str = ""
    rule: str = ""
    assay: str = ""
    cut: str = ""
    scale: Scale = ""
    scale_unit: str = ""
    marker_level: MarkerLevel = ""
    variable: str = ""
    group_1: str = ""
    group_0: str = ""
    endpoint: str = ""
    from_months: float | None = None
    to_months: float | None = None
    landmark: float | None = None
    exposure: Exposure | Literal[""] = ""
    er: str = ""
    her2: str = ""
    menopause: str = ""
    nodes: str = ""
    setting: str = ""
    restrictions: tuple[str, ...] = ()
    treatment_1: str = ""
    treatment_0: str = ""
    treated_alike: TreatedAlike = ""
    estimand: Estimand = ""
    measure: Measure = "HR"
    log_estimate: float | None = None
    difference: float | None = None
    se: float | None = None
    se_kind: SeKind = ""
    ci_low: float | None = None
    ci_high: float | None = None
    ci_kind: CiKind = ""
    df: float | None = None
    level: float = 0.95
    p_value: float | None = None
    p_kind: PKind = ""
    p_relation: PRelation = ""
    term: str = ""
    term_p: float | None = None
    n: int | None = None
    events: int | None = None
    n_1: int | None = None
    events_1: int | None = None
    n_0: int | None = None
    events_0: int | None = None
    person_years: float | None = None
    left_out: int | None = None
    model: str = ""
    ties: str = ""
    adjusted_for: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    cluster: str = ""
    weights: str = ""
    missing: str = ""
    engine: str = ""
    route: Route = ""
    status: Status = "estimated"
    direction: str = ""
    design: Design = ""
    overlaps: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    simulated: bool = False
    source: str = ""
    data_sha256: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        if not self.study:
            raise EffectError("An effect needs a study name.")
        for name, value in checks.plain(self).items():
            object.__setattr__(self, name, value)
        checks.check(self)
        if self.status == "estimated":
            for name, value in checks.derived(self).items():
                object.__setattr__(self, name, value)

    @classmethod
    def from_ci(
        cls, estimate: routes.Printed, low: routes.Printed, high: routes.Printed, *, level: float = 0.95, **row: Any
    ) -> EffectEstimate:
        """Make an effect from a printed interval, flagged where it is not symmetric or its P disagrees."""
        ratio, df = row.get("measure", "HR") in RATIO_MEASURES, row.get("df")
        said = Reported(estimate=estimate, low=low, high=high, level=level, df=df, ratio=ratio)
        numbers = {"ci_low": routes.number_of(low), "ci_high": routes.number_of(high)}
        row |= {"level": level, **numbers, "ci_kind": "printed"}
        made = cls._from_route(row, lambda: routes.from_ci(estimate, low, high, level=level, df=df, ratio=ratio))
        of_interval = made.p_kind in ("", "printed") and row.get("p_value") is not None
        said = replace(said, p=row["p_value"], relation=made.p_relation) if of_interval else said
        return replace(made, flags=tuple(dict.fromkeys((*made.flags, *printed_flags(said)))))

    @classmethod
    def from_p(cls, estimate: routes.Printed, p: routes.Printed, **row: Any) -> EffectEstimate:
        """Make an effect from a printed estimate and its exact two-sided P."""
        ratio = row.get("measure", "HR") in RATIO_MEASURES
        row = {"p_value": routes.number_of(p), "p_kind": "printed"} | row
        return cls._from_route(row, lambda: routes.from_p(estimate, p, ratio=ratio))

    @classmethod
    def from_oe_v(cls, o_minus_e: routes.Printed, variance: routes.Printed, **row: Any) -> EffectEstimate:
        """Make a log hazard ratio from log-rank observed minus expected events and its variance."""
        if row.get("measure", "HR") != "HR":
            study = row.get("label") or row.get("study", "effect")
            raise EffectError(f"{study}: O-E and V give a log hazard ratio, not {row['measure']}. Use measure HR.")
        return cls._from_route(row, lambda: routes.from_oe_v(o_minus_e, variance))

    @classmethod
    def _from_route(cls, row: dict[str, Any], take: Any) -> EffectEstimate:
        try:
            route: routes.Route = take()
        except EffectError as error:
            raise EffectError(f"{row.get('label') or row.get('study', 'effect')}: {error}") from None
        row["log_estimate" if row.get("measure", "HR") in RATIO_MEASURES else "difference"] = route.estimate
        row["flags"] = tuple(dict.fromkeys((*row.get("flags", ()), *route.flags)))
        return cls(**({"route": route.name} | row), se=route.se)

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
    def null(self) -> float:
        """The value of no effect: 1 for a ratio, 0 for a difference."""
        return 1.0 if self.is_ratio else 0.0

    @property
    def wald_p(self) -> float | None:
        """The two-sided Wald P that follows from estimate, standard error and degrees of freedom."""
        if self.point is None or not self.se:
            return None
        return routes.two_sided_p(self.point, self.se, self.df)

    def ci(self, level: float | None = None) -> tuple[float, float]:
        """Return confidence limits as a reader sees them; another level follows from the standard error.

        Where the effect was not estimated they are NaN.
        """
        if self.ci_low is not None and self.ci_high is not None and level in (None, self.level):
            return self.ci_low, self.ci_high
        if self.point is None or self.se is None:
            return float("nan"), float("nan")
        return routes.limits(self.point, self.se, level or self.level, self.df, ratio=self.is_ratio)

    def flagged(self, *codes: str) -> bool:
        """Whether the row bears any of these flags, with a value (`code:value`) or without."""
        return any(flag in codes or flag.partition(":")[0] in codes for flag in self.flags)

    def reversed(self) -> EffectEstimate:
        """Return the same effect with its contrast turned round: the estimate inverts, the groups change places."""
        return replace(self, **checks.turned(self))

    @property
    def is_number(self) -> bool:
        """Whether the marker or covariate enters as a number."""
        return self.scale in UNCUT_SCALES

    @property
    def treatment_contrast(self) -> str:
        """Which treatments are compared, as a code: `tamoxifen_v_none`; `none` where all had the same."""
        if self.treatment_1 and self.treatment_0:
            return f"{self.treatment_1}_v_{self.treatment_0}"
        return "none" if self.estimand == "prognostic" or self.treated_alike else ""

    @property
    def contrast(self) -> str:
        """What is compared, in words: `altered v unaltered`, `tamoxifen v none`, `per unit`."""
        if self.is_number:
            return per_words(self.scale, self.scale_unit, self.variable.replace("_", " "))
        return " v ".join(self.compared) if any(self.compared) else ""

    @property
    def compared(self) -> tuple[str, str]:
        """The two groups compared, in words: `("altered", "unaltered")`; empty for a number."""
        if self.group_1 or self.group_0:
            return self.group_1, self.group_0
        if self.is_number:
            return "", ""
        if self.estimand == "treatment_effect" and self.treatment_1:
            return arm_words(self.treatment_1), arm_words(self.treatment_0)
        return ("altered", "unaltered") if self.estimand in ("prognostic", "interaction") or self.marker else ("", "")

    @property
    def within(self) -> str:
        """The stratum the effect stands in, in words: `HER2 altered`, `treated`, `untreated`; else empty."""
        if self.marker_level:
            return marker_words(self.marker, self.marker_level)
        if self.estimand == "prognostic" and self.treated_alike == "yes":
            known = {"endocrine": "treated", "none": "untreated"}
            return known.get(self.treatment_1, treatment_words(self.treatment_1))
        return ""

    @property
    def term_name(self) -> str:
        """The model's term: a covariate, `marker` or `treatment`."""
        return self.variable or {"prognostic": "marker", "treatment_effect": "treatment"}.get(self.estimand, self.term)

    @property
    def population(self) -> str:
        """Of whom the row speaks, in words."""
        return ", ".join(self.population_parts) or "all patients"

    @property
    def population_parts(self) -> tuple[str, ...]:
        """Of whom the row speaks, one phrase for each restriction."""
        alike = "no" if self.treatment_0 else self.treated_alike
        who = Population(
            marker=self.marker, marker_level=self.marker_level, er=self.er, her2=self.her2, menopause=self.menopause,
            nodes=self.nodes, setting=self.setting, restrictions=self.restrictions, treated=self.treatment_1,
            against=self.treatment_0, alike=alike, drug_named=not self.flagged("drug_not_named"),
            from_months=self.from_months, to_months=self.to_months, landmark=self.landmark,
        )  # fmt: skip
        return tuple(population_parts(who))

    @property
    def period(self) -> str:
        """The period of follow-up in words; empty for all of it."""
        return period_words(self.from_months, self.to_months)

    @property
    def method(self) -> str:
        """The model in words."""
        return model_words(self.model, ties=self.ties, strata=self.strata, weights=self.weights, missing=self.missing)

    @property
    def sentences(self) -> list[str]:
        """What a reader must know of the row: a sentence for each flag, then the remark."""
        return note_sentences(self.flags, self.remark)

    @property
    def note(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)

    @property
    def row_id(self) -> str:
        """Hash of the content: equal rows have equal ids, and any change gives another."""
        content = [getattr(self, field.name) for field in fields(self)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.label, self.marker, self.marker_level, self.endpoint, self.estimand)))
        p = p_value(self.p_value, label=True, relation=self.p_relation)
        if self.status != "estimated":
            return f"{where}: {self.status.replace('_', ' ')}" + (f", {p}" if self.p_value is not None else "")
        interval = (ratio_with_interval if self.is_ratio else number_with_interval)(self.estimate, *self.ci())
        per = f" {self.contrast}" if self.variable and self.is_number else ""
        return f"{where}: {measure_words(self.measure, self.estimand, inside=True)} {interval}{per}, {p}"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th>{name}</th><td>{escape('; '.join(value) if isinstance(value, tuple) else str(value))}</td></tr>"
            for name, value in ((field.name, getattr(self, field.name)) for field in fields(self))
            if value is not None and value is not False and value not in ("", ())
        )
        return f"<p><b>{escape(str(self))}</b></p><table><tbody>{cells}</tbody></table>"
