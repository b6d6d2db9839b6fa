"""What the explorer does with a measured value, what it writes of a question, and how long work is told and stopped."""

from __future__ import annotations

import shlex
from functools import cache
from typing import Any

import numpy as np
import pytest
from test_robustness import made as made_of_sites

import tamoxres as tr
from tamoxres.explorer.choices import Choices
from tamoxres.explorer.measured import HOWS, Measured, measure
from tamoxres.explorer.offer import offer_of
from tamoxres.explorer.serve import Guard
from tamoxres.models.resampling import bootstrap
from tamoxres.models.watching import Stopped, steps, watched_by

load = cache(tr.load)
EFFECT = {"endpoint": "RFS", "estimand": "treatment_effect", "er": "any", "adjust": ("nodes",)}
PROGNOSIS = {"endpoint": "BCSS", "marker": "HER2", "adjust": ("npi",)}
BOTH = {"endpoint": "BCSS", "marker": "HER2", "estimand": "interaction", "strata": ("site",)}
ASKED = {
    "treatment's curve": ("gbsg", EFFECT, "er_fmol", "uncut", None),
    "hazard's curve": ("metabric", PROGNOSIS | {"landmark": 12.0, "where": ("nodes >= 1",)}, "age", "uncut", None),
    "median": ("gbsg", EFFECT | {"horizon": 60.0}, "er_fmol", "median", None),
    "value": ("metabric", BOTH, "age", "value", 50.0),
    "prognosis cut": ("metabric", PROGNOSIS, "age", "value", 50.0),
}


def measured(name: str) -> Measured:
    cohort, asked, column, how, at = ASKED[name]
    return Measured(choices=Choices(cohort=cohort, asked=asked), column=column, how=how, at=at)


@pytest.mark.parametrize("name", ASKED)
def test_the_python_gives_the_rows_that_are_shown(name: str) -> None:
    """What is copied is what was computed, for a curve and for a cut; a figure goes with it."""
    asked = measured(name)
    found = measure(load(asked.choices.cohort), asked)
    scope: dict[str, Any] = {}
    exec(asked.python().replace("print(", "found = ("), scope)
    assert [row.row_id for row in scope["found"].effects] == [row.row_id for row in found.rows]
    assert found.figure().has_data()
    assert found.said
    assert found.table.rows
    assert not any("fitted_cut" in row.flags for row in found.rows)


def test_the_command_of_a_curve_gives_its_row(run: Any) -> None:
    """Only a question that `tamoxres curve` can ask is written as that command."""
    asked = measured("treatment's curve")
    code, out, _ = run(*shlex.split(asked.command())[1:], "--format", "csv")
    assert code == 0
    assert measure(load("gbsg"), asked).rows[0].row_id in out
    assert [measured(name).command() for name in ASKED if name != "treatment's curve"] == [""] * 4


