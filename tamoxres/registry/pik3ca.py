"""PIK3CA: mutated, anywhere or where mutations are frequent (E542, E545, H1047; exons 9 and 20)."""

from __future__ import annotations

from .marker import Branch, Claim, Marker
from .papers import PEREIRA, STEMKE_HALE
from .rule import MutationRule, Rule

__all__ = ["MARKER", "RULES"]

RULES: tuple[Rule, ...] = (
    MutationRule(
        marker="PIK3CA", name="mutation", genes=("PIK3CA",), reference=PEREIRA,
        definition="any non-silent PIK3CA mutation",
    ),
    MutationRule(
        marker="PIK3CA", name="hotspot", genes=("PIK3CA",), pattern=r"^p\.(E542|E545|H1047)[A-Z]$",
        reference=STEMKE_HALE,
        definition="PIK3CA substitution at E542, E545 or H1047",
    ),
    MutationRule(
        marker="PIK3CA", name="exon9", genes=("PIK3CA",), pattern=r"^p\.[A-Z]?(51[4-9]|5[2-4]\d|55[0-5])(?!\d)",
        definition="non-silent PIK3CA mutation in exon 9 (helical domain, residues 514-555)", reference=STEMKE_HALE,
    ),
    MutationRule(
        marker="PIK3CA", name="exon20", genes=("PIK3CA",), pattern=r"^p\.[A-Z*]?(979|9[89]\d|10[0-5]\d|106[0-8])(?!\d)",
        definition="non-silent PIK3CA mutation in exon 20 (kinase domain, residues 979-1068)", reference=STEMKE_HALE,
    ),
)  # fmt: skip
MARKER = Marker(
    name="PIK3CA", aliases=("P110ALPHA",), genes={"PIK3CA": 5290, "PIK3R1": 5295},
    altered_means="PIK3CA mutated, as the rule says", rules=RULES,
    claim=Claim(
        marker="PIK3CA", altered="changes of PIK3CA", direction="no_difference_shown",
        effect="significant difference between resistant and sensitive tumour cells not elucidated",
        statement="Research results do not elucidate any significant difference between PIK3CA changes in resistant "
        "and sensitive tumour cells.",
    ),
    fetch=("metabric",), columns=r"pik3ca.*|pi3k.*", order=7,
    branch=Branch(name="PI3K", place=2, genes=("PIK3CA", "PIK3CB", "PIK3R1", "PIK3R2", "PDPK1")),
)  # fmt: skip
