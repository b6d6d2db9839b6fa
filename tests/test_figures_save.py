"""Figures as files: the same bytes each time, text that stays text, embedded fonts; a look that leaves no trace."""

import contextlib
import io
import re
import subprocess
import sys
import zlib
from pathlib import Path

import matplotlib
import pytest
from figure_boxes import bcg, check_paper
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from PIL import Image

from tamoxres.effects import EffectEstimate
from tamoxres.errors import TamoxresError
from tamoxres.figures import pdf_fonts, scripts
from tamoxres.figures.forest import forest
from tamoxres.figures.measure import text_width, wrap
from tamoxres.figures.save import FORMATS, figure_bytes, save_figure
from tamoxres.figures.style import HouseFigure, box_in_points, use_style
from tamoxres.meta.pool import pool

METRIC = 0.02  # share by which a width measured here may differ from the one drawn at 600 dots an inch


def plot():
    return forest(pool(bcg(), tau2="dl", ci="z"), style="revman5")


@pytest.mark.parametrize("fmt", FORMATS)
def test_bytes_are_the_same_each_time(fmt):
    """Two drawings of the same rows are the same bytes."""
    first = figure_bytes(plot(), fmt)
    assert first == figure_bytes(plot(), fmt) == figure_bytes(plot().figure, fmt)
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "tiff": b"II*", "eps": b"%!PS-Adobe-3.0 EPSF"}
    assert first.startswith(starts[fmt])


def test_svg_keeps_text_and_tells_no_date():
    """SVG holds its texts as text, the description of the plot, and no date."""
    svg = figure_bytes(plot(), "svg").decode()
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {
        "0.49 [0.34, 0.70]",
        "Aronson 1948",
        "Heterogeneity: Tau² = 0.31; Chi² = 152.23, df = 12 (P &lt; 0.00001); I² = 92%",
    } <= set(texts)
    assert "<dc:date>" not in svg
    assert "Heterogeneity: Tau2 = 0.31; Chi2 = 152.23, df = 12 (P &lt; 0.00001); I2 = 92%" in svg, (
        "in plain letters too"
    )


