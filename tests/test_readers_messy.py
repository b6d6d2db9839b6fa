"""Messy exports made for the purpose: as hospitals send them, read to the same patients as the clean file."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import lzma
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tamoxres as tr
from tamoxres.cohorts.readers.dates import date_forms, to_dates
from tamoxres.cohorts.readers.delimited import parse
from tamoxres.cohorts.readers.options import FileOptions
from tamoxres.cohorts.readers.tables import read_table
from tamoxres.cohorts.readers.workbook import parse_workbook
from tamoxres.cohorts.sketch import init_mapping
from tamoxres.errors import DataError

N = 60


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    """Sixty patients: identifier, age, HER2, tamoxifen, days and vital status."""
    rng = np.random.default_rng(12)
    return pd.DataFrame({
        "pid": [f"P{i:03d}" for i in range(N)],
        "age": np.round(rng.uniform(35, 85, N), 1),
        "her2": rng.integers(0, 2, N),
        "tam": rng.integers(0, 2, N),
        "days": rng.integers(30, 4000, N),
        "dead": rng.integers(0, 2, N),
    })  # fmt: skip


MAPPING = {
    "treatment_specificity": "tamoxifen_confirmed",
    "columns": {"patient": "pid", "age": "age", "endocrine": {"from": "tam", "yes": [1], "no": [0]}},
    "markers": {"HER2": {"from": "her2", "altered": [1], "unaltered": [0], "assay": "IHC"}},
    "endpoints": {"OS": {"time": "days", "unit": "days", "event": "dead", "event_values": [1], "censored_values": [0]}},
}
COLUMNS = ["age", "endocrine", "OS_months", "OS_event"]


def renamed(names: dict[str, str], **keys: object) -> dict:
    """The mapping for a file whose columns have other names."""

    def walk(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {inner: walk(part, inner) for inner, part in value.items()}
        return names.get(value, value) if isinstance(value, str) and key not in ("unit", "assay") else value

    return walk(MAPPING) | keys


def same(path: Path, rules: dict, clean: pd.DataFrame) -> tr.Cohort:
    """Load a file, and see that its patients are those of the clean one."""
    cohort = tr.load(path, mapping=rules)
    assert cohort.patients.index.tolist() == clean["pid"].tolist()
    np.testing.assert_allclose(cohort.patients["age"], clean["age"], rtol=1e-12)
    np.testing.assert_allclose(cohort.patients["OS_months"], clean["days"] / (365.25 / 12), rtol=1e-12)
    assert cohort.patients["OS_event"].tolist() == clean["dead"].tolist()
    assert (cohort.patients["endocrine"] == "yes").tolist() == (clean["tam"] == 1).tolist()
    assert (cohort.marker("HER2").values == "altered").tolist() == (clean["her2"] == 1).tolist()
    return cohort


def test_danish_semicolons_and_commas(clean: pd.DataFrame, tmp_path: Path) -> None:
    """Excel in Copenhagen: cp1252, semicolons, decimal commas, CRLF, a column of remarks with accents."""
    names = {"pid": "løbenr", "age": "Alder", "tam": "tamoxifen", "days": "dage", "dead": "død"}
    frame = clean.rename(columns=names).assign(sygehus="Ålborg")
    path = tmp_path / "udtraek.csv"
    path.write_bytes(frame.to_csv(sep=";", decimal=",", index=False, lineterminator="\r\n").encode("cp1252"))
    same(path, renamed(names), clean)
    reading = read_table(path)
    assert str(reading.options) == "separator semicolon, encoding cp1252, decimal comma"
    assert reading.table.frame["sygehus"].iloc[0] == "Ålborg"
    sketch = tomllib.loads(init_mapping(path))
    assert sketch["columns"]["patient"] == "løbenr"
    assert sketch["columns"]["age"] == "Alder"
    assert sketch["columns"]["site"] == "sygehus"
    [end] = sketch["endpoints"].values()
    assert (end["time"], end["unit"], end["event"], end["event_values"]) == ("dage", "days", "død", [])


def test_german_latin_1(clean: pd.DataFrame, tmp_path: Path) -> None:
    """A clinic's export with quoted cells, a line break within one, words for codes and a title above the header."""
    names = {"pid": "Patientennr", "age": "Alter bei Diagnose", "days": "Überleben (Tage)", "dead": "verstorben"}
    frame = clean.rename(columns=names).assign(Bemerkung='sagt: "gut";\nkommt wieder')
    text = "Auszug aus dem Tumorregister\r\n" + frame.to_csv(sep=";", decimal=",", index=False, lineterminator="\r\n")
    path = tmp_path / "auszug.csv"
    path.write_bytes(text.encode("latin-1"))
    same(path, renamed(names), clean)
    reading = read_table(path)
    assert reading.options.header_row == 2
    assert reading.table.lines[:3].tolist() == [3, 5, 7], "each row takes two lines"
    assert reading.table.frame["Bemerkung"].iloc[0] == 'sagt: "gut";\nkommt wieder'
    parsed = tomllib.loads(init_mapping(path))
    assert (parsed["header_row"], parsed["decimal"]) == (2, ",")
    assert parsed["columns"] | {"age": "Alter bei Diagnose"} == parsed["columns"]
    assert parsed["endpoints"]["OS"]["time"] == "Überleben (Tage)"


