"""What a reader sees and what is read: numbers, P values, labels, tables in every format, names, codes, routes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tamoxres import codebook, endpoints, genome, vocabulary
from tamoxres.analysis import design, design_terms, times
from tamoxres.curves import Curve
from tamoxres.effects import routes, routes_events, scales
from tamoxres.errors import AnalysisError, EffectError, QuestionError, TamoxresError, UnknownChoice
from tamoxres.files.numbers import to_number, to_numbers
from tamoxres.files.writing import plain_name as file_name
from tamoxres.tables import cells
from tamoxres.tables.table import Cell, Column, Row, Table
from tamoxres.treatment import plain_name
from tamoxres.wording import asked, checks, codes, levels, numbers, rows, rules, typeset

CLOSED = 1e-9


def near(value, close=CLOSED):
    return pytest.approx(value, abs=close)


def test_numbers():
    """Two decimals, no minus before zero, three digits of a small ratio; what is not there is NE."""
    assert numbers.number(-0.004) == "0.00"
    assert numbers.number(12.3456, 3) == "12.346"
    assert [numbers.number(each) for each in (None, math.nan, math.inf)] == ["NE"] * 3
    assert numbers.ratio(0.004) == "0.00400"
    assert numbers.ratio(0.05) == "0.0500"
    assert numbers.ratio(9.996) == "10.00"
    assert numbers.ratio(123.4) == "123"
    assert numbers.ratio(12345.6) == "12,346"
    assert numbers.ratio(None) == "NE"
    assert numbers.interval("1", "2") == "(1-2)"
    assert numbers.interval("-1", "2") == "(-1 to 2)"
    assert numbers.ratio_with_interval(1.5, 1.1, 2.0) == "1.50 (1.10-2.00)"
    assert numbers.ratio_with_interval(1.5, 0.0, math.inf) == "1.50 (0.00 to >100,000)"
    assert numbers.ratio_with_interval(None, None, None) == "NE"
    assert numbers.ratio_limits(1.5, 1.1, 2.0) == "(1.10-2.00)"
    assert numbers.number_with_interval(-0.1, -0.2, 0.05) == "-0.10 (-0.20 to 0.05)"
    assert numbers.number_with_interval(1.5, 1.1, 2.0, decimals=1) == "1.5 (1.1-2.0)"
    assert numbers.percent(0.1234) == "12.3%"
    assert numbers.percent(0.5, 0) == "50%"
    assert numbers.percent(None) == "NE"
    assert [numbers.count(each) for each in (0, 1234, 1_234_567, None)] == ["0", "1,234", "1,234,567", ""]
    for value in (0.031, 0.49, 1.004, 7.3, 88.8):
        assert float(numbers.ratio(value)) == pytest.approx(value, rel=0.02), value


def test_p_values():
    """Three digits, bounds at either end, never 0 or 1, and a printed bound as it was printed."""
    assert numbers.p_value(0.04) == "0.040"
    assert numbers.p_value(0.0004) == "<0.001"
    assert numbers.p_value(0.0) == "<0.001"
    assert numbers.p_value(0.9996) == ">0.999"
    assert numbers.p_value(1.0) == ">0.999"
    assert numbers.p_value(None) == numbers.p_value(math.nan) == "NE"
    assert numbers.p_value(0.2, label=True) == "P = 0.200"
    assert numbers.p_value(1e-9, label=True) == "P < 0.001"
    assert numbers.p_value(0.05, label=True, relation="<") == "P < 0.05"
    assert numbers.p_value(None, label=True, relation="ns") == "P ns"
    shown = [numbers.p_value(each) for each in (0.001, 0.01, 0.1, 0.5)]
    assert shown == sorted(shown)
    assert cells.p_cell(0.0001).text == "<0.001"
    assert cells.p_cell(0.0001).parts[0].value == 0.0001


def test_small_counts():
    """A count that could name a patient is not told; others are told to the nearest ten, 0 as it is."""
    assert numbers.coarse_count(3, 5) is None
    assert numbers.coarse_count(None, 5) is None
    assert numbers.coarse_count(0, 5) == 0
    assert numbers.coarse_count(7, 5) == 10
    assert numbers.coarse_count(12, 0) == 12
    told = [numbers.coarse_count(each, 5) for each in range(5, 60)]
    assert all(each % 10 == 0 for each in told)
    assert told == sorted(told)
    assert all(abs(each - own) <= 5 for each, own in zip(told, range(5, 60), strict=True))


def test_formulas_are_guarded():
    """A cell that a spreadsheet would run is text there, and comes back as it was."""
    for text in ("=1+1", "+x", "@x", "-5"):
        assert numbers.guard_formula(text) == f"'{text}", text
        assert numbers.unguard_formula(numbers.guard_formula(text)) == text
    for text in ("plain", "", "HR 1.2", "a=b"):
        assert numbers.guard_formula(text) == text
        assert numbers.unguard_formula(text) == text


def test_words_of_rows():
    """Contrasts, periods, units, conditions and models, each in the one way a reader meets them."""
    assert rows.contrast_words("tamoxifen", "none") == "tamoxifen v none"
    assert rows.contrast_words("aromatase_inhibitor", "tamoxifen") == "aromatase inhibitor v tamoxifen"
    assert rows.arm_words("endocrine") == "endocrine"
    assert codes.treatment_words("none") == "no endocrine therapy"
    assert codes.treatment_words("aromatase_inhibitor") == "aromatase inhibitor"
    assert rows.per_words("per_sd", "9.01", "age") == "per SD of age (9.01)"
    assert rows.per_words("per_unit", "year", "age") == "per unit of age (year)"
    assert rows.per_words("per_doubling", "") == "per doubling"
    assert rows.period_words(None, None) == ""
    assert rows.period_words(0, 60) == "months 0-60"
    assert rows.period_words(12, 60) == "months 12-60"
    assert rows.period_words(60, None) == "after month 60"
    assert rows.condition_words("nodes >= 1") == "nodes at least 1"
    assert rows.condition_words("grade == 3") == "grade 3"
    assert rows.model_words("cox", ties="efron", strata=("site",)) == "Cox regression, Efron ties, stratified"
    assert rows.model_words("fine_gray", ties="breslow") == "Fine-Gray regression, Breslow ties"
    imputed = rows.model_words("cox", ties="efron", weights="overlap", missing="mice")
    assert imputed == "Cox regression, Efron ties, overlap weights, multiple imputation"
    notes = rows.note_sentences(("not_randomised",), "A remark.")
    assert notes[0].startswith("Treatment was chosen, not randomised")
    assert notes[1] == "A remark."
    twice = codes.flag_sentences(["not_randomised", "not_randomised", "arms_mixed"])
    assert len(twice) == 2
    assert twice[1].startswith("Treated and untreated patients are taken together")
    assert asked.model_line("cox", ["age"], ["site"], "", "") == "cox, adjusted for age, strata site"
    assert asked.not_shown("interaction", design="randomised").endswith(
        "an interval that holds 1 is no evidence of none."
    )
    assert "its interaction with treatment is needed" in asked.not_shown("prognostic", design="observational")
    assert "chosen, not randomised" in asked.not_shown("treatment_effect", design="observational", against="none")


def test_words_of_levels_and_rules():
    """Levels of a marker, rules by their names, measures, dashes for the page and words for the ear."""
    assert levels.marker_words("HER2", "altered") == "HER2 altered"
    assert levels.marker_words("HER2", "upper_quartile") == "HER2 at its upper quartile"
    assert levels.capital_level("upper_quartile") == "Upper quartile"
    assert levels.level_words("treatment", "treated") == "treated"
    assert levels.groups_words("HER2", ["altered", "unaltered"]) == {
        "altered": "HER2 altered", "unaltered": "HER2 unaltered",
    }  # fmt: skip
    assert rules.rule_words("snp6_gain") == "SNP6 copy number gain"
    assert rules.without_codes("by snp6_gain") == "by SNP6 copy number gain"
    assert rules.measure_words("HR", "interaction") == "Ratio of HRs"
    assert [rules.measure_words(each, "") for each in ("RD", "RMSTD", "HR")] == ["RD", "RMSTD", "HR"]
    assert typeset.dashed("0.5-0.8 and -3") == "0.5–0.8 and -3"
    assert typeset.unbroken("P = 0.03") == "P\xa0=\xa00.03"
    assert typeset.spoken("HR 0.5-0.8") == "HR 0.5 to 0.8"
    assert checks.reason_words("panel", count=3, about="x") == "3 genes of a chosen panel (x) are no set of nulls"
    assert len(checks.CHECKS) == len(set(checks.CHECKS.values())) == 8


TABLE = Table(
    title="A & B <i>",
    columns=(Column("Group"), Column("N", "count"), Column("HR (95% CI)", "ratio")),
    rows=(Row((Cell("a|b"), Cell("12"), Cell("1.20 (0.80-1.70)"))), Row((Cell("=cmd"), Cell(""), Cell("")))),
    footnotes=("Note one.",),
)


def test_tables_in_every_format():
    """What is in a cell is in each format, and nothing in it is markup, formula or code there."""
    html, latex, markdown, csv = TABLE.to_html(), TABLE.to_latex(), TABLE.to_markdown(), TABLE.to_csv()
    assert "<caption>A &amp; B &lt;i&gt;</caption>" in html
    assert "<i>" not in html
    assert '<td class="count">12</td>' in html
    assert html.count("<tr") == 3
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 2
    assert "1.20\xa0(0.80\u2060–\u20601.70)" in html  # no break within an interval
    assert r"\caption{A \& B \textless{}i\textgreater{}}" in latex
    assert r"a\textbar{}b" in latex
    assert latex.count(r"\toprule") == 2
    assert r"Note one.\par" in latex
    assert r"| a\|b | 12 | 1.20 (0.80-1.70) |" in markdown
    assert "|:---|---:|---:|" in markdown
    assert markdown.startswith("**A &amp; B &lt;i&gt;**")
    assert csv.splitlines()[0] == "Group,N,HR (95% CI)"
    assert csv.splitlines()[2] == "'=cmd,,"
    assert csv.splitlines()[-2:] == ["A & B <i>", "Note one."]
    frame = TABLE.to_frame()
    assert frame.columns.tolist() == ["Group", "N", "HR (95% CI)"]
    assert frame.iloc[1].tolist() == ["=cmd", "", ""]
    assert TABLE.titled("X").title == "X"
    assert TABLE.titled("X").rows == TABLE.rows
    assert TABLE.with_footnotes("n2").footnotes == ("Note one.", "n2")
    assert TABLE.footnotes == ("Note one.",)
    assert TABLE.to_xlsx() == TABLE.to_xlsx()
    assert TABLE.to_docx() == TABLE.to_docx()
    assert "<table" in TABLE._repr_html_()


def test_cells():
    """A cell shows words and keeps the number; a share of nothing is a count alone."""
    assert cells.count_cell(1234).text == "1,234"
    assert cells.count_cell(1234).parts[0].value == 1234
    assert cells.number_cell(1.234).text == "1.23"
    assert cells.number_cell(1.234).parts[0].value == 1.234
    assert cells.share_cell(3, 12).text == "3 (25.0%)"
    assert [part.value for part in cells.share_cell(3, 12).parts] == [3, 0.25]
    assert cells.share_cell(0, 0).text == "0"
    interval = cells.interval_cell((1.0, 0.5, 2.0), is_ratio=True)
    assert interval.text == "1.00 (0.50-2.00)"
    assert [part.value for part in interval.parts] == [1.0, 0.5, 2.0]
    empty = cells.interval_cell((math.nan,) * 3, is_ratio=False)
    assert (empty.text, empty.parts) == ("NE", ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5), ("1e3", 1000.0), (" 7 ", 7.0), ("+3", 3.0), ("-2.50", -2.5), ("1e999", None), ("", None),
        ("abc", None), ("0x10", None), ("1_000", None), ("nan", None), ("-inf", None), ("1e4294967296", None),
    ],
)  # fmt: skip
def test_text_becomes_a_number(text, value):
    """Decimal notation alone, with an exponent that a double can hold; everything else is no number."""
    assert to_number(text) == value
    whole, known = to_numbers([text])
    assert bool(known[0]) == (value is None and bool(text.strip()))
    assert (math.isnan(whole[0])) == (value is None)
    if value is not None:
        assert to_number(text.replace(".", ","), ",") == value


def test_names():
    """A name for a file is plain, unlike names stay unlike, and a plain one is kept."""
    assert file_name("report") == "report"
    for hostile in ("../../x", "a/b", "CON", "", "ok name", "a" * 300, "x\\y", "\x00", ".hidden"):
        plain = file_name(hostile)
        assert plain == file_name(hostile), hostile
        assert 0 < len(plain) <= 100, hostile
        assert not set(plain) & set("/\\\x00 "), hostile
        assert not plain.startswith("."), hostile
    assert file_name("a/b") != file_name("a_b")
    assert file_name("a" * 300) != file_name("a" * 301)
    assert plain_name("Aromatase Inhibitor") == "aromatase_inhibitor"
    assert plain_name("Tamoxifen") == plain_name("tamoxifen") == "tamoxifen"


def test_choices():
    """An unknown choice names the nearest and all; a single value may stand for a list."""
    assert vocabulary.nearest("postive", ("positive", "negative")) == "positive"
    assert vocabulary.nearest("zzz", ("positive",)) == ""
    assert vocabulary.choose("er", "any", ("positive", "any")) == "any"
    assert vocabulary.choose("er", None, ("positive", None)) is None
    assert vocabulary.one_or_more("age") == ("age",)
    assert vocabulary.one_or_more([1, 2]) == (1, 2)
    assert vocabulary.one_or_more(5) == (5,)
    with pytest.raises(UnknownChoice) as told:
        vocabulary.choose("er", "postive", ("positive", "negative", "any", None))
    assert str(told.value) == "Unknown er 'postive'. Is it 'positive'? Use one of positive, negative, any."
    assert isinstance(told.value, QuestionError)
    assert isinstance(told.value, TamoxresError)
    with pytest.raises(UnknownChoice, match=r"^Unknown er \['any'\]\."):
        vocabulary.choose("er", ["any"], ("any",))
    assert endpoints.endpoint("OS") is endpoints.endpoint(endpoints.OS) is endpoints.OS
    assert (endpoints.OS.months, endpoints.OS.event, endpoints.OS.competing) == ("OS_months", "OS_event", ())
    assert endpoints.BCSS.competing == ("death from another or unknown cause",)
    assert endpoints.endpoint("DFS").events == ("as the study defines it",)
    with pytest.raises(UnknownChoice, match=r"^Unknown endpoint 'DFSS'\. Is it 'DFS'\?"):
        endpoints.endpoint("dfss")


def test_columns_of_the_codebook():
    """Every column of the codebook has words, a kind and, if it is a number, limits; other columns keep their name."""
    table = codebook.data_dictionary()
    assert table.columns.tolist() == ["column", "kind", "unit", "allowed", "meaning"]
    assert table["column"].is_unique
    assert (table["meaning"].str.len() > 0).all()
    age = codebook.column("age")
    assert (age.kind, age.unit, age.low, age.high) == ("number", "years", 15, 110)
    assert codebook.column_words("age") == "age at diagnosis"
    assert codebook.column_words("zzz") == "zzz"
    assert codebook.column("zzz") is None
    assert codebook.in_months(pd.Series([365.25, 0.0])).tolist() == [12.0, 0.0]
    assert genome.plain_chromosomes(pd.Series(["chr1", "X", "23", "chrM", "MT"])).tolist() == [
        "1",
        "X",
        "X",
        "MT",
        "MT",
    ]


def test_designs():
    """Terms become columns: levels in order, the first the reference; what says nothing new is refused by name."""
    frame = pd.DataFrame({"g": ["y", "x", "z", "x", "y"], "a": [1.0, 5, 3, 2, 9], "b": [2.0, 10, 6, 4, 18]})
    made = design.make_design(frame, ["g", "a"])
    assert list(made.names) == ["g[y]", "g[z]", "a"]
    assert made.x.tolist() == [[1, 0, 1], [0, 0, 5], [0, 1, 3], [0, 0, 2], [1, 0, 9]]
    assert made.term("g").columns == (0, 1)
    assert made.term("a").columns == (2,)
    code, names = design.level_codes(pd.Series(["b", "a", "b"]))
    assert (code.tolist(), names) == ([1, 0, 1], ("a", "b"))
    assert design_terms.column_of("factor(grade)") == "grade"
    assert design_terms.parts_of("treatment:age") == ("treatment", "age")
    assert design_terms.is_centred("treatment:age")
    assert not design_terms.is_centred("age")
    with pytest.raises(AnalysisError, match=r"^Column b is collinear with a\. Leave one of them out\.$"):
        design.make_design(frame, ["a", "b"])
    near_by = np.array([1.0, 1.0 + 1e-12, 2.0])
    assert times.joined(near_by)[1].tolist() == [1.0, 1.0, 2.0]


def test_routes():
    """Printed numbers to an error: by interval, P, log-rank sums or standard error, with what rounding leaves open."""
    assert routes.critical_value() == near(1.959963984540054)
    assert routes.critical_value(0.95, 10) == near(2.2281388519649385)
    assert routes.two_sided_p(0.3, 0.15) == near(routes.two_sided_p(-0.3, 0.15))
    assert routes.two_sided_p(0.3, 0.15, 5) > routes.two_sided_p(0.3, 0.15)
    assert routes.z_of_p(routes.two_sided_p(0.3, 0.15)) == near(2.0)
    low, high = routes.limits(0.3, 0.15, 0.95, None, ratio=True)
    assert math.log(low) + math.log(high) == near(0.6)
    assert sum(routes.limits(0.3, 0.15, 0.95, None, ratio=False)) == near(0.6)
    by_limits = routes.from_ci("1.5", "1.1", "2.0")
    assert by_limits.se == near((math.log(2.0) - math.log(1.1)) / (2 * 1.959963984540054))
    assert by_limits.estimate == near(math.log(1.5))
    assert (by_limits.name, by_limits.flags) == ("ci", ())
    finer = routes.from_ci("1.500", "1.100", "2.000")  # so fine that its limits are not as far from it in the log
    assert finer.flags == ("asymmetric_interval",)
    assert finer.estimate_slack < by_limits.estimate_slack
    assert finer.se_limits[0] <= finer.se <= finer.se_limits[1]
    by_p = routes.from_p("1.5", "0.01")
    assert by_p.se == near(math.log(1.5) / routes.z_of_p(0.01))
    assert by_p.se_limits[0] < by_p.se < by_p.se_limits[1]
    sums = routes.from_oe_v("3", "40")
    assert (sums.estimate, sums.se) == near((3 / 40, 1 / math.sqrt(40)))
    assert (routes.from_se("1.5", "0.2").estimate, routes.from_se("1.5", "0.2").se) == (1.5, 0.2)
    assert routes.places("1.20", "0.5") == [2, 2]
    assert routes.half_units("1.20", "0.5") == [0.005, 0.005]
    with pytest.raises(EffectError, match=r"^'abc' is not a number\.$"):
        routes.number_of("abc")
    even = scales.distance_in_sd(0.5, 0.5)
    assert even == near(2 * math.sqrt(2 / math.pi))
    assert scales.distance_in_sd(0.25, 0.25) > even
    assert scales.distance_in_sd(0.2, 0.5) == near(scales.distance_in_sd(0.5, 0.2))
    table = routes_events.curve_table([1, 0.8, 0.5], [100, 70, 40])
    assert len(table) == 2
    assert all(0 < events < risk <= 100 for events, risk in table)
    assert [1 - events / risk for events, risk in table] == near([0.8, 0.5 / 0.8])


def test_a_curve():
    """A step function reads its value at any time; before it starts it is 1, beyond its end the last value."""
    one = Curve(
        group="a", kind="survival", time=[1.0, 2, 5], estimate=[0.9, 0.6, 0.4], se=[0.1, 0.2, 0.2],
        ci_low=[0.5, 0.3, 0.1], ci_high=[1.0, 0.8, 0.7], n_risk=[10, 8, 3], n_event=[1, 2, 1], n_censor=[0, 1, 0],
    )  # fmt: skip
    assert one.start == 1.0
    assert one.step("estimate", [0.0, 1.0, 1.9, 2.0, 99.0]).tolist() == [1.0, 0.9, 0.9, 0.6, 0.4]
    assert one.step("se", [0.5]).tolist() == [0.0]
    assert math.isnan(one.step("ci_low", [0.5])[0])
    assert one.at_risk([0.0, 1.0, 1.5, 5.0, 6.0]).tolist() == [10, 10, 8, 3, 0]
    assert one.quantile() == (5.0, 1.5, math.inf)  # the lower limit stands at one half from 1 to 2
    assert one.quantile(0.3)[0] == 2.0
    assert one.until(2.0).time.tolist() == [1.0, 2.0]
    assert not one.is_coarse
    with pytest.raises(ValueError, match="read-only"):
        one.estimate[0] = 0.0
    with pytest.raises(AnalysisError, match=r"^Curve 'a': times must increase\.$"):
        Curve(group="a", kind="survival", time=[1.0, 1.0], estimate=[0.9, 0.8], se=[0.1, 0.1], ci_low=[0, 0],
              ci_high=[1, 1], n_risk=[2, 1], n_event=[1, 1], n_censor=[0, 0])  # fmt: skip
    with pytest.raises(AnalysisError, match=r"^Curve 'a': se has shape \(1,\), time \(2,\)"):
        Curve(group="a", kind="survival", time=[1.0, 2], estimate=[0.9, 0.8], se=[0.1], ci_low=[0, 0], ci_high=[1, 1],
              n_risk=[2, 1], n_event=[1, 1], n_censor=[0, 0])  # fmt: skip
