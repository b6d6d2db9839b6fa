"""The harmonised columns: one declared list that validates a cohort and prints the data dictionary.

Conventions: unknown is NA, never 0 and never `no`; times are months of 365.25/12 days; an event column holds 0
(censored), 1 (event) or 2 (competing death). Columns that the codebook does not name pass through unchecked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .endpoints import STEEP, TIMED
from .errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CODEBOOK", "DAYS_PER_MONTH", "Column", "column", "column_words", "data_dictionary", "in_months", "validate"]

DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One harmonised column.

    Attributes
    ----------
    name : str
    kind : "number" | "level" | "flag" | "time" | "event" | "text"
        A flag is `yes` or `no`; an event is 0, 1 or 2; a time is in months and not negative.
    meaning : str
    unit : str
    levels : tuple of str
        Allowed values of a level, the reference first.
    low, high : float or None
        Allowed range of a number, bounds included.
    """

    name: str
    kind: Literal["number", "level", "flag", "time", "event", "text"]
    meaning: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def allows(self, values: pd.Series[Any]) -> pd.Series[Any]:
        """Tell for each value whether it is allowed; unknown always is, and a number written as text never is."""
        known = values.notna()
        if self.kind in ("level", "flag"):
            return ~known | values.isin(self.levels)
        if self.kind == "text":
            return ~values.isin([""])
        numbers = _numbers(values)
        good = numbers.abs() < float("inf")
        if self.kind == "event":
            good &= (numbers == 0) | (numbers == 1) | (numbers == 2)
        if self.low is not None:
            good &= numbers >= self.low
        if self.high is not None:
            good &= numbers <= self.high
        return ~known | good

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.levels:
            return ", ".join(self.levels)
        if self.kind == "event":
            return "0 censored, 1 event, 2 competing death"
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"at least {self.low:g}" if self.low is not None else "any"


def _numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return values as floats; what is no number, or a number written as text, is NaN."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(values.dtype):
        values = pd.to_numeric(values.mask(values.map(lambda value: isinstance(value, str))), errors="coerce")
    return values.astype(float)


def _flag(name: str, meaning: str) -> Column:
    return Column(name=name, kind="flag", meaning=meaning, levels=("no", "yes"))


def _level(name: str, meaning: str, *levels: str) -> Column:
    return Column(name=name, kind="level", meaning=meaning, levels=levels)


def _number(name: str, meaning: str, unit: str = "", *, low: float = 0, high: float | None = None) -> Column:
    return Column(name=name, kind="number", meaning=meaning, unit=unit, low=low, high=high)


def _time(name: str, meaning: str) -> Column:
    return Column(name=name, kind="time", meaning=meaning, unit="months", low=0)


_SIGNS = ("negative", "positive")
_AGENTS = ("none", "tamoxifen", "aromatase_inhibitor", "sequence", "unspecified")
_PATIENT_COLUMNS = (
    Column(name="patient", kind="text", meaning="patient identifier, unique within the cohort"),
    Column(name="study", kind="text", meaning="study within a pooled series"),
    _number("age", "age at diagnosis", "years", low=15, high=110),
    _level("menopause", "menopausal state at diagnosis", "pre", "post"),
    _level("er", "oestrogen receptor of the tumour", *_SIGNS),
    _level("pr", "progesterone receptor of the tumour", *_SIGNS),
    _level("her2", "clinical HER2 status of the tumour", *_SIGNS),
    _number("er_percent", "tumour cells that stain for ER (1-9 is ER-low)", "%", high=100),
    _number("grade", "histological grade", "", low=1, high=3),
    _number("size_mm", "invasive tumour size", "mm", high=500),
    _number("nodes", "axillary nodes with tumour", "nodes", high=100),
    _number("stage", "anatomical stage", "", high=4),
    _number("npi", "Nottingham prognostic index: 0.2 x size (cm) + grade + node stage", "points", low=1, high=10),
    _level("pam50", "intrinsic subtype", "LumA", "LumB", "Her2", "Basal", "Normal", "claudin-low"),
    _flag("endocrine", "adjuvant endocrine therapy"),
    _level("endocrine_agent", "agent of endocrine therapy", *_AGENTS),
    Column(name="arm", kind="text", meaning="treatment by name, where it is none of the endocrine ones"),
    _flag("ovarian_suppression", "ovarian suppression or ablation"),
    _flag("chemotherapy", "adjuvant or neoadjuvant chemotherapy"),
    _flag("radiotherapy", "radiotherapy"),
    _flag("her2_therapy", "HER2-targeted therapy"),
    _number("diagnosis_year", "calendar year of diagnosis", "year", low=1900, high=2100),
    Column(name="site", kind="text", meaning="contributing centre or cohort"),
    _number("sampling_weight", "inverse of the sampling probability"),
    _flag("subcohort", "member of the random subcohort of a case-cohort sample (no: a case from outside it)"),
    _time("entry_months", "delayed entry: months from diagnosis until follow-up begins"),
    _time("endocrine_start_months", "start of endocrine therapy after diagnosis"),
    _time("endocrine_stop_months", "end of endocrine therapy after diagnosis"),
)
_ENDPOINT_COLUMNS = tuple(
    made
    for e in TIMED.values()
    for made in (
        _time(e.months, f"{e.name}: months from diagnosis to the event or the end of follow-up"),
        Column(name=e.event, kind="event", meaning=f"{e.name}: what ended follow-up"),
    )
)
CODEBOOK: tuple[Column, ...] = (*_PATIENT_COLUMNS, *_ENDPOINT_COLUMNS)
_BY_NAME = {c.name: c for c in CODEBOOK}


