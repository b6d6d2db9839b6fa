"""SRC: highly expressed, or phosphorylated at Y416."""

from __future__ import annotations

from .marker import Branch, Claim, Marker
from .rule import LevelRule, Rule

__all__ = ["MARKER", "RULES"]

RULES: tuple[Rule, ...] = (
    LevelRule(
        marker="SRC",
        name="mrna_high",
        definition="SRC mRNA above the median",
        reference="Larsen 2015, doi:10.1371/journal.pone.0118346",
        kind="mrna",
        genes=("SRC",),
        cut="median",
    ),
    LevelRule(
        marker="SRC",
        name="rppa_py416",
        definition="SRC phosphorylated at Y416 above the median",
        reference="Li 2013, doi:10.1038/nmeth.2650",
        kind="rppa",
        genes=("SRC_pY416",),
        cut="median",
    ),
)
MARKER = Marker(
    name="SRC", aliases=("C-SRC",), genes={"SRC": 6714},
    altered_means="SRC highly expressed or phosphorylated, as the rule says", rules=RULES,
    claim=Claim(
        marker="SRC", altered="activation of SRC", effect="a notable effect on tamoxifen resistance",
        statement="Activation of SRC, a component of the HER2 growth-signalling cascade, has a notable effect on "
        "tamoxifen resistance.",
    ),
    fetch=("metabric",), columns=r"src.*", order=4,
    branch=Branch(name="SRC", place=6, genes=("SRC", "CSK", "YES1", "FYN", "PTK2")),
)  # fmt: skip
