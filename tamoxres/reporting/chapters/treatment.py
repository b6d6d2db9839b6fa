"""The benchmark: a treatment effect whose answer is known, in cohorts with and without randomisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from ...effects import EffectEstimate
from ...endpoints import STEEP
from ...figures.forest import forest
from ...figures.pictograph import pictograph
from ...models.risk_difference import risk_difference
from ...tables.cells import count_cell, effect_cell, p_cell
from ...tables.table import Cell, Column, Row, Table
from ...treatment import TREATED, UNTREATED
from ...wording import count
from ..detail import tried
from ..gather import Benchmark, Findings
from ..page import Bullets, Figure, Inline, Paragraph, Section, TableBlock, estimate
from .words import SIDES, joined

__all__ = ["treatment"]

_FIVE_YEARS = 60.0  # months
_RANDOMISED = ("randomised", "partly_randomised")


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
        partial(forest, effects, layout="plain", favours=SIDES["treatment_effect"]),
        ("Endocrine therapy against none, in each cohort by the model that its line names.",),
        f"Forest plot: {told}.",
        narrow=partial(forest, effects, layout="plain", favours=SIDES["treatment_effect"], width="phone"),
    )
    lead = Paragraph.of(
        "Tamoxifen works in ER-positive disease. What each file says of that shows how far its treatment comparisons "
        "can be believed, before any marker is asked."
    )
    return Section(
        "benchmark",
        "Benchmark: does the drug work here?",
        (lead, Bullets(tuple(items)), TableBlock("benchmark", table), figure, *_risks(found)),
        "Pooled evidence",
    )


def _risks(found: Sequence[Benchmark]) -> Iterator[Figure]:
    """Draw the risks, by treatment, of all patients of the first benchmark that was randomised, at least in part."""
    one = next((b for b in found if b.cohort.design in _RANDOMISED and b.cohort.min_cell <= 1), None)
    risks = None if one is None else tried(partial(risk_difference, one.analysis, times=_FIVE_YEARS, by="treatment"))
    if one is None or risks is None:
        return
    name, endpoint = one.asked.label, one.asked.endpoint
    event = f"an event ({STEEP[endpoint].name})" if endpoint in STEEP else f"an event ({endpoint})"
    words = {TREATED: "Treated", UNTREATED: "Untreated"}
    draw = partial(pictograph, risks.risks, event=event, labels=words, effect=risks.effects[0])
    drawn = draw()
    design = "randomised" if one.cohort.design == "randomised" else "randomised in part"
    caption = f"{name}: risks of all patients, by treatment, which was {design}. No marker was asked."
    yield Figure.of("risks-benchmark", drawn, (caption,), narrow=partial(draw, width="phone"))


def _arms(effect: EffectEstimate) -> str:
    if effect.n_1 is None or effect.n_0 is None:
        return ""
    return f"{count(effect.events_1)}/{count(effect.n_1)} v {count(effect.events_0)}/{count(effect.n_0)}"
