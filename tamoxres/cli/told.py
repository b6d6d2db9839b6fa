"""What `effect` says of an answer: what was asked, the patients, the answer, what it is not; then the details."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import show
from .layout import together

if TYPE_CHECKING:
    from ..answers.answer import Answer
    from ..effects import EffectEstimate

__all__ = ["tell"]


def tell(found: Answer) -> None:
    """Say an answer on the terminal."""
    for head, text in _lines(found):
        show.say(f"{head:<9} {text}", hanging=10)
    show.say("")
    show.say(str(found.flow), hanging=8)
    notes = [*(sentence for row in found.rows for sentence in row.sentences), *found.cohort.notes]
    for note in dict.fromkeys(notes):
        show.say(f"- {note}")
    if found.verdict is not None:
        show.say(f"Verdict: {found.verdict}")


def _lines(found: Answer) -> Iterator[tuple[str, str]]:
    """Yield the four lines, each with its head; an answer has a line for each row."""
    from ..wording import count
    from ..wording.asked import not_shown

    question, first = found.question, found.rows[0]
    yield "Asked:", _asked(found)
    begin, last = found.flow.steps[0], found.flow.steps[-1]
    gone: Counter[str] = Counter()
    for step in found.flow.rows():
        if step["left"]:
            gone[str(step["why"])] += int(step["left"])
    left = f"; left out: {', '.join(gone)}" if gone else "; nobody was left out"
    yield "Patients:", f"{count(last.patients)} of {count(begin.patients)}, {count(last.events)} events{left}."
    for row in found.rows:
        yield "Answer:", _answered(row, several=len(found.rows) > 1)
    if found.verdict is not None:
        yield "", f"{found.verdict.label}."
    yield (
        "Not shown:",
        not_shown(
            question.estimand, design=first.design, supported=found.verdict is not None and found.verdict.seen,
        ),
    )  # fmt: skip


def _asked(found: Answer) -> str:
    from ..wording.asked import model_line
    from ..wording.rows import model_words

    question, row = found.question, found.rows[0]
    end = f"{found.analysis.endpoint.name} ({question.endpoint.code})"
    marker = found.analysis.marker
    by = f" by {found.analysis.rule} ({found.analysis.assay})" if marker else ""
    by += f", {found.analysis.uncut}," if found.analysis.uncut is not None else ""
    what = {
        "prognostic": f"Does {marker}{by} go with {end}",
        "interaction": f"Does the effect of treatment on {end} differ by {marker}{by}",
        "treatment_effect": f"The effect of {row.compared[0]} v {row.compared[1]} on {end}"
        + (f", by {marker}{by}" if marker else ""),
    }[question.estimand]
    who = found.analysis.population
    fitted = model_words(row.model, ties=row.ties, missing=row.missing)
    model = model_line(fitted, row.adjusted_for, row.strata, row.weights, row.cluster)
    return f"{what}; {found.cohort.title}, {who}; {model}."


def _answered(row: EffectEstimate, *, several: bool) -> str:
    from ..wording import count, p_value

    where = f"{row.within}: " if several else ""
    numbers = f"{where}{together(show.estimate_of(row))}"
    told = f", {together(p_value(row.p_value, label=True))}" if row.p_value is not None else ""
    many = f" ({count(row.n)} patients, {count(row.events)} events)" if several else ""
    return f"{numbers}{told}{many}."