def test_a_searched_cut_is_never_without_its_correction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The leading row has the corrected P, the smaller hazard ratio and the flag; no curve is drawn."""
    asked = Measured(choices=Choices(cohort="metabric", asked=PROGNOSIS), column="age", how="searched")
    monkeypatch.setattr(Measured, "estimate", property(lambda one: lambda *a, **k: tr.fitted_cut(*a, **k, m=10)))
    found = measure(load("metabric"), asked)
    first, apparent = found.rows
    assert "fitted_cut" in first.flags
    assert first.p_value == pytest.approx(found.result.p_value, rel=1e-12)
    assert first.p_value > found.result.p_naive
    assert abs(first.log_estimate) < abs(apparent.log_estimate)
    assert "Fitted to these patients" in found.said
    assert "corrected P" in found.said
    assert not found.drawn
    with pytest.raises(tr.TamoxresError, match="flatter"):
        found.figure()


@pytest.mark.parametrize(
    ("asked", "how", "match"),
    [
        (BOTH, "searched", "shows prognosis"),
        (PROGNOSIS | {"strata": ("site",)}, "searched", "without strata"),
        (PROGNOSIS, "value", "Give the value"),
        (PROGNOSIS, "within", "No rule calls age"),
        (PROGNOSIS | {"endpoint": "DRFI"}, "uncut", "DRFI"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(asked: dict[str, Any], how: str, match: str) -> None:
    """A search in both arms or strata, a cut without a value, a column that no rule calls."""
    with pytest.raises(tr.TamoxresError, match=match):
        measure(load("metabric"), Measured(choices=Choices(cohort="metabric", asked=asked), column="age", how=how))


def test_a_level_is_taken_uncut_and_cut_within_sites() -> None:
    """Where a rule cuts a level, the level is offered; within batches its own rule cuts it."""
    cohort = made_of_sites()
    levels = offer_of(cohort).levels
    assert levels["mtor_mrna_high"] == ("MTOR", "mrna_high")
    assert offer_of(cohort).measured["mtor_mrna_high"] == "MTOR by mrna_high"
    assert offer_of(load("metabric")).levels == {}
    asked = {"endpoint": "BCSS", "marker": "MTOR", "rule": "mrna_high", "estimand": "interaction"}
    for how, marker, name in (("uncut", "", "with_continuous"), ("within", "MTOR", "cut_within")):
        one = Measured(
            choices=Choices(cohort="made", asked=asked), column="mtor_mrna_high", how=how,
            level=levels["mtor_mrna_high"],
        )  # fmt: skip
        found = measure(cohort, one)
        assert found.rows[0].marker == marker
        assert found.rows[0].estimand == "interaction"
        assert ("cut_within_batch" in found.rows[0].flags) == (how == "within")
        assert f"tr.{name}(" in one.python()


def test_what_a_plan_cannot_hold_is_named_in_a_comment() -> None:
    """A horizon and imputation stand in no plan; months of a landmark are whole numbers there."""
    entry = Choices(cohort="metabric", asked=BOTH | {"horizon": 60.0, "missing": "mice", "landmark": 12.0}).plan()
    assert "# not in a plan: horizon 60, missing mice" in entry
    assert "landmark = 12\n" in entry
    assert "# not" not in Choices(cohort="metabric", asked=BOTH | {"landmark": 12.0}).plan()
    treated = Choices(cohort="gbsg", asked=EFFECT | {"treatment": "tamoxifen", "against": "none"}).plan()
    assert "# not in a plan: treatment tamoxifen, against none" in treated


def test_imputed_choices_know_their_complete_cases() -> None:
    """Imputation is asked by one field; without it the same is asked of the complete cases."""
    imputed = Choices(cohort="metabric", asked=BOTH | {"missing": "mice"})
    assert imputed.imputed
    assert imputed.complete() == Choices(cohort="metabric", asked=BOTH)
    assert "--missing mice" in imputed.command()
    assert set(HOWS) == {"uncut", "median", "value", "within", "searched"}


def test_long_work_is_told_and_stopped() -> None:
    """A watcher sees each resample, and ends the work between two; another context is not watched."""
    seen: list[tuple[str, int, int]] = []
    with watched_by(lambda *step: seen.append(step)):
        watched = bootstrap(lambda rows: rows[:1] * 1.0, 5, m=4, seed=1)
    assert seen == [("bootstrap resamples", done, 4) for done in range(4)]
    assert np.array_equal(watched.values, bootstrap(lambda rows: rows[:1] * 1.0, 5, m=4, seed=1).values)
    assert len(seen) == 4

    def end(_: str, done: int, __: int) -> None:
        if done == 2:
            raise Stopped

    taken = []
    with pytest.raises(Stopped), watched_by(end):
        taken.extend(steps("abcd", "letters"))
    assert list(steps("abcd", "letters")) == list("abcd")


def test_imputation_is_watched() -> None:
    """Chains are told one by one, and a stop ends them; the numbers are those of an unwatched run."""
    made = tr.simulate(200, truth=tr.Truth(missing=0.2), seed=1)
    half = tr.select(made, marker="MARKER", endpoint="BCSS", er="any", treatment="any")
    seen: list[int] = []
    with watched_by(lambda _, done, total: seen.append(10 * done + total)):
        watched = tr.impute(half, columns="grade", m=2, iterations=1)
    assert seen == [4, 14, 24, 34]
    plain = tr.impute(half, columns="grade", m=2, iterations=1)
    assert all(
        one.frame["grade"].equals(two.frame["grade"])
        for one, two in zip(watched.completed, plain.completed, strict=True)
    )


def test_a_socket_from_another_page_is_refused() -> None:
    """A web socket needs the token and this page's origin, as a request does."""
    let_in: list[str] = []
    sent: list[dict[str, Any]] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        let_in.append(scope["type"])

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    def ask(path: str, origin: str) -> None:
        headers = [(b"host", b"127.0.0.1:9"), (b"origin", origin.encode())]
        scope = {"type": "websocket", "headers": headers, "path": path}
        with pytest.raises(StopIteration):  # it waits for nothing; the browser's tests hold this thread's event loop
            Guard(inner, "secret", 9)(scope, None, send).send(None)

    ask("/secret/websocket/", "http://127.0.0.1:9")
    assert let_in == ["websocket"]
    ask("/websocket/", "http://127.0.0.1:9")
    ask("/secret/websocket/", "http://evil.example")
    ask("/guess/websocket/", "http://127.0.0.1:9")
    ask("", "http://127.0.0.1:9")
    assert sent == [{"type": "websocket.close", "code": 1008}] * 4
    assert let_in == ["websocket"]
