"""A report of a registry that declares min_cell: no file of it tells a small count, or lets one be worked out."""

import json
import re
import zipfile
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from min_cell_data import K, small, write
from scipy.optimize import linprog

import tamoxres as tr
from tamoxres.cohorts.catalogue import load
from tamoxres.curves import Curve
from tamoxres.errors import AnalysisError
from tamoxres.explorer.choices import Choices
from tamoxres.explorer.view import look
from tamoxres.wording import coarse_count


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Write the registry; return its file and mapping."""
    return write(tmp_path_factory.mktemp("registry"))


def read_back(folder):
    """Yield (file, text) of everything that a report wrote and a reader can read as text, and cells of workbooks."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".csv", ".json", ".tex", ".svg", ".html"):
            yield path, path.read_text(encoding="utf-8")
        elif path.suffix in (".xlsx", ".docx"):
            with zipfile.ZipFile(path) as packed:
                parts = [packed.read(name).decode() for name in packed.namelist() if name.endswith(".xml")]
            yield path, " ".join(re.sub("<[^>]+>", " ", part) for part in parts)


COUNTED = re.compile(r"(?<![\d.,-])(\d[\d,]*) (?:treated )?(?:patients|events|left\b)")
PUBLISHED = re.compile(r'<tr[^>]*data-source="published".*?</tr>', re.DOTALL)
CELLS = re.compile(r'<td[^>]*data-head="(?:N|Events)"[^>]*>(\d[\d,]*)<')
HEADS = {"Patients", "Events", "Left", "N", "At risk", "All", "untreated", "treated", "Altered/treated"}


