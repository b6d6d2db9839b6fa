"""How fast the estimators are beside lifelines and R, on the same simulated patients, and whether they agree.

Usage: python benchmarks/estimators.py [--quick]   (prints a table in Markdown)

Each line is timed twice: `arrays` is the numeric function on plain arrays, `call` the public function on a selected
cohort, with its checks, counts and rows. A ratio is the peer's time over ours. Where a peer is not installed its column
says so. The patients are simulated (for timing alone, not for analysis); times are rounded, so that there are ties.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

import tamoxres as tr
from tamoxres.kernel.cox import CoxOptions, fit_cox, fit_on
from tamoxres.kernel.proportional import score_test, transform_times
from tamoxres.kernel.residuals import score_residual_parts
from tamoxres.kernel.risksets import make_risk_sets
from tamoxres.models.incidence import aalen_johansen
from tamoxres.models.logrank import logrank_sums
from tamoxres.models.rmst import mean_survival
from tamoxres.models.survival import limits, product_limit

HERE = Path(__file__).parent
COLUMNS = ["tam", "age", "grade", "nodes", "her2"]
ADJUST = ["age", "grade", "nodes", "her2"]
HORIZON = 60.0
COPIES = 20
AGREES = 1e-5  # relative: peers stop their iterations at tolerances of their own
MISSING = "not installed"
NOTE = (
    "Simulated patients. Ratio: the peer's time over that of `arrays` / of `call`. Largest difference: between the "
    "answers, relative. The call of the test of proportional hazards fits its model again, which R has at hand."
)
MAPPING: dict[str, Any] = {
    "name": "simulated",
    "columns": {
        "patient": "patient", "age": "age", "grade": "grade", "nodes": "nodes", "entry_months": "entry",
        "her2": {"from": "her2", "positive": [1], "negative": [0]},
        "endocrine": {"from": "tam", "yes": [1], "no": [0]},
    },
    "endpoints": {
        "OS": {"time": "time", "unit": "months", "event": "event", "event_values": [1], "censored_values": [0]},
        "BCSS": {"time": "time", "unit": "months", "event": "cause", "event_values": [1], "competing_values": [2],
                 "censored_values": [0]},
    },
}  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """Median seconds of a call, and one number of its answer."""

    seconds: float
    value: float


@dataclass(frozen=True)
class Task:
    """One line: what is timed, on how many patients, and the aim: `times` as fast as `peer` (or seconds of our own)."""

    name: str
    r: str
    n: int
    arrays: Callable[[Patients], float]
    call: Callable[[Patients], float]
    lifelines: Callable[[pd.DataFrame], float] | None = None
    peer: str = ""
    times: float = 1.0
    repeats: int = 20


class Patients:
    """Simulated patients, as a frame, as arrays, on disk and as a selected cohort."""

    def __init__(self, folder: Path, n: int, *, late: bool = False) -> None:
        self.frame = simulate(n)
        if not late:
            self.frame["entry"] = 0.0
        self.path = folder / f"simulated_{n}_{late}.csv"
        self.frame.to_csv(self.path, index=False)
        self.frame = pd.read_csv(self.path)
        cohort = tr.load(self.path, mapping=MAPPING)
        self.os, self.bcss = (
            tr.select(cohort, endpoint=endpoint, er="any", treatment="any") for endpoint in (tr.OS, tr.BCSS)
        )
        self.time, self.event = self.frame["time"].to_numpy(), self.frame["event"].to_numpy()
        self.cause, self.tam = self.frame["cause"].to_numpy(), self.frame["tam"].to_numpy()
        self.entry = self.frame["entry"].to_numpy()
        self.x = self.frame[COLUMNS].to_numpy(float)
        self.fit = fit_cox(self.time, self.event, self.x)
        self.model = tr.cox(self.os, adjust=ADJUST)


def simulate(n: int) -> pd.DataFrame:
    """Simulate n patients: months (to 0.1), death and its cause (1 breast cancer, 2 other), late entry, covariates."""
    draw = np.random.default_rng(n)
    age = np.clip(draw.normal(61, 13, n), 22, 96).round(1)
    grade = draw.choice([1, 2, 3], n, p=[0.09, 0.40, 0.51])
    nodes = np.minimum(draw.negative_binomial(0.45, 0.18, n), 45)
    her2, tam = ((draw.random(n) < share).astype(int) for share in (0.12, 0.60))
    risk = 0.35 * (grade - 2) + 0.05 * nodes + 0.45 * her2 - 0.45 * tam
    cancer = 400 * (draw.exponential(size=n) * np.exp(-risk)) ** (1 / 1.1)
    other = 380 * (draw.exponential(size=n) * np.exp(-0.07 * (age - 61))) ** (1 / 1.6)
    censored = draw.uniform(40, 320, n)
    months = np.minimum(np.minimum(cancer, other), censored)
    cause = np.where(months == censored, 0, np.where(months == cancer, 1, 2))
    months = np.maximum(months.round(1), 0.2)
    entry = np.minimum(draw.uniform(0, 30, n).round(1), (months / 2).round(1))
    return pd.DataFrame(
        {
            "patient": [f"P{i:06d}" for i in range(n)], "time": months, "event": (cause > 0).astype(int),
            "cause": cause, "entry": entry, "age": age, "grade": grade, "nodes": nodes, "her2": her2, "tam": tam,
        }
    )  # fmt: skip


def curves_arrays(p: Patients) -> float:
    """Both Kaplan-Meier curves with limits, and the log-rank statistic."""
    for group in (0, 1):
        fitted = product_limit(p.time[p.tam == group], p.event[p.tam == group])
        limits(fitted.survival, fitted.se)
    sums = logrank_sums(p.time, p.event, p.tam)
    return float((sums.observed[1] - sums.expected[1]) ** 2 / sums.variance[1, 1])


def curves_call(p: Patients) -> float:
    """The same from a selected cohort."""
    tr.kaplan_meier(p.os)
    return tr.logrank(p.os).statistic


def curves_lifelines(d: pd.DataFrame) -> float:
    """The same by lifelines."""
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import logrank_test

    one, none = d[d["tam"] == 1], d[d["tam"] == 0]
    for part in (one, none):
        KaplanMeierFitter().fit(part["time"], part["event"])
    return float(logrank_test(one["time"], none["time"], one["event"], none["event"]).test_statistic)


def proportional_arrays(p: Patients) -> float:
    """The score test of proportional hazards of a model fitted before."""
    parts = score_residual_parts(p.fit)
    g = transform_times("km", parts.time, time=p.time, event=p.event)
    return float(score_test(parts, g, [np.array([i]) for i in range(len(COLUMNS))]).chisq[-1])


def means_arrays(p: Patients) -> float:
    """The difference in restricted mean survival."""
    one, none = (mean_survival(p.time[p.tam == g], p.event[p.tam == g], HORIZON) for g in (1, 0))
    return one.estimate - none.estimate


def means_call(p: Patients) -> float:
    """The same from a selected cohort."""
    return float(tr.rmst(p.os, horizon=HORIZON, by="treatment").difference.difference)  # type: ignore[arg-type]


def means_lifelines(d: pd.DataFrame) -> float:
    """The same by lifelines, with the variance."""
    from lifelines import KaplanMeierFitter
    from lifelines.utils import restricted_mean_survival_time

    fits = [KaplanMeierFitter().fit(part["time"], part["event"]) for part in (d[d["tam"] == 1], d[d["tam"] == 0])]
    one, none = (restricted_mean_survival_time(fit, t=HORIZON, return_variance=True)[0] for fit in fits)
    return float(one - none)


def cox_call(p: Patients) -> float:
    """The log hazard ratio of tamoxifen, adjusted, from a selected cohort."""
    return float(tr.cox(p.os, adjust=ADJUST).effect.log_estimate)  # type: ignore[arg-type]


def cox_lifelines(d: pd.DataFrame) -> float:
    """The same by lifelines."""
    from lifelines import CoxPHFitter

    return float(CoxPHFitter().fit(d[["time", "event", *COLUMNS]], "time", "event").params_["tam"])


def entry_lifelines(d: pd.DataFrame) -> float:
    """The same by lifelines with left truncation."""
    from lifelines import CoxPHFitter

    columns = d[["time", "event", "entry", *COLUMNS]]
    return float(CoxPHFitter().fit(columns, "time", "event", entry_col="entry").params_["tam"])


def copies(age: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Return twenty versions of age, as an imputation would make."""
    return [age + (np.arange(1, age.size + 1) * k % 7 - 3) for k in range(1, COPIES + 1)]


