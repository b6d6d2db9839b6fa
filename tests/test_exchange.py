"""Effect rows and references in and out: names of columns, Excel, RevMan, RIS, BibTeX; what is hostile is refused."""

from __future__ import annotations

import io
import json
import math
import warnings
import zipfile

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.effects import effects_from_frame, effects_to_xlsx, read_effects, unread_columns
from tamoxres.effects.rows_header import ColumnSynonym
from tamoxres.errors import DataError, EffectError, TamoxresError
from tamoxres.evidence.reference import Reference
from tamoxres.evidence.references import cite, fill_studies, read_references, references, references_text
from tamoxres.evidence.revman import read_revman, revman_bytes
from tamoxres.files.xml import parse_xml


def written(folder, text, name="rows.csv"):
    """A file with a text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# ------------------------------------------------------------------------------------------------- names of columns


@pytest.mark.parametrize(
    ("header", "cells", "renamed"),
    [
        ("study,HR,lcl,ucl", "A,0.54,0.36,0.81", {"HR": "estimate", "lcl": "ci_low", "ucl": "ci_high"}),
        ("Author,Hazard ratio,CI low,CI high", "A,0.54,0.36,0.81", {"Author": "study", "Hazard ratio": "estimate"}),
        ("Study,hr,lower 95% CI,upper 95% CI", "A,0.54,0.36,0.81", {"lower 95% CI": "ci_low", "Study": "study"}),
        ("study,odds ratio,CI-lower,CI-upper", "A,0.54,0.36,0.81", {"odds ratio": "estimate", "CI-upper": "ci_high"}),
        ("studlab,log(HR),se(log HR)", f"A,{math.log(0.54)!r},0.2", {"log(HR)": "log_estimate", "se(log HR)": "se"}),
        ("study,lnHR,sei", f"A,{math.log(0.54)!r},0.2", {"lnHR": "log_estimate", "sei": "se"}),
        ("study,risk ratio,P-value", "A,0.54,0.003", {"risk ratio": "estimate", "P-value": "p_value"}),
        ("study,sHR,ci.lb,ci.ub", "A,0.54,0.36,0.81", {"sHR": "estimate", "ci.lb": "ci_low"}),
    ],
)  # fmt: skip
def test_a_synonym_is_read_and_said_aloud(tmp_path, header, cells, renamed):
    """Every column that is read under another name is named in one warning; the estimate is what it should be."""
    path = written(tmp_path, f"{header}\n{cells}\n")
    with pytest.warns(ColumnSynonym) as told:
        (row,) = read_effects(path)
    assert len(told) == 1
    for found, name in renamed.items():
        assert f"{found!r} as {name}" in str(told[0].message)
    assert str(path) in str(told[0].message)
    assert row.study == "A"
    assert row.estimate == pytest.approx(0.54, rel=1e-12)
    assert not unread_columns(path)


@pytest.mark.parametrize(
    ("column", "measure"),
    [("HR", "HR"), ("OR", "OR"), ("relative risk", "RR"), ("subdistribution hazard ratio", "sHR")],
)
def test_the_measure_stands_in_the_name(column, measure):
    """A column called OR gives odds ratios, not hazard ratios; a cell that says otherwise is an error."""
    frame = pd.DataFrame({"study": ["A", "B"], column: [0.5, 0.7], "ci_low": [0.3, 0.5], "ci_high": [0.8, 1.0]})
    with pytest.warns(ColumnSynonym, match=f"measure {measure}"):
        rows = effects_from_frame(frame)
    assert [row.measure for row in rows] == [measure, measure]
    with (
        pytest.warns(ColumnSynonym),
        pytest.raises(EffectError, match=f"'RD', but a column's name tells {measure}"),
    ):
        effects_from_frame(frame.assign(measure="RD"))


def test_the_level_stands_in_the_name(tmp_path):
    """Limits called 90 % give the standard error of a 90 % interval."""
    path = written(tmp_path, "study,HR,90% CI low,90% CI high\nA,0.60,0.40,0.90\n")
    with pytest.warns(ColumnSynonym, match=r"level 0\.9"):
        (row,) = read_effects(path)
    assert row.level == 0.90
    assert row.se == pytest.approx(math.log(0.9 / 0.4) / (2 * 1.6448536269514722), rel=1e-6)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("study,yi,se", "'yi' may be estimate or log_estimate"),
        ("study,effect,se", "'effect' may be estimate or log_estimate"),
        ("study,HR,low,high", "'low' may be ci_low or ci_high"),
        ("study,log_estimate,vi", "'vi' may be variance or se"),
        ("study,HR,CI", "'CI' may be ci_low or ci_high"),
        ("study,HR,OR,p_value", "'HR' and 'OR' would both be estimate"),
        ("study,HR,lower,lcl,upper", "'lower' and 'lcl' would both be ci_low"),
        ("study,HR,90% CI low,95% CI high", r"tell 0\.9 and 0\.95"),
        ("study,estimat,se", "Is it 'estimate'"),
        ("estimate,se", "no column 'study'"),
        ("study,HR,HR", "stands twice"),
    ],
)  # fmt: skip
def test_what_may_mean_two_things_is_refused(tmp_path, header, says):
    """Nothing is guessed: an ambiguous name is a question, never a number."""
    path = written(tmp_path, header + "\nA,0.5,0.3,0.8,0.1\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColumnSynonym)
        with pytest.raises(EffectError, match=says):
            read_effects(path)


def test_a_name_of_its_own_leads(tmp_path):
    """Where the column itself stands, its synonym is not read, and nothing warns."""
    path = written(tmp_path, "study,author,estimate,HR,se,log_estimate\nA,Berry,,9.9,0.2,0.1\n")
    (row,) = read_effects(path)
    assert row.study == "A"
    assert row.log_estimate == 0.1
    assert unread_columns(path) == ("author", "HR")


def test_json_objects_take_synonyms_too(tmp_path):
    """The same names in JSON, in any object."""
    path = written(tmp_path, json.dumps([{"study": "A", "HR": 0.5, "lcl": 0.3, "ucl": 0.8}]), "rows.json")
    with pytest.warns(ColumnSynonym):
        (row,) = read_effects(path)
    assert row.estimate == 0.5
    assert row.ci() == (0.3, 0.8)


def test_the_command_line_says_it_on_standard_error(tmp_path, capsys):
    """A terminal's user reads the sentence; the numbers go to standard output."""
    path = written(tmp_path, "study,HR,lcl,ucl,bench\nA,0.5,0.31,0.81,red\nB,0.7,0.5,0.98,blue\n")
    main_ends(["pool", str(path)])
    out, err = capsys.readouterr()
    assert "HR 0.6" in out or "0.6" in out
    assert "'HR' as estimate" in " ".join(err.split())
    assert "not read: bench" in " ".join(err.split())


