"""Every public figure and table takes the options that all share, and each option has its effect, read back."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.spines import Spine
from matplotlib.text import Text

import tamoxres as tr
from tamoxres.figures.look import OPTIONS
from tamoxres.tables.style import NUMBERS

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from groups import GROUPS

NO_FIGURES = ("save_figure", "AbstractRow")
SEVERAL = ("forest_pages", "survival_panels")  # they draw several Axes, so there is no one to be given


def row(i, **changes):
    told = {
        "study": f"Study {i}",
        "log_estimate": 0.2 * (i % 4) + 0.11,
        "se": 0.1 + 0.03 * i,
        "events": 99 - i,
        "n": 1200,
    }
    return tr.EffectEstimate(**(told | changes))


@cache
def pooled():
    return tr.pool([row(i) for i in range(4)])


@cache
def gbsg():
    return tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")


@cache
def chosen():
    """A flow in which some left."""
    return tr.select(tr.load("gbsg"), endpoint="RFS", er="positive", treatment="any").flow


@cache
def curves():
    return tr.kaplan_meier(gbsg(), by="treatment")


def line(n=30):
    x = np.linspace(1, 20, n)
    hr = np.exp(0.05 * (x - 10))
    return pd.DataFrame({"value": x, "hr": hr, "ci_low": hr * np.exp(-0.02 * abs(x - 10) - 0.01), "ci_high": hr * 1.3})


def genes():
    p = np.array([1e-6, 0.02, 0.4, 0.9])
    return pd.DataFrame(
        {"gene": ["PTEN", "A", "B", "C"], "p": p, "q": p * 2, "log_hr": [0.5, -0.3, 0.1, 0.05],
         "chromosome": ["10", "10", "17", "17"], "position": [1e6, 2e6, 1e6, 3e6]}
    )  # fmt: skip


def judged():
    found = tr.risk_of_bias(tool="QUIPS", studies=["Love 2003", "Knoop 2001"])
    first = found.tool.allowed[0]
    from dataclasses import replace

    rows = [replace(one, levels=dict.fromkeys(found.tool.domains, first), overall=first) for one in found.rows]
    return replace(found, rows=tuple(rows))


def risks():
    return pd.DataFrame(
        {"treatment": ["untreated", "treated"], "time": 60.0, "risk": [0.5, 0.4], "ci_low": 0.3, "ci_high": [0.6, 0.5]}
    )


def studies():
    said = [("HER2", "resistant"), ("HER2", "no_effect"), ("AKT", "resistant")]
    return pd.DataFrame(
        {
            "study": ["a", "b", "c"],
            "marker": [m for m, _ in said],
            "tier": "clinical",
            "direction": [d for _, d in said],
        }
    )


def residuals():
    x = np.linspace(0, 1, 40)
    told = {"term": "age", "months": 60 * x + 1, "transformed": x, "residual": np.sin(9 * x), "coefficient": 0.4}
    return pd.DataFrame(told | {"variance": 0.1})


def abstract(**look):
    effect = row(1, estimand="interaction")
    rows = [
        tr.AbstractRow(marker=m, verdict="open", effect=effect, sure_for="low", sure_none="none")
        for m in ("HER2", "AKT")
    ]  # fmt: skip
    return tr.visual_abstract("Does it?", "It stays open.", rows, **look)


def specified(**look):
    told = [{"Endpoint": name, "Adjusted": yes} for name in ("RFI", "OS") for yes in ("no", "yes")]
    return tr.specification_curve([row(i) for i in range(4)], told, **look)


def balance():
    return pd.DataFrame({"covariate": ["age", "nodes"], "smd_before": [0.1, -0.6], "smd_after": [0.02, 0.05]})


def groups():
    told = {"of": "fifth of the index", "predicted": [0.1, 0.2, 0.3], "seen": [0.12, 0.2, 0.25], "seen_se": 0.02}
    return pd.DataFrame(told)


def sizes():
    return pd.DataFrame({"patients": [200.0, 500.0, 1000.0], "events": [60.0, 150.0, 300.0], "power": [0.3, 0.6, 0.9]})


FIGURES = {  # each with a text that it shows, and two things that it shows in this order
    "forest": (lambda **k: tr.forest([row(i) for i in range(4)], **k), "Study 2", ("Study 1", "Study 3")),
    "forest_pages": (lambda **k: tr.forest_pages([row(i) for i in range(4)], **k), "Study 2", ("Study 1", "Study 3")),
    "survival_plot": (
        lambda **k: tr.survival_plot(curves(), effect=row(1), **k), "Years", ("untreated", "treated"),
    ),
    "survival_panels": (
        lambda **k: tr.survival_panels({"All": curves()}, effects=row(1), **k), "Years",
        ("untreated", "treated"),
    ),
    "flow_diagram": (lambda **k: tr.flow_diagram(chosen(), **k), "RFS known", ()),
    "love_plot": (
        lambda **k: tr.love_plot(balance(), **k), "After weighting", ("Axillary nodes with tumour", "Age at diagnosis"),
    ),
    "log_log_plot": (
        lambda **k: tr.log_log_plot(curves(), **k), "log(-log survival)", ("untreated", "treated"),
    ),
    "schoenfeld_plot": (lambda **k: tr.schoenfeld_plot(residuals(), **k), "Years", ()),
    "hazard_curve": (lambda **k: tr.hazard_curve(line(), np.arange(1, 20.0), **k), "Hazard ratio", ()),
    "treatment_curve_plot": (
        lambda **k: tr.treatment_curve_plot(line(), np.arange(1, 20.0), **k), "Hazard ratio of treatment", (),
    ),
    "power_curve": (lambda **k: tr.power_curve(sizes(), **k), "Patients", ()),
    "bias_contour": (
        lambda **k: tr.bias_contour(row(1, estimand="treatment_effect", log_estimate=-0.8, se=0.1), **k),
        "Risk ratio with the outcome", (),
    ),
    "calibration_plot": (lambda **k: tr.calibration_plot(groups(), **k), "Predicted", ()),
    "specification_curve": (specified, "Endpoint", ("Endpoint", "Adjusted")),
    "funnel": (lambda **k: tr.funnel(pooled(), **k), "P < 0.01", ()),
    "albatross_plot": (
        lambda **k: tr.albatross_plot(
            [row(i, p_value=0.01 * i, n=100 * i, direction="worse", status="test_only", log_estimate=None, se=None,
                 events=40 * i) for i in (1, 2, 3)], **k,
        ), "P (two-sided)", (),
    ),
    "gosh_plot": (lambda **k: tr.gosh_plot(pooled(), **k), "I², %", ()),
    "baujat_plot": (lambda **k: tr.baujat_plot(pooled(), **k), "Influence on the pool", ()),
    "leave_one_out_plot": (
        lambda **k: tr.leave_one_out_plot(pooled(), **k), "All studies", ("Without Study 0", "Without Study 2"),
    ),
    "traffic_light": (lambda **k: tr.traffic_light(judged(), **k), "Overall", ("Love 2003", "Knoop 2001")),
    "bias_summary": (
        lambda **k: tr.bias_summary(judged(), **k), "100%", ("Outcome measurement", "Study confounding"),
    ),
    "pictograph": (
        lambda **k: tr.pictograph(risks(), effect=row(1, log_estimate=None, difference=-0.1, measure="RD"), **k),
        "treated", ("untreated", "treated"),
    ),
    "prisma": (lambda **k: tr.prisma(tr.evidence_counts(marker="HER2"), **k), "Screened", ()),
    "evidence_map": (lambda **k: tr.evidence_map(studies(), **k), "HER2", ("HER2", "AKT")),
    "volcano": (lambda **k: tr.volcano(genes(), **k), "PTEN", ()),
    "manhattan": (lambda **k: tr.manhattan(genes(), **k), "Chromosome", ()),
    "visual_abstract": (abstract, "HER2", ("HER2", "AKT")),
}  # fmt: skip
LIMITS = {  # ends that differ from those the figure takes by itself
    "forest": (0.5, 3.0), "forest_pages": (0.5, 3.0), "survival_plot": (0.0, 4.0), "survival_panels": (0.0, 4.0),
    "love_plot": (0.0, 2.0), "log_log_plot": (0.5, 5.0), "hazard_curve": (2.0, 15.0),
    "treatment_curve_plot": (2.0, 15.0), "power_curve": (0.0, 800.0), "bias_contour": (1.0, 5.0),
    "calibration_plot": (0.0, 0.8), "funnel": (0.5, 3.0),
    "gosh_plot": (0.5, 3.0), "baujat_plot": (0.0, 9.0), "leave_one_out_plot": (0.5, 3.0), "volcano": (0.5, 3.0),
}  # fmt: skip
HEIGHTS = {
    "survival_plot": (0.2, 1.0), "survival_panels": (0.2, 1.0), "log_log_plot": (-4.0, 1.0),
    "schoenfeld_plot": (-2.0, 2.0), "hazard_curve": (0.3, 4.0), "treatment_curve_plot": (0.3, 4.0),
    "power_curve": (0.2, 0.9), "bias_contour": (1.0, 5.0),
    "calibration_plot": (0.0, 0.8), "specification_curve": (0.25, 4.0), "albatross_plot": (50.0, 2000.0),
    "baujat_plot": (0.0, 9.0), "volcano": (0.0, 9.0), "manhattan": (0.0, 9.0),
}  # fmt: skip


def axes(drawn):
    return drawn if isinstance(drawn, list) else [drawn]


def texts(drawn):
    """Every visible text of a figure with its size."""
    found = [one for ax in axes(drawn) for one in ax.figure.findobj(Text) if one.get_visible()]
    return [(" ".join(one.get_text().split()), one.get_size()) for one in found if one.get_text().strip()]


def words(drawn):
    return [text for text, _ in texts(drawn)]


def shades(drawn):
    """The colours of all that is drawn, axes apart."""
    out = []
    for ax in axes(drawn):
        for one in ax.figure.findobj():
            if isinstance(one, Spine | Text):
                continue
            for part in ("color", "facecolor", "markerfacecolor", "edgecolor"):
                value = getattr(one, f"get_{part}", lambda: None)()
                out += list(value) if isinstance(value, np.ndarray) and value.ndim == 2 else [value]
    return [one for one in out if one is not None and not (isinstance(one, str) and one in ("none", "auto"))]


def opaque(color):
    return color if isinstance(color, str) else tuple(color)[:3]


def places(drawn):
    """Where each text stands, read downwards: minus the height of its top, then its left edge."""
    out = {}
    for ax in axes(drawn):
        pen = ax.figure.canvas.get_renderer()
        for one in ax.figure.findobj(Text):
            text = " ".join(one.get_text().split())
            if text and one.get_visible():
                box = one.get_window_extent(pen)
                out.setdefault(text, (-box.y1, box.x0))
    return out


def below(drawn, text):
    """How far down the figure the first line of a text stands."""
    return next(place for said, place in places(drawn).items() if said.startswith(text))


@cache
def plain_of(name):
    """The figure without any option, drawn once."""
    return FIGURES[name][0]()


def test_every_public_figure_is_here():
    """No figure of the reference is left out, and what each takes is said in its docstring."""
    assert set(FIGURES) == set(GROUPS["Figures"][1]) - set(NO_FIGURES)
    for name in FIGURES:
        takes = getattr(tr, name).options
        assert set(takes) <= set(OPTIONS), name
        assert {"labels", "colors", "decimal", "font_size"} <= set(takes), name
        assert "**look" in getattr(tr, name).__doc__, name
        assert ("xlim" in takes) == (name in LIMITS), name
        assert ("ylim" in takes) == (name in HEIGHTS), name
        assert ("order" in takes) == bool(FIGURES[name][2]), name


@pytest.mark.parametrize("name", FIGURES)
def test_title_words_letters_and_colours(name):
    """A title stands above all, a renamed text replaces the old one, letters and first colour are those asked for."""
    draw, shown, _ = FIGURES[name]
    plain = plain_of(name)
    renaming = next(text for text in words(plain) if text.startswith(shown))
    magenta = "#FF00FE"
    options = {"labels": {renaming: "Quite other"}, "font_size": 9.0, "colors": [magenta]}
    titled = "title" in getattr(tr, name).options
    look = draw(**options, **({"title": "A title of my own"} if titled else {}))
    said = words(look)
    assert "Quite other" in said
    assert renaming not in said
    assert max(size for _, size in texts(look)) >= 9.0
    assert sum(size for _, size in texts(look)) > sum(size for _, size in texts(plain))
    if titled:
        at = places(look)
        assert at.pop("A title of my own")[0] < min(top for top, _ in at.values())
    assert not any(same_color(opaque(one), magenta) for one in shades(plain))
    assert any(same_color(opaque(one), magenta) for one in shades(look))


def test_names_and_colours_that_a_figure_lacks():
    """What is not there is refused by name, with what is there."""
    draw = FIGURES["forest"][0]
    with pytest.raises(tr.TamoxresError, match=r"shows no 'Nothing such'.* It shows: .*Study 0"):
        draw(labels={"Nothing such": "x"})
    with pytest.raises(tr.TamoxresError, match="shows no 'Nothing such'"):
        draw(order=["Nothing such"])
    with pytest.raises(tr.TamoxresError, match="of its own here"):
        draw(colors=["red"] * 9)
    with pytest.raises(tr.TamoxresError, match="is no colour"):
        draw(colors=["no such colour"])
    with pytest.raises(tr.TamoxresError, match="as lists"):
        draw(colors="red")


@pytest.mark.parametrize("name", [name for name, (_, _, pair) in FIGURES.items() if pair])
def test_order(name):
    """The second of two rows stands first where it is asked to."""
    draw, _, (first, second) = FIGURES[name]
    plain, turned = plain_of(name), draw(order=[second, first])
    if name in ("survival_plot", "survival_panels", "log_log_plot"):  # the order of the curves is that of their artists
        said = [text for text in words(plain) if text in (first, second)]
        other = [text for text in words(turned) if text in (first, second)]
        assert said[0] == first
        assert other[0] == second
    else:
        assert below(plain, first) < below(plain, second)
        assert below(turned, second) < below(turned, first)


@pytest.mark.parametrize("name", sorted({*LIMITS, *HEIGHTS}))
def test_limits(name):
    """The axes end where they are asked to, and differ from the figure's own."""
    draw = FIGURES[name][0]
    for option, ends in (("xlim", LIMITS.get(name)), ("ylim", HEIGHTS.get(name))):
        if ends is None or name == "specification_curve":
            continue
        own, asked = axes(plain_of(name))[0], axes(draw(**{option: ends}))[0]
        get = f"get_{option}"
        assert getattr(asked, get)() == pytest.approx(ends), option
        assert getattr(own, get)() != pytest.approx(ends), option
        axis = asked.xaxis if option == "xlim" else asked.yaxis
        ticks = [tick for tick in axis.get_majorticklocs() if ends[0] <= tick <= ends[1]]
        assert len(ticks) >= 2 or name in ("forest", "forest_pages"), option
    with pytest.raises(tr.TamoxresError, match="lower end"):
        draw(**{"xlim" if name in LIMITS else "ylim": (2.0, 1.0)})


