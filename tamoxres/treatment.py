"""What is compared with what: the treatments of a question, and what a cohort's file says of who had them.

Conventions: `endocrine`, `tamoxifen`, `aromatase_inhibitor` and `none` are read off the codebook's columns `endocrine`
and `endocrine_agent`; any other name is a level of the column `arm`, or a yes/no column of that name. Tamoxifen that an
aromatase inhibitor followed (`sequence`) counts as tamoxifen, except against an aromatase inhibitor: there as neither.
Who is not known to have had a treatment is unknown, never untreated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import QuestionError
from .vocabulary import choose
from .wording.codes import treatment_words
from .wording.rows import contrast_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ANY", "TREATED", "UNTREATED", "Treatment", "assign", "plain_name", "recorded"]

UNTREATED, TREATED = "untreated", "treated"
ANY = "any"
_ALIASES = {"ai": "aromatase_inhibitor", "aromatase inhibitor": "aromatase_inhibitor", "tam": "tamoxifen"}
_BUILT_IN = ("endocrine", "tamoxifen", "aromatase_inhibitor", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """The treatment that patients had, or the two that are compared.

    Attributes
    ----------
    name : str
        Such as `endocrine`, `tamoxifen` or `5-FU`; empty where no treatment is recorded.
    against : str
        What it is compared with, such as `none`; empty where all patients had `name`.
    drug_named : bool
        Whether the drug behind `endocrine` is known.
    """

    name: str = ""
    against: str = ""
    drug_named: bool = True

    @property
    def compares(self) -> bool:
        """Whether two treatments are compared."""
        return bool(self.against)

    @property
    def contrast(self) -> str:
        """What is compared, in words: `tamoxifen v none`."""
        return contrast_words(self.name, self.against)

    def words(self, level: str) -> str:
        """Write a level of the column `treatment` (`treated`, `untreated`) for a reader."""
        usual = self.against == "none" and self.name in ("endocrine", "tamoxifen", "")
        if usual or not self.compares:
            return level
        return treatment_words(self.name if level == TREATED else self.against)

    def fields(self, estimand: str) -> dict[str, Any]:
        """Return what an effect row of an estimand says of treatment."""
        if estimand in ("treatment_effect", "interaction"):
            return {"treatment_1": self.name, "treatment_0": self.against, "treated_alike": ""}
        if self.compares:
            drugs = {"treatment_1": "", "treatment_0": ""}
            if self.against != "none":
                drugs = {"treatment_1": self.name, "treatment_0": self.against}
            return {**drugs, "treated_alike": "no"}
        return {"treatment_1": self.name, "treatment_0": "", "treated_alike": "yes" if self.name else ""}


def plain_name(name: str) -> str:
    """Return the name under which a treatment is known: `aromatase_inhibitor` for `AI`.

    Examples
    --------
    >>> plain_name("AI"), plain_name("5-FU")
    ('aromatase_inhibitor', '5-FU')
    """
    folded = name.strip().casefold()
    return _ALIASES.get(folded, folded if folded in (*_BUILT_IN, ANY) else name.strip())


def recorded(patients: pd.DataFrame) -> tuple[str, ...]:
    """Return the treatments that a cohort's columns can tell, by name."""
    names = []
    if "endocrine" in patients and patients["endocrine"].notna().any():
        names += ["endocrine", "none"]
    if "endocrine_agent" in patients:
        agents = set(patients["endocrine_agent"].dropna())
        names += [agent for agent in ("tamoxifen", "aromatase_inhibitor") if agent in agents]
    if "arm" in patients:
        names += sorted(map(str, patients["arm"].dropna().unique()))
    return tuple(dict.fromkeys([*names, *_flag_columns(patients)]))


def _flag_columns(patients: pd.DataFrame) -> list[str]:
    return [
        str(name)
        for name in patients
        if name != "endocrine" and patients[name].dtype.kind == "O" and set(patients[name].dropna()) <= {"yes", "no"}
        and patients[name].notna().any()
    ]  # fmt: skip


def _had(patients: pd.DataFrame, name: str, against: str) -> pd.Series[Any]:
    """Tell for each patient whether the treatment was had: True or False, False where it is not known."""
    if name in ("endocrine", "none"):
        return patients["endocrine"] == ("yes" if name == "endocrine" else "no")
    if name in ("tamoxifen", "aromatase_inhibitor"):
        kinds = {"tamoxifen": ("tamoxifen",) if against == "aromatase_inhibitor" else ("tamoxifen", "sequence")}
        return patients["endocrine_agent"].isin(kinds.get(name, (name,)))
    if "arm" in patients and (patients["arm"] == name).any():
        return patients["arm"] == name
    return patients[name] == "yes"


def _without(patients: pd.DataFrame, name: str, against: str) -> pd.Series[Any]:
    """Tell for each patient whether the treatment compared with was had; `none` of a yes/no column is its no."""
    if against == "none" and name in _flag_columns(patients) and not _in_arms(patients, "none"):
        return patients[name] == "no"
    if against == "none" and _in_arms(patients, "none"):
        return patients["arm"] == "none"
    return _had(patients, against, name)


def _in_arms(patients: pd.DataFrame, name: str) -> bool:
    return "arm" in patients and bool((patients["arm"] == name).any())


def assign(patients: pd.DataFrame, name: str, against: str, *, cohort: str) -> pd.Series[Any]:
    """Say for each patient whether they are treated, untreated, or neither (NA).

    Parameters
    ----------
    patients : DataFrame
    name, against : str
        As `plain_name` gives them; `against` may be empty.
    cohort : str
        For the error.

    Raises
    ------
    UnknownChoice
        If the cohort's columns cannot tell one of them.
    QuestionError
        If both are the same, or a patient had both.
    """
    import pandas as pd

    known = recorded(patients)
    if not known:
        raise QuestionError(f"{cohort} records no treatment. Ask with treatment='any' (--treatment any).")
    choose(f"treatment of {cohort}", name, known)
    status = pd.Series(None, index=patients.index, dtype=object)
    if against:
        allowed = (*known, "none") if name in _flag_columns(patients) else known
        choose(f"treatment of {cohort} to compare with", against, allowed)
        if name == against:
            raise QuestionError(f"{name!r} is compared with itself. Name another treatment to compare with.")
        untreated = _without(patients, name, against).fillna(False).astype(bool)
        status = status.mask(untreated, UNTREATED)
    treated = _had(patients, name, against).fillna(False).astype(bool)
    if against and (treated & untreated).any():
        both = int((treated & untreated).sum())
        raise QuestionError(
            f"{cohort}: {both:,} patients had {name} and {against} both; a comparison needs two groups."
        )
    return status.mask(treated, TREATED)
