"""Interactions within trials by comparison, the page of a marker, and the events that would settle it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import norm

import tamoxres as tr
from tamoxres.effects import EffectEstimate, effects_to_csv, read_effects
from tamoxres.errors import AnalysisError, QuestionError, TamoxresError
from tamoxres.evidence.ratios import trial_ratios
from tamoxres.inference.sample_size import events_for_ratio
from tamoxres.meta.certainty import certainty
from tamoxres.meta.within import ASKED, within_trials

MARKERS = ("HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA")
ABOUT = {"marker": "HER2", "estimand": "interaction", "design": "randomised", "treatment_1": "tamoxifen",
         "treatment_0": "none", "endpoint": "DFS"}  # fmt: skip


def trial(name, log, se, **fields):
    return EffectEstimate(study=name, log_estimate=log, se=se, **{**ABOUT, **fields})


def null(name, **fields):
    return EffectEstimate(study=name, status="null_without_number", direction="no_effect", **{**ABOUT, **fields})


def cells(table):
    """Rows by study."""
    return {row.cells[0].text: [cell.text for cell in row.cells] for row in table.rows}


@pytest.mark.parametrize("marker", MARKERS)
def test_each_comparison_is_rated_as_certainty_rates_it(marker):
    """Nothing is rated twice, composites enter nothing, and every row has a place."""
    found = tr.interactions(marker=marker)
    assert len(found.effects) == len(trial_ratios(marker=marker))
    for one in found.comparisons:
        rated = [row for row in one.rows if not row.flagged("composite_marker")]
        assert one.certainty == certainty(rated, claimed="below" if one.treatment_0 == "tamoxifen" else "above")
        assert all(one.role(row) for row in one.rows)
        assert {row.treatment_contrast for row in one.rows} == {one.contrast}
    table = found.table()
    assert len(table.rows) == len(found.effects) + sum(1 + len(c.certainty.scenarios) for c in found.comparisons)
    assert str(found) == table.to_markdown()


def test_the_leading_comparison_is_tamoxifen_against_none():
    """HER2: one ratio, two nulls, GUN's other reports set aside; AI against tamoxifen is judged on the other side."""
    found = tr.interactions(marker="her2")
    assert [one.contrast for one in found.comparisons][0] == ASKED
    rated = found.certainty()
    assert ([row.label for row in rated.effects], rated.for_modification) == (
        ["De Placido 2003", "Knoop 2001", "Rydén 2008"], "very low",
    )  # fmt: skip
    ai = found.certainty("aromatase_inhibitor_v_tamoxifen")
    assert ai.claimed == "below"
    assert [row.label for row in ai.nulls] == ["Bartlett 2013", "Dowsett 2008"]
    assert found.certainty("5-fu_v_none").k == 0
    assert found.iceman().rows[0].cells[1].text == "definitely yes"


def test_heads_and_roles_follow_the_side_that_a_comparison_is_rated_for():
    """AI v tamoxifen is rated for a ratio below 1: the head says so, and 2.38 is not below 1."""
    rows = tr.interactions(marker="HER2").table().rows
    heads = [row.cells[0].text for row in rows if row.kind == "heading"]
    assert heads[0] == "Tamoxifen v none (rated for a ratio above 1)"
    assert heads[-1] == "Aromatase inhibitor v tamoxifen (rated for a ratio below 1)"
    roles = {(row.cells[0].text, row.cells[5].text): row.cells[-1].text for row in rows}
    assert roles["Bartlett 2013", "2.38 (1.44-3.93)"] == "enters, not below 1"
    assert roles["Rasmussen 2008", "0.86 (0.50-1.49)"] == "enters"
    assert roles["Love 2003", "0.77 (0.29-2.06)"] == "enters, not above 1"
    turned = within_trials([trial("A", 0.5, 0.2), null("B")], claimed="below")
    assert turned.comparisons[0].head == "tamoxifen v none (rated for a ratio below 1)"
    assert cells(turned.table())["A"][-1] == "enters, not below 1"
    assert turned.certainty().reasons[0] == "2 randomised trials, 2 of them null or on the other side of 1 (A, B)."


