"""What the tests of the figures share: example rows, and where every visible text stands on paper."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from meta_data import META, data

from tamoxres.effects import EffectEstimate
from tamoxres.figures.style import ACCENT, SMALLEST

COUNTS = (  # events and patients of each arm in the 13 BCG trials (vaccinated, control)
    (4, 123, 11, 139), (6, 306, 29, 303), (3, 231, 11, 220), (62, 13598, 248, 12867), (33, 5069, 47, 5808),
    (180, 1541, 372, 1451), (8, 2545, 10, 629), (505, 88391, 499, 88391), (29, 7499, 45, 7277), (17, 1716, 65, 1665),
    (186, 50634, 141, 27338), (5, 2498, 3, 2341), (27, 16913, 29, 17854),
)  # fmt: skip
NAMES = (
    "Aronson 1948", "Ferguson & Simes 1949", "Rosenthal et al 1960", "Hart & Sutherland 1977",
    "Frimodt-Moller et al 1973", "Stein & Aronson 1953", "Vandiviere et al 1973", "TPT Madras 1980",
    "Coetzee & Berjak 1968", "Rosenthal et al 1961", "Comstock et al 1974", "Comstock & Webster 1969",
    "Comstock et al 1976",
)  # fmt: skip
MIDDLE = 0.5  # luminance from which a text is a light one, set on a mark
READABLE = 4.5  # contrast of text with its ground (WCAG 2, AA)
_DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_MEASURED_AT = 200  # dots an inch at which extents are measured
_TOUCH = 0.35  # points by which the extents of two letters may meet: hinting at the resolution of the measurement


def bcg():
    """The 13 BCG trials as effect rows with counts."""
    assert len(META["bcg"]["yi"]) == len(NAMES), "the BCG reference holds the 13 trials"
    rows = []
    for name, y, v, (a, n1, c, n0) in zip(NAMES, *data("bcg"), COUNTS, strict=True):
        counts = {"events_1": a, "n_1": n1, "events_0": c, "n_0": n0, "events": a + c, "n": n1 + n0}
        asked = {"measure": "RR", "treatment_1": "BCG vaccine", "treatment_0": "none", "estimand": "treatment_effect"}
        rows.append(EffectEstimate(study=name, log_estimate=float(y), se=math.sqrt(v), **counts, **asked))
    return rows


def written(ax):
    """All visible texts of an Axes, its tick labels among them, with their boxes in points."""
    figure = ax.figure
    figure.set_dpi(_MEASURED_AT)
    with matplotlib.rc_context({"text.hinting": "none"}):
        canvas = FigureCanvasAgg(figure)
        figure.draw_without_rendering()
        renderer = canvas.get_renderer()
        labels = [*ax.get_xticklabels(), *ax.get_yticklabels()] if ax.axison else []
        texts = [text for text in [*ax.texts, *labels] if text.get_visible() and text.get_text().strip()]
        return [(text.get_text(), _points(text.get_window_extent(renderer))) for text in texts]


def words(ax):
    """The texts alone."""
    return [text for text, _ in written(ax)]


def named(ax, start):
    """The artists whose gid begins so, by gid."""
    found = [artist for artist in ax.get_children() if (artist.get_gid() or "").startswith(start)]
    return {artist.get_gid(): artist for artist in found}


def check_paper(ax, what):
    """Nothing is clipped by the figure's edge, and no two texts touch."""
    wide, high = (72 * inches for inches in ax.figure.get_size_inches())
    boxes = written(ax)
    for text, (x0, y0, x1, y1) in boxes:
        inside = x0 >= -_TOUCH and y0 >= -_TOUCH and x1 <= wide + _TOUCH and y1 <= high + _TOUCH
        assert inside, f"{what}: {text!r} is clipped: {x0:.1f} {y0:.1f} {x1:.1f} {y1:.1f} of {wide:.1f} x {high:.1f}"
    boxes.sort(key=lambda item: item[1][0])
    for i, (text, (x0, y0, x1, y1)) in enumerate(boxes):
        for other, (u0, v0, u1, v1) in boxes[i + 1 :]:
            if u0 > x1:
                break
            meet = min(x1, u1) - max(x0, u0) > _TOUCH and min(y1, v1) - max(y0, v0) > _TOUCH
            assert not meet, f"{what}: {text!r} and {other!r} touch"


def check_sizes(ax, what):
    """No text is smaller than journals print; each stands out from paper, a white one from the house's colour."""
    for text in ax.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            assert text.get_fontsize() >= SMALLEST, f"{what}: {text.get_text()!r} has {text.get_fontsize()} points"
            ground = ACCENT if luminance(text.get_color()) > MIDDLE else "white"
            assert contrast(text.get_color(), ground) >= READABLE, f"{what}: {text.get_text()!r} is too pale"


def check_marks(ax, what):
    """No mark leaves the paper."""
    figure = ax.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    wide, high = figure.bbox.width, figure.bbox.height
    slack = _TOUCH * figure.dpi / 72 + 1
    for artist in ax.get_children():
        if isinstance(artist, Text) or not artist.get_visible() or (artist.get_clip_on() and artist.axes is ax):
            continue
        box = artist.get_window_extent(renderer)
        if np.isfinite(box.extents).all() and box.width < 50 * wide:
            inside = box.x0 >= -slack and box.y0 >= -slack and box.x1 <= wide + slack and box.y1 <= high + slack
            assert inside, f"{what}: {artist.get_gid() or artist} leaves the paper: {box.extents} of {wide} x {high}"


def luminance(color):
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2)."""
    return float(_linear(color) @ (0.2126, 0.7152, 0.0722))


def contrast(color, ground="white"):
    """Return the contrast of a colour with its ground, 1 to 21 (WCAG 2)."""
    high, low = sorted((luminance(color), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lightness(color):
    """Return how light a colour is in grey print, 0 to 100 (CIE L*)."""
    y = luminance(color)
    return 116 * y ** (1 / 3) - 16 if y > (6 / 29) ** 3 else 903.3 * y


def seen_by_deuteranopes(color):
    """Return the CIELAB place of a colour as someone without green cones sees it (Machado 2009, severity 1)."""
    linear = np.clip(_DEUTERANOPIA @ _linear(color), 0, 1)
    xyz = _XYZ @ linear / (0.9505, 1.0, 1.089)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _linear(color):
    part = np.array(to_rgb(color))
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def check_within(ax, box):
    """Every text stands within a box of the figure, given in points."""
    left, bottom, right, top = box
    for text, (x0, y0, x1, y1) in written(ax):
        outside = max(left - x0, bottom - y0, x1 - right, y1 - top)
        assert outside <= _TOUCH, f"{text!r} stands {outside:.1f} points outside"


def _points(extent):
    return tuple(72 / _MEASURED_AT * value for value in extent.extents)
