"""effects: the row, the routes that lead to it, and its way through CSV and JSON."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamoxres.effects import (
    COLUMNS,
    EffectEstimate,
    effects_from_frame,
    effects_to_csv,
    effects_to_frame,
    effects_to_json,
    read_effects,
    routes,
)
from tamoxres.effects.checks import CHOICES
from tamoxres.effects.routes_events import Arms, from_logrank
from tamoxres.endpoints import PUBLISHED, STEEP
from tamoxres.errors import EffectError
from tamoxres.vocabulary import MEASURES, RATIO_MEASURES

EXACT = 1e-12  # closed forms
Z, Z90 = 1.959963984540054, 1.6448536269514722
PRINTED = 5e-7  # numbers given with six decimals in the methods
HER2 = EffectEstimate(
    study="METABRIC", marker="HER2", group_1="altered", group_0="unaltered", endpoint="BCSS", estimand="prognostic",
    log_estimate=math.log(1.51638), se=0.126141, n=1101, events=347, n_1=190, events_1=80, n_0=911, events_0=267,
    adjusted_for=("age", "npi"), direction="worse",
)  # fmt: skip


def written(folder: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read_one(folder: Path, **row: object) -> EffectEstimate:
    """Read a CSV of one row."""
    return read_effects(written(folder, f"{','.join(row)}\n{','.join(str(value) for value in row.values())}\n"))[0]


# ---- routes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "estimate", "se"),
    [
        (routes.from_ci(0.54, 0.36, 0.81), math.log(0.54), 0.206874),
        (routes.from_ci(0.45, 0.24, 0.81), math.log(0.45), 0.310311),
        (routes.from_ci(-3.0, -4.959964, -1.040036, ratio=False), -3.0, 1.0),
        (routes.from_ci(2.0, 2 * math.exp(-1.644853627), 2 * math.exp(1.644853627), level=0.9), math.log(2), 1.0),
        (routes.from_ci(1.0, math.exp(-2.570581836), math.exp(2.570581836), df=5), 0.0, 1.0),
        (routes.from_p(2.0, 0.0455002639), math.log(2), math.log(2) / 2),
        (routes.from_oe_v(-12.0, 40.0), -0.3, 0.158114),
        (from_logrank(0.0455002639, Arms(events=100, allocation=0.5), worse=False), -0.4, 0.2),
    ],
)  # fmt: skip
def test_routes(route: routes.Route, estimate: float, se: float) -> None:
    """Each route by hand: width over twice the quantile, log over the quantile of P, (O-E)/V, Parmar's log-rank."""
    assert route.estimate == pytest.approx(estimate, abs=PRINTED)
    assert route.se == pytest.approx(se, abs=PRINTED)


@pytest.mark.parametrize(
    ("printed", "flagged"),
    [
        ((0.37, 0.26, 0.89), True),  # Love 2003, which 0.48 would fit
        ((1.63, 1.04, 2.22), True),  # symmetric on the linear scale
        ((0.54, 0.36, 0.81), False),
        ((2.6, 1.2, 5.5), False),  # one decimal
        ((28.0, 4.5, 177.0), False),  # two or three digits
        ((0.02, 0.01, 0.05), False),
    ],
)  # fmt: skip
def test_asymmetric_intervals_are_flagged(printed: tuple[float, float, float], *, flagged: bool) -> None:
    """An interval that is not symmetric beyond what rounding explains is told, with both errors it implies."""
    effect = EffectEstimate.from_ci(*printed, study="s", remark="from the abstract")
    assert effect.note.endswith("from the abstract.")
    assert effect.flagged("asymmetric_interval") == flagged
    assert ("not symmetric" in effect.note) == flagged
    assert effect.ci() == printed[1:]


@given(
    log=st.floats(-3, 3), se=st.floats(0.02, 2), level=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    df=st.none() | st.floats(1, 200), ratio=st.booleans(),
)  # fmt: skip
def test_interval_and_back(log: float, se: float, level: float, df: float | None, *, ratio: bool) -> None:
    """An interval made from an estimate and its error gives both back, at any level, normal or t."""
    low, high = routes.limits(log, se, level, df, ratio=ratio)
    back = routes.from_ci(math.exp(log) if ratio else log, low, high, level=level, df=df, ratio=ratio)
    assert (back.estimate, back.se) == pytest.approx((log, se), rel=1e-9, abs=1e-9)
    assert back.flags == ()
    p = routes.two_sided_p(log, se)
    if 1e-300 < p < 0.99:
        assert routes.from_p(math.exp(log), p).se == pytest.approx(se, rel=1e-6)


