"""The hazard-ratio table: crude beside adjusted, one line a coefficient, one P a term, every choice told below it.

Conventions: a variable stands on its own bold row with its global P, its levels indented, the reference level as
`1.00 (reference)`; numbers are per the unit in their label; N and events are those of the crude model, where there is
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Unpack

from ..codebook import column, column_words
from ..effects import EffectEstimate
from ..endpoints import STEEP
from ..errors import EffectError
from ..flow import Flow
from ..wording.codes import treatment_words
from ..wording.levels import level_texts
from ..wording.rows import per_words
from .cells import count_cell, effect_cell, p_cell, reference_cell
from .hazard_notes import notes
from .style import Numbers, printed
from .table import Cell, Column, Row, Table

__all__ = ["PER", "hazard_table", "term_label"]

Key = tuple[str, str]
Side = Mapping[Key, EffectEstimate]  # one model's rows by coefficient
PER: Mapping[str, float] = MappingProxyType({"age": 10, "size_mm": 10, "er_percent": 10, "diagnosis_year": 10})
_MEASURES = {"HR": "Hazard ratios", "sHR": "Subdistribution hazard ratios", "RR": "Risk ratios", "OR": "Odds ratios"}


@printed
def hazard_table(
    crude: Sequence[EffectEstimate],
    adjusted: Sequence[EffectEstimate] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    per: Mapping[str, float] | None = None,
    flow: Flow | None = None,
    proportional_p: float | None = None,
    time_origin: str = "diagnosis",
    **numbers: Unpack[Numbers],
) -> Table:
    """Print hazard ratios, crude beside adjusted.

    Parameters
    ----------
    crude : sequence of EffectEstimate
        One a coefficient, as `fit.effects` gives them: a term such as `marker[altered]` or `age`.
    adjusted : sequence of EffectEstimate, optional
        Of the adjusted model; it sets the order of the variables.
    labels : mapping of str to str, optional
        Words for a term (`marker`), a coefficient (`marker[altered]`) or a level (`altered`).
    per : mapping of str to float, optional
        Units of a number's hazard ratio; ten years of age and ten millimetres of size unless said otherwise.
    flow : Flow, optional
        Of the model: who was left out, and why.
    proportional_p : float, optional
        Global P of the test of proportional hazards, of the adjusted model where there is one.
    time_origin : str

    Returns
    -------
    Table

    Raises
    ------
    EffectError
        If there are no rows, they differ in study, endpoint or measure, or the flow ends with other patients than the
        last model's.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> len(hazard_table(tr.cox(gbsg, adjust="nodes").effects).rows)
    5
    """
    models = [crude] if adjusted is None else [crude, adjusted]
    rows = [effect for model in models for effect in model]
    _check(rows)
    _check_flow(flow, models[-1] or crude)
    words = _Words(labels or {}, {**PER, **(per or {})})
    variables = _variables([{_key(effect): effect for effect in model} for model in models])
    has_years = any(effect.person_years for effect in rows)
    body = [_everyone(crude or rows, has_years, len(models))]
    for variable in variables:
        body += _block(variable, words, has_years)
    known, first = STEEP.get(rows[0].endpoint), rows[0]
    endpoint = known.name if known else first.endpoint or "the endpoint"
    named = [words.variable(v) for v in variables if v.shown[0].estimand]
    told = notes(models, named=named, flow=flow, proportional_p=proportional_p, time_origin=time_origin)
    return Table(
        title=f"{_MEASURES[first.measure]} for {endpoint}: {first.label}, {first.population}",
        columns=_columns(first, has_years, len(models)),
        rows=tuple(body),
        footnotes=told,
    )


def term_label(name: str, effect: EffectEstimate | None = None) -> str:
    """Name a term in words: the marker with its rule, or the meaning that the codebook gives a column."""
    if ":" in name:
        return " x ".join(term_label(part, effect) for part in name.split(":"))
    if name == "marker" and effect is not None and effect.marker:
        return f"{effect.marker} ({effect.rule})" if effect.rule else effect.marker
    if name == "treatment":
        return _capital(treatment_words((effect.treatment_1 if effect is not None else "") or "endocrine"))
    return _capital(column_words(name))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class _Variable:
    """One term: its name, and for each of its coefficients the row of each model, where it has one."""

    name: str
    lines: tuple[tuple[EffectEstimate | None, ...], ...]

    @property
    def shown(self) -> tuple[EffectEstimate, ...]:
        """The first row of each coefficient: the crude one where there is one."""
        return tuple(next(effect for effect in line if effect is not None) for line in self.lines)

    def of_model(self, i: int) -> EffectEstimate | None:
        """A row of this term in model `i`, whichever."""
        return next((line[i] for line in self.lines if line[i] is not None), None)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a table: the caller's where given, else those of the codebook."""

    labels: Mapping[str, str]
    per: Mapping[str, float]

    def variable(self, variable: _Variable) -> str:
        effect = variable.shown[0]
        label = self.labels.get(variable.name) or term_label(variable.name, effect)
        if effect.scale in ("per_sd", "per_doubling") or effect.scale_unit:
            return f"{label}, {per_words(effect.scale, effect.scale_unit)}"
        if effect.scale != "per_unit":
            return label
        declared, units = column(variable.name), self.per.get(variable.name, 1)
        unit = declared.unit if declared else ""
        return (
            f"{label}, per {unit.removesuffix('s') or 'unit'}"
            if units == 1
            else f"{label}, per {units:g} {unit or 'units'}"
        )

    def levels(self, variable: str, levels: Iterable[str]) -> dict[str, str]:
        """Write the levels of a variable, the reference among them."""
        return {
            level: self.labels.get(f"{variable}[{level}]") or self.labels.get(level) or text
            for level, text in level_texts(levels).items()
        }


