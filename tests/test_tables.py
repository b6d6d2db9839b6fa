"""One table, six formats: the same words in each, hostile labels stay words, the same bytes each time."""

import csv
import io
import re
import zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from docx import Document

from tamoxres.effects import EffectEstimate
from tamoxres.errors import TamoxresError
from tamoxres.tables.as_latex import escape_latex
from tamoxres.tables.as_markdown import escape_markdown
from tamoxres.tables.cells import count_cell, effect_cell, number_cell, p_cell, reference_cell, share_cell
from tamoxres.tables.table import Cell, Column, Row, Table
from tamoxres.tables.widths import head_text
from tamoxres.wording import unbroken

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "a|b",
    "100% of_them & $more #1 {x} ~y ^z \\n",
    "*bold* _em_ `code` [link](x)",
    '"quoted", comma',
    "]]> -- [x]",
]


def effect(estimate=1.5, low=1.2, high=1.875, **row):
    return EffectEstimate.from_ci(estimate, low, high, study="Naples", **row)


def example():
    """A table with every kind of cell, and a hostile label on every row."""
    row = effect()
    head = (
        Column("Who"),
        Column("N", "count"),
        Column("Share", "number"),
        Column("HR (95% CI)", "ratio"),
        Column("P", "p"),
    )
    rows = [Row((Cell("HER2 (50%)"), Cell(), Cell(), Cell(), p_cell(0.0004, row.row_id)), "heading")]
    rows.append(Row((Cell("unaltered"), count_cell(1234), share_cell(3, 12), reference_cell(row), Cell()), "level"))
    rows += [
        Row((Cell(label), count_cell(n), number_cell(-0.5), effect_cell(row), p_cell(0.674)), "level")
        for n, label in enumerate(HOSTILE, start=5)
    ]
    return Table(
        title="A <b>title</b> | 5%", columns=head, rows=tuple(rows), footnotes=("One & two_three.", "=formula()")
    )


class _Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.effects, self.tags, self._text = [], [], [], None

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._text = ""
            self.effects.append(dict(attrs).get("data-effect"))

    def handle_data(self, data):
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self._text)
            self._text = None


def typeset(rows):
    """Return texts as they are set on paper and page."""
    return [[unbroken(text) for text in row] for row in rows]


def of_html(text):
    parser = _Cells()
    parser.feed(text)
    return parser