@pytest.mark.parametrize(
    ("take", "says"),
    [
        (lambda: routes.from_ci(0.9, 1.0, 1.2), "ci_low 1 to ci_high 1.2 does not hold its estimate 0.9"),
        (lambda: routes.from_ci(0.9, 0.9, 0.9), "does not hold its estimate"),
        (lambda: routes.from_ci(0.9, 0.0, 1.2), "ci_low is 0; a ratio must be above 0"),
        (lambda: routes.from_ci(0.9, math.nan, 1.2), "does not hold its estimate"),
        (lambda: routes.from_p(1.4, 0.0), "p_value is 0; an exact P lies between 0 and 1"),
        (lambda: routes.from_p(1.0, 0.5), "no effect with a P value gives no standard error"),
        (lambda: routes.from_p(-1.0, 0.5), "estimate is -1; a ratio must be above 0"),
        (lambda: routes.from_oe_v(1.0, 0.0), "variance is 0; the log-rank variance must be above 0"),
        (lambda: from_logrank(0.01, Arms(events=0, allocation=0.5), worse=True), "a variance needs the events of both"),
    ],
)  # fmt: skip
def test_routes_that_lead_nowhere(take: object, says: str) -> None:
    """What gives no standard error is refused, never guessed."""
    with pytest.raises(EffectError, match=says):
        take()


# ---- the row -------------------------------------------------------------------------------------------------------


def test_what_a_row_says() -> None:
    """A row derives its P and interval, and introduces itself in one line."""
    assert HER2.estimate == pytest.approx(1.51638, rel=EXACT)
    assert HER2.p_value == pytest.approx(0.000965, abs=1e-6)
    assert str(HER2) == "METABRIC HER2 BCSS prognostic: HR 1.52 (1.18-1.94), P < 0.001"
    assert HER2.ci(0.99)[1] > HER2.ci()[1] > HER2.ci(0.9)[1]
    assert (HER2.null, replace(HER2, measure="RD", log_estimate=None, difference=0.1).null) == (1.0, 0.0)
    html = replace(HER2, remark="<script>", events_1=0)._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<th>events_1</th><td>0</td>" in html


def test_differences_are_written_as_they_are() -> None:
    """A difference has no logarithm, keeps its sign, and its interval is on its own scale."""
    effect = EffectEstimate.from_ci(-2.5, -4.0, -1.0, study="s", measure="RMSTD", level=0.9)
    assert (effect.estimate, effect.log_estimate, effect.level) == (-2.5, None, 0.9)
    assert effect.ci() == pytest.approx((-4.0, -1.0), rel=EXACT)
    assert str(effect).startswith("s: RMSTD -2.50 (-4.00 to -1.00), P = 0.006")


def test_turning_the_contrast() -> None:
    """Turned round, the ratio inverts, groups and direction change places; turned twice, it is the same row."""
    turned = HER2.reversed()
    assert turned.estimate == pytest.approx(1 / HER2.estimate, rel=EXACT)
    assert (turned.contrast, turned.direction, turned.events_1) == ("unaltered v altered", "better", 267)
    assert turned.p_value == HER2.p_value
    assert turned.reversed() == HER2
    null = replace(HER2, log_estimate=0.0)
    assert null.reversed().reversed().row_id == null.row_id
    assert math.copysign(1, null.reversed().log_estimate) == 1