def test_limits_of_a_specification_curve():
    """Its axis is drawn on paper: ticks within the limits alone are written."""
    assert {"0.25", "4"} <= set(words(specified(ylim=(0.25, 4.0))))
    assert "10" not in words(specified(ylim=(0.25, 4.0)))
    assert "10" in words(specified(ylim=(0.05, 20.0)))


@pytest.mark.parametrize("name", [name for name in FIGURES if "digits" in getattr(tr, name).options])
def test_digits_and_decimal_mark(name):
    """Estimates have the decimals asked for, and the comma stands where it is asked for."""
    draw = FIGURES[name][0]
    plain, more = words(plain_of(name)), words(draw(digits=5))
    assert any(len(part.split(".")[-1]) >= 5 for text in more for part in numbers(text)), more
    assert not any(len(part.split(".")[-1]) >= 5 for text in plain for part in numbers(text) if "." in part)
    comma = " ".join(words(draw(decimal=",", digits=3)))
    assert any("," in part for part in comma.split())
    with pytest.raises(tr.TamoxresError, match="Use 0 to 8 decimals"):
        draw(digits=9)


def numbers(text):
    """The numbers of a text that have decimals."""
    spaced = "".join(letter if letter.isdigit() or letter == "." else " " for letter in text)
    return [part for part in spaced.split() if "." in part.strip(".")]


