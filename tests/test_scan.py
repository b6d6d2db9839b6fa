"""The gene screen: its numbers against single fits, how it reads and writes, and what it does with bad input."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.analysis import AnalysisSet
from tamoxres.errors import AnalysisError, DataError, QuestionError
from tamoxres.kernel.cox import fit_cox
from tamoxres.scan.matrix import ArrayMatrix, FrameMatrix, MappedMatrix, ParquetMatrix, open_expression
from tamoxres.scan.screen import ScreenOptions, _block_size, screen
from tamoxres.scan.spread import spread
from tamoxres.scan.store import benjamini_hochberg

# Two programs that both stop when the log likelihood has less than 1e-10 to gain.
RELATIVE = 1e-8
# The two engines differ in the order of their sums.
BETWEEN_ENGINES = 1e-10
# Parquet, memory maps and frames hold the same doubles.
SAME = {"rtol": 0.0, "atol": 0.0}


@pytest.fixture(scope="module")
def gbsg() -> AnalysisSet:
    """GBSG, both arms: 686 patients, 299 relapses or deaths."""
    return tr.select(tr.load("gbsg"), endpoint=tr.RFS, er="any", treatment="any")


@pytest.fixture(scope="module")
def expression(gbsg: AnalysisSet) -> pd.DataFrame:
    """Forty made-up genes of the patients, in another order, with three strangers."""
    draw = np.random.default_rng(11)
    patients = [*gbsg.frame.index[::-1], "stranger 1", "stranger 2", "stranger 3"]
    values = draw.normal(8, 1.5, size=(len(patients), 40))
    return pd.DataFrame(values, index=patients, columns=[f"GENE{g}" for g in range(40)])


def same_tables(one: pd.DataFrame, other: pd.DataFrame, **tolerance: float) -> None:
    """Compare two tables of a screen."""
    pd.testing.assert_frame_equal(one, other, check_exact=not tolerance, **tolerance)


def test_every_gene_is_a_single_fit(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """Ratio of hazard ratios, contrasts in either arm and likelihood ratio test are a Cox model's."""
    found = screen(gbsg, expression, adjust=["age", "grade"], strata=["menopause"])
    frame = found.model.analysis.frame
    treated = (frame["treatment"] == "treated").to_numpy(float)
    gene = expression.loc[frame.index, "GENE7"].to_numpy()
    age, grade = frame["age"].to_numpy(float), frame["grade"].to_numpy(float)
    strata = (frame["menopause"] == "post").to_numpy(int)
    time, event = frame["months"].to_numpy(float), (frame["event"] == 1).to_numpy(int)
    x = np.column_stack([treated, age, grade, gene, gene * treated])
    single = fit_cox(time, event, x, strata=strata)
    less = fit_cox(time, event, x[:, :4], strata=strata)
    turned = fit_cox(time, event, np.column_stack([1 - treated, age, grade, gene, gene * (1 - treated)]), strata=strata)
    row = found.table.set_index("gene").loc["GENE7"]
    expected = {
        "n": len(frame), "events": event.sum(), "log_hr": single.coefficients[4], "se": single.se[4],
        "z": single.coefficients[4] / single.se[4], "lrt": 2 * (single.loglik - less.loglik),
        "log_hr_untreated": single.coefficients[3], "se_untreated": single.se[3],
        "log_hr_treated": turned.coefficients[3], "se_treated": turned.se[3],
        "sd": gene[found.model.plan.layout.rows].std(),
    }  # fmt: skip
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-6 if name == "lrt" else RELATIVE), name
    assert found.model.formula == "RFS ~ gene + treatment + gene:treatment + age + grade + strata(menopause)"