def test_row_ids() -> None:
    """Equal content has equal ids, from whatever types it came; any change gives another."""
    same = replace(
        HER2, n=np.int64(1101), se=np.float64(0.126141), adjusted_for=["age", " npi"], df=math.inf, rule=None
    )
    assert (same, same.row_id) == (HER2, HER2.row_id)
    assert type(same.n) is int
    assert (
        len({replace(HER2, **{name: value}).row_id for name, value in (("n", 1102), ("remark", "x"), ("rule", "r"))})
        == 3
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"study": ""}, "needs a study name"),
        ({"se": 0}, "METABRIC: se is 0.0; an estimated effect needs a standard error above 0"),
        ({"se": -0.1}, "standard error above 0"),
        ({"se": None}, "standard error above 0"),
        ({"se": math.inf}, "se is inf"),
        ({"log_estimate": None}, "needs a finite estimate; found None"),
        ({"log_estimate": math.nan}, "needs a finite estimate"),
        ({"difference": 0.1}, "log_estimate for a ratio and difference for a difference, not both"),
        ({"measure": "RD"}, "not both"),
        ({"measure": "hr"}, r"unknown measure 'hr'. Is it 'HR'\? Use one of HR, sHR"),
        ({"endpoint": "DSS"}, r"unknown endpoint 'DSS'. Is it 'DFS'\? Use one of OS, BCSS"),
        ({"estimand": "predictive"}, "unknown estimand 'predictive'"),
        ({"status": "done"}, "unknown status 'done'. Use one of estimated, not_estimable, test_only"),
        ({"design": "rct"}, "unknown design 'rct'. Use one of randomised"),
        ({"events": 1102}, "events 1102 exceeds n 1101"),
        ({"events_1": 191}, "events_1 191 exceeds n_1 190"),
        ({"n_0": -1}, "n_0 and events_0 cannot be negative"),
        ({"n": 10.5}, "METABRIC: n is 10.5; a count is a whole number"),
        ({"level": 95}, "level is 95; it lies between 0 and 1, as 0.95"),
        ({"p_value": 1.2}, "p_value is 1.2; it lies between 0 and 1"),
        ({"df": 0}, "df is 0; degrees of freedom are above 0"),
        ({"df": -3}, "df is -3; it cannot be negative"),
        ({"person_years": -1}, "person_years is -1; it cannot be negative"),
        ({"strata": ("a;b",)}, "strata holds 'a;b'; a name is not empty and has no semicolon"),
        ({"overlaps": ["a", " "]}, "overlaps holds ''"),
    ],
)  # fmt: skip
def test_rows_that_contradict_themselves(wrong: dict[str, object], says: str) -> None:
    """A row that cannot be true is refused when it is made."""
    with pytest.raises(EffectError, match=says):
        replace(HER2, **wrong)


def test_rows_without_an_estimate() -> None:
    """A test alone, or an estimate that separated, needs no standard error; what is infinite is unknown."""
    alone = EffectEstimate(study="s", status="test_only", p_value=0.03, direction="worse")
    assert alone.estimate is None
    assert all(math.isnan(limit) for limit in alone.ci())
    assert str(alone) == "s: test only, P = 0.030"
    separated = replace(HER2, status="not_estimable", log_estimate=math.inf, se=math.inf, p_value=None)
    assert (separated.log_estimate, separated.se) == (None, None)


def test_constructors_name_the_study() -> None:
    """A route that fails says which study it was taken for; the row tells its route."""
    assert EffectEstimate.from_p(0.5, 0.01, study="s").route == "p"
    assert EffectEstimate.from_oe_v(-5, 20, study="s").route == "oe_v"
    with pytest.raises(EffectError, match="O-E and V give a log hazard ratio, not RD"):
        EffectEstimate.from_oe_v(-5, 20, study="s", measure="RD")
    with pytest.raises(EffectError, match=r"^Smith 1999: ci_low is 0"):
        EffectEstimate.from_ci(0.5, 0, 1, study="Smith 1999")


# ---- files ---------------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=12)
NAMES = st.lists(st.from_regex(r"[a-zA-Zé=+'][\w =+'-]{0,6}[\w']", fullmatch=True), max_size=3).map(tuple)
P = st.none() | st.floats(0, 1)