def test_results_without_a_number_are_told_as_what_they_count():
    """Lost after correction, and no side told: a null; significant on the rated side: counted, never pooled."""
    akt, pik3ca = (cells(tr.interactions(marker=name).table()) for name in ("AKT", "PIK3CA"))
    t308 = next(row for row in tr.interactions(marker="AKT").table().rows if row.cells[3].text == "phosphorylated T308")
    assert [cell.text for cell in t308.cells[-2:]] == [
        "nominally significant, no number", "counts as a null: side not told",
    ]  # fmt: skip
    assert akt["This trial, were there others"][5] == "1.64 (0.41-6.56)"
    assert pik3ca["Luen 2018"][-2:] == ["significant, no number", "counts, no number to pool"]
    assert pik3ca["Pérez-Tenorio 2007"][-1] == "counts as a null"
    one = within_trials([null("A")]).certainty()
    assert one.reasons[0] == "1 randomised trial, null (A)."
    assert within_trials([trial("A", 0.5, 0.2)]).certainty().reasons[0] == "1 randomised trial, not null."


def test_a_composite_is_shown_and_never_pooled():
    """However strong, it moves no rating."""
    rows = [trial("A", 0.5, 0.2), null("B")]
    strong = trial("C", 3.0, 0.05, flags=("composite_marker",))
    before, after = within_trials(rows), within_trials([*rows, strong])
    assert before.certainty() == after.certainty()
    assert cells(after.table())["C"][-1] == "composite marker"


def test_what_was_not_randomised_is_shown_and_set_aside():
    """A user's own cohort stands in the table, with its ratio, and enters nothing; other markers' rows are left."""
    own = trial("ours", 2.0, 0.1, design="observational", route="model", origin="own_patients")
    others = [replace(own, study="x", marker="AKT"), replace(own, study="y", estimand="prognostic"),
              replace(own, study="z", origin="published")]  # fmt: skip
    without, found = tr.interactions(marker="HER2"), tr.interactions(marker="HER2", own=[own, *others])
    assert found.certainty().for_modification == without.certainty().for_modification
    shown = cells(found.table())
    assert shown["ours"][5:] == ["7.39 (6.07-8.99)", "<0.001", "patients", "treatment not randomised"]
    assert not {"x", "y", "z"} & set(shown)
    turned = tr.interactions(marker="HER2", own=[replace(own, group_1="unaltered", group_0="altered")])
    assert cells(turned.table())["ours"][5] == "0.14 (0.11-0.16)"


def test_nulls_without_numbers_are_bounded_where_counts_stand():
    """SE = 1 / sqrt(D p (1 - p) / 4): 200 events, half altered, give 0.283 and 0.57-1.74; without counts nothing."""
    found = within_trials([null("counts", n=400, n_1=200, events=200), null("bare")])
    shown = cells(found.table())
    se = 1 / math.sqrt(200 / 16)
    low, high = (math.exp(sign * norm.ppf(0.975) * se) for sign in (-1, 1))
    assert shown["counts"][5] == f"between {low:.2f} and {high:.2f} by its counts"
    assert shown["bare"][5] == ""
    assert [scenario.null_at for scenario in found.certainty().scenarios] == [-1.96, 0.0, 1.96]


def test_without_any_row_the_table_says_so():
    """PTEN, SRC and Hedgehog: no interaction of randomised tamoxifen is known with a number or as a null."""
    for marker in ("PTEN", "SRC", "HH"):
        found = tr.interactions(marker=marker)
        assert found.comparisons == ()
        assert "neither with a number nor without" in found.table().footnotes[0]
        assert (found.certainty().for_modification, found.certainty().of_none) == ("none", "none")
    with pytest.raises(QuestionError, match="Unknown marker"):
        tr.interactions(marker="KRAS")


# the page