def test_excel_with_title_and_total(clean: pd.DataFrame, tmp_path: Path) -> None:
    """A merged title, an empty row, a total below, typed dates beside text and bare day numbers."""
    path = tmp_path / "bog.xlsx"
    import xlsxwriter

    start = dt.date(2001, 3, 4)
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet("Udtræk"), book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.merge_range(0, 0, 0, 5, "Udtræk fra registeret 2024")
        for j, name in enumerate(["pid", "age", "her2", "tam", "dx", "seen", "dead"]):
            sheet.write(2, j, name)
        for i, row in enumerate(clean.itertuples(), 3):
            end = start + dt.timedelta(days=int(row.days))
            for j, value in enumerate([row.pid, row.age, row.her2, row.tam]):
                sheet.write(i, j, value)
            sheet.write_datetime(i, 4, dt.datetime(2001, 3, 4), day)
            if i % 3 == 0:
                sheet.write(i, 5, f"{end:%d.%m.%Y}")
            elif i % 3 == 1:
                sheet.write_datetime(i, 5, dt.datetime(end.year, end.month, end.day), day)
            else:
                sheet.write_number(i, 5, (end - dt.date(1899, 12, 30)).days)
            sheet.write(i, 6, row.dead)
        sheet.write(N + 3, 0, "I alt")
        sheet.write(N + 3, 1, N)
        book.add_worksheet("noter").write(0, 0, "intet")
    dates = {"diagnosis": "dx", "date_format": "%d.%m.%Y", "footer_rows": 1, "sheet": "Udtræk"}
    end = {"last_seen": "seen", "event": "dead", "event_values": [1], "censored_values": [0]}
    same(path, MAPPING | dates | {"endpoints": {"OS": end}}, clean)
    reading = read_table(path, FileOptions(date_format="%d.%m.%Y"))
    assert reading.options.header_row == 3
    assert any("20 bare number(s) among dates" in remark for remark in reading.remarks)
    assert reading.totals == 1
    with pytest.raises(DataError, match="bog.xlsx has no sheet 'Ark1'. It has Udtræk, noter"):
        read_table(path, FileOptions(sheet="Ark1"))