@pytest.mark.parametrize("name", FIGURES)
def test_what_a_figure_cannot_show_is_refused(name):
    """An option without effect is named, never left out in silence."""
    draw = FIGURES[name][0]
    given = {"order": ["a"], "xlim": (0, 1), "ylim": (0, 1), "digits": 3}
    for option in set(given) - set(getattr(tr, name).options):
        with pytest.raises(tr.TamoxresError, match=f"nothing that {option} could change"):
            draw(**{option: given[option]})
    with pytest.raises(tr.TamoxresError, match="Use 4 to 24 points"):
        draw(font_size=90)
    with pytest.raises(TypeError, match="nonsense"):
        draw(nonsense=1)


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in SEVERAL])
def test_a_given_axes(name):
    """A figure is drawn into the box of a given Axes, and nothing of it leaves the box."""
    paper = Figure(figsize=(12, 16))
    box = paper.add_axes((0.25, 0.1, 0.6, 0.8))
    options = {"title": "Titled"} if "title" in getattr(tr, name).options else {}
    drawn = FIGURES[name][0](ax=box, **options)
    assert drawn is box
    assert drawn.figure is paper
    pen = FigureCanvasAgg(paper).get_renderer()
    low, high = paper.transFigure.transform((0.25, 0.1)), paper.transFigure.transform((0.85, 0.9))
    off = [ax for ax in paper.axes if not ax.axison]
    hidden = {id(label) for ax in off for label in (*ax.get_xticklabels(), *ax.get_yticklabels())}
    for one in paper.findobj(Text):
        if id(one) in hidden:
            continue
        if one.get_text().strip() and one.get_visible():
            extent = one.get_window_extent(pen)
            assert low[0] - 3 <= extent.x0, (one.get_text(), extent)
            assert extent.x1 <= high[0] + 3, (one.get_text(), extent)
            assert low[1] - 3 <= extent.y0, (one.get_text(), extent)
            assert extent.y1 <= high[1] + 3, (one.get_text(), extent)
    assert not options or "Titled" in words(drawn)


