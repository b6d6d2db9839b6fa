"""Adjusted P values against R's p.adjust."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import answers

from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError
from tamoxres.inference.families import adjust_p, family_table

CLOSED = 1e-12  # products of P values
R = answers("estimators")["families"]


def test_equals_p_adjust():
    """Holm and Benjamini-Hochberg, with ties, are R's."""
    found = adjust_p(R["p"])
    assert found.holm == pytest.approx(R["holm"], rel=CLOSED)
    assert found.bh == pytest.approx(R["bh"], rel=CLOSED)


def test_table_keeps_rows_without_a_p():
    """The likelihood-ratio P stands for an interaction, and a row without P is kept and not counted."""
    rows = [
        EffectEstimate(study="a", log_estimate=0.5, se=0.2, p_value=0.01, p_kind="lrt"),
        EffectEstimate(study="b", log_estimate=0.1, se=0.2, p_value=0.04),
        EffectEstimate(study="c", status="not_estimable"),
    ]
    table = family_table(rows, "primary")
    assert table["p_value"].tolist()[:2] == [0.01, 0.04]
    assert table["p_holm"].tolist()[:2] == pytest.approx([0.02, 0.04])
    assert table["p_holm"].isna().tolist() == [False, False, True]
    assert table["tests"].tolist() == [2, 2, 2]
    assert table["row_id"].tolist() == [row.row_id for row in rows]


@pytest.mark.parametrize("values", [[], [0.5, 1.5], [float("nan")]])
def test_refuses(values):
    """P values lie between 0 and 1."""
    with pytest.raises(AnalysisError, match="between 0 and 1"):
        adjust_p(values)


def test_equals_statsmodels_in_any_order():
    """Families of up to nine, shuffled, with ties and ones: the P values are those of statsmodels, to the bit."""
    from statsmodels.stats.multitest import multipletests

    draw = np.random.default_rng(1)
    for k in range(1, 10):
        raw = draw.random(k) ** 3
        raw[-1], raw[k // 2] = 1.0, raw[0]
        found = adjust_p(raw.tolist())
        assert found.holm == tuple(multipletests(raw, method="holm")[1])
        assert found.bh == tuple(multipletests(raw, method="fdr_bh")[1])
