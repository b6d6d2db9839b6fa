"""What is damaged, too large or meant to harm is refused in one sentence, by every reader; nothing ends the process."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres import files
from tamoxres.cohorts.check import check
from tamoxres.cohorts.expression import own_expression
from tamoxres.cohorts.rdata import read_rda
from tamoxres.cohorts.readers.tables import FORMATS, read_table
from tamoxres.errors import DataError, cut, shown
from tamoxres.files import Limits, unpack
from tamoxres.files.sentence import one_sentence
from tamoxres.scan.matrix import open_expression

LONGEST = 700  # characters: no message is longer, whatever a cell holds
HERE = Path(__file__).parent


def frame() -> pd.DataFrame:
    """Thirty rows with text, numbers and dates."""
    return pd.DataFrame({
        "pid": [f"P{i}" for i in range(30)], "age": np.linspace(30, 80, 30), "her2": [0, 1, 9] * 10,
        "dx": [dt.date(2001, 3, 4)] * 30,
    })  # fmt: skip


def r_bytes(values: list[float]) -> bytes:
    """A numeric vector as R's saveRDS writes it, version 2."""
    head = b"X\n" + (2).to_bytes(4, "big") + b"\0\4\2\2" + b"\0\2\3\0"
    return head + (14).to_bytes(4, "big") + len(values).to_bytes(4, "big") + np.array(values, ">f8").tobytes()


def refusal(path: Path) -> str:
    """What is said against a file; empty if it is read."""
    try:
        read_table(path)
    except DataError as error:
        return str(error)
    return ""


def written(kind: str) -> bytes:
    """The frame in a format, as bytes."""
    out = io.BytesIO()
    if kind == ".parquet":
        frame().to_parquet(out)
    elif kind == ".xlsx":
        frame().to_excel(out, index=False)
    elif kind == ".csv":
        frame().to_csv(out, index=False)
    else:
        return gzip.compress(r_bytes([1.0, 2.0]))
    return out.getvalue()


@pytest.mark.parametrize("kind", [".parquet", ".xlsx", ".csv", ".rds"])
def test_damaged_bytes(tmp_path: Path, kind: str) -> None:
    """Bytes changed or cut anywhere: a table, or one sentence that names the file."""
    chance, whole = random.Random(4), written(kind)
    refused = 0
    for i in range(60):
        content = bytearray(whole)
        if i % 4 == 0:
            del content[chance.randrange(len(content)) :]
        else:
            for _ in range(chance.choice([1, 4, 40])):
                content[chance.randrange(len(content))] = chance.choice([0, 127, 255])
        path = tmp_path / f"a{kind}"
        path.write_bytes(content)
        text = refusal(path)
        refused += text != ""
        assert text == "" or text.startswith("a."), text
        assert "\n" not in text
        assert len(text) < LONGEST
    assert refused > 10


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix not in (".csv", ".tsv", ".txt", ".tab")])
def test_noise(tmp_path: Path, suffix: str) -> None:
    """Noise, nothing and text under any format's name: one sentence."""
    contents = (random.Random(1).randbytes(3000), b"", b"pid,age\nA,1\n")
    for content in contents[: 1 if suffix in (".dta", ".sav", ".zsav", ".por", ".sas7bdat", ".xpt") else 3]:
        (tmp_path / f"a{suffix}").write_bytes(content)
        with pytest.raises(DataError, match=rf"^a\{suffix}") as raised:
            read_table(tmp_path / f"a{suffix}")
        assert len(str(raised.value)) < LONGEST


def test_a_file_that_ends_the_compiled_reader() -> None:
    """Two changed bytes of an SPSS file are a segmentation fault in pyreadstat 1.3.7, and a sentence here."""
    with pytest.raises(DataError, match=r"damaged.sav cannot be read as an SPSS file \(the reader ended with status -"):
        read_table(HERE / "cases" / "damaged.sav")


@pytest.mark.parametrize("error", [MemoryError(), AssertionError("x\ny"), AttributeError("a" * 5000), RecursionError()])
def test_whatever_a_library_raises(error: BaseException) -> None:
    """One wrapper turns any exception into one sentence; our own and an interruption pass through."""
    with (
        pytest.raises(DataError, match=r"^a.dta cannot be read as .dta \(") as raised,
        one_sentence("a.dta", "cannot be read as .dta"),
    ):
        raise error
    assert len(str(raised.value)) < LONGEST
    assert "\n" not in str(raised.value)
    with pytest.raises(KeyboardInterrupt), one_sentence("a", "b"):
        raise KeyboardInterrupt
    with pytest.raises(DataError, match="^ours$"), one_sentence("a", "b"):
        raise DataError("ours")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]) -> None:
    """What unpacks to far more than it is, is refused while it unpacks: CSV, R and expression alike."""
    bomb = pack(bytes(80 * 2**20))
    assert len(bomb) < 100_000
    for name in ("a.csv.gz", "a.csv.xz", "a.rds", "a.RData"):
        (tmp_path / name).write_bytes(bomb)
        with pytest.raises(DataError, match=f"{name} holds more than 67,108,864 bytes when unpacked"):
            read_table(tmp_path / name)
    with pytest.raises(DataError, match="a.csv.gz holds more than"):
        open_expression(tmp_path / "a.csv.gz")
    monkeypatch.setattr(files, "LIMITS", Limits(read=10))
    with pytest.raises(DataError, match="a.rds holds more than 10 bytes, the most that is read of one file"):
        read_rda(tmp_path / "a.rds")


