"""A first mapping for a user's file: what can be told from names and values, and as questions what cannot.

Nothing is decided silently: every guess stands beside the values it rests on, and a column that was not understood is
listed with its values. The text is TOML that `load` reads once its questions are answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..codebook import Column, column
from ..endpoints import OS, RFS, Endpoint
from ..registry import declared
from .formats import read_file
from .recode import RawTable

__all__ = ["init_mapping"]

_NAMES = {  # harmonised column -> what its raw name looks like (lower case, words joined by _)
    "patient": r"(pid|id|rownames?|(patient|subject|record|case)(_?(id|no|nr|number))?)",
    "study": r"study|trial",
    "age": r"age(_.*)?|.*_age(_.*)?",
    "menopause": r"meno.*|.*_menopaus.*",
    "er_percent": r"er_(percent|pct|perc).*",
    "er": r"er(_.*)?|o?estr.*|.*_er_.*|.*_er",
    "pr": r"pg?r(_.*)?|prog.*",
    "her2": r"(her2|erbb2|c_?erb).*",
    "grade": r"(.*_)?grade|tumou?r_?grade",
    "size_mm": r"(.*_)?size(_.*)?|diameter.*",
    "nodes": r"nodes?|(n_?)?(pos(itive)?_?)?(lymph_?)?nodes?(_.*)?|.*nodes_(examined_)?positive",
    "stage": r"stage",
    "npi": r"npi|nottingham.*",
    "endocrine_agent": r"(endocrine|hormone?)_?(agent|drug|type)",
    "endocrine": r"horm.*|endoc.*|tam(ox.*)?|ht",
    "chemotherapy": r"chemo.*|ct",
    "radiotherapy": r"radio.*|rt|irrad.*",
    "her2_therapy": r"trastuz.*|hercep.*|her2_?(therapy|treatment)",
    "diagnosis_year": r"year|.*_year|dx_?year",
    "site": r"site|cent(er|re)|hospital|cohort",
    "entry_months": r"entry.*",
    "sampling_weight": r"(sampling_)?weights?",
}
_TIME = r".*(time|months?|days?|years?|_fu|survival)$|t_.*"
_EVENT = r".*(status|event|death|dead|died|cens\w*|recur\w*|relaps\w*|vital)$"
_ENDPOINT_WORDS = (
    (r"dmfs|drfs|metast|distant", "DRFS"),
    (r"rf|dfs|rec|rel", "RFS"),
    (r"bcss|dss|cancer", "BCSS"),
    (r"os|surv|death|dead|dtime|vital|overall", "OS"),
)
_YES, _NO = ("1", "yes", "y", "ja", "true", "oui"), ("0", "no", "n", "nein", "nej", "false", "non")
_POSITIVE, _NEGATIVE = ("positive", "pos", "+", "1", "positiv"), ("negative", "neg", "-", "0", "negativ")
_PRE, _POST = ("pre", "premenopausal", "0"), ("post", "postmenopausal", "1")
_LEVELS = {"yes": _YES, "no": _NO, "positive": _POSITIVE, "negative": _NEGATIVE, "pre": _PRE, "post": _POST}
_UNKNOWN = ("na", "n/a", "nan", "null", "none", ".", "?", "unk", "unknown", "missing", "not available")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a raw column holds."""

    name: str
    values: tuple[str, ...]
    numeric: bool
    median: float
    unknown: int

    @classmethod
    def of(cls, raw: pd.Series) -> _Facts:
        numbers = pd.to_numeric(raw, errors="coerce")
        numeric = bool(raw.notna().any() and (numbers.notna() | raw.isna()).all())
        values = tuple(str(value) for value in raw.dropna().value_counts().index)
        return cls(str(raw.name), values, numeric, float(numbers.median()) if numeric else 0.0, int(raw.isna().sum()))

    @property
    def continuous(self) -> bool:
        return self.numeric and len(self.values) > _SHOWN

    def __str__(self) -> str:
        rest = f" and {len(self.values) - _SHOWN} more" if len(self.values) > _SHOWN else ""
        unknown = f"; empty in {self.unknown}" if self.unknown else ""
        return f"{', '.join(self.values[:_SHOWN])}{rest}{unknown}"


