"""CASCADE: the pathway is activated where HER2, PIK3CA or AKT is altered or PTEN is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..cohort import ALTERED, NOT_ASSAYED, UNALTERED, Cohort
from . import akt, her2, pik3ca, pten
from .marker import Marker
from .papers import STEMKE_HALE
from .rule import Rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MARKER", "RULES", "CascadeRule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeRule(Rule):
    """One altered member makes the pathway activated; it is not activated only if all members are known unaltered.

    Each member is read by the cohort's default rule, if that rule's cut is published: a median split would call half of
    all tumours activated by construction.
    """

    rules: tuple[Rule, ...]
    members: tuple[str, ...]

    def parts(self, cohort: Cohort) -> dict[str, Rule]:
        """Return each member's rule in this cohort."""
        return {
            rule.marker: rule
            for rule in self.rules
            if rule.marker in self.members
            and cohort.default_rules.get(rule.marker) == rule.name
            and rule.cut == "published"
            and rule.applies(cohort)
        }

    def applies(self, cohort: Cohort) -> bool:
        """Whether every member can be read."""
        return set(self.parts(cohort)) == set(self.members)

    def measured_by(self, cohort: Cohort) -> str:
        """Name each member's assay."""
        parts = self.parts(cohort)
        return "; ".join(f"{marker}: {parts[marker].measured_by(cohort)}" for marker in self.members)

    def defined(self, cohort: Cohort) -> str:
        """Say by which rules the members are read."""
        parts = self.parts(cohort)
        named = ", ".join(f"{marker} {parts[marker].name}" for marker in self.members)
        return f"{self.definition} ({named})"

    def statuses(self, cohort: Cohort) -> pd.Series[Any]:
        """Combine the members' statuses."""
        import pandas as pd

        levels = pd.DataFrame({marker: rule.statuses(cohort) for marker, rule in self.parts(cohort).items()})
        status = pd.Series(None, index=levels.index, dtype=object)
        status = status.mask((levels == NOT_ASSAYED).any(axis=1), NOT_ASSAYED)
        status = status.mask((levels == UNALTERED).all(axis=1), UNALTERED)
        return status.mask((levels == ALTERED).any(axis=1), ALTERED)


RULES: tuple[Rule, ...] = (
    CascadeRule(
        marker="CASCADE",
        name="activated",
        definition="activated where HER2, PIK3CA, AKT or PTEN is altered",
        reference=STEMKE_HALE,
        rules=(*her2.RULES, *pik3ca.RULES, *akt.RULES, *pten.RULES),
        members=("HER2", "PIK3CA", "AKT", "PTEN"),
    ),
)
MARKER = Marker(
    name="CASCADE", altered_means="HER2, PIK3CA, AKT or PTEN altered", rules=RULES,
    evidence_name="", fetch=("metabric",), order=8,
)  # fmt: skip
