"""Where genes stand: embedded positions against known facts, a user's own, and the Manhattan plot of a real screen."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest
from figure_boxes import check_paper, named, words

import tamoxres as tr
from tamoxres.errors import DataError, TamoxresError
from tamoxres.figures.style import WIDTHS_MM
from tamoxres.figures.volcano import PATHWAY
from tamoxres.files import data_root
from tamoxres.genome import CHROMOSOMES, plain_chromosomes
from tamoxres.scan.positions import ALIASES_SHA256, POSITIONS_SHA256, with_positions

NEAR = 100_000  # bases: what is known is told in tenths of a megabase
GOOD = "gene,chromosome,position\nERBB2,17,100\nPTEN,chr10,200\n"


def genes(*names):
    return pd.DataFrame({"gene": names})


@pytest.fixture
def written(tmp_path):
    """Write a file of positions and return its path."""

    def write(text, name="mine.csv"):
        path = tmp_path / name
        content = text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.mark.parametrize(
    ("gene", "chromosome", "megabases"),
    [
        ("ERBB2", "17", 39.7), ("PTEN", "10", 87.9), ("AKT1", "14", 104.8), ("PIK3CA", "3", 179.1), ("SRC", "20", 37.3),
        ("MTOR", "1", 11.1), ("ESR1", "6", 151.7), ("GLI1", "12", 57.5), ("TP53", "17", 7.7), ("XIST", "X", 73.8),
        ("SRY", "Y", 2.8),
    ],
)  # fmt: skip
def test_known_places(gene, chromosome, megabases):
    """Genes stand where GRCh38 has them."""
    found = with_positions(genes(gene)).loc[0]
    assert found["chromosome"] == chromosome
    assert found["position"] == pytest.approx(1e6 * megabases, abs=NEAR)


def test_embedded_files():
    """The files have the known bytes, are sorted by bytes, and name each gene once; no gene of X and Y is told as Y."""
    folder = data_root() / "genes"
    for name, expected in (("positions.csv", POSITIONS_SHA256), ("aliases.csv", ALIASES_SHA256)):
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected
        assert (folder / f"{name}.sha256").read_text().split() == [expected, name]
        assert expected in (folder / "README.md").read_text(encoding="utf-8")
        assert len(content) < 800 * 1024
        keys = [line.split(b",")[0] for line in content.splitlines()[1:]]
        assert keys == sorted(set(keys))
    table = pd.read_csv(folder / "positions.csv", dtype={"chromosome": str}, keep_default_na=False)
    aliases = pd.read_csv(folder / "aliases.csv", keep_default_na=False)
    assert set(table["chromosome"]) == set(CHROMOSOMES) - {"MT"}
    assert table["position"].between(1, 248_956_422).all()
    assert set(aliases["gene"]) <= set(table["gene"])
    assert not set(aliases["alias"].str.upper()) & set(table["gene"].str.upper())
    assert table.set_index("gene").loc["CRLF2", "chromosome"] == "X"
    assert "NA" not in set(aliases["alias"])


@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("erbb2", "ERBB2"),
        (" Pten ", "PTEN"),
        ("C6ORF203", "MTRES1"),
        ("HER2", "ERBB2"),
        ("frap1", "MTOR"),
        ("MLL", "KMT2A"),
    ],
)
def test_case_and_former_names(name, official):
    """A symbol is found in whatever case, and a former name stands where its gene does."""
    places = with_positions(genes(name, official))[["chromosome", "position"]]
    assert places.notna().all(axis=None)
    assert places.iloc[0].tolist() == places.iloc[1].tolist()


def test_rows_stay_as_they_are():
    """Index, order, columns and repeated genes stay; what has no place is NA, and a nameless probe is no gene."""
    table = pd.DataFrame({"gene": ["PTEN", "no gene", None, "PTEN", "NA"], "p": np.arange(5.0)}, index=[3, 3, 1, 0, 9])
    before = table.copy()
    placed = with_positions(table)
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(placed[["gene", "p"]], before)
    assert (
        placed["chromosome"].isna().tolist() == placed["position"].isna().tolist() == [False, True, True, False, True]
    )
    assert with_positions(table.iloc[:0]).columns.tolist() == ["gene", "p", "chromosome", "position"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.csv", GOOD),
        ("mine.csv", "\ufeff# GRCh37\n" + GOOD.replace("\n", "\r\n")),
        ("mine.tsv", GOOD.replace(",", "\t")),
        ("mine.txt", GOOD.replace(",", ";")),
        ("mine.csv.gz", GOOD),
        ("mine.csv", GOOD + "PTEN,10,200\nSRC,20,\nAKT1,,300\n"),
        ("mine.csv", "position,other,chromosome,gene\n100.0,a,Chr17,erbb2\n 200 ,b,10.0,pten\n"),
    ],
)
def test_own_file(written, name, text):
    """A user's file takes the embedded one's place, however it is delimited; an empty cell is an unknown place."""
    placed = with_positions(genes("PTEN", "HER2", "SRC", "AKT1"), written(text, name))
    assert placed["chromosome"].tolist()[:2] == ["10", "17"]
    assert placed["position"].tolist()[:2] == [200, 100]
    assert placed["position"].isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize("kind", [int, float, "Int64", str])
def test_own_frame(kind):
    """A frame is read like a file, whatever its index and types."""
    frame = pd.DataFrame({"gene": ["PTEN", "ERBB2"], "chromosome": [10, 17], "position": [200, 100]}, index=[4, 4])
    placed = with_positions(genes("erbb2", "SRC"), frame.astype({"chromosome": kind, "position": kind}))
    assert placed.loc[0, ["chromosome", "position"]].tolist() == ["17", 100]
    assert placed.loc[1].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene,chromosome,start\nPTEN,10,200\n", "mine.csv: no column 'position'"),
        ("Gene,chromosome,position\nPTEN,10,200\n", "Is it 'Gene'. Rename it"),
        ("", "mine.csv holds no rows"),
        (GOOD + "SRC,20\n", "mine.csv, line 4: 2 cells under 3 columns"),
        (GOOD + ",20,300\n", "mine.csv, line 4, column gene: nan is no symbol. Name the gene"),
        (
            GOOD + "SRC,KI270728.1,300\n",
            "line 4, column chromosome: 'KI270728.1' is an unknown chromosome. Write 1 to 22",
        ),
        (GOOD + "SRC,25,300\n", "column chromosome: '25' is an unknown chromosome"),
        (GOOD + "SRC,20,0\n", "line 4, column position: '0' is not a whole number above 0. Give the start"),
        (GOOD + "SRC,20,1e31\n", "line 4, column position: '1e31' is beyond the end of every chromosome"),
        (GOOD + "SRC,20,-300\n", "'-300' is not a whole number above 0"),
        (GOOD + "SRC,20,300.5\nAKT1,14,0.5\n", r"'300.5' is not a whole number above 0 \(1 more rows\)"),
        (GOOD + "SRC,20,37.3 Mb\n", "line 4, column position: '37.3 Mb' is not a number"),
        (GOOD + 'SRC,20,"37,344,684"\n', "'37,344,684' is not a number"),
        (GOOD + "SRC,20,300\npten,10,1200\n", "line 5, column gene: PTEN stands at 10:1,200, and before at 10:200"),
        (GOOD + "PTEN,11,200\n", "PTEN stands at 11:200, and before at 10:200 .1 such rows.. Keep one place a gene"),
    ],
)
def test_own_file_refused(written, text, message):
    """What is wrong in a user's file is told with file, line, column and mend."""
    with pytest.raises(DataError, match=message):
        with_positions(genes("PTEN"), written(text))