@pytest.mark.parametrize("suffix", [".dta", ".sav", ".zsav", ".por", ".xpt", ".xpt5"])
def test_packages_with_labels(clean: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    """Stata, SPSS and SAS: codes stay codes with labels beside them, dates are ISO, declared missing is unknown."""
    import pyreadstat

    labels = {"her2": {0: "negativ", 1: "positiv"}, "tam": {0: "nej", 1: "ja"}}
    frame = clean.assign(dx=dt.date(2001, 3, 4))
    path = tmp_path / f"register{suffix.removesuffix('5')}"
    if suffix == ".dta":
        pyreadstat.write_dta(frame, str(path), variable_value_labels=labels, column_labels={"age": "Alder"})
    elif suffix == ".por":
        pyreadstat.write_por(frame, str(path))
    elif suffix.startswith(".xpt"):
        pyreadstat.write_xport(frame, str(path), file_format_version=5 if suffix == ".xpt5" else 8)
    else:
        missing = {"ki67": [99.0]}
        frame = frame.assign(ki67=[99.0] + [20.0] * (N - 1))
        pyreadstat.write_sav(
            frame, str(path), variable_value_labels=labels, column_labels={"age": "Alder"}, missing_ranges=missing,
            compress=suffix == ".zsav",
        )  # fmt: skip
    reading = read_table(path)
    assert reading.table.frame.iloc[0]["DX" if suffix == ".por" else "dx"] == "2001-03-04"
    if suffix == ".por":
        upper = {name: name.upper() for name in clean}
        same(path, renamed(upper), clean)
        return
    same(path, MAPPING, clean)
    if suffix in (".dta", ".sav", ".zsav"):
        assert reading.labels == {"her2": {"0": "negativ", "1": "positiv"}, "tam": {"0": "nej", "1": "ja"}}
        assert reading.titles["age"] == "Alder"
        sketch = init_mapping(path)
        assert "# labels of tam: 0 = nej, 1 = ja" in sketch
        assert tomllib.loads(sketch)["columns"]["endocrine"] == {"from": "tam", "no": [0], "yes": [1]}
    if suffix in (".sav", ".zsav"):
        assert reading.table.frame["ki67"].isna().sum() == 1


def test_single_precision(tmp_path: Path) -> None:
    """A Stata float 78.4 is 78.4, not 78.4000015."""
    pd.DataFrame({"pid": ["a", "b"], "age": np.array([78.4, np.nan], dtype="float32")}).to_stata(
        tmp_path / "f.dta", write_index=False
    )
    assert read_table(tmp_path / "f.dta").table.frame["age"].tolist() == ["78.4", None]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_unicode_of_every_width(clean: pd.DataFrame, tmp_path: Path, encoding: str) -> None:
    """Excel's 'Unicode text' and its like, with and without a byte-order mark."""
    path = tmp_path / "export.tsv"
    path.write_bytes(clean.assign(note="Žluťoučký").to_csv(sep="\t", index=False).encode(encoding))
    same(path, MAPPING, clean)
    assert read_table(path).table.frame["note"].iloc[0] == "Žluťoučký"


def test_dates_in_three_styles(clean: pd.DataFrame, tmp_path: Path) -> None:
    """Points, slashes and ISO in one column: named together they are read; an impossible one is named."""
    start, styles = dt.date(2001, 3, 4), ("%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d")
    ends = [start + dt.timedelta(days=int(days)) for days in clean["days"]]
    frame = clean.drop(columns="days").assign(
        dx=start.isoformat(), seen=[f"{end:{styles[i % 3]}}" for i, end in enumerate(ends)]
    )
    path = tmp_path / "three.csv"
    frame.to_csv(path, index=False)
    end = {"last_seen": "seen", "event": "dead", "event_values": [1], "censored_values": [0]}
    rules = MAPPING | {"diagnosis": "dx", "date_format": " | ".join(styles), "endpoints": {"OS": end}}
    same(path, rules, clean)
    frame.assign(seen=frame["seen"].where(frame.index != 4, "31.02.2003")).to_csv(path, index=False)
    with pytest.raises(DataError, match="three.csv, line 6, column seen: '31.02.2003' is not a date"):
        tr.load(path, mapping=rules)


@pytest.mark.parametrize(
    ("pack", "suffix"), [(gzip.compress, ".csv.gz"), (lzma.compress, ".csv.xz"), (lambda b: b, ".txt")]
)
def test_packed(clean: pd.DataFrame, tmp_path: Path, pack: Callable[[bytes], bytes], suffix: str) -> None:
    """A packed CSV, and one that is called .txt."""
    path = tmp_path / f"register{suffix}"
    path.write_bytes(pack(clean.to_csv(index=False).encode()))
    same(path, MAPPING, clean)


def test_opendocument(clean: pd.DataFrame, tmp_path: Path) -> None:
    """An ODS sheet with the million empty rows that office programs leave below."""
    rows = [clean.columns.tolist(), *clean.astype(object).values.tolist()]
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            if isinstance(cell, str)
            else f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    filler = f'<table:table-row table:number-rows-repeated="1048500">{empty}</table:table-row>'
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    xml = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="A">{cells}{filler}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    path = tmp_path / "ark.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", xml)
    same(path, MAPPING, clean)


