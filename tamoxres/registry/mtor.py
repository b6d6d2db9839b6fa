"""mTOR: highly expressed, phosphorylated, or its targets S6 kinase and S6 phosphorylated."""

from __future__ import annotations

from .marker import Branch, Claim, Marker
from .rule import Rule, median_level

__all__ = ["MARKER", "RULES"]

RULES: tuple[Rule, ...] = (
    median_level("MTOR", "mrna_high", "mrna", ("MTOR", "FRAP1"), "MTOR mRNA"),
    median_level("MTOR", "rppa_ps2448", "rppa", ("MTOR_pS2448",), "mTOR phosphorylated at S2448"),
    median_level(
        "MTOR", "rppa_ps6k", "rppa", ("P70S6K_pT389",), "S6 kinase (p70) phosphorylated at T389, downstream of mTOR"
    ),
    median_level("MTOR", "rppa_ps6", "rppa", ("S6_pS235S236",), "S6 phosphorylated at S235/S236, downstream of mTOR"),
)
MARKER = Marker(
    name="MTOR", label="mTOR", aliases=("FRAP1",),
    genes={"MTOR": 2475, "RPTOR": 57521, "RICTOR": 253260, "RPS6": 6194, "RPS6KB1": 6198, "EIF4EBP1": 1978},
    altered_means="mTOR highly expressed, or mTOR or its targets phosphorylated, as the rule says", rules=RULES,
    claim=Claim(
        marker="MTOR", altered="activation of mTOR", effect="a notable effect on tamoxifen resistance",
        statement="Activation of mTOR, a component of the HER2 growth-signalling cascade, has a notable effect on "
        "tamoxifen resistance.",
    ),
    fetch=("metabric",), columns=r"p?mtor.*", order=3,
    branch=Branch(name="mTOR", place=5, genes=(
        "MTOR", "RPTOR", "RICTOR", "MLST8", "RHEB", "TSC1", "TSC2", "RPS6", "RPS6KB1", "RPS6KB2", "EIF4EBP1",
    )),
)  # fmt: skip