def copies_arrays(p: Patients) -> float:
    """The log hazard ratio of tamoxifen over the copies, whose risk sets are worked out once."""
    sets, x = make_risk_sets(p.time, p.event), p.x.copy()
    total = 0.0
    for age in copies(p.x[:, 1]):
        x[:, 1] = age
        total += fit_on(sets, x, CoxOptions(start=p.fit.coefficients)).coefficients[0]
    return total / COPIES


def copies_call(p: Patients) -> float:
    """The same from selected cohorts, as `impute(...).pool` fits them."""
    frame = p.os.frame
    made = [replace(p.os, frame=frame.assign(age=age)) for age in copies(frame["age"].to_numpy())]
    return sum(float(tr.cox(a, adjust=ADJUST, engine="kernel").effect.log_estimate) for a in made) / COPIES  # type: ignore[arg-type]


def copies_lifelines(d: pd.DataFrame) -> float:
    """The same by lifelines."""
    return sum(cox_lifelines(d.assign(age=age)) for age in copies(d["age"].to_numpy())) / COPIES


TASKS = (
    Task("Kaplan-Meier and log-rank", "km", 1_980, curves_arrays, curves_call, curves_lifelines, "lifelines", 10),
    Task("test of proportional hazards", "ph", 100_000, proportional_arrays,
         lambda p: tr.proportional_test(p.model).terms["chisq"].iloc[-1], None, "R", 1, 5),
    Task("difference in restricted mean survival", "rmst", 1_980, means_arrays, means_call, means_lifelines, "5 ms"),
    Task("Aalen-Johansen with its error", "aj", 100_000,
         lambda p: aalen_johansen(p.time, p.cause).incidence[0][-1],
         lambda p: tr.cumulative_incidence(p.bcss, by=None).curves[0].estimate[-1], None, "R", 10, 5),
    Task("left-truncated Cox, 5 covariates", "left", 20_000,
         lambda p: fit_cox(p.time, p.event, p.x, entry=p.entry).coefficients[0], cox_call, entry_lifelines,
         "lifelines", 10, 5),
    Task("Cox, 5 covariates", "cox", 1_980,
         lambda p: fit_cox(p.time, p.event, p.x).coefficients[0], cox_call, cox_lifelines),
    Task(f"{COPIES} Cox fits of imputed covariates", "copies", 1_980, copies_arrays, copies_call, copies_lifelines,
         repeats=5),
    Task("Cox, 5 covariates", "cox", 100_000,
         lambda p: fit_cox(p.time, p.event, p.x).coefficients[0], cox_call, cox_lifelines, repeats=5),
)  # fmt: skip