def test_parquet_of_other_programs(clean: pd.DataFrame, tmp_path: Path) -> None:
    """Whole numbers with gaps stay whole, a named index is a column, dates are dates, lists are refused."""
    frame = clean.assign(dx=pd.Timestamp("2001-03-04"), grade=pd.array([1, None] * 30, dtype="Int64"))
    frame.set_index("pid").to_parquet(tmp_path / "a.parquet")
    same(tmp_path / "a.parquet", MAPPING, clean)
    text = read_table(tmp_path / "a.parquet").table.frame
    assert text["grade"].tolist()[:2] == ["1", None]
    assert text["dx"].iloc[0] == "2001-03-04"
    pd.DataFrame({"pid": ["a"], "l": [[1, 2]]}).to_parquet(tmp_path / "list.parquet")
    with pytest.raises(DataError, match="list.parquet, column l: it holds a list"):
        read_table(tmp_path / "list.parquet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pid,x\nA,1\nB,2,3\n", "a.csv, line 3: 3 cells under 2 columns"),
        ("pid,x\nA,1\nTotal\n", "a.csv, line 3: 1 cells under 2 columns"),
        ("pid,x\nA,1\0\nB,2\n", "a.csv, line 2: a zero byte"),
        ("pid,x\nA\r,1\nB,2\n", "a.csv, line 2: a carriage return within a line"),
        ("pid,x,x\nA,1,2\n", "a.csv, line 1: column 'x' stands twice"),
        ('pid,x\nA,"1\nB,2\n', "a.csv, line 2: a quote opens here and is never closed"),
        ('pid,x\nA,5" wide\nB,2\n', "a.csv, line 2: a (stray )?quote"),
        ('pid,x\nA,"1" b\nB,2\n', "a.csv, line 2: a stray quote"),
        (
            'pid,x,y\nA,1,"2 cm\nB,2,"\nC,3,4\n',
            "line 2: a quoted cell begins here and ends in line 3, over lines",
        ),
        ('pid,x,y\nA,1,"2 cm\nB,1,2\nC,2,3\nD,3,"\n', "a.csv, line 2: a quoted cell begins here and ends in line 5"),
        ("pid;x\nA;1,5\nB;2.5\n", "a.csv, line [23], column x: numbers with a decimal comma .'1,5'. and with a point"),
        ("#pid,x\nA,1\nB,2\n", "a.csv, line 1 begins with # and has as many cells as line 2. Is it the header"),
        ("pid,x\n", "a.csv holds no rows under a header"),
        ("", "a.csv holds no rows under a header"),
        ("\n\n\n", "a.csv holds no rows under a header"),
    ],
)
def test_strict(text: str, message: str) -> None:
    """What would lose, join or shift rows is refused with its line."""
    with pytest.raises(DataError, match=message) as raised:
        parse(text.encode(), "a.csv", usual=",")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": "||"}, "separator is '||'"),
        ({"separator": ",", "decimal": ","}, "separator and decimal are both a comma"),
        ({"decimal": ";"}, "decimal is ';'"),
        ({"header_row": 0}, "header_row is 0"),
        ({"footer_rows": -1}, "footer_rows is -1"),
        ({"encoding": "klingon"}, "'klingon' is no encoding of text"),
        ({"encoding": "hex"}, "'hex' is no encoding of text"),
        ({"encoding": "ascii"}, "line 2: not ascii text"),
        ({"header_row": 9}, "has 2 lines; header_row is 9"),
    ],
)
def test_keys_that_cannot_be(options: dict, message: str) -> None:
    """A key of the file that means nothing is told."""
    with pytest.raises(DataError, match=message.replace("|", r"\|")):
        parse("pid,x\nå,1\n".encode(), "a.csv", FileOptions(**options))


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x1a"), max_size=6)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=5), st.sampled_from(",;"))
def test_what_csv_writes_is_read(rows: list[tuple[str, str, str]], separator: str) -> None:
    """Any cells that RFC 4180 can write come back, but for blanks around them."""
    rows = [tuple(cell.replace(separator, "").replace("\n", " ") if i else f"p{j}" for i, cell in enumerate(row))
            for j, row in enumerate(rows)]  # fmt: skip
    out = io.StringIO()
    pd.DataFrame(rows, columns=["pid", "a", "b"]).to_csv(out, sep=separator, index=False, quoting=1)
    read = parse(out.getvalue().encode(), "a.csv", FileOptions(separator=separator, encoding="utf-8", decimal="."))
    assert read.cells.tolist() == [[cell.strip() or None for cell in row] for row in rows]