def init_mapping(path: str | Path) -> str:
    """Write a first mapping from a registry's file, with questions as comments.

    Parameters
    ----------
    path : path
        CSV, TSV, XLSX, Parquet, Stata or SAS.

    Returns
    -------
    str
        TOML. Lines with `QUESTION` need an answer before `tamoxres check` and `load` can be trusted.
    """
    table = read_file(path)
    found = {str(value) for name in table.frame for value in table.frame[name].dropna().unique()}
    missing = sorted(value for value in found if value.lower() in _UNKNOWN)
    facts = {str(name): _Facts.of(table.frame[name].mask(table.frame[name].isin(missing))) for name in table.frame}
    guesses = _guess_columns(facts)
    pairs = list(_pairs(facts, set(guesses.values())))
    used = {*guesses.values(), *(name for pair in pairs for name in pair[1:])}
    lines = [*_head(Path(path), missing), "[columns]"]
    for name, source in guesses.items():
        lines += _column_lines(name, facts[source])
    if "patient" not in guesses:
        lines += ['# QUESTION: which column identifies a patient? patient = "..."']
    free = [name for name in facts if name not in used - {guesses.get("her2", "")}]
    for marker, declaration in declared().items():
        own = next((name for name in free if re.fullmatch(declaration.columns or "(?!)", _plain(name))), None)
        if own is not None:
            lines += _marker_lines(marker, facts[own])
            free.remove(own)
            used.add(own)
    for pair in pairs:
        lines += _endpoint_lines(*pair, table, facts)
    if not pairs:
        lines += _NO_ENDPOINT
    rest = [f"# {fact.name}: {fact}" for name, fact in facts.items() if name not in used]
    return "\n".join([*lines, *(["", "# Not used (values in order of frequency):", *rest] if rest else []), ""])


_NO_ENDPOINT = (
    "", "# QUESTION: no time and event columns were recognised. Fill in an endpoint or several:", "# [endpoints.RFS]",
    '# time = "..."', '# unit = "days"', '# event = "..."', "# event_values = [1]", "# censored_values = [0]",
)  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _codes(values: Sequence[str]) -> str:
    return "[" + ", ".join(value if re.fullmatch(r"-?\d{1,9}", value) else _quote(value) for value in values) + "]"


def _head(path: Path, missing: Sequence[str]) -> list[str]:
    return [
        f"# Mapping of {path.name}, sketched from its column names and values. Answer every QUESTION, then run:",
        f"#   tamoxres check {path.name} --mapping MAPPING.toml",
        f"name = {_quote(re.sub(r'[^A-Za-z0-9_-]+', '-', path.stem))}",
        "# QUESTION: is the drug known? tamoxifen_confirmed | mixed_by_name | endocrine_unspecified",
        'treatment_specificity = "endocrine_unspecified"',
        "# QUESTION: how did treatment come about? randomised | partly_randomised | observational",
        'design = "observational"',
        '# QUESTION: which other codes mean unknown, in any column? Such as missing = ["99", "unk"]',
        f"missing = {_codes(missing)}",
        "",
    ]


def _guess_columns(facts: dict[str, _Facts]) -> dict[str, str]:
    guesses: dict[str, str] = {}
    for name, pattern in _NAMES.items():
        for source in facts:
            if source not in guesses.values() and re.fullmatch(pattern, _plain(source)):
                guesses[name] = source
                break
    return guesses


def _column_lines(name: str, fact: _Facts) -> Iterator[str]:
    declared, source = column(name), _quote(fact.name)
    if declared is None or declared.kind == "text":
        yield f"{name} = {source}"
    elif declared.levels:
        yield from _level_lines(declared, fact, source)
    elif not fact.numeric:
        yield f"# QUESTION: {name} is a number, but {fact.name} holds {fact}"
        yield f"# {name} = {source}"
    elif name == "size_mm" and fact.median < 8:
        yield f"# QUESTION: the median of {fact.name} is {fact.median:g}: centimetres?"
        yield f"size_mm = {{ from = {source}, scale = 10 }}"
    else:
        unit = f", in {declared.unit}" if declared.unit not in ("", "nodes", "points", "year") else ""
        yield f"{name} = {source}  # {declared.meaning}{unit}"