def timed(run: Callable[[], float], repeats: int) -> Timed:
    """Time a call, after one to warm up; a call of more than five seconds is timed once."""
    start = time.perf_counter()
    value = run()
    first = time.perf_counter() - start
    if first > 5:
        return Timed(first, float(value))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return Timed(median(times), float(value))


def r_timed(task: Task, path: Path) -> Timed | None:
    """Time R's side in a process of its own; None without R and its package survival."""
    if shutil.which("Rscript") is None:
        return None
    command = ["Rscript", str(HERE / "estimators_baseline.R"), task.r, str(path), str(task.repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "there is no package" in done.stderr:
        return None
    done.check_returncode()
    seconds, value, *_ = done.stdout.split()
    return Timed(float(seconds), float(value))


def line(task: Task, patients: Patients) -> str:
    """Time one task and its peers, and write its line."""
    arrays = timed(lambda: task.arrays(patients), task.repeats)
    call = timed(lambda: task.call(patients), task.repeats)
    peers: dict[str, Timed | None] = {"lifelines": None, "R": r_timed(task, patients.path)}
    installed = importlib.util.find_spec("lifelines") is not None
    if task.lifelines and installed:
        fit, frame = task.lifelines, patients.frame
        peers["lifelines"] = timed(lambda: fit(frame), task.repeats)
    cells = [f"{task.name}, n = {task.n:,}", milliseconds(arrays), milliseconds(call)]
    for name, peer in peers.items():
        absent = "-" if name == "lifelines" and not task.lifelines else MISSING
        ratios = f"{peer.seconds / arrays.seconds:,.1f} / {peer.seconds / call.seconds:,.1f}" if peer else absent
        cells += [milliseconds(peer) if peer else absent, ratios]
    others = [call, *(peer for peer in peers.values() if peer)]
    apart = max(abs(other.value / arrays.value - 1) for other in others)
    cells += [aim(task, (arrays, call), peers), f"{apart:.0e}" + ("" if apart < AGREES else " DIFFERS")]
    return f"| {' | '.join(cells)} |"


def aim(task: Task, ours: tuple[Timed, Timed], peers: dict[str, Timed | None]) -> str:
    """Write the aim, and whether arrays and call reach it."""
    if not task.peer:
        return ""
    peer = peers.get(task.peer)
    if task.peer == "5 ms":
        words, most = "5 ms", 0.005
    elif peer is None:
        return f"{task.peer} {MISSING}"
    else:
        words = task.peer if task.times == 1 else f"{task.peer} / {task.times:g}"
        most = peer.seconds / task.times
    reached = [("reached" if timing.seconds <= most else "missed") for timing in ours]
    return f"{words}: {reached[0] if len(set(reached)) == 1 else ' / '.join(reached)}"


def milliseconds(timing: Timed) -> str:
    """Write a time."""
    value = 1000 * timing.seconds
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def main() -> None:
    """Time every task, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the large sizes, to see that it runs")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    head = "task | arrays, ms | call, ms | lifelines, ms | ratio | R survival, ms | ratio | aim | largest difference"
    out = [f"| {head} |", f"|---|{'---:|' * 6}---|---:|"]
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            n = task.n // 10 if quick and task.n > 10_000 else task.n
            patients = Patients(Path(folder), n, late=task.r == "left")
            out.append(line(Task(**(vars(task) | {"n": n})), patients))
    out += ["", NOTE]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
