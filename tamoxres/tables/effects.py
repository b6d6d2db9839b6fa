"""Effect rows as a table: one line a row, whatever the rows are of; and a list of rows that shows itself so.

Conventions: what all rows share stands in the title, what differs has a column; a P is a Wald test's unless its test is
named beside it; the sentence of a flag stands once under the table, in the order in which the rows bear it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from ..effects import EffectEstimate, effects_to_frame
from ..wording.codes import flag_sentences
from ..wording.rules import measure_words
from .cells import count_cell, effect_cell, p_cell
from .hazard_notes import model_note
from .hazards import term_label
from .style import Numbers, printed
from .table import Cell, Column, Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EffectRows", "difference_cells", "effect_columns", "effects_table", "estimate_cell", "printed_p_cell",
    "rows_title",
]  # fmt: skip

_TESTS = {
    "lrt": "likelihood ratio", "score": "score", "profile": "profile likelihood", "logrank": "log-rank", "gray": "Gray",
    "permutation": "permutation", "calibrated": "calibrated", "printed": "as printed",
}  # fmt: skip
_RELATIONS = {"<": "<", ">": ">"}


class EffectRows(list[EffectEstimate]):
    """Effect rows, a list like any other, that shows itself as a table.

    Examples
    --------
    >>> rows = EffectRows([EffectEstimate(study="a", log_estimate=0.5, se=0.2, estimand="prognostic")])
    >>> print(rows)
    a prognostic: HR 1.65 (1.11-2.44), P = 0.012
    >>> rows.to_frame()["measure"].tolist()
    ['HR']
    """

    @property
    def flags(self) -> tuple[str, ...]:
        """Codes of what must be said of any of the rows."""
        return tuple(dict.fromkeys(flag for row in self for flag in row.flags))

    def table(self, *, title: str = "") -> Table:
        """Return the rows as a table."""
        return effects_table(self, title=title)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a frame, numbers in full, with the columns of a file of effect rows."""
        return effects_to_frame(self)

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def _repr_html_(self) -> str:
        return str(self.table()._repr_html_())


@printed
def effects_table(rows: Sequence[EffectEstimate], *, title: str = "", **numbers: Unpack[Numbers]) -> Table:
    """Print effect rows of any kind: of one model, of a question, or published ones.

    Parameters
    ----------
    rows : sequence of EffectEstimate
    title : str
        What the rows have in common, if not given.

    Returns
    -------
    Table
        Study, marker, endpoint, group and measure where they differ; contrast, N, events, the estimate with its
        interval, and P. What was not estimated says so in words.

    Examples
    --------
    >>> row = EffectEstimate(study="a", log_estimate=0.5, se=0.2, n=90, events=40, estimand="prognostic")
    >>> print(effects_table([row], title="One effect").to_markdown())
    **One effect**
    <BLANKLINE>
    | Contrast | N | Events | HR (95% CI) | P |
    |:---|---:|---:|---:|---:|
    | altered v unaltered | 90 | 40 | 1.65 (1.11-2.44) | 0.012 |
    <BLANKLINE>
    """
    one_study = len({row.study for row in rows}) == 1
    models = {_model(row) for row in rows if row.model} if one_study else set()
    columns = [*_columns(rows), *([(Column("Model"), _texts(_words_of_model))] if len(models) > 1 else [])]
    own = [sentence for row in rows for sentence in (row.sentences if one_study else flag_sentences(row.flags))]
    return Table(
        title=title or rows_title(rows),
        columns=tuple(column for column, _ in columns),
        rows=tuple(Row(tuple(write(row) for _, write in columns)) for row in rows),
        footnotes=(*([model_note([rows])] if len(models) == 1 else []), *own),
    )


_Written = tuple[Column, Callable[[EffectEstimate], Cell]]


def _columns(rows: Sequence[EffectEstimate]) -> list[_Written]:
    facts: tuple[tuple[str, Callable[[EffectEstimate], str]], ...] = (
        ("Study", lambda row: row.label),
        ("Marker", lambda row: row.marker),
        ("Endpoint", lambda row: row.endpoint),
        ("Term", _term),
    )
    out: list[_Written] = [(Column(head), _texts(read)) for head, read in facts if len(set(map(read, rows))) > 1]
    out.append((Column("Contrast"), _texts(_contrast)))
    out += [(Column("Among"), _texts(_among))] if any(map(_among, rows)) else []
    return [*out, *effect_columns(rows)]


