"""The meta-analyses of the plan, and every effect of the report to be filtered and sorted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from ...effects import EffectEstimate
from ...figures.forest import forest
from ...figures.gosh import gosh_plot
from ...figures.influence import baujat_plot, leave_one_out_plot
from ...meta.pooled import PooledEffect
from ...meta.tables import meta_table
from ...tables.cells import count_cell, effect_cell, interval_cell, p_cell
from ...tables.effects import printed_p_cell
from ...tables.table import Cell, Column, Row, Table
from ...wording import percent
from ...wording.rules import without_codes
from ..gather import Findings
from ..page import Block, Browser, Figure, Paragraph, Part, Section, TableBlock, estimate
from ..pools import PoolAnswer
from .words import HEADS, SIDES, joined, marker_name, symbols

__all__ = ["every_effect", "pooled_section"]

_ENOUGH = 5  # studies from which single ones are looked at


def pooled_section(findings: Findings, pools: Sequence[PoolAnswer]) -> Section:
    """Write what could be pooled, what could not, and why."""
    titles = {cohort.name: cohort.title for cohort in findings.cohorts}
    blocks: list[Block] = [
        Paragraph.of(
            "What may be pooled was declared in the plan: one row a study, one estimand, endpoints taken for one "
            "another only by name. A prognostic effect is never pooled with an interaction. Rows that are recalled, "
            "pooled already, or share patients with another row are left out."
        )
    ]
    done = [(answer, answer.main) for answer in pools if answer.main is not None]
    if done:
        blocks.append(TableBlock("pooled", _overview(done)))
    for answer, main in done:
        title = f"{marker_name(answer.marker)}: {answer.asked.label}"
        blocks.append(Part(f"part-{answer.name}", title, tuple(_of(answer, main, titles, title)), folded=True))
    apart = [answer for answer in pools if answer.main is None]
    if apart:
        table = TableBlock("not-pooled", _apart(apart, titles))
        blocks.append(Part("meta-apart", "Not pooled: side by side", (table,), folded=True))
    return Section("meta", "Meta-analysis", tuple(blocks), "Pooled evidence")


def every_effect(findings: Findings, pools: Sequence[PoolAnswer], published: Sequence[EffectEstimate]) -> Section:
    """Gather every effect of the cohorts, every published and every pooled one, to be filtered and sorted."""
    own = [
        row for case in findings.cases for row in (case.interaction.effects if case.interaction else case.prognostic)
    ]
    leading = [case for case in findings.leading() if case.asked.role != "sensitivity"]
    first = [
        row
        for case in leading
        for row in ((case.interaction.judged,) if case.interaction else ()) + tuple(case.prognostic[-1:])
    ]
    own += [benchmark.effect for benchmark in findings.benchmarks]
    titles = {cohort.name: cohort.title for cohort in findings.cohorts}
    ids = frozenset(row.row_id for row in own)
    shown = Browser(
        (*own, *published), ids, tuple(pools), titles, frozenset(row.row_id for row in (*first, *_trials(published)))
    )
    return Section("effects", "Every effect", (shown,), "Pooled evidence")


def _trials(published: Sequence[EffectEstimate]) -> list[EffectEstimate]:
    """Return the published interactions: with each cohort's leading rows they are printed on paper."""
    return [row for row in published if row.estimand == "interaction"]


def _overview(done: Sequence[tuple[PoolAnswer, PooledEffect]]) -> Table:
    """Show every pooled effect in a line of its own."""
    rows = []
    for answer, main in done:
        effect = main.to_effect()
        head = f"{marker_name(answer.marker)}: {answer.asked.label}"
        cells = (
            Cell(head), Cell(HEADS[answer.asked.estimand]), count_cell(main.k), effect_cell(effect),
            p_cell(effect.p_value, effect.row_id), Cell(percent(main.i2_tau2 / 100, 0)),
        )  # fmt: skip
        rows.append(Row(cells))
    heads = (
        Column("What is pooled"), Column("Measure"), Column("Studies", "count"), Column("Pooled (95% CI)", "ratio"),
        Column("P", "p"), Column("I²", "number"),
    )  # fmt: skip
    return Table(title="What could be pooled", columns=heads, rows=tuple(rows))


def _renamed(pooled: PooledEffect, titles: Mapping[str, str]) -> PooledEffect:
    """Give the studies of a figure the names that a reader knows."""
    effects = tuple(replace(effect, label=titles.get(effect.study, effect.label)) for effect in pooled.effects)
    return replace(pooled, effects=effects)


def _of(answer: PoolAnswer, pooled: PooledEffect, titles: Mapping[str, str], title: str) -> Iterator[Block]:
    name, what = answer.name, HEADS[answer.asked.estimand]
    whole = estimate(pooled.to_effect())
    yield Paragraph.of(
        f"{what}, pooled: ",
        whole,
        f", {pooled.k} studies; {symbols(pooled.heterogeneity)}.{_left_out(answer, titles)}",
    )
    table = meta_table(pooled, title=title, labels=titles)
    yield TableBlock(name, replace(table, footnotes=tuple(map(symbols, table.footnotes))))
    published = any(effect.study not in titles for effect in pooled.effects)
    marks = "Squares: own data; circles: published effects." if published else "Each cohort analysed by itself."
    caption = f"{title}. {marks}"
    told = f"{what}, pooled: {whole.text}, {pooled.k} studies, I² {percent(pooled.i2_tau2 / 100, 0)}"
    drawn = partial(forest, _renamed(pooled, titles), favours=SIDES[answer.asked.estimand])
    yield Figure(f"forest-{name}", drawn, (caption,), f"Forest plot: {told}.")
    yield TableBlock(f"methods-{name}", _methods(answer, title))
    if pooled.k >= _ENOUGH:
        yield from _each_study(name, _renamed(pooled, titles), title, SIDES[answer.asked.estimand])


def _each_study(name: str, pooled: PooledEffect, title: str, sides: tuple[str, str]) -> Iterator[Figure]:
    """Draw what single studies do to a pool that has enough of them."""
    for key, drawn, what in (
        (
            "without",
            leave_one_out_plot(pooled, favours=sides),
            "pooled without each study in turn; dashed: all studies",
        ),
        ("baujat", baujat_plot(pooled, width="middle"), "each study's part in the heterogeneity, and its influence"),
        ("gosh", gosh_plot(pooled, width="middle"), "every subset of the studies pooled"),
    ):
        yield Figure.of(f"{key}-{name}", drawn, (f"{title}: {what}.",))


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
    heads = (Column("Estimator"), Column("Pooled (95% CI)", "ratio"), Column("P", "p"), Column("I²", "number"))
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
                    Cell(without_codes(answer.problem) + _left_out(answer, titles)),
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
