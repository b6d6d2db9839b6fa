"""The names that may be chosen, each set once, and the one error for a name that is not among them.

Conventions: a `Literal` types a choice, the tuple of the same name in capitals lists it. Array aliases say what an
array holds; they cost no import of NumPy at run time.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

from .errors import UnknownChoice

if TYPE_CHECKING:
    import numpy as np

    FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
    IntArray: TypeAlias = np.ndarray[Any, np.dtype[np.int_]]
    BoolArray: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
else:
    FloatArray = IntArray = BoolArray = Any

Estimand = Literal["prognostic", "treatment_effect", "interaction"]
Receptor = Literal["positive", "negative", "any"]
Missing = Literal["complete", "mice"]
Weights = Literal["none", "sampling", "iptw", "att", "overlap"]
Ties = Literal["efron", "breslow"]
Engine = Literal["kernel", "lifelines"]
Distribution = Literal["weibull", "lognormal", "loglogistic", "gengamma", "spline"]
Exposure = Literal["baseline", "time_dependent", "landmark", "ever_treated"]
TimeScale = Literal["follow_up", "age"]
Specificity = Literal["tamoxifen_confirmed", "mixed_by_name", "endocrine_unspecified"]
CohortDesign = Literal["randomised", "partly_randomised", "observational", "mixed"]
Cut = Literal["published", "median", "fitted"]
ProfileKind = Literal["mutation", "cna", "mrna", "rppa"]
Origin = Literal["own_patients", "published", "pooled"]
Scale = Literal["", "binary", "per_unit", "per_sd", "per_doubling", "trend"]
UncutScale = Literal["per_unit", "per_sd", "per_doubling"]
MarkerLevel = Literal["", "altered", "unaltered", "upper_quartile", "lower_quartile"]
Log = Literal["", "none", "log2", "log10", "ln"]
Measure = Literal["HR", "sHR", "RR", "OR", "TR", "RD", "RMSTD", "RMTLD", "RERI", "other_difference"]
Status = Literal["estimated", "not_estimable", "test_only", "null_without_number", "significant_without_number"]
PKind = Literal[
    "", "wald", "lrt", "score", "profile", "logrank", "gray", "permutation", "calibrated", "printed"
]  # fmt: skip
PRelation = Literal["", "=", "<", ">", "ns"]
CiKind = Literal["", "wald", "profile", "printed", "hksj", "adhoc", "bootstrap", "rubin"]
SeKind = Literal["", "model", "robust", "jackknife", "bootstrap", "rubin"]
TreatedAlike = Literal["", "yes", "no"]
Route = Literal[
    "", "se", "ci", "p", "oe_v", "logrank_p", "events", "km", "strata", "strata_p", "model", "reconstructed"
]  # fmt: skip
CiMethod = Literal["adhoc", "hksj", "z"]
PredictionRule = Literal["same", "hts", "z", "k1", "hksj"]
Tau2 = Literal["common", "dl", "reml", "ml", "pm", "he", "sj", "eb"]
JournalStyle = Literal["tamoxres", "revman5", "bmj", "jama", "lancet", "ebctcg"]
Tier = Literal["cell_line", "animal_model", "clinical", "meta_analysis"]
Setting = Literal["adjuvant", "advanced", "neoadjuvant", "in_vitro", "xenograft"]

ESTIMANDS, RECEPTORS, MISSING, WEIGHTS = get_args(Estimand), get_args(Receptor), get_args(Missing), get_args(Weights)
TIES, ENGINES, EXPOSURES = get_args(Ties), get_args(Engine), get_args(Exposure)
TIME_SCALES = get_args(TimeScale)
DISTRIBUTIONS = get_args(Distribution)
SPECIFICITIES, COHORT_DESIGNS, CUTS = get_args(Specificity), get_args(CohortDesign), get_args(Cut)
ORIGINS, SCALES, MARKER_LEVELS = get_args(Origin), get_args(Scale), get_args(MarkerLevel)
UNCUT_SCALES, LOGS = get_args(UncutScale), get_args(Log)
MEASURES, STATUSES = get_args(Measure), get_args(Status)
RATIO_MEASURES = ("HR", "sHR", "RR", "OR", "TR")
P_KINDS, P_RELATIONS, CI_KINDS, SE_KINDS = get_args(PKind), get_args(PRelation), get_args(CiKind), get_args(SeKind)
ROUTES, TREATED_ALIKE = get_args(Route), get_args(TreatedAlike)
CI_METHODS, PREDICTION_RULES, TAU2_METHODS = get_args(CiMethod), get_args(PredictionRule), get_args(Tau2)
JOURNAL_STYLES, TIERS, SETTINGS = get_args(JournalStyle), get_args(Tier), get_args(Setting)
UNDATED = "undated_events"  # a flag that carries how many
CONTRADICTED = "contradicted"  # likewise

T = TypeVar("T")
NameOrNumber = TypeVar("NameOrNumber", str, float)


def nearest(value: Any, allowed: Iterable[Any]) -> str:
    """Return the allowed name most like a value; empty where none is near.

    Examples
    --------
    >>> nearest("postive", ("positive", "negative", "any"))
    'positive'
    """
    names = {str(name).casefold(): str(name) for name in allowed if name not in (None, "")}
    close = get_close_matches(str(value)[:100].casefold(), names, n=1, cutoff=0.6)
    return names[close[0]] if close else ""


def choose(name: str, value: T, allowed: Iterable[Any]) -> T:
    """Return a value that is among those allowed.

    Parameters
    ----------
    name : str
        What is chosen, such as `er`.
    value : object
    allowed : iterable of str
        None and empty text may be among them; they are not listed in the error.

    Raises
    ------
    UnknownChoice
        Naming the nearest allowed name, and all of them.

    Examples
    --------
    >>> choose("er", "any", ("positive", "negative", "any"))
    'any'
    """
    known = tuple(allowed)
    if isinstance(value, str | None) and value in known:
        return value
    names = tuple(str(choice) for choice in known if choice not in (None, ""))
    raise UnknownChoice(name, value, names, nearest=nearest(value, names))


def one_or_more(values: NameOrNumber | Iterable[NameOrNumber]) -> tuple[NameOrNumber, ...]:
    """Return names or numbers as a tuple; a single one may stand alone.

    Examples
    --------
    >>> one_or_more("age"), one_or_more(["age", "npi"]), one_or_more(60)
    (('age',), ('age', 'npi'), (60,))
    """
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else (values,)
