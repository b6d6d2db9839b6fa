"""The tools by which a person judges risk of bias: their domains, the levels allowed, and the rule for the whole.

Conventions: levels go from the best to the worst; `no information` (ROBINS-I) stands aside. A judgement that is not
made is empty, and is shown as not assessed. QUIPS gives no rule for the whole: Grooten's is taken (low: no domain high
and one moderate at most; high: a domain high, or three moderate; else moderate). ROBINS-I: as bad as the worst domain,
`no information` where none is serious or critical and one tells nothing. ROB-ME judges a synthesis, not a study: its
own algorithm runs over signalling questions and stays with the author; without the author's whole the worse part
stands.

References
----------
Hayden JA et al. 2013, doi:10.7326/0003-4819-158-4-201302190-00009 (QUIPS). Grooten WJA et al. 2019,
doi:10.1186/s41512-019-0050-0 (its whole). Sterne JA et al. 2016, doi:10.1136/bmj.i4919 (ROBINS-I). Page MJ et al. 2023,
doi:10.1136/bmj-2023-076754 (ROB-ME).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..vocabulary import choose

__all__ = ["NO_INFORMATION", "TOOLS", "BiasTool", "bias_tool"]

NO_INFORMATION = "no information"


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasTool:
    """A tool.

    Attributes
    ----------
    name : str
    of : str
        What is judged: `study`, or `synthesis`.
    domains : mapping of str to str
        From the key that a file uses to the domain's name.
    levels : tuple of str
        From the best to the worst.
    aside : tuple of str
        Levels that have no place in that order.
    rule : str
        How the whole follows where the author does not give it, in a sentence.
    whole : callable
        From the judgements of all domains (none empty) to the whole.
    reference : str
    """

    name: str
    of: str
    domains: Mapping[str, str]
    levels: tuple[str, ...]
    aside: tuple[str, ...] = ()
    rule: str
    whole: Callable[[Sequence[str]], str]
    reference: str

    @property
    def allowed(self) -> tuple[str, ...]:
        """Every level that may be judged."""
        return (*self.levels, *self.aside)


def _quips(judged: Sequence[str]) -> str:
    moderate = sum(level == "moderate" for level in judged)
    if "high" in judged or moderate >= 3:
        return "high"
    return "low" if moderate <= 1 else "moderate"


def _robins_i(judged: Sequence[str]) -> str:
    worst = max((level for level in judged if level != NO_INFORMATION), key=_ROBINS.index, default=NO_INFORMATION)
    return NO_INFORMATION if NO_INFORMATION in judged and worst in _ROBINS[:2] else worst


def _rob_me(judged: Sequence[str]) -> str:
    return max(judged, key=_ROB_ME.index)


_ROBINS, _ROB_ME = ("low", "moderate", "serious", "critical"), ("low", "some concerns", "high")
TOOLS = {
    "QUIPS": BiasTool(
        name="QUIPS", of="study", levels=("low", "moderate", "high"), whole=_quips,
        domains={
            "participation": "Study participation", "attrition": "Study attrition",
            "factor": "Prognostic factor measurement", "outcome": "Outcome measurement",
            "confounding": "Study confounding", "analysis": "Statistical analysis and reporting",
        },
        rule="Overall (Grooten 2019; QUIPS has no rule of its own): high where a domain is high or three are moderate, "
        "low where one domain at most is moderate, else moderate.",
        reference="Hayden 2013, doi:10.7326/0003-4819-158-4-201302190-00009",
    ),
    "ROBINS-I": BiasTool(
        name="ROBINS-I", of="study", levels=_ROBINS, aside=(NO_INFORMATION,), whole=_robins_i,
        domains={
            "confounding": "Confounding", "selection": "Selection of participants",
            "classification": "Classification of interventions", "deviations": "Deviations from intended interventions",
            "missing": "Missing data", "outcome": "Measurement of outcomes",
            "reporting": "Selection of the reported result",
        },
        rule="Overall: as bad as the worst domain; no information where none is serious or critical and one tells "
        "nothing.",
        reference="Sterne 2016, doi:10.1136/bmj.i4919",
    ),
    "ROB-ME": BiasTool(
        name="ROB-ME", of="synthesis", levels=_ROB_ME, whole=_rob_me,
        domains={"results": "Results missing from studies known", "studies": "Studies missing"},
        rule="Overall: the author's, by ROB-ME's signalling questions; where it is not given, the worse of the two "
        "parts.",
        reference="Page 2023, doi:10.1136/bmj-2023-076754",
    ),
}  # fmt: skip


def bias_tool(name: str) -> BiasTool:
    """Find a tool by its name, in capitals or not.

    Raises
    ------
    UnknownChoice
        If there is none.
    """
    known = {one.casefold(): one for one in TOOLS}
    return TOOLS[choose("tool", known.get(name.casefold(), name), TOOLS)]