def main_ends(arguments, code=0):
    """Run the command line to its end."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == code


# ------------------------------------------------------------------------------------------------------------ Excel


def test_excel_holds_every_published_row(tmp_path):
    """All rows of the tables come back from a workbook: texts as they were, numbers to Excel's 15 digits."""
    rows = list(tr.literature(include="all"))
    back = read_effects(written(tmp_path, effects_to_xlsx(rows), "rows.xlsx"))
    assert len(back) == len(rows)
    for row, again in zip(rows, back, strict=True):
        one, other = ({n: getattr(r, n) for n in r.__slots__} for r in (row, again))
        for name, value in one.items():
            if isinstance(value, float):
                assert other[name] == pytest.approx(value, rel=1e-14), name
            else:
                assert other[name] == value, name
    assert effects_to_xlsx(rows) == effects_to_xlsx(rows)


def test_numbers_are_numbers_and_nothing_is_a_formula(tmp_path):
    """An estimate is a number cell; a study called `=cmd()` is text, and stays so when it is read."""
    row = tr.EffectEstimate.from_ci(0.54, 0.36, 0.81, study="=cmd()", remark="+1", n=120)
    content = effects_to_xlsx([row])
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>0.54</v>" in sheet
    (again,) = read_effects(written(tmp_path, content, "a.xlsx"))
    assert again.study == "=cmd()"
    assert again.n == 120


