"""Parts of the report: figures made fit for the page, small plots, typeface, certainty, families of tests, REMARK."""

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

import tamoxres as tr
from tamoxres.effects import EffectEstimate
from tamoxres.reporting.family import corrected
from tamoxres.reporting.font import font_face
from tamoxres.reporting.remark import ITEMS, remark_table
from tamoxres.reporting.svg import AXIS, axis_svg, inline_svg, interval_svg
from tamoxres.reporting.weigh import weigh

EXACT = 1e-12  # relative: Holm and Benjamini-Hochberg are products of the raw P
SVG = b"""<?xml version="1.0"?><svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg"
 width="100.123456pt" height="50pt" viewBox="0 0 100.123456 50" version="1.1"><metadata><a/></metadata>
<defs><style type="text/css">*{stroke: red}</style>
<clipPath id="c1"><rect x="1.23456" y="0" width="2" height="3"/></clipPath></defs>
<g id="unused" clip-path="url(#c1)"><path d="M 1.999999 2.5 L 3 4" style="fill: none; stroke: #000000"/>
<use xlink:href="#c1"/><text style="font-size: 7px; font-family: 'DejaVu Sans', 'Arial'">a &lt; b</text></g></svg>"""


def test_a_figure_is_made_fit_for_the_page():
    """Styles become attributes, identities bear the figure's name, numbers are short, text stays text."""
    made = inline_svg(SVG, "fig", "what it shows")
    root = ElementTree.fromstring(made)
    assert root.attrib == {"viewBox": "0 0 100.12 50", "role": "img", "aria-label": "what it shows"}
    assert "style" not in made
    assert "metadata" not in made
    assert root.find("g").attrib == {"clip-path": "url(#fig-c1)"}
    assert root.find("g/path").attrib == {"d": "M 2 2.5 L 3 4", "fill": "none", "stroke": "#000000"}
    assert root.find("g/use").attrib == {"href": "#fig-c1"}
    assert root.find("defs/clipPath").attrib["id"] == "fig-c1"
    assert root.find("g/text").attrib == {"font-size": "7px", "font-family": "DejaVu Sans"}
    assert root.find("g/text").text == "a < b"


def effect(estimate, low, high, **row):
    return EffectEstimate.from_ci(estimate, low, high, study="x", **row)


def test_small_plots_share_one_axis():
    """No effect lies where it lies in every plot; an interval beyond the axis ends in an arrow at its edge."""
    inside, beyond = interval_svg(effect(1.0, 0.5, 2.0)), interval_svg(effect(1.0, 0.01, 100.0))
    centre = inside.split('class="null" x1="')[1].split('"')[0]
    assert f'x1="{centre}"' in beyond
    assert inside.count("<path") == 0
    assert beyond.count("<path") == 2
    assert f'x="{float(centre) - 3:.1f}"' in inside
    assert AXIS[0] * AXIS[1] == 1
    assert axis_svg().count("<text") == 3


def test_small_plots_draw_estimated_ratios_alone():
    """A difference and a test without an estimate have no place on a ratio axis."""
    assert interval_svg(effect(0.1, -0.2, 0.4, measure="RD")) == ""
    assert interval_svg(EffectEstimate(study="x", status="test_only", p_value=0.1)) == ""


def test_the_typeface_is_small_and_the_same_each_time():
    """The rules carry both weights as data, the same bytes for the same letters, in any order."""
    first, second = font_face("abc 0.1"), font_face("1.0 cba")
    assert first == second
    assert first.count("@font-face") == 2
    assert len(first) < 20_000