def in_months(times: pd.Series[Any], days: float = 1.0) -> pd.Series[Any]:
    """Convert times to months of 365.25/12 days.

    Parameters
    ----------
    times : Series
        In units of `days` days.
    days : float
        Days of one unit: 1, 7, 30 (a publisher's months), 365.25 ...

    Returns
    -------
    Series
        Days divided by 30.4375, so that 180 days are the number that `180 / 30.4375` is: multiplying by the reciprocal
        is one bit off for a quarter of all days. A unit of whole months (months, years) is multiplied.

    Examples
    --------
    >>> import pandas as pd
    >>> in_months(pd.Series([180.0, 365.0])).tolist() == [180 / 30.4375, 365 / 30.4375]
    True
    """
    whole = days / DAYS_PER_MONTH
    return times * whole if whole.is_integer() else times * days / DAYS_PER_MONTH


def column(name: str) -> Column | None:
    """Return a harmonised column by its name, or None when the codebook does not name it."""
    return _BY_NAME.get(name)


def column_words(name: str) -> str:
    """Name a column in words: what the codebook says it means; any other by its own name.

    Examples
    --------
    >>> column_words("npi"), column_words("lymph_nodes")
    ('Nottingham prognostic index', 'lymph nodes')
    """
    declared = column(name)
    return declared.meaning.partition(":")[0].partition(" (")[0] if declared else name.replace("_", " ")


def data_dictionary() -> pd.DataFrame:
    """Return the codebook as a frame: column, kind, unit, allowed values, meaning.

    Returns
    -------
    DataFrame
        One row a column.

    Examples
    --------
    >>> data_dictionary()["column"].head(3).tolist()
    ['patient', 'study', 'age']
    """
    import pandas as pd

    rows = [(c.name, c.kind, c.unit, c.allowed, c.meaning) for c in CODEBOOK]
    return pd.DataFrame(rows, columns=["column", "kind", "unit", "allowed", "meaning"])


def validate(patients: pd.DataFrame, source: str) -> pd.DataFrame:
    """Check harmonised patients (indexed by patient) against the codebook.

    Parameters
    ----------
    patients : DataFrame
        One row a patient, the index holding the identifiers.
    source : str
        Name of the file or cohort, for the message.

    Returns
    -------
    DataFrame
        The same patients.

    Raises
    ------
    DataError
        Naming the source, the column, the patients and the values that break the codebook.
    """
    _check_identifiers(patients, source)
    faults = [
        (_BY_NAME[name], values[~good])
        for name, values in patients.items()
        if name in _BY_NAME and not (good := _BY_NAME[name].allows(values).to_numpy(bool)).all()
    ]
    if faults:
        raise DataError(_describe(*faults[0], len(faults) - 1, source))
    _check_events(patients, source)
    return patients


def _describe(declared: Column, bad: pd.Series[Any], more: int, source: str) -> str:
    shown = ", ".join(f"{who}: {value!r}" for who, value in zip(bad.index[:5], bad.tolist(), strict=False))
    rest = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    others = f" ({more} more columns have faults.)" if more else ""
    return (
        f"{source}, column {declared.name}: {len(bad)} value(s) outside the codebook ({declared.allowed}) "
        f"at patient {shown}{rest}. Correct the value, or leave it empty if it is unknown.{others}"
    )


def _check_identifiers(patients: pd.DataFrame, source: str) -> None:
    import pandas as pd

    if len(patients) == 0:
        raise DataError(f"{source} holds no patients.")
    numbered = pd.api.types.is_numeric_dtype(patients.index.dtype)
    if patients.index.hasnans or not (numbered or all(map(str.strip, map(str, patients.index)))):
        raise DataError(f"{source}, column patient: a patient has no identifier. Give every row its own.")
    if not patients.index.is_unique:
        twice = patients.index[patients.index.duplicated()].unique()
        raise DataError(
            f"{source}, column patient: {len(twice)} identifier(s) stand more than once, the first is {twice[0]!r}. "
            "Keep one row a patient."
        )


def _check_events(patients: pd.DataFrame, source: str) -> None:
    for e in TIMED.values():
        if (e.event in patients) != (e.months in patients):
            raise DataError(f"{source}: an endpoint needs both {e.months} and {e.event}.")
        if e.event not in patients:
            continue
        happened = patients[e.event].isin([1, 2])
        bad = patients.index[happened & patients[e.months].isna()]
        if len(bad):
            raise DataError(
                f"{source}, column {e.event}: {len(bad)} event(s) without a time, the first at patient {bad[0]!r}. "
                f"Give {e.months}, or leave the event empty if it is unknown."
            )
        if e.code in STEEP and not e.competing and (patients[e.event] == 2).any():
            raise DataError(f"{source}, column {e.event}: no death competes with {e.code}; code deaths as events (1).")
