"""A first mapping for a user's file: what can be told from names and values, and as questions what cannot.

Conventions: nothing is decided silently: every guess stands beside the values it rests on, and a column that was not
understood is listed with its values. What a status code means is never filled in from its number, because 1 is dead in
one registry, alive in the next and censored in R's lung; words and value labels are read. The text is always TOML, and
`load` reads it once its questions are answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..codebook import Column, column
from ..endpoints import Endpoint
from ..registry import declared
from .readers.options import FileOptions
from .readers.tables import Reading, read_table
from .sketch_dates import date_lines, dated_endpoint
from .sketch_facts import Facts, facts_of, unknown_words
from .sketch_names import NAMES, endpoints_of, is_event, is_time, plain, stem, unit_of
from .sketch_toml import comment, list_of, quote

__all__ = ["init_mapping"]

_YES, _NO = (
    ("1", "yes", "y", "ja", "true", "oui", "si", "sí", "j"),
    ("0", "no", "n", "nein", "nej", "false", "non", "nee"),
)
_POSITIVE = ("positive", "pos", "+", "1", "true", "yes", "positiv", "positief", "positif", "positivo", "positiva")
_NEGATIVE = (
    "negative",
    "neg",
    "-",
    "0",
    "false",
    "no",
    "negativ",
    "negatief",
    "négatif",
    "negatif",
    "negativo",
    "negativa",
)
_PRE, _POST = ("pre", "premenopausal", "0", "præmenopausal", "prä"), ("post", "postmenopausal", "1")
_LEVELS = {"yes": _YES, "no": _NO, "positive": _POSITIVE, "negative": _NEGATIVE, "pre": _PRE, "post": _POST}
_HAPPENED = re.compile(
    r"(\d+:)?(dead.*|deceased.*|died.*|recur.*|relapse.*|progress.*|død.*|döda?.*|avliden|gestorben|verstorben|tot|"
    r"rezidiv|recidiv\w*|residiv|overleden|décédée?|decedee?|fallecid[oa]|muert[oa]|decedut[oa]|mort[oae]?)"
)
_NOT_DEATH = re.compile(r"(\d+:\s*)?(rec|rel|rez|res|prog)")
_NOT_HAPPENED = re.compile(
    r"(\d+:)?(alive|living|censored|disease ?free|no recurrence|no relapse|levende?|i live|lever|lebend|lebt|in leven|"
    r"vivante?|viv[oa]|en vie)"
)
_UNCLEAR = re.compile(r"alive or dead.*|dead with(out)? tumou?r free.*")
_SCORE = re.compile(r"([0-3])\+?")
_REPEATED = 0.1  # of the rows: more than so many repeat no identifier
_SHOWN = 8


def init_mapping(path: str | Path, options: FileOptions | None = None) -> str:
    r"""Write a first mapping from a registry's file, with questions as comments.

    Parameters
    ----------
    path : path
        CSV, TSV, XLSX, ODS, Parquet, Stata, SPSS, SAS or R.
    options : FileOptions, optional
        How the file is written, where it should not be detected.

    Returns
    -------
    str
        TOML. Lines with `QUESTION` need an answer before `tamoxres check` and `load` can be trusted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "registry.csv")
    ...     _ = file.write_text("pid,age,os_days,dead\n1,50,900,1\n2,61,1200,0\n")
    ...     "[columns]" in init_mapping(file)
    True
    """
    given = options or FileOptions()
    reading = read_table(path, given)
    totals = reading.totals
    if totals and not given.footer_rows:
        reading = read_table(path, FileOptions(sheet=given.sheet, header_row=given.header_row, footer_rows=totals))
    missing = unknown_words(reading.table.frame)
    facts = facts_of(reading, missing)
    guesses = _guess_columns(facts)
    pairs = list(_pairs(facts, set(guesses.values())))
    dated, by_dates = ([], ()) if pairs else dated_endpoint(facts)
    used = {*guesses.values(), *(name for pair in pairs for name in pair), *by_dates}
    lines = [*_head(Path(path), missing), *_file_lines(reading, totals), *date_lines(facts), "[columns]"]
    for name, source in guesses.items():
        lines += _column_lines(name, facts[source])
    lines += _patient_lines(guesses, facts)
    free = [name for name in facts if name not in used - {guesses.get("her2", "")}]
    for marker, declaration in declared().items():
        own = next((name for name in free if re.fullmatch(declaration.columns or "(?!)", plain(name))), None)
        if own is not None:
            lines += _marker_lines(marker, facts[own])
            free.remove(own)
            used.add(own)
    lines += dated or _all_endpoints(pairs, facts)
    rest = [comment(f"{fact.name}: {fact}") for name, fact in facts.items() if name not in used]
    return "\n".join([*lines, *(["", "# Not used (values in order of frequency):", *rest] if rest else []), ""])


_NO_ENDPOINT = (
    "", "# QUESTION: no time and event columns were recognised. Fill in an endpoint or several:", "# [endpoints.RFS]",
    '# time = "..."', '# unit = "days"', '# event = "..."', "# event_values = []", "# censored_values = []",
    "# Or by dates, with diagnosis above:", '# last_seen = "..."', '# date = "..."',
)  # fmt: skip


def _head(path: Path, missing: Sequence[str]) -> list[str]:
    return [
        comment(f"Mapping of {path.name}, sketched from its column names and values. Answer every QUESTION, then run:"),
        comment(f"  tamoxres check {path.name} --mapping MAPPING.toml"),
        f"name = {quote(re.sub(r'[^A-Za-z0-9_-]+', '-', path.stem))}",
        "# QUESTION: is the drug known? tamoxifen_confirmed | mixed_by_name | endocrine_unspecified",
        'treatment_specificity = "endocrine_unspecified"',
        "# QUESTION: how did treatment come about? randomised | partly_randomised | observational",
        'design = "observational"',
        '# QUESTION: which other codes mean unknown, in any column? Such as missing = ["99", "unk"]',
        f"missing = {list_of(missing, as_text=True)}",
    ]


def _file_lines(reading: Reading, totals: int) -> Iterator[str]:
    """Say how the file was read; what a later reading must know too stands as a key."""
    told = str(reading.options)
    if told:
        yield comment(f"Read as: {told}.")
    yield from (comment(remark) for remark in reading.remarks)
    if any(reading.options.header_row not in (None, 1) for _ in reading.remarks):
        yield f"header_row = {reading.options.header_row}"
    if totals:
        yield "# QUESTION: the last row(s) look like totals or remarks, not like patients. Are they?"
        yield f"footer_rows = {totals}"
    if reading.options.decimal == ",":
        yield 'decimal = ","'
    yield ""


def _guess_columns(facts: dict[str, Facts]) -> dict[str, str]:
    guesses: dict[str, str] = {}
    for name, pattern in NAMES.items():
        for source, fact in facts.items():
            fits = source not in guesses.values() and re.fullmatch(pattern, plain(source))
            if fits and (name != "patient" or fact.distinct or fact.repeats_few(_REPEATED)):
                guesses[name] = source
                break
    return guesses


def _patient_lines(guesses: dict[str, str], facts: dict[str, Facts]) -> Iterator[str]:
    """Ask for the identifier, or what is to become of rows that repeat one."""
    if "patient" not in guesses:
        yield '# QUESTION: which column identifies a patient? patient = "..."'
    elif (fact := facts[guesses["patient"]]).repeated:
        yield comment(
            f"QUESTION: {fact.repeated:,} row(s) repeat a {fact.name}, such as {fact.values[0]}. Keep one row each."
        )


def _column_lines(name: str, fact: Facts) -> Iterator[str]:
    declared, source = column(name), quote(fact.name)
    if fact.labels:
        yield comment(f"labels of {fact.name}: {fact.labelled}")
    if fact.codes:
        codes = ", ".join(code.code for code in fact.codes)
        yield comment(f"QUESTION: does {codes} mean unknown in {fact.name}? {fact.codes[0]}")
    if declared is None or declared.kind == "text":
        yield f"{name} = {source}"
    elif declared.levels:
        yield from _level_lines(declared, fact)
    elif not fact.numeric:
        yield comment(f"QUESTION: {name} is a number, but {fact.name} holds {fact.strays or fact}")
        yield f"# {name} = {source}"
    else:
        yield from _number_lines(declared, fact)


def _number_lines(declared: Column, fact: Facts) -> Iterator[str]:
    keys = f", missing = {fact.missing}" if fact.codes else ""
    centimetres = declared.name == "size_mm" and ("cm" in plain(fact.name).split("_") or fact.median < 8)
    if centimetres:
        yield comment(f"QUESTION: the median of {fact.name} is {fact.median:g}: centimetres?")
        yield f"size_mm = {{ from = {quote(fact.name)}, scale = 10{keys} }}"
    elif keys:
        yield f"{declared.name} = {{ from = {quote(fact.name)}{keys} }}"
    else:
        unit = f", in {declared.unit}" if declared.unit not in ("", "nodes", "points", "year") else ""
        yield f"{declared.name} = {quote(fact.name)}  # {declared.meaning}{unit}"


def _level_lines(declared: Column, fact: Facts) -> Iterator[str]:
    source, keys = quote(fact.name), f", missing = {fact.missing}" if fact.codes else ""
    if fact.continuous and declared.levels == ("negative", "positive"):
        yield comment(f"QUESTION: from which value of {fact.name} on is it positive? (median {fact.median:g})")
        yield f'{declared.name} = {{ from = {source}, positive = ">= 10"{keys} }}'
        return
    values = {
        level: [v for v in fact.values if fact.meaning(v) in (level, *_LEVELS.get(level, ()))]
        for level in declared.levels
    }
    named = {value for found in values.values() for value in found}
    scored = _scores(fact) if declared.name == "her2" else {}
    lists = ", ".join(f"{level} = {list_of(found)}" for level, found in (scored or values).items() if found)
    unclear = bool(set(fact.values) - named) or not lists or bool(scored)
    if unclear:
        yield comment(f"QUESTION: what do the values of {fact.name} mean? {fact}. Levels: {', '.join(declared.levels)}")
    lists = lists or ", ".join(f"{level} = []" for level in declared.levels)
    yield f"{'# ' if unclear else ''}{declared.name} = {{ from = {source}, {lists}{keys} }}"


def _scores(fact: Facts) -> dict[str, list[str]]:
    """Sort the values of an IHC score, 0 to 3+, as ASCO and CAP do; nothing where the values are not such."""
    found = [(value, match[1]) for value in sorted(fact.values) if (match := _SCORE.fullmatch(value))]
    if len(found) != len(fact.values) or not {"3", "2"} <= {score for _, score in found}:
        return {}
    levels = {"negative": "01", "positive": "3", "equivocal": "2"}
    return {level: [value for value, score in found if score in scores] for level, scores in levels.items()}


def _marker_lines(marker: str, fact: Facts) -> Iterator[str]:
    yield from ("", comment(f"QUESTION: {fact.name} holds {fact}. Which are altered, by which assay?"))
    if fact.labels:
        yield comment(f"labels of {fact.name}: {fact.labelled}")
    yield f"# [markers.{marker}]"
    yield f"# from = {quote(fact.name)}"
    if scored := _scores(fact) if marker == "HER2" else {}:
        yield f"# altered = {list_of(scored['positive'])}"
        yield f"# unaltered = {list_of(scored['negative'])}"
        yield f"# equivocal = {list_of(scored['equivocal'])}  # unknown, unless resolved_by settles them"
    else:
        yield from ('# altered = [] or ">= 3"', "# unaltered = []")
    yield '# assay = "IHC"'


def _pairs(facts: dict[str, Facts], taken: set[str]) -> Iterator[tuple[str, str]]:
    """Pair times with events: those whose names share a stem first, then each with the nearest that is left."""
    names = [name for name in facts if name not in taken]
    events = [name for name in names if len(facts[name].values) <= _SHOWN and is_event(name)]
    times = [name for name in names if facts[name].numeric and is_time(name) and name not in events]
    order, free = list(facts), list(events)
    chosen: dict[str, str] = {}
    for time in times:
        same = [event for event in free if stem(time) and stem(time) == stem(event)]
        if same:
            chosen[time] = min(same, key=lambda event: abs(order.index(event) - order.index(time)))
            free.remove(chosen[time])
    for time in times:
        if time not in chosen and free:
            at = order.index(time)
            chosen[time] = min(free, key=lambda e: (abs(order.index(e) - at - 1), order.index(e)))
            free.remove(chosen[time])
    yield from ((time, chosen[time]) for time in times if time in chosen)


def _all_endpoints(pairs: Sequence[tuple[str, str]], facts: dict[str, Facts]) -> Iterator[str]:
    """Yield the tables of the endpoints, each endpoint once."""
    taken: set[str] = set()
    for time, event in pairs:
        found = endpoints_of(time, event, died=_only_deaths(facts[event]))
        free = [end for end in found if end.code not in taken]
        if free:
            taken.add(free[0].code)
            yield from _endpoint_lines(free[0], facts[time], facts[event])
        else:
            yield from ("", comment(f"QUESTION: which endpoint, if any, is {time} with {event}? {facts[event]}"))
    if not pairs:
        yield from _NO_ENDPOINT


def _endpoint_lines(end: Endpoint, time: Facts, event: Facts) -> Iterator[str]:
    told = unit_of(time.name)
    unit = told or ("days" if time.longest > 600 else "months" if time.longest > 40 else "years")
    readable = not re.search(r"cens|alive", plain(event.name))
    happened = [v for v in event.values if readable and _says(event, v, _HAPPENED)]
    censored = [v for v in event.values if readable and _says(event, v, _NOT_HAPPENED)]
    rest = [value for value in event.values if value not in (*happened, *censored)]
    yield from ("", comment(f"QUESTION: is this {end.code}, {end.name}? It is ended by:"))
    yield comment(f"  {'; '.join(end.events)}.")
    yield f"[endpoints.{end.code}]"
    yield f"time = {quote(time.name)}"
    yield f"unit = {quote(unit)}  # {'by its name' if told else 'QUESTION'}: the longest is {time.longest:g}"
    yield f"event = {quote(event.name)}"
    if event.labels:
        yield comment(f"labels of {event.name}: {event.labelled}")
    if rest:
        yield comment(f"QUESTION: what do these codes of {event.name} mean? {list_of(rest)}")
        yield "# A number alone does not tell: 1 is dead in one registry, alive or censored in the next."
    yield f"event_values = {list_of(happened)}"
    yield "competing_values = []"
    yield f"censored_values = {list_of(censored)}"
    if codes := [*time.codes, *event.codes]:
        yield comment(f"QUESTION: do these mean unknown? {codes[0]}")
        yield f"missing = {list_of([code.code for code in codes])}"


def _only_deaths(fact: Facts) -> bool:
    """Whether every value that happened is a death."""
    happened = [fact.meaning(value) for value in fact.values if _says(fact, value, _HAPPENED)]
    return bool(happened) and not any(_NOT_DEATH.match(meaning) for meaning in happened)


def _says(fact: Facts, value: str, words: re.Pattern[str]) -> bool:
    meaning = fact.meaning(value)
    bare = re.sub(r"^\d+:\s*", "", meaning)
    return bool(words.fullmatch(meaning)) and not _UNCLEAR.fullmatch(bare)
