"""HER2 (ERBB2): eight different HER2s, each labelled by its assay; never inferred from a subtype silently."""

from __future__ import annotations

from .marker import Branch, Claim, Marker
from .papers import CURTIS, PORTAL, TCPA
from .rule import ColumnRule, LevelRule, Rule, StatusRule

__all__ = ["MARKER", "RULES"]

_THREE_GENE = ("ER+/HER2- High Prolif", "ER+/HER2- Low Prolif", "ER-/HER2-")
RULES: tuple[Rule, ...] = (
    ColumnRule(
        marker="HER2",
        name="snp6_gain",
        assay="SNP6 copy number",
        definition=(
            "copy-number gain of ERBB2 (GAIN) against NEUTRAL or LOSS; UNDEF is unknown. Not clinical HER2 positivity"
        ),
        reference=CURTIS,
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
        reference=CURTIS,
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
        reference=PORTAL,
        kind="mrna",
        genes=("ERBB2",),
        threshold=2.0,
    ),
    LevelRule(
        marker="HER2",
        name="rppa_total",
        definition="HER2 protein two standard deviations or more above the mean",
        reference=f"{PORTAL}; {TCPA}",
        kind="rppa",
        genes=("HER2",),
        threshold=2.0,
    ),
    LevelRule(
        marker="HER2",
        name="rppa_py1248",
        definition="HER2 phosphorylated at Y1248 two standard deviations or more above the mean",
        reference=f"{PORTAL}; {TCPA}",
        kind="rppa",
        genes=("HER2_pY1248",),
        threshold=2.0,
    ),
)
MARKER = Marker(
    name="HER2", aliases=("ERBB2", "NEU", "C-ERBB-2", "HER2/NEU"), genes={"ERBB2": 2064},
    altered_means="HER2 positive, gained, highly expressed or phosphorylated, as the rule says", rules=RULES,
    claim=Claim(
        marker="HER2", altered="over-expression and over-activation of the receptor HER2",
        effect="tamoxifen resistance",
        statement="Over-expression and over-activation of the receptor HER2 go with tamoxifen resistance: "
        "over-activity of its growth-signalling cascade results in cell proliferation even in the presence of "
        "tamoxifen.",
    ),
    fetch=("metabric",), columns=r"(her_?2|erbb_?2).*", order=1,
    branch=Branch(name="HER2", place=1, genes=("ERBB2", "ERBB3", "EGFR", "GRB7")),
)  # fmt: skip
