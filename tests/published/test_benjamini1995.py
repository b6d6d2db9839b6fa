"""Benjamini Y, Hochberg Y 1995, J R Stat Soc B 57:289, section 4.1: thrombolysis in myocardial infarction, 15 tests."""

from __future__ import annotations

from tamoxres.inference.families import adjust_p

P = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
)  # fmt: skip


def test_their_example():
    """At 0.05 their procedure rejects four hypotheses where Bonferroni's (and Holm's) rejects three."""
    found = adjust_p(P)
    assert sum(p <= 0.05 for p in found.bh) == 4
    assert sum(p <= 0.05 for p in found.holm) == sum(15 * p <= 0.05 for p in P) == 3
