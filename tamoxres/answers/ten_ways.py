"""One interaction asked in ten ways: the primary row, and nine that show how far it depends on how it is asked.

Conventions: the first row is the answer, chosen before the others; the other nine are sensitivity. They share their
patients and are no independent findings, so that nothing is counted as votes: what is said is on which side each lies
and whether its interval holds no interaction. Sides: treatment helps less, or more, when the marker is altered; a
difference in mean survival time is turned round for that. A way that cannot be gone says why.

References
----------
Steegen S et al. 2016, doi:10.1177/1745691616658637 (many analyses of one question). Thabane L et al. 2013,
doi:10.1186/1471-2288-13-92 (sensitivity analyses).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..analysis import AnalysisSet, select
from ..analysis.uncut import refuse_uncut
from ..cohort import Cohort
from ..effects import EffectEstimate
from ..errors import TamoxresError
from ..inference.bias import Confounder, bias_analysis
from ..inference.verdict import Verdict, design_flags
from ..markers.calling import call, rules_for
from ..models.absolute import absolute_effects
from ..models.changing_interaction import changing_interaction
from ..models.competing_interaction import competing_interaction
from ..models.interaction import InteractionResult, interaction, one_interaction
from ..models.misclassified import Accuracy, misclassified
from ..models.pseudo_values import pseudo_regression
from ..models.weighted_interaction import weighted_interaction
from ..registry import built_in
from ..tables.cells import count_cell, effect_cell, p_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import one_or_more
from ..wording import ratio_with_interval
from ..wording.codes import flag_sentences, treatment_words
from ..wording.rules import measure_words

__all__ = ["Assumed", "TenWays", "ten_ways", "ways_by_marker"]

_CUT = 60.0
_Way = tuple[str, Callable[[], EffectEstimate]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What two of the ten ways assume, which no data here tell.

    Attributes
    ----------
    accuracy : Accuracy
        Of the marker's call.
    confounder : Confounder
        In the altered alone.

    Examples
    --------
    >>> print(Assumed().accuracy)
    sensitivity 95.0%, specificity 95.0%
    """

    accuracy: Accuracy = field(default_factory=lambda: Accuracy(sensitivity=0.95, specificity=0.95))
    confounder: Confounder = field(default_factory=lambda: Confounder(ratio=2.0, treated=0.4, untreated=0.2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TenWays(ShowsEffects):
    """The primary interaction and nine sensitivity analyses of it.

    Attributes
    ----------
    effects : EffectRows
        Ten rows, the primary one first; those that could not be estimated say why.
    ways : tuple of str
        What each row is.
    verdict : Verdict
        Of the primary row alone.
    """

    effects: EffectRows
    ways: tuple[str, ...]
    verdict: Verdict

    def table(self) -> Table:
        """Return one line for each way, and the paragraph below."""
        rows = [
            Row((
                Cell(way if i else f"{way} (the answer)"), Cell(measure_words(row.measure, row.estimand)),
                count_cell(row.n),
                effect_cell(row, 100.0 if row.measure == "RD" else 1.0), p_cell(row.p_value), Cell(_side_words(row)),
            ))
            for i, (way, row) in enumerate(zip(self.ways, self.effects, strict=True))
        ]  # fmt: skip
        return Table(
            title=f"Prognostic or predictive, ten ways: {rows_title(self.effects[:1])}",
            columns=(
                Column("Way"), Column("Measure"), Column("N", "number"), Column("Interaction (95% CI)", "ratio"),
                Column("P", "p"), Column("Point: when altered, treatment"),
            ),
            rows=tuple(rows),
            footnotes=(self.paragraph, "RD per 100, RMTLD and RMSTD in months."),
        )  # fmt: skip

    @property
    def paragraph(self) -> str:
        """What may be said of the ten rows together, in one paragraph."""
        first, others = self.effects[0], self.effects[1:]
        made = [row for row in others if row.status == "estimated"]
        less = sum(_side(row) > 0 for row in made)
        clear = [way for way, row in zip(self.ways[1:], others, strict=True) if _excludes(row)]
        absent = len(others) - len(made)
        missing = f", {absent} could not be estimated" if absent else ""
        excluded = "the interval of none excludes" if not clear else f"those of {len(clear)} exclude ({_list(clear)})"
        return (
            f"The answer is the primary row, a ratio of hazard ratios of "
            f"{ratio_with_interval(first.estimate or np.nan, *first.ci())}: {self.verdict} The other "
            f"{len(others)} rows are sensitivity analyses of the same patients, not independent findings: "
            f"{less} of {len(made)} lie on the side where treatment helps less when the marker is altered{missing}, "
            f"and {excluded} no interaction. They do not change the answer."
            + "".join(f" {sentence}" for sentence in flag_sentences(design_flags(first.design)))
        )

    def __str__(self) -> str:
        return self.paragraph


def _list(names: Sequence[str]) -> str:
    return "; ".join(names)


def _side(row: EffectEstimate) -> float:
    """Return the estimate, above 0 where treatment helps less when the marker is altered."""
    return (row.point or 0.0) * (-1.0 if row.measure == "RMSTD" else 1.0)


def _side_words(row: EffectEstimate) -> str:
    if row.status != "estimated":
        return row.remark
    return "helps less" if _side(row) > 0 else "helps more"


def _excludes(row: EffectEstimate) -> bool:
    low, high = row.ci()
    return row.status == "estimated" and not low <= row.null <= high


def ten_ways(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    horizon: float = 120.0,
    assumed: Assumed | None = None,
) -> TenWays:
    """Ask one interaction of marker and treatment in ten ways, the first of which is the answer.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust, strata : str or sequence of str
        Of the primary row.
    horizon : float, months
        Of the absolute ways.
    assumed : Assumed, optional
        The marker's accuracy and the confounder of two of the ways.

    Returns
    -------
    TenWays

    Raises
    ------
    AnalysisError
        If the primary row cannot be estimated, or the marker enters as a number.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> found = ten_ways(both, adjust=["age", "npi"], strata="site")
    >>> len(found.effects), found.verdict.label
    (10, 'prognostic; interaction inconclusive')
    """
    refuse_uncut(analysis, "A comparison of ten ways")
    adjust, by = one_or_more(adjust), one_or_more(strata)
    primary = interaction(analysis, adjust=adjust, strata=by)
    ways = _ways(primary, analysis, (adjust, by), horizon, assumed or Assumed())
    rows = EffectRows([primary.judged])
    for _, ask in ways:
        rows.append(_asked(analysis, ask))
    return TenWays(effects=rows, ways=("adjusted Cox model", *(way for way, _ in ways)), verdict=primary.verdict)


def _asked(analysis: AnalysisSet, ask: Callable[[], EffectEstimate]) -> EffectEstimate:
    """Return the row of one way; where it cannot be gone, a row that says why."""
    try:
        return ask()
    except TamoxresError as reason:
        base: dict[str, Any] = analysis.describe("interaction") | {"estimand": "interaction", "scale": "binary"}
        return EffectEstimate(**base, status="not_estimable", remark=str(reason))


def _ways(
    primary: InteractionResult,
    analysis: AnalysisSet,
    model: tuple[tuple[str, ...], tuple[str, ...]],
    horizon: float,
    assumed: Assumed,
) -> list[_Way]:
    """Return the nine other ways, each a name and what gives its row."""
    adjust, strata = model
    return [
        *_by_hazards(analysis, model),
        *_by_risks(analysis, model, horizon),
        (
            f"after month {_CUT:g}",
            lambda: changing_interaction(analysis, adjust=adjust, strata=strata, shape="step", cuts=_CUT).periods[1],
        ),
        (
            f"were the marker's {assumed.accuracy}",
            lambda: misclassified(analysis, assumed.accuracy, adjust=adjust, strata=strata).effect,
        ),
        (
            f"had the altered a confounder ({assumed.confounder})",
            lambda: bias_analysis(primary.judged, altered=assumed.confounder).effect,
        ),
    ]


def _by_hazards(analysis: AnalysisSet, model: tuple[tuple[str, ...], tuple[str, ...]]) -> list[_Way]:
    """Return the ways that ask of the hazard with fewer covariates, with more, and with weights."""
    adjust, strata = model
    products = (*adjust, *(f"treatment:{name}" for name in (*adjust, *strata)))
    return [
        ("crude", lambda: one_interaction(analysis).judged),
        (
            "treatment by covariates and strata too",
            lambda: one_interaction(analysis, adjust=products, strata=strata).judged,
        ),
        ("overlap weights", lambda: weighted_interaction(analysis, adjust=(*adjust, *strata) or None).ratio),
    ]


def _by_risks(analysis: AnalysisSet, model: tuple[tuple[str, ...], tuple[str, ...]], horizon: float) -> list[_Way]:
    """Return the ways that ask of risks and means, deaths competing."""
    adjust, strata = model
    columns = (*adjust, *strata)
    return [
        (
            "Fine-Gray, risk with deaths competing",
            lambda: competing_interaction(analysis, adjust=adjust, strata=strata).subdistribution,
        ),
        (
            f"standardised risks at {horizon:g} months",
            lambda: _of_treatment(absolute_effects(analysis, adjust=columns, times=horizon).effects),
        ),
        (
            f"means to {horizon:g} months, pseudo-values",
            lambda: pseudo_regression(analysis, adjust=columns, times=horizon, quantity="mean").effect,
        ),
    ]


def _of_treatment(rows: EffectRows) -> EffectEstimate:
    return next(row for row in rows if row.estimand == "interaction" and row.measure == "RD")


def ways_by_marker(
    cohort: Cohort,
    *,
    endpoint: str = "BCSS",
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    horizon: float = 120.0,
) -> Table:
    """Ask every marker that a cohort has assayed in ten ways, and say of the others that it has not.

    Parameters
    ----------
    cohort : Cohort
    endpoint : str
    adjust, strata : str or sequence of str
    horizon : float, months

    Returns
    -------
    Table
        One line for each marker: the primary row, its verdict, and on which side the nine others lie.

    Examples
    --------
    >>> import tamoxres as tr
    >>> table = ways_by_marker(tr.load("metabric"), adjust=["age", "npi"], strata="site")
    >>> len(table.rows) >= 7, table.rows[0].cells[0].text
    (True, 'HER2')
    """
    rows = []
    for name in sorted(built_in(), key=lambda marker: not rules_for(cohort, marker)):
        try:
            found = ten_ways(_selected(cohort, name, endpoint), adjust=adjust, strata=strata, horizon=horizon)
        except TamoxresError as reason:
            unassayed = not rules_for(cohort, name)
            why = "not assayed in the files at hand" if unassayed else str(reason)
            rows.append(Row((Cell(name), Cell(), Cell(), Cell(), Cell(), Cell(why))))
            continue
        first, others = found.effects[0], [row for row in found.effects[1:] if row.status == "estimated"]
        less = f"{sum(_side(row) > 0 for row in others)} of {len(others)}"
        rows.append(Row((
            Cell(name), Cell(first.rule), count_cell(first.events), effect_cell(first), Cell(less),
            Cell(found.verdict.label),
        )))  # fmt: skip
    arms = treatment_words("endocrine")
    return Table(
        title=f"Prognostic or predictive, by marker: {cohort.title}, {endpoint}, ER positive, {arms} or not",
        columns=(
            Column("Marker"), Column("Rule"), Column("Events", "number"), Column("Primary ratio (95% CI)", "ratio"),
            Column("Sensitivity: helps less"), Column("Verdict of the primary row"),
        ),
        rows=tuple(rows),
        footnotes=("The nine sensitivity analyses share the patients of the primary row, which is the answer.",),
    )  # fmt: skip


def _selected(cohort: Cohort, name: str, endpoint: str) -> AnalysisSet:
    called = call(cohort, name)
    return select(called, marker=called.markers[-1].marker, endpoint=endpoint, treatment="any")
