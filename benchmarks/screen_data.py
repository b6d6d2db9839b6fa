"""Simulated cohorts for the benchmarks of the gene screen (for timing alone, not for analysis).

Times are months rounded to 0.1, so that there are ties; seeds are fixed. The registry is written as a CSV file with its
mapping, the expression matrix as one float32 memory map, a row a gene.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = ["age", "grade", "size", "lnodes", "her2", "pten", "akt", "tam", "tam_pten", "tam_akt"]
MAPPING: dict[str, Any] = {
    "name": "simulated",
    "columns": {
        "patient": "patient", "age": "age", "grade": "grade", "endocrine": {"from": "tam", "yes": [1], "no": [0]},
    },
    "endpoints": {
        "OS": {"time": "time", "unit": "months", "event": "event", "event_values": [1], "censored_values": [0]},
    },
}  # fmt: skip


def clinical(n: int, seed: int = 20240612) -> pd.DataFrame:
    """Simulate n patients: time, event, and the ten columns of the single fits."""
    draw = np.random.default_rng(seed)
    age = np.clip(draw.normal(61, 13, n), 22, 96).round(1)
    grade = draw.choice([1, 2, 3], n, p=[0.09, 0.40, 0.51]).astype(float)
    size = np.clip(draw.lognormal(3.2, 0.5, n), 1, 180).round(0)
    nodes = np.minimum(draw.negative_binomial(0.45, 0.18, n), 45).astype(float)
    her2, pten, akt, tam = ((draw.random(n) < share).astype(float) for share in (0.12, 0.15, 0.25, 0.60))
    risk = 0.35 * (grade - 2) + 0.012 * (size - 26) + 0.45 * np.log1p(nodes) + 0.45 * her2 + 0.10 * pten + 0.05 * akt
    risk += -0.45 * tam + 0.45 * tam * pten + 0.25 * tam * akt
    cancer = (-np.log(draw.random(n)) * np.exp(-risk)) ** (1 / 1.1) * 400
    other = (-np.log(draw.random(n)) * np.exp(-0.07 * (age - 61))) ** (1 / 1.6) * 380
    censored = draw.uniform(40, 320, n)
    time = np.minimum(np.minimum(cancer, other), censored)
    return pd.DataFrame(
        {
            "time": np.maximum(np.round(time, 1), 0.1), "event": (time < censored).astype(int), "age": age,
            "grade": grade, "size": size, "lnodes": np.log1p(nodes), "her2": her2, "pten": pten, "akt": akt, "tam": tam,
            "tam_pten": tam * pten, "tam_akt": tam * akt,
        }
    )  # fmt: skip


def expression(path: Path, genes: int, n: int) -> np.memmap[Any, Any]:
    """Write genes in 20 correlated modules as float32, a thousand at a time, and return the memory map."""
    draw = np.random.default_rng(7)
    factors = draw.normal(size=(20, n)).astype(np.float32)
    matrix = np.memmap(path, np.float32, "w+", shape=(genes, n))
    for start in range(0, genes, 1000):
        size = min(1000, genes - start)
        noise = draw.normal(size=(size, n)).astype(np.float32)
        load = 0.4 * draw.normal(size=(size, 20)).astype(np.float32)
        matrix[start : start + size] = 8 + 1.2 * (load @ factors / np.sqrt(20) + noise)
    matrix.flush()
    return np.memmap(path, np.float32, "r", shape=(genes, n))
