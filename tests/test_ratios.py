"""Every within-trial ratio that the literature tells, from whatever it prints; and votes, one trial once."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from test_extraction import EFFECT, STUDY, write

import tamoxres as tr
from tamoxres.effects import EffectEstimate
from tamoxres.evidence import literature
from tamoxres.evidence.check import DIRECTIONS
from tamoxres.evidence.ratios import _of_points, trial_ratios
from tamoxres.evidence.tables import embedded, split
from tamoxres.evidence.votes import SHOWS, count_votes, trial_votes, votes_table

EXACT = 1e-12  # differences of logs and quotients
R = json.loads((Path(__file__).parent / "reference" / "interactions" / "ratios.json").read_text(encoding="utf-8"))
CLOSED = 1e-9  # closed forms, against R
MARKERS = ("HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA")
WITHIN = {"comparison": "tamoxifen_vs_control_in_marker_", "treatment": "tamoxifen vs none", "endpoint": "RFS"}
TEST = {**EFFECT, "comparison": "interaction_marker_by_treatment", "treatment": "tamoxifen vs none", "endpoint": "RFS",
        "estimate": "", "ci_low": "", "ci_high": ""}  # fmt: skip


def stratum(level, estimate, low="", high="", p="", **cells):
    """A stratum of a user's table."""
    told = {"estimate": estimate, "ci_low": low, "ci_high": high, "p_value": p, "events": "", "n": ""}
    state = {"marker_state": "positive" if level == "positive" else "negative"}
    return {**EFFECT, **WITHIN, "comparison": WITHIN["comparison"] + level, **state, **told, **cells}


def ratios(folder, *rows):
    """The ratios of a user's own tables."""
    return trial_ratios(data=write(folder, list(rows), [STUDY]))


def test_two_strata_with_intervals_lead_over_their_p(tmp_path):
    """Difference of the logs, root of the summed squares; the printed test stands as a row of its own."""
    rows = ratios(tmp_path, stratum("positive", "0.9", "0.5", "1.62"), stratum("negative", "0.6", "0.4", "0.9"),
                  {**TEST, "p_value": "0.03"})  # fmt: skip
    assert [(row.status, row.route) for row in rows] == [("estimated", "strata"), ("test_only", "")]
    assert rows[0].log_estimate == pytest.approx(math.log(1.5), abs=EXACT)
    se = math.hypot(math.log(1.62 / 0.5), math.log(0.9 / 0.4)) / (2 * 1.959963984540054)
    assert rows[0].se == pytest.approx(se, rel=EXACT)


def test_two_points_and_an_exact_p(tmp_path):
    """SE = |d| / z: 1.02 / 0.24 and P 0.004 give 4.25 (1.59-11.4); the test does not stand again."""
    negative = stratum("negative", "0.24", p="0.0001", flags="p_is_upper_bound")
    rows = ratios(tmp_path, stratum("positive", "1.02", p="0.95"), negative, {**TEST, "p_value": "0.004"})
    assert [(row.status, row.route, row.p_value) for row in rows] == [("estimated", "strata_p", 0.004)]
    assert rows[0].se == pytest.approx(math.log(1.02 / 0.24) / 2.878161739095483, rel=1e-9)
    assert rows[0].ci() == (pytest.approx(1.587, rel=1e-3), pytest.approx(11.38, rel=1e-3))  # derived_ratios.txt


@pytest.mark.parametrize(
    ("test", "altered"),
    [
        ({"p_value": "0.004", "flags": "p_is_upper_bound"}, "1.02"),  # a bound gives no error
        ({"p_value": "0.85"}, "1.02"),  # above 0.80 the error would rest on rounding
        ({"p_value": "0.7"}, "0.25"),  # rounding of the two points can have made their difference
    ],
)
def test_points_that_say_nothing_of_their_error(tmp_path, test, altered):
    """They make no ratio: the test stands alone."""
    rows = ratios(tmp_path, stratum("positive", altered, p="0.9", flags="p_is_upper_bound"),
                  stratum("negative", "0.24", p="0.0001", flags="p_is_upper_bound"), {**TEST, **test})  # fmt: skip
    assert [row.status for row in rows] == ["test_only"]


def test_a_ratio_printed_the_other_way_is_turned(tmp_path):
    """Negative over positive 0.5 (0.25-1) is positive over negative 2 (1-4)."""
    rows = ratios(tmp_path, {**TEST, "estimate": "0.5", "ci_low": "0.25", "ci_high": "1",
                             "flags": "ratio_of_hazard_ratios_negative_over_positive"})  # fmt: skip
    assert (rows[0].estimate, rows[0].ci()) == (pytest.approx(2), (pytest.approx(1), pytest.approx(4)))
    assert rows[0].contrast == "altered v unaltered"


def test_points_are_refused_without_an_estimate():
    """A stratum without an estimate gives none; nor do a P above 0.80 and points that rounding can have parted."""
    about = {"study": "a", "estimand": "treatment_effect", "status": "test_only", "marker_level": "altered"}
    bare = EffectEstimate(**about)
    low, high = (EffectEstimate(log_estimate=value, **about) for value in (-1.427, 0.0198))
    assert _of_points(bare, bare, 0.01) is None
    assert _of_points(high, bare, 0.01) is None
    assert _of_points(high, low, 0.9) is None
    assert _of_points(low, low, 0.01) is None
    made = _of_points(high, low, 0.004)
    assert made.se == pytest.approx((0.0198 + 1.427) / 2.8781617, rel=1e-6)
    assert (made.route, made.p_value) == ("strata_p", 0.004)


