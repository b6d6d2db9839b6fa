"""What a marker is: its names, its genes, the rules that call it, what the examined review claims of it.

Conventions: a marker's name is in capitals (`MTOR`), its label is as a reader writes it (`mTOR`). What the review
claims stands in the review's own terms; what a rule measures (amplification, mutation, loss) stands in the rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..errors import QuestionError
from .rule import Rule

__all__ = ["REVIEW", "Branch", "Claim", "Marker"]

REVIEW = (
    "Mansuri S, Teimourzadeh A, Farahmand L, Majidzadeh K. Analysis of Her2 Dependent Molecular Mechanisms which Cause "
    "Tamoxifen Resistance."
)
"""The review by authors and title; its printed page names neither journal nor year ("articles from 1994 to 2015")."""
_NAME = re.compile(r'[^\s/\\:*?"<>|][^/\\:*?"<>|]*')  # it stands in file names too


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a review says of one marker, in the review's own terms.

    Attributes
    ----------
    marker : str
    altered : str
        The state of the marker that the review speaks of.
    effect : str
        What it says of that state, in a few words.
    statement : str
        The same in one sentence.
    direction : "resistant" | "no_difference_shown"
        Whether the state is said to go with resistance, or no difference to have been shown.
    citation : str
        Authors and title.
    """

    marker: str
    altered: str
    effect: str
    statement: str
    direction: Literal["resistant", "no_difference_shown"] = "resistant"
    citation: str = REVIEW

    def __str__(self) -> str:
        return f"{self.marker}: {self.statement}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A marker's part of the cascade: genes that a screen tests together, and names in its pictures.

    Attributes
    ----------
    name : str
        Markers of one branch share it.
    place : int
        Along the signal, from the receptor on.
    genes : tuple of str
    """

    name: str
    place: int
    genes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One marker, declared once; everything else finds it here.

    Attributes
    ----------
    name : str
        In capitals, as questions, plans and effect rows use it.
    label : str
        As a reader writes it; the name if empty.
    aliases : tuple of str
        Other names that find it, such as `ERBB2` for HER2.
    genes : mapping of symbol to Entrez id
        What `tamoxres fetch` asks for.
    altered_means : str
        What counts as altered, in words that hold for all of its rules.
    rules : tuple of Rule
    default_rule : str
        Used in a cohort that declares no default of its own; none if empty.
    claim : Claim or None
        None where the review says nothing of it.
    evidence_name : str or None
        Its name in the tables of published effects: that of the marker if None, in no table if empty.
    fetch : tuple of str
        Cohorts that `tamoxres fetch` brings, in which it is assayed.
    columns : str
        Pattern of the names that registries give its column (lower case, words joined by `_`); if empty, no column is
        taken for it.
    order : int
        Its place in lists: the review's markers in the review's order, then the others by name.
    branch : Branch or None
        Its part of the review's cascade.

    Raises
    ------
    QuestionError
        If the declaration contradicts itself.
    """

    name: str
    label: str = ""
    aliases: tuple[str, ...] = ()
    genes: Mapping[str, int] = field(default_factory=dict)
    altered_means: str = ""
    rules: tuple[Rule, ...] = ()
    default_rule: str = ""
    claim: Claim | None = None
    evidence_name: str | None = None
    fetch: tuple[str, ...] = ()
    columns: str = ""
    order: int = 1000
    branch: Branch | None = None

    def __post_init__(self) -> None:
        if self.name != self.name.upper() or not _NAME.fullmatch(self.name):
            raise QuestionError(
                f"A marker is named {self.name!r}. Write its name in capitals and digits, such as HER2."
            )
        object.__setattr__(self, "label", self.label or self.name)
        if self.evidence_name is None:
            object.__setattr__(self, "evidence_name", self.name)
        for rule in self.rules:
            if rule.marker != self.name:
                raise QuestionError(f"The rule {rule.name} of {self.name} calls {rule.marker}. Name its own marker.")
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise QuestionError(f"Two rules of {self.name} have one name. Its rules are {', '.join(names)}.")
        if self.default_rule and self.default_rule not in names:
            known = ", ".join(names) or "none"
            raise QuestionError(f"{self.name} has no rule {self.default_rule!r}, its default. Its rules are {known}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that finds it, its own first."""
        return tuple(dict.fromkeys((self.name, self.label, *self.aliases)))

    def __str__(self) -> str:
        others = [name for name in self.names if name != self.label]
        also = f" ({', '.join(others)})" if others else ""
        return f"{self.label}{also}: {self.altered_means or 'altered as its rule says'}"
