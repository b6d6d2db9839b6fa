"""Risk of bias as data: tools, levels and rules; files read and refused; figures that never leave a study out."""

from __future__ import annotations

from itertools import product

import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.errors import TamoxresError
from tamoxres.figures.risk_of_bias import bias_summary, traffic_light
from tamoxres.meta.bias_tools import TOOLS, bias_tool
from tamoxres.meta.risk_of_bias import NOT_ASSESSED, risk_of_bias

QUIPS, ROBINS, ROB_ME = TOOLS["QUIPS"], TOOLS["ROBINS-I"], TOOLS["ROB-ME"]
TOML = """tool = "QUIPS"
[love_2003]
participation = "low"
attrition = "Moderate"
factor = "low"
outcome = "low"
confounding = "low"
analysis = "low"
remark = "Blinded reading."
[knoop_2014]
confounding = "high"
[stal_2000]
participation = "not assessed"
overall = "moderate"
"""


def written(folder, text, name="bias.toml"):
    """A file with a text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_tools_are_as_published():
    """Six domains of QUIPS, seven of ROBINS-I, two parts of ROB-ME, with the levels of each."""
    assert [len(tool.domains) for tool in (QUIPS, ROBINS, ROB_ME)] == [6, 7, 2]
    assert QUIPS.allowed == ("low", "moderate", "high")
    assert ROBINS.allowed == ("low", "moderate", "serious", "critical", "no information")
    assert ROB_ME.allowed == ("low", "some concerns", "high")
    assert bias_tool("robins-i") is ROBINS
    for tool in TOOLS.values():
        assert "doi:" in tool.reference
        assert tool.rule.startswith("Overall")


@pytest.mark.parametrize(
    ("moderate", "high", "whole"),
    [(0, 0, "low"), (1, 0, "low"), (2, 0, "moderate"), (3, 0, "high"), (6, 0, "high"), (0, 1, "high"), (1, 1, "high")],
)
def test_the_whole_of_quips(moderate, high, whole):
    """Grooten 2019: one moderate is low, three are high, one high is high."""
    assert QUIPS.whole(["moderate"] * moderate + ["high"] * high + ["low"] * (6 - moderate - high)) == whole


def test_the_whole_of_robins_i():
    """As bad as the worst; no information only where nothing is serious: over all pairs of levels."""
    for one, other in product(ROBINS.allowed, repeat=2):
        known = [level for level in (one, other) if level != "no information"]
        worst = max(known, key=ROBINS.levels.index, default="no information")
        lacking = "no information" in (one, other) and worst in ("low", "moderate", "no information")
        assert ROBINS.whole([one, other]) == ("no information" if lacking else worst)
    assert ROB_ME.whole(["low", "some concerns"]) == "some concerns"
    assert ROB_ME.whole(["high", "low"]) == "high"


def test_a_file_is_read_and_nothing_is_made_up(tmp_path):
    """What is left out is not assessed; the whole follows by rule, is the author's, or is not assessed."""
    found = risk_of_bias(written(tmp_path, TOML), studies={"stal_2000": "Stål 2000", "berry_2000": "Berry 2000"})
    by = {row.study: row for row in found.rows}
    assert list(by) == ["stal_2000", "berry_2000", "love_2003", "knoop_2014"]
    assert (by["love_2003"].overall, by["love_2003"].by_rule) == ("low", True)
    assert by["love_2003"].levels["attrition"] == "moderate"
    assert (by["knoop_2014"].overall, by["knoop_2014"].by_rule) == ("high", True), "nothing can better a high domain"
    assert by["knoop_2014"].levels["participation"] == ""
    assert (by["stal_2000"].overall, by["stal_2000"].by_rule, by["stal_2000"].label) == ("moderate", False, "Stål 2000")
    assert by["berry_2000"].overall == ""
    assert found.assessed == 3
    assert str(found) == "QUIPS: 1 low, 1 moderate, 1 high, 1 not assessed"
    table = found.table()
    assert [cell.text for cell in table.rows[1].cells] == ["Berry 2000", *[NOT_ASSESSED] * 7, ""]
    assert table.rows[0].cells[-1].text == "author"
    assert table.rows[2].cells[-1].text == "rule"
    assert "3 of 4 assessed." in table.footnotes[1]
    assert table.footnotes[2] == "love_2003: Blinded reading."


def test_one_domain_left_leaves_the_whole_open():
    """Five low domains of six are no low study."""
    (row,) = risk_of_bias({"a": dict.fromkeys(list(QUIPS.domains)[:5], "low")}, tool="QUIPS").rows
    assert row.overall == ""
    (row,) = risk_of_bias({"a": dict.fromkeys(QUIPS.domains, "low")}, tool="QUIPS").rows
    assert row.overall == "low"


def test_shares_count_every_study():
    """Each domain's counts sum to the studies, those not assessed too."""
    found = risk_of_bias({"a": {"confounding": "serious"}, "b": {}}, tool="ROBINS-I", studies=["c"])
    shares = found.shares()
    assert shares.drop(columns="domain").sum(axis=1).tolist() == [3] * 8
    assert shares.set_index("domain").loc["Confounding", ["serious", NOT_ASSESSED]].tolist() == [1, 2]
    assert shares["domain"].tolist()[-1] == "Overall"