def test_every_interaction_of_the_tables_stands_or_is_worked_anew():
    """None is lost: a row of the literature stands as it is, turned round, or beside its strata's ratio."""
    found = trial_ratios()
    assert {row.estimand for row in found} == {"interaction"}
    for row in literature(estimand="interaction"):
        turned = row.reversed() if row.group_1 == "unaltered" else row
        again = [one for one in found if (one.study, one.marker, one.endpoint) == (row.study, row.marker, row.endpoint)]
        assert turned in found or any(one.route in ("strata", "strata_p") for one in again), row
    assert Counter(row.status for row in found)["null_without_number"] == 7
    assert len({row.row_id for row in found}) == len(found)
    assert not any(row.flagged("recalled", "superseded_by_publication") for row in found)


def test_what_the_table_says_of_a_ratio_goes_with_it():
    """Bostner's strata carry that the abstract prints no interaction test; Kruger's clusters that data made them."""
    found = {(row.study, row.endpoint): row for row in trial_ratios(marker="MTOR") if row.status == "estimated"}
    assert found["bostner_2013", "RFS"].flagged("no_interaction_test_seen")
    kruger = found["kruger_2018", "RFI"]
    assert (kruger.route, kruger.n) == ("strata_p", 293)
    assert kruger.flagged("data_driven_clusters")
    assert not any(row.flagged("overlaps_row_of_same_study") for row in found.values())


@pytest.mark.parametrize("kind", ["from_strata", "from_points"])
def test_ratios_of_the_literature_are_those_of_r(kind):
    """Log, error and limits from two intervals, or from two points and the interaction's P."""
    rows = {row.study: row for row in reversed(trial_ratios()) if row.route in ("strata", "strata_p")}
    for study, told in R[kind].items():
        row = rows[study]
        assert (row.log_estimate, row.se) == pytest.approx((told["log"], told["se"]), rel=CLOSED), study
        assert row.ci() == pytest.approx((told["low"], told["high"]), rel=CLOSED), study
        if kind == "from_strata":
            assert row.p_value == pytest.approx(told["p"], rel=CLOSED), study


# votes


@pytest.mark.parametrize("marker", MARKERS)
def test_every_clinical_study_with_a_finding_votes_in_one_trial(marker):
    """The groups share no study and hold them all; kinds and directions add up to the groups."""
    votes = trial_votes(marker)
    table = tr.studies()
    clinical = table[(table["marker"] == marker) & (table["tier"] == "clinical")]
    named = [study for vote in votes for study in vote.studies]
    assert sorted(named) == sorted(clinical["study"])
    counts = count_votes(votes)
    assert tuple(counts) == SHOWS
    assert sum(sum(of_kind.values()) for of_kind in counts.values()) == len(votes)
    assert all(set(of_kind) == set(DIRECTIONS) for of_kind in counts.values())
    trials = [row["trial"] for row in embedded().studies if row["trial"] and row["tier"] == "clinical"
              and any(found.startswith(f"{marker}:") for found in split(row["finding_direction"]))]  # fmt: skip
    assert [vote.trial for vote in votes if vote.trial in trials] == list(
        dict.fromkeys(vote.trial for vote in votes if vote.trial in trials)
    )


def test_her2_has_one_trial_for_resistance_and_two_against():
    """GUN, three reports of it, votes once; DBCG 77c and SBII:2 are null; MA.12 and IKA are unclear."""
    told = {vote.trial: vote for vote in trial_votes("HER2") if vote.shows == "interaction"}
    assert {trial: vote.direction for trial, vote in told.items()} == {
        "GUN-1": "resistant", "DBCG 77C": "no_effect", "SBII:2 (Swedish premenopausal)": "no_effect",
        "MA.12": "unclear", "IKA (Dutch tamoxifen v observation)": "unclear",
    }  # fmt: skip
    assert told["GUN-1"].studies == ("De Placido 2003", "Carlomagno 1996")
    assert told["DBCG 77C"].studies == ("Knoop 2014", "Knoop 2001")


def test_reports_that_differ_make_a_mixed_vote_and_memory_is_named():
    """SWOG 8228: no effect and resistant; PTEN's null in IKA is known from memory alone, and the table says so."""
    swog = next(vote for vote in trial_votes("HER2") if vote.trial == "SWOG 8228")
    assert (swog.direction, swog.shows) == ("mixed", "single_arm")
    ika = next(vote for vote in trial_votes("PTEN") if vote.trial.startswith("IKA"))
    assert (ika.direction, ika.recalled) == ("no_effect", True)
    table = votes_table(trial_votes("PTEN"))
    assert "Known from memory alone: Stockholm high-risk" in table.footnotes[1]
    rows = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in table.rows}
    assert all(sum(int(n or 0) for n in cells[:-1]) == int(cells[-1]) for cells in rows.values())
    assert sum(int(cells[-1]) for name, cells in rows.items() if name != "PTEN") == int(rows["PTEN"][-1])


def test_an_inhibitor_added_to_tamoxifen_is_no_vote_on_tamoxifen(tmp_path):
    """The drug decides: a user's single-arm series of mixed drugs is `other`."""
    for drug, shows in (("tamoxifen", "single_arm"), ("mixed_endocrine", "other"), ("", "other")):
        study = {**STUDY, "evidence_kind": "treated_only", "drug": drug}
        assert [vote.shows for vote in trial_votes("HER2", data=write(tmp_path, [EFFECT], [study]))] == [shows]
