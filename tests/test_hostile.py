"""Hostile servers, archives, texts and outputs: nothing outside the folder, no bomb unpacked, one sentence each."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from test_fetch import IMPATIENT, Server, recipe

from tamoxres.cohorts import fetch_http
from tamoxres.cohorts.fetch import fetch
from tamoxres.cohorts.fetch_api import ApiStudy
from tamoxres.cohorts.fetch_http import unpack
from tamoxres.cohorts.formats import read_file
from tamoxres.effects import read_effects
from tamoxres.errors import DataError, EffectError, TamoxresError
from tamoxres.files import Limits, parse_json
from tamoxres.files.toml import read_toml
from tamoxres.files.writing import plain_name
from tamoxres.reporting.page import Figure, TableBlock
from tamoxres.tables.table import Column, Table

LONGEST = 700
ROOT = Path(__file__).resolve().parents[1]
STEPS = ("x/../../../../ESCAPED", "/tmp/ESCAPED", "..", "C:\\ESCAPED", "a\0b", "A" * 5000, "", "a\nb\tc", "\ud800")


@pytest.fixture
def server() -> Iterator[Server]:
    """A local server."""
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def answers(server: Server, panel: Any = "P1", **changed: Any) -> None:
    """A small study as cBioPortal's API gives it; `changed` puts other answers in the place of some."""
    profile = "/molecular-profiles/s_mutations"
    given = {
        "/studies/s/clinical-data": [
            {"patientId": "p1", "sampleId": "s1", "clinicalAttributeId": "ER_STATUS", "value": "Positive"}
        ],
        "/sample-lists/s_sequenced": {"sampleIds": ["s1"]},
        "/sample-lists/s_all": {"sampleIds": ["s1"]},
        f"{profile}/mutations/fetch": [{"entrezGeneId": 2064, "sampleId": "s1", "mutationType": "Missense_Mutation"}],
        f"{profile}/gene-panel-data/fetch": [{"sampleId": "s1", "genePanelId": panel}],
    }
    names = {"clinical": "/studies/s/clinical-data", "samples": "/sample-lists/s_sequenced",
             "mutations": f"{profile}/mutations/fetch", "panels": f"{profile}/gene-panel-data/fetch"}  # fmt: skip
    given |= {names[name]: answer for name, answer in changed.items()}
    server.answers |= {path: (200, json.dumps(answer).encode()) for path, answer in given.items()}

    def any_panel(handler: BaseHTTPRequestHandler) -> None:
        content = json.dumps({"genes": [{"hugoGeneSymbol": "ERBB2"}]}).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    if isinstance(panel, str):
        server.answers[f"/gene-panels/{plain_name(panel)}"] = any_panel


def everything(folder: Path) -> set[str]:
    """All files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


STUDY = ApiStudy(study_id="s", cna="", clinical=("SAMPLE",))


@pytest.mark.parametrize("panel", STEPS)
def test_a_panel_that_steps_out(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, panel: str) -> None:
    """Whatever a server calls a panel, its file lies in the cohort's folder, and no line of a table is broken."""
    recipe(monkeypatch, studies=(STUDY,))
    answers(server, panel)
    (tmp_path / "a" / "b").mkdir(parents=True)
    found = fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path / "a" / "b")
    inside = everything(tmp_path / "a" / "b" / "tiny")
    assert {f"a/b/tiny/{name}" for name in inside} == everything(tmp_path)
    assert all(path.parent.parent == tmp_path / "a" / "b" or path.parent.name == "case_lists" for path in found.paths)
    assert sum("panel" in name for name in inside) == (0 if panel == "" else 2)
    for name in inside - {"snapshot.json", ".lock"}:
        table = (tmp_path / "a" / "b" / "tiny" / name).read_text(encoding="utf-8")
        assert "\0" not in table or "\0" in panel
        if name == "data_gene_panel_matrix.txt":
            assert [line.count("\t") for line in table.splitlines() if line] == [1, 1]


WRONG: list[dict[str, Any]] = [
    {"clinical": {}}, {"clinical": [1]}, {"clinical": [[]]}, {"clinical": None}, {"samples": []},
    {"clinical": [{"patientId": {}, "sampleId": [], "clinicalAttributeId": {}, "value": 1}]},
    {"samples": {"sampleIds": 5}}, {"samples": {"sampleIds": [{}]}}, {"samples": {"sampleIds": {"a": 1}}},
    {"mutations": [{"entrezGeneId": [], "sampleId": "s1", "mutationType": 1}]}, {"mutations": "text"},
    {"panels": [{"sampleId": [], "genePanelId": "x"}]}, {"panels": [{"sampleId": "a", "genePanelId": {"a": 1}}]},
    {"panels": [{"sampleId": "a", "genePanelId": "ABSENT"}]},
]  # fmt: skip


