"""A user's own evidence tables: checked cell by cell, read, added to the embedded ones, and what they change."""

from __future__ import annotations

import csv
import shutil

import pytest

from tamoxres.effects import effects_to_csv
from tamoxres.errors import DataError, PoolingError, QuestionError
from tamoxres.evidence import (
    changes,
    check_extraction,
    derived_interactions,
    evidence_counts,
    is_extraction,
    literature,
    narrowed,
    side_by_side,
    studies,
)
from tamoxres.evidence.counts import NO_FINDING
from tamoxres.evidence.tables import embedded
from tamoxres.figures.evidence_map import evidence_map
from tamoxres.files import data_root
from tamoxres.meta.comparable import Alike
from tamoxres.meta.moved import answers, moved
from tamoxres.meta.pool import pool
from tamoxres.registry import find

EMBEDDED = data_root() / "literature"
BY_HAND = 5e-4  # ratios worked by hand to three decimals
STUDY = {
    "study_id": "ours_2020", "first_author": "Ours", "year": "2020", "title": "Our trial", "journal": "J", "pmid": "",
    "doi": "", "tier": "clinical", "design": "randomised_trial", "setting": "adjuvant", "population": "300 women",
    "markers": "HER2;PTEN", "finding_direction": "HER2:resistant", "summary": "s", "verification": "source_text",
    "evidence_locator": "", "flags": "",
}  # fmt: skip
EFFECT = {
    "study_id": "ours_2020", "marker": "HER2", "marker_state": "positive", "assay": "IHC",
    "comparison": "marker_positive_vs_negative", "treatment": "tamoxifen", "endpoint": "OS", "measure": "HR",
    "estimate": "1.8", "ci_low": "1.2", "ci_high": "2.7", "p_value": "", "n": "300", "events": "90", "adjusted": "no",
    "verification": "source_text", "evidence_locator": "", "flags": "",
}  # fmt: skip


def write(folder, effects, studies_):
    """Write the two tables."""
    for name, rows in (("effects.csv", effects), ("studies.csv", studies_)):
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture
def own(tmp_path):
    """A folder with one study of two rows."""
    other = {**EFFECT, "endpoint": "RFS", "estimate": "1.5", "ci_low": "1.1", "ci_high": "2.1"}
    return write(tmp_path, [EFFECT, other], [STUDY])


@pytest.fixture
def copy(tmp_path):
    """A copy of the embedded tables, to be altered."""
    return shutil.copytree(EMBEDDED, tmp_path / "copy")


def alter(folder, name, old, new):
    """Change one place of a table."""
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    (folder / name).write_text(text.replace(old, new), encoding="utf-8", newline="")


def test_the_embedded_tables_hold():
    """199 rows of 146 studies, by the check that a user's tables go through; it says what they are about."""
    found = check_extraction(EMBEDDED / "effects.csv")
    assert (found.ok, found.effects, found.studies) == (True, 199, 146)
    *asked, first, second = str(found).splitlines()
    assert f"199 effect rows of 146 studies read; questions: {len(asked)}." in first
    assert any("Love 2003: the interval 0.26-0.89 is not symmetric" in question for question in found.questions)
    assert any("Burstein 2014: the interval gives P 0.716 to 0.785" in question for question in found.questions)
    assert second == (
        "About HER2 90, PTEN 12, AKT 24, MTOR 34, HH 5, PIK3CA 28, SRC 6; 118 print an estimate, 61 a P alone, "
        "20 no number."
    )
    assert sum(n for _, n in found.markers) == found.effects