def test_pdf_embeds_its_fonts_and_tells_no_date():
    """PDF embeds TrueType fonts (type 42) and has no date."""
    pdf = figure_bytes(plot(), "pdf")
    assert b"/CreationDate" not in pdf
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """A file is written by its ending; a failure leaves the old file as it was, and nothing beside it."""
    path = tmp_path / "forest.svg"
    assert save_figure(plot(), path) == path
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(TamoxresError, match="disk full"):
        save_figure(plot(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["forest.jpg", "forest", "forest.svg.gz"])
def test_other_endings_are_refused(tmp_path, name):
    """What no journal takes is not written, nor at a resolution that none asks for."""
    with pytest.raises(TamoxresError, match=r"a figure is written as \.png, \.svg, \.pdf, \.tiff, \.eps"):
        save_figure(Figure(), tmp_path / name)
    with pytest.raises(TamoxresError, match="Cannot draw a figure as 'webp'"):
        figure_bytes(Figure(), "webp")
    with pytest.raises(TamoxresError, match="dpi is 5. Use 36 to 2400"):
        figure_bytes(Figure(), dpi=5)


@pytest.mark.parametrize("dpi", [300, 600])
@pytest.mark.parametrize("name", ["forest.tif", "forest.tiff", "forest.png"])
def test_resolution_of_bitmaps(tmp_path, name, dpi):
    """A bitmap has the dots an inch asked for, is as wide as its journal column, and a TIFF has no transparency."""
    with Image.open(save_figure(plot(), tmp_path / name, dpi=dpi)) as picture:
        assert picture.size[0] == pytest.approx(170 / 25.4 * dpi, abs=1)
        assert [round(float(value)) for value in picture.info["dpi"]] == [dpi, dpi]
        if name.endswith(("tif", "tiff")):
            assert (picture.mode, picture.info["compression"]) == ("RGB", "tiff_lzw")
            assert picture.tag_v2[270].startswith("Forest plot. Aronson 1948: 0.41 [0.13, 1.26]")


def test_a_format_may_be_named(tmp_path):
    """A named format goes before the ending."""
    assert save_figure(plot(), tmp_path / "figure.final", format="eps").read_bytes().startswith(b"%!PS-Adobe-3.0 EPSF")


def test_eps_tells_no_date_and_is_not_transparent(caplog):
    """EPS embeds its letters, bears no date, and shows half transparent bands in their colour on white."""
    figure = Figure(figsize=(2, 1))
    ax = figure.add_subplot()
    band = ax.fill_between([0, 1], [0, 0], [1, 1], color="#0000ff", alpha=0.25)
    eps = figure_bytes(figure, "eps")
    assert b"CreationDate" not in eps
    assert b"%%BoundingBox: 0 0 144 72" in eps
    assert b"/FontType 3" in eps
    assert b"0.75 0.75 1 setrgbcolor" in eps
    assert not caplog.records, "matplotlib has nothing to say of transparency"
    assert (band.get_alpha(), band.get_facecolor()[0, 2]) == (0.25, 1.0), "the figure is as it was"


@pytest.mark.parametrize(("name", "script"), [("ᚠᚢᚦ 2003", "Runic"), ("\U000120001 2003", "Cuneiform")])
def test_a_script_without_a_font_is_named(monkeypatch, name, script):
    """A label that no font of the machine can draw is refused in one sentence; SVG leaves it to its reader."""
    monkeypatch.setattr(scripts, "_font_for", lambda letter: None)
    ax = forest([EffectEstimate.from_ci(1.3, 0.7, 2.5, study=name)])
    for fmt in ("png", "pdf", "tiff", "eps"):
        with pytest.raises(TamoxresError, match=f"holds {script} characters .* Install one .*fonts-noto-core"):
            figure_bytes(ax, fmt)
    assert name in figure_bytes(ax, "svg").decode()


@pytest.mark.parametrize("name", ["مستشفى القاهرة 2005", "בית חולים 1999", "Институт 2001", "Group 😀 2004"])
def test_scripts_of_the_house_font(name):
    """Arabic, Hebrew, Cyrillic and smiling faces are drawn from the bundled font on every machine, in every format."""
    ax = forest([EffectEstimate.from_ci(1.3, 0.7, 2.5, study=name)], width="single")
    check_paper(ax, name)
    assert all(figure_bytes(ax, fmt) for fmt in FORMATS)
    assert name in figure_bytes(ax, "svg").decode()


def test_chinese_japanese_and_korean(caplog):
    """Names in Chinese, Japanese and Korean are drawn where the machine has a font, measured by it, in every format."""
    names = ("東京大学病院 2003", "서울대학교 2011", "复旦大学 2018")
    if scripts.unwritable("".join(names)):
        pytest.skip("no font with Chinese, Japanese and Korean (Debian: fonts-noto-cjk)")
    ax = forest([EffectEstimate.from_ci(1.3, 0.7, 2.5, study=name) for name in names], width="single")
    check_paper(ax, "Chinese, Japanese and Korean")
    assert text_width(names[0], 7) > 6 * 7, "six full-width letters"
    for fmt in FORMATS:
        assert figure_bytes(ax, fmt) == figure_bytes(ax, fmt)
    assert not caplog.records


def test_marks_that_are_not_drawn():
    """Joiners and variation selectors are left out of what is drawn; nothing else is."""
    assert scripts.drawable("a\ufe0fb\u200dc – é") == "abc – é"
    assert scripts.families("plain") == ["DejaVu Sans"]


def test_the_look_leaves_no_trace():
    """Settings are back after drawing, no pyplot figure is left, and the figure shows itself in a notebook."""
    before = dict(matplotlib.rcParams)
    ax = plot()
    figure_bytes(ax, "pdf")
    assert dict(matplotlib.rcParams) == before
    assert isinstance(ax.figure, HouseFigure)
    for shown in (ax, ax.figure):
        png, size = shown._repr_png_()
        assert png.startswith(b"\x89PNG")
        assert size["width"] == round(170 / 25.4 * 96)
    code = (
        "import sys, tamoxres; assert 'matplotlib' not in sys.modules; tamoxres.forest; "
        "assert not {'matplotlib.pyplot', 'pandas', 'lifelines'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_subfigure_is_refused():
    """An Axes of a SubFigure has no place on paper of its own."""
    with pytest.raises(TamoxresError, match="stands in a SubFigure"):
        box_in_points(Figure().subfigures(1, 2)[0].add_subplot())


@pytest.mark.parametrize("text", ["0.49 [0.34, 0.70]", "Frimodt-Møller et al 1973", "χ²₁₂ = 152·23", "WWW iii"])
def test_widths_are_those_of_the_drawn_text(text):
    """A width measured from the font is that of the text as drawn."""
    figure = Figure(figsize=(4, 1), dpi=600)
    with use_style(7):
        drawn = figure.text(0.1, 0.5, text, size=7)
        with matplotlib.rc_context({"text.hinting": "none"}):
            width = drawn.get_window_extent(
                matplotlib.backends.backend_agg.FigureCanvasAgg(figure).get_renderer()
            ).width
    assert text_width(text, 7) == pytest.approx(width * 72 / 600, rel=METRIC)


def test_wrapping():
    """Lines break at spaces and keep to the width; a word that is too wide is broken itself; nothing is lost."""
    text = "Groupe d'oncologie: pneumonoultramicroscopicsilicovolcanoconiosis and others 1998"
    for width in (30, 60, 200):
        lines = wrap(text, width, 7).split("\n")
        assert max(text_width(line, 7) for line in lines) <= width
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrap("short", 500, 7) == "short"
    assert wrap("", 10, 7) == ""


def glyphs(font, names):
    """Return the outlines and widths of glyphs by number."""
    number = font.getReverseGlyphMap()
    table, widths = font["glyf"], font["hmtx"].metrics
    out = {}
    for name in names:
        points, ends, flags = table[name].getCoordinates(table)
        out[number[name]] = ([*points], list(ends), list(flags), widths[name])
    return out


@pytest.mark.parametrize("file", ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"])
def test_the_reduced_font_draws_the_same(file):
    """Letters, signs and ligatures have the outlines and widths of the whole font, and are found by its numbers."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / file
    content, numbers = pdf_fonts._reduced(path, subset.load_font)
    with TTFont(path) as whole, TTFont(io.BytesIO(content)) as reduced:
        here = reduced.getGlyphOrder()
        assert len(here) == len(numbers) < len(whole.getGlyphOrder()) / 3
        letters = [whole.getBestCmap()[ord(c)] for c in "Hazard 95% (0.4–1.2) χ² ≥ · é μ τ² → ■"]
        ligatures = [whole.getBestCmap()[code] for code in (0xFB00, 0xFB01, 0xFB02)]
        wanted = glyphs(whole, [*letters, *ligatures])
        drawn = glyphs(reduced, [here[numbers[number]] for number in wanted])
        assert {number: drawn[numbers[number]] for number in wanted} == wanted
    assert len(content) < path.stat().st_size / 4


def test_a_pdf_reads_the_whole_font_once(monkeypatch):
    """The second PDF opens no whole font; a character outside the reduced font brings the whole one back."""
    plot_of = {title: figure_of(title) for title in ("flow", "Тест")}
    figure_bytes(plot_of["flow"], "pdf")
    opened, load = [], subset.load_font

    def watched(file, *more, **named):
        opened.append(file)
        return load(file, *more, **named)

    monkeypatch.setattr(subset, "load_font", watched)
    pdf_fonts._reduced.cache_clear()
    first, again = figure_bytes(plot_of["flow"], "pdf"), figure_bytes(plot_of["flow"], "pdf")
    assert [isinstance(file, io.BytesIO) for file in opened].count(False) == 1
    assert first == again
    opened.clear()
    figure_bytes(plot_of["Тест"], "pdf")
    assert opened
    assert not any(isinstance(file, io.BytesIO) for file in opened)
    assert subset.load_font is watched
    assert subset.Subsetter.__module__ == "fontTools.subset"


def test_a_pdf_has_the_letters_that_the_whole_font_would_give(monkeypatch):
    """With the reduced font and without it, the page's content is the same, and so is each embedded outline."""
    plot = figure_of("Aé fi χ² ≥ 0.4–1.2 → ■")
    reduced = figure_bytes(plot, "pdf")
    monkeypatch.setattr(pdf_fonts, "_BUNDLED", ())
    whole = figure_bytes(plot, "pdf")
    ours, theirs = fonts_in(reduced), fonts_in(whole)
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        assert one.reader["glyf"] == other.reader["glyf"]
        assert one.reader["hmtx"] == other.reader["hmtx"]
        assert one.reader["loca"] == other.reader["loca"]


def fonts_in(pdf):
    """Return the fonts embedded in a PDF."""
    found = []
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):
            content = zlib.decompress(packed)
            if content[:4] == b"\0\1\0\0":
                found.append(TTFont(io.BytesIO(content)))
    return found


def figure_of(title):
    with use_style():
        figure = HouseFigure(figsize=(2, 1))
        figure.add_axes((0, 0, 1, 1)).set_axis_off()
        figure.text(0.1, 0.5, title)
    return figure
