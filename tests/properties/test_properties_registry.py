"""One registry told in many ways: units, codes, order, names of columns, numbers for markers; files out and back."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from people import people
from test_properties_meta import rows

import tamoxres as tr
from tamoxres.analysis.uncut import VALUE
from tamoxres.effects import effects_to_csv, effects_to_json, effects_to_xlsx, read_effects
from tamoxres.errors import DataError, QuestionError, TamoxresError
from tamoxres.evidence.reference import Reference
from tamoxres.evidence.references import read_references, references_text

ITERATED = 1e-6
CLOSED = 1e-9
PATIENTS = people(120)
LEVEL = np.random.default_rng(6).gamma(4.0, 20.0, 120).round(2) + 1


def near(value, close=ITERATED):
    return pytest.approx(value, abs=close)


def told(**changes):
    """The registry as a frame of plain codes, told another way by changes of its columns."""
    frame = pd.DataFrame(
        {
            "pid": [f"P{i:03d}" for i in range(120)], "months": PATIENTS["months"], "dead": PATIENTS["event"],
            "tam": PATIENTS["treated"].astype(int), "her2": PATIENTS["altered"].astype(int), "age": PATIENTS["age"],
            "level": LEVEL,
        }
    )  # fmt: skip
    return frame.assign(**changes)


def cohort(frame, **how):
    known = {
        "patient": "pid", "time": "months", "event": "dead", "endpoint": "OS", "treatment": "tam",
        "markers": {"HER2": {"from": "her2", "altered": ["1"], "unaltered": ["0"]}}, "columns": {"age": "age"},
    }  # fmt: skip
    return tr.from_frame(frame, **(known | how))


def answer(made):
    """The interaction of HER2 and treatment, adjusted for age."""
    [row] = tr.ask(made, tr.Question(endpoint="OS", marker="HER2", er="any", treatment="any", estimand="interaction",
                                     adjust=("age",)))[:1]  # fmt: skip
    return row


def facts(row):
    return row.n, row.events, row.n_1, row.events_1, row.n_0, row.events_0


def test_ways_to_tell_one_registry():
    """Days or years, yes or 1, text or numbers, another order or other names: the same row of results."""
    one = answer(cohort(told()))
    assert facts(one)[:2] == (120, int(PATIENTS["event"].sum()))
    assert one.n_1 == int(PATIENTS["altered"].sum())
    yes = {1: "yes", 0: "no"}
    two = {1: 2, 0: 1}
    marker = {"HER2": {"from": "her2", "altered": ["2"], "unaltered": ["1"]}}
    ways = {
        "in days": cohort(told(months=PATIENTS["months"] * 365.25 / 12), unit="days"),
        "in years": cohort(told(months=PATIENTS["months"] / 12), unit="years"),
        "events in words": cohort(told(dead=PATIENTS["event"].map(yes))),
        "booleans": cohort(told(dead=PATIENTS["event"].astype(bool), tam=PATIENTS["treated"])),
        "arms in words": cohort(told(tam=PATIENTS["treated"].astype(int).map(yes))),
        "marker as 2 and 1": cohort(told(her2=PATIENTS["altered"].astype(int).map(two)), markers=marker),
        "another order": cohort(told().sample(frac=1, random_state=9)),
        "numbers for names": cohort(told(pid=np.arange(1000, 1120))),
        "text for numbers": cohort(told().astype(str)),
        "other columns": cohort(
            told().rename(columns={"months": "t", "dead": "d", "tam": "rx", "age": "years_old"}), time="t", event="d",
            treatment="rx", columns={"age": "years_old"},
        ),
        "index as patient": cohort(told().set_index("pid")),
    }  # fmt: skip
    for name, made in ways.items():
        row = answer(made)
        assert row.log_estimate == near(one.log_estimate), name
        assert row.se == near(one.se), name
        assert row.p_value == near(one.p_value), name
        assert facts(row) == facts(one), name
        assert row.person_years == near(one.person_years, 1e-4), name
    turned = cohort(told(), markers={"HER2": {"from": "her2", "altered": ["0"], "unaltered": ["1"]}})
    assert answer(turned).log_estimate == near(-one.log_estimate)
    assert answer(turned).n_1 == one.n_0
    swapped = cohort(told(tam=1 - PATIENTS["treated"].astype(int)))
    assert answer(swapped).log_estimate == near(-one.log_estimate)


def test_what_is_unknown_stays_unknown():
    """A patient whose marker, arm, age or time is unknown leaves, and is counted where he leaves."""
    one = cohort(told())
    holes = told().astype(object)
    holes.loc[:2, "her2"] = ""
    holes.loc[3:4, "tam"] = ""
    holes.loc[5, "age"] = ""
    made = cohort(holes)
    analysis = tr.select(tr.call(made, "HER2"), marker="HER2", endpoint="OS", er="any", treatment="any")
    assert analysis.n == 115
    assert made.n == one.n == 120
    assert tr.call(made, "HER2").marker("HER2").counts()["unknown"] == 3
    assert [step.patients for step in analysis.flow.steps][0] == 120
    assert sum(row["left"] for row in analysis.flow.rows()) == 5
    fitted = tr.cox(analysis, adjust="age")
    assert fitted.effect.n == 114
    assert fitted.effect.left_out == 1
    assert fitted.analysis.flow.steps[-1].why == "age at diagnosis unknown 1"
    assert tr.cox(analysis).effect.left_out == 0
    left = tr.interaction(analysis, adjust="age")
    assert left.ratio.left_out == 1
    assert left.treatment_altered.n + left.treatment_unaltered.n == 114
    missing = cohort(told(age=PATIENTS["age"].where(PATIENTS.index != 7, 999)), missing=["999"])
    assert missing.patients["age"].isna().sum() == 1
    for wrong, sentence in (
        (told(dead=PATIENTS["event"].replace(1, 7)), "dead"), (told(age=500), "age"), (told(tam=3), "tam"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=sentence):
            cohort(wrong)
    with pytest.raises(TamoxresError, match="survival"):
        cohort(told(), time="survival")


@pytest.mark.parametrize("scale", ["per_unit", "per_sd", "per_doubling"])
def test_a_marker_as_a_number(scale):
    """Its zero and its unit: per SD neither matters, per unit the unit, per doubling a factor does not."""

    def ask(level, arms=False):
        markers = {"ESR1": {"from": "level", "unit": "fmol/mg", "log": "none"}}
        made = tr.call(cohort(told(level=level), markers=markers), "ESR1")
        analysis = tr.select(made, marker="ESR1", endpoint="OS", er="any", treatment="any", scale=scale)
        return tr.interaction(analysis) if arms else tr.cox(analysis)

    one, ten, both = ask(LEVEL), ask(10 * LEVEL), ask(LEVEL, arms=True)
    factor = {"per_unit": 10.0, "per_sd": 1.0, "per_doubling": 1.0}[scale]
    assert ten.effect.log_estimate == near(one.effect.log_estimate / factor)
    assert ten.effect.se == near(one.effect.se / factor)
    assert ten.effect.p_value == near(one.effect.p_value)
    assert ten.loglik == near(one.loglik)
    if scale != "per_doubling":
        moved = ask(LEVEL + 50)
        assert moved.effect.log_estimate == near(one.effect.log_estimate)
        assert moved.loglik == near(one.loglik)
    else:
        assert ask(LEVEL + 50).loglik != near(one.loglik, 1e-3)
    tens = ask(10 * LEVEL, arms=True)
    assert tens.ratio.log_estimate == near(both.ratio.log_estimate / factor)
    assert tens.ratio.p_value == near(both.ratio.p_value)
    assert tens.treatment_altered.log_estimate == near(both.treatment_altered.log_estimate)
    assert one.effect.scale == scale
    assert (one.effect.n_1, one.effect.n_0, one.effect.n) == (None, None, 120)
    assert one.effect.reversed().log_estimate == -one.effect.log_estimate
    assert both.ratio.log_estimate == near(both.marker_treated.log_estimate - both.marker_untreated.log_estimate)
    assert one.analysis.frame[VALUE].to_numpy() == near(LEVEL)
    words = {"per_unit": "per unit", "per_sd": "per SD", "per_doubling": "per doubling"}
    assert one.effect.contrast.startswith(words[scale])
    with pytest.raises(QuestionError, match="nothing says what is altered"):
        tr.select(tr.call(one.analysis.cohort, "ESR1"), marker="ESR1", endpoint="OS", er="any", treatment="any")


@pytest.mark.parametrize("ending", ["csv", "json", "xlsx"])
def test_rows_out_and_back(ending, tmp_path):
    """Rows written are the rows read, each field, in the order given; what is derived is derived again."""
    written = [
        *rows()[:4], answer(cohort(told())),
        tr.EffectEstimate(study="d", measure="RD", difference=-0.1, se=0.04, estimand="treatment_effect",
                          treatment_1="tamoxifen", treatment_0="none", to_months=60, remark="a, \"b\"\n=c"),
        tr.EffectEstimate(study="n", status="not_estimable", estimand="interaction", flags=("few_events",)),
    ]  # fmt: skip
    content = {"csv": effects_to_csv, "json": effects_to_json, "xlsx": effects_to_xlsx}[ending](written)
    path = tmp_path / f"rows.{ending}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    back = read_effects(path)
    assert len(back) == len(written)
    for own, read in zip(written, back, strict=True):
        assert read.study == own.study
        assert read.status == own.status
        assert read.flags == own.flags
        assert read.adjusted_for == own.adjusted_for
        assert (read.n, read.events, read.n_1) == (own.n, own.events, own.n_1)
        if own.point is not None:
            assert read.point == near(own.point, 1e-12)
            assert read.se == near(own.se, 1e-12)
            assert read.ci() == near(own.ci(), 1e-9)
    if ending != "xlsx":
        assert [row.row_id for row in back] == [row.row_id for row in written]
        again = {"csv": effects_to_csv, "json": effects_to_json}[ending](back)
        assert again == content
    assert tr.pool(back[:4]).point == near(tr.pool(written[:4]).point)
    assert tr.effects_to_frame(written)["study"].tolist() == [row.study for row in written]


@pytest.mark.parametrize("ending", [".ris", ".bib"])
def test_references_out_and_back(ending, tmp_path):
    """A reference written is the reference read, whatever stands in its title."""
    given = [
        Reference(key="a1999", authors=("Smith, J", "Doe, A B"), title="HER2 & tamoxifen: 50% of {all}", year=1999,
                  journal="Lancet", doi="10.1000/x"),
        Reference(key="b2001", authors=("Ångström, Ö",), title="Über PTEN", year=2001),
    ]  # fmt: skip
    path = tmp_path / f"refs{ending}"
    path.write_text(references_text(given, ending), encoding="utf-8")
    back = read_references(path)
    assert [one.title for one in back] == [one.title for one in given]
    assert [one.year for one in back] == [1999, 2001]
    assert [one.authors for one in back] == [one.authors for one in given]
    assert back[0].doi == "10.1000/x"
    assert back[0].journal == "Lancet"
    assert references_text(back, ending) == references_text(read_references(path), ending)


def test_simulated_patients():
    """A seed is a cohort, another seed another; a truth of no effect is no effect, and the cohort says it is made."""
    one, same, other = (tr.simulate(80, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one.patients, same.patients)
    assert not one.patients["BCSS_months"].equals(other.patients["BCSS_months"])
    assert one.simulated
    assert one.n == 80
    assert one.notes == ("Simulated: these are no patients.",)
    assert (one.patients["OS_event"] >= (one.patients["BCSS_event"] == 1)).all()
    assert one.patients["OS_months"].equals(one.patients["BCSS_months"])
    assert set(one.patients["endocrine"]) == {"yes", "no"}
    assert one.patients["age"].between(25, 95).all()
    slower = tr.simulate(80, truth=tr.Truth(scale=5000.0), seed=3)
    assert slower.patients["BCSS_event"].eq(1).sum() < one.patients["BCSS_event"].eq(1).sum()
    assert slower.patients["age"].equals(one.patients["age"])
    free = tr.simulate(80, truth=tr.Truth(other_deaths=0.0), seed=3)
    assert free.patients["BCSS_event"].eq(2).sum() == 0
    assert one.patients["BCSS_event"].eq(2).sum() > 0
    assert tr.Truth(ratio=1.8).ratio == 1.8
    row = tr.interaction(tr.select(one, marker="MARKER", endpoint="BCSS", treatment="any")).ratio
    assert row.simulated
    assert row.design == "randomised"
    assert math.isfinite(row.log_estimate)
    for wrong, sentence in (({"ratio": 0.0}, "ratio is 0.0; it must be above 0"), ({"missing": 1.0}, "it is a share")):
        with pytest.raises(QuestionError, match=sentence):
            tr.Truth(**wrong)
    with pytest.raises(QuestionError, match=r"^n is 4; simulate at least 10 patients\.$"):
        tr.simulate(4, seed=1)
