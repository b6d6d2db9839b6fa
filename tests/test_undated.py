"""Events without a date: unknown by one endpoint only, counted in flow and beside every estimate, bounded above 5 %."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.answers.answer import answer
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.effects import EffectEstimate
from tamoxres.errors import BadCells
from tamoxres.wording.codes import flag_sentences

N = 200
EXACT = 1e-12
MAPPING: dict[str, Any] = {
    "columns": {"patient": "pid", "age": "age", "endocrine": {"from": "tam", "yes": [1], "no": [0]}},
    "markers": {"HER2": {"from": "her2", "altered": [1], "unaltered": [0]}},
    "endpoints": {
        "OS": {"time": "days", "unit": "days", "event": "dead", "event_values": [1], "censored_values": [0]},
        "RFS": {"time": "rfs", "unit": "days", "event": "relapse", "event_values": [1], "censored_values": [0]},
    },
}


def registry(lost: int) -> pd.DataFrame:
    """Return a registry in which as many deaths have no time, and one censored patient a negative one."""
    rng = np.random.default_rng(7)
    her2, tam = rng.integers(0, 2, N), rng.integers(0, 2, N)
    days = np.ceil(rng.exponential(1500 * np.exp(-0.5 * her2 + 0.4 * tam)))
    dead = (rng.random(N) < 0.7).astype(int)
    frame = pd.DataFrame({
        "pid": [f"p{i}" for i in range(N)], "age": rng.normal(60, 9, N).round(1), "her2": her2, "tam": tam,
        "days": days, "dead": dead, "rfs": np.ceil(days * 0.8), "relapse": dead,
    })  # fmt: skip
    frame.loc[frame.index[frame["dead"] == 1][:lost], "days"] = np.nan
    if lost:
        frame.loc[frame.index[frame["dead"] == 0][0], "days"] = -5
    return frame


def cohort(frame: pd.DataFrame, folder: Path) -> tr.Cohort:
    """Load a registry through its file."""
    file = folder / "r.csv"
    frame.to_csv(file, index=False)
    return tr.load(file, mapping=MAPPING)


def question(estimand: Any = "prognostic", **choices: Any) -> tr.Question:
    """Ask for HER2 in all patients."""
    return tr.Question(endpoint="OS", marker="HER2", er="any", treatment="any", estimand=estimand, **choices)


def test_a_few_are_counted_beside_the_estimate(tmp_path: Path) -> None:
    """Four of 200: one flag with their number, its sentence, the flow's line; no bounds; RFS knows nothing of it."""
    held = cohort(registry(3), tmp_path)
    found = answer(held, question())
    [row] = found.rows
    assert [flag for flag in row.flags if flag.startswith("undated")] == ["undated_events:4"]
    assert row.flagged("undated_events")
    assert "Left out as unknown by this endpoint for want of a date, or for a negative time: 4." in row.sentences
    assert found.flow.steps[-1].why == "OS event undated or time negative 4"
    assert (row.n, found.bounds, row.remark) == (N - 4, (), "")
    [other] = tr.ask(held, tr.Question(endpoint="RFS", marker="HER2", er="any", treatment="any"))
    assert (other.n, other.flagged("undated_events")) == (N, False)
    fit = tr.cox(
        tr.select(tr.call(held, "HER2"), endpoint="OS", marker="HER2", er="any", treatment="any"), adjust="age"
    )
    assert all(one.flagged("undated_events") for one in fit.effects)


@pytest.mark.parametrize("estimand", ["prognostic", "interaction", "treatment_effect"])
def test_many_are_bounded(tmp_path: Path, estimand: str) -> None:
    """Above 5 %: the same question with all on the earliest, then on the latest, date, as if the file said so."""
    frame = registry(14)
    found = answer(cohort(frame, tmp_path), question(estimand, adjust=("age",)))
    gone = frame["days"].isna() | (frame["days"] < 0)
    latest = frame["days"].max()
    wanted: list[EffectEstimate] = []
    for days in (0.5, latest):
        told = cohort(frame.assign(days=frame["days"].mask(gone, days)), tmp_path)
        wanted.append(answer(told, question(estimand, adjust=("age",))).rows)
    pairs = [row for early, late in zip(*wanted, strict=True) for row in (early, late)]
    assert [row.log_estimate for row in found.bounds] == pytest.approx([row.log_estimate for row in pairs], rel=EXACT)
    assert [row.n for row in found.bounds] == [row.n for row in pairs]
    early = tr.wording.ratio_with_interval(pairs[0].estimate, *pairs[0].ci())
    assert f"With the undated on the earliest date {early}, on the latest" in found.rows[0].remark
    if found.verdict is not None:
        assert found.verdict.basis == found.rows[0].row_id


def test_bounds_move_apart_with_the_lost(tmp_path: Path) -> None:
    """If all the lost are altered, the earliest date makes them worse and the latest better."""
    frame = registry(0)
    altered = frame.index[(frame["her2"] == 1) & (frame["dead"] == 1)][:15]
    frame.loc[altered, "days"] = np.nan
    early, late = answer(cohort(frame, tmp_path), question()).bounds
    assert early.estimate > late.estimate


def test_a_key_makes_them_an_error(tmp_path: Path) -> None:
    """`undated_events = "error"` refuses the file, and names each of the cells."""
    file = tmp_path / "r.csv"
    frame = registry(3)
    frame.loc[frame["days"] < 0, "days"] = 5
    frame.to_csv(file, index=False)
    with pytest.raises(BadCells, match="an event without a time") as stopped:
        tr.load(file, mapping={**MAPPING, "undated_events": "error"})
    assert (stopped.value.count, stopped.value.why) == (3, "'1' is an event without a time (2 more rows).")


def test_the_command_line_says_it(tmp_path: Path, run: Any) -> None:
    """`effect` says how many and the bounds, in words and in the row that it writes."""
    file, mapping = tmp_path / "r.csv", tmp_path / "m.toml"
    registry(14).to_csv(file, index=False)
    lines = ['[columns]', 'patient = "pid"', "[markers.HER2]", 'from = "her2"', "altered = [1]", "unaltered = [0]",
             "[endpoints.OS]", 'time = "days"', 'unit = "days"', 'event = "dead"', "event_values = [1]",
             "censored_values = [0]"]  # fmt: skip
    mapping.write_text("\n".join(lines))
    asked = (
        "effect",
        file,
        "--mapping",
        mapping,
        *["--marker", "HER2", "--endpoint", "OS", "--er", "any", "--treatment", "any"],
    )
    code, out, _ = run(*asked)
    assert code == 0
    assert "want of a date, or for a negative time: 15." in out
    assert "With the undated on the earliest date" in out
    code, out, _ = run(*asked, "--format", "json")
    [row] = json.loads(out)
    assert "undated_events:15" in row["flags"]
    assert row["remark"].startswith("With the undated on the earliest date")


def test_a_flag_with_a_count_has_its_sentence() -> None:
    """The count stands in the sentence."""
    [told] = flag_sentences(["undated_events:12"])
    assert told.endswith("time: 12.")


def test_months_of_the_earliest_date() -> None:
    """Half a day: after time zero, before everybody."""
    from tamoxres.answers import bounds

    assert pytest.approx(0.5 / DAYS_PER_MONTH) == bounds._EARLIEST