def test_a_swap_of_two_names_is_one_step():
    """Two names that change places are each written once, and figures drawn later are as before."""
    swap = {"untreated": "treated", "treated": "untreated"}
    turned = [text for text in words(tr.pictograph(risks(), labels=swap)) if text in swap]
    plain = [text for text in words(tr.pictograph(risks())) if text in swap]
    assert turned == plain[::-1]
    assert plain == ["untreated", "treated"]


def test_a_look_is_saved(tmp_path):
    """What was asked for stands in the file."""
    drawn = tr.forest([row(1)], title="Of my own", colors=["crimson"], font_size=8)
    said = tr.save_figure(drawn, tmp_path / "own.svg", dpi=72).read_text()
    assert "Of my own" in said
    assert "#dc143c" in said


TABLES = {
    "baseline_table": lambda **k: tr.baseline_table(gbsg().frame, "treatment", columns=["age", "grade"], **k),
    "flow_table": lambda **k: tr.flow_table(gbsg().flow, **k),
    "hazard_table": lambda **k: tr.hazard_table([row(1, p_value=0.0312)], **k),
    "contrast_table": lambda **k: tr.contrast_table(
        [row(1, estimand="treatment_effect"), row(1, estimand="interaction", p_value=0.0312)], **k),
    "effects_table": lambda **k: tr.effects_table([row(1, p_value=0.0312)], **k),
    "meta_table": lambda **k: tr.meta_table(pooled(), **k),
}  # fmt: skip