def of_xlsx(content):
    """Return the sheet's cells as (value, number format or None): texts as text, numbers as float."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        strings = [
            "".join(t.text or "" for t in item.iter(f"{_SHEET}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    formats = {f.get("numFmtId"): f.get("formatCode") for f in styles.iter(f"{_SHEET}numFmt")}
    formats |= {"1": "0", "2": "0.00", "3": "#,##0"}
    looks = [formats.get(xf.get("numFmtId"), "") for xf in styles.find(f"{_SHEET}cellXfs")]
    assert not list(sheet.iter(f"{_SHEET}f")), "no cell is a formula"
    rows = []
    for row in sheet.iter(f"{_SHEET}row"):
        cells = {}
        for cell in row:
            value = cell.find(f"{_SHEET}v")
            if value is None:
                continue
            shared = cell.get("t") == "s"
            cells[cell.get("r")] = (
                (strings[int(value.text)], None) if shared else (float(value.text), looks[int(cell.get("s"))])
            )
        rows.append(cells)
    return rows


def shown(value, code):
    """Write a number as a spreadsheet shows it in one of our formats."""
    if code is None:
        return value
    if code.startswith("[<0.001]"):
        return "<0.001" if value < 0.001 else ">0.999" if value >= 0.9995 else f"{value:.3f}"
    if code == "#,##0":
        return f"{value:,.0f}"
    percent = code.endswith("%")
    decimals = len(code.rstrip("%").partition(".")[2])
    return f"{100 * value if percent else value:.{decimals}f}" + ("%" if percent else "")


def words(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def digits(text):
    return re.findall(r"[\w.,%<>]+", text)


def test_html_says_the_words_and_escapes_them():
    """Every text is text in HTML, header cells have a scope, and the title is the caption."""
    table = example()
    page = of_html(table.to_html())
    assert page.rows == typeset([[c.header for c in table.columns], *words(table)])
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert "<caption>A &lt;b&gt;title&lt;/b&gt; | 5%</caption>" in table.to_html()
    assert table.to_html().count('scope="col"') == 5
    assert table.to_html().count('scope="row"') == len(table.rows)


def test_html_cells_carry_their_effect():
    """A cell made from an effect row bears its row id, and no other cell does."""
    page = of_html(example().to_html())
    made = [cell for row in example().rows for cell in row.cells if cell.effect_id]
    assert sorted(filter(None, page.effects)) == sorted(cell.effect_id for cell in made)
    assert len(made) == 2 + len(HOSTILE)


def test_csv_says_the_words_and_runs_nothing():
    """CSV read back gives the words; no cell begins as a formula, negative numbers stay numbers."""
    table = example()
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    body = rows[1 : 1 + len(table.rows)]
    plain = [[cell.strip().removeprefix("'") for cell in row] for row in body]
    assert plain == words(table)
    for cell in (cell for row in rows for cell in row):
        assert cell.lstrip()[:1] not in {"=", "+", "@"}
        assert not cell.lstrip().startswith("-") or float(cell) == -0.5
    assert rows[-1] == ["'=formula()"]
    assert [] in rows


def test_markdown_says_the_words():
    """Every row has as many pipes as columns, and unescaped it says the words."""
    table = example()
    lines = [line for line in table.to_markdown().splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert all(len(row) == 5 for row in cells)
    for row, expected in zip(cells[2:], words(table), strict=True):
        first = row[0].removeprefix("&nbsp;&nbsp;").removeprefix("**").removesuffix("**")
        assert [first, *row[1:]] == [escape_markdown(text) for text in expected]
    assert "<script" not in table.to_markdown()


def test_latex_says_the_words():
    """LaTeX has one cell for each of ours and every mark of TeX escaped; braces balance."""
    table = example()
    text = table.to_latex()
    body = text.split("% rows\n")[1].split("% end of rows")[0]
    rows = [row for row in re.split(r"\\\\\*?\n", body) if row.strip()]
    assert len(rows) == len(table.rows)
    for row, expected in zip(rows, words(table), strict=True):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)&", row)]
        cells = [re.sub(r"^(\\quad |\\textbf\{|\\multicolumn.*\\textbf\{|\\mbox\{)", "", cell) for cell in cells]
        assert [c.removesuffix("}") for c in cells] == [
            escape_latex(unbroken(word)).removesuffix("}") for word in expected
        ]
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert r"\textbackslash{}n" in text
    assert r"\_" in text
    assert "-{}-" in text


def test_word_says_the_words():
    """The Word table read back says the words, title above and footnotes below, its header repeated on each page."""
    table = example()
    document = Document(io.BytesIO(table.to_docx()))
    [grid] = document.tables
    found = [[c.text for c in row.cells] for row in grid.rows]
    heads = [head_text(c.header) for c in table.columns]
    assert found == typeset([heads, *words(table)])
    told = [p.text for p in document.paragraphs]
    assert told[0] == table.title
    assert [t for t in told[1:] if t] == list(table.footnotes)
    assert "tblHeader" in grid.rows[0]._tr.xml


def test_excel_numbers_stay_numbers_and_say_the_words():
    """Counts, ratios with their limits, shares and P are numbers whose formats show the words; texts are texts."""
    table = example()
    rows = of_xlsx(table.to_xlsx())[2 : 2 + len(table.rows)]
    for cells, expected in zip(rows, words(table), strict=True):
        found = [shown(value, code) for value, code in cells.values()]
        assert digits(" ".join(found)) == digits(" ".join(expected).replace("1.20-1.88", "1.20 1.88"))
    _, numbers = zip(*rows[-1].values(), strict=True)
    assert [code is not None for code in numbers] == [False, True, True, True, True, True, True]


def test_excel_p_keeps_its_value_below_the_floor():
    """A P below 0.001 is the number itself, shown as <0.001."""
    values = [value for row in of_xlsx(example().to_xlsx()) for value in row.values() if value[0] == 0.0004]
    assert values == [(0.0004, '[<0.001]"<0.001";[>=0.9995]">0.999";0.000')]


@pytest.mark.parametrize("suffix", ["html", "md", "csv", "tex", "docx", "xlsx"])
def test_same_bytes_twice(tmp_path, suffix):
    """Each format is the same bytes each time, and `save` writes it by the file's ending."""
    first, second = (example().save(tmp_path / f"{i}.{suffix}").read_bytes() for i in (1, 2))
    assert first == second
    assert len(first) > 100


