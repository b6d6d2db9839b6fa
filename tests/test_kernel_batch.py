"""Batches of Cox fits: the compiled kernel against its NumPy reference, R's coxph gene by gene, and single fits."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamoxres.errors import AnalysisError
from tamoxres.files import find_raw
from tamoxres.kernel import cox
from tamoxres.kernel.batch import Engine, GeneFits, GenePlan, fit_genes, plan_genes
from tamoxres.kernel.cox import CoxOptions, fit_cox
from tamoxres.kernel.profile import profile_interval, profile_loglik
from tamoxres.kernel.resample import bootstrap, refit
from tamoxres.kernel.risksets import make_risk_sets

# The two engines take the same steps; only the order of their sums differs.
BETWEEN_ENGINES = 1e-10
# Both sides stop when the log likelihood has less than 1e-14 to gain.
RELATIVE = 1e-8
# The root of a likelihood that is flat to 1e-9 where it crosses (R's uniroot stops at 1e-13 of the coefficient).
ROOT = 1e-7

REFERENCE = json.loads((Path(__file__).parent / "reference" / "kernel" / "batch.json").read_text())
GENES = np.arange(1, 19)
ENGINES: tuple[Engine, ...] = ("numba", "numpy")


@pytest.fixture(scope="module")
def rotterdam() -> dict[str, np.ndarray]:
    """Columns of the Rotterdam file, with relapse-free survival as the reference defines it."""
    path = find_raw("rotterdam", "rotterdam.csv")
    assert path is not None
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    names = ("pid", "age", "meno", "grade", "hormon", "rtime", "recur", "dtime", "death")
    data = {name: np.array([float(row[name]) for row in rows]) for name in names}
    data["event"] = np.maximum(data["recur"], data["death"]).astype(int)
    data["time"] = np.where(data["recur"] == 1, data["rtime"], data["dtime"])
    data["entry"] = data["age"] * 5
    return data


def stack(data: dict[str, np.ndarray], *names: str) -> np.ndarray:
    """Put columns side by side."""
    return np.stack([data[name] for name in names], axis=1)


def made_up(data: dict[str, np.ndarray]) -> np.ndarray:
    """Return the reference's genes, shape (18, n): one more than a block holds."""
    return np.sin(GENES[:, None] * data["pid"])


def case(name: str, data: dict[str, np.ndarray]) -> tuple[GenePlan, np.ndarray]:
    """Return the plan and the genes of a case of the reference."""
    options: dict[str, Any] = {}
    columns, modifier = ("hormon", "age"), 0
    if name == "truncated":
        data = {key: values[data["time"] > data["entry"]] for key, values in data.items()}
        options = {"entry": data["entry"], "strata": data["meno"].astype(int)}
    genes = made_up(data)
    if name == "gene_alone":
        columns, modifier = ("age",), None
    if name == "breslow":
        options = {"ties": "breslow"}
    if name == "weighted":
        options = {"weights": 1 + data["pid"] % 3}
    if name == "missing":
        genes[(data["pid"] % 7) == (GENES[:, None] % 7)] = np.nan
    sets = make_risk_sets(data["time"], data["event"], **options)
    return plan_genes(sets, stack(data, *columns), modifier=modifier), genes


CASES = ("interaction", "gene_alone", "breslow", "weighted", "truncated", "missing")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_gene_is_r_s_coxph(name: str, engine: Engine, rotterdam: dict[str, np.ndarray]) -> None:
    """Coefficients, standard errors, likelihoods, counts and likelihood ratio tests of 18 genes are R's."""
    plan, genes = case(name, rotterdam)
    fits = fit_genes(plan, genes, engine=engine)
    expected = REFERENCE[name]
    assert set(fits.flags) == {""}
    for ours, theirs in (("coefficients", "coef"), ("se", "se"), ("loglik", "loglik")):
        wanted = np.array([gene[theirs] for gene in expected])
        np.testing.assert_allclose(getattr(fits, ours), wanted, rtol=RELATIVE, atol=RELATIVE, err_msg=theirs)
    lrt = np.array([gene["lrt"] for gene in expected])
    if not (name == "missing" and plan.modifier is None):
        np.testing.assert_allclose(fits.lrt, lrt, rtol=1e-6, atol=1e-8, err_msg="likelihood ratio")
    assert fits.n.tolist() == [gene["n"] for gene in expected]
    assert fits.events.tolist() == [gene["events"] for gene in expected]