def test_a_row_may_tell_a_result_without_a_number(tmp_path):
    """By its flag; beside a number the flag is refused. Tables without the newer columns are read as before."""
    asked = {"comparison": "interaction_marker_by_treatment", "treatment": "tamoxifen vs none"}
    bare = EFFECT | asked | {"estimate": "", "ci_low": "", "ci_high": "", "flags": "reported_null_without_number"}
    assert [e.status for e in literature(data=write(tmp_path, [bare], [STUDY]))] == ["null_without_number"]
    both = [{**EFFECT, "flags": "reported_null_without_number"}]
    with pytest.raises(DataError, match="flags: reported_null_without_number stands beside a number"):
        literature(data=write(tmp_path, both, [STUDY]))
    newer = [{**EFFECT, "interaction_p": "0.03", "printed_as": "1.8"}]
    assert literature(data=write(tmp_path, newer, [{**STUDY, "trial": "Ours", "drug": "tamoxifen"}]))[0].trial == "Ours"
    with pytest.raises(DataError, match="column evidence_kind: is 'randomized'; use one of randomised_interaction"):
        literature(data=write(tmp_path, newer, [{**STUDY, "evidence_kind": "randomized"}]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"study_id": "nobody_1999"}, r"line 2, column study_id: nobody_1999 has no row in studies.csv; add one"),
        ({"study_id": ""}, "column study_id: is empty"),
        ({"marker": "KRAS"}, "column marker: is 'KRAS'; use one of HER2, AKT"),
        ({"comparison": "positive_v_negative"}, "column comparison: is 'positive_v_negative'; use one of marker_pos"),
        ({"endpoint": "survival"}, "column endpoint: is 'survival'; use one of"),
        ({"measure": "hazard"}, "column measure: is 'hazard'; use one of HR, sHR, RR, OR"),
        ({"estimate": "1,8"}, "column estimate: is '1,8'; write a number with a decimal point"),
        ({"estimate": "nan"}, "column estimate: is 'nan'; write a finite number"),
        ({"estimate": "0", "ci_low": "0"}, r"column estimate: is 0; a ratio \(HR\) is above 0"),
        ({"ci_low": "-1.2"}, r"column ci_low: is -1.2; a ratio \(HR\) is above 0"),
        ({"ci_high": ""}, "column ci_high: is empty; give both limits or none"),
        ({"estimate": "3"}, "column ci_low: the interval 1.2 to 2.7 does not hold its estimate 3"),
        ({"estimate": ""}, "column estimate: is empty beside an interval"),
        ({"ci_low": "1.8", "ci_high": "1.8"}, "has no width, so its standard error would be 0"),
        ({"p_value": "0"}, "column p_value: is 0; a P is above 0 and at most 1"),
        ({"p_value": "1.2"}, "column p_value: is 1.2; a P is above 0"),
        ({"estimate": "", "ci_low": "", "ci_high": ""}, "neither an estimate nor a P is given"),
        ({"estimate": "1", "ci_low": "", "ci_high": "", "p_value": "0.3"}, "line 2: Ours 2020: "),
        ({"n": "about 300"}, "column n: is 'about 300'; write a whole number"),
        ({"events": "301"}, "column events: 301 events in 300 patients"),
        ({"adjusted": "maybe"}, "column adjusted: is 'maybe'; use one of yes, no, or empty"),
        ({"flags": "overlaps:nobody"}, "column flags: overlaps names 'nobody', which is no study_id"),
        ({"comparison": "interaction_marker_by_treatment", "treatment": "drug A"}, "treatment: cannot tell what"),
    ],
)  # fmt: skip
def test_a_bad_effect_row_is_named(tmp_path, change, says):
    """File, line, column, what is wrong, what to do; and reading it is refused with the same sentence."""
    folder = write(tmp_path, [{**EFFECT, **change}], [STUDY])
    found = check_extraction(folder)
    assert not found.ok
    with pytest.raises(DataError, match=says):
        raise DataError(str(found))
    with pytest.raises(DataError, match=says):
        literature(data=folder)
    assert all(str(folder / "effects.csv") in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"year": "20"}, r"studies.csv, line 2, column year: is '20'; write the year"),
        ({"tier": "human"}, "column tier: is 'human'; use one of cell_line"),
        ({"setting": ""}, "column setting: is ''; use one of adjuvant"),
        ({"doi": "https://doi.org/10.1/x"}, "column doi: .* write it without its address"),
        ({"markers": "HER2;FOO"}, "column markers: 'FOO' is unknown; use HER2"),
        ({"finding_direction": "AKT:resistant"}, "column finding_direction: cannot read 'AKT:resistant'; .* HER2:res"),
        ({"finding_direction": "HER2:bad"}, "cannot read 'HER2:bad'"),
        ({"title": ""}, "column title: is empty; fill it in"),
    ],
)
def test_a_bad_study_row_is_named(tmp_path, change, says):
    """The table of studies is checked in the same way."""
    with pytest.raises(DataError, match=says):
        literature(data=write(tmp_path, [EFFECT], [{**STUDY, **change}]))


