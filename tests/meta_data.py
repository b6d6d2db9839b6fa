"""The reference data sets of the meta-analysis tests, as arrays and as effect rows (tests/reference/meta)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from tamoxres.effects import EffectEstimate
from tamoxres.meta.pool import pool

META = json.loads((Path(__file__).parent / "reference" / "meta" / "meta.json").read_text())
SETS = ("bcg", "begg", "linde", "berkey", "hine", "konst")
CLOSED = 1e-9  # closed forms: only rounding separates the two programs
ITERATED = 1e-7  # both programs iterate, each to its own last step


def data(name):
    """Estimates and variances of a data set."""
    return np.array(META[name]["yi"]), np.array(META[name]["vi"])


def trials(name="bcg", **columns):
    """Effect rows of a data set; each further column holds one value a study."""
    ratio = META[name]["measure"] == "RR"
    rows = []
    for i, (y, v) in enumerate(zip(*data(name), strict=True)):
        extra = {key: values[i] for key, values in columns.items()}
        point = {"log_estimate" if ratio else "difference": float(y)}
        rows.append(
            EffectEstimate(
                **{"study": f"Trial {i}", "measure": META[name]["measure"], **point, **extra}, se=math.sqrt(v)
            )
        )
    return rows


def pooled(name="bcg", *, ci="z", tau2="reml", **columns):
    """Pool of a data set."""
    return pool(trials(name, **columns), tau2=tau2, ci=ci)


def close(found, expected, tolerance, what):
    """Compare numbers, naming what differs."""
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=what)
