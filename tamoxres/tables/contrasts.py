"""The interaction table: marker within treatment, treatment within marker, and the ratio of the two, of one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from ..effects import EffectEstimate
from ..errors import EffectError
from ..wording import count
from ..wording.codes import treatment_words
from .cells import count_cell, effect_cell, p_cell
from .hazard_notes import notes
from .hazards import term_label
from .style import Numbers, printed
from .table import Cell, Column, Row, Table

__all__ = ["contrast_table"]

_HEADS = {
    "interaction": "Does the treatment work differently? (interaction)",
    "prognostic": "Marker, by treatment (prognostic)",
    "treatment_effect": "Treatment, by marker",
}  # fmt: skip


@printed
def contrast_table(
    crude: Sequence[EffectEstimate], adjusted: Sequence[EffectEstimate] | None = None, **numbers: Unpack[Numbers]
) -> Table:
    """Print the contrasts of an interaction model, crude beside adjusted.

    Parameters
    ----------
    crude : sequence of EffectEstimate
        The ratio of hazard ratios and the four hazard ratios (`InteractionResult.effects`).
    adjusted : sequence of EffectEstimate, optional
        The same of the adjusted model, in the same order.

    Returns
    -------
    Table

    Raises
    ------
    EffectError
        If the two differ in their contrasts, or there are none.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> table = contrast_table(tr.cox(gbsg).effects)
    >>> len(table.rows)
    2
    """
    models = [crude] if adjusted is None else [crude, adjusted]
    if not crude or any([e.term for e in model] != [e.term for e in crude] for model in models):
        raise EffectError("Crude and adjusted contrasts must be the same ones in the same order, and at least one.")
    rows: list[Row] = []
    width = 3 + 2 * len(models)
    for estimand, head in _HEADS.items():
        lines = [line for line in zip(*models, strict=True) if line[0].estimand == estimand]
        if lines:
            rows.append(Row((Cell(head), *[Cell()] * (width - 1)), "heading"))
            rows += [_row(line) for line in lines]
    first = crude[0]
    told = notes(models, named=(), flow=None, proportional_p=None, time_origin="diagnosis")
    marker = term_label("marker", first)
    about = f"{marker} and {treatment_words(first.treatment_1)} on {first.endpoint}"
    return Table(
        title=f"{about}: {first.label}, {first.population}",
        columns=_columns(first, len(models)), rows=tuple(rows),
        footnotes=(
            "Contrasts of one model, not refits of subsets. Ratio of hazard ratios: above 1, the treatment helps less "
            f"{_less_when(first)}; its P is of the likelihood-ratio test.",
            *told,
        ),
    )  # fmt: skip


def _row(line: Sequence[EffectEstimate]) -> Row:
    first = line[0]
    cells = [Cell(_label(first)), count_cell(first.n), count_cell(first.events)]
    for effect in line:
        cells += [effect_cell(effect), p_cell(effect.p_value, effect.row_id)]
    return Row(tuple(cells), "level")


def _label(effect: EffectEstimate) -> str:
    if effect.estimand == "interaction":
        penalised = ", Firth's penalty" if effect.model == "firth" else ""
        return f"Ratio of hazard ratios{f', {effect.contrast}' if effect.is_number else ''}{penalised}"
    arms = (
        f" ({_arm(effect.n_1, effect.events_1)} v {_arm(effect.n_0, effect.events_0)})"
        if effect.n_1 is not None and effect.n_0 is not None
        else ""
    )
    return f"{effect.contrast}, {effect.within}{arms}"


def _less_when(effect: EffectEstimate) -> str:
    return f"the higher {effect.variable} is" if effect.is_number else "when the marker is altered"


def _arm(n: int | None, events: int | None) -> str:
    return f"{count(events)}/{count(n)}"


def _columns(first: EffectEstimate, models: int) -> tuple[Column, ...]:
    estimate = f"{first.measure} ({100 * first.level:g}% CI)"
    heads = [estimate] if models == 1 else [f"Crude {estimate}", f"Adjusted {estimate}"]
    pairs = [column for head in heads for column in (Column(head, "ratio"), Column("P", "p"))]
    return (Column("Contrast (events/patients)"), Column("N", "count"), Column("Events", "count"), *pairs)