def test_certainty_follows_the_printed_rules():
    """HER2: one ratio against two nulls; mTOR: two trials; PIK3CA: a null alone; PTEN, SRC, Hedgehog: no trial."""
    found = {marker: weigh(marker) for marker in ("HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA")}
    assert {marker: (one.certainty, one.of_none) for marker, one in found.items()} == {
        "HER2": ("very low", "none"), "AKT": ("very low", "none"), "MTOR": ("low", "none"), "SRC": ("none", "none"),
        "HH": ("none", "none"), "PTEN": ("none", "none"), "PIK3CA": ("none", "none"),
    }  # fmt: skip
    her2 = found["HER2"]
    assert (her2.rated.k, [row.label for row in her2.rated.nulls]) == (3, ["Knoop 2001", "Rydén 2008"])
    assert "Knoop 2001, Rydén 2008" in her2.reason
    assert [row.label for row in her2.without_number] == ["Carlomagno 1996"] * 2 + ["Knoop 2001", "Rydén 2008"]
    assert all(row.treatment_contrast == "tamoxifen_v_none" for one in found.values() for row in one.interactions)
    assert not any(row.flagged("composite_marker") for one in found.values() for row in one.interactions)
    assert her2.votes["clinical"]["resistant"] == 14
    assert found["PTEN"].reason == "no interaction of a trial that randomised tamoxifen has been read"
    assert "2 trials that randomised tamoxifen (1 “unclear”, 1 “no effect”; 2 from memory alone)" in (
        found["PTEN"].vote_words
    )
    assert found["AKT"].words_alone == (
        "Without a number: Beelen 2014a (phosphorylated T308) nominally significant, "
        "Beelen 2014a (phosphorylated S473) null."
    )
    assert found["SRC"].words_alone == ""


def test_the_weighing_is_that_of_the_public_functions():
    """No second set of rules: the report's certainty is `tr.certainty` of `tr.interactions`, and the votes add up."""
    for marker in ("HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA"):
        one, rated = weigh(marker), tr.interactions(marker=marker).certainty()
        assert one.rated == rated
        assert one.counted == tr.trial_votes(marker)
        numbers = [int(n) for n in re.findall(r"(?:: |, )(\d+) (?=trial|with|in which|of another)", one.vote_words)]
        assert sum(numbers) == len(one.counted)
        told = one.vote_words.partition(" ")[0]
        assert told == str(len(one.counted))
        short = [int(n) for n in re.findall(r"(?:^|and )(\d+) (?=trial|other)", one.vote_line)]
        assert sum(short) == len(one.counted)
    assert weigh("HER2").vote_line == (
        "5 trials that randomised tamoxifen (1 “resistant”, 2 “no effect”, 2 “unclear”) and 31 other studies."
    )


def case(p, family="cascade", role="primary"):
    ratio = effect(1.0 + p, 0.5, 3.0, p_value=p, p_kind="lrt")
    return SimpleNamespace(role=role, asked=SimpleNamespace(family=family), interaction=SimpleNamespace(ratio=ratio))


def test_families_of_tests_are_corrected():
    """0.01, 0.03 and 0.04 become 0.03, 0.06 and 0.06 by Holm, 0.03, 0.04 and 0.04 by Benjamini-Hochberg."""
    cases = [case(0.01), case(0.04), case(0.03), case(0.02, family="other"), case(0.001, role="exploratory")]
    found = corrected(SimpleNamespace(leading=lambda: cases))
    assert [found[c.interaction.ratio.row_id].holm for c in cases[:3]] == pytest.approx([0.03, 0.06, 0.06], rel=EXACT)
    assert [found[c.interaction.ratio.row_id].bh for c in cases[:3]] == pytest.approx([0.03, 0.04, 0.04], rel=EXACT)
    assert len(found) == 3


def test_remark_has_twenty_items():
    """An item is filled where the report has its section, and left to the author where it has none."""
    assert len(ITEMS) == 20
    whole = remark_table(["answer", "methods", "patients", "marker-her2", "literature"])
    empty = remark_table([])
    assert [row.cells[2].text for row in empty.rows] == ["author"] * 20
    assert [row.cells[0].text for row in whole.rows if row.cells[2].text == "author"] == ["4", "20"]
