"""Chromosomes, in their order along the genome and with one spelling each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHROMOSOMES", "plain_chromosomes"]

CHROMOSOMES = (*map(str, range(1, 23)), "X", "Y", "MT")
_OTHER_NAMES = {"M": "MT", "23": "X", "24": "Y"}


def plain_chromosomes(names: pd.Series[Any]) -> pd.Series[Any]:
    """Spell chromosomes as 1 to 22, X, Y and MT; `chr1`, `chrM`, 23, 24 and 1.0 are read too, other names stay."""
    plain = names.astype(str).str.strip().str.upper().str.removeprefix("CHR").str.removesuffix(".0")
    return plain.replace(_OTHER_NAMES)