@pytest.mark.parametrize("changed", WRONG, ids=[json.dumps(one)[:40] for one in WRONG])
def test_answers_of_another_form(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    """An answer of any other form is one sentence with the address, or is read; never anything else."""
    recipe(monkeypatch, studies=(STUDY,))
    answers(server, **changed)
    said = server.url
    try:
        fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path)
    except DataError as error:
        said = str(error)
        assert all(name == "tiny/.lock" or name.startswith("tiny/.incoming/") for name in everything(tmp_path))
    assert server.url in said
    assert len(said) < LONGEST
    assert len(said.splitlines()) == 1
    assert all(name.startswith("tiny/") for name in everything(tmp_path))


def test_bombs_in_answers(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that unpacks without end, trickles, nests or counts without end, or repeats its pages, is refused."""
    monkeypatch.setattr(fetch_http, "LIMITS", Limits(unpacked=2**22, seconds=1))
    bomb = gzip.compress(b" " * 2**24)

    def packed(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(bomb)))
        handler.end_headers()
        handler.wfile.write(bomb)

    def trickling(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    for answer, message in (
        (packed, "holds more than 4,194,304 bytes when unpacked"), (trickling, "holds more than 1 seconds of waiting"),
        ((200, b"[" * 100_000), "not whole JSON"), ((200, b"9" * 5000), "not whole JSON"), ((200, b"\xff"), "not w"),
    ):  # fmt: skip
        server.answers["/a"] = answer
        with pytest.raises(DataError, match=message):
            IMPATIENT.get_json(f"{server.url}/a")
    monkeypatch.setattr(fetch_http, "LIMITS", Limits(download=1000))
    server.answers["/file"] = 200, b"x" * 100_000
    with pytest.raises(DataError, match="file holds more than 1,000 bytes"):
        IMPATIENT.download(f"{server.url}/file", tmp_path / "file")


def test_a_page_without_end(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that repeats one full page is asked twice, not without end."""
    from tamoxres.cohorts import fetch_api

    monkeypatch.setattr(fetch_api, "_PAGE", 1)
    recipe(monkeypatch, studies=(STUDY,))
    answers(server)
    fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path)
    assert sum("clinical-data" in path for path, _ in server.asked) == 2


def tar_bomb(path: Path, *, members: int, size: int) -> None:
    """An archive of members that are all zero bytes."""
    with tarfile.open(path, "w:gz") as archive:
        for i in range(members):
            info = tarfile.TarInfo(f"s/other_{i}.bin")
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(size)))


def test_archives_that_unpack_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of 80 MB of nothing, and one of too many files, are refused before anything is written."""
    tar_bomb(tmp_path / "a.tar.gz", members=1, size=80 * 2**20)
    with pytest.raises(DataError, match="a.tar.gz holds more than 67,108,864 bytes when unpacked"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "to", lambda name: True)
    monkeypatch.setattr(fetch_http, "LIMITS", Limits(members=5))
    tar_bomb(tmp_path / "b.tar.gz", members=6, size=1)
    with pytest.raises(DataError, match="b.tar.gz holds more than 5 files.*Do not use this archive"):
        unpack(tmp_path / "b.tar.gz", tmp_path / "to", lambda name: True)
    assert not (tmp_path / "to").exists()


def test_an_unwritable_cache(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that cannot be written is one sentence."""
    recipe(monkeypatch, studies=(STUDY,))
    answers(server)
    (tmp_path / "cache").write_text("a file where the cache should be")
    with pytest.raises(TamoxresError, match="tiny cannot be written"):
        fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path / "cache")
    (tmp_path / "c" / "tiny").mkdir(parents=True)
    (tmp_path / "c" / "tiny" / "snapshot.json").write_text(
        '{"files": {"../../x": {"sha256": "0", "part_of": "s cascade"}}}'
    )
    paths = fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path / "c").paths
    assert all((tmp_path / "c" / "tiny") in path.parents for path in paths)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".".join("a" * 5000) + " = 1", "a.toml holds more than 200 lists within lists"),
        ("a = " + "[" * 5000 + "]" * 5000, "a.toml is nested too deep"),
        ("a = " + "9" * 5000, "a.toml is not TOML"),
        ("a = 1\n" * 400_000, "a.toml holds more than 1,048,576 bytes, the most.*Is it the right file"),
        ('a = "\\ud800"', "a.toml is not TOML"),
    ],
    ids=["dots", "lists", "digits", "long", "half a character"],
)
def test_texts_written_by_hand(tmp_path: Path, text: str, message: str) -> None:
    """A mapping or plan that would take minutes or all memory is refused at once."""
    (tmp_path / "a.toml").write_text(text)
    begun = time.process_time()
    with pytest.raises(DataError, match=message) as raised:
        read_toml(tmp_path / "a.toml")
    assert time.process_time() - begun < 5
    assert len(str(raised.value)) < LONGEST


