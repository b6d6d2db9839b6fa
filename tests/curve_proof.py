"""Curves drawn, read as a digitiser reads them, and turned back into patients: how near the answers come to the truth.

Each trial is a bootstrap sample of a public data set in two groups. Its Kaplan-Meier curves are read at their steps,
a fifth of those below 0.03 missed (a higher one is seen), with noise of 0.003 in survival and of 0.2 % of the axis in
time, in no order; numbers at risk are printed at six times, the total of events for every second trial.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

import tamoxres as tr
from tamoxres.kernel.cox import fit_cox
from tamoxres.kernel.curve_to_patients import product_limit

MISSED, SEEN, NOISE, JITTER = 0.2, 0.03, 0.003, 0.002
TIMES = 6


@dataclass(frozen=True)
class Trial:
    """Times, events and groups of one sample."""

    time: np.ndarray
    event: np.ndarray
    group: np.ndarray


@cache
def public(name: str) -> Trial:
    """GBSG by hormone, METABRIC by HER2 (overall survival), or R's lung by sex."""
    if name == "lung":
        from public_data import frame

        lung = frame("lung")
        return Trial(lung["time"].to_numpy(float), (lung["status"] == 2).to_numpy(int), lung["sex"].to_numpy(int) - 1)
    if name == "gbsg":
        patients = tr.load("gbsg").patients
        groups = (patients["endocrine"] == "yes").to_numpy(int)
        return Trial(patients["RFS_months"].to_numpy(float), patients["RFS_event"].to_numpy(int), groups)
    cohort = tr.call(tr.load("metabric"), "HER2")
    chosen = tr.select(cohort, marker="HER2", endpoint="OS", er="any", treatment="any").frame
    altered = (chosen["marker"] == "altered").to_numpy(int)
    return Trial(chosen["months"].to_numpy(float), chosen["event"].to_numpy(int), altered)


def resampled(trial: Trial, n: int, dice: np.random.Generator) -> Trial:
    """Draw a bootstrap sample."""
    who = dice.integers(0, len(trial.time), n)
    return Trial(trial.time[who], trial.event[who], trial.group[who])


def digitised(trial: Trial, dice: np.random.Generator) -> tuple[list[float], list[float], list[str]]:
    """Read the curves of both groups at most of their steps, with noise, in no order."""
    times, values, names = [], [], []
    end = trial.time.max()
    for group in (0, 1):
        mine = trial.group == group
        steps = np.unique(trial.time[mine & (trial.event == 1)])
        heights = -np.diff(np.append(1.0, product_limit(trial.time[mine], trial.event[mine], steps)))
        kept = steps[(dice.random(len(steps)) >= MISSED) | (heights > SEEN)]
        at = np.concatenate([[0.0], kept, [trial.time[mine].max()]])
        read = product_limit(trial.time[mine], trial.event[mine], at) + dice.normal(0, NOISE, len(at))
        read[0] = 1.0
        order = dice.permutation(len(at))
        shifted = np.sort(np.clip(at + dice.normal(0, JITTER * end, len(at)), 0, None))  # read along the curve
        times += shifted[order].tolist()
        values += np.clip(read, -0.02, 1.02)[order].tolist()
        names += [str(group)] * len(at)
    return times, values, names


def printed(trial: Trial) -> dict[str, list]:
    """Numbers at risk at six times, as a table under the figure prints them."""
    rows = {"group": [], "time": [], "at_risk": []}
    for group in (0, 1):
        mine = trial.time[trial.group == group]
        for at in np.linspace(0, 0.9 * trial.time.max(), TIMES):
            if at == 0 or (mine >= at).any():
                rows["group"].append(str(group))
                rows["time"].append(float(at))
                rows["at_risk"].append(int((mine >= at).sum()))
    return rows


def answers(time: np.ndarray, event: np.ndarray, group: np.ndarray, at: float) -> dict[str, float]:
    """Log hazard ratio with its error, medians and risks at a time, of both groups."""
    fit = fit_cox(time, event, group[:, None].astype(float))
    out = {"log_hr": float(fit.coefficients[0]), "se": float(np.sqrt(fit.covariance[0, 0]))}
    for one in (0, 1):
        mine = group == one
        curve = product_limit(time[mine], event[mine], np.unique(time[mine]))
        below = np.flatnonzero(curve <= 0.5)
        out[f"median_{one}"] = float(np.unique(time[mine])[below[0]]) if below.size else float("nan")
        out[f"risk_{one}"] = 1 - float(product_limit(time[mine], event[mine], np.array([at]))[0])
    return out


def compared(name: str, seed: int, n: int = 400) -> dict[str, float | str]:
    """Draw one trial, reconstruct it, and return how far its answers lie from the truth."""
    dice = np.random.default_rng(seed)
    trial = resampled(public(name), n, dice)
    times, values, names = digitised(trial, dice)
    totals = {str(g): int(trial.event[trial.group == g].sum()) for g in (0, 1)} if seed % 2 else None
    made = tr.reconstruct(times, values, group=names, at_risk=printed(trial), events=totals)
    at = float(np.quantile(trial.time, 0.6))
    frame = made.patients
    groups = frame["group"].astype(int).to_numpy()
    found = answers(frame["time"].to_numpy(), frame["event"].to_numpy(), groups, at)
    truth = answers(trial.time, trial.event, trial.group, at)
    return {
        "data": name, "seed": seed, "rmse": made.rmse, "d_log_hr": found["log_hr"] - truth["log_hr"],
        "se_ratio": found["se"] / truth["se"], "se": truth["se"],
        **{f"d_risk_{g}": found[f"risk_{g}"] - truth[f"risk_{g}"] for g in (0, 1)},
        **{f"median_ratio_{g}": found[f"median_{g}"] / truth[f"median_{g}"] for g in (0, 1)},
        "events_off": int(made.patients["event"].sum()) - int(trial.event.sum()),
    }  # fmt: skip