@st.composite
def any_effect(draw: st.DrawFn) -> EffectEstimate:
    """Draw any effect that there can be."""
    measure = draw(st.sampled_from(MEASURES))
    status = draw(st.sampled_from(["estimated", "estimated", "not_estimable", "test_only"]))
    number = st.floats(-800, 800) if measure in RATIO_MEASURES else st.floats(-1e9, 1e9)
    point = draw(number if status == "estimated" else st.none() | number)
    counts = {}
    for n, events in (("n", "events"), ("n_1", "events_1"), ("n_0", "events_0")):
        counts[n] = draw(st.none() | st.integers(0, 10**6))
        counts[events] = draw(st.none() | st.integers(0, 10**6 if counts[n] is None else counts[n]))
    texts = ("label", "trial", "marker", "rule", "assay", "cut", "scale_unit", "variable", "group_1", "group_0", "er",
             "her2", "menopause", "nodes", "setting", "treatment_1", "treatment_0", "term", "model", "ties", "cluster",
             "weights", "missing", "engine", "source", "data_sha256", "remark")  # fmt: skip
    chosen = ("origin", "scale", "marker_level", "exposure", "treated_alike", "estimand", "design", "se_kind", "p_kind",
              "p_relation", "route", "direction")  # fmt: skip
    return EffectEstimate(
        study=draw(TEXT.filter(bool)), **{name: draw(TEXT) for name in texts}, **counts, status=status, measure=measure,
        **{"log_estimate" if measure in RATIO_MEASURES else "difference": point},
        se=draw(st.floats(1e-12, 1e6) if status == "estimated" else st.none() | st.floats(1e-12, 1e6)),
        endpoint=draw(st.sampled_from(["", *STEEP, *PUBLISHED])), restrictions=draw(NAMES), flags=draw(NAMES),
        **{name: draw(st.sampled_from(CHOICES[name])) for name in chosen},
        year=draw(st.none() | st.integers(1900, 2100)),
        from_months=draw(st.none() | st.floats(0, 400)), to_months=draw(st.none() | st.floats(0, 400)),
        landmark=draw(st.none() | st.floats(0, 400)), left_out=draw(st.none() | st.integers(0, 10**6)),
        p_value=draw(P), term_p=draw(P), person_years=draw(st.none() | st.floats(0, 1e9)),
        df=draw(st.none() | st.floats(0.5, 1e4)), level=draw(st.sampled_from([0.9, 0.95, 0.99])),
        adjusted_for=draw(NAMES), strata=draw(NAMES), overlaps=draw(NAMES), simulated=draw(st.booleans()),
    )  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(any_effect(), min_size=1, max_size=3))
def test_no_row_loses_anything(tmp_path_factory: pytest.TempPathFactory, effects: list[EffectEstimate]) -> None:
    """Any rows, written as CSV, JSON or a frame and read again, are the same rows with the same ids."""
    folder = tmp_path_factory.getbasetemp()
    assert read_effects(written(folder, effects_to_csv(effects))) == effects
    again = read_effects(written(folder, effects_to_json(effects), "rows.json"))
    assert again == effects
    assert [e.row_id for e in again] == [e.row_id for e in effects]
    assert effects_from_frame(effects_to_frame(effects)) == effects


def test_columns_are_those_of_the_interface() -> None:
    """CSV, JSON and frame have the same columns, and every field of a row stands in one of them."""
    assert effects_to_csv([HER2]).splitlines()[0] == ",".join(COLUMNS)
    assert tuple(json.loads(effects_to_json([HER2]))[0]) == COLUMNS
    assert tuple(effects_to_frame([HER2]).columns) == COLUMNS
    assert {field.name for field in fields(EffectEstimate)} - set(COLUMNS) == {"difference"}
    assert effects_to_csv([]).strip() == ",".join(COLUMNS)


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """Text that a spreadsheet would run is written as text, and read as it was."""
    bad = replace(HER2, study="=cmd()", remark="@x", adjusted_for=("=1+1",))
    text = effects_to_csv([bad])
    assert "'=cmd()" in text
    assert not any(cell.startswith(("=", "@")) for line in text.splitlines() for cell in line.split(","))
    assert read_effects(written(tmp_path, text)) == [bad]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_marks(tmp_path: Path, newline: str, bom: str) -> None:
    """Files from any system are read: byte-order mark, CRLF, blank lines, quotes, a cell of two lines."""
    lines = ["study,estimate,ci_low,ci_high,note", '"Smith, 1999",0.5,0.25,1.0,"a', 'b"', "", "Jones,2,1,4,", ""]
    first, second = read_effects(written(tmp_path, bom + newline.join(lines)))
    assert (first.study, first.remark) == ("Smith, 1999", f"a{newline}b")
    assert second.estimate == pytest.approx(2)