def cells(table):
    return " | ".join(cell.text for line in table.rows for cell in line.cells)


def test_every_public_table_is_here():
    """No table of the reference is left out."""
    assert set(TABLES) == set(GROUPS["Tables"][1]) - {"Table"}
    assert NUMBERS == ("digits", "style", "decimal")
    assert all("**numbers" in getattr(tr, name).__doc__ for name in TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_tables_take_digits_style_and_decimal_mark(name):
    """Cells have the decimals, the journal's marks and the decimal mark asked for; later ones are as before."""
    write = TABLES[name]
    plain = cells(write())
    if name == "flow_table":  # counts alone: a comma sets off thousands, or a thin space
        thousands = tr.flow_table(type(gbsg().flow)(()), decimal=",")
        assert not thousands.rows
    else:
        assert any(len(part.split(".")[-1]) == 4 for part in numbers(cells(write(digits=4))))
        assert not numbers(cells(write(decimal=",")).replace("half-normal(0.5)", ""))
        assert "," in cells(write(decimal=","))
        assert cells(write(style="lancet")) == plain.replace(".", "·") or "·" in cells(write(style="lancet"))
    assert cells(write()) == plain
    for wrong in ({"digits": -1}, {"style": "nature"}, {"decimal": ";"}):
        with pytest.raises(tr.TamoxresError):
            write(**wrong)


def test_percentages_of_a_spreadsheet_follow_the_digits():
    """The format of a share in Excel shows the digits that its cell's text has."""
    table = TABLES["baseline_table"](digits=3)
    formats = {
        part.number_format
        for line in table.rows
        for cell in line.cells
        for part in cell.parts
        if hasattr(part, "value")
    }
    assert "0.000%" in formats
    assert "0.0%" not in formats
