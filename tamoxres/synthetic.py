"""Cohorts whose truth is known: patients made up from a model, to try a method out and to see whether it is calibrated.

Conventions: months; hazard ratios are conditional on age, grade and nodes, all linear, so that a Cox model of
breast-cancer death that holds them estimates them. Other deaths follow Gompertz's law by age and depend on nothing
else, so that the cause-specific hazards are those named. Every cohort is marked `simulated`, and says so wherever it
appears.

References
----------
Morris TP, White IR, Crowther MJ 2019, Stat Med 38:2074 (simulation studies). Bender R, Augustin T, Blettner M 2005,
Stat Med 24:1713 (survival times).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .cohort import ALTERED, UNALTERED, Cohort, MarkerCall, ProfileKind, Source
from .endpoints import BCSS, OS
from .errors import QuestionError
from .vocabulary import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Truth", "cancer_hazard", "draw_people", "log_ratio", "other_hazard", "simulate"]

_MODULES, _LOADING = 20, 0.4  # genes go together in modules, with this loading
_AGEING = float(np.log(1.1) / 12)  # the hazard of other deaths grows by a tenth with each year of age
_CHANGE = 60.0  # months after which the marker's hazard ratio may change


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What holds of simulated patients.

    Attributes
    ----------
    marker_share, treated_share : float
        Share of patients with the marker altered, and (at average risk) treated.
    hr_marker, hr_treatment : float
        Marker altered v unaltered in the untreated; treated v untreated in the unaltered.
    ratio : float
        Ratio of hazard ratios: treatment when altered over treatment when unaltered.
    late : float
        What the marker's hazard ratio is multiplied by after 60 months; 1 for proportional hazards.
    hr_age, hr_grade, hr_nodes : float
        Per 10 years, per grade, and per positive node.
    gene_ratio : mapping of gene to float
        Ratio of hazard ratios per standard deviation of its expression, `GENE0001` the first gene.
    confounding : float
        Log odds of treatment per standard deviation of prognosis: above 0, those at risk are treated.
    baseline : "weibull" | "gompertz"
    scale : float
        Months by which 63% of reference patients would have died of breast cancer under a Weibull baseline.
    shape : float
        Weibull's; 1 is a constant hazard. Gompertz's hazard grows by this factor less 1 in ten years.
    other_deaths : float
        Deaths of other causes a patient-year at 60; 0 for none.
    censored : (float, float)
        Follow-up ends at a time drawn evenly between these months.
    missing, missing_odds : float
        Share of grades unknown in those without event, and the odds ratio of it in those who died of breast cancer.

    Examples
    --------
    >>> import tamoxres as tr
    >>> truth = tr.Truth(ratio=1.8)
    >>> truth.ratio, truth.hr_treatment
    (1.8, 0.6)
    """

    marker_share: float = 0.2
    treated_share: float = 0.6
    hr_marker: float = 1.5
    hr_treatment: float = 0.6
    ratio: float = 1.0
    late: float = 1.0
    hr_age: float = 1.05
    hr_grade: float = 1.4
    hr_nodes: float = 1.06
    gene_ratio: Mapping[str, float] = field(default_factory=dict)
    confounding: float = 0.0
    baseline: Literal["weibull", "gompertz"] = "weibull"
    scale: float = 500.0
    shape: float = 1.1
    other_deaths: float = 0.012
    censored: tuple[float, float] = (40.0, 240.0)
    missing: float = 0.0
    missing_odds: float = 1.0

    def __post_init__(self) -> None:
        positive = ("hr_marker", "hr_treatment", "ratio", "late", "hr_age", "hr_grade", "hr_nodes", "scale", "shape")
        for name in (*positive, "missing_odds"):
            if not getattr(self, name) > 0:
                raise QuestionError(f"{name} is {getattr(self, name)}; it must be above 0.")
        for name in ("marker_share", "treated_share", "missing"):
            if not 0 <= getattr(self, name) < 1:
                raise QuestionError(f"{name} is {getattr(self, name)}; it is a share, from 0 to below 1.")
        if self.baseline not in ("weibull", "gompertz"):
            raise QuestionError(f"Unknown baseline {self.baseline!r}. Use weibull or gompertz.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Expression:
    """Simulated expression as a molecular profile."""

    frame: pd.DataFrame
    kind: ProfileKind = "mrna"
    assay: str = "simulated"
    unit: str = "standard deviations"

    def features(self) -> frozenset[str]:
        """Return the genes."""
        return frozenset(self.frame.columns)

    def assayed(self, feature: str) -> frozenset[str]:
        """Return the patients in whom a gene was measured: all."""
        return frozenset(self.frame.index) if feature in self.frame else frozenset()

    def values(self, features: Sequence[str]) -> pd.DataFrame:
        """Return patients x genes."""
        return self.frame[list(features)]


def simulate(n: int = 2000, *, truth: Truth | None = None, genes: int = 0, seed: int) -> Cohort:
    """Make up a cohort whose truth is known.

    Parameters
    ----------
    n : int
        Patients.
    truth : Truth, optional
    genes : int
        Genes whose expression is simulated too, in standard deviations.
    seed : int

    Returns
    -------
    Cohort
        Endpoints BCSS and OS; age, grade, nodes, treatment; the marker `MARKER`; marked `simulated`.

    Raises
    ------
    QuestionError
        If there are fewer than 10 patients, or a gene of the truth is not among the genes.

    Examples
    --------
    >>> made = simulate(500, truth=Truth(ratio=1.6), genes=20, seed=1)
    >>> made.n, made.simulated, len(made.profile("mrna").features())
    (500, True, 20)
    """
    import pandas as pd

    chosen = truth or Truth()
    names = [f"GENE{i:04d}" for i in range(1, genes + 1)]
    _refuse(n, chosen, names)
    draw = np.random.default_rng(seed)
    index = pd.Index([f"S{i:06d}" for i in range(1, n + 1)], name="patient")
    values = _expression(draw, n, genes)
    people = draw_people(draw, n, chosen)
    gene_slopes = sum((np.log(r) * values[:, names.index(g)] for g, r in chosen.gene_ratio.items()), np.zeros(n))
    ended = _outcome(draw, people, chosen, gene_slopes)
    grade = people["grade"].copy()
    grade[_unknown(draw, ended["cause"], chosen)] = np.nan
    patients = pd.DataFrame(
        {
            "age": people["age"], "grade": grade, "nodes": people["nodes"], "er": "positive",
            "endocrine": np.where(people["treated"] == 1, "yes", "no"),
            "endocrine_agent": np.where(people["treated"] == 1, "tamoxifen", "none"),
            "BCSS_months": ended["months"], "BCSS_event": ended["cause"],
            "OS_months": ended["months"], "OS_event": (ended["cause"] > 0).astype(int),
        },
        index=index,
    )  # fmt: skip
    status = pd.Series(np.where(people["marker"] == 1, ALTERED, UNALTERED), index=index)
    call = MarkerCall(
        marker="MARKER", rule="simulated", assay="simulated", reference="tamoxres.simulate", values=status,
        definition="drawn at random",
    )  # fmt: skip
    return Cohort(
        name=f"simulated_{seed}", title=f"Simulated patients (seed {seed})", patients=patients, raw=patients.copy(),
        sources=(Source(name="simulated", citation=f"Simulated by tamoxres, seed {seed}.", licence="none needed"),),
        endpoints=(BCSS, OS), treatment_specificity="tamoxifen_confirmed",
        design="observational" if chosen.confounding else "randomised", markers=(call,),
        profiles=(_Expression(frame=pd.DataFrame(values, index=index, columns=names)),) if genes else (),
        default_rules={"MARKER": "simulated"}, notes=("Simulated: these are no patients.",), simulated=True,
    )  # fmt: skip


def _refuse(n: int, truth: Truth, names: list[str]) -> None:
    if n < 10:
        raise QuestionError(f"n is {n}; simulate at least 10 patients.")
    absent = [gene for gene in truth.gene_ratio if gene not in names]
    if absent:
        last = f"GENE0001 to {names[-1]}" if names else "none: genes is 0"
        raise QuestionError(f"The truth names gene {absent[0]}, but the genes are {last}.")


def _expression(draw: np.random.Generator, n: int, genes: int) -> FloatArray:
    """Draw genes of unit variance, shape (n, genes), correlated within modules."""
    factors = draw.normal(size=(n, _MODULES))
    own = draw.normal(size=(n, genes))
    module = np.arange(genes) % _MODULES
    return np.asarray(_LOADING * factors[:, module] + np.sqrt(1 - _LOADING**2) * own)


def draw_people(draw: np.random.Generator, n: int, truth: Truth) -> dict[str, FloatArray]:
    """Draw age, grade, nodes and marker, and who is treated given their prognosis, each of shape (n,)."""
    age = np.clip(draw.normal(61.0, 12.0, n), 25.0, 95.0).round(1)
    grade = draw.choice([1.0, 2.0, 3.0], n, p=[0.2, 0.45, 0.35])
    nodes = np.minimum(draw.negative_binomial(0.45, 0.18, n), 40).astype(float)
    marker = (draw.random(n) < truth.marker_share).astype(float)
    prognosis = np.log(truth.hr_age) * (age - 61.0) / 10 + np.log(truth.hr_grade) * (grade - 2)
    prognosis = prognosis + np.log(truth.hr_nodes) * nodes
    away = (prognosis - prognosis.mean()) / (float(prognosis.std()) or 1.0)
    odds = np.log(truth.treated_share / (1 - truth.treated_share)) + truth.confounding * away
    treated = (draw.random(n) < 1 / (1 + np.exp(-odds))).astype(float)
    return {
        "age": age, "grade": grade, "nodes": nodes, "marker": marker, "treated": treated, "prognosis": prognosis,
    }  # fmt: skip


def log_ratio(people: Mapping[str, FloatArray], truth: Truth) -> FloatArray:
    """Return the log hazard ratio of breast-cancer death of each patient in the first 60 months, genes left aside."""
    marker, treated = people["marker"], people["treated"]
    return np.asarray(
        people["prognosis"] + np.log(truth.hr_marker) * marker + np.log(truth.hr_treatment) * treated
        + np.log(truth.ratio) * marker * treated
    )  # fmt: skip


def cancer_hazard(people: Mapping[str, FloatArray], truth: Truth, months: float) -> FloatArray:
    """Return the cumulative hazard of breast-cancer death of each patient up to a month."""
    first = _cumulative(np.array([min(months, _CHANGE)]), truth)[0]
    later = _cumulative(np.array([max(months, _CHANGE)]), truth)[0] - _cumulative(np.array([_CHANGE]), truth)[0]
    late = np.where(people["marker"] == 1, truth.late, 1.0)
    return np.asarray(np.exp(log_ratio(people, truth)) * (first + late * later))


def other_hazard(people: Mapping[str, FloatArray], truth: Truth, months: float) -> FloatArray:
    """Return the cumulative hazard of death of other causes of each patient up to a month."""
    at_start = truth.other_deaths / 12 * np.exp(12 * _AGEING * (people["age"] - 60))
    return np.asarray(at_start * np.expm1(_AGEING * months) / _AGEING)


def _outcome(
    draw: np.random.Generator, people: dict[str, FloatArray], truth: Truth, gene_slopes: FloatArray
) -> dict[str, Any]:
    """Draw months and cause: 1 breast cancer, 2 other causes, 0 censored."""
    n = people["age"].size
    ratio = np.exp(log_ratio(people, truth) + gene_slopes * people["treated"])
    cancer = _when(draw.exponential(size=n), ratio, np.where(people["marker"] == 1, truth.late, 1.0), truth)
    with np.errstate(divide="ignore"):
        at_start = other_hazard(people, truth, 1.0) * _AGEING / np.expm1(_AGEING)
        other = np.log1p(draw.exponential(size=n) * _AGEING / at_start) / _AGEING
    end = draw.uniform(*truth.censored, n)
    months = np.minimum(np.minimum(cancer, other), end)
    return {"months": months, "cause": np.where(months == end, 0, np.where(months == cancer, 1, 2))}


def _when(level: FloatArray, ratio: FloatArray, late: FloatArray, truth: Truth) -> FloatArray:
    """Return when the cumulative hazard reaches a level, if its ratio changes by `late` after 60 months."""
    at_change = _cumulative(np.array([_CHANGE]), truth)[0]
    before = level / ratio
    after = at_change + (before - at_change) / late
    return _inverse(np.where(before <= at_change, before, after), truth)


def _cumulative(months: FloatArray, truth: Truth) -> FloatArray:
    """Return the baseline cumulative hazard."""
    if truth.baseline == "weibull":
        return np.asarray((months / truth.scale) ** truth.shape)
    growth = np.log(truth.shape) / 120
    return np.asarray(months / truth.scale if growth == 0 else np.expm1(growth * months) / (growth * truth.scale))


def _inverse(level: FloatArray, truth: Truth) -> FloatArray:
    """Return the months at which the baseline cumulative hazard reaches a level; infinity where it never does."""
    if truth.baseline == "weibull":
        return np.asarray(truth.scale * level ** (1 / truth.shape))
    growth = np.log(truth.shape) / 120
    if growth == 0:
        return np.asarray(level * truth.scale)
    inside = level * growth * truth.scale
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(inside > -1, np.log1p(inside) / growth, np.inf))


def _unknown(draw: np.random.Generator, cause: Any, truth: Truth) -> Any:
    """Draw whose grade is unknown: with other odds in those who died of breast cancer."""
    odds = truth.missing / (1 - truth.missing) * np.where(cause == 1, truth.missing_odds, 1.0)
    return draw.random(cause.size) < odds / (1 + odds)