def test_a_users_workbook(tmp_path):
    """Headings as people write them, an empty row, a second sheet; digits typed as text tell the rounding."""
    path = tmp_path / "mine.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="notes", index=False)
        pd.DataFrame(
            {
                "Study": ["A", None, "B"],
                "HR": ["0.70", None, 0.5],
                "lower": [0.5, None, 0.3],
                "upper": [0.98, None, 0.83],
            }
        ).to_excel(book, sheet_name="effects", index=False)
    with pytest.warns(ColumnSynonym, match="'lower' as ci_low"):
        first, second = read_effects(path)
    assert (first.study, second.study) == ("A", "B")
    assert first.ci() == (0.5, 0.98)
    with pytest.raises(EffectError, match=r"row 3: .*Give|row 2, column estimate: 'x' is not a number"):
        read_effects(written(tmp_path, _sheet({"study": ["A"], "estimate": ["x"], "se": [0.1]}), "bad.xlsx"))


def _sheet(columns):
    out = io.BytesIO()
    pd.DataFrame(columns).to_excel(out, index=False)
    return out.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rubbish", b"no workbook at all"])
def test_damaged_workbooks_are_one_sentence(tmp_path, content):
    """Whatever the library raises, the file is named."""
    with pytest.raises(TamoxresError, match=r"a\.xlsx"):
        read_effects(written(tmp_path, content, "a.xlsx"))


# ----------------------------------------------------------------------------------------------------------- RevMan

ROWS = [
    tr.EffectEstimate.from_ci(0.54, 0.36, 0.81, study="knoop", label="Knoop 2014", year=2014, marker="HER2",
                              endpoint="RFI", estimand="treatment_effect", treatment_1="tamoxifen", treatment_0="none",
                              n_1=50, n_0=48, marker_level="altered"),
    tr.EffectEstimate.from_ci(0.60, 0.40, 0.90, study="stal", label="Stål & Co 2000", year=2000, marker="HER2",
                              endpoint="RFI", estimand="treatment_effect", treatment_1="tamoxifen", treatment_0="none",
                              marker_level="unaltered"),
    tr.EffectEstimate(study="c", log_estimate=0.3, se=0.2, measure="OR", endpoint="OS"),
    tr.EffectEstimate(study="d", difference=0.05, se=0.02, measure="RD", endpoint="OS"),
]  # fmt: skip


@pytest.mark.parametrize("ending", [".rm5", ".zip"])
def test_revman_gives_back_what_it_was_given(tmp_path, ending):
    """Study, year, measure, estimate, error, endpoint, groups and counts come back to the last digit."""
    path = written(tmp_path, revman_bytes(ROWS, ending), f"review{ending}")
    found = read_revman(path)
    assert not found.left_out
    assert len(found.effects) == len(ROWS)
    for row, again in zip(ROWS, found.effects, strict=True):
        assert again.study == row.label
        assert again.measure == row.measure
        assert again.point == row.point
        assert again.se == row.se
        assert again.endpoint == row.endpoint
        assert again.year == row.year
        assert (again.n_1, again.n_0) == (row.n_1, row.n_0)
        assert again.route == "se"
    assert found.effects[0].group_1 == "tamoxifen"
    assert found.effects[0].restrictions == ("subgroup HER2 altered",)
    assert revman_bytes(ROWS, ending) == revman_bytes(ROWS, ending)


def test_the_review_is_as_revman_writes_it():
    """Tags and attributes are those of RevMan's own files; its LOG_ values are to the base 10, ESTIMATE is natural."""
    root = parse_xml(revman_bytes(ROWS, ".rm5"), "a.rm5")
    assert root.tag == "COCHRANE_REVIEW"
    first = next(root.iter("IV_DATA"))
    assert float(first.get("ESTIMATE")) == ROWS[0].log_estimate
    assert float(first.get("EFFECT_SIZE")) == pytest.approx(0.54, rel=1e-12)
    assert float(first.get("LOG_EFFECT_SIZE")) == pytest.approx(math.log10(0.54), rel=1e-12)
    assert float(first.get("CI_START")) == pytest.approx(
        math.exp(ROWS[0].log_estimate - 1.959963984540054 * ROWS[0].se)
    )
    assert [one.get("ID") for one in root.iter("STUDY")][1] == "STD-St_x00e5_l-_x0026_-Co-2000"
    assert first.get("STUDY_ID") == next(root.iter("STUDY")).get("ID")
    assert [one.text for one in root.iter("EFFECT_MEASURE")] == ["Hazard Ratio", "Odds Ratio", "Risk Difference"]
    assert [one.get("NO") for one in root.iter("COMPARISON")] == ["1", "2"]