@pytest.fixture(scope="module")
def written(registry, tmp_path_factory):
    """Write the whole report of the registry, with a benchmark, by a plan that declares min_cell itself."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "plan.toml").write_text(
        f'title = "Own"\nmin_cell = {K}\n'
        f'[[cohorts]]\nname = "own"\nfile = "{registry[0]}"\nmapping = "{registry[1]}"\n'
        '[[markers]]\ncohort = "own"\nmarkers = ["HER2"]\nendpoints = ["OS"]\nadjust_prognostic = ["grade"]\n'
        'adjust_interaction = ["grade"]\nrole = "exploratory"\n'
        '[[benchmarks]]\ncohort = "own"\nendpoint = "OS"\ner = "positive"\nlabel = "Own"\nmeaning = "As trials show."\n'
        '[look]\nsections = ["markers", "effects", "benchmark", "patients", "limits"]\n'
    )
    tr.report(plan=folder / "plan.toml", output=folder / "out")
    return folder / "out"


def test_no_file_of_a_report_tells_a_small_count(written):
    """Every file is read back: counts of the registry are none, or multiples of 10; `*` stands for the others."""
    seen, kinds = 0, set()
    for path, text in read_back(written):
        if path.suffix in (".html", ".svg", ".docx") or "own" in path.name:
            own = PUBLISHED.sub("", text).replace(f"where {K} events have come", "")
            for found in [*COUNTED.findall(own), *CELLS.findall(own)]:
                seen += 1
                kinds.add(path.suffix)
                assert int(found.replace(",", "")) % (2 * K) == 0, (path.name, found)
    assert seen > 20
    assert {".html", ".docx", ".svg"} <= kinds
    assert len(CELLS.findall((written / "report.html").read_text())) > 10
    own = pd.read_csv(written / "effects.csv").query("study == 'own'")
    again = [row for row in json.loads((written / "effects.json").read_text()) if row["study"] == "own"]
    assert len(own) == len(again) > 10
    for name in ("n", "events", "n_1", "events_1"):
        assert (own[name].dropna() % (2 * K) == 0).all()
        assert (own[name].dropna() > 0).all()
    assert own[["n_0", "events_0", "person_years", "left_out"]].isna().all(axis=None)
    assert all(row["flags"].count("counts_rounded:10") == (row["n"] is not None) for row in again)


def test_every_table_of_a_report_is_rounded(written):
    """In the tables of the registry each counting column holds multiples of 10, `*` or nothing."""
    cells = 0
    for path in (written / "tables").glob("*own*.csv"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False, on_bad_lines="skip")
        for name in HEADS & set(table.columns):
            for cell in table[name]:
                for part in re.findall(r"^\d[\d,]*", cell):
                    cells += 1
                    assert int(part.replace(",", "")) % (2 * K) == 0, (path.name, name, cell)
    assert cells > 20
    assert not list((written / "tables").glob("baseline-*her2*"))
    assert not list((written / "tables").glob("risks-*"))
    assert not list((written / "tables").glob("sensitivity-*"))


def released(written, frame):
    """Yield who is counted, and the count that is told, of what the report tells of the registry."""
    er, known = frame["er"] == "P", frame["her2"].notna() & (frame["months"] >= 0)
    treated, altered, dead = frame["tam"] == "y", frame["her2"] == "amp", frame["dead"] == 1
    both, graded = er & known, frame["grade"].notna()
    for row in pd.read_csv(written / "effects.csv", keep_default_na=False).query("study == 'own'").itertuples():
        if row.n == "" or row.estimand == "":
            continue
        who = both if row.marker else er & (frame["months"] >= 0)  # the benchmark asks no marker
        who = who & treated if row.estimand == "prognostic" and row.treated_alike == "yes" else who
        who = who & altered if row.marker_level == "altered" else who
        who = who & graded if "grade" in row.adjusted_for else who
        part = treated if row.estimand == "treatment_effect" else altered
        yield from ((who, row.n), (who & dead, row.events), (who & part, row.n_1), (who & part & dead, row.events_1))
    flow = pd.read_csv(written / "tables" / "flow-own-arms.csv", nrows=2)
    yield from zip((frame["pid"] >= 0, both & graded), flow["Patients"], strict=True)
    yield from zip((dead, both & graded & dead), flow["Events"], strict=True)
    [page] = re.findall(r'\{"kind":"survival".*?\]\}\]\}', (written / "report.html").read_text())
    for group in json.loads(page)["groups"]:
        who = both & treated & (altered if group["name"] == "altered" else ~altered)
        yield from (
            (who & (frame["months"] >= t), n) for t, n in zip(group["at"], group["risk"], strict=True) if t % 6 == 0
        )


def pinned(sets, low, high):
    """Yield, for each few who are in one set alone, the limits of what can be known of their number."""
    atoms = np.unique(sets, axis=1)
    within = {"A_ub": np.vstack([atoms, -1.0 * atoms]), "b_ub": np.concatenate([high, -low]), "bounds": (0, None)}
    few = {tuple(a & ~b) for a in atoms for b in atoms if (a & ~b).any()}
    for who in few:
        inside = (sets[:, None, :] == atoms[:, np.array(who), None]).all(axis=0).any(axis=0)
        if small(int(inside.sum())):
            ends = [linprog(way * np.array(who, float), **within) for way in (1, -1)]
            assert [end.status for end in ends] == [0, 0]
            yield float(ends[0].fun), float(-ends[1].fun)


def test_no_small_count_can_be_worked_out_from_a_report(registry, written):
    """Linear programming over all that is told at once: whoever is in one count alone may be 1 to 4, or more."""
    frame = pd.read_csv(registry[0])
    told = [(np.asarray(who), float(n)) for who, n in released(written, frame)]
    sets, counts = np.array([who for who, _ in told]), np.array([n for _, n in told])
    exact = sets.sum(axis=1)
    assert np.array_equal(counts, [coarse_count(int(n), K) or 0 for n in exact])
    found = list(pinned(sets, np.where(counts > 0, counts - K, 0), np.where(counts > 0, counts + K - 1, 0)))
    assert len(found) > 3
    assert all(low <= 1 + 1e-6 and high >= K - 1 - 1e-6 for low, high in found)
    assert any(high - low < 1e-6 and small(low) for low, high in pinned(sets, exact, exact))  # exact counts would tell


@pytest.mark.parametrize("least", [2, 3, 5, 11])
def test_two_rounded_counts_tell_no_small_difference(least):
    """Of any two counts that differ by 1 to min_cell - 1 the rounded ones leave open all of 1 to min_cell - 1."""
    every = np.arange(least, 8 * least)
    told = np.array([coarse_count(int(n), least) for n in every])
    assert [coarse_count(n, least) for n in range(1, least)] == [None] * (least - 1)
    assert np.all(told % (2 * least) == 0)
    assert np.all(np.diff(told) >= 0)
    for i, j in zip(*np.nonzero(np.triu(every[None, :] - every[:, None] < least, 1)), strict=True):
        less, more = every[told == told[i]], every[told == told[j]]
        open_ = {int(b - a) for a in less for b in more}
        assert open_ >= set(range(1, least))


def curve(events, censored, entered=0):
    """Make a curve of one event or censoring a month."""
    n = len(events)
    at_risk = 1.0 * (sum(events) + sum(censored) - np.concatenate([[0], np.cumsum(np.add(events, censored))[:-1]]))
    kept = np.cumprod(1 - np.array(events) / at_risk)
    zero = np.zeros(n)
    return Curve(
        group="a", kind="survival", time=np.arange(1.0, n + 1), estimate=kept, se=zero, ci_low=zero, ci_high=zero + 1,
        n_risk=at_risk - entered * (np.arange(n) < 2), n_event=np.array(events), n_censor=np.array(censored),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_a_coarsened_curve_steps_where_enough_events_have_come(seed):
    """Each step holds at least 5 events, its height is the curve's own, and nobody is followed below 5 at risk."""
    rng = np.random.default_rng(seed)
    whole = curve(rng.integers(0, 3, 60), rng.integers(0, 3, 60) + 1)
    coarse = whole.coarsened(K)
    steps = coarse.time[np.flatnonzero(np.diff(coarse.estimate, prepend=1.0) < 0)]
    at = np.concatenate([[0.0], steps])
    held = [whole.n_event[(whole.time > a) & (whole.time <= b)].sum() for a, b in pairwise(at)]
    assert len(held) > 3
    assert min(held) >= K
    assert np.allclose(coarse.step("estimate", steps), whole.step("estimate", steps), atol=0.005)
    assert whole.at_risk([coarse.time[-1]])[0] >= K
    assert set(coarse.n_risk % (2 * K)) == {0}
    assert coarse.is_coarse
    assert not whole.is_coarse
    assert np.isnan([*coarse.n_event, *coarse.n_censor]).all()
    assert whole.coarsened(0) is whole