def test_thousands_are_not_guessed() -> None:
    """1,234 may be either: it stays text, and that is said; with a decimal comma named it is 1.234."""
    text = b"pid;x\nA;1,234\nB;5,678\n"
    read = parse(text, "a.csv")
    assert read.cells[:, 1].tolist() == ["1,234", "5,678"]
    assert "a decimal comma, or a mark of thousands?" in read.remarks[0]
    assert parse(text, "a.csv", FileOptions(decimal=",")).cells[:, 1].tolist() == ["1.234", "5.678"]
    assert parse(b"pid;x\nA;1,2\nB;1,2,3\n", "a.csv").cells[:, 1].tolist() == ["1,2", "1,2,3"], "a list of codes"


def test_dates() -> None:
    """Forms of dates are told from all cells; days are counted from a program's first day; year 2800 is none."""
    assert date_forms(["04.03.2001", "31.12.2002"]) == ("%d.%m.%Y",)
    assert date_forms(["04/03/2001"]) == ("%d/%m/%Y", "%m/%d/%Y")
    for form, day in (
        ("sas", "15038"),
        ("excel", "36954"),
        ("r", "11385"),
        ("excel1904", "35492"),
        ("stata", "15038.0"),
    ):
        days, wrong = to_dates([day], form)
        assert (days[0].date(), wrong[0]) == (dt.date(2001, 3, 4), False), form
    _, wrong = to_dates(["01.01.2800", "1.1.01", "", None, "x" * 5000], "%d.%m.%Y")
    assert wrong.tolist() == [True, True, False, False, True]
    days, wrong = to_dates(["04.03.01", "2001-03-04"], "%d.%m.%y")
    assert not wrong.any()
    assert days[0] == days[1]
    assert to_dates(["2001-03-04"], "%d.%m.%Y")[1].tolist() == [True]
    assert to_dates(["03/04/2001"], "%d/%m/%Y | %m/%d/%Y")[1].tolist() == [True], "two forms, two dates"


def test_wide_headers_take_no_quadratic_time() -> None:
    """10,000 columns are read; more are refused at once, in one sentence."""
    rows = {n: ",".join(f"c{i}" for i in range(n)) + "\n" + ",".join("1" * n) + "\n" for n in (10_000, 200_000)}
    assert parse(rows[10_000].encode(), "wide.csv").cells.shape == (1, 10_000)
    with pytest.raises(DataError, match="wide.csv holds more than 10,000 columns"):
        parse(rows[200_000].encode(), "wide.csv")


def test_a_far_cell_asks_for_no_memory(clean: pd.DataFrame, tmp_path: Path) -> None:
    """One cell at the far corner of a sheet is 17 thousand million cells: refused before it is opened."""
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "far.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "pid")
        sheet.write(1048575, 16383, 1)
    with pytest.raises(DataError, match="far.xlsx holds more than 200,000,000 cells"):
        parse_workbook((tmp_path / "far.xlsx").read_bytes(), "far.xlsx")