@pytest.mark.parametrize("marker", MARKERS)
def test_a_page_holds_what_a_panel_asks(marker, tmp_path):
    """Claim with its citation, trials, certainty both ways, prognosis and own cohorts apart, events for 1.5."""
    page = tr.marker_page(marker)
    titles = [table.title for table in page.tables]
    claim = {row.cells[0].text: row.cells[1].text for row in page.tables[0].rows}
    assert "Mansuri S, Teimourzadeh A" in claim["The review"]
    assert claim["Certainty that tamoxifen does less where altered"] == page.interactions.certainty().for_modification
    assert claim["Certainty that the marker does not modify its effect"] == page.interactions.certainty().of_none
    assert titles[1].endswith("interactions of marker and treatment within trials")
    certain = "Certainty of an effect modification: tamoxifen v none"
    assert {certain, "Prognostic evidence, published", "Own cohorts"} <= set(titles)
    assert ("ICEMAN, items for a meta-analysis: tamoxifen v none" in titles) == bool(page.interactions.certainty().k)
    assert titles[-1].endswith("for a ratio of 1.5")
    assert all("withhold, change or stop" in table.footnotes[0] for table in page.tables[:1])
    own_words = [text for table in page.tables for text in (table.title, *table.footnotes)]
    assert tr.check_claims("\n\n".join(own_words)) == []
    html = page.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert html.count("<table") == len(page.tables)
    assert (html.count("<style"), "<script" in html) == (1, False)


def test_own_rows_stand_apart_on_the_page():
    """They are in their own table with what they estimate; what is recalled is counted and left out."""
    row = EffectEstimate(study="ours", marker="HER2", estimand="prognostic", log_estimate=0.4, se=0.1, endpoint="OS",
                         treatment_1="tamoxifen", treated_alike="yes", n=100, n_1=20)  # fmt: skip
    page = tr.marker_page("HER2", own=[row])
    tables = {table.title: table for table in page.tables}
    assert [cell.text for cell in tables["Own cohorts"].rows[0].cells][:4] == ["ours", "HR", "tamoxifen", "OS"]
    assert "ours" not in cells(tables["Prognostic evidence, published"])
    assert page.recalled == 1
    assert "known from memory alone, left out: 1." in page.tables[1].footnotes[-1]
    assert "ours" in page._repr_html_()
    with pytest.raises(TamoxresError, match="written as .html or .md"):
        page.save("page.pdf")


def test_of_a_cohorts_many_rows_one_a_question_is_taken():
    """The most adjusted interaction and prognostic effect of a report's rows; no covariate, period or mixed arms."""
    prognostic = {"marker": "HER2", "estimand": "prognostic", "log_estimate": 0.4, "se": 0.1, "endpoint": "OS"}
    treated = {**prognostic, "treatment_1": "endocrine", "treated_alike": "yes"}
    crude = trial("ours", 0.1, 0.3, design="observational")
    adjusted = replace(crude, log_estimate=0.2, adjusted_for=("age",), strata=("site",))
    alone = EffectEstimate(study="ours", **treated)
    mixed = EffectEstimate(study="ours", **prognostic, treated_alike="no")
    within = replace(crude, estimand="treatment_effect")
    others = [replace(adjusted, to_months=60.0), within, replace(alone, variable="age"), mixed]
    page = tr.marker_page("HER2", own=[crude, adjusted, alone, *others])
    assert list(page.own) == [adjusted, alone]
    assert cells(page.interactions.table())["ours"][5] == "1.22 (0.68-2.20)"


def test_the_share_of_altered_patients_is_added_to_those_shown():
    """5% of 2,000: its line stands beside the usual shares, and the note says whence it is."""
    own = trial("ours", 0.1, 0.3, n=2000, n_1=100, design="observational", marker="PTEN")
    table = tr.marker_page("PTEN", own=[own]).tables[-1]
    assert [row.cells[0].text for row in table.rows] == [f"{n}%" for n in (5, 10, 20, 30, 50)]
    assert table.rows[0].cells[1].text == f"{events_for_ratio(1.5, altered=0.05):,}"
    assert "5% by the rows that tell it" in table.footnotes[0]


