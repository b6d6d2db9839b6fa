"""HER2 (ERBB2): eight different HER2s, each labelled by its assay; never inferred from a subtype silently."""

from __future__ import annotations

from .rule import ColumnRule, LevelRule, Rule, StatusRule

__all__ = ["RULES"]

_CURTIS = "Curtis 2012, doi:10.1038/nature10983"
_PORTAL = "Cerami 2012, doi:10.1158/2159-8290.CD-12-0095 (z-score threshold of cBioPortal)"
_TCPA = "Li 2013, doi:10.1038/nmeth.2650"
_THREE_GENE = ("ER+/HER2- High Prolif", "ER+/HER2- Low Prolif", "ER-/HER2-")
RULES: tuple[Rule, ...] = (
    ColumnRule(
        marker="HER2",
        name="snp6_gain",
        assay="SNP6 copy number",
        definition=(
            "copy-number gain of ERBB2 (GAIN) against NEUTRAL or LOSS; UNDEF is unknown. Not clinical HER2 positivity"
        ),
        reference=_CURTIS,
        column="HER2_SNP6",
        altered=("GAIN",),
        unaltered=("NEUTRAL", "LOSS"),
        unknown=("UNDEF",),
    ),
    ColumnRule(
        marker="HER2",
        name="three_gene",
        assay="mRNA array (ESR1, ERBB2, AURKA)",
        definition="3-gene classifier HER2+ against its other classes",
        reference="Haibe-Kains 2012, doi:10.1093/jnci/djr545",
        column="THREEGENE",
        altered=("HER2+",),
        unaltered=_THREE_GENE,
    ),
    ColumnRule(
        marker="HER2",
        name="intclust5",
        assay="SNP6 copy number and mRNA array (IntClust)",
        definition="integrative cluster 5 (ERBB2-amplified) against the other clusters",
        reference=_CURTIS,
        column="INTCLUST",
        altered=("5",),
        unaltered=("1", "2", "3", "4ER+", "4ER-", "6", "7", "8", "9", "10"),
    ),
    StatusRule(
        marker="HER2",
        name="ihc_ish",
        definition="HER2 positive by immunohistochemistry or in-situ hybridisation; 2+ alone is unknown",
        reference="Wolff 2018, doi:10.1200/JCO.2018.77.8738",
        column="her2",
        by_ihc=True,
    ),
    StatusRule(
        marker="HER2",
        name="her2_status",
        definition="HER2 positive against negative, as the study reports it without naming the assay by patient",
        reference="the study's own report",
        column="her2",
        by_ihc=False,
    ),
    LevelRule(
        marker="HER2",
        name="erbb2_mrna",
        definition="ERBB2 mRNA two standard deviations or more above the mean",
        reference=_PORTAL,
        kind="mrna",
        genes=("ERBB2",),
        threshold=2.0,
    ),
    LevelRule(
        marker="HER2",
        name="rppa_total",
        definition="HER2 protein two standard deviations or more above the mean",
        reference=f"{_PORTAL}; {_TCPA}",
        kind="rppa",
        genes=("HER2",),
        threshold=2.0,
    ),
    LevelRule(
        marker="HER2",
        name="rppa_py1248",
        definition="HER2 phosphorylated at Y1248 two standard deviations or more above the mean",
        reference=f"{_PORTAL}; {_TCPA}",
        kind="rppa",
        genes=("HER2_pY1248",),
        threshold=2.0,
    ),
)
