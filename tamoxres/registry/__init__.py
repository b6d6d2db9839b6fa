"""Markers: one declaration each, with the rules that call it altered or unaltered; `find` knows them by every name."""

from .known import built_in, canonical, declared, find, known, label_of
from .marker import Branch, Claim, Marker
from .rule import ColumnRule, CopyNumberRule, LevelRule, MutationRule, Rule, StatusRule

__all__ = [
    "Branch", "Claim", "ColumnRule", "CopyNumberRule", "LevelRule", "Marker", "MutationRule", "Rule", "StatusRule",
    "built_in", "canonical", "declared", "find", "known", "label_of",
]  # fmt: skip