@pytest.mark.parametrize(
    ("row", "log_estimate", "se", "route"),
    [
        ({"estimate": 2, "ci_low": 1, "ci_high": 4}, math.log(2), math.log(2) / Z, "ci"),
        ({"estimate": 2, "ci_low": 1, "ci_high": 4, "level": 0.9}, math.log(2), math.log(2) / Z90, "ci"),
        ({"log_estimate": 0.5, "se": 0.25}, 0.5, 0.25, ""),
        ({"estimate": 2, "p_value": 0.01}, math.log(2), math.log(2) / 2.5758293035489004, "p"),
        ({"o_minus_e": -12.3, "variance": 41}, -0.3, 1 / math.sqrt(41), "oe_v"),
        ({"estimate": 2, "p_value": 0.7, "ci_low": 1, "ci_high": 4}, math.log(2), math.log(2) / Z, "ci"),
        ({"log_estimate": 0.693, "se": 0.354, "estimate": 2, "ci_low": 1, "ci_high": 4}, 0.693, 0.354, ""),
        ({"estimate": 0.74, "ci_low": 0.55, "ci_high": 1.01, "o_minus_e": -12.3, "variance": 41.2}, math.log(0.74),
         0.155051, "ci"),
    ],
)  # fmt: skip
def test_any_one_route_is_enough(
    tmp_path: Path, row: dict[str, object], log_estimate: float, se: float, route: str
) -> None:
    """One route makes a row; of several the most direct is taken, and printed ones may differ by their rounding."""
    effect = read_one(tmp_path, study="s", **row)
    assert (effect.log_estimate, effect.se) == pytest.approx((log_estimate, se), abs=PRINTED)
    assert effect.route == route


@pytest.mark.parametrize(
    "row",
    [
        {"log_estimate": 0.693, "se": 0.25, "estimate": 2, "ci_low": 1, "ci_high": 4},
        {"log_estimate": 0.5, "se": 0.354, "estimate": 2, "ci_low": 1, "ci_high": 4},
        {"log_estimate": 0.5, "se": 0.2, "estimate": 2},
        {"log_estimate": 0.0198, "se": 0.02, "estimate": 1.02, "ci_low": 0.95, "ci_high": 1.10},
        {"estimate": 0.74, "ci_low": 0.54, "ci_high": 1.00, "o_minus_e": 12.3, "variance": 41.2},
        {"log_estimate": 0.7, "se": 0.2, "o_minus_e": 28, "variance": 12},
        {"estimate": 3, "se": 1, "measure": "RMSTD", "ci_low": 0, "ci_high": 6},
        {"log_estimate": 0.5, "se": 0.2, "df": 3, "estimate": 1.6487, "ci_low": 1.1141, "ci_high": 2.44},
    ],
)
def test_routes_that_disagree(tmp_path: Path, row: dict[str, object]) -> None:
    """Two routes of one row that differ beyond rounding are an error, with the numbers of both."""
    with pytest.raises(EffectError, match=r"rows\.csv, line 2: s: .* and .* disagree beyond rounding \(estimate .*SE "):
        read_one(tmp_path, study="s", **row)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"rows\.csv: no column 'study'; found nothing"),
        ("\ufeff", "no column 'study'; found nothing"),
        ("study,estimate\n", r"rows\.csv holds no effect rows"),
        ("name,hr\na,1\n", "no column 'study'; found name, hr. Separate columns by commas"),
        ("study;hr\na;1\n", "found study;hr. Separate columns by commas"),
        ("study,n,n\na,1,1\n", "column 'n' stands twice"),
        ("study,estimate\na,1,2\n", "line 2: 3 cells under 2 columns. Quote cells that hold a comma"),
        ('study,note\na,"open\n', "not CSV"),
        ("study,log_estimate,se\na,0.1,0.2\nb,x,0.2\n", "line 3, column log_estimate: 'x' is not a number"),
        ("study,log_estimate,se\na,0.1,inf\n", "line 2, column se: 'inf' is not finite; leave the cell empty"),
        ("study,log_estimate,se\na,1_0,2\n", "line 2, column log_estimate: '1_0' is not a number"),
        ("study,log_estimate,se\na,\u0663,2\n", "line 2, column log_estimate: '\u0663' is not a number"),
        ("study,log_estimate,se\na,1e4294967296,2\n", "line 2, column log_estimate: '1e4294967296' is not a number"),
        ("study,log_estimate,se,n\na,0.1,0.2,12.5\n", "line 2, column n: '12.5' is not a count"),
        ("study,log_estimate,se,n\na,0.1,0.2,-2\n", "line 2, column n: '-2' is not a count"),
        ("study,log_estimate,se,simulated\na,0.1,0.2,maybe\n", "line 2, column simulated: 'maybe' is neither true nor"),
        ("study,log_estimate,se\n,0.1,0.2\n", "line 2, column study: an effect needs a study name"),
        ("study,estimate,measure\na,2,hazard\n", "line 2, column measure: Unknown measure 'hazard'. Use one of HR"),
        ("study,estimate\na,2\n", r"line 2: a: no route to a standard error. Give estimate \+ ci_low"),
        ("study,estimate,ci_low,ci_high\na,2,3,4\n", "line 2: The interval from ci_low 3 to ci_high 4 does not hold"),
        ("study,log_estimate,se\na,0.1,0\n", "line 2: a: se is 0.0; an estimated effect needs"),
        ("study,log_estimate,se,endpoint\na,0.1,0.2,DSS\n", "line 2: a: unknown endpoint 'DSS'"),
        ("study,log_estimate,se,n,events\na,0.1,0.2,5,9\n", "line 2: a: events 9 exceeds n 5"),
        ("study,log_estimate,se,level\na,0.1,0.2,95\n", "line 2: a: level is 95"),
        ("study,o_minus_e,variance,measure\na,1,2,RD\n", "no route to a standard error"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, text: str, says: str) -> None:
    """A bad row is named by file, line and column, in one sentence that says what to do."""
    with pytest.raises(EffectError, match=says):
        read_effects(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"rows\.json, line 1: not JSON"),
        ('[\n{"study": }]', r"rows\.json, line 2: not JSON"),
        ("{}", "expected a JSON list of objects, one an effect"),
        ("[1]", "expected a JSON list of objects"),
        ("[]", "holds no effect rows"),
        ('[{"study": "a", "se": 1, "log_estimate": 1}, {"n": 3}]', "object 2: no column 'study'; found n"),
        ('[{"study": "a", "se": [1], "log_estimate": 1}]', "object 1, column se: expected one value, found"),
        ('[{"study": null, "se": 1, "log_estimate": 1}]', "object 1, column study"),
    ],
)
def test_bad_json(tmp_path: Path, text: str, says: str) -> None:
    """A bad object is named by file, place and column."""
    with pytest.raises(EffectError, match=says):
        read_effects(written(tmp_path, text, "rows.json"))


