"""200 curves of GBSG, METABRIC and lung, read as a digitiser reads them and reconstructed: how near the answers come.

Run from the project's root: python tests/reference/reconstruct/make_reconstruct.py, its output into reconstruct.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from curve_proof import compared

import tamoxres
from tamoxres.errors import DataError

DRAWN = {"gbsg": 67, "metabric": 67, "lung": 66}
HELD = ("rmse", "d_log_hr", "se_ratio", "d_risk_0", "d_risk_1", "median_ratio_0", "median_ratio_1", "events_off")


def main() -> None:
    """Draw, reconstruct, compare, and write one row a curve with what they show together."""
    rows, refused = [], []
    for name, many in DRAWN.items():
        for seed in range(many):
            try:
                rows.append(compared(name, seed))
            except DataError as error:
                refused.append({"data": name, "seed": seed, "why": str(error)})
    out = {
        "tamoxres": tamoxres.__version__, "numpy": np.__version__, "curves": len(rows), "refused": refused,
        "summary": {name: _summary([row for row in rows if row["data"] == name]) for name in DRAWN},
        "all": _summary(rows),
        "rows": [{"data": row["data"], "seed": row["seed"], **{key: _short(row[key]) for key in HELD}} for row in rows],
    }  # fmt: skip
    sys.stdout.write(json.dumps(out, indent=1) + "\n")


def _short(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 5)


def _summary(rows: list[dict]) -> dict[str, float]:
    """Mean error and its spread: of log hazard ratios in standard errors, of standard errors as ratios, of risks."""
    off = np.array([row["d_log_hr"] / row["se"] for row in rows])
    errors = np.array([row["se_ratio"] for row in rows])
    risks = np.array([row[f"d_risk_{g}"] for row in rows for g in (0, 1)])
    medians = np.array([row[f"median_ratio_{g}"] for row in rows for g in (0, 1)])
    medians = medians[np.isfinite(medians)]
    return {
        "log_hr_mean_in_se": float(off.mean()), "log_hr_rms_in_se": float(np.sqrt((off**2).mean())),
        "log_hr_worst_in_se": float(np.abs(off).max()), "se_ratio_mean": float(errors.mean()),
        "se_ratio_least": float(errors.min()), "se_ratio_most": float(errors.max()),
        "risk_mean": float(risks.mean()), "risk_rms": float(np.sqrt((risks**2).mean())),
        "risk_worst": float(np.abs(risks).max()), "median_ratio_mean": float(medians.mean()),
        "median_ratio_rms": float(np.sqrt(((medians - 1) ** 2).mean())), "medians": len(medians),
        "rmse_worst": float(max(row["rmse"] for row in rows)),
    }  # fmt: skip


if __name__ == "__main__":
    main()