def effect_columns(rows: Sequence[EffectEstimate]) -> list[_Written]:
    """Return the columns of the answer, each with what writes a row's cell: N, events, estimate with interval, P."""
    measures = set(map(_measure, rows))
    out: list[_Written] = []
    if any(row.n is not None for row in rows):
        out.append((Column("N", "count"), lambda row: count_cell(row.n)))
    if any(row.events is not None for row in rows):
        out.append((Column("Events", "count"), lambda row: count_cell(row.events)))
    if len(measures) > 1:
        out.append((Column("Measure"), _texts(_measure)))
    out.append((Column(measures.pop() if len(measures) == 1 else "Estimate", "ratio"), estimate_cell))
    out.append((Column("P", "p"), printed_p_cell))
    if any(row.p_kind in _TESTS for row in rows):
        out.append((Column("Test"), _texts(lambda row: _TESTS.get(row.p_kind, ""))))
    return out


def _measure(row: EffectEstimate) -> str:
    return f"{measure_words(row.measure, row.estimand)} ({100 * row.level:g}% CI)"


def estimate_cell(row: EffectEstimate) -> Cell:
    """Make the cell of an estimate with its interval, or of the words for why there is none."""
    return effect_cell(row) if row.status == "estimated" else Cell(row.status.replace("_", " "), (), row.row_id)


def printed_p_cell(row: EffectEstimate) -> Cell:
    """Make the cell of the reported P; one printed as a bound keeps its sign, one told in words says `ns`."""
    cell = p_cell(row.p_value, row.row_id)
    if row.p_relation == "ns" and row.p_value is None:
        return Cell("ns", (), row.row_id)
    sign = _RELATIONS.get(row.p_relation, "")
    return Cell(f"{sign}{row.p_value:g}", (), row.row_id) if sign and row.p_value is not None else cell


def difference_cells(row: EffectEstimate | None) -> tuple[Cell, Cell]:
    """Make the cells of a group's difference from the first and its P; the first group itself is the reference."""
    return (Cell("reference"), Cell()) if row is None else (estimate_cell(row), printed_p_cell(row))


def _texts(read: Callable[[EffectEstimate], str]) -> Callable[[EffectEstimate], Cell]:
    return lambda row: Cell(read(row))


def _term(row: EffectEstimate) -> str:
    """Name what the row is of: a covariate, the marker, the treatment, or their interaction."""
    if row.variable:
        return term_label(row.variable, row)
    names = {"prognostic": "Marker", "treatment_effect": "Treatment", "interaction": "Interaction"}
    return names.get(row.estimand, row.term)


def _contrast(row: EffectEstimate) -> str:
    """Write what is compared; a row with a reference cell alone (RERI) names that."""
    of, against = row.compared
    return f"reference: {against}" if against and not of else row.contrast or _term(row)


def _model(row: EffectEstimate) -> tuple[str, frozenset[str]]:
    """Return what tells one model from another: its method, and the covariates in it."""
    return row.method, frozenset({*row.adjusted_for, row.variable} - {""})


def _words_of_model(row: EffectEstimate) -> str:
    adjusted = ", ".join(row.adjusted_for)
    return ", ".join(filter(None, [row.method, f"adjusted for {adjusted}" if adjusted else "crude"]))


def _among(row: EffectEstimate) -> str:
    return ", ".join(text for text in (row.within, row.period) if text)


def rows_title(rows: Sequence[EffectEstimate]) -> str:
    """Write what all rows have in common: study, marker, endpoint, population.

    Examples
    --------
    >>> rows_title([EffectEstimate(study="GBSG", log_estimate=0.5, se=0.2, endpoint="RFS", er="positive")])
    'GBSG, RFS, ER positive'
    """
    if not rows:
        return "No effect rows"
    reads: tuple[Callable[[EffectEstimate], Any], ...] = (
        lambda row: row.label,
        lambda row: row.marker,
        lambda row: f"by {row.rule}" if row.rule else "",
        lambda row: row.endpoint,
    )
    shared = [values.pop() for read in reads if len(values := set(map(read, rows))) == 1]
    parts = [part for part in rows[0].population_parts if all(part in row.population_parts for row in rows)]
    return ", ".join(filter(None, [*shared, *parts])) or f"{len(rows)} effect rows"