REVIEW = """<?xml version="1.0" encoding="ISO-8859-1" standalone="no"?>
<COCHRANE_REVIEW><STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>
<STUDY DATA_SOURCE="PUB" ID="STD-GUN" NAME="Pl\xe4cido 2003" YEAR="2003."/><STUDY ID="STD-B" NAME="Berry 2000" YEAR=""/>
</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>
<ANALYSES_AND_DATA CALCULATED_DATA="YES"><COMPARISON ID="CMP-001" NO="1"><NAME>Tamoxifen versus none</NAME>
<IV_OUTCOME ID="CMP-001.01" NO="1" CI_STUDY="95" LOG_DATA="YES" SUBGROUPS="NO"><NAME>Overall survival</NAME>
<GROUP_LABEL_1>Tamoxifen</GROUP_LABEL_1><GROUP_LABEL_2>Control</GROUP_LABEL_2>
<EFFECT_MEASURE>Hazard Ratio</EFFECT_MEASURE>
<IV_DATA ESTIMATE="-0.527632742" SE="0.193" STUDY_ID="STD-GUN" TOTAL_1="0" TOTAL_2="0" EFFECT_SIZE="0.59"/>
<IV_DATA ESTIMATE="0.0" SE="0.0" STUDY_ID="STD-B" TOTAL_1="0" TOTAL_2="0"/></IV_OUTCOME>
<IPD_OUTCOME ID="CMP-001.02" NO="2" CI_STUDY="95"><NAME>DFS</NAME><EFFECT_MEASURE>Hazard Ratio</EFFECT_MEASURE>
<IPD_DATA O_E="-8.2" VAR="22.5" STUDY_ID="STD-B" EVENTS_1="40" EVENTS_2="51" TOTAL_1="100" TOTAL_2="101"/></IPD_OUTCOME>
<DICH_OUTCOME EFFECT_MEASURE="OR" NO="3"><NAME>Response</NAME><DICH_DATA EVENTS_1="3" STUDY_ID="STD-B"/></DICH_OUTCOME>
</COMPARISON></ANALYSES_AND_DATA></COCHRANE_REVIEW>"""


def test_a_review_of_revmans_own_form(tmp_path):
    """Latin-1, a year with a dot, an outcome by name, O-E and variance; what is not read is named."""
    path = written(tmp_path, REVIEW.encode("latin-1"), "review.rm5")
    found = read_revman(path)
    one, two = found.effects
    assert (one.study, one.year, one.endpoint, one.measure) == ("Pläcido 2003", 2003, "OS", "HR")
    assert one.estimate == pytest.approx(0.59, abs=1e-9)
    assert (one.group_1, one.group_0, one.n_1) == ("Tamoxifen", "Control", None)
    assert (two.endpoint, two.route, two.n_1) == ("DFS", "oe_v", 100)
    assert two.log_estimate == pytest.approx(-8.2 / 22.5, rel=1e-12)
    assert two.se == pytest.approx(1 / math.sqrt(22.5), rel=1e-12)
    assert len(found.left_out) == 2
    assert "Berry 2000" in found.left_out[0]
    assert "analysis of counts" in found.left_out[1]
    assert read_revman(path, analysis="1.2").effects == (two,)
    with pytest.raises(DataError, match=r"no analysis '1\.9'"):
        read_revman(path, analysis="1.9")