def test_files_that_are_none(tmp_path: Path) -> None:
    """A missing file, and one that is not UTF-8 text, are told apart."""
    with pytest.raises(EffectError, match=r"rows\.csv does not exist. Give a CSV, JSON or XLSX file"):
        read_effects(tmp_path / "rows.csv")
    with pytest.raises(EffectError, match=r"is not UTF-8 text. Save it as CSV"):
        read_effects(written(tmp_path, "study,note\na,Köln\n".encode("latin-1")))
    with pytest.raises(EffectError, match="is not UTF-8 text"):
        read_effects(written(tmp_path, "study,note\na,b\n".encode("utf-16")))


def test_frames_with_gaps() -> None:
    """In a frame, NaN, None and NA are unknown, and a count that became a float is a count."""
    frame = pd.DataFrame(
        {"study": ["a", "b"], "log_estimate": [0.1, 0.2], "se": [0.1, 0.1], "n": [5.0, np.nan], "remark": ["x", pd.NA],
         "events": pd.array([None, 3], dtype="Int64")}
    )  # fmt: skip
    first, second = effects_from_frame(frame)
    assert (first.n, first.events, first.remark) == (5, None, "x")
    assert (second.n, second.events, second.remark) == (None, 3, "")
    with pytest.raises(EffectError, match="frame, row 1, column se: 'x' is not a number"):
        effects_from_frame(frame.astype({"se": object}).assign(se=[0.1, "x"]))


def test_restrictions_stay_in_a_file_without_a_version(tmp_path: Path) -> None:
    """A table of one's own names no schema: what version 1 called `population` joins its restrictions."""
    file = tmp_path / "own.csv"
    file.write_text(
        "study,measure,estimate,ci_low,ci_high,restrictions,population\n"
        "A,HR,1.5,1.1,2.0,nodes positive;stage II,ER positive\n"
        "B,HR,1.2,1.0,1.5,,ER negative; age over 50\n"
        "C,HR,1.1,0.9,1.4,stage I,\n",
        encoding="utf-8",
    )
    first, second, third = read_effects(file)
    assert (first.restrictions, first.er) == (("nodes positive", "stage II"), "positive")
    assert (second.restrictions, second.er) == (("age over 50",), "negative")
    assert (third.restrictions, third.er) == (("stage I",), "")
