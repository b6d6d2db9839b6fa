"""A registry that declares min_cell: what is published of it holds no small count and lets none be worked out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from min_cell_data import K, small, write

import tamoxres as tr
from tamoxres.answers.answer import answer, checked
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.check import check
from tamoxres.cohorts.withheld import refuse_small_cells, with_min_cell
from tamoxres.errors import AnalysisError, DataError, QuestionError
from tamoxres.flow import Flow, Step
from tamoxres.question import Question
from tamoxres.wording import coarse_count


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Write the registry; return its file and mapping."""
    return write(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="module")
def own(registry):
    return load(registry[0], mapping=registry[1])


def told(flow):
    """Yield every count that a flow tells, and what its steps tell by their difference."""
    steps = list(flow)
    for one in steps:
        yield from (one.patients, one.events, one.patients - one.events)
    for i, one in enumerate(steps):
        for later in steps[i + 1 :]:
            left, lost = one.patients - later.patients, one.events - later.events
            yield from (left, lost, left - lost)


QUESTIONS = [
    Question(endpoint="OS", marker="HER2", treatment="endocrine", adjust=("grade",)),
    Question(endpoint="OS", marker="HER2", estimand="interaction", adjust=("grade",)),
    Question(endpoint="OS", marker="HER2", estimand="treatment_effect"),
    Question(endpoint="OS", estimand="treatment_effect", er="any"),
    Question(endpoint="OS", marker="HER2", estimand="treatment_effect", weights="iptw", adjust=("grade",)),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_an_answer_tells_no_small_count(own, question):
    """Rows, flow and what they tell by difference: nothing of 1 to 4; estimates are as without min_cell."""
    found, open_ = (checked(answer(one, question)) for one in (own, with_min_cell(own, 0)))
    assert any(small(count) for count in told(open_.flow))
    assert not any(small(count) for count in told(found.flow))
    assert found.robustness is None
    assert not found.bounds
    assert found.flow.steps[-1].patients == coarse_count(open_.flow.steps[-1].patients, K)
    for row, other in zip(found.rows, open_.rows, strict=True):
        assert row.left_out is None
        assert not any(flag.startswith("undated_events:") and flag != "undated_events:*" for flag in row.flags)
        assert (row.estimate, row.se, row.p_value, row.ci()) == (other.estimate, other.se, other.p_value, other.ci())
        assert (row.n_0, row.events_0, row.person_years) == (None, None, None)
        untold = row.marker_level == "unaltered"
        for name in ("n", "events", "n_1", "events_1"):
            assert getattr(row, name) == (None if untold else coarse_count(getattr(other, name), K))
        assert row.flagged("counts_rounded") is not untold


@pytest.mark.parametrize(
    "question",
    [
        Question(endpoint="OS", marker="HER2", estimand="interaction", horizon=4),
        Question(endpoint="OS", marker="HER2", treatment="endocrine", horizon=3),
        Question(endpoint="OS", marker="HER2", treatment="endocrine", where=("grade >= 4",)),
    ],
    ids=str,
)
def test_groups_too_small_are_refused_without_a_number(own, question):
    """A question with a small group is refused whole, an error of the model too, and no count stands in the refusal."""
    with pytest.raises(AnalysisError, match="cannot be answered where min_cell = 5") as refused:
        answer(own, question)
    digits = "".join(str(refused.value).split("min_cell = 5"))
    assert not any(mark.isdigit() for mark in digits)


def test_the_refusal_is_for_small_groups_alone(own):
    """At the horizon where the smallest group has exactly 5 events, 5 may be published and 6 may not."""
    question = Question(endpoint="OS", marker="HER2", estimand="interaction")
    for horizon in range(4, 40):
        asked = replace(question, horizon=float(horizon))
        try:
            found = answer(with_min_cell(own, 0), asked)
        except AnalysisError:
            continue
        groups = found.interaction.evidence.groups
        least = min(n for pair in zip(groups.patients, groups.events, strict=True) for n in (*pair, pair[0] - pair[1]))
        if least >= K:
            break
    assert answer(with_min_cell(own, least), asked).rows
    with pytest.raises(AnalysisError, match=f"min_cell = {least + 1}"):
        answer(with_min_cell(own, least + 1), asked)


@pytest.mark.parametrize("seed", range(30))
def test_no_flow_tells_a_small_count(seed):
    """In random flows no step, and no two that stay, tell 1 to 4; the last step stays as it is."""
    rng = np.random.default_rng(seed)
    patients, events, steps = 400, 150, []
    for i in range(rng.integers(2, 9)):
        lost = int(rng.choice([0, 1, 3, 8, 40]))
        with_event = int(rng.integers(0, min(lost, events) + 1))
        patients, events = patients - lost, events - with_event
        steps.append(Step(name=f"s{i}", why="for 3 reasons", patients=patients, events=events))
    coarse = Flow(tuple(steps)).coarsened(K)
    assert not any(small(count) for count in told(coarse))
    assert coarse.steps[-1].patients == (coarse_count(patients, K) or 0)
    assert all(step.patients % (2 * K) == 0 and step.events % (2 * K) == 0 for step in coarse)
    assert ", ".join(step.name for step in coarse) == ", ".join(step.name for step in steps)
    assert not any("3" in step.why for step in coarse)
    assert Flow(tuple(steps)).coarsened(0).steps[0].patients == steps[0].patients


def test_effect_and_check_on_the_command_line(registry, run):
    """`effect --format json` and `check` hold no small count; --min-cell stands before the mapping's."""
    file, mapping = registry
    asked = ["effect", file, "--mapping", mapping, "--endpoint", "OS", "--marker", "HER2", "--treatment", "endocrine"]
    code, out, _ = run(*asked, "--adjust", "grade", "--format", "json")
    [row] = json.loads(out)
    assert code == 0
    assert row["left_out"] is None
    assert "undated_events:*" in row["flags"].split(";")
    assert all(row[name] % (2 * K) == 0 and row[name] > 0 for name in ("n", "events", "n_1", "events_1"))
    assert (row["n_0"], row["events_0"]) == (None, None)
    assert "ER unknown" not in run(*asked, "--adjust", "grade")[1]
    assert "ER unknown 2" in run(*asked, "--min-cell", "0")[1]
    assert run(*asked, "--min-cell", "200", "--format", "csv")[:2] == (2, "")
    looked = ["check", file, "--mapping", mapping, "--format", "json"]
    found = json.loads(run(*looked)[1])
    assert {one["column"] for one in found["unknowns"]} == {"endocrine", "endocrine_agent"}
    assert not any(found[name] for name in ("cells", "by_arm", "follow_up", "undated", "questions", "columns"))
    shown = {one["column"] for one in json.loads(run(*looked, "--min-cell", "2")[1])["unknowns"]}
    assert {"er", "grade"} <= shown


WITHHOLD = {"effect", "check", "report", "explore", "init-plan"}
END = ("--endpoint", "OS")
ASKED = (*END, "--marker", "HER2")
REFUSED = {
    "markers": ((), "the table of markers"), "sensitivity": (ASKED, "the sensitivity analysis"),
    "robustness": (ASKED, "the robustness panel"), "bayes": (ASKED, "this command"),
    "absolute": (ASKED, "this command"), "emulate": ((*END, "--grace", "6"), "this command"),
    "curve": (("grade", *END), "this command"), "competing": (ASKED, "this command"),
    "changing": (ASKED, "this command"),
    "states": (ASKED, "this command"),
    "pseudo": (ASKED, "this command"),
    "predict": (END, "this command"),
    "ten-ways": (ASKED, "this command"),
    "case-cohort": (ASKED, "this command"),
    "cure": (END, "this command"),
    "mismeasured": ((*ASKED, "--sensitivity", "0.9", "--specificity", "0.9"), "this command"),
    "assayed": ((*ASKED, "--covariates", "age"), "this command"),
    "screen": (END, "the screen"), "overlap": (("gbsg",), "the list of shared patients"),
    "diff": (("@",), "the comparison of releases"),
}  # fmt: skip


def test_every_command_that_reads_patients_is_named_here():
    """A command that takes a mapping withholds small counts, or is refused where they must be."""
    import typer

    from tamoxres.cli import app

    commands = typer.main.get_command(app).commands
    taking = {name for name, one in commands.items() if any(p.name == "mapping" for p in one.params)}
    assert taking == WITHHOLD | set(REFUSED)


@pytest.mark.parametrize("command", REFUSED)
def test_what_cannot_withhold_is_refused(registry, run, tmp_path, monkeypatch, command):
    """Every output that would show small counts is refused, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    options, what = REFUSED[command]
    given = [registry[0] if option == "@" else option for option in options]
    code, out, said = run(command, registry[0], *given, "--mapping", registry[1])
    assert (code, out) == (2, "")
    assert f"own declares min_cell = 5, and {what} does not withhold" in " ".join(said.split())
    assert not list(tmp_path.iterdir())


def test_min_cell_of_cohort_and_mapping(registry, own):
    """The mapping's key reaches the cohort; a call keeps it; nothing negative; 0 shows all."""
    assert own.min_cell == K
    assert tr.call(own, "HER2").min_cell == K
    assert refuse_small_cells(with_min_cell(own, 0), "x").min_cell == 0
    with pytest.raises(QuestionError, match="min_cell is -1"):
        with_min_cell(own, -1)
    with pytest.raises(QuestionError, match="fewer than min_cell = 601 patients"):
        check(own, min_cell=601)
    with pytest.raises(DataError, match="min_cell"):
        load(registry[0], mapping=_with(registry[1], "min_cell = -2"))


def _with(path, line):
    other = path.with_name("other.toml")
    other.write_text(path.read_text().replace("min_cell = 5", line))
    return other


def test_a_check_with_faults_names_no_patient(registry):
    """A code that no list names stands in a check with its line; with min_cell only that something is wrong."""
    other = _with(registry[1], "min_cell = 5")
    other.write_text(other.read_text().replace('["amp"]', '["other"]'))
    found = check(registry[0], other)
    assert not found.ok
    assert "amp" not in str(found)
    assert "amp" in str(check(registry[0], other, min_cell=0))