def test_outcomes_that_are_no_endpoints_are_not_thrown_together(tmp_path):
    """Two outcomes without an endpoint's name could be pooled as one: the file is refused until one is chosen."""
    text = REVIEW.replace("Overall survival", "Death").replace("<NAME>DFS", "<NAME>Relapse")
    path = written(tmp_path, text.encode("latin-1"), "review.rm5")
    with pytest.raises(DataError, match=r"no endpoints by name: 1\.1 Death; 1\.2 Relapse"):
        read_revman(path)
    (row,) = read_revman(path, analysis="1.1", endpoint="OS").effects
    assert row.endpoint == "OS"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>
<COCHRANE_REVIEW>&y;</COCHRANE_REVIEW>"""
READS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><COCHRANE_REVIEW>&x;</COCHRANE_REVIEW>'
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOMB, "declares a document type"), (READS, "declares a document type"), (b"", "is not XML"),
        (b"<COCHRANE_REVIEW>", "is not XML"), (b"<html></html>", "no review of RevMan 5; its root is html"),
        (b"<a>" * 300 + b"</a>" * 300, "lists within lists"), (b"<COCHRANE_REVIEW/>", "holds no estimate|no analysis"),
        (b"\xff\xfe\x00", "is not XML"), (b"<COCHRANE_REVIEW>&undeclared;</COCHRANE_REVIEW>", "is not XML"),
    ],
)  # fmt: skip
def test_hostile_xml_is_refused(tmp_path, content, says):
    """Entities that swell or open files, nesting without end, rubbish: one sentence that names the file."""
    with pytest.raises(DataError, match=says):
        read_revman(written(tmp_path, content, "a.rm5"))


def test_data_packages_that_are_none(tmp_path):
    """Rows without their settings tell no measure, so they are refused; so is a zip of something else."""
    package = revman_bytes(ROWS, ".zip")
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        names = archive.namelist()
        texts = {name.rpartition("/")[2]: archive.read(name) for name in names}
    assert sorted(texts) == ["tamoxres-data-rows.csv", "tamoxres-overall-estimates-and-settings.csv"]
    rows = written(tmp_path, texts["tamoxres-data-rows.csv"], "tamoxres-data-rows.csv")
    with pytest.raises(DataError, match="which tells measures and"):
        read_revman(rows)
    settings = "tamoxres-overall-estimates-and-settings.csv"
    written(tmp_path, texts[settings], settings)
    assert [row.point for row in read_revman(rows).effects] == [row.point for row in ROWS]
    for content in (b"PK\x03\x04", b"", io.BytesIO(zipped({"x": b"y"})).getvalue()):
        with pytest.raises(DataError, match=r"b\.zip"):
            read_revman(written(tmp_path, content, "b.zip"))
    natural = texts[settings].replace(b"TRUE", b"FALSE")
    written(tmp_path, natural, settings)
    assert [reason.rpartition(": ")[2] for reason in read_revman(rows).left_out] == [
        "its data are not on the log scale."
    ] * 3


def zipped(members):
    """A zip of members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_measures_that_revman_does_not_have():
    """A time ratio has no place in RevMan, and nothing estimated is nothing to write."""
    with pytest.raises(DataError, match="no inverse-variance analysis of a TR"):
        revman_bytes([tr.EffectEstimate(study="a", log_estimate=0.1, se=0.1, measure="TR")], ".rm5")
    with pytest.raises(DataError, match="nothing to write"):
        revman_bytes([tr.EffectEstimate(study="a", status="test_only", p_value=0.2)], ".rm5")
    with pytest.raises(DataError, match=r"not as \.doc"):
        revman_bytes(ROWS, ".doc")


# ------------------------------------------------------------------------------------------------------- references


@pytest.mark.parametrize("ending", [".ris", ".bib"])
def test_every_study_comes_back(tmp_path, ending):
    """All studies of the tables, with their numbers, as RIS and BibTeX, and back as the same references."""
    known = references()
    path = tmp_path / f"all{ending}"
    path.write_bytes(references_text(known, ending).encode())
    back = read_references(path)
    assert len(back) == len(known) > 100
    for one, again in zip(known, back, strict=True):
        assert again.key == one.key
        assert again.authors == one.authors
        assert again.more_authors == one.more_authors
        assert again.title == " ".join(one.title.split())
        assert again.journal == one.journal
        assert again.year == one.year
        assert again.pmid == one.pmid
        assert again.doi == one.doi.casefold()