@pytest.mark.parametrize("name", CASES)
def test_engines_agree(name: str, rotterdam: dict[str, np.ndarray]) -> None:
    """The compiled kernel and the NumPy reference give the same numbers, whatever else differs between fits."""
    plan, genes = case(name, rotterdam)
    compiled, reference = (fit_genes(plan, genes, engine=engine) for engine in ENGINES)
    check_same(compiled, reference)


def check_same(one: GeneFits, other: GeneFits) -> None:
    """Compare all that two batches of fits give."""
    for name in ("coefficients", "se", "covariance", "loglik", "lrt"):
        a, b = getattr(one, name), getattr(other, name)
        scale = np.nanmax(np.abs(one.loglik)) if name in ("loglik", "lrt") else 1.0
        np.testing.assert_allclose(a, b, rtol=BETWEEN_ENGINES, atol=BETWEEN_ENGINES * scale, err_msg=name)
    assert one.flags == other.flags
    assert one.n.tolist() == other.n.tolist()
    assert one.events.tolist() == other.events.tolist()
    assert one.iterations.tolist() == other.iterations.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_odd_genes_are_flagged_and_the_others_go_on(engine: Engine, rotterdam: dict[str, np.ndarray]) -> None:
    """Constant, missing, infinite, collinear, separating and strangely scaled genes, among good ones."""
    plan, genes = case("interaction", rotterdam)
    good = fit_genes(plan, genes, engine=engine)
    n = genes.shape[1]
    odd = genes.copy()
    odd[0] = 0.1
    odd[1] = np.nan
    odd[2, 5] = np.inf
    odd[3, 7] = -np.inf
    odd[4] = rotterdam["hormon"]
    odd[5] = np.where(np.arange(n) == 3, 1.0, 0.0)  # one treated or untreated patient: no interaction
    odd[6] = genes[6] * 1e12 + 1e13
    odd[7] = np.where(np.isnan(odd[7]) | (np.arange(n) > 0), np.nan, 1.0)
    fits = fit_genes(plan, odd, engine=engine)
    assert fits.flags[:5] == ("constant", "constant", "infinite", "infinite", "singular")
    assert fits.flags[5] in ("singular", "separated")
    assert fits.flags[7] == "constant"
    assert set(fits.flags[8:]) | {fits.flags[6]} == {""}
    unfitted = [i for i, flag in enumerate(fits.flags) if flag]
    assert np.isnan(fits.coefficients[unfitted]).all()
    assert not np.isnan(np.delete(fits.coefficients, unfitted, axis=0)).any()
    # Compiled lanes do not see each other; NumPy sums a block together.
    np.testing.assert_allclose(fits.coefficients[8:], good.coefficients[8:], rtol=0 if engine == "numba" else 1e-11)
    z, wanted = fits.coefficients[6] / fits.se[6], good.coefficients[6] / good.se[6]
    np.testing.assert_allclose(z[1:], wanted[1:], rtol=1e-4)  # 1e12 sin(x) + 1e13 keeps 11 digits of sin(x)


def test_a_separating_gene_is_flagged_by_both_engines() -> None:
    """A gene that is high in all who relapse and low in all others has no finite coefficient."""
    time = np.arange(1.0, 41.0)
    event = (time <= 20).astype(int)
    sets = make_risk_sets(time, event)
    genes = np.vstack([event * 1.0, np.sin(time)])
    for engine in ENGINES:
        fits = fit_genes(plan_genes(sets, np.cos(time)[:, None]), genes, engine=engine)
        assert fits.flags[0] in ("separated", "singular")
        assert fits.flags[1] == ""
        assert np.isnan(fits.coefficients[0]).all()


def test_a_gene_is_the_single_fit(rotterdam: dict[str, np.ndarray]) -> None:
    """The batch and the single fit are two programs with one answer."""
    plan, genes = case("interaction", rotterdam)
    fits = fit_genes(plan, genes[:1])
    x = np.column_stack([stack(rotterdam, "hormon", "age"), genes[0], genes[0] * rotterdam["hormon"]])
    single = fit_cox(rotterdam["time"], rotterdam["event"], x)
    np.testing.assert_allclose(fits.coefficients[0], single.coefficients, rtol=RELATIVE)
    np.testing.assert_allclose(fits.covariance[0], single.covariance, rtol=RELATIVE)