def test_genes_alone(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """With term='gene' the model has the gene and the adjusters, and the table no arms."""
    found = screen(gbsg, expression, term="gene", adjust=["age"])
    frame = found.model.analysis.frame
    x = np.column_stack([frame["age"], expression.loc[frame.index, "GENE3"]]).astype(float)
    single = fit_cox(frame["months"].to_numpy(float), (frame["event"] == 1).to_numpy(int), x)
    row = found.table.set_index("gene").loc["GENE3"]
    assert row["log_hr"] == pytest.approx(single.coefficients[1], rel=RELATIVE)
    assert row["p"] == pytest.approx(2 * _upper(abs(single.coefficients[1] / single.se[1])), rel=1e-6)
    assert "log_hr_treated" not in found.table


def _upper(z: float) -> float:
    from math import erfc, sqrt

    return erfc(z / sqrt(2)) / 2


class Sliced:
    """An array that only gives rows when sliced, as zarr and HDF5 do."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape = values, values.shape

    def __getitem__(self, rows: slice) -> np.ndarray:
        assert isinstance(rows, slice)
        return self.values[rows]


@dataclass
class OwnProfile:
    """A molecular profile, as a cohort holds one."""

    frame: pd.DataFrame
    kind: str = "mrna"
    assay: str = "made up"
    unit: str = "log2"

    def features(self) -> frozenset[str]:
        """Return the genes."""
        return frozenset(self.frame.columns)

    def assayed(self, feature: str) -> frozenset[str]:
        """Return all patients."""
        return frozenset(self.frame.index)

    def values(self, features: Any) -> pd.DataFrame:
        """Return patients x genes."""
        return self.frame[list(features)]


def test_every_kind_of_matrix_gives_the_same(gbsg: AnalysisSet, expression: pd.DataFrame, tmp_path: Path) -> None:
    """Frame, Parquet, memory map, sliced array and profile hold the same genes."""
    wanted = screen(gbsg, expression).table
    rows = np.ascontiguousarray(expression.to_numpy().T)
    genes, patients = list(expression.columns), list(expression.index)
    np.save(tmp_path / "matrix.npy", rows)
    expression.rename_axis("patient").to_parquet(tmp_path / "indexed.parquet")
    expression.rename_axis("patient").reset_index().to_parquet(tmp_path / "plain.parquet", index=False)
    sources = [
        tmp_path / "indexed.parquet",
        str(tmp_path / "plain.parquet"),
        open_expression(tmp_path / "matrix.npy", genes=genes, patients=patients),
        open_expression(Sliced(rows), genes=genes, patients=patients),
    ]
    for source in sources:
        same_tables(screen(gbsg, source, options=ScreenOptions(block=2, jobs=4)).table, wanted)
    profile = OwnProfile(expression)
    by_name = screen(gbsg, profile).table.set_index("gene").loc[genes].reset_index()  # type: ignore[arg-type]
    same_tables(by_name.drop(columns="q"), wanted.drop(columns="q"))


def test_some_genes_only(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """A list of genes, in whatever case, gives their rows alone; one that is not there is named."""
    found = screen(gbsg, open_expression(expression, only=["gene9", "GENE2", "gene9"])).table
    wanted = screen(gbsg, expression).table.set_index("gene").loc[["GENE9", "GENE2"]].reset_index()
    same_tables(found.drop(columns="q"), wanted.drop(columns="q"))
    with pytest.raises(DataError, match="does not hold BRCA3. It has 40 genes"):
        open_expression(expression, only=["GENE1", "BRCA3"])


def test_the_size_of_blocks() -> None:
    """A block holds 64 MB of values at most, in sixteens of genes; many genes make larger blocks."""
    assert [_block_size(n, 20_000) for n in (100, 16_384, 100_000, 3_000_000)] == [512, 512, 80, 16]
    assert [_block_size(1000, genes) for genes in (50, 60_000, 10**6)] == [512, 928, 2048]


def test_blocks_and_workers_change_nothing(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """Blocks of any size, one worker or two: the same numbers to the last bit; the other engine to 1e-10."""
    wanted = screen(gbsg, expression, options=ScreenOptions(jobs=1)).table
    for options in (ScreenOptions(block=7, jobs=2), ScreenOptions(block=1, jobs=1)):
        same_tables(screen(gbsg, expression, options=options).table, wanted)
    reference = screen(gbsg, expression, options=ScreenOptions(engine="numpy")).table
    same_tables(reference, wanted, rtol=1e-7, atol=BETWEEN_ENGINES)  # P values amplify


@dataclass
class Watched:
    """A matrix that counts its reads, and fails where told to."""

    inner: FrameMatrix
    fail_at: int | None = None
    reads: list[int] = field(default_factory=list)

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes."""
        return self.inner.genes

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients."""
        return self.inner.patients

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read a block."""
        self.reads.append(start)
        if start == self.fail_at:
            raise OSError("the disk is gone")
        return self.inner.read(start, stop)


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def _stop_after(blocks: int) -> Callable[[int, int], None]:
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if len(seen) == blocks:
            raise Stopped

    return progress


def test_a_stopped_screen_goes_on_where_it_was(gbsg: AnalysisSet, expression: pd.DataFrame, tmp_path: Path) -> None:
    """Streaming to Parquet, stopped after three blocks, resumed: the finished blocks are not fitted again."""
    out = tmp_path / "screen.parquet"
    matrix = Watched(FrameMatrix(frame=expression))
    with pytest.raises(Stopped):
        screen(gbsg, matrix, options=ScreenOptions(output=out, block=8, jobs=1, progress=_stop_after(3)))
    assert not out.exists()
    kept = {int(part.stem) for part in Path(f"{out}.parts").glob("0*.parquet")}
    assert len(kept) == 2  # the third was fitted, and not yet written, when it was stopped
    matrix.reads.clear()
    told: list[tuple[int, int]] = []
    options = ScreenOptions(output=out, block=8, jobs=1, progress=lambda *done: told.append(done))
    found = screen(gbsg, matrix, options=options)
    assert not set(matrix.reads) & kept
    assert told[-1] == (40, 40)
    same_tables(found.table, screen(gbsg, expression).table)
    assert not Path(f"{out}.parts").exists()
    assert str(found) == str(screen(gbsg, expression))


def test_parts_of_another_screen_are_refused(gbsg: AnalysisSet, expression: pd.DataFrame, tmp_path: Path) -> None:
    """A file's parts are only taken up by the same screen."""
    out = tmp_path / "screen.parquet"
    with pytest.raises(Stopped):
        screen(gbsg, expression, options=ScreenOptions(output=out, block=8, progress=_stop_after(2)))
    with pytest.raises(AnalysisError, match="parts of another screen"):
        screen(gbsg, expression, adjust=["age"], options=ScreenOptions(output=out, block=8))
    with pytest.raises(AnalysisError, match="parts of another screen"):  # as somebody mended its values
        screen(gbsg, expression + 1, options=ScreenOptions(output=out, block=8))
    with pytest.raises(AnalysisError, match="does not exist"):
        screen(gbsg, expression, options=ScreenOptions(output=tmp_path / "nowhere" / "screen.parquet"))


def test_a_block_that_fails_does_not_stop_the_others(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """The genes of a block that cannot be read say why; all others are as ever."""
    matrix = Watched(FrameMatrix(frame=expression), fail_at=16)
    found = screen(gbsg, matrix, options=ScreenOptions(block=8))
    failed = found.flagged()
    assert failed["gene"].tolist() == [f"GENE{g}" for g in range(16, 24)]
    assert set(failed["flag"]) == {"failed: OSError: the disk is gone"}
    wanted = screen(gbsg, expression).table
    others = wanted.index.difference(range(16, 24))
    same_tables(found.table.loc[others].drop(columns="q"), wanted.loc[others].drop(columns="q"))


def test_odd_genes_are_flagged(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """Constant, missing and infinite genes keep their row; a gene with some values missing is fitted on the others."""
    odd = expression.copy()
    odd["GENE0"] = 3.0
    odd["GENE1"] = np.nan
    odd.loc[gbsg.frame.index[5], "GENE2"] = np.inf
    odd.loc[gbsg.frame.index[:100], "GENE3"] = np.nan
    odd = odd.rename(columns={"GENE5": "GENE4"})  # two probes of one gene
    odd["GENE6"] *= 1e9
    table = screen(gbsg, odd).table
    assert table["flag"].tolist()[:4] == ["constant", "constant", "infinite", ""]
    assert table["n"].tolist()[1:4] == [0, 685, 586]
    assert table["gene"].tolist().count("GENE4") == 2
    kept = gbsg.frame.index[100:]
    few = gbsg.without(gbsg.frame.index.isin(kept), name="some", why="")
    alone = screen(few, expression[["GENE3"]]).table.iloc[0]
    for name in ("log_hr", "se", "lrt", "n", "events"):
        assert table.loc[3, name] == pytest.approx(alone[name], rel=1e-6), name
    assert table.loc[6, "z"] == pytest.approx(screen(gbsg, expression).table.loc[6, "z"], rel=RELATIVE)


def test_patients_are_matched_by_name(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """Patients without expression leave with a step in the flow; none in common, or one twice, is refused."""
    half = expression.iloc[: len(expression) // 2]
    found = screen(gbsg, half, adjust=["age"])
    assert found.model.analysis.n == 344
    assert "no expression 342" in str(found.model.analysis.flow)
    with pytest.raises(AnalysisError, match="Name both alike"):
        screen(gbsg, expression.set_index(expression.index + "-01"))
    with pytest.raises(DataError, match="stands in the expression matrix more than once"):
        screen(gbsg, pd.concat([expression, expression.iloc[:1]]))


def test_what_cannot_be_asked_is_refused(gbsg: AnalysisSet, expression: pd.DataFrame, tmp_path: Path) -> None:
    """One arm, an unknown column, option or matrix, a gene that is text: one sentence each."""
    treated = tr.select(gbsg.cohort, endpoint=tr.RFS, er="any", treatment="endocrine")
    text = expression.assign(GENE1="high")
    (tmp_path / "values.xlsx").write_text("x")
    expression.rename_axis("sample").reset_index().to_parquet(tmp_path / "unnamed.parquet", index=False)
    text.rename_axis("patient").to_parquet(tmp_path / "text.parquet")
    cases: list[tuple[type[Exception], str, Callable[[], object]]] = [
        (QuestionError, "needs both arms", lambda: screen(treated, expression)),
        (QuestionError, "has no column 'bmi'", lambda: screen(gbsg, expression, adjust=["bmi"])),
        (AnalysisError, "treatment", lambda: screen(treated, expression, term="gene", adjust=["treatment"])),
        (QuestionError, "holds no mRNA profile", lambda: screen(gbsg)),
        (QuestionError, "Unknown term", lambda: screen(gbsg, expression, term="genes")),  # type: ignore[arg-type]
        (QuestionError, "Unknown engine", lambda: ScreenOptions(engine="cuda")),  # type: ignore[arg-type]
        (QuestionError, "block is 0", lambda: ScreenOptions(block=0)),
        (DataError, "GENE1 holds text", lambda: screen(gbsg, text)),
        (DataError, "GENE1 holds", lambda: screen(gbsg, tmp_path / "text.parquet")),
        (DataError, "does not exist", lambda: screen(gbsg, tmp_path / "absent.parquet")),
        (DataError, "is no expression matrix: Parquet", lambda: screen(gbsg, tmp_path / "values.xlsx")),
        (DataError, "does not tell its patients", lambda: screen(gbsg, tmp_path / "unnamed.parquet")),
        (DataError, "no expression matrix", lambda: open_expression(3)),
        (DataError, "has shape", lambda: ArrayMatrix(values=np.ones((2, 2)), genes=("A",), patients=("p", "q"))),
    ]
    for error, message, run in cases:
        with pytest.raises(error, match=message):
            run()


def test_what_a_screen_says(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """The sentence, the ranking, the inflation and what could have been detected."""
    found = screen(gbsg, expression)
    table = found.table
    assert found.top(3)["p"].is_monotonic_increasing
    assert found.inflation() == pytest.approx(np.median(table["z"] ** 2) / 0.454936, rel=1e-5)
    # 40 tests: two-sided 0.05 / 40 is beyond 3.227218; power 0.8 adds 0.841621.
    per_sd = float(np.median(table["se"] * table["sd"]))
    assert np.log(found.detectable()) == pytest.approx((3.227218 + 0.841621) * per_sd, rel=1e-6)
    said = str(found)
    assert "40 genes in 686 patients (299 events); 40 fitted, 0 with q < 0.05" in said
    assert "what is smaller may be there and not be seen" in said
    assert "<table" in found._repr_html_()


def test_q_is_benjamini_and_hochberg_s() -> None:
    """The q values are statsmodels' fdr_bh; unknown P values are left out."""
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(3).uniform(size=50) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1], rtol=1e-14)
    some = np.where(np.arange(50) % 5 == 0, np.nan, p)
    known = ~np.isnan(some)
    np.testing.assert_array_equal(benjamini_hochberg(some)[known], benjamini_hochberg(some[known]))
    assert np.isnan(benjamini_hochberg(some)[~known]).all()


def test_handles_travel(expression: pd.DataFrame, tmp_path: Path) -> None:
    """Handles on files reach workers without their values."""
    import pickle

    expression.rename_axis("patient").to_parquet(tmp_path / "matrix.parquet")
    np.save(tmp_path / "matrix.npy", np.ascontiguousarray(expression.to_numpy().T))
    by_column = ParquetMatrix.open(tmp_path / "matrix.parquet")
    names = {"genes": by_column.genes, "patients": by_column.patients}
    by_row = open_expression(np.load(tmp_path / "matrix.npy", mmap_mode="r"), **names)
    assert isinstance(by_row, MappedMatrix)
    part = open_expression(
        np.load(tmp_path / "matrix.npy", mmap_mode="r")[:3], genes=by_column.genes[:3], patients=names["patients"]
    )
    assert isinstance(part, ArrayMatrix)  # a part of a map: its place in the file is not known
    for matrix in (by_column, by_row):
        wanted = matrix.read(3, 9)
        sent = pickle.dumps(matrix)
        assert len(sent) < 20_000  # names only: the values are 223 kB
        np.testing.assert_array_equal(pickle.loads(sent).read(3, 9), wanted)


def test_a_worker_is_sent_its_block_alone(gbsg: AnalysisSet, expression: pd.DataFrame, tmp_path: Path) -> None:
    """A block's task carries the model and, of a matrix in memory, its own genes: no names, no other genes."""
    import pickle

    from tamoxres.scan.blocks import fit_block
    from tamoxres.scan.screen import _task

    wide = pd.concat([expression] * 50, axis=1)
    rows = np.ascontiguousarray(wide.to_numpy().T)
    genes, patients = list(map(str, wide.columns)), list(wide.index)
    wide.set_axis([f"P{i}" for i in range(2000)], axis=1).rename_axis("patient").to_parquet(tmp_path / "wide.parquet")
    np.save(tmp_path / "wide.npy", rows)
    sources: list[Any] = [
        wide, open_expression(rows, genes=genes, patients=patients), tmp_path / "wide.parquet",
        open_expression(tmp_path / "wide.npy", genes=genes, patients=patients), open_expression(wide, only=genes),
    ]  # fmt: skip
    plan = len(pickle.dumps(screen(gbsg, expression).model.plan))
    for source in sources:
        matrix = open_expression(source)
        model = screen(gbsg, open_expression(matrix, only=matrix.genes[:1])).model
        task = _task(model, matrix, 8, 16, ScreenOptions())
        sent = pickle.dumps(task)
        assert len(sent) < plan + 8 * len(patients) * 8 + 30_000  # the whole matrix is 11 MB
        np.testing.assert_array_equal(fit_block(pickle.loads(sent))["log_hr"], fit_block(task)["log_hr"])


def test_zarr_is_read_where_it_lies(gbsg: AnalysisSet, expression: pd.DataFrame, tmp_path: Path) -> None:
    """A chunked array on disk gives the same table, on a cluster too: its task carries where it lies."""
    zarr = pytest.importorskip("zarr")
    import pickle

    from tamoxres.scan.matrix import reader_of

    rows = np.ascontiguousarray(expression.to_numpy().T)
    stored = zarr.create_array(store=str(tmp_path / "genes.zarr"), data=rows, chunks=(7, 100))
    names = {"genes": list(expression.columns), "patients": list(expression.index)}
    matrix = open_expression(zarr.open_array(str(tmp_path / "genes.zarr"), mode="r"), **names)
    assert stored.shape == rows.shape
    same_tables(screen(gbsg, matrix, options=ScreenOptions(block=8, jobs=2)).table, screen(gbsg, expression).table)
    sent = pickle.dumps(reader_of(matrix, 3, 9))
    assert len(sent) < 5_000
    np.testing.assert_array_equal(pickle.loads(sent)(), rows[3:9])


def test_text_files_either_way_round(gbsg: AnalysisSet, expression: pd.DataFrame, tmp_path: Path) -> None:
    """A CSV with a row a patient, and a portal's TSV with a row a gene and Entrez numbers, compressed, are the same."""
    expression.rename_axis("patient").to_csv(tmp_path / "patients.csv")
    by_gene = expression.T.rename_axis("Hugo_Symbol")
    by_gene.insert(0, "Entrez_Gene_Id", range(len(by_gene)))
    by_gene.to_csv(tmp_path / "genes.txt.gz", sep="\t", na_rep="NA")
    wanted = screen(gbsg, expression).table
    for name in ("patients.csv", "genes.txt.gz"):
        same_tables(screen(gbsg, tmp_path / name).table, wanted)
    by_gene.rename(index={"GENE3": np.nan}).to_csv(tmp_path / "unnamed.tsv", sep="\t")
    assert open_expression(tmp_path / "unnamed.tsv").genes[2:4] == ("GENE2", "line 5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,A\np1,2\n", "x.csv, line 1: the first column is headed 'id', which tells neither"),
        ("patient,A,B\np1,2,3\np2,high,1\n", "x.csv, line 3, column A: 'high' is not a number"),
        ("gene,p1\nA,1\nB,2,3,4\n", "cannot be read as a table"),
        ("", "cannot be read as a table"),
        ("patient,A\np1,1\np1,2\n", "Patient p1 stands in the expression matrix more than once"),
    ],
)
def test_text_files_that_are_wrong(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong with a text matrix is told by file, line and column."""
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        open_expression(tmp_path / "x.csv")


def test_a_parquet_file_written_anew_is_read_anew(expression: pd.DataFrame, tmp_path: Path) -> None:
    """The reader that a thread keeps open is not used for a file that has since changed."""
    path = tmp_path / "matrix.parquet"
    for factor in (1.0, 2.0):
        (factor * expression).rename_axis("patient").to_parquet(path)
        np.testing.assert_array_equal(open_expression(path).read(0, 1)[0], factor * expression["GENE0"].to_numpy())


def test_memory_does_not_grow_with_genes(gbsg: AnalysisSet, tmp_path: Path) -> None:
    """Four times the genes, streamed from a memory map to Parquet, take the same memory."""
    import tracemalloc

    patients = list(gbsg.frame.index)
    peaks = []
    for genes in (2000, 8000):
        path = tmp_path / f"{genes}.npy"
        matrix = np.lib.format.open_memmap(path, "w+", np.float32, (genes, len(patients)))
        draw = np.random.default_rng(1)
        for start in range(0, genes, 500):
            matrix[start : start + 500] = draw.normal(size=(500, len(patients)))
        del matrix
        handle = open_expression(path, genes=[f"G{g}" for g in range(genes)], patients=patients)
        options = ScreenOptions(output=tmp_path / f"{genes}.parquet", block=64, lrt=False, jobs=1)
        tracemalloc.start()
        found = screen(gbsg, handle, options=options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(found.table) == genes
    assert peaks[1] < 1.5 * peaks[0], peaks


def local_cluster(workers: int) -> Any:
    """Start a cluster on free ports, so that two can stand side by side (None would take port 8787)."""
    from distributed import LocalCluster

    free = "127.0.0.1:0"
    return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=free, silence_logs=50)


def test_a_cluster_loses_a_worker(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """On a Dask cluster of two processes, one of which is killed mid-way, the table is the same to the last bit."""
    distributed = pytest.importorskip("distributed")
    import joblib

    wanted = screen(gbsg, expression, options=ScreenOptions(jobs=1)).table
    cluster = local_cluster(2)
    with cluster, distributed.Client(cluster):
        victim = next(iter(cluster.workers.values())).process.pid
        killed: list[int] = []

        def kill_once(done: int, total: int) -> None:
            if not killed:
                killed.append(done)
                os.kill(victim, signal.SIGKILL)

        with joblib.parallel_config(backend="dask"):
            found = screen(gbsg, expression, options=ScreenOptions(block=2, progress=kill_once))
    assert killed
    assert killed[0] < 40
    same_tables(found.table, wanted)


@dataclass
class Deadly(Watched):
    """A matrix that kills whatever other process reads one of its blocks, as one too large for its memory would."""

    own: int = 0

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read a block, or die."""
        if start == self.fail_at and os.getpid() != self.own:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.read(start, stop)


def test_a_block_that_kills_its_workers(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """The cluster gives such a block up: its genes say so, and all others are fitted."""
    distributed = pytest.importorskip("distributed")
    import dask
    import joblib

    matrix = Deadly(FrameMatrix(frame=expression), fail_at=8, own=os.getpid())
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        cluster = local_cluster(2)
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        found = screen(gbsg, matrix, options=ScreenOptions(block=8))
    table = found.table.set_index("gene")
    assert table.loc[[f"GENE{g}" for g in range(8, 16)], "flag"].str.startswith("failed: KilledWorker").all()
    fitted = table["log_hr"].notna()
    wanted = screen(gbsg, expression).table.set_index("gene").loc[fitted.index[fitted], "log_hr"]
    np.testing.assert_array_equal(table.loc[fitted, "log_hr"], wanted)
    assert fitted.sum() >= 24  # a block that waited on a worker that died counts as its failure too


def test_a_cluster_without_workers(
    gbsg: AnalysisSet, expression: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster to which no worker comes is one sentence."""
    distributed = pytest.importorskip("distributed")
    import joblib

    monkeypatch.setattr("tamoxres.scan.spread._PATIENCE", 1)
    cluster = local_cluster(0)
    told = pytest.raises(AnalysisError, match="no worker for 1 s. Start one")
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"), told:
        screen(gbsg, expression)


def test_text_stops_a_screen_on_a_cluster_too(gbsg: AnalysisSet, expression: pd.DataFrame) -> None:
    """What the user must mend is the same sentence from a worker."""
    distributed = pytest.importorskip("distributed")
    import joblib

    cluster = local_cluster(1)
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        with pytest.raises(DataError, match="GENE1 holds text"):
            screen(gbsg, expression.assign(GENE1="high"), options=ScreenOptions(block=8))
        wanted = screen(gbsg, expression, term="gene")
        table = tr.family_wise(wanted, FrameMatrix(frame=expression), permutations=5, seed=1)
    again = tr.family_wise(wanted, FrameMatrix(frame=expression), permutations=5, seed=1, jobs=1)
    same_tables(table, again)


def test_work_that_is_stopped_is_stopped_quietly() -> None:
    """Whoever stops taking results hears nothing of the calls that are still being made."""
    calls = ((0.01 * (i + 1),) for i in range(20))
    results = spread(time.sleep, calls, 2)
    assert next(results)[1] is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results.close()
    assert next(calls)  # not all were sent


@dataclass(eq=False)
class Sent:
    """A call on a cluster that loses results: its status when it is looked at."""

    status: str
    value: int

    def result(self) -> int:
        """Return what the call gave."""
        return self.value


@pytest.mark.parametrize(("losses", "ends"), [(3, True), (99, False)])
def test_a_lost_result_is_asked_for_again(losses: int, ends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose finished result is lost with its worker is made again; only a cluster that loses all is given up."""
    distributed = pytest.importorskip("distributed")
    lost: list[int] = []

    class Queue(list):  # type: ignore[type-arg]
        add = list.append

        def __next__(self) -> Sent:
            return self.pop(0)

    class Cluster:
        def wait_for_workers(self, n: int, timeout: int) -> None: ...

        def ncores(self) -> dict[str, int]:
            return {"a": 1}

        def cancel(self, calls: list[Sent]) -> None: ...

        def submit(self, function: Callable[[int], int], i: int, *, pure: bool) -> Sent:
            if i == 2 and len(lost) < losses:
                lost.append(i)
                return Sent("lost", -1)
            return Sent("finished", function(i))

    monkeypatch.setattr("tamoxres.scan.spread._dask_client", Cluster)
    monkeypatch.setattr(distributed, "as_completed", Queue)
    results = spread(abs, ((i,) for i in range(9)), 1)
    if ends:
        assert sorted(results) == [(i, i) for i in range(9)]
        assert len(lost) == losses
    else:
        with pytest.raises(AnalysisError, match="a call is lost"):
            list(results)
