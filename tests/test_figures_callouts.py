"""Names of points: apart from each other, inside, and none that can be taken for another's."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from tamoxres.figures.callouts import place_names


def test_names_keep_apart():
    """Forty names of points in a cloud overlap neither each other nor a named point, and stay inside."""
    rng = np.random.default_rng(3)
    points, cloud = rng.uniform(0, 300, (40, 2)), rng.uniform(0, 300, (500, 2))
    inside, size = (0.0, 0.0, 300.0, 300.0), 6.0
    placed = place_names(points, [f"GENE{i}" for i in range(40)], cloud, inside=inside, size=size)
    assert len(placed) == 40
    boxes = [callout.box for callout in placed]
    for i, (x, y, wide, tall) in enumerate(boxes):
        assert min(x, y) >= 0
        assert max(x + wide, y + tall) <= 300
        assert not ((points > (x, y)) & (points < (x + wide, y + tall))).all(axis=1).any()
        for u, v, w, h in boxes[i + 1 :]:
            assert not (x < u + w and u < x + wide and y < v + h and v < y + tall)


def test_no_line_leads_astray():
    """In a row of points as dense as their names, no line crosses another or passes over the point of another name."""
    points, size = np.column_stack([np.linspace(60, 240, 16), np.resize([4.0, 12.0, 8.0], 16)]), 6.0
    names = [f"GENE{i}" for i in range(16)]
    placed = place_names(points, names, points[:0], inside=(0.0, 0.0, 300.0, 200.0), size=size)
    assert len(placed) > 10
    led = [callout for callout in placed if callout.lead is not None]
    steps = {c.index: c.lead[0] + np.linspace(0, 1, 400)[:, None] * (c.lead[1] - c.lead[0]) for c in led}
    assert len(led) > 5
    for callout in led:
        np.testing.assert_allclose(callout.lead[0], points[callout.index])
        away = np.delete(points, callout.index, axis=0)
        distance = np.hypot(*(steps[callout.index][:, None] - away[None]).transpose(2, 0, 1)).min(axis=0)
        assert (distance > 0.2 * size).all()
    for a, b in combinations(led, 2):
        gaps = np.hypot(*(steps[a.index][:, None] - steps[b.index][None]).transpose(2, 0, 1))
        assert gaps.min() > 0.1 * size


def test_another_round_names_all():
    """Where names placed in their order shut one out, a further round finds places for all."""
    points = np.random.default_rng(1).uniform((10, 2), (90, 30), (9, 2))
    page = {"inside": (0.0, 0.0, 100.0, 50.0), "size": 6.0}
    assert len(place_names(points, [f"GENE{i}" for i in range(9)], points[:0], **page)) == 9


def test_no_room_no_name():
    """A name that fits nowhere is left out."""
    at = np.array([[5.0, 5.0]])
    assert place_names(at, ["LONGNAME"], np.empty((0, 2)), inside=(0.0, 0.0, 10.0, 10.0), size=6.0) == []
