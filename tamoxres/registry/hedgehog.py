"""Hedgehog (GLI1-3, SMO, PTCH1, SUFU): its read-out highly expressed, or its members mutated, gained or lost."""

from __future__ import annotations

from .marker import Branch, Claim, Marker
from .papers import RAMASWAMY
from .rule import CopyNumberRule, LevelRule, MutationRule, Rule

__all__ = ["MARKER", "RULES"]

_GENES = ("GLI1", "GLI2", "GLI3", "SMO", "PTCH1", "SUFU")
RULES: tuple[Rule, ...] = (
    LevelRule(
        marker="HH",
        name="mrna_high",
        definition="mRNA of GLI1, the pathway's transcriptional read-out, above the median",
        reference=RAMASWAMY,
        kind="mrna",
        genes=("GLI1",),
        cut="median",
    ),
    MutationRule(
        marker="HH",
        name="mutation",
        definition="any non-silent mutation of GLI1, GLI2, GLI3, SMO, PTCH1 or SUFU",
        reference=RAMASWAMY,
        genes=_GENES,
    ),
    CopyNumberRule(
        marker="HH",
        name="cna",
        definition="high-level gain (+2) of GLI1-3 or SMO, or deep deletion (-2) of PTCH1 or SUFU",
        reference=RAMASWAMY,
        genes=_GENES,
        losses=("PTCH1", "SUFU"),
    ),
)
MARKER = Marker(
    name="HH", label="Hedgehog", aliases=("HEDGEHOG SIGNALLING", "HEDGEHOG SIGNALING"),
    genes={"GLI1": 2735, "GLI2": 2736, "GLI3": 2737, "SMO": 6608, "PTCH1": 5727, "SHH": 6469, "SUFU": 51684},
    altered_means="the Hedgehog pathway's read-out highly expressed, or its members mutated, gained or lost, as the "
    "rule says",
    rules=RULES,
    claim=Claim(
        marker="HH", altered="activation of Hedgehog (Hh)", effect="a notable effect on tamoxifen resistance",
        statement="Activation of the Hh protein family, a component of the HER2 growth-signalling cascade, has a "
        "notable effect on tamoxifen resistance.",
    ),
    fetch=("metabric",), columns=r"(gli[123]|smo|ptch).*", order=5,
    branch=Branch(name="Hedgehog", place=7, genes=("SHH", "PTCH1", "SMO", "SUFU", "GLI1", "GLI2", "GLI3")),
)  # fmt: skip
