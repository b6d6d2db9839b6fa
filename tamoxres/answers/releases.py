"""What moved between two releases of a cohort: patients, values, events, and the hazard ratios that follow from them.

Conventions: the default questions are put to both releases: each marker's prognostic hazard ratio, on each endpoint,
in ER-positive patients with endocrine therapy, by the rule that is the default in both; where a cohort has no marker,
the effect of treatment in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ..cohort import Cohort
from ..cohorts.compare import raw_changes
from ..cohorts.snapshot import Difference
from ..cohorts.snapshot import diff as harmonised_changes
from ..errors import QuestionError, TamoxresError
from ..files.frames import holds_frames
from ..question import Question
from ..wording import ratio_with_interval
from .answer import ask

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Releases", "diff"]

_NUMBERS = ("n", "events", "estimate", "ci_low", "ci_high")


@holds_frames("columns", "effects")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Releases:
    """Two releases of a cohort, compared.

    Attributes
    ----------
    moved : Difference
        Patients, harmonised values, events and times.
    columns : DataFrame
        The publisher's columns that changed: column, changed, became_known, became_unknown (patients), factor (new /
        old, where one number tells it all: a change of unit).
    effects : DataFrame
        marker, rule, endpoint, estimand; n, events, estimate, ci_low, ci_high of the old and of the new release;
        `note` says why a question has no answer.
    """

    moved: Difference
    columns: pd.DataFrame
    effects: pd.DataFrame

    def __str__(self) -> str:
        lines = [str(self.moved)]
        for row in self.columns.to_dict("records"):
            unit = f", all by the factor {row['factor']:.4f}" if row["factor"] == row["factor"] else ""
            counts = (("changed", row["changed"]), ("became known", row["became_known"]),
                      ("became unknown", row["became_unknown"]))  # fmt: skip
            lines.append(f"{row['column']}: " + ", ".join(f"{n:,} {what}" for what, n in counts if n) + unit)
        for row in self.effects[self.effects["note"] == ""].to_dict("records"):
            asked = f"{row['marker'] or 'treatment'} on {row['endpoint']} ({row['estimand'].replace('_', ' ')})"
            lines.append(f"{asked}: HR {_written(row, 'old')} -> {_written(row, 'new')}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        tables = (self.columns.to_html(index=False), self.effects.to_html(index=False))
        return f"<pre>{escape(str(self.moved))}</pre>{''.join(tables)}"


def _written(row: dict[Any, Any], which: str) -> str:
    return ratio_with_interval(*(row[f"{name}_{which}"] for name in ("estimate", "ci_low", "ci_high")))


def diff(old: Cohort, new: Cohort, *, questions: Sequence[Question] | None = None) -> Releases:
    """Say what moved between two releases of a cohort: patients, values, events and hazard ratios.

    Parameters
    ----------
    old, new : Cohort
        Such as one cohort loaded from two data folders.
    questions : sequence of Question, optional
        Put to both; the default questions if not given.

    Returns
    -------
    Releases

    Raises
    ------
    QuestionError
        If they have no patient in common.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.load("gbsg")
    >>> print(diff(gbsg, gbsg, questions=[]).moved.nothing)
    True
    """
    import pandas as pd

    if not old.patients.index.isin(new.patients.index).any():
        raise QuestionError(
            f"{old.name} and {new.name} have no patient in common. diff compares two releases of one cohort, whose "
            "patients keep their identifiers."
        )
    asked = _default_questions(old, new) if questions is None else questions
    rows = [_both(old, new, question) for question in asked]
    numbers = [f"{name}_{which}" for which in ("old", "new") for name in _NUMBERS]
    effects = pd.DataFrame(rows, columns=["marker", "rule", "endpoint", "estimand", *numbers, "note"])
    return Releases(moved=harmonised_changes(old, new), columns=raw_changes(old, new), effects=effects)


def _default_questions(old: Cohort, new: Cohort) -> Iterator[Question]:
    er: Any = "positive" if all("er" in cohort.patients for cohort in (old, new)) else "any"
    rules = [marker for marker, rule in old.default_rules.items() if new.default_rules.get(marker) == rule]
    for end in old.endpoints:
        if end not in new.endpoints:
            continue
        for marker in rules:
            yield Question(marker=marker, rule=old.default_rules[marker], endpoint=end, er=er)
        if not rules:
            yield Question(endpoint=end, estimand="treatment_effect", er="any")


def _both(old: Cohort, new: Cohort, question: Question) -> dict[str, Any]:
    row: dict[str, Any] = {
        "marker": question.marker or "", "rule": question.rule or "", "endpoint": question.endpoint.code,
        "estimand": question.estimand, "note": "",
    }  # fmt: skip
    for which, cohort in (("old", old), ("new", new)):
        try:
            effect = ask(cohort, question)[0]
        except TamoxresError as error:
            return row | {"note": f"{which}: {error}"}
        if effect.status != "estimated":
            return row | {"note": f"{which}: {effect.status.replace('_', ' ')}"}
        told = (effect.n, effect.events, effect.estimate, *effect.ci())
        row |= {f"{name}_{which}": value for name, value in zip(_NUMBERS, told, strict=True)}
    return row
