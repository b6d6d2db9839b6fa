"""Curves as data for the page's script: the steps, their limits and the numbers at risk, to be read off exactly.

The script reads a value as `Curve.step` does: the last step at or before a time. Estimates and limits change at events
alone and stand there; numbers at risk stand at every time. Twelve significant digits are kept.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..curves import Curve, Curves

__all__ = ["curve_json"]

_DIGITS = 12


def curve_json(curves: Curves, effect: str = "") -> str:
    """Write curves as JSON that may stand inside a page (`<` is escaped).

    Parameters
    ----------
    curves : Curves
        Those of competing causes are left out: the page reads off the endpoint's own.
    effect : str
        Written into the plot, such as the hazard ratio with its interval.

    Returns
    -------
    str
        Keys `kind`, `endpoint`, `effect` and `groups`, each with `name`, `time`, `estimate`, `low`, `high` at its
        events (months) and `at`, `risk`: the number at risk just before each time.
    """
    shown = [curve for curve in curves if curve.cause in ("", curves.endpoint)]
    data = {
        "kind": shown[0].kind if shown else "",
        "endpoint": curves.endpoint,
        "effect": effect,
        "groups": [_group(curve) for curve in shown],
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _group(curve: Curve) -> dict[str, Any]:
    steps = np.flatnonzero(np.diff(curve.estimate, prepend=curve.start) != 0)
    known = np.flatnonzero(np.isfinite(curve.ci_low) & np.isfinite(curve.ci_high))
    kept = np.union1d(steps, known[:1])
    return {
        "name": curve.group,
        "start": curve.start,
        "time": _numbers(curve.time[kept]),
        "estimate": _numbers(curve.estimate[kept]),
        "low": _numbers(curve.ci_low[kept]),
        "high": _numbers(curve.ci_high[kept]),
        "at": _numbers(curve.time),
        "risk": [int(n) for n in curve.n_risk],
    }


def _numbers(values: Any) -> list[float | None]:
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in values]