def test_files_that_cannot_be_read(written, tmp_path):
    """A file that is not there, or is no gzip in spite of its name, is refused."""
    with pytest.raises(
        DataError, match="does not exist. Name a CSV or TSV file with columns gene, chromosome, position"
    ):
        with_positions(genes("PTEN"), tmp_path / "absent.csv")
    whole = written(GOOD, "mine.csv.gz").read_bytes()
    for content in (GOOD.encode(), whole[:-12]):
        (tmp_path / "broken.csv.gz").write_bytes(content)
        with pytest.raises(DataError, match="broken.csv.gz cannot be unpacked as gzip"):
            with_positions(genes("PTEN"), str(tmp_path / "broken.csv.gz"))


def test_frame_refused():
    """What is wrong in a user's frame is told with row and column."""
    frame = pd.DataFrame({"gene": ["PTEN"], "chromosome": ["10"], "position": [1.5]})
    with pytest.raises(DataError, match="positions, row 1, column position: '1.5' is not a whole number"):
        with_positions(genes("PTEN"), frame)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"symbol": ["PTEN"]}), "a column 'gene' of symbols; found symbol"),
        (genes("PTEN").assign(position=1), "has a column 'position' already"),
    ],
)
def test_tables_refused(table, message):
    """A table without genes, or with places already, is refused."""
    with pytest.raises(DataError, match=message):
        with_positions(table)