def test_a_curve_with_few_at_risk_early_is_refused():
    """Patients who enter late leave few at risk at first: such a curve is not told, and names no count."""
    with pytest.raises(AnalysisError, match="fewer than min_cell = 5 are at risk early on"):
        curve([1] * 20, [1] * 20, entered=37).coarsened(K)


def test_the_explorer_tells_no_small_count(registry):
    """Rows, curves, risks and flow of a view are those that may be published."""
    own = load(registry[0], mapping=registry[1])
    asked = {"endpoint": "OS", "marker": "HER2", "estimand": "interaction", "adjust": ("grade",)}
    found = look(own, Choices(cohort="own", asked=asked))
    for row in (*found.rows, *found.crude):
        assert all(n is None or n % (2 * K) == 0 for n in (row.n, row.events, row.n_1, row.events_1))
        assert (row.n_0, row.events_0, row.left_out) == (None, None, None)
    assert len(found.crude) == len(found.rows) == 5
    assert all(one.is_coarse for one in found.curves)
    assert {int(row.cells[1].text) % (2 * K) for row in found.risks.rows} == {0}
    assert all(step.patients % (2 * K) == 0 for step in found.answer.flow)
    assert "undated" not in " ".join(found.said)


def test_min_cell_of_the_command_line(registry, run, tmp_path):
    """`report --min-cell` stands before the mapping's; a plan's key is checked; a first plan counts in tens."""
    file, mapping = registry
    [head, *_] = run("init-plan", file, "--mapping", mapping)[1].splitlines()
    assert head == "# A plan for own: 600 patients."
    code, _, said = run("report", file, "--mapping", mapping, "--min-cell", "400", "-o", tmp_path / "out", "--quiet")
    assert (code, (tmp_path / "out" / "report.html").exists()) == (0, True)
    page = (tmp_path / "out" / "report.html").read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "min_cell = 400" in page
    assert "own" not in set(pd.read_csv(tmp_path / "out" / "effects.csv")["study"])
    (tmp_path / "plan.toml").write_text(
        'title = "x"\nmin_cell = -1\n[[markers]]\ncohort="a"\nmarkers=["HER2"]\nendpoints=["OS"]\n'
    )
    code, _, said = run("report", "--plan", tmp_path / "plan.toml", "-o", tmp_path / "no")
    assert (code, "min_cell" in said, (tmp_path / "no").exists()) == (2, True, False)
    with pytest.raises(tr.errors.QuestionError, match="whole number"):
        tr.report(plan=tmp_path / "plan.toml", output=tmp_path / "no")
