"""AKT (AKT1-3): mutated, gained, highly expressed, or phosphorylated at S473 or T308."""

from __future__ import annotations

from .marker import Branch, Claim, Marker
from .papers import CARPTEN, MERMEL, PEREIRA
from .rule import CopyNumberRule, MutationRule, Rule, median_level

__all__ = ["MARKER", "RULES"]

RULES: tuple[Rule, ...] = (
    MutationRule(
        marker="AKT", name="mutation", genes=("AKT1",), definition="any non-silent AKT1 mutation", reference=PEREIRA
    ),
    MutationRule(
        marker="AKT", name="e17k", genes=("AKT1",), pattern=r"^p\.E17K$", definition="AKT1 E17K", reference=CARPTEN
    ),
    CopyNumberRule(
        marker="AKT", name="cna_gain", genes=("AKT1", "AKT2", "AKT3"), reference=MERMEL,
        definition="high-level gain (+2) of AKT1, AKT2 or AKT3",
    ),
    median_level("AKT", "mrna_high", "mrna", ("AKT1",), "AKT1 mRNA"),
    median_level("AKT", "rppa_ps473", "rppa", ("AKT_pS473",), "AKT phosphorylated at S473"),
    median_level("AKT", "rppa_pt308", "rppa", ("AKT_pT308",), "AKT phosphorylated at T308"),
)  # fmt: skip
MARKER = Marker(
    name="AKT", aliases=("AKT1", "PKB"), genes={"AKT1": 207, "AKT2": 208, "AKT3": 10000},
    altered_means="AKT mutated, gained, highly expressed or phosphorylated, as the rule says", rules=RULES,
    claim=Claim(
        marker="AKT", altered="activation of AKT", effect="a notable effect on tamoxifen resistance",
        statement="Activation of AKT, a component of the HER2 growth-signalling cascade, has a notable effect on "
        "tamoxifen resistance.",
    ),
    fetch=("metabric",), columns=r"p?akt.*", order=2,
    branch=Branch(name="AKT", place=4, genes=("AKT1", "AKT2", "AKT3", "AKT1S1")),
)  # fmt: skip
