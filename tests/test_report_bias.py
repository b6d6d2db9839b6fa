"""Risk of bias in the report: a person's judgements as lights, a sentence where there are none, nothing of our own."""

from __future__ import annotations

import pytest

from tamoxres.errors import DataError
from tamoxres.figures.save import figure_bytes
from tamoxres.meta.risk_of_bias import NOT_ASSESSED
from tamoxres.reporting.build import report
from tamoxres.reporting.chapters.bias import bias_section, judged_by
from tamoxres.reporting.html import page_html
from tamoxres.reporting.page import Figure, Page, Paragraph, Part
from tamoxres.reporting.plan import read_plan
from tamoxres.reporting.plan_grammar import plan_grammar
from tamoxres.reporting.weigh import weigh

PLAN = """title = "A plan"
bias = ["quips.toml", "robins.csv"]
[[markers]]
cohort = "metabric"
markers = ["HER2"]
endpoints = ["BCSS"]
"""
QUIPS = """tool = "QUIPS"
[knoop_2001]
participation = "low"
attrition = "high"
factor = "low"
outcome = "low"
confounding = "low"
analysis = "low"
[of_nobody]
label = "Nobody 2000"
participation = "moderate"
"""
ROBINS = "study,tool,confounding,selection\nryden_2008,ROBINS-I,serious,low\n"


@pytest.fixture
def plan(tmp_path):
    """A plan with two files of judgements beside it."""
    for name, text in (("plan.toml", PLAN), ("quips.toml", QUIPS), ("robins.csv", ROBINS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "plan.toml"


def said(section):
    """The paragraphs of a section as one text."""
    return " ".join("".join(map(str, b.text)) for b in section.blocks if isinstance(b, Paragraph))


def test_without_judgements_a_sentence_says_so():
    """Three trials rate HER2: none is judged, none is drawn, and the key that would bring judgements is named."""
    section = bias_section((), [weigh("HER2")], ())
    assert [type(block) for block in section.blocks] == [Paragraph]
    text = page_html(Page("T", "A.", (section,)), {})
    assert "Risk of bias was not judged: none of the 3 published studies that are pooled or rated" in text
    assert "a plan names files of judgements as <code>bias</code>" in text
    assert "traffic" not in said(section)


def test_a_plan_s_judgements_stand_as_lights(plan):
    """Each tool has its lights and its table: used studies first, what nobody judged as not assessed, no level ours."""
    asked = read_plan(plan)
    assert [path.rpartition("/")[2] for path in asked.bias] == ["quips.toml", "robins.csv"]
    assert all(path.startswith(str(plan.parent)) for path in asked.bias)
    section = bias_section(judged_by(asked.bias), [weigh("HER2")], ())
    figures = [block for block in section.blocks if isinstance(block, Figure)]
    tables = {block.name: block.table for part in section.parts for block in part.blocks}
    assert [figure.name for figure in figures] == ["bias-quips", "bias-robins-i"]
    assert list(tables) == ["bias-quips-table", "bias-robins-i-table"]
    rows = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in tables["bias-quips-table"].rows}
    assert list(rows) == ["De Placido 2003", "Knoop 2001", "Rydén 2008", "Nobody 2000"]
    assert rows["Knoop 2001"][:2] == ["low", "high"]
    assert rows["Knoop 2001"][-2:] == ["high", "rule"]
    assert set(rows["De Placido 2003"]) == {NOT_ASSESSED, ""}
    assert rows["Nobody 2000"][-2:] == [NOT_ASSESSED, ""], "one domain of six is no whole"
    robins = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in tables["bias-robins-i-table"].rows}
    assert robins["Rydén 2008"][:2] == ["serious", "low"]
    assert robins["Rydén 2008"][-2] == NOT_ASSESSED
    assert "QUIPS: 2 of 4 studies judged" in said(section)
    assert "ROBINS-I: 1 of 3 studies judged" in said(section)
    assert figures[0].alt == "Traffic lights of QUIPS: 2 of 4 studies judged. Overall: Knoop 2001 high."
    drawn = {f.name: figure_bytes(f.draw(), "svg") for f in figures}
    text = page_html(Page("T", "A.", (section,)), drawn)
    assert text.count("<svg") >= 2
    assert "of_nobody" not in text


def test_a_wrong_file_is_refused_before_anything_is_done(plan, tmp_path):
    """The report names file, study and domain, and leaves no folder."""
    (tmp_path / "quips.toml").write_text('tool = "QUIPS"\n[a]\nattritoin = "low"\n', encoding="utf-8")
    with pytest.raises(DataError, match="quips.toml, a: QUIPS has no domain 'attritoin'. Is it 'attrition'?"):
        report(plan=plan, output=tmp_path / "report")
    assert not (tmp_path / "report").exists()
    (tmp_path / "quips.toml").unlink()
    with pytest.raises(DataError, match=r"quips\.toml"):
        report(plan=plan, output=tmp_path / "report")


def test_more_studies_than_lights_are_a_table(plan):
    """Seventy-one studies fit no page of lights: the table has them all."""
    many = {f"s{i}": {"participation": "low"} for i in range(71)}
    path = plan.parent / "many.toml"
    path.write_text('tool = "QUIPS"\n' + "".join(f'[{s}]\nparticipation = "low"\n' for s in many), encoding="utf-8")
    section = bias_section(judged_by([str(path)]), [], ())
    assert [type(block) for block in section.blocks] == [Paragraph, Part]
    assert len(section.parts[0].blocks[0].table.rows) == 71


def test_the_key_stands_in_the_grammar():
    """Help for plans tells it."""
    keys = {key.name: key for table in plan_grammar() for key in table.keys}
    assert "ROBINS-I" in keys["bias"].means