def test_ris_is_as_the_format_has_it():
    """TY first, ER last, two blanks and a hyphen after each tag, CRLF; the PMID with its database."""
    one = Reference(key="a", authors=("Stål, O",), title="ErbB2", journal="Ann Oncol", year=2000, pmid="11205461")
    lines = references_text([one], ".ris").split("\r\n")
    assert lines == ["TY  - JOUR", "ID  - a", "AU  - Stål, O", "PY  - 2000", "TI  - ErbB2", "JO  - Ann Oncol",
                     "AN  - 11205461", "DB  - PubMed", "ER  -", ""]  # fmt: skip


def test_ris_of_other_programs(tmp_path):
    """Other tags for the same, a title over two lines, no ER before the next TY, a date as a year."""
    text = (
        "\ufeffTY  - JOUR\nA1  - Berry, Donald A.\nA1  - Muss, H\nT1  - HER-2/neu and p53\n  expression\n"
        "JF  - J Clin Oncol\nY1  - 2000/10/15/\nDO  - https://doi.org/10.1200/JCO.2000.18.20.3471\n"
        "TY  - JOUR\nAU  - X\nAN  - 12345\nDB  - Embase\n"
    )
    one, two = read_references(written(tmp_path, text, "a.ris"))
    assert one.authors == ("Berry, Donald A.", "Muss, H")
    assert one.title == "HER-2/neu and p53 expression"
    assert (one.journal, one.year, one.doi) == ("J Clin Oncol", 2000, "10.1200/jco.2000.18.20.3471")
    assert one.label == "Berry 2000"
    assert (two.pmid, two.key) == ("", "a.ris:2")


def test_bibtex_of_other_programs(tmp_path):
    """Names both ways round, LaTeX accents, strings, joined values, comments, brackets, a body in braces."""
    text = r"""@comment{nothing} @string{jco = "J Clin Oncol"}
    @Article(key1,
      author = "Olle St{\aa}l and {Early Breast Cancer Trialists' Group} and M{\"u}ller, J\'er\^ome",
      title = {The {HER2} \& {\itshape p53} story -- 50\% of it}, journal = jco # " (Suppl)", date = "2004-05-01",
      doi = {10.1/ABC}, pmid = 123)
    @misc{key2, title = "A \{brace\}", year = {n.d.}}"""
    one, two = read_references(written(tmp_path, text, "a.bib"))
    assert one.authors == ("Stål, Olle", "Early Breast Cancer Trialists' Group", "Müller, Jérôme")
    assert one.journal == "J Clin Oncol (Suppl)"
    assert one.year == 2004
    assert (one.doi, one.pmid) == ("10.1/abc", "123")
    assert one.title.startswith("The HER2 & ")
    assert one.title.endswith("story – 50% of it")
    assert two.title == "A {brace}"
    assert two.year is None


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.bib", b"@article{k, title = {never closed", "does not end"),
        ("a.bib", b"nothing here", "holds no reference"),
        ("a.ris", b"TI  - without TY\n", "holds no reference"), ("a.ris", b"TY  - \xff\n", "not UTF-8"),
        ("a.txt", b"TY  - JOUR\n", "no .ris or .bib file"),
    ],
)  # fmt: skip
def test_libraries_that_are_none(tmp_path, name, content, says):
    """What is no library is refused in one sentence."""
    with pytest.raises(DataError, match=says):
        read_references(written(tmp_path, content, name))


def test_marks_that_latex_would_run_are_escaped(tmp_path):
    r"""A title with \input is text in the .bib file, and comes back as it was."""
    one = Reference(key="a b}", authors=("O_Brien",), title=r"\input{x} 50% & $1 #2 ~^", year=2001)
    text = references_text([one], ".bib")
    assert r"\textbackslash{}input\{x\} 50\% \& \$1 \#2" in text
    assert text.startswith("@article{a_b_,")
    (again,) = read_references(written(tmp_path, text, "a.bib"))
    assert again.title == one.title
    assert again.authors == ("O_Brien",)