def test_a_csv_is_read_as_the_toml(tmp_path):
    """The same judgements in a table: a column for each domain, the tool in one too."""
    text = "study,tool,confounding,selection,overall\nx,ROBINS-I,serious,no information,\ny,ROBINS-I,,low,moderate\n"
    found = risk_of_bias(written(tmp_path, text, "a.csv"))
    assert found.tool is ROBINS
    assert [row.overall for row in found.rows] == ["", "moderate"]
    assert found.rows[0].levels["selection"] == "no information"


@pytest.mark.parametrize(
    ("name", "text", "how", "says"),
    [
        ("a.toml", '[x]\nconfouding = "low"', {"tool": "QUIPS"}, "no domain 'confouding'. Is it 'confounding'"),
        ("a.toml", '[x]\nconfounding = "lwo"', {"tool": "QUIPS"}, "'lwo' is no level. Is it 'low'"),
        ("a.toml", '[x]\nconfounding = "critical"', {"tool": "QUIPS"}, "QUIPS has low, moderate, high"),
        ("a.toml", "[x]\nconfounding = 1", {"tool": "QUIPS"}, "1 is no level"),
        ("a.toml", '[x]\nconfounding = "low"', {}, "tool"),
        ("a.toml", 'tool = "QUIPS"\nx = 3', {}, "'x' is no study's table"),
        ("a.toml", TOML, {"tool": "ROBINS-I"}, "judgements by QUIPS, not by ROBINS-I"),
        ("a.toml", "not toml", {"tool": "QUIPS"}, "is not TOML"),
        ("a.csv", "study,confounding\nx,low\nx,high\n", {"tool": "QUIPS"}, "line 3, column study"),
        ("a.csv", "confounding\nlow\n", {"tool": "QUIPS"}, "no column study"),
        ("a.csv", "study,tool\nx,QUIPS\ny,ROBINS-I\n", {}, "one file for each tool"),
        ("a.txt", "x", {"tool": "QUIPS"}, "toml or .csv"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(tmp_path, name, text, how, says):
    """File, study, domain and the nearest name."""
    with pytest.raises(TamoxresError, match=says):
        risk_of_bias(written(tmp_path, text, name), **how)


def test_nobody_named_is_refused():
    """No judgement and no study is no table."""
    with pytest.raises(TamoxresError, match="No study is judged or named"):
        risk_of_bias(tool="QUIPS")


@pytest.mark.parametrize("width", ["single", "middle", "double"])
@pytest.mark.parametrize("draw", [traffic_light, bias_summary])
@pytest.mark.parametrize("tool", list(TOOLS))
def test_figures_hold_everything(draw, width, tool):
    """Every text stands within the paper, and every level that is drawn has its sign."""
    domains = list(TOOLS[tool].domains)
    given = {level: dict.fromkeys(domains, level) | {"label": f"A study that was judged {level} in every domain"}
             for level in TOOLS[tool].allowed}  # fmt: skip
    ax = draw(risk_of_bias(given, tool=tool, studies=["Not judged"]), width=width)
    figure = ax.get_figure()
    wide, high = figure.get_size_inches() * 72
    figure.set_dpi(600)  # widths are measured without the hinting of a coarse screen
    renderer = figure.canvas.get_renderer()
    for text in ax.texts:
        box = text.get_window_extent(renderer)
        scale = 72 / figure.dpi
        assert box.x0 * scale > -0.5, text.get_text()
        assert box.x1 * scale < wide + 0.5, text.get_text()
        assert box.y0 * scale > -0.5, text.get_text()
        assert box.y1 * scale < high + 0.5, text.get_text()
    shown = {text.get_text() for text in ax.texts}
    assert NOT_ASSESSED in shown
    assert NOT_ASSESSED in ax.get_label()
    signs = {"low": "+", "moderate": "–", "some concerns": "–", "high": "×", "serious": "×", "critical": "!"}
    if draw is traffic_light:
        assert {signs[level] for level in TOOLS[tool].levels} <= shown


def test_too_many_studies_do_not_fit_a_page():
    """A page holds seventy."""
    with pytest.raises(TamoxresError, match="do not fit a page"):
        traffic_light(risk_of_bias(tool="QUIPS", studies=[f"s{i}" for i in range(71)]))


def test_the_command_shows_what_nobody_has_judged(tmp_path, capsys):
    """The studies of a marker with no file: all not assessed, in the table and in the figure."""
    with pytest.raises(SystemExit) as stopped:
        main(["risk-of-bias", "--tool", "QUIPS", "--marker", "SRC", "--figure", str(tmp_path / "a.svg")])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert "not assessed" in out
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    with pytest.raises(SystemExit) as stopped:
        main(["risk-of-bias", str(written(tmp_path, TOML)), "--kind", "summary", "--figure", str(tmp_path / "b.png")])
    assert stopped.value.code == 0
    assert "3 of 3 assessed" in capsys.readouterr().out
    assert (tmp_path / "b.png").stat().st_size > 5000


def test_public_names():
    """What the page of the reference shows."""
    assert tr.risk_of_bias is risk_of_bias
    assert tr.traffic_light is traffic_light
    assert tr.bias_summary is bias_summary
