"""HER2 (ERBB2): four different HER2s, each labelled by its assay; HER2 is never inferred from a subtype silently."""

from __future__ import annotations

from .rule import Rule

__all__ = ["RULES"]

_THREE_GENE = ("ER+/HER2- High Prolif", "ER+/HER2- Low Prolif", "ER-/HER2-")
RULES = (
    Rule(
        marker="HER2",
        name="snp6_gain",
        assay="SNP6 copy number",
        definition="copy-number gain of ERBB2 (GAIN) against NEUTRAL or LOSS; UNDEF is unknown. Not clinical HER2 positivity",
        reference="Curtis 2012, doi:10.1038/nature10983",
        column="HER2_SNP6",
        altered=("GAIN",),
        unaltered=("NEUTRAL", "LOSS"),
        unknown=("UNDEF",),
    ),
    Rule(
        marker="HER2",
        name="three_gene",
        assay="mRNA array (ESR1, ERBB2, AURKA)",
        definition="3-gene classifier HER2+ against its other classes",
        reference="Haibe-Kains 2012, doi:10.1093/jnci/djr545",
        column="THREEGENE",
        altered=("HER2+",),
        unaltered=_THREE_GENE,
    ),
    Rule(
        marker="HER2",
        name="intclust5",
        assay="SNP6 copy number and mRNA array (IntClust)",
        definition="integrative cluster 5 (ERBB2-amplified) against the other clusters",
        reference="Curtis 2012, doi:10.1038/nature10983",
        column="INTCLUST",
        altered=("5",),
        unaltered=("1", "2", "3", "4ER+", "4ER-", "6", "7", "8", "9", "10"),
    ),
)
