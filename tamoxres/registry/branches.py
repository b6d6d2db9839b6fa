"""SRC and Hedgehog (GLI1-3, SMO, PTCH1, SUFU): the branches of the cascade beside PI3K."""

from __future__ import annotations

from .rule import CopyNumberRule, LevelRule, MutationRule, Rule

__all__ = ["HH_RULES", "SRC_RULES"]

_HEDGEHOG = ("GLI1", "GLI2", "GLI3", "SMO", "PTCH1", "SUFU")
_RAMASWAMY = "Ramaswamy 2012, Cancer Res 72:5048"
SRC_RULES: tuple[Rule, ...] = (
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
HH_RULES: tuple[Rule, ...] = (
    LevelRule(
        marker="HH",
        name="mrna_high",
        definition="mRNA of GLI1, the pathway's transcriptional read-out, above the median",
        reference=_RAMASWAMY,
        kind="mrna",
        genes=("GLI1",),
        cut="median",
    ),
    MutationRule(
        marker="HH",
        name="mutation",
        definition="any non-silent mutation of GLI1, GLI2, GLI3, SMO, PTCH1 or SUFU",
        reference=_RAMASWAMY,
        genes=_HEDGEHOG,
    ),
    CopyNumberRule(
        marker="HH",
        name="cna",
        definition="high-level gain (+2) of GLI1-3 or SMO, or deep deletion (-2) of PTCH1 or SUFU",
        reference=_RAMASWAMY,
        genes=_HEDGEHOG,
        losses=("PTCH1", "SUFU"),
    ),
)