def test_doubled_rows_and_several_faults(tmp_path):
    """A study or a row that stands twice is named by both lines; of several faults the first is told, and how many."""
    found = check_extraction(write(tmp_path, [EFFECT, EFFECT], [STUDY, STUDY]))
    assert "studies.csv, line 3, column study_id: ours_2020 stands in line 2 too" in found.problems[0]
    assert "effects.csv, line 3, column study_id: the same row as line 2" in found.problems[1]
    with pytest.raises(DataError, match=r"line 3.*\(1 more; `tamoxres check` lists them.\)"):
        literature(data=tmp_path)


def test_files_that_are_no_tables(tmp_path):
    """A missing file, missing or unknown columns, ragged rows and other encodings are refused by name."""
    with pytest.raises(DataError, match=r"effects.csv is missing. An extraction is a folder with effects.csv and"):
        literature(data=tmp_path)
    write(tmp_path, [{k: v for k, v in EFFECT.items() if k != "flags"}], [STUDY])
    with pytest.raises(DataError, match=r"effects.csv has no column flags. It needs study_id, marker"):
        check_extraction(tmp_path)
    write(tmp_path, [{**EFFECT, "comment": "x"}], [STUDY])
    with pytest.raises(DataError, match="unknown column 'comment'"):
        check_extraction(tmp_path)
    write(tmp_path, [EFFECT], [STUDY])
    with (tmp_path / "effects.csv").open("a", encoding="utf-8") as stream:
        stream.write("ours_2020,HER2\n")
    with pytest.raises(DataError, match=r"line 3: 2 cells under 18 columns"):
        check_extraction(tmp_path)
    (tmp_path / "effects.csv").write_bytes(b"study_id,\xff\n")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        check_extraction(tmp_path)


def test_an_extraction_is_told_from_effect_rows(own, tmp_path):
    """By its header: effect rows are another format."""
    assert is_extraction(own / "effects.csv")
    assert is_extraction(own)
    rows = tmp_path / "rows.csv"
    rows.write_text(effects_to_csv(literature(marker="SRC")), encoding="utf-8")
    assert not is_extraction(rows)
    assert not is_extraction(tmp_path / "nowhere.csv")


def test_own_rows_alone_and_with_the_embedded_ones(own):
    """Alone there are two; added there are 201, the embedded ones unaltered, and the evidence map grows by one."""
    assert [effect.label for effect in literature(data=own)] == ["Ours 2020", "Ours 2020"]
    both = literature(data=own, merge=True, include="all")
    assert len(both) == 201
    assert [e.estimate for e in both[:199]] == [e.estimate for e in literature(include="all")]
    assert len(studies(data=own, merge=True)) == 175 + 1
    assert derived_interactions(data=own) == []


def test_a_study_of_the_same_id_is_replaced(own):
    """A user who corrects De Placido 2003 gives all its rows; overlaps with it still hold."""
    row = {**EFFECT, "study_id": "de_placido_2003"}
    write(own, [row], [{**STUDY, "study_id": "de_placido_2003", "first_author": "De Placido", "year": "2003"}])
    rows = [e for e in literature(data=own, merge=True, include="all") if e.label == "De Placido 2003"]
    assert [(e.estimate, e.endpoint) for e in rows] == [(1.8, "OS")]
    assert rows[0].overlaps == ("bianco_2000", "carlomagno_1996")


def test_what_changed(copy, own):
    """An altered cell, a removed row and added rows are listed; an untouched copy changes nothing."""
    assert changes(copy).empty
    alter(copy, "effects.csv", "de_placido_2003,HER2,overexpressed,IHC,tamoxifen_vs_control_in_marker_positive,"
          "tamoxifen vs none,OS,HR,1.09,0.63,1.87", "de_placido_2003,HER2,overexpressed,IHC,"
          "tamoxifen_vs_control_in_marker_positive,tamoxifen vs none,OS,HR,1.19,0.63,1.87")  # fmt: skip
    found = changes(copy).to_dict("records")
    assert found == [
        {"table": "effects", "change": "altered", "study_id": "de_placido_2003", "column": "estimate", "before": "1.09",
         "after": "1.19", "row": "HER2 tamoxifen_vs_control_in_marker_positive overexpressed OS"},
    ]  # fmt: skip
    added = changes(own, merge=True)
    assert [tuple(row) for row in added[["table", "change", "study_id"]].to_numpy()] == [
        ("studies", "added", "ours_2020"), ("effects", "added", "ours_2020"), ("effects", "added", "ours_2020"),
    ]  # fmt: skip
    alone = changes(own)
    assert (alone["change"] == "removed").sum() == 146 + 199