def test_studies_are_named_by_id_doi_or_pmid():
    """Rows get label, year and source where they tell none; what they tell stays."""
    known = references(marker="HER2")
    love = next(one for one in known if one.key == "love_2003")
    rows = [
        tr.EffectEstimate(study=name, log_estimate=0.1, se=0.1)
        for name in ("love_2003", "https://doi.org/10.1200/JCO.2003.10.133", "12560434", "unknown")
    ]
    cited = cite(
        [*rows, tr.EffectEstimate(study="love_2003", label="Mine", log_estimate=0.1, se=0.1, year=1999)], known
    )
    assert [row.label for row in cited] == ["Love 2003", "Love 2003", "Love 2003", "unknown", "Mine"]
    assert [row.year for row in cited] == [2003, 2003, 2003, None, 1999]
    assert "PMID 12560434" in cited[0].source
    assert cited[3] == rows[3]
    both = cite(rows[:1], [love, Reference(key="love_2003", authors=("Other",), year=1990)])
    assert both == rows[:1], "two references of one id name nobody"


def test_a_table_of_studies_is_filled_and_never_written_over():
    """Empty cells take what the reference knows; a cell that says something else stays."""
    frame = pd.DataFrame({
        "study_id": ["love_2003", "x", "y"], "year": [None, 1990.0, None], "pmid": [None, None, 12631604],
        "doi": ["", "10.1200/JCO.2003.10.133", None], "journal": ["Mine", None, None],
    })  # fmt: skip
    out = fill_studies(frame, references())
    assert out["first_author"].tolist() == ["Love", "Love", "De Placido"]
    assert out["year"].tolist() == ["2003", "1990", "2003"]
    assert out["journal"].tolist() == ["Mine", "J Clin Oncol", "Clin Cancer Res"]
    assert out["pmid"].tolist() == ["12560434", "12560434", "12631604"]
    assert frame["pmid"].isna().sum() == 2
    with pytest.raises(DataError, match="no column study_id"):
        fill_studies(frame.drop(columns="study_id"), references())


# ----------------------------------------------------------------------------------------------------- command line


def test_convert_goes_round(tmp_path, capsys):
    """CSV to Excel to RevMan and back: the log ratio and its error are those of the beginning."""
    start = written(tmp_path, "study,HR,lcl,ucl,endpoint\nlove_2003,0.26,0.07,0.92,OS\nB,0.7,0.5,1.0,OS\n")
    library = tmp_path / "lib.ris"
    main_ends(["references", "--marker", "HER2", "-o", str(library)])
    main_ends(["convert", str(start), "-o", str(tmp_path / "a.xlsx"), "--references", str(library)])
    main_ends(["convert", str(tmp_path / "a.xlsx"), "-o", str(tmp_path / "a.rm5")])
    main_ends(["convert", str(tmp_path / "a.rm5"), "-o", str(tmp_path / "b.json")])
    out, err = capsys.readouterr()
    assert "1 of 2 rows named" in err
    assert "(2 rows)" in out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColumnSynonym)
        first = read_effects(start)
    last = read_effects(tmp_path / "b.json")
    assert [row.study for row in last] == ["Love 2003", "B"]
    assert [row.se for row in last] == pytest.approx([row.se for row in first], rel=1e-14)
    assert [row.log_estimate for row in last] == pytest.approx([row.log_estimate for row in first], rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["convert", "@/rows.csv", "-o", "@/a.doc"], "Name a .csv, .json"),
        (["convert", "@/rows.csv", "-o", "@/a.csv", "--analysis", "1.1"], "is none"),
        (["convert", "@/absent.rm5", "-o", "@/a.csv"], "Name a review"),
        (["references", "-o", "@/a.doc"], "not as .doc"),
        (["references", "--marker", "nothing"], "nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_one_sentence(tmp_path, capsys, arguments, says):
    """Exit code 2, a sentence, and no file."""
    written(tmp_path, "study,estimate,se,log_estimate\nA,,0.1,0.1\n")
    main_ends([part.replace("@", str(tmp_path)) for part in arguments], 2)
    assert says in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.glob("a.*"))
