"""Published tables of numbers: chosen columns alone, every cell through our numbers, damage told in one sentence."""

import gzip
import lzma
import zipfile

import numpy as np
import pytest

from tamoxres.cohorts import cbioportal, metabric, series, tamoxifen_geo, tcga_brca
from tamoxres.cohorts.readers.wide import content_of, header_of, read_chosen
from tamoxres.errors import DataError

TABLE = b"id,ESR1,GATA3,AKT1\na,1.5,NA,1e4294967296\n\nb,-2,31,4\nc,,nan,5\n"


def test_columns_are_read_as_asked():
    """Text stays text, unknown cells are NaN, the order is the asker's; a column nobody asks for may hold anything."""
    frame = read_chosen(TABLE, "x.csv", ["GATA3", "id", "ESR1"], text=["id"])
    assert list(frame) == ["GATA3", "id", "ESR1"]
    assert frame["id"].tolist() == ["a", "b", "c"]
    assert np.array_equal(frame["GATA3"], [np.nan, 31, np.nan], equal_nan=True)
    assert np.array_equal(frame["ESR1"], [1.5, -2, np.nan], equal_nan=True)
    assert header_of(TABLE, "x.csv") == ["id", "ESR1", "GATA3", "AKT1"]
    assert header_of("\ufeffid\tESR1\n".encode(), "x.csv", "\t") == ["id", "ESR1"]


@pytest.mark.parametrize(
    ("content", "columns", "told"),
    [
        (TABLE, ["AKT1"], "column AKT1, row 1: '1e4294967296' is not a number"),
        (TABLE, ["TP53"], "no column 'TP53'"),
        (b"id,a\n1,2\n1,2,3\n", ["a"], "line 3: 3 cells under 2 columns"),
        (b"id,a\n1,31e4009688093\n", ["a"], "is not a number"),
        (b"id,a\n\xff\xfe,2\n", ["a"], "is no table of text"),
        (b"\xff\xfe", ["a"], "no column|no table"),
        (b"", ["a"], "is no table of text"),
        (b'id,a\n"1,2\n' + b"x" * 140_000, ["a"], "is no table of text"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(content, columns, told):
    """A number that is none, a missing column, a ragged line, bytes that are no text: the file is named."""
    with pytest.raises(DataError, match=told) as refused:
        read_chosen(content, "x.csv", columns)
    assert str(refused.value).startswith("x.csv")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bytes])
def test_packed_files_are_unpacked(tmp_path, pack):
    """Gzip, xz and plain bytes give the same; what is cut short is told."""
    path = tmp_path / "x.csv.xz"
    path.write_bytes(pack(TABLE))
    assert content_of(path) == TABLE
    if pack is not bytes:
        path.write_bytes(pack(TABLE)[:-12])
        with pytest.raises(DataError, match="x.csv.xz"):
            content_of(path)


def test_a_member_of_a_zip_is_read_within_the_limits(tmp_path):
    """A missing member, a damaged archive and a bomb are each one sentence."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", TABLE)
        archive.writestr("bomb.csv", b"0" * 70_000_000)
    assert content_of(path, "t.csv") == TABLE
    for member, told in (("u.csv", "no archive that holds u.csv"), ("bomb.csv", "holds more than")):
        with pytest.raises(DataError, match=told):
            content_of(path, member)
    path.write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"x.zip is no archive that holds t.csv"):
        content_of(path, "t.csv")


HUGE = "31e4009688093"


def test_the_loaders_of_three_publishers_refuse_a_number_that_kills_a_parser(tmp_path):
    """The cell that ends pandas' parser is one sentence in METABRIC's, TCGA's and the GEO series' wide tables."""
    kaggle, rppa, binary = tmp_path / "k.zip", tmp_path / "r.txt", tmp_path / "b.csv"
    with zipfile.ZipFile(kaggle, "w") as archive:
        archive.writestr(metabric._KAGGLE_TABLE, f"patient_id,death_from_cancer,erbb2\n0,x,{HUGE}\n2,y,1.5\n")
    rppa.write_text(f"SampleID\tTumorType\tAKT\nTCGA-AA-0001-01A\tBRCA\t{HUGE}\n")
    binary.write_text(f"posOutcome,ERBB2\n1,{HUGE}\n")
    (tmp_path / "rows.csv").write_text("study,patient_ID,posOutcome\nstudy_1379_GPL1223-bmc15,1,1\n")
    assert metabric._kaggle_genes(kaggle) == {"ERBB2"}
    assert tcga_brca._rppa_names(rppa) == {"AKT"}
    assert tamoxifen_geo._names(binary) == {"ERBB2"}
    readers = (
        lambda: metabric._kaggle_values(kaggle, frozenset({"MB-0000", "MB-0002"}), ["ERBB2"]),
        lambda: tcga_brca._rppa_values(rppa, ["AKT"]),
        lambda: tamoxifen_geo._values(binary, tmp_path / "rows.csv", frozenset(), ["ERBB2"]),
    )
    for read in readers:
        with pytest.raises(DataError, match=f"'{HUGE}' is not a number"):
            read()


def test_damaged_files_of_publishers_are_told(tmp_path):
    """An xz file that is none, and a case list that is no text, are one sentence."""
    table, cases = tmp_path / "metaGXcovarTable.csv.xz", tmp_path / "cases_all.txt"
    table.write_bytes(lzma.compress(b"study,sample_type\n" * 50)[:-20])
    with pytest.raises(DataError, match="metaGXcovarTable.csv.xz"):
        series._rows(table, "TRANSBIG", "sample_name")
    cases.write_bytes(b"case_list_ids: \xff\xfe\n")
    with pytest.raises(DataError, match="cases_all.txt is no case list"):
        cbioportal._fields(cases)
