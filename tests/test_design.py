"""The design of a model: levels and references, products, complete cases, strata, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.analysis.design import complete_cases, level_codes, make_design, term_values
from tamoxres.analysis.follow_up import delayed_entry, risk_sets, stratum_codes
from tamoxres.errors import AnalysisError, QuestionError


@pytest.fixture(scope="module")
def gbsg():
    return tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")


@pytest.mark.parametrize(
    ("values", "levels", "codes"),
    [
        (pd.Series(["b", "a", "b", None]), ("a", "b"), [1, 0, 1, -1]),
        (pd.Series(["yes", "no", "yes"], name="chemotherapy"), ("no", "yes"), [1, 0, 1]),
        (pd.Series(["post", "pre", "odd"], name="menopause"), ("pre", "post", "odd"), [1, 0, 2]),
        (pd.Series(pd.Categorical(["x", "y", None], ["y", "never", "x"])), ("y", "x"), [1, 0, -1]),
        (pd.Series([2.0, 10.0, 2.0]), ("10.0", "2.0"), [1, 0, 1]),
        (pd.Series([1, "1", 2], dtype=object), ("1", "2"), [0, 0, 1]),
        (pd.Series(["b", "a"], dtype="string"), ("a", "b"), [1, 0]),
        (pd.Series([None, None], dtype=object), (), [-1, -1]),
    ],
)
def test_levels_are_numbered_from_their_reference(values, levels, codes):
    """Categories or the codebook's order, of those that occur; then sorted; unknown is -1; one name is one level."""
    found_codes, found_levels = level_codes(values)
    assert found_levels == levels
    assert found_codes.tolist() == codes


def test_a_level_s_column_is_one_in_that_level(gbsg):
    """Text, category and factor(number): one column a level but the reference; a number is itself."""
    frame = gbsg.frame
    design = make_design(frame, ["treatment", "menopause", "factor(grade)", "age"])
    assert design.names == ("treatment[treated]", "menopause[post]", "factor(grade)[2]", "factor(grade)[3]", "age")
    assert [term.reference for term in design.terms] == ["untreated", "pre", "1", ""]
    expected = [
        frame["treatment"] == "treated", frame["menopause"] == "post", frame["grade"] == 2, frame["grade"] == 3,
        frame["age"],
    ]  # fmt: skip
    np.testing.assert_array_equal(design.x, np.column_stack(expected).astype(float))
    assert term_values(frame, "factor(grade)").value_counts().to_dict() == {"1": 81, "2": 444, "3": 161}
    assert term_values(frame, "factor(menopause)").equals(frame["menopause"])


def test_products_multiply_and_terms_can_leave(gbsg):
    """`a:b` multiplies columns, a covariate centred with treatment; without() renumbers what stays."""
    design = make_design(gbsg.frame, ["treatment", "factor(grade)", "treatment:factor(grade)", "age"])
    product = design.term("treatment:factor(grade)")
    assert product.levels == ("treated:2", "treated:3")
    assert product.reference == ""
    centred = design.x[:, 2] - design.x[:, 2].mean()
    np.testing.assert_allclose(design.x[:, product.columns[1]], design.x[:, 0] * centred, rtol=1e-12)
    smaller = design.without("factor(grade)")
    assert smaller.names == ("treatment[treated]", *design.names[3:])
    assert [term.columns for term in smaller.terms] == [(0,), (1, 2), (3,)]
    np.testing.assert_array_equal(smaller.x, design.x[:, [0, 3, 4, 5]])


def test_what_cannot_be_in_a_design(gbsg):
    """Constant and collinear columns by name; unknown and reserved columns; what is known only after baseline."""
    frame = gbsg.frame
    one = frame.assign(site="one", dose=3.0, twice=2 * frame["age"] + 1)
    refused = [
        (AnalysisError, "Column site is constant: all 686 patients are one", lambda: make_design(one, ["site"])),
        (AnalysisError, "Column dose is constant: all 686 patients are 3.0", lambda: make_design(one, ["dose"])),
        (AnalysisError, "twice is collinear with age, nodes", lambda: make_design(one, ["age", "nodes", "twice"])),
        (QuestionError, "no column 'shoe'. It has .*age", lambda: complete_cases(gbsg, ["shoe"])),
        (QuestionError, "no column 'months'", lambda: complete_cases(gbsg, ["months"])),
    ]
    for error, words, ask in refused:
        with pytest.raises(error, match=words):
            ask()
    started = replace(gbsg, frame=frame.assign(endocrine_start_months=1.0))
    with pytest.raises(QuestionError, match="immortal time"):
        complete_cases(started, ["endocrine_start_months"])


def test_complete_cases_say_what_was_missing(gbsg):
    """Unknown values are counted one column at a time; nobody complete is an error; all complete is the set itself."""
    frame = gbsg.frame.copy()
    frame.iloc[:3, frame.columns.get_loc("age")] = np.nan
    frame.iloc[2:7, frame.columns.get_loc("menopause")] = None
    holed = replace(gbsg, frame=frame)
    kept = complete_cases(holed, ["age", "factor(menopause)", "age"])
    assert (kept.n, gbsg.n) == (679, 686)
    assert kept.flow.steps[-1].why == "age at diagnosis unknown 3, menopausal state at diagnosis unknown 5"
    assert kept.flow.steps[-1].name == "Covariates known (age at diagnosis, menopausal state at diagnosis)"
    assert complete_cases(gbsg, ["age", "nodes"]) is gbsg
    assert complete_cases(holed, []) is holed
    with pytest.raises(AnalysisError, match="No patient of gbsg has all of age"):
        complete_cases(replace(gbsg, frame=frame.assign(age=np.nan)), ["age"])


def test_strata_are_combinations_of_levels(gbsg):
    """The same partition as pandas' groups of text; unknown is a stratum of its own; no strata is None."""
    frame = gbsg.frame
    frame["site"] = np.resize(np.array(["a", "b", None], dtype=object), len(frame))
    codes = stratum_codes(frame, ["menopause", "grade", "site"])
    groups = frame.groupby([frame[name].astype(str) for name in ("menopause", "grade", "site")]).ngroup().to_numpy()
    pairs = set(zip(codes.tolist(), groups.tolist(), strict=True))
    assert len(pairs) == len(set(codes)) == len(set(groups)) == 18
    assert sorted(set(codes)) == list(range(18))
    assert stratum_codes(frame, []) is None


def test_entry_is_none_unless_somebody_is_late(gbsg):
    """All from the start: None; the late at their months, the others at minus infinity; never at risk is an error."""
    frame = gbsg.frame
    assert delayed_entry(frame) is None
    late = frame.assign(entry=np.where(np.arange(len(frame)) < 2, frame["months"] / 2, 0.0))
    assert np.isneginf(delayed_entry(late)[2:]).all()
    np.testing.assert_array_equal(delayed_entry(late)[:2], late["months"].to_numpy()[:2] / 2)
    assert risk_sets(late, ["grade"], "efron").event.sum() == 299
    with pytest.raises(AnalysisError, match="1 patient\\(s\\) enter at or after the end"):
        delayed_entry(frame.assign(entry=np.where(np.arange(len(frame)) == 5, frame["months"], 0.0)))
