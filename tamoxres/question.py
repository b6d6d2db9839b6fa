"""Question: what is asked of a cohort. One type for the plan file, the command line and the API."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, cast

from .endpoints import Endpoint, endpoint
from .errors import QuestionError
from .treatment import ANY, plain_name
from .vocabulary import (
    ESTIMANDS,
    MISSING,
    RECEPTORS,
    TIES,
    TIME_SCALES,
    UNCUT_SCALES,
    Estimand,
    Exposure,
    Missing,
    Receptor,
    Scale,
    Ties,
    TimeScale,
    UncutScale,
    Weights,
    choose,
    nearest,
    one_or_more,
)

__all__ = ["Question", "Restriction", "as_scale", "uncut_of"]

_WEIGHTS = (None, "none", "sampling", "iptw", "overlap")
_EXPOSURES = (None, "time_dependent", "landmark", "ever_treated")
_CHOICES = {
    "estimand": ESTIMANDS,
    "er": RECEPTORS,
    "missing": MISSING,
    "weights": _WEIGHTS,
    "ties": TIES,
    "exposure": _EXPOSURES,
    "time_scale": TIME_SCALES,
}
_RESTRICTION = re.compile(r"(?P<column>\w+)\s*(?P<comparison>==|!=|>=|<=|>|<)\s*(?P<value>\S.*)")
_SUCH_AS = {"marker": "HER2", "rule": "snp6_gain", "treatment": "tamoxifen", "against": "none"}
_BOTH_ARMS = ("treatment_effect", "interaction")


def as_scale(text: str) -> Scale:
    """Read a scale as a person writes it.

    Raises
    ------
    UnknownChoice
        If it is none.

    Examples
    --------
    >>> as_scale("per SD"), as_scale("Per-Doubling"), as_scale("binary")
    ('per_sd', 'per_doubling', 'binary')
    """
    plain = "_".join(str(text).lower().replace("-", " ").replace("_", " ").split())
    plain = {"sd": "per_sd", "unit": "per_unit", "doubling": "per_doubling"}.get(plain, plain)
    return choose("scale", cast("Scale", plain), ("binary", *UNCUT_SCALES))


def uncut_of(scale: str) -> UncutScale | None:
    """Return the scale of a marker that enters as a number; None where it is altered or unaltered."""
    found = as_scale(scale)
    return None if found == "binary" else cast("UncutScale", found)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction of the population: a column, a comparison and a value, such as `nodes >= 1`."""

    column: str
    comparison: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Restriction:
        """Read a restriction from text; nothing in it is ever executed."""
        found = _RESTRICTION.fullmatch(text.strip())
        if found is None:
            raise QuestionError(
                f"Cannot read the restriction {text!r}. "
                "Write a column, one of == != >= <= > <, and a value: 'nodes >= 1', 'menopause == pre'."
            )
        return cls(found["column"], found["comparison"], found["value"].strip("'\""))

    def __str__(self) -> str:
        return f"{self.column} {self.comparison} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: which marker, by which rule, on which endpoint, for which estimand, in whom, and how.

    Attributes
    ----------
    endpoint : Endpoint or str
        A STEEP endpoint or its code.
    marker : str or None
        Needed unless the estimand is `treatment_effect`.
    rule : str or None
        The cohort's default rule of the marker if None.
    estimand : "prognostic" | "treatment_effect" | "interaction"
    er : "positive" | "negative" | "any"
    treatment : str or None
        `endocrine`, `tamoxifen`, `aromatase_inhibitor` (or `AI`), `none`, `any` (both arms), or any treatment that the
        cohort names. None gives the estimand's default: `endocrine` for prognostic, `any` for the others.
    against : str or None
        The treatment compared with, such as `none` or `tamoxifen`; with it, `treatment` is what is compared.
    where : tuple of str
        Further restrictions, such as `nodes >= 1`; each is a column, a comparison and a value.
    adjust, strata : tuple of str
        Covariates and strata of the model.
    missing, ties : str
    weights : "sampling" | "none" | "iptw" | "overlap" | None
        None honours the sampling weights that a cohort declares.
    exposure : "time_dependent" | "landmark" | "ever_treated" | None
        How treatment that starts after time zero counts; None takes it from its start where that is recorded, or by
        the landmark where there is one.
    cluster : str
        Column of patients who belong together, for robust standard errors.
    horizon, landmark : float or None
        Months.
    time_scale : "follow_up" | "age"
        Whether time counts from diagnosis, or is the patient's age.
    scale : "binary" | "per_unit" | "per_sd" | "per_doubling"
        Whether the marker is altered or unaltered, or enters as the number that was measured; `per SD` will do.

    Raises
    ------
    QuestionError
        On an unknown choice, or a question that contradicts itself.

    Examples
    --------
    >>> import tamoxres as tr
    >>> question = tr.Question(endpoint="BCSS", marker="HER2", estimand="interaction", adjust=("age",))
    >>> question.endpoint.name, question.er
    ('breast-cancer-specific survival', 'positive')
    """

    endpoint: Endpoint
    marker: str | None = None
    rule: str | None = None
    estimand: Estimand = "prognostic"
    er: Receptor = "positive"
    treatment: str | None = None
    against: str | None = None
    where: tuple[str, ...] = ()
    adjust: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    missing: Missing = "complete"
    weights: Weights | None = None
    ties: Ties = "efron"
    horizon: float | None = None
    landmark: float | None = None
    exposure: Exposure | None = None
    cluster: str = ""
    time_scale: TimeScale = "follow_up"
    scale: Scale = "binary"

    def __post_init__(self) -> None:
        object.__setattr__(self, "endpoint", endpoint(self.endpoint))
        self._check_kinds()
        for text in self.where:
            Restriction.parse(text)
        object.__setattr__(self, "scale", as_scale(self.scale))
        for name, allowed in _CHOICES.items():
            choose(name, getattr(self, name), allowed)
        if self.marker is not None:
            object.__setattr__(self, "marker", self.marker.upper())
        elif self.estimand != "treatment_effect":
            raise QuestionError(f"The estimand {self.estimand} needs a marker. Name one, such as HER2.")
        if self.scale != "binary" and self.marker is None:
            raise QuestionError(f"scale={self.scale!r} is that of a marker. Name one, such as HER2.")
        self._check_arms()
        self._check_exposure()

    def _check_exposure(self) -> None:
        """Refuse a landmark beside an exposure that needs none, and the reverse."""
        if self.exposure == "landmark" and self.landmark is None:
            raise QuestionError("exposure='landmark' needs the landmark: landmark=12 (--landmark 12).")
        if self.landmark is not None and self.exposure not in (None, "landmark"):
            raise QuestionError(
                f"With a landmark, treatment is what it was then; exposure={self.exposure!r} says otherwise. "
                "Leave one out."
            )
        if not isinstance(self.cluster, str):
            raise QuestionError(f"cluster is {self.cluster!r}; give the name of a column.")

    def _check_kinds(self) -> None:
        """Refuse what a plan file can hold and a question cannot: numbers for names, text for months."""
        for name in ("where", "adjust", "strata"):
            value = getattr(self, name)
            given: Any = value if isinstance(value, str | list | tuple) else (None,)
            names: tuple[Any, ...] = one_or_more(given)
            if not all(isinstance(text, str) and text for text in names):
                raise QuestionError(f"{name} is {value!r}; give a list of texts.")
            object.__setattr__(self, name, names)
        for name in ("marker", "rule", "treatment", "against"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value):
                raise QuestionError(f"{name} is {value!r}; give its name, such as {_SUCH_AS[name]}, or leave it out.")
        for name in ("horizon", "landmark"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (number and 0 < value < float("inf")):
                raise QuestionError(f"{name} is {value!r}; it is a number of months above 0.")
        if self.horizon is not None and self.landmark is not None and self.landmark >= self.horizon:
            raise QuestionError(
                f"The landmark ({self.landmark:g} months) leaves no time before the horizon ({self.horizon:g})."
            )

    def _check_arms(self) -> None:
        both = self.estimand in _BOTH_ARMS
        if self.treatment is None:
            object.__setattr__(self, "treatment", ANY if both else "endocrine")
        for name in ("treatment", "against"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, plain_name(value))
        if self.against is not None and self.treatment == ANY:
            raise QuestionError(f"against={self.against!r} needs the treatment that is compared with it, by name.")
        if both and self.treatment != ANY and self.against is None:
            raise QuestionError(
                f"The estimand {self.estimand} compares treated with untreated patients; treatment={self.treatment!r} "
                f"leaves one arm. Use treatment='any', or name what it is compared with: against='none'."
            )

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Question:
        """Make a question from a plan's table; an unknown key is refused."""
        names = [field.name for field in fields(cls)]
        for key in values:
            if key not in names:
                guess = f" Is it {close!r}?" if (close := nearest(key, names)) else ""
                raise QuestionError(f"Unknown key {key!r} in a question.{guess} Use {', '.join(names)}.")
        if "endpoint" not in values:
            raise QuestionError("A question needs an endpoint, such as BCSS.")
        return cls(**values)

    def __str__(self) -> str:
        what = " ".join(part for part in (self.marker, f"by {self.rule}" if self.rule else "") if part) or "treatment"
        treated = f"treatment {self.treatment}" + (f" v {self.against}" if self.against else "")
        return f"{self.estimand}: {what} on {self.endpoint.code} (ER {self.er}, {treated})"
