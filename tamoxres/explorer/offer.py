"""What a cohort offers to choose from: its markers, rules, endpoints, covariates and strata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..markers.calling import level_rule, markers_table, rules_for
from ..registry import known

if TYPE_CHECKING:
    from ..cohort import Cohort

__all__ = ["Offer", "offer_of"]

_NOT_COVARIATES = ("patient", "entry_months", "sampling_weight", "endocrine", "endocrine_agent", "er")
_RECEPTORS = {"positive": "ER positive", "negative": "ER negative", "any": "any ER"}
_MOST_LEVELS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Choices and how each is shown, the first being the default.

    Attributes
    ----------
    markers, endpoints, covariates, strata, receptors : dict of str to str
    every_rule : dict of str to dict
        By marker: the rules that call it, the default first, each with its assay.
    measured : dict of str to str
        Columns that hold a measured value, and the levels that rules cut.
    levels : dict of str to (str, str)
        Of those the levels, each with its marker and rule.
    """

    markers: dict[str, str]
    every_rule: dict[str, dict[str, str]]
    endpoints: dict[str, str]
    covariates: dict[str, str]
    strata: dict[str, str]
    receptors: dict[str, str]
    levels: dict[str, tuple[str, str]]
    measured: dict[str, str]

    @property
    def rules(self) -> dict[str, str]:
        """The rules of the first marker."""
        return self.every_rule.get(next(iter(self.markers)), {})

    @property
    def estimand(self) -> str:
        """What is asked first."""
        return "interaction" if self.every_rule else "treatment_effect"


def offer_of(cohort: Cohort) -> Offer:
    """Read from a cohort what can be asked of it."""
    timed = {name for one in cohort.endpoints for name in (one.months, one.event)}
    frame = cohort.patients
    covariates = {
        str(name): str(name)
        for name in frame.columns
        if name not in timed and name not in _NOT_COVARIATES and frame[name].nunique() > 1
    }
    levels = {
        f"{rule.marker.lower()}_{rule.name}": (rule.marker, rule.name)
        for name in known(cohort) for rule in rules_for(cohort, name)
        if level_rule(cohort, name, rule.name) is not None and rule.applies(cohort)
    }  # fmt: skip
    numbers = {
        name: name for name in covariates if frame[name].dtype.kind in "fiu" and frame[name].nunique() > _MOST_LEVELS
    }
    table = markers_table(cohort).sort_values("default", ascending=False, kind="stable")
    rules: dict[str, dict[str, str]] = {name: {} for name in cohort.default_rules}
    for row in table.itertuples():
        rules.setdefault(str(row.marker), {})[str(row.rule)] = f"{row.rule} ({row.assay})"
    rules = {name: told for name, told in rules.items() if told}
    return Offer(
        markers={name: name for name in rules} | {"": "none"}, every_rule=rules,
        endpoints={one.code: one.code for one in cohort.endpoints}, covariates=covariates,
        strata={name: name for name in covariates if frame[name].nunique() <= _MOST_LEVELS},
        levels=levels, measured={"": "none"} | numbers | {name: " by ".join(of) for name, of in levels.items()},
        receptors=_RECEPTORS if "er" in frame and frame["er"].notna().any() else {"any": _RECEPTORS["any"]},
    )  # fmt: skip
