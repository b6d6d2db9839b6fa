"""What a person chose in the explorer, and the same as Python, as a command and as an entry of a plan.

Conventions: choices name a cohort as `load` takes it and hold a `Question`; every way of writing them asks the same.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..question import Question

__all__ = ["Choices", "call_of", "command_of"]

_LISTS = ("where", "adjust", "strata")
_DEFAULTS = {one.name: one.default for one in fields(Question)}
_DEFAULTS |= dict.fromkeys(_LISTS, ())
_NOT_PLANNED = ("horizon", "missing", "exposure", "weights", "ties", "cluster")
_OF_MARKERS = ("treatment", "against", "landmark", "strata")
_ASKED = tuple(name for name in _DEFAULTS if name not in ("endpoint", "marker", "estimand"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """A cohort and what is asked of it.

    Attributes
    ----------
    cohort : str
        A catalogue name, or the name of a file with `mapping`.
    mapping : str
        Name of the mapping's file; empty for a cohort of the catalogue.
    asked : mapping
        Fields of `Question` that differ from its defaults, the endpoint always.

    Examples
    --------
    >>> choices = Choices(cohort="gbsg", asked={"endpoint": "RFS", "estimand": "treatment_effect", "er": "any"})
    >>> choices.command()
    'tamoxres effect gbsg --endpoint RFS --estimand treatment_effect --er any'
    """

    cohort: str
    mapping: str = ""
    asked: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, cohort: str, question: Question, *, mapping: str = "") -> Choices:
        """Take from a question what differs from the defaults."""
        plain = Question(endpoint=question.endpoint, marker=question.marker, estimand=question.estimand)
        changed = {name: getattr(question, name) for name in _ASKED if getattr(question, name) != getattr(plain, name)}
        named = {name: getattr(question, name) for name in ("marker", "estimand")}
        changed |= {name: value for name, value in named.items() if value != _DEFAULTS[name]}
        return cls(cohort=cohort, mapping=mapping, asked={"endpoint": question.endpoint.code} | changed)

    @property
    def imputed(self) -> bool:
        """Whether missing covariates are imputed, which takes long."""
        return self.asked.get("missing") == "mice"

    def complete(self) -> Choices:
        """Return the same of the complete cases."""
        return replace(self, asked={name: value for name, value in self.asked.items() if name != "missing"})

    def question(self, **changed: Any) -> Question:
        """Return the question, with fields changed."""
        return Question(**(self.asked | changed))

    def python(self) -> str:
        """Write the question as two lines of Python that print its answer."""
        asked = call_of("Question", "", **self.asked)
        return f"import tamoxres as tr\n\n{self.loading()}\nprint(tr.ask(cohort, {asked}))\n"

    def loading(self) -> str:
        """Write the line of Python that loads the cohort."""
        mapping = f", mapping={self.mapping!r}" if self.mapping else ""
        return f"cohort = tr.load({self.cohort!r}{mapping})"

    def command(self) -> str:
        """Write the question as a command."""
        return command_of(["effect", self.cohort], self.mapping, self.asked)

    def plan(self) -> str:
        """Write the question as an entry of a plan that a report is made from; what was explored is not planned.

        What an entry cannot hold is left out, and a comment names it.
        """
        asked = self.asked
        values: dict[str, Any] = {"cohort": self.cohort}
        adjust = list(asked.get("adjust", ()))
        if "marker" in asked:
            values |= {"markers": [asked["marker"]], "endpoints": [asked["endpoint"]], "role": "exploratory"}
            values |= {"rules": [asked["rule"]]} if "rule" in asked else {}
            values |= dict.fromkeys(("adjust_prognostic", "adjust_interaction"), adjust) if adjust else {}
            names: tuple[str, ...] = ("er", "where", "strata", "treatment", "against", "landmark")
        else:
            values |= {
                "endpoint": asked["endpoint"],
                "label": str(self.question()),
                "meaning": "Explored, not planned.",
            }
            values |= {"adjust": adjust} if adjust else {}
            names = ("er", "where", "strata")
        values |= {name: asked[name] for name in names if name in asked}
        values |= {} if "marker" in asked else {"er": asked.get("er", "positive")}
        head = "[[markers]]" if "marker" in asked else "[[benchmarks]]"
        left = [name for name in asked if name in _NOT_PLANNED or (name not in names and name in _OF_MARKERS)]
        note = [f"# not in a plan: {', '.join(f'{name} {_word(asked[name])}' for name in left)}"] if left else []
        return "\n".join([head, *note, *(f"{name} = {_toml(value)}" for name, value in values.items())]) + "\n"


def call_of(name: str, first: str, **values: Any) -> str:
    """Write a call of a public function of tamoxres; `first` are the positional arguments as they stand."""
    told = [*([first] if first else []), *(f"{key}={value!r}" for key, value in values.items())]
    return f"tr.{name}({', '.join(told)})"


def command_of(words: list[str], mapping: str, options: dict[str, Any]) -> str:
    """Write a command: its words, the mapping's file where there is one, its options."""
    words = ["tamoxres", *words, *(["--mapping", mapping] if mapping else [])]
    for name, value in options.items():
        if name == "where":
            words += [part for text in value for part in ("--where", text)]
        else:
            words += [f"--{name}", _word(value)]
    return shlex.join(words)


def _toml(value: Any) -> str:
    """Write a value as TOML; months are whole numbers in a plan."""
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _word(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
