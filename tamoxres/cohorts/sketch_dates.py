"""What a sketch says of dates: how they are written, and the endpoint they make where no times stand beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..endpoints import OS
from .sketch_facts import Facts
from .sketch_names import is_event, plain
from .sketch_toml import comment, list_of, quote

__all__ = ["date_lines", "dated_endpoint"]

_DIAGNOSED = r"(.*_)?(dx|diag)\w*(_.*)?"
_DIED = r".*(death|dead|died|dod|sterbe|todes|deces|fallec|defunc|muert|mort|decess|overlij|overled|avlid|doed).*"
_SEEN = (
    r".*(last|seen|letzt|kontakt|contact|sidst|senast|siste|laatst|derni|ultim|follow|suivi|seguim|opfolg|oppfolg|"
    r"uppfolj|status_?dat).*"
)
_ISO = "%Y-%m-%d"


def _dated(facts: Mapping[str, Facts]) -> dict[str, tuple[str, ...]]:
    return {name: fact.date_forms for name, fact in facts.items() if fact.date_forms}


def _first(names: Mapping[str, object], pattern: str) -> str:
    return next((name for name in names if re.fullmatch(pattern, plain(name))), "")


def date_lines(facts: Mapping[str, Facts]) -> Iterator[str]:
    """Say which columns hold dates, and how they are written; ask where two forms would do."""
    dated = _dated(facts)
    if not dated:
        return
    sure = [several[0].split(" | ") for several in dated.values() if len(several) == 1]
    forms = list(dict.fromkeys(form for several in sure for form in several))
    forms.sort(key=lambda form: form == _ISO)
    yield comment(f"Dates: {', '.join(dated)}. An endpoint may take them: diagnosis, and date and last_seen for time.")
    for name, several in dated.items():
        if not any(set(one.split(" | ")) <= set(forms) for one in several):
            yield comment(f"QUESTION: how is {name} written? date_format = one of {', '.join(several)}")
    if forms and forms != [_ISO]:
        yield f"date_format = {quote(' | '.join(forms))}"
    if diagnosed := _first(dated, _DIAGNOSED):
        yield f"{'' if _ends(facts) else '# '}diagnosis = {quote(diagnosed)}"


def _ends(facts: Mapping[str, Facts]) -> tuple[str, str, str] | None:
    """Name the columns of the last visit, of the date of death, and of who died; None where dates make no endpoint."""
    dated = _dated(facts)
    diagnosed = _first(dated, _DIAGNOSED)
    others = {name: forms for name, forms in dated.items() if name != diagnosed}
    died = _first(others, _DIED)
    seen = _first({name: forms for name, forms in others.items() if name != died}, _SEEN)
    codes = (name for name in facts if name not in dated and is_event(name) and re.fullmatch(_DIED, plain(name)))
    told = "" if died else next(codes, "")
    return (seen, died, told) if diagnosed and seen and (died or told) else None


def dated_endpoint(facts: Mapping[str, Facts]) -> tuple[list[str], tuple[str, ...]]:
    """Return the table of overall survival by dates, and the columns it uses; nothing where dates make none."""
    found = _ends(facts)
    if found is None:
        return [], ()
    seen, died, told = found
    lines = [
        "",
        comment(f"QUESTION: is this {OS.code}, {OS.name}? It is ended by:"),
        comment(f"  {'; '.join(OS.events)}."),
    ]
    lines += [f"[endpoints.{OS.code}]", f"last_seen = {quote(seen)}"]
    if died:
        return [*lines, f"date = {quote(died)}  # whoever has one had the event"], (seen, died)
    lines += [
        f"event = {quote(told)}",
        comment(f"QUESTION: what do these codes of {told} mean? {list_of(facts[told].values)}"),
        "# A number alone does not tell: 1 is dead in one registry, alive or censored in the next.",
        "event_values = []", "competing_values = []", "censored_values = []",
    ]  # fmt: skip
    return lines, (seen, told)
