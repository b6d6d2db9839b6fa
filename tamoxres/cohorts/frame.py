"""A DataFrame as a cohort: through the mapping that a file would have, so that the same checks see the same cells.

Conventions: cells become text as those of a Parquet file do. Where a column name alone is given for something that is
or is not (an event, a treatment, a marker), 1, yes and true mean that it is; 0, no and false that it is not, whatever
their case, in several languages; any other value is refused, with the way to say what it means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..codebook import column
from ..errors import DataError, refuse_faults, shown
from .assemble import Parts, assemble
from .custom import absent_columns
from .mapping import read_mapping
from .readers.tables import Reading, read_frame
from .readers.typed import as_text
from .rules import Mapping as Rules
from .rules import canonical

if TYPE_CHECKING:
    import pandas as pd

    from ..cohort import Cohort

__all__ = ["NAME", "from_frame", "load_frame", "reading_of"]

NAME = "data frame"
_YES = frozenset(("1", "yes", "y", "true", "t", "ja", "j", "oui", "si", "sí", "positive", "pos", "altered", "treated",
                  "event", "dead", "mutated"))  # fmt: skip
_NO = frozenset(("0", "no", "n", "false", "f", "nej", "nein", "nee", "non", "negative", "neg", "unaltered", "untreated",
                 "none", "censored", "alive", "wild type", "wildtype", "wt"))  # fmt: skip
_TOP = ("name", "title", "treatment_specificity", "design", "missing", "notes", "overlaps", "citation", "licence",
        "undated_events", "date_format", "diagnosis", "cohort_size")  # fmt: skip
Column = str | Mapping[str, Any]


def reading_of(frame: pd.DataFrame, rules: Rules) -> Reading:
    """Read a frame as a file is read; a named index is a column."""
    named = frame.reset_index() if any(name is not None for name in frame.index.names) else frame
    return read_frame(named, NAME, rules.options)


def load_frame(frame: pd.DataFrame, mapping: Any) -> Cohort:
    """Load a frame by a mapping: a dict, a path, or the TOML itself.

    Raises
    ------
    DataError
        On what is wrong, the first 20 faults one by one.
    """
    import pandas as pd

    from ..cohort import Source

    rules = read_mapping(mapping)
    table = reading_of(frame, rules).table
    refuse_faults(map(DataError, absent_columns(table, rules)))
    hashed = pd.util.hash_pandas_object(table.frame.fillna("").astype(str), index=False)
    digest = hashlib.sha256(hashed.to_numpy().tobytes() + "\0".join(map(str, table.frame.columns)).encode()).hexdigest()
    source = Source(name=NAME, citation=rules.citation, licence=rules.licence, sha256=digest)
    return assemble(Parts(rules=rules, table=table.indexed(rules.patient), sources=(source,)))


def from_frame(  # noqa: PLR0913 (the names by which a registry's columns are known; all but three have defaults)
    frame: pd.DataFrame,
    *,
    patient: str = "",
    time: str,
    event: Column,
    endpoint: str,
    unit: str = "months",
    treatment: Column | None = None,
    markers: str | Iterable[str] | Mapping[str, Column] = (),
    columns: Mapping[str, Column] | None = None,
    **top: Any,
) -> Cohort:
    """Make a cohort of a DataFrame with one row a patient.

    Parameters
    ----------
    frame : DataFrame
    patient : str
        Column of identifiers, or the name of the index; rows are numbered if not given.
    time : str
        Column of follow-up times.
    event : str or mapping
        A column of 0 and 1 (or yes and no, true and false); else its rule: `{"from": "status", "event": [1],
        "competing": [2], "censored": [0]}`.
    endpoint : str
        A STEEP code, such as `OS`.
    unit : "days" | "weeks" | "months" | "years"
    treatment : str or mapping, optional
        Who had endocrine therapy: a column of yes and no, or `{"from": "arm", "yes": ["T"], "no": ["C"]}`.
    markers : str, list of str, or mapping of marker to column or rule
        A column of altered (1, yes) and unaltered (0, no), or `{"HER2": {"from": "ihc", "altered": ["3+"], "unaltered":
        ["0", "1+"]}}`. A number: `{"ESR1": {"from": "esr1", "unit": "log2", "log": "log2"}}`.
    columns : mapping of harmonised name to column or rule, optional
        Such as `{"age": "age_dx"}`. If not given, every column left passes under its own name.
    **top
        What a mapping says at its top: `name`, `treatment_specificity`, `design`, `missing` ...

    Returns
    -------
    Cohort

    Raises
    ------
    DataError
        If a column is absent or holds a value whose meaning is not told, naming row and column.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"t": [5, 9, 30, 12], "died": [True, False, True, False], "her2": [1, 0, 0, 1],
    ...                       "tam": ["yes", "no", "yes", "no"], "age": [50, 61, 47, 70]})
    >>> cohort = from_frame(frame, time="t", event="died", endpoint="OS", treatment="tam", markers="her2")
    >>> cohort.marker("HER2").counts()["altered"], cohort.patients["endocrine"].tolist()
    (2, ['yes', 'no', 'yes', 'no'])
    """
    if unknown := [key for key in top if key not in _TOP]:
        raise DataError(f"from_frame knows no {unknown[0]!r}. Beside its own names it takes {', '.join(_TOP)}.")
    named = frame.reset_index() if patient and patient in frame.index.names else frame
    if not patient:
        patient = "patient"
        named = named.reset_index(drop=True).assign(patient=[f"row {i}" for i in range(1, len(frame) + 1)])
    rule = {"from": event} if isinstance(event, str) else dict(event)
    told = _event(named, rule)
    called = _markers(named, markers)
    taken = {patient, time, told["event"], *(one["from"] for one in called.values())}
    given = dict(columns) if columns is not None else {}
    if treatment is not None:
        given["endocrine"] = treatment
        taken.add(treatment if isinstance(treatment, str) else str(treatment.get("from", "")))
    if columns is None:
        given |= {str(name): str(name) for name in named if str(name) not in taken and str(name) not in given}
    harmonised = {name: _column(named, name, one) for name, one in given.items()}
    ends = {endpoint.upper(): {"time": time, "unit": unit, **told}}
    mapping = {**top, "columns": {"patient": patient, **harmonised}, "markers": called, "endpoints": ends}
    return load_frame(named, mapping)


def _event(frame: pd.DataFrame, rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of an endpoint that say what its codes are."""
    source = _source(frame, rule, "event")
    keys = {"event": "event_values", "competing": "competing_values", "censored": "censored_values"}
    if told := {keys[key]: value for key, value in rule.items() if key in keys}:
        return {"event": source, **told}
    yes, no = _binary(frame, source, 'event={"from": ..., "event": [...], "censored": [...]}')
    return {"event": source, "event_values": yes, "censored_values": no}


