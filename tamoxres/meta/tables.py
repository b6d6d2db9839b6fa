"""The meta-analysis as a table: studies with weights, pooled effects, prediction interval, and how it was done."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Unpack

from ..effects import EffectEstimate
from ..tables.cells import effect_cell, interval_cell, p_cell, share_format
from ..tables.effects import printed_p_cell
from ..tables.style import Numbers, printed
from ..tables.table import Cell, Column, Number, Row, Table
from ..wording import NOT_ESTIMABLE, count, percent
from ..wording.rules import measure_words
from .pooled import CI_NAMES, LEFT_OUT, TAU2_NAMES, PooledEffect
from .posterior import BayesLine

__all__ = ["meta_table"]


@printed
def meta_table(
    pooled: PooledEffect, *, title: str = "", labels: Mapping[str, str] | None = None, **numbers: Unpack[Numbers]
) -> Table:
    """Print a pooled effect with the studies behind it.

    Parameters
    ----------
    pooled : PooledEffect
    title : str, optional
        Marker, estimand and endpoint if not given.
    labels : mapping of str to str, optional
        Words for studies.

    Returns
    -------
    Table
        One row a study and the pools below.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> len(meta_table(tr.pool(rows)).rows)
    9
    """
    rows = [Row((Cell("Studies"), *[Cell()] * 4), "heading")]
    names = [(labels or {}).get(effect.study, effect.label) for effect in pooled.effects]
    rows += [_study(*parts) for parts in zip(names, pooled.effects, pooled.weights, strict=True)]
    rows.append(Row((Cell("Pooled"), *[Cell()] * 4), "heading"))
    if pooled.common is not None:
        rows.append(_total("Common effect", pooled.common))
    rows.append(_total("Random effects" if pooled.tau2_method != "common" else "Common effect", pooled))
    if pooled.tau2_method != "common":
        rows.append(_prediction(pooled))
    if pooled.bayes is not None:
        rows.append(_bayesian(pooled.bayes))
    asked = ", ".join(part for part in (pooled.marker, pooled.estimand.replace("_", " "), pooled.endpoint) if part)
    estimate = Column(f"{measure_words(pooled.measure, pooled.estimand)} ({100 * pooled.level:g}% CI)", "ratio")
    return Table(
        title=title or f"Meta-analysis: {asked or pooled.measure}",
        columns=(Column("Study"), Column("Events/N", "number"), Column("Weight", "number"), estimate, Column("P", "p")),
        rows=tuple(rows),
        footnotes=_notes(pooled),
    )


def _study(name: str, effect: EffectEstimate, weight: float) -> Row:
    share = Cell(percent(weight), (Number(weight, share_format()),))
    test = printed_p_cell(effect)
    return Row((Cell(name), Cell(_counts(effect)), share, effect_cell(effect), test), "level")


def _counts(effect: EffectEstimate) -> str:
    if effect.n is None or effect.events is None:
        return count(effect.n)
    return f"{count(effect.events)}/{count(effect.n)}"


def _total(label: str, pooled: PooledEffect) -> Row:
    cell = interval_cell((pooled.estimate, *pooled.ci()), is_ratio=pooled.is_ratio)
    return Row((Cell(label), Cell(), Cell(), cell, p_cell(pooled.p_value)), "level")


def _prediction(pooled: PooledEffect) -> Row:
    cell = Cell(NOT_ESTIMABLE)
    if pooled.prediction_low is not None and pooled.prediction_high is not None:
        values = pooled.estimate, pooled.prediction_low, pooled.prediction_high
        whole = interval_cell(values, is_ratio=pooled.is_ratio)
        cell = Cell(whole.text.partition(" ")[2], ("", *whole.parts[1:]))
    return Row((Cell(f"Prediction interval ({pooled.prediction_rule})"), Cell(), Cell(), cell, Cell()), "level")


def _bayesian(line: BayesLine) -> Row:
    limits = math.exp(line.point), math.exp(line.low), math.exp(line.high)
    label = f"Bayesian, half-normal({line.tau_scale:g}) on tau"
    return Row((Cell(label), Cell(), Cell(), interval_cell(limits, is_ratio=True), Cell()), "level")


def _notes(pooled: PooledEffect) -> tuple[str, ...]:
    how = f"{pooled.k} studies; {TAU2_NAMES[pooled.tau2_method]}, {CI_NAMES[pooled.ci_method]} interval."
    left = [f"Left out: {item.study} ({LEFT_OUT[item.status]})." for item in pooled.left_out]
    return (how, f"Heterogeneity: {pooled.heterogeneity}.", *pooled.notes, *left)
