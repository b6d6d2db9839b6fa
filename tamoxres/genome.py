"""Chromosomes, in their order along the genome and with one spelling each; and the genes of the cascade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CASCADE", "CHROMOSOMES", "plain_chromosomes"]

CHROMOSOMES = (*map(str, range(1, 23)), "X", "Y", "MT")
_OTHER_NAMES = {"M": "MT", "23": "X", "24": "Y"}
CASCADE: dict[str, tuple[str, ...]] = {
    "HER2": ("ERBB2", "ERBB3", "EGFR", "GRB7"),
    "PI3K": ("PIK3CA", "PIK3CB", "PIK3R1", "PIK3R2", "PDPK1", "PTEN", "INPP4B"),
    "AKT": ("AKT1", "AKT2", "AKT3", "AKT1S1"),
    "mTOR": (
        "MTOR", "RPTOR", "RICTOR", "MLST8", "RHEB", "TSC1", "TSC2", "RPS6", "RPS6KB1", "RPS6KB2", "EIF4EBP1",
    ),
    "SRC": ("SRC", "CSK", "YES1", "FYN", "PTK2"),
    "Hedgehog": ("SHH", "PTCH1", "SMO", "SUFU", "GLI1", "GLI2", "GLI3"),
}  # fmt: skip
"""The HER2-PI3K-AKT-mTOR-SRC-Hedgehog cascade, by branch: what a screen tests together, and names in its pictures."""


def plain_chromosomes(names: pd.Series[Any]) -> pd.Series[Any]:
    """Spell chromosomes as 1 to 22, X, Y and MT; `chr1`, `chrM`, 23, 24 and 1.0 are read too, other names stay."""
    plain = names.astype(str).str.strip().str.upper().str.removeprefix("CHR").str.removesuffix(".0")
    return plain.replace(_OTHER_NAMES)