def test_without_shared_columns() -> None:
    """A gene alone, without any other column."""
    rng = np.random.default_rng(4)
    time, event, genes = rng.exponential(size=60), rng.integers(0, 2, 60), rng.normal(size=(3, 60))
    plan = plan_genes(make_risk_sets(time, event), np.empty((60, 0)))
    for engine in ENGINES:
        fits = fit_genes(plan, genes, engine=engine)
        single = fit_cox(time, event, genes[2][:, None])
        assert fits.coefficients[2, 0] == pytest.approx(single.coefficients[0], rel=RELATIVE)
        assert fits.lrt[2] == pytest.approx(2 * (single.loglik - single.loglik_null), rel=RELATIVE)


def test_plans_that_cannot_be_fitted_are_refused(rotterdam: dict[str, np.ndarray]) -> None:
    """A constant or collinear shared column, a modifier that is not there, an unknown engine."""
    sets = make_risk_sets(rotterdam["time"], rotterdam["event"])
    age = rotterdam["age"][:, None]
    with pytest.raises(AnalysisError, match="Shared column 0 is constant"):
        plan_genes(sets, np.ones_like(age))
    with pytest.raises(AnalysisError, match="without genes is singular"):
        plan_genes(sets, np.hstack([age, 2 * age + 1]))
    with pytest.raises(AnalysisError, match="put its main effect among them"):
        plan_genes(sets, age, modifier=1)
    with pytest.raises(AnalysisError, match="Unknown engine"):
        fit_genes(plan_genes(sets, age), age.T, engine="fortran")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["efron", "breslow", "truncated"])
def test_resamples_expand_ties(name: Any, rotterdam: dict[str, np.ndarray]) -> None:
    """A patient drawn three times is three tied patients: R's fits of the expanded data."""
    data, options = rotterdam, {}
    names = ("hormon", "age", "grade")
    if name == "truncated":
        data = {key: values[data["time"] > data["entry"]] for key, values in data.items()}
        options, names = {"entry": data["entry"], "strata": data["meno"].astype(int)}, ("hormon", "age")
    ties = "breslow" if name == "breslow" else "efron"
    fit = fit_cox(data["time"], data["event"], stack(data, *names), options=CoxOptions(ties=ties), **options)  # type: ignore[arg-type]
    counts = np.stack([(data["pid"] + b) % 4 for b in range(1, 6)]).astype(int)
    again = refit(fit, counts)
    for ours, theirs in (("coefficients", "coef"), ("se", "se"), ("loglik", "loglik")):
        wanted = np.array([resample[theirs] for resample in REFERENCE["resampled"][name]])
        np.testing.assert_allclose(getattr(again, ours), wanted, rtol=RELATIVE, err_msg=theirs)
    assert again.n.tolist() == [resample["n"] for resample in REFERENCE["resampled"][name]]
    assert again.events.tolist() == [resample["events"] for resample in REFERENCE["resampled"][name]]


def test_bootstrap_is_reproducible_and_near_the_model(rotterdam: dict[str, np.ndarray]) -> None:
    """The same seed gives the same fits; their spread is near the model-based standard errors."""
    fit = fit_cox(rotterdam["time"], rotterdam["event"], stack(rotterdam, "hormon", "age"))
    fits = bootstrap(fit, 300, seed=5)
    np.testing.assert_array_equal(fits.coefficients, bootstrap(fit, 300, seed=5).coefficients)
    assert fits.failed == 0
    np.testing.assert_allclose(
        fits.coefficients.std(axis=0, ddof=1), fit.se, rtol=0.15
    )  # 300 draws: 4 % standard error


def test_clusters_are_drawn_together() -> None:
    """Both rows of a patient are drawn as often as the patient is."""
    rng = np.random.default_rng(2)
    time, x = rng.exponential(size=40), rng.normal(size=40)
    event = np.ones(40, int)
    both = [np.tile(v, 2) for v in (time, event, x, np.arange(40))]
    fit = fit_cox(both[0], both[1], both[2][:, None])
    fits = bootstrap(fit, 20, seed=1, cluster=both[3])
    assert set(fits.n.tolist()) == {80}
    counts = np.bincount(np.random.default_rng(1).integers(0, 40, 40), minlength=40)
    first = refit(fit, counts[both[3]][None, :])
    np.testing.assert_array_equal(fits.coefficients[0], first.coefficients[0])