def test_pooled_answers_that_move(own):
    """A further study of AKT or HER2 moves the answers that it belongs to, and no other."""
    before = literature()
    assert moved(before, before).empty
    row = {**EFFECT, "marker": "AKT"}
    write(own, [row], [{**STUDY, "markers": "AKT", "finding_direction": "AKT:resistant"}])
    found = moved(before, literature(data=own, merge=True)).to_dict("records")
    assert len(found) == 1
    assert (found[0]["marker"], found[0]["endpoint"], found[0]["k_before"], found[0]["k_after"]) == ("AKT", "OS", 2, 3)
    key = next(key for key in answers(before) if key[:3] == ("AKT", "prognostic", "OS") and "treated" in key[-1])
    assert found[0]["before"].startswith(f"{answers(before)[key].estimate:.2f} (")


def test_counts_add_up():
    """Rows identified are rows left out and rows usable; tiers, estimands and kinds are parts of their wholes."""
    for asked in ({}, {"marker": "her2"}):
        table = evidence_counts(**asked)
        rows = {(step, what): n for step, what, n in zip(table["step"], table["what"], table["rows"], strict=True)}
        out = table[table["step"] == "left out"]["rows"].sum()
        assert rows["identified", "all"] == out + rows["usable", "all"]
        assert rows["usable", "all"] == len(literature(**asked))
        tiers = [rows["identified", tier] for tier in ("cell line", "animal model", "clinical", "meta-analysis")]
        assert sum(tiers) == rows["identified", "all"]
        kinds = ("with a standard error", "a test or an estimate alone", "reported without a number")
        assert sum(rows["usable", kind] for kind in kinds) == rows["usable", "all"]
    assert evidence_counts().iloc[0].tolist() == ["identified", "all", 146, 199]


@pytest.mark.parametrize("marker", [None, "HER2", "PTEN", "AKT", "mTOR", "SRC", "Hedgehog", "PIK3CA"])
def test_the_map_and_the_flow_count_the_same_studies(marker):
    """Both count ids: the studies identified are those on the map and those without a finding of their own."""
    told, shown = evidence_counts(marker=marker).set_index("what")["studies"], studies()
    shown = shown if marker is None else shown[shown["marker"] == find(marker).evidence_name]
    assert told["all"].iloc[0] == shown["study_id"].nunique() + told[NO_FINDING]
    assert shown.groupby("study")["study_id"].nunique().max() == 1, "a label names one study"
    drawn = evidence_map(shown)
    heads = [text.get_text() for text in drawn.texts if text.get_text().endswith((" study", " studies"))]
    by_tier = shown.groupby("tier")["study_id"].nunique()
    assert sorted(int(head.split()[0]) for head in heads) == sorted(by_tier)
    if marker is None:
        silent = [row for row in embedded().studies if not row["finding_direction"]]
        assert {row["tier"] for row in silent} == {"clinical"}
        assert by_tier["clinical"] + len(silent) == told["clinical"] == 101


def test_two_studies_of_one_label_are_two():
    """The map counts ids where it has them, labels where it has none."""
    frame = studies().iloc[:2].assign(study="Twice 2000", marker="HER2", tier="clinical", direction="resistant")
    for columns, n in ((list(frame.columns), 2), (["study", "marker", "tier", "direction"], 1)):
        assert evidence_map(frame[columns]).get_label() == (
            f"Evidence map, number of studies. HER2 clinical resistant {n}."
        )


def test_counts_refuse_an_unknown_marker():
    """By its name."""
    with pytest.raises(QuestionError, match="Unknown marker 'KRAS'"):
        evidence_counts(marker="KRAS")


def test_rows_are_narrowed_by_drug_and_flags():
    """A drug is looked for in the treatment; flags are asked for or refused, and an unknown one is told."""
    rows = literature(marker="HER2")
    assert {e.label for e in narrowed(rows, treatment="Anastrozole")} == {"Kaufman 2009", "Dowsett 2008"}
    love = narrowed(rows, with_flags=["with_oophorectomy"])
    assert {e.label for e in love} == {"Love 2003"}
    assert len(narrowed(rows, without_flags=["with_oophorectomy"])) == len(rows) - len(love)
    with pytest.raises(QuestionError, match="None of .* rows is flagged nonsense. Flags are "):
        narrowed(rows, with_flags=["nonsense"])