def test_spelling_of_chromosomes():
    """One spelling for each chromosome; what is none stays as it is."""
    names = pd.Series(["chr1", "Chr22", 7, 7.0, "chrM", "m", 23, "24", " x ", "GL000192.1"], dtype=object)
    assert plain_chromosomes(names).tolist() == ["1", "22", "7", "7", "MT", "MT", "X", "Y", "X", "GL000192.1"]


@pytest.fixture(scope="module")
def real(shared):
    """METABRIC's screen of the interaction with endocrine treatment, 489 genes."""
    metabric = tr.load("metabric", data_dir=shared / "cohorts")
    analysis = tr.select(metabric, endpoint=tr.BCSS, er="positive", treatment="any")
    return tr.screen(analysis, adjust=["age", "npi"], options=tr.ScreenOptions(lrt=False, jobs=1)).table


def test_genes_of_metabric(real):
    """Of METABRIC's 489 genes all have a place but HIST1H2BC, a name that two genes have."""
    placed = with_positions(real)
    assert len(placed) == 489
    assert placed.loc[placed["position"].isna(), "gene"].tolist() == ["HIST1H2BC"]
    assert (placed["position"].isna() == placed["chromosome"].isna()).all()


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_manhattan_of_a_real_screen(real, width):
    """The figure stands clear at both widths, names every gene of the cascade, and counts what it leaves out."""
    ax = tr.manhattan(with_positions(real), width=width)
    check_paper(ax, width)
    found = int((real["q"] < 0.05).sum())
    assert f"488 genes, {found} with q < 0.05. Place unknown: 1." in words(ax)
    assert {"ERBB2", "PTEN", "AKT1", "AKT2", "AKT3", "PIK3CA", "SRC", "MTOR"} <= set(words(ax))


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_manhattan_of_every_gene(width):
    """Twenty thousand genes stand clear as well, in order; a gene found that has no place is told, and counts."""
    every = pd.read_csv(data_root() / "genes" / "positions.csv", keep_default_na=False)["gene"].to_numpy()
    rng = np.random.default_rng(5)
    chosen = rng.choice(every, 20_000, replace=False)
    names = np.array([*PATHWAY, *chosen], dtype=object)
    table = pd.DataFrame({"gene": names, "p": rng.uniform(size=names.size), "q": 1.0}).drop_duplicates("gene")
    hits = {"ERBB2": 1e-15, "PIK3CA": 1e-9, "AKT1": 1e-12}
    lost = pd.DataFrame({"gene": ["MT-ND1", "LOST"], "p": [1e-8, np.nan], "q": [1e-4, np.nan]})
    table.loc[table["gene"].isin(hits), "q"] = 1e-6
    table["p"] = table["gene"].map(hits).astype(float).fillna(table["p"])
    ax = tr.manhattan(with_positions(pd.concat([table, lost])), width=width)
    check_paper(ax, width)
    text = " ".join(words(ax)).replace("\n", " ")
    assert f"{len(table):,} genes, 3 with q < 0.05. Not fitted: 1. Place unknown: 1 (1 with q < 0.05)." in text
    assert named(ax, "q")["q"].get_ydata()[0] == pytest.approx(8.0)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == sorted(labels, key=CHROMOSOMES.index)
    assert {"1", "2", "8", "X"} <= set(labels)
    assert ("Y" in labels) == (width != "single"), "one column has no room for it at 6.5 points"


def test_manhattan_says_where_places_come_from():
    """A table without places is refused with the function that joins them."""
    with pytest.raises(TamoxresError, match="needs a column 'chromosome'; found gene, p, q. Join the places"):
        tr.manhattan(genes("PTEN").assign(p=0.5, q=0.5))