def _level_lines(declared: Column, fact: _Facts, source: str) -> Iterator[str]:
    if fact.continuous and declared.levels == ("negative", "positive"):
        yield f"# QUESTION: from which value of {fact.name} on is it positive? (median {fact.median:g})"
        yield f'{declared.name} = {{ from = {source}, positive = ">= 10" }}'
        return
    found = {
        level: [value for value in fact.values if value.lower() in (level, *_LEVELS.get(level, ()))]
        for level in declared.levels
    }
    named = {value for values in found.values() for value in values}
    lists = ", ".join(f"{level} = {_codes(values)}" for level, values in found.items() if values)
    comment = "# " if set(fact.values) - named or not lists else ""
    if comment:
        yield f"# QUESTION: what do the values of {fact.name} mean? {fact}. Levels: {', '.join(declared.levels)}"
    lists = lists or ", ".join(f"{level} = []" for level in declared.levels)
    yield f"{comment}{declared.name} = {{ from = {source}, {lists} }}"


def _marker_lines(marker: str, fact: _Facts) -> Iterator[str]:
    yield from ("", f"# QUESTION: {fact.name} holds {fact}. Which are altered, by which assay?")
    yield f"# [markers.{marker}]"
    yield f"# from = {_quote(fact.name)}"
    yield from ('# altered = [] or ">= 3"', "# unaltered = []", '# assay = "IHC"')


def _pairs(facts: dict[str, _Facts], taken: set[str]) -> Iterator[tuple[Endpoint, str, str]]:
    """Pair each time column with the event column that follows it most closely; their words name the endpoint."""
    names = [name for name in facts if name not in taken]
    times = [name for name in names if facts[name].numeric and re.fullmatch(_TIME, _plain(name))]
    events = [n for n in names if len(facts[n].values) <= _SHOWN and re.fullmatch(_EVENT, _plain(n)) and n not in times]
    order = list(facts)
    seen: set[str] = set()
    for time in times:
        free = [event for event in events if event not in seen]
        if not free:
            return
        event = min(free, key=lambda e: (abs(order.index(e) - order.index(time) - 1), order.index(e)))
        seen.add(event)
        yield _endpoint_named(_plain(time), _plain(event)), time, event


def _endpoint_named(time: str, event: str) -> Endpoint:
    from ..endpoints import STEEP

    for text in (time, event):
        for pattern, code in _ENDPOINT_WORDS:
            if re.search(pattern, text):
                return STEEP[code]
    return RFS if "status" in event else OS


def _endpoint_lines(end: Endpoint, time: str, event: str, table: RawTable, facts: dict[str, _Facts]) -> Iterator[str]:
    longest = float(pd.to_numeric(table.frame[time]).max())
    unit = "days" if longest > 600 else "months" if longest > 40 else "years"
    fact = facts[event]
    happened = [v for v in fact.values if v.lower() in (*_YES, "dead", "deceased", "1:deceased", "relapse", "recurred")]
    censored = [v for v in fact.values if v.lower() in (*_NO, "alive", "living", "0:living", "censored")]
    rest = [value for value in fact.values if value not in (*happened, *censored)]
    yield from ("", f"# QUESTION: is this {end.code}, {end.name}? It is ended by:")
    yield f"#   {'; '.join(end.events)}."
    yield f"[endpoints.{end.code}]"
    yield f"time = {_quote(time)}"
    yield f"unit = {_quote(unit)}  # QUESTION: the longest is {longest:g}"
    yield f"event = {_quote(event)}"
    if rest:
        yield f"# QUESTION: what do these codes of {event} mean? {_codes(rest)}"
    yield f"event_values = {_codes(happened)}"
    yield "competing_values = []"
    yield f"censored_values = {_codes(censored)}"