def test_unpacking() -> None:
    """Parts packed one after another are one content; what ends early or is damaged is told."""
    packed = gzip.compress(b"a" * 1000)
    assert unpack(packed + packed, "a.gz") == b"a" * 2000
    assert unpack(b"plain", "a.txt") == b"plain"
    for broken in (packed[:-9], packed[:12], packed[:10] + b"\xff" * 20):
        with pytest.raises(DataError, match="a.gz cannot be unpacked as gzip"):
            unpack(broken, "a.gz")


def test_limits_have_one_sentence() -> None:
    """Each limit is met in the same words; at the limit nothing is said."""
    limits = Limits(read=1, unpacked=1, cells=1, columns=1, depth=1)
    for kind in ("read", "unpacked", "cells", "columns", "depth"):
        limits.check(kind, 1, "a")
        with pytest.raises(DataError, match="^a holds more than 1 .*, the most that is read of one file"):
            limits.check(kind, 2, "a")


def test_a_workbook_with_a_false_size(tmp_path: Path) -> None:
    """A sheet's XML that unpacks to more than the limit is refused before it is read."""
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b'<c r="A1"/>' + b" " * 1000 + b"<c s='1' r='XFD1048576'/>")
    with pytest.raises(DataError, match="a.xlsx holds more than 200,000,000 cells"):
        read_table(path)


def test_r_lists_within_lists(tmp_path: Path) -> None:
    """A list nested 5,000 deep, and a sequence of a thousand million, are refused by their limits."""
    head = b"X\n" + (2).to_bytes(4, "big") + bytes(8)
    (tmp_path / "deep.rds").write_bytes(head + (b"\0\0\0\x13" + b"\0\0\0\1") * 5000 + b"\0\0\0\xfe")
    with pytest.raises(DataError, match="deep.rds holds more than 200 lists within lists"):
        read_rda(tmp_path / "deep.rds")
    (tmp_path / "text.rds").write_bytes(b"A\n2\n")
    with pytest.raises(DataError, match="text.rds is written as text .ascii = TRUE.. Save it anew without ascii"):
        read_rda(tmp_path / "text.rds")


MAPPING = {
    "columns": {"patient": "pid", "age": "age", "er": {"from": "er", "positive": ["1"], "negative": ["0"]}},
    "endpoints": {"OS": {"time": "t", "unit": "days", "event": "e", "event_values": [1], "censored_values": [0]}},
}


@pytest.mark.parametrize("column", ["age", "er", "t", "e", "pid"])
def test_messages_cut_long_cells(tmp_path: Path, column: str) -> None:
    """A cell of 5,000 characters is not echoed, wherever it stands."""
    path = tmp_path / "a.csv"
    rows = pd.DataFrame({"pid": ["a", "b"], "age": 50, "er": 1, "t": 9, "e": 0}).astype(object)
    rows.loc[:, column] = "x" * 5000
    rows.to_csv(path, index=False)
    with pytest.raises(DataError) as raised:
        tr.load(path, mapping=MAPPING)
    assert len(str(raised.value)) < LONGEST, str(raised.value)[:300]
    assert len(str(check(path, MAPPING))) < 5 * LONGEST


def test_cutting() -> None:
    """One helper cuts what messages show."""
    assert cut("a" * 60) == "a" * 60
    assert cut("a" * 61) == "a" * 57 + "..."
    assert shown("two\nlines") == r"'two\nlines'"
    assert len(shown("é\0" * 9999)) == 60


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient,A\np1,1e4294967296\n", "'1e4294967296' is not a number"),
        ("patient,A\np1,31e4009688093\n", "'31e4009688093' is not a number"),
        ("patient,A\np1,inf\n", "'inf' is not a number"),
        ("patient,A,A\np1,1,2\n", "column 'A' stands twice"),
        ('patient,A\np1,"1\np2,2"\n', "line 2: a quote opens here and is never closed"),
        ("patient,A\np1\0,1\n", "line 2: a zero byte"),
        ("gene,p1\nA,1\nA,2\n", "line 3: gene 'A' stands in line 2 too"),
    ],
)
def test_expression_is_as_strict(tmp_path: Path, text: str, message: str) -> None:
    """Matrices for a screen and for a mapping are read by the same rules as registries."""
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        open_expression(path)
    if text.startswith("patient"):
        with pytest.raises(DataError, match=message):
            own_expression(path, "patient", "RNA", "log2", pd.Index(["p1", "p2"])).values(["A"])


def test_a_column_of_a_compressed_parquet(tmp_path: Path) -> None:
    """A thousand million equal values are a few bytes of Parquet; they are counted before they are read."""
    pd.DataFrame({"pid": np.zeros(3_000_000, dtype="int8")}).to_parquet(tmp_path / "a.parquet")
    with pytest.MonkeyPatch.context() as patch:
        from tamoxres.cohorts.readers import columnar

        patch.setattr(columnar, "LIMITS", Limits(cells=1_000_000))
        with pytest.raises(DataError, match="a.parquet holds more than 1,000,000 cells"):
            read_table(tmp_path / "a.parquet")


def test_messages_can_be_printed() -> None:
    """Whatever a message echoes, it moves no terminal, and a word of thousands of characters is cut."""
    said = str(DataError("\x1b[2Jred \0 \ud800 " + "x" * 5000, mend="Mend\nit."))
    assert said.startswith(r"\x1b[2Jred \x00 \ud800 xxx")
    assert said.endswith("... Mend\nit.")
    assert len(said) < 300
    assert str(DataError("a b " * 500)).count("a b") == 500