def test_a_resample_without_information_is_flagged() -> None:
    """A resample in which a column is constant is flagged, never a number."""
    fit = fit_cox(np.array([1.0, 2, 3, 4]), np.array([1, 1, 1, 1]), np.array([[1.0], [0], [1], [0]]))
    fits = refit(fit, np.array([[2, 0, 2, 0], [1, 1, 1, 1]]))
    assert fits.flags == ("singular", "")
    assert fits.failed == 1
    assert np.isnan(fits.coefficients[0]).all()


def test_profile_likelihood(rotterdam: dict[str, np.ndarray]) -> None:
    """Profile limits are those R's likelihood has; without other columns the profile is the likelihood."""
    few = rotterdam["pid"] % 25 == 0
    d = {name: values[few] for name, values in rotterdam.items()}
    fit = fit_cox(d["time"], d["event"], stack(d, "meno", "age"))
    found = profile_interval(fit, 0)
    np.testing.assert_allclose([found.estimate, found.low, found.high], REFERENCE["profile"], rtol=ROOT)
    alone = fit_cox(d["time"], d["event"], stack(d, "age"))
    assert profile_loglik(alone, 0, 0.0) == pytest.approx(alone.loglik_null, rel=RELATIVE)


def test_profile_of_a_separated_column() -> None:
    """Under separation the likelihood still bounds the coefficient from one side."""
    x = np.array([1.0, 1, 1, 1, 0, 0, 0, 0])[:, None]
    fit = fit_cox(np.arange(1.0, 9), np.array([1, 1, 1, 1, 0, 0, 0, 0]), x)
    assert cox.SEPARATED in fit.flags
    found = profile_interval(fit, 0)
    assert np.isinf(found.high)
    assert np.isfinite(found.low)
    with pytest.raises(AnalysisError, match="has no interval"):
        profile_interval(fit_cox(np.arange(1.0, 9), np.ones(8, int), np.ones((8, 1))), 0)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_large_fits_are_the_same_fits(ties: Any, rotterdam: dict[str, np.ndarray], monkeypatch: Any) -> None:
    """The compiled likelihood of large fits gives what NumPy's gives: ties, weights, strata, truncation, offset."""
    data = {key: values[rotterdam["time"] > rotterdam["entry"]] for key, values in rotterdam.items()}
    follow_up: dict[str, Any] = {
        "entry": data["entry"], "strata": data["meno"].astype(int), "weights": 1 + data["pid"] % 3,
    }  # fmt: skip
    options = CoxOptions(ties=ties, offset=0.2 * data["grade"])
    x = np.column_stack([stack(data, "hormon", "age", "grade"), np.ones(data["age"].size)])
    small = fit_cox(data["time"], data["event"], x, options=options, **follow_up)
    monkeypatch.setattr(cox, "LARGE", 1)
    large = fit_cox(data["time"], data["event"], x, options=options, **follow_up)
    for name in ("coefficients", "covariance", "information", "loglik_null", "loglik"):
        np.testing.assert_allclose(getattr(large, name), getattr(small, name), rtol=BETWEEN_ENGINES, err_msg=name)
    assert large.flags == small.flags == (cox.SINGULAR,)


def test_compiled_code_is_kept() -> None:
    """A second process finds the compiled kernel on disk: its first batch takes a second, not ten."""
    code = (
        "import time, numpy as np\n"
        "from tamoxres.kernel.batch import fit_genes, plan_genes\n"
        "from tamoxres.kernel.risksets import make_risk_sets\n"
        "r = np.random.default_rng(1)\n"
        "plan = plan_genes(make_risk_sets(r.exponential(size=50), r.integers(0, 2, 50)), r.normal(size=(50, 1)))\n"
        "start = time.process_time()\n"
        "fit_genes(plan, r.normal(size=(4, 50)))\n"
        "print(time.process_time() - start)\n"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(2)
    ]
    assert min(times) < 2.0, times  # 0.7 s alone on a slow machine; compiling takes 8


def test_a_large_fit_takes_little_memory() -> None:
    """A fit of 100,000 patients takes less than four times the memory of its columns beside them, heavily tied."""
    import tracemalloc

    draw = np.random.default_rng(3)
    x = draw.normal(size=(100_000, 10))
    time, event = draw.exponential(size=100_000).round(3) + 0.001, draw.integers(0, 2, 100_000)
    fit_cox(time, event, x)
    tracemalloc.start()
    assert fit_cox(time, event, x).converged
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * x.nbytes, peak