def test_the_reviews_trials_stand_side_by_side():
    """Ratios by hand, each with its contrast and endpoint; Love's interval implies two errors, and both are shown."""
    table = side_by_side().set_index(["study", "endpoint", "route"])
    table = table[~table.index.duplicated()]
    for study, endpoint, ratio, contrast in (
        ("De Placido 2003", "OS", 1.33 / 0.73, "tamoxifen vs none"),
        ("Love 2003", "DFS", 0.37 / 0.48, "oophorectomy plus tamoxifen vs observation"),
        ("Stål 2000", "RFI", 1.10 / 0.62, "tamoxifen 5 vs 2 years"),
        ("Stål 2003", "DRFI", 0.72 / 0.44, "tamoxifen vs none"),
        ("Bostner 2013", "RFS", 0.86 / 0.29, "tamoxifen vs none"),
    ):
        row = table.loc[(study, endpoint, "two strata")]
        assert row["ratio"] == pytest.approx(ratio, rel=BY_HAND), study
        assert row["contrast"] == contrast
    love = table.loc[("Love 2003", "DFS", "two strata")]
    assert "altered: interval not symmetric, SE 0.18 by its lower limit, 0.4478 by its upper" in love["remark"]
    assert (love["se_least"], love["se_most"]) == (
        pytest.approx((0.18**2 + 0.1997**2) ** 0.5, abs=1e-4), pytest.approx((0.4478**2 + 0.2231**2) ** 0.5, abs=1e-4),
    )  # fmt: skip
    assert table.loc[("De Placido 2003", "OS", "two strata")]["printed_p"] == 0.04
    beelen = table.loc[("Beelen 2014a", "RFI", "printed")]
    assert (beelen["marker"], beelen["printed_p"]) == ("MTOR", 0.004)
    knoop = table.loc[("Knoop 2001", "DFS", "no number")]
    assert knoop[["ratio", "se", "printed_p"]].isna().all()
    assert set(side_by_side(marker="akt")["marker"]) == {"AKT"}


def test_the_reviews_trials_are_pooled_only_by_name():
    """Tamoxifen v none and 5 v 2 years are refused; mapped by name they pool, and the result says so."""
    rows = [e for e in derived_interactions(marker="HER2") if e.label in ("De Placido 2003", "Stål 2000")]
    with pytest.raises(PoolingError, match="Effects differ in measure"):
        pool(rows)
    with pytest.raises(
        PoolingError, match="Effects differ in treatment contrast: tamoxifen_v_none .*longer_tamoxifen_v_shorter"
    ):
        pool(rows, alike=Alike(measure={"RR": "HR"}))
    named = Alike(
        measure={"RR": "HR"}, treatment_contrast={"longer_tamoxifen_v_shorter_tamoxifen": "tamoxifen_v_none"},
        rule={"overexpressed_or_amplified": "overexpressed"}, assay={"*": "any"},
    )  # fmt: skip
    pooled = pool(rows, alike=named, endpoint_map={"RFI": "OS"})
    told = " ".join(pooled.notes)
    assert "Treatment contrast longer_tamoxifen_v_shorter_tamoxifen taken as tamoxifen_v_none: Stål 2000." in told
    assert "Endpoint RFI taken as OS: Stål 2000." in told
    assert "Rule overexpressed_or_amplified taken as overexpressed: Stål 2000." in told


def test_studies_without_an_author_have_readable_names():
    """By PMID, else by the first words of the title; every name is of one study."""
    names = set(studies()["study"])
    assert {"PMID 21327800 (2011)", "Eggemann 2015", "Cancer Lett 2001", "ten Haaf 2009", "Engels 2016"} <= names
    assert not [name for name in names if name.startswith(("pmid", "pmc", "erc", "bcr"))]


def test_a_sound_extraction_holds(tmp_path):
    """Tables without a question hold, in that word."""
    write(tmp_path, [EFFECT], [STUDY])
    assert "1 effect rows of 1 studies hold." in str(check_extraction(tmp_path))
