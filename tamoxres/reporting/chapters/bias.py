"""The risk of bias of the published studies, as a person judged it; where nobody did, the report says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ...evidence import studies
from ...figures.risk_of_bias import MOST_LIGHTS, traffic_light
from ...meta.bias_tools import BiasTool
from ...meta.risk_of_bias import Judged, RiskOfBias, risk_of_bias
from ...wording import count
from ..page import Block, Code, Figure, Paragraph, Part, Section, TableBlock
from ..pools import PoolAnswer
from ..weigh import Weighed
from .words import joined

__all__ = ["bias_section", "judged_by"]


def judged_by(paths: Sequence[str]) -> tuple[RiskOfBias, ...]:
    """Read a plan's files of judgements.

    Raises
    ------
    DataError
        If one is not read, or holds what its tool does not have.
    """
    return tuple(risk_of_bias(path) for path in paths)


def bias_section(judged: Sequence[RiskOfBias], weighed: Sequence[Weighed], pools: Sequence[PoolAnswer]) -> Section:
    """Show the lights of each tool, those studies too that the report pools or rates and nobody judged.

    Parameters
    ----------
    judged : sequence of RiskOfBias
        As `judged_by` reads them; none where nobody judged.
    weighed : sequence of Weighed
    pools : sequence of PoolAnswer
    """
    used = _used(weighed, pools)
    blocks: list[Block] = []
    if not judged:
        said = f"Risk of bias was not judged: none of the {count(len(used))} published studies that are pooled or rated"
        blocks.append(
            Paragraph.of(
                f"{said} has a judgement by QUIPS or ROBINS-I. That is a person's work, and nothing is judged here; a "
                "plan names files of judgements as ", Code("bias"), ".",
            )
        )  # fmt: skip
    for one in judged:
        blocks += _shown(one, used)
    return Section("bias", "Risk of bias", tuple(blocks), "Pooled evidence")


def _used(weighed: Sequence[Weighed], pools: Sequence[PoolAnswer]) -> dict[str, str]:
    """Name the published studies that enter a rating or a pool, by id."""
    rows = [row for one in weighed for row in one.rated.effects]
    rows += [row for answer in pools for row in answer.effects]
    return {row.study: row.label for row in rows if row.origin == "published"}


def _shown(judged: RiskOfBias, used: Mapping[str, str]) -> list[Block]:
    tool = judged.tool
    whole = _with_others(judged, used)
    name = f"bias-{tool.name.lower()}"
    made = sum(bool(row.overall) or any(row.levels.values()) for row in whole.rows)
    of = f"{tool.name}: {count(made)} of {count(len(whole.rows))} {_plural(tool)} judged"
    told = f"{of}, by a person whose judgements the plan names; the others stand as not assessed. {tool.rule}"
    blocks: list[Block] = [Paragraph.of(told)]
    if len(whole.rows) <= MOST_LIGHTS:
        wholes = [f"{row.label} {row.overall}" for row in whole.rows if row.overall]
        blocks.append(
            Figure(
                name, partial(traffic_light, whole, width="double"),
                (f"Risk of bias by {tool.name} ({tool.reference}).",),
                f"Traffic lights of {of}. Overall: {joined(wholes) if wholes else 'none'}.",
                narrow=partial(traffic_light, whole, width="phone"),
            )
        )  # fmt: skip
    table = TableBlock(f"{name}-table", whole.table())
    return [*blocks, Part(f"{name}-all", f"{tool.name}: every judgement", (table,), folded=True)]


def _with_others(judged: RiskOfBias, used: Mapping[str, str]) -> RiskOfBias:
    """Put the used studies first, with a person's judgements where they stand; syntheses are those judged alone."""
    if judged.tool.of != "study":
        return judged
    names = dict(zip(*(studies()[name] for name in ("study_id", "study")), strict=True))
    given = {row.study: replace(row, label=_label(row, names)) for row in judged.rows}
    blank = risk_of_bias(tool=judged.tool.name, studies=used).rows if used else ()
    rows = [given.pop(row.study, row) for row in blank]
    return RiskOfBias(tool=judged.tool, rows=(*rows, *given.values()))


def _label(row: Judged, names: Mapping[str, str]) -> str:
    """Take a person's own label, else the study's in the literature table."""
    return names.get(row.study, row.label) if row.label == row.study else row.label


def _plural(tool: BiasTool) -> str:
    return "studies" if tool.of == "study" else "syntheses"
