"""The meta-analyses of the plan, and every effect of the report to be filtered and sorted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ...effects import EffectEstimate
from ...figures.forest import forest
from ...meta.pooled import PooledEffect
from ...meta.tables import meta_table
from ...tables.cells import effect_cell, interval_cell, p_cell
from ...tables.effects import printed_p_cell
from ...tables.table import Cell, Column, Row, Table
from ...wording import percent
from ..gather import Findings
from ..page import Block, Browser, Figure, Paragraph, Section, TableBlock, estimate
from ..pools import PoolAnswer
from .words import joined, marker_name

__all__ = ["pooled_section"]


def pooled_section(findings: Findings, pools: Sequence[PoolAnswer], published: Sequence[EffectEstimate]) -> Section:
    """Write what could be pooled, what could not, and why."""
    titles = {cohort.name: cohort.title for cohort in findings.cohorts}
    blocks: list[Block] = [
        Paragraph.of(
            "What may be pooled was declared in the plan: one row a study, one estimand, endpoints taken for one "
            "another only by name. A prognostic effect is never pooled with an interaction. Rows that are recalled, "
            "pooled already, or share patients with another row are left out."
        )
    ]
    for answer in pools:
        if answer.main is not None:
            blocks += _of(answer, answer.main, titles)
    apart = [answer for answer in pools if answer.main is None]
    if apart:
        blocks.append(TableBlock("not-pooled", _apart(apart, titles)))
    own = [
        row for case in findings.cases for row in (case.interaction.effects if case.interaction else case.prognostic)
    ]
    own += [benchmark.effect for benchmark in findings.benchmarks]
    blocks.append(Browser((*own, *published), frozenset(row.row_id for row in own), tuple(pools), titles))
    return Section("meta", "Meta-analysis", tuple(blocks))


def _renamed(pooled: PooledEffect, titles: Mapping[str, str]) -> PooledEffect:
    """Give the studies of a figure the names that a reader knows."""
    effects = tuple(replace(effect, label=titles.get(effect.study, effect.label)) for effect in pooled.effects)
    return replace(pooled, effects=effects)


def _of(answer: PoolAnswer, pooled: PooledEffect, titles: Mapping[str, str]) -> Iterator[Block]:
    name = answer.name
    title = f"{marker_name(answer.marker)}: {answer.asked.label}"
    whole = estimate(pooled.to_effect())
    yield Paragraph.of(
        f"{title}. Pooled {pooled.measure} ",
        whole,
        f", {pooled.k} studies; {pooled.heterogeneity}.{_left_out(answer, titles)}",
    )
    yield TableBlock(name, meta_table(pooled, title=title, labels=titles))
    published = any(effect.study not in titles for effect in pooled.effects)
    marks = "Squares: own data; circles: published effects." if published else "Each cohort analysed by itself."
    caption = f"{title}. {marks}"
    told = f"pooled {pooled.measure} {whole.text}, {pooled.k} studies, I2 {percent(pooled.i2_tau2 / 100, 0)}"
    yield Figure(f"forest-{name}", forest(_renamed(pooled, titles)), (caption,), f"Forest plot: {told}.")
    yield TableBlock(f"methods-{name}", _methods(answer, title))


def _left_out(answer: PoolAnswer, titles: Mapping[str, str]) -> str:
    """Say which studies share patients with one that was kept."""
    told = [
        f" {titles.get(out, out)} is left out: it shares patients with {titles.get(kept, kept)}."
        for out, kept in answer.left_out
    ]
    return "".join(told)


def _methods(answer: PoolAnswer, title: str) -> Table:
    rows = [
        Row((Cell(how), interval_cell((p.estimate, *p.ci()), is_ratio=p.is_ratio), p_cell(p.p_value),
             Cell(percent(p.i2_tau2 / 100, 0) if p.tau2_method != "common" else "")))
        for how, p in answer.pooled.items()
    ]  # fmt: skip
    heads = (Column("Estimator"), Column("Pooled (95% CI)", "ratio"), Column("P", "p"), Column("I2", "number"))
    return Table(title=f"{title}, by other estimators", columns=heads, rows=tuple(rows))


def _apart(answers: Sequence[PoolAnswer], titles: Mapping[str, str]) -> Table:
    """Show what could not be pooled, side by side."""
    rows: list[Row] = []
    for answer in answers:
        if not answer.effects:
            continue
        rows.append(
            Row(
                (
                    Cell(f"{marker_name(answer.marker)}: {answer.asked.label}"),
                    *[Cell()] * 3,
                    Cell(answer.problem + _left_out(answer, titles)),
                ),
                "heading",
            )
        )
        for effect in answer.effects:
            cells = (
                Cell(titles.get(effect.study, effect.label)),
                Cell(effect.endpoint),
                effect_cell(effect),
                printed_p_cell(effect),
                Cell(),
            )
            rows.append(Row(cells, "level"))
    empty: dict[str, list[str]] = {}
    for answer in answers:
        if not answer.effects:
            empty.setdefault(answer.asked.label, []).append(marker_name(answer.marker))
    heads = (
        Column("Study"),
        Column("Endpoint"),
        Column("Estimate (95% CI)", "ratio"),
        Column("P", "p"),
        Column("Why not pooled"),
    )
    notes = tuple(f"No estimated effect for {label}: {joined(markers)}." for label, markers in empty.items())
    return Table(title="Not pooled: side by side", columns=heads, rows=tuple(rows), footnotes=notes)
