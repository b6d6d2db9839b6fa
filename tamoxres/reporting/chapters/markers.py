"""Each marker that patients could be asked about: verdict, curves, hazard ratios, interaction, and how it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from ...effects import EffectEstimate
from ...figures.forest import forest
from ...inference.panel import Panel
from ...inference.verdict_words import detectable_words
from ...tables.cells import count_cell, effect_cell, number_cell, p_cell
from ...tables.contrasts import contrast_table
from ...tables.hazards import hazard_table, term_label
from ...tables.table import Cell, Column, Row, Table
from ...wording import count, number, number_with_interval, p_value, percent
from ..detail import Detail
from ..family import corrected
from ..gather import Case, Findings
from ..page import Block, Figure, Inline, Paragraph, Part, Section, Shown, TableBlock, estimate, p_of
from .cohorts import compared, sensitivity_blocks, specified
from .curves import crossed_curves, marker_curves
from .numbers import head_of, patients_of
from .patients import marker_patients
from .words import (
    assay_of,
    endpoint_name,
    joined,
    marker_name,
    named,
    rule_words,
    section_key,
    sentence,
    setting_of,
    with_ids_of,
)

__all__ = ["marker_sections"]

_SIDES = ("below 1", "above 1")  # contrasts of several kinds stand on one axis


def marker_sections(findings: Findings) -> Iterator[Section]:
    """Write a section for each marker that a cohort could answer, then the primary interactions as one family."""
    for marker in findings.plan.order():
        leading = findings.leading(marker)
        if not leading:
            continue
        key = section_key(marker)
        blocks: list[Block] = [block for case in leading if case.whole for block in _verdict(case)]
        if len(leading) > 1:
            blocks.append(Part(f"{key}-cohorts", "Across cohorts", tuple(compared(leading))))
        for case in leading:
            if case.whole:
                blocks += _whole(case, key)
        blocks += _robustness(findings.of(marker), key)
        rules = TableBlock(f"rules-{marker.lower()}", _side_by_side(findings.of(marker)))
        every: tuple[Block, ...] = (*specified(findings.of(marker)), rules)
        blocks.append(Part(f"{key}-rules", "Every rule and endpoint", every, folded=True))
        yield Section(key, marker_name(marker), tuple(blocks), "Markers")
    if family := _family(findings):
        yield family


def _whole(case: Case, key: str) -> Iterator[Part]:
    """Write the parts of a case shown whole: what is read first stands open, the rest folded."""
    name, title = f"{case.cohort.name}-{case.marker.lower()}", case.cohort.title
    detail = case.detail
    curves = [] if detail is None else list(marker_curves(case, detail, name))
    if curves:
        yield Part(f"{key}-curves", f"{title}: curves", tuple(curves[:1]))
    if case.interaction is not None:
        four = crossed_curves(case, name)
        yield Part(f"{key}-interaction", f"{title}: marker by treatment", (*_interaction(case, name), *four))
    if detail is not None:
        yield from _rates_and_risks(case, detail, curves[1:], key)
        yield Part(f"{key}-hazards", f"{title}: hazard ratios", tuple(_hazard_blocks(case, detail, name)), folded=True)
    if varied := tuple(sensitivity_blocks(case)):
        yield Part(f"{key}-sensitivity", f"{title}: one choice changed at a time", varied, folded=True)
    if detail is not None:
        who = tuple(marker_patients(case, detail))
        yield Part(f"{key}-patients", f"{title}: the patients, by marker", who, folded=True)


def _rates_and_risks(case: Case, detail: Detail, curves: Sequence[Figure], key: str) -> Iterator[Part]:
    name, title = f"{case.cohort.name}-{case.marker.lower()}", f"{case.cohort.title}: rates and risks"
    risks = [TableBlock(f"risks-{name}", _risks(case, detail))] if detail.rates is not None else []
    if risks or curves:
        yield Part(
            f"{key}-risks", title if risks else f"{case.cohort.title}: more curves", (*risks, *curves), folded=True
        )


def _hazard_blocks(case: Case, detail: Detail, name: str) -> Iterator[Block]:
    yield TableBlock(f"hazards-{name}", _hazards(case, detail))
    yield _proportional_text(detail)
    yield TableBlock(f"proportional-{name}", _proportional(case, detail))
    if detail.periods is not None:
        yield TableBlock(f"periods-{name}", _periods(case, detail))


def _verdict(case: Case) -> Iterator[Paragraph]:
    """Say the verdict, and what must be known of its cohort beside it."""
    role = "" if case.role == "primary" else f" ({case.role})"
    head = f"{setting_of(case)}{role}: {case.label}. "
    if case.verdict is None:
        yield Paragraph.of(f"{head}{case.problem}".strip(), kind="lead")
    else:
        yield Paragraph.of(head, Shown(sentence(case.verdict), case.verdict.basis), kind="lead")
    if case.cohort.notes:
        yield Paragraph.of(f"{case.cohort.title}: {' '.join(case.cohort.notes)}", kind="note")


def _risks(case: Case, detail: Detail) -> Table:
    """Tabulate rates and risks by marker, and the differences in risk."""
    rows = [Row((Cell("Events per 1,000 person-years"), *[Cell()] * 3), "heading")]
    for rate in detail.rates.rates if detail.rates is not None else ():
        interval = f"{number(rate.rate, 1)} ({number(rate.ci_low, 1)}-{number(rate.ci_high, 1)})"
        counts = f"{count(rate.events)}/{count(round(rate.person_years))}"
        rows.append(Row((Cell(rate.levels[-1]), Cell(counts), Cell(interval), Cell()), "level"))
    if detail.risks is not None:
        rows += _risk_rows(detail)
    marker = term_label("marker", named(detail.crude.effect))
    return Table(
        title=f"Rates and risks of {case.endpoint} by {marker}: {case.cohort.title}, the treated",
        columns=(
            Column(""),
            Column("Events/person-years", "number"),
            Column("Rate or risk (95% CI)", "number"),
            Column("Difference, points (95% CI)", "number"),
        ),
        rows=tuple(rows),
        footnotes=("Rates: exact limits. Risks: cumulative incidence where other deaths compete, crude.",),
    )


def _risk_rows(detail: Detail) -> Iterator[Row]:
    if detail.risks is None:
        return
    curves = detail.curves[0]
    for effect in detail.risks.effects:
        months = effect.to_months or 0.0
        yield Row((Cell(f"Risk at {number(months / 12, 0)} years"), *[Cell()] * 3), "heading")
        for curve in (c for c in curves if c.cause in ("", curves.endpoint)):
            value, low, high = (float(curve.step(part, [months])[0]) for part in ("estimate", "ci_low", "ci_high"))
            if curve.kind == "survival":
                value, low, high = 1 - value, 1 - high, 1 - low
            text = f"{percent(value)} ({percent(low)}-{percent(high)})"
            last = _points(effect) if effect.compared[0] == curve.group else Cell()
            yield Row((Cell(curve.group), Cell(), Cell(text), last), "level")


def _points(effect: EffectEstimate) -> Cell:
    """Write a difference in risk in percentage points."""
    estimate_, low, high = (100 * value for value in (effect.difference or 0.0, *effect.ci()))
    return Cell(number_with_interval(estimate_, low, high, 1), (), effect.row_id)


def _hazards(case: Case, detail: Detail) -> Table:
    table = hazard_table(
        [named(row) for row in detail.univariable],
        [named(row) for row in detail.adjusted.effects],
        flow=detail.adjusted.flow,
        proportional_p=detail.proportional.p_value(),
    )
    table = with_ids_of(table, (*detail.univariable, *detail.adjusted.effects))
    return table.titled(
        f"Hazard ratios for {endpoint_name(case.endpoint)}: {case.cohort.title}, {detail.adjusted.effect.population}"
    )


def _proportional_text(detail: Detail) -> Paragraph:
    marker, whole = detail.proportional.p_value("marker"), detail.proportional.p_value()
    parts: list[Inline] = [
        f"Proportional hazards: marker {p_value(marker, label=True)}, global {p_value(whole, label=True)}. "
    ]
    if detail.periods is not None:
        told: list[Inline] = []
        for i, row in enumerate(detail.periods.effects):
            told += [", " if i else "", f"{_period(row)} ", estimate(row)]
        parts += ["By period: ", *told, f"; equal in both: {p_value(detail.periods.p_value, label=True)}."]
    return Paragraph(tuple(parts))


def _proportional(case: Case, detail: Detail) -> Table:
    rows = [
        Row((Cell(_term_name(r["term"], detail)), number_cell(r["chisq"]), count_cell(r["df"]), p_cell(r["p_value"])))
        for r in detail.proportional.terms.to_dict("records")
    ]
    return Table(
        title=f"Test of proportional hazards: {setting_of(case)}, adjusted model",
        columns=(Column("Term"), Column("Chi-squared", "number"), Column("df", "count"), Column("P", "p")),
        rows=tuple(rows),
        footnotes=("Score test of Grambsch and Therneau, Kaplan-Meier time scale.",),
    )


def _term_name(name: str, detail: Detail) -> str:
    return "All terms" if name == "GLOBAL" else term_label(name, named(detail.crude.effect))


_YEARS = {(0.0, 60.0): "years 0-5", (60.0, None): "after year 5"}


def _period(effect: EffectEstimate) -> str:
    return _YEARS.get((effect.from_months or 0.0, effect.to_months), effect.period)


def _periods(case: Case, detail: Detail) -> Table:
    effects = detail.periods.effects if detail.periods else ()
    rows = [
        Row(
            (
                Cell(_period(e)),
                count_cell(e.n),
                count_cell(e.events),
                effect_cell(e),
                p_cell(e.p_value, e.row_id),
            )
        )
        for e in effects
    ]
    return Table(
        title=f"Hazard ratio by period: {setting_of(case)}, adjusted model",
        columns=(Column("Since diagnosis"), Column("At risk", "count"), Column("Events", "count"),
                 Column("HR (95% CI)", "ratio"), Column("P", "p")),
        rows=tuple(rows),
        footnotes=tuple(sentence for e in effects for sentence in e.sentences),
    )  # fmt: skip


def _interaction(case: Case, name: str) -> Iterator[Block]:
    found = case.interaction
    if found is None:
        return
    crude = found.crude or found
    adjusted = found if found.crude is not None else None
    yield Paragraph.of(
        f"Is there less benefit of endocrine therapy {_where_less(found.judged)}? Ratio of HRs ",
        estimate(found.judged),
        ", likelihood-ratio ",
        p_of(found.judged),
        *(("; crude ", estimate(crude.judged)) if adjusted is not None else ()),
        ".",
        *_detectable(case),
    )
    table = contrast_table(
        [named(row) for row in crude.effects],
        None if adjusted is None else [named(row) for row in adjusted.effects],
    )
    table = with_ids_of(table, (*crude.effects, *found.effects))
    yield TableBlock(f"interaction-{name}", table.titled(f"{setting_of(case)}: marker and endocrine therapy"))
    drawn = [replace(e, label=_contrast_name(e), marker="") for e in found.effects]
    yield Figure(
        f"contrasts-{name}",
        partial(forest, drawn, favours=_SIDES),
        (f"{setting_of(case)}: the contrasts of the adjusted interaction model.",),
        f"Forest plot: {joined([f'{_contrast_name(e)} {estimate(e).text}' for e in found.effects])}.",
        narrow=partial(forest, drawn, favours=_SIDES, width="phone"),
    )


def _where_less(row: EffectEstimate) -> str:
    return f"the higher {row.variable} is" if row.is_number else "if altered"


def _robustness(cases: Sequence[Case], key: str) -> Iterator[Part]:
    """Show the robustness panels: the first stands open where its interaction was seen, the others are folded."""
    own = [case for case in cases if case.robustness is not None]
    panels = [_panel(case, case.robustness.panel) for case in cases if case.robustness is not None]
    first = 1 if own and own[0].verdict is not None and own[0].verdict.seen else 0
    if first:
        yield Part(f"{key}-robustness", "How robust the interaction is", tuple(panels[:first]))
    if others := panels[first:]:
        title = "How robust the others are" if first else "How robust the interactions are"
        yield Part(f"{key}-robustness-others", title, tuple(others), folded=True)


def _panel(case: Case, panel: Panel) -> TableBlock:
    name = "-".join((case.cohort.name, case.marker, case.call.rule, case.endpoint)).lower()
    return TableBlock(f"robustness-{name}", panel.table().titled(f"Robustness panel: {setting_of(case)}"))


def _contrast_name(effect: EffectEstimate) -> str:
    if effect.estimand == "interaction":
        return f"Ratio of HRs{', Firth' if effect.model == 'firth' else ''}"
    return f"{effect.contrast}, {named(effect).within}"


def _detectable(case: Case) -> list[Inline]:
    verdict = case.verdict
    if verdict is None or verdict.ratio is None:
        return []
    words = detectable_words(verdict)
    return [Shown(f" {words[:1].upper()}{words[1:]}.", verdict.basis)]


def _side_by_side(cases: Sequence[Case]) -> Table:
    """Show every rule and endpoint of a marker, the primary one marked."""
    rows: list[Row] = []
    heading = ""
    adjusted = ", adjusted" if any(row.adjusted_for for c in cases for row in c.prognostic) else ""
    for case in cases:
        head = f"{case.cohort.title}: {rule_words(case)}"
        if head != heading:
            rows.append(Row((Cell(head), *[Cell()] * 7), "heading"))
            heading = head
        rows.append(_line(case))
    return Table(
        title=f"{marker_name(cases[0].marker)}: every rule and endpoint side by side",
        columns=(
            Column("Endpoint"), Column(patients_of(cases), "number"), Column("Events", "count"),
            Column(f"{head_of(cases)}, crude", "ratio"), Column(f"{head_of(cases)}{adjusted}", "ratio"),
            Column(f"Ratio of HRs{adjusted}", "ratio"), Column("P (LRT)", "p"), Column("Verdict"),
        ),
        rows=tuple(rows),
        footnotes=(
            f"Rules differ in what they measure: none of them stands for another. {head_of(cases)}: among the treated, "
            "contrast of the interaction model. Intervals: 95%.",
            *_reasons(cases),
        ),
    )  # fmt: skip


def _reasons(cases: Sequence[Case]) -> Iterator[str]:
    """Say why rows are NE, and where events are few."""
    for case in cases:
        note = case.prognostic[-1].note if case.prognostic else ""
        for told in filter(None, (case.problem, note)):
            yield f"{case.cohort.title}, {case.endpoint}, {assay_of(case)}: {told}"


def _line(case: Case) -> Row:
    label = case.endpoint + ("" if case.role == "sensitivity" else f" ({case.role})")
    verdict = case.label
    if not case.prognostic:
        return Row((Cell(label), *[Cell()] * 2, *[Cell("NE")] * 3, Cell(), Cell(verdict)), "level")
    crude, adjusted = case.prognostic[0], case.prognostic[-1]
    ratio_cell, p = Cell("NE"), Cell()
    if case.interaction is not None:
        effect = case.interaction.judged
        ratio_cell, p = effect_cell(effect), p_cell(effect.p_value, effect.row_id)
    if adjusted.n is None:
        share = Cell("")
    else:
        share = Cell(count(adjusted.n) if adjusted.is_number else f"{count(adjusted.n_1)}/{count(adjusted.n)}")
    return Row(
        (
            Cell(label),
            share,
            count_cell(adjusted.events),
            effect_cell(crude),
            effect_cell(adjusted),
            ratio_cell,
            p,
            Cell(verdict),
        ),
        "level",
    )


def _family(findings: Findings) -> Section | None:
    """Show the primary interactions corrected for one another, where there is more than one."""
    found = corrected(findings)
    rows = []
    for case in findings.leading():
        ratio = case.interaction.ratio if case.interaction is not None else None
        if ratio is None or ratio.row_id not in found:
            continue
        one = found[ratio.row_id]
        tests = (p_cell(p, ratio.row_id) for p in (one.raw, one.holm, one.bh))
        rows.append(Row((Cell(setting_of(case)), effect_cell(ratio), *tests)))
    if not rows:
        return None
    tests_heads = (Column(name, "p") for name in ("P", "Holm", "Benjamini-Hochberg"))
    heads = (Column("Primary interaction"), Column("Ratio of HRs (95% CI)", "ratio"), *tests_heads)
    table = Table(title="The primary interactions as one family of tests", columns=heads, rows=tuple(rows))
    about = Paragraph.of(
        "Primary means first in the plan. The plan was written with these public data at hand, so that these P values, "
        "corrected or not, are not those of a registered protocol.",
        kind="note",
    )
    return Section("family", "All primary interactions", (TableBlock("family", table), about), "Markers")
