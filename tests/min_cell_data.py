"""A registry that declares min_cell, as tests of several files write it."""

from pathlib import Path

import numpy as np
import pandas as pd

K = 5
MAPPING = """
name = "own"
min_cell = 5
[columns]
patient = "pid"
er = { from = "er", positive = ["P"], negative = ["N"] }
endocrine = { from = "tam", yes = ["y"], no = ["n"] }
grade = "grade"
[markers.HER2]
from = "her2"
altered = ["amp"]
unaltered = ["no"]
[endpoints.OS]
time = "months"
unit = "months"
event = "dead"
event_values = [1]
censored_values = [0]
"""


def write(folder: Path) -> tuple[Path, Path]:
    """Write 600 patients: ER unknown in 2, HER2 in 3, grade in 2, and a time negative in 1."""
    rng, n = np.random.default_rng(4), 600
    her2, er, treated = rng.random(n) < 0.2, rng.random(n) < 0.8, rng.random(n) < 0.5
    death, end = rng.exponential(80, n) * np.where(her2, 0.7, 1), rng.uniform(20, 120, n)
    columns = {
        "pid": range(n), "er": np.where(er, "P", "N"), "her2": np.where(her2, "amp", "no"),
        "tam": np.where(treated, "y", "n"), "grade": rng.integers(1, 4, n).astype(object),
        "months": np.minimum(death, end).round(2), "dead": (death <= end).astype(int),
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    for column, rows in (("er", [1, 2]), ("her2", [5, 6, 7]), ("grade", [8, 9])):
        frame.loc[rows, column] = ""
    frame.loc[30, "months"] = -1
    frame.to_csv(folder / "own.csv", index=False)
    (folder / "own.toml").write_text(MAPPING)
    return folder / "own.csv", folder / "own.toml"


def small(number: float) -> bool:
    """Whether a count is 1 to 4."""
    return 0 < number < K
