"""PTEN, AKT, mTOR and PIK3CA: the PI3K pathway below HER2, by DNA, mRNA and protein.

Numbering of PIK3CA's exons is the classical one, without the untranslated first exon: exon 9 (residues 514-555) is the
helical domain, exon 20 (residues 979-1068) the kinase domain.
"""

from __future__ import annotations

from ..cohort import ProfileKind
from .rule import ColumnRule, CopyNumberRule, LevelRule, MutationRule, Rule

__all__ = ["AKT_RULES", "MTOR_RULES", "PIK3CA_RULES", "PTEN_RULES"]

_PEREIRA = "Pereira 2016, doi:10.1038/ncomms11479"
_SAAL = "Gruvberger-Saal 2007, PMID 17404078; Saal 2005, PMID 15805248"
_STEMKE = "Stemke-Hale 2008, doi:10.1158/0008-5472.CAN-07-6854"
_CARPTEN = "Carpten 2007, doi:10.1038/nature05933"
_TCPA = "Li 2013, doi:10.1038/nmeth.2650"
_CNA = "Mermel 2011, doi:10.1186/gb-2011-12-4-r41"


def _level(marker: str, name: str, kind: ProfileKind, genes: tuple[str, ...], what: str) -> LevelRule:
    """Cut one gene or antibody at the median of the assayed patients; rules named `_low` call what lies below it."""
    low = name.endswith("_low")
    return LevelRule(
        marker=marker, name=name, kind=kind, genes=genes, altered="low" if low else "high", cut="median",
        definition=f"{what} {'below' if low else 'above'} the median", reference=_TCPA if kind == "rppa" else _PEREIRA,
    )  # fmt: skip


PTEN_RULES: tuple[Rule, ...] = (
    MutationRule(
        marker="PTEN", name="mutation", genes=("PTEN",), definition="any non-silent PTEN mutation", reference=_PEREIRA
    ),
    CopyNumberRule(
        marker="PTEN", name="cna_loss", genes=("PTEN",), losses=("PTEN",), loss=-1.0, reference=_CNA,
        definition="any copy-number loss of PTEN (-1 or lower)",
    ),
    CopyNumberRule(
        marker="PTEN", name="cna_deep_loss", genes=("PTEN",), losses=("PTEN",), loss=-2.0, reference=_CNA,
        definition="homozygous (deep) deletion of PTEN (-2)",
    ),
    _level("PTEN", "mrna_low", "mrna", ("PTEN",), "PTEN mRNA"),
    ColumnRule(
        marker="PTEN", name="protein_lost", assay="IHC", column="PTEN_pos", altered=("0",), unaltered=("1",),
        definition="PTEN protein lost in the tumour cells", reference=_SAAL,
    ),
    _level("PTEN", "rppa_low", "rppa", ("PTEN",), "PTEN protein"),
)  # fmt: skip
AKT_RULES: tuple[Rule, ...] = (
    MutationRule(
        marker="AKT", name="mutation", genes=("AKT1",), definition="any non-silent AKT1 mutation", reference=_PEREIRA
    ),
    MutationRule(
        marker="AKT", name="e17k", genes=("AKT1",), pattern=r"^p\.E17K$", definition="AKT1 E17K", reference=_CARPTEN
    ),
    CopyNumberRule(
        marker="AKT", name="cna_gain", genes=("AKT1", "AKT2", "AKT3"), reference=_CNA,
        definition="high-level gain (+2) of AKT1, AKT2 or AKT3",
    ),
    _level("AKT", "mrna_high", "mrna", ("AKT1",), "AKT1 mRNA"),
    _level("AKT", "rppa_ps473", "rppa", ("AKT_pS473",), "AKT phosphorylated at S473"),
    _level("AKT", "rppa_pt308", "rppa", ("AKT_pT308",), "AKT phosphorylated at T308"),
)  # fmt: skip
MTOR_RULES: tuple[Rule, ...] = (
    _level("MTOR", "mrna_high", "mrna", ("MTOR", "FRAP1"), "MTOR mRNA"),
    _level("MTOR", "rppa_ps2448", "rppa", ("MTOR_pS2448",), "mTOR phosphorylated at S2448"),
    _level(
        "MTOR", "rppa_ps6k", "rppa", ("P70S6K_pT389",), "S6 kinase (p70) phosphorylated at T389, downstream of mTOR"
    ),
    _level("MTOR", "rppa_ps6", "rppa", ("S6_pS235S236",), "S6 phosphorylated at S235/S236, downstream of mTOR"),
)
PIK3CA_RULES: tuple[Rule, ...] = (
    MutationRule(
        marker="PIK3CA", name="mutation", genes=("PIK3CA",), reference=_PEREIRA,
        definition="any non-silent PIK3CA mutation",
    ),
    MutationRule(
        marker="PIK3CA", name="hotspot", genes=("PIK3CA",), pattern=r"^p\.(E542|E545|H1047)[A-Z]$", reference=_STEMKE,
        definition="PIK3CA substitution at E542, E545 or H1047",
    ),
    MutationRule(
        marker="PIK3CA", name="exon9", genes=("PIK3CA",), pattern=r"^p\.[A-Z]?(51[4-9]|5[2-4]\d|55[0-5])(?!\d)",
        definition="non-silent PIK3CA mutation in exon 9 (helical domain, residues 514-555)", reference=_STEMKE,
    ),
    MutationRule(
        marker="PIK3CA", name="exon20", genes=("PIK3CA",), pattern=r"^p\.[A-Z*]?(979|9[89]\d|10[0-5]\d|106[0-8])(?!\d)",
        definition="non-silent PIK3CA mutation in exon 20 (kinase domain, residues 979-1068)", reference=_STEMKE,
    ),
)  # fmt: skip
