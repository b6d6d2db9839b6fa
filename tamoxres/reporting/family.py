"""Primary interactions as families of tests: each P corrected for the others of its family.

References
----------
Holm S 1979, Scand J Stat 6:65. Benjamini Y, Hochberg Y 1995, J R Stat Soc B 57:289.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..inference.families import adjust_p
from .gather import Case, Findings

__all__ = ["Corrected", "corrected"]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A primary interaction's P, raw and corrected for the `k` tests of its family.

    Attributes
    ----------
    family : str
    k : int
    raw, holm, bh : float
        Likelihood-ratio P; corrected by Holm (family-wise error), by Benjamini and Hochberg (false discovery).
    """

    family: str
    k: int
    raw: float
    holm: float
    bh: float


def corrected(findings: Findings) -> Mapping[str, Corrected]:
    """Correct the primary interactions of each family for one another.

    Returns
    -------
    mapping of row id to Corrected
        By the id of the ratio's effect row; families of one test are left out, as there is nothing to correct.
    """
    families: dict[str, list[Case]] = {}
    for case in findings.leading():
        if case.role == "primary" and case.interaction is not None:
            families.setdefault(case.asked.family, []).append(case)
    out: dict[str, Corrected] = {}
    for name, cases in families.items():
        ratios = [case.interaction.ratio for case in cases if case.interaction is not None]
        if len(ratios) < 2:
            continue
        raw = [float(1.0 if ratio.p_value is None else ratio.p_value) for ratio in ratios]
        adjusted = adjust_p(raw)
        for ratio, p, p_holm, p_bh in zip(ratios, raw, adjusted.holm, adjusted.bh, strict=True):
            out[ratio.row_id] = Corrected(family=name, k=len(ratios), raw=p, holm=p_holm, bh=p_bh)
    return out
