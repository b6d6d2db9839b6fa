"""The benchmark: a treatment effect whose answer is known, in cohorts with and without randomisation."""

from __future__ import annotations

from dataclasses import replace

from ...effects import EffectEstimate
from ...figures.forest import forest
from ...tables.cells import count_cell, effect_cell, p_cell
from ...tables.table import Cell, Column, Row, Table
from ...wording import count
from ..gather import Findings
from ..page import Bullets, Figure, Inline, Paragraph, Section, TableBlock, estimate
from .words import SIDES, joined

__all__ = ["treatment"]


def treatment(findings: Findings) -> Section | None:
    """Write what tamoxifen does in each benchmark, and what that means."""
    found = findings.benchmarks
    if not found:
        return None
    items: list[tuple[Inline, ...]] = []
    rows = []
    for benchmark in found:
        effect, asked = benchmark.effect, benchmark.asked
        items.append((f"{asked.label}: HR for {asked.endpoint} ", estimate(effect), f". {asked.meaning}"))
        counts = count_cell(effect.n), count_cell(effect.events), Cell(_arms(effect))
        rows.append(Row((Cell(asked.label), *counts, effect_cell(effect), p_cell(effect.p_value, effect.row_id))))
    counted = Column("N", "count"), Column("Events", "count"), Column("Treated v untreated", "number")
    table = Table(
        title="Endocrine therapy against none: the benchmark",
        columns=(Column("Cohort"), *counted, Column("HR, treatment v none (95% CI)", "ratio"), Column("P", "p")),
        rows=tuple(rows),
        footnotes=tuple(sentence for benchmark in found for sentence in benchmark.effect.sentences),
    )  # fmt: skip
    effects = [replace(b.effect, label=b.asked.label, marker="") for b in found]
    told = joined([f"{b.asked.label} {estimate(b.effect).text}" for b in found])
    figure = Figure(
        "benchmark",
        forest(effects, layout="plain", favours=SIDES["treatment_effect"]),
        ("Endocrine therapy against none, in each cohort by the model that its line names.",),
        f"Forest plot: {told}.",
    )
    lead = Paragraph.of(
        "Tamoxifen works in ER-positive disease. What each file says of that shows how far its treatment comparisons "
        "can be believed, before any marker is asked."
    )
    return Section(
        "benchmark",
        "Benchmark: does the drug work here?",
        (lead, Bullets(tuple(items)), TableBlock("benchmark", table), figure),
        "Pooled evidence",
    )


def _arms(effect: EffectEstimate) -> str:
    if effect.n_1 is None or effect.n_0 is None:
        return ""
    return f"{count(effect.events_1)}/{count(effect.n_1)} v {count(effect.events_0)}/{count(effect.n_0)}"