def _markers(frame: pd.DataFrame, markers: Any) -> dict[str, dict[str, Any]]:
    """Return the tables of the markers; one alone, or a list, are named as their columns."""
    if not isinstance(markers, Mapping):
        names = [markers] if isinstance(markers, str) else list(markers)
        markers = {name: name for name in names}
    out = {}
    for name, given in markers.items():
        rule = {"from": given} if isinstance(given, str) else dict(given)
        source = _source(frame, rule, name)
        if not {"altered", "unit", "log"} & set(rule):
            how = f'markers={{"{name}": {{"from": ..., "altered": [...], "unaltered": [...]}}}}'
            rule["altered"], rule["unaltered"] = _binary(frame, source, how)
        out[str(name).upper()] = {**rule, "from": source}
    return out


def _column(frame: pd.DataFrame, name: str, given: Column) -> Any:
    """Return the rule of a column; one of two levels alone is read as yes and no."""
    declared = column(name)
    if not isinstance(given, str):
        return dict(given)
    source = _source(frame, {"from": given}, name)
    if declared is None or declared.levels not in (("no", "yes"), ("negative", "positive")):
        return source
    low, high = declared.levels
    yes, no = _binary(frame, source, f'columns={{"{name}": {{"from": ..., "{high}": [...], "{low}": [...]}}}}')
    return {"from": source, high: yes, low: no}


def _source(frame: pd.DataFrame, rule: Mapping[str, Any], what: str) -> str:
    source = str(rule.get("from", ""))
    if source not in map(str, frame.columns):
        raise DataError(f"{what}: the frame has no column {source!r}. It has {', '.join(map(str, frame.columns))}.")
    return source


def _binary(frame: pd.DataFrame, source: str, how: str) -> tuple[list[str], list[str]]:
    """Sort the values of a column that says whether something is."""
    values = {canonical(text) for value in frame[source].dropna().unique() if (text := as_text(value)) is not None}
    yes = sorted(value for value in values if value.casefold() in _YES)
    no = sorted(value for value in values if value.casefold() in _NO)
    if strange := sorted(values - {*yes, *no}):
        raise DataError(f"Column {source} holds {shown(strange[0])}, which says neither yes nor no. Write {how}.")
    return yes, no