def test_save_refuses_another_ending(tmp_path):
    """Another ending is one clear sentence and writes nothing."""
    with pytest.raises(TamoxresError, match=r"table\.pdf: a table is written as \.html"):
        example().save(tmp_path / "table.pdf")
    assert not list(tmp_path.iterdir())


def test_row_of_another_length_is_refused():
    """A row must have one cell a column."""
    with pytest.raises(TamoxresError, match="row 1: 2 cells under 1 columns"):
        Table(title="t", columns=(Column("a"),), rows=(Row.of("x", "y"),))


def test_texts_are_single_lines():
    """Line breaks and control characters, which some formats cannot hold, become spaces."""
    table = Table(
        title="a\nb", columns=(Column("c\td"),), rows=(Row.of("e\x00f\ud800g"),), footnotes=("h\r\ni", "h\r\ni")
    )
    assert (table.title, table.columns[0].header, table.rows[0].cells[0].text) == ("a b", "c d", "e f g")
    assert table.footnotes == ("h i",)
    assert len(table.to_docx()) > 0
    assert len(table.to_xlsx()) > 0


def test_a_table_without_rows_is_written():
    """An empty table keeps its header in every format."""
    table = Table(title="none", columns=(Column("a"), Column("n", "count")), rows=())
    for text in (table.to_html(), table.to_markdown(), table.to_csv(), table.to_latex()):
        assert "a" in text
    assert Document(io.BytesIO(table.to_docx())).tables
    assert table.to_xlsx()


@pytest.mark.parametrize(
    ("cell", "text", "formats"),
    [
        (count_cell(None), "", []),
        (count_cell(0), "0", ["#,##0"]),
        (number_cell(float("nan")), "NE", []),
        (number_cell(12.345, 1), "12.3", ["0.0"]),
        (p_cell(None), "", []),
        (share_cell(1, 0), "1", ["#,##0"]),
        (effect_cell(effect(0.05, 0.02, 0.125)), "0.0500 (0.0200-0.12)", ["0.0000", "0.0000", "0.00"]),
        (effect_cell(effect(150, 50, 450)), "150 (50.00-450)", ["0", "0.00", "0"]),
        (effect_cell(effect(20, 0.2, 2000)), "20.00 (0.20-2,000)", ["0.00", "0.00", "#,##0"]),
        (effect_cell(effect(1000, 1, 1e6)), "1,000 (1.00 to >100,000)", ["#,##0", "0.00", ">100,000"]),
        (effect_cell(effect(0.1, -0.2, 0.4, measure="RD")), "0.10 (-0.20 to 0.40)", ["0.00", "0.00", "0.00"]),
        (effect_cell(effect(), 2), "2.25 (1.44-3.52)", ["0.00", "0.00", "0.00"]),
        (effect_cell(EffectEstimate(study="x", status="test_only", p_value=0.1)), "NE", []),
        (reference_cell(effect(0.1, -0.2, 0.4, measure="RD")), "0.00 (reference)", ["0.00", "(reference)", ""]),
    ],
)
def test_cells(cell, text, formats):
    """Cells write their numbers as `wording` does, and give a spreadsheet the same digits."""
    assert cell.text == text
    assert [part if isinstance(part, str) else part.number_format for part in cell.parts] == formats
