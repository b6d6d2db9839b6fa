"""PTEN: mutated, lost, or little expressed as mRNA or protein."""

from __future__ import annotations

from .marker import Branch, Claim, Marker
from .papers import GRUVBERGER_SAAL, MERMEL, PEREIRA
from .rule import ColumnRule, CopyNumberRule, MutationRule, Rule, median_level

__all__ = ["MARKER", "RULES"]

RULES: tuple[Rule, ...] = (
    MutationRule(
        marker="PTEN", name="mutation", genes=("PTEN",), definition="any non-silent PTEN mutation", reference=PEREIRA
    ),
    CopyNumberRule(
        marker="PTEN", name="cna_loss", genes=("PTEN",), losses=("PTEN",), loss=-1.0, reference=MERMEL,
        definition="any copy-number loss of PTEN (-1 or lower)",
    ),
    CopyNumberRule(
        marker="PTEN", name="cna_deep_loss", genes=("PTEN",), losses=("PTEN",), loss=-2.0, reference=MERMEL,
        definition="homozygous (deep) deletion of PTEN (-2)",
    ),
    median_level("PTEN", "mrna_low", "mrna", ("PTEN",), "PTEN mRNA"),
    ColumnRule(
        marker="PTEN", name="protein_lost", assay="IHC", column="PTEN_pos", altered=("0",), unaltered=("1",),
        definition="PTEN protein lost in the tumour cells", reference=GRUVBERGER_SAAL,
    ),
    median_level("PTEN", "rppa_low", "rppa", ("PTEN",), "PTEN protein"),
)  # fmt: skip
MARKER = Marker(
    name="PTEN", aliases=("MMAC1",), genes={"PTEN": 5728, "INPP4B": 8821},
    altered_means="PTEN mutated, lost or little expressed, as the rule says", rules=RULES,
    claim=Claim(
        marker="PTEN", altered="suppression of PTEN", effect="a notable effect on tamoxifen resistance",
        statement="Suppression of PTEN has a notable effect on tamoxifen resistance.",
    ),
    fetch=("metabric",), columns=r"pten.*", order=6, branch=Branch(name="PI3K", place=3, genes=("PTEN", "INPP4B")),
)  # fmt: skip