def _check(rows: Sequence[EffectEstimate]) -> None:
    if not rows:
        raise EffectError("A hazard-ratio table needs at least one effect row; found none.")
    for name in ("study", "endpoint", "measure"):
        found = list(dict.fromkeys(getattr(effect, name) for effect in rows))
        if len(found) > 1:
            told = ", ".join(value or "not given" for value in found[:4])
            raise EffectError(f"Effects of one hazard-ratio table differ in {name}: {told}. Make one table for each.")
    if rows[0].measure not in _MEASURES:
        raise EffectError(f"A hazard-ratio table takes ratios; {rows[0].label} has measure {rows[0].measure}.")


def _variables(sides: Sequence[Side]) -> list[_Variable]:
    """Gather the models' rows by term and coefficient, in the order of the last model, then of the first."""
    keys = list(dict.fromkeys(key for side in reversed(sides) for key in side))
    lines = {key: tuple(side.get(key) for side in sides) for key in keys}
    return [
        _Variable(name, tuple(lines[key] for key in keys if key[0] == name))
        for name in dict.fromkeys(key[0] for key in keys)
    ]


def _key(effect: EffectEstimate) -> Key:
    """Return a coefficient's key: its term, and the level it stands for (empty for a number)."""
    return effect.term_name or effect.marker or effect.contrast or "effect", effect.compared[0]


def _everyone(rows: Sequence[EffectEstimate], has_years: bool, models: int) -> Row:
    most = max(rows, key=lambda effect: effect.n or 0)
    return Row(
        (Cell("All patients"), *_counts(most.n, most.events, has_years, most.person_years), *[Cell()] * 2 * models)
    )


def _block(variable: _Variable, words: _Words, has_years: bool) -> list[Row]:
    """Write a variable's rows: its heading with the global P, the reference, the levels; a number has one row."""
    first, label = variable.shown[0], Cell(words.variable(variable))
    tests = [_term_p(variable.of_model(i), alone=len(variable.lines) == 1) for i in range(len(variable.lines[0]))]
    if not first.compared[0]:
        per = words.per.get(variable.name, 1)
        counts = _counts(first.n, first.events, has_years, first.person_years)
        return [
            Row((label, *counts, *_pairs([_estimate(effect, per) for effect in variable.lines[0]], tests)), "heading")
        ]
    rows = [Row((label, *_counts(None, None, has_years), *_pairs([Cell()] * len(tests), tests)), "heading")]
    untested = [Cell()] * len(tests)
    reference = first.compared[1]
    texts = words.levels(variable.name, [reference, *(effect.compared[0] for effect in variable.shown)])
    if reference:
        cells = [Cell() if variable.of_model(i) is None else reference_cell(first) for i in range(len(tests))]
        rows.append(
            Row(
                (Cell(texts[reference]), *_counts(first.n_0, first.events_0, has_years), *_pairs(cells, untested)),
                "level",
            )
        )
    for line, effect in zip(variable.lines, variable.shown, strict=True):
        told = Cell(texts[effect.compared[0]])
        cells = [_estimate(side, 1) for side in line]
        rows.append(Row((told, *_counts(effect.n_1, effect.events_1, has_years), *_pairs(cells, untested)), "level"))
    return rows


def _counts(n: int | None, events: int | None, has_years: bool, years: float | None = None) -> list[Cell]:
    person_years = [count_cell(None if years is None else round(years))] if has_years else []
    return [count_cell(n), count_cell(events), *person_years]


def _pairs(estimates: Sequence[Cell], tests: Sequence[Cell]) -> list[Cell]:
    return [cell for pair in zip(estimates, tests, strict=True) for cell in pair]


def _estimate(effect: EffectEstimate | None, per: float) -> Cell:
    return Cell() if effect is None else effect_cell(effect, per)


def _term_p(effect: EffectEstimate | None, *, alone: bool) -> Cell:
    if effect is None:
        return Cell()
    return p_cell(effect.term_p if effect.term_p is not None else effect.p_value if alone else None, effect.row_id)


def _check_flow(flow: Flow | None, model: Sequence[EffectEstimate]) -> None:
    """Refuse a flow that is another model's: the table would tell two numbers of patients for one."""
    sizes = sorted({effect.n for effect in model if effect.n is not None})
    if flow is None or not sizes:
        return
    last = list(flow)[-1].patients
    if last not in sizes:
        raise EffectError(
            f"The flow ends with {last:,} patients, the model holds {sizes[-1]:,}.",
            mend="Give the flow of the model that the rows come from: fit.analysis.flow.",
        )


def _columns(first: EffectEstimate, has_years: bool, models: int) -> tuple[Column, ...]:
    estimate = f"{first.measure} ({100 * first.level:g}% CI)"
    heads = [estimate] if models == 1 else [f"Crude {estimate}", f"Adjusted {estimate}"]
    years = [Column("Person-years", "count")] if has_years else []
    estimates = [column for head in heads for column in (Column(head, "ratio"), Column("P", "p"))]
    return (Column("Characteristic"), Column("N", "count"), Column("Events", "count"), *years, *estimates)
