"""One protocol of results: what every model gives a reader, whatever it estimates (CONTRIBUTING.md, "A model")."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from public_data import gbsg, metabric
from test_one_stage import TAKEN, asked
from test_robustness import made, selected
from test_target_trial import asked as asked_trial
from test_target_trial import immortal

import tamoxres as tr
from tamoxres.calibrate.cured import Cured
from tamoxres.calibrate.edges import case_cohort_sample
from tamoxres.errors import EffectError
from tamoxres.models.interaction import one_interaction
from tamoxres.models.rmst import rmtl
from tamoxres.models.treatment import treatment_effect
from tamoxres.tables.effects import EffectRows, effects_table
from tamoxres.tables.shown import ShowsEffects
from tamoxres.tables.table import Table

MODELS = Path(tr.__file__).parent / "models"
ZERO_P = re.compile(r"(?<![\d.])0\.0000*(?![\d])")
started = cache(lambda: asked_trial(*immortal(2, 300)))
both = cache(lambda: metabric(treatment="any"))
sampled = cache(lambda: case_cohort_sample(800, tr.Truth(scale=200.0), 3))
of_levels = cache(lambda: selected(made()))
WITH_EFFECTS: dict[str, tuple[Callable[[], Any], str, int]] = {  # what makes it, its measure, and how many rows it has
    "cox": (lambda: tr.cox(metabric(), adjust="age"), "HR", 2),
    "treatment_effect": (lambda: treatment_effect(gbsg(), adjust="nodes"), "HR", 2),
    "interaction": (lambda: tr.interaction(both(), adjust="age", strata="site"), "HR", 5),
    "one_interaction": (lambda: one_interaction(both(), adjust="age", strata="site"), "HR", 5),
    "case_cohort": (lambda: tr.case_cohort(sampled(), adjust="age"), "HR", 2),
    "firth": (lambda: tr.firth(gbsg()), "HR", 1),
    "fine_gray": (lambda: tr.fine_gray(metabric(), adjust="age"), "sHR", 2),
    "time_split": (lambda: tr.time_split(metabric(), cuts=60), "HR", 2),
    "time_varying": (lambda: tr.time_varying(gbsg(), times=24), "HR", 1),
    "rmst": (lambda: tr.rmst(gbsg(), horizon=60), "RMSTD", 1),
    "rmtl": (lambda: rmtl(metabric(), horizon=120), "RMTLD", 1),
    "risk_difference": (lambda: tr.risk_difference(metabric(), times=[60, 120]), "RD", 2),
    "standardise": (lambda: tr.standardise(tr.cox(gbsg(), adjust="nodes"), times=60, m=5), "RD", 1),
    "additive_interaction": (lambda: tr.additive_interaction(both(), adjust="age"), "RD", 7),
    "absolute_effects": (lambda: tr.absolute_effects(both(), adjust="age", times=60), "RD", 6),
    "augmented_ipw": (lambda: tr.augmented_ipw(both(), adjust="age", times=60), "RD", 6),
    "target_trial": (lambda: tr.target_trial(started(), grace=12, times=36, m=5), "HR", 4),
    "treatment_curve": (lambda: tr.treatment_curve(gbsg(), "age", adjust="nodes"), "HR", 1),
    "competing_interaction": (lambda: tr.competing_interaction(both(), adjust="age"), "sHR", 5),
    "changing_interaction": (lambda: tr.changing_interaction(both(), shape="step", horizon=120), "HR", 4),
    "landmark_series": (lambda: tr.landmark_series(both(), adjust="age", at=[0, 60]), "HR", 2),
    "illness_death": (lambda: tr.illness_death(metabric("RFI"), times=60), "HR", 3),
    "pseudo_regression": (lambda: tr.pseudo_regression(both(), adjust="age", times=60), "RD", 3),
    "cure": (lambda: tr.cure(Cured(400, 1).analysis), "HR", 2),
    "misclassified": (
        lambda: tr.misclassified(both(), tr.Accuracy(sensitivity=0.95, specificity=0.96), adjust="age"),
        "HR",
        5,
    ),
    "weights": (lambda: tr.weights(gbsg(), adjust=["age", "nodes"]), "HR", 1),
    "fitted_cut": (lambda: tr.fitted_cut(gbsg(), "age", m=5), "HR", 2),
    "spline": (lambda: tr.spline(gbsg(), "nodes", adjust="age"), "HR", 1),
    "parametric": (lambda: tr.parametric(gbsg(), adjust="nodes"), "HR", 4),
    "one_stage": (lambda: tr.one_stage(asked("er"), **TAKEN), "HR", 3),
    "weighted_interaction": (lambda: tr.weighted_interaction(both(), adjust=["age", "npi"]), "HR", 3),
    "negative_control": (lambda: tr.negative_control(both(), adjust="age", strata="site"), "HR", 2),
    "level_interaction": (lambda: tr.level_interaction(of_levels(), adjust="age"), "HR", 1),
    "robustness": (lambda: tr.robustness(both(), adjust="age", strata="site"), "HR", 6),
    "calibrated_interaction": (lambda: tr.calibrated_interaction(of_levels(), adjust="age"), "HR", 2),
}
WITHOUT_EFFECTS: dict[str, tuple[Callable[[], Any], str]] = {  # tests, rates, curves: what its table must hold
    "assay_weights": (
        lambda: tr.assay_weights(
            tr.call(tr.load("metabric"), "HER2", rule="three_gene"), marker="HER2", covariates="age", endpoint="BCSS"
        ),
        "SMD after",
    ),
    "logrank": (lambda: tr.logrank(gbsg()), "Expected"),
    "gray_test": (lambda: tr.gray_test(metabric(), strata="site"), "Chi-squared"),
    "stepp": (lambda: tr.stepp(gbsg(), "age", permutations=20), "HR (95% CI)"),
    "event_rates": (lambda: tr.event_rates(gbsg()), "Rate (95% CI)"),
    "validate_predict": (
        lambda: tr.validate_predict(
            tr.select(tr.with_predict(tr.load("gbsg")), endpoint="OS", er="any", treatment="any"), horizon=60
        ),
        "O/E (95% CI)",
    ),
    "follow_up": (lambda: tr.follow_up(gbsg()), "Months"),
    "proportional_test": (lambda: tr.proportional_test(tr.cox(gbsg(), adjust="nodes")), "GLOBAL"),
    "kaplan_meier": (lambda: tr.kaplan_meier(gbsg()), "60 months, % (95% CI)"),
    "cumulative_incidence": (lambda: tr.cumulative_incidence(metabric()), "competing death"),
    "impute": (lambda: tr.impute(metabric(), m=2, iterations=1, columns="age"), "Imputed"),
    "bayes_interaction": (lambda: tr.bayes_interaction(both(), adjust="age"), "sceptical"),
}
JUDGEMENTS: dict[str, tuple[Callable[[], Any], str]] = {
    "verdict": (lambda: tr.interaction(both()).verdict, "prognostic; interaction inconclusive"),
    "equivalence": (lambda: tr.equivalence(tr.cox(metabric()).effect), "one-sided"),
    "e_value": (lambda: tr.e_value(treatment_effect(gbsg()).effect), "E-value"),
    "gail_simon": (lambda: tr.gail_simon(tr.interaction(both()).effects[3:]), "Subsets"),
    "adjust_p": (lambda: tr.adjust_p([1e-12, 0.02]), "Benjamini-Hochberg"),
    "rubin": (lambda: tr.rubin([0.4, 0.5], [0.1, 0.1]), "Missing information"),
}
NOT_RESULTS = {  # sets, groups, residuals, what `cox` is made of
    "check_positivity", "contrasts", "refuse_single_arm",
    "dichotomise", "group_patients", "two_groups", "scaled_schoenfeld", "fit_terms", "fit_nested", "prepare",
    "subdistribution_model",
}  # fmt: skip


@cache
def result(name: str) -> Any:
    """Fit once."""
    return {**WITH_EFFECTS, **WITHOUT_EFFECTS, **JUDGEMENTS}[name][0]()


def shown_of(made: Any) -> str:
    """What a reader can see of a result."""
    words = [str(made), made._repr_html_()]
    if hasattr(made, "table"):
        words += [made.table().to_markdown(), made.table().to_html()]
    return "\n".join(words)


@pytest.mark.parametrize("name", WITH_EFFECTS)
def test_results_with_rows(name: str) -> None:
    """Rows are a list that shows itself; the leading row, the flags, table and frame follow from them."""
    made, (_, measure, k) = result(name), WITH_EFFECTS[name]
    assert isinstance(made, ShowsEffects)
    assert type(made.effects) is EffectRows
    assert len(made.effects) == k
    assert made.effect in made.effects
    assert made.effect.measure == measure
    assert {flag for row in made.effects for flag in row.flags} <= set(made.flags)
    assert isinstance(made.flags, tuple)
    assert isinstance(made.table(), Table)
    assert measure in made._repr_html_()
    frame = made.to_frame()
    assert frame["row_id"].tolist() == [row.row_id for row in made.effects]
    assert frame["p_value"].tolist() == [row.p_value for row in made.effects]


@pytest.mark.parametrize("name", WITHOUT_EFFECTS)
def test_results_without_rows(name: str) -> None:
    """A test, a rate or a curve has no effect row, and a table and a frame none the less."""
    made, (_, holds) = result(name), WITHOUT_EFFECTS[name]
    assert not hasattr(made, "effect")
    assert isinstance(made.table(), Table)
    assert holds in made.table().to_csv()
    assert isinstance(made.to_frame(), pd.DataFrame)
    assert "<table" in made._repr_html_()


@pytest.mark.parametrize("name", JUDGEMENTS)
def test_judgements_show_themselves(name: str) -> None:
    """A verdict and every test on rows stand in a notebook."""
    assert JUDGEMENTS[name][1] in result(name)._repr_html_()


@pytest.mark.parametrize("name", [*WITH_EFFECTS, *WITHOUT_EFFECTS, *JUDGEMENTS])
def test_words_and_fields(name: str) -> None:
    """No P is shown as 0, nothing is shown by repr; fields are frozen and named ci_low, ci_high, p_value."""
    made = result(name)
    seen = shown_of(made)
    assert not ZERO_P.search(seen), ZERO_P.search(seen)
    assert not re.search(r"\d\.\d{6}|[\d.]e-\d|np\.float|nan\b", seen), seen
    assert f"{type(made).__name__}(" not in str(made)
    assert is_dataclass(made)
    names = {field.name for field in fields(made)}
    assert not names & {"p", "low", "high", "lower", "upper", "pvalue"}
    assert not isinstance(made, dict)
    with pytest.raises(AttributeError):
        setattr(made, next(iter(names)), None)


def test_a_tiny_p_is_never_zero() -> None:
    """P values far below what a float shows with four decimals are written <0.001 wherever they stand."""
    row = tr.EffectEstimate(study="a", log_estimate=3.0, se=0.1, estimand="prognostic", p_kind="lrt", p_value=1e-40)
    rows = EffectRows([row])
    assert rows.table().rows[0].cells[-2].text == "<0.001"
    assert rows.table().rows[0].cells[-1].text == "likelihood ratio"
    assert "&lt;0.001" in rows._repr_html_()
    assert "P < 0.001" in str(rows)


PLAIN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {  # a name (or number) alone, and in a list
    "cox": (lambda x: tr.cox(metabric(), adjust=x("age"), strata=x("site")), lambda r: r.effects),
    "interaction": (lambda x: tr.interaction(both(), adjust=x("age"), strata=x("site")), lambda r: r.effects),
    "treatment_effect": (lambda x: treatment_effect(both(), adjust=x("age"), strata=x("site")), lambda r: r.effects),
    "case_cohort": (lambda x: tr.case_cohort(sampled(), adjust=x("age")), lambda r: r.effects),
    "firth": (lambda x: tr.firth(gbsg(), strata=x("grade")), lambda r: r.effects),
    "fine_gray": (lambda x: tr.fine_gray(metabric(), adjust=x("age")), lambda r: r.effects),
    "time_split": (
        lambda x: tr.time_split(metabric(), adjust=x("age"), strata=x("site"), cuts=x(60)), lambda r: r.effects,
    ),
    "parametric": (lambda x: tr.parametric(gbsg(), adjust=x("nodes")), lambda r: r.effects),
    "spline": (lambda x: tr.spline(gbsg(), "nodes", adjust=x("age"), strata=x("grade")), lambda r: r.effects),
    "additive": (
        lambda x: tr.additive_interaction(both(), adjust=x("age"), strata=x("site")), lambda r: r.effects,
    ),
    "one_stage": (lambda x: tr.one_stage(asked("er"), adjust=x("age"), **TAKEN), lambda r: r.effects),
    "weights": (lambda x: tr.weights(gbsg(), adjust=x("age")), lambda r: (r.adjust, r.cox(adjust="age"))),
    "fitted_cut": (lambda x: tr.fitted_cut(gbsg(), "age", adjust=x("nodes"), m=2), lambda r: r.effects),
    "time_varying": (
        lambda x: tr.time_varying(gbsg(), adjust=x("age"), strata=x("grade"), times=x(24)),
        lambda r: (r.effects, r.curve(24).to_numpy().tolist()),
    ),
    "risk_difference": (lambda x: tr.risk_difference(gbsg(), times=x(24)), lambda r: r.effects),
    "standardise": (
        lambda x: tr.standardise(tr.cox(gbsg()), times=x(60), by=x("treatment"), m=3), lambda r: r.effects,
    ),
    "logrank": (lambda x: tr.logrank(metabric(), strata=x("site")), lambda r: (r.statistic, r.strata)),
    "gray_test": (lambda x: tr.gray_test(metabric(), strata=x("site")), lambda r: (r.statistic, r.strata)),
    "event_rates": (lambda x: tr.event_rates(gbsg(), by=x("grade")), lambda r: r.rates),
    "impute": (lambda x: tr.impute(metabric(), m=2, iterations=1, columns=x("age")), lambda r: r.missing),
    "select": (
        lambda x: tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any", where=x("nodes >= 4")),
        lambda r: (r.n, r.restrictions),
    ),
    "curves": (lambda x: tr.kaplan_meier(gbsg()).at(x(60)), lambda r: r.to_numpy().tolist()),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_a_single_name_may_stand_alone(name: str) -> None:
    """`adjust="age"` is `adjust=["age"]`, and `times=60` is `times=[60]`."""
    fit, read = PLAIN[name]
    assert read(fit(lambda one: one)) == read(fit(lambda one: [one]))


def test_rows_are_a_list() -> None:
    """Questions and the literature give lists: equal to lists, added to them, empty where nothing is there."""
    cohort = tr.call(tr.load("metabric"), "HER2")
    rows = tr.ask(cohort, tr.Question(marker="HER2", endpoint="BCSS"))
    assert isinstance(rows, list)
    assert rows == list(rows) == [rows[0]]
    assert [*rows, *tr.literature(marker="HER2")][0] == rows[0]
    assert type(tr.literature(marker="HER2")) is type(tr.derived_interactions()) is EffectRows
    assert EffectRows() == []
    assert (str(EffectRows()), EffectRows().flags) == ("", ())
    assert "No effect rows" in EffectRows()._repr_html_()


def test_table_of_published_rows() -> None:
    """What differs has a column, what is shared stands in the title, a status is in words, a bound keeps its sign."""
    rows = tr.literature(marker="PTEN", estimand="prognostic")
    table = rows.table()
    heads = [column.header for column in table.columns]
    assert heads[:2] == ["Study", "Endpoint"]
    assert "Marker" not in heads
    assert table.title.startswith("PTEN")
    written = {row.row_id: line.cells for row, line in zip(rows, table.rows, strict=True)}
    for row in rows:
        text = written[row.row_id][heads.index("HR (95% CI)")].text
        assert (text == row.status.replace("_", " ")) == (row.status != "estimated")
        p = written[row.row_id][heads.index("P")].text
        assert p.startswith("<") == (row.p_relation == "<" or (row.p_value or 1) < 0.001), row
    assert len(table.footnotes) == len(set(table.footnotes))
    assert effects_table(rows, title="Mine").title == "Mine"


def test_rows_of_several_models_name_theirs() -> None:
    """Crude risks beside an adjusted RERI: the adjustment stands in the row it belongs to, not under the table."""
    table = result("additive_interaction").table()
    models = table.to_frame()["Model"].tolist()
    assert models.count("Cox regression, Efron ties, adjusted for age") == 1
    assert models.count("difference of cells, each by its own curve, crude") == 6
    assert not any("Adjusted for" in note for note in table.footnotes)


def test_one_group_has_no_row() -> None:
    """Without a second group there is nothing to compare, and the result says so and still has a table."""
    alone = tr.rmst(gbsg(), horizon=60, by=None)
    assert alone.effects == []
    assert len(alone.table().rows) == 1
    altered = tr.risk_difference(metabric(), times=60)
    assert altered.effect.term == "risk difference at 60 months"
    with pytest.raises(EffectError, match="one group only"):
        type(altered)(risks=altered.risks, effects=EffectRows()).effect  # noqa: B018


def test_every_model_is_walked() -> None:
    """Each public function of a module of models that takes an analysis set (or a fit) is tested above."""
    walked = {*WITH_EFFECTS, *WITHOUT_EFFECTS, *NOT_RESULTS}
    for file in sorted(MODELS.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or not node.args.args:
                continue
            if node.args.args[0].arg in ("analysis", "analyses", "fit") and node.args.kwonlyargs:
                assert node.name in walked, f"{file.name}: {node.name} is not walked over"


def test_adjust_and_strata_come_first() -> None:
    """Where a model takes them, `adjust` and `strata` are the first choices after the data."""
    for file in sorted(MODELS.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name in WITH_EFFECTS:
                names = [argument.arg for argument in node.args.kwonlyargs]
                leading = [name for name in ("adjust", "strata") if name in names]
                assert names[: len(leading)] == leading, f"{file.name}: {node.name}"