@pytest.mark.parametrize(
    ("text", "message"),
    [("[" * 100_000, "nested too deep"), ("[" + "9" * 5000 + "]", "is not a number"), ("[1", "line 1: not JSON"),
     (b"\xff\xfe\x00", "not UTF-8|not JSON")],
)  # fmt: skip
def test_json(text: str | bytes, message: str) -> None:
    """JSON is read without recursion or digits without end."""
    with pytest.raises(EffectError, match=message) as raised:
        parse_json(text, "a.json", error=EffectError)
    assert len(str(raised.value)) < LONGEST


LINES = {
    "level=0": "level is 0", "level=2": "level is 2", "df=0": "df is 0", "df=-1": "df is -1",
    "se=31e4009688093": "is not a number", "log_estimate=1e300": "is no effect", "se=1e300": "is no effect",
    "se=1e-200": "is no effect", "ci_high=1e4294967296": "is not a number", "year=1e30x": "is not a number",
}  # fmt: skip


@pytest.mark.parametrize("pair", LINES)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_effect_rows_beyond_arithmetic(tmp_path: Path, pair: str, kind: str) -> None:
    """Levels, degrees of freedom, estimates and errors that no arithmetic holds are refused with their line."""
    name, _, value = pair.partition("=")
    row = {"study": "A", "log_estimate": "0.1", "se": "0.2", "estimate": "1.1"} | {name: value}
    row |= {"ci_low": "1"} if name == "ci_high" else {}
    row.pop("estimate" if name == "log_estimate" else "", "")
    path = tmp_path / f"a.{kind}"
    path.write_text(json.dumps([row]) if kind == "json" else f"{','.join(row)}\n{','.join(row.values())}\n")
    with pytest.raises(EffectError, match=f"a.{kind}, (line 2|object 1).*{LINES[pair]}"):
        read_effects(path)


def test_half_a_character(tmp_path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """JSON may hold half a character, which no file can: it is refused where it stands."""
    path = tmp_path / "a.json"
    path.write_text('[{"study": "\\ud800A", "log_estimate": 0.1, "se": 1}]')
    code, _, err = run("check", path)
    assert code == 2
    assert "column study: '\\ud800A' holds half a character" in err


def test_a_registry_with_too_many_columns(tmp_path: Path) -> None:
    """Every column of a registry is looked at, so their number has a limit."""
    (tmp_path / "a.csv").write_text(",".join(f"c{i}" for i in range(10_001)) + "\n" + ",".join("1" * 10_001) + "\n")
    with pytest.raises(DataError, match="a.csv holds more than 10,000 columns.*Keep those that are needed"):
        read_file(tmp_path / "a.csv")


def test_figures_and_tables_have_plain_names() -> None:
    """A pool or cohort of a plan may be called anything; its file lies in the report."""
    table = Table(title="t", columns=(Column("a"),), rows=())
    for name in (*STEPS, "forest-../../x"):
        names = {TableBlock(name, table).name, Figure(name, None, (), "").name}
        assert len(names) == 1
        assert not {"/", "\\", "\0"} & set(names.pop())


def test_drafts_and_lists_that_are_not_text(tmp_path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Bytes that are not UTF-8 are one sentence wherever a text is read."""
    (tmp_path / "a.md").write_bytes(b"\xff\xfe\x00")
    code, _, err = run("claims", tmp_path / "a.md")
    assert (code, "a.md is not UTF-8 text (byte 0)" in err) == (2, True)


def spoken(*arguments: str, stdout: Any, **environment: str) -> tuple[int, str]:
    """Run the command line in a process of its own; return its exit code and what it says on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "tamoxres", *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
        env={**os.environ, **environment}, cwd=ROOT, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_outputs_that_fail(tmp_path: Path) -> None:
    """A terminal that knows no Greek, a closed pipe, a full disk: words by number, or one sentence and exit 2."""
    with (tmp_path / "out").open("wb") as out:
        code, err = spoken("literature", "--format", "json", stdout=out, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (code, err) == (0, "")
    read, write = os.pipe()
    os.close(read)
    code, err = spoken("literature", "--format", "csv", stdout=write)
    os.close(write)
    assert (code, err) == (2, "tamoxres: Whoever read the output stopped before its end.\n")
    if os.name == "posix" and os.geteuid() == 0:
        try:
            os.mknod(tmp_path / "full", 0o666 | stat.S_IFCHR, os.makedev(1, 7))
            full = (tmp_path / "full").open("wb")
        except OSError:
            return
        with full:
            code, err = spoken("literature", "--format", "csv", stdout=full)
        assert code == 2
        assert err.startswith("tamoxres: No space left on device.")