# events


@pytest.mark.parametrize(("ratio", "altered", "treated", "power"), [
    (1.5, 0.2, 0.5, 0.8), (2.0, 0.1, 0.4, 0.9), (0.5, 0.35, 0.5, 0.8), (1.2, 0.5, 0.3, 0.95),
])  # fmt: skip
def test_the_events_give_the_power_asked_for(ratio, altered, treated, power):
    """The power at D = 1 / (SE^2 p (1 - p) a (1 - a)), the other tail left out, is just reached and not one less."""

    def reached(events):
        se = 1 / math.sqrt(events * altered * (1 - altered) * treated * (1 - treated))
        return norm.cdf(abs(math.log(ratio)) / se - norm.ppf(0.975))

    events = events_for_ratio(ratio, altered=altered, treated=treated, power=power)
    assert reached(events) >= power > reached(events - 1)
    assert events == events_for_ratio(1 / ratio, altered=altered, treated=treated, power=power)


def test_events_are_those_of_r():
    """48 trials: ratio, share altered, share treated, power."""
    told = json.loads(
        (Path(__file__).parent / "reference" / "interactions" / "ratios.json").read_text(encoding="utf-8")
    )
    for case in told["events"]:
        asked = {name: case[name] for name in ("ratio", "altered", "treated", "power")}
        assert events_for_ratio(**asked) == case["events"], case
    assert len(told["events"]) == 48


def test_events_by_hand():
    """(1.959964 + 0.841621)^2 / (ln 1.5)^2 / (0.2 0.8 / 4) = 7.848879 / 0.164402 / 0.04 = 1193.6."""
    assert events_for_ratio(1.5, altered=0.2) == 1194
    assert math.ceil(7.848879 / 0.164402 / 0.04) == 1194


@pytest.mark.parametrize("asked", [{"ratio": 1.0}, {"ratio": 0.0}, {"altered": 0.0}, {"power": 1.0}, {"treated": 2.0}])
def test_events_refuse_what_has_no_answer(asked):
    """A ratio of 1, and shares outside 0 to 1."""
    with pytest.raises(AnalysisError, match="it (is above 0 and not 1|lies between 0 and 1)"):
        events_for_ratio(**{"ratio": 1.5, "altered": 0.2, **asked})


# the command line


def test_the_commands_say_the_same(run, tmp_path):
    """`interactions` prints the table, writes the rows and takes own ones; `marker-page` writes the page."""
    code, out, _ = run("interactions", "--marker", "MTOR", "--iceman")
    assert code == 0
    assert "4.25 (1.59-11.38)" in out
    assert "Chance an unlikely explanation?" in out
    own = tmp_path / "own.csv"
    row = trial("ours", 0.5, 0.2, marker="MTOR", design="observational")
    own.write_text(effects_to_csv([row]), encoding="utf-8")
    rows = tmp_path / "rows.csv"
    assert run("interactions", "--marker", "mtor", "--own", own, "--format", "csv", "-o", rows)[0] == 0
    expected = tr.interactions(marker="MTOR", own=[row]).effects
    assert [one.row_id for one in read_effects(rows)] == [one.row_id for one in expected]
    assert len(json.loads(run("interactions", "--marker", "MTOR", "--format", "json")[1])) == len(expected) - 1
    code, _, err = run("interactions", "--marker", "MTOR", "-o", rows)
    assert (code, "A table is for the terminal" in err) == (2, True)
    code, out, _ = run("marker-page", "MTOR", "-o", tmp_path / "mtor.md")
    assert (code, "Wrote" in out) == (0, True)
    assert (tmp_path / "mtor.md").read_text(encoding="utf-8") == tr.marker_page("MTOR").to_markdown()
    assert run("marker-page", "MTOR")[1].startswith(tr.marker_page("MTOR").tables[0].title)
